"""Functions that give an array's numbers another layout in memory."""

import numpy as np


def stepped(a):
    wide = np.zeros([3 * n for n in a.shape], a.dtype)
    wide[tuple(slice(1, None, 3) for _ in a.shape)] = a
    return wide[tuple(slice(1, None, 3) for _ in a.shape)]


def reversed_strides(a):
    every = tuple(slice(None, None, -1) for _ in a.shape)
    return a[every].copy()[every]


def rotated(a):
    """The first axis has the smallest stride, the others in order."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 0, -1)), -1, 0) if a.ndim else a


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def misaligned(a):
    room = np.zeros(a.nbytes + 1, np.uint8)
    b = room[1:].view(a.dtype).reshape(a.shape) if a.size else a
    b[...] = a
    return b


def field(a):
    """One field of records, whose strides are no multiple of the element size."""
    records = np.zeros(a.shape, [("pad", np.uint8), ("number", a.dtype)])
    records["number"] = a
    return records["number"]


def swapped(a):
    return a.astype(a.dtype.newbyteorder())


def subclass(a):
    return a.view(type("Array", (np.ndarray,), {}))


LAYOUTS = [np.asfortranarray, rotated, reversed_strides, stepped, read_only, misaligned, field,
           swapped, subclass]
