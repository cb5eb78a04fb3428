"""Trainer, optimizers, metrics, datasets and batches, against recordings of MXNet 1.9.1.

The weights are in training.py; the batches below are what the same lines print with MXNet.
"""

import warnings

import numpy as np
import pytest
import training

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import data as gdata
from mxloss.gluon import nn

X, Y = np.arange(10, dtype="float32").reshape(5, 2), np.arange(5) * 10


# ---- Optimizers and Trainer ----------------------------------------------------------------------


@pytest.mark.parametrize("name", training.OPTIMIZERS)
def test_steps(name):
    np.testing.assert_allclose(
        training.three_steps(mx, name), training.RECORDED[name], rtol=1e-5, atol=2e-7)


def test_a_small_training_run():
    np.testing.assert_allclose(
        training.classifier(mx), training.RECORDED["classifier"], rtol=1e-5, atol=2e-6)


def dense(**kwargs):
    net = nn.Dense(1, in_units=2, prefix="t_", **kwargs)
    net.initialize("ones")
    return net


def backward(net, scale=1.0):
    with autograd.record():
        y = net(nd.array([[1, 2]])) * scale
    y.backward()


def test_stale_gradients():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1})
    with pytest.raises(UserWarning, match="`t_bias` on context cpu.0. has not been updated"):
        trainer.step(1)
    backward(net)
    trainer.step(1)
    np.testing.assert_array_equal(net.weight.data().asnumpy(), [[0, -1]])
    with pytest.raises(UserWarning, match="ignore_stale_grad=True"):
        trainer.step(1)
    trainer.step(1, ignore_stale_grad=True)
    np.testing.assert_array_equal(net.weight.data().asnumpy(), [[0, -1]])


def test_add_and_zero_grad():
    net = dense()
    net.collect_params().setattr("grad_req", "add")
    for scale in (1, 10, 100):
        backward(net, scale)
    np.testing.assert_array_equal(net.weight.grad().asnumpy(), [[111, 222]])
    net.collect_params().zero_grad()
    backward(net)
    assert net.bias.grad().asscalar() == 1


def test_null_parameters_stay():
    net = dense()
    net.weight.grad_req = "null"
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    backward(net)
    trainer.step(1)
    assert net.weight.data().asnumpy().tolist() == [[1, 1]]
    assert net.bias.data().asscalar() == -0.5


def test_rate_of_a_trainer():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    assert trainer.learning_rate == 0.01 and isinstance(trainer.optimizer, mx.optimizer.SGD)
    trainer.set_learning_rate(0.5)
    assert trainer.learning_rate == trainer.optimizer.lr == 0.5
    assert gluon.Trainer(net.collect_params(), "Adam").learning_rate == 0.001
    given = mx.optimizer.SGD(learning_rate=0.3)
    assert gluon.Trainer([net.weight], given).optimizer is given
    # 0.5 / 1, as with MXNet 1.9.1; a learning rate that is given becomes the schedule's base_lr
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"lr_scheduler": training.Falling()})
    assert trainer.learning_rate == 0.5
    with pytest.raises(UserWarning, match="LRScheduler"):
        trainer.set_learning_rate(1)


def test_an_optimizer_of_ones_own():
    @mx.optimizer.register
    class Signs(mx.optimizer.Optimizer):
        def update(self, index, weight, grad, state):
            weight -= self.learning_rate * grad.sign()

    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "signs", {"learning_rate": 0.25})
    backward(net, -3)
    trainer.step(1)
    np.testing.assert_array_equal(net.weight.data().asnumpy(), [[1.25, 1.25]])
    with pytest.raises(NotImplementedError, match="Optimizer does not override update"):
        mx.optimizer.Optimizer().update(0, None, None, None)


def test_multipliers_by_name():
    sgd = mx.optimizer.SGD(learning_rate=1, wd=1, param_idx2name={0: "w"})
    sgd.set_lr_mult({"w": 0.5})
    sgd.set_wd_mult({0: 0.5})
    w = nd.array([2.0])
    sgd.update(0, w, nd.array([4.0]), sgd.create_state(0, w))
    assert w.asscalar() == 2 - 0.5 * (4 + 0.5 * 2)


def test_clip_global_norm():
    a, b = nd.array([3.0]), nd.array([4.0])
    assert gluon.utils.clip_global_norm([a, b], 1.0) == pytest.approx(5)
    np.testing.assert_allclose([a.asscalar(), b.asscalar()], [0.6, 0.8], rtol=1e-6)
    assert gluon.utils.clip_global_norm([a, b], 3.0) == pytest.approx(1)
    assert a.asscalar() == pytest.approx(0.6)
    with pytest.warns(UserWarning, match="nan or inf is detected"):
        gluon.utils.clip_global_norm([nd.array([np.inf])], 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gluon.utils.clip_global_norm([nd.array([np.inf])], 1, check_isfinite=False)


def test_split_data():
    """The first slices are the longer ones, as with MXNet."""
    split = gluon.utils.split_data
    x = nd.array(np.arange(10).reshape(5, 2))
    parts = split(x, 3, even_split=False)
    assert [p.shape for p in parts] == [(2, 2), (2, 2), (1, 2)]
    np.testing.assert_array_equal(parts[1].asnumpy(), [[4, 5], [6, 7]])
    assert [p.shape[0] for p in split(x, 6, even_split=False)] == [1] * 5 + [0]
    assert [p.asnumpy().tolist() for p in split(x[:2], 2, batch_axis=1)] == [[[0], [2]], [[1], [3]]]
    assert [type(p) for p in split(np.ones(4), 2)] == [np.ndarray] * 2
    (whole,) = gluon.utils.split_and_load(X, [mx.cpu()])
    np.testing.assert_array_equal(whole.asnumpy(), X)
    with pytest.raises(ValueError, match=r"\(5, 2\) cannot be evenly split into 2 slices along"):
        split(x, 2)


# ---- Metrics -------------------------------------------------------------------------------------

SCORES = [[0.9, 0.1], [0.8, 0.2]]


@pytest.mark.parametrize("labels, preds, kwargs, wanted", [
    ([[0, 1]], [SCORES], {}, 0.5), ([[0, 1]], [[0, 1]], {}, 1.0),
    ([[0, 1], [0]], [SCORES, [1]], {}, 1 / 3), ([[1.7]], [[1.2]], {}, 1.0),
    ([[[0], [1]]], [SCORES], {}, 0.5),
    ([[[0, 1], [1, 0]]], [np.arange(8).reshape(2, 2, 2)], {"axis": 1}, 0.5),
    ([[[0, 1], [1, 0]]], [np.arange(8).reshape(2, 2, 2)], {"axis": -1}, 0.5)])
def test_accuracy(labels, preds, kwargs, wanted):
    metric = mx.metric.Accuracy(**kwargs)
    for _ in range(2):
        metric.update([nd.array(a) for a in labels], [nd.array(a) for a in preds])
    assert metric.get() == ("accuracy", pytest.approx(wanted))
    assert str(metric) == f"EvalMetric: {{'accuracy': {metric.get()[1]!r}}}"
    assert metric.get_name_value() == [metric.get()]
    metric.reset()
    assert np.isnan(metric.get()[1])


def test_loss_metric():
    metric = mx.metric.create("loss")
    metric.update(None, [nd.array([1, 2, 3])])
    metric.update(0, [nd.array([[5]])])
    assert metric.get() == ("loss", 2.75) and metric.num_inst == 4
    metric.update(None, np.array([4.0]))
    assert metric.get() == ("loss", 3.0)


def test_other_ways_with_metrics():
    assert isinstance(mx.metric.create("ACC", axis=2), mx.metric.Accuracy)
    one = mx.metric.create("accuracy", name="zz")
    assert mx.metric.create(one) is one and one.name == "zz"
    chosen = mx.metric.Accuracy(output_names=["o"], label_names=["l"])
    chosen.update_dict({"x": nd.array([1]), "l": nd.array([0])},
                       {"o": nd.array([[1, 0]]), "q": nd.array([3])})
    assert chosen.get() == ("accuracy", 1.0)
    assert mx.metric.check_label_shapes(nd.ones((2,)), nd.ones((2,)), wrap=True)[0][0].shape == (2,)


# ---- Datasets and loaders ------------------------------------------------------------------------


def plain(batch):
    """A batch as lists, with the dtypes of its arrays."""
    if isinstance(batch, (list, tuple)):
        return [plain(b) for b in batch]
    return (batch.asnumpy().tolist(), np.dtype(batch.dtype).name)


A, B, C = [[0, 1], [2, 3]], [[4, 5], [6, 7]], [[8, 9]]
WHOLE = [[(A, "float32"), ([0, 10], "int64")], [(B, "float32"), ([20, 30], "int64")]]
LAST = [[(C, "float32"), ([40], "int64")]]


@pytest.mark.parametrize("dataset, kwargs, wanted", [
    ((X, Y), {}, WHOLE + LAST), ((X, Y), {"last_batch": "discard"}, WHOLE),
    ((X, Y), {"last_batch": "rollover"}, WHOLE), ((X,), {}, [(a, "float32") for a in (A, B, C)]),
    ((nd.array(X), nd.array(Y)), {"last_batch": "discard"},
     [[(A, "float32"), ([0, 10], "float32")], [(B, "float32"), ([20, 30], "float32")]]),
    ((X, Y), {"batch_size": None, "batch_sampler": [[0, 4], [1]]},
     [[([[0, 1], [8, 9]], "float32"), ([0, 40], "int64")], [([[2, 3]], "float32"),
                                                            ([10], "int64")]]),
    ((Y,), {"sampler": gdata.SequentialSampler(2, 1)}, [([10, 20], "int64")]),
    ((Y,), {"sampler": [4, 3, 0]}, [([40, 30], "int64"), ([0], "int64")]),
    ((list(range(3)),), {"batch_size": 3}, [([0, 1, 2], "int64")]),
    ((X.astype("float64"), Y.astype("int32")), {"batch_size": 5},
     [[(X.tolist(), "float64"), (Y.tolist(), "int32")]])])
def test_loader(dataset, kwargs, wanted):
    loader = gdata.DataLoader(gdata.ArrayDataset(*dataset), **{"batch_size": 2, **kwargs})
    assert len(loader) == len(wanted) and plain(list(loader)) == wanted


def test_loader_of_lists():
    batches = plain(list(gdata.DataLoader([([1, 2], 3.5), ([4, 5], 6)], 2)))
    assert batches == [[([[1, 2], [4, 5]], "int64"), ([3.5, 6], "float64")]]
    assert plain(list(gdata.DataLoader(X, 5))) == [(X.tolist(), "float32")]


def test_rollover():
    loader = gdata.DataLoader(gdata.ArrayDataset(Y), 2, last_batch="rollover")
    seen = [(len(loader), [b.asnumpy().tolist() for b in loader]) for _ in range(3)]
    assert seen == [(2, [[0, 10], [20, 30]]), (3, [[40, 0], [10, 20], [30, 40]]),
                    (2, [[0, 10], [20, 30]])]


def test_shuffle():
    """The numbers are numpy.random's, so a script's seed gives the order that MXNet gives."""
    np.random.seed(3)
    found = [plain(b)[0] for b in gdata.DataLoader(gdata.ArrayDataset(Y), 2, shuffle=True)]
    assert found == [[30, 40], [10, 0], [20]]  # np.random.seed(3) and MXNet 1.9.1
    np.random.seed(3)
    assert list(gdata.RandomSampler(5)) == [3, 4, 1, 0, 2]
    assert sorted(gdata.RandomSampler(4)) == [0, 1, 2, 3] and len(gdata.RandomSampler(4)) == 4


def test_batchify_and_transform():
    pairs = gdata.ArrayDataset(X, Y)
    assert list(gdata.DataLoader(pairs, 3, batchify_fn=len)) == [3, 2]
    changed = pairs.transform(lambda x, y: (x * 2, y + 1))
    assert plain(list(gdata.DataLoader(changed, 5))) == [
        [((X * 2).tolist(), "float32"), ((Y + 1).tolist(), "int64")]]
    first = pairs.transform_first(lambda x: x.sum())
    assert first[1][0] == 5 and first[1][1] == 10 and len(first) == 5
    calls = []
    eager = gdata.SimpleDataset([1, 2]).transform(lambda v: calls.append(v) or v * 10, lazy=False)
    assert calls == [1, 2] and [eager[0], eager[1]] == [10, 20] and calls == [1, 2]
    assert gdata.ArrayDataset(nd.array(Y))[1] == 10 and pairs[-1][1] == 40


# ---- NDArrayIter ---------------------------------------------------------------------------------


def epochs(count, *args, **kwargs):
    batches = mx.io.NDArrayIter(*args, **kwargs)
    seen = []
    for _ in range(count):
        seen.append([(*(a.asnumpy().tolist() for a in b.data + b.label), b.pad) for b in batches])
        batches.reset()
    return seen


# as MXNet 1.9.1 gives them; `pad` of a batch that rolled over counts what comes from before
@pytest.mark.parametrize("handle, wanted", [
    ("pad", [[([0, 10], 0), ([20, 30], 0), ([40, 0], 1)]] * 2),
    ("discard", [[([0, 10], 0), ([20, 30], 0)]] * 2),
    ("roll_over", [[([0, 10], 0), ([20, 30], 0)], [([40, 0], 1), ([10, 20], 0), ([30, 40], 0)]])])
def test_last_batch(handle, wanted):
    assert epochs(2, Y, None, 2, last_batch_handle=handle) == wanted


def test_hard_reset_forgets():
    batches = mx.io.NDArrayIter(Y, None, 2, last_batch_handle="roll_over")
    list(batches)
    batches.hard_reset()
    assert next(batches).data[0].asnumpy().tolist() == [0, 10]


@pytest.mark.parametrize("handle", ["pad", "discard"])
def test_shuffled_epochs(handle):
    """np.random.seed(1) and MXNet 1.9.1."""
    np.random.seed(1)
    wanted = [[([20, 10], 0), ([40, 0], 0), ([30, 20], 1)], [([40, 30], 0), ([0, 20], 0),
              ([10, 40], 1)], [([20, 40], 0), ([10, 30], 0), ([0, 20], 1)]]
    whole = slice(None if handle == "pad" else 2)
    assert epochs(3, Y, None, 2, True, handle) == [epoch[whole] for epoch in wanted]


def test_names_and_descriptions():
    def described(*args, **kwargs):
        batches = mx.io.NDArrayIter(*args, **kwargs)
        return [(d.name, d.shape) for d in batches.provide_data + batches.provide_label]

    assert described(X, Y, 2) == [("data", (2, 2)), ("softmax_label", (2,))]
    assert described({"b": X, "a": Y}, None, 2) == [("a", (2,)), ("b", (2, 2))]
    assert described([X, Y], None, 2) == [("_0_data", (2, 2)), ("_1_data", (2,))]
    assert described(X, Y, 2, data_name="q", label_name="r") == [("q", (2, 2)), ("r", (2,))]
    batches = mx.io.NDArrayIter(X, Y, 2)
    assert repr(batches.provide_data) == "[DataDesc[data,(2, 2),<class 'numpy.float32'>,NCHW]]"
    assert str(next(batches)) == "DataBatch: data shapes: [(2, 2)] label shapes: [(2,)]"
    assert str(mx.io.DataBatch([nd.ones((2,))])) == (
        "DataBatch: data shapes: [(2,)] label shapes: None")
    batches.reset()
    assert sum(1 for _ in batches) == 3 and batches.num_data == 5
    assert epochs(1, {"b": X, "a": Y}, {"l": Y + 1}, 5) == [[
        (Y.tolist(), X.tolist(), (Y + 1).tolist(), 0)]]


# ---- Contexts ------------------------------------------------------------------------------------


def test_contexts():
    assert mx.cpu() == mx.cpu(0) != mx.cpu(1) and hash(mx.cpu()) == hash(mx.cpu(0))
    assert str(mx.cpu(1)) == "cpu(1)" and mx.cpu().device_type == "cpu" and mx.num_gpus() == 0
    assert mx.Context(mx.cpu(2)) == mx.cpu(2) and mx.current_context() == mx.cpu()
    net = nn.Dense(1, in_units=1)
    net.initialize(ctx=mx.cpu())
    net.initialize(ctx=[mx.cpu()], force_reinit=True)
    with mx.Context("cpu"):
        assert net.weight.list_ctx() == [mx.cpu()] == net.collect_params().list_ctx()
    for made in (mx.gpu, lambda: mx.Context("gpu", 0)):
        with pytest.raises(mx.MXNetError, match=r"gpu\(0\) cannot be used.*mx.cpu\(\)"):
            made()
    with pytest.raises(ValueError, match="2 devices"):
        net.initialize(ctx=[mx.cpu(0), mx.cpu(1)], force_reinit=True)
