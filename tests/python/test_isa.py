"""Instruction sets agree: bit for bit with fused multiply-add, within a few ulp without."""

import os
import subprocess
import sys

import numpy as np
import pytest
from cases import LOOPS, by_id
from row_cases import ALL, ROWS

import mxloss as mx
from mxloss import _core
from mxloss.base import MXNetError

DTYPES = ("float16", "float32", "float64")
SHAPES = [((7,), 0), ((5, 33), 0), ((300, 3), 1), ((2, 5, 19), -1), ((3, 70), 0), ((2, 1030), 0),
          ((40, 65), 0), ((2, 21, 70), 0)]


@pytest.fixture(autouse=True)
def restore():
    before = _core.get_isa()
    yield
    _core.set_isa(before)


def need(*names):
    missing = set(names) - set(_core.isa_names())
    if missing:
        pytest.skip(f"this machine or build has no {', '.join(sorted(missing))}")


def extreme(x, rng):
    """The same inputs with huge, tiny, infinite and NaN elements among them."""
    x = dict(x)
    for name, a in x.items():
        if a.dtype.kind == "f":
            f = np.finfo(a.dtype)
            special = [0, -0.0, f.tiny / 4, f.max, -f.max, 100, -100, np.inf, -np.inf, np.nan]
            x[name] = np.where(rng.random(a.shape) < 0.1, rng.choice(special, a.shape), a)
            x[name] = x[name].astype(a.dtype)
    return x


def sets(v, dtype, shapes=SHAPES, weights=3):
    """Inputs, a loss and a head_grad for each shape, ordinary and with extremes."""
    rng = np.random.default_rng(1)
    for shape, batch_axis in shapes:
        if not v.fits(shape):
            continue
        loss = v.loss(batch_axis)
        for weight in (None, v.unreduced(shape), v.weight_shapes(shape)[-2])[:weights]:
            x = v.inputs(rng, shape, dtype, weight)
            head = rng.standard_normal(loss(**x, **v.call).shape)
            yield loss, x, head, False
            if not v.k.compute_full:  # negative targets are refused
                yield loss, extreme(x, rng), head, True


def results(v, isa, runs):
    _core.set_isa(isa)
    found = []
    for loss, x, head, _ in runs:
        value, grads = v.run(x, loss, head_grad=head)
        found.append({"value": value, **grads})
    return found


def bits(a):
    """As integers, all NaNs being one."""
    a = np.where(np.isnan(a), a.dtype.type(np.nan), a)
    return a.view(f"u{a.itemsize}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_same_bits(v, dtype):
    need("avx2", "avx512")
    runs = list(sets(v, dtype))
    for run, a, b in zip(runs, results(v, "avx2", runs), results(v, "avx512", runs)):
        for name in a:
            np.testing.assert_array_equal(bits(a[name]), bits(b[name]),
                                          err_msg=f"{name} {run[1][v.names[0]].shape}")


@pytest.mark.parametrize("dtype", DTYPES[1:])
@pytest.mark.parametrize("v", LOOPS + ROWS, ids=by_id)
def test_same_bits_at_all_lengths(v, dtype):
    """Vector loops end in scalar ones; these must not differ either."""
    need("avx2", "avx512")
    runs = list(sets(v, dtype, [((2, n), 0) for n in range(1, 80)], 1))
    for run, a, b in zip(runs, results(v, "avx2", runs), results(v, "avx512", runs)):
        for name in a:
            np.testing.assert_array_equal(bits(a[name]), bits(b[name]),
                                          err_msg=f"{name} {run[1][v.names[0]].shape}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_base_is_close(v, dtype):
    best = _core.isa_names()[-1]
    runs = list(sets(v, dtype))
    eps = 8 * np.finfo(dtype).eps
    for run, a, b in zip(runs, results(v, "base", runs), results(v, best, runs)):
        loss, x, _, has_extremes = run
        for name in a:
            if has_extremes:
                # a product may overflow where fused multiply-add has no product
                assert not (np.isnan(b[name]) & ~np.isnan(a[name])).any()
                continue
            size = np.abs(b[name]).max()
            np.testing.assert_allclose(a[name], b[name], rtol=eps, atol=eps * size, err_msg=name)


@pytest.mark.parametrize("name, wanted", [("base", "base"), ("avx2", "avx2"), ("avx512", "avx512"),
                                          ("nonsense", None), ("", None), ("auto", None)])
def test_environment(name, wanted, tmp_path):
    """MXLOSS_ISA chooses at the start; what cannot be used is ignored."""
    if wanted:
        need(wanted)
    _core.set_isa("auto")
    out = subprocess.run([sys.executable, "-c", "from mxloss import _core; print(_core.get_isa())"],
                         env={**os.environ, "MXLOSS_ISA": name}, check=True, capture_output=True,
                         cwd=tmp_path)  # not in the checkout, whose mxloss is not compiled
    assert out.stdout.decode().strip() == (wanted or _core.get_isa())


def test_choosing():
    names = _core.isa_names()
    assert names[0] == "base" and len(set(names)) == len(names)
    for name in names:
        _core.set_isa(name)
        assert _core.get_isa() == name
    _core.set_isa("auto")
    best = "neon" if "neon" in names else "avx512" if "avx512" in names else names[-1]
    assert _core.get_isa() == best
    for name in ("sse9", "unknown", "", "AVX2", *({"avx2", "avx512", "neon"} - set(names))):
        with pytest.raises(ValueError, match="expected one of auto, base") as caught:
            _core.set_isa(name)
        assert isinstance(caught.value, MXNetError) and repr(name) in str(caught.value)
    assert _core.get_isa() in names


def test_float16_of_every_number():
    """Conversions by instruction and by arithmetic, both ways: all 65,536 numbers, and products
    of them that need rounding, are numpy's."""
    before = _core.get_isa()
    x = np.arange(65536, dtype="uint16").view("float16").reshape(256, 256)
    loss = mx.gluon.loss.L1Loss(weight=1.7)
    with np.errstate(all="ignore"):
        wanted = (np.float32(1.7) * np.abs(x.astype("float32"))).astype("float16")
    try:
        for name in _core.isa_names():
            _core.set_isa(name)
            found = loss(x.reshape(-1), np.zeros(65536, "float16")).reshape(256, 256)
            np.testing.assert_array_equal(found, wanted, err_msg=name)
    finally:
        _core.set_isa(before)
