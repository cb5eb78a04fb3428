"""Expressions as JSON, in the form of MXNet 1.9.1's files."""

from __future__ import annotations

import json

from . import operators
from ._graph import TYPES, Node, in_order, parse
from .base import MXNetMemoryError, MXNetValueError

MAX_NODES, MAX_OUTPUTS = 100_000, 1_000_000
MAX_TEXT = 8 << 20  # json takes 25 times that, at worst
_DTYPES = [dtype.name for dtype in TYPES]


def dump(outputs):
    """The text of a file."""
    nodes = in_order(outputs)
    number = {id(node): i for i, node in enumerate(nodes)}

    def places(sources):
        return ", ".join(f"[{number[id(n)]}, {i}, 0]" for n, i in sources)

    def quoted(text):  # MXNet reads no \u0000
        return json.dumps(text, ensure_ascii=False)

    texts = []
    for node in nodes:
        lines = [
            f'      "op": {quoted("null" if node.entry is None else node.entry.mxnet)}',
            f'      "name": {quoted(node.name)}',
        ]
        attributes = [f"{quoted(k)}: {quoted(v)}" for k, v in sorted(node.texts.items())]
        if len(attributes) == 1:
            lines.append(f'      "attrs": {{{attributes[0]}}}')
        elif attributes:
            inner = ", \n".join("        " + text for text in attributes)
            lines.append(f'      "attrs": {{\n{inner}\n      }}')
        lines.append(f'      "inputs": [{places([s for s in node.inputs if s is not None])}]')
        texts.append("    {\n" + ", \n".join(lines) + "\n    }")
    rows = [0]
    for node in nodes:
        rows.append(rows[-1] + node.outputs + (node.entry.hidden if node.entry else 0))
    arguments = [number[id(node)] for node in nodes if node.entry is None]

    def numbers(values):  # MXNet's writer breaks lines in long lists
        if len(values) <= 10:
            return str(values)
        return "[\n" + ", \n".join(f"    {n}" for n in values) + "\n  ]"

    return (
        '{\n  "nodes": [\n'
        + ", \n".join(texts)
        + f'\n  ], \n  "arg_nodes": {numbers(arguments)}, \n'
        + f'  "node_row_ptr": {numbers(rows)}, \n'
        + f'  "heads": [{places(outputs)}], \n  "attrs": {{"mxnet_version": ["int", 10901]}}\n}}'
    )


class _Reader:
    """Checks each part of a file as it is used; an error says which."""

    def __init__(self, where, value):
        self.where, self.value = where, value

    def error(self, what):
        return MXNetValueError(f"not a graph: {self.where} {what}")

    def field(self, name, kind, default=None):
        found = self.value.get(name, default)
        if not isinstance(found, kind) or isinstance(found, bool):
            expected = {str: "a string", list: "a list", dict: "an object"}[kind]
            missing = name not in self.value
            raise self.error(
                f"has no {name!r}" if missing else f"has a {name!r} that is not {expected}"
            )
        return found


def _place(reader, entry, nodes):
    """An entry [number of a node, number of its output, ...] as a pair."""
    if (
        not isinstance(entry, list)
        or len(entry) < 2
        or not all(isinstance(n, int) and not isinstance(n, bool) for n in entry[:2])
    ):
        raise reader.error(f"refers to {str(entry)[:60]}; expected [node, output, version]")
    node, output = entry[:2]
    if not 0 <= node < len(nodes):
        raise reader.error(f"refers to node {node}, which does not come before it")
    if not 0 <= output < nodes[node].outputs:
        raise reader.error(
            f"refers to output {output} of node {node} ({nodes[node].name!r}), which has "
            f"{nodes[node].outputs}"
        )
    return nodes[node], output


def _node(reader, nodes):
    operator, name = reader.field("op", str), reader.field("name", str)
    reader.where += f" ({name[:60]!r})"
    texts = {}
    for key in ("param", "attr", "attrs"):  # older files have it under the first names
        texts.update(reader.field(key, dict, {}))
    for key, value in texts.items():
        if not isinstance(value, str):
            raise reader.error(f"has an attribute {key[:60]!r} that is not a string")
    try:
        "".join((name, *texts, *texts.values())).encode()
    except UnicodeEncodeError:
        raise reader.error("has a text with half a character in it") from None
    inputs = [_place(reader, entry, nodes) for entry in reader.field("inputs", list)]
    if operator == "null":
        if inputs:
            raise reader.error("is a variable, but has inputs")
        return Node(None, name, texts=texts)
    entry = operators.TABLE.get(operator)
    if entry is None:
        raise reader.error(
            f"has the operator {operator[:60]!r}, which mxloss does not have: it carries those "
            "that losses are made of"
        )
    return _operator_node(reader, entry, name, inputs, texts)


def _operator_node(reader, entry, name, inputs, texts):
    parameters = entry.signature.parameters
    names = list(parameters)[1 if entry.arrays is None else entry.arrays :]
    ours = {k: v for k, v in texts.items() if not k.startswith("__")}
    attributes = {}
    for key in names:
        value = parse(ours[key]) if key in ours else parameters[key].default
        if value is parameters[key].empty:
            raise reader.error(f"lacks the attribute {key!r} of the operator {entry.mxnet}")
        attributes[key] = value
    for key in ours.keys() - set(names) - _KNOWN_BY_MXNET:
        raise reader.error(f"has an attribute {key[:60]!r} that mxloss does not know")
    if attributes.get("dtype") not in (None, *_DTYPES):
        raise reader.error(
            f"has the dtype {str(attributes['dtype'])[:60]!r}; expected one of {', '.join(_DTYPES)}"
        )
    if entry.arrays is not None:
        try:
            wanted = entry.wanted(attributes)
        except TypeError as error:
            raise reader.error(f"has attributes that do not fit: {error}") from None
        if len(inputs) != len(wanted):
            raise reader.error(
                f"has {len(inputs)} inputs; {entry.mxnet} takes {len(wanted)}: {', '.join(wanted)}"
            )
        by_name = dict(zip(wanted, inputs))
        inputs = [by_name.get(key) for key in list(parameters)[: entry.arrays]]
    made = Node(entry, name, inputs, attributes, texts)
    if not isinstance(made.outputs, int) or not 1 <= made.outputs <= 1000:
        raise reader.error(f"has {str(made.outputs)[:20]} outputs; expected 1 to 1000")
    return made


# attributes of MXNet's that change nothing here
_KNOWN_BY_MXNET = {"num_args", "cudnn_off", "workspace", "ctx", "name", "use_length"}


def load(text):
    """The outputs in the text of a file."""
    if len(text) > MAX_TEXT:
        raise MXNetValueError(f"not a graph: {len(text)} characters, more than {MAX_TEXT}")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MXNetValueError(f"not a graph: not JSON: {error}") from None
    except MemoryError:
        raise MXNetMemoryError("no memory for the graph") from None
    if not isinstance(found, dict):
        raise MXNetValueError("not a graph: expected a JSON object")
    top = _Reader("the file", found)
    listed = top.field("nodes", list)
    if len(listed) > MAX_NODES:
        raise top.error(f"has {len(listed)} nodes; more than {MAX_NODES}")
    nodes, outputs = [], 0
    for i, value in enumerate(listed):
        reader = _Reader(f"node {i}", value)
        if not isinstance(value, dict):
            raise reader.error("is not an object")
        nodes.append(_node(reader, nodes))
        outputs += nodes[-1].outputs
        if outputs > MAX_OUTPUTS:
            raise top.error(f"has more than {MAX_OUTPUTS} outputs of nodes")
    heads = top.field("heads", list)
    if not heads:
        raise top.error("has no heads")
    return [_place(top, entry, nodes) for entry in heads]
