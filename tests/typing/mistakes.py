"""Wrong uses: a type checker has to find each of them. Nothing runs this."""

import numpy as np

import mxloss as mx
from mxloss import autograd, gluon, nd, sym
from mxloss.gluon import nn

pred, label = np.zeros((2, 3), np.float32), np.zeros((2, 3))
x, a = nd.zeros((2, 3)), sym.var("a")
loss, ctc = gluon.loss.L2Loss(), gluon.loss.CTCLoss()

# calls of losses
loss(pred)  # type: ignore[call-arg]
loss(pred, label, None, None)  # type: ignore[call-arg]
loss(pred, labels=label)  # type: ignore[call-arg]
loss({"pred": 1}, label)  # type: ignore[type-var]
loss([1.0, 2.0], label)  # type: ignore[type-var]
loss(pred, x)  # type: ignore[type-var]
loss(x, a)  # type: ignore[type-var]
loss(pred, label).asnumpy()  # type: ignore[attr-defined]
loss(x, x).tolist()  # type: ignore[attr-defined]
gluon.loss.TripletLoss()(pred, label)  # type: ignore[call-arg]
ctc(pred, label, pred_length=[3])  # type: ignore[call-arg]

# options
gluon.loss.HuberLoss(delta=1)  # type: ignore[call-arg]
gluon.loss.HuberLoss(rho="1")  # type: ignore[arg-type]
gluon.loss.L2Loss(batch_axis=None)  # type: ignore[arg-type]
gluon.loss.SoftmaxCELoss(out_of_range="ignore")  # type: ignore[arg-type]
gluon.loss.KLDivLoss(reduction="none")  # type: ignore[arg-type]
gluon.loss.CTCLoss("NCT")  # type: ignore[arg-type]
gluon.loss.CTCLoss(batch_axis=0)  # type: ignore[call-arg]
gluon.loss.HuberLos()  # type: ignore[attr-defined]

# value and gradient
loss.value_and_grad(pred, label, ("pred",), "pred")  # type: ignore[call-overload]
loss.value_and_grad(pred, label, wrt=1.5)  # type: ignore[call-overload]
loss.value_and_grad(pred, label, wrt={"pred"})  # type: ignore[call-overload]
loss.value_and_grad(pred, label, out=pred)  # type: ignore[call-overload]
loss.value_and_grad(a, a)  # type: ignore[call-overload]
value, (gradient,) = loss.value_and_grad(pred, label, wrt=("pred",))
gradient.asnumpy()  # type: ignore[attr-defined]
_, single = loss.value_and_grad(x, x)
single[0].tolist()  # type: ignore[attr-defined]

# arrays
x + "1"  # type: ignore[operator]
x.asnumpy(1)  # type: ignore[call-arg]
x.attach_grad("sum")  # type: ignore[arg-type]
x.softmx()  # type: ignore[attr-defined]
nd.exp(pred)  # type: ignore[arg-type]
nd.exp(x, axis=1)  # type: ignore[call-arg]
nd.logsoftmax(x)  # type: ignore[attr-defined]
nd.concat([x, x])  # type: ignore[arg-type]
nd.split(x, num_outputs=3).mean()  # type: ignore[attr-defined]
sym.exp(x)  # type: ignore[arg-type]
a.eval(a=pred)  # type: ignore[arg-type]

# around them
mx.np  # type: ignore[attr-defined]
mx.show_config("json")  # type: ignore[call-overload]
mx.set_num_threads("2")  # type: ignore[arg-type]
nn.Dense("10")  # type: ignore[arg-type]
nn.Conv2D(3)  # type: ignore[attr-defined]
gluon.Trainer(x, "sgd")  # type: ignore[arg-type]
gluon.Trainer({}, optimiser="sgd")  # type: ignore[call-arg]
autograd.backward(label)  # type: ignore[arg-type]
mx.metric.Accuracy().get().value  # type: ignore[attr-defined]
