"""Gradients: against finite differences in float64, and float32 against float64."""

import numpy as np
import pytest
from cases import by_id, described
from row_cases import ALL

SHAPES = [((4,), 0), ((4, 3), 0), ((4, 3), 1), ((2, 3, 2), -1), ((2, 3, 2), 1)]
POINTS = [(v, shape, batch_axis) for v in ALL for shape, batch_axis in SHAPES if v.fits(shape)]


def differences(function, x, name, step=1e-5):
    """d function / d x[name] by central differences."""
    found = np.empty(x[name].shape)
    for i in np.ndindex(found.shape):
        moved = [dict(x, **{name: x[name].copy()}) for _ in range(2)]
        moved[0][name][i] += step
        moved[1][name][i] -= step
        width = moved[0][name][i] - moved[1][name][i]
        found[i] = (function(moved[0]) - function(moved[1])) / width
    return found


@pytest.mark.parametrize("v, shape, batch_axis", POINTS, ids=described)
def test_finite_differences(v, shape, batch_axis):
    rng = np.random.default_rng(1)
    loss = v.loss(batch_axis)
    for weight in [None, *v.weight_shapes(shape)]:
        x = v.inputs(rng, shape, weight=weight, clear=True)
        head = rng.uniform(-2, 2, loss(**x, **v.call).shape)
        value, grads = v.run(x, loss, head_grad=head)
        np.testing.assert_array_equal(value, loss(**x, **v.call))
        for name, grad in grads.items():
            expected = differences(lambda moved: (loss(**moved, **v.call) * head).sum(), x, name)
            size = np.abs(expected).max()
            np.testing.assert_allclose(grad, expected, rtol=1e-6, atol=1e-7 * size,
                                       err_msg=f"{name}, sample_weight {weight}")


@pytest.mark.parametrize("v, shape, batch_axis", POINTS, ids=described)
def test_float32_like_float64(v, shape, batch_axis):
    rng = np.random.default_rng(2)
    loss = v.loss(batch_axis)
    for weight in [None, *v.weight_shapes(shape)]:
        x = v.inputs(rng, shape, "float32", weight, clear=True)
        wide = {name: a.astype(np.float64) if a.dtype.kind == "f" else a for name, a in x.items()}
        head = rng.uniform(0.5, 2, loss(**x, **v.call).shape).astype("float32")
        value, grads = v.run(x, loss, head_grad=head)
        expected_value, expected = v.run(wide, loss, head_grad=head)
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, expected_value, rtol=2e-6, atol=1e-6)
        for name, grad in grads.items():
            assert grad.dtype == np.float32
            size = np.abs(expected[name]).max()
            np.testing.assert_allclose(grad, expected[name], rtol=2e-6, atol=1e-6 * size,
                                       err_msg=f"{name}, sample_weight {weight}")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("v", [v for v in ALL if v.sparse], ids=by_id)
def test_class_numbers_have_no_slope(v, dtype):
    """Floats are accepted as class numbers, and so may be asked for a gradient: zeros."""
    x = v.inputs(np.random.default_rng(3), (4, 3), weight=None)
    x["label"] = x["label"].astype(dtype)
    _, grads = v.run(x)
    assert grads["label"].dtype == dtype
    np.testing.assert_array_equal(grads["label"], np.zeros(x["label"].shape))


@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_wrt_and_head_grad(v):
    """One gradient by default and by name or number, several as a tuple; a number as head_grad."""
    rng = np.random.default_rng(4)
    x = v.inputs(rng, (4, 3), weight=v.unreduced((4, 3)))
    loss = v.loss()
    value, grads = v.run(x, loss, head_grad=2.0)
    same = v.run(x, loss, head_grad=np.full(value.shape, 2.0))[1]
    one = v.run(x, loss)[1]
    positions = [x.get(name) for name in v.names]
    plain = loss.value_and_grad(*positions, **v.call)[1]
    np.testing.assert_array_equal(plain, one[v.names[0]])
    np.testing.assert_array_equal(loss(*positions, *v.call.values()), value)
    for name, grad in grads.items():
        np.testing.assert_array_equal(grad, same[name])
        np.testing.assert_allclose(grad, 2 * one[name], rtol=1e-15)
        for wrt in (name, v.names.index(name)):
            single = loss.value_and_grad(**x, **v.call, wrt=wrt)[1]
            np.testing.assert_array_equal(single, one[name], err_msg=f"wrt={wrt!r} alone")
