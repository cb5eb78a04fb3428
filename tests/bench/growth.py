"""How time grows with size, batch, classes, frames and threads: value and gradient of mxloss alone.

    python tests/bench/growth.py [--json growth.json] [--picture growth.png] [--quick]

Time per element over size is flat where the mathematics is linear; steps are caches.
"""

import argparse
import itertools
import json
import pathlib
import sys
import time

import numpy as np
from tqdm import tqdm

import mxloss as mx
from mxloss.gluon import loss as losses

SPENT = 0.12  # seconds per point
ROUNDS = 3  # all points once in each, so that a busy moment does not hit one of them alone
LABELS = 20


def elements(n):
    """About square, with the power of 2 that is left over in the rows."""
    rows = 2 ** (int(np.log2(n)) // 2)
    return rows, n // rows


def pair(rng, shape):
    return [rng.standard_normal(shape, np.float32) for _ in range(2)]


def classes(rng, shape):
    labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    return [rng.standard_normal(shape, np.float32), labels]


def scores(rng, shape):
    return [rng.standard_normal(shape, np.float32), np.full(shape, 1 / shape[1], np.float32)]


def sequences(rng, shape):
    labels = rng.integers(0, shape[2] - 1, (shape[0], LABELS)).astype(np.float32)
    return [rng.standard_normal(shape, np.float32), labels]


def sizes_from(power, most):
    return [2**k for k in range(power, max(power, int(np.log2(most))) + 1)]


def curves(largest):
    """(panel, name, loss, maker of inputs, [(x, shape)]); x is what the panel has on its axis."""
    sizes = [2**k for k in range(6, largest + 1)]
    square = [(n, elements(n)) for n in sizes]
    batches = [(n, (n, 1000)) for n in sizes_from(0, max(1, 2**largest // 1000))]
    most = 2 ** min(20, largest)
    lengths = [k * 10**e for e in range(6) for k in (1, 2, 3, 5) if 1 < k * 10**e <= most]
    rows = [(c, (most // c, c)) for c in lengths]
    images = [(c, (most // (1024 * c), c, 32, 32)) for c in lengths if c <= most // 1024]
    frames = [(t, (16, t, 64)) for t in sizes_from(6, most // 256)]
    return [
        ("elements", "L2", losses.L2Loss(), pair, square),
        ("elements", "Huber", losses.HuberLoss(), pair, square),
        ("elements", "SigmoidBCE", losses.SigmoidBCELoss(), pair, square),
        ("elements", "KLDiv from scores", losses.KLDivLoss(from_logits=False), scores, square),
        ("batch", "SoftmaxCE, 1000 classes", losses.SoftmaxCELoss(), classes, batches),
        (
            "batch",
            "Triplet, 256 numbers",
            losses.TripletLoss(),
            lambda rng, shape: [*pair(rng, shape), rng.standard_normal(shape, np.float32)],
            [(n, (n, 256)) for n in sizes_from(0, max(1, 2**largest // 256))],
        ),
        ("classes", "SoftmaxCE, 2^20 elements", losses.SoftmaxCELoss(), classes, rows),
        ("classes", "SoftmaxCE, axis=1 of images", losses.SoftmaxCELoss(axis=1), classes, images),
        ("classes", "KLDiv from scores", losses.KLDivLoss(from_logits=False), scores, rows),
        (
            "classes",
            "KLDiv, axis=1 of images",
            losses.KLDivLoss(from_logits=False, axis=1),
            scores,
            images,
        ),
        ("frames", "CTC, 16 samples, 64 classes", losses.CTCLoss(), sequences, frames),
    ]


class Point:
    def __init__(self, panel, name, loss, make, x, shape, threads):
        self.panel, self.name, self.x, self.threads = panel, name, x, threads
        self.loss, self.make, self.shape = loss, make, shape
        self.elements = int(np.prod(shape))
        self.seconds = None

    def measure(self):
        mx.set_num_threads(self.threads)
        inputs = self.make(np.random.default_rng(self.elements), self.shape)
        out = self.loss.value_and_grad(*inputs)
        out = np.empty_like(out[0]), np.empty_like(out[1])
        once = self.clock(inputs, out, 2)
        repeat = max(1, min(2000, int(SPENT / 5 / once)))
        for _ in range(max(2, min(5, int(SPENT / once)))):
            once = min(once, self.clock(inputs, out, repeat))
        self.seconds = once if self.seconds is None else min(once, self.seconds)

    def clock(self, inputs, out, n):
        start = time.perf_counter()
        for _ in range(n):
            self.loss.value_and_grad(*inputs, out=out)
        return (time.perf_counter() - start) / n


def measure(largest, threads, rounds):
    points = [
        Point(panel, name, loss, make, x, shape, n)
        for panel, name, loss, make, sizes in curves(largest)
        for n in range(1, threads + 1)
        for x, shape in sizes
    ]
    for _ in range(rounds):
        for point in tqdm(points):
            point.measure()
    keys = ("panel", "name", "threads", "x", "elements", "seconds")
    return [{key: getattr(point, key) for key in keys} for point in points]


def draw(points, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = list(dict.fromkeys(p["panel"] for p in points))
    figure, axes = plt.subplots(1, len(panels), figsize=(4.4 * len(panels), 4.6), squeeze=False)
    for axis, panel in zip(axes[0], panels):
        mine = [p for p in points if p["panel"] == panel]
        for color, name in enumerate(dict.fromkeys(p["name"] for p in mine)):
            for threads in sorted({p["threads"] for p in mine}):
                curve = [p for p in mine if p["name"] == name and p["threads"] == threads]
                axis.plot(
                    [p["x"] for p in curve],
                    [p["seconds"] / p["elements"] * 1e9 for p in curve],
                    color=f"C{color}",
                    linestyle="-" if threads == 1 else "--",
                    marker=".",
                    label=f"{name}" if threads == 1 else None,
                )
        axis.set_xscale("log", base=2)
        axis.set_yscale("log")
        axis.set_xlabel(panel)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    axes[0][0].set_ylabel("ns per element, value and gradient")
    figure.suptitle("one thread: solid; more: dashed", fontsize=10)
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)


def cliffs(points, most=2.5):
    """Neighbours on a curve of which the larger one takes more than `most` times as long per
    element: names and places. Constant costs make small ones dear, never large ones."""
    found = []
    for before, after in itertools.pairwise(points):
        if (before["name"], before["panel"], before["threads"]) != (
            after["name"],
            after["panel"],
            after["threads"],
        ):
            continue
        per = [p["seconds"] / p["elements"] for p in (before, after)]
        if per[1] > most * per[0]:
            found.append(
                f"{after['name']}, {after['threads']} thread(s): {after['panel']} {before['x']} to "
                f"{after['x']} costs {per[1] / per[0]:.1f} times as much per element"
            )
    return found


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="file for all numbers")
    parser.add_argument("--picture", help="file for a picture")
    parser.add_argument("--largest", type=int, default=26, help="power of 2; default %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="curves from 1 to so many")
    parser.add_argument("--quick", action="store_true", help="one round")
    args = parser.parse_args(argv)
    points = measure(args.largest, args.threads, 1 if args.quick else ROUNDS)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(points, indent=1))
    if args.picture:
        draw(points, args.picture)
    for line in cliffs(points) or ["no cliffs"]:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
