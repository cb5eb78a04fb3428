"""Executor: a Symbol bound to arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _graph, autograd
from ._ndarray import NDArray
from .base import MXNetError, MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._symbol import Symbol
    from ._typing import Given

__all__ = ["Executor"]


def _named(values, names, what):
    """Values by name, given so or in the order of names."""
    if isinstance(values, dict):
        return values
    if not isinstance(values, (list, tuple)):
        raise MXNetTypeError(
            f"{what} is of type {type(values).__name__}; expected a dict or a list"
        )
    if len(values) != len(names):
        raise MXNetValueError(f"{what} has {len(values)} entries; expected {len(names)}: {names}")
    return dict(zip(names, values))


class Executor:
    """Computes a Symbol with arrays: what `Symbol.bind` returns.

    Attributes
    ----------
    arg_dict, grad_dict, output_dict : dict
        NDArrays by name.
    arg_arrays, grad_arrays, outputs : list
        The same in order; None for arguments without a gradient.
    """

    def __init__(
        self,
        symbol: Symbol,
        args: Given,
        args_grad: Given | None,
        grad_req: str | dict[str, str] | Sequence[str],
    ) -> None:
        self._symbol = symbol
        names = symbol.list_arguments()
        given = _named(args, names, "args")
        for name in names:
            if name not in given:
                raise MXNetValueError(f"key `{name}` is missing in `args`")
            if not isinstance(given[name], NDArray):
                raise MXNetTypeError(
                    f"args: {name} is of type {type(given[name]).__name__}; expected an NDArray"
                )
        grads = _named({} if args_grad is None else args_grad, names, "args_grad")
        if isinstance(grad_req, str):
            requests = dict.fromkeys(names, grad_req)
        else:
            requests = _named(grad_req, names, "grad_req")
        # arrays of our own over the same memory, so that those given keep their own gradients
        self.arg_dict: dict[str, NDArray] = {name: NDArray(given[name]._data) for name in names}
        self.grad_dict: dict[str, NDArray | None] = {name: grads.get(name) for name in names}
        for name, array in self.arg_dict.items():
            request, gradient = requests.get(name, "null"), self.grad_dict[name]
            if gradient is not None and request != "null" and array._data.dtype.kind == "f":
                array._mark(gradient, request)
        self.arg_arrays: list[NDArray] = [self.arg_dict[name] for name in names]
        self.grad_arrays: list[NDArray | None] = [self.grad_dict[name] for name in names]
        self.aux_arrays: list[NDArray] = []
        self.aux_dict: dict[str, NDArray] = {}
        self.outputs: list[NDArray] = []
        self._trained = False

    @property
    def output_dict(self) -> dict[str, NDArray]:
        """The outputs by name."""
        return dict(zip(self._symbol.list_outputs(), self.outputs))

    def forward(self, is_train: bool = False, **kwargs: Any) -> list[NDArray]:
        """Compute the outputs, a list of NDArrays.

        Parameters
        ----------
        is_train : bool
            Whether `backward` is to follow.
        **kwargs : NDArray
            New values of arguments.
        """
        for name, value in kwargs.items():
            if name not in self.arg_dict:
                raise MXNetTypeError(
                    f"forward: no argument {name!r}; expected one of {', '.join(self.arg_dict)}"
                )
            self.arg_dict[name][:] = value
        with autograd.record() if is_train else autograd.pause():
            self.outputs = _graph.evaluate(self._symbol._outputs, self.arg_dict)
        self._trained = bool(is_train)
        return self.outputs

    def backward(self, out_grads: NDArray | Given | None = None, is_train: bool = True) -> None:
        """Put the gradients into the arrays that were bound for them.

        Parameters
        ----------
        out_grads : NDArray, or list or dict of NDArray, optional
            Gradients with respect to the outputs; ones by default.
        """
        if not self._trained:
            raise MXNetError("backward: call forward(is_train=True) first")
        names = self._symbol.list_outputs()
        heads: Any = out_grads
        if heads is None or isinstance(heads, NDArray):
            heads = [heads] * (len(names) if heads is None else 1)
        elif isinstance(heads, dict):
            heads = [heads.get(name) for name in names]
        if len(heads) != len(names):
            raise MXNetValueError(
                f"backward: out_grads has {len(heads)} entries; expected {len(names)}: {names}"
            )
        pairs = [(x, g) for x, g in zip(self.outputs, heads) if x._source() is not None]
        for array in self.arg_arrays:  # what no gradient comes back to has 0
            if array._variable is not None and array._variable.request == "write":
                array._variable.grad[:] = 0
        if pairs:
            autograd.backward([x for x, _ in pairs], [g for _, g in pairs], retain_graph=True)

    def copy_params_from(
        self,
        arg_params: dict[str, NDArray],
        aux_params: dict[str, NDArray] | None = None,
        allow_extra_params: bool = False,
    ) -> None:
        """Set the values of arguments by name."""
        for name, value in arg_params.items():
            if name in self.arg_dict:
                self.arg_dict[name][:] = value
            elif not allow_extra_params:
                raise MXNetValueError(f"copy_params_from: no argument {name!r}")


def bound_to_zeros(
    symbol: Symbol, shapes: dict[str, Any], dtypes: dict[str, Any], grad_req: Any
) -> Executor:
    """An Executor of a Symbol with arrays of zeros, from shapes and dtypes by name."""
    found, _, _ = symbol.infer_shape(**shapes)
    names = symbol.list_arguments()
    if found is None:
        raise MXNetValueError(f"simple_bind: the shapes of {names} are not all known")
    types, _, _ = symbol.infer_type(**dtypes)
    types = types or [dtypes.get(name, "float32") for name in names]
    if isinstance(grad_req, str):
        grad_req = dict.fromkeys(names, grad_req)
    elif not isinstance(grad_req, dict):
        grad_req = dict(zip(names, grad_req))
    arrays = {n: NDArray(np.zeros(s, t)) for n, s, t in zip(names, found, types)}
    grads = {
        n: NDArray(np.zeros(s, t))
        for n, s, t in zip(names, found, types)
        if grad_req.get(n, "null") != "null"
    }
    return Executor(symbol, arrays, grads, grad_req)
