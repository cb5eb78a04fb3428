"""CTCLoss refuses what it cannot take: which argument, where, what, and what it could be; and
nothing is written."""

import numpy as np
import pytest
from refusals import refused

import mxloss as mx

NAN, INF = float("nan"), float("inf")
N, T, C, L = 3, 5, 4, 3


def good(layout="NTC", label_layout="NT"):
    x = {"pred": np.random.default_rng(1).standard_normal((N, T, C)).astype("float32"),
         "label": np.array([[0, 1, 2], [2, -1, -1], [1, 1, -1]]),
         "pred_lengths": np.array([5, 4, 3]), "label_lengths": None, "sample_weight": None}
    x["pred"] = x["pred"].swapaxes(0, 1) if layout == "TNC" else x["pred"]
    x["label"] = x["label"].T if label_layout == "TN" else x["label"]
    return x


def turned_away(change, error, *phrases, layout="NTC", label_layout="NT"):
    """The good call works; with the change, all ways to call refuse it and write nothing."""
    loss = mx.gluon.loss.CTCLoss(layout, label_layout)
    x = good(layout, label_layout)
    value, _ = loss.value_and_grad(**x)
    x.update(change)
    phrases = ("CTCLoss", *phrases)
    refused(error, phrases, loss, **x)
    dtype = "float32" if error is TypeError else x["pred"].dtype
    out = np.full_like(value, 77.25), np.full(np.shape(x["pred"]), 77.25, dtype)
    refused(error, phrases, loss.value_and_grad, **x, out=out)
    refused(error, phrases, loss.value_and_grad, **x, out=(None, out[1]))
    for a in out:
        np.testing.assert_array_equal(a, np.full_like(a, 77.25))


# ---- Values --------------------------------------------------------------------------------------


def with_label(place, value, dtype, **kwargs):
    label = np.array([[0, 1, 2], [2, 0, -1], [1, 1, -1]]).astype(dtype)
    label[place] = value
    return {"label": label, **kwargs}


BAD_LABELS = [  # place, value, dtype, as the message prints it
    ((0, 0), 3, "int32", "3"), ((0, 2), 4, "int8", "4"), ((1, 1), -2, "int64", "-2"),
    ((2, 1), 2**63 - 1, "int64", str(2**63 - 1)), ((2, 0), -2**63, "int64", str(-2**63)),
    ((1, 1), 2**53 + 1, "int64", str(2**53 + 1)), ((2, 0), 3.0, "float32", "3"),
    ((0, 1), 0.5, "float32", "0.5"), ((0, 1), -0.5, "float64", "-0.5"),
    ((1, 0), 2.5, "float16", "2.5"), ((2, 1), -1.5, "float64", "-1.5"),
    ((0, 0), 1e30, "float64", "1e+30"), ((2, 1), NAN, "float32", "nan"),
    ((0, 2), INF, "float64", "inf"), ((1, 1), -INF, "float16", "-inf")]


@pytest.mark.parametrize("place, value, dtype, printed", BAD_LABELS, ids=str)
def test_labels(place, value, dtype, printed):
    change = with_label(place, value, dtype)
    where = f"label[{place[0]}, {place[1]}] is {printed}"
    sample = f"in sample {place[0]}"
    turned_away(change, ValueError, where, sample, "0 to 2", "3 is the blank", "-1 behind the last")
    change["label"] = change["label"].T
    where = f"label[{place[1]}, {place[0]}] is {printed}"
    turned_away(change, ValueError, where, sample, "0 to 2", label_layout="TN")


def test_unsigned_and_bool_labels():
    label = np.full((N, L), 255, "uint8")
    turned_away({"label": label}, ValueError, "label[0, 0] is 255", "sample 0", "0 to 2")
    label = np.array([[0, 0, 0], [0, 2, 0], [0, 0, 2**64 - 1]], "uint64")
    turned_away({"label": label}, ValueError, "label[2, 2] is 18446744073709551615", "sample 2")
    pred = np.zeros((N, T, 2), "float32")
    label = np.array([[False] * 3, [False, False, True], [False] * 3])
    turned_away({"pred": pred, "label": label}, ValueError, "label[1, 2] is 1", "0 to 0")


def test_padding_inside_a_stated_length():
    change = with_label((0, 2), -1, "int32", label_lengths=np.array([3, 2, 2]))
    turned_away(change, ValueError, "label[0, 2] is -1", "sample 0", "the stated label length")
    turned_away(with_label((2, 1), 3, "uint8", label_lengths=np.array([3, 2, 2])), ValueError,
                "label[2, 1] is 3", "sample 2", "0 to 2", "stated label length")


def test_only_the_blank():
    """With one class there is no label but the empty one."""
    pred = np.zeros((N, T, 1), "float32")
    label = np.array([[-1, 0, 0], [-1, 0, 0], [0, -1, -1]])
    turned_away({"pred": pred, "label": label}, ValueError, "label[2, 0] is 0",
                "in sample 2", "the blank as its only class")


def test_far_into_a_label():
    """The first bad one is named, however far it is and whatever follows."""
    label = np.zeros((N, 1000), "int32")
    for place in (0, 255, 256, 511, 999):
        bad = label.copy()
        bad[1, place:] = np.arange(7, 1007 - place)
        turned_away({"label": bad}, ValueError, f"label[1, {place}] is 7", "sample 1")


BAD_LENGTHS = [
    (1, -1, "int32", "-1"), (0, -1, "float32", "-1"), (1, -2**63, "int64", str(-2**63)),
    (0, 200, "uint8", "200"), (2, 2**63 - 1, "int64", str(2**63 - 1)),
    (1, 2**64 - 1, "uint64", str(2**64 - 1)), (2, 0.5, "float64", "0.5"),
    (0, 1.25, "float16", "1.25"), (1, NAN, "float16", "nan"), (2, INF, "float32", "inf")]


@pytest.mark.parametrize("name, limit, what", [("pred_lengths", T, "frames"),
                                               ("label_lengths", L, "places of label")])
@pytest.mark.parametrize("place, value, dtype, printed", BAD_LENGTHS, ids=str)
def test_lengths(name, limit, what, place, value, dtype, printed):
    """Of a signed dtype also the number that is just too large."""
    for bad, text in ((value, printed), (limit + 1, str(limit + 1))):
        lengths = np.ones(N).astype(dtype)
        lengths[place] = bad
        where = f"{name}[{place}] is {text}"
        turned_away({name: lengths}, ValueError, where, f"0 to {limit}", what)


def test_what_is_not_looked_at():
    """Behind a stated length, behind the first -1, and lengths at their limits."""
    loss = mx.gluon.loss.CTCLoss()
    x = good()
    label = np.array([[0, -1, 99], [-1, -7, 4], [1, 2, 0]], "int64")
    assert (loss(x["pred"], label) > 0).all()
    label = np.array([[0, NAN, 0.5], [-INF, 1e30, -1], [1, 2, 0]])
    assert (loss(x["pred"], label, label_lengths=[1, 0, 3], pred_lengths=[T, T, T]) > 0).all()


# ---- Shapes and dtypes ---------------------------------------------------------------------------

PRED = np.ones((N, T, C), "float32")
BAD_SHAPES = [
    ({"pred": PRED[0]}, ["pred has shape (5, 4)", "3 axes", "(samples, frames, classes)", "NTC"]),
    ({"pred": PRED[0, 0]}, ["pred has shape (4,)", "3 axes"]),
    ({"pred": PRED[None]}, ["pred has shape (1, 3, 5, 4)", "3 axes"]),
    ({"pred": np.ones((), "float32")}, ["pred has shape ()"]),
    ({"pred": PRED[:, :0]}, ["pred has shape (3, 0, 4)", "axis 1", "batch axis"]),
    ({"pred": PRED[..., :0]}, ["pred has shape (3, 5, 0)", "axis 2", "batch axis"]),
    ({"pred": PRED[:2]}, ["label has shape (3, 3)", "3 samples", "expected 2", "(2, 5, 4)"]),
    ({"pred": PRED[:0]}, ["label has shape (3, 3)", "3 samples", "expected 0"]),
    ({"label": np.zeros(3, int)}, ["label has shape (3,)", "2 axes", "(samples, labels)", "NT"]),
    ({"label": np.zeros((), int)}, ["label has shape ()", "2 axes"]),
    ({"label": np.zeros((3, 3, 1), int)}, ["label has shape (3, 3, 1)", "2 axes"]),
    ({"label": np.zeros((2, 3), int)}, ["label has shape (2, 3)", "2 samples", "expected 3"]),
    ({"pred_lengths": np.ones(2)}, ["pred_lengths has shape (2,)", "(3,)", "each sample"]),
    ({"pred_lengths": np.ones((3, 1))}, ["pred_lengths has shape (3, 1)", "(3,)"]),
    ({"pred_lengths": 4}, ["pred_lengths has shape ()", "(3,)"]),
    ({"label_lengths": np.ones(1)}, ["label_lengths has shape (1,)", "(3,)", "each sample"]),
    ({"label_lengths": np.ones((1, 3))}, ["label_lengths has shape (1, 3)", "(3,)"]),
    ({"sample_weight": np.ones((3, 1))}, ["sample_weight has shape (3, 1)", "(3,)"]),
    ({"sample_weight": np.ones(2)}, ["sample_weight has shape (2,)", "(3,)"])]


@pytest.mark.parametrize("change, phrases", BAD_SHAPES, ids=lambda a: str(a)[:40])
def test_shapes(change, phrases):
    turned_away(change, ValueError, *phrases)


def test_too_large():
    """Arrays with strides of 0 may have any shape; memory for their frames and labels may not."""
    for frames, labels in ((2**55, 61), (2**30, 2**30), (2**58, 0), (7, 2**58)):
        pred = np.broadcast_to(np.float32(0), (1, frames, 1))
        label = np.broadcast_to(np.int8(-1), (1, labels))
        refused(ValueError, ["more", "than can be addressed"],
                mx.gluon.loss.CTCLoss(), pred, label)


def test_shapes_in_other_layouts():
    swapped = {"pred": PRED.swapaxes(0, 1), "label": np.zeros((2, N), int)}
    turned_away({"pred": PRED[0]}, ValueError, "(frames, samples, classes)", "TNC", layout="TNC")
    turned_away({"pred": swapped["pred"][:0]}, ValueError, "(0, 3, 4)", "axis 0", layout="TNC")
    turned_away({"pred": PRED}, ValueError, "label has shape (3, 3)", "expected 5", layout="TNC")
    turned_away({"label": np.zeros((N, 2), int)}, ValueError, "label has shape (3, 2)", "2 samples",
                label_layout="TN")
    turned_away({"label": np.zeros(2)}, ValueError, "(labels, samples)", "TN", label_layout="TN")


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "bool", "complex64", "object"])
def test_dtypes(dtype):
    turned_away({"pred": PRED.astype(dtype)}, TypeError, f"pred has dtype {dtype}")


@pytest.mark.parametrize("name", ["label", "pred_lengths", "label_lengths", "sample_weight"])
def test_dtypes_that_are_no_numbers(name):
    bad = np.zeros((N, L) if name == "label" else N, complex)
    turned_away({name: bad}, TypeError, f"{name} has dtype complex128")
    turned_away({name: np.ma.masked_array(bad.real)}, TypeError, name, "masked")


# ---- Calls ---------------------------------------------------------------------------------------


def test_missing():
    for name in ("pred", "label"):
        turned_away({name: None}, TypeError, f"{name} is missing")
    loss, x = mx.gluon.loss.CTCLoss(), good()
    refused(TypeError, ["at most 5", "label_lengths"], loss, *[x["pred"]] * 6)
    for name in ("label_lengths", "sample_weight"):
        refused(ValueError, [name, "absent"], loss.value_and_grad, **x, wrt=name)
    for name in ("label", "pred_lengths"):
        refused(TypeError, [name, "int64", "gradient"], loss.value_and_grad, **x, wrt=name)
    refused(ValueError, ["head_grad", "(3, 1)", "(3,)"], loss.value_and_grad, **x,
            head_grad=np.ones((N, 1)))


def test_options():
    make = mx.gluon.loss.CTCLoss
    for bad in ("CTN", "NCT", "", "ntc", None, 3):
        refused(ValueError, ["layout", "NTC or TNC", repr(bad)], make, layout=bad)
    for bad in ("NTC", "N", None, 0):
        refused(ValueError, ["label_layout", "NT or TN", repr(bad)], make, label_layout=bad)
    for bad in ("nan", True, None, 0):
        refused(ValueError, ["infeasible", "zero or inf", repr(bad)], make, infeasible=bad)
    refused(TypeError, ["weight", "'a'"], make, weight="a")
    loss = make()
    loss._layout = "CTN"
    refused(ValueError, ["layout", "'CTN'"], loss, **good())
    with pytest.raises(TypeError, match="batch_axis"):
        make(batch_axis=0)
