"""JAX: jit(value_and_grad), waited for; formulas as its users write them, CTC from optax.

Where XLA's speed depends on how a formula is written, the fastest way in each cell is timed.
"""

import jax
import jax.numpy as jnp
import optax
from jax.nn import log_softmax, logsumexp, relu, softplus
from jax.scipy.special import xlogy

from cases import fastest

SMOOTHING = 0.3  # of SDMLLoss


def rows(x):
    return x.mean(axis=tuple(range(1, x.ndim)))


def huber(p, z):
    d = jnp.abs(p - z)
    return rows(jnp.where(d > 1, d - 0.5, 0.5 * d * d))


def sigmoid_bce(p, z):
    return rows(jnp.maximum(p, 0) - p * z + jnp.log1p(jnp.exp(-jnp.abs(p))))


def sigmoid_bce_softplus(p, z):
    return rows(softplus(p) - p * z)


def logistic(p, z):
    m = -p * z
    return rows(jnp.maximum(m, 0) + jnp.log1p(jnp.exp(-jnp.abs(m))))


def softmax_sparse(p, z):
    return logsumexp(p, axis=1) - jnp.take_along_axis(p, z[:, None], axis=1)[:, 0]


def softmax_dense(p, z):
    return -(z * log_softmax(p)).sum(1)


def softmax_dense_logsumexp(p, z):
    return z.sum(1) * logsumexp(p, axis=1) - (z * p).sum(1)


def kl_div(p, z):
    return (xlogy(z, z) - z * log_softmax(p)).sum(1)


def kl_div_logsumexp(p, z):
    return (xlogy(z, z) - z * p).sum(1) + z.sum(1) * logsumexp(p, axis=1)


def triplet(p, z, q):
    return relu(((p - z) ** 2 - (p - q) ** 2).sum(1) + 1)


def cosine_embedding(a, b, z):
    c = (a * b).sum(1) / jnp.sqrt((a * a).sum(1) * (b * b).sum(1))
    return jnp.where(z == 1, 1 - c, relu(c))


def sdml(a, b):
    n = a.shape[0]
    target = (
        jnp.full((n, n), SMOOTHING / (n - 1)).at[jnp.arange(n), jnp.arange(n)].set(1 - SMOOTHING)
    )
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1)
    distances = squares - 2 * jnp.dot(a, b.T, precision="highest")
    return (xlogy(target, target) - target * log_softmax(-distances)).sum(1)


def ctc(p, z):
    n, t, c = p.shape
    return optax.ctc_loss(p, jnp.zeros((n, t)), z, jnp.zeros(z.shape), blank_id=c - 1)


FORMULAS = {  # a formula, or several ways to write it
    "L2": lambda p, z: 0.5 * rows((p - z) ** 2),
    "L1": lambda p, z: rows(jnp.abs(p - z)),
    "Huber": huber,
    "Hinge": lambda p, z: rows(relu(1 - p * z)),
    "SquaredHinge": lambda p, z: rows(relu(1 - p * z) ** 2),
    "Logistic": logistic,
    "SigmoidBCE": (sigmoid_bce, sigmoid_bce_softplus),
    "PoissonNLL": lambda p, z: (jnp.exp(p) - z * p).mean(),
    "KLDiv": (kl_div, kl_div_logsumexp),
    "SoftmaxCE sparse": softmax_sparse,
    "SoftmaxCE dense": (softmax_dense, softmax_dense_logsumexp),
    "Triplet": triplet,
    "CosineEmbedding": cosine_embedding,
    "SDML": sdml,
    "CTC": ctc,
}


def info():
    return {
        "version": jax.__version__,
        "optax": optax.__version__,
        "device": str(jax.devices()[0]),
    }


def set_threads(n):
    """By XLA_FLAGS, NPROC and the processors this process may use, before the import."""


def prepare(case, arrays, variant=None):
    formulas = FORMULAS[case.name]
    formulas = formulas if isinstance(formulas, tuple) else (formulas,)
    integers = "classes" in case.inputs or "labels" in case.inputs
    args = [jnp.asarray(a, jnp.int32 if i and integers else None) for i, a in enumerate(arrays)]
    return fastest([forms(formula, args) for formula in formulas])


def forms(formula, args):
    def of_sum(*args):
        value = formula(*args)
        return value.sum(), value

    of_sum = jax.jit(jax.value_and_grad(of_sum, has_aux=True))
    of_mean = jax.jit(jax.value_and_grad(lambda *args: formula(*args).mean()))

    def call_sum():
        (_, value), gradient = jax.block_until_ready(of_sum(*args))
        return value, gradient

    return {"sum": call_sum, "mean": lambda: jax.block_until_ready(of_mean(*args))}


def to_numpy(case, value, gradient):
    return value, gradient
