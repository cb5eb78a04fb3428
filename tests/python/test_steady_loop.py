"""A training loop computes the gradient it will need in advance, and needs no new memory."""

import resource
import tracemalloc

import numpy as np
import pytest
from builds import usual_build

import mxloss as mx
from mxloss import autograd, nd
from mxloss.gluon import loss as losses

RNG = np.random.default_rng(5)
CALLS = [  # a loss and its inputs, for `rows` rows
    (losses.L2Loss(), lambda rows, width: [RNG.normal(size=(rows, width)) for _ in range(2)]),
    (losses.HuberLoss(0.7, weight=0.3),
     lambda rows, width: [RNG.normal(size=(rows, width)) for _ in range(2)]),
    (losses.SoftmaxCELoss(),
     lambda rows, width: [RNG.normal(size=(rows, width)), RNG.integers(0, width, rows)]),
    (losses.TripletLoss(), lambda rows, width: [RNG.normal(size=(rows, width)) for _ in range(3)]),
    (losses.L1Loss(),
     lambda rows, width: [*(RNG.normal(size=(rows, width)) for _ in range(2)),
                          RNG.uniform(size=(rows, 1))]),
    (losses.CosineEmbeddingLoss(),
     lambda rows, width: [*(RNG.normal(size=(rows, width)) for _ in range(2)),
                          RNG.choice([-1, 1], rows)]),
]
REDUCE = {  # how a script goes on from the loss, and the head gradient that comes of it
    "sum": (lambda L: L, lambda n: 1),
    "mean": (lambda L: L.mean(), lambda n: 1 / n),
    "mean function": (lambda L: nd.mean(L), lambda n: 1 / n),
    "scaled": (lambda L: (L * 3).sum(), lambda n: 3),
    "scaled mean": (lambda L: L.mean() * 0.1, lambda n: np.float32(0.1) / n),
}


def arrays(make, rows, width, dtype="float32"):
    return [x.astype(dtype) if x.dtype.kind == "f" else x for x in make(rows, width)]


@pytest.mark.parametrize("reduce", REDUCE)
@pytest.mark.parametrize("loss, make", CALLS, ids=lambda x: type(x).__name__)
def test_same_bits_whatever_was_expected(loss, make, reduce):
    """The first step, which expects another head gradient, later ones, and those after a change."""
    loss = type(loss)(**{"weight": loss._weight}) if type(loss) is not losses.HuberLoss else loss
    function, head = REDUCE[reduce]
    inputs = arrays(make, 7, 5)
    x, *others = [nd.array(a, dtype=a.dtype) for a in inputs]
    x.attach_grad()
    size = loss(*inputs).shape
    wanted = loss.value_and_grad(*inputs, head_grad=np.full(size, head(np.float32(7)), "float32"))[1]
    for step in range(6):
        with autograd.record():
            L = function(loss(x, *others)) if step != 3 else loss(x, *others) * 7
        L.backward()
        if step != 3:  # which wants something else, as steps do when a learning rate changes
            np.testing.assert_array_equal(x.grad.asnumpy(), wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss, axes", [(losses.L2Loss(), 0), (losses.CosineEmbeddingLoss(), (0, 1))])
def test_mean_of_a_loss_is_the_operator(loss, axes, dtype):  # of shape (n,), and of (n, 1)
    for n in [1, 2, 7, 8, 9, 64, 127, 128, 129, 1000, 4097]:
        x = nd.array(RNG.normal(size=(n, 3)), dtype=dtype)
        x.attach_grad()
        others = [nd.array(RNG.normal(size=(n, 3)), dtype=dtype)]
        others += [nd.ones((n,))] * (axes != 0)
        results = []
        for mean in (lambda L: L.mean(), lambda L: nd.mean(L, axis=axes)):
            for _ in range(2):
                with autograd.record():
                    L = mean(loss(x, *others))
                L.backward()
                results.append((L.asnumpy(), x.grad.asnumpy()))
        for value, gradient in results[1:]:
            assert value.shape == (1,) and value.dtype == dtype
            np.testing.assert_array_equal(value, results[0][0])
            np.testing.assert_array_equal(gradient, results[0][1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("special", [[-0.0], [np.inf], [np.nan], [np.inf, -np.inf], [3e38, 3e38]])
def test_mean_of_unusual_values(special, dtype):
    """L1Loss of a row with one number, times -1, is any number that there is, and -0."""
    loss = losses.L1Loss(weight=-1)
    for n in [2, 7, 9, 130]:
        values = RNG.normal(size=n) if special != [-0.0] else np.zeros(n)
        values[: len(special)] = special
        x = nd.array(values[:, None], dtype=dtype)
        x.attach_grad()
        results = []
        for mean in (lambda L: L.mean(), lambda L: nd.mean(L, axis=0)):
            for _ in range(2):
                with autograd.record():
                    L = mean(loss(x, nd.zeros((n, 1), dtype=dtype)))
                results.append(L.asnumpy().tobytes())
        assert len(set(results)) == 1


def test_mean_of_a_loss_back_through_layers_and_twice():
    """Where the short way does not apply."""
    x, w = nd.array(RNG.normal(size=(4, 3))), nd.array(RNG.normal(size=(4, 3)))
    for a in (x, w):
        a.attach_grad()
    label = nd.zeros((4, 3))
    loss = losses.L2Loss()
    for _ in range(2):
        with autograd.record():
            L = loss(x * w, label).mean()
        L.backward(retain_graph=True)
        once = x.grad.asnumpy()
        np.testing.assert_allclose(once, (x * w * w / 12).asnumpy(), rtol=1e-6)
        L.backward()
        np.testing.assert_array_equal(x.grad.asnumpy(), once)
        with pytest.raises(mx.base.MXNetError, match="used already"):
            L.backward()
        with autograd.record():
            M = loss(x, label).mean()
        M.backward(nd.array([2.0]))
        np.testing.assert_allclose(x.grad.asnumpy(), (x / 6).asnumpy(), rtol=1e-6)


@pytest.mark.parametrize("loss, make", CALLS, ids=lambda x: type(x).__name__)
def test_arrays_like_earlier_ones_but_not_quite(loss, make):
    """After a call with plain arrays: others of that shape that need a second look."""
    inputs = arrays(make, 6, 4)
    wanted = loss.value_and_grad(*inputs)
    for k, x in enumerate(inputs):
        strided = np.empty((*x.shape[:-1], x.shape[-1] * 2), x.dtype)[..., ::2]
        strided[...] = x
        misaligned = np.empty(x.nbytes + 1, "u1")[1:].view(x.dtype).reshape(x.shape)
        misaligned[...] = x
        swapped = x.astype(x.dtype.newbyteorder())
        for other in (strided, misaligned, swapped, x.copy(order="F"), x.view(type("A", (np.ndarray,), {}))):
            for _ in range(2):
                got = loss.value_and_grad(*inputs[:k], other, *inputs[k + 1 :])
                for a, b in zip(got, wanted):
                    np.testing.assert_array_equal(a, b)
    value, gradient = np.empty_like(wanted[0]), np.empty_like(wanted[1])
    assert loss.value_and_grad(*inputs, out=(value, gradient))[1] is gradient
    np.testing.assert_array_equal(gradient, wanted[1])
    gradient.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        loss.value_and_grad(*inputs, out=(value, gradient))
    with pytest.raises(ValueError, match="overlaps"):
        loss.value_and_grad(*inputs, out=(value, inputs[0]))
    with pytest.raises(ValueError, match="shape"):
        loss.value_and_grad(*inputs, out=(value, np.empty((6, 5), "float32")))
    with pytest.raises(ValueError):
        loss.value_and_grad(inputs[0], *[x[:5] for x in inputs[1:]])


def steady(step):
    """(page faults, bytes of Python's at the peak) of 20 steps after some others."""
    for _ in range(5):
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        step()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    tracemalloc.start()
    try:
        step()
        start = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(3):
            step()
        return faults, tracemalloc.get_traced_memory()[1] - start
    finally:
        tracemalloc.stop()


@usual_build
@pytest.mark.parametrize("form", ["sum", "mean", "out"])
@pytest.mark.parametrize("loss, make", CALLS, ids=lambda x: type(x).__name__)
def test_a_steady_loop_needs_no_memory(loss, make, form):
    inputs = arrays(make, 250, 4096)
    x, *others = [nd.array(a, dtype=a.dtype) for a in inputs]
    x.attach_grad()
    out = loss.value_and_grad(*inputs)

    def step():
        if form == "out":
            loss.value_and_grad(*inputs, out=out)
            return
        with autograd.record():
            L = loss(x, *others) if form == "sum" else loss(x, *others).mean()
        L.backward()

    faults, most = steady(step)
    assert faults < 20  # the gradient alone has 1,000 pages
    assert most < 8192  # the value, and Python's own objects
