"""Pictures of functions and of the ways over them (extra ``plot``): contours, surfaces, curves, films.

Contours and colours stand closer together where the function is low, so that valleys can be seen beside
high mountains.  The known minima are stars.  Functions return a figure and show nothing; with ``ax`` they
draw there.  :mod:`minigrad.viz.pictures` has the colours and the other pictures by matplotlib.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

import numpy as np

from minigrad._points import default_symbols, values_at
from minigrad.viz.pictures import BLUE, GREEN, PURPLE, VERMILION, figure_class

BLACK, ORANGE = "#000000", "#e69f00"
WAYS = ((VERMILION, "-"), (BLUE, "--"), (GREEN, "-."), (PURPLE, "-"), (BLACK, ":"), (ORANGE, "--"))
"""Colours and strokes of several ways in one picture."""

LOW, HIGH = "#a9c9df", "#ffffff"
"""The colours of valleys and heights."""

STAR = {
    "color": ORANGE,
    "markeredgecolor": BLACK,
    "markersize": 12,
    "markeredgewidth": 0.7,
    "zorder": 3,
    "label": "known minimum",
}
"""How a known minimum is marked."""

LEVELS = 24
FEW = 60
"""Up to so many points, each is marked."""

NOWHERE = "the function is nowhere finite in this window"

Window = Any


# Functions --------------------------------------------------------------------------------------------


def landscape(
    objective: Callable[..., Any], window: Window = None, *, ax: Any = None, shape: Any = None
) -> Any:
    """Draw a function: the curve of one number, the contours of two.

    Parameters
    ----------
    objective : callable
        The function.
    window : tuple of (float, float), optional
        One range for each number; that of an ``Objective`` if not given.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    shape : tuple of int, optional
        The shape of what the function takes, if it is no ``Objective``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no window, or it is not one of one or two numbers.
    """
    ranges = _ranges(objective, window)
    ax = _axes() if ax is None else ax
    filled = _draw_function(ax, objective, ranges, shape)
    if filled is not None:
        _add_bar(filled, ax)
    ax.set_title(_title(objective), fontsize=10)
    _finish(ax)
    return ax.figure


def path(trajectory: Any, window: Window = None, *, ax: Any = None) -> Any:
    """Draw a trajectory over the function; see :meth:`Trajectory.plot`."""
    ranges = _ranges(trajectory.objective, window, [trajectory])
    ax = _axes() if ax is None else ax
    landscape(trajectory.objective, ranges, ax=ax, shape=trajectory.shape)
    _draw_way(ax, trajectory, VERMILION, "-", ends=True)
    _finish(ax)
    return ax.figure


def compare(
    trajectories: Mapping[str, Any], window: Window = None, *, ax: Any = None, title: str = ""
) -> Any:
    """Draw several trajectories over one function.

    Parameters
    ----------
    trajectories : mapping of str to Trajectory
        Name of each -> the trajectory, all over the function of the first.
    window : tuple of (float, float), optional
        One range for each number.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    title : str, optional
        Text above; the formula if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no trajectories, or not over one or two numbers.
    """
    paths = list(_checked(trajectories).values())
    ranges = _ranges(paths[0].objective, window, paths)
    ax = _axes() if ax is None else ax
    landscape(paths[0].objective, ranges, ax=ax, shape=paths[0].shape)
    for (name, one), (colour, stroke) in zip(trajectories.items(), cycle(WAYS), strict=False):
        _draw_way(ax, one, colour, stroke, name=name)
    if title:
        ax.set_title(title, fontsize=10)
    _finish(ax)
    return ax.figure


def side_by_side(
    trajectories: Mapping[str, Any], window: Window = None, *, columns: int = 3, title: str = ""
) -> Any:
    """Draw several trajectories in small pictures of their own, all of one window.

    Parameters
    ----------
    trajectories : mapping of str to Trajectory
        What stands above each -> the trajectory.
    window : tuple of (float, float), optional
        One range for each number.
    columns : int, default 3
        How many in a row.
    title : str, optional
        Text above all of them.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no trajectories, or not over one or two numbers.
    """
    paths = _checked(trajectories)
    columns = min(columns, len(paths))
    rows = -(-len(paths) // columns)
    figure = figure_class()(
        figsize=(3.6 * columns + 0.4, 3.1 * rows + 0.4), dpi=150, layout="constrained"
    )
    figure.suptitle(title, fontsize=11)
    places = figure.subplots(rows, columns, squeeze=False)
    ranges = _ranges(next(iter(paths.values())).objective, window, list(paths.values()))
    for ax, (name, one) in zip(places.flat, paths.items(), strict=False):
        filled = _draw_function(ax, one.objective, ranges, one.shape)
        _draw_way(ax, one, VERMILION, "-", ends=True)
        ax.set_title(f"{name}\n{one.steps} steps, J = {one.fun:.3g}", fontsize=9)
    for ax in list(places.flat)[len(paths) :]:
        ax.set_axis_off()
    if filled is not None:
        _add_bar(filled, places)
    figure.legend(
        *_named(places.flat[0]), loc="outside lower center", ncols=3, fontsize=8, frameon=False
    )
    return figure


def surface(
    objective: Callable[..., Any], window: Window = None, trajectory: Any = None, *, ax: Any = None
) -> Any:
    """Draw a function of two numbers as a surface, and a trajectory on it if there is one.

    Parameters
    ----------
    objective : callable
        The function.
    window : tuple of (float, float), optional
        One range for each number.
    trajectory : Trajectory, optional
        Drawn with a line and a marker for each step.
    ax : mpl_toolkits.mplot3d.axes3d.Axes3D, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If it is not a function of two numbers.
    """
    ranges = _ranges(objective, window, [] if trajectory is None else [trajectory])
    if len(ranges) != 2:
        raise ValueError("surface: a surface is of a function of two numbers, this one has one")
    if ax is None:
        figure = figure_class()(figsize=(6.4, 5.2), dpi=150)
        figure.subplots_adjust(left=0, right=0.94, bottom=0.04, top=0.93)
        ax = figure.add_subplot(projection="3d", computed_zorder=False)
    x, y, z = _grid(objective, ranges, trajectory and trajectory.shape)
    levels = levels_of(z, objective)
    ax.plot_surface(
        x, y, z, cmap=_colours(), norm=_norm(levels), rcount=80, ccount=80, linewidth=0.15,
        edgecolor="0.6", alpha=0.9, antialiased=True,
    )  # fmt: skip
    if trajectory is not None:
        points, heights = _within(trajectory, ranges)
        marker = "o" if len(points) <= FEW else ""
        ax.plot(
            *points.T, heights, color=ORANGE, linewidth=2, marker=marker, markersize=3,
            markerfacecolor=BLACK, markeredgecolor=BLACK, zorder=5,
        )  # fmt: skip
    names = _symbols(objective, 2)
    ax.set(xlabel=names[0], ylabel=names[1], zlabel="J", xlim=ranges[0], ylim=ranges[1])
    ax.locator_params(nbins=5)
    ax.set_title(_title(objective), fontsize=10)
    return ax.figure


# Over the steps ---------------------------------------------------------------------------------------


def curves(trajectory: Any) -> Any:
    """Draw value, norm of the gradient and rate over the steps; see :meth:`Trajectory.curves`."""
    figure = figure_class()(figsize=(11, 3.4), dpi=150, layout="constrained")
    from matplotlib.ticker import MaxNLocator

    axes = figure.subplots(1, 3)
    lowest = _lowest(trajectory.objective)
    above = trajectory.losses - (lowest or 0.0)
    norms = np.linalg.norm(trajectory.gradients, axis=1)
    label = "J" if not lowest else f"J − ({lowest:.4g}), the lowest known"
    rates = trajectory.rates
    panels = [(above, label, BLUE), (norms, "‖∇J‖", VERMILION), (rates, "learning rate", GREEN)]
    for ax, (values, ylabel, colour) in zip(axes, panels, strict=True):
        ax.plot(values, color=colour, linewidth=1.8, marker="." if len(values) <= FEW else "")
        known = values[np.isfinite(values)]
        if values is not rates and len(known) and known.min() >= 0 and known.max() > 0:
            ax.set_yscale("log")
        elif not len(known):
            ax.text(0.5, 0.5, "not observed", ha="center", va="center", transform=ax.transAxes)
        ax.set(xlabel="step", ylabel=ylabel)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(which="major", color="0.88")
        ax.spines[["top", "right"]].set_visible(False)
    axes[2].set_ylim(bottom=0)
    figure.suptitle(_title(trajectory.objective), fontsize=10)
    return figure


def animate(trajectory: Any, window: Window = None, *, fps: int = 10, frames: int = 100) -> Any:
    """Return a film of :func:`path`, in which the way grows; see :meth:`Trajectory.animate`."""
    figure_class()  # raises if there is no matplotlib
    from matplotlib.animation import FuncAnimation

    class Film(FuncAnimation):
        """A film that Pillow writes."""

        def save(self, filename: Any, writer: Any = "pillow", *args: Any, **named: Any) -> None:
            super().save(filename, writer, *args, **named)

    ranges = _ranges(trajectory.objective, window, [trajectory])
    ax = _axes()
    ax.figure.set_dpi(80)
    landscape(trajectory.objective, ranges, ax=ax, shape=trajectory.shape)
    title = ax.get_title()
    points = _flat_points(trajectory)
    (line,) = ax.plot([], [], color=VERMILION, linewidth=1.6, zorder=4)
    (head,) = ax.plot([], [], "o", color=VERMILION, markeredgecolor=BLACK, markersize=7, zorder=6)
    shown = np.unique(
        np.linspace(0, trajectory.steps, min(frames, trajectory.steps + 1)).astype(int)
    )

    def draw(k: int) -> tuple[Any, ...]:
        line.set_data(*points[: k + 1].T)
        head.set_data(*points[k : k + 1].T)
        ax.set_title(f"{title}\nstep {k}, J = {trajectory.losses[k]:.4g}", fontsize=10)
        return line, head

    draw(0)
    return Film(ax.figure, draw, frames=shown.tolist(), interval=1000 / fps)


# What is drawn ----------------------------------------------------------------------------------------


def _checked(trajectories: Mapping[str, Any]) -> dict[str, Any]:
    if not trajectories:
        raise ValueError("there are no trajectories to compare")
    return dict(trajectories)


def _axes() -> Any:
    figure = figure_class()(figsize=(6.4, 4.8), dpi=150, layout="constrained")
    return figure.subplots()


def _title(objective: Any) -> str:
    return getattr(objective, "equation", "")


def _is_described(objective: Any) -> bool:
    """Tell whether a function knows its window and takes many points at once, as an ``Objective`` does."""
    return getattr(objective, "takes_many", False)


def _symbols(objective: Any, dimension: int) -> tuple[str, ...]:
    return getattr(objective, "symbols", default_symbols(dimension))


def _lowest(objective: Any) -> float | None:
    """Return the lowest known value of a function, if there is one."""
    lowest = getattr(objective, "lowest", None)
    return None if lowest is None else lowest.value


def _named(ax: Any) -> tuple[list[Any], list[str]]:
    """Return what has a name, each name once, for a legend."""
    first: dict[str, Any] = {}
    for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
        first.setdefault(name, handle)
    return list(first.values()), list(first)


def _finish(ax: Any) -> None:
    """Put a legend below, where it hides nothing."""
    handles, names = _named(ax)
    if handles:
        ax.legend(
            handles, names, fontsize=8, frameon=False, ncols=4, loc="upper center",
            bbox_to_anchor=(0.5, -0.1),
        )  # fmt: skip


def _draw_function(ax: Any, objective: Any, ranges: list[Any], shape: Any) -> Any:
    """Draw the curve or the contours; return what has the colours of contours."""
    draw = _draw_curve if len(ranges) == 1 else _draw_contours
    return draw(ax, objective, ranges, shape)


def _draw_curve(ax: Any, objective: Any, ranges: list[tuple[float, float]], shape: Any) -> None:
    x = np.linspace(*ranges[0], 801)
    at = x if _is_described(objective) else x.reshape(-1, *(shape or ()))
    y = _broken_at_jumps(values_at(objective, at))
    ax.plot(x, y, color=BLUE, linewidth=1.8)
    for point in getattr(objective, "minima", ()):
        ax.plot(point.at, point.value, "*", **STAR)
    low, high = np.nanmin(y), np.nanmax(y)
    margin = 0.06 * (high - low) or 1.0
    ax.set(xlabel=_symbols(objective, 1)[0], ylabel="J", xlim=ranges[0])
    ax.set_ylim(low - margin, high + margin)
    ax.grid(which="major", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)


def _broken_at_jumps(y: np.ndarray) -> np.ndarray:
    """Return values with NaN where they jump, so that no line is drawn there, or are not finite."""
    y = np.where(np.isfinite(y), y, math.nan)
    if np.isnan(y).all():
        raise ValueError(NOWHERE)
    moves = np.abs(np.diff(y))
    large = 20 * np.nanmedian(moves) + 0.02 * (np.nanmax(y) - np.nanmin(y))
    y[1:][moves > large] = math.nan
    return y


def _draw_contours(ax: Any, objective: Any, ranges: list[tuple[float, float]], shape: Any) -> Any:
    """Draw contours, and return what has their colours."""
    x, y, z = _grid(objective, ranges, shape)
    levels = levels_of(z, objective)
    masked = np.ma.masked_invalid(z)
    filled = ax.contourf(x, y, masked, levels=levels, cmap=_colours(), norm=_norm(levels))
    ax.contour(x, y, masked, levels=levels, colors="0.55", linewidths=0.4)
    for point in getattr(objective, "minima", ()):
        ax.plot(*point.at, "*", **STAR)
    names = _symbols(objective, 2)
    ax.set(xlabel=names[0], ylabel=names[1], xlim=ranges[0], ylim=ranges[1])
    return filled


def _add_bar(filled: Any, axes: Any) -> None:
    """Add a bar that tells which colour is which value."""
    figure = filled.axes.figure
    bar = figure.colorbar(filled, ax=axes, ticks=filled.levels[::4], format="%.3g", pad=0.02)
    bar.set_label("J", rotation=0)


def _draw_way(
    ax: Any, trajectory: Any, colour: str, stroke: str, name: str | None = None, ends: bool = False
) -> None:
    """Draw a line through the points, and markers of its ends."""
    points = _flat_points(trajectory)
    marker = "o" if len(points) <= FEW else ""
    width = 0.8 if trajectory.points.shape[1] == 1 else 1.4  # along a curve there is one already
    ax.plot(
        *points.T, stroke, color=colour, linewidth=width, marker=marker, markersize=2.8, zorder=4, label=name
    )  # fmt: skip
    edge = {"markeredgecolor": BLACK, "markeredgewidth": 0.8, "linestyle": "", "zorder": 6}
    labels = ("start", "end") if ends else (None, None)
    ax.plot(*points[:1].T, "o", color="white", markersize=6.5, label=labels[0], **edge)
    ax.plot(*points[-1:].T, "o", color=colour, markersize=6.5, label=labels[1], **edge)


def _flat_points(trajectory: Any) -> np.ndarray:
    """Return where the points are in the plane: with the value for a function of one number."""
    if trajectory.points.shape[1] == 1:
        return np.column_stack([trajectory.points, trajectory.losses])
    return trajectory.points


def _within(trajectory: Any, ranges: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return points and values, those outside of the window as NaN, which are not drawn."""
    points, heights = trajectory.points.astype(float), trajectory.losses.copy()
    low, high = np.array(ranges).T
    outside = ((points < low) | (points > high)).any(axis=1)
    points[outside], heights[outside] = math.nan, math.nan
    return points, heights


# Windows, values and levels ---------------------------------------------------------------------------


def _ranges(
    objective: Any, window: Window, trajectories: list[Any] | None = None
) -> list[tuple[float, float]]:
    """Return the window: as given, of the function and around the starts, or around all points."""
    points = [one.points for one in trajectories or []]
    if window is not None:
        window = [window] if np.ndim(window) == 1 else window
    elif _is_described(objective):
        window = [
            (min(low, *starts), max(high, *starts)) if starts else (low, high)
            for (low, high), *starts in zip(objective.window, *(p[0] for p in points), strict=True)
        ]
    elif points:
        window = [_around(column) for column in np.concatenate(points).T]
    else:
        raise ValueError("give a window, the function has none of its own")
    if len(window) not in (1, 2):
        raise ValueError(
            f"functions of one or two numbers can be drawn, this one has {len(window)}; see curves()"
        )
    return [(float(low), float(high)) for low, high in window]


def _around(values: np.ndarray) -> tuple[float, float]:
    """Return a range around finite values, with a margin."""
    known = values[np.isfinite(values)]
    if not len(known):
        return -1.0, 1.0
    low, high = float(known.min()), float(known.max())
    margin = 0.2 * (high - low) or 1.0
    return low - margin, high + margin


def _grid(objective: Any, ranges: list[tuple[float, float]], shape: Any) -> tuple[Any, Any, Any]:
    """Return the values on a grid; a function that is called once a point gets a coarser one."""
    n = 301 if _is_described(objective) else 61
    x, y = np.meshgrid(*(np.linspace(low, high, n) for low, high in ranges))
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    if not _is_described(objective):
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
    lowest = _lowest(objective)
    low = known.min() if lowest is None else min(known.min(), lowest)
    height = known.max() - low
    if not height > 0:
        return np.linspace(low - 0.5, low + 0.5, LEVELS)
    soft = max(float(np.quantile(known - low, 0.02)), 1e-6 * height)
    return low + soft * np.expm1(np.linspace(0, math.log1p(height / soft), LEVELS))


def _colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("valley", [LOW, HIGH])


def _norm(levels: np.ndarray) -> Any:
    from matplotlib.colors import BoundaryNorm

    return BoundaryNorm(levels, 256)
