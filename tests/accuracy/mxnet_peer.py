"""Apache MXNet 1.9.1's own losses. It has no bfloat16 outside of a few operators."""

import mxnet as mx
import numpy as np

if not hasattr(np, "bool"):
    np.bool = bool
OWN = ("reduction", "infeasible", "out_of_range", "blank_in_label")  # options of mxloss only


def info():
    return {"version": mx.__version__}


def make(case):
    options = {k: v for k, v in case["options"].items() if k not in OWN}
    return getattr(mx.gluon.loss, case["loss"])(**options)


def call(loss, case, x):
    dtype = next(iter(x.values())).dtype
    x = {n: mx.nd.array(a, dtype=dtype) for n, a in x.items()}
    # compute_full multiplies in place, which is not for autograd, nor for Symbols
    wrt = [] if case["options"].get("compute_full") else case["wrt"]
    for name in wrt:
        x[name].attach_grad()
    args = list(x.values())
    if "pos_weight" in x:
        args.insert(2, None)
    args += [None, *case["call"].values()] if case["call"] else []
    if not wrt:
        return {"value": loss(*args).asnumpy()}
    with mx.autograd.record():
        value = loss(*args)
    value.backward()
    return {"value": value.asnumpy(), **{n: x[n].grad.asnumpy() for n in wrt}}


def run(case, x):
    if case["dtype"] == "bfloat16":
        raise TypeError("no bfloat16")
    if "target" in x and case["kind"] == "elements":  # its value is a mean over everything
        loss = make(case)
        rows = [
            call(loss, case, dict(zip(x, row))) for row in zip(*(a[:, None] for a in x.values()))
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    found = call(make(case), case, x)
    if case["kind"] == "mean" and case["loss"] == "KLDivLoss":  # 1.9 sums; n is a power of 2
        found["value"] = found["value"] / found["value"].dtype.type(x["pred"].size)
    return found
