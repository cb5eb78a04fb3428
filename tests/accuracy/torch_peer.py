"""PyTorch: the loss of torch.nn.functional wherever there is one for the same formula."""

import torch
from torch.nn import functional as F


def poisson(k, p, z):
    return F.poisson_nll_loss(
        p, z, log_input=k["from_logits"], full=k["compute_full"], eps=k["epsilon"], reduction="none"
    )


def cross_entropy(k, p, z):
    return F.cross_entropy(p, z if z.is_floating_point() else z.long(), reduction="none")


def cosine(k, a, b, z):
    c = F.cosine_similarity(a, b, eps=1e-12)  # cosine_embedding_loss adds 1e-12 to squares
    return torch.where(z == 1, 1 - c, F.relu(c - k.get("margin", 0)))


def sdml(k, a, b):
    n, s = len(a), k.get("smoothing_parameter", 0.3)
    target = torch.full((n, n), s / (n - 1), dtype=a.dtype).fill_diagonal_(1 - s)
    d = (a[:, None] - b).square().sum(2)
    return (target * ((target + 1e-12).log() - F.log_softmax(-d, 1))).sum(1)


def ctc(k, p, z):
    lengths = [torch.tensor([len(row)]) for row in (p[0], z[0])]
    log_p = F.log_softmax(p, 2).transpose(0, 1)
    return F.ctc_loss(log_p, z.long(), *lengths, blank=p.shape[2] - 1, reduction="none")


def bce(k, p, z, q=None):
    return F.binary_cross_entropy_with_logits(p, z, pos_weight=q, reduction="none")


RECIPES = {
    "L2": lambda k, p, z: 0.5 * F.mse_loss(p, z, reduction="none"),
    "L1": lambda k, p, z: F.l1_loss(p, z, reduction="none"),
    "Huber": lambda k, p, z: F.smooth_l1_loss(p, z, beta=k["rho"], reduction="none"),
    "Hinge": lambda k, p, z: F.relu(k["margin"] - p * z),
    "SquaredHinge": lambda k, p, z: F.relu(k["margin"] - p * z).square(),
    "SigmoidBCE": bce,
    "SigmoidBCE from_sigmoid": lambda k, p, z: F.binary_cross_entropy(
        p, z.clamp(0, 1), reduction="none"
    ),  # refuses others
    "Logistic": lambda k, p, z: bce(k, p, 0.5 * (z + 1)),
    "Logistic label_format=binary": bce,
    "PoissonNLL": poisson,
    "KLDiv": lambda k, p, z: F.kl_div(p, z, reduction="none"),
    "KLDiv from scores": lambda k, p, z: F.kl_div(F.log_softmax(p, 1), z, reduction="none").sum(1),
    "SoftmaxCE": cross_entropy,
    "SoftmaxCE dense": cross_entropy,
    "SoftmaxCE from_logits": lambda k, p, z: -(z * p).sum(1),
    "Triplet": lambda k, p, z, q: F.relu(
        ((p - z).square() - (p - q).square()).sum(1) + k.get("margin", 1)
    ),
    "CosineEmbedding": cosine,
    "SDML": sdml,
    "CTC": ctc,
}


def recipe(name):
    """Of options that are no part of the name, the recipe of the loss."""
    return RECIPES.get(name) or (
        RECIPES[name.split()[0]] if "from_sigmoid pos_weight" not in name else None
    )


def info():
    return {"version": torch.__version__}


def run(case, x):
    formula = recipe(case["name"])
    if formula is None:
        raise LookupError("no such loss")
    dtype = getattr(torch, case["dtype"])
    x = {n: torch.from_numpy(a) for n, a in x.items()}
    x = {n: a.to(dtype) if a.is_floating_point() else a for n, a in x.items()}
    wrt = [name for name in case["wrt"] if name != "pos_weight"]  # has no derivative there
    for name in wrt:
        x[name].requires_grad_()
    value = formula({**case["k"], **case["call"]}, *x.values())
    if case["kind"] == "mean":
        return {"value": numpy(value.mean())}
    grads = torch.autograd.grad(value.sum(), [x[name] for name in wrt], allow_unused=True)
    return {"value": numpy(value), **{n: numpy(g) for n, g in zip(wrt, grads) if g is not None}}


def numpy(x):
    return (x.float() if x.dtype == torch.bfloat16 else x).detach().numpy()
