"""A training loop, a loss and an operator of one's own, metrics, files."""

import tempfile
from typing import Any

import numpy as np
from both import assert_type

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import nn


class Focal(gluon.loss.Loss):
    def __init__(self, gamma: float = 2, weight: float | None = None, **kwargs: Any) -> None:
        super().__init__(weight, 0, **kwargs)
        self._gamma = gamma

    def hybrid_forward(
        self, F: Any, pred: nd.NDArray, label: nd.NDArray, sample_weight: nd.NDArray | None = None
    ) -> Any:
        p = F.sigmoid(pred)
        right = F.where(label, p, 1 - p)
        loss = -((1 - right) ** self._gamma) * F.log(right + 1e-12)
        loss = gluon.loss._apply_weighting(F, loss, self._weight, sample_weight)
        return F.mean(loss, axis=self._batch_axis, exclude=True)


class Net(gluon.HybridBlock):
    def __init__(self, hidden: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.hidden = nn.Dense(hidden, activation="relu")
            self.out = nn.Dense(1, in_units=hidden)
            self.scale = self.params.get("scale", shape=(1,), init="ones")

    def hybrid_forward(self, F: Any, x: nd.NDArray, scale: nd.NDArray) -> nd.NDArray:
        return self.out(self.hidden(x)) * scale


class Clip(autograd.Function):
    def forward(self, x: nd.NDArray) -> nd.NDArray:
        self.save_for_backward(x)
        return x.clip(0, 1)

    def backward(self, dy: nd.NDArray) -> nd.NDArray:
        x: nd.NDArray = self.saved_tensors[0]
        return dy * (x > 0)


mx.random.seed(3)
x = nd.random.normal(shape=(32, 4))
y = nd.sum(x, axis=1, keepdims=True) > 0
net = Net(8)
net.initialize(mx.init.Xavier(), ctx=mx.cpu())
trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.05})
loss = Focal(gamma=1.5)
accuracy, mean = mx.metric.Accuracy(), mx.metric.Loss()
data = gluon.data.DataLoader(gluon.data.ArrayDataset(x, y), batch_size=8, shuffle=True)
for epoch in range(20):
    for inputs, targets in data:
        with autograd.record():
            scores = net(inputs)
            L = loss(scores, targets)
        L.backward()
        trainer.step(batch_size=8)
        accuracy.update(targets, scores > 0)
        mean.update(None, L)
assert_type(accuracy.get(), tuple[str, float])
assert_type(mean.get_name_value(), list[tuple[str, float]])
assert_type(trainer.learning_rate, float)
trainer.set_learning_rate(trainer.learning_rate / 2)

for name, parameter in net.collect_params().items():
    assert_type(name, str)
    assert_type(parameter.data(), nd.NDArray)
    assert_type(parameter.grad().asnumpy().dtype, np.dtype[Any])
with tempfile.TemporaryDirectory() as folder:
    net.save_parameters(f"{folder}/net.params")
    net.load_parameters(f"{folder}/net.params")
assert_type(nn.Dense(2)(mx.sym.var("x")), mx.sym.Symbol)
assert_type(nn.Activation("relu")(x), nd.NDArray)
stack = nn.HybridSequential()
stack.add(nn.Dense(4), nn.Dropout(0.5), nn.Flatten())

built_in = gluon.loss.L2Loss()
w = nd.ones((4, 1))
w.attach_grad()
with autograd.record():
    total = built_in(nd.dot(x, w), y).mean()
total.backward()
assert_type(total, nd.NDArray)
assert_type(w.grad.asnumpy().sum() > 0, Any)
with autograd.record():
    clipped = Clip()(w)
clipped.backward()
assert_type(autograd.is_recording(), bool)
with autograd.record(train_mode=False):
    z = nd.square(w)
assert_type(autograd.grad(z, [w]), list[nd.NDArray])
