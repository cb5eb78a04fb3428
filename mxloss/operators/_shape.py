"""Operators that move elements about: shapes, joins, slices, repetition, picking."""

import numpy as np

from ..base import MXNetValueError
from ._table import added_at, at_least_1d, normalise_axes, one_axis, operator, unbroadcast

# ---- Shapes --------------------------------------------------------------------------------------


def resolve_shape(old, codes, reverse=False):
    """MXNet's shape codes: 0 keeps a length, -1 is what is left over, -2 keeps all that remain, -3
    merges two, -4 splits one into the two lengths that follow."""
    old, codes = list(old), [int(n) for n in codes]
    if reverse:
        old, codes = old[::-1], codes[::-1]
        for i, n in enumerate(codes):  # a -4 and its two lengths come in their order
            if n == -4 and i >= 2:
                codes[i - 2 : i + 1] = [-4, codes[i - 1], codes[i - 2]]
    new, at, i = [], 0, 0

    def following(count):
        if at + count > len(old):
            raise MXNetValueError(f"shape {tuple(codes)} asks for more axes than {tuple(old)} has")
        return old[at : at + count]

    while i < len(codes):
        n = codes[i]
        if n == 0:
            new += following(1)
            at += 1
        elif n == -2:
            new += old[at:]
            at = len(old)
        elif n == -3:
            a, b = following(2)
            new.append(a * b)
            at += 2
        elif n == -4:
            (whole,) = following(1)
            if i + 2 >= len(codes):
                raise MXNetValueError("-4 in a shape needs two lengths after it")
            a, b = codes[i + 1 : i + 3]
            a = whole // b if a == -1 else a
            b = whole // a if b == -1 else b
            if a * b != whole:
                raise MXNetValueError(f"a length of {whole} cannot be split into {a} and {b}")
            new += [a, b]
            at += 1
            i += 2
        elif n == -1 or n > 0:
            new.append(n)
            at += 1
        else:
            raise MXNetValueError(f"{n} in a shape means nothing; expected a length or 0 to -4")
        i += 1
    return tuple(new[::-1] if reverse else new)


@operator("reshape", mxnet="Reshape")
def reshape(data, shape, reverse=False):
    codes = (shape,) if isinstance(shape, (int, np.integer)) else shape
    return data.reshape(resolve_shape(data.shape, codes, reverse)), lambda g: (
        g.reshape(data.shape),
    )


@operator("reshape_like", arrays=2, loose=(1,))
def reshape_like(lhs, rhs):
    return lhs.reshape(rhs.shape), lambda g: (g.reshape(lhs.shape), None)


@operator("flatten", mxnet="Flatten")
def flatten(data):
    return data.reshape(len(data), -1), lambda g: (g.reshape(data.shape),)


@operator("expand_dims")
def expand_dims(data, axis):
    return np.expand_dims(data, one_axis(axis, data.ndim + 1)), lambda g: (g.reshape(data.shape),)


@operator("squeeze")
def squeeze(data, axis=None):
    axes = None if axis is None else normalise_axes(axis, data.ndim)
    return at_least_1d(np.squeeze(data, axes)), lambda g: (g.reshape(data.shape),)


@operator("transpose")
def transpose(data, axes=None):
    axes = tuple(range(data.ndim))[::-1] if not axes else tuple(axes)
    return np.transpose(data, axes), lambda g: (np.transpose(g, np.argsort(axes)),)


@operator("swapaxes", mxnet="SwapAxis")
def swapaxes(data, dim1=0, dim2=0):
    return np.swapaxes(data, dim1, dim2), lambda g: (np.swapaxes(g, dim1, dim2),)


@operator("flip", mxnet="reverse")
def flip(data, axis):
    axes = normalise_axes(axis, data.ndim)
    return np.flip(data, axes), lambda g: (np.flip(g, axes),)


@operator("diag")
def diag(data, k=0, axis1=0, axis2=1):
    """A matrix with the elements of a vector on its k-th diagonal; or the diagonal of two axes."""
    if data.ndim == 1:
        return np.diag(data, k), lambda g: (np.diagonal(g, k).copy(),)
    first, second = one_axis(axis1, data.ndim), one_axis(axis2, data.ndim)
    value = np.diagonal(data, k, first, second)
    if not value.shape[-1]:
        raise MXNetValueError(f"k is {k}, which is no diagonal of an array of shape {data.shape}")

    def pullback(g):
        d = np.zeros_like(data)
        rows = np.arange(value.shape[-1])
        np.moveaxis(d, (first, second), (-2, -1))[..., rows + max(0, -k), rows + max(0, k)] = g
        return (d,)

    return value, pullback


@operator("cumsum")
def cumsum(a, axis=None, dtype=None):
    """Sums of the elements up to each; without an axis, of all in a row."""
    flat = a.reshape(-1) if axis is None else a
    at = 0 if axis is None else one_axis(axis, a.ndim)

    def pullback(g):
        back = np.flip(np.cumsum(np.flip(g, at), at), at)
        return (back.reshape(a.shape).astype(a.dtype, copy=False),)

    return np.cumsum(flat, at, dtype or a.dtype), pullback


@operator("zeros_like")
def zeros_like(data):
    return np.zeros_like(data), lambda g: (None,)


@operator("ones_like")
def ones_like(data):
    return np.ones_like(data), lambda g: (None,)


@operator("shape_array")
def shape_array(data):
    return np.array(data.shape, np.int64), lambda g: (None,)


@operator("size_array")
def size_array(data):
    return np.array([data.size], np.int64), lambda g: (None,)


# ---- Repetition ----------------------------------------------------------------------------------


@operator("broadcast_to")
def broadcast_to(data, shape):
    """A 0 keeps the length."""
    lead = len(shape) - data.ndim
    shape = tuple(data.shape[i - lead] if n == 0 and i >= lead else n for i, n in enumerate(shape))
    return np.broadcast_to(data, shape).copy(), lambda g: (unbroadcast(g, data.shape),)


@operator("broadcast_like", arrays=2, loose=(1,))
def broadcast_like(lhs, rhs):
    return np.broadcast_to(lhs, rhs.shape).copy(), lambda g: (unbroadcast(g, lhs.shape), None)


@operator("broadcast_axis", "broadcast_axes")
def broadcast_axis(data, axis=(), size=()):
    axes, sizes = (x if isinstance(x, (tuple, list)) else (x,) for x in (axis, size))
    shape = list(data.shape)
    for a, n in zip(axes, sizes):
        shape[one_axis(a, data.ndim)] = n
    return np.broadcast_to(data, shape).copy(), lambda g: (unbroadcast(g, data.shape),)


@operator("tile")
def tile(data, reps):
    reps = (reps,) if isinstance(reps, (int, np.integer)) else tuple(reps)
    ndim = max(len(reps), data.ndim)
    shape = (1,) * (ndim - data.ndim) + data.shape
    reps = (1,) * (ndim - len(reps)) + reps
    pairs = [n for pair in zip(reps, shape) for n in pair]
    return np.tile(data, reps), lambda g: (
        g.reshape(pairs).sum(tuple(range(0, 2 * ndim, 2))).reshape(data.shape),
    )


@operator("repeat")
def repeat(data, repeats, axis=None):
    flat = data.reshape(-1) if axis is None else data
    at = 0 if axis is None else one_axis(axis, data.ndim)
    shape = (*flat.shape[: at + 1], repeats, *flat.shape[at + 1 :])
    return np.repeat(flat, repeats, at), lambda g: (
        g.reshape(shape).sum(at + 1).reshape(data.shape),
    )


# ---- Joining and cutting -------------------------------------------------------------------------


@operator("concat", mxnet="Concat", arrays=None)
def concat(*data, dim=1):
    ends = np.cumsum([a.shape[one_axis(dim, a.ndim)] for a in data])[:-1]
    return np.concatenate(data, dim), lambda g: tuple(np.split(g, ends, dim))


@operator("stack", arrays=None)
def stack(*data, axis=0):
    return np.stack(data, axis), lambda g: tuple(np.moveaxis(g, axis, 0))


@operator("split", mxnet="SliceChannel", outputs=lambda a: a["num_outputs"])
def split(data, num_outputs, axis=1, squeeze_axis=False):
    at = one_axis(axis, data.ndim)
    parts = np.split(data, num_outputs, at)
    if squeeze_axis:
        parts = [part.squeeze(at) for part in parts]

    def pullback(g):
        parts = [np.expand_dims(a, at) for a in g] if squeeze_axis else g
        return (np.concatenate(parts, at),)

    return (parts if num_outputs > 1 else parts[0]), (
        pullback if num_outputs > 1 else lambda g: pullback([g])
    )


def cut(data, index):
    """data[index], as an operator."""

    def pullback(g):
        d = np.zeros_like(data)
        d[index] = g
        return (d,)

    return data[index], pullback


@operator("slice_axis")
def slice_axis(data, axis, begin, end):
    index = [slice(None)] * data.ndim
    index[one_axis(axis, data.ndim)] = slice(begin, end)
    return cut(data, tuple(index))


@operator("slice")
def slice_(data, begin, end, step=()):
    begin, end, step = (x if isinstance(x, (tuple, list)) else (x,) for x in (begin, end, step))
    step = (*step, *[None] * (len(begin) - len(step)))
    return cut(data, tuple(slice(*parts) for parts in zip(begin, end, step)))


@operator("slice_like", arrays=2, loose=(1,))
def slice_like(data, shape_like, axes=()):
    chosen = normalise_axes(axes, data.ndim) if axes else range(data.ndim)
    value, pullback = cut(
        data,
        tuple(slice(shape_like.shape[i]) if i in chosen else slice(None) for i in range(data.ndim)),
    )
    return value, lambda g: (*pullback(g), None)


@operator("_index")
def index_(data, key):
    """data[key] for any key of numpy; elements that are taken twice add up."""

    def pullback(g):
        return (added_at(data, key, g),)

    return at_least_1d(np.asarray(data[key])), lambda g: pullback(g.reshape(data[key].shape))


def without_axis(shapes, attributes):
    """One index for each place of the data without an axis."""
    data, index = shapes
    if data is not None and index is None:
        at = one_axis(attributes["axis"], len(data))
        index = data[:at] + data[at + 1 :]
    return [data, index]


# ---- Picking -------------------------------------------------------------------------------------


def as_index(index, length, mode):
    """Numbers as indices into an axis: truncated, then clipped or wrapped around."""
    if mode not in ("clip", "wrap"):
        raise MXNetValueError(f"mode is {mode!r}; expected 'clip' or 'wrap'")
    if not np.isfinite(index).all():
        raise MXNetValueError("an index is NaN or infinite; expected whole numbers")
    whole = np.trunc(index).astype(np.int64)
    return np.clip(whole, 0, length - 1) if mode == "clip" else whole % length


@operator("pick", arrays=2, loose=(1,), fill=without_axis)
def pick(data, index, axis=-1, keepdims=False, mode="clip"):
    at = one_axis(axis, data.ndim)
    full = tuple(1 if i == at else n for i, n in enumerate(data.shape))
    places = as_index(index, data.shape[at], mode).reshape(full)
    value = np.take_along_axis(data, places, at)

    def pullback(g):
        d = np.zeros_like(data)
        np.put_along_axis(d, places, g.reshape(full), at)
        return d, None

    return value if keepdims else at_least_1d(value.squeeze(at)), pullback


@operator("take", arrays=2, loose=(1,))
def take(a, indices, axis=0, mode="clip"):
    at = one_axis(axis, a.ndim)
    places = as_index(indices, a.shape[at], mode)

    def pullback(g):
        return added_at(a, (slice(None),) * at + (places,), g), None

    shape = a.shape[:at] + places.shape + a.shape[at + 1 :]
    # of one axis, since numpy crashes where there are too many together
    return np.take(a, places.ravel(), at).reshape(shape), pullback


@operator("batch_take", arrays=2, loose=(1,))
def batch_take(a, indices):
    """One element of each row."""
    return pick(a, indices, axis=1)


@operator("gather_nd", arrays=2, loose=(1,))
def gather_nd(data, indices):
    places = tuple(indices.astype(np.int64))

    def pullback(g):
        return added_at(data, places, g), None

    return data[places], pullback


@operator("one_hot", loose=(0,))
def one_hot(indices, depth, on_value=1.0, off_value=0.0, dtype="float32"):
    """Rows of off_value where an index is out of range."""
    hit = np.trunc(indices)[..., None] == np.arange(depth)
    return np.where(hit, on_value, off_value).astype(dtype), lambda g: (None,)


@operator(
    "SequenceMask",
    "sequence_mask",
    arrays=2,
    loose=(1,),
    optional={"sequence_length": lambda a: a["use_sequence_length"]},
)
def sequence_mask(data, sequence_length=None, use_sequence_length=False, value=0.0, axis=0):
    """What lies beyond each sample's length along `axis`, 0 or 1, becomes `value`; samples are
    along the other one."""
    if not use_sequence_length or sequence_length is None:
        return data.copy(), lambda g: (g, None)
    if axis not in (0, 1):
        raise MXNetValueError(f"axis is {axis!r}; expected 0 or 1")
    inside = np.arange(data.shape[axis])[:, None] < np.trunc(sequence_length)[None, :]
    inside = (inside if axis == 0 else inside.T).reshape(data.shape[:2] + (1,) * (data.ndim - 2))
    return np.where(inside, data, data.dtype.type(value)), lambda g: (
        np.where(inside, g, 0).astype(data.dtype, copy=False),
        None,
    )
