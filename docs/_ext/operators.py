"""`{operators}`: the operators of nd, from the table that they are made of."""

import importlib

from usage import Generated

from mxloss import nd
from mxloss.operators import TABLE

GROUPS = {
    "_arithmetic": "Element by element",
    "_reduce": "Along axes",
    "_shape": "Shapes and places",
    "_nn": "Of networks",
    "_create": "New arrays",
    "_special": "Others",
}


def public(entry, names):
    return [n for n in names if not n.startswith("_") and hasattr(nd, n)]


class Operators(Generated):
    def markdown(self):
        entries = {}
        for name, entry in TABLE.items():
            entries.setdefault(id(entry), (entry, []))[1].append(name)
        groups = {module: [] for module in GROUPS}
        for entry, names in entries.values():
            names = public(entry, names)
            if names:
                module = entry.function.__module__.rsplit(".", 1)[1]
                groups[module].append((entry, names))
        return "\n".join(self.group(module, found) for module, found in groups.items() if found)

    def group(self, module, entries):
        lines = [f"## {GROUPS[module]}", "````{eval-rst}", ".. currentmodule:: mxloss.nd", ""]
        plain, told = [], []
        for entry, names in entries:
            signatures = [f"{name}{entry.signature}" for name in names]
            if entry.function.__doc__:
                told.append((signatures, entry.function.__doc__))
            else:
                plain += signatures
        for signatures, text in [(plain, ""), *told]:
            if signatures:
                first, *more = signatures
                lines += [f".. py:function:: {first}", *(f"                 {s}" for s in more)]
                lines += ["", *(f"   {line.strip()}" for line in text.splitlines()), ""]
        return "\n".join([*lines, "````", ""])


def setup(app):
    for module in GROUPS:
        importlib.import_module(f"mxloss.operators.{module}")
    app.add_directive("operators", Operators)
    return {"parallel_read_safe": True}
