"""Arrays in files of MXNet's own form (`.params`): written as MXNet 1.9.1 writes them, and read with
every length checked against what is really there.

A file is: 0x112, 0, the number of arrays; the arrays; the number of names, 0 or that of arrays; the
names. An array is: 0xF993FAC9, storage type 0, number of axes, lengths, device type and number,
number of the dtype; elements. All little-endian.
"""

from __future__ import annotations

import math
import os
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from ._graph import TYPES
from ._ndarray import NDArray
from .base import MXNetFileError, MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from ._ndarray import NDArray

_FILE, _V1, _V2, _V3 = 0x112, 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_MAX_AXES = 32
_DTYPES = {number: dtype for dtype, number in TYPES.items()}


def save(
    fname: str, data: NDArray | list[NDArray] | tuple[NDArray, ...] | dict[str, NDArray]
) -> None:
    """Write arrays to a file.

    Parameters
    ----------
    fname : str
    data : NDArray, list of NDArray, or dict of NDArray by name
    """
    names = []
    if isinstance(data, NDArray):
        data = [data]
    if isinstance(data, dict):
        names, data = list(data), list(data.values())
    if not isinstance(data, (list, tuple)):
        raise MXNetTypeError(
            f"save: data is of type {type(data).__name__}; expected an NDArray, or a list or dict "
            "of these"
        )
    parts = [struct.pack("<QQQ", _FILE, 0, len(data))]
    for i, array in enumerate(data):
        if not isinstance(array, NDArray):
            raise MXNetTypeError(
                f"save: entry {names[i] if names else i} is of type {type(array).__name__}; "
                "expected an NDArray"
            )
        parts.append(_array_bytes(array._data, names[i] if names else i))
    parts.append(struct.pack("<Q", len(names)))
    for name in names:
        if not isinstance(name, str):
            raise MXNetTypeError(f"save: the name {name!r} is not a string")
        text = name.encode()
        parts += [struct.pack("<Q", len(text)), text]
    write(fname, b"".join(parts))


def _path(fname):
    """A path; open() would take a number for a file that is open already."""
    if not isinstance(fname, (str, os.PathLike)):
        raise MXNetTypeError(f"fname is of type {type(fname).__name__}; expected a string")
    try:
        os.fsencode(fname)
    except UnicodeEncodeError:
        raise MXNetValueError(f"fname is {fname!r}; no file can have that name") from None
    return fname


def write(fname, data):
    """Make a file of bytes."""
    _path(fname)
    try:
        with open(fname, "wb") as file:
            file.write(data)
    except OSError as error:
        raise MXNetFileError(f'Open "{fname}": {error.strerror}') from None


def read(fname):
    """The bytes of a file."""
    _path(fname)
    try:
        with open(fname, "rb") as file:
            return file.read()
    except OSError as error:
        raise MXNetFileError(f'Open "{fname}": {error.strerror}') from None


def _array_bytes(array, name):
    if array.dtype not in TYPES:
        raise MXNetTypeError(f"save: {name} has dtype {array.dtype}, which such files cannot hold")
    magic = _V2 if array.ndim and array.size else _V3  # V2 cannot tell () and (0,) from unknown
    head = struct.pack(f"<IiI{array.ndim}q", magic, 0, array.ndim, *array.shape)
    device = struct.pack("<iii", 1, 0, TYPES[array.dtype])
    return head + device + array.astype(array.dtype.newbyteorder("<")).tobytes()


class _Reader:
    """Takes bytes from the front; asking for more than there are is an error that says where."""

    def __init__(self, data, where):
        self.data, self.where, self.at = memoryview(data), where, 0

    def error(self, what):
        return MXNetValueError(f"{self.where} is not a file of arrays: {what} (at byte {self.at})")

    def take(self, count, what):
        if count > len(self.data) - self.at:
            raise self.error(
                f"it ends within {what}: {count} bytes expected, {len(self.data) - self.at} there"
            )
        part = self.data[self.at : self.at + count]
        self.at += count
        return part

    def numbers(self, form, what):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form), what))

    def count(self, what, size):
        """A number of things that take at least `size` bytes each."""
        (count,) = self.numbers("Q", what)
        if count > (len(self.data) - self.at) // size:
            raise self.error(f"{what} is {count}, more than fit into what is left")
        return count


def _read_array(reader):
    (magic,) = reader.numbers("I", "the head of an array")
    if magic in (_V2, _V3):
        (storage,) = reader.numbers("i", "a storage type")
        if storage != 0:
            raise reader.error(
                f"an array is sparse (storage type {storage}); mxloss has dense ones"
            )
    if magic in (_V1, _V2, _V3):
        (axes,) = reader.numbers("I", "a number of axes")
        form = "q"
    else:  # the oldest form begins with the number of axes, and has lengths of 32 bits
        axes, form = magic, "I"
    if axes > _MAX_AXES:
        raise reader.error(f"an array has {axes} axes, or does not begin as arrays do")
    shape = reader.numbers(f"{axes}{form}", "a shape")
    if any(n < 0 for n in shape):
        raise reader.error(f"an array has the shape {shape}")
    if magic != _V3 and math.prod(shape) * bool(shape) == 0:
        return None  # nothing follows: an array that was never filled
    reader.numbers("ii", "a device")
    (number,) = reader.numbers("i", "a dtype")
    if number not in _DTYPES:
        raise reader.error(f"an array has the unknown dtype number {number}")
    dtype = _DTYPES[number].newbyteorder("<")
    elements = reader.take(math.prod(shape) * dtype.itemsize, f"an array of shape {shape}")
    try:
        array = np.frombuffer(elements, dtype).reshape(shape)
    except ValueError as error:  # a length of 0 beside one that numpy cannot count
        raise reader.error(f"an array of shape {shape}: {error}") from None
    return NDArray(array.astype(_DTYPES[number]))


def load_frombuffer(buf: bytes, where: str = "the buffer") -> Any:
    """What `save` or MXNet wrote, as a list of NDArrays, or a dict if they have names."""
    if not isinstance(buf, (bytes, bytearray, memoryview)):
        raise MXNetTypeError(f"load: expected bytes, got {type(buf).__name__}")
    reader = _Reader(buf, where)
    magic, _ = reader.numbers("QQ", "the head")
    if magic != _FILE:
        raise reader.error(f"it begins with {magic:#x}; expected {_FILE:#x}")
    arrays = [_read_array(reader) for _ in range(reader.count("the number of arrays", 8))]
    names = []
    for _ in range(reader.count("the number of names", 8)):
        text = reader.take(reader.count("the length of a name", 1), "a name")
        try:
            names.append(str(text, "utf-8"))
        except UnicodeDecodeError:
            raise reader.error("a name is not UTF-8") from None
    if names and len(names) != len(arrays):
        raise reader.error(f"it has {len(arrays)} arrays but {len(names)} names")
    if reader.at != len(reader.data):
        raise reader.error(f"{len(reader.data) - reader.at} bytes are left over")
    return dict(zip(names, arrays)) if names else arrays


def load(fname: str) -> Any:
    """What `save` or MXNet wrote to a file, as a list of NDArrays, or a dict if they have names.

    What is not such a file is a ValueError that says where; nothing in it is executed, and no more
    memory is taken than the file is long.
    """
    return load_frombuffer(read(fname), fname)


def named(data, where):
    """What `load` gave, if it has names; an empty file has none."""
    if isinstance(data, list):
        if data:
            raise MXNetValueError(f"{where} has arrays without names; expected those of parameters")
        return {}
    missing = [name for name, array in data.items() if array is None]
    if missing:
        raise MXNetValueError(f"{where}: the array {missing[0]!r} has no elements")
    return data
