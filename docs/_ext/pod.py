"""`{pod} AI::MXLoss::NDArray`: a manual page of the Perl distribution, from its POD, as a section.

Links between the pages are links here, and every module that has POD must be somewhere.
"""

import pathlib
import re
import subprocess
import xml.etree.ElementTree as ElementTree

from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

LIB = pathlib.Path(__file__).parents[2] / "perl_compat/lib"
PRINT = "binmode STDOUT, ':utf8'; Pod::Simple::XMLOutStream->filter(shift)"
INLINE = {"B": nodes.strong, "C": nodes.literal, "F": nodes.literal, "I": nodes.emphasis}


def modules():
    """Files that have POD, by module."""
    found = {}
    for path in sorted([*LIB.rglob("*.pm"), *LIB.rglob("*.pod")]):
        if "\n=head1" in path.read_text():
            found["::".join(path.relative_to(LIB).with_suffix("").parts)] = path
    return found


def label(module, section=""):
    return nodes.make_id(f"pod-{module} in {section}" if section else f"pod-{module}")


class Pod(SphinxDirective):
    required_arguments = 1

    def run(self):
        self.module = self.arguments[0]
        path = modules()[self.module]
        self.env.note_dependency(str(path))
        command = ["perl", "-MPod::Simple::XMLOutStream", "-e", PRINT, str(path)]
        document = ElementTree.fromstring(subprocess.check_output(command))
        page = self.section(self.module, label(self.module))
        page += nodes.title("", self.module)
        sections = [page]
        for element in document:
            text = "".join(element.itertext())
            if element.tag == "Para" and text.startswith(f"{self.module} - "):  # of NAME
                text = text.removeprefix(f"{self.module} - ")
                page += nodes.paragraph("", f"{text[:1].upper()}{text[1:]}.")
                continue
            if element.tag in ("head1", "head2", "head3"):
                heading = text
                if heading == "NAME":
                    continue
                depth = int(element.tag[-1])
                del sections[depth:]
                section = self.section(heading, label(self.module, heading))
                section += nodes.title("", "", *self.inline(element, heading.isupper()))
                self.names(section, heading)
                sections[-1] += section
                sections.append(section)
            elif element.tag not in ("encoding", "for"):
                sections[-1] += self.block(element)
        return [page]

    def names(self, node, heading):
        """What links may call it: each of the functions in `save($file), load($file)`."""
        standard = self.env.get_domain("std")
        for word in re.findall(r"(?:^|, )(\w+)", heading):
            name = label(self.module, word)
            if name not in standard.anonlabels:
                node["ids"].append(name)
                standard.note_hyperlink_target(name, self.env.docname, name, word)

    def section(self, title, name):
        section = nodes.section(ids=[name], names=[name])
        standard = self.env.get_domain("std")
        standard.note_hyperlink_target(name, self.env.docname, name, title)
        return section

    def block(self, element):
        if element.tag == "Para":
            return nodes.paragraph("", "", *self.inline(element))
        if element.tag == "Verbatim":
            lines = element.text.expandtabs().split("\n")
            margin = min(len(x) - len(x.lstrip()) for x in lines if x.strip())
            code = "\n".join(line[margin:] for line in lines)
            language = "text" if code.startswith(("#!", "perl ", "% ")) else "perl"
            return nodes.literal_block(code, code, language=language)
        if element.tag == "over-text":
            return self.definitions(element)
        if element.tag in ("over-bullet", "over-number"):
            items = nodes.bullet_list() if "bullet" in element.tag else nodes.enumerated_list()
            for child in element:
                if child.tag.startswith("item-"):
                    items += nodes.list_item("", nodes.paragraph("", "", *self.inline(child)))
                else:
                    items[-1] += self.block(child)
            return items
        if element.tag == "over-block":
            return nodes.block_quote("", *map(self.block, element))
        raise ExtensionError(f"{self.module}: {element.tag} in the POD is not known to pod.py")

    def definitions(self, element):
        items = nodes.definition_list()
        for child in element:
            if child.tag == "item-text":
                term = nodes.term("", "", *self.inline(child))
                self.names(term, "".join(child.itertext()))
                items += nodes.definition_list_item("", term, nodes.definition())
            else:
                items[-1][-1] += self.block(child)
        return items

    def inline(self, element, shout=False):
        def text(words):
            return [nodes.Text(words.capitalize() if shout else words)] if words else []

        found = text(element.text)
        for child in element:
            if child.tag == "L":
                found.append(self.link(child))
            elif child.tag in INLINE:
                node = INLINE[child.tag]("", "", *self.inline(child))
                if child.tag in "CF":
                    node = nodes.literal("", "".join(child.itertext()))
                found.append(node)
            elif child.tag == "X":
                pass
            else:
                found += self.inline(child)
            found += text(child.tail)
        return found

    def link(self, element):
        target, section = element.get("to", self.module), element.get("section", "")
        inside = self.inline(element)
        if element.get("type") == "url":
            return nodes.reference("", "", *inside, refuri=target)
        if target not in modules():
            return nodes.literal("", "".join(element.itertext()))
        node = addnodes.pending_xref(
            "",
            nodes.inline("", "", *inside),
            refdomain="std",
            reftype="ref",
            reftarget=label(target, section),
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )
        node.source, node.line = self.get_source_info()
        return node


def check(app, env):
    labels = env.get_domain("std").anonlabels
    missing = [module for module in modules() if label(module) not in labels]
    if missing:
        raise ExtensionError(f"no page has {{pod}} {', '.join(missing)}")


def setup(app):
    app.add_directive("pod", Pod)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True}
