"""The programs of test_stress.py, each in a process of its own: python -c "import stress; ..." """

import gc
import os
import signal
import threading

import numpy as np
from row_cases import ALL

import mxloss as mx
from mxloss import autograd, nd


def prepared(v, size, seed=0):
    """A loss and its inputs, of `size` elements or a few more."""
    shape = (max(size // 50, 2), 50)
    rng = np.random.default_rng(seed)
    return v.loss(0), v.inputs(rng, shape, "float32", v.weight_shapes(shape)[0])


def bits(v, loss, x):
    value, grads = v.run(x, loss)
    return [value.tobytes(), *(None if g is None else g.tobytes() for g in grads.values())]


def forks(n):
    """Children from before the first call with threads, while others are inside one, and after."""
    problems = [(v, *prepared(v, 100_000 if i < 3 else 400)) for i, v in enumerate(ALL)]
    mx.set_num_threads(1)
    wanted = [bits(*p) for p in problems]
    mx.set_num_threads(4)
    stop, wrong = threading.Event(), []

    def children(count, when):
        for i in range(count):
            child = os.fork()
            if child == 0:
                signal.alarm(60)  # ends it if it hangs
                k = i % len(problems)
                right = [bits(*problems[j]) for j in (0, k)] == [wanted[0], wanted[k]]
                os._exit(0 if right else 9)
            status = os.waitpid(child, 0)[1]
            assert status == 0, (when, i, status)

    def busy(k):
        while not stop.is_set():
            if bits(*problems[k]) != wanted[k]:
                wrong.append(k)

    children(n // 4, "before")
    threads = [threading.Thread(target=busy, args=(k,)) for k in (0, 1)]
    for thread in threads:
        thread.start()
    try:
        children(n // 2, "during")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong
    children(n // 4, "after")


def kilobytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


def _steps(what):
    """One call for each loss: value and gradient, a recorded step, or what is refused."""
    for v in ALL:
        loss, x = prepared(v, 100)
        if what == "values":
            yield lambda v=v, loss=loss, x=x: v.run(x, loss)
            continue
        arrays = [nd.array(a, dtype=a.dtype) for a in x.values()]
        arrays[0].attach_grad()
        if what == "records":

            def step(loss=loss, arrays=arrays, names=list(x)):
                with autograd.record():
                    L = loss(**dict(zip(names, arrays)))
                L.backward()

        else:  # alternately at the door, in the core, and while going back

            def step(loss=loss, x=x, arrays=arrays, turn=[0]):
                turn[0] += 1
                try:
                    if turn[0] % 3 == 0:
                        loss(*x.values(), nonsense=1)
                    elif turn[0] % 3 == 1:
                        loss.value_and_grad(*[np.ones((3, 2, 2))] * 2, np.ones(5), wrt=(0,))
                    else:
                        with autograd.record():
                            L = arrays[0] * 2
                        L.backward(nd.ones((7,)))
                except (ValueError, TypeError, mx.base.MXNetError):
                    return
                raise AssertionError("was not refused")

        yield step


def endless(what, n):
    """So many calls take no more memory than some."""
    steps = list(_steps(what))
    for i in range(n):
        if i == n // 5:
            gc.collect()
            before, objects = kilobytes(), len(gc.get_objects())
        steps[i % len(steps)]()
    gc.collect()
    more, more_objects = kilobytes() - before, len(gc.get_objects()) - objects
    assert more <= 512 and more_objects < 200, f"{more} KB, {more_objects} objects more"


def _calls():
    """Of the kinds that need memory for different things, most of them more than those before."""
    rng = np.random.default_rng(2)
    p, z = (rng.uniform(0.1, 1, (300, 400)).astype("float32") for _ in range(2))
    losses = mx.gluon.loss
    dense = losses.SoftmaxCELoss(sparse_label=False, axis=0, batch_axis=1)
    return {
        "threads": lambda: losses.L2Loss().value_and_grad(p, z, wrt=("pred", "label")),
        "half": lambda: losses.HuberLoss().value_and_grad(p.astype("float16"), z),
        "matrix": lambda: losses.SDMLLoss().value_and_grad(p[:40], z[:40]),
        "sequences": lambda: losses.CTCLoss().value_and_grad(
            p[:60].reshape(4, 15, 400), np.ones((4, 3))),
        "copies": lambda: dense.value_and_grad(
            p, np.repeat(z, 2, 1)[:, ::2].T[:, :], wrt=("pred", "label")),
        "small": lambda: losses.L1Loss().value_and_grad(p[:2], z[:2]),
    }


def core_without_memory():
    """Some malloc fails, as tests/c/fail_malloc.c has been told: prints how often, and where."""
    failed = []
    answers = {}
    for name, call in [*_calls().items()] * 2:
        try:
            got = _flat(call())
        except MemoryError as error:
            assert "memory could not be allocated" in str(error), error
            failed.append(name)
            got = _flat(call())
        for a, b in zip(got, answers.setdefault(name, got)):
            np.testing.assert_array_equal(a, b, name)
    print(*failed)


def _flat(results):
    return [a for x in results for a in (x if isinstance(x, (list, tuple)) else [x])]


def python_without_memory():
    """Every allocation of Python's fails once: prints how many there were."""
    import _testcapi

    x, y = (np.linspace(0, 1, 12, dtype="float32").reshape(3, 4) + k for k in (0, 0.25))
    xs, ys = nd.array(x), nd.array(y)
    xs.attach_grad()
    loss, other = mx.gluon.loss.L2Loss(), mx.gluon.loss.HuberLoss()
    label, weight = [1, 2, 0], np.ones((3, 1), "float32")

    def record():
        with autograd.record():
            L = loss(xs, ys).mean()
        L.backward()
        return L.asnumpy(), xs.grad.asnumpy()

    def refused():
        try:
            mx.gluon.loss.SoftmaxCELoss()(x, [5, 1, 2])
        except ValueError as error:
            return (np.frombuffer(str(error).encode(), "u1"),)

    failed = 0
    for run in (lambda: loss.value_and_grad(x, y), lambda: other(x, y, weight), record, refused,
                lambda: mx.gluon.loss.SoftmaxCELoss().value_and_grad(x, label),
                lambda: (mx.gluon.loss.TripletLoss(margin=2)(xs, ys, xs).asnumpy(),)):
        wanted = [np.asarray(a).tobytes() for a in run()]
        n = good = 0
        while good < 50:  # some failures have a way around them
            n += 1
            got = None
            try:
                _testcapi.set_nomemory(n, n + 1)
                got = run()
            except MemoryError:
                pass
            except SystemError as error:  # numpy and cffi sometimes forget to say why they fail
                assert "without" in str(error) and "exception" in str(error), error
            finally:
                _testcapi.remove_mem_hooks()
            assert not autograd.is_recording() and not autograd.is_training(), n
            for results in (got, run()):
                assert results is None or [np.asarray(a).tobytes() for a in results] == wanted, n
            good = 0 if got is None else good + 1
            failed += got is None
    print(failed)
