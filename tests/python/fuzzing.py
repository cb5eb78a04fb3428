"""Properties that must hold for everything that a hypothesis strategy draws.

A few fixed examples by default; with MXLOSS_FUZZ_SECONDS others each time, for that long.
"""

import os
import time

import hypothesis

SECONDS = os.environ.get("MXLOSS_FUZZ_SECONDS")


def holds(strategy, examples):
    """A test of a function of one drawn value, as a decorator."""

    def decorate(check):
        def explore(number):
            settings = hypothesis.settings(
                max_examples=examples, deadline=None, database=None, derandomize=not SECONDS,
                suppress_health_check=list(hypothesis.HealthCheck))
            test = settings(hypothesis.given(strategy)(lambda example: check(example)))
            (hypothesis.seed(number)(test) if SECONDS else test)()

        def test():
            end = time.monotonic() + float(SECONDS or 0)
            explore(time.time_ns())
            while time.monotonic() < end:
                explore(time.time_ns())

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate
