r"""Activation functions, written so that they neither overflow nor lose digits far from 0."""

from __future__ import annotations

import math

import numpy as np

from minigrad.ops.arithmetic import through
from minigrad.ops.declare import op, register
from minigrad.ops.elementary import erf
from minigrad.ops.samples import SHAPES, unary


def _smooth_step(xp, x):
    """Return the logistic function of a raw array.

    It is :math:`1 / (1 + e^{-x})` for positive x and :math:`e^x / (1 + e^x)` for negative; exp of what is
    never positive cannot overflow.
    """
    small = xp.exp(-xp.abs(x))
    out = xp.maximum(small, x >= 0)  # the numerators
    small += 1
    out /= small
    return out


@op(dtypes="float")
def sigmoid(xp, x):
    r"""Logistic function, :math:`\sigma(x) = 1 / (1 + e^{-x})`."""
    return _smooth_step(xp, x)


sigmoid.vjp(x=lambda xp, g, out: g * out * (1 - out)).samples(unary(-3, 3))


@op(dtypes="float")
def log_sigmoid(xp, x):
    r"""Logarithm of the logistic function, :math:`\ln \sigma(x) = -\ln(1 + e^{-x})`."""
    return xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x)))


log_sigmoid.vjp(x=lambda xp, g, x: g * sigmoid.on(xp, -x)).samples(unary(-3, 3))


@op(dtypes="float", kinks="linear where beta x > threshold, as in PyTorch")
def softplus(xp, x, *, beta=1.0, threshold=20.0):
    r"""Smooth ramp, :math:`\ln(1 + e^{\beta x}) / \beta`."""
    scaled = x * beta
    smooth = (xp.maximum(scaled, 0) + xp.log1p(xp.exp(-xp.abs(scaled)))) / beta
    return xp.where(scaled > threshold, x, smooth)


def _softplus(xp, g, x, beta, threshold):
    scaled = x * beta
    return xp.where(scaled > threshold, g, g * sigmoid.on(xp, scaled))


softplus.vjp(x=_softplus).samples(
    lambda draw: [
        *unary(-3, 3)(draw),
        ((draw((2, 3)),), {"beta": 2.0}),
        ((draw((3,), 21, 25),), {}),
    ]
)


@op(kinks="slope 0 at 0")
def relu(xp, x):
    r"""Rectifier, :math:`\max(x, 0)`."""
    if isinstance(x, np.floating):  # NumPy takes 1 us for the maximum of two scalars
        return x if x > 0 or x != x else x.dtype.type(0)
    if xp is np and x.ndim and x.flags.c_contiguous and x.dtype.kind == "f":
        # Against as many zeros NumPy is 3 times as fast as against one, and the result can take their place.
        zeros = np.zeros(x.shape, x.dtype)
        return np.maximum(x, zeros, out=zeros)
    return xp.maximum(x, 0)


relu.vjp(x=lambda xp, g, out: through(xp, g, out > 0)).samples(unary(away=(0.0,)))


@op(kinks="slope negative_slope at 0")
def leaky_relu(xp, x, *, negative_slope=0.01):
    r"""Leaky rectifier, :math:`x` if :math:`x > 0`, else :math:`negative\_slope \cdot x`."""
    return xp.where(x > 0, x, negative_slope * x)


leaky_relu.vjp(
    x=lambda xp, g, x, negative_slope: xp.where(x > 0, g, negative_slope * g),
).samples(
    lambda draw: [
        *unary(away=(0.0,))(draw),
        ((draw((2, 3), away=(0.0,)),), {"negative_slope": 0.3}),
    ]
)


@op(dtypes="float", kinks="slope alpha at 0")
def elu(xp, x, *, alpha=1.0):
    r"""Exponential linear unit, :math:`x` if :math:`x > 0`, else :math:`\alpha (e^x - 1)`."""
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))


elu.vjp(
    x=lambda xp, g, x, alpha: xp.where(x > 0, g, g * alpha * xp.exp(xp.minimum(x, 0))),
).samples(lambda draw: [*unary(away=(0.0,))(draw), ((draw((2, 3), away=(0.0,)),), {"alpha": 0.4})])


@op(dtypes="float")
def silu(xp, x):
    r"""Sigmoid-weighted linear unit, :math:`x \sigma(x)`."""
    return x * _smooth_step(xp, x)


def _silu(xp, g, x):
    s = sigmoid.on(xp, x)
    return g * s * (1 + x * (1 - s))


silu.vjp(x=_silu).samples(unary(-3, 3))


@op(dtypes="float")
def gelu(xp, x, *, approximate="none"):
    r"""Gaussian error linear unit, :math:`x \Phi(x)`, or its approximation by tanh.

    With ``approximate="tanh"``: :math:`\frac x2 (1 + \tanh(\sqrt{2/\pi} (x + 0.044715 x^3)))`.
    """
    if approximate == "tanh":
        return 0.5 * x * (1 + xp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    if approximate != "none":
        raise ValueError(f"approximate has to be 'none' or 'tanh', got {approximate!r}")
    return 0.5 * x * (1 + erf.on(xp, x / math.sqrt(2)))


def _gelu(xp, g, x, approximate):
    if approximate == "tanh":
        scale = math.sqrt(2 / math.pi)
        t = xp.tanh(scale * (x + 0.044715 * x * x * x))
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * scale * (1 + 0.134145 * x * x))
    density = xp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return g * (0.5 * (1 + erf.on(xp, x / math.sqrt(2))) + x * density)


gelu.vjp(x=_gelu).samples(
    lambda draw: [
        ((draw(shape),), {"approximate": way}) for shape in SHAPES for way in ("none", "tanh")
    ]
)

register(sigmoid, log_sigmoid, softplus, relu, leaky_relu, elu, silu, gelu)
