"""Values and gradients against the plain formula in float64, over shapes, axes and lengths."""

import numpy as np
import pytest
from cases import FLOATS, FORMULAS, LOOPS, LOSSES, VARIANTS, by_id, described
from row_cases import ALL

from mxloss import _core

CLASSES = [v for v in LOOPS if v.has_classes]


def check(v, x, batch_axis=0, axis=None, head=None):
    """Value and all gradients against the reference, in float32 and float64."""
    loss = v.loss(batch_axis, **({} if axis is None else {"axis": axis}))
    x = {name: a.astype("float32") if a.dtype.kind == "f" else a for name, a in x.items()}
    expected = v.reference(x, batch_axis, axis, head)
    terms = None
    for dtype in FLOATS:
        x = {name: a.astype(dtype) if a.dtype.kind == "f" else a for name, a in x.items()}
        value, grads = v.run(x, loss, head_grad=head)
        found = {"value": value, **grads}
        assert found.keys() == expected.keys()
        eps = 8 * np.finfo(dtype).eps
        for name, a in found.items():
            where = f"{name}, {dtype} {x['pred'].shape} batch_axis {batch_axis} axis {axis}"
            assert a.dtype == dtype and a.shape == expected[name].shape, where
            off = np.abs(a - expected[name])
            size = np.abs(expected[name])
            if not (off <= eps * (size + 0.1 * size.max(initial=0.01))).all():
                # where terms cancel, they are the measure
                terms = terms or v.reference(x, batch_axis, axis, head, sign=np.abs)
                off /= terms[name] + 0.1 * terms[name].max(initial=0.01)
                assert (off <= eps).all(), f"{where}: off by {off.max()} of its terms"


def check_refused(v, x, batch_axis=0):
    with pytest.raises(ValueError, match="length 0 along axis"):
        v.loss(batch_axis)(**x, **v.call)


def test_every_loss_and_option_has_a_case():
    for name, info in _core.LOSSES.items():
        chosen = {option for v in ALL if v.case.name == name
                  for option in {**v.ctor, **v.call}}
        assert chosen | {"batch_axis"} == {*info.options, "batch_axis"}, name


@pytest.mark.parametrize("ndim", range(1, 9))
@pytest.mark.parametrize("v", VARIANTS, ids=by_id)
def test_ranks_and_axes(v, ndim):
    rng = np.random.default_rng(ndim)
    shape = tuple(int(n) for n in rng.permutation([4, 3, 2, 5, 1, 2, 1, 3])[:ndim])
    for axis in range(ndim) if v.has_classes else [None]:
        shapes = [None, *v.weight_shapes(shape, axis)]
        for batch_axis in range(ndim):
            weight = shapes[rng.integers(len(shapes))]
            x = v.inputs(rng, shape, weight=weight, axis=axis)
            head = rng.uniform(-2, 2, v.reference(x, batch_axis, axis)["value"].shape)
            sign = ndim * int(rng.integers(2))  # half of them negative
            check(v, x, batch_axis - sign, None if axis is None else axis - sign, head)


@pytest.mark.parametrize("v", [v for v in VARIANTS if not v.call], ids=by_id)
def test_most_dimensions(v):
    """16 axes are the limit, wherever the long ones are."""
    rng = np.random.default_rng(4)
    shape = (2, 1, 1, 3, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 3)
    axis = 3 if v.has_classes else None
    for batch_axis, weight in [(0, shape), (-1, (3,)), (7, ())]:
        weight = v.unreduced(shape, axis) if weight == shape else weight
        check(v, v.inputs(rng, shape, weight=weight, axis=axis), batch_axis, axis)


LENGTHS = {"(2,n)": lambda n: (2, n), "(n,3)": lambda n: (n, 3), "(n,)": lambda n: (n,)}


@pytest.mark.parametrize("shape", LENGTHS)
@pytest.mark.parametrize("v", LOOPS, ids=by_id)
def test_all_lengths(v, shape):
    rng = np.random.default_rng(5)
    for n in range(258):
        x = v.inputs(rng, LENGTHS[shape](n))
        alone = shape == "(n,)" and v.has_classes  # the only axis is that of the classes
        if n == 0 and (shape == "(2,n)" or "target" in x or alone):
            check_refused(v, x)
        else:
            check(v, x)


@pytest.mark.parametrize("v", CLASSES, ids=by_id)
def test_all_lengths_after_the_classes(v):
    rng = np.random.default_rng(5)
    for n in range(1, 258):
        check(v, v.inputs(rng, (2, 3, n), axis=1), axis=1)


@pytest.mark.parametrize("make", [lambda n: (3, n), lambda n: (2, n, 3)], ids=["last", "middle"])
@pytest.mark.parametrize("v", CLASSES, ids=by_id)
def test_all_class_counts(v, make):
    rng = np.random.default_rng(6)
    axis = 1 if len(make(1)) == 3 else -1
    for n in range(1, 141):
        check(v, v.inputs(rng, make(n), axis=axis), axis=axis)


LONG = [(1023,), (4098,), (1024, 3), (2, 1025), (3, 4095), (4097, 2), (1026, 1), (2, 1023, 3),
        (70001,), (2, 70001)]


@pytest.mark.parametrize("v, shape", [(v, s) for v in FORMULAS for s in LONG if v.fits(s)],
                         ids=described)
def test_long(v, shape):
    """Lengths around the sizes of tiles and blocks."""
    rng = np.random.default_rng(7)
    check(v, v.inputs(rng, shape, weight=v.unreduced(shape)))
    if max(shape) < 70000:
        check(v, v.inputs(rng, shape, weight=()), batch_axis=-1)


EMPTY = [((0,), 0), ((0, 3), 0), ((3, 0), 1), ((2, 0, 3), -2)]


@pytest.mark.parametrize("v, shape, batch_axis", [(v, shape, axis) for v in VARIANTS
                                                  for shape, axis in EMPTY if v.fits(shape)],
                         ids=described)
def test_empty_batch(v, shape, batch_axis):
    """An empty batch is a result of length 0 with gradients, sums over nothing being 0."""
    for weight in [None, *v.weight_shapes(shape)]:
        x = v.inputs(np.random.default_rng(8), shape, weight=weight)
        axis = v.axis(len(shape)) if v.has_classes else None
        if "target" in x or axis == batch_axis % len(shape):
            check_refused(v, x, batch_axis)
            continue
        assert v.loss(batch_axis)(**x, **v.call).shape == (0,)
        value, grads = v.run(x, v.loss(batch_axis))
        assert value.shape == (0,) and value.dtype == "float64"
        for name, grad in grads.items():
            assert grad.shape == x[name].shape and not grad.any()


@pytest.mark.parametrize("v", VARIANTS, ids=by_id)
def test_other_empty_axes(v):
    for shape, batch_axis in [((3, 0), 0), ((0, 3), 1), ((2, 0, 3), 2), ((0, 0), 0)]:
        if v.fits(shape):
            check_refused(v, v.inputs(np.random.default_rng(9), shape), batch_axis)


@pytest.mark.parametrize("weight", [None, 1, 0, -2, True, np.float32(0.5), np.int8(3), 1e-30, 0.25])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_weight(loss, weight):
    """weight: any real number, or None for none."""
    v = next(v for v in VARIANTS if v.case is loss)
    x = v.inputs(np.random.default_rng(10), (4, 3))
    value, grads = v.run(x, v.loss(weight=weight))
    expected = v.reference(x, weight=1 if weight is None else float(weight))
    np.testing.assert_allclose(value, expected["value"], rtol=1e-13)
    np.testing.assert_allclose(grads["pred"], expected["pred"], rtol=1e-13)


@pytest.mark.parametrize("shape", [(6,), (3, 2), (2, 3, 1), (1, 6), (1, 1, 2, 3)], ids=str)
@pytest.mark.parametrize("v", [v for v in VARIANTS if not v.sparse and v.case.name != "KLDivLoss"],
                         ids=by_id)
def test_label_of_another_shape(v, shape):
    """A label of as many elements is read row by row; its gradient has its own shape."""
    if not v.fits((2, 3)):
        return
    x = v.inputs(np.random.default_rng(11), (2, 3))
    label = v.names[1]
    value, grads = v.run(x)
    same, reshaped = v.run({**x, label: x[label].reshape(shape)})
    np.testing.assert_array_equal(same, value)
    assert reshaped[label].shape == shape
    np.testing.assert_array_equal(reshaped[label].ravel(), grads[label].ravel())


@pytest.mark.parametrize("shape", [(1, 3), (3,), (4, 1), (1,), ()], ids=str)
@pytest.mark.parametrize("v", [v for v in VARIANTS if v.case.name == "KLDivLoss"], ids=by_id)
def test_kl_label_broadcasts(v, shape):
    x = v.inputs(np.random.default_rng(12), (4, 3))
    check(v, {**x, "label": np.random.default_rng(13).uniform(0.1, 1, shape)})


@pytest.mark.parametrize("v", [v for v in VARIANTS if v.sparse], ids=by_id)
def test_sparse_label_keeps_or_drops_the_axis(v):
    x = v.inputs(np.random.default_rng(14), (4, 3))
    value, grads = v.run(x)
    kept = {**x, "label": np.expand_dims(x["label"], v.axis(2))}
    np.testing.assert_array_equal(v.run(kept)[0], value)
    np.testing.assert_array_equal(v.run(kept)[1]["pred"], grads["pred"])
