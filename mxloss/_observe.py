"""Telling those who asked about each operator that is applied: Block.register_op_hook."""

from __future__ import annotations

import contextlib
import threading


class _Watching(threading.local):
    callbacks = ()  # pairs: function, whether it wants inputs as well
    prefix, count = "", 0


watching = _Watching()
observers: list[None] = []  # one per `observed` of any thread: quicker to ask than `watching`


@contextlib.contextmanager
def observed(prefix, callbacks):
    """Tell the callbacks of each operator that is applied in this block, under prefixed names."""
    before = dict(watching.__dict__)
    observers.append(None)
    watching.callbacks, watching.prefix, watching.count = callbacks, prefix, 0
    try:
        yield
    finally:
        observers.pop()
        watching.__dict__.clear()
        watching.__dict__.update(before)


def tell(operator, inputs, results):
    callbacks, watching.callbacks = watching.callbacks, ()  # what they compute is not reported
    name = f"{watching.prefix}{operator.lower()}{watching.count}"
    watching.count += 1
    try:
        for callback, wants_inputs in callbacks:
            if wants_inputs:
                for i, x in enumerate(x for x in inputs if x is not None):
                    callback(f"{name}_input{i}", operator, x)
            for i, x in enumerate(results):
                callback(f"{name}_output{i if len(results) > 1 else ''}", operator, x)
    finally:
        watching.callbacks = callbacks
