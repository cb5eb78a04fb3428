"""Losses of vectors: gradients, kinks, zeros, shapes, options and what is refused."""

import itertools

import metric
import numpy as np
import pytest
from cases import FLOATS
from refusals import refused
from test_gradients import differences

import mxloss as mx

NAN, INF = np.nan, np.inf
gluon = mx.gluon.loss

# ---- Finite differences --------------------------------------------------------------------------

SMOOTH = {  # name: (shape, options, shape of sample_weight or None)
    "TripletLoss": [((4, 3), {}, None), ((4, 3), {"margin": 3, "weight": -0.7}, (4,)),
                    ((2, 3, 2), {"batch_axis": 1, "margin": 9}, (3,)), 
                    ((5,), {"margin": -0.5}, (1,)),
                    ((2, 3, 2), {"batch_axis": -1, "margin": 20, "weight": 2}, (1,))],
    "CosineEmbeddingLoss": [((6, 3), {}, None), ((6, 3), {"margin": -0.4, "weight": 0.3}, (6, 1)),
                            ((2, 3, 4), {"margin": 0.2}, (1, 1)), ((4,), {"weight": 3}, (1,))],
    "SDMLLoss": [((5, 3), {}, None), ((2, 1), {"weight": -2}, None),
                 ((9, 2), {"smoothing_parameter": 0}, None),
                 ((4, 3), {"smoothing_parameter": 0.9}, None)]}
CASES = [(name, *case) for name, cases in SMOOTH.items() for case in cases]


@pytest.mark.parametrize("name, shape, options, weight", CASES, ids=str)
def test_finite_differences(name, shape, options, weight):
    loss = getattr(gluon, name)(**options)
    rng = np.random.default_rng(2)
    for seed in range(3):
        x = metric.inputs(name, shape, seed=seed, scale=0.8)
        if weight is not None:
            x["sample_weight"] = rng.uniform(-1, 2, weight)
        head = rng.uniform(-2, 2, loss(**x).shape)
        value, grads = metric.run(name, x, head=head, **options)
        np.testing.assert_array_equal(value, loss(**x))
        assert value.any()
        for n, grad in grads.items():
            if n == "label":
                assert not grad.any()
                continue
            expected = differences(lambda moved: (loss(**moved) * head).sum(), x, n)
            size = np.abs(expected).max()
            np.testing.assert_allclose(grad, expected, rtol=1e-6, atol=1e-7 * size, err_msg=n)


@pytest.mark.parametrize("name, shape, options, weight", CASES, ids=str)
def test_one_input_at_a_time(name, shape, options, weight):
    """Any set of gradients, with the value or without, has the same bits."""
    x = metric.inputs(name, shape)
    value, grads = metric.run(name, x, **options)
    for k in range(len(x)):
        for names in itertools.combinations(x, k):
            same, some = metric.run(name, x, list(names), **options)
            np.testing.assert_array_equal(same, value)
            for n in names:
                np.testing.assert_array_equal(some[n], grads[n], err_msg=f"{n} of {names}")


# ---- Kinks, zeros, labels ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_triplet_at_the_kink(dtype):
    """0 and just below: no gradient. Just above: all of it."""
    p, z, q = (np.array([[a, 0]] * 3, dtype) for a in (0, 1, 2))
    q[:, 1] = [0, 0.01, -0.5]
    q[2, 0] = 1.5
    value, grads = metric.run("TripletLoss", {"pred": p, "positive": z, "negative": q}, margin=3)
    np.testing.assert_allclose(value, [0, 0, 1.5])
    np.testing.assert_array_equal(grads["pred"], [[0, 0], [0, 0], [1, -1]])
    np.testing.assert_array_equal(grads["positive"], [[0, 0], [0, 0], [2, 0]])
    np.testing.assert_array_equal(grads["negative"], [[0, 0], [0, 0], [-3, 1]])


def test_default_margins():
    x = np.ones((1, 2))
    np.testing.assert_array_equal(gluon.TripletLoss()(x, x, x), [1])
    np.testing.assert_array_equal(gluon.CosineEmbeddingLoss()([[1.0, 1]] * x, [[3, 4]], [-1]),
                                  [[7 / np.sqrt(50)]])
    np.testing.assert_array_equal(gluon.CosineEmbeddingLoss()(x * [1, 0], [[0, 1]], [-1]), [[0]])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("margin, at, further", [
    (0, [0, 2, 0, 0], [1, 9, 0, 0]), (1, [3, 0, 0, 0], None), (0.5, [1, 1, 1, 1], [2, 1, 1, 1]),
    (-0.5, [-1, 1, 1, 1], [-1, 2, 1, 1])], ids=str)
def test_cosine_at_the_margin(dtype, margin, at, further):
    """c == margin: value and gradient 0. A little further: not."""
    b = np.array([at, further or at], dtype)
    x = {"input1": np.array([[1, 0, 0, 0]] * 2, dtype), "input2": b, "label": -np.ones(2, dtype)}
    value, grads = metric.run("CosineEmbeddingLoss", x, margin=margin)
    for n in metric.VECTORS["CosineEmbeddingLoss"]:
        assert not grads[n][0].any() and grads[n][1].any() == (further is not None)
    assert value[0] == 0 and (value[1] > 0.05) == (further is not None)


@pytest.mark.parametrize("dtype", ["float16", *FLOATS])
@pytest.mark.parametrize("margin", [0, 0.25, -0.25])
def test_zero_vectors(dtype, margin):
    """Cosine 0, and no gradient for the pair."""
    x = metric.inputs("CosineEmbeddingLoss", (12, 5), dtype)
    plain, slopes = metric.run("CosineEmbeddingLoss", x, margin=margin)
    x["input1"][[2, 3, 6, 7]] = 0
    x["input2"][[4, 5, 6, 7]] = -0.0
    value, grads = metric.run("CosineEmbeddingLoss", x, margin=margin)
    np.testing.assert_array_equal(value[2:8, 0], [1, max(0, -margin)] * 3)
    for n in ("input1", "input2"):
        assert not grads[n][2:8].any()
        np.testing.assert_array_equal(grads[n][[0, 1, *range(8, 12)]],
                                      slopes[n][[0, 1, *range(8, 12)]])
    assert slopes["input1"][0].any()


def test_floor():
    """The product of the norms counts as at least 1e-12; gradients are linear there."""
    a, b = np.array([[3e-7, 0]] * 2), np.array([[1e-7, 1e-7]] * 2)
    value, (da, db) = gluon.CosineEmbeddingLoss().value_and_grad(a, b, [1, -1], wrt=[0, 1])
    np.testing.assert_allclose(value, [[0.97], [0.03]], rtol=1e-14)
    np.testing.assert_allclose(da, [[-1e5, -1e5], [1e5, 1e5]], rtol=1e-14)
    np.testing.assert_allclose(db, [[-3e5, 0], [3e5, 0]], rtol=1e-14)
    tiny = np.full((1, 2), 1e-200)
    np.testing.assert_allclose(gluon.CosineEmbeddingLoss().value_and_grad(tiny, tiny, [1])[1],
                               -1e-188 * np.ones((1, 2)), rtol=1e-14)


def test_other_labels():
    odd = [0, 0.5, 2, -2, 1 + 1e-15, NAN, INF, -INF, -0.999]
    x = {**metric.inputs("CosineEmbeddingLoss", (9, 4)), "label": np.array(odd)}
    value, grads = metric.run("CosineEmbeddingLoss", x, margin=-5)
    assert not value.any() and not any(g.any() for g in grads.values())


@pytest.mark.parametrize("dtype", ["int8", "int64", "float16", "float64", "bool"])
def test_label_dtypes(dtype):
    x = metric.inputs("CosineEmbeddingLoss", (6, 4), "float32")
    if dtype == "bool":
        x["label"] = np.maximum(x["label"], 0)
    value, grads = metric.run("CosineEmbeddingLoss", x)
    other = {**x, "label": x["label"].astype(dtype)}
    same, some = metric.run("CosineEmbeddingLoss", other)
    np.testing.assert_array_equal(same, value)
    np.testing.assert_array_equal(some["input2"], grads["input2"])
    if "float" in dtype:
        assert some["label"].dtype == dtype and not some["label"].any()
    else:
        refused(TypeError, ["CosineEmbeddingLoss: label"], metric.run, "CosineEmbeddingLoss", other,
                ["label"])


@pytest.mark.parametrize("label", [1, -1])
def test_one_label_for_all(label):
    x = metric.inputs("CosineEmbeddingLoss", (2, 5, 3))
    value, grads = metric.run("CosineEmbeddingLoss", {**x, "label": np.full(10, label)})
    for one in (label, [label], np.full((1, 1), float(label)), np.full((), label, "int8")):
        same, some = metric.run("CosineEmbeddingLoss", {**x, "label": np.asarray(one)})
        np.testing.assert_array_equal(same, value)
        np.testing.assert_array_equal(some["input1"], grads["input1"])


# ---- Shapes --------------------------------------------------------------------------------------


def test_shapes_of_cosine():
    """input1 is read in input2's shape; the result is a column."""
    x = metric.inputs("CosineEmbeddingLoss", (6, 4))
    value, grads = metric.run("CosineEmbeddingLoss", x)
    assert value.shape == (6, 1)
    for a, b, label in [((24,), (6, 4), (6, 1)), ((4, 6), (2, 3, 4), (2, 3)),
                        ((6, 4), (3, 2, 4), (6,)), ((2, 3, 4), (6, 4), (3, 2))]:
        other = {n: v.reshape(s) for (n, v), s in zip(x.items(), (a, b, label))}
        same, some = metric.run("CosineEmbeddingLoss", other)
        np.testing.assert_array_equal(same, value)
        for n in x:
            np.testing.assert_array_equal(some[n], grads[n].reshape(other[n].shape))
    row = {n: v[0] if v.ndim > 1 else v[:1] for n, v in x.items()}
    same, some = metric.run("CosineEmbeddingLoss", row)
    np.testing.assert_array_equal(same, value[:1])
    np.testing.assert_array_equal(some["input2"], grads["input2"][0])


@pytest.mark.parametrize("batch_axis", [0, 1, 2, -1, -2])
def test_shapes_of_triplet(batch_axis):
    """A sum over all axes but batch_axis; examples are read in pred's shape."""
    x = metric.inputs("TripletLoss", (3, 4, 5))
    value, grads = metric.run("TripletLoss", x, batch_axis=batch_axis)
    rows = {n: np.moveaxis(a, batch_axis, 0).reshape(a.shape[batch_axis], -1) for n, a in x.items()}
    expected, slopes = metric.run("TripletLoss", rows)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    p, z, q = rows.values()
    np.testing.assert_allclose(value, np.maximum(0, 1 + ((z - p) ** 2 - (q - p) ** 2).sum(1)))
    other = {**x, "positive": x["positive"].reshape(60), "negative": x["negative"].reshape(6, 10)}
    same, some = metric.run("TripletLoss", other, batch_axis=batch_axis)
    np.testing.assert_array_equal(same, value)
    for n in x:
        moved = np.moveaxis(grads[n], batch_axis, 0)
        np.testing.assert_array_equal(moved.reshape(slopes[n].shape), slopes[n])
        np.testing.assert_array_equal(some[n], grads[n].reshape(other[n].shape))


def test_empty_batches():
    for name, shape, result in [("TripletLoss", (0, 3), (0,)), ("TripletLoss", (0,), (0,)),
                                ("CosineEmbeddingLoss", (0, 3), (0, 1)),
                                ("CosineEmbeddingLoss", (0, 2, 3), (0, 1)),
                                ("SDMLLoss", (0, 3), (0,))]:
        for dtype in ("float16", *FLOATS):
            value, grads = metric.run(name, metric.inputs(name, shape, dtype))
            assert value.shape == result and value.dtype == dtype
            assert all(grads[n].shape == shape for n in metric.VECTORS[name])
    x = metric.inputs("TripletLoss", (3, 0))
    assert metric.run("TripletLoss", x, batch_axis=1)[0].shape == (0,)


REFUSED_SHAPES = [
    ("TripletLoss", [(3, 0)] * 3, "pred has shape (3, 0), with length 0 along axis 1"),
    ("TripletLoss", [(2, 3), (2, 2), (2, 3)], "positive has shape (2, 2)"),
    ("TripletLoss", [(2, 3), (2, 3), (3,)], "negative has shape (3,)"),
    ("TripletLoss", [()] * 3, "pred has shape ()"),
    ("TripletLoss", [(2, 3)] * 3 + [(2, 1)], "sample_weight has shape (2, 1)"),
    ("CosineEmbeddingLoss", [(2, 0), (2, 0), (2,)], "input2 has shape (2, 0), with length 0"),
    ("CosineEmbeddingLoss", [(0,), (0,), (1,)], "input2 has shape (0,), with length 0"),
    ("CosineEmbeddingLoss", [(2, 0, 3), (2, 0, 3), (2,)], "with length 0 along axis 1"),
    ("CosineEmbeddingLoss", [(2, 3), (2, 2), (2,)], "input1 has shape (2, 3)"),
    ("CosineEmbeddingLoss", [(), (), ()], "input1 has shape ()"),
    ("CosineEmbeddingLoss", [(1,), (), (1,)], "input2 has shape ()"),
    ("CosineEmbeddingLoss", [(4, 3), (4, 3), (2,)], "label has shape (2,) and so 2 elements"),
    ("CosineEmbeddingLoss", [(4, 3), (4, 3), (4,), (4,)], "shape (4, 1)"),
    ("CosineEmbeddingLoss", [(4, 3), (4, 3), (4,), (4, 3)], "shape (4, 1)"),
    ("SDMLLoss", [(1, 3)] * 2, "expected at least two rows"),
    ("SDMLLoss", [(3, 0)] * 2, "x1 has shape (3, 0), with length 0 along axis 1"),
    ("SDMLLoss", [(3,)] * 2, "x1 has shape (3,); expected two axes"),
    ("SDMLLoss", [(3, 2, 2)] * 2, "x1 has shape (3, 2, 2); expected two axes"),
    ("SDMLLoss", [(3, 2), (2, 3)], "x2 has shape (2, 3)")]


@pytest.mark.parametrize("name, shapes, phrase", REFUSED_SHAPES, ids=str)
def test_refused_shapes(name, shapes, phrase):
    loss = getattr(gluon, name)()
    arrays = [np.ones(shape, "float32") for shape in shapes]
    refused(ValueError, [f"{name}: ", phrase], loss, *arrays)
    refused(ValueError, [f"{name}: ", phrase], loss.value_and_grad, *arrays)


@pytest.mark.parametrize("dtype", ["int32", "bool"])
@pytest.mark.parametrize("name", metric.NAMES)
def test_refused_dtypes(name, dtype):
    x = metric.inputs(name, (3, 2))
    first = metric.NAMES[name][0]
    x[first] = x[first].astype(dtype)
    refused(TypeError, [name, first, dtype], getattr(gluon, name)(), **x)


# ---- Options -------------------------------------------------------------------------------------

REFUSED_OPTIONS = [
    *[(name, {"batch_axis": 1}, ValueError, "batch_axis must be 0") for name in
      ("CosineEmbeddingLoss", "SDMLLoss")],
    ("SDMLLoss", {"batch_axis": -1}, ValueError, "batch_axis must be 0"),
    ("SDMLLoss", {"batch_axis": None}, TypeError, "batch_axis"),
    *[("SDMLLoss", {"smoothing_parameter": s}, ValueError, "smoothing_parameter must be")
      for s in (1, 1.5, -1e-9, NAN, INF)],
    ("SDMLLoss", {"smoothing_parameter": None}, TypeError, "smoothing_parameter must be a number"),
    *[(name, {"margin": m}, error, "margin must be")
      for name in ("TripletLoss", "CosineEmbeddingLoss")
      for m, error in ((NAN, ValueError), (INF, ValueError), (None, TypeError), ("1", TypeError))],
    *[(name, {"weight": "2"}, TypeError, "weight must be a number") for name in metric.NAMES],
    ("TripletLoss", {"batch_axis": 1.0}, TypeError, "batch_axis")]


@pytest.mark.parametrize("name, options, error, phrase", REFUSED_OPTIONS, ids=str)
def test_refused_options(name, options, error, phrase):
    """By the constructor, and at the call if set later."""
    refused(error, [f"{name}: ", phrase], getattr(gluon, name), **options)
    x = metric.inputs(name, (3, 2))
    loss = getattr(gluon, name)()
    expected = loss(**x)
    ((option, value),) = options.items()
    before = getattr(loss, f"_{option}")
    setattr(loss, f"_{option}", value)
    refused(error, [f"{name}: ", phrase], loss, **x)
    refused(error, [f"{name}: ", phrase], loss.value_and_grad, **x)
    setattr(loss, f"_{option}", before)
    np.testing.assert_array_equal(loss(**x), expected)


def test_other_options():
    x = metric.inputs("TripletLoss", (3, 2))
    refused(ValueError, ["TripletLoss: "], gluon.TripletLoss(batch_axis=2), **x)
    assert repr(gluon.TripletLoss(2, 0.5, 1)) == "TripletLoss(batch_axis=1, w=0.5)"
    assert repr(gluon.CosineEmbeddingLoss(0.5)) == "CosineEmbeddingLoss(batch_axis=0, w=0.5)"
    assert repr(gluon.SDMLLoss(0.2)) == "SDMLLoss(batch_axis=0, w=1.0)"


@pytest.mark.parametrize("name", metric.NAMES)
def test_weights(name):
    """Factors of 2 are exact: on the value, and with head_grad on the gradients."""
    x = metric.inputs(name, (6, 3))
    value, grads = metric.run(name, x)
    head = np.exp2(np.arange(6) - 2).reshape(value.shape)
    same, some = metric.run(name, x, head=head, weight=-4)
    np.testing.assert_array_equal(same, -4 * value)
    if name == "SDMLLoss":  # its rows of x2 are sums over several heads
        np.testing.assert_allclose(some["x1"], -4 * head[:, None] * grads["x1"], rtol=1e-14)
        return
    for n in metric.VECTORS[name]:
        np.testing.assert_array_equal(some[n], -4 * head.reshape(6, 1) * grads[n])
    same, some = metric.run(name, {**x, "sample_weight": head})
    np.testing.assert_array_equal(same, head * value)
    np.testing.assert_array_equal(some["sample_weight"], value)
    for n in metric.VECTORS[name]:
        np.testing.assert_array_equal(some[n], head.reshape(6, 1) * grads[n])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_cosine_beyond_1(dtype):
    """Parallel vectors cost 0 or more, opposite ones at most 2: rounding does not go further."""
    a = np.random.default_rng(3).standard_normal((2000, 7)).astype(dtype)
    loss = mx.gluon.loss.CosineEmbeddingLoss()
    alike, opposite = loss(a, 3 * a, np.ones(2000)), loss(a, -a, np.ones(2000))
    assert alike.min() == 0 and alike.max() < 1e-6 and opposite.max() == 2
