"""A picture as indented lines, for a terminal or where no Graphviz is: one line a box, modules indented."""

from __future__ import annotations

from minigrad.viz.graphs.calls import Call
from minigrad.viz.graphs.picture import Arrow, Box, Picture, printable, shortened


def to_text(picture: Picture) -> str:
    """Return the lines of ``picture``, oldest first, under the names that its DOT text uses.

    A line reads like an assignment: ``n4 = linear(n0, n1, n2)  (32, 16)``.
    """
    incoming: dict[Box, list[Arrow]] = {box: [] for box in picture.boxes}
    flows: dict[Box, dict[str, str]] = {box: {} for box in picture.boxes}
    makers: dict[Box, Box] = {}
    for arrow in picture.arrows:
        incoming[arrow.target].append(arrow)
        if arrow.source.symbol:
            makers[arrow.target] = arrow.source
        flow = (arrow.output, one_line(f"{arrow.name} {arrow.label}"), arrow.gradient)
        flows[arrow.source].setdefault(arrow.output, "  ".join(filter(None, flow)))
    rows: list[tuple[str, str]] = []  # a line's left and right half
    path: tuple[Call, ...] = ()
    opened: set[Call] = set()
    for box in picture.boxes:
        if box.symbol:  # stands on the line of its result
            continue
        around = box.frame.path if box.frame is not None else ()
        for depth, call in enumerate(around):
            if path[depth : depth + 1] != (call,):
                rows.append(("  " * depth + heading(picture, call, call in opened), ""))
                opened.add(call)
        path = around
        maker = makers.get(box, box)
        left = expression(maker, incoming[maker])
        if maker is not box and box.title:
            left = f"{one_line(box.phrase)}: {left}"
        left = f"{'  ' * len(around)}{box.name} = {left}"
        right = (*maker.details, box.value, box.gradient, *flows[box].values())
        rows.append((left, "  ".join(filter(None, right))))
    width = min(max((len(left) for left, right in rows if right), default=0), 48)
    lines = [f"{left:{width}}  {right}".rstrip() for left, right in rows]
    return "\n".join([picture.caption, *lines] if picture.caption else lines)


def expression(box: Box, incoming: list[Arrow]) -> str:
    """Return what a box is: an operation of its inputs, or a tensor by kind and name."""
    inputs = ", ".join(arrow.source.name + arrow.output for arrow in incoming)
    if box.kind == "operation":
        return f"{box.title}({inputs})"
    phrase = one_line(box.phrase)
    return f"{phrase}: {inputs}" if inputs else phrase


def heading(picture: Picture, call: Call, again: bool) -> str:
    """Return the line above what a module call recorded."""
    note = f" ({one_line(picture.notes[call])})" if call in picture.notes else ""
    return f"{one_line(shortened(call.name))}{note}{' (again)' if again else ''}:"


def one_line(text: str) -> str:
    """Return ``text`` on one line."""
    return " ".join(printable(text).split())
