"""What stands for what when a graph is too large to draw: modules for their insides, one box for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minigrad.engine import Node
from minigrad.viz.graphs.calls import Call
from minigrad.viz.graphs.reading import Reading, is_parameter
from minigrad.viz.graphs.repeats import Repeat, find_repeats
from minigrad.viz.graphs.texts import counted

REST = "rest"
"""Stands for everything older than what is drawn."""

Figure = Node | Call | Repeat | str
"""What gets a box of its own: a node, a whole module call, several blocks alike, or :data:`REST`."""


@dataclass
class Folding:
    """Which figure stands for each node, and a line that says what is not to be seen.

    Attributes
    ----------
    figures : dict
        Node -> figure that stands for it, oldest first.
    caption : str
        Empty if nothing was left out that was asked for.
    """

    figures: dict[Node, Figure]
    caption: str = ""


def fold(reading: Reading, max_nodes: int | None, depth: int | None = None) -> Folding:
    """Choose the figures of the tensor view, at most ``max_nodes`` of them.

    Modules inside ``depth`` others are closed: 0 closes the outermost, ``None`` closes none.  If that is
    too much to draw, the innermost of the open ones are closed, and so on.
    """
    return shrink(reading, max_nodes, depth, close_modules)


def fold_modules(reading: Reading, max_nodes: int | None, depth: int | None = None) -> Folding:
    """Choose the figures of the modules view, at most ``max_nodes`` of them.

    As in :func:`fold`, but blocks that follow each other and are alike have one figure, and without
    ``depth`` the modules without modules in them are closed.
    """
    return shrink(reading, max_nodes, depth, close_innermost if depth is None else close_blocks)


def shrink(
    reading: Reading,
    max_nodes: int | None,
    depth: int | None,
    close: Callable[[Reading, int], dict[Node, Figure]],
) -> Folding:
    """Close modules until there are at most ``max_nodes`` figures (``None``: as they are).

    If closing all of them is not enough, only what is nearest to the outputs is drawn.
    """
    deepest = max((len(modules_of(call)) for call in reading.calls.values()), default=0)
    depth = deepest if depth is None else min(depth, deepest)
    figures = asked = close(reading, depth)
    while max_nodes is not None and len(set(figures.values())) > max_nodes:
        if not depth:
            figures = cut(reading, figures, max_nodes)
            count = len(set(figures.values()) - {REST})
            return Folding(figures, f"only the last {count:,} {out_of(reading)}")
        depth -= 1
        figures = close(reading, depth)
    return Folding(figures, "" if figures is asked else summary(reading, figures))


def summary(reading: Reading, figures: dict[Node, Figure]) -> str:
    """Return a line that says how much smaller folding made the picture."""
    count = len(set(figures.values()))
    return f"folded: {counted(count, 'box', 'boxes')} instead {out_of(reading)}"


def out_of(reading: Reading) -> str:
    """Return how much there is, and how to see it."""
    return f"of {len(reading.nodes):,} operations and leaves;\nmax_nodes=None draws them all"


def modules_of(call: Call | None) -> list[Call]:
    """Return the calls of modules around what is in ``call``; operations taken apart are none."""
    return [] if call is None else [one for one in call.path if not one.operation]


def close_modules(reading: Reading, depth: int) -> dict[Node, Figure]:
    """Let each module call inside ``depth`` others stand for what is inside it."""
    figures: dict[Node, Figure] = {}
    for node, call in reading.calls.items():
        modules = modules_of(call)
        figures[node] = modules[depth] if len(modules) > depth else node
    return with_leaves(reading, figures)


def close_blocks(reading: Reading, depth: int) -> dict[Node, Figure]:
    """Let module calls stand for their insides, and blocks alike for each other."""
    return with_repeats(reading, close_modules(reading, depth))


def close_innermost(reading: Reading, depth: int) -> dict[Node, Figure]:
    """Do :func:`close_blocks`, and let modules without modules in them stand for their insides too."""
    figures = close_modules(reading, depth)
    paths = {call: modules_of(call) for call in set(reading.calls.values())}
    around = {module for path in paths.values() for module in path[:-1]}
    for node, call in reading.calls.items():
        path = paths[call]
        if figures[node] is node and path and path[-1] not in around:
            figures[node] = path[-1]
    return with_repeats(reading, figures)


def with_repeats(reading: Reading, figures: dict[Node, Figure]) -> dict[Node, Figure]:
    """Let blocks that are alike have one figure."""
    return with_leaves(reading, {**figures, **find_repeats(reading, figures)})


def with_leaves(reading: Reading, figures: dict[Node, Figure]) -> dict[Node, Figure]:
    """Return the figures of all nodes, oldest first; parameters stand with what they go into alone."""
    for leaf, users in reading.users.items():
        places = {figures[user] for user in users}
        place = places.pop()
        figures[leaf] = place if not places and is_own(reading, leaf, place) else leaf
    return {node: figures.get(node, node) for node in reading.nodes}


def is_own(reading: Reading, leaf: Node, figure: Figure) -> bool:
    """Tell whether a leaf that goes into a closed module, or blocks alike, is a parameter of it.

    What a loop of operations begins with is none.
    """
    if not isinstance(figure, (Call, Repeat)) or leaf not in reading.weights:
        return False
    return isinstance(figure, Call) or is_parameter(leaf) or leaf not in reading.starts


def cut(reading: Reading, figures: dict[Node, Figure], max_nodes: int) -> dict[Node, Figure]:
    """Keep the youngest operations, with their leaves, as long as there is room; the others are the rest."""
    room = max_nodes - 1  # the box of the rest takes one place
    drawn: dict[Figure, None] = {}
    for node in reversed(reading.nodes):
        if reading.is_leaf(node):
            continue
        leaves = [one.origin for one in reading.sources[node] if reading.is_leaf(one.origin)]
        for figure in (figures[node], *(figures[leaf] for leaf in leaves)):
            if len(drawn) < room:
                drawn[figure] = None
        if len(drawn) == room:
            break
    return {node: figure if figure in drawn else REST for node, figure in figures.items()}
