"""Formulas as MathML, made when the site is built: no script and no font comes with them.

The browser sets the formulas itself. Use it by ``html_math_renderer = "mathml"``.
"""

import re
from xml.etree.ElementTree import tostring

from docutils import nodes
from latex2mathml.converter import convert_to_element
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number

ENTITY = re.compile(r"&amp;(#x?[0-9A-Fa-f]+;)")
ALIGNED = re.compile(r"\\(begin|end)\{align(?:ed)?\}")
NOT_SET = re.compile(r"\\|<mi>&amp;</mi>")


def mathml(latex, display):
    """Return one ``<math>`` element; several lines (``\\\\``) are aligned at their ``&``."""
    if r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    # Sphinx numbers the equations, so latex2mathml is given the form without numbers.
    latex = ALIGNED.sub(r"\\\1{align*}", latex)
    text = tostring(convert_to_element(latex, display=display), encoding="unicode")
    text = ENTITY.sub(r"&\1", text)  # latex2mathml writes its symbols as character references
    if NOT_SET.search(text):  # it passes on what it does not know
        raise ExtensionError(f"latex2mathml cannot set this formula: {latex}")
    return text


def visit_math(self, node):
    self.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def visit_math_block(self, node):
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("<div>")
    self.body += [mathml(part, "block") for part in node.astext().strip().split("\n\n")]
    self.body.append("</div></div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(visit_math, None),
        block_renderers=(visit_math_block, None),
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
