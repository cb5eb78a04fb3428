"""The recipes on the losses' pages for PyTorch, optax and Keras, run as they stand there.

    run.py [LOSS...]            such as huber ctc; all of them otherwise

Above each function a comment says which loss it equals. Both get the same inputs, which are random;
values and gradients with respect to the first one must agree.
"""

import ast
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

from mxloss.gluon import loss as losses

ROOT = pathlib.Path(__file__).parents[2]
PEERS = {"PyTorch": ".bench-torch", "optax": ".bench-jax", "Keras": ".bench-jax"}
TOLERANCE = 2e-5  # of the largest number; all is float32
COARSER = {"CTCLoss": 1e-3}  # the others add logarithms in float32


def recipes(page):
    """(library, code, function, its arguments, the loss that it equals) of a page."""
    tabs = re.findall(r":sync: (\w+)\n```python\n(.*?)^```", page.read_text(), re.M | re.S)
    for library, code in tabs:
        for node in ast.parse(code).body:
            if isinstance(node, ast.FunctionDef):
                said = code.splitlines()[node.lineno - 2]
                constructor = re.match(r"# (\w+\(.*?\))", said)[1]
                yield library, code, node.name, [a.arg for a in node.args.args], constructor


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def inputs(loss, options, names, rng):
    """What the loss may be given, by name."""
    n, c = 6, 5
    scores = 2 * rng.standard_normal((n, c))
    signs = rng.choice([-1.0, 1.0], (n, c))
    distribution = softmax(rng.standard_normal((n, c)))
    distribution[0] = np.eye(c)[2]
    made = {"pred": scores, "label": rng.standard_normal((n, c))}
    made["sample_weight"] = rng.uniform(0, 2, (n, 1))
    made["pos_weight"] = rng.uniform(0.5, 3, c)
    match loss:
        case "SigmoidBinaryCrossEntropyLoss":
            made["label"] = (signs + 1) / 2
            if options.get("from_sigmoid"):
                made["pred"] = rng.uniform(0.02, 0.98, (n, c))
        case "HingeLoss" | "SquaredHingeLoss" | "LogisticLoss":
            made["label"] = signs
        case "SoftmaxCrossEntropyLoss":
            made["label"] = rng.integers(0, c, n)
            if not options.get("sparse_label", True):
                made["label"] = distribution
            if options.get("from_logits"):
                made["pred"] = np.log(softmax(scores))
            if options.get("axis") == 1:
                made["pred"] = rng.standard_normal((2, c, 3, 4))
                made["label"] = rng.integers(0, c, (2, 3, 4))
        case "KLDivLoss":
            made["label"] = distribution
            if options.get("from_logits", True):
                made["pred"] = np.log(softmax(scores))
        case "PoissonNLLLoss":
            made["target"] = rng.poisson(2.0, (n, c)).astype(float)
            if not options.get("from_logits", True):
                made["pred"] = np.exp(scores)
        case "TripletLoss":
            made["positive"], made["negative"] = rng.standard_normal((2, n, c))
        case "CosineEmbeddingLoss":
            made["input1"], made["input2"] = rng.standard_normal((2, n, c))
            made["label"] = signs[:, 0]
        case "SDMLLoss":
            made["x1"], made["x2"] = rng.standard_normal((2, n, c))
        case "CTCLoss":
            made["pred"] = rng.standard_normal((4, 12, c))
            made["label"] = np.array([[0, 0, 3], [1, 2, 0], [3, 0, 0], [2, 1, 2]])
            made["label_lengths"] = np.array([3, 2, 1, 3])
    made = {name: made[name] for name in names}
    return {k: x.astype("float32" if x.dtype.kind == "f" else "int64") for k, x in made.items()}


def main(*wanted):
    pages = sorted((ROOT / "docs/losses").glob("*.md"))
    tasks = {library: [] for library in PEERS}
    for page in pages:
        if not wanted or page.stem in wanted:
            for library, *task in recipes(page):
                tasks[library].append((page, *task))

    failed = ran = 0
    for library, of_library in tasks.items():
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            cases = []
            for i, (page, code, function, names, constructor) in enumerate(of_library):
                loss = eval(constructor, vars(losses))
                call = ast.parse(constructor).body[0].value
                options = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
                given = inputs(loss._core_name, options, names, np.random.default_rng(i))
                np.savez(folder / f"{i}-in.npz", **given)
                cases.append((page, function, constructor, loss, given))
            codes = [[code, function] for _, code, function, _, _ in of_library]
            (folder / "tasks.json").write_text(json.dumps(codes))
            python, peer = ROOT / PEERS[library] / "bin/python", ROOT / "tests/recipes/peer.py"
            env = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
            subprocess.run([python, peer, library, folder], check=True, env=env)
            for i, (page, function, constructor, loss, given) in enumerate(cases):
                first = next(iter(given))
                ours = loss.value_and_grad(**given, wrt=first)
                with np.load(folder / f"{i}-out.npz") as theirs:
                    theirs = theirs["value"], theirs["gradient"]
                limit = COARSER.get(loss._core_name, TOLERANCE)
                trouble = compare(ours, theirs, limit)
                ran += 1
                failed += bool(trouble)
                mark = f"FAILED: {trouble}" if trouble else "the same"
                print(f"{library:8} {page.stem:30} {function:30} {constructor:42} {mark}")
    print(f"{ran} recipes, {failed} failed")
    return failed > 0 or not ran


def compare(ours, theirs, limit):
    for what, a, b in zip(("value", "gradient"), ours, theirs):
        if a.shape != b.shape:
            return f"{what} has shape {b.shape}, ours {a.shape}"
        error = abs(a - b).max() / abs(a).max()
        if not error <= limit:
            return f"{what} is off by {error:.1e} of the largest"
    return ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
