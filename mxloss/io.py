"""NDArrayIter: batches of arrays, as scripts for MXNet's Module iterate over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from . import ndarray as nd
from ._ndarray import NDArray
from .base import MXNetAssertionError, MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from ._typing import Source

__all__ = ["DataBatch", "DataDesc", "DataIter", "NDArrayIter"]


class DataDesc(NamedTuple("DataDesc", [("name", str), ("shape", "tuple[int, ...]")])):
    """Name and shape of an array in a batch; also dtype and layout."""

    dtype: Any
    layout: str

    def __new__(
        cls, name: str, shape: tuple[int, ...], dtype: Any = np.float32, layout: str = "NCHW"
    ) -> DataDesc:
        made = super().__new__(cls, name, shape)
        made.dtype, made.layout = dtype, layout
        return made

    def __repr__(self) -> str:
        return f"DataDesc[{self.name},{self.shape},{self.dtype},{self.layout}]"


class DataBatch:
    """A batch: lists `data` and `label` of NDArrays, and `pad`, how many samples at its end are
    there to fill it only."""

    data: list[NDArray] | tuple[NDArray, ...]
    label: list[NDArray] | tuple[NDArray, ...] | None
    pad: int | None
    index: Any
    bucket_key: Any
    provide_data: list[DataDesc] | None
    provide_label: list[DataDesc] | None

    def __init__(
        self,
        data: list[NDArray] | tuple[NDArray, ...],
        label: list[NDArray] | tuple[NDArray, ...] | None = None,
        pad: int | None = None,
        index: Any = None,
        bucket_key: Any = None,
        provide_data: list[DataDesc] | None = None,
        provide_label: list[DataDesc] | None = None,
    ) -> None:
        for name, value in (("data", data), ("label", label)):
            if value is not None and not isinstance(value, (list, tuple)):
                raise MXNetTypeError(
                    f"DataBatch: {name} is of type {type(value).__name__}; expected a list"
                )
        self.data, self.label, self.pad, self.index = data, label, pad, index
        self.bucket_key = bucket_key
        self.provide_data, self.provide_label = provide_data, provide_label

    def __str__(self) -> str:
        data = [d.shape for d in self.data]
        label = [x.shape for x in self.label] if self.label else None
        return f"{type(self).__name__}: data shapes: {data} label shapes: {label}"


class DataIter:
    """Base class: an iterator over batches that `reset` sends back to the beginning."""

    batch_size: int

    def __init__(self, batch_size: int = 0) -> None:
        self.batch_size = batch_size

    def __iter__(self) -> DataIter:
        return self

    def __next__(self) -> DataBatch:
        return self.next()

    def reset(self) -> None:
        """Go back to the beginning."""

    def next(self) -> DataBatch:
        """The next batch. To be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override next")


def _named(source, default, allow_none):
    if source is None:
        if not allow_none:
            raise MXNetTypeError(f"NDArrayIter: {default} is None; expected arrays")
        return []
    if isinstance(source, (NDArray, np.ndarray)):
        source = [source]
    if isinstance(source, (list, tuple)):
        names = [default] if len(source) == 1 else [f"_{i}_{default}" for i in range(len(source))]
        source = dict(zip(names, source))
    if not isinstance(source, dict):
        raise MXNetTypeError(
            f"NDArrayIter: {default} is of type {type(source).__name__}; expected an NDArray, a "
            "numpy array, or a list or dict of these"
        )
    arrays = [(k, v if isinstance(v, NDArray) else nd.array(v)) for k, v in sorted(source.items())]
    for name, array in arrays:
        if not array.ndim:
            raise MXNetValueError(
                f"NDArrayIter: {name} is a single number; expected an array of samples"
            )
    return arrays


class NDArrayIter(DataIter):
    """Batches of arrays.

    Parameters
    ----------
    data : NDArray, numpy array, or list or dict of these
    label : the same, optional
    batch_size : int
    shuffle : bool
        Whether to take samples in random order, by ``numpy.random``, another one after each reset.
    last_batch_handle : {'pad', 'discard', 'roll_over'}
        If what is left is not a whole batch: fill it with the first samples, leave it out, or begin
        with it after the next reset.
    data_name, label_name : str
        Names of arrays that come without.
    """

    data: list[tuple[str, NDArray]]
    label: list[tuple[str, NDArray]]
    num_data: int

    def __init__(
        self,
        data: Source,
        label: Source | None = None,
        batch_size: int = 1,
        shuffle: bool = False,
        last_batch_handle: Literal["pad", "discard", "roll_over"] = "pad",
        data_name: str = "data",
        label_name: str = "softmax_label",
        layout: str = "NCHW",
    ) -> None:
        super().__init__(batch_size)
        if last_batch_handle not in ("pad", "discard", "roll_over"):
            raise MXNetValueError(
                f"last_batch_handle is {last_batch_handle!r}; expected pad, discard or roll_over"
            )
        self.data = _named(data, data_name, False)
        self.label = _named(label, label_name, True)
        if not self.data:
            raise MXNetAssertionError("NDArrayIter: data is empty; expected at least one array")
        self.num_data = self.data[0][1].shape[0]
        for name, array in self.data + self.label:
            if array.shape[0] != self.num_data:
                raise MXNetValueError(
                    f"NDArrayIter: {name} has {array.shape[0]} samples; expected {self.num_data}"
                )
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise MXNetValueError(
                f"NDArrayIter: batch_size is {batch_size!r}; expected an integer above 0"
            )
        self._shuffle, self._last, self._layout = shuffle, last_batch_handle, layout
        self._left = np.arange(0)
        self._moves, self._samples = np.arange(self.num_data), np.arange(self.num_data)
        self.hard_reset()

    def _describe(self, arrays):
        return [
            DataDesc(name, (self.batch_size, *a.shape[1:]), a.dtype, self._layout)
            for name, a in arrays
        ]

    @property
    def provide_data(self) -> list[DataDesc]:
        """Names and shapes of the arrays in each batch's data."""
        return self._describe(self.data)

    @property
    def provide_label(self) -> list[DataDesc]:
        """Names and shapes of the arrays in each batch's label."""
        return self._describe(self.label)

    def hard_reset(self) -> None:
        """Go back to the beginning, and forget what was to roll over."""
        self._left = np.arange(0)
        self.reset()

    def reset(self) -> None:
        """Go back to the beginning."""
        if self._shuffle:  # as MXNet does it: the order of the last time, in another order
            np.random.shuffle(self._moves)
            self._samples = self._samples[self._moves]
        self._rolled = len(self._left)
        self._order, self._left = np.concatenate([self._left, self._samples]), np.arange(0)
        self._cursor = 0

    def next(self) -> DataBatch:
        """The next batch."""
        places = self._order[self._cursor : self._cursor + self.batch_size]
        pad = self.batch_size - len(places)
        if pad and (pad == self.batch_size or self._last != "pad"):
            if self._last == "roll_over":
                self._left = places
            self._cursor = len(self._order)
            raise StopIteration
        if pad:
            places = np.concatenate([places, np.resize(self._order, pad)])
        if self._rolled and not self._cursor:
            pad = self._rolled  # MXNet counts so what comes from the time before
        self._cursor += self.batch_size
        return DataBatch(
            [NDArray(a._data[places]) for _, a in self.data],
            [NDArray(a._data[places]) for _, a in self.label],
            pad,
            None,
        )
