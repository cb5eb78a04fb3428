"""The operators as functions of NDArrays: most of `mx.nd`. What type checkers read instead,
_array_functions.pyi, is written by tests/tools/stubs.py."""

from __future__ import annotations

from ._functions import functions_of_table
from ._mean import mean_of_loss
from ._ndarray import NDArray, _mixed, invoke


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


functions = functions_of_table(
    NDArray, _make_function, _mixed, "two NDArrays, or of one and a number; they broadcast."
)
globals().update(functions)
__all__ = [name for name in functions if not name.startswith("_")]
