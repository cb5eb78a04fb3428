"""First values of parameters: `mx.init`.

The formulas are MXNet's, the random numbers are not: they come from `mx.random`'s generator, which
`mx.random.seed` sets.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from . import random
from .base import MXNetAssertionError, MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._ndarray import NDArray
    from ._typing import Class, Numbers

__all__ = [
    "Constant",
    "InitDesc",
    "Initializer",
    "MSRAPrelu",
    "Normal",
    "One",
    "Uniform",
    "Xavier",
    "Zero",
    "create",
    "register",
]

_REGISTRY: dict[str, Any] = {}


class InitDesc(str):
    """The name of a parameter, with attributes: '__init__' has an initializer that goes first."""

    attrs: dict[str, Any]
    global_init: Any

    def __new__(
        cls, name: str, attrs: dict[str, Any] | None = None, global_init: Any = None
    ) -> InitDesc:
        made = super().__new__(cls, name)
        made.attrs, made.global_init = attrs or {}, global_init
        return made


def register(klass: Class) -> Class:
    """Let a class of initializers be found by its name in lower case. For use as a decorator."""
    if not isinstance(klass, type) or not issubclass(klass, Initializer):
        raise MXNetTypeError(f"register: {klass!r} is not a subclass of Initializer")
    _REGISTRY[klass.__name__.lower()] = klass
    return klass


def _number(owner, name, value, least=-math.inf):
    if not isinstance(value, (int, float, np.number)) or not least <= value < math.inf:
        raise MXNetValueError(
            f"{owner}: {name} is {value!r}; expected a finite number"
            + (f" from {least} on" if least == 0 else "")
        )


def create(init: str | Initializer | Callable[[str, NDArray], Any], **kwargs: Any) -> Initializer:
    """An initializer: itself, or the one with that name, such as 'xavier' or 'zeros'."""
    if isinstance(init, Initializer):
        return init
    if isinstance(init, str):
        name = init
        if init.startswith("["):  # as dumps() writes it
            try:
                name, kwargs = json.loads(init)
            except ValueError:
                raise MXNetValueError(
                    f"init is {init!r}; expected JSON as dumps() of an initializer writes it"
                ) from None
        if name.lower() in _REGISTRY:
            return _REGISTRY[name.lower()](**kwargs)
    if callable(init) and not isinstance(init, type):
        return _Function(init)
    raise MXNetAssertionError(
        f"{init!r} is not registered as an initializer; expected one of "
        f"{', '.join(sorted(_REGISTRY))}, or an instance such as mx.init.Xavier()"
    )


class Initializer:
    """Base class. A subclass overrides ``_init_weight(self, name, arr)``, which writes into `arr`.

    Called with a name and an array, it goes by how the name ends: bias and beta become 0, gamma 1,
    weight what the subclass does.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs

    def __call__(self, desc: str, arr: NDArray) -> None:
        if not isinstance(desc, str):
            raise MXNetTypeError(f"{type(self).__name__}: desc is {desc!r}; expected a name")
        if not hasattr(arr, "_data"):
            raise MXNetTypeError(f"{type(self).__name__}: arr is {arr!r}; expected an NDArray")
        if isinstance(desc, InitDesc) and desc.attrs.get("__init__"):
            create(desc.attrs["__init__"])._init_weight(desc, arr)
        elif desc.endswith("weight"):
            self._init_weight(desc, arr)
        elif desc.endswith(("bias", "beta", "running_mean", "moving_mean")):
            arr[:] = 0
        elif desc.endswith(("gamma", "running_var", "moving_var")):
            arr[:] = 1
        else:
            raise MXNetValueError(
                f"no rule for the first value of {str(desc)!r}; expected a name ending in weight, "
                "bias, gamma or beta, or a parameter with an init of its own"
            )

    def _init_weight(self, name: str, arr: NDArray) -> None:
        raise NotImplementedError(f"{type(self).__name__} does not override _init_weight")

    def dumps(self) -> str:
        """Name and arguments as JSON."""
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._kwargs == other._kwargs

    def __hash__(self) -> int:
        return object.__hash__(self)

    def set_verbosity(self, verbose: bool = False, print_func: Any = None) -> Initializer:
        """Nothing, for scripts that call it; returns the initializer."""
        return self


class _Function(Initializer):
    def __init__(self, function):
        super().__init__()
        self._function = function

    def _init_weight(self, name, arr):
        self._function(name, arr)


def _fill(arr, values):
    arr[:] = np.asarray(values, dtype=arr.dtype)


@register
class Zero(Initializer):
    """0 everywhere."""

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = 0


@register
class One(Initializer):
    """1 everywhere."""

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = 1


_REGISTRY["zeros"], _REGISTRY["ones"] = Zero, One


@register
class Constant(Initializer):
    """The same number everywhere, or the elements of an array of the parameter's shape."""

    value: Numbers | NDArray

    def __init__(self, value: Numbers | NDArray = 0) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = (
            self.value
            if np.isscalar(self.value) or hasattr(self.value, "_data")
            else (np.asarray(self.value))
        )

    def dumps(self) -> str:
        """Name and value as JSON."""
        value = self.value if np.isscalar(self.value) else np.asarray(self.value).tolist()
        return json.dumps(["constant", {"value": value}])


@register
class Uniform(Initializer):
    """Evenly distributed from -scale to scale."""

    scale: float

    def __init__(self, scale: float = 0.07) -> None:
        _number("Uniform", "scale", scale)
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, name: str, arr: NDArray) -> None:
        _fill(arr, random.generator().uniform(-self.scale, self.scale, arr.shape))


@register
class Normal(Initializer):
    """Normally distributed with mean 0 and standard deviation sigma."""

    sigma: float

    def __init__(self, sigma: float = 0.01) -> None:
        _number("Normal", "sigma", sigma, 0)
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, name: str, arr: NDArray) -> None:
        _fill(arr, random.generator().normal(0, self.sigma, arr.shape))


@register
class Xavier(Initializer):
    """Scaled such that signals keep their size from layer to layer (Glorot and Bengio, 2010).

    With n the number of inputs (factor_type 'in'), of outputs ('out'), or their mean ('avg'), and
    s = sqrt(magnitude / n): uniform from -s to s (rnd_type 'uniform'), or normal with standard
    deviation s ('gaussian').
    """

    rnd_type: str
    factor_type: str
    magnitude: float

    def __init__(
        self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3
    ) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        if rnd_type not in ("uniform", "gaussian"):
            raise MXNetValueError(
                f"Xavier: rnd_type is {rnd_type!r}; expected 'uniform' or 'gaussian'"
            )
        if factor_type not in ("avg", "in", "out"):
            raise MXNetValueError(
                f"Xavier: factor_type is {factor_type!r}; expected 'avg', 'in' or 'out'"
            )
        _number("Xavier", "magnitude", magnitude, 0)
        self.rnd_type, self.factor_type = rnd_type, factor_type
        self.magnitude = float(magnitude)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        shape = arr.shape
        if len(shape) < 2:
            raise MXNetValueError(
                f"Xavier cannot be applied to {str(name)!r} of shape {shape}: at least two axes "
                "are needed to tell inputs from outputs"
            )
        each = math.prod(shape[2:])
        n_in, n_out = shape[1] * each, shape[0] * each
        n = {"avg": (n_in + n_out) / 2, "in": n_in, "out": n_out}[self.factor_type]
        scale = math.sqrt(self.magnitude / n)
        if self.rnd_type == "uniform":
            _fill(arr, random.generator().uniform(-scale, scale, shape))
        else:
            _fill(arr, random.generator().normal(0, scale, shape))


@register
class MSRAPrelu(Xavier):
    """Xavier for layers followed by rectifiers of that slope (He and others, 2015): normal."""

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        _number("MSRAPrelu", "slope", slope)
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}


def checked(init: Any, argument: str) -> Initializer:
    """`init` as an initializer, or an error that names the argument."""
    if not isinstance(init, (str, Initializer)) and not callable(init):
        raise MXNetTypeError(f"{argument} is {init!r}; expected the name of an initializer or one")
    return create(init)
