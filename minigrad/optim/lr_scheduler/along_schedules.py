"""Rates that go along a schedule."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from minigrad.optim.checks import FRACTION, NOT_NEGATIVE, POSITIVE, WHOLE, check
from minigrad.optim.lr_scheduler.base import LRScheduler
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    Linear,
    MultiStep,
    Polynomial,
    Schedule,
    Sequential,
    Step,
    as_schedule,
)


class _FollowsSchedule(LRScheduler):
    """Rates that follow a schedule by one factor a step, and keep other changes."""

    eta_min: float = 0.0  # what the schedule lets the rates fall to

    def _schedule(self) -> Schedule:
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        """Return the rates for step ``last_epoch``."""
        self._warn_outside_step()
        rates = [group["lr"] for group in self.optimizer.param_groups]
        t, schedule = self.last_epoch, self._schedule()
        if self._is_initial and t > 0:  # a run that goes on: they are those of this step
            return rates
        now, before = schedule(t), schedule(t - 1) if t > 0 else 1.0
        return [
            self._moved(rate, base, before, now)
            for rate, base in zip(rates, self.base_lrs, strict=True)
        ]

    def _moved(self, rate: float, base: float, before: float, now: float) -> float:
        low = self.eta_min
        if before == 0:
            return rate + (base - low) * now
        return low + (rate - low) * (now / before)

    def _get_closed_form_lr(self) -> list[float]:
        factor, low = self._schedule()(self.last_epoch), self.eta_min
        return [low + (base - low) * factor for base in self.base_lrs]


class ScheduleLR(_FollowsSchedule):
    r"""Rates along any schedule, :math:`\eta_t = \eta_0\, s(t)` in each group with its own :math:`\eta_0`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    schedule : Schedule, or callable
        Step to factor; see :mod:`minigrad.optim.schedules`.  For one that returns rates, give the optimizer
        ``lr=1``.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError
        If ``schedule`` is none.

    Notes
    -----
    :class:`LambdaLR` sets :math:`\eta_0\, s(t)` whatever the rate was; this one moves the rate by
    :math:`s(t) / s(t - 1)`, so that a change by hand stays.  The schedule is no part of ``state_dict()``.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.optim import lr_scheduler, schedules
    >>> x = mg.tensor([1.0], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=0.1)
    >>> scheduler = lr_scheduler.ScheduleLR(optimizer, schedules.Linear(100, end=0.01))
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> scheduler.step()
    >>> round(optimizer.param_groups[0]["lr"], 5)
    0.09901
    """

    _not_saved = ("optimizer", "schedule")

    def __init__(
        self,
        optimizer: Optimizer,
        schedule: Schedule | Callable[[float], float],
        last_epoch: int = -1,
    ) -> None:
        self.schedule = as_schedule(schedule)
        super().__init__(optimizer, last_epoch)

    def _schedule(self) -> Schedule:
        return self.schedule


class _TimesGamma(_FollowsSchedule):
    """Rates that are multiplied by ``gamma`` now and then: by just that, to have PyTorch's last digits."""

    gamma: float

    def _times(self, t: int) -> int:
        """Return how often the rates are multiplied in step ``t``."""
        raise NotImplementedError

    def _moved(self, rate: float, base: float, before: float, now: float) -> float:
        return rate * self.gamma ** self._times(self.last_epoch)


class StepLR(_TimesGamma):
    """Times ``gamma`` every ``step_size`` steps; see :class:`~minigrad.optim.schedules.Step`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    step_size : int
        The steps between two changes.
    gamma : float, default 0.1
        The factor.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        check(self, POSITIVE, step_size=step_size)
        check(self, NOT_NEGATIVE, gamma=gamma)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def _schedule(self) -> Schedule:
        return Step(self.step_size, self.gamma)

    def _times(self, t: int) -> int:
        return t // self.step_size - max(t - 1, 0) // self.step_size


class MultiStepLR(_TimesGamma):
    """Times ``gamma`` at each milestone; see :class:`~minigrad.optim.schedules.MultiStep`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    milestones : iterable of int
        The steps of the changes.
    gamma : float, default 0.1
        The factor.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones: Any = sorted(milestones)
        for milestone in self.milestones:
            check(self, NOT_NEGATIVE, milestone=milestone)
        check(self, NOT_NEGATIVE, gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _schedule(self) -> Schedule:
        return MultiStep(tuple(self._counted().elements()), self.gamma)

    def _times(self, t: int) -> int:
        return self._counted()[t]

    def _counted(self) -> Counter[int]:
        return Counter(self.milestones)  # in a state of PyTorch's they are counted already


class ConstantLR(_FollowsSchedule):
    """Times ``factor`` for some steps, then at the full rate.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    factor : float, default 1/3
        The factor, from 0 to 1.
    total_iters : int, default 5
        For how many steps.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        check(self, FRACTION, factor=factor)
        check(self, POSITIVE, total_iters=total_iters)
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _schedule(self) -> Schedule:
        return Sequential((Constant(self.factor), Constant()), (self.total_iters,))


class LinearLR(_FollowsSchedule):
    """From one factor straight to another; see :class:`~minigrad.optim.schedules.Linear`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    start_factor : float, default 1/3
        The first factor, more than 0 and at most 1.
    end_factor : float, default 1
        The last factor, from 0 to 1.
    total_iters : int, default 5
        The step from which on it is ``end_factor``.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        check(self, POSITIVE, start_factor=start_factor, total_iters=total_iters)
        check(self, FRACTION, start_factor=start_factor, end_factor=end_factor)
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _schedule(self) -> Schedule:
        return Linear(self.total_iters, self.start_factor, self.end_factor)


class ExponentialLR(_TimesGamma):
    """Times ``gamma`` in every step; see :class:`~minigrad.optim.schedules.Exponential`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    gamma : float
        The factor.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If ``gamma`` is out of range.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        check(self, NOT_NEGATIVE, gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _schedule(self) -> Schedule:
        return Exponential(self.gamma)

    def _times(self, t: int) -> int:
        return int(t > 0)


class PolynomialLR(_FollowsSchedule):
    """Down to 0 by a power; see :class:`~minigrad.optim.schedules.Polynomial`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    total_iters : int, default 5
        The step from which on the rates are 0.
    power : float, default 1
        The power.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        check(self, POSITIVE, total_iters=total_iters, power=power)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def _schedule(self) -> Schedule:
        return Polynomial(self.total_iters, self.power)


class CosineAnnealingLR(_FollowsSchedule):
    r"""Down to ``eta_min`` along a cosine; see :class:`~minigrad.optim.schedules.Cosine`.

    .. math:: \eta_t = \eta_{\min} + (\eta_0 - \eta_{\min})\, \frac{1 + \cos(\pi t / T_{\max})}{2}

    After step ``T_max`` the rates climb again, as PyTorch's do: make that the last step, or use
    :class:`ScheduleLR` with a :class:`~minigrad.optim.schedules.Cosine`, which stays down.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    T_max : int
        The step of the lowest rate.
    eta_min : float, default 0
        That rate, in all groups.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        check(self, POSITIVE, T_max=T_max)
        check(self, NOT_NEGATIVE, eta_min=eta_min)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def _schedule(self) -> Schedule:
        return Cosine(self.T_max, periodic=True)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Down along cosines, again and again; see :class:`~minigrad.optim.schedules.CosineRestarts`.

    ``step(epoch)`` may be given fractions, ``epoch + batch / batches``.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    T_0 : int
        The steps of the first period.
    T_mult : int, default 1
        How much longer than the last one each period is.
    eta_min : float, default 0
        The lowest rate, in all groups.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        check(self, WHOLE, T_0=T_0, T_mult=T_mult)
        check(self, NOT_NEGATIVE, eta_min=eta_min)
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        self.T_cur, self.T_i = CosineRestarts(T_0, T_mult).position(max(last_epoch, 0))
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return the rates for step ``T_cur`` of a period of ``T_i`` steps."""
        self._warn_outside_step()
        factor, low = Cosine(self.T_i)(self.T_cur), self.eta_min
        return [low + (base - low) * factor for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Set the rates for the next step, or for step ``epoch``, which may be a fraction.

        Raises
        ------
        ValueError
            If ``epoch`` is negative.
        """
        self._warn_of_order()
        self._step_count += 1
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch, self.T_cur = self.last_epoch + 1, self.T_cur + 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        else:
            check(self, NOT_NEGATIVE, epoch=epoch)
            self.T_cur, self.T_i = CosineRestarts(self.T_0, self.T_mult).position(epoch)
        self._update_lr(math.floor(epoch))
