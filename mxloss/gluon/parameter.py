"""Parameters of blocks: arrays that are given first values, trained, and kept by name."""

from ._parameter import DeferredInitializationError, Parameter
from ._parameter_dict import Constant, ParameterDict

__all__ = ["Constant", "DeferredInitializationError", "Parameter", "ParameterDict"]

for _name in __all__:  # where users find them
    globals()[_name].__module__ = __name__
