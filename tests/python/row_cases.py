"""The losses with one value per row, in the form in which cases.py has the elementwise ones.

Generic tests give them the same shapes; each loss makes legal inputs of these in its own way. What
is special about them, and their numbers, is tested in test_metric.py and test_ctc.py.
"""

import types

import numpy as np
from cases import VARIANTS

import mxloss as mx
from mxloss import _core


class RowVariant:
    """A loss with one choice of options: makes the loss and inputs for it."""

    name: str
    sparse = has_classes = softmax = False
    pos_weight, call, weight_ndim = None, {}, 1

    def __init__(self, **ctor):
        self.ctor = ctor
        self.k = types.SimpleNamespace(compute_full=False)
        self.case = types.SimpleNamespace(name=self.name, rows=False, draw=None)
        self.names = list(_core.LOSSES[self.name].inputs)
        self.id = "-".join([self.name, *(f"{key}={value}" for key, value in ctor.items())])

    def loss(self, batch_axis=0, **more):
        """batch_axis is for other losses: here it is an option among others."""
        return getattr(mx.gluon.loss, self.name)(**{**self.ctor, **more})

    def fits(self, shape):
        return True

    def value_shape(self, shape):
        return (shape[0],)

    def unreduced(self, shape):
        """The largest shape of a sample weight."""
        return self.value_shape(shape)

    def weight_shapes(self, shape):
        ones = [(1,) * n for n in range(self.weight_ndim + 1)]
        return sorted({*ones, self.unreduced(shape)}, key=lambda s: (len(s), s))

    def inputs(self, rng, shape, dtype="float64", weight=None, clear=False):
        """Arrays by name, in the order of the call, made from `shape`."""
        x = self.draw(rng, shape)
        x = {name: a.astype(dtype) if a.dtype.kind == "f" else a for name, a in x.items()}
        if weight is not None and "sample_weight" in self.names:
            x["sample_weight"] = rng.uniform(0.2, 2, weight).astype(dtype)
        return x

    def run(self, x, loss=None, wrt=None, head_grad=None, **kwargs):
        """value, {name: gradient} for inputs by name; wrt None = every floating input."""
        wrt = [n for n, a in x.items() if a.dtype.kind == "f"] if wrt is None else wrt
        value, grads = (loss or self.loss()).value_and_grad(
            **x, wrt=wrt, head_grad=head_grad, **kwargs)
        return value, dict(zip(wrt, grads))


class Triplet(RowVariant):
    name = "TripletLoss"

    def value_shape(self, shape):
        return (shape[self.ctor.get("batch_axis", 0)],)

    def draw(self, rng, shape):
        return {name: rng.standard_normal(shape) for name in self.names[:3]}


class CosineEmbedding(RowVariant):
    name = "CosineEmbeddingLoss"
    weight_ndim = 2

    def value_shape(self, shape):
        return (int(np.prod(shape[:-1])), 1)

    def draw(self, rng, shape):
        return {"input1": rng.standard_normal(shape), "input2": rng.standard_normal(shape),
                "label": rng.choice([-1.0, 1.0], shape[:-1])}


class SDML(RowVariant):
    """Shapes are flattened to matrices."""

    name = "SDMLLoss"

    def draw(self, rng, shape):
        shape = shape[0], int(np.prod(shape[1:]))
        scale = shape[1] ** -0.5  # all rows about equally far
        return {"x1": scale * rng.standard_normal(shape), "x2": scale * rng.standard_normal(shape)}

    def fits(self, shape):
        return len(shape) > 1 and shape[0] > 1


class CTC(RowVariant):
    """(N, ..., C): N samples, C classes; the frames are the axes between, or 6: always enough."""

    name = "CTCLoss"
    sparse = True  # class numbers as labels
    given = ()  # lengths that are given, too

    def __init__(self, given=(), **ctor):
        super().__init__(**ctor)
        self.given = given
        self.id = "-".join([self.id, *given])

    def draw(self, rng, shape):
        n, c = shape[0], max(2, shape[-1])
        frames = max(6, int(np.prod(shape[1:-1])))
        x = {"pred": rng.standard_normal((n, frames, c)), "label": rng.integers(0, c - 1, (n, 3))}
        if "label_lengths" not in self.given:
            x["label"] = np.where(rng.integers(0, 4, (n, 1)) > np.arange(3), x["label"], -1)
        if "pred_lengths" in self.given:
            x["pred_lengths"] = rng.integers(5, frames + 1, n)
        if "label_lengths" in self.given:
            x["label_lengths"] = rng.integers(0, 4, n)
        if self.ctor.get("layout") == "TNC":
            x["pred"] = x["pred"].transpose(1, 0, 2).copy()
        if self.ctor.get("label_layout") == "TN":
            x["label"] = x["label"].T.copy()
        return x

    def fits(self, shape):
        return len(shape) > 1


ROWS = [Triplet(), Triplet(margin=0.5, weight=0.3), Triplet(batch_axis=-1),
        CosineEmbedding(), CosineEmbedding(margin=0.2, weight=3),
        SDML(), SDML(smoothing_parameter=0, weight=0.5),
        CTC(), CTC(layout="TNC", label_layout="TN", weight=0.3),
        CTC(given=("pred_lengths", "label_lengths"), infeasible="inf", blank_in_label="allow")]
ALL = VARIANTS + ROWS


def default(name):
    """The loss with default options."""
    return next(v for v in ALL if v.case.name == name)
