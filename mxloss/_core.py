"""numpy arrays to the C core and back: one call, one status, one exception.

Nothing here knows a loss; names, inputs and options come from the core's own table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .base import MXNetError, MXNetMemoryError, MXNetTypeError, MXNetValueError

try:
    from ._native import ffi, lib
except ModuleNotFoundError as error:
    raise ImportError(
        "mxloss has no compiled part here. If this is a checkout: run `pip install .` "
        "and start Python in another folder"
    ) from error

from ._prepared import DTYPES, Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

_ERRORS = {
    lib.MXL_ERR_DTYPE: MXNetTypeError,
    lib.MXL_ERR_MEMORY: MXNetMemoryError,
    lib.MXL_ERR_BACKEND: MXNetError,
    lib.MXL_ERR_VERSION: MXNetError,
}


def _known_dtype(dtype):
    """Whether the core has such elements; ml_dtypes' bfloat16 becomes known when it is first seen."""
    if dtype in DTYPES:
        return True
    if dtype.name == "bfloat16" and dtype.itemsize == 2 and dtype.isnative:
        DTYPES[dtype] = ffi.new("mxl_dtype *", (lib.MXL_BFLOAT, 16, 1))[0]
        return True
    return False


_MAX_INPUTS = lib.MXL_MAX_INPUTS
_HEAD, _VALUE, _GRAD = _MAX_INPUTS, _MAX_INPUTS + 1, _MAX_INPUTS + 2  # places in a call record


class LossInfo(NamedTuple):
    """One row of the core's table."""

    number: int
    name: str
    inputs: tuple[str, ...]
    n_required: int
    options: tuple[str, ...]


def _strings(array):
    names = []
    for pointer in array:
        if not pointer:
            break
        names.append(ffi.string(pointer).decode())
    return tuple(names)


def _read_table():
    losses = {}
    for number in range(lib.MXL_LOSS_END):
        info = lib.mxl_info(number)
        if info:
            name = ffi.string(info.name).decode()
            losses[name] = LossInfo(
                number, name, _strings(info.inputs), info.n_required, _strings(info.options)
            )
    return losses


LOSSES: dict[str, LossInfo] = _read_table()


class Options:
    """A loss with its options set, and what is known from earlier calls."""

    def __init__(self, info: LossInfo, fields: dict[str, float], flags: dict[str, bool]):
        self.info = info
        self.struct = ffi.new("mxl_options *")
        lib.mxl_defaults(info.number, self.struct)
        for name, value in fields.items():
            setattr(self.struct, name, value)
        for name, on in flags.items():
            bit = getattr(lib, "MXL_" + name)
            self.struct.flags = self.struct.flags | bit if on else self.struct.flags & ~bit
        self.value_shapes: dict[Any, tuple[int, ...]] = {}  # by shapes of the first two inputs
        self.calls = Prepared(info.number, self.struct)
        self.head = 1.0  # what autograd expects the head gradient to be: what it was the last time


class _Call:
    """The C structs of one call. Reused: making them takes longer than a small loss."""

    def __init__(self):
        n = _GRAD + _MAX_INPUTS
        self.tensors = ffi.new("mxl_tensor[]", n)
        self.shapes = [ffi.new("int64_t[]", lib.MXL_MAX_NDIM) for _ in range(n)]
        self.strides = [ffi.new("int64_t[]", lib.MXL_MAX_NDIM) for _ in range(n)]
        self.pointers = [self.tensors + i for i in range(n)]
        self.described = [None] * n  # (shape, dtype, contiguous) that each tensor has been set to
        self.inputs = ffi.new("mxl_tensor *[]", _MAX_INPUTS)
        self.grads = ffi.new("mxl_tensor *[]", _MAX_INPUTS)
        self.error = ffi.new("mxl_error *")
        self.exec = ffi.new("mxl_exec *")
        self.exec.size = ffi.sizeof("mxl_exec")
        self.exec.error = self.error
        for i, shape in enumerate(self.shapes):
            self.tensors[i].shape = shape
            self.tensors[i].device.device_type = lib.MXL_CPU

    def set(self, i, array):
        """Describe an array; returns the tensor and what has to live until the call is over."""
        tensor = self.pointers[i]
        shape, dtype = array.shape, array.dtype
        contiguous = array.flags.c_contiguous
        if self.described[i] != (shape, dtype, contiguous):  # calls often repeat with other data
            self.described[i] = None  # if this is interrupted
            n = len(shape)
            tensor.ndim = n
            tensor.dtype = DTYPES[dtype]
            if n:
                self.shapes[i][0:n] = shape
            tensor.strides = ffi.NULL if contiguous else self.strides[i]
            self.described[i] = (shape, dtype, contiguous)
        if contiguous:
            buffer = ffi.from_buffer(array)
            tensor.data = buffer
            return tensor, buffer
        size = array.itemsize
        self.strides[i][0 : len(shape)] = [s // size for s in array.strides]
        tensor.data = ffi.cast("void *", array.__array_interface__["data"][0])
        return tensor, array

    def run(self, options, n_inputs, head, value, grads):
        status = lib.mxl_run(
            options.info.number,
            options.struct,
            n_inputs,
            self.inputs,
            head,
            value,
            grads,
            self.exec,
        )
        if status != lib.MXL_OK:
            message = ffi.string(self.error.message).decode(errors="replace")
            raise _ERRORS.get(status, MXNetValueError)(message)

    def value_shape(self, options, n_inputs):
        tensor = self.pointers[_VALUE]
        tensor.data = ffi.NULL
        self.described[_VALUE] = None  # the core writes its shape
        self.run(options, n_inputs, ffi.NULL, tensor, ffi.NULL)
        return tuple(self.shapes[_VALUE][0 : tensor.ndim])


_calls: list[_Call] = []  # those not in use; list.pop and list.append are atomic


def as_input(loss: str, name: str, x: Any, need_array: bool) -> Any:
    """x as an array that the core can read: copied only if misaligned, byte-swapped or a list."""
    if type(x) is not np.ndarray:
        if isinstance(x, np.ma.MaskedArray):
            raise MXNetTypeError(
                f"{loss}: {name} is a masked array; its mask would be ignored. "
                "Pass a sample_weight of zeros and ones instead"
            )
        if need_array and not hasattr(x, "__array__"):
            raise MXNetTypeError(
                f"{loss}: {name} is of type {type(x).__name__}; expected a numpy array of floats"
            )
        try:
            x = np.asarray(x)
        except (ValueError, Warning) as error:  # of rows of several lengths numpy 1.23 only warns
            raise MXNetValueError(f"{loss}: {name} cannot be made into an array: {error}") from None
    if not _known_dtype(x.dtype):
        if x.dtype.isnative or x.dtype.newbyteorder("=") not in DTYPES:
            raise MXNetTypeError(
                f"{loss}: {name} has dtype {x.dtype}; expected a real number type of at most 64 bits"
            )
        x = x.astype(x.dtype.newbyteorder("="))
    if x.ndim > lib.MXL_MAX_NDIM:
        raise MXNetValueError(
            f"{loss}: {name} has {x.ndim} dimensions; expected at most {lib.MXL_MAX_NDIM}"
        )
    flags = x.flags
    if flags.c_contiguous and flags.aligned:
        return x
    if not flags.aligned or any(s % x.itemsize for s in x.strides):
        return x.copy()
    return x


def _as_output(loss, name, array, shape, dtype):
    if type(array) is not np.ndarray:
        raise MXNetTypeError(
            f"{loss}: out for {name} is of type {type(array).__name__}; expected a numpy array"
        )
    if array.shape != shape or array.dtype != dtype:
        raise MXNetValueError(
            f"{loss}: out for {name} has shape {array.shape} and dtype "
            f"{array.dtype}; expected {shape} and {dtype}"
        )
    if not array.flags.writeable:
        raise MXNetValueError(f"{loss}: out for {name} is read-only")
    if not array.flags.aligned or any(s % array.itemsize for s in array.strides):
        raise MXNetValueError(f"{loss}: out for {name} is misaligned; expected an aligned array")
    return array


def _check_copied(loss, names, inputs, arrays, outputs):
    """The core checks that no output overlaps an input that it sees; here, those that were copied."""
    for name, x, a in zip(names, inputs, arrays):
        if isinstance(x, np.ndarray) and a is not x:
            if any(out is not None and np.may_share_memory(out, x) for out in outputs):
                raise MXNetValueError(
                    f"{loss}: the memory of an output overlaps that of {name}; every "
                    "output needs memory of its own"
                )


def run(
    options: Options,
    inputs: list[Any],
    head_grad: Any = None,
    want_value: bool = True,
    wrt: Sequence[int] = (),
    out_value: Any = None,
    out_grads: Any = None,
) -> tuple[Any, list[Any]]:
    """Value and gradients of a loss.

    inputs are arrays or None in the core's order; wrt is the numbers of those that gradients are
    wanted for. Returns (value or None, list of gradients in the order of wrt).
    """
    info = options.info
    loss = info.name
    for name, x in zip(info.inputs[: info.n_required], inputs):
        if x is None:
            raise MXNetTypeError(f"{loss}: {name} is missing")
    arrays: list[Any] = [
        None if x is None else as_input(loss, info.inputs[i], x, i == 0)
        for i, x in enumerate(inputs)
    ]
    pred = arrays[0]
    for i in wrt:
        if arrays[i] is None:
            raise MXNetValueError(
                f"{loss}: a gradient with respect to {info.inputs[i]} is wanted, "
                f"but {info.inputs[i]} is absent"
            )
        if arrays[i].dtype.kind != "f" and arrays[i].dtype.name != "bfloat16":
            raise MXNetTypeError(
                f"{loss}: {info.inputs[i]} has dtype {arrays[i].dtype}; only "
                "floating inputs have a gradient"
            )
    try:
        call = _calls.pop()
    except IndexError:
        call = _Call()
    try:
        alive = []
        n = len(arrays)
        for i, a in enumerate(arrays):
            if a is None:
                call.inputs[i] = ffi.NULL
            else:
                call.inputs[i], keep = call.set(i, a)
                alive.append(keep)
        shapes = pred.shape, arrays[1].shape
        shape = options.value_shapes.get(shapes)
        if shape is None:
            shape = call.value_shape(options, n)
            if len(options.value_shapes) > 1000:  # of varying shapes only the last ones matter
                options.value_shapes.clear()
            options.value_shapes[shapes] = shape
        head = ffi.NULL
        head_array = None
        if head_grad is not None:
            head_array = as_input(loss, "head_grad", head_grad, False)
            if head_array.ndim == 0:
                head_array = np.broadcast_to(head_array, shape)
            head, keep = call.set(_HEAD, head_array)
            alive.append(keep)
        value, value_tensor = None, ffi.NULL
        if want_value:
            value = (
                np.empty(shape, pred.dtype)
                if out_value is None
                else _as_output(loss, "the value", out_value, shape, pred.dtype)
            )
            value_tensor, keep = call.set(_VALUE, value)
            alive.append(keep)
        grads = []
        for i in range(n):
            call.grads[i] = ffi.NULL
        for k, i in enumerate(wrt):
            x = arrays[i]
            given = None if out_grads is None else out_grads[k]
            g = (
                np.empty(x.shape, x.dtype)
                if given is None
                else _as_output(
                    loss, f"the gradient with respect to {info.inputs[i]}", given, x.shape, x.dtype
                )
            )
            grads.append(g)
            call.grads[i], keep = call.set(_GRAD + i, g)
            alive.append(keep)
        if out_value is not None or out_grads is not None:
            _check_copied(
                loss,
                (*info.inputs[:n], "head_grad"),
                (*inputs, head_grad),
                (*arrays, head_array),
                (value, *grads),
            )
        call.run(options, n, head, value_tensor, call.grads if wrt else ffi.NULL)
        options.calls.remember(arrays, shape)
    finally:
        _calls.append(call)
    return value, grads


# ---- The machine ---------------------------------------------------------------------------------


def isa_names() -> list[str]:
    """The instruction sets that set_isa accepts here."""
    isas = (lib.MXL_ISA_BASE, lib.MXL_ISA_AVX2, lib.MXL_ISA_AVX512, lib.MXL_ISA_NEON)
    return [_isa_name(isa) for isa in isas if lib.mxl_has_isa(isa)]


def _isa_name(isa):
    return ffi.string(lib.mxl_isa_name(isa)).decode()


def get_isa() -> str:
    """The instruction set in use."""
    return _isa_name(lib.mxl_get_isa())


def set_isa(name: str) -> None:
    """Use another instruction set in the whole process, "auto" for the best: for tests."""
    for isa in range(lib.MXL_ISA_NEON + 1):
        if _isa_name(isa) == name and lib.mxl_set_isa(isa) == lib.MXL_OK:
            return
    raise MXNetValueError(
        f"instruction set {name!r} cannot be used here; "
        f"expected one of auto, {', '.join(isa_names())}"
    )


def get_num_threads() -> int:
    """The most threads that one call uses.

    Set by `set_num_threads`; before that by the environment variable MXLOSS_NUM_THREADS, or else the
    number of processors that this process may use.
    """
    return lib.mxl_get_num_threads()


def set_num_threads(n: int) -> None:
    """Set the most threads that one call uses, in the whole process.

    Parameters
    ----------
    n : int
        At least 1, the calling thread included; more than 64 count as 64. 0 is the automatic number
        again. Results do not depend on it.

    Raises
    ------
    ValueError, TypeError
        For anything else.
    """
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool):
        raise MXNetTypeError(f"set_num_threads: n must be an integer, got {n!r}")
    if n < 0:
        raise MXNetValueError(f"set_num_threads: n is {n}; expected 0 (automatic) or more")
    lib.mxl_set_num_threads(min(int(n), 64))


def version() -> str:
    return ffi.string(lib.mxl_version()).decode()


def build_info() -> str:
    return ffi.string(lib.mxl_build_info()).decode()
