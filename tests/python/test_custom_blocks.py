"""Losses and blocks of one's own: parameters that train, children, forward, copies, docstrings."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import loss as losses
from mxloss.gluon import nn

BUILT_IN = [getattr(losses, name) for name in losses.__all__ if name != "Loss"]
PRED, LABEL = np.array([[1.0, -2, 0.5], [3, 0.25, -1]]), np.array([[0.5, 1, 0], [2, -1, 1]])


def variable(values):
    x = nd.array(values, dtype="float64")
    x.attach_grad()
    return x


class Scaled(losses.Loss):
    """mean(scale * (pred - label)**2) + sum of shift."""

    def __init__(self, weight=None, batch_axis=0, **kwargs):
        super().__init__(weight, batch_axis, **kwargs)
        self.scale = self.params.get("scale", shape=(1, 3), init="ones")
        self.shift = self.params.get("shift", shape=(1,), init=mx.init.Constant(0.5))

    def hybrid_forward(self, F, pred, label, sample_weight=None, scale=None, shift=None):
        loss = F.broadcast_mul(F.square(pred - label), scale)
        loss = losses._apply_weighting(F, loss, self._weight, sample_weight)
        return F.broadcast_add(F.mean(loss, axis=self._batch_axis, exclude=True), shift)


class Uncertain(losses.Loss):
    """Two losses whose weights are trained (Kendall and others, 2018); returns both as well."""

    def __init__(self, **kwargs):
        super().__init__(None, 0, **kwargs)
        with self.name_scope():
            self.first, self.second = losses.L2Loss(), losses.L1Loss(weight=2)
            self.log_vars = self.params.get("log_vars", shape=(2,), init="zeros")

    def hybrid_forward(self, F, pred, label, log_vars):
        a, b = self.first(pred, label), self.second(pred, label)
        s, t = F.split(log_vars, 2, axis=0)
        total = F.broadcast_mul(a, F.exp(-s)) + F.broadcast_mul(b, F.exp(-t))
        return F.broadcast_add(total, s + t), (a, b)


class Shifted(losses.L1Loss):
    """A subclass of a built-in that goes on with its result."""

    def hybrid_forward(self, F, pred, label, sample_weight=None):
        return super().hybrid_forward(F, pred * 2, label, sample_weight) + 1


class Forward(losses.Loss):
    """One that overrides forward, with numpy inside."""

    def forward(self, pred, label, power=2):
        return ((pred - label) ** power).sum(axis=1)


def arrays(*values):
    return [nd.array(v, dtype="float64") for v in values]


# ---- Parameters that train -----------------------------------------------------------------------


@pytest.mark.parametrize("hybrid", [False, True])
def test_parameters_get_gradients(hybrid):
    loss = Scaled(weight=3, prefix="s_")
    loss.initialize()
    loss.cast("float64")
    loss.hybridize(hybrid)
    pred, label = arrays(PRED, LABEL)
    pred.attach_grad()
    weights = np.array([[1.0], [2]])
    with autograd.record():
        out = loss(pred, label, *arrays(weights))
    out.backward()
    difference = PRED - LABEL
    np.testing.assert_allclose(out.asnumpy(), (difference**2 * weights * 3).mean(1) + 0.5)
    np.testing.assert_allclose(pred.grad.asnumpy(), 2 * difference * weights)
    np.testing.assert_allclose(
        loss.scale.grad().asnumpy(), (difference**2 * weights).sum(0, keepdims=True))
    assert loss.shift.grad().asscalar() == 2
    np.testing.assert_allclose(  # without the optional weight
        loss(pred, label).asnumpy(), (difference**2 * 3).mean(1) + 0.5)


def test_uninitialised():
    with pytest.raises(RuntimeError, match="Parameter 's_scale' has not been initialized"):
        Scaled(prefix="s_")(*arrays(PRED, LABEL))


def test_a_custom_loss_trains():
    """The sum of exp(-s) c + s is least at s = log(c)."""
    loss = Uncertain(prefix="u_")
    loss.initialize()
    assert list(loss.collect_params().keys()) == ["u_log_vars"]
    pred, label = nd.array(PRED), nd.array(LABEL)
    trainer = gluon.Trainer(loss.collect_params(), "sgd", {"learning_rate": 0.2})
    for _ in range(200):
        with autograd.record():
            total, _ = loss(pred, label)
        total.backward()
        trainer.step(2)
    difference = PRED - LABEL
    wanted = np.log([(difference**2).mean() / 2, 2 * abs(difference).mean()])
    np.testing.assert_allclose(loss.log_vars.data().asnumpy(), wanted, atol=1e-5)


def test_tuples_and_children():
    loss = Uncertain(prefix="u_")
    loss.initialize()
    assert loss.first.prefix == "u_l2loss0_" and list(loss._children) == ["first", "second"]
    total, (a, b) = loss(nd.array(PRED), nd.array(LABEL))
    difference = PRED - LABEL
    np.testing.assert_allclose(a.asnumpy(), (difference**2).mean(1) / 2, rtol=1e-6)
    np.testing.assert_allclose(b.asnumpy(), 2 * abs(difference).mean(1), rtol=1e-6)
    np.testing.assert_allclose(total.asnumpy(), (a + b).asnumpy(), rtol=1e-6)


def test_a_network_with_its_loss_as_a_child():
    class Both(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            with self.name_scope():
                self.net, self.loss = nn.Dense(1, in_units=3), losses.HuberLoss()

        def hybrid_forward(self, F, x, y):
            return self.loss(self.net(x), y)

    both = Both()
    both.initialize("ones")
    x, y = nd.array(PRED), nd.array([0, 2])
    trainer = gluon.Trainer(both.collect_params(), "sgd", {"learning_rate": 0.1})
    with autograd.record():
        L = both(x, y)
    L.backward()
    trainer.step(2)
    error = PRED.sum(1) - [0, 2]  # -0.5 and 0.25: the quadratic part
    np.testing.assert_allclose(L.asnumpy(), error**2 / 2, rtol=1e-6)
    np.testing.assert_allclose(
        both.net.weight.data().asnumpy(), [1 - 0.1 * error @ PRED / 2], rtol=1e-6)


# ---- Ways to write one ---------------------------------------------------------------------------


def test_subclass_of_a_built_in():
    pred, label = arrays(PRED, LABEL)
    pred.attach_grad()
    with autograd.record():
        out = Shifted()(pred, label)
    out.backward()
    difference = 2 * PRED - LABEL
    np.testing.assert_allclose(out.asnumpy(), abs(difference).mean(1) + 1)
    np.testing.assert_allclose(pred.grad.asnumpy(), 2 * np.sign(difference) / 3)
    assert repr(Shifted(batch_axis=1)) == "Shifted(batch_axis=1, w=None)"


def test_forward():
    out = Forward(None, 0)(*arrays(PRED, LABEL), power=4)
    np.testing.assert_allclose(out.asnumpy(), ((PRED - LABEL) ** 4).sum(1))


def test_any_batch_axis():
    pred, label = arrays(PRED, LABEL)
    for axis, over in ((1, 0), (-1, 0), ((0, 1), ())):
        class Plain(losses.Loss):
            def hybrid_forward(self, F, pred, label):
                return F.mean(F.abs(pred - label), axis=self._batch_axis, exclude=True)

        np.testing.assert_allclose(
            Plain(None, axis)(pred, label).asnumpy(), abs(PRED - LABEL).mean(over))
    none = Scaled(batch_axis=None)
    none.initialize()
    none.cast("float64")
    assert repr(none) == "Scaled(batch_axis=None, w=None)"
    with pytest.raises(TypeError, match="batch_axis"):
        losses.L1Loss(batch_axis=None)


def test_numpy_in_numpy_out():
    class Plain(losses.Loss):
        def hybrid_forward(self, F, pred, label):
            return F.abs(pred - label), [F.sum(pred)]

    difference, (total,) = Plain(None, 0)(PRED, LABEL)
    assert type(difference) is type(total) is np.ndarray and difference.dtype == np.float64
    np.testing.assert_allclose(difference, abs(PRED - LABEL))
    assert isinstance(Plain(None, 0)(PRED, *arrays(LABEL))[0], nd.NDArray)
    assert isinstance(Shifted()(PRED, LABEL), np.ndarray)
    assert isinstance(losses.L2Loss()(PRED, nd.array(LABEL)), nd.NDArray)
    scaled = Scaled()  # with parameters: an NDArray, which knows its gradient
    scaled.initialize()
    assert isinstance(scaled(PRED, LABEL), nd.NDArray)


def test_what_is_not_overridden():
    for block, name in ((gluon.Block(), "Block does not override forward"),
                        (gluon.HybridBlock(), "HybridBlock does not override hybrid_forward"),
                        (losses.Loss(None, 0), "Loss does not override hybrid_forward")):
        with pytest.raises(NotImplementedError, match=name):
            block(nd.ones((2,)))


# ---- Copies and text -----------------------------------------------------------------------------


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda b: pickle.loads(pickle.dumps(b))])
@pytest.mark.parametrize("make", [*BUILT_IN, Scaled, Uncertain, Shifted, lambda: nn.Dense(2)],
                         ids=lambda m: m.__name__)
def test_copies(make, clone):
    block = make()
    block.initialize()
    if isinstance(block, nn.Dense):
        block(nd.ones((1, 2)))
    other = clone(block)
    assert type(other) is type(block) and other is not block
    assert (repr(other), other.prefix) == (repr(block), block.prefix)
    for name, parameter in block.collect_params().items():
        copied = other.collect_params()[name]
        np.testing.assert_array_equal(copied.data().asnumpy(), parameter.data().asnumpy())
        before = parameter.data().asnumpy()
        copied.data()[:] = 7
        np.testing.assert_array_equal(parameter.data().asnumpy(), before)
    if list(block._reg_params):
        attribute = next(iter(block._reg_params))
        assert getattr(other, attribute) is other._reg_params[attribute]


def test_a_copied_network_trains_alone():
    net = nn.Dense(1, in_units=3, prefix="c_")
    net.initialize("ones")
    twin = copy.deepcopy(net)
    trainer = gluon.Trainer(twin.collect_params(), "sgd", {"learning_rate": 1})
    with autograd.record():
        twin(nd.ones((1, 3))).backward()
    trainer.step(1)
    assert not twin.weight.data().asnumpy().any() and net.weight.data().asnumpy().all()


REPRS = [(made, f"{made.__name__}(batch_axis=0, w={w})")
         for made, w in ((losses.L2Loss, 1.0), (losses.L1Loss, None), (losses.CTCLoss, None),
                         (losses.HingeLoss, None), (losses.SDMLLoss, 1.0), (Scaled, None))]


# as MXNet 1.9.1 prints them
@pytest.mark.parametrize("make, text", [
    *REPRS, (lambda: losses.L1Loss(0.5, 1), "L1Loss(batch_axis=1, w=0.5)"),
    (losses.SoftmaxCELoss, "SoftmaxCrossEntropyLoss(batch_axis=0, w=None)"),
    (losses.SigmoidBCELoss, "SigmoidBinaryCrossEntropyLoss(batch_axis=0, w=None)"),
    (lambda: losses.CTCLoss("TNC", "TN"), "CTCLoss(batch_axis=1, w=None)"),
    (gluon.Block, "Block(\n\n)"), (gluon.HybridBlock, "HybridBlock(\n\n)"),
    (lambda: nn.Dense(3), "Dense(None -> 3, linear)"),
    (lambda: nn.Dense(3, "relu", in_units=4), "Dense(4 -> 3, Activation(relu))"),
    (lambda: nn.Activation("tanh"), "Activation(tanh)"),
    (lambda: nn.Dropout(0.5), "Dropout(p = 0.5, axes=())"),
    (lambda: nn.Dropout(0.25, axes=(1,)), "Dropout(p = 0.25, axes=(1,))"), (nn.Flatten, "Flatten"),
    (lambda: nn.Lambda("tanh"), "Lambda(tanh)"), (lambda: nn.Lambda(len), "Lambda(len)"),
    (lambda: nn.HybridLambda(lambda F, x: x), "HybridLambda(<lambda>)"),
    (nn.Sequential, "Sequential(\n\n)")])
def test_repr(make, text):
    assert repr(make()) == str(make()) == text


def test_repr_of_nested_blocks():
    net = nn.HybridSequential()
    net.add(nn.Dense(4, "relu", in_units=3), nn.HybridSequential())
    net[1].add(nn.Flatten())

    class Named(gluon.Block):
        def __init__(self):
            super().__init__()
            self.body, self.loss = net, losses.L1Loss()

    stack = ("HybridSequential(\n  (0): Dense(3 -> 4, Activation(relu))\n"
             "  (1): HybridSequential(\n    (0): Flatten\n  )\n)")
    assert repr(net) == stack
    assert repr(Named()) == ("Named(\n  (body): " + stack.replace("\n", "\n  ")
                             + "\n  (loss): L1Loss(batch_axis=0, w=None)\n)")


MODULES = [gluon.block, gluon.parameter, gluon.nn, gluon.trainer, gluon.data, gluon.utils,
           gluon.loss, mx.initializer, mx.optimizer, mx.metric, mx.io, mx.name, mx.context]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_everything_public_has_a_docstring(module):
    assert module.__doc__
    for name in module.__all__:
        thing = getattr(module, name)
        assert inspect.getdoc(thing), name
        for method, function in inspect.getmembers(thing) if inspect.isclass(thing) else ():
            if not method.startswith("_") and not inspect.isdatadescriptor(function):
                assert not callable(function) or inspect.getdoc(function), f"{name}.{method}"


# ---- Next to formulas in numpy --------------------------------------------------------------------


class Focal(mx.gluon.loss.Loss):
    """As scripts write them."""

    def __init__(self, gamma=2, weight=None, batch_axis=0):
        super().__init__(weight, batch_axis)
        self._gamma = gamma

    def hybrid_forward(self, F, pred, label, sample_weight=None):
        label = losses._reshape_like(F, label, pred)
        p = F.sigmoid(pred)
        at = F.where(label > 0.5, p, 1 - p)
        loss = -((1 - at) ** self._gamma) * F.log(at + 1e-12)
        loss = losses._apply_weighting(F, loss, self._weight, sample_weight)
        return F.mean(loss, axis=self._batch_axis, exclude=True)


def test_custom_loss():
    pred, label = variable([[0.5, -1], [2, 0.1]]), nd.array([1, 0, 0, 1], dtype="float64")
    weight = nd.array([[1.0], [3]], dtype="float64")
    with autograd.record():
        out = Focal(weight=2)(pred, label, weight)
    out.backward()
    p = 1 / (1 + np.exp(-pred.asnumpy()))
    at = np.where([[1, 0], [0, 1]], p, 1 - p)
    wanted = (-((1 - at) ** 2) * np.log(at + 1e-12) * [[1], [3]] * 2).mean(1)
    np.testing.assert_allclose(out.asnumpy(), wanted, rtol=1e-12)
    moved = pred.asnumpy()
    moved[1, 0] += 1e-6
    slope = (Focal(weight=2)(nd.array(moved, dtype="float64"), label, weight) - out).sum()
    np.testing.assert_allclose(pred.grad[1, 0].asscalar(), slope.asscalar() / 1e-6, rtol=1e-4)
    with pytest.raises(NotImplementedError, match="Loss does not override hybrid_forward"):
        mx.gluon.loss.Loss(None, 0)(pred)


class Masked(mx.gluon.loss.SoftmaxCELoss):
    """A subclass that does something before the kernel."""

    def hybrid_forward(self, F, pred, label, length):
        ones = F.expand_dims(F.ones_like(label), axis=2)
        mask = F.SequenceMask(ones, length, True, axis=1)
        return super().hybrid_forward(F, pred, label, mask)


def test_subclass_of_a_fused_loss():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((2, 3, 5)), rng.integers(0, 5, (2, 3))
    pred = variable(x)
    with autograd.record():
        out = Masked()(pred, nd.array(y, dtype="float64"), nd.array([1, 3], dtype="float64"))
    out.backward()
    value, grad = losses.SoftmaxCELoss().value_and_grad(x, y, np.array([[1, 0, 0], [1, 1, 1]]))
    np.testing.assert_array_equal(out.asnumpy(), value)
    np.testing.assert_array_equal(pred.grad.asnumpy(), grad)
    with pytest.raises(TypeError, match="Masked overrides hybrid_forward.*autograd.record"):
        Masked().value_and_grad(x, y)
