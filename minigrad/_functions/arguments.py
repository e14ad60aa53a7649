"""Turning PyTorch's ways of giving sizes and dimensions into NumPy's."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from minigrad import engine
from minigrad.backend.devices import Device, device_of, to_device, xp_of

Result = TypeVar("Result")


def numpy_names(function: Callable[..., Result]) -> Callable[..., Result]:
    """Let ``function`` take ``axis`` and ``keepdims`` for ``dim`` and ``keepdim``, as PyTorch does.

    And let NumPy's functions call it: ``np.sum(tensor)`` is ``tensor.sum(axis=None, out=None)``.
    """

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Result:
        if kwargs:
            if "out" in kwargs:
                kwargs = _without_numpys_own(function.__name__, **kwargs)
            if "axis" in kwargs:
                kwargs["dim"] = kwargs.pop("axis")
            if "keepdims" in kwargs:
                kwargs["keepdim"] = kwargs.pop("keepdims")
        return function(*args, **kwargs)

    return wrapper


def _without_numpys_own(
    name: str, *, out: Any, dtype: Any = None, ddof: Any = None, **kwargs: Any
) -> dict[str, Any]:
    """Return keywords, as a function of NumPy hands them on to a method, in PyTorch's words."""
    if out is not None:
        raise TypeError(
            f"{name}(): there is no out; use the result, or NumPy on .detach().numpy() of the tensor"
        )
    given = {"dtype": dtype, "correction": ddof}
    return kwargs | {key: value for key, value in given.items() if value is not None}


def also_named(name: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Let a function take its ``*numbers`` by ``name`` too: ``zeros(size=(2, 3))`` for ``zeros(2, 3)``."""

    def decorator(function: Callable[..., Result]) -> Callable[..., Result]:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Result:
            if name in kwargs:
                args = (*args, kwargs.pop(name))
            return function(*args, **kwargs)

        return wrapper

    return decorator


def as_axis(dim: Any, input: Any) -> Any:
    """Return ``dim`` (None, an integer, or a list of them) as an axis of NumPy.

    Dimension 0 of a 0-d tensor, which PyTorch sees as a vector of length 1, is all there is.
    """
    if dim is None:
        return None
    axes = tuple(map(as_integer, dim)) if isinstance(dim, (tuple, list)) else (as_integer(dim),)
    if not axes or (axes in ((0,), (-1,)) and getattr(input, "ndim", None) == 0):
        return None
    return axes if isinstance(dim, (tuple, list)) else axes[0]


def as_integer(value: Any) -> int:
    """Return an integer given as a Python int, a NumPy integer or a 0-d integer tensor."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"expected an integer, got {value!r}") from None


def as_length(layer: Any, name: str, value: Any) -> int:
    """Return the argument ``name`` of a layer, the length of a dimension, as a Python int.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is negative.
    """
    layer = type(layer).__name__
    try:
        length = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{layer}: {name} has to be an integer, got {value!r}"
            + ("; n // 2 is one, n / 2 is not" if isinstance(value, float) else "")
        ) from None
    if length < 0:
        raise ValueError(f"{layer}: {name} cannot be negative, got {length}")
    return length


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


def check_ndim(input: Any, least: int, operation: str, kind: type[Exception] = ValueError) -> None:
    """Raise an error if a tensor (or list, or number) has fewer dimensions than ``least``."""
    shape = tuple(engine.as_tensor(input).shape)
    if len(shape) < least:
        dimensions = "a dimension" if least == 1 else f"{least} dimensions or more"
        raise kind(f"{operation}: expected a tensor with {dimensions}, got shape {shape}")


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
