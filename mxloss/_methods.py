"""The operators as methods: _functions.py puts them into these classes, from the table. What type
checkers read instead, _methods.pyi, is written by tests/tools/stubs.py."""


class ArrayMethods:
    """Base class of NDArray."""

    __slots__ = ()


class SymbolMethods:
    """Base class of Symbol."""

    __slots__ = ()
