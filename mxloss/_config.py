"""show_config: what one wants to know when numbers or timings surprise."""

import platform

import numpy as np

from . import _core

__all__ = ["show_config"]


def show_config(mode="stdout"):
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
        ``build`` (compiler and flags of the core), ``python``, ``numpy`` and ``machine``.
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
        "machine": f"{platform.system()} {platform.machine()}",
    }
    if mode == "dicts":
        return facts
    width = max(map(len, facts))
    for name, fact in facts.items():
        print(f"{name:<{width}}  {', '.join(fact) if isinstance(fact, list) else fact}")
    return None
