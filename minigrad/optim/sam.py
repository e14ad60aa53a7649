"""Sharpness-aware minimisation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.nn.utils import get_total_norm
from minigrad.optim.around import Around, climbs, kept_buffers
from minigrad.optim.elsewhere import moved
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD


class SAM(Around):
    r"""Sharpness-aware minimisation: descend by the gradient at the worst point nearby.

    With the gradient :math:`g = \nabla J(\theta)` of *all* parameters together,

    .. math::
        \epsilon &= \rho \, \frac{g}{\lVert g \rVert_2 + 10^{-12}} \\
        \theta &\leftarrow \text{a step of the inner optimiser from } \theta
            \text{ with } \nabla J(\theta + \epsilon)

    so that wide minima are preferred to sharp ones.  Two gradients and no Hessian: a step takes twice
    the time.  The parameters come back from :math:`\theta + \epsilon` to the last bit.  With
    ``maximize=True`` the worst point is where the function is low, at :math:`\theta - \epsilon`.

    ``step(closure)`` calls ``closure`` twice: it sets the gradients to zero, computes the loss, calls its
    ``backward()`` and returns it (``observes = "gradient"``), both times on the same batch.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    base : callable, default SGD
        Makes the inner optimiser from parameters: a class, or a function.  Its steps have to need no more
        than ``.grad``: one whose ``step`` needs a closure is refused, such as LBFGS, Newton, another SAM,
        or Nesterov's that looks ahead.
    rho : float, default 0.05
        The radius :math:`\rho \ge 0` of what is nearby.  The paper tried .01 to .5.
    adaptive : bool, default False
        Measure distances in units of the parameters, :math:`\epsilon = \rho \, \theta^2 g / \lVert \theta g
        \rVert` number by number, with :math:`\rho` about ten times as large: ASAM, which does not depend on
        the scale of the weights.
    model : Module, optional
        Its buffers are put back after the second call of ``closure``, so that the running statistics of
        batch normalisation see each batch once, at :math:`\theta`.  Without, they see it twice.
    **options
        For ``base``: ``SAM(params, lr=0.1, momentum=0.9)``.

    Attributes
    ----------
    base : Optimizer
        The inner optimiser.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer` and ``base``; and if ``rho`` is negative, or ``base`` needs a closure.

    Notes
    -----
    Near a minimum where the gradient is :math:`L x`, steps of plain descent end in a cycle around it, of
    radius :math:`\eta L \rho / (2 - \eta L)`: let the rate or ``rho`` fall.

    Dropout draws another mask in the second call.

    References
    ----------
    - Document 000, section 1.2, names it.
    - P. Foret, A. Kleiner, H. Mobahi, B. Neyshabur, Sharpness-aware minimization for efficiently improving
      generalization, ICLR 2021.
    - J. Kwon, J. Kim, H. Park, I. K. Choi, ASAM: adaptive sharpness-aware minimization for scale-invariant
      learning of deep neural networks, ICML 2021.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.SAM([x], lr=0.05)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = 0.5 * (x[0] ** 2 + 10 * x[1] ** 2)
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(24.5000, grad_fn=<mul>)
    >>> x
    tensor([ 2.8496, -0.9753], requires_grad=True)
    """

    equation = "ε = ρ g / (‖g‖ + 1e-12)\nθ ← step of the inner optimiser from θ with ∇J(θ + ε)"
    ranges = Optimizer.ranges | {"rho": (0, math.inf)}

    def __init__(
        self,
        params: Any,
        base: Callable[..., Optimizer] = SGD,
        rho: float = 0.05,
        adaptive: bool = False,
        *,
        model: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(params, base, options, {"rho": rho, "adaptive": adaptive})
        self.model = model

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Change all parameters that have a gradient, once.

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
        with moved(self._offsets()), kept_buffers(self.model), enable_grad():
            closure()
        self._step_base()
        return loss

    @no_grad()
    def _offsets(self) -> Iterator[tuple[Any, Any]]:
        r"""Yield for each parameter what to subtract, :math:`-\epsilon`."""
        live = [
            (p, p.grad.detach(), abs(p.detach()) if group["adaptive"] else 1.0, _reach(group))
            for group in self.param_groups
            for p in group["params"]
            if p.requires_grad and p.grad is not None
        ]
        norm = get_total_norm([unit * g for _, g, unit, _ in live])
        for p, g, unit, reach in live:
            scale = (-reach / (norm + 1e-12)).to(p.device, p.dtype)
            yield p, (unit * unit * g * scale).array


def _reach(group: dict[str, Any]) -> float:
    """Return how far along the gradient the worst point is: against it where the group climbs."""
    return -group["rho"] if climbs(group) else group["rho"]
