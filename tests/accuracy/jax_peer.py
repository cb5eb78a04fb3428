"""JAX, jit: optax's loss wherever there is one for the same formula."""

import jax
import jax.numpy as jnp
import optax
from jax.nn import log_softmax, relu, softplus

jax.config.update("jax_enable_x64", True)


def bce_pos_weight(k, p, z, q):
    return q * z * softplus(-p) + (1 - z) * softplus(p)


def bce_prob(k, p, z, q=1):
    return -(q * z * jnp.log(p + 1e-12) + (1 - z) * jnp.log(1 - p + 1e-12))


def poisson(k, p, z):
    value = jnp.exp(p) - z * p if k["from_logits"] else p - z * jnp.log(p + k["epsilon"])
    if k["compute_full"]:
        n = jnp.where(z > 1, z, 1)
        stirling = n * jnp.log(n) - n + 0.5 * jnp.log(2 * jnp.pi * n)
        value += jnp.where(z > 1, stirling, 0)
    return value


def cosine(k, a, b, z):
    c = optax.cosine_similarity(a, b, epsilon=1e-12)
    return jnp.where(z == 1, 1 - c, relu(c - k.get("margin", 0)))


def sdml(k, a, b):
    n, s = len(a), k.get("smoothing_parameter", 0.3)
    target = jnp.where(jnp.eye(n) == 1, 1 - s, s / (n - 1)).astype(a.dtype)
    d = ((a[:, None] - b) ** 2).sum(2)
    return (target * (jnp.log(target + 1e-12) - log_softmax(-d))).sum(1)


def ctc(k, p, z):
    blank = p.shape[2] - 1
    padding = [jnp.zeros(a.shape[:2], p.dtype) for a in (p, z)]
    return optax.ctc_loss(p, padding[0], z, padding[1], blank_id=blank)


RECIPES = {
    "L2": lambda k, p, z: optax.l2_loss(p, z),
    "L1": lambda k, p, z: jnp.abs(p - z),
    "Huber": lambda k, p, z: optax.huber_loss(p, z, delta=k["rho"]) / k["rho"],
    "Hinge": lambda k, p, z: relu(k["margin"] - p * z),
    "SquaredHinge": lambda k, p, z: relu(k["margin"] - p * z) ** 2,
    "SigmoidBCE": lambda k, p, z: optax.sigmoid_binary_cross_entropy(p, z),
    "SigmoidBCE pos_weight": bce_pos_weight,
    "SigmoidBCE from_sigmoid": bce_prob,
    "SigmoidBCE from_sigmoid pos_weight": bce_prob,
    "Logistic": lambda k, p, z: optax.sigmoid_binary_cross_entropy(p, 0.5 * (z + 1)),
    "Logistic label_format=binary": lambda k, p, z: optax.sigmoid_binary_cross_entropy(p, z),
    "PoissonNLL": poisson,
    "KLDiv": lambda k, p, z: optax.losses.kl_divergence(p[..., None], z[..., None]),
    "KLDiv from scores": lambda k, p, z: optax.losses.kl_divergence(log_softmax(p), z),
    "SoftmaxCE": lambda k, p, z: optax.softmax_cross_entropy_with_integer_labels(p, z),
    "SoftmaxCE dense": lambda k, p, z: optax.softmax_cross_entropy(p, z),
    "SoftmaxCE from_logits": lambda k, p, z: -(z * p).sum(1),
    "Triplet": lambda k, p, z, q: relu(((p - z) ** 2 - (p - q) ** 2).sum(1) + k.get("margin", 1)),
    "CosineEmbedding": cosine,
    "SDML": sdml,
    "CTC": ctc,
}


def info():
    return {"version": jax.__version__, "optax": optax.__version__}


def run(case, x):
    name, k = case["name"], {**case["k"], **case["call"]}
    formula = RECIPES.get(name) or RECIPES[name.split()[0]]
    args = [jnp.asarray(a, case["dtype"] if a.dtype.kind == "f" else None) for a in x.values()]
    if case["kind"] == "mean":
        return {"value": jax.jit(lambda *a: formula(k, *a).mean())(*args)}

    def total(*args):
        value = formula(k, *args)
        return value.sum(), value

    wrt = [list(x).index(n) for n in case["wrt"]]
    (_, value), grads = jax.jit(jax.value_and_grad(total, wrt, has_aux=True))(*args)
    arrays = {"value": value, **dict(zip(case["wrt"], grads))}
    half = case["dtype"] == "bfloat16"
    return {n: a.astype("float32") if half else a for n, a in arrays.items()}
