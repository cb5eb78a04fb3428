"""bfloat16 of ml_dtypes: stored so, computed in float32; every loss, value and gradients."""

import ml_dtypes
import numpy as np
import pytest
from row_cases import ALL

BF16 = np.dtype(ml_dtypes.bfloat16)


def rounded(a):
    """float32 numbers that are bfloat16's."""
    return a.astype(BF16).astype("float32")


@pytest.mark.parametrize("v", ALL, ids=lambda v: v.id)
def test_as_float32_and_rounded_once(v):
    rng = np.random.default_rng(11)
    x = v.inputs(rng, (6, 5))
    floats = [name for name, a in x.items() if a.dtype.kind == "f"]
    exact = {name: rounded(a) if name in floats else a for name, a in x.items()}
    stored = {name: a.astype(BF16) if name in floats else a for name, a in exact.items()}
    loss = v.loss()
    value, grads = loss.value_and_grad(**exact, wrt=floats)
    for inputs in (stored, {k: np.asfortranarray(a) for k, a in stored.items()}):
        for _ in range(2):
            value16, grads16 = loss.value_and_grad(**inputs, wrt=floats)
            assert value16.dtype == BF16
            np.testing.assert_array_equal(value16.astype("f4"), rounded(value))
            for name, a, b in zip(floats, grads16, grads):
                assert a.dtype == BF16 and a.shape == b.shape, name
                np.testing.assert_array_equal(a.astype("f4"), rounded(b), err_msg=name)
    np.testing.assert_array_equal(loss(**stored).astype("f4"), rounded(value))


def test_plain_calls_and_outputs():
    from mxloss.gluon.loss import L2Loss

    rng = np.random.default_rng(2)
    pred, label = (rng.standard_normal((8, 3)).astype(BF16) for _ in range(2))
    wanted = L2Loss().value_and_grad(pred.astype("f4"), label.astype("f4"))
    loss, out = L2Loss(), (np.empty(8, BF16), np.empty((8, 3), BF16))
    for _ in range(3):
        assert loss(pred, label).dtype == BF16
        value, grad = loss.value_and_grad(pred, label, out=out)
        assert value is out[0] and grad is out[1]
        np.testing.assert_array_equal(grad.astype("f4"), rounded(wanted[1]))
    mixed = loss.value_and_grad(pred, label.astype("f4"))[1]
    np.testing.assert_array_equal(mixed.astype("f4"), rounded(wanted[1]))
    with pytest.raises(TypeError, match="float8"):
        loss(pred.astype(ml_dtypes.float8_e4m3), label)
