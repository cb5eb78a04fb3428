"""One peer in a process of its own, which waits for orders: run.py starts it and talks to it.

    python tests/bench/worker.py PEER THREADS

One request per line of standard input, words separated by tabs; one line of JSON in answer:

    info                                     versions and settings
    threads  N                               from here on with N threads
    prepare  CASE SIZE [FOLDER]              inputs, warm-up; {form: seconds of one call}
    save     CASE SIZE FORM FILE             value and gradient into an .npz
    time     CASE SIZE FORM REPEAT           {"seconds": [of one call, ...]}, averages over chunks

What cannot be done is answered with {"error": ...}.
"""

import gc
import importlib
import json
import os
import sys
import time

import numpy as np

from cases import CASES

MODULES = {  # peer: file beside this one, what to tell it
    "mxloss": ("ours", None),
    "torch": ("torch_peer", "eager"),
    "torch.compile": ("torch_peer", "compile"),
    "jax": ("jax_peer", None),
    "mxnet": ("mxnet_peer", None),
}
CHUNKS = 10  # of one measurement, at most
WARM = 0.03  # seconds of calls before the first look at the clock


def clock(function, n):
    """Seconds of one call, averaged over n."""
    start = time.perf_counter()
    for _ in range(n):
        function()
    return (time.perf_counter() - start) / n


def first_look(function):
    """Warm up, compile; then about how long one call takes."""
    function()
    least = spent = clock(function, 1)
    while spent < WARM:
        once = clock(function, 1)
        least, spent = min(least, once), spent + once
    return least


class Worker:
    def __init__(self, peer, threads):
        module, self.variant = MODULES[peer]
        self.module = importlib.import_module(module)
        self.module.set_threads(threads)
        self.ready, self.forms = None, {}

    def info(self):
        return self.module.info()

    def threads(self, n):
        self.module.set_threads(int(n))
        return {}

    def prepare(self, case, size, folder=None):
        """The forms of this cell; those of the last one are dropped first, with their memory."""
        self.ready, self.forms = None, {}
        gc.collect()
        case = CASES[case]
        if folder is None:
            arrays = case.arrays(size)
        else:
            arrays = [np.load(os.path.join(folder, f"{i}.npy")) for i in range(len(case.inputs))]
        forms = self.module.prepare(case, arrays, self.variant)
        seconds = {form: first_look(function) for form, function in forms.items()}
        self.ready, self.forms = (case.name, size), forms
        return seconds

    def _form(self, case, size, form):
        if self.ready != (case, size):
            raise ValueError(f"{case} {size} is not prepared")
        return self.forms[form]

    def save(self, case, size, form, file):
        value, gradient = self.module.to_numpy(CASES[case], *self._form(case, size, form)())
        np.savez(file, value=np.ravel(value), gradient=gradient)
        return {}

    def time(self, case, size, form, repeat):
        function, repeat = self._form(case, size, form), int(repeat)
        chunks = min(CHUNKS, repeat)
        gc.collect()
        gc.disable()
        clock(function, max(1, repeat // CHUNKS) if repeat > 2 else 1)  # wakes threads and caches
        seconds = [clock(function, repeat // chunks) for _ in range(chunks)]
        gc.enable()
        return {"seconds": seconds}


def main():
    peer, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is not an answer
    if hasattr(os, "sched_setaffinity"):  # for those that count processors rather than ask
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    worker = None
    for line in sys.stdin:
        try:
            worker = worker or Worker(peer, threads)
            verb, *words = line.rstrip("\n").split("\t")
            answer = getattr(worker, verb)(*words)
        except Exception as error:  # of any library: the run goes on without this cell
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
