"""Custom losses put together at random: the same in every world, for the choices depend on shapes
only."""

import random

import numpy as np
from programs import program

UNARY = ("square", "abs", "tanh", "sigmoid", "relu", "softsign", "sin", "arctan", "exp", "negative")
BINARY = ("broadcast_add", "broadcast_sub", "broadcast_mul", "broadcast_maximum",
          "broadcast_minimum", "broadcast_greater", "broadcast_hypot")


def operations(r, s, t):
    """Functions of F, an array of shape s and one of shape t: the candidates for the next step."""
    d = len(s)
    axis, number = r.randrange(-d, d), r.randint(3, 16) / 8
    axes = tuple(r.sample(range(d), r.randint(1, d)))
    order = tuple(r.sample(range(d), d))
    unary, reduce = r.choice(UNARY), r.choice(("sum", "mean", "max", "min"))
    binary, keep, exclude = r.choice(BINARY), r.random() < 0.5, r.random() < 0.3
    begin = r.randrange(s[axis])
    activation = r.choice(("relu", "sigmoid", "tanh", "softrelu", "softsign"))
    fit = all(a == b or 1 in (a, b) for a, b in zip(s[::-1], t[::-1])) and len(t) == d
    yield lambda F, x, y: getattr(F, unary)(x)
    yield lambda F, x, y: F.Activation(x, act_type=activation)
    yield lambda F, x, y: x * number - 0.25
    yield lambda F, x, y: number / (1 + F.square(x))
    yield lambda F, x, y: F.log(1 + F.abs(x)) ** 2
    yield lambda F, x, y: F.where(x > 0, x * number, F.square(x))
    yield lambda F, x, y: F.clip(x, -number, number)
    yield lambda F, x, y: F.smooth_l1(x, scalar=number)
    yield lambda F, x, y: getattr(F, reduce)(x, axis=axes, keepdims=keep, exclude=exclude)
    yield lambda F, x, y: F.log_softmax(x, axis=axis)
    yield lambda F, x, y: F.softmax(x, axis=axis, temperature=number)
    yield lambda F, x, y: F.norm(x + 3, axis=axis, keepdims=keep)
    yield lambda F, x, y: F.slice_axis(x, axis=axis, begin=begin, end=None)
    yield lambda F, x, y: F.transpose(x, axes=order)
    yield lambda F, x, y: F.expand_dims(x, axis=axis)
    yield lambda F, x, y: F.reshape(x, shape=(0, -1))
    yield lambda F, x, y: F.flip(x, axis=axis % d)
    yield lambda F, x, y: F.repeat(x, repeats=2, axis=axis)
    yield lambda F, x, y: F.stack(x, F.sin(x), axis=d)
    yield lambda F, x, y: F.concat(x, F.tanh(x), dim=axis)
    yield lambda F, x, y: F.topk(x, axis=axis, k=1, ret_typ="value") * 2
    yield lambda F, x, y: F.broadcast_mul(x, F.argmax(x, axis=axis, keepdims=True) + 1)
    yield lambda F, x, y: F.BlockGrad(x) * x
    if fit:
        yield lambda F, x, y: getattr(F, binary)(x, y)
    if d == 2:
        yield lambda F, x, y: F.dot(x, x, transpose_b=True)
        yield lambda F, x, y: F.L2Normalization(x + 2)
        yield lambda F, x, y: F.pick(x, F.argmax(F.abs(x), axis=1), axis=1, keepdims=keep)


def recipe(mx, seed, arrays):
    """Steps whose results so far were of moderate size."""
    r, steps, x = random.Random(seed), [], arrays[0] - arrays[1]
    while len(steps) < 6:
        step = r.choice(list(operations(r, x.shape, arrays[1].shape)))
        result = step(mx.nd, x, arrays[1])
        if result.size < 400 and len(result.shape) < 4:
            steps.append(step)
            x = result
    return steps


def random_loss(mx, steps, weighted):
    class RandomLoss(mx.gluon.loss.Loss):
        def __init__(self):
            super().__init__(1.5 if weighted else None, 0)
            with self.name_scope():
                self.scale = self.params.get("scale", shape=(1,), init="ones")

        def hybrid_forward(self, F, pred, label, scale):
            x = F.broadcast_mul(pred, scale) - label
            for step in steps:
                x = step(F, x, label)
            x = mx.gluon.loss._apply_weighting(F, x, self._weight)
            return F.mean(x, axis=self._batch_axis, exclude=True)

    return RandomLoss()


@program
def random_losses(mx):
    for seed in range(300):
        numbers = np.random.RandomState(seed)
        shape = ((4, 3), (2, 3, 2))[seed % 2]
        arrays = [mx.nd.array(numbers.uniform(-1, 1, shape), dtype="float64") for _ in range(2)]
        loss = random_loss(mx, recipe(mx, seed, arrays), seed % 3 == 0)
        loss.initialize()
        loss.cast("float64")
        for hybridize in (False, True):
            if hybridize:
                loss.hybridize()
            for x in arrays:
                x.attach_grad()
            try:
                with mx.autograd.record():
                    value = loss(*arrays)
            except mx.MXNetError:  # Symbols that MXNet does not broadcast
                assert hybridize and mx.__name__ == "mxnet"
                continue
            value.backward()
            yield f"{seed} {hybridize} value", value.asnumpy()
            for i, x in enumerate([*(a.grad for a in arrays), loss.scale.grad()]):
                yield f"{seed} {hybridize} gradient {i} float64", x.asnumpy()
