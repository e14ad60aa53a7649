"""Losses of models on data: of the parameters, with the data of the documents in them."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from minigrad._creation import tensor
from minigrad._tensor import Tensor
from minigrad.data.fitting import read_pairs
from minigrad.optim.functions.objective import Objective, Point


@functools.cache
def _pairs(name: str) -> tuple[np.ndarray, np.ndarray]:
    return read_pairs(name)


def _sum_of_squares(
    name: str, model: Callable[[Tensor, Tensor], Tensor]
) -> Callable[[Tensor], Tensor]:
    """Return the loss of ``model(phi, x)`` on a bundled file, summed over its pairs."""

    def loss(phi: Tensor) -> Tensor:
        x, y = (tensor(c, dtype=phi.dtype, device=phi.device) for c in _pairs(name))
        return ((model(phi[..., None, :], x) - y) ** 2).sum(-1)

    return loss


linear_regression = Objective(
    "linear_regression",
    "Σ (φ₀ + φ₁xᵢ − yᵢ)²",
    _sum_of_squares("line.csv", lambda phi, x: phi[..., 0] + phi[..., 1] * x),
    dimension=2,
    symbols=("φ₀", "φ₁"),
    minima=(Point((0.825950045138729, 0.522226069968033), 0.19986635693424953),),
    window=((0.0, 2.0), (-1.0, 1.0)),
    start=(1.6, -0.5),
    source="document 003, eq. 6.5 and figure 6.1, on data.load_line()",
)


def _wave(phi: Tensor, x: Tensor) -> Tensor:
    u = phi[..., 0] + 0.06 * phi[..., 1] * x
    return u.sin() * (-u * u / 32).exp()


gabor = Objective(
    "gabor",
    "Σ (sin(uᵢ) exp(−uᵢ²/32) − yᵢ)²  with  uᵢ = φ₀ + 0.06φ₁xᵢ",
    _sum_of_squares("gabor.csv", _wave),
    dimension=2,
    symbols=("φ₀", "φ₁"),
    minima=(
        Point((0.003794635610937583, 16.02634782714172), 0.6456961253674638),
        Point((-5.819376101839457, 13.82450392762743), 3.3564269931445834),
        Point((6.559354269534795, 18.348855285164024), 3.670471551967994),
        Point((-6.443223114287746, 4.967533652863323), 5.039135911749069),
        Point((6.307961387848067, 13.515787336909765), 5.511081277217767),
        Point((6.084736300064385, 4.011774525983753), 6.527856224773459),
        Point((6.171313163078898, 8.088135558848837), 9.961269023906146),
        Point((-0.166465650553213, 4.880932748263946), 10.182264979278393),
    ),
    saddles=(Point((2.473534879465599, 7.428036859890531), 17.94637639211933),),
    window=((-10.0, 10.0), (2.5, 22.5)),
    start=(-1.5, 8.5),
    source="document 003, eq. 6.8, 6.9 and figures 6.2 to 6.7, on data.load_gabor()",
    note="All minima of the window are listed, and one of its 20 saddles; it has 12 maxima.",
)


def _two_pairs(w: Tensor) -> Tensor:
    return ((-1 - w[..., 0] - w[..., 2]) ** 2 + (1 - w[..., 0] - w[..., 1]) ** 2) / 2


underdetermined = Objective(
    "underdetermined",
    "½ ((−1 − w₀ − w₂)² + (1 − w₀ − w₁)²)",
    _two_pairs,
    dimension=3,
    symbols=("w₀", "w₁", "w₂"),
    minima=(Point((0.0, 1.0, -1.0), 0.0),),
    window=((-2.0, 2.0), (-2.0, 2.0), (-2.0, 2.0)),
    start=(1.0, 1.0, 1.0),
    source="document 002, example 3.3.1 and eq. 3.3",
    note="All of the line (0, 1, −1) + t (1, −1, −1) is minimal; the point of least norm is listed, and is "
    "where descent from 0 ends.",
)


def underdetermined_regularized(lam: float = 0.01) -> Objective:
    r"""Return the loss of ``underdetermined`` with :math:`\lambda \lVert w \rVert^2` added.

    Its one minimum is :math:`\left(0, \frac{1}{1 + 2\lambda}, \frac{-1}{1 + 2\lambda}\right)`: document
    002, eq. 3.4.

    Parameters
    ----------
    lam : float, default 0.01
        :math:`\lambda > 0`.

    Returns
    -------
    Objective

    Raises
    ------
    ValueError
        If ``lam`` is not positive.

    Examples
    --------
    >>> from minigrad.optim import functions
    >>> functions.underdetermined_regularized(0.5).minima
    (Point(at=(0.0, 0.5, -0.5), value=0.5, smooth=True),)
    """
    if not lam > 0:
        raise ValueError(f"underdetermined_regularized: lam has to be > 0, got {lam}")
    w = 1 / (1 + 2 * lam)
    return Objective(
        "underdetermined_regularized",
        f"{underdetermined.equation} + {lam:g} ‖w‖²",
        lambda p: _two_pairs(p) + lam * (p * p).sum(-1),
        dimension=3,
        symbols=underdetermined.symbols,
        minima=(Point((0.0, w, -w), (1 - w) ** 2 + 2 * lam * w * w),),
        window=underdetermined.window,
        start=underdetermined.start,
        source="document 002, example 3.3.1, eq. 3.4 and figure 3.6",
    )
