r"""Arithmetic: ``+ - * / ** // %``, and what compares two numbers and keeps one of them."""

from __future__ import annotations

import math

import numpy as np

from minigrad.ops.declare import op, register
from minigrad.ops.samples import SHAPES, binary, unary


@op(analytic=True)
def add(xp, x, y):
    r"""Sum, :math:`x + y`."""
    return x + y


add.vjp(x=lambda xp, g: g, y=lambda xp, g: g).samples(binary())


@op(analytic=True)
def sub(xp, x, y):
    r"""Difference, :math:`x - y`."""
    return x - y


sub.vjp(x=lambda xp, g: g, y=lambda xp, g: -g).samples(binary())


@op(analytic=True)
def mul(xp, x, y):
    r"""Product, :math:`x y`."""
    return x * y


mul.vjp(x=lambda xp, g, y: g * y, y=lambda xp, g, x: g * x).samples(binary())


@op(dtypes="float", analytic=True)
def div(xp, x, y):
    r"""Quotient, :math:`x / y`."""
    return x / y


div.vjp(
    x=lambda xp, g, y: g / y,
    y=lambda xp, g, y, out: -g * out / y,
).samples(binary(y=(0.5, 2.0)))


@op(kinks="slope in x of x**0 is 0; slope in y at x = 0 is 0")
def pow_(xp, x, y):
    r"""Power, :math:`x^y`."""
    return x**y


def power(x, exponent):
    """Return ``x ** exponent``, which for the number 1 is x itself: one operation less for squares."""
    return x if exponent.__class__ in (int, float) and exponent == 1 else x**exponent


def _pow_x(xp, g, x, y):
    # y = 0 takes the exponent 0 instead of -1: the factor y is 0 then, and 0 * inf would be nan.
    return g * y * power(x, y - 1 + (y == 0))


def _pow_y(xp, g, x, out):
    if isinstance(x, (int, float)):  # a Python number, whose logarithm has to stay one: no float64
        return g * out * (math.log(x) if x > 0 else 0.0 if x == 0 else math.nan)
    # log(1) instead of log(0) where x = 0: the factor out is 0 there (or 1, for 0**0).
    return g * out * xp.log(x + (x == 0))


pow_.vjp(x=_pow_x, y=_pow_y).samples(
    lambda draw: [
        *binary(x=(0.3, 2.0))(draw),
        *(((draw(shape, -2.0, 2.0, away=(0.0,)), 3), {}) for shape in SHAPES),
        *(((draw(shape, 0.3, 2.0), -1.5), {}) for shape in SHAPES),
        ((2.0, draw((2, 3))), {}),
    ]
)


def _check_divisor(xp, x, y):
    """Raise where an integer is to be divided by 0, for which NumPy answers 0; looks on the host only."""
    if xp is np and not (_is_floating(x) or _is_floating(y)) and np.size(x) and not np.all(y):
        raise RuntimeError("ZeroDivisionError: an integer cannot be divided by 0")


def _is_floating(value):
    return isinstance(value, float) or (not isinstance(value, int) and value.dtype.kind == "f")


@op(kinks="slope 0 (a jump at every multiple of y)")
def floor_divide(xp, x, y):
    r"""Quotient rounded down, :math:`\lfloor x / y \rfloor`."""
    _check_divisor(xp, x, y)
    return x // y


floor_divide.vjp(
    x=lambda xp, g: xp.zeros_like(g),
    y=lambda xp, g: xp.zeros_like(g),
).samples(
    lambda draw: [((draw(s, 0.1, 0.9) + 2.0, draw(s, 0.9, 1.0)), {}) for s in ((), (3,), (2, 3))]
)


@op(kinks="slope 1 in x everywhere (a jump at every multiple of y)")
def remainder(xp, x, y):
    r"""Remainder with the sign of the divisor, :math:`x - y \lfloor x / y \rfloor`."""
    _check_divisor(xp, x, y)
    return x % y


remainder.vjp(x=lambda xp, g: g, y=lambda xp, g, x, y: -g * (x // y)).samples(
    lambda draw: [((draw(s, 0.2, 0.8) + 2.0, draw(s, 0.95, 1.05)), {}) for s in ((), (3,), (2, 3))]
)


@op(kinks="slope 1 in x everywhere (a jump at every multiple of y)")
def fmod(xp, x, y):
    r"""Remainder with the sign of the dividend, as in C, :math:`x - y \,\mathrm{trunc}(x / y)`."""
    _check_divisor(xp, x, y)
    return xp.fmod(x, y)


fmod.vjp(
    x=lambda xp, g: g,
    y=lambda xp, g, x, y: -g * xp.sign(x) * xp.sign(y) * (xp.abs(x) // xp.abs(y)),
).samples(
    lambda draw: [
        (((draw(s, 0.2, 0.8) + 2.0) * sign, draw(s, 0.95, 1.05)), {})
        for s in ((), (3,), (2, 3))
        for sign in (1, -1)
    ]
)


@op(analytic=True)
def neg(xp, x):
    r"""Negative, :math:`-x`."""
    return -x


neg.vjp(x=lambda xp, g: -g).samples(unary())


@op(kinks="slope 0 at 0")
def abs_(xp, x):
    r"""Absolute value, :math:`|x|`."""
    return xp.abs(x)


abs_.vjp(x=lambda xp, g, x: g * xp.sign(x)).samples(unary(away=(0.0,)))


@op(kinks="slope 0, also at 0")
def sign(xp, x):
    r"""Sign, :math:`-1, 0` or :math:`1`; 0 for NaN."""
    out = xp.sign(x)
    return xp.where(xp.isnan(out), 0.0, out) if out.dtype.kind == "f" else out


sign.vjp(x=lambda xp, g: xp.zeros_like(g)).samples(unary(away=(0.0,)))


def _step(xp, g):
    return xp.zeros_like(g)


@op(kinks="slope 0, also at the jumps")
def floor(xp, x):
    r"""Largest integer not above, :math:`\lfloor x \rfloor`."""
    return xp.floor(x)


@op(kinks="slope 0, also at the jumps")
def ceil(xp, x):
    r"""Smallest integer not below, :math:`\lceil x \rceil`."""
    return xp.ceil(x)


@op(kinks="slope 0, also at the jumps")
def trunc(xp, x):
    r"""Integer part: rounds towards 0."""
    return xp.trunc(x)


@op(kinks="slope 0, also at the jumps")
def round_(xp, x, *, decimals=0):
    r"""Nearest number of ``decimals`` digits, halves to the even neighbour."""
    return xp.round(x, decimals)


for _operation in (floor, ceil, trunc, round_):
    _operation.vjp(x=_step).samples(unary(0.1, 0.4))


INTEGERS = {2: np.int16, 4: np.int32, 8: np.int64}
"""As wide as a floating number of so many bytes."""


def through(xp, g, mask):
    r"""Return ``g`` where ``mask`` holds and 0 elsewhere, also where ``g`` is infinite or nan.

    The product ``g * mask`` is nan where an infinite gradient is not to pass, as in
    :math:`\sqrt{\max(x, 0)}` for negative x.  ``where`` is right, but NumPy's asks for each number whether
    to take it, which takes many times as long.  So on the host the product is one of integers, with the bits
    of ``g``: times 1 they stay, times 0 they are those of 0.
    """
    if isinstance(mask, np.bool_) and isinstance(g, np.floating):
        return g if mask else g.dtype.type(0)
    if xp is not np or not g.ndim or g.shape != mask.shape:
        return xp.where(mask, g, 0.0)
    return (g.view(INTEGERS[g.dtype.itemsize]) * mask).view(g.dtype)


@op(kinks="ties: one half to each")
def maximum(xp, x, y):
    r"""Larger of two, :math:`\max(x, y)`."""
    return xp.maximum(x, y)


maximum.vjp(
    x=lambda xp, g, x, y: through(xp, g, x > y) + through(xp, 0.5 * g, x == y),
    y=lambda xp, g, x, y: through(xp, g, y > x) + through(xp, 0.5 * g, x == y),
)


@op(kinks="ties: one half to each")
def minimum(xp, x, y):
    r"""Smaller of two, :math:`\min(x, y)`."""
    return xp.minimum(x, y)


minimum.vjp(
    x=lambda xp, g, x, y: through(xp, g, x < y) + through(xp, 0.5 * g, x == y),
    y=lambda xp, g, x, y: through(xp, g, y < x) + through(xp, 0.5 * g, x == y),
)
for _operation in (maximum, minimum):
    # x and y keep apart: x is in [0, 1] and y outside.
    _operation.samples(
        lambda draw: [*binary((0, 1), (1.2, 2))(draw), *binary((0, 1), (-2, -0.2))(draw)]
    )


@op(kinks="slope 1 at both bounds")
def clamp(xp, x, *, low=None, high=None):
    r"""The nearest number in :math:`[low, high]`; ``None`` is no bound."""
    out = x if low is None else xp.maximum(x, low)
    return out if high is None else xp.minimum(out, high)


def _clamp(xp, g, x, low, high):
    if low is not None:
        g = through(xp, g, x >= low)
    return g if high is None else through(xp, g, x <= high)


clamp.vjp(x=_clamp).samples(
    lambda draw: [
        ((draw(shape, -2, 2, away=(-0.5, 1.0)),), bounds)
        for shape in SHAPES
        for bounds in ({"low": -0.5, "high": 1.0}, {"low": -0.5}, {"high": 1.0})
    ]
)


@op
def select(xp, x, y, *, condition):
    r""":math:`x` where ``condition`` holds, :math:`y` elsewhere (``where`` in NumPy and PyTorch)."""
    return xp.where(condition, x, y)


# where() and not a product with the mask: the branch not taken may hold inf or nan.
select.vjp(
    x=lambda xp, g, condition: xp.where(condition, g, 0.0),
    y=lambda xp, g, condition: xp.where(condition, 0.0, g),
).samples(
    lambda draw: [
        ((draw((2, 3)), draw((3,))), {"condition": np.array([[True, False, True]])}),
        ((draw((3,)), draw((2, 1))), {"condition": np.array([[True], [False]])}),
        ((draw(()), draw(())), {"condition": np.array(True)}),
        ((draw((2, 2)), draw(())), {"condition": np.eye(2) > 0}),
    ]
)

register(add, sub, mul, div, pow_, floor_divide, remainder, fmod, neg, abs_, sign)
register(floor, ceil, trunc, round_, maximum, minimum, clamp, select)
