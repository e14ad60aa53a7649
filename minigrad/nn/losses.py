"""Losses as modules; what they compute stands in :mod:`minigrad.nn.functional`."""

from __future__ import annotations

from minigrad._tensor import Tensor
from minigrad.nn import functional as F
from minigrad.nn.loss_functions import check_reduction
from minigrad.nn.module import Module


class _Loss(Module):
    """A loss that returns the mean, the sum, or each loss."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        check_reduction(type(self).__name__, reduction)
        self.reduction = reduction


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
        return F.mse_loss(input, target, self.reduction)


class L1Loss(_Loss):
    r"""Absolute error, :math:`|x_i - y_i|`, slope 0 where they are equal; its mean, its sum, or each.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is returned.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of two tensors of one shape."""
        return F.l1_loss(input, target, self.reduction)


class BCELoss(_Loss):
    r"""Log loss of probabilities, :math:`-w \, [y \ln p + (1 - y) \ln(1 - p)]`.

    Each logarithm is at least -100.  From logits, :class:`BCEWithLogitsLoss` is exact where this is not.

    Parameters
    ----------
    weight : Tensor, optional
        :math:`w`; broadcasts.
    reduction : {"mean", "sum", "none"}
        What is returned.
    """

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.binary_cross_entropy`."""
        return F.binary_cross_entropy(input, target, self.weight, self.reduction)


class BCEWithLogitsLoss(_Loss):
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

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.binary_cross_entropy_with_logits`."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, self.reduction, self.pos_weight
        )


class NLLLoss(_Loss):
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

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.nll_loss`."""
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class CrossEntropyLoss(_Loss):
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

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, see :func:`~minigrad.nn.functional.cross_entropy`."""
        return F.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )
