"""Run a script that imports mxnet with mxloss in its place.

python -m mxloss.as_mxnet script.py arguments ...
python -m mxloss.as_mxnet -m module arguments ...
"""

from __future__ import annotations

import os
import runpy
import sys

from . import install_as_mxnet


def main() -> None:
    """Run what the command line names."""
    args = sys.argv[1:]
    force = args[:1] == ["--force"]
    args = args[1:] if force else args
    module = args[:1] == ["-m"]
    args = args[1:] if module else args
    if not args or args[0] in ("-h", "--help"):
        print(f"{__doc__.strip()}\n\n--force first hides a real mxnet, if there is one.")
        sys.exit(0 if args else 2)
    install_as_mxnet(force)
    sys.argv = args
    if module:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(args[0], run_name="__main__", alter_sys=True)
    else:
        if not os.path.exists(args[0]):
            sys.exit(f"mxloss.as_mxnet: there is no file {args[0]}")
        sys.path[0] = os.path.dirname(os.path.abspath(args[0]))
        runpy.run_path(args[0], run_name="__main__")


if __name__ == "__main__":
    main()
