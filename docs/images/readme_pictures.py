"""Writes the pictures of the README, which are the gallery's: ``python docs/images/readme_pictures.py``.

Each as SVG, and as the text that Graphviz read: which fonts there are decides about the rest of the SVG.
"""

import ast
import contextlib
import re
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PICTURES = {"### A neuron, number by number": "neuron", "### A network": "network"}
PIECE = re.compile(r"^(#+ [^\n]*)$|^```\{code-cell\} python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def gallery():
    """Return the cells of the gallery in their order, each with its heading."""
    heading, cells = "", []
    for found in PIECE.finditer((FOLDER.parent / "pictures.md").read_text(encoding="utf-8")):
        heading = found[1] or heading
        if found[2]:
            cells.append((heading, found[2]))
    return cells


def run(cell, names):
    """Return what a notebook shows below a cell."""
    *statements, last = ast.parse(cell).body
    if not isinstance(last, ast.Expr):
        return exec(cell, names)
    exec(compile(ast.Module(statements, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def graphs():
    """Return the graphs by the names of their files."""
    names, found = {}, {}
    # Other cells of the gallery write files.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for heading, cell in gallery():
            shown = run(cell, names)
            if heading in PICTURES:
                found[PICTURES[heading]] = shown
            if len(found) == len(PICTURES):
                return found
    raise ValueError(f"the gallery has only {sorted(found)} of the README's pictures")


if __name__ == "__main__":
    for name, graph in graphs().items():
        for ending in ("svg", "gv"):
            graph.save(FOLDER / f"{name}.{ending}")
