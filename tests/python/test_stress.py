"""What happens seldom: memory that runs out, forks, many threads at once, programs without an end.

MXLOSS_STRESS is how much of this is done, 1 for all of it; 0.01 unless it is set. See make stress.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import threading
import types

import numpy as np
import pytest
from builds import forks, usual_build
from stress import ALL, bits, prepared

import mxloss as mx
from mxloss import _core

PART = float(os.environ.get("MXLOSS_STRESS", "0.01"))
HERE = pathlib.Path(__file__).parent


def some(full):
    return max(int(full * PART), 4)


def program(call, cwd, **environment):
    """What a function of stress.py prints in a process of its own, which has to end well."""
    path = os.pathsep.join([str(HERE), str(pathlib.Path(mx.__file__).parents[1])])
    environment = {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", **environment}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", f"import stress; stress.{call}"],
                          cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True,
                          timeout=3000)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()


def test_many_callers():
    """64 threads with all losses, while the number of threads and the instruction set change."""
    problems = [(v, *prepared(v, 20000 if i % 3 == 0 and v.case.name != "SDMLLoss" else 300, i))
                for i, v in enumerate((ALL * 64)[:64])]
    wanted, wrong = [[] for _ in problems], []
    names = _core.isa_names()
    for name in names:
        _core.set_isa(name)
        for known, problem in zip(wanted, problems):
            known.append(bits(*problem))
    _core.set_isa("auto")

    def call(problem, known):
        try:
            for _ in range(some(1000)):
                if bits(*problem) not in known:
                    wrong.append(problem[1])
        except Exception as error:
            wrong.append(error)

    callers = [threading.Thread(target=call, args=both) for both in zip(problems, wanted)]
    for caller in callers:
        caller.start()
    n = 0
    try:
        while any(caller.is_alive() for caller in callers):
            n += 1
            mx.set_num_threads(n % 9)
            _core.set_isa(names[n % len(names)])
            callers[n % 64].join(0.001)
    finally:
        _core.set_isa("auto")
        mx.set_num_threads(0)
    assert wrong == []


@forks
def test_forks(tmp_path):
    program(f"forks({some(1000)})", tmp_path)


@usual_build
@pytest.mark.parametrize("what", ["values", "records", "refusals"])
def test_endless(what, tmp_path):
    program(f"endless({what!r}, {some(10**6)})", tmp_path)


@usual_build
def test_core_without_memory(tmp_path):
    """MemoryError for each malloc of the core that fails, in any of several kinds of calls."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and a loader that can put another malloc first")
    library = tmp_path / "fail_malloc.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-fno-builtin", "-o", library,
                    HERE.parent / "c/fail_malloc.c", "-ldl"], check=True)
    seen = []
    for n in range(1, 100):
        failed = program("core_without_memory()", tmp_path, LD_PRELOAD=str(library),
                         FAIL_IN="mxloss/_native", FAIL_AT=str(n), MXLOSS_NUM_THREADS="2")
        if not failed:
            break
        seen += failed
    # most of the calls after the first have what the one before has given back
    assert len(seen) == n - 1 >= 5 and seen.count("copies") >= 3, seen


@pytest.mark.skipif(sys.version_info >= (3, 12),
                    reason="these Pythons crash without memory for a function, whatever they run")
def test_python_without_memory(tmp_path):
    """MemoryError, or the right result, for each allocation of Python's that fails."""
    pytest.importorskip("_testcapi", reason="this Python is without CPython's own test module")
    assert int(program("python_without_memory()", tmp_path)[0]) > 100


def test_a_description_that_is_interrupted():
    """Neither it nor the one before is taken for what the tensor is set to."""
    small = np.arange(6, dtype="float32").reshape(2, 3)
    large = types.SimpleNamespace(shape=(100, "?"), dtype=small.dtype, flags=small.flags)
    call = _core._Call()
    call.set(0, small)
    with pytest.raises(TypeError):  # behind the first of its lengths
        call.set(0, large)
    tensor, _ = call.set(0, small)
    assert (tensor.ndim, *tensor.shape[0:2]) == (2, 2, 3)
