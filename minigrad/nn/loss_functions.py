"""Losses as functions, exact and finite far from 0; part of :mod:`minigrad.nn.functional`."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad._functions.pointwise import logsigmoid
from minigrad._tensor import Tensor
from minigrad.backend.devices import xp_of
from minigrad.engine import as_tensor, wrap
from minigrad.nn import log_loss
from minigrad.nn.module import in_module
from minigrad.ops import fused, indexing

REDUCTIONS = ("mean", "sum", "none")


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
