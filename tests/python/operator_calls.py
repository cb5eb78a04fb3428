"""Every operator, with inputs and numpy's answer: what test_operators.py calls."""

import math

import numpy as np

from mxloss.operators import TABLE

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
