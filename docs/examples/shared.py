"""What the examples share: their command line, the digits, the look of their pictures."""

import argparse
import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator
from PIL import Image
from tqdm import tqdm

DIGITS = Path(__file__).with_name("optdigits.csv.gz")
SPLIT_SEED = 0  # not an option, so that every run is judged on the same third
# Of Okabe and Ito's colours, which colour-blind people can tell apart as well.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"


def arguments(doc, argv, epochs, picture):
    """The options --epochs, --seed and --picture, explained by the first line of doc."""
    parser = argparse.ArgumentParser(
        description=doc.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=epochs, help="passes over the data")
    parser.add_argument("--seed", type=int, default=0, help="for all that is random")
    parser.add_argument("--picture", type=Path, default=Path(picture), help="PNG to write")
    args = parser.parse_args(argv)
    if args.epochs < 1:
        parser.error("--epochs must be at least 1")
    return args


def progress(epochs):
    """A bar, but none where it would only be litter, such as in a log file."""
    return tqdm(total=epochs, desc="training", unit="epoch", disable=None)


def load_digits():
    """Return (images, labels) to train on, then (images, labels) held out; 64 pixels in 0 to 1."""
    table = np.loadtxt(DIGITS, delimiter=",", dtype=np.float32)
    images, labels = table[:, :64] / 16, table[:, 64].astype(np.int64)
    # Shuffle before cutting, for the file's order is not random. (Both parts then
    # show the same people's writing; strangers' digits would be harder to read.)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    test, train = np.split(order, [len(order) // 3])
    return (images[train], labels[train]), (images[test], labels[test])


def figure(width, height):
    """An empty figure, to be saved without a display."""
    plt.switch_backend("Agg")
    empty = plt.figure(figsize=(width, height), layout="constrained")
    empty.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    return empty


def curve(panel, epochs):
    """Epochs along the panel's x axis; grid and legend."""
    panel.set_xlabel("epoch")
    panel.set_xlim(0, epochs + 1)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    panel.grid(alpha=0.3)
    panel.legend()


def logarithmic(axis):
    """A logarithmic axis, labelled with plain numbers."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(plt.NullLocator())


def save(picture, path):
    """Write a PNG of 256 colours, a third of the usual size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with io.BytesIO() as file:
        picture.savefig(file, format="png", dpi=120)
        image = Image.open(file).convert("RGB")
        # The usual choice of colours would merge those that are rare: red with orange.
        image.quantize(256, Image.Quantize.MAXCOVERAGE).save(path, format="PNG", optimize=True)
    plt.close(picture)
    print(f"picture: {path}")
