"""The results of run.py as Markdown tables.

python tests/bench/report.py RESULTS.json            prints the tables of an earlier run
python tests/bench/report.py RESULTS.json LEAST.json  and writes the least times: what a picture needs
"""

import json
import math
import pathlib
import sys

SIZES = ("small", "medium", "large")


def fastest(cell, form):
    """The least time of a peer, None without any; mxloss has forms that peers do not have."""
    form = form if form == "mean" else "sum"
    times = [t[form]["min"] for name, t in cell["times"].items() if name != "mxloss" and form in t]
    return min(times, default=None)


def ratio(cell, peer, form):
    """Time of the peer ("fastest": of the fastest) / time of mxloss; None if either is missing."""
    ours = cell["times"].get("mxloss", {}).get(form)
    if peer == "fastest":
        theirs = fastest(cell, form)
    else:
        theirs = cell["times"].get(peer, {}).get(form, {}).get("min")
    return theirs / ours["min"] if ours and theirs else None


def mean(ratios):
    """The geometric mean of those that are there."""
    ratios = [r for r in ratios if r]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def number(x, unit=""):
    if x is None:
        return "-"
    return (f"{x:,.0f}" if x >= 99.95 else f"{x:.3g}" if x < 1 else f"{x:.1f}") + unit


def table(head, rows):
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [
        "| " + " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) + " |"
        for row in rows
    ]
    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def of_size(result, size):
    return [cell for cell in result["cells"] if cell["size"] == size]


def speed(result, size):
    """Ratios of one size, a row per case."""
    cells = of_size(result, size)
    peers = [peer for peer in result["peers"] if peer != "mxloss"]
    columns = [(peer, "sum") for peer in peers]
    columns += [("fastest", form) for form in ("sum", "mean", "numpy", "out")]
    head = ["case", "mxloss, us", *peers, "fastest", "mean", "numpy", "out"]
    rows = []
    for cell in cells:
        ours = cell["times"].get("mxloss", {}).get("sum", {}).get("min")
        rows.append([cell["case"], number(ours and ours * 1e6)])
        rows[-1] += [number(ratio(cell, *column)) for column in columns]
    means = [number(mean([ratio(cell, *column) for cell in cells])) for column in columns]
    return table(head, [*rows, ["geometric mean", "", *means]])


def below(result):
    """The cells where a peer is faster."""
    lines = []
    for cell in result["cells"]:
        for form in ("sum", "mean", "numpy", "out"):
            r = ratio(cell, "fastest", form)
            if r and r < 1:
                theirs = fastest(cell, form)
                form_ = form if form == "mean" else "sum"
                who = next(
                    name
                    for name, t in cell["times"].items()
                    if name != "mxloss" and t.get(form_, {}).get("min") == theirs
                )
                lines.append([cell["case"], cell["size"], form, who, f"{r:.2f}"])
    return table(["case", "size", "form", "peer", "ratio"], lines) if lines else "None."


def triad_rates(result):
    rows = result.get("triad", {}).get("bytes_per_second", [])
    return {(row["arrays"], row["threads"]): row["best"] for row in rows}


def memory(result):
    """Bytes per second of large cells against the triads."""
    rates = triad_rates(result)
    names = [name for name in ("large", "beyond") if (name, result["threads"]) in rates]
    head = ["case", "GB/s, out", "GB/s, sum", *(f"out / triad {name}" for name in names)]
    rows = []
    for cell in of_size(result, "large"):
        times = cell["times"].get("mxloss", {})
        if "out" in times and "sum" in times:
            out, plain = (cell["bytes"] / times[form]["min"] for form in ("out", "sum"))
            shares = [f"{out / rates[name, result['threads']]:.0%}" for name in names]
            rows.append([cell["case"], number(out / 1e9), number(plain / 1e9), *shares])
    return table(head, rows)


def threads(result):
    """Time on one thread / time on all, a column per size."""
    sizes = [size for size in SIZES if of_size(result, size)]
    cases = dict.fromkeys(cell["case"] for cell in result["cells"])
    rows = {case: [case] for case in cases}
    for size in sizes:
        for cell in of_size(result, size):
            times = cell["times"].get("mxloss", {})
            one = times.get("out, one thread")
            rows[cell["case"]].append(f"{one['min'] / times['out']['min']:.2f}" if one else "-")
    return table(["case", *sizes], rows.values())


def about(result):
    machine = result["machine"]
    lines = [
        f"{machine['processor']}, {machine['cpus']} processors, last-level cache "
        f"{machine['last_level_cache'] >> 20} MiB, {machine['system']}",
        f"{result['date']}, commit {result['commit']}, {result['threads']} threads, "
        f"{result['rounds']} rounds, {result['seconds']} seconds; load average at the start "
        f"{machine['load_at_start'][0]:.2f}",
        f"`{result['command']}`",
    ]
    others = [cell["others"] for cell in result["cells"] if cell["others"] is not None]
    if others:
        lines.append(
            f"meanwhile other processes kept {sum(others) / len(others):.2f} processors busy on "
            f"average over the cells, {max(others):.2f} in the noisiest one"
        )
    for name, info in result["peers"].items():
        lines.append(f"{name}: " + ", ".join(f"{key} {value}" for key, value in info.items()))
    for name, why in result["missing"].items():
        lines.append(f"**missing**: {name} ({why})")
    return "\n".join("- " + line for line in lines)


def troubles(result):
    lines = [
        f"- {cell['case']} {cell['size']}: {peer}: {why}"
        for cell in result["cells"]
        for peer, why in cell["errors"].items()
    ]
    return "\n".join(lines)


def checked(result):
    """What `--check` prints: the largest differences from mxloss."""
    rows = []
    for cell in result["cells"]:
        for peer, forms in cell["agreement"].items():
            most = [f"{max(pair):.1e}" for pair in zip(*forms.values())]
            rows.append([cell["case"], cell["size"], peer, *most])
    head = ["case", "size", "peer", "value", "gradient"]
    missing = "".join(f"missing: {name} ({why})\n" for name, why in result["missing"].items())
    return "\n".join([table(head, rows), missing + troubles(result)])


def text(result):
    """Everything, as in docs/benchmarks.md."""
    parts = ["## The run", about(result)]
    for size in SIZES:
        if of_size(result, size):
            parts += [f"## {size.capitalize()}: time of the peer / time of mxloss"]
            parts += [speed(result, size)]
    parts += ["## Where a peer is faster", below(result)]
    if of_size(result, "large"):
        parts += ["## Bytes per second, large", memory(result)]
    triad = result.get("triad", {})
    rates = [
        f"- arrays of {triad['array_bytes'][name] >> 20} MiB ({name}), {n} "
        f"thread{'s' * (n > 1)}: {rate / 1e9:.1f} GB/s"
        for (name, n), rate in triad_rates(result).items()
    ]
    parts += ["Triad:", "\n".join(rates) or f"- missing: {triad.get('error')}"]
    if result["threads"] > 1:
        title = f"## {result['threads']} threads: time on one / time on {result['threads']}"
        parts += [title, threads(result)]
    if troubles(result):
        parts += ["## Not timed, or not to the end", troubles(result)]
    return "\n\n".join(parts)


def least(result):
    """The result without everything but the least time of each cell, rounded to nanoseconds."""
    cells = [
        {
            "case": cell["case"],
            "size": cell["size"],
            "times": {
                peer: {form: {"min": round(t["min"], 9)} for form, t in forms.items()}
                for peer, forms in cell["times"].items()
            },
        }
        for cell in result["cells"]
    ]
    return {"date": result["date"], "peers": result["peers"], "cells": cells}


if __name__ == "__main__":
    loaded = json.loads(pathlib.Path(sys.argv[1]).read_text())
    if len(sys.argv) > 2:
        pathlib.Path(sys.argv[2]).write_text(json.dumps(least(loaded), indent=1) + "\n")
    print(text(loaded))
