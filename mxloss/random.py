"""Random arrays, from a generator that `seed` sets. The numbers are not MXNet's."""

import numpy as np

from .base import MXNetValueError

__all__ = [
    "exponential",
    "gamma",
    "normal",
    "poisson",
    "randint",
    "randn",
    "seed",
    "shuffle",
    "uniform",
]

_generator = None  # made when it is needed: importing numpy.random takes longer than all of mxloss


def generator():
    """numpy's generator that all random numbers here come from."""
    global _generator
    if _generator is None:
        _generator = np.random.default_rng()
    return _generator


def seed(seed_state, ctx="all"):
    """Begin the sequence of random numbers that belongs to a number."""
    global _generator
    try:
        _generator = np.random.default_rng(int(seed_state))
    except (ValueError, TypeError):
        raise MXNetValueError(
            f"seed: {seed_state!r} is no seed; expected an integer from 0 on"
        ) from None


def _draw(sample, shape, dtype):
    from ._ndarray import NDArray

    shape = () if shape is None else shape
    try:
        values = np.asarray(sample(shape)).astype(dtype or "float32")
    except ValueError as error:
        raise MXNetValueError(f"random: {error}") from None
    return NDArray(values.reshape(1) if values.ndim == 0 else values)


def uniform(low=0.0, high=1.0, shape=None, dtype="float32", ctx=None, out=None):
    """From low to below high."""
    return _draw(lambda s: generator().uniform(low, high, s), shape, dtype)


def normal(loc=0.0, scale=1.0, shape=None, dtype="float32", ctx=None, out=None):
    """Normally distributed, with mean loc and standard deviation scale."""
    return _draw(lambda s: generator().normal(loc, scale, s), shape, dtype)


def randn(*shape, loc=0.0, scale=1.0, dtype="float32", ctx=None):
    """`normal`, with the shape as arguments."""
    return normal(loc, scale, shape or None, dtype)


def poisson(lam=1.0, shape=None, dtype="float32", ctx=None, out=None):
    """Counts with mean lam."""
    return _draw(lambda s: generator().poisson(lam, s), shape, dtype)


def exponential(scale=1.0, shape=None, dtype="float32", ctx=None, out=None):
    """Exponentially distributed, with mean scale."""
    return _draw(lambda s: generator().exponential(scale, s), shape, dtype)


def gamma(alpha=1.0, beta=1.0, shape=None, dtype="float32", ctx=None, out=None):
    """Gamma distributed: shape alpha, scale beta."""
    return _draw(lambda s: generator().gamma(alpha, beta, s), shape, dtype)


def randint(low, high, shape=None, dtype="int32", ctx=None, out=None):
    """Integers from low to below high."""
    return _draw(lambda s: generator().integers(low, high, s), shape, dtype)


def shuffle(data, **ignored):
    """The rows in random order."""
    return _draw(lambda s: data._data[generator().permutation(len(data._data))], None, data.dtype)
