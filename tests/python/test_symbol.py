"""Symbols: composing, names, shapes and types, computing. The names are those of MXNet 1.9.1."""

import copy
import pickle

import numpy as np
import pytest
from test_operators import CALLS, TABLE

import mxloss as mx
from mxloss import nd, sym
from mxloss.gluon import loss as losses

A, B, C = (sym.var(name) for name in "abc")
X1, X2 = nd.array([[1, 2, 3], [4, 5, 6]]), nd.array([[2, 2, 2], [1, 1, 1]])
L2 = losses.L2Loss(prefix="l_")(A, B)
SCE = losses.SoftmaxCELoss(prefix="s_")(A, B)
HUBER = losses.HuberLoss(prefix="h_")(A, B, C)
DENSE = sym.FullyConnected(A, num_hidden=5, name="fc")


@pytest.fixture(autouse=True)
def names_from_0():
    with mx.name.NameManager():
        yield


# ---- Variables and names -------------------------------------------------------------------------


def test_var():
    x = sym.var("x", attr={"k": "v"}, shape=(2, 3), dtype="float64", init="ones", lr_mult=2,
                wd_mult=0.5, __mine__=7)
    assert x.list_attr() == {"k": "v", "__shape__": "(2, 3)", "__dtype__": "1", "__init__": "ones",
                             "__lr_mult__": "2", "__wd_mult__": "0.5", "__mine__": "7"}
    assert x.attr("__shape__") == "(2, 3)" and x.attr("other") is None
    assert sym.Variable is sym.var and x.name == "x" and x.list_outputs() == ["x"]
    assert sym.var("x", init=mx.init.Xavier()).attr("__init__").startswith('["xavier"')
    assert sym.square(A, attr={"__k__": "v"}).list_attr() == {"__k__": "v"}
    assert (A * B).attr_dict() == {} and HUBER.attr_dict()["h__mulscalar0"] == {"scalar": "0.5"}


@pytest.mark.parametrize("make, name", [
    (lambda: A + B, "_plus0"), (lambda: A - B, "_minus0"), (lambda: A * B, "_mul0"),
    (lambda: A / B, "_div0"), (lambda: A % B, "_mod0"), (lambda: A**B, "_power0"),
    (lambda: A + 1, "_plusscalar0"), (lambda: 1 + A, "_plusscalar0"), (lambda: -A, "_mulscalar0"),
    (lambda: A - 1, "_minusscalar0"), (lambda: 1 - A, "_rminusscalar0"), (lambda: abs(A), "abs0"),
    (lambda: 2 / A, "_rdivscalar0"), (lambda: 2 % A, "_rmodscalar0"),
    (lambda: A**2, "_powerscalar0"),
    (lambda: 2**A, "_rpower_scalar0"), (lambda: sym.power(2, A), "_rpowerscalar0"),
    (lambda: A == B, "_equal0"), (lambda: A > 1, "_greater_scalar0"), (lambda: 1 > A,
                                                                      "_lesser_scalar0"),
    (lambda: A != 2, "_not_equal_scalar0"), (lambda: sym.maximum(1, A), "_maximumscalar0"),
    (lambda: sym.SwapAxis(A), "swapaxis0"), (lambda: sym.swapaxes(A), "swapaxes0"),
    (lambda: A.reshape((2, 3)), "reshape0"), (lambda: A.astype("float64"), "cast0"),
    (lambda: sym.zeros((2,)), "_zeros0"), (lambda: sym.contrib.ctc_loss(A, B), "ctc_loss0"),
    (lambda: sym.contrib.arange_like(A), "arange_like0"), (lambda: sym.sum(A, name="n"), "n"),
    (lambda: sym.random.uniform(shape=(2,)), "_random_uniform0")], ids=lambda a: str(a)[:20])
def test_names(make, name):
    assert make().name == name


def test_texts():
    """Attributes as MXNet reads them: whatever kind of number they were given as."""
    for made, texts in (
            (sym.sum(A, axis=(np.int64(1), 0)), {"axis": "(1, 0)"}),
            (sym.sum(A, axis=[np.int32(1)]), {"axis": "(1,)"}), (A + True, {"scalar": "1"}),
            (A * np.float32(1.5), {"scalar": "1.5"}), (A.astype(np.float16), {"dtype": "float16"}),
            (sym.concat(A, B, dim=0), {"dim": "0", "num_args": "2"}),
            (sym.add_n(A, B, C, num_args=3), {"num_args": "3"}),
            (sym.FullyConnected(A, num_hidden=3)["fullyconnected0_output"], {"num_hidden": "3"})):
        assert made.list_attr() == texts
        assert sym.load_json(made.tojson()).list_attr() == texts
    assert nd.concat(X1, X2, dim=0, num_args=2).shape == (4, 3)
    assert '"name": "ü\\"\\\\"' in sym.var('ü"\\').tojson()  # MXNet reads no \\u00fc
    assert DENSE.get_internals()["fc_weight"].list_attr() == {"num_hidden": "5"}


def test_name_managers():
    with mx.name.Prefix("p_"):
        assert [s.name for s in (sym.square(A), sym.square(A), A + 1, sym.sum(A, name="x"))] == [
            "p_square0", "p_square1", "p__plusscalar0", "p_x"]
    assert sym.square(A).name == "square0"
    with mx.name.NameManager():
        assert sym.square(A).name == "square0"
    assert sym.square(A).name == "square1"
    loss = losses.SoftmaxCELoss()
    assert loss(A, B).name == f"{loss.name}_mean0" and loss(A, B).name == f"{loss.name}_mean0"


def test_missing_inputs_become_variables():
    assert DENSE.list_arguments() == ["a", "fc_weight", "fc_bias"]
    assert sym.FullyConnected(A, num_hidden=3, no_bias=True, name="d").list_arguments() == [
        "a", "d_weight"]
    assert sym.FullyConnected(weight=B, num_hidden=3, name="d").list_arguments() == [
        "d_data", "b", "d_bias"]
    assert sym.SoftmaxOutput(A, name="softmax").list_arguments() == ["a", "softmax_label"]
    assert sym.CTCLoss(A, use_label_lengths=True, name="q").list_arguments() == [
        "a", "q_label", "q_label_lengths"]
    assert sym.square().list_arguments() == ["square0_data"]


@pytest.mark.parametrize("loss, order", [
    ("L2Loss", "ba"), ("L1Loss", "ba"), ("HuberLoss", "ba"), ("SoftmaxCELoss", "ab"),
    ("SigmoidBCELoss", "ab"), ("HingeLoss", "ab"), ("LogisticLoss", "ab"), ("PoissonNLLLoss", "ab"),
    ("KLDivLoss", "ba"), ("CTCLoss", "ab")])
def test_order_of_arguments(loss, order):
    loss = getattr(losses, loss)()
    assert loss(A, B).list_arguments() == list(order)
    assert loss(pred=A, label=B).list_arguments() == list(order) if order == "ba" else True
    if loss.name.startswith("ctc"):
        assert loss(A, B, None, None, C).list_arguments() == ["a", "b", "c"]
    else:
        assert loss(A, B, C).list_arguments() == [*order, "c"] and loss(A, B, None) is not None


# ---- Structure -----------------------------------------------------------------------------------


def test_outputs_and_groups():
    s = sym.split(A, num_outputs=3, name="sp")
    assert s.list_outputs() == ["sp_output0", "sp_output1", "sp_output2"] and len(s) == 3
    assert s[1].list_outputs() == s["sp_output1"].list_outputs() == ["sp_output1"]
    assert [x.list_outputs()[0] for x in s] == s.list_outputs() and repr(s) == "<Symbol sp>"
    group = sym.Group([A * B, sym.square(A, name="q"), s[2]])
    assert group.list_outputs() == ["_mul0_output", "q_output", "sp_output2"]
    assert group.name is None and repr(group) == "<Symbol group [_mul0, q, sp]>"
    assert group.list_arguments() == ["a", "b"] and group.list_auxiliary_states() == []
    for index, error in ((3, IndexError), (-1, IndexError), ("foo", ValueError), (1.5, TypeError),
                         (slice(1), TypeError)):
        with pytest.raises(error):
            s[index]
    for bad in ([], [A, 3]):
        with pytest.raises((ValueError, TypeError), match="Group"):
            sym.Group(bad)


def test_internals_and_children():
    assert L2.get_internals().list_outputs() == [
        "b", "a", "l_reshape_like0_output", "l__minus0_output", "l_square0_output",
        "l__mulscalar0_output", "l_mean0_output"]
    inner = L2.get_internals()["l_square0_output"]
    assert inner.name == "l_square0" and inner.list_arguments() == ["b", "a"]
    assert L2.get_children().list_outputs() == ["l__mulscalar0_output"]
    assert A.get_children() is None and (A * B).get_children().list_outputs() == ["a", "b"]


def test_composing_by_call():
    made = L2(a=sym.square(C, name="c2"), name="new")
    assert made.list_arguments() == ["b", "c"] and made.name == "new" and L2.name == "l_mean0"
    assert L2(C).list_arguments() == ["c", "a"] and L2.list_arguments() == ["b", "a"]
    assert L2(a=B, b=A).list_arguments() == ["a", "b"]
    (found,) = made.eval(b=X2, c=X1)
    np.testing.assert_allclose(found.asnumpy(), losses.L2Loss()(X1 * X1, X2).asnumpy())
    for call in (lambda: L2(z=C), lambda: L2(a=3), lambda: L2(a=sym.Group([A, B])),
                 lambda: L2(A, B, C)):
        with pytest.raises((mx.MXNetError, ValueError, TypeError)):
            call()


def test_copies():
    for clone in (copy.copy(HUBER), copy.deepcopy(HUBER), pickle.loads(pickle.dumps(HUBER)),
                  sym.load_json(HUBER.tojson())):
        assert clone is not HUBER and clone.tojson() == HUBER.tojson()
        clone._outputs[0][0].name = "changed"
    assert HUBER.name == "h_mean0"


def test_debug_str():
    assert A.debug_str() == "Variable:a\n"
    assert DENSE.debug_str() == (
        "Symbol Outputs:\n\toutput[0]=fc(0)\nVariable:a\nVariable:fc_weight\nVariable:fc_bias\n"
        "--------------------\nOp:FullyConnected, Name=fc\nInputs:\n\targ[0]=a(0) version=0\n"
        "\targ[1]=fc_weight(0) version=0\n\targ[2]=fc_bias(0) version=0\nAttrs:\n"
        "\tnum_hidden=5\n")


# ---- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("call, error, phrase", [
    (lambda: bool(A), NotImplementedError, "NDArrays only"),
    (lambda: A.asnumpy(), NotImplementedError, "asnumpy is not implemented for Symbol"),
    (lambda: A.shape, NotImplementedError, "only available in NDArray"),
    (lambda: A.nonexistent, AttributeError, "nonexistent"),
    (lambda: sym.Convolution(A), AttributeError, "Convolution"),
    (lambda: A + "x", TypeError, "str"), (lambda: A + X1, TypeError, "NDArray"),
    (lambda: X1 + A, TypeError, "NDArray"), (lambda: A * np.ones(2), TypeError, "ndarray"),
    (lambda: A + 1j, TypeError, "real number"), (lambda: sym.square(3), TypeError, "input 0"),
    (lambda: sym.square(X1), TypeError, "NDArray"), (lambda: sym.square(A, B), TypeError, "square"),
    (lambda: sym.square(A, foo=1), TypeError, "foo"), (lambda: sym.Activation(A), TypeError,
                                                       "act_type is missing"),
    (lambda: sym.square(sym.Group([A, B])), ValueError, "group of 2"),
    (lambda: sym.cast(A, dtype="foo"), TypeError, "foo"), (lambda: sym.var(3), TypeError, "name"),
    (lambda: sym.var("x", foo=1), ValueError, "__foo__"),
    (lambda: sym.var("x", attr={"k": 3}), ValueError, "strings"),
    (lambda: sym.square(A, attr={"k": 3}), ValueError, "strings"),
    (lambda: losses.L2Loss()(A, X1), ValueError, "mixed NDArrays and Symbols"),
    (lambda: losses.L2Loss()(X1, A), ValueError, "mixed NDArrays and Symbols"),
    (lambda: losses.L2Loss()(X1.asnumpy(), A), ValueError, "mixed NDArrays and Symbols"),
    (lambda: losses.L2Loss()(A, 3), TypeError, "label is of type int"),
    (lambda: losses.L2Loss()(A), TypeError, "label is missing"),
    (lambda: losses.L2Loss()(A, B, C, A), TypeError, "at most 3"),
    (lambda: sym.load_json(3), TypeError, "string")], ids=lambda a: str(a)[:20])
def test_refusals(call, error, phrase):
    with pytest.raises(error, match=phrase) as caught:
        call()
    if error is not AttributeError:
        assert isinstance(caught.value, mx.MXNetError)


# ---- Shapes and types ----------------------------------------------------------------------------


@pytest.mark.parametrize("symbol, known, arguments, outputs", [
    (L2, {"a": (2, 3), "b": (2, 3)}, [(2, 3), (2, 3)], [(2,)]),
    (L2, {"a": (2, 3), "b": (6,)}, [(6,), (2, 3)], [(2,)]),
    (SCE, {"a": (4, 3)}, [(4, 3), (4,)], [(4,)]),
    (HUBER, {"a": (4, 3), "b": (4, 3), "c": (4, 1)}, [(4, 3), (4, 3), (4, 1)], [(4,)]),
    (DENSE, {"a": (2, 7)}, [(2, 7), (5, 7), (5,)], [(2, 5)]),
    (DENSE, {"a": (2, 7, 3)}, [(2, 7, 3), (5, 21), (5,)], [(2, 5)]),
    (A + B, {"b": (2, 3)}, [(2, 3), (2, 3)], [(2, 3)]),
    (sym.split(A, num_outputs=2), {"a": (2, 4)}, [(2, 4)], [(2, 2), (2, 2)]),
    (sym.SoftmaxOutput(A), {"a": (2, 4)}, [(2, 4), (2,)], [(2, 4)]),
    (sym.Embedding(A, input_dim=3, output_dim=2), {"a": (2, 4)}, [(2, 4), (3, 2)], [(2, 4, 2)]),
    (sym.zeros((2, 3)) + A, {}, [(2, 3)], [(2, 3)]),
    (sym.square(sym.var("v", shape=(3, 4))), {}, [(3, 4)], [(3, 4)])], ids=lambda a: str(a)[:20])
def test_infer_shape(symbol, known, arguments, outputs):
    assert symbol.infer_shape(**known) == (arguments, outputs, [])
    positional = [known.get(name) for name in symbol.list_arguments()]
    assert symbol.infer_shape(*positional) == (arguments, outputs, [])


def test_shapes_that_are_not_known(capsys):
    with pytest.warns(UserWarning, match="Cannot decide shape.*fc_weight"):
        assert DENSE.infer_shape() == (None, None, None)
    assert DENSE.infer_shape_partial(fc_weight=(5, 7))[0] == [(), (5, 7), (5,)]
    assert HUBER.infer_shape_partial(a=(4, 3), b=(4, 3)) == ([(4, 3), (4, 3), ()], [()], [])
    for known, phrase in (({"a": (2, 3)}, "h_reshape_like0.*shape of b"), (
            {"a": (2, 3), "b": (5,)}, "h_reshape_like0.*reshape"), ({"z": (1,)}, "no argument 'z'"),
            ({"a": 3}, "a is 3"), ({"a": ("x",)}, "expected a shape")):
        with pytest.raises(mx.MXNetError, match=phrase):
            HUBER.infer_shape(**known)
    printed = capsys.readouterr().out
    assert printed.startswith("infer_shape error. Arguments:\n  a: (2, 3)\n")
    with pytest.raises(mx.MXNetError, match="Error in operator s_pick0"):
        SCE.infer_shape(a=(4, 3), b=(5,))
    with pytest.raises(mx.MXNetError, match="Error in operator fc"):
        DENSE.infer_shape(a=(2, 7), fc_weight=(4, 7))


def test_infer_type(capsys):
    f4, f8, i4 = np.float32, np.float64, np.int32
    assert L2.infer_type(a="float64") == ([f8, f8], [f8], [])
    assert SCE.infer_type(a="float64", b="int32") == ([f8, i4], [f8], [])
    assert sym.cast(A, dtype="float16").infer_type(a=f8) == ([f8], [np.float16], [])
    assert sym.square(sym.var("v", dtype="float64")).infer_type() == ([f8], [f8], [])
    assert sym.zeros((2,)).infer_type() == ([], [f4], [])
    assert DENSE.infer_type("float64")[0] == [f8] * 3
    assert L2.infer_type() == (None, None, None)
    with pytest.raises(mx.MXNetError, match="l__minus0.*float32 and float64"):
        L2.infer_type(a="float64", b="float32")
    assert "infer_type error. Arguments:\n  a: float64" in capsys.readouterr().out
    for bad in ({"z": "float32"}, {"a": "foo"}, {"a": "("}):
        with pytest.raises(mx.MXNetError):
            L2.infer_type(**bad)


# ---- Every operator ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in CALLS if n != "_index"])
def test_every_operator(name):
    """Composed, evaluated, written and read again: what nd gives."""
    for arrays, attributes, _ in CALLS[name]:
        variables = [sym.var(f"x{i}") for i in range(len(arrays))]
        symbol = getattr(sym, name)(*variables, **attributes, name="n")
        values = {f"x{i}": nd.array(a, dtype="float64") for i, a in enumerate(arrays)}
        wanted = getattr(nd, name)(*values.values(), **attributes)
        read = sym.load_json(symbol.tojson())
        assert read.tojson() == symbol.tojson() and read.list_outputs() == symbol.list_outputs()
        for s in (symbol, read):
            found = s.eval(**values)
            for a, b in zip(found, wanted if isinstance(wanted, list) else [wanted], strict=True):
                assert a.dtype == b.dtype
                np.testing.assert_array_equal(a.asnumpy(), b.asnumpy())
        shapes = {key: a.shape for key, a in values.items()}
        if name != "gather_nd":  # whose result depends on numbers only the evaluation has
            assert symbol.infer_shape(**shapes)[1] == [a.shape for a in found]


def test_every_name_of_the_table():
    for name in TABLE:
        assert getattr(sym, name).__doc__
        assert name.startswith("_") or hasattr(sym, name)
    assert sym.maximum(2, 3) == 3 and mx.sym is mx.symbol
