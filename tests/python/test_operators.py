"""The table of operators: values against numpy, gradients against finite differences."""

import numpy as np
import pytest
from operator_calls import (
    BINARY,
    CALLS,
    CUBE,
    INDICES,
    NOT_DIFFERENCES,
    A,
    P,
    near,
    signed,
    softmax,
)

import mxloss as mx
from mxloss import autograd, nd
from mxloss.operators import MIXED, TABLE

EACH = [(name, *call) for name, calls in CALLS.items() for call in calls]


def apply(name, arrays, attributes):
    result = getattr(nd, name)(*[nd.array(a, dtype="float64") for a in arrays], **attributes)
    return result if isinstance(result, list) else [result]


def test_every_operator_is_here():
    assert set(CALLS) == {op.name for op in TABLE.values()} - {"_copy"}


@pytest.mark.parametrize("name, arrays, attributes, expected", EACH, ids=lambda a: str(a)[:20])
def test_values(name, arrays, attributes, expected):
    if expected is None:
        return  # a test of its own below
    found = apply(name, arrays, attributes)
    for a, b in zip(found, expected if len(found) > 1 else [expected]):
        assert a.shape == np.shape(b)
        np.testing.assert_allclose(a.asnumpy(), b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name, arrays, attributes, expected", EACH, ids=lambda a: str(a)[:20])
def test_gradients(name, arrays, attributes, expected):
    if name in NOT_DIFFERENCES:
        return
    inputs = [nd.array(a, dtype="float64") for a in arrays]
    for x in inputs:
        x.attach_grad()
    rng = np.random.default_rng(2)
    with autograd.record():
        found = getattr(nd, name)(*inputs, **attributes)
        found = found if isinstance(found, list) else [found]
    heads = [rng.uniform(0.5, 2, a.shape) for a in found]
    if found[0]._node is None or any(parent is None for parent in found[0]._node[0].parents):
        return
    autograd.backward(found, [nd.array(h, dtype=h.dtype) for h in heads])
    for k, x in enumerate(inputs):
        if k in INDICES.get(name, ()):
            assert not x.grad.asnumpy().any()
            continue
        for i in np.ndindex(x.shape):
            values = []
            for step in (1e-6, -1e-6):
                moved = [a.astype(float).copy() for a in arrays]
                moved[k][i] += step
                outputs = apply(name, moved, attributes)
                values.append(sum((a.asnumpy() * h).sum() for a, h in zip(outputs, heads)))
            slope = (values[0] - values[1]) / 2e-6
            np.testing.assert_allclose(x.grad.asnumpy()[i], slope, rtol=1e-6, atol=1e-7)


def test_fully_connected():
    x, w, b = CUBE, signed(5, 12), near(5)
    found = apply("FullyConnected", (x, w, b), {"num_hidden": 5})[0]
    np.testing.assert_allclose(found.asnumpy(), x.reshape(2, 12) @ w.T + b)
    w = signed(5, 4)
    found = apply("FullyConnected", (x, w), {"no_bias": True, "flatten": False})[0]
    np.testing.assert_allclose(found.asnumpy(), x @ w.T)


def test_dot_moves_one_axis():
    """As MXNet has it for more than two axes: not a transpose."""
    w = signed(2, 5)
    found = apply("dot", (CUBE, w), {"transpose_a": True})[0]
    np.testing.assert_allclose(found.asnumpy(), np.einsum("ijk,il->jkl", CUBE, w))


@pytest.mark.parametrize("kwargs, by", [
    ({}, 4), ({"normalization": "batch"}, 8), ({"normalization": "valid"}, 8),
    ({"normalization": "valid", "use_ignore": True, "ignore_label": 1}, 5)])
def test_softmax_output(kwargs, by):
    """The gradient of the cross entropy, whatever comes back."""
    x = nd.array(signed(2, 3, 4))
    label = np.array([[0, 1, 2, 1], [1, 0, 2, 2]])
    x.attach_grad()
    with autograd.record():
        out = nd.SoftmaxOutput(x, nd.array(label), multi_output=True, **kwargs)
    out.backward(nd.ones(out.shape) * 55)
    wanted = softmax(x.asnumpy(), 1) - (label[:, None] == np.arange(3)[:, None])
    if "use_ignore" in kwargs:
        wanted = wanted * (label != 1)[:, None]
    np.testing.assert_allclose(x.grad.asnumpy(), wanted / by, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kwargs, by", [
    ({}, 1), ({"normalization": "batch"}, 6), ({"normalization": "valid", "grad_scale": 3}, 2),
    ({"normalization": "valid", "use_ignore": True, "ignore_label": 1}, 4)])
@pytest.mark.parametrize("alpha", [0, 0.3])
def test_softmax_output_of_sequences(kwargs, by, alpha):
    """As MXNet 1.9.1 has it, measured; smooth_alpha is what the other classes share."""
    x, label = nd.array(signed(2, 3, 4)), np.array([[0, 1, 2], [1, 3, 0]])
    x.attach_grad()
    with autograd.record():
        attributes = {"preserve_shape": True, "smooth_alpha": alpha, **kwargs}
        out = nd.SoftmaxOutput(x, nd.array(label), **attributes)
    out.backward()
    hot = np.eye(4)[label]
    wanted = softmax(x.asnumpy()) - hot * (1 - alpha) - (1 - hot) * alpha / 3
    if "use_ignore" in kwargs:
        wanted = wanted * (label != 1)[..., None]
    np.testing.assert_allclose(x.grad.asnumpy(), wanted / by, rtol=1e-5, atol=1e-7)


def test_softmax_output_where_the_classes_are_unclear():
    with pytest.raises(ValueError, match="preserve_shape=True.*multi_output=True"):
        nd.SoftmaxOutput(nd.array(CUBE), nd.array(CUBE[..., 0]))


def test_special_values():
    """Half goes down; poles are inf, and what is undefined is NaN."""
    x = nd.array([0.5, 1.5, -0.5, -1.2])
    np.testing.assert_array_equal(nd.rint(x).asnumpy(), [0, 1, -1, -1])
    x = nd.array([-1, 0, np.inf, np.nan, 200])
    np.testing.assert_array_equal(nd.gammaln(x).asnumpy()[:4], [np.inf, np.inf, np.inf, np.nan])
    found = nd.gamma(x).asnumpy()[[0, 2, 3, 4]]
    np.testing.assert_array_equal(found, [np.nan, np.inf, np.nan, np.inf])
    np.testing.assert_array_equal(nd.erf(nd.array([-np.inf, 0, np.inf])).asnumpy(), [-1, 0, 1])


def test_interpolation():
    """The corners stay where they are, or the areas do."""
    x = nd.array(np.arange(12).reshape(1, 1, 3, 4))
    corners = nd.contrib.BilinearResize2D(x, height=5, width=2).asnumpy()
    np.testing.assert_allclose(corners[0, 0], [[0, 3], [2, 5], [4, 7], [6, 9], [8, 11]])
    areas = nd.contrib.BilinearResize2D(x, height=5, width=2, align_corners=False).asnumpy()
    rows = [[0.5, 2.5], [2.1, 4.1], [4.5, 6.5], [6.9, 8.9], [8.5, 10.5]]  # MXNet's numbers
    np.testing.assert_allclose(areas[0, 0], rows, rtol=1e-6)


def test_softmax_output_of_more_axes():
    """Classes are all axes but the first, unless told otherwise."""
    x = nd.array(CUBE)
    out, flat = nd.SoftmaxOutput(x, nd.zeros(2)).asnumpy(), CUBE.reshape(2, 12)
    np.testing.assert_allclose(out, softmax(flat).reshape(CUBE.shape), rtol=1e-5)
    x.attach_grad()
    label = nd.array([[0, 3, 1], [5, -1, 2]])  # 5 and -1 are no classes
    with autograd.record():
        out = nd.SoftmaxOutput(x, label, preserve_shape=True, normalization="valid")
    out.backward()
    wanted = softmax(CUBE) - (label.asnumpy()[..., None] == np.arange(4))
    np.testing.assert_allclose(x.grad.asnumpy(), wanted / 5, rtol=1e-5, atol=1e-7)
    with pytest.raises(ValueError, match=r"label has shape \(2, 3\)"):
        nd.SoftmaxOutput(x, label)


def test_places_without_slope_pass_no_nan():
    x = nd.array([-np.inf, -3, 0.5, 3])
    assert (nd.relu(x).asnumpy() == [0, 0, 0.5, 3]).all()
    x.attach_grad()
    with autograd.record():
        y = nd.sqrt(nd.clip(x, 0, 1) - 1) + nd.clip(x, 0, 1) / 0
    y.backward(nd.array([np.nan, np.nan, 1, np.nan]))
    assert (x.grad.asnumpy()[[0, 1, 3]] == 0).all()


def test_sequence_lengths_are_truncated():
    found = nd.SequenceMask(nd.ones((3, 2)), nd.array([0.9, 2.5]), use_sequence_length=True)
    np.testing.assert_array_equal(found.asnumpy(), [[0, 1], [0, 1], [0, 0]])


def test_ctc_is_the_loss():
    data, label = signed(5, 3, 4), np.array([[1, 2], [3, 0], [0, 0]])
    found = apply("CTCLoss", (data, label), {})[0].asnumpy()
    loss = mx.gluon.loss.CTCLoss(layout="TNC")
    np.testing.assert_allclose(found, loss(np.roll(data, -1, 2), label - 1))
    last = apply("CTCLoss", (np.roll(data, -1, 2), label - 1), {"blank_label": "last"})[0]
    np.testing.assert_array_equal(last.asnumpy(), found)


def test_dropout():
    mx.random.seed(3)
    x = nd.ones((1000, 40))
    x.attach_grad()
    for axes in ((), (1,)):
        with autograd.record():
            y = nd.Dropout(x, p=0.25, axes=axes)
        y.backward()
        value = y.asnumpy()
        np.testing.assert_array_equal(value, x.grad.asnumpy())  # the same are dropped on the way back
        assert set(np.unique(value)) == {0, np.float32(1 / 0.75)}
        rows = 1000 if axes else 40_000
        assert abs((value == 0).mean() - 0.25) < 4 * (0.25 * 0.75 / rows) ** 0.5
        if axes:
            assert (value == value[:, :1]).all()
    np.testing.assert_array_equal(nd.Dropout(x, p=0.25).asnumpy(), x.asnumpy())
    assert (nd.Dropout(x, p=0.25, mode="always").asnumpy() == 0).any()
    with pytest.raises(ValueError, match="p is 1"):
        nd.Dropout(x, p=1)


@pytest.mark.parametrize("name", MIXED)
def test_numbers_and_arrays(name):
    f = BINARY[MIXED[name]]
    x, y = nd.array(P), nd.array(P[::-1].copy())
    for a, b in ((x, y), (x, 0.75), (0.75, x)):
        p, q = (c.asnumpy() if isinstance(c, nd.NDArray) else c for c in (a, b))
        np.testing.assert_allclose(getattr(nd, name)(a, b).asnumpy(), f(p, q), rtol=1e-6)
    assert getattr(nd, name)(2, 3.5) == f(2, 3.5)


@pytest.mark.parametrize("call, error, phrases", [
    (lambda x: nd.pick(x), TypeError, ["pick", "'index'"]),
    (lambda x: nd.pick(x, [1]), TypeError, ["pick", "input 1", "list", "NDArray"]),
    (lambda x: x + nd.ones((5,)), ValueError, ["(3, 4)", "(5,)"]),
    (lambda x: nd.sum(x, axis=2), ValueError, ["sum", "axis is 2", "-2 to 1"]),
    (lambda x: nd.sum(x, axis="0"), TypeError, ["sum", "axis must be an integer"]),
    (lambda x: nd.reshape(x, shape=(5, -1)), ValueError, ["reshape", "(3, 4)"]),
    (lambda x: nd.reshape(x, shape=(0, 0, 0)), ValueError, ["more axes"]),
    (lambda x: nd.Activation(x, act_type="swish"), ValueError, ["act_type", "swish", "softrelu"]),
    (lambda x: nd.LeakyReLU(x, act_type="prelu"), ValueError, ["act_type", "prelu", "elu"]),
    (lambda x: nd.diag(x, k=9), ValueError, ["diag", "k is 9", "(3, 4)"]),
    (lambda x: nd.moveaxis(x, 0, 5), ValueError, ["moveaxis", "5"]),
    (lambda x: nd.topk(x, k=5), ValueError, ["topk", "k is 5", "at most 4"]),
    (lambda x: nd.norm(x, ord=3), ValueError, ["norm", "ord is 3"]),
    (lambda x: nd.concat(x, nd.ones((2, 2)), dim=1), ValueError, ["concat", "(2, 2)"]),
    (lambda x: nd.square(x, foo=1), TypeError, ["square", "foo"]),
    (lambda x: nd.Convolution(x), AttributeError, ["Convolution", "losses", "numpy"]),
    (lambda x: x + "a", TypeError, ["str"]), (lambda x: nd.take(x, nd.array([np.nan])), ValueError,
                                              ["take", "NaN"])], ids=lambda a: str(a)[:9])
def test_errors(call, error, phrases):
    with pytest.raises(error) as caught:
        call(nd.array(A))
    for phrase in phrases:
        assert phrase in str(caught.value)


MOST_AXES = 32 if np.lib.NumpyVersion(np.__version__) < "2.0.0" else 64


@pytest.mark.parametrize("pick", [nd.Embedding, lambda i, t: nd.take(t, i)])
@pytest.mark.parametrize("axes", [16, 20, MOST_AXES // 2 + 3])
def test_picking_from_many_axes(pick, axes):
    """Of an index and an array with more axes together than numpy's add.at has room for."""
    table = nd.NDArray(np.arange(3.0).reshape(3, *[1] * (axes - 1)))
    places = nd.NDArray(np.array([2.0, 0, 2]).reshape(3, *[1] * (axes - 1)))
    table.attach_grad()
    if 2 * axes - 1 > MOST_AXES:
        with pytest.raises(ValueError, match=str(MOST_AXES)):
            pick(places, table)
        return
    with autograd.record():
        picked = pick(places, table)
    picked.backward()
    assert picked.shape == (3,) + (1,) * (2 * axes - 2)
    np.testing.assert_array_equal(table.grad.asnumpy().ravel(), [1, 0, 2])
