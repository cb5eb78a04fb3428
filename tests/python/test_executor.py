"""Computing Symbols: eval, bind, gradients; losses called with Symbols."""

import numpy as np
import pytest
from row_cases import ALL

import mxloss as mx
from mxloss import autograd, nd, sym
from mxloss.gluon import loss as losses
from mxloss.gluon import nn

A, B, C = (sym.var(name) for name in "abc")
X1, X2 = nd.array([[1, 2, 3], [4, 5, 6]]), nd.array([[2, 2, 2], [1, 1, 1]])
L2 = losses.L2Loss(prefix="l_")(A, B)  # its arguments are b, a
SLOPE = (X1 - X2).asnumpy() / 3


def bound(grads=True, request="write", symbol=L2):
    if grads is True:
        grads = {"a": nd.ones((2, 3)), "b": nd.ones((2, 3))}
    return symbol.bind(mx.cpu(), {"a": X1.copy(), "b": X2.copy()}, grads, request)


def trained(executor, head=None, times=1):
    for _ in range(times):
        executor.forward(is_train=True)
        executor.backward(head)
    return [None if g is None else g.asnumpy() for g in executor.grad_arrays]


def test_eval():
    for found in (L2.eval(a=X1, b=X2), L2.eval(mx.cpu(), a=X1, b=X2, unused=X1)):
        np.testing.assert_array_equal(found[0].asnumpy(), losses.L2Loss()(X1, X2).asnumpy())
    both = sym.Group([L2, A]).eval(a=X1, b=X2)
    assert len(both) == 2 and both[1].shape == (2, 3)
    for bad, error in (({"a": X1}, ValueError), ({"a": X1, "b": [1]}, TypeError),
                       ({"a": X1, "b": X2.asnumpy()}, TypeError)):
        with pytest.raises(error, match="b"):
            L2.eval(**bad)
    with pytest.raises(mx.MXNetError, match="Error in operator l_reshape_like0"):
        L2.eval(a=X1, b=nd.ones((5,)))


@pytest.mark.parametrize("request_, a, b", [
    ("write", SLOPE, -SLOPE), ("add", 1 + 2 * SLOPE, 1 - 2 * SLOPE), ("null", 1, 1),
    ({"a": "add", "b": "null"}, 1 + 2 * SLOPE, 1), (["null", "write"], SLOPE, 1),
    ({"a": "write"}, SLOPE, 1)], ids=str)
def test_requests(request_, a, b):
    found = trained(bound(request=request_), times=2)
    for g, wanted in zip(found, (b, a)):
        np.testing.assert_allclose(g, np.broadcast_to(wanted, (2, 3)), rtol=1e-6)


def test_where_gradients_go():
    by_list = bound([nd.zeros((2, 3)), None])
    assert trained(by_list)[1] is None
    np.testing.assert_allclose(by_list.grad_dict["b"].asnumpy(), -SLOPE, rtol=1e-6)
    only_a = {"a": nd.zeros((2, 3))}
    trained(bound(only_a))
    np.testing.assert_allclose(only_a["a"].asnumpy(), SLOPE, rtol=1e-6)
    assert trained(bound(None)) == [None, None]
    stopped = bound(symbol=A * sym.BlockGrad(B))
    np.testing.assert_array_equal(trained(stopped)[1], np.zeros((2, 3)))  # not the ones before
    picked = losses.SoftmaxCELoss()(A, B)
    grads = {"a": nd.ones((2, 3)), "b": nd.ones((2,))}
    ex = picked.bind(None, {"a": X1, "b": nd.array([0, 2])}, grads)
    assert trained(ex)[0].any() and not grads["b"].asnumpy().any()
    assert X1.grad is None  # what was bound keeps its own gradients


def test_arguments_without_axes():
    """[:] is the whole of them: here, to clear and to set."""
    number = nd.array(np.array(2.0))
    number[:] = 3
    assert number.shape == number[:].shape == () and number[:].asnumpy() == 3
    executor = (A * B).bind(None, {"a": X1, "b": number}, {"a": nd.ones((2, 3)), "b": nd.array(
        np.array(7.0))})
    slopes = trained(executor)
    np.testing.assert_array_equal(slopes[1], X1.asnumpy().sum())
    executor.copy_params_from({"b": nd.array(np.array(5.0))})
    np.testing.assert_array_equal(trained(executor)[0], np.full((2, 3), 5.0))


def test_head_gradients():
    head = nd.array([1, 2])
    for given in (head, [head], (head,), {"l_mean0_output": head}):
        np.testing.assert_allclose(trained(bound(), given)[1], SLOPE * [[1], [2]], rtol=1e-6)
    group = bound(symbol=sym.Group([L2, A * B]))
    np.testing.assert_allclose(trained(group, [head, nd.ones((2, 3))])[1],
                               SLOPE * [[1], [2]] + X2.asnumpy(), rtol=1e-6)
    np.testing.assert_allclose(trained(group)[1], SLOPE + X2.asnumpy(), rtol=1e-6)
    for bad, phrase in ((nd.ones((3,)), r"\(3,\)"), ([head, head], "2 entries; expected 1")):
        with pytest.raises(ValueError, match=phrase):
            trained(bound(), bad)


def test_executor():
    ex = bound()
    with pytest.raises(mx.MXNetError, match=r"forward\(is_train=True\) first"):
        ex.backward()
    (out,) = ex.forward()
    assert ex.outputs[0] is out and list(ex.output_dict) == ["l_mean0_output"]
    with pytest.raises(mx.MXNetError, match=r"forward\(is_train=True\) first"):
        ex.backward()
    assert list(ex.arg_dict) == ["b", "a"] and ex.aux_dict == {} and ex.aux_arrays == []
    assert ex.arg_arrays[1] is ex.arg_dict["a"] and ex.grad_arrays[0] is ex.grad_dict["b"]
    assert not ex.forward(a=X2)[0].asnumpy().any() and ex.arg_dict["a"][0, 0].asscalar() == 2
    ex.forward(a=np.ones((2, 3)))
    ex.copy_params_from({"a": X1})
    np.testing.assert_array_equal(ex.forward()[0].asnumpy(), out.asnumpy())
    ex.copy_params_from({"z": X1}, allow_extra_params=True)
    ex.arg_dict["a"][:] = X2
    assert not ex.forward()[0].asnumpy().any()
    for call, error in ((lambda: ex.forward(z=X1), TypeError),
                        (lambda: ex.forward(a=nd.ones((3, 3))), ValueError),
                        (lambda: ex.copy_params_from({"z": X1}), ValueError)):
        with pytest.raises(error) as caught:
            call()
        assert isinstance(caught.value, mx.MXNetError)


@pytest.mark.parametrize("args, grads, request_, error, phrase", [
    ([X1], None, "write", ValueError, "args has 1 entries; expected 2"),
    ({"a": X1}, None, "write", ValueError, "`b` is missing"), (5, None, "write", TypeError, "int"),
    ({"a": X1, "b": 3}, None, "write", TypeError, "b is of type int"),
    ([X2, X1], [X1], "write", ValueError, "args_grad has 1"),
    ([X2, X1], {"a": nd.ones((3, 3))}, "write", ValueError, r"\(3, 3\)"),
    ([X2, X1], {"a": X1}, "foo", ValueError, "foo"),
    ([X2, X1], {"a": X1}, ["write"], ValueError, "grad_req has 1")])
def test_bad_bindings(args, grads, request_, error, phrase):
    with pytest.raises(error, match=phrase) as caught:
        L2.bind(mx.cpu(), args, grads, request_)
    assert isinstance(caught.value, mx.MXNetError)


def test_simple_bind():
    ex = L2.simple_bind(mx.cpu(), a=(2, 3), b=(2, 3))
    assert not ex.forward()[0].asnumpy().any() and ex.grad_dict["a"].shape == (2, 3)
    ex.copy_params_from({"a": X1, "b": X2})
    np.testing.assert_allclose(trained(ex)[1], SLOPE, rtol=1e-6)
    dense = sym.FullyConnected(A, num_hidden=5, name="fc").simple_bind(mx.cpu(), a=(2, 4))
    assert {k: v.shape for k, v in dense.arg_dict.items()} == {
        "a": (2, 4), "fc_weight": (5, 4), "fc_bias": (5,)}
    ex = L2.simple_bind(mx.cpu(), "null", a=(2, 3), b=(2, 3))
    assert ex.grad_arrays == [None, None]
    for request in ({"a": "write"}, ["null", "add"]):
        ex = L2.simple_bind(mx.cpu(), request, a=(2, 3), b=(2, 3))
        assert ex.grad_dict["b"] is None and ex.grad_dict["a"] is not None
    ex = L2.simple_bind(mx.cpu(), type_dict={"a": "float64"}, a=(2, 3), b=(2, 3))
    assert ex.arg_dict["b"].dtype is np.float64 is ex.grad_dict["a"].dtype
    with pytest.raises(mx.MXNetError, match="shape of b"):
        L2.simple_bind(mx.cpu(), a=(2, 3))
    with pytest.warns(UserWarning, match="w_weight"), pytest.raises(ValueError, match="simple_bi"):
        sym.FullyConnected(A, num_hidden=5, name="w").simple_bind(mx.cpu())


# ---- Losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", [v for v in ALL if "infeasible" not in v.ctor], ids=lambda v: v.id)
def test_losses(v):
    """Called with Symbols, and read from a file: values and gradients are the kernel's."""
    rng = np.random.default_rng(3)
    shape = (4, 3)
    weight = None if v.case.rows else v.unreduced(shape)
    x = v.inputs(rng, shape, "float64", weight)
    value, grads = v.run(x)
    symbol = v.loss()(**{name: sym.var(name) for name in x}, **v.call)
    assert sorted(symbol.list_arguments()) == sorted(x)
    for s in (symbol, sym.load_json(symbol.tojson())):
        args = {name: nd.array(a, dtype="float64") for name, a in x.items()}
        found = {name: nd.ones(a.shape, dtype="float64") for name, a in x.items()}
        ex = s.bind(mx.cpu(), args, found)
        (out,) = ex.forward(is_train=True)
        np.testing.assert_allclose(out.asnumpy(), value, rtol=1e-11, atol=1e-13)
        ex.backward()
        for name, g in grads.items():
            np.testing.assert_allclose(found[name].asnumpy(), g, rtol=1e-9, atol=1e-12)
    known = {name: a.shape for name, a in x.items()}
    assert symbol.infer_shape(**known)[1] == [value.shape]


class Scaled(losses.Loss):
    """A parameter, a child, two results."""

    def __init__(self, **kwargs):
        super().__init__(None, 0, **kwargs)
        with self.name_scope():
            self.body = nn.Dense(3)
            self.other = losses.L1Loss()
        self.factor = self.params.get("factor", shape=(1,), init=mx.init.Constant(2))

    def hybrid_forward(self, F, x, label, weight=None, factor=None):
        scores = F.broadcast_mul(self.body(x), factor)
        return self.other(scores, label, weight), [scores, F.mean(scores)]


def test_custom_loss():
    loss = Scaled(prefix="own_")
    loss.initialize()
    x, label = nd.array(np.arange(8).reshape(2, 4)), nd.ones((2, 3))
    value, (scores, mean) = loss(x, label)
    graph, (g_scores, g_mean) = loss(A, B)
    assert graph.name == "own_l1loss0_mean0" and g_mean.name == "own_mean0"
    group = sym.Group([graph, g_scores, g_mean])
    assert group.list_arguments() == [
        "b", "a", "own_dense0_weight", "own_dense0_bias", "own_factor"]
    params = {name: p.data() for name, p in loss.collect_params().items()}
    for found, wanted in zip(group.eval(a=x, b=label, **params), (value, scores, mean)):
        np.testing.assert_allclose(found.asnumpy(), wanted.asnumpy(), rtol=1e-6)
    grads = {name: nd.zeros(p.shape) for name, p in params.items()}
    ex = graph.bind(mx.cpu(), {"a": x, "b": label, **params}, grads)
    ex.forward(is_train=True)
    ex.backward()
    with autograd.record():
        loss(x, label)[0].backward()
    for name, p in loss.collect_params().items():
        np.testing.assert_allclose(grads[name].asnumpy(), p.grad().asnumpy(), rtol=1e-5)
    assert loss(A, B, C)[0].list_arguments() != graph.list_arguments()
    assert loss.factor.var() is loss.factor.var() and loss.factor.var().attr("__shape__") == "(1,)"
    with pytest.raises(ValueError, match="mixed NDArrays and Symbols"):
        loss(A, x)


def test_a_whole_graph_in_a_block():
    """A block around a Symbol trains as any other."""
    block = mx.gluon.SymbolBlock(sym.sum(sym.FullyConnected(A, num_hidden=2, name="fc")), A)
    block.initialize(mx.init.One())
    with autograd.record():
        out = block(X1)
    out.backward()
    weight = block.collect_params()["fc_weight"]
    assert out.asscalar() == 46 and weight.shape == (2, 3)
    np.testing.assert_array_equal(weight.grad().asnumpy()[0], [5, 7, 9])
    inner = block(B)
    assert isinstance(inner, sym.Symbol) and inner.list_arguments() == ["b", "fc_weight", "fc_bias"]
    for call in (lambda: block(X1, X1), lambda: mx.gluon.SymbolBlock(A + B, [A + B])):
        with pytest.raises(TypeError, match="SymbolBlock"):
            call()
