"""CTCLoss's numbers: all alignments, long double logarithms, 50 digits, differences."""

import ctc
import mpmath
import numpy as np
import pytest

import mxloss as mx
from mxloss import _core

# Cost, relative and absolute: near certainty it is a difference of logarithms. Gradient, absolute:
# a difference of probabilities. float16 rounds the results only. Measured for costs above 1, and
# of the gradient: 3.5e-16 and 7e-16, 5.6e-8 and 4.3e-8, 4.6e-4 and 2.5e-4.
BOUNDS = {"float64": (4e-16, 5e-16, 4e-15), "float32": (2e-7, 5e-16, 1.2e-7),
          "float16": (6e-4, 3e-8, 5e-4)}


@pytest.fixture(autouse=True, params=_core.isa_names())
def isa(request):
    before = _core.get_isa()
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)


def run(x, labels, dtype, infeasible="zero", width=0, **kwargs):
    """Value and gradient of activations (T, C) or (N, T, C) with labels of any lengths."""
    label = np.full((len(labels), max(width, *map(len, labels))), -1)
    for row, y in zip(label, labels):
        row[:len(y)] = y
    pred = np.broadcast_to(x, (len(labels), *x.shape[-2:])).astype(dtype)
    loss = mx.gluon.loss.CTCLoss(infeasible=infeasible)
    return loss.value_and_grad(pred, label, **kwargs)


def close(got, wanted, dtype):
    """Value and gradient of one sample, against exact ones."""
    relative, absolute, slope = BOUNDS[dtype]
    np.testing.assert_allclose(got[0], np.float64(wanted[0]), rtol=relative, atol=absolute)
    np.testing.assert_allclose(got[1], np.float64(wanted[1]), rtol=0, atol=slope)


def feasible(rng, frames, classes, length, repeats):
    """A label with about that share of repeats."""
    label = rng.integers(0, classes - 1, length)
    for i in range(1, length):
        if rng.random() < repeats:
            label[i] = label[i - 1]
    while ctc.needed(label) > frames:
        label = label[:-1]
    return label


def activations(rng, frames, classes, scale):
    """Numbers that every dtype holds exactly: one reference serves for all."""
    return (scale * rng.standard_normal((frames, classes))).astype("float16")


@pytest.mark.parametrize("frames, classes", [(1, 2), (1, 4), (2, 3), (3, 2), (4, 3), (6, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_alignments(dtype, frames, classes):
    """Every label of up to 3 classes, those that do not fit included."""
    x = activations(np.random.default_rng(frames), frames, classes, 2)
    labels = list(ctc.words(classes, 3))
    values, grads = run(x, labels, dtype, "inf")
    for label, *got in zip(labels, values, grads):
        close(got, ctc.enumerated(x, label), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_labels_sum_to_one(dtype):
    rng = np.random.default_rng(3)
    for frames, classes in ((1, 5), (4, 3), (5, 2), (3, 6)):
        labels = list(ctc.words(classes, frames))
        values, grads = run(activations(rng, frames, classes, 2), labels, dtype, "inf")
        p = np.exp(-values.astype("float64"))
        assert abs(p.sum() - 1) < 4 * np.finfo(dtype).eps
        assert abs((p[:, None, None] * grads).sum(0)).max() < 8 * np.finfo(dtype).eps


SHAPES = [  # frames, classes, labels, scale, share of repeats
    (1, 2, 1, 3, 0), (7, 3, 3, 3, 0.5), (20, 5, 6, 3, 0.3), (33, 7, 16, 8, 0.2),
    (50, 30, 20, 1, 0.3), (64, 3, 33, 0.1, 0.4), (65, 4, 65, 2, 0), (201, 20, 100, 3, 0.9),
    (200, 9, 99, 30, 0.5), (30, 5000, 10, 3, 0.1), (500, 2, 250, 1, 1), (300, 40, 0, 5, 0),
    (10000, 12, 100, 2, 0.3),
    (1500, 3, 500, 0.01, 0.1)]  # sums that double from frame to frame, beyond any exponent


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def case(request):
    """Activations, label, cost and gradient: once for all instruction sets."""
    frames, classes, length, scale, repeats = request.param
    rng = np.random.default_rng(length)
    x = activations(rng, frames, classes, scale)
    label = feasible(rng, frames, classes, length, repeats)
    return x, label, ctc.log_space(x, label)


def test_against_logarithms(case):
    x, label, wanted = case
    for dtype in BOUNDS:
        value, grad = run(x, [label], dtype)
        close((value[0], grad[0]), wanted, dtype)


def test_lengths_and_padding():
    """A batch of samples of different lengths, in arrays with room to spare."""
    rng = np.random.default_rng(4)
    n, frames, classes, width = 9, 40, 6, 17
    x = activations(rng, n * frames, classes, 3).reshape(n, frames, classes)
    lengths = rng.integers(20, frames + 1, n)
    labels = [feasible(rng, lengths[i], classes, 2 * i, 0.3) for i in range(n)]
    for dtype in BOUNDS:
        values, grads = run(x, labels, dtype, width=width, pred_lengths=lengths)
        for i, length in enumerate(lengths):
            close((values[i], grads[i, :length]), ctc.log_space(x[i, :length], labels[i]), dtype)
            assert not grads[i, length:].any()


def peaked(rng, frames, classes, label, height):
    """Activations of one clear alignment."""
    x = rng.standard_normal((frames, classes))
    path = np.full(frames, classes - 1)
    path[1:2 * len(label):2] = label
    x[np.arange(frames), path] += height
    return x


def test_huge_activations():
    """Digits are lost beyond costs of 2^53; what is left are still differences of probabilities."""
    rng = np.random.default_rng(10)
    for scale in 10.0 ** np.arange(10, 37):
        x = scale * rng.standard_normal((5, 70, 4))
        labels = [feasible(rng, 70, 4, 8 * i, 0.3) for i in range(1, 6)]
        for dtype in ("float32", "float64"):
            value, grad = run(x, labels, dtype)
            assert np.isfinite(value).all() and abs(grad).max() <= 1
            assert abs(grad.sum(2)).max() < 8 * np.finfo(dtype).eps


def extremes(rng):
    """Activations and labels at the ends of the range, in float32 and float64 alike."""
    label = np.array([1, 2, 2, 0])
    for height in (20, 100, 1e4):
        yield peaked(rng, 12, 4, label, height), label
        yield peaked(rng, 12, 4, label[::-1], height), label  # the cost is about as large
    yield rng.choice([-1e30, 0, 1e30], (12, 4)), label
    yield rng.choice([-1e30, -1e4, 0, 1], (12, 4)), label
    yield rng.choice([-3e38, 3e38], (9, 4)), label
    yield np.where(rng.random((30, 4)) < 0.3, -np.inf, rng.standard_normal((30, 4))), label
    yield 1e5 + rng.standard_normal((12, 4)), label
    yield np.zeros((12, 4)), label
    yield 1e-30 * rng.standard_normal((12, 4)), label


def test_extremes():
    for x, label in extremes(np.random.default_rng(8)):
        x = x.astype("float32")
        with mpmath.workdps(50):
            wanted = ctc.exact(x, label)
        for dtype in ("float64", "float32"):
            value, grad = run(x, [label], dtype)
            with np.errstate(over="ignore"):
                close((value[0], grad[0]), (np.dtype(dtype).type(wanted[0]), wanted[1]), dtype)


@pytest.mark.parametrize("scale", [0.01, 1, 10])
def test_50_digits(scale):
    rng = np.random.default_rng(6)
    x = activations(rng, 40, 6, scale)
    label = feasible(rng, 40, 6, 15, 0.2)
    with mpmath.workdps(50):
        wanted = ctc.exact(x, label)
    assert abs(ctc.log_space(x, label)[1] - wanted[1]).max() < 1e-16
    for dtype in BOUNDS:
        value, grad = run(x, [label], dtype)
        close((value[0], grad[0]), wanted, dtype)


def test_differences():
    """Every derivative, with head_grad, weight and sample_weight, as the difference of values."""
    rng = np.random.default_rng(7)
    loss = mx.gluon.loss.CTCLoss(weight=0.3)
    x = {"pred": rng.standard_normal((3, 9, 4)),
         "label": np.array([[0, 0, 2], [1, -1, -1], [2, 1, 0]]),
         "pred_lengths": np.array([9, 6, 3]),
         "sample_weight": np.array([0.5, -2, 3])}
    head = np.array([1.5, -0.25, 0.75])
    _, grads = loss.value_and_grad(**x, wrt=["pred", "sample_weight"], head_grad=head)
    for name, grad in zip(("pred", "sample_weight"), grads):
        for place in np.ndindex(grad.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = {**x, name: x[name].copy()}
                moved[name][place] += step
                ends.append(head @ loss(**moved))
            assert abs(grad[place] - (ends[0] - ends[1]) / 2e-5) < 1e-9, (name, place)


@pytest.mark.parametrize("dtype", BOUNDS)
def test_weights(dtype):
    """They multiply value and gradient; the gradient of a weight is the cost without it."""
    rng = np.random.default_rng(5)
    pred, label = rng.standard_normal((4, 8, 5)).astype(dtype), rng.integers(0, 4, (4, 3))
    cost, slope = mx.gluon.loss.CTCLoss().value_and_grad(pred, label)
    head = np.array([2, -1, 0.5, 0])
    for weight, by in ((None, 1), (2, 2), (-0.5, -0.5)):
        for w in (np.array([1, 0.5, -2, 4]), np.array([2.0]), np.array(-4.0)):
            loss = mx.gluon.loss.CTCLoss(weight=weight)
            value, (grad, dw) = loss.value_and_grad(
                pred, label, sample_weight=w, wrt=["pred", "sample_weight"], head_grad=head)
            np.testing.assert_array_equal(value, (cost * (w * by)).astype(dtype))  # powers of 2
            np.testing.assert_array_equal(grad, slope * (w * head * by).reshape(-1, 1, 1))
            each = cost.astype("float64") * head * by
            assert dw.dtype == w.dtype and dw.shape == w.shape
            np.testing.assert_allclose(dw, each if w.size > 1 else each.sum().reshape(w.shape),
                                       rtol=2 * np.finfo(dtype).eps)
