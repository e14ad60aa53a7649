r"""What layers and losses compute, as functions of tensors: ``import minigrad.nn.functional as F``.

The modules of :mod:`minigrad.nn` hold the parameters and call these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad._functions.picking import one_hot
from minigrad._functions.pointwise import logsigmoid, sigmoid, tanh
from minigrad._functions.shaping import pad
from minigrad._tensor import Tensor
from minigrad.backend.devices import to_device, xp_of
from minigrad.backend.generator import default_generator
from minigrad.engine import wrap
from minigrad.nn.loss_functions import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
    nll_loss,
)
from minigrad.nn.module import in_module
from minigrad.ops import activations, fused, reductions

__all__ = [
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "elu",
    "gelu",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]

# Layers -------------------------------------------------------------------------------------------


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    r"""Affine map, :math:`y = x W^\top + b`.

    Parameters
    ----------
    input : Tensor, shape (..., in_features)
        Any number of leading dimensions, or none.
    weight : Tensor, shape (out_features, in_features)
        :math:`W`.
    bias : Tensor, shape (out_features,), optional
        :math:`b`.

    Returns
    -------
    Tensor, shape (..., out_features)

    Raises
    ------
    ValueError
        If the last dimension of ``input`` is not ``in_features``.
    RuntimeError
        If the dtypes differ.
    """
    try:
        return fused.linear.apply(input, weight, bias)
    except ValueError as error:
        if weight.ndim == 2 and tuple(input.shape[-1:]) != (weight.shape[1],):
            raise ValueError(
                f"linear: expected an input of shape (..., {weight.shape[1]}) for a weight of shape "
                f"{tuple(weight.shape)}, got {tuple(input.shape)}{in_module()}"
            ) from None
        raise error


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    r"""Set each element to 0 with probability p and divide the others by :math:`1 - p`.

    Parameters
    ----------
    input : Tensor
        Floating, of any shape.
    p : float, default 0.5
        From 0 to 1.
    training : bool, default True
        If ``False``, ``input`` is returned.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.

    Returns
    -------
    Tensor
        Of the same shape; its expectation is ``input``.

    Raises
    ------
    ValueError
        If ``p`` is not a probability.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p is a probability, from 0 to 1, got {p}")
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0.0
    mask = default_generator.bernoulli(1 - p, tuple(input.shape), input.dtype) / (1 - p)
    return input * wrap(to_device(np.asarray(mask, input.dtype), input.device), None)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Batch normalisation, :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta`.

    In training :math:`\mu` and :math:`\sigma^2` are mean and biased variance of each channel over the
    batch, and the running statistics get new values (so a graph recorded earlier keeps those it used):

    .. math:: r \leftarrow (1 - m) \, r + m \, s

    where :math:`s` is the mean, or the *unbiased* variance (the biased one times :math:`n / (n - 1)`).
    Otherwise they are the running statistics.

    Parameters
    ----------
    input : Tensor, shape (N, C) or (N, C, ...)
        Channels in dimension 1.
    running_mean, running_var : Tensor, shape (C,), or None
        Read in evaluation, renewed in training.
    weight, bias : Tensor, shape (C,), optional
        :math:`\gamma` and :math:`\beta`; 1 and 0 by default.
    training : bool, default False
        Whether to normalise by the batch.
    momentum : float, default 0.1
        The weight :math:`m` of this batch in the running statistics.
    eps : float, default 1e-5
        :math:`\epsilon`.

    Returns
    -------
    Tensor
        Of the shape of ``input``.

    Raises
    ------
    ValueError
        If the shapes do not fit, running statistics are needed and missing, or, in training, there are
        not two values of a channel.
    RuntimeError
        If the dtypes differ.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift", ICML 2015, algorithms 1 and 2.
    """
    _check_channels(input, running_mean, running_var, weight, bias)
    if input.ndim == 2:
        normalise = _by_batch if training else _by_running
        return normalise(input, running_mean, running_var, weight, bias, momentum, eps)
    last = input.movedim(1, -1)
    out = batch_norm(
        last.reshape(-1, input.shape[1]),
        running_mean, running_var, weight, bias, training, momentum, eps,
    )  # fmt: skip
    return out.reshape(last.shape).movedim(-1, 1)


def _by_batch(
    x: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any,
    bias: Any,
    momentum: Any,
    eps: float,
) -> Tensor:
    """Normalise the columns of ``x`` by their own mean and variance, and note those."""
    array = x.array
    count = array.shape[0]
    if count < 2:
        raise ValueError(
            "batch_norm: expected more than 1 value per channel when training, got input of shape "
            f"{tuple(x.shape)}; use larger batches (drop_last=True in the loader) or "
            f"eval(){in_module()}"
        )
    moments = fused.batch_moments(xp_of(array), array)
    out = fused.batch_norm.apply(x, weight, bias, moments=moments, eps=eps)
    mean, var, _ = moments
    if running_mean is not None:
        running_mean.array = (1 - momentum) * running_mean.array + momentum * mean
    if running_var is not None:
        to_unbiased = count / (count - 1)
        running_var.array = (1 - momentum) * running_var.array + (momentum * to_unbiased) * var
    return out


def _by_running(
    x: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any,
    bias: Any,
    momentum: Any,
    eps: float,
) -> Tensor:
    """Normalise the columns of ``x`` by what is known of them from training."""
    if running_mean is None or running_var is None:
        raise ValueError(f"batch_norm: training=False needs running statistics{in_module()}")
    inverse = (running_var + eps).rsqrt()
    out = (x - running_mean) * (inverse if weight is None else inverse * weight)
    return out if bias is None else out + bias


def _check_channels(x: Tensor, *vectors: Tensor | None) -> None:
    """Raise if ``x`` is not (N, C, ...), or a vector is not (C,) in the dtype of ``x``."""
    shape, dtype = x.array.shape, x.array.dtype
    if len(shape) < 2:
        raise ValueError(
            f"batch_norm: expected an input of shape (N, C) or (N, C, L), got {shape}{in_module()}"
        )
    for vector in vectors:
        if vector is None:
            continue
        if vector.array.shape != shape[1:2]:
            raise ValueError(
                f"batch_norm: expected an input with {vector.array.shape[0]} channels in dimension 1, "
                f"got shape {shape}{in_module()}"
            )
        if vector.array.dtype != dtype:
            raise RuntimeError(
                f"batch_norm: the input is {dtype}, the layer {vector.array.dtype}; convert one of them "
                f"with .to(dtype){in_module()}"
            )


# Activations --------------------------------------------------------------------------------------


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Rectifier, :math:`\max(x, 0)`; slope 0 at 0.  ``inplace`` is accepted, nothing is written."""
    return activations.relu.apply(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Return ``x`` where it is positive, ``negative_slope * x`` elsewhere."""
    return activations.leaky_relu(input, negative_slope=negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""Exponential linear unit, :math:`x` where it is positive, :math:`\alpha (e^x - 1)` elsewhere."""
    return activations.elu(input, alpha=alpha)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    r"""Gaussian error linear unit, :math:`x \Phi(x)`; ``approximate="tanh"`` for the faster form."""
    return activations.gelu(input, approximate=approximate)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Sigmoid-weighted linear unit, :math:`x \sigma(x)`."""
    return activations.silu.apply(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    r"""Smooth ramp, :math:`\ln(1 + e^{\beta x}) / \beta`; linear where ``beta * x > threshold``."""
    return activations.softplus(input, beta=beta, threshold=threshold)


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    r"""Softmax along ``dim``, :math:`e^{x_i} / \sum_j e^{x_j}`; never overflows."""
    input = input if dtype is None else input.to(dtypes.as_dtype(dtype))
    return reductions.softmax(input, axis=dim)


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    r"""Logarithm of softmax along ``dim``, :math:`x_i - \ln \sum_j e^{x_j}`, without rounding to 0."""
    input = input if dtype is None else input.to(dtypes.as_dtype(dtype))
    return fused.log_softmax(input, axis=dim)
