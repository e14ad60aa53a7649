"""Making arrays of what people hand in: numbers, nested lists, arrays of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes, engine
from minigrad.backend.devices import is_array, to_host, xp_of


def as_tensor(value: Any) -> Any:
    """Return ``value`` as a tensor: itself, or a constant (arrays share their memory)."""
    if isinstance(value, engine.Tensor):
        return value
    if isinstance(value, (np.ndarray, np.generic)) or is_array(value):
        return engine.wrap(_supported(value), None)
    return engine.wrap(from_python(value), None)


def from_python(value: Any, dtype: np.dtype | None = None) -> Any:
    """Return Python numbers and nested lists (which may hold tensors) as an array.

    Without ``dtype``, Python floats take the default dtype; NumPy scalars and arrays keep theirs.

    Raises
    ------
    TypeError
        If something in it is no number.
    ValueError
        If the lists are ragged.
    """
    first, value = _first_leaf(value), _without_tensors(value)
    try:
        array = np.array(value)
        if dtype is not None:  # from the numbers as given: 0.1 in float64 is not 0.1 in float32
            return array.astype(dtype) if array.dtype.kind in "biuf" else _supported(array)
    except ValueError as error:
        raise ValueError(
            f"a tensor cannot be made of nested lists of different lengths: {error}"
        ) from None
    if array.dtype.kind == "f" and (first is None or type(first) in (float, int, bool)):
        array = array.astype(dtypes.get_default_dtype())
    return _supported(array)


def _first_leaf(value: Any) -> Any:
    """Return the first element of nested lists, ``None`` if there is none."""
    while isinstance(value, (list, tuple)):
        if not value:
            return None
        value = value[0]
    return value.array if isinstance(value, engine.Tensor) else value


def _without_tensors(value: Any) -> Any:
    """Return nested lists with tensors replaced by their arrays on the host."""
    if isinstance(value, engine.Tensor):
        return to_host(value.array)
    if isinstance(value, (list, tuple)):
        return [_without_tensors(part) for part in value]
    return value


def _supported(array: Any) -> Any:
    """Return an array whose dtype minigrad has; of subclasses, such as memory maps, as a plain one.

    Raises
    ------
    TypeError
        For complex numbers, strings, objects and other dtypes.
    """
    if array.__class__ is not np.ndarray and isinstance(array, np.ndarray):
        # The same memory; but a subclass may compute otherwise, as np.matrix does.
        array = np.asarray(array)
    if array.dtype not in dtypes.SUPPORTED:
        if array.dtype.newbyteorder("=") in dtypes.SUPPORTED:
            return xp_of(array).asarray(array, dtype=array.dtype.newbyteorder("="))
        if array.dtype.kind == "u":
            return xp_of(array).asarray(array, dtype=dtypes.int64)
        raise TypeError(f"minigrad has no tensors of dtype {array.dtype}; convert the data first")
    return array


engine.as_tensor = as_tensor
