"""autograd.Function and mx.operator: computations with gradients of their own."""

import numpy as np
import pytest

import mxloss as mx
from mxloss import autograd, nd


def variable(values, **kwargs):
    x = nd.array(values, dtype="float64")
    x.attach_grad(**kwargs)
    return x


class Twice(autograd.Function):
    """The product and the sum, with gradients that are not theirs."""

    def forward(self, a, b):
        assert not autograd.is_recording() and autograd.is_training()
        self.save_for_backward(b)
        return a * b, a + b

    def backward(self, by_product, by_sum):
        assert not autograd.is_recording()
        (b,) = self.saved_tensors
        return by_product * 2 + b * by_sum, None


def test_function():
    a, b = variable([1, 2]), variable([3, 5])
    with autograd.record():
        product, total = Twice()(a, b)
        L = product * 7 + total
    np.testing.assert_array_equal(L.asnumpy(), [25, 77])
    L.backward()
    np.testing.assert_array_equal(a.grad.asnumpy(), [17, 19])
    np.testing.assert_array_equal(b.grad.asnumpy(), [0, 0])


def test_function_outside_of_recording_and_its_errors():
    class Half(autograd.Function):
        def forward(self, x):
            return x / 2

        def backward(self, g):
            return (g, g) if g.size == 1 else g[:1]

    half, x = Half(), variable([4])
    assert half(x).asscalar() == 2
    with pytest.raises(mx.MXNetError, match="Half: .* once"):
        half(x)
    for values, phrase in (([4], "Expecting 1 got 2"), ([4, 5], r"shape \(1,\)")):
        x = variable(values)
        with autograd.record():
            y = Half()(x)
        with pytest.raises(ValueError, match=phrase):
            y.backward()
    with pytest.raises(NotImplementedError, match="Function"):
        autograd.Function()(x)


# ---- CustomOp ------------------------------------------------------------------------------------


class Weighted(mx.operator.CustomOp):
    """Two outputs, the squared difference times a factor and the first input; counts its calls."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, is_train, req, in_data, out_data, aux):
        assert req == ["write", "write"] and is_train == (aux[0].asscalar() > 0)
        self.assign(out_data[0], req[0], self.factor * (in_data[0] - in_data[1]) ** 2)
        self.assign(out_data[1], req[1], in_data[0])
        self.assign(aux[0], "add", nd.ones((1,)))

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        slope = 2 * self.factor * out_grad[0] * (in_data[0] - in_data[1])
        self.assign(in_grad[0], req[0], slope + 10 * out_grad[1])
        self.assign(in_grad[1], req[1], -slope)
        assert not autograd.is_recording() and (out_data[1] == in_data[0]).asnumpy().all()


@mx.operator.register("test_weighted")
class WeightedProp(mx.operator.CustomOpProp):
    def __init__(self, factor="1"):
        super().__init__(need_top_grad=True)
        self.factor = float(factor)

    def list_arguments(self):
        return ["data", "label"]

    def list_outputs(self):
        return ["cost", "copy"]

    def list_auxiliary_states(self):
        return ["calls"]

    def create_operator(self, ctx, in_shapes, in_dtypes):
        assert in_shapes == [[2], [2]] and in_dtypes == [np.float64] * 2 and ctx == mx.cpu()
        return Weighted(self.factor)


@pytest.mark.parametrize("label_has_gradient", [True, False])
def test_custom(label_has_gradient):
    x, z, calls = variable([1, 5]), variable([2, 3]), nd.zeros((1,))
    label = z if label_has_gradient else z.detach()
    nd.Custom(x, label, calls, op_type="test_weighted", factor=2)
    with autograd.record():
        cost, copied = nd.Custom(x, label=label, calls=calls, op_type="test_weighted", factor=2)
        L = cost * 3 + copied
    np.testing.assert_array_equal(cost.asnumpy(), [2, 8])
    assert calls.asscalar() == 2
    L.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [-12 + 10, 24 + 10])
    np.testing.assert_array_equal(z.grad.asnumpy(), [12, -24] if label_has_gradient else [0, 0])


def test_custom_in_a_loss():
    """As a custom loss has it, in `hybrid_forward`."""

    class Cost(mx.gluon.loss.Loss):
        def hybrid_forward(self, F, pred, label):
            cost, _ = F.Custom(pred, label, F.zeros((1,)) + 1, op_type="test_weighted", factor=0.5)
            return mx.gluon.loss._apply_weighting(F, cost, self._weight)

    x, loss = variable([1, 5]), Cost(4, 0)
    loss.hybridize()
    with autograd.record():
        L = loss(x, nd.array([2, 3], dtype="float64"))
    L.backward()
    np.testing.assert_array_equal(L.asnumpy(), [2, 8])
    np.testing.assert_array_equal(x.grad.asnumpy(), [-4, 8])


@pytest.mark.parametrize("call, error, phrase", [
    (lambda x: nd.Custom(x, op_type="nothing"), ValueError, "op_type is 'nothing'.*test_weighted"),
    (lambda x: nd.Custom(x, op_type="test_weighted"), TypeError, "data, label, calls; got 1"),
    (lambda x: nd.Custom(x, [1], x, op_type="test_weighted"), TypeError, "label is of type list"),
    (lambda x: mx.operator.CustomOp().assign(x, "wrote", x), ValueError, "req is 'wrote'")])
def test_custom_errors(call, error, phrase):
    with pytest.raises(error, match=phrase):
        call(nd.zeros((2,)))


# ---- Function, once more: shapes, results, errors -------------------------------------------------


class Sigmoid(autograd.Function):
    def forward(self, x):
        y = 1 / (1 + nd.exp(-x))
        self.save_for_backward(y)
        return y

    def backward(self, dy):
        (y,) = self.saved_tensors
        assert not autograd.is_recording() and autograd.is_training()
        return dy * y * (1 - y)


class Both(autograd.Function):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, a, b):
        self.save_for_backward(a, b)
        return a * b * self.factor, a + b

    def backward(self, g, h):
        a, b = self.saved_tensors
        return g * b * self.factor + h, g * a * self.factor + h


def test_function_of_one():
    x = variable([0.0, 3.0, -3.0])
    with autograd.record():
        y = Sigmoid()(x * 2)
        z = (y * y).sum()
    z.backward(retain_graph=True)
    s = 1 / (1 + np.exp(-2 * x.asnumpy()))
    np.testing.assert_allclose(x.grad.asnumpy(), 4 * s * s * (1 - s))
    z.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), 4 * s * s * (1 - s))
    np.testing.assert_array_equal(Sigmoid()(x).asnumpy(), Sigmoid().forward(x).asnumpy())


def test_function_of_two_with_two_results():
    a, b = variable([1.0, 2]), variable([3.0, 4], grad_req="add")
    for _ in range(2):
        with autograd.record():
            product, total = Both(2)(a, b)
            y = product * total
        y.backward()
    np.testing.assert_array_equal(a.grad.asnumpy(), [6 * 4 + 6, 8 * 6 + 16])
    np.testing.assert_array_equal(b.grad.asnumpy(), [2 * (2 * 4 + 6), 2 * (4 * 6 + 16)])
    with autograd.record():
        _, total = Both(2)(a, a)
    total.backward(nd.array([10, 20], dtype="float64"))
    np.testing.assert_array_equal(a.grad.asnumpy(), [20, 40])


def test_function_that_returns_its_argument():
    class Seven(autograd.Function):
        def forward(self, x):
            return x

        def backward(self, g):
            return g * 7

    x = variable([2.0])
    with autograd.record():
        y = Seven()(x)
    y.backward()
    assert y is not x and x.grad.asscalar() == 7


def _backward(result):
    class Wrong(autograd.Function):
        def forward(self, a):
            return a * 2

        def backward(self, g):
            return result(g)

    x = variable([1.0, 2.0])
    with autograd.record():
        y = Wrong()(x)
    y.backward()


def test_functions_that_are_wrong():
    used = Sigmoid()
    used(nd.ones((1,)))
    for call, error, phrase in (
            (lambda: used(nd.ones((1,))), AssertionError, "only be called once"),
            (lambda: _backward(lambda g: (g, g)), AssertionError, "Expecting 1 got 2"),
            (lambda: _backward(lambda g: 3), AssertionError, "not int"),
            (lambda: _backward(lambda g: g[:1]), ValueError, r"\(1,\); expected \(2,\)"),
            (lambda: autograd.Function()(1), NotImplementedError, "Function")):
        with pytest.raises(error, match=phrase):
            call()
    with autograd.record(), pytest.raises(TypeError, match="an argument is of type float"):
        Both(1)(nd.ones((1,)), 2.0)
