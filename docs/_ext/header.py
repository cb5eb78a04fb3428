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
            if not block.strip():
                continue
            margin = min(len(x) - len(x.lstrip()) for x in block.splitlines() if x.strip())
            rows = block.splitlines()
            if margin >= 4:  # code
                lines += [".. code-block:: c", "", *(f"   {row[4:]}" for row in rows), ""]
                continue
            paragraph = []
            for row in rows:
                item = re.match(r"( {2,3})([\w, ]*?\w)(?:  +)(\S.*)|([A-Z]\w+)\.  +(\S.*)", row)
                if item:
                    if paragraph:
                        lines += [self.linked(" ".join(paragraph)), ""]
                    name = f"``{item[2]}``" if item[2] else f"**{item[4]}**"
                    lines += [name]
                    paragraph = ["  ", item[3] or item[5]]
                elif paragraph and paragraph[0] == "  " and not row.startswith("  "):
                    lines += ["  " + self.linked(" ".join(paragraph[1:])), ""]
                    paragraph = [row.strip()]
                else:
                    paragraph.append(row.strip())
            if paragraph:
                inside = paragraph[0] == "  "
                words = " ".join(paragraph[inside:])
                lines += [("  " if inside else "") + self.linked(words), ""]
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
            lines = []
            if found["enum"] is not None:
                lines = [f".. c:enum:: {found['enum_name']}", ""]
                lines += self.members(found["enum"], "enumerator")
            elif found["struct"] is not None:
                lines = [f".. c:struct:: {found['struct_name']}", ""]
                lines += self.members(found["struct"], "member")
            else:
                lines = [f".. c:function:: {' '.join(found['function'].split())}", ""]
            told = self.prose(pending, "   ")
            out += [self.rst([lines[0], "", *told, *lines[2:]])]
            pending = ""
        return out

    def members(self, text, kind):
        lines = []
        pattern = (
            r"(?P<what>[A-Za-z][^;,{}/]*?(?:\[\w+\])?)\s*[;,]?\s*(?:/\*(?P<told>.*?)\*/|(?=\n|$))"
        )
        position = 0
        while position < len(text):
            found = re.compile(pattern, re.S).search(text, position)
            if not found:
                break
            what = " ".join(found["what"].split())
            told = " ".join(comment_text(found["told"] or "").split())
            lines += [f"   .. c:{kind}:: {what}", ""]
            lines += [f"      {self.linked(told)}", ""] if told else []
            position = found.end()
        return lines


def setup(app):
    app.add_directive("header", Header)
    return {"parallel_read_safe": True}
