"""Sums of many numbers on the host, exact to a few units of the last digit.

Over the last axes NumPy adds pairwise, and loses next to nothing.  Over all other axes it adds row after
row to one row of sums, in the dtype of the array: of a million float32 numbers that loses 1 %.  Long
sums are therefore done in stages here: sums of blocks of rows, then sums of those.  Each is a product
with ones, several times as fast as NumPy's sum.  float16 adds up in float32, as in PyTorch.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

LONG = 1024
"""Up to so many numbers are simply added up, one after the other."""

BLOCK = 256
"""So many rows of a longer sum are added up at once."""

_add_up: Any = np.add.reduce  # asks less than np.sum


def total(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return ``xp.sum(x, axis=axis, keepdims=keepdims)`` of floating numbers."""
    if xp is not np:
        return xp.sum(x, axis=axis, keepdims=keepdims)
    if axis is None:
        suspect = x.size > LONG and not x.flags.forc
    elif axis.__class__ is int and -x.ndim <= axis < x.ndim:
        suspect = x.shape[axis] > LONG
    elif axis.__class__ is tuple and len(axis) == 1:
        return total(xp, x, axis[0], keepdims)
    else:
        suspect = x.size > LONG
    if suspect or x.dtype.char == "e":
        return _careful_total(x, axis, keepdims)
    return _add_up(x, axis=axis, keepdims=keepdims)


def _careful_total(x: Any, axis: Any, keepdims: bool) -> Any:
    if x.dtype.char == "e":
        return rounded(_careful_total(widened(x), axis, keepdims), x.dtype)
    if x.dtype.char == "f":
        axes = _axes(axis, x.ndim)
        if math.prod([x.shape[one] for one in axes]) > LONG and not _pairwise(x, axes):
            return _staged_total(x, axes, keepdims)
    return _add_up(x, axis=axis, keepdims=keepdims)


def _axes(axis: Any, ndim: int) -> list[int]:
    """Return the axes in their order, counted from the front; none if NumPy is going to object."""
    if axis is None:
        return list(range(ndim))
    axes = {
        one % ndim for one in (axis if isinstance(axis, tuple) else (axis,)) if -ndim <= one < ndim
    }
    return sorted(axes) if len(axes) == (len(axis) if isinstance(axis, tuple) else 1) else []


def _pairwise(x: Any, axes: list[int]) -> bool:
    """Tell whether NumPy goes through the numbers of each sum in one run, and adds them pairwise."""
    every, last = len(axes) == x.ndim, axes[0] == x.ndim - len(axes)
    return x.ndim == 1 or (x.flags.forc if every else x.flags.c_contiguous and last)


def _staged_total(x: Any, axes: list[int], keepdims: bool) -> Any:
    if x.flags.f_contiguous and not x.flags.c_contiguous:
        turned = [x.ndim - 1 - axis for axis in reversed(axes)]
        return np.transpose(_careful_total(np.transpose(x), tuple(turned), keepdims))
    kept = [1 if i in axes else length for i, length in enumerate(x.shape)]
    out = x
    for axis in axes:
        if out.strides[axis] == 0 and out.shape[axis] > 1:  # copies of one number, broadcast
            out = out[(slice(None),) * axis + (slice(1),)] * out.shape[axis]
    if not out.flags.c_contiguous:
        out = np.positive(out, order="C")
    for axis in axes:  # the first one first, as it has the longest rows
        shape = out.shape
        after = math.prod(shape[axis + 1 :])
        if shape[axis] == 1:
            continue
        if after == 1:
            out = _add_up(out, axis=axis, keepdims=True)
        else:
            stacked = np.reshape(out, (math.prod(shape[:axis]), shape[axis], after))
            out = np.reshape(row_total(stacked), (*shape[:axis], 1, *shape[axis + 1 :]))
    return out if keepdims else np.reshape(out, [kept[i] for i in range(x.ndim) if i not in axes])


def row_total(x: Any) -> Any:
    """Return the sum of the rows of a matrix, or of each of a stack of them, (..., n, m), on the host."""
    *stack, n, m = x.shape
    if n <= LONG:
        return np.matmul(ones(n, x.dtype), x)
    if x.strides[-2] == 0:  # copies of one row, broadcast
        return x[..., 0, :] * n
    if not x.flags.c_contiguous:  # which may be no product of matrices to NumPy
        x = np.positive(x, order="C")
    blocks, left = divmod(n, BLOCK)
    whole = np.reshape(x[..., : n - left, :], (*stack, blocks, BLOCK, m))
    out = row_total(np.matmul(ones(BLOCK, x.dtype), whole))
    return out + np.matmul(ones(left, x.dtype), x[..., n - left :, :]) if left else out


def running_total(xp: Any, x: Any, axis: int) -> Any:
    """Return ``xp.cumsum(x, axis=axis)`` in the dtype of ``x``; long ones are added up in float64."""
    dtype = x.dtype
    if dtype.char == "e" or (xp is np and dtype.char == "f" and x.shape[axis] > LONG):
        dtype = np.dtype(np.float64)
    out = xp.cumsum(x, axis=axis, dtype=dtype)
    if dtype is x.dtype:
        return out
    return rounded(out, x.dtype) if xp is np else xp.asarray(out, dtype=x.dtype)


def widened(x: Any) -> Any:
    """Return float16 numbers in float32, by a function that a compiled step can write down."""
    return np.positive(x, dtype=np.float32)


def rounded(x: Any, dtype: np.dtype) -> Any:
    """Return numbers in a shorter dtype, likewise."""
    return np.positive(x, dtype=dtype, casting="same_kind")


@functools.lru_cache(maxsize=64)
def ones(length: int, dtype: np.dtype) -> Any:
    """Return a vector of ones, kept from one call to the next."""
    vector = np.ones(length, dtype)
    vector.flags.writeable = False
    return vector
