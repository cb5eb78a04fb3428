"""Losses of vectors, for metric learning: TripletLoss, CosineEmbeddingLoss, SDMLLoss."""

from ..base import MXNetValueError
from ._fused import FusedLoss
from ._loss import _apply_weighting, _reshape_like
from ._options import finite, integer


def _rows_only(batch_axis):
    if integer("batch_axis", batch_axis) != 0:
        raise MXNetValueError(
            f"batch_axis must be 0, because this loss is defined for rows, got {batch_axis!r}"
        )


class TripletLoss(FusedLoss):
    r"""Triplet loss: the positive example should be closer than the negative one, by a margin.

    .. math:: L_b = w \, \max\left(0, margin + \sum_i (positive_{bi} - pred_{bi})^2
              - (negative_{bi} - pred_{bi})^2\right)

    Parameters
    ----------
    margin : float, default 1
        By how much squared distances should differ; finite.
    weight : float or None, default None
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        The axis that the result keeps; the sum is over all others.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred : array of floats, of any shape
    positive, negative : array
        As many numbers as `pred` has, read in its shape.
    sample_weight : array, optional
        Multiplied to the result; of shape (batch_size,), (1,) or ().

    Outputs
    -------
    loss : array of shape (batch_size,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; a `margin` that is not finite.

    Notes
    -----
    A sum, not a mean, over the elements. MXNet 1.9 has no `sample_weight`; 2.0 and AI::MXNet do.
    Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "TripletLoss"

    def __init__(self, margin=1, weight=None, batch_axis=0, **kwargs):
        self._margin = margin
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        return {"margin": finite("margin", self._margin)}, {}

    def _graph(self, F, pred, positive, negative, sample_weight=None):
        positive = _reshape_like(F, positive, pred)
        negative = _reshape_like(F, negative, pred)
        apart = F.sum(
            F.square(positive - pred) - F.square(negative - pred),
            axis=self._batch_axis,
            exclude=True,
        )
        loss = F.relu(apart + self._margin)
        return _apply_weighting(F, loss, self._weight, sample_weight)


class CosineEmbeddingLoss(FusedLoss):
    r"""Cosine distance of two vectors, for pairs that should be alike (1) or not (-1).

    With :math:`c_b` the cosine of the angle between the vectors:

    .. math:: L_b = w \begin{cases} 1 - c_b & label_b = 1 \\
              \max(0, c_b - margin) & label_b = -1 \end{cases}

    Parameters
    ----------
    weight : float or None, default None
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        Only 0.
    margin : float, default 0
        Up to which cosine unlike vectors cost nothing; finite.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    input1 : array of floats
        As many numbers as `input2` has, read in its shape.
    input2 : array
        Vectors along the last axis; N in all.
    label : array
        N numbers, or a single one for all pairs. Any other than 1 and -1 gives a loss of 0.
    sample_weight : array, optional
        Broadcasts to shape (N, 1).

    Outputs
    -------
    loss : array of shape (N, 1)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; a `sample_weight` of shape (N,), which
        would widen the loss; a `batch_axis` other than 0.

    Notes
    -----
    The product of the norms counts as at least 1e-12. A vector of zeros has cosine 0, and its pair
    no gradient. Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "CosineEmbeddingLoss"

    def __init__(self, weight=None, batch_axis=0, margin=0, **kwargs):
        self._margin = margin
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        _rows_only(self._batch_axis)
        return {"margin": finite("margin", self._margin)}, {}

    _helpers = ("_cosine_similarity",)

    def _graph(self, F, input1, input2, label, sample_weight=None):
        input1 = _reshape_like(F, input1, input2)
        label = F.reshape(label, shape=(-1, 1))
        cosine = self._cosine_similarity(F, input1, input2)
        alike, unlike = label == 1, label == -1
        near = (1 - cosine) * alike
        far = F.broadcast_maximum(F.zeros((1, 1)), unlike * (cosine - self._margin), axis=1)
        return _apply_weighting(F, near + far, self._weight, sample_weight)

    def _cosine_similarity(self, F, x, y, axis=-1):
        """The cosines of the angles between rows, of shape (N, 1); a subclass may override it."""
        x_norm = F.norm(x, axis=axis).reshape(-1, 1)
        y_norm = F.norm(y, axis=axis).reshape(-1, 1)
        dot = F.sum(x * y, axis=axis).reshape(-1, 1)
        return dot / F.broadcast_maximum(x_norm * y_norm, F.full((1, 1), 1e-12))


class SDMLLoss(FusedLoss):
    r"""Smoothed deep metric learning loss: each row should be closest to its partner.

    With squared distances :math:`d_{ij}` between row i of `x1` and row j of `x2`, p the softmax of
    :math:`-d` along j, and targets t of :math:`1 - s` for i = j, :math:`s / (N - 1)` otherwise:

    .. math:: L_i = w \sum_j t_{ij} \left( \log(t_{ij} + 10^{-12}) - \log p_{ij} \right)

    Parameters
    ----------
    smoothing_parameter : float, default 0.3
        The part s of the target that is spread over the other rows; in [0, 1).
    weight : float or None, default 1.0
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        Only 0.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    x1 : array of floats of shape (N, D), N at least 2
    x2 : array of the same shape
        Row i belongs to row i of `x1`; all other rows are taken for different.

    Outputs
    -------
    loss : array of shape (N,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; a single row; a `batch_axis` other than
        0.

    Notes
    -----
    Memory is N x N numbers, not N x N x D. MXNet ignores `weight` here; mxloss applies it.
    Source: D. Bonadiman, A. Kumar, A. Mittal, "Large Scale Question Paraphrase Retrieval with
    Smoothed Deep Metric Learning" (2019); MXNet, ``gluon/loss.py``.
    """

    _core_name = "SDMLLoss"

    def __init__(self, smoothing_parameter=0.3, weight=1.0, batch_axis=0, **kwargs):
        self._smoothing_parameter = smoothing_parameter
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        _rows_only(self._batch_axis)
        smoothing = finite("smoothing_parameter", self._smoothing_parameter)
        if not 0 <= smoothing < 1:
            raise MXNetValueError(
                f"smoothing_parameter must be at least 0 and below 1, got {smoothing!r}"
            )
        return {"smoothing_parameter": smoothing}, {}

    def _graph(self, F, x1, x2):
        differences = F.broadcast_sub(F.expand_dims(x1, axis=1), F.expand_dims(x2, axis=0))
        distances = F.sum(F.square(differences), axis=2)
        row = F.contrib.arange_like(distances, axis=0)
        own = F.broadcast_equal(row.reshape(-1, 1), row.reshape(1, -1))
        others = F.sum(F.ones_like(distances), axis=1, keepdims=True) - 1
        s = self._smoothing_parameter
        target = own * (1 - s) + F.broadcast_div((1 - own) * s, others)
        log_p = F.log_softmax(-distances, axis=1)
        loss = F.sum(target * (F.log(target + 1e-12) - log_p), axis=1)
        return _apply_weighting(F, loss, self._weight)
