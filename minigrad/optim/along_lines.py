"""The loss along a line, and optimisers that search there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad._tensor import Tensor
from minigrad._warning import warn
from minigrad.autograd.modes import no_grad
from minigrad.optim.checks import error
from minigrad.optim.directions import in_place_of_gradients
from minigrad.optim.line_search import SEARCHES
from minigrad.optim.vectors import (
    JointOptimizer,
    copies,
    dot,
    evaluate,
    gradients_in,
    gradients_of,
    hessian_product,
    leave_gradients,
    moving,
    put,
    put_along,
    restored_on_error,
)


class Line:
    r"""The loss along a direction, :math:`\varphi(\alpha) = L(\theta + \alpha d)`, and its derivatives.

    Parameters
    ----------
    owner : Optimizer
        For whom, to be named in messages.
    closure : callable
        Returns the loss for the parameters as they are.
    params, direction : list of Tensor
        :math:`\theta` and :math:`d`.
    value, slope : float
        :math:`\varphi(0)` and :math:`\varphi'(0)`.
    """

    def __init__(
        self,
        owner: Any,
        closure: Callable[[], Any],
        params: list[Any],
        direction: list[Any],
        value: float,
        slope: float,
    ) -> None:
        self.owner = owner
        self.closure = closure
        self.params = params
        self.direction = direction
        self.start = copies(params)
        self.values = {0.0: value}
        self.slopes = {0.0: slope}

    @no_grad()
    def __call__(self, alpha: float) -> float:
        r"""Return :math:`\varphi(\alpha)`."""
        if alpha not in self.values:
            put_along(self.params, self.start, self.direction, alpha)
            self.values[alpha] = float(self.closure())
        return self.values[alpha]

    def slope(self, alpha: float) -> float:
        r"""Return :math:`\varphi'(\alpha) = \nabla L(\theta + \alpha d) \cdot d`."""
        if alpha not in self.slopes:
            put_along(self.params, self.start, self.direction, alpha)
            loss = evaluate(self.owner, self.closure)
            self.values[alpha] = loss.item()
            gradients = gradients_of(loss, self.params)
            self.slopes[alpha] = dot(gradients, self.direction).item()
        return self.slopes[alpha]

    def curvature(self) -> float:
        r"""Return :math:`\varphi''(0) = d^\top H d`."""
        put(self.params, self.start)
        loss = evaluate(self.owner, self.closure)
        gradients = gradients_of(loss, self.params, create_graph=True)
        products = hessian_product(gradients, self.params, self.direction)
        return dot(products, self.direction).item()

    def go(self, search: Callable[[Any, float], float], start: float) -> float:
        """Move the parameters by as much as ``search`` says; leave them where they are if it does not help.

        Returns
        -------
        float
            How far, 0 if not at all.

        Warns
        -----
        UserWarning
            If the loss falls nowhere along the direction, by more than rounding.
        """
        with restored_on_error(self.params, self.start):
            alpha = search(self, start)
            falls = alpha != 0 and self(alpha) < self.values[0.0]
        if falls:
            put_along(self.params, self.start, self.direction, alpha)
            return alpha
        put(self.params, self.start)
        self._warn()
        return 0.0

    def _warn(self) -> None:
        """Warn, unless there is no slope, or losses differ by no more than rounding, as at a minimum."""
        origin = self.values[0.0]
        tried = [value for alpha, value in self.values.items() if alpha]
        nearest = min(tried, default=math.inf) - origin
        lost = 16 * float(np.finfo(self.params[0].dtype).eps) * abs(origin)
        if self.slopes[0.0] and not nearest <= lost:
            warn(
                f"{type(self.owner).__name__}.step(): the loss does not fall along the direction, so the "
                "parameters were left where they are; does the closure return the same loss for the same "
                "parameters, and is its gradient right?",
            )


class Searching(JointOptimizer):
    """Base class of optimisers that go along a direction as far as a line search says, or by the rate.

    Attributes
    ----------
    rate : float
        How far the last step went; 0 if the parameters were kept.
    """

    def __init__(self, params: Any, search: Any, defaults: dict[str, Any]) -> None:
        self.search = self._as_search(search)
        self.rate = 0.0
        super().__init__(params, defaults)

    def _as_search(self, search: Any) -> Callable[[Any, float], float] | None:
        """Return the line search that is meant by a name or a function."""
        if search is None or callable(search):
            return search
        if search not in SEARCHES:
            names = ", ".join(map(repr, SEARCHES))
            raise error(
                self,
                ValueError,
                f"search = {search!r} is unknown, expected a function or one of {names}",
            )
        return SEARCHES[search]

    def _move(
        self,
        closure: Callable[[], Any],
        loss: float,
        params: list[Any],
        gradients: list[Any],
        direction: list[Any],
    ) -> None:
        """Go along ``direction`` from where the loss is ``loss`` and its gradients are ``gradients``."""
        lr = self.param_groups[0]["lr"]
        if self.search is None:
            put_along(params, copies(params), direction, lr)
            self.rate = lr
        else:
            slope = dot(gradients, direction).item()
            line = Line(self, closure, params, direction, loss, slope)
            self.rate = line.go(self.search, lr)


class LineSearchGD(Searching):
    r"""Gradient descent that looks for its rate anew in every step.

    .. math:: \theta \leftarrow \theta - \alpha g, \qquad
        \varphi(\alpha) = L(\theta - \alpha g) \approx \min_{\alpha > 0} \varphi

    ``step(closure)`` calls ``closure`` many times: it only computes and returns the loss, without
    ``backward()``, and the optimiser differentiates it (``observes = "curvature"``).  Losses are compared on
    the host, so that a GPU is waited for.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.  All groups have the same hyperparameters.
    lr : float, default 1.0
        The step that is tried first; for ``"bracketing"`` the longest one, for ``"exact"`` a factor.
    search : str or callable, default "backtracking"
        ``"bracketing"``, as document 003; ``"backtracking"``; ``"strong_wolfe"``; ``"exact"``, on quadratics.
        Or a function of a :class:`~minigrad.optim.along_lines.Line` and ``lr``, such as
        ``functools.partial(strong_wolfe, c2=0.1)``.

    Attributes
    ----------
    rate : float
        The :math:`\alpha` of the last step; 0 if the loss fell nowhere, and the parameters were kept.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`; and for an unknown ``search``.

    Warns
    -----
    UserWarning
        When the loss does not fall along the direction; the parameters are kept then.

    Notes
    -----
    The loss has to be the same for the same parameters: draw a batch before the step, not in the closure,
    and mind dropout.  By comparing losses a minimum is found about to the root of the rounding error: 1e-8
    in float64, 3e-4 in float32.

    Even exact steps zigzag, as successive gradients are orthogonal: on :math:`\frac{1}{2}(x^2 + \kappa
    y^2)`, from :math:`(\kappa, 1)`, each multiplies the loss by :math:`\left( \frac{\kappa - 1}{\kappa + 1}
    \right)^2`.

    References
    ----------
    - Document 003, figure 6.1; document 001 on the zigzag.
    - A. Cauchy, Méthode générale pour la résolution des systèmes d'équations simultanées, 1847.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([2.0, 1.0], requires_grad=True)
    >>> optimizer = mg.optim.LineSearchGD([x], search="exact")
    >>> for _ in range(3):
    ...     loss = optimizer.step(lambda: 0.5 * (x[0] ** 2 + 2 * x[1] ** 2))
    ...     print(f"{loss.item():.4f}")
    3.0000
    0.3333
    0.0370
    """

    equation = "φ(α) = L(θ − α g) ≈ min φ\nθ ← θ − α g"
    observes = "curvature"

    def __init__(self, params: Any, lr: float = 1.0, search: Any = "backtracking") -> None:
        if search is None:
            raise error(self, ValueError, "search = None; for a fixed rate there is SGD")
        super().__init__(params, search, {"lr": lr})

    @no_grad()
    def step(self, closure: Callable[[], Tensor], *, direction: Any = None) -> Tensor:  # type: ignore[override]
        """Change all parameters, once; their ``.grad`` is then the gradient at the start.

        Parameters
        ----------
        closure : callable
            Returns the loss; called many times.
        direction : list of Tensor, or callable, optional
            What takes the place of the gradients; the search goes against it.  See :meth:`Optimizer.step`.

        Returns
        -------
        Tensor
            The loss at the start.
        """
        params = moving(self)
        loss = evaluate(self, closure)
        gradients = gradients_of(loss, params)
        leave_gradients(params, gradients)
        with in_place_of_gradients(self, direction):
            against = gradients if direction is None else gradients_in(params)
        self._move(closure, loss.item(), params, gradients, [-part for part in against])
        return loss.detach()
