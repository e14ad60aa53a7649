"""Names of data types, the default one, and PyTorch's rules for mixing them.

A dtype is NumPy's own object (``mg.float32 is numpy.dtype("float32")``), so it can be handed to NumPy
as it is.  :func:`promote` alone decides what an operation computes in; the rules of the operations
never see mixed dtypes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

float16 = half = np.dtype(np.float16)
float32 = float_ = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
uint8 = np.dtype(np.uint8)
int8 = np.dtype(np.int8)
int16 = short = np.dtype(np.int16)
int32 = int_ = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
bool_ = np.dtype(np.bool_)

SUPPORTED = (float16, float32, float64, uint8, int8, int16, int32, int64, bool_)

TENSOR_TYPES: dict[str, np.dtype] = {
    "FloatTensor": float32,
    "DoubleTensor": float64,
    "HalfTensor": float16,
    "LongTensor": int64,
    "IntTensor": int32,
    "ShortTensor": int16,
    "CharTensor": int8,
    "ByteTensor": uint8,
    "BoolTensor": bool_,
}
"""The names of dtypes in PyTorch's early days."""

_NAMES: dict[str, np.dtype] = {
    "float": float32,
    "double": float64,
    "half": float16,
    "long": int64,
    **TENSOR_TYPES,
}

_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2}
_PYTHON_TYPES = {float: 2, int: 1, bool: 0}

_default_dtype = float32


def get_default_dtype() -> np.dtype:
    """Return the floating dtype of new tensors made from Python floats (float32 at the start)."""
    return _default_dtype


def set_default_dtype(dtype: Any) -> None:
    """Set the floating dtype of new tensors made from Python floats.

    Raises
    ------
    TypeError
        If ``dtype`` is not a floating dtype.
    """
    global _default_dtype
    dtype = as_dtype(dtype)
    if dtype.kind != "f":
        raise TypeError(f"the default dtype has to be floating, got {dtype}")
    _default_dtype = dtype


def as_dtype(dtype: Any) -> np.dtype:
    """Return ``dtype`` (a NumPy dtype or its name, or ``float``, ``int``, ``bool``) as a NumPy dtype.

    ``float`` means the default dtype, as in PyTorch; a tensor type, ``mg.FloatTensor`` or
    ``"torch.FloatTensor"``, stands for its dtype.

    Raises
    ------
    TypeError
        If minigrad has no such dtype.
    """
    if dtype is float:
        return _default_dtype
    if isinstance(dtype, str):
        name = dtype.removeprefix("torch.").removeprefix("minigrad.")
        dtype = _NAMES.get(name, name)
    try:
        found = np.dtype(dtype).newbyteorder("=")
    except TypeError:
        found = None
    if found is None or found not in SUPPORTED:
        names = ", ".join(str(one) for one in SUPPORTED)
        raise TypeError(f"unknown dtype {dtype!r}: minigrad has {names}")
    return found


def is_floating(dtype: np.dtype) -> bool:
    """Tell whether ``dtype`` holds real numbers; only such tensors can have gradients."""
    return dtype.kind == "f"


def promote_types(first: Any, second: Any) -> np.dtype:
    """Return the dtype in which two tensors of equal rank compute: the higher category wins.

    Within a category the rule is NumPy's.  Integer with floating gives the floating dtype, so that
    ``int64`` with ``float32`` is ``float32`` (NumPy would say float64).

    Examples
    --------
    >>> promote_types(np.int64, np.float32)
    dtype('float32')
    """
    first, second = as_dtype(first), as_dtype(second)
    if first == second:
        return first
    ahead = _CATEGORY[first.kind] - _CATEGORY[second.kind]
    if ahead:
        return first if ahead > 0 else second
    return np.promote_types(first, second)


def result_type(tensor1: Any, tensor2: Any) -> np.dtype:
    """Return the dtype in which an operation on two tensors or numbers computes."""
    return promote([getattr(one, "array", one) for one in (tensor1, tensor2)])


def can_cast(from_: Any, to: Any) -> bool:
    """Tell whether a dtype may be stored as another: not if that is of a lower category (int, float)."""
    return _CATEGORY[as_dtype(from_).kind] <= _CATEGORY[as_dtype(to).kind]


def promote(operands: list[Any]) -> np.dtype:
    """Return the dtype in which an operation on ``operands`` computes (PyTorch's promotion).

    Operands come in three classes: arrays with axes, 0-d arrays, and Python numbers.  A weaker class
    has a say only if its category (bool, integer, floating) is above that of the stronger ones; so
    ``float32 array * 2.5`` and ``float32 array * float64 0-d`` are float32.

    Parameters
    ----------
    operands : list
        Arrays (anything with ``dtype`` and ``ndim``) and Python numbers.
    """
    result: np.dtype | None = None
    by_class: list[list[np.dtype]] = [[], [], []]
    for operand in operands:
        kind = type(operand)
        if kind in _PYTHON_TYPES:
            natural = (bool_, int64, _default_dtype)[_PYTHON_TYPES[kind]]
            by_class[2].append(natural)
        else:
            by_class[0 if operand.ndim else 1].append(operand.dtype)
    for dtypes in by_class:
        if not dtypes:
            continue
        here = dtypes[0]
        for dtype in dtypes[1:]:
            here = promote_types(here, dtype)
        if result is None or _CATEGORY[here.kind] > _CATEGORY[result.kind]:
            result = here
    if result is None:
        raise TypeError("nothing to promote: no operand was given")
    return result
