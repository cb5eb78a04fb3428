"""One entry per loss: constructor variants, inputs, and what it should give.

Every generic test iterates over VARIANTS, so that a new loss is tested by one more entry in LOSSES.

Formulas are written once, straight from the documentation, over a namespace `m`: NUMPY here, 50
digits in test_mpmath.py. A formula returns its value and derivatives as tuples of the terms to add:
the sum is the result, the sum of magnitudes is what its rounding errors are measured against.
"""

import types
from typing import Callable, NamedTuple

import numpy as np

import mxloss as mx
from mxloss import _core

NUMPY = types.SimpleNamespace(
    exp=np.exp, log=np.log, where=np.where, sign=np.sign, pi=np.pi,
    softplus=lambda x: np.logaddexp(0, x), sigmoid=lambda x: np.exp(-np.logaddexp(0, -x)))
FLOATS = ("float32", "float64")

# ---- Formulas: m, options, prediction, label, positive weight -> {value or input: terms} ---------


def l2(m, k, p, z, q):
    return {"value": ((z - p) ** 2 / 2,), "pred": (p - z,), "label": (z - p,)}


def l1(m, k, p, z, q):
    return {"value": (abs(z - p),), "pred": (m.sign(p - z),), "label": (m.sign(z - p),)}


def huber(m, k, p, z, q):
    d = p - z
    far = abs(d) > k.rho
    slope = m.where(far, m.sign(d), d / k.rho)
    return {"value": (m.where(far, abs(d) - k.rho / 2, d**2 / (2 * k.rho)),),
            "pred": (slope,), "label": (-slope,)}


def hinge(m, k, p, z, q):
    on = k.margin - p * z > 0
    return {"value": (m.where(on, k.margin, 0), m.where(on, -p * z, 0)),
            "pred": (m.where(on, -z, 0),), "label": (m.where(on, -p, 0),)}


def squared_hinge(m, k, p, z, q):
    u = k.margin - p * z
    on = u > 0
    terms = (k.margin**2, -2 * k.margin * p * z, (p * z) ** 2)
    return {"value": tuple(m.where(on, term, 0) for term in terms),
            "pred": (m.where(on, -2 * k.margin * z, 0), m.where(on, 2 * p * z * z, 0)),
            "label": (m.where(on, -2 * k.margin * p, 0), m.where(on, 2 * p * p * z, 0))}


def cross_entropy_of_scores(m, p, y, q):
    """-q y log(sigma(p)) - (1 - y) log(1 - sigma(p)), sigma(p) = 1 / (1 + exp(-p))"""
    return {"value": (q * y * m.softplus(-p), (1 - y) * m.softplus(p)),
            "pred": (-q * y * m.sigmoid(-p), (1 - y) * m.sigmoid(p)),
            "label": (-p, (q - 1) * m.softplus(-p)),
            "pos_weight": (y * m.softplus(-p),)}


def sigmoid_bce(m, k, p, z, q):
    q = 1 if q is None else q
    if not k.from_sigmoid:
        return cross_entropy_of_scores(m, p, z, q)
    a, b = p + k.added, 1 - p + k.added
    return {"value": (-q * z * m.log(a), -(1 - z) * m.log(b)),
            "pred": (-q * z / a, (1 - z) / b),
            "label": (-q * m.log(a), m.log(b)),
            "pos_weight": (-z * m.log(a),)}


def logistic(m, k, p, z, q):
    if k.label_format == "binary":
        return cross_entropy_of_scores(m, p, z, 1)
    terms = cross_entropy_of_scores(m, p, (z + 1) / 2, 1)
    return {**terms, "label": (-p / 2,)}


def softmax_cross_entropy(m, k, p, z, q):
    return {"value": (-p * z,), "pred": (-z,), "label": (-p,)}


def kl_div(m, k, p, z, q):
    log_z = m.log(z + k.added)
    return {"value": (z * log_z, -z * p), "pred": (-z,),
            "label": (log_z, z / (z + k.added), -p)}


def poisson_nll(m, k, p, z, q):
    if k.from_logits:
        terms = {"value": (m.exp(p), -z * p), "pred": (m.exp(p), -z), "target": (-p,)}
    else:
        log_rate = m.log(p + k.epsilon)
        terms = {"value": (p, -z * log_rate), "pred": (1, -z / (p + k.epsilon)),
                 "target": (-log_rate,)}
    if k.compute_full:
        on = z > 1
        n = m.where(on, z, 1)
        stirling = (n * m.log(n), -n, m.log(2 * m.pi * n) / 2)
        terms["value"] += tuple(m.where(on, term, 0) for term in stirling)
        terms["target"] += (m.where(on, m.log(n), 0), m.where(on, 1 / (2 * n), 0))
    return terms


# ---- Inputs: random generator, options, length -> prediction and label, float64 ------------------


def draw_real(r, k, n):
    return 2 * r.standard_normal(n), r.standard_normal(n)


def draw_margin(r, k, n):
    return 1.5 * r.standard_normal(n), np.where(r.random(n) < 0.7, r.choice([-1, 1], n),
                                                r.uniform(-2, 2, n))


def draw_logistic(r, k, n):
    z = np.where(r.random(n) < 0.5, r.integers(0, 2, n), r.random(n))
    if getattr(k, "label_format", "binary") == "signed":
        z = 2 * z - 1
    return (r.uniform(0.05, 0.95, n) if getattr(k, "from_sigmoid", False)
            else 3 * r.standard_normal(n)), z


def draw_distribution(r, k, n):
    p = np.log(r.uniform(0.05, 1, n)) if k.from_logits else 2 * r.standard_normal(n)
    return p, r.uniform(0.05, 1, n)


def draw_counts(r, k, n):
    z = np.where(r.random(n) < 0.5, r.poisson(3, n), r.uniform(0, 6, n))
    return (r.standard_normal(n) if k.from_logits else r.uniform(0.3, 5, n)), z


def distance_of_hinge(k, p, z):
    return k.margin - p * z


class Loss(NamedTuple):
    """What the tests know about one loss."""

    name: str
    formula: Callable
    draw: Callable
    options: tuple  # of (constructor arguments, further arguments of the call, pos_weight's kind)
    kinks: Callable = lambda k, p, z: np.inf  # how far from the next point without a derivative
    rows: bool = False  # one value per row along `axis`: the sum over the classes


def options(*ctors, call=(), extra=()):
    return tuple((ctor, {}, None) for ctor in ctors) + tuple(call) + tuple(extra)


LOSSES = (
    Loss("L2Loss", l2, draw_real, options({}, {"weight": None}, {"weight": 0.3})),
    Loss("L1Loss", l1, draw_real, options({}, {"weight": 0.3}), kinks=lambda k, p, z: p - z),
    Loss("SigmoidBinaryCrossEntropyLoss", sigmoid_bce, draw_logistic, options(
        {}, {"weight": 0.3}, {"from_sigmoid": True}, extra=[
            *(({}, {}, kind) for kind in ("full", "last", "first", "one")),
            ({"from_sigmoid": True, "weight": 2}, {}, "last")])),
    Loss("SoftmaxCrossEntropyLoss", softmax_cross_entropy, draw_distribution, options(
        {}, {"weight": 0.3}, {"axis": 0}, {"axis": 1}, {"from_logits": True},
        {"from_logits": True, "axis": 1}, {"out_of_range": "clip"},
        {"sparse_label": False, "weight": -0.5}, {"sparse_label": False, "axis": 0},
        {"sparse_label": False, "axis": 1}, {"sparse_label": False, "from_logits": True},
        {"sparse_label": False, "from_logits": True, "axis": 1}), rows=True),
    Loss("KLDivLoss", kl_div, draw_distribution, options(
        {}, {"reduction": "sum"}, {"weight": 0.3}, {"from_logits": False},
        {"from_logits": False, "axis": 0}, {"from_logits": False, "axis": 1},
        {"from_logits": False, "reduction": "sum", "weight": 0.3})),
    Loss("HuberLoss", huber, draw_real, options(
        {}, {"rho": 0.5}, {"rho": 2, "weight": 0.3}), kinks=lambda k, p, z: abs(p - z) - k.rho),
    Loss("HingeLoss", hinge, draw_margin, options(
        {}, {"margin": 0.5}, {"margin": -1, "weight": 0.3}), kinks=distance_of_hinge),
    Loss("SquaredHingeLoss", squared_hinge, draw_margin, options(
        {}, {"margin": 0.5}, {"margin": 2, "weight": 0.3}), kinks=distance_of_hinge),
    Loss("LogisticLoss", logistic, draw_logistic, options(
        {}, {"label_format": "binary"}, {"weight": 0.3})),
    Loss("PoissonNLLLoss", poisson_nll, draw_counts, options(
        {}, {"weight": 0.3}, {"from_logits": False}, {"compute_full": True},
        {"from_logits": False, "compute_full": True},
        call=[({"from_logits": False}, {"epsilon": 0.1}, None)]),
        kinks=lambda k, p, z: np.minimum(z, abs(z - 1))),
)
DEFAULTS = {"from_sigmoid": False, "axis": -1, "sparse_label": True, "from_logits": True,
            "reduction": "mean", "rho": 1, "margin": 1, "label_format": "signed",
            "compute_full": False, "epsilon": 1e-8,
            "added": 1e-12}  # inside logarithms: no option


# ---- Variants: a loss with its options -----------------------------------------------------------


def summed_to(a, shape):
    """The gradient of an input of `shape` that was broadcast to a's shape."""
    lead = a.ndim - len(shape)
    a = a.sum(tuple(range(lead)))
    return a.sum(tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def without(shape, axis):
    return tuple(np.delete(shape, axis))


class Variant:
    """A loss with one choice of options: makes the loss, inputs for it and their exact results."""

    def __init__(self, loss, ctor, call, pos_weight):
        self.case, self.ctor, self.call, self.pos_weight = loss, ctor, call, pos_weight
        settings = {**DEFAULTS, **ctor, **call}
        if loss.rows:
            settings["from_logits"] = ctor.get("from_logits", False)
        self.k = types.SimpleNamespace(**settings)
        self.sparse = loss.rows and self.k.sparse_label
        self.softmax = (loss.name in ("SoftmaxCrossEntropyLoss", "KLDivLoss")
                        and not self.k.from_logits)
        self.has_classes = loss.rows or self.softmax  # axis matters
        self.names = [n for n in _core.LOSSES[loss.name].inputs if pos_weight or n != "pos_weight"]
        words = [f"{key}={value}" for key, value in {**ctor, **call}.items()]
        words += [f"pos_weight:{pos_weight}"] if pos_weight else []
        self.id = "-".join([loss.name, *words])

    def loss(self, batch_axis=0, **more):
        """The loss object; more are further or other constructor arguments."""
        cls = getattr(mx.gluon.loss, self.case.name)
        return cls(batch_axis=batch_axis, **{**self.ctor, **more})

    def axis(self, ndim, axis=None):
        return (self.k.axis if axis is None else axis) % ndim

    def fits(self, shape):
        """Whether pred may have this shape: enough axes for `axis`."""
        return not self.has_classes or -len(shape) <= self.k.axis < len(shape)

    def unreduced(self, shape, axis=None):
        """Shape of the loss before the mean."""
        if not self.case.rows:
            return tuple(shape)
        axis = self.axis(len(shape), axis)
        return tuple(1 if i == axis else n for i, n in enumerate(shape))

    def weight_shapes(self, shape, axis=None):
        """Shapes that sample_weight can have."""
        full = self.unreduced(shape, axis)
        kept = without(full, self.axis(len(shape), axis)) if self.case.rows else full
        ones = (1,) * len(full[1:])
        shapes = {full, (1, *ones), full[:1] + ones, ones + full[-1:]}
        shapes |= {kept[i:] for i in range(len(kept) + 1)}
        return sorted(shapes, key=lambda s: (len(s), s))

    def inputs(self, rng, shape, dtype="float64", weight=None, axis=None, clear=False):
        """Arrays by name, in the order of the call, pred of `shape`.

        weight: shape of sample_weight, None for none.  clear: keep off the kinks by 0.05.
        """
        n = int(np.prod(shape))
        p, z = self.case.draw(rng, self.k, n)
        while clear and (near := np.abs(self.case.kinks(self.k, p, z) + np.zeros(n)) < 0.05).any():
            p[near], z[near] = self.case.draw(rng, self.k, int(near.sum()))
        x = {"pred": p.reshape(shape).astype(dtype), self.names[1]: z.reshape(shape).astype(dtype)}
        if self.sparse:
            axis = self.axis(len(shape), axis)
            x["label"] = rng.integers(0, max(1, shape[axis]), without(shape, axis))
        if weight is not None:
            x["sample_weight"] = rng.uniform(0.2, 2, weight).astype(dtype)
        if self.pos_weight:
            kinds = {"full": shape, "last": shape[-1:], "one": (1,),
                     "first": shape[:1] + (1,) * (len(shape) - 1)}
            x["pos_weight"] = rng.uniform(0.3, 3, kinds[self.pos_weight]).astype(dtype)
        return x

    def run(self, x, loss=None, wrt=None, head_grad=None, **kwargs):
        """value, {name: gradient} for inputs by name; wrt None = every floating input."""
        wrt = floating(x) if wrt is None else wrt
        value, grads = (loss or self.loss()).value_and_grad(
            **x, **self.call, wrt=wrt, head_grad=head_grad, **kwargs)
        return value, dict(zip(wrt, grads))

    def reference(self, x, batch_axis=0, axis=None, head=None, weight=None, sign=np.positive):
        """What run should give, in float64 straight from the formula: the value and the gradients
        by name. With sign=np.abs sums of the magnitudes of the terms."""
        x = {name: a if name == "label" and self.sparse else a.astype(np.float64)
             for name, a in x.items()}
        p, z, q = x["pred"], x[self.names[1]], x.get("pos_weight")
        axis = self.axis(p.ndim, axis)
        if self.sparse:
            z = np.expand_dims(z.reshape(without(p.shape, axis)), axis)
            z = (z == np.arange(p.shape[axis]).reshape((-1,) + (1,) * (p.ndim - 1 - axis))) * 1.0
        elif self.case.name != "KLDivLoss":
            z = z.reshape(p.shape)
        if self.softmax:
            p = p.astype(np.longdouble)  # for log-probabilities near 0, and their exponentials
            p = p - np.log(np.exp(p).sum(axis, keepdims=True))
            p, softmax = p.astype(np.float64), np.exp(p).astype(np.float64)
        terms = self.case.formula(NUMPY, self.k, p, z, q)
        # ---- elements, with their weights
        shape = p.shape
        e, dp, dz, dq = (np.broadcast_to(sum(sign(t) for t in terms.get(name, (0.0,))), shape)
                         for name in ("value", "pred", self.names[1], "pos_weight"))
        e = e.sum(axis, keepdims=True) if self.case.rows else e
        w = x.get("sample_weight", np.ones(()))
        fewer = self.case.rows and w.ndim < p.ndim  # a weight without the class axis
        if fewer:
            w = np.expand_dims(np.broadcast_to(w, without(shape, axis)), axis)
        # ---- which axes the mean is over, and of how many elements
        keep = [] if "target" in self.names else [batch_axis % len(shape)]
        others = tuple(i for i in range(len(shape)) if i not in keep)
        value = (e * w).sum(others, np.longdouble).astype(np.float64).reshape(-1)
        count = 1 if self.k.reduction == "sum" else e.size // max(1, value.size)
        factor = self.ctor.get("weight", 1) if weight is None else weight
        factor = sign(1.0 if factor is None else float(factor)) / max(1, count)
        head = np.ones(value.shape) if head is None else np.asarray(head, np.float64)
        scale = sign(head).reshape([n if i in keep else 1 for i, n in enumerate(e.shape)]) * factor
        # ---- gradients, summed to the shapes of what was broadcast
        dp, dz, dq = (d * w * scale for d in (dp, dz, dq))
        if self.softmax:  # d log(softmax)
            total = softmax * dp.sum(axis, np.longdouble, keepdims=True).astype(np.float64)
            dp = dp + total if sign is np.abs else dp - total
        found = {"value": value * factor, "pred": dp}
        label = x[self.names[1]].shape
        if self.case.name == "KLDivLoss":
            found["label"] = summed_to(dz, label)
        elif not self.sparse:
            found[self.names[1]] = dz.reshape(label)
        if "sample_weight" in x:
            dw = np.broadcast_to(e * scale, e.shape)
            found["sample_weight"] = summed_to(dw.squeeze(axis) if fewer else dw,
                                               x["sample_weight"].shape)
        if "pos_weight" in x:
            found["pos_weight"] = summed_to(dq, x["pos_weight"].shape)
        return found


def floating(x):
    """The inputs that have a gradient."""
    return [name for name, a in x.items() if a.dtype.kind == "f"]


VARIANTS = [Variant(loss, *choice) for loss in LOSSES for choice in loss.options]
FORMULAS = [v for v in VARIANTS if v.ctor.keys() != {"weight"}]
LOOPS = [v for v in FORMULAS if v.pos_weight in (None, "full", "last") and not v.call and not
         {"axis", "rho", "margin", "out_of_range", "reduction"} & v.ctor.keys()]  # each kernel once


def variant(text):
    """The variant with this id."""
    (found,) = [v for v in VARIANTS if v.id == text]
    return found


def by_id(v):
    """For pytest.mark.parametrize(ids=...)."""
    return getattr(v, "id", None)


def described(a):
    """The same for parameters that may be shapes."""
    return str(a).replace(" ", "") if isinstance(a, (tuple, str)) else by_id(a)
