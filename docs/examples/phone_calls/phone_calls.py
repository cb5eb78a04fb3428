"""Fit a line to numbers of which some are wrong, by gradient descent.

Calls made in Belgium from 1950 to 1973, in millions, as its statistics have them (Rousseeuw and
Leroy, Robust Regression and Outlier Detection, 1987). From 1964 to 1969 minutes were counted in place
of calls, and in 1970 for a part of the year. Squares follow these years, HuberLoss does not.

The same program in C, C++, Rust, Lua and Fortran is beside this one, and prints the same bits.
"""

import numpy as np

import mxloss as mx

CALLS = np.array(
    [4.4, 4.7, 4.7, 5.9, 6.6, 7.3, 8.1, 8.8, 10.6, 12.0, 13.5, 14.9, 16.1, 21.2]
    + [119.0, 124.0, 142.0, 159.0, 182.0, 212.0, 43.0, 24.0, 27.0, 29.0]
)
DECADES = np.arange(24) / 10


def total(numbers):
    """Their sum, from first to last, as a loop has it; numpy's own adds in another order."""
    return np.cumsum(numbers)[-1]


def bits(number):
    return f"{np.float64(number).view('uint64'):016X}"


def fit(name, loss):
    """Print the line; return the loss of each year."""
    a = b = 0.0
    for _ in range(2000):
        value, gradient = loss.value_and_grad(a + b * DECADES, CALLS)
        a -= 0.5 * total(gradient) / 24
        b -= 0.5 * total(gradient * DECADES) / 24
    print(f"{name:<10} calls = {a:6.3f} + {b:6.3f} per decade  {bits(a)} {bits(b)}")
    return value


fit("L2Loss", mx.gluon.loss.L2Loss())
value = fit("HuberLoss", mx.gluon.loss.HuberLoss(rho=2))
print("more than 10 off:", *(1950 + i for i in range(24) if value[i] > 9))
