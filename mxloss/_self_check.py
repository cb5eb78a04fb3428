"""The losses, as computed here, against calls of the real MXNet 1.9.1: for `python -m mxloss`.

The package has some of the recordings of tests/golden, in recorded/: each loss in float32 and in
float64, with all its gradients.
"""

import json

import numpy as np

from . import _core, gluon
from ._config import PACKAGE

RECORDED = PACKAGE / "recorded"


def _read(path):
    """What the call was, and the arrays that went in and came out."""
    with np.load(path) as file:
        arrays = dict(file)
    call = json.loads(str(arrays.pop("meta")))
    if call["loss"] == "KLDivLoss":
        call["ctor"]["reduction"] = "sum"  # as 1.9.1 did
    return call, arrays


def _compute(call, arrays):
    """{what: result} of a recorded call."""
    loss = getattr(gluon.loss, call["loss"])(**call["ctor"])
    inputs = [None if name is None else arrays["in_" + name] for name in call["call"]]
    wrt = [name[5:] for name in arrays if name.startswith("grad_")]
    value, grads = loss.value_and_grad(
        *inputs, *call["scalars"].values(), wrt=wrt, head_grad=arrays["head"]
    )
    return {"out": value, **{"grad_" + name: grad for name, grad in zip(wrt, grads)}}


def _differences(call, arrays):
    """A sentence about each result that is not as recorded."""
    try:
        results = _compute(call, arrays)
    except Exception as error:  # whatever it is, it belongs into the report
        return [f"{type(error).__name__}: {error}"]
    sentences = []
    for name, result in results.items():
        wanted = arrays[name]
        what = "value" if name == "out" else f"gradient of {name[5:]}"
        if result.shape != wanted.shape or result.dtype != wanted.dtype:
            sentences.append(
                f"{what}: {result.dtype} {result.shape} in place of {wanted.dtype} {wanted.shape}"
            )
            continue
        wrong = ~np.isclose(result, wanted, call["rtol"], call["atol"], equal_nan=True)
        if wrong.any():
            place = tuple(np.argwhere(wrong)[0].tolist())
            sentences.append(
                f"{what}: {wrong.sum()} of {wrong.size} wrong; "
                f"at {place} {result[place]!s} in place of {wanted[place]!s}"
            )
    return sentences


def failures():
    """A sentence about each result that is wrong, on every instruction set that there is."""
    sentences = []
    missing = {(loss, dtype) for loss in _core.LOSSES for dtype in ("float32", "float64")}
    before = _core.get_isa()
    try:
        for path in sorted(RECORDED.glob("*.npz")):
            call, arrays = _read(path)
            dtype = arrays["out"].dtype.name
            missing.discard((call["loss"], dtype))
            for isa in _core.isa_names():
                _core.set_isa(isa)
                sentences += [
                    f"{call['loss']} {dtype} {isa}: {sentence} ({path.stem})"
                    for sentence in _differences(call, arrays)
                ]
    finally:
        _core.set_isa(before)
    sentences += [f"{loss} {dtype}: nothing to compare with" for loss, dtype in sorted(missing)]
    return sentences
