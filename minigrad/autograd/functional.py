"""The names of ``torch.autograd.functional``: derivatives at a point, given at once.

:mod:`minigrad.func` has the same as functions of functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad import engine, func as _func

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vjp"]


def _split(inputs: Any) -> tuple[bool, tuple[Any, ...]]:
    several = isinstance(inputs, (tuple, list))
    return several, tuple(inputs) if several else (inputs,)


def _finish(value: Any, create_graph: bool) -> Any:
    """Cut results off from the graph unless they are to be differentiated again."""
    if create_graph or value is None:
        return value
    if isinstance(value, engine.Tensor):
        return value.detach()
    return tuple(_finish(part, create_graph) for part in value)


def jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool = False) -> Any:
    """Return the Jacobian of ``func`` at ``inputs``; a tuple for a tuple of inputs."""
    several, points = _split(inputs)
    argnums = tuple(range(len(points))) if several else 0
    return _finish(_func.jacrev(func, argnums)(*points), create_graph)


def hessian(func: Callable[..., Any], inputs: Any, create_graph: bool = False) -> Any:
    """Return the second derivatives of ``func``, which returns one number, at ``inputs``.

    For a tuple of inputs the result is a tuple of tuples: block ``[i][j]`` belongs to inputs i and j.
    """
    several, points = _split(inputs)
    if not several:
        return _finish(_func.hessian(func)(*points), create_graph)
    everything = tuple(range(len(points)))
    blocks = tuple(
        _func.jacrev(_func.grad(func, position), everything)(*points) for position in everything
    )
    return _finish(blocks, create_graph)


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False) -> Any:
    r"""Return ``func(inputs)`` and :math:`v^\top J`; ``v`` may be left out for one output element."""
    several, points = _split(inputs)
    value, pull = _func.vjp(func, *points)
    gradients = pull(value.detach().new_full(value.shape, 1.0) if v is None else v)
    return _finish((value, gradients if several else gradients[0]), create_graph)


def jvp(func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool = False) -> Any:
    """Return ``func(inputs)`` and the directional derivative :math:`J v`."""
    return _finish(_func.jvp(func, _split(inputs)[1], _split(v)[1]), create_graph)


def hvp(func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool = False) -> Any:
    """Return ``func(inputs)`` and the Hessian times ``v``."""
    return _finish(_func.hvp(func, inputs, v), create_graph)
