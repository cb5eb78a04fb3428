"""Block and HybridBlock: what losses and layers have in common.

A block has a name, parameters, other blocks as children, and hooks around its calls. It computes
when called; under ``autograd.record()`` what it computes can be differentiated.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from contextlib import contextmanager

import numpy as np

from .. import autograd
from .. import ndarray as nd
from .._ndarray import NDArray, observed
from ..base import MXNetAssertionError, MXNetError, MXNetTypeError, MXNetValueError
from ..name import NameManager, Prefix
from ._summary import summarise
from .parameter import DeferredInitializationError, Parameter, ParameterDict

__all__ = ["Block", "HookHandle", "HybridBlock"]


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

    def __init__(self, hooks, hook):
        if not callable(hook):
            raise MXNetTypeError(f"the hook is {hook!r}; expected a function")
        self._hooks, self._key = hooks, next(self._numbers)
        hooks[self._key] = hook

    def detach(self):
        """Take the hook off. Once is enough, more does no harm."""
        self._hooks.pop(self._key, None)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.detach()


def arrays_in(values):
    """The NDArrays, Symbols and numpy arrays among values and in lists and tuples of them."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from arrays_in(value)
        elif isinstance(value, (NDArray, np.ndarray)):
            yield value


def convert(values, kind, function):
    """values with the function applied to all of that kind, also in lists and tuples."""
    if isinstance(values, kind):
        return function(values)
    if isinstance(values, (list, tuple)):
        return type(values)([convert(value, kind, function) for value in values])
    return values


class Block:
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

    def __init__(self, prefix=None, params=None):
        empty = prefix == ""
        prefix, params = _Scope.new_names(prefix, params, type(self).__name__.lower())
        self.__dict__.update(
            _empty_prefix=empty,
            _prefix=prefix,
            _params=params,
            _name=prefix[:-1] if prefix.endswith("_") else prefix,
            _children=OrderedDict(),
            _reg_params={},
            _forward_hooks=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _op_hooks=[],
        )
        self.__dict__["_scope"] = _Scope(self)

    def __repr__(self):
        lines = [
            f"  ({key}): " + repr(block).replace("\n", "\n  ")
            for key, block in self.__dict__.items()
            if isinstance(block, Block)
        ]
        return f"{type(self).__name__}(\n" + "\n".join(lines) + "\n)"

    def __setattr__(self, name, value):
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
    def prefix(self):
        """What the names of parameters and children begin with."""
        return self._prefix

    @property
    def name(self):
        """The prefix without the underscore at its end."""
        return self._name

    def name_scope(self):
        """A `with` block; blocks made in it have this block's prefix in front of theirs."""
        return self._scope.enter()

    # ---- Parameters

    @property
    def params(self):
        """The block's own parameters, without those of its children."""
        return self._params

    def collect_params(self, select=None):
        """The parameters of the block and all blocks inside it.

        Parameters
        ----------
        select : str, optional
            A regular expression; only parameters whose names match it from the start.

        Returns
        -------
        ParameterDict
        """
        found = ParameterDict(self._params.prefix)
        chosen = re.compile(select) if select else None
        for name, parameter in self._params.items():
            if chosen is None or chosen.match(name):
                found.update({name: parameter})
        for child in self._children.values():
            found.update(child.collect_params(select))
        return found

    def initialize(self, init="uniform", ctx=None, verbose=False, force_reinit=False):
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

    def cast(self, dtype):
        """Convert all parameters to a dtype. A loss without parameters computes in pred's dtype."""
        for child in self._children.values():
            child.cast(dtype)
        for parameter in self._params.values():
            parameter.cast(dtype)

    # ---- Children and hooks

    def register_child(self, block, name=None):
        """Make a block a child, as assigning it to an attribute does; by default it is named by
        its number."""
        if not isinstance(block, Block):
            raise MXNetTypeError(
                f"{type(self).__name__}: a child is of type {type(block).__name__}; "
                "expected a Block"
            )
        self._children[str(len(self._children)) if name is None else name] = block

    def apply(self, fn):
        """Call ``fn(block)`` for all blocks inside and then this one, which is returned."""
        for child in self._children.values():
            child.apply(fn)
        fn(self)
        return self

    def register_forward_pre_hook(self, hook):
        """Have ``hook(block, inputs)`` called before each call; inputs is a tuple.

        Returns a `HookHandle`."""
        return HookHandle(self._forward_pre_hooks, hook)

    def register_forward_hook(self, hook):
        """Have ``hook(block, inputs, output)`` called after each call.

        Returns a `HookHandle`."""
        return HookHandle(self._forward_hooks, hook)

    def register_op_hook(self, callback, monitor_all=False):
        """Have ``callback(name, operator, array)`` called with each operator's result when this
        block is called; with `monitor_all` with its inputs as well.

        A loss with a kernel is one operator.
        """
        if not callable(callback):
            raise MXNetTypeError(f"the callback is {callback!r}; expected a function")
        self._op_hooks.append((callback, monitor_all))

    # ---- Calling

    def __call__(self, *args, **kwargs):
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

    def forward(self, *args):
        """What the block computes. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override forward")

    def hybridize(self, active=True, **kwargs):
        """Hybridize the children, as far as they can be."""
        for child in self._children.values():
            child.hybridize(active, **kwargs)

    def summary(self, *inputs):
        """Print a table of the blocks inside, with the shapes that come out and the number of
        parameters, for a call with these inputs."""
        summarise(self, inputs)


class HybridBlock(Block):
    """A block whose computation can also be turned into a graph.

    A subclass overrides ``hybrid_forward(self, F, ...)``: F is `mxloss.nd` for NDArrays and
    `mxloss.sym` for Symbols, and the block's parameters arrive by name after the inputs:

    >>> import mxloss as mx
    >>> class Scale(mx.gluon.HybridBlock):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.factor = self.params.get("factor", shape=(1,), init="ones")
    ...     def hybrid_forward(self, F, x, factor):
    ...         return F.broadcast_mul(x, factor)
    >>> block = Scale()
    >>> block.initialize()
    >>> block(mx.nd.array([3])).asscalar().item()
    3.0

    Parameters
    ----------
    prefix, params
        As for `Block`.

    Notes
    -----
    Arrays go through the same code whether the block is hybridized or not, so that nothing depends
    on it, and the number of arguments may change from call to call.
    """

    def __init__(self, prefix=None, params=None):
        super().__init__(prefix, params)
        self.__dict__["_active"] = False

    def register_child(self, block, name=None):
        """As of `Block`, for HybridBlocks only."""
        if not isinstance(block, HybridBlock):
            raise MXNetValueError(
                f"Children of HybridBlock must also be HybridBlock, but {block!r} has type "
                f"{type(block)}. Derive it from HybridBlock, or use a Block, such as Sequential "
                "for HybridSequential, around it"
            )
        super().register_child(block, name)

    def hybridize(
        self,
        active=True,
        backend=None,
        clear=True,
        static_alloc=False,
        static_shape=False,
        inline_limit=2,
        forward_bulk_size=None,
        backward_bulk_size=None,
        **kwargs,
    ):
        """Mark this block and its children for export; `active=False` takes the mark off.

        Results and speed stay the same. The other arguments are of MXNet's and have no effect;
        a `backend` is refused.
        """
        if backend is not None:
            raise self._no_backend(backend)
        self.__dict__["_active"] = bool(active)
        super().hybridize(active, **kwargs)

    def _no_backend(self, backend):
        return MXNetError(
            f"{type(self).__name__}: the backend {backend!r} cannot be used: mxloss computes with "
            "kernels of its own. Leave it out"
        )

    def optimize_for(self, x, *args, backend=None, **kwargs):
        """Refused: there are no other backends to optimise for."""
        raise self._no_backend(backend)

    # ---- Shapes

    def _infer(self, what, args):
        if all(a is None for a in args):
            raise MXNetValueError("All args are None and we do not support such a case.")
        try:
            with autograd.pause():
                self.forward(*convert(args, NDArray, lambda a: nd.zeros(a.shape, dtype=a.dtype)))
        except MXNetError:
            print(f"{what} error. Arguments:")
            for i, a in enumerate(a for a in args if a is not None):
                print(f"  data{i}: {a.shape if what == 'infer_shape' else np.dtype(a.dtype)}")
            raise

    def infer_shape(self, *args):
        """Find the lengths of parameters that are not known yet, from arrays as the block will be
        called with; raises if they do not fit."""
        self._infer("infer_shape", args)

    def infer_type(self, *args):
        """Check the dtypes of arrays as the block will be called with; raises if they do not fit."""
        self._infer("infer_type", args)

    # ---- Calling

    def _parameters(self, inputs):
        try:
            return {name: p.data() for name, p in self._reg_params.items()}
        except DeferredInitializationError:
            self.infer_shape(*inputs)
            for parameter in self._params.values():
                parameter._finish_deferred_init()
            return {name: p.data() for name, p in self._reg_params.items()}

    def forward(self, *args, **kwargs):
        """Compute: `hybrid_forward` with F and the parameters.

        NDArrays give NDArrays. numpy arrays alone give numpy arrays, if there are no parameters.
        """
        kinds = {type(a) for a in arrays_in((*args, *kwargs.values()))}
        if not kinds:
            raise MXNetValueError(
                f"{type(self).__name__}: In HybridBlock, there must be one NDArray or one Symbol "
                "in the input; got "
                + (", ".join(type(a).__name__ for a in (*args, *kwargs.values())) or "nothing")
            )
        only_numpy = not self._reg_params and not any(issubclass(k, NDArray) for k in kinds)
        if any(issubclass(k, np.ndarray) for k in kinds):
            args = convert(args, np.ndarray, NDArray)
            kwargs = {name: convert(value, np.ndarray, NDArray) for name, value in kwargs.items()}
        if self._reg_params:
            kwargs.update(self._parameters(args))
        result = self.hybrid_forward(nd, *args, **kwargs)
        return convert(result, NDArray, NDArray.asnumpy) if only_numpy else result

    def hybrid_forward(self, F, x, *args, **kwargs):
        """What the block computes, in terms of the operators F. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override hybrid_forward")
