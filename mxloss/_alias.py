"""Letting scripts that import mxnet get mxloss."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import types

from .base import MXNetError

_PARTS = (
    "autograd",
    "base",
    "context",
    "executor",
    "init",
    "initializer",
    "io",
    "metric",
    "name",
    "nd",
    "ndarray",
    "optimizer",
    "random",
    "sym",
    "symbol",
    "test_utils",
    "util",
)
_GLUON_PARTS = ("block", "data", "nn", "parameter", "trainer", "utils")

_replaced = None  # what sys.modules had before, while the alias is installed


class _Missing:
    """Says why a part of MXNet cannot be imported."""

    def find_spec(self, name, path=None, target=None):
        if name.startswith("mxnet."):
            # without name=, or `from mxnet import part` would replace the message
            raise ModuleNotFoundError(_absent(name))
        return None


_missing = _Missing()


def _absent(name):
    return (
        f"there is no {name}: this mxnet is mxloss, which carries the losses of MXNet's Gluon and "
        "what training scripts put around them, not all of MXNet"
    )


def _module(name, contents, package=True):
    made = types.ModuleType(name, contents.get("__doc__"))
    made.__dict__.update({k: v for k, v in contents.items() if not k.startswith("__")})
    made.__all__ = [k for k in contents if not k.startswith("_")]
    made.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=package)
    if package:
        made.__path__ = []

    def getattribute(attribute):
        raise AttributeError(_absent(f"{name}.{attribute}"))

    made.__getattr__ = getattribute
    return made


def _losses(losses):
    """gluon.loss with the defaults of MXNet 1.9.1."""

    class KLDivLoss(losses.KLDivLoss):
        __doc__ = losses.KLDivLoss.__doc__ + "\n\n    In MXNet 1.9.1: the sum, not the mean.\n"

        def __init__(self, from_logits=True, axis=-1, weight=None, batch_axis=0, **kwargs):
            kwargs.setdefault("reduction", "sum")
            super().__init__(from_logits, axis, weight, batch_axis, **kwargs)

    class SoftmaxCrossEntropyLoss(losses.SoftmaxCrossEntropyLoss):
        __doc__ = (
            losses.SoftmaxCrossEntropyLoss.__doc__
            + "\n\n    In MXNet 1.9.1: class numbers out of range are clipped.\n"
        )

        def __init__(
            self,
            axis=-1,
            sparse_label=True,
            from_logits=False,
            weight=None,
            batch_axis=0,
            **kwargs,
        ):
            kwargs.setdefault("out_of_range", "clip")
            super().__init__(axis, sparse_label, from_logits, weight, batch_axis, **kwargs)

    class CTCLoss(losses.CTCLoss):
        __doc__ = losses.CTCLoss.__doc__ + "\n\n    In MXNet 1.9.1: labels may hold the blank.\n"

        def __init__(self, layout="NTC", label_layout="NT", weight=None, **kwargs):
            kwargs.setdefault("blank_in_label", "allow")
            super().__init__(layout, label_layout, weight, **kwargs)

    changed = {
        "CTCLoss": CTCLoss,
        "KLDivLoss": KLDivLoss,
        "SoftmaxCrossEntropyLoss": SoftmaxCrossEntropyLoss,
        "SoftmaxCELoss": SoftmaxCrossEntropyLoss,
    }
    for name, cls in changed.items():
        cls.__module__, cls.__qualname__ = "mxnet.gluon.loss", cls.__name__
    made = _module("mxnet.gluon.loss", {**vars(losses), **changed}, package=False)
    made.__all__ = list(losses.__all__)
    return made


def _tree():
    """{name: module} of what can be imported."""
    import mxloss

    gluon_loss = _losses(mxloss.gluon.loss)
    gluon = _module("mxnet.gluon", {**vars(mxloss.gluon), "loss": gluon_loss})
    top = _module("mxnet", {**vars(mxloss), "gluon": gluon})
    top.__version__ = "1.9.1"
    tree = {"mxnet": top, "mxnet.gluon": gluon, "mxnet.gluon.loss": gluon_loss}
    tree.update({f"mxnet.{part}": getattr(mxloss, part) for part in _PARTS})
    tree.update({f"mxnet.gluon.{part}": getattr(mxloss.gluon, part) for part in _GLUON_PARTS})
    for name in ("nd", "ndarray"):  # MXNet has the class in a module inside
        tree[f"mxnet.{name}.ndarray"] = mxloss.ndarray
    for name in ("sym", "symbol"):
        tree[f"mxnet.{name}.symbol"] = mxloss.symbol
    return tree


def _ours():
    return _replaced is not None and sys.modules.get("mxnet") in _replaced[1].values()


def install_as_mxnet(force: bool = False) -> None:
    """Make ``import mxnet`` give mxloss, for scripts that are not to be changed.

    The module tree is one of its own, with ``__version__`` '1.9.1'; in it `KLDivLoss` sums and
    `SoftmaxCrossEntropyLoss` clips class numbers, as in MXNet 1.9.1. Code that uses mxloss itself
    sees no difference. ``python -m mxloss.as_mxnet script.py`` runs a script so.

    Parameters
    ----------
    force : bool
        Whether to go ahead if a real mxnet could be imported, which is an error otherwise.

    Raises
    ------
    MXNetError
        If there is a real mxnet.
    """
    global _replaced
    if _ours():
        return
    if not force:
        try:
            real = "mxnet" in sys.modules or importlib.util.find_spec("mxnet") is not None
        except (ImportError, ValueError):
            real = False
        if real:
            raise MXNetError(
                "install_as_mxnet: a real mxnet can be imported here; call it with force=True to "
                "hide it"
            )
    before = {k: m for k, m in sys.modules.items() if k == "mxnet" or k.startswith("mxnet.")}
    tree = _tree()
    for name in before:
        del sys.modules[name]
    sys.modules.update(tree)
    sys.meta_path.insert(0, _missing)
    _replaced = before, tree


def uninstall_as_mxnet() -> None:
    """Undo `install_as_mxnet`; what was imported meanwhile keeps what it has."""
    global _replaced
    if _replaced is None:
        return
    before, tree = _replaced
    for name in tree:
        if sys.modules.get(name) is tree[name]:
            del sys.modules[name]
    sys.modules.update(before)
    sys.meta_path.remove(_missing)
    _replaced = None
