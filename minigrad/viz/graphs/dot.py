"""A picture as DOT text, written by the ``graphviz`` package, whose business quoting is.

What keeps the forward pass a straight line down the page: ``newrank`` lets an operation and its
parameters share a rank inside a frame; the longest way to the result is one ``group`` of heavy
arrows; of two parameters one stands left and one right, which takes an arrow written backwards; what
goes to several places in a frame forks in it (:mod:`~minigrad.viz.graphs.forks`).
"""

from __future__ import annotations

from typing import Any

from minigrad.viz.graphs.calls import Call
from minigrad.viz.graphs.forks import with_forks
from minigrad.viz.graphs.labels import (
    AMBER,
    DARK_AMBER,
    DARK_RED,
    GREEN,
    GREY,
    INK,
    PALE_GREEN,
    PALE_RED,
    RED,
    markup,
)
from minigrad.viz.graphs.picture import Arrow, Box, Picture, printable, shortened
from minigrad.viz.graphs.records import circle, is_record, record
from minigrad.viz.graphs.renderers import graphviz_package
from minigrad.viz.graphs.stages import ARROWS, BOXES, legend, shade

DIRECTIONS = {"TB": "0.32", "BT": "0.32", "LR": "0.15", "RL": "0.15"}
"""Where the computation runs to -> the distance of ranks; lying, the labels of arrows take room already."""

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
NODE = {"fontname": "Helvetica", "fontsize": "11", "penwidth": "1.2", "fontcolor": INK}
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
TAKEN_APART = {"style": "rounded,dashed", "color": DARK_AMBER}
"""The frame of a fused operation that was taken apart."""

ROUND = {"shape": "box", "style": "rounded,filled", "margin": "0.1,0.05", "height": "0.3"}
KINDS: dict[str, dict[str, str]] = {
    "operation": {
        "shape": "ellipse",
        "style": "filled",
        "fillcolor": AMBER,
        "color": DARK_AMBER,
        "margin": "0.05,0.02",
        "height": "0.35",
    },
    "input": {**ROUND, "fillcolor": PALE_GREEN, "color": GREEN},
    "parameter": {**ROUND, "fillcolor": "#dbeafe", "color": "#1d4ed8"},
    "constant": {**ROUND, "fillcolor": "#f1f5f9", "color": GREY, "style": "rounded,filled,dashed"},
    "target": {
        **ROUND,
        "fillcolor": PALE_GREEN,
        "color": GREEN,
        "style": "rounded,filled,dashed",
    },
    "output": {**ROUND, "fillcolor": PALE_RED, "color": DARK_RED},
    "module": {**ROUND, "fillcolor": "#fef3c7", "color": DARK_AMBER, "peripheries": "2"},
    "repeat": {
        **ROUND,
        "shape": "box3d",
        "style": "filled",
        "fillcolor": "#fef3c7",
        "color": DARK_AMBER,
        "margin": "0.15,0.12",
    },
    "fork": {"shape": "point", "width": "0.06", "color": GREY},
    "rest": {**ROUND, "fillcolor": "#f1f5f9", "color": GREY, "style": "rounded,filled,dotted"},
}
TINTS = (
    {"fillcolor": "#ede9fe", "color": "#6d28d9"},
    {"fillcolor": "#c4b5fd", "color": "#5b21b6"},
    {"fillcolor": "#a78bfa", "color": "#4c1d95"},
)
"""What a sweep recorded: of the first derivative, the second, and all higher ones."""

ALARM = {"color": RED, "penwidth": "3"}
"""NaN or infinite numbers."""

BELOW = '<FONT POINT-SIZE="4">&#160;</FONT><BR/>'
"""Keeps labels off the line when it runs under them."""

LETTER = 0.085  # inches; about the width of one in the name of a frame
SMALL = 'FONT POINT-SIZE="9"'
ABOVE = {"labeldistance": "1.4", "labelangle": "-55"}
"""Puts the number of an argument above the head of an arrow from the side, and not on it."""

DASHED = ("constant", "target")
SIDES = {"parameter": 0, "constant": 1, "target": 1}  # where the first one stands: before, after


def to_dot(picture: Picture, direction: str = "TB", dpi: int | None = None) -> str:
    """Return the DOT text of ``picture``; ``dpi`` matters to bitmaps only."""
    graphviz = graphviz_package()
    layout = {"rankdir": direction, "ranksep": DIRECTIONS[direction]}
    if dpi is not None:
        layout["dpi"] = str(dpi)
    top = graphviz.Digraph(
        "minigrad", graph_attr={**layout, **GRAPH}, node_attr=NODE, edge_attr=EDGE
    )
    if picture.legend:
        top.attr(label=f"<{legend(picture.legend)}{markup(picture.caption)}>", labeljust="l")
    elif picture.caption:
        top.attr(label=f"<{markup(picture.caption)}>")
    picture = with_forks(picture)
    groups, straight = find_spines(picture)
    bodies = open_frames(picture, top)
    for box in picture.boxes:
        group = {"group": groups[box]} if box in groups else {}
        bodies[box.frame].node(box.name, **node_attributes(box), **group)
    upright = direction in ("TB", "BT")
    after = add_rows(picture, bodies, upright)
    close_frames(bodies)
    for arrow in picture.arrows:
        if arrow.drawn:
            add_arrow(top, arrow, arrow in straight, after, "" if upright else BELOW)
    return top.source


# Where things stand -------------------------------------------------------------------------------


def find_spines(picture: Picture) -> tuple[dict[Box, str], set[Arrow]]:
    """Return the straight lines of the picture: boxes by the name of their line, and its arrows.

    From each end a line goes up to the input with the longest way of data behind it, and so on.
    """
    place = {box: number for number, box in enumerate(picture.boxes)}
    incoming: dict[Box, list[Arrow]] = {box: [] for box in picture.boxes}
    for arrow in picture.arrows:
        if (
            arrow.drawn
            and arrow.source.beside is None
            and place[arrow.source] < place[arrow.target]
        ):
            incoming[arrow.target].append(arrow)
    length: dict[Box, int] = {}
    for box, arrows in incoming.items():
        length[box] = 1 + max((length[arrow.source] for arrow in arrows), default=0)
    groups: dict[Box, str] = {}
    straight: set[Arrow] = set()
    for end in reversed(picture.boxes):
        if end.beside is not None or end in groups:
            continue
        box, group = end, f"line{end.name}"
        groups[box] = group
        while incoming[box]:
            longest = max(incoming[box], key=lambda arrow: (not arrow.aside, length[arrow.source]))
            if longest.source in groups:
                break
            box = longest.source
            groups[box] = group
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
        lines = (shortened(call.name), *picture.notes.get(call, "").split("\n"))
        width = (max(map(len, lines)) - 0.5 * len(box.title)) * LETTER
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
    graphviz = graphviz_package()
    bodies: dict[Call | None, Any] = {None: top}
    for number, call in enumerate(picture.frames()):
        name = shortened(call.name)
        label = markup(name)
        for line in filter(None, picture.notes.get(call, "").split("\n")):
            label += f'<BR ALIGN="LEFT"/>{markup(line, SMALL)}'
        texts = {"label": f"<{label}>", "tooltip": hint_text(name)}
        style = {**FRAME, **TAKEN_APART} if call.operation else FRAME
        bodies[call] = graphviz.Digraph(f"cluster_{number}", graph_attr={**texts, **style})
    return bodies


def close_frames(bodies: dict[Call | None, Any]) -> None:
    """Put each frame into the one around it, the innermost first."""
    frames = [call for call in bodies if call is not None]
    for call in sorted(frames, key=lambda call: -len(call.path)):
        bodies[call.around[-1] if call.around else None].subgraph(bodies[call])


# Texts and styles ---------------------------------------------------------------------------------


def node_attributes(box: Box) -> dict[str, str]:
    """Return the attributes of a box."""
    tooltip = {"tooltip": hint_text(box.hint or "\n".join((box.phrase, *box.details[:1])))}
    if box.kind == "fork":
        return {**KINDS["fork"], **BOXES.get(box.stage, {})}
    if is_record(box):
        return {**record(box), **tooltip}
    quiet = f'FONT POINT-SIZE="9" COLOR="{shade(box, "#475569")}"'
    lines = [markup(box.title, "" if box.kind == "operation" else "B")]
    taken = [f"with {', '.join(box.takes)}"] if box.takes else []
    lines += [markup(line, quiet) for line in (*box.details, *taken)]
    lines += amount_lines(box)
    texts = {"label": f"<{stacked(lines)}>", **tooltip}
    style = circle(box) if box.symbol else dict(KINDS[box.kind])
    if box.tint:
        style.update(TINTS[min(box.tint, len(TINTS)) - 1])
    if box.alarm and "value" not in box.hidden:
        style.update(ALARM)
    return {**texts, **style, **BOXES.get(box.stage, {})}


def amount_lines(box: Box) -> list[str]:
    """Return the line with value and gradient, if there are any."""
    value, gradient = (
        f'FONT COLOR="{shade(box, colour, what)}"'
        for what, colour in (("value", INK), ("gradient", DARK_RED))
    )
    parts = (markup(box.value, value), markup(box.gradient, gradient))
    line = "&#160; ".join(filter(None, parts))
    return [f'<FONT POINT-SIZE="9">{line}</FONT>'] if line else []


def hint_text(text: str) -> str:
    """Return ``text`` as what the mouse is to show, with nothing in it that DOT would understand."""
    graphviz = graphviz_package()
    return "\\n".join(graphviz.escape(line) for line in printable(text).split("\n"))


def stacked(lines: list[str]) -> str:
    """Return a label with one line under the other, a little apart."""
    if len(lines) == 1:
        return lines[0]
    rows = "".join(f"<TR><TD>{line}</TD></TR>" for line in lines)
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{rows}</TABLE>'


def add_arrow(graph: Any, arrow: Arrow, straight: bool, after: set[Box], below: str = "") -> None:
    """Add an arrow: heavy on a line, sideways from what stands beside its target.

    ``below`` comes under a label of two lines.
    """
    source, target = arrow.source, arrow.target
    attributes = dict(ARROWS.get(arrow.stage, {}))
    if source.kind in DASHED:
        attributes["style"] = "dashed"
    if straight:
        attributes["weight"] = "20"
    number = markup(arrow.number, "B")
    label = arrow_label(arrow)
    if number and not label and source.beside is target:
        # The arrow is short and lies flat: a label in its middle would stand elsewhere.
        attributes |= {"taillabel" if source in after else "headlabel": f"<{number}>", **ABOVE}
        number = ""
    if number or label:
        attributes["label"] = f"<{numbered(number, label)}{below if arrow.gradient else ''}>"
    if source.beside not in (None, target):
        # A weight that is used again, by the next step or by a penalty: no line is to bend for it.
        attributes.update({"weight": "0"} if arrow.aside else {"constraint": "false"})
    elif source in after:  # written backwards, which makes it stand after the operation
        attributes["dir"] = "forward" if arrow.stage == "back" else "back"
        graph.edge(target.name, source.name, **attributes)
        return
    if arrow.stage == "back":
        attributes["dir"] = "back"
    elif target.kind == "fork":
        attributes["dir"] = "none"
    graph.edge(source.name, target.name, **attributes)


def numbered(number: str, label: str) -> str:
    """Return what stands at an arrow, with the number of the argument before it."""
    if not number:
        return label
    return f"&#160;{number}{label}" if label else f"&#160;{number}&#160;"


def arrow_label(arrow: Arrow) -> str:
    """Return what stands at an arrow: name and shape, and under them the gradient in red."""
    texts = (markup(arrow.name, "B"), markup(arrow.output), markup(arrow.label))
    first = " ".join(filter(None, texts)) if arrow.label or arrow.name else ""
    usual = shade(arrow, RED if arrow.alarm else GREY, "value")
    if usual != GREY and first:
        first = f'<FONT COLOR="{usual}">{first}</FONT>'
    gradient = markup(arrow.gradient, f'FONT COLOR="{shade(arrow, RED, "gradient")}"')
    lines = [line for line in (first, gradient) if line]
    ending = '<BR ALIGN="LEFT"/>' if len(lines) > 1 else ""
    return "".join(f"&#160;{line}&#160;{ending}" for line in lines)
