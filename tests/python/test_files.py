"""Files: graphs and parameters as MXNet 1.9.1 writes them, to the byte, both ways."""

import base64
import gzip
import json
import pathlib
import sys

import numpy as np
import pytest
from golden import FOLDER
from row_cases import ALL

import mxloss as mx
from mxloss import autograd, gluon, nd, sym
from mxloss.gluon import loss as losses
from mxloss.gluon import nn

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tools"))
import record_graphs  # noqa: E402

RECORDED = json.loads(gzip.decompress((FOLDER / "graphs.json.gz").read_bytes()))
FILES = {name: base64.b64decode(text) for name, text in RECORDED["files"].items()}
X, LABEL = (nd.array(a) for a in record_graphs.inputs([[2, 5], [2, 2]]))
NO_ARRAYS = bytes.fromhex("1201") + bytes(30)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """In a folder with all recorded files."""
    monkeypatch.chdir(tmp_path)
    for name, data in FILES.items():
        pathlib.Path(name).write_bytes(data)


def text(name):
    return pathlib.Path(name).read_text(encoding="utf-8")


def same_file(a, b):
    assert pathlib.Path(a).read_bytes() == FILES[b]


# ---- Graphs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORDED["losses"])
def test_exported_losses(name):
    """Our file is MXNet's; MXNet's read here gives MXNet's numbers."""
    case = RECORDED["losses"][name]
    kind, inputs = case["loss"], record_graphs.inputs(case["inputs"])
    ctor = {**case["ctor"], **({"reduction": "sum"} if kind == "KLDivLoss" else {})}
    loss = getattr(losses, kind)(**ctor, prefix=f"{kind.lower()}0_")
    loss.hybridize()
    arrays = [None if x is None else nd.array(x) for x in inputs]
    value = loss(*arrays).asnumpy()
    np.testing.assert_allclose(value, case["value"], rtol=2e-6, atol=1e-7)
    assert loss.export("ours") is None
    assert text("ours-symbol.json") == case["graph"]
    assert pathlib.Path("ours-0000.params").read_bytes() == NO_ARRAYS
    pathlib.Path("theirs.json").write_text(case["graph"], encoding="utf-8")
    arrays = [x for x in arrays if x is not None]
    names = [f"data{i}" for i in range(len(arrays))]
    block = gluon.SymbolBlock.imports("theirs.json", names, "ours-0000.params")
    np.testing.assert_allclose(block(*arrays).asnumpy(), case["value"], rtol=2e-6, atol=1e-7)
    assert repr(block) == (f"SymbolBlock(\n<Symbol {block._graph.name}> : {len(arrays)} -> 1\n)")
    assert sym.load_json(case["graph"]).tojson() == case["graph"]


@pytest.mark.parametrize("expression", RECORDED["symbols"])
def test_symbols(expression):
    with mx.name.NameManager():
        made = eval(expression, {"mx": mx, **{name: sym.var(name) for name in "abc"}})
    assert made.tojson() == RECORDED["symbols"][expression]
    assert sym.load_json(made.tojson()).tojson() == made.tojson()
    made.save("s.json")
    assert text("s.json") == made.tojson() and sym.load("s.json").tojson() == made.tojson()


@pytest.mark.parametrize("v", [v for v in ALL if "infeasible" not in v.ctor], ids=lambda v: v.id)
def test_export_and_import(v):
    """All losses and options, those of our own as well."""
    x = v.inputs(np.random.default_rng(1), (4, 3), "float32")
    loss = v.loss()
    loss.hybridize()
    arrays = [nd.array(a, dtype=a.dtype) for a in x.values()]
    places = [nd.array(x[n], dtype=x[n].dtype) if n in x else None for n in loss._info.inputs]
    value = loss(*places, **v.call).asnumpy()
    loss.export("e", 12345)
    block = gluon.SymbolBlock.imports("e-symbol.json", [f"data{i}" for i in range(len(x))],
                                      "e-12345.params")
    found = block(*[a.astype("float32") for a in arrays])
    np.testing.assert_allclose(found.asnumpy(), value, rtol=5e-5, atol=1e-6)


def test_epsilon_is_kept():
    loss, x = losses.PoissonNLLLoss(from_logits=False), nd.array([[0.5, 2]])
    loss.hybridize()
    loss(x, x, None, 0.25)
    loss.export("p")
    assert '"scalar": "0.25"' in text("p-symbol.json")


def test_exporting_too_early():
    for prepare in (lambda loss: None, lambda loss: loss.hybridize(), lambda loss: loss(X, X),
                    lambda loss: (loss.hybridize(), loss(X, X), loss.hybridize())):
        loss = losses.L2Loss()
        prepare(loss)
        with pytest.raises(RuntimeError, match=r"call block.hybridize\(\) and then run forward"):
            loss.export("e")
    loss(X, X)
    with pytest.raises(OSError, match="missing/e-symbol.json"):
        loss.export("missing/e")


# ---- A network -----------------------------------------------------------------------------------


def test_a_network_to_files():
    net = record_graphs.net(mx)
    net.save("ours")
    same_file("ours-model.json", "saved-model.json")
    same_file("ours-model.params", "saved-model.params")
    net.hybridize()
    value, scores = net(X, LABEL)
    np.testing.assert_allclose(value.asnumpy(), RECORDED["outputs"][0], rtol=1e-6)
    np.testing.assert_allclose(scores.asnumpy(), RECORDED["outputs"][1], rtol=1e-5)
    net.export("ours", 3)
    same_file("ours-symbol.json", "net-symbol.json")
    same_file("ours-0003.params", "net-0003.params")
    net.save_parameters("p")
    same_file("p", "net.params")
    net.collect_params().save("p")
    same_file("p", "net.dict")
    with pytest.warns(UserWarning, match="save_params is deprecated"):
        net.save_params("p")
    same_file("p", "net.old")
    net.collect_params().save("p", strip_prefix="net_")
    same_file("p", "net.old")
    with pytest.raises(ValueError, match="Prefix 'zz' is to be striped"):
        net.collect_params().save("p", strip_prefix="zz")


def test_layers():
    """A stack by itself, whose shapes the first call finds out."""
    net = nn.HybridSequential(prefix="layers_")
    with net.name_scope():
        net.add(*record_graphs.some_layers(nn))
    net.initialize(mx.init.One())
    net.hybridize()
    value = net(X)
    net.export("ours")
    same_file("ours-symbol.json", "layers-symbol.json")
    same_file("ours-0000.params", "layers-0000.params")
    block = gluon.SymbolBlock.imports("layers-symbol.json", "data", "layers-0000.params")
    np.testing.assert_array_equal(block(X).asnumpy(), value.asnumpy())
    assert block.name.startswith("symbolblock") and block.prefix == ""


@pytest.mark.parametrize("file, prefix", [
    ("net.params", "net_"), ("net.params", "other_"), ("net.old", "net_"), ("net.old", "other_"),
    ("net.dict", "net_"), ("net-0003.params", "net_")])
def test_a_network_from_files(file, prefix):
    net = record_graphs.net(mx, prefix)
    net.initialize(mx.init.Zero(), force_reinit=True)
    net.load_parameters(file)
    np.testing.assert_allclose(net(X, LABEL)[0].asnumpy(), RECORDED["outputs"][0], rtol=1e-6)
    with pytest.warns(UserWarning, match="load_params is deprecated"):
        net.load_params(file)
    if prefix == "net_" and file != "net.params":
        strip = "net_" if file == "net.old" else ""
        net.collect_params().load(file, restore_prefix=strip)


def test_parameters_of_unknown_shape_come_from_the_file():
    net = nn.HybridSequential()
    net.add(nn.Dense(3), nn.Dense(2))
    values = {f"{i}.{k}": nd.ones(s) for i, k, s in ((0, "weight", (3, 5)), (0, "bias", (3,)),
                                                    (1, "weight", (2, 3)), (1, "bias", (2,)))}
    nd.save("v", values)
    net.load_parameters("v")
    assert net[0].weight.shape == (3, 5) and net(nd.ones((1, 5))).asnumpy().tolist() == [[19, 19]]
    with pytest.raises(RuntimeError, match="has not been initialized"):
        nn.Dense(2, in_units=2).save_parameters("u")


@pytest.mark.parametrize("prefix", ["saved", "hybrid"])
def test_models(prefix):
    net = record_graphs.net(mx, "other_")
    net.initialize(mx.init.Zero(), force_reinit=True)
    net.load(prefix)
    assert net.name == "net" and "net_factor" in net.collect_params().keys()
    np.testing.assert_allclose(net(X, LABEL)[0].asnumpy(), RECORDED["outputs"][0], rtol=1e-6)
    for block, file, phrase in (
            (nn.Dense(3), prefix, "no entry 'dense0'"), (net, "none", 'Open "none-model.json"'),
            (losses.L2Loss(), prefix, "no entry 'l2loss0'")):
        with pytest.raises(mx.MXNetError, match=phrase):
            block.load(file)
    for bad in ("[]", "3", '{"scaled0": 3}', '{"scaled0": {"orig_name": 3}}', "{", "\x00",
                "[" * 9999, " " * (9 << 20), '{"scaled0": {"orig_name": "a", "children": []}}'):
        pathlib.Path("bad-model.json").write_text(bad)
        with pytest.raises(mx.MXNetError):
            net.load("bad")


def test_import():
    block = gluon.SymbolBlock.imports("net-symbol.json", ["data0", "data1"], "net-0003.params")
    for found, wanted in zip(block(X, LABEL), RECORDED["outputs"]):
        np.testing.assert_allclose(found.asnumpy(), wanted, rtol=1e-5)
    assert block.collect_params()["net_factor"].shape == (1,)
    block.hybridize()
    with autograd.record():
        block(X, LABEL)[0].backward()
    assert block.collect_params()["net_factor"].grad().asnumpy().any()
    block.export("again", 3)
    same_file("again-symbol.json", "net-symbol.json")
    same_file("again-0003.params", "net-0003.params")
    fresh = gluon.SymbolBlock.imports("net-symbol.json", ["data0", "data1"])
    with pytest.raises(RuntimeError, match="has not been initialized"):
        fresh(X, LABEL)
    fresh.initialize()
    assert fresh(X, LABEL)[1].shape == (2, 2)


NAMES = ["data0", "data1"]


@pytest.mark.parametrize("args, error, phrase", [
    (("none", NAMES), OSError, 'Open "none": No such file'),
    (("net-symbol.json", NAMES, "none"), OSError, 'Open "none": No such file'),
    (("net-symbol.json", ["data0", "foo"]), ValueError, "no input 'foo'; it has data0, net_"),
    (("net-symbol.json", "data0", "net-0003.params"), AssertionError, "'data1' is missing"),
    (("net-0003.params", NAMES), ValueError, "net-0003.params: not a"),
    (("net-symbol.json", NAMES, "net-symbol.json"), ValueError, "not a file of arrays"),
    (("net-symbol.json", NAMES, "list"), ValueError, "arrays without names"),
    (("net-symbol.json", NAMES, "named"), AssertionError, "is missing in file: named"),
    ((3, NAMES), TypeError, "fname is of type int")], ids=str)
def test_bad_imports(args, error, phrase):
    with pytest.raises(error, match=phrase) as caught:
        gluon.SymbolBlock.imports(*args)
    assert isinstance(caught.value, mx.MXNetError)


# ---- What is missing, too much or different ------------------------------------------------------


@pytest.mark.parametrize("form", ["net.params", "net.dict"])
def test_parameters_that_do_not_fit(form):
    key = "factor" if form == "net.params" else "net_factor"
    values, net = nd.load(form), record_graphs.net(mx)
    load = net.load_parameters if form == "net.params" else net.collect_params().load
    rest = {k: v for k, v in values.items() if k != key}
    changes = {"missing": rest, "extra": {**values, "q.w": nd.ones(1)}, "none": {},
               "shape": {**values, key: nd.ones(5)},
               "dtype": {**values, key: nd.ones(1, dtype="float64")}}
    for name, change in changes.items():
        nd.save(name, change)
    for file, error, phrase, pardon in (
            ("missing", AssertionError, f"'{key}' is missing", {"allow_missing": True}),
            ("none", AssertionError, "is missing", {"allow_missing": True}),
            ("extra", (ValueError, AssertionError), "'q.w' loaded from", {"ignore_extra": True}),
            ("shape", AssertionError, r"expected \(1,\) vs saved \(5,\)", None),
            ("dtype", AssertionError, "float32 vs saved float64", {"cast_dtype": True}),
            ("list", ValueError, "arrays without names", None),
            ("nowhere", OSError, 'Open "nowhere"', None)):
        with pytest.raises(error, match=phrase) as caught:
            load(file)
        assert isinstance(caught.value, mx.MXNetError)
        if pardon:
            load(file, **pardon)
    assert net.factor.data().dtype is np.float32
    load("dtype", cast_dtype=True, dtype_source="saved")
    assert net.factor.data().dtype is np.float64
    with pytest.raises(ValueError, match="dtype_source is 'foo'"):
        load("dtype", cast_dtype=True, dtype_source="foo")
    with pytest.raises(ValueError, match="devices"):
        load(form, ctx=[mx.cpu(0), mx.cpu(1)])


def test_losses_without_parameters():
    loss = losses.L2Loss(prefix="l_")
    loss.save_parameters("p")
    assert pathlib.Path("p").read_bytes() == NO_ARRAYS and loss.load_parameters("p") is None
    loss.save("m")
    assert json.loads(text("m-model.json")) == {
        "l2loss0": {"orig_name": "l", "hybridized": False, "children": {}}}
    loss.load("m")
    with pytest.raises(mx.MXNetError, match="not present"):
        loss.load_parameters("net.params")
    loss.load_parameters("net.params", ignore_extra=True)


# ---- Arrays --------------------------------------------------------------------------------------


def test_arrays():
    named = nd.load("named")
    assert [a.dtype.__name__ for a in named.values()] == [k[2:] for k in named]
    for a in named.values():
        np.testing.assert_array_equal(a.asnumpy(), [[1, 2, 3], [4, 5, 6]])
    nd.save("ours", named)
    same_file("ours", "named")
    nd.save("ours", list(named.values())[::-1])
    same_file("ours", "list")
    nd.save("ours", nd.ones((2,)))
    same_file("ours", "one")
    nd.save("ours", [])
    same_file("ours", "empty")
    assert nd.load("empty") == [] and nd.load("one")[0].shape == (2,)
    assert list(nd.load_frombuffer(FILES["named"])) == list(named)
    for shape in ((0,), (0, 3), ()):  # as MXNet has them in numpy mode
        nd.save("ours", [nd.NDArray(np.ones(shape, "float32"))])
        assert nd.load("ours")[0].shape == shape


def test_older_forms():
    """Of MXNet before 1.0, and before 0.9: number of axes and lengths of 32 bits."""
    head = bytes.fromhex("1201") + bytes(6) + bytes(8) + b"\1" + bytes(7)
    device = np.array([1, 0, 4], "<i4").tobytes()  # cpu 0, int32
    for front in (np.array([0xF993FAC8, 1], "<u4").tobytes() + np.array([2], "<i8").tobytes(),
                  np.array([1, 2], "<u4").tobytes()):
        data = head + front + device + np.array([5, -6], "<i4").tobytes() + bytes(8)
        assert nd.load_frombuffer(data)[0].asnumpy().tolist() == [5, -6]


@pytest.mark.parametrize("call, error, phrase", [
    (lambda: nd.save("f", 3), TypeError, "data is of type int"),
    (lambda: nd.save("f", [1]), TypeError, "entry 0 is of type int"),
    (lambda: nd.save("f", {"a": 1}), TypeError, "entry a is of type int"),
    (lambda: nd.save("f", {1: X}), TypeError, "name 1 is not a string"),
    (lambda: nd.save(3, [X]), TypeError, "fname is of type int"),
    (lambda: nd.save("\ud800", [X]), ValueError, "no file can have that name"),
    (lambda: nd.load("\ud800"), ValueError, "no file can have that name"),
    (lambda: nd.save("f", nd.NDArray(np.ones(2, "uint16"))), TypeError, "uint16"),
    (lambda: nd.save("none/f", X), OSError, "none/f"), (lambda: nd.load("none"), OSError, "none"),
    (lambda: nd.load(0), TypeError, "fname is of type int"),
    (lambda: nd.load("."), OSError, "directory"),
    (lambda: nd.load_frombuffer("abc"), TypeError, "expected bytes"),
    (lambda: nd.load_frombuffer(b""), ValueError, "ends within the head"),
    (lambda: sym.load("net.params"), ValueError, "net.params: not a"),
    (lambda: sym.load("none"), OSError, "none"), (lambda: sym.load_json("{}"), ValueError, "nodes"),
    (lambda: sym.var("a").save("none/s"), OSError, "none/s")], ids=str)
def test_errors(call, error, phrase):
    with pytest.raises(error, match=phrase) as caught:
        call()
    assert isinstance(caught.value, mx.MXNetError)
    assert not pathlib.Path("f").exists()
