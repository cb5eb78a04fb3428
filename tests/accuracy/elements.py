"""Losses of elements, and their means.

Elements of float64 and extreme arguments: 50 digits. A hundred thousand elements of float32 and the
half types, and means: long double, whose 64 bits are 40 more than float32's and 11 more than
float64's; `suffices` holds it against 50 digits.
"""

import functools
import types

from case import DTYPES, FLOATS, Case  # isort: skip

import cases
import mpmath
import numpy as np
import references
from cases import variant

MEANS = [
    "L2Loss",
    "L1Loss",
    "HuberLoss",
    "HingeLoss",
    "SquaredHingeLoss",
    "LogisticLoss",
    "SigmoidBinaryCrossEntropyLoss",
    "KLDivLoss",
    "PoissonNLLLoss",
]


def short(v):
    """HuberLoss-rho=0.5 as `Huber rho=0.5`."""
    words = [f"{k}={a}" for k, a in {**v.ctor, **v.call}.items() if k != "weight"]
    words += ["pos_weight"] if v.pos_weight else []
    name = v.case.name.replace("Loss", "").replace("BinaryCrossEntropy", "BCE")
    return " ".join([name, *words]).replace("=True", "")


def long_double():
    one = np.longdouble(1)
    return types.SimpleNamespace(**{**vars(cases.NUMPY), "pi": 4 * np.arctan(one)})


def compute_type(dtype):
    return np.float64 if dtype == np.float64 else np.float32


def vectorised(v, points, own=False):
    """The same as references.exact, in long double."""
    k = types.SimpleNamespace(**vars(v.k))
    k.epsilon = np.longdouble(compute_type(points[0].dtype)(k.epsilon))
    k.added = np.longdouble(0 if own else k.added)
    p, z, q = (*(a.astype(np.longdouble) for a in points), None)[:3]
    terms = v.case.formula(long_double(), k, p, z, 1 if q is None else q)
    return {
        name: [np.broadcast_to(sum(map(f, ts)), p.shape) for f in (np.positive, np.abs)]
        for name, ts in terms.items()
    }


def fifty_digits(v, points, own=False):
    k = types.SimpleNamespace(**{**vars(v.k), **({"added": 0} if own else {})})
    found = references.exact(types.SimpleNamespace(k=k, case=v.case, id=""), points)
    return {name: tuple(zip(*rows)) for name, rows in found.items()}


def suffices(v, points):
    """long double is right to 2^-58 of the terms, checked at some of the points."""
    some = [a[:: max(1, len(a) // 50)].astype(compute_type(points[0].dtype)) for a in points]
    wanted, found = fifty_digits(v, some), vectorised(v, some)
    for name, (numbers, sizes) in wanted.items():
        for a, b, size in zip(found[name][0], numbers, sizes):
            high = float(a)  # in two pieces that mpmath takes
            assert abs(mpmath.mpf(high) + float(a - high) - b) <= size * mpmath.mpf(2) ** -58, (
                v.id,
                name,
                float(a),
                float(b),
            )


def defined(v, points):
    """Where a formula without 1e-12 inside its logarithms is defined."""
    p, z = points[:2]
    if v.case.name == "KLDivLoss":
        return z > 0
    if v.k.from_sigmoid:
        return (p > 0) & (p < 1) & (z >= 0) & (z <= 1)
    return np.ones(len(p), bool)


def exact_elements(v, points, digits, own=False):
    if not digits:
        suffices(v, points)
        return vectorised(v, points, own)
    if not own:
        return fifty_digits(v, points)
    at = defined(v, points)
    found = fifty_digits(v, [a[at] for a in points], True)
    place = np.cumsum(at) - 1
    return {
        name: [[column[i] if ok else mpmath.nan for ok, i in zip(at, place)] for column in pair]
        for name, pair in found.items()
    }


def draw(v, n, dtype, seed=1):
    rng = np.random.default_rng(seed)
    p, z = v.case.draw(rng, v.k, n)
    arrays = [p, z, *([rng.uniform(0.2, 4, n)] if v.pos_weight else [])]
    arrays = [a.astype(dtype) for a in arrays]
    if v.k.from_sigmoid or v.case.name == "KLDivLoss" and v.k.from_logits:
        arrays[1] = np.clip(arrays[1], 0, 1)
    return arrays


def element_cases(v, quick):
    for dtype, region in [*((t, "ordinary") for t in DTYPES), *((t, "extreme") for t in FLOATS)]:
        t, digits = DTYPES[dtype], dtype == "float64" or region == "extreme"
        if region == "extreme":
            points = references.grid(v, t)
        else:
            n = (200, 1 << 12) if quick else (500, 1 << 17)
            points = draw(v, n[0] if "target" in v.names or digits else n[1], t)
        if region == "extreme" and quick:
            points = [a[::5] for a in points]
        names = ["pred", v.names[1], *(["pos_weight"] if v.pos_weight else [])]
        ctor = {**v.ctor, "weight": 1}
        yield Case(
            short(v),
            v.case.name,
            ctor,
            v.call,
            vars(v.k),
            dtype,
            region,
            "elements",
            dict(zip(names, points)),
            names,
            functools.partial(exact_elements, v, points, digits),
        )


# ---- Means ---------------------------------------------------------------------------------------


def mean_of(terms):
    """Exact mean over the last axis, and of the magnitudes of the terms."""
    return {"value": [np.sum(a, -1, keepdims=True) / a.size for a in terms["value"]]}


def mean_cases(v, quick):
    n = 1 << (16 if quick else 20)
    for dtype in FLOATS:
        points = draw(v, n, DTYPES[dtype], 3)
        order = np.argsort(points[0], kind="stable")
        for region in ("random", "sorted", "constant"):
            rows = {
                "random": lambda a: a,
                "sorted": lambda a: a[order],
                "constant": lambda a: np.full_like(a, a[n // 3]),
            }[region]
            x = [np.ascontiguousarray(rows(a)) for a in points]
            yield Case(
                short(v),
                v.case.name,
                {**v.ctor, "weight": 1},
                v.call,
                vars(v.k),
                dtype,
                region,
                "mean",
                {k: a[None] for k, a in zip(["pred", v.names[1]], x)},
                [],
                lambda own=False, x=x: mean_of(vectorised(v, x, own)),
            )


def element_and_mean_cases(quick):
    for v in references.ELEMENTWISE:
        yield from element_cases(v, quick)
    for name in MEANS:
        yield from mean_cases(variant(name), quick)
