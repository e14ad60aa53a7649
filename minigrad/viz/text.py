"""A picture as indented lines, for a terminal or where no Graphviz is: one line a box, modules indented."""

from __future__ import annotations

from minigrad.viz.picture import Arrow, Box, Picture, printable
from minigrad.viz.reading import Call


def to_text(picture: Picture) -> str:
    """Return the lines of ``picture``, oldest first, under the names that its DOT text uses.

    A line reads like an assignment: ``n4 = linear(n0, n1, n2)  (32, 16)``.
    """
    incoming: dict[Box, list[Arrow]] = {box: [] for box in picture.boxes}
    shape: dict[Box, str] = {}
    for arrow in picture.arrows:
        incoming[arrow.target].append(arrow)
        shape.setdefault(arrow.source, one_line(f"{arrow.name} {arrow.label}"))
    rows: list[tuple[str, str]] = []  # a line's left and right half
    path: tuple[Call, ...] = ()
    for box in picture.boxes:
        around = box.frame.path if box.frame is not None else ()
        for depth, call in enumerate(around):
            if path[depth : depth + 1] != (call,):
                rows.append(("  " * depth + one_line(call.name) + ":", ""))
        path = around
        left = f"{'  ' * len(around)}{box.name} = {expression(box, incoming[box])}"
        rows.append((left, "  ".join(filter(None, (*box.details, shape.get(box))))))
    width = min(max((len(left) for left, right in rows if right), default=0), 48)
    lines = [f"{left:{width}}  {right}".rstrip() for left, right in rows]
    return "\n".join([picture.caption, *lines] if picture.caption else lines)


def expression(box: Box, incoming: list[Arrow]) -> str:
    """Return what a box is: an operation of its inputs, or a tensor by kind and name."""
    inputs = ", ".join(arrow.source.name for arrow in incoming)
    if box.kind == "operation":
        return f"{box.title}({inputs})"
    phrase = one_line(box.phrase)
    return f"{phrase}: {inputs}" if inputs else phrase


def one_line(text: str) -> str:
    """Return ``text`` on one line."""
    return " ".join(printable(text).split())
