"""Evolution strategies: the gradient of a smoothed loss, from values of the loss alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minigrad._creation import tensor
from minigrad._functions.shaping import stack
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.backend.generator import Generator
from minigrad.optim.around import Around, Drawing, climbs
from minigrad.optim.checks import WHOLE, check, check_choice
from minigrad.optim.elsewhere import moved
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD
from minigrad.optim.vectors import moving, of_each


class ES(Drawing, Around):
    r"""Evolution strategy: try random steps, and go where the loss was low.

    With :math:`\epsilon_i \sim N(0, I)` and :math:`s_i = J(\theta + \sigma \epsilon_i)`,

    .. math:: \theta \leftarrow \theta - \frac{\eta}{\sigma M} \sum_{i=1}^{M} s_i \, \epsilon_i

    The sum over :math:`\sigma M` is on the average the gradient of :math:`J_\sigma(\theta) = E \,
    J(\theta + \sigma \epsilon)`, a smoothed loss, whatever the loss is: with jumps, or flat almost
    everywhere.

    ``step(closure)`` calls ``closure`` M times; it only returns the loss (``observes = "value"``), which need
    not have a gradient.  Nothing here waits for a GPU.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 0.02
        The rate :math:`\eta`.
    sigma : float, default 1.0
        How far the steps go that are tried, :math:`\sigma > 0`.
    samples : int, default 10
        How many, M.
    antithetic : bool, default False
        Try each step in both directions, M / 2 pairs :math:`\pm \epsilon`: whatever is the same in both, such
        as a constant in the loss, cancels.
    baseline : {None, "mean", "leave_one_out"}, default None
        What is subtracted from each :math:`s_i`: nothing, the mean of all, or the mean of the others.  The
        noise falls very much; with ``"mean"`` the estimate also shrinks by :math:`(M - 1) / M`.  Both of
        a pair would share it, so that it cancels: with ``antithetic=True`` it changes nothing.
    shaping : {None, "ranks"}, default None
        Take the ranks of the losses, from -½ for the lowest to ½ for the highest, in place of the losses:
        outliers and the scale of the loss do not count any more; nor do magnitudes.  Nan is the worst.
    base : callable, default SGD
        Makes the optimiser that takes the steps, from parameters, ``lr`` and ``options``.
    generator : Generator, optional
        Where is drawn; if not given, one of its own, seeded by the default generator.
    **options
        For ``base``: ``ES(params, base=Adam, weight_decay=0.005)``.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer` and ``base``; and for other options than these, or pairs of an odd ``samples``.

    Notes
    -----
    Defaults and sign are the document's, of a loss that is minimised; with ``maximize=True`` it is a
    reward.  The paper has :math:`\sigma = .02`, antithetic steps, ranks, and Adam with rate .01.

    Standard deviations of the estimate for :math:`\lVert \theta \rVert^2` at (1, -2), with
    :math:`\sigma = .1`, M = 10: 16 as it is, 1.5 with a baseline, 2.2 in pairs.

    It is made for few parameters or many processors: on a network's thousands of weights the noise
    grows with their number, and a gradient costs as much as two samples.

    References
    ----------
    - Document 000, algorithm 1.4 (where line 6 writes :math:`\theta` for :math:`\theta^k`) and figure 1.4.
    - T. Salimans, J. Ho, X. Chen, S. Sidor, I. Sutskever, Evolution strategies as a scalable alternative to
      reinforcement learning, 2017.

    Examples
    --------
    >>> import minigrad as mg
    >>> _ = mg.manual_seed(0)
    >>> x = mg.tensor([1.0], requires_grad=True)
    >>> optimizer = mg.optim.ES([x])
    >>> for _ in range(500):  # a loss of steps
    ...     mean = optimizer.step(lambda: ((4 * abs(x)).floor() / 4).sum())
    >>> bool(abs(x) < 0.3)
    True
    """

    equation = "s_i = J(θ + σ ε_i),  ε_i ~ N(0, I)\nθ ← θ − η / (σ M) Σ s_i ε_i"
    observes = "value"
    ranges = Optimizer.ranges | {"sigma": (math.ulp(0.0), math.inf)}

    def __init__(
        self,
        params: Any,
        lr: float = 0.02,
        sigma: float = 1.0,
        samples: int = 10,
        *,
        antithetic: bool = False,
        baseline: str | None = None,
        shaping: str | None = None,
        base: Callable[..., Optimizer] = SGD,
        generator: Generator | None = None,
        **options: Any,
    ) -> None:
        check(self, WHOLE, samples=samples)
        check_choice(self, (None, "mean", "leave_one_out"), baseline=baseline)
        check_choice(self, (None, "ranks"), shaping=shaping)
        if antithetic and samples % 2:
            raise self._error(ValueError, f"samples = {samples} are odd, and cannot be pairs")
        if samples < 2 and (baseline or shaping):
            raise self._error(ValueError, "one sample has no others to be compared with")
        super().__init__(params, base, {"lr": lr, **options}, {"sigma": sigma})
        self.samples = samples
        self.antithetic = antithetic
        self.baseline = baseline
        self.shaping = shaping
        self._draw_from(generator)

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Tensor:  # type: ignore[override]
        r"""Change all parameters, once; their ``.grad`` is then the estimate of the gradient.

        Parameters
        ----------
        closure : callable
            Returns the loss.

        Returns
        -------
        Tensor
            The mean of the losses that were tried: an estimate of :math:`J_\sigma` before the step.
        """
        params = moving(self)
        sigmas = of_each(self, "sigma")
        noises, losses = [], []
        for _ in range(self.samples // 2 if self.antithetic else self.samples):
            noise = [normal_like(p, self.generator) for p in params]
            noises.append(noise)
            for sign in (1, -1) if self.antithetic else (1,):
                scales = [sign * sigma for sigma in sigmas]
                losses.append(loss_beside(closure, params, noise, scales))
        values = stack(losses)
        weights = {way: self._weights(values, way) for way in set(map(climbs, self.param_groups))}
        ways = [
            climbs(group) for group in self.param_groups for p in group["params"] if p.requires_grad
        ]
        for number, (p, sigma, way) in enumerate(zip(params, sigmas, ways, strict=True)):
            scales = (weights[way] / sigma).to(p.device, p.dtype)
            p.grad = sum_of([noise[number] for noise in noises], scales)
        self._step_base()
        return values.mean()

    def _weights(self, values: Tensor, maximize: bool) -> Tensor:
        """Return what the noises are multiplied by, up to sigma."""
        baseline = None if self.antithetic else self.baseline  # both of a pair share it: it cancels
        weights = shaped(values, baseline, self.shaping, maximize) / self.samples
        return weights[0::2] - weights[1::2] if self.antithetic else weights


def normal_like(p: Tensor, generator: Generator) -> Tensor:
    """Return normal numbers in shape, dtype and device of ``p``."""
    return tensor(generator.normal(tuple(p.shape), p.dtype), device=p.device)


def loss_beside(
    closure: Callable[[], Any], params: list[Tensor], noise: list[Tensor], scales: list[float]
) -> Tensor:
    r"""Return the loss at :math:`\theta + \sigma \epsilon`, not recorded, without dimensions."""
    offsets = [
        (p, (-scale * one).array) for p, scale, one in zip(params, scales, noise, strict=True)
    ]
    with no_grad(), moved(offsets):
        loss = closure()
    if not isinstance(loss, Tensor):
        loss = tensor(loss, dtype=params[0].dtype, device=params[0].device)
    return loss.detach().reshape(())


def shaped(
    values: Tensor, baseline: str | None, shaping: str | None, maximize: bool = False
) -> Tensor:
    """Return the weights that losses get, or rewards with ``maximize``."""
    if shaping == "ranks":
        values = centered_ranks(values, maximize)
    if baseline is not None:
        values = values - values.mean()
    if baseline == "leave_one_out":  # s - mean of the others = M / (M - 1) (s - mean of all)
        values = values * (len(values) / (len(values) - 1))
    return values


def centered_ranks(values: Tensor, maximize: bool = False) -> Tensor:
    """Return the ranks of the values, from -½ to ½; equal ones share theirs.

    Nan is the worst: the highest of losses, the lowest of rewards, with ``maximize``.
    """
    values = values.where(~values.isnan(), -math.inf if maximize else math.inf)
    column = values.unsqueeze(1)
    below, not_above = (values < column).to(values.dtype), (values <= column).to(values.dtype)
    ranks = ((below + not_above).sum(1) - 1) / 2  # of equal values the mean, from 0 to M - 1
    return ranks / (len(values) - 1) - 0.5


def sum_of(tensors: list[Tensor], weights: Tensor) -> Tensor:
    """Return the weighted sum of the tensors."""
    first, *others = [one * weights[number] for number, one in enumerate(tensors)]
    return sum(others, start=first)
