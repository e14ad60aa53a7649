r"""Taking elements out by index, and its adjoint: adding them back in."""

from __future__ import annotations

import types

import numpy as np

from minigrad import engine
from minigrad.backend.devices import is_array
from minigrad.ops.declare import op, register
from minigrad.ops.samples import with_params

BASIC = frozenset((int, slice, type(None), types.EllipsisType))
"""What a basic index is made of."""


def is_basic(index):
    """Tell whether ``index`` (a tuple) has only integers, slices, ``None`` and ``...``: no copies."""
    for part in index:
        if part.__class__ not in BASIC:
            return False
    return True


def split_index(index):
    """Return the basic and the advanced half of an index, the first ``None`` if it is not needed.

    PyTorch applies integers before index arrays, so that ``x[0, :, [1, 2]]`` is ``x[0][:, [1, 2]]``.
    NumPy takes the integer for an index array, too, and moves the indexed axes to the front.
    """
    arrays = [part for part in index if is_array(part) and part.ndim]
    integers = [part for part in index if _is_integer(part)]
    if not arrays or not integers:
        return None, index
    first, second = [], []
    for part in index:
        if is_array(part) and part.ndim:
            first += [slice(None)] * (part.ndim if part.dtype.kind == "b" else 1)
            second.append(part)
        else:
            first.append(part)
            if not _is_integer(part):
                second.append(part if part is Ellipsis else slice(None))
    return tuple(first), tuple(second)


def joined(index, ndim):
    """Return an index without a ``...`` that stands for none of the ``ndim`` dimensions.

    NumPy takes index arrays with a ``...`` between them for separated, even by nothing, and moves the
    indexed axes to the front; PyTorch does not.
    """
    rest = [part for part in index if part is not Ellipsis]
    if len(rest) == len(index) or sum(map(is_array, rest)) < 2:
        return index
    used = sum(
        part.ndim if is_array(part) and part.dtype.kind == "b" else 1
        for part in rest
        if part is not None
    )
    return tuple(rest) if used == ndim else index


def _is_integer(part):
    """Tell whether a part of an index picks one place: an integer, or an integer array without axes."""
    if is_array(part):
        return part.ndim == 0 and part.dtype.kind in "iu"
    return isinstance(part, int)


def _is_mask(index):
    """Tell whether ``index`` is one boolean mask, which picks no element twice."""
    return len(index) == 1 and is_array(index[0]) and index[0].dtype.kind == "b"


@op(dtypes="any")
def getitem(xp, x, *, index):
    """``x[index]``: integers, slices, ``None``, ``...``, integer and boolean arrays, mixed."""
    if len(index) > 2:
        index = joined(index, x.ndim)
    out = x[index]
    # A single element is to be a view as all other parts are, and not a number.
    return x[(*index, Ellipsis)] if isinstance(out, np.generic) and xp is np else out


@op(dtypes="any")
def scatter(xp, x, *, index, shape):
    """Zeros of ``shape`` to which ``x`` is added at ``index``; repeated indices add up."""
    return _scattered(xp, x, index, shape)


def _scattered(xp, x, index, shape):
    index = index if len(index) < 3 else joined(index, len(shape))
    if is_basic(index) or _is_mask(index):
        out = xp.zeros(shape, x.dtype)
        out[index] = x
        return out
    # CuPy's add.at knows uint64 but not int64; modulo 2**64 they add up to the same bits.
    dtype = x.dtype if x.dtype.kind == "f" else np.uint64
    out = xp.zeros(shape, dtype)
    xp.add.at(out, index, xp.asarray(x, dtype=dtype))
    return xp.asarray(out, dtype=x.dtype)


def put_back(xp, g, index, x_shape):
    """Return zeros with the gradient where the elements were: :func:`scatter` inside a rule."""
    if xp is engine.tensor_namespace:
        return scatter.apply(g, index=index, shape=x_shape)
    return _scattered(xp, g, index, x_shape)


getitem.vjp(x=put_back).samples(
    lambda draw: [
        ((draw((3,)),), {"index": (1,)}),
        ((draw((4, 3)),), {"index": (slice(None, None, -2), 0)}),
        ((draw((4, 3)),), {"index": (..., None, slice(1, 3))}),
        ((draw((4, 3)),), {"index": (np.array([0, 2, 2, -1]),)}),
        ((draw((4, 3)),), {"index": (np.array([[0, 1], [1, 1]]), slice(0, 2))}),
        ((draw((4, 3)),), {"index": (np.array([0, 0, 1]), np.array([2, 2, 0]))}),
        ((draw((2, 3)),), {"index": (np.array([[True, False, True], [False, False, True]]),)}),
        ((draw((2, 3)),), {"index": (np.array([False, True]), np.array([1, 1]))}),
        ((draw((2, 3)),), {"index": (slice(None), np.array([], dtype=np.int64))}),
        ((draw((2, 3, 2)),), {"index": (np.array([1, 0]), slice(None), np.array([0, 0]))}),
        ((draw((2, 3, 2)),), {"index": (slice(None), np.array([1, 2]), ..., np.array([0, 0]))}),
    ]
)
scatter.vjp(
    x=lambda xp, g, index: (
        g[index] if xp is np and len(index) < 3 else getitem.on(xp, g, index=index)
    ),
).samples(
    lambda draw: [
        ((draw((3,)),), {"index": (np.array([0, 2, 2]),), "shape": (4,)}),
        ((draw((2, 3)),), {"index": (slice(0, 2),), "shape": (4, 3)}),
        ((draw((2,)),), {"index": (np.array([True, False, True]),), "shape": (3,)}),
    ]
)


def along_axis(xp, indices, axis):
    """Return the index that takes, along ``axis``, the element each of ``indices`` names.

    Every other axis gets the plain count 0, 1, 2, ... shaped so that all broadcast together.
    """
    shape = indices.shape
    parts = []
    for i, length in enumerate(shape):
        spread = (1,) * i + (length,) + (1,) * (len(shape) - i - 1)
        parts.append(indices if i == axis else xp.reshape(xp.arange(length), spread))
    return tuple(parts)


@op(differentiable=False)
def argsort(xp, x, *, axis=-1, descending=False):
    """Indices that sort ``x`` along ``axis``; equal elements keep their order."""
    if descending:
        # Sorting the reversed array and counting from the other end keeps equal elements in order.
        order = xp.argsort(xp.flip(x, axis=axis), axis=axis, kind="stable")
        return x.shape[axis] - 1 - xp.flip(order, axis=axis)
    return xp.argsort(x, axis=axis, kind="stable")


argsort.samples(
    with_params(
        ((5,), {}), ((2, 3), {"axis": 0, "descending": True}), ((0, 3), {"axis": 0}), whole=True
    )
)
register(getitem, scatter, argsort)
