"""Pictures that are more than curves: what `{picture} name` draws.

Each function returns panels: a size in inches and a function that draws on axes.
"""

import json
import pathlib
import sys

import numpy as np
from matplotlib.ticker import MaxNLocator

from mxloss.gluon import loss as losses

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "bench"))
import picture as bench

SIZE = (4.6, 3.1)
DASHES = ["-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2))]
GRADIENTS = "RdBu_r"  # white is 0; red and blue can be told apart by everyone


def each(loss, x, **inputs):
    """Value and gradient at every x, which are samples of their own."""
    if loss._core_name == "PoissonNLLLoss":  # a mean over everything, so one call for each
        parts = [
            loss.value_and_grad(x[i : i + 1], **{k: z[i : i + 1] for k, z in inputs.items()})
            for i in range(len(x))
        ]
        return np.concatenate([v for v, _ in parts]), np.concatenate([g for _, g in parts])
    return loss.value_and_grad(x, **inputs)


def front(series, ink):
    """The first page's: what a loss looks like, and its gradient."""
    x = np.linspace(-4, 4, 401)

    def curves(which):
        def draw(axes):
            chosen = [losses.L2Loss(), losses.HuberLoss(), losses.SigmoidBCELoss()]
            for i, loss in enumerate(chosen):
                label = np.full(x.shape, 1.0 if i == 2 else 0.0)
                y = loss.value_and_grad(x, label)[which]
                name = type(loss).__name__.replace("BinaryCrossEntropy", "BCE")
                axes.plot(x, y, color=series[i], linestyle=DASHES[i], label=name)
            axes.set(xlabel="pred", title="its gradient" if which else "the loss")
            axes.set_ylim((-3, 3) if which else (-0.2, 4))
            if which == 0:
                axes.legend()

        return draw

    return [(SIZE, curves(0)), (SIZE, curves(1))]


def speed(series, ink):
    """docs/benchmarks.json, a run of `make bench`: the peers' times over those of mxloss."""
    result = json.loads((HERE.parent / "benchmarks.json").read_text())

    def of_size(size):
        def draw(axes):
            bench.panel(axes, result, size, ink, series)
            if size == bench.SIZES[0]:
                axes.legend(loc="upper right")

        return draw

    return [((4.6, 4.4), of_size(size)) for size in bench.SIZES]


def softmax_cross_entropy(series, ink):
    """One score of three moves, the others are 0; and the loss over the simplex of two scores."""
    x = np.linspace(-6, 6, 401)
    scores = np.stack([x, 0 * x, 0 * x], 1)

    def over_one(which):
        def draw(axes):
            for i, (label, text) in enumerate([(0, "it is right"), (1, "another is right")]):
                value, gradient = losses.SoftmaxCELoss().value_and_grad(
                    scores, np.full(len(x), label)
                )
                y = value if which == 0 else gradient[:, 0]
                axes.plot(x, y, color=series[i], linestyle=DASHES[i], label=text)
            soft = np.tile([0.8, 0.1, 0.1], (len(x), 1))
            value, gradient = losses.SoftmaxCELoss(sparse_label=False).value_and_grad(scores, soft)
            y = value if which == 0 else gradient[:, 0]
            axes.plot(x, y, color=series[2], linestyle=DASHES[2], label="right with 80 %")
            axes.set(
                xlabel="score of one class of three, the others at 0",
                title="its gradient" if which else "the loss",
            )
            if which == 0:
                axes.legend()

        return draw

    return [(SIZE, over_one(0)), (SIZE, over_one(1))]


def kl_div(series, ink):
    """Two classes: the divergence of softmax([x, 0]) from labels."""
    x = np.linspace(-6, 6, 401)
    scores = np.stack([x, 0 * x], 1)
    loss = losses.KLDivLoss(from_logits=False)

    def over_score(which):
        def draw(axes):
            for i, q in enumerate([0.5, 0.8, 1.0]):
                value, gradient = loss.value_and_grad(scores, np.tile([q, 1 - q], (len(x), 1)))
                y = value if which == 0 else gradient[:, 0]
                axes.plot(
                    x, y, color=series[i], linestyle=DASHES[i], label=f"label ({q:g}, {1 - q:g})"
                )
            axes.set(
                xlabel="score of the first class, the other at 0",
                title="its gradient" if which else "the loss, from_logits=False",
            )
            if which == 0:
                axes.legend()

        return draw

    return [(SIZE, over_score(0)), (SIZE, over_score(1))]


def triplet(series, ink):
    """Over the difference of squared distances; and where a point is pulled to in the plane."""
    d = np.linspace(-3, 3, 401)

    def value(axes):
        for i, margin in enumerate([0.5, 1, 2]):
            # pred 0, positive at distance sqrt(a), negative at sqrt(b), with a - b = d
            a, b = np.maximum(d, 0)[:, None], np.maximum(-d, 0)[:, None]
            y = losses.TripletLoss(margin=margin)(0 * a, np.sqrt(a), np.sqrt(b))
            axes.plot(d, y, color=series[i], linestyle=DASHES[i], label=f"margin = {margin:g}")
        axes.set(title="the loss", xlabel="|positive − pred|² − |negative − pred|²")
        axes.legend()

    def field(axes):
        x, y = np.meshgrid(np.linspace(-2, 2, 11), np.linspace(-1.5, 1.5, 9))
        points = np.stack([x.ravel(), y.ravel()], 1)
        positive, negative = np.array([-0.7, 0.0]), np.array([0.7, 0.0])
        value, gradient = losses.TripletLoss().value_and_grad(
            points, np.tile(positive, (len(points), 1)), np.tile(negative, (len(points), 1))
        )
        moved = value > 0
        arrows = dict(scale=10, scale_units="xy", width=0.006, headwidth=5)
        axes.quiver(*points[moved].T, *-gradient[moved].T, color=ink, alpha=0.5, **arrows)
        axes.scatter(*points[~moved].T, s=4, color=ink, alpha=0.5)
        axes.scatter(*positive, s=90, color=series[0], marker="o", zorder=3)
        axes.scatter(*negative, s=90, color=series[1], marker="X", zorder=3)
        axes.annotate("positive", positive + [0, 0.22], ha="center", color=series[0])
        axes.annotate("negative", negative + [0, 0.22], ha="center", color=series[1])
        axes.set(title="where the loss pushes pred", aspect="equal")
        axes.grid(False)

    return [(SIZE, value), (SIZE, field)]


def cosine_embedding(series, ink):
    angle = np.linspace(0, np.pi, 361)
    turned = np.stack([np.cos(angle), np.sin(angle)], 1)
    fixed = np.tile([1.0, 0.0], (len(angle), 1))
    curves = [(1, 0, "label 1"), (-1, 0, "label −1"), (-1, 0.5, "label −1, margin 0.5")]

    def over_angle(which):
        def draw(axes):
            for i, (label, margin, text) in enumerate(curves):
                value, gradient = losses.CosineEmbeddingLoss(margin=margin).value_and_grad(
                    turned, fixed, np.full(len(angle), label)
                )
                tangent = np.stack([-np.sin(angle), np.cos(angle)], 1)
                y = value if which == 0 else (gradient * tangent).sum(1)
                axes.plot(np.degrees(angle), y, color=series[i], linestyle=DASHES[i], label=text)
            axes.set(
                xlabel="angle between the vectors, degrees",
                title="its derivative by the angle" if which else "the loss",
                xticks=range(0, 181, 45),
            )
            if which == 0:
                axes.legend()

        return draw

    return [(SIZE, over_angle(0)), (SIZE, over_angle(1))]


def sdml(series, ink):
    """Six rows: who is near whom, and whom the loss pulls together."""
    rng = np.random.default_rng(4)
    x1 = rng.standard_normal((6, 2))
    x2 = x1 + 0.5 * rng.standard_normal((6, 2))
    distances = ((x1[:, None] - x2) ** 2).sum(2)
    e = np.exp(-distances)
    probability = e / e.sum(1, keepdims=True)
    loss = losses.SDMLLoss()
    gradient = loss.value_and_grad(x1, x2)[1]

    def matrix(axes):
        picture = axes.imshow(probability, cmap="viridis", vmin=0, vmax=1)
        axes.figure.colorbar(picture, ax=axes, shrink=0.9)
        for i in range(6):
            for j in range(6):
                shade = "white" if probability[i, j] < 0.6 else "black"
                text = f"{probability[i, j]:.2f}"
                axes.text(j, i, text, ha="center", va="center", color=shade, fontsize=8)
        axes.set(title="softmax(−distance²)", xlabel="row of x2", ylabel="row of x1")
        axes.grid(False)

    def plane(axes):
        for i in range(6):
            axes.plot(*zip(x1[i], x2[i]), color=ink, alpha=0.35, linewidth=1)
        axes.scatter(*x1.T, color=series[0], marker="o", label="x1", zorder=3)
        axes.scatter(*x2.T, color=series[1], marker="s", label="x2", zorder=3)
        axes.quiver(*x1.T, *-gradient.T, color=series[0], width=0.006, zorder=2)
        axes.set(title="where the loss pushes x1", aspect="equal")
        axes.margins(0.2)
        axes.legend()

    return [((4.2, 3.4), matrix), ((4.6, 3.4), plane)]


def ctc(series, ink):
    """Activations of 24 frames in which `2 0 0 1` is written, and the gradient: where it pushes."""
    rng = np.random.default_rng(1)
    label = [2, 0, 0, 1]
    path = [3] * 4 + [2] * 4 + [3] * 2 + [0] * 3 + [3] * 3 + [0] * 2 + [1] * 3 + [3] * 3
    pred = 0.8 * rng.standard_normal((1, len(path), 4))
    pred[0, range(len(path)), path] += 1.5
    value, gradient = losses.CTCLoss().value_and_grad(pred, [label])
    e = np.exp(pred[0])
    softmax = (e / e.sum(1, keepdims=True)).T

    def frames(what, title, **options):
        def draw(axes):
            picture = axes.imshow(what, aspect="auto", interpolation="nearest", **options)
            axes.figure.colorbar(picture, ax=axes, shrink=0.9)
            axes.set(title=title, xlabel="frame", yticks=range(4))
            axes.set_yticklabels(["class 0", "class 1", "class 2", "blank"])
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(False)

        return draw

    occupancy = softmax - gradient[0].T  # of the classes, over all ways to write the label
    limit = abs(gradient).max()

    def others(axes):
        labels = ([2, 0, 0, 1], [2, 0, 1], [2, 0, 0], [0, 0, 1], [2, 1], [1, 0, 0, 2])
        costs = [losses.CTCLoss()(pred, [label])[0] for label in labels]
        names = [" ".join(map(str, label)) for label in labels]
        bars = axes.barh(names, costs, color=[series[0]] + [series[1]] * 5)
        axes.bar_label(bars, fmt="%.1f", padding=3, color=ink)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.set(title="the loss, if the label were", xticks=[])

    return [
        ((4.6, 2.5), frames(softmax, "softmax of pred", cmap="viridis", vmin=0, vmax=1)),
        (
            (4.6, 2.5),
            frames(occupancy, "given the label 2 0 0 1", cmap="viridis", vmin=0, vmax=1),
        ),
        (
            (4.6, 2.5),
            frames(
                gradient[0].T,
                f"gradient; the loss is {value[0]:.2f}",
                cmap=GRADIENTS,
                vmin=-limit,
                vmax=limit,
            ),
        ),
        ((4.6, 2.5), others),
    ]
