"""Adadelta: steps in the units of the parameters."""

from __future__ import annotations

import math

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class Adadelta(Optimizer):
    r"""The gradient times the root mean square of recent steps, over that of recent gradients.

    With gradient :math:`g` and rate :math:`\eta`; :math:`v` and :math:`u` are 0 at first,

    .. math::
        v &\leftarrow \rho v + (1 - \rho)\, g^2 \\
        \Delta &= \frac{\sqrt{u + \epsilon}}{\sqrt{v + \epsilon}}\, g \\
        u &\leftarrow \rho u + (1 - \rho)\, \Delta^2 \\
        \theta &\leftarrow \theta - \eta\, \Delta

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1
        The rate :math:`\eta \ge 0`; the paper has none.
    rho : float, default 0.9
        How slowly the means forget, :math:`0 \le \rho < 1`.
    eps : float, default 1e-6
        :math:`\epsilon \ge 0`.  It is what the first steps come from, which are of the size of
        :math:`\sqrt{\epsilon / (1 - \rho)}`: a larger one begins faster.
    weight_decay : float, default 0
        :math:`\lambda \ge 0`; :math:`\lambda \theta` is added to the gradient.
    maximize : bool, default False
        Climb instead.
    decoupled_weight_decay : bool, default False
        Shrink the parameters by :math:`1 - \eta \lambda` instead of adding to the gradient.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`.

    Notes
    -----
    Options and formulas are PyTorch's; so are the names of the state, ``square_avg`` for :math:`v` and
    ``acc_delta`` for :math:`u`.

    References
    ----------
    - M. D. Zeiler, ADADELTA: an adaptive learning rate method, 2012.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.Adadelta([x], rho=0.96, eps=0.01)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 3.5010, -1.5039], requires_grad=True)
    """

    defaults = {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0}
    state = ("step", "square_avg", "acc_delta")
    scratch = ("work", "delta")
    equation = (
        "v ← ρ v + (1 − ρ) g²,  Δ = √(u + ε) / √(v + ε) · g\nu ← ρ u + (1 − ρ) Δ²,  θ ← θ − η Δ"
    )
    ranges = Optimizer.ranges | {"rho": (0, 1), "eps": (0, math.inf)}

    def update(self, theta, g, s, lr, rho, eps):
        """Change ``theta`` in place."""
        xp = xp_of(theta)
        v, u, delta, work = s.square_avg, s.acc_delta, s.delta, s.work
        # v <- rho v + (1 - rho) g^2
        v *= rho
        xp.multiply(g, g, out=work)
        work *= 1 - rho
        v += work
        # delta = sqrt(u + eps) / sqrt(v + eps) g
        xp.sqrt(xp.add(v, eps, out=work), out=work)
        xp.sqrt(xp.add(u, eps, out=delta), out=delta)
        delta /= work
        delta *= g
        # u <- rho u + (1 - rho) delta^2
        u *= rho
        xp.multiply(delta, delta, out=work)
        work *= 1 - rho
        u += work
        delta *= lr
        theta -= delta
