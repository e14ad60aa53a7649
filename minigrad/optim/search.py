"""Searching a window without following a gradient: on a grid, at random; and descents from many starts.

These are the first two ways of document 003, section 6.2, to a global minimum.  What they cost grows with
the number of dimensions as a power.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad._points import values_at
from minigrad._tensor import Tensor
from minigrad.backend.generator import Generator, default_generator
from minigrad.optim.bar import with_bar
from minigrad.optim.functions.objective import Objective
from minigrad.optim.minimizing import minimize
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.trajectory import Trajectory

Function = Callable[[Tensor], Tensor]
Window = Sequence[Any]

CHUNK = 4096
"""How many points a function that takes many is given at once."""


@dataclass(repr=False, eq=False)
class Searched:
    """Points that were tried, and the lowest of them.

    Attributes
    ----------
    points : array, shape (n, d), or (n,) for a function of one number
        The points.
    values : array, shape (n,)
        The values there.
    """

    points: np.ndarray
    values: np.ndarray

    @property
    def evaluations(self) -> int:
        """How many points were tried."""
        return len(self.values)

    @property
    def x(self) -> np.ndarray:
        """The point with the lowest value."""
        return self.points[self._lowest()]

    @property
    def fun(self) -> float:
        """The lowest value."""
        return float(self.values[self._lowest()])

    def _lowest(self) -> int:
        return int(np.where(np.isnan(self.values), math.inf, self.values).argmin())

    def __repr__(self) -> str:
        return (
            f"Searched({self.evaluations} points; {self.fun:g} at {np.round(self.x, 6).tolist()})"
        )


def grid(
    objective: Function,
    window: Window | None = None,
    counts: int | Sequence[int] = 200,
    *,
    progress: bool = False,
) -> Searched:
    """Try all points of a grid: exhaustive search.

    Parameters
    ----------
    objective : callable
        As for :func:`~minigrad.optim.minimize`.
    window : sequence of (low, high), optional
        One range for each number, ends included; the function's own if not given.  One pair stands for a
        function of a tensor without axes.
    counts : int or sequence of int, default 200
        How many values of each number.
    progress : bool, default False
        Show a bar, in terminals.

    Returns
    -------
    Searched
        The points in the order of the grid, the last number changing fastest.

    Raises
    ------
    ValueError
        If a range or a count is none, or there are not as many counts as ranges.

    Examples
    --------
    >>> from minigrad.optim import functions, search
    >>> search.grid(functions.gabor, counts=201)
    Searched(40401 points; 0.645868 at [0.0, 16.0])
    """
    ranges, scalar = _ranges("grid", objective, window)
    each = [int(counts)] * len(ranges) if isinstance(counts, int | np.integer) else list(counts)
    if len(each) != len(ranges) or min(each) < 1:
        raise ValueError(f"grid: {len(ranges)} counts of at least 1 are needed, got {counts}")
    axes = [np.linspace(low, high, n) for (low, high), n in zip(ranges, each, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(ranges))
    return _try(objective, points, scalar, progress)


def random(
    objective: Function,
    window: Window | None = None,
    n: int = 1000,
    *,
    generator: Generator | None = None,
    progress: bool = False,
) -> Searched:
    """Try points drawn uniformly from a window.

    Parameters
    ----------
    objective, window, progress
        As for :func:`grid`.
    n : int, default 1000
        How many points.
    generator : Generator, optional
        Where they are drawn; the default generator if not given.

    Returns
    -------
    Searched

    Raises
    ------
    ValueError
        If a range is none, or ``n`` is less than 1.
    """
    ranges, scalar = _ranges("random", objective, window)
    return _try(objective, _draw("random", ranges, n, generator), scalar, progress)


@dataclass(repr=False, eq=False)
class Restarted:
    """Descents from several starts.

    Attributes
    ----------
    trajectories : list of Trajectory
        All of them, in the order of their starts.
    """

    trajectories: list[Trajectory]

    @property
    def best(self) -> Trajectory:
        """The one that ended lowest."""
        return min(self.trajectories, key=lambda path: _or_infinite(path.fun))

    @property
    def ends(self) -> np.ndarray:
        """The values at the ends."""
        return np.array([path.fun for path in self.trajectories])

    def share(self, value: float, tolerance: float = 1e-3) -> float:
        """Return which share of the descents ended at most ``tolerance`` above ``value``."""
        return float((self.ends <= value + tolerance).mean())

    def __len__(self) -> int:
        return len(self.trajectories)

    def __repr__(self) -> str:
        return f"Restarted({len(self)} descents; the best: {self.best})"


def restarts(
    objective: Function,
    optimizer: Callable[[list[Tensor]], Optimizer],
    n: int = 10,
    window: Window | None = None,
    *,
    generator: Generator | None = None,
    progress: bool = False,
    **options: Any,
) -> Restarted:
    r"""Minimise from starts drawn uniformly from a window; the best end counts.

    If one descent finds the global minimum with probability :math:`p`, :math:`n` of them do with probability
    :math:`1 - (1 - p)^n`.

    Parameters
    ----------
    objective, optimizer
        As for :func:`~minigrad.optim.minimize`.
    n : int, default 10
        How many descents.
    window : sequence of (low, high), optional
        As for :func:`grid`.
    generator : Generator, optional
        Where the starts are drawn; the default generator if not given.
    progress : bool, default False
        Show a bar, in terminals.
    **options
        For :func:`~minigrad.optim.minimize`: ``steps``, ``stop``, ``schedule``.

    Returns
    -------
    Restarted

    Raises
    ------
    ValueError
        If a range is none, or ``n`` is less than 1.

    Examples
    --------
    >>> from functools import partial
    >>> import minigrad as mg
    >>> from minigrad.optim import SGD, functions, search
    >>> generator = mg.Generator().manual_seed(0)
    >>> found = search.restarts(
    ...     functions.wavy, partial(SGD, lr=0.03), 10, generator=generator, steps=100
    ... )
    >>> round(found.best.x.item(), 4)
    -0.3021
    """
    ranges, scalar = _ranges("restarts", objective, window)
    starts = _draw("restarts", ranges, n, generator)
    return Restarted(
        [
            minimize(objective, start[0] if scalar else start, optimizer, **options)
            for start in with_bar(starts, progress, "descent")
        ]
    )


def _or_infinite(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _ranges(
    who: str, objective: Function, window: Window | None
) -> tuple[list[tuple[float, float]], bool]:
    """Return the ranges, and whether the function takes tensors without axes."""
    scalar = isinstance(objective, Objective) and objective.dimension == 1
    if window is None:
        if not isinstance(objective, Objective):
            raise ValueError(f"{who}: give a window, the function has none of its own")
        window = objective.window
    if np.ndim(window) == 1:
        window, scalar = [window], True
    ranges = [(float(low), float(high)) for low, high in window]
    for low, high in ranges:
        if not -math.inf < low < high < math.inf:
            raise ValueError(f"{who}: a range has to go from low to high, got ({low}, {high})")
    return ranges, scalar


def _draw(
    who: str, ranges: list[tuple[float, float]], n: int, generator: Generator | None
) -> np.ndarray:
    """Return ``n`` points of a window."""
    if n < 1:
        raise ValueError(f"{who}: n has to be at least 1, got {n}")
    low, high = np.array(ranges).T
    unit = (generator or default_generator).uniform((n, len(ranges)), np.dtype(np.float64))
    return low + (high - low) * unit


def _try(objective: Function, points: np.ndarray, scalar: bool, progress: bool) -> Searched:
    if scalar:
        points = points[:, 0]
    parts = [points[i : i + CHUNK] for i in range(0, len(points), CHUNK)]
    shown = with_bar(parts, progress, f"x {CHUNK} points")
    return Searched(points, np.concatenate([values_at(objective, part) for part in shown]))
