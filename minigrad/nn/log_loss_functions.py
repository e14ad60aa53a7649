"""Log losses as functions, exact and finite far from 0; part of :mod:`minigrad.nn.functional`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._functions.pointwise import logsigmoid, where
from minigrad._tensor import Tensor
from minigrad._warning import warn
from minigrad.backend.devices import xp_of
from minigrad.engine import wrap
from minigrad.nn.loss_arguments import (
    REDUCTIONS,
    check_class_weight_shape,
    check_reduction,
    check_same_shape,
    check_weight_fits,
    checked,
    class_rows,
    shares_of,
    warn_if_broadcast,
)
from minigrad.nn.module import in_module
from minigrad.ops import fused, losses
from minigrad.ops.losses import reduced

# Two classes --------------------------------------------------------------------------------------


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    r"""Log loss of probabilities, :math:`-w \, [y \ln p + (1 - y) \ln(1 - p)]`.

    Each logarithm is at least -100, so a probability of 0 for what then happens costs 100, and nothing
    is infinite; where :math:`p = y` is 0 or 1, loss and slope are exactly 0.  From logits,
    :func:`binary_cross_entropy_with_logits` is exact where this is not.

    Parameters
    ----------
    input : Tensor
        Probabilities :math:`p`, of any shape.
    target : Tensor
        :math:`y` from 0 to 1, in the shape of ``input``.
    weight : Tensor, optional
        :math:`w`; broadcasts to the shape of ``input``.
    reduction : {"mean", "sum", "none"}
        What is returned; the mean is divided by the number of elements, whatever their weights.

    Returns
    -------
    Tensor
        Without dimensions, or in the shape of ``input`` for ``"none"``; in its dtype.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number in ``input`` or ``target`` is no probability (looked for on
        the host only, as looking makes a GPU wait).

    Notes
    -----
    The slope is :math:`(p - y) / (p (1 - p))`, with a denominator of at least :math:`10^{-12}`, as in
    PyTorch.  Derivatives of the second order are those of this slope.

    References
    ----------
    - C. M. Bishop, Pattern recognition and machine learning, 2006, eq. 4.90.
    - S. J. D. Prince, Understanding deep learning, 2023, section 5.4.
    """
    name = "binary_cross_entropy"
    input, target = checked(name, reduction, input, target)
    check_same_shape(name, input, target)
    _check_probabilities("input", input, "; for logits use binary_cross_entropy_with_logits")
    _check_probabilities("target", target)
    each = losses.binary_cross_entropy.apply(input, target)
    return reduced(_weighted(name, each, weight), reduction)


def _check_probabilities(argument: str, tensor: Tensor, advice: str = "") -> None:
    p = tensor.array
    if xp_of(p) is np and p.size and not (p.min() >= 0 and p.max() <= 1):
        raise ValueError(
            f"binary_cross_entropy: the {argument} has to hold probabilities from 0 to 1, it goes from "
            f"{p.min()} to {p.max()}{advice}{in_module()}"
        )


def _weighted(name: str, each: Tensor, weight: Tensor | None) -> Tensor:
    if weight is None:
        return each
    check_weight_fits(name, weight, each)
    return each * weight


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    r"""Log loss of logits, :math:`-w \, [q y \ln \sigma(x) + (1 - y) \ln(1 - \sigma(x))]`.

    Exact and finite for every finite logit, and so are slope and curvature.

    Parameters
    ----------
    input : Tensor
        Logits :math:`x`, any real numbers, of any shape.
    target : Tensor
        :math:`y` from 0 to 1, in the shape of ``input``.
    weight : Tensor, optional
        :math:`w`; broadcasts to the shape of ``input``.
    reduction : {"mean", "sum", "none"}
        What is returned; the mean is divided by the number of elements, whatever their weights.
    pos_weight : Tensor, optional
        :math:`q`, the weight of positive examples; broadcasts to the shape of ``input``.

    Returns
    -------
    Tensor
        Without dimensions, or in the shape of ``input`` for ``"none"``; in its dtype.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    By definition :math:`-\ln \sigma(x) = \ln(1 + e^{-x})`, where :math:`e^{-x}` overflows for x far below
    0.  There it can be drawn out of the logarithm, :math:`\ln(e^{-x} (e^x + 1)) = -x + \ln(1 + e^x)`.
    Both cases are

    .. math:: -\ln \sigma(x) = \max(-x, 0) + \ln(1 + e^{-|x|}),

    whose exponential is at most 1; computed as :math:`\mathrm{log1p}` it keeps the digits of small
    losses.  With :math:`1 - \sigma(x) = \sigma(-x)` and :math:`w = q = 1` the loss is

    .. math:: \max(x, 0) - x y + \ln(1 + e^{-|x|}),

    its slope :math:`\sigma(x) - y` and its curvature :math:`\sigma(x) (1 - \sigma(x))`: at most 1 and
    :math:`\frac14`.  A sigmoid before :func:`binary_cross_entropy` would round to 0 or 1, where nothing
    is left to learn from.

    References
    ----------
    - Document 001: the log loss, whose gradient is to be found.
    - C. M. Bishop, Pattern recognition and machine learning, 2006, eqs. 4.90 and 4.91, section 4.3.3.
    - S. J. D. Prince, Understanding deep learning, 2023, section 5.4.
    """
    name = "binary_cross_entropy_with_logits"
    input, target = checked(name, reduction, input, target)
    check_same_shape(name, input, target)
    if weight is None and pos_weight is None:
        return losses.binary_cross_entropy_with_logits.apply(input, target, reduction=reduction)
    if pos_weight is None:
        positive = target
    else:
        check_weight_fits(name, pos_weight, input, "pos_weight")
        positive = pos_weight * target
    each = -(positive * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    return reduced(_weighted(name, each, weight), reduction)


# Several classes ----------------------------------------------------------------------------------


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""Log loss of logits over classes, :math:`-\sum_c w_c \, t_c \ln \mathrm{softmax}(x)_c`.

    For a class index :math:`k` the target :math:`t` is 1 at :math:`k` and 0 elsewhere.  Exact and finite
    for all finite logits, and so are slope and curvature.

    Parameters
    ----------
    input : Tensor, shape (C,), (N, C) or (N, C, ...)
        Logits :math:`x`, any real numbers.
    target : Tensor
        Class indices, integers of shape (), (N,) or (N, ...); or probabilities, in the shape of ``input``.
    weight : Tensor, shape (C,), optional
        :math:`w`, a weight for each class, in the dtype of ``input``.
    ignore_index : int, default -100
        Samples of this class index count nothing.
    reduction : {"mean", "sum", "none"}
        What is returned.  The mean over class indices is weighted: divided by the sum of the weights
        of the targets; it is nan if none counts.  Over probabilities it is divided by the number of
        samples.
    label_smoothing : float, default 0.0
        :math:`\epsilon`: the target becomes :math:`(1 - \epsilon) t + \epsilon / C`.

    Returns
    -------
    Tensor
        Without dimensions, or one loss for each sample, (), (N,) or (N, ...), for ``"none"``; in the
        dtype of ``input``.

    Raises
    ------
    ValueError
        If the shapes do not fit, ``label_smoothing`` is not from 0 to 1, or an ``ignore_index`` is given
        for probabilities.
    TypeError
        If ``target`` is bool.
    RuntimeError
        If ``weight`` has another dtype or device than ``input``, or requires gradients (it has none
        over class indices).
    IndexError
        If a class index is out of range (looked for on the host only, as looking makes a GPU wait).

    Notes
    -----
    Softmax does not change when all logits move together.  With :math:`m = \max_j x_j`

    .. math:: -\ln \mathrm{softmax}(x)_c = \ln \sum_j e^{x_j - m} - (x_c - m) :

    no exponent is positive, so nothing overflows, and one is 0, so the sum is from 1 to C and its
    logarithm finite.  With :math:`p = \mathrm{softmax}(x)` and :math:`w = 1` the gradient of a sample's
    loss is :math:`p - t` and its Hessian :math:`\mathrm{diag}(p) - p p^\top`.

    References
    ----------
    - C. M. Bishop, Pattern recognition and machine learning, 2006, eqs. 4.108 to 4.110.
    - S. J. D. Prince, Understanding deep learning, 2023, section 5.5.
    - C. Szegedy et al., Rethinking the inception architecture for computer vision, CVPR 2016, section 7
      (``label_smoothing``).
    """
    name = "cross_entropy"
    input, target = checked(name, reduction, input, target)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing is from 0 to 1, got {label_smoothing}")
    if target.array.dtype.kind == "f":
        if ignore_index >= 0:
            raise ValueError(f"{name}: ignore_index={ignore_index} is for targets of class indices")
        return _cross_entropy_of_probabilities(input, target, weight, reduction, label_smoothing)
    rows, classes, counted = class_rows(name, input, target, ignore_index)
    shares = shares_of(name, weight, rows, classes, counted)
    if label_smoothing:
        result = _smoothed(rows, classes, counted, weight, shares, reduction, label_smoothing)
    else:
        result = losses.cross_entropy.apply(
            rows, target=classes, shares=shares, reduction=reduction
        )
    return result if rows is input or reduction != "none" else result.reshape(target.shape)


def _smoothed(
    rows: Tensor,
    classes: Any,
    counted: Any,
    weight: Tensor | None,
    shares: Any,
    reduction: str,
    smoothing: float,
) -> Tensor:
    """Return the log loss against the class, mixed with the mean of those against every class."""
    own = losses.cross_entropy(rows, target=classes, shares=shares, reduction="none")
    every = -_class_weighted(fused.log_softmax(rows, axis=1), weight).sum(1)
    if counted is not None:
        every = where(wrap(counted, None), every, 0.0)
    each = (1 - smoothing) * own + (smoothing / rows.shape[1]) * every
    return reduced(each, reduction, shares)


def _class_weighted(rows: Tensor, weight: Tensor | None) -> Tensor:
    return rows if weight is None else rows * weight


def _cross_entropy_of_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float
) -> Tensor:
    dim = min(1, input.ndim - 1)
    if target.array.shape != input.array.shape:
        raise _neither_probabilities_nor_labels(input.array.shape, dim, target)
    logits, share = input.movedim(dim, -1), target.movedim(dim, -1)
    if weight is not None:
        check_class_weight_shape("cross_entropy", weight, logits.shape[-1])
    if label_smoothing:
        share = (1 - label_smoothing) * share + label_smoothing / share.shape[-1]
    each = -_class_weighted(share * fused.log_softmax(logits, axis=-1), weight).sum(-1)
    return reduced(each, reduction)


def _neither_probabilities_nor_labels(
    shape: tuple[int, ...], dim: int, target: Tensor
) -> ValueError:
    """Return the error for a floating target that lacks the shape of the input."""
    labels = shape[:dim] + shape[dim + 1 :]
    use = ""
    if target.numel() == math.prod(labels):
        use = ": use target.long()" + ("" if target.shape == labels else f".reshape({labels})")
    return ValueError(
        f"cross_entropy: the target {tuple(target.shape)} {target.dtype} is neither probabilities in the "
        f"shape of the input {shape} nor class labels, which have to be integers of shape "
        f"{labels}{use}{in_module()}"
    )


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    r"""Log loss of *logarithms of probabilities* over classes, :math:`-w_k x_k` for the class index k.

    ``nll_loss(log_softmax(x, 1), k)`` is ``cross_entropy(x, k)``; arguments, shapes and errors as there.
    The gradient is :math:`-w_k` at :math:`k` and 0 elsewhere, and nothing is curved.
    """
    name = "nll_loss"
    input, target = checked(name, reduction, input, target)
    rows, classes, counted = class_rows(name, input, target, ignore_index)
    shares = shares_of(name, weight, rows, classes, counted)
    result = losses.nll_loss(rows, classes, shares, reduction)
    return result if rows is input or reduction != "none" else result.reshape(target.shape)


# Distributions ------------------------------------------------------------------------------------


def kl_div(
    input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    r"""Kullback-Leibler divergence of each element, :math:`t \, (\ln t - x)`, from the target to the input.

    Summed over a distribution :math:`t` and *logarithms of* a distribution :math:`x` it is
    :math:`\mathrm{KL}(t \| e^x)`, which is 0 if they are equal and positive otherwise.

    Parameters
    ----------
    input : Tensor
        Logarithms of probabilities :math:`x`, as from :func:`log_softmax`.
    target : Tensor
        Probabilities :math:`t`, or their logarithms; of the shape of ``input`` (shapes that broadcast are
        accepted with a warning).
    reduction : {"mean", "batchmean", "sum", "none"}
        What is returned; ``"batchmean"``, the sum divided by the length of the first dimension, is the
        mean divergence of a batch of distributions.  The default ``"mean"``, as in PyTorch, divides by
        the number of *elements*, which is no divergence, and warns.
    log_target : bool, default False
        Whether ``target`` holds logarithms.

    Raises
    ------
    ValueError
        For another ``reduction``, or shapes that do not fit.

    Notes
    -----
    Where a probability is 0, :math:`t \ln t` is 0, its limit, and so is its slope here (in the limit that
    is :math:`-\infty`).

    References
    ----------
    S. Kullback and R. A. Leibler, On information and sufficiency, 1951.
    """
    check_reduction("kl_div", reduction, (*REDUCTIONS, "batchmean"))
    if reduction == "mean":
        warn(
            "kl_div: reduction='mean' divides by the number of elements, and not of distributions; "
            "'batchmean' is the mean divergence",
        )
    input, target = checked("kl_div", "none", input, target)
    warn_if_broadcast("kl_div", input, target)
    if log_target:
        each = target.exp() * (target - input)
    else:
        each = target * (where(target == 0, 1.0, target).log() - input)
    if reduction == "batchmean":
        return each.sum() / (input.shape[0] or math.nan if input.ndim else 1)
    return reduced(each, reduction)
