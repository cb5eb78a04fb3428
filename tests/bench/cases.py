"""The timing cells, their inputs, and the clock that both benchmark programs share.

Not a program: see compare.py, bench_mxnet.py and bench_mxloss.py beside it. Runs under
numpy 1.23 (MXNet's interpreter) and numpy 2.x: RandomState gives both the same arrays.
A cell is one loss on one shape, all float32. `large` takes several GB and minutes.
"""

import argparse
import collections
import json
import statistics
import time
import zlib

import numpy as np

SECONDS, LEAST = 0.3, 5  # per measured function: time to spend, repetitions at least
SIZES = ("small", "medium", "large")
ELEMENTS = {"small": (64, 10), "medium": (1024, 1024), "large": (4096, 4096)}
CLASSES = {"small": (64, 10), "medium": (1024, 1000), "large": (2048, 32000)}
IMAGES = {"medium": (8, 21, 64, 64)}
SMALL = {"small": (64, 10)}
VECTORS = {"small": (64, 32), "medium": (4096, 256), "large": (65536, 256)}
MATRICES = {"small": (16, 16), "medium": (256, 128), "large": (512, 256)}
SEQUENCES = {"small": (8, 20, 10), "medium": (32, 150, 80), "large": (32, 400, 1000)}
LABELS = {20: 5, 150: 30, 400: 60}  # frames: length of the labels

BCE, SCE = "SigmoidBinaryCrossEntropyLoss", "SoftmaxCrossEntropyLoss"
VARIANTS = [  # loss, tag, constructor, shapes, the inputs in call order
    ("L2Loss", "", {}, ELEMENTS, ("normal", "normal")),
    ("L1Loss", "", {}, ELEMENTS, ("normal", "normal")),
    ("HuberLoss", "", {}, ELEMENTS, ("normal", "normal")),
    ("HingeLoss", "", {}, ELEMENTS, ("normal", "signs")),
    ("SquaredHingeLoss", "", {}, ELEMENTS, ("normal", "signs")),
    ("LogisticLoss", "", {}, ELEMENTS, ("normal", "signs")),
    (BCE, "", {}, ELEMENTS, ("normal", "bits")),
    ("PoissonNLLLoss", "", {}, ELEMENTS, ("normal", "counts")),
    ("KLDivLoss", "log_probs", {"from_logits": True}, ELEMENTS, ("log_probs", "probs")),
    ("KLDivLoss", "scores", {"from_logits": False}, ELEMENTS, ("normal", "probs")),
    (SCE, "sparse", {}, CLASSES, ("normal", "classes")),
    (SCE, "dense", {"sparse_label": False}, CLASSES, ("normal", "probs")),
    (SCE, "nchw", {"axis": 1}, IMAGES, ("normal", "classes_nchw")),
    ("TripletLoss", "", {}, VECTORS, ("normal", "normal", "normal")),
    ("CosineEmbeddingLoss", "", {}, VECTORS, ("normal", "normal", "row_signs")),
    ("SDMLLoss", "", {}, MATRICES, ("normal", "normal")),
    ("CTCLoss", "", {}, SEQUENCES, ("normal", "labels")),
    ("L2Loss", "weighted", {}, SMALL, ("normal", "normal", "row_weights")),
    (SCE, "weighted", {}, SMALL, ("normal", "classes", "row_weights")),
]

Cell = collections.namedtuple("Cell", "name size loss ctor shape inputs")
CELLS = [
    Cell("/".join(filter(None, (loss, tag, size))), size, loss, ctor, shapes[size], kinds)
    for size in SIZES
    for loss, tag, ctor, shapes, kinds in VARIANTS
    if size in shapes
]


def softmax(x):
    e = np.exp(x)
    return e / e.sum(-1, keepdims=True)


MAKERS = {  # kind of input -> function of a RandomState and the shape of pred
    "normal": lambda r, shape: r.standard_normal(shape),
    "bits": lambda r, shape: r.randint(0, 2, shape),
    "signs": lambda r, shape: 2 * r.randint(0, 2, shape) - 1,
    "counts": lambda r, shape: r.randint(0, 10, shape),
    "probs": lambda r, shape: softmax(r.standard_normal(shape)),
    "log_probs": lambda r, shape: np.log(softmax(r.standard_normal(shape))),
    "classes": lambda r, shape: r.randint(0, shape[-1], shape[:-1]),
    "classes_nchw": lambda r, shape: r.randint(0, shape[1], shape[:1] + shape[2:]),
    "row_signs": lambda r, shape: 2 * r.randint(0, 2, shape[:1]) - 1,
    "labels": lambda r, shape: r.randint(0, shape[2] - 1, (shape[0], LABELS[shape[1]])),
    "row_weights": lambda r, shape: r.uniform(0.5, 1.5, (shape[0], 1)),
}


def make_inputs(cell):
    """The cell's float32 arrays in call order; the seed is the cell's name."""
    r = np.random.RandomState(zlib.crc32(cell.name.encode()))
    return [np.ascontiguousarray(MAKERS[kind](r, cell.shape), np.float32) for kind in cell.inputs]


def measure(function):
    """Minimum and median of single calls, in microseconds, after a warm-up."""
    for _ in range(3):
        function()
    times, end = [], time.perf_counter() + SECONDS
    while len(times) < LEAST or time.perf_counter() < end:
        start = time.perf_counter_ns()
        function()
        times.append((time.perf_counter_ns() - start) / 1e3)
    return {"min": round(min(times), 3), "median": round(statistics.median(times), 3)}


def add_size_option(parser):
    parser.add_argument("--size", default="small,medium", help="some of " + ",".join(SIZES))


def chosen(size):
    """The cells of a --size value."""
    wanted = size.split(",")
    if not set(wanted) <= set(SIZES):
        raise SystemExit("--size takes some of " + ",".join(SIZES))
    return [cell for cell in CELLS if cell.size in wanted]


def main(doc, prepare):
    """Times the chosen cells; prints {cell: {forward: .., forward_backward: .., loss_sum: ..}}.

    prepare(cell, arrays) gives two functions without arguments: forward, forward_backward.
    loss_sum, the sum of forward's result, lets compare.py see that both compute the same.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    add_size_option(parser)
    results = {}
    for cell in chosen(parser.parse_args().size):
        forward, forward_backward = prepare(cell, make_inputs(cell))
        value = forward()
        value = value.asnumpy() if hasattr(value, "asnumpy") else value
        results[cell.name] = {
            "forward": measure(forward),
            "forward_backward": measure(forward_backward),
            "loss_sum": float(np.sum(value, dtype=np.float64)),
        }
    print(json.dumps(results, indent=1))
