"""Numbers that tell how training goes: Accuracy, and the mean Loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._ndarray import NDArray
from .base import MXNetAssertionError, MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._typing import Arrays

__all__ = ["Accuracy", "EvalMetric", "Loss", "check_label_shapes", "create"]


def _list(arrays, name):
    if isinstance(arrays, (NDArray, np.ndarray)):
        return [arrays]
    if not isinstance(arrays, (list, tuple)):
        raise MXNetTypeError(
            f"update: {name} is of type {type(arrays).__name__}; expected an NDArray or a list"
        )
    return list(arrays)


def _numpy(array):
    return array._data if isinstance(array, NDArray) else np.asarray(array)


def check_label_shapes(
    labels: Any, preds: Any, wrap: bool = False, shape: bool = False
) -> tuple[Any, Any]:
    """Raise if there are not as many labels as predictions, or with `shape` if their shapes differ;
    returns both, with `wrap` as lists."""
    if wrap:
        labels, preds = _list(labels, "labels"), _list(preds, "preds")
    label, pred = (labels.shape, preds.shape) if shape else (len(labels), len(preds))
    if label != pred:
        raise MXNetValueError(f"Shape of labels {label} does not match shape of predictions {pred}")
    return labels, preds


class EvalMetric:
    """Base class: a mean over all that `update` was given. A subclass overrides `update`.

    Parameters
    ----------
    name : str
    """

    name: str
    output_names: Sequence[str] | None
    label_names: Sequence[str] | None
    num_inst: int
    sum_metric: float

    def __init__(
        self,
        name: str,
        output_names: Sequence[str] | None = None,
        label_names: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = str(name)
        self.output_names, self.label_names = output_names, label_names
        self.reset()

    def __str__(self) -> str:
        return f"EvalMetric: {dict(self.get_name_value())}"

    def reset(self) -> None:
        """Begin anew."""
        self.num_inst, self.sum_metric = 0, 0.0

    def _add(self, total, count):
        self.sum_metric += total
        self.num_inst += count

    def update(self, labels: Arrays, preds: Arrays) -> None:
        """Take labels and predictions into account. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override update")

    def update_dict(self, label: dict[str, Any], pred: dict[str, Any]) -> None:
        """`update` with arrays by name; output_names and label_names choose among them."""

        def chosen(arrays, names):
            for name in () if names is None else names:
                if name not in arrays:
                    raise MXNetValueError(f"update_dict: no array {name!r} among {list(arrays)}")
            return list(arrays.values()) if names is None else [arrays[n] for n in names]

        self.update(chosen(label, self.label_names), chosen(pred, self.output_names))

    def get(self) -> tuple[str, float]:
        """(name, value); NaN before the first update."""
        return self.name, self.sum_metric / self.num_inst if self.num_inst else float("nan")

    def get_name_value(self) -> list[tuple[str, float]]:
        """[(name, value)]."""
        return [self.get()]


class Accuracy(EvalMetric):
    """The share of right predictions.

    Parameters
    ----------
    axis : int
        The axis of classes, where predictions are scores: the largest one is the prediction.
    name : str
    """

    axis: int

    def __init__(
        self,
        axis: int = 1,
        name: str = "accuracy",
        output_names: Sequence[str] | None = None,
        label_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names)
        if not isinstance(axis, (int, np.integer)):
            raise MXNetTypeError(f"Accuracy: axis is {axis!r}; expected an integer")
        self.axis = axis

    def update(self, labels: Arrays, preds: Arrays) -> None:
        """Compare labels (class numbers) with predictions (class numbers, or scores)."""
        for label, pred in zip(*check_label_shapes(labels, preds, True)):
            label, pred = _numpy(label), _numpy(pred)
            if pred.shape != label.shape:
                if not -pred.ndim <= self.axis < pred.ndim:
                    raise MXNetValueError(
                        f"Accuracy: preds has shape {pred.shape}, which has no axis {self.axis}"
                    )
                pred = pred.argmax(self.axis)
            label, pred = label.astype(np.int64).ravel(), pred.astype(np.int64).ravel()
            check_label_shapes(label, pred)
            self._add(int((pred == label).sum()), len(pred))


class Loss(EvalMetric):
    """The mean of losses.

    Parameters
    ----------
    name : str
    """

    def __init__(
        self,
        name: str = "loss",
        output_names: Sequence[str] | None = None,
        label_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names)

    def update(self, _: Any, preds: Arrays) -> None:
        """Take losses into account; labels are not looked at."""
        for pred in _list(preds, "preds"):
            values = _numpy(pred)
            self._add(float(values.sum(dtype=np.float64)), values.size)


def create(metric: str | EvalMetric, *args: Any, **kwargs: Any) -> EvalMetric:
    """A metric by name: 'acc', 'accuracy' or 'loss'; one that exists is returned."""
    if isinstance(metric, EvalMetric):
        return metric
    known = {"acc": Accuracy, "accuracy": Accuracy, "loss": Loss}
    if not isinstance(metric, str) or metric.lower() not in known:
        raise MXNetAssertionError(f"no metric {metric!r}; expected one of {', '.join(known)}")
    return known[metric.lower()](*args, **kwargs)
