"""Programs for Gluon, run with the real MXNet and with mxloss from the same first weights.

Each is a function of the module `mx` that returns named numpy arrays.
"""

import itertools

import numpy as np

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def set_weights(block, seed):
    """The same weights in every world, whatever its random numbers are."""
    random = np.random.RandomState(seed)
    for p in block.collect_params().values():
        p.set_data(p.data() * 0 + _nd(p, random.uniform(-0.5, 0.5, p.shape)))


def _nd(like, values):
    array = like.data().copy()
    array[:] = values.astype(array.dtype)
    return array


def perceptron(mx, activation, flatten=True, dtype="float32", bias=True):
    nn = mx.gluon.nn
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(nn.Dense(6, activation=activation, flatten=flatten, use_bias=bias))
        net.add(nn.Dense(3, use_bias=bias, flatten=flatten))
    net.initialize()
    net.cast(dtype)
    return net


def train(mx, net, loss, optimizer, arguments, inputs, steps=8, batch=8, hybridize=False):
    """{step, what: array}: the loss and all parameters after every step."""
    nd = mx.nd
    arrays = [nd.array(a, dtype=a.dtype) for a in inputs]
    net(arrays[0])
    set_weights(net, 5)
    if list(loss.collect_params().keys()):
        loss.initialize()
        set_weights(loss, 6)
    if hybridize:
        net.hybridize()
        loss.hybridize()
    parameters = list(net.collect_params().values()) + list(loss.collect_params().values())
    trainer = mx.gluon.Trainer(parameters, optimizer, dict(arguments))
    found = {}
    for step in range(steps):
        if step == 4:
            trainer.set_learning_rate(trainer.learning_rate / 2)
        with mx.autograd.record():
            value = loss(net(arrays[0]), *arrays[1:])
        value.backward()
        trainer.step(batch)
        found[f"{step} loss"] = value.asnumpy()
        for i, p in enumerate(parameters):
            found[f"{step} parameter {i}"] = p.data().asnumpy()
    return found


def data(seed, labels, dtype="float32", rows=8):
    random = np.random.RandomState(seed)
    x = random.uniform(-1, 1, (rows, 5)).astype(dtype)
    if labels == "class":
        return [x, random.randint(0, 3, rows).astype(dtype)]
    if labels == "signs":
        return [x, random.choice([-1, 1], (rows, 3)).astype(dtype)]
    return [x, random.uniform(0.1, 0.9, (rows, 3)).astype(dtype)]


OPTIMIZERS = {
    "sgd": ("sgd", {"learning_rate": 0.3}),
    "momentum": ("sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.01}),
    "clipped": ("sgd", {"learning_rate": 1.0, "clip_gradient": 0.02, "momentum": 0.5}),
    "adam": ("adam", {"learning_rate": 0.05}),
    "adam wd": ("adam", {"learning_rate": 0.05, "wd": 0.1, "clip_gradient": 0.05, "beta1": 0.8}),
}


@program
def optimizers(mx):
    for (name, (kind, arguments)), activation in itertools.product(
        OPTIMIZERS.items(), ("relu", "tanh", "sigmoid", "softrelu")
    ):
        loss = mx.gluon.loss.SoftmaxCELoss()
        net = perceptron(mx, activation)
        found = train(mx, net, loss, kind, arguments, data(1, "class"), hybridize=name == "adam")
        yield from ((f"{name} {activation} {k}", v) for k, v in found.items())


@program
def losses(mx):
    labels = {"SoftmaxCELoss": "class", "HingeLoss": "signs", "SquaredHingeLoss": "signs",
              "LogisticLoss": "signs"}
    for name in ("L2Loss", "L1Loss", "SigmoidBCELoss", "SoftmaxCELoss", "HuberLoss", "HingeLoss",
                 "SquaredHingeLoss", "LogisticLoss", "PoissonNLLLoss"):
        for dtype in ("float32", "float64"):
            loss = getattr(mx.gluon.loss, name)()
            net = perceptron(mx, "tanh", dtype=dtype, bias=name != "L1Loss")
            inputs = data(2, labels.get(name, "numbers"), dtype)
            found = train(mx, net, loss, "sgd", {"learning_rate": 0.2}, inputs)
            yield from ((f"{name} {dtype} {k}", v) for k, v in found.items())


def custom_losses(mx):
    """Losses as users write them: (name, loss, kind of labels, number of further inputs)."""
    Loss, plain = mx.gluon.loss.Loss, mx.gluon.loss
    weigh, like = plain._apply_weighting, plain._reshape_like

    class Focal(Loss):
        def __init__(self, gamma=2, **kwargs):
            super().__init__(None, 0, **kwargs)
            self._gamma = gamma

        def hybrid_forward(self, F, pred, label, sample_weight=None):
            label = like(F, label, pred)
            p = F.sigmoid(pred)
            right = label * p + (1 - label) * (1 - p)
            loss = -((1 - right) ** self._gamma) * F.log(F.clip(right, 1e-6, 1.0))
            return F.mean(weigh(F, loss, self._weight, sample_weight), axis=0, exclude=True)

    class Dice(Loss):
        def hybrid_forward(self, F, pred, label):
            p = F.softmax(pred, axis=-1)
            both = F.sum(p * label, axis=self._batch_axis, exclude=True)
            total = F.sum(p + label, axis=self._batch_axis, exclude=True)
            return 1 - (2 * both + 1) / (total + 1)

    class Smoothed(Loss):
        def __init__(self, classes, **kwargs):
            super().__init__(2.0, 0, **kwargs)
            self._classes = classes
            with self.name_scope():
                self.inner = plain.KLDivLoss(from_logits=False)

        def hybrid_forward(self, F, pred, label):
            target = F.one_hot(label, self._classes, on_value=0.8, off_value=0.1)
            divergence = F.log_softmax(pred) * target
            return weigh(F, -F.sum(divergence, axis=-1), self._weight)

    class Scaled(plain.L2Loss):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.scale = self.params.get("scale", shape=(1,), init="ones")
            self.shift = self.params.get("shift", shape=(3,), init="zeros")

        def hybrid_forward(self, F, pred, label, sample_weight=None, scale=None, shift=None):
            pred = F.broadcast_add(F.broadcast_mul(pred, scale), shift)
            return super().hybrid_forward(F, pred, label, sample_weight)

    class Mixed(Loss):
        def __init__(self, **kwargs):
            super().__init__(None, 0, **kwargs)
            self.a, self.b = plain.HuberLoss(rho=0.2), plain.L1Loss(weight=0.3)

        def hybrid_forward(self, F, pred, label):
            return self.a(pred, label) + self.b(F.tanh(pred), label)

    class Wing(Loss):
        def hybrid_forward(self, F, pred, label):
            d = F.abs(pred - label)
            near = 0.5 * F.log(1 + d / 0.3)
            far = F.broadcast_sub(d, F.ones_like(d) * 0.1)
            loss = F.where(d < 0.5, near, far)
            return F.mean(loss, axis=self._batch_axis, exclude=True)

    class Margin(Loss):
        def hybrid_forward(self, F, pred, label):
            right = F.pick(pred, label, axis=1, keepdims=True)
            apart = F.relu(1 + F.broadcast_minus(pred, right))
            return F.max(apart, axis=1) + F.norm(pred, axis=1) * 0.1

    class Everything(Loss):  # batch_axis None: one mean
        def hybrid_forward(self, F, pred, label):
            x = F.smooth_l1(pred - label, scalar=2.0)
            x = F.concat(x, F.square(pred), dim=1).reshape((0, -1))
            return F.mean(F.L2Normalization(x + 1), axis=self._batch_axis, exclude=True)

    return [("Focal", Focal(), "numbers"), ("Dice", Dice(None, 0), "numbers"),
            ("Smoothed", Smoothed(3), "class"), ("Scaled", Scaled(), "numbers"),
            ("Mixed", Mixed(), "numbers"), ("Wing", Wing(None, 0), "numbers"),
            ("Margin", Margin(None, 0), "class"), ("Everything", Everything(None, 0), "numbers")]


@program
def custom(mx):
    for hybridize in (False, True):
        for name, loss, labels in custom_losses(mx):
            net = perceptron(mx, "tanh")
            found = train(mx, net, loss, "sgd", {"learning_rate": 0.2, "momentum": 0.9},
                          data(3, labels), hybridize=hybridize)
            yield from ((f"{name} {hybridize} {k}", v) for k, v in found.items())


@program
def batches(mx):
    random = np.random.RandomState(4)
    x, y = random.uniform(size=(7, 2)).astype("float32"), np.arange(7)
    for last in ("keep", "discard", "rollover"):
        loader = mx.gluon.data.DataLoader(mx.gluon.data.ArrayDataset(x, y), 3, last_batch=last)
        for epoch in range(2):
            for i, (a, b) in enumerate(loader):
                yield f"loader {last} {epoch} {i}", np.column_stack([a.asnumpy(), b.asnumpy()])
    for last in ("pad", "discard", "roll_over"):
        batches_ = mx.io.NDArrayIter(x, y, 3, last_batch_handle=last)
        for epoch in range(2):
            for i, b in enumerate(batches_):
                rows = np.column_stack([b.data[0].asnumpy(), b.label[0].asnumpy()])
                yield f"iter {last} {epoch} {i}", np.append(rows, b.pad)
            batches_.reset()
