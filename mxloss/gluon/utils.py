"""Helpers that training scripts use."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .. import ndarray as nd
from .._ndarray import NDArray
from ..base import MXNetAssertionError, MXNetTypeError, MXNetValueError
from ._parameter import check_context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..context import Context

__all__ = ["clip_global_norm", "split_and_load", "split_data"]


def _array(owner, data):
    if isinstance(data, NDArray):
        return data
    if not isinstance(data, (np.ndarray, list, tuple)):
        raise MXNetTypeError(f"{owner}: data is {data!r}; expected an NDArray")
    return nd.array(data)


@overload
def split_data(
    data: NDArray | Sequence[Any], num_slice: int, batch_axis: int = 0, even_split: bool = True
) -> list[NDArray]: ...
@overload
def split_data(
    data: Array, num_slice: int, batch_axis: int = 0, even_split: bool = True
) -> list[Array]: ...
def split_data(
    data: AnyArray, num_slice: int, batch_axis: int = 0, even_split: bool = True
) -> list[NDArray] | list[Array]:
    """Cut an array into `num_slice` parts along an axis; evenly, unless told otherwise."""
    data = data if isinstance(data, np.ndarray) else _array("split_data", data)
    if not isinstance(num_slice, (int, np.integer)) or num_slice < 1:
        raise MXNetValueError(
            f"split_data: num_slice is {num_slice!r}; expected an integer from 1 on"
        )
    if not isinstance(batch_axis, (int, np.integer)) or not 0 <= batch_axis < data.ndim:
        raise MXNetValueError(
            f"split_data: batch_axis is {batch_axis!r}; expected 0 to {data.ndim - 1}"
        )
    size = data.shape[batch_axis]
    if even_split and size % num_slice:
        raise MXNetValueError(
            f"data with shape {data.shape} cannot be evenly split into {num_slice} slices along "
            f"axis {batch_axis}; take another batch size, or even_split=False"
        )
    step, longer = divmod(size, num_slice)  # the first ones are longer by one
    ends = [i * step + min(i, longer) for i in range(num_slice + 1)]
    before = (slice(None),) * batch_axis
    return [data[(*before, slice(a, b))] for a, b in zip(ends, ends[1:])]


def split_and_load(
    data: AnyArray,
    ctx_list: Context | Sequence[Context],
    batch_axis: int = 0,
    even_split: bool = True,
) -> list[NDArray]:
    """[data] as an NDArray: one device has it all."""
    check_context(ctx_list)
    return [_array("split_and_load", data)]


def clip_global_norm(
    arrays: list[NDArray] | tuple[NDArray, ...], max_norm: float, check_isfinite: bool = True
) -> float:
    """Scale arrays in place such that the norm of them all is at most `max_norm`; returns what it
    was."""
    if not isinstance(arrays, (list, tuple)) or not all(isinstance(a, NDArray) for a in arrays):
        raise MXNetTypeError(f"clip_global_norm: arrays is {arrays!r}; expected a list of NDArrays")
    if not arrays:
        raise MXNetAssertionError("clip_global_norm: arrays is empty")
    if not isinstance(max_norm, (int, float, np.number)) or not max_norm >= 0:
        raise MXNetValueError(
            f"clip_global_norm: max_norm is {max_norm!r}; expected a number from 0 on"
        )
    total = math.sqrt(sum(float(np.square(a._data, dtype=np.float64).sum()) for a in arrays))
    if check_isfinite and not math.isfinite(total):
        warnings.warn("nan or inf is detected. Clipping results will be undefined.", stacklevel=2)
    scale = min(max_norm / (total + 1e-8), 1.0)
    with np.errstate(invalid="ignore"):
        for a in arrays:
            a._data[...] *= a._data.dtype.type(scale)
    return total
