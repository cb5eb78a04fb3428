"""autograd.Function: operations that say themselves how to go back."""

from __future__ import annotations

from typing import Any

from . import autograd
from ._ndarray import NDArray
from ._tape import put_on_tape
from .autograd import _scope, is_recording
from .base import MXNetAssertionError, MXNetTypeError, MXNetValueError


class Function:
    """Base class of operations that say themselves how to go back.

    A subclass overrides ``forward(self, *inputs)`` and ``backward(self, *output_grads)``, both from
    NDArrays to one NDArray or several. What backward needs of forward, `save_for_backward` keeps.
    Neither is recorded. Every call takes an instance of its own:

    >>> import mxloss as mx
    >>> class Sigmoid(mx.autograd.Function):
    ...     def forward(self, x):
    ...         y = 1 / (1 + mx.nd.exp(-x))
    ...         self.save_for_backward(y)
    ...         return y
    ...     def backward(self, dy):
    ...         (y,) = self.saved_tensors
    ...         return dy * y * (1 - y)
    >>> x = mx.nd.array([0.0])
    >>> x.attach_grad()
    >>> with mx.autograd.record():
    ...     y = Sigmoid()(x)
    >>> y.backward()
    >>> x.grad.asscalar().item()
    0.25
    """

    _used = False
    saved_tensors: tuple[Any, ...] = ()

    def __init__(self) -> None:
        """For subclasses with options of their own."""

    def save_for_backward(self, *args: Any) -> None:
        """Have `args` in `saved_tensors`, for backward."""
        self.saved_tensors = args

    def forward(self, *inputs: Any, **ignored: Any) -> Any:
        """The results. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override forward")

    def backward(self, *output_grads: Any, **ignored: Any) -> Any:
        """A gradient for each input, from one for each result. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override backward")

    def __call__(self, *inputs: NDArray) -> Any:
        """forward, on the tape if that is running."""
        if self._used:
            raise MXNetAssertionError(
                f"{type(self).__name__}: Each Function instance can only be called once; make "
                "another"
            )
        self._used = True
        with _scope(False, None):
            results = self.forward(*inputs)
        if not is_recording():
            return results
        for kind, values in ("an argument", inputs), ("a result", _as_tuple(results)):
            for x in values:
                if not isinstance(x, NDArray):
                    raise MXNetTypeError(
                        f"{type(self).__name__}: {kind} is of type {type(x).__name__}; "
                        "expected an NDArray"
                    )
        new = [NDArray(x._data.copy()) if x._source() else x for x in _as_tuple(results)]
        parents = [x._source() for x in inputs]
        if any(parent is not None for parent in parents):
            shapes = [x.shape for x in inputs]
            put_on_tape(
                type(self).__name__, parents, lambda g: self._back(g, shapes), new, several=True
            )
        return new[0] if isinstance(results, NDArray) else type(results)(new)

    def _back(self, gradients, shapes):
        with _scope(False, True):
            back = _as_tuple(self.backward(*[NDArray(g) for g in gradients]))
        name = f"{type(self).__name__}.backward"
        if len(back) != len(shapes):
            raise MXNetAssertionError(
                f"{name} must return exactly the same number of NDArrays as the number of NDArrays "
                f"arguments to forward. Expecting {len(shapes)} got {len(back)}"
            )
        for x, shape in zip(back, shapes):
            if x is not None and not isinstance(x, NDArray):
                raise MXNetAssertionError(
                    f"{name} must return NDArrays, not {type(x).__name__}; None for no gradient"
                )
            if x is not None and x.shape != shape:
                raise MXNetValueError(
                    f"{name}: a gradient has shape {x.shape}; expected {shape}, the argument's"
                )
        return [None if x is None else x._data for x in back]


def _as_tuple(values):
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


autograd.Function = Function  # type: ignore[misc]  # where users find it
Function.__module__ = autograd.__name__
