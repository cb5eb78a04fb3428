"""Calls on arrays that are like those of an earlier call: the C structs of that one are kept."""

from __future__ import annotations

import numpy as np

from ._native import ffi, lib

DTYPES = {
    np.dtype(name): ffi.new("mxl_dtype *", (code, np.dtype(name).itemsize * 8, 1))[0]
    for code, names in (
        (lib.MXL_FLOAT, ("float16", "float32", "float64")),
        (lib.MXL_INT, ("int8", "int16", "int32", "int64")),
        (lib.MXL_UINT, ("uint8", "uint16", "uint32", "uint64")),
        (lib.MXL_BOOL, ("bool",)),
    )
    for name in names
}

_HEADER = object.__basicsize__  # bytes of an object before its own fields
_MOST = 1000  # shapes that are kept for one loss with its options


def _can_read_arrays():
    """Whether arrays lie in memory as src_c/python_arrays.h takes them to."""
    facts = ffi.new("uintptr_t[5]")
    for array in (np.zeros((5, 3), "float32"), np.zeros(7, "int64")[::2]):
        lib.mxl_array_facts(id(array), _HEADER, facts)
        flags = sum(
            bit for bit, name in ((1, "C"), (0x100, "A"), (0x400, "W")) if array.flags[name]
        )
        if list(facts[0:3]) != [array.ctypes.data, array.ndim, id(array.dtype)]:
            return False
        if facts[3] & 0x501 != flags or facts[4] != array.shape[0]:
            return False
    return True


_CAN_READ_ARRAYS = _can_read_arrays()
_empty, _run, _OTHER = np.empty, lib.mxl_run_prepared, lib.MXL_ARRAY_OTHER
_mean = lib.mxl_mean_prepared


class Description:
    """Arrays that were here before: everything that C needs to know but the addresses."""

    def __init__(self, number, options, arrays, value_shape):
        self.struct = struct = ffi.new("mxl_prepared *")
        struct.loss, struct.n_inputs = number, len(arrays)
        struct.options, struct.header = options, _HEADER
        pred = arrays[0]
        self.value_shape, self.grad_shape, self.dtype = value_shape, pred.shape, pred.dtype
        self.outputs = ((value_shape, pred.dtype),)  # of the loss on the tape
        self._alive = [options]
        for i, array in enumerate(arrays):
            self._describe(struct.inputs[i], array.shape, array.dtype)
            struct.dtypes[i] = id(array.dtype)
            self._alive.append(array.dtype)
        self._describe(struct.value, value_shape, pred.dtype)
        self._describe(struct.grad, pred.shape, pred.dtype)
        self._describe(struct.head, value_shape, np.dtype("float64"))
        zeros = ffi.new("int64_t[]", max(1, len(value_shape)))  # steps: it is one number
        struct.head.strides = zeros
        self._alive.append(zeros)
        self.head = 1.0  # the head gradient that the next one probably is: the last one

    def _describe(self, tensor, shape, dtype):
        axes = ffi.new("int64_t[]", shape or (1,))
        self._alive.append(axes)
        tensor.device.device_type = lib.MXL_CPU
        tensor.ndim, tensor.shape, tensor.dtype = len(shape), axes, DTYPES[dtype]

    def mean(self, value):
        """The mean of a value, of shape (1,), with numpy's bits; None if that is for numpy to find."""
        made = _empty(1, self.dtype)
        return None if _mean(self.struct, id(value), id(made)) else made


def _adds_like_numpy():
    """Whether this numpy adds up in the order that src_c/python_arrays.h takes it to."""
    for dtype in ("float32", "float64"):
        for n in (7, 100, 1001):
            for x in (np.full(n, -0.0, dtype), np.sqrt(np.arange(n, dtype=dtype))):
                mean = Description(0, ffi.NULL, [x], x.shape).mean(x)
                wanted = np.add.reduce(x, keepdims=True) / x.dtype.type(n)
                if mean is None or mean.tobytes() != wanted.tobytes():
                    return False
    return True


ADDS_LIKE_NUMPY = _CAN_READ_ARRAYS and _adds_like_numpy()


class Prepared:
    """What one loss with its options has been called with."""

    def __init__(self, number, options):
        self._number, self._options = number, options
        self._known: dict[tuple, Description] = {}
        self._last = None  # the description that was used last

    def remember(self, arrays, value_shape):
        """Have `run` take such arrays from now on."""
        while arrays and arrays[-1] is None:
            arrays = arrays[:-1]
        if len(arrays) > 3 or any(a is None for a in arrays) or not _CAN_READ_ARRAYS:
            return
        key = tuple((a.shape, a.dtype) for a in arrays)
        if key not in self._known:
            if len(self._known) > _MOST:
                self._known.clear()
            self._known[key] = Description(self._number, self._options, arrays, value_shape)
        self._last = self._known[key]

    def run(self, arrays, value=None, grad=None, want_grad=True, head=None):
        """(value, gradient with respect to the first input, head, description) for two or three plain
        numpy arrays; None if they are not like earlier ones or there is something to complain about.

        The gradient is for a head gradient of one number, by default `description.head`."""
        known = self._last
        while known is not None:
            if value is None:
                made = _empty(known.value_shape, known.dtype)
            elif type(made := value) is not np.ndarray:
                return None
            if grad is None:
                slope = _empty(known.grad_shape, known.dtype) if want_grad else None
            elif type(slope := grad) is not np.ndarray:
                return None
            used = known.head if head is None else head
            status = _run(
                known.struct,
                id(arrays[0]),
                id(arrays[1]),
                id(arrays[2]) if len(arrays) == 3 else 0,
                id(made),
                0 if slope is None else id(slope),
                used,
            )
            if not status:
                return made, slope, used, known
            known = self._other(known, arrays) if status == _OTHER else None
        return None

    def _other(self, known, arrays):
        """The description of arrays that `known` is not of; None if there is none."""
        other = self._known.get(tuple([(a.shape, a.dtype) for a in arrays]))
        if other is None or other is known:
            return None
        self._last = other
        return other
