r"""Fused operations: one node, and one pass over memory, for what a layer does.

Each stands for a *composite* of plain operations, declared beside it, that computes the same.  The
composite is the specification: the tests compare value, gradient and second order of the two.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from minigrad.backend.kernels import Kernel, Reduction, replacing
from minigrad.backend.sums import LONG, ones, row_total, total
from minigrad.ops.declare import op, register
from minigrad.ops.products import product, product_tn
from minigrad.ops.reductions import repeated

FEW = 1 << 12  # rows of a batch whose numbers are kept
MANY = 1 << 11  # rows of which a single product with ones loses digits


def column_sums(xp, matrix):
    """Return ``matrix.sum(0)``; as a product with ones, which NumPy does 3 to 8 times faster."""
    if xp is np and matrix.dtype.kind == "f":
        if matrix.shape[0] > MANY and matrix.dtype.itemsize > 2:
            return row_total(matrix)
        return np.dot(ones(matrix.shape[0], matrix.dtype), matrix)
    return xp.sum(matrix, axis=0)


def row_sums(xp, matrix):
    """Return ``matrix.sum(1, keepdims=True)``, likewise."""
    if xp is np and matrix.shape[1] <= LONG and matrix.dtype.kind == "f":
        return matrix.dot(ones(matrix.shape[1], matrix.dtype))[:, None]
    return total(xp, matrix, 1, True)


def row_maxima(xp, matrix):
    """Return ``matrix.max(1, keepdims=True)``; *where* they are NumPy finds several times faster."""
    if xp is np:
        return matrix[positions(np, matrix.shape[0]), matrix.argmax(1)][:, None]
    return xp.max(matrix, axis=1, keepdims=True)


def positions(xp, length):
    """Return ``xp.arange(length)``, not to be written; on the host a short one is part of one array."""
    return _counted()[:length] if xp is np and length <= FEW else xp.arange(length)


@functools.cache
def _counted():
    numbers = np.arange(FEW)
    numbers.flags.writeable = False
    return numbers


def rows(xp, x):
    """Return ``x`` of shape ``(..., n)`` as a matrix of rows ``(m, n)``."""
    return x if x.ndim == 2 else xp.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


@op
def sum_rows(xp, x):
    """Sum over all axes but the last: the gradient of what was added to every row."""
    return column_sums(xp, rows(xp, x))


sum_rows.vjp(x=lambda xp, g, x_shape: repeated(xp, g, x_shape)).samples(
    lambda draw: [((draw(shape),), {}) for shape in ((3,), (4, 3), (2, 4, 3), (0, 3))]
)


@op(dtypes="same")
def linear(xp, x, weight, bias):
    r"""Affine map, :math:`y = x W^\top + b`: x (..., in), weight (out, in), bias (out,) or None."""
    if weight.ndim != 2:
        raise ValueError(f"the weight has to be a matrix, got shape {weight.shape}")
    out = product(xp, x, weight.T)
    if bias is not None:
        out += bias
    return out


linear.vjp(
    x=lambda xp, g, weight: product(xp, g, weight),
    weight=lambda xp, g, x: product_tn(xp, rows(xp, g), rows(xp, x)),
    bias=lambda xp, g: column_sums(xp, rows(xp, g)),
)


def _linear(x, weight, bias):
    product = x @ weight.T
    return product if bias is None else product + bias


linear.stands_for(_linear).samples(
    lambda draw: [
        ((draw((4, 3)), draw((2, 3)), draw((2,))), {}),
        ((draw((3,)), draw((2, 3)), draw((2,))), {}),
        ((draw((2, 4, 3)), draw((2, 3)), draw((2,))), {}),
        ((draw((4, 3)), draw((2, 3)), None), {}),
        ((draw((0, 3)), draw((2, 3)), draw((2,))), {}),
    ]
)


@op(dtypes="float", wide=True)
def log_softmax(xp, x, *, axis=-1):
    r"""Logarithm of softmax, :math:`x_i - \ln \sum_j e^{x_j}`, finite for every finite x."""
    if not x.size:
        return xp.zeros_like(x)
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.log(total(xp, xp.exp(shifted), axis, True))


log_softmax.vjp(
    x=lambda xp, g, out, axis: g - xp.exp(out) * total(xp, g, axis, True),
).stands_for(
    lambda x, axis: x - x.logsumexp(axis, keepdim=True),
).samples(
    lambda draw: [
        ((draw((3,)),), {}),
        ((draw((2, 3)),), {}),
        ((draw((2, 3)),), {"axis": 0}),
        ((draw((2, 3, 2)),), {"axis": 1}),
    ]
)


def batch_moments(xp, x):
    """Return mean and (biased) variance of each column of ``x`` (N, C), and ``x`` less the mean."""
    if xp is not np and (launches := _launched_moments.ready(xp, x)):
        return launches(xp, x)
    mean = column_sums(xp, x) / x.shape[0]
    centred = x - mean
    return mean, column_sums(xp, centred * centred) / x.shape[0], centred


@op(dtypes="same", wide=True)
def batch_norm(xp, x, weight, bias, *, moments=None, eps=1e-5):
    r"""Batch normalisation of x (N, C), Ioffe & Szegedy 2015, algorithm 1.

    :math:`y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta` with mean :math:`\mu`
    and biased variance :math:`\sigma^2` of each column.  A layer that has :func:`batch_moments`
    already, for its running statistics, hands them in; the derivative knows that they depend on x.
    """
    if xp is not np and (launches := _launched_batch_norm.ready(xp, x)):
        return launches(xp, x, weight, bias, moments=moments, eps=eps)
    _, var, centred = batch_moments(xp, x) if moments is None else moments
    inverse = xp.reciprocal(xp.sqrt(var + eps))
    out = centred * (inverse if weight is None else inverse * weight)
    if bias is not None:
        out += bias
    return out, (centred, inverse)


def _batch_norm(xp, g, needs, weight, centred, inverse):
    if xp is not np and (launches := _launched_batch_norm_rule.ready(xp, g)):
        return launches(xp, g, needs, weight, centred, inverse)
    count = g.shape[0]
    products = g * centred
    to_weight, to_bias = column_sums(xp, products) * inverse, column_sums(xp, g)
    to_x = None
    if needs[0]:
        # (g - centred * inverse * to_weight / count - to_bias / count) * inverse * weight, in one array.
        to_x = xp.multiply(centred, inverse * to_weight / count, out=products)
        to_x = xp.subtract(g, to_x, out=to_x)
        to_x -= to_bias / count
        to_x *= inverse if weight is None else inverse * weight
    return to_x, to_weight, to_bias


def _batch_norm_composite(x, weight, bias, moments, eps):
    centred = x - x.mean(0)
    out = centred / ((centred * centred).mean(0) + eps).sqrt()
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias


batch_norm.stands_for(_batch_norm_composite, residuals=("centred", "inverse")).vjp(
    _batch_norm
).samples(
    lambda draw: [
        ((draw((5, 3)), draw((3,), 0.5, 1.5), draw((3,))), {}),
        ((draw((5, 3)), None, None), {"eps": 1e-3}),
        ((draw((2, 1)), draw((1,), 0.5, 1.5), draw((1,))), {}),
    ]
)


# The same for a GPU, in 3, 2 and 4 launches.

_mean_of_products = Reduction(
    "mean_of_products",
    "T x, T y",
    "T mean",
    "x * y",
    "mean = a / (_in_ind.size() / _out_ind.size())",
)
_inverse_root = Kernel("inverse_root", "T var, T eps", "T inverse", "inverse = 1 / sqrt(var + eps)")
_normalised = Kernel(
    "normalised",
    "T centred, T inverse, T weight, T bias",
    "T out",
    "out = centred * (inverse * weight) + bias",
)
_sum_of_products = Reduction("sum_of_products", "T x, T y", "T sum", "x * y", "sum = a")
_batch_norm_gradient = Kernel(
    "batch_norm_gradient",
    "T g, T centred, T to_weight, T to_bias, T inverse, T weight, T count",
    "T to_x",
    "to_x = (g - centred * (inverse * to_weight / count) - to_bias / count) * (inverse * weight)",
)


@replacing(batch_moments, lambda random: ((random.normal(size=(300, 7)),), {}))
def _launched_moments(xp, x):
    mean = xp.mean(x, axis=0)
    centred = x - mean
    return mean, _mean_of_products(xp, centred, centred, axis=0), centred


def _some_batch(random):
    return [random.normal(size=size) for size in ((300, 7), 7, 7)], {}


@replacing(batch_norm.forward, _some_batch)
def _launched_batch_norm(xp, x, weight, bias, *, moments=None, eps=1e-5):
    _, var, centred = batch_moments(xp, x) if moments is None else moments
    inverse = _inverse_root(xp, var, eps)
    weight, bias = 1 if weight is None else weight, 0 if bias is None else bias
    return _normalised(xp, centred, inverse, weight, bias), (centred, inverse)


def _some_gradient(random):
    g, centred, weight = (random.normal(size=size) for size in ((300, 7), (300, 7), 7))
    return (g, (True, True, True), weight, centred, random.random(7)), {}


@replacing(_batch_norm, _some_gradient)
def _launched_batch_norm_rule(xp, g, needs, weight, centred, inverse):
    to_weight = _sum_of_products(xp, g, centred, axis=0) * inverse
    to_bias = xp.sum(g, axis=0)
    to_x = None
    if needs[0]:
        scale, count = 1 if weight is None else weight, g.shape[0]
        to_x = _batch_norm_gradient(xp, g, centred, to_weight, to_bias, inverse, scale, count)
    return to_x, to_weight, to_bias


@op(dtypes="same", wide=True)
def layer_norm(xp, x, weight, bias, *, eps=1e-5):
    r"""Layer normalisation of each row of x (..., D), Ba, Kiros & Hinton 2016.

    :math:`y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta` with mean :math:`\mu`
    and biased variance :math:`\sigma^2` of each row: :func:`batch_norm` the other way round.
    """
    matrix, count = rows(xp, x), max(x.shape[-1], 1)
    centred = matrix - row_sums(xp, matrix) / count
    inverse = 1 / xp.sqrt(row_sums(xp, centred * centred) / count + eps)
    out = centred * inverse
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return xp.reshape(out, x.shape), (centred, inverse)


def _layer_norm(xp, g, needs, weight, centred, inverse):
    shape, count = g.shape, max(g.shape[-1], 1)
    g = rows(xp, g)
    along = g * centred
    to_weight = column_sums(xp, along * inverse) if needs[1] else None
    to_bias = column_sums(xp, g) if needs[2] else None
    if not needs[0]:
        return None, to_weight, to_bias
    if weight is not None:
        g, along = g * weight, along * weight
    to_x = g - row_sums(xp, g) / count
    to_x -= centred * (row_sums(xp, along) * inverse * inverse / count)
    to_x *= inverse
    return xp.reshape(to_x, shape), to_weight, to_bias


def _layer_norm_composite(x, weight, bias, eps):
    centred = x - x.mean(-1, keepdim=True)
    out = centred / ((centred * centred).mean(-1, keepdim=True) + eps).sqrt()
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias


layer_norm.stands_for(_layer_norm_composite, residuals=("centred", "inverse")).vjp(
    _layer_norm
).samples(
    lambda draw: [
        ((draw((4, 3)), draw((3,), 0.5, 1.5), draw((3,))), {}),
        ((draw((3,)), draw((3,), 0.5, 1.5), None), {}),
        ((draw((2, 4, 3)), None, draw((3,))), {}),
        ((draw((4, 3)), None, None), {"eps": 1e-3}),
        ((draw((0, 3)), draw((3,)), draw((3,))), {}),
    ]
)

register(linear, sum_rows, log_softmax, batch_norm, layer_norm)
