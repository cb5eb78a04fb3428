"""Datasets and batches, in their simple forms.

>>> import numpy as np, mxloss as mx
>>> dataset = mx.gluon.data.ArrayDataset(np.arange(6).reshape(3, 2), np.array([0, 1, 0]))
>>> for x, y in mx.gluon.data.DataLoader(dataset, batch_size=2):
...     print(x.shape, y.asnumpy())
(2, 2) [0 1]
(1, 2) [0]
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import ndarray as nd
from .._ndarray import NDArray
from ..base import MXNetAssertionError, MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "ArrayDataset",
    "BatchSampler",
    "DataLoader",
    "Dataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SimpleDataset",
]


def _check_sequence(name, data):
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        raise MXNetTypeError(
            f"{name} is of type {type(data).__name__}; expected a dataset, an array or a list"
        )


def _check_length(name, length):
    if not isinstance(length, (int, np.integer)) or length < 0:
        raise MXNetValueError(f"{name} is {length!r}; expected an integer from 0 on")


class Dataset:
    """Base class: what has a length and items by number."""

    def __getitem__(self, idx: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not override __getitem__")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not override __len__")

    def transform(self, fn: Callable[..., Any], lazy: bool = True) -> Dataset:
        """A dataset of ``fn(item)``, or ``fn(*item)`` if items are tuples; lazy: when asked for."""
        if not callable(fn):
            raise MXNetTypeError(f"transform: fn is {fn!r}; expected a function")
        changed = _Transformed(self, fn)
        return changed if lazy else SimpleDataset([changed[i] for i in range(len(self))])

    def transform_first(self, fn: Callable[..., Any], lazy: bool = True) -> Dataset:
        """A dataset whose items' first element goes through `fn`."""
        if not callable(fn):
            raise MXNetTypeError(f"transform_first: fn is {fn!r}; expected a function")
        return self.transform(lambda x, *rest: (fn(x), *rest) if rest else fn(x), lazy)


class _Transformed(Dataset):
    def __init__(self, source, function):
        self._source, self._function = source, function

    def __len__(self):
        return len(self._source)

    def __getitem__(self, idx):
        item = self._source[idx]
        return self._function(*item) if isinstance(item, tuple) else self._function(item)


class SimpleDataset(Dataset):
    """A dataset of what a list or array has.

    Parameters
    ----------
    data : sequence
    """

    def __init__(self, data: Any) -> None:
        _check_sequence("SimpleDataset: data", data)
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: int) -> Any:
        return self._data[idx]


class ArrayDataset(Dataset):
    """Items taken from several arrays at once: item i is the tuple of all arrays' i-th.

    Parameters
    ----------
    *args : NDArrays, numpy arrays, lists or datasets of one length
    """

    def __init__(self, *args: Any) -> None:
        if not args:
            raise MXNetAssertionError("ArrayDataset: expected at least one array")
        for i, data in enumerate(args):
            _check_sequence(f"ArrayDataset: array {i}", data)
        self._length = len(args[0])
        self._data = []
        for i, data in enumerate(args):
            if len(data) != self._length:
                raise MXNetAssertionError(
                    f"All arrays must have the same length; array 0 has length {self._length} "
                    f"while array {i} has {len(data)}"
                )
            plain = isinstance(data, NDArray) and data.ndim == 1  # its items are numbers
            self._data.append(data.asnumpy() if plain else data)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, idx: int) -> Any:
        if len(self._data) == 1:
            return self._data[0][idx]
        return tuple(data[idx] for data in self._data)

    def _batch(self, places):
        """What `default_batchify_fn` makes of these items, without taking them one by one; None if
        there are other things than arrays here."""
        if not all(isinstance(data, (NDArray, np.ndarray)) for data in self._data):
            return None
        arrays = [d._data if isinstance(d, NDArray) else d for d in self._data]
        batch = [NDArray(a[places]) for a in arrays]
        return batch if len(batch) > 1 else batch[0]


class Sampler:
    """Base class: an order of items, as numbers."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} does not override __iter__")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not override __len__")


class SequentialSampler(Sampler):
    """start, start + 1, ...: `length` numbers."""

    def __init__(self, length: int, start: int = 0) -> None:
        _check_length("SequentialSampler: length", length)
        self._length, self._start = length, start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._start, self._start + self._length))

    def __len__(self) -> int:
        return self._length


class RandomSampler(Sampler):
    """0 .. length - 1 in random order, by ``numpy.random``, whose seed scripts set."""

    def __init__(self, length: int) -> None:
        _check_length("RandomSampler: length", length)
        self._length = length

    def __iter__(self) -> Iterator[int]:
        return iter(np.random.permutation(self._length).tolist())

    def __len__(self) -> int:
        return self._length


class BatchSampler(Sampler):
    """Lists of `batch_size` numbers of another sampler.

    last_batch, if what is left is not a whole batch: 'keep' it, 'discard' it, or let it 'rollover'
    to the beginning of the next time.
    """

    def __init__(
        self,
        sampler: Any,
        batch_size: int,
        last_batch: Literal["keep", "discard", "rollover"] = "keep",
    ) -> None:
        if not hasattr(sampler, "__iter__"):
            raise MXNetTypeError(f"sampler is {sampler!r}; expected a Sampler")
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise MXNetValueError(f"batch_size is {batch_size!r}; expected an integer from 1 on")
        if last_batch not in ("keep", "discard", "rollover"):
            raise MXNetValueError(
                f"last_batch must be one of 'keep', 'discard', or 'rollover', but got {last_batch!r}"
            )
        self._sampler, self._batch_size, self._last_batch = sampler, batch_size, last_batch
        self._left: list[int] = []

    def __iter__(self) -> Iterator[list[int]]:
        batch, self._left = self._left, []
        for i in self._sampler:
            batch.append(i)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if batch and self._last_batch == "keep":
            yield batch
        elif self._last_batch == "rollover":
            self._left = batch

    def __len__(self) -> int:
        count = len(self._sampler) + len(self._left)
        if self._last_batch == "keep":
            return math.ceil(count / self._batch_size)
        return count // self._batch_size


def default_batchify_fn(data: Sequence[Any]) -> Any:
    """A list of items as one batch: arrays stacked, tuples apart."""
    if isinstance(data[0], NDArray):
        return nd.stack(*data, axis=0)
    if isinstance(data[0], tuple):
        return [default_batchify_fn(part) for part in zip(*data)]
    try:
        stacked = np.asarray(data)
    except (ValueError, Warning):  # rows of several lengths, of which numpy 1.23 only warns
        stacked = np.empty(0, object)
    if stacked.dtype.kind not in "fiub":
        raise MXNetTypeError(
            f"default_batchify_fn: cannot stack items such as {data[0]!r}; expected numbers, or "
            "arrays of one shape. For anything else give the loader a batchify_fn"
        )
    return nd.array(stacked, dtype=stacked.dtype)


class DataLoader:
    """Batches of a dataset, one after another.

    Parameters
    ----------
    dataset : Dataset, or anything with a length and items by number
    batch_size : int
    shuffle : bool
        Whether to take items in random order, by ``numpy.random``.
    sampler : Sampler, optional
        An order of items, instead of shuffle.
    last_batch : {'keep', 'discard', 'rollover'}
        As of `BatchSampler`.
    batch_sampler : Sampler, optional
        Gives the lists of numbers, instead of batch_size, shuffle, sampler and last_batch.
    batchify_fn : callable, optional
        Makes a batch of a list of items; by default arrays are stacked.
    num_workers, pin_memory, pin_device_id, prefetch, thread_pool, timeout, auto_reload
        For scripts that give them: batches are made when asked for, in the same process.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = None,
        shuffle: bool = False,
        sampler: Any = None,
        last_batch: Literal["keep", "discard", "rollover"] | None = None,
        batch_sampler: Any = None,
        batchify_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int | None = 0,
        pin_memory: bool = False,
        pin_device_id: int = 0,
        prefetch: int | None = None,
        thread_pool: bool = False,
        timeout: float = 120,
        auto_reload: bool = False,
    ) -> None:
        _check_sequence("DataLoader: dataset", dataset)
        if num_workers is not None:
            _check_length("num_workers", num_workers)
        if batch_sampler is not None and not hasattr(batch_sampler, "__iter__"):
            raise MXNetTypeError(
                f"batch_sampler is {batch_sampler!r}; expected a BatchSampler or a list of lists"
            )
        if batchify_fn is not None and not callable(batchify_fn):
            raise MXNetTypeError(f"batchify_fn is {batchify_fn!r}; expected a function")
        if batch_sampler is None:
            if batch_size is None:
                raise MXNetValueError(
                    "batch_size must be specified unless batch_sampler is specified"
                )
            if sampler is None:
                sampler = (RandomSampler if shuffle else SequentialSampler)(len(dataset))
            elif shuffle:
                raise MXNetValueError("shuffle must not be specified if sampler is specified")
            batch_sampler = BatchSampler(sampler, batch_size, last_batch or "keep")
        elif batch_size is not None or shuffle or sampler is not None or last_batch is not None:
            raise MXNetValueError(
                "batch_size, shuffle, sampler and last_batch must not be specified if "
                "batch_sampler is specified"
            )
        self._dataset, self._batch_sampler = dataset, batch_sampler
        self._batchify_fn = batchify_fn or default_batchify_fn

    def __iter__(self) -> Iterator[Any]:
        at_once = self._batchify_fn is default_batchify_fn and hasattr(self._dataset, "_batch")
        for places in self._batch_sampler:
            batch = self._dataset._batch(places) if at_once else None
            if batch is None:
                batch = self._batchify_fn([self._dataset[i] for i in places])
            yield batch

    def __len__(self) -> int:
        return len(self._batch_sampler)
