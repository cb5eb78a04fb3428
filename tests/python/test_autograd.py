"""NDArray and autograd: recording, gradients, the fused losses on the tape."""

import copy
import pickle

import numpy as np
import pytest
from row_cases import ALL

import mxloss as mx
from mxloss import autograd, nd


def variable(values, **kwargs):
    x = nd.array(values, dtype="float64")
    x.attach_grad(**kwargs)
    return x


# ---- NDArray -------------------------------------------------------------------------------------


def test_names():
    assert mx.nd is mx.ndarray and nd.NDArray is type(nd.zeros((1,)))
    assert nd.ndarray.NDArray is nd.NDArray  # scripts ask whether F is nd.ndarray
    from mxloss.nd import array
    assert array is nd.array


@pytest.mark.parametrize("made, wanted", [
    (lambda: nd.array([[1, 2], [3, 4]]), np.array([[1, 2], [3, 4]], "float32")),
    (lambda: nd.array(np.arange(3)), np.arange(3, dtype="float32")),
    (lambda: nd.array(np.arange(3), dtype="int32"), np.arange(3, dtype="int32")),
    (lambda: nd.array(nd.array([1], dtype="float64")), np.array([1.0])),
    (lambda: nd.zeros((2, 3)), np.zeros((2, 3), "float32")),
    (lambda: nd.ones(2, dtype="float16"), np.ones(2, "float16")),
    (lambda: nd.full((2,), 3), np.full(2, 3, "float32")),
    (lambda: nd.eye(2, 3, 1), np.eye(2, 3, 1, dtype="float32")),
    (lambda: nd.linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1]),
    (lambda: nd.linspace(1, 2, 2, endpoint=False), [1, 1.5]),
    (lambda: nd.moveaxis(nd.array(np.arange(24).reshape(2, 3, 4)), 0, -1),
     np.moveaxis(np.arange(24.0, dtype="f").reshape(2, 3, 4), 0, -1)),
    (lambda: nd.array([3.5]).astype(nd.zeros((1,), dtype="float64")), np.array([3.5])),
    (lambda: nd.arange(1, 7, 2, repeat=2), [1, 1, 3, 3, 5, 5]), (lambda: nd.arange(3), [0, 1, 2]),
    (lambda: nd.array([3.5]).astype("int32"), np.array([3], "int32")),
    (lambda: nd.concatenate([nd.ones((1, 2)), nd.zeros((1, 2))]), [[1, 1], [0, 0]])])
def test_making(made, wanted):
    a = made()
    np.testing.assert_array_equal(a.asnumpy(), wanted)
    if isinstance(wanted, np.ndarray) and a.dtype is not np.float32:
        assert a.dtype == wanted.dtype


def test_facts_and_forms():
    x = nd.array([[1, 2, 3], [4, 5, 6.5]])
    assert (x.shape, x.size, x.ndim, len(x), x.dtype) == ((2, 3), 6, 2, 2, np.float32)
    assert x.context == mx.cpu() and repr(x.ctx) == "cpu(0)" and x.T.shape == (3, 2)
    assert repr(nd.array([2, 5])) == "\n[2. 5.]\n<NDArray 2 @cpu(0)>"
    assert str(nd.ones((1, 2))) == "\n[[1. 1.]]\n<NDArray 1x2 @cpu(0)>"
    assert float(x[1, 2]) == 6.5 and int(x.sum()) == 21 and x.max().asscalar() == 6.5
    assert x.reshape(3, 2).shape == x.reshape((3, -1)).shape == x.reshape(shape=(-1, 2)).shape
    assert x.mean(axis=1, keepdims=True).shape == (2, 1) and x.norm().shape == (1,)
    assert [row.shape for row in x] == [(3,), (3,)]
    assert bool(nd.array([3])) and not nd.zeros((1,))
    for bad in (bool, float, len(x) and nd.NDArray.asscalar):
        with pytest.raises(ValueError, match=r"\(2, 3\)"):
            bad(x)
    for clone in (copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))):
        np.testing.assert_array_equal(clone(x).asnumpy(), x.asnumpy())


def test_slices_and_assignment():
    """Leading slices are views, others are copies; both can be assigned to."""
    x = nd.array(np.arange(12).reshape(3, 4))
    x[1:3][:] = 7
    x[0][2] = -1
    np.testing.assert_array_equal(x.asnumpy(), [[0, 1, -1, 3], [7] * 4, [7] * 4])
    column = x[:, 1]
    column[:] = 100
    assert x[0, 1].asscalar() == 1
    x[:, 1] = nd.array([5, 6, 8])
    x[2, 0:2] = 0
    np.testing.assert_array_equal(x.asnumpy(), [[0, 5, -1, 3], [7, 6, 7, 7], [0, 0, 7, 7]])
    np.testing.assert_array_equal(x[nd.array([2, 0]), nd.array([3, 1])].asnumpy(), [7, 5])
    x += 1
    x[:] *= 2
    np.testing.assert_array_equal(x[0].asnumpy(), [2, 12, 0, 8])
    with pytest.raises(IndexError):
        x[5]
    with pytest.raises(ValueError, match="cannot assign"):
        x[:] = nd.ones((5,))


def test_only_views_share_memory():
    x = nd.array(np.arange(6).reshape(2, 3))
    for other in (x.T, x.expand_dims(0), x.flatten(), nd.reshape(x, shape=(3, 2)), x.copy(),
                  x.swapaxes(0, 1), nd.slice_axis(x, axis=0, begin=0, end=1), x.squeeze(), x + 0):
        other[:] = 9
        assert x[1, 2].asscalar() == 5 and x[0, 0].asscalar() == 0
    x[1][2][:] = 7
    x.reshape((3, 2))[0] = -1
    x[...][0, 2] = 8
    np.testing.assert_array_equal(x.asnumpy(), [[-1, -1, 8], [3, 4, 7]])


def test_assigning_the_whole_of_an_untaped_array_is_recorded():
    x, z = variable([1.0, 2]), nd.zeros((2, 2), dtype="float64")
    with autograd.record():
        z[:] = x
        y = (z * nd.array([[1, 2], [3, 4]], dtype="float64")).sum()
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [4, 6])


def test_asnumpy_is_a_copy():
    x = nd.zeros((2,))
    x.asnumpy()[:] = 1
    assert not x.asnumpy().any()


def test_comparisons_are_floats():
    x = nd.array([1, 2, 3])
    for found, wanted in ((x == 2, [0, 1, 0]), (x != 2, [1, 0, 1]), (x > 1, [0, 1, 1]),
                          (x >= x, [1, 1, 1]), (2 < x, [0, 0, 1]), (x <= 1, [1, 0, 0])):
        assert found.dtype is np.float32
        np.testing.assert_array_equal(found.asnumpy(), wanted)


def test_random():
    def draw():
        mx.random.seed(5)
        return (nd.random.uniform(-1, 1, shape=(3, 4)), mx.random.poisson(4, shape=5),
                nd.random.randn(2))

    first, again = draw(), draw()
    for a, b in zip(first, again):
        assert a.dtype is np.float32
        np.testing.assert_array_equal(a.asnumpy(), b.asnumpy())
    assert nd.random.normal().shape == (1,) and abs(first[0].asnumpy()).max() <= 1
    with pytest.raises(ValueError, match="seed"):
        mx.random.seed("a")


def test_gpu_is_refused():
    with pytest.raises(mx.MXNetError, match=r"gpu\(1\).*mx.cpu\(\)"):
        mx.gpu(1)


# ---- autograd ------------------------------------------------------------------------------------


def test_scopes():
    seen = []

    def look():
        seen.append((autograd.is_recording(), autograd.is_training()))

    look()
    with autograd.record():
        look()
        with autograd.pause():
            look()
        with autograd.predict_mode():
            look()
        with autograd.record(train_mode=False):
            look()
    with autograd.train_mode():
        look()
    look()
    assert seen == [(False, False), (True, True), (False, False), (True, False), (True, False),
                    (False, True), (False, False)]


def test_graph_with_branches_and_views():
    x, w = variable([[1.0, 2], [3, 4]]), variable([0.5, 2])
    with autograd.record():
        y = x * w
        z = y[0] + nd.square(y[1]) + x[0:1].sum()
        a, b = nd.split(y, 2, axis=0)
        total = z.sum() + (a * b).sum() * 2
    grad = x.grad
    total.backward()
    assert x.grad is grad
    x0, w0 = x.asnumpy(), w.asnumpy()
    y0 = x0 * w0
    dy = np.array([1 + 2 * y0[1], 2 * y0[1] + 2 * y0[0]])
    np.testing.assert_allclose(x.grad.asnumpy(), dy * w0 + [[2, 2], [0, 0]])
    np.testing.assert_allclose(w.grad.asnumpy(), (dy * x0).sum(0))


@pytest.mark.parametrize("request_, wanted", [("write", 6), ("add", 12), ("null", 0)])
def test_requests(request_, wanted):
    x = variable([3.0], grad_req=request_)
    for _ in range(2):
        with autograd.record():
            y = x * x
        y.backward()
    assert x.grad.asscalar() == wanted


def test_heads_and_head_gradients():
    x = variable([1.0, 2])
    with autograd.record():
        y, z = x * x, 3 * x
    autograd.backward([y, z], [nd.array([1, 10], dtype="float64"), None], retain_graph=True)
    np.testing.assert_array_equal(x.grad.asnumpy(), [5, 43])
    y.backward(nd.array([2, 0], dtype="float64"), retain_graph=True)
    np.testing.assert_array_equal(x.grad.asnumpy(), [4, 0])
    y.backward()
    with pytest.raises(mx.MXNetError, match="retain_graph=True"):
        y.backward()
    z.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [3, 3])


def test_grad_and_mark_variables():
    x, g = nd.array([2.0]), nd.zeros((1,))
    autograd.mark_variables([x], [g])
    with autograd.record():
        y = x**3
    found = autograd.grad(y, [x], retain_graph=True)
    assert found[0].asscalar() == 12 and g.asscalar() == 0
    y.backward()
    assert g.asscalar() == 12
    with pytest.raises(mx.MXNetError, match="create_graph"):
        autograd.grad(y, x, create_graph=True)


def test_what_stops_gradients():
    x = variable([2.0])
    with autograd.record():
        y = x.detach() * x + nd.BlockGrad(x) * x
        with autograd.pause():
            other = x * 5
        y = y + other
    y.backward()
    assert x.grad.asscalar() == 4
    with autograd.record():
        z = x * x
        z.attach_grad()  # begins anew
        (z * 3).backward()
    assert z.grad.asscalar() == 3 and x.grad.asscalar() == 4


def test_refusals():
    x = variable([1.0])
    y = x * x
    for bad in (y, nd.ones((1,))):
        with pytest.raises(mx.MXNetError, match="computational graph"):
            bad.backward()
    with autograd.record():
        y = x * x
        for change in (lambda: x.__setitem__(0, 5), lambda: y.__iadd__(1)):
            with pytest.raises(mx.MXNetError, match="computational graph"):
                change()
    with pytest.raises(ValueError, match="shape"):
        y.backward(nd.ones((2,)))
    with pytest.raises(ValueError, match="'write', 'add' or 'null'"):
        x.attach_grad("twice")
    with pytest.raises(TypeError, match="int32"):
        nd.ones((1,), dtype="int32").attach_grad()
    assert x.asscalar() == 1


@pytest.mark.parametrize("steps", [
    lambda x: nd.argmax(x, axis=0), lambda x: nd.sqrt(x) > 0, lambda x: nd.BlockGrad(nd.log(x)),
    lambda x: nd.round(nd.sqrt(x)), lambda x: nd.pick(nd.ones((3, 3)), x), nd.zeros_like,
    lambda x: nd.reshape_like(nd.ones((3, 1)), x), lambda x: nd.sqrt(x) == nd.ones((3,))])
def test_no_gradient_is_zeros(steps):
    """Not what the last backward left, and not 0 times an infinite slope."""
    x = nd.array([0.0, 1.0, 2.0])
    x.attach_grad()
    x.grad[:] = 5
    with autograd.record():
        y = steps(x)
    y.backward()
    assert x._fresh_grad and not x.grad.asnumpy().any()
    with autograd.record():
        y = (steps(x).sum() + 2 * x)
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [2, 2, 2])


def test_gradients_of_their_own_whatever_comes_back():
    x = variable([[0.0, 0.0]])
    with autograd.record():
        y = nd.argmax(nd.SoftmaxOutput(x, nd.array([1.0])), axis=1)
        z = nd.MakeLoss(x * 3) > 0
    autograd.backward([y, z])
    np.testing.assert_array_equal(x.grad.asnumpy(), [[3.5, 2.5]])


def test_after_backward_results_are_constants():
    """As a state that is carried from one batch to the next."""
    x = variable([3.0])
    with autograd.record():
        state = x * 2
        y = state * state
    y.backward()
    with autograd.record():
        y = state * x
    y.backward()
    assert x.grad.asscalar() == 6
    with pytest.raises(mx.MXNetError, match="retain_graph"):
        y.backward()


def test_a_copy_by_array_is_recorded():
    x = variable([3.0])
    with autograd.record():
        y = nd.array(x) * 2 + nd.array(x, dtype="float32").astype("float64")
    y.backward()
    assert x.grad.asscalar() == 3


def test_assigning_elements():
    z = nd.zeros((3,))
    z[0], z[1:2], z[2] = nd.ones((1,)), nd.full((1, 1), 2), np.array([3.0])
    np.testing.assert_array_equal(z.asnumpy(), [1, 2, 3])
    x, one = variable([1.0, 2]), nd.zeros((1, 2), dtype="float64")
    with autograd.record():
        one[0] = x * 5  # all there is
        middle = nd.zeros((2, 1, 2), dtype="float64")
        middle[:, 0] = nd.stack(x, x * 3)
        for key in (0, slice(1, 3), (slice(None), 0, 1), (..., slice(0, 1))):
            with pytest.raises(mx.MXNetError, match="Inplace operations"):
                nd.zeros((3, 1, 2), dtype="float64")[key] = x[0]
    np.testing.assert_array_equal(middle.asnumpy(), [[[1, 2]], [[3, 6]]])
    autograd.backward([one, middle])
    np.testing.assert_array_equal(x.grad.asnumpy(), [9, 9])


# ---- Losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", ALL, ids=lambda v: v.id)
def test_losses_on_the_tape(v):
    """The kernel's gradients, times whatever comes back, constant or not."""
    rng = np.random.default_rng(3)
    x = v.inputs(rng, (4, 3), "float32", v.unreduced((4, 3)))
    loss = v.loss()
    value, _ = v.run(x, loss)
    arrays = {name: nd.array(a, dtype=a.dtype) for name, a in x.items()}
    wrt = [name for name, a in x.items() if a.dtype.kind == "f"]
    for name in wrt:
        arrays[name].attach_grad()
    np.testing.assert_array_equal(loss(**arrays, **v.call).asnumpy(), value)
    heads = rng.uniform(0.5, 2, value.shape).astype("float32")
    for back, head in ((lambda a: a, 1.0), (lambda a: a.mean(), 1 / value.size),
                       (lambda a: (a * nd.array(heads)).sum(), heads)):
        with autograd.record():
            out = loss(**arrays, **v.call)
            back(out).backward()
        assert isinstance(out, nd.NDArray)
        np.testing.assert_array_equal(out.asnumpy(), value)
        _, grads = v.run(x, loss, head_grad=head)
        for name in wrt:
            np.testing.assert_allclose(
                arrays[name].grad.asnumpy(), grads[name], rtol=2e-6, atol=1e-7)


def test_numpy_calls_are_not_taped():
    pred = np.ones((2, 3), "float32")
    with autograd.record():
        value = mx.gluon.loss.L2Loss()(pred, pred)
    assert isinstance(value, np.ndarray)
    value, grad = mx.gluon.loss.L2Loss().value_and_grad(nd.array(pred), pred)
    assert isinstance(value, nd.NDArray) and isinstance(grad, nd.NDArray)
