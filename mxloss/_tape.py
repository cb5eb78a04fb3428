"""What autograd records: variables, nodes, and the short way back from a loss."""

from __future__ import annotations

import functools
from sys import getrefcount

import numpy as np

from . import _core
from .base import MXNetError, MXNetMemoryError, MXNetValueError


def _references(box):
    g = box.pop()
    return getrefcount(g)


_ALONE = _references([np.empty(1)])  # what is counted if nobody else refers to an array


class Variable:
    """Where the gradient of an NDArray goes."""

    __slots__ = ("fresh", "grad", "request", "spare")

    def __init__(self, grad, request):
        self.grad, self.request = grad, request
        self.fresh = False  # whether backward has been here since someone last set it
        self.spare = None  # memory that a loss may write its next gradient to

    def put(self, box):
        """Take the last gradient out of a list. An array that nobody else refers to becomes the
        NDArray's own, and the one before is kept for the next time; but if there is a view of the
        one before, it is written to, so that the view shows the gradient."""
        g = box.pop()
        self.fresh = True
        target = self.grad._data
        if self.request == "write":
            if (
                type(g) is np.ndarray
                and g.shape == target.shape
                and g.dtype == target.dtype
                and g.base is None
                and g.flags.c_contiguous
                and getrefcount(g) <= _ALONE
                and target.base is None
                and getrefcount(target) <= _ALONE + 1
            ):
                self.grad._data, self.spare = g, target
            else:
                target[...] = np.asarray(g).reshape(target.shape)
        elif self.request == "add":
            target += np.asarray(g).reshape(target.shape).astype(target.dtype, copy=False)


class Node:
    """One recorded operation: where its inputs came from, and its pullback.

    parents has, per input, a Variable, a pair (Node, number of its output), or None."""

    __slots__ = ("name", "outputs", "parents", "pullback", "several")

    def __init__(self, name, parents, pullback, outputs, several):
        self.name, self.parents, self.pullback = name, parents, pullback
        self.outputs = [(a.shape, a.dtype) for a in outputs]
        self.several = several  # the pullback takes a list of gradients


class LossNode(Node):
    """A loss on the tape: its gradients were computed along with its value, for a guess at the head
    gradient. `guess.head` is the one number that it was the last time: 1 / n after `mean()`, so
    that training finds its gradients ready. Another head, or one that varies, calls the kernel
    again; the bits are the same either way."""

    __slots__ = ("arrays", "guess", "head", "options", "ready", "wrt")
    several = False
    scale = 1.0  # as of MeanNode

    def __init__(self, name, parents, outputs, ready, head, guess, options, arrays, wrt):
        self.name, self.parents, self.outputs, self.pullback = name, parents, outputs, _again
        self.ready, self.head, self.guess = ready, head, guess
        self.options, self.arrays, self.wrt = options, arrays, wrt

    def pull(self, head, retain_graph):
        """The gradients for a head; they are the caller's own, unless the graph is retained."""
        ready = self.ready
        if not retain_graph:
            self.ready = None
        first = head[(0,) * head.ndim] if head.size else 1
        if head.size == 1 or not any(head.strides) or (head == first).all():
            if first == self.head:
                return ready
            self.guess.head = float(first)
        ready = None  # their memory may be needed for the others
        return self.pullback(self, head)


def _again(node, head):
    return _core.run(node.options, node.arrays, head, want_value=False, wrt=node.wrt)[1]


class MeanNode(Node):
    """The mean of a loss's values: what training goes back from. `scale` is what it multiplies a
    gradient by."""

    __slots__ = ("scale",)

    name = "mean"
    several = False

    def __init__(self, parent, dtype, count, pullback):
        self.parents, self.outputs, self.pullback = (parent,), (((1,), dtype),), pullback
        self.scale = _one_of(dtype, count)


_one_of = functools.lru_cache(lambda dtype, count: float(dtype.type(1) / dtype.type(count)))


def pulled_back(node, gradients, retain_graph):
    """Gradients of a node's inputs; what goes wrong is an error that names the node."""
    try:
        with np.errstate(all="ignore"):
            if type(node) is LossNode:
                return node.pull(gradients[0], retain_graph)
            return node.pullback(gradients if node.several else gradients[0])
    except MXNetError:
        raise
    except MemoryError as error:
        raise MXNetMemoryError(f"backward of {node.name}: {error}") from None
    except (ValueError, TypeError, IndexError, ArithmeticError) as error:
        raise MXNetValueError(f"backward of {node.name}: {error}") from None


def after_inputs(roots, inputs_of):
    """The roots and all nodes before them, each after its inputs; the last of several first."""
    found, done = [], set()
    stack = [(node, False) for node in roots]
    while stack:
        node, finished = stack.pop()
        if finished:
            found.append(node)
        elif id(node) not in done:
            done.add(id(node))
            stack.append((node, True))
            stack += [(source, False) for source in inputs_of(node)]
    return found


def backward_along(node, retain_graph):
    """`backward` from a result of one element or a loss, if each step has one input only, up to a
    variable or a loss of variables; whether that was the case."""
    loss = node.parents[0][0] if type(node) is MeanNode else node
    if type(loss) is not LossNode or loss.head != node.scale:
        return _along_chain(node, retain_graph)
    if node.pullback is None or loss.pullback is None:
        return False
    parents = loss.parents
    alone = len(parents) == 1 and type(parents[0]) is Variable  # as almost always
    if not alone and not _different_variables(parents):
        return False
    back = list(loss.ready)
    if not retain_graph:
        loss.ready = loss.pullback = node.pullback = None
    for parent in reversed(parents):
        parent.put(back)
    return True


def _different_variables(parents):
    """Whether each takes one gradient; that of a variable which is here twice is their sum."""
    for parent in parents:
        if type(parent) is not Variable:
            return False
    return len(set(parents)) == len(parents)


def _along_chain(node, retain_graph):
    chain, end = [], node
    while True:
        if end.pullback is None or len(end.outputs) != 1 or end.several:
            return False
        chain.append(end)
        if type(end) is LossNode:
            if not _different_variables(end.parents):
                return False
            break
        if len(end.parents) != 1:
            return False
        (parent,) = end.parents
        if type(parent) is Variable:
            break
        end = parent[0]
    shape, dtype = node.outputs[0]
    back = [_one(dtype) if shape == (1,) else np.ones(shape, dtype)]
    for step in chain:
        back = list(pulled_back(step, back, retain_graph))
        if back[0] is None:
            back = [np.zeros(p.grad.shape, p.grad.dtype) for p in chain[-1].parents]
            break
    for parent in reversed(chain[-1].parents):
        parent.put(back)
    if not retain_graph:
        for step in chain:
            step.pullback = None
    return True


@functools.lru_cache
def _one(dtype):
    return np.ones(1, dtype)


def put_on_tape(name, parents, pullback, results, several=False):
    """The results came from the parents, and this pullback goes back."""
    node = Node(name, parents, pullback, [r._data for r in results], several)
    for i, result in enumerate(results):
        result._node = (node, i)
