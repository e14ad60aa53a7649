"""L-BFGS: a quasi-Newton method that remembers a few steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from minigrad._tensor import Tensor
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.optim.line_search import Sample, search_strong_wolfe
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.vectors import (
    copies,
    from_vector,
    gradients_in,
    put_along,
    restored_on_error,
    to_vector,
)


class LBFGS(Optimizer):
    r"""Quasi-Newton steps: the inverse of the Hessian is guessed from how the gradient changed lately.

    .. math:: \theta \leftarrow \theta + \alpha d, \qquad d = -B g

    Of the last steps :math:`s_i` and changes of the gradient :math:`y_i`, with :math:`\rho_i = 1 / y_i^\top
    s_i`, the product :math:`B g` is computed by two loops, from the newest to the oldest and back:

    .. math::
        q &\leftarrow -g; \qquad a_i \leftarrow \rho_i \, s_i^\top q, \quad q \leftarrow q - a_i y_i \\
        d &\leftarrow \frac{s^\top y}{y^\top y} \, q; \qquad
            d \leftarrow d + (a_i - \rho_i \, y_i^\top d) \, s_i

    One call of ``step(closure)`` makes up to ``max_iter`` of these steps, and calls ``closure`` as often and
    more: it sets the gradients to zero, computes the loss, calls its ``backward()`` and returns it
    (``observes = "gradient"``), always on the same batch.  Losses are compared on the host, so that a GPU is
    waited for.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised, in one group and on one device; see :class:`Optimizer`.
    lr : float, default 1
        The first :math:`\alpha` that is tried; without line search, :math:`\alpha` itself.
    max_iter : int, default 20
        How many steps at most.
    max_eval : int, optional
        How many calls of ``closure``, about; ``max_iter * 5 // 4`` if not given.
    tolerance_grad : float, default 1e-7
        Stop where no number of the gradient is larger.
    tolerance_change : float, default 1e-9
        Stop when the loss, or each parameter, changes by less.
    history_size : int, default 100
        How many steps are remembered; each takes twice the memory of the parameters.
    line_search_fn : {None, "strong_wolfe"}, default None
        With :func:`~minigrad.optim.line_search.strong_wolfe` it converges from far away too.  The search
        has what ``max_eval`` leaves.  With ``max_iter=1`` the default, ``max_iter * 5 // 4``, is one call,
        which is spent before the search begins: it only looks at its first step, and where that is not
        lower, nothing moves, now or later, as in PyTorch; give ``max_eval=25``, say.

    Attributes
    ----------
    rate : float
        How far the last step went, its :math:`\alpha`; 0 if the last call of ``step`` made none.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`; and if there are several groups.
    RuntimeError
        For another ``line_search_fn``.

    Notes
    -----
    Options and steps are PyTorch's.  The first step of all is :math:`\min(1, 1 / \lVert g \rVert_1)` times
    ``lr`` along :math:`-g`.  What is remembered belongs to the first parameter, ``state[params[0]]``.

    It is made for losses of all the data: on random batches the gradient also changes with the batch.

    References
    ----------
    D. C. Liu, J. Nocedal, On the limited memory BFGS method for large scale optimization, 1989; J. Nocedal,
    S. J. Wright, Numerical optimization, 2006, algorithm 7.4.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = mg.optim.LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    >>> bool(closure() < 1e-6)
    True
    """

    equation = "d = −B g,  B from the last steps s and changes y of the gradient\nθ ← θ + α d"
    ranges = {
        "lr": (0, math.inf),
        "max_iter": (1, math.inf),
        "max_eval": (1, math.inf),
        "tolerance_grad": (0, math.inf),
        "tolerance_change": (0, math.inf),
        "history_size": (1, math.inf),
    }

    def __init__(
        self,
        params: Any,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        self.rate = 0.0
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add the group of parameters; a second one is refused.

        Raises
        ------
        ValueError
            If there is one already; and as for :meth:`Optimizer.add_param_group`.
        """
        if self.param_groups:
            raise self._error(
                ValueError, "all parameters move together, so there can be only one group of them"
            )
        super().add_param_group(param_group)

    def check(self, group: dict[str, Any]) -> None:
        """Raise an error if a hyperparameter is out of its range."""
        super().check(group)
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise self._error(
                RuntimeError,
                f"line_search_fn = {group['line_search_fn']!r}, but only 'strong_wolfe' and None are known",
            )

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Make up to ``max_iter`` steps.

        If ``closure`` raises an exception, the parameters are put back to where the step at hand began.

        Parameters
        ----------
        closure : callable
            Sets the gradients to zero, computes the loss, calls its ``backward()`` and returns it.

        Returns
        -------
        Tensor
            What the first call of ``closure`` returned.
        """
        group = self.param_groups[0]
        params, lr = group["params"], group["lr"]
        state = self.state[params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        already = state["func_evals"]
        self.rate = 0.0

        def look() -> tuple[Any, Tensor]:
            with enable_grad():
                loss = closure()
            state["func_evals"] += 1
            return loss, to_vector(gradients_in(params))

        def is_flat() -> bool:
            return abs(gradient).amax().item() <= group["tolerance_grad"]

        first, gradient = look()
        loss = float(first)
        if is_flat():
            return first
        for number in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            d = _direction(state, gradient, group["history_size"])
            t = min(1.0, 1.0 / abs(gradient).sum().item()) * lr if state["n_iter"] == 1 else lr
            here = Sample(0.0, loss, (gradient @ d).item(), gradient)
            state.update(d=d, t=t, prev_flat_grad=gradient, prev_loss=loss)
            if here.slope > -group["tolerance_change"]:
                break
            parts, start = from_vector(d, params), copies(params)
            with restored_on_error(params, start), _untaken_on_error(state):
                if group["line_search_fn"] is not None:
                    left = group["max_eval"] - (state["func_evals"] - already)
                    there = self._search(look, params, start, parts, d, here, t, left)
                    state["t"], loss, gradient = there.alpha, there.value, there.gradient
                put_along(params, start, parts, state["t"])
                if group["line_search_fn"] is None and number < group["max_iter"]:
                    result, gradient = look()  # not after the last step: nobody would need it
                    loss = float(result)
            self.rate = float(state["t"])
            if (
                state["func_evals"] - already >= group["max_eval"]
                or is_flat()
                or abs(d * state["t"]).amax().item() <= group["tolerance_change"]
                or abs(loss - here.value) < group["tolerance_change"]
            ):
                break
        return first

    def _search(
        self,
        look: Callable[[], tuple[Any, Tensor]],
        params: list[Any],
        start: list[Tensor],
        parts: list[Tensor],
        d: Tensor,
        here: Sample,
        t: float,
        iterations: int,
    ) -> Sample:
        """Return what is known at the step that the line search finds."""

        def at(alpha: float) -> Sample:
            put_along(params, start, parts, alpha)
            loss, gradient = look()
            return Sample(alpha, float(loss), (gradient @ d).item(), gradient)

        narrow = 1e-9 / abs(d).amax().item()
        return search_strong_wolfe(at, here, t, 1e-4, 0.9, narrow, iterations)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned; see :meth:`Optimizer.load_state_dict`."""
        super().load_state_dict(state_dict)
        for p, slots in self.state.items():
            for name in ("old_dirs", "old_stps", "ro"):
                slots[name] = [one.to(p.device, p.dtype) for one in slots.get(name, ())]


@contextmanager
def _untaken_on_error(state: dict[str, Any]) -> Iterator[None]:
    """Do not count a step that an exception took back, and let it be of length zero."""
    try:
        yield
    except BaseException:
        state.update(n_iter=state["n_iter"] - 1, t=0.0)
        raise


def _direction(state: dict[str, Any], gradient: Tensor, history_size: int) -> Tensor:
    """Return where to go by the gradient and what is remembered; remember the last step too."""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return -gradient
    changes, steps, rho = state["old_dirs"], state["old_stps"], state["ro"]
    y, s = gradient - state["prev_flat_grad"], state["d"] * state["t"]
    along = y @ s
    if along.item() > 1e-10:
        if len(changes) == history_size:
            changes.pop(0), steps.pop(0), rho.pop(0)
        changes.append(y), steps.append(s), rho.append(1.0 / along)
        state["H_diag"] = along / (y @ y)
    return _two_loops(-gradient, changes, steps, rho, state["H_diag"])


def _two_loops(
    q: Tensor, changes: list[Tensor], steps: list[Tensor], rho: list[Tensor], scale: Any
) -> Tensor:
    """Return the guessed inverse of the Hessian times ``q``."""
    memory = list(zip(changes, steps, rho, strict=True))
    parts = []
    for y, s, r in reversed(memory):
        part = (s @ q) * r
        q = q - part * y
        parts.append(part)
    d = q * scale
    for (y, s, r), part in zip(memory, reversed(parts), strict=True):
        d = d + (part - (y @ d) * r) * s
    return d
