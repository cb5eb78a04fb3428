"""Operators on elements that are rarer in losses: hyperbolic functions, roots, erf, gamma."""

import math

import numpy as np

from ..base import MXNetValueError
from ._arithmetic import unary
from ._table import operator

for _name, _function, _derivative in (
    ("tan", np.tan, lambda x: 1 + np.tan(x) ** 2),
    ("sinh", np.sinh, np.cosh),
    ("cosh", np.cosh, np.sinh),
    ("arcsinh", np.arcsinh, lambda x: 1 / np.sqrt(x * x + 1)),
    ("arccosh", np.arccosh, lambda x: 1 / np.sqrt(x * x - 1)),
    ("arctanh", np.arctanh, lambda x: 1 / (1 - x * x)),
    ("cbrt", np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2)),
    ("rcbrt", lambda x: 1 / np.cbrt(x), lambda x: -1 / (3 * x * np.cbrt(x))),
    ("degrees", np.degrees, lambda x: np.degrees(np.ones_like(x))),
    ("radians", np.radians, lambda x: np.radians(np.ones_like(x))),
    ("fix", np.trunc, np.zeros_like),
):
    unary(_name)(lambda x, f=_function, derivative=_derivative: (f(x), lambda: derivative(x)))


@unary("rint")
def _(x):
    """To the nearest whole number; a half goes down."""
    below, above = np.floor(x), np.ceil(x)
    return np.where(x - below <= above - x, below, above), lambda: np.zeros_like(x)


def _each(function, x):
    """A function of Python's floats, element by element; where it is not defined, NaN."""

    def safe(value):
        try:
            return function(value)
        except ValueError:
            return math.inf if function is math.lgamma else math.nan
        except OverflowError:
            return math.inf

    made = np.fromiter(map(safe, x.reshape(-1).tolist()), np.float64, x.size)
    return made.reshape(x.shape).astype(x.dtype)


def digamma(x):
    """The derivative of log Gamma: by reflection, recurrence and the asymptotic series."""
    y = np.where(x > 0, x, 1 - x).astype(np.float64)
    total = np.zeros_like(y)
    for _ in range(8):
        total -= np.where(y < 8, 1 / y, 0)
        y = np.where(y < 8, y + 1, y)
    z = 1 / (y * y)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))))
    total += np.log(y) - 1 / (2 * y) - series
    return np.where(x > 0, total, total - np.pi / np.tan(np.pi * x)).astype(x.dtype)


@unary("erf")
def _(x):
    return _each(math.erf, x), lambda: x.dtype.type(2 / math.sqrt(math.pi)) * np.exp(-x * x)


@unary("gammaln")
def _(x):
    return _each(math.lgamma, x), lambda: digamma(x)


@unary("gamma")
def _(x):
    value = _each(math.gamma, x)
    return value, lambda: value * digamma(x)


@operator("hard_sigmoid")
def hard_sigmoid(data, alpha=0.2, beta=0.5):
    """alpha x + beta between 0 and 1."""
    line = data * data.dtype.type(alpha) + data.dtype.type(beta)
    inside = (line > 0) & (line < 1)
    return line.clip(0, 1), lambda g: (g * inside * data.dtype.type(alpha),)


def _linear(x, slope):
    return np.where(x > 0, x, slope * x), lambda: np.where(x > 0, 1, slope)


def _elu(x, slope):
    return np.where(x > 0, x, slope * np.expm1(x)), lambda: np.where(x > 0, 1, slope * np.exp(x))


@operator("LeakyReLU")
def leaky_relu(data, act_type="leaky", slope=0.25):
    """x where it is positive; below, slope times x ('leaky') or times e^x - 1 ('elu')."""
    kinds = {"leaky": _linear, "elu": _elu}
    if act_type not in kinds:
        raise MXNetValueError(f"act_type is {act_type!r}; expected one of {', '.join(kinds)}")
    value, derivative = kinds[act_type](data, data.dtype.type(slope))
    return value, lambda g: ((g * derivative()).astype(data.dtype, copy=False),)
