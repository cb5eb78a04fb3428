"""Parameters of blocks: arrays that are given first values, trained, and kept by name."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import autograd, initializer, symbol
from .. import ndarray as nd
from .._ndarray import FLOATS, NDArray
from ..base import MXNetAssertionError, MXNetError, MXNetTypeError, MXNetValueError
from ..context import Context, cpu

if TYPE_CHECKING:
    from .._typing import Array, DType, GradReq, Init, Shape


class DeferredInitializationError(MXNetError):
    """A parameter whose shape is not known before the first forward pass was asked for its data."""


def known(shape):
    return shape is not None and all(n > 0 for n in shape)


def lengths_of(name, shape):
    """A shape as a tuple of integers, or None."""
    if shape is None:
        return None
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else shape
    if not isinstance(lengths, (tuple, list)) or not all(
        isinstance(n, (int, np.integer)) and n >= -1 for n in lengths
    ):
        raise MXNetValueError(
            f"Parameter {name!r}: shape is {shape!r}; expected a tuple of lengths, 0 or -1 for "
            "those not known yet"
        )
    return tuple(int(n) for n in lengths)


def _check_dtype(name, dtype):
    try:
        if np.dtype(dtype).kind in "fiub":
            return
    except TypeError:
        pass
    raise MXNetTypeError(f"Parameter {name!r}: dtype is {dtype!r}; expected one such as 'float32'")


def check_context(ctx):
    """A context, or a list of one; anything else is refused."""
    contexts = [cpu()] if ctx is None else ctx if isinstance(ctx, (list, tuple)) else [ctx]
    for c in contexts:
        if not isinstance(c, Context):
            raise MXNetTypeError(f"ctx is {ctx!r}; expected mx.cpu()")
    if len(set(contexts)) != 1:
        raise MXNetValueError(
            f"ctx names {len(contexts)} devices; mxloss computes on one, the processor: mx.cpu()"
        )


def check_dtype_source(source):
    """Which dtype wins when values are loaded: 'current' or 'saved'; anything else is refused."""
    if source not in ("current", "saved"):
        raise MXNetValueError(f"dtype_source is {source!r}; expected 'current' or 'saved'")


class Parameter:
    """An array to be trained, and its gradient.

    Parameters
    ----------
    name : str
        With the prefix of its block; what `collect_params` and files know it by.
    grad_req : {'write', 'add', 'null'}
        What `backward` does with the gradient: replace the last one, add to it, or nothing.
    shape : int or tuple of int, optional
        0 or -1 for a length that is not known yet.
    dtype : str or numpy dtype, default float32
    lr_mult, wd_mult : float
        Factors on the trainer's learning rate and weight decay.
    init : Initializer or str, optional
        How to make the first values; otherwise as `initialize` says.
    allow_deferred_init : bool
        Whether `initialize` may wait for the shape.
    differentiable : bool
        Without it there is no gradient, whatever `grad_req`.
    """

    name: str
    lr_mult: float
    wd_mult: float

    _data: Any  # an NDArray, or None
    _deferred: Any  # (init, data) once initialize was called without a shape
    _grad_req: Any

    def __init__(
        self,
        name: str,
        grad_req: GradReq = "write",
        shape: Shape | None = None,
        dtype: DType = np.float32,
        lr_mult: float = 1.0,
        wd_mult: float = 1.0,
        init: Init = None,
        allow_deferred_init: bool = False,
        differentiable: bool = True,
        stype: str = "default",
        grad_stype: str = "default",
    ) -> None:
        if stype != "default" or grad_stype != "default":
            raise MXNetValueError(
                f"Parameter {name!r}: stype and grad_stype can only be 'default'; mxloss has no "
                "sparse arrays"
            )
        if not isinstance(name, str):
            raise MXNetTypeError(f"Parameter: name is {name!r}; expected a str")
        for factor, value in (("lr_mult", lr_mult), ("wd_mult", wd_mult)):
            if not isinstance(value, (int, float, np.number)):
                raise MXNetTypeError(
                    f"Parameter {name!r}: {factor} must be a number, got {value!r}"
                )
        _check_dtype(name, dtype)
        self.name = name
        self.lr_mult, self.wd_mult = lr_mult, wd_mult
        self.init = init
        self._dtype = dtype
        self._shape = lengths_of(name, shape)
        self._allow_deferred_init = allow_deferred_init
        self._differentiable = differentiable
        self._data = self._deferred = self._grad_req = None
        self._var: symbol.Symbol | None = None
        self.grad_req = grad_req

    def __repr__(self) -> str:
        return f"Parameter {self.name} (shape={self._shape}, dtype={self._dtype})"

    # ---- Facts

    @property
    def grad_req(self) -> GradReq:
        """'write', 'add' or 'null'."""
        return self._grad_req

    @grad_req.setter
    def grad_req(self, request: GradReq) -> None:
        if request not in ("write", "add", "null"):
            raise MXNetAssertionError(
                f"Parameter {self.name!r}: grad_req must be one of 'write', 'add', or 'null', "
                f"but got {request!r}"
            )
        if not self._differentiable:
            request = "null"
        if request != self._grad_req:
            self._grad_req = request
            if self._data is not None:
                self._attach()

    @property
    def dtype(self) -> Any:
        """The dtype it was given."""
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: DType) -> None:
        self.cast(dtype)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Lengths of the axes, 0 or -1 for those not known yet; or None."""
        return self._shape

    @shape.setter
    def shape(self, shape: Shape | None) -> None:
        before = self._shape
        self._take_shape(shape)
        if self._shape != before:
            self._var = None  # a variable carries the shape

    def _take_shape(self, shape):
        """Set the shape, but let a variable of before stand, as MXNet's files have it."""
        old, shape = self._shape, lengths_of(self.name, shape)
        if old is not None and (
            shape is None
            or len(old) != len(shape)
            or any(a > 0 and a != b for a, b in zip(old, shape))
        ):
            raise MXNetAssertionError(
                f"Parameter {self.name!r} of shape {old} cannot take the shape {shape}"
            )
        self._shape = shape

    @property
    def stype(self) -> str:
        """'default': dense."""
        return "default"

    # ---- First values

    def initialize(
        self,
        init: Init = None,
        ctx: Context | list[Context] | None = None,
        default_init: Init = "uniform",
        force_reinit: bool = False,
    ) -> None:
        """Give it first values.

        Parameters
        ----------
        init : Initializer or str, optional
            How; goes before the `init` the parameter was made with.
        ctx : Context, optional
        default_init : Initializer or str
            How, if neither says.
        force_reinit : bool
            Whether to begin anew if it has values already; otherwise that is a warning.

        Raises
        ------
        ValueError
            If the shape is not known and the parameter was not made to wait for it.
        """
        check_context(ctx)
        if self._data is not None and not force_reinit:
            warnings.warn(
                f"Parameter '{self.name}' is already initialized, ignoring. Set force_reinit=True "
                "to re-initialize.",
                stacklevel=2,
            )
            return
        chosen = init if init is not None else self.init if self.init is not None else default_init
        chosen = initializer.checked(chosen, "init")
        if not known(self._shape):
            if not self._allow_deferred_init:
                raise MXNetValueError(
                    f"Cannot initialize Parameter '{self.name}' because it has invalid shape: "
                    f"{self._shape}; all lengths must be known, or allow_deferred_init=True"
                )
            self._data, self._deferred = None, (chosen, None)
            return
        self._fill(chosen)

    def _fill(self, init, data=None):
        made = nd.zeros(self._shape, dtype=self._dtype)
        with autograd.pause():
            if data is not None:
                made[:] = data
            else:
                desc = initializer.InitDesc(self.name, {"__init__": init})
                initializer.Initializer()(desc, made)
        self._data, self._deferred = made, None
        self._attach()

    def _attach(self):
        if self._data._data.dtype.type in FLOATS:
            self._data.attach_grad(self._grad_req)
        if self._grad_req == "null":
            self._data._variable = None

    def _finish_deferred_init(self):
        if self._deferred is None:
            return
        if not known(self._shape):
            raise MXNetValueError(
                f"Parameter {self.name!r} still has the unknown shape {self._shape} after the "
                "shapes of the inputs were looked at; give its block the missing lengths"
            )
        self._fill(*self._deferred)

    def _load(self, data, cast_dtype, dtype_source):
        """Take values from a file."""
        has = self._shape
        if has is not None and (
            len(has) != len(data.shape) or any(a > 0 and a != b for a, b in zip(has, data.shape))
        ):
            raise MXNetAssertionError(
                f"Failed loading Parameter '{self.name}' from saved params: shape incompatible "
                f"expected {has} vs saved {data.shape}"
            )
        if np.dtype(self._dtype) != data.dtype:
            if not cast_dtype:
                raise MXNetAssertionError(
                    f"Failed loading Parameter '{self.name}' from saved params: dtype incompatible "
                    f"expected {np.dtype(self._dtype)} vs saved {np.dtype(data.dtype)}. Set "
                    "cast_dtype=True to cast the dtype of saved params"
                )
            if dtype_source == "saved":
                self.cast(data.dtype)
            else:
                data = data.astype(self._dtype)
        self._shape = tuple(data.shape)
        if self._data is None:
            self._fill(None, data)
        else:
            self.set_data(data)

    # ---- Values

    def _check(self):
        if self._data is not None:
            return
        if self._deferred is not None:
            raise DeferredInitializationError(
                f"Parameter '{self.name}' has not been initialized yet because initialization was "
                "deferred: its shape is known after the first forward pass. Call the block with "
                "data first, or give the shape (in_units, ...)"
            )
        raise MXNetError(
            f"Parameter '{self.name}' has not been initialized; call initialize() of the block, or "
            "of its collect_params(), which has the parameters of all blocks inside it"
        )

    def data(self, ctx: Context | None = None) -> NDArray:
        """The values: always the same NDArray."""
        if self._data is None:
            self._check()
        return self._data

    def list_data(self) -> list[NDArray]:
        """[data()]: one device, one array."""
        return [self.data()]

    def set_data(self, data: NDArray | Array) -> None:
        """Replace the values; `data` must have the parameter's shape."""
        if not isinstance(data, (NDArray, np.ndarray)):
            raise MXNetTypeError(
                f"Parameter {self.name!r}: set_data got {data!r}; expected an NDArray"
            )
        self.shape = data.shape
        if self._data is not None:
            if self._data._variable is not None:
                self._data[:] = data  # which is refused while recording
                return
            with autograd.pause():
                self._data[:] = data
        elif self._deferred is not None:
            self._deferred = (self._deferred[0], data)
        else:
            raise MXNetAssertionError(
                f"Parameter '{self.name}' has not been initialized; call initialize() first"
            )

    def grad(self, ctx: Context | None = None) -> NDArray:
        """The gradient that the last `backward` left: always the same NDArray."""
        self._check()
        if self._data.grad is None:
            raise MXNetError(
                f"Cannot get gradient array for Parameter '{self.name}' because grad_req='null'"
            )
        return self._data.grad

    def list_grad(self) -> list[NDArray]:
        """[grad()]."""
        return [self.grad()]

    def zero_grad(self) -> None:
        """Set the gradient to 0; needed with grad_req 'add'."""
        if self._data is not None and self._data.grad is not None:
            self._data.grad[:] = 0

    def var(self) -> symbol.Symbol:
        """A variable that stands for it in a Symbol: always the same one."""
        if self._var is None:
            self._var = symbol.var(
                self.name,
                shape=self._shape,
                dtype=self._dtype,
                lr_mult=self.lr_mult,
                wd_mult=self.wd_mult,
                init=self.init,
                __storage_type__=0,
            )
        return self._var

    def list_ctx(self) -> list[Context]:
        """[cpu(0)]."""
        if self._deferred is None:
            self._check()
        return [cpu()]

    def reset_ctx(self, ctx: Context | list[Context]) -> None:
        """Nothing: there is one device."""
        check_context(ctx)

    def cast(self, dtype: DType) -> None:
        """Convert values and gradient to another dtype."""
        _check_dtype(self.name, dtype)
        self._dtype = dtype
        if self._data is not None:
            with autograd.pause():
                gradient = self._data.grad
                self._data = self._data.astype(dtype)
                self._attach()
                if gradient is not None and self._data.grad is not None:
                    self._data.grad[:] = gradient.astype(dtype)
