"""mxloss: the losses of Apache MXNet Gluon, value and gradient, over numpy.

>>> import numpy as np
>>> import mxloss as mx
>>> loss = mx.gluon.loss.SoftmaxCELoss()
>>> scores = np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype="float32")
>>> value, gradient = loss.value_and_grad(scores, [0, 2])
>>> print(value.round(3))
[0.24  1.551]
"""

from typing import TYPE_CHECKING

from . import (
    _function,  # noqa: F401  (enters autograd)
    autograd,
    base,
    context,
    executor,
    gluon,
    initializer,
    io,
    metric,
    name,
    ndarray,
    operator,
    optimizer,
    random,
    symbol,
    test_utils,
    util,
)
from . import initializer as init
from . import ndarray as nd
from . import symbol as sym
from ._alias import install_as_mxnet, uninstall_as_mxnet
from ._config import get_include, get_library, show_config
from ._core import get_num_threads, set_num_threads
from ._core import version as _version
from .base import MXNetError
from .context import Context, cpu, current_context, gpu, num_gpus

__version__ = _version()
__all__ = [
    "Context",
    "MXNetError",
    "autograd",
    "base",
    "context",
    "cpu",
    "current_context",
    "executor",
    "get_include",
    "get_library",
    "get_num_threads",
    "gluon",
    "gpu",
    "init",
    "initializer",
    "install_as_mxnet",
    "io",
    "metric",
    "name",
    "nd",
    "ndarray",
    "num_gpus",
    "operator",
    "optimizer",
    "random",
    "set_num_threads",
    "show_config",
    "sym",
    "symbol",
    "test_utils",
    "uninstall_as_mxnet",
    "util",
]


if not TYPE_CHECKING:  # to which names that are not there are errors

    def __getattr__(name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"mxloss has no {name!r}: it carries the losses of MXNet's Gluon and what training scripts "
            f"put around them, not all of MXNet; see dir(mxloss)"
        )
