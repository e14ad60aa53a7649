"""Functions of two numbers as surfaces, with ways on them (extra ``plot``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.viz.plots.landscapes import (
    Ranges,
    Window,
    add_levels_bar,
    levels_of,
    lies_within,
    norm_of,
    ranges_of,
    symbols_of,
    title_of,
    values_on_grid,
)
from minigrad.viz.plots.style import (
    FEW,
    LABEL,
    SMALL,
    Theme,
    add_title,
    blank_figure,
    checked_axes,
    first_of_each,
    legend_look,
    look_of,
)

__all__ = ["surface"]

ASPECT = np.array([4, 4, 3])
"""How long the sides of the box are, to each other."""

FACETS = 120
"""So many along each side."""

DARKEST = 0.62
"""How bright what is away from the lamp is."""

BETWEEN = 12
"""In so many parts a step is drawn, along the surface."""

LIFT = 0.012
"""How far above the surface a way is, of the height of the box."""


def surface(
    objective: Callable[..., Any],
    window: Window = None,
    trajectory: Any = None,
    *,
    ax: Any = None,
    bar: bool | None = None,
) -> Any:
    """Draw a function of two numbers as a surface, and a trajectory on it if there is one.

    What of the trajectory is behind a slope, as the picture is seen when it is drawn, is dotted.

    Parameters
    ----------
    objective : callable
        The function.
    window : tuple of (float, float), optional
        One range for each number.
    trajectory : Trajectory, optional
        Drawn as a line on the surface.
    ax : mpl_toolkits.mplot3d.axes3d.Axes3D, optional
        Where to draw, seen as it is (``ax.view_init(...)`` comes first); a new figure if not given.
    bar : bool, optional
        Whether a bar tells the values of colours; in a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If ``ax`` has not three dimensions.
    ValueError
        If it is not a function of two numbers.

    Examples
    --------
    >>> from minigrad import optim, viz
    >>> from minigrad.optim import functions
    >>> way = optim.minimize(functions.himmelblau, (0.0, 0.0), optim.LineSearchGD, steps=10)
    >>> figure = viz.surface(functions.himmelblau, trajectory=way)
    """
    ranges = ranges_of(objective, window, [] if trajectory is None else [trajectory])
    if len(ranges) != 2:
        raise ValueError("surface: a surface is of a function of two numbers, this one has one")
    bar = ax is None if bar is None else bar
    ax = _new_box() if ax is None else checked_axes(ax, plane=False)
    x, y, z = values_on_grid(objective, ranges, trajectory and trajectory.shape)
    coloured = _draw_surface(ax, x, y, z, levels_of(z, objective))
    hills = _Hills(ax, ranges, z)
    _mark(ax, [point.at for point in getattr(objective, "minima", ())], hills, "known minimum")
    if trajectory is not None:
        _draw_way(ax, trajectory, hills)
    names = symbols_of(objective, 2)
    ax.set(xlabel=names[0], ylabel=names[1], zlabel="J", xlim=ranges[0], ylim=ranges[1])
    ax.set_zlim(*hills.heights)
    ax.locator_params(nbins=5)
    add_title(ax, title_of(objective))
    _dress_box(ax)
    if bar:
        add_levels_bar(coloured, ax, shrink=0.6, pad=0.09)
    handles, known = first_of_each(ax)
    if handles:
        ax.legend(
            handles, known, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.05),
            **legend_look(ax),
        )  # fmt: skip
    return ax.figure


def _new_box() -> Any:
    figure = blank_figure(7.0, 5.4, layout=None)
    figure.subplots_adjust(left=0, right=0.96, bottom=0.14, top=0.95)
    ax = figure.add_subplot(projection="3d")
    ax.view_init(elev=48, azim=-60)  # into the valleys
    return ax


def _draw_surface(ax: Any, x: Any, y: Any, z: Any, levels: np.ndarray) -> Any:
    """Draw the surface in the light of a lamp; return what has its colours without it."""
    from matplotlib.cm import ScalarMappable

    ax.computed_zorder = False
    ax.set_proj_type("ortho")
    ax.set_box_aspect(ASPECT)
    coloured = ScalarMappable(norm_of(levels), _slope_colours(look_of(ax)))
    colours = coloured.to_rgba(np.ma.masked_invalid(z))
    colours[..., :3] *= _brightness(ax, z)[..., None]
    ax.plot_surface(
        x, y, z, facecolors=colours, shade=False, rcount=FACETS, ccount=FACETS, linewidth=0,
        antialiased=False, zorder=1,
    )  # fmt: skip
    return coloured


def _brightness(ax: Any, z: np.ndarray) -> np.ndarray:
    """Return how bright each place is, up to 1: by a lamp above the left shoulder of who looks."""
    known = z[np.isfinite(z)]
    z = np.where(np.isfinite(z), z, np.nan)
    height = ASPECT[2] * (z - known.min()) / (np.ptp(known) or 1.0)
    step = ASPECT[0] / (len(z) - 1)
    down_y, down_x = (-slope for slope in np.gradient(height, step))
    side, up = np.radians([ax.azim - 50, 55])
    lamp = np.cos(up) * np.cos(side), np.cos(up) * np.sin(side), np.sin(up)
    cosine = (down_x * lamp[0] + down_y * lamp[1] + lamp[2]) / np.sqrt(1 + down_x**2 + down_y**2)
    return DARKEST + (1 - DARKEST) * np.clip(np.nan_to_num(cosine), 0, 1)


def _slope_colours(look: Theme) -> Any:
    """Return the colours from valleys to heights, which are not those of the paper."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    paper, grey = np.array(to_rgb(look.paper)), np.array(to_rgb(look.grey))
    return LinearSegmentedColormap.from_list(
        "slope", [look.deep, tuple(paper + 0.3 * (grey - paper))]
    )


class _Hills:
    """The surface, in a box whose sides are 0 to 1, and from where it is seen."""

    def __init__(self, ax: Any, ranges: Ranges, z: np.ndarray) -> None:
        known = z[np.isfinite(z)]
        low, high = float(known.min()), float(known.max())
        self.heights = (low, high if high > low else low + 1)
        self.low, self.high = np.array(ranges).T
        self.z = (z - low) / (self.heights[1] - low)
        up, around = np.radians([ax.elev, ax.azim])
        towards = np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])
        self.towards = towards / ASPECT

    def height(self, places: np.ndarray) -> np.ndarray:
        """Return the height at places (..., 2), between those of the grid; NaN outside."""
        last = len(self.z) - 1
        at = places * last
        cell = np.clip(np.floor(at), 0, last - 1).astype(int)
        (across, up), (j, i) = np.moveaxis(at - cell, -1, 0), np.moveaxis(cell, -1, 0)
        z = self.z
        below = (1 - across) * z[i, j] + across * z[i, j + 1]
        above = (1 - across) * z[i + 1, j] + across * z[i + 1, j + 1]
        outside = ((places < -1e-9) | (places > 1 + 1e-9)).any(axis=-1)
        return np.where(outside, np.nan, (1 - up) * below + up * above)

    def placed(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return points on the surface (n, 3), and which of them a slope hides."""
        places = (points - self.low) / (self.high - self.low)
        there = np.column_stack([places, self.height(places) + LIFT])
        length = 1.5 / np.abs(self.towards).max()
        ray = np.linspace(0.01, 1, 200)[:, None, None] * length * self.towards
        on_the_way = there + ray
        with np.errstate(invalid="ignore"):
            hidden = (self.height(on_the_way[..., :2]) > on_the_way[..., 2]).any(axis=0)
        heights = self.heights[0] + there[:, 2] * (self.heights[1] - self.heights[0])
        return np.column_stack([points, heights]), hidden


def _draw_way(ax: Any, trajectory: Any, hills: _Hills) -> None:
    """Draw a way on the surface: dotted where it is hidden, nothing outside of the window."""
    look = look_of(ax)
    colour, _ = look.ways[0]
    points = trajectory.points.astype(np.float64)
    parts = BETWEEN if len(points) <= 200 else 1
    steps = np.linspace(0, len(points) - 1, parts * (len(points) - 1) + 1)
    along = np.column_stack([np.interp(steps, range(len(points)), c) for c in points.T])
    places, hidden = hills.placed(along)
    for those, style in (
        (hidden, {"linestyle": ":", "linewidth": 1.2}),
        (~hidden, {"linewidth": 2}),
    ):
        shown = np.where(those[:, None], places, np.nan)
        ax.plot(*shown.T, color=colour, zorder=5, **style)
    if len(points) <= FEW:
        seen = places[::parts][~hidden[::parts]]
        ax.plot(*seen.T, "o", color=colour, markersize=3, zorder=5)
    _mark(ax, points[:1], hills, "start", "o", look.paper)
    _mark(ax, points[-1:], hills, "end", "o", colour)


def _mark(
    ax: Any, points: Any, hills: _Hills, name: str, marker: str = "*", colour: str = ""
) -> None:
    """Mark points; what is hidden is pale."""
    look = look_of(ax)
    style: dict[str, Any] = {"markeredgecolor": look.ink, "markeredgewidth": 0.8, "zorder": 6}
    style |= {"color": colour or look.star, "markersize": 14 if marker == "*" else 6}
    points = np.array(points, np.float64).reshape(-1, 2)
    inside = points[lies_within(points, np.column_stack([hills.low, hills.high]))]
    if len(inside):
        ax.plot([], [], [], marker, label=name, **style)  # in the legend nothing is pale
    for place, hidden in zip(*hills.placed(inside), strict=True):
        ax.plot(*place[:, None], marker, alpha=0.4 if hidden else 1, **style)


def _dress_box(ax: Any) -> None:
    """Give axes in three dimensions the look of their paper."""
    look = look_of(ax)
    ax.grid(False)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.pane.set(facecolor=look.paper, edgecolor=look.faint, alpha=1)
        axis.line.set(color=look.grey, linewidth=0.8)
        axis.label.set(color=look.ink, fontsize=LABEL)
        axis.get_offset_text().set(color=look.ink, fontsize=SMALL)
        axis.set_tick_params(color=look.grey, labelcolor=look.ink, labelsize=SMALL)
