"""Block, HybridBlock and SymbolBlock."""

from ._block import Block, HookHandle
from ._hybrid_block import HybridBlock
from ._symbol_block import SymbolBlock

__all__ = ["Block", "HookHandle", "HybridBlock", "SymbolBlock"]

for _name in __all__:  # where users find them
    globals()[_name].__module__ = __name__
