"""Checks of numbers that schedules, schedulers and the like are given."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

Rule = tuple[str, Callable[[Any], bool]]

POSITIVE: Rule = ("> 0", lambda value: 0 < value < math.inf)
NOT_NEGATIVE: Rule = (">= 0", lambda value: 0 <= value < math.inf)
FRACTION: Rule = ("from 0 to 1", lambda value: 0 <= value <= 1)
WHOLE: Rule = (
    "a whole number > 0",
    lambda value: isinstance(value, numbers.Integral) and int(value) > 0,
)


def check(owner: Any, rule: Rule, **values: Any) -> None:
    """Raise an error that names ``owner`` and the value if a number does not obey ``rule``.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is out of range.
    """
    expected, holds = rule
    for name, value in values.items():
        if not isinstance(value, numbers.Real):
            raise error(
                owner, TypeError, f"{name} has to be a number, got {type(value).__name__} {value!r}"
            )
        if not holds(value):
            raise error(owner, ValueError, f"{name} = {value} is out of range, expected {expected}")


def check_choice(owner: Any, choices: tuple[Any, ...], **values: Any) -> None:
    """Raise a ``ValueError`` if a word is none of ``choices``."""
    for name, value in values.items():
        if value not in choices:
            expected = " or ".join(repr(choice) for choice in choices)
            raise error(owner, ValueError, f"{name} = {value!r} is unknown, expected {expected}")


def error(owner: Any, kind: type[Exception], text: str) -> Exception:
    """Return the error ``text`` of ``owner``: a function's name, or an object of the class to be named."""
    name = owner if isinstance(owner, str) else type(owner).__name__
    return kind(f"{name}: {text}")
