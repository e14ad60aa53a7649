"""What a picture is made from: the recorded nodes, oldest first, and the module calls around them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from minigrad.engine import Node


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
        Leaves and operations, oldest first; an operation comes after its inputs.
    calls : dict
        Node of an operation -> the innermost module call it was recorded in, or ``None``.
    users : dict
        Node of a leaf -> the operations it goes into.
    inputs : set of Node
        The leaves that are what their operation works on, like the data matrix; the others stand
        beside their operation, like weights.
    """

    nodes: list[Node]
    calls: dict[Node, Call | None]
    users: dict[Node, list[Node]]
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


def read(roots: Iterable[Node]) -> Reading:
    """Return the graph from which ``roots`` were computed.

    A loop and not a recursion: a graph can be a million nodes deep.
    """
    nodes = dict.fromkeys(map(origin, roots))
    queue = list(nodes)
    users: dict[Node, list[Node]] = {}
    inputs: set[Node] = set()
    for node in queue:  # grows while it is walked
        leaves = []
        for source, _ in operands(node):
            if source not in nodes:
                nodes[source] = None
                queue.append(source)
            if is_leaf(source):
                leaves.append(source)
        for leaf in leaves:
            users.setdefault(leaf, []).append(node)
        if len(leaves) == len(operands(node)):
            # Nothing computed goes in, so some leaf is the data: what needs no gradient, if there is such.
            constants = [leaf for leaf in leaves if not leaf.requires_grad]
            inputs.update(constants or leaves[:1])
    queue.sort(key=attrgetter("number"))
    for leaf in users:
        users[leaf].sort(key=attrgetter("number"))
    return Reading(queue, find_calls(queue), users, inputs)


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
