"""The base class of all losses, and what their formulas in operators share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import MXNetTypeError
from ._hybrid_block import HybridBlock
from ._options import number

if TYPE_CHECKING:
    from .._typing import Number


def _apply_weighting(F: Any, loss: Any, weight: Any = None, sample_weight: Any = None) -> Any:
    """loss times sample_weight, which broadcasts, times the number weight; None for neither."""
    if sample_weight is not None:
        loss = F.broadcast_mul(loss, sample_weight)
    if weight is not None:
        number("weight", weight)
        loss = loss * (float(weight) if isinstance(weight, (bool, np.bool_)) else weight)
    return loss


def _reshape_like(F: Any, x: Any, y: Any) -> Any:
    """x in the shape of y."""
    return F.reshape_like(x, y)


class Loss(HybridBlock):
    """Base class of all losses.

    Parameters
    ----------
    weight : float or None
        A factor on the loss; None for none.
    batch_axis : int
        The axis that tells samples apart.
    prefix, params : optional
        As for `gluon.Block`.

    Notes
    -----
    A loss of your own extends this class and overrides ``hybrid_forward(self, F, ...)``, where F is
    `mxloss.nd` and the inputs are NDArrays, or ``forward(self, ...)``:

    >>> import mxloss as mx
    >>> class Cubic(mx.gluon.loss.Loss):
    ...     def hybrid_forward(self, F, pred, label, sample_weight=None):
    ...         loss = F.abs(pred - label) ** 3
    ...         loss = mx.gluon.loss._apply_weighting(F, loss, self._weight, sample_weight)
    ...         return F.mean(loss, axis=self._batch_axis, exclude=True)
    >>> Cubic(2, 0)(mx.nd.array([[1, 2]]), mx.nd.array([[1, 4]])).asscalar().item()
    8.0

    Numbers that training is to find are parameters:
    ``self.scale = self.params.get("scale", shape=(1,), init="ones")`` in the constructor, and an
    argument ``scale`` at the end of hybrid_forward.
    """

    def __init__(self, weight: Number | None, batch_axis: int, **kwargs: Any) -> None:
        for key in kwargs:
            if key not in ("prefix", "params"):
                raise MXNetTypeError(
                    f"{type(self).__name__}() got an unexpected keyword argument {key!r}; see "
                    f"help({type(self).__name__})"
                )
        super().__init__(**kwargs)
        self._weight = weight
        self._batch_axis = batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The loss in terms of the operators F. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override hybrid_forward")
