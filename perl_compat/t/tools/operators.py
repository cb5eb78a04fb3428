"""Writes t/data/operators.json: calls of operators and what plain numpy makes of them.

    python operators.py > ../data/operators.json

Nothing here is mxloss's: each result is a line of numpy. A case has the operator, its inputs (shape,
elements), its options, the result's shape and elements (a list of these if there are several), and
whether finite differences say something about its gradient, at which inputs. The test takes the
gradient's reference from these: inputs keep away from kinks.
"""

import json
import math

import numpy as np

rng = np.random.default_rng(7)
cases = []


def numbers(*shape, low=-2.0, high=2.0):
    """Distinct numbers with few digits, none near 0 or another."""
    count = math.prod(shape)
    values = np.linspace(low, high, count * 2 + 1)[1::2] + 0.013
    if low < 0:
        values = values * (1 - 0.2 / high) + np.copysign(0.2, values)
    return np.round(rng.permutation(values), 4).reshape(shape)


def add(op, inputs, result, wrt=None, **options):
    """wrt: numbers of the inputs that have a gradient; None for all."""
    results = result if isinstance(result, list) else [result]
    cases.append(
        {
            "op": op,
            "inputs": [None if a is None else pack(a) for a in inputs],
            "options": options,
            "results": [pack(r) for r in results],
            "wrt": [i for i, a in enumerate(inputs) if a is not None] if wrt is None else wrt,
        }
    )


def pack(a):
    a = np.asarray(a, np.float64)
    a = a.reshape(1) if a.ndim == 0 else a
    digits = [float(f"{n:.13g}") for n in a.reshape(-1)]
    return {"shape": list(a.shape), "data": [int(n) if n == n and n == int(n) else n for n in digits]}


each = np.vectorize
sigmoid = lambda x: 1 / (1 + np.exp(-x))

# ---- one array, element by element
x = numbers(2, 3)
p = numbers(2, 3, low=0.2, high=3.0)
u = numbers(2, 3, low=-0.9, high=0.9)
big = numbers(2, 3, low=1.2, high=4.0)
for name, a, f in [
    ("square", x, np.square), ("abs", x, np.abs), ("exp", x, np.exp), ("log", p, np.log),
    ("log1p", u, np.log1p), ("expm1", x, np.expm1), ("log2", p, np.log2), ("log10", p, np.log10),
    ("sqrt", p, np.sqrt), ("rsqrt", p, lambda x: x**-0.5), ("reciprocal", x, lambda x: 1 / x),
    ("relu", x, lambda x: np.maximum(x, 0)), ("sigmoid", x, sigmoid),
    ("softrelu", x, lambda x: np.logaddexp(0, x)), ("softsign", x, lambda x: x / (1 + abs(x))),
    ("tanh", x, np.tanh), ("sin", x, np.sin), ("cos", x, np.cos), ("arcsin", u, np.arcsin),
    ("arccos", u, np.arccos), ("arctan", x, np.arctan), ("negative", x, np.negative),
    ("identity", x, np.array), ("tan", u, np.tan), ("sinh", x, np.sinh), ("cosh", x, np.cosh),
    ("arcsinh", x, np.arcsinh), ("arccosh", big, np.arccosh), ("arctanh", u, np.arctanh),
    ("cbrt", x, np.cbrt), ("rcbrt", x, lambda x: 1 / np.cbrt(x)), ("degrees", x, np.degrees),
    ("radians", x, np.radians), ("erf", x, each(math.erf)), ("gammaln", p, each(math.lgamma)),
    ("gamma", p, each(math.gamma)),
]:  # fmt: skip
    add(name, [a], f(a))
half = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.3, -0.7, 0.0])
for name, f in [
    ("sign", np.sign), ("floor", np.floor), ("ceil", np.ceil), ("trunc", np.trunc),
    ("fix", np.trunc), ("round", lambda x: np.trunc(x + np.copysign(0.5, x))),
    ("rint", lambda x: np.ceil(x - 0.5)), ("logical_not", lambda x: x == 0),
]:  # fmt: skip
    add(name, [half], f(half), wrt=[])
for kind, f in [
    ("relu", lambda x: np.maximum(x, 0)), ("sigmoid", sigmoid), ("tanh", np.tanh),
    ("softrelu", lambda x: np.logaddexp(0, x)), ("softsign", lambda x: x / (1 + abs(x))),
]:  # fmt: skip
    add("Activation", [x], f(x), act_type=kind)
add("BlockGrad", [x], x, wrt=[])
add("make_loss", [x], x, wrt=[])
add("cast", [x], x, dtype="float64")
add("clip", [x], np.clip(x, -1, 0.7), a_min=-1, a_max=0.7)
for s in (1, 2):
    near = abs(x) < 1 / s**2
    add("smooth_l1", [x], np.where(near, 0.5 * (s * x) ** 2, abs(x) - 0.5 / s**2), scalar=s)
add("hard_sigmoid", [x * 2], np.clip(0.2 * x * 2 + 0.5, 0, 1))
add("LeakyReLU", [x], np.where(x > 0, x, 0.1 * x), slope=0.1)
add("LeakyReLU", [x], np.where(x > 0, x, 0.5 * np.expm1(x)), act_type="elu", slope=0.5)

# ---- two arrays
y, row, column = numbers(2, 3, low=-1.7, high=2.2), numbers(3), numbers(2, 1)
pairs = {
    "plus": np.add, "minus": np.subtract, "mul": np.multiply, "div": np.divide, "mod": np.mod,
    "maximum": np.maximum, "minimum": np.minimum, "hypot": np.hypot, "arctan2": np.arctan2,
    "power": np.power,
}  # fmt: skip
for stem, f in pairs.items():
    base = p if stem == "power" else x
    add(f"broadcast_{stem}", [base, y], f(base, y))
    add(f"broadcast_{stem}", [base, row], f(base, row))
    add(f"broadcast_{stem}", [base[0], column], f(base[0], column))
    add(f"_{stem}", [base, y], f(base, y))
    add(f"_{stem}_scalar", [base], f(base, 1.3), scalar=1.3)
    add(f"_r{stem}_scalar", [base], f(1.3, base), scalar=1.3)
tie = np.array([[0.0, 1, 2], [2, 1, 0]])
other = np.array([[0.0, 2, 1], [0, 1, 0]])
for stem, f in {
    "equal": np.equal, "not_equal": np.not_equal, "greater": np.greater,
    "greater_equal": np.greater_equal, "lesser": np.less, "lesser_equal": np.less_equal,
    "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor,
}.items():  # fmt: skip
    add(f"broadcast_{stem}", [tie, other], f(tie, other), wrt=[])
    add(f"broadcast_{stem}", [tie, other[1]], f(tie, other[1]), wrt=[])
    add(f"_{stem}", [tie, other], f(tie, other), wrt=[])
    add(f"_{stem}_scalar", [tie], f(tie, 1), wrt=[], scalar=1)
    add(f"_r{stem}_scalar", [tie], f(1, tie), wrt=[], scalar=1)
condition = np.array([[1.0, 0, 1], [0, 0, 2]])
add("where", [condition, x, y], np.where(condition, x, y), wrt=[1, 2])
add("where", [np.array([1.0, 0]), x, y], np.stack([x[0], y[1]]), wrt=[1, 2])
add("add_n", [x, y, p], x + y + p)

# ---- reductions
t = numbers(2, 3, 4)
holes = t.copy()
holes[0, 1, 2] = holes[1, 0, 0] = math.nan
for name, f in [
    ("sum", np.sum), ("mean", np.mean), ("prod", np.prod), ("max", np.max), ("min", np.min),
    ("norm", lambda a, axis, keepdims=False: np.sqrt((a * a).sum(axis, keepdims=keepdims))),
]:  # fmt: skip
    add(name, [t], f(t, axis=None))
    for axis in (0, 1, -1, (0, 2), (1, 2)):
        add(name, [t], f(t, axis=axis), axis=axis)
    add(name, [t], f(t, axis=(0, 1), keepdims=True), axis=(0, 1), keepdims=1)
    if name != "norm":
        add(name, [t], f(t, axis=(0, 2)), axis=1, exclude=1)
        add(name, [t], t, axis=(0, 1, 2), exclude=1)
add("norm", [t], abs(t).sum(1), ord=1, axis=1)
add("nansum", [holes], np.nansum(holes, 1), wrt=[], axis=1)
add("nansum", [t], t.sum(1), axis=1)
zeros = np.array([[1.5, 0.0, 2], [0.0, 0.0, 3], [1, 2, -3]])
add("prod", [zeros], zeros.prod(1), axis=1)
size = lambda a, axes: np.sqrt((a * a).sum(axes, keepdims=True) + 1e-10)
for mode, axes in (("instance", (1, 2)), ("channel", (1,)), ("spatial", (2,))):
    add("L2Normalization", [t], t / size(t, axes), mode=mode)


def softmax(a, axis=-1):
    e = np.exp(a - a.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


for axis in (-1, 0, 1):
    add("softmax", [t], softmax(t, axis), axis=axis)
    add("log_softmax", [t], np.log(softmax(t, axis)), axis=axis)
    add("softmin", [t], softmax(-t, axis), axis=axis)
add("softmax", [t], softmax(t / 2.5), temperature=2.5)
add("log_softmax", [t], np.log(softmax(t / 2.5)), temperature=2.5)
label = np.array([2.0, 0])
lp = np.log(softmax(x))
add("softmax_cross_entropy", [x, label], -lp[[0, 1], [2, 0]].sum(), wrt=[0])
add("SoftmaxOutput", [x, label], softmax(x), wrt=[])
add("SoftmaxOutput", [t, np.zeros((2, 4))], softmax(t, 1), wrt=[], multi_output=1)
add("argmax", [t], np.argmax(t), wrt=[])
for axis in (0, 1, -1):
    add("argmax", [t], np.argmax(t, axis), wrt=[], axis=axis)
    add("argmin", [t], np.argmin(t, axis), wrt=[], axis=axis)
add("argmax", [t], np.argmax(t, 1)[:, None], wrt=[], axis=1, keepdims=1)
equal = np.array([[2.0, 1, 2, 1], [0, 0, 0, 0]])
add("argmax", [equal], np.argmax(equal, 1), wrt=[], axis=1)
add("argmin", [equal], np.argmin(equal, 1), wrt=[], axis=1)
for axis in (0, 1, 2):
    add("argsort", [t], np.argsort(t, axis, "stable"), wrt=[], axis=axis)
    add("sort", [t], np.sort(t, axis), axis=axis)
    add("sort", [t], -np.sort(-t, axis), axis=axis, is_ascend=0)
    down = np.argsort(-t, axis, "stable")
    first = np.take(down, range(2), axis)
    best = np.take_along_axis(t, first, axis)
    add("topk", [t], first, wrt=[], axis=axis, k=2)
    add("topk", [t], best, axis=axis, k=2, ret_typ="value")
    add("topk", [t], [best, first], axis=axis, k=2, ret_typ="both")
add("argsort", [equal], np.argsort(-equal, 1, "stable"), wrt=[], is_ascend=0)
add("topk", [equal], np.argsort(equal, 1, "stable")[:, :3], wrt=[], k=3, is_ascend=1)
add("topk", [t], np.sort(t.reshape(-1))[::-1][:3], axis=None, k=3, ret_typ="value")

# ---- shapes
add("_reshape", [t], t.reshape(4, 6), shape=[4, -1])
for codes, shape in [
    ((0, -1), (2, 12)), ((-2,), (2, 3, 4)), ((-3, 0), (6, 4)), ((0, -4, -1, 1, 0), (2, 3, 1, 4)),
    ((6, 1, -1), (6, 1, 4)),
]:  # fmt: skip
    add("_reshape", [t], t.reshape(shape), shape=codes)
add("_reshape", [t], t.reshape(6, 4), shape=[-1, 0], reverse=1)
add("reshape_like", [t, np.zeros((4, 6))], t.reshape(4, 6), wrt=[0])
add("flatten", [t], t.reshape(2, 12))
for axis in (0, 1, -1):
    add("expand_dims", [t], np.expand_dims(t, axis), axis=axis)
add("squeeze", [t[:1, :, :1]], t[0, :, 0])
add("squeeze", [t[:1, :, :1]], t[:1, :, 0], axis=2)
add("_transpose", [t], t.T)
add("_transpose", [t], t.transpose(2, 0, 1), axes=[2, 0, 1])
add("_transpose", [t], t.transpose(1, 2, 0), axes=[1, 2, 0])
add("swapaxes", [t], t.swapaxes(0, 2), dim1=0, dim2=2)
add("flip", [t], np.flip(t, 1), axis=1)
add("flip", [t], np.flip(t, (0, 2)), axis=(0, 2))
add("zeros_like", [t], t * 0, wrt=[])
add("ones_like", [t], t * 0 + 1, wrt=[])
add("shape_array", [t], t.shape, wrt=[])
add("size_array", [t], [t.size], wrt=[])
add("arange_like", [t], np.arange(24).reshape(2, 3, 4) * 0.5 + 1, wrt=[], start=1, step=0.5)
add("arange_like", [t], np.arange(3), wrt=[], axis=1)
add("cumsum", [t], t.cumsum())
add("cumsum", [t], t.cumsum(1), axis=1)
add("broadcast_to", [column], np.broadcast_to(column, (2, 3)), shape=[2, 3])
add("broadcast_to", [column], np.broadcast_to(column, (4, 2, 3)), shape=[4, 0, 3])
add("broadcast_like", [row, t[:, :, :3]], np.broadcast_to(row, (2, 3, 3)), wrt=[0])
add("broadcast_axis", [column], np.broadcast_to(column, (2, 4)), axis=1, size=4)
for reps in ((2,), (2, 1), (1, 3, 2), (2, 1, 2, 2)):
    add("tile", [x], np.tile(x, reps), reps=reps)
add("tile", [t], np.tile(t, (2, 2)), reps=(2, 2))
add("repeat", [x], np.repeat(x, 2), repeats=2)
for axis in (0, 1):
    add("repeat", [x], np.repeat(x, 3, axis), repeats=3, axis=axis)

# ---- joining and cutting
add("concat", [x, y], np.concatenate([x, y], 1))
extra = numbers(1, 3)
add("concat", [x, extra, y], np.concatenate([x, extra, y], 0), dim=0)
for axis in (0, 1, 2):
    add("stack", [x, y, p], np.stack([x, y, p], axis), axis=axis)
add("split", [t], np.split(t, 2, 2), num_outputs=2, axis=2)
add("split", [t], [a[:, 0] for a in np.split(t, 3, 1)], num_outputs=3, squeeze_axis=1)
add("slice_axis", [t], t[:, 1:3], axis=1, begin=1, end=3)
add("slice_axis", [t], t[:, :, -3:-1], axis=2, begin=-3, end=-1)
add("slice_axis", [t], t[:, :, 2:], axis=-1, begin=2, end=None)
add("_crop", [t], t[0:1, 1:3], begin=[0, 1], end=[1, 3])
add("_crop", [t], t[:, ::-1, 1::2], begin=[None, None, 1], end=[None, None, None], step=[1, -1, 2])
add("slice_like", [t, np.zeros((1, 2, 2))], t[:1, :2, :2], wrt=[0])
add("slice_like", [t, np.zeros((1, 2, 2))], t[:, :2], wrt=[0], axes=[1])
lengths = np.array([1.0, 2, 3])
mask = np.arange(2)[:, None] < lengths
add("SequenceMask", [t, lengths], np.where(mask[..., None], t, 7), wrt=[0], use_sequence_length=1,
    value=7)  # fmt: skip
mask = np.arange(3) < np.array([3, 1])[:, None]
add("SequenceMask", [t, np.array([3.0, 1])], np.where(mask[..., None], t, 0), wrt=[0],
    use_sequence_length=1, axis=1)  # fmt: skip
add("SequenceMask", [t, None], t)

# ---- places
add("pick", [x, np.array([2.0, 0])], x[[0, 1], [2, 0]], wrt=[0])
add("pick", [x, np.array([5.0, -3])], x[[0, 1], [2, 0]], wrt=[0])
add("pick", [x, np.array([5.0, -2])], x[[0, 1], [2, 1]], wrt=[0], mode="wrap")
add("pick", [x, np.array([1.0, 0, 1])], x[[1, 0, 1], [0, 1, 2]], wrt=[0], axis=0)
add("pick", [x, np.array([2.0, 0])], x[[0, 1], [2, 0]][:, None], wrt=[0], keepdims=1)
at = np.array([[0.0, 2, 1, 0], [1, 1, 2, 2]])
add("pick", [t, at], np.take_along_axis(t, at.astype(int)[:, None], 1)[:, 0], wrt=[0], axis=1)
add("batch_take", [x, np.array([2.0, 0])], x[[0, 1], [2, 0]], wrt=[0])
index = np.array([[0.0, 2], [2, 1]])
for axis in (0, 1, 2):
    n = t.shape[axis]
    add("take", [t, index], np.take(t, np.clip(index.astype(int), 0, n - 1), axis), wrt=[0],
        axis=axis)  # fmt: skip
add("take", [row, index], row[index.astype(int)], wrt=[0])
add("take", [t, index], np.take(t, index.astype(int) % 2, 0), wrt=[0], mode="wrap")
w = numbers(4, 3)
add("Embedding", [index, w], w[index.astype(int)], wrt=[1], input_dim=4, output_dim=3)
where = np.array([[0.0, 1, 1], [2, 0, 2]])
add("gather_nd", [t, where], t[[0, 1, 1], [2, 0, 2]], wrt=[0])
where = np.array([[0.0, 1, 1], [2, 0, 2], [3, 3, 3]])
add("gather_nd", [t, where], t[[0, 1, 1], [2, 0, 2], 3], wrt=[0])
add("one_hot", [np.array([[1.0, 0], [7, 2]])], np.eye(8)[[[1, 0], [7, 2]]][:, :, :3], wrt=[],
    depth=3)  # fmt: skip
add("one_hot", [np.array([1.0, 0])], np.array([[-1, 5], [5, -1]]), wrt=[], depth=2, on_value=5,
    off_value=-1)  # fmt: skip

# ---- networks
a, b = numbers(2, 3), numbers(3, 4)
add("dot", [a, b], a @ b)
add("dot", [a.T, b], a @ b, transpose_a=1)
add("dot", [a, b.T], a @ b, transpose_b=1)
add("dot", [a.T, b.T], a @ b, transpose_a=1, transpose_b=1)
add("dot", [a[0], b[:, 0]], a[0] @ b[:, 0])
add("dot", [a, b[:, 0]], a @ b[:, 0])
add("dot", [t, b.T], np.tensordot(t, b.T, 1))
add("dot", [a, t.transpose(1, 0, 2)], np.tensordot(a, t.transpose(1, 0, 2), 1))
m, k = numbers(2, 2, 3), numbers(2, 3, 4)
add("batch_dot", [m, k], m @ k)
add("batch_dot", [m.swapaxes(1, 2), k], m @ k, transpose_a=1)
add("batch_dot", [m, k.swapaxes(1, 2)], m @ k, transpose_b=1)
weight, bias = numbers(5, 12), numbers(5)
flat = t.reshape(2, 12)
add("FullyConnected", [t, weight, bias], flat @ weight.T + bias, num_hidden=5)
add("FullyConnected", [t, weight, None], flat @ weight.T, num_hidden=5, no_bias=1)
weight = numbers(5, 4)
add("FullyConnected", [t, weight, bias], t @ weight.T + bias, num_hidden=5, flatten=0)
add("Dropout", [x], x, p=0.5)

# ---- updates: weight, gradient, then state
state, second = numbers(2, 3), abs(numbers(2, 3))
step = 0.5 * y + 0.25 * x
add("sgd_update", [x, y], x - 0.125 * step, wrt=[], lr=0.125, wd=0.25, rescale_grad=0.5)
add("sgd_update", [x, y], x - 0.125 * np.clip(y, -1, 1), wrt=[], lr=0.125, clip_gradient=1)
moved = 0.5 * state - 0.125 * step
add("sgd_mom_update", [x, y, state], x + moved, wrt=[], lr=0.125, momentum=0.5, wd=0.25,
    rescale_grad=0.5)  # fmt: skip
mean, var = 0.5 * state + 0.5 * step, 0.75 * second + 0.25 * step**2
add("adam_update", [x, y, state, second], x - 0.125 * mean / (np.sqrt(var) + 0.0625), wrt=[],
    lr=0.125, beta1=0.5, beta2=0.75, epsilon=0.0625, wd=0.25, rescale_grad=0.5)  # fmt: skip


# ---- CTC by the sum over all paths
def ctc(data, labels, blank):
    """-log of the probability of all paths that read as the label."""
    costs = []
    frames, _, classes = data.shape
    for n, label in enumerate(labels):
        q = softmax(data[:, n])
        total = 0.0
        for number in range(classes**frames):
            path = [(number // classes**i) % classes for i in range(frames)]
            read = [c for i, c in enumerate(path) if c != blank and (i == 0 or path[i - 1] != c)]
            if read == list(label):
                total += math.prod(q[i, c] for i, c in enumerate(path))
        costs.append(-math.log(total))
    return np.array(costs)


scores = numbers(4, 2, 3)
add("CTCLoss", [scores, np.array([[1.0, 2], [2, 0]])], ctc(scores, [[1, 2], [2]], 0), wrt=[0])
add("CTCLoss", [scores, np.array([[0.0, 1], [1, -1]])], ctc(scores, [[0, 1], [1]], 2), wrt=[0],
    blank_label="last")  # fmt: skip
add("CTCLoss", [scores, np.array([[1.0, 2], [2, 2]]), None, np.array([2.0, 1])],
    ctc(scores, [[1, 2], [2]], 0), wrt=[0], use_label_lengths=1)  # fmt: skip

print("[")
print(",\n".join(json.dumps(case, separators=(",", ":")).replace("NaN", '"nan"') for case in cases))
print("]")
