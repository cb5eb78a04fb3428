"""Parameters of blocks: arrays that are given first values, trained, and kept by name."""

from __future__ import annotations

import warnings
from collections import OrderedDict

import numpy as np

from .. import autograd, initializer
from .. import ndarray as nd
from .._ndarray import FLOATS, NDArray
from ..base import MXNetError, MXNetTypeError, MXNetValueError
from ..context import Context, cpu

__all__ = ["Constant", "DeferredInitializationError", "Parameter", "ParameterDict"]


class DeferredInitializationError(MXNetError):
    """A parameter whose shape is not known before the first forward pass was asked for its data."""


def _known(shape):
    return shape is not None and all(n > 0 for n in shape)


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

    def __init__(
        self,
        name,
        grad_req="write",
        shape=None,
        dtype=np.float32,
        lr_mult=1.0,
        wd_mult=1.0,
        init=None,
        allow_deferred_init=False,
        differentiable=True,
        stype="default",
        grad_stype="default",
    ):
        if stype != "default" or grad_stype != "default":
            raise MXNetValueError(
                f"Parameter {name!r}: stype and grad_stype can only be 'default'; mxloss has no "
                "sparse arrays"
            )
        self.name = name
        self.lr_mult, self.wd_mult = lr_mult, wd_mult
        self.init = init
        self._dtype = dtype
        self._shape = (shape,) if isinstance(shape, (int, np.integer)) else shape
        self._shape = None if self._shape is None else tuple(self._shape)
        self._allow_deferred_init = allow_deferred_init
        self._differentiable = differentiable
        self._data = None
        self._deferred = None  # (init, data) once initialize was called without a shape
        self._grad_req = None
        self.grad_req = grad_req

    def __repr__(self):
        return f"Parameter {self.name} (shape={self._shape}, dtype={self._dtype})"

    # ---- Facts

    @property
    def grad_req(self):
        """'write', 'add' or 'null'."""
        return self._grad_req

    @grad_req.setter
    def grad_req(self, request):
        if request not in ("write", "add", "null"):
            raise MXNetValueError(
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
    def dtype(self):
        """The dtype it was given."""
        return self._dtype

    @dtype.setter
    def dtype(self, dtype):
        self.cast(dtype)

    @property
    def shape(self):
        """Lengths of the axes, 0 or -1 for those not known yet; or None."""
        return self._shape

    @shape.setter
    def shape(self, shape):
        old = self._shape
        if old is not None and (
            len(old) != len(shape) or any(a > 0 and a != b for a, b in zip(old, shape))
        ):
            raise MXNetValueError(
                f"Parameter {self.name!r} of shape {old} cannot take the shape {tuple(shape)}"
            )
        self._shape = tuple(shape)

    @property
    def stype(self):
        """'default': dense."""
        return "default"

    # ---- First values

    def initialize(self, init=None, ctx=None, default_init="uniform", force_reinit=False):
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
        self._data = None
        if not _known(self._shape):
            if not self._allow_deferred_init:
                raise MXNetValueError(
                    f"Cannot initialize Parameter '{self.name}' because it has invalid shape: "
                    f"{self._shape}; all lengths must be known, or allow_deferred_init=True"
                )
            self._deferred = (chosen, None)
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
        if not _known(self._shape):
            raise MXNetValueError(
                f"Parameter {self.name!r} still has the unknown shape {self._shape} after the "
                "shapes of the inputs were looked at; give its block the missing lengths"
            )
        self._fill(*self._deferred)

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

    def data(self, ctx=None):
        """The values: always the same NDArray."""
        if self._data is None:
            self._check()
        return self._data

    def list_data(self):
        """[data()]: one device, one array."""
        return [self.data()]

    def set_data(self, data):
        """Replace the values; `data` must have the parameter's shape."""
        self.shape = data.shape
        if self._data is not None:
            with autograd.pause():
                self._data[:] = data
        elif self._deferred is not None:
            self._deferred = (self._deferred[0], data)
        else:
            self._check()

    def grad(self, ctx=None):
        """The gradient that the last `backward` left: always the same NDArray."""
        self._check()
        if self._data.grad is None:
            raise MXNetError(
                f"Cannot get gradient array for Parameter '{self.name}' because grad_req='null'"
            )
        return self._data.grad

    def list_grad(self):
        """[grad()]."""
        return [self.grad()]

    def zero_grad(self):
        """Set the gradient to 0; needed with grad_req 'add'."""
        if self._data is not None and self._data.grad is not None:
            self._data.grad[:] = 0

    def list_ctx(self):
        """[cpu(0)]."""
        if self._deferred is None:
            self._check()
        return [cpu()]

    def reset_ctx(self, ctx):
        """Nothing: there is one device."""
        check_context(ctx)

    def cast(self, dtype):
        """Convert values and gradient to another dtype."""
        self._dtype = dtype
        if self._data is not None:
            with autograd.pause():
                gradient = self._data.grad
                self._data = self._data.astype(dtype)
                self._attach()
                if gradient is not None and self._data.grad is not None:
                    self._data.grad[:] = gradient.astype(dtype)


class Constant(Parameter):
    """A parameter that training leaves alone.

    Parameters
    ----------
    name : str
    value : NDArray, or what `nd.array` takes
    """

    def __init__(self, name, value):
        self.value = value if isinstance(value, NDArray) else nd.array(value)
        super().__init__(
            name,
            grad_req="null",
            shape=self.value.shape,
            dtype=self.value.dtype,
            init=initializer.Constant(self.value),
        )

    def __repr__(self):
        return f"Constant {self.name} (shape={self.shape}, dtype={self.dtype})"

    @property
    def grad_req(self):
        """'null'."""
        return "null"

    @grad_req.setter
    def grad_req(self, request):
        if request != "null":
            raise MXNetValueError(f"Constant {self.name!r}: grad_req can only be 'null'")
        self._grad_req = "null"


class ParameterDict:
    """Parameters by name, in the order in which they were made.

    Parameters
    ----------
    prefix : str
        Goes in front of the names that `get` is asked for.
    shared : ParameterDict, optional
        Where `get` looks before it makes a new parameter.
    """

    def __init__(self, prefix="", shared=None):
        self._prefix, self._shared = prefix, shared
        self._params = OrderedDict()

    def __repr__(self):
        lines = "\n".join("  " + repr(p).replace("\n", "\n  ") for p in self.values())
        return f"{self._prefix + ' ' if self._prefix else ''}(\n{lines}\n)"

    def __getitem__(self, key):
        return self._params[key]

    def __iter__(self):
        return iter(self._params)

    def __contains__(self, key):
        return key in self._params

    def items(self):
        """Pairs of names and parameters."""
        return self._params.items()

    def keys(self):
        """Names."""
        return self._params.keys()

    def values(self):
        """Parameters."""
        return self._params.values()

    @property
    def prefix(self):
        """What goes in front of the names that `get` is asked for."""
        return self._prefix

    def _find(self, name):
        if name not in self._params and self._shared is not None:
            found = self._shared._find(name)
            if found is not None:
                self._params[name] = found
        return self._params.get(name)

    def get(self, name, **kwargs):
        """The parameter `prefix + name`; made by ``Parameter(prefix + name, **kwargs)`` if new.

        An old one must agree with `kwargs`; lengths of its shape that were unknown are filled in.
        """
        name = self._prefix + name
        found = self._find(name)
        if found is None:
            found = self._params[name] = Parameter(name, **kwargs)
            return found
        for key, wanted in kwargs.items():
            has = getattr(found, key, None)
            if has is None:
                setattr(found, key, wanted)
            elif key == "shape" and wanted is not None:
                wanted = (wanted,) if isinstance(wanted, int) else tuple(wanted)
                agree = len(wanted) == len(has) and all(
                    a == b or a <= 0 or b <= 0 for a, b in zip(wanted, has)
                )
                if not agree:
                    raise self._conflict(name, key, wanted, has)
                found._shape = tuple(max(a, b) for a, b in zip(wanted, has))
            elif key == "dtype":
                if np.dtype(wanted) != np.dtype(has):
                    raise self._conflict(name, key, wanted, has)
            elif wanted is not None and wanted != has:
                raise self._conflict(name, key, wanted, has)
        return found

    @staticmethod
    def _conflict(name, key, wanted, has):
        return MXNetValueError(
            f"Cannot retrieve Parameter '{name}' because desired attribute does not match with "
            f"stored for attribute '{key}': desired '{wanted}' vs stored '{has}'"
        )

    def get_constant(self, name, value=None):
        """The constant `prefix + name`; made of `value` if new."""
        name = self._prefix + name
        found = self._find(name)
        if found is None:
            if value is None:
                raise MXNetValueError(f"No constant named {name!r}; give its value to make one")
            found = self._params[name] = Constant(name, value)
        elif value is not None:
            if not isinstance(found, Constant):
                raise MXNetValueError(f"Parameter {name!r} exists and is not a Constant")
            if not np.array_equal(nd.array(value).asnumpy(), found.value.asnumpy()):
                raise MXNetValueError(f"Constant {name!r} exists with another value")
        return found

    def update(self, other):
        """Take over the parameters of another dict; two of the same name must be one."""
        for name, parameter in other.items():
            if self._params.get(name, parameter) is not parameter:
                raise MXNetValueError(
                    f"Cannot update self with other because they have different Parameters with "
                    f"the same name '{name}'"
                )
            self._params[name] = parameter

    def initialize(self, init="uniform", ctx=None, verbose=False, force_reinit=False):
        """Give all parameters first values, `init` deciding for those that do not say how."""
        init = initializer.checked(init, "init")
        for parameter in self.values():
            parameter.initialize(None, ctx, init, force_reinit)

    def zero_grad(self):
        """Set all gradients to 0."""
        for parameter in self.values():
            parameter.zero_grad()

    def reset_ctx(self, ctx):
        """Nothing: there is one device."""
        check_context(ctx)

    def list_ctx(self):
        """[cpu(0)], or [] without parameters."""
        return [cpu()] if self._params else []

    def setattr(self, name, value):
        """Set an attribute of every parameter: ``net.collect_params().setattr('lr_mult', 0.1)``."""
        for parameter in self.values():
            setattr(parameter, name, value)
