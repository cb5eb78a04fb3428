"""mxloss, on the instruction set of MXLOSS_ISA."""

import ml_dtypes
import numpy as np

import mxloss as mx


def info():
    return mx.show_config(mode="dicts")


def call(case, x):
    loss = getattr(mx.gluon.loss, case["loss"])(**case["options"])
    value, grads = loss.value_and_grad(**x, **case["call"], wrt=case["wrt"])
    return {"value": value, **dict(zip(case["wrt"], grads))}


def run(case, x):
    if case["dtype"] == "bfloat16":
        x = {n: a.astype(ml_dtypes.bfloat16) if a.dtype.kind == "f" else a for n, a in x.items()}
    if "target" in x and case["kind"] == "elements":  # its value is a mean over everything
        rows = [call(case, dict(zip(x, row))) for row in zip(*(a[:, None] for a in x.values()))]
        found = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    else:
        found = call(case, x)
    return {
        name: a.astype(np.float32) if case["dtype"] == "bfloat16" else a
        for name, a in found.items()
    }
