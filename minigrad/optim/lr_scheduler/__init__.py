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

from typing import TYPE_CHECKING

from minigrad._lazy import on_first_use

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad.optim.lr_scheduler.along_schedules import (
        ConstantLR as ConstantLR,
        CosineAnnealingLR as CosineAnnealingLR,
        CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts,
        ExponentialLR as ExponentialLR,
        LinearLR as LinearLR,
        MultiStepLR as MultiStepLR,
        PolynomialLR as PolynomialLR,
        ScheduleLR as ScheduleLR,
        StepLR as StepLR,
    )
    from minigrad.optim.lr_scheduler.base import (
        LRScheduler as LRScheduler,
        _LRScheduler as _LRScheduler,
    )
    from minigrad.optim.lr_scheduler.by_functions import (
        LambdaLR as LambdaLR,
        MultiplicativeLR as MultiplicativeLR,
    )
    from minigrad.optim.lr_scheduler.cycles import CyclicLR as CyclicLR, OneCycleLR as OneCycleLR
    from minigrad.optim.lr_scheduler.made_of_others import (
        ChainedScheduler as ChainedScheduler,
        SequentialLR as SequentialLR,
    )
    from minigrad.optim.lr_scheduler.plateau import ReduceLROnPlateau as ReduceLROnPlateau

if not TYPE_CHECKING:
    __all__, __getattr__, __dir__ = on_first_use(
        globals(),
        {
            "along_schedules": (
                "ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts ExponentialLR "
                "LinearLR MultiStepLR PolynomialLR ScheduleLR StepLR"
            ),
            "base": "LRScheduler _LRScheduler",
            "by_functions": "LambdaLR MultiplicativeLR",
            "cycles": "CyclicLR OneCycleLR",
            "made_of_others": "ChainedScheduler SequentialLR",
            "plateau": "ReduceLROnPlateau",
        },
    )
