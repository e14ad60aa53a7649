"""Warnings that point at the line of the program, and not at the one in minigrad that gave them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

listener: ContextVar[Callable[[str], Any] | None] = ContextVar("minigrad_warnings", default=None)
"""Who is told what a warning says, in the place of the person; mostly nobody."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the innermost line on the stack that is not minigrad's."""
    listening = listener.get()
    if listening is not None:
        listening(message)
        return
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("minigrad."):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(message, category, stacklevel=level)
