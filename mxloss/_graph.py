"""The nodes behind Symbols: order, evaluation, and what can be known about shapes and types."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ._ndarray import NDArray, invoke
from ._tape import after_inputs
from .base import MXNetError, MXNetMemoryError, MXNetValueError

# numbers of dtypes in MXNet's files
TYPES = {
    np.dtype(name): number
    for number, name in enumerate(
        ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")
    )
}


def text(key, value):
    """An attribute as a string, as files have it."""
    if key == "dtype":
        return np.dtype(value).name
    if isinstance(value, (tuple, list)):  # numpy's numbers do not show as numbers
        inner = ", ".join(text(None, v) for v in value)
        return f"({inner}{',' if len(value) == 1 else ''})"
    return str(value)


class Node:
    """A variable (`entry` is None), or an operator applied to outputs of other nodes.

    inputs has a pair (node, number of its output) for each array of the operator, None for those
    left out. attributes are values for the operator's function, texts what was given, as strings.
    """

    __slots__ = ("attributes", "entry", "inputs", "name", "texts")

    entry: Any  # an Operator, or None
    name: str
    inputs: list[Any]
    attributes: dict[str, Any]
    texts: dict[str, str]

    def __init__(
        self,
        entry: Any,
        name: str,
        inputs: Any = (),
        attributes: dict[str, Any] | None = None,
        texts: dict[str, str] | None = None,
    ) -> None:
        self.entry, self.name, self.inputs = entry, name, list(inputs)
        self.attributes, self.texts = attributes or {}, texts or {}

    @property
    def outputs(self) -> int:
        """Number of results."""
        return 1 if self.entry is None else self.entry.outputs(self.attributes)

    def output_names(self) -> list[str]:
        """Names of the results; a variable's is its own."""
        if self.entry is None:
            return [self.name]
        if self.outputs == 1:
            return [f"{self.name}_output"]
        return [f"{self.name}_output{i}" for i in range(self.outputs)]

    def declared(self, key: str) -> Any:
        """The shape ('__shape__') or dtype ('__dtype__') that a variable was made with, or None."""
        text = self.texts.get(key)
        if text is None:
            return None
        value = parse(text)
        if key == "__dtype__":
            return next((dtype for dtype, number in TYPES.items() if number == value), None)
        return value if isinstance(value, tuple) and _is_shape(value) else None


def _is_shape(value):
    return all(isinstance(n, (int, np.integer)) and n > 0 for n in value)


def parse(text):
    """A value as files write it: a number, True, False, None, a tuple of these, or a word."""
    text = text.strip()
    if text[:1] in ("(", "[") and text[-1:] in (")", "]"):
        return tuple(_parse_one(part.strip()) for part in text[1:-1].split(",") if part.strip())
    return _parse_one(text)


def _parse_one(text):
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def in_order(outputs):
    """All nodes that the outputs need, each after its inputs, as MXNet's files have them."""
    return after_inputs([node for node, _ in reversed(outputs)], _nodes_before)


def _nodes_before(node):
    return [source[0] for source in reversed(node.inputs) if source is not None]


def variables(outputs):
    """The variables among them."""
    return [node for node in in_order(outputs) if node.entry is None]


def evaluate(outputs, values):
    """NDArrays of the outputs; values has those of the variables by name."""
    results = {}
    for node in in_order(outputs):
        if node.entry is None:
            results[id(node)] = [values[node.name]]
            continue
        arrays = [None if s is None else results[id(s[0])][s[1]] for s in node.inputs]
        try:
            made = invoke(node.entry, arrays, node.attributes)
        except MXNetError as error:
            raise type(error)(f"Error in operator {node.name}: {error}") from None
        results[id(node)] = made if isinstance(made, list) else [made]
    return [results[id(node)][i] for node, i in outputs]


def copied(outputs, replaced):
    """The outputs of a copy of the graph, with some variables replaced by outputs of other nodes."""
    copies = {}
    for node in in_order(outputs):
        if node.entry is None and node.name in replaced:
            copies[id(node)] = [replaced[node.name]]
            continue
        sources = [None if s is None else copies[id(s[0])][s[1]] for s in node.inputs]
        copy = Node(node.entry, node.name, sources, dict(node.attributes), dict(node.texts))
        copies[id(node)] = [(copy, i) for i in range(node.outputs)]
    return [copies[id(node)][i] for node, i in outputs]


def described(outputs):
    """The graph node by node, as MXNet's debug_str has it."""
    nodes = in_order(outputs)
    if len(nodes) == len(outputs) == 1 and nodes[0].entry is None:
        return f"Variable:{nodes[0].name}\n"
    lines = ["Symbol Outputs:"]
    lines += [f"\toutput[{i}]={node.name}({k})" for i, (node, k) in enumerate(outputs)]
    for node in nodes:
        if node.entry is None:
            lines.append(f"Variable:{node.name}")
            continue
        lines += ["-" * 20, f"Op:{node.entry.mxnet}, Name={node.name}", "Inputs:"]
        sources = [s for s in node.inputs if s is not None]
        lines += [
            f"\targ[{i}]={n.name}({k}){' version=0' if n.entry is None else ''}"
            for i, (n, k) in enumerate(sources)
        ]
        if node.texts:
            lines.append("Attrs:")
            lines += [f"\t{key}={node.texts[key]}" for key in sorted(node.texts)]
    return "\n".join(lines) + "\n"


# ---- Shapes --------------------------------------------------------------------------------------


def _result_shapes(node, shapes):
    """Shapes of a node's results: those of the operator applied to zeros."""
    try:
        zeros = [None if shape is None else np.zeros(shape, np.float32) for shape in shapes]
    except (MemoryError, ValueError) as error:  # ValueError: beyond what numpy can count
        raise MXNetMemoryError(str(error)) from None
    arrays = [None if a is None else NDArray(a) for a in zeros]
    made = invoke(node.entry, arrays, node.attributes)
    return [m.shape for m in made] if isinstance(made, list) else [made.shape]


def infer_shapes(outputs, known):
    """{variable name: shape} of all variables, with None where unknown, and the outputs' shapes."""
    nodes = in_order(outputs)
    shapes = {
        id(node): [known.get(node.name) or node.declared("__shape__")]
        if node.entry is None
        else [None] * node.outputs
        for node in nodes
    }
    changed = True
    while changed:
        changed = False
        for node in nodes:
            if node.entry is None or None not in shapes[id(node)]:
                continue
            sources = [s for s in node.inputs if s is not None]
            has = [shapes[id(n)][i] for n, i in sources]
            if None in has and node.entry.fill is not None:
                for (n, i), old, new in zip(sources, has, node.entry.fill(has, node.attributes)):
                    if old is None and new is not None and n.entry is None:
                        if not _is_shape(new):
                            raise MXNetValueError(
                                f"Error in operator {node.name}: the shape of {n.name} would be "
                                f"{new}"
                            )
                        shapes[id(n)][i] = tuple(new)
                        changed = True
                has = [shapes[id(n)][i] for n, i in sources]
            if None not in has:
                by_place = iter(has)
                full = [None if s is None else next(by_place) for s in node.inputs]
                try:
                    shapes[id(node)] = _result_shapes(node, full)
                except MXNetError as error:
                    raise type(error)(f"Error in operator {node.name}: {error}") from None
                changed = True
    for node in nodes:
        if (
            node.entry is not None
            and node.entry.name == "reshape_like"
            and None in shapes[id(node)]
        ):
            raise MXNetValueError(
                f"Error in operator {node.name}: reshape_like needs the shapes of both inputs; "
                f"give the shape of {' and '.join(_unknown(node, shapes))}"
            )
    by_name = {node.name: shapes[id(node)][0] for node in nodes if node.entry is None}
    return by_name, [shapes[id(node)][i] for node, i in outputs]


def _unknown(node, shapes):
    nodes = in_order([(node, 0)])
    return [n.name for n in nodes if n.entry is None and shapes[id(n)][0] is None] or ["its inputs"]


def warn_unknown(by_name):
    """Say which shapes could not be found."""
    names = ", ".join(name for name, shape in by_name.items() if shape is None)
    warnings.warn(
        f"Cannot decide shape for the following arguments: {names}. Consider providing them as "
        "input",
        stacklevel=4,
    )


# ---- Types ---------------------------------------------------------------------------------------


def infer_types(outputs, known):
    """{variable name: dtype or None}, and the outputs' dtypes: all that an operator takes and gives
    have one dtype, but for indices and their like, and for results whose dtype is an argument."""
    nodes = in_order(outputs)
    types = {
        id(node): [known[node.name] if node.name in known else node.declared("__dtype__")]
        if node.entry is None
        else [None] * node.outputs
        for node in nodes
    }
    changed = True
    while changed:
        changed = False
        for node in nodes:
            if node.entry is None:
                continue
            own = node.attributes.get("dtype")
            tied = [
                (id(s[0]), s[1])
                for i, s in enumerate(node.inputs)
                if s is not None and i not in node.entry.loose
            ]
            results = [(id(node), i) for i in range(node.outputs)]
            if own is None:
                tied += results
            elif types[id(node)][0] is None:
                types[id(node)] = [np.dtype(own)] * node.outputs
                changed = True
            has = {types[n][i] for n, i in tied if types[n][i] is not None}
            if len(has) > 1:
                raise MXNetValueError(
                    f"Error in operator {node.name}: its inputs have the dtypes "
                    f"{' and '.join(sorted(str(dtype) for dtype in has))}; expected one"
                )
            for n, i in tied:
                if has and types[n][i] is None:
                    (types[n][i],) = has
                    changed = True
    by_name = {node.name: types[id(node)][0] for node in nodes if node.entry is None}
    return by_name, [types[id(node)][i] for node, i in outputs]
