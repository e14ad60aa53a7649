"""The module calls around operations, found again from the scopes under which these were recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from minigrad.engine import GRADIENT, Node


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a module; what it recorded is drawn in one frame.

    Attributes
    ----------
    name : str
        What the module calls itself in a scope.
    around : tuple of Call
        The calls around it, outermost first.
    operation : bool
        Whether it is no module but a fused operation that was taken apart.
    path : tuple of Call
        The calls around it, and itself.
    """

    name: str
    around: tuple[Call, ...] = ()
    operation: bool = False
    path: tuple[Call, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", (*self.around, self))


def find_calls(nodes: Iterable[Node]) -> dict[Node, Call | None]:
    """Return the module call of each of the operations ``nodes``, oldest first, from their scopes.

    A module that is called twice gets two frames.  Names are all that a scope tells of the modules around
    the innermost: if one that has others in it is called again at once, both calls share a frame.
    """
    calls: dict[Node, Call | None] = {}
    path: tuple[Call, ...] = ()
    before: tuple[str, ...] = ()
    for node in nodes:
        scope = node.scope
        if scope is not before:
            again = scope == before  # every call of a module makes a scope of its own
            before = scope
            names = derivative_scope(scope) if scope and scope[-1] == GRADIENT else scope
            path = follow(path[:-1] if again else path, names)
        calls[node] = path[-1] if path else None
    return calls


def is_derivative(node: Node) -> bool:
    """Tell whether a sweep recorded ``node``; a leaf is then a number that its rules computed with."""
    return GRADIENT in node.scope


def derivative_scope(scope: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scope under which a derivative is drawn: in one frame, if it belongs to a module."""
    modules = [name for name in scope if name != GRADIENT]
    return (f"{GRADIENT} {modules[-1]}",) if modules else ()


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
