"""Apache MXNet 1.9.1's own losses. Calls end by waiting: MXNet runs asynchronously."""

import os

import mxnet as mx
import numpy as np

if not hasattr(np, "bool"):
    np.bool = bool


def info():
    return {
        "version": mx.__version__,
        "numpy": np.__version__,
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
    }


def set_threads(n):
    """By OMP_NUM_THREADS, before the import."""


def prepare(case, arrays, variant=None):
    options = dict(case.options)
    arrays = list(arrays)
    if case.loss == "CTCLoss":  # its own layout, which saves it a transpose
        options["layout"] = "TNC"
        arrays[0] = np.ascontiguousarray(arrays[0].swapaxes(0, 1))
    loss = getattr(mx.gluon.loss, case.loss)(**options)
    if case.loss != "SDMLLoss":  # which cannot
        loss.hybridize(static_alloc=True, static_shape=True)
    args = [mx.nd.array(a) for a in arrays]
    pred = args[0]
    pred.attach_grad()

    def call(reduce):
        with mx.autograd.record():
            value = reduce(loss(*args))
        value.backward()
        value.wait_to_read()
        pred.grad.wait_to_read()
        return value, pred.grad

    return {"sum": lambda: call(lambda x: x), "mean": lambda: call(lambda x: x.mean())}


def to_numpy(case, value, gradient):
    gradient = gradient.asnumpy()
    return value.asnumpy(), gradient.swapaxes(0, 1) if case.loss == "CTCLoss" else gradient
