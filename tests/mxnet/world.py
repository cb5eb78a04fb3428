"""Run the programs and exchange files in one world.

    python world.py mxnet|mxloss write FOLDER     programs, exports
    python world.py mxnet|mxloss read FOLDER      what the other world exported
"""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import random_losses  # noqa: F401  (registers a program)
from losses import CASES, OURS_ONLY, arrays
from programs import PROGRAMS, perceptron, set_weights


def with_gradients(mx, loss, numpy_inputs):
    """Value and gradients of the loss, for a head that is 1, 2, ..."""
    inputs = [None if a is None else mx.nd.array(a) for a in numpy_inputs]
    given = [x for x in inputs if x is not None]
    for x in given:
        x.attach_grad()
    with mx.autograd.record():
        value = loss(*inputs)
    value.backward(mx.nd.array(1 + np.arange(value.size).reshape(value.shape)))
    return [value.asnumpy()] + [x.grad.asnumpy() for x in given]


def make(mx, world, name, arguments, prefix=None):
    if world == "mxloss" and name == "KLDivLoss":
        arguments = {**arguments, "reduction": "sum"}  # as MXNet 1.9
    return getattr(mx.gluon.loss, name)(**arguments, prefix=prefix)


def write(mx, world, folder):
    """Results of all programs and losses, and the losses' files."""
    found = {}
    for name, program in PROGRAMS.items():
        found.update({f"{name}: {key}": value for key, value in program(mx)})
    np.savez(folder / "programs.npz", **found)
    results = {}
    cases = {**CASES, **OURS_ONLY} if world == "mxloss" else CASES
    for i, (case, (name, arguments, spec)) in enumerate(cases.items()):
        loss = make(mx, world, name, arguments, f"loss{i}_")
        loss.hybridize()
        for j, result in enumerate(with_gradients(mx, loss, arrays(spec))):
            results[f"{case}: {j}"] = result
        loss.export(str(folder / case.replace(" ", "_")))
    net = perceptron(mx, "relu")
    x = mx.nd.array(arrays([(2, 5)])[0])
    net(x)
    set_weights(net, 9)
    net.hybridize()
    results["net: 0"] = net(x).asnumpy()
    net.export(str(folder / "net"))
    net.save_parameters(str(folder / "net.params"))
    net.save(str(folder / "net"))
    mx.nd.save(str(folder / "arrays"), {k: mx.nd.array([1, 2, 3], dtype=k) for k in (
        "float32", "float64", "float16", "uint8", "int8", "int32", "int64")})
    np.savez(folder / "losses.npz", **results)


def read(mx, world, own, other):
    """The other world's files, evaluated here."""
    results = {}
    cases = {**CASES, **OURS_ONLY} if world == "mxnet" else CASES
    imports = mx.gluon.SymbolBlock.imports
    for case, (_, _, spec) in cases.items():
        inputs = [a for a in arrays(spec) if a is not None]
        path = other / case.replace(" ", "_")
        names = [f"data{i}" for i in range(len(inputs))]
        block = imports(f"{path}-symbol.json", names, f"{path}-0000.params")
        for j, result in enumerate(with_gradients(mx, block, inputs)):
            results[f"{case}: {j}"] = result
    x = mx.nd.array(arrays([(2, 5)])[0])
    block = imports(str(other / "net-symbol.json"), ["data"], str(other / "net-0000.params"))
    results["net: 0"] = block(x).asnumpy()
    for how in ("load_parameters", "load"):
        net = perceptron(mx, "relu")
        getattr(net, how)(str(other / ("net.params" if how == "load_parameters" else "net")))
        results[f"net {how}: 0"] = net(x).asnumpy()
    for name, array in mx.nd.load(str(other / "arrays")).items():
        assert str(np.dtype(array.dtype)) == name
        results[f"arrays {name}: 0"] = array.asnumpy()
    np.savez(own / "read.npz", **results)


def main():
    """See the top of the file."""
    world, verb, root = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    mx = importlib.import_module(world)
    own = root / world
    own.mkdir(parents=True, exist_ok=True)
    if verb == "write":
        write(mx, world, own)
    else:
        read(mx, world, own, root / {"mxnet": "mxloss", "mxloss": "mxnet"}[world])
    (own / "version.json").write_text(json.dumps(mx.__version__))


if __name__ == "__main__":
    main()
