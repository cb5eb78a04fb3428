"""What mxloss runs on here and whether it computes what it should: what to paste into a bug report."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time

from . import _core, _self_check, get_include, get_library, show_config


def main(args: list[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m mxloss",
        description="Print the configuration, and compare every loss with recorded results. "
        "The exit status is 1 if one is wrong.",
    )
    parser.add_argument(
        "--cflags", action="store_true", help="only what to compile C programs with"
    )
    parser.add_argument("--libs", action="store_true", help="only what to link them with")
    chosen = parser.parse_args(args)
    if chosen.cflags or chosen.libs:
        library = get_library()
        words = ["-I" + get_include()] if chosen.cflags else []
        words += [library, "-Wl,-rpath," + os.path.dirname(library)] if chosen.libs else []
        print(shlex.join(words))
        return 0
    show_config()
    begun = time.perf_counter()
    failures = _self_check.failures()
    took = time.perf_counter() - begun
    for sentence in failures:
        print("WRONG", sentence)
    print(
        f"self-check     {len(_core.LOSSES)} losses, value and gradients, float32 and float64, "
        f"on {', '.join(_core.isa_names())}: "
        f"{f'{len(failures)} WRONG' if failures else 'right'} ({took:.2f} s)"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
