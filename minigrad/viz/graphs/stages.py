"""How things look in the frames of a film: what is to come is pale, what happens is lit, the rest as ever.

Texts that are not to be seen yet are transparent.  They take their room all the same, so that Graphviz
lays every frame out alike.
"""

from __future__ import annotations

from minigrad.viz.graphs.labels import DARK_AMBER, RED, markup
from minigrad.viz.graphs.picture import Arrow, Box

PALE = "#cbd5e1"
UNSEEN = "transparent"
FORWARD, BACK = DARK_AMBER, RED

BOXES = {
    "ahead": {"fillcolor": "#ffffff", "color": PALE, "fontcolor": PALE},
    "now": {"penwidth": "3"},
}
ARROWS = {
    "ahead": {"color": PALE, "fontcolor": PALE},
    "now": {"color": FORWARD, "penwidth": "2"},
    "back": {"color": BACK, "penwidth": "2"},
}


def shade(thing: Box | Arrow, colour: str, what: str = "") -> str:
    """Return the colour in which a text of ``thing`` stands there: ``colour``, but for a film's sake."""
    if what in thing.hidden:
        return UNSEEN
    return PALE if thing.stage == "ahead" else colour


def legend(lines: tuple[str, ...]) -> str:
    """Return the lines under a frame as they stand in a label, all letters of one width."""
    rows = [markup(line).replace(" ", "&#160;") for line in lines]
    rows[0] = f"<B>{rows[0]}</B>"
    ended = "".join(f'{row}<BR ALIGN="LEFT"/>' for row in rows)
    return f'<FONT FACE="Courier">{ended}</FONT>'
