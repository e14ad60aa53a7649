r"""How far to go: searches for the step :math:`\alpha` along a direction.

Each search is a function of :math:`\varphi(\alpha) = L(\theta + \alpha d)`, any callable, and returns a
step :math:`\alpha`, or 0 where it finds none that is lower than :math:`\varphi(0)`; only
:func:`bracketing` returns a tiny step there, which is for its caller to compare.  Some need slopes
:math:`\varphi'(\alpha)` too::

    bracketing(lambda a: (a - 0.3) ** 2)
    strong_wolfe(lambda a: (a - 0.3) ** 2, slope=lambda a: 2 * (a - 0.3))

:class:`~minigrad.optim.LineSearchGD` and others use them.  All of them read losses, to compare them: a GPU
is waited for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["backtracking", "bracketing", "exact", "strong_wolfe"]

Function = Callable[[float], float]


# Searches -------------------------------------------------------------------------------------------


def bracketing(
    phi: Function, longest: float = 1.0, *, tolerance: float = 1e-5, iterations: int = 15
) -> float:
    r"""Close in on a minimum between 0 and ``longest``, by three rules for four points a < b < c < d.

    The points begin at 0, .33, .66 and 1 times ``longest``.  Then, until b and c are close:

    1. if a is the lowest of all four, halve the distances of b, c and d from a;
    2. else, if b is lower than c, d becomes c, and b and c divide the rest into thirds;
    3. else a becomes b, and b and c divide the rest into thirds.

    Parameters
    ----------
    phi : callable
        :math:`\varphi`.
    longest : float, default 1.0
        The longest step.
    tolerance : float, default 1e-5
        What is close.
    iterations : int, default 15
        How often the rules are applied, at most.

    Returns
    -------
    float
        The middle of b and c.  Where the function has several minima, it is near one of them; where it only
        rises, it is not 0 but tiny, 1.5e-5 of ``longest`` after 15 rules.

    References
    ----------
    Document 003, figure 6.1, and the notebooks 6.1 (10 iterations, up to 1) and 6.2 (15, up to .1) of its
    book: S. J. D. Prince, Understanding Deep Learning, 2023.

    Examples
    --------
    >>> round(bracketing(lambda a: (a - 0.3) ** 2), 3)
    0.3
    """
    a, b, c, d = 0.0, 0.33 * longest, 0.66 * longest, longest
    phi = _remembered(phi)
    for _ in range(iterations):
        if abs(b - c) <= tolerance:
            break
        if phi(a) <= min(phi(b), phi(c), phi(d)):
            b, c, d = a + (b - a) / 2, a + (c - a) / 2, a + (d - a) / 2
            continue
        if phi(b) < phi(c):
            d = c
        else:
            a = b
        b, c = a + (d - a) / 3, a + 2 * (d - a) / 3
    return (b + c) / 2


def _remembered(phi: Function) -> Function:
    """Return ``phi``, computed once for each argument, with nan above everything."""
    known: dict[float, float] = {}

    def value(alpha: float) -> float:
        if alpha not in known:
            found = phi(alpha)
            known[alpha] = math.inf if math.isnan(found) else found
        return known[alpha]

    return value


def backtracking(
    phi: Function,
    start: float = 1.0,
    *,
    slope: Function | None = None,
    shrink: float = 0.5,
    c1: float = 1e-4,
    iterations: int = 30,
) -> float:
    r"""Shorten the step until the loss falls enough: Armijo's rule.

    .. math:: \varphi(\alpha) \le \varphi(0) + c_1 \alpha \, \varphi'(0)

    Parameters
    ----------
    phi : callable
        :math:`\varphi`.
    start : float, default 1.0
        The step that is tried first.
    slope : callable, optional
        :math:`\varphi'`; ``phi.slope`` if not given.
    shrink : float, default 0.5
        By what a step that is too long is multiplied.
    c1 : float, default 1e-4
        How much of what the slope promises is enough, :math:`c_1`.
    iterations : int, default 30
        How many steps are tried, at most.

    Returns
    -------
    float
        The first step that is short enough; 0 if none is.

    References
    ----------
    L. Armijo, Minimization of functions having Lipschitz continuous first partial derivatives, 1966; J.
    Nocedal, S. J. Wright, Numerical optimization, 2006, algorithm 3.1.

    Examples
    --------
    >>> backtracking(lambda a: (a - 0.3) ** 2, slope=lambda a: 2 * (a - 0.3))
    0.5
    """
    value, promised = phi(0.0), c1 * _slope_of(phi, slope)(0.0)
    alpha = start
    for _ in range(iterations):
        if phi(alpha) <= value + alpha * promised:
            return alpha
        alpha *= shrink
    return 0.0


def _slope_of(phi: Any, slope: Function | None) -> Function:
    if slope is not None:
        return slope
    if not hasattr(phi, "slope"):
        raise TypeError(
            "this line search needs the derivative of phi; give it as slope=, a function of alpha"
        )
    return phi.slope


class Sample(NamedTuple):
    """What is known of the function at one step."""

    alpha: float
    value: float
    slope: float
    gradient: Any = None  # for whom it matters


def strong_wolfe(
    phi: Function,
    start: float = 1.0,
    *,
    slope: Function | None = None,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance: float = 1e-9,
    iterations: int = 25,
) -> float:
    r"""Look for a step where the loss has fallen enough and the slope too: the strong Wolfe conditions.

    .. math::
        \varphi(\alpha) \le \varphi(0) + c_1 \alpha \, \varphi'(0), \qquad
        |\varphi'(\alpha)| \le c_2 \, |\varphi'(0)|

    The step is lengthened until an interval is known that holds such points, and that is narrowed down,
    both by the minimum of the cubic with the values and slopes of its ends.

    Parameters
    ----------
    phi : callable
        :math:`\varphi`.
    start : float, default 1.0
        The step that is tried first.
    slope : callable, optional
        :math:`\varphi'`; ``phi.slope`` if not given.
    c1, c2 : float, default 1e-4, 0.9
        :math:`0 < c_1 < c_2 < 1`.
    tolerance : float, default 1e-9
        An interval as narrow as this is not narrowed down any more.
    iterations : int, default 25
        How many steps are tried after the first, at most.

    Returns
    -------
    float
        The step; where none was found, the lowest of those that were tried, or 0.

    Notes
    -----
    In every detail as in PyTorch's L-BFGS.

    References
    ----------
    J. Nocedal, S. J. Wright, Numerical optimization, 2006, algorithms 3.5 and 3.6, equation 3.59.

    Examples
    --------
    >>> round(strong_wolfe(lambda a: (a - 0.3) ** 2, slope=lambda a: 2 * (a - 0.3), c2=0.1), 9)
    0.3
    """
    slope = _slope_of(phi, slope)

    def at(alpha: float) -> Sample:
        return Sample(alpha, phi(alpha), slope(alpha))

    return search_strong_wolfe(at, at(0.0), start, c1, c2, tolerance, iterations).alpha


def search_strong_wolfe(
    at: Callable[[float], Sample],
    origin: Sample,
    start: float,
    c1: float,
    c2: float,
    tolerance: float,
    iterations: int,
) -> Sample:
    """Return what :func:`strong_wolfe` finds, with all that is known there."""

    def is_high(one: Sample) -> bool:
        # Not ">": nan is not low enough either.
        return not one.value <= origin.value + c1 * one.alpha * origin.slope

    def is_flat(one: Sample) -> bool:
        return abs(one.slope) <= -c2 * origin.slope

    before, now, tried = origin, at(start), 0
    while tried < iterations:
        if is_high(now) or (tried > 1 and now.value >= before.value):
            break
        if is_flat(now):
            return now
        if now.slope >= 0:
            break
        least = now.alpha + 0.01 * (now.alpha - before.alpha)
        alpha = cubic_minimum(before, now, least, 10 * now.alpha)
        before, now, tried = now, at(alpha), tried + 1
    else:
        before = origin
    ends = [before, now]
    low = _lower(ends)
    is_stuck = False
    while tried < iterations and abs(ends[1].alpha - ends[0].alpha) >= tolerance:
        alpha, is_stuck = _between(ends, is_stuck)
        now, tried = at(alpha), tried + 1
        if is_high(now) or now.value >= ends[low].value:
            ends[1 - low] = now
            low = _lower(ends)
            continue
        if is_flat(now):
            return now
        if now.slope * (ends[1 - low].alpha - ends[low].alpha) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = now
    return ends[low]


def _lower(ends: list[Sample]) -> int:
    """Return which of two is lower; nan is not."""
    return 1 if ends[1].value < ends[0].value or math.isnan(ends[0].value) else 0


def _between(ends: list[Sample], was_stuck: bool) -> tuple[float, bool]:
    """Return a step inside an interval, and whether it is close to an end; never so twice in a row."""
    left, right = sorted(end.alpha for end in ends)
    alpha = cubic_minimum(ends[0], ends[1], left, right)
    margin = 0.1 * (right - left)
    if min(right - alpha, alpha - left) >= margin:
        return alpha, False
    if was_stuck or alpha >= right or alpha <= left:
        return (right - margin if abs(alpha - right) < abs(alpha - left) else left + margin), False
    return alpha, True


def cubic_minimum(one: Sample, other: Sample, least: float, most: float) -> float:
    """Return where the cubic through two points with their slopes is lowest between ``least`` and ``most``.

    If it has no minimum, the middle of these.
    """
    x, y = (one, other) if one.alpha <= other.alpha else (other, one)
    d1 = x.slope + y.slope - 3 * (x.value - y.value) / (x.alpha - y.alpha)
    square = d1 * d1 - x.slope * y.slope
    d2 = math.sqrt(square) if square >= 0 else math.nan
    rise = y.slope - x.slope + 2 * d2
    alpha = y.alpha - (y.alpha - x.alpha) * ((y.slope + d2 - d1) / rise) if rise else math.nan
    return (least + most) / 2 if math.isnan(alpha) else min(max(alpha, least), most)


def exact(phi: Any, scale: float = 1.0) -> float:
    r"""Go to the minimum of the parabola that has the slope and the curvature of the loss at the start.

    .. math:: \alpha = -\frac{\varphi'(0)}{\varphi''(0)} = \frac{g^\top g}{g^\top H g}
        \qquad (d = -g)

    On a quadratic that is the minimum along the line.

    Parameters
    ----------
    phi : Line
        Has ``slope(alpha)``, and ``curvature()``, which returns :math:`\varphi''(0) = d^\top H d`.
    scale : float, default 1.0
        What the step is multiplied by.

    Returns
    -------
    float
        The step; 0 if the curvature is not positive, and so the parabola has no minimum.
    """
    slope, curvature = phi.slope(0.0), phi.curvature()
    return -scale * slope / curvature if curvature > 0 else 0.0


SEARCHES: dict[str, Callable[[Any, float], float]] = {
    "bracketing": bracketing,
    "backtracking": backtracking,
    "strong_wolfe": strong_wolfe,
    "exact": exact,
}
