"""What a picture is made from: the recorded nodes, oldest first, and the module calls around them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from minigrad.engine import Node
from minigrad.nn.parameter import Parameter


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a module; what it recorded is drawn in one frame.

    Attributes
    ----------
    name : str
        What the module calls itself in a scope.
    path : tuple of Call
        The calls around it, outermost first, and itself.
    """

    name: str
    around: tuple[Call, ...] = ()
    path: tuple[Call, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", (*self.around, self))


@dataclass
class Reading:
    """The graph behind some outputs.

    Attributes
    ----------
    nodes : list of Node
        Operations, oldest first, and each leaf before the first operation it goes into.
    calls : dict
        Node of an operation -> the innermost module call it was recorded in, or ``None``.
    users : dict
        Node of a leaf -> the operations it goes into, oldest first.
    weights : set of Node
        Parameters, and what was computed from parameters alone, like a transposed weight.
    inputs : set of Node
        The leaves that are what their operation works on, like the data matrix; the others stand
        beside their operation.
    """

    nodes: list[Node]
    calls: dict[Node, Call | None]
    users: dict[Node, list[Node]]
    weights: set[Node]
    inputs: set[Node]


def is_leaf(node: Node) -> bool:
    """Tell whether no operation made ``node``."""
    return node.plan.kind == "leaf"


def origin(node: Node) -> Node:
    """Return the operation behind ``node``: itself, unless it is one output of several."""
    return node.inputs[0] if node.plan.kind == "item" else node  # type: ignore[return-value]


def operands(node: Node) -> list[tuple[Node, Node]]:
    """Return ``(origin, value)`` for each input: the node that is drawn, and the one with the shape."""
    return [(origin(value), value) for value in node.inputs if value is not None]


def is_parameter(leaf: Node) -> bool:
    """Tell whether a leaf is a module's parameter, which it is even while it is frozen."""
    return isinstance(leaf.owner() if leaf.owner is not None else None, Parameter)


def read(roots: Iterable[Node]) -> Reading:
    """Return the graph from which ``roots`` were computed.

    A loop and not a recursion: a graph can be a million nodes deep.
    """
    seen = dict.fromkeys(map(origin, roots))
    nodes = list(seen)
    for node in nodes:  # grows while it is walked
        for source, _ in operands(node):
            if source not in seen:
                seen[source] = None
                nodes.append(source)
    reading = Reading([], {}, {}, set(), set())
    placed: set[Node] = set()
    for node in sorted(nodes, key=attrgetter("number")):
        # A leaf is put before its first user, wherever it comes from: weights are older than the data.
        if not is_leaf(node):
            sources = dict.fromkeys(source for source, _ in operands(node))
            for leaf in filter(is_leaf, sources):
                place(reading, leaf, placed)
                reading.users.setdefault(leaf, []).append(node)
            find_data(reading, node, sources)
            place(reading, node, placed)
    for node in nodes:
        place(reading, node, placed)  # outputs that are leaves
    reading.calls = find_calls(reading.nodes)
    return reading


def place(reading: Reading, node: Node, placed: set[Node]) -> None:
    """Add ``node`` to the nodes that are read, unless it is there."""
    if node not in placed:
        placed.add(node)
        reading.nodes.append(node)
        if is_leaf(node) and (node.requires_grad or is_parameter(node)):
            reading.weights.add(node)


def find_data(reading: Reading, node: Node, sources: Iterable[Node]) -> None:
    """Find out which of its ``sources`` ``node`` works on, and whether it is but a weight itself."""
    given = [source for source in sources if source not in reading.weights]
    if given and all(map(is_leaf, given)):  # nothing computed from data goes in: these are the data
        reading.inputs.update(given)
    if not given:
        reading.weights.add(node)
        first = next(iter(sources), None)
        # A function of parameters alone works on the first one, unless that has its place already.
        if all(map(is_leaf, sources)) and first is not None and reading.users[first] == [node]:
            reading.inputs.add(first)


def find_calls(nodes: Iterable[Node]) -> dict[Node, Call | None]:
    """Return the module call of each operation, from the scopes of ``nodes``, oldest first.

    A module that is called twice gets two frames.  Its name is all that a scope tells, but between
    two calls something else was recorded, unless both follow each other directly.
    """
    calls: dict[Node, Call | None] = {}
    path: tuple[Call, ...] = ()
    for node in nodes:
        if is_leaf(node):
            continue
        scope = node.scope
        if len(scope) != len(path) or any(
            call.name != name for call, name in zip(path, scope, strict=True)
        ):
            path = follow(path, scope)
        calls[node] = path[-1] if path else None
    return calls


def follow(path: tuple[Call, ...], scope: tuple[Any, ...]) -> tuple[Call, ...]:
    """Return the calls for ``scope``: those of ``path`` as far as the names agree, then new ones."""
    shared = 0
    for call, name in zip(path, scope, strict=False):
        if call.name != name:
            break
        shared += 1
    path = path[:shared]
    for name in scope[shared:]:
        path = Call(name, path).path
    return path


def common_call(calls: Iterable[Call | None]) -> Call | None:
    """Return the innermost call around all of ``calls``; ``None`` if there is none."""
    paths = [call.path if call is not None else () for call in calls]
    shared = [one[0] for one in zip(*paths, strict=False) if len(set(one)) == 1]
    return shared[-1] if shared else None
