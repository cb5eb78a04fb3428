#!/usr/bin/env python3
"""Find the polynomial coefficients of src_c/kernels/math.h.

Weighted fits in mpmath at 60 digits of the relative error of the whole approximation; each
coefficient in turn, lowest power first, is rounded to the target type and the others are fitted
again to what is left.  Prints C arrays of hexadecimal constants, lowest power first, with
the largest relative error.  Run:  python tests/tools/fit_polynomials.py   (about a minute)
"""

import mpmath as mp

mp.mp.dps = 60


def fit_free(f, weight, low, high, degree, fixed, nodes=120, rounds=12):
    """The coefficients not in `fixed` (power -> value) that make |weight (f - q)| small.

    Least squares on Chebyshev nodes, reweighted towards the maximum norm (Lawson's method).
    """
    free = [k for k in range(degree + 1) if k not in fixed]
    xs = [
        (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * nodes))
        for i in range(nodes)
    ]
    ws = [weight(x) for x in xs]
    rest = [f(x) - sum(c * x**k for k, c in fixed.items()) for x in xs]
    importance = [mp.mpf(1)] * nodes
    for _ in range(rounds):
        A, b = mp.matrix(len(free), len(free)), mp.matrix(len(free), 1)
        for x, w, y, m in zip(xs, ws, rest, importance):
            row = [w * x**k for k in free]
            for i in range(len(free)):
                b[i] += m * row[i] * w * y
                for j in range(len(free)):
                    A[i, j] += m * row[i] * row[j]
        c = list(mp.lu_solve(A, b))
        errors = [
            abs(w * (y - sum(a * x**k for a, k in zip(c, free)))) for x, w, y in zip(xs, ws, rest)
        ]
        importance = [m * e for m, e in zip(importance, errors)]
        total = sum(importance)
        importance = [m / total for m in importance]
    return dict(zip(free, c))


def rounded(value, bits):
    """value to the nearest number with so many significant bits."""
    if value == 0:
        return value
    exponent = mp.floor(mp.log(abs(value), 2)) - bits + 1
    return mp.nint(value / mp.mpf(2) ** exponent) * mp.mpf(2) ** exponent


def fit(title, f, weight, low, high, degree, bits):
    low, high = mp.mpf(low), mp.mpf(high)
    fixed = {}
    for power in range(degree + 1):
        c = fit_free(f, weight, low, high, degree, fixed)
        fixed[power] = rounded(c[power], bits)
    q = lambda x: sum(c * x**k for k, c in fixed.items())
    grid = [low + (high - low) * i / mp.mpf(3000) for i in range(3001)]
    worst = max(abs(weight(x) * (f(x) - q(x))) for x in grid if x != 0)
    print(
        "/* %s on [%s, %s]: relative error 2^%s */"
        % (title, mp.nstr(low, 6), mp.nstr(high, 6), mp.nstr(mp.log(worst, 2), 4))
    )
    print("{" + ", ".join(float(fixed[k]).hex() for k in sorted(fixed)) + "}\n", flush=True)


def exp_tail(r):  # exp(r) = 1 + r + r^2 q(r)
    if abs(r) < mp.mpf("1e-15"):
        return mp.mpf(1) / 2 + r / 6
    return (mp.expm1(r) - r) / r**2


def log1p_tail(f):  # log(1 + f) = f - f^2 / 2 + f^3 q(f)
    if abs(f) < mp.mpf("1e-12"):
        return mp.mpf(1) / 3 - f / 4
    return (mp.log1p(f) - f + f**2 / 2) / f**3


def atanh_tail(z):  # with s = f / (2 + f), z = s^2: log(1 + f) = 2 s + s z q(z)
    if abs(z) < mp.mpf("1e-15"):
        return mp.mpf(2) / 3 + 2 * z / 5
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / (s * z)


if __name__ == "__main__":
    ln2 = mp.log(2)
    reach = ln2 * mp.mpf("0.5002")

    def exp_weight(r):
        return r**2 / mp.exp(r)

    def log1p_weight(f):
        return f**3 / (mp.log1p(f) if f else 1)

    fit("exp, float", exp_tail, exp_weight, -reach, reach, 4, 24)
    fit("log1p, float", log1p_tail, log1p_weight, "-0.2935", "0.5", 8, 24)
    fit("exp, double", exp_tail, exp_weight, -reach, reach, 9, 53)
    fit("atanh, double", atanh_tail, lambda z: z / 2, "0", "0.0401", 7, 53)
    # the high part of ln 2 leaves room for products with exponents of up to 8 (11) bits
    for name, bits, keep in (("float", 24, 24 - 9), ("double", 53, 53 - 12)):
        high = rounded(ln2, keep)
        low = rounded(ln2 - high, bits)
        print(f"/* ln 2, {name}: high, low */ {{{float(high).hex()}, {float(low).hex()}}}")
