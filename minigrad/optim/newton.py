"""Newton's method and its relatives: steps that know how the loss bends."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import linalg
from minigrad._tensor import Tensor
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.optim.along_lines import Searching
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.vectors import (
    evaluate,
    from_vector,
    gradients_of,
    hessian_product,
    leave_gradients,
    moving,
    rows_of_derivatives,
    to_vector,
)


class Newton(Searching):
    r"""Newton's method: go to the minimum of the parabola with gradient and Hessian of the loss.

    .. math:: \theta \leftarrow \theta - \eta \, (H + \lambda I)^{-1} g

    One step does for a quadratic.  The Hessian is formed row by row, in as many sweeps as there are
    parameters, and solved for: it is made for up to some hundred of them, not for networks.

    ``step(closure)``: ``closure`` only computes and returns the loss, without ``backward()``, and the
    optimiser differentiates it twice (``observes = "curvature"``).

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.  All groups have the same hyperparameters.
    lr : float, default 1.0
        The rate :math:`\eta`, the part of the step that is taken; with ``search`` the step that is tried
        first.
    damping : float, default 0.0
        :math:`\lambda \ge 0`: the larger, the shorter the step and the closer to the gradient.
    saddle_free : bool, default True
        Take the absolute values of the eigenvalues of :math:`H`: the step always goes down, and away from
        saddle points.  Without, it is Newton's own, which goes to any point without slope, be it a
        maximum.  Where :math:`H` is positive definite there is no difference.
    search : str or callable, optional
        A line search along the step; see :class:`LineSearchGD`.  It makes Newton's method converge from
        far away, as do ``damping`` and a smaller rate.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`; and for an unknown ``search``.
    numpy.linalg.LinAlgError
        Without ``saddle_free``, if :math:`H + \lambda I` is singular.

    Notes
    -----
    With ``saddle_free`` and no ``damping`` there is no step along eigenvectors whose eigenvalue is 0 to
    rounding, as by the pseudo-inverse: of several minima, the nearest is found.  Where the loss is a slope
    without any bend, use ``damping``.

    With ``search``, losses are compared on the host, so that a GPU is waited for.

    References
    ----------
    - Document 000, section 1.2, on methods of higher order.
    - Y. Dauphin and others, Identifying and attacking the saddle point problem in high-dimensional non-convex
      optimization, NeurIPS 2014.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = mg.optim.Newton([x])
    >>> optimizer.step(lambda: (x[0] - 1) ** 2 + x[0] * x[1] + 2 * x[1] ** 2)
    tensor(6.)
    >>> x
    tensor([ 1.1429, -0.2857], requires_grad=True)
    """

    equation = "θ ← θ − η (|H| + λ I)⁻¹ g"
    observes = "curvature"
    ranges = Optimizer.ranges | {"damping": (0, math.inf)}

    def __init__(
        self,
        params: Any,
        lr: float = 1.0,
        damping: float = 0.0,
        saddle_free: bool = True,
        search: Any = None,
    ) -> None:
        super().__init__(params, search, {"lr": lr, "damping": damping, "saddle_free": saddle_free})
        rate, hessian = "η" if search is None else "α", "|H|" if saddle_free else "H"
        self.equation = f"θ ← θ − {rate} ({hessian} + λ I)⁻¹ g"

    @no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        """Change all parameters, once; their ``.grad`` is then the gradient at the start.

        Parameters
        ----------
        closure : callable
            Returns the loss.

        Returns
        -------
        Tensor
            The loss at the start.
        """
        group, params = self.param_groups[0], moving(self)
        loss = evaluate(self, closure)
        gradients = gradients_of(loss, params, create_graph=True)
        with enable_grad():
            slopes = to_vector(gradients)
        hessian = rows_of_derivatives(slopes, params)
        slopes = slopes.detach()
        solve = _solved_downhill if group["saddle_free"] else _solved
        step = from_vector(-solve(hessian, slopes, group["damping"]), params)
        leave_gradients(params, gradients)
        self._move(closure, loss.item(), params, gradients, step)
        return loss.detach()


def _solved(matrix: Tensor, vector: Tensor, damping: float) -> Tensor:
    r"""Return :math:`(H + \lambda I)^{-1} v`."""
    return linalg.solve(matrix + damping * _eye(matrix), vector)


def _eye(matrix: Tensor) -> Tensor:
    return matrix.new_ones(matrix.shape[0]).diag()


def _solved_downhill(matrix: Tensor, vector: Tensor, damping: float) -> Tensor:
    r"""Return :math:`(|H| + \lambda I)^{-1} v`, with 0 for the inverse of what is 0 to rounding."""
    values, vectors = linalg.eigh(matrix)
    sizes = abs(values)
    noise = sizes.amax() * (len(sizes) * float(np.finfo(matrix.dtype).eps))
    sizes = (sizes + damping).where((sizes > noise) | (damping > 0), math.inf)
    return vectors @ ((vectors.T @ vector) / sizes)


class NewtonCG(Searching):
    r"""Newton's method without the Hessian: its equations are solved, in part, by conjugate gradients.

    .. math:: H d \approx -g, \qquad \theta \leftarrow \theta + \alpha d

    Only products :math:`H v` are needed, each for the price of two gradients, so that it is made for many
    parameters.  Conjugate gradients stop when what remains of the equations is at most
    :math:`\min(\tau, \sqrt{\lVert g \rVert}) \, \lVert g \rVert`, so that little is done far away from the
    minimum; and where the loss bends down.

    ``step(closure)``: ``closure`` only computes and returns the loss, without ``backward()``, and the
    optimiser differentiates it twice (``observes = "curvature"``).  Numbers are compared on the host, so
    that a GPU is waited for.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.  All groups have the same hyperparameters.
    lr : float, default 1.0
        The step that the line search tries first.
    damping : float, default 0.0
        :math:`\lambda \ge 0`, added to the diagonal of :math:`H`.
    tolerance : float, default 0.5
        :math:`\tau`.  In narrow valleys a smaller one saves steps, and each takes more products.
    max_iter : int, optional
        How many products a step may take; as many as there are parameters if not given.
    search : str or callable, optional, default "backtracking"
        The line search; see :class:`LineSearchGD`.  With ``None`` the step is ``lr`` times :math:`d`.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`; and for an unknown ``search``.

    Warns
    -----
    UserWarning
        When the loss does not fall along the direction; the parameters are kept then.

    References
    ----------
    J. Nocedal, S. J. Wright, Numerical optimization, 2006, algorithm 7.1.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([-1.2, 1.0], dtype=mg.float64, requires_grad=True)
    >>> optimizer = mg.optim.NewtonCG([x], tolerance=0.01)
    >>> for _ in range(25):  # Rosenbrock's valley
    ...     loss = optimizer.step(lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)
    >>> x
    tensor([1., 1.], dtype=float64, requires_grad=True)
    """

    equation = "H d ≈ −g  by conjugate gradients\nθ ← θ + α d"
    observes = "curvature"
    ranges = Optimizer.ranges | {"damping": (0, math.inf), "tolerance": (0, math.inf)}

    def __init__(
        self,
        params: Any,
        lr: float = 1.0,
        damping: float = 0.0,
        tolerance: float = 0.5,
        max_iter: int | None = None,
        search: Any = "backtracking",
    ) -> None:
        options = {"lr": lr, "damping": damping, "tolerance": tolerance, "max_iter": max_iter}
        super().__init__(params, search, options)

    @no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        """Change all parameters, once; their ``.grad`` is then the gradient at the start.

        Parameters
        ----------
        closure : callable
            Returns the loss; called many times with ``search``.

        Returns
        -------
        Tensor
            The loss at the start.
        """
        group, params = self.param_groups[0], moving(self)
        loss = evaluate(self, closure)
        slopes = gradients_of(loss, params, create_graph=True)
        gradients = [slope.detach() for slope in slopes]

        def product(vector: Tensor) -> Tensor:
            parts = from_vector(vector, params)
            return to_vector(hessian_product(slopes, params, parts)) + group["damping"] * vector

        tolerance, max_iter = group["tolerance"], group["max_iter"]
        found = truncated_cg(product, to_vector(gradients), tolerance, max_iter)
        step = from_vector(found, params)
        leave_gradients(params, gradients)
        self._move(closure, loss.item(), params, gradients, step)
        return loss.detach()


def truncated_cg(
    product: Callable[[Tensor], Tensor],
    gradient: Tensor,
    tolerance: float = 0.5,
    max_iter: int | None = None,
) -> Tensor:
    r"""Return :math:`d` with :math:`H d \approx -g`, a direction downhill.

    Parameters
    ----------
    product : callable
        Returns :math:`H v`, for a symmetric matrix.
    gradient : Tensor, shape (n,)
        :math:`g`.
    tolerance : float, default 0.5
        :math:`\tau`: the rest is to be at most :math:`\min(\tau, \sqrt{\lVert g \rVert}) \, \lVert g
        \rVert`.
    max_iter : int, optional
        How many products may be taken; ``n`` if not given.

    Returns
    -------
    Tensor, shape (n,)
        0 if the gradient is; :math:`-g` if :math:`H` bends down along it.
    """
    size = gradient.norm().item()
    enough = min(tolerance, math.sqrt(size)) * size
    found, rest, direction = gradient.new_zeros(gradient.shape), gradient, -gradient
    square = (rest @ rest).item()
    for number in range(len(gradient) if max_iter is None else max_iter):
        if not square > 0:
            break
        bent = product(direction)
        curvature = (direction @ bent).item()
        if not curvature > 0:
            return direction if number == 0 else found
        alpha = square / curvature
        found = found + alpha * direction
        rest = rest + alpha * bent
        before, square = square, (rest @ rest).item()
        if math.sqrt(square) <= enough:
            break
        direction = -rest + (square / before) * direction
    return found
