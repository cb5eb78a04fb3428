"""Losses of rows: softmax, vectors, matrices, sequences. All exact results have 50 digits."""

import functools

from case import DTYPES, FLOATS, HALVES, Case  # isort: skip

import ctc
import metric
import ml_dtypes
import mpmath
import numpy as np
import references
import test_ctc_values
import test_metric_accuracy

ROWS = {  # what is measured by rows: further names
    "SoftmaxCE": "SoftmaxCrossEntropyLoss",
    "SoftmaxCE dense": "SoftmaxCrossEntropyLoss",
    "SoftmaxCE from_logits": "SoftmaxCrossEntropyLoss",
    "KLDiv from scores": "KLDivLoss",
    "CTC": "CTCLoss",
    "Triplet": "TripletLoss",
    "CosineEmbedding": "CosineEmbeddingLoss",
    "SDML": "SDMLLoss",
}


def joined(results):
    """The results of single rows as those of all."""
    return {
        name: [sum((list(r[name][i]) for r in results), []) for i in range(2)]
        for name in results[0]
    }


def softmax_arrays(dtype, n, region, quick):
    rng = np.random.default_rng(n)
    if region == "extreme":
        x = references.rows(DTYPES[dtype], n)
    else:
        count = 4 if quick else max(4, 1000 // n)
        scales = rng.choice([0.3, 1, 3], (count, 1))
        x = (scales * rng.standard_normal((count, n))).astype(DTYPES[dtype])
    y = rng.integers(0, n, len(x))
    if region == "extreme":  # the largest, the smallest, any
        y = np.concatenate([x.argmax(1), x.argmin(1), y])
        x = np.concatenate([x, x, x])
    z = rng.random(x.shape)
    z[::2] /= z[::2].sum(1, keepdims=True)
    z[1::4] = np.eye(n)[y[1::4]]
    return x, y, z.astype(DTYPES[dtype])


def exact_softmax(name, x, label, own=False):
    if name == "SoftmaxCE":
        return joined([references.Row(a).sparse(int(y)) for a, y in zip(x, label)])
    kl, added = name == "KLDiv from scores", mpmath.mpf(10) ** -4000 if own else 1e-12
    found = joined([references.Row(a).dense(z, kl, added) for a, z in zip(x, label)])
    if own:  # log z
        numbers, sizes = found["label"]
        found["label"] = [n if z else mpmath.nan for n, z in zip(numbers, label.ravel())], sizes
    return found


def exact_products(x, z, own=False):
    x, z = metric.digits(x), metric.digits(z)
    return {
        "value": (-(x * z).sum(1), abs(x * z).sum(1)),
        "pred": (-z.ravel(), abs(z).ravel()),
        "label": (-x.ravel(), abs(x).ravel()),
    }


def softmax_cases(quick):
    options = {
        "SoftmaxCE": {},
        "SoftmaxCE dense": {"sparse_label": False},
        "SoftmaxCE from_logits": {"sparse_label": False, "from_logits": True},
        "KLDiv from scores": {"from_logits": False, "reduction": "sum"},
    }
    for name, ctor in options.items():
        for dtype in DTYPES:
            for region in ("ordinary", "extreme")[: 1 + (dtype in FLOATS)]:
                for n in (5, 70) if quick or region == "extreme" else (2, 5, 70, 1000):
                    x, y, z = softmax_arrays(dtype, n, region, quick)
                    label = y if name == "SoftmaxCE" else z
                    wrt = ["pred"] if name == "SoftmaxCE" else ["pred", "label"]
                    if name == "SoftmaxCE from_logits":
                        x = np.minimum(x, 0)
                        exact = functools.partial(exact_products, x, z)
                    else:
                        exact = functools.partial(exact_softmax, name, x, label)
                    yield Case(
                        name,
                        ROWS[name],
                        ctor,
                        {},
                        ctor,
                        dtype,
                        region,
                        "rows",
                        {"pred": x, "label": label},
                        wrt,
                        exact,
                        f"{n} classes",
                    )


def vector_cases(quick):
    for text, make in test_metric_accuracy.CASES.items():
        kind, *more = text.split()
        if quick and more and more != ["close"] and more != ["parallel"]:
            continue
        loss = test_metric_accuracy.LOSSES[kind]
        name = loss.replace("Loss", "")
        for dtype in (*FLOATS, *(() if more else HALVES)):
            for options in test_metric_accuracy.OPTIONS[kind]:
                x = make("float64" if dtype in HALVES else dtype)
                x = {n: a.astype(DTYPES[dtype]) for n, a in x.items()}
                region = "ordinary" if more in ([], ["long"], ["longer"]) else "extreme"

                def exact(x=x, loss=loss, options=options, own=False):
                    found = metric.EXACT[loss](x, **options)
                    return {n: [a.reshape(-1) for a in pair] for n, pair in found.items()}

                yield Case(
                    name,
                    loss,
                    options,
                    {},
                    options,
                    dtype,
                    region,
                    "rows",
                    x,
                    [n for n in x if n != "label"],
                    exact,
                    " ".join(more),
                )


def exact_ctc(x, label, own=False):
    normalisers, log_rest, soft, gamma = ctc.digits(x, label)
    least = 2.0**-52 / ml_dtypes.finfo(x.dtype).eps  # probabilities near 1 are double
    sizes = []
    for row, p, g in zip(x, soft, gamma):
        far = [mpmath.mpf(float(row.max())) - float(a) for a in row]
        sizes += [a * (1 + d) + b for a, d, b in zip(p, far, g)]
    return {
        "value": ([normalisers - log_rest], [max(normalisers + abs(log_rest), least)]),
        "pred": ([a - b for rows in zip(soft, gamma) for a, b in zip(*rows)], sizes),
    }


def ctc_cases(quick):
    rng = np.random.default_rng(8)
    extreme = [
        sample
        for sample in test_ctc_values.extremes(np.random.default_rng(8))
        if np.isfinite(sample[0]).all()
    ]  # infinite scores may leave no path
    for dtype in DTYPES:
        samples = [
            (
                "ordinary",
                test_ctc_values.activations(rng, t, c, 1),
                test_ctc_values.feasible(rng, t, c, n, 0.2),
                f"{t} frames",
            )
            for t, c, n in [(10, 5, 3), (40, 20, 10), (150, 30, 40)][: 2 if quick else 3]
        ]
        if dtype in FLOATS:
            samples += [("extreme", x, y, "") for x, y in extreme]
        for region, x, label, note in samples:
            x = x.astype(DTYPES[dtype])
            yield Case(
                "CTC",
                "CTCLoss",
                {},
                {},
                {},
                dtype,
                region,
                "rows",
                {"pred": x[None], "label": np.asarray(label)[None]},
                ["pred"],
                functools.partial(exact_ctc, x, label),
                note,
            )


def row_cases(quick):
    yield from softmax_cases(quick)
    yield from vector_cases(quick)
    yield from ctc_cases(quick)
