"""Reductions: over all elements, or over the dimensions ``dim``.

Every function with ``keepdim`` takes NumPy's ``axis`` and ``keepdims`` as well.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

from minigrad import engine
from minigrad._functions import shaping
from minigrad._functions.arguments import as_axis, check_dim, check_ndim, numpy_names
from minigrad.backend.devices import xp_of
from minigrad.dtypes import as_dtype, float16, float32, int64
from minigrad.ops import arithmetic, fused, reductions
from minigrad.ops.indexing import along_axis, getitem

if TYPE_CHECKING:
    from minigrad._tensor import Tensor


class ValuesAndIndices(namedtuple("ValuesAndIndices", "values indices")):
    """What ``max(dim)``, ``min(dim)``, ``sort`` and ``topk`` return, with PyTorch's names."""

    __slots__ = ()


@numpy_names
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    r"""Sum, :math:`\sum_i x_i`.

    Parameters
    ----------
    input : Tensor
        Integers and bools add up in int64.
    dim : int or tuple of int, optional
        Dimensions to sum over; all of them by default.
    keepdim : bool, default False
        Keep them with length 1.
    dtype : dtype, optional
        Convert to it first; integers then add up in it.

    Raises
    ------
    IndexError
        If there is no such dimension.
    """
    if dtype is not None:
        input = input.to(as_dtype(dtype))
        if input.dtype.kind != "f":
            axes: Any = {"axis": as_axis(dim, input), "keepdims": keepdim}
            return reductions.sum_(input, **axes, dtype=input.dtype)
    if dim is None and not keepdim:
        return reductions.sum_.apply(input)
    return reductions.sum_.apply(input, axis=as_axis(dim, input), keepdims=keepdim)


@numpy_names
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    r"""Mean, :math:`\frac1n \sum_i x_i`, over ``dim`` (all dimensions by default).

    Raises
    ------
    TypeError
        If the elements are integers, as in PyTorch: convert them, or give ``dtype``.
    """
    if dtype is not None:
        input = input.to(as_dtype(dtype))
    if input.dtype.kind != "f":
        raise TypeError(f"mean: expected a floating dtype, got {input.dtype}; use .float() first")
    if dim is None and not keepdim:
        return reductions.mean.apply(input)
    return reductions.mean.apply(input, axis=as_axis(dim, input), keepdims=keepdim)


def _correction(unbiased: bool | None, correction: float | None) -> float:
    if unbiased is not None:
        return 1 if unbiased else 0
    return 1 if correction is None else correction


@numpy_names
def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    r"""Variance, :math:`\frac{1}{n - c} \sum_i (x_i - \bar x)^2`.

    Parameters
    ----------
    input : Tensor
        Floating.
    dim : int or tuple of int, optional
        All dimensions by default.
    unbiased : bool, optional
        The older way to say ``correction=1`` (True) or ``correction=0`` (False).
    keepdim : bool, default False
        Keep the dimensions with length 1.
    correction : number, default 1
        The :math:`c` above.
    """
    if isinstance(dim, bool):  # var(False) is var(unbiased=False), as in PyTorch
        dim, unbiased = None, dim
    return reductions.var(
        input,
        axis=as_axis(dim, input),
        correction=_correction(unbiased, correction),
        keepdims=keepdim,
    )


@numpy_names
def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """Standard deviation: the square root of :func:`var`, with the same arguments."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return reductions.std(
        input,
        axis=as_axis(dim, input),
        correction=_correction(unbiased, correction),
        keepdims=keepdim,
    )


@numpy_names
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    r"""Product, :math:`\prod_i x_i`, over ``dim`` (all dimensions by default).

    Integers and bools multiply in int64, or in ``dtype`` if it is given.
    """
    axes: Any = {"axis": as_axis(dim, input), "keepdims": keepdim}
    if dtype is not None:
        input = input.to(as_dtype(dtype))
        if input.dtype.kind != "f":
            return reductions.prod(input, **axes, dtype=input.dtype)
    return reductions.prod(input, **axes)


def take_along(input: Any, indices: Any, dim: int) -> Tensor:
    """Return the elements that raw ``indices`` name along ``dim``, element by element."""
    return getitem(input, index=along_axis(xp_of(indices), indices, dim))


def _extreme(
    input: Any, dim: Any, keepdim: bool, everywhere: Any, two: Any, where: Any, name: str
) -> Any:
    if isinstance(dim, engine.Tensor):
        return two(input, dim)
    if dim is None:
        return everywhere(input)
    dim = check_dim(dim, input.ndim, name)
    if input.ndim == 0:
        return ValuesAndIndices(input.alias(), where(input))
    indices = where(input, axis=dim, keepdims=True)
    values = take_along(input, indices.array, dim)
    if keepdim:
        return ValuesAndIndices(values, indices)
    return ValuesAndIndices(values.squeeze(dim), indices.squeeze(dim))


@numpy_names
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Largest element; or values and indices along ``dim``; or the larger of two tensors.

    Parameters
    ----------
    input : Tensor
        Not empty.
    dim : int or Tensor, optional
        Without it, the largest of all elements (ties share the gradient evenly).  An integer: the pair
        ``(values, indices)`` along it (the gradient goes to the index returned).  A tensor:
        :func:`maximum`.
    keepdim : bool, default False
        Keep ``dim`` with length 1.

    Raises
    ------
    ValueError
        If there are no elements.
    """
    return _extreme(
        input, dim if other is None else other, keepdim, reductions.amax, arithmetic.maximum,
        reductions.argmax, "max",
    )  # fmt: skip


@numpy_names
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Smallest element; or values and indices along ``dim``; or the smaller of two: see :func:`max`."""
    return _extreme(
        input, dim if other is None else other, keepdim, reductions.amin, arithmetic.minimum,
        reductions.argmin, "min",
    )  # fmt: skip


@numpy_names
def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Largest element over ``dim``; ties share the gradient evenly."""
    return reductions.amax(input, axis=as_axis(dim, input), keepdims=keepdim)


@numpy_names
def amin(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Smallest element over ``dim``; ties share the gradient evenly."""
    return reductions.amin(input, axis=as_axis(dim, input), keepdims=keepdim)


@numpy_names
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the first largest element, int64; into the flat tensor without ``dim``."""
    return reductions.argmax(input, axis=as_axis(dim, input), keepdims=keepdim)


@numpy_names
def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the first smallest element, int64; into the flat tensor without ``dim``."""
    return reductions.argmin(input, axis=as_axis(dim, input), keepdims=keepdim)


@numpy_names
def any(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether at least one element is nonzero, bool."""
    return reductions.any_(input, axis=as_axis(dim, input), keepdims=keepdim)


@numpy_names
def all(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether every element is nonzero, bool."""
    return reductions.all_(input, axis=as_axis(dim, input), keepdims=keepdim)


@numpy_names
def count_nonzero(input: Any, dim: Any = None) -> Tensor:
    """Number of elements that are not 0, int64."""
    return reductions.count_nonzero(input, axis=as_axis(dim, input))


@numpy_names
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Tensor:
    r"""Logarithm of a sum of exponentials, :math:`m + \ln \sum_i e^{x_i - m}`, :math:`m = \max x`."""
    return reductions.logsumexp(input, axis=as_axis(dim, input), keepdims=keepdim)


def _accumulated(input: Any, dtype: Any) -> Any:
    """Return ``input`` in the dtype in which it adds up or multiplies: ``dtype``, else integers int64."""
    if dtype is None:
        return input if input.dtype.kind == "f" else input.to(int64)
    return input.to(as_dtype(dtype))


@numpy_names
def cumsum(input: Any, dim: int, *, dtype: Any = None) -> Tensor:
    r"""Running sum along ``dim``, :math:`y_i = \sum_{j \le i} x_j`.

    Integers and bools add up in int64, or in ``dtype`` if it is given.
    """
    input = _accumulated(input, dtype)
    if input.ndim == 0:
        return input.alias()
    return reductions.cumsum(input, axis=check_dim(dim, input.ndim, "cumsum"))


@numpy_names
def cumprod(input: Any, dim: int, *, dtype: Any = None) -> Tensor:
    r"""Running product along ``dim``, :math:`y_i = \prod_{j \le i} x_j`.

    Integers and bools multiply in int64, or in ``dtype`` if it is given.

    In ever longer strides: after the first product each element stands for 2 factors, then 4, 8, ...
    """
    input = _accumulated(input, dtype)
    if input.ndim == 0:
        return input.alias()
    if input.dtype == float16:  # in float32, as all that adds up or multiplies
        return cumprod(input.to(float32), dim).to(float16)
    out = input.movedim(dim, -1)
    length, stride = out.shape[-1], 1
    while stride < length:
        out = out * shaping.pad(out[..., :-stride], (stride, 0), value=1)
        stride *= 2
    return out.movedim(-1, dim)


@numpy_names
def diff(input: Any, n: int = 1, dim: int = -1) -> Tensor:
    """Return the differences of neighbours along ``dim``, taken ``n`` times."""
    check_ndim(input, 1, "diff")
    out = input.movedim(dim, -1)
    for _ in range(n):
        out = out[..., 1:] - out[..., :-1]
    return out.movedim(-1, dim)


@numpy_names
def norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    r"""Vector norm, :math:`\left(\sum_i |x_i|^p\right)^{1/p}`, over ``dim``.

    Parameters
    ----------
    input : Tensor
        Floating.
    p : number, ``"fro"`` or ``inf``, default 2
        The order; ``"fro"`` is 2, ``inf`` the largest and ``-inf`` the smallest absolute value, 0 the
        number of elements that are not 0.
    dim : int or tuple of int, optional
        All dimensions by default.
    keepdim : bool, default False
        Keep them with length 1.

    Raises
    ------
    ValueError
        If there is no such norm.
    """
    axes: Any = {"axis": as_axis(dim, input), "keepdims": keepdim}
    if p in (2, 2.0, "fro", None):
        return reductions.norm(input, **axes)
    if isinstance(p, str):
        raise ValueError(f"norm: the order has to be a number, inf or 'fro', got {p!r}")
    if input.dtype == float16:
        return norm(input.to(float32), p, dim, keepdim).to(float16)
    if p == 0:
        return reductions.sum_((input != 0).to(input.dtype), **axes)
    size = abs_of(input)
    if p == float("inf"):
        return reductions.amax(size, **axes)
    if p == float("-inf"):
        return reductions.amin(size, **axes)
    if p == 1:
        return reductions.sum_(size, **axes)
    powers = size**p if p > 1 else _powers(size, p)
    total = reductions.sum_(powers, **axes)
    nonzero = (total != 0).to(total.dtype)
    return (total + (1 - nonzero)) ** (1 / p) * nonzero  # slope 0 at the zero vector


def _powers(size: Any, p: float) -> Any:
    """Return the powers for p < 1, whose slope at 0 would be infinite: it is 0, as in PyTorch."""
    zero = size.array == 0
    at_zero = 0.0 if p > 0 else float("inf")
    powers = arithmetic.select(1.0, size, condition=zero) ** p
    return arithmetic.select(at_zero, powers, condition=zero)


abs_of = arithmetic.abs_


@numpy_names
def softmax(input: Any, dim: int, *, dtype: Any = None) -> Tensor:
    r"""Softmax along ``dim``, :math:`e^{x_i} / \sum_j e^{x_j}`, shifted so that nothing overflows."""
    if dtype is not None:
        input = input.to(as_dtype(dtype))
    return reductions.softmax(input, axis=as_axis(dim, input))


@numpy_names
def log_softmax(input: Any, dim: int, *, dtype: Any = None) -> Tensor:
    r"""Logarithm of softmax along ``dim``, :math:`x_i - \ln \sum_j e^{x_j}`, without rounding to 0."""
    if dtype is not None:
        input = input.to(as_dtype(dtype))
    return fused.log_softmax(input, axis=as_axis(dim, input))
