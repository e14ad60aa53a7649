"""RAdam: Adam that warms up by itself."""

from __future__ import annotations

import math

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class RAdam(Optimizer):
    r"""Rectified Adam: no division by the second moment while too few gradients have been seen.

    In step :math:`t`, with gradient :math:`g` and rate :math:`\eta`,

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1)\, g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
        \theta &\leftarrow \theta - \eta\, \frac{m}{1 - \beta_1^t} \cdot
            \frac{r_t \sqrt{1 - \beta_2^t}}{\sqrt v + \epsilon} \qquad \text{if } \rho_t > 5 \\
        \theta &\leftarrow \theta - \eta\, \frac{m}{1 - \beta_1^t} \qquad \text{otherwise}

    with the number of gradients that :math:`v` is a mean of, in effect, and the rectification

    .. math::
        \rho_\infty &= \frac{2}{1 - \beta_2} - 1, \qquad
        \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t} \\
        r_t &= \sqrt{\frac{(\rho_t - 4)(\rho_t - 2)\, \rho_\infty}
            {(\rho_\infty - 4)(\rho_\infty - 2)\, \rho_t}}

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-3
        The rate :math:`\eta \ge 0`.
    betas : (float, float), default (0.9, 0.999)
        How slowly the two moments forget, :math:`0 \le \beta_1, \beta_2 < 1`.
    eps : float, default 1e-8
        :math:`\epsilon \ge 0`, against division by zero.
    weight_decay : float, default 0
        :math:`\lambda \ge 0`; :math:`\lambda \theta` is added to the gradient.
    decoupled_weight_decay : bool, default False
        Shrink the parameters by :math:`1 - \eta \lambda` instead of adding to the gradient.
    maximize : bool, default False
        Climb instead.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`.

    Notes
    -----
    Options and formulas are PyTorch's; so are the names of the state, ``exp_avg`` for :math:`m` and
    ``exp_avg_sq`` for :math:`v`.  With the default betas the first five steps are without division.

    References
    ----------
    - L. Liu et al., On the variance of the adaptive learning rate and beyond, 2020.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.RAdam([x], lr=0.25)
    >>> (x * x).sum().backward()
    >>> optimizer.step()  # descent along the gradient
    >>> x
    tensor([ 2., -1.], requires_grad=True)
    """

    defaults = {
        "lr": 1e-3,
        "betas": (0.9, 0.999),
        "eps": 1e-8,
        "weight_decay": 0,
        "decoupled_weight_decay": False,
    }
    state = ("step", "exp_avg", "exp_avg_sq")
    equation = (
        "m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²\n"
        "θ ← θ − η m / (1 − β₁ᵗ) · (r √(1 − β₂ᵗ) / (√v + ε) if ρ > 5, else 1)"
    )
    ranges = Optimizer.ranges | {"betas": (0, 1), "eps": (0, math.inf)}

    def update(self, theta, g, s, lr, betas, eps):
        """Change ``theta`` in place."""
        xp = xp_of(theta)
        m, v, work = s.exp_avg, s.exp_avg_sq, s.work
        beta1, beta2 = betas
        # m <- beta1 m + (1 - beta1) g
        m *= beta1
        m += xp.multiply(g, 1 - beta1, out=work)
        # v <- beta2 v + (1 - beta2) g^2
        v *= beta2
        xp.multiply(g, g, out=work)
        work *= 1 - beta2
        v += work
        # theta <- theta - lr m / c1, times r sqrt(c2) / (sqrt(v) + eps) if v can be relied on
        c1, c2 = 1 - beta1**s.step, 1 - beta2**s.step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * s.step * beta2**s.step / c2
        if length > 5:
            xp.sqrt(v, out=work)
            work += eps
            xp.divide(m, work, out=work)
            work *= lr / c1 * math.sqrt(c2) * rectification(length, longest)
        else:
            xp.multiply(m, lr / c1, out=work)
        theta -= work


def rectification(length: float, longest: float) -> float:
    r"""Return :math:`r_t` for :math:`\rho_t` and :math:`\rho_\infty`."""
    return math.sqrt(
        (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    )
