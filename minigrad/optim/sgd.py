"""Gradient descent, plain and with momentum."""

from __future__ import annotations

import math
from typing import Any

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class SGD(Optimizer):
    r"""Gradient descent, stochastic if the gradient is that of a random batch; with momentum if asked.

    With gradient :math:`g`, rate :math:`\eta`, momentum :math:`\mu` and dampening :math:`\tau`,

    .. math::
        b &\leftarrow \mu\, b + (1 - \tau)\, g \qquad (b \leftarrow g \text{ in the first step}) \\
        \theta &\leftarrow \theta - \eta\, b

    Without momentum :math:`b` is :math:`g`.  With ``nesterov``, :math:`g + \mu b` takes the place of
    :math:`b` in the second line: the gradient is looked for where momentum alone would lead, in the
    variables that make it one more line here.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-3
        The rate :math:`\eta \ge 0`.
    momentum : float, default 0
        How much of the last step goes on, :math:`\mu \ge 0`.
    dampening : float, default 0
        How much the new gradient is held back, :math:`\tau`; with :math:`\tau = \mu` the buffer is an
        exponential average.
    weight_decay : float, default 0
        :math:`\lambda \ge 0`; :math:`\lambda \theta` is added to the gradient.
    nesterov : bool, default False
        Nesterov's momentum.
    maximize : bool, default False
        Climb instead.
    decoupled_weight_decay : bool, default False
        Shrink the parameters by :math:`1 - \eta \lambda` instead of adding to the gradient.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`; and if ``nesterov`` comes without momentum, or with dampening.

    Notes
    -----
    Options and formulas are PyTorch's.  Other texts multiply the gradient by the rate on its way into the
    buffer, :math:`b \leftarrow \mu b - \eta g`: the same steps while the rate is constant; after a
    change, here the whole of the buffer moves at the new rate.

    References
    ----------
    - H. Robbins, S. Monro, A stochastic approximation method, 1951.
    - B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964.
    - I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of initialization and momentum in deep
      learning, 2013.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=0.1, momentum=0.5)
    >>> for _ in range(40):
    ...     optimizer.zero_grad()
    ...     loss = (x * x).sum()
    ...     loss.backward()
    ...     optimizer.step()
    >>> loss.item() < 1e-6
    True
    """

    defaults = {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False}
    equation = "b ← μ b + (1 − τ) g\nθ ← θ − η b"
    ranges = Optimizer.ranges | {"momentum": (0, math.inf)}

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of what is kept: a buffer, if there is momentum."""
        return ("momentum_buffer",) if group["momentum"] else ()

    def check(self, group: dict[str, Any]) -> None:
        """Raise an error if hyperparameters are out of range or do not go together."""
        super().check(group)
        if group["nesterov"] and (not group["momentum"] or group["dampening"]):
            raise ValueError("SGD: nesterov=True needs momentum > 0 and dampening = 0")

    def update(self, theta, g, s, lr, momentum, dampening, nesterov):
        """Change ``theta`` in place."""
        xp = xp_of(theta)
        direction = g
        if momentum:
            b = direction = s.momentum_buffer
            if s.new:
                b[...] = g
            else:  # b <- momentum b + (1 - dampening) g
                b *= momentum
                b += xp.multiply(g, 1 - dampening, out=s.work) if dampening else g
            if nesterov:
                direction = xp.multiply(b, momentum, out=s.work)
                direction += g
        theta -= xp.multiply(direction, lr, out=s.work)

    def kernel(self, s, lr, momentum, dampening, nesterov):
        """Return the same for a GPU."""
        numbers = {"lr": lr, "momentum": momentum, "rest": 1 - dampening}
        if not momentum:
            return "theta -= g * lr;", numbers
        renewed = "g" if s.new else "momentum_buffer * momentum + g * rest"
        direction = "momentum_buffer * momentum + g" if nesterov else "momentum_buffer"
        return f"momentum_buffer = {renewed}; theta -= ({direction}) * lr;", numbers
