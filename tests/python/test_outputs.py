"""`out=`: arrays of any layout are written, wrong ones refused before anything is written."""

import itertools

import numpy as np
import pytest
from cases import FLOATS, VARIANTS, by_id, variant
from layouts import field, misaligned, read_only, reversed_strides, rotated, stepped, swapped
from row_cases import ALL

import mxloss as mx

FREE = [np.asfortranarray, rotated, reversed_strides, stepped]  # what an output may look like


def output(layout, shape, dtype):
    """An array of this layout, full of a number that no result has."""
    return layout(np.full(shape, 77.25, dtype))


@pytest.mark.parametrize("layout", FREE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_outputs_of_any_layout(v, layout):
    rng = np.random.default_rng(11)
    shapes = [((4, 5, 6), 0), ((4, 5, 6), 1), ((300, 7), -1)]
    for (shape, batch_axis), dtype in itertools.product(shapes, ("float16", *FLOATS)):
        loss = v.loss(batch_axis)
        x = v.inputs(rng, shape, dtype, v.weight_shapes(shape)[-2])
        value, grads = v.run(x, loss)
        out_value = output(layout, value.shape, dtype)
        out = {n: output(layout, g.shape, dtype) for n, g in grads.items()}
        for _ in range(2):  # the second time over the first results
            again, again_grads = v.run(x, loss, out=(out_value, list(out.values())))
            assert again is out_value
            np.testing.assert_array_equal(again, value)
            for n, g in grads.items():
                assert again_grads[n] is out[n]
                np.testing.assert_array_equal(out[n], g, err_msg=n)


def test_writes_only_where_the_output_is():
    room = np.full((6, 7), 77.25)
    value, grad = mx.gluon.loss.L2Loss().value_and_grad(
        np.ones((2, 3)), np.zeros((2, 3)), out=(room[5, 1:6:4], room[1:4:2, 5:0:-2]))
    written = room != 77.25
    assert written[1:4:2, 1:6:2].all() and written[5, 1:6:4].all() and written.sum() == 8
    np.testing.assert_array_equal(grad, np.full((2, 3), 1 / 3))
    np.testing.assert_array_equal(value, [0.5, 0.5])


@pytest.mark.parametrize("layout", FREE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("v", [v for v in VARIANTS if not v.sparse and v.case.name != "KLDivLoss"],
                         ids=by_id)
def test_output_for_a_label_of_another_shape(v, layout):
    x = v.inputs(np.random.default_rng(12), (4, 5, 6))
    label = v.names[1]
    x[label] = x[label].reshape(6, 20)
    expected = v.run(x, wrt=[label])[1][label]
    out = output(layout, (6, 20), "float64")
    v.run(x, wrt=[label], out=(None, [out]))
    np.testing.assert_array_equal(out, expected)


def test_out_in_parts():
    """Each output may be None; a single gradient needs no list."""
    v = variant("SigmoidBinaryCrossEntropyLoss-pos_weight:last")
    x = v.inputs(np.random.default_rng(13), (4, 3))
    loss = v.loss()
    value, grad = loss.value_and_grad(**x)
    room = np.empty((4, 3))
    for out in [(None, None), (None, room), (np.empty(4), None)]:
        again, again_grad = loss.value_and_grad(**x, out=out)
        np.testing.assert_array_equal(again, value)
        np.testing.assert_array_equal(again_grad, grad)
    assert loss.value_and_grad(**x, out=(None, room))[1] is room
    _, grads = loss.value_and_grad(**x, wrt=["pred", "pos_weight"], out=(None, [None, np.empty(3)]))
    np.testing.assert_array_equal(grads[0], grad)


def refused_outputs(x, value, grads):
    """(why, out) that must be refused; arrays to look at are in out."""
    good_value, good_grad = np.full_like(value, 77.25), np.full_like(grads[0], 77.25)
    rest = [np.full_like(g, 77.25) for g in grads[1:]]
    for name, bad in {
        "shape": np.full(value.size + 1, 77.25, value.dtype),
        "more axes": np.full((1, *value.shape), 77.25, value.dtype),
        "dtype": np.full(value.shape, 77, "int32"),
        "other float": np.full(value.shape, 77.25, "float16"),
        "read-only": read_only(good_value),
        "misaligned": misaligned(good_value),
        "byte order": swapped(good_value),
        "no array": [77.25] * value.size,
    }.items():
        yield "value " + name, (bad, [good_grad, *rest])
    for name, bad in {
        "shape": np.full((*good_grad.shape, 1), 77.25, good_grad.dtype),
        "transposed": np.full(good_grad.shape[::-1], 77.25, good_grad.dtype),
        "dtype": np.full(good_grad.shape, 77, "int64"),
        "other float": np.full(good_grad.shape, 77.25, "float16"),
        "read-only": read_only(good_grad),
        "misaligned": misaligned(good_grad),
        "byte order": swapped(good_grad),
        "records": field(good_grad),
        "no array": good_grad.tolist(),
    }.items():
        yield "gradient " + name, (good_value, [bad, *rest])


@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_refused_outputs(v):
    """Nothing is written when any output is wrong."""
    shape = (4, 3)
    x = v.inputs(np.random.default_rng(14), shape, "float32", v.unreduced(shape))
    value, grads = v.run(x)
    for why, (out_value, out_grads) in refused_outputs(x, value, list(grads.values())):
        before = [np.array(a) for a in (out_value, *out_grads)]
        with pytest.raises((ValueError, TypeError), match=v.case.name) as caught:
            v.run(x, out=(out_value, out_grads))
        assert isinstance(caught.value, mx.MXNetError), why
        for a, b in zip((out_value, *out_grads), before):
            np.testing.assert_array_equal(a, b, err_msg=why)


def overlaps(x, value):
    """Outputs that share memory with an input, with one another or with themselves."""
    first = next(iter(x.values()))
    dtype, shape = first.dtype, first.shape
    for name, a in x.items():
        if a.dtype == dtype and a.shape == shape:
            yield f"gradient is {name}", (None, [a])
            yield f"gradient is {name} reversed", (None, [a[::-1]])
        if a.dtype == dtype and a.size > value.size:
            inside = a.reshape(-1)[1 : value.size + 1].reshape(value.shape)
            yield f"value in {name}", (inside, [None])
    room = np.full(first.size + value.size, 77.25, dtype)
    yield "both", (room[: value.size].reshape(value.shape),
                   [room[value.size - 1 : -1].reshape(shape)])
    strided = np.lib.stride_tricks.as_strided
    yield "itself", (None, [strided(room, shape, (dtype.itemsize,) * len(shape))])
    if value.size > 1:
        yield "zero strides", (strided(room, value.shape, (0,) * value.ndim), [None])


@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_overlapping_outputs_are_refused(v):
    x = v.inputs(np.random.default_rng(15), (4, 3), "float32", v.unreduced((4, 3)))
    before = {name: a.copy() for name, a in x.items()}
    for why, out in overlaps(x, v.run(x)[0]):
        with pytest.raises(ValueError, match="overlap"):
            v.run(x, wrt=v.names[:1], out=out)
        for name, a in x.items():
            np.testing.assert_array_equal(a, before[name], err_msg=why)


@pytest.mark.parametrize("layout", [misaligned, swapped, field], ids=lambda f: f.__name__)
def test_outputs_do_not_overwrite_inputs_that_are_copied(layout):
    """An input that has to be copied is still an input: never written."""
    pred, label = layout(np.ones((8, 3))), np.zeros((8, 3))
    before = pred.copy()
    owner = pred
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    out = owner.reshape(-1).view(np.uint8)[: 8 * 8 * 3].view(np.float64).reshape(8, 3)
    with pytest.raises(ValueError, match="overlap"):
        mx.gluon.loss.L2Loss().value_and_grad(pred, label, out=(None, out))
    np.testing.assert_array_equal(pred, before)


@pytest.mark.parametrize("layout", [misaligned, swapped, field], ids=lambda f: f.__name__)
def test_outputs_do_not_overwrite_a_head_grad_that_is_copied(layout):
    head = layout(np.ones(8))
    before = head.copy()
    owner = head if head.base is None else head.base
    out = owner.view(np.uint8).reshape(-1)[:64].view(np.float64)
    with pytest.raises(ValueError, match="overlap"):
        mx.gluon.loss.L2Loss().value_and_grad(
            np.ones((8, 3)), np.zeros((8, 3)), head_grad=head, out=(out, None))
    np.testing.assert_array_equal(head, before)


def test_outputs_do_not_overwrite_a_strided_label():
    """Nor is a strided label of another shape, which is copied, too."""
    label = np.zeros((3, 8)).T
    pred = np.ones((24,))
    with pytest.raises(ValueError, match="overlap"):
        mx.gluon.loss.L2Loss().value_and_grad(pred, label, out=(None, label.base.reshape(24)))
    assert not label.any()


def test_interleaved_outputs():
    """Outputs that take turns in memory do not overlap."""
    room = np.full((4, 3), 77.25)
    mx.gluon.loss.L2Loss().value_and_grad(
        np.ones(4), np.zeros(4), out=(room[:, 0], room[:, 2]))
    np.testing.assert_array_equal(room, [[0.5, 77.25, 1]] * 4)


def random_view(rng, room, shape, dtype):
    """A strided view of a buffer, and the set of bytes of each of its elements; None if outside."""
    size = np.dtype(dtype).itemsize
    start = size * rng.integers(0, room.size // size)
    strides = size * rng.integers(-2, 8, len(shape))
    cells = [start + int(np.dot(at, strides)) for at in np.ndindex(shape)]
    if min(cells) < 0 or max(cells) + size > room.size:
        return None, None
    view = np.lib.stride_tricks.as_strided(room[start : start + size].view(dtype), shape, strides)
    return view, [set(range(cell, cell + size)) for cell in cells]


def test_overlap_is_found_exactly_enough():
    """Whatever the strides: nothing that shares memory is accepted, nor is what steps on itself."""
    rng = np.random.default_rng(16)
    accepted = refused = 0
    while accepted + refused < 2500:
        room = np.zeros(320, np.uint8)
        shape = tuple(rng.integers(1, 4, rng.integers(1, 4)).tolist())
        label, read = random_view(rng, room, shape, rng.choice(["i1", "i2", "f4", "f8"]))
        grad, written = random_view(rng, room, shape, "f4")
        if label is None or grad is None:
            continue
        one_each = len(set.union(*written)) == 4 * len(written)
        wrong = not one_each or set.union(*written) & set.union(*read)
        try:
            mx.gluon.loss.L2Loss().value_and_grad(np.ones(shape, "f4"), label, out=(None, grad))
        except ValueError:
            refused += 1
            assert not room.any()
        else:
            accepted += 1
            assert not wrong, (shape, label.strides, label.dtype, grad.strides, read, written)
    assert min(accepted, refused) > 300


def late_outputs():
    """Outputs for the gradient of a label of another shape that must not be written."""
    room = np.full((24, 2), 77.25)
    pred = room[:, 0].reshape(4, 6)
    yield "pred", room[:, 0].reshape(4, 6), None, room[:, 0].reshape(6, 4)[::-1]
    yield "itself", pred.copy(), None, np.lib.stride_tricks.as_strided(room, (6, 4), (0, 8))
    yield "value", pred.copy(), room.reshape(-1)[8:12], room.reshape(-1)[:24].reshape(4, 6).T


@pytest.mark.parametrize("why, pred, value, grad", list(late_outputs()),
                         ids=lambda a: a if isinstance(a, str) else "")
def test_late_outputs_do_not_overlap_either(why, pred, value, grad):
    before = [None if a is None else a.copy() for a in (pred, value, grad)]
    with pytest.raises(ValueError, match="overlap"):
        mx.gluon.loss.L2Loss().value_and_grad(
            pred, np.zeros((6, 4)), wrt="label", out=(value, grad))
    for a, b in zip((pred, value, grad), before):
        np.testing.assert_array_equal(a, b)
