"""Saving and loading the parameters of a block."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

from .. import _files
from ..base import MXNetAssertionError, MXNetValueError
from . import _model
from ._parameter import check_context, check_dtype_source

if TYPE_CHECKING:
    from ..context import Context


class BlockFiles:
    """The methods of Block that deal with files."""

    def _named_parameters(self, prefix=""):
        """Parameters under the names of the attributes that lead to them: 'hidden.weight'."""
        found = {prefix + name: p for name, p in self._reg_params.items()}
        for name, child in self._children.items():
            found.update(child._named_parameters(f"{prefix}{name}."))
        return found

    def save_parameters(self, filename: str, deduplicate: bool = False) -> None:
        """Write all parameters to a file in MXNet's form, under the names of attributes.

        Parameters
        ----------
        filename : str
        deduplicate : bool
            Whether parameters that blocks share are written once.
        """
        parameters = self._named_parameters()
        if deduplicate:
            parameters = {name: p for p, name in {p: n for n, p in parameters.items()}.items()}
        _files.save(filename, {name: p.data() for name, p in parameters.items()})

    def load_parameters(
        self,
        filename: str,
        ctx: Context | list[Context] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: Literal["current", "saved"] = "current",
    ) -> None:
        """Take parameters from a file that `save_parameters`, `export` or MXNet wrote.

        Parameters
        ----------
        filename : str
        allow_missing, ignore_extra : bool
            Whether parameters may lack values, and values parameters.
        cast_dtype : bool
            Whether dtypes may differ; `dtype_source`, 'current' or 'saved', says which one wins.
        """
        check_dtype_source(dtype_source)
        values = _files.named(_files.load(filename), filename)
        parameters = self._named_parameters()
        if not values and not parameters:
            return
        if not any("." in name for name in values) and not values.keys() <= parameters.keys():
            check_context(ctx)
            self.collect_params().load_dict(  # names as collect_params() has them
                values,
                ctx,
                allow_missing,
                ignore_extra,
                ""
                if any(name.startswith(("arg:", self.prefix)) for name in values)
                else self.prefix,
                filename,
                cast_dtype,
                dtype_source,
            )
            return
        check_context(ctx)
        loaded = {id(parameters[name]) for name in values if name in parameters}
        for name, parameter in parameters.items():
            if id(parameter) not in loaded and not allow_missing:
                raise MXNetAssertionError(
                    f"Parameter '{name}' is missing in file '{filename}', which contains "
                    f"parameters: {', '.join(values)}. Set allow_missing=True to leave it as it is"
                )
        for name in values:
            if name not in parameters and not ignore_extra:
                raise MXNetValueError(
                    f"Parameter '{name}' loaded from file '{filename}' is not present in Block, "
                    f"which contains parameters {', '.join(parameters)}. Set ignore_extra=True to "
                    "ignore it"
                )
        for name, value in values.items():
            if name in parameters:
                parameters[name]._load(value, cast_dtype, dtype_source)

    def save_params(self, filename: str) -> None:
        """Deprecated: `save_parameters`, under names without the block's prefix."""
        warnings.warn(
            "save_params is deprecated. Please use save_parameters. Note that the names in the "
            "file differ",
            stacklevel=2,
        )
        self.collect_params().save(filename, strip_prefix=self.prefix)

    def load_params(
        self,
        filename: str,
        ctx: Context | list[Context] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
    ) -> None:
        """Deprecated: `load_parameters`."""
        warnings.warn("load_params is deprecated. Please use load_parameters.", stacklevel=2)
        self.load_parameters(filename, ctx, allow_missing, ignore_extra)

    def save(self, prefix: str) -> None:
        """Write ``prefix-model.json``, the blocks inside by name, and ``prefix-model.params``."""
        _model.save(self, prefix)

    def load(self, prefix: str) -> None:
        """Take parameters from files that `save` wrote, for a block built in the same way."""
        _model.load(self, prefix)
