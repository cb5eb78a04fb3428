"""Operators that reduce axes: sums, extremes, norms, softmax, places of elements."""

import numpy as np

from ..base import MXNetValueError
from ._table import at_least_1d, normalise_axes, one_axis, operator


def kept(a, axes, keepdims):
    """a, reduced with its axes kept, as the result: without them, but never without any axis."""
    if keepdims:
        return a
    return at_least_1d(a.reshape([n for i, n in enumerate(a.shape) if i not in axes]))


def wide(data):
    """float16 is added up in float32."""
    return np.float32 if data.dtype == np.float16 else data.dtype


def reduction(*names):
    """For functions of the data and the axes that return the result, its axes kept, and a function
    from the gradient, its axes kept, to the data's."""

    def enter(function):
        def entry(data, axis=None, keepdims=False, exclude=False):
            axes = normalise_axes(axis, data.ndim, exclude)
            value, pullback = function(data, axes)
            shape = value.shape
            return kept(value.astype(data.dtype, copy=False), axes, keepdims), lambda g: (
                pullback(g.reshape(shape)).astype(data.dtype, copy=False),
            )

        operator(*names)(entry)
        return function

    return enter


@reduction("sum", "sum_axis")
def _(data, axes):
    value = data.sum(axes, dtype=wide(data), keepdims=True)
    return value, lambda g: np.broadcast_to(g, data.shape)


@reduction("mean")
def _(data, axes):
    total = np.add.reduce(data, axes, wide(data), keepdims=True)
    count = max(1, data.size // max(1, total.size))
    value = total / total.dtype.type(count if data.size else 0)
    return value, lambda g: np.broadcast_to(g / count, data.shape)


@reduction("nansum")
def _(data, axes):
    value = np.nansum(data, axes, dtype=wide(data), keepdims=True)
    return value, lambda g: np.where(np.isnan(data), 0, g)


@reduction("prod")
def _(data, axes):
    value = data.prod(axes, keepdims=True)

    def pullback(g):
        zeros = (data == 0).sum(axes, keepdims=True)
        others = np.where(data == 0, 1, data)
        rest = others.prod(axes, keepdims=True)  # the product without its zeros
        alone = np.where(zeros == 0, rest / others, np.where((zeros == 1) & (data == 0), rest, 0))
        return g * alone

    return value, pullback


def extreme(function):
    """A tie: every one of the largest has the full gradient."""

    def reduce(data, axes):
        value = function(data, axis=axes, keepdims=True)
        return value, lambda g: g * (data == value)

    return reduce


reduction("max", "max_axis")(extreme(np.max))
reduction("min", "min_axis")(extreme(np.min))


@operator("norm")
def norm(data, ord=2, axis=None, keepdims=False):
    """Of vectors; at zero the gradient is 0, where MXNet has NaN."""
    if ord not in (1, 2):
        raise MXNetValueError(f"ord is {ord!r}; expected 1 or 2")
    axes = normalise_axes(axis, data.ndim)
    if ord == 1:
        value = np.abs(data).sum(axes, dtype=wide(data), keepdims=True)
    else:
        value = np.sqrt((data.astype(wide(data)) ** 2).sum(axes, keepdims=True))
    value = value.astype(data.dtype, copy=False)

    def pullback(g):
        slope = np.sign(data) if ord == 1 else np.where(value == 0, 0, data / value)
        return ((g.reshape(value.shape) * slope).astype(data.dtype, copy=False),)

    return kept(value, axes, keepdims), pullback


@operator("L2Normalization", hidden=1)
def l2_normalization(data, eps=1e-10, mode="instance"):
    axes = {
        "instance": tuple(range(1, data.ndim)),
        "channel": (1,),
        "spatial": tuple(range(2, data.ndim)),
    }
    if mode not in axes:
        raise MXNetValueError(f"mode is {mode!r}; expected one of {', '.join(axes)}")
    size = np.sqrt((data * data).sum(axes[mode], keepdims=True) + data.dtype.type(eps))
    value = data / size
    return value, lambda g: ((g - value * (g * value).sum(axes[mode], keepdims=True)) / size,)


# ---- Softmax -------------------------------------------------------------------------------------


def log_softmax_of(x, axis):
    x = x - x.max(axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


def scaled_down(data, axis, temperature):
    """The scores divided by the temperature, the axis, and the temperature."""
    by = 1 if temperature is None else temperature
    x = data.astype(wide(data), copy=False)
    return x if by == 1 else x / x.dtype.type(by), one_axis(axis, data.ndim), by


@operator("log_softmax")
def log_softmax(data, axis=-1, temperature=None):
    x, axis, by = scaled_down(data, axis, temperature)
    value = log_softmax_of(x, axis)
    return value.astype(data.dtype, copy=False), lambda g: (
        ((g - np.exp(value) * g.sum(axis, keepdims=True)) / by).astype(data.dtype, copy=False),
    )


@operator("softmax")
def softmax(data, axis=-1, temperature=None):
    x, axis, by = scaled_down(data, axis, temperature)
    value = np.exp(log_softmax_of(x, axis))
    return value.astype(data.dtype, copy=False), lambda g: (
        (value * (g - (g * value).sum(axis, keepdims=True)) / by).astype(data.dtype, copy=False),
    )


@operator("softmin")
def softmin(data, axis=-1, temperature=None):
    value, pullback = softmax(-data, axis, temperature)
    return value, lambda g: (-pullback(g)[0],)


@operator("softmax_cross_entropy", arrays=2, loose=(1,))
def softmax_cross_entropy(data, label):
    """Summed over the batch; shape (1,)."""
    lp = log_softmax_of(data, 1)
    rows = np.arange(len(data)), label.astype(np.int64)

    def pullback(g):
        d = np.exp(lp)
        d[rows] -= 1
        return d * g, None

    return -lp[rows].sum(keepdims=True), pullback


# ---- Places --------------------------------------------------------------------------------------


def no_gradient(*names):
    """For functions without a slope."""

    def enter(function):
        def entry(data, axis=None, keepdims=False):
            if axis is not None:
                axis = one_axis(axis, data.ndim)
            value = function(data, axis=axis)
            if keepdims:
                value = (
                    np.expand_dims(value, axis)
                    if axis is not None
                    else value.reshape((1,) * data.ndim)
                )
            return at_least_1d(np.asarray(value)).astype(data.dtype), lambda g: (None,)

        operator(*names)(entry)

    return enter


no_gradient("argmax")(np.argmax)
no_gradient("argmin")(np.argmin)


@operator("argsort")
def argsort(data, axis=-1, is_ascend=True, dtype="float32"):
    order = np.argsort(data if is_ascend else -data, axis=axis, kind="stable")
    return at_least_1d(order).astype(dtype), lambda g: (None,)


@operator("topk", outputs=lambda a: 2 if a["ret_typ"] == "both" else 1)
def topk(data, axis=-1, k=1, ret_typ="indices", is_ascend=False, dtype="float32"):
    """Places and values of the k largest (is_ascend: smallest), the first of equals first."""
    if ret_typ not in ("indices", "value", "both"):
        raise MXNetValueError(f"ret_typ is {ret_typ!r}; expected 'indices', 'value' or 'both'")
    flat, at = (data.reshape(-1), 0) if axis is None else (data, one_axis(axis, data.ndim))
    if k > flat.shape[at]:
        raise MXNetValueError(f"k is {k}; expected at most {flat.shape[at]}, the axis's length")
    order = np.argsort(flat if is_ascend else -flat, axis=at, kind="stable")
    order = order if k < 1 else np.take(order, np.arange(k), at)
    value, places = np.take_along_axis(flat, order, at), order.astype(dtype)

    def pullback(g):
        d = np.zeros_like(flat)
        np.put_along_axis(d, order, g[0] if ret_typ == "both" else g, at)
        return (d.reshape(data.shape),)

    if ret_typ == "indices":
        return places, lambda g: (None,)
    return ([value, places] if ret_typ == "both" else value), pullback


@operator("sort")
def sort(data, axis=-1, is_ascend=True):
    order = np.argsort(data if is_ascend else -data, axis=axis, kind="stable")

    def pullback(g):
        d = np.zeros_like(data)
        np.put_along_axis(d, order, g, axis)
        return (d,)

    return np.take_along_axis(data, order, axis), pullback
