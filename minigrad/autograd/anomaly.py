"""Finding where a NaN or an infinity comes from."""

from __future__ import annotations

import os
from contextvars import Token
from typing import Any

from minigrad import engine
from minigrad.backend.devices import to_host
from minigrad.engine import Node, State, describe, state
from minigrad.observing import Observer, members, together

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Watcher(Observer):
    """The observer that checks every output and every contribution to a gradient."""

    def computed(self, op: Any, out: Any, node: Node | None) -> None:
        """Note the line of the person's code; raise if an output is not finite.

        Raises
        ------
        FloatingPointError
            Naming the operation and the line.
        """
        line = _line_of_user()
        if node is not None:
            node.trace = line
        for part in out if isinstance(out, tuple) else (out,):
            if trouble := _trouble(part):
                raise FloatingPointError(f"the output of {op.name!r} has {trouble}, at {line}")

    def pulled(self, node: Node, contribution: Any) -> None:
        """Raise if a contribution of ``node`` to a gradient is not finite.

        Raises
        ------
        FloatingPointError
            Naming the operation and the line of its forward call.
        """
        raw = contribution.array if isinstance(contribution, engine.Tensor) else contribution
        if trouble := _trouble(raw):
            raise FloatingPointError(
                f"the derivative of {describe(node)} gives a gradient with {trouble}"
            )


def _trouble(array: Any) -> str | None:
    """Return ``"nan"`` or ``"inf"`` if the array has it."""
    if array.dtype.kind != "f":
        return None
    host = to_host(array)
    if (host != host).any():
        return "nan"
    return "inf" if (abs(host) == float("inf")).any() else None


def _line_of_user() -> str:
    """Return file, line and text of the innermost call from outside the package."""
    import traceback  # here, because it takes long to import and nothing else needs it

    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(_PACKAGE):
            return f"{frame.filename}:{frame.lineno}: {frame.line}"
    return "an unknown line"


def _watched_by(watcher: Any) -> State:
    """Return the present state with this watcher, or none, and whoever else observes."""
    now = state.get()
    others = tuple(one for one in members(now.observer) if not isinstance(one, Watcher))
    observer = together(others if watcher is None else (*others, watcher))
    return State(now.grad_enabled, now.scope, observer)


class detect_anomaly:  # noqa: N801 (PyTorch's name)
    """Within this block, raise at the first operation or rule that gives NaN or infinity.

    The error names the operation, its module and the line of the forward call.  It makes everything
    slower, and waits for the GPU after every operation: it is for debugging.

    Parameters
    ----------
    check_nan : bool, default True
        False switches the checks off inside a block that has them on.

    Raises
    ------
    FloatingPointError
        Inside the block.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._observer = Watcher() if check_nan else None
        self._tokens: list[Token[State]] = []

    def __enter__(self) -> None:
        self._tokens.append(state.set(_watched_by(self._observer)))

    def __exit__(self, *exc: Any) -> None:
        state.reset(self._tokens.pop())


class set_detect_anomaly(detect_anomaly):  # noqa: N801
    """Switch the checks on or off at once; as a context manager, until the end of the block."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        before = [one for one in members(state.get().observer) if isinstance(one, Watcher)]
        self._before = before[0] if before else None
        state.set(_watched_by(self._observer))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: Any) -> None:
        state.set(_watched_by(self._before))
