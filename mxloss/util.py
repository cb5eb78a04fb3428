"""MXNet's switches for numpy-like arrays, which mxloss does not have: they are off."""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TYPE_CHECKING

from .base import MXNetError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from ._typing import Function

__all__ = [
    "is_np_array",
    "is_np_shape",
    "makedirs",
    "np_array",
    "np_shape",
    "reset_np",
    "set_np",
    "set_np_shape",
    "use_np",
    "use_np_array",
    "use_np_shape",
]


def is_np_array() -> bool:
    """False: arrays are NDArrays."""
    return False


def is_np_shape() -> bool:
    """False: reductions to a number have shape (1,)."""
    return False


def _refused(what):
    return MXNetError(
        f"{what}: mxloss has no numpy mode (mx.np, mx.npx). Call losses with numpy arrays instead: "
        "the results are numpy arrays"
    )


def set_np(shape: bool = True, array: bool = True, dtype: bool = False) -> None:
    """Refused, unless it switches nothing on."""
    if shape or array:
        raise _refused("set_np")


def set_np_shape(active: bool) -> bool:
    """Refused, unless it switches off; returns what was before."""
    if active:
        raise _refused("set_np_shape")
    return False


def reset_np() -> None:
    """Nothing: numpy mode is off."""


def _scope(name: str) -> Callable[..., AbstractContextManager[None]]:
    @contextlib.contextmanager
    def scope(active=True):
        if active:
            raise _refused(name)
        yield

    scope.__name__, scope.__doc__ = name, "A `with` block; refused if active."
    return scope


np_shape: Callable[..., AbstractContextManager[None]] = _scope("np_shape")
np_array: Callable[..., AbstractContextManager[None]] = _scope("np_array")


def use_np(func: Function) -> Function:
    """For decorating: calling what is decorated is refused."""
    if isinstance(func, type):

        def refuse(self, *args, **kwargs):
            raise _refused("use_np")

        return type(func.__name__, (func,), {"__init__": refuse, "__doc__": func.__doc__})  # type: ignore[return-value]

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        raise _refused("use_np")

    return wrapper  # type: ignore[return-value]


use_np_shape = use_np
use_np_array = use_np


def makedirs(d: str) -> None:
    """Make a folder, and those above it, unless it is there."""
    os.makedirs(os.path.expanduser(d), exist_ok=True)
