"""Names for blocks and nodes that were given none: a word and a count.

>>> import mxloss as mx
>>> with mx.name.Prefix("first_"):
...     mx.name.NameManager.current().get(None, "dense")
'first_dense0'
"""

from __future__ import annotations

import threading

__all__ = ["NameManager", "Prefix"]

_local = threading.local()


class NameManager:
    """Counts how often each word was asked for; as a `with` block, in place of the former counts."""

    def __init__(self) -> None:
        self._counter: dict[str, int] = {}
        self._before: list[NameManager] = []

    def get(self, name: str | None, hint: str) -> str:
        """`name`, or if that is None the word `hint` with the next number."""
        if name:
            return name
        count = self._counter.get(hint, 0)
        self._counter[hint] = count + 1
        return f"{hint}{count}"

    @staticmethod
    def current() -> NameManager:
        """The one in force in this thread."""
        if not hasattr(_local, "current"):
            _local.current = NameManager()
        return _local.current

    def __enter__(self) -> NameManager:
        self._before.append(NameManager.current())
        _local.current = self
        return self

    def __exit__(self, *exception: object) -> None:
        _local.current = self._before.pop()


class Prefix(NameManager):
    """Puts the same letters in front of every name."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        """As NameManager's, with the prefix."""
        return self._prefix + super().get(name, hint)
