"""Block.save and Block.load: the blocks inside a block, by name, as MXNet writes them."""

from __future__ import annotations

import json

from .. import _files
from .._graph_json import MAX_TEXT
from ..base import MXNetValueError


def _described(block, counter):
    number = next(counter)
    entry = {
        "orig_name": block.name,
        "hybridized": False,
        "children": {child.name: name for name, child in block._children.items()},
    }
    for child in block._children.values():
        entry.update(_described(child, counter))
    return {f"{type(block).__name__.lower()}{number}": entry}


def save(block, prefix):
    """Write both files."""
    text = json.dumps(_described(block, iter(range(2**31))))
    _files.write(f"{prefix}-model.json", text.encode())
    block.save_parameters(f"{prefix}-model.params")


def load(block, prefix):
    """Check that the block is built as the saved one was, give the blocks their saved names, and
    take the parameters."""
    path = f"{prefix}-model.json"
    try:
        text = str(_files.read(path), "utf-8")
        if len(text) > MAX_TEXT:
            raise ValueError(f"{len(text)} characters, more than {MAX_TEXT}")
        model = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MXNetValueError(f"{path} is not a model: {error}") from None
    planned = []
    _plan(block, model, iter(range(2**31)), path, planned)
    values = f"{prefix}-model.params"
    block.load_parameters(values)
    for inner, name in planned:
        _rename(inner, name)


def _plan(block, structure, counter, path, planned):
    key = f"{type(block).__name__.lower()}{next(counter)}"
    entry = structure.get(key) if isinstance(structure, dict) else None
    if not isinstance(entry, dict) or not isinstance(entry.get("orig_name"), str):
        raise MXNetValueError(
            f"{path} has no entry {key!r} where the block {block.name!r} is; expected a model "
            "saved from a block that was built in the same way"
        )
    children = entry.get("children")
    if not isinstance(children, dict) or list(children.values()) != list(block._children):
        raise MXNetValueError(
            f"{path}: the children of {key!r} are not {', '.join(block._children) or 'none'}"
        )
    planned.append((block, entry["orig_name"]))
    for child in block._children.values():
        _plan(child, entry, counter, path, planned)


def _rename(block, name):
    block.__dict__.update(_name=name)
    parameters, prefix = block.params._params, block.params.prefix
    for old in list(parameters):
        parameters[f"{name}_{old[len(prefix) :]}"] = parameters.pop(old)
