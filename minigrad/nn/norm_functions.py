"""Normalisation as functions; part of :mod:`minigrad.nn.functional`."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from minigrad._functions.arguments import as_size
from minigrad._tensor import Tensor
from minigrad.backend.devices import xp_of
from minigrad.backend.kernels import Kernel, replacing
from minigrad.dtypes import float16, float32
from minigrad.nn.module import in_module
from minigrad.ops import fused


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
    if input.array.ndim == 2:
        if training:
            return _by_batch(input, running_mean, running_var, weight, bias, momentum, eps)
        return _by_running(input, running_mean, running_var, weight, bias, eps)
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
    xp = xp_of(array)
    # float16 is computed in float32: what the squares add up to would be infinite.
    moments = fused.batch_moments(xp, array.astype(float32) if array.dtype == float16 else array)
    out = fused.batch_norm.apply(x, weight, bias, moments=moments, eps=eps)
    mean, var, _ = moments
    note_moments(running_mean, running_var, mean, var, count, momentum)
    return out


def note_moments(
    running_mean: Any, running_var: Any, mean: Any, var: Any, count: int, momentum: Any
) -> None:
    """Blend mean and biased variance of ``count`` samples, raw, into the running statistics."""
    xp = xp_of(mean)
    if isinstance(momentum, np.generic):  # which would turn float32 into float64
        momentum = momentum.item()
    if xp is np and momentum.__class__ in (float, int):
        kept, of_mean, of_var = _shares_on_host(momentum, count, mean.dtype)
    else:
        kept, of_mean, of_var = _shares(momentum, count)
    if running_mean is not None:
        running_mean.array = _blended(xp, kept, running_mean.array, of_mean, mean)
    if running_var is not None:
        running_var.array = _blended(xp, kept, running_var.array, of_var, var)


def _shares(momentum: Any, count: int) -> tuple[Any, Any, Any]:
    """Return the weights of the old statistics, of the mean, and of the variance, made unbiased by it."""
    return 1 - momentum, momentum, momentum * (count / (count - 1))


@functools.lru_cache(maxsize=64)
def _shares_on_host(momentum: float, count: int, dtype: Any) -> tuple[Any, ...]:
    """Return the same in the dtype of the statistics, as arrays without axes: NumPy is quicker with them."""
    return tuple(np.array(share, dtype) for share in _shares(momentum, count))


def _blended(xp: Any, kept: Any, old: Any, share: Any, fresh: Any) -> Any:
    """Return ``kept * old + share * fresh``, of arrays, the shares being numbers or arrays."""
    if old.dtype != fresh.dtype:  # the moments of float16 are float32
        return _blended(xp, kept, old.astype(fresh.dtype), share, fresh).astype(old.dtype)
    if xp is not np and (launches := _launched_blend.ready(xp, old)):
        return launches(xp, kept, old, share, fresh)
    return kept * old + share * fresh


_blend = Kernel(
    "blend", "T kept, T old, T share, T fresh", "T out", "out = kept * old + share * fresh"
)


@replacing(_blended, lambda random: ((0.9, random.random(7), 0.1, random.random(7)), {}))
def _launched_blend(xp: Any, kept: Any, old: Any, share: Any, fresh: Any) -> Any:
    return _blend(xp, kept, old, share, fresh)


def _by_running(
    x: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any,
    bias: Any,
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
    expected = shape[1:2], dtype
    if len(shape) < 2:
        raise ValueError(
            f"batch_norm: expected an input of shape (N, C) or (N, C, L), got {shape}{in_module()}"
        )
    for vector in vectors:
        if vector is None or (vector.array.shape, vector.array.dtype) == expected:
            continue
        if vector.array.shape != shape[1:2]:
            raise ValueError(
                f"batch_norm: expected an input with {vector.array.shape[0]} channels in dimension 1, "
                f"got shape {shape}{in_module()}"
            )
        raise RuntimeError(
            f"batch_norm: the input is {dtype}, the layer {vector.array.dtype}; convert one of them "
            f"with .to(dtype){in_module()}"
        )


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Layer normalisation, :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta`.

    :math:`\mu` and :math:`\sigma^2` are mean and biased variance of each sample by itself, over the last
    dimensions; so it does the same in training and in evaluation.

    Parameters
    ----------
    input : Tensor
        Floating, of shape ``(..., *normalized_shape)``.
    normalized_shape : int or tuple of int
        The last dimensions, over which mean and variance are taken.
    weight, bias : Tensor, shape normalized_shape, optional
        :math:`\gamma` and :math:`\beta`; 1 and 0 by default.
    eps : float, default 1e-5
        :math:`\epsilon`.

    Returns
    -------
    Tensor
        Of the shape of ``input``.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    RuntimeError
        If the dtypes differ, or ``input`` is not floating.

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", 2016.
    """
    shape = as_size((normalized_shape,))
    _check_last(input, shape, weight, bias)
    if len(shape) == 1:
        return fused.layer_norm.apply(input, weight, bias, eps=eps)
    vectors = [None if one is None else one.flatten() for one in (weight, bias)]
    out = fused.layer_norm.apply(input.flatten(-len(shape)), *vectors, eps=eps)
    return out.reshape(input.shape)


def _check_last(x: Tensor, last: tuple[int, ...], *tensors: Tensor | None) -> None:
    """Raise if ``x`` is not (..., *last) and floating, or a tensor is not ``last`` in its dtype."""
    if not last:
        raise ValueError("layer_norm: normalized_shape needs at least one dimension, got ()")
    if tuple(x.shape[-len(last) :]) != last:
        raise ValueError(
            f"layer_norm: expected an input of shape (..., {', '.join(map(str, last))}), got "
            f"{tuple(x.shape)}{in_module()}"
        )
    if x.dtype.kind != "f":
        raise RuntimeError(
            f"layer_norm: expected a floating input, got {x.dtype}; use .float(){in_module()}"
        )
    for tensor in tensors:
        if tensor is not None and tuple(tensor.shape) != last:
            raise ValueError(
                f"layer_norm: weight and bias have to be of shape {last}, got {tuple(tensor.shape)}"
                f"{in_module()}"
            )
