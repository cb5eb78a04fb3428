"""Random arrays, from a generator that `seed` sets. The numbers are not MXNet's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .base import MXNetValueError

if TYPE_CHECKING:
    from ._ndarray import NDArray
    from ._typing import DType, Shape
    from .context import Context

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


def generator() -> np.random.Generator:
    """numpy's generator that all random numbers here come from."""
    global _generator
    if _generator is None:
        _generator = np.random.default_rng()
    return _generator


def seed(seed_state: int, ctx: Any = "all") -> None:
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


def uniform(
    low: float = 0.0,
    high: float = 1.0,
    shape: Shape | None = None,
    dtype: DType = "float32",
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """From low to below high."""
    return _draw(lambda s: generator().uniform(low, high, s), shape, dtype)


def normal(
    loc: float = 0.0,
    scale: float = 1.0,
    shape: Shape | None = None,
    dtype: DType = "float32",
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Normally distributed, with mean loc and standard deviation scale."""
    return _draw(lambda s: generator().normal(loc, scale, s), shape, dtype)


def randn(
    *shape: int,
    loc: float = 0.0,
    scale: float = 1.0,
    dtype: DType = "float32",
    ctx: Context | None = None,
) -> NDArray:
    """`normal`, with the shape as arguments."""
    return normal(loc, scale, shape or None, dtype)


def poisson(
    lam: float = 1.0,
    shape: Shape | None = None,
    dtype: DType = "float32",
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Counts with mean lam."""
    return _draw(lambda s: generator().poisson(lam, s), shape, dtype)


def exponential(
    scale: float = 1.0,
    shape: Shape | None = None,
    dtype: DType = "float32",
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Exponentially distributed, with mean scale."""
    return _draw(lambda s: generator().exponential(scale, s), shape, dtype)


def gamma(
    alpha: float = 1.0,
    beta: float = 1.0,
    shape: Shape | None = None,
    dtype: DType = "float32",
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Gamma distributed: shape alpha, scale beta."""
    return _draw(lambda s: generator().gamma(alpha, beta, s), shape, dtype)


def randint(
    low: int,
    high: int,
    shape: Shape | None = None,
    dtype: DType = "int32",
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Integers from low to below high."""
    return _draw(lambda s: generator().integers(low, high, s), shape, dtype)


def shuffle(data: NDArray, **ignored: Any) -> NDArray:
    """The rows in random order."""
    return _draw(lambda s: data._data[generator().permutation(len(data._data))], None, data.dtype)
