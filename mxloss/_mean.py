"""The mean of a loss under record, the step between almost every loss and its backward, without
detours through the table of operators."""

import numpy as np

from . import autograd
from ._ndarray import NDArray, wrap
from ._observe import watching


def mean_of_loss(x):
    """The mean of a loss's values on the tape, as the operator gives it; None for anything else."""
    if type(x) is not NDArray or not autograd._state.modes[0] or watching.callbacks:
        return None
    data, source = x._data, x._source()
    if type(source) is not tuple or type(source[0]) is not autograd.LossNode:
        return None
    dtype, count = data.dtype, data.size
    if dtype.char not in "fd" or not count:
        return None
    with np.errstate(all="ignore"):
        value = np.add.reduce(data.reshape(-1), keepdims=True) / dtype.type(count)

    def pullback(g):
        return (np.broadcast_to((g / count).reshape(()), data.shape),)

    result = wrap(value)
    result._node = autograd.MeanNode(source, value, count, pullback), 0
    return result
