"""Functions of two numbers, and quadratic forms of any number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._creation import tensor
from minigrad._tensor import Tensor
from minigrad.optim.functions.objective import Objective, Point

# Quadratics -------------------------------------------------------------------------------------------


def quadratic(
    matrix: Any,
    *,
    name: str = "quadratic",
    equation: str = "",
    window: Any = None,
    start: Any = None,
    source: str = "",
) -> Objective:
    r"""Return :math:`\frac12 x^\top A x`.

    Parameters
    ----------
    matrix : array_like, shape (d, d)
        :math:`A`, symmetric, with :math:`d > 1`.
    name, equation, window, start, source : optional
        See :class:`Objective`.

    Returns
    -------
    Objective
        The origin is a minimum, a maximum or a saddle by the eigenvalues of :math:`A`; it is not listed
        if one of them is 0.

    Raises
    ------
    ValueError
        If the matrix is not symmetric.

    Examples
    --------
    >>> from minigrad.optim import functions
    >>> f = functions.quadratic([[3, 1], [1, 2]])
    >>> f
    Objective(name='quadratic', equation='½ (3x² + 2xy + 2y²)', dimension=2, source='')
    >>> f([1.0, -2.0])
    tensor(3.5000, dtype=float64)
    """
    a = np.asarray(matrix, dtype=np.float64)
    if a.ndim != 2 or len(a) < 2 or a.shape != a.T.shape or not np.array_equal(a, a.T):
        raise ValueError(
            f"quadratic: expected a symmetric matrix of two or more rows, got {matrix}"
        )

    def formula(x: Tensor) -> Tensor:
        return ((x @ tensor(a, dtype=x.dtype, device=x.device)) * x).sum(-1) / 2

    eigenvalues = np.linalg.eigvalsh(a)
    origin = (Point((0.0,) * len(a), 0.0),)
    rising, falling = bool((eigenvalues > 0).all()), bool((eigenvalues < 0).all())
    return Objective(
        name,
        equation or _quadratic_text(a),
        formula,
        dimension=len(a),
        minima=origin if rising else (),
        maxima=origin if falling else (),
        saddles=() if rising or falling or not eigenvalues.all() else origin,
        window=((-4.0, 4.0),) * len(a) if window is None else _pairs(window),
        start=(1.0,) * len(a) if start is None else _numbers(start),
        source=source,
    )


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _pairs(window: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(low), float(high)) for low, high in window)


def _quadratic_text(a: np.ndarray) -> str:
    if len(a) > 2:
        return "½ xᵀAx"
    factors = {"x²": a[0, 0], "xy": 2 * a[0, 1], "y²": a[1, 1]}
    terms = [f"{FACTORS.get(c, f'{c:g}')}{power}" for power, c in factors.items() if c]
    text = " + ".join(terms).replace("+ -", "− ").replace("-", "−") or "0"
    return f"½ ({text})"


FACTORS = {1: "", -1: "-"}
"""Factors that are not written as numbers."""


def ellipse(kappa: float) -> Objective:
    r"""Return the bowl :math:`\frac12 (x^2 + \kappa y^2)`, whose condition number is :math:`\kappa`.

    Steepest descent with the best step along each line, from :math:`(\kappa, 1)`, multiplies the value by
    :math:`\left(\frac{\kappa - 1}{\kappa + 1}\right)^2` in each step: it zigzags (document 001).

    Parameters
    ----------
    kappa : float
        The condition number, at least 1.

    Returns
    -------
    Objective

    Raises
    ------
    ValueError
        If ``kappa`` is less than 1 or not finite.

    Examples
    --------
    >>> from minigrad.optim import functions
    >>> functions.ellipse(100).start
    (100.0, 1.0)
    """
    if not 1 <= kappa < math.inf:
        raise ValueError(f"ellipse: kappa has to be at least 1 and finite, got {kappa}")
    return quadratic(
        [[1.0, 0.0], [0.0, kappa]],
        name=f"ellipse({kappa:g})",
        window=((-1.1 * kappa, 1.1 * kappa), (-1.5, 1.5)),
        start=(float(kappa), 1.0),
        source="document 001, zigzag",
    )


bowl = quadratic(
    [[1.0, 0.0], [0.0, 10.0]],
    name="bowl",
    window=((-4.0, 4.0), (-3.0, 3.0)),
    start=(3.0, -2.0),
    source="document 001, figures; the coefficients are ours",
)

tilted = quadratic(
    [[3.0, 1.0], [1.0, 2.0]],
    name="tilted",
    window=((-3.0, 3.0), (-3.0, 3.0)),
    start=(1.0, -2.0),
    source="document 004, Taylor series; the coefficients are ours",
)

saddle = Objective(
    "saddle",
    "x² − y²",
    lambda p: p[..., 0] ** 2 - p[..., 1] ** 2,
    dimension=2,
    saddles=(Point((0.0, 0.0), 0.0),),
    window=((-2.0, 2.0), (-2.0, 2.0)),
    start=(1.5, 0.01),
    source="standard",
    note="Falls without end along y.",
)

# Of the documents -------------------------------------------------------------------------------------


def _escape(p: Tensor) -> Tensor:
    x, y = p[..., 0], p[..., 1]
    return (x * x - y * y) / 2 + y**4 / 4


escape = Objective(
    "escape",
    "½(x² − y²) + ¼y⁴",
    _escape,
    dimension=2,
    minima=(Point((0.0, 1.0), -0.25), Point((0.0, -1.0), -0.25)),
    saddles=(Point((0.0, 0.0), 0.0),),
    window=((-1.5, 1.5), (-1.8, 1.8)),
    start=(1.0, 1e-8),
    source="document 000, section 1.3; the formula is ours",
    note="From (1, 0) descent ends at the saddle, from any start beside that line at a minimum.",
)


def _ring(w: Tensor) -> Tensor:
    u = (w * w).sum(-1)
    return u**4 - 7 * u**3 + 13 * u * u


_CIRCLE, _RIDGE = math.sqrt(3.25), math.sqrt(2)

ring = Objective(
    "ring",
    "u⁴ − 7u³ + 13u²  with  u = w₁² + w₂²",
    _ring,
    dimension=2,
    symbols=("w₁", "w₂"),
    minima=(Point((0.0, 0.0), 0.0), Point((_CIRCLE, 0.0), 8.58203125)),
    maxima=(Point((_RIDGE, 0.0), 12.0),),
    window=((-2.0, 2.0), (-2.0, 2.0)),
    start=(0.5, 1.0),
    source="document 002, example 3.1.2 and figure 3.2",
    note="All of the circle |w| = √3.25 is a minimum, all of |w| = √2 a ridge; one point of each is listed. "
    "At the origin the Hessian is 0: descent comes near it only like 1/√k.",
)


def _ravine(phi: Tensor) -> Tensor:
    across, along = phi[..., 1], phi[..., 0] - 0.7
    return 1 - (-2 * across * across - along * along / 8).exp()


ravine = Objective(
    "ravine",
    "1 − exp(−2φ₁² − (φ₀ − 0.7)²/8)",
    _ravine,
    dimension=2,
    symbols=("φ₀", "φ₁"),
    minima=(Point((0.7, 0.0), 0.0),),
    window=((-1.0, 1.8), (-1.0, 1.0)),
    start=(-0.7, -0.9),
    source="document 003, figure 6.9: notebook 6.5 of its textbook",
    note="Steep across, flat along.",
)

# Standard ---------------------------------------------------------------------------------------------


def _himmelblau(p: Tensor) -> Tensor:
    x, y = p[..., 0], p[..., 1]
    return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2


himmelblau = Objective(
    "himmelblau",
    "(x² + y − 11)² + (x + y² − 7)²",
    _himmelblau,
    dimension=2,
    minima=(
        Point((3.0, 2.0), 0.0),
        Point((-2.805118086953, 3.131312518251), 0.0),
        Point((-3.779310253378, -3.283185991286), 0.0),
        Point((3.58442834033, -1.848126526964), 0.0),
    ),
    maxima=(Point((-0.270844590667, -0.92303855648), 181.616521522583),),
    saddles=(
        Point((3.385154183607, 0.073851879838), 13.311926270406),
        Point((0.086677504555, 2.884254701175), 67.719150087526),
        Point((-3.073025750764, -0.081353044288), 104.015162917558),
        Point((-0.127961346731, -1.953714980245), 178.337239201927),
    ),
    window=((-5.0, 5.0), (-5.0, 5.0)),
    start=(0.0, 0.0),
    source="D. M. Himmelblau, Applied nonlinear programming, 1972 (document 001, figure)",
)


def _bukin6(p: Tensor) -> Tensor:
    x, y = p[..., 0], p[..., 1]
    return 100 * (y - 0.01 * x * x).abs().sqrt() + 0.01 * (x + 10).abs()


bukin6 = Objective(
    "bukin6",
    "100 √|y − 0.01x²| + 0.01 |x + 10|",
    _bukin6,
    dimension=2,
    minima=(Point((-10.0, 1.0), 0.0, smooth=False),),
    window=((-15.0, 5.0), (-3.0, 3.0)),
    start=(-5.0, 0.5),
    source="A. D. Bukin, 1997 (document 001, figure)",
    note="All along the valley y = 0.01x² there is a kink with an infinite slope; at its bottom the gradient "
    "is NaN, as in PyTorch.",
)


def _rosenbrock(p: Tensor) -> Tensor:
    x, y = p[..., 0], p[..., 1]
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


rosenbrock = Objective(
    "rosenbrock",
    "(1 − x)² + 100 (y − x²)²",
    _rosenbrock,
    dimension=2,
    minima=(Point((1.0, 1.0), 0.0),),
    window=((-2.0, 2.0), (-1.0, 3.0)),
    start=(-1.2, 1.0),
    source="H. H. Rosenbrock, An automatic method for finding the greatest or least value of a function, "
    "1960",
    note="A bent valley: to find it is easy, to follow it is hard.",
)


def _beale(p: Tensor) -> Tensor:
    x, y = p[..., 0], p[..., 1]
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y * y) ** 2 + (2.625 - x + x * y**3) ** 2


beale = Objective(
    "beale",
    "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
    _beale,
    dimension=2,
    minima=(Point((3.0, 0.5), 0.0),),
    saddles=(Point((0.0, 1.0), 14.203125),),
    window=((-4.5, 4.5), (-4.5, 4.5)),
    start=(1.0, 1.0),
    source="E. M. L. Beale, On an iterative method of finding a local minimum, 1958",
    note="Flat in the middle, very steep in the corners.",
)


def _rastrigin(p: Tensor) -> Tensor:
    return 20 + (p * p - 10 * (2 * math.pi * p).cos()).sum(-1)


rastrigin = Objective(
    "rastrigin",
    "20 + x² − 10 cos 2πx + y² − 10 cos 2πy",
    _rastrigin,
    dimension=2,
    minima=(Point((0.0, 0.0), 0.0),),
    window=((-5.12, 5.12), (-5.12, 5.12)),
    start=(2.3, -1.8),
    source="L. A. Rastrigin, Systems of extremal control, 1974",
    note="A minimum near every pair of whole numbers; the lowest is listed.",
)


def _ackley(p: Tensor) -> Tensor:
    radius = ((p * p).sum(-1) / 2).sqrt()
    waves = (2 * math.pi * p).cos().sum(-1) / 2
    return -20 * (-0.2 * radius).exp() - waves.exp() + 20 + math.e


ackley = Objective(
    "ackley",
    "−20 exp(−0.2 √(½(x² + y²))) − exp(½(cos 2πx + cos 2πy)) + 20 + e",
    _ackley,
    dimension=2,
    minima=(Point((0.0, 0.0), 0.0, smooth=False),),
    window=((-5.0, 5.0), (-5.0, 5.0)),
    start=(2.3, -1.8),
    source="D. H. Ackley, A connectionist machine for genetic hillclimbing, 1987",
    note="Many minima around a funnel; the lowest, a kink, is listed.",
)
