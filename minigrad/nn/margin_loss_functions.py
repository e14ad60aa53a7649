r"""Losses that ask for a margin, as functions; part of :mod:`minigrad.nn.functional`.

They are 0 from the margin on.  A *hinge* is :math:`\max(0, z)`; at its kink z = 0 it has the slope that
PyTorch gives that loss.
"""

from __future__ import annotations

from minigrad._functions.pointwise import logsigmoid, where
from minigrad._tensor import Tensor
from minigrad.backend.devices import xp_of
from minigrad.engine import wrap
from minigrad.nn.loss_arguments import (
    check_same_shape,
    checked,
    class_rows,
    shares_of,
    warn_if_broadcast,
)
from minigrad.nn.module import in_module
from minigrad.ops import activations, indexing
from minigrad.ops.losses import reduced


def hinge_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    *,
    squared: bool = False,
    reduction: str = "mean",
) -> Tensor:
    r"""Hinge of scores against labels -1 and 1, :math:`\max(0, m - y x)`, as in a support vector machine.

    PyTorch has no such loss; its ``HingeEmbeddingLoss`` is for distances.  The same number is
    ``margin_ranking_loss(x, 0, y, margin)``, whose slope at the kink, :math:`-y`, it takes.

    Parameters
    ----------
    input : Tensor
        Scores :math:`x`, any real numbers.
    target : Tensor
        Labels :math:`y`, -1 or 1, in the shape of ``input``.
    margin : float, default 1.0
        :math:`m`, the score of the right sign that is enough.
    squared : bool, default False
        Square the hinge, which smooths the kink and weighs large violations more.
    reduction : {"mean", "sum", "none"}
        What is returned.

    Returns
    -------
    Tensor
        Without dimensions, or in the shape of ``input`` for ``"none"``; in its dtype.

    Raises
    ------
    ValueError
        For another ``reduction``, or shapes that differ.

    References
    ----------
    - C. Cortes and V. Vapnik, Support-vector networks, 1995.
    - C. M. Bishop, Pattern recognition and machine learning, 2006, eq. 7.45.

    Examples
    --------
    >>> import minigrad as mg
    >>> import minigrad.nn.functional as F
    >>> F.hinge_loss(mg.tensor([2.0, 0.5, 0.5]), mg.tensor([1, 1, -1]), reduction="none")
    tensor([0.0000, 0.5000, 1.5000])
    """
    input, target = checked("hinge_loss", reduction, input, target)
    check_same_shape("hinge_loss", input, target)
    each = (margin - target * input).clamp(min=0)
    return reduced(each * each if squared else each, reduction)


def soft_margin_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    r"""Log loss of logits against labels -1 and 1, :math:`\ln(1 + e^{-y x}) = -\ln \sigma(y x)`.

    A hinge without a kink: it falls like :math:`-y x` on the wrong side and to 0 on the right one.  It is
    :func:`binary_cross_entropy_with_logits` for other names of the labels, and as safe: PyTorch's is
    infinite for :math:`y x < -88` in float32.

    Parameters
    ----------
    input : Tensor
        Logits :math:`x`, any real numbers.
    target : Tensor
        Labels :math:`y`, -1 or 1, in the shape of ``input`` (shapes that broadcast are accepted with a
        warning).
    reduction : {"mean", "sum", "none"}
        What is returned.

    Raises
    ------
    ValueError
        For another ``reduction``, or shapes that do not fit.

    References
    ----------
    C. M. Bishop, Pattern recognition and machine learning, 2006, eq. 7.48.
    """
    input, target = checked("soft_margin_loss", reduction, input, target)
    warn_if_broadcast("soft_margin_loss", input, target)
    return reduced(-logsigmoid(target * input), reduction)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, *, reduction: str = "mean"
) -> Tensor:
    r"""Loss of distances between pairs: :math:`x` for alike ones, :math:`\max(0, m - x)` for others.

    Parameters
    ----------
    input : Tensor
        Distances :math:`x`.
    target : Tensor
        1 for pairs that are alike, -1 for pairs that are not; broadcasts with ``input``.
    margin : float, default 1.0
        :math:`m`, the distance that is enough for pairs that are not alike; the slope there is -1.
    reduction : {"mean", "sum", "none"}
        What is returned.

    Raises
    ------
    ValueError
        For another ``reduction``, or shapes that do not fit.

    References
    ----------
    R. Hadsell, S. Chopra and Y. LeCun, Dimensionality reduction by learning an invariant mapping, CVPR 2006
    (with squares).
    """
    input, target = checked("hinge_embedding_loss", reduction, input, target)
    apart = where(target == 1, 0.0, (margin - input).clamp(min=0))
    alike = where(target == -1, 0.0, input)
    return reduced(alike + apart, reduction)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, *, reduction: str = "mean"
) -> Tensor:
    r"""Hinge of an order, :math:`\max(0, -y (x_1 - x_2) + m)`: for y = 1, :math:`x_1` has to be larger.

    Parameters
    ----------
    input1, input2 : Tensor
        Scores :math:`x_1` and :math:`x_2`.
    target : Tensor
        :math:`y`: 1 if the first has to be larger, -1 if the second has to be.
    margin : float, default 0.0
        :math:`m`, by how much; the slope in :math:`x_1` there is :math:`-y`.
    reduction : {"mean", "sum", "none"}
        What is returned.

    Raises
    ------
    ValueError
        For another ``reduction``, or tensors that have not the same number of dimensions, or shapes that
        do not broadcast.

    References
    ----------
    R. Herbrich, T. Graepel and K. Obermayer, Large margin rank boundaries for ordinal regression, 2000.
    """
    input1, input2, target = checked("margin_ranking_loss", reduction, input1, input2, target)
    if not input1.ndim == input2.ndim == target.ndim:
        raise ValueError(
            "margin_ranking_loss: all tensors need the same number of dimensions, got shapes "
            f"{tuple(input1.shape)}, {tuple(input2.shape)} and {tuple(target.shape)}{in_module()}"
        )
    return reduced((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
    r"""Hinge over classes, :math:`\frac{w_k}{C} \sum_{j \ne k} \max(0, m - x_k + x_j)^p`, k the right one.

    Parameters
    ----------
    input : Tensor, shape (C,) or (N, C)
        Scores :math:`x`.
    target : Tensor, shape () or (N,)
        Class indices :math:`k`, integers.
    p : {1, 2}, default 1
        The power.
    margin : float, default 1.0
        :math:`m`, by how much the right class has to lead; the slope there is 0, as in PyTorch.
    weight : Tensor, shape (C,), optional
        :math:`w`, a weight for each class, in the dtype of ``input``.
    reduction : {"mean", "sum", "none"}
        What is returned; the mean is divided by the number of samples, whatever their weights.

    Returns
    -------
    Tensor
        Without dimensions, or in the shape of ``target`` for ``"none"``; in the dtype of ``input``.

    Raises
    ------
    ValueError
        If ``p`` is neither 1 nor 2, or the shapes do not fit.
    TypeError
        If ``target`` does not hold integers.
    RuntimeError
        If ``weight`` has another dtype or device than ``input``, or requires gradients.
    IndexError
        If a class index is out of range (looked for on the host only, as looking makes a GPU wait).

    References
    ----------
    J. Weston and C. Watkins, Support vector machines for multi-class pattern recognition, ESANN 1999
    (without the division by C).
    """
    name = "multi_margin_loss"
    input, target = checked(name, reduction, input, target)
    if p not in (1, 2):
        raise ValueError(f"{name}: p has to be 1 or 2, got {p!r}")
    if input.ndim > 2:
        raise ValueError(
            f"{name}: expected an input of shape (C,) or (N, C), got {tuple(input.shape)}{in_module()}"
        )
    rows, classes, _ = class_rows(name, input, target)
    shares = shares_of(name, weight, rows, classes, None)
    xp = xp_of(classes)
    own = (xp.arange(classes.shape[0]), classes)
    others = xp.ones(rows.array.shape, bool)
    others[own] = False
    right = indexing.getitem(rows, index=own).unsqueeze(1)
    hinges = where(wrap(others, None), activations.relu.apply((margin - right) + rows), 0.0)
    each = (hinges if p == 1 else hinges * hinges).sum(1) / rows.shape[1]
    each = each if shares is None else each * wrap(shares, None)
    return reduced(each if rows is input else each.reshape(target.shape), reduction)
