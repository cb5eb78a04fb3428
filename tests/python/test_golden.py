"""Numbers of the real MXNet 1.9.1, recorded, or of our decision to differ."""

import golden
import numpy as np
import pytest

import mxloss as mx

CASES = golden.cases()


def make(case):
    return getattr(mx.gluon.loss, case.loss)(**case.ctor)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recorded(case):
    inputs = [*case.inputs, *case.scalars.values()]
    if case.refused:  # some by the constructor
        with pytest.raises(ValueError):
            make(case)(*inputs)
        with pytest.raises(mx.MXNetError):
            make(case).value_and_grad(*inputs)
        return
    loss = make(case)
    close = dict(rtol=case.rtol, atol=case.atol, equal_nan=True)
    value = loss(*inputs)
    assert value.dtype == case.value.dtype and value.shape == case.value.shape
    np.testing.assert_allclose(value, case.value, **close)
    names = list(case.grads)
    same, grads = loss.value_and_grad(*inputs, wrt=names, head_grad=case.head)
    np.testing.assert_array_equal(same, value)
    for name, grad in zip(names, grads):
        expected = case.grads[name]
        assert grad.dtype == expected.dtype and grad.shape == expected.shape
        np.testing.assert_allclose(grad, expected, **close, err_msg=name)


def test_enough_cases():
    assert len(CASES) == 132
    assert sum(case.refused for case in CASES) == 6
    assert sum(case.decided for case in CASES) == 9


def test_clipped_labels_as_recorded():
    """The recording that out_of_range='raise' refuses is what 'clip' gives."""
    (case,) = [c for c in CASES if c.name == "SoftmaxCrossEntropyLoss__09_label_clip_and_truncate"]
    loss = mx.gluon.loss.SoftmaxCELoss(**case.ctor, out_of_range="clip")
    value, grad = loss.value_and_grad(*case.inputs, head_grad=case.head)
    np.testing.assert_allclose(value, case.value, rtol=case.rtol, atol=case.atol)
    np.testing.assert_allclose(grad, case.grads["pred"], rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("row", golden.refusals(), ids=lambda row: f"{row['loss']}: {row['why']}")
def test_refusals(row):
    inputs = [None if spec is None else np.full(spec[0], spec[2] if len(spec) > 2 else 1, spec[1])
              for spec in row["inputs"]]

    def call():
        return getattr(mx.gluon.loss, row["loss"])(**row["ctor"])(*inputs, *row["scalars"].values())

    if row["relaxed"]:
        assert np.isfinite(call()).all()
        return
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    message = str(caught.value)
    assert row["loss"] in message or "unexpected keyword" in message
