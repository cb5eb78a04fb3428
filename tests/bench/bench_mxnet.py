"""Times the Gluon losses of Apache MXNet 1.9.1; prints JSON, in microseconds.

MXNet needs Python 3.11 and, on Debian, libgomp1 libquadmath0 libgfortran5:

    python3.11 -m venv MXNET_VENV
    MXNET_VENV/bin/pip install numpy==1.23.5 mxnet==1.9.1
    MXNET_VENV/bin/python tests/bench/bench_mxnet.py > mxnet.json
    MXNET_MKLDNN_ENABLED=0 MXNET_VENV/bin/python tests/bench/bench_mxnet.py > mxnet_nodnn.json

MKL-DNN and threads are as the environment says. Unless OMP_NUM_THREADS is set, MXNet
on x86 uses half of the CPUs: 1 thread of 2. MXNet runs asynchronously, so each call
ends by waiting for its results. Blocks are not hybridized, the way most scripts call them.
"""

import mxnet as mx
from mxnet import autograd

from cases import main


def prepare(cell, arrays):
    loss = getattr(mx.gluon.loss, cell.loss)(**cell.ctor)
    args = [mx.nd.array(a) for a in arrays]
    pred = args[0]
    pred.attach_grad()

    def forward():
        value = loss(*args)
        value.wait_to_read()
        return value

    def forward_backward():
        with autograd.record():
            value = loss(*args)
        value.backward()
        value.wait_to_read()  # the gradient may be ready before the value is
        pred.grad.wait_to_read()

    return forward, forward_backward


if __name__ == "__main__":
    main(__doc__, prepare)
