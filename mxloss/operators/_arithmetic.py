"""Operators on elements: of one array, of an array and a number, of two arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import MXNetTypeError, MXNetValueError
from ._table import operator, unbroadcast

# ---- One array -----------------------------------------------------------------------------------


def unary(*names, **options):
    """For functions that return the result and the derivative, which the gradient is multiplied by.

    A derivative that is a function is called when it is needed."""

    def enter(function):
        def entry(data):
            value, derivative = function(data)
            return value, lambda g: (g * derivative(),)

        operator(*names, **options)(entry)
        return function

    return enter


def sigmoid_of(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e).astype(x.dtype) / (1 + e)


@unary("square")
def _(x):
    return x * x, lambda: 2 * x


@unary("abs")
def _(x):
    return np.abs(x), lambda: np.sign(x)


@unary("exp")
def _(x):
    value = np.exp(x)
    return value, lambda: value


@unary("log")
def _(x):
    return np.log(x), lambda: 1 / x


@unary("log1p")
def _(x):
    return np.log1p(x), lambda: 1 / (1 + x)


@unary("expm1")
def _(x):
    return np.expm1(x), lambda: np.exp(x)


@unary("log2")
def _(x):
    return np.log2(x), lambda: 1 / (x * x.dtype.type(np.log(2)))


@unary("log10")
def _(x):
    return np.log10(x), lambda: 1 / (x * x.dtype.type(np.log(10)))


@unary("sqrt")
def _(x):
    value = np.sqrt(x)
    return value, lambda: 1 / (2 * value)


@unary("rsqrt")
def _(x):
    value = 1 / np.sqrt(x)
    return value, lambda: -value / (2 * x)


@unary("reciprocal")
def _(x):
    return 1 / x, lambda: -1 / (x * x)


@unary("relu")
def relu(x):
    value = np.where(x <= 0, x.dtype.type(0), x)
    return value, lambda: np.where(x > 0, 1, value)


@unary("sigmoid")
def sigmoid(x):
    value = sigmoid_of(x)
    return value, lambda: value * (1 - value)


@unary("softrelu")
def softrelu(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), lambda: sigmoid_of(x)


@unary("softsign")
def softsign(x):
    return x / (1 + np.abs(x)), lambda: 1 / (1 + np.abs(x)) ** 2


@unary("tanh")
def tanh(x):
    value = np.tanh(x)
    return value, lambda: 1 - value * value


for _name, _derivative in (
    ("sin", np.cos),
    ("cos", lambda x: -np.sin(x)),
    ("arcsin", lambda x: 1 / np.sqrt(1 - x * x)),
    ("arccos", lambda x: -1 / np.sqrt(1 - x * x)),
    ("arctan", lambda x: 1 / (1 + x * x)),
):
    unary(_name)(
        lambda x, f=getattr(np, _name), derivative=_derivative: (f(x), lambda: derivative(x))
    )


def steps(*names):
    """For functions of one array without a slope."""

    def enter(function):
        operator(*names)(lambda data: (function(data), lambda g: (None,)))
        return function

    return enter


for _name in ("sign", "floor", "ceil", "trunc"):
    steps(_name)(getattr(np, _name))


@steps("round")
def _(x):
    """Half away from zero."""
    return np.trunc(x + np.copysign(x.dtype.type(0.5), x)).astype(x.dtype)


@unary("negative", "_np_negative")
def _(x):
    return -x, lambda: x.dtype.type(-1)


@steps("logical_not")
def _(x):
    return (x == 0).astype(x.dtype)


@unary("identity", mxnet="_copy")
def _(x):
    return x.copy(), lambda: x.dtype.type(1)


ACTIVATIONS: dict[str, Any] = {
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softrelu": softrelu,
    "softsign": softsign,
}


@operator("Activation")
def activation(data, act_type):
    if act_type not in ACTIVATIONS:
        raise MXNetValueError(f"act_type is {act_type!r}; expected one of {', '.join(ACTIVATIONS)}")
    value, derivative = ACTIVATIONS[act_type](data)
    return value, lambda g: (g * derivative(),)


@operator("BlockGrad", "stop_gradient")
def block_grad(data):
    return data.copy(), lambda g: (None,)


@operator("MakeLoss")
@operator("make_loss")
def make_loss(data, grad_scale=1.0):
    return data.copy(), lambda g: (np.full_like(data, grad_scale),)


@operator("cast", mxnet="Cast", loose=(0,))
def cast(data, dtype):
    return data.astype(dtype), lambda g: (g.astype(data.dtype),)


@operator("clip")
def clip(data, a_min, a_max):
    inside = ~((data < a_min) | (data > a_max))
    return np.clip(data, a_min, a_max).astype(data.dtype), lambda g: (
        np.where(inside, g, g.dtype.type(0)),  # also where g is NaN
    )


@operator("smooth_l1")
def smooth_l1(data, scalar=1.0):
    """``0.5 (s x)^2`` for ``|x| < 1 / s^2``, else ``|x| - 0.5 / s^2``."""
    s2 = scalar * scalar
    near = np.abs(data) < 1 / s2
    value = np.where(near, 0.5 * s2 * data * data, np.abs(data) - 0.5 / s2).astype(data.dtype)
    return value, lambda g: (g * np.where(near, s2 * data, np.sign(data)).astype(data.dtype),)


# ---- Two arrays, or an array and a number --------------------------------------------------------


def _compare(f):
    return lambda a, b: (f(a, b), None, None)


def _larger(a, b, first):
    """Of maximum and minimum: a tie goes to a; NaN in either is NaN, and has no slope."""
    nan = np.isnan(a) | np.isnan(b)
    value = np.where(nan, np.nan, np.where(first, a, b))
    return value, lambda: first & ~nan, lambda: ~first & ~nan


def _power(a, b):
    value = np.power(a, b)

    def by_b():
        return value * np.log(np.where(a > 0, a, 1))

    return value, lambda: b * np.power(a, b - 1), by_b


def _modulo(a, b):
    return np.where(b == 0, 0, np.mod(a, b)), lambda: 1, lambda: -np.floor(a / b)


def _hypot(a, b):
    value = np.hypot(a, b)
    return value, lambda: a / value, lambda: b / value


# stem of the names: function of a and b to the value and both derivatives. Operators are
# broadcast_<stem>, of two arrays that broadcast, _<stem>, of two of one shape, and _<stem>_scalar
BINARY: dict[str, Any] = {
    "plus": lambda a, b: (a + b, lambda: 1, lambda: 1),
    "minus": lambda a, b: (a - b, lambda: 1, lambda: -1),
    "mul": lambda a, b: (a * b, lambda: b, lambda: a),
    "div": lambda a, b: (a / b, lambda: 1 / b, lambda: -a / (b * b)),
    "mod": _modulo,
    "power": _power,
    "maximum": lambda a, b: _larger(a, b, a >= b),
    "minimum": lambda a, b: _larger(a, b, a <= b),
    "hypot": _hypot,
    "equal": _compare(np.equal),
    "not_equal": _compare(np.not_equal),
    "greater": _compare(np.greater),
    "greater_equal": _compare(np.greater_equal),
    "lesser": _compare(np.less),
    "lesser_equal": _compare(np.less_equal),
    "logical_and": _compare(lambda a, b: (a != 0) & (b != 0)),
    "logical_or": _compare(lambda a, b: (a != 0) | (b != 0)),
    "logical_xor": _compare(lambda a, b: (a != 0) ^ (b != 0)),
}
OTHER_NAMES = {
    "plus": (("elemwise_add", "_add", "_Plus"), ("broadcast_add",)),
    "minus": (("elemwise_sub", "_sub", "_Minus"), ("broadcast_sub",)),
    "mul": (("elemwise_mul", "_Mul"), ()),
    "div": (("elemwise_div", "_Div"), ()),
}


# functions of arrays and numbers in any mix: the stem of the operators that do the work
MIXED: dict[str, str] = {
    "add": "plus",
    "subtract": "minus",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "modulo": "mod",
    "power": "power",
    "pow": "power",
    **{
        stem: stem for stem in BINARY if stem not in ("plus", "minus", "mul", "div", "mod", "power")
    },
}
REVERSED = {
    "plus": "plus",
    "mul": "mul",
    "maximum": "maximum",
    "minimum": "minimum",
    "hypot": "hypot",
    "equal": "equal",
    "not_equal": "not_equal",
    "greater": "lesser",
    "greater_equal": "lesser_equal",
    "lesser": "greater",
    "lesser_equal": "greater_equal",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
    "logical_xor": "logical_xor",
}


def mixed(stem: str, lhs_is_array: bool, rhs_is_array: bool) -> tuple[str, bool]:
    """Name of the operator for two operands, of which one may be a number; and whether the array
    is the second one."""
    if lhs_is_array and rhs_is_array:
        return f"broadcast_{stem}", False
    if lhs_is_array:
        return f"_{stem}_scalar", False
    return (f"_{REVERSED[stem]}_scalar" if stem in REVERSED else f"_r{stem}_scalar"), True


def _back(g, by, like):
    """g times a derivative, as the gradient of an input; None where there is no slope."""
    if by is None:
        return None
    return unbroadcast(np.multiply(g, by()), like.shape).astype(like.dtype, copy=False)


def _binary(function):
    def entry(lhs, rhs, axis=None):  # scripts give broadcast_maximum an axis, which means nothing
        value, by_l, by_r = function(lhs, rhs)
        dtype = np.result_type(lhs, rhs)

        return value.astype(dtype, copy=False), lambda g: (
            _back(g, by_l, lhs),
            _back(g, by_r, rhs),
        )

    return entry


def _scalar(function, reversed_):
    def entry(data, scalar):
        number = np.asarray(scalar)
        if number.ndim or number.dtype.kind not in "fiub":
            raise MXNetTypeError(f"scalar is {scalar!r}; expected a real number")
        number = number.astype(data.dtype)[()]
        value, by_l, by_r = function(number, data) if reversed_ else function(data, number)
        by = by_r if reversed_ else by_l
        return value.astype(data.dtype, copy=False), lambda g: (_back(g, by, data),)

    return entry


def same_shape(shapes, attributes):
    """An array of unknown shape has that of the others."""
    known = next((shape for shape in shapes if shape is not None), None)
    return [known if shape is None else shape for shape in shapes]


for _stem, _function in BINARY.items():
    _same, _broad = OTHER_NAMES.get(_stem, ((), ()))
    operator(*_same, f"_{_stem}", arrays=2, fill=same_shape)(_binary(_function))
    operator(*_broad, f"broadcast_{_stem}", arrays=2)(_binary(_function))
    operator(f"_{_stem}_scalar")(_scalar(_function, False))
    if _stem in ("minus", "div", "power", "mod"):
        operator(f"_r{_stem}_scalar")(_scalar(_function, True))


@operator("where", arrays=3, loose=(0,), fill=same_shape)
def where(condition, x, y):
    if condition.shape != x.shape and condition.ndim == 1:  # a condition per row
        condition = condition.reshape(-1, *(1,) * (x.ndim - 1))
    on = condition != 0

    def pullback(g):
        return (
            None,
            unbroadcast(np.where(on, g, 0), x.shape).astype(x.dtype, copy=False),
            unbroadcast(np.where(on, 0, g), y.shape).astype(y.dtype, copy=False),
        )

    return np.where(on, x, y).astype(x.dtype, copy=False), pullback


@operator("add_n", "ElementWiseSum", arrays=None)
def add_n(*args):
    total = args[0].copy()
    for a in args[1:]:
        total += a
    return total, lambda g: (g,) * len(args)
