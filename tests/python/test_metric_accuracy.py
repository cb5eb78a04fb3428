"""Losses of vectors against 50 digits: the worst errors in units in the last place (ulp).

These are ulp of the exact number for TripletLoss's gradients and, as it is computed in double, for
CosineEmbeddingLoss of floats; else of the sum of the magnitudes of the terms, see metric.py.
"""

import functools

import metric
import mpmath
import numpy as np
import pytest
from cases import FLOATS
from references import error

from mxloss import _core

BOUNDS = {  # value, gradients
    ("TripletLoss", "float32"): (0.75, 0.5), ("TripletLoss", "float64"): (0.75, 0.5),
    ("CosineEmbeddingLoss", "float32"): (0.75, 0.75),
    ("CosineEmbeddingLoss", "float64"): (1.5, 3.5),
    ("SDMLLoss", "float32"): (1.5, 5), ("SDMLLoss", "float64"): (3, 4)}


def vectors(name, shape, dtype, scale=1, seed=1):
    return metric.inputs(name, shape, dtype, seed, scale)


def close_triplets(dtype):
    """Both examples about as far away, and nearly the same."""
    x = vectors("TripletLoss", (6, 40), dtype)
    x["pred"] += np.array([0, 10, 1000, 0, 10, 1000], dtype)[:, None]
    near = x["positive"] * (1 + np.array([1e-3, 1e-3, 1e-3, 1e-6, 1e-6, 1e-6])[:, None])
    return {**x, "negative": near.astype(dtype)}


def parallel(dtype):
    x = vectors("CosineEmbeddingLoss", (16, 30), dtype)
    noise = np.repeat([1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 0], 2)[:, None]
    x["input2"] = (3 * x["input1"] + noise * x["input2"]).astype(dtype)
    x["input2"][4:8] *= -1
    return x


def uneven(dtype):
    """Pairs of tiny and huge rows."""
    x = vectors("CosineEmbeddingLoss", (6, 9), dtype)
    sizes = [1e-18, 1e18, 1e-6, 1e-30] if dtype == "float32" else [1e-160, 1e160, 1e-6, 1e-250]
    for n, order in (("input1", [0, 1, 2, 3, 0, 3]), ("input2", [1, 0, 2, 3, 1, 1])):
        x[n] = (x[n] * np.array(sizes)[order][:, None]).astype(dtype)
    x["label"][3] = 1  # of -1, the cosine of the rows of 1e-250 rounds to the margin
    return x


def near_and_far(dtype, n=70, length=3):
    """Rows close to others, at their places, and far from all."""
    x = vectors("SDMLLoss", (n, length), dtype, 0.7)
    x["x2"][::3] = x["x1"][::3]
    x["x2"][1::7] = x["x1"][::7] + x["x2"].dtype.type(1e-3)
    x["x1"][5::11] *= 30
    x["x2"][6::11] *= 300
    return x


def large(dtype):
    return 1e18 if dtype == "float32" else 1e150


CASES = {
    "triplet": lambda t: vectors("TripletLoss", (12, 7), t),
    "triplet long": lambda t: vectors("TripletLoss", (2, 2000), t),
    "triplet close": close_triplets,
    "triplet huge": lambda t: vectors("TripletLoss", (12, 5), t, large(t)),
    "triplet tiny": lambda t: vectors("TripletLoss", (5, 5), t, 1e-30),
    "triplet overflow": lambda t: vectors("TripletLoss", (9, 1), t, large(t) ** 1.1),
    "cosine": lambda t: vectors("CosineEmbeddingLoss", (20, 7), t),
    "cosine long": lambda t: vectors("CosineEmbeddingLoss", (2, 2000), t),
    "cosine parallel": parallel,
    "cosine uneven": uneven,
    "cosine huge": lambda t: vectors("CosineEmbeddingLoss", (6, 33), t, large(t) ** 1.9),
    "cosine tiny": lambda t: vectors("CosineEmbeddingLoss", (6, 7), t, 1e-30),
    "cosine floor": lambda t: vectors("CosineEmbeddingLoss", (8, 3), t, 6e-7),
    "sdml": lambda t: vectors("SDMLLoss", (9, 5), t),
    "sdml long": lambda t: vectors("SDMLLoss", (3, 2000), t, 0.03),
    "sdml longer": lambda t: vectors("SDMLLoss", (2, 2000), t),
    "sdml near and far": near_and_far,
    "sdml huge": lambda t: vectors("SDMLLoss", (5, 5), t, large(t)),
    "sdml tiny": lambda t: vectors("SDMLLoss", (5, 5), t, 1e-30),
}
LOSSES = {"triplet": "TripletLoss", "cosine": "CosineEmbeddingLoss", "sdml": "SDMLLoss"}
OPTIONS = {"triplet": [{}, {"margin": -0.3}], "cosine": [{}, {"margin": 0.1}],
           "sdml": [{}, {"smoothing_parameter": 0}]}


@functools.cache
def exact(case, dtype, option):
    kind = case.split()[0]
    name, options = LOSSES[kind], OPTIONS[kind][option]
    x = CASES[case](dtype)
    with mpmath.workdps(50):
        return name, options, x, metric.EXACT[name](x, **options)


def worst(case, dtype, option):
    """{value or input: the largest error in ulp}"""
    name, options, x, wanted = exact(case, dtype, option)
    value, grads = metric.run(name, x, **options)
    errors = {}
    for key, found in {"value": value, **grads}.items():
        numbers, sizes = (a.reshape(-1) for a in wanted[key])
        if name == "CosineEmbeddingLoss" and dtype == "float32":
            sizes = [max(abs(a), b * 2.0**-27) for a, b in zip(numbers, sizes)]
        assert found.size == numbers.size
        with mpmath.workdps(50):
            errors[key] = max(error(*row, np.dtype(dtype).type)
                              for row in zip(found.flat, numbers, sizes))
    return errors


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("option", [0, 1])
@pytest.mark.parametrize("case", CASES)
def test_accuracy(case, option, dtype):
    before = _core.get_isa()
    bounds = BOUNDS[LOSSES[case.split()[0]], dtype]
    try:
        for isa in ("base", _core.isa_names()[-1]):
            _core.set_isa(isa)
            for key, off in worst(case, dtype, option).items():
                assert off <= bounds[key != "value"], f"{isa} {key}: {off:.3g} ulp"
    finally:
        _core.set_isa(before)
