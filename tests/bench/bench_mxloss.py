"""Times the losses of mxloss on numpy arrays; prints JSON, in microseconds.

In an environment with mxloss installed:

    python tests/bench/bench_mxloss.py > mxloss.json
    python tests/bench/bench_mxloss.py --size small
"""

import mxloss

from cases import main


def prepare(cell, arrays):
    ctor = dict(cell.ctor)
    if cell.loss == "KLDivLoss":
        ctor["reduction"] = "sum"  # as MXNet 1.9.1 does
    loss = getattr(mxloss.gluon.loss, cell.loss)(**ctor)
    return lambda: loss(*arrays), lambda: loss.value_and_grad(*arrays)


if __name__ == "__main__":
    main(__doc__, prepare)
