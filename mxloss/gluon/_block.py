"""Block: what losses and layers have in common.

A block has a name, parameters, other blocks as children, and hooks around its calls. It computes
when called; under ``autograd.record()`` what it computes can be differentiated.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._observe import observed
from ..base import MXNetAssertionError, MXNetTypeError, MXNetValueError
from ..name import NameManager, Prefix
from ._block_files import BlockFiles
from ._summary import summarise
from .parameter import Parameter, ParameterDict

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from typing_extensions import Self

    from .._typing import DType, Init
    from ..context import Context


class _Scope:
    """Counts the children that a block makes in its name_scope()."""

    _local = threading.local()

    def __init__(self, block):
        self._block = block
        self._counter = {}

    @classmethod
    def current(cls):
        return getattr(cls._local, "current", None)

    @classmethod
    def new_names(cls, prefix, params, hint):
        """Prefix and parameters of a new block."""
        if params is not None and not isinstance(params, ParameterDict):
            raise MXNetTypeError(
                f"params is of type {type(params).__name__}; expected a ParameterDict, such as the "
                "params of another block"
            )
        if prefix is not None and not isinstance(prefix, str):
            raise MXNetTypeError(f"prefix is of type {type(prefix).__name__}; expected a string")
        scope = cls.current()
        if scope is None:
            if prefix is None:
                prefix = NameManager.current().get(None, hint) + "_"
            shared = (
                ParameterDict(prefix) if params is None else ParameterDict(params.prefix, params)
            )
            return prefix, shared
        if prefix is None:
            count = scope._counter.get(hint, 0)
            scope._counter[hint] = count + 1
            prefix = f"{hint}{count}_"
        parent = scope._block
        if params is None:
            shared = ParameterDict(parent.params.prefix + prefix, parent.params._shared)
        else:
            shared = ParameterDict(params.prefix, params)
        return parent.prefix + prefix, shared

    @contextmanager
    def enter(self):
        if self._block._empty_prefix:
            yield self
            return
        before, _Scope._local.current = _Scope.current(), self
        try:
            with Prefix(self._block.prefix):
                yield self
        finally:
            _Scope._local.current = before


class HookHandle:
    """What registering a hook returns: ``detach()`` takes the hook off again.

    As a `with` block it does so at the end of the block.
    """

    _numbers = iter(range(2**62))

    def __init__(self, hooks: dict[int, Any], hook: Callable[..., Any]) -> None:
        if not callable(hook):
            raise MXNetTypeError(f"the hook is {hook!r}; expected a function")
        self._hooks, self._key = hooks, next(self._numbers)
        hooks[self._key] = hook

    def detach(self) -> None:
        """Take the hook off. Once is enough, more does no harm."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.detach()


def _blocks_in(values):
    """The Blocks in a list, tuple or dict, and in those in it."""
    for value in values.values() if isinstance(values, dict) else values:
        if isinstance(value, (list, tuple, dict)):
            yield from _blocks_in(value)
        elif isinstance(value, Block):
            yield value


class Block(BlockFiles):
    """Base class of losses, layers and networks.

    Parameters
    ----------
    prefix : str, optional
        Goes in front of the names of its parameters and children. By default the name of the class
        in lower case and a count: ``l2loss0_``.
    params : ParameterDict, optional
        Parameters to share with another block: ``Dense(10, params=first.params)``.

    Notes
    -----
    A subclass overrides ``forward(self, ...)``. Blocks and parameters that it keeps as attributes
    are its children and its parameters:

    >>> import mxloss as mx
    >>> class Net(mx.gluon.Block):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         with self.name_scope():
    ...             self.hidden = mx.gluon.nn.Dense(4, activation="relu")
    ...             self.out = mx.gluon.nn.Dense(2)
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x))
    >>> net = Net(prefix="net_")
    >>> net.initialize()
    >>> net(mx.nd.ones((3, 5))).shape
    (3, 2)
    >>> list(net.collect_params(".*weight").keys())
    ['net_dense0_weight', 'net_dense1_weight']
    """

    _in_summary = True  # as a row of its own
    _prefix: str
    _name: str
    _scope: _Scope
    _params: ParameterDict
    _reg_params: dict[str, Parameter]
    _children: OrderedDict[str, Block]
    _forward_hooks: OrderedDict[int, Any]
    _forward_pre_hooks: OrderedDict[int, Any]
    _op_hooks: list[Any]

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        empty = isinstance(prefix, str) and not prefix
        prefix, params = _Scope.new_names(prefix, params, self._alias())
        self.__dict__.update(
            _empty_prefix=empty,
            _prefix=prefix,
            _params=params,
            _name=prefix.removesuffix("_"),
            _children=OrderedDict(),
            _reg_params={},
            _forward_hooks=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _op_hooks=[],
        )
        self.__dict__["_scope"] = _Scope(self)

    def _alias(self):
        """What its name begins with if it is given none."""
        return type(self).__name__.lower()

    def __repr__(self) -> str:
        lines = [
            f"  ({key}): " + repr(block).replace("\n", "\n  ")
            for key, block in self.__dict__.items()
            if isinstance(block, Block)
        ]
        return f"{type(self).__name__}(\n" + "\n".join(lines) + "\n)"

    def __setattr__(self, name: str, value: Any) -> None:
        existing = self.__dict__.get(name)
        if isinstance(existing, (Block, Parameter)) and not isinstance(value, type(existing)):
            raise MXNetTypeError(
                f"Changing attribute type for {name} from {type(existing)} to {type(value)} "
                "is not allowed"
            )
        if isinstance(value, Block):
            self.register_child(value, name)
        elif isinstance(value, Parameter):
            if self._reg_params.get(name, value) is not value:
                raise MXNetAssertionError(
                    f"Overriding Parameter attribute {name} is not allowed. To share parameters "
                    "between blocks, give `params` when the block is made"
                )
            self._reg_params[name] = value
        super().__setattr__(name, value)

    # ---- Names

    @property
    def prefix(self) -> str:
        """What the names of parameters and children begin with."""
        return self._prefix

    @property
    def name(self) -> str:
        """The prefix without the underscore at its end."""
        return self._name

    def name_scope(self) -> AbstractContextManager[Any]:
        """A `with` block; blocks made in it have this block's prefix in front of theirs."""
        return self._scope.enter()

    # ---- Parameters

    @property
    def params(self) -> ParameterDict:
        """The block's own parameters, without those of its children."""
        return self._params

    def collect_params(self, select: str | None = None) -> ParameterDict:
        """The parameters of the block and all blocks inside it.

        Parameters
        ----------
        select : str, optional
            A regular expression; only parameters whose names match it from the start.

        Returns
        -------
        ParameterDict
        """
        self._warn_of_containers()
        found = ParameterDict(self._params.prefix)
        try:
            chosen = re.compile(select) if select else None
        except (re.error, TypeError) as error:
            raise MXNetValueError(
                f"collect_params: select is {select!r}; expected a regular expression: {error}"
            ) from None
        for name, parameter in self._params.items():
            if chosen is None or chosen.match(name):
                found.update({name: parameter})
        for child in self._children.values():
            found.update(child.collect_params(select))
        return found

    def _warn_of_containers(self):
        children = list(self._children.values())
        for key, value in self.__dict__.items():
            if (
                isinstance(value, (list, tuple, dict))
                and key != "_children"
                and any(not any(b is child for child in children) for b in _blocks_in(value))
            ):
                warnings.warn(
                    f'"{type(self).__name__}.{key}" is an unregistered container with Blocks: they '
                    "are not children, so their parameters are not found. Register them by "
                    "register_child(), or use nn.Sequential or nn.HybridSequential",
                    stacklevel=3,
                )

    def initialize(
        self,
        init: Init = "uniform",
        ctx: Context | list[Context] | None = None,
        verbose: bool = False,
        force_reinit: bool = False,
    ) -> None:
        """Give all parameters first values.

        Parameters
        ----------
        init : Initializer or str
            How, for parameters without an `init` of their own.
        ctx : Context, optional
            `mx.cpu()`.
        verbose : bool
            Without effect.
        force_reinit : bool
            Whether parameters that have values begin anew.
        """
        self.collect_params().initialize(init, ctx, verbose, force_reinit)

    def cast(self, dtype: DType) -> None:
        """Convert all parameters to a dtype. A loss without parameters computes in pred's dtype."""
        for child in self._children.values():
            child.cast(dtype)
        for parameter in self._params.values():
            parameter.cast(dtype)

    # ---- Children and hooks

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Make a block a child, as assigning it to an attribute does; by default it is named by
        its number."""
        if not isinstance(block, Block):
            raise MXNetTypeError(
                f"{type(self).__name__}: a child is of type {type(block).__name__}; "
                "expected a Block"
            )
        self._children[str(len(self._children)) if name is None else name] = block

    def apply(self, fn: Callable[[Block], Any]) -> Self:
        """Call ``fn(block)`` for all blocks inside and then this one, which is returned."""
        for child in self._children.values():
            child.apply(fn)
        fn(self)
        return self

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have ``hook(block, inputs)`` called before each call; inputs is a tuple.

        Returns a `HookHandle`."""
        return HookHandle(self._forward_pre_hooks, hook)

    def register_forward_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have ``hook(block, inputs, output)`` called after each call.

        Returns a `HookHandle`."""
        return HookHandle(self._forward_hooks, hook)

    def register_op_hook(self, callback: Callable[..., Any], monitor_all: bool = False) -> None:
        """Have ``callback(name, operator, array)`` called with each operator's result when this
        block is called; with `monitor_all` with its inputs as well.

        A loss with a kernel is one operator.
        """
        if not callable(callback):
            raise MXNetTypeError(f"the callback is {callback!r}; expected a function")
        self._op_hooks.append((callback, monitor_all))

    # ---- Calling

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute: ``forward(*args, **kwargs)``, between the hooks."""
        for hook in tuple(self._forward_pre_hooks.values()):
            hook(self, args)
        if self._op_hooks:
            with observed(self.prefix, tuple(self._op_hooks)):
                result = self.forward(*args, **kwargs)
        else:
            result = self.forward(*args, **kwargs)
        for hook in tuple(self._forward_hooks.values()):
            hook(self, args, result)
        return result

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the block computes. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override forward")

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Hybridize the children, as far as they can be."""
        for child in self._children.values():
            child.hybridize(active, **kwargs)

    def summary(self, *inputs: Any) -> None:
        """Print a table of the blocks inside, with the shapes that come out and the number of
        parameters, for a call with these inputs."""
        summarise(self, inputs)
