"""Operators written in Python, with gradients of their own: CustomOp, CustomOpProp, `nd.Custom`.

>>> import mxloss as mx
>>> class Double(mx.operator.CustomOp):
...     def forward(self, is_train, req, in_data, out_data, aux):
...         self.assign(out_data[0], req[0], in_data[0] * 2)
...     def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
...         self.assign(in_grad[0], req[0], out_grad[0] * 2)
>>> @mx.operator.register("double")
... class DoubleProp(mx.operator.CustomOpProp):
...     def create_operator(self, ctx, in_shapes, in_dtypes):
...         return Double()
>>> mx.nd.Custom(mx.nd.array([3]), op_type="double").asscalar().item()
6.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import autograd
from ._ndarray import NDArray
from ._tape import put_on_tape
from .base import MXNetTypeError, MXNetValueError
from .context import cpu

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._typing import Class
    from .context import Context

__all__ = ["CustomOp", "CustomOpProp", "register"]

_REGISTRY: dict[Any, Any] = {}


class CustomOp:
    """The computation. A subclass overrides `forward` and `backward`, which write with `assign`."""

    def forward(
        self,
        is_train: bool,
        req: list[str],
        in_data: list[NDArray],
        out_data: list[NDArray],
        aux: list[NDArray],
    ) -> None:
        """Write the outputs: lists of NDArrays, and of what to do with each output."""
        raise NotImplementedError(f"{type(self).__name__} does not override forward")

    def backward(
        self,
        req: list[str],
        out_grad: list[NDArray],
        in_data: list[NDArray],
        out_data: list[NDArray],
        in_grad: list[NDArray],
        aux: list[NDArray],
    ) -> None:
        """Write the gradients of the inputs; zeros unless overridden."""

    def assign(self, dst: NDArray, req: str, src: Any) -> None:
        """Write src into dst as `req` says: 'write', 'inplace', 'add' or 'null'."""
        if req in ("write", "inplace"):
            dst[:] = src
        elif req == "add":
            dst[:] += src
        elif req != "null":
            raise MXNetValueError(f"assign: req is {req!r}; expected write, inplace, add or null")


class CustomOpProp:
    """What is known of an operator before it runs. Attributes reach the constructor as strings."""

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def list_arguments(self) -> list[str]:
        """Names of the inputs."""
        return ["data"]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return ["output"]

    def list_auxiliary_states(self) -> list[str]:
        """Names of arrays that are neither; they come after the inputs and have no gradient."""
        return []

    def infer_shape(self, in_shape: list[list[int]]) -> Any:
        """Shapes of inputs, outputs and states; by default all outputs are like the first input."""
        return in_shape, [in_shape[0]] * len(self.list_outputs()), []

    def infer_type(self, in_type: list[Any]) -> Any:
        """dtypes of inputs, outputs and states; by default all that of the first input."""
        outputs, states = self.list_outputs(), self.list_auxiliary_states()
        return in_type, [in_type[0]] * len(outputs), [in_type[0]] * len(states)

    def declare_backward_dependency(
        self, out_grad: list[Any], in_data: list[Any], out_data: list[Any]
    ) -> list[Any]:
        """Without effect: `backward` gets everything."""
        return [*(out_grad if self.need_top_grad_ else []), *in_data, *out_data]

    def create_operator(
        self, ctx: Context, in_shapes: list[list[int]], in_dtypes: list[Any]
    ) -> CustomOp:
        """The CustomOp. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override create_operator")


def register(reg_name: str) -> Callable[[Class], Class]:
    """Enter a CustomOpProp under a name. For use as a decorator."""

    def enter(prop):
        _REGISTRY[reg_name] = prop
        return prop

    return enter


def custom(*args: NDArray, op_type: str | None = None, **kwargs: Any) -> Any:
    """Apply the operator registered as `op_type` to NDArrays; numbers and strings are options."""
    if op_type not in _REGISTRY:
        known = ", ".join(sorted(_REGISTRY)) or "none yet"
        raise MXNetValueError(f"Custom: op_type is {op_type!r}; registered are {known}")
    kwargs.pop("name", None)
    options = {k: str(v) for k, v in kwargs.items() if not isinstance(v, NDArray)}
    prop = _REGISTRY[op_type](**options)
    names = [*prop.list_arguments(), *prop.list_auxiliary_states()]
    arrays = dict(zip(names, args))
    arrays.update((k, v) for k, v in kwargs.items() if isinstance(v, NDArray))
    if len(args) > len(names) or set(arrays) != set(names):
        takes = ", ".join(names)
        raise MXNetTypeError(f"Custom: {op_type} takes {takes}; got {len(arrays)} inputs")
    for name, x in arrays.items():
        if not isinstance(x, NDArray):
            raise MXNetTypeError(
                f"Custom: {name} is of type {type(x).__name__}; expected an NDArray"
            )
    count = len(prop.list_arguments())
    inputs, states = [arrays[n] for n in names[:count]], [arrays[n] for n in names[count:]]
    shapes, dtypes = [list(x.shape) for x in inputs], [x.dtype for x in inputs]
    made = zip(prop.infer_shape(shapes)[1], prop.infer_type(dtypes)[1])
    results = [NDArray(np.zeros(tuple(shape), dtype)) for shape, dtype in made]
    op = prop.create_operator(cpu(), shapes, dtypes)
    data = [x.detach() for x in inputs]
    with autograd.pause(train_mode=autograd.is_training()):
        op.forward(autograd.is_training(), ["write"] * len(results), data, results, states)
    parents = [x._source() for x in inputs]

    def pullback(gradients):
        back = [NDArray(np.zeros_like(x._data)) for x in data]
        requests = ["null" if parent is None else "write" for parent in parents]
        with autograd.pause(train_mode=True):
            op.backward(requests, [*map(NDArray, gradients)], data, results, back, states)
        return [g._data for g in back]

    outputs = [NDArray(r._data) for r in results]
    if autograd.is_recording() and any(parent is not None for parent in parents):
        put_on_tape(op_type, parents, pullback, outputs, several=True)
    return outputs if len(outputs) > 1 else outputs[0]
