"""The table that Block.summary prints."""

from __future__ import annotations

import math

from .._ndarray import NDArray
from ..base import MXNetAssertionError

_ROW = "{:>20}  {:>42} {:>15}"


def _shapes(value):
    if isinstance(value, NDArray):
        return value.shape
    if isinstance(value, (list, tuple)):
        return [_shapes(v) for v in value]
    return getattr(value, "shape", None)


def _text(value):
    shapes = _shapes(value)
    return str(shapes)[1:-1] if isinstance(shapes, list) else str(shapes)


def _count(parameters):
    return sum(math.prod(p.shape) for p in parameters)


def summarise(block, inputs):
    """Call the block with the inputs and print what comes out of each block inside."""
    rows = [("Input", _text(inputs[0] if len(inputs) == 1 else list(inputs)), 0)]
    met = []  # parameters, as often as they are met
    handles = []

    def note(inner, _, result):
        own = list(inner.params.values())
        met.extend(own)
        rows.append((f"{type(inner).__name__}-{len(rows)}", _text(result), _count(own)))

    def watch(inner):
        if not inner._in_summary:
            return
        if getattr(inner, "_active", False):
            raise MXNetAssertionError(
                f'"{inner.name}" must not be hybridized to print summary; call hybridize(False)'
            )
        handles.append(inner.register_forward_hook(note))

    try:
        block.apply(watch)
        block(*inputs)
    finally:
        for handle in handles:
            handle.detach()
    unique = list({id(p): p for p in met}.values())
    trainable = _count(p for p in met if p.grad_req != "null")
    print("-" * 80)
    print(_ROW.format("Layer (type)", "Output Shape", "Param #"))
    print("=" * 80)
    for row in rows:
        print(_ROW.format(*row))
    print("=" * 80)
    print("Parameters in forward computation graph, duplicate included")
    print(f"   Total params: {_count(met)}")
    print(f"   Trainable params: {trainable}")
    print(f"   Non-trainable params: {_count(met) - trainable}")
    print(f"Shared params in forward computation graph: {_count(met) - _count(unique)}")
    print(f"Unique parameters in model: {_count(unique)}")
    print("-" * 80)
