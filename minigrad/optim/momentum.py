"""Momentum in all the forms that texts and libraries give it, by one recurrence; Nesterov's too."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from minigrad.autograd.modes import enable_grad
from minigrad.backend.devices import xp_of
from minigrad.optim.checks import check_choice
from minigrad.optim.directions import in_place_of_gradients
from minigrad.optim.elsewhere import moved
from minigrad.optim.optimizer import Optimizer, plain


class Momentum(Optimizer):
    r"""Gradient descent with a velocity, in any of its forms.

    All of them are one recurrence, with :math:`v = 0` at first:

    .. math::
        v &\leftarrow \mu\, v + c_{in}\, \nabla J(\theta - \ell\, v) \\
        \theta &\leftarrow \theta - c_{out}\, v

    A form is a choice of the coefficients, and has a constructor that names it.  The rate is :math:`\eta` or
    :math:`\alpha`, the momentum :math:`\mu` or :math:`\beta`:

    ========================================  ====================  ====================  ====================
    constructor                               :math:`c_{in}`        :math:`c_{out}`       :math:`\ell`
    ========================================  ====================  ====================  ====================
    :meth:`Momentum.classical`                :math:`\eta`          1                     0
    :meth:`Momentum.ema`                      :math:`1 - \beta`     :math:`\alpha`        0
    :meth:`Momentum.pytorch`                  :math:`1 - \tau`      :math:`\eta`          0
    :meth:`Nesterov.sutskever`                :math:`\eta`          1                     :math:`\mu`
    :meth:`Nesterov.lookahead`                :math:`1 - \beta`     :math:`\alpha`        :math:`\alpha\beta`
    the same with ``at="alpha_m"``            :math:`1 - \beta`     :math:`\alpha`        :math:`\alpha`
    ========================================  ====================  ====================  ====================

    While the rate is constant the first three make the same steps, with :math:`\alpha = \eta / (1 - \beta)`
    in the second.  When it changes they part: where the rate is outside, as :math:`c_{out}`, all of the
    velocity moves at the new one; in the classical form what has been gathered goes on at the old one.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-3
        The rate, :math:`\eta` or :math:`\alpha`; :math:`\ge 0`.
    momentum : float, default 0.9
        How much of the velocity goes on, :math:`0 \le \mu < 1`.
    dampening : float or None, default 0
        How much a gradient is held back, :math:`\tau`; ``None`` stands for :math:`\tau = \mu`, whatever
        that is in a step, and the velocity is an exponential average.
    lr_inside : bool, default True
        Whether the rate is a factor of :math:`c_{in}`, or of :math:`c_{out}`.
    lookahead : str, default "none"
        Where the gradient is asked for: ``"none"``, at :math:`\theta`; ``"momentum"``, where momentum
        alone would lead, :math:`\theta - \mu c_{out} v`; ``"velocity"``, at :math:`\theta - c_{out} v`.
    undamped_first : bool, default False
        Take the first gradient without dampening.
    growing : bool, default False
        Let the momentum grow, :math:`\mu_k = (t_k - 1) / t_{k+1}` with :math:`t_1 = 1` and
        :math:`t_{k+1} = (1 + \sqrt{1 + 4 t_k^2}) / 2`, in place of ``momentum``: 0, 0.28, 0.43, 0.53, ...
    weight_decay : float, default 0
        :math:`\lambda \ge 0`; :math:`\lambda \theta` is added to the gradient, taken where that is taken.
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
    Documents 000 and 001 and Keras have the classical form with :math:`v` of opposite sign, so that it is the
    last step, :math:`\Delta\theta`; document 001 writes :math:`\gamma` for :math:`\mu`.  PyTorch and optax
    have the third form.

    References
    ----------
    - B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964.
    - Document 000, equation 1.6 and algorithm 1.3; document 001, "momentum"; document 003, equation 6.11;
      document 004.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.Momentum.classical([x], lr=0.1, mu=0.5)
    >>> for _ in range(40):
    ...     optimizer.zero_grad()
    ...     loss = (x * x).sum()
    ...     loss.backward()
    ...     optimizer.step()
    >>> loss.item() < 1e-6
    True
    >>> print(optimizer.equation)
    v ← μ v + η g
    θ ← θ − v
    """

    defaults = {
        "lr": 1e-3,
        "momentum": 0.9,
        "dampening": 0,
        "lr_inside": True,
        "lookahead": "none",
        "undamped_first": False,
        "growing": False,
    }
    equation = "v ← μ v + c_in ∇J(θ − ℓ v)\nθ ← θ − c_out v"
    scalars = {"t": 0.0, "mu": 0.0}
    ranges = Optimizer.ranges | {"momentum": (0, 1), "dampening": (-math.inf, math.inf)}

    @classmethod
    def classical(cls, params: Any, lr: float = 1e-3, mu: float = 0.9, **options: Any) -> Momentum:
        r"""Rate inside: :math:`v \leftarrow \mu v + \eta g,\ \theta \leftarrow \theta - v`.

        As in document 000 (eq. 1.6), 001, 004, and Keras.

        Parameters
        ----------
        params : iterable
            What is optimised.
        lr, mu : float
            :math:`\eta` and :math:`\mu`.
        **options
            More, as for the class.
        """
        return cls(params, lr, mu, **options)._reading_as("v ← μ v + η g\nθ ← θ − v")

    @classmethod
    def ema(cls, params: Any, alpha: float = 1e-3, beta: float = 0.9, **options: Any) -> Momentum:
        r"""Average: :math:`m \leftarrow \beta m + (1 - \beta) g,\ \theta \leftarrow \theta - \alpha m`.

        As in document 003 (eq. 6.11).

        Parameters
        ----------
        params : iterable
            What is optimised.
        alpha, beta : float
            :math:`\alpha` and :math:`\beta`, in the groups ``"lr"`` and ``"momentum"``; both may be
            changed there, and :math:`1 - \beta` follows.
        **options
            More, as for the class.
        """
        made = cls(params, alpha, beta, dampening=None, lr_inside=False, **options)
        return made._reading_as("m ← β m + (1 − β) g\nθ ← θ − α m")

    @classmethod
    def pytorch(
        cls, params: Any, lr: float = 1e-3, mu: float = 0.9, dampening: float = 0, **options: Any
    ) -> Momentum:
        r"""Rate outside: :math:`v \leftarrow \mu v + (1 - \tau) g,\ \theta \leftarrow \theta - \eta v`.

        As in PyTorch, where the first gradient is not dampened: the steps of ``SGD(momentum=mu)``.

        Parameters
        ----------
        params : iterable
            What is optimised.
        lr, mu, dampening : float
            :math:`\eta`, :math:`\mu` and :math:`\tau`.
        **options
            More, as for the class.
        """
        made = cls(params, lr, mu, dampening, lr_inside=False, undamped_first=True, **options)
        return made._reading_as("v ← μ v + (1 − τ) g\nθ ← θ − η v")

    def _reading_as(self, equation: str) -> Any:
        self.equation = equation
        return self

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of what is kept: a velocity, and where momentum grows how far it has."""
        return ("t", "mu", "velocity") if group["growing"] else ("velocity",)

    def check(self, group: dict[str, Any]) -> None:
        """Raise an error if a hyperparameter is out of its range."""
        free = group["dampening"] is None  # as the momentum, which is checked itself
        super().check({**group, "dampening": 0} if free else group)
        check_choice(self, ("none", "momentum", "velocity"), lookahead=group["lookahead"])

    def advance(self, s, growing, **others):
        """Return the next of Nesterov's growing coefficients."""
        return next_coefficients(s.t) if growing else {}

    def update(
        self, theta, g, s, lr, momentum, dampening, lr_inside, undamped_first, growing,
        lookahead, weight_decay, decoupled_weight_decay,
    ):  # fmt: skip
        """Change ``theta`` in place."""
        xp = xp_of(theta)
        v, work = s.velocity, s.work
        mu = s.mu if growing else momentum
        inside, outside = (lr, 1) if lr_inside else (1, lr)
        if not (undamped_first and s.new):
            inside *= 1 - (mu if dampening is None else dampening)
        keep = mu
        if weight_decay and not decoupled_weight_decay:
            # g has the decay of theta; where the gradient was taken, the parameters are less by ahead v
            ahead = reach(lookahead, mu) * outside
            keep -= inside * weight_decay * ahead
        # v <- mu v + inside g
        v *= keep
        v += xp.multiply(g, inside, out=work)
        # theta <- theta - outside v
        theta -= v if outside == 1 else xp.multiply(v, outside, out=work)

    @property
    def _looks_ahead(self) -> bool:
        return any(group["lookahead"] != "none" for group in self.param_groups)

    def step(self, closure: Callable[[], Any] | None = None, *, direction: Any = None) -> Any:
        """Change all parameters that have a gradient, once.

        Parameters
        ----------
        closure : callable
            Called where the parameters are ahead, to compute the loss and the gradients; then they are put
            back, to the last bit, and changed.  It may be left out if no group looks ahead, or if there is
            a ``direction``.
        direction : list of Tensor, or callable, optional
            What takes the place of the gradients; see :meth:`Optimizer.step`.

        Returns
        -------
        Tensor or None
            What ``closure`` returned: the loss where the gradient was asked for.

        Raises
        ------
        TypeError
            If there is no closure, but a group looks ahead.
        """
        if not self._looks_ahead:
            return super().step(closure, direction=direction)
        if closure is None and direction is None:
            raise self._error(
                TypeError,
                "step() needs a closure, which computes the loss and calls its backward(): the gradient is "
                "asked for elsewhere than where the parameters are; SGD(nesterov=True) needs none",
            )
        loss = None
        with ExitStack() as until_changed:
            with moved(self._ahead()):
                if closure is not None:
                    with enable_grad():
                        loss = closure()
                if self.transforms or direction is not None:
                    until_changed.enter_context(in_place_of_gradients(self, direction))
            self._apply_rule()
        return loss

    def _ahead(self) -> Iterator[tuple[Any, Any]]:
        """Yield the parameters that have a velocity, and how far to go along it."""
        for group in self.param_groups:
            if group["lookahead"] == "none":
                continue
            outside = 1 if group["lr_inside"] else plain(group["lr"])
            for p in group["params"]:
                slots = self._state.get(p)
                if not (p.requires_grad and slots and "velocity" in slots):
                    continue
                mu = plain(group["momentum"])
                if group["growing"]:
                    mu = next_coefficients(slots.get("t", self.scalars["t"]))["mu"]
                v = slots["velocity"].array
                yield p, xp_of(v).multiply(v, reach(group["lookahead"], mu) * outside)


class Nesterov(Momentum):
    r"""Momentum with the gradient taken where the momentum leads to, so that it corrects it in time.

    .. math::
        v &\leftarrow \mu\, v + \eta\, \nabla J(\theta - \mu\, v) \\
        \theta &\leftarrow \theta - v

    The gradient is asked for at another place than where the parameters are, so ``step`` needs a closure;
    meanwhile they are moved there.  ``SGD(nesterov=True)`` does without: its :math:`\theta` is this one's
    :math:`\theta - \mu v`.

    Parameters
    ----------
    params, lr, momentum, dampening, lr_inside, undamped_first, growing
        As for :class:`Momentum`.
    weight_decay, maximize, decoupled_weight_decay
        As for :class:`Momentum`.
    lookahead : str, default "momentum"
        Where the gradient is asked for, as for :class:`Momentum`.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`.

    Notes
    -----
    For a smooth convex :math:`J` Nesterov proved that ``growing=True`` leaves an error of
    :math:`O(1/k^2)` after :math:`k` steps; gradient descent, :math:`O(1/k)`.

    References
    ----------
    - Y. Nesterov, A method for solving the convex programming problem with convergence rate
      :math:`O(1/k^2)`, 1983 (``growing``).
    - I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of initialization and momentum in deep
      learning, 2013.
    - Document 000, references 7 and 11; document 003, equation 6.12.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.Nesterov.sutskever([x], lr=0.1, mu=0.5)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (x * x).sum()
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(40):
    ...     loss = optimizer.step(closure)
    >>> loss.item() < 1e-6
    True
    """

    defaults = Momentum.defaults | {"lookahead": "momentum"}
    equation = "v ← μ v + η ∇J(θ − μ v)\nθ ← θ − v"

    @classmethod
    def sutskever(cls, params: Any, lr: float = 1e-3, mu: float = 0.9, **options: Any) -> Nesterov:
        r"""Rate inside: :math:`v \leftarrow \mu v + \eta \nabla J(\theta - \mu v)`.

        Parameters
        ----------
        params : iterable
            What is optimised.
        lr, mu : float
            :math:`\eta` and :math:`\mu`.
        **options
            More, as for the class.
        """
        return cls(params, lr, mu, **options)

    @classmethod
    def lookahead(
        cls,
        params: Any,
        alpha: float = 1e-3,
        beta: float = 0.9,
        at: str = "alpha_beta_m",
        **options: Any,
    ) -> Nesterov:
        r"""Average: :math:`m \leftarrow \beta m + (1 - \beta) \nabla L(\theta - \alpha\beta m)`.

        Document 003 prints eq. 6.12 with :math:`\alpha m`, which goes further than momentum leads; later
        editions have :math:`\alpha\beta m`.

        Parameters
        ----------
        params : iterable
            What is optimised.
        alpha, beta : float
            :math:`\alpha` and :math:`\beta`, in the groups ``"lr"`` and ``"momentum"``; both may be
            changed there, and :math:`1 - \beta` follows.
        at : str, default "alpha_beta_m"
            ``"alpha_beta_m"``, or ``"alpha_m"`` as printed.
        **options
            More, as for the class.

        Raises
        ------
        ValueError
            If ``at`` is neither.
        """
        check_choice("Nesterov.lookahead", ("alpha_beta_m", "alpha_m"), at=at)
        where = "momentum" if at == "alpha_beta_m" else "velocity"
        made = cls(params, alpha, beta, None, lr_inside=False, lookahead=where, **options)
        place = "αβ m" if at == "alpha_beta_m" else "α m"
        return made._reading_as(f"m ← β m + (1 − β) ∇L(θ − {place})\nθ ← θ − α m")


def reach(lookahead: str, mu: float) -> float:
    """Return how much of the velocity the gradient is taken ahead."""
    return {"none": 0.0, "momentum": mu, "velocity": 1.0}[lookahead]


def next_coefficients(t: float) -> dict[str, float]:
    r"""Return Nesterov's :math:`t_{k+1}` after :math:`t_k` (the first after 0), and :math:`\mu_k`."""
    following = (1 + math.sqrt(1 + 4 * t * t)) / 2
    return {"t": following, "mu": (t - 1) / following if t else 0.0}
