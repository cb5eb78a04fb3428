"""Helpers that training scripts use."""

from __future__ import annotations

import math
import warnings

import numpy as np

from .. import ndarray as nd
from .._ndarray import NDArray
from ..base import MXNetValueError
from ._parameter import check_context

__all__ = ["clip_global_norm", "split_and_load", "split_data"]


def split_data(data, num_slice, batch_axis=0, even_split=True):
    """Cut an array into `num_slice` parts along an axis; evenly, unless told otherwise."""
    size = data.shape[batch_axis]
    if size < num_slice or (even_split and size % num_slice):
        raise MXNetValueError(
            f"data with shape {data.shape} cannot be evenly split into {num_slice} slices along "
            f"axis {batch_axis}"
        )
    step = size // num_slice
    ends = [*(i * step for i in range(num_slice)), size]
    return [nd.slice_axis(data, batch_axis, a, b) for a, b in zip(ends, ends[1:])]


def split_and_load(data, ctx_list, batch_axis=0, even_split=True):
    """[data] as an NDArray: one device has it all."""
    check_context(ctx_list)
    return [data if isinstance(data, NDArray) else nd.array(data)]


def clip_global_norm(arrays, max_norm, check_isfinite=True):
    """Scale arrays in place such that the norm of them all is at most `max_norm`; returns what it
    was."""
    if not arrays:
        raise MXNetValueError("clip_global_norm: arrays is empty")
    total = math.sqrt(sum(float(np.square(a._data, dtype=np.float64).sum()) for a in arrays))
    if check_isfinite and not math.isfinite(total):
        warnings.warn("nan or inf is detected. Clipping results will be undefined.", stacklevel=2)
    scale = min(max_norm / (total + 1e-8), 1.0)
    for a in arrays:
        a._data[...] *= a._data.dtype.type(scale)
    return total
