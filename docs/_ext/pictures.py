"""Pictures of losses, computed by mxloss when the site is built.

    ```{curves} pred from -4 to 4
    HuberLoss(rho=0.5) | 0 | ρ = 0.5
    ```

draws value and gradient over the prediction, one curve a line: the loss, its label and further
inputs, the legend. `{picture} sdml` calls the function of that name in `figures`;
`{thumbnails}` names pages.

A picture is one SVG per panel, inside the page, whose colours are the page's: light or dark.
"""

import html
import io
import pathlib
import re

import figures
import matplotlib as mpl
import numpy as np
from docutils import nodes
from matplotlib.figure import Figure
from sphinx.util.docutils import SphinxDirective

from mxloss.gluon import loss as losses

# Colours to draw with, and what the page has in their place.
INK, LINE, PAPER = "#010101", "#020202", "#030303"
SERIES = ["#040404", "#050505", "#060606", "#070707"]
CSS = {
    INK: "var(--color-foreground-primary)",
    LINE: "var(--color-foreground-border)",
    PAPER: "var(--color-background-primary)",
    **{colour: f"var(--series-{i})" for i, colour in enumerate(SERIES)},
}
DASHES = ["-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2))]
STYLE = {
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.alpha": 0.35,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.edgecolor": "none",
    "legend.facecolor": PAPER,
    "legend.framealpha": 0.8,
    "legend.labelcolor": INK,
    "lines.linewidth": 2,
    "svg.hashsalt": "mxloss",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def svg(figure, name):
    """The figure as an element of a page: ids of its own, the page's colours, any width."""
    with mpl.rc_context({"svg.hashsalt": name}):
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r'(id="|href="#|url\(#)', rf"\1{name}-", text)
    for colour, css in CSS.items():
        text = text.replace(colour, css)
    return text


def panels(name, alt, drawings):
    """Each drawing, a function of axes with a size in inches, as a panel; they wrap on a phone."""
    parts = []
    with mpl.rc_context(STYLE):
        for i, (size, draw) in enumerate(drawings):
            figure = Figure(size)
            draw(figure.subplots())
            parts.append(svg(figure, f"{name}-{i}"))
    body = "".join(parts)
    return f'<div class="panels" role="img" aria-label="{html.escape(alt)}">{body}</div>'


def curves(spec, lines):
    """Two drawings, value and gradient, of the lines of a `{curves}`, and what they show."""
    what, low, high = re.fullmatch(r"(\w+) from (\S+) to (\S+)", spec).groups()
    x = np.linspace(float(low), float(high), 801)
    rows = [[part.strip() for part in line.split("|")] for line in lines if line.strip()]

    def drawing(which, title):
        def draw(axes):
            for i, (loss, inputs, legend) in enumerate(rows):
                loss = eval(loss, vars(losses))
                inputs = eval(f"dict(label={inputs})")
                if loss._core_name == "PoissonNLLLoss":
                    inputs["target"] = inputs.pop("label")
                inputs = {key: np.full(x.shape, float(z)) for key, z in inputs.items()}
                y = figures.each(loss, x, **inputs)[which]
                axes.plot(x, y, color=SERIES[i], linestyle=DASHES[i], label=legend)
            axes.set(title=title, xlabel=what)
            if which == 0:
                axes.legend()

        return figures.SIZE, draw

    alt = f"Value and gradient over {what}: " + "; ".join(legend for _, _, legend in rows)
    return [drawing(0, "the loss"), drawing(1, f"its gradient with respect to {what}")], alt


class Curves(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        drawings, alt = curves(self.arguments[0], self.content)
        name = self.env.docname.split("/")[-1]
        return [nodes.raw("", panels(name, alt, drawings), format="html")]


class Picture(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self):
        name = self.arguments[0]
        drawings = getattr(figures, name)(SERIES, INK)
        alt = " ".join(self.content)
        caption = nodes.paragraph()
        self.state.nested_parse(self.content, 0, caption)
        caption["classes"].append("caption")
        return [nodes.raw("", panels(name, alt, drawings), format="html"), caption]


class Thumbnails(SphinxDirective):
    """A small picture of every page named, the first of those on it, that links there."""

    has_content = True

    def run(self):
        links = []
        for stem in self.content:
            path = pathlib.Path(self.env.doc2path(self.env.docname)).with_name(f"{stem}.md")
            self.env.note_dependency(str(path))
            text = path.read_text()
            kind, spec, body = re.search(
                r"```{(curves|picture)} ([^\n]*)\n(.*?)```", text, re.S
            ).groups()
            if kind == "curves":
                draw = curves(spec, body.splitlines())[0][0][1]
            else:
                draw = getattr(figures, spec)(SERIES, INK)[0][1]
            title = text.split("\n")[0].removeprefix("# ")
            links.append(f'<a href="{stem}.html">{self.small(stem, draw)}<span>{title}</span></a>')
        return [nodes.raw("", f'<div class="thumbnails">{"".join(links)}</div>', format="html")]

    def small(self, stem, draw):
        with mpl.rc_context({**STYLE, "lines.linewidth": 3}):
            figure = Figure((2.2, 1.5))
            axes = figure.subplots()
            draw(axes)
            for other in figure.axes[1:]:  # a colour bar
                other.remove()
            axes.set(title="", xlabel="", ylabel="", xticks=[], yticks=[])
            if axes.get_legend():
                axes.get_legend().remove()
            for text in list(axes.texts):
                text.remove()
            return svg(figure, f"small-{stem}")


def setup(app):
    app.add_directive("curves", Curves)
    app.add_directive("picture", Picture)
    app.add_directive("thumbnails", Thumbnails)
    return {"parallel_read_safe": True}
