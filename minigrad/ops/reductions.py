r"""Reductions over axes: sums, means, extremes, norms, and their relatives softmax and cumsum.

``axis`` is ``None`` (all axes), an integer or a tuple of integers; ``keepdims`` leaves the reduced
axes with length 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.backend.sums import running_total, total
from minigrad.ops.declare import op, register
from minigrad.ops.samples import with_params


def reduced_axes(axis, ndim):
    """Return ``axis`` as a tuple of axes counted from the front.

    Raises
    ------
    IndexError
        If there is no such axis, or one is named twice.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    positive = tuple(one + ndim if one < 0 else one for one in axes)
    if any(not 0 <= one < max(ndim, 1) for one in positive):
        raise IndexError(f"axis {axis} is out of range for an array of {ndim} axes")
    if len(set(positive)) < len(positive):
        raise IndexError(f"axis {axis} names one axis twice")
    return positive if ndim else ()


def kept_shape(shape, axis):
    """Return ``shape`` with length 1 at the reduced axes."""
    axes = reduced_axes(axis, len(shape))
    return tuple(1 if i in axes else length for i, length in enumerate(shape))


def count(shape, axis):
    """Return how many elements go into one result."""
    if axis is None:
        return math.prod(shape)
    return math.prod(shape[i] for i in reduced_axes(axis, len(shape)))


SMALL = 1 << 12
"""Up to so many numbers, filling an array takes less time than making a view."""


def repeated(xp, g, shape):
    """Return ``g`` broadcast to ``shape``."""
    if xp is np and math.prod(shape) <= SMALL:
        out = np.empty(shape, g.dtype)
        out[...] = g
        return out
    return xp.broadcast_to(g, shape)


def _spread(xp, g, shape, axis):
    """Give the gradient of a reduction to everything that was reduced."""
    if g.ndim:
        g = xp.reshape(g, kept_shape(shape, axis))
    return repeated(xp, g, shape)


CASES: tuple[Any, ...] = (
    ((2, 3), {}),
    ((2, 3), {"axis": 0}),
    ((2, 3), {"axis": -1, "keepdims": True}),
    ((2, 3, 2), {"axis": (0, -1)}),
    ((2, 3, 2), {"axis": (1,), "keepdims": True}),
    ((1, 3), {"axis": 0}),
    ((4,), {"axis": 0}),
    ((), {}),
)
EMPTY = ((0, 3), {"axis": 0})


@op
def sum_(xp, x, *, axis=None, keepdims=False, dtype=None):
    r"""Sum, :math:`\sum_i x_i`; integers and bools add up in int64."""
    if dtype is None:
        if x.dtype.kind == "f":
            return total(xp, x, axis, keepdims)
        dtype = np.int64
    if xp is np:
        return np.add.reduce(x, axis=axis, keepdims=keepdims, dtype=dtype)  # asks less than np.sum
    return xp.sum(x, axis=axis, keepdims=keepdims, dtype=dtype)


sum_.vjp(x=lambda xp, g, x_shape, axis: _spread(xp, g, x_shape, axis)).samples(
    with_params(*CASES, EMPTY)
)


@op(dtypes="float", wide=True)
def mean(xp, x, *, axis=None, keepdims=False):
    r"""Mean, :math:`\frac1n \sum_i x_i`."""
    if xp is np and x.size:
        added = total(xp, x, axis, keepdims)
        return added / (x.size // added.size)
    if x.size:
        return xp.mean(x, axis=axis, keepdims=keepdims)
    # NumPy warns of an empty slice; 0 / 0 is nan just the same.
    return xp.sum(x, axis=axis, keepdims=keepdims) * (
        1 / n if (n := count(x.shape, axis)) else math.nan
    )


def _mean(xp, g, x_shape, axis):
    return _spread(xp, g / max(count(x_shape, axis), 1), x_shape, axis)


mean.vjp(x=_mean).samples(with_params(*CASES))


def _deviation(xp, x, axis):
    """Return how far each element is from the mean."""
    return x if 0 in x.shape else x - mean.on(xp, x, axis=axis, keepdims=True)


def _squares(xp, x, axis, keepdims):
    """Return the sum of squared deviations from the mean."""
    deviation = _deviation(xp, x, axis)
    return total(xp, deviation * deviation, axis, keepdims)


def _freedom(shape, axis, correction):
    """Return the number of elements less ``correction``, nan if none are left."""
    degrees = count(shape, axis) - correction
    return degrees if degrees > 0 else math.nan


@op(dtypes="float", wide=True)
def var(xp, x, *, axis=None, correction=1, keepdims=False):
    r"""Variance, :math:`\frac{1}{n - c} \sum_i (x_i - \bar x)^2` with the correction :math:`c`."""
    return _squares(xp, x, axis, keepdims) / _freedom(x.shape, axis, correction)


def _var(xp, g, x, axis, correction):
    scaled = g * (2 / _freedom(x.shape, axis, correction))
    return _spread(xp, scaled, x.shape, axis) * _deviation(xp, x, axis)


SPREAD_CASES = (*(case for case in CASES if case[0] not in ((), (1, 3))),)
var.vjp(x=_var).samples(
    with_params(*SPREAD_CASES, ((2, 3), {"axis": 1, "correction": 0}), ((5,), {"correction": 2}))
)


@op(dtypes="float", kinks="slope 0 where all elements are equal", wide=True)
def std(xp, x, *, axis=None, correction=1, keepdims=False):
    r"""Standard deviation, the square root of :func:`var`."""
    return xp.sqrt(_squares(xp, x, axis, keepdims) / _freedom(x.shape, axis, correction))


def _std(xp, g, x, out, axis, correction):
    # Where out is 0 so are all deviations: dividing by 1 instead gives the slope 0.
    scaled = g / (_freedom(x.shape, axis, correction) * (out + (out == 0)))
    return _spread(xp, scaled, x.shape, axis) * _deviation(xp, x, axis)


std.vjp(x=_std).samples(
    with_params(*SPREAD_CASES, ((2, 3), {"axis": 1, "correction": 0}), ((5,), {"correction": 2}))
)


def _others(xp, x):
    """Return, for each element along the first axis, the product of all the others.

    Halving keeps it exact where elements are 0, at a cost of log(n) passes.
    """
    length = x.shape[0]
    if length <= 1:
        return xp.ones_like(x)
    left, right = x[: length // 2], x[length // 2 :]
    return xp.concatenate(
        [
            _others(xp, left) * xp.prod(right, axis=0, keepdims=True),
            _others(xp, right) * xp.prod(left, axis=0, keepdims=True),
        ],
        axis=0,
    )


@op(wide=True)
def prod(xp, x, *, axis=None, keepdims=False, dtype=None):
    r"""Product, :math:`\prod_i x_i`, of integers in int64; the derivative is right at 0, too."""
    if dtype is None and x.dtype.kind in "biu":
        dtype = np.int64
    return xp.prod(x, axis=axis, keepdims=keepdims, dtype=dtype)


def _prod(xp, g, x, axis):
    axes = reduced_axes(axis, x.ndim)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    order = (*axes, *kept)
    moved = xp.permute_dims(x, order)
    flat = xp.reshape(moved, (count(x.shape, axis), *(x.shape[i] for i in kept)))
    others = xp.reshape(_others(xp, flat), moved.shape)
    inverse = tuple(order.index(i) for i in range(x.ndim))
    return _spread(xp, g, x.shape, axis) * xp.permute_dims(others, inverse)


prod.vjp(x=_prod).samples(
    lambda draw: [
        *with_params(*CASES, EMPTY)(draw),
        ((np.array([[0.0, 2.0, 3.0], [1.5, 0.0, 0.0]]),), {"axis": 1}),
    ]
)


def _extreme(xp, g, x, out, axis):
    """Split the gradient evenly among the elements that attain the extreme, which may be nan."""
    shape = kept_shape(x.shape, axis)
    out = xp.reshape(out, shape)
    attained = (x == out) | (x != x) & (out != out)
    share = xp.reshape(g, shape) / xp.sum(attained, axis=axis, keepdims=True, dtype=g.dtype)
    return share * attained


@op(kinks="ties: split evenly")
def amax(xp, x, *, axis=None, keepdims=False):
    r"""Largest element, :math:`\max_i x_i`."""
    return xp.max(x, axis=axis, keepdims=keepdims)


@op(kinks="ties: split evenly")
def amin(xp, x, *, axis=None, keepdims=False):
    r"""Smallest element, :math:`\min_i x_i`."""
    return xp.min(x, axis=axis, keepdims=keepdims)


for _operation in (amax, amin):
    _operation.vjp(x=_extreme).samples(with_params(*CASES))


@op(kinks="ties: split evenly")
def median(xp, x):
    """Median of all elements, the lower of two in the middle; nan if one is nan."""
    if not x.size:
        return xp.asarray(math.nan, dtype=x.dtype)
    ordered = xp.sort(xp.reshape(x, (-1,)))
    middle, last = ordered[(x.size - 1) // 2], ordered[-1]  # nan comes last
    return xp.where(last == last, middle, last)


median.vjp(x=lambda xp, g, x, out: _extreme(xp, g, x, out, None)).samples(
    with_params(((2, 3), {}), ((3,), {}), ((1, 5), {}), ((), {}))
)


@op(differentiable=False)
def argmax(xp, x, *, axis=None, keepdims=False):
    """Index of the (first) largest element, int64."""
    return _as_index(xp, xp.argmax(x, axis=axis, keepdims=keepdims))


@op(differentiable=False)
def argmin(xp, x, *, axis=None, keepdims=False):
    """Index of the (first) smallest element, int64."""
    return _as_index(xp, xp.argmin(x, axis=axis, keepdims=keepdims))


def _as_index(xp, index):
    """Return ``index`` in int64, the dtype of all indices."""
    return xp.asarray(index, dtype=np.int64)


@op(differentiable=False)
def any_(xp, x, *, axis=None, keepdims=False):
    """Whether an element is nonzero."""
    return xp.any(x, axis=axis, keepdims=keepdims)


@op(differentiable=False)
def all_(xp, x, *, axis=None, keepdims=False):
    """Whether every element is nonzero."""
    return xp.all(x, axis=axis, keepdims=keepdims)


@op(differentiable=False)
def count_nonzero(xp, x, *, axis=None):
    """Number of elements that are not 0."""
    return _as_index(xp, xp.count_nonzero(x, axis=axis))


_WHOLE: tuple = (
    ((2, 3), {}),
    ((2, 3), {"axis": 0}),
    ((2, 3), {"axis": -1, "keepdims": True}),
    ((4,), {"axis": 0}),
    ((), {}),
)
for _operation in (argmax, argmin):
    _operation.samples(with_params(*_WHOLE, whole=True))
for _operation in (any_, all_):
    _operation.samples(with_params(*_WHOLE, ((2, 3, 2), {"axis": (0, 2)}), EMPTY, whole=True))
count_nonzero.samples(
    with_params(((2, 3), {}), ((2, 3, 2), {"axis": (0, 2)}), ((), {}), EMPTY, whole=True)
)


def _finite_maximum(xp, x, axis):
    """Return the largest elements, 0 where they are infinite: what exp() is shifted by."""
    largest = xp.max(x, axis=axis, keepdims=True)
    return xp.where(xp.isfinite(largest), largest, 0.0)


@op(dtypes="float", wide=True)
def logsumexp(xp, x, *, axis=None, keepdims=False):
    r"""Logarithm of a sum of exponentials, :math:`\ln \sum_i e^{x_i}`, shifted by the largest."""
    if not x.size:
        return xp.sum(x, axis=axis, keepdims=keepdims) - math.inf
    shift = _finite_maximum(xp, x, axis)
    grown = xp.log(total(xp, xp.exp(x - shift), axis, keepdims))
    return grown + xp.reshape(shift, grown.shape)


logsumexp.vjp(
    x=lambda xp, g, x, out, axis: (
        _spread(xp, g, x.shape, axis) * xp.exp(x - xp.reshape(out, kept_shape(x.shape, axis)))
    )
).samples(with_params(*CASES, EMPTY))


@op(dtypes="float", wide=True)
def softmax(xp, x, *, axis=-1):
    r"""Softmax, :math:`e^{x_i} / \sum_j e^{x_j}`."""
    if not x.size:
        return xp.zeros_like(x)
    grown = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return grown / total(xp, grown, axis, True)


softmax.vjp(
    x=lambda xp, g, out, axis: out * (g - total(xp, g * out, axis, True)),
).samples(
    with_params(((3,), {}), ((2, 3), {}), ((2, 3), {"axis": 0}), ((2, 3, 2), {"axis": 1}), EMPTY)
)


@op
def cumsum(xp, x, *, axis):
    r"""Running sum along ``axis``, :math:`y_i = \sum_{j \le i} x_j`."""
    return running_total(xp, x, axis)


cumsum.vjp(
    x=lambda xp, g, axis: xp.flip(cumsum.on(xp, xp.flip(g, axis=axis), axis=axis), axis=axis)
).samples(with_params(((3,), {"axis": 0}), ((2, 3), {"axis": -1}), ((2, 3, 2), {"axis": 1})))


@op(dtypes="float", kinks="slope 0 at the zero vector", wide=True)
def norm(xp, x, *, axis=None, keepdims=False):
    r"""Euclidean norm, :math:`\sqrt{\sum_i x_i^2}`."""
    return xp.sqrt(total(xp, x * x, axis, keepdims))


def _norm(xp, g, x, out, axis):
    # Where the norm is 0 so is x: dividing by 1 instead gives the slope 0.
    return _spread(xp, g / (out + (out == 0)), x.shape, axis) * x


norm.vjp(x=_norm).samples(with_params(*CASES, low=0.4, high=2.0))

register(sum_, mean, var, std, prod, amax, amin, median)
register(argmax, argmin, any_, all_, count_nonzero, logsumexp, softmax, cumsum, norm)
