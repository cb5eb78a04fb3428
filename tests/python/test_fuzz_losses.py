"""Losses of random shapes, axes, weights, dtypes and layouts: kernel, formula and graph agree."""

import numpy as np
from cases import VARIANTS
from fuzzing import holds
from hypothesis import strategies as st
from layouts import LAYOUTS
from row_cases import ALL

from mxloss import autograd, nd, sym

EPSILON = {"float16": 2e-3, "float32": 4e-7, "float64": 1e-14}
GRAPHS = [v for v in ALL if "infeasible" not in v.ctor]  # which operators cannot say
LENGTHS = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 65])


@st.composite
def shapes(draw, v):
    shape = draw(st.lists(LENGTHS, min_size=1, max_size=4))
    while np.prod(shape) > 1500:
        shape[int(np.argmax(shape))] //= 2
    return tuple(shape)


@st.composite
def calls(draw, variants, dtypes=("float64", "float32", "float16")):
    """(variant, loss, inputs by name, batch_axis, head gradient)"""
    v = draw(st.sampled_from(variants))
    shape = draw(shapes(v).filter(v.fits))
    batch_axis = draw(st.integers(-len(shape), len(shape) - 1))
    weight = draw(st.none() | st.sampled_from(v.weight_shapes(shape)))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    x = v.inputs(rng, shape, draw(st.sampled_from(dtypes)), weight, clear=v not in VARIANTS)
    if v not in VARIANTS:
        batch_axis = 0  # or an option, which the variant has
    layout = draw(st.none() | st.sampled_from(LAYOUTS))
    if layout:
        name = draw(st.sampled_from(sorted(x)))
        x[name] = layout(x[name])
    loss = v.loss(batch_axis)
    head = draw(st.none() | st.just(0))
    if head is not None:
        value = loss(**x, **v.call)
        head = rng.uniform(-2, 2, value.shape).astype(value.dtype)
    return v, loss, x, batch_axis, head


def close(found, expected, scale, tolerance, name):
    size = np.maximum(scale, np.abs(expected)) + 1e-3
    wrong = np.abs(found.astype(np.float64) - expected) > tolerance * size
    assert found.shape == expected.shape and not wrong.any(), (
        f"{name}: {found[wrong][:3]}, expected {expected[wrong][:3]}")


@holds(calls(VARIANTS), 150)
def test_like_the_formula(example):
    v, loss, x, batch_axis, head = example
    value, grads = v.run(x, loss, head_grad=head)
    dtype = x["pred"].dtype.newbyteorder("=")
    wide = {name: np.array(a, a.dtype if a.dtype.kind in "iu" else np.float64)
            for name, a in x.items()}
    expected = v.reference(wide, batch_axis, head=head)
    scale = v.reference(wide, batch_axis, head=head, sign=np.abs)
    assert value.dtype == dtype
    terms = 16 if dtype != np.float16 else 1
    for name, a in {"value": value, **grads}.items():
        close(a, expected[name], scale[name], terms * EPSILON[dtype.name], name)


@holds(calls(ALL), 150)
def test_every_way_of_calling(example):
    """Plainly, by value_and_grad and recorded; numpy arrays and NDArrays: the same bits."""
    v, loss, x, _, head = example
    value, grads = v.run(x, loss, head_grad=head)
    np.testing.assert_array_equal(loss(*(x.get(n) for n in v.names), **v.call), value)
    arrays = {name: nd.array(a, dtype=a.dtype.newbyteorder("=")) for name, a in x.items()}
    for name in grads:
        arrays[name].attach_grad()
    with autograd.record():
        recorded = loss(**arrays, **v.call)
    np.testing.assert_array_equal(recorded.asnumpy(), value)
    recorded.backward() if head is None else recorded.backward(nd.array(head, dtype=head.dtype))
    for name, grad in grads.items():
        np.testing.assert_array_equal(arrays[name].grad.asnumpy(), grad, err_msg=name)


def graph_of(v, loss, x, head):
    """Value and gradients of the loss as a Symbol, in operators."""
    names = [n for n in v.names if n in x]
    symbol = loss(**{n: sym.var(n) for n in names}, **v.call)
    arguments = {n: nd.array(x[n], dtype=x[n].dtype.newbyteorder("=")) for n in names}
    wanted = [n for n in names if x[n].dtype.kind == "f"]
    slopes = {n: nd.zeros(x[n].shape, dtype=x[n].dtype.newbyteorder("=")) for n in wanted}
    executor = symbol.bind(None, arguments, slopes)
    (value,) = executor.forward(is_train=True)
    executor.backward(nd.ones(value.shape, dtype=value.dtype) if head is None
                      else nd.array(head, dtype=value.dtype))
    return value.asnumpy(), {n: slopes[n].asnumpy() for n in wanted}


@holds(calls(GRAPHS, dtypes=("float64",)), 120)
def test_kernel_like_graph(example):
    """Both faces of a loss, in float64 and off the kinks."""
    v, loss, x, _, head = example
    if v.case.rows and x.get("sample_weight", np.zeros(())).ndim < x["pred"].ndim:
        x.pop("sample_weight", None)  # of the label's shape: for arrays only
    value, grads = v.run(x, loss, head_grad=head)
    expected, slopes = graph_of(v, loss, x, head)
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-9)
    for name, grad in grads.items():
        size = np.abs(slopes[name]).max(initial=0)
        np.testing.assert_allclose(grad, slopes[name], rtol=1e-8, atol=1e-9 * (size + 1),
                                   err_msg=name)
