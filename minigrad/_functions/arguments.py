"""Turning PyTorch's ways of giving sizes and dimensions into NumPy's."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from minigrad import engine
from minigrad.backend.devices import Device, device_of, to_device, xp_of


def numpy_names(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let ``function`` take ``axis`` and ``keepdims`` for ``dim`` and ``keepdim``, as PyTorch does."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            if "axis" in kwargs:
                kwargs["dim"] = kwargs.pop("axis")
            if "keepdims" in kwargs:
                kwargs["keepdim"] = kwargs.pop("keepdims")
        return function(*args, **kwargs)

    return wrapper


def also_named(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function take its ``*numbers`` by ``name`` too: ``zeros(size=(2, 3))`` for ``zeros(2, 3)``."""

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if name in kwargs:
                args = (*args, kwargs.pop(name))
            return function(*args, **kwargs)

        return wrapper

    return decorator


def as_axis(dim: Any) -> Any:
    """Return ``dim`` (None, an integer, or a list of them) as an axis of NumPy."""
    if dim is None:
        return None
    if isinstance(dim, (tuple, list)):
        return tuple(map(as_integer, dim)) or None
    return as_integer(dim)


def as_integer(value: Any) -> int:
    """Return an integer given as a Python int, a NumPy integer or a 0-d integer tensor."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"expected an integer, got {value!r}") from None


def as_size(sizes: tuple[Any, ...] | list[Any]) -> tuple[int, ...]:
    """Return the shape meant by ``f(2, 3)`` or ``f((2, 3))``."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    return tuple(map(as_integer, sizes))


def check_dim(dim: int, ndim: int, operation: str) -> int:
    """Return ``dim`` counted from the front.

    Raises
    ------
    IndexError
        If there is no such dimension.
    """
    dim = as_integer(dim)
    limit = max(ndim, 1)
    if not -limit <= dim < limit:
        raise IndexError(
            f"{operation}: dimension {dim} is out of range for a tensor of {ndim} dimensions "
            f"(expected {-limit} to {limit - 1})"
        )
    return dim % limit


def index_array(index: Any, like: Any, operation: str) -> Any:
    """Return integer indices as a raw array on the device of the tensor ``like``.

    Raises
    ------
    TypeError
        If they are not integers.
    """
    tensor = engine.as_tensor(index)
    if tensor.dtype.kind not in "iu":
        raise TypeError(
            f"{operation}: indices have to be integers, got {tensor.dtype}; use .long()"
        )
    device = device_of(like.array)
    if device_of(tensor.array) != device and isinstance(index, engine.Tensor):
        raise RuntimeError(
            f"{operation}: the tensor is on {device}, its index on {tensor.device}; move one with .to()"
        )
    return on_device(tensor.array, device)


def in_range(indices: Any, count: int) -> bool:
    """Tell whether int64 indices on the host are all from 0 to ``count - 1``."""
    # Seen as unsigned, negative numbers are larger than any count: one look is enough.
    return not indices.size or bool(np.maximum.reduce(indices.view(np.uint64), None) < count)


def check_in_range(indices: Any, count: int, operation: str) -> None:
    """Raise where indices, also negative ones, are not from 0 to ``count - 1``; looks on the host only.

    Raises
    ------
    IndexError
        Naming the first that is not.
    """
    if xp_of(indices) is np and not in_range(np.asarray(indices, dtype=np.int64), count):
        wrong = indices[(indices < 0) | (indices >= count)].flat[0]
        raise IndexError(
            f"{operation}: index {wrong} is out of range for a dimension of length {count}, which has "
            f"0 to {count - 1}; negative ones do not count from the end here"
        )


def on_device(array: Any, device: Device) -> Any:
    """Return an array on ``device``: itself, or a copy if it is on the host.

    Raises
    ------
    RuntimeError
        If it is on another device than these two.
    """
    here = device_of(array)
    if here == device:
        return array
    if here.type != "cpu":
        raise RuntimeError(
            f"tensors are on different devices: {device} and {here}; move one with .to(device)"
        )
    return to_device(array, device)


def check_same_dtype(operation: str, **tensors: Any) -> None:
    """Raise if two tensors (by name; anything else is left alone) differ in dtype.

    Raises
    ------
    RuntimeError
        Naming both.
    """
    (first, one), (second, two) = tensors.items()
    if isinstance(two, engine.Tensor) and one.dtype != two.dtype:
        raise RuntimeError(
            f"{operation}: {first} is {one.dtype}, {second} {two.dtype}; convert {second} with "
            f".to({first}.dtype)"
        )


def check_devices(operation: str, **tensors: Any) -> None:
    """Raise if tensors (by name; anything else is left alone) are not all on one device.

    Raises
    ------
    RuntimeError
        Naming the first two that are apart.
    """
    known = [(name, one) for name, one in tensors.items() if isinstance(one, engine.Tensor)]
    for name, one in known[1:]:
        first, other = known[0]
        if xp_of(one.array) is not xp_of(other.array):
            raise RuntimeError(
                f"{operation}: {first} is on {other.device}, {name} on {one.device}; "
                "move one with .to(device)"
            )
