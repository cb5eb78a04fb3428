"""Words of the annotations; nothing imports this at run time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Optional, TypeVar, Union

import numpy as np
import numpy.typing as npt

from ._ndarray import NDArray
from ._symbol import Symbol
from .gluon._parameter import Parameter
from .gluon._parameter_dict import ParameterDict
from .initializer import Initializer

Number = Union[float, np.number[Any], np.bool_]
Array = npt.NDArray[Any]
Numbers = Union[Array, Number, Sequence[Any]]  # what numpy takes for an array; not an NDArray
AnyArray = Union[NDArray, Numbers]
Shape = Union[int, Sequence[int]]
Axis = Union[int, Sequence[int], None]
DType = Optional[npt.DTypeLike]
Out = Optional[NDArray]
Name = Optional[str]
Attr = Optional[dict[str, str]]
Given = Union[dict[str, NDArray], Sequence[NDArray]]  # to a Symbol, by name or in order
Inferred = tuple[Any, Any, Any]
Arrays = Union[NDArray, Array, Sequence[Union[NDArray, Array]]]
Source = Union[NDArray, Array, list[Any], dict[str, Any]]
Class = TypeVar("Class", bound=type)
Function = TypeVar("Function", bound=Callable[..., Any])
Init = Union[Initializer, str, None]
GradReq = Literal["write", "add", "null"]
Parameters = Union[ParameterDict, dict[str, Parameter], Sequence[Parameter]]
Wrt = Union[tuple[Union[str, int], ...], list[str], list[int]]  # several inputs, by name or number

# the arrays of one call of a loss are all of one kind, and so is the result
Kind = TypeVar("Kind", NDArray, Array, Symbol)
ArrayKind = TypeVar("ArrayKind", NDArray, Array)
