"""Least squares of residuals that are not linear."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minigrad import linalg
from minigrad._functions.shaping import cat
from minigrad._tensor import Tensor
from minigrad.autograd import grad
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.optim.vectors import (
    JointOptimizer,
    copies,
    evaluate,
    from_vector,
    leave_gradients,
    moving,
    put,
    put_along,
    restored_on_error,
    rows_of_derivatives,
    to_vector,
)

LEAST_DAMPING = 1e-20
"""Where the damping stops to fall: zero would be another method, and what is far below takes long to grow."""


class LevenbergMarquardt(JointOptimizer):
    r"""Least squares by straight lines: the residuals are taken to be linear, with damping that adapts.

    For residuals :math:`r(\theta)` with the Jacobian :math:`J`, and the loss :math:`L = \sum_i r_i^2`,

    .. math:: \theta \leftarrow \theta - (J^\top J + \lambda I)^{-1} J^\top r

    A step that does not lower the loss is taken back and tried again with ten times the
    :math:`\lambda`, which makes it shorter and turns it to the gradient; after one that does,
    :math:`\lambda` is a tenth, down to 1e-20.  With ``damping=0`` it is the method of Gauss and Newton,
    and each step is taken as it is.  It is made for fits with up to some hundred parameters, not for
    networks.

    ``step(closure)``: ``closure`` returns the *residuals*, a tensor of any shape, not their squares, and
    without ``backward()`` (``observes = "residuals"``).  Losses are compared on the host, so that a GPU
    is waited for.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.  All groups have the same hyperparameters.
    damping : float, default 1e-3
        :math:`\lambda \ge 0`.
    factor : float, default 10.0
        By how much it is changed.
    max_iter : int, default 20
        How many steps are tried in one, at most; if none is good, the parameters are kept.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`.

    Notes
    -----
    The step is the least-squares solution of :math:`J d = -r, \sqrt\lambda \, d = 0`, without the product
    :math:`J^\top J`, which would lose half of the digits; of several solutions it is the shortest.  The
    Jacobian takes as many sweeps as there are residuals, or parameters, whichever are fewer.

    References
    ----------
    K. Levenberg, A method for the solution of certain non-linear problems in least squares, 1944; D. W.
    Marquardt, An algorithm for least-squares estimation of nonlinear parameters, 1963; J. Nocedal, S. J.
    Wright, Numerical optimization, 2006, chapter 10.

    Examples
    --------
    >>> import minigrad as mg
    >>> x, y = mg.data.load_line()
    >>> phi = mg.tensor([0.0, 0.0], requires_grad=True)
    >>> optimizer = mg.optim.LevenbergMarquardt([phi], damping=0)
    >>> optimizer.step(lambda: phi[0] + phi[1] * x - y)
    tensor(22.3233)
    >>> phi
    tensor([0.8260, 0.5222], requires_grad=True)
    """

    equation = "θ ← θ − (JᵀJ + λ I)⁻¹ Jᵀ r"
    observes = "residuals"
    ranges = {"damping": (0, math.inf), "factor": (1, math.inf)}

    def __init__(
        self, params: Any, damping: float = 1e-3, factor: float = 10.0, max_iter: int = 20
    ) -> None:
        super().__init__(params, {"damping": damping, "factor": factor, "max_iter": max_iter})

    @no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        """Change all parameters, once; their ``.grad`` is then the gradient of the loss at the start.

        Parameters
        ----------
        closure : callable
            Returns the residuals; called once more for each step that is tried.

        Returns
        -------
        Tensor
            The loss at the start, the sum of the squares.
        """
        group, params = self.param_groups[0], moving(self)
        recorded = evaluate(self, closure)
        with enable_grad():
            recorded = recorded.reshape(-1)
        jacobian = _jacobian(recorded, params)
        residuals = recorded.detach()
        leave_gradients(params, copies(from_vector(2 * (residuals @ jacobian), params)))
        loss, start, damping = residuals @ residuals, copies(params), group["damping"]
        for _ in range(group["max_iter"]):
            step = _least_squares(jacobian, -residuals, damping)
            put_along(params, start, from_vector(step, params), 1.0)
            if damping == 0:
                return loss
            with restored_on_error(params, start):
                tried = closure().reshape(-1)
            if (tried @ tried < loss).item():
                self._set_damping(max(damping / group["factor"], min(damping, LEAST_DAMPING)))
                return loss
            damping *= group["factor"]
        put(params, start)
        return loss

    def _set_damping(self, damping: float) -> None:
        for group in self.param_groups:
            group["damping"] = damping


def _jacobian(vector: Tensor, params: list[Any]) -> Tensor:
    """Return the derivatives of a recorded vector by all parameters, in the fewer sweeps of two ways."""
    if vector.numel() <= sum(p.numel() for p in params):
        return rows_of_derivatives(vector, params)
    # By columns: the product with a vector u on the left is linear in u.
    u = vector.detach().new_zeros(vector.shape).requires_grad_()
    with enable_grad():
        product = to_vector(grad(vector, params, u, create_graph=True, materialize_grads=True))
    return rows_of_derivatives(product, [u]).T


def _least_squares(matrix: Tensor, vector: Tensor, damping: float) -> Tensor:
    r"""Return the shortest of the least-squares solutions of :math:`A x = b, \sqrt\lambda \, x = 0`."""
    rows, columns = matrix.shape
    if damping > 0:
        matrix = cat([matrix, math.sqrt(damping) * matrix.new_ones(columns).diag()])
        vector = cat([vector, vector.new_zeros(columns)])
    return linalg.lstsq(matrix, vector.unsqueeze(1)).solution.squeeze(1)
