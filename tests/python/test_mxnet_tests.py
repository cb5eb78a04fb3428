"""What the numeric tests of MXNet 1.9.1's test_loss.py check, as NDArray scripts have it."""

import numpy as np
import pytest

import mxloss as mx
from mxloss import autograd, gluon, nd

R = np.random.default_rng(19)
BOTH = pytest.mark.parametrize("hybrid", [False, True], ids=["imperative", "hybridized"])


def made(name, hybrid, **options):
    loss = getattr(gluon.loss, name)(**options)
    if hybrid:
        loss.hybridize()
    return loss


def gradients(loss, *inputs, wrt=(0,)):
    """The loss, and its gradients with respect to some of the inputs; None is left out."""
    arrays = [x if x is None else nd.array(x) for x in inputs]
    for i in wrt:
        arrays[i].attach_grad()
    with autograd.record():
        value = loss(*arrays)
    value.backward()
    return value.asnumpy(), [arrays[i].grad.asnumpy() for i in wrt]


def near(a, b, rtol=1e-5, atol=1e-6):
    assert np.shape(a) == np.shape(b)
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


# ---- A handful of exact numbers ------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("name, options, weighted, total", [
    ("L1Loss", {}, False, 6), ("L1Loss", {"weight": 0.5}, False, 3), ("L1Loss", {}, True, 5),
    ("L2Loss", {}, False, 7), ("L2Loss", {"weight": 0.25}, False, 1.75), ("L2Loss", {}, True, 6)])
def test_distances(hybrid, name, options, weighted, total):
    """Differences 0, 1, 2, 3; the second and the last one weigh twice as much as the others."""
    pred = nd.array([1, 2, 3, 4])
    inputs = [pred, pred + nd.arange(4)] + [nd.array([0.5, 1, 0.5, 1])] * weighted
    result = made(name, hybrid, **options)(*inputs)
    assert result.shape == (4,) and result.dtype is np.float32
    assert nd.sum(result).asscalar() == total


@BOTH
@pytest.mark.parametrize("weight", [None, [[0.5], [1]]])
def test_softmax_cross_entropy(hybrid, weight):
    """log(1 + e^2) and log(1 + e^-3), the numbers that MXNet's test has."""
    inputs = [nd.array([[0, 2], [1, 4]]), nd.array([0, 1])]
    expected = np.array([2.12692809, 0.04858733])
    if weight is not None:
        inputs.append(nd.array(weight))
        expected = expected * np.ravel(weight)
    near(made("SoftmaxCrossEntropyLoss", hybrid)(*inputs).asnumpy(), expected)


# ---- Losses that are the same thing --------------------------------------------------------------


@BOTH
def test_binary_is_cross_entropy_of_two_classes(hybrid):
    p = nd.array(R.uniform(0.1, 0.9, (100, 1)))
    both = nd.log(nd.concat(1 - p, p, dim=1) + 1e-8)
    label = nd.round(nd.array(R.uniform(0, 1, (100, 1))))
    assert 0 < label.mean().asscalar() < 1
    binary = made("SigmoidBCELoss", hybrid, from_sigmoid=True)(p, label)
    two = made("SoftmaxCELoss", hybrid, from_logits=True)(both, label)
    near(binary.asnumpy(), two.asnumpy())


@BOTH
@pytest.mark.parametrize("label_format", ["binary", "signed"])
def test_logistic_is_binary_cross_entropy(hybrid, label_format):
    """Values and gradients; the signed labels are -1 and 1."""
    pred, label = R.uniform(-10, 10, (100, 1)), R.integers(0, 2, (100, 1))
    logistic = made("LogisticLoss", hybrid, label_format=label_format)
    given = label if label_format == "binary" else 2 * label - 1
    value, (slope,) = gradients(logistic, pred, given)
    wanted, (wanted_slope,) = gradients(made("SigmoidBCELoss", hybrid), pred, label)
    near(value, wanted)
    near(slope, wanted_slope)


# ---- Losses against numpy ------------------------------------------------------------------------


@BOTH
def test_binary_cross_entropy(hybrid):
    """From scores, for several labels per sample."""
    pred, label = R.uniform(-5, 5, (17, 5)), R.integers(0, 2, (17, 5))
    p = 1 / (1 + np.exp(-pred))
    value, (slope,) = gradients(made("SigmoidBinaryCrossEntropyLoss", hybrid), pred, label)
    near(value, -(label * np.log(p) + (1 - label) * np.log(1 - p)).mean(1), atol=1e-5)
    near(slope, (p - label) / 5)


@BOTH
@pytest.mark.parametrize("rows", [1, 17])
def test_positive_weight(hybrid, rows):
    """One for each kind of label, or one for each label."""
    pred, label = R.uniform(-5, 5, (17, 5)), R.integers(0, 2, (17, 5))
    q = R.uniform(0, 10, (rows, 5))
    p = 1 / (1 + np.exp(-pred))
    loss = made("SigmoidBinaryCrossEntropyLoss", hybrid)
    value, (slope, by_q) = gradients(loss, pred, label, None, q, wrt=(0, 3))
    near(value, -(q * label * np.log(p) + (1 - label) * np.log(1 - p)).mean(1), 1e-4, 1e-5)
    near(slope, (p * (1 - label) - q * label * (1 - p)) / 5)
    near(by_q, (-label * np.log(p) / 5).reshape(-1, rows, 5).sum(0), 1e-4)


@BOTH
def test_cosine(hybrid):
    a, b = R.normal(size=(2, 30, 2))
    label = np.sign(R.normal(size=30))
    cosine = (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))
    loss = made("CosineEmbeddingLoss", hybrid)
    value, (by_a, by_b) = gradients(loss, a, b, label, wrt=(0, 1))
    near(value, np.where(label == 1, 1 - cosine, np.maximum(0, cosine))[:, None])
    weight = np.where(label == 1, -1, cosine > 0)[:, None]
    for x, y, found in ((a, b, by_a), (b, a, by_b)):
        unit, other = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
        slope = (other - cosine[:, None] * unit) / np.linalg.norm(x, axis=1, keepdims=True)
        near(found, weight * slope, 1e-4, 1e-5)


@BOTH
@pytest.mark.parametrize("from_logits", [True, False])
def test_poisson(hybrid, from_logits):
    """The mean over everything; a rate of 0, where the target is 0 as well, is not NaN."""
    pred, target = R.normal(size=(2, 3, 4))
    pred, target = pred - pred.min(), target - target.min()
    target.flat[pred.argmin()] = 0
    cost = np.exp(pred) - target * pred if from_logits else pred - target * np.log(pred + 1e-8)
    loss = made("PoissonNLLLoss", hybrid, from_logits=from_logits)
    value, (slope,) = gradients(loss, pred, target)
    near(value, [cost.mean()])
    near(slope, (np.exp(pred) - target if from_logits else 1 - target / (pred + 1e-8)) / 12)


@BOTH
def test_poisson_with_the_factorial(hybrid):
    """Stirling's approximation counts for targets above 1 and has no part in pred's gradient."""
    pred, target = R.uniform(1, 5, (2, 2, 3))
    target[0, :2] = 0.5, 1
    stirling = target * np.log(target) - target + np.log(2 * target * np.pi) / 2
    cost = pred - target * np.log(pred + 1e-8) + np.where(target > 1, stirling, 0)
    loss = made("PoissonNLLLoss", hybrid, from_logits=False, compute_full=True)
    value, (slope,) = gradients(loss, pred, target)
    near(value, [cost.mean()])
    near(slope, (1 - target / pred) / 6)


# ---- CTC -----------------------------------------------------------------------------------------

COSTS = np.array([18.82820702, 16.50581741])  # MXNet's, of two and three labels in 20 frames
TWO, THREE = [1, 0], [2, 1, 1]


def ways(labels, frames, classes):
    """How many sequences of frames collapse to these labels, by counting."""
    states = [None, *(s for label in labels for s in (label, None))]
    counts = np.zeros(len(states))
    counts[0] = 1  # before the first frame, as if it had been a blank
    for _ in range(frames):
        moved = counts.copy()
        for i in range(1, len(states)):
            moved[i] += counts[i - 1]
            if i > 1 and states[i] is not None and states[i] != states[i - 2]:
                moved[i] += counts[i - 2]
        counts = moved
    return counts[-1] + (counts[-2] if labels else 0)


def test_the_numbers_count_paths():
    """All classes are equally probable, so that a cost is T log C - log(number of ways)."""
    for labels, cost in zip((TWO, THREE), COSTS):
        near(20 * np.log(4) - np.log(ways(labels, 20, 4)), cost, 1e-6, 0)


def padded(filler):
    return [[*row, *[filler] * (4 - len(row))] for row in (TWO, THREE)]


@BOTH
@pytest.mark.parametrize("options, frames, filler, lengths", [
    ({}, 20, -1, ()), ({"layout": "TNC"}, 20, -1, ()),
    ({"layout": "TNC", "label_layout": "TN"}, 20, -1, ()),
    ({}, 20, 2, (None, [2, 3])),  # what lies beyond a label's length is not read
    ({}, 25, -1, ([20, 20],)),  # nor are frames beyond theirs
    ({}, 25, 2, ([20, 20], [2, 3])), ({}, 25, 3, ([20, 20], [2, 3]))])
def test_ctc(hybrid, options, frames, filler, lengths):
    pred, label = np.ones((2, frames, 4)), np.array(padded(filler))
    if options.get("layout") == "TNC":
        pred = pred.swapaxes(0, 1)
    if options.get("label_layout") == "TN":
        label = label.T
    value, (slope,) = gradients(made("CTCLoss", hybrid, **options), pred, label, *lengths)
    near(value, COSTS)
    slope = slope if "layout" not in options else slope.swapaxes(0, 1)
    near(slope.sum(2), np.zeros((2, frames)))  # softmax comes first
    assert slope[:, :20].any(2).all() and not slope[:, 20:].any()


# ---- Training ------------------------------------------------------------------------------------


@BOTH
def test_sdml_learns_pairs(hybrid):
    """An encoder, from twenty steps on five pairs: each is nearest to its partner afterwards."""
    mx.random.seed(5)
    data = mx.random.uniform(-1, 1, shape=(5, 10))
    pairs = mx.io.NDArrayIter(
        {"data": data, "pos": data + mx.random.uniform(-0.1, 0.1, shape=(5, 10))}, batch_size=5)
    loss, model = made("SDMLLoss", hybrid), gluon.nn.Dense(10, activation="tanh")
    model.collect_params().initialize(mx.init.Xavier(), ctx=mx.current_context())
    if hybrid:
        model.hybridize()
    trainer = gluon.Trainer(model.collect_params(), "adam", {"learning_rate": 0.1})
    averages = []
    for _ in range(20):
        pairs.reset()
        for batch in pairs:
            a, b = (x.as_in_context(mx.current_context()) for x in batch.data)
            with autograd.record():
                codes = model(a), model(b)
                L = loss(*codes)
                L.backward()
            trainer.step(1)
        averages.append(L.sum() / len(L))
    assert averages[-1] < 0.05 and averages[-1] < averages[0] / 10
    x, y = (code.asnumpy() for code in codes)
    distances = ((x[:, None] - y) ** 2).sum(2)
    assert (distances.argmin(1) == range(5)).all()


@BOTH
@pytest.mark.parametrize("name", ["SoftmaxCELoss", "SigmoidBCELoss", "L2Loss", "HingeLoss"])
def test_small_batches_can_be_learnt_by_heart(hybrid, name):
    """What the training halves of MXNet's tests show, as a Gluon loop instead of a Module."""
    mx.random.seed(7)
    x = mx.random.uniform(-1, 1, shape=(20, 10))
    y = nd.array(np.arange(20) % 3 if name == "SoftmaxCELoss" else np.arange(20)[:, None] % 2)
    y = 2 * y - 1 if name == "HingeLoss" else y
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(64, activation="relu"), gluon.nn.Dense(3 if y.ndim == 1 else 1))
    net.initialize(mx.init.Xavier(magnitude=2))
    loss = made(name, hybrid)
    if hybrid:
        net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.02})
    metric = mx.metric.Loss()
    for _ in range(150):
        metric.reset()
        with autograd.record():
            L = loss(net(x), y)
        L.backward()
        trainer.step(len(x))
        metric.update(None, [L])
    assert metric.get()[1] < 0.05


def test_batches_larger_than_the_data():
    """MXNet's test of pos_weight has 5 to 29 samples in batches of 10."""
    batches = mx.io.NDArrayIter(nd.arange(3), batch_size=8)
    for _ in range(2):
        batches.reset()
        (batch,) = batches
        assert batch.pad == 5
        np.testing.assert_array_equal(batch.data[0].asnumpy(), [0, 1, 2, 0, 1, 2, 0, 1])
    assert not list(mx.io.NDArrayIter(nd.arange(3), batch_size=8, last_batch_handle="discard"))
    with pytest.raises(ValueError, match="batch_size is 0"):
        mx.io.NDArrayIter(nd.arange(3), batch_size=0)
