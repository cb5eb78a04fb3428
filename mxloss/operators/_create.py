"""Operators without inputs, which nd has as functions of its own, and ranges along an axis."""

import numpy as np

from .. import random
from ._table import one_axis, operator


def creator(name):
    """For functions of attributes that return an array."""

    def enter(function):
        def entry(*args, **kwargs):
            return function(*args, **kwargs), lambda g: ()

        entry.__wrapped__ = function  # for its signature
        operator(name, arrays=0)(entry)
        return function

    return enter


@creator("_full")
def full(shape=(), value=0.0, dtype="float32", ctx=None):
    return np.full(shape, value, dtype)


@creator("_zeros")
def zeros(shape=(), dtype="float32", ctx=None):
    return np.zeros(shape, dtype)


@creator("_ones")
def ones(shape=(), dtype="float32", ctx=None):
    return np.ones(shape, dtype)


@creator("_arange")
def arange(start=0.0, stop=None, step=1.0, repeat=1, infer_range=False, dtype="float32", ctx=None):
    start, stop = (0, start) if stop is None else (start, stop)
    return np.repeat(np.arange(start, stop, step), repeat).astype(dtype)


@creator("_eye")
def eye(N, M=0, k=0, dtype="float32", ctx=None):
    return np.eye(N, M or None, k, dtype)


@creator("_random_uniform")
def uniform(low=0.0, high=1.0, shape=(1,), dtype="float32", ctx=None):
    return random.generator().uniform(low, high, shape).astype(dtype)


@creator("_random_normal")
def normal(loc=0.0, scale=1.0, shape=(1,), dtype="float32", ctx=None):
    return random.generator().normal(loc, scale, shape).astype(dtype)


@operator("_contrib_arange_like", loose=(0,))
def arange_like(data, start=0.0, step=1.0, repeat=1, ctx=None, axis=None):
    """start, start + step, ... of the data's shape, or as long as one of its axes."""
    count = data.size if axis is None else data.shape[one_axis(axis, data.ndim)]
    values = start + step * (np.arange(count) // repeat)
    return values.astype(data.dtype).reshape(data.shape if axis is None else -1), lambda g: (None,)
