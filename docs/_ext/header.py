"""`{header} include/mxloss.h`: the C interface as its header's comments say, with links.

A comment right above a declaration belongs to it, one beside or below a member to the member. Lines
that are further in are tables: a name, two spaces, a text that may go on below.
"""

import pathlib
import re

from sphinx.errors import ExtensionError
from usage import Generated

ROOT = pathlib.Path(__file__).parents[2]
NAME = re.compile(r"\b((?:mxl|MXL)_\w+)\b(\()?")
WORDS = "|".join(
    [
        r"/\*(?P<comment>.*?)\*/",
        r"typedef enum \w+ \{(?P<enum>.*?)\} (?P<enum_name>\w+);",
        r"typedef struct \w+ \{(?P<struct>.*?)\} (?P<struct_name>\w+);",
        r"MXL_API (?P<function>.*?);",
    ]
)
ITEM = re.compile(r" {2,3}([\w, ]*?\w)  +(\S.*)|([A-Z]\w+)\.  +(\S.*)")
MEMBER = re.compile(
    r"(?P<what>[A-Za-z][^;,{}/]*?(?:\[\w+\])?)\s*[;,]?\s*(?:/\*(?P<told>.*?)\*/|(?=\n|$))", re.S
)


def comment_text(comment):
    """Without the stars, indented as it is inside them."""
    lines = [re.sub(r"^\s*\*? ?", "", line, count=1) for line in comment.strip("* ").splitlines()]
    return "\n".join(lines).strip("\n")


class Header(Generated):
    required_arguments = 1

    def markdown(self):
        text = (ROOT / self.arguments[0]).read_text()
        known = dict.fromkeys(re.findall(r"^MXL_API .*?(mxl_\w+)\(", text, re.M), "func")
        known |= dict.fromkeys(re.findall(r"^\} (mxl_\w+);", text, re.M), "type")
        for values in re.findall(r"typedef enum \w+ \{(.*?)\}", text, re.S):
            known |= dict.fromkeys(re.findall(r"^ +(MXL_\w+) =", values, re.M), "enumerator")
        known |= dict.fromkeys(re.findall(r"^#define (MXL_\w+) \d", text, re.M), "macro")
        self.known = known

        top, rest = text.split("#ifndef MXLOSS_H")
        macros, declarations = rest.split("[cdef]", 1)
        intro = comment_text(re.search(r"/\*(.*?)\*/", top, re.S)[1])
        out = [self.rst(self.prose(intro.split("\n", 1)[1]))]
        out += [self.rst(self.macros(macros))]
        out += self.declarations(declarations.split("*/", 1)[1].split("/* [end cdef]")[0])
        written = "\n".join(out)
        missing = [name for name in known if not re.search(rf"\.\. c:.*\b{name}\b", written)]
        if missing:
            raise ExtensionError(f"{self.arguments[0]}: {missing} not found by header.py")
        return written

    def rst(self, lines):
        return "\n".join(["````{eval-rst}", *lines, "````", ""])

    def linked(self, text):
        """With links for the names of the interface."""

        def link(match):
            kind = self.known.get(match[1])
            return f":c:{kind}:`{match[1]}`" + ("\\ (" if match[2] else "") if kind else match[0]

        text = re.sub(r"([*|])", r"\\\1", re.sub(r"`(\w+)`", r"``\1``", text))
        return NAME.sub(link, text)

    def prose(self, text, indent=""):
        """Paragraphs; tables as definition lists; code as code."""
        lines = []
        for block in re.split(r"\n\s*\n", text.strip("\n")):
            rows = block.splitlines()
            if rows and all(row.startswith("    ") for row in rows):
                lines += [".. code-block:: c", "", *(f"   {row[4:]}" for row in rows), ""]
                continue
            parts = []  # (the name in a row of a table, or None; words)
            for row in rows:
                item = ITEM.match(row)
                if item:
                    name = f"``{item[1]}``" if item[1] else f"**{item[3]}**"
                    parts.append((name, [item[2] or item[4]]))
                elif parts and (parts[-1][0] is None or row.startswith("  ")):
                    parts[-1][1].append(row.strip())
                else:
                    parts.append((None, [row.strip()]))
            for name, words in parts:
                words = self.linked(" ".join(words))
                lines += [name, f"   {words}", ""] if name else [words, ""]
        return [indent + line if line else "" for line in lines]

    def macros(self, text):
        lines = []
        for comment, name, value in re.findall(
            r"(?:/\* ([^*]*?) \*/\n)?#define (MXL_\w+) (\d+)", text
        ):
            lines += [f".. c:macro:: {name}", "", f"   {comment} {value}.", ""]
        return lines

    def declarations(self, text):
        out, pending = [], ""
        for found in re.finditer(WORDS, text, re.S):
            if found["comment"] is not None:
                section = re.match(r" ---- (.*?) -+ ?$", found["comment"])
                if section:
                    out += [f"## {section[1]}", ""]
                    pending = ""
                else:
                    pending = comment_text(found["comment"])
                continue
            members = ()
            if found["enum"] is not None:
                head = f".. c:enum:: {found['enum_name']}"
                members = self.members(found["enum"], "enumerator")
            elif found["struct"] is not None:
                head = f".. c:struct:: {found['struct_name']}"
                members = self.members(found["struct"], "member")
            else:
                head = f".. c:function:: {' '.join(found['function'].split())}"
            out += [self.rst([head, "", *self.prose(pending, "   "), *members])]
            pending = ""
        return out

    def members(self, text, kind):
        for member in MEMBER.finditer(text):
            yield f"   .. c:{kind}:: {' '.join(member['what'].split())}"
            yield ""
            if member["told"]:
                told = " ".join(comment_text(member["told"]).split())
                yield f"      {self.linked(told)}"
                yield ""


def setup(app):
    app.add_directive("header", Header)
    return {"parallel_read_safe": True}
