"""The table of operators: one entry per operator, for NDArrays and Symbols alike.

An entry is a function of numpy arrays and attributes that returns the result and its *pullback*: a
function from the gradient with respect to the result to those with respect to the arrays, a tuple
with None where there is none.

    @operator("square")
    def square(data):
        return data * data, lambda g: (2 * data * g,)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..base import MXNetMemoryError, MXNetTypeError, MXNetValueError


class Operator(NamedTuple):
    """One entry of the table."""

    name: str
    function: Callable[..., Any]
    arrays: int | None  # how many leading parameters are arrays; None: any number of them
    signature: inspect.Signature
    mxnet: str  # what MXNet's files call it
    optional: dict[
        str, Any
    ]  # array -> attributes -> whether it is wanted; others with a default are not
    loose: frozenset[int]  # numbers of arrays whose dtype is their own, such as indices
    fill: (
        Callable[..., Any] | None
    )  # (shapes with None for unknown, attributes) -> with more of them known
    outputs: Callable[..., int]  # attributes -> number of results
    hidden: int  # how many results more MXNet's files count
    names: tuple[str, ...]  # of all parameters
    defaults: dict[str, Any]

    def wanted(self, attributes: dict[str, Any]) -> list[str]:
        """Names of the arrays that it takes with these attributes."""
        names = list(self.signature.parameters)[: self.arrays]
        return [
            name for name in names if name not in self.optional or self.optional[name](attributes)
        ]

    def bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Arrays, with None for those left out, and attributes by name."""
        if self.arrays is not None and len(args) <= len(self.names):
            values = dict(self.defaults)
            values.update(zip(self.names, args))
            count = len(values) if not kwargs else None
            values.update(kwargs)
            if len(values) == len(self.names) and (
                count is not None or not any(name in kwargs for name in self.names[: len(args)])
            ):  # all there, none twice, none unknown
                try:
                    arrays = [values.pop(name) for name in self.names[: self.arrays]]
                    return arrays, {name: values[name] for name in self.names[self.arrays :]}
                except KeyError:
                    pass
        if self.arrays is None:  # scripts may say how many there are
            kwargs = {key: value for key, value in kwargs.items() if key != "num_args"}
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise MXNetTypeError(f"{self.name}: {error}; takes {self.signature}") from None
        bound.apply_defaults()
        values = bound.arguments
        if self.arrays is None:
            variadic = next(iter(values))
            return list(values.pop(variadic)), dict(values)
        names = list(values)[: self.arrays]
        return [values.pop(name) for name in names], dict(values)

    def __call__(self, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
        """Result and pullback; what does not fit is an error that names the operator."""
        try:
            with np.errstate(all="ignore"):  # inf and NaN are results like others
                return self.function(*arrays, **attributes)
        except (MXNetTypeError, MXNetValueError) as error:
            raise type(error)(f"{self.name}: {error}") from None
        except MemoryError as error:
            raise MXNetMemoryError(f"{self.name}: {error}") from None
        except (ValueError, TypeError, IndexError, ArithmeticError, AttributeError) as error:
            shapes = ", ".join(str(np.shape(a)) for a in arrays if a is not None)
            kind = MXNetTypeError if isinstance(error, TypeError) else MXNetValueError
            raise kind(f"{self.name}: {error} (inputs of shape {shapes})") from None


TABLE: dict[str, Operator] = {}


_signatures: dict[Any, inspect.Signature] = {}


def _signature(function):
    """inspect.signature, once for all functions made by the same lines: that is most of an import."""
    if hasattr(function, "__wrapped__"):
        return inspect.signature(function)
    key = function.__code__, function.__defaults__
    if key not in _signatures:
        _signatures[key] = inspect.signature(function)
    return _signatures[key]


def operator(
    *names: str,
    arrays: int | None = 1,
    mxnet: str | None = None,
    optional: dict[str, Any] | None = None,
    loose: Sequence[int] = (),
    fill: Callable[..., Any] | None = None,
    outputs: Callable[[dict[str, Any]], int] = lambda attributes: 1,
    hidden: int = 0,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function under these names, the first of which is its own; see `Operator`."""

    def enter(function):
        signature = _signature(function)
        parameters = signature.parameters
        entry = Operator(
            names[0],
            function,
            arrays,
            signature,
            mxnet or names[0],
            optional or {},
            frozenset(loose),
            fill,
            outputs,
            hidden,
            tuple(parameters),
            {n: p.default for n, p in parameters.items() if p.default is not p.empty},
        )
        for name in dict.fromkeys((*names, entry.mxnet)):
            assert name not in TABLE, name
            TABLE[name] = entry
        return function

    return enter


# ---- For the entries -----------------------------------------------------------------------------


def unbroadcast(g, shape):
    """The gradient of an input of `shape` that was broadcast to g's shape."""
    if g.shape == shape:
        return g
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True).reshape(shape)


def normalise_axes(axis, ndim, exclude=False):
    """Axes to reduce over: an int, a tuple or None (all); `exclude`: all others."""
    if axis is None or (isinstance(axis, (tuple, list)) and not axis):
        return tuple(range(ndim))
    chosen = set()
    for a in axis if isinstance(axis, (tuple, list)) else (axis,):
        chosen.add(one_axis(a, ndim))
    if exclude:
        chosen = set(range(ndim)) - chosen
    return tuple(sorted(chosen))


def one_axis(axis, ndim):
    """An axis as a number from 0 on."""
    if not isinstance(axis, (int, np.integer)) or isinstance(axis, bool):
        raise MXNetTypeError(f"axis must be an integer, got {axis!r}")
    if not -ndim <= axis < ndim:
        raise MXNetValueError(f"axis is {axis}; expected {-ndim} to {ndim - 1}")
    return int(axis) % ndim


def added_at(a, key, g):
    """Zeros of a's shape, to which g is added at an index, for all times that it names an element."""
    d = np.zeros_like(a, order="C")
    if max(d.ndim, g.ndim) <= 32:
        np.add.at(d, key, g)
    else:  # for which numpy has no room there, without noticing
        np.add.at(d.reshape(-1), np.arange(d.size).reshape(d.shape)[key].ravel(), g.ravel())
    return d


def at_least_1d(a):
    """Reductions to a single number have shape (1,)."""
    return a.reshape(1) if a.ndim == 0 else a
