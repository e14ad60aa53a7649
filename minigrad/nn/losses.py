"""Losses as modules; what they compute stands in :mod:`minigrad.nn.functional`, with its derivation."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from minigrad._tensor import Tensor
from minigrad.nn import functional as F
from minigrad.nn.loss_arguments import REDUCTIONS, check_reduction
from minigrad.nn.module import Module


class _MadeFirst(Module):
    """What is made once, with its options, and then called; not a function of tensors."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Say so to ``MSELoss(x, y)``."""
        if sum(isinstance(value, (Tensor, np.ndarray)) for value in args) > 1:
            raise TypeError(
                f"{cls.__name__}: make the loss first, then call it: {cls.__name__}()(input, target)"
            )
        return super().__new__(cls)


class _Loss(_MadeFirst):  # a class below it, so that its __init__ is what tells the arguments
    """A loss that returns the mean, the sum, or each loss."""

    reductions: tuple[str, ...] = REDUCTIONS

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        check_reduction(type(self).__name__, reduction, self.reductions)
        self.reduction = reduction


class _WeightedLoss(_Loss):
    """A loss with a weight, which is a buffer: it moves with the module and is saved with it."""

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)


# Regression ---------------------------------------------------------------------------------------


class MSELoss(_Loss):
    r"""Squared error, :math:`(x_i - y_i)^2`; its mean, its sum, or each.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is returned.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.MSELoss()(mg.tensor([1.0, 2.0]), mg.tensor([1.0, 4.0]))
    tensor(2.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of two tensors of one shape, see :func:`~minigrad.nn.functional.mse_loss`."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    r"""Absolute error, :math:`|x_i - y_i|`, slope 0 where they are equal; its mean, its sum, or each.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is returned.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of two tensors of one shape, see :func:`~minigrad.nn.functional.l1_loss`."""
        return F.l1_loss(input, target, reduction=self.reduction)


class HuberLoss(_Loss):
    r"""Squared error :math:`\frac12 d^2` for small errors, :math:`\delta (|d| - \frac12 \delta)` for large.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is returned.
    delta : float, default 1.0
        :math:`\delta > 0`, where the parabola ends.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.HuberLoss(reduction="none")(mg.tensor([0.5, 3.0]), mg.zeros(2))
    tensor([0.1250, 2.5000])
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of two tensors of one shape, see :func:`~minigrad.nn.functional.huber_loss`."""
        return F.huber_loss(input, target, self.reduction, self.delta)


class SmoothL1Loss(_Loss):
    r"""Absolute error with its kink rounded off: :class:`HuberLoss` divided by its delta, here beta.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is returned.
    beta : float, default 1.0
        :math:`\beta \ge 0`, where the parabola ends.
    """

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.smooth_l1_loss`."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class PoissonNLLLoss(_Loss):
    r"""Log loss of a Poisson distribution against a count, :math:`e^x - k x`, with x the log of the rate.

    Parameters
    ----------
    log_input : bool, default True
        Whether the input is the logarithm of the rate, and not the rate.
    full : bool, default False
        Add Stirling's approximation of :math:`\ln k!` where :math:`k > 1`.
    eps : float, default 1e-8
        Against the logarithm of 0 without ``log_input``.
    reduction : {"mean", "sum", "none"}
        What is returned.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        *,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.poisson_nll_loss`."""
        return F.poisson_nll_loss(
            input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(_Loss):
    r"""Log loss of normal distributions, :math:`\frac12 [\ln v + (x - y)^2 / v]` with variance v.

    Parameters
    ----------
    full : bool, default False
        Add the constant :math:`\frac12 \ln 2 \pi`.
    eps : float, default 1e-6
        The smallest variance.
    reduction : {"mean", "sum", "none"}
        What is returned.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.gaussian_nll_loss`."""
        return F.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


# Log losses of probabilities ----------------------------------------------------------------------


class BCELoss(_WeightedLoss):
    r"""Log loss of probabilities, :math:`-w \, [y \ln p + (1 - y) \ln(1 - p)]`.

    Each logarithm is at least -100.  From logits, :class:`BCEWithLogitsLoss` is exact where this is not.

    Parameters
    ----------
    weight : Tensor, optional
        :math:`w`; broadcasts.
    reduction : {"mean", "sum", "none"}
        What is returned.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.binary_cross_entropy`."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    r"""Log loss of logits, :math:`-w \, [q y \ln \sigma(x) + (1 - y) \ln(1 - \sigma(x))]`.

    Exact and finite for logits of any size, with a slope of at most 1 (for :math:`w = q = 1`):
    a sigmoid before :class:`BCELoss` would round to 0 or 1.

    Parameters
    ----------
    weight : Tensor, optional
        :math:`w`; broadcasts.
    reduction : {"mean", "sum", "none"}
        What is returned.
    pos_weight : Tensor, optional
        :math:`q`, the weight of positive examples; broadcasts.

    Examples
    --------
    >>> import minigrad as mg
    >>> loss = mg.nn.BCEWithLogitsLoss()
    >>> loss(mg.tensor([0.0, 1e4]), mg.tensor([1.0, 1.0]))  # ln 2 and 0
    tensor(0.3466)
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.binary_cross_entropy_with_logits`."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class NLLLoss(_WeightedLoss):
    r"""Log loss of *logarithms of probabilities* over classes, :math:`-w_k x_k` for the class index k.

    ``NLLLoss()(LogSoftmax(1)(x), k)`` is ``CrossEntropyLoss()(x, k)``.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
        :math:`w`, a weight for each class.
    ignore_index : int, default -100
        Samples of this class index count nothing.
    reduction : {"mean", "sum", "none"}
        What is returned; the mean is divided by the sum of the weights of the targets.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.nll_loss`."""
        return F.nll_loss(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class CrossEntropyLoss(_WeightedLoss):
    r"""Log loss of logits over classes, :math:`-\sum_c w_c \, t_c \ln \mathrm{softmax}(x)_c`.

    The target is a class index for each sample, or a probability for each class.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
        :math:`w`, a weight for each class.
    ignore_index : int, default -100
        Samples of this class index count nothing.
    reduction : {"mean", "sum", "none"}
        What is returned; over class indices the mean is divided by the sum of the weights of the targets.
    label_smoothing : float, default 0.0
        :math:`\epsilon`: the target becomes :math:`(1 - \epsilon) t + \epsilon / C`.

    Examples
    --------
    >>> import minigrad as mg
    >>> loss = mg.nn.CrossEntropyLoss()
    >>> loss(mg.tensor([[0.0, 0.0], [0.0, 1e4]]), mg.tensor([0, 1]))  # ln 2 and 0
    tensor(0.3466)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.cross_entropy`."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class KLDivLoss(_Loss):
    r"""Kullback-Leibler divergence from a target t to *logarithms of* probabilities x, :math:`t (\ln t - x)`.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}
        What is returned; ``"batchmean"`` is the mean divergence of a batch, the default ``"mean"`` that
        of its elements, and warns.
    log_target : bool, default False
        Whether the target holds logarithms, too.

    Examples
    --------
    >>> import minigrad as mg
    >>> logits = mg.tensor([[0.0, 0.0]])
    >>> mg.nn.KLDivLoss(reduction="batchmean")(logits.log_softmax(1), mg.tensor([[1.0, 0.0]]))  # ln 2
    tensor(0.6931)
    """

    reductions = (*REDUCTIONS, "batchmean")

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.kl_div`."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


# Margins ------------------------------------------------------------------------------------------


class HingeLoss(_Loss):
    r"""Hinge of scores against labels -1 and 1, :math:`\max(0, m - y x)`, as in a support vector machine.

    PyTorch has no such loss; its :class:`HingeEmbeddingLoss` is for distances.

    Parameters
    ----------
    margin : float, default 1.0
        :math:`m`, the score of the right sign that is enough.
    squared : bool, default False
        Square the hinge.
    reduction : {"mean", "sum", "none"}
        What is returned.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.HingeLoss()(mg.tensor([2.0, 0.5]), mg.tensor([1, -1]))  # 0 and 1.5
    tensor(0.7500)
    """

    def __init__(
        self, margin: float = 1.0, *, squared: bool = False, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.margin, self.squared = margin, squared

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.hinge_loss`."""
        return F.hinge_loss(
            input, target, self.margin, squared=self.squared, reduction=self.reduction
        )


class SoftMarginLoss(_Loss):
    r"""Log loss of logits against labels -1 and 1, :math:`\ln(1 + e^{-y x})`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is returned.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.soft_margin_loss`."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class HingeEmbeddingLoss(_Loss):
    r"""Loss of distances between pairs: :math:`x` for alike ones, :math:`\max(0, m - x)` for others.

    Parameters
    ----------
    margin : float, default 1.0
        :math:`m`, the distance that is enough for pairs that are not alike.
    reduction : {"mean", "sum", "none"}
        What is returned.
    """

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.hinge_embedding_loss`."""
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class MarginRankingLoss(_Loss):
    r"""Hinge of an order, :math:`\max(0, -y (x_1 - x_2) + m)`: for y = 1, :math:`x_1` has to be larger.

    Parameters
    ----------
    margin : float, default 0.0
        :math:`m`, by how much.
    reduction : {"mean", "sum", "none"}
        What is returned.
    """

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.margin_ranking_loss`."""
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class MultiMarginLoss(_WeightedLoss):
    r"""Hinge over classes, :math:`\frac{w_k}{C} \sum_{j \ne k} \max(0, m - x_k + x_j)^p`, k the right one.

    Parameters
    ----------
    p : {1, 2}, default 1
        The power.
    margin : float, default 1.0
        :math:`m`, by how much the right class has to lead.
    weight : Tensor, shape (C,), optional
        :math:`w`, a weight for each class.
    reduction : {"mean", "sum", "none"}
        What is returned.

    Raises
    ------
    ValueError
        If ``p`` is neither 1 nor 2.
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        *,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, reduction=reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p has to be 1 or 2, got {p!r}")
        self.p, self.margin = p, margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.multi_margin_loss`."""
        return F.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, reduction=self.reduction
        )
