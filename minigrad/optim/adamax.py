"""Adamax: Adam with the largest gradient in place of a mean square."""

from __future__ import annotations

import math

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class Adamax(Optimizer):
    r"""Adam by the infinity norm: the step is never larger than about the rate.

    In step :math:`t`, with gradient :math:`g` and rate :math:`\eta`,

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1)\, g \\
        u &\leftarrow \max(\beta_2 u,\ |g| + \epsilon) \\
        \theta &\leftarrow \theta - \frac{\eta}{1 - \beta_1^t}\, \frac{m}{u}

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 2e-3
        The rate :math:`\eta \ge 0`.
    betas : (float, float), default (0.9, 0.999)
        How slowly :math:`m` and :math:`u` forget, :math:`0 \le \beta_1, \beta_2 < 1`.
    eps : float, default 1e-8
        :math:`\epsilon \ge 0`, against division by zero.
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
    Options and formulas are PyTorch's; so are the names of the state, ``exp_avg`` for :math:`m` and
    ``exp_inf`` for :math:`u`.

    References
    ----------
    - D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, 2014, section 7.1.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.Adamax([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 3.5000, -1.5000], requires_grad=True)
    """

    defaults = {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0}
    state = ("step", "exp_avg", "exp_inf")
    equation = "m ← β₁ m + (1 − β₁) g,  u ← max(β₂ u, |g| + ε)\nθ ← θ − η / (1 − β₁ᵗ) · m / u"
    ranges = Optimizer.ranges | {"betas": (0, 1), "eps": (0, math.inf)}

    def update(self, theta, g, s, lr, betas, eps):
        """Change ``theta`` in place."""
        xp = xp_of(theta)
        m, u, work = s.exp_avg, s.exp_inf, s.work
        beta1, beta2 = betas
        # m <- beta1 m + (1 - beta1) g
        m *= beta1
        m += xp.multiply(g, 1 - beta1, out=work)
        # u <- max(beta2 u, |g| + eps)
        u *= beta2
        xp.abs(g, out=work)
        work += eps
        xp.maximum(u, work, out=u)
        # theta <- theta - lr / (1 - beta1^t) m / u
        xp.divide(m, u, out=work)
        work *= lr / (1 - beta1**s.step)
        theta -= work
