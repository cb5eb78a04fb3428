"""Losses of sequences: CTCLoss."""

from ..base import MXNetTypeError, MXNetValueError
from ._fused import FusedLoss
from ._loss import _apply_weighting
from ._options import choice


class CTCLoss(FusedLoss):
    r"""Connectionist temporal classification: labels of sequences without an alignment.

    The loss is :math:`-w \log P(label)`, where P adds up the probabilities of all ways to write the
    label over the frames: classes may be repeated, blanks may stand between them and have to
    between equal ones. The probabilities of a frame are the softmax of its activations.

    Parameters
    ----------
    layout : {'NTC', 'TNC'}, default 'NTC'
        Axes of `pred`: N samples, T frames, C classes.
    label_layout : {'NT', 'TN'}, default 'NT'
        Axes of `label`: N samples, T labels.
    weight : float or None, default None
        Factor :math:`w` on the loss.
    infeasible : {'zero', 'inf'}, default 'zero'
        The loss of a label that does not fit into its frames. Its gradient is 0 either way.
    blank_in_label : {'raise', 'allow'}, default 'raise'
        What becomes of the blank's number, C - 1, in a label: an error, or a class like any other.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred : array of floats
        Activations before the softmax. The last class, C - 1, is the blank.
    label : array
        Whole numbers from 0 to C - 2, of any dtype. Without `label_lengths`, a label ends before
        the first -1.
    pred_lengths : array of shape (N,), optional
        How many frames of each sample count. The others may hold anything; their gradient is 0.
    label_lengths : array of shape (N,), optional
        How many numbers of each label count. The others may be anything.
    sample_weight : array, optional
        Multiplied to the result; of shape (N,), (1,) or ().

    Outputs
    -------
    loss : array of shape (N,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; labels and lengths that are fractional
        or out of range, by position, value and sample.

    Notes
    -----
    An empty label costs :math:`-\sum_t \log p_t(blank)`. A NaN in a frame that counts makes the
    loss and the gradient of its sample NaN, and no other. Memory is O(T L) per thread, whatever C is.
    Source: A. Graves et al., "Connectionist Temporal Classification" (2006); MXNet,
    ``gluon/loss.py``.
    """

    _core_name = "CTCLoss"

    def __init__(
        self,
        layout="NTC",
        label_layout="NT",
        weight=None,
        infeasible="zero",
        blank_in_label="raise",
        **kwargs,
    ):
        self._layout = layout
        self._label_layout = label_layout
        self._infeasible = infeasible
        self._blank_in_label = blank_in_label
        batch_axis = label_layout.find("N") if isinstance(label_layout, str) else 0
        if "batch_axis" in kwargs:
            raise MXNetTypeError("CTCLoss() has no argument 'batch_axis'; label_layout decides it")
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        return {}, {
            "LAYOUT_TNC": choice("layout", self._layout, ("NTC", "TNC")),
            "LABEL_LAYOUT_TN": choice("label_layout", self._label_layout, ("NT", "TN")),
            "INFEASIBLE_INF": choice("infeasible", self._infeasible, ("zero", "inf")),
            "BLANK_IN_LABEL": choice("blank_in_label", self._blank_in_label, ("raise", "allow")),
        }

    def _graph(self, F, pred, label, pred_lengths=None, label_lengths=None, sample_weight=None):
        if self._infeasible == "inf":
            raise MXNetValueError(
                "CTCLoss: infeasible='inf' cannot be expressed by operators, as a Symbol has to be"
            )
        if self._layout == "NTC":
            pred = F.swapaxes(pred, 0, 1)
        if self._label_layout == "TN":
            label = F.swapaxes(label, 0, 1)
        loss = F.CTCLoss(
            pred,
            label,
            pred_lengths,
            label_lengths,
            use_data_lengths=pred_lengths is not None,
            use_label_lengths=label_lengths is not None,
            blank_label="last",
        )
        return _apply_weighting(F, loss, self._weight, sample_weight)
