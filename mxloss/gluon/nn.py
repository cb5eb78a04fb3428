"""The few layers that scripts put around a loss.

>>> import mxloss as mx
>>> net = mx.gluon.nn.HybridSequential()
>>> net.add(mx.gluon.nn.Dense(16, activation="relu"), mx.gluon.nn.Dense(3))
>>> net.initialize(mx.init.Xavier())
>>> net(mx.nd.ones((4, 8))).shape
(4, 3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .. import ndarray as nd
from .. import operators
from ..base import MXNetAssertionError, MXNetTypeError, MXNetValueError
from .block import Block, HybridBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._ndarray import NDArray
    from .._symbol import Symbol
    from .._typing import Array, DType, Init, Kind
    from .parameter import Parameter

__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "HybridLambda",
    "HybridSequential",
    "Lambda",
    "Sequential",
]


class _Stack(Block):
    """What Sequential and HybridSequential have in common."""

    _in_summary = False

    def add(self, *blocks: Block) -> None:
        """Put blocks at the end."""
        for block in blocks:
            self.register_child(block)

    def __repr__(self) -> str:
        lines = [
            f"  ({key}): " + repr(block).replace("\n", "\n  ")
            for key, block in self._children.items()
        ]
        return f"{type(self).__name__}(\n" + "\n".join(lines) + "\n)"

    def __getitem__(self, key: int | slice) -> Any:
        """The block with this number; for a slice a stack of the blocks in it."""
        blocks = list(self._children.values())
        try:
            chosen = blocks[key]
        except (IndexError, TypeError) as error:
            raise type(error)(
                f"{type(self).__name__}: no block {key!r}; there are {len(blocks)}"
            ) from None
        if not isinstance(chosen, list):
            return chosen
        stack = type(self)(prefix=self._prefix)
        with stack.name_scope():
            stack.add(*chosen)
        return stack

    def __len__(self) -> int:
        return len(self._children)

    def _chain(self, x, args):
        for block in self._children.values():
            x = block(x, *args)
            args = ()
            if isinstance(x, (tuple, list)):
                x, *args = x
        return (x, *args) if args else x


class Sequential(_Stack):
    """Blocks one after another: each gets what the one before gives.

    Parameters
    ----------
    prefix, params
        As for `gluon.Block`.
    """

    def forward(self, x: Any, *args: Any) -> Any:
        """The last block's result; further arguments go to the first block."""
        return self._chain(x, args)


class HybridSequential(_Stack, HybridBlock):
    """Sequential for HybridBlocks.

    Parameters
    ----------
    prefix, params
        As for `gluon.Block`.
    """

    def forward(self, x: Any, *args: Any) -> Any:
        """The last block's result; further arguments go to the first block."""
        if self._active:
            self._remember((x, *args))
        return self._chain(x, args)

    def hybrid_forward(self, F: Any, x: Any, *args: Any) -> Any:
        """As forward."""
        return self._chain(x, args)


class Dense(HybridBlock):
    r"""A layer in which everything is connected with everything:
    :math:`activation(x W^T + b)`.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, optional
        As of `Activation`; None for none.
    use_bias : bool
        Whether to add :math:`b`.
    flatten : bool
        Whether to take all axes of the input but the first as one; otherwise the last axis only.
    dtype : str or numpy dtype
        Of the parameters.
    weight_initializer, bias_initializer : str or Initializer
        First values; None for what `initialize` is told.
    in_units : int
        Number of inputs; 0 to find out at the first call.
    prefix, params
        As for `gluon.Block`.

    Inputs
    ------
    data : NDArray of shape (N, ...)

    Outputs
    -------
    out : NDArray of shape (N, units); with flatten=False of the input's shape but for the last axis
    """

    weight: Parameter
    bias: Parameter | None
    act: Activation | None

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        flatten: bool = True,
        dtype: DType = "float32",
        weight_initializer: Init = None,
        bias_initializer: Init = "zeros",
        in_units: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value, least in (("units", units, 1), ("in_units", in_units, 0)):
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
                raise MXNetValueError(
                    f"Dense: {name} is {value!r}; expected an integer from {least} on"
                )
        units, in_units = int(units), int(in_units)
        self._units, self._in_units, self._flatten = units, in_units, flatten
        with self.name_scope():
            self.weight = self.params.get(
                "weight",
                shape=(units, in_units),
                init=weight_initializer,
                dtype=dtype,
                allow_deferred_init=True,
            )
            self.bias = None
            if use_bias:
                self.bias = self.params.get(
                    "bias",
                    shape=(units,),
                    init=bias_initializer,
                    dtype=dtype,
                    allow_deferred_init=True,
                )
            self.act = None
            if activation is not None:
                self.act = Activation(activation, prefix=f"{activation}_")

    def __repr__(self) -> str:
        units, inputs = self.weight.shape  # type: ignore[misc]
        return f"Dense({inputs or None} -> {units}, {self.act or 'linear'})"

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: NDArray | Array) -> NDArray: ...
        @overload
        def __call__(self, x: Symbol) -> Symbol: ...
        def __call__(self, x: Any) -> Any: ...

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        """The layer's output."""
        out = F.FullyConnected(
            x,
            weight,
            bias,
            num_hidden=self._units,
            no_bias=bias is None,
            flatten=self._flatten,
            name="fwd",
        )
        return out if self.act is None else self.act(out)


class _Function(HybridBlock):
    """One array in, one of the same kind out."""

    if TYPE_CHECKING:

        def __call__(self, x: Kind) -> Kind: ...


class Activation(_Function):
    """A function of each element.

    Parameters
    ----------
    activation : {'relu', 'sigmoid', 'tanh', 'softrelu', 'softsign'}
    prefix, params
        As for `gluon.Block`.
    """

    def __init__(self, activation: str, **kwargs: Any) -> None:
        self._act_type = activation
        if not isinstance(activation, str) or activation not in operators.ACTIVATIONS:
            raise MXNetValueError(
                f"Activation: activation is {activation!r}; expected one of "
                f"{', '.join(operators.ACTIVATIONS)}"
            )
        super().__init__(**kwargs)

    def _alias(self):
        return self._act_type

    def __repr__(self) -> str:
        return f"Activation({self._act_type})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The function of x."""
        return F.Activation(x, act_type=self._act_type, name="fwd")


class Dropout(_Function):
    """Sets elements to 0 by chance while training, and scales the others up by 1 / (1 - rate).

    Parameters
    ----------
    rate : float
        The probability of 0; from 0 to below 1.
    axes : tuple of int
        Axes along which all elements share their fate.
    prefix, params
        As for `gluon.Block`.
    """

    def __init__(self, rate: float, axes: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(rate, (int, float, np.number)) or not 0 <= rate < 1:
            raise MXNetValueError(f"Dropout: rate is {rate!r}; expected 0 to below 1")
        if not isinstance(axes, (tuple, list)) or not all(isinstance(a, int) for a in axes):
            raise MXNetTypeError(f"Dropout: axes is {axes!r}; expected a tuple of integers")
        self._rate, self._axes = rate, axes

    def __repr__(self) -> str:
        return f"Dropout(p = {self._rate}, axes={self._axes})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """x with some elements dropped, in training mode."""
        if self._rate == 0:
            return F.identity(x)
        return F.Dropout(x, p=self._rate, axes=self._axes, name="fwd", cudnn_off=False)


class Flatten(_Function):
    """Makes all axes but the first one.

    Parameters
    ----------
    prefix, params
        As for `gluon.Block`.
    """

    def __repr__(self) -> str:
        return "Flatten"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """x in two axes."""
        return F.Flatten(x)


def _named(owner, function):
    if not isinstance(function, str) and not callable(function):
        raise MXNetTypeError(
            f"{owner}: function is {function!r}; expected a function or the name of an operator"
        )
    if isinstance(function, str):
        if not hasattr(nd, function):
            raise MXNetAssertionError(
                f"{owner}: function name {function} is not found in mxloss.nd; see dir(mxloss.nd)"
            )
        return function
    return getattr(function, "__name__", type(function).__name__)


class Lambda(Block):
    """A function as a block.

    Parameters
    ----------
    function : str or callable
        The name of an operator of `mxloss.nd`, or a function of the inputs.
    prefix : str, optional
        As for `gluon.Block`.
    """

    def __init__(self, function: str | Callable[..., Any], prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        self._func_name, self._function = _named("Lambda", function), function

    def __repr__(self) -> str:
        return f"Lambda({self._func_name})"

    def forward(self, *args: Any) -> Any:
        """The function of the arguments."""
        return (getattr(nd, self._function) if isinstance(self._function, str) else self._function)(
            *args
        )


class HybridLambda(HybridBlock):
    """A function of F and the inputs as a block.

    Parameters
    ----------
    function : str or callable
        The name of an operator, or ``function(F, x, ...)``.
    prefix : str, optional
        As for `gluon.Block`.
    """

    def __init__(self, function: str | Callable[..., Any], prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        self._func_name, self._function = _named("HybridLambda", function), function

    def __repr__(self) -> str:
        return f"HybridLambda({self._func_name})"

    def hybrid_forward(self, F: Any, x: Any, *args: Any) -> Any:
        """The function of the arguments."""
        if isinstance(self._function, str):
            return getattr(F, self._function)(x, *args)
        return self._function(F, x, *args)
