"""The part of a line or a plane that a picture shows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Range = tuple[float, float]


def as_ranges(window: Any, count: int | None, asked: str = "") -> list[Range]:
    """Return a window as ranges, one for each number; of one number the range alone is enough.

    Parameters
    ----------
    window : pair of floats, or sequence of them
        What was asked for.
    count : int, optional
        How many ranges there have to be, if that is known.
    asked : str
        By whom, for errors.

    Raises
    ------
    ValueError
        If a range is not a finite number and a larger one, or there are not so many.
    """
    try:
        sides = np.asarray(window, dtype=np.float64)
    except (TypeError, ValueError):
        sides = np.zeros(0)
    if sides.shape == (2,):
        sides = sides[None]
    fits = sides.ndim == 2 and sides.shape[1] == 2 and count in (None, len(sides))
    if not (fits and np.isfinite(sides).all() and (sides[:, 0] < sides[:, 1]).all()):
        wanted = {None: "(low, high) for each number", 1: "one range (low, high)"}.get(
            count, f"{count} ranges (low, high)"
        )
        raise ValueError(
            f"{asked}{': ' if asked else ''}window = {window!r}, expected {wanted}, with low < high, finite"
        )
    return [(float(low), float(high)) for low, high in sides]


def around(values: np.ndarray, margin: float) -> Range:
    """Return a range around finite values, wider by so much of its width at each end."""
    known = values[np.isfinite(values)]
    if not len(known):
        return -1.0, 1.0
    low, high = float(known.min()), float(known.max())
    beyond = margin * (high - low)
    if not (beyond > 0 and math.isfinite(beyond)):
        beyond = 1.0
    return low - beyond, high + beyond
