"""PyTorch: torch.nn.functional's own losses wherever there is one, eager or torch.compile."""

import torch
from torch.nn import functional as F

from cases import fastest

SMOOTHING = 0.3  # of SDMLLoss


def own(function, factor=None, **options):
    """A loss of torch.nn.functional: means over the rows, or its mean over everything."""

    def formula(p, z, mean):
        value = function(p, z, reduction="mean" if mean else "none", **options)
        value = value if mean else value.mean(1)
        return value if factor is None else factor * value

    return formula


def by_hand(formula):
    """A formula with one value per element."""
    return lambda p, z, mean: formula(p, z).mean() if mean else formula(p, z).mean(1)


def poisson_nll(p, z, mean):  # Gluon's is the mean over everything, in both forms
    return F.poisson_nll_loss(p, z, log_input=True, full=False, reduction="mean")


def kl_div(p, z, mean):
    log_p = F.log_softmax(p, 1)
    if mean:
        return F.kl_div(log_p, z, reduction="batchmean")
    return F.kl_div(log_p, z, reduction="none").sum(1)


def cross_entropy(p, z, mean):
    return F.cross_entropy(p, z, reduction="mean" if mean else "none")


def triplet(p, z, q, mean):  # triplet_margin_loss has distances that are not squared
    value = F.relu(((p - z).square() - (p - q).square()).sum(1) + 1)
    return value.mean() if mean else value


def cosine_embedding(a, b, z, mean):
    return F.cosine_embedding_loss(a, b, z, reduction="mean" if mean else "none")


def sdml(a, b, target, mean):
    squares = a.square().sum(1, keepdim=True) + b.square().sum(1)
    log_p = F.log_softmax(2 * (a @ b.T) - squares, 1)
    return (
        F.kl_div(log_p, target, reduction="batchmean")
        if mean
        else (F.kl_div(log_p, target, reduction="none").sum(1))
    )


def ctc(p, z, p_lengths, z_lengths, mean):  # its own mean divides by the lengths as well
    log_p, blank = F.log_softmax(p, 2), p.shape[2] - 1
    value = F.ctc_loss(log_p, z, p_lengths, z_lengths, blank=blank, reduction="none")
    return value.mean() if mean else value


FORMULAS = {  # a formula, or several ways to write it, of which the fastest is timed
    "L2": own(F.mse_loss, 0.5),
    "L1": own(F.l1_loss),
    "Huber": own(F.huber_loss),
    "Hinge": by_hand(lambda p, z: F.relu(1 - p * z)),
    "SquaredHinge": by_hand(lambda p, z: F.relu(1 - p * z).square()),
    "Logistic": (own(F.soft_margin_loss), by_hand(lambda p, z: F.softplus(-p * z))),
    "SigmoidBCE": own(F.binary_cross_entropy_with_logits),
    "PoissonNLL": poisson_nll,
    "KLDiv": kl_div,
    "SoftmaxCE sparse": cross_entropy,
    "SoftmaxCE dense": cross_entropy,
    "Triplet": triplet,
    "CosineEmbedding": cosine_embedding,
    "SDML": sdml,
    "CTC": ctc,
}


def info():
    return {"version": torch.__version__, "threads": torch.get_num_threads()}


def set_threads(n):
    torch.set_num_threads(n)


def arguments(case, arrays):
    """The inputs as torch's users have them: whole numbers for classes, frames first for CTC."""
    p, *rest = map(torch.from_numpy, arrays)
    if "classes" in case.inputs or "labels" in case.inputs:
        rest[0] = rest[0].long()
    if case.name == "CTC":
        n, t, _ = p.shape
        p = p.transpose(0, 1).contiguous()
        rest += [torch.full((n,), t), torch.full((n,), rest[0].shape[1])]
    if case.name == "SDML":
        n = p.shape[0]
        rest.append(torch.full((n, n), SMOOTHING / (n - 1)).fill_diagonal_(1 - SMOOTHING))
    return p, rest


def prepare(case, arrays, variant="eager"):
    formulas = FORMULAS[case.name]
    formulas = formulas if isinstance(formulas, tuple) else (formulas,)
    p, rest = arguments(case, arrays)
    if variant == "compile":
        torch._dynamo.reset()
        return fastest([compiled(formula, p, rest) for formula in formulas])
    p.requires_grad_()
    return fastest([eager(formula, p, rest) for formula in formulas])


def eager(formula, p, rest):
    head = torch.ones_like(formula(p, *rest, mean=False))

    def call(mean):
        p.grad = None
        value = formula(p, *rest, mean=mean)
        value.backward(None if mean else head)
        return value, p.grad

    return {"sum": lambda: call(False), "mean": lambda: call(True)}


def compiled(formula, p, rest):
    """Value and gradient as one graph, so that forward and backward are fused."""

    def of_sum(p, *rest):
        value = formula(p, *rest, mean=False)
        return value.sum(), value

    def of_mean(p, *rest):
        return formula(p, *rest, mean=True)

    of_sum = torch.compile(torch.func.grad(of_sum, has_aux=True), dynamic=False)
    of_mean = torch.compile(torch.func.grad_and_value(of_mean), dynamic=False)
    return {
        "sum": lambda: of_sum(p, *rest)[::-1],
        "mean": lambda: of_mean(p, *rest)[::-1],
    }


def to_numpy(case, value, gradient):
    gradient = gradient.transpose(0, 1) if case.name == "CTC" else gradient
    return value.detach().numpy(), gradient.numpy()
