#!/usr/bin/env python3
"""Turn the recorded vectors of tests/golden into one text file that any language can read.

    python tests/tools/golden_text.py           write tests/golden/vectors.txt
    python tests/tools/golden_text.py --check   exit with 1 if that file is not current

One record per line, words separated by blanks; numbers are exact: C99 hexadecimal floats, or
decimal integers, inf, -inf, nan.

    case NAME                     begins a case
    loss CLASS                    class name in gluon.loss
    expect value|refused|accepted compare numbers, or only whether the call is refused
    option NAME WORD-OR-NUMBER    constructor and scalar call arguments that are not the default
    input NAME DTYPE NDIM LENGTHS... NUMBERS...    in the order of the call
    tolerance RELATIVE ABSOLUTE
    value, head DTYPE NDIM LENGTHS... NUMBERS...
    grad NAME DTYPE NDIM LENGTHS... NUMBERS...     of sum(value * head)
    end
"""

import math
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))
import golden  # noqa: E402

TARGET = golden.FOLDER / "vectors.txt"
INPUT_NAMES = {
    "PoissonNLLLoss": ("pred", "target", "sample_weight"),
    "CTCLoss": ("pred", "label", "pred_lengths", "label_lengths", "sample_weight"),
    "TripletLoss": ("pred", "positive", "negative", "sample_weight"),
    "CosineEmbeddingLoss": ("input1", "input2", "label", "sample_weight"),
    "SDMLLoss": ("x1", "x2"),
}


def number(x):
    if isinstance(x, (bool, np.bool_)):
        return str(int(x))
    if isinstance(x, (int, np.integer)):
        return str(int(x))
    x = float(x)
    return x.hex() if math.isfinite(x) else str(x)


def array(a):
    words = [a.dtype.name, a.ndim, *a.shape, *map(number, a.ravel().tolist())]
    return " ".join(map(str, words))


def options(pairs):
    return [
        f"option {key} {value if isinstance(value, str) else number(value)}"
        for key, value in pairs.items()
        if value is not None
    ]


def recorded():
    for case in golden.cases():
        yield f"case {case.name}"
        yield f"loss {case.loss}"
        yield "expect " + ("refused" if case.refused else "value")
        yield from options({**case.ctor, **case.scalars})
        for name, x in zip(case.names, case.inputs):
            if name is not None:
                yield f"input {name} {array(x)}"
        if not case.refused:
            yield f"tolerance {case.rtol!r} {case.atol!r}"
            yield f"value {array(case.value)}"
            yield f"head {array(case.head)}"
            for name, x in case.grads.items():
                yield f"grad {name} {array(x)}"
        yield "end"


def refusals():
    for i, row in enumerate(golden.refusals()):
        if any(isinstance(value, str) for value in row["ctor"].values()) or "ctor" in row["why"]:
            continue  # about Python's types and signatures
        if row["loss"] == "CTCLoss" and "batch_axis" in row["ctor"]:
            continue
        yield f"case refusal_{i:02d}"
        yield f"loss {row['loss']}"
        yield "expect " + ("accepted" if row["relaxed"] else "refused")
        yield from options(row["ctor"])
        names = INPUT_NAMES.get(row["loss"], ("pred", "label", "sample_weight", "pos_weight"))
        for name, spec in zip(names, row["inputs"]):
            if spec is not None:
                fill = spec[2] if len(spec) > 2 else 1
                yield f"input {name} {array(np.full(spec[0], fill, spec[1]))}"
        yield "end"


def text():
    return (
        "\n".join(
            [
                "# made by tests/tools/golden_text.py, which explains the format",
                *recorded(),
                *refusals(),
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(0 if TARGET.read_text() == text() else f"{TARGET.name} is not current")
    TARGET.write_text(text())
