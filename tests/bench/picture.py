"""The ratios of a run as a picture.

python tests/bench/picture.py RESULTS.json PICTURE.png
"""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from report import SIZES, mean, of_size, ratio

MARKS = {"torch": "o", "torch.compile": "s", "jax": "^", "mxnet": "D"}
TICKS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000, 10000)


def panel(axes, result, size, ink="black", colours=("C0", "C1", "C2", "C3")):
    """One row per case, one mark per peer."""
    cells = of_size(result, size)
    peers = [peer for peer in result["peers"] if peer != "mxloss"]
    for peer, colour in zip(peers, colours):
        ratios = [ratio(cell, peer, "sum") for cell in cells]
        places = [i for i, r in enumerate(ratios) if r]
        there = [r for r in ratios if r]
        mark = MARKS.get(peer, "x")
        axes.plot(there, places, mark, color=colour, label=peer, markersize=6, alpha=0.85)
    seen = [ratio(cell, peer, "sum") for cell in result["cells"] for peer in peers]
    seen = [1.0, *filter(None, seen)]  # of all sizes: one axis for all panels
    low, high = min(seen) / 1.5, max(seen) * 1.5
    axes.axvline(1, color=ink, linewidth=1)
    axes.axvspan(low, 1, color=ink, alpha=0.06, linewidth=0)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    ticks = [t for t in TICKS if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(cells)), [cell["case"] for cell in cells])
    axes.set_ylim(len(cells) - 0.5, -0.5)
    axes.grid(alpha=0.3)
    against = mean([ratio(cell, "fastest", "sum") for cell in cells])
    note = f"\nfastest peer: {against:.1f} (geometric mean)" if against else ""
    axes.set_title(size + note, fontsize=11)


def draw(result, file):
    """One panel per size."""
    sizes = [size for size in SIZES if of_size(result, size)]
    width = 2 + 4.2 * len(sizes)
    figure, axes = plt.subplots(1, len(sizes), figsize=(width, 6), sharey=True, squeeze=False)
    for axis, size in zip(axes[0], sizes):
        panel(axis, result, size)
    label = "time of the peer / time of mxloss, value and gradient; grey: the peer is faster"
    figure.supxlabel(label, fontsize=10)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=max(1, len(labels)), frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.95))
    figure.savefig(file, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    draw(json.loads(pathlib.Path(sys.argv[1]).read_text()), sys.argv[2])
