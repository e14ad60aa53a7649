"""Shapes: reshape, reorder, broadcast, join, cut, pad.  What can be a view of the input is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import engine
from minigrad._functions.arguments import (
    also_named,
    as_integer,
    as_size,
    check_dim,
    check_ndim,
    numpy_names,
)
from minigrad.backend.devices import xp_of
from minigrad.ops import shapes
from minigrad.ops.indexing import getitem

if TYPE_CHECKING:
    from minigrad._tensor import Tensor


@also_named("shape")
def reshape(input: Any, *shape: Any) -> Tensor:
    """Return the same elements, in row-major order, in another shape; one length may be -1.

    Raises
    ------
    ValueError
        If the number of elements differs.
    """
    return shapes.reshape(input, shape=as_size(shape))


def view(input: Any, *shape: Any) -> Tensor:
    """Return the same elements in another shape; a copy where PyTorch would refuse to make a view."""
    return reshape(input, *shape)


def view_as(input: Any, other: Any) -> Tensor:
    """Return ``input`` in the shape of ``other``."""
    return reshape(input, other.shape)


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Join the dimensions from ``start_dim`` to ``end_dim`` (both included) into one."""
    if input.ndim == 0:
        return reshape(input, 1)
    first = check_dim(start_dim, input.ndim, "flatten")
    last = check_dim(end_dim, input.ndim, "flatten")
    if first > last:
        raise ValueError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    joined = math.prod(input.shape[first : last + 1])
    return reshape(input, (*input.shape[:first], joined, *input.shape[last + 1 :]))


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Tensor:
    """Split dimension ``dim`` into dimensions of the given sizes; one may be -1."""
    dim = check_dim(dim, input.ndim, "unflatten")
    sizes = list(sizes)
    if -1 in sizes:
        known = math.prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = input.shape[dim] // max(known, 1)
    return reshape(input, (*input.shape[:dim], *sizes, *input.shape[dim + 1 :]))


@also_named("dims")
def permute(input: Any, *dims: Any) -> Tensor:
    """Return the dimensions in the order ``dims``.

    Raises
    ------
    ValueError
        If ``dims`` does not name each dimension once.
    """
    order = tuple(check_dim(dim, input.ndim, "permute") for dim in as_size(dims))
    if sorted(order) != list(range(input.ndim)):
        raise ValueError(f"permute: {order} does not name each of {input.ndim} dimensions once")
    return shapes.permute_dims(input, axes=order)


def transpose(input: Any, dim0: int, dim1: int) -> Tensor:
    """Return ``input`` with two dimensions exchanged."""
    if input.ndim == 0:
        return input.alias()
    order = list(range(input.ndim))
    first = check_dim(dim0, input.ndim, "transpose")
    second = check_dim(dim1, input.ndim, "transpose")
    order[first], order[second] = order[second], order[first]
    return shapes.permute_dims(input, axes=tuple(order))


def t(input: Any) -> Tensor:
    """Return the transposed matrix; a vector or a number as it is.

    Raises
    ------
    ValueError
        If there are more than two dimensions.
    """
    if input.ndim > 2:
        raise ValueError(f"t() is for at most 2 dimensions, got shape {input.shape}; use .mT")
    return input.alias() if input.ndim < 2 else transpose(input, 0, 1)


def movedim(input: Any, source: Any, destination: Any) -> Tensor:
    """Return ``input`` with dimension(s) ``source`` moved to ``destination``, the others in order."""
    sources = source if isinstance(source, (tuple, list)) else (source,)
    targets = destination if isinstance(destination, (tuple, list)) else (destination,)
    moved = [check_dim(dim, input.ndim, "movedim") for dim in sources]
    places = [check_dim(dim, input.ndim, "movedim") for dim in targets]
    if input.ndim == 0:
        return input.alias()
    order = [dim for dim in range(input.ndim) if dim not in moved]
    for place, dim in sorted(zip(places, moved, strict=True)):
        order.insert(place, dim)
    return shapes.permute_dims(input, axes=tuple(order))


@numpy_names
def squeeze(input: Any, dim: Any = None) -> Tensor:
    """Drop dimensions of length 1: all of them, or those in ``dim`` (others are left alone)."""
    if dim is None:
        drop = set(range(input.ndim))
    else:
        dims = dim if isinstance(dim, (tuple, list)) else (dim,)
        drop = {check_dim(one, input.ndim, "squeeze") for one in dims}
    kept = tuple(n for i, n in enumerate(input.shape) if n != 1 or i not in drop)
    return shapes.reshape(input, shape=kept)


@numpy_names
def unsqueeze(input: Any, dim: int) -> Tensor:
    """Return ``input`` with a dimension of length 1 inserted at ``dim``."""
    dim = check_dim(dim, input.ndim + 1, "unsqueeze")
    return shapes.reshape(input, shape=(*input.shape[:dim], 1, *input.shape[dim:]))


def expand(input: Any, *sizes: Any) -> Tensor:
    """Repeat dimensions of length 1, and new ones in front, without copying; -1 keeps a length.

    Raises
    ------
    ValueError
        If a dimension of another length would have to change.
    """
    shape = as_size(sizes)
    new = len(shape) - input.ndim
    if new < 0 or any(size == -1 for size in shape[:new]):
        raise ValueError(f"expand: {shape} does not fit a tensor of shape {tuple(input.shape)}")
    target = tuple(input.shape[i - new] if size == -1 else size for i, size in enumerate(shape))
    return shapes.broadcast_to(input, shape=target)


def expand_as(input: Any, other: Any) -> Tensor:
    """Return ``input`` expanded to the shape of ``other``."""
    return expand(input, other.shape)


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """Return the tensors expanded to the shape they broadcast to.

    Raises
    ------
    ValueError
        If they do not broadcast together.
    """
    shape = np.broadcast_shapes(*(tuple(one.shape) for one in tensors))
    return tuple(expand(one, shape) for one in tensors)


def broadcast_to(input: Any, size: Any) -> Tensor:
    """Return ``input`` repeated to the shape ``size`` without copying."""
    return expand(input, size)


def _axes(dims: Any, ndim: int, operation: str) -> tuple[int, ...]:
    dims = dims if isinstance(dims, (tuple, list)) else (dims,)
    return tuple(check_dim(dim, ndim, operation) for dim in dims)


@also_named("dims")
def flip(input: Any, *dims: Any) -> Tensor:
    """Return the elements in reverse order along ``dims``."""
    axis = _axes(as_size(dims), input.ndim, "flip")
    return shapes.flip(input, axis=axis) if input.ndim else shapes.clone(input)


def roll(input: Any, shifts: Any, dims: Any = None) -> Tensor:
    """Shift the elements along ``dims``; what leaves at one end enters at the other."""
    shift = tuple(shifts) if isinstance(shifts, (tuple, list)) else as_integer(shifts)
    if dims is None:
        return shapes.roll(input, shift=shift[0] if isinstance(shift, tuple) else shift)
    check_ndim(input, 1, "roll", IndexError)
    axis = _axes(dims, input.ndim, "roll")
    return shapes.roll(input, shift=shift if isinstance(shift, tuple) else (shift,), axis=axis)


@also_named("dims")
def tile(input: Any, *dims: Any) -> Tensor:
    """Return the whole tensor ``dims[i]`` times along dimension ``i``."""
    repeats = as_size(dims)
    return shapes.tile(input, repeats=(1,) * (input.ndim - len(repeats)) + repeats)


def repeat(input: Any, *sizes: Any) -> Tensor:
    """Return the whole tensor ``sizes[i]`` times along dimension ``i`` (NumPy's ``tile``).

    Raises
    ------
    ValueError
        If there are fewer sizes than dimensions.
    """
    repeats = as_size(sizes)
    if len(repeats) < input.ndim:
        raise ValueError(f"repeat: {repeats} has fewer numbers than the {input.ndim} dimensions")
    return shapes.tile(input, repeats=repeats)


@numpy_names
def repeat_interleave(input: Any, repeats: int, dim: int | None = None) -> Tensor:
    """Return each element ``repeats`` times along ``dim`` (of the flat tensor without it)."""
    if dim is None:
        input, dim = flatten(input), 0
    return shapes.repeat(
        input, repeats=as_integer(repeats), axis=check_dim(dim, input.ndim, "repeat_interleave")
    )


def _tensors(tensors: Any, operation: str) -> list[Any]:
    if isinstance(tensors, engine.Tensor):
        raise TypeError(
            f"{operation}: expected a list of tensors, got one of shape {tuple(tensors.shape)}; "
            f"write {operation}([a, b])"
        )
    tensors = list(tensors)
    if not tensors:
        raise ValueError(f"{operation}: expected at least one tensor")
    return tensors


@numpy_names
def cat(tensors: Any, dim: int = 0) -> Tensor:
    """Join tensors along the dimension ``dim``.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of equal shapes except along ``dim``.
    dim : int, default 0
        The dimension that grows.

    Raises
    ------
    ValueError
        If the shapes do not fit or there is no tensor.

    Notes
    -----
    An empty vector, ``tensor([])``, fits to everything, so that a loop can start with one.
    """
    tensors = _tensors(tensors, "cat")
    model = next((one for one in tensors if one.shape != (0,)), tensors[0])
    dim = check_dim(dim, model.ndim, "cat")
    nothing = (*model.shape[:dim], 0, *model.shape[dim + 1 :])
    fitting = [reshape(one, nothing) if one.shape == (0,) else one for one in tensors]
    return shapes.concatenate(*fitting, axis=dim)


@numpy_names
def stack(tensors: Any, dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new dimension ``dim``.

    Raises
    ------
    ValueError
        If the shapes differ or there is no tensor.
    """
    tensors = _tensors(tensors, "stack")
    return shapes.stack(
        *tensors, axis=check_dim(dim, engine.as_tensor(tensors[0]).ndim + 1, "stack")
    )


def hstack(tensors: Any) -> Tensor:
    """Join tensors side by side: along dimension 1, vectors and numbers along their only one."""
    tensors = [reshape(one, 1) if one.ndim == 0 else one for one in _tensors(tensors, "hstack")]
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors: Any) -> Tensor:
    """Join tensors one above the other: along dimension 0, vectors as rows."""
    tensors = _tensors(tensors, "vstack")
    return cat([reshape(one, 1, -1) if one.ndim < 2 else one for one in tensors])


def column_stack(tensors: Any) -> Tensor:
    """Join vectors as the columns of a matrix; what has more dimensions along dimension 1."""
    tensors = _tensors(tensors, "column_stack")
    return cat([reshape(one, -1, 1) if one.ndim < 2 else one for one in tensors], 1)


@numpy_names
def narrow(input: Any, dim: int, start: int, length: int) -> Tensor:
    """Return ``length`` elements of dimension ``dim``, from ``start`` on.

    Raises
    ------
    ValueError
        If they are not all there.
    """
    check_ndim(input, 1, "narrow")
    dim = check_dim(dim, input.ndim, "narrow")
    size = input.shape[dim]
    start, length = as_integer(start), as_integer(length)
    first = start + size if start < 0 else start
    if not 0 <= first <= first + length <= size:
        raise ValueError(f"narrow: {length} elements from {start} do not fit a length of {size}")
    return input[(*(slice(None),) * dim, slice(first, first + length))]


@numpy_names
def select(input: Any, dim: int, index: int) -> Tensor:
    """Return the slice ``index`` of dimension ``dim``, without that dimension."""
    check_ndim(input, 1, "select", IndexError)
    dim = check_dim(dim, input.ndim, "select")
    return input[(*(slice(None),) * dim, as_integer(index))]


def unfold(input: Any, dimension: int, size: int, step: int) -> Tensor:
    """Return the windows of ``size`` elements along ``dimension``, one every ``step``.

    The windows are counted by ``dimension``, their elements by a new last one; they are a copy.

    Raises
    ------
    ValueError
        If no window fits, or ``step`` is not positive.
    """
    dimension = check_dim(dimension, input.ndim, "unfold")
    if input.ndim == 0:
        return unfold(flatten(input), 0, size, step)[0]
    length = input.shape[dimension]
    if not 0 < as_integer(size) <= length or as_integer(step) <= 0:
        raise ValueError(f"unfold: size {size} and step {step} do not fit a length of {length}")
    xp = xp_of(input.array)
    starts = xp.arange(0, length - size + 1, step)
    index = (*(slice(None),) * dimension, xp.expand_dims(starts, 1) + xp.arange(size))
    return movedim(getitem(input, index=index), dimension + 1, -1)


@numpy_names
def split(input: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Cut into parts of one size (the last may be smaller), or of the sizes in a list.

    Raises
    ------
    ValueError
        If the sizes do not add up to the length of ``dim``.
    """
    check_ndim(input, 1, "split")
    dim = check_dim(dim, input.ndim, "split")
    length = input.shape[dim]
    if isinstance(split_size_or_sections, (tuple, list)):
        sizes = list(map(as_integer, split_size_or_sections))
        if sum(sizes) != length or min(sizes, default=0) < 0:
            raise ValueError(f"split: sizes {sizes} do not add up to {length}")
    else:
        size = as_integer(split_size_or_sections)
        if size <= 0:
            raise ValueError(f"split: the size of a part has to be positive, got {size}")
        sizes = [min(size, length - start) for start in range(0, length, size)] or [0]
    parts, start = [], 0
    for size in sizes:
        index = (slice(None),) * dim + (slice(start, start + size),)
        parts.append(getitem(input, index=index))
        start += size
    return tuple(parts)


@numpy_names
def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Cut into ``chunks`` parts of equal size; the last may be smaller, or missing.

    A dimension of length 0 is cut into ``chunks`` parts of length 0.
    """
    if as_integer(chunks) <= 0:
        raise ValueError(f"chunk: the number of parts has to be positive, got {chunks}")
    check_ndim(input, 1, "chunk")
    length = input.shape[check_dim(dim, input.ndim, "chunk")]
    return split(input, -(-length // chunks) if length else [0] * chunks, dim)


@numpy_names
def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Return the slices along ``dim``, without that dimension."""
    check_ndim(input, 1, "unbind", IndexError)
    dim = check_dim(dim, input.ndim, "unbind")
    before = (slice(None),) * dim
    return tuple(input[(*before, i)] for i in range(input.shape[dim]))


def pad(
    input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Add ``value`` around: ``pad`` is (before, after) of the last dimension, then the one before...

    Parameters
    ----------
    input : Tensor
        Of any shape.
    pad : sequence of int
        An even number of lengths, last dimension first, as in PyTorch; negative ones cut.
    mode : {"constant"}
        The only one here.
    value : number, default 0
        What is added.

    Raises
    ------
    ValueError
        If ``pad`` does not fit, or for another mode.
    """
    if mode != "constant":
        raise ValueError(f"pad: only mode='constant' is supported, got {mode!r}")
    if not len(pad):
        return input.alias()
    if len(pad) % 2 or len(pad) // 2 > input.ndim:
        raise ValueError(f"pad: {tuple(pad)} does not fit a tensor of {input.ndim} dimensions")
    pairs = [tuple(map(as_integer, pad[i : i + 2])) for i in range(0, len(pad), 2)][::-1]
    pairs = [(0, 0)] * (input.ndim - len(pairs)) + pairs
    if any(n < 0 for pair in pairs for n in pair):
        cut = tuple(
            slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(pairs, input.shape, strict=True)
        )
        input = getitem(input, index=cut)
    widths = tuple((max(a, 0), max(b, 0)) for a, b in pairs)
    return shapes.pad(input, widths=widths, value=0.0 if value is None else value)


def trace(input: Any) -> Tensor:
    """Return the sum of the diagonal of a matrix."""
    check_ndim(input, 2, "trace")
    return diagonal(input).sum()


def tril(input: Any, diagonal: int = 0) -> Tensor:
    """Return the lower triangle of the last two dimensions, zeros above ``diagonal``."""
    check_ndim(input, 2, "tril")
    return shapes.tril(input, k=diagonal)


def triu(input: Any, diagonal: int = 0) -> Tensor:
    """Return the upper triangle of the last two dimensions, zeros below ``diagonal``."""
    check_ndim(input, 2, "triu")
    return shapes.triu(input, k=diagonal)


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return the diagonal of two dimensions, along a new last dimension."""
    return shapes.diagonal(
        input,
        offset=offset,
        axis1=check_dim(dim1, input.ndim, "diagonal"),
        axis2=check_dim(dim2, input.ndim, "diagonal"),
    )


def diag(input: Any, diagonal: int = 0) -> Tensor:
    """Return the diagonal of a matrix, or a matrix with a vector on its diagonal."""
    if input.ndim == 1:
        size = input.shape[0] + abs(diagonal)
        return shapes.from_diagonal(input, shape=(size, size), offset=diagonal)
    if input.ndim != 2:
        raise ValueError(f"diag: expected a vector or a matrix, got shape {tuple(input.shape)}")
    return shapes.diagonal(input, offset=diagonal)


def diag_embed(input: Any, offset: int = 0) -> Tensor:
    """Return matrices, in the last two dimensions, with the last dimension of ``input`` on a diagonal."""
    check_ndim(input, 1, "diag_embed", IndexError)
    size = input.shape[-1] + abs(offset)
    return shapes.from_diagonal(
        input, shape=(*input.shape[:-1], size, size), offset=offset, axis1=-2, axis2=-1
    )
