"""The graph of operators that each built-in loss stands for: it agrees with the kernel."""

import numpy as np
import pytest
from cases import VARIANTS
from row_cases import ALL, CTC

import mxloss as mx
from mxloss import autograd, nd
from mxloss.gluon import loss as losses

WITHOUT = {"infeasible"}  # options that operators cannot express


def drawn(v, weight=None, seed=5, shape=(4, 3)):
    return v.inputs(np.random.default_rng(seed), shape, "float64", weight)


def by_graph(v, x, loss=None):
    """value, {name: gradient} by the operators."""
    arrays = {name: nd.array(a, dtype="float64") for name, a in x.items()}
    for a in arrays.values():
        a.attach_grad()
    names = v.loss()._info.inputs
    head = np.random.default_rng(8)
    with autograd.record():
        out = (loss or v.loss())._graph(nd, *[arrays.get(name) for name in names], **v.call)
    head = head.uniform(0.5, 2, out.shape)
    out.backward(nd.array(head, dtype="float64"))
    return out.asnumpy(), {name: a.grad.asnumpy() for name, a in arrays.items()}, head


def check(v, x, loss=None):
    value, grads, head = by_graph(v, x, loss)
    wanted, slopes = v.run(x, loss, head_grad=head)
    np.testing.assert_allclose(value, wanted, rtol=1e-11, atol=1e-13)
    for name, slope in slopes.items():
        np.testing.assert_allclose(grads[name], slope, rtol=1e-9, atol=1e-12, err_msg=name)


def weights(v):
    """None, and all shapes of weights that are not those of a label."""
    shapes = [None, *v.weight_shapes((4, 3))]
    if v.case.rows:  # label-shaped weights are for arrays only
        shapes = [s for s in shapes if s is None or len(s) in (0, 2)]
    return [s for s in shapes if s != ()]


EACH = [(v, w) for v in ALL if not WITHOUT & v.ctor.keys() for w in weights(v)]


@pytest.mark.parametrize("v, weight", EACH, ids=lambda a: getattr(a, "id", str(a)))
def test_graph_is_kernel(v, weight):
    check(v, drawn(v, weight))


@pytest.mark.parametrize("v", [v for v in VARIANTS if v.ctor.keys() <= {"weight"}],
                         ids=lambda v: v.id)
@pytest.mark.parametrize("shape, batch_axis", [((2, 3, 4), 1), ((2, 3, 4), -1), ((5,), 0)])
def test_shapes_and_batch_axes(v, shape, batch_axis):
    if v.fits(shape):
        check(v, drawn(v, shape=shape), v.loss(batch_axis))


@pytest.mark.parametrize("given", [("pred_lengths",), ("label_lengths",),
                                   ("pred_lengths", "label_lengths")])
def test_ctc_lengths(given):
    v = CTC(given)
    check(v, drawn(v, weight=(4,)))


def test_labels_of_another_shape():
    """As many numbers: read in the shape of pred."""
    for v in VARIANTS:
        if v.sparse or v.case.name == "KLDivLoss":
            continue
        x = drawn(v)
        x[v.names[1]] = x[v.names[1]].reshape(2, 6)
        check(v, x)


def test_kl_label_broadcasts():
    v = next(v for v in VARIANTS if v.case.name == "KLDivLoss")
    x = drawn(v)
    check(v, {**x, "label": x["label"][:1]})


def test_where_the_true_derivative_differs():
    """Section 9 of the notes: the kernel repairs what operators have at logit 0."""
    x, z = np.zeros((1, 2)), np.array([[0.0, 1.0]])
    pred = nd.array(x, dtype="float64")
    pred.attach_grad()
    with autograd.record():
        losses.SigmoidBCELoss()._graph(nd, pred, nd.array(z, dtype="float64")).backward()
    np.testing.assert_array_equal(pred.grad.asnumpy(), [[0, -0.5]])
    _, true = losses.SigmoidBCELoss().value_and_grad(x, z)
    np.testing.assert_array_equal(true, [[0.25, -0.25]])


def test_infeasible_inf_has_no_graph():
    loss = losses.CTCLoss(infeasible="inf")
    with pytest.raises(ValueError, match="infeasible='inf' cannot be expressed"):
        loss(mx.sym.var("pred"), mx.sym.var("label"))


# ---- Who runs operators --------------------------------------------------------------------------


class Manhattan(losses.CosineEmbeddingLoss):
    """With another measure of likeness."""

    def _cosine_similarity(self, F, x, y, axis=-1):
        return F.exp(-F.sum(F.abs(x - y), axis=axis)).reshape(-1, 1)


def test_overridden_helper():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 4, 3))
    label = np.array([1.0, -1, -1, 1])
    alike = np.exp(-abs(x - y).sum(1))
    wanted = np.where(label == 1, 1 - alike, np.maximum(0, alike - 0.01))[:, None]
    loss = Manhattan(margin=0.01)
    np.testing.assert_allclose(loss(x, y, label), wanted, rtol=1e-12)
    arrays = [nd.array(a, dtype="float64") for a in (x, y, label)]
    np.testing.assert_allclose(loss(*arrays).asnumpy(), wanted, rtol=1e-12)
    np.testing.assert_allclose(loss.hybrid_forward(nd, *arrays).asnumpy(), wanted, rtol=1e-12)
    graph = loss(*map(mx.sym.var, ("x", "y", "label")))
    (found,) = graph.eval(**dict(zip(("x", "y", "label"), arrays)))
    np.testing.assert_allclose(found.asnumpy(), wanted, rtol=1e-12)
    with pytest.raises(TypeError, match="Manhattan overrides"):
        loss.value_and_grad(x, y, label)


def test_poisson_with_an_array_epsilon():
    rng = np.random.default_rng(1)
    pred, target = rng.uniform(0.2, 3, (2, 4, 3))
    x, epsilon = (nd.array(a, dtype="float64") for a in (pred, np.full((4, 3), 0.1)))
    epsilon.attach_grad()
    loss = losses.PoissonNLLLoss(from_logits=False)
    for call in (lambda: loss(x, nd.array(target, dtype="float64"), None, epsilon),
                 lambda: loss(x, nd.array(target, dtype="float64"), epsilon=epsilon)):
        with autograd.record():
            out = call()
        out.backward()
        np.testing.assert_allclose(out.asnumpy(), loss(pred, target, None, 0.1), rtol=1e-12)
        np.testing.assert_allclose(epsilon.grad.asnumpy(), -target / (pred + 0.1) / 12, rtol=1e-12)


def test_hybrid_forward_of_a_built_in():
    """With nd the kernel, to the bit; with sym operators."""
    for v in ALL:
        x, names = drawn(v), v.loss()._info.inputs
        inputs = [nd.array(x[n], dtype=x[n].dtype) if n in x else None for n in names]
        np.testing.assert_array_equal(v.loss().hybrid_forward(nd, *inputs, **v.call).asnumpy(),
                                      v.run(x)[0])
    graph = losses.L2Loss(prefix="l_").hybrid_forward(mx.sym, mx.sym.var("a"), mx.sym.var("b"))
    assert graph.list_arguments() == ["b", "a"]


def test_bad_options_are_refused_with_symbols_too():
    loss = losses.HuberLoss()
    loss._rho = -1
    with pytest.raises(ValueError, match="HuberLoss: rho must be a finite number above 0"):
        loss(mx.sym.var("a"), mx.sym.var("b"))
