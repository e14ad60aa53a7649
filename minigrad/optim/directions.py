"""What a step goes against in place of the gradients: another direction, or gradients transformed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from minigrad import engine
from minigrad._tensor import Tensor
from minigrad.backend.devices import device_of, is_array, xp_of

Transform = Callable[[list[Any], list[Any]], list[Any]]
"""``transform(params, gradients)`` returns other gradients; all are lists of raw arrays."""


@contextmanager
def in_place_of_gradients(optimizer: Any, direction: Any) -> Iterator[None]:
    """Let ``.grad`` be what ``optimizer`` is to go against, until its step has been made.

    Parameters
    ----------
    optimizer : Optimizer
        Whose parameters and ``transforms`` are meant.
    direction : list of Tensor or None, or callable, or None
        As for :meth:`Optimizer.step`; with ``None``, it is the gradients that are transformed.

    Raises
    ------
    TypeError, RuntimeError
        If a direction or what a transform returns does not fit its parameter.
    """
    params = [p for group in optimizer.param_groups for p in group["params"]]
    gradients = [p._grad for p in params]
    try:
        if direction is not None:
            _take(optimizer, direction, params)
        if optimizer.transforms:
            _transform(optimizer)
        yield
    finally:
        for p, gradient in zip(params, gradients, strict=True):
            p._grad = gradient


def _take(optimizer: Any, direction: Any, params: list[Any]) -> None:
    """Give each parameter its part of ``direction``."""
    given = direction(list(params)) if callable(direction) else direction
    parts = [given] if isinstance(given, Tensor) else list(given)
    if len(parts) != len(params):
        raise _error(
            optimizer,
            RuntimeError,
            f"direction has {len(parts)} parts, there are {len(params)} parameters; for one that is not to "
            "move, say None",
        )
    for number, (p, part) in enumerate(zip(params, parts, strict=True)):
        if not (part is None or isinstance(part, Tensor)):
            raise _error(
                optimizer,
                TypeError,
                f"direction {number} has to be a Tensor or None, got {type(part).__name__}",
            )
        if part is not None and (part.shape, part.dtype, part.device) != (
            p.shape,
            p.dtype,
            p.device,
        ):
            raise _error(
                optimizer,
                RuntimeError,
                f"direction {number} has to be {tuple(p.shape)} {p.dtype} on {p.device} like its parameter, "
                f"got {tuple(part.shape)} {part.dtype} on {part.device}",
            )
    for p, part in zip(params, parts, strict=True):
        p._grad = part


def _transform(optimizer: Any) -> None:
    """Pass the gradients through the transforms, which see those of what is *minimised*."""
    live = [
        (p, -1 if group.get("maximize") else 1)
        for group in optimizer.param_groups
        for p in group["params"]
        if p._grad is not None
    ]
    if not live:
        return
    values = [p.array for p, _ in live]
    gradients = [_times(sign, p._grad.array) for p, sign in live]
    for transform in optimizer.transforms:
        gradients = list(transform(values, gradients))
        _check_transformed(optimizer, transform, [p for p, _ in live], gradients)
    for (p, sign), gradient in zip(live, gradients, strict=True):
        p._grad = engine.wrap(_times(sign, gradient), None)


def _check_transformed(
    optimizer: Any, transform: Transform, params: list[Any], gradients: list[Any]
) -> None:
    """Raise an error if ``gradients``, from ``transform``, are not like the parameters."""
    named = getattr(transform, "func", transform)
    name = repr(getattr(named, "__name__", named))
    shapes = [tuple(getattr(g, "shape", ())) for g in gradients]
    expected = [tuple(p.shape) for p in params]
    if shapes != expected:
        raise _error(
            optimizer,
            RuntimeError,
            f"the transform {name} returned shapes {shapes} for parameters of shapes {expected}",
        )
    for number, (p, g) in enumerate(zip(params, gradients, strict=True)):
        if not is_array(g):
            raise _error(
                optimizer,
                TypeError,
                f"the transform {name} has to return arrays, gradient {number} is {type(g).__name__}",
            )
        if (g.dtype, device_of(g)) != (p.dtype, p.device):
            raise _error(
                optimizer,
                RuntimeError,
                f"the transform {name} has to return gradient {number} as {p.dtype} on {p.device} like its "
                f"parameter, got {g.dtype} on {device_of(g)}",
            )


def _times(sign: int, array: Any) -> Any:
    return array if sign == 1 else -array


def _error(optimizer: Any, kind: type[Exception], text: str) -> Exception:
    return kind(f"{type(optimizer).__name__}.step(): {text}")


def penalised(theta: Any, g: Any, weight_decay: float, maximize: bool, out: Any) -> Any:
    r"""Return, in ``out``, the gradient of what is minimised: :math:`\pm g + \lambda \theta`."""
    xp = xp_of(theta)
    if not weight_decay:
        return xp.negative(g, out=out)
    xp.multiply(theta, weight_decay, out=out)
    return (xp.subtract if maximize else xp.add)(out, g, out=out)
