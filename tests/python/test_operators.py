"""The table of operators: values against numpy, gradients against finite differences."""

import math

import numpy as np
import pytest

import mxloss as mx
from mxloss import autograd, nd
from mxloss.operators import MIXED, TABLE

R = np.random.default_rng(1)


def near(*shape, low=0.21, high=1.97):
    """Positive numbers, none near another or a kink."""
    a = np.linspace(low, high, int(np.prod(shape)))
    return R.permutation(a).reshape(shape)


def signed(*shape):
    return near(*shape) * R.choice([-1, 1], shape)


A, B, P = signed(3, 4), signed(3, 4), near(3, 4)
ROW, COLUMN = near(4, low=0.337, high=1.77), near(3, 1, low=0.43, high=1.63)
CUBE = signed(2, 3, 4)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


# operator: calls of (arrays, attributes, numpy's answer)
ELEMENTS = {
    "square": np.square, "abs": np.abs, "exp": np.exp, "expm1": np.expm1, "tanh": np.tanh,
    "sin": np.sin, "cos": np.cos, "arctan": np.arctan, "sign": np.sign, "floor": np.floor,
    "ceil": np.ceil, "trunc": np.trunc, "negative": np.negative, "identity": np.copy,
    "sigmoid": sigmoid, "softsign": lambda x: x / (1 + abs(x)),
    "relu": lambda x: np.maximum(x, 0), "softrelu": lambda x: np.log1p(np.exp(x)),
    "logical_not": lambda x: (x == 0) * 1.0, "BlockGrad": np.copy, "make_loss": np.copy,
    "zeros_like": np.zeros_like, "ones_like": np.ones_like, "smooth_l1":
    lambda x: np.where(abs(x) < 1, x * x / 2, abs(x) - 0.5),
    "round": lambda x: np.trunc(x + 0.5 * np.sign(x)), "flatten": np.copy,
    "softmin": lambda x: softmax(-x), "softmax": softmax,
    "log_softmax": lambda x: np.log(softmax(x)), "transpose": np.transpose, "tan": np.tan,
    "sinh": np.sinh, "cosh": np.cosh, "arcsinh": np.arcsinh, "cbrt": np.cbrt, "fix": np.trunc,
    "rcbrt": lambda x: 1 / np.cbrt(x), "degrees": np.degrees, "radians": np.radians,
    "rint": np.rint, "erf": np.vectorize(math.erf),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1)}
POSITIVE = {"log": np.log, "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "sqrt": np.sqrt,
            "rsqrt": lambda x: x**-0.5, "reciprocal": lambda x: 1 / x}
GAMMA = {"gamma": np.vectorize(math.gamma), "gammaln": np.vectorize(math.lgamma)}
CALLS = {name: [((A,), {}, f(A))] for name, f in ELEMENTS.items()}
CALLS.update({name: [((P,), {}, f(P))] for name, f in POSITIVE.items()})
CALLS.update({name: [((A / 3,), {}, getattr(np, name)(A / 3))] for name in ("arcsin", "arccos")})
CALLS.update({name: [((a,), {}, f(a)) for a in (A, P, P + 2)] for name, f in GAMMA.items()})
CALLS["gammaln"].append(((20 * P,), {}, GAMMA["gammaln"](20 * P)))
CALLS["arccosh"] = [((1 + P,), {}, np.arccosh(1 + P))]
CALLS["arctanh"] = [((A / 3,), {}, np.arctanh(A / 3))]
BINARY = {
    "plus": np.add, "minus": np.subtract, "mul": np.multiply, "div": np.divide, "mod": np.mod,
    "power": np.power, "maximum": np.maximum, "minimum": np.minimum, "hypot": np.hypot,
    "equal": np.equal, "not_equal": np.not_equal, "greater": np.greater,
    "greater_equal": np.greater_equal, "lesser": np.less, "lesser_equal": np.less_equal,
    "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor}
for _stem, _f in BINARY.items():
    _other = near(3, 4, low=0.2713, high=1.9)
    CALLS[TABLE[f"broadcast_{_stem}"].name] = [((P, y), {}, _f(P, y) * 1.0)
                                               for y in (_other, ROW, COLUMN)]
    CALLS[TABLE[f"_{_stem}"].name] = [((P, _other), {}, _f(P, _other) * 1.0)]
    CALLS[f"_{_stem}_scalar"] = [((P,), {"scalar": 0.7}, _f(P, 0.7) * 1.0)]
    if f"_r{_stem}_scalar" in TABLE:
        CALLS[f"_r{_stem}_scalar"] = [((P,), {"scalar": 0.7}, _f(0.7, P) * 1.0)]
REDUCTIONS = {"sum": np.sum, "mean": np.mean, "nansum": np.nansum, "prod": np.prod, "max": np.max,
              "min": np.min}
for _name, _f in REDUCTIONS.items():
    CALLS[_name] = [
        ((CUBE,), {}, _f(CUBE).reshape(1)), ((CUBE,), {"axis": 1}, _f(CUBE, 1)),
        ((CUBE,), {"axis": (0, -1), "keepdims": True}, _f(CUBE, (0, 2), keepdims=True)),
        ((CUBE,), {"axis": 0, "exclude": True}, _f(CUBE, (1, 2))),
        ((A,), {"axis": (0, 1)}, _f(A).reshape(1))]
CALLS.update({
    "norm": [((A,), {}, np.linalg.norm(A).reshape(1)),
             ((A,), {"axis": -1, "keepdims": True}, np.linalg.norm(A, axis=1, keepdims=True)),
             ((A,), {"ord": 1, "axis": 0}, abs(A).sum(0))],
    "L2Normalization": [
        ((CUBE,), {}, CUBE / np.sqrt((CUBE**2).sum((1, 2), keepdims=True) + 1e-10))],
    "Activation": [((A,), {"act_type": "softrelu"}, np.log1p(np.exp(A)))],
    "cast": [((A,), {"dtype": "float32"}, A.astype("float32"))],
    "LeakyReLU": [((A,), {}, np.where(A > 0, A, A / 4)),
                  ((A,), {"act_type": "elu", "slope": 2}, np.where(A > 0, A, 2 * np.expm1(A)))],
    "clip": [((A,), {"a_min": -1, "a_max": 0.5}, A.clip(-1, 0.5))],
    "where": [(((A > 0) * 1.0, A, B), {}, np.where(A > 0, A, B)),
              ((np.array([1.0, 0, 1]), A, B), {}, np.where([[1], [0], [1]], A, B))],
    "add_n": [((A, B, P), {}, A + B + P)],
    "softmax_cross_entropy": [((A, np.array([1.0, 3, 0])), {},
                               -np.log(softmax(A))[[0, 1, 2], [1, 3, 0]].sum().reshape(1))],
    "argmax": [((A,), {"axis": 1}, A.argmax(1)), ((A,), {}, A.argmax().reshape(1))],
    "argmin": [((A,), {"axis": 0, "keepdims": True}, A.argmin(0)[None])],
    "argsort": [((A,), {}, A.argsort(1)), ((A,), {"is_ascend": False}, (-A).argsort(1))],
    "sort": [((A,), {"is_ascend": False}, -np.sort(-A))],
    "topk": [((A,), {"k": 2}, (-A).argsort(1)[:, :2]),
             ((A,), {"k": 2, "ret_typ": "value", "axis": 0}, -np.sort(-A, 0)[:2]),
             ((A,), {"k": 1, "ret_typ": "both", "is_ascend": True},
              [A.min(1, keepdims=True), A.argmin(1)[:, None]])],
    "reshape": [((CUBE,), {"shape": (-1, 4)}, CUBE.reshape(6, 4)),
                ((CUBE,), {"shape": (0, -1)}, CUBE.reshape(2, 12)),
                ((CUBE,), {"shape": (-3, 0)}, CUBE.reshape(6, 4)),
                ((CUBE,), {"shape": (-2, 1)}, CUBE.reshape(2, 3, 4, 1)),
                ((CUBE,), {"shape": (0, 0, -4, 2, -1)}, CUBE.reshape(2, 3, 2, 2)),
                ((CUBE,), {"shape": (-1, 0), "reverse": True}, CUBE.reshape(6, 4))],
    "reshape_like": [((A, near(2, 6)), {}, A.reshape(2, 6))],
    "expand_dims": [((A,), {"axis": 1}, A[:, None]), ((A,), {"axis": -1}, A[..., None])],
    "squeeze": [((COLUMN,), {}, COLUMN[:, 0]), ((COLUMN,), {"axis": 1}, COLUMN[:, 0])],
    "swapaxes": [((CUBE,), {"dim1": 0, "dim2": 2}, CUBE.swapaxes(0, 2))],
    "flip": [((CUBE,), {"axis": 1}, CUBE[:, ::-1])],
    "diag": [((A,), {"k": 1}, np.diag(A, 1)), ((A,), {"k": -1}, np.diag(A, -1)),
             ((ROW,), {"k": -1}, np.diag(ROW, -1)),
             ((CUBE,), {"axis1": 0, "axis2": 2}, np.diagonal(CUBE, 0, 0, 2)),
             ((CUBE,), {"axis1": -1, "axis2": 0, "k": -1}, np.diagonal(CUBE, -1, 2, 0))],
    "cumsum": [((CUBE,), {}, CUBE.cumsum()), ((CUBE,), {"axis": 1}, CUBE.cumsum(1))],
    "shape_array": [((CUBE,), {}, np.array([2, 3, 4]))],
    "size_array": [((CUBE,), {}, np.array([24]))],
    "broadcast_to": [((COLUMN,), {"shape": (0, 5)}, np.broadcast_to(COLUMN, (3, 5)))],
    "broadcast_like": [((COLUMN, A), {}, np.broadcast_to(COLUMN, A.shape))],
    "broadcast_axis": [((COLUMN,), {"axis": 1, "size": 4}, np.broadcast_to(COLUMN, (3, 4)))],
    "tile": [((A,), {"reps": (2, 1, 3)}, np.tile(A, (2, 1, 3))),
             ((A,), {"reps": 2}, np.tile(A, 2))],
    "repeat": [((A,), {"repeats": 2, "axis": 1}, A.repeat(2, 1)),
               ((A,), {"repeats": 3}, A.repeat(3))],
    "concat": [((A, B), {}, np.concatenate([A, B], 1)),
               ((A, B), {"dim": 0}, np.concatenate([A, B]))],
    "stack": [((A, B), {"axis": 1}, np.stack([A, B], 1))],
    "split": [((A,), {"num_outputs": 2}, np.split(A, 2, 1)),
              ((A,), {"num_outputs": 3, "axis": 0, "squeeze_axis": True}, list(A)),
              ((A,), {"num_outputs": 1}, A)],
    "slice_axis": [((A,), {"axis": 1, "begin": 1, "end": None}, A[:, 1:])],
    "slice": [((A,), {"begin": (0, 1), "end": (2, 3)}, A[:2, 1:3])],
    "slice_like": [((A, near(2, 2)), {}, A[:2, :2])],
    "_index": [((A,), {"key": (slice(None), [1, 1, 3])}, A[:, [1, 1, 3]])],
    "pick": [((A, np.array([0.0, 3, 9])), {}, A[[0, 1, 2], [0, 3, 3]]),
             ((A, np.array([0.0, 2, 1, -1])), {"axis": 0, "keepdims": True},
              A[[0, 2, 1, 0], range(4)][None]),
             ((A, np.array([-1.0, 5, 4])), {"mode": "wrap"}, A[[0, 1, 2], [3, 1, 0]])],
    "take": [((A, np.array([[0.0, 2], [2, 7]])), {}, A[[[0, 2], [2, 2]]])],
    "batch_take": [((A, np.array([0.0, 3, 9])), {}, A[[0, 1, 2], [0, 3, 3]])],
    "gather_nd": [((A, np.array([[0.0, 2], [1, 3]])), {}, A[[0, 2], [1, 3]])],
    "one_hot": [((np.array([1.0, 0, 5]),), {"depth": 3}, [[0, 1, 0], [1, 0, 0], [0, 0, 0]])],
    "SequenceMask": [
        ((CUBE, np.array([1.0, 2, 0])), {"use_sequence_length": True, "value": 7},
         np.where((np.arange(2)[:, None] < [1, 2, 0])[..., None], CUBE, 7)),
        ((CUBE, np.array([1.0, 3])), {"use_sequence_length": True, "axis": 1},
         np.where((np.arange(3) < np.array([[1], [3]]))[..., None], CUBE, 0))],
    "dot": [((A, B.T.copy()), {}, A @ B.T), ((A, B), {"transpose_b": True}, A @ B.T),
            ((A, B), {"transpose_a": True}, A.T @ B), ((ROW, ROW + 1), {}, [ROW @ (ROW + 1)]),
            ((CUBE, signed(2, 5)), {"transpose_a": True}, None)],
    "batch_dot": [((CUBE, CUBE), {"transpose_b": True}, CUBE @ CUBE.swapaxes(1, 2))],
    "FullyConnected": [
        ((CUBE, signed(5, 12), near(5)), {"num_hidden": 5}, None),
        ((CUBE, signed(5, 4)), {"num_hidden": 5, "no_bias": True, "flatten": False}, None)],
    "SoftmaxOutput": [
        ((A, np.array([1.0, 3, 0])), {}, softmax(A)), ((A, P), {}, softmax(A)),
        ((CUBE, CUBE), {}, softmax(CUBE.reshape(2, 12)).reshape(2, 3, 4)),
        ((CUBE, CUBE[..., 0]), {"preserve_shape": True}, softmax(CUBE))],
    "_contrib_BilinearResize2D": [
        ((CUBE[None],), {"height": 5, "width": 1},
         (CUBE[None, :, [0, 0, 1, 1, 2], :1] + CUBE[None, :, [0, 1, 1, 2, 2], :1]) / 2),
        ((CUBE[None],), {"scale_height": 1, "width": 2, "align_corners": False},
         CUBE[None].reshape(1, 2, 3, 2, 2).mean(-1)),
        ((CUBE[None],), {"height": 3, "scale_width": 2, "align_corners": False}, None)],
    "Embedding": [((np.array([[2.0, 0], [1, 2]]), A), {}, A[[[2, 0], [1, 2]]])],
    "CTCLoss": [((signed(5, 3, 4), np.array([[1.0, 2], [3, 0], [0, 0]])), {}, None),
                ((signed(5, 3, 4), np.array([[1.0, 2], [0, -1], [-1, -1]])),
                 {"blank_label": "last"}, None)],
})
CALLS.update({
    "MakeLoss": [((A,), {}, A)], "_contrib_arange_like": [
        ((A,), {}, np.arange(12.0).reshape(3, 4)),
        ((A,), {"axis": 1, "start": 2, "step": 0.5, "repeat": 2}, [2, 2, 2.5, 2.5])],
    "_full": [((), {"shape": (2, 3), "value": 0.5}, np.full((2, 3), 0.5))],
    "_zeros": [((), {"shape": (2,)}, np.zeros(2))], "_ones": [((), {"shape": (2,)}, np.ones(2))],
    "_arange": [((), {"start": 1, "stop": 3, "repeat": 2}, [1, 1, 2, 2])],
    "_eye": [((), {"N": 2, "M": 3, "k": 1}, np.eye(2, 3, 1))],
    "_random_uniform": [((), {"shape": (2,), "low": 3, "high": 3}, [3, 3])],
    "_random_normal": [((), {"shape": (2,), "loc": 3, "scale": 0}, [3, 3])]})
CALLS["Dropout"] = [((A,), {"p": 0.5}, A)]  # when not training
NOT_DIFFERENCES = {"BlockGrad", "make_loss", "MakeLoss", "SoftmaxOutput",
                   "cast", "Dropout"}  # gradients by decision
INDICES = {op.name: op.loose for op in TABLE.values()}  # inputs without a gradient
EACH = [(name, *call) for name, calls in CALLS.items() for call in calls]


def apply(name, arrays, attributes):
    result = getattr(nd, name)(*[nd.array(a, dtype="float64") for a in arrays], **attributes)
    return result if isinstance(result, list) else [result]


def test_every_operator_is_here():
    assert set(CALLS) == {op.name for op in TABLE.values()} - {"_copy"}


@pytest.mark.parametrize("name, arrays, attributes, expected", EACH, ids=lambda a: str(a)[:20])
def test_values(name, arrays, attributes, expected):
    if expected is None:
        return  # a test of its own below
    found = apply(name, arrays, attributes)
    for a, b in zip(found, expected if len(found) > 1 else [expected]):
        assert a.shape == np.shape(b)
        np.testing.assert_allclose(a.asnumpy(), b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name, arrays, attributes, expected", EACH, ids=lambda a: str(a)[:20])
def test_gradients(name, arrays, attributes, expected):
    if name in NOT_DIFFERENCES:
        return
    inputs = [nd.array(a, dtype="float64") for a in arrays]
    for x in inputs:
        x.attach_grad()
    rng = np.random.default_rng(2)
    with autograd.record():
        found = getattr(nd, name)(*inputs, **attributes)
        found = found if isinstance(found, list) else [found]
    heads = [rng.uniform(0.5, 2, a.shape) for a in found]
    if found[0]._node is None or any(parent is None for parent in found[0]._node[0].parents):
        return
    autograd.backward(found, [nd.array(h, dtype=h.dtype) for h in heads])
    for k, x in enumerate(inputs):
        if k in INDICES.get(name, ()):
            assert not x.grad.asnumpy().any()
            continue
        for i in np.ndindex(x.shape):
            values = []
            for step in (1e-6, -1e-6):
                moved = [a.astype(float).copy() for a in arrays]
                moved[k][i] += step
                outputs = apply(name, moved, attributes)
                values.append(sum((a.asnumpy() * h).sum() for a, h in zip(outputs, heads)))
            slope = (values[0] - values[1]) / 2e-6
            np.testing.assert_allclose(x.grad.asnumpy()[i], slope, rtol=1e-6, atol=1e-7)


def test_fully_connected():
    x, w, b = CUBE, signed(5, 12), near(5)
    found = apply("FullyConnected", (x, w, b), {"num_hidden": 5})[0]
    np.testing.assert_allclose(found.asnumpy(), x.reshape(2, 12) @ w.T + b)
    w = signed(5, 4)
    found = apply("FullyConnected", (x, w), {"no_bias": True, "flatten": False})[0]
    np.testing.assert_allclose(found.asnumpy(), x @ w.T)


def test_dot_moves_one_axis():
    """As MXNet has it for more than two axes: not a transpose."""
    w = signed(2, 5)
    found = apply("dot", (CUBE, w), {"transpose_a": True})[0]
    np.testing.assert_allclose(found.asnumpy(), np.einsum("ijk,il->jkl", CUBE, w))


@pytest.mark.parametrize("kwargs, by", [
    ({}, 4), ({"normalization": "batch"}, 8), ({"normalization": "valid"}, 8),
    ({"normalization": "valid", "use_ignore": True, "ignore_label": 1}, 5)])
def test_softmax_output(kwargs, by):
    """The gradient of the cross entropy, whatever comes back."""
    x = nd.array(signed(2, 3, 4))
    label = np.array([[0, 1, 2, 1], [1, 0, 2, 2]])
    x.attach_grad()
    with autograd.record():
        out = nd.SoftmaxOutput(x, nd.array(label), multi_output=True, **kwargs)
    out.backward(nd.ones(out.shape) * 55)
    wanted = softmax(x.asnumpy(), 1) - (label[:, None] == np.arange(3)[:, None])
    if "use_ignore" in kwargs:
        wanted = wanted * (label != 1)[:, None]
    np.testing.assert_allclose(x.grad.asnumpy(), wanted / by, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kwargs, by", [
    ({}, 1), ({"normalization": "batch"}, 6), ({"normalization": "valid", "grad_scale": 3}, 2),
    ({"normalization": "valid", "use_ignore": True, "ignore_label": 1}, 4)])
@pytest.mark.parametrize("alpha", [0, 0.3])
def test_softmax_output_of_sequences(kwargs, by, alpha):
    """As MXNet 1.9.1 has it, measured; smooth_alpha is what the other classes share."""
    x, label = nd.array(signed(2, 3, 4)), np.array([[0, 1, 2], [1, 3, 0]])
    x.attach_grad()
    with autograd.record():
        attributes = {"preserve_shape": True, "smooth_alpha": alpha, **kwargs}
        out = nd.SoftmaxOutput(x, nd.array(label), **attributes)
    out.backward()
    hot = np.eye(4)[label]
    wanted = softmax(x.asnumpy()) - hot * (1 - alpha) - (1 - hot) * alpha / 3
    if "use_ignore" in kwargs:
        wanted = wanted * (label != 1)[..., None]
    np.testing.assert_allclose(x.grad.asnumpy(), wanted / by, rtol=1e-5, atol=1e-7)


def test_softmax_output_where_the_classes_are_unclear():
    with pytest.raises(ValueError, match="preserve_shape=True.*multi_output=True"):
        nd.SoftmaxOutput(nd.array(CUBE), nd.array(CUBE[..., 0]))


def test_special_values():
    """Half goes down; poles are inf, and what is undefined is NaN."""
    x = nd.array([0.5, 1.5, -0.5, -1.2])
    np.testing.assert_array_equal(nd.rint(x).asnumpy(), [0, 1, -1, -1])
    x = nd.array([-1, 0, np.inf, np.nan, 200])
    np.testing.assert_array_equal(nd.gammaln(x).asnumpy()[:4], [np.inf, np.inf, np.inf, np.nan])
    found = nd.gamma(x).asnumpy()[[0, 2, 3, 4]]
    np.testing.assert_array_equal(found, [np.nan, np.inf, np.nan, np.inf])
    np.testing.assert_array_equal(nd.erf(nd.array([-np.inf, 0, np.inf])).asnumpy(), [-1, 0, 1])


def test_interpolation():
    """The corners stay where they are, or the areas do."""
    x = nd.array(np.arange(12).reshape(1, 1, 3, 4))
    corners = nd.contrib.BilinearResize2D(x, height=5, width=2).asnumpy()
    np.testing.assert_allclose(corners[0, 0], [[0, 3], [2, 5], [4, 7], [6, 9], [8, 11]])
    areas = nd.contrib.BilinearResize2D(x, height=5, width=2, align_corners=False).asnumpy()
    rows = [[0.5, 2.5], [2.1, 4.1], [4.5, 6.5], [6.9, 8.9], [8.5, 10.5]]  # MXNet's numbers
    np.testing.assert_allclose(areas[0, 0], rows, rtol=1e-6)


def test_softmax_output_of_more_axes():
    """Classes are all axes but the first, unless told otherwise."""
    x = nd.array(CUBE)
    out, flat = nd.SoftmaxOutput(x, nd.zeros(2)).asnumpy(), CUBE.reshape(2, 12)
    np.testing.assert_allclose(out, softmax(flat).reshape(CUBE.shape), rtol=1e-5)
    x.attach_grad()
    label = nd.array([[0, 3, 1], [5, -1, 2]])  # 5 and -1 are no classes
    with autograd.record():
        out = nd.SoftmaxOutput(x, label, preserve_shape=True, normalization="valid")
    out.backward()
    wanted = softmax(CUBE) - (label.asnumpy()[..., None] == np.arange(4))
    np.testing.assert_allclose(x.grad.asnumpy(), wanted / 5, rtol=1e-5, atol=1e-7)
    with pytest.raises(ValueError, match=r"label has shape \(2, 3\)"):
        nd.SoftmaxOutput(x, label)


def test_places_without_slope_pass_no_nan():
    x = nd.array([-np.inf, -3, 0.5, 3])
    assert (nd.relu(x).asnumpy() == [0, 0, 0.5, 3]).all()
    x.attach_grad()
    with autograd.record():
        y = nd.sqrt(nd.clip(x, 0, 1) - 1) + nd.clip(x, 0, 1) / 0
    y.backward(nd.array([np.nan, np.nan, 1, np.nan]))
    assert (x.grad.asnumpy()[[0, 1, 3]] == 0).all()


def test_sequence_lengths_are_truncated():
    found = nd.SequenceMask(nd.ones((3, 2)), nd.array([0.9, 2.5]), use_sequence_length=True)
    np.testing.assert_array_equal(found.asnumpy(), [[0, 1], [0, 1], [0, 0]])


def test_ctc_is_the_loss():
    data, label = signed(5, 3, 4), np.array([[1, 2], [3, 0], [0, 0]])
    found = apply("CTCLoss", (data, label), {})[0].asnumpy()
    loss = mx.gluon.loss.CTCLoss(layout="TNC")
    np.testing.assert_allclose(found, loss(np.roll(data, -1, 2), label - 1))
    last = apply("CTCLoss", (np.roll(data, -1, 2), label - 1), {"blank_label": "last"})[0]
    np.testing.assert_array_equal(last.asnumpy(), found)


def test_dropout():
    mx.random.seed(3)
    x = nd.ones((1000, 40))
    x.attach_grad()
    for axes in ((), (1,)):
        with autograd.record():
            y = nd.Dropout(x, p=0.25, axes=axes)
        y.backward()
        value = y.asnumpy()
        np.testing.assert_array_equal(value, x.grad.asnumpy())  # the same are dropped on the way back
        assert set(np.unique(value)) == {0, np.float32(1 / 0.75)}
        rows = 1000 if axes else 40_000
        assert abs((value == 0).mean() - 0.25) < 4 * (0.25 * 0.75 / rows) ** 0.5
        if axes:
            assert (value == value[:, :1]).all()
    np.testing.assert_array_equal(nd.Dropout(x, p=0.25).asnumpy(), x.asnumpy())
    assert (nd.Dropout(x, p=0.25, mode="always").asnumpy() == 0).any()
    with pytest.raises(ValueError, match="p is 1"):
        nd.Dropout(x, p=1)


@pytest.mark.parametrize("name", MIXED)
def test_numbers_and_arrays(name):
    f = BINARY[MIXED[name]]
    x, y = nd.array(P), nd.array(P[::-1].copy())
    for a, b in ((x, y), (x, 0.75), (0.75, x)):
        p, q = (c.asnumpy() if isinstance(c, nd.NDArray) else c for c in (a, b))
        np.testing.assert_allclose(getattr(nd, name)(a, b).asnumpy(), f(p, q), rtol=1e-6)
    assert getattr(nd, name)(2, 3.5) == f(2, 3.5)


@pytest.mark.parametrize("call, error, phrases", [
    (lambda x: nd.pick(x), TypeError, ["pick", "'index'"]),
    (lambda x: nd.pick(x, [1]), TypeError, ["pick", "input 1", "list", "NDArray"]),
    (lambda x: x + nd.ones((5,)), ValueError, ["(3, 4)", "(5,)"]),
    (lambda x: nd.sum(x, axis=2), ValueError, ["sum", "axis is 2", "-2 to 1"]),
    (lambda x: nd.sum(x, axis="0"), TypeError, ["sum", "axis must be an integer"]),
    (lambda x: nd.reshape(x, shape=(5, -1)), ValueError, ["reshape", "(3, 4)"]),
    (lambda x: nd.reshape(x, shape=(0, 0, 0)), ValueError, ["more axes"]),
    (lambda x: nd.Activation(x, act_type="swish"), ValueError, ["act_type", "swish", "softrelu"]),
    (lambda x: nd.LeakyReLU(x, act_type="prelu"), ValueError, ["act_type", "prelu", "elu"]),
    (lambda x: nd.diag(x, k=9), ValueError, ["diag", "k is 9", "(3, 4)"]),
    (lambda x: nd.moveaxis(x, 0, 5), ValueError, ["moveaxis", "5"]),
    (lambda x: nd.topk(x, k=5), ValueError, ["topk", "k is 5", "at most 4"]),
    (lambda x: nd.norm(x, ord=3), ValueError, ["norm", "ord is 3"]),
    (lambda x: nd.concat(x, nd.ones((2, 2)), dim=1), ValueError, ["concat", "(2, 2)"]),
    (lambda x: nd.square(x, foo=1), TypeError, ["square", "foo"]),
    (lambda x: nd.Convolution(x), AttributeError, ["Convolution", "losses", "numpy"]),
    (lambda x: x + "a", TypeError, ["str"]), (lambda x: nd.take(x, nd.array([np.nan])), ValueError,
                                              ["take", "NaN"])], ids=lambda a: str(a)[:9])
def test_errors(call, error, phrases):
    with pytest.raises(error) as caught:
        call(nd.array(A))
    for phrase in phrases:
        assert phrase in str(caught.value)
