"""Any memory layout and any real dtype gives the bits that a contiguous copy gives."""

import itertools

import numpy as np
import pytest
from cases import FLOATS, VARIANTS, by_id, described, variant
from layouts import LAYOUTS, rotated, stepped
from row_cases import ALL

import mxloss as mx

SHAPES = [((4, 5, 6), 0), ((4, 5, 6), 1), ((300, 7), -1)]


def assert_same(v, x, other, loss=None, head=None):
    value, grads = v.run(x, loss, head_grad=head)
    same, same_grads = v.run(other, loss, list(grads), head)
    np.testing.assert_array_equal(same, value)
    assert same.dtype == value.dtype
    for name, grad in grads.items():
        np.testing.assert_array_equal(same_grads[name], grad, err_msg=name)
        assert np.array_equal(np.signbit(same_grads[name]), np.signbit(grad)), name


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_layouts(v, layout):
    rng = np.random.default_rng(1)
    for (shape, batch_axis), dtype in itertools.product(SHAPES, FLOATS):
        loss = v.loss(batch_axis)
        x = v.inputs(rng, shape, dtype, v.unreduced(shape))
        head = rng.standard_normal(loss(**x, **v.call).shape)
        for name in x:  # each input alone
            assert_same(v, x, {**x, name: layout(x[name])}, loss, head)
        assert_same(v, x, {n: layout(a) for n, a in x.items()}, loss, layout(head))


def spread(a):
    """a with one row, column, ... everywhere: as zero strides, along each set of axes."""
    for axes in np.ndindex((2,) * a.ndim):
        if any(axes):
            first = tuple(slice(0, 1) if i else slice(None) for i in axes)
            yield np.broadcast_to(a[first], a.shape)


@pytest.mark.parametrize("shape, batch_axis", SHAPES, ids=described)
@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_zero_strides(v, shape, batch_axis):
    rng = np.random.default_rng(2)
    loss = v.loss(batch_axis)
    x = v.inputs(rng, shape, "float32", v.unreduced(shape))
    head = rng.standard_normal(loss(**x, **v.call).shape)
    for name in x:
        for a in spread(x[name]):
            assert_same(v, {**x, name: a.copy()}, {**x, name: a}, loss, head)
    for a in spread(head):
        value, grads = v.run(x, loss, head_grad=a.copy())
        for n, grad in v.run(x, loss, head_grad=a)[1].items():
            np.testing.assert_array_equal(grad, grads[n], err_msg=f"{n} with constant head_grad")


@pytest.mark.parametrize("v", [v for v in VARIANTS if not v.sparse and v.case.name != "KLDivLoss"],
                         ids=by_id)
@pytest.mark.parametrize("layout", LAYOUTS[:4], ids=lambda f: f.__name__)
def test_label_of_another_shape(v, layout):
    """Read row by row whatever its strides are, for every class axis."""
    x = v.inputs(np.random.default_rng(3), (4, 5, 6), "float32")
    label = v.names[1]
    for shape in [(120,), (6, 20), (20, 6), (2, 2, 5, 6), (5, 4, 6)]:
        other = {**x, label: x[label].reshape(shape)}
        assert_same(v, other, {**other, label: layout(other[label])})


@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_lists(v):
    """Labels and weights, head_grad too, may be lists and numbers."""
    x = v.inputs(np.random.default_rng(4), (3, 4), "float32", v.unreduced((3, 4)))
    lists = {name: a if name == v.names[0] else a.tolist() for name, a in x.items()}
    loss = v.loss()
    value, grad = loss.value_and_grad(**x, **v.call)
    head = np.arange(value.size).reshape(value.shape) - 0.5
    np.testing.assert_array_equal(loss(**lists, **v.call), value)
    grad = loss.value_and_grad(**x, **v.call, head_grad=head)[1]
    same = loss.value_and_grad(**lists, **v.call, head_grad=head.tolist())[1]
    np.testing.assert_array_equal(same, grad)
    if "sample_weight" not in x:
        return
    number = loss.value_and_grad(**{**x, "sample_weight": 2}, **v.call)[0]
    weight = np.full((), 2, "float32")
    np.testing.assert_array_equal(number, loss(**{**x, "sample_weight": weight}, **v.call))


# ---- Dtypes --------------------------------------------------------------------------------------

REAL = [np.dtype(c) for c in "?bBhHiIqQefd"]


@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_dtypes_of_labels_and_weights(v):
    """They are converted to the compute type before anything else; a gradient has their own."""
    rng = np.random.default_rng(5)
    for dtype, pred in itertools.product(REAL, ("float16", *FLOATS)):
        compute = np.result_type(pred, np.float32)
        x = v.inputs(rng, (5, 3), pred, v.unreduced((5, 3)))
        small = {n: a if n == v.names[0] or v.sparse and a.dtype.kind == "i" else
                 rng.integers(0, 2 if dtype.kind == "b" else 4, a.shape).astype(dtype)
                 for n, a in x.items()}
        plain = {n: a.astype(compute) if a is not x[n] else a for n, a in small.items()}
        head = rng.integers(0, 2, v.loss()(**x, **v.call).shape).astype(dtype)
        value, grads = v.run(small, head_grad=head)
        same, same_grads = v.run(plain, head_grad=head.astype(compute), wrt=list(grads))
        assert value.dtype == pred
        np.testing.assert_array_equal(value, same)
        for name, grad in grads.items():
            assert grad.dtype == small[name].dtype
            np.testing.assert_array_equal(grad, same_grads[name].astype(grad.dtype),
                                          err_msg=f"{name} {dtype}")


@pytest.mark.parametrize("dtype", ["int64", "uint64", "float64"])
def test_big_numbers_are_rounded_once(dtype):
    label = np.array([2**53 + 1, 2**62 + 2**38 + 1, 2**24 + 1, 3], dtype)
    for pred in FLOATS:
        zero = np.zeros(4, pred)
        np.testing.assert_array_equal(mx.gluon.loss.L1Loss()(zero, label), label.astype(pred))


@pytest.mark.parametrize("dtype", REAL, ids=str)
@pytest.mark.parametrize("axis", [1, 0])
def test_class_numbers_of_any_dtype(dtype, axis):
    for classes in (2, 5, 70):
        rng = np.random.default_rng(6)
        pred = rng.standard_normal((classes, 40) if axis == 0 else (40, classes)).astype("float32")
        label = rng.integers(0, 2 if dtype.kind == "b" else classes, 40)
        loss = mx.gluon.loss.SoftmaxCELoss(axis=axis, batch_axis=1 - axis)
        value, grad = loss.value_and_grad(pred, label)
        same = loss.value_and_grad(pred, label.astype(dtype))
        np.testing.assert_array_equal(same[0], value)
        np.testing.assert_array_equal(same[1], grad)


@pytest.mark.parametrize("bad, dtype", [
    (2**53 + 1, "int64"), (-(2**53) - 1, "int64"), (2**63 - 1, "int64"), (-(2**63), "int64"),
    (2**53 + 1, "uint64"), (2**64 - 1, "uint64"), (2**32, "int64"), (2**32, "uint64"),
    (2**31, "uint32"), (2**16 - 1, "uint16"), (255, "uint8"), (-1, "int8"), (-128, "int8"),
    (-1, "int16"), (-(2**31), "int32"), (3, "int32")], ids=str)
def test_big_class_numbers_are_refused_exactly(bad, dtype):
    """They never pass through a floating type, nor through fewer bits."""
    label = np.array([0, 2, bad, 1], dtype)
    with pytest.raises(ValueError, match=rf"label\[2\] is {bad}; .* from 0 to 2$"):
        mx.gluon.loss.SoftmaxCELoss()(np.zeros((4, 3)), label)
    clip = mx.gluon.loss.SoftmaxCELoss(out_of_range="clip")
    pred = np.random.default_rng(7).standard_normal((4, 3))
    np.testing.assert_array_equal(
        clip(pred, label), clip(pred, np.array([0, 2, 2 if bad > 0 else 0, 1])))


@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_float16_is_float32_rounded(v):
    """One rounding, of the result: sums do not overflow or lose digits on the way."""
    rng = np.random.default_rng(8)
    for shape in [(7, 5), (3, 1000), (1, 3)]:
        if not v.fits(shape):
            continue
        x = v.inputs(rng, shape, "float16", v.unreduced(shape))
        wide = {n: a.astype("float32") if a.dtype.kind == "f" else a for n, a in x.items()}
        value, grads = v.run(x)
        expected, expected_grads = v.run(wide)
        np.testing.assert_array_equal(value, expected.astype("float16"))
        for name, grad in grads.items():
            assert grad.dtype == "float16"
            same = expected_grads[name].astype("float16")
            np.testing.assert_array_equal(grad, same, err_msg=name)
    constant = mx.gluon.loss.L2Loss()(np.full((2, 70000), 100, "float16"), np.zeros((2, 70000)))
    np.testing.assert_array_equal(constant, [5000, 5000])


def test_strided_and_mixed_calls_leave_no_trace():
    """Call records are reused: a strided call must not change the next, contiguous one."""
    v = variant("SoftmaxCrossEntropyLoss")
    x = v.inputs(np.random.default_rng(9), (6, 4), "float32", (6, 1))
    expected = v.run(x)
    v.run({n: stepped(a) for n, a in x.items()})
    v.run({"pred": x["pred"][:3], "label": x["label"][:3]})
    with pytest.raises(ValueError):
        v.run({**x, "label": x["label"][:3]})
    again = v.run(x)
    np.testing.assert_array_equal(again[0], expected[0])
    np.testing.assert_array_equal(again[1]["pred"], expected[1]["pred"])


@pytest.mark.parametrize("layout", [np.asfortranarray, rotated], ids=lambda f: f.__name__)
@pytest.mark.parametrize("v", [v for v in VARIANTS if v.has_classes], ids=by_id)
def test_image_layouts(v, layout):
    """Images: channels first in the shape, in any order in memory. Sums have a fixed order."""
    x = v.inputs(np.random.default_rng(10), (2, 3, 70, 66), "float32", axis=1)
    for batch_axis in (0, 2):
        loss = v.loss(batch_axis, axis=1)
        assert_same(v, x, {**x, "pred": layout(x["pred"])}, loss)
