"""A picture as DOT text, written by the ``graphviz`` package, whose business quoting is.

What keeps the forward pass a straight line down the page: ``newrank`` lets an operation and its
parameters share a rank inside a frame; the longest way to the result is one ``group`` of heavy
arrows; of two parameters one stands left and one right, which takes an arrow written backwards.
"""

from __future__ import annotations

from html import escape as escape_html
from typing import Any

from minigrad.viz.picture import Arrow, Box, Picture, printable
from minigrad.viz.reading import Call

DIRECTIONS = {"TB": "0.32", "BT": "0.32", "LR": "0.15", "RL": "0.15"}
"""Where the computation runs to -> the distance of ranks; lying, the labels of arrows take room already."""

GREY = "#6b7b92"  # readable on white and on black
PALE_GREY = "#94a3b814"  # see-through
GRAPH = {
    "newrank": "true",
    "nodesep": "0.25",
    "bgcolor": "transparent",
    "fontname": "Helvetica",
    "fontsize": "10",
    "fontcolor": GREY,
    "labelloc": "b",
}
NODE = {"fontname": "Helvetica", "fontsize": "11", "penwidth": "1.2", "fontcolor": "#0f172a"}
EDGE = {
    "fontname": "Helvetica",
    "fontsize": "9",
    "color": GREY,
    "fontcolor": GREY,
    "arrowsize": "0.65",
}
FRAME = {
    "style": "rounded,filled",
    "color": "#94a3b8",
    "fillcolor": PALE_GREY,
    "labeljust": "l",
    "labelloc": "t",
    "margin": "10",
}
ROUND = {"shape": "box", "style": "rounded,filled", "margin": "0.1,0.05", "height": "0.3"}
KINDS: dict[str, dict[str, str]] = {
    "operation": {
        "shape": "ellipse",
        "style": "filled",
        "fillcolor": "#fde68a",
        "color": "#b45309",
        "margin": "0.05,0.02",
        "height": "0.35",
    },
    "input": {**ROUND, "fillcolor": "#dcfce7", "color": "#15803d"},
    "parameter": {**ROUND, "fillcolor": "#dbeafe", "color": "#1d4ed8"},
    "constant": {**ROUND, "fillcolor": "#f1f5f9", "color": GREY, "style": "rounded,filled,dashed"},
    "target": {
        **ROUND,
        "fillcolor": "#dcfce7",
        "color": "#15803d",
        "style": "rounded,filled,dashed",
    },
    "output": {**ROUND, "fillcolor": "#fee2e2", "color": "#b91c1c"},
    "module": {**ROUND, "fillcolor": "#fef3c7", "color": "#b45309", "peripheries": "2"},
    "rest": {**ROUND, "fillcolor": "#f1f5f9", "color": GREY, "style": "rounded,filled,dotted"},
}
LETTER = 0.085  # inches; about the width of one in the name of a frame
DASHED = ("constant", "target")
SIDES = {"parameter": 0, "constant": 1, "target": 1}  # where the first one stands: before, after


def to_dot(picture: Picture, direction: str = "TB", dpi: int | None = None) -> str:
    """Return the DOT text of ``picture``; ``dpi`` matters to bitmaps only."""
    import graphviz

    layout = {"rankdir": direction, "ranksep": DIRECTIONS[direction]}
    if dpi is not None:
        layout["dpi"] = str(dpi)
    top = graphviz.Digraph(
        "minigrad", graph_attr={**layout, **GRAPH}, node_attr=NODE, edge_attr=EDGE
    )
    if picture.caption:
        top.attr(label=f"<{markup(picture.caption)}>")
    groups, straight = find_spines(picture)
    bodies = open_frames(picture, top)
    for box in picture.boxes:
        group = {"group": groups[box]} if box in groups else {}
        bodies[box.frame].node(box.name, **node_attributes(box), **group)
    after = add_rows(picture, bodies, upright=direction in ("TB", "BT"))
    close_frames(bodies)
    for arrow in picture.arrows:
        add_arrow(top, arrow, arrow in straight, after)
    return top.source


# Where things stand -------------------------------------------------------------------------------


def find_spines(picture: Picture) -> tuple[dict[Box, str], set[Arrow]]:
    """Return the straight lines of the picture: boxes by the name of their line, and its arrows.

    From each end a line goes up to the input with the longest way of data behind it, and so on.
    """
    place = {box: number for number, box in enumerate(picture.boxes)}
    incoming: dict[Box, list[Arrow]] = {box: [] for box in picture.boxes}
    for arrow in picture.arrows:
        if arrow.source.beside is None and place[arrow.source] < place[arrow.target]:
            incoming[arrow.target].append(arrow)
    length: dict[Box, int] = {}
    for box, arrows in incoming.items():
        length[box] = 1 + max((length[arrow.source] for arrow in arrows), default=0)
    groups: dict[Box, str] = {}
    straight: set[Arrow] = set()
    for box in reversed(picture.boxes):
        if box.beside is not None:
            continue
        group = groups.setdefault(box, f"line{box.name}")
        if incoming[box]:
            longest = max(incoming[box], key=lambda arrow: (not arrow.aside, length[arrow.source]))
            if longest.source not in groups:
                groups[longest.source] = group
                straight.add(longest)
    return groups, straight


def add_rows(picture: Picture, bodies: dict[Call | None, Any], upright: bool) -> set[Box]:
    """Put what stands beside an operation on its rank; return what is last in its row."""
    rows: dict[Box, list[Box]] = {}
    for box in picture.boxes:
        if box.beside is not None:
            rows.setdefault(box.beside, []).append(box)
    room = room_for_names(picture) if upright else {}
    after: set[Box] = set()
    for operation in dict.fromkeys((*rows, *room)):
        sides: tuple[list[Box], list[Box]] = ([], [])
        for box in rows.get(operation, ()):
            first = SIDES.get(box.kind, 0) if upright else 1 - SIDES.get(box.kind, 0)
            sides[first if len(sides[first]) <= len(sides[1 - first]) else 1 - first].append(box)
        after.update(sides[1])
        with bodies[operation.frame].subgraph() as rank:
            rank.attr(rank="same")
            for box in (*sides[0], operation, *sides[1]):
                rank.node(box.name)
            if room.get(operation) and not sides[0]:
                add_spacers(rank, operation, room[operation], both=not sides[1])
    return after


def room_for_names(picture: Picture) -> dict[Box, float]:
    """Return for the first operation of each frame how wide the names are that end left of it, in inches.

    The name of a frame stands in its upper left corner, and the arrow into its first operation would
    cross it if the frame were narrow.
    """
    first: dict[Call, Box] = {}
    for box in picture.boxes:
        if box.beside is None and box.frame is not None and box.kind in ("operation", "module"):
            for call in box.frame.path:
                first.setdefault(call, box)
    room: dict[Box, float] = {}
    for call, box in first.items():
        width = (len(call.name) - 0.5 * len(box.title)) * LETTER
        if width > room.get(box, 0.0):
            room[box] = width
    return room


def add_spacers(rank: Any, operation: Box, width: float, both: bool) -> None:
    """Put something invisible left of an operation, and right of it for the sake of symmetry."""
    style = {
        "style": "invis",
        "label": "",
        "fixedsize": "true",
        "height": "0.1",
        "width": f"{width:.2f}",
    }
    rank.node(f"{operation.name}_left", **style)
    rank.edge(f"{operation.name}_left", operation.name, style="invis")
    if both:
        rank.node(f"{operation.name}_right", **style)
        rank.edge(operation.name, f"{operation.name}_right", style="invis")


def open_frames(picture: Picture, top: Any) -> dict[Call | None, Any]:
    """Return an empty frame for each module call, outer ones before inner ones; ``None`` is outside."""
    import graphviz

    bodies: dict[Call | None, Any] = {None: top}
    for number, call in enumerate(picture.frames()):
        texts = {"label": f"<{markup(call.name)}>", "tooltip": hint_text(call.name)}
        bodies[call] = graphviz.Digraph(f"cluster_{number}", graph_attr={**texts, **FRAME})
    return bodies


def close_frames(bodies: dict[Call | None, Any]) -> None:
    """Put each frame into the one around it, the innermost first."""
    frames = [call for call in bodies if call is not None]
    for call in sorted(frames, key=lambda call: -len(call.path)):
        bodies[call.around[-1] if call.around else None].subgraph(bodies[call])


# Texts and styles ---------------------------------------------------------------------------------


def markup(text: str, tag: str = "") -> str:
    """Return ``text`` as it stands in an HTML-like label, inside ``tag``."""
    escaped = escape_html(printable(text)).replace("\n", "<BR/>")
    return f"<{tag}>{escaped}</{tag.split()[0]}>" if tag and escaped else escaped


def node_attributes(box: Box) -> dict[str, str]:
    """Return the attributes of a box."""
    lines = [markup(box.title, "" if box.kind == "operation" else "B")]
    lines += [markup(line, 'FONT POINT-SIZE="9" COLOR="#475569"') for line in box.details]
    texts = {
        "label": f"<{stacked(lines)}>",
        "tooltip": hint_text(box.hint or "\n".join((box.phrase, *box.details[:1]))),
    }
    return {**texts, **KINDS[box.kind]}


def hint_text(text: str) -> str:
    """Return ``text`` as what the mouse is to show, with nothing in it that DOT would understand."""
    import graphviz

    return "\\n".join(graphviz.escape(line) for line in printable(text).split("\n"))


def stacked(lines: list[str]) -> str:
    """Return a label with one line under the other, a little apart."""
    if len(lines) == 1:
        return lines[0]
    rows = "".join(f"<TR><TD>{line}</TD></TR>" for line in lines)
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{rows}</TABLE>'


def add_arrow(graph: Any, arrow: Arrow, straight: bool, after: set[Box]) -> None:
    """Add an arrow: heavy on a line, sideways from what stands beside its target."""
    source, target = arrow.source, arrow.target
    attributes: dict[str, str] = {}
    if source.kind in DASHED:
        attributes["style"] = "dashed"
    if straight:
        attributes["weight"] = "20"
    if arrow.name or arrow.label:
        parts = [part for part in (markup(arrow.name, "B"), markup(arrow.label)) if part]
        attributes["label"] = f"<&#160;{' '.join(parts)}&#160;>"
    if source.beside not in (None, target):
        # A weight that is used again, by the next step or by a penalty: no line is to bend for it.
        attributes.update({"weight": "0"} if arrow.aside else {"constraint": "false"})
    elif source in after:  # written backwards, which makes it stand after the operation
        graph.edge(target.name, source.name, dir="back", **attributes)
        return
    graph.edge(source.name, target.name, **attributes)
