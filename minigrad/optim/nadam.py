"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

import math

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class NAdam(Optimizer):
    r"""Adam that takes the momentum of the next step in advance, as Nesterov's does.

    In step :math:`t`, with gradient :math:`g` and rate :math:`\eta`,

    .. math::
        \mu_t &= \beta_1 \left(1 - \tfrac12\, 0.96^{t \psi}\right) \\
        m &\leftarrow \beta_1 m + (1 - \beta_1)\, g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
        \hat m &= \frac{\mu_{t+1}}{1 - \prod_{i=1}^{t+1} \mu_i}\, m
            + \frac{1 - \mu_t}{1 - \prod_{i=1}^{t} \mu_i}\, g \\
        \theta &\leftarrow \theta - \eta\, \frac{\hat m}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 2e-3
        The rate :math:`\eta \ge 0`.
    betas : (float, float), default (0.9, 0.999)
        How slowly the two moments forget, :math:`0 \le \beta_1, \beta_2 < 1`.
    eps : float, default 1e-8
        :math:`\epsilon \ge 0`, against division by zero.
    weight_decay : float, default 0
        :math:`\lambda \ge 0`; :math:`\lambda \theta` is added to the gradient.
    momentum_decay : float, default 4e-3
        How fast :math:`\mu_t` rises from :math:`\beta_1 / 2` to :math:`\beta_1`: :math:`\psi \ge 0`.
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
    Options and formulas are PyTorch's; so are the names of the state, ``exp_avg`` for :math:`m`,
    ``exp_avg_sq`` for :math:`v` and ``mu_product`` for the product of the :math:`\mu_i` (here a Python
    number; PyTorch rounds it to float32).

    References
    ----------
    - T. Dozat, Incorporating Nesterov momentum into Adam, 2016.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.NAdam([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 3.4718, -1.4718], requires_grad=True)
    """

    defaults = {
        "lr": 2e-3,
        "betas": (0.9, 0.999),
        "eps": 1e-8,
        "weight_decay": 0,
        "momentum_decay": 4e-3,
        "decoupled_weight_decay": False,
    }
    state = ("step", "mu_product", "exp_avg", "exp_avg_sq")
    scratch = ("work", "root")
    scalars = {"mu_product": 1.0}
    equation = (
        "m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²\n"
        "θ ← θ − η (μₜ₊₁ m / (1 − μ₁…μₜ₊₁) + (1 − μₜ) g / (1 − μ₁…μₜ)) / (√(v / (1 − β₂ᵗ)) + ε)"
    )
    ranges = Optimizer.ranges | {
        "betas": (0, 1),
        "eps": (0, math.inf),
        "momentum_decay": (0, math.inf),
    }

    def advance(self, s, betas, momentum_decay, **others):
        """Return the product of all momenta so far."""
        return {"mu_product": s.mu_product * momentum_at(s.step, betas[0], momentum_decay)}

    def update(self, theta, g, s, lr, betas, eps, momentum_decay):
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
        # theta <- theta - (of_m m + of_g g) / (sqrt(v) / c2 + eps), with c2 multiplied out
        mu, following = (momentum_at(t, beta1, momentum_decay) for t in (s.step, s.step + 1))
        c2 = math.sqrt(1 - beta2**s.step)
        of_m = lr * c2 * following / (1 - s.mu_product * following)
        of_g = lr * c2 * (1 - mu) / (1 - s.mu_product)
        root = xp.sqrt(v, out=s.root)
        root += c2 * eps
        theta -= xp.divide(xp.multiply(m, of_m, out=work), root, out=work)
        theta -= xp.divide(xp.multiply(g, of_g, out=work), root, out=work)


def momentum_at(t: int, beta1: float, decay: float) -> float:
    r"""Return :math:`\mu_t`."""
    return beta1 * (1 - 0.5 * 0.96 ** (t * decay))
