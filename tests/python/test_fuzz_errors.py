"""Arguments of any kind, where losses, operators and blocks want arrays, numbers and words: a
result, or an MXNetError with a sentence that names what is wrong."""

import decimal
import fractions
import warnings

import numpy as np
from fuzzing import holds
from hypothesis import strategies as st
from operator_calls import CALLS
from row_cases import ALL

import mxloss as mx
from mxloss import autograd, nd, sym

NAMES = ["weight", "batch_axis", "axis", "sparse_label", "from_logits", "rho", "margin", "layout",
         "label_layout", "label_format", "compute_full", "reduction", "smoothing_parameter",
         "infeasible", "blank_in_label", "out_of_range", "from_sigmoid", "prefix", "params",
         "wrong"]
SCALARS = [None, True, False, 0, 1, -1, 2, 3, 10**400, -2**63, 2**31, 0.5, -0.0, 1e300, 1e-320,
           float("nan"), float("inf"), "", "mean", "float32", "NTC", "é\ud800", b"x", 3j, (), [],
           {}, set(), object(), type, len, decimal.Decimal("0.1"), fractions.Fraction(1, 3),
           slice(None), ..., range(3), np.float16(2), np.int8(-3), np.bool_(True), np.str_("a"),
           np.datetime64("2020"), np.dtype("f4"), (0, 1), (1, "a"), [[1], [2, 3]], [None], "1",
           iter([1]), memoryview(b"abcd"), NotImplemented]
DTYPES = ["f4", "f8", "f2", "i4", "i8", "u1", "?", "c8", "U3", "S2", "O", "M8[s]", "m8[s]", ">f4",
          "f4,i2", "V3", "g"]
SHAPES = [(3, 4), (), (0,), (3,), (4, 3), (3, 1), (1,), (0, 4), (3, 0), (2, 3, 4), (1,) * 20]


@st.composite
def arrays(draw):
    """numpy arrays of any dtype, NDArrays, Symbols, and numbers without an array"""
    kind = draw(st.integers(0, 9))
    shape = draw(st.sampled_from(SHAPES))
    if kind == 0:
        return draw(st.sampled_from(SCALARS))
    if kind == 1:
        return sym.var("x")
    if kind == 2:
        return np.ma.masked_array(np.ones(shape))
    dtype = draw(st.sampled_from(DTYPES)) if kind < 6 else "f4"
    a = np.zeros(shape, dtype)
    if a.dtype.kind in "fiu":
        a[...] = draw(st.sampled_from([0, 1, 2, 3]))
    return nd.array(a) if kind > 7 else a


odd = arrays() | st.sampled_from(SCALARS)
LOSSES = sorted({v.case.name for v in ALL})
MODERATE = [x for x in SCALARS if not isinstance(x, int) or abs(x) < 100]  # no giant arrays


def guarded(function, *words):
    """The result; None after an error with a sentence, which has one of the words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's, of overflow
            return function()
    except mx.MXNetError as error:
        text = str(error)
        assert len(text) > 10 and any(word in text for word in words), repr(error)
    return None


@holds(st.tuples(st.sampled_from(LOSSES), st.dictionaries(st.sampled_from(NAMES), odd, max_size=3),
                 st.lists(odd, max_size=5), st.dictionaries(
                     st.sampled_from(["pred", "label", "sample_weight", "wrt", "head_grad", "out",
                                      "pos_weight", "pred_lengths", "wrong"]), odd, max_size=2),
                 st.integers(0, 3)), 400)
def test_losses(example):
    name, options, inputs, named, way = example
    loss = guarded(lambda: getattr(mx.gluon.loss, name)(**options), name, *NAMES)
    if loss is None:
        loss = getattr(mx.gluon.loss, name)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        good = next(v for v in ALL if v.case.name == name).inputs(np.random.default_rng(1), (3, 4))
    if way == 0:  # one of them is odd
        named = {**good, **named}
        inputs = []
    words = (name, *named, *mx._core.LOSSES[name].inputs, "input")
    if way < 2:
        guarded(lambda: loss.value_and_grad(*inputs, **named), *words)
    named = {n: x for n, x in named.items() if n not in ("wrt", "head_grad", "out")}
    if way == 3:
        with autograd.record():
            guarded(lambda: loss(*inputs, **named), *words)
    else:
        guarded(lambda: loss(*inputs, **named), *words)


OPERATORS = [(name, *call[:2]) for name, calls in CALLS.items() if name != "_index"
             for call in calls]
ATTRIBUTES = ["axis", "shape", "dtype", "keepdims", "scalar", "k", "size", "reps", "mode", "begin",
              "end", "depth", "name", "out", "num_outputs", "ret_typ", "wrong"]


@holds(st.tuples(st.sampled_from(OPERATORS), st.lists(st.none() | odd, max_size=3),
                 st.dictionaries(st.integers(0, 6), st.sampled_from(MODERATE), max_size=2),
                 st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(MODERATE),
                                 max_size=1),
                 st.booleans()), 400)
def test_operators(example):
    """A call that is right, with some arguments of other kinds."""
    (name, inputs, attributes), others, changed, more, record = example
    inputs = [nd.array(x) for x in inputs]
    for i, x in enumerate(others[: len(inputs)]):
        inputs[i] = inputs[i] if x is None else x
    keys = list(attributes)
    attributes = {**attributes, **more}
    for i, value in changed.items():
        if keys:
            attributes[keys[i % len(keys)]] = value
    result = guarded(lambda: getattr(nd, name)(*inputs, **attributes), "")
    if record and isinstance(inputs[0] if inputs else None, nd.NDArray):
        inputs[0].attach_grad()
        with autograd.record():
            result = guarded(lambda: getattr(nd, name)(*inputs, **attributes), "")
        if isinstance(result, nd.NDArray) and result._node is not None:
            guarded(result.backward, "")


@holds(st.tuples(odd, odd, st.sampled_from(SCALARS), st.integers(0, 14)), 300)
def test_arrays(example):
    """NDArrays: made, indexed, assigned to, converted, combined."""
    a, b, key, way = example
    x = nd.array([[1, 2, 3], [4, 5, 6]])

    def assign(key, value):
        x[key] = value

    few = a if not isinstance(a, int) or abs(a) < 100 else 3  # no giant arrays
    ways = [lambda: nd.array(a), lambda: x[a], lambda: assign(a, b), lambda: assign(key, a),
            lambda: x.reshape(a), lambda: x.astype(a), lambda: nd.zeros(few, dtype=key),
            lambda: x.attach_grad(a), lambda: autograd.backward(a, b), lambda: autograd.grad(a, b),
            lambda: nd.save("\ud800" if isinstance(a, str) else a, b),  # leaves no files
            lambda: nd.load_frombuffer(a), lambda: sym.load_json(a),
            lambda: x.copyto(a), lambda: mx.gluon.nn.Dense(few)(b)]
    guarded(ways[way], "")
