"""Written by tests/tools/stubs.py."""

from collections.abc import Sequence
from typing import Literal, overload, type_check_only

from .._typing import Array, ArrayKind, Kind, Number, Numbers, Wrt
from ._loss import Loss as Loss
from ._loss import _apply_weighting as _apply_weighting
from ._loss import _reshape_like as _reshape_like
from ._parameter_dict import ParameterDict

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

@type_check_only
class _PredLabelSampleWeight(Loss):
    def __call__(
        self, pred: Kind, label: Kind | Numbers, sample_weight: Kind | Numbers | None = None
    ) -> Kind: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        label: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: str | int | None = None,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Array | None] | None = None,
    ) -> tuple[ArrayKind, ArrayKind]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        label: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: Wrt,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Sequence[Array | None] | None] | None = None,
    ) -> tuple[ArrayKind, tuple[ArrayKind, ...]]: ...

@type_check_only
class _PredLabelSampleWeightPosWeight(Loss):
    def __call__(
        self,
        pred: Kind,
        label: Kind | Numbers,
        sample_weight: Kind | Numbers | None = None,
        pos_weight: Kind | Numbers | None = None,
    ) -> Kind: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        label: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        pos_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: str | int | None = None,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Array | None] | None = None,
    ) -> tuple[ArrayKind, ArrayKind]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        label: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        pos_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: Wrt,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Sequence[Array | None] | None] | None = None,
    ) -> tuple[ArrayKind, tuple[ArrayKind, ...]]: ...

@type_check_only
class _PredLabelPredLengthsLabelLengthsSampleWeight(Loss):
    def __call__(
        self,
        pred: Kind,
        label: Kind | Numbers,
        pred_lengths: Kind | Numbers | None = None,
        label_lengths: Kind | Numbers | None = None,
        sample_weight: Kind | Numbers | None = None,
    ) -> Kind: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        label: ArrayKind | Numbers,
        pred_lengths: ArrayKind | Numbers | None = None,
        label_lengths: ArrayKind | Numbers | None = None,
        sample_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: str | int | None = None,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Array | None] | None = None,
    ) -> tuple[ArrayKind, ArrayKind]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        label: ArrayKind | Numbers,
        pred_lengths: ArrayKind | Numbers | None = None,
        label_lengths: ArrayKind | Numbers | None = None,
        sample_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: Wrt,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Sequence[Array | None] | None] | None = None,
    ) -> tuple[ArrayKind, tuple[ArrayKind, ...]]: ...

@type_check_only
class _PredPositiveNegativeSampleWeight(Loss):
    def __call__(
        self,
        pred: Kind,
        positive: Kind | Numbers,
        negative: Kind | Numbers,
        sample_weight: Kind | Numbers | None = None,
    ) -> Kind: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        positive: ArrayKind | Numbers,
        negative: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: str | int | None = None,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Array | None] | None = None,
    ) -> tuple[ArrayKind, ArrayKind]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        positive: ArrayKind | Numbers,
        negative: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: Wrt,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Sequence[Array | None] | None] | None = None,
    ) -> tuple[ArrayKind, tuple[ArrayKind, ...]]: ...

@type_check_only
class _PredTargetSampleWeightEpsilon(Loss):
    def __call__(
        self,
        pred: Kind,
        target: Kind | Numbers,
        sample_weight: Kind | Numbers | None = None,
        epsilon: float = 1e-08,
    ) -> Kind: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        target: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        epsilon: float = 1e-08,
        *,
        wrt: str | int | None = None,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Array | None] | None = None,
    ) -> tuple[ArrayKind, ArrayKind]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayKind,
        target: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        epsilon: float = 1e-08,
        *,
        wrt: Wrt,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Sequence[Array | None] | None] | None = None,
    ) -> tuple[ArrayKind, tuple[ArrayKind, ...]]: ...

@type_check_only
class _Input1Input2LabelSampleWeight(Loss):
    def __call__(
        self,
        input1: Kind,
        input2: Kind | Numbers,
        label: Kind | Numbers,
        sample_weight: Kind | Numbers | None = None,
    ) -> Kind: ...
    @overload
    def value_and_grad(
        self,
        input1: ArrayKind,
        input2: ArrayKind | Numbers,
        label: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: str | int | None = None,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Array | None] | None = None,
    ) -> tuple[ArrayKind, ArrayKind]: ...
    @overload
    def value_and_grad(
        self,
        input1: ArrayKind,
        input2: ArrayKind | Numbers,
        label: ArrayKind | Numbers,
        sample_weight: ArrayKind | Numbers | None = None,
        *,
        wrt: Wrt,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Sequence[Array | None] | None] | None = None,
    ) -> tuple[ArrayKind, tuple[ArrayKind, ...]]: ...

@type_check_only
class _X1X2(Loss):
    def __call__(self, x1: Kind, x2: Kind | Numbers) -> Kind: ...
    @overload
    def value_and_grad(
        self,
        x1: ArrayKind,
        x2: ArrayKind | Numbers,
        *,
        wrt: str | int | None = None,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Array | None] | None = None,
    ) -> tuple[ArrayKind, ArrayKind]: ...
    @overload
    def value_and_grad(
        self,
        x1: ArrayKind,
        x2: ArrayKind | Numbers,
        *,
        wrt: Wrt,
        head_grad: ArrayKind | Numbers | None = None,
        out: tuple[Array | None, Sequence[Array | None] | None] | None = None,
    ) -> tuple[ArrayKind, tuple[ArrayKind, ...]]: ...

class L2Loss(_PredLabelSampleWeight):
    def __init__(
        self,
        weight: Number | None = 1.0,
        batch_axis: int = 0,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class L1Loss(_PredLabelSampleWeight):
    def __init__(
        self,
        weight: Number | None = None,
        batch_axis: int = 0,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class SigmoidBinaryCrossEntropyLoss(_PredLabelSampleWeightPosWeight):
    def __init__(
        self,
        from_sigmoid: bool = False,
        weight: Number | None = None,
        batch_axis: int = 0,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss

class SoftmaxCrossEntropyLoss(_PredLabelSampleWeight):
    def __init__(
        self,
        axis: int = -1,
        sparse_label: bool = True,
        from_logits: bool = False,
        weight: Number | None = None,
        batch_axis: int = 0,
        out_of_range: Literal["raise", "clip"] = "raise",
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

SoftmaxCELoss = SoftmaxCrossEntropyLoss

class KLDivLoss(_PredLabelSampleWeight):
    def __init__(
        self,
        from_logits: bool = True,
        axis: int = -1,
        weight: Number | None = None,
        batch_axis: int = 0,
        reduction: Literal["mean", "sum"] = "mean",
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class CTCLoss(_PredLabelPredLengthsLabelLengthsSampleWeight):
    def __init__(
        self,
        layout: Literal["NTC", "TNC"] = "NTC",
        label_layout: Literal["NT", "TN"] = "NT",
        weight: Number | None = None,
        infeasible: Literal["zero", "inf"] = "zero",
        blank_in_label: Literal["raise", "allow"] = "raise",
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class HuberLoss(_PredLabelSampleWeight):
    def __init__(
        self,
        rho: Number = 1,
        weight: Number | None = None,
        batch_axis: int = 0,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class HingeLoss(_PredLabelSampleWeight):
    def __init__(
        self,
        margin: Number = 1,
        weight: Number | None = None,
        batch_axis: int = 0,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class SquaredHingeLoss(_PredLabelSampleWeight):
    def __init__(
        self,
        margin: Number = 1,
        weight: Number | None = None,
        batch_axis: int = 0,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class LogisticLoss(_PredLabelSampleWeight):
    def __init__(
        self,
        weight: Number | None = None,
        batch_axis: int = 0,
        label_format: Literal["signed", "binary"] = "signed",
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class TripletLoss(_PredPositiveNegativeSampleWeight):
    def __init__(
        self,
        margin: Number = 1,
        weight: Number | None = None,
        batch_axis: int = 0,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class PoissonNLLLoss(_PredTargetSampleWeightEpsilon):
    def __init__(
        self,
        weight: Number | None = None,
        from_logits: bool = True,
        batch_axis: int = 0,
        compute_full: bool = False,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class CosineEmbeddingLoss(_Input1Input2LabelSampleWeight):
    def __init__(
        self,
        weight: Number | None = None,
        batch_axis: int = 0,
        margin: Number = 0,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...

class SDMLLoss(_X1X2):
    def __init__(
        self,
        smoothing_parameter: Number = 0.3,
        weight: Number | None = 1.0,
        batch_axis: int = 0,
        *,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None: ...
