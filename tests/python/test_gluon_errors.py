"""Bad input to what is around the losses: errors name the argument, what it is, what is expected.

All are MXNetErrors, and ValueErrors or TypeErrors as well; AssertionErrors where MXNet asserts.
"""

import numpy as np
import pytest

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import data, nn, utils
from mxloss.gluon import loss as losses

X, Y = np.ones((5, 2), "float32"), np.arange(5)
PAIRS = data.ArrayDataset(X, Y)
P, D, init, opt, metric, io = (
    gluon.Parameter, gluon.ParameterDict, mx.init, mx.optimizer, mx.metric, mx.io)


def ready(layer):
    layer.initialize()
    return layer


def shaped(**kwargs):
    p = P("w", **{"shape": (2,), **kwargs})
    p.initialize("ones")
    return p


def trainer(*args, **kwargs):
    return gluon.Trainer(ready(nn.Dense(1, in_units=1)).collect_params(), *args, **kwargs)


def assign(thing, name, value):
    setattr(thing, name, value)


def update(labels, preds, **kwargs):
    metric.Accuracy(**kwargs).update(labels, preds)


def number(name, value):
    return [name, f"number, got {value!r}"]


LAYERS = [
    (lambda: nn.Dense("a"), ValueError, ["Dense: units is 'a'", "integer from 1 on"]),
    (lambda: nn.Dense(0), ValueError, ["units is 0", "from 1 on"]),
    (lambda: nn.Dense(2.5), ValueError, ["units is 2.5", "integer"]),
    (lambda: nn.Dense(True), ValueError, ["units is True", "integer"]),
    (lambda: nn.Dense(3, in_units=-1), ValueError, ["in_units is -1", "from 0 on"]),
    (lambda: nn.Dense(3, in_units="x"), ValueError, ["in_units is 'x'", "integer from 0 on"]),
    (lambda: nn.Dense(3, activation="foo"), ValueError, ["activation is 'foo'", "relu, sigmoid"]),
    (lambda: nn.Dense(3, activation=3), ValueError, ["activation is 3", "relu, sigmoid, tanh"]),
    (lambda: nn.Dense(3, dtype="foo"), TypeError, ["_weight'", "dtype is 'foo'", "'float32'"]),
    (lambda: ready(nn.Dense(3, weight_initializer="foo")), AssertionError,
     ["'foo' is not registered", "xavier"]),
    (lambda: ready(nn.Dense(3, weight_initializer=3)), TypeError, ["init is 3", "initializer"]),
    (lambda: ready(nn.Dense(3, in_units=4))(nd.ones((2, 3))), ValueError,
     ["FullyConnected", "(2, 3)", "3 features", "expected 4", "(3, 4)"]),
    (lambda: ready(nn.Dense(3, in_units=4, flatten=False))(nd.ones((2, 4, 2))), ValueError,
     ["(2, 4, 2)", "2 features", "expected 4"]),
    (lambda: ready(nn.Dense(3))(nd.array(3)), ValueError, ["Dense", "inputs of shape ()"]),
    (lambda: ready(nn.Dense(3, in_units=1))(nd.array(3)), ValueError, ["()", "1 axis or more"]),
    (lambda: ready(nn.Dense(3, in_units=4))(nd.ones((2, 4)), nd.ones((3,))), TypeError,
     ["Dense was called with 2 inputs", "hybrid_forward takes", "weight, bias"]),
    (lambda: ready(nn.Dense(3))(), ValueError, ["Dense", "one NDArray", "got nothing"]),
    (lambda: ready(nn.Dense(3))("a"), ValueError, ["one NDArray or one Symbol", "got str"]),
    (lambda: nn.Dense(3, prefix="d_")(nd.ones((2, 3))), RuntimeError,
     ["'d_weight' has not been initialized", "initialize()"]),
    (lambda: nn.Activation("foo"), ValueError, ["Activation: activation is 'foo'", "softsign"]),
    (lambda: nn.Activation(["relu"]), ValueError, ["activation is ['relu']", "softsign"]),
    (lambda: nn.Dropout("a"), ValueError, ["Dropout: rate is 'a'", "0 to below 1"]),
    (lambda: nn.Dropout(1.5), ValueError, ["rate is 1.5", "0 to below 1"]),
    (lambda: nn.Dropout(0.5, axes="x"), TypeError, ["axes is 'x'", "tuple of integers"]),
    (lambda: nn.Lambda("nope"), AssertionError, ["Lambda: function name nope is not found"]),
    (lambda: nn.Lambda(3), TypeError, ["Lambda: function is 3", "operator"]),
    (lambda: nn.HybridLambda("nope"), AssertionError, ["HybridLambda", "nope is not found"]),
    (lambda: nn.HybridLambda(None), TypeError, ["HybridLambda: function is None"]),
    (lambda: nn.Sequential().add(3), TypeError, ["Sequential", "type int", "expected a Block"]),
    (lambda: nn.HybridSequential().add(nn.Sequential()), ValueError, ["must also be HybridBlock"]),
    (lambda: nn.Dense(1).collect_params("*"), ValueError, ["select is '*'", "regular expression"]),
    (lambda: nn.Dense(1).collect_params(3), ValueError, ["select is 3", "regular expression"]),
    (lambda: nn.Dense(1).initialize(ctx="gpu"), TypeError, ["ctx is 'gpu'", "mx.cpu()"]),
    (lambda: nn.Dense(1).initialize(3), TypeError, ["init is 3", "initializer"]),
    (lambda: nn.Dense(1).cast("foo"), TypeError, ["dtype is 'foo'"]),
    (lambda: nn.Dense(1).register_forward_hook(3), TypeError, ["hook is 3", "function"]),
    (lambda: nn.Dense(1).register_forward_pre_hook("x"), TypeError, ["hook is 'x'", "function"]),
    (lambda: nn.Dense(1).register_op_hook(3), TypeError, ["callback is 3", "function"]),
    (lambda: losses.L2Loss(foo=3), TypeError, ["L2Loss() got an unexpected keyword", "'foo'"]),
    (lambda: mx.cpu("a"), TypeError, ["device_id is 'a'", "integer"]),
    (lambda: mx.Context("tpu"), RuntimeError, ["'tpu'", "expected cpu"]),
]

PARAMETERS = [
    (lambda: P(3), TypeError, ["name is 3", "str"]),
    (lambda: P("w", shape="ab"), ValueError, ["'w'", "shape is 'ab'", "tuple of lengths"]),
    (lambda: P("w", shape=(2, "a")), ValueError, ["shape is (2, 'a')", "tuple of lengths"]),
    (lambda: P("w", shape=(2.5,)), ValueError, ["shape is (2.5,)", "tuple of lengths"]),
    (lambda: P("w", shape=-3), ValueError, ["shape is -3", "0 or -1"]),
    (lambda: P("w", dtype="foo"), TypeError, ["'w'", "dtype is 'foo'"]),
    (lambda: P("w", lr_mult="x"), TypeError, number("lr_mult", "x")),
    (lambda: P("w", wd_mult=None), TypeError, number("wd_mult", None)),
    (lambda: P("w", grad_req="foo"), AssertionError, ["'write', 'add', or 'null'", "'foo'"]),
    (lambda: P("w", stype="csr"), ValueError, ["'w'", "stype", "'default'"]),
    (lambda: P("w").initialize(), ValueError, ["'w'", "invalid shape: None"]),
    (lambda: P("w", shape=(2,)).data(), RuntimeError, ["'w' has not been initialized"]),
    (lambda: P("w", shape=(2,)).grad(), RuntimeError, ["'w' has not been initialized"]),
    (lambda: P("w", shape=(2,)).list_ctx(), RuntimeError, ["'w' has not been initialized"]),
    (lambda: P("w", shape=(2,)).initialize(ctx=3), TypeError, ["ctx is 3", "mx.cpu()"]),
    (lambda: P("weight", shape=(2,)).initialize(init.Xavier()), ValueError,
     ["'weight'", "(2,)", "at least two axes"]),
    (lambda: P("foo", shape=(2,)).initialize(init="nope"), AssertionError, ["'nope' is not reg"]),
    (lambda: shaped().set_data(3), TypeError, ["'w'", "set_data got 3", "NDArray"]),
    (lambda: shaped().set_data(nd.ones((3,))), AssertionError, ["(2,)", "(3,)"]),
    (lambda: assign(shaped(), "shape", (2, "a")), ValueError, ["shape is (2, 'a')"]),
    (lambda: assign(shaped(), "shape", 3), AssertionError, ["(2,) cannot take the shape (3,)"]),
    (lambda: shaped().cast("foo"), TypeError, ["dtype is 'foo'"]),
    (lambda: shaped().reset_ctx(3), TypeError, ["ctx is 3"]),
    (lambda: gluon.Constant("c", "a"), ValueError, ["array", "'a'"]),
    (lambda: assign(gluon.Constant("c", [1]), "grad_req", "add"), ValueError, ["'c'", "'null'"]),
    (lambda: D(3), TypeError, ["prefix is 3", "str"]),
    (lambda: D("a", 3), TypeError, ["shared is 3", "ParameterDict"]),
    (lambda: D().get(3), TypeError, ["name is 3", "str"]),
    (lambda: D().get("w", shape="x"), ValueError, ["shape is 'x'"]),
    (lambda: D().get_constant(None), TypeError, ["name is None", "str"]),
    (lambda: D().update(3), TypeError, ["other is of type int", "ParameterDict"]),
    (lambda: D().initialize(3), TypeError, ["init is 3"]),
    (lambda: D().reset_ctx("x"), TypeError, ["ctx is 'x'"]),
    (lambda: init.Uniform("x"), ValueError, ["Uniform: scale is 'x'", "finite number"]),
    (lambda: init.Uniform(float("nan")), ValueError, ["scale is nan", "finite number"]),
    (lambda: init.Normal(-1), ValueError, ["Normal: sigma is -1", "from 0 on"]),
    (lambda: init.Xavier(rnd_type="x"), ValueError, ["rnd_type is 'x'", "'uniform' or 'gaussian'"]),
    (lambda: init.Xavier(factor_type="x"), ValueError, ["factor_type is 'x'", "'avg', 'in' or"]),
    (lambda: init.Xavier(magnitude="x"), ValueError, ["magnitude is 'x'", "from 0 on"]),
    (lambda: init.Xavier(magnitude=-1), ValueError, ["magnitude is -1", "from 0 on"]),
    (lambda: init.MSRAPrelu(slope="x"), ValueError, ["slope is 'x'", "finite number"]),
    (lambda: init.MSRAPrelu("x"), ValueError, ["factor_type is 'x'"]),
    (lambda: init.create("foo"), AssertionError, ["'foo' is not registered", "xavier"]),
    (lambda: init.create(3), AssertionError, ["3 is not registered", "xavier"]),
    (lambda: init.create("[1]"), ValueError, ["'[1]'", "dumps()"]),
    (lambda: init.register(3), TypeError, ["3 is not a subclass of Initializer"]),
    (lambda: init.One()(3, nd.ones((1,))), TypeError, ["desc is 3", "name"]),
    (lambda: init.One()("weight", 3), TypeError, ["arr is 3", "NDArray"]),
    (lambda: init.One()("zz", nd.ones((1,))), ValueError, ["'zz'", "weight, bias"]),
    (lambda: init.Constant([1, 2])("weight", nd.ones((3,))), ValueError, ["(2,)", "(3,)"]),
]

TRAINING = [
    (lambda: trainer("foo"), ValueError, ["optimizer 'foo'", "adam, sgd"]),
    (lambda: trainer(3), ValueError, ["optimizer 3", "adam, sgd"]),
    (lambda: gluon.Trainer(3, "sgd"), ValueError, ["list or dict of Parameters, got <class 'int'"]),
    (lambda: gluon.Trainer([3], "sgd"), ValueError, ["of Parameters, got list of <class 'int'>"]),
    (lambda: gluon.Trainer(nn.Dense(1), "sgd"), ValueError, ["Dense", "net.collect_params()"]),
    (lambda: trainer("sgd", 3), TypeError, ["optimizer_params is 3", "dict"]),
    (lambda: trainer("sgd", {"learning_rate": "x"}), TypeError, number("learning_rate", "x")),
    (lambda: trainer(opt.SGD(), {"wd": 1}), AssertionError, ["optimizer_params must be None"]),
    (lambda: trainer("sgd", kvstore="dist_sync"), ValueError, ["kvstore is 'dist_sync'"]),
    (lambda: trainer("sgd", compression_params={"type": "2bit"}), ValueError, ["compression"]),
    (lambda: trainer("sgd").set_learning_rate("x"), TypeError, number("lr", "x")),
    (lambda: trainer("sgd").step("x"), TypeError, number("step: batch_size", "x")),
    (lambda: trainer("sgd").step(None), TypeError, number("batch_size", None)),
    (lambda: trainer("sgd").step(0), ValueError, ["batch_size is 0", "above 0"]),
    (lambda: trainer("sgd").step(float("nan")), ValueError, ["batch_size is nan", "above 0"]),
    (lambda: gluon.Trainer(nn.Dense(1, in_units=1, prefix="d_").collect_params(), "sgd").step(1),
     RuntimeError, ["'d_bias' has not been initialized"]),
    (lambda: gluon.Trainer(ready(nn.Dense(1, prefix="d_")).collect_params(".*w"), "sgd").step(1),
     gluon.DeferredInitializationError, ["'d_weight'", "deferred"]),
    (lambda: opt.SGD("x"), TypeError, number("momentum", "x")),
    (lambda: opt.SGD(wd="x"), TypeError, number("wd", "x")),
    (lambda: opt.SGD(rescale_grad="x"), TypeError, number("rescale_grad", "x")),
    (lambda: opt.SGD(clip_gradient="x"), TypeError, number("clip_gradient", "x")),
    (lambda: opt.SGD(begin_num_update="x"), TypeError, number("begin_num_update", "x")),
    (lambda: opt.SGD(lr_scheduler=3), TypeError, ["lr_scheduler is 3", "function"]),
    (lambda: opt.SGD(param_dict=3), TypeError, ["param_dict is 3", "dict"]),
    (lambda: opt.SGD(multi_precision=True), ValueError, ["multi_precision"]),
    (lambda: opt.SGD().set_lr_mult(3), TypeError, ["args_lr_mult is 3", "dict"]),
    (lambda: opt.SGD().set_wd_mult(3), TypeError, ["args_wd_mult is 3", "dict"]),
    (lambda: opt.Adam(beta1="x"), TypeError, number("beta1", "x")),
    (lambda: opt.Adam(epsilon=None), TypeError, number("epsilon", None)),
    (lambda: metric.create("foo"), AssertionError, ["'foo'", "acc, accuracy, loss"]),
    (lambda: metric.create(3), AssertionError, ["no metric 3", "acc, accuracy, loss"]),
    (lambda: metric.Accuracy("x"), TypeError, ["axis is 'x'", "integer"]),
    (lambda: update(3, 4), TypeError, ["labels is of type int", "NDArray or a list"]),
    (lambda: update([nd.ones((2,))], "b"), TypeError, ["preds is of type str"]),
    (lambda: update([Y], [Y, Y]), ValueError, ["labels 1", "predictions 2"]),
    (lambda: update([Y[:3]], [X[:2]]), ValueError, ["labels 3", "predictions 2"]),
    (lambda: update([Y[:2]], [X[:2]], axis=5), ValueError, ["(2, 2)", "no axis 5"]),
    (lambda: metric.Loss().update(None, 3), TypeError, ["preds is of type int"]),
    (lambda: metric.Accuracy(label_names=["l"]).update_dict({"x": Y}, {}), ValueError,
     ["no array 'l'", "['x']"]),
    (lambda: metric.check_label_shapes(nd.ones((1,)), nd.ones((2,)), shape=True), ValueError,
     ["labels (1,)", "predictions (2,)"]),
    (lambda: utils.split_data(3, 2), TypeError, ["split_data: data is 3", "NDArray"]),
    (lambda: utils.split_data(X, 0), ValueError, ["num_slice is 0", "from 1 on"]),
    (lambda: utils.split_data(X, "a"), ValueError, ["num_slice is 'a'", "integer"]),
    (lambda: utils.split_data(X, 1, batch_axis=2), ValueError, ["batch_axis is 2", "0 to 1"]),
    (lambda: utils.split_and_load("a", [mx.cpu()]), TypeError, ["data is 'a'", "NDArray"]),
    (lambda: utils.split_and_load(X, 3), TypeError, ["ctx is 3", "mx.cpu()"]),
    (lambda: utils.clip_global_norm([], 1), AssertionError, ["arrays is empty"]),
    (lambda: utils.clip_global_norm([3], 1), TypeError, ["arrays is [3]", "list of NDArrays"]),
    (lambda: utils.clip_global_norm(nd.ones((2,)), 1), TypeError, ["list of NDArrays"]),
    (lambda: utils.clip_global_norm([nd.ones((2,))], "a"), ValueError, ["max_norm is 'a'"]),
]

DATA = [
    (lambda: data.ArrayDataset(), AssertionError, ["at least one array"]),
    (lambda: data.ArrayDataset(3), TypeError, ["array 0 is of type int", "an array or a list"]),
    (lambda: data.ArrayDataset(X, Y[:3]), AssertionError, ["same length", "5", "array 1 has 3"]),
    (lambda: data.SimpleDataset(3), TypeError, ["data is of type int"]),
    (lambda: PAIRS.transform(3), TypeError, ["transform: fn is 3", "function"]),
    (lambda: PAIRS.transform_first(3), TypeError, ["transform_first: fn is 3", "function"]),
    (lambda: data.SequentialSampler("a"), ValueError, ["length is 'a'", "from 0 on"]),
    (lambda: data.RandomSampler(-1), ValueError, ["length is -1", "from 0 on"]),
    (lambda: data.BatchSampler(3, 2), TypeError, ["sampler is 3", "Sampler"]),
    (lambda: data.BatchSampler([1], 0), ValueError, ["batch_size is 0", "from 1 on"]),
    (lambda: data.BatchSampler([1], 1, "x"), ValueError, ["'keep', 'discard', or 'rollover'"]),
    (lambda: data.DataLoader(3, 2), TypeError, ["dataset is of type int"]),
    (lambda: data.DataLoader(PAIRS), ValueError, ["batch_size must be specified"]),
    (lambda: data.DataLoader(PAIRS, 0), ValueError, ["batch_size is 0", "from 1 on"]),
    (lambda: data.DataLoader(PAIRS, 2.5), ValueError, ["batch_size is 2.5", "integer"]),
    (lambda: data.DataLoader(PAIRS, 2, last_batch="x"), ValueError, ["last_batch must be", "'x'"]),
    (lambda: data.DataLoader(PAIRS, 2, True, sampler=[1]), ValueError, ["shuffle must not be"]),
    (lambda: data.DataLoader(PAIRS, 2, sampler=3), TypeError, ["sampler is 3"]),
    (lambda: data.DataLoader(PAIRS, 2, batch_sampler=[[1]]), ValueError, ["must not be specified"]),
    (lambda: data.DataLoader(PAIRS, batch_sampler=3), TypeError, ["batch_sampler is 3"]),
    (lambda: data.DataLoader(PAIRS, 2, num_workers=-1), ValueError, ["num_workers is -1"]),
    (lambda: data.DataLoader(PAIRS, 2, num_workers="a"), ValueError, ["num_workers is 'a'"]),
    (lambda: data.DataLoader(PAIRS, 2, batchify_fn=3), TypeError, ["batchify_fn is 3", "function"]),
    (lambda: list(data.DataLoader(["a", "b"], 2)), TypeError, ["'a'", "batchify_fn"]),
    (lambda: list(data.DataLoader([{"a": 1}], 1)), TypeError, ["{'a': 1}", "batchify_fn"]),
    (lambda: list(data.DataLoader([np.ones(2), np.ones(3)], 2)), TypeError, ["one shape"]),
    (lambda: list(data.DataLoader([nd.ones((2,)), nd.ones((3,))], 2)), ValueError, ["(2,), (3,)"]),
    (lambda: io.NDArrayIter(3), TypeError, ["data is of type int", "list or dict"]),
    (lambda: io.NDArrayIter(None), TypeError, ["data is None", "arrays"]),
    (lambda: io.NDArrayIter([]), AssertionError, ["data is empty", "one array"]),
    (lambda: io.NDArrayIter({"a": 3}), ValueError, ["a is a single number"]),
    (lambda: io.NDArrayIter(X, Y[:3]), ValueError, ["softmax_label has 3 samples; expected 5"]),
    (lambda: io.NDArrayIter(X, Y, "a"), ValueError, ["batch_size is 'a'", "integer above 0"]),
    (lambda: io.NDArrayIter(X, last_batch_handle="x"), ValueError, ["'x'", "pad, discard or roll"]),
    (lambda: io.DataBatch(3), TypeError, ["data is of type int", "list"]),
]


@pytest.mark.parametrize("call, kind, words", LAYERS + PARAMETERS + TRAINING + DATA,
                         ids=lambda x: x[0] if isinstance(x, list) else "")
def test_refusals(call, kind, words):
    with pytest.raises(mx.MXNetError) as caught:
        call()
    assert isinstance(caught.value, kind)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("call, kind, words", [  # with Python's own errors
    (lambda: nn.Sequential()[0], IndexError, ["Sequential: no block 0; there are 0"]),
    (lambda: nn.HybridSequential()["a"], TypeError, ["no block 'a'"]),
    (lambda: D()["nope"], KeyError, ["nope"]), (lambda: PAIRS[7], IndexError, ["7", "5"]),
    (lambda: P("w", foo=3), TypeError, ["unexpected keyword argument 'foo'"]),
    (lambda: nn.Dense(3, foo=3), TypeError, ["unexpected keyword argument 'foo'"]),
    (lambda: trainer("sgd", {"foo": 3}), TypeError, ["unexpected keyword argument 'foo'"]),
    (lambda: data.Dataset()[0], NotImplementedError, ["Dataset does not override __getitem__"]),
    (lambda: iter(data.Sampler()), NotImplementedError, ["Sampler does not override __iter__"]),
    (lambda: next(io.DataIter()), NotImplementedError, ["DataIter does not override next"]),
    (lambda: metric.EvalMetric("e").update([], []), NotImplementedError, ["EvalMetric does not"])])
def test_other_refusals(call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


def test_what_fails_leaves_things_as_they_were():
    layer = ready(nn.Dense(2, in_units=3, prefix="d_"))
    before = layer.weight.data().asnumpy()
    for bad in (lambda: layer.weight.set_data(nd.ones((2, 4))), lambda: layer.cast("foo"),
                lambda: layer.weight.initialize("nope", force_reinit=True),
                lambda: layer.weight.initialize(lambda *_: nd.nope, force_reinit=True),
                lambda: layer.initialize(ctx="x", force_reinit=True)):
        with pytest.raises((mx.MXNetError, AttributeError)):
            bad()
        np.testing.assert_array_equal(layer.weight.data().asnumpy(), before)
    assert layer.weight.dtype == "float32" and layer.weight.shape == (2, 3)
    with autograd.record(), pytest.raises(ValueError, match="features"):
        layer(nd.ones((1, 4)))
    assert not autograd.is_recording()
