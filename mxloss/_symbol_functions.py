"""The operators as functions of Symbols: most of `mx.sym`. What type checkers read instead,
_symbol_functions.pyi, is written by tests/tools/stubs.py."""

from __future__ import annotations

from ._functions import add_python_operators, functions_of_table
from ._methods import SymbolMethods
from ._symbol import Symbol, _apply, compose, mixed_symbols
from .base import MXNetTypeError, MXNetValueError


def make_function(entry, alias):
    def function(*args, name=None, attr=None, **kwargs):
        for key in ("out", "ctx", *(("num_args",) if entry.arrays is None else ())):
            kwargs.pop(key, None)
        arrays, attributes, given = _bind(entry, args, kwargs)
        made = compose(entry, alias.lower(), arrays, attributes, given, name)
        made._outputs[0][0].texts.update(checked(attr))
        return made

    return function


def checked(attr):
    """Attributes of one's own, which have to be strings: files have nothing else."""
    for key, value in (attr or {}).items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise MXNetValueError(f"attr: {key!r} is {value!r}; expected strings")
    return attr or {}


def _bind(entry, args, kwargs):
    """Inputs with None for those left out, all attributes, and those that were given."""
    try:
        bound = entry.signature.bind_partial(*args, **kwargs)
    except TypeError as error:
        raise MXNetTypeError(f"{entry.name}: {error}; takes {entry.signature}") from None
    parameters = list(entry.signature.parameters)
    if entry.arrays is None:
        inputs, names = list(bound.arguments.get(parameters[0], ())), parameters[1:]
    else:
        inputs = [bound.arguments.get(name) for name in parameters[: entry.arrays]]
        names = parameters[entry.arrays :]
    given = {name: bound.arguments[name] for name in names if name in bound.arguments}
    attributes = {}
    for name in names:
        value = given.get(name, entry.signature.parameters[name].default)
        if value is entry.signature.empty:
            raise MXNetTypeError(f"{entry.name}: {name} is missing; takes {entry.signature}")
        attributes[name] = value
    return inputs, attributes, given


functions = functions_of_table(
    Symbol, make_function, mixed_symbols, "two Symbols of one shape, or of one and a number."
)
globals().update(functions)
__all__ = [name for name in functions if not name.startswith("_")]

# mixed_symbols refuses what is neither a Symbol nor a number
add_python_operators(SymbolMethods, mixed_symbols, lambda x: False)
# MXNet's names of these nodes differ from those that sym.power makes
SymbolMethods.__rpow__ = lambda self, x: mixed_symbols("power", x, self, "_rpower_scalar")
SymbolMethods.__neg__ = lambda self: mixed_symbols("mul", self, -1.0)
SymbolMethods.__abs__ = lambda self: _apply("abs", [self], {})
