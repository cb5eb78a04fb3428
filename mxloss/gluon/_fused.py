"""What all losses have in common: options, calling, value and gradient in one pass."""

from __future__ import annotations

import inspect

import numpy as np

from .. import _core, autograd
from .. import ndarray as nd
from .._ndarray import NDArray, wrap
from .._observe import observers, tell, watching
from .._symbol import Symbol
from .._tape import LossNode
from ..base import MXNetTypeError, MXNetValueError
from ._arguments import bind, outputs_of, places_of
from ._loss import Loss, _apply_weighting
from ._options import finite, integer, number


def _numpy(inputs):
    """NDArrays as the numpy arrays that they hold."""
    return [x._data if isinstance(x, NDArray) else x for x in inputs]


def _defining(cls):
    """The class of the built-in loss that cls is or extends."""
    return next(c for c in cls.__mro__ if "_core_name" in c.__dict__)


class FusedLoss(Loss):
    """A loss with a kernel in the core.

    A subclass sets ``_core_name``, its name in the core's table, which knows its inputs; and
    implements ``_settings``, the options that it reads, checked.
    """

    _core_name: str
    _helpers: tuple[str, ...] = ()  # methods that `_graph` calls and a subclass may override
    _quick: _core.Options | None = None  # those of a call with two arguments, once there was a call

    def __init__(self, weight, batch_axis, **kwargs):
        super().__init__(weight, batch_axis, **kwargs)
        self._options()  # bad values are refused here, and at the call if they are set later

    @property
    def _info(self):
        return _core.LOSSES[self._core_name]

    def _settings(self):
        """Options of this loss beyond weight and batch_axis: (numbers, flags) by the core's names."""
        return {}, {}

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        self.__dict__.pop("_made", None)  # the options are checked and made again
        self.__dict__.pop("_quick", None)

    def _options(self, **extra):
        """The options as the core takes them; extra ones are numbers given with the call."""
        made = self.__dict__.setdefault("_made", {})
        try:
            return made[tuple(extra.values())]
        except (KeyError, TypeError):  # TypeError: not hashable, so not a number
            options = self._make_options(extra)
        if len(made) > 100:
            made.clear()
        made[tuple(extra.values())] = options
        return options

    def _make_options(self, extra):
        try:
            fields, flags = self._settings()
            fields["weight"] = 1.0 if self._weight is None else number("weight", self._weight)
            if "batch_axis" in self._info.options:
                fields["batch_axis"] = integer("batch_axis", self._batch_axis)
            for name, value in extra.items():
                fields[name] = finite(name, value)
        except (MXNetTypeError, MXNetValueError) as error:
            raise type(error)(f"{type(self).__name__}: {error}") from None
        return _core.Options(self._info, fields, flags)

    def __getstate__(self):
        return {
            name: value for name, value in self.__dict__.items() if name not in ("_made", "_quick")
        }

    def _usual_options(self):
        """The options of a call with two arguments."""
        return self._options()

    def __call__(self, *inputs, **named_inputs):
        """Compute: ``forward(*inputs, **named_inputs)``, between the hooks."""
        quick = self._quick
        if (
            quick is None
            or named_inputs
            or not 2 <= len(inputs) <= 3
            or type(self).forward is not _FORWARD
            or self._forward_pre_hooks
            or self._forward_hooks
            or self._op_hooks
            or self._active
            or (observers and watching.callbacks)
        ):
            return super().__call__(*inputs, **named_inputs)
        kind = type(inputs[0])
        if kind is type(inputs[1]) and kind is type(inputs[-1]):
            if kind is NDArray:
                result = self._quick_ndarrays(quick, inputs)
                if result is not None:
                    return result
            elif kind is np.ndarray:
                found = quick.calls.run(inputs, want_grad=False)
                if found is not None:
                    return found[0]
        return self.forward(*inputs)

    def _quick_ndarrays(self, options, inputs):
        """The value of NDArrays as they were here before, on the tape if the first alone is; None if
        `_forward_ndarrays` has to see to it."""
        pred, others = inputs[0], inputs[1:]
        arrays = [pred._data]
        for x in others:
            arrays.append(x._data)
        if not autograd._state.modes[0]:
            found = options.calls.run(arrays, want_grad=False)
            return None if found is None else wrap(found[0])
        for x in others:
            if x._variable is not None or x._node is not None:
                return None
        source = variable = pred._variable
        spare = None
        if variable is not None:
            spare, variable.spare = variable.spare, None
        else:
            source = pred._source()
            if source is None:
                return None
        found = options.calls.run(arrays, grad=spare)
        if found is None:
            return None
        value, grad, head, known = found
        name, parents = self._core_name, (source,)
        node = LossNode(name, parents, known.outputs, [grad], head, known, options, arrays, (0,))
        result = wrap(value)
        result._node = node, 0
        return result

    def forward(self, *inputs, **named_inputs):
        """The value of the loss. For the inputs see the class; they may be given by name.

        If any input is an NDArray, so is the result; under ``autograd.record()`` the gradients are
        computed along with it, in the same pass, and ``backward()`` finds them ready.
        """
        if self._is_custom():
            return super().forward(*inputs, **named_inputs)
        if self._quick is None:
            self.__dict__["_quick"] = self._usual_options()
        return self._fused(inputs, named_inputs)

    def hybrid_forward(self, F, *inputs, **named_inputs):
        """The same in terms of F: with `mxloss.nd` by the kernel, with `mxloss.sym` as operators."""
        if F is nd and not self._has_own_helper():
            return self._fused(inputs, named_inputs)
        self._options()  # checks them
        return self._in_operators(F, inputs, named_inputs)

    def _in_operators(self, F, inputs, named_inputs):
        try:
            given = inspect.signature(self._graph).bind(F, *inputs, **named_inputs).arguments
        except TypeError as error:
            raise MXNetTypeError(f"{type(self).__name__}: {error}") from None
        for name in self._info.inputs:
            if F is not nd and not isinstance(given.get(name), (Symbol, type(None))):
                raise MXNetTypeError(
                    f"{type(self).__name__}: {name} is of type {type(given[name]).__name__}; "
                    "expected a Symbol"
                )
        return self._graph(F, *inputs, **named_inputs)

    def _is_custom(self):
        return type(self).hybrid_forward is not FusedLoss.hybrid_forward or self._has_own_helper()

    def _has_own_helper(self):
        cls = type(self)
        return any(
            getattr(cls, name) is not getattr(_defining(cls), name) for name in self._helpers
        )

    def _graph(self, F, *inputs):
        """The loss in terms of operators: what Symbols and files have."""
        raise NotImplementedError

    def _mean(self, F, loss, sample_weight, weight=...):
        """The weighted loss averaged over all axes but batch_axis, as an expression."""
        weight = self._weight if weight is ... else weight
        loss = _apply_weighting(F, loss, weight, sample_weight)
        return F.mean(loss, axis=self._batch_axis, exclude=True)

    def _fused(self, inputs, named_inputs):
        options, bound = self._prepare(inputs, named_inputs)
        if self._active:
            places = [None if x is None else True for x in bound]
            self.__dict__["_called_with"] = places + self._constants(inputs, named_inputs)
        arrays = False
        for x in bound:
            if isinstance(x, Symbol):
                self._check_complete(bound)
                return super().forward(*inputs, **named_inputs)
            arrays = arrays or isinstance(x, NDArray)
        return self._forward_ndarrays(options, bound) if arrays else _core.run(options, bound)[0]

    def _check_complete(self, bound):
        for name, x in zip(self._info.inputs[: self._info.n_required], bound):
            if x is None:
                raise MXNetTypeError(f"{type(self).__name__}: {name} is missing")

    def _remember(self, args):
        if self._is_custom():
            super()._remember(args)

    def _constants(self, inputs, named_inputs):
        """Numbers among the arguments of the call, after the inputs of the core."""
        return []

    def _forward_ndarrays(self, options, inputs):
        arrays = _numpy(inputs)
        sources = [x._source() if isinstance(x, NDArray) else None for x in inputs]
        if not autograd.is_recording() or all(source is None for source in sources):
            return self._made_known(NDArray(_core.run(options, arrays)[0]), inputs)
        wrt = [
            i
            for i, source in enumerate(sources)
            if source is not None and arrays[i].dtype.kind == "f"
        ]
        head = options.head
        value, ready = _core.run(options, arrays, None if head == 1 else head, wrt=wrt)
        result = self._made_known(NDArray(value), inputs)
        parents = [sources[i] for i in wrt]
        outputs = ((value.shape, value.dtype),)
        name = type(self).__name__
        node = LossNode(name, parents, outputs, ready, head, options, options, arrays, wrt)
        result._node = node, 0
        return result

    def _made_known(self, result, inputs):
        if watching.callbacks:
            tell(self._core_name, [x for x in inputs if isinstance(x, NDArray)], [result])
        return result

    def value_and_grad(self, *inputs, wrt=None, head_grad=None, out=None, **named_inputs):
        """The loss and its gradient, for the price of one pass over the inputs.

        Parameters
        ----------
        *inputs, **named_inputs
            What the loss is called with.
        wrt : str, int or sequence of these, optional
            Which inputs to differentiate with respect to, by name or position. The default is the
            first one, pred.
        head_grad : array of value's shape, or number, optional
            Gradient of what you minimise with respect to the value. The default is 1 everywhere:
            the gradient is that of ``value.sum()``, as with MXNet's ``loss.backward()``.
        out : tuple (value, gradient or sequence of gradients), optional
            Arrays to write into, of the right shape and dtype, instead of new ones. Each may be
            None. They must not share memory with an input or one another.

        Returns
        -------
        value : ndarray
            As from calling the loss.
        gradient : ndarray, or tuple of ndarrays if `wrt` is a sequence
            Each of the shape and dtype of its input.

        Examples
        --------
        >>> import numpy as np, mxloss as mx
        >>> value, gradient = mx.gluon.loss.L2Loss().value_and_grad(np.array([3.0]), np.array([1.0]))
        >>> value.tolist(), gradient.tolist()
        ([2.0], [2.0])
        """
        quick = self._quick
        if (
            quick is not None
            and wrt is None
            and head_grad is None
            and not named_inputs
            and 2 <= len(inputs) <= 3
            and type(inputs[0]) is type(inputs[1]) is type(inputs[-1]) is np.ndarray
        ):
            found = None
            if out is None:
                found = quick.calls.run(inputs, head=1.0)
            elif type(out) is tuple and len(out) == 2:
                found = quick.calls.run(inputs, *out, head=1.0)
            if found is not None:
                return found[:2]
        if self._is_custom():
            raise MXNetTypeError(
                f"{type(self).__name__} overrides hybrid_forward, and value_and_grad has the "
                f"gradient of {self._core_name} only; use NDArrays and autograd.record()"
            )
        if quick is None:
            self.__dict__["_quick"] = self._usual_options()
        name, names = type(self).__name__, self._info.inputs
        places, single = places_of(name, names, wrt)
        out_value, out_grads = outputs_of(name, out, places, single)
        options, bound = self._prepare(inputs, named_inputs)
        arrays = _numpy(bound)
        (head,) = _numpy([head_grad])
        value, grads = _core.run(options, arrays, head, True, places, out_value, out_grads)
        if any(isinstance(x, NDArray) for x in bound):
            value, grads = NDArray(value), [NDArray(g) for g in grads]
        return value, grads[0] if single else tuple(grads)

    def _prepare(self, args, kwargs):
        """Options and inputs from what the loss was called with."""
        return self._options(), self._bind(args, kwargs)

    def _bind(self, args, kwargs):
        return bind(type(self).__name__, self._info.inputs, args, kwargs)


_FORWARD = FusedLoss.forward
