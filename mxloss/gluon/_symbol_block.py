"""SymbolBlock: a block made of a Symbol, such as a file has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _graph, symbol
from .._ndarray import NDArray
from .._symbol import Symbol
from ..base import MXNetTypeError, MXNetValueError
from ._hybrid_block import HybridBlock, arrays_in
from .parameter import DeferredInitializationError, ParameterDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..context import Context


class SymbolBlock(HybridBlock):
    """A block that computes a Symbol.

    Parameters
    ----------
    outputs : Symbol or list of Symbol
        What to compute.
    inputs : Symbol or list of Symbol
        The variables that are the block's inputs; all others become parameters.
    params : ParameterDict, optional
        Where to find the parameters.

    Examples
    --------
    >>> import mxloss as mx
    >>> x, y = mx.sym.var("x"), mx.sym.var("y")
    >>> block = mx.gluon.SymbolBlock(mx.sym.sum(x * y), [x, y])
    >>> block(mx.nd.array([1, 2]), mx.nd.array([3, 4])).asscalar().item()
    11.0
    """

    def __init__(
        self,
        outputs: Symbol | Sequence[Symbol],
        inputs: Symbol | Sequence[Symbol],
        params: ParameterDict | None = None,
    ) -> None:
        super().__init__(params=ParameterDict("", params))
        self.__dict__.update(_prefix="", _empty_prefix=True)
        inputs = [inputs] if isinstance(inputs, Symbol) else list(inputs)
        for x in inputs:
            if not isinstance(x, Symbol) or x.get_children() is not None:
                raise MXNetTypeError(f"SymbolBlock: input {x!r} is not a variable")
        self._graph = outputs if isinstance(outputs, Symbol) else symbol.Group(outputs)
        self._input_names: list[Any] = [x.name for x in inputs]
        for node in _graph.variables(self._graph._outputs):
            if node.name not in self._input_names:
                self._reg_params[node.name] = self.params.get(
                    node.name,
                    shape=node.declared("__shape__"),
                    dtype=node.declared("__dtype__") or "float32",
                    allow_deferred_init=True,
                )

    @staticmethod
    def imports(
        symbol_file: str,
        input_names: str | Sequence[str],
        param_file: str | None = None,
        ctx: Context | list[Context] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
    ) -> SymbolBlock:
        """A block from files that `HybridBlock.export` wrote, here or in MXNet.

        Parameters
        ----------
        symbol_file : str
            Such as ``path-symbol.json``.
        input_names : str or list of str
            Names of the inputs, such as ``["data0", "data1"]``.
        param_file : str, optional
            Such as ``path-0000.params``. Without it parameters have to be initialized.
        allow_missing, ignore_extra : bool
            Whether parameters may lack values, and values parameters.
        """
        graph = symbol.load(symbol_file)
        names = [input_names] if isinstance(input_names, str) else list(input_names)
        known = graph.list_arguments()
        for name in names:
            if name not in known:
                raise MXNetValueError(
                    f"imports: {symbol_file} has no input {name!r}; it has {', '.join(known)}"
                )
        block = SymbolBlock(graph, [symbol.var(name) for name in names])
        if param_file is not None:
            block.collect_params().load(
                param_file, ctx, allow_missing, ignore_extra, cast_dtype=True, dtype_source="saved"
            )
        return block

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(\n{self._graph!r} : {len(self._input_names)} -> "
            f"{len(self._graph)}\n)"
        )

    def infer_shape(self, *args: Any) -> None:
        """Find the shapes of parameters from arrays as the block will be called with."""
        known = {name: a.shape for name, a in zip(self._input_names, arrays_in(args))}
        found, _, _ = self._graph.infer_shape(**known)
        for name, shape in zip(self._graph.list_arguments(), found or ()):
            if name in self._reg_params:
                self._reg_params[name]._take_shape(shape)

    def forward(self, *args: Any) -> Any:
        """The outputs, one or a list."""
        given = list(arrays_in(args))
        if len(given) != len(self._input_names) or len(given) != len(args):
            raise MXNetTypeError(
                f"SymbolBlock: got {len(args)} inputs; expected {len(self._input_names)} arrays: "
                f"{', '.join(self._input_names)}"
            )
        if isinstance(given[0], Symbol):
            return self._graph(**dict(zip(self._input_names, given)))
        values = dict(zip(self._input_names, map(_as_ndarray, given)))
        try:
            values.update({name: p.data() for name, p in self._reg_params.items()})
        except DeferredInitializationError:
            self.infer_shape(*given)
            for parameter in self._reg_params.values():
                parameter._finish_deferred_init()
            values.update({name: p.data() for name, p in self._reg_params.items()})
        outputs = _graph.evaluate(self._graph._outputs, values)
        return outputs[0] if len(outputs) == 1 else outputs

    def hybrid_forward(self, F: Any, *args: Any) -> Any:
        """As forward."""
        return self.forward(*args)


def _as_ndarray(x):
    return x if isinstance(x, NDArray) else NDArray(x)
