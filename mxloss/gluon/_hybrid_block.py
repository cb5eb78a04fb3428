"""HybridBlock: a block whose computation can be turned into a graph."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .. import _files, symbol
from .. import ndarray as nd
from .._ndarray import NDArray
from .._symbol import Symbol
from ..base import MXNetError, MXNetTypeError, MXNetValueError
from ._block import Block
from .parameter import DeferredInitializationError

if TYPE_CHECKING:
    from ._parameter_dict import ParameterDict

_ARRAYS = (NDArray, Symbol, np.ndarray)


def arrays_in(values):
    """The arrays and Symbols among values and in lists and tuples of them."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from arrays_in(value)
        elif isinstance(value, _ARRAYS):
            yield value


def convert(values, kind, function):
    """values with the function applied to all of that kind, also in lists and tuples."""
    if isinstance(values, kind):
        return function(values)
    if isinstance(values, (list, tuple)):
        return type(values)([convert(value, kind, function) for value in values])
    return values


class HybridBlock(Block):
    """A block whose computation can also be turned into a graph.

    A subclass overrides ``hybrid_forward(self, F, ...)``: F is `mxloss.nd` for NDArrays and
    `mxloss.sym` for Symbols, and the block's parameters arrive by name after the inputs:

    >>> import mxloss as mx
    >>> class Scale(mx.gluon.HybridBlock):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.factor = self.params.get("factor", shape=(1,), init="ones")
    ...     def hybrid_forward(self, F, x, factor):
    ...         return F.broadcast_mul(x, factor)
    >>> block = Scale()
    >>> block.initialize()
    >>> block(mx.nd.array([3])).asscalar().item()
    3.0

    Parameters
    ----------
    prefix, params
        As for `Block`.

    Notes
    -----
    Arrays go through the same code whether the block is hybridized or not, so that nothing depends
    on it, and the number of arguments may change from call to call.
    """

    _active: bool
    _called_with: Any

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)
        self.__dict__.update(_active=False, _called_with=None)

    def register_child(self, block: Block, name: str | None = None) -> None:
        """As of `Block`, for HybridBlocks only."""
        if not isinstance(block, HybridBlock):
            raise MXNetValueError(
                f"Children of HybridBlock must also be HybridBlock, but {block!r} has type "
                f"{type(block)}. Derive it from HybridBlock, or use a Block, such as Sequential "
                "for HybridSequential, around it"
            )
        super().register_child(block, name)

    def hybridize(
        self,
        active: bool = True,
        backend: str | None = None,
        clear: bool = True,
        static_alloc: bool = False,
        static_shape: bool = False,
        inline_limit: int = 2,
        forward_bulk_size: int | None = None,
        backward_bulk_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Mark this block and its children for export; `active=False` takes the mark off.

        Results and speed stay the same. The other arguments are of MXNet's and have no effect;
        a `backend` is refused.
        """
        if backend is not None:
            raise self._no_backend(backend)
        self.__dict__.update(_active=bool(active), _called_with=None)
        super().hybridize(active, **kwargs)

    def _no_backend(self, backend):
        return MXNetError(
            f"{type(self).__name__}: the backend {backend!r} cannot be used: mxloss computes with "
            "kernels of its own. Leave it out"
        )

    def optimize_for(
        self, x: Any, *args: Any, backend: str | None = None, **kwargs: Any
    ) -> NoReturn:
        """Refused: there are no other backends to optimise for."""
        raise self._no_backend(backend)

    # ---- The graph

    def _remember(self, args):
        """Keep which inputs there were, for export."""
        self.__dict__["_called_with"] = convert(list(args), _ARRAYS, lambda a: True)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute: ``forward(*args, **kwargs)``, between the hooks."""
        if self._active:
            self._remember((*args, *kwargs.values()))
        return super().__call__(*args, **kwargs)

    def _trace(self, args):
        """The block as a Symbol, and the variables that stand for the arrays in args."""
        count = sum(1 for _ in arrays_in(args))
        names = iter(["data"] if count == 1 else [f"data{i}" for i in range(count)])
        placed = convert(list(args), _ARRAYS, lambda a: symbol.var(next(names)))
        result = self.forward(*placed)
        outputs = list(arrays_in([result]))
        return (outputs[0] if len(outputs) == 1 else symbol.Group(outputs)), list(arrays_in(placed))

    def _infer(self, what, args):
        if not any(True for _ in arrays_in(args)):
            raise MXNetValueError(
                f"All args are None and we do not support such a case. Received args={args}"
            )
        graph, inputs = self._trace(args)
        key = "shape" if what == "infer_shape" else "dtype"
        known = {x.name: getattr(a, key) for x, a in zip(inputs, arrays_in(args))}
        if what == "infer_type":
            graph.infer_type(**known)
            return
        found, _, _ = graph.infer_shape_partial(**known)
        parameters = {p.name: p for p in self.collect_params().values()}
        for name, shape in zip(graph.list_arguments(), found):
            if name not in parameters:
                continue
            if not shape:
                raise MXNetValueError(
                    f"{type(self).__name__}: Parameter {name!r} has the unknown shape {parameters[name].shape}, which "
                    f"cannot be found from inputs of shape "
                    f"{', '.join(str(a.shape) for a in arrays_in(args))}; give the missing lengths "
                    "when it is made"
                )
            parameters[name]._take_shape(shape)

    def infer_shape(self, *args: Any) -> None:
        """Find the lengths of parameters that are not known yet, from arrays as the block will be
        called with; raises if they do not fit."""
        self._infer("infer_shape", args)

    def infer_type(self, *args: Any) -> None:
        """Check the dtypes of arrays as the block will be called with; raises if they do not fit."""
        self._infer("infer_type", args)

    def export(self, path: str, epoch: int = 0, remove_amp_cast: bool = True) -> None:
        """Write the graph to ``path-symbol.json`` and the parameters to ``path-0000.params``, as
        MXNet does: `SymbolBlock.imports` here, and MXNet, read them.

        The block has to be hybridized, and called once before, so that the number of inputs is
        known.

        Parameters
        ----------
        path : str
            What the names of the files begin with.
        epoch : int
            The number in the name of the parameters' file.
        """
        if not self._active or self._called_with is None:
            raise MXNetError(
                "Please first call block.hybridize() and then run forward with this block at least "
                "once before calling export."
            )
        # the places of inputs are enough to trace; an empty array stands for each
        args = convert(self._called_with, bool, lambda _: np.empty(0))
        graph, _ = self._trace(args)
        parameters = self.collect_params()
        arrays = {
            f"arg:{name}": parameters[name].data()
            for name in graph.list_arguments()
            if name in parameters
        }
        graph.save(f"{path}-symbol.json")
        _files.save(f"{path}-{epoch:04d}.params", arrays)

    # ---- Calling

    def _parameters(self, inputs):
        try:
            return {name: p.data() for name, p in self._reg_params.items()}
        except DeferredInitializationError:
            self.infer_shape(*inputs)
            for parameter in self._params.values():
                parameter._finish_deferred_init()
            return {name: p.data() for name, p in self._reg_params.items()}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute: `hybrid_forward` with F and the parameters.

        NDArrays give NDArrays, Symbols a Symbol. numpy arrays alone give numpy arrays, if there are
        no parameters.
        """
        kinds = {type(a) for a in arrays_in((*args, *kwargs.values()))}
        if not kinds:
            raise MXNetValueError(
                f"{type(self).__name__}: In HybridBlock, there must be one NDArray or one Symbol "
                "in the input; got "
                + (", ".join(type(a).__name__ for a in (*args, *kwargs.values())) or "nothing")
            )
        if Symbol in kinds:
            return self._forward_symbols(kinds, args, kwargs)
        only_numpy = not self._reg_params and not any(issubclass(k, NDArray) for k in kinds)
        if any(issubclass(k, np.ndarray) for k in kinds):
            args = convert(args, np.ndarray, NDArray)
            kwargs = {name: convert(value, np.ndarray, NDArray) for name, value in kwargs.items()}
        if self._reg_params:
            kwargs.update(self._parameters((*args, *kwargs.values())))
        try:
            result = self.hybrid_forward(nd, *args, **kwargs)
        except TypeError as error:
            self._check_call(args, kwargs, error)
            raise
        return convert(result, NDArray, NDArray.asnumpy) if only_numpy else result

    def _check_call(self, args, kwargs, error):
        """Say which inputs hybrid_forward takes, if that is what was wrong."""
        signature = inspect.signature(self.hybrid_forward)
        try:
            signature.bind(nd, *args, **kwargs)
        except TypeError:
            own = ", ".join(self._reg_params) or "none"
            raise MXNetTypeError(
                f"{error}; {type(self).__name__} was called with {len(args)} inputs, and "
                f"hybrid_forward takes {signature}, of which its parameters are: {own}"
            ) from None

    def _forward_symbols(self, kinds, args, kwargs):
        if len(kinds) > 1:
            raise MXNetValueError(
                f"{type(self).__name__}: In HybridBlock, we do not support mixed NDArrays and "
                "Symbols types for the input; give one or the other"
            )
        parameters = {name: p.var() for name, p in self._reg_params.items()}
        with self.name_scope():
            return self.hybrid_forward(symbol, *args, **kwargs, **parameters)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """What the block computes, in terms of the operators F. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override hybrid_forward")
