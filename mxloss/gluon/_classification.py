"""Losses of classes and distributions: cross entropies, KLDivLoss, the hinges, LogisticLoss."""

from ._fused import FusedLoss
from ._loss import _apply_weighting, _reshape_like
from ._options import choice, finite, integer, switch


class SigmoidBinaryCrossEntropyLoss(FusedLoss):
    r"""Cross entropy of independent yes/no labels. Alias: `SigmoidBCELoss`.

    With :math:`\sigma_i` the sigmoid of `pred`, or `pred` itself with `from_sigmoid`:

    .. math:: L_b = -w \, \mathrm{mean}_i \left( q_i \, label_{bi} \log \sigma_{bi}
              + (1 - label_{bi}) \log(1 - \sigma_{bi}) \right)

    Parameters
    ----------
    from_sigmoid : bool, default False
        Whether `pred` holds probabilities already. Scores are more accurate.
    weight : float or None, default None
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        The axis that the result keeps.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred, label, sample_weight
        As for `L2Loss`. Labels are meant to be in [0, 1]; this is not checked.
    pos_weight : array, optional
        Factor :math:`q` on the positive part; broadcasts to the shape of `pred`. One weight per
        class of an (N, C) `pred` has shape (C,) or (1, C).

    Outputs
    -------
    loss : array of shape (batch_size,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; a `pos_weight` that is wider than
        `pred`.

    Notes
    -----
    Scores never overflow and the gradient is the true one at 0, too. With `from_sigmoid`, 1e-12 is
    added inside the logarithms, as in MXNet. Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "SigmoidBinaryCrossEntropyLoss"

    def __init__(self, from_sigmoid=False, weight=None, batch_axis=0, **kwargs):
        self._from_sigmoid = from_sigmoid
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        return {}, {"FROM_SIGMOID": switch("from_sigmoid", self._from_sigmoid)}

    def _graph(self, F, pred, label, sample_weight=None, pos_weight=None):
        label = _reshape_like(F, label, pred)
        if self._from_sigmoid:
            positive = F.log(pred + 1e-12) * label
            if pos_weight is not None:
                positive = F.broadcast_mul(positive, pos_weight)
            loss = -(positive + F.log(1.0 - pred + 1e-12) * (1.0 - label))
        elif pos_weight is None:
            rest = F.Activation(-F.abs(pred), act_type="softrelu")
            loss = F.relu(pred) - pred * label + rest
        else:
            factor = 1 + F.broadcast_mul(pos_weight - 1, label)
            rest = F.Activation(-F.abs(pred), act_type="softrelu") + F.relu(-pred)
            loss = pred - pred * label + factor * rest
        return self._mean(F, loss, sample_weight)


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss


class SoftmaxCrossEntropyLoss(FusedLoss):
    r"""Cross entropy of one label out of C classes, softmax included. Alias: `SoftmaxCELoss`.

    With :math:`p` the softmax of `pred` along `axis`, :math:`y` the class number:

    .. math:: L_b = -w \, \mathrm{mean}_i \log p_{i, y_i}
              \quad\text{or}\quad -w \, \mathrm{mean}_i \sum_c label_{ic} \log p_{ic}

    Parameters
    ----------
    axis : int, default -1
        The axis of the classes.
    sparse_label : bool, default True
        Whether labels are class numbers; otherwise they are weights of all classes.
    from_logits : bool, default False
        Whether `pred` holds logarithms of probabilities already.
    weight : float or None, default None
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        The axis that the result keeps.
    out_of_range : {'raise', 'clip'}, default 'raise'
        What becomes of class numbers that are fractional, negative or too large: a ValueError that
        names the first one, or MXNet's way, truncation and clipping into [0, C-1]. NaN is refused
        either way.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred : array of floats, of any shape
    label : array
        With `sparse_label`, integers or floats of the shape of `pred` without `axis`, or with that
        axis of length 1. Otherwise as many numbers as `pred` has, read in its shape.
    sample_weight : array, optional
        With as many axes as `pred`: broadcasts to the shape of `pred` with `axis` of length 1. With
        fewer: broadcasts to that shape without `axis`, so (N,) for an (N, C) `pred`.

    Outputs
    -------
    loss : array of shape (batch_size,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; class numbers out of range, by position
        and value; a label of the shape of `pred` without ``sparse_label=False``.

    Notes
    -----
    Dense labels need not sum to 1. Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "SoftmaxCrossEntropyLoss"

    def __init__(
        self,
        axis=-1,
        sparse_label=True,
        from_logits=False,
        weight=None,
        batch_axis=0,
        out_of_range="raise",
        **kwargs,
    ):
        self._axis = axis
        self._sparse_label = sparse_label
        self._from_logits = from_logits
        self._out_of_range = out_of_range
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        return {"axis": integer("axis", self._axis)}, {
            "SPARSE_LABEL": switch("sparse_label", self._sparse_label),
            "FROM_LOGITS": switch("from_logits", self._from_logits),
            "CLIP_LABEL": choice("out_of_range", self._out_of_range, ("raise", "clip")),
        }

    def _graph(self, F, pred, label, sample_weight=None):
        axis = self._axis
        if not self._from_logits:
            pred = F.log_softmax(pred, axis=axis)
        if self._sparse_label:
            loss = -F.pick(pred, label, axis=axis, keepdims=True)
        else:
            label = _reshape_like(F, label, pred)
            loss = -F.sum(pred * label, axis=axis, keepdims=True)
        return self._mean(F, loss, sample_weight)


SoftmaxCELoss = SoftmaxCrossEntropyLoss


class KLDivLoss(FusedLoss):
    r"""Kullback-Leibler divergence of `label` from a predicted distribution.

    With :math:`\log p` the `pred`, or its log-softmax along `axis` unless `from_logits`:

    .. math:: L_b = w \, \mathrm{mean}_i \, label_{bi} \left( \log label_{bi} - \log p_{bi} \right)

    Parameters
    ----------
    from_logits : bool, default True
        Whether `pred` holds logarithms of probabilities; otherwise it holds scores.
    axis : int, default -1
        The axis of the classes; only read for scores.
    weight : float or None, default None
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        The axis that the result keeps.
    reduction : {'mean', 'sum'}, default 'mean'
        Over the axes other than `batch_axis`. MXNet averaged up to 1.8 and in 2.0, as all its
        documentation says, and summed in 1.9.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred : array of floats, of any shape
    label : array
        Probabilities; broadcasts to the shape of `pred`.
    sample_weight : array, optional
        As for `L2Loss`.

    Outputs
    -------
    loss : array of shape (batch_size,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; a label that is wider than `pred`.

    Notes
    -----
    1e-12 is added inside the logarithm of the label, so that labels may be 0.
    Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "KLDivLoss"

    def __init__(
        self, from_logits=True, axis=-1, weight=None, batch_axis=0, reduction="mean", **kwargs
    ):
        self._from_logits = from_logits
        self._axis = axis
        self._reduction = reduction
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        return {"axis": integer("axis", self._axis)}, {
            "FROM_LOGITS": switch("from_logits", self._from_logits),
            "REDUCE_SUM": choice("reduction", self._reduction, ("mean", "sum")),
        }

    def _graph(self, F, pred, label, sample_weight=None):
        if not self._from_logits:
            pred = F.log_softmax(pred, axis=self._axis)
        loss = _apply_weighting(
            F, label * (F.log(label + 1e-12) - pred), self._weight, sample_weight
        )
        reduce = F.sum if self._reduction == "sum" else F.mean
        return reduce(loss, axis=self._batch_axis, exclude=True)


class _MarginLoss(FusedLoss):
    """What HingeLoss and SquaredHingeLoss share."""

    _squared = False

    def __init__(self, margin=1, weight=None, batch_axis=0, **kwargs):
        self._margin = margin
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        return {"margin": finite("margin", self._margin)}, {}

    def _graph(self, F, pred, label, sample_weight=None):
        label = _reshape_like(F, label, pred)
        short = F.relu(self._margin - pred * label)
        return self._mean(F, F.square(short) if self._squared else short, sample_weight)


class HingeLoss(_MarginLoss):
    r"""Hinge loss of labels -1 and 1, as in support vector machines.

    .. math:: L_b = w \, \mathrm{mean}_i \max(0, margin - pred_{bi} \, label_{bi})

    Parameters
    ----------
    margin : float, default 1
        Up to where a right prediction still costs; finite.
    weight : float or None, default None
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        The axis that the result keeps.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred, label, sample_weight
        As for `L2Loss`. Labels are meant to be -1 and 1; this is not checked.

    Outputs
    -------
    loss : array of shape (batch_size,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; a `margin` that is not finite.

    Notes
    -----
    The gradient at the kink is 0. Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "HingeLoss"


class SquaredHingeLoss(_MarginLoss):
    r"""Squared hinge loss of labels -1 and 1.

    .. math:: L_b = w \, \mathrm{mean}_i \max(0, margin - pred_{bi} \, label_{bi})^2

    Parameters
    ----------
    margin, weight, batch_axis
        As for `HingeLoss`.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred, label, sample_weight
        As for `HingeLoss`.

    Outputs
    -------
    loss : array of shape (batch_size,)

    Raises
    ------
    ValueError, TypeError
        As `HingeLoss`.

    Notes
    -----
    Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "SquaredHingeLoss"
    _squared = True


class LogisticLoss(FusedLoss):
    r"""Logistic loss of yes/no labels.

    .. math:: L_b = w \, \mathrm{mean}_i \log(1 + \exp(-pred_{bi} \, label_{bi}))

    for labels -1 and 1; with ``label_format='binary'`` labels are 0 and 1.

    Parameters
    ----------
    weight : float or None, default None
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        The axis that the result keeps.
    label_format : {'signed', 'binary'}, default 'signed'
        Whether labels are -1 and 1 or 0 and 1.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred, label, sample_weight
        As for `L2Loss`. Other labels are not refused: a signed label z stands for the probability
        (z + 1) / 2.

    Outputs
    -------
    loss : array of shape (batch_size,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; any other `label_format`.

    Notes
    -----
    The same as `SigmoidBinaryCrossEntropyLoss` of that probability. Source: MXNet,
    ``gluon/loss.py``.
    """

    _core_name = "LogisticLoss"

    def __init__(self, weight=None, batch_axis=0, label_format="signed", **kwargs):
        self._label_format = label_format
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        return {}, {
            "LABEL_BINARY": choice("label_format", self._label_format, ("signed", "binary"))
        }

    def _graph(self, F, pred, label, sample_weight=None):
        label = _reshape_like(F, label, pred)
        if self._label_format == "signed":
            label = (label + 1.0) / 2.0
        rest = F.Activation(-F.abs(pred), act_type="softrelu")
        return self._mean(F, F.relu(pred) - pred * label + rest, sample_weight)
