"""The page of a loss: programs in every language, and tables out of the class's docstring.

```{usage}              tabs with the programs that `programs` makes of it, and what they print
HuberLoss(rho=2)
...
```

```{options} HuberLoss
```
"""

import inspect
import re

import programs
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from mxloss.gluon import loss as losses


class Generated(SphinxDirective):
    """A directive that writes markdown."""

    has_content = True

    def run(self):
        node = nodes.container()
        node.document = self.state.document
        lines = self.markdown().splitlines()
        self.state.nested_parse(StringList(lines, self.env.docname), self.content_offset, node)
        return node.children


class Usage(Generated):
    def markdown(self):
        use = programs.Use("\n".join(self.content))
        tabs = "".join(
            f":::{{tab-item}} {title}\n:sync: {title}\n```{language}\n{write(use)}\n```\n:::\n"
            for title, (language, write) in programs.LANGUAGES.items()
        )
        printed = "\n".join(str(array) for array in use.result())
        return f"::::{{tab-set}}\n:sync-group: language\n{tabs}::::\n```text\n{printed}\n```\n"


def sections(docstring):
    """Sections of a docstring as entries: name -> (what is said of its type, text)."""
    parts = re.split(r"^(\w+)\n-+\n", inspect.cleandoc(docstring), flags=re.M)
    for title, text in zip(parts[1::2], parts[2::2]):
        entries = re.findall(r"^(\S.*)\n((?:(?: .*)?\n?)*)", text, re.M)
        yield title, [(head, inspect.cleandoc(body)) for head, body in entries]


def entries(loss, title):
    """A section's entries; "As for `L2Loss`." stands for what is said there."""
    for head, body in dict(sections(getattr(losses, loss).__doc__))[title]:
        names, _, kind = head.partition(" : ")
        other = re.fullmatch(r"As for `(\w+Loss)`\.(.*)", body, re.S)
        if other:
            for name, kind, told in entries(other[1], title):
                if name in names.split(", "):
                    yield name, kind, told + other[2] * (name == "label")
        elif names != "prefix, params":
            yield names, kind, body


class Options(Generated):
    """Tables of what the constructor, the call and the result are."""

    required_arguments = 1

    def markdown(self):
        loss = self.arguments[0]
        return self.table("Option", entries(loss, "Parameters")) + self.table(
            "Input, output", [*entries(loss, "Inputs"), *entries(loss, "Outputs")]
        )

    def table(self, title, entries):
        rows = [f"   * - {title}", "     - What it is"]
        for names, kind, body in entries:
            names = ", ".join(f"``{name}``" for name in names.split(", "))
            what = ". ".join(part for part in (kind, " ".join(body.split())) if part)
            rows += [f"   * - {names}", f"     - {what[:1].upper()}{what[1:]}"]
        head = ["````{eval-rst}", ".. list-table::", "   :header-rows: 1", "   :widths: 25 75", ""]
        return "\n".join([*head, *rows, "````", ""])


def setup(app):
    app.add_directive("usage", Usage)
    app.add_directive("options", Options)
    return {"parallel_read_safe": True}
