"""Formulas as MathML, made when the site is built, and a font for them: no script, no network."""

import importlib.util
import pathlib
import re

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml
from fontTools import subset

COMMANDS = r"\\(?:begin|end|text|mathrm|operatorname)\{[^}]*\}|\\[A-Za-z]+"
NAMES = re.compile(rf"{COMMANDS}|([A-Za-z]{{3,}})")

# What formulas are written with: Latin and Greek, upright and italic, operators, brackets.
CHARACTERS = [(0x20, 0x7E), (0xA0, 0xFF), (0x391, 0x3F5), (0x2010, 0x2026), (0x2190, 0x2193)]
CHARACTERS += [(0x2032, 0x2032), (0x210E, 0x210E), (0x2200, 0x2223), (0x2225, 0x2225)]
CHARACTERS += [(0x2248, 0x2248), (0x2260, 0x2265), (0x22C5, 0x22C5), (0x2308, 0x230B)]
CHARACTERS += [(0x239B, 0x23B3), (0x1D434, 0x1D467), (0x1D6E2, 0x1D71B), (0x1D7D9, 0x1D7D9)]


# log and its like, which docutils sets without the space that TeX puts around them
OPERATOR = re.compile(r"(\s*<mi>\w+</mi>\s*<mo>)&ApplyFunction;</mo>(\s*<mo[^>]*>\()?")
SPACE = '<mspace width="0.1667em"></mspace>'


def spaced(match):
    return f"{SPACE}{match[1]}&#x2061;</mo>{match[2] or SPACE}"


def mathml(tex, block):
    """Runs of letters are one name: label is not l times a times b times e times l."""
    tex = NAMES.sub(lambda m: rf"\mathrm{{{m[1]}}}" if m[1] else m[0], tex)
    return OPERATOR.sub(spaced, tex2mathml(tex, as_block=block))


def inline(translator, node):
    translator.body.append(mathml(node.astext(), block=False))
    raise SkipNode


def block(translator, node):
    translator.body.append(f'<div class="formula">{mathml(node.astext(), block=True)}</div>\n')
    raise SkipNode


def write_font(app):
    """STIX Two Math, as ziamath brings it, with the characters above only."""
    package = pathlib.Path(importlib.util.find_spec("ziamath").origin).parent
    options = subset.Options(flavor="woff")
    font = subset.load_font(package / "fonts/STIXTwoMath-Regular.ttf", options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[c for a, b in CHARACTERS for c in range(a, b + 1)])
    subsetter.subset(font)
    folder = pathlib.Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, folder / "maths.woff", options)


def setup(app):
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.connect("builder-inited", write_font)
    return {"parallel_read_safe": True}
