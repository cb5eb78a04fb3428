"""Learn to read handwritten digits, the way a Gluon script does it.

A small network (64 pixels -> 128 hidden units -> 10 scores) is trained on two
thirds of the images in optdigits.csv.gz and judged on the third it never saw.
Data, network, loss, gradients and updates are Gluon's, by mxloss.

    python digits.py
    python digits.py --epochs 100 --seed 7 --picture curve.png
"""

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator
from tqdm import tqdm

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import nn

DATA = Path(__file__).with_name("optdigits.csv.gz")
REQUIRED_ACCURACY = 0.97
SPLIT_SEED = 0  # not an option, so that every run is judged on the same third
HIDDEN = 128
BATCH = 32
LEARNING_RATE = 0.1
MOMENTUM = 0.9
NOISE = 0.25

loss = gluon.loss.SoftmaxCELoss()


def load_digits():
    """Return (images, labels) to train on, then (images, labels) held out."""
    table = np.loadtxt(DATA, delimiter=",", dtype=np.float32)
    images, labels = table[:, :64] / 16, table[:, 64].astype(np.int64)
    # Shuffle before cutting, for the file's order is not random. (Both parts then
    # show the same people's writing; strangers' digits would be harder to read.)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    test, train = np.split(order, [len(order) // 3])
    return [(nd.array(images[part]), nd.array(labels[part])) for part in (train, test)]


def new_network():
    """Two layers; weights random, scaled so that signals keep their size on the way."""
    net = nn.HybridSequential()
    with net.name_scope():
        net.add(nn.Dense(HIDDEN, activation="relu"), nn.Dense(10))
    net.initialize(mx.init.Xavier("gaussian", "in", magnitude=2))
    return net


def evaluate(net, images, labels):
    """Mean loss and share of correct answers."""
    scores = net(images)
    accuracy = mx.metric.Accuracy()
    accuracy.update(labels, scores)
    return loss(scores, labels).mean().asscalar(), accuracy.get()[1]


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

    training, held_out = load_digits()
    mx.random.seed(args.seed)
    np.random.seed(args.seed)  # DataLoader shuffles with it
    batches = gluon.data.DataLoader(gluon.data.ArrayDataset(*training), BATCH, shuffle=True)
    net = new_network()
    trainer = gluon.Trainer(
        net.collect_params(), "sgd", {"learning_rate": LEARNING_RATE, "momentum": MOMENTUM}
    )
    history = []

    print(f"{len(training[0])} images to learn from, {len(held_out[0])} held out")
    print("epoch  train loss  held-out loss  held-out accuracy")
    # disable=None: no bar where it would only be litter, such as in a log file.
    bar = tqdm(total=args.epochs, desc="training", unit="epoch", disable=None)
    for epoch in range(args.epochs):
        # Long steps at first, ever shorter ones later, so that training settles.
        trainer.set_learning_rate(LEARNING_RATE * (1 - epoch / args.epochs))
        for images, labels in batches:
            # Fresh noise each time keeps the network from learning pixels by heart.
            noise = nd.random.normal(0, NOISE, shape=images.shape)
            with autograd.record():
                L = loss(net(images + noise), labels)
            L.backward()
            trainer.step(len(images))
        bar.set_postfix(last_batch=f"{L.mean().asscalar():.3f}", refresh=False)
        bar.update()

        # Both losses are taken on clean images, so the two can be compared.
        train_loss, _ = evaluate(net, *training)
        test_loss, accuracy = evaluate(net, *held_out)
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
