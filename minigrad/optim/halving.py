"""Descent that halves its rate when the loss does not fall."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.vectors import copies, put, restored_on_error


class HalveOnNoDecrease(Optimizer):
    r"""Gradient descent from a large rate, which is halved whenever a step did not lower the loss.

    .. math:: \theta' = \theta - \eta g, \qquad
        \eta \leftarrow \tfrac{1}{2} \eta \; \text{ if not } \; L(\theta') < L(\theta)

    ``step(closure)`` calls ``closure`` twice, at both points: it sets the gradients to zero, computes the
    loss, calls its ``backward()`` and returns it (``observes = "gradient"``), both times on the same batch.
    Losses are compared on the host, so that a GPU is waited for.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 0.5
        The first rate :math:`\eta`.
    factor : float, default 0.5
        What the rate is multiplied by.
    min_lr : float, default 1e-8
        The rate does not fall below this.
    reject : bool, default True
        Go back after a step that did not lower the loss; the next one tries again with the smaller rate.
        Without, the step is kept.

    Attributes
    ----------
    rate : float
        The rate of the last step; 0 if it was rejected.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`; and if ``factor`` is not between 0 and 1.

    Notes
    -----
    The document says "decrease η by ½" and means halve, and leaves open what becomes of the bad step: on its
    example, :math:`4 w^2 - 6 w - 9` from 0, keeping leads to 3, -1.5 and .75, the minimum; rejecting halves
    the rate twice and then goes there at once.

    In a minimum nothing lowers the loss, and the rate is halved for ever, hence ``min_lr``; a criterion such
    as :class:`~minigrad.optim.stopping.LossChange` stops there.  ``ReduceLROnPlateau(optimizer, factor=0.5,
    patience=0, threshold=0)`` compares with the lowest loss so far, for any optimiser, and keeps the steps.

    References
    ----------
    Document 002, section 3.1.3.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor([0.0], requires_grad=True)
    >>> optimizer = mg.optim.HalveOnNoDecrease([w])
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (4 * w**2 - 6 * w - 9).sum()
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    ...     print(w.item(), optimizer.param_groups[0]["lr"])
    0.0 0.25
    0.0 0.125
    0.75 0.125
    """

    equation = "θ' = θ − η g\nη ← η / 2  if not  L(θ') < L(θ)"
    ranges = {"lr": (0, math.inf), "factor": (0, 1), "min_lr": (0, math.inf)}

    def __init__(
        self,
        params: Any,
        lr: float = 0.5,
        factor: float = 0.5,
        min_lr: float = 1e-8,
        reject: bool = True,
    ) -> None:
        super().__init__(params, {"lr": lr, "factor": factor, "min_lr": min_lr})
        self.reject = reject
        self.rate = 0.0

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Change all parameters that have a gradient, once; ``.grad`` is then that at the start.

        Parameters
        ----------
        closure : callable
            Sets the gradients to zero, computes the loss, calls its ``backward()`` and returns it; called
            twice.

        Returns
        -------
        Tensor
            What the first call returned.
        """
        with enable_grad():
            loss = closure()
        live = [
            (p, group["lr"])
            for group in self.param_groups
            for p in group["params"]
            if p.grad is not None
        ]
        if not live:
            self._warn_without_gradients()
            return loss
        params = [p for p, _ in live]
        rate = live[0][1]
        start, gradients = copies(params), copies([p.grad for p in params])
        put(params, [v - lr * g for v, g, (_, lr) in zip(start, gradients, live, strict=True)])
        with restored_on_error(params, start), enable_grad():
            after = closure()
        if not float(after) < float(loss):
            self._halve()
            if self.reject:
                put(params, start)
                rate = 0.0
        self.rate = rate
        for p, gradient in zip(params, gradients, strict=True):
            p.grad = gradient
        return loss

    def _halve(self) -> None:
        for group in self.param_groups:
            group["lr"] = max(group["lr"] * group["factor"], min(group["lr"], group["min_lr"]))
