"""Damaged and hostile files: an MXNetError or a result, soon and in little memory.

MXLOSS_FUZZ_SECONDS: how long to damage files of each kind, with another seed each time; by default
a second or two with a fixed seed.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest
from builds import usual_build

import mxloss as mx

SECONDS = os.environ.get("MXLOSS_FUZZ_SECONDS")
SEED = str(time.time_ns()) if SECONDS else "1"


@usual_build
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads its memory from Linux")
@pytest.mark.parametrize("kind", ["hostile", "parameters", "graphs"])
def test_files(kind):
    program = pathlib.Path(__file__).parent / "fuzz_files.py"
    # the package that is tested here, and one thread: each would take address space
    path = os.pathsep.join([str(pathlib.Path(mx.__file__).parent.parent), *sys.path])
    done = subprocess.run(
        [sys.executable, str(program), kind, SEED, SECONDS or "1.5"], capture_output=True,
        env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}, check=False,
        text=True, timeout=60 + 2 * float(SECONDS or 0))
    assert done.returncode == 0, f"seed {SEED}: {done.returncode}\n{done.stderr[-3000:]}"
    *wrong, summary = done.stdout.splitlines()
    found = [json.loads(line) for line in wrong[:3]]
    shown = "\n".join(f"{case['file'][:800]}\n{case['wrong']}" for case in found)
    assert not wrong, f"seed {SEED}: {len(wrong)} of {summary}\n{shown}"
    assert int(summary.split()[0]) > 100


@pytest.mark.parametrize("attributes", [
    {"axis": "5"}, {"axis": "x"}, {"axis": "1.5"}, {"axis": "(0, 7)"}, {"axis": "9" * 30},
    {"keepdims": "maybe", "axis": "('a',)"}, {"foo": "1"}], ids=str)
def test_wrong_attributes_fail_when_evaluated(attributes):
    nodes = [{"op": "null", "name": "a", "inputs": []},
             {"op": "mean", "name": "m", "attrs": attributes, "inputs": [[0, 0, 0]]}]
    text = json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[1, 0, 0]]})
    with pytest.raises(mx.MXNetError, match="m"):
        mx.sym.load_json(text).eval(a=mx.nd.ones((2, 2)))


@pytest.mark.parametrize("operator, attributes, phrase", [
    ("repeat", {"repeats": "True"}, "repeat"), ("tile", {"reps": "True"}, "tile"),
    ("_mul_scalar", {"scalar": "(1, 2)"}, "scalar is"), ("_mul_scalar", {"scalar": "None"}, "scalar"),
    ("SwapAxis", {"dim1": "9" * 30}, "swapaxes")], ids=str)
def test_wrong_attributes_fail_when_differentiated(operator, attributes, phrase):
    nodes = [{"op": "null", "name": "a", "inputs": []},
             {"op": operator, "name": "n", "attrs": attributes, "inputs": [[0, 0, 0]]}]
    symbol = mx.sym.load_json(json.dumps({"nodes": nodes, "heads": [[1, 0, 0]]}))
    executor = symbol.bind(None, {"a": mx.nd.ones((2, 2))}, {"a": mx.nd.ones((2, 2))})
    with pytest.raises(mx.MXNetError, match=phrase):
        executor.forward(is_train=True)
        executor.backward()


def test_no_memory():
    """An MXNetError that is a MemoryError, too."""
    with pytest.raises(MemoryError) as caught:
        mx.sym.zeros((2**20, 2**20, 2**10)).eval()
    assert isinstance(caught.value, mx.MXNetError)
    with pytest.raises(mx.MXNetError):
        mx.sym.square(mx.sym.var("a")).infer_shape(a=(2**40, 2**40))


@pytest.mark.parametrize("change, phrase", [
    ({"op": "Convolution"}, "'Convolution', which mxloss does not have"), ({"op": 3}, "'op'"),
    ({"name": None}, "'name'"), ({"inputs": 3}, "'inputs'"), ({"inputs": []}, "0 inputs"),
    ({"inputs": [[0, 0, 0]] * 2}, "2 inputs; mean takes 1"), ({"inputs": [[1, 0, 0]]}, "node 1"),
    ({"inputs": [[0, 1, 0]]}, "output 1 of node 0"), ({"inputs": [["0", 0, 0]]}, "refers to"),
    ({"attrs": []}, "'attrs'"), ({"attrs": {"axis": 1}}, "not a string"),
    ({"op": "null"}, "inputs"),
    ({"op": "Reshape"}, "lacks the attribute 'shape'"), ({"attrs": {"x": "1"}}, "'x'"),
    ({"op": "cast", "attrs": {"dtype": "O"}}, "dtype 'O'; expected one of float32"),
    ({"op": "SliceChannel", "attrs": {"num_outputs": "1e9"}}, "outputs"),
    ({"name": "\ud800"}, "half a character")], ids=str)
def test_what_is_wrong_is_named(change, phrase):
    node = {"op": "mean", "name": "m", "inputs": [[0, 0, 0]], **change}
    nodes = [{"op": "null", "name": "a", "inputs": []}, node]
    with pytest.raises(ValueError, match=f"not a graph: node 1.*{phrase}") as caught:
        mx.sym.load_json(json.dumps({"nodes": nodes, "heads": [[1, 0, 0]]}))
    assert isinstance(caught.value, mx.MXNetError)


def test_older_graphs():
    """Attributes were called attr and param, and places had no version."""
    for key in ("attr", "param"):
        nodes = [{"op": "null", "name": "a", "inputs": [], "backward_source_id": -1},
                 {"op": "sum", "name": "s", key: {"axis": "[1]", "__my__": "x"},
                  "inputs": [[0, 0]]}]
        symbol = mx.sym.load_json(json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[1, 0]]}))
        assert symbol.attr("__my__") == "x"
        assert symbol.eval(a=mx.nd.ones((2, 3)))[0].asnumpy().tolist() == [3, 3]
