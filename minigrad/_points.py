"""Points at which functions are looked at: what is a point, and the values at many."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad._creation import as_tensor, tensor
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.backend.devices import is_array, to_host


def default_symbols(dimension: int) -> tuple[str, ...]:
    """Return names for the numbers that a function takes."""
    return (
        ("x", "y", "z")[:dimension] if dimension < 4 else tuple(f"x{i}" for i in range(dimension))
    )


def as_point(value: Any) -> Tensor:
    """Return numbers as a floating tensor: Python's floats, and integers, are float64.

    Worked numbers have more digits than float32.  Tensors and floating arrays keep their dtype.

    Parameters
    ----------
    value : Tensor, or array_like
        A point, or many.

    Raises
    ------
    TypeError
        If it holds no real numbers.
    """
    if isinstance(value, Tensor):
        return value if value.dtype.kind == "f" else value.to(np.dtype(np.float64))
    if is_array(value) and not isinstance(value, (np.ndarray, np.generic)):
        return as_point(as_tensor(value))
    host = np.asarray(value)
    if host.dtype.kind not in "fiu":
        raise TypeError(f"a point is made of real numbers, got {type(value).__name__} {value!r}")
    return tensor(host, dtype=host.dtype if host.dtype.kind == "f" else np.dtype(np.float64))


@no_grad()
def values_at(objective: Any, points: Any) -> np.ndarray:
    """Return the values of a function at many points, on the host; NaN where it has none.

    A function that ``takes_many``, as an :class:`~minigrad.optim.functions.Objective` does, is called once;
    any other, which may know one point only, for each.

    Parameters
    ----------
    objective : callable
        Returns a tensor with one number, or with one for each point.
    points : array_like, shape (n, ...)
        The points, in the shape that the function takes; of shape (d,) for one that ``takes_many``.

    Returns
    -------
    array of float64, shape (n,)
    """
    host = np.asarray(points)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if not getattr(objective, "takes_many", False):
            return np.array([float(objective(as_point(point))) for point in host])
        if objective.dimension == 1:
            host = host.reshape(len(host))
        return to_host(objective(as_point(host)).array).astype(np.float64)
