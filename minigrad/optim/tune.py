"""Choosing hyperparameters by trial: each trial is a whole training (documents 001, 002 and 003).

A *trial* is a function of hyperparameters that trains and returns the loss to compare by, best that on
validation data.  :func:`grid` tries all combinations, :func:`random` some that it draws::

    from minigrad.optim import SGD, functions, minimize, tune

    def trial(lr, momentum):
        make = lambda params: SGD(params, lr=lr, momentum=momentum)
        return minimize(functions.rosenbrock, None, make, steps=500)

    trials = tune.grid(trial, {"lr": [1e-4, 1e-3], "momentum": [0, 0.9]})
    trials                  # a table, the best first
    trials.best.hyper       # its hyperparameters
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minigrad.backend.generator import Generator, default_generator
from minigrad.optim.bar import with_bar
from minigrad.optim.checks import POSITIVE, check, error
from minigrad.optim.trajectory import Trajectory

FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True)
class Uniform:
    """Any number from ``low`` up to ``high``, all alike.

    Parameters
    ----------
    low, high : float
        The range.

    Raises
    ------
    ValueError
        If ``low`` is not less than ``high``.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not -math.inf < self.low < self.high < math.inf:
            raise error(self, ValueError, f"expected low < high, got {self.low} and {self.high}")

    def draw(self, generator: Generator) -> float:
        """Return a number of the range."""
        return generator.uniform((), FLOAT64, self.low, self.high).item()


@dataclass(frozen=True)
class LogUniform(Uniform):
    """Any number from ``low`` up to ``high``, all orders of magnitude alike: for learning rates.

    Parameters
    ----------
    low, high : float
        The range, of numbers greater than 0.

    Raises
    ------
    ValueError
        If not ``0 < low < high``.
    """

    def __post_init__(self) -> None:
        check(self, POSITIVE, low=self.low, high=self.high)
        super().__post_init__()

    def draw(self, generator: Generator) -> float:
        """Return a number of the range."""
        logarithm = Uniform(math.log(self.low), math.log(self.high)).draw(generator)
        return math.exp(logarithm)


class Trial(NamedTuple):
    """One trial.

    Attributes
    ----------
    hyper : dict
        The hyperparameters.
    loss : float
        What they led to.
    steps : int
        How many steps that took; 1 if the trial does not say.
    error : str
        Why it has no loss: what its ``FloatingPointError`` said.
    """

    hyper: dict[str, Any]
    loss: float
    steps: int
    error: str = ""


class Trials(Sequence[Trial]):
    """All trials, the one with the lowest loss first; those that ended in NaN stand last.

    Parameters
    ----------
    trials : iterable of Trial
        In any order.
    """

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._trials = sorted(trials, key=lambda one: (math.isnan(one.loss), one.loss))

    def __getitem__(self, k: Any) -> Any:
        return self._trials[k]

    def __len__(self) -> int:
        return len(self._trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials)

    @property
    def best(self) -> Trial:
        """The trial with the lowest loss."""
        if not self._trials:
            raise ValueError("Trials: there is no best one, as there are none")
        return self._trials[0]

    @property
    def cost(self) -> int:
        """The steps of all trials together: what the search has cost."""
        return sum(one.steps for one in self)

    def __repr__(self) -> str:
        if not self._trials:
            return "0 trials, 0 steps"
        names = list(self.best.hyper)
        rows = [[*names, "loss", "steps"]]
        for one in self:
            rows.append([_text(v) for v in (*one.hyper.values(), one.loss, one.steps)])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        ]
        errors = [f"{_named(one.hyper)}: {one.error}" for one in self if one.error]
        return "\n".join([*lines, f"{len(self)} trials, {self.cost} steps", *errors])


def _named(hyper: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {_text(value)}" for name, value in hyper.items())


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def grid(
    trial: Callable[..., Any],
    space: Mapping[str, Sequence[Any]],
    *,
    progress: bool = False,
) -> Trials:
    """Try all combinations of some values.

    Parameters
    ----------
    trial : callable
        Called with hyperparameters by name.  Returns the loss; or the loss and the number of steps; or a
        :class:`~minigrad.optim.trajectory.Trajectory`.  A ``FloatingPointError``, which ``train.fit`` raises
        when the loss diverges, counts as a loss of NaN; other errors end the search.
    space : mapping of str to sequence
        The values of each hyperparameter.
    progress : bool, default False
        Show a bar, in terminals.

    Returns
    -------
    Trials
        Sorted; it prints as a table.

    Raises
    ------
    ValueError
        If ``space`` has no combination.
    TypeError
        If the values of a hyperparameter are not a sequence.

    Examples
    --------
    >>> from functools import partial
    >>> from minigrad.optim import SGD, functions, minimize, tune
    >>> def trial(lr):
    ...     return minimize(functions.parabola, 0.0, partial(SGD, lr=lr), steps=20)
    >>> tune.grid(trial, {"lr": [0.01, 0.1, 0.25, 0.3]})
      lr       loss  steps
     0.1     -11.25     20
    0.01     -11.17     20
    0.25         -9     20
     0.3  1.575e+06     20
    4 trials, 80 steps
    """
    for name, values in space.items():
        if isinstance(values, (str, Uniform)) or not isinstance(values, Sequence | np.ndarray):
            raise TypeError(f"grid: {name} has to have a list of values, got {values!r}")
    combinations = list(itertools.product(*space.values()))
    if not space or not combinations:
        raise ValueError("grid: there is nothing to try; give at least one value of each name")
    return _try_all(trial, [dict(zip(space, c, strict=True)) for c in combinations], progress)


def random(
    trial: Callable[..., Any],
    space: Mapping[str, Uniform | Sequence[Any]],
    n: int = 20,
    *,
    generator: Generator | None = None,
    progress: bool = False,
) -> Trials:
    """Try combinations that are drawn.

    Where a few of many hyperparameters matter, that finds more than a grid of as many trials: of what is
    drawn from a range, each trial has another value (Bergstra and Bengio, Random search for hyper-parameter
    optimization, 2012).

    Parameters
    ----------
    trial, progress
        As for :func:`grid`.
    space : mapping of str to Uniform, LogUniform, or sequence
        Where each hyperparameter is drawn: from a range, or from a list, all alike.  A tuple of two numbers
        is refused, as it looks like a range; write ``[a, b]`` for two choices.
    n : int, default 20
        How many trials.
    generator : Generator, optional
        Where they are drawn; the default generator if not given.

    Returns
    -------
    Trials

    Raises
    ------
    ValueError
        If ``n`` is less than 1, ``space`` or a list in it is empty, or a range is written as a tuple.
    TypeError
        If a hyperparameter has neither a range nor a list.
    """
    if n < 1 or not space:
        raise ValueError(f"random: nothing to try, with n = {n} and {len(space)} hyperparameters")
    for name, values in space.items():
        _check(name, values)
    source = generator or default_generator
    drawn = [{name: _draw(one, source) for name, one in space.items()} for _ in range(n)]
    return _try_all(trial, drawn, progress)


def _check(name: str, values: Any) -> None:
    """Raise an error unless values can be drawn."""
    if hasattr(values, "draw"):
        return
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
        raise TypeError(
            f"random: {name} has to have a Uniform, a LogUniform or a list of values, got {values!r}"
        )
    if not len(values):
        raise ValueError(f"random: the list of values of {name} is empty")
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    if isinstance(values, tuple) and len(values) == 2 and numbers:
        low, high = values
        raise ValueError(
            f"random: {name} = ({low}, {high}) would be a choice of two values; write Uniform({low}, {high}) "
            f"or LogUniform({low}, {high}) for a range, and [{low}, {high}] for the choice"
        )


def _draw(values: Any, generator: Generator) -> Any:
    if hasattr(values, "draw"):
        return values.draw(generator)
    return values[int(generator.integers(0, len(values), ()))]


def _try_all(
    trial: Callable[..., Any], combinations: list[dict[str, Any]], progress: bool
) -> Trials:
    shown = with_bar(combinations, progress, "trial")
    return Trials([_try(trial, hyper) for hyper in shown])


def _try(trial: Callable[..., Any], hyper: dict[str, Any]) -> Trial:
    """Return what a trial led to; one that diverges, to NaN."""
    try:
        result = trial(**hyper)
    except FloatingPointError as error:
        return Trial(hyper, math.nan, 1, str(error))
    return Trial(hyper, *_outcome(result))


def _outcome(result: Any) -> tuple[float, int]:
    """Return the loss and the number of steps that a trial returned."""
    if isinstance(result, Trajectory):
        return result.fun, result.steps
    loss, steps = result if isinstance(result, tuple) else (result, 1)
    return float(loss), int(steps)
