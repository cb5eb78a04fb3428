"""Losses as users call them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from both import assert_type

import mxloss as mx
from mxloss.gluon import loss as losses
from mxloss.nd import NDArray

Array = npt.NDArray[Any]

pred = np.array([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], dtype=np.float32)
label = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
classes = [0, 2]

# numpy in, numpy out; NDArray in, NDArray out; Symbol in, Symbol out
l2 = losses.L2Loss()
assert_type(l2(pred, label), Array)
assert_type(l2(pred, label, np.ones((2, 1))), Array)
assert_type(l2(pred, label=label, sample_weight=[[1.0], [2.0]]), Array)
assert_type(l2(mx.nd.array(pred), mx.nd.array(label)), NDArray)
assert_type(l2(mx.nd.array(pred), label), NDArray)
assert_type(l2(mx.sym.var("pred"), mx.sym.var("label")), mx.sym.Symbol)

# every loss, with its options
assert_type(losses.L1Loss(weight=2.0, batch_axis=0)(pred, label), Array)
assert_type(losses.HuberLoss(rho=0.5)(pred, label), Array)
assert_type(losses.SigmoidBCELoss(from_sigmoid=False)(pred, label, None, np.ones(3)), Array)
assert_type(losses.SoftmaxCELoss(axis=-1)(pred, classes), Array)
assert_type(losses.SoftmaxCrossEntropyLoss(sparse_label=False)(pred, label), Array)
assert_type(losses.SoftmaxCELoss(out_of_range="clip")(pred, [0, 7]), Array)
assert_type(losses.KLDivLoss(from_logits=False, reduction="sum")(pred, label), Array)
assert_type(losses.HingeLoss(margin=2)(pred, label), Array)
assert_type(losses.SquaredHingeLoss()(pred, label), Array)
assert_type(losses.LogisticLoss(label_format="binary")(pred, label), Array)
assert_type(losses.PoissonNLLLoss(compute_full=True)(pred, label, epsilon=1e-6), Array)
assert_type(losses.TripletLoss()(pred, label, -label), Array)
assert_type(losses.CosineEmbeddingLoss(margin=0.1)(pred, label, [1, -1]), Array)
assert_type(losses.SDMLLoss(smoothing_parameter=0.2)(pred, label), Array)
frames = np.zeros((1, 4, 3))
assert_type(losses.CTCLoss(layout="NTC")(frames, [[0, 1]], label_lengths=[2]), Array)

# value and gradient: one gradient for one name, a tuple of them for several
assert_type(l2.value_and_grad(pred, label), tuple[Array, Array])
assert_type(l2.value_and_grad(pred, label, wrt="label"), tuple[Array, Array])
assert_type(l2.value_and_grad(pred, label, wrt=1), tuple[Array, Array])
assert_type(l2.value_and_grad(pred, label, wrt=("pred", "label")), tuple[Array, tuple[Array, ...]])
assert_type(l2.value_and_grad(pred, label, wrt=["label"]), tuple[Array, tuple[Array, ...]])
nd_pred, nd_label = mx.nd.array(pred), mx.nd.array(label)
assert_type(l2.value_and_grad(nd_pred, nd_label), tuple[NDArray, NDArray])
assert_type(l2.value_and_grad(nd_pred, nd_label, wrt=(0, 1)), tuple[NDArray, tuple[NDArray, ...]])
value, (d_pred, d_label) = l2.value_and_grad(pred, label, wrt=("pred", "label"))
assert_type(d_label, Array)
assert_type(l2.value_and_grad(pred, label, head_grad=[1.0, 2.0])[1], Array)

# into arrays that are there
out = np.empty(2, np.float32), np.empty_like(pred)
assert_type(l2.value_and_grad(pred, label, out=out), tuple[Array, Array])
l2.value_and_grad(pred, label, out=(None, out[1]))
l2.value_and_grad(pred, label, wrt=("pred",), out=(out[0], [out[1]]))


def mean(loss: losses.Loss, x: Array, y: Array) -> float:
    """A loss of any kind, whose result nobody knows."""
    return float(loss(x, y).mean())


assert_type(mean(l2, pred, label), float)
