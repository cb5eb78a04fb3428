"""Update rules for parameters: SGD and Adam, as MXNet computes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .base import MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._ndarray import NDArray
    from ._typing import Class

__all__ = ["SGD", "Adam", "Optimizer", "create", "register"]

_REGISTRY: dict[str, Any] = {}


def register(klass: Class) -> Class:
    """Let a class of optimizers be found by its name in lower case. For use as a decorator."""
    _REGISTRY[klass.__name__.lower()] = klass
    return klass


def create(name: str, **kwargs: Any) -> Optimizer:
    """The optimizer with that name, 'sgd' or 'adam'."""
    if not isinstance(name, str) or name.lower() not in _REGISTRY:
        raise MXNetValueError(
            f"Cannot find optimizer {name!r}; expected one of {', '.join(sorted(_REGISTRY))}, or "
            "an instance of a subclass of mx.optimizer.Optimizer"
        )
    return _REGISTRY[name.lower()](**kwargs)


def _check_numbers(**numbers):
    for name, value in numbers.items():
        if not isinstance(value, (int, float, np.number)):
            raise MXNetTypeError(f"optimizer: {name} must be a number, got {value!r}")


def _by_name(name, factors):
    if not isinstance(factors, dict):
        raise MXNetTypeError(f"{name} is {factors!r}; expected a dict of numbers")
    return dict(factors)


def _single(number):
    """A number as MXNet hands it to its rules: rounded to float32, whatever the weights are."""
    return float(np.float32(number))


class Optimizer:
    """Base class. A subclass overrides `create_state` and `update`.

    Parameters
    ----------
    rescale_grad : float
        Factor on every gradient; a `Trainer` sets it to 1 / batch_size.
    wd : float
        Weight decay: this times the weight is added to its gradient.
    clip_gradient : float, optional
        Rescaled gradients are cut to -clip_gradient .. clip_gradient.
    learning_rate : float, default 0.01
    lr_scheduler : callable, optional
        Gives the learning rate for a number of updates made.
    begin_num_update : int
        How many updates count as made.
    param_dict : dict
        Parameters by index, for their lr_mult and wd_mult.
    """

    rescale_grad: float
    wd: float
    clip_gradient: float | None
    lr: float
    lr_scheduler: Callable[[int], float] | None
    begin_num_update: int
    num_update: int
    param_dict: dict[int, Any]
    lr_mult: dict[Any, float]
    wd_mult: dict[Any, float]
    idx2name: dict[int, str]

    def __init__(
        self,
        rescale_grad: float = 1.0,
        param_idx2name: dict[int, str] | None = None,
        wd: float = 0.0,
        clip_gradient: float | None = None,
        learning_rate: float | None = None,
        lr_scheduler: Callable[[int], float] | None = None,
        sym: Any = None,
        begin_num_update: int = 0,
        multi_precision: bool = False,
        param_dict: dict[int, Any] | None = None,
    ) -> None:
        _check_numbers(wd=wd, rescale_grad=rescale_grad, begin_num_update=begin_num_update)
        if learning_rate is not None:
            _check_numbers(learning_rate=learning_rate)
        if clip_gradient is not None:
            _check_numbers(clip_gradient=clip_gradient)
        if lr_scheduler is not None and not callable(lr_scheduler):
            raise MXNetTypeError(
                f"optimizer: lr_scheduler is {lr_scheduler!r}; expected a function of the number "
                "of updates"
            )
        for name, value in (("param_dict", param_dict), ("param_idx2name", param_idx2name)):
            if value is not None and not isinstance(value, dict):
                raise MXNetTypeError(f"optimizer: {name} is {value!r}; expected a dict")
        if multi_precision:
            raise MXNetValueError("optimizer: multi_precision=True is not supported")
        self.rescale_grad, self.wd, self.clip_gradient = rescale_grad, wd, clip_gradient
        self.lr = 0.01 if learning_rate is None else learning_rate
        self.lr_scheduler = lr_scheduler
        if lr_scheduler is not None and learning_rate is not None:
            lr_scheduler.base_lr = learning_rate  # type: ignore[attr-defined]
        self.begin_num_update = self.num_update = begin_num_update
        self._index_update_count: dict[int, int] = {}
        self.param_dict = param_dict or {}
        self.lr_mult, self.wd_mult = {}, {}
        self.idx2name = dict(param_idx2name or {})

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return self.lr if self.lr_scheduler is None else self.lr_scheduler(self.num_update)

    def set_learning_rate(self, lr: float) -> None:
        """Set the learning rate; not if there is a scheduler."""
        if self.lr_scheduler is not None:
            raise UserWarning(
                "LRScheduler of the optimizer has already been defined. The learning rate is its "
                "to set"
            )
        if not isinstance(lr, (int, float, np.number)):
            raise MXNetTypeError(f"set_learning_rate: lr must be a number, got {lr!r}")
        self.lr = lr

    def set_lr_mult(self, args_lr_mult: dict[Any, float]) -> None:
        """Factors on the learning rate, by index or name."""
        self.lr_mult = _by_name("args_lr_mult", args_lr_mult)

    def set_wd_mult(self, args_wd_mult: dict[Any, float]) -> None:
        """Factors on the weight decay, by index or name."""
        self.wd_mult = _by_name("args_wd_mult", args_wd_mult)

    def _multiplier(self, index, which):
        if index in self.param_dict:
            return getattr(self.param_dict[index], which)
        factors = getattr(self, which)
        return factors.get(index, factors.get(self.idx2name.get(index), 1.0))

    def _begin(self, index):
        """Count an update; returns (its number, learning rate, weight decay)."""
        count = self._index_update_count.get(index, self.begin_num_update) + 1
        self._index_update_count[index] = count
        self.num_update = max(self.num_update, count)
        lr = self.learning_rate * self._multiplier(index, "lr_mult")
        return count, lr, _single(self.wd * self._multiplier(index, "wd_mult"))

    def _rescaled(self, grad):
        return grad._data * _single(self.rescale_grad)

    def _clipped(self, gradient):
        if self.clip_gradient is None or self.clip_gradient < 0:
            return gradient
        limit = _single(self.clip_gradient)
        return np.clip(gradient, -limit, limit)

    def create_state(self, index: int, weight: NDArray) -> Any:
        """What is kept between the updates of a weight."""

    def update(self, index: int, weight: NDArray, grad: NDArray, state: Any) -> None:
        """Change a weight by its gradient. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override update")


@register
class SGD(Optimizer):
    """Stochastic gradient descent.

    With g the gradient, rescaled, clipped, plus wd times the weight w:
    ``w -= lr * g``, or with momentum ``m = momentum * m - lr * g``, ``w += m``.

    Parameters
    ----------
    momentum : float
    **kwargs
        As for `Optimizer`.
    """

    momentum: float

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_numbers(momentum=momentum)
        self.momentum = momentum

    def create_state(self, index: int, weight: NDArray) -> Any:
        """The momentum, zeros at first; None if there is none."""
        return None if self.momentum == 0 else np.zeros_like(weight._data)

    def update(self, index: int, weight: NDArray, grad: NDArray, state: Any) -> None:
        """Change a weight by its gradient."""
        _, lr, wd = self._begin(index)
        w = weight._data
        step = self._clipped(self._rescaled(grad))
        if wd:
            step += wd * w
        step *= _single(lr)
        if state is None:
            w -= step
        else:
            state *= _single(self.momentum)
            state -= step
            w += state


@register
class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015), with MXNet's order of steps.

    With g the gradient, rescaled, plus wd times the weight w, then clipped:
    ``m = beta1 * m + (1 - beta1) * g``, ``v = beta2 * v + (1 - beta2) * g * g``,
    ``w -= lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta1, beta2, epsilon : float
    **kwargs
        As for `Optimizer`.
    """

    beta1: float
    beta2: float
    epsilon: float

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        lazy_update: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        _check_numbers(beta1=beta1, beta2=beta2, epsilon=epsilon)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def create_state(self, index: int, weight: NDArray) -> Any:
        """The means of the gradient and of its square, zeros at first."""
        return np.zeros_like(weight._data), np.zeros_like(weight._data)

    def update(self, index: int, weight: NDArray, grad: NDArray, state: Any) -> None:
        """Change a weight by its gradient."""
        t, lr, wd = self._begin(index)
        w, (mean, square) = weight._data, state
        g = self._rescaled(grad)
        if wd:
            g += wd * w
        g = self._clipped(g)
        beta1, beta2 = _single(self.beta1), _single(self.beta2)
        mean *= beta1
        mean += (1 - beta1) * g
        square *= beta2
        square += (1 - beta2) * (g * g)
        rate = _single(lr * math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t))
        w -= rate * mean / (np.sqrt(square) + _single(self.epsilon))
