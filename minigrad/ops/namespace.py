"""NumPy's names over Tensors: the ``xp`` with which a rule records itself.

A rule is written once, ``g * xp.cos(x)``.  Handed NumPy and raw arrays, it computes first derivatives
at full speed; handed this module and Tensors, it records what it does, so that the derivative can be
differentiated again.  Hence a rule uses only names that stand below, with NumPy's meaning.  Tensors
themselves speak PyTorch; these names mean different things in the two languages:

==============  ==========================================  =======================================
name            here, as in NumPy                           on a Tensor, as in PyTorch
==============  ==========================================  =======================================
``max, min``    largest element along ``axis``              with ``dim``: values and indices
``repeat``      each element again                          the whole tensor again (``tile``)
``split``       (not here)                                  takes the size of a part
``transpose``   (not here: ``permute_dims``)                swaps two axes
``var, std``    (not here)                                  ``correction=1`` unless told otherwise
==============  ==========================================  =======================================
"""

from minigrad import engine
from minigrad.ops.arithmetic import abs_ as abs, maximum, minimum, select, sign
from minigrad.ops.elementary import cos, cosh, exp, expm1, log, log1p, sin, sinh, sqrt, tanh
from minigrad.ops.fused import sum_rows
from minigrad.ops.indexing import getitem
from minigrad.ops.products import einsum as _einsum, matmul
from minigrad.ops.reductions import (
    amax as max,
    amin as min,
    cumsum,
    mean,
    prod,
    reduced_axes,
    sum_ as _sum,
)
from minigrad.ops.shapes import (
    alias,
    broadcast_to as _broadcast_to,
    concatenate as _concatenate,
    flip as _flip,
    permute_dims as _permute_dims,
    reshape as _reshape,
    roll as _roll,
    tril,
    triu,
)

__all__ = [
    "abs",
    "alias",
    "broadcast_to",
    "concatenate",
    "cos",
    "cosh",
    "cumsum",
    "einsum",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "getitem",
    "log",
    "log1p",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "ones_like",
    "permute_dims",
    "prod",
    "reshape",
    "roll",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "sum",
    "swapaxes",
    "tanh",
    "tril",
    "triu",
    "where",
    "zeros_like",
]


def reshape(x, shape):
    """Return ``x`` in another shape; one length may be -1."""
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return x if x.array.shape == shape else _reshape.apply(x, shape=shape)


def permute_dims(x, axes):
    """Return ``x`` with its axes in another order."""
    return _permute_dims.apply(x, axes=tuple(axes))


def swapaxes(x, axis1, axis2):
    """Return ``x`` with two axes exchanged."""
    axes = list(range(x.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return _permute_dims.apply(x, axes=tuple(axes))


def expand_dims(x, axis):
    """Return ``x`` with axes of length 1 at the positions ``axis`` of the result."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    new = reduced_axes(axes, x.ndim + len(axes))
    lengths = iter(x.shape)
    return reshape(x, [1 if i in new else next(lengths) for i in range(x.ndim + len(axes))])


def sum(x, axis=None, keepdims=False, dtype=None):
    """Return the sum over ``axis``; over the rows of a matrix by the operation that does just that."""
    if axis == 0 and x.ndim == 2 and x.dtype.kind == "f" and not keepdims and dtype is None:
        return sum_rows.apply(x)
    return _sum.apply(x, axis=axis, keepdims=keepdims, dtype=dtype)


def broadcast_to(x, shape):
    """Return ``x`` repeated to ``shape``."""
    return _broadcast_to.apply(x, shape=tuple(shape))


def flip(x, axis):
    """Return ``x`` reversed along ``axis``."""
    return _flip.apply(x, axis=axis)


def roll(x, shift, axis=None):
    """Return ``x`` shifted along ``axis``."""
    return _roll.apply(x, shift=shift, axis=axis)


def concatenate(arrays, axis=0):
    """Return the arrays one after the other."""
    return _concatenate.apply(*arrays, axis=axis)


def einsum(subscripts, *operands):
    """Return a sum of products over named axes."""
    return _einsum.apply(*operands, subscripts=subscripts)


def where(condition, x, y):
    """Return ``x`` where ``condition`` holds, else ``y``."""
    return select.apply(x, y, condition=condition)


def zeros_like(x):
    """Return zeros like ``x``: a constant."""
    return engine.wrap(engine.xp_of(x.array).zeros_like(x.array), None)


def ones_like(x):
    """Return ones like ``x``: a constant."""
    return engine.wrap(engine.xp_of(x.array).ones_like(x.array), None)
