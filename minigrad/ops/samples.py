"""Sample inputs in common: the shapes that every elementwise operation is checked on.

An operation's samples are a function of ``draw`` that returns ``(inputs, keywords)`` pairs;
``draw(shape, low, high, away=...)`` makes a float64 array of uniform numbers, none of them near a
point of ``away`` (see :class:`minigrad.testing.Draw`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

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
    *cases: tuple[Any, ...], low: float = -2.0, high: float = 2.0, whole: bool = False
) -> Callable[..., Any]:
    """Return samples ``((array of shape,), params)``, one for each ``(shape, params)`` of ``cases``.

    ``whole`` numbers are for operations without derivative, so that some of them are equal, or 0.
    """

    def make(draw: Any) -> Any:
        for shape, params in cases:
            array = draw(shape, low, high)
            yield ((np.round(array) if whole else array),), dict(params)

    return make


def without_derivative(arity: int, kinds: str = "f") -> Callable[..., Any]:
    """Return samples of whole numbers, as dtypes of the given kinds (``"f"``, ``"i"``, ``"b"``)."""
    dtypes = {"f": np.float64, "i": np.int64, "b": np.bool_}

    def make(draw: Any) -> Any:
        for pair in PAIRS:
            for kind in kinds:
                arrays = (np.round(draw(shape)).astype(dtypes[kind]) for shape in pair[:arity])
                yield tuple(arrays), {}

    return make
