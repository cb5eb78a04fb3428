"""Losses of vectors: what must not change a bit, what spreads where, and memory."""

import itertools
import subprocess
import sys

import layouts
import metric
import numpy as np
import pytest
from builds import usual_build
from cases import FLOATS
from test_isa import bits, need
from test_outputs import FREE, output

import mxloss as mx
from mxloss import _core

NAN, INF = np.nan, np.inf
NAMES = list(metric.NAMES)
SHAPES = {"TripletLoss": [((4, 5, 6), {}), ((4, 5, 6), {"batch_axis": 1}),
                          ((300, 7), {"batch_axis": -1})],
          "CosineEmbeddingLoss": [((4, 5, 6), {}), ((300, 7), {"margin": 0.1}), ((3, 2, 65), {})],
          "SDMLLoss": [((4, 6), {}), ((70, 65), {}), ((65, 3), {})]}


def weighted(name, shape, dtype, seed=1, **options):
    """Inputs with a sample_weight where there is one, and a head_grad."""
    x = metric.inputs(name, shape, dtype, seed, 0.5)
    value = metric.run(name, x, **options)[0]
    rng = np.random.default_rng(seed)
    if name != "SDMLLoss":
        x["sample_weight"] = rng.uniform(0.5, 2, value.shape).astype(dtype)
    return x, rng.uniform(0.5, 2, value.shape)


def sets(name, dtypes=FLOATS):
    for (shape, options), dtype in itertools.product(SHAPES[name], dtypes):
        yield *weighted(name, shape, dtype, **options), options


def assert_same(found, wanted):
    np.testing.assert_array_equal(bits(found[0]), bits(wanted[0]), err_msg="value")
    for n, grad in wanted[1].items():
        np.testing.assert_array_equal(bits(found[1][n]), bits(grad), err_msg=n)


@pytest.fixture(autouse=True)
def restore():
    before = _core.get_isa()
    yield
    _core.set_isa(before)
    mx.set_num_threads(0)


# ---- Layouts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", layouts.LAYOUTS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_layouts(name, layout):
    for x, head, options in sets(name):
        wanted = metric.run(name, x, head=head, **options)
        for n in x:  # each input alone
            other = {**x, n: layout(x[n])}
            assert_same(metric.run(name, other, head=head, **options), wanted)
        other = {n: layout(a) for n, a in x.items()}
        assert_same(metric.run(name, other, head=layout(head), **options), wanted)


@pytest.mark.parametrize("layout", FREE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_outputs_of_any_layout(name, layout):
    for x, head, options in sets(name, ("float16", *FLOATS)):
        value, grads = metric.run(name, x, head=head, **options)
        out = output(layout, value.shape, value.dtype), [output(layout, g.shape, g.dtype)
                                                         for g in grads.values()]
        for _ in range(2):  # the second time over the first results
            again, _ = metric.run(name, x, head=head, out=out, **options)
            assert again is out[0]
            assert_same((again, dict(zip(grads, out[1]))), (value, grads))


@pytest.mark.parametrize("name", ["TripletLoss", "CosineEmbeddingLoss"])
def test_other_shapes_of_any_layout(name):
    """Inputs that are read in another one's shape, and their gradients."""
    x, head = weighted(name, (4, 5, 6), "float64")
    n = "negative" if name == "TripletLoss" else "input1"
    value, grads = metric.run(name, x, head=head)
    for layout in (*FREE, layouts.field):
        other = {**x, n: layout(x[n].reshape(6, 20))}
        out = output(FREE[-1], (6, 20), "float64")
        same, some = metric.run(name, other, [n], head=head, out=(None, [out]))
        np.testing.assert_array_equal(same, value)
        np.testing.assert_array_equal(some[n], grads[n].reshape(6, 20))


@pytest.mark.parametrize("name", NAMES)
def test_refused_overlaps(name):
    """Outputs that share memory with an input, one another or themselves; nothing is written."""
    x = metric.inputs(name, (4, 3))
    first, second = list(x)[:2]
    loss = getattr(mx.gluon.loss, name)()
    value = loss(**x)
    room = np.full(40, 77.25)
    bad = [((None, [a]), [first]) for a in (x[first], x[second][::-1], x[first].reshape(3, 4).T)
           if a.shape == (4, 3)]
    bad.append(((x[second].reshape(-1)[: value.size].reshape(value.shape), [None]), [first]))
    bad.append(((None, [room[:12].reshape(4, 3), room[11:23].reshape(4, 3)]), [first, second]))
    bad.append(((room[:value.size].reshape(value.shape), [room[3:15].reshape(4, 3)]), [second]))
    bad.append(((None, [np.lib.stride_tricks.as_strided(room, (4, 3), (8, 8))]), [first]))
    before = {n: a.copy() for n, a in x.items()}
    for out, wrt in bad:
        with pytest.raises(ValueError, match=f"{name}: .*overlap"):
            loss.value_and_grad(**x, wrt=wrt, out=out)
    assert (room == 77.25).all() and all(np.array_equal(x[n], a) for n, a in before.items())


# ---- Instruction sets, threads, dtypes -----------------------------------------------------------


def lengths(name, dtype):
    """Vectors of all lengths that loops divide differently, some with extreme numbers."""
    for n in (*range(1, 70), 127, 256, 257, 1024, 1029):
        x = metric.inputs(name, (3, n), dtype, n)
        yield x
        if n % 3 == 0:
            extreme = {k: a.copy() for k, a in x.items()}
            f = np.finfo(dtype)
            for k, bad in zip(extreme, (f.tiny / 4, f.max, INF, NAN, -f.max)[n % 5 :]):
                extreme[k].flat[n % extreme[k].size] = bad
            yield extreme


@pytest.mark.parametrize("dtype", ["float16", *FLOATS])
@pytest.mark.parametrize("name", NAMES)
def test_instruction_sets(name, dtype):
    """The same bits with fused multiply-add, close to them without."""
    need("avx2", "avx512")
    runs = [(x, None, {}) for x in lengths(name, dtype)]
    for x, head, options in [*runs, *sets(name, [dtype])]:
        results = {}
        for isa in ("avx2", "avx512", "base"):
            _core.set_isa(isa)
            results[isa] = metric.run(name, x, head=head, **options)
        assert_same(results["avx512"], results["avx2"])
        if all(np.isfinite(a).all() and np.abs(a).max() < 1e4 for a in x.values()):
            value, grads = results["avx2"]
            same, some = results["base"]
            close = 60 * np.finfo(dtype).eps
            np.testing.assert_allclose(same, value, rtol=close, atol=close)
            for n, g in grads.items():
                np.testing.assert_allclose(some[n], g, rtol=close, atol=close * np.abs(g).max())


@pytest.mark.parametrize("name, shape", [
    *[(name, shape) for name in NAMES[:2] for shape in ((3000, 100), (3, 70001))],
    ("SDMLLoss", (301, 67)), ("SDMLLoss", (3, 70001))], ids=str)
@pytest.mark.parametrize("dtype", FLOATS)
def test_threads(name, shape, dtype):
    x, head = weighted(name, shape, dtype)
    if name != "SDMLLoss":
        x["sample_weight"] = x["sample_weight"][:1]  # its gradient is a sum over all rows
    wanted = None
    for threads in (1, 2, 3, 7):
        mx.set_num_threads(threads)
        found = metric.run(name, x, head=head)
        assert_same(found, wanted or found)
        wanted = wanted or found


@pytest.mark.parametrize("name", NAMES)
def test_float16_is_float32_rounded(name):
    for x, head, options in sets(name, ["float16"]):
        value, grads = metric.run(name, x, head=head, **options)
        wide = {n: a.astype("float32") for n, a in x.items()}
        expected, slopes = metric.run(name, wide, head=head, **options)
        assert value.dtype == "float16"
        np.testing.assert_array_equal(value, expected.astype("float16"))
        for n, g in grads.items():
            assert g.dtype == "float16"
            np.testing.assert_array_equal(g, slopes[n].astype("float16"))


@pytest.mark.parametrize("name", NAMES)
def test_value_alone(name):
    for x, _, options in sets(name, ("float16", *FLOATS)):
        alone = getattr(mx.gluon.loss, name)(**options)(**x)
        for wrt in ([], list(metric.VECTORS[name])[-1:], None):
            np.testing.assert_array_equal(metric.run(name, x, wrt, **options)[0], alone)


# ---- NaN and infinities --------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name, which", [(n, k) for n in NAMES[:2]
                                         for k in range(len(metric.VECTORS[n]))], ids=str)
def test_one_bad_row(name, which, dtype, bad):
    """It shows in the results of its row, whatever the label, and in no other."""
    for length, row in itertools.product((1, 5, 64, 300, 1100), (0, 3, 4)):
        x = metric.inputs(name, (6, length), dtype, scale=0.1)
        if name == "CosineEmbeddingLoss":
            x["label"][3] = 0
        value, grads = metric.run(name, x)
        x[metric.VECTORS[name][which]][row, length // 2] = bad
        found, slopes = metric.run(name, x)
        others = np.arange(6) != row
        np.testing.assert_array_equal(found[others], value[others])
        unlimited = name == "TripletLoss" and which and not np.isnan(bad)
        number = (INF if which == 1 else 0) if unlimited else NAN
        np.testing.assert_array_equal(found[row], np.full(found[row].shape, number))
        for n in metric.VECTORS[name]:
            np.testing.assert_array_equal(slopes[n][others], grads[n][others])
            assert number != 0 or not slopes[n][row].any()
            assert not np.isnan(number) or np.isnan(slopes[n][row]).all()


@pytest.mark.parametrize("bad", [NAN, INF])
@pytest.mark.parametrize("dtype", FLOATS)
def test_bad_partner_of_zeros(dtype, bad):
    for which in ("input1", "input2"):
        x = {"input1": np.zeros((2, 3), dtype), "input2": np.zeros((2, 3), dtype),
             "label": np.array([1, 0], dtype)}
        x[which][:, 1] = bad
        value, grads = metric.run("CosineEmbeddingLoss", x)
        assert np.isnan(value).all()
        assert np.isnan(grads["input1"]).all() and np.isnan(grads["input2"]).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [4, 40, 70])
def test_nan_in_matrices(n, dtype):
    """A row of x1 is part of one result and of the gradients of x2, a row of x2 of all."""
    x = metric.inputs("SDMLLoss", (n, 3), dtype)
    value, grads = metric.run("SDMLLoss", x)
    for bad in (NAN, INF, -INF):
        other = {**x, "x1": x["x1"].copy()}
        other["x1"][2, 1] = bad
        found, slopes = metric.run("SDMLLoss", other)
        for a, b in ((found, value), (slopes["x1"], grads["x1"])):
            assert np.isnan(a[2]).all()
            np.testing.assert_array_equal(np.delete(a, 2, 0), np.delete(b, 2, 0))
        assert np.isnan(slopes["x2"]).all()
    x["x2"][2, 1] = NAN
    found, slopes = metric.run("SDMLLoss", x)
    assert np.isnan(found).all() and all(np.isnan(g).all() for g in slopes.values())


def test_far_row_of_x2():
    """An infinite distance costs infinitely much, but without smoothing only its own row."""
    x = metric.inputs("SDMLLoss", (5, 3))
    x["x2"][2, 1] = INF
    assert (metric.run("SDMLLoss", x)[0] == INF).all()
    value = metric.run("SDMLLoss", x, [], smoothing_parameter=0)[0]
    assert value[2] == INF and np.isfinite(np.delete(value, 2)).all()


@pytest.mark.parametrize("big", [1e19, 1e25, 3e37])
@pytest.mark.parametrize("length", [3, 40, 100])
def test_squares_of_floats_may_overflow(big, length):
    """Finite floats give what doubles give, rounded."""
    for name in NAMES:
        x = metric.inputs(name, (6, length), "float32", scale=big / 10)
        value, grads = metric.run(name, x)
        wide, slopes = metric.run(name, {n: a.astype("float64") for n, a in x.items()})
        with np.errstate(over="ignore"):
            for n, found, g in [("value", value, wide), *((n, grads[n], slopes[n]) for n in x)]:
                wanted = g.astype("float32")
                size = np.abs(wanted[np.isfinite(wanted)]).max(initial=0)
                np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=2e-6 * size, err_msg=n)


# ---- Memory --------------------------------------------------------------------------------------


@usual_build
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_of_sdml(tmp_path):
    """N x N numbers and some copies of the inputs, not N x N x D, which would be 4.5 GB."""
    code = ("import re, numpy as np, mxloss as mx\n"
            "x = np.ones((2, 1500, 500), 'float32'); loss = mx.gluon.loss.SDMLLoss()\n"
            "mx.set_num_threads(2); loss.value_and_grad(*x[:, :99], wrt=[0, 1])\n"
            "status = lambda: open('/proc/self/status').read()\n"
            "peak = lambda: int(re.search(r'VmHWM:\\s*(\\d+)', status())[1])\n"
            "before = peak(); loss.value_and_grad(*x, wrt=[0, 1]); print(peak() - before)")
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True,
                         cwd=tmp_path)
    assert 9000 < int(out.stdout) < 36000  # kilobytes: N x N is 9000, each copy and gradient 3000
