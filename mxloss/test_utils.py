"""Helpers for tests that were written with `mxnet.test_utils`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from . import ndarray as nd
from ._ndarray import NDArray
from .base import MXNetTypeError
from .context import cpu
from .util import use_np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._symbol import Symbol
    from ._typing import AnyArray, DType
    from .context import Context

__all__ = [
    "almost_equal",
    "assert_allclose",
    "assert_almost_equal",
    "assert_exception",
    "check_numeric_gradient",
    "check_symbolic_backward",
    "check_symbolic_forward",
    "default_context",
    "default_dtype",
    "list_gpus",
    "rand_ndarray",
    "rand_shape_2d",
    "rand_shape_3d",
    "rand_shape_nd",
    "random_arrays",
    "retry",
    "same",
    "set_default_context",
    "use_np",
]

# by dtype: how far apart numbers may be, relative and absolute, if the test does not say
TOLERANCES = {np.float16: (1e-2, 1e-1), np.float32: (1e-4, 1e-3), np.float64: (1e-5, 1e-20)}


def default_context() -> Context:
    """cpu(0)."""
    return cpu()


def set_default_context(ctx: Context) -> None:
    """Nothing: there is one context."""


def list_gpus() -> list[int]:
    """[]: none can be used."""
    return []


def default_dtype() -> type[np.float32]:
    """float32."""
    return np.float32


def _array(x):
    return x.asnumpy() if isinstance(x, NDArray) else np.asarray(x)


def _tolerances(a, b, rtol, atol):
    dtypes = [x.dtype.type for x in (a, b) if x.dtype.type in TOLERANCES]
    if not dtypes:
        return rtol or 0, atol or 0
    widest = max((TOLERANCES[dtype] for dtype in dtypes), key=lambda t: t[0])
    return widest[0] if rtol is None else rtol, widest[1] if atol is None else atol


def same(a: AnyArray, b: AnyArray) -> bool:
    """Whether two arrays have the same elements."""
    return np.array_equal(_array(a), _array(b))


def almost_equal(
    a: AnyArray,
    b: AnyArray,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    use_broadcast: bool = True,
) -> bool:
    """Whether ``|a - b| <= atol + rtol * |b|`` everywhere."""
    a, b = _array(a), _array(b)
    rtol, atol = _tolerances(a, b, rtol, atol)
    return np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


def assert_almost_equal(
    a: AnyArray,
    b: AnyArray,
    rtol: float | None = None,
    atol: float | None = None,
    names: Sequence[str] = ("a", "b"),
    equal_nan: bool = False,
    use_broadcast: bool = True,
    **ignored: Any,
) -> None:
    """Raise an AssertionError that shows where, unless ``|a - b| <= atol + rtol * |b|`` everywhere.

    Without tolerances they go by dtype: 1e-4 and 1e-3 for float32.
    """
    a, b = _array(a), _array(b)
    rtol, atol = _tolerances(a, b, rtol, atol)
    np.testing.assert_allclose(
        a, b, rtol=rtol, atol=atol, equal_nan=equal_nan, err_msg=f"{names[0]} and {names[1]} differ"
    )


def assert_allclose(
    a: AnyArray, b: AnyArray, rtol: float = 1e-07, atol: float = 0, equal_nan: bool = True
) -> None:
    """numpy's assert_allclose for NDArrays."""
    np.testing.assert_allclose(_array(a), _array(b), rtol=rtol, atol=atol, equal_nan=equal_nan)


def assert_exception(
    f: Callable[..., Any], exception_type: type[BaseException], *args: Any, **kwargs: Any
) -> None:
    """Raise an AssertionError unless the call raises that exception."""
    try:
        f(*args, **kwargs)
    except exception_type:
        return
    raise AssertionError(f"{f} did not raise {exception_type.__name__}")


def retry(n: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """For decorating a test that may fail by chance: it is tried `n` times."""

    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for left in reversed(range(n)):
                try:
                    return function(*args, **kwargs)
                except AssertionError:
                    if not left:
                        raise

        return wrapper

    return decorate


def random_arrays(*shapes: tuple[int, ...]) -> Any:
    """numpy arrays of normal random numbers; one shape gives an array, several a list."""
    arrays = [np.asarray(np.random.randn(*s), dtype=default_dtype()) for s in shapes]
    return arrays[0] if len(arrays) == 1 else arrays


def rand_ndarray(
    shape: tuple[int, ...],
    stype: str = "default",
    density: Any = None,
    dtype: DType = None,
    **ignored: Any,
) -> NDArray:
    """An NDArray of random numbers between -1 and 1."""
    if stype != "default":
        raise MXNetTypeError(f"rand_ndarray: stype is {stype!r}; mxloss has no sparse arrays")
    return nd.array(np.random.uniform(-1, 1, shape), dtype=dtype or default_dtype())


def rand_shape_nd(num_dim: int, dim: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """A random shape."""
    return tuple(np.random.randint(0 if allow_zero_size else 1, dim + 1, num_dim).tolist())


def rand_shape_2d(dim0: int = 10, dim1: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """A random shape of two axes."""
    low = 0 if allow_zero_size else 1
    return tuple(int(np.random.randint(low, n + 1)) for n in (dim0, dim1))


def rand_shape_3d(
    dim0: int = 10, dim1: int = 10, dim2: int = 10, allow_zero_size: bool = False
) -> tuple[int, ...]:
    """A random shape of three axes."""
    low = 0 if allow_zero_size else 1
    return tuple(int(np.random.randint(low, n + 1)) for n in (dim0, dim1, dim2))


def _bound(sym, location, grads=True):
    names = sym.list_arguments()
    arrays = location if isinstance(location, dict) else dict(zip(names, location))
    arrays = {k: x if isinstance(x, NDArray) else nd.array(x) for k, x in arrays.items()}
    gradients = {k: nd.zeros(x.shape, dtype=x.dtype) for k, x in arrays.items()} if grads else None
    return sym.bind(cpu(), arrays, gradients)


def _by_name(expected, names):
    return expected if isinstance(expected, dict) else dict(zip(names, expected))


def check_symbolic_forward(
    sym: Symbol,
    location: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    *args: Any,
    **ignored: Any,
) -> list[NDArray]:
    """Compare a Symbol's outputs at `location` with arrays; returns them."""
    outputs = _bound(sym, location, False).forward()
    for name, value in _by_name(expected, sym.list_outputs()).items():
        found = outputs[sym.list_outputs().index(name)]
        assert_almost_equal(found, value, rtol, atol, (name, "expected"))
    return outputs


def check_symbolic_backward(
    sym: Symbol,
    location: Any,
    out_grads: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    *args: Any,
    **ignored: Any,
) -> dict[str, NDArray | None]:
    """Compare a Symbol's gradients at `location` with arrays; returns them by name."""
    executor = _bound(sym, location)
    executor.forward(is_train=True)
    if isinstance(out_grads, dict):
        out_grads = [out_grads[name] for name in sym.list_outputs()]
    heads = [x if isinstance(x, NDArray) else nd.array(x) for x in out_grads or ()]
    executor.backward(heads or None)
    for name, value in _by_name(expected, sym.list_arguments()).items():
        assert_almost_equal(executor.grad_dict[name], value, rtol, atol, (name, "expected"))
    return executor.grad_dict


def check_numeric_gradient(
    sym: Symbol,
    location: Any,
    aux_states: Any = None,
    numeric_eps: float = 1e-4,
    rtol: float = 1e-2,
    atol: float = 1e-4,
    grad_nodes: Sequence[str] | None = None,
    **ignored: Any,
) -> None:
    """Compare a Symbol's gradients at `location`, of the sum of its output weighted at random, with
    finite differences, both in float64."""
    names = sym.list_arguments()
    values = {k: _array(x).astype(np.float64) for k, x in _by_name(location, names).items()}
    executor = _bound(sym, {k: nd.array(v, dtype="float64") for k, v in values.items()})
    (output,) = executor.forward(is_train=True)
    head = np.random.uniform(0.5, 1.5, output.shape)
    executor.backward([nd.array(head, dtype="float64")])

    def total(name, changed):
        args = {**values, name: changed}
        (out,) = sym.eval(**{k: nd.array(v, dtype="float64") for k, v in args.items()})
        return (out.asnumpy() * head).sum()

    for name in grad_nodes or names:
        found = np.zeros(values[name].shape)
        for place in np.ndindex(found.shape):
            up, down = values[name].copy(), values[name].copy()
            up[place] += numeric_eps
            down[place] -= numeric_eps
            found[place] = (total(name, up) - total(name, down)) / (2 * numeric_eps)
        assert_almost_equal(
            found,
            executor.grad_dict[name],
            rtol,
            atol,
            (f"numeric gradient of {name}", "backward's"),
        )
