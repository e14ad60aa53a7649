"""One step of an optimiser as text: its equations, with the numbers of that step filled in.

What to print for a class of optimisers is a function that writes on a :class:`Page`; those of minigrad's
optimisers are in :mod:`minigrad.optim.explained`.  A class of your own gets one like this::

    @explains(Descent)
    def descent(page):
        page.line("θ", "{θ} − {η}·{g}", page.end)

Without one, all that was recorded is listed.  Of an optimiser that hands a gradient to another one, such as
SAM, it is the gradient that is explained; the step is explained as one of the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MOST = 6
"""Vectors up to this length are printed whole."""

EXPLANATIONS: dict[type, Callable[[Page], None]] = {}
"""What to print, for each class."""

SYMBOLS = {"lr": "η", "momentum": "μ", "weight_decay": "λ", "eps": "ε"}
"""How hyperparameters are called in equations."""

OF_THE_RULE = {"update", "coefficients", "step"}
"""A class that has one of these methods has a rule of its own."""

MEASURED = "of the function that is measured"
"""The remark at values and gradients of another function than the optimiser saw."""


class Explanation(str):
    """Text that shows itself as it is, also without ``print``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def explains(kind: type) -> Callable[[Callable[[Page], None]], Callable[[Page], None]]:
    """Make a function the one that explains the steps of a class of optimisers."""

    def enter(function: Callable[[Page], None]) -> Callable[[Page], None]:
        EXPLANATIONS[kind] = function
        return function

    return enter


@dataclass
class Page:
    """What is known of a step, and the lines that are written about it.

    Attributes
    ----------
    optimizer : type
        The class of the optimiser.
    equation : str
        Its rule, as text.
    number : int
        The number of the step, 0 for the first.
    start, end : array
        The point before and after.
    losses : (float, float)
        The values there.
    gradient : array
        The gradient at the point before.
    given : array or None
        The gradient that the rule was given, after weight decay, clipping and the like; ``None`` if it
        is not known.
    before, after : dict
        What the optimiser keeps, before and after the step.
    hyper : dict
        The hyperparameters.
    rate : float or None
        How far the step went, as the optimiser says; ``None`` if it does not.
    next_lr : float
        The rate of the next step, before any schedule.
    base : (type, str) or None
        Class and rule of the optimiser that made the step, if this one only hands it a gradient.
    measured : bool
        Whether ``losses`` and ``gradient`` are those of another function than the optimiser saw.
    shape : tuple of int
        The shape of the parameter, of which all arrays here are the numbers in a row.
    names : dict
        What the symbols of the equations stand for so far.
    lines : list of str
        What was written.
    """

    optimizer: type
    equation: str
    number: int
    start: np.ndarray
    end: np.ndarray
    losses: tuple[float, float]
    gradient: np.ndarray
    given: Any
    before: dict[str, Any]
    after: dict[str, Any]
    hyper: dict[str, Any]
    rate: float | None = None
    next_lr: float = math.nan
    base: tuple[type, str] | None = None
    measured: bool = False
    shape: tuple[int, ...] = ()
    names: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def kept(self, name: str) -> Any:
        """Return what the optimiser kept under ``name`` before the step: zeros before the first one."""
        return self.before[name] if name in self.before else np.zeros_like(self.start)

    def line(self, symbol: str, formula: str, result: Any, **values: Any) -> None:
        """Write an equation: as it reads, with numbers, and what they make.

        Parameters
        ----------
        symbol : str
            What is computed; from here on it stands for ``result``.
        formula : str
            The right side, its symbols in braces: ``"{μ}·{v} − {η}·{g}"``.
        result : array or number
            What it makes.
        **values
            What further symbols stand for.
        """
        self.names |= values
        numbers = re.sub(r"{(.+?)}", lambda found: number_text(self.names[found[1]]), formula)
        reading = formula.replace("·{", " {").replace("{", "").replace("}", "")
        self.lines += [f"{symbol} ← {reading}", f"  = {numbers}", f"  = {number_text(result)}"]
        self.names[symbol] = result

    def fact(self, symbol: str, value: Any, remark: str = "") -> None:
        """Write what a symbol stands for."""
        self.names[symbol] = value
        self.lines.append(f"{symbol} = {number_text(value)}{remark and f'   {remark}'}")


def explain(page: Page) -> Explanation:
    """Return the text about a step."""
    settings = ", ".join(f"{name} = {value}" for name, value in _told(page).items())
    page.lines.append(
        f"step {page.number}: {page.optimizer.__name__}{settings and f', {settings}'}"
    )
    page.names |= {SYMBOLS[name]: page.hyper[name] for name in SYMBOLS if name in page.hyper}
    page.fact("θ", page.start)
    remark = MEASURED if page.measured else ""
    page.fact("J(θ)", page.losses[0], remark)
    if page.base is not None and page.given is not None:
        (_explanation(page.optimizer) or write_equation)(page)
        page.optimizer, page.equation = page.base
    _write_rule(page)
    page.fact("J(θ)", page.losses[1], remark)
    return Explanation("\n".join(page.lines))


def write_equation(page: Page) -> None:
    """Write the rule of the class, without numbers."""
    page.lines += page.equation.splitlines()


def _write_rule(page: Page) -> None:
    """Write the gradient, decoupled decay, and the rule."""
    _write_gradient(page)
    write = _explanation(page.optimizer)
    if page.given is None and (page.measured or page.base is not None):
        write = None  # the gradient of the rule is not known
    if page.hyper.get("weight_decay") and page.hyper.get("decoupled_weight_decay") and write:
        shrunk = (1 - page.hyper["lr"] * page.hyper["weight_decay"]) * page.start
        page.line("θ", "(1 − {η}·{λ})·{θ}", shrunk)
    (write or _list_all)(page)


def _explanation(kind: type) -> Callable[[Page], None] | None:
    """Return what explains a class: its own, or that of the class which it has its rule from."""
    for one in kind.__mro__:
        if one in EXPLANATIONS:
            return EXPLANATIONS[one]
        if OF_THE_RULE & vars(one).keys():
            return None
    return None


def _told(page: Page) -> dict[str, Any]:
    """Return the hyperparameters that make a difference: ``lr``, and those that are not switched off."""
    off = (None, False, 0)
    return {n: value for n, value in page.hyper.items() if n == "lr" or value not in off}


def _write_gradient(page: Page) -> None:
    """Write the gradient, and how what the rule was given differs from it."""
    unknown = np.isnan(page.gradient).all()
    if page.measured and not unknown:
        page.fact("∇J(θ)", page.gradient, MEASURED)
    if page.measured or unknown or page.base is not None:
        if page.given is not None:
            page.fact("g", page.given, "what the rule is given")
        elif not page.measured and not unknown:
            page.fact("∇J(θ)", page.gradient)
        return
    g = page.given if page.given is not None else page.gradient
    if np.array_equal(g, page.gradient):
        page.fact("g", g, "= ∇J(θ)")
        return
    page.fact("∇J(θ)", page.gradient)
    decay = page.hyper.get("weight_decay") or 0
    coupled = 0 if page.hyper.get("decoupled_weight_decay") else decay
    sign = "−" if page.hyper.get("maximize") else ""
    expected = (-1 if sign else 1) * page.gradient + coupled * page.start
    if not np.allclose(g, expected, rtol=1e-6, atol=0):
        page.fact("g", g, "what the rule is given")
    elif coupled:
        page.line("g", sign + "{∇J(θ)} + {λ}·{θ}", g)
    else:
        page.line("g", "−{∇J(θ)}", g)


def _list_all(page: Page) -> None:
    """Write the equation of the class, how far it went, and what was kept before and after."""
    write_equation(page)
    if page.rate is not None:
        page.fact("α" if "α" in page.equation else "rate", page.rate, "how far the step went")
    for name in page.after:
        texts = [number_text(kept[name]) for kept in (page.before, page.after) if name in kept]
        page.lines.append(f"{name}: {' → '.join(dict.fromkeys(texts))}")
    page.fact("Δθ", page.end - page.start, "the step")
    page.fact("θ", page.end, "after the step")


def number_text(value: Any) -> str:
    """Return a number, or the numbers of an array, as text: six digits, and a long array cut short.

    A negative number stands in brackets, as it may come after a sign.
    """
    if isinstance(value, (list, tuple)):
        if any(isinstance(one, np.ndarray) for one in value):
            return f"{len(value)} arrays, the last {number_text(value[-1])}"
        return f"[{', '.join(map(number_text, value))}]"
    if not isinstance(value, (int, float, np.ndarray, np.generic)):
        return str(value)
    numbers = [_six_digits(one) for one in np.ravel(value).tolist()]
    if len(numbers) == 1:
        return f"({numbers[0]})" if numbers[0].startswith("-") else numbers[0]
    if len(numbers) > MOST:
        numbers = [*numbers[: MOST // 2], "…", numbers[-1]]
    return f"({', '.join(numbers)})"


def _six_digits(number: float) -> str:
    return f"{number:.6g}"
