r"""Losses as operations: one node each, finite far from 0, with rules of their own at bounds and kinks.

Those that *stand for* a composite of plain operations compute the same as it does; the tests compare
value, gradient and second order of the two.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad.backend.devices import xp_of
from minigrad.backend.kernels import Kernel, Reduction, replacing
from minigrad.ops.activations import log_sigmoid, sigmoid
from minigrad.ops.arithmetic import select
from minigrad.ops.declare import op, register
from minigrad.ops.fused import log_softmax, positions, row_maxima, row_sums
from minigrad.ops.indexing import getitem


def reduced(losses, reduction, shares=None):
    """Return the mean (weighted by raw ``shares``), the sum, or the losses themselves (Tensors)."""
    if reduction == "none":
        return losses
    if reduction == "mean" and shares is not None:
        return weighted_mean(xp_of(shares), losses.sum(), shares)
    return losses.mean() if reduction == "mean" else losses.sum()


def reduce_loss(xp, losses, reduction, shares=None):
    """Return what :func:`reduced` does, of raw arrays."""
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction has to be 'mean', 'sum' or 'none', got {reduction!r}")
    # A sum may be too large for float16, and its mean not.
    dtype = np.float32 if losses.dtype == np.float16 else None
    if xp is np:
        result = np.add.reduce(losses, axis=None, dtype=dtype)
    else:
        result = xp.sum(losses, dtype=dtype)
    if reduction == "mean":
        # 0 / nan is nan like 0 / 0, but no reason for NumPy to warn.
        result = (
            result / (losses.size or math.nan)
            if shares is None
            else weighted_mean(xp, result, shares)
        )
    return result if dtype is None else xp.asarray(result, dtype=losses.dtype)


def spread_loss(g, shape, reduction):
    """Return the gradient of each of the losses, an array of ``shape``, from that of the reduced one."""
    return g / (math.prod(shape) or 1) if reduction == "mean" else g


def weighted_mean(xp, total, shares):
    """Return a sum of weighted losses, raw or a Tensor, divided by the sum of their weights.

    If that is 0, the mean is nan but its slopes are 0.  (In PyTorch they are 0 if all samples are ignored,
    but nan if the weights of their classes add up to 0.)
    """
    count = xp.sum(shares)
    return _divided(total, count) + xp.where(count == 0, math.nan, 0 * count)


def _divided(x, count):
    """Return ``x / count``, and 0, slopes as well, where ``count`` is 0."""
    some = count != 0
    return x * some / (count + ~some)


# Errors -------------------------------------------------------------------------------------------


@op(dtypes="float")
def mse_loss(xp, x, y, *, reduction="mean"):
    r"""Squared error, :math:`(x_i - y_i)^2`, its mean or its sum."""
    difference = x - y
    return reduce_loss(xp, difference * difference, reduction)


def _mse(xp, g, needs, x, y, reduction):
    difference = x - y
    contribution = 2 * spread_loss(g, difference.shape, reduction) * difference
    return contribution if needs[0] else None, -contribution if needs[1] else None


def _mse_composite(x, y, reduction):
    return reduced((x - y) ** 2, reduction)


mse_loss.vjp(_mse).stands_for(_mse_composite).samples(
    lambda draw: (
        [
            ((draw((2, 3)), draw((2, 3))), {"reduction": reduction})
            for reduction in ("mean", "sum", "none")
        ]
        + [((draw(()), draw(())), {}), ((draw((4, 1)), draw((4, 1))), {})]
    )
)


@op(dtypes="float", kinks="slope delta, curvature 0 at |x - y| = delta")
def huber_loss(xp, x, y, *, delta=1.0):
    r"""Squared error up to delta, then straight.

    :math:`m \, (|x - y| - \frac m2)` with :math:`m = \min(|x - y|, \delta)`.
    """
    distance = xp.abs(x - y)
    inner = xp.minimum(distance, delta)
    return inner * (distance - 0.5 * inner)


def _huber(xp, g, needs, x, y, delta):
    difference = x - y
    slope = xp.where(xp.abs(difference) < delta, difference, delta * xp.sign(difference))
    contribution = g * slope
    return contribution if needs[0] else None, -contribution if needs[1] else None


huber_loss.vjp(_huber).samples(
    lambda draw: [
        ((draw(shape, *of_x), draw((2, 3), -0.4, 0.4)), {"delta": delta})
        for shape in ((2, 3), (3,))
        for of_x, delta in (((-0.4, 0.4), 1.0), ((1.5, 3.0), 1.0), ((-3.0, -2.0), 0.5))
    ]
)


# Log losses ---------------------------------------------------------------------------------------


def _bounded_log(xp, p):
    """Return max(ln p, -100), without asking NumPy for the logarithm of 0."""
    zero = p <= 0
    return xp.where(zero, -100.0, xp.maximum(xp.log(xp.where(zero, 1.0, p)), -100))


def _bounded_log_of_rest(xp, p):
    """Return max(ln(1 - p), -100), likewise; log1p keeps a p that 1 - p would round away."""
    one = p >= 1
    return xp.where(one, -100.0, xp.maximum(xp.log1p(xp.where(one, 0.0, -p)), -100))


# With log alone the loss would be infinite at a probability of 0 or 1, even where the target says the
# same.  PyTorch bounds each logarithm from below, and the denominator of the slope.
@op(
    dtypes="float",
    kinks="logarithms at least -100; slope (p - y) / max(p (1 - p), 1e-12), as in PyTorch",
)
def binary_cross_entropy(xp, p, y):
    r"""Log loss of a probability p against a target y, :math:`-y \ln p - (1 - y) \ln(1 - p)`."""
    return -(y * _bounded_log(xp, p) + (1 - y) * _bounded_log_of_rest(xp, p))


binary_cross_entropy.vjp(
    p=lambda xp, g, p, y: g * (p - y) / xp.maximum(p * (1 - p), 1e-12),
    y=lambda xp, g, p: g * (_bounded_log_of_rest(xp, p) - _bounded_log(xp, p)),
).samples(
    lambda draw: [
        ((draw((2, 3), 0.1, 0.9), draw((2, 3), 0.0, 1.0)), {}),
        ((draw((), 0.1, 0.9), draw((), 0.0, 1.0)), {}),
        ((draw((3, 1), 0.1, 0.9), draw((2,), 0.0, 1.0)), {}),
    ]
)


@op(dtypes="float")
def binary_cross_entropy_with_logits(xp, x, y, *, reduction="mean"):
    r"""Log loss of a logit x against a target y in [0, 1].

    :math:`-y \ln \sigma(x) - (1 - y) \ln(1 - \sigma(x)) = \max(x, 0) - x y + \ln(1 + e^{-|x|})`;
    the right-hand side neither overflows nor cancels.
    """
    if xp is not np and (launches := _launched_bce.ready(xp, x)):
        return launches(xp, x, y, reduction=reduction)
    losses = xp.maximum(x, 0) - x * y + xp.log1p(xp.exp(-xp.abs(x)))
    return reduce_loss(xp, losses, reduction)


def _bce(xp, g, x, y, reduction):
    if xp is not np and (launches := _launched_bce_rule.ready(xp, x)):
        return launches(xp, g, x, y, reduction)
    return spread_loss(g, x.shape, reduction) * (sigmoid.on(xp, x) - y)


def _bce_composite(x, y, reduction):
    # Not max(x, 0) - ..., whose pieces have kinks at 0.
    return reduced(-log_sigmoid(-x) - x * y, reduction)


binary_cross_entropy_with_logits.vjp(
    x=_bce,
    y=lambda xp, g, x, reduction: -spread_loss(g, x.shape, reduction) * x,
).stands_for(_bce_composite).samples(
    lambda draw: [
        ((x, draw((2, 3), 0.0, 1.0)), {"reduction": reduction})
        for reduction in ("mean", "sum", "none")
        for x in (draw((2, 3)), np.zeros((2, 3)))
    ]
)


# The same for a GPU, in a launch each, and those of the mean.

_bce_loss = Kernel(
    "bce_loss",
    "T x, T y",
    "T loss",
    """
    const T below = x < 0 ? x : -x;
    loss = (x > 0 ? x : 0) - x * y + log1p(exp(below));
    """,
)
_bce_gradient = Kernel(
    "bce_gradient",
    "T g, T x, T y, T count",
    "T out",
    """
    const T small = exp(x < 0 ? x : -x);
    const T sigma = (x < 0 ? small : 1) / (1 + small);
    out = g / count * (sigma - y);
    """,
)


def _some_bce(random):
    return (4 * random.normal(size=(300, 2)), random.random((300, 2))), {}


@replacing(binary_cross_entropy_with_logits.forward, _some_bce)
def _launched_bce(xp, x, y, *, reduction="mean"):
    return reduce_loss(xp, _bce_loss(xp, x, y), reduction)


@replacing(_bce, lambda random: ((np.asarray(2.0), *_some_bce(random)[0], "mean"), {}))
def _launched_bce_rule(xp, g, x, y, reduction):
    count = max(math.prod(x.shape), 1) if reduction == "mean" else 1
    return _bce_gradient(xp, g, x, y, count)


@op(dtypes="float")
def cross_entropy(xp, x, *, target, shares=None, reduction="mean"):
    r"""Log loss of logits x (N, C) against class indices (N,), each weighted by its share (N,).

    :math:`-\ln \mathrm{softmax}(x)_t = \ln \sum_j e^{x_j - m} - (x_t - m)` with
    :math:`m = \max_j x_j`.
    """
    if xp is not np and (launches := _launched_cross_entropy.ready(xp, x)):
        return launches(xp, x, target=target, shares=shares, reduction=reduction)
    shifted = x - row_maxima(xp, x)
    grown = xp.exp(shifted)
    total = row_sums(xp, grown)
    losses = xp.log(total[:, 0]) - shifted[positions(xp, x.shape[0]), target]
    grown /= total
    if shares is not None:
        losses = xp.where(shares != 0, losses, 0.0) * shares  # what counts nothing may be infinite
    return reduce_loss(xp, losses, reduction, shares), (grown,)


def _cross_entropy(xp, g, probabilities, target, shares, reduction):
    if xp is not np and (launches := _launched_cross_entropy_rule.ready(xp, probabilities)):
        return launches(xp, g, probabilities, target, shares, reduction)
    if reduction == "mean" and shares is not None:
        g = _divided(g, xp.sum(shares))
    else:
        g = spread_loss(g, probabilities.shape[:1], reduction)
    share = g if shares is None else g * shares
    out = probabilities * (xp.expand_dims(share, 1) if share.ndim else share)
    out[positions(xp, out.shape[0]), target] -= share
    return out


def nll_loss(logs, target, shares, reduction):
    """Log loss of logarithms of probabilities (N, C), in plain operations; the rest as above."""
    xp = xp_of(target)
    losses = -getitem(logs, index=(xp.arange(target.shape[0]), target))
    if shares is not None:
        losses = select(losses, 0.0, condition=shares != 0) * shares
    return reduced(losses, reduction, shares)


def _cross_entropy_composite(x, target, shares, reduction):
    return nll_loss(log_softmax(x, axis=1), target, shares, reduction)


cross_entropy.stands_for(_cross_entropy_composite, residuals=("probabilities",)).vjp(
    x=_cross_entropy
).samples(
    lambda draw: [
        (
            (draw((4, 3)),),
            {"target": np.array([0, 2, 2, 1]), "shares": shares, "reduction": reduction},
        )
        for reduction in ("mean", "sum", "none")
        for shares in (None, np.array([0.5, 0, 2, 1], np.float16))  # leaves float32 what it is
    ]
)

# The same for a GPU, in 4 launches and 1, and those of the mean.  A class out of range wraps, as an index
# does in CuPy.

_sum_of_grown = Reduction("sum_of_grown", "T x, T top", "T sum", "exp(x - top)", "sum = a")
_softmax = Kernel("softmax", "T x, T top, T sum", "T out", "out = exp(x - top) / sum")
_log_loss = Kernel(
    "log_loss",
    "raw T x, I target, T top, T sum, T share, int64 classes",
    "T loss",
    """
    const ptrdiff_t right = (target % classes + classes) % classes;
    loss = share == 0 ? 0 : (log(sum) - (x[i * classes + right] - top)) * share;
    """,
)
_ratio = Kernel("ratio", "T x, T count", "T out", "out = (count == 0 ? count : x) / count")
_log_loss_gradient = Kernel(
    "log_loss_gradient",
    "T probability, I target, T g, T weight, T count, int64 classes",
    "T out",
    """
    const ptrdiff_t right = (target % classes + classes) % classes;
    const T share = count == 0 ? 0 : g / count * weight;
    out = probability * share - (i % classes == right ? share : 0);
    """,
)


def _some_logits(random):
    target = random.integers(0, 7, 300)
    return [random.normal(size=(300, 7))], {"target": target, "shares": random.random(300)}


@replacing(cross_entropy.forward, _some_logits)
def _launched_cross_entropy(xp, x, *, target, shares=None, reduction="mean"):
    top = row_maxima(xp, x)
    total = _sum_of_grown(xp, x, top, axis=1, keepdims=True)
    share = 1 if shares is None else xp.asarray(shares, dtype=x.dtype)
    losses = _log_loss(xp, x, target, top[:, 0], total[:, 0], share, x.shape[1])
    if reduction == "mean" and shares is not None:
        result = _ratio(xp, xp.sum(losses), xp.sum(share))
    else:
        result = reduce_loss(xp, losses, reduction)
    return result, (_softmax(xp, x, top, total),)


def _some_probabilities(random):
    g, shares, target = random.normal(size=()), random.random(300), random.integers(0, 7, 300)
    return (np.asarray(g), random.random((300, 7)), target, shares, "mean"), {}


@replacing(_cross_entropy, _some_probabilities)
def _launched_cross_entropy_rule(xp, g, probabilities, target, shares, reduction):
    rows, classes = probabilities.shape
    weight = 1 if shares is None else xp.asarray(shares, dtype=g.dtype)
    count = 1
    if reduction == "mean":
        count = max(rows, 1) if shares is None else xp.sum(weight)
    columns = [_as_column(one) for one in (target, g, weight)]
    return _log_loss_gradient(xp, probabilities, *columns, count, classes)


def _as_column(value):
    """Return an array (N,) as (N, 1), and a number as it is."""
    return value[:, None] if getattr(value, "ndim", 0) else value


register(mse_loss, huber_loss, binary_cross_entropy, binary_cross_entropy_with_logits)
register(cross_entropy)
