r"""What layers and losses compute, as functions of tensors: ``import minigrad.nn.functional as F``.

The modules of :mod:`minigrad.nn` hold the parameters and call these.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad._functions.picking import one_hot
from minigrad._functions.pointwise import logsigmoid, sigmoid, tanh
from minigrad._functions.shaping import pad
from minigrad._tensor import Tensor
from minigrad.backend.devices import to_device, xp_of
from minigrad.backend.generator import default_generator
from minigrad.engine import as_tensor, state, wrap
from minigrad.nn import log_loss
from minigrad.ops import activations, fused, indexing, reductions

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

REDUCTIONS = ("mean", "sum", "none")


def in_module() -> str:
    """Return which module is running, to end an error message with; ``""`` if none is."""
    scope = state.get().scope
    return f" (in module {' > '.join(scope)})" if scope else ""


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
    mean, var = fused.batch_moments(xp_of(array), array)
    out = fused.batch_norm.apply(x, weight, bias, mean=mean, var=var, eps=eps)
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


# Losses -------------------------------------------------------------------------------------------


def check_reduction(name: str, reduction: str) -> None:
    """Raise if ``reduction`` is none of those there are."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{name}: reduction has to be 'mean', 'sum' or 'none', got {reduction!r}")


def _checked(name: str, input: Any, target: Any, reduction: str) -> tuple[Tensor, Tensor]:
    """Return both as tensors (arrays are welcome too), once ``reduction`` has been checked."""
    check_reduction(name, reduction)
    return as_tensor(input), as_tensor(target)


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def _warn_if_broadcast(name: str, input: Tensor, target: Tensor) -> None:
    if input.array.shape != target.array.shape:
        warnings.warn(
            f"{name}: the input {tuple(input.shape)} and the target {tuple(target.shape)} differ in shape "
            "and are broadcast, which is rarely what was meant; reshape one of them",
            stacklevel=3,
        )


def _check_same_shape(name: str, input: Tensor, target: Tensor) -> None:
    if input.array.shape != target.array.shape:
        raise ValueError(
            f"{name}: the target {tuple(target.shape)} has to have the shape of the input "
            f"{tuple(input.shape)}; reshape one of them, for example with .unsqueeze(1){in_module()}"
        )


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    r"""Squared error, :math:`(x_i - y_i)^2`; its mean, its sum, or each.

    Parameters
    ----------
    input, target : Tensor
        Of one shape; shapes that broadcast are accepted with a warning.
    reduction : {"mean", "sum", "none"}
        What is returned.

    Raises
    ------
    ValueError
        For another ``reduction``, or shapes that do not fit.
    """
    input, target = _checked("mse_loss", input, target, reduction)
    _warn_if_broadcast("mse_loss", input, target)
    return fused.mse_loss(input, target, reduction=reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    r"""Absolute error, :math:`|x_i - y_i|`; arguments as for :func:`mse_loss`."""
    input, target = _checked("l1_loss", input, target, reduction)
    _warn_if_broadcast("l1_loss", input, target)
    return _reduced((input - target).abs(), reduction)


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    r"""Log loss of probabilities, :math:`-w \, [y \ln p + (1 - y) \ln(1 - p)]`.

    Each logarithm is at least -100, so a probability of 0 for what then happens costs 100, and nothing
    is infinite.  From logits, :func:`binary_cross_entropy_with_logits` is exact where this is not.

    Parameters
    ----------
    input : Tensor
        Probabilities :math:`p`.
    target : Tensor
        :math:`y` from 0 to 1, in the shape of ``input``.
    weight : Tensor, optional
        :math:`w`; broadcasts.
    reduction : {"mean", "sum", "none"}
        What is returned.

    Raises
    ------
    ValueError
        If the shapes differ, or a number in ``input`` is no probability (looked for on the host only, as
        looking makes a GPU wait).
    """
    input, target = _checked("binary_cross_entropy", input, target, reduction)
    _check_same_shape("binary_cross_entropy", input, target)
    p = input.array
    if xp_of(p) is np and p.size and not (p.min() >= 0 and p.max() <= 1):
        raise ValueError(
            "binary_cross_entropy: the input has to hold probabilities from 0 to 1, it goes from "
            f"{p.min()} to {p.max()}; for logits use binary_cross_entropy_with_logits{in_module()}"
        )
    losses = log_loss.binary_cross_entropy.apply(input, target)
    return _reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    r"""Log loss of logits, :math:`-w \, [q y \ln \sigma(x) + (1 - y) \ln(1 - \sigma(x))]`.

    With :math:`-\ln \sigma(x) = \max(-x, 0) + \ln(1 + e^{-|x|})` and :math:`1 - \sigma(x) = \sigma(-x)`
    nothing overflows, and the slope :math:`\sigma(x) - y` (for :math:`w = q = 1`) is at most 1.

    Parameters
    ----------
    input : Tensor
        Logits :math:`x`, any real numbers.
    target : Tensor
        :math:`y` from 0 to 1, in the shape of ``input``.
    weight : Tensor, optional
        :math:`w`; broadcasts.
    reduction : {"mean", "sum", "none"}
        What is returned.
    pos_weight : Tensor, optional
        :math:`q`, the weight of positive examples; broadcasts.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    input, target = _checked("binary_cross_entropy_with_logits", input, target, reduction)
    _check_same_shape("binary_cross_entropy_with_logits", input, target)
    if weight is None and pos_weight is None:
        return fused.binary_cross_entropy_with_logits(input, target, reduction=reduction)
    positive = target if pos_weight is None else pos_weight * target
    losses = -(positive * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    return _reduced(losses if weight is None else losses * weight, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""Log loss of logits over classes, :math:`-\sum_c w_c \, t_c \ln \mathrm{softmax}(x)_c`.

    For a class index :math:`k` the target :math:`t` is 1 at :math:`k` and 0 elsewhere.  The logarithm of
    softmax is :math:`x_c - m - \ln \sum_j e^{x_j - m}` with :math:`m = \max_j x_j`: the largest
    exponential is 1, so nothing overflows, and the sum is at least 1, so its logarithm is finite.

    Parameters
    ----------
    input : Tensor, shape (C,), (N, C) or (N, C, ...)
        Logits :math:`x`, any real numbers.
    target : Tensor
        Class indices, integers of shape (), (N,) or (N, ...); or probabilities, in the shape of ``input``.
    weight : Tensor, shape (C,), optional
        :math:`w`, a weight for each class.
    ignore_index : int, default -100
        Samples of this class index count nothing.
    reduction : {"mean", "sum", "none"}
        What is returned.  The mean over class indices is weighted: divided by the sum of the weights
        of the targets.  Over probabilities it is divided by the number of samples.
    label_smoothing : float, default 0.0
        :math:`\epsilon`: the target becomes :math:`(1 - \epsilon) t + \epsilon / C`.

    Raises
    ------
    ValueError
        If the shapes do not fit or ``label_smoothing`` is not from 0 to 1.
    TypeError
        If ``target`` is bool.
    IndexError
        If a class index is out of range (looked for on the host only, as looking makes a GPU wait).

    References
    ----------
    Szegedy et al., "Rethinking the inception architecture for computer vision", CVPR 2016 (smoothing).
    """
    input, target = _checked("cross_entropy", input, target, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing is from 0 to 1, got {label_smoothing}")
    if target.array.dtype.kind == "f":
        return _cross_entropy_of_probabilities(input, target, weight, reduction, label_smoothing)
    logits, classes, counted = _as_rows("cross_entropy", input, target, ignore_index)
    if weight is None and counted is None and not label_smoothing:
        losses = fused.cross_entropy(logits, target=classes, reduction=reduction)
        return losses if reduction != "none" or input.ndim == 2 else losses.reshape(target.shape)
    shares = _shares(classes, counted, weight, logits)
    losses = fused.cross_entropy(logits, target=classes, reduction="none") * shares
    if label_smoothing:
        every = -_weighted(fused.log_softmax(logits, axis=1), weight).sum(1)
        every = every if counted is None else every * wrap(counted, None)
        losses = (1 - label_smoothing) * losses + (label_smoothing / logits.shape[1]) * every
    return _weighted_mean(losses, shares, reduction, target)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    r"""Log loss of *logarithms of probabilities* over classes, :math:`-w_k x_k` for the class index k.

    ``nll_loss(log_softmax(x, 1), k)`` is ``cross_entropy(x, k)``; arguments as there.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If ``target`` does not hold integers.
    IndexError
        If a class index is out of range (looked for on the host only, as looking makes a GPU wait).
    """
    input, target = _checked("nll_loss", input, target, reduction)
    rows, classes, counted = _as_rows("nll_loss", input, target, ignore_index)
    everyone = xp_of(classes).arange(classes.shape[0])
    losses = -indexing.getitem(rows, index=(everyone, classes))
    if weight is None and counted is None:
        return _reduced(losses if rows is input else losses.reshape(target.shape), reduction)
    shares = _shares(classes, counted, weight, rows)
    return _weighted_mean(losses * shares, shares, reduction, target)


def _as_rows(
    name: str, input: Tensor, target: Tensor, ignore_index: int
) -> tuple[Tensor, Any, Any]:
    """Return the input as rows (M, C), a raw class index for each, and which count (``None``: all)."""
    shape, raw = input.array.shape, target.array
    xp = xp_of(raw)
    if raw.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: the target has to hold class indices (integers), got {raw.dtype}{in_module()}"
        )
    dim = 1 if len(shape) > 1 else 0  # of the classes
    expected = shape[:dim] + shape[dim + 1 :]
    if raw.shape != expected or not shape:
        also = f" or probabilities of shape {shape}" if name == "cross_entropy" else ""
        raise ValueError(
            f"{name}: an input of shape {shape} needs class indices of shape {expected}{also}, got "
            f"{raw.shape} {raw.dtype}{in_module()}"
        )
    if xp is not xp_of(input.array):
        raise RuntimeError(
            f"{name}: the input is on {input.device}, the target on {target.device}; move one with "
            f".to(device){in_module()}"
        )
    classes, counted = _in_range(
        name, xp.asarray(raw, dtype=dtypes.int64), shape[dim], ignore_index
    )
    if len(shape) == 2:
        return input, classes, counted
    rows = input.movedim(dim, -1).reshape(-1, shape[dim])
    return rows, xp.reshape(classes, (-1,)), None if counted is None else xp.reshape(counted, (-1,))


def _in_range(name: str, classes: Any, count: int, ignore_index: int) -> tuple[Any, Any]:
    """Return class indices that are all in range, and where they count (``None``: everywhere)."""
    xp = xp_of(classes)
    if xp is np and not 0 <= ignore_index < count:
        # Seen as unsigned, negative numbers are larger than any class: one look is enough.
        if not classes.size or classes.view(np.uint64).max() < count:
            return classes, None
    counted = classes != ignore_index
    if xp is np:
        wrong = classes[counted & ((classes < 0) | (classes >= count))]
        if wrong.size:
            raise IndexError(
                f"{name}: class index {wrong[0]} is out of range, the input has {count} classes, 0 to "
                f"{count - 1}{in_module()}"
            )
    return xp.where(counted, classes, 0), counted


def _shares(classes: Any, counted: Any, weight: Tensor | None, like: Tensor) -> Tensor:
    """Return how much each sample counts: the weight of its class, 0 if it is ignored."""
    if weight is None:
        xp = xp_of(classes)
        full = xp.ones(classes.shape, like.dtype)
        return wrap(full if counted is None else full * counted, None)
    _check_weight(weight, like)
    shares = indexing.getitem(weight, index=(classes,))
    return shares if counted is None else shares * wrap(counted, None)


def _check_weight(weight: Tensor, rows: Tensor) -> None:
    if weight.array.shape != rows.array.shape[1:2]:
        raise ValueError(
            f"weight needs one number for each of {rows.shape[1]} classes, got shape "
            f"{tuple(weight.shape)}{in_module()}"
        )


def _weighted(rows: Tensor, weight: Tensor | None) -> Tensor:
    return rows if weight is None else rows * weight


def _weighted_mean(losses: Tensor, shares: Tensor, reduction: str, target: Tensor) -> Tensor:
    if reduction == "none":
        return losses.reshape(target.shape)
    return losses.sum() if reduction == "sum" else losses.sum() / shares.sum()


def _cross_entropy_of_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float
) -> Tensor:
    _check_same_shape("cross_entropy of probabilities", input, target)
    dim = min(1, input.ndim - 1)
    logs, share = input.movedim(dim, -1), target.movedim(dim, -1)
    if label_smoothing:
        share = (1 - label_smoothing) * share + label_smoothing / share.shape[-1]
    losses = -_weighted(share * fused.log_softmax(logs, axis=-1), weight).sum(-1)
    return _reduced(losses, reduction)
