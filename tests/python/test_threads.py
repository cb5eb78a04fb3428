"""Threads: the same bits for any number, and no trouble with fork, other threads or the end."""

import multiprocessing
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from builds import forks
from cases import by_id
from row_cases import ALL

import mxloss as mx

BIG = [((700, 300), 0), ((3, 50001), 0), ((900, 170), 1), ((4, 90, 12, 40), 0)]


@pytest.fixture(autouse=True)
def automatic():
    yield
    mx.set_num_threads(0)


def bits(arrays):
    return [None if a is None else a.tobytes() for a in arrays]


@pytest.mark.parametrize("shape, batch_axis", BIG, ids=str)
@pytest.mark.parametrize("v", ALL, ids=by_id)
def test_same_bits(v, shape, batch_axis):
    """For 1, 2, 3 and 7 threads, with weights by sample and by column."""
    rng = np.random.default_rng(5)
    loss = v.loss(batch_axis)
    x = v.inputs(rng, shape, "float32", v.weight_shapes(shape)[0])
    wanted = None
    for threads in (1, 2, 3, 7):
        mx.set_num_threads(threads)
        value, grads = v.run(x, loss)
        got = bits([value, *grads.values()])
        wanted = wanted or got
        assert got == wanted, f"{threads} threads"


def example():
    rng = np.random.default_rng(1)
    return rng.standard_normal((600, 400)).astype("float32"), rng.integers(0, 400, 600)


def digest(_=None):
    value, grad = mx.gluon.loss.SoftmaxCELoss().value_and_grad(*example())
    return value.tobytes() + grad.tobytes()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
@pytest.mark.parametrize("method", [pytest.param("fork", marks=forks), "spawn"])
def test_multiprocessing(method):
    """Children compute the same, before and after the parent has used its threads."""
    mx.set_num_threads(3)
    wanted = digest()
    with multiprocessing.get_context(method).Pool(2) as children:
        assert children.map(digest, range(6)) == [wanted] * 6
        assert digest() == wanted


def test_callers_at_once():
    """From several Python threads, while the number is changed."""
    wanted, wrong = digest(), []

    def call():
        wrong.extend(1 for _ in range(30) if digest() != wanted)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    n = 0
    while any(caller.is_alive() for caller in callers):
        n += 1
        mx.set_num_threads(1 + n % 4)
        callers[0].join(0.001)
    assert wrong == []


@pytest.mark.parametrize("threads, wanted", [("3", "3"), ("1", "1"), ("9999", "64"), ("none", None)])
def test_environment_and_exit(threads, wanted, tmp_path):
    """MXLOSS_NUM_THREADS is read at the start, and a process with threads ends as it should."""
    code = ("import numpy as np, mxloss as mx; p = np.ones((2000, 300));"
            "mx.gluon.loss.L2Loss().value_and_grad(p, p); print(mx.get_num_threads())")
    out = subprocess.run([sys.executable, "-c", code], env={**os.environ, "MXLOSS_NUM_THREADS": threads},
                         check=True, capture_output=True, cwd=tmp_path, timeout=60)
    assert out.stdout.decode().strip() == (wanted or str(len(os.sched_getaffinity(0))))


def test_setting():
    automatic = mx.get_num_threads()
    mx.set_num_threads(5)
    assert mx.get_num_threads() == 5 == mx.show_config("dicts")["threads"]
    mx.set_num_threads(np.int64(70))
    assert mx.get_num_threads() == 64
    mx.set_num_threads(0)
    assert mx.get_num_threads() == automatic
    for bad in (-1, 1.5, "2", None, True):
        with pytest.raises((ValueError, TypeError), match="set_num_threads: n"):
            mx.set_num_threads(bad)
