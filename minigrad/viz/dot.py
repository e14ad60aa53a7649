"""A picture as DOT text, written by the ``graphviz`` package, whose business quoting is.

What keeps the forward pass a straight line down the page: ``newrank`` lets an operation and its
parameters share a rank inside a frame; the longest way to the result is one ``group`` of heavy
arrows; of two parameters one stands left and one right, which takes an arrow written backwards.
"""

from __future__ import annotations

from html import escape as escape_html
from typing import Any

from minigrad.viz.picture import Arrow, Box, Picture
from minigrad.viz.reading import Call

DIRECTIONS = ("TB", "LR", "BT", "RL")

GREY = "#64748b"  # readable on white and on black
PALE_GREY = "#94a3b81f"  # see-through
GRAPH = {
    "newrank": "true",
    "nodesep": "0.25",
    "ranksep": "0.32",
    "bgcolor": "transparent",
    "fontname": "Helvetica",
    "fontsize": "10",
    "fontcolor": GREY,
    "labelloc": "b",
}
NODE = {"fontname": "Helvetica", "fontsize": "11", "penwidth": "1.2", "fontcolor": "#0f172a"}
EDGE = {"fontname": "Helvetica", "fontsize": "9", "color": GREY, "fontcolor": GREY, "arrowsize": "0.65"}
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
    "target": {**ROUND, "fillcolor": "#dcfce7", "color": "#15803d", "style": "rounded,filled,dashed"},
    "output": {**ROUND, "fillcolor": "#fee2e2", "color": "#b91c1c"},
    "module": {**ROUND, "fillcolor": "#fef3c7", "color": "#b45309", "shape": "box3d", "style": "filled"},
    "rest": {**ROUND, "fillcolor": "#f1f5f9", "color": GREY, "style": "rounded,filled,dotted"},
}
DASHED = ("constant", "target")
SIDES = {"parameter": 0, "constant": 1, "target": 1}  # where the first one stands: left, right


def to_dot(picture: Picture, direction: str = "TB") -> str:
    """Return the DOT text of ``picture``."""
    import graphviz

    top = graphviz.Digraph(
        "minigrad",
        graph_attr={"rankdir": direction, **GRAPH},
        node_attr=NODE,
        edge_attr=EDGE,
    )
    if picture.caption:
        top.attr(label=html(picture.caption))
    groups, straight = find_spines(picture)
    bodies = {None: top, **open_frames(picture)}
    for box in picture.boxes:
        group = {"group": groups[box]} if box in groups else {}
        bodies[box.frame].node(box.name, **node_attributes(box), **group)
    right = add_rows(picture, bodies)
    close_frames(bodies)
    for arrow in picture.arrows:
        add_arrow(top, arrow, arrow in straight, right)
    return top.source


# Where things stand -------------------------------------------------------------------------------


def find_spines(picture: Picture) -> tuple[dict[Box, str], set[Arrow]]:
    """Return the straight lines of the picture: boxes by the name of their line, and its arrows.

    From each end a line goes up to the input with the longest way behind it, and from there on.
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
            longest = max(incoming[box], key=lambda arrow: length[arrow.source])
            if longest.source not in groups:
                groups[longest.source] = group
                straight.add(longest)
    return groups, straight


def add_rows(picture: Picture, bodies: dict[Call | None, Any]) -> set[Box]:
    """Put what stands beside an operation on its rank; return what stands on its right."""
    rows: dict[Box, list[Box]] = {}
    for box in picture.boxes:
        if box.beside is not None:
            rows.setdefault(box.beside, []).append(box)
    right: set[Box] = set()
    for operation, row in rows.items():
        sides: tuple[list[Box], list[Box]] = ([], [])
        for box in row:
            first = SIDES.get(box.kind, 0)
            sides[first if len(sides[first]) <= len(sides[1 - first]) else 1 - first].append(box)
        right.update(sides[1])
        with bodies[operation.frame].subgraph() as rank:
            rank.attr(rank="same")
            for box in (*sides[0], operation, *sides[1]):
                rank.node(box.name)
    return right


def open_frames(picture: Picture) -> dict[Call, Any]:
    """Return an empty frame for each module call, outer ones before inner ones."""
    import graphviz

    frames = {}
    for number, call in enumerate(picture.frames()):
        frames[call] = graphviz.Digraph(f"cluster_{number}", graph_attr={"label": html(call.name), **FRAME})
    return frames


def close_frames(bodies: dict[Call | None, Any]) -> None:
    """Put each frame into the one around it, inner ones first."""
    for call in reversed(bodies):
        if call is not None:
            bodies[call.around[-1] if call.around else None].subgraph(bodies[call])


# Texts and styles ---------------------------------------------------------------------------------


def node_attributes(box: Box) -> dict[str, str]:
    """Return the attributes of a box."""
    import graphviz

    title = html(box.title) if box.kind in ("operation", "rest") else html(box.title, "B")
    lines = [title, *(html(line, f'FONT POINT-SIZE="9" COLOR="#475569"') for line in box.details)]
    hint = "\\n".join(graphviz.escape(printable(line)) for line in (box.hint or box.title).split("\n"))
    return {"label": f"<{'<BR/>'.join(line[1:-1] for line in lines)}>", "tooltip": hint, **KINDS[box.kind]}


def add_arrow(graph: Any, arrow: Arrow, straight: bool, right: set[Box]) -> None:
    """Add an arrow: heavy on a line, sideways from what stands beside its target."""
    source, target = arrow.source, arrow.target
    attributes: dict[str, str] = {}
    if source.kind in DASHED:
        attributes["style"] = "dashed"
    if straight:
        attributes["weight"] = "20"
    if arrow.name or arrow.label:
        name = html(arrow.name, "B")[1:-1] + "&#160;" if arrow.name else ""
        attributes["label"] = f"<&#160;{name}{html(arrow.label)[1:-1]}&#160;>"
    if source.beside is not None and source.beside is not target:
        attributes["constraint"] = "false"
    elif source in right:
        graph.edge(target.name, source.name, dir="back", **attributes)
        return
    graph.edge(source.name, target.name, **attributes)
