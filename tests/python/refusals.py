"""What every refusal has to do."""

import numpy as np
import pytest

import mxloss as mx


def refused(error, phrases, function, *args, **kwargs):
    """function(...) raises this class, which is an MXNetError too, and says all of the phrases."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    assert isinstance(caught.value, mx.MXNetError), repr(caught.value)
    for phrase in phrases:
        assert phrase in str(caught.value), f"{phrase!r} is missing in {caught.value!s}"


def call_refused(v, x, error, *phrases, loss=None, **kwargs):
    """The loss's call and value_and_grad refuse x, and do not write to `out`."""
    loss = loss or v.loss()
    good = v.inputs(np.random.default_rng(1), (4, 3), "float32")
    value, grads = v.run(good, wrt=[v.names[0]])
    phrases = (v.case.name, *phrases)
    if not kwargs:
        refused(error, phrases, loss, **x, **v.call)
    outputs = np.full_like(value, 77.25), np.full_like(grads[v.names[0]], 77.25)
    refused(error, phrases, loss.value_and_grad, **x, **v.call, **kwargs)
    refused(error, phrases, loss.value_and_grad, **x, **v.call, **{"out": outputs, **kwargs})
    for a in outputs:
        np.testing.assert_array_equal(a, np.full_like(a, 77.25))
