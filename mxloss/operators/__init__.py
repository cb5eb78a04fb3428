"""The operators, by all their names: what nd and sym offer. See _table.py."""

from . import (  # noqa: F401  (they fill the table)
    _arithmetic,
    _create,
    _nn,
    _reduce,
    _shape,
    _special,
)
from ._arithmetic import ACTIVATIONS, BINARY, MIXED, mixed
from ._table import TABLE, Operator, operator

__all__ = ["ACTIVATIONS", "BINARY", "MIXED", "TABLE", "Operator", "mixed", "operator"]
