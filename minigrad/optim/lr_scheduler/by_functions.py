"""Rates by functions of the step."""

from __future__ import annotations

import copy
from types import FunctionType
from typing import Any

from minigrad.optim.checks import error
from minigrad.optim.lr_scheduler.base import LRScheduler, per_group
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import Schedule


class _ByFunctions(LRScheduler):
    """One function of the step for each group."""

    _not_saved = ("optimizer", "lr_lambdas")

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        self._attach(optimizer)
        self.lr_lambdas = per_group(self, optimizer, lr_lambda=lr_lambda)
        for function in self.lr_lambdas:
            if not callable(function):
                raise error(
                    self,
                    TypeError,
                    f"lr_lambda has to be a function of the step, got {type(function).__name__} "
                    f"{function!r}",
                )
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on from here.

        Functions are left out, as ``None``; of other objects that can be called, it has the attributes.
        """
        return super().state_dict() | {"lr_lambdas": [attributes(f) for f in self.lr_lambdas]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, with the functions that are here."""
        super().load_state_dict(state_dict)
        for function, saved in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            load_attributes(function, saved)


def attributes(function: Any) -> dict[str, Any] | None:
    """Return a copy of the attributes of an object that can be called; ``None`` of a function."""
    if isinstance(function, (FunctionType, Schedule)) or not hasattr(function, "__dict__"):
        return None
    return copy.deepcopy(vars(function))


def load_attributes(function: Any, saved: dict[str, Any] | None) -> None:
    """Give an object the attributes that :func:`attributes` returned."""
    if saved is not None:
        vars(function).update(copy.deepcopy(saved))


class LambdaLR(_ByFunctions):
    r"""The initial rate times a function of the step, :math:`\eta_t = \eta_0\, \lambda(t)`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    lr_lambda : callable, or list of callable
        Step to factor; a list has one for each group.  A schedule is such a function.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError
        If it cannot be called.
    ValueError
        If the list has not one for each group.
    """

    def get_lr(self) -> list[float]:
        """Return the rates for step ``last_epoch``."""
        self._warn_outside_step()
        return [
            base * factor(self.last_epoch)
            for base, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)
        ]


class MultiplicativeLR(_ByFunctions):
    r"""The last rate times a function of the step, :math:`\eta_t = \eta_{t - 1}\, \lambda(t)`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    lr_lambda : callable, or list of callable
        Step to factor; a list has one for each group.
    last_epoch : int, default -1
        See :class:`LRScheduler`.

    Raises
    ------
    TypeError
        If it cannot be called.
    ValueError
        If the list has not one for each group.
    """

    def get_lr(self) -> list[float]:
        """Return the rates for step ``last_epoch``."""
        self._warn_outside_step()
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if self._is_initial:
            return rates
        return [
            rate * factor(self.last_epoch)
            for rate, factor in zip(rates, self.lr_lambdas, strict=True)
        ]
