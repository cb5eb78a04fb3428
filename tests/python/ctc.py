"""CTCLoss of one sample, three times over: by all alignments, in logarithms, with 50 digits.

Each takes activations (frames, classes), whose last class is the blank, and a label; and returns
the cost and its gradient. None shares a recurrence's form with the core: the second runs the same
half twice instead of going backward, the third multiplies numbers whose exponent has no end.
"""

import functools
import itertools

import mpmath
import numpy as np


def needed(label):
    """The fewest frames that the label fits into."""
    label = np.asarray(label)
    return len(label) + int(np.sum(label[1:] == label[:-1]))


def words(classes, longest):
    """All labels up to a length."""
    for n in range(longest + 1):
        yield from itertools.product(range(classes - 1), repeat=n)


@functools.lru_cache
def alignments(frames, classes):
    """All sequences of classes, and the rows of these that write each label."""
    paths = np.array(list(itertools.product(range(classes), repeat=frames)))
    rows = {}
    for row, path in enumerate(paths.tolist()):
        label = tuple(k for k, _ in itertools.groupby(path) if k != classes - 1)
        rows.setdefault(label, []).append(row)
    return paths, rows


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def enumerated(x, label):
    p = softmax(x.astype(np.longdouble))
    paths, rows = alignments(*x.shape)
    if tuple(label) not in rows:
        return np.inf, np.zeros(x.shape)
    paths = paths[rows[tuple(label)]]
    weights = p[np.arange(len(x)), paths].prod(1)
    counts = np.zeros_like(p)
    for t in range(len(x)):
        np.add.at(counts[t], paths[:, t], weights)
    return -np.log(weights.sum()), p - counts / weights.sum()


def half(emit, states, blank):
    """log of the sum over all beginnings of paths before each frame, the largest being 0, and the
    log of what that took away. Without this the digits of a long sum would go to its size."""
    jump = np.full(len(states), -np.inf, np.longdouble)
    jump[2:][(states[2:] != states[:-2]) & (states[2:] != blank)] = 0
    before = np.full(emit.shape, -np.inf, np.longdouble)
    before[0, :2] = 0
    taken = np.longdouble(0)
    for t in range(len(emit) - 1):
        a = np.concatenate([[-np.inf, -np.inf], before[t] + emit[t]])
        a = np.logaddexp(np.logaddexp(a[2:], a[1:-1]), a[:-2] + jump)
        if a.max() == -np.inf:
            break
        taken += a.max()
        before[t + 1] = a - a.max()
    return before, taken


def log_space(x, label):
    x = x.astype(np.longdouble)
    blank = x.shape[1] - 1
    p = softmax(x)
    states = np.full(2 * len(label) + 1, blank)
    states[1::2] = label
    emit = (x - x.max(1, keepdims=True))[:, states]
    before, taken = half(emit, states, blank)
    after = half(emit[::-1, ::-1], states[::-1], blank)[0][::-1, ::-1]
    ends = (before[-1] + emit[-1])[-2:]
    log_p = np.logaddexp.reduce(ends) + taken - np.log(np.exp(x - x.max(1)[:, None]).sum(1)).sum()
    if log_p == -np.inf:
        return np.inf, p
    gamma = softmax(before + emit + after)
    for s, k in enumerate(states):
        p[:, k] -= gamma[:, s]
    return -log_p, p


def digits(x, label):
    """In mpmath's current precision: the normalisers' logarithms added up, the logarithm of what is
    left of the probability, the softmax, the posterior of each class (None without a path)."""
    frames, classes = x.shape
    p = [[mpmath.exp(mpmath.mpf(float(a)) - float(row.max())) for a in row] for row in x]
    totals = [mpmath.fsum(row) for row in p]
    normalisers = mpmath.fsum(map(mpmath.log, totals))
    soft = [[a / total for a in row] for row, total in zip(p, totals)]
    states = [classes - 1]
    for k in label:
        states += [k, classes - 1]
    n = len(states)

    def to(s):
        """States that may follow s."""
        jump = s + 2 < n and states[s + 2] not in (classes - 1, states[s])
        return range(s, min(s + 2 + jump, n))

    zeros = [mpmath.mpf(0)] * n
    alpha, beta = ([list(zeros) for _ in range(frames)] for _ in range(2))  # without frame t's p
    alpha[0][:2] = beta[-1][-2:] = [mpmath.mpf(1)] * min(n, 2)
    for t, s in itertools.product(range(frames - 1), range(n)):
        for u in to(s):
            alpha[t + 1][u] += alpha[t][s] * p[t][states[s]]
    for t, s in itertools.product(range(frames - 2, -1, -1), range(n)):
        beta[t][s] = mpmath.fsum(beta[t + 1][u] * p[t + 1][states[u]] for u in to(s))
    total = mpmath.fsum(alpha[-1][s] * p[-1][states[s]] * beta[-1][s] for s in range(n))
    if total == 0:
        return normalisers, -mpmath.inf, soft, None
    gamma = [[mpmath.mpf(0)] * classes for _ in range(frames)]
    for t in range(frames):
        for s, k in enumerate(states):
            gamma[t][k] += alpha[t][s] * p[t][k] * beta[t][s] / total
    return normalisers, mpmath.log(total), soft, gamma


def exact(x, label):
    """In mpmath's current precision; the results as floats."""
    normalisers, log_total, soft, gamma = digits(x, label)
    if gamma is None:
        return np.inf, softmax(x.astype(np.longdouble))
    slope = [[float(a - b) for a, b in zip(*rows)] for rows in zip(soft, gamma)]
    return float(normalisers - log_total), np.array(slope)
