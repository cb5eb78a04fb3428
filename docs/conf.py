"""The documentation site: `make docs`."""

import pathlib
import sys

import mxloss

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "mxloss"
release = version = mxloss.__version__
copyright = "the authors of mxloss"
html_show_copyright = False
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "header",
    "maths",
    "operators",
    "pictures",
    "pod",
    "usage",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["examples/*.md"]
nitpicky = True
nitpick_ignore_regex = [  # the types in docstrings are English; those of C's library have no page
    ("py:class", r"(?!mxloss\.).*"),
    ("c:identifier", r"u?int\d+_t"),
]
default_role = "literal"
highlight_language = "text"
smartquotes_action = "D"  # dashes, but no quotation marks

html_theme = "furo"
html_title = "mxloss"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["mxloss.css"]
html_theme_options = {
    "light_css_variables": {
        "series-0": "#0072b2",
        "series-1": "#c44e00",
        "series-2": "#00805c",
        "series-3": "#a3498c",
    },
    "dark_css_variables": {
        "series-0": "#56b4e9",
        "series-1": "#f0a030",
        "series-2": "#3ecf9f",
        "series-3": "#e08cc6",
    },
}
pygments_style, pygments_dark_style = "friendly", "monokai"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say it in words
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Inputs", "params_style"), ("Outputs", "params_style")]
