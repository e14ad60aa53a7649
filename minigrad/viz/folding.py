"""What stands for what when a graph is too large to draw: modules for their insides, one box for the rest."""

from __future__ import annotations

from dataclasses import dataclass

from minigrad.engine import Node
from minigrad.viz.reading import Call, Reading, is_leaf, operands

REST = "rest"
"""Stands for everything older than what is drawn."""

Figure = Node | Call | str
"""What gets a box of its own: a node, a whole module call, or :data:`REST`."""


@dataclass
class Folding:
    """Which figure stands for each node, and a line that says what is not to be seen.

    Attributes
    ----------
    figures : dict
        Node -> figure that stands for it, oldest first.
    caption : str
        Empty if everything is drawn.
    """

    figures: dict[Node, Figure]
    caption: str = ""


def fold(reading: Reading, max_nodes: int | None) -> Folding:
    """Choose the figures, at most ``max_nodes`` of them (``None``: as many as there are nodes).

    The innermost modules are closed first, then those around them.  If closing all of them is not
    enough, only what is nearest to the outputs is drawn.
    """
    total = len(reading.nodes)
    if max_nodes is None or total <= max_nodes:
        return Folding({node: node for node in reading.nodes})
    deepest = max((len(call.path) for call in reading.calls.values() if call), default=0)
    how = f"of {total:,} operations and leaves; max_nodes=None draws them all"
    figures: dict[Node, Figure] = {}
    for depth in range(deepest, 0, -1):
        figures = close_modules(reading, depth)
        count = len(set(figures.values()))
        if count <= max_nodes:
            return Folding(figures, f"folded by module: {count:,} boxes instead {how}")
    figures = cut(reading, figures or {node: node for node in reading.nodes}, max_nodes)
    count = len(set(figures.values()) - {REST})
    return Folding(figures, f"only the last {count:,} {how}")


def close_modules(reading: Reading, depth: int) -> dict[Node, Figure]:
    """Let each module call at ``depth`` stand for what is inside it, its parameters included."""
    figures: dict[Node, Figure] = {}
    for node, call in reading.calls.items():
        inside = call is not None and len(call.path) >= depth
        figures[node] = call.path[depth - 1] if call is not None and inside else node
    for leaf, users in reading.users.items():
        places = {figures[user] for user in users}
        place = places.pop()
        own = isinstance(place, Call) and not places and leaf not in reading.inputs
        figures[leaf] = place if own else leaf
    return in_order(reading, figures)


def cut(reading: Reading, figures: dict[Node, Figure], max_nodes: int) -> dict[Node, Figure]:
    """Keep the youngest operations, with their leaves, as long as there is room; the others are the rest."""
    room = max_nodes - 1  # the box of the rest takes one place
    drawn: dict[Figure, None] = {}
    for node in reversed(reading.nodes):
        if is_leaf(node):
            continue
        leaves = [source for source, _ in operands(node) if is_leaf(source)]
        for figure in (figures[node], *(figures[leaf] for leaf in leaves)):
            if len(drawn) < room:
                drawn[figure] = None
        if len(drawn) == room:
            break
    return {node: figure if figure in drawn else REST for node, figure in figures.items()}


def in_order(reading: Reading, figures: dict[Node, Figure]) -> dict[Node, Figure]:
    """Return ``figures`` oldest node first, and with the nodes that nothing was decided for."""
    return {node: figures.get(node, node) for node in reading.nodes}
