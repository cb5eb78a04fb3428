"""The examples in docs/examples run, reach what they promise, and print what their pages show."""

import csv
import gzip
import importlib
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from builds import usual_build

ROOT = pathlib.Path(__file__).parents[2]
pytestmark = usual_build


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs/examples")
    return importlib.import_module


def run(name, folder, *arguments):
    """What it prints and returns. One thread, for BLAS's threads are slow where others compute."""
    program = f"import {name}; print('returned', {name}.main())"
    command = [sys.executable, "-W", "error", "-c", program, "--picture", "picture.png", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "docs/examples"), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True)
    check_picture(folder)
    return ran.stdout, float(re.search(r"^returned (.*)", ran.stdout, re.M)[1])


def check_picture(folder):
    picture = (folder / "picture.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 20000


def shown(name):
    """The lines that the example's page shows of its output."""
    (block,) = re.findall(r"^```text\n(.*?)^```", (ROOT / f"docs/gallery/{name}.md").read_text(), re.M | re.S)
    return [line for line in block.splitlines() if line.strip() not in ("", "...")]


NUMBER = r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?"


def numbers(line):
    return [float(x) for x in re.findall(NUMBER, line)]


def words(line):
    return tuple(re.sub(NUMBER, "#", line).split())


def check_page(name, out, **tolerance):
    """Its lines are lines of the output; with tolerances, the numbers are as well."""
    printed = {}
    for line in out.splitlines():
        printed.setdefault(words(line), []).append(line)
    for line in shown(name):
        assert words(line) in printed, line
        if tolerance:
            same = [other for other in printed[words(line)] if numbers(other)[:1] == numbers(line)[:1]]
            np.testing.assert_allclose(numbers(same[0]), numbers(line), err_msg=line, **tolerance)


def test_digits(tmp_path):
    """The demo learns, and draws its picture."""
    out, accuracy = run("digits", tmp_path)
    assert accuracy >= 0.97
    assert f"{accuracy:.2%}" in out
    losses = [float(x) for x in re.findall(r"^ +\d+ +(\d\.\d+) .*%$", out, re.M)]
    assert len(losses) == 60 and losses[-1] < losses[0] / 10
    check_page("digits", out)


def test_digit_strings(tmp_path):
    """The example learns in a quarter of its epochs, draws its picture, prints what it returns."""
    out, error = run("digit_strings", tmp_path, "--epochs", "10")
    assert 0 < error < 0.06
    assert f"held-out strings: {error:.2%}" in out
    rows = re.findall(r"^ +(\d+) +(\d+\.\d+) +(\d+\.\d+) +(\d+\.\d+)% +(\d+\.\d+)%$", out, re.M)
    table = np.array(rows, float)
    assert table[:, 0].tolist() == list(range(1, 11))
    assert (table[-1, 1:4] < table[0, 1:4] / 10).all() and table[-1, 4] > 80
    check_page("digit_strings", out)


def test_digit_strings_decoding(example):
    """Goes on: one digit. Again after a blank: two. Past the width: not there."""
    digit_strings = example("digit_strings")
    path = [[3, 3, 10, 3, 7, 10, 5], [10, 10, 10, 10, 10, 10, 10], [0, 1, 1, 0, 0, 10, 0]]
    digits, columns = digit_strings.read(np.eye(11)[path], np.array([6, 7, 7]))
    assert digits == [[3, 3, 7], [], [0, 1, 0, 0]]
    assert [c.tolist() for c in columns] == [[0, 3, 4], [], [0, 1, 3, 6]]
    for a, b, edits in [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("ab", "ab", 0)]:
        assert digit_strings.edit_distance(a, b) == edits


def test_metric_learning(tmp_path):
    """In a tenth of its epochs, either loss names digits from one example far better than pixels do."""
    out, accuracy = run("metric_learning", tmp_path, "--epochs", "10")
    rows = re.findall(r"^(\w.*?) +(\d+) +(\d+\.\d)% +(\d+\.\d)%$", out, re.M)
    assert len(rows) == 11
    table = {(name, int(size)): (float(near), float(one)) for name, size, near, one in rows[:7]}
    pixels = table["pixels", 64]
    assert pixels[0] > 98 and pixels[1] < 70  # of the data, whatever is learnt
    for loss in "TripletLoss", "SDMLLoss":
        for size, near, one in (2, 75, 65), (8, 95, 87):
            assert table[loss, size][0] > near and table[loss, size][1] > one, (loss, size)
            assert table["principal components", size][1] < 70
    assert accuracy == pytest.approx(min(table[loss, 8][1] for loss in ("TripletLoss", "SDMLLoss")) / 100, abs=1e-3)
    check_page("metric_learning", out)


def test_metric_learning_triplets(example):
    """The negative is the nearest one beyond the positive; if there is none, the farthest."""
    points, labels = np.array([[0.0], [2.0], [1.0], [3.0], [5.0]]), np.array([0, 0, 1, 1, 1])
    rows = np.transpose(example("metric_learning").triplets(points, labels)).tolist()
    assert [0, 1, 3] in rows and [1, 0, 4] in rows and [2, 4, 0] in rows and [4, 2, 0] in rows
    assert [3, 4, 0] in rows and len(rows) == 2 + 6


def test_counts(example, tmp_path, capsys):
    """Weights, errors and deviance are those that statsmodels finds, by Newton's method."""
    import statsmodels.api as sm

    counts = example("counts")
    results, deviance, slope = counts.main(["--picture", str(tmp_path / "picture.png")])
    check_picture(tmp_path)
    assert slope < counts.REQUIRED_SLOPE
    data = np.genfromtxt(counts.DATA, delimiter=",", names=True)
    columns = sm.add_constant(counts.predictors(data)[1])
    families = {
        "PoissonNLLLoss": sm.families.Poisson(),
        "L2Loss": sm.families.Gaussian(sm.families.links.Log()),
    }
    cluster = {"groups": data["person"], "use_correction": False}
    for loss, family in families.items():
        model = sm.GLM(data["visits"], columns, family=family, offset=np.log(data["years"]))
        fit = model.fit(tol=1e-14, maxiter=200, cov_type="cluster", cov_kwds=cluster)
        weights, errors = results[loss]
        np.testing.assert_allclose(weights, fit.params, rtol=0, atol=1e-7)
        np.testing.assert_allclose(errors, fit.bse, rtol=1e-6)
        if loss == "PoissonNLLLoss":
            np.testing.assert_allclose(deviance, fit.deviance, rtol=1e-8)
    check_page("counts", capsys.readouterr().out, rtol=1e-6, atol=0.011)


def test_doctor_visits(example):
    """The table is an extract of the one that statsmodels ships, as its LICENSE file says."""
    import statsmodels.datasets.randhie as randhie

    with gzip.open(example("counts").DATA, "rt") as file:
        ours = [dict(zip(row, map(float, row.values()))) for row in csv.DictReader(file)]
    with open(pathlib.Path(randhie.__file__).parent / "src/randhie.csv") as file:
        theirs = list(csv.DictReader(file))
    assert len(ours) == len(theirs) == 20190
    same = {"visits": "mdvis", "coinsurance": "coins", "deductible": "idp", "female": "female"}
    rounded = {"years": ("time", 5e-5), "chronic": ("disea", 0.05), "limited": ("physlm", 0.005)}
    people = {}
    for our, their in zip(ours, theirs):
        assert all(our[a] == float(their[b]) for a, b in same.items())
        assert all(abs(our[a] - float(their[b])) <= t + 1e-9 for a, (b, t) in rounded.items())
        assert our["age"] == float(their["xage"]) // 1
        health = [float(their[key]) for key in ("hlthg", "hlthf", "hlthp")]
        assert our["health"] == 1 + np.dot([1, 2, 3], health)
        assert people.setdefault(their["zper"], our["person"]) == our["person"]
    assert sorted(people.values()) == list(range(1, 5913))
