"""The Python package's answers to calls that t/11-bits.t makes, bit by bit.

Reads one call per line, as JSON: loss, options, inputs (dtype, shape, elements in hexadecimal,
whether a gradient is wanted), and head, the gradient to begin with (the same without the last, or
null). Prints the elements of the value and of the gradients.
"""

import json
import sys

import numpy as np

import mxloss as mx


def array(dtype, shape, elements, wanted=False):
    x = mx.nd.array(np.frombuffer(bytes.fromhex(elements), dtype).reshape(shape), dtype=dtype)
    if wanted:
        x.attach_grad()
    return x


for line in sys.stdin:
    call = json.loads(line)
    inputs = [None if x is None else array(*x) for x in call["inputs"]]
    loss = getattr(mx.gluon.loss, call["loss"])(**call["options"])
    with mx.autograd.record():
        value = loss(*inputs)
        head = value.mean() if call["mean"] else value
    head.backward(None if call["head"] is None else array(*call["head"]))
    grads = [x.grad for x, given in zip(inputs, call["inputs"]) if given is not None and given[3]]
    print(json.dumps([x.asnumpy().tobytes().hex() for x in (value, *grads)]))
