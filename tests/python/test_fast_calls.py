"""Calls seen before take a short way, and gradients are handed over: neither may be noticed."""

import copy
import gc
import pickle
import threading

import numpy as np
import pytest
from cases import VARIANTS

import mxloss as mx
from mxloss import autograd, nd
from mxloss.gluon import loss as losses

R = np.random.default_rng(5)
PRED, LABEL = (R.uniform(0.1, 0.9, (6, 4)).astype("float32") for _ in range(2))


def slow(v, *arrays):
    """What a loss gives that has never been called."""
    return v.loss().value_and_grad(*arrays)


def both(pair):
    return [np.asarray(a).tobytes() for a in pair]


@pytest.mark.parametrize("v", VARIANTS, ids=lambda v: v.id)
def test_the_same_bits_as_the_first_time(v):
    loss = v.loss()
    for seed, shape in ((0, (6, 4)), (1, (6, 4)), (2, (3, 5)), (3, (6, 4))):
        x = v.inputs(np.random.default_rng(seed), shape)
        pair = [np.ascontiguousarray(a, "float32" if i == 0 else None)
                for i, a in enumerate(list(x.values())[:2])]
        wanted = slow(v, *pair)
        assert both(loss.value_and_grad(*pair)) == both(wanted)
        assert loss(*pair).tobytes() == wanted[0].tobytes()
        a, b = nd.array(pair[0]), nd.NDArray(pair[1])
        a.attach_grad()
        with autograd.record():
            out = loss(a, b)
        out.backward()
        assert both([out.asnumpy(), a.grad.asnumpy()]) == both(wanted)


def test_layouts_and_kinds():
    """Whatever is not plain goes the long way."""
    loss = losses.L2Loss()
    wanted = both(loss.value_and_grad(PRED, LABEL))
    apart = np.zeros(PRED.nbytes + 1, "uint8")[1:].view("float32").reshape(PRED.shape)
    apart[...] = PRED
    locked = PRED.copy()
    locked.flags.writeable = False
    for pred in (np.asfortranarray(PRED), PRED[::-1][::-1], apart, locked, PRED.astype(">f4"),
                 np.repeat(PRED, 2, axis=1)[:, ::2]):
        assert both(loss.value_and_grad(pred, LABEL)) == wanted
        assert loss(pred, LABEL).tobytes() == wanted[0]
    assert both(loss.value_and_grad(PRED, LABEL.tolist()))[0] == wanted[0]
    with pytest.raises(TypeError, match="masked"):
        loss(np.ma.masked_array(PRED), LABEL)
    with pytest.raises(ValueError, match="label has shape"):
        loss(PRED, LABEL[:3])


def test_errors_stay():
    loss = losses.SoftmaxCELoss()
    good, bad = np.array([0, 1, 2, 3, 0, 1]), np.array([0, 1, 9, 3, 0, 1])
    for _ in range(3):
        loss(PRED, good)
        for call in (loss, loss.value_and_grad):
            with pytest.raises(ValueError, match=r"label\[2\] is 9"):
                call(PRED, bad)
    value, grad = np.empty(6, "float32"), np.empty((6, 4), "float32")
    for out, error, phrase in (
        ((value, grad[:5]), ValueError, "shape"), ((value.astype("f8"), grad), ValueError, "dtype"),
        ((value, grad.tolist()), TypeError, "list"), ((value, PRED), ValueError, "overlap"),
        ((value,), TypeError, "pair"), (3, TypeError, "pair"),
    ):
        with pytest.raises(error, match=phrase):
            loss.value_and_grad(PRED, good, out=out)
    given = loss.value_and_grad(PRED, good, out=(value, grad))
    assert given[0] is value and given[1] is grad
    assert both(given) == both(losses.SoftmaxCELoss().value_and_grad(PRED, good))


def test_options_that_change():
    loss = losses.HuberLoss()
    for rho in (1, 0.1, 2):
        loss._rho = rho
        wanted = losses.HuberLoss(rho).value_and_grad(PRED, LABEL)
        for other in (loss, copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
            assert both(other.value_and_grad(PRED, LABEL)) == both(wanted)
    loss._rho = -1
    with pytest.raises(ValueError, match="rho"):
        loss(PRED, LABEL)


def test_hooks_and_subclasses_are_seen():
    loss, seen = losses.L1Loss(), []
    loss(PRED, LABEL)
    with loss.register_forward_hook(lambda *a: seen.append(a)):
        loss(PRED, LABEL)
    loss(PRED, LABEL)
    assert len(seen) == 1

    class Twice(losses.L1Loss):
        def hybrid_forward(self, F, pred, label, sample_weight=None):
            return 2 * super().hybrid_forward(F, pred, label, sample_weight)

    twice = Twice()
    for _ in range(3):
        np.testing.assert_allclose(twice(PRED, LABEL), 2 * loss(PRED, LABEL), rtol=1e-6)


def test_forward_overridden():
    class Twice(losses.L1Loss):
        def forward(self, pred, label):
            return 2 * super().forward(pred, label)

    twice, x = Twice(), nd.array(PRED)
    for _ in range(3):
        np.testing.assert_allclose(twice(PRED, LABEL), 2 * losses.L1Loss()(PRED, LABEL), rtol=1e-6)
        x.attach_grad()
        with autograd.record():
            L = twice(x, nd.array(LABEL))
        L.backward()
        wanted = 2 * losses.L1Loss().value_and_grad(PRED, LABEL)[1]
        np.testing.assert_allclose(x.grad.asnumpy(), wanted, rtol=1e-6)


def test_what_a_used_up_graph_made_is_a_constant():
    loss, x, label = losses.L2Loss(), variable(), nd.array(LABEL)
    loss(x, label)
    with autograd.record():
        state = x * 2
    state.backward()
    with autograd.record():
        L = loss(state, label) + x.sum()
    L.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), np.full((6, 4), 6))


def test_many_threads():
    loss = losses.LogisticLoss()
    wanted, wrong = {}, []
    for i in range(4):
        wanted[i] = both(loss.value_and_grad(PRED + i, LABEL))

    def work(i):
        pred = PRED + i
        for _ in range(300):
            if both(loss.value_and_grad(pred, LABEL)) != wanted[i]:
                wrong.append(i)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    [w.start() for w in workers]
    [w.join() for w in workers]
    assert not wrong


# ---- Handing over --------------------------------------------------------------------------------


def variable():
    x = nd.array(PRED)
    x.attach_grad()
    return x


def step(x, loss, reduce=lambda L: L, **kwargs):
    with autograd.record():
        L = reduce(loss(x, nd.array(LABEL)))
    L.backward(**kwargs)
    return L


@pytest.mark.parametrize("reduce, factor", [
    (lambda L: L, 1), (lambda L: L.mean(), 1 / 6), (lambda L: L.sum() * 3, 3),
    (lambda L: (L * nd.arange(6)).sum(), np.arange(6)[:, None])])
def test_gradients_and_who_holds_them(reduce, factor):
    loss, x = losses.L2Loss(), variable()
    wanted = loss.value_and_grad(PRED, LABEL)[1] * factor
    grad = x.grad
    for _ in range(4):
        step(x, loss, reduce)
        assert x.grad is grad
        np.testing.assert_allclose(grad.asnumpy(), wanted, rtol=1e-6)
    copied, part, apart = grad.asnumpy(), grad[1:3], grad.detach()
    x[:] = nd.array(PRED) + 1
    with autograd.record():
        L = reduce(loss(x, nd.array(LABEL)))
    np.testing.assert_allclose(grad.asnumpy(), wanted, rtol=1e-6)  # nothing changes before backward
    L.backward()
    new = loss.value_and_grad(PRED + 1, LABEL)[1] * factor
    np.testing.assert_allclose(copied, wanted, rtol=1e-6)
    for view, place in ((grad, ...), (part, slice(1, 3)), (apart, ...)):  # views see the new ones
        np.testing.assert_allclose(view.asnumpy(), new[place], rtol=1e-5, atol=1e-7)


def test_a_steady_loop_takes_turns_between_two_buffers():
    loss, x, label, places = losses.L2Loss(), variable(), nd.array(LABEL), set()
    for _ in range(20):
        with autograd.record():
            L = loss(x, label)
        L.backward()
        places.add(x.grad._data.__array_interface__["data"][0])
    assert len(places) == 2


def test_retained_graphs_and_sums():
    loss, x = losses.L2Loss(), variable()
    once = loss.value_and_grad(PRED, LABEL)[1]
    with autograd.record():
        L = loss(x, nd.array(LABEL))
    for _ in range(2):
        L.backward(retain_graph=True)
        np.testing.assert_array_equal(x.grad.asnumpy(), once)
        x.grad[:] = 7  # ours to write to; the graph keeps its own
    L.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), once)
    with pytest.raises(mx.MXNetError, match="used already"):
        L.backward()
    with autograd.record():
        both_ = loss(x, nd.array(LABEL)) + loss(x, nd.array(LABEL))
    both_.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), 2 * once, rtol=1e-6)
    x.attach_grad("add")
    for n in (1, 2, 3):
        step(x, loss)
        np.testing.assert_allclose(x.grad.asnumpy(), n * once, rtol=1e-6)


@pytest.mark.parametrize("reduce", [lambda L: L, lambda L: L.mean()])
def test_a_graph_that_is_not_used_needs_no_collector(reduce):
    loss, x = losses.L2Loss(), variable()
    step(x, loss, reduce)
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            with autograd.record():
                reduce(loss(x, nd.array(LABEL)))
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("reduce, head", [(lambda L: L, 1), (lambda L: L.mean(), 1 / 6)])
def test_one_variable_for_two_inputs(reduce, head):
    loss, x = losses.KLDivLoss(), variable()
    head = np.full(6, head, "float32")
    wanted = sum(loss.value_and_grad(PRED, PRED, wrt=("pred", "label"), head_grad=head)[1])
    for _ in range(3):
        with autograd.record():
            L = reduce(loss(x, x))
        L.backward()
        np.testing.assert_allclose(x.grad.asnumpy(), wanted, rtol=1e-6)


def test_one_array_for_two_variables():
    """The same array must not become two gradients' own."""
    a, b = variable(), variable()
    with autograd.record():
        total = nd.add_n(a, b)
    total.backward()
    a.grad[:] = 5
    np.testing.assert_array_equal(b.grad.asnumpy(), np.ones((6, 4)))
