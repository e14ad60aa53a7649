"""The boxes of the scalar view as DOT: records of name, value and gradient; circles with a sign."""

from __future__ import annotations

from textwrap import wrap

from minigrad.viz.graphs.labels import (
    AMBER,
    DARK_AMBER,
    DARK_RED,
    GREEN,
    INK,
    PALE_GREEN,
    PALE_RED,
    QUIET,
    RED,
    markup,
)
from minigrad.viz.graphs.picture import Box
from minigrad.viz.graphs.stages import FORWARD, PALE, shade

RECORDS = {
    "leaf": (PALE_GREEN, GREEN),
    "value": ("#f8fafc", QUIET),
    "result": (PALE_RED, DARK_RED),
    "ahead": ("#ffffff", PALE),
    "now": ("#fef3c7", FORWARD),
}
"""Kind of box, or its stage in a film -> its filling and its border."""

WIDTH = 36
"""How many letters of the numbers of a tensor stand on a line."""


def is_record(box: Box) -> bool:
    """Tell whether a box is a number in the scalar view."""
    return box.kind in RECORDS


def circle(box: Box) -> dict[str, str]:
    """Return the attributes of a circle; an ellipse, for what is longer than a sign."""
    attributes = {
        "label": f"<{markup(box.symbol)}>",
        "style": "filled",
        "fillcolor": AMBER,
        "color": DARK_AMBER,
    }
    if len(box.symbol) < 3:
        size = {"width": "0.38", "height": "0.38", "fixedsize": "true", "fontsize": "14"}
        return {**attributes, "shape": "circle", **size}
    size = {"width": "0.38", "height": "0.38", "margin": "0.02,0.01"}
    return {**attributes, "shape": "ellipse", **size}


def record(box: Box) -> dict[str, str]:
    """Return the attributes of a record: a table of name, value and gradient."""
    fill, line = RECORDS.get(box.stage) or RECORDS[box.kind]
    alarm = box.alarm and "value" not in box.hidden
    table = {
        "BORDER": "2" if box.alarm else "1",  # the same in every frame of a film: it takes room
        "STYLE": "ROUNDED",
        "BGCOLOR": fill,
        "COLOR": RED if alarm else line,
        "CELLBORDER": "0",
        "CELLSPACING": "0",
        "CELLPADDING": "3",
    }
    texts = ((box.value, "value", INK), (box.gradient, "gradient", DARK_RED))
    first, *others = [field(box, *text) for text in texts if text[0]] or [""]
    name = ""
    if box.title:
        text = f'<FONT COLOR="{shade(box, INK)}">{markup(box.title, "B")}</FONT>'
        name = f'<TD ROWSPAN="{1 + len(others)}">{text}</TD>{"<VR/>" if first else ""}'
    attributes = " ".join(f'{key}="{value}"' for key, value in table.items())
    rows = "".join(f"<HR/><TR>{other}</TR>" for other in others)
    label = f"<<TABLE {attributes}><TR>{name}{first}</TR>{rows}</TABLE>>"
    return {"shape": "plain", "label": label}


def field(box: Box, text: str, what: str, colour: str) -> str:
    """Return two cells, a quiet word and a number: two fonts in one cell would not stand in its middle."""
    word, _, number = text.partition(" ")
    quiet, loud = (f'FONT COLOR="{shade(box, one, what)}"' for one in (QUIET, colour))
    cells = (markup(word, quiet), markup(in_rows(number), loud))
    many = ' BALIGN="LEFT"' if "<BR/>" in cells[1] else ""
    return f'<TD ALIGN="LEFT">{cells[0]}</TD><TD ALIGN="LEFT"{many}>{cells[1]}</TD>'


def in_rows(number: str) -> str:
    """Return the numbers of a tensor, those of a long text on several lines: of a matrix, row by row."""
    if len(number) <= WIDTH:
        return number
    rows = number.replace("], ", "],\n\u00a0").split("\n")
    return "\n".join(line for row in rows for line in wrap(row, WIDTH, subsequent_indent="\u00a0"))
