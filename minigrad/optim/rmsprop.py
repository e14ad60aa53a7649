"""RMSprop: the gradient divided by its running root mean square."""

from __future__ import annotations

import math
from typing import Any

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class RMSprop(Optimizer):
    r"""Steps of about the size of the rate, by a running mean of the squared gradient.

    With gradient :math:`g`, rate :math:`\eta`, and :math:`v = 0` at first,

    .. math::
        v &\leftarrow \alpha v + (1 - \alpha)\, g^2 \\
        \theta &\leftarrow \theta - \eta\, \frac{g}{\sqrt v + \epsilon}

    With ``centered`` there is :math:`v - m^2`, the variance, in place of :math:`v` in the second line, where
    :math:`m \leftarrow \alpha m + (1 - \alpha)\, g`.  With ``momentum`` :math:`\mu` the fraction goes
    into a buffer, :math:`b \leftarrow \mu\, b + g / (\sqrt v + \epsilon)`, and
    :math:`\theta \leftarrow \theta - \eta\, b`.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-2
        The rate :math:`\eta \ge 0`.
    alpha : float, default 0.99
        How slowly the means forget, :math:`0 \le \alpha < 1`; :math:`\rho` in other texts.
    eps : float, default 1e-8
        :math:`\epsilon \ge 0`, against division by zero.
    weight_decay : float, default 0
        :math:`\lambda \ge 0`; :math:`\lambda \theta` is added to the gradient.
    momentum : float, default 0
        :math:`\mu \ge 0`.
    centered : bool, default False
        Divide by the standard deviation of the gradient.
    eps_inside : bool, default False
        Divide by :math:`\sqrt{v + \epsilon}` instead, as document 004, optax and Keras do.
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
    Options and formulas are PyTorch's, ``eps_inside`` apart; so are the names of the state,
    ``square_avg`` for :math:`v`, ``grad_avg`` for :math:`m` and ``momentum_buffer`` for :math:`b`.
    A variance that rounding makes negative counts as 0 here; in PyTorch its root is NaN.

    Nothing corrects that :math:`v` begins at 0: the first step is :math:`\eta / \sqrt{1 - \alpha}`.

    References
    ----------
    - G. Hinton, Neural networks for machine learning, lecture 6, 2012 (documents 001 and 004).
    - A. Graves, Generating sequences with recurrent neural networks, 2013 (``centered``).

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.RMSprop([x], lr=0.1, alpha=0.96)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 3.5000, -1.5000], requires_grad=True)
    """

    defaults = {
        "lr": 1e-2,
        "alpha": 0.99,
        "eps": 1e-8,
        "weight_decay": 0,
        "momentum": 0,
        "centered": False,
        "eps_inside": False,
    }
    equation = "v ← α v + (1 − α) g²\nθ ← θ − η g / (√v + ε)"
    own_options = ("eps_inside",)
    ranges = Optimizer.ranges | {"alpha": (0, 1), "eps": (0, math.inf), "momentum": (0, math.inf)}

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of what is kept: steps, a mean square, and what the options ask for."""
        names = ["step", "square_avg"]
        if group["momentum"]:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return tuple(names)

    def update(self, theta, g, s, lr, alpha, eps, momentum, centered, eps_inside):
        """Change ``theta`` in place."""
        xp = xp_of(theta)
        v, work = s.square_avg, s.work
        # v <- alpha v + (1 - alpha) g^2
        v *= alpha
        xp.multiply(g, g, out=work)
        work *= 1 - alpha
        v += work
        if centered:  # m <- alpha m + (1 - alpha) g, and v - m^2 for v
            m = s.grad_avg
            m *= alpha
            m += xp.multiply(g, 1 - alpha, out=work)
            xp.multiply(m, m, out=work)
            xp.subtract(v, work, out=work)
            v = xp.maximum(work, 0, out=work)
        direction = divided_by_root(g, v, eps, eps_inside, out=work)
        if momentum:  # b <- momentum b + g / (sqrt(v) + eps)
            b = s.momentum_buffer
            b *= momentum
            b += direction
            direction = b
        theta -= xp.multiply(direction, lr, out=work)


def divided_by_root(g: Any, v: Any, eps: float, inside: bool, out: Any) -> Any:
    r"""Return, in ``out``, :math:`g / (\sqrt v + \epsilon)`, or :math:`g / \sqrt{v + \epsilon}`."""
    xp = xp_of(g)
    if inside:
        xp.sqrt(xp.add(v, eps, out=out), out=out)
    else:
        xp.sqrt(v, out=out)
        out += eps
    return xp.divide(g, out, out=out)
