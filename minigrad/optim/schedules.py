r"""Learning rates as functions of the step: to look at, plot and combine, without an optimizer.

A schedule is a factor.  With the initial rate :math:`\eta_0`, the rate in step :math:`t = 0, 1, 2, \dots` is

.. math:: \eta_t = \eta_0\, s(t)

What a step is, an update or an epoch, is up to whoever counts.  Times a number it is a rate; the product of
two schedules is a schedule; and one may follow after another::

    from minigrad.optim import schedules

    rate = 0.1 * schedules.WarmUp(10).then(schedules.Cosine(90), after=10)
    rate(0)            # 0.01
    rate.plot(100)     # a figure

An optimizer follows a schedule by :class:`~minigrad.optim.lr_scheduler.ScheduleLR`.

Equations and numbers are those of the documents that minigrad follows: 000 is the chapter "Gradient-Based
Learning Algorithms", 002 "Optimization via Gradient Descent", 003 "Fitting models", 004 the slides
"Gradient-Based Optimization".
"""

from __future__ import annotations

import math
import numbers
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from minigrad.optim.checks import (
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    WHOLE,
    check,
    check_choice,
    error,
)

__all__ = [
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Cyclic",
    "Exponential",
    "InverseSqrt",
    "InverseTime",
    "Lambda",
    "Linear",
    "MultiStep",
    "OneCycle",
    "Polynomial",
    "Product",
    "Schedule",
    "Sequential",
    "Step",
    "WarmUp",
]


class Schedule:
    """Base class of the schedules: a function of the step.

    A subclass has one method, ``rate``::

        @dataclass(frozen=True)
        class Halving(Schedule):
            every: int

            def rate(self, t):
                return 0.5 ** (t // self.every)

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.optim import schedules
    >>> schedule = schedules.Linear(100)
    >>> schedule(50)
    0.5
    >>> schedule(np.array([0, 1, 50, 99]))
    array([1.  , 0.99, 0.5 , 0.01])
    >>> rate = 0.1 * schedule
    >>> rate(50)
    0.05
    """

    __array_ufunc__ = None  # so that NumPy's numbers, too, leave the product to __rmul__

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``, a number; to be written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} has no method rate(t)")

    def __call__(self, t: Any) -> Any:
        """Return the factor in step ``t``.

        Parameters
        ----------
        t : number, or array of numbers
            Steps, from 0 on.

        Returns
        -------
        float, or array of float64
            In the shape of ``t``.
        """
        steps = np.asarray(t)
        rates = [float(self.rate(step)) for step in steps.ravel().tolist()]
        return np.array(rates).reshape(steps.shape) if steps.ndim else rates[0]

    def __mul__(self, other: Any) -> Schedule:
        if not (callable(other) or isinstance(other, numbers.Real)):
            return NotImplemented
        return Product((self, as_schedule(other)))

    def __rmul__(self, other: Any) -> Schedule:
        if not (callable(other) or isinstance(other, numbers.Real)):
            return NotImplemented
        return Product((as_schedule(other), self))

    def then(self, other: Schedule | Callable[[float], float], after: float) -> Schedule:
        """Return the schedule that is this one before step ``after``, and ``other`` from there on.

        ``other`` counts from its own step 0; see :class:`Sequential`.
        """
        return Sequential((self, as_schedule(other)), (after,))

    def plot(self, steps: int, *, title: str = "") -> Any:
        """Plot the first ``steps`` steps.

        Several schedules go into one figure by :func:`minigrad.viz.plots.pictures.rate_curves`.

        Parameters
        ----------
        steps : int
            How many.
        title : str, optional
            Text above.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from minigrad.viz.plots.pictures import rate_curves

        check(self, WHOLE, steps=steps)
        return rate_curves({type(self).__name__: self(np.arange(steps))}, title=title)


def as_schedule(given: Any) -> Schedule:
    """Return a schedule: the given one, or one made of a function or a number.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(given, Schedule):
        return given
    if callable(given):
        return Lambda(given)
    if isinstance(given, numbers.Real):
        return Constant(float(given))
    raise TypeError(
        f"a schedule is a function of the step or a number, got {type(given).__name__} {given!r}"
    )


# Decay ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Constant(Schedule):
    """The same factor in all steps.

    Parameters
    ----------
    value : float, default 1
        The factor.

    Raises
    ------
    TypeError, ValueError
        If it is no number, or negative.
    """

    value: float = 1.0

    def __post_init__(self) -> None:
        check(self, NOT_NEGATIVE, value=self.value)

    def rate(self, t: float) -> float:
        """Return the factor."""
        return self.value


@dataclass(frozen=True)
class Exponential(Schedule):
    r"""Exponential decay, :math:`s(t) = \gamma^t = \beta^{-t}`.

    Parameters
    ----------
    gamma : float
        What the rate is multiplied by in each step, as in PyTorch; or
    beta : float
        what it is divided by, :math:`\beta > 1`.

    Raises
    ------
    TypeError, ValueError
        If not exactly one of them is given, or it is out of range.

    Notes
    -----
    ``beta`` is that of document 000, eq. 1.3, where only :math:`\beta > 1` is a decay.  Document 003's
    :math:`1 / C^t` is ``Exponential(beta=C)``: it decays too fast to learn by.  The rates have a finite sum,
    so that descent stops wherever it has come to.

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> round(schedules.Exponential(beta=1.01)(100), 6)
    0.369711
    """

    gamma: float | None = None
    beta: float | None = None

    def __post_init__(self) -> None:
        _check_decay(self, self.gamma, self.beta)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        return _decayed(self.gamma, self.beta, t)


@dataclass(frozen=True)
class Step(Schedule):
    r"""Stepwise exponential decay.

    .. math:: s(t) = \gamma^{\lfloor t/M \rfloor} = \beta^{-\lfloor t/M \rfloor}

    ``Step(M, beta=2)`` halves the rate every ``M`` steps.

    Parameters
    ----------
    every : int
        The steps :math:`M` between two changes.
    gamma : float
        What the rate is multiplied by then, as in PyTorch; or
    beta : float
        what it is divided by, :math:`\beta > 1`.

    Raises
    ------
    TypeError, ValueError
        If not exactly one of ``gamma`` and ``beta`` is given, or a number is out of range.

    Notes
    -----
    Document 000, eq. 1.4; document 003, section 6.2.2, with epochs for steps.

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> schedules.Step(30, beta=2)([0, 29, 30, 60, 99])
    array([1.   , 1.   , 0.5  , 0.25 , 0.125])
    """

    every: float
    gamma: float | None = None
    beta: float | None = None

    def __post_init__(self) -> None:
        check(self, POSITIVE, every=self.every)
        _check_decay(self, self.gamma, self.beta)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        return _decayed(self.gamma, self.beta, t // self.every)


@dataclass(frozen=True)
class MultiStep(Schedule):
    r"""One more factor :math:`\gamma = 1/\beta` from each of some steps on.

    Parameters
    ----------
    milestones : sequence of int
        The steps, in any order; one that is there twice counts twice.
    gamma : float
        What the rate is multiplied by, as in PyTorch; or
    beta : float
        what it is divided by, :math:`\beta > 1`.

    Raises
    ------
    TypeError, ValueError
        If not exactly one of ``gamma`` and ``beta`` is given, or a number is out of range.
    """

    milestones: tuple[float, ...]
    gamma: float | None = None
    beta: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "milestones", tuple(sorted(self.milestones)))
        for milestone in self.milestones:
            check(self, NOT_NEGATIVE, milestone=milestone)
        _check_decay(self, self.gamma, self.beta)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        return _decayed(self.gamma, self.beta, bisect_right(self.milestones, t))


def _check_decay(schedule: Schedule, gamma: float | None, beta: float | None) -> None:
    if (gamma is None) == (beta is None):
        raise error(schedule, TypeError, "give either gamma, a factor, or beta = 1/gamma")
    if beta is None:
        check(schedule, NOT_NEGATIVE, gamma=gamma)
        return
    check(schedule, POSITIVE, beta=beta)
    if beta <= 1:
        raise error(
            schedule,
            ValueError,
            f"beta = {beta} is out of range, expected beta > 1: the rate is divided by it; what it is "
            f"multiplied by is gamma = 1/beta, so for that factor write gamma={beta}",
        )


def _decayed(gamma: float | None, beta: float | None, times: float) -> float:
    return gamma**times if gamma is not None else beta**-times  # type: ignore[operator]


@dataclass(frozen=True)
class InverseTime(Schedule):
    r"""A power of the step, :math:`s(t) = (1 + c\,t)^{-p}`.

    Parameters
    ----------
    decay : float, default 1
        :math:`c \ge 0`.
    power : float, default 1
        :math:`p \ge 0`; 0.5 for the inverse square root.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Notes
    -----
    Stochastic descent converges if :math:`\sum_t \eta_t = \infty` and :math:`\sum_t \eta_t^2 < \infty`, so
    for :math:`1/2 < p \le 1`.  That is what the notes in document 003 ask for: a rate that decreases, but
    not as fast as :math:`1/C^t`.

    References
    ----------
    - H. Robbins, S. Monro, A stochastic approximation method, 1951.
    """

    decay: float = 1.0
    power: float = 1.0

    def __post_init__(self) -> None:
        check(self, NOT_NEGATIVE, decay=self.decay, power=self.power)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        return (1 + self.decay * t) ** -self.power


@dataclass(frozen=True)
class InverseSqrt(Schedule):
    r"""Up linearly, then down like :math:`1/\sqrt t`.

    .. math:: s(t) = \min\left(\frac{t + 1}{w},\ \sqrt{\frac{w}{t + 1}}\right)

    Parameters
    ----------
    warmup : float, default 1
        The steps :math:`w` on the way up; from 1, there is none.

    Raises
    ------
    TypeError, ValueError
        If ``warmup`` is out of range.

    References
    ----------
    - A. Vaswani et al., Attention is all you need, 2017, eq. 3, with its largest rate as 1.
    """

    warmup: float = 1

    def __post_init__(self) -> None:
        check(self, POSITIVE, warmup=self.warmup)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        return min((t + 1) / self.warmup, math.sqrt(self.warmup / (t + 1)))


# From one value to another ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Linear(Schedule):
    r"""Straight from one value to another, which then stays.

    .. math:: s(t) = \left(1 - \frac{t}{K}\right) s_0 + \frac{t}{K}\, s_K \quad (t < K),
              \qquad s(t) = s_K \quad (t \ge K)

    Parameters
    ----------
    steps : float
        :math:`K`.
    start, end : float, default 1 and 0
        :math:`s_0` and :math:`s_K`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Notes
    -----
    ``Linear(K)`` is :math:`(K - t)/K`, document 000, eq. 1.5; the last rate that is used,
    in step :math:`K - 1`, is :math:`1/K`, not 0.  ``Linear(tau, end=0.01)`` is the schedule of document 004,
    with :math:`\tau` as updates; there it is given as 100 to 1000 passes through the data.

    This schedule depends on the length of the whole run, as does :class:`Cosine`: in step 50 it is 0.5 of
    100 steps and 0.75 of 200.  Runs of different lengths do not compare before their ends.

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> rate = 0.1 * schedules.Linear(100, end=0.01)
    >>> rate([0, 1, 50, 99, 100, 500])
    array([0.1    , 0.09901, 0.0505 , 0.00199, 0.001  , 0.001  ])
    """

    steps: float
    start: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        check(self, POSITIVE, steps=self.steps)
        check(self, NOT_NEGATIVE, start=self.start, end=self.end)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        return self.start + (self.end - self.start) * min(t, self.steps) / self.steps


@dataclass(frozen=True)
class WarmUp(Schedule):
    r"""A linear warm-up, :math:`s(t) = \min\left(1, \frac{t + 1}{w}\right)`.

    It begins with :math:`1/w`, not with 0: no step is wasted.

    Parameters
    ----------
    steps : float
        :math:`w`; step :math:`w - 1` is the first at the full rate.

    Raises
    ------
    TypeError, ValueError
        If ``steps`` is out of range.
    """

    steps: float

    def __post_init__(self) -> None:
        check(self, POSITIVE, steps=self.steps)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        return min(1.0, (t + 1) / self.steps)


@dataclass(frozen=True)
class Polynomial(Schedule):
    r"""From 1 down to ``end`` by a power, :math:`s(t) = e + (1 - e) \left(1 - \frac{t}{K}\right)^p`.

    Parameters
    ----------
    steps : float
        :math:`K`; from there on it is :math:`e`.
    power : float, default 1
        :math:`p > 0`.
    end : float, default 0
        :math:`e \ge 0`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """

    steps: float
    power: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        check(self, POSITIVE, steps=self.steps, power=self.power)
        check(self, NOT_NEGATIVE, end=self.end)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        rest = 1 - min(t, self.steps) / self.steps
        return self.end + (1 - self.end) * rest**self.power


@dataclass(frozen=True)
class Cosine(Schedule):
    r"""From 1 down to ``end`` by half a period of the cosine.

    .. math:: s(t) = e + (1 - e)\, \frac{1 + \cos(\pi t / K)}{2}

    Parameters
    ----------
    steps : float
        :math:`K`.
    end : float, default 0
        :math:`e \ge 0`.
    periodic : bool, default False
        What comes after step :math:`K`: ``False`` stays at :math:`e`; ``True`` climbs again, as PyTorch's
        ``CosineAnnealingLR`` does.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    References
    ----------
    - I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, 2017 (document 000,
      section 1.4).
    """

    steps: float
    end: float = 0.0
    periodic: bool = False

    def __post_init__(self) -> None:
        check(self, POSITIVE, steps=self.steps)
        check(self, NOT_NEGATIVE, end=self.end)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        if not self.periodic:
            t = min(t, self.steps)
        return self.end + (1 - self.end) * _falling_cosine(t / self.steps)


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    r"""Cosines with warm restarts: each period begins at 1 again, and may be longer than the last.

    In step :math:`T` of a period of :math:`T_i` steps,

    .. math:: s = e + (1 - e)\, \frac{1 + \cos(\pi T / T_i)}{2}, \qquad T_{i + 1} = m\, T_i

    Parameters
    ----------
    first : float
        The length :math:`T_0` of the first period.
    growth : float, default 1
        :math:`m \ge 1`.
    end : float, default 0
        :math:`e \ge 0`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    References
    ----------
    - I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, 2017, eq. 5
      (document 000, section 1.4).

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> rate = 0.1 * schedules.CosineRestarts(10, growth=2)
    >>> rate([0, 5, 9, 10, 20, 29, 30]).round(5)
    array([0.1    , 0.05   , 0.00245, 0.1    , 0.05   , 0.00062, 0.1    ])
    """

    first: float
    growth: float = 1
    end: float = 0.0

    def __post_init__(self) -> None:
        check(self, POSITIVE, first=self.first)
        check(self, NOT_NEGATIVE, end=self.end)
        check(self, (">= 1", lambda value: 1 <= value < math.inf), growth=self.growth)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        position, period = self.position(t)
        return self.end + (1 - self.end) * _falling_cosine(position / period)

    def position(self, t: float) -> tuple[float, float]:
        """Return at which step of its period step ``t`` is, and how long that period is."""
        period = self.first
        if self.growth == 1:
            return t % period, period
        while t >= period:
            t -= period
            period *= self.growth
        return t, period


def _falling_cosine(share: float) -> float:
    """Go from 1 to 0 while ``share`` goes from 0 to 1."""
    return (1 + math.cos(math.pi * share)) / 2


# Up and down ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneCycle(Schedule):
    r"""One cycle: from a low rate up to a high one, and down to a much lower one.

    With two phases the highest rate is in step :math:`p K - 1`, the last in step :math:`K - 1`.  With three,
    the way down to the first rate takes as long as the way up, and the rest leads on to the last one.

    Parameters
    ----------
    steps : int
        The number :math:`K` of steps.
    peak_at : float, default 0.3
        The share :math:`p` of the steps on the way up.
    start, peak, end : float, default 1/25, 1 and 1/250000
        The first, the highest and the last factor.
    anneal : {"cos", "linear"}, default "cos"
        The form of the ways.
    three_phase : bool, default False
        Three phases, as in the paper.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or ``anneal`` is unknown.

    References
    ----------
    - L. N. Smith, N. Topin, Super-convergence: very fast training of neural networks using large learning
      rates, 2018.
    """

    steps: float
    peak_at: float = 0.3
    start: float = 1 / 25
    peak: float = 1.0
    end: float = 1 / 25e4
    anneal: str = "cos"
    three_phase: bool = False

    def __post_init__(self) -> None:
        check(self, POSITIVE, steps=self.steps)
        check(self, FRACTION, peak_at=self.peak_at)
        check(self, NOT_NEGATIVE, start=self.start, peak=self.peak, end=self.end)
        check_choice(self, ("cos", "linear"), anneal=self.anneal)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        top = self.peak_at * self.steps - 1
        knots = [(0.0, self.start), (top, self.peak)]
        if self.three_phase:
            knots.append((2 * top, self.start))
        knots.append((self.steps - 1, self.end))
        phases = list(pairwise(knots))
        (begin, low), (end, high) = next((p for p in phases if t <= p[1][0]), phases[-1])
        share = min(1.0, (t - begin) / (end - begin)) if end > begin else 1.0
        if self.anneal == "linear":
            return low + (high - low) * share
        return high + (low - high) * _falling_cosine(share)


@dataclass(frozen=True)
class Cyclic(Schedule):
    r"""Up and down between two values, in straight lines, again and again.

    Parameters
    ----------
    low, high : float
        The values; the factor is ``low`` in step 0.
    up : float, default 2000
        The steps from ``low`` to ``high``.
    down : float, optional
        The steps back, as many as ``up`` if not given.
    mode : {"triangular", "triangular2", "exp_range"}, default "triangular"
        The same height in all cycles; half as high in each further one; or times :math:`\gamma^t`.
    gamma : float, default 1
        :math:`\gamma` of ``"exp_range"``.
    scale_fn : callable, optional
        What the height is multiplied by, in place of ``mode``.
    scale_mode : {"cycle", "iterations"}, default "cycle"
        What ``scale_fn`` is given: the number of the cycle, from 1 on, or the step.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or a word is unknown.

    References
    ----------
    - L. N. Smith, Cyclical learning rates for training neural networks, 2017.
    """

    low: float
    high: float
    up: float = 2000
    down: float | None = None
    mode: str = "triangular"
    gamma: float = 1.0
    scale_fn: Callable[[float], float] | None = None
    scale_mode: str = "cycle"

    def __post_init__(self) -> None:
        check(self, NOT_NEGATIVE, low=self.low, high=self.high, gamma=self.gamma)
        check(self, POSITIVE, up=self.up, down=self.up if self.down is None else self.down)
        if self.scale_fn is None:
            check_choice(self, ("triangular", "triangular2", "exp_range"), mode=self.mode)
        check_choice(self, ("cycle", "iterations"), scale_mode=self.scale_mode)

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        down = self.up if self.down is None else self.down
        cycle, position = divmod(t, self.up + down)
        height = position / self.up if position <= self.up else (self.up + down - position) / down
        return self.low + (self.high - self.low) * height * self._scale(cycle, t)

    def _scale(self, cycle: float, t: float) -> float:
        if self.scale_fn is not None:
            return self.scale_fn(cycle + 1 if self.scale_mode == "cycle" else t)
        if self.mode == "triangular2":
            return 0.5**cycle
        return self.gamma**t if self.mode == "exp_range" else 1.0


# Made of others ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lambda(Schedule):
    """Any function of the step.

    Parameters
    ----------
    function : callable
        Step to factor.

    Raises
    ------
    TypeError
        If it cannot be called.
    """

    function: Callable[[float], float]

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise error(self, TypeError, f"expected a function of the step, got {self.function!r}")

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        return self.function(t)


@dataclass(frozen=True)
class Product(Schedule):
    """Several schedules at once, multiplied; written ``a * b`` and ``0.1 * a``.

    Parameters
    ----------
    factors : sequence of Schedule, of callable, or of float
        The schedules.

    Raises
    ------
    TypeError
        If one is no schedule.
    """

    factors: tuple[Schedule, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", tuple(as_schedule(one) for one in self.factors))

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        return math.prod(factor(t) for factor in self.factors)


@dataclass(frozen=True)
class Sequential(Schedule):
    """Several schedules, one after the other; each counts from its own step 0.

    Parameters
    ----------
    schedules : sequence of Schedule, of callable, or of float
        The schedules.
    milestones : sequence of float
        The steps at which the second, the third, ... begins.

    Raises
    ------
    TypeError, ValueError
        If one is no schedule; if the milestones are not one fewer, or do not increase.

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> schedule = schedules.Sequential([schedules.WarmUp(4), schedules.Linear(10)], [4])
    >>> schedule(range(8))
    array([0.25, 0.5 , 0.75, 1.  , 1.  , 0.9 , 0.8 , 0.7 ])
    """

    schedules: tuple[Schedule, ...]
    milestones: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedules", tuple(as_schedule(one) for one in self.schedules))
        object.__setattr__(self, "milestones", tuple(self.milestones))
        check_milestones(self, self.milestones, len(self.schedules), "schedules")

    def rate(self, t: float) -> float:
        """Return the factor in step ``t``."""
        number = bisect_right(self.milestones, t)
        begin = self.milestones[number - 1] if number else 0
        return self.schedules[number](t - begin)


def check_milestones(owner: Any, milestones: Any, count: int, what: str) -> None:
    """Raise an error if ``milestones`` do not divide the steps among ``count`` of something."""
    if len(milestones) != count - 1:
        raise error(
            owner,
            ValueError,
            f"{count} {what} need {max(count - 1, 0)} milestones between them, got {len(milestones)}",
        )
    for milestone in milestones:
        check(owner, NOT_NEGATIVE, milestone=milestone)
    if any(one >= two for one, two in pairwise(milestones)):
        raise error(owner, ValueError, f"milestones have to increase, got {list(milestones)}")
