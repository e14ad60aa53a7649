"""When to stop: criteria that a training loop or a minimiser asks after every step.

A criterion is called with the :class:`Progress` so far, and returns why to stop, or ``None`` to go on.
Training counts epochs as steps, :func:`minigrad.train.fit`; a criterion that is used again is to be
``reset()``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass
class Progress:
    """How far it has come.

    Parameters
    ----------
    step : int
        How many steps were made.
    loss : float
        The loss now.
    gradient_norm : callable
        Returns the Euclidean norm of the gradient.  A function, as it costs time and few ask for it.
    validation : float, optional
        The loss on data that is not trained on.
    """

    step: int
    loss: float
    gradient_norm: Callable[[], float] = lambda: math.nan
    validation: float | None = None


class Criterion:
    """Base class of the criteria."""

    remembered: ClassVar[tuple[str, ...]] = ()

    def __call__(self, progress: Progress) -> str | None:
        """Return why to stop now, or ``None``."""
        raise NotImplementedError(f"{type(self).__name__} does not say when to stop")

    def reset(self) -> None:
        """Forget what was seen, before another run."""

    def state_dict(self) -> dict[str, Any]:
        """Return what it remembers of the steps so far."""
        return {name: getattr(self, name) for name in self.remembered}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned."""
        for name in self.remembered:
            setattr(self, name, state_dict[name])


@dataclass
class MaxSteps(Criterion):
    """Stop after ``steps`` steps."""

    steps: int

    def __call__(self, progress: Progress) -> str | None:
        """Return why to stop now, or ``None``."""
        return f"{self.steps} steps were made" if progress.step >= self.steps else None


@dataclass
class GradientNorm(Criterion):
    r"""Stop where the gradient is small, :math:`\lVert \nabla L \rVert_2 \le \epsilon`.

    That is so at a minimum, and at a saddle point as well (document 003, §6.1.2).

    Parameters
    ----------
    tolerance : float, default 1e-5
        :math:`\epsilon`.
    """

    tolerance: float = 1e-5

    def __call__(self, progress: Progress) -> str | None:
        """Return why to stop now, or ``None``."""
        norm = progress.gradient_norm()
        if norm > self.tolerance or math.isnan(norm):
            return None
        return f"the norm of the gradient, {norm:.3g}, is at most {self.tolerance:g}"


@dataclass
class LossChange(Criterion):
    r"""Stop when the loss has changed little, :math:`|L_t - L_{t-1}| \le \epsilon + \rho \, |L_{t-1}|`.

    Parameters
    ----------
    tolerance : float, default 1e-8
        :math:`\epsilon`.
    relative : float, default 0.0
        :math:`\rho`.
    steps : int, default 1
        For how many steps in a row.
    """

    tolerance: float = 1e-8
    relative: float = 0.0
    steps: int = 1
    last: float = field(default=math.inf, init=False, repr=False)
    quiet: int = field(default=0, init=False, repr=False)
    remembered = ("last", "quiet")

    def __call__(self, progress: Progress) -> str | None:
        """Return why to stop now, or ``None``."""
        change, limit = abs(progress.loss - self.last), self.tolerance
        if self.relative:
            limit += self.relative * abs(self.last)
        self.quiet = self.quiet + 1 if math.isfinite(self.last) and change <= limit else 0
        self.last = progress.loss
        if self.quiet < self.steps:
            return None
        return f"the loss changed by {change:.3g}, at most {limit:.3g}, {self.quiet} times in a row"

    def reset(self) -> None:
        """Forget the last loss."""
        self.last, self.quiet = math.inf, 0


@dataclass
class Patience(Criterion):
    """Stop when the validation loss has not fallen for some steps: early stopping.

    Parameters
    ----------
    steps : int, default 5
        How many steps in a row without a new lowest value are waited for.
    min_delta : float, default 0.0
        By how much a value has to be lower to count.
    of : {"validation", "loss"}
        Which loss is watched.

    Attributes
    ----------
    best : float
        The lowest value so far.
    waited : int
        How many steps ago that was.

    Raises
    ------
    ValueError
        For another ``of``; when called, if there is no validation loss.

    References
    ----------
    Prechelt, "Early stopping, but when?", in: Neural Networks: Tricks of the Trade (1998).
    """

    steps: int = 5
    min_delta: float = 0.0
    of: str = "validation"
    best: float = field(default=math.inf, init=False, repr=False)
    waited: int = field(default=0, init=False, repr=False)
    remembered = ("best", "waited")

    def __post_init__(self) -> None:
        if self.of not in ("validation", "loss"):
            raise ValueError(f"Patience: of has to be 'validation' or 'loss', got {self.of!r}")

    def __call__(self, progress: Progress) -> str | None:
        """Return why to stop now, or ``None``."""
        value = getattr(progress, self.of)
        if value is None:
            raise ValueError(
                "Patience: there is no validation loss to watch; give validation data, or write "
                "Patience(of='loss')"
            )
        if value < self.best - self.min_delta:
            self.best, self.waited = value, 0
            return None
        self.waited += 1
        if self.waited < self.steps:
            return None
        watched = "validation loss" if self.of == "validation" else "loss"
        return f"the {watched} has not fallen below {self.best:.4g} for {self.waited} steps"

    def reset(self) -> None:
        """Forget the lowest value."""
        self.best, self.waited = math.inf, 0


def why_stop(
    criteria: Iterable[Callable[[Progress], str | None]], progress: Progress
) -> str | None:
    """Ask every criterion; return the reason of the first that wants to stop, or ``None``."""
    reasons = [criterion(progress) for criterion in criteria]
    return next((reason for reason in reasons if reason is not None), None)
