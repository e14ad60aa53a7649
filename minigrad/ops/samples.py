"""Sample inputs in common: the shapes that every elementwise operation is checked on.

An operation's samples are a function of ``draw`` that returns ``(inputs, keywords)`` pairs;
``draw(shape, low, high, away=...)`` makes a float64 array of uniform numbers, none of them near a
point of ``away`` (see :class:`minigrad.testing.Draw`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

SHAPES = ((), (3,), (2, 3), (2, 1, 2), (0, 3))
PAIRS = (
    ((), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((4, 1, 3), (2, 1)),
    ((), (2, 2)),
    ((0, 3), (3,)),
)


def unary(low: float = -2.0, high: float = 2.0, away: Sequence[float] = ()) -> Callable[..., Any]:
    """Return samples of one input in ``[low, high]``, away from the points in ``away``."""
    return lambda draw: [((draw(shape, low, high, away=away),), {}) for shape in SHAPES]


def binary(
    x: tuple[float, float] = (-2.0, 2.0),
    y: tuple[float, float] = (-2.0, 2.0),
    away: Sequence[float] = (),
) -> Callable[..., Any]:
    """Return samples of two inputs that broadcast; ``away`` holds for the second one."""
    return lambda draw: [
        ((draw(first, *x), draw(second, *y, away=away)), {}) for first, second in PAIRS
    ]


def with_params(
    *cases: tuple[Any, ...], low: float = -2.0, high: float = 2.0
) -> Callable[..., Any]:
    """Return samples ``((array of shape,), params)``, one for each ``(shape, params)`` of ``cases``."""
    return lambda draw: [((draw(shape, low, high),), dict(params)) for shape, params in cases]
