"""What all losses do with their arguments: checks of reductions, shapes and class indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad._functions.arguments import in_range
from minigrad._tensor import Tensor
from minigrad._warning import warn
from minigrad.backend.devices import xp_of
from minigrad.engine import as_tensor, state
from minigrad.nn.module import in_module

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(name: str, reduction: str, known: tuple[str, ...] = REDUCTIONS) -> None:
    """Raise if ``reduction`` is none of those there are."""
    if reduction not in known:
        *most, last = map(repr, known)
        raise ValueError(
            f"{name}: reduction has to be {', '.join(most)} or {last}, got {reduction!r}"
        )


def checked(name: str, reduction: str, *values: Any) -> tuple[Tensor, ...]:
    """Return all values as tensors (arrays are welcome too), once ``reduction`` has been checked."""
    check_reduction(name, reduction)
    return tuple(map(as_tensor, values))


# Shapes -------------------------------------------------------------------------------------------


def warn_if_broadcast(name: str, input: Tensor, target: Tensor) -> None:
    """Warn if the shapes differ, on behalf of the loss that calls this."""
    if input.array.shape != target.array.shape:
        warn(
            f"{name}: the input {tuple(input.shape)} and the target {tuple(target.shape)} differ in shape "
            "and are broadcast, which is rarely what was meant; reshape one of them",
        )


def check_same_shape(name: str, input: Tensor, target: Tensor) -> None:
    """Raise if the target does not have the shape of the input."""
    if input.array.shape != target.array.shape:
        raise ValueError(
            f"{name}: the target {tuple(target.shape)} has to have the shape of the input "
            f"{tuple(input.shape)}; reshape one of them, for example with .unsqueeze(1){in_module()}"
        )


def check_weight_fits(name: str, weight: Any, input: Tensor, argument: str = "weight") -> None:
    """Raise if a weight does not broadcast to the shape of the input."""
    shape = tuple(getattr(weight, "shape", ()))  # a number fits
    try:
        fits = np.broadcast_shapes(shape, input.array.shape) == input.array.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name}: {argument} {shape} does not broadcast to the input "
            f"{tuple(input.shape)}{in_module()}"
        )


# Class indices ------------------------------------------------------------------------------------


def class_rows(
    name: str, input: Tensor, target: Tensor, ignore_index: int | None = None
) -> tuple[Tensor, Any, Any]:
    """Return the input as rows (M, C), a raw class index for each, and which count (``None``: all).

    Parameters
    ----------
    name : str
        The loss, for messages.
    input : Tensor, shape (C,), (N, C) or (N, C, ...)
        A number for each class.
    target : Tensor, shape (), (N,) or (N, ...)
        Class indices.
    ignore_index : int, optional
        The index of samples that do not count; they get class 0.

    Raises
    ------
    TypeError
        If the target does not hold integers.
    ValueError
        If the shapes do not fit.
    RuntimeError
        If input and target are on different devices.
    IndexError
        If an index is out of range (on the host only).
    """
    shape, raw = input.array.shape, target.array
    xp = xp_of(raw)
    if raw.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: the target has to hold class indices (integers), got {raw.dtype}{in_module()}"
        )
    dim = 1 if len(shape) > 1 else 0  # of the classes
    expected = shape[:dim] + shape[dim + 1 :]
    if raw.shape != expected or not shape:
        also = f" or probabilities of shape {shape}" if name == "cross_entropy" else ""
        advice = "; use .float()" if also and raw.shape == shape else ""
        raise ValueError(
            f"{name}: an input of shape {shape} needs class indices of shape {expected}{also}, got "
            f"{raw.shape} {raw.dtype}{advice}{in_module()}"
        )
    _check_device(name, "target", target, input)
    if input.dtype.kind != "f":
        input = input.to(dtypes.get_default_dtype())
    classes, counted = _in_range(
        name, xp.asarray(raw, dtype=dtypes.int64), shape[dim], ignore_index
    )
    if len(shape) == 2:
        return input, classes, counted
    rows = input.movedim(dim, -1).reshape(classes.size, shape[dim])
    return rows, xp.reshape(classes, (-1,)), None if counted is None else xp.reshape(counted, (-1,))


def _in_range(name: str, classes: Any, count: int, ignore_index: int | None) -> tuple[Any, Any]:
    """Return class indices that are all in range, and where they count (``None``: everywhere)."""
    xp = xp_of(classes)
    if xp is np and (ignore_index is None or not 0 <= ignore_index < count):
        if in_range(classes, count):
            return classes, None
    counted = None if ignore_index is None else classes != ignore_index
    if xp is np:
        outside = (classes < 0) | (classes >= count)
        wrong = classes[outside if counted is None else outside & counted]
        if wrong.size:
            raise IndexError(
                f"{name}: class index {wrong[0]} is out of range, the input has {count} classes, 0 to "
                f"{count - 1}{in_module()}"
            )
    return classes if counted is None else xp.where(counted, classes, 0), counted


def shares_of(name: str, weight: Any, rows: Tensor, classes: Any, counted: Any) -> Any:
    """Return how much each sample counts, as a raw array: the weight of its class, 0 if it is ignored.

    Returns
    -------
    array or None
        ``None`` if all count alike.
    """
    if weight is not None:
        weight = as_tensor(weight)
        _check_class_weight(name, weight, rows)
        shares = weight.array[classes]
        return shares if counted is None else shares * counted
    return None if counted is None else xp_of(counted).asarray(counted, dtype=rows.dtype)


def _check_class_weight(name: str, weight: Tensor, rows: Tensor) -> None:
    check_class_weight_shape(name, weight, rows.shape[1])
    _check_device(name, "weight", weight, rows)
    if weight.dtype != rows.dtype:
        raise RuntimeError(
            f"{name}: the input is {rows.dtype}, weight {weight.dtype}; convert one of them with "
            f".to(dtype){in_module()}"
        )
    if weight.requires_grad and state.get().grad_enabled:
        raise RuntimeError(
            f"{name}: there is no derivative with respect to weight, which requires gradients; pass "
            f"weight.detach(){in_module()}"
        )


def check_class_weight_shape(name: str, weight: Any, classes: int) -> None:
    """Raise if ``weight`` is not one number for each class."""
    if tuple(weight.shape) != (classes,):
        raise ValueError(
            f"{name}: weight needs one number for each of {classes} classes, got shape "
            f"{tuple(weight.shape)}{in_module()}"
        )


def _check_device(name: str, argument: str, tensor: Tensor, input: Tensor) -> None:
    if xp_of(tensor.array) is not xp_of(input.array):
        raise RuntimeError(
            f"{name}: the input is on {input.device}, the {argument} on {tensor.device}; move one with "
            f".to(device){in_module()}"
        )
