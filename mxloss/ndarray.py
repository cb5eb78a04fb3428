"""NDArray, and the operators as functions: `mx.nd`, and the `F` of a custom loss.

An NDArray holds a numpy array. Operators are in mxloss.operators; numpy does the arithmetic.
"""

from __future__ import annotations

import sys

import numpy as np

from . import _ndarray as ndarray  # noqa: F401  (scripts compare F with nd.ndarray)
from . import random
from ._files import load, load_frombuffer, save  # noqa: F401
from ._functions import finder, functions_of_table
from ._mean import mean_of_loss
from ._ndarray import NDArray, _mixed, invoke
from .base import MXNetValueError


def _make_function(entry, name):
    quick = mean_of_loss if entry.name == "mean" else None

    def function(*args, out=None, **kwargs):
        if quick is not None and len(args) == 1 and out is None and not kwargs:
            result = quick(*args)
            if result is not None:
                return result
        kwargs.pop("name", None)  # for symbols
        kwargs.pop("ctx", None)
        arrays, attributes = entry.bind(args, kwargs)
        return invoke(entry, arrays, attributes, out)

    return function


_functions = functions_of_table(
    NDArray, _make_function, _mixed, "two NDArrays, or of one and a number; they broadcast."
)
globals().update({name: f for name, f in _functions.items() if not name.startswith("_")})
__getattr__ = finder(
    _functions,
    "nd",
    "For anything else compute with numpy, on x.asnumpy(), or compose it of the operators in "
    "dir(mxloss.nd)",
)


# ---- Making arrays -------------------------------------------------------------------------------


def array(source_array, ctx=None, dtype=None):
    """An NDArray of anything that numpy takes; float32 unless `dtype` or an NDArray says so."""
    if isinstance(source_array, NDArray):
        return source_array.astype(dtype or source_array.dtype)
    try:
        return NDArray(np.array(source_array, dtype or np.float32))
    except (ValueError, TypeError) as error:
        raise MXNetValueError(f"array: {error}") from None


def _filled(value):
    def make(shape, ctx=None, dtype="float32", **ignored):
        return NDArray(np.full(shape, value, dtype or "float32"))

    return make


zeros, ones, empty = _filled(0), _filled(1), _filled(0)
zeros.__doc__ = "An array of zeros: shape, ctx, dtype."
ones.__doc__ = "An array of ones: shape, ctx, dtype."


def full(shape, val, ctx=None, dtype="float32", out=None):
    """An array with the same number everywhere."""
    return NDArray(np.full(shape, val, dtype or "float32"))


def eye(N, M=0, k=0, ctx=None, dtype="float32"):
    """Ones on the k-th diagonal of an N x M matrix; M = 0 means N."""
    return NDArray(np.eye(N, M or None, k, dtype))


def arange(start, stop=None, step=1.0, repeat=1, infer_range=False, ctx=None, dtype="float32"):
    """Numbers from start to before stop, each `repeat` times."""
    start, stop = (0, start) if stop is None else (start, stop)
    return NDArray(np.repeat(np.arange(start, stop, step), repeat).astype(dtype))


def linspace(start, stop, num, endpoint=True, ctx=None, dtype="float32"):
    """`num` numbers from start to stop, at equal distances."""
    return NDArray(np.linspace(start, stop, num, endpoint).astype(dtype or "float32"))


def moveaxis(tensor, source, destination):
    """An axis, or a sequence of them, moved to other places."""
    try:  # where numpy would have them
        named = np.broadcast_to(0, range(1, tensor.ndim + 1))  # each length is an axis and 1
        numbers = np.moveaxis(named, source, destination).shape
    except ValueError as error:
        raise MXNetValueError(f"moveaxis: {error}") from None
    return tensor.transpose([n - 1 for n in numbers])


def concatenate(arrays, axis=0, always_copy=True):
    """Arrays joined along an axis."""
    return _functions["concat"](*arrays, dim=axis)


def waitall():
    """Nothing: mxloss computes at once."""


def Custom(*args, op_type=None, **kwargs):
    """An operator of one's own: see `mx.operator`."""
    from .operator import custom

    return custom(*args, op_type=op_type, **kwargs)


random_uniform, random_normal = random.uniform, random.normal
sys.modules[__package__ + ".nd"] = sys.modules[__name__]  # `import mxloss.nd` is this module


class _Contrib:
    """`nd.contrib`: what MXNet has under more than one name."""

    CTCLoss = ctc_loss = staticmethod(_functions["CTCLoss"])
    arange_like = staticmethod(_functions["_contrib_arange_like"])
    BilinearResize2D = staticmethod(_functions["_contrib_BilinearResize2D"])


contrib = _Contrib()
