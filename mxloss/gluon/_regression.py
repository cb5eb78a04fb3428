"""Losses of numbers: L2Loss, L1Loss, HuberLoss, PoissonNLLLoss."""

import math

from .. import ndarray as nd
from .._ndarray import NDArray
from ..base import MXNetTypeError
from ._fused import FusedLoss
from ._loss import _apply_weighting, _reshape_like
from ._options import finite, switch


class L2Loss(FusedLoss):
    r"""Half the mean squared error between `label` and `pred`.

    .. math:: L_b = \frac{w}{2} \, \mathrm{mean}_i \, (label_{bi} - pred_{bi})^2

    Parameters
    ----------
    weight : float or None, default 1.0
        Factor :math:`w` on the loss; None is 1.
    batch_axis : int, default 0
        The axis that the result keeps; negative counts from the end.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred : array of float16, float32 or float64, of any shape
    label : array of any real dtype with as many elements as `pred`
        Read row by row in the shape of `pred`.
    sample_weight : array, optional
        Factor on each element; broadcasts to the shape of `pred`. One weight per sample of an
        (N, C) `pred` has shape (N, 1).

    Outputs
    -------
    loss : array of the dtype of `pred` and shape (batch_size,)
        The mean over all axes but `batch_axis`.

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name. Both are also `MXNetError`.

    Notes
    -----
    Gradients exist with respect to every floating input. Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "L2Loss"

    def __init__(self, weight=1.0, batch_axis=0, **kwargs):
        super().__init__(weight, batch_axis, **kwargs)

    def _graph(self, F, pred, label, sample_weight=None):
        label = _reshape_like(F, label, pred)
        half = 0.5 if self._weight is None else self._weight / 2
        return self._mean(F, F.square(label - pred), sample_weight, half)


class L1Loss(FusedLoss):
    r"""Mean absolute error between `label` and `pred`.

    .. math:: L_b = w \, \mathrm{mean}_i \, |label_{bi} - pred_{bi}|

    Parameters
    ----------
    weight : float or None, default None
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        The axis that the result keeps.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred, label, sample_weight
        As for `L2Loss`.

    Outputs
    -------
    loss : array of shape (batch_size,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name.

    Notes
    -----
    The gradient where label and pred are equal is 0. Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "L1Loss"

    def __init__(self, weight=None, batch_axis=0, **kwargs):
        super().__init__(weight, batch_axis, **kwargs)

    def _graph(self, F, pred, label, sample_weight=None):
        label = _reshape_like(F, label, pred)
        return self._mean(F, F.abs(label - pred), sample_weight)


class HuberLoss(FusedLoss):
    r"""Squared error near the label, absolute error beyond `rho`; also called smooth L1.

    .. math:: L_b = w \, \mathrm{mean}_i \begin{cases}
              d_{bi} - \rho / 2 & d_{bi} > \rho \\ d_{bi}^2 / (2 \rho) & \text{otherwise}
              \end{cases} \qquad d = |label - pred|

    Parameters
    ----------
    rho : float, default 1
        Where the parabola meets the lines; a finite number above 0.
    weight : float or None, default None
        Factor :math:`w` on the loss.
    batch_axis : int, default 0
        The axis that the result keeps.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred, label, sample_weight
        As for `L2Loss`.

    Outputs
    -------
    loss : array of shape (batch_size,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; a `rho` that is 0, negative or not
        finite.

    Notes
    -----
    Source: P. J. Huber, Robust Estimation of a Location Parameter, 1964; MXNet, ``gluon/loss.py``,
    which divides by `rho`.
    """

    _core_name = "HuberLoss"

    def __init__(self, rho=1, weight=None, batch_axis=0, **kwargs):
        self._rho = rho
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        return {"rho": finite("rho", self._rho, above_zero=True)}, {}

    def _graph(self, F, pred, label, sample_weight=None):
        label, rho = _reshape_like(F, label, pred), self._rho
        far = F.abs(label - pred)
        loss = F.where(far > rho, far - 0.5 * rho, (0.5 / rho) * F.square(far))
        return self._mean(F, loss, sample_weight)


class PoissonNLLLoss(FusedLoss):
    r"""Negative log-likelihood of counts under a Poisson distribution.

    With `from_logits`, :math:`L = w \, \mathrm{mean}(\exp(pred) - target \cdot pred)`; otherwise
    :math:`L = w \, \mathrm{mean}(pred - target \log(pred + \epsilon))`.

    Parameters
    ----------
    weight : float or None, default None
        Factor :math:`w` on the loss.
    from_logits : bool, default True
        Whether `pred` is the logarithm of the rate; otherwise it is the rate.
    batch_axis : int, default 0
        Accepted and shown, as in MXNet, but without effect: the mean is over everything.
    compute_full : bool, default False
        Whether to add Stirling's approximation of :math:`\log(target!)`,
        :math:`target \log target - target + \frac{1}{2} \log(2 \pi \, target)`, where target > 1.
    prefix, params : optional
        As for `gluon.Block`.

    Inputs
    ------
    pred, target, sample_weight
        As pred, label and sample_weight of `L2Loss`. With `compute_full`, negative targets are
        refused.
    epsilon : float, default 1e-08
        Added to the rate inside the logarithm; finite, not negative. Only read without
        `from_logits`.

    Outputs
    -------
    loss : array of shape (1,)

    Raises
    ------
    ValueError, TypeError
        Shapes, dtypes or options that do not fit, by name; an empty batch; with `compute_full`,
        targets below 0, by position and value.

    Notes
    -----
    Source: MXNet, ``gluon/loss.py``.
    """

    _core_name = "PoissonNLLLoss"

    def __init__(self, weight=None, from_logits=True, batch_axis=0, compute_full=False, **kwargs):
        self._from_logits = from_logits
        self._compute_full = compute_full
        super().__init__(weight, batch_axis, **kwargs)

    def _settings(self):
        return {}, {
            "FROM_LOGITS": switch("from_logits", self._from_logits),
            "COMPUTE_FULL": switch("compute_full", self._compute_full),
        }

    def _graph(self, F, pred, target, sample_weight=None, epsilon=1e-08):
        target = _reshape_like(F, target, pred)
        if self._from_logits:
            loss = F.exp(pred) - target * pred
        else:
            loss = pred - target * F.log(pred + epsilon)
        if self._compute_full:  # Stirling's formula, kept away from log(0) in both directions
            large = target > 1
            t = F.where(large, target, F.ones_like(target))
            stirling = t * F.log(t) - t + 0.5 * F.log(t * (2 * math.pi))
            loss = loss + F.where(large, stirling, F.zeros_like(target))
        return F.mean(_apply_weighting(F, loss, self._weight, sample_weight))

    def _usual_options(self):
        return self._options(epsilon=1e-08)

    def _constants(self, inputs, named_inputs):
        return [inputs[3] if len(inputs) > 3 else named_inputs.get("epsilon", 1e-08)]

    def _fused(self, inputs, named_inputs):
        epsilon = inputs[3] if len(inputs) > 3 else named_inputs.get("epsilon")
        if isinstance(epsilon, NDArray):  # the kernel takes a number
            self._options()
            return self._in_operators(nd, inputs, named_inputs)
        return super()._fused(inputs, named_inputs)

    def _prepare(self, args, kwargs):
        # epsilon is a number, not an input of the core: the fourth argument of the call
        kwargs = dict(kwargs)
        if len(args) > 4:
            raise MXNetTypeError(
                "PoissonNLLLoss takes at most 4 arguments (pred, target, "
                f"sample_weight, epsilon), got {len(args)}"
            )
        if len(args) == 4 and "epsilon" in kwargs:
            raise MXNetTypeError("PoissonNLLLoss got 'epsilon' twice, by position and by name")
        epsilon = args[3] if len(args) == 4 else kwargs.pop("epsilon", 1e-08)
        return self._options(epsilon=epsilon), self._bind(args[:3], kwargs)
