"""Methods of order zero: they see nothing but values of the loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minigrad._creation import tensor
from minigrad._functions.shaping import stack
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.backend.generator import Generator
from minigrad.optim.around import Around, Drawing
from minigrad.optim.checks import WHOLE, check
from minigrad.optim.evolution import loss_beside, normal_like, sum_of
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD
from minigrad.optim.vectors import copies, moving, of_each, put_along


class RandomSearch(Drawing):
    r"""Random search: try steps at random, and go to the best point if it is lower.

    With :math:`\epsilon_i \sim N(0, I)`,

    .. math:: \theta \leftarrow \text{ where } J \text{ is lowest, of } \;
        \theta, \; \theta + \sigma \epsilon_1, \dots, \theta + \sigma \epsilon_M

    so that the loss never rises; nan counts as infinite.  No gradient is needed, nor that there is one.

    ``step(closure)`` calls ``closure`` M + 1 times; it only returns the loss (``observes = "value"``).
    Losses are compared on the host, so that a GPU is waited for.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    sigma : float, default 0.1
        How far the steps go, :math:`\sigma`.
    samples : int, default 1
        How many are tried at a time, M.
    adapt : float, default 1.0
        At least 1.  By how much :math:`\sigma` grows with a step that was good; with one that was not
        it shrinks by the fourth root, so that one step in five is good: Rechenberg's rule.
    generator : Generator, optional
        Where is drawn; if not given, one of its own, seeded by the default generator.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`.

    Notes
    -----
    The chance that a step is good falls with the number of parameters: it is not made for networks.  With
    ``adapt=1.0`` it comes no closer to a minimum than chance allows: let ``sigma`` fall, or adapt it.

    References
    ----------
    - Document 000, section 1.2, on methods of order zero.
    - L. A. Rastrigin, The convergence of the random search method in the extremal control of a
      many-parameter system, 1963; I. Rechenberg, Evolutionsstrategie, 1973.

    Examples
    --------
    >>> import minigrad as mg
    >>> _ = mg.manual_seed(0)
    >>> x = mg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.RandomSearch([x], adapt=1.5)
    >>> for _ in range(300):
    ...     loss = optimizer.step(lambda: (x**2).sum())
    >>> bool(loss < 1e-6)
    True
    """

    equation = "θ ← where J is lowest, of θ, θ + σ ε_1, …, θ + σ ε_M,  ε_i ~ N(0, I)"
    observes = "value"
    ranges = {"sigma": (0, math.inf), "adapt": (1, math.inf)}

    def __init__(
        self,
        params: Any,
        sigma: float = 0.1,
        samples: int = 1,
        adapt: float = 1.0,
        generator: Generator | None = None,
    ) -> None:
        check(self, WHOLE, samples=samples)
        super().__init__(params, {"sigma": sigma, "adapt": adapt})
        self.samples = samples
        self._draw_from(generator)

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Change all parameters, if one of the points that are tried is lower.

        Parameters
        ----------
        closure : callable
            Returns the loss.

        Returns
        -------
        Tensor or float
            The loss at the start, what the first call returned.
        """
        params = moving(self)
        sigmas = of_each(self, "sigma")
        loss = closure()
        lowest, best = float(loss), None
        if math.isnan(lowest):
            lowest = math.inf  # any number is lower
        for _ in range(self.samples):
            noise = [normal_like(p, self.generator) for p in params]
            value = loss_beside(closure, params, noise, sigmas).item()
            if value < lowest:
                lowest, best = value, noise
        if best is not None:
            steps = [sigma * one for sigma, one in zip(sigmas, best, strict=True)]
            put_along(params, copies(params), steps, 1.0)
        for group in self.param_groups:
            group["sigma"] *= group["adapt"] ** (-0.25 if best is None else 1.0)
        return loss


class SPSA(Drawing, Around):
    r"""Descent by the slope along a random direction, measured with two values of the loss.

    With the numbers of :math:`\Delta` -1 or 1 at random (simultaneous perturbation stochastic
    approximation),

    .. math::
        \hat g &= \frac{J(\theta + c \Delta) - J(\theta - c \Delta)}{2 c} \, \Delta \\
        \theta &\leftarrow \theta - \eta \, \hat g

    On the average :math:`\hat g` is the gradient, but for a term of order :math:`c^2`: two values, however
    many parameters there are, where finite differences take two for each.  But the noise grows with their
    number, and the rate has to fall accordingly: it is not made for networks.

    ``step(closure)`` calls ``closure`` twice for each sample; it only returns the loss (``observes =
    "value"``).  Nothing here waits for a GPU.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-3
        The rate :math:`\eta`.
    c : float, default 1e-3
        How far is gone to both sides, :math:`c > 0`.
    samples : int, default 1
        The mean of how many estimates is taken.
    base : callable, default SGD
        Makes the optimiser that takes the steps, from parameters, ``lr`` and ``options``.
    generator : Generator, optional
        Where is drawn; if not given, one of its own, seeded by the default generator.
    **options
        For ``base``.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer` and ``base``.

    Notes
    -----
    Where the loss itself is noisy, rate and ``c`` have to fall; the paper's are :math:`\eta_k \sim (k + 1 +
    A)^{-.602}` and :math:`c_k \sim (k + 1)^{-.101}`.

    References
    ----------
    - Document 000, section 1.2, on methods of order zero.
    - J. C. Spall, Multivariate stochastic approximation using a simultaneous perturbation gradient
      approximation, IEEE Transactions on Automatic Control, 1992.

    Examples
    --------
    >>> import minigrad as mg
    >>> _ = mg.manual_seed(0)
    >>> x = mg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.SPSA([x], lr=0.1)
    >>> for _ in range(200):
    ...     mean = optimizer.step(lambda: (x**2).sum())
    >>> bool((x**2).sum() < 1e-6)
    True
    """

    equation = "ĝ = (J(θ + c Δ) − J(θ − c Δ)) / (2 c) Δ,  Δ_i = ±1\nθ ← θ − η ĝ"
    observes = "value"
    ranges = Optimizer.ranges | {"c": (math.ulp(0.0), math.inf)}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        c: float = 1e-3,
        samples: int = 1,
        *,
        base: Callable[..., Optimizer] = SGD,
        generator: Generator | None = None,
        **options: Any,
    ) -> None:
        check(self, WHOLE, samples=samples)
        super().__init__(params, base, {"lr": lr, **options}, {"c": c})
        self.samples = samples
        self._draw_from(generator)

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Tensor:  # type: ignore[override]
        """Change all parameters, once; their ``.grad`` is then the estimate of the gradient.

        Parameters
        ----------
        closure : callable
            Returns the loss.

        Returns
        -------
        Tensor
            The mean of the losses that were tried.
        """
        params = moving(self)
        widths = of_each(self, "c")
        signs, differences, means = [], [], []
        for _ in range(self.samples):
            sign = [_signs_like(p, self.generator) for p in params]
            above = loss_beside(closure, params, sign, widths)
            below = loss_beside(closure, params, sign, [-width for width in widths])
            signs.append(sign)
            differences.append(above - below)
            means.append((above + below) / 2)
        for number, (p, width) in enumerate(zip(params, widths, strict=True)):
            slopes = stack(differences) / (2 * width * self.samples)
            p.grad = sum_of([sign[number] for sign in signs], slopes.to(p.device, p.dtype))
        self._step_base()
        return stack(means).mean()


def _signs_like(p: Tensor, generator: Generator) -> Tensor:
    """Return -1 and 1, with equal chances, in shape, dtype and device of ``p``."""
    return tensor(2 * generator.bernoulli(0.5, tuple(p.shape), p.dtype) - 1, device=p.device)
