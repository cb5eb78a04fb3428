"""Symbols, and the operators as functions of them: `mx.sym`, and the `F` of a traced block."""

from __future__ import annotations

import sys

import numpy as np

from . import _files, operators
from ._functions import add_python_operators, finder, functions_of_table
from ._graph import TYPES, Node
from ._graph_json import load as _load
from ._symbol import Symbol, _apply, compose, mixed_symbols
from .base import MXNetTypeError, MXNetValueError

__all__ = ["Group", "Symbol", "Variable", "load", "load_json", "var"]


def _make_function(entry, alias):
    def function(*args, name=None, attr=None, **kwargs):
        for key in ("out", "ctx", *(("num_args",) if entry.arrays is None else ())):
            kwargs.pop(key, None)
        arrays, attributes, given = _bind(entry, args, kwargs)
        made = compose(entry, alias.lower(), arrays, attributes, given, name)
        made._outputs[0][0].texts.update(_checked(attr))
        return made

    return function


def _checked(attr):
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


_functions = functions_of_table(
    Symbol, _make_function, mixed_symbols, "two Symbols of one shape, or of one and a number."
)
globals().update({name: f for name, f in _functions.items() if not name.startswith("_")})
__getattr__ = finder(_functions, "sym", "Compose it of the operators in dir(mxloss.sym)")

# mixed_symbols refuses what is neither a Symbol nor a number
add_python_operators(Symbol, mixed_symbols, lambda x: False)
# MXNet's names of these nodes differ from those that sym.power makes
Symbol.__rpow__ = lambda self, x: mixed_symbols("power", x, self, "_rpower_scalar")
Symbol.__neg__ = lambda self: mixed_symbols("mul", self, -1.0)
Symbol.__abs__ = lambda self: _apply("abs", [self], {})


# ---- Making Symbols ------------------------------------------------------------------------------


def var(
    name,
    attr=None,
    shape=None,
    lr_mult=None,
    wd_mult=None,
    dtype=None,
    init=None,
    stype=None,
    **kwargs,
):
    """A variable: an array that is given when the expression is evaluated.

    Parameters
    ----------
    name : str
    attr : dict of str, optional
        Attributes to keep with it.
    shape, dtype, init, lr_mult, wd_mult : optional
        What is known about it; kept as attributes.
    """
    if not isinstance(name, str):
        raise MXNetTypeError(f"var: name is {name!r}; expected a string")
    texts = dict(_checked(attr))
    for key, value in kwargs.items():
        if not key.startswith("__") or not key.endswith("__"):
            raise MXNetValueError(
                f"var: unknown argument {key!r}; attributes of one's own are named __{key}__"
            )
        texts[key] = str(value)
    given = {"shape": None if shape is None else str(tuple(shape))}
    given["dtype"] = None if dtype is None else str(TYPES[np.dtype(dtype)])
    given["init"] = init if init is None or isinstance(init, str) else init.dumps()
    given.update(lr_mult=lr_mult, wd_mult=wd_mult)
    texts.update({f"__{key}__": str(v) for key, v in given.items() if v is not None})
    return Symbol([(Node(None, name, texts=texts), 0)])


Variable = var


def Group(symbols):
    """A Symbol with the outputs of several."""
    symbols = list(symbols)
    for i, symbol in enumerate(symbols):
        if not isinstance(symbol, Symbol):
            raise MXNetTypeError(
                f"Group: entry {i} is of type {type(symbol).__name__}; expected a Symbol"
            )
    if not symbols:
        raise MXNetValueError("Group: expected at least one Symbol")
    return Symbol([output for symbol in symbols for output in symbol._outputs])


def load_json(json_str):
    """The Symbol that `tojson` wrote, here or in MXNet.

    What is not such a text is a ValueError that says where; nothing in it is executed.
    """
    if not isinstance(json_str, str):
        raise MXNetTypeError(f"load_json: expected a string, got {type(json_str).__name__}")
    return Symbol(_load(json_str))


def load(fname):
    """The Symbol in a file that `save` or `export` wrote, here or in MXNet."""
    try:
        text = str(_files.read(fname), "utf-8")
    except UnicodeDecodeError as error:
        raise MXNetValueError(f"{fname}: not a text: {error}") from None
    try:
        return load_json(text)
    except MXNetValueError as error:
        raise MXNetValueError(f"{fname}: {error}") from None


def zeros(shape, dtype=None, **kwargs):
    """An array of zeros."""
    return _functions["_zeros"](shape=shape, dtype=dtype or "float32", **kwargs)


def ones(shape, dtype=None, **kwargs):
    """An array of ones."""
    return _functions["_ones"](shape=shape, dtype=dtype or "float32", **kwargs)


def full(shape, val, dtype=None, **kwargs):
    """An array with the same number everywhere."""
    return _functions["_full"](shape=shape, dtype=dtype or "float32", value=float(val), **kwargs)


def arange(start, stop=None, step=1.0, repeat=1, infer_range=False, name=None, dtype=None):
    """Numbers from start to before stop, each `repeat` times."""
    return _functions["_arange"](
        start=start,
        stop=stop,
        step=step,
        repeat=repeat,
        infer_range=infer_range,
        name=name,
        dtype=dtype or "float32",
    )


def eye(N, M=0, k=0, dtype=None, **kwargs):
    """Ones on the k-th diagonal of an N x M matrix; M = 0 means N."""
    return _functions["_eye"](N=N, M=M, k=k, dtype=dtype or "float32", **kwargs)


class _Contrib:
    """`sym.contrib`: what MXNet has under more than one name."""

    CTCLoss = staticmethod(_functions["CTCLoss"])
    ctc_loss = staticmethod(_functions["ctc_loss"])
    arange_like = staticmethod(
        _make_function(operators.TABLE["_contrib_arange_like"], "arange_like")
    )


class _Random:
    """`sym.random`: random arrays, drawn at each evaluation."""

    uniform = staticmethod(_functions["_random_uniform"])
    normal = staticmethod(_functions["_random_normal"])


contrib, random = _Contrib(), _Random()
random_uniform, random_normal = random.uniform, random.normal
sys.modules[__package__ + ".sym"] = sys.modules[__name__]  # `import mxloss.sym` is this module
