"""Warnings that point at the line of the program, and not at the one in minigrad that gave them."""

from __future__ import annotations

import sys
import warnings

from minigrad.engine import state


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the innermost line on the stack that is not minigrad's, unless an observer takes note of it."""
    observer = state.get().observer
    if observer is not None and observer.warned(message):
        return
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("minigrad."):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(message, category, stacklevel=level)
