"""Programs of random operators, on the tape and as Symbols: values as numpy's, gradients as its
finite differences."""

import math

import hypothesis
import numpy as np
from fuzzing import holds
from hypothesis import strategies as st

from mxloss import autograd, nd, sym
from mxloss.gluon import loss as losses


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def huber(x, y):
    d = abs(x - y)
    return np.where(d > 1, d - 0.5, d * d / 2).mean(1)[:, None]


# name: a function of operators (nd or sym) or of numpy, two matrices, and a number from 0 to 1
STEPS = {
    "detach": None,
    **{name: (lambda F, x, y, k, name=name: getattr(F, name)(x), lambda x, y, k, f=f: f(x))
       for name, f in {
           "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "arctan": np.arctan, "square": np.square,
           "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softrelu": lambda x: np.logaddexp(0, x),
           "softsign": lambda x: x / (1 + abs(x)), "transpose": np.transpose, "cbrt": np.cbrt,
           "erf": np.vectorize(math.erf), "relu": lambda x: np.maximum(x, 0),
           "negative": np.negative}.items()},
    **{name: (lambda F, x, y, k, name=name: getattr(F, name)(x, axis=k, keepdims=True),
              lambda x, y, k, f=f: f(x, axis=k, keepdims=True))
       for name, f in {"sum": np.sum, "mean": np.mean, "prod": np.prod}.items()},
    **{f"broadcast_{name}": (lambda F, x, y, k, name=name: getattr(F, f"broadcast_{name}")(x, y),
                             lambda x, y, k, f=f: f(x, y))
       for name, f in {"add": np.add, "sub": np.subtract, "mul": np.multiply,
                       "maximum": np.maximum, "hypot": np.hypot}.items()},
    "softmax": (lambda F, x, y, k: F.softmax(x, axis=k), lambda x, y, k: softmax(x, k)),
    "log_softmax": (lambda F, x, y, k: F.log_softmax(x, axis=k),
                    lambda x, y, k: np.log(softmax(x, k))),
    "flip": (lambda F, x, y, k: F.flip(x, axis=k), lambda x, y, k: np.flip(x, k)),
    "cumsum": (lambda F, x, y, k: F.cumsum(x, axis=k), lambda x, y, k: x.cumsum(k)),
    "slice": (lambda F, x, y, k: F.slice_axis(x, axis=k, begin=-1, end=None),
              lambda x, y, k: x[-1:] if k == 0 else x[:, -1:]),
    "repeat": (lambda F, x, y, k: F.repeat(x, repeats=2, axis=k), lambda x, y, k: x.repeat(2, k)),
    "tile": (lambda F, x, y, k: F.tile(x, reps=(1 + k, 2 - k)),
             lambda x, y, k: np.tile(x, (1 + k, 2 - k))),
    "concat": (lambda F, x, y, k: F.concat(x, y, dim=k),
               lambda x, y, k: np.concatenate([x, y], k)),
    "dot": (lambda F, x, y, k: F.dot(x, y), lambda x, y, k: x @ y),
    "dot_transposed": (lambda F, x, y, k: F.dot(x, y, transpose_b=True), lambda x, y, k: x @ y.T),
    "divide": (lambda F, x, y, k: F.broadcast_div(x, F.square(y) + 1),
               lambda x, y, k: x / (y * y + 1)),
    "scalars": (lambda F, x, y, k: (2 - x * 0.5) / 3 + k, lambda x, y, k: (2 - x * 0.5) / 3 + k),
    "clip": (lambda F, x, y, k: F.clip(x, a_min=-0.7, a_max=1), lambda x, y, k: x.clip(-0.7, 1)),
    "where": (lambda F, x, y, k: F.where(x > y, x, y * 2),
              lambda x, y, k: np.where(x > y, x, y * 2) if x.shape == y.shape else x + None),
    "huber": (lambda F, x, y, k: F.expand_dims(losses.HuberLoss()(x, y), axis=1),
              lambda x, y, k: huber(x, y) if x.shape == y.shape else x + None),
    "norm": (lambda F, x, y, k: F.norm(x, axis=k, keepdims=True),
             lambda x, y, k: np.linalg.norm(x, axis=k, keepdims=True)),
}


NO_SLOPE_AT_0 = {"cbrt", "norm", "broadcast_hypot"}


def compute(program, pool, apply):
    """Each step takes two of the values before it; the last four, squeezed, are the result."""
    pool = list(pool)
    for name, i, j, k in program:
        pool.append(apply(name, len(pool), pool[i % len(pool)], pool[j % len(pool)], k))
    return pool[-4:]


class Numpy:
    """The program in numpy; what was detached stays as it was the first time."""

    def __init__(self):
        self.detached, self.fits = {}, []

    def __call__(self, name, position, x, y, k):
        if name == "detach":
            return self.detached.setdefault(position, x)
        return STEPS[name][1](x, y, k)

    def total(self, program, inputs):
        return sum(np.tanh(x).mean() for x in compute(program, inputs, self))


def operators(F):
    def apply(name, position, x, y, k):
        return F.BlockGrad(x) if name == "detach" else STEPS[name][0](F, x, y, k)

    return apply


def total(F, program, inputs):
    parts = compute(program, inputs, operators(F))
    return F.add_n(*(F.mean(F.tanh(x)) for x in parts))


@st.composite
def programs(draw):
    """(steps, inputs): only steps that numpy can do, on numbers that stay moderate."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    shapes = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=2, max_size=3))
    pool = [rng.uniform(0.1, 1.5, shape) * rng.choice([-1, 1], shape) for shape in shapes]
    inputs, program, reference = list(pool), [], Numpy()
    number = st.integers(0, 11)
    for step in draw(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), number, number,
                                        st.integers(0, 1)), min_size=1, max_size=12)):
        name, i, j, k = step
        try:
            value = reference(name, len(pool), pool[i % len(pool)], pool[j % len(pool)], k)
        except (ValueError, TypeError):
            continue  # shapes that do not fit
        if name in NO_SLOPE_AT_0 and not value.all():
            continue
        if value.size <= 36 and abs(value).max() < 20:
            program.append((name, i % len(pool), j % len(pool), k))
            pool.append(value)
    return program, inputs


def on_the_tape(program, inputs):
    arrays = [nd.array(x, dtype="float64") for x in inputs]
    for x in arrays:
        x.attach_grad()
    with autograd.record():
        result = total(nd, program, arrays)
    result.backward()
    return result, [x.grad for x in arrays]


def as_symbol(program, inputs):
    names = [f"x{i}" for i in range(len(inputs))]
    symbol = total(sym, program, [sym.var(name) for name in names])
    symbol = sym.load_json(symbol.tojson())
    arrays = {name: nd.array(x, dtype="float64") for name, x in zip(names, inputs)}
    used = set(symbol.list_arguments())
    slopes = {name: nd.zeros(x.shape, dtype="float64") for name, x in arrays.items()}
    executor = symbol.bind(None, {n: x for n, x in arrays.items() if n in used},
                           {n: x for n, x in slopes.items() if n in used})
    (result,) = executor.forward(is_train=True)
    executor.backward()
    return result, list(slopes.values())


@holds(programs(), 150)
def test_programs(example):
    program, inputs = example
    rng, reference = np.random.default_rng(1), Numpy()
    expected = reference.total(program, inputs)
    slopes, kinks = [], []
    for i, x in enumerate(inputs):
        direction = rng.uniform(-1, 1, x.shape)

        def moved(step):
            return reference.total(
                program, [a + step * direction if k == i else a for k, a in enumerate(inputs)])

        wide, narrow = ((moved(h) - moved(-h)) / (2 * h) for h in (1e-4, 1e-5))
        bend = moved(1e-6) + moved(-1e-6) - 2 * expected
        kinks.append(abs(wide - narrow) > 1e-5 or abs(bend) > 1e-9)
        slopes.append((direction, narrow))
    hypothesis.assume(not any(kinks))
    for way in (on_the_tape, as_symbol):
        result, grads = way(program, inputs)
        np.testing.assert_allclose(result.asnumpy(), [expected], rtol=1e-10, atol=1e-12)
        for grad, (direction, slope) in zip(grads, slopes):
            found = (grad.asnumpy() * direction).sum()
            assert abs(found - slope) < 1e-6 * (1 + abs(slope)), (way.__name__, found, slope)
