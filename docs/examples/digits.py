"""Learn to read handwritten digits with mxloss and numpy.

A small network (64 pixels -> 128 hidden units -> 10 scores) is trained on two
thirds of the images in optdigits.csv.gz and judged on the third it never saw.
mxloss supplies the loss and its gradient; everything else is plain numpy.

    python digits.py
    python digits.py --epochs 100 --seed 7 --picture curve.png
"""

import argparse
import math
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator
from tqdm import tqdm

import mxloss as mx

DATA = Path(__file__).with_name("optdigits.csv.gz")
REQUIRED_ACCURACY = 0.97
SPLIT_SEED = 0  # not an option, so that every run is judged on the same third
HIDDEN = 128
BATCH = 32
LEARNING_RATE = 0.1
MOMENTUM = 0.9
NOISE = 0.25

loss = mx.gluon.loss.SoftmaxCELoss()


def load_digits():
    """Return (images, labels) to train on, then (images, labels) held out."""
    table = np.loadtxt(DATA, delimiter=",", dtype=np.float32)
    images, labels = table[:, :64] / 16, table[:, 64].astype(np.int64)
    # Shuffle before cutting, for the file's order is not random. (Both parts then
    # show the same people's writing; strangers' digits would be harder to read.)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    test, train = np.split(order, [len(order) // 3])
    return (images[train], labels[train]), (images[test], labels[test])


def new_network(rng):
    """Random weights, scaled so that signals keep their size from layer to layer."""
    w1 = rng.normal(0, math.sqrt(2 / 64), (64, HIDDEN))
    w2 = rng.normal(0, math.sqrt(2 / HIDDEN), (HIDDEN, 10))
    return [p.astype(np.float32) for p in (w1, np.zeros(HIDDEN), w2, np.zeros(10))]


def forward(network, images):
    w1, b1, w2, b2 = network
    hidden = np.maximum(images @ w1 + b1, 0)
    return hidden, hidden @ w2 + b2


def gradients(network, images, labels):
    """Mean loss of a batch, and its slope with respect to every parameter."""
    hidden, scores = forward(network, images)
    value, dscores = loss.value_and_grad(scores, labels)
    dscores = dscores / len(labels)  # from the gradient of the sum to that of the mean
    dhidden = (dscores @ network[2].T) * (hidden > 0)
    slopes = [images.T @ dhidden, dhidden.sum(0), hidden.T @ dscores, dscores.sum(0)]
    return value.mean(), slopes


def evaluate(network, images, labels):
    """Mean loss and share of correct answers."""
    _, scores = forward(network, images)
    return loss(scores, labels).mean(), (scores.argmax(axis=1) == labels).mean()


def draw(history, path):
    """Loss on the left, held-out accuracy on the right, one point per epoch."""
    train_loss, test_loss, accuracy = np.array(history).T
    epochs = np.arange(1, len(history) + 1)
    plt.switch_backend("Agg")  # straight to a file, so no display is needed
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    figure.suptitle("Reading handwritten digits: trained with SoftmaxCELoss from mxloss")

    left.plot(epochs, train_loss, ".-", color="tab:blue", label="training images")
    left.plot(epochs, test_loss, ".-", color="tab:orange", label="held-out images")
    left.set_yscale("log")  # or the later epochs would all lie flat on the axis
    left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    left.yaxis.set_major_formatter("{x:g}")
    left.minorticks_off()
    left.set(title="Loss", ylabel="mean cross-entropy (log scale)")

    right.plot(epochs, 100 * accuracy, ".-", color="tab:green", label="held-out images")
    right.axhline(
        100 * REQUIRED_ACCURACY, color="gray", ls="--", label=f"required ({REQUIRED_ACCURACY:.0%})"
    )
    right.set(title=f"Accuracy ({accuracy[-1]:.2%} at the end)", ylabel="correct answers (%)")
    for panel in (left, right):
        panel.set_xlabel("epoch")
        panel.set_xlim(0, len(history) + 1)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        panel.grid(alpha=0.3)
        panel.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=120)
    plt.close(figure)


def main(argv=None):
    """Train, report, draw; return the accuracy on the held-out third."""
    parser = argparse.ArgumentParser(description="Train a digit classifier with mxloss.")
    parser.add_argument("--epochs", type=int, default=60, help="passes over the training images")
    parser.add_argument("--seed", type=int, default=0, help="for weights, batch order and noise")
    parser.add_argument("--picture", type=Path, default="digits_loss.png", help="PNG to write")
    args = parser.parse_args(argv)
    if args.epochs < 1:
        parser.error("--epochs must be at least 1")

    (images, labels), held_out = load_digits()
    rng = np.random.default_rng(args.seed)
    network = new_network(rng)
    velocity = [np.zeros_like(p) for p in network]
    history = []

    print(f"{len(images)} images to learn from, {len(held_out[0])} held out")
    print("epoch  train loss  held-out loss  held-out accuracy")
    # disable=None: no bar where it would only be litter, such as in a log file.
    bar = tqdm(total=args.epochs, desc="training", unit="epoch", disable=None)
    for epoch in range(args.epochs):
        # Long steps at first, ever shorter ones later, so that training settles.
        step = LEARNING_RATE * (1 - epoch / args.epochs)
        order = rng.permutation(len(images))
        for batch in np.split(order, range(BATCH, len(order), BATCH)):
            # Fresh noise each time keeps the network from learning pixels by heart.
            noise = rng.normal(0, NOISE, (len(batch), 64)).astype(np.float32)
            batch_loss, slopes = gradients(network, images[batch] + noise, labels[batch])
            for parameter, speed, slope in zip(network, velocity, slopes):
                speed *= MOMENTUM
                speed -= step * slope
                parameter += speed  # in place: the network itself changes
        bar.set_postfix(last_batch=f"{batch_loss:.3f}", refresh=False)
        bar.update()

        # Both losses are taken on clean images, so the two can be compared.
        train_loss, _ = evaluate(network, images, labels)
        test_loss, accuracy = evaluate(network, *held_out)
        history.append((train_loss, test_loss, accuracy))
        tqdm.write(f"{epoch + 1:5}  {train_loss:10.4f}  {test_loss:13.4f}  {accuracy:17.2%}")

    bar.close()

    draw(history, args.picture)
    print(f"final accuracy on the held-out third: {accuracy:.2%}")
    print(f"picture of the loss curve: {args.picture}")
    return float(accuracy)


if __name__ == "__main__":
    reached = main()
    if reached < REQUIRED_ACCURACY:
        sys.exit(f"too low: {reached:.2%} correct, {REQUIRED_ACCURACY:.0%} required")
