"""Layers, parameters and initializers. Expected values: numpy, finite differences, or MXNet 1.9.1
where a comment says so."""

import math

import numpy as np
import pytest

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import nn

RNG = np.random.default_rng(7)
ACTIVATIONS = {"relu": lambda x: np.maximum(x, 0), "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
               "tanh": np.tanh, "softrelu": lambda x: np.log1p(np.exp(x)),
               "softsign": lambda x: x / (1 + abs(x))}


# ---- Dense ---------------------------------------------------------------------------------------


def dense(units, **kwargs):
    layer = nn.Dense(units, dtype="float64", weight_initializer=mx.init.Normal(1),
                     bias_initializer=mx.init.Normal(1), **kwargs)
    layer.initialize()
    return layer


@pytest.mark.parametrize("shape, flatten, use_bias, activation", [
    ((4, 3), True, True, None), ((4, 3, 2), True, True, "tanh"), ((4, 3, 2), False, True, None),
    ((2, 2, 2, 3), False, False, "sigmoid"), ((1, 5), True, False, "softrelu"),
    ((3, 4), True, True, "softsign"), ((6, 3), True, True, "relu")])
def test_dense(shape, flatten, use_bias, activation):
    """Values by numpy, gradients of input, weight and bias by finite differences."""
    layer = dense(3, flatten=flatten, use_bias=use_bias, activation=activation)
    x = nd.array(RNG.standard_normal(shape), dtype="float64")
    x.attach_grad()

    def numpy_value(x, w, b):
        rows = x.reshape(len(x), -1) if flatten else x
        out = np.einsum("...i,oi->...o", rows, w) + b
        return ACTIVATIONS[activation](out) if activation else out

    with autograd.record():
        out = layer(x)
        head = RNG.standard_normal(out.shape)
        (out * nd.array(head, dtype="float64")).sum().backward()
    assert layer.weight.shape == (3, math.prod(shape[1:]) if flatten else shape[-1])
    assert (layer.bias is not None) == use_bias
    now = [x.asnumpy(), layer.weight.data().asnumpy(),
           layer.bias.data().asnumpy() if use_bias else np.zeros(3)]
    assert abs(now[1]).max() > 0.1 and out.dtype is np.float64
    np.testing.assert_allclose(out.asnumpy(), numpy_value(*now), rtol=1e-12)
    grads = [x.grad, layer.weight.grad(), *([layer.bias.grad()] if use_bias else [])]
    for i, grad in enumerate(grads):
        wanted = np.zeros(now[i].size)
        for j in range(now[i].size):
            values = []
            for step in (1e-6, -1e-6):
                moved = [a.copy() for a in now]
                moved[i].flat[j] += step
                values.append((numpy_value(*moved) * head).sum())
            wanted[j] = (values[0] - values[1]) / 2e-6
        np.testing.assert_allclose(grad.asnumpy().ravel(), wanted, rtol=1e-6, atol=1e-8)


def test_deferred_in_units():
    layer = nn.Dense(2, prefix="d_")
    assert repr(layer) == "Dense(None -> 2, linear)" and layer.weight.shape == (2, 0)
    layer.initialize("ones")
    with pytest.raises(gluon.DeferredInitializationError, match="'d_weight'.*deferred"):
        layer.weight.data()
    assert layer.weight.list_ctx() == [mx.cpu()]
    assert layer(nd.ones((1, 2, 3))).asnumpy().tolist() == [[6, 6]]
    assert repr(layer) == "Dense(6 -> 2, linear)"
    with pytest.raises(ValueError, match=r"\(2, 5\).*5 features; expected 6"):
        layer(nd.ones((2, 5)))
    assert nn.Dense(np.int64(3), in_units=np.int32(2)).weight.shape == (3, 2)
    by_name = nn.Dense(2)
    by_name.initialize("ones")
    assert by_name(x=nd.ones((1, 4))).asnumpy().tolist() == [[4, 4]]
    assert layer(nd.ones((0, 6))).shape == (0, 2)


def test_dense_initializers():
    layer = nn.Dense(2, in_units=3, weight_initializer="ones",
                     bias_initializer=mx.init.Constant(nd.array([4, 5])))
    layer.initialize(mx.init.Constant(9))
    assert layer(nd.array([[1, 2, 3]])).asnumpy().tolist() == [[10, 11]]
    layer = nn.Dense(2, in_units=3)
    layer.initialize(mx.init.Constant(9))
    assert (layer.weight.data().asnumpy() == 9).all() and not layer.bias.data().asnumpy().any()


# ---- The other layers ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activations(kind):
    x = nd.array([-2, -0.5, 0.25, 3], dtype="float64")
    x.attach_grad()
    layer = nn.Activation(kind)
    with autograd.record():
        y = layer(x)
    y.backward()
    f, at = ACTIVATIONS[kind], x.asnumpy()
    np.testing.assert_allclose(y.asnumpy(), f(at), rtol=1e-14)
    np.testing.assert_allclose(
        x.grad.asnumpy(), (f(at + 1e-6) - f(at - 1e-6)) / 2e-6, rtol=1e-8, atol=1e-9)
    assert layer.prefix.startswith(kind)


def test_relu_at_the_edges():
    """As MXNet 1.9.1: no -0, and nothing else than 0 for -inf."""
    x = nd.array([-np.inf, -1, 0, -0.0, np.inf, np.nan])
    x.attach_grad()
    for function in (nd.relu, nn.Activation("relu")):
        with autograd.record():
            y = function(x)
        y.backward()
        np.testing.assert_array_equal(y.asnumpy(), [0, 0, 0, 0, np.inf, np.nan])
        assert not np.signbit(y.asnumpy()[:5]).any()
        np.testing.assert_array_equal(x.grad.asnumpy(), [0, 0, 0, 0, 1, np.nan])


def test_dropout():
    x = nd.ones((400, 50))
    x.attach_grad()
    layer = nn.Dropout(0.25)
    assert (layer(x).asnumpy() == 1).all()
    with autograd.record(train_mode=False):
        assert (layer(x).asnumpy() == 1).all()
    mx.random.seed(1)
    with autograd.record():
        y = layer(x)
    y.backward()
    values = y.asnumpy()
    np.testing.assert_allclose(np.unique(values), [0, 4 / 3], rtol=1e-6)
    assert abs((values == 0).mean() - 0.25) < 5 * math.sqrt(0.25 * 0.75 / values.size)
    np.testing.assert_array_equal(x.grad.asnumpy(), values)
    with autograd.train_mode():
        rows = nn.Dropout(0.5, axes=(1,))(x).asnumpy()
        assert (rows == rows[:, :1]).all() and 0 < rows[:, 0].mean() < 2
        assert (nn.Dropout(0)(x).asnumpy() == 1).all()


def test_flatten_and_lambdas():
    assert nn.Flatten()(nd.ones((2, 3, 4))).shape == (2, 12)
    assert nn.Flatten()(nd.ones((2,))).shape == (2, 1)  # as MXNet 1.9.1
    x = nd.array([-1, 2])
    assert nn.HybridLambda("relu")(x).asnumpy().tolist() == [0, 2]
    larger = nn.HybridLambda(lambda F, x, y: F.maximum(x, y))
    assert larger(x, nd.array([0, 0])).asnumpy().tolist() == [0, 2]
    assert nn.Lambda("square")(x).asnumpy().tolist() == [1, 4]
    assert nn.Lambda(lambda x, y: (x, y))(x, 3)[1] == 3
    assert nn.Lambda("tanh", prefix="u_").prefix == "u_"


@pytest.mark.parametrize("kind", [nn.Sequential, nn.HybridSequential])
def test_stacks(kind):
    net = kind(prefix="s_")
    with net.name_scope():
        net.add(nn.Dense(4, in_units=6), nn.Activation("tanh"))
        net.add(nn.Flatten())
        inner = kind(prefix="in_")
        with inner.name_scope():
            inner.add(nn.Dense(2, in_units=4))
        net.add(inner)
    assert [b.prefix for b in net] == ["s_dense0_", "s_tanh0_", "s_flatten0_", "s_in_"]
    assert len(net) == 4 and net[-1] is inner and net[3][0].prefix == "s_in_dense0_"
    part = net[1:3]
    assert type(part) is kind and part.prefix == "s_" and part[0] is net[1] and len(part) == 2
    assert [b is net[i] for i, b in zip((0, 2), net[::2])] == [True, True]
    assert list(net[:1].collect_params().keys()) == ["s_dense0_weight", "s_dense0_bias"]
    net.initialize("ones")
    x = RNG.standard_normal((3, 2, 3))
    wanted = 4 * np.tanh(x.reshape(3, 6).sum(1, keepdims=True)) * np.ones(2)
    np.testing.assert_allclose(net(nd.array(x)).asnumpy(), wanted, rtol=1e-5)
    assert repr(net) == (
        f"{kind.__name__}(\n  (0): Dense(6 -> 4, linear)\n  (1): Activation(tanh)\n  (2): Flatten\n"
        f"  (3): {kind.__name__}(\n    (0): Dense(4 -> 2, linear)\n  )\n)")
    net.hybridize()
    np.testing.assert_allclose(net(nd.array(x)).asnumpy(), wanted, rtol=1e-5)


# ---- Parameter -----------------------------------------------------------------------------------


def parameter(**kwargs):
    p = gluon.Parameter("p_weight", **{"shape": (2,), **kwargs})
    p.initialize("ones")
    return p


def test_parameter():
    p = parameter(shape=2, lr_mult=0.5)
    assert (p.name, p.shape, p.grad_req, p.lr_mult, p.stype) == (
        "p_weight", (2,), "write", 0.5, "default")
    assert p.data() is p.data(mx.cpu()) is p.list_data()[0] and p.data().asnumpy().all()
    assert p.grad() is p.list_grad()[0] and not p.grad().asnumpy().any()
    p.set_data(nd.array([3, 4]))
    p.set_data(np.array([3, 5]))
    assert p.data().asnumpy().tolist() == [3, 5]
    assert repr(p) == "Parameter p_weight (shape=(2,), dtype=<class 'numpy.float32'>)"
    p.grad()[:] = 2
    p.cast("float64")
    assert p.data().dtype is p.grad().dtype is np.float64 and p.grad().asnumpy().tolist() == [2, 2]
    assert repr(p) == "Parameter p_weight (shape=(2,), dtype=float64)"
    p.zero_grad()
    assert not p.grad().asnumpy().any()


def test_data_stays_the_same_array():
    p = parameter()
    data, grad = p.data(), p.grad()
    p.set_data(nd.array([5, 6]))
    with autograd.record(), pytest.raises(mx.MXNetError, match="computational graph"):
        p.set_data(nd.array([7, 8]))  # a gradient may need the old ones
    assert p.data() is data and p.grad() is grad and data.asnumpy().tolist() == [5, 6]


def test_requests_of_parameters():
    p = parameter(grad_req="add")
    for _ in range(2):
        with autograd.record():
            (p.data() * 3).backward()
    assert p.grad().asnumpy().tolist() == [6, 6]
    p.grad_req = "null"
    with pytest.raises(RuntimeError, match="Cannot get gradient array for Parameter 'p_weight'"):
        p.grad()
    p.grad_req = "write"
    assert p.grad().asnumpy().tolist() == [0, 0]
    assert gluon.Parameter("w", differentiable=False).grad_req == "null"
    with pytest.raises(AssertionError, match="must be one of 'write', 'add', or 'null', but got"):
        p.grad_req = "twice"


def test_deferred_parameter():
    p = gluon.Parameter("w", shape=(0, 2), allow_deferred_init=True)
    p.initialize("ones")
    p.set_data(nd.array([[5, 6]]))  # which tells the shape, and is there once it is asked for
    assert p.shape == (1, 2)
    layer = nn.Dense(1, use_bias=False)
    layer.initialize()
    layer.weight.set_data(nd.array([[1, 2, 3]]))
    assert layer(nd.ones((1, 3))).asscalar() == 6
    unknown = gluon.Parameter("w", shape=(0, -1, 3))
    unknown.shape = (4, 5, 3)
    assert unknown.shape == (4, 5, 3)
    with pytest.raises(AssertionError, match=r"\(4, 5, 3\) cannot take the shape \(4, 5, 2\)"):
        unknown.shape = (4, 5, 2)


def test_constant():
    c = gluon.Constant("c", [[1, 2], [3, 4]])
    c.initialize()
    assert c.data().asnumpy().tolist() == [[1, 2], [3, 4]] and c.grad_req == "null"
    assert repr(c) == "Constant c (shape=(2, 2), dtype=<class 'numpy.float32'>)"
    with pytest.raises(RuntimeError, match="Cannot get gradient"):
        c.grad()

    class Shift(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.by = self.params.get_constant("by", np.array([10.0, 20]))

        def hybrid_forward(self, F, x, by):
            return x + by

    block = Shift()
    block.initialize()
    assert block(nd.array([1, 2])).asnumpy().tolist() == [11, 22]


# ---- ParameterDict -------------------------------------------------------------------------------


def test_dict():
    d = gluon.ParameterDict("pd_")
    w = d.get("w", shape=(0, 3))
    assert w.name == "pd_w" and d.get("w") is w is d["pd_w"] and w.shape == (0, 3)
    assert d.get("w", shape=(2, 0)) is w and w.shape == (2, 3)
    assert d.get("w", init="ones", dtype="float32") is w and w.init == "ones"
    for key, other in (("shape", (2, 4)), ("shape", (2, 3, 1)), ("dtype", "float64"),
                       ("init", "zeros"), ("lr_mult", 2)):
        with pytest.raises(AssertionError, match=f"'pd_w'.*for attribute '{key}': desired"):
            d.get("w", **{key: other})
    other = gluon.Parameter("q", shape=(1,))
    d.update({"q": other})
    assert list(d) == list(d.keys()) == ["pd_w", "q"] and list(d.values()) == [w, other]
    assert list(d.items())[1] == ("q", other) and "q" in d and "w" not in d
    with pytest.raises(AssertionError, match="different Parameters with the same name 'q'"):
        d.update({"q": gluon.Parameter("q", shape=(1,))})
    assert repr(d) == ("pd_ (\n  Parameter pd_w (shape=(2, 3), dtype=<class 'numpy.float32'>)\n"
                       "  Parameter q (shape=(1,), dtype=<class 'numpy.float32'>)\n)")
    d.setattr("grad_req", "add")
    other.init = "zeros"
    d.initialize(mx.init.Uniform(), ctx=mx.cpu())
    assert d.list_ctx() == [mx.cpu()] and not other.data().asnumpy().any()
    w.grad()[:] = 1
    d.zero_grad()
    assert w.grad_req == "add" and not w.grad().asnumpy().any() and w.data().asnumpy().all()


def test_shared_dict():
    first = gluon.ParameterDict("s_")
    a = first.get("a", shape=(1,))
    second = gluon.ParameterDict("s_", first)
    assert second.get("a") is a and second.get("b", shape=(1,)).name == "s_b"
    assert list(first) == ["s_a"] and list(second) == ["s_a", "s_b"]


def test_constants_of_a_dict():
    d = gluon.ParameterDict("pd_")
    c = d.get_constant("c", [[1, 2]])
    assert d.get_constant("c", [[1, 2]]) is c is d.get_constant("c")
    d.get("w", shape=(1, 2))
    for name, value, words in (("c", [[1, 3]], "'pd_c' exists with another value"),
                               ("w", [[1, 3]], "'pd_w' exists and is not a Constant"),
                               ("z", None, "No constant named 'pd_z'")):
        with pytest.raises(ValueError, match=words):
            d.get_constant(name, value)


# ---- Initializers --------------------------------------------------------------------------------


def drawn(init, shape=(200, 100), seed=3):
    mx.random.seed(seed)
    a = nd.zeros(shape)
    init(mx.init.InitDesc("w_weight"), a)
    return a.asnumpy().astype("float64")


def test_uniform_and_normal():
    a = drawn(mx.init.Uniform(2))
    assert abs(a).max() <= 2 and abs(a).max() > 1.99 and abs(a.mean()) < 0.05
    assert a.std() == pytest.approx(2 / math.sqrt(3), rel=0.02)
    assert drawn(mx.init.Uniform()).max() == pytest.approx(0.07, rel=1e-2)
    b = drawn(mx.init.Normal(0.5))
    assert abs(b.mean()) < 0.02 and b.std() == pytest.approx(0.5, rel=0.02)
    assert (abs(b) > 1).mean() == pytest.approx(0.0455, abs=0.006)  # beyond two sigmas
    assert drawn(mx.init.Normal()).std() == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("factor, n", [("avg", (40 * 3 + 60 * 3) / 2), ("in", 120), ("out", 180)])
@pytest.mark.parametrize("magnitude", [3, 0.5])
def test_xavier(factor, n, magnitude):
    """Inputs: 40 x 3, outputs: 60 x 3."""
    scale = math.sqrt(magnitude / n)
    a = drawn(mx.init.Xavier("uniform", factor, magnitude), (60, 40, 3))
    assert scale * 0.99 < abs(a).max() <= scale * (1 + 1e-6)
    assert a.std() == pytest.approx(scale / math.sqrt(3), rel=0.03)
    b = drawn(mx.init.Xavier("gaussian", factor, magnitude), (60, 40, 3))
    assert b.std() == pytest.approx(scale, rel=0.03) and abs(b).max() > 2 * scale
    c = drawn(mx.init.MSRAPrelu(factor, slope=0.5), (60, 40, 3))
    assert c.std() == pytest.approx(math.sqrt(2 / (1 + 0.25) / n), rel=0.03)


@pytest.mark.parametrize("init", [mx.init.Uniform(), mx.init.Normal(), mx.init.Xavier(),
                                  mx.init.MSRAPrelu()], ids=lambda i: type(i).__name__)
def test_seeds(init):
    a, again, other = drawn(init, seed=1), drawn(init, seed=1), drawn(init, seed=2)
    np.testing.assert_array_equal(a, again)
    assert (a != other).mean() > 0.99


@pytest.mark.parametrize("name, wanted", [("weight", 7), ("bias", 0), ("gamma", 1), ("beta", 0)])
def test_names_decide(name, wanted):
    """As MXNet 1.9.1; an `__init__` attribute goes first."""
    a = nd.zeros((2,))
    mx.init.Constant(7)(mx.init.InitDesc("x_" + name), a)
    assert a.asnumpy().tolist() == [wanted] * 2
    mx.init.Zero()(mx.init.InitDesc("x_" + name, {"__init__": mx.init.Constant(3).dumps()}), a)
    assert a.asnumpy().tolist() == [3, 3]


# as MXNet 1.9.1 writes them
@pytest.mark.parametrize("init, text", [
    (mx.init.Xavier(), '["xavier", {"rnd_type": "uniform", "factor_type": "avg", "magnitude": 3}]'),
    (mx.init.MSRAPrelu(), '["msraprelu", {"factor_type": "avg", "slope": 0.25}]'),
    (mx.init.Constant(3), '["constant", {"value": 3}]'), (mx.init.Zero(), '["zero", {}]'),
    (mx.init.Uniform(), '["uniform", {"scale": 0.07}]'),
    (mx.init.Normal(2), '["normal", {"sigma": 2}]')])
def test_dumps(init, text):
    assert init.dumps() == text and mx.init.create(text) == init != mx.init.One()


def test_an_initializer_of_ones_own():
    @mx.init.register
    class Diagonal(mx.init.Initializer):
        def _init_weight(self, name, arr):
            arr[:] = np.eye(*arr.shape)

    layer = nn.Dense(2, in_units=2, weight_initializer="diagonal",
                     bias_initializer=lambda name, arr: arr.__setitem__(slice(None), len(name)))
    layer.initialize()
    length = len(layer.bias.name)
    assert layer(nd.array([[3, 4]])).asnumpy().tolist() == [[3 + length, 4 + length]]
