"""Comparison, logic and tests of numbers: bool results, no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.declare import op, register
from minigrad.ops.samples import without_derivative


def _without_derivative(name, compute, arity, doc, kinds="fib"):
    """Return an operation of one or two inputs whose result has no derivative."""

    def one(xp, x):
        return compute(xp, x)

    def two(xp, x, y):
        return compute(xp, x, y)

    forward: Any = one if arity == 1 else two
    forward.__name__ = name
    forward.__doc__ = doc
    forward.__wrapped__ = compute  # what ``explain`` shows
    return op(forward, differentiable=False).samples(without_derivative(arity, kinds))


eq = _without_derivative("eq", lambda xp, x, y: x == y, 2, ":math:`x = y`.")
ne = _without_derivative("ne", lambda xp, x, y: x != y, 2, r":math:`x \ne y`.")
lt = _without_derivative("lt", lambda xp, x, y: x < y, 2, ":math:`x < y`.")
le = _without_derivative("le", lambda xp, x, y: x <= y, 2, r":math:`x \le y`.")
gt = _without_derivative("gt", lambda xp, x, y: x > y, 2, ":math:`x > y`.")
ge = _without_derivative("ge", lambda xp, x, y: x >= y, 2, r":math:`x \ge y`.")
logical_and = _without_derivative(
    "logical_and", lambda xp, x, y: xp.logical_and(x, y), 2, "Both nonzero."
)
logical_or = _without_derivative(
    "logical_or", lambda xp, x, y: xp.logical_or(x, y), 2, "At least one nonzero."
)
logical_xor = _without_derivative(
    "logical_xor", lambda xp, x, y: xp.logical_xor(x, y), 2, "Exactly one nonzero."
)
logical_not = _without_derivative("logical_not", lambda xp, x: xp.logical_not(x), 1, "Zero.")
bitwise_and = _without_derivative(
    "bitwise_and", lambda xp, x, y: x & y, 2, r":math:`x \& y`.", kinds="ib"
)
bitwise_or = _without_derivative(
    "bitwise_or", lambda xp, x, y: x | y, 2, ":math:`x | y`.", kinds="ib"
)
bitwise_xor = _without_derivative(
    "bitwise_xor", lambda xp, x, y: x ^ y, 2, "Bits that differ.", kinds="ib"
)
invert = _without_derivative(
    "invert", lambda xp, x: ~x, 1, "Bits (or the truth value) reversed.", kinds="ib"
)
isnan = _without_derivative("isnan", lambda xp, x: xp.isnan(x), 1, "Not a number.")
isinf = _without_derivative("isinf", lambda xp, x: xp.isinf(x), 1, "Infinite.")
isfinite = _without_derivative("isfinite", lambda xp, x: xp.isfinite(x), 1, "Neither inf nor nan.")
for _operation in (isnan, isinf, isfinite):
    _operation.samples(
        lambda draw: [
            ((np.array([[1.0, np.nan], [np.inf, -np.inf]]),), {}),
            ((np.array(np.nan),), {}),
            ((np.array([1, 2]),), {}),
        ]
    )

register(eq, ne, lt, le, gt, ge, logical_and, logical_or, logical_xor, logical_not)
register(bitwise_and, bitwise_or, bitwise_xor, invert, isnan, isinf, isfinite)
