"""What README, docstrings and docs show is what happens."""

import doctest
import importlib.util
import os
import pathlib
import pkgutil
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import mxloss as mx
from mxloss import _native

ROOT = pathlib.Path(__file__).parents[2]


def python_blocks(path):
    return re.findall(r"^```python\n(.*?)^```", (ROOT / path).read_text(), re.M | re.S)


def numbers(text):
    return [float(x) for x in re.findall(r"-?\d+\.\d+", text)]


def test_readme_block(capsys):
    """The block runs and prints what its comments say, to the digits shown."""
    (block,) = python_blocks("README.md")
    exec(block, {})
    printed = capsys.readouterr().out
    shown = " ".join(re.findall(r"^print.*?#(.*)$", block, re.M))
    assert "SoftmaxCrossEntropyLoss(batch_axis=0, w=None)" in printed
    assert numbers(shown) and len(numbers(shown)) == len(numbers(printed))
    np.testing.assert_allclose(numbers(printed), numbers(shown), atol=5e-4)


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_readme_error(page):
    shown = re.search(r"ValueError: (SoftmaxCrossEntropyLoss.*?)\n```", (ROOT / page).read_text(), re.S)
    with pytest.raises(ValueError) as caught:
        mx.gluon.loss.SoftmaxCELoss()(np.ones((2, 3)), np.eye(3)[[0, 2]])
    assert str(caught.value) == " ".join(shown[1].split())


def test_docstrings():
    ran = 0
    for module in pkgutil.walk_packages(mx.__path__, "mxloss."):
        result = doctest.testmod(importlib.import_module(module.name))
        assert result.failed == 0, module.name
        ran += result.attempted
    assert doctest.testmod(mx).failed == 0
    assert ran > 0


def example(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/examples/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_digits(tmp_path, capsys):
    """The demo learns, draws its picture, and tells when it did not learn enough."""
    digits = example("digits")
    picture = tmp_path / "loss.png"
    accuracy = digits.main(["--picture", str(picture)])
    assert accuracy >= 0.97
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10000
    out = capsys.readouterr().out
    assert f"{accuracy:.2%}" in out or f"{100 * accuracy:.1f}" in out
    losses = [float(x) for x in re.findall(r"^ +\d+ +(\d\.\d+) .*%$", out, re.M)]
    assert len(losses) > 50 and losses[-1] < losses[0] / 10


def run_digit_strings(folder, epochs):
    """What it prints and returns. One thread, for BLAS's threads are slow where others compute."""
    program = "import digit_strings; print('returned', digit_strings.main())"
    command = [sys.executable, "-W", "error", "-c", program, "--epochs", str(epochs)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "docs/examples"), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True)
    return ran.stdout


def test_digit_strings(tmp_path):
    """The example learns in a quarter of its epochs, draws its picture, prints what it returns."""
    out = run_digit_strings(tmp_path, 10)
    error = float(re.search(r"^returned (.*)", out, re.M)[1])
    assert 0 < error < 0.06
    assert f"held-out strings: {error:.2%}" in out
    rows = re.findall(r"^ +(\d+) +(\d+\.\d+) +(\d+\.\d+) +(\d+\.\d+)% +(\d+\.\d+)%$", out, re.M)
    table = np.array(rows, float)
    assert table[:, 0].tolist() == list(range(1, 11))
    assert (table[-1, 1:4] < table[0, 1:4] / 10).all() and table[-1, 4] > 80
    picture = (tmp_path / "digit_strings.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 50000


def test_digit_strings_decoding():
    """Goes on: one digit. Again after a blank: two. Past the width: not there."""
    digit_strings = example("digit_strings")
    path = [[3, 3, 10, 3, 7, 10, 5], [10, 10, 10, 10, 10, 10, 10], [0, 1, 1, 0, 0, 10, 0]]
    digits, columns = digit_strings.read(np.eye(11)[path], np.array([6, 7, 7]))
    assert digits == [[3, 3, 7], [], [0, 1, 0, 0]]
    assert [c.tolist() for c in columns] == [[0, 3, 4], [], [0, 1, 3, 6]]
    for a, b, edits in [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("ab", "ab", 0)]:
        assert digit_strings.edit_distance(a, b) == edits


def test_c_example(tmp_path):
    """It compiles without a warning, against the library as built, and prints what it says."""
    source = ROOT / "docs/examples/huber.c"
    (library,) = ROOT.glob("build/cp*/libmxloss.so")
    program = tmp_path / "huber"
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", source, f"-I{ROOT}/include",
                    library, f"-Wl,-rpath,{library.parent}", "-lm", "-o", program], check=True)
    out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert out.strip() == re.search(r"prints: (.*)", source.read_text())[1]


def test_c_page():
    """Programs are shown as they are, what they print and the structs' sizes too."""
    page = (ROOT / "docs/c.md").read_text()
    calls = ROOT / "docs/examples/phone_calls"
    files = {"c": ROOT / "docs/examples/huber.c", "cmake": calls / "CMakeLists.txt"}
    shown = re.findall(r"^```(\w+)\n(.*?)^```", page, re.M | re.S)
    assert {language for language, _ in shown} == {"c", "cmake", "cpp", "rust", "lua", "fortran"}
    endings = {"rust": "rs", "fortran": "f90"}
    for language, block in shown:
        name = f"phone_calls.{endings.get(language, language)}"
        source = files.get(language, calls / name).read_text()
        assert any(textwrap.indent(block, " " * n) in source for n in (0, 4, 8, 12)), (language, block)
    out = subprocess.run([sys.executable, calls / "phone_calls.py"], check=True, text=True,
                         capture_output=True).stdout
    shown = re.search(r"^L2Loss +calls .*?off: .*?\n", page, re.M | re.S)[0]
    if mx.show_config("dicts")["isa"] == "base":  # without fused multiply-add there are other bits
        shown, out = (re.sub(r"  [0-9A-F ]+$", "", text, flags=re.M) for text in (shown, out))
    assert out == shown
    sizes = dict(re.findall(r"`(mxl_\w+)` (?:has )?(\d+)", page))
    assert {name: _native.ffi.sizeof(name) for name in sizes} == {k: int(v) for k, v in sizes.items()}
    assert len(sizes) == 4
