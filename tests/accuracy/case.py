"""One call that is measured, and what all measurements share."""

import dataclasses
import pathlib
import sys
from typing import Callable

import ml_dtypes
import numpy as np

sys.path.append(str(pathlib.Path(__file__).parents[1] / "python"))  # cases, references, metric, ...

DTYPES = {
    "float32": np.float32,
    "float64": np.float64,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}
FLOATS, HALVES = ("float32", "float64"), ("float16", "bfloat16")


@dataclasses.dataclass
class Case:
    """Inputs of one call. `exact` gives {value or input: (numbers, sizes)}, both flat; with `own`,
    for those who add nothing inside logarithms."""

    name: str  # a row of the tables
    loss: str
    options: dict  # Gluon's, of the constructor
    call: dict  # and of the call
    k: dict  # all of them, for the recipes of the peers
    dtype: str
    region: str  # ordinary, extreme; random, constant, sorted for means
    kind: str  # elements, rows, mean
    inputs: dict
    wrt: list
    exact: Callable
    note: str = ""  # its size

    def manifest(self):
        return {
            f.name: getattr(self, f.name)
            for f in dataclasses.fields(self)
            if f.name not in ("inputs", "exact")
        } | {"names": list(self.inputs)}
