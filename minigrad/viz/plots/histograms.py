"""Histograms, and what is written into them (extra ``plot``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.viz.plots.style import add_note, look_of

PARTS = 50
"""Into so many parts a range is divided."""

LARGEST = 1e300
"""Larger numbers, whose sums overflow, are drawn as this."""


def finite(values: Any) -> tuple[np.ndarray, list[str]]:
    """Return the finite ones in float64 in a row, and a line on the others if there are any."""
    values = np.asarray(values).reshape(-1)
    known = values[np.isfinite(values)].astype(np.float64)
    return np.clip(known, -LARGEST, LARGEST), lost_line(len(values) - len(known))


def lost_line(count: int) -> list[str]:
    """Return a line on so many values that are no numbers, if there are any."""
    return [f"{count:,} NaN or infinite"] if count else []


def percent(share: float) -> str:
    """Return a share as text, which is neither 0 nor 100 % unless that is exact."""
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")


def common_parts(parts: Sequence[np.ndarray], *, logarithmic: bool = False) -> np.ndarray:
    """Return the bounds of bins for several sets of values: all the same, so that heights compare."""
    ends = [end for values in parts if len(values) for end in (values.min(), values.max())]
    if logarithmic:
        low, high = (min(ends), max(ends)) if ends else (1e-3, 1.0)
        return np.geomspace(low / 1.05, high * 1.05, PARTS + 1)
    low, high = (min(ends), max(ends)) if ends else (-1.0, 1.0)
    margin = 0.0 if high > low else 0.5 * abs(low) or 0.5
    return np.linspace(low - margin, high + margin, PARTS + 1)


def draw_histogram(ax: Any, values: np.ndarray, bins: np.ndarray) -> None:
    """Draw how many values are between neighbouring bounds."""
    if not len(values):
        return
    colour = look_of(ax).colours[0]
    ax.hist(values, bins, color=colour, alpha=0.35)
    ax.hist(values, bins, histtype="step", color=colour, linewidth=1.2)
    ax.set_ylim(top=1.35 * ax.get_ylim()[1])  # room for a note


def add_summary(ax: Any, lines: Sequence[str], *, left: bool = False) -> None:
    """Write what there is to say of a histogram into a corner; alone, into the middle."""
    text = "\n".join(lines)
    if not ax.patches:
        add_note(ax, 0.5, 0.5, text, ha="center", va="center")
    elif left:
        add_note(ax, 0.02, 0.96, text, ha="left", va="top")
    else:
        add_note(ax, 0.98, 0.96, text, ha="right", va="top")


def moments(values: np.ndarray, digits: str = ".2g") -> list[str]:
    """Return mean and standard deviation as lines; none if there are no values."""
    if not len(values):
        return []
    with np.errstate(over="ignore"):
        return [f"mean {values.mean():{digits}}", f"std {values.std():{digits}}"]
