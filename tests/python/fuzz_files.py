"""Damage files of graphs and parameters and read them: python fuzz_files.py KIND SEED SECONDS.

KIND is graphs, parameters or hostile. Each file must give a result or an MXNetError, within seconds
of the processor's time and 200 MB. Prints how many files there were, and each that did not, as a line of JSON.
"""

import base64
import contextlib
import gzip
import io
import json
import random
import resource
import struct
import sys
import tempfile
import time
import traceback
import warnings

import numpy as np
from golden import FOLDER
from test_operators import CALLS

import mxloss as mx
from mxloss import nd, sym
from mxloss.gluon import nn

RECORDED = json.loads(gzip.decompress((FOLDER / "graphs.json.gz").read_bytes()))
FILES = [base64.b64decode(text) for text in RECORDED["files"].values()]
ARRAYS = [data for data in FILES if data[:2] == b"\x12\x01"]
GRAPHS = [case["graph"] for case in RECORDED["losses"].values()]
GRAPHS += [*RECORDED["symbols"].values(), *(d.decode() for d in FILES if b'"heads"' in d[-200:])]
MEMORY, SECONDS = 200 << 20, 5
VALUES = ["-1", "0", "1", "2", "1e400", "nan", "-inf", "9" * 20, "9" * 5000, "4000000000", "(",
          "(1,2", "(99999,99999,99999)", "(-1,)", "(0,)", "(2.5,)", "None", "True", "abc", "", "()",
          "((1,),)", "[1, 2]", "float64", "int7", "1.5", "100000", "('a',)", "3j", "O", "U10", "M8",
          "(" * 9999 + ")" * 9999, "9223372036854775807", "-9223372036854775808", "é", "2147483648",
          "1000000000"]
KEYS = ["axis", "shape", "dtype", "num_outputs", "scalar", "k", "size", "reps", "repeats", "mode",
        "keepdims", "__shape__", "__dtype__", "begin", "end", "act_type", "value", "num_hidden"]
OTHER = [None, 3, -1, [], {}, "x", [[]], True, 1e300, [[0]], [[0, 0, 0]] * 3, [[10**30, 0, 0]],
         [[True, False]], {"a": 1}, 10**400]


def every_operator():
    """A graph of each operator, with attributes."""
    for name, calls in CALLS.items():
        for arrays, attributes, _ in calls:
            if name != "_index":
                inputs = [sym.var(f"x{i}") for i in range(len(arrays))]
                yield getattr(sym, name)(*inputs, **attributes).tojson()


def changed_graph(r, text):
    """With some parts of other values."""
    graph = json.loads(text)
    for _ in range(r.choice([1, 1, 1, 2, 4])):
        nodes = graph.get("nodes") or [None]
        if type(nodes) is not list or not all(node and type(node) is dict for node in nodes):
            break
        k, node = r.random(), r.choice(nodes)
        if k < 0.55:
            attributes = node.setdefault("attrs", {})
            if isinstance(attributes, dict):
                attributes[r.choice([*attributes, *attributes, r.choice(KEYS)])] = r.choice(VALUES)
        elif k < 0.65:
            node["op"] = r.choice([*mx.operators.TABLE, "null", "foo"])
        elif k < 0.75:
            node["inputs"] = [[r.randrange(-1, len(nodes)), r.randrange(2), 0]
                              for _ in range(r.randrange(4))]
        elif k < 0.85:
            part = r.choice([node, graph])
            part[r.choice(list(part))] = r.choice(OTHER)
        elif k < 0.9:
            nodes.append(dict(node))
        else:
            r.shuffle(nodes)
    return json.dumps(graph)


def changed_bytes(r, data, others):
    """Cut, lengthened, with other bits or numbers, or joined to part of another."""
    data = bytearray(data)
    for _ in range(r.choice([1, 1, 2, 5])):
        at, k = r.randrange(len(data) + 1), r.random()
        if k < 0.2:
            del data[at:]
        elif k < 0.4 and data:
            data[at - 1] ^= 1 << r.randrange(8)
        elif k < 0.5:
            data += r.randbytes(r.randrange(1, 40))
        elif k < 0.6:
            data[at : at + r.randrange(9)] = r.randbytes(r.randrange(9))
        elif k < 0.9:  # a number, where one may be
            form = r.choice("iIqQ")
            top = 1 << (8 * struct.calcsize(form)) - (form in "iq")
            number = r.choice([0, 1, 2, 33, 256, top - 1, top // 2, top >> 10, 2**30 + 1])
            at -= at % 4
            data[at : at + struct.calcsize(form)] = struct.pack("<" + form, number % top)
        else:
            other = r.choice(others)
            data[at:] = other[r.randrange(len(other) + 1) :]
    return bytes(data)


def use(symbol):
    """Everything that there is to do with a graph."""
    names = symbol.list_arguments()
    steps = [symbol.tojson, symbol.debug_str, symbol.list_outputs, symbol.infer_shape,
             symbol.infer_type, lambda: repr(symbol.get_internals()),
             lambda: symbol.infer_type(**dict.fromkeys(names, "float64"))]
    for shape in ((3, 4), (2, 3, 4)):
        values = {name: nd.array(np.full(shape, 0.5)) for name in names}

        def train():
            executor = symbol.bind(None, values, {name: nd.zeros(shape) for name in values})
            executor.forward(is_train=True)
            executor.backward()

        steps += [lambda: symbol.eval(**values), train,
                  lambda: symbol.infer_shape(**dict.fromkeys(names, shape))]
    for step in steps:
        with contextlib.suppress(mx.MXNetError):
            step()


def read_graph(text):
    """As imports does, and a user after it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(text if isinstance(text, bytes) else text.encode())
        file.flush()
        symbol = sym.load(file.name)
        names = symbol.list_arguments()
        block = mx.gluon.SymbolBlock.imports(file.name, names[:1] or [])
        block.collect_params()
    use(symbol)


def read_arrays(data):
    """With all that reads such files."""
    found = nd.load_frombuffer(data)
    repr([a.shape for a in (found.values() if isinstance(found, dict) else found) if a is not None])
    net = nn.Dense(2)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        for read in (net.load_parameters, net.collect_params().load):
            with contextlib.suppress(mx.MXNetError):
                read(file.name, allow_missing=True, ignore_extra=True)


def hostile():
    """(reader, file) made on purpose."""
    null = '{"op": "null", "name": "a", "inputs": []}'

    def graph(*nodes, heads="[[0, 0, 0]]"):
        return f'{{"nodes": [{", ".join(nodes)}], "heads": {heads}}}'

    def node(op, inputs="[[0, 0, 0]]", **attributes):
        return json.dumps({"op": op, "name": op, "attrs": attributes, "inputs": json.loads(inputs)})

    chain = [null, *(node("square", f"[[{i}, 0, 0]]") for i in range(5_000))]
    double = [null, *(node("elemwise_add", f"[[{i}, 0, 0], [{i}, 0, 0]]") for i in range(60))]
    split = node("SliceChannel", num_outputs="1000")
    texts = [
        "", "null", "[]", "3", '"', "\x00", "[" * 100_000, '{"a":' * 100_000,
        "[" + "[]," * 2_700_000, b"\xff\xfe", b"\x80" * 100, "9" * 1_000_000,
        '{"nodes": 1e999, "heads": []}', graph(),
        graph(null, heads="[]"), graph(null, heads="[[1, 0, 0]]"), graph(null, heads="[[0, 1, 0]]"),
        graph(null, heads="[[-1, 0, 0]]"), graph(null, heads=str([[0, 0, 0]] * 10_000)),
        graph(node("square")), graph(node("square", "[[1, 0, 0]]"), node("square")),  # cycles
        graph(null, node("SliceChannel", num_outputs="1000000000000"), heads="[[1, 0, 0]]"),
        graph(null, node("SliceChannel", num_outputs="-1"), heads="[[1, 0, 0]]"),
        graph(null, node("SliceChannel", num_outputs="two"), heads="[[1, 0, 0]]"),
        graph(null, *[split] * 5000, heads="[[1, 0, 0]]"),
        graph(*chain, heads="[[5000, 0, 0]]"), graph(*double, heads="[[60, 0, 0]]"),
        graph(*[null] * 100_001), graph(null.replace('"a"', '"\\ud800"')), " " * (9 << 20),
        graph(node("_zeros", "[]", shape="(100000, 100000, 100000)")),
        graph(node("_arange", "[]", start="0", stop="1e12")),
        graph(node("_eye", "[]", N="1000000")),
        graph(node("_full", "[]", shape="(99999999999999999999,)")),
        graph('{"op": "null", "name": "a", "attrs": {"__shape__": "(1000000, 1000000)"},'
              ' "inputs": []}', node("square"), heads="[[1, 0, 0]]"),
        *(graph(null, node(op, **{key: "1000000000"}), heads="[[1, 0, 0]]") for op, key in (
            ("tile", "reps"), ("repeat", "repeats"), ("one_hot", "depth"), ("topk", "k"),
            ("broadcast_axis", "size"), ("expand_dims", "axis"), ("FullyConnected", "num_hidden")))]
    yield from ((read_graph, text) for text in texts)
    head, v2 = struct.pack("<QQ", 0x112, 0), 0xF993FAC9
    big = 2**63 - 1
    for tail in (
            (big,), (1, 0), (1, v2), (2**61,), (0, big), (0, 1, big), (0, 1, 3)):
        yield read_arrays, head + struct.pack(f"<{len(tail)}Q", *tail)
    for axes, shape in (
            (1, (big,)), (2, (2**32, 2**32)), (3, (big,) * 3), (2, (-1, -1)), (1, (-5,)),
            (32, (2,) * 32), (33, (1,) * 33), (2**31, ()), (2, (0, big)), (1, (2**30,))):
        for magic in (v2, v2 - 1, v2 + 1):
            front = struct.pack("<Ii", magic, 0) if magic >= v2 else struct.pack("<I", magic)
            body = front + struct.pack("<I", axes) + struct.pack(f"<{len(shape)}q", *shape)
            for number in (0, 7, 99, -1):
                rest = struct.pack("<iii", 1, 0, number) + bytes(100)
                yield read_arrays, head + struct.pack("<Q", 1) + body + rest


def damaged(kind, r):
    """(reader, file) for ever."""
    graphs = GRAPHS + list(every_operator())
    raw = [text.encode() for text in graphs]
    while kind == "graphs":
        yield read_graph, changed_graph(r, r.choice(graphs))
        yield read_graph, changed_bytes(r, r.choice(raw), raw)
    while True:
        yield read_arrays, changed_bytes(r, r.choice(ARRAYS), ARRAYS)


def main(kind, seed, seconds):
    warnings.simplefilter("ignore")
    end, count, slow = time.monotonic() + float(seconds), 0, 0
    files = hostile() if kind == "hostile" else damaged(kind, random.Random(int(seed)))
    with open("/proc/self/statm") as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
    for read, data in files:
        if kind != "hostile" and time.monotonic() > end:
            break
        count += 1
        began = time.process_time()
        wrong = None
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                read(data)
        except mx.MXNetError:
            pass
        except BaseException:
            wrong = traceback.format_exc()[-600:]
        slow = max(slow, time.process_time() - began)
        if time.process_time() - began > SECONDS:
            wrong = f"{time.process_time() - began} seconds"
        if wrong:
            print(json.dumps({"file": repr(data)[:3000], "wrong": wrong}))
    print(f"{count} files, {slow:.1f} s at most")


if __name__ == "__main__":
    main(*sys.argv[1:])
