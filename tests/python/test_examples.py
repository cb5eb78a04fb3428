"""What README, docstrings and docs show is what happens."""

import doctest
import importlib.util
import pathlib
import pkgutil
import re
import subprocess

import numpy as np
import pytest

import mxloss as mx

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


def test_readme_error():
    shown = re.search(r"ValueError: (SoftmaxCrossEntropyLoss.*?)\n```", (ROOT / "README.md").read_text(), re.S)
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


def test_digits(tmp_path, capsys):
    """The demo learns, draws its picture, and tells when it did not learn enough."""
    spec = importlib.util.spec_from_file_location("digits", ROOT / "docs/examples/digits.py")
    digits = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(digits)
    picture = tmp_path / "loss.png"
    accuracy = digits.main(["--picture", str(picture)])
    assert accuracy >= 0.97
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10000
    out = capsys.readouterr().out
    assert f"{accuracy:.2%}" in out or f"{100 * accuracy:.1f}" in out
    losses = [float(x) for x in re.findall(r"^ +\d+ +(\d\.\d+) .*%$", out, re.M)]
    assert len(losses) > 50 and losses[-1] < losses[0] / 10


def test_c_example(tmp_path):
    """It compiles without a warning, against the library as built, and prints what it says."""
    source = ROOT / "docs/examples/huber.c"
    (library,) = ROOT.glob("build/*/libmxloss.so")
    program = tmp_path / "huber"
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", source, f"-I{ROOT}/include",
                    library, f"-Wl,-rpath,{library.parent}", "-lm", "-o", program], check=True)
    out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert out.strip() == re.search(r"prints: (.*)", source.read_text())[1]
