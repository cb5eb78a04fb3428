"""Learn which handwritten digits are alike, with TripletLoss and with SDMLLoss.

An embedding network (64 pixels -> 128 hidden units -> 2 or 8 numbers) learns to put
images of the same digit close together and others apart; what the digits are called
it never learns. TripletLoss pulls an image towards one of its kind and pushes it from
one of another kind; SDMLLoss wants each image to be closer to its partner than to all
others of the batch. Both are judged by two ways of naming held-out digits: after the
nearest of the 1,198 training images, and after one example of each digit.

    python metric_learning.py
    python metric_learning.py --epochs 200 --seed 7 --picture embedding.png
"""

import sys

import numpy as np
import shared

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import nn

REQUIRED_ACCURACY = 0.92  # from one example of each digit, which pixels name in two of three cases
HIDDEN = 128
EACH = 4  # images of each digit in a batch of TripletLoss
LEARNING_RATE = 0.003
NOISE = 0.15
DRAWS = 200  # of examples
NEW = 7  # digits from here on are new to the networks of the second table

# Most are Paul Tol's "muted" ones; that digits are drawn as digits tells them apart anyway.
COLOURS = "#332288 #117733 #CC6677 #0077BB #882255 #44AA99 #999933 #AA4499 #555555 #D55E00".split()

triplet, sdml = gluon.loss.TripletLoss(margin=1), gluon.loss.SDMLLoss(smoothing_parameter=0.1)


def squared_distances(a, b):
    """Between each row of a and each row of b."""
    return (a * a).sum(1)[:, None] - 2 * a @ b.T + (b * b).sum(1)


def triplets(embedded, labels):
    """Row numbers: every pair of the same digit, each with a semi-hard negative.

    This is the nearest of those that are farther than the positive: the very nearest ones
    may be misleading, and at first pull everything into one point.
    """
    distances = squared_distances(embedded, embedded)
    same = labels[:, None] == labels
    anchor, positive = np.nonzero(same & ~np.eye(len(labels), dtype=bool))
    others = np.where(same, -np.inf, distances)[anchor]
    farther = others > distances[anchor, positive][:, None]
    semi_hard = np.where(farther, others, np.inf).argmin(1)
    return anchor, positive, np.where(farther.any(1), semi_hard, others.argmax(1))


def triplet_step(net, images):
    """Mean over the triplets of a batch: EACH images of every digit."""
    count, digits, _ = images.shape
    labels = np.tile(np.arange(digits), count)
    with autograd.record():
        embedded = net(nd.array(images).reshape((count * digits, -1)))
        rows = triplets(embedded.asnumpy(), labels)
        L = triplet(*(embedded.take(nd.array(row)) for row in rows)).mean()
    L.backward()
    return L


def sdml_step(net, images):
    """Mean over a batch of pairs: no two of them may be of the same digit."""
    one, other = images
    with autograd.record():
        L = sdml(net(nd.array(one)), net(nd.array(other))).mean()
    L.backward()
    return L


def train(step, each, size, digits, args, bar):
    """A network from images to `size` numbers, as a function of arrays."""
    images, labels = digits
    mx.random.seed(args.seed)
    rng = np.random.default_rng(args.seed)
    net = nn.HybridSequential()
    with net.name_scope():
        net.add(nn.Dense(HIDDEN, activation="relu"), nn.Dense(size))
    net.initialize(mx.init.Xavier("gaussian", "in", magnitude=2))
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": LEARNING_RATE})
    kinds = [np.flatnonzero(labels == digit) for digit in np.unique(labels)]
    for epoch in range(args.epochs):
        trainer.set_learning_rate(LEARNING_RATE * (1 - epoch / args.epochs))
        for _ in range(len(images) // (each * len(kinds))):
            rows = np.stack([rng.choice(kind, each, replace=False) for kind in kinds], axis=1)
            noise = rng.standard_normal((*rows.shape, images.shape[1]), dtype=np.float32)
            L = step(net, images[rows] + NOISE * noise)
            trainer.step(1)  # the loss is a mean already
        bar.set_postfix(last_batch=f"{L.asscalar():.3f}", refresh=False)
        bar.update()
    return lambda images: net(nd.array(images)).asnumpy()


def principal_components(images, size):
    """The plainest embedding: along the directions in which the images differ most."""
    mean = images.mean(axis=0)
    directions = np.linalg.svd(images - mean, full_matrices=False)[2][:size]
    return lambda images: (images - mean) @ directions.T


def judge(embed, training, held_out):
    """Share of held-out images named rightly: by the nearest neighbour, and by one example."""
    (known, known_labels), (new, labels) = training, held_out
    new = embed(new)
    nearest = squared_distances(new, embed(known)).argmin(axis=1)
    neighbour = (known_labels[nearest] == labels).mean()

    rng = np.random.default_rng(shared.SPLIT_SEED)
    digits, right = np.unique(labels), []
    for _ in range(DRAWS):
        examples = [rng.choice(np.flatnonzero(labels == digit)) for digit in digits]
        named = digits[squared_distances(new, new[examples]).argmin(axis=1)]
        right.append(np.delete(named == labels, examples).mean())
    return neighbour, np.mean(right)


def draw(panel, name, embed, held_out):
    """The held-out digits where the embedding puts them."""
    images, labels = held_out
    places = embed(images)
    for place, label in zip(places, labels):
        panel.text(*place, label, color=COLOURS[label], size=7, ha="center", va="center")
    panel.update_datalim(places)
    panel.autoscale_view()
    panel.set(title=name, xlabel="first number", ylabel="second number")
    panel.set_aspect("equal", adjustable="datalim")


def main(argv=None):
    """Train, report, draw; return the lower of both losses' accuracies from one example each."""
    args = shared.arguments(__doc__, argv, epochs=100, picture="metric_learning.png")
    training, held_out = shared.load_digits()
    print(f"{len(training[0])} images to learn from, {len(held_out[0])} held out")
    methods = {"TripletLoss": (triplet_step, EACH), "SDMLLoss": (sdml_step, 2)}
    bar = shared.progress(args.epochs * 3 * len(methods))
    embeddings, accuracy = {}, {}

    def report(name, size, embed, known, new):
        neighbour, example = judge(embed, known, new)
        bar.write(f"{name:<20}  {size:7}  {neighbour:17.1%}  {example:21.1%}")
        embeddings.setdefault((name, size), embed)
        accuracy.setdefault((name, size), example)

    def table(title, sizes, digits, known, new):
        bar.write(f"\n{title:<20}  numbers  nearest neighbour  one example per digit")
        report("pixels", digits[0].shape[1], np.asarray, known, new)
        for size in sizes:
            report("principal components", size, principal_components(digits[0], size), known, new)
            for name, (step, each) in methods.items():
                report(name, size, train(step, each, size, digits, args, bar), known, new)

    table("all digits", (2, 8), training, training, held_out)
    old = [part[training[1] < NEW] for part in training]
    new = [
        [part[labels >= NEW] for part in (images, labels)]
        for images, labels in (training, held_out)
    ]
    table(f"{NEW} to 9, new to it", (8,), old, *new)
    bar.close()

    figure = shared.figure(10.5, 4.2)
    figure.suptitle("Held-out handwritten digits as two numbers each, by their pixels alone")
    titles = {
        "principal components": "Principal components",
        "TripletLoss": "TripletLoss from mxloss",
        "SDMLLoss": "SDMLLoss from mxloss",
    }
    for panel, (name, title) in zip(figure.subplots(1, 3), titles.items()):
        draw(panel, title, embeddings[name, 2], held_out)
    reached = min(accuracy[name, 8] for name in methods)
    print(f"held-out digits named after one example of each, with 8 numbers: {reached:.1%}")
    shared.save(figure, args.picture)
    return float(reached)


if __name__ == "__main__":
    reached = main()
    if reached < REQUIRED_ACCURACY:
        sys.exit(f"too low: {reached:.1%} correct, {REQUIRED_ACCURACY:.0%} required")
