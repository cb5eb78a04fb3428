"""Checks of the options of losses."""

import math

import numpy as np

from ..base import MXNetTypeError, MXNetValueError

_NUMBERS = (int, float, np.integer, np.floating, np.bool_)


def number(name, value):
    """A real number as a float."""
    if not isinstance(value, _NUMBERS):
        raise MXNetTypeError(f"{name} must be a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise MXNetValueError(f"{name} is an integer beyond the range of floats") from None


def finite(name, value, above_zero=False):
    value = number(name, value)
    if not math.isfinite(value) or (above_zero and value <= 0):
        raise MXNetValueError(
            f"{name} must be a finite number{' above 0' if above_zero else ''}, got {value!r}"
        )
    return value


def integer(name, value):
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise MXNetTypeError(f"{name} must be an integer, got {value!r}")
    if not -(2**31) <= value < 2**31:
        raise MXNetValueError(f"{name} is {value}, which is no axis of any array")
    return int(value)


def switch(name, value):
    if not isinstance(value, (int, np.bool_)) or value not in (0, 1):
        raise MXNetTypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def choice(name, value, choices):
    """One of two words as a bool: True for the second one."""
    if not isinstance(value, str) or value not in choices:
        raise MXNetValueError(f"{name} can only be {' or '.join(choices)}, got {value!r}")
    return value == choices[1]
