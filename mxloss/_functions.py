"""What `nd` and `sym` have in common: functions and methods made of the table of operators."""

from __future__ import annotations

import numpy as np

from . import operators

# stems of the table's names for Python's operators
ARITHMETIC = {
    "plus": "add",
    "minus": "sub",
    "mul": "mul",
    "div": "truediv",
    "mod": "mod",
    "power": "pow",
}
COMPARISONS = {
    "equal": "eq",
    "not_equal": "ne",
    "greater": "gt",
    "greater_equal": "ge",
    "lesser": "lt",
    "lesser_equal": "le",
}


def add_python_operators(cls, apply, foreign):
    """Let + and < and their like be ``apply(stem, lhs, rhs)``, but for `foreign` operands, which are
    left to their own class."""

    def method(stem, swapped=False):
        def call(self, other):
            if foreign(other):
                return NotImplemented
            return apply(stem, other, self) if swapped else apply(stem, self, other)

        return call

    for stem, name in {**ARITHMETIC, **COMPARISONS}.items():
        setattr(cls, f"__{name}__", method(stem))
    for stem, name in ARITHMETIC.items():
        setattr(cls, f"__r{name}__", method(stem, swapped=True))


def functions_of_table(cls, make, apply, doc):
    """Functions by name: ``make(entry, name)`` of each operator, and those that take numbers as well,
    by ``apply(stem, lhs, rhs)``; those with plain names become methods of the class, too, in its base."""

    def mixed(stem, name):
        def function(lhs, rhs):
            if isinstance(lhs, (int, float)) and isinstance(rhs, (int, float)):
                return float(operators.BINARY[stem](np.float64(lhs), np.float64(rhs))[0])
            return apply(stem, lhs, rhs)

        return named(function, name, f"{name} of {doc}")

    made = {}
    for name, entry in operators.TABLE.items():
        text = entry.function.__doc__ or f"The operator {name}({', '.join(entry.names)})."
        made[name] = named(make(entry, name), name, text)
    made.update({name: mixed(stem, name) for name, stem in operators.MIXED.items()})
    for name, function in made.items():
        if not name.startswith("_") and not hasattr(cls, name) and name[0].islower():
            setattr(cls.__base__, name, function)
    return made


def named(function, name, doc):
    """The function, with a name and a docstring."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def finder(functions, where, advice):
    """A module's __getattr__: names with an underscore, and what to do about those not there."""

    def __getattr__(name):
        if name in functions:
            return functions[name]
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"mxloss.{where} has no {name!r}: mxloss carries the losses of MXNet's Gluon and the "
            f"operators that losses are made of, not all of MXNet. {advice}"
        )

    return __getattr__
