"""Losses to follow in place of one whose gradient says nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad._creation import tensor
from minigrad._functions.shaping import cat, stack
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.backend.generator import Generator, default_generator
from minigrad.engine import as_tensor
from minigrad.optim.checks import POSITIVE, WHOLE, check, error

__all__ = ["smooth"]

Objective = Callable[[Tensor], Tensor]


def smooth(
    objective: Objective,
    sigma: float,
    samples: int = 100,
    *,
    nodes: int | None = None,
    antithetic: bool = True,
    pathwise: bool = False,
    vectorized: bool = False,
    generator: Generator | None = None,
) -> Objective:
    r"""Return a smoothed objective, the mean over a cloud of points around each point.

    .. math:: J_\sigma(\theta) = E \, J(\theta + \sigma \epsilon), \qquad \epsilon \sim N(0, I)

    It has derivatives of every order, whatever :math:`J` is: with jumps, or flat almost everywhere.  For
    they come from the density of the points, which moves with :math:`\theta`, and not from :math:`J`:

    .. math:: \nabla J_\sigma(\theta) = \frac{1}{\sigma} \, E \, J(\theta + \sigma \epsilon) \, \epsilon

    Parameters
    ----------
    objective : callable
        :math:`J`, of a tensor; returns a tensor of one element.
    sigma : float
        :math:`\sigma > 0`: the larger, the smoother.
    samples : int, default 100
        How many points stand for all of them; drawn anew in each call.
    nodes : int, optional
        Take no samples, but so many points with weights that make the mean of a polynomial exact, up to
        degree ``2 * nodes - 1`` (Gauss and Hermite).  For :math:`\theta` of one number.  Jumps are seen only
        as finely as the points lie.
    antithetic : bool, default True
        Draw the points in pairs :math:`\theta \pm \sigma \epsilon`, for less noise.
    pathwise : bool, default False
        Differentiate :math:`J` itself.  That is less noisy, but needs a :math:`J` without jumps.
    vectorized : bool, default False
        ``objective`` takes many points at once, of shape (M, ...), and returns (M,).
    generator : Generator, optional
        Where is drawn; the default generator if not given.

    Returns
    -------
    callable
        :math:`J_\sigma`, of a tensor; differentiable any number of times.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, ``samples`` is odd and ``antithetic``; when called, if :math:`\theta`
        has more than one number and there are ``nodes``.

    See Also
    --------
    minigrad.optim.ES : Descends by such an estimate, without derivatives.

    References
    ----------
    Document 000, section 1.6.1.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor(1.0, requires_grad=True)
    >>> smoothed = smooth(lambda x: x**4, sigma=0.5, nodes=4)  # x^4 + 6 sigma^2 x^2 + 3 sigma^4
    >>> smoothed(x)
    tensor(2.6875, grad_fn=<sum>)
    >>> mg.autograd.grad(smoothed(x), x)
    (tensor(7.0000),)
    """
    check("smooth", POSITIVE, sigma=sigma)
    check("smooth", WHOLE, samples=samples, **({} if nodes is None else {"nodes": nodes}))
    if nodes is None and antithetic and samples % 2:
        raise error("smooth", ValueError, f"samples = {samples} are odd, and cannot be pairs")
    many = objective if vectorized else _one_by_one(objective)
    source = default_generator if generator is None else generator

    def smoothed(theta: Tensor) -> Tensor:
        theta = as_tensor(theta)
        weights: Any = 1 / samples
        if nodes is None:
            noise = _drawn(theta, samples, antithetic, source)
        else:
            noise, weights = _quadrature(theta, nodes)
        return (_by_path if pathwise else _by_density)(many, theta, sigma, noise, weights)

    return smoothed


def _one_by_one(objective: Objective) -> Objective:
    def many(points: Tensor) -> Tensor:
        return stack([objective(points[number]).reshape(()) for number in range(len(points))])

    return many


def _drawn(theta: Tensor, samples: int, antithetic: bool, source: Generator) -> Tensor:
    """Return normal numbers, of shape (samples, ...)."""
    count = samples // 2 if antithetic else samples
    noise = tensor(source.normal((count, *theta.shape), theta.dtype), device=theta.device)
    return cat([noise, -noise]) if antithetic else noise


def _quadrature(theta: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """Return points and weights for the mean over a normal variable."""
    if theta.numel() != 1:
        raise error(
            "smooth",
            ValueError,
            f"nodes are for a point of one number, got shape {tuple(theta.shape)}; use samples",
        )
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    place: dict[str, Any] = {"dtype": theta.dtype, "device": theta.device}
    noise = tensor(points, **place).reshape(nodes, *theta.shape)
    return noise, tensor(weights / math.sqrt(2 * math.pi), **place)


def _by_path(many: Objective, theta: Tensor, sigma: float, noise: Tensor, weights: Any) -> Tensor:
    """Return the mean of the objective, differentiable as far as that is."""
    return (many(theta + sigma * noise) * weights).sum()


def _by_density(
    many: Objective, theta: Tensor, sigma: float, noise: Tensor, weights: Any
) -> Tensor:
    r"""Return the mean of the objective at fixed points, each by how likely it is from :math:`\theta`.

    That is 1 where :math:`\theta` is now, but it has derivatives: with :math:`\theta` moved by
    :math:`\delta`, it is :math:`\exp \left( (2 \sigma \epsilon - \delta) \cdot \delta / 2 \sigma^2 \right)`.
    """
    here = theta.detach()
    with no_grad():
        values = many(here + sigma * noise)
    delta = theta - here
    likelier = ((2 * sigma * noise - delta) * delta).reshape(len(noise), -1).sum(1)
    return (values * weights * (likelier / (2 * sigma**2)).exp()).sum()
