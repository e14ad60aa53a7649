"""Cycles of the rate, and against them of the momentum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.optim.checks import (
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    WHOLE,
    check,
    check_choice,
    error,
)
from minigrad.optim.lr_scheduler.base import LRScheduler, per_group
from minigrad.optim.lr_scheduler.by_functions import attributes, load_attributes
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import Cyclic, OneCycle


class _CyclesMomentum(LRScheduler):
    """Rates, and against them the momentum: ``momentum``, or the first of ``betas``."""

    def _start_momentum(
        self, cycle_momentum: bool, base_momentum: Any, max_momentum: Any, last_epoch: int
    ) -> None:
        self.cycle_momentum = cycle_momentum
        if not cycle_momentum:
            return
        known = self.optimizer.defaults
        if "momentum" not in known and "betas" not in known:
            raise error(
                self,
                ValueError,
                f"{type(self.optimizer).__name__} has neither momentum nor betas; give "
                "cycle_momentum=False",
            )
        self.use_beta1 = "betas" in known
        lows = per_group(self, self.optimizer, base_momentum=base_momentum)
        highs = per_group(self, self.optimizer, max_momentum=max_momentum)
        for low, high in zip(lows, highs, strict=True):
            check(self, FRACTION, base_momentum=low, max_momentum=high)
        if last_epoch == -1:
            for group, low, high in zip(self.optimizer.param_groups, lows, highs, strict=True):
                group["base_momentum"], group["max_momentum"] = low, high

    def _momenta(self) -> list[float]:
        raise NotImplementedError

    def _update_lr(self, epoch: Any = None) -> None:
        super()._update_lr(epoch)
        if not self.cycle_momentum:
            return
        for group, momentum in zip(self.optimizer.param_groups, self._momenta(), strict=True):
            if self.use_beta1:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum


class OneCycleLR(_CyclesMomentum):
    """One cycle up to ``max_lr`` and down; see :class:`~minigrad.optim.schedules.OneCycle`.

    Its steps are those of the optimizer, so call ``step()`` after every batch.  The rates that the optimizer
    was given do not matter.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    max_lr : float, or list of float
        The highest rate; a list has one for each group.
    total_steps : int, optional
        The number of steps.
    epochs, steps_per_epoch : int, optional
        Two numbers that give ``total_steps`` if multiplied.
    pct_start : float, default 0.3
        The share of the steps, not a percentage, on the way up.
    anneal_strategy : {"cos", "linear"}, default "cos"
        The form of the ways.
    cycle_momentum : bool, default True
        Let the momentum, or the first of ``betas``, go from ``max_momentum`` down to ``base_momentum`` and
        back meanwhile.
    base_momentum, max_momentum : float, or list of float, default 0.85 and 0.95
        The momentum at the highest rate, and at the ends.
    div_factor : float, default 25
        The first rate is ``max_lr / div_factor``.
    final_div_factor : float, default 1e4
        The last rate is the first one divided by this.
    three_phase : bool, default False
        Come back to the first rate, and then go on to the last one.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range; if the number of steps is not given; if the optimizer has no momentum
        and ``cycle_momentum`` is not switched off; from ``step()``, more than ``total_steps`` times.

    Notes
    -----
    The last rate is that of step ``total_steps - 1``.  The call of ``step()`` after it leaves the rates as
    they are, where PyTorch's overshoot.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        self.total_steps = self._count_steps(total_steps, epochs, steps_per_epoch)
        check(self, FRACTION, pct_start=pct_start)
        check_choice(self, ("cos", "linear"), anneal_strategy=anneal_strategy)
        check(self, POSITIVE, div_factor=div_factor, final_div_factor=final_div_factor)
        self.pct_start, self.anneal_strategy, self.three_phase = (
            pct_start,
            anneal_strategy,
            three_phase,
        )
        max_lrs = per_group(self, optimizer, max_lr=max_lr)
        for rate in max_lrs:
            check(self, NOT_NEGATIVE, max_lr=rate)
        self._start_momentum(cycle_momentum, base_momentum, max_momentum, last_epoch)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def _count_steps(self, total: Any, epochs: Any, steps_per_epoch: Any) -> int:
        if total is not None:
            check(self, WHOLE, total_steps=total)
            return total
        if epochs is None or steps_per_epoch is None:
            raise error(self, ValueError, "give total_steps, or both epochs and steps_per_epoch")
        check(self, WHOLE, epochs=epochs, steps_per_epoch=steps_per_epoch)
        return epochs * steps_per_epoch

    def get_lr(self) -> list[float]:
        """Return the rates for step ``last_epoch``."""
        self._warn_outside_step()
        if self.last_epoch > self.total_steps:
            raise error(
                self,
                ValueError,
                f"Tried to step {self.last_epoch} times; total_steps is {self.total_steps}",
            )
        return [
            self._cycle(group["initial_lr"], group["max_lr"], group["min_lr"])
            for group in self.optimizer.param_groups
        ]

    def _momenta(self) -> list[float]:
        return [
            self._cycle(group["max_momentum"], group["base_momentum"], group["max_momentum"])
            for group in self.optimizer.param_groups
        ]

    def _cycle(self, start: float, peak: float, end: float) -> float:
        schedule = OneCycle(
            self.total_steps,
            self.pct_start,
            start,
            peak,
            end,
            self.anneal_strategy,
            self.three_phase,
        )
        return schedule(self.last_epoch)


class CyclicLR(_CyclesMomentum):
    """Up and down between two rates; see :class:`~minigrad.optim.schedules.Cyclic`.

    Its steps are those of the optimizer, so call ``step()`` after every batch.  The rates that the optimizer
    was given do not matter.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    base_lr, max_lr : float, or list of float
        The lowest and the highest rate; lists have one for each group.
    step_size_up : int, default 2000
        The steps on the way up.
    step_size_down : int, optional
        The steps on the way down, as many if not given.
    mode : {"triangular", "triangular2", "exp_range"}, default "triangular"
        What becomes of the height: it stays, is halved in each cycle, or shrinks by ``gamma`` in each step.
    gamma : float, default 1
        The factor of ``"exp_range"``.
    scale_fn : callable, optional
        What the height is multiplied by, in place of ``mode``.
    scale_mode : {"cycle", "iterations"}, default "cycle"
        What ``scale_fn`` is given: the number of the cycle, from 1 on, or the step.
    cycle_momentum : bool, default True
        Let the momentum, or the first of ``betas``, go from ``max_momentum`` down to ``base_momentum`` and
        back meanwhile.
    base_momentum, max_momentum : float, or list of float, default 0.8 and 0.9
        The momentum at the highest and at the lowest rate.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range; if the optimizer has no momentum and ``cycle_momentum`` is not switched
        off.
    """

    _not_saved = ("optimizer", "_scale_fn_custom")

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        base_lrs = per_group(self, optimizer, base_lr=base_lr)
        self.max_lrs = per_group(self, optimizer, max_lr=max_lr)
        down = step_size_up if step_size_down is None else step_size_down
        check(self, POSITIVE, step_size_up=step_size_up, step_size_down=down)
        check(self, NOT_NEGATIVE, gamma=gamma)
        for low, high in zip(base_lrs, self.max_lrs, strict=True):
            check(self, NOT_NEGATIVE, base_lr=low, max_lr=high)
        if scale_fn is None:
            check_choice(self, ("triangular", "triangular2", "exp_range"), mode=mode)
        check_choice(self, ("cycle", "iterations"), scale_mode=scale_mode)
        self.step_size_up, self.step_size_down = step_size_up, down
        self.mode, self.gamma, self.scale_mode = mode, gamma, scale_mode
        self._scale_fn_custom = scale_fn
        self._start_momentum(cycle_momentum, base_momentum, max_momentum, last_epoch)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = group["initial_lr"] = rate
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on from here; of ``scale_fn`` its attributes, if it is no function."""
        return super().state_dict() | {"_scale_fn_custom": attributes(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, with the ``scale_fn`` that is here."""
        super().load_state_dict(state_dict)
        load_attributes(self._scale_fn_custom, state_dict.get("_scale_fn_custom"))

    def get_lr(self) -> list[float]:
        """Return the rates for step ``last_epoch``."""
        self._warn_outside_step()
        return [
            self._cycle(low, high) for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def _momenta(self) -> list[float]:
        return [
            self._cycle(group["max_momentum"], group["base_momentum"])
            for group in self.optimizer.param_groups
        ]

    def _cycle(self, low: float, high: float) -> float:
        schedule = Cyclic(
            low,
            high,
            self.step_size_up,
            self.step_size_down,
            self.mode,
            self.gamma,
            self._scale_fn_custom,
            self.scale_mode,
        )
        return schedule(self.last_epoch)
