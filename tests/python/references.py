"""What the losses of elements and of rows of scores should give, with 50 digits, and where to look.

Errors are in units in the last place (ulp) of the exact result, or of the sum of the magnitudes of
its terms where these cancel. One rounding before the last step is allowed for, because it is part
of the documented formula in the compute type: that of x - max(x) in a softmax.
"""

import types

import cases
import mpmath
import numpy as np
from cases import VARIANTS


def where(condition, a, b):
    return a if condition else b


def softplus(x):
    return max(x, 0) + mpmath.log1p(mpmath.exp(-abs(x)))


MP = types.SimpleNamespace(
    exp=mpmath.exp, log=mpmath.log, sign=mpmath.sign, pi=mpmath.pi, where=where,
    softplus=softplus, sigmoid=lambda x: 1 / (1 + mpmath.exp(-x)))

ELEMENTWISE = [v for v in VARIANTS if not v.has_classes and v.pos_weight in (None, "last")
               and v.ctor.keys() != {"weight"} and "reduction" not in v.ctor]


def ulp(x, dtype):
    """Distance of the number of the dtype nearest to x from the next one above."""
    x = min(abs(float(x)), float(np.nextafter(np.finfo(dtype).max, dtype(0))))
    return float(np.spacing(dtype(x)))


def error(found, exact, size, dtype):
    """Error of one number in ulp of `size`; inf for NaN and for a false infinity."""
    top = float(np.finfo(dtype).max)
    found = float(found)
    if abs(exact) > top:
        return 0.0 if found * mpmath.sign(exact) >= top else np.inf
    if not np.isfinite(found):
        return np.inf
    return float(abs(found - exact) / ulp(size, dtype))


def both(*numbers):
    return [s * a for a in numbers for s in (1, -1)]


def real_points(v, f):
    p = both(0, 3 * f.smallest_subnormal, 1.7 * f.tiny, 1e-12, 1e-3, 0.1, 0.3, 0.7, 1, 1.1, 1.9,
             123.456, 1e7, 0.7 * float(f.max) ** 0.5, 1.3 * float(f.max) ** 0.5, float(f.max) / 2.2,
             f.max)
    return p, [*p[::3], *np.random.default_rng(1).standard_normal(9)]


def margin_points(v, f):
    return [*real_points(v, f)[0], *np.linspace(-2, 2.3, 30)], [1, -1, 0]


def score_points(v, f):
    p = both(0, 3 * f.smallest_subnormal, 1.7 * f.tiny, 1e-10, 1e-3, 0.1, 0.5, 1, 2.5, 5, 10, 17,
             30, 60, 87, 88.7, 100, 103, 104, 300, 700, 745, 1e4, 1e20, f.max)
    if v.pos_weight:  # without subnormal exp(-|p|)
        p = [a for a in p if not -104 <= np.log(f.tiny) + abs(a) <= 104]
    if v.case.name == "LogisticLoss" and v.k.label_format == "signed":
        return p, [-1, 1, 0, 0.5, -0.25, -3, 2]
    if v.k.from_sigmoid:
        p = [0, 1e-30, 1e-13, 1e-10, 1e-6, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 0.999999, 1]
    return p, [0, 1, 0.5, 1e-3, 0.999, 1e-30, -0.5, 1.5, 3]


def distribution_points(v, f):
    p = [0, -1e-12, -1e-5, -0.1, -0.7, -1, -3, -10, -100, -1e4, -f.max, 0.5,
         *np.linspace(-5, 0, 20)]
    return p, [0, 1e-30, 1e-12, 1e-6, 0.1, 0.25, 0.5, 0.9, 0.999, 1, 2, 1e10]


def count_points(v, f):
    z = [0, 0.3, 1, 1.5, 2, 3, 10, 100, 1e5, *np.linspace(0, 20, 8)]
    if v.k.from_logits:
        return both(0, 1e-10, 1e-3, 0.1, 0.5, 1, 3, 10, 50, 80, 88, 88.7, 100, 700, 709.7, 1e4), z
    return [0, 1e-10, 1e-8, 1e-6, 1e-3, 0.1, 0.5, 0.9, 1, 1.1, 2, 10, 1e10, float(f.max) / 1.1], z


POINTS = {cases.draw_real: real_points, cases.draw_margin: margin_points,
          cases.draw_logistic: score_points, cases.draw_distribution: distribution_points,
          cases.draw_counts: count_points}


def grid(v, dtype):
    """Arrays with all combinations of the points."""
    axes = [*POINTS[v.case.draw](v, np.finfo(dtype)), *([[0.5, 1, 100]] if v.pos_weight else [])]
    with np.errstate(all="ignore"):
        return [a.ravel().astype(dtype) for a in np.meshgrid(*axes, indexing="ij")]


def exact(v, points):
    """{value or input: [(exact number, size)]} at points given as float arrays."""
    k = types.SimpleNamespace(**vars(v.k))
    k.epsilon = float(points[0].dtype.type(k.epsilon))
    result = {}
    for point in zip(*points):
        p, z, q = (*(mpmath.mpf(float(a)) for a in point), mpmath.mpf(1))[:3]
        for name, terms in v.case.formula(MP, k, p, z, q).items():
            total = mpmath.fsum(terms)
            plain = "Hinge" in v.id and abs(z) in (0, 1)  # p z is exact
            size = total if plain else mpmath.fsum(map(abs, terms))
            result.setdefault(name, []).append((total, size))
    return result


# ---- Rows of scores ------------------------------------------------------------------------------


def rows(dtype, n):
    """Rows of scores: ordinary, spread, peaked, equal, shifted, huge."""
    r = np.random.default_rng(2)
    f = np.finfo(dtype)
    x = [r.standard_normal(n) * s for s in (1e-3, 0.3, 1, 3, 10, 30, 80)]
    x += [np.eye(n)[0] * 27.7, np.eye(n)[-1] * 27.7 - 1000, np.zeros(n), np.full(n, 1e30)]
    x += [r.standard_normal(n) + 1e4, np.linspace(-87, 0, n), np.linspace(-700.3, 3, n)]
    for huge in (1e30, float(f.max) / 4):
        x.append(r.standard_normal(n))
        x[-1][:2] = huge, -huge
    return np.array(x).astype(dtype)


class Row:
    """The exact softmax of a row, with the size that errors are measured by."""

    def __init__(self, x):
        x = [mpmath.mpf(float(a)) for a in x]
        top = max(x)
        at = x.index(top)
        self.d = [a - top for a in x]
        e = [mpmath.exp(d) for d in self.d]
        others = mpmath.fsum(e[:at] + e[at + 1 :])
        log_sum = mpmath.log1p(others)
        self.p = [a / (1 + others) for a in e]
        self.p_size = [p * (1 + abs(d)) for p, d in zip(self.p, self.d)]
        self.log_p = [d - log_sum for d in self.d]
        spread = mpmath.fsum(self.p_size[:at] + self.p_size[at + 1 :])
        self.log_p_size = [abs(d) + log_sum + spread for d in self.d]

    def but(self, y, values):
        return mpmath.fsum(values[:y] + values[y + 1 :])

    def sparse(self, y):
        """{value or input: (exact numbers, sizes)} of SoftmaxCE with class y as the label."""
        exact, size = list(self.p), list(self.p_size)
        exact[y], size[y] = -self.but(y, self.p), self.but(y, self.p_size)
        return {"value": ([-self.log_p[y]], [self.log_p_size[y]]), "pred": (exact, size)}

    def dense(self, z, kl, added=1e-12):
        """The same with a distribution as the label; of KLDiv if kl."""
        z = [mpmath.mpf(float(a)) for a in z]
        logs = [mpmath.log(a + added) if kl else 0 for a in z]
        shares = [a / (a + added) if kl else 0 for a in z]
        total = mpmath.fsum(z)
        rows = list(zip(z, logs, shares, self.p, self.p_size, self.log_p, self.log_p_size))
        return {"value": ([mpmath.fsum(z * (b - lp) for z, b, _, _, _, lp, _ in rows)],
                          [mpmath.fsum(z * (kl + abs(b) + c) for z, b, _, _, _, _, c in rows)]),
                "pred": ([p * total - z for z, _, _, p, _, _, _ in rows],
                         [size * total + z for z, _, _, _, size, _, _ in rows]),
                "label": ([b + s - lp for _, b, s, _, _, lp, _ in rows],
                          [abs(b) + s + c for _, b, s, _, _, _, c in rows])}
