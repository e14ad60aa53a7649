"""Muon: momentum made orthogonal, for matrices; the other parameters go to AdamW."""

from __future__ import annotations

import math
from typing import Any

from minigrad.backend.devices import xp_of
from minigrad.optim.adam import Adam
from minigrad.optim.checks import WHOLE, check, check_choice
from minigrad.optim.optimizer import Optimizer

QUINTIC = (3.4445, -4.7750, 2.0315)
"""Fast, to singular values around 1, from 0.68 to 1.13."""

CUBIC = (1.5, -0.5, 0.0)
"""Slow, to 1 exactly, in some 30 iterations."""


class Muon(Optimizer):
    r"""For each matrix a step that turns and stretches all directions alike.

    With gradient :math:`g`, rate :math:`\eta` and momentum :math:`\mu`,

    .. math::
        m &\leftarrow \mu\, m + (1 - \mu)\, g \\
        u &= \mu\, m + (1 - \mu)\, g \qquad (u = m \text{ without nesterov}) \\
        \theta &\leftarrow (1 - \eta \lambda)\, \theta - \eta\, s\, \mathrm{NS}(u)

    :math:`\mathrm{NS}(u)`, five Newton-Schulz iterations, comes near the orthogonal matrix :math:`U V^T` of
    the singular value decomposition :math:`u = U \Sigma V^T`: see :func:`~minigrad.optim.muon.newton_schulz`.
    The scale :math:`s` is a matter of the shape, see ``adjust_lr_fn``.

    This is for the weights of hidden layers.  Parameters that are no matrices, biases and gains, are
    updated by :class:`AdamW`, in a group of their own; embeddings and the output layer should be too,
    though they are matrices: put them in a group with ``"use_muon": False``.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.  A group that does not say ``use_muon`` is split in two,
        matrices and others.
    lr : float, default 1e-3
        The rate :math:`\eta \ge 0` of the matrices.  Named by a group, it is that of the matrices if there
        are any, and the others have ``adamw_lr``; of a group without matrices it is the rate of AdamW.
    weight_decay : float, default 0.1
        :math:`\lambda \ge 0`, in AdamW too.
    momentum : float, default 0.95
        :math:`0 \le \mu < 1`.
    nesterov : bool, default True
        Whether the gradient is mixed in once more.
    ns_coefficients : (float, float, float), default (3.4445, -4.7750, 2.0315)
        :math:`a, b, c` of the iteration; ``(1.5, -0.5, 0)`` with ``ns_steps=30`` makes it exact.
    eps : float, default 1e-7
        Against division by zero, where :math:`u` is divided by its norm.
    ns_steps : int, default 5
        The number of iterations.
    adjust_lr_fn : str, optional
        The scale :math:`s`, for weights stored (out, in):
        ``"original"``, which is the default, :math:`\sqrt{\max(1, out /
        in)}`; or ``"match_rms_adamw"``, :math:`0.2 \sqrt{\max(out, in)}`, with which rates and decay that
        are good for AdamW are good here.
    use_muon : bool, optional
        Of a group: whether its parameters are updated by Muon, or by AdamW.  With ``True`` those with more
        than two axes are seen as matrices (first axis, all others), as of convolutions.
    adamw_lr : float, default 1e-3
        The rate of what goes to AdamW; it becomes the ``lr`` of its group.  A group that goes there as a
        whole may name its ``lr`` instead.
    adamw_betas : (float, float), default (0.9, 0.999)
        As ``betas`` of :class:`AdamW`.
    adamw_eps : float, default 1e-8
        As ``eps`` of :class:`AdamW`.
    maximize : bool, default False
        Climb instead.
    decoupled_weight_decay : bool, default True
        With ``False``, :math:`\lambda \theta` is added to the gradient instead.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`; and if a group with ``use_muon=True`` has a vector.

    Notes
    -----
    Options, defaults and the name of the state, ``momentum_buffer``, are PyTorch's ``Muon``, which takes
    matrices only and iterates in bfloat16 (here it is the dtype of the parameter); ``use_muon`` and what
    begins with ``adamw`` are not in PyTorch, and its rates are its AdamW's.  K. Jordan's own defaults are
    ``lr=0.02``, ``weight_decay=0``, ``adamw_lr=3e-4``, ``adamw_betas=(0.9, 0.95)``, ``adamw_eps=1e-10``;
    those of Keras ``lr=0.001``, ``weight_decay=0.004`` with ``"match_rms_adamw"``.

    References
    ----------
    - K. Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024 (document 003 names it).
    - J. Liu et al., Muon is scalable for LLM training, 2025 (``"match_rms_adamw"``).

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.nn.Linear(3, 2)
    >>> optimizer = mg.optim.Muon(layer.parameters(), lr=0.02)
    >>> [(group["use_muon"], group["lr"]) for group in optimizer.param_groups]
    [(True, 0.02), (False, 0.001)]
    """

    defaults = {
        "lr": 1e-3,
        "weight_decay": 0.1,
        "momentum": 0.95,
        "nesterov": True,
        "ns_coefficients": QUINTIC,
        "eps": 1e-7,
        "ns_steps": 5,
        "adjust_lr_fn": None,
        "use_muon": None,
        "adamw_lr": 1e-3,
        "adamw_betas": (0.9, 0.999),
        "adamw_eps": 1e-8,
        "decoupled_weight_decay": True,
    }
    own_options = ("use_muon", "adamw_lr", "adamw_betas", "adamw_eps")
    equation = (
        "m ← μ m + (1 − μ) g,  u = μ m + (1 − μ) g\nθ ← (1 − η λ) θ − η s NS(u),  NS(U Σ Vᵀ) ≈ U Vᵀ"
    )
    ranges = Optimizer.ranges | {
        "momentum": (0, 1),
        "eps": (0, math.inf),
        "adamw_lr": (0, math.inf),
        "adamw_betas": (0, 1),
        "adamw_eps": (0, math.inf),
    }

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of what is kept: by Muon a buffer, by AdamW steps and both moments."""
        return ("momentum_buffer",) if group["use_muon"] else ("step", "exp_avg", "exp_avg_sq")

    def is_elementwise(self, group: dict[str, Any]) -> bool:
        """Tell whether the rule treats every number alike: AdamW's does."""
        return not group["use_muon"]

    def check(self, group: dict[str, Any]) -> None:
        """Raise an error if a hyperparameter is out of its range."""
        super().check(group)
        check(self, WHOLE, ns_steps=group["ns_steps"])
        if group["adjust_lr_fn"] is not None:
            check_choice(self, ("original", "match_rms_adamw"), adjust_lr_fn=group["adjust_lr_fn"])
        if len(group["ns_coefficients"]) != 3:
            raise self._error(
                ValueError,
                f"ns_coefficients has to hold 3 numbers, got {group['ns_coefficients']}",
            )

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with hyperparameters of their own; see :meth:`Optimizer.add_param_group`.

        Copies of the dictionary become groups: one, or if it does not say ``use_muon`` and has matrices and
        others, one of each.
        """
        if not isinstance(param_group, dict):
            return super().add_param_group(param_group)
        params, names = self._checked_params(param_group.get("params"))
        told = param_group.get("use_muon", self.defaults["use_muon"])
        parts: dict[bool, list[Any]] = {True: [], False: []}
        for position, p in enumerate(params):
            by_muon = p.ndim == 2 if told is None else bool(told)
            if by_muon and p.ndim < 2:
                raise self._error(
                    ValueError,
                    f"parameter {position} has shape {tuple(p.shape)} and is no matrix; leave use_muon out, "
                    "or put it in a group with 'use_muon': False",
                )
            parts[by_muon].append((names[position], p) if names else p)
        for by_muon, part in parts.items():
            if part:
                group = {**param_group, "params": part, "use_muon": by_muon}
                if not by_muon:
                    group["lr"] = self._adamw_rate(param_group, is_split=bool(parts[True]))
                super().add_param_group(group)
        return None

    def _adamw_rate(self, given: dict[str, Any], is_split: bool) -> Any:
        """Return the rate of those parameters of a given group that go to AdamW."""
        if given.get("use_muon") is None and (is_split or "adamw_lr" in given):
            return given.get("adamw_lr", self.defaults["adamw_lr"])
        return given.get("lr", given.get("adamw_lr", self.defaults["adamw_lr"]))

    def coefficients(self, s, lr, use_muon, adamw_betas, adamw_eps):
        """Return the numbers of AdamW's rule, for the parameters that go to it."""
        of_adam: Any = Adam.coefficients  # as update below, a function of its arguments alone
        return {} if use_muon else of_adam(self, s, lr, adamw_betas, adamw_eps, True, True)

    def update(
        self, theta, g, s, lr, momentum, nesterov, ns_coefficients, eps, ns_steps, adjust_lr_fn,
        use_muon,
    ):  # fmt: skip
        """Change ``theta`` in place."""
        if not use_muon:
            rule: Any = Adam.update
            rule(self, theta, g, s, amsgrad=False)
            return
        xp, m, work = xp_of(theta), s.momentum_buffer, s.work
        # m <- mu m + (1 - mu) g
        damped = g * (1 - momentum)
        m *= momentum
        m += damped
        # u = mu m + (1 - mu) g
        u = m
        if nesterov:
            u = xp.multiply(m, momentum, out=work)
            u += damped
        matrix = xp.reshape(u, (u.shape[0], -1))
        step = newton_schulz(matrix, ns_steps, ns_coefficients, eps)
        step *= lr * scale_of(matrix.shape, adjust_lr_fn)
        theta -= xp.reshape(step, theta.shape)


def newton_schulz(
    matrix: Any,
    steps: int = 5,
    coefficients: tuple[float, float, float] = QUINTIC,
    eps: float = 1e-7,
) -> Any:
    r"""Return nearly :math:`U V^T` for a matrix :math:`U \Sigma V^T`, by products of matrices only.

    :math:`X = u / (\lVert u \rVert_F + \epsilon)` at first, transposed if it has more rows than columns; then

    .. math:: X \leftarrow a X + (b A + c A^2)\, X, \qquad A = X X^T

    Each singular value :math:`\sigma` becomes :math:`a\sigma + b\sigma^3 + c\sigma^5`.  With the default
    coefficients five iterations bring those from 0.01 to 1 into the band from 0.682 to 1.134, and no nearer
    to 1; with ``(1.5, -0.5, 0)`` thirty bring them to 1.

    Parameters
    ----------
    matrix : array, shape (rows, columns)
        A raw array; it is not changed.
    steps : int, default 5
        The number of iterations.
    coefficients : (float, float, float), default (3.4445, -4.7750, 2.0315)
        :math:`a, b, c`.
    eps : float, default 1e-7
        :math:`\epsilon`.

    Returns
    -------
    array, shape (rows, columns)
        A new one.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.optim.muon import CUBIC, newton_schulz
    >>> newton_schulz(np.diag([3.0, 0.5]), steps=30, coefficients=CUBIC).round(6)
    array([[1., 0.],
           [0., 1.]])
    """
    xp = xp_of(matrix)
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (xp.sqrt(xp.sum(x * x)) + eps)
    for _ in range(steps):
        square = xp.matmul(x, x.T)
        x = a * x + xp.matmul(b * square + c * xp.matmul(square, square), x)
    return x.T if tall else x


def scale_of(shape: tuple[int, int], adjust_lr_fn: str | None) -> float:
    """Return the factor of the rate for a matrix of that shape, (out, in)."""
    rows, columns = shape
    if adjust_lr_fn == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))
