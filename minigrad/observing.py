"""Observers: told of everything that is computed while they are entered in the state.

Anomaly detection and the profiler are such.  ``engine.state`` has one of them, ``Several`` in one, or
none, which is why they cost nothing when they are not used.
"""

from __future__ import annotations

from typing import Any


class Observer:
    """Base class of observers: does nothing about anything."""

    def starting(self, op: Any) -> None:
        """``op`` is about to compute its output from raw arrays."""

    def given(self, op: Any, arrays: list[Any], params: dict[str, Any]) -> None:
        """It will compute it from these raw arrays (and numbers) and keywords."""

    def run(self, function: Any, *args: Any, **params: Any) -> Any:
        """Call a forward or a rule; return what it returns."""
        return function(*args, **params)

    def computed(self, op: Any, out: Any, node: Any) -> None:
        """``op`` has computed ``out``, one array or a tuple; ``node`` is its record, if it has one."""

    def sweeping(self) -> None:
        """A sweep has collected its nodes and is about to run the first rule."""

    def pulled(self, node: Any, contribution: Any) -> None:
        """A rule of ``node`` has returned ``contribution``, and the engine has added it up."""

    def stepping(self, optimizer: Any) -> None:
        """A step of ``optimizer`` begins."""

    def stepped(self, optimizer: Any) -> None:
        """It has ended, well or not."""


class Several(Observer):
    """Passes on to all of its members, in the order in which they were entered."""

    def __init__(self, members: tuple[Observer, ...]) -> None:
        self.members = members

    def starting(self, op: Any) -> None:
        """Tell all."""
        for member in self.members:
            member.starting(op)

    def given(self, op: Any, arrays: list[Any], params: dict[str, Any]) -> None:
        """Tell all."""
        for member in self.members:
            member.given(op, arrays, params)

    def computed(self, op: Any, out: Any, node: Any) -> None:
        """Tell all."""
        for member in self.members:
            member.computed(op, out, node)

    def sweeping(self) -> None:
        """Tell all."""
        for member in self.members:
            member.sweeping()

    def pulled(self, node: Any, contribution: Any) -> None:
        """Tell all."""
        for member in self.members:
            member.pulled(node, contribution)

    def stepping(self, optimizer: Any) -> None:
        """Tell all."""
        for member in self.members:
            member.stepping(optimizer)

    def stepped(self, optimizer: Any) -> None:
        """Tell all."""
        for member in self.members:
            member.stepped(optimizer)


def members(observer: Observer | None) -> tuple[Observer, ...]:
    """Return all who observe."""
    if isinstance(observer, Several):
        return observer.members
    return () if observer is None else (observer,)


def together(observers: tuple[Observer, ...]) -> Observer | None:
    """Return them as the one that the state has room for."""
    if len(observers) > 1:
        return Several(observers)
    return observers[0] if observers else None
