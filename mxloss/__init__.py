"""mxloss: the losses of Apache MXNet Gluon, value and gradient, over numpy.

>>> import numpy as np
>>> import mxloss as mx
>>> loss = mx.gluon.loss.SoftmaxCELoss()
>>> scores = np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype="float32")
>>> value, gradient = loss.value_and_grad(scores, [0, 2])
>>> print(value.round(3))
[0.24  1.551]
"""

from . import base, gluon
from ._config import show_config
from ._core import get_num_threads, set_num_threads
from ._core import version as _version
from .base import MXNetError

__version__ = _version()
__all__ = ["MXNetError", "base", "get_num_threads", "gluon", "set_num_threads", "show_config"]
