"""The worst errors as the tables of docs/accuracy.md; the bounds that they have to keep.

python tests/accuracy/report.py RESULTS.json PAGE.md        writes the tables of a run into the page

Needs nothing but Python.
"""

import json
import pathlib
import re
import sys

LIBRARIES = ("mxloss", "torch", "jax", "mxnet")
TITLES = {"mxloss": "mxloss", "torch": "PyTorch", "jax": "JAX", "mxnet": "MXNet"}
ARITHMETIC = ("L2", "L1", "Huber", "Hinge", "SquaredHinge", "Triplet")

# ulp: (value, gradient) of float32, of float64
OTHERS = ((2.5, 2.5), (2.5, 2.5))
BOUNDS = {
    **{name: ((1, 1), (1, 1)) for name in ARITHMETIC},
    # a gradient of sums and products of a rounded 1 - z, q z and sigma
    "SigmoidBCE pos_weight": ((2.5, 3), (2.5, 3)),
    "SigmoidBCE from_sigmoid pos_weight": OTHERS,
    "CosineEmbedding": ((1, 1), (1.5, 3.5)),
    "SDML": ((1.5, 5), (3, 4)),
    "CTC": ((2.5, 2.5), (2.5, 8)),  # posteriors collect a rounding per frame
}
MEANS = {"random": 0.51, "sorted": 1.5, "constant": 1.5}
CORES = 1.05
HALF = 0.501  # of the half types: float32 rounded once more


def bound(row):
    if row["mean"]:
        return MEANS[row["region"]] if row["dtype"] == "float32" else 1.5
    place = row["what"] != "value"
    if row["dtype"] in ("float16", "bfloat16"):
        return HALF
    name = row["name"]
    bounds = BOUNDS.get(name) or BOUNDS.get(name.split()[0], OTHERS)
    return bounds[row["dtype"] == "float64"][place]


def broken(result):
    """What is wrong with the numbers of mxloss."""
    lines = []
    for row in result["rows"]:
        if row["library"] == "mxloss" and (row["wrong"] or row["ulp"] > bound(row)):
            lines.append(
                f"{row['name']} {row['dtype']} {row['region']} {row['output']}: "
                f"{row['ulp']} ulp at {row['at']}, bound {bound(row)}; "
                f"{row['wrong']} of {row['n']} not finite"
            )
    for name, ulp, at in scanned(result):
        if ulp > (1.3 if name == "log1p double" else CORES):
            lines.append(f"{name}: {ulp} ulp at {at}")
    return lines


def scanned(result):
    """(core, ulp, argument)"""
    found = (re.match(r"(\w+ \w+) +worst ([\d.]+) ulp at (\S+)", s) for s in result.get("scan", []))
    worst = {}
    for name, ulp, at in (m.groups() for m in found if m):
        worst[name] = max(worst.get(name, (0, "")), (float(ulp), at))
    return [(name, *pair) for name, pair in worst.items()]


# ---- Tables --------------------------------------------------------------------------------------


def number(x):
    if x < 99.5:
        return f"{x:.2f}" if x < 9.95 else f"{x:.0f}"
    return f"{x:.0e}".replace("e+0", "e").replace("e+", "e")


def cell(row, key="ulp"):
    """An error; how many results are not finite though they should be."""
    if row is None:
        return "-"
    wrong = f"; {row['wrong'] / row['n']:.0%} lost" if row["wrong"] else ""
    return number(row[key]) + wrong.replace("; 0%", "; <1%")


def table(head, rows):
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


class Results:
    def __init__(self, result):
        self.rows = {
            tuple(r[k] for k in ("name", "dtype", "region", "what", "library")): r
            for r in result["rows"]
        }

    def names(self, region):
        return list(dict.fromkeys(key[0] for key in self.rows if key[2] == region))

    def get(self, *key):
        return self.rows.get(key)


def side_by_side(found, dtype, region):
    head = [
        "loss",
        *(f"{TITLES[n]}, value" for n in LIBRARIES),
        *(f"{TITLES[n]}, gradient" for n in LIBRARIES),
    ]
    rows = [
        [
            name,
            *(
                cell(found.get(name, dtype, region, what, library))
                for what in ("value", "gradient")
                for library in LIBRARIES
            ),
        ]
        for name in found.names(region)
    ]
    return table(head, rows)


def means(found):
    head = ["loss", *(f"{TITLES[n]}, {r}" for r in MEANS for n in LIBRARIES)]
    parts = []
    for dtype in ("float32", "float64"):
        rows = [
            [
                name,
                *(
                    cell(found.get(name, dtype, region, "value", library))
                    for region in MEANS
                    for library in LIBRARIES
                ),
            ]
            for name in found.names("random")
        ]
        parts.append(f"{dtype}:\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def halves(found):
    def share(row):
        return "-" if row is None else number(row["relative"]) + f" ({row['misrounded']:.1%})"

    head = [
        "loss",
        *(f"{TITLES[n]}, {dtype}" for dtype in ("float16", "bfloat16") for n in LIBRARIES),
    ]
    rows = []
    for name in found.names("ordinary"):
        cells = []
        for dtype in ("float16", "bfloat16"):
            for library in LIBRARIES:
                cells.append(share(found.get(name, dtype, "ordinary", "value", library)))
        rows.append([name, *cells])
    return table(head, rows)


def plain(found):
    """mxloss against the result itself, and the baseline without fused multiply-add."""
    head = ["loss"]
    for dtype in ("float32", "float64"):
        head += [f"{dtype}: value", "gradient", "extreme value", "extreme gradient"]
    head += ["baseline, float32: value", "gradient"]
    rows = []
    for name in found.names("ordinary"):
        cells = [
            cell(found.get(name, dtype, region, what, "mxloss"), "relative")
            for dtype in ("float32", "float64")
            for region in ("ordinary", "extreme")
            for what in ("value", "gradient")
        ]
        base = [
            found.get(name, "float32", r, w, "mxloss base")
            for w in ("value", "gradient")
            for r in ("ordinary", "extreme")
        ]
        cells += [
            cell(max((r for r in pair if r), key=lambda r: r["ulp"], default=None))
            for pair in (base[:2], base[2:])
        ]
        rows.append([name, *cells])
    return table(head, rows)


def lost(result):
    """Where a library's result is not finite though the exact one is."""
    rows = []
    for row in result["rows"]:
        if row["wrong"] and row["library"] in LIBRARIES:
            at = row["wrong_at"]
            at = ", ".join(f"{a:.6g}" for a in at) if isinstance(at, list) else str(at)
            rows.append(
                [
                    row["name"],
                    row["dtype"],
                    row["region"],
                    TITLES[row["library"]],
                    row["output"],
                    f"{row['wrong']} of {row['n']}",
                    f"{row['found']} at {at}",
                ]
            )
    head = ["loss", "dtype", "arguments", "library", "of", "how many", "for example"]
    return table(head, rows) if rows else "None."


def cores(result):
    rows = [[name, f"{ulp:.3f}", at] for name, ulp, at in scanned(result)]
    return table(["function", "worst, ulp", "at"], rows) if rows else "Not scanned."


def versions(result):
    names = Results(result).names("ordinary")
    lines = []
    for library, info in result["libraries"].items():
        words = ", ".join(f"{k} {v}" for k, v in info.items() if k not in ("errors", "isa"))
        lines.append(f"- {TITLES[library]}: {words}")
        without = {}  # dtype: losses without a result
        for key in info.get("errors", {}):
            name, dtype = key.rsplit(" ", 1)
            without.setdefault(dtype, []).append(name)
        for dtype, losses in without.items():
            losses = "all" if len(losses) >= len(names) - 1 else ", ".join(losses)
            lines[-1] += f"; no result in {dtype}: {losses}"
    lines += [f"- missing: {name} ({why})" for name, why in result["missing"].items()]
    return "\n".join(lines)


def parts(result):
    found = Results(result)
    return {
        "versions": versions(result),
        **{
            f"{region} {dtype}": side_by_side(found, dtype, region)
            for region in ("ordinary", "extreme")
            for dtype in ("float32", "float64")
        },
        "means": means(found),
        "halves": halves(found),
        "plain": plain(found),
        "lost": lost(result),
        "cores": cores(result),
    }


def filled(page, result):
    """The page with each table between <!-- name --> and <!-- end --> anew."""
    for name, text in parts(result).items():
        pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.S)
        page, times = pattern.subn(lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page)
        if times != 1:
            raise ValueError(f"the page has {times} places for {name!r}")
    return page


def write(result, page):
    page.write_text(filled(page.read_text(), result))


def dump(result):
    """JSON with a line per row."""
    rows = ",\n".join(json.dumps(row) for row in result["rows"])
    rest = json.dumps({k: v for k, v in result.items() if k != "rows"}, indent=1)
    return rest[:-2] + f',\n "rows": [\n{rows}\n]\n}}\n'


if __name__ == "__main__":
    write(json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2]))
