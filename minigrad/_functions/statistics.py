"""Order statistics, counts and spreads: what describes a set of numbers."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import engine
from minigrad._functions import picking, pointwise, reducing
from minigrad._functions.arguments import (
    as_integer,
    check_dim,
    index_array,
    numpy_names,
    on_device,
)
from minigrad._functions.reducing import ValuesAndIndices, take_along
from minigrad.backend.devices import to_host, xp_of
from minigrad.dtypes import float32, int32, int64
from minigrad.ops import reductions

if TYPE_CHECKING:
    from minigrad._tensor import Tensor


class Extremes(namedtuple("Extremes", "min max")):
    """What ``aminmax`` returns."""

    __slots__ = ()


class Histogram(namedtuple("Histogram", "hist bin_edges")):
    """What ``histogram`` returns: counts (or a density), and the edges between the bins."""

    __slots__ = ()


@numpy_names
def std_mean(input: Any, dim: Any = None, **options: Any) -> tuple[Any, Any]:
    """Return :func:`std` and :func:`mean` of the same arguments."""
    mean = reducing.mean(input, dim, options.get("keepdim", False))
    return reducing.std(input, dim, **options), mean


@numpy_names
def var_mean(input: Any, dim: Any = None, **options: Any) -> tuple[Any, Any]:
    """Return :func:`var` and :func:`mean` of the same arguments."""
    mean = reducing.mean(input, dim, options.get("keepdim", False))
    return reducing.var(input, dim, **options), mean


@numpy_names
def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False) -> Extremes:
    """Return the smallest and the largest element, over ``dim`` or all of them."""
    return Extremes(reducing.amin(input, dim, keepdim), reducing.amax(input, dim, keepdim))


@numpy_names
def nansum(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Sum of the elements that are not NaN."""
    return reducing.sum(pointwise.where(pointwise.isnan(input), 0, input), dim, keepdim)


@numpy_names
def nanmean(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Mean of the elements that are not NaN."""
    there = pointwise.logical_not(pointwise.isnan(input))
    return nansum(input, dim, keepdim) / reducing.sum(there, dim, keepdim)


@numpy_names
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> ValuesAndIndices:
    """Return the ``k``-th smallest element along ``dim``, counted from 1, and where it is.

    Raises
    ------
    ValueError
        If there are fewer than ``k``.
    """
    length = input.shape[check_dim(dim, input.ndim, "kthvalue")] if input.ndim else 1
    if not 1 <= as_integer(k) <= length:
        raise ValueError(f"kthvalue: k={k} does not fit a dimension of length {length}")
    order = picking.sort(input, dim)
    if input.ndim == 0:
        return order
    values, indices = (part.narrow(dim, k - 1, 1) for part in order)
    if not keepdim:
        values, indices = values.squeeze(dim), indices.squeeze(dim)
    return ValuesAndIndices(values, indices)


@numpy_names
def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the median; along ``dim``, values and indices.  Of two in the middle it is the lower one.

    (:func:`quantile` at 0.5 is their mean.)  With a NaN among the elements it is NaN.

    Raises
    ------
    IndexError
        If the dimension has no elements.
    """
    if dim is None:
        return reductions.median(input)
    dim = check_dim(dim, input.ndim, "median")
    order = picking.argsort(input, dim)
    if input.ndim == 0:
        return ValuesAndIndices(input.alias(), order)
    length = input.shape[dim]
    if not length:
        raise IndexError(f"median: dimension {dim} of shape {tuple(input.shape)} has no elements")
    missing = pointwise.isnan(input).sum(dim, keepdim=True)  # NaN come last
    place = pointwise.where(missing > 0, length - missing, (length - 1) // 2)
    indices = picking.take_along_dim(order, place, dim)
    return _picked(input, indices, dim, keepdim)


def _picked(input: Any, indices: Any, dim: int, keepdim: bool) -> ValuesAndIndices:
    """Return the elements at ``indices``, one along ``dim``, and these."""
    values = take_along(input, indices.array, dim)
    if not keepdim:
        values, indices = values.squeeze(dim), indices.squeeze(dim)
    return ValuesAndIndices(values, indices)


@numpy_names
def mode(input: Any, dim: int = -1, keepdim: bool = False) -> ValuesAndIndices:
    """Return the most frequent value along ``dim``, the smallest of several, and where it is last.

    NaN equals nothing, not even NaN; it is the mode only where there is nothing else.
    """
    if input.ndim == 0:
        return ValuesAndIndices(input.alias(), picking.argsort(input))
    dim = check_dim(dim, input.ndim, "mode")
    rows = np.moveaxis(to_host(input.array), dim, -1)
    places = np.apply_along_axis(_place_of_mode, -1, rows) if rows.size else rows[..., 0]
    indices = engine.as_tensor(np.expand_dims(places, dim)).to(input.device)
    return _picked(input, indices, dim, keepdim)


def _place_of_mode(row: np.ndarray) -> int:
    values, counts = np.unique(row, return_counts=True, equal_nan=False)
    places = np.flatnonzero(row == values[counts.argmax()])
    return int(places[-1]) if places.size else 0


@numpy_names
def quantile(input: Any, q: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the value below which the share ``q`` of the elements is, interpolated between neighbours.

    Parameters
    ----------
    input : Tensor
        Floating.
    q : float or Tensor
        From 0 to 1: a number, or a vector of several, which become the first dimension.
    dim : int, optional
        Without it, all elements count.
    keepdim : bool, default False
        Keep ``dim`` with length 1.

    Returns
    -------
    Tensor
        NaN where one of the elements is.

    Raises
    ------
    ValueError
        If ``q`` is not between 0 and 1, or there are no elements.
    """
    shares = np.asarray(to_host(q.array) if isinstance(q, engine.Tensor) else q, np.float64)
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"quantile: q has to be from 0 to 1, got {q}")
    if dim is None:
        whole = (1,) * input.ndim
        found = quantile(input.flatten(), q, 0)
        return found.reshape(shares.shape + whole) if keepdim else found
    dim = check_dim(dim, input.ndim, "quantile")
    if input.ndim == 0:
        return quantile(input.flatten(), q, 0)
    if not input.numel():
        raise ValueError(f"quantile: a tensor of shape {tuple(input.shape)} has no elements")
    ordered = picking.sort(input, dim).values.movedim(dim, 0)
    place = shares * (ordered.shape[0] - 1)
    below = np.floor(place).astype(np.int64)
    above = np.ceil(place).astype(np.int64)
    way = engine.as_tensor((place - below).reshape(shares.shape + (1,) * (ordered.ndim - 1)))
    found = pointwise.lerp(ordered[below], ordered[above], way.to(input.device, input.dtype))
    found = pointwise.where(pointwise.isnan(ordered[-1]), ordered[-1], found)  # NaN come last
    return found.unsqueeze(dim + shares.ndim) if keepdim else found


def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Count the elements in ``bins`` equal intervals from ``min`` to ``max``, or, if both are 0, of all."""
    limits = None if min == max == 0 else (min, max)
    return histogram(input, bins, range=limits).hist


def histogram(
    input: Any,
    bins: Any = 100,
    *,
    range: tuple[float, float] | None = None,
    weight: Any = None,
    density: bool = False,
) -> Histogram:
    """Count the elements in intervals.

    Parameters
    ----------
    input : Tensor
        Floating, of any shape.
    bins : int or Tensor, default 100
        The number of equal intervals, or their edges in ascending order.
    range : pair of float, optional
        Where the equal intervals begin and end; by default at the smallest and the largest element.
    weight : Tensor, optional
        What each element counts, 1 by default.
    density : bool, default False
        Divide, so that the area under the histogram is 1.

    Returns
    -------
    Histogram
        ``hist`` and ``bin_edges``, in the dtype of ``input``.
    """
    xp = xp_of(input.array)
    edges = bins.array if isinstance(bins, engine.Tensor) else as_integer(bins)
    flat = xp.reshape(input.array, (-1,))
    counted = None if weight is None else xp.reshape(weight.array, (-1,))
    options = {"density": density, "weights": counted}
    try:
        found = xp.histogram(flat, edges, range=range, **options)
    except ValueError:
        # NumPy refuses to make edges between numbers that hardly differ, though it takes such edges.
        low, high = range or [to_host(one).item() for one in (xp.min(flat), xp.max(flat))]
        if not isinstance(edges, int) or edges < 1 or not 0 < high - low < math.inf:
            raise
        found = xp.histogram(flat, xp.linspace(low, high, edges + 1, dtype=input.dtype), **options)
    return Histogram(*(engine.wrap(xp.asarray(one, dtype=input.dtype), None) for one in found))


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Tensor:
    """Count how often each integer from 0 on occurs (or add up ``weights``); at least ``minlength``.

    Sums of ``weights`` are float64, of float32 they are float32.
    """
    raw = index_array(input, input, "bincount")
    if raw.ndim != 1:
        raise ValueError(f"bincount: expected a vector, got shape {raw.shape}")
    xp = xp_of(raw)
    share = None if weights is None else weights.array
    found = xp.bincount(raw, weights=share, minlength=minlength)
    if share is not None and share.dtype == float32:
        found = xp.asarray(found, dtype=float32)
    return engine.wrap(found, None)


def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the different elements (or slices along ``dim``) in ascending order.

    ``return_inverse`` adds where each element is among them, ``return_counts`` how often each occurs.
    """
    xp = xp_of(input.array)
    found = xp.unique(
        input.array,
        return_inverse=return_inverse,
        return_counts=return_counts,
        axis=dim,
        equal_nan=False,
    )
    if not (return_inverse or return_counts):
        return engine.wrap(found, None)
    parts = list(found)
    if return_inverse:
        shape = tuple(input.shape) if dim is None else (-1,)
        parts[1] = xp.reshape(parts[1], shape)
    return tuple(engine.wrap(part, None) for part in parts)


def searchsorted(
    sorted_sequence: Any, input: Any, *, right: bool = False, out_int32: bool = False
) -> Tensor:
    """Return where each number would have to stand in a sorted vector.

    Parameters
    ----------
    sorted_sequence : Tensor
        A vector in ascending order.
    input : Tensor or number
        What is looked for.
    right : bool, default False
        Whether behind equal elements instead of before them.
    out_int32 : bool, default False
        Return int32 instead of int64.

    Raises
    ------
    ValueError
        If ``sorted_sequence`` is no vector.
    """
    if sorted_sequence.ndim != 1:
        raise ValueError(
            f"searchsorted: expected a sorted vector, got shape {tuple(sorted_sequence.shape)}"
        )
    xp = xp_of(sorted_sequence.array)
    wanted = xp.asarray(on_device(engine.as_tensor(input).array, sorted_sequence.device))
    found = xp.searchsorted(sorted_sequence.array, wanted, side="right" if right else "left")
    return engine.wrap(xp.asarray(found, dtype=int32 if out_int32 else int64), None)


def bucketize(
    input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """Return the number of the interval between ``boundaries`` that each element is in."""
    return searchsorted(boundaries, input, right=right, out_int32=out_int32)


def cov(input: Any, *, correction: int = 1) -> Tensor:
    r"""Covariances of variables (rows) over observations (columns).

    .. math:: C_{ij} = \frac{1}{n - c} \sum_k (x_{ik} - \bar x_i)(x_{jk} - \bar x_j)

    With no more than :math:`c` observations the divisor is 0.
    """
    rows = input if input.ndim == 2 else input.reshape(1, -1)
    centred = rows - reducing.mean(rows, 1, keepdim=True)
    found = centred @ centred.mT / max(rows.shape[1] - correction, 0)
    return found.squeeze()


def corrcoef(input: Any) -> Tensor:
    """Correlations of variables (rows) over observations (columns): covariances of unit variance."""
    spread = cov(input)
    if spread.ndim == 0:
        return spread / spread
    scale = pointwise.sqrt(spread.diagonal())
    return spread / (scale.unsqueeze(1) * scale)
