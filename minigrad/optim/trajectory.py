"""The way of an optimiser over a function: its points, what was seen there, pictures and explanations."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

import minigrad.optim.explained  # noqa: F401  (what is printed of each class)
from minigrad.optim.explaining import Explanation, Page, explain


class Visited(NamedTuple):
    """A point of a trajectory, and what was seen there.

    Attributes
    ----------
    point : array, shape (d,)
        Where it is.
    loss : float
        The value there.
    gradient : array, shape (d,)
        The gradient there.
    """

    point: np.ndarray
    loss: float
    gradient: np.ndarray


class Step(NamedTuple):
    """What is kept of one step, to be explained.

    Attributes
    ----------
    hyper : dict
        The hyperparameters.
    given : array or None
        The gradient that the rule was given.
    before, after : dict
        What the optimiser kept.
    rate : float or None
        How far the step went, if the optimiser says so.
    next_lr : float
        The learning rate after the step.
    """

    hyper: dict[str, Any]
    given: np.ndarray | None
    before: dict[str, Any]
    after: dict[str, Any]
    rate: float | None = None
    next_lr: float = math.nan


@dataclass(repr=False, eq=False)
class Trajectory:
    """The points that :func:`~minigrad.optim.minimize` came through, in NumPy arrays on the host.

    Of ``K`` steps it has ``K + 1`` points; step ``k``, from 0 on, leads from ``points[k]`` to
    ``points[k + 1]``.  It is a sequence of ``(point, loss, gradient)``.

    Attributes
    ----------
    points : array, shape (K + 1, d)
        The points; a tensor of several axes is laid out in a row.
    losses : array, shape (K + 1,)
        The values there.
    gradients : array, shape (K + 1, d)
        The gradients there; NaN if the optimiser sees values alone.
    rates : array, shape (K,)
        The learning rate of each step, 0 if a search or a comparison kept the point; NaN if the optimiser
        has none.
    evaluations : array, shape (K + 1,)
        How often the optimiser had asked for the function by then.
    reason : str
        Why it ended.
    objective : callable
        The function.
    optimizer : type
        The class of the optimiser.
    equation : str
        Its rule, as text.
    shape : tuple of int
        The shape of the tensor.
    kept : list of Step or None
        What else is known of each step; ``None`` for more than a thousand numbers.
    base : (type, str) or None
        Class and rule of the optimiser within, of one such as SAM.
    measured : bool
        Whether ``losses`` and ``gradients`` are those of ``measure``.

    Examples
    --------
    >>> from functools import partial
    >>> from minigrad import optim
    >>> from minigrad.optim import functions
    >>> path = optim.minimize(functions.parabola, 0.0, partial(optim.SGD, lr=0.1), steps=3)
    >>> len(path), path.steps
    (4, 3)
    >>> for point, loss, gradient in path:
    ...     print(point, round(loss, 4), gradient)
    [0.] -9.0 [-6.]
    [0.6] -11.16 [-1.2]
    [0.72] -11.2464 [-0.24]
    [0.744] -11.2499 [-0.048]
    >>> path.explain(1)
    step 1: SGD, lr = 0.1
    θ = 0.6
    J(θ) = (-11.16)
    g = (-1.2)   = ∇J(θ)
    θ ← θ − η g
      = 0.6 − 0.1·(-1.2)
      = 0.72
    J(θ) = (-11.2464)
    """

    points: np.ndarray
    losses: np.ndarray
    gradients: np.ndarray
    rates: np.ndarray
    evaluations: np.ndarray
    reason: str
    objective: Callable[..., Any]
    optimizer: type
    equation: str
    shape: tuple[int, ...]
    kept: list[Step] | None = field(default=None)
    base: tuple[type, str] | None = None
    measured: bool = False

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.rates)

    @property
    def x(self) -> np.ndarray:
        """The last point, in the shape of the start."""
        return self.points[-1].reshape(self.shape)

    @property
    def fun(self) -> float:
        """The value at the last point."""
        return float(self.losses[-1])

    @property
    def best(self) -> int:
        """The number of the point with the lowest value."""
        return int(np.nanargmin(self.losses)) if not np.isnan(self.losses).all() else 0

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [self[i] for i in range(*k.indices(len(self)))]
        return Visited(self.points[k], float(self.losses[k]), self.gradients[k])

    def __iter__(self) -> Iterator[Visited]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        return f"Trajectory({self.steps} steps, from {self.losses[0]:g} to {self.fun:g}; {self.reason})"

    def explain(self, k: int) -> Explanation:
        """Return step ``k`` as text: the equations of the optimiser, and the numbers in them.

        Parameters
        ----------
        k : int
            The number of the step, from 0 on; -1 is the last.

        Returns
        -------
        Explanation
            Text that shows itself in a notebook and at the prompt.

        Raises
        ------
        IndexError
            If there is no such step.
        ValueError
            If it was not recorded, as for more than a thousand numbers.
        """
        k = operator.index(k)
        if not -self.steps <= k < self.steps:
            raise IndexError(f"explain: there is no step {k}, there are {self.steps} from 0 on")
        if self.kept is None:
            raise ValueError(
                f"explain: the steps of {self.points.shape[1]} numbers were not recorded"
            )
        k %= self.steps
        kept = self.kept[k]
        page = Page(
            optimizer=self.optimizer,
            equation=self.equation,
            number=k,
            start=self.points[k],
            end=self.points[k + 1],
            losses=(float(self.losses[k]), float(self.losses[k + 1])),
            gradient=self.gradients[k],
            given=kept.given,
            before=_in_a_row(kept.before),
            after=_in_a_row(kept.after),
            hyper=kept.hyper,
            rate=kept.rate,
            next_lr=kept.next_lr,
            base=self.base,
            measured=self.measured,
            shape=self.shape,
        )
        return explain(page)

    # Pictures -------------------------------------------------------------------------------------

    def plot(self, window: Any = None, ax: Any = None, *, bar: bool | None = None) -> Any:
        """Draw the way over the contours of the function, or over its curve.

        Parameters
        ----------
        window : tuple of (float, float), optional
            The part to draw, one range for each number; that of the function, or one around all points.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if not given.
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
            If it is a function of more than two numbers.
        """
        from minigrad.viz.plots.descent import path

        return path(self, window, ax=ax, bar=bar)

    def surface(self, window: Any = None, ax: Any = None, *, bar: bool | None = None) -> Any:
        """Draw the way over the function of two numbers as a surface, in three dimensions.

        Parameters and errors are those of :meth:`plot`; ``ax`` has the projection ``"3d"``.
        """
        from minigrad.viz.plots.surfaces import surface

        return surface(self.objective, window, self, ax=ax, bar=bar)

    def curves(self) -> Any:
        """Draw the value, the norm of the gradient and the rate over the steps.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from minigrad.viz.plots.descent import curves

        return curves(self)

    def animate(self, window: Any = None, *, fps: int = 10, frames: int = 100) -> Any:
        """Return the picture of :meth:`plot` as a film, in which the way grows.

        Parameters
        ----------
        window : optional
            As for :meth:`plot`.
        fps : int, default 10
            How many frames a second, 0.1 to 50.
        frames : int, default 100
            How many frames at most; some steps are left out of longer ways.

        Returns
        -------
        minigrad.viz.plots.racing.Film
            ``film.save("descent.gif")`` writes it, by Pillow; a notebook shows it.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If it is a function of more than two numbers.
        """
        from minigrad.viz.plots.racing import animate

        return animate(self, window, fps=fps, frames=frames)


def _in_a_row(kept: dict[str, Any]) -> dict[str, Any]:
    """Return arrays without their axes, as the points are."""
    return {n: v.reshape(-1) if isinstance(v, np.ndarray) else v for n, v in kept.items()}
