"""ParameterDict: parameters by name; and constants among them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import _files, initializer
from .. import ndarray as nd
from .._ndarray import NDArray
from ..base import MXNetAssertionError, MXNetTypeError, MXNetValueError
from ..context import cpu
from ._parameter import Parameter, check_context, check_dtype_source, lengths_of

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView

    from .._typing import GradReq, Init
    from ..context import Context


class Constant(Parameter):
    """A parameter that training leaves alone.

    Parameters
    ----------
    name : str
    value : NDArray, or what `nd.array` takes
    """

    value: NDArray

    def __init__(self, name: str, value: Any) -> None:
        self.value = value if isinstance(value, NDArray) else nd.array(value)
        super().__init__(
            name,
            grad_req="null",
            shape=self.value.shape,
            dtype=self.value.dtype,
            init=initializer.Constant(self.value),
        )

    def __repr__(self) -> str:
        return f"Constant {self.name} (shape={self.shape}, dtype={self.dtype})"

    @property
    def grad_req(self) -> GradReq:
        """'null'."""
        return "null"

    @grad_req.setter
    def grad_req(self, request: GradReq) -> None:
        if request != "null":
            raise MXNetValueError(f"Constant {self.name!r}: grad_req can only be 'null'")
        self._grad_req = "null"


class ParameterDict:
    """Parameters by name, in the order in which they were made.

    Parameters
    ----------
    prefix : str
        Goes in front of the names that `get` is asked for.
    shared : ParameterDict, optional
        Where `get` looks before it makes a new parameter.
    """

    def __init__(self, prefix: str = "", shared: ParameterDict | None = None) -> None:
        if not isinstance(prefix, str):
            raise MXNetTypeError(f"ParameterDict: prefix is {prefix!r}; expected a str")
        if shared is not None and not isinstance(shared, ParameterDict):
            raise MXNetTypeError(f"ParameterDict: shared is {shared!r}; expected a ParameterDict")
        self._prefix, self._shared = prefix, shared
        self._params: dict[str, Parameter] = OrderedDict()

    def __repr__(self) -> str:
        lines = "\n".join("  " + repr(p).replace("\n", "\n  ") for p in self.values())
        return f"{self._prefix + ' ' if self._prefix else ''}(\n{lines}\n)"

    def __getitem__(self, key: str) -> Parameter:
        return self._params[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __contains__(self, key: object) -> bool:
        return key in self._params

    def items(self) -> ItemsView[str, Parameter]:
        """Pairs of names and parameters."""
        return self._params.items()

    def keys(self) -> KeysView[str]:
        """Names."""
        return self._params.keys()

    def values(self) -> ValuesView[Parameter]:
        """Parameters."""
        return self._params.values()

    @property
    def prefix(self) -> str:
        """What goes in front of the names that `get` is asked for."""
        return self._prefix

    def _named(self, name):
        if not isinstance(name, str):
            raise MXNetTypeError(f"ParameterDict: name is {name!r}; expected a str")
        return self._prefix + name

    def _find(self, name):
        if name not in self._params and self._shared is not None:
            found = self._shared._find(name)
            if found is not None:
                self._params[name] = found
        return self._params.get(name)

    def get(self, name: str, **kwargs: Any) -> Parameter:
        """The parameter `prefix + name`; made by ``Parameter(prefix + name, **kwargs)`` if new.

        An old one must agree with `kwargs`; lengths of its shape that were unknown are filled in.
        """
        name = self._named(name)
        found = self._find(name)
        if found is None:
            found = self._params[name] = Parameter(name, **kwargs)
            return found
        for key, wanted in kwargs.items():
            has = getattr(found, key, None)
            if has is None:
                setattr(found, key, wanted)
            elif key == "shape" and wanted is not None:
                wanted = lengths_of(name, wanted)
                agree = len(wanted) == len(has) and all(
                    a == b or a <= 0 or b <= 0 for a, b in zip(wanted, has)
                )
                if not agree:
                    raise self._conflict(name, key, wanted, has)
                found._shape = tuple(max(a, b) for a, b in zip(wanted, has))
            elif key == "dtype":
                if np.dtype(wanted) != np.dtype(has):
                    raise self._conflict(name, key, wanted, has)
            elif wanted is not None and wanted != has:
                raise self._conflict(name, key, wanted, has)
        return found

    @staticmethod
    def _conflict(name, key, wanted, has):
        return MXNetAssertionError(
            f"Cannot retrieve Parameter '{name}' because desired attribute does not match with "
            f"stored for attribute '{key}': desired '{wanted}' vs stored '{has}'"
        )

    def get_constant(self, name: str, value: Any = None) -> Parameter:
        """The constant `prefix + name`; made of `value` if new."""
        name = self._named(name)
        found = self._find(name)
        if found is None:
            if value is None:
                raise MXNetValueError(f"No constant named {name!r}; give its value to make one")
            found = self._params[name] = Constant(name, value)
        elif value is not None:
            if not isinstance(found, Constant):
                raise MXNetAssertionError(f"Parameter {name!r} exists and is not a Constant")
            if not np.array_equal(nd.array(value).asnumpy(), found.value.asnumpy()):
                raise MXNetAssertionError(f"Constant {name!r} exists with another value")
        return found

    def update(self, other: ParameterDict | dict[str, Parameter]) -> None:
        """Take over the parameters of another dict; two of the same name must be one."""
        if not isinstance(other, (ParameterDict, dict)):
            raise MXNetTypeError(
                f"update: other is of type {type(other).__name__}; expected a ParameterDict"
            )
        for name, parameter in other.items():
            if self._params.get(name, parameter) is not parameter:
                raise MXNetAssertionError(
                    f"Cannot update self with other because they have different Parameters with "
                    f"the same name '{name}'"
                )
            self._params[name] = parameter

    def initialize(
        self,
        init: Init = "uniform",
        ctx: Context | list[Context] | None = None,
        verbose: bool = False,
        force_reinit: bool = False,
    ) -> None:
        """Give all parameters first values, `init` deciding for those that do not say how."""
        init = initializer.checked(init, "init")
        for parameter in self.values():
            parameter.initialize(None, ctx, init, force_reinit)

    def zero_grad(self) -> None:
        """Set all gradients to 0."""
        for parameter in self.values():
            parameter.zero_grad()

    def reset_ctx(self, ctx: Context | list[Context]) -> None:
        """Nothing: there is one device."""
        check_context(ctx)

    def list_ctx(self) -> list[Context]:
        """[cpu(0)], or [] without parameters."""
        return [cpu()] if self._params else []

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of every parameter: ``net.collect_params().setattr('lr_mult', 0.1)``."""
        for parameter in self.values():
            setattr(parameter, name, value)

    # ---- Files

    def save(self, filename: str, strip_prefix: str = "") -> None:
        """Write all values to a file in MXNet's form, under names without `strip_prefix`."""
        for name in self.keys():
            if not name.startswith(strip_prefix):
                raise MXNetValueError(
                    f"Prefix '{strip_prefix}' is to be striped before saving, but Parameter's name "
                    f"'{name}' does not start with '{strip_prefix}'"
                )
        arrays = {name[len(strip_prefix) :]: p.data() for name, p in self.items()}
        _files.save(filename, arrays)

    def load(
        self,
        filename: str,
        ctx: Context | list[Context] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        cast_dtype: bool = False,
        dtype_source: Literal["current", "saved"] = "current",
    ) -> None:
        """Take values from a file that `save`, `export` or MXNet wrote.

        Parameters
        ----------
        filename : str
        allow_missing, ignore_extra : bool
            Whether parameters may lack values, and values parameters.
        restore_prefix : str
            Goes in front of the names in the file.
        cast_dtype : bool
            Whether dtypes may differ; `dtype_source`, 'current' or 'saved', says which one wins.
        """
        check_context(ctx)
        self.load_dict(
            _files.named(_files.load(filename), filename),
            ctx,
            allow_missing,
            ignore_extra,
            restore_prefix,
            filename,
            cast_dtype,
            dtype_source,
        )

    def load_dict(
        self,
        param_dict: dict[str, NDArray],
        ctx: Context | list[Context] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        filename: str | None = None,
        cast_dtype: bool = False,
        dtype_source: Literal["current", "saved"] = "current",
    ) -> None:
        """As `load`, from a dict of NDArrays."""
        where = f"file: {filename}" if filename else "param_dict"
        check_dtype_source(dtype_source)
        values = {restore_prefix + _without_kind(name): a for name, a in param_dict.items()}
        for name in self.keys():
            if name not in values and not allow_missing:
                raise MXNetAssertionError(
                    f"Parameter '{name}' is missing in {where}, which contains parameters: "
                    f"{', '.join(values)}. Set allow_missing to True to leave it as it is"
                )
        for name in values:
            if name not in self._params and not ignore_extra:
                raise MXNetAssertionError(
                    f"Parameter '{name}' loaded from {where} is not present in ParameterDict, "
                    f"choices are: {', '.join(self.keys())}. Set ignore_extra to True to ignore it"
                )
        for name, value in values.items():
            if name in self._params:
                self._params[name]._load(value, cast_dtype, dtype_source)


def _without_kind(name):
    return name[4:] if name.startswith(("arg:", "aux:")) else name
