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


def draw(result, file):
    """One panel per size, one row per case, one mark per peer."""
    sizes = [size for size in SIZES if of_size(result, size)]
    peers = [peer for peer in result["peers"] if peer != "mxloss"]
    figure, axes = plt.subplots(
        1, len(sizes), figsize=(2 + 4.2 * len(sizes), 6), sharey=True, squeeze=False
    )
    for axis, size in zip(axes[0], sizes):
        cells = of_size(result, size)
        seen = [1.0]
        for peer in peers:
            ratios = [ratio(cell, peer, "sum") for cell in cells]
            places = [i for i, r in enumerate(ratios) if r]
            there = [r for r in ratios if r]
            axis.plot(there, places, MARKS.get(peer, "x"), label=peer, markersize=6, alpha=0.85)
            seen += there
        axis.axvline(1, color="black", linewidth=1)
        axis.axvspan(min(seen) / 1.5, 1, color="black", alpha=0.06, linewidth=0)
        axis.set_xscale("log")
        axis.set_xlim(min(seen) / 1.5, max(seen) * 1.5)
        ticks = [t for t in TICKS if min(seen) / 1.5 <= t <= max(seen) * 1.5]
        axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axis.minorticks_off()
        axis.set_yticks(range(len(cells)), [cell["case"] for cell in cells])
        axis.grid(alpha=0.3)
        against = mean([ratio(cell, "fastest", "sum") for cell in cells])
        note = f"\nfastest peer: {against:.1f} (geometric mean)" if against else ""
        axis.set_title(size + note, fontsize=11)
    axes[0][0].invert_yaxis()
    label = "time of the peer / time of mxloss, value and gradient; grey: the peer is faster"
    figure.supxlabel(label, fontsize=10)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=max(1, len(peers)), frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.95))
    figure.savefig(file, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    draw(json.loads(pathlib.Path(sys.argv[1]).read_text()), sys.argv[2])
