"""Numbers that tell how training goes: Accuracy, and the mean Loss."""

from __future__ import annotations

import numpy as np

from ._ndarray import NDArray
from .base import MXNetAssertionError, MXNetTypeError, MXNetValueError

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


def check_label_shapes(labels, preds, wrap=False, shape=False):
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

    def __init__(self, name, output_names=None, label_names=None, **kwargs):
        self.name = str(name)
        self.output_names, self.label_names = output_names, label_names
        self.reset()

    def __str__(self):
        return f"EvalMetric: {dict(self.get_name_value())}"

    def reset(self):
        """Begin anew."""
        self.num_inst, self.sum_metric = 0, 0.0

    def update(self, labels, preds):
        """Take labels and predictions into account. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override update")

    def update_dict(self, label, pred):
        """`update` with arrays by name; output_names and label_names choose among them."""

        def chosen(arrays, names):
            for name in () if names is None else names:
                if name not in arrays:
                    raise MXNetValueError(f"update_dict: no array {name!r} among {list(arrays)}")
            return list(arrays.values()) if names is None else [arrays[n] for n in names]

        self.update(chosen(label, self.label_names), chosen(pred, self.output_names))

    def get(self):
        """(name, value); NaN before the first update."""
        return self.name, self.sum_metric / self.num_inst if self.num_inst else float("nan")

    def get_name_value(self):
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

    def __init__(self, axis=1, name="accuracy", output_names=None, label_names=None):
        super().__init__(name, output_names, label_names)
        if not isinstance(axis, (int, np.integer)):
            raise MXNetTypeError(f"Accuracy: axis is {axis!r}; expected an integer")
        self.axis = axis

    def update(self, labels, preds):
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
            self.sum_metric += int((pred == label).sum())
            self.num_inst += len(pred)


class Loss(EvalMetric):
    """The mean of losses.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name="loss", output_names=None, label_names=None):
        super().__init__(name, output_names, label_names)

    def update(self, _, preds):
        """Take losses into account; labels are not looked at."""
        for pred in _list(preds, "preds"):
            values = _numpy(pred)
            self.sum_metric += float(values.sum(dtype=np.float64))
            self.num_inst += values.size


def create(metric, *args, **kwargs):
    """A metric by name: 'acc', 'accuracy' or 'loss'; one that exists is returned."""
    if isinstance(metric, EvalMetric):
        return metric
    known = {"acc": Accuracy, "accuracy": Accuracy, "loss": Loss}
    if not isinstance(metric, str) or metric.lower() not in known:
        raise MXNetAssertionError(f"no metric {metric!r}; expected one of {', '.join(known)}")
    return known[metric.lower()](*args, **kwargs)
