"""One library in a process of its own: value and gradients of all cases.

    python tests/accuracy/worker.py LIBRARY INPUTS.npz RESULTS.npz

INPUTS holds `cases`, a JSON list, and the arrays `number/name`; RESULTS the arrays `number/value`
and `number/name of input`, and `info`, JSON with versions and errors. Needs numpy only, from 1.23
(MXNet's) on. bfloat16 travels as float32.
"""

import importlib
import json
import os
import sys

import numpy as np

MODULES = {"mxloss": "ours", "torch": "torch_peer", "jax": "jax_peer", "mxnet": "mxnet_peer"}


def main():
    library, source, target = sys.argv[1:]
    os.dup2(2, 1)  # what libraries print is not wanted
    module = importlib.import_module(MODULES[library])
    results, errors = {}, {}
    with np.load(source) as arrays:
        for number, case in enumerate(json.loads(str(arrays["cases"]))):
            inputs = {name: arrays[f"{number}/{name}"] for name in case["names"]}
            try:
                found = module.run(case, inputs)
            except Exception as error:  # of any library: the others go on without this case
                errors[number] = f"{type(error).__name__}: {error}"[:300]
                continue
            for name, array in found.items():
                results[f"{number}/{name}"] = np.ravel(array)
    info = {**module.info(), "errors": errors}
    np.savez(target, info=json.dumps(info), **results)


if __name__ == "__main__":
    main()
