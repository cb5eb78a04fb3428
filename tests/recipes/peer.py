"""Run recipes in a library's own environment: peer.py LIBRARY FOLDER, for run.py."""

import json
import pathlib
import sys

import numpy as np


def torch_value_and_grad(function, arrays):
    import torch

    pred, *rest = map(torch.from_numpy, arrays)
    pred.requires_grad_()
    value = function(pred, *rest)
    value.sum().backward()
    return value.detach().numpy(), pred.grad.numpy()


def jax_value_and_grad(function, arrays):
    import jax
    import jax.numpy as jnp

    pred, *rest = (jnp.asarray(a, np.int32 if a.dtype.kind == "i" else None) for a in arrays)
    value, pullback = jax.vjp(lambda pred: function(pred, *rest), pred)
    return value, pullback(jnp.ones_like(value))[0]


library, folder = sys.argv[1], pathlib.Path(sys.argv[2])
value_and_grad = torch_value_and_grad if library == "PyTorch" else jax_value_and_grad
for i, (code, function) in enumerate(json.loads((folder / "tasks.json").read_text())):
    names = {}
    exec(code, names)
    with np.load(folder / f"{i}-in.npz") as given:
        value, gradient = value_and_grad(names[function], list(given.values()))
    np.savez(folder / f"{i}-out.npz", value=np.asarray(value), gradient=np.asarray(gradient))
