r"""Activations as functions; part of :mod:`minigrad.nn.functional`.

Those that are not an operation of their own are written with operations, so that their derivatives of
every order follow.  Where ``inplace`` is accepted, as in PyTorch, nothing is written in place.
"""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad._functions.arguments import check_dim
from minigrad._functions.pointwise import clamp, expm1, sigmoid, tanh, where
from minigrad._functions.shaping import split
from minigrad._tensor import Tensor
from minigrad._warning import warn
from minigrad.nn.module import in_module
from minigrad.ops import activations, fused, reductions

# Rectifiers ---------------------------------------------------------------------------------------


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Rectifier, :math:`\max(x, 0)`; slope 0 at 0.  ``inplace`` is accepted, nothing is written."""
    return activations.relu.apply(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Rectifier with a ceiling, :math:`\min(\max(x, 0), 6)`; slope 0 at 0 and at 6."""
    return hardtanh(input, 0.0, 6.0)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Return ``x`` where it is positive, ``negative_slope * x`` elsewhere."""
    return activations.leaky_relu(input, negative_slope=negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Return ``x`` where it is positive, ``weight * x`` elsewhere: a leaky rectifier that learns.

    Parameters
    ----------
    input : Tensor, shape (N, C, ...)
        Or of any shape, if there is one weight.
    weight : Tensor, shape (C,), (1,) or ()
        The slope up to 0: one for each channel, or one for all.

    Raises
    ------
    ValueError
        If there is neither one weight nor one for each channel.
    RuntimeError
        If the dtypes differ.
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or weight.numel() not in (1, channels):
        raise ValueError(
            f"prelu: expected one weight, or one for each of {channels} channels (dimension 1), got "
            f"weights of shape {tuple(weight.shape)} for an input of shape "
            f"{tuple(input.shape)}{in_module()}"
        )
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"prelu: the input is {input.dtype}, the weight {weight.dtype}; convert one of them with "
            f".to(dtype){in_module()}"
        )
    weight = weight.reshape(() if weight.numel() == 1 else (-1, *(1,) * (input.ndim - 2)))
    return where(input > 0, input, weight * input)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Return ``x`` where it is above ``threshold``, ``value`` elsewhere; slope 0 at the threshold."""
    return where(input <= threshold, value, input)


# Smooth relatives of the rectifier ----------------------------------------------------------------


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""Exponential linear unit, :math:`x` where it is positive, :math:`\alpha (e^x - 1)` elsewhere."""
    return activations.elu(input, alpha=alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Self-normalising unit, :math:`\lambda x` if :math:`x > 0`, else :math:`\lambda \alpha (e^x - 1)`.

    With :math:`\lambda = 1.0507...` and :math:`\alpha = 1.6732...`, for which mean 0 and variance 1 are
    a stable fixed point from layer to layer; slope :math:`\lambda \alpha` at 0.

    References
    ----------
    Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017.
    """
    return 1.0507009873554805 * activations.elu(input, alpha=1.6732632423543772)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""Return :math:`x` where it is positive, :math:`\alpha (e^{x / \alpha} - 1)` elsewhere; slope 1 at 0.

    Raises
    ------
    ValueError
        If ``alpha`` is 0.

    References
    ----------
    Barron, "Continuously differentiable exponential linear units", 2017.
    """
    if alpha == 0:
        raise ValueError("celu: alpha cannot be 0, as x is divided by it")
    negative = where(input > 0, 0.0, input)
    return where(input > 0, input, alpha * expm1(negative / alpha))


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    r"""Gaussian error linear unit, :math:`x \Phi(x)`; ``approximate="tanh"`` for the faster form."""
    return activations.gelu(input, approximate=approximate)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Sigmoid-weighted linear unit, :math:`x \sigma(x)`."""
    return activations.silu.apply(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Return :math:`x \tanh(\ln(1 + e^x))`.

    References
    ----------
    Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.
    """
    return input * tanh(activations.softplus(input))


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    r"""Smooth ramp, :math:`\ln(1 + e^{\beta x}) / \beta`; linear where ``beta * x > threshold``."""
    return activations.softplus(input, beta=beta, threshold=threshold)


# Squashing and shrinking --------------------------------------------------------------------------


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """Limit to ``[min_val, max_val]``; slope 0 at both bounds (where :func:`minigrad.clamp` has 1).

    Integers stay integers; the bounds are cut to integers then.

    Raises
    ------
    ValueError
        If ``min_val > max_val``.
    RuntimeError
        If ``input`` is bool, or unsigned with a negative bound.
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val {min_val} is greater than max_val {max_val}")
    if input.dtype.kind != "f":
        min_val, max_val = int(min_val), int(max_val)
        if input.dtype.kind == "b" or (input.dtype.kind == "u" and min_val < 0):
            raise RuntimeError(
                f"hardtanh: {input.dtype} cannot be limited to [{min_val}, {max_val}]; use .float() "
                f"first{in_module()}"
            )
    raised = where(input <= min_val, min_val, input)
    return where(raised >= max_val, max_val, raised)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Sigmoid of three straight pieces, :math:`\min(\max(x + 3, 0), 6) / 6`; slope 0 at -3 and 3."""
    return hardtanh(input + 3, 0.0, 6.0) / 6


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Return :math:`x \min(\max(x + 3, 0), 6) / 6`; slope 0 at -3, 1 at 3.

    References
    ----------
    Howard et al., "Searching for MobileNetV3", ICCV 2019.
    """
    return input * hardsigmoid(input)


def softsign(input: Tensor) -> Tensor:
    r"""Return :math:`x / (1 + |x|)`."""
    return input / (1 + input.abs())


def tanhshrink(input: Tensor) -> Tensor:
    r"""Return :math:`x - \tanh x`."""
    return input - tanh(input)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    r"""Return 0 where :math:`|x| \le \lambda`, :math:`x` elsewhere; slope 0 at :math:`\pm \lambda`."""
    return where(input.abs() <= lambd, 0.0, input)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    r"""Move towards 0 by :math:`\lambda`, and no farther; slope 0 at :math:`\pm \lambda`.

    Raises
    ------
    ValueError
        If ``lambd`` is negative.
    """
    if lambd < 0:
        raise ValueError(f"softshrink: lambd cannot be negative, got {lambd}")
    return input - clamp(input, -lambd, lambd)


# Along a dimension --------------------------------------------------------------------------------


def softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    r"""Softmax along ``dim``, :math:`e^{x_i} / \sum_j e^{x_j}`; never overflows.

    Parameters
    ----------
    input : Tensor
        Of any shape.
    dim : int, optional
        The dimension along which the results add up to 1.  Without it, dimension 0 of tensors with 0,
        1 or 3 dimensions and dimension 1 of others is taken, as in PyTorch, with a warning.
    dtype : dtype, optional
        To which ``input`` is converted first.
    """
    dim = _chosen_dim("softmax", dim, input)
    input = input if dtype is None else input.to(dtypes.as_dtype(dtype))
    return reductions.softmax(input, axis=dim)


def softmin(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """Softmax of ``-x``: the smallest element gets the largest share.  Parameters as for softmax."""
    return softmax(-input, _chosen_dim("softmin", dim, input), dtype=dtype)


def log_softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    r"""Logarithm of softmax along ``dim``, :math:`x_i - \ln \sum_j e^{x_j}`, without rounding to 0.

    Parameters as for :func:`softmax`.
    """
    dim = _chosen_dim("log_softmax", dim, input)
    input = input if dtype is None else input.to(dtypes.as_dtype(dtype))
    return fused.log_softmax(input, axis=dim)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    r"""Gated linear unit, :math:`a \, \sigma(b)`, where a and b are the two halves of x along ``dim``.

    Raises
    ------
    ValueError
        If that dimension is odd, or there is none.

    References
    ----------
    Dauphin et al., "Language modeling with gated convolutional networks", ICML 2017.
    """
    length = input.shape[check_dim(dim, input.ndim, "glu")] if input.ndim else 1
    if length % 2:
        raise ValueError(
            f"glu: dimension {dim} has to be of even length, got shape "
            f"{tuple(input.shape)}{in_module()}"
        )
    value, gate = split(input, [length // 2, length // 2], dim)
    return value * sigmoid(gate)


def _chosen_dim(name: str, dim: int | None, input: Tensor) -> int:
    """Return ``dim``, or the one that PyTorch takes where none is given."""
    if dim is not None:
        return dim
    dim = 0 if input.ndim in (0, 1, 3) else 1
    warn(
        f"{name}: no dim was given, so dimension {dim} is taken; say which with dim={dim}",
    )
    return dim
