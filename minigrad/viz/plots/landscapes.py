"""What the pictures of descent are made of: windows, values on grids, levels; contours, and ways over them.

Contours and colours stand closer together where the function is low, so that valleys can be seen beside
high mountains.  The pictures themselves are in :mod:`minigrad.viz.plots.descent` and
:mod:`minigrad.viz.plots.racing`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad._points import default_symbols, values_at
from minigrad.viz.plots.style import FEW, Theme, add_bar, look_of
from minigrad.viz.plots.windows import Range, around, as_ranges

LEVELS = 24

NOWHERE = "the function is nowhere finite in this window"

Window = Any
Ranges = list[Range]


# What a function says of itself -----------------------------------------------------------------------


def title_of(objective: Any) -> str:
    """Return the formula of a function as text, if it is known."""
    return getattr(objective, "equation", "")


def is_described(objective: Any) -> bool:
    """Tell whether a function knows its window and takes many points at once, as an ``Objective`` does."""
    return getattr(objective, "takes_many", False)


def symbols_of(objective: Any, dimension: int) -> tuple[str, ...]:
    """Return how the numbers are called that a function takes."""
    return getattr(objective, "symbols", default_symbols(dimension))


def lowest_of(objective: Any) -> float | None:
    """Return the lowest known value of a function, if there is one."""
    lowest = getattr(objective, "lowest", None)
    return None if lowest is None else lowest.value


# Drawing ----------------------------------------------------------------------------------------------


def draw_function(ax: Any, objective: Any, ranges: Ranges, shape: Any) -> Any:
    """Draw the curve or the contours; return what has the colours of contours."""
    draw = _draw_curve if len(ranges) == 1 else _draw_contours
    return draw(ax, objective, ranges, shape)


def add_levels_bar(filled: Any, axes: Any, **named: Any) -> None:
    """Add a bar that tells how high the contours are."""
    add_bar(filled, axes, "J", ticks=filled.norm.boundaries[::4], format="%.3g", **named)


def _draw_curve(ax: Any, objective: Any, ranges: Ranges, shape: Any) -> None:
    x = np.linspace(*ranges[0], 801)
    at = x if is_described(objective) else x.reshape(-1, *(shape or ()))
    y = _broken_at_jumps(values_at(objective, at))
    ax.plot(x, y, color=look_of(ax).colours[0], linewidth=1.8)
    for point in getattr(objective, "minima", ()):
        draw_star(ax, point.at, point.value)
    low, high = np.nanmin(y), np.nanmax(y)
    margin = 0.06 * (high - low) or 1.0
    ax.set(xlabel=symbols_of(objective, 1)[0], ylabel="J", xlim=ranges[0])
    ax.set_ylim(low - margin, high + margin)


def draw_star(ax: Any, x: float, y: float) -> None:
    """Mark a known minimum."""
    look = look_of(ax)
    edge = {"markeredgecolor": look.ink, "markeredgewidth": 0.8}
    ax.plot(x, y, "*", color=look.star, markersize=15, zorder=5, label="known minimum", **edge)


def _broken_at_jumps(y: np.ndarray) -> np.ndarray:
    """Return values with NaN where they jump, so that no line is drawn there, or are not finite."""
    y = np.where(np.isfinite(y), y, math.nan)
    if np.isnan(y).all():
        raise ValueError(NOWHERE)
    moves = np.abs(np.diff(y))
    large = 20 * np.nanmedian(moves) + 0.02 * (np.nanmax(y) - np.nanmin(y))
    y[1:][moves > large] = math.nan
    return y


def _draw_contours(ax: Any, objective: Any, ranges: Ranges, shape: Any) -> Any:
    """Draw contours, and return what has their colours."""
    look = look_of(ax)
    x, y, z = values_on_grid(objective, ranges, shape)
    levels = levels_of(z, objective)
    masked = np.ma.masked_invalid(z)
    filled = ax.contourf(
        x, y, masked, levels=levels, cmap=valley_colours(look), norm=norm_of(levels)
    )
    ax.contour(x, y, masked, levels=levels, colors=look.grey, linewidths=0.4, alpha=0.8)
    for point in getattr(objective, "minima", ()):
        draw_star(ax, *point.at)
    names = symbols_of(objective, 2)
    ax.set(xlabel=names[0], ylabel=names[1], xlim=ranges[0], ylim=ranges[1])
    return filled


def draw_way(
    ax: Any, trajectory: Any, colour: str, stroke: Any, name: str | None = None, ends: bool = False
) -> None:
    """Draw a line through the points, and markers of its ends."""
    points = flat_points(trajectory)
    marker = "o" if len(points) <= FEW else ""
    width = 0.8 if trajectory.points.shape[1] == 1 else 1.5  # along a curve there is one already
    ax.plot(
        *points.T, linestyle=stroke, color=colour, linewidth=width, marker=marker, markersize=2.8,
        zorder=4, label=name,
    )  # fmt: skip
    labels = ("start", "end") if ends else (None, None)
    draw_end(ax, points[:1], look_of(ax).paper, labels[0])
    draw_end(ax, points[-1:], colour, labels[1])


def draw_end(ax: Any, point: np.ndarray, colour: str, label: str | None = None) -> Any:
    """Mark where a way begins or ends; return the mark."""
    edge = {"markeredgecolor": look_of(ax).ink, "markeredgewidth": 0.8, "linestyle": ""}
    (mark,) = ax.plot(*point.T, "o", color=colour, markersize=5.5, zorder=6, label=label, **edge)
    return mark


def flat_points(trajectory: Any) -> np.ndarray:
    """Return where the points are in the plane: with the value for a function of one number."""
    if trajectory.points.shape[1] == 1:
        return np.column_stack([trajectory.points, trajectory.losses])
    return trajectory.points


def lies_within(points: np.ndarray, ranges: Any) -> np.ndarray:
    """Tell which points (n, d) are in a window."""
    low, high = np.array(ranges).T
    return ((points >= low) & (points <= high)).all(axis=1)


# Windows, values and levels ---------------------------------------------------------------------------


def checked(trajectories: Mapping[str, Any]) -> dict[str, Any]:
    """Return trajectories by their names: at least one, all of as many numbers."""
    if not isinstance(trajectories, Mapping):
        raise TypeError(
            f"expected a mapping of names to trajectories, got {type(trajectories).__name__}"
        )
    if not trajectories:
        raise ValueError("there are no trajectories to compare")
    for name, one in trajectories.items():
        if not hasattr(one, "points"):
            raise TypeError(f"{name!r} is to be a trajectory, got {type(one).__name__}")
    dimensions = {name: one.points.shape[1] for name, one in trajectories.items()}
    if len(set(dimensions.values())) > 1:
        found = ", ".join(f"{name!r} has {count}" for name, count in dimensions.items())
        raise ValueError(f"the trajectories are not of as many numbers: {found}")
    return dict(trajectories)


def ranges_of(objective: Any, window: Window, trajectories: list[Any] | None = None) -> Ranges:
    """Return the window: as given, of the function and around the starts, or around all points."""
    points = [one.points for one in trajectories or []]
    count = points[0].shape[1] if points else getattr(objective, "dimension", None)
    if count not in (None, 1, 2):
        raise ValueError(
            f"functions of one or two numbers can be drawn, this one has {count}; see curves()"
        )
    if window is not None:
        ranges = as_ranges(window, count)
    elif is_described(objective):
        ranges = [
            (min(low, *starts), max(high, *starts)) if starts else (low, high)
            for (low, high), *starts in zip(objective.window, *(p[0] for p in points), strict=True)
        ]
    elif points:
        ranges = [around(column, 0.2) for column in np.concatenate(points).T]
    else:
        raise ValueError("give a window, the function has none of its own")
    if len(ranges) > 2:
        raise ValueError(f"functions of one or two numbers can be drawn, not of {len(ranges)}")
    return ranges


def values_on_grid(objective: Any, ranges: Ranges, shape: Any) -> tuple[Any, Any, Any]:
    """Return the values on a grid; a function that is called once a point gets a coarser one."""
    n = 301 if is_described(objective) else 61
    x, y = np.meshgrid(*(np.linspace(low, high, n) for low, high in ranges))
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    if not is_described(objective):
        points = points.reshape(-1, *(shape or (2,)))
    return x, y, values_at(objective, points).reshape(x.shape)


def levels_of(values: np.ndarray, objective: Any = None) -> np.ndarray:
    """Return levels for contours: at equal steps of the logarithm of the height above the lowest.

    Parameters
    ----------
    values : array
        On a grid; those that are not finite do not count.
    objective : callable, optional
        If it is an ``Objective``, the lowest of its minima counts too.

    Returns
    -------
    array, shape (24,)
        In ascending order.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        raise ValueError(NOWHERE)
    lowest = lowest_of(objective)
    low = known.min() if lowest is None else min(known.min(), lowest)
    height = known.max() - low
    if not height > 0:
        return np.linspace(low - 0.5, low + 0.5, LEVELS)
    soft = max(float(np.quantile(known - low, 0.02)), 1e-6 * height)
    return low + soft * np.expm1(np.linspace(0, math.log1p(height / soft), LEVELS))


def valley_colours(look: Theme) -> Any:
    """Return the colours from valleys to heights."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("valley", [look.low, look.high])


def norm_of(levels: np.ndarray) -> Any:
    """Return what turns a value into its part of the colours: each level has as many."""
    from matplotlib.colors import BoundaryNorm

    return BoundaryNorm(levels, 256)
