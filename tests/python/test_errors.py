"""Inputs that are refused: the right exception, a message that names what, got and wanted, and
nothing written."""

import numpy as np
import pytest
from cases import VARIANTS, by_id, variant
from refusals import call_refused, refused
from row_cases import ALL

import mxloss as mx
from mxloss import _core
from mxloss.gluon import loss as losses

NAN, INF = float("nan"), float("inf")
L2 = variant("L2Loss")
SPARSE = variant("SoftmaxCrossEntropyLoss")
SMALL = dict(pred=np.ones((4, 3), "float32"), label=np.ones((4, 3)))


@pytest.fixture(params=ALL, ids=by_id)
def v(request):
    return request.param


@pytest.fixture
def x(v):
    return v.inputs(np.random.default_rng(2), (4, 3), "float32", v.unreduced((4, 3)))


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "uint64", "bool"])
def test_integer_preds(v, x, dtype):
    first = v.names[0]
    call_refused(v, {**x, first: np.ones(x[first].shape, dtype)}, TypeError,
                 f"{first} has dtype {dtype}", "float")


def test_missing_and_surplus_inputs(v, x):
    loss = v.loss()
    pred, label = v.names[:2]
    for name in v.names[: _core.LOSSES[v.case.name].n_required]:
        call_refused(v, {**x, name: None}, TypeError, name, "missing")
    refused(TypeError, [v.case.name, label, "missing"], loss.value_and_grad, x[pred])
    refused(TypeError, [v.case.name, pred], loss.value_and_grad)
    refused(TypeError, [v.case.name, "'foo'", label], loss.value_and_grad, **x, foo=1)
    refused(TypeError, [v.case.name, f"'{pred}'", "twice"], loss.value_and_grad, x[pred], **x)
    refused(TypeError, [v.case.name, "at most"], loss.value_and_grad, *[x[pred]] * 7)
    for call in ((), (x[pred],), [x[pred]] * 7):
        with pytest.raises(TypeError):
            loss(*call)
    with pytest.raises(TypeError, match="foo"):
        loss(**x, foo=1)


def test_pred_of_no_array(v, x):
    for bad in ([[1.0, 2, 3]] * 4, 1.0, "abc", (1.0, 2.0)):
        call_refused(v, {**x, v.names[0]: bad}, TypeError, v.names[0], type(bad).__name__,
                     "expected a numpy array")


NO_NUMBERS = [(np.ones((4, 3), complex), TypeError, "complex128"),
              (np.full((4, 3), "a"), TypeError, "<U1"),
              (np.ones((4, 3), object), TypeError, "object"),
              (np.ones((4, 3), np.longdouble), TypeError, str(np.dtype(np.longdouble))),
              (np.zeros((4, 3), "M8[s]"), TypeError, "datetime64[s]"),
              (np.zeros((4, 3), "i4,f4"), TypeError, "f4"),
              (np.ma.ones((4, 3)), TypeError, "masked array"),
              (np.ones((1,) * 17), ValueError, "17 dimensions"),
              (np.ones((1,) * 17, np.dtype("f4").newbyteorder()), ValueError, "17 dimensions"),
              ([[1, 2], [3]], ValueError, "cannot be made into an array"),
              ([["a", "b"]], TypeError, "dtype"), ([None, 1.0], TypeError, "object")]


@pytest.mark.parametrize("bad, error, phrase", NO_NUMBERS,
                         ids=lambda a: a if isinstance(a, str) else "")
def test_inputs_of_no_numbers(v, x, bad, error, phrase):
    for name in x:
        if name == v.names[0] and isinstance(bad, list):
            continue
        call_refused(v, {**x, name: bad}, error, name, phrase)
    call_refused(v, x, error, "head_grad", phrase, head_grad=bad)


def test_pred_without_axes(v, x):
    first = v.names[0]
    call_refused(v, {**x, first: np.float32(1)}, ValueError, f"{first} has shape ()")


@pytest.mark.parametrize("v", VARIANTS, ids=by_id)
def test_label_shapes(v, x):
    label = v.names[1]
    for shape in [(4, 2), (5, 3), (3,), (1, 3), (2, 4, 3), (0,), (13,), (1,), ()]:
        if v.case.name == "KLDivLoss" and shape in [(3,), (1, 3), (1,), ()]:
            continue  # these broadcast
        rows = v.unreduced((4, 3))
        if v.sparse and shape in [rows, tuple(n for n in rows if n > 1)]:
            continue
        call_refused(v, {**x, label: np.zeros(shape)}, ValueError, f"{label} has shape {shape}",
                     f"without axis {v.axis(2)}" if v.sparse else "(4, 3)")


def test_dense_looking_label():
    x = dict(pred=np.ones((4, 3), "float32"), label=np.eye(3)[[0, 1, 2, 0]])
    call_refused(SPARSE, x, ValueError, "label has shape (4, 3)", "(4,)", "one-hot",
                 "pass sparse_label=False")


@pytest.mark.parametrize("v", VARIANTS, ids=by_id)
def test_weight_shapes(v, x):
    full = v.unreduced((4, 3))
    for shape in [(4, 3, 1), (1, 4, 3), (5, 4, 3), (2, 3), (7,), (2,), (4, 2), (5, 1), (0, 1),
                  (1, 1, 1)]:
        call_refused(v, {**x, "sample_weight": np.ones(shape, "float32")}, ValueError,
                     f"sample_weight has shape {shape}", "does not broadcast",
                     str(full) if len(shape) >= 2 or not v.case.rows else "of shape (")
    if full == (4, 3):
        call_refused(v, {**x, "sample_weight": np.ones(4)}, ValueError, "(4,)", "such as (4, 1)")


@pytest.mark.parametrize("v", VARIANTS, ids=by_id)
def test_a_weight_never_widens(v):
    """(N,) against (N, 1) was (N, N) in MXNet."""
    shape = (4, 1) if v.axis(2) == 1 or not v.has_classes else (1, 4)
    x = v.inputs(np.random.default_rng(8), shape, weight=None)
    weight = {**x, "sample_weight": np.ones(4)}
    if v.case.rows and v.axis(2) == 1:
        assert v.loss()(**weight, **v.call).shape == (4,)  # one per label
    elif shape == (4, 1):
        refused(ValueError, ["sample_weight has shape (4,)", "such as (4, 1)"],
                v.loss(), **weight, **v.call)


@pytest.mark.parametrize("shape", [(4,), (2,), (1, 4, 3), (3, 4), (4, 3, 1), (2, 3), (0,)], ids=str)
def test_pos_weight_shapes(shape):
    v = variant("SigmoidBinaryCrossEntropyLoss-pos_weight:last")
    x = v.inputs(np.random.default_rng(9), (4, 3), "float32")
    call_refused(v, {**x, "pos_weight": np.ones(shape)}, ValueError,
                 f"pos_weight has shape {shape}", "one weight per class",
                 "does not broadcast to the shape of pred, (4, 3)")


def test_head_grad_shapes(v, x):
    value = v.loss()(**x, **v.call)
    n = value.size
    for shape in {(n + 1,), (1, n), (4, 3), (n, 1), (0,)} - {value.shape}:
        call_refused(v, x, ValueError, f"head_grad has shape {shape}", f"expected {value.shape}",
                     head_grad=np.ones(shape))


def test_wrt(v, x):
    loss = v.loss()
    first = v.names[0]
    for bad in ("foo", 9, -1, 99, [first, "foo"], [0, 0], [first, 0], "sample_weigh", ""):
        refused(ValueError, [v.case.name, "wrt names"], loss.value_and_grad, **x, **v.call, wrt=bad)
    if "sample_weight" in v.names:
        absent = {n: a for n, a in x.items() if n != "sample_weight"}
        call_refused(v, absent, ValueError, "sample_weight", "absent", wrt="sample_weight",
                     out=None)
    for name in x:
        if name != first:
            whole = {**x, name: np.ones_like(x[name], "int32") * (not v.sparse)}
            call_refused(v, whole, TypeError, f"{name} has dtype int32", "only floating inputs",
                         wrt=name, out=None)


@pytest.mark.parametrize("bad", [1.5, {"pred": 1}.keys, [1.5], [None]], ids=str)
def test_wrt_of_another_type(bad):
    refused((ValueError, TypeError), ["L2Loss", "wrt"], L2.loss().value_and_grad, **SMALL, wrt=bad)


@pytest.mark.parametrize("wrt, out", [
    ("pred", ()), ("pred", (None,)), ("pred", (None, None, None)), ("pred", 5),
    (["pred"], (None, [])), (["pred"], (None, [None, None])), (["pred", "label"], (None, [None])),
    (["pred"], (None, 5))], ids=str)
def test_out_of_wrong_length(wrt, out):
    refused((ValueError, TypeError), ["L2Loss", "out"], L2.loss().value_and_grad, **SMALL, wrt=wrt,
            out=out)


# ---- Values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad, shown", [
    (3, "3"), (-1, "-1"), (0.5, "0.5"), (2.999999, "2.99999905"), (NAN, "nan"), (INF, "inf"),
    (-INF, "-inf"), (1e30, "1.00000002e+30"), (-1e-30, "-1e-30")], ids=str)
def test_class_numbers(bad, shown):
    for classes, n in [((3,), 300), ((3, 5, 7), None)]:
        shape = (n, 3) if n else (4, *classes)
        axis = -1 if n else 1
        label = np.zeros(shape[:1] if n else (4, 5, 7), "float32")
        at = (290,) if n else (3, 1, 6)
        label[at] = bad
        refused(ValueError, [f"label[{', '.join(map(str, at))}] is {shown};", "from 0 to 2"],
                losses.SoftmaxCELoss(axis=axis), np.zeros(shape, "float32"), label)
    call_refused(SPARSE, dict(pred=np.zeros((4, 3), "float32"), label=[[0], [1], [bad], [7]]),
                 ValueError, "label[2, 0] is", "expected a whole number from 0 to 2")


def test_the_first_bad_class_number_is_named():
    """In the label's own order, whatever its strides are; the same with from_logits."""
    label = np.zeros((6, 4), int)
    label[2, 1], label[1, 3] = 9, -2
    for strange in (label, np.asfortranarray(label), label[::-1].copy()[::-1]):
        for from_logits in (False, True):
            refused(ValueError, ["label[1, 3] is -2; expected a whole number from 0 to 4"],
                    losses.SoftmaxCELoss(from_logits=from_logits), np.zeros((6, 4, 5)), strange)


@pytest.mark.parametrize("from_logits", [True, False])
def test_negative_targets(from_logits):
    v = variant("PoissonNLLLoss-compute_full=True")
    loss = losses.PoissonNLLLoss(from_logits=from_logits, compute_full=True)
    for dtype in ("float16", "float32", "float64", "int8", "int16", "int32", "int64"):
        x = dict(pred=np.ones((4, 3), "float32"), target=np.ones((4, 3), dtype))
        x["target"][2, 1] = -3
        call_refused(v, x, ValueError, "target[2, 1] is -3", "compute_full", "0 or more", loss=loss)
        call_refused(v, {**x, "target": np.asfortranarray(x["target"])}, ValueError, "target[2, 1]",
                     loss=loss)
        assert np.isfinite(losses.PoissonNLLLoss(from_logits=from_logits)(**x)).all()
        x["target"][2, 1] = 0
        assert np.isfinite(loss(**x)).all()
    zero = np.full((4, 3), -0.0, "float32")
    assert np.isfinite(loss(np.ones((4, 3), "float32"), zero)).all()


def test_more_than_any_memory():
    """Strides of 0 can make any shape; working memory cannot be had for all of them."""
    zero = np.zeros((), "float32")
    many = np.broadcast_to(zero, (1, 2**49))
    refused(ValueError, ["pred has more elements than can be addressed"],
            losses.L2Loss(), many, many)
    rows = np.broadcast_to(zero, (2**40, 4))
    refused(ValueError, ["x1 has shape", "more memory would be needed than can be addressed"],
            losses.SDMLLoss(), rows, rows)


@pytest.mark.parametrize("wrong", [
    lambda: mx.gluon.Parameter("p", shape=(2,), grad_req="twice"),
    lambda: setattr(mx.gluon.Parameter("p", shape=(2,)), "shape", (3,)),
    lambda: mx.gluon.Parameter("p", shape=(2,)).set_data(mx.nd.ones((2,))),
    lambda: mx.gluon.nn.Dense(3, params=mx.gluon.nn.Dense(2).params),
    lambda: mx.gluon.Parameter("p", shape=(2,)).initialize("nothing"),
    lambda: mx.gluon.data.ArrayDataset([1, 2], [1]),
    lambda: mx.metric.create("nothing")])
def test_assertions_of_mxnet(wrong):
    with pytest.raises(AssertionError) as found:
        wrong()
    assert isinstance(found.value, mx.MXNetError)


def test_arrays_by_name_are_sorted():
    """Not an error, but a habit of NDArrayIter."""
    batch = mx.io.NDArrayIter({"b": np.ones((2, 3)), "a": np.zeros((2, 1))}, batch_size=2)
    assert [d.name for d in batch.provide_data] == ["a", "b"]
    assert [d.shape for d in batch.next().data] == [(2, 1), (2, 3)]
