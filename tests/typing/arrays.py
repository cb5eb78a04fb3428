"""NDArrays, Symbols, and their operators."""

from typing import Any

import numpy as np
import numpy.typing as npt
from both import assert_type

import mxloss as mx
from mxloss import nd, sym

x = nd.array([[1, 2], [3, 4]], dtype="float64")
assert_type(x.shape, tuple[int, ...])
assert_type(x.asnumpy(), npt.NDArray[Any])
assert_type(np.asarray(x), npt.NDArray[Any])
assert_type(x[0], nd.NDArray)
assert_type(2 * x + 1 - x / 3, nd.NDArray)
assert_type(-(x**2) % 2, nd.NDArray)
assert_type(x == 1, nd.NDArray)
assert_type(x < x.T, nd.NDArray)
x += 1
x[:] = 3
assert_type(x, nd.NDArray)
assert_type(x.reshape(4), nd.NDArray)
assert_type(x.reshape((2, -1)).astype(np.float32), nd.NDArray)
assert_type(x.mean(axis=0, keepdims=True), nd.NDArray)
assert_type(x.softmax(axis=-1), nd.NDArray)
assert_type(nd.log_softmax(x, axis=1), nd.NDArray)
assert_type(nd.concat(x, x, dim=0), nd.NDArray)
assert_type(nd.split(x, num_outputs=2), list[nd.NDArray])
assert_type(nd.topk(x, k=1), nd.NDArray)
assert_type(nd.topk(x, k=1, ret_typ="both"), list[nd.NDArray])
assert_type(nd.maximum(x, 0), nd.NDArray)
assert_type(nd.maximum(0, x), nd.NDArray)
assert_type(nd.pick(x, nd.array([0, 1]), axis=1), nd.NDArray)
assert_type(nd.FullyConnected(x, nd.ones((3, 2)), no_bias=True, num_hidden=3), nd.NDArray)
assert_type(nd.contrib.CTCLoss(nd.zeros((4, 1, 3)), nd.array([[1, 2]])), nd.NDArray)
assert_type([row.asscalar() for row in nd.arange(3)], list[Any])
nd.exp(x, out=x)

a, b = sym.var("a", shape=(2, 2)), sym.var("b")
graph = sym.broadcast_add(sym.exp(a), b * 2, name="total")
assert_type(graph, sym.Symbol)
assert_type(graph.list_arguments(), list[str])
assert_type(graph.eval(a=x, b=x), list[nd.NDArray])
assert_type(-a > 1, sym.Symbol)
assert_type(a.sum(axis=1), sym.Symbol)
assert_type(sym.maximum(a, 0), sym.Symbol)
assert_type(sym.split(a, num_outputs=2), sym.Symbol)
assert_type(sym.load_json(graph.tojson()), sym.Symbol)
executor = graph.bind(mx.cpu(), {"a": x, "b": x}, args_grad={"a": nd.zeros((2, 2))})
assert_type(executor.forward(is_train=True), list[nd.NDArray])
executor.backward(nd.ones((2, 2)))
assert_type(executor.output_dict["total_output"], nd.NDArray)

assert_type(mx.show_config("dicts"), dict[str, Any])
assert_type(mx.get_num_threads(), int)
assert_type(mx.__version__, str)
