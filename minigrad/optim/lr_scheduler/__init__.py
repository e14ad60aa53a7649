r"""Schedulers: what sets the rates of an optimizer while it goes, with PyTorch's interface.

::

    optimizer = mg.optim.SGD(model.parameters(), lr=0.1)
    scheduler = mg.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
    for epoch in range(20):
        train(...)          # calls optimizer.step()
        scheduler.step()

Classes, options and rates are PyTorch's.  Most of them follow a function of :mod:`minigrad.optim.schedules`
by one factor a step, :math:`\eta_t = \eta_{t - 1}\, s(t) / s(t - 1)`, so that a rate may be changed by hand,
or by a second scheduler, in between.  :class:`ScheduleLR` does so with any schedule.

To go on later, save ``state_dict()`` of the scheduler and of the optimizer.  Make the scheduler first, which
sets rates, then load both.
"""

from minigrad.optim.lr_scheduler.along_schedules import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    ScheduleLR,
    StepLR,
)
from minigrad.optim.lr_scheduler.base import LRScheduler
from minigrad.optim.lr_scheduler.by_functions import LambdaLR, MultiplicativeLR
from minigrad.optim.lr_scheduler.cycles import CyclicLR, OneCycleLR
from minigrad.optim.lr_scheduler.made_of_others import ChainedScheduler, SequentialLR
from minigrad.optim.lr_scheduler.plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "ScheduleLR",
    "SequentialLR",
    "StepLR",
]

_LRScheduler = LRScheduler  # PyTorch's old name
