"""What a function is like at a point: slopes, curvature, predictions of the next value, convexity.

Each takes the function first: a callable that is given a tensor and returns a tensor of one element.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad._creation import as_tensor, tensor
from minigrad._functions.shaping import stack
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.backend.generator import Generator, default_generator
from minigrad.data.sampler import positive
from minigrad.dtypes import float64
from minigrad.func import grad, hessian, hvp, value_and_grad
from minigrad.linalg import eigvalsh

Objective = Callable[[Tensor], Tensor]

_METHODS = ("forward", "backward", "central")


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """What :func:`classify_critical_point` found.

    Parameters
    ----------
    kind : str
        ``"minimum"``, ``"maximum"``, ``"saddle"``, ``"inconclusive"`` or ``"not critical"``.
    eigenvalues : Tensor, shape (n,)
        Of the Hessian, in ascending order.
    gradient_norm : float
        The Euclidean norm of the gradient.
    """

    kind: str
    eigenvalues: Tensor
    gradient_norm: float


def numerical_grad(
    f: Objective, x: Any, eps: float | None = None, method: str = "forward"
) -> Tensor:
    r"""Return the gradient by finite differences: a check, since it costs a value for each coordinate.

    .. math::
        \frac{f(x + \epsilon e_i) - f(x)}{\epsilon}, \qquad
        \frac{f(x) - f(x - \epsilon e_i)}{\epsilon}, \qquad
        \frac{f(x + \epsilon e_i) - f(x - \epsilon e_i)}{2 \epsilon}

    The error of the first two, ``"forward"`` and ``"backward"``, falls like :math:`\epsilon` until
    rounding takes over, that of ``"central"`` like :math:`\epsilon^2`.  At a kink they are the slopes to
    the right and to the left, and their mean.

    Parameters
    ----------
    f : callable
        Takes a tensor like ``x``, returns a tensor of one element.
    x : Tensor or array_like
        The point, floating, of any shape.
    eps : float, optional
        :math:`\epsilon`; by default the root of the precision of the dtype (1.5e-8 for float64), its cube
        root (6.1e-6) for ``"central"``.
    method : {"forward", "backward", "central"}
        Which formula.

    Returns
    -------
    Tensor, in shape, dtype and on the device of ``x``

    Raises
    ------
    TypeError
        If ``x`` is not floating.
    ValueError
        If the method is unknown, ``eps`` not positive, or ``f`` returns more than one number.

    Notes
    -----
    Document 001, "finite differences".  Its program leaves ``x`` changed in the last digit; here ``x``
    stays what it was.  Other than :func:`minigrad.autograd.gradcheck`, which compares along random
    directions, this returns numbers to look at.

    Examples
    --------
    The document's:

    >>> import minigrad as mg
    >>> x = mg.tensor([1, 2], dtype=mg.float64)
    >>> mg.optim.numerical_grad(lambda x: (x * x).sum(), x, eps=0.0000001).numpy()
    array([2.0000001 , 4.00000009])
    """
    point = _point("numerical_grad", x)
    if method not in _METHODS:
        raise ValueError(
            f"numerical_grad: method = {method!r} is unknown, expected one of {_METHODS}"
        )
    if eps is None:
        eps = float(np.finfo(point.dtype).eps) ** (1 / 3 if method == "central" else 1 / 2)
    if not eps > 0:
        raise ValueError(f"numerical_grad: eps = {eps} is out of range, expected eps > 0")
    ahead, behind = method != "backward", method != "forward"
    with no_grad():
        middle = _value("numerical_grad", f, point)
        slopes = []
        for i in range(point.numel()):
            right = _value("numerical_grad", f, _moved(point, i, eps)) if ahead else middle
            left = _value("numerical_grad", f, _moved(point, i, -eps)) if behind else middle
            slopes.append((right - left) / (eps * (ahead + behind)))
        return stack(slopes).reshape(point.shape) if slopes else point.clone()


def directional_derivative(f: Objective, x: Any, u: Any) -> Tensor:
    r"""Return :math:`u^\top \nabla f(x)`: the slope of ``f`` in the direction ``u``, if its length is 1.

    Among all directions of length 1 it is least for :math:`u = -\nabla f / \lVert \nabla f \rVert`, where
    it is :math:`-\lVert \nabla f \rVert`: the direction of steepest descent.

    Parameters
    ----------
    f : callable
        Takes a tensor like ``x``, returns a tensor of one element.
    x, u : Tensor or array_like
        Point and direction, of one shape.

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    TypeError
        If ``x`` is not floating.
    ValueError
        If ``u`` has another shape than ``x``.

    Notes
    -----
    Document 004, "Critical Points".

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([3.0, 4.0])
    >>> mg.optim.directional_derivative(lambda x: (x * x).sum() / 2, x, mg.tensor([-0.6, -0.8]))
    tensor(-5.)
    """
    point = _point("directional_derivative", x)
    direction = _step("directional_derivative", u, point)
    return (grad(f)(point) * direction).sum()


def taylor(
    f: Objective, x: Any, step: Any = None, *, eta: float | None = None, order: int = 2
) -> Tensor:
    r"""Predict :math:`f(x + h)` from value, gradient and curvature at ``x``.

    .. math:: f(x + h) \approx f(x) + h^\top \nabla f(x) + \tfrac12 h^\top H(x)\, h

    or, with ``order=1``, by the first two terms.  For a step of gradient descent, :math:`h = -\eta g`,
    these are :math:`f - \eta\, g^\top g + \tfrac12 \eta^2 g^\top H g`: where :math:`g^\top H g` is positive
    the decrease is smaller than the gradient promises, where it is negative larger.

    Parameters
    ----------
    f : callable
        Takes a tensor like ``x``, returns a tensor of one element.
    x : Tensor or array_like
        The point.
    step : Tensor or array_like, optional
        The step :math:`h`, in the shape of ``x``.
    eta : float, optional
        Instead of ``step``: the rate of a step of gradient descent.
    order : {1, 2}, default 2
        Which terms.

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    TypeError
        If ``x`` is not floating, or not just one of ``step`` and ``eta`` is given.
    ValueError
        If ``step`` has another shape than ``x``, or ``order`` is something else.

    Notes
    -----
    Documents 002, section 3.1.2 (first order), and 004, "Taylor" (second).  The curvature is one
    Hessian-vector product; no matrix is formed.

    Examples
    --------
    A step against the gradient (-3, -3) of a quadratic, where the second order is exact:

    >>> import minigrad as mg
    >>> A, x = mg.tensor([[3.0, 1.0], [1.0, 2.0]]), mg.tensor([1.0, -2.0])
    >>> mg.optim.taylor(lambda x: x @ A @ x / 2, x, eta=0.2, order=1)
    tensor(1.5000)
    """
    point = _point("taylor", x)
    if order not in (1, 2):
        raise ValueError(f"taylor: order = {order!r} is out of range, expected 1 or 2")
    if (step is None) == (eta is None):
        raise TypeError("taylor: give either step, or eta for a step of -eta times the gradient")
    value, gradient = value_and_grad(f)(point)
    h = -eta * gradient if eta is not None else _step("taylor", step, point)
    predicted = value + (gradient * h).sum()
    return predicted + (hvp(f, point, h)[1] * h).sum() / 2 if order == 2 else predicted


def classify_critical_point(
    f: Objective, x: Any, tol: float = 1e-4, zero: float | None = None
) -> CriticalPoint:
    r"""Tell minimum, maximum and saddle apart by the eigenvalues of the Hessian.

    Where the gradient is 0: all eigenvalues positive, a minimum; all negative, a maximum; some positive
    and some negative, a saddle.  Else some are 0 and the rest have one sign, and the test is
    ``"inconclusive"``: higher terms decide.

    Parameters
    ----------
    f : callable
        Takes a tensor like ``x``, returns a tensor of one element.
    x : Tensor or array_like
        The point, best in float64.
    tol : float, default 1e-4
        The point is ``"not critical"`` unless :math:`\lVert \nabla f \rVert_2` is at most this.
    zero : float, optional
        An eigenvalue counts as 0 if its size is at most ``zero`` times the largest.  By default what
        rounding may leave of a 0: :math:`16 n` times the precision of the dtype, n being the number of
        coordinates, and at least 1e-8.

    Returns
    -------
    CriticalPoint
        ``kind``, ``eigenvalues``, ``gradient_norm``.

    Raises
    ------
    TypeError
        If ``x`` is not floating.

    Notes
    -----
    Document 004, "Hessian test", which leaves zero eigenvalues out.  The matrix has the square of the
    number of coordinates as entries.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.optim.classify_critical_point(lambda x: x[0] ** 2 - x[1] ** 2, mg.tensor([0.0, 0.0]))
    CriticalPoint(kind='saddle', eigenvalues=tensor([-2.,  2.]), gradient_norm=0.0)
    """
    point = _point("classify_critical_point", x)
    norm = float(grad(f)(point).square().sum().sqrt())
    curvature = hessian(f)(point).reshape(point.numel(), point.numel())
    eigenvalues = eigvalsh(curvature)
    if zero is None:
        zero = max(1e-8, 16 * point.numel() * float(np.finfo(point.dtype).eps))
    kind = _kind(eigenvalues.tolist(), zero) if norm <= tol else "not critical"
    return CriticalPoint(kind, eigenvalues, norm)


def _kind(eigenvalues: list[float], zero: float) -> str:
    limit = zero * max(map(abs, eigenvalues), default=0.0)
    positives = sum(value > limit for value in eigenvalues)
    negatives = sum(value < -limit for value in eigenvalues)
    if positives and negatives:
        return "saddle"
    if not eigenvalues or positives + negatives < len(eigenvalues):
        return "inconclusive"
    return "minimum" if positives else "maximum"


def crossing_chord(
    f: Objective,
    window: Sequence[tuple[float, float]],
    chords: int = 1000,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor] | None:
    r"""Look for a chord that runs below the surface somewhere: ``f`` is not convex then.

    Ends :math:`a`, :math:`b` and a point between them are drawn, and it is asked whether

    .. math:: f(t a + (1 - t)\, b) > t f(a) + (1 - t) f(b)

    Parameters
    ----------
    f : callable
        Takes a tensor of shape (n,), returns a tensor of one element.
    window : sequence of (low, high)
        Where the ends are drawn: a range for each of the n coordinates.
    chords : int, default 1000
        How many are tried.
    generator : Generator, optional
        Where ends and points are drawn; the default generator if not given.

    Returns
    -------
    (Tensor, Tensor) or None
        The ends of the first such chord, float64; ``None`` if there is none among those tried.

    Raises
    ------
    ValueError
        If a range is empty, or ``chords`` no positive integer.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.optim.crossing_chord(lambda x: (x * x).sum(), [(-1, 1), (-1, 1)]) is None
    True
    """
    positive("crossing_chord", "chords", chords)
    for low, high in window:
        if not low < high:
            raise ValueError(
                f"crossing_chord: the range ({low}, {high}) is empty, expected low < high"
            )
    source = generator or default_generator
    lows = tensor([float(low) for low, _ in window], dtype=float64)
    sizes = tensor([float(high) - float(low) for low, high in window], dtype=float64)
    with no_grad():
        for _ in range(chords):
            a, b = lows + sizes * tensor(source.uniform((2, len(window)), float64))
            t = float(source.uniform((), float64))
            values = [float(f(point)) for point in (a, b, t * a + (1 - t) * b)]
            rounding = 1e-12 * max(map(abs, values))
            if values[2] > t * values[0] + (1 - t) * values[1] + rounding:
                return a, b
    return None


def is_convex_on(
    f: Objective,
    window: Sequence[tuple[float, float]],
    chords: int = 1000,
    generator: Generator | None = None,
) -> bool:
    """Tell whether no chord was found that crosses the surface (:func:`crossing_chord`).

    False is certain; True only says that ``chords`` random ones lie above it.

    Parameters
    ----------
    f, window, chords, generator
        As for :func:`crossing_chord`.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        As :func:`crossing_chord`.

    Notes
    -----
    Document 003, section 6.1.2: a function is convex if no chord crosses its surface.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.optim.is_convex_on(lambda x: x[0] ** 2, [(-2, 2)]), mg.optim.is_convex_on(mg.sin, [(0, 6)])
    (True, False)
    """
    return crossing_chord(f, window, chords, generator) is None


def effective_window(beta: float) -> float:
    r"""Return how many of the last gradients an average with :math:`\beta` is about: :math:`1/(1-\beta)`.

    In :math:`m \leftarrow \beta m + (1 - \beta) g` the last :math:`n` gradients have :math:`1 - \beta^n` of
    the weight: about 0.65 for :math:`n = 1 / (1 - \beta)`.

    Parameters
    ----------
    beta : float
        From 0 to 1, without 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If ``beta`` is out of range.

    Notes
    -----
    Document 003, section 6.3: 0.9 is about the last 10, 0.99 the last 100.

    Examples
    --------
    >>> import minigrad as mg
    >>> round(mg.optim.effective_window(0.9)), round(mg.optim.effective_window(0.99))
    (10, 100)
    """
    if not 0 <= beta < 1:
        raise ValueError(f"effective_window: beta = {beta} is out of range, expected 0 <= beta < 1")
    return 1 / (1 - beta)


# What they share ----------------------------------------------------------------------------------


def _point(who: str, x: Any) -> Tensor:
    """Return ``x`` as a floating tensor without a history."""
    point = as_tensor(x).detach()
    if not point.is_floating_point():
        raise TypeError(f"{who}: the point is {point.dtype}; derivatives need floating numbers")
    return point


def _step(who: str, h: Any, point: Tensor) -> Tensor:
    """Return a step or direction as a tensor like ``point``."""
    step = as_tensor(h, dtype=point.dtype, device=point.device).detach()
    if step.shape != point.shape:
        raise ValueError(
            f"{who}: a step of shape {tuple(step.shape)} at a point of shape {tuple(point.shape)}"
        )
    return step


def _moved(point: Tensor, i: int, by: float) -> Tensor:
    """Return a copy of ``point`` with its ``i``-th number moved."""
    flat = point.reshape(-1).clone()
    flat[i] += by
    return flat.reshape(point.shape)


def _value(who: str, f: Objective, point: Tensor) -> Tensor:
    value = as_tensor(f(point))
    if value.numel() != 1:
        raise ValueError(
            f"{who}: the function has to return one number, it returned shape {tuple(value.shape)}"
        )
    return value.reshape(())
