"""Losses of numbers that are to be hit, as functions; part of :mod:`minigrad.nn.functional`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._functions.pointwise import where
from minigrad._tensor import Tensor
from minigrad.backend.devices import xp_of
from minigrad.engine import as_tensor
from minigrad.nn.loss_arguments import checked, warn_if_broadcast
from minigrad.nn.module import in_module
from minigrad.ops import losses
from minigrad.ops.losses import reduced

# Differences --------------------------------------------------------------------------------------


def mse_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Tensor | None = None
) -> Tensor:
    r"""Squared error, :math:`w_i (x_i - y_i)^2`; its mean, its sum, or each.

    Parameters
    ----------
    input, target : Tensor
        :math:`x` and :math:`y`, of one shape; shapes that broadcast are accepted with a warning.
    reduction : {"mean", "sum", "none"}
        What is returned; a weighted mean is divided by the sum of the weights.
    weight : Tensor, optional
        :math:`w`, of the shape of ``input``; 1 by default.

    Returns
    -------
    Tensor
        Without dimensions, or in the shape of ``input`` for ``"none"``; in its dtype.

    Raises
    ------
    ValueError
        For another ``reduction``, or shapes that do not fit.

    References
    ----------
    - Documents 000, eq. 1.7 (mean over a data set), and 003, eq. 6.9 (sum).
    - S. J. D. Prince, Understanding deep learning, 2023, section 5.3: the log loss of a normal distribution
      of fixed variance, less a constant.
    """
    input, target = checked("mse_loss", reduction, input, target)
    warn_if_broadcast("mse_loss", input, target)
    if weight is None:
        return losses.mse_loss.apply(input, target, reduction=reduction)
    each = losses.mse_loss(input, target, reduction="none")
    return _reduced_by_weight("mse_loss", each, weight, input, reduction)


def l1_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Tensor | None = None
) -> Tensor:
    r"""Absolute error, :math:`w_i |x_i - y_i|`, slope 0 where they are equal; else as :func:`mse_loss`."""
    input, target = checked("l1_loss", reduction, input, target)
    warn_if_broadcast("l1_loss", input, target)
    each = (input - target).abs()
    if weight is None:
        return reduced(each, reduction)
    return _reduced_by_weight("l1_loss", each, weight, input, reduction)


def _reduced_by_weight(
    name: str, each: Tensor, weight: Any, input: Tensor, reduction: str
) -> Tensor:
    """Return the weighted losses, their sum, or their sum divided by that of the weights."""
    weight = _checked_weight(name, weight, input)
    if reduction == "mean":
        return (each * weight).sum() / weight.sum()
    return reduced(each * weight, reduction)


def _checked_weight(name: str, weight: Any, input: Tensor) -> Tensor:
    """Return ``weight`` as a tensor; raise if it does not have the shape of the input."""
    weight = as_tensor(weight)
    if weight.array.shape != input.array.shape:
        raise ValueError(
            f"{name}: weight {tuple(weight.shape)} has to have the shape of the input "
            f"{tuple(input.shape)}{in_module()}"
        )
    return weight


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    r"""Squared error for small errors, absolute error for large ones, which pull no harder than delta.

    .. math::
        \ell_i = w_i \begin{cases}
            \frac12 d_i^2 & |d_i| \le \delta \\
            \delta \, (|d_i| - \frac12 \delta) & \text{otherwise}
        \end{cases}, \qquad d_i = x_i - y_i

    Parameters
    ----------
    input, target : Tensor
        :math:`x` and :math:`y`, of one shape; shapes that broadcast are accepted with a warning.
    reduction : {"mean", "sum", "none"}
        What is returned; the mean is divided by the number of elements, whatever their weights.
    delta : float, default 1.0
        :math:`\delta > 0`, where the parabola ends; the curvature there is 0, as in PyTorch.
    weight : Tensor, optional
        :math:`w`, of the shape of ``input``; 1 by default.

    Returns
    -------
    Tensor
        Without dimensions, or in the shape of ``input`` for ``"none"``; in its dtype.

    Raises
    ------
    ValueError
        For another ``reduction``, a ``delta`` that is not positive, or shapes that do not fit.

    References
    ----------
    P. J. Huber, Robust estimation of a location parameter, 1964.
    """
    input, target = checked("huber_loss", reduction, input, target)
    if not delta > 0:
        raise ValueError(f"huber_loss: delta has to be positive, got {delta}")
    warn_if_broadcast("huber_loss", input, target)
    each = losses.huber_loss(input, target, delta=delta)
    if weight is not None:
        each = each * _checked_weight("huber_loss", weight, input)
    return reduced(each, reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    r"""Absolute error with its kink rounded off: :func:`huber_loss` divided by its delta, here beta.

    .. math::
        \ell_i = \begin{cases}
            \frac{1}{2 \beta} d_i^2 & |d_i| \le \beta \\
            |d_i| - \frac12 \beta & \text{otherwise}
        \end{cases}, \qquad d_i = x_i - y_i

    Parameters
    ----------
    input, target : Tensor
        :math:`x` and :math:`y`, of one shape; shapes that broadcast are accepted with a warning.
    reduction : {"mean", "sum", "none"}
        What is returned.
    beta : float, default 1.0
        :math:`\beta`, where the parabola ends; with 0 it is :func:`l1_loss`.

    Returns
    -------
    Tensor
        Without dimensions, or in the shape of ``input`` for ``"none"``; in its dtype.

    Raises
    ------
    ValueError
        For another ``reduction``, a negative ``beta``, or shapes that do not fit.

    References
    ----------
    R. Girshick, Fast R-CNN, ICCV 2015, eq. 3.
    """
    input, target = checked("smooth_l1_loss", reduction, input, target)
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: beta must not be negative, got {beta}")
    warn_if_broadcast("smooth_l1_loss", input, target)
    if beta == 0:
        return reduced((input - target).abs(), reduction)
    return reduced(losses.huber_loss(input, target, delta=beta) / beta, reduction)


# Log losses of numbers ----------------------------------------------------------------------------


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    *,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    r"""Log loss of a Poisson distribution against a count: :math:`e^x - k x`, with x the log of the rate.

    The distribution gives a count :math:`k` the probability :math:`\lambda^k e^{-\lambda} / k!`; the loss
    is its negative logarithm :math:`\lambda - k \ln \lambda`, less what does not depend on
    :math:`\lambda = e^x`.

    Parameters
    ----------
    input : Tensor
        :math:`x = \ln \lambda`, or :math:`\lambda` itself if not ``log_input``.
    target : Tensor
        Counts :math:`k`; broadcasts with ``input``.
    log_input : bool, default True
        Whether ``input`` is the logarithm; otherwise the loss is
        :math:`\lambda - k \ln(\lambda + \epsilon)`.
    full : bool, default False
        Add Stirling's approximation of :math:`\ln k!`, :math:`k \ln k - k + \frac12 \ln(2 \pi k)`, where
        :math:`k > 1`.
    eps : float, default 1e-8
        :math:`\epsilon`, against the logarithm of 0.
    reduction : {"mean", "sum", "none"}
        What is returned.

    Raises
    ------
    ValueError
        For another ``reduction``, or shapes that do not fit.
    """
    input, target = checked("poisson_nll_loss", reduction, input, target)
    if log_input:
        each = input.exp() - target * input
    else:
        each = input - target * (input + eps).log()
    if full:
        many = target > 1
        count = where(many, target, 1.0)  # also keeps nan out of the slopes elsewhere
        stirling = count * count.log() - count + 0.5 * (2 * math.pi * count).log()
        each = each + where(many, stirling, 0.0)
    return reduced(each, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    r"""Log loss of normal distributions, :math:`\frac12 [\ln v + (x - y)^2 / v]` with variance v.

    Parameters
    ----------
    input : Tensor
        The mean :math:`x` of each distribution.
    target : Tensor
        What happened, :math:`y`.
    var : Tensor or float
        The variance :math:`v`: of the shape of ``input``, or with dimensions of length 1, or without its
        last dimension; or one number.
    full : bool, default False
        Add the constant :math:`\frac12 \ln 2 \pi`.
    eps : float, default 1e-6
        The smallest variance; one that is smaller is replaced by it, with slope 1, as in PyTorch.
    reduction : {"mean", "sum", "none"}
        What is returned.

    Raises
    ------
    ValueError
        For another ``reduction``, shapes that do not fit, or a negative variance (looked for on the host
        only, as looking makes a GPU wait).

    References
    ----------
    - D. A. Nix and A. S. Weigend, Estimating the mean and variance of the target probability distribution,
      ICNN 1994.
    - S. J. D. Prince, Understanding deep learning, 2023, section 5.3.
    """
    input, target = checked("gaussian_nll_loss", reduction, input, target)
    v = _variance(input, var)
    # At least eps; the difference is 0, and carries the slope.
    v = where(v < eps, v - v.detach() + eps, v)
    each = 0.5 * (v.log() + (input - target) ** 2 / v)
    if full:
        each = each + 0.5 * math.log(2 * math.pi)
    return reduced(each, reduction)


def _variance(input: Tensor, var: Tensor | float) -> Tensor:
    """Return ``var`` as a tensor that broadcasts with ``input``."""
    shape = tuple(input.shape)
    if isinstance(var, (int, float)):
        var = input.new_full((1,) * input.ndim, var)
    v = as_tensor(var)
    if v.shape == shape[:-1] and shape:
        v = v.unsqueeze(-1)
    elif v.ndim != len(shape) or any(
        mine not in (1, length) for mine, length in zip(v.shape, shape, strict=True)
    ):
        raise ValueError(
            f"gaussian_nll_loss: var {tuple(v.shape)} does not fit the input {shape}{in_module()}"
        )
    array = v.array
    if xp_of(array) is np and array.size and array.min() < 0:
        raise ValueError(f"gaussian_nll_loss: a variance is negative, {array.min()}{in_module()}")
    return v
