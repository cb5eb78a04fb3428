"""Recording what is computed with NDArrays, and differentiating it.

>>> import mxloss as mx
>>> x = mx.nd.array([1.0, 2.0])
>>> x.attach_grad()
>>> with mx.autograd.record():
...     y = (x * x).sum()
>>> y.backward()
>>> print(x.grad.asnumpy())
[2. 4.]
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from ._tape import (  # noqa: F401
    LossNode,
    MeanNode,
    Node,
    Variable,
    after_inputs,
    backward_along,
    pulled_back,
)
from .base import MXNetError, MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._function import Function
    from ._ndarray import NDArray

__all__ = [
    "Function",
    "backward",
    "grad",
    "is_recording",
    "is_training",
    "mark_variables",
    "pause",
    "predict_mode",
    "record",
    "set_recording",
    "set_training",
    "train_mode",
]


class _State(threading.local):
    modes = False, False  # recording, training; together, since each look takes a while


_state = _State()


def is_recording() -> bool:
    """Whether operations are being recorded in this thread."""
    return _state.modes[0]


def is_training() -> bool:
    """Whether layers behave as in training, which Dropout does differently."""
    return _state.modes[1]


def set_recording(is_record: bool) -> bool:
    """Switch recording on or off; returns what it was."""
    before, training = _state.modes
    _state.modes = bool(is_record), training
    return before


def set_training(train_mode: bool) -> bool:
    """Switch training mode on or off; returns what it was."""
    recording, before = _state.modes
    _state.modes = recording, bool(train_mode)
    return before


class _scope:
    """A `with` block with these switches; None for as they are."""

    __slots__ = ("_before", "_recording", "_training")

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self._recording, self._training = recording, training

    def __enter__(self) -> tuple[bool, bool]:
        self._before = before = _state.modes
        recording, training = self._recording, self._training
        _state.modes = (
            before[0] if recording is None else recording,
            before[1] if training is None else training,
        )
        return before

    def __exit__(self, *exception: object) -> None:
        _state.modes = self._before


def record(train_mode: bool = True) -> _scope:
    """A `with` block in which operations are recorded, in training mode unless told otherwise."""
    return _scope(True, train_mode)


def pause(train_mode: bool = False) -> _scope:
    """A `with` block in which they are not."""
    return _scope(False, train_mode)


def train_mode() -> _scope:
    """A `with` block in training mode."""
    return _scope(None, True)


def predict_mode() -> _scope:
    """A `with` block out of training mode."""
    return _scope(None, False)


def _used_up(node):
    return MXNetError(
        f"backward: the graph of {node.name} has been used already; pass retain_graph=True to the "
        "first backward to go through it again"
    )


def _listed(name, arrays):
    from ._ndarray import NDArray

    if not isinstance(arrays, NDArray) and not np.iterable(arrays):
        raise MXNetTypeError(
            f"{name} is of type {type(arrays).__name__}; expected an NDArray or a list of these"
        )
    return [arrays] if isinstance(arrays, NDArray) else list(arrays)


def _heads_of(heads, head_grads):
    from ._ndarray import NDArray

    heads = _listed("heads", heads)
    if head_grads is None or isinstance(head_grads, NDArray):
        head_grads = [head_grads] * (1 if head_grads is not None else len(heads))
    head_grads = _listed("head_grads", head_grads)
    if len(head_grads) != len(heads):
        raise MXNetValueError(f"backward: {len(heads)} heads, but {len(head_grads)} head gradients")
    pairs = []
    for i, (head, g) in enumerate(zip(heads, head_grads)):
        if not isinstance(head, NDArray):
            raise MXNetTypeError(
                f"backward: head {i} is of type {type(head).__name__}; expected an NDArray"
            )
        source = head._source()
        if source is None and head._node is not None:
            raise _used_up(head._node[0])
        if source is None:
            raise MXNetError(
                f"backward: head {i} was not computed from an array with attach_grad() inside "
                "`with autograd.record():`, so there is no computational graph to go back through"
            )
        g = (
            np.ones(head.shape, head._data.dtype)
            if g is None
            else np.asarray(g._data if isinstance(g, NDArray) else g, head._data.dtype)
        )
        if g.size == head.size == 1:
            g = g.reshape(head.shape)
        if g.shape != head.shape:
            raise MXNetValueError(
                f"backward: the gradient of head {i} has shape {g.shape}; expected {head.shape}"
            )
        pairs.append((source, g))
    return pairs


def _order(sources):
    """Nodes reachable from the heads, each after all that use its outputs."""
    roots = [source[0] for source in sources if not isinstance(source, Variable)]
    return after_inputs(roots, _nodes_before)[::-1]


def _nodes_before(node):
    return [parent[0] for parent in node.parents if isinstance(parent, tuple)]


_REGARDLESS = (
    "make_loss",
    "MakeLoss",
    "SoftmaxOutput",
)  # have a gradient of their own, whatever comes back


def _gradients(pairs, retain_graph):
    """{Variable: gradient} of the heads' sum, weighted by their gradients.

    No gradient, None, stays none on its way back: it is not multiplied by slopes that may be
    infinite. Variables that nothing but such come to have a gradient of zeros."""
    variables, outputs = {}, {}

    def add(source, g):
        if isinstance(source, Variable):
            total = variables.get(source)
            variables[source] = g if total is None else total + g
        else:
            node, i = source
            gradients = outputs.setdefault(id(node), [None] * len(node.outputs))
            gradients[i] = g if gradients[i] is None else gradients[i] + g

    for source, g in pairs:
        add(source, g)
    order = _order([source for source, _ in pairs])
    for node in order:
        if node.pullback is None:
            raise _used_up(node)
        gradients = outputs.pop(id(node), None)
        if gradients is not None or node.name in _REGARDLESS:
            gradients = [
                np.zeros(shape, dtype) if g is None else g
                for g, (shape, dtype) in zip(gradients or [None], node.outputs)
            ]
            back = pulled_back(node, gradients, retain_graph)
            gradients = g = None
            for parent, g in zip(node.parents, back):
                if parent is not None and g is not None:
                    add(parent, g)
            back = g = None  # so that only those who need a gradient refer to it
        if not retain_graph:
            node.pullback = None
    for node in order:
        for parent in node.parents:
            if isinstance(parent, Variable) and parent not in variables:
                variables[parent] = np.zeros_like(parent.grad._data)
    return variables


def backward(
    heads: NDArray | Sequence[NDArray],
    head_grads: NDArray | Sequence[NDArray | None] | None = None,
    retain_graph: bool = False,
    train_mode: bool = True,
) -> None:
    """Put the gradients of the heads' sum into the `.grad` of all arrays they depend on.

    Parameters
    ----------
    heads : NDArray or sequence of NDArrays
    head_grads : NDArray or sequence of these and None, optional
        Gradients to begin with, of the heads' shapes; ones by default.
    retain_graph : bool, default False
        Whether to keep what was recorded, to go back through it again.
    train_mode : bool, default True
        Without effect; the mode at the time of recording counts.
    """
    found = _gradients(_heads_of(heads, head_grads), retain_graph)
    for variable in list(found):
        variable.put([found.pop(variable)])


def grad(
    heads: NDArray | Sequence[NDArray],
    variables: NDArray | Sequence[NDArray],
    head_grads: NDArray | Sequence[NDArray | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> list[NDArray]:
    """The gradients with respect to `variables`, as a list of NDArrays; `.grad` is not touched."""
    from ._ndarray import NDArray

    if create_graph:
        raise MXNetError(
            "grad: create_graph=True is not supported: gradients of gradients are not recorded"
        )
    chosen = _listed("variables", variables)
    for i, x in enumerate(chosen):
        if not isinstance(x, NDArray) or x._variable is None:
            raise MXNetValueError(f"grad: variable {i} has no gradient; call attach_grad() first")
    found = _gradients(_heads_of(heads, head_grads), bool(retain_graph))
    result = []
    for x in chosen:
        g = found.get(x._variable)
        result.append(
            NDArray(
                np.zeros_like(x._data) if g is None else np.array(g, x._data.dtype).reshape(x.shape)
            )
        )
    return result


def mark_variables(
    variables: NDArray | Sequence[NDArray],
    gradients: NDArray | Sequence[NDArray],
    grad_reqs: str | Sequence[str] = "write",
) -> None:
    """Let the gradient of each variable go into the array given for it."""
    from ._ndarray import NDArray

    if isinstance(variables, NDArray):
        variables, gradients = [variables], [gradients]  # type: ignore[list-item]
    reqs = [grad_reqs] * len(variables) if isinstance(grad_reqs, str) else grad_reqs
    for x, g, request in zip(variables, gradients, reqs):
        x._mark(g, request)
