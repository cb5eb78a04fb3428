"""Learn to read handwritten digits, the way a Gluon script does it.

A small network (64 pixels -> 128 hidden units -> 10 scores) is trained on two
thirds of the images in optdigits.csv.gz and judged on the third it never saw.
Data, network, loss, gradients and updates are Gluon's, by mxloss.

    python digits.py
    python digits.py --epochs 100 --seed 7 --picture curve.png
"""

import sys

import numpy as np
import shared

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import nn

REQUIRED_ACCURACY = 0.97
HIDDEN = 128
BATCH = 32
LEARNING_RATE = 0.1
MOMENTUM = 0.9
NOISE = 0.25

loss = gluon.loss.SoftmaxCELoss()


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
    figure = shared.figure(10, 4.2)
    figure.suptitle("Reading handwritten digits: trained with SoftmaxCELoss from mxloss")
    left, right = figure.subplots(1, 2)

    left.plot(epochs, train_loss, ".-", color=shared.BLUE, label="training images")
    left.plot(epochs, test_loss, ".-", color=shared.ORANGE, label="held-out images")
    shared.logarithmic(left.yaxis)  # or the later epochs would all lie flat on the axis
    left.set(title="Loss", ylabel="mean cross-entropy (log scale)")

    right.plot(epochs, 100 * accuracy, ".-", color=shared.GREEN, label="held-out images")
    required = f"required ({REQUIRED_ACCURACY:.0%})"
    right.axhline(100 * REQUIRED_ACCURACY, color="gray", ls="--", label=required)
    right.set(title=f"Accuracy ({accuracy[-1]:.2%} at the end)", ylabel="correct answers (%)")
    for panel in (left, right):
        shared.curve(panel, len(history))
    shared.save(figure, path)


def main(argv=None):
    """Train, report, draw; return the accuracy on the held-out third."""
    args = shared.arguments(__doc__, argv, epochs=60, picture="digits_loss.png")
    training, held_out = [tuple(map(nd.array, part)) for part in shared.load_digits()]
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
    bar = shared.progress(args.epochs)
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
        bar.write(f"{epoch + 1:5}  {train_loss:10.4f}  {test_loss:13.4f}  {accuracy:17.2%}")
    bar.close()

    print(f"accuracy on the held-out third: {accuracy:.2%}")
    draw(history, args.picture)
    return float(accuracy)


if __name__ == "__main__":
    reached = main()
    if reached < REQUIRED_ACCURACY:
        sys.exit(f"too low: {reached:.2%} correct, {REQUIRED_ACCURACY:.0%} required")
