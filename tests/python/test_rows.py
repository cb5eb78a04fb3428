"""Losses over rows of classes, however the rows are worked on.

Short rows and rows whose classes lie apart go side by side in tiles, long rows one by one, very long
ones in blocks: lengths around all of these limits, against numpy in a wider type.
"""

import numpy as np
import pytest

import mxloss as mx

WIDER = {"float32": np.float64, "float64": np.longdouble}
CLASSES = [1, 2, 3, 4, 5, 7, 10, 16, 31, 63, 64, 65, 100, 127, 1000]
LONG = [4095, 4096, 4097, 9001]
EPS = 1e-12


def log_softmax(x):
    d = x - x.max(1, keepdims=True)
    return d - np.log(np.exp(d).sum(1, keepdims=True))


def reference(kind, x, z, w):
    """Of scores (n, classes, inner): values and gradients with respect to scores and, where it has
    one, the label, each with the size of what is added up in it."""
    lp = log_softmax(x)
    if kind == "sparse":
        z = (np.arange(x.shape[1])[:, None] == z[:, None]).astype(x.dtype)
    if kind == "kl":
        e, dlp, dz = z * (np.log(z + EPS) - lp), -z, np.log(z + EPS) - lp + z / (z + EPS)
        count = x[0].size
    else:
        e, dlp, dz = -z * lp, -z, -lp
        count = x.shape[2]
    d, dz, f = dlp * w / count, dz * w / count, np.ones_like(lp) * w / count
    back = np.exp(lp) * d.sum(1, keepdims=True)  # as exact as x - max: hence the logarithm
    return (((e * w).sum((1, 2)) / count, (z * (1 - lp) * f).sum((1, 2)).max()),
            (d - back, (np.abs(d) + np.abs(back) * (1 - lp)).max()),
            (dz, ((1 - lp) * f).max()))


def case(kind, shape, dtype, spread=3):
    rng = np.random.default_rng(np.prod(shape))
    x = (spread * rng.standard_normal(shape)).astype(dtype)
    if kind == "sparse":
        return x, rng.integers(0, shape[1], (shape[0], shape[2])).astype(dtype)
    z = rng.random(shape)
    return x, (z / z.sum(1, keepdims=True)).astype(dtype)


def loss_of(kind, **options):
    if kind == "kl":
        return mx.gluon.loss.KLDivLoss(from_logits=False, axis=1, **options)
    return mx.gluon.loss.SoftmaxCELoss(axis=1, sparse_label=kind == "sparse", **options)


def close(got, exact, dtype, name):
    """Within a few roundings, of the result or of what is added up in it."""
    unit = np.finfo(dtype).eps
    numbers, size = exact
    np.testing.assert_allclose(got, numbers.astype(got.dtype), rtol=4 * unit,
                               atol=4 * unit * float(size), err_msg=str(name))


def check(kind, x, z, w=None):
    wide = WIDER[x.dtype.name]
    wrt = ("pred",) if kind == "sparse" else ("pred", "label")
    weight = () if w is None else (w,)
    value, grads = loss_of(kind).value_and_grad(x, z, *weight, wrt=wrt)
    exact, *slopes = reference(kind, x.astype(wide), z.astype(wide),
                               wide(1) if w is None else w.astype(wide))
    close(value, exact, x.dtype, "value")
    for name, got, slope in zip(wrt, grads if isinstance(grads, (tuple, list)) else [grads], slopes):
        close(got, slope, x.dtype, name)


@pytest.mark.parametrize("dtype", WIDER)
@pytest.mark.parametrize("kind", ["sparse", "dense", "kl"])
@pytest.mark.parametrize("classes", CLASSES + LONG)
def test_every_length(classes, kind, dtype):
    for n in (1, 3, 17, 70) if classes < 1000 else (2,):
        check(kind, *case(kind, (n, classes, 1), dtype))
    for n, inner in ((2, 2), (3, 49), (1, 64), (2, 130)) if classes < 1000 else ((1, 5),):
        check(kind, *case(kind, (n, classes, inner), dtype))


@pytest.mark.parametrize("dtype", WIDER)
@pytest.mark.parametrize("kind", ["sparse", "dense", "kl"])
@pytest.mark.parametrize("shape", [(37, 10, 1), (5, 21, 33), (9, 130, 1), (2, 4100, 3)])
def test_weights_of_rows(shape, kind, dtype):
    x, z = case(kind, shape, dtype)
    rng = np.random.default_rng(1)
    check(kind, x, z, rng.uniform(0.5, 2, (shape[0], 1, shape[2])).astype(dtype))
    check(kind, x, z, rng.uniform(0.5, 2, (shape[0], 1, 1)).astype(dtype))


@pytest.mark.parametrize("shape", [(37, 10, 1), (5, 21, 33), (2, 300, 7), (2, 4100, 3)])
def test_weights_of_elements_and_their_gradients(shape):
    x, z = case("kl", shape, "float64")
    w = np.random.default_rng(1).uniform(0.5, 2, shape)
    check("kl", x, z, w)
    lp = log_softmax(x)
    for weight in (w, w[:, :1], w[:, :, :1]):
        _, slope = loss_of("kl").value_and_grad(x, z, weight, wrt="sample_weight")
        e = z * (np.log(z + EPS) - lp) / x[0].size
        axes = tuple(i for i in (1, 2) if weight.shape[i] != shape[i])
        e = e.sum(axes, keepdims=True) if axes else e
        close(slope, (e, (z * (1 - lp)).sum() / x[0].size), "float64", weight.shape)


@pytest.mark.parametrize("kind", ["sparse", "dense", "kl"])
@pytest.mark.parametrize("shape", [(50, 10, 1), (4, 10, 70), (3, 64, 16), (2, 4100, 2)])
def test_bits_do_not_depend_on_the_layout(shape, kind):
    x, z = case(kind, shape, "float32")
    value, slope = loss_of(kind).value_and_grad(x, z)
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1)):
        back = np.argsort(order)
        other = np.ascontiguousarray(x.transpose(order)).transpose(back)
        spaced = np.zeros([2 * n for n in shape], "float32")[::2, ::2, ::2]
        spaced[...] = x
        for pred in (other, spaced):
            out = np.full([2 * n for n in shape], 7, "float32")
            view = out[::2, ::2, ::2] if pred is spaced else np.empty_like(pred)
            got, _ = loss_of(kind).value_and_grad(pred, z, out=(None, view))
            np.testing.assert_array_equal(got, value)
            np.testing.assert_array_equal(view, slope)
            if pred is spaced:
                assert (out[1::2] == 7).all() and (out[:, :, 1::2] == 7).all()


@pytest.mark.parametrize("classes", [10, 100, 9000])
@pytest.mark.parametrize("inner", [1, 20])
def test_halves_are_rounded_floats(classes, inner):
    x, z = case("dense", (3, classes, inner), "float16")
    for kind in ("dense", "kl"):
        value, slope = loss_of(kind).value_and_grad(x, z)
        wide, exact = loss_of(kind).value_and_grad(x.astype("float32"), z.astype("float32"))
        np.testing.assert_array_equal(slope, exact.astype("float16"))
        np.testing.assert_array_equal(value, wide.astype("float16"))


# ---- Blocks of very long rows -------------------------------------------------------------------

N = 9000


def sparse(x, label):
    x = np.asarray(x, "float32").reshape(1, -1)
    value, slope = mx.gluon.loss.SoftmaxCELoss().value_and_grad(x, np.array([label]))
    return float(value[0]), slope[0]


@pytest.mark.parametrize("top", [0, 4095, 4096, 8191, 8192, N - 1])
def test_a_sure_prediction_keeps_its_digits(top):
    x = np.zeros(N, "float32")
    x[top] = 60
    value, slope = sparse(x, top)
    rest = (N - 1) * np.exp(-60.0)
    np.testing.assert_allclose(value, np.log1p(rest), rtol=1e-6)
    np.testing.assert_allclose(slope[top], -rest / (1 + rest), rtol=1e-6)
    np.testing.assert_allclose(np.delete(slope, top), np.exp(-60.0) / (1 + rest), rtol=1e-6)


def test_equal_maxima_in_all_blocks():
    x = np.full(N, -200.0, "float32")
    x[[5, 4100, 8999]] = 3
    value, slope = sparse(x, 4100)
    np.testing.assert_allclose(value, np.log(3), rtol=1e-6)
    np.testing.assert_allclose(slope[[5, 4100, 8999]], [1 / 3, -2 / 3, 1 / 3], rtol=1e-6)


@pytest.mark.parametrize("block", [slice(0, 4096), slice(4096, 8192), slice(8192, N)])
def test_a_block_that_is_ruled_out(block):
    x, z = case("dense", (1, N, 1), "float32")
    x[0, block] = -np.inf
    left = np.delete(np.arange(N), np.arange(N)[block])
    label = int(left[17])
    value, slope = sparse(x, label)
    (exact, _), (rest, _), _ = reference("sparse", x[:, left].astype(float), np.array([[17.0]]), 1)
    np.testing.assert_allclose(value, exact[0], rtol=1e-6)
    np.testing.assert_allclose(slope[left], rest[0, :, 0], rtol=2e-6, atol=1e-9)
    assert (slope[block] == 0).all()


@pytest.mark.parametrize("at", [3, 5000, N - 1])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_a_number_shows(at, bad):
    x = np.linspace(-1, 1, N).astype("float32")
    x[at] = bad
    value, slope = sparse(x, 7)
    assert np.isnan(value) and np.isnan(slope).all()


def test_a_row_that_is_ruled_out():
    value, slope = sparse(np.full(N, -np.inf), 7)
    assert np.isnan(value) and np.isnan(slope).all()


@pytest.mark.parametrize("scale", [1e30, 3e38])
def test_sums_of_large_gradients_stay_finite(scale):
    """Four floats of 3e38 are more than float holds, their sum with the others is not."""
    x = np.zeros((16, 8), "float32")
    z = np.full((16, 8), scale, "float32")
    z[:, 4:] = -scale
    _, slope = mx.gluon.loss.SoftmaxCELoss(sparse_label=False).value_and_grad(x, z)
    np.testing.assert_array_equal(slope, -z)
