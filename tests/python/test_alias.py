"""install_as_mxnet: scripts that import mxnet; mxloss.as_mxnet; test_utils and util."""

import importlib
import os
import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest

import mxloss
from mxloss import nd, sym, util
from mxloss import test_utils as tu

REPO = str(pathlib.Path(mxloss.__file__).parent.parent)


@pytest.fixture
def alias():
    mxloss.install_as_mxnet()
    yield importlib.import_module("mxnet")
    mxloss.uninstall_as_mxnet()
    assert not [name for name in sys.modules if name.split(".")[0] == "mxnet"]


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A package that is called mxnet."""
    (tmp_path / "mxnet").mkdir()
    (tmp_path / "mxnet" / "__init__.py").write_text("__version__ = 'fake'\n")
    (tmp_path / "mxnet" / "nd.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path
    for name in ("mxnet", "mxnet.nd"):
        sys.modules.pop(name, None)


# ---- Importing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [
    "import mxnet as mx; assert mx.__version__ == '1.9.1' and mx.nd is mx.ndarray",
    "import mxnet as mx; assert mx.sym is mx.symbol and mx.init is mx.initializer",
    "import mxnet as mx; mx.gluon.loss.L2Loss()(mx.nd.ones((2, 3)), mx.nd.zeros((2, 3)))",
    "from mxnet import nd, gluon, autograd, sym, symbol, init, initializer, metric, io, random",
    "from mxnet import context, base, util, test_utils, ndarray, name, optimizer, executor",
    "import mxnet.gluon.nn as nn; nn.Dense(2)", "from mxnet.gluon.nn import Dense, Activation",
    "from mxnet.gluon import nn, loss, Block, HybridBlock, SymbolBlock, Parameter, Trainer, data",
    "from mxnet.gluon.loss import Loss, L2Loss, SoftmaxCELoss, _apply_weighting, _reshape_like",
    "from mxnet.gluon.loss import *; SigmoidBCELoss()",
    "import mxnet.gluon.loss as loss; loss.L1Loss",
    "from mxnet.ndarray import NDArray, array", "from mxnet.ndarray.ndarray import NDArray",
    "from mxnet.nd import NDArray", "import mxnet.nd; mxnet.nd.ones((1,))",
    "import mxnet.symbol as S; S.Symbol", "from mxnet.symbol.symbol import Symbol",
    "from mxnet.gluon.block import Block, HybridBlock, SymbolBlock",
    "from mxnet.gluon.parameter import Parameter, ParameterDict, DeferredInitializationError",
    "from mxnet.gluon.data import DataLoader, ArrayDataset",
    "from mxnet.gluon.utils import split_and_load", "from mxnet.gluon.trainer import Trainer",
    "from mxnet.base import MXNetError, numeric_types, string_types",
    "from mxnet.context import Context, cpu, gpu", "from mxnet.autograd import record, backward",
    "from mxnet.test_utils import assert_almost_equal, default_context, check_numeric_gradient",
    "from mxnet.util import is_np_array, use_np", "from mxnet.initializer import Xavier",
    "from mxnet.metric import Accuracy", "from mxnet.io import NDArrayIter",
    "from mxnet.random import seed", "from mxnet.executor import Executor",
    "import importlib.util as u; assert u.find_spec('mxnet') and u.find_spec('mxnet.gluon.loss')"])
def test_imports(alias, line):
    exec(line, {})


@pytest.mark.parametrize("line, error, phrase", [
    ("import mxnet.numpy", ModuleNotFoundError, "no mxnet.numpy: this mxnet is mxloss"),
    ("from mxnet import np, npx", ImportError, "no mxnet.np: this mxnet is mxloss"),
    ("import mxnet as mx; mx.npx", AttributeError, "no mxnet.npx: this mxnet is mxloss"),
    ("from mxnet.gluon import rnn", ImportError, "no mxnet.gluon.rnn: this mxnet is mxloss"),
    ("import mxnet.gluon.model_zoo.vision", ModuleNotFoundError, "no mxnet.gluon.model_zoo"),
    ("import mxnet as mx; mx.gluon.contrib", AttributeError, "no mxnet.gluon.contrib"),
    ("import mxnet as mx; mx.gluon.loss.Foo", AttributeError, "no mxnet.gluon.loss.Foo"),
    ("from mxnet.gluon.loss import Foo", ImportError, "Foo"),
    ("import mxnet as mx; mx.nd.Convolution", AttributeError, "Convolution")])
def test_missing_parts(alias, line, error, phrase):
    with pytest.raises(error, match=phrase):
        exec(line, {})


def test_defaults(alias):
    theirs, ours = alias.gluon.loss, mxloss.gluon.loss
    label, log_p = np.array([[0.2, 0.8]]), np.log([[0.5, 0.5]])
    for make in (theirs.KLDivLoss, lambda: ours.KLDivLoss(reduction="sum")):
        np.testing.assert_allclose(make()(log_p, label), [0.19274475702])
    np.testing.assert_allclose(ours.KLDivLoss()(log_p, label), [0.19274475702 / 2])
    assert theirs.KLDivLoss(reduction="mean")(log_p, label) == ours.KLDivLoss()(log_p, label)
    assert theirs.KLDivLoss(True, -1, 3.0, 0)(log_p, label) > 0.5
    scores = np.array([[1.0, 2, 3]])
    assert theirs.SoftmaxCELoss is theirs.SoftmaxCrossEntropyLoss
    assert theirs.SoftmaxCELoss()(scores, [7]) == ours.SoftmaxCELoss()(scores, [2])
    for make in (ours.SoftmaxCELoss, lambda: theirs.SoftmaxCELoss(out_of_range="raise")):
        with pytest.raises(ValueError, match="7"):
            make()(scores, [7])
    assert theirs.L2Loss is ours.L2Loss and issubclass(theirs.KLDivLoss, ours.KLDivLoss)
    assert repr(theirs.KLDivLoss()) == "KLDivLoss(batch_axis=0, w=None)"
    assert theirs.KLDivLoss(prefix="k_").name == "k"
    assert "sum, not the mean" in theirs.KLDivLoss.__doc__
    for cls in (theirs.KLDivLoss, theirs.SoftmaxCELoss):
        assert cls.__module__ == "mxnet.gluon.loss"
        assert type(pickle.loads(pickle.dumps(cls()))) is cls
        with pytest.raises(TypeError, match="'foo'"):
            cls(foo=1)
    assert mxloss.__version__ != "1.9.1" and alias.nd is mxloss.nd
    symbol = theirs.KLDivLoss(prefix="k_")(sym.var("a"), sym.var("b"))
    assert symbol.name == "k_sum0"


# ---- Installing ----------------------------------------------------------------------------------


def test_install_twice_and_undo():
    finders = list(sys.meta_path)
    mxloss.uninstall_as_mxnet()  # nothing
    mxloss.install_as_mxnet()
    first = sys.modules["mxnet"]
    mxloss.install_as_mxnet()
    assert sys.modules["mxnet"] is first and sys.modules["mxnet.gluon"] is first.gluon
    mxloss.uninstall_as_mxnet()
    mxloss.uninstall_as_mxnet()
    assert sys.meta_path == finders and first.nd.ones((1,)).asscalar() == 1
    with pytest.raises(ModuleNotFoundError, match="No module named 'mxnet'"):
        importlib.import_module("mxnet")


@pytest.mark.parametrize("imported", [False, True])
def test_a_real_mxnet(fake, imported):
    if imported:
        importlib.import_module("mxnet.nd")
    before = {k: m for k, m in sys.modules.items() if k.startswith("mxnet")}
    with pytest.raises(mxloss.MXNetError, match="a real mxnet can be imported.*force=True"):
        mxloss.install_as_mxnet()
    assert {k: m for k, m in sys.modules.items() if k.startswith("mxnet")} == before
    mxloss.install_as_mxnet(force=True)
    assert importlib.import_module("mxnet").__version__ == "1.9.1"
    mxloss.install_as_mxnet()
    mxloss.uninstall_as_mxnet()
    assert importlib.import_module("mxnet").__version__ == "fake"
    assert all(sys.modules[k] is m for k, m in before.items())


# ---- python -m mxloss.as_mxnet -------------------------------------------------------------------


def run(*args, cwd, **env):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([REPO, *sys.path, *env.values()])}
    return subprocess.run([sys.executable, "-m", "mxloss.as_mxnet", *args], capture_output=True,
                          text=True, cwd=cwd, env=env, check=False)


SCRIPT = """import sys
import helper
from mxnet import nd
from mxnet.gluon import loss
assert __name__ == "__main__", __name__
print(sys.argv[1:], helper.here, loss.L2Loss()(nd.ones((1, 2)), nd.zeros((1, 2))).asscalar())
if "exit" in sys.argv:
    sys.exit(7)
if "raise" in sys.argv:
    nd.ones((2,)) + nd.ones((3,))
"""


@pytest.mark.parametrize("module", [False, True])
def test_running_scripts(tmp_path, module):
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    (folder / "helper.py").write_text("here = 'helped'\n")
    program = ["-m", "train"] if module else [str(folder / "train.py")]
    cwd = folder if module else tmp_path
    done = run(*program, "--lr", "0.1", cwd=cwd)
    assert (done.returncode, done.stdout) == (0, "['--lr', '0.1'] helped 0.5\n"), done.stderr
    assert run(*program, "exit", cwd=cwd).returncode == 7
    done = run(*program, "raise", cwd=cwd)
    assert done.returncode == 1 and "train.py\", line 10, in <module>" in done.stderr
    assert "(2,)" in done.stderr.splitlines()[-1] and "MXNet" in done.stderr.splitlines()[-1]


def test_command_line(tmp_path):
    done = run("none.py", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr == "mxloss.as_mxnet: there is no file none.py\n"
    done = run("-m", "nonexistent_module", cwd=tmp_path)
    assert done.returncode == 1 and "nonexistent_module" in done.stderr
    done = run(cwd=tmp_path)
    assert done.returncode == 2 and "script.py arguments" in done.stdout
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0 and "--force" in done.stdout
    (tmp_path / "real" / "mxnet").mkdir(parents=True)
    (tmp_path / "real" / "mxnet" / "__init__.py").write_text("__version__ = 'fake'\n")
    (tmp_path / "version.py").write_text("import mxnet; print(mxnet.__version__)\n")
    done = run("version.py", cwd=tmp_path, real=str(tmp_path / "real"))
    assert done.returncode == 1 and "a real mxnet can be imported" in done.stderr
    done = run("--force", "version.py", cwd=tmp_path, real=str(tmp_path / "real"))
    assert (done.returncode, done.stdout) == (0, "1.9.1\n"), done.stderr


# ---- test_utils ----------------------------------------------------------------------------------

A, B = sym.var("a"), sym.var("b")
X, Y = np.array([[1.0, 2], [3, 4]]), np.array([[0.5, 1], [2, 1]])


@pytest.mark.parametrize("passes, fails", [
    (lambda: tu.assert_almost_equal(nd.ones((2,)), np.array([1, 1.0005], "float32")),
     lambda: tu.assert_almost_equal(nd.ones((2,)), np.array([1, 1.01], "float32"))),
    (lambda: tu.assert_almost_equal(X, X + 0.1, rtol=0, atol=0.11),
     lambda: tu.assert_almost_equal(X, X + 0.1, rtol=0, atol=0.09)),
    (lambda: tu.assert_almost_equal(X * np.nan, X * np.nan, equal_nan=True),
     lambda: tu.assert_almost_equal(X * np.nan, X * np.nan)),
    (lambda: tu.assert_almost_equal(np.arange(3), np.arange(3)),
     lambda: tu.assert_almost_equal(np.arange(3), np.arange(3) + 1)),
    (lambda: tu.assert_allclose(nd.array(X), X), lambda: tu.assert_allclose(X, X * 1.0001)),
    (lambda: tu.assert_exception(nd.load, OSError, "none"),
     lambda: tu.assert_exception(nd.ones, OSError, (1,))),
    (lambda: tu.check_symbolic_forward(A * B, [X, Y], [X * Y]),
     lambda: tu.check_symbolic_forward(A * B, {"a": X, "b": Y}, [X + Y])),
    (lambda: tu.check_symbolic_backward(A * B, [X, Y], [Y], {"a": Y * Y, "b": X * Y}),
     lambda: tu.check_symbolic_backward(A * B, {"a": X, "b": Y}, [Y], [X, Y])),
    (lambda: tu.check_numeric_gradient(A * B, [X, Y]),
     lambda: tu.check_numeric_gradient(A * sym.BlockGrad(B), [X, Y])),
    (lambda: tu.check_numeric_gradient(A * sym.BlockGrad(B), {"a": X, "b": Y}, grad_nodes=["a"]),
     lambda: tu.check_numeric_gradient(sym.BlockGrad(A), [X]))])
def test_assertions(passes, fails):
    passes()
    with pytest.raises(AssertionError):
        fails()


def test_assertions_show_where():
    with pytest.raises(AssertionError, match=r"found and wanted differ[^|]*elements: 1 "):
        tu.assert_almost_equal(X, X + np.eye(2)[0] * [[1], [0]], names=("found", "wanted"))


def test_helpers():
    assert tu.same(nd.array(X), X) and not tu.same(X, Y)
    assert tu.almost_equal(X, X) and not tu.almost_equal(X, Y)
    assert tu.almost_equal(X, X + 1e-9, 1e-8, 0)
    assert tu.default_context() == mxloss.cpu() and tu.default_dtype() is np.float32
    assert not tu.list_gpus() and tu.set_default_context(mxloss.cpu()) is None
    one, (two, three) = tu.random_arrays((2, 3)), tu.random_arrays((4,), (1, 2))
    assert (one.shape, two.shape, three.shape) == ((2, 3), (4,), (1, 2))
    made = tu.rand_ndarray((50, 2), dtype="float64")
    assert made.dtype is np.float64 and abs(made.asnumpy()).max() <= 1
    with pytest.raises(TypeError, match="sparse"):
        tu.rand_ndarray((2,), "csr")
    for shape, n in ((tu.rand_shape_2d(), 2), (tu.rand_shape_3d(), 3), (tu.rand_shape_nd(4), 4)):
        assert len(shape) == n and all(1 <= length <= 10 for length in shape)
    calls = []

    @tu.retry(3)
    def lucky(at):
        calls.append(at)
        assert len(calls) == at

    lucky(3)
    assert len(calls) == 3
    with pytest.raises(AssertionError):
        lucky(2)
    assert len(calls) == 6


# ---- util ----------------------------------------------------------------------------------------


def test_numpy_mode_is_refused(tmp_path):
    assert util.is_np_array() is util.is_np_shape() is False
    assert util.set_np(False, False) is None is util.reset_np()
    assert util.set_np_shape(False) is False
    with util.np_shape(False), util.np_array(False):
        pass

    @util.use_np
    def function():
        """Its text."""

    @util.use_np
    class Net(mxloss.gluon.HybridBlock):
        pass

    assert function.__doc__ == "Its text." and Net.__name__ == "Net"
    for call in (util.set_np, lambda: util.set_np(array=False), lambda: util.set_np_shape(True),
                 lambda: util.np_shape(True).__enter__(), lambda: util.np_array().__enter__(),
                 function, Net, tu.use_np(function)):
        with pytest.raises(mxloss.MXNetError, match="no numpy mode.*numpy arrays instead"):
            call()
    util.makedirs(str(tmp_path / "a" / "b"))
    util.makedirs(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()
