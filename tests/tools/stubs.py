"""Write the .pyi files of mxloss for what is made at run time: operators as functions and methods,
from their table, and the losses, from their constructors and formulas.
tests/python/test_typing.py checks that they are as they should be.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from mxloss import operators
from mxloss._functions import ARITHMETIC, COMPARISONS
from mxloss._methods import ArrayMethods, SymbolMethods
from mxloss.gluon import loss as losses

PACKAGE = Path(__file__).parents[2] / "mxloss"
WIDTH = 100

# types of attributes that their defaults do not tell
ATTRIBUTES = {
    "N": "int",
    "a_max": "float",
    "a_min": "float",
    "act_type": "str",
    "axes": "Axis",
    "begin": "Axis",
    "ctx": "Context | None",
    "depth": "int",
    "dtype": "DType",
    "end": "Axis",
    "input_dim": "int | None",
    "num_hidden": "int | None",
    "num_outputs": "int",
    "output_dim": "int | None",
    "repeats": "int",
    "reps": "Shape",
    "scalar": "Number",
    "scale_height": "float | None",
    "scale_width": "float | None",
    "shape": "Shape",
    "size": "Shape",
    "step": "Axis",
    "stop": "float | None",
    "temperature": "float | None",
}
HEAD = '''"""Written by tests/tools/stubs.py."""

'''


def attribute(parameter):
    """`name: type = default`."""
    name, default = parameter.name, parameter.default
    if name == "axis" and (default is None or default == ()):
        kind = "Axis"
    elif name == "axis":
        kind = "int"
    elif name in ATTRIBUTES:
        kind = ATTRIBUTES[name]
    else:
        kind = type(default).__name__
        assert kind in ("bool", "int", "float", "str"), name
    return f"{name}: {kind}" + ("" if default is parameter.empty else f" = {text(default)}")


def definition(name, parameters, result, indent=0):
    """A function on one line, or with a line for each parameter."""
    pad = " " * indent
    line = f"{pad}def {name}({', '.join(parameters)}) -> {result}: ..."
    if len(line) <= WIDTH:
        return line
    inner = f"{pad}    {', '.join(parameters)}"
    if len(inner) > WIDTH or parameters[-1].startswith("**"):
        inner = "\n".join(f"{pad}    {p}," for p in parameters)
    return f"{pad}def {name}(\n{inner}\n{pad}) -> {result}: ..."


def operator(name, entry, array, extras, method=False):
    """The lines of an operator."""
    own = list(entry.signature.parameters.values())
    if entry.arrays is None:
        given = [f"*{own[0].name}: {array}"]
        rest = [attribute(p) for p in own[1:]]
    else:
        given = [
            f"{p.name}: {array}" + ("" if p.default is p.empty else " | None = None")
            for p in own[: entry.arrays]
        ]
        given = given[method:]
        rest = [*map(attribute, own[entry.arrays :]), "*"]
    parameters = ["self"] * method + given + rest + extras
    several = array == "NDArray" and entry.name == "split"
    result = f"list[{array}]" if several else array
    if array == "NDArray" and entry.name == "topk":
        at = next(i for i, p in enumerate(parameters) if p.startswith("ret_typ"))
        both = [p for p in parameters if p != "*"]
        both[at : at + 1] = ["*", 'ret_typ: Literal["both"]']
        parameters[at] = 'ret_typ: Literal["indices", "value", "mask"] = "indices"'
        return overloads(name, [(both, f"list[{array}]"), (parameters, array)], 4 * method)
    return definition(name, parameters, result, 4 * method)


def overloads(name, variants, indent):
    lines = []
    for parameters, result in variants:
        lines += [" " * indent + "@overload", definition(name, parameters, result, indent)]
    return "\n".join(lines)


def text(default):
    """A default as ruff writes it."""
    return f'"{default}"' if isinstance(default, str) else repr(default)


def functions(array, extras):
    """The module of functions of NDArrays or Symbols."""
    lines = []
    for name, entry in operators.TABLE.items():
        if not name.startswith("_"):
            lines.append(operator(name, entry, array, extras))
    lines += ["", *(f"{name}: _Mixed" for name in operators.MIXED)]
    return lines


def methods(cls, array, extras):
    """Their methods: the operators, and Python's own."""
    lines = []
    for name in vars(cls):
        if name in operators.TABLE:
            lines.append(operator(name, operators.TABLE[name], array, extras, method=True))
        elif name in operators.MIXED:
            lines.append(f"    def {name}(lhs, rhs: {array} | Number) -> {array}: ...")
    for name in (*ARITHMETIC.values(), *(f"r{n}" for n in ARITHMETIC.values())):
        lines.append(f"    def __{name}__(self, other: {array} | Number) -> {array}: ...")
    for name in COMPARISONS.values():
        ignored = "  # type: ignore[override]" if name in ("eq", "ne") else ""
        lines.append(f"    def __{name}__(self, other: {array} | Number) -> {array}: ...{ignored}")
    if array == "NDArray":
        for name in ARITHMETIC.values():
            lines.append(f"    def __i{name}__(self, other: {array} | Number) -> Self: ...")
    lines += [f"    def __{name}__(self) -> {array}: ..." for name in ("neg", "abs")]
    return lines


def call(parameters):
    """The arrays of a loss, and numbers, from the parameters of its formula."""
    made = ["self", f"{parameters[0].name}: {{kind}}"]
    for p in parameters[1:]:
        if p.default is p.empty:
            made.append(f"{p.name}: {{kind}} | Numbers")
        elif p.default is None:
            made.append(f"{p.name}: {{kind}} | Numbers | None = None")
        else:
            made.append(attribute(p))
    return made


def calls(name, parameters):
    """The class of what losses with these inputs have in common."""
    given = call(parameters)
    symbolic = [p.format(kind="Kind") for p in given]
    arrays = [p.format(kind="ArrayKind") for p in given]
    tail = ["head_grad: ArrayKind | Numbers | None = None"]
    one = [*arrays, "*", "wrt: str | int | None = None", *tail]
    several = [*arrays, "*", "wrt: Wrt", *tail]
    one.append("out: tuple[Array | None, Array | None] | None = None")
    several.append("out: tuple[Array | None, Sequence[Array | None] | None] | None = None")
    variants = [
        (one, "tuple[ArrayKind, ArrayKind]"),
        (several, "tuple[ArrayKind, tuple[ArrayKind, ...]]"),
    ]
    return [
        "@type_check_only",
        f"class {name}(Loss):",
        definition("__call__", symbolic, "Kind", 4),
        overloads("value_and_grad", variants, 4),
        "",
    ]


def option(cls, p):
    """An argument of a constructor; a choice of words is in the docstring."""
    words = re.search(rf"^{p.name} : {{(.*?)}}", inspect.cleandoc(cls.__doc__), re.MULTILINE)
    if words:
        return f"{p.name}: Literal[{words[1]}] = {p.default!r}".replace("'", '"')
    if p.name in ("weight", "rho", "margin", "smoothing_parameter"):
        kind = "Number | None" if p.name == "weight" else "Number"
        return f"{p.name}: {kind} = {p.default!r}"
    return attribute(p)


def loss_classes():
    """The losses, and before them the kinds of calls that they have."""
    kinds, classes = {}, []
    own = {name: getattr(losses, name) for name in losses.__all__ if name != "Loss"}
    for name, cls in own.items():
        if name != cls.__name__:
            classes += [f"{name} = {cls.__name__}", ""]
            continue
        parameters = list(inspect.signature(cls._graph).parameters.values())[2:]
        inputs = tuple(p.name for p in parameters)
        kind = "_" + "".join(n.title().replace("_", "") for n in inputs)
        kinds.setdefault(kind, parameters)
        options = list(inspect.signature(cls).parameters.values())[:-1]
        constructor = ["self", *(option(cls, p) for p in options)]
        constructor += ["*", "prefix: str | None = None", "params: ParameterDict | None = None"]
        classes += [f"class {name}({kind}):", definition("__init__", constructor, "None", 4), ""]
    return [line for k, p in kinds.items() for line in calls(k, p)] + classes


def mixed(array):
    """The type of functions of arrays and numbers."""
    return [
        "@type_check_only",
        "class _Mixed(Protocol):",
        overloads(
            "__call__",
            [
                (["self", f"lhs: {array}", f"rhs: {array} | Number"], array),
                (["self", "lhs: Number", f"rhs: {array}"], array),
                (["self", "lhs: float", "rhs: float"], "float"),
            ],
            4,
        ),
        "",
    ]


OUT = ["out: Out = None", "name: Name = None"]
NODE = ["name: Name = None", "attr: Attr = None"]


def modules():
    """Lines by path."""
    return {
        "_array_functions.pyi": [
            "from collections.abc import Callable",
            "from typing import Literal, Protocol, overload, type_check_only",
            "",
            "from ._ndarray import NDArray",
            "from ._typing import Axis, DType, Name, Number, Out, Shape",
            "",
            "functions: dict[str, Callable[..., NDArray]]",
            "",
            *mixed("NDArray"),
            *functions("NDArray", OUT),
        ],
        "_symbol_functions.pyi": [
            "from collections.abc import Callable",
            "from typing import Protocol, overload, type_check_only",
            "",
            "from ._symbol import Symbol",
            "from ._typing import Attr, Axis, DType, Name, Number, Shape",
            "from .operators import Operator",
            "",
            "functions: dict[str, Callable[..., Symbol]]",
            "",
            "def make_function(entry: Operator, alias: str) -> Callable[..., Symbol]: ...",
            "def checked(attr: dict[str, str] | None) -> dict[str, str]: ...",
            "",
            *mixed("Symbol"),
            *functions("Symbol", NODE),
        ],
        "_methods.pyi": [
            "from typing import Literal, overload",
            "",
            "from typing_extensions import Self",
            "",
            "from ._ndarray import NDArray",
            "from ._symbol import Symbol",
            "from ._typing import Attr, Axis, DType, Name, Number, Out, Shape",
            "",
            "class ArrayMethods:",
            *methods(ArrayMethods, "NDArray", OUT),
            "",
            "class SymbolMethods:",
            *methods(SymbolMethods, "Symbol", NODE),
        ],
        "gluon/loss.pyi": [
            "from collections.abc import Sequence",
            "from typing import Literal, overload, type_check_only",
            "",
            "from .._typing import Array, ArrayKind, Kind, Number, Numbers, Wrt",
            "from ._loss import Loss as Loss",
            "from ._loss import _apply_weighting as _apply_weighting",
            "from ._loss import _reshape_like as _reshape_like",
            "from ._parameter_dict import ParameterDict",
            "",
            "__all__ = [",
            *(f'    "{name}",' for name in losses.__all__),
            "]",
            "",
            *loss_classes(),
        ],
    }


def files():
    """{path in the package: text}."""
    return {path: HEAD + "\n".join(lines).rstrip() + "\n" for path, lines in modules().items()}


if __name__ == "__main__":
    for name, text in files().items():
        (PACKAGE / name).write_text(text)
