"""The benchmark runs, its tables are right, and its peers compute the same losses."""

import json
import pathlib
import subprocess
import sys

import pytest

BENCH = pathlib.Path(__file__).parents[1] / "bench"
CASES = {
    *(
        "L2",
        "L1",
        "Huber",
        "Hinge",
        "SquaredHinge",
        "Logistic",
        "SigmoidBCE",
        "PoissonNLL",
        "KLDiv",
    ),
    *("SoftmaxCE sparse", "SoftmaxCE dense", "Triplet", "CosineEmbedding", "SDML", "CTC"),
}


def program(name, *args, cwd):
    command = [sys.executable, str(BENCH / name), *map(str, args)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def test_runs(tmp_path):
    args = ["--peers", "mxloss", "--sizes", "small", "--cases", "L2,SoftmaxCE dense,CTC", "--quick"]
    done = program("run.py", *args, "--json", "r.json", "--picture", "r.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "r.json").read_text())
    assert {"command", "date", "machine", "threads", "rounds", "missing", "triad"} <= set(result)
    assert result["missing"] == {} and result["peers"]["mxloss"]["threads"] == 2
    assert [cell["case"] for cell in result["cells"]] == ["L2", "SoftmaxCE dense", "CTC"]
    for cell in result["cells"]:
        assert cell["errors"] == {}
        times = cell["times"]["mxloss"]
        assert set(times) == {"sum", "mean", "numpy", "out", "out, one thread"}
        for form in times.values():
            assert 0 < form["min"] <= form["median"] <= max(form["all"])
    assert result["triad"]["error"] or all(
        row["best"] > 1e8 for row in result["triad"]["bytes_per_second"]
    )
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    for word in ("SoftmaxCE dense", "geometric mean", "Triad", "mxloss: version"):
        assert word in done.stdout


def test_growth(tmp_path):
    args = ["--largest", "9", "--threads", "1", "--quick", "--json", "g.json", "--picture", "g.png"]
    done = program("growth.py", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    points = json.loads((tmp_path / "g.json").read_text())
    assert {p["panel"] for p in points} == {"elements", "batch", "classes", "frames"}
    assert all(p["seconds"] > 0 and p["elements"] > 0 for p in points)
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
    sys.path.insert(0, str(BENCH))
    try:
        from growth import cliffs
    finally:
        sys.path.pop(0)
    steps = [{"panel": "a", "name": "L", "threads": 1, "x": n, "elements": n, "seconds": s}
             for n, s in ((1, 5.0), (2, 5.5), (4, 40.0))]
    assert cliffs(steps) == ["L, 1 thread(s): a 2 to 4 costs 3.6 times as much per element"]
    assert cliffs(steps[:2]) == []


def test_refuses_unknown_words(tmp_path):
    done = program("run.py", "--peers", "mxloss,tensorflow", cwd=tmp_path)
    assert done.returncode == 2 and "'tensorflow' is none of mxloss,torch" in done.stderr


@pytest.mark.parametrize("peer", ["torch", "jax", "mxnet"])
def test_peer_agrees(peer, tmp_path):
    args = ["--peers", f"mxloss,{peer}", "--sizes", "small", "--check", "--json", "r.json"]
    done = program("run.py", *args, cwd=tmp_path)
    result = json.loads((tmp_path / "r.json").read_text())
    if peer in result["missing"]:
        pytest.skip(f"{peer} is in neither make bench's environment nor this one")
    assert done.returncode == 0, done.stdout
    assert {cell["case"] for cell in result["cells"]} == CASES
    assert all(set(cell["agreement"]) == {"mxloss", peer} for cell in result["cells"])


def times(**forms):
    return {form: {"min": x, "median": x, "all": [x]} for form, x in forms.items()}


RESULT = {
    "command": "run.py",
    "date": "today",
    "commit": "abc",
    "machine": {
        "processor": "A processor",
        "cpus": 2,
        "last_level_cache": 1 << 20,
        "system": "Linux",
        "load_at_start": [0, 0, 0],
    },
    "threads": 2,
    "rounds": 1,
    "seconds": 1,
    "peers": {"mxloss": {}, "torch": {}, "jax": {}},
    "missing": {"mxnet": "no wheel"},
    "triad": {
        "error": None,
        "array_bytes": {"large": 1 << 26},
        "bytes_per_second": [{"arrays": "large", "threads": 2, "best": 4e9, "all": [4e9]}],
    },
    "cells": [
        {
            "case": case,
            "size": "large",
            "elements": 10**8,
            "bytes": 10**9,
            "others": 0.25,
            "times": {
                "mxloss": times(**{"sum": 2.0, "out": 1.0, "out, one thread": 1.8}),
                "torch": times(sum=8.0 * factor),
                "jax": times(sum=1.0 * factor, mean=1.0),
            },
            "agreement": {},
            "errors": {},
        }
        for case, factor in (("L2", 1), ("CTC", 16))
    ],
}


def test_tables(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(RESULT))
    done = program("report.py", "r.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [[word.strip() for word in line.split("|")[1:-1]] for line in done.stdout.splitlines()]
    #                  case, us, torch, jax, fastest, mean, numpy, out
    assert ["L2", "2,000,000", "4.0", "0.5", "0.5", "-", "-", "1.0"] in lines
    assert ["CTC", "2,000,000", "64.0", "8.0", "8.0", "-", "-", "16.0"] in lines
    assert ["geometric mean", "", "16.0", "2.0", "2.0", "-", "-", "4.0"] in lines
    assert ["L2", "large", "sum", "jax", "0.50"] in lines
    assert ["L2", "1.0", "0.5", "25%"] in lines  # GB/s, and of the triad
    assert ["L2", "1.80"] in lines
    assert "**missing**: mxnet (no wheel)" in done.stdout
