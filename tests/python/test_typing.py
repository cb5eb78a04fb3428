"""The annotations: complete, as the code is, and what users' programs need."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "typing"


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Runs a part of mypy outside the checkout, so that it sees the installed package."""
    folder = tmp_path_factory.mktemp("mypy")

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    pytest.importorskip("mypy", reason="mypy is not installed")
    return run


def test_users_programs(checked):
    """As strict as mypy can be: each line is right, or wrong where it says so."""
    programs = [str(path) for path in PROGRAMS.glob("*.py")]
    checked("mypy", "--strict", "--config-file=", *programs)


@pytest.mark.parametrize("name", ["losses", "training", "arrays"])
def test_types_at_run_time(name, monkeypatch):
    """What mypy believes of the programs, assert_type sees happen."""
    monkeypatch.syspath_prepend(PROGRAMS)
    runpy.run_path(str(PROGRAMS / f"{name}.py"))


@pytest.mark.skipif(tuple(map(int, np.__version__.split(".")[:2])) < (2, 3),
                    reason="the annotations of numpy before 2.3 do not suit those of operators")
def test_package(checked):
    """Bodies and annotations agree, and signatures are those of the running package."""
    config = str(ROOT / "pyproject.toml")
    checked("mypy", "--config-file", config, "-p", "mxloss")
    checked("mypy.stubtest", "mxloss", "--concise", "--mypy-config-file", config,
            "--allowlist", str(PROGRAMS / "stubtest.txt"))


def test_stubs_are_written(monkeypatch):
    """The .pyi files are what the table of operators and the losses give."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "tools")
    import stubs

    for name, text in stubs.files().items():
        assert (ROOT / "mxloss" / name).read_text() == text, f"{name}: run tests/tools/stubs.py"
