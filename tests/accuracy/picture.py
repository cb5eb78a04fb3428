"""The worst errors as a picture.

python tests/accuracy/picture.py RESULTS.json PICTURE.png
"""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from report import LIBRARIES, TITLES, Results

MARKS = {"mxloss": ("o", "black"), "torch": ("s", "C1"), "jax": ("^", "C0"), "mxnet": ("D", "C3")}
MOST, LOST = 1e9, 1e10  # the axis ends; what is not finite lies beyond it


def draw(result, file):
    """Two panels, ordinary and extreme arguments; a row per loss: worst of value and gradient."""
    found = Results(result)
    names = [n for n in found.names("ordinary") if n in found.names("extreme")]
    figure, axes = plt.subplots(1, 2, figsize=(11, 0.27 * len(names) + 1.8), sharey=True)
    for axis, region in zip(axes, ("ordinary", "extreme")):
        for library in LIBRARIES:
            mark, colour = MARKS[library]
            worst = []
            for name in names:
                rows = [
                    found.get(name, "float32", region, w, library) for w in ("value", "gradient")
                ]
                rows = [row for row in rows if row]
                error = max(
                    (LOST if row["wrong"] else min(row["ulp"], MOST) for row in rows), default=None
                )
                worst.append(None if error is None else max(error, 0.1))
            places = [i for i, x in enumerate(worst) if x is not None]
            axis.plot(
                [x for x in worst if x is not None],
                places,
                mark,
                color=colour,
                markersize=6,
                label=TITLES[library],
                alpha=0.85,
                zorder=3 if library == "mxloss" else 2,
            )
        axis.set_xscale("log")
        axis.set_xlim(0.07, 4e10)
        ticks = [0.1, 1, 10, 1e3, 1e5, 1e7, MOST, LOST]
        words = ["≤ 0.1", "1", "10", "10³", "10⁵", "10⁷", "≥ 10⁹", "inf,\nNaN"]
        axis.set_xticks(ticks, words, fontsize=8)
        axis.minorticks_off()
        axis.axvline(1, color="black", linewidth=0.8)
        axis.axvspan(3e9, 4e10, color="C3", alpha=0.08, linewidth=0)
        axis.set_yticks(range(len(names)), names, fontsize=9)
        axis.grid(alpha=0.3)
        axis.set_title(f"{region} arguments", fontsize=11)
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    figure.supxlabel("worst error, float32, units in the last place", fontsize=10)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.96))
    figure.savefig(file, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    draw(json.loads(pathlib.Path(sys.argv[1]).read_text()), sys.argv[2])
