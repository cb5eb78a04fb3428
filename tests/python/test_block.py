"""Block and HybridBlock: names, parameters, children, hooks, shapes, summary; losses as blocks.

Names and tables are what MXNet 1.9.1 gives for the same lines, unless a test says otherwise.
"""

import warnings

import numpy as np
import pytest

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import loss as losses
from mxloss.gluon import nn

BUILT_IN = [getattr(losses, name) for name in losses.__all__ if name != "Loss"]


class Net(gluon.HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.first = nn.Dense(3, in_units=2, activation="relu")
            self.last = nn.Dense(1, in_units=3)
            self.inner = nn.HybridSequential()
            with self.inner.name_scope():
                self.inner.add(nn.Dense(2), nn.Dense(2))
            self.loss, self.other = losses.L1Loss(), losses.L1Loss()

    def hybrid_forward(self, F, x):
        return self.last(self.first(x))


class Scaled(losses.Loss):
    """A loss with parameters and with another loss as a child."""

    def __init__(self, **kwargs):
        super().__init__(None, 0, **kwargs)
        with self.name_scope():
            self.scale = self.params.get("scale", shape=(3,), init="ones")
            self.shift = self.params.get("shift", shape=(1,), init="zeros", grad_req="null")
            self.base = losses.L1Loss()

    def hybrid_forward(self, F, pred, label, scale, shift):
        return self.base(F.broadcast_mul(pred, scale), F.broadcast_add(label, shift))


PAIR = nd.ones((2, 3)), nd.zeros((2, 3))


# ---- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", BUILT_IN, ids=lambda c: c.__name__)
def test_counted_names(made):
    word = made.__name__.lower()
    with mx.name.NameManager():
        blocks = [made() for _ in range(2)]
    for i, block in enumerate(blocks):
        assert (block.name, block.prefix) == (f"{word}{i}", f"{word}{i}_")
        assert block.params.prefix == block.prefix and repr(block.params) == f"{word}{i}_ (\n\n)"


@pytest.mark.parametrize("prefix, name", [("foo", "foo"), ("foo_", "foo"), ("", "")])
def test_given_prefix(prefix, name):
    for block in (losses.L2Loss(prefix=prefix), nn.Dense(1, prefix=prefix)):
        assert (block.prefix, block.name) == (prefix, name)
    assert list(block.params.keys()) == [prefix + "weight", prefix + "bias"]


@pytest.mark.parametrize("prefix, start", [("q_", "q_"), ("x", "x"), (None, "net0_")])
def test_names_inside(prefix, start):
    with mx.name.NameManager():
        net = Net(prefix=prefix)
    parts = ["dense0_", "dense1_", "hybridsequential0_dense0_", "hybridsequential0_dense1_"]
    names = [start + part + p for part in parts for p in ("weight", "bias")]
    assert list(net.collect_params().keys()) == names
    assert (net.loss.prefix, net.other.prefix) == (start + "l1loss0_", start + "l1loss1_")


def test_an_empty_prefix_does_not_scope():
    with mx.name.NameManager():
        net = Net(prefix="")
    assert [net.first.prefix, net.loss.prefix] == ["dense0_", "l1loss0_"]


def test_name_scope_goes_on_counting():
    loss = losses.HuberLoss(prefix="h_")
    with loss.name_scope():
        assert [nn.Dense(2).prefix, nn.Dense(2).prefix] == ["h_dense0_", "h_dense1_"]
        assert losses.L2Loss(prefix="zz_").prefix == "h_zz_"
        assert nn.Activation("relu").prefix == "h_relu0_"  # named by what it does
    with loss.name_scope():
        assert nn.Dense(2).prefix == "h_dense2_"
    with mx.name.Prefix("p_"):
        assert losses.L2Loss().prefix == "p_l2loss0_"
        assert mx.name.NameManager.current().get("given", "hint") == "p_given"
    assert mx.name.NameManager().get("given", "hint") == "given"


def test_sharing():
    first = nn.Dense(3, in_units=2, prefix="d_")
    second = nn.Dense(3, in_units=2, prefix="e_", params=first.params)
    assert second.weight is first.weight and second.prefix == "e_"
    assert list(second.collect_params().keys()) == ["d_weight", "d_bias"]
    one = Net(prefix="one_")
    two = Net(prefix="two_", params=one.collect_params())
    assert two.inner[1].bias is one.inner[1].bias
    assert list(two.collect_params().keys()) == list(one.collect_params().keys())


# ---- Parameters ----------------------------------------------------------------------------------


def test_collect_params():
    net = Net(prefix="n_")
    assert list(net.collect_params(".*weight").keys()) == [
        "n_dense0_weight", "n_dense1_weight", "n_hybridsequential0_dense0_weight",
        "n_hybridsequential0_dense1_weight"]
    assert list(net.collect_params("n_dense0_bias|n_dense1_w").keys()) == [
        "n_dense0_bias", "n_dense1_weight"]
    assert not list(net.collect_params("dense").keys())  # from the start of the name
    assert not list(net.params.keys()) and net.first.params["n_dense0_bias"] is net.first.bias
    assert repr(net.first.params) == (
        "n_dense0_ (\n  Parameter n_dense0_weight (shape=(3, 2), dtype=float32)\n"
        "  Parameter n_dense0_bias (shape=(3,), dtype=float32)\n)")


def test_containers_are_not_children():
    class Lists(gluon.Block):
        def __init__(self):
            super().__init__()
            self.layers, self.numbers = [nn.Dense(2)], [1, 2]
            self.found = {"a": self.layers[0]}

    with pytest.warns(UserWarning, match=" is an unregistered container with Blocks") as seen:
        assert not list(Lists().collect_params().keys())
    assert [str(w.message).split('"')[1] for w in seen] == ["Lists.layers", "Lists.found"]
    block = Lists()
    block.register_child(block.layers[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(block.collect_params().keys())) == 2


def test_initialize():
    for loss in (made() for made in BUILT_IN):
        assert loss.initialize() is None and not list(loss.collect_params().keys())
    layer = nn.Dense(3, in_units=2, prefix="d_")
    layer.initialize()
    before = layer.weight.data().asnumpy()
    assert 0 < abs(before).max() <= 0.07 and not layer.bias.data().asnumpy().any()
    with pytest.warns(UserWarning, match="is already initialized, ignoring. Set force_") as seen:
        layer.initialize("ones")
    assert [str(w.message).split("'")[1] for w in seen] == ["d_weight", "d_bias"]
    np.testing.assert_array_equal(layer.weight.data().asnumpy(), before)
    layer.initialize("ones", force_reinit=True)
    assert (layer.weight.data().asnumpy() == 1).all() and not layer.bias.data().asnumpy().any()


def test_cast():
    net = Net()
    net.initialize()
    weight = net.first.weight.data().asnumpy()
    assert net.cast("float64") is None
    assert {p.data().dtype for p in net.collect_params("(?!.*hybrid)").values()} == {np.float64}
    np.testing.assert_array_equal(net.first.weight.data().asnumpy(), weight)
    assert net(nd.ones((1, 2), dtype="float64")).dtype is np.float64
    loss = losses.L2Loss()
    loss.cast("float64")
    assert loss(*PAIR).dtype is np.float32


def test_apply():
    net, seen = Net(prefix="m_"), []
    assert net.apply(lambda block: seen.append(block.name)) is net
    assert seen == ["m_dense0_relu", "m_dense0", "m_dense1", "m_hybridsequential0_dense0",
                    "m_hybridsequential0_dense1", "m_hybridsequential0", "m_l1loss0", "m_l1loss1",
                    "m"]


# ---- Children ------------------------------------------------------------------------------------


def test_children():
    loss = losses.L2Loss()
    loss.sub = losses.L1Loss()
    loss.register_child(losses.L1Loss())
    loss.register_child(losses.L1Loss(), "named")
    assert list(loss._children) == ["sub", "1", "named"]
    assert repr(loss) == "L2Loss(batch_axis=0, w=1.0)"
    replaced = loss.sub = losses.L1Loss()
    assert loss._children["sub"] is replaced
    for other in (3, losses.L2Loss(), None):
        with pytest.raises(TypeError, match="Changing attribute type for sub from .*L1Loss"):
            loss.sub = other
    with pytest.raises(ValueError, match="Children of HybridBlock must also be HybridBlock, but "):
        loss.register_child(nn.Sequential())


def test_attributes_that_are_parameters():
    loss = Scaled(prefix="s_")
    with pytest.raises(TypeError, match="Changing attribute type for scale from .*Parameter"):
        loss.scale = 3
    with pytest.raises(AssertionError, match="Overriding Parameter attribute scale is not allowed"):
        loss.scale = gluon.Parameter("x", shape=(1,))
    assert loss.scale.name == "s_scale"


# ---- Hooks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [losses.L2Loss, losses.SquaredHingeLoss, nn.Flatten, Scaled])
@pytest.mark.parametrize("hybrid", [False, True])
def test_hooks(make, hybrid):
    block, seen = make(), []
    block.initialize()
    block.hybridize(hybrid)
    inputs = PAIR[:1] if make is nn.Flatten else PAIR
    first = block.register_forward_pre_hook(lambda b, i: seen.append(("before", b is block, i)))
    block.register_forward_pre_hook(lambda b, i: seen.append("before too"))
    after = block.register_forward_hook(lambda b, i, out: seen.append(("after", i, out)))
    block.register_forward_hook(lambda b, i, out: seen.append("after too"))
    out = block(*inputs)
    assert seen[1::2] == ["before too", "after too"]
    assert seen[0][:2] == ("before", True) and seen[2][0] == "after" and seen[2][2] is out
    for given in (seen[0][2], seen[2][1]):
        assert isinstance(given, tuple) and all(a is b for a, b in zip(given, inputs))
    seen.clear()
    first.detach()
    first.detach()
    with after:
        block(*inputs)
    block(*inputs)
    assert [s if isinstance(s, str) else s[0] for s in seen] == [
        "before too", "after", "after too", "before too", "after too"]


def test_op_hooks():
    """(mxloss names operators by their number, and a loss is one; MXNet by nodes of its graph.)"""
    layer, seen = nn.Dense(2, in_units=3, activation="relu", prefix="d_"), []
    layer.initialize()
    layer.register_op_hook(lambda name, op, array: seen.append((name, op, array.shape)))
    layer(PAIR[0])
    assert seen == [("d_fullyconnected0_output", "FullyConnected", (2, 2)),
                    ("d_activation1_output", "Activation", (2, 2))]
    seen.clear()
    loss = losses.L2Loss(prefix="l_")
    loss.register_op_hook(lambda name, op, array: seen.append((name, array.shape)), True)
    with autograd.record():
        loss(*PAIR)
    nd.ones((1,)) + 1
    assert seen == [("l_l2loss0_input0", (2, 3)), ("l_l2loss0_input1", (2, 3)),
                    ("l_l2loss0_output", (2,))]


# ---- hybridize, shapes, summary ------------------------------------------------------------------


def test_hybridize():
    loss = losses.L2Loss()
    loss.child = losses.L1Loss()
    plain = loss(*PAIR).asnumpy()
    assert loss.hybridize(static_alloc=True, static_shape=True) is None
    assert loss._active and loss.child._active
    np.testing.assert_array_equal(loss(*PAIR).asnumpy(), plain)
    weighted = loss(*PAIR, nd.array([[2], [4]]))  # MXNet refuses: another number of arguments
    np.testing.assert_array_equal(weighted.asnumpy(), plain * [2, 4])
    np.testing.assert_array_equal(loss(*PAIR).asnumpy(), plain)
    loss.hybridize(False)
    assert not loss._active and not loss.child._active
    for refused in (lambda: loss.hybridize(backend="TensorRT"),
                    lambda: loss.optimize_for(PAIR[0], backend="TensorRT")):
        with pytest.raises(mx.MXNetError, match="L2Loss: the backend 'TensorRT' cannot be used"):
            refused()


def test_infer_shape(capsys):
    loss = losses.L1Loss()
    assert loss.infer_shape(*PAIR) is None and loss.infer_type(*PAIR) is None
    net = nn.HybridSequential()
    net.add(nn.Dense(3), nn.Dense(2, flatten=False))
    net.infer_shape(nd.ones((5, 4, 2)))  # before initialize()
    assert [layer.weight.shape for layer in net] == [(3, 8), (2, 3)]
    assert capsys.readouterr().out == ""
    with pytest.raises(mx.MXNetError):
        loss.infer_shape(nd.ones((2, 3)), nd.ones((3,)))
    assert capsys.readouterr().out == (
        "infer_shape error. Arguments:\n  data0: (2, 3)\n  data1: (3,)\n")
    with pytest.raises(mx.MXNetError, match="int32"):
        loss.infer_type(nd.ones((2,), dtype="int32"), nd.ones((2,)))
    assert capsys.readouterr().out == ("infer_type error. Arguments:\n"
                                       "  data0: <class 'numpy.int32'>\n"
                                       "  data1: <class 'numpy.float32'>\n")
    layer = nn.Dense(2, in_units=3)
    for _ in range(2):
        with pytest.raises(mx.MXNetError):
            layer.infer_shape(nd.ones((3, 4)))
        assert capsys.readouterr().out == "infer_shape error. Arguments:\n  data: (3, 4)\n"
        layer.initialize(force_reinit=True)
    for empty in ((), (None, None)):
        with pytest.raises(ValueError, match="All args are None and we do not support such a case"):
            loss.infer_shape(*empty)


def test_unknown_shapes_of_ones_own_blocks(capsys):
    class Product(gluon.HybridBlock):
        def __init__(self):
            super().__init__(prefix="p_")
            self.w = self.params.get("weight", shape=(0, 2), allow_deferred_init=True)

        def hybrid_forward(self, F, x, w):
            return F.dot(x, w)

    block = Product()
    block.initialize()
    with pytest.raises(ValueError, match=r"'p_weight' has the unknown shape \(0, 2\)"):
        block(nd.ones((2, 3)))
    block.w.shape = (3, 2)
    assert block(nd.ones((2, 3))).shape == (2, 2)


def network():
    net = nn.HybridSequential(prefix="n_")
    with net.name_scope():
        net.add(nn.Dense(4, activation="relu", in_units=3), nn.Dropout(0.5))
        inner = nn.HybridSequential()
        with inner.name_scope():
            inner.add(nn.Dense(2, in_units=4, use_bias=False))
        net.add(inner, nn.Flatten(), nn.Activation("tanh"), nn.HybridLambda("relu"))
    return net


def shared():
    first = nn.Dense(3, in_units=3)
    net = nn.HybridSequential()
    net.add(first, nn.Dense(3, in_units=3, params=first.params))
    return net


class Several(gluon.HybridBlock):
    def hybrid_forward(self, F, x, y):
        return x, [y, x + y]


# rows and totals as MXNet 1.9.1 prints them for blocks whose parameters have their shapes
@pytest.mark.parametrize("make, inputs, rows, totals", [
    (losses.SoftmaxCELoss, [(2, 3), (2,)],
     ["Input|(2, 3), (2,)|0", "SoftmaxCrossEntropyLoss-1|(2,)|0"], [0, 0, 0, 0, 0]),
    (Scaled, [(2, 3), (2, 3)],
     ["Input|(2, 3), (2, 3)|0", "L1Loss-1|(2,)|0", "Scaled-2|(2,)|4"], [4, 3, 1, 0, 4]),
    (network, [(5, 3)],
     ["Input|(5, 3)|0", "Activation-1|(5, 4)|0", "Dense-2|(5, 4)|16", "Dropout-3|(5, 4)|0",
      "Dense-4|(5, 2)|8", "Flatten-5|(5, 2)|0", "Activation-6|(5, 2)|0", "HybridLambda-7|(5, 2)|0"],
     [24, 24, 0, 0, 24]),
    (shared, [(2, 3)], ["Input|(2, 3)|0", "Dense-1|(2, 3)|12", "Dense-2|(2, 3)|12"],
     [24, 24, 0, 12, 12]),
    (Several, [(2,), (2,)], ["Input|(2,), (2,)|0", "Several-1|(2,), [(2,), (2,)]|0"], [0] * 5)])
def test_summary(make, inputs, rows, totals, capsys):
    block = make()
    block.initialize()
    assert block.summary(*(nd.ones(shape) for shape in inputs)) is None
    words = ["Parameters in forward computation graph, duplicate included",
             "   Total params: {}", "   Trainable params: {}", "   Non-trainable params: {}",
             "Shared params in forward computation graph: {}", "Unique parameters in model: {}"]
    wanted = ["-" * 80, " " * 8 + "Layer (type)" + " " * 32 + "Output Shape         Param #",
              "=" * 80,
              *("{:>20}  {:>42} {:>15}".format(*row.split("|")) for row in rows), "=" * 80,
              words[0], *(w.format(n) for w, n in zip(words[1:], totals)), "-" * 80]
    assert capsys.readouterr().out == "\n".join(wanted) + "\n"
    block.hybridize()
    with pytest.raises(AssertionError, match='" must not be hybridized to print summary'):
        block.summary(*(nd.ones(shape) for shape in inputs))
    assert capsys.readouterr().out == ""
