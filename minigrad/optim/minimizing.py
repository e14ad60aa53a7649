"""The loop that all minimisation is: look at the function, update, repeat."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minigrad._backward import grad
from minigrad._creation import tensor
from minigrad._points import as_point
from minigrad._tensor import Tensor
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.backend.devices import to_host
from minigrad.optim.bar import with_bar
from minigrad.optim.checks import NOT_NEGATIVE
from minigrad.optim.functions.objective import Objective
from minigrad.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau, ScheduleLR
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import Schedule
from minigrad.optim.stopping import Progress, why_stop
from minigrad.optim.trajectory import Step, Trajectory

Function = Callable[[Tensor], Tensor]

SMALL = 1000
"""Up to so many numbers, what the optimiser keeps is recorded in each step, to be explained."""


def minimize(
    objective: Function,
    x0: Any,
    optimizer: Callable[[list[Tensor]], Optimizer],
    steps: int = 1000,
    *,
    stop: Callable[[Progress], str | None] | Iterable[Callable[[Progress], str | None]] = (),
    schedule: Schedule | Callable[[Optimizer], LRScheduler] | None = None,
    measure: Function | None = None,
    progress: bool = False,
) -> Trajectory:
    r"""Minimise a function of a tensor from a point, and record the way.

    In each step the optimiser observes something of the function at the point :math:`\theta^k`: its value,
    its gradient, or its curvature (``optimizer.observes``); and from that makes :math:`\theta^{k+1}`
    (document 000, figure 1.1).

    Parameters
    ----------
    objective : callable
        ``objective(theta)`` returns a tensor with one number, computed by minigrad's operations.
    x0 : Tensor or array_like
        Where to begin, of any shape; it is not changed.  Tensors and floating arrays keep their dtype,
        Python's numbers are float64.  ``None`` stands for ``objective.start``.
    optimizer : callable
        Makes an optimiser of a list of tensors: a class, or ``lambda params: SGD(params, lr=0.1)``.
    steps : int, default 1000
        How many, at most.
    stop : callable, or iterable of callable
        Criteria of :mod:`minigrad.optim.stopping`, asked at the start and after each step; they are
        ``reset()`` first.
    schedule : Schedule, or callable
        A schedule of :mod:`minigrad.optim.schedules`, which multiplies the rate; or what makes a scheduler
        of :mod:`minigrad.optim.lr_scheduler` from an optimiser: a class, or
        ``lambda optimizer: StepLR(optimizer, 30)``.  ``ReduceLROnPlateau`` is given the losses, that of the
        start included.
    measure : callable, optional
        The function whose values and gradients are recorded, and told to criteria and schedulers, if it
        is not ``objective``.  For an objective that draws random batches, this is the loss on all data.
    progress : bool, default False
        Show a bar, in terminals.

    Returns
    -------
    Trajectory
        All points, with the values and gradients there; it draws and explains itself.

    Raises
    ------
    TypeError
        If ``optimizer`` does not make an optimiser, ``schedule`` no scheduler, or the objective does not
        return a tensor.
    ValueError
        If the objective returns more than one number, or ``steps`` is negative.

    Notes
    -----
    A value or a point that is not finite ends the run, and ``reason`` says so; nothing is raised.

    The objective is computed once a point for the record, and that is what the optimiser sees when it asks
    there; only what it asks elsewhere, as in searches along a line, costs more.  With ``measure`` the two
    are computed apart.

    Examples
    --------
    >>> from functools import partial
    >>> from minigrad import optim
    >>> from minigrad.optim import functions
    >>> path = optim.minimize(functions.ring, (0.5, 1.0), partial(optim.SGD, lr=0.01), steps=200)
    >>> path
    Trajectory(200 steps, from 9.08203 to 0.000302857; 200 steps were made)
    >>> path.points[:3].round(2)
    array([[0.5 , 1.  ],
           [0.42, 0.85],
           [0.35, 0.69]])
    >>> path.x.round(2)
    array([0.03, 0.06])
    """
    if steps < 0:
        raise ValueError(f"minimize: steps has to be {NOT_NEGATIVE[0]}, got {steps}")
    criteria = [stop] if callable(stop) else list(stop)
    for criterion in criteria:
        if hasattr(criterion, "reset"):
            criterion.reset()
    theta = _start(objective, x0)
    made = _optimizer(optimizer, theta)
    scheduler = _scheduler(schedule, made)
    watch = _Watch(objective, measure, theta, made.observes)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        record = _Record(made, theta, watch)
        _tell(scheduler, record.losses[-1], first=True)
        reason = record.not_finite() or why_stop(criteria, record.progress())
        for _ in with_bar(range(steps), progress, "step"):
            if reason is not None:
                break
            record.step()
            _tell(scheduler, record.losses[-1])
            reason = record.not_finite() or why_stop(criteria, record.progress())
    reason = reason or f"{steps} steps were made"
    return record.trajectory(measure or objective, reason, measure is not None)


def _start(objective: Function, x0: Any) -> Tensor:
    """Return the leaf that is optimised."""
    if x0 is None:
        if not isinstance(objective, Objective):
            raise TypeError("minimize: x0 is None, and the objective has no start of its own")
        x0 = objective.start
    return tensor(as_point(x0).detach(), requires_grad=True)


def _optimizer(make: Any, theta: Tensor) -> Optimizer:
    advice = "give a class or a function of the parameters, lambda params: SGD(params, lr=0.1)"
    if not callable(make):
        raise TypeError(f"minimize: the optimizer is {type(make).__name__}; {advice}")
    made = make([theta])
    if not isinstance(made, Optimizer):
        raise TypeError(f"minimize: the optimizer returned {type(made).__name__}; {advice}")
    if made.observes not in ("value", "gradient", "curvature"):
        raise TypeError(
            f"minimize: {type(made).__name__} observes {made.observes}, which a function that returns one "
            "number does not show; call its step() in a loop of your own"
        )
    return made


def _scheduler(schedule: Any, optimizer: Optimizer) -> LRScheduler | None:
    if schedule is None:
        return None
    if isinstance(schedule, Schedule):
        return ScheduleLR(optimizer, schedule)
    scheduler = schedule(optimizer) if callable(schedule) else schedule
    if not isinstance(scheduler, LRScheduler):
        raise TypeError(
            "minimize: schedule has to be a Schedule or make a scheduler of an optimizer, lambda "
            f"optimizer: StepLR(optimizer, 30); got {type(scheduler).__name__}"
        )
    return scheduler


def _tell(scheduler: LRScheduler | None, loss: float, first: bool = False) -> None:
    """Let a scheduler know that a step was made; one that waits for a plateau, the first loss too."""
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(loss)
    elif scheduler is not None and not first:
        scheduler.step()


class _Watch:
    """What is seen of the function, by the record and by the optimiser.

    Both look at the same computation where they look at the same point, so that an objective that draws
    random numbers draws once.
    """

    def __init__(
        self, objective: Function, measure: Function | None, theta: Tensor, observes: str
    ) -> None:
        self.objective, self.measure, self.theta, self.observes = (
            objective,
            measure,
            theta,
            observes,
        )
        self.evaluations = 0  # how often the optimiser asked
        self._seen: tuple[int, Tensor, Any] | None = None

    def look(self) -> tuple[float, np.ndarray]:
        """Return value and gradient at the point, for the record."""
        value, gradient = self._compute(self.measure or self.objective)
        if self.measure is None:
            self._seen = self.theta._version, value, gradient
        if gradient is None:
            slopes = np.full(self.theta.numel(), math.nan)
        else:
            slopes = np.array(to_host(gradient.array)).reshape(-1)
        return value.item(), slopes

    def closure(self) -> Tensor:
        """Return the value at the point; the optimiser calls this."""
        self.evaluations += 1
        seen, self._seen = self._seen, None
        if seen is not None and seen[0] == self.theta._version:
            _, value, gradient = seen
        else:
            value, gradient = self._compute(self.objective)
        if self.observes == "gradient":
            self.theta.grad = gradient
        return value if self.observes == "curvature" else value.detach()

    def _compute(self, function: Function) -> tuple[Tensor, Any]:
        """Return the value, and its gradient unless the optimiser sees values alone."""
        if self.observes == "value":
            with no_grad():
                return _number(function(self.theta)), None
        with enable_grad():
            value = _number(function(self.theta))
            (gradient,) = grad(value, [self.theta], retain_graph=self.observes == "curvature")
        return value, gradient


def _number(value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(
            f"minimize: the objective has to return a tensor, got {type(value).__name__}; "
            "compute it by minigrad's operations"
        )
    if value.numel() != 1:
        raise ValueError(
            f"minimize: the objective has to return one number, got shape {tuple(value.shape)}"
        )
    return value


class _Record:
    """The run so far: all points, with what was seen there."""

    def __init__(self, optimizer: Optimizer, theta: Tensor, watch: _Watch) -> None:
        self.optimizer, self.theta, self.watch = optimizer, theta, watch
        self.points: list[np.ndarray] = []
        self.losses: list[float] = []
        self.gradients: list[np.ndarray] = []
        self.evaluations: list[int] = []
        self.rates: list[float] = []
        self.kept: list[Step] | None = [] if theta.numel() <= SMALL else None
        self._given: np.ndarray | None = None  # the gradient that the rule was given
        base = getattr(optimizer, "base", None)
        self.base = base if isinstance(base, Optimizer) else None  # the rule of SAM, SPSA, ...
        ruled = self.base or optimizer
        if self.kept is not None and type(ruled).update is not Optimizer.update:
            self._note_what_the_rule_is_given(ruled)
        self._look()

    def _look(self) -> None:
        self.points.append(np.array(to_host(self.theta.array)).reshape(-1))
        loss, gradient = self.watch.look()
        self.losses.append(loss)
        self.gradients.append(gradient)
        self.evaluations.append(self.watch.evaluations)

    def step(self) -> None:
        """Let the optimiser make a step."""
        group = self.optimizer.param_groups[0]
        rate = group.get("lr", math.nan)
        before = self._state()
        hyperparameters = {name: group[name] for name in group if name not in NOT_EXPLAINED}
        self._given = None
        self.optimizer.step(self.watch.closure)
        # Line searches find the rate, and say which they took; a step that was rejected has 0.
        own = getattr(self.optimizer, "rate", None)
        self.rates.append(float(rate if own is None else own))
        if self.kept is not None:
            after, next_lr = self._state(), group.get("lr", math.nan)
            self.kept.append(Step(hyperparameters, self._given, before, after, own, next_lr))
        self._look()

    def _note_what_the_rule_is_given(self, optimizer: Optimizer) -> None:
        """Have ``update`` note its gradient: clipping, decay and the like have been at it by then."""
        rule = optimizer.update

        def update(theta: Any, g: Any, *rest: Any, **named: Any) -> None:
            self._given = np.array(to_host(g)).reshape(-1)
            rule(theta, g, *rest, **named)

        optimizer.update = update  # type: ignore[method-assign]

    def _state(self) -> dict[str, Any]:
        """Return a copy of what the optimiser keeps, on the host."""
        if self.kept is None:
            return {}
        kept = self.optimizer.state.get(self.theta, {})
        return {name: _copied(value) for name, value in kept.items()}

    def progress(self) -> Progress:
        """Return what the criteria are told."""
        gradient = self.gradients[-1]
        return Progress(
            len(self.rates), self.losses[-1], lambda: float(np.linalg.norm(gradient)), None
        )

    def not_finite(self) -> str | None:
        """Return what is not finite, or ``None``."""
        step = len(self.rates)
        if not np.isfinite(self.points[-1]).all():
            reason = f"the point after step {step} is not finite"
            if step and not np.isfinite(self.gradients[-2]).all():
                reason += "; nor is the gradient before it"
            return reason
        if not math.isfinite(self.losses[-1]):
            return f"the loss after step {step} is {self.losses[-1]}"
        return None

    def trajectory(self, objective: Function, reason: str, measured: bool) -> Trajectory:
        """Return what was recorded."""
        return Trajectory(
            objective=objective,
            optimizer=type(self.optimizer),
            equation=self.optimizer.equation,
            points=np.array(self.points),
            losses=np.array(self.losses),
            gradients=np.array(self.gradients),
            rates=np.array(self.rates),
            evaluations=np.array(self.evaluations),
            reason=reason,
            shape=tuple(self.theta.shape),
            kept=self.kept,
            base=None if self.base is None else (type(self.base), self.base.equation),
            measured=measured,
        )


NOT_EXPLAINED = ("params", "param_names", "initial_lr")
"""What stands in a group of parameters beside its hyperparameters."""


def _copied(value: Any) -> Any:
    """Return a copy on the host of what an optimiser keeps."""
    if isinstance(value, Tensor):
        return np.array(to_host(value.array))
    if isinstance(value, (list, tuple)):
        return [_copied(one) for one in value]
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    return value
