"""Films of optimisers on their ways over a function (extra ``plot``), written as GIF by Pillow.

Nothing but matplotlib is needed, which brings Pillow: no ffmpeg.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from minigrad.viz.gif import gif_path
from minigrad.viz.plots.animation import Animation
from minigrad.viz.plots.landscapes import (
    Window,
    add_levels_bar,
    checked,
    draw_end,
    draw_function,
    flat_points,
    ranges_of,
    title_of,
)
from minigrad.viz.plots.style import add_legend, add_title, axes_or_new, dress, look_of

__all__ = ["Film", "animate", "race"]

FILM_DOTS = 110
"""Dots an inch: 700 across, fewer than in a picture, as there are many."""

STAY = 10
"""How many times longer the last frame is shown."""


def race(
    trajectories: Mapping[str, Any],
    window: Window = None,
    *,
    fps: int = 10,
    frames: int = 100,
    title: str = "",
) -> Any:
    """Return a film in which several optimisers go their ways over one function, step by step.

    Those that need fewer steps wait at their ends.

    Parameters
    ----------
    trajectories : mapping of str to Trajectory
        Name of each -> the trajectory, all over the function of the first.
    window : tuple of (float, float), optional
        One range for each number; that of the function with all starts, or around all points.
    fps : int, default 10
        How many frames a second, 0.1 to 50; GIF counts in hundredths of a second.
    frames : int, default 100
        How many frames at most; some steps are left out of longer ways.
    title : str, optional
        Text above; the formula if not given.

    Returns
    -------
    Film
        ``film.save("race.gif")`` writes it; a notebook shows it.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no trajectories, or not over one or two numbers, or not all over as many; if there is
        less than one frame.

    Examples
    --------
    >>> from minigrad import optim, viz
    >>> from minigrad.optim import functions
    >>> ways = {
    ...     name: optim.minimize(functions.himmelblau, (0.0, 0.0), make, steps=10)
    ...     for name, make in (("line search", optim.LineSearchGD), ("Newton-CG", optim.NewtonCG))
    ... }
    >>> film = viz.race(ways, fps=5)
    >>> len(film)  # the start, and 10 steps
    11
    """
    paths = checked(trajectories)
    above = title or title_of(next(iter(paths.values())).objective)
    return _film(paths, window, fps, frames, lambda k: f"{above}\nstep {k}".lstrip())


def animate(trajectory: Any, window: Window = None, *, fps: int = 10, frames: int = 100) -> Any:
    """Return a film of one way that grows; see :meth:`Trajectory.animate`."""
    above = title_of(trajectory.objective)

    def text(k: int) -> str:
        return f"{above}\nstep {k}, J = {trajectory.losses[k]:.4g}".lstrip()

    return _film({"": trajectory}, window, fps, frames, text)


def _film(paths: Mapping[str, Any], window: Window, fps: int, frames: int, text: Any) -> Any:
    """Return a film of ways over the function of the first; ``text(k)`` stands above step ``k``."""
    if frames < 1:
        raise ValueError(f"a film has at least 1 frame, got frames = {frames}")
    first = next(iter(paths.values()))
    ranges = ranges_of(first.objective, window, list(paths.values()))
    ax = axes_or_new(None, height=5.0)
    ax.figure.set_dpi(FILM_DOTS)
    filled = draw_function(ax, first.objective, ranges, first.shape)
    if filled is not None:
        add_levels_bar(filled, ax)
    ways = [
        _Way(ax, name, one, *look)
        for (name, one), look in zip(paths.items(), cycle(look_of(ax).ways), strict=False)
    ]
    add_title(ax, text(0))
    dress(ax, grid=filled is None)
    add_legend(ax, below=True)
    ax.figure.draw_without_rendering()
    ax.figure.set_layout_engine("none")  # nothing moves from frame to frame but the ways
    last = max(one.steps for one in paths.values())
    shown = np.unique(np.linspace(0, last, min(frames, last + 1)).astype(int))

    def move(k: int) -> None:
        ax.title.set_text(text(k))
        for way in ways:
            way.until(k)

    moving = [ax.title, *(mark for way in ways for mark in (way.line, way.head))]
    return Film(ax.figure, moving, move, shown.tolist(), fps)


class Film(Animation):
    """A figure in which something moves: what stands still is drawn once, for all frames.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What is seen.
    moving : sequence of matplotlib.artist.Artist
        What moves in it, in the order of drawing.
    move : callable
        ``move(k)`` brings it to step ``k``.
    steps : sequence of int
        The step of each frame.
    fps : float
        How many frames a second.

    Raises
    ------
    ValueError
        If there are not 0.1 to 50 frames a second.
    """

    def __init__(
        self,
        figure: Any,
        moving: Sequence[Any],
        move: Callable[[int], None],
        steps: Sequence[int],
        fps: float,
    ) -> None:
        super().__init__(fps)
        self.figure, self.steps = figure, list(steps)
        self._moving, self._move = moving, move
        self._move(self.steps[0])

    def __len__(self) -> int:
        return len(self.steps)

    def save(self, path: str | os.PathLike[str], *, dpi: float = FILM_DOTS) -> None:
        """Write the film, which begins again after its end; the last frame stays longer.

        Parameters
        ----------
        path : str or path
            Where to; the name ends in ".gif".
        dpi : float, default 110
            Dots an inch.

        Raises
        ------
        ValueError
            If the name does not end in ".gif".
        """
        gif_path(path).write_bytes(self._gif(self._images(dpi)))

    def _durations(self, count: int) -> list[int]:
        return [self._pause] * (count - 1) + [STAY * self._pause]

    def _images(self, dpi: float = FILM_DOTS) -> list[Any]:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        dots, canvas = self.figure.dpi, self.figure.canvas
        self.figure.set_dpi(dpi)
        agg = FigureCanvasAgg(self.figure)
        images = []
        try:
            for artist in self._moving:
                artist.set_animated(True)  # not drawn now
            agg.draw()
            still = agg.copy_from_bbox(self.figure.bbox)
            for k in self.steps:
                agg.restore_region(still)
                self._move(k)
                for artist in self._moving:
                    artist.draw(agg.get_renderer())
                images.append(Image.fromarray(np.asarray(agg.buffer_rgba())).convert("RGB"))
        finally:
            for artist in self._moving:
                artist.set_animated(False)
            self.figure.set_canvas(canvas)
            self.figure.set_dpi(dots)
        return images


class _Way:
    """One way in a film: a line with a head."""

    def __init__(self, ax: Any, name: str, trajectory: Any, colour: str, stroke: Any) -> None:
        self.points = flat_points(trajectory)
        style = {"color": colour, "linestyle": stroke, "linewidth": 1.8, "zorder": 4}
        (self.line,) = ax.plot([], [], label=name, **style)
        self.head = draw_end(ax, self.points[:1], colour)

    def until(self, k: int) -> None:
        """Draw the way until step ``k``, or to its end."""
        k = min(k, len(self.points) - 1)
        self.line.set_data(*self.points[: k + 1].T)
        self.head.set_data(*self.points[k : k + 1].T)
