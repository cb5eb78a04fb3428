"""NDArray, and the operators as functions: `mx.nd`, and the `F` of a custom loss.

An NDArray holds a numpy array. Operators are in mxloss.operators; numpy does the arithmetic.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _ndarray as ndarray  # noqa: F401  (scripts compare F with nd.ndarray)
from . import random as random
from ._array_functions import *  # noqa: F403
from ._array_functions import CTCLoss
from ._array_functions import functions as _functions
from ._files import load as load
from ._files import load_frombuffer as load_frombuffer
from ._files import save as save
from ._functions import finder as _finder
from ._ndarray import NDArray as NDArray
from .base import MXNetValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._typing import DType, Number, Shape
    from .context import Context


if not TYPE_CHECKING:  # to which names that are not there are errors
    __getattr__ = _finder(
        _functions,
        "nd",
        "For anything else compute with numpy, on x.asnumpy(), or compose it of the operators in "
        "dir(mxloss.nd)",
    )


# ---- Making arrays -------------------------------------------------------------------------------


def array(source_array: Any, ctx: Context | None = None, dtype: DType = None) -> NDArray:
    """An NDArray of anything that numpy takes; float32 unless `dtype` or an NDArray says so."""
    if isinstance(source_array, NDArray):
        return source_array.astype(dtype or source_array.dtype)
    try:
        return NDArray(np.array(source_array, dtype or np.float32))
    except (ValueError, TypeError, OverflowError) as error:
        raise MXNetValueError(f"array: {error}") from None


def zeros(
    shape: Shape, ctx: Context | None = None, dtype: DType = "float32", **ignored: Any
) -> NDArray:
    """An array of zeros."""
    return full(shape, 0, dtype=dtype)


def ones(
    shape: Shape, ctx: Context | None = None, dtype: DType = "float32", **ignored: Any
) -> NDArray:
    """An array of ones."""
    return full(shape, 1, dtype=dtype)


empty = zeros  # nothing is gained by leaving memory as it is


def full(
    shape: Shape,
    val: Number,
    ctx: Context | None = None,
    dtype: DType = "float32",
    out: NDArray | None = None,
) -> NDArray:
    """An array with the same number everywhere."""
    try:
        return NDArray(np.full(shape, val, dtype or "float32"))
    except (ValueError, TypeError, OverflowError) as error:
        raise MXNetValueError(f"full: shape {shape!r}, dtype {dtype!r}: {error}") from None


def eye(
    N: int, M: int = 0, k: int = 0, ctx: Context | None = None, dtype: DType = "float32"
) -> NDArray:
    """Ones on the k-th diagonal of an N x M matrix; M = 0 means N."""
    return NDArray(np.eye(N, M or None, k, dtype))


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    ctx: Context | None = None,
    dtype: DType = "float32",
) -> NDArray:
    """Numbers from start to before stop, each `repeat` times."""
    start, stop = (0, start) if stop is None else (start, stop)
    return NDArray(np.repeat(np.arange(start, stop, step), repeat).astype(dtype))


def linspace(
    start: float,
    stop: float,
    num: int,
    endpoint: bool = True,
    ctx: Context | None = None,
    dtype: DType = "float32",
) -> NDArray:
    """`num` numbers from start to stop, at equal distances."""
    return NDArray(np.linspace(start, stop, num, endpoint).astype(dtype or "float32"))


def moveaxis(tensor: NDArray, source: Shape, destination: Shape) -> NDArray:
    """An axis, or a sequence of them, moved to other places."""
    try:  # where numpy would have them
        named = np.broadcast_to(0, range(1, tensor.ndim + 1))  # each length is an axis and 1
        numbers = np.moveaxis(named, source, destination).shape
    except ValueError as error:
        raise MXNetValueError(f"moveaxis: {error}") from None
    return tensor.transpose([n - 1 for n in numbers])


def concatenate(arrays: Sequence[NDArray], axis: int = 0, always_copy: bool = True) -> NDArray:
    """Arrays joined along an axis."""
    return _functions["concat"](*arrays, dim=axis)


def waitall() -> None:
    """Nothing: mxloss computes at once."""


def Custom(*args: NDArray, op_type: str | None = None, **kwargs: Any) -> Any:
    """An operator of one's own: see `mx.operator`."""
    from .operator import custom

    return custom(*args, op_type=op_type, **kwargs)


sys.modules[__package__ + ".nd"] = sys.modules[__name__]  # `import mxloss.nd` is this module


class _Contrib:
    """`nd.contrib`: what MXNet has under more than one name."""

    CTCLoss: Callable[..., NDArray] = staticmethod(CTCLoss)
    ctc_loss: Callable[..., NDArray] = staticmethod(CTCLoss)
    arange_like: Callable[..., NDArray] = staticmethod(_functions["_contrib_arange_like"])
    BilinearResize2D: Callable[..., NDArray] = staticmethod(_functions["_contrib_BilinearResize2D"])


contrib: _Contrib = _Contrib()
