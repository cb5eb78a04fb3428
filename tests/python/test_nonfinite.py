"""NaN, infinities, kinks: what section 2 of MXNet's behaviour says, with mxloss's repairs."""

import cases
import numpy as np
import pytest
from cases import FLOATS, VARIANTS, by_id, described, variant

import mxloss as mx

NAN, INF = np.nan, np.inf

# ---- NaN spreads to what it takes part in, and to nothing else -----------------------------------


def results(v, loss, x, head):
    value, grads = v.run(x, loss, head_grad=head)
    return {"value": value, **grads}


def ordinary(v, rng, shape, axis=None):
    """Inputs without zeros and flat parts, which would hide what depends on what."""
    x = v.inputs(rng, shape, weight=v.unreduced(shape, axis), axis=axis)
    if v.case.draw is cases.draw_margin:
        x["pred"] = rng.uniform(3, 9, shape) * -x["label"] / x["label"] ** 2
    return {n: np.where(a == 0, 0.35, a) if a.dtype.kind == "f" else a for n, a in x.items()}


@pytest.mark.parametrize("shape, batch_axis, axis", [
    ((5, 4), 0, -1), ((3, 70), 0, -1), ((2, 3, 5), 2, 1), ((40, 3), -1, -1)], ids=described)
@pytest.mark.parametrize("v", [v for v in VARIANTS if "axis" not in v.ctor], ids=by_id)
def test_nan_spreads_exactly(v, shape, batch_axis, axis):
    """Elements become NaN just where other numbers in place of the NaN change them."""
    rng = np.random.default_rng(1)
    loss = v.loss(batch_axis, **({"axis": axis} if v.has_classes else {}))
    x = ordinary(v, rng, shape, axis)
    head = rng.uniform(0.5, 2, loss(**x, **v.call).shape)
    plain = results(v, loss, x, head)
    places = [(name, tuple(n // 2 for n in x[name].shape)) for name in cases.floating(x)]
    for name, at in [*places, ("head_grad", (head.size // 2,))]:

        def with_number(number):
            changed = {**x, "head_grad": head.copy()}
            changed[name] = changed[name].copy()
            changed[name][at] = number
            return results(v, loss, {n: changed[n] for n in x}, changed["head_grad"])

        source = {**ordinary(v, rng, (30, 4)), "head_grad": rng.uniform(0.5, 2, 30)}
        wide = 20 if v.case.draw in (cases.draw_real, cases.draw_margin) else 1
        others = [with_number(wide * number) for number in source[name].flat[:10]]
        for key, a in with_number(NAN).items():
            depends = np.any([other[key] != plain[key] for other in others], axis=0)
            times_0 = np.isnan(a) & (plain[key] == 0)
            np.testing.assert_array_equal(np.isnan(a), depends | times_0, f"NaN in {name}: {key}")
            np.testing.assert_array_equal(a[~depends & ~times_0], plain[key][~depends & ~times_0])


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("n", [1, 2, 5, 16, 33, 64, 65, 127, 1000, 1025, 5000])
@pytest.mark.parametrize("dtype", FLOATS)
def test_one_bad_row(dtype, n, bad):
    """Wherever it is in the row, a NaN or infinity shows in that row's mean and in no other."""
    for at in {0, n // 3, n // 2, n - 1}:
        pred = np.ones((3, n), dtype)
        pred[1, at] = bad
        for cls in (mx.gluon.loss.L2Loss, mx.gluon.loss.L1Loss, mx.gluon.loss.HuberLoss):
            value = cls()(pred, np.zeros((3, n), dtype))
            np.testing.assert_array_equal(value[1], NAN if bad != bad else INF)
            assert np.isfinite(value[[0, 2]]).all()


@pytest.mark.parametrize("classes", [1, 2, 3, 20, 33, 63, 64, 65, 100, 513, 1500])
@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("dtype", FLOATS)
def test_bad_scores(dtype, axis, classes):
    """NaN or +inf among the scores, or all -inf: the row is NaN. -inf is a probability of 0."""
    loss = mx.gluon.loss.SoftmaxCELoss(axis=axis)
    rng = np.random.default_rng(2)
    for bad in (NAN, INF, -INF):
        for at in {0, classes // 2, classes - 1}:
            pred = rng.standard_normal((3, classes)).astype(dtype)
            label = np.array([0, classes // 3, classes - 1])
            if axis == 1:
                pred, label = np.stack([pred, pred[::-1]], 2), np.stack([label, label], 1)
            plain, plain_grad = loss.value_and_grad(pred, label)
            pred[1, at] = bad
            value, grad = loss.value_and_grad(pred, label)
            np.testing.assert_array_equal(value[[0, 2]], plain[[0, 2]])
            np.testing.assert_array_equal(grad[[0, 2]], plain_grad[[0, 2]])
            if bad == -INF and classes > 1:
                assert value[1] == INF if at == classes // 3 else np.isfinite(value[1])
                assert (grad[1, at] == (-1 if at == classes // 3 else 0) / grad[0][0].size).all()
                assert np.isfinite(grad[1]).all()
            else:
                assert np.isnan(value[1]) and np.isnan(grad[1]).all()
    pred[1] = -INF
    value, grad = loss.value_and_grad(pred, label)
    assert np.isnan(value[1]) and np.isnan(grad[1]).all() and np.isfinite(grad[[0, 2]]).all()


def test_zero_weight_multiplies():
    """A weight of 0 does not hide what is not finite."""
    x = dict(pred=np.array([NAN, INF, 1.0]), label=np.zeros(3), sample_weight=np.zeros(3))
    loss = mx.gluon.loss.L2Loss()
    value, grad = loss.value_and_grad(**x)
    np.testing.assert_array_equal(value, [NAN, NAN, 0])
    np.testing.assert_array_equal(grad, [NAN, NAN, 0])
    np.testing.assert_array_equal(mx.gluon.loss.L1Loss(weight=0)(x["pred"], x["label"]), value)
    np.testing.assert_array_equal(mx.gluon.loss.L1Loss(weight=NAN)(np.ones(1), [0]), [NAN])


# ---- Tables: prediction, label, value, gradients with respect to both ----------------------------

BIG = 3.2e38
POINTS = {
    "L2Loss": [
        (INF, 0, INF, INF, -INF), (0, INF, INF, -INF, INF), (INF, INF, NAN, NAN, NAN),
        (INF, -INF, INF, INF, -INF), (2, 2, 0, 0, 0), (NAN, 0, NAN, NAN, NAN)],
    "L1Loss": [
        (INF, 0, INF, 1, -1), (0, INF, INF, -1, 1), (-INF, INF, INF, -1, 1),
        (INF, INF, NAN, NAN, NAN), (NAN, 0, NAN, NAN, NAN), (0, NAN, NAN, NAN, NAN),
        (2, 2, 0, 0, 0), (0, -0.0, 0, 0, 0), (BIG, 0, BIG, 1, -1)],
    "HuberLoss": [
        (INF, 0, INF, 1, -1), (-INF, 0, INF, -1, 1), (0, INF, INF, -1, 1),
        (INF, INF, NAN, NAN, NAN), (NAN, 0, NAN, NAN, NAN), (2, 2, 0, 0, 0),
        (1, 0, 0.5, 1, -1), (0, 1, 0.5, -1, 1), (BIG, 0, BIG, 1, -1), (-BIG, 0, BIG, -1, 1)],
    "HuberLoss-rho=0.5": [(0.5, 0, 0.25, 1, -1), (0.25, 0, 0.0625, 0.5, -0.5), (1, 0, 0.75, 1, -1)],
    "SigmoidBinaryCrossEntropyLoss": [
        (0, 0, np.log(2), 0.5, 0), (0, 1, np.log(2), -0.5, 0), (-0.0, 0.25, np.log(2), 0.25, 0),
        (INF, 0, INF, 1, -INF), (INF, 1, NAN, 0, -INF), (-INF, 1, INF, -1, INF),
        (-INF, 0, NAN, 0, INF),
        (1e4, 0, 1e4, 1, -1e4), (1e4, 1, 0, 0, -1e4), (-1e4, 1, 1e4, -1, 1e4), (-1e4, 0, 0, 0, 1e4),
        (BIG, 0, BIG, 1, -BIG), (-BIG, 1, BIG, -1, BIG), (BIG, 1, 0, 0, -BIG),
        (NAN, 0, NAN, NAN, NAN), (1.5, NAN, NAN, NAN, -1.5)],
    "SigmoidBinaryCrossEntropyLoss-from_sigmoid=True": [
        (0, 1, -np.log(1e-12), -1e12, -np.log(1e-12)), (0, 0, 0, 1, -np.log(1e-12)),
        (1, 0, -np.log(1e-12), 1e12, np.log(1e-12)), (1, 1, 0, -1, np.log(1e-12)),
        (1.5, 0, NAN, -2, NAN), (-0.5, 1, NAN, 2, NAN), (NAN, 1, NAN, NAN, NAN)],
    "LogisticLoss": [
        (0, 1, np.log(2), -0.5, 0), (0, -1, np.log(2), 0.5, 0), (0, 0, np.log(2), 0, 0),
        (INF, -1, INF, 1, -INF), (INF, 1, NAN, 0, -INF), (-INF, 1, INF, -1, INF),
        (1e4, -1, 1e4, 1, -5e3), (1e4, 1, 0, 0, -5e3), (NAN, 1, NAN, NAN, NAN)],
    "LogisticLoss-label_format=binary": [
        (0, 1, np.log(2), -0.5, 0), (0, 0, np.log(2), 0.5, 0), (BIG, 0, BIG, 1, -BIG)],
    "HingeLoss": [
        (1, 1, 0, 0, 0), (-1, -1, 0, 0, 0), (INF, 1, 0, 0, 0), (-INF, -1, 0, 0, 0),
        (-INF, 1, INF, -1, INF), (INF, -1, INF, 1, -INF), (1, INF, 0, 0, 0),
        (-1, INF, INF, -INF, 1), (INF, 0, NAN, NAN, NAN), (5, 0, 1, 0, -5), (NAN, 1, NAN, NAN, NAN),
        (1, NAN, NAN, NAN, NAN), (-BIG, 1, BIG, -1, BIG)],
    "HingeLoss-margin=0.5": [(0.5, 1, 0, 0, 0), (0.25, 1, 0.25, -1, -0.25)],
    "SquaredHingeLoss": [
        (1, 1, 0, 0, 0), (INF, 1, 0, 0, 0), (-INF, 1, INF, -INF, INF), (1, INF, 0, 0, 0),
        (INF, 0, NAN, NAN, NAN), (5, 0, 1, 0, -10), (NAN, 1, NAN, NAN, NAN), (0, 1, 1, -2, 0)],
    "KLDivLoss": [
        (-1, 0, 0, 0, np.log(1e-12) + 1), (-INF, 0, NAN, 0, INF), (-INF, 0.5, INF, -0.5, INF),
        (0, 1, 0, -1, 1), (-1, -0.5, NAN, 0.5, NAN), (NAN, 0.5, NAN, -0.5, NAN),
        (-1, NAN, NAN, NAN, NAN), (INF, 0.5, -INF, -0.5, -INF)],
    "PoissonNLLLoss": [
        (-INF, 0, NAN, 0, INF), (-INF, 1, INF, -1, INF), (INF, 1, NAN, INF, -INF),
        (1e4, 1, INF, INF, -1e4), (-1e4, 1, 1e4, -1, 1e4), (0, -1, 1, 2, 0),
        (NAN, 1, NAN, NAN, NAN), (1.5, NAN, NAN, NAN, -1.5)],
    "PoissonNLLLoss-from_logits=False": [
        (0, 0, 0, 1, -np.log(1e-8)), (-0.5, 1, NAN, 1 - 1 / (-0.5 + 1e-8), NAN),
        (INF, 0, NAN, 1, -INF), (INF, 1, NAN, 1, -INF), (NAN, 1, NAN, NAN, NAN)],
    "PoissonNLLLoss-compute_full=True": [
        (0, 0, 1, 1, 0), (0, 1, 1, 0, 0), (0, 0.5, 1, 0.5, 0), (1, 0, np.e, np.e, -1),
        (0, 2, 1 + 2 * np.log(2) - 2 + np.log(4 * np.pi) / 2, -1, np.log(2) + 0.25)],
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", POINTS)
def test_points(name, dtype):
    v = variant(name)
    close = dict(rtol=4 * np.finfo(dtype).eps, atol=5e-12)
    for p, z, *expected in POINTS[name]:
        x = {"pred": np.array([p], dtype), v.names[1]: np.array([z], dtype)}
        value, grads = v.run(x)
        found = [float(a[0]) for a in (value, *grads.values())]
        np.testing.assert_allclose(found, expected, **close, err_msg=f"{name} at {p}, {z}")


@pytest.mark.parametrize("q, z", [(3, 0), (3, 1), (0.5, 0.25)])
def test_pos_weight_at_score_0(q, z):
    """The true derivative, not that of a broken kink."""
    v = variant("SigmoidBinaryCrossEntropyLoss-pos_weight:last")
    for p in (0.0, -0.0):
        x = dict(pred=np.array([p]), label=np.array([float(z)]), pos_weight=np.array([float(q)]))
        assert v.run(x)[1]["pred"] == (1 - z) / 2 - q * z / 2


@pytest.mark.parametrize("row, label, value, grad", [
    ([1e4, -1e4, 0], 0, 0, [0, 0, 0]), ([1e4, -1e4, 0], 1, 2e4, [1, -1, 0]),
    ([1e4, -1e4, 0], 2, 1e4, [1, 0, -1]), ([3e38, -3e38, 0], 0, 0, [0, 0, 0]),
    ([3e38, -3e38, 0], 2, 3e38, [1, 0, -1]), ([-INF, 0, 0], 0, INF, [-1, 0.5, 0.5]),
    ([-INF, 0, 0], 1, np.log(2), [0, -0.5, 0.5]), ([5], 0, 0, [0]), ([-INF, 3], 1, 0, [0, 0]),
    ([NAN, 0, 1], 1, NAN, [NAN] * 3), ([INF, 0, 1], 0, NAN, [NAN] * 3),
    ([-INF] * 2, 0, NAN, [NAN] * 2)],
    ids=str)
def test_rows_of_scores(row, label, value, grad):
    for dtype in FLOATS:
        pred = np.array([row, row], dtype)
        got, got_grad = mx.gluon.loss.SoftmaxCELoss().value_and_grad(pred, [label] * 2)
        np.testing.assert_allclose(got, [value] * 2, rtol=1e-6)
        np.testing.assert_allclose(got_grad, [grad] * 2, rtol=1e-6)


def test_far_scores():
    pred = np.array([[3e38, -3e38, 0]], "float32")
    assert mx.gluon.loss.SoftmaxCELoss()(pred, [1]) == [INF]
    dense = mx.gluon.loss.SoftmaxCELoss(sparse_label=False)
    np.testing.assert_array_equal(dense(pred, [[1, 0, 0]]), [NAN])  # 0 * inf


@pytest.mark.parametrize("label, expected", [
    (-INF, 0), (-7, 0), (-0.5, 0), (0.99, 0), (1.99, 1), (2.0, 2), (3, 2), (2.0**40, 2), (INF, 2)])
def test_clipped_class_numbers(label, expected):
    clip = mx.gluon.loss.SoftmaxCELoss(out_of_range="clip")
    pred = np.array([[0.5, 1.0, 2.0]])
    assert clip(pred, [float(label)]) == clip(pred, [expected])
    with pytest.raises(ValueError, match=r"label\[0\] is nan; expected a number"):
        clip(pred, [NAN])


@pytest.mark.parametrize("dtype, huge", [
    ("float32", 3e38),
    pytest.param("float64", 1.5e308, marks=pytest.mark.xfail(
        strict=True, reason="the sum overflows before it is divided"))])
@pytest.mark.parametrize("n", [3, 20, 100, 5000])
def test_means_of_huge_numbers(dtype, huge, n):
    """Finite in, finite out."""
    pred = np.full((2, n), huge, dtype)
    value = mx.gluon.loss.L1Loss()(pred, np.zeros((2, n)))
    np.testing.assert_allclose(value, [pred[0, 0]] * 2, rtol=1e-6)


@pytest.mark.parametrize("v", VARIANTS, ids=by_id)
def test_no_warnings_and_no_state(v):
    """Floating-point flags, numpy's error state and the inputs are left as they were."""
    x = v.inputs(np.random.default_rng(3), (4, 3), "float32")
    x["pred"][:] = [[0, 1e-45, 3e38]]
    before = {n: a.copy() for n, a in x.items()}
    with np.errstate(all="raise"):
        v.run(x)
    for n, a in x.items():
        np.testing.assert_array_equal(a, before[n])
