"""Adagrad: the gradient divided by the root of all its squares so far."""

from __future__ import annotations

import math

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.rmsprop import divided_by_root


class Adagrad(Optimizer):
    r"""A rate for each number, smaller the more its gradient has been so far.

    In step :math:`t`, with gradient :math:`g` and rate :math:`\eta`,

    .. math::
        r &\leftarrow r + g^2 \\
        \theta &\leftarrow \theta - \frac{\eta}{1 + (t - 1)\, d}\, \frac{g}{\sqrt r + \epsilon}

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-2
        The rate :math:`\eta \ge 0`.
    lr_decay : float, default 0
        :math:`d \ge 0`.
    weight_decay : float, default 0
        :math:`\lambda \ge 0`; :math:`\lambda \theta` is added to the gradient.
    initial_accumulator_value : float, default 0
        :math:`r \ge 0` at first.
    eps : float, default 1e-10
        :math:`\epsilon \ge 0`, against division by zero.
    eps_inside : bool, default False
        Divide by :math:`\sqrt{r + \epsilon}` instead, as optax and Keras do.
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
    Options and formulas are PyTorch's, ``eps_inside`` apart; so is the name of the state, ``sum`` for
    :math:`r`, which is made in the first step.

    While the gradient stays the same the steps are :math:`\eta, \eta/\sqrt 2, \eta/\sqrt 3, \dots`  A
    large gradient at first makes all later steps small: :math:`r` forgets nothing.

    References
    ----------
    - J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods for online learning and stochastic
      optimization, 2011 (document 004).

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.Adagrad([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 3.5000, -1.5000], requires_grad=True)
    """

    defaults = {
        "lr": 1e-2,
        "lr_decay": 0,
        "weight_decay": 0,
        "initial_accumulator_value": 0,
        "eps": 1e-10,
        "eps_inside": False,
    }
    equation = "r ← r + g²\nθ ← θ − η g / (√r + ε)"
    own_options = ("eps_inside",)
    state = ("step", "sum")
    ranges = Optimizer.ranges | {
        "lr_decay": (0, math.inf),
        "initial_accumulator_value": (0, math.inf),
        "eps": (0, math.inf),
    }

    def update(self, theta, g, s, lr, lr_decay, initial_accumulator_value, eps, eps_inside):
        """Change ``theta`` in place."""
        r, work = s.sum, s.work
        if s.new:
            r += initial_accumulator_value
        # r <- r + g^2
        xp_of(g).multiply(g, g, out=work)
        r += work
        # theta <- theta - rate g / (sqrt(r) + eps)
        divided_by_root(g, r, eps, eps_inside, out=work)
        work *= lr / (1 + (s.step - 1) * lr_decay)
        theta -= work
