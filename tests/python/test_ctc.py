"""CTCLoss: what never matters, and what was decided where MXNet had no answer."""

import itertools

import ctc
import numpy as np
import pytest
from layouts import LAYOUTS, rotated

import mxloss as mx
from mxloss import _core

NAN, INF = np.nan, np.inf
DTYPES = ("float16", "float32", "float64")


@pytest.fixture(autouse=True)
def restore():
    before = _core.get_isa()
    yield
    _core.set_isa(before)
    mx.set_num_threads(0)


def batch(rng, n=6, frames=23, classes=7, width=9, dtype="float32"):
    """Samples of different lengths; label 0 is empty, label 1 full."""
    lengths = rng.integers(0, width + 1, n)
    lengths[:2] = 0, width
    label = rng.integers(0, classes - 1, (n, width))
    return {"pred": (2 * rng.standard_normal((n, frames, classes))).astype(dtype), "label": label,
            "pred_lengths": rng.integers(2 * width, frames + 1, n), "label_lengths": lengths}


def run(x, infeasible="zero", layout="NTC", label_layout="NT", **kwargs):
    loss = mx.gluon.loss.CTCLoss(layout, label_layout, infeasible=infeasible)
    return loss.value_and_grad(**x, **kwargs)


def assert_bits(got, wanted, err_msg=""):
    for a, b in zip(got, wanted):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(a, b, err_msg=err_msg)
        assert np.array_equal(np.signbit(a), np.signbit(b)), err_msg


def small(dtype="float32"):
    """One sample, 4 frames, 3 classes."""
    rng = np.random.default_rng(2)
    return {"pred": rng.standard_normal((1, 4, 3)).astype(dtype), "label": np.array([[0, 1]])}


# ---- What never matters --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_padding(dtype):
    """Frames and labels that do not count may hold anything."""
    rng = np.random.default_rng(1)
    x = batch(rng, dtype=dtype)
    x["label"] = x["label"].astype("float64")
    wanted = run(x)
    assert (wanted[0] > 0).all() and np.isfinite(wanted[1]).all()
    for garbage in (NAN, INF, -INF, 6e4, 0.5, -7):
        other = {name: a.copy() for name, a in x.items()}
        for i in range(len(wanted[0])):
            other["pred"][i, x["pred_lengths"][i]:] = garbage
            other["label"][i, x["label_lengths"][i]:] = garbage
        assert_bits(run(other), wanted)
    for i, length in enumerate(x["pred_lengths"]):
        assert not wanted[1][i, length:].any()
        assert not np.signbit(wanted[1][i, length:]).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_end_of_label(dtype):
    """-1 ends a label as its stated length does, and what follows is not looked at."""
    x = batch(np.random.default_rng(2), dtype=dtype)
    wanted = run(x)
    lengths = x.pop("label_lengths")
    for garbage in (0, -1, -9, 10**9):
        label = x["label"].copy()
        for i, n in enumerate(lengths):
            label[i, n + 1:] = garbage
            label[i, n:n + 1] = -1
        assert_bits(run({**x, "label": label}), wanted)


@pytest.mark.parametrize("dtype", DTYPES)
def test_lengths_are_slices(dtype):
    """A batch is its samples, each cut to its lengths."""
    x = batch(np.random.default_rng(3), n=12, frames=70, width=30, dtype=dtype)
    values, grads = run(x)
    for i, (frames, labels) in enumerate(zip(x["pred_lengths"], x["label_lengths"])):
        one = run({"pred": x["pred"][i:i + 1, :frames], "label": x["label"][i:i + 1, :labels]})
        assert_bits((values[i:i + 1], grads[i:i + 1, :frames]), one, f"sample {i}")


def test_batch_order():
    rng = np.random.default_rng(4)
    x = batch(rng, n=80)  # more than a tile
    x["sample_weight"] = rng.standard_normal(80).astype("float32")
    wanted = run(x)
    order = rng.permutation(80)
    got = run({name: a[order] for name, a in x.items()})
    assert_bits(got, [a[order] for a in wanted])


@pytest.mark.parametrize("dtype", DTYPES)
def test_layouts(dtype):
    """Named or not, any layout in memory gives the same bits."""
    rng = np.random.default_rng(5)
    x = batch(rng, dtype=dtype)
    x["sample_weight"] = rng.standard_normal(6)
    head = rng.standard_normal(6)
    wanted = run(x, head_grad=head)
    for arrange in (np.ascontiguousarray, lambda a: a):
        turned = {**x, "pred": arrange(x["pred"].swapaxes(0, 1)), "label": arrange(x["label"].T)}
        value, grad = run(turned, layout="TNC", label_layout="TN", head_grad=head)
        assert_bits((value, grad.swapaxes(0, 1)), wanted)
    for layout in LAYOUTS:
        for name in x:
            assert_bits(run({**x, name: layout(x[name])}, head_grad=head), wanted, layout.__name__)
        every = {name: layout(a) for name, a in x.items()}
        assert_bits(run(every, head_grad=layout(head)), wanted, layout.__name__)
    for out in (rotated(wanted[1]), np.zeros((6, 46, 21), dtype)[::-1, ::2, 2::3]):
        value = np.full(12, 7, dtype)[::2]
        run(x, head_grad=head, out=(value, out))
        assert_bits((value, out), wanted)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
                                   "uint64", "float16", "float32", "float64", "bool"])
def test_dtypes_of_whole_numbers(dtype):
    x = batch(np.random.default_rng(6), classes=3 if dtype == "bool" else 7)
    wanted = run(x)
    assert_bits(run({**x, "label": x["label"].astype(dtype)}), wanted)
    if dtype == "bool":
        lengths = np.array([True, False, True, True, True, False])
        x = {**x, "pred_lengths": np.ones(6, int), "label_lengths": lengths * 1}
        x["label"][:, 0] = 1
        wanted = run(x)
        assert wanted[0].any()
        assert_bits(run({**x, "label_lengths": lengths, "pred_lengths": np.ones(6, bool)}), wanted)
        return
    for name in ("pred_lengths", "label_lengths"):
        assert_bits(run({**x, name: x[name].astype(dtype)}), wanted, name)


def test_threads():
    x = batch(np.random.default_rng(7), n=30, frames=120, width=50)
    x["sample_weight"] = np.array([2.0])  # its gradient is a sum over all threads
    wanted = None
    for threads in (1, 2, 3, 7):
        mx.set_num_threads(threads)
        value, grads = run(x, wrt=["pred", "sample_weight"])
        wanted = wanted or (value, *grads)
        assert_bits((value, *grads), wanted, f"{threads} threads")


@pytest.mark.parametrize("dtype", DTYPES)
def test_instruction_sets(dtype):
    rng = np.random.default_rng(8)
    for n in (*range(1, 20), 100):
        x = batch(rng, n=3, frames=2 * n + 3, classes=n + 2, width=n, dtype=dtype)
        found = {}
        for isa in _core.isa_names():
            _core.set_isa(isa)
            found[isa] = run(x)
        base = found.pop("base")
        for got in found.values():
            assert_bits(got, next(iter(found.values())))
            for a, b, size in zip(got, base, (base[0].max(), 1)):
                eps = np.finfo(dtype).eps
                np.testing.assert_allclose(a, b, rtol=8 * eps, atol=8 * eps * float(size))


# ---- What changes nothing in exact arithmetic ----------------------------------------------------


def test_shift():
    """A number added to all activations of a frame; halves, so that nothing is rounded."""
    rng = np.random.default_rng(9)
    x = batch(rng)
    x["pred"] = np.round(x["pred"] * 2) / 2
    shifted = x["pred"] + rng.integers(-1000, 1000, (6, 23, 1)).astype("float32")
    assert_bits(run({**x, "pred": shifted}), run(x))


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_alphabet(dtype):
    """Classes in another order, the blank staying last."""
    rng = np.random.default_rng(10)
    x = batch(rng, classes=70, dtype=dtype)
    value, grad = run(x)
    order = np.append(rng.permutation(69), 69)
    back = np.argsort(order)
    other_value, other = run({**x, "pred": x["pred"][..., order], "label": back[x["label"]]})
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(other_value, value, rtol=2 * eps)
    np.testing.assert_allclose(other, grad[..., order], rtol=0, atol=4 * eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_of_frames_sum_to_zero(dtype):
    x = batch(np.random.default_rng(11), n=20, dtype=dtype)
    x["pred"] *= 5
    sums = run(x)[1].sum(2, dtype="float64")
    assert abs(sums).max() < 4 * np.finfo(dtype).eps


# ---- What was decided ----------------------------------------------------------------------------

INFEASIBLE = [  # label, frames that count
    ([0, 1, 0, 1, 0], 4), ([0, 0, 1, 1], 4), ([1, 1, 1], 4), ([0, 1, -1], 1), ([0], 0), ([1, 1], 2)]


@pytest.mark.parametrize("label, frames", INFEASIBLE, ids=str)
@pytest.mark.parametrize("infeasible, cost", [("zero", 0), ("inf", INF)])
def test_infeasible(label, frames, infeasible, cost):
    """Value 0 or inf, gradient 0 even where activations are NaN; no trouble for the others."""
    x = {"pred": np.full((3, 4, 3), NAN, "float32"), "label": np.array([label] * 3),
         "pred_lengths": np.array([4, frames, 4])}
    x["label"][::2] = -1
    x["pred"][::2] = small()["pred"]
    value, grad = run(x, infeasible)
    assert value[1] == cost and not grad[1].any() and not np.signbit(grad[1]).any()
    others = {name: a[::2] for name, a in x.items()}
    assert_bits((value[::2], grad[::2]), run(others))
    assert grad[::2].any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_just_feasible(dtype):
    """As many frames as it takes: one path, whose probability is the product."""
    for label, path in (([0, 1, 0], [0, 1, 0]), ([0, 0], [0, 2, 0]), ([1, 1, 0], [1, 2, 1, 0])):
        pred = np.random.default_rng(1).standard_normal((1, len(path), 3)).astype(dtype)
        value, grad = run({"pred": pred, "label": np.array([label])}, "inf")
        p = ctc.softmax(pred[0].astype("float64"))
        frame = np.arange(len(path))
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(value[0], -np.log(p[frame, path]).sum(), rtol=2 * eps)
        p[frame, path] -= 1
        np.testing.assert_allclose(grad[0], p, rtol=0, atol=2 * eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_empty_labels(dtype):
    """-sum of log p(blank): all of the batch empty, or without any room for labels."""
    pred = np.random.default_rng(1).standard_normal((3, 5, 4)).astype(dtype)
    p = ctc.softmax(pred.astype("float64"))
    cost = -np.log(p[..., 3]).sum(1)
    p[..., 3] -= 1
    eps = np.finfo(dtype).eps
    for label in (np.full((3, 2), -1), np.full((3, 9), -1.0), np.zeros((3, 0), bool)):
        value, grad = run({"pred": pred, "label": label})
        np.testing.assert_allclose(value, cost, rtol=2 * eps)
        np.testing.assert_allclose(grad, p, rtol=0, atol=2 * eps)
    value, grad = run({"pred": pred, "label": label, "pred_lengths": [0, 0, 0]}, "inf")
    assert not value.any() and not grad.any()  # nothing is written into no frames with certainty


@pytest.mark.parametrize("dtype", DTYPES)
def test_certain_path(dtype):
    """Peaks that leave nothing to anything else: cost and gradient are exactly 0."""
    path = [3, 0, 0, 3, 0, 1, 1, 3]
    pred = np.zeros((1, 8, 4), dtype)
    pred[0, np.arange(8), path] = 1e4
    value, grad = run({"pred": pred, "label": np.array([[0, 0, 1]])})
    assert value[0] == 0 and not np.signbit(value[0]) and not grad.any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_impossible_path(dtype):
    """Through activations of -inf: infinite, with the gradient of a cost that ignores the label."""
    x = small(dtype)
    x["pred"][0, :, 1] = -INF
    value, grad = run(x)
    assert value[0] == INF
    np.testing.assert_allclose(grad[0], ctc.softmax(x["pred"][0].astype("float64")),
                               rtol=0, atol=np.finfo(dtype).eps)


@pytest.mark.parametrize("bad", [NAN, INF])
def test_nan_stays_in_its_sample(bad):
    x = batch(np.random.default_rng(12))
    wanted = run(x)
    x["pred"] = x["pred"].copy()
    x["pred"][3, 5, 2] = bad
    value, grad = run(x)
    assert np.isnan(value[3]) and np.isnan(grad[3, :x["pred_lengths"][3]]).all()
    assert not grad[3, x["pred_lengths"][3]:].any()
    rest = [0, 1, 2, 4, 5]
    assert_bits((value[rest], grad[rest]), [a[rest] for a in wanted])


def test_no_scores_at_all():
    """A frame of -inf only has no softmax."""
    x = small()
    x["pred"][0, 2] = -INF
    value, grad = run(x)
    assert np.isnan(value[0]) and np.isnan(grad).all()


def test_empty_batch():
    for layout, shape in (("NTC", (0, 5, 4)), ("TNC", (5, 0, 4))):
        value, (grad, of_label) = run({"pred": np.ones(shape, "float32"), "label": np.ones((0, 3))},
                                      layout=layout, wrt=["pred", "label"])
        assert value.shape == (0,) and value.dtype == "float32"
        assert grad.shape == shape and of_label.shape == (0, 3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_the_blank(dtype):
    """With one class the empty label is certain, and the only one."""
    pred = np.random.default_rng(1).standard_normal((2, 4, 1)).astype(dtype)
    for label in (np.full((2, 3), -1), np.zeros((2, 0))):
        value, grad = run({"pred": pred, "label": label})
        assert not value.any() and not grad.any()


def test_one_frame():
    pred = np.random.default_rng(1).standard_normal((3, 1, 4))
    value, grad = run({"pred": pred, "label": np.array([[2, -1], [-1, 0], [1, 2]])})
    p = ctc.softmax(pred)
    np.testing.assert_allclose(value, [-np.log(p[0, 0, 2]), -np.log(p[1, 0, 3]), 0], rtol=1e-15)
    p[0, 0, 2] -= 1
    p[1, 0, 3] -= 1
    p[2] = 0
    np.testing.assert_allclose(grad, p, atol=1e-15)


def test_label_wider_than_frames():
    x = small()
    wide = np.array([[0, 1, -1, 5, 5, 5, 5, 5]])
    assert_bits(run({**x, "label": wide}), run(x))


def test_whole_numbers_have_no_slope():
    x = {name: a if name == "pred" else a.astype("float32")
         for name, a in batch(np.random.default_rng(13)).items()}
    names = ["label", "label_lengths", "pred_lengths"]
    out = [np.full_like(x[name], 7) for name in names]
    run(x, wrt=names, out=(None, out))
    for a in out:
        assert not a.any()


def test_value_or_gradient_alone():
    """The value needs less memory than both; the numbers are the same."""
    x = batch(np.random.default_rng(14), frames=100, width=40)
    assert_bits([mx.gluon.loss.CTCLoss()(**x)], run(x)[:1])


# ---- The blank in a label ------------------------------------------------------------------------


def over_states(x, label):
    """The probability of a label, by all sequences of the states blank, y_0, blank, y_1, ... blank."""
    p = ctc.softmax(x.astype("float64"))
    states = [p.shape[1] - 1, *(k for y in label for k in (y, p.shape[1] - 1))]
    total = 0
    for path in itertools.product(range(len(states)), repeat=len(x)):
        steps = [(a, b) for a, b in zip((-1, *path), path)]
        jumps = (b % 2 == 1 and (a < 0 or states[b] != states[a]) for a, b in steps if b - a == 2)
        if all(0 <= b - a <= 2 for a, b in steps) and all(jumps) and path[-1] >= len(states) - 2:
            total += np.prod([p[t, states[s]] for t, s in enumerate(path)])
    return total


@pytest.mark.parametrize("label", [[2], [2, 0], [0, 2], [2, 2], [1, 2, 0]])
def test_blank_in_label(label):
    rng = np.random.default_rng(len(label))
    x = rng.standard_normal((1, 5, 3))
    loss = mx.gluon.loss.CTCLoss(blank_in_label="allow")
    value, grad = loss.value_and_grad(x, [label])
    np.testing.assert_allclose(value[0], -np.log(over_states(x[0], label)), rtol=1e-12)
    for place in np.ndindex(5, 3):
        step = np.zeros((5, 3))
        step[place] = 1e-5
        up, down = (-np.log(over_states(x[0] + s, label)) for s in (step, -step))
        np.testing.assert_allclose(grad[0][place], (up - down) / 2e-5, rtol=1e-6, atol=1e-8)
    with pytest.raises(ValueError, match="2 is the blank"):
        mx.gluon.loss.CTCLoss()(x, [label])
    with pytest.raises(ValueError, match="expected a whole number from 0 to 2"):
        loss(x, [[3]])


def test_blank_in_label_as_mxnet_has_it():
    label, lengths = [[2, 1, 2, 2], [3, 2, 2, 2]], [2, 3]
    found = mx.gluon.loss.CTCLoss(blank_in_label="allow")(np.ones((2, 20, 4)), label, None, lengths)
    np.testing.assert_allclose(found, [18.82820702, 16.50581741], rtol=2e-7)  # of its test_loss.py
