"""Operators of networks: products of matrices, and losses that are operators."""

import math

import numpy as np

from .. import _core, autograd, random
from ..base import MXNetValueError
from ._reduce import log_softmax_of
from ._table import added_at, normalise_axes, operator


def flipped(a, flip):
    return np.swapaxes(a, -1, -2) if flip else a


@operator("dot", arrays=2)
def dot(lhs, rhs, transpose_a=False, transpose_b=False):
    """The last axis of lhs (transpose_a: the first) by the first of rhs (transpose_b: the last)."""
    a = np.moveaxis(lhs, 0, -1) if transpose_a else lhs
    b = np.moveaxis(rhs, -1, 0) if transpose_b else rhs

    def pullback(g):
        if a.ndim == b.ndim == 1:
            return b * g, a * g
        da = np.tensordot(g, b, (range(a.ndim - 1, g.ndim), range(1, b.ndim)))
        db = np.tensordot(a, g, (range(a.ndim - 1), range(a.ndim - 1)))
        return (
            np.moveaxis(da, -1, 0) if transpose_a else da,
            np.moveaxis(db, 0, -1) if transpose_b else db,
        )

    return np.tensordot(a, b, 1).reshape(a.shape[:-1] + b.shape[1:] or (1,)), pullback


@operator("batch_dot", arrays=2)
def batch_dot(lhs, rhs, transpose_a=False, transpose_b=False):
    a, b = flipped(lhs, transpose_a), flipped(rhs, transpose_b)
    return a @ b, lambda g: (
        flipped(g @ flipped(b, True), transpose_a),
        flipped(flipped(a, True) @ g, transpose_b),
    )


def shapes_of_layer(shapes, attributes):
    """Weight and bias from the data."""
    data, weight, *bias = shapes
    units = attributes["num_hidden"]
    if data is not None and units is not None and weight is None:
        weight = (units, math.prod(data[1:]) if attributes["flatten"] else data[-1])
    if units is not None:
        bias = [(units,) for _ in bias]
    return [data, weight, *bias]


@operator(
    "FullyConnected",
    arrays=3,
    optional={"bias": lambda a: not a["no_bias"]},
    fill=shapes_of_layer,
)
def fully_connected(data, weight, bias=None, num_hidden=None, no_bias=False, flatten=True):
    if not data.ndim or weight.ndim != 2:
        raise MXNetValueError(
            f"data has shape {data.shape} and weight {weight.shape}; expected 1 axis or more, and 2"
        )
    x = data.reshape(len(data), math.prod(data.shape[1:])) if flatten else data
    if x.shape[-1] != weight.shape[1]:
        raise MXNetValueError(
            f"data has shape {data.shape}, that is {x.shape[-1]} features; "
            f"expected {weight.shape[1]}, as weight has shape {weight.shape}"
        )
    if num_hidden is not None and len(weight) != num_hidden:
        raise MXNetValueError(f"weight has {len(weight)} rows; expected num_hidden, {num_hidden}")
    value = x @ weight.T
    with_bias = bias is not None and not no_bias

    def pullback(g):
        rows = g.reshape(-1, g.shape[-1])
        return (
            (g @ weight).reshape(data.shape),
            rows.T @ x.reshape(-1, x.shape[-1]),
            rows.sum(0) if with_bias else None,
        )

    return value + bias if with_bias else value, pullback


@operator("Dropout", hidden=1)
def dropout(data, p=0.5, mode="training", axes=(), cudnn_off=False):
    """In training (mode 'always': ever), each element becomes 0 with probability p, or is divided
    by 1 - p. Along `axes` all elements share their fate."""
    if not 0 <= p < 1:
        raise MXNetValueError(f"p is {p!r}; expected a probability from 0 to below 1")
    if mode not in ("training", "always"):
        raise MXNetValueError(f"mode is {mode!r}; expected 'training' or 'always'")
    if p == 0 or not (mode == "always" or autograd.is_training()):
        return data.copy(), lambda g: (g,)
    shape = [1 if i in normalise_axes(axes, data.ndim) else n for i, n in enumerate(data.shape)]
    kept = random.generator().random(shape if axes else data.shape) >= p
    factor = kept.astype(data.dtype) / data.dtype.type(1 - p)
    return data * factor, lambda g: (g * factor,)


def shape_of_classes(shapes, attributes):
    """One label for each sample, with multi_output for each place of it."""
    data, label = shapes
    if data is not None and label is None:
        label = (data[0], *data[2:]) if attributes["multi_output"] else data[:-1]
    return [data, label]


@operator("SoftmaxOutput", arrays=2, loose=(1,), fill=shape_of_classes)
def softmax_output(
    data,
    label,
    grad_scale=1.0,
    ignore_label=-1.0,
    multi_output=False,
    use_ignore=False,
    preserve_shape=False,
    normalization="null",
    smooth_alpha=0.0,
):
    """softmax, whose gradient is that of the cross entropy, whatever comes back.

    Classes lie along axis 1 with multi_output, the last one with preserve_shape, else along all
    axes but the first. smooth_alpha is the probability that is spread over the other classes."""
    if normalization not in ("null", "batch", "valid"):
        raise MXNetValueError(f"normalization is {normalization!r}; expected null, batch or valid")
    axis = 1 if multi_output else -1
    x = data if multi_output or preserve_shape else data.reshape(len(data), -1)
    p = np.exp(log_softmax_of(x, axis))
    if label.shape != data.shape and label.size != p.size // p.shape[axis]:
        raise MXNetValueError(
            f"label has shape {label.shape}; expected one class for each of the "
            f"{p.size // p.shape[axis]} places, or probabilities of shape {data.shape}. Pass "
            "preserve_shape=True if classes lie along the last axis, multi_output=True if along "
            "axis 1"
        )

    def pullback(g):
        if label.shape == data.shape:  # probabilities
            d = (p - label.reshape(p.shape)) * grad_scale
            return d.reshape(data.shape).astype(data.dtype, copy=False), None
        z = label.reshape(np.delete(p.shape, axis % p.ndim)).astype(np.int64)
        other = smooth_alpha / (p.shape[axis] - 1) if smooth_alpha else 0
        d = p - p.dtype.type(other)
        places = np.expand_dims(np.clip(z, 0, p.shape[axis] - 1), axis)
        hit = np.expand_dims((z >= 0) & (z < p.shape[axis]), axis) * (1 - smooth_alpha - other)
        np.put_along_axis(d, places, np.take_along_axis(d, places, axis) - hit, axis)
        valid = z != ignore_label
        if use_ignore:
            d *= np.expand_dims(valid, axis)
        each = z[0].size if multi_output else 1  # places of a sample
        by = {"null": each, "batch": z.size, "valid": max(1, valid.sum())}[normalization]
        d *= grad_scale / by
        return d.reshape(data.shape).astype(data.dtype, copy=False), None

    return p.reshape(data.shape), pullback


def interpolation(old, new, align_corners):
    """The matrix of linear interpolation from `old` points to `new` ones."""
    if align_corners:
        at = np.arange(new) * ((old - 1) / (new - 1) if new > 1 else 0)
    else:
        at = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, None)
    below = np.minimum(at.astype(np.int64), old - 1)
    matrix = np.zeros((new, old))
    matrix[range(new), below] = 1 - (at - below)
    matrix[range(new), np.minimum(below + 1, old - 1)] += at - below
    return matrix


@operator("_contrib_BilinearResize2D")
def bilinear_resize(
    data, height=1, width=1, scale_height=None, scale_width=None, mode="size", align_corners=True
):
    """Images (N, C, H, W) with another height and width, given as such or as factors."""
    if mode != "size":
        raise MXNetValueError(f"mode is {mode!r}; expected 'size'")
    if data.ndim != 4:
        raise MXNetValueError(f"data has shape {data.shape}; expected four axes")
    height = int(scale_height * data.shape[2]) if scale_height else height
    width = int(scale_width * data.shape[3]) if scale_width else width
    rows = interpolation(data.shape[2], height, align_corners).astype(data.dtype)
    columns = interpolation(data.shape[3], width, align_corners).astype(data.dtype)
    return rows @ data @ columns.T, lambda g: (rows.T @ g @ columns,)


def shape_of_table(shapes, attributes):
    """The table from its attributes."""
    data, weight = shapes
    return [data, weight or (attributes["input_dim"], attributes["output_dim"])]


@operator("Embedding", arrays=2, loose=(0,), fill=shape_of_table)
def embedding(data, weight, input_dim=None, output_dim=None, dtype="float32"):
    rows = np.clip(data.astype(np.int64), 0, len(weight) - 1)

    return weight[rows], lambda g: (None, added_at(weight, rows, g))


@operator(
    "CTCLoss",
    "ctc_loss",
    arrays=4,
    loose=(1, 2, 3),
    hidden=1,
    optional={
        "data_lengths": lambda a: a["use_data_lengths"],
        "label_lengths": lambda a: a["use_label_lengths"],
    },
)
def ctc_loss(
    data,
    label,
    data_lengths=None,
    label_lengths=None,
    use_data_lengths=False,
    use_label_lengths=False,
    blank_label="first",
):
    """The cost of each sample; data is (T, N, C). With blank_label='first', class 0 is the blank
    and labels end before the first 0; with 'last', class C - 1 and -1."""
    if blank_label not in ("first", "last"):
        raise MXNetValueError(f"blank_label is {blank_label!r}; expected 'first' or 'last'")
    first = blank_label == "first"
    options = _core.Options(
        _core.LOSSES["CTCLoss"], {}, {"LAYOUT_TNC": True, "BLANK_IN_LABEL": not first}
    )
    inputs = [
        np.roll(data, -1, 2) if first else data,
        label - 1 if first else label,
        data_lengths if use_data_lengths else None,
        label_lengths if use_label_lengths else None,
    ]
    value, (d,) = _core.run(options, inputs, wrt=(0,))

    def pullback(g):
        back = d * g[:, None]
        return (np.roll(back, 1, 2) if first else back), None, None, None

    return value, pullback
