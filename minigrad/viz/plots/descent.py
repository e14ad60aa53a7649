"""Pictures of functions and of the ways over them (extra ``plot``): contours and curves.

Functions return a figure and show nothing; with ``ax`` they draw there, in colours that can be read on that
paper.  The known minima are stars.  What is drawn of a function is in
:mod:`minigrad.viz.plots.landscapes`, films are in :mod:`minigrad.viz.plots.racing`, surfaces in
:mod:`minigrad.viz.plots.surfaces`, the look is that of :mod:`minigrad.viz.plots.style`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

import numpy as np

from minigrad.viz.plots.landscapes import (
    Ranges,
    Window,
    add_levels_bar,
    checked,
    draw_function,
    draw_way,
    lowest_of,
    ranges_of,
    title_of,
)
from minigrad.viz.plots.style import (
    FEW,
    add_heading,
    add_legend,
    add_note,
    add_title,
    axes_or_new,
    count_in_integers,
    dress,
    first_of_each,
    legend_look,
    look_of,
    small_pictures,
)

__all__ = ["compare", "curves", "landscape", "path", "side_by_side"]

HIGHEST = 1e250
"""Curves of what diverges end there: a logarithmic scale has no room for more."""

# Over contours ----------------------------------------------------------------------------------------


def landscape(
    objective: Callable[..., Any],
    window: Window = None,
    *,
    ax: Any = None,
    shape: Any = None,
    bar: bool | None = None,
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
    bar : bool, optional
        Whether a bar tells the values of contours; in a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no window, or it is not one of one or two numbers.

    Examples
    --------
    >>> from minigrad import viz
    >>> from minigrad.optim import functions
    >>> viz.landscape(functions.himmelblau).axes[0].get_title()
    '(x² + y − 11)² + (x + y² − 7)²'
    """
    return _drawn(ax, objective, ranges_of(objective, window), shape, bar)


def path(trajectory: Any, window: Window = None, *, ax: Any = None, bar: bool | None = None) -> Any:
    """Draw a trajectory over the contours of its function, or over its curve.

    Parameters
    ----------
    trajectory : Trajectory
        What :func:`~minigrad.optim.minimize` returned.
    window, ax, bar : optional
        As for :func:`landscape`; the window holds the start at least.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If it is a function of more than two numbers.

    Examples
    --------
    >>> from minigrad import optim, viz
    >>> from minigrad.optim import functions
    >>> way = optim.minimize(functions.himmelblau, (0.0, 0.0), optim.LineSearchGD, steps=10)
    >>> figure = viz.path(way)
    """
    ranges = ranges_of(trajectory.objective, window, [trajectory])

    def draw(ax: Any) -> None:
        draw_way(ax, trajectory, *look_of(ax).ways[0], ends=True)

    return _drawn(ax, trajectory.objective, ranges, trajectory.shape, bar, draw)


def compare(
    trajectories: Mapping[str, Any],
    window: Window = None,
    *,
    ax: Any = None,
    title: str = "",
    bar: bool | None = None,
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
    bar : bool, optional
        Whether a bar tells the values of contours; in a new figure if not given.

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
    paths = checked(trajectories)
    first = next(iter(paths.values()))
    ranges = ranges_of(first.objective, window, list(paths.values()))

    def draw(ax: Any) -> None:
        for (name, one), look in zip(paths.items(), cycle(look_of(ax).ways), strict=False):
            draw_way(ax, one, *look, name=name)

    return _drawn(ax, first.objective, ranges, first.shape, bar, draw, title)


def side_by_side(
    trajectories: Mapping[str, Any], window: Window = None, *, columns: int = 2, title: str = ""
) -> Any:
    """Draw several trajectories in small pictures of their own, all of one window.

    Over one function, one bar tells the values of contours; over several, each picture has its own.

    Parameters
    ----------
    trajectories : mapping of str to Trajectory
        What stands above each -> the trajectory.
    window : tuple of (float, float), optional
        One range for each number.
    columns : int, default 2
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
        If there are no trajectories, or not over one or two numbers, or not all over as many.
    """
    paths = checked(trajectories)
    first = next(iter(paths.values()))
    ranges = ranges_of(first.objective, window, list(paths.values()))
    alike = all(one.objective is first.objective for one in paths.values())
    figure, places = small_pictures(len(paths), columns, height=3.2)
    for ax, (name, one) in zip(places, paths.items(), strict=True):
        filled = draw_function(ax, one.objective, ranges, one.shape)
        draw_way(ax, one, *look_of(ax).ways[0], ends=True)
        formula = "" if alike else title_of(one.objective) + "\n"
        add_title(ax, f"{name}\n{formula}{one.steps} steps, J = {one.fun:.3g}")
        dress(ax, grid=filled is None)
        if filled is not None and not alike:
            add_levels_bar(filled, ax)
    if filled is not None and alike:
        add_levels_bar(filled, places)
    add_heading(places[0], title)
    handles, names = first_of_each(places[0])
    figure.legend(
        handles, names, loc="outside lower center", ncols=len(names), **legend_look(places[0])
    )
    return figure


def _drawn(
    ax: Any,
    objective: Any,
    ranges: Ranges,
    shape: Any,
    bar: bool | None,
    draw: Callable[[Any], None] = lambda ax: None,
    title: str = "",
) -> Any:
    """Return the figure of a function, and of what ``draw(ax)`` puts over it."""
    bar = ax is None if bar is None else bar
    ax = axes_or_new(ax)
    filled = draw_function(ax, objective, ranges, shape)
    if filled is not None and bar:
        add_levels_bar(filled, ax)
    draw(ax)
    add_title(ax, title or title_of(objective))
    dress(ax, grid=filled is None)  # contours are lines enough
    add_legend(ax, below=True)
    return ax.figure


# Over the steps ---------------------------------------------------------------------------------------


def curves(trajectory: Any) -> Any:
    """Draw value, norm of the gradient and rate over the steps; see :meth:`Trajectory.curves`."""
    figure, axes = small_pictures(3, 3, height=2.6)
    lowest = lowest_of(trajectory.objective)
    above = trajectory.losses - (lowest or 0.0)
    norms = np.hypot.reduce(np.abs(trajectory.gradients), axis=1)  # squares of large ones overflow
    label = "J" if not lowest else f"J − ({lowest:.4g}), the lowest known"
    rates = trajectory.rates
    panels = [(above, label), (norms, "‖∇J‖"), (rates, "learning rate")]
    for ax, (values, ylabel), colour in zip(axes, panels, look_of(axes[0]).colours, strict=False):
        values = np.where(np.abs(values) < HIGHEST, values, np.nan)
        ax.plot(values, color=colour, linewidth=1.8, marker="." if len(values) <= FEW else "")
        known = values[np.isfinite(values)]
        if not len(known):
            add_note(ax, 0.5, 0.5, "not observed", ha="center", va="center")
        elif ax is not axes[2] and known.min() >= 0 and known.max() > 0:
            ax.set_yscale("log")
        elif ax is axes[2] and known.min() >= 0:
            ax.set_ylim(bottom=0)
        ax.set(xlabel="step", ylabel=ylabel)
        count_in_integers(ax.xaxis)
        dress(ax)
    add_heading(axes[0], title_of(trajectory.objective))
    return figure
