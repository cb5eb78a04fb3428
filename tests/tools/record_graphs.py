#!/usr/bin/env python3
"""Record what MXNet 1.9.1 writes to files, for tests/python/test_files.py.

    MXNET_MKLDNN_ENABLED=0 python tests/tools/record_graphs.py

runs where the real mxnet 1.9.1 can be imported and writes tests/golden/graphs.json.gz:

    losses    name -> class, arguments, kinds of inputs (see `inputs`), the exported JSON, the value
    symbols   an expression of mx, a, b and c -> its JSON
    files     name -> a file in base 64: parameters and graphs of `net`, arrays, models
"""

import base64
import gzip
import json
import pathlib
import tempfile

import numpy as np

TARGET = pathlib.Path(__file__).parent.parent / "golden" / "graphs.json.gz"
P, W, CTC = [4, 3], [4, 1], [2, 5, 4]
CASES = {
    "L2Loss": [({}, [P, P]), ({"weight": 3, "batch_axis": 1}, [P, P, W])],
    "L1Loss": [({}, [P, P]), ({"weight": 0.5}, [P, P, W]), ({"batch_axis": -1}, [P, P])],
    "SoftmaxCrossEntropyLoss": [
        ({}, [P, "class"]),
        ({"weight": 2.0}, [P, "class", W]),
        ({"sparse_label": False}, [P, P]),
        ({"sparse_label": False, "from_logits": True, "axis": 1}, [P, P, W]),
        ({"from_logits": True, "axis": 1}, [P, "class"]),
        ({"axis": 0, "batch_axis": 1}, [[3, 4], "class"]),
    ],
    "SigmoidBinaryCrossEntropyLoss": [
        ({}, [P, P]),
        ({"weight": 2}, [P, P, W]),
        ({}, [P, P, None, [1, 3]]),
        ({"from_sigmoid": True}, [P, P]),
        ({"from_sigmoid": True}, [P, P, None, [1, 3]]),
        ({"from_sigmoid": True, "weight": 1e-7}, [P, P, W, [1, 3]]),
        ({}, [P, P, W, [1, 3]]),
    ],
    "KLDivLoss": [
        ({}, [P, P]),
        ({"from_logits": False}, [P, P]),
        ({"from_logits": False, "weight": 2, "axis": 0}, [P, P, W]),
    ],
    "CTCLoss": [
        ({}, [CTC, "label"]),
        ({"layout": "TNC", "label_layout": "TN", "weight": 2.0}, [[5, 2, 4], "label.T"]),
        ({}, [CTC, "label", "frames", "lengths"]),
        ({}, [CTC, "label", None, None, [2]]),
        ({}, [CTC, "label", None, "lengths"]),
        ({}, [CTC, "label", "frames"]),
        ({"weight": 3}, [CTC, "label", "frames", "lengths", [2]]),
    ],
    "HuberLoss": [({}, [P, P]), ({"rho": 2, "weight": 3.0}, [P, P, W]), ({"rho": 0.3}, [P, P])],
    "HingeLoss": [({}, [P, P]), ({"margin": 2.5}, [P, P, W])],
    "SquaredHingeLoss": [({}, [P, P]), ({"margin": -1, "weight": 0.1}, [P, P, W])],
    "LogisticLoss": [({}, [P, P]), ({"label_format": "binary", "weight": 2}, [P, P, W])],
    "TripletLoss": [({}, [P, P, P]), ({"margin": 0.5, "weight": 2, "batch_axis": 1}, [P, P, P])],
    "PoissonNLLLoss": [
        ({}, [P, P]),
        ({"from_logits": False, "weight": 2}, [P, P, W]),
    ],
    "CosineEmbeddingLoss": [({}, [P, P, [4]]), ({"margin": 0.2, "weight": 2.0}, [P, P, [4], W])],
}
SYMBOLS = [
    "mx.sym.var('x', shape=(2, 3), dtype='float64', init='ones', lr_mult=2, __mine__='4')",
    "mx.sym.Group([a + b, a - b, a * b, a / b, a % b, a ** b, -a, abs(a)])",
    "mx.sym.Group([a + 1, 1 - a, a - 1.5, 2 / a, a / 1e-12, 2 % a, a % 2, a ** 2, 2 ** a])",
    "mx.sym.Group([a == b, a != b, a > b, a >= 1, a < 1, a <= b, 1 == a, 1 > a])",
    "mx.sym.Group([mx.sym.maximum(a, b), mx.sym.maximum(a, 1), mx.sym.power(2, a)])",
    "mx.sym.Concat(a, b, c, dim=0, name='joined') + mx.sym.add_n(a, b) * mx.sym.stack(a, b)",
    "mx.sym.FullyConnected(mx.sym.Dropout(a, p=0.3), num_hidden=3, name='fc')",
    "mx.sym.SoftmaxOutput(mx.sym.FullyConnected(a, no_bias=True, num_hidden=4), name='out')",
    "mx.sym.Embedding(a, input_dim=3, output_dim=2, name='e').sum(axis=(0, -1)).reshape((-1, 1))",
    "mx.sym.split(a, num_outputs=3, axis=0, squeeze_axis=True, name='s')",
    "mx.sym.split(a, num_outputs=2, name='s')[1] * mx.sym.L2Normalization(b)",
    "mx.sym.topk(a, k=2, ret_typ='both', name='best')[0].astype('float16')",
    "mx.sym.clip(mx.sym.transpose(a, axes=(1, 0)), a_min=-1, a_max=1e-07)",
    "mx.sym.where(a > 0, mx.sym.zeros((2, 3)), mx.sym.full((2, 3), 1e-12)) + mx.sym.arange(3)",
    "mx.sym.SequenceMask(a, b, use_sequence_length=True, value=-1, axis=1, name='masked')",
    "mx.sym.pick(mx.sym.log_softmax(a, axis=1), b, axis=1, keepdims=True, name='\"ü')",
    "mx.sym.slice_axis(mx.sym.dot(a, b, transpose_b=True), axis=0, begin=0, end=None)",
]


def inputs(kinds):
    """Arrays and numbers for the kinds of a case; the same ones on every machine."""
    random = np.random.RandomState(7)
    labels = np.array([[0, 1], [2, -1]], "float32")
    fixed = {
        "class": np.array([0, 2, 1, 1], "float32"),
        "label": labels,
        "label.T": labels.T.copy(),
        "frames": np.array([5, 4], "float32"),
        "lengths": np.array([2, 1], "float32"),
    }
    return [
        fixed[kind]
        if isinstance(kind, str)
        else random.uniform(0.1, 0.9, kind).astype("float32")
        if isinstance(kind, list)
        else kind
        for kind in kinds
    ]


def net(mx, prefix="net_"):
    """Layers, with a loss that has a parameter and a child of its own."""
    nn = mx.gluon.nn

    class Scaled(mx.gluon.loss.Loss):
        def __init__(self, **kwargs):
            super().__init__(None, 0, **kwargs)
            with self.name_scope():
                self.body = nn.HybridSequential()
                with self.body.name_scope():
                    self.body.add(nn.Dense(3, activation="relu", in_units=5))
                    self.body.add(nn.Dense(2, in_units=3))
                self.factor = self.params.get("factor", shape=(1,), init="ones")

        def hybrid_forward(self, F, x, label, factor):
            scores = F.broadcast_mul(self.body(x), factor)
            return F.mean(F.square(scores - label), axis=0, exclude=True), scores

    made = Scaled(prefix=prefix)
    made.initialize()
    for i, p in enumerate(made.collect_params().values()):
        p.set_data(mx.nd.array(np.random.RandomState(i).uniform(-1, 1, p.shape)))
    return made


def some_layers(nn):
    """One of each, with lengths that the first call finds out."""
    return [
        nn.Dense(3),
        nn.Activation("relu"),
        nn.Dropout(0.3, axes=(1,)),
        nn.Flatten(),
        nn.HybridLambda(lambda F, x: F.concat(x, x * 2, dim=1)),
        nn.Dense(2, activation="tanh", use_bias=False, flatten=False),
    ]


def record(mx):
    """All of it."""
    losses, count = {}, 0
    folder = pathlib.Path(tempfile.mkdtemp())
    for name, cases in CASES.items():
        for ctor, kinds in cases:
            loss = getattr(mx.gluon.loss, name)(**ctor, prefix=f"{name.lower()}0_")
            loss.hybridize()
            arrays = [mx.nd.array(x) if isinstance(x, np.ndarray) else x for x in inputs(kinds)]
            value = loss(*arrays)
            loss.export(str(folder / "loss"))
            assert (folder / "loss-0000.params").read_bytes()[24:] == bytes(8)
            losses[f"{name}{count}"] = {
                "loss": name,
                "ctor": ctor,
                "inputs": kinds,
                "graph": (folder / "loss-symbol.json").read_text(),
                "value": value.asnumpy().tolist(),
            }
            count += 1
    symbols = {}
    for text in SYMBOLS:
        names = {key: mx.sym.var(key) for key in "abc"}
        with mx.name.NameManager():
            symbols[text] = eval(text, {"mx": mx, **names}).tojson()
    made = net(mx)
    made.save(str(folder / "saved"))
    made.hybridize()
    x, label = inputs([[2, 5], [2, 2]])
    outputs = made(mx.nd.array(x), mx.nd.array(label))
    made.export(str(folder / "net"), 3)
    made.save_parameters(str(folder / "net.params"))
    made.collect_params().save(str(folder / "net.dict"))
    made.collect_params().save(str(folder / "net.old"), strip_prefix="net_")
    made.save(str(folder / "hybrid"))
    layers = mx.gluon.nn.HybridSequential(prefix="layers_")
    with layers.name_scope():
        layers.add(*some_layers(mx.gluon.nn))
    layers.initialize(mx.init.One())
    layers.hybridize()
    layers(mx.nd.array(x))
    layers.export(str(folder / "layers"))
    dtypes = "float32 float64 float16 uint8 int32 int8 int64".split()
    named = {f"é {t}": mx.nd.array([[1, 2, 3], [4, 5, 6]], dtype=t) for t in dtypes}
    mx.nd.save(str(folder / "named"), named)
    mx.nd.save(str(folder / "list"), list(named.values())[::-1])
    mx.nd.save(str(folder / "one"), mx.nd.ones((2,)))
    mx.nd.save(str(folder / "empty"), [])
    kept = [p for p in folder.iterdir() if not p.name.startswith("loss")]
    files = {p.name: base64.b64encode(p.read_bytes()).decode() for p in sorted(kept)}
    return {
        "mxnet": mx.__version__,
        "losses": losses,
        "symbols": symbols,
        "files": files,
        "outputs": [out.asnumpy().tolist() for out in outputs],
    }


def main():
    """Write the file."""
    import mxnet

    text = json.dumps(record(mxnet), indent=0).encode()
    TARGET.write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{TARGET}: {len(text)} bytes, {TARGET.stat().st_size} compressed")


if __name__ == "__main__":
    main()
