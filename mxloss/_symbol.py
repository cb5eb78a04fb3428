"""The class Symbol(SymbolMethods): an expression of operators, to be evaluated later or written to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from . import _graph, operators
from ._graph import Node
from ._methods import SymbolMethods
from ._ndarray import _NUMBERS, NDArray
from .base import MXNetError, MXNetTypeError, MXNetValueError, NotImplementedForSymbol
from .name import NameManager

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._typing import Axis, DType, Given, Inferred, Shape
    from .context import Context
    from .executor import Executor

_WITH_UNDERSCORE = {"equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal"}
_WITH_UNDERSCORE |= {"logical_and", "logical_or", "logical_xor"}


def compose(entry, hint, inputs, attributes, given, name=None):
    """The Symbol of an operator applied to Symbols; inputs that it wants and were not given become
    variables."""
    name = NameManager.current().get(name, hint)
    try:
        texts = {key: _graph.text(key, value) for key, value in given.items()}
    except (TypeError, SyntaxError) as error:  # no dtype
        raise MXNetTypeError(f"{entry.name}: {error}") from None
    if entry.arrays is None:
        sources = [one_output(entry, i, x) for i, x in enumerate(inputs)]
        texts["num_args"] = str(len(sources))
    else:
        wanted, sources = entry.wanted(attributes), []
        for i, (parameter, x) in enumerate(zip(entry.signature.parameters, inputs)):
            if x is None and parameter in wanted:
                x = Symbol([(Node(None, f"{name}_{parameter}", texts=dict(texts)), 0)])
            sources.append(
                None if x is None or parameter not in wanted else one_output(entry, i, x)
            )
    node = Node(entry, name, sources, attributes, texts)
    return Symbol([(node, i) for i in range(node.outputs)])


def one_output(entry, place, x):
    """The only output of an input."""
    if not isinstance(x, Symbol):
        raise MXNetTypeError(
            f"{entry.name}: input {place} is of type {type(x).__name__}; expected a Symbol"
        )
    if len(x._outputs) != 1:
        raise MXNetValueError(
            f"{entry.name}: input {place} is a group of {len(x._outputs)} Symbols; expected one"
        )
    return x._outputs[0]


def mixed_symbols(stem, lhs, rhs, hint=None):
    """lhs and rhs, of which one may be a number; two Symbols must have one shape."""
    for x in (lhs, rhs):
        if not isinstance(x, (Symbol, *_NUMBERS)):
            raise MXNetTypeError(
                f"{stem}: an operand is of type {type(x).__name__}; expected a Symbol or a number"
            )
    if isinstance(lhs, Symbol) and isinstance(rhs, Symbol):
        return compose(operators.TABLE[f"_{stem}"], f"_{stem}", [lhs, rhs], {}, {})
    name, swapped = operators.mixed(stem, isinstance(lhs, Symbol), isinstance(rhs, Symbol))
    array, number = (rhs, lhs) if swapped else (lhs, rhs)
    if hint is None:
        hint = name if stem in _WITH_UNDERSCORE else name.replace("_scalar", "scalar")
    if isinstance(number, (bool, np.bool_)):
        number = int(number)
    elif isinstance(number, complex):
        raise MXNetTypeError(f"{stem}: an operand is {number!r}; expected a real number")
    scalar = {"scalar": number}
    return compose(operators.TABLE[name], hint, [array], scalar, scalar)


class Symbol(SymbolMethods):
    """An expression of operators and variables, of one or more outputs.

    Made by `mx.sym.var` and the operators in `mx.sym`, or by calling a block with Symbols.
    `bind` or `eval` computes it with arrays.

    >>> import mxloss as mx
    >>> a, b = mx.sym.var("a"), mx.sym.var("b")
    >>> total = mx.sym.sum(a * b, name="total")
    >>> total, total.list_arguments()
    (<Symbol total>, ['a', 'b'])
    >>> total.eval(a=mx.nd.array([1, 2]), b=mx.nd.array([3, 4]))[0].asscalar().item()
    11.0
    """

    __slots__ = ("__weakref__", "_outputs")
    __array_priority__: float = 1000.0
    __hash__ = object.__hash__
    handle = None

    def __init__(self, outputs: list[Any]) -> None:
        self._outputs = outputs

    def __repr__(self) -> str:
        if self.name is None:
            names = ", ".join(node.name for node, _ in self._outputs)
            return f"<Symbol group [{names}]>"
        return f"<Symbol {self.name}>"

    def __bool__(self) -> bool:
        raise NotImplementedForSymbol(
            "a Symbol has no truth: it has no elements before it is evaluated. Such a function "
            "works with NDArrays only"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        from .symbol import load_json

        return load_json, (self.tojson(),)

    def __copy__(self) -> Symbol:
        return self.__deepcopy__(None)

    def __deepcopy__(self, memo: Any) -> Symbol:
        return Symbol(_graph.copied(self._outputs, {}))

    # ---- Facts

    @property
    def name(self) -> str | None:
        """The name of the operator or variable; None for a group."""
        nodes = {id(node): node.name for node, _ in self._outputs}
        return next(iter(nodes.values())) if len(nodes) == 1 else None

    @property
    def num_outputs(self) -> int:
        """Number of outputs."""
        return len(self._outputs)

    def attr(self, key: str) -> str | None:
        """An attribute as a string, or None."""
        return self._outputs[0][0].texts.get(key) if self.name is not None else None

    def list_attr(self) -> dict[str, str]:
        """All attributes, as strings."""
        return dict(self._outputs[0][0].texts) if self.name is not None else {}

    def attr_dict(self) -> dict[str, dict[str, str]]:
        """Attributes of all nodes that have some, by name."""
        nodes = _graph.in_order(self._outputs)
        return {node.name: dict(node.texts) for node in nodes if node.texts}

    def list_arguments(self) -> list[str]:
        """Names of the variables, in the order in which the expression needs them."""
        return [node.name for node in _graph.variables(self._outputs)]

    list_inputs = list_arguments

    def list_auxiliary_states(self) -> list[str]:
        """[]: no operator here keeps a state."""
        return []

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return [node.output_names()[i] for node, i in self._outputs]

    def get_internals(self) -> Symbol:
        """A group of the outputs of all nodes."""
        nodes = _graph.in_order(self._outputs)
        return Symbol([(node, i) for node in nodes for i in range(node.outputs)])

    def get_children(self) -> Symbol | None:
        """A group of what goes into this operator; None for a variable."""
        children = [s for node, _ in self._outputs for s in node.inputs if s is not None]
        return Symbol(children) if children else None

    def __len__(self) -> int:
        return len(self._outputs)

    def __iter__(self) -> Iterator[Symbol]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int | str) -> Symbol:
        """One output, by number or name."""
        if isinstance(index, str):
            found = [i for i, name in enumerate(self.list_outputs()) if name == index]
            if len(found) != 1:
                raise MXNetValueError(
                    f"{'More than one' if found else 'Cannot find'} output that matches name "
                    f'"{index}"'
                )
            (index,) = found
        if not isinstance(index, (int, np.integer)):
            raise MXNetTypeError(
                f"a Symbol is indexed by the number or name of an output, got {index!r}; to cut "
                "arrays use slice_axis"
            )
        if not 0 <= index < len(self._outputs):
            raise IndexError(f"output {index} of {len(self._outputs)}")
        return Symbol([self._outputs[index]])

    def __call__(self, *args: Symbol, name: str | None = None, **kwargs: Symbol) -> Symbol:
        """The same expression with Symbols in place of variables, by name or in order."""
        names = self.list_arguments()
        if len(args) > len(names):
            raise MXNetTypeError(f"{self!r} has {len(names)} arguments, got {len(args)}")
        given = {**dict(zip(names, args)), **kwargs}
        for key, value in given.items():
            if key not in names:
                raise MXNetValueError(f"{self!r} has no argument {key!r}; it has {names}")
            if not isinstance(value, Symbol) or len(value) != 1:
                raise MXNetTypeError(f"{key} is {value!r}; expected a Symbol of one output")
        replaced = {key: value._outputs[0] for key, value in given.items()}
        made = Symbol(_graph.copied(self._outputs, replaced))
        if name is not None and made.name is not None:
            made._outputs[0][0].name = name
        return made

    # ---- Shapes and types

    def _by_name(self, what, args, kwargs):
        names = self.list_arguments()
        if len(args) > len(names):
            raise MXNetTypeError(f"{what}: {len(names)} arguments, got {len(args)}")
        for name in kwargs:
            if name not in names:
                raise MXNetValueError(f"{what}: no argument {name!r}; expected some of {names}")
        return {name: x for name, x in (*zip(names, args), *kwargs.items()) if x is not None}

    def _infer_shape(self, partial, args, kwargs):
        known = self._by_name("infer_shape", args, kwargs)
        for name, shape in known.items():
            if not isinstance(shape, (tuple, list)) or not all(
                isinstance(n, (int, np.integer)) for n in shape
            ):
                raise MXNetTypeError(f"infer_shape: {name} is {shape!r}; expected a shape")
        known = {k: tuple(s) for k, s in known.items() if s and all(n > 0 for n in s)}
        try:
            by_name, outputs = _graph.infer_shapes(self._outputs, known)
        except MXNetError:
            print("infer_shape error. Arguments:")
            for name, shape in known.items():
                print(f"  {name}: {shape}")
            raise
        arguments = [by_name[name] for name in self.list_arguments()]
        if partial:
            return [a or () for a in arguments], [o or () for o in outputs], []
        if None in arguments or None in outputs:
            _graph.warn_unknown(by_name)
            return None, None, None
        return arguments, outputs, []

    def infer_shape(self, *args: Any, **kwargs: Any) -> Inferred:
        """Shapes of arguments, outputs and (none) auxiliary states, from shapes of some arguments,
        by name or in order; three None, with a warning, if they are not enough."""
        return self._infer_shape(False, args, kwargs)

    def infer_shape_partial(self, *args: Any, **kwargs: Any) -> Inferred:
        """As infer_shape, with () for what is unknown."""
        return self._infer_shape(True, args, kwargs)

    def infer_type(self, *args: Any, **kwargs: Any) -> Inferred:
        """Dtypes of arguments, outputs and (none) auxiliary states, from those of some arguments;
        three None if they are not enough."""
        given = self._by_name("infer_type", args, kwargs)
        try:
            known = {name: np.dtype(dtype) for name, dtype in given.items()}
        except (TypeError, SyntaxError) as error:
            raise MXNetTypeError(f"infer_type: {error}") from None
        try:
            by_name, outputs = _graph.infer_types(self._outputs, known)
        except MXNetError:
            print("infer_type error. Arguments:")
            for name, dtype in known.items():
                print(f"  {name}: {given.get(name, dtype)}")
            raise
        arguments = [by_name[name] for name in self.list_arguments()]
        if any(dtype is None for dtype in outputs):
            return None, None, None
        return (
            [np.float32 if a is None else a.type for a in arguments],
            [o.type for o in outputs],
            [],
        )

    # ---- Computing

    def eval(self, ctx: Context | None = None, **kwargs: NDArray) -> list[NDArray]:
        """A list of the outputs as NDArrays, for arguments given by name."""
        return self.bind(ctx, kwargs).forward()

    def bind(
        self,
        ctx: Context | None = None,
        args: Given | None = None,
        args_grad: Given | None = None,
        grad_req: str | dict[str, str] | Sequence[str] = "write",
        aux_states: Any = None,
        **ignored: Any,
    ) -> Executor:
        """An `Executor` that computes the outputs with these arrays.

        Parameters
        ----------
        ctx : Context
        args : dict or list of NDArray
            The arguments, by name or in order.
        args_grad : dict or list of NDArray, optional
            Where `backward` puts gradients.
        grad_req : str, or dict or list of str
            'write', 'add' or 'null'.
        """
        from .executor import Executor

        return Executor(self, args or {}, args_grad, grad_req)

    def simple_bind(
        self,
        ctx: Context | None = None,
        grad_req: str | dict[str, str] | Sequence[str] = "write",
        type_dict: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Executor:
        """As `bind`, with arrays of zeros for arguments of shapes given by name."""
        from .executor import bound_to_zeros

        return bound_to_zeros(self, kwargs, type_dict or {}, grad_req)

    # ---- Files

    def tojson(self, remove_amp_cast: bool = True) -> str:
        """The expression as JSON, in MXNet's own form."""
        from ._graph_json import dump

        return dump(self._outputs)

    def save(self, fname: str, remove_amp_cast: bool = True) -> None:
        """Write tojson() to a file."""
        from . import _files

        _files.write(fname, self.tojson().encode())

    def debug_str(self) -> str:
        """The expression node by node."""
        return _graph.described(self._outputs)

    def __getattr__(self, name: str) -> NoReturn:
        if name in _ARRAYS_ONLY:
            raise NotImplementedForSymbol(
                f"Function {name} is not implemented for Symbol and only available in NDArray"
            )
        raise AttributeError(f"a Symbol has no {name!r}")

    # ---- Shapes with arguments in more than one form

    def reshape(self, *shape: Shape, **kwargs: Any) -> Symbol:
        """Shape codes as in `nd.reshape`; lengths one by one or as a tuple."""
        lengths: Any = kwargs.pop("shape", shape)
        if len(lengths) == 1 and not isinstance(lengths[0], (int, np.integer)):
            lengths = lengths[0]
        attributes = {"shape": tuple(lengths), **kwargs}
        return _apply("reshape", [self], attributes)

    def transpose(self, *axes: Axis, **kwargs: Any) -> Symbol:
        """The axes in another order, reversed by default."""
        order: Any = kwargs.pop("axes", axes)
        if len(order) == 1 and not isinstance(order[0], (int, np.integer)):
            order = order[0]
        return _apply("transpose", [self], {"axes": tuple(order)} if order else {})

    def astype(self, dtype: DType) -> Symbol:
        """With another dtype."""
        return _apply("cast", [self], {"dtype": dtype})


_ARRAYS_ONLY = {"asnumpy", "asscalar", "backward", "attach_grad", "grad", "shape", "size", "dtype"}
_ARRAYS_ONLY |= {
    "copy",
    "copyto",
    "as_in_context",
    "detach",
    "wait_to_read",
    "ndim",
    "context",
    "T",
}


def _apply(name, inputs, given):
    entry = operators.TABLE[name]
    arrays, attributes = entry.bind(inputs, given)
    return compose(entry, name.lower(), arrays, attributes, given)
