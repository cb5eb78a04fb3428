"""Options and the loss objects that hold them.

Attributes stay writable after construction, so what the constructor refuses, the call refuses too.
"""

import copy
import decimal
import pickle

import numpy as np
import pytest
from cases import by_id, variant
from refusals import call_refused, refused
from row_cases import ALL, default

import mxloss as mx
from mxloss import _core, base
from mxloss.gluon import loss as losses

NAMES = sorted(_core.LOSSES)
NAN, INF = float("nan"), float("inf")
SMALL = dict(pred=np.ones((4, 3), "float32"), label=np.ones((4, 3)))

NO_NUMBER = [(bad, TypeError) for bad in (
    "1", [1.0], 1j, np.ones(()), np.ones(1), decimal.Decimal(1))]
NO_INTEGER = [(bad, TypeError) for bad in (1.0, None, (0, 1), "0", [0], np.float64(0))]
NO_INTEGER += [(2**31, ValueError), (-(2**40), ValueError)]
NO_SWITCH = [(bad, TypeError) for bad in ("yes", None, 2, -1, 0.0, [])]
NO_FINITE = [(bad, TypeError) for bad in (None, "1", 1j, [1])]
NO_FINITE += [(bad, ValueError) for bad in (NAN, INF, -INF, np.float32(NAN))]
NO_WORD = [(bad, ValueError) for bad in ("foo", "", None, 1, True)]
BAD = {  # option: values that are refused, values that are taken
    "weight": (NO_NUMBER, [None, 2, 0.5, True, np.float32(0.25), np.int8(3), NAN]),
    "batch_axis": (NO_INTEGER, [0, -1, 1, np.int64(-2)]),
    "axis": (NO_INTEGER, [0, -1, 1, np.int8(-2)]),
    "from_sigmoid": (NO_SWITCH, [True, False, 1, 0, np.True_]),
    "from_logits": (NO_SWITCH, [True, False, 1, 0, np.False_]),
    "sparse_label": (NO_SWITCH, [True, 1]),
    "compute_full": (NO_SWITCH, [True, False, 1, 0]),
    "rho": ([*NO_FINITE, (0, ValueError), (-1, ValueError)], [1, 0.5, np.float32(2), 1e-3]),
    "margin": (NO_FINITE, [1, 0, -1.5, np.float64(2), True]),
    "label_format": (NO_WORD, ["signed", "binary"]),
    "reduction": (NO_WORD, ["mean", "sum"]),
    "out_of_range": (NO_WORD, ["raise", "clip"]),
    "layout": (NO_WORD, ["NTC", "TNC"]),
    "label_layout": (NO_WORD, ["NT", "TN"]),
    "infeasible": (NO_WORD, ["zero", "inf"]),
    "blank_in_label": (NO_WORD, ["raise", "allow"]),
    "smoothing_parameter": ([*NO_FINITE, (1, ValueError), (-1e-9, ValueError), (1.5, ValueError)],
                            [0.3, 0, 0.99, np.float32(0.5), False]),
}
ROWS_ONLY = ("CosineEmbeddingLoss", "SDMLLoss")
for _name in ROWS_ONLY:
    BAD[_name, "batch_axis"] = ([*NO_INTEGER, (1, ValueError), (-1, ValueError)], [0, np.int8(0)])
OPTIONS = [(name, option) for name in NAMES for option in _core.LOSSES[name].options
           if option != "epsilon"]  # an argument of the call


@pytest.mark.parametrize("name, option", OPTIONS)
def test_bad_options(name, option):
    v = default(name)
    x = v.inputs(np.random.default_rng(3), (4, 3), "float32")
    for bad, error in BAD.get((name, option), BAD[option])[0]:
        phrases = (name, option, str(bad) if isinstance(bad, np.generic) else repr(bad))
        refused(error, phrases, getattr(losses, name), **{option: bad})
        loss = getattr(losses, name)()
        before = loss(**x)
        setattr(loss, "_" + option, bad)
        call_refused(v, x, error, *phrases[1:], loss=loss)
        setattr(loss, "_" + option, getattr(getattr(losses, name)(), "_" + option))
        np.testing.assert_array_equal(loss(**x), before)


@pytest.mark.parametrize("name, option", OPTIONS)
def test_good_options(name, option):
    """Set after construction, they take effect at the next call, and each call."""
    v = default(name)
    x = v.inputs(np.random.default_rng(4), (6, 6, 3) if name == "CTCLoss" else (3, 3), "float32")
    if name == "CTCLoss":  # fits any layout
        x["label"] = np.eye(6, dtype=int) - 1
    loss = getattr(losses, name)()
    for good in BAD.get((name, option), BAD[option])[1] * 2:
        setattr(loss, "_" + option, good)
        fresh = getattr(losses, name)(**{option: good})
        assert getattr(fresh, "_" + option) is good  # stored as it was given
        np.testing.assert_array_equal(loss(**x), fresh(**x), err_msg=repr(good))
        np.testing.assert_array_equal(loss.value_and_grad(**x)[1], fresh.value_and_grad(**x)[1])


def test_scripts_match_this_phrase():
    refused(ValueError, ["label_format can only be signed or binary"],
            losses.LogisticLoss, label_format="foo")


@pytest.mark.parametrize("bad, error", [*NO_FINITE, (np.ones(3), TypeError), (-1e-3, ValueError)],
                         ids=str)
def test_bad_epsilon(bad, error):
    v = variant("PoissonNLLLoss-from_logits=False")
    x = v.inputs(np.random.default_rng(5), (4, 3), "float32")
    call_refused(v, {**x, "epsilon": bad}, error, "epsilon")
    refused(error, ["PoissonNLLLoss", "epsilon"], v.loss(), *x.values(), None, bad)
    refused(error, ["PoissonNLLLoss", "epsilon"], v.loss().value_and_grad, *x.values(), None, bad)


@pytest.mark.parametrize("name, option, bad", [
    ("HuberLoss", "rho", 1e-60), ("HuberLoss", "rho", 1e60), ("HingeLoss", "margin", 1e60),
    ("SquaredHingeLoss", "margin", -1e300)])
def test_options_have_to_fit_preds_dtype(name, option, bad):
    v = variant(name)
    for dtype in ("float32", "float16"):
        x = v.inputs(np.random.default_rng(6), (4, 3), dtype)
        call_refused(v, x, ValueError, option, f"{bad:g}"[:2], "pred's dtype",
                     loss=v.loss(**{option: bad}), **({"out": None} if dtype == "float16" else {}))
    wide = v.inputs(np.random.default_rng(6), (4, 3))
    assert np.isfinite(v.loss(**{option: bad})(**wide)).all() or name == "SquaredHingeLoss"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", [2, -3, 2**31 - 1, -(2**31)])
def test_axes_out_of_range(name, bad):
    v = default(name)
    x = v.inputs(np.random.default_rng(7), (4, 3), "float32")
    for option in {"batch_axis", "axis"} & set(_core.LOSSES[name].options):
        more = {"from_logits": False} if (name, option) == ("KLDivLoss", "axis") else {}
        if name not in ("PoissonNLLLoss", *ROWS_ONLY):
            loss = getattr(losses, name)(**{option: bad}, **more)
            call_refused(v, x, ValueError, f"{option} is {bad}", "pred has shape (4, 3)",
                         "expected -2 to 1", loss=loss)


@pytest.mark.parametrize("options, phrase", [
    ({"rho": 2.0}, "rho is 2, but this loss does not read it"),
    ({"margin": 0.5}, "margin is 0.5, but"), ({"epsilon": 0.0}, "epsilon is 0, but"),
    ({"axis": 0}, "axis is 0, but"), ({"axis": 1}, "axis is 1, but")])
def test_core_refuses_options_that_are_not_read(options, phrase):
    made = _core.Options(_core.LOSSES["L1Loss"], options, {})
    refused(ValueError, ["L1Loss: " + phrase, "leave it at its default"],
            _core.run, made, list(SMALL.values()))


@pytest.mark.parametrize("flag, bit", [("FROM_LOGITS", 1), ("FROM_SIGMOID", 2), ("SPARSE_LABEL", 4),
                                       ("REDUCE_SUM", 32), ("CLIP_LABEL", 64)])
def test_core_refuses_flags_that_are_not_read(flag, bit):
    made = _core.Options(_core.LOSSES["L1Loss"], {}, {flag: True})
    refused(ValueError, ["L1Loss: flags has bit", hex(bit), "does not read"],
            _core.run, made, list(SMALL.values()))


# ---- Objects -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_repr(name):
    cls = getattr(losses, name)
    weight = 1.0 if name in ("L2Loss", "SDMLLoss") else None
    assert repr(cls()) == str(cls()) == f"{name}(batch_axis=0, w={weight})"
    if name not in ("CTCLoss", *ROWS_ONLY):
        assert repr(cls(weight=2, batch_axis=-1)) == f"{name}(batch_axis=-1, w=2)"
    loss = cls(weight=0.5)
    loss._batch_axis = 1
    assert repr(loss) == f"{name}(batch_axis=1, w=0.5)"
    assert repr(type("Mine", (cls,), {})()) == f"Mine(batch_axis=0, w={weight})"


def test_a_subclass_names_itself():
    mine = type("Mine", (losses.HuberLoss,), {})
    refused(ValueError, ["Mine: rho"], mine, rho=0)


def test_signatures():
    """MXNet's order of constructor arguments, for those who pass them by position."""
    for name, args, wanted in [
            ("LogisticLoss", (0.5, 1, "binary"),
             dict(weight=0.5, batch_axis=1, label_format="binary")),
            ("PoissonNLLLoss", (2, False, 1, True),
             dict(weight=2, from_logits=False, batch_axis=1, compute_full=True)),
            ("SoftmaxCrossEntropyLoss", (1, False, True, 2, -1),
             dict(axis=1, sparse_label=False, from_logits=True, weight=2, batch_axis=-1)),
            ("KLDivLoss", (False, 0, 2, 1),
             dict(from_logits=False, axis=0, weight=2, batch_axis=1)),
            ("HuberLoss", (2, 3, 1), dict(rho=2, weight=3, batch_axis=1)),
            ("HingeLoss", (2, 3, 1), dict(margin=2, weight=3, batch_axis=1)),
            ("SigmoidBinaryCrossEntropyLoss", (True, 3, 1),
             dict(from_sigmoid=True, weight=3, batch_axis=1)),
            ("CTCLoss", ("TNC", "TN", 2), dict(layout="TNC", label_layout="TN", weight=2)),
            ("TripletLoss", (2, 3, 1), dict(margin=2, weight=3, batch_axis=1)),
            ("CosineEmbeddingLoss", (2, 0, 0.5), dict(weight=2, batch_axis=0, margin=0.5)),
            ("SDMLLoss", (0.2, 3, 0), dict(smoothing_parameter=0.2, weight=3, batch_axis=0)),
            ("L2Loss", (3, 1), dict(weight=3, batch_axis=1))]:
        loss = getattr(losses, name)(*args)
        assert {key: getattr(loss, "_" + key) for key in wanted} == wanted
        with pytest.raises(TypeError):
            getattr(losses, name)(foo=1)


def pickled(a):
    return pickle.loads(pickle.dumps(a))


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickled], ids=lambda f: f.__name__)
@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_copies(v, clone):
    """A copy gives the same results, before and after use, and shares nothing that is set later."""
    x = v.inputs(np.random.default_rng(2), (4, 3), "float32", v.unreduced((4, 3)))
    loss = v.loss(-1, weight=0.75)
    for _ in range(2):
        other = clone(loss)
        assert type(other) is type(loss) and repr(other) == repr(loss)
        expected = v.run(x, loss)
        got = v.run(x, other)
        np.testing.assert_array_equal(got[0], expected[0])
        np.testing.assert_array_equal(got[1][v.names[0]], expected[1][v.names[0]])
        other._weight = 3
        np.testing.assert_array_equal(loss(**x, **v.call), expected[0])
        assert not np.array_equal(other(**x, **v.call), expected[0])


def test_ctc_repr():
    """batch_axis is where the samples are in the label."""
    assert repr(losses.CTCLoss(label_layout="TN")) == "CTCLoss(batch_axis=1, w=None)"
    assert repr(losses.CTCLoss("TNC", weight=2)) == "CTCLoss(batch_axis=0, w=2)"


def test_base_class():
    with pytest.raises(TypeError):
        losses.Loss()
    base = losses.Loss(None, 0)
    assert repr(base) == "Loss(batch_axis=0, w=None)"
    with pytest.raises(NotImplementedError):
        base(np.ones(3))
    assert repr(losses.Loss("anything", (0, 1))) == "Loss(batch_axis=(0, 1), w=anything)"


def test_errors_have_one_root():
    for cls, other in ((base.MXNetValueError, ValueError), (base.MXNetTypeError, TypeError),
                       (base.MXNetMemoryError, MemoryError)):
        assert issubclass(cls, other) and issubclass(cls, mx.MXNetError)
    assert issubclass(mx.MXNetError, RuntimeError) and base.MXNetError is mx.MXNetError
