"""One list of losses: header, core, formulas, Python, test cases and docs agree.

The names follow mechanically from the class: SquaredHingeLoss, squared_hinge, MXL_SQUARED_HINGE.
"""

import importlib.metadata
import pathlib
import re
import subprocess
import sys

import golden
import row_cases

import mxloss as mx
from mxloss import _core, _native

ROOT = pathlib.Path(__file__).parents[2]
HEADER = (ROOT / "include/mxloss.h").read_text()


def stem(class_name):
    """SquaredHingeLoss -> squared_hinge, KLDivLoss -> kl_div, PoissonNLLLoss -> poisson_nll"""
    words = class_name.removesuffix("Loss")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", words).lower()


LOSSES = set(_core.LOSSES)


def test_header_and_core():
    enum = re.search(r"typedef enum mxl_loss \{(.*?)\}", HEADER, re.S)[1]
    numbers = dict(re.findall(r"MXL_(\w+) = (\d+)", enum))
    end = int(numbers.pop("LOSS_END"))
    assert {stem(name).upper(): str(info.number) for name, info in _core.LOSSES.items()} == numbers
    assert max(map(int, numbers.values())) < end


def test_formulas():
    formulas = (ROOT / "src_c/losses/formulas.h").read_text()
    for name in LOSSES:
        assert (ROOT / f"src_c/losses/{stem(name)}.h").read_text().startswith(f"/*\n * {name}")
        assert f'#include "{stem(name)}.h"' in formulas
    listed = re.findall(r"^    X\((\w+),", formulas, re.M)
    ids = re.findall(r"MXL_F_(\w+)", (ROOT / "src_c/job.h").read_text())
    assert listed == ids and len(set(listed)) == len(listed)


def test_python():
    module = mx.gluon.loss
    classes = {getattr(module, name) for name in module.__all__} - {module.Loss}
    assert {cls.__name__ for cls in classes} == LOSSES
    assert {cls._core_name for cls in classes} == LOSSES
    assert module.SigmoidBCELoss is module.SigmoidBinaryCrossEntropyLoss
    assert module.SoftmaxCELoss is module.SoftmaxCrossEntropyLoss
    for cls in classes:
        for heading in ("Parameters\n", "Inputs\n", "Outputs\n", "Raises\n", "Source: "):
            assert heading in cls.__doc__, (cls, heading)
        options = set(_core.LOSSES[cls._core_name].options)
        code = cls.__init__.__code__
        taken = set(code.co_varnames[1 : code.co_argcount])
        assert taken == options - {"epsilon"}, cls  # epsilon is an argument of the call


def test_cases_and_recordings():
    assert {v.case.name for v in row_cases.ALL} == LOSSES
    assert {case.loss for case in golden.cases()} == LOSSES


def test_docs():
    folder = ROOT / "docs/losses"
    pages = {path.stem: path.read_text().split("\n")[0] for path in folder.glob("*.md")}
    del pages["index"]
    assert pages == {stem(name): f"# {name}" for name in LOSSES}
    index = (folder / "index.md").read_text()
    assert set(re.findall(r"\((\w+)\.md\)", index)) == set(pages)
    for block in index.split("```")[1:4:2]:  # the pictures, the contents
        assert set(block.split()) - {"{thumbnails}", "{toctree}", ":hidden:"} == set(pages)
    readme = (ROOT / "README.md").read_text()
    for name in LOSSES:
        assert name in readme, name


def test_recordings_as_text_are_current():
    subprocess.run([sys.executable, ROOT / "tests/tools/golden_text.py", "--check"], check=True)


def test_exported_symbols():
    """libmxloss exports what the header declares, in the versions that tests/c/mxloss.abi has, and
    the Python module only its entry. (`make abi` compares types.)"""
    def symbols(path):
        out = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", path],
                             check=True, capture_output=True, text=True).stdout
        return sorted(line.split()[-1] for line in out.splitlines() if " A " not in line)

    library = mx.get_library()
    stored = re.findall(r"<elf-symbol name='(\w+)' version='(\w+)' is-default-version='yes'",
                        (ROOT / "tests/c/mxloss.abi").read_text())
    assert symbols(library) == [f"{name}@@{version}" for name, version in stored]
    declared = re.findall(r"^MXL_API .*?(mxl_\w+)\(", HEADER, re.M)
    assert sorted(declared) == [name for name, _ in stored]
    soname = subprocess.run(["objdump", "-p", library], check=True, capture_output=True, text=True)
    assert "SONAME               libmxloss.so.1" in soname.stdout
    assert symbols(_native.__file__) == ["PyInit__native"]


def test_version():
    """One number, which the header has; Perl writes 1.2.3 as 1.002003."""
    numbers = [int(n) for n in re.findall(r"MXL_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", HEADER)]
    assert mx.__version__ == importlib.metadata.version("mxloss") == ".".join(map(str, numbers))
    perl = (ROOT / "perl_compat/lib/AI/MXLoss.pm").read_text()
    assert "our $VERSION = '{}.{:03}{:03}';".format(*numbers) in perl
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## [{mx.__version__}]" in changelog or "## [Unreleased]" in changelog
