"""docs/accuracy.md shows the numbers of docs/accuracy.json, and these keep the bounds; the measure
itself measures."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "accuracy"
RESULT = json.loads((ROOT / "docs" / "accuracy.json").read_text())


@pytest.fixture(scope="module")
def report():
    """The bench has a module of this name, too."""
    sys.path.insert(0, str(FOLDER))
    try:
        import report
        yield report
    finally:
        sys.path.remove(str(FOLDER))
        sys.modules.pop("report", None)


def test_page(report):
    page = (ROOT / "docs" / "accuracy.md").read_text()
    assert report.filled(page, RESULT) == page


def test_bounds(report):
    assert report.broken(RESULT) == []
    assert not RESULT["quick"] and not RESULT["missing"] and len(report.scanned(RESULT)) == 7


def test_a_broken_bound_is_found(report):
    for change in ({"ulp": 9.0}, {"wrong": 1}):
        rows = [{**row, **change} if row["name"] == "Huber" else row for row in RESULT["rows"]]
        lines = report.broken({**RESULT, "rows": rows})
        assert lines and all(line.startswith("Huber ") for line in lines)
    scan = [line.replace("worst ", "worst 1") for line in RESULT["scan"]]
    assert any("exp float" in line for line in report.broken({**RESULT, "scan": scan}))


def test_every_loss_is_measured(report):
    import cases

    names = {name.split()[0] for name in report.Results(RESULT).names("ordinary")}
    losses = {v.case.name for v in cases.VARIANTS} | set(cases._core.LOSSES)
    assert names == {n.replace("Loss", "").replace("BinaryCrossEntropy", "BCE")
                     .replace("CrossEntropy", "CE") for n in losses}


PROGRAM = """
import numpy as np, mpmath, run
one, top = mpmath.mpf(1), np.finfo("float32").max
def judged(found, exact, size=None, dtype="float32"):
    exact = [mpmath.mpf(float(exact))]
    return run.judge(np.array([found], dtype), exact, [size or abs(exact[0])], np.dtype(dtype).type)
assert judged(1, 1)["ulp"] == 0
assert judged(1 + 2**-23, 1)["ulp"] == 1 and judged(1 + 2**-52, 1, dtype="float64")["ulp"] == 1
assert judged(1 + 2**-23, 1, 4)["ulp"] == 0.25 and judged(1 + 2**-23, 1, 4)["relative"] == 1
assert judged(2**-148, 2**-149)["ulp"] == 1 and judged(0, 2**-149)["ulp"] == 1
assert judged(np.nan, 1)["wrong"] and judged(np.inf, 1)["wrong"] and not judged(np.inf, 1)["ulp"]
assert not judged(np.inf, 1e39)["wrong"] and judged(-np.inf, 1e39)["wrong"]
assert judged(top, 2.0**128 * 0.75)["ulp"] > 1e6
numbers = np.array([1, 2, 3], np.longdouble)
assert run.judge(np.float32([1, 2.5, 3]), numbers, numbers, np.float32)["at"] == 1
"""


def test_judge():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=FOLDER, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
