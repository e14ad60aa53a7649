"""Picking elements by index, adding them back, sorting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad import engine
from minigrad._functions.arguments import (
    as_integer,
    check_devices,
    check_dim,
    check_in_range,
    check_same_dtype,
    index_array,
    numpy_names,
)
from minigrad._functions.pointwise import filled
from minigrad._functions.reducing import ValuesAndIndices, take_along
from minigrad._functions.shaping import cat, flatten
from minigrad.backend.devices import to_host, xp_of
from minigrad.dtypes import int64
from minigrad.ops import indexing

if TYPE_CHECKING:
    from minigrad._tensor import Tensor


def _counted(index: Any, input: Any, dim: int, operation: str) -> Any:
    """Return indices along ``dim`` as a raw array; negative ones, too, are out of range.

    Python's counting from the end would here turn a mark like -1, for "no class", into the last class.
    """
    raw = index_array(index, input, operation)
    check_in_range(raw, input.shape[dim] if input.ndim else 1, operation)
    return raw


def _at(dim: int, index: Any) -> tuple[Any, ...]:
    """Return the index that applies ``index`` to dimension ``dim``."""
    return (*(slice(None),) * dim, index)


@numpy_names
def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Tensor:
    """Return ``input[i, indices[i, j], ...]``: one index per element of the result.

    Parameters
    ----------
    input : Tensor
        Of any shape.
    indices : Tensor
        Integers; broadcasts with ``input`` except along ``dim``.
    dim : int, optional
        The dimension that is indexed; without it, both are flattened.
    """
    if dim is None:
        input, indices, dim = flatten(input), flatten(indices), 0
    dim = check_dim(dim, input.ndim, "take_along_dim")
    raw = index_array(indices, input, "take_along_dim")
    shape = [
        max(a, b) if i != dim else b
        for i, (a, b) in enumerate(zip(input.shape, raw.shape, strict=True))
    ]
    rest = [n if i != dim else input.shape[dim] for i, n in enumerate(shape)]
    return take_along(input.expand(rest), xp_of(raw).broadcast_to(raw, tuple(shape)), dim)


@numpy_names
def gather(input: Any, dim: int, index: Any) -> Tensor:
    """Return ``out[i, j] = input[index[i, j], j]`` (for ``dim=0``; likewise for others).

    Raises
    ------
    ValueError
        If ``index`` has another number of dimensions, or is larger than ``input`` beside ``dim``.
    IndexError
        If an index is negative or too large (looked for on the host only).
    """
    dim = check_dim(dim, input.ndim, "gather")
    raw = _counted(index, input, dim, "gather")
    _check_fits(raw.shape, input.shape, dim, "gather")
    return take_along(input, raw, dim)


@numpy_names
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Tensor:
    """Return ``input`` with ``src[i, j]`` added at ``[index[i, j], j]``; repeated indices add up.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    RuntimeError
        If ``src`` has another dtype than ``input``.
    IndexError
        If an index is negative or too large (looked for on the host only).
    """
    dim = check_dim(dim, input.ndim, "scatter_add")
    check_devices("scatter_add", input=input, src=src)
    check_same_dtype("scatter_add", input=input, src=src)
    raw = _counted(index, input, dim, "scatter_add")
    _check_fits(raw.shape, input.shape, dim, "scatter_add")
    _check_fits(raw.shape, src.shape, None, "scatter_add")
    used = indexing.getitem(src, index=tuple(slice(0, n) for n in raw.shape))
    where = indexing.along_axis(xp_of(raw), raw, dim)
    return input + indexing.scatter(used, index=where, shape=tuple(input.shape))


@numpy_names
def scatter(input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None) -> Tensor:
    """Return ``input`` with ``src[i, j]`` at ``[index[i, j], j]`` (for ``dim=0``; likewise for others).

    Parameters
    ----------
    input : Tensor
        Of any shape.
    dim : int
        The dimension that ``index`` counts along.
    index : Tensor
        Integers, with as many dimensions as ``input``.  Where one place is named twice, one of the two
        is kept.
    src : Tensor or number
        What is put there: a tensor of the dtype of ``input``, or a number that is converted to it.
    value : number, optional
        Another name for a ``src`` that is a number.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    RuntimeError
        If ``src`` has another dtype than ``input``, or is a number that its dtype does not have.
    IndexError
        If an index is negative or too large (looked for on the host only).
    """
    src = value if src is None else src
    dim = check_dim(dim, input.ndim, "scatter")
    raw = _counted(index, input, dim, "scatter")
    _check_fits(raw.shape, input.shape, dim, "scatter")
    where = indexing.along_axis(xp_of(raw), raw, dim)
    if not isinstance(src, engine.Tensor):
        return filled("scatter", input, _mask(input, where), src)
    check_devices("scatter", input=input, src=src)
    check_same_dtype("scatter", input=input, src=src)
    _check_fits(raw.shape, src.shape, None, "scatter")
    used = indexing.getitem(src, index=tuple(slice(0, n) for n in raw.shape))
    # Each element of the result is one of ``input`` or ``used``: ``chosen`` says which.
    xp, size = xp_of(raw), input.numel()
    chosen = xp.reshape(xp.arange(size), tuple(input.shape))
    chosen[where] = size + xp.reshape(xp.arange(used.numel()), tuple(used.shape))
    return indexing.getitem(cat([flatten(input), flatten(used)]), index=(chosen,))


def _mask(input: Any, index: tuple[Any, ...]) -> Any:
    """Return where ``index`` points, as a bool tensor."""
    mask = xp_of(input.array).zeros(tuple(input.shape), bool)
    mask[index] = True
    return engine.wrap(mask, None)


@numpy_names
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Tensor:
    """Return ``input`` with ``value`` in the slices that the vector ``index`` names along ``dim``.

    The result has the dtype of ``input``, to which ``value`` is converted as in :func:`masked_fill`; a
    negative index counts from the end.
    """
    dim = check_dim(dim, input.ndim, "index_fill")
    raw = index_array(index, input, "index_fill")
    if input.ndim == 0:
        hit = engine.wrap(xp_of(raw).asarray(raw.size > 0), None)
        return filled("index_fill", input, hit, value)
    return filled("index_fill", input, _mask(input, _at(dim, raw)), value)


def take(input: Any, index: Any) -> Tensor:
    """Return the elements of the flattened ``input`` that ``index`` names, in the shape of ``index``."""
    return indexing.getitem(flatten(input), index=(index_array(index, input, "take"),))


def _check_fits(index: tuple, shape: tuple, dim: int | None, operation: str) -> None:
    if len(index) != len(shape) or any(
        a > b for i, (a, b) in enumerate(zip(index, shape, strict=True)) if i != dim
    ):
        raise ValueError(
            f"{operation}: an index of shape {tuple(index)} does not fit a tensor of shape {tuple(shape)}"
        )


@numpy_names
def index_select(input: Any, dim: int, index: Any) -> Tensor:
    """Return the slices that the vector ``index`` names along ``dim``.

    Raises
    ------
    ValueError
        If ``index`` is no vector.
    IndexError
        If an index is negative or too large (looked for on the host only).
    """
    dim = check_dim(dim, input.ndim, "index_select")
    raw = _counted(index, input, dim, "index_select")
    if raw.ndim > 1 or (input.ndim == 0 and raw.size != 1):
        wanted = "a vector" if input.ndim else "one number for a 0-d tensor"
        raise ValueError(f"index_select: the index has to be {wanted}, got shape {raw.shape}")
    if input.ndim == 0:
        return indexing.getitem(flatten(input), index=(xp_of(raw).reshape(raw, ()),))
    return indexing.getitem(input, index=_at(dim, xp_of(raw).reshape(raw, (-1,))))


@numpy_names
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Tensor:
    """Return ``input`` with the slices of ``alpha * source`` added at ``index`` along ``dim``.

    Raises
    ------
    RuntimeError
        If ``source`` has another dtype than ``input``.
    IndexError
        If an index is negative or too large (looked for on the host only).
    """
    dim = check_dim(dim, input.ndim, "index_add")
    check_devices("index_add", input=input, source=source)
    check_same_dtype("index_add", input=input, source=source)
    raw = _counted(index, input, dim, "index_add")
    if input.ndim == 0:
        return index_add(flatten(input), 0, index, source, alpha=alpha).reshape(())
    added = indexing.scatter(source, index=_at(dim, raw), shape=tuple(input.shape))
    return input + (added if alpha == 1 else added * alpha)


def masked_select(input: Any, mask: Any) -> Tensor:
    """Return the elements where ``mask`` holds, as a vector."""
    shape = xp_of(input.array).broadcast_shapes(tuple(input.shape), tuple(mask.shape))
    return input.expand(shape)[mask.expand(shape)]


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Return the indices of elements that are not 0: a row each, or a tuple with a vector per dimension."""
    xp = xp_of(input.array)
    found = xp.nonzero(xp.atleast_1d(input.array))
    if as_tuple:
        return tuple(engine.wrap(part, None) for part in found)
    rows = xp.stack(found, axis=1)
    return engine.wrap(rows if input.ndim else rows[:, :0], None)


def argwhere(input: Any) -> Tensor:
    """Return a row of indices for each element that is not 0."""
    return nonzero(input)


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """Return a row for each class index: 1 at the index, 0 elsewhere (int64).

    Parameters
    ----------
    tensor : Tensor
        Integers of any shape, not negative.
    num_classes : int, default -1
        Length of the rows; -1 takes the largest index plus one.

    Raises
    ------
    ValueError
        If an index is negative or too large.
    """
    raw = index_array(tensor, tensor, "one_hot")
    xp = xp_of(raw)
    host = to_host(raw)  # their range decides the shape of the result
    low, high = (int(host.min()), int(host.max())) if host.size else (0, -1)
    classes = high + 1 if num_classes == -1 else as_integer(num_classes)
    if low < 0 or high >= classes:
        raise ValueError(f"one_hot: indices from {low} to {high} do not fit {classes} classes")
    rows = xp.expand_dims(raw, -1) == xp.arange(classes)
    return engine.wrap(xp.asarray(rows, dtype=int64), None)


@numpy_names
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Return the indices that sort ``input`` along ``dim``; equal elements keep their order."""
    if input.ndim == 0:
        return engine.wrap(xp_of(input.array).zeros((), int64), None)
    dim = check_dim(dim, input.ndim, "argsort")
    return indexing.argsort(input, axis=dim, descending=descending)


@numpy_names
def sort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool = True
) -> ValuesAndIndices:
    """Return the elements in order along ``dim``, and where they were; equal ones keep their order."""
    indices = argsort(input, dim, descending)
    if input.ndim == 0:
        return ValuesAndIndices(input.alias(), indices)
    dim = check_dim(dim, input.ndim, "sort")
    return ValuesAndIndices(take_along(input, indices.array, dim), indices)


@numpy_names
def topk(
    input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> ValuesAndIndices:
    """Return the ``k`` largest (or smallest) elements along ``dim``, in order, and where they were.

    Raises
    ------
    ValueError
        If there are fewer than ``k``.
    """
    dim = check_dim(dim, input.ndim, "topk")
    length = input.shape[dim] if input.ndim else 1
    if not 0 <= as_integer(k) <= length:
        raise ValueError(f"topk: k={k} does not fit a dimension of length {length}")
    if input.ndim == 0:
        return sort(input)
    order = indexing.argsort(input, axis=dim, descending=largest)
    indices = indexing.getitem(order, index=_at(dim, slice(0, k)))
    return ValuesAndIndices(take_along(input, indices.array, dim), indices)
