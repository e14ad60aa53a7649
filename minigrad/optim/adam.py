"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

import math
from typing import Any

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class Adam(Optimizer):
    r"""Steps of about the size of the rate in every coordinate, by running moments of the gradient.

    In step :math:`t`, with gradient :math:`g` and rate :math:`\eta`,

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1)\, g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
        \theta &\leftarrow \theta - \eta\,
            \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    The divisions by :math:`1 - \beta^t` correct that :math:`m` and :math:`v` begin at 0.  With
    ``amsgrad`` the largest :math:`v` so far takes the place of :math:`v` in the last line.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-3
        The rate :math:`\eta \ge 0`.
    betas : (float, float), default (0.9, 0.999)
        How slowly the two moments forget, :math:`0 \le \beta_1, \beta_2 < 1`.
    eps : float, default 1e-8
        :math:`\epsilon \ge 0`, against division by zero; it is added outside the root, after the
        correction.
    weight_decay : float, default 0
        :math:`\lambda \ge 0`; :math:`\lambda \theta` is added to the gradient, and so divided by the root
        as well: see :class:`AdamW`.
    amsgrad : bool, default False
        Never let the denominator shrink.
    eps_after_correction : bool, default True
        Whether :math:`\epsilon` is added to the corrected root, or, as in Keras, to :math:`\sqrt v`:
        :math:`\theta \leftarrow \theta - \eta\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\,
        \frac{m}{\sqrt v + \epsilon}`.
    bias_correction : bool, default True
        Whether there are the divisions by :math:`1 - \beta^t`.  Without them the first step is
        :math:`(1 - \beta_1) / \sqrt{1 - \beta_2} = 3.16` times as long as the rate, with the default betas.
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
    Options and formulas are PyTorch's, ``eps_after_correction`` and ``bias_correction`` apart; so are the
    names of the state, ``exp_avg`` for :math:`m`, ``exp_avg_sq`` for :math:`v` (and ``step``, here an
    integer).

    Document 003 (eq. 6.15 to 6.17) writes :math:`\alpha, \beta, \gamma` for :math:`\eta, \beta_1, \beta_2`;
    the handwriting beside it leaves out the correction.  Document 004 has :math:`r, s` for :math:`m, v`.
    The step does not change when the gradient is multiplied by a factor, but for :math:`\epsilon`: a sum or
    a mean over the batch is the same.

    References
    ----------
    - D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, 2014; the end of its section 2 has
      the other place of :math:`\epsilon`.
    - S. J. Reddi, S. Kale, S. Kumar, On the convergence of Adam and beyond, 2018 (``amsgrad``).

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.Adam([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()  # the first step is the rate, whatever the size of the gradient
    >>> x
    tensor([ 3.5000, -1.5000], requires_grad=True)
    """

    defaults = {
        "lr": 1e-3,
        "betas": (0.9, 0.999),
        "eps": 1e-8,
        "weight_decay": 0,
        "amsgrad": False,
        "eps_after_correction": True,
        "bias_correction": True,
    }
    own_options: tuple[str, ...] = ("eps_after_correction", "bias_correction")
    equation = (
        "m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²\n"
        "θ ← θ − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)"
    )
    ranges = Optimizer.ranges | {"betas": (0, 1), "eps": (0, math.inf)}

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of what is kept: steps, both moments, and with amsgrad a maximum."""
        names = "step", "exp_avg", "exp_avg_sq"
        return (*names, "max_exp_avg_sq") if group["amsgrad"] else names

    def coefficients(self, s, lr, betas, eps, eps_after_correction, bias_correction):
        r"""Return the numbers of the rule.

        With corrections :math:`c_1, c_2` the step is :math:`\eta \frac{m / c_1}{\sqrt v / c_2 + \epsilon}`;
        here :math:`c_2` is multiplied out, which saves a pass over the parameters.
        """
        beta1, beta2 = betas
        c1, c2 = 1 - beta1**s.step, math.sqrt(1 - beta2**s.step)
        if not bias_correction:
            c1 = c2 = 1
        return {
            "beta1": beta1,
            "rest1": 1 - beta1,
            "beta2": beta2,
            "rest2": 1 - beta2,
            "small": c2 * eps if eps_after_correction else eps,
            "rate": lr * c2 / c1,
        }

    def update(self, theta, g, s, amsgrad):
        """Change ``theta`` in place."""
        xp = xp_of(theta)
        m, v, work, c = s.exp_avg, s.exp_avg_sq, s.work, s.coefficients
        # v <- beta2 v + (1 - beta2) g^2
        xp.multiply(g, g, out=work)
        work *= c.rest2
        v *= c.beta2
        v += work
        # m <- beta1 m + (1 - beta1) g, not before v, so that it is in the cache when it is divided
        xp.multiply(g, c.rest1, out=work)
        m *= c.beta1
        m += work
        if amsgrad:
            v = xp.maximum(s.max_exp_avg_sq, v, out=s.max_exp_avg_sq)
        # theta <- theta - rate m / (sqrt(v) + small)
        xp.sqrt(v, out=work)
        work += c.small
        xp.divide(m, work, out=work)
        work *= c.rate
        theta -= work

    def kernel(self, s, amsgrad):
        """Return the same for a GPU."""
        root_of, largest = "exp_avg_sq", ""
        if amsgrad:
            root_of = "max_exp_avg_sq"
            largest = "max_exp_avg_sq = exp_avg_sq <= max_exp_avg_sq ? max_exp_avg_sq : exp_avg_sq;"
        lines = f"""
            exp_avg = exp_avg * beta1 + g * rest1;
            exp_avg_sq = exp_avg_sq * beta2 + g * g * rest2;
            {largest}
            theta -= exp_avg / (sqrt({root_of}) + small) * rate;
        """
        return lines, vars(s.coefficients)


class AdamW(Adam):
    r"""Adam with decoupled weight decay: the parameters shrink beside the rule, not through it.

    :class:`Adam` divides the decay, as a part of the gradient, by the root of the second moment, so
    that weights with large gradients decay less.  Here, before each step of Adam without decay,

    .. math:: \theta \leftarrow (1 - \eta \lambda)\, \theta

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, eps_after_correction, bias_correction, maximize
        As for :class:`Adam`.
    weight_decay : float, default 1e-2
        :math:`\lambda \ge 0`.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`.

    Notes
    -----
    As in PyTorch the decay is multiplied by the rate; in the paper it is not, but by a schedule of its
    own.

    References
    ----------
    - I. Loshchilov, F. Hutter, Decoupled weight decay regularization, 2019.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.AdamW([x], lr=0.5, weight_decay=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 3.3000, -1.4000], requires_grad=True)
    """

    defaults = Adam.defaults | {"weight_decay": 1e-2, "decoupled_weight_decay": True}
    equation = "θ ← (1 − η λ) θ\n" + Adam.equation
