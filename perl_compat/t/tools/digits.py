"""Softmax regression on the digits by the Python package: what the Perl tests and example compare with.

    python digits.py held-out > ../../examples/digits_held_out.txt
    python digits.py run > ../data/digits_run.json

The first writes which lines of docs/examples/optdigits.csv.gz docs/examples/digits.py holds out, one
bit each. The second trains from weights and in an order that both languages compute by the same
integers, and writes the mean loss of each step, the first batch's logits, losses and gradient bit by
bit, and the weights' bits at the beginning.
"""

import json
import sys
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[3] / "docs" / "examples" / "optdigits.csv.gz"
BATCH = 32


def split(count):
    """The numbers of lines held out and trained on, as in docs/examples/digits.py."""
    order = np.random.default_rng(0).permutation(count)
    return np.split(order, [count // 3])


def held_out():
    table = np.loadtxt(DATA, delimiter=",", dtype=np.float32)
    bits = np.zeros(len(table), np.uint8)
    bits[split(len(table))[0]] = 1
    text = np.packbits(bits).tobytes().hex()
    for i in range(0, len(text), 96):
        print(text[i : i + 96])


def run(optimizer, options, epochs):
    import mxloss as mx

    table = np.loadtxt(DATA, delimiter=",", dtype=np.float32)
    rows = np.sort(split(len(table))[1])
    images, labels = table[rows, :64] / 16, table[rows, 64].astype(np.int64)
    images, labels = mx.nd.array(images), mx.nd.array(labels, dtype="int32")
    net = mx.gluon.nn.Dense(10, in_units=64)
    net.initialize()
    places = np.arange(640)
    net.weight.set_data(mx.nd.array(((places * 7919) % 201 - 100) / 1024).reshape((10, 64)))
    loss = mx.gluon.loss.SoftmaxCELoss()
    trainer = mx.gluon.Trainer(net.collect_params(), optimizer, options)
    count, steps, first = len(rows), [], None
    for epoch in range(epochs):
        order = (np.arange(count) * (1009 + 2 * epoch)) % count
        assert len(set(order)) == count
        for i in range(0, count, BATCH):
            batch = order[i : i + BATCH]
            x, y = mx.nd.array(images.asnumpy()[batch]), mx.nd.array(labels.asnumpy()[batch])
            with mx.autograd.record():
                logits = net(x)
                L = loss(logits, y)
            L.backward()
            if first is None:
                leaf = logits.detach()
                leaf.attach_grad()
                with mx.autograd.record():
                    again = loss(leaf, y)
                again.backward()
                parts = {"weight": net.weight.data(), "logits": leaf, "losses": again}
                first = {name: a.asnumpy().tobytes().hex() for name, a in parts.items()}
                first["gradient"] = leaf.grad.asnumpy().tobytes().hex()
            trainer.step(len(batch))
            steps.append(float(f"{L.mean().asscalar():.9g}"))
    return {"optimizer": optimizer, "options": options, "epochs": epochs, "first": first, "steps": steps}


if sys.argv[1:] == ["held-out"]:
    held_out()
elif sys.argv[1:] == ["run"]:
    runs = [
        run("sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.0001}, 3),
        run("adam", {"learning_rate": 0.01}, 1),
    ]
    print(json.dumps(runs, separators=(",", ":")))
else:
    sys.exit(__doc__)
