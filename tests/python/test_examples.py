"""What README, docstrings and docs show is what happens."""

import doctest
import importlib
import pathlib
import pkgutil
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from builds import usual_build

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


@usual_build
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
