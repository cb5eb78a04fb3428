"""mxloss: `sum` is L.backward(), `mean` is L.mean().backward(), both recorded as scripts do it.

Two forms more: `numpy` is value_and_grad on numpy arrays, `out` the same into given arrays.
"""

import numpy as np

import mxloss as mx


def info():
    return mx.show_config(mode="dicts")


def set_threads(n):
    mx.set_num_threads(n)


def make(case):
    """The loss; KLDiv sums as MXNet 1.9.1 does."""
    more = {"reduction": "sum"} if case.loss == "KLDivLoss" else {}
    return getattr(mx.gluon.loss, case.loss)(**case.options, **more)


def prepare(case, arrays, variant=None):
    loss = make(case)
    args = [mx.nd.array(a) for a in arrays]
    pred = args[0]
    pred.attach_grad()
    out = loss.value_and_grad(*arrays)
    out = np.empty_like(out[0]), np.empty_like(out[1])

    def of_sum():
        with mx.autograd.record():
            value = loss(*args)
        value.backward()
        return value, pred.grad

    def of_mean():
        with mx.autograd.record():
            value = loss(*args).mean()
        value.backward()
        return value, pred.grad

    return {
        "sum": of_sum,
        "mean": of_mean,
        "numpy": lambda: loss.value_and_grad(*arrays),
        "out": lambda: loss.value_and_grad(*arrays, out=out),
    }


def to_numpy(case, value, gradient):
    return [x if isinstance(x, np.ndarray) else x.asnumpy() for x in (value, gradient)]
