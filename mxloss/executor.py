"""Executor: a Symbol bound to arrays."""

from __future__ import annotations

from . import _graph, autograd
from ._ndarray import NDArray
from .base import MXNetError, MXNetTypeError, MXNetValueError

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

    def __init__(self, symbol, args, args_grad, grad_req):
        self._symbol = symbol
        names = symbol.list_arguments()
        args = _named(args, names, "args")
        for name in names:
            if name not in args:
                raise MXNetValueError(f"key `{name}` is missing in `args`")
            if not isinstance(args[name], NDArray):
                raise MXNetTypeError(
                    f"args: {name} is of type {type(args[name]).__name__}; expected an NDArray"
                )
        grads = _named({} if args_grad is None else args_grad, names, "args_grad")
        if isinstance(grad_req, str):
            requests = dict.fromkeys(names, grad_req)
        else:
            requests = _named(grad_req, names, "grad_req")
        # arrays of our own over the same memory, so that those given keep their own gradients
        self.arg_dict = {name: NDArray(args[name]._data) for name in names}
        self.grad_dict = {name: grads.get(name) for name in names}
        for name, array in self.arg_dict.items():
            request, gradient = requests.get(name, "null"), self.grad_dict[name]
            if gradient is not None and request != "null" and array._data.dtype.kind == "f":
                array._mark(gradient, request)
        self.arg_arrays = [self.arg_dict[name] for name in names]
        self.grad_arrays = [self.grad_dict[name] for name in names]
        self.aux_arrays, self.aux_dict = [], {}
        self.outputs, self._trained = [], False

    @property
    def output_dict(self):
        """The outputs by name."""
        return dict(zip(self._symbol.list_outputs(), self.outputs))

    def forward(self, is_train=False, **kwargs):
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

    def backward(self, out_grads=None, is_train=True):
        """Put the gradients into the arrays that were bound for them.

        Parameters
        ----------
        out_grads : NDArray, or list or dict of NDArray, optional
            Gradients with respect to the outputs; ones by default.
        """
        if not self._trained:
            raise MXNetError("backward: call forward(is_train=True) first")
        names = self._symbol.list_outputs()
        if out_grads is None or isinstance(out_grads, NDArray):
            out_grads = [out_grads] * (len(names) if out_grads is None else 1)
        elif isinstance(out_grads, dict):
            out_grads = [out_grads.get(name) for name in names]
        if len(out_grads) != len(names):
            raise MXNetValueError(
                f"backward: out_grads has {len(out_grads)} entries; expected {len(names)}: {names}"
            )
        pairs = [(x, g) for x, g in zip(self.outputs, out_grads) if x._source() is not None]
        for array in self.arg_arrays:  # what no gradient comes back to has 0
            if array.grad is not None and array._variable.request == "write":
                array.grad[:] = 0
        if pairs:
            autograd.backward(*zip(*pairs), retain_graph=True)

    def copy_params_from(self, arg_params, aux_params=None, allow_extra_params=False):
        """Set the values of arguments by name."""
        for name, value in arg_params.items():
            if name in self.arg_dict:
                self.arg_dict[name][:] = value
            elif not allow_extra_params:
                raise MXNetValueError(f"copy_params_from: no argument {name!r}")
