"""Schedulers that are made of several others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from minigrad.optim.checks import error
from minigrad.optim.lr_scheduler.base import LRScheduler, _has_stepped
from minigrad.optim.lr_scheduler.plateau import ReduceLROnPlateau
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import check_milestones


class _OfOthers(LRScheduler):
    """Several schedulers of one optimizer."""

    _not_saved = ("optimizer", "_schedulers")

    def _take(self, optimizer: Any, schedulers: Sequence[LRScheduler]) -> None:
        if not schedulers:
            raise error(self, ValueError, "expected at least one scheduler, got none")
        for number, scheduler in enumerate(schedulers):
            if not isinstance(scheduler, LRScheduler):
                raise error(
                    self,
                    TypeError,
                    f"number {number} is no scheduler but {type(scheduler).__name__}",
                )
            if isinstance(scheduler, ReduceLROnPlateau):
                raise error(
                    self,
                    ValueError,
                    f"number {number} is a ReduceLROnPlateau, whose step() needs the metrics; call it "
                    "beside this one",
                )
        self._attach(schedulers[0].optimizer if optimizer is None else optimizer)
        for number, scheduler in enumerate(schedulers):
            if scheduler.optimizer is not self.optimizer:
                raise error(
                    self,
                    ValueError,
                    f"number {number}, {type(scheduler).__name__}, belongs to another optimizer",
                )
        self._schedulers = list(schedulers)

    def _reset_rates(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on from here, with the states of all schedulers."""
        return super().state_dict() | {"_schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned."""
        super().load_state_dict(state_dict)
        for scheduler, state in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(state)

    def _check_state(self, state_dict: Any) -> None:
        super()._check_state(state_dict)
        for scheduler, state in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler._check_state(state)


class SequentialLR(_OfOthers):
    """Several schedulers, one after the other.

    At its milestone a scheduler begins at its own step 0, from the rates that the groups began with.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates they set.
    schedulers : list of LRScheduler
        The schedulers.
    milestones : list of int
        The steps at which the second, the third, ... begins.
    last_epoch : int, default -1
        The step before; the schedulers are led to where they are after it.

    Raises
    ------
    TypeError, ValueError
        If one is no scheduler, a :class:`ReduceLROnPlateau`, or of another optimizer; if the milestones are
        not one fewer, or do not increase.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
    >>> x = mg.tensor([1.0], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=0.1)
    >>> warm_up = LinearLR(optimizer, start_factor=0.1, total_iters=10)
    >>> scheduler = SequentialLR(optimizer, [warm_up, CosineAnnealingLR(optimizer, 90)], milestones=[10])
    >>> optimizer.param_groups[0]["lr"]
    0.010000000000000002
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        self._take(optimizer, schedulers)
        check_milestones(self, milestones, len(schedulers), "schedulers")
        self._milestones = list(milestones)
        self._enter()
        if last_epoch > -1:
            _has_stepped[self.optimizer] = True  # in the run that goes on here
        for _ in range(last_epoch + 1):
            self.step()

    def step(self) -> None:  # type: ignore[override]
        """Set the rates for the next step; to be called after ``optimizer.step()``."""
        self._warn_of_order()
        self.last_epoch += 1
        number = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[number]
        if number and self._milestones[number - 1] == self.last_epoch:
            scheduler._enter()
        else:
            scheduler.step()
        self._note_rates()

    def _restart(self) -> None:
        self.last_epoch = 0
        self._schedulers[bisect_right(self._milestones, 0)]._restart()
        self._note_rates()

    def _enter(self) -> None:
        self._reset_rates()
        self._restart()


class ChainedScheduler(_OfOthers):
    """Several schedulers at once: each changes the rates that the one before it has set.

    Parameters
    ----------
    schedulers : sequence of LRScheduler
        The schedulers.
    optimizer : Optimizer, optional
        Whose rates they set; that of the first one if not given.

    Raises
    ------
    TypeError, ValueError
        If one is no scheduler, a :class:`ReduceLROnPlateau`, or of another optimizer.
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        self._take(optimizer, schedulers)
        self._note_rates()

    def step(self) -> None:  # type: ignore[override]
        """Set the rates for the next step; to be called after ``optimizer.step()``."""
        self._warn_of_order()
        for scheduler in self._schedulers:
            scheduler.step()
        self._note_rates()

    def _restart(self) -> None:
        for scheduler in self._schedulers:
            scheduler._restart()
        self._note_rates()

    def _enter(self) -> None:
        self._reset_rates()
        self._restart()
