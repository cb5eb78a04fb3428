"""The class NDArray, and applying operators to its instances."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from . import autograd, operators
from ._functions import ARITHMETIC, add_python_operators
from ._methods import ArrayMethods
from ._observe import tell, watching
from ._tape import backward_along, put_on_tape
from .base import MXNetError, MXNetIndexError, MXNetTypeError, MXNetValueError, dtype_of
from .context import cpu

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._tape import Node, Variable
    from ._typing import Array, Axis, DType, GradReq, Shape
    from .context import Context

FLOATS: tuple[type, ...] = (np.float16, np.float32, np.float64)
_NUMBERS = (numbers.Number, np.generic)


def invoke(entry, arrays, attributes, out=None, view=False):
    """Apply an operator of the table to NDArrays, on the tape if that is running."""
    for i, a in enumerate(arrays):
        if a is not None and not isinstance(a, NDArray):
            raise MXNetTypeError(
                f"{entry.name}: input {i} is of type {type(a).__name__}; expected an NDArray, "
                "such as mx.nd.array(...) makes"
            )
    value, pullback = entry([None if a is None else a._data for a in arrays], attributes)
    several = isinstance(value, list)
    values = value if several else [value]
    if not view:  # results have memory of their own
        inputs = [a._data for a in arrays if a is not None]
        values = [v.copy() if any(np.may_share_memory(v, a) for a in inputs) else v for v in values]
    results = [NDArray(v) for v in values]
    if autograd.is_recording():
        parents = [None if a is None else a._source() for a in arrays]
        if any(parent is not None for parent in parents):
            put_on_tape(entry.name, parents, pullback, results, several)
    if watching.callbacks:
        tell(entry.name, arrays, results)
    if out is not None:
        if several or not isinstance(out, NDArray):
            raise MXNetValueError(f"{entry.name}: out is an NDArray, for operators with one result")
        out._assign(slice(None), results[0])
        out._node = results[0]._node
        return out
    return results if several else results[0]


def _mixed(stem, lhs, rhs):
    """lhs and rhs, of which one may be a number."""
    for x in (lhs, rhs):
        if _foreign(x):
            raise MXNetTypeError(
                f"{stem}: an operand is of type {type(x).__name__}; expected an NDArray or a number"
            )
    name, swapped = operators.mixed(stem, isinstance(lhs, NDArray), isinstance(rhs, NDArray))
    entry = operators.TABLE[name]
    if entry.arrays == 2:
        return invoke(entry, [lhs, rhs], {})
    return invoke(entry, [rhs if swapped else lhs], {"scalar": lhs if swapped else rhs})


def wrap(data):
    """An NDArray of an array with memory of its own, row by row."""
    made = _new(NDArray)
    made._data, made._node, made._variable = data, None, None
    return made


_new = object.__new__


class NDArray(ArrayMethods):
    """An array that remembers what it was computed from while autograd.record() is in force.

    Made by `mx.nd.array` and its like. `asnumpy()` gives a numpy array.
    """

    __slots__ = ("__weakref__", "_data", "_node", "_variable")
    __array_priority__: float = 1000.0
    __hash__ = object.__hash__
    handle = None
    _data: Array
    _node: tuple[Node, int] | None
    _variable: Variable | None

    def __init__(self, data: Any) -> None:
        self._data = np.asarray(data, order="C")
        self._node = self._variable = None

    def _source(self):
        """Where gradients go on from here; None once backward has used up the graph."""
        if self._variable is not None or self._node is None:
            return self._variable
        return None if self._node[0].pullback is None else self._node

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._data, None if self._variable is None else self._variable.request)

    # ---- Facts

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self._data.shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._data.size

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim

    @property
    def dtype(self) -> type[Any]:
        """numpy's scalar class, such as numpy.float32."""
        return self._data.dtype.type

    @property
    def context(self) -> Context:
        """cpu(0)."""
        return cpu()

    ctx = context

    @property
    def stype(self) -> str:
        """'default': dense, as all arrays here."""
        return "default"

    @property
    def T(self) -> NDArray:
        """The axes in reverse order."""
        return self.transpose()

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"\n{self._data}\n<{type(self).__name__} {shape} @{self.context}>"

    def __len__(self) -> int:
        if self.ndim == 0:
            raise MXNetTypeError("an array of shape () has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size == 0:
            return False
        if self.size != 1:
            raise MXNetValueError(
                f"the truth of an array of shape {self.shape} is not one answer; expected one "
                "element"
            )
        return bool(self._data.reshape(-1)[0])

    def __float__(self) -> float:
        return float(self.asscalar())

    def __int__(self) -> int:
        return int(self.asscalar())

    def __index__(self) -> int:
        if self._data.dtype.kind not in "iu":
            raise MXNetTypeError("only an array of integers can be an index")
        return int(self.asscalar())

    def __array__(self, dtype: DType = None, copy: bool | None = None) -> Array:
        return self._data.astype(dtype) if dtype is not None else self.asnumpy()

    # ---- Out and over

    def asnumpy(self) -> Array:
        """A copy as a numpy array."""
        return self._data.copy()

    def asscalar(self) -> Any:
        """The only element, as a numpy scalar."""
        if self.size != 1:
            raise MXNetValueError(
                f"an array of shape {self.shape} is not a scalar: its size must be 1"
            )
        return self._data.reshape(-1)[0]

    def astype(self, dtype: DType | NDArray, copy: bool = True) -> NDArray:
        """With another dtype, or that of another array."""
        wanted = dtype_of(dtype.dtype if isinstance(dtype, NDArray) else dtype)
        if not copy and self._data.dtype == wanted:
            return self
        return invoke(operators.TABLE["cast"], [self], {"dtype": wanted})

    def copy(self) -> NDArray:
        """With memory of its own."""
        return invoke(operators.TABLE["_copy"], [self], {})

    def copyto(self, other: NDArray | Context) -> NDArray:
        """Copy the elements to another array, or to a context."""
        if not isinstance(other, NDArray):
            return self.copy()
        other[:] = self
        return other

    def as_in_context(self, context: Context) -> NDArray:
        """The array itself: there is only one context."""
        return self

    as_in_ctx = as_in_context

    def wait_to_read(self) -> None:
        """Nothing: mxloss computes at once."""

    def tostype(self, stype: str) -> NDArray:
        """The array itself, for 'default'."""
        if stype != "default":
            raise MXNetValueError(f"stype is {stype!r}; expected 'default'")
        return self

    # ---- Gradients

    def attach_grad(self, grad_req: GradReq = "write", stype: str | None = None) -> None:
        """Have gradients with respect to this array kept in `.grad`, zeros at first.

        grad_req: 'write' for the latest, 'add' for their sum, 'null' for none.
        """
        self._mark(NDArray(np.zeros_like(self._data)), grad_req)

    def _mark(self, gradient, request):
        if not isinstance(request, str) or request not in ("write", "add", "null"):
            raise MXNetValueError(f"grad_req is {request!r}; expected 'write', 'add' or 'null'")
        if self._data.dtype.type not in FLOATS:
            raise MXNetTypeError(
                f"an array of dtype {self._data.dtype} has no gradient; "
                "expected float16, float32 or float64"
            )
        if gradient.shape != self.shape:
            raise MXNetValueError(f"the gradient has shape {gradient.shape}; expected {self.shape}")
        self._node = None
        self._variable = autograd.Variable(gradient, request)

    @property
    def grad(self) -> NDArray | Any:  # None is not for callers to check at every use
        """The gradient, always the same NDArray; None without attach_grad()."""
        return None if self._variable is None else self._variable.grad

    @property
    def _fresh_grad(self):
        return self._variable is not None and self._variable.fresh

    @_fresh_grad.setter
    def _fresh_grad(self, state):
        if self._variable is not None:
            self._variable.fresh = bool(state)

    def detach(self) -> NDArray:
        """The same elements, without what they were computed from."""
        return NDArray(self._data)

    def backward(
        self, out_grad: NDArray | None = None, retain_graph: bool = False, train_mode: bool = True
    ) -> None:
        """`autograd.backward` from this array on, with `out_grad` or ones to begin with."""
        if out_grad is None and self._variable is None and self._node is not None:
            if backward_along(self._node[0], retain_graph):
                return
        autograd.backward([self], [out_grad], retain_graph, train_mode)

    # ---- Indices

    def _key(self, key):
        """An index for numpy; [:] is the whole of an array without axes, too."""
        if self._data.ndim == 0 and isinstance(key, slice) and key == slice(None):
            return ...
        return _plain_index(key)

    def __getitem__(self, key: Any) -> NDArray:
        key = self._key(key)
        if autograd.is_recording() and self._source() is not None:
            return invoke(operators.TABLE["_index"], [self], {"key": key})
        try:
            part = self._data[key]
        except (IndexError, ValueError, TypeError) as error:
            raise MXNetIndexError(f"{error}, for an array of shape {self.shape}") from None
        if not isinstance(part, np.ndarray):  # one element, as a view
            part = self._data[(key if isinstance(key, tuple) else (key,)) + (...,)].reshape(1)
        # a view if contiguous, as in MXNet
        return NDArray(part if part.flags.c_contiguous else part.copy())

    def __setitem__(self, key: Any, value: Any) -> None:
        self._assign(self._key(key), value)

    def _all_of(self, key):
        """Whether a key is for the whole array, element by element."""
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) != 1 and len(keys) > self.ndim:
            return False
        return (len(keys) == 1 and keys[0] is Ellipsis) or all(
            (isinstance(k, slice) and k.step in (None, 1) and k.indices(n)[:2] == (0, n))
            or (isinstance(k, int) and n == 1 and k in (0, -1))
            for k, n in zip(keys, self.shape)
        )

    def _assign(self, key, value):
        if autograd.is_recording() and self._source() is not None:
            raise MXNetError(
                "Assigning to NDArrays that are already in a computational graph would falsify "
                "gradients; compute a new array, or do it outside autograd.record()"
            )
        if autograd.is_recording() and isinstance(value, NDArray) and self._all_of(key):
            shape = self._data[key].shape
            if shape:
                value = invoke(operators.TABLE["broadcast_to"], [value], {"shape": shape})
            value = value.reshape(self.shape).astype(self.dtype)
            key, self._node = ..., value._node  # the whole array: gradients go to the value
        elif autograd.is_recording() and isinstance(value, NDArray) and value._source():
            raise MXNetError(
                "Inplace operations (x[i] = y and the like) are not supported when recording with "
                "autograd: the gradient would be lost; use mx.nd.stack, concat or where"
            )
        value = value._data if isinstance(value, NDArray) else value
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.reshape(())  # of shape (1,), where one element is assigned
        try:
            self._data[key] = value
        except (IndexError, ValueError, TypeError, OverflowError) as error:
            raise MXNetValueError(
                f"cannot assign to part of an array of shape {self.shape}: {error}"
            ) from None

    # ---- Shapes with arguments in more than one form

    def reshape(self, *shape: Shape, **kwargs: Any) -> NDArray:
        """Shape codes as in `nd.reshape`; lengths one by one or as a tuple."""
        lengths: Any = kwargs.pop("shape", shape)
        if len(lengths) == 1 and not isinstance(lengths[0], (int, np.integer)):
            lengths = lengths[0]
        attributes = {"shape": tuple(lengths) if np.iterable(lengths) else lengths, **kwargs}
        return invoke(operators.TABLE["reshape"], [self], attributes, view=True)

    def transpose(self, *axes: Axis, **kwargs: Any) -> NDArray:
        """The axes in another order, reversed by default."""
        order: Any = kwargs.pop("axes", axes)
        if len(order) == 1 and not isinstance(order[0], (int, np.integer)):
            order = order[0]
        return invoke(operators.TABLE["transpose"], [self], {"axes": order})


def _restore(data, request):
    array_ = NDArray(data)
    if request is not None:
        array_.attach_grad(request)
    return array_


def _plain_index(key):
    """NDArrays in an index as arrays of integers."""
    if isinstance(key, NDArray):
        kind = key._data.dtype.kind
        return key._data if kind in "iu" else key._data.astype(np.int64)
    return tuple(_plain_index(k) for k in key) if isinstance(key, tuple) else key


# ---- Python's operators --------------------------------------------------------------------------


def _foreign(x):
    return not isinstance(x, (NDArray, *_NUMBERS))


def _unary(name):
    return lambda self: invoke(operators.TABLE[name], [self], {})


def _in_place(stem):
    def call(self, other):
        self._assign(slice(None) if self.ndim else (), _mixed(stem, self, other))
        return self

    return call


add_python_operators(ArrayMethods, _mixed, _foreign)
for _stem, _name in ARITHMETIC.items():
    setattr(ArrayMethods, f"__i{_name}__", _in_place(_stem))
ArrayMethods.__neg__ = _unary("negative")  # type: ignore[method-assign]
ArrayMethods.__abs__ = _unary("abs")  # type: ignore[method-assign]
