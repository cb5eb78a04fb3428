"""The worst errors of mxloss, PyTorch, JAX and MXNet on the same inputs, in ulp.

    .venv/bin/python tests/accuracy/run.py [--quick] [--libraries mxloss,torch,jax,mxnet]
        [--json FILE]
        [--scan FILE]         what tests/c/test_math.c printed
        [--page FILE]         the tables within a page, anew
        [--picture FILE]

Fails if mxloss exceeds a bound of report.BOUNDS, or if instruction sets with fused multiply-add
differ in a bit.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import elements  # before peers: both folders have a cases.py
import ml_dtypes
import mpmath
import numpy as np
import report
import rows
from case import DTYPES
from tqdm import tqdm

from mxloss import _core

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "bench"))
import peers

LIBRARIES = ("mxloss", "torch", "jax", "mxnet")


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--libraries", default=",".join(LIBRARIES), help="some of %(default)s")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller inputs")
    for name in ("json", "scan", "page", "picture"):
        parser.add_argument("--" + name, type=pathlib.Path)
    return parser.parse_args()


# ---- Running -------------------------------------------------------------------------------------


def save(cases, file):
    arrays = {
        f"{number}/{name}": a.astype(np.float32)
        if c.dtype == "bfloat16" and a.dtype.kind in "Vf"
        else a
        for number, c in enumerate(cases)
        for name, a in c.inputs.items()
    }
    np.savez(file, cases=json.dumps([c.manifest() for c in cases]), **arrays)


def answers(library, python, folder, isa=None):
    """{"number/name": array} and the library's own words."""
    target = folder / f"{library}-{isa}.npz"
    env = peers.environment(library, 2) | ({"MXLOSS_ISA": isa} if isa else {})
    command = [python, str(HERE / "worker.py"), library, str(folder / "inputs.npz"), str(target)]
    done = subprocess.run(command, env=env, cwd=HERE, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{library}: {done.stderr[-2000:]}")
    with np.load(target) as found:
        found = dict(found)
    target.unlink()
    return found, json.loads(str(found.pop("info")))


# ---- Judging -------------------------------------------------------------------------------------


def unit(size, dtype):
    """The ulp of numbers of this size, of subnormal ones that of the smallest normal number."""
    f = ml_dtypes.finfo(dtype)
    exponent = np.frexp(np.minimum(size, np.float64(f.max)))[1] - 1
    return np.ldexp(1.0, np.maximum(exponent, f.minexp) - f.nmant)


def columns(found, numbers, sizes):
    """|found - exact|, |exact|, its sign and size, from long doubles or 50 digits."""
    if isinstance(numbers, np.ndarray) and numbers.dtype == np.longdouble:
        difference = abs(found.astype(np.longdouble) - numbers)
        return difference, abs(numbers), np.sign(numbers), sizes
    difference = [
        float(abs(mpmath.mpf(float(a)) - b)) if np.isfinite(a) else np.nan
        for a, b in zip(found, numbers)
    ]
    exact, sizes = (np.array([float(a) for a in column]) for column in (numbers, sizes))
    return np.array(difference), abs(exact), np.sign(exact), sizes


def judge(found, numbers, sizes, dtype):
    """The largest error and where it is, how many are not finite though they should be."""
    top = np.longdouble(ml_dtypes.finfo(dtype).max)
    found = found.astype(np.float64)
    with np.errstate(all="ignore"):
        difference, exact, sign, size = columns(found, numbers, sizes)
        asked = ~np.isnan(exact)
        over = asked & (exact > top)
        wrong = asked & np.where(over, ~(found * sign >= top), ~np.isfinite(found))
        fine = asked & ~over & ~wrong
        ulp = np.where(fine, difference / unit(np.maximum(size, exact), dtype), 0).astype(float)
        relative = np.where(fine, difference / unit(exact, dtype), 0).astype(float)
    at = int(ulp.argmax())
    result = {
        "ulp": ulp[at],
        "relative": relative.max(),
        "at": at,
        "n": int(asked.sum()),
        "wrong": int(wrong.sum()),
        "misrounded": float((relative > 0.5001).mean()),
    }
    if wrong.any():
        result["wrong_at"] = int(wrong.argmax())
        result["found"] = str(found[result["wrong_at"]])
    return result


def place(case, number):
    """The arguments of an element; for rows, which."""
    if case.kind == "elements":
        return [float(a[number]) for a in case.inputs.values()]
    return case.note or f"number {number}"


def judged(case, number, found, exact):
    """The worst of value and of gradients."""
    results = []
    for output in ("value", *case.wrt):
        array = found.get(f"{number}/{output}")
        if array is None:
            continue
        row = judge(array, *exact[output], DTYPES[case.dtype])
        for key in {"at", "wrong_at"} & set(row):
            row[key] = place(case, row[key])
        results.append(
            {"what": "value" if output == "value" else "gradient", "output": output, **row}
        )
    return results


def worse(a, b):
    """Two rows of the results as one."""
    first, second = sorted((a, b), key=lambda r: -r["ulp"])
    total = a["n"] + b["n"]
    mean = (a["misrounded"] * a["n"] + b["misrounded"] * b["n"]) / max(1, total)
    row = {
        **first,
        "n": total,
        "wrong": a["wrong"] + b["wrong"],
        "misrounded": mean,
        "relative": max(a["relative"], b["relative"]),
    }
    for key in ("wrong_at", "found"):
        if key in second:
            row.setdefault(key, second[key])
    return row


def measure(cases, found, own):
    """One row per name, dtype, region, value or gradient, and library."""
    table = {}
    for number, case in enumerate(tqdm(cases, desc="judging", file=sys.stderr)):
        exact = case.exact()
        if any(case.name in own.get(library, ()) for library in found):
            theirs = case.exact(own=True)
        for library, arrays in found.items():
            wanted = theirs if case.name in own.get(library, ()) else exact
            for row in judged(case, number, arrays, wanted):
                key = (
                    case.name,
                    case.dtype,
                    case.region,
                    case.kind == "mean",
                    row["what"],
                    library,
                )
                table[key] = worse(table[key], row) if key in table else row
    names = ("name", "dtype", "region", "mean", "what", "library")
    return [{**dict(zip(names, key)), **rounded(row)} for key, row in table.items()]


def rounded(row):
    return {k: float(f"{a:.4g}") if isinstance(a, float) else a for k, a in row.items()}


def same_bits(found):
    """Of the instruction sets with fused multiply-add."""
    first, *others = found.values()
    for isa, arrays in zip(list(found)[1:], others):
        for key, a in arrays.items():
            if not np.array_equal(a, first[key], equal_nan=True):
                sys.exit(f"{isa} differs in {key}")


OWN = {
    "torch": ("KLDiv", "KLDiv from scores", "SigmoidBCE from_sigmoid"),
    "jax": ("KLDiv", "KLDiv from scores"),
}  # add nothing inside logarithms


def main():
    args = options()
    result = {"libraries": {}, "missing": {}, "quick": args.quick}
    with tempfile.TemporaryDirectory() as folder, mpmath.workdps(50):
        folder = pathlib.Path(folder)
        cases = [*elements.element_and_mean_cases(args.quick), *rows.row_cases(args.quick)]
        save(cases, folder / "inputs.npz")
        found, ours = {}, {}
        for isa in _core.isa_names():
            ours[isa], info = answers("mxloss", sys.executable, folder, isa)
            if info["errors"]:
                sys.exit(f"mxloss: {info['errors']}")
        result["libraries"]["mxloss"] = {"version": info["version"], "isa": list(ours)}
        base = ours.pop("base", None)
        if ours:
            same_bits(ours)
            found["mxloss"] = ours.popitem()[1]
        if base:
            found["mxloss base"] = base
        ours.clear()
        for library in args.libraries.split(","):
            if library == "mxloss":
                continue
            python, why = peers.find(library)
            if python is None:
                result["missing"][library] = why
                continue
            found[library], info = answers(library, python, folder)
            errors = {}
            for number, error in info.pop("errors").items():
                case = cases[int(number)]
                errors.setdefault(f"{case.name} {case.dtype}", error.splitlines()[0])
            result["libraries"][library] = {**info, "errors": errors}
        result["rows"] = measure(cases, found, OWN)
    if args.scan:
        result["scan"] = args.scan.read_text().split("\n")
    if args.json:
        args.json.write_text(report.dump(result))
    if args.page:
        report.write(result, args.page)
    if args.picture:
        import picture

        picture.draw(result, args.picture)
    broken = report.broken(result)
    print("\n".join(broken or [f"{len(result['rows'])} worst errors, all within their bounds"]))
    return bool(broken)


if __name__ == "__main__":
    os.environ["MXLOSS_ISA"] = ""
    sys.exit(main())
