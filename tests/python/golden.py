"""The recorded cases of the real MXNet 1.9.1 in tests/golden, as Python objects."""

import json
import pathlib
from typing import NamedTuple

import numpy as np

FOLDER = pathlib.Path(__file__).parent.parent / "golden"


class Case(NamedTuple):
    name: str
    loss: str
    ctor: dict
    inputs: list  # in the order of the call; None for absent ones
    names: list  # of the inputs, None for absent ones
    scalars: dict
    value: np.ndarray
    head: np.ndarray
    grads: dict  # input name -> gradient
    rtol: float
    atol: float
    refused: bool  # mxloss refuses the call on purpose
    decided: bool  # the expected numbers are mxloss's decision in place of MXNet's


def cases():
    """All recorded cases, with our decision in place of the recording where there is one."""
    decisions = json.loads((FOLDER / "decisions.json").read_text())
    found = []
    for path in sorted(FOLDER.glob("*.npz")):
        ours = decisions.get(path.name, {}).get("ours")
        data = np.load(FOLDER / "decided" / path.name if ours == "decided" else path)
        meta = json.loads(str(np.load(path)["meta"]))
        arrays = dict(np.load(path))
        arrays.update({key: data[key] for key in data.files if key != "meta"})
        ctor = dict(meta["ctor"])
        if meta["loss"] == "KLDivLoss":  # recorded with 1.9.1's sum
            ctor["reduction"] = "sum"
        found.append(Case(
            path.stem, meta["loss"], ctor,
            [None if name is None else arrays["in_" + name] for name in meta["call"]],
            meta["call"], meta["scalars"], arrays["out"], arrays["head"],
            {key[5:]: value for key, value in arrays.items() if key.startswith("grad_")},
            meta["rtol"], meta["atol"], ours == "raises", ours == "decided"))
    return found


def refusals():
    """Calls that MXNet refuses; `relaxed` ones mxloss accepts."""
    return json.loads((FOLDER / "raises.json").read_text())
