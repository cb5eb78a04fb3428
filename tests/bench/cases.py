"""What is timed: 15 cases in three sizes, and their inputs, all float32.

Shared by run.py and the peers, so it needs numpy only, from 1.23 (MXNet's) on.
"""

import dataclasses
import time
import zlib

import numpy as np

SIZES = ("small", "medium", "large")
ELEMENTS = {"small": (64, 10), "medium": (1024, 1024), "large": (4096, 4096)}
CLASSES = {"small": (64, 10), "medium": (1024, 1000), "large": (2048, 32000)}
VECTORS = {"small": (64, 32), "medium": (4096, 256), "large": (65536, 256)}
MATRICES = {"small": (16, 16), "medium": (256, 128), "large": (512, 256)}
SEQUENCES = {"small": (8, 20, 10), "medium": (32, 150, 80), "large": (32, 400, 1000)}  # N, T, C
LABEL_LENGTHS = {20: 5, 150: 30, 400: 60}  # by T


@dataclasses.dataclass(frozen=True)
class Case:
    """A loss with its options: `loss` and `options` are Gluon's, `inputs` are keys of MAKERS."""

    name: str
    loss: str
    shapes: dict
    inputs: tuple
    options: dict = dataclasses.field(default_factory=dict)
    tolerance: float = 1e-4  # of value and gradient, relative to the largest number

    def arrays(self, size):
        """The inputs in the order of the call; the first one is what the gradient is for."""
        rng = np.random.default_rng(zlib.crc32(f"{self.name} {size}".encode()))
        shape = self.shapes[size]
        arrays = [MAKERS[kind](rng, shape) for kind in self.inputs]
        return [np.ascontiguousarray(a, np.float32) for a in arrays]


def normal(rng, shape):
    """Never exactly 0, where formulas have kinks whose gradients are a matter of taste."""
    x = rng.standard_normal(shape, np.float32)
    x[x == 0] = 1e-3
    return x


def probabilities(rng, shape):
    e = np.exp(normal(rng, shape))
    e /= e.sum(-1, keepdims=True)
    return e


MAKERS = {  # of a random generator and the shape of pred
    "normal": normal,
    "bits": lambda rng, shape: rng.integers(0, 2, shape, np.int8),
    "signs": lambda rng, shape: 2 * rng.integers(0, 2, shape, np.int8) - 1,
    "counts": lambda rng, shape: rng.integers(0, 10, shape, np.int8),
    "probabilities": probabilities,
    "classes": lambda rng, shape: rng.integers(0, shape[-1], shape[:-1]),
    "row_signs": lambda rng, shape: 2 * rng.integers(0, 2, shape[:1]) - 1,
    "labels": lambda rng, shape: rng.integers(
        0, shape[2] - 1, (shape[0], LABEL_LENGTHS[shape[1]])
    ),  # the blank is the last class
}

SOFTMAX = "SoftmaxCrossEntropyLoss"
CASES = {
    case.name: case
    for case in (
        Case("L2", "L2Loss", ELEMENTS, ("normal", "normal")),
        Case("L1", "L1Loss", ELEMENTS, ("normal", "normal")),
        Case("Huber", "HuberLoss", ELEMENTS, ("normal", "normal")),
        Case("Hinge", "HingeLoss", ELEMENTS, ("normal", "signs")),
        Case("SquaredHinge", "SquaredHingeLoss", ELEMENTS, ("normal", "signs")),
        Case("Logistic", "LogisticLoss", ELEMENTS, ("normal", "signs")),
        Case("SigmoidBCE", "SigmoidBinaryCrossEntropyLoss", ELEMENTS, ("normal", "bits")),
        Case("PoissonNLL", "PoissonNLLLoss", ELEMENTS, ("normal", "counts")),
        Case("KLDiv", "KLDivLoss", ELEMENTS, ("normal", "probabilities"), {"from_logits": False}),
        Case("SoftmaxCE sparse", SOFTMAX, CLASSES, ("normal", "classes")),
        Case(
            "SoftmaxCE dense",
            SOFTMAX,
            CLASSES,
            ("normal", "probabilities"),
            {"sparse_label": False},
        ),
        Case("Triplet", "TripletLoss", VECTORS, ("normal", "normal", "normal")),
        Case("CosineEmbedding", "CosineEmbeddingLoss", VECTORS, ("normal", "normal", "row_signs")),
        Case("SDML", "SDMLLoss", MATRICES, ("normal", "normal")),
        # the peers add logarithms in float32, which costs them digits the longer the sequence is
        Case("CTC", "CTCLoss", SEQUENCES, ("normal", "labels"), tolerance=5e-3),
    )
}


def fastest(candidates):
    """Of several sets of forms for the same cell, the one whose `sum` takes the least time here."""

    def seconds(forms):
        forms["sum"]()
        times = []
        for _ in range(3):
            start = time.perf_counter()
            forms["sum"]()
            times.append(time.perf_counter() - start)
        return min(times)

    return min(candidates, key=seconds) if len(candidates) > 1 else candidates[0]
