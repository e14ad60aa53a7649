"""Gradient descent that divides every number of the gradient by its own size."""

from __future__ import annotations

import math

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class NormalizedGD(Optimizer):
    r"""Steps of the size of the rate in every coordinate: the gradient over the root of its square.

    .. math:: \theta \leftarrow \theta - \alpha\, \frac{m}{\sqrt v + \epsilon}, \qquad m = g,\quad v = g^2

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-3
        The rate :math:`\alpha \ge 0`.
    eps : float, default 1e-20
        :math:`\epsilon \ge 0`, against division by zero.
    weight_decay : float, default 0
        :math:`\lambda \ge 0`; :math:`\lambda \theta` is added to the gradient.
    maximize : bool, default False
        Climb instead.
    decoupled_weight_decay : bool, default False
        Shrink the parameters by :math:`1 - \alpha \lambda` instead of adding to the gradient.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`.

    Notes
    -----
    With a small :math:`\epsilon` this is :class:`SignDescent`: it never comes to rest at a minimum, unless
    the rate goes down, but bounces around it.  With a larger one, 0.001 in the handwriting of document 003,
    it becomes gradient descent where the gradient is small, and may rest.  PyTorch has no such rule;
    document 003 takes it as a first step to :class:`Adam`, which puts running means in the places of
    :math:`m` and :math:`v`.  It is not made for random batches: where the sign of the gradient is left to
    chance the steps are as long as elsewhere.

    References
    ----------
    - Document 003, equations 6.13 and 6.14, figure 6.9c;
      the default of ``eps`` is that of the book's notebook 6.5.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -0.02], requires_grad=True)
    >>> optimizer = mg.optim.NormalizedGD([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([3.5000, 0.4800], requires_grad=True)
    """

    defaults = {"lr": 1e-3, "eps": 1e-20}
    equation = "m ← g,  v ← g²\nθ ← θ − α m / (√v + ε)"
    ranges = Optimizer.ranges | {"eps": (0, math.inf)}

    def update(self, theta, g, s, lr, eps):
        """Change ``theta`` in place."""
        xp, work = xp_of(theta), s.work
        xp.abs(g, out=work)  # the root of g^2, which could overflow
        work += eps
        xp.divide(g, work, out=work)
        work *= lr
        theta -= work
