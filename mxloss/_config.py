"""show_config: what one wants to know when numbers or timings surprise. Where the C library is."""

from __future__ import annotations

import pathlib
import platform
import re
from typing import Any, Literal, overload

import numpy as np

from . import _core, _native

__all__ = ["get_include", "get_library", "show_config"]


PACKAGE = pathlib.Path(_native.__file__).parent  # of an editable installation, the installed part


def _processor():
    try:
        model = re.search(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        model = None
    return model[1] if model else platform.processor() or "unknown"


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...
def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """What mxloss runs on here.

    Parameters
    ----------
    mode : {'stdout', 'dicts'}, default 'stdout'
        Whether to print the facts or to return them.

    Returns
    -------
    dict or None
        With mode='dicts': ``version``, ``isa`` (the instruction set in use), ``isa_available``
        (those that this machine and build have), ``threads`` (the most that one call uses),
        ``build`` (compiler and flags of the core), ``python``, ``numpy``, ``platform`` and
        ``processor``.
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode is {mode!r}; expected 'stdout' or 'dicts'")
    facts = {
        "version": _core.version(),
        "isa": _core.get_isa(),
        "isa_available": _core.isa_names(),
        "threads": _core.get_num_threads(),
        "build": _core.build_info(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "processor": _processor(),
    }
    if mode == "dicts":
        return facts
    width = max(map(len, facts))
    for name, fact in facts.items():
        print(f"{name:<{width}}  {', '.join(fact) if isinstance(fact, list) else fact}")
    return None


def get_include() -> str:
    """The folder of mxloss.h, for C programs that use the library of this package."""
    return str(PACKAGE / "include")


def get_library() -> str:
    """The path of the C library of this package.

    `ctypes.CDLL` takes it, and so does a linker: ``cc program.c -I$(folder of mxloss.h) path
    -Wl,-rpath,$(folder of path)``, which is what ``python -m mxloss --cflags`` and ``--libs`` print.
    """
    (library,) = (PACKAGE / "lib").glob("libmxloss*")
    return str(library)
