"""python -m mxloss: what it prints, that its recordings are those of tests/golden, and that it
notices a wrong result; the C library of the package."""

import ctypes
import json
import shutil
import subprocess
import sys
import time

import golden
import numpy as np
import pytest
from builds import usual_build

import mxloss as mx
from mxloss import __main__ as program
from mxloss import _core, _self_check

FILES = sorted(_self_check.RECORDED.glob("*.npz"))


def run(folder, *arguments):
    """In a folder that is not the checkout, whose mxloss is not compiled."""
    return subprocess.run([sys.executable, "-m", "mxloss", *arguments], capture_output=True,
                          text=True, cwd=folder)


def test_report(tmp_path):
    ran = run(tmp_path)
    assert ran.returncode == 0 and ran.stderr == ""
    for fact in mx.show_config("dicts").values():
        assert (", ".join(fact) if isinstance(fact, list) else str(fact)) in ran.stdout
    last = ran.stdout.splitlines()[-1]
    assert last.startswith("self-check") and ": right (" in last
    assert "14 losses" in last and all(isa in last for isa in _core.isa_names())


def test_takes_less_than_a_second():
    begun = time.process_time()
    assert _self_check.failures() == []
    assert time.process_time() - begun < 1


def test_recordings():
    """Those of tests/golden, and the real MXNet's where mxloss decided otherwise."""
    decided = json.loads((golden.FOLDER / "decisions.json").read_text())
    seen = set()
    for path in FILES:
        assert path.read_bytes() == (golden.FOLDER / path.name).read_bytes()
        assert path.name not in decided
        call, arrays = _self_check._read(path)
        seen.add((call["loss"], arrays["out"].dtype.name))
        floating = {f"grad_{name}" for name in call["call"]
                    if name and arrays["in_" + name].dtype.kind == "f"}
        if call["loss"] not in ("CTCLoss", "CosineEmbeddingLoss", "SoftmaxCrossEntropyLoss"):
            assert floating <= set(arrays), path.name  # those have labels without gradients
    assert seen == {(loss, dtype) for loss in _core.LOSSES for dtype in ("float32", "float64")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_notices(path, tmp_path, monkeypatch):
    """A change in the last digits that count, in each recorded result of each file."""
    def wrong():
        return [s for s in _self_check.failures() if "nothing to compare with" not in s]

    monkeypatch.setattr(_self_check, "RECORDED", tmp_path)
    call, arrays = _self_check._read(path)
    for name in [name for name in arrays if name == "out" or name.startswith("grad_")]:
        with np.load(path) as file:
            changed = dict(file)
        at = np.unravel_index(np.argmax(abs(changed[name])), changed[name].shape)
        changed[name][at] += 3 * (call["atol"] + call["rtol"] * abs(changed[name][at]))
        np.savez(tmp_path / path.name, **changed)
        found = wrong()
        assert len(found) == len(_core.isa_names())
        for isa, sentence in zip(_core.isa_names(), found):
            assert f"{call['loss']} {arrays['out'].dtype} {isa}: " in sentence
            assert ("value" if name == "out" else f"gradient of {name[5:]}") in sentence
            assert "1 of" in sentence and path.stem in sentence
    shutil.copy(path, tmp_path)
    assert wrong() == []


def test_notices_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_self_check, "RECORDED", tmp_path)
    assert program.main([]) == 1
    out = capsys.readouterr().out
    for loss in _core.LOSSES:
        assert f"WRONG {loss} float32: nothing to compare with" in out
    assert f"{2 * len(_core.LOSSES)} WRONG" in out


def test_notices_an_error(monkeypatch):
    def fail(*_, **__):
        raise MemoryError("none left")

    monkeypatch.setattr(mx.gluon.loss.L2Loss, "value_and_grad", fail)
    found = _self_check.failures()
    assert found and all(s.startswith("L2Loss ") and "MemoryError: none left" in s for s in found)


@usual_build
def test_c_program(tmp_path):
    """What --cflags and --libs print compiles a program, which then runs as it is."""
    source = golden.FOLDER.parents[1] / "docs/examples/huber.c"
    both = run(tmp_path, "--cflags", "--libs").stdout
    assert both.split() == [*run(tmp_path, "--cflags").stdout.split(),
                            *run(tmp_path, "--libs").stdout.split()]
    build = f"gcc -std=c99 -Wall -Wextra -Werror {source} {both.strip()} -o huber"
    subprocess.run(build, shell=True, check=True, cwd=tmp_path)
    linked = subprocess.run(["ldd", "huber"], capture_output=True, text=True, cwd=tmp_path).stdout
    assert f"libmxloss.so.1 => {mx.get_library()}" in linked
    out = subprocess.run(["./huber"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert out.stdout.strip() == "0.125 1.5 0  0.5 -1 0"


def test_ctypes():
    library = ctypes.CDLL(mx.get_library())
    library.mxl_version.restype = ctypes.c_char_p
    assert library.mxl_version().decode() == mx.__version__
