"""Symbols, and the operators as functions of them: `mx.sym`, and the `F` of a traced block."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _files, operators
from ._functions import finder as _finder
from ._graph import TYPES, Node
from ._graph_json import load as _load
from ._symbol import Symbol as Symbol
from ._symbol_functions import *  # noqa: F403
from ._symbol_functions import CTCLoss, checked, ctc_loss, make_function
from ._symbol_functions import functions as _functions
from .base import MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ._typing import DType, Init, Number, Shape

if not TYPE_CHECKING:  # to which names that are not there are errors
    __getattr__ = _finder(_functions, "sym", "Compose it of the operators in dir(mxloss.sym)")


# ---- Making Symbols ------------------------------------------------------------------------------


def var(
    name: str,
    attr: dict[str, str] | None = None,
    shape: Sequence[int] | None = None,
    lr_mult: float | None = None,
    wd_mult: float | None = None,
    dtype: DType = None,
    init: Init = None,
    stype: Any = None,
    **kwargs: Any,
) -> Symbol:
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
    texts = dict(checked(attr))
    for key, value in kwargs.items():
        if not key.startswith("__") or not key.endswith("__"):
            raise MXNetValueError(
                f"var: unknown argument {key!r}; attributes of one's own are named __{key}__"
            )
        texts[key] = str(value)
    given: dict[str, Any] = {"shape": None if shape is None else str(tuple(shape))}
    given["dtype"] = None if dtype is None else str(TYPES[np.dtype(dtype)])
    given["init"] = init if init is None or isinstance(init, str) else init.dumps()
    given.update(lr_mult=lr_mult, wd_mult=wd_mult)
    texts.update({f"__{key}__": str(v) for key, v in given.items() if v is not None})
    return Symbol([(Node(None, name, texts=texts), 0)])


Variable = var


def Group(symbols: Iterable[Symbol]) -> Symbol:
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


def load_json(json_str: str) -> Symbol:
    """The Symbol that `tojson` wrote, here or in MXNet.

    What is not such a text is a ValueError that says where; nothing in it is executed.
    """
    if not isinstance(json_str, str):
        raise MXNetTypeError(f"load_json: expected a string, got {type(json_str).__name__}")
    return Symbol(_load(json_str))


def load(fname: str) -> Symbol:
    """The Symbol in a file that `save` or `export` wrote, here or in MXNet."""
    try:
        text = str(_files.read(fname), "utf-8")
    except UnicodeDecodeError as error:
        raise MXNetValueError(f"{fname}: not a text: {error}") from None
    try:
        return load_json(text)
    except MXNetValueError as error:
        raise MXNetValueError(f"{fname}: {error}") from None


def zeros(shape: Shape, dtype: DType = None, **kwargs: Any) -> Symbol:
    """An array of zeros."""
    return _functions["_zeros"](shape=shape, dtype=dtype or "float32", **kwargs)


def ones(shape: Shape, dtype: DType = None, **kwargs: Any) -> Symbol:
    """An array of ones."""
    return _functions["_ones"](shape=shape, dtype=dtype or "float32", **kwargs)


def full(shape: Shape, val: Number, dtype: DType = None, **kwargs: Any) -> Symbol:
    """An array with the same number everywhere."""
    return _functions["_full"](shape=shape, dtype=dtype or "float32", value=float(val), **kwargs)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    name: str | None = None,
    dtype: DType = None,
) -> Symbol:
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


def eye(N: int, M: int = 0, k: int = 0, dtype: DType = None, **kwargs: Any) -> Symbol:
    """Ones on the k-th diagonal of an N x M matrix; M = 0 means N."""
    return _functions["_eye"](N=N, M=M, k=k, dtype=dtype or "float32", **kwargs)


class _Contrib:
    """`sym.contrib`: what MXNet has under more than one name."""

    CTCLoss: Callable[..., Symbol] = staticmethod(CTCLoss)
    ctc_loss: Callable[..., Symbol] = staticmethod(ctc_loss)
    arange_like: Callable[..., Symbol] = staticmethod(
        make_function(operators.TABLE["_contrib_arange_like"], "arange_like")
    )


class _Random:
    """`sym.random`: random arrays, drawn at each evaluation."""

    uniform: Callable[..., Symbol] = staticmethod(_functions["_random_uniform"])
    normal: Callable[..., Symbol] = staticmethod(_functions["_random_normal"])


contrib: _Contrib = _Contrib()
random: _Random = _Random()
random_uniform: Callable[..., Symbol] = random.uniform
random_normal: Callable[..., Symbol] = random.normal
sys.modules[__package__ + ".sym"] = sys.modules[__name__]  # `import mxloss.sym` is this module
