"""A penalty in the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minigrad._tensor import Tensor
from minigrad.optim.checks import NOT_NEGATIVE, check, error


def regularized(
    loss: Callable[..., Tensor],
    R: Callable[..., Tensor],  # noqa: N803 (the documents' letter)
    lam: float,
    params: Iterable[Tensor] | None = None,
) -> Callable[..., Tensor]:
    r"""Return the loss with a penalty, :math:`\ell(w) + \lambda R(w)`.

    Parameters
    ----------
    loss : callable
        Returns a number.
    R : callable
        Returns a number: of the arguments of ``loss``; or of ``params``, as ``R(*params)``.
    lam : float
        :math:`\lambda \ge 0`.
    params : iterable of Tensor, optional
        The parameters of a model, where the loss is a function of other things, outputs and targets say.

    Returns
    -------
    callable
        It takes what ``loss`` takes.

    Raises
    ------
    TypeError, ValueError
        If ``loss`` or ``R`` is no function, or ``lam`` no such number.

    Notes
    -----
    The penalty :math:`\lambda\lVert w\rVert^2` can stand in five places.  With gradient descent they are
    the same, once the coefficient is translated; with a rule that divides by the size of the gradient they
    are not:

    ==========================================================  ====================  ==================
    where                                                       what is added to g    the same in Adam
    ==========================================================  ====================  ==================
    in the loss, ``regularized(loss, R, lam)``                  :math:`2\lambda w`    yes
    in the gradient, ``transforms=[l2(lam)]``                   :math:`2\lambda w`    yes
    in the gradient, ``transforms=[weight_decay(2 * lam)]``     :math:`2\lambda w`    yes
    in the gradient, ``weight_decay=2 * lam``, as PyTorch       :math:`2\lambda w`    yes
    beside the rule, with ``decoupled_weight_decay=True`` too   nothing               no: ``AdamW``
    ==========================================================  ====================  ==================

    References
    ----------
    - Document 002, equation 3.2; document 003, handwriting beside section 6.2.

    Examples
    --------
    >>> import minigrad as mg
    >>> ridge = mg.optim.regularized(lambda w: ((w - 1) ** 2).sum(), lambda w: (w * w).sum(), 0.5)
    >>> ridge(mg.tensor([2.0]))
    tensor(3.)
    """
    for name, function in (("loss", loss), ("R", R)):
        if not callable(function):
            raise error(
                "regularized",
                TypeError,
                f"{name} has to be a function, got {type(function).__name__}",
            )
    check("regularized", NOT_NEGATIVE, lam=lam)
    own = None if params is None else list(params)

    def with_penalty(*args: Any, **kwargs: Any) -> Tensor:
        extra = R(*args, **kwargs) if own is None else R(*own)
        return loss(*args, **kwargs) + lam * extra

    return with_penalty
