"""Errors, under the names that MXNet's users catch."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["MXNetError", "numeric_types", "string_types"]

numeric_types: tuple[type, ...] = (
    float,
    int,
    np.generic,
)  # what counts as a number in MXNet's scripts
string_types: tuple[type, ...] = (str,)


class MXNetError(RuntimeError):
    """Root of all errors that mxloss raises itself, as in MXNet."""


class MXNetValueError(MXNetError, ValueError):
    """A value, shape or option that cannot be used."""


class MXNetTypeError(MXNetError, TypeError):
    """An argument of a type or dtype that cannot be used."""


class MXNetIndexError(MXNetError, IndexError):
    """An index out of range."""


class MXNetAssertionError(MXNetError, ValueError, AssertionError):
    """What MXNet checks with `assert`: mostly, whether something agrees with what is there."""


class NotImplementedForSymbol(MXNetError, NotImplementedError):
    """Something that needs the elements of an array, asked of a Symbol."""


class MXNetFileError(MXNetError, OSError):
    """A file that cannot be opened."""


class MXNetMemoryError(MXNetError, MemoryError):
    """Working memory could not be had."""


def dtype_of(dtype: Any) -> np.dtype[Any]:
    """What numpy takes for a dtype, as one."""
    try:
        return np.dtype(dtype)
    except (TypeError, ValueError) as error:
        raise MXNetTypeError(f"dtype is {dtype!r}: {error}") from None
