"""Means of a million float32 elements: at most 0.51 ulp off on random data, 1.5 on any."""

import numpy as np
import pytest

import mxloss as mx

N = 1_000_000
G = mx.gluon.loss


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-abs(x)))


def cross_entropy(p, z):
    """Without the cancellation of softplus(p) - z p."""
    return np.where(z > 0.5, softplus(-p) + (1 - z) * p, softplus(p) - z * p)


LOSSES = {  # loss, formula, labels
    "L2": (G.L2Loss(), lambda p, z: (p - z) ** 2 / 2, "real"),
    "L1": (G.L1Loss(), lambda p, z: abs(p - z), "real"),
    "Huber": (G.HuberLoss(), lambda p, z: np.where(
        abs(p - z) > 1, abs(p - z) - 0.5, (p - z) ** 2 / 2), "real"),
    "BCE": (G.SigmoidBCELoss(), cross_entropy, "binary"),
    "BCE soft": (G.SigmoidBCELoss(), cross_entropy, "unit"),
    "Logistic": (G.LogisticLoss(), lambda p, z: softplus(-p * z), "sign"),
    "Hinge": (G.HingeLoss(), lambda p, z: np.maximum(0, 1 - p * z), "sign"),
    "SquaredHinge": (G.SquaredHingeLoss(), lambda p, z: np.maximum(0, 1 - p * z) ** 2, "sign"),
}


def labels(rng, kind, n):
    return {"real": lambda: rng.standard_normal(n), "unit": lambda: rng.random(n),
            "binary": lambda: rng.integers(0, 2, n), "sign": lambda: rng.choice([-1, 1], n),
            }[kind]().astype("float32")


def off(name, p, z):
    """Largest distance of the means of p's rows from the exact ones, in units in the last place."""
    loss, formula, _ = LOSSES[name]
    value = loss(p, z)
    exact = formula(p.astype(np.longdouble), z.astype(np.longdouble)).mean(1)
    return (abs(value - exact) / np.spacing(abs(exact).astype("float32"))).max()


@pytest.mark.parametrize("name", LOSSES)
def test_random(name):
    rng = np.random.default_rng(1)
    for scale in (0.1, 1, 10):
        p = (scale * rng.standard_normal((1, N))).astype("float32")
        assert off(name, p, labels(rng, LOSSES[name][2], N)[None]) <= 0.51


@pytest.mark.parametrize("name", LOSSES)
def test_sorted(name):
    rng = np.random.default_rng(2)
    p = np.sort((3 * rng.standard_normal((1, N))).astype("float32"))
    z = labels(rng, LOSSES[name][2], N)[None]
    for rows in ((p, z), (p, np.sort(z)), (p[:, ::-1], z), (abs(p), np.sort(z))):
        assert off(name, *rows) <= 1.5


@pytest.mark.parametrize("name", LOSSES)
def test_constant(name):
    """Here rounding errors of the elements do not average out."""
    rng = np.random.default_rng(3)
    p = (10 ** rng.uniform(-2, 1.5, (4000, 1)) * rng.standard_normal((4000, 1))).astype("float32")
    z = labels(rng, LOSSES[name][2], 4000)[:, None]
    assert off(name, p, z) <= 1.5
    for i in range(3):
        assert off(name, np.full((1, N), p[i, 0]), np.full((1, N), z[i, 0])) <= 1.5


@pytest.mark.parametrize("name", LOSSES)
def test_few_large_numbers(name):
    """Among many small ones, anywhere."""
    rng = np.random.default_rng(4)
    p = (1e-3 * rng.standard_normal((1, N))).astype("float32")
    p[0, rng.integers(0, N, 20)] = -1e4
    assert off(name, p, labels(rng, LOSSES[name][2], N)[None]) <= 1.5
