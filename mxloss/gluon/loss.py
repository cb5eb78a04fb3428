"""Gluon's losses: names, arguments, defaults and results of MXNet 1.9.1's `gluon.loss`.

Every loss takes numpy arrays and returns one. ``loss(pred, label)`` is the value;
``loss.value_and_grad(pred, label)`` is the value and the gradient. The pages in docs/losses say
where and why results differ from MXNet's.
"""

from ._classification import (
    HingeLoss,
    KLDivLoss,
    LogisticLoss,
    SigmoidBCELoss,
    SigmoidBinaryCrossEntropyLoss,
    SoftmaxCELoss,
    SoftmaxCrossEntropyLoss,
    SquaredHingeLoss,
)
from ._loss import Loss, _apply_weighting, _reshape_like  # noqa: F401  (scripts import these)
from ._metric import CosineEmbeddingLoss, SDMLLoss, TripletLoss
from ._regression import HuberLoss, L1Loss, L2Loss, PoissonNLLLoss
from ._sequence import CTCLoss

__all__ = [
    "Loss",
    "L2Loss",
    "L1Loss",
    "SigmoidBinaryCrossEntropyLoss",
    "SigmoidBCELoss",
    "SoftmaxCrossEntropyLoss",
    "SoftmaxCELoss",
    "KLDivLoss",
    "CTCLoss",
    "HuberLoss",
    "HingeLoss",
    "SquaredHingeLoss",
    "LogisticLoss",
    "TripletLoss",
    "PoissonNLLLoss",
    "CosineEmbeddingLoss",
    "SDMLLoss",
]

for _name in __all__:  # where users find them, also in help() and pickles
    globals()[_name].__module__ = __name__
