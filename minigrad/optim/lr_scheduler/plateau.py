"""Rates by what is measured."""

from __future__ import annotations

import math
from typing import Any

from minigrad.optim.checks import NOT_NEGATIVE, check, check_choice
from minigrad.optim.lr_scheduler.base import LRScheduler, per_group
from minigrad.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    r"""Lower the rates when something that is measured, such as a loss, gets no better.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    mode : {"min", "max"}, default "min"
        Whether less is better, or more.
    factor : float, default 0.1
        What the rates are multiplied by then, less than 1.
    patience : int, default 10
        How many steps without improvement are let pass; it is the next one that lowers the rates.
    threshold : float, default 1e-4
        How much better than the best so far is an improvement.
    threshold_mode : {"rel", "abs"}, default "rel"
        Whether ``threshold`` is a share of the best so far, or a difference.
    cooldown : int, default 0
        How many steps after that are not counted.
    min_lr : float, or list of float, default 0
        Below this the rates do not go; a list has one for each group.
    eps : float, default 1e-8
        A change that is not larger is not made.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or a word is unknown.

    Notes
    -----
    The decay on a plateau of document 000, section 1.4.  Document 002's rule (section 3.1.3), to halve
    :math:`\eta = 0.5` when there is no steady decrease, is ``factor=0.5, patience=0, threshold=0`` with the
    loss after each step.  It keeps the step that went wrong; give it a ``min_lr``, for at the minimum there
    is no decrease any more.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor(0.0, requires_grad=True)
    >>> optimizer = mg.optim.SGD([w], lr=0.5)
    >>> scheduler = mg.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0)
    >>> for _ in range(4):
    ...     optimizer.zero_grad()
    ...     loss = 4 * w**2 - 6 * w - 9
    ...     loss.backward()
    ...     scheduler.step(loss)
    ...     print(w.item(), loss.item(), optimizer.param_groups[0]["lr"])
    ...     optimizer.step()
    0.0 -9.0 0.5
    3.0 9.0 0.25
    -1.5 9.0 0.125
    0.75 -11.25 0.125
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        check(self, (">= 0 and < 1", lambda value: 0 <= value < 1), factor=factor)
        check(
            self, NOT_NEGATIVE, patience=patience, threshold=threshold, cooldown=cooldown, eps=eps
        )
        check_choice(self, ("min", "max"), mode=mode)
        check_choice(self, ("rel", "abs"), threshold_mode=threshold_mode)
        self._attach(optimizer)
        self.min_lrs = per_group(self, optimizer, min_lr=min_lr)
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        for rate in self.min_lrs:
            check(self, NOT_NEGATIVE, min_lr=rate)
        self.mode, self.factor, self.eps = mode, factor, eps
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.patience, self.cooldown = patience, cooldown
        self.last_epoch = 0
        self._note_rates()
        self._reset()

    def _reset(self) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf
        self.cooldown_counter = self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether steps are not counted at present."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take in what was measured, and set the rates.

        Parameters
        ----------
        metrics : float, or Tensor with one number
            What was measured; a tensor is fetched from its device.
        epoch : int, optional
            The number of this step.
        """
        current = float(metrics)
        if self.default_min_lr is not None:  # there may be new groups
            self.min_lrs = per_group(self, self.optimizer, min_lr=self.default_min_lr)
        self._check_groups(len(self.min_lrs))
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._note_rates()

    def _is_better(self, current: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        relative = self.threshold_mode == "rel"
        if relative:
            return sign * current > sign * self.best * (1 + sign * self.threshold)
        return sign * current > sign * self.best + self.threshold

    def _reduce(self) -> None:
        for group, low in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            rate = max(group["lr"] * self.factor, low)
            if group["lr"] - rate > self.eps:
                group["lr"] = rate
