"""Rules that look at the signs of the gradient only: sign descent, Rprop, Lion."""

from __future__ import annotations

import math
from typing import Any

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class SignDescent(Optimizer):
    r"""A step of the size of the rate in every coordinate, against the sign of the gradient.

    .. math:: \theta \leftarrow \theta - \eta\, \operatorname{sign}(g)

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-3
        The rate :math:`\eta \ge 0`.
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
    A coordinate rests where its gradient is exactly 0; else it bounces around the minimum by the rate, so
    let that go down.  PyTorch has the idea in :class:`Rprop` only;
    ``SGD(transforms=[sign()])`` adds momentum, and :class:`Lion` takes the sign after it.

    References
    ----------
    - Document 001, "sign"; document 003, figure 6.9c.
    - J. Bernstein et al., signSGD: compressed optimisation for non-convex problems, 2018.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -0.02], requires_grad=True)
    >>> optimizer = mg.optim.SignDescent([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([3.5000, 0.4800], requires_grad=True)
    """

    defaults = {"lr": 1e-3}
    equation = "θ ← θ − η sign(g)"

    def update(self, theta, g, s, lr):
        """Change ``theta`` in place."""
        xp, work = xp_of(theta), s.work
        xp.sign(g, out=work)
        work *= lr
        theta -= work


class Rprop(Optimizer):
    r"""A step size for each number, longer while the sign of its gradient stays, shorter when it turns.

    With last gradient :math:`g'`, 0 at first, and step sizes :math:`d`, the rate at first,

    .. math::
        d &\leftarrow \min(\max(d\, \eta_+,\ d_{min}),\ d_{max}) \qquad \text{where } g g' > 0 \\
        d &\leftarrow \min(\max(d\, \eta_-,\ d_{min}),\ d_{max}),\quad g \leftarrow 0
            \qquad \text{where } g g' < 0 \\
        \theta &\leftarrow \theta - d \operatorname{sign}(g), \qquad g' \leftarrow g

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-2
        The first step sizes :math:`\ge 0`; later changes of the rate have no effect.
    etas : (float, float), default (0.5, 1.2)
        :math:`0 < \eta_- < 1 < \eta_+`.
    step_sizes : (float, float), default (1e-6, 50)
        :math:`0 \le d_{min} \le d_{max}`.
    maximize : bool, default False
        Climb instead.
    weight_decay, decoupled_weight_decay
        As for :class:`SGD`; PyTorch has none here.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`.

    Notes
    -----
    Options and formulas are PyTorch's; so are the names of the state,
    ``prev`` for :math:`g'` and ``step_size`` for :math:`d`.  It is made for gradients of the whole data:
    those of random batches turn their signs by chance, and every turn makes the steps shorter.

    References
    ----------
    - M. Riedmiller, H. Braun, A direct adaptive method for faster backpropagation learning: the RPROP
      algorithm, 1993.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.Rprop([x], lr=0.5)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (x * x).sum().backward()
    ...     optimizer.step()
    >>> x  # 0.5 and 0.6 nearer
    tensor([ 2.9000, -0.9000], requires_grad=True)
    """

    defaults = {"lr": 1e-2, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50)}
    state = ("step", "prev", "step_size")
    equation = (
        "d ← clip(d · (η₊ where g g' > 0, η₋ where g g' < 0), d_min, d_max),  g ← 0 where g g' < 0\n"
        "θ ← θ − d sign(g),  g' ← g"
    )
    ranges = Optimizer.ranges | {"etas": (0, math.inf), "step_sizes": (0, math.inf)}

    def check(self, group: dict[str, Any]) -> None:
        """Raise an error if hyperparameters are out of range."""
        super().check(group)
        shorter, longer = group["etas"]
        if not 0 < shorter < 1 < longer:
            raise self._error(
                ValueError,
                f"etas = {(shorter, longer)} is out of range, expected 0 < eta- < 1 < eta+",
            )
        least, most = group["step_sizes"]
        if least > most:
            raise self._error(
                ValueError,
                f"step_sizes = {(least, most)} is out of order, expected the smallest, then the largest",
            )

    def update(self, theta, g, s, lr, etas, step_sizes):
        """Change ``theta`` in place."""
        xp, d, last, work = xp_of(theta), s.step_size, s.prev, s.work
        if s.new:
            d += lr
        turned = xp.sign(xp.multiply(g, last, out=work), out=work)
        d *= xp.where(turned > 0, etas[1], xp.where(turned < 0, etas[0], 1.0))
        xp.clip(d, *step_sizes, out=d)
        last[...] = xp.where(turned < 0, 0, g)
        theta -= xp.multiply(d, xp.sign(last, out=work), out=work)


class Lion(Optimizer):
    r"""The sign of an average of momentum and gradient; the momentum forgets more slowly than that average.

    .. math::
        \theta &\leftarrow (1 - \eta \lambda)\, \theta
            - \eta \operatorname{sign}(\beta_1 m + (1 - \beta_1)\, g) \\
        m &\leftarrow \beta_2 m + (1 - \beta_2)\, g

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-4
        The rate :math:`\eta \ge 0`; 3 to 10 times smaller than what is good for :class:`AdamW`.
    betas : (float, float), default (0.9, 0.99)
        :math:`0 \le \beta_1, \beta_2 < 1`.
    weight_decay : float, default 0
        :math:`\lambda \ge 0`.
    maximize : bool, default False
        Climb instead.
    decoupled_weight_decay : bool, default True
        With ``False``, :math:`\lambda \theta` is added to the gradient instead.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`.

    Notes
    -----
    PyTorch has it not; names and defaults are the paper's, those of the state Adam's.

    References
    ----------
    - X. Chen et al., Symbolic discovery of optimization algorithms, 2023.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -0.02], requires_grad=True)
    >>> optimizer = mg.optim.Lion([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([3.5000, 0.4800], requires_grad=True)
    """

    defaults = {
        "lr": 1e-4,
        "betas": (0.9, 0.99),
        "weight_decay": 0,
        "decoupled_weight_decay": True,
    }
    state = "exp_avg"
    scratch = ("work", "mean")
    equation = "θ ← (1 − η λ) θ − η sign(β₁ m + (1 − β₁) g)\nm ← β₂ m + (1 − β₂) g"
    ranges = Optimizer.ranges | {"betas": (0, 1)}

    def update(self, theta, g, s, lr, betas):
        """Change ``theta`` in place."""
        xp, m, mean, work = xp_of(theta), s.exp_avg, s.mean, s.work
        beta1, beta2 = betas
        # theta <- theta - lr sign(beta1 m + (1 - beta1) g)
        xp.multiply(m, beta1, out=mean)
        mean += xp.multiply(g, 1 - beta1, out=work)
        xp.sign(mean, out=work)
        work *= lr
        theta -= work
        # m <- beta2 m + (1 - beta2) g
        m *= beta2
        m += xp.multiply(g, 1 - beta2, out=work)
