"""Trainer: applies an optimizer to parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import optimizer as optimizers
from ..base import MXNetAssertionError, MXNetTypeError, MXNetValueError
from .parameter import Parameter

if TYPE_CHECKING:
    from .._typing import Parameters

__all__ = ["Trainer"]


class Trainer:
    """Changes parameters by their gradients, after each `backward`.

    Parameters
    ----------
    params : ParameterDict, dict or list of Parameter
        As from ``net.collect_params()``.
    optimizer : {'sgd', 'adam'} or Optimizer
    optimizer_params : dict, optional
        Arguments of the optimizer: learning_rate, momentum, wd, ...
    kvstore, compression_params, update_on_kvstore
        For scripts that give them; there is one process and one device.

    Examples
    --------
    >>> import mxloss as mx
    >>> net = mx.gluon.nn.Dense(1)
    >>> net.initialize()
    >>> trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    >>> loss = mx.gluon.loss.L2Loss()
    >>> x, y = mx.nd.ones((8, 2)), mx.nd.ones((8, 1))
    >>> for step in range(100):
    ...     with mx.autograd.record():
    ...         L = loss(net(x), y)
    ...     L.backward()
    ...     trainer.step(batch_size=8)
    >>> print(net(x)[0].asscalar().round(2))
    1.0
    """

    def __init__(
        self,
        params: Parameters,
        optimizer: str | optimizers.Optimizer,
        optimizer_params: dict[str, Any] | None = None,
        kvstore: Any = "device",
        compression_params: Any = None,
        update_on_kvstore: bool | None = None,
    ) -> None:
        if hasattr(params, "keys"):
            params = [params[name] for name in sorted(params.keys())]
        if not isinstance(params, (list, tuple)) or not all(
            isinstance(p, Parameter) for p in params
        ):
            got = str(type(params))
            if isinstance(params, (list, tuple)):
                got = f"list of {next(type(p) for p in params if not isinstance(p, Parameter))}"
            raise MXNetValueError(
                f"First argument must be a list or dict of Parameters, got {got}; expected "
                "net.collect_params()"
            )
        if isinstance(kvstore, str) and kvstore.startswith("dist"):
            raise MXNetValueError(f"kvstore is {kvstore!r}; there is one process: 'device' or None")
        if compression_params:
            raise MXNetValueError("compression_params are for many devices; there is one")
        self._params = list(params)
        if optimizer_params is not None and not isinstance(optimizer_params, dict):
            raise MXNetTypeError(
                f"optimizer_params is {optimizer_params!r}; expected a dict, such as "
                "{'learning_rate': 0.1}"
            )
        arguments = dict(optimizer_params or {})
        by_index = dict(enumerate(self._params))
        if isinstance(optimizer, optimizers.Optimizer):
            if arguments:
                raise MXNetAssertionError(
                    "optimizer_params must be None if optimizer is an instance of Optimizer "
                    "instead of str"
                )
            optimizer.param_dict = by_index
        else:
            optimizer = optimizers.create(optimizer, param_dict=by_index, **arguments)
        self._optimizer = optimizer
        self._scale = optimizer.rescale_grad
        self._states: dict[int, Any] = {}

    @property
    def optimizer(self) -> optimizers.Optimizer:
        """The optimizer."""
        return self._optimizer

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return self._optimizer.learning_rate

    def set_learning_rate(self, lr: float) -> None:
        """Set the learning rate of the steps to come."""
        self._optimizer.set_learning_rate(lr)

    def allreduce_grads(self) -> None:
        """Nothing: there is one device."""

    def step(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """Change all parameters by their gradients.

        Parameters
        ----------
        batch_size : int
            What gradients are divided by: the number of samples, as `backward` of a loss gives the
            gradient of its sum.
        ignore_stale_grad : bool
            Whether to pass over parameters that `backward` has not reached since the last step;
            otherwise that is an error, a UserWarning as in MXNet.
        """
        if not isinstance(batch_size, (int, float, np.number)) or isinstance(batch_size, bool):
            raise MXNetTypeError(f"step: batch_size must be a number, got {batch_size!r}")
        if not batch_size > 0:
            raise MXNetValueError(f"step: batch_size is {batch_size}; expected a number above 0")
        self._optimizer.rescale_grad = self._scale / batch_size
        self._update(ignore_stale_grad)

    def update(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """As `step`."""
        self.step(batch_size, ignore_stale_grad)

    def _update(self, ignore_stale_grad):
        fresh = []
        for i, parameter in enumerate(self._params):
            if parameter.grad_req == "null":
                continue
            weight = parameter.data()
            if weight._fresh_grad:
                fresh.append((i, weight))
            elif not ignore_stale_grad:
                raise UserWarning(
                    f"Gradient of Parameter `{parameter.name}` on context {weight.context} has not "
                    "been updated by backward since last `step`. Perhaps the loss does not depend "
                    "on it. If that is intended, call step with ignore_stale_grad=True to leave "
                    "such parameters as they are"
                )
        for i, weight in fresh:
            if i not in self._states:
                self._states[i] = self._optimizer.create_state(i, weight)
            self._optimizer.update(i, weight, weight.grad, self._states[i])
            weight._fresh_grad = False
