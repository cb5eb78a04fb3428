"""TripletLoss, CosineEmbeddingLoss, SDMLLoss: inputs for them, and their formulas in 50 digits."""

import mpmath
import numpy as np

import mxloss as mx

VECTORS = {"TripletLoss": ("pred", "positive", "negative"),
           "CosineEmbeddingLoss": ("input1", "input2"), "SDMLLoss": ("x1", "x2")}
NAMES = {**VECTORS, "CosineEmbeddingLoss": ("input1", "input2", "label")}


def inputs(name, shape, dtype="float64", seed=1, scale=1):
    """Random vectors, and labels of 1 and -1 in turn."""
    rng = np.random.default_rng(seed)
    x = {n: (rng.standard_normal(shape) * scale).astype(dtype) for n in VECTORS[name]}
    if name == "CosineEmbeddingLoss":
        x["label"] = (1 - 2 * (np.arange(np.prod(shape[:-1], dtype=int)) % 2)).astype(dtype)
    return x


def run(name, x, wrt=None, head=None, out=None, **options):
    """value, {input: gradient}; with respect to all floating inputs by default."""
    wrt = [n for n, a in x.items() if a.dtype.kind == "f"] if wrt is None else wrt
    loss = getattr(mx.gluon.loss, name)(**options)
    value, grads = loss.value_and_grad(**x, wrt=wrt, head_grad=head, out=out)
    return value, dict(zip(wrt, grads))


# ---- {value or input: (exact numbers, the sizes that errors are measured by)}, for (N, D) --------

digits = np.vectorize(lambda a: mpmath.mpf(float(a)), otypes=[object])
larger = np.vectorize(max, otypes=[object])
exp = np.vectorize(mpmath.exp, otypes=[object])
root = np.vectorize(mpmath.sqrt, otypes=[object])


def exact_triplet(x, margin=1):
    p, z, q = (digits(a) for a in x.values())
    s = margin + ((z - p) ** 2 - (q - p) ** 2).sum(1)
    size = abs(margin) + (abs(z - q) * (abs(z - p) + abs(q - p))).sum(1)
    on = 2 * (s > 0)[:, None]
    slopes = {"pred": on * (q - z), "positive": on * (z - p), "negative": on * (p - q)}
    return {"value": (larger(s, 0), size), **{n: (g, abs(g)) for n, g in slopes.items()}}


def exact_cosine(x, margin=0):
    """No rows of zeros."""
    a, b, y = (digits(v) for v in x.values())
    y = y.reshape(-1, 1)
    aa, bb = ((v * v).sum(1, keepdims=True) for v in (a, b))
    norms = root(aa) * root(bb)
    floored = norms < mpmath.mpf(1e-12)
    size = larger(norms, mpmath.mpf(1e-12))
    c = (a * b).sum(1, keepdims=True) / size
    terms = abs(a * b).sum(1, keepdims=True) / size
    value = np.where(y == 1, 1 - c, larger(c - margin, 0))
    slope = np.where(y == 1, -1, 1 * (c > margin))
    result = {"value": (value, (y == 1) + abs(margin) + terms)}
    for name, u, v, uu in (("input1", a, b, aa), ("input2", b, a, bb)):
        own = np.where(floored, 0, 1 / uu)
        result[name] = (slope * (v / size - c * own * u),
                        abs(slope) * (abs(v) / size + terms * own * abs(u)))
    return {**result, "label": (0 * y.reshape(-1), 0 * y.reshape(-1))}


def exact_sdml(x, smoothing_parameter=0.3):
    """Errors of distances count relative to the distances."""
    a, b = (digits(v) for v in x.values())
    n = len(a)
    apart = a[:, None] - b[None]
    d = (apart**2).sum(2)
    near = d.min(1, keepdims=True)
    e = exp(near - d)
    total = e.sum(1, keepdims=True)
    p = e / total
    t = np.full((n, n), mpmath.mpf(smoothing_parameter) / (n - 1), object)
    t[np.diag_indices(n)] = 1 - mpmath.mpf(smoothing_parameter)
    logs = np.vectorize(mpmath.log, otypes=[object])
    entropy = t * logs(t + mpmath.mpf(1e-12))
    value = (entropy + t * (d - near + logs(total))).sum(1)
    size = (abs(entropy) + t * logs(total) + (t + p) * d).sum(1)
    slope = 2 * (t - p)[:, :, None] * apart
    p_size = p * (1 + d + (p * d).sum(1, keepdims=True))
    slope_size = 2 * (t + p_size)[:, :, None] * abs(apart)
    return {"value": (value, size), "x1": (slope.sum(1), slope_size.sum(1)),
            "x2": (-slope.sum(0), slope_size.sum(0))}


EXACT = {"TripletLoss": exact_triplet, "CosineEmbeddingLoss": exact_cosine, "SDMLLoss": exact_sdml}
