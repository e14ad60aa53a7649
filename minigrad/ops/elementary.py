r"""Exponentials, logarithms, roots, trigonometric and hyperbolic functions, and the error function."""

from __future__ import annotations

import math

from minigrad.ops.declare import op, register
from minigrad.ops.samples import binary, unary


@op(dtypes="float", analytic=True)
def exp(xp, x):
    r"""Exponential, :math:`e^x`."""
    return xp.exp(x)


exp.vjp(x=lambda xp, g, out: g * out).samples(unary())


@op(dtypes="float", analytic=True)
def expm1(xp, x):
    r""":math:`e^x - 1`, exact near 0."""
    return xp.expm1(x)


expm1.vjp(x=lambda xp, g, out: g * (out + 1)).samples(unary())


@op(dtypes="float", analytic=True)
def log(xp, x):
    r"""Natural logarithm, :math:`\ln x`."""
    return xp.log(x)


log.vjp(x=lambda xp, g, x: g / x).samples(unary(0.3, 3.0))


@op(dtypes="float", analytic=True)
def log1p(xp, x):
    r""":math:`\ln(1 + x)`, exact near 0."""
    return xp.log1p(x)


log1p.vjp(x=lambda xp, g, x: g / (x + 1)).samples(unary(-0.6, 2.0))


@op(dtypes="float", analytic=True)
def log2(xp, x):
    r"""Logarithm to base 2, :math:`\log_2 x`."""
    return xp.log2(x)


log2.vjp(x=lambda xp, g, x: g / (x * math.log(2))).samples(unary(0.3, 3.0))


@op(dtypes="float", analytic=True)
def log10(xp, x):
    r"""Logarithm to base 10, :math:`\log_{10} x`."""
    return xp.log10(x)


log10.vjp(x=lambda xp, g, x: g / (x * math.log(10))).samples(unary(0.3, 3.0))


@op(dtypes="float", analytic=True, kinks="slope inf at 0")
def sqrt(xp, x):
    r"""Square root, :math:`\sqrt x`."""
    return xp.sqrt(x)


sqrt.vjp(x=lambda xp, g, out: 0.5 * g / out).samples(unary(0.3, 3.0))


@op(dtypes="float", analytic=True)
def rsqrt(xp, x):
    r"""Reciprocal of the square root, :math:`1 / \sqrt x`."""
    return 1 / xp.sqrt(x)


rsqrt.vjp(x=lambda xp, g, out: -0.5 * g * out * out * out).samples(unary(0.3, 3.0))


@op(analytic=True)
def square(xp, x):
    r"""Square, :math:`x^2`."""
    return x * x


square.vjp(x=lambda xp, g, x: 2 * g * x).samples(unary())


@op(dtypes="float", analytic=True)
def reciprocal(xp, x):
    r"""Reciprocal, :math:`1 / x`."""
    return 1 / x


reciprocal.vjp(x=lambda xp, g, out: -g * out * out).samples(unary(0.4, 2.0))


@op(dtypes="float", analytic=True)
def sin(xp, x):
    r"""Sine, :math:`\sin x`, of an angle in radians."""
    return xp.sin(x)


sin.vjp(x=lambda xp, g, x: g * xp.cos(x)).samples(unary())


@op(dtypes="float", analytic=True)
def cos(xp, x):
    r"""Cosine, :math:`\cos x`, of an angle in radians."""
    return xp.cos(x)


cos.vjp(x=lambda xp, g, x: -g * xp.sin(x)).samples(unary())


@op(dtypes="float", analytic=True)
def tan(xp, x):
    r"""Tangent, :math:`\tan x`, of an angle in radians."""
    return xp.tan(x)


tan.vjp(x=lambda xp, g, out: g * (1 + out * out)).samples(unary(-1.2, 1.2))


@op(dtypes="float", analytic=True)
def asin(xp, x):
    r"""Arc sine in radians, :math:`\arcsin x`."""
    return xp.arcsin(x)


asin.vjp(x=lambda xp, g, x: g / xp.sqrt(1 - x * x)).samples(unary(-0.8, 0.8))


@op(dtypes="float", analytic=True)
def acos(xp, x):
    r"""Arc cosine in radians, :math:`\arccos x`."""
    return xp.arccos(x)


acos.vjp(x=lambda xp, g, x: -g / xp.sqrt(1 - x * x)).samples(unary(-0.8, 0.8))


@op(dtypes="float", analytic=True)
def atan(xp, x):
    r"""Arc tangent in radians, :math:`\arctan x`."""
    return xp.arctan(x)


atan.vjp(x=lambda xp, g, x: g / (1 + x * x)).samples(unary())


@op(dtypes="float", analytic=True)
def sinh(xp, x):
    r"""Hyperbolic sine, :math:`\sinh x`."""
    return xp.sinh(x)


sinh.vjp(x=lambda xp, g, x: g * xp.cosh(x)).samples(unary())


@op(dtypes="float", analytic=True)
def cosh(xp, x):
    r"""Hyperbolic cosine, :math:`\cosh x`."""
    return xp.cosh(x)


cosh.vjp(x=lambda xp, g, x: g * xp.sinh(x)).samples(unary())


@op(dtypes="float", analytic=True)
def tanh(xp, x):
    r"""Hyperbolic tangent, :math:`\tanh x`."""
    return xp.tanh(x)


tanh.vjp(x=lambda xp, g, out: g * (1 - out * out)).samples(unary())


@op(dtypes="float", analytic=True)
def asinh(xp, x):
    r"""Inverse hyperbolic sine, :math:`\mathrm{arsinh}\, x`."""
    return xp.arcsinh(x)


asinh.vjp(x=lambda xp, g, x: g / xp.sqrt(x * x + 1)).samples(unary())


@op(dtypes="float", analytic=True)
def acosh(xp, x):
    r"""Inverse hyperbolic cosine, :math:`\mathrm{arcosh}\, x`."""
    return xp.arccosh(x)


acosh.vjp(x=lambda xp, g, x: g / xp.sqrt(x * x - 1)).samples(unary(1.3, 3.0))


@op(dtypes="float", analytic=True)
def atanh(xp, x):
    r"""Inverse hyperbolic tangent, :math:`\mathrm{artanh}\, x`."""
    return xp.arctanh(x)


atanh.vjp(x=lambda xp, g, x: g / (1 - x * x)).samples(unary(-0.8, 0.8))


@op(dtypes="float", kinks="slope 0 at the origin")
def atan2(xp, y, x):
    r"""Angle of the point :math:`(x, y)` in radians, in :math:`(-\pi, \pi]`."""
    return xp.arctan2(y, x)


def _over_square(xp, g, z, y, x):
    """Return g z / (x^2 + y^2) without squares that overflow or vanish; 0 at the origin."""
    r = hypot.on(xp, x, y)
    r = r + (r == 0)
    return g * (z / r) / r


atan2.vjp(
    y=lambda xp, g, y, x: _over_square(xp, g, x, y, x),
    x=lambda xp, g, y, x: -_over_square(xp, g, y, y, x),
).samples(lambda draw: [*binary(y=(0.3, 2.0))(draw), *binary((0.3, 2.0), (-2.0, -0.3))(draw)])


@op(dtypes="float", kinks="slope 0 at the origin")
def hypot(xp, x, y):
    r"""Length of the vector :math:`(x, y)`, :math:`\sqrt{x^2 + y^2}`; the squares do not overflow."""
    return xp.hypot(x, y)


# Where the length is 0 so are x and y: dividing by 1 instead gives the slope 0.
hypot.vjp(
    x=lambda xp, g, x, out: g * (x / (out + (out == 0))),
    y=lambda xp, g, y, out: g * (y / (out + (out == 0))),
).samples(binary(y=(0.3, 2.0)))


# W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969):
# three intervals, each with the coefficients of numerator and denominator, highest power first.
_NEAR = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3,
     1.23033935480374942e3),
)  # fmt: skip
_FAR = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip


def _ratio(coefficients, x):
    """Return the quotient of two polynomials at ``x`` (Horner's scheme)."""
    numerator, denominator = 0.0, 0.0
    for above, below in zip(*coefficients, strict=True):
        numerator = numerator * x + above
        denominator = denominator * x + below
    return numerator / denominator


@op(dtypes="float", wide=True)
def erf(xp, x):
    r"""Error function, :math:`\frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt`, to a few units of 1e-16.

    NumPy has none: rational approximations on three intervals (Cody 1969).
    """
    size = xp.abs(x)
    near = xp.minimum(size, 0.46875)
    middle = xp.minimum(xp.maximum(size, 0.46875), 4.0)
    far = xp.minimum(xp.maximum(size, 4.0), 6.0)  # beyond 6 erf is 1 to the last digit
    inverse = 1 / (far * far)
    erfc_middle = xp.exp(-middle * middle) * _ratio(_MIDDLE, middle)
    tail = 1 / math.sqrt(math.pi) - inverse * _ratio(_FAR, inverse)
    erfc_far = xp.exp(-far * far) / far * tail
    positive = xp.where(
        size <= 0.46875,
        near * _ratio(_NEAR, near * near),
        xp.where(size <= 4.0, 1 - erfc_middle, 1 - erfc_far),
    )
    return xp.where(xp.isnan(x), x, xp.sign(x) * positive)


erf.vjp(x=lambda xp, g, x: g * (2 / math.sqrt(math.pi)) * xp.exp(-x * x)).samples(unary())

register(exp, expm1, log, log1p, log2, log10, sqrt, rsqrt, square, reciprocal)
register(sin, cos, tan, asin, acos, atan, atan2, hypot, sinh, cosh, tanh)
register(asinh, acosh, atanh, erf)
