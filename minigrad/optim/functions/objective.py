"""What a test function is: a formula, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from minigrad._points import as_point, default_symbols
from minigrad._tensor import Tensor


class Point(NamedTuple):
    """A point of which the value is known.

    Attributes
    ----------
    at : float, or tuple of float
        Where it is.
    value : float
        The value there.
    smooth : bool, default True
        Whether there is a gradient, which is 0 then; not at a kink.
    """

    at: Any
    value: float
    smooth: bool = True


@dataclass(frozen=True)
class Objective:
    r"""A function to minimise, with what is known of it.

    A function of one number is computed elementwise.  A function of :math:`d > 1` numbers takes them
    along the last axis, so that one call computes it at many points.

    Parameters
    ----------
    name : str
        What it is called.
    equation : str
        Its formula as text.
    formula : callable
        Computes it by operations on tensors.
    dimension : int
        Of how many numbers :math:`d` it is a function.
    minima, maxima, saddles : tuple of Point
        Those that are known.
    window : tuple of (float, float)
        The part worth a picture, one range for each number.
    start : float or tuple of float
        A usual start.
    symbols : tuple of str, optional
        How the numbers are called in the formula; x, y, ... if not given.
    source : str
        Where it comes from: a document and its equation, or a paper.
    note : str
        What else there is to know.

    Raises
    ------
    ValueError
        When called with points of another dimension.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.optim import functions
    >>> f = functions.himmelblau
    >>> f([3.0, 2.0])
    tensor(0., dtype=float64)
    >>> f(mg.zeros(5, 4, 2)).shape
    Size([5, 4])
    >>> f.minima[0]
    Point(at=(3.0, 2.0), value=0.0, smooth=True)
    """

    name: str
    equation: str
    takes_many: ClassVar[bool] = True  # values_at calls it once for all points

    formula: Callable[[Tensor], Tensor] = field(repr=False)
    dimension: int
    minima: tuple[Point, ...] = field(default=(), repr=False)
    maxima: tuple[Point, ...] = field(default=(), repr=False)
    saddles: tuple[Point, ...] = field(default=(), repr=False)
    window: tuple[tuple[float, float], ...] = field(default=(), repr=False)
    start: float | tuple[float, ...] = field(default=0.0, repr=False)
    symbols: tuple[str, ...] = field(default=(), repr=False)
    source: str = ""
    note: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.symbols:
            object.__setattr__(self, "symbols", default_symbols(self.dimension))

    def __call__(self, theta: Any) -> Tensor:
        """Return the value at one point, or at many.

        Parameters
        ----------
        theta : Tensor or array_like, shape (...) if the dimension is 1, else (..., d)
            The points; Python's floats are float64 here, see :func:`as_point`.

        Returns
        -------
        Tensor, shape (...)
            In the dtype of ``theta``.
        """
        theta = as_point(theta)
        if self.dimension > 1 and (not theta.shape or theta.shape[-1] != self.dimension):
            raise ValueError(
                f"{self.name}: is a function of {self.dimension} numbers, expected shape "
                f"(..., {self.dimension}), got {tuple(theta.shape)}"
            )
        return self.formula(theta)

    @property
    def lowest(self) -> Point | None:
        """The lowest of the known minima, if there is one."""
        return min(self.minima, key=lambda point: point.value, default=None)

    def plot(self, window: Any = None, ax: Any = None) -> Any:
        """Draw the curve, or the contours, with the known minima as stars.

        Parameters
        ----------
        window : tuple of (float, float), optional
            One range for each number; its own if not given.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if not given.

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
        from minigrad.viz.plots.descent import landscape

        return landscape(self, window, ax=ax)

    def surface(self, window: Any = None, ax: Any = None) -> Any:
        """Draw a function of two numbers as a surface, in three dimensions.

        Parameters and errors are those of :meth:`plot`.
        """
        from minigrad.viz.plots.surfaces import surface

        return surface(self, window, ax=ax)
