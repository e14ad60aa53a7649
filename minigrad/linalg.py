"""Linear algebra on the last two dimensions, with derivatives where they are well defined.

Named ``torch.linalg`` by PyTorch.  A matrix for which NumPy raises (singular, not positive definite)
raises here too.
"""

from __future__ import annotations

from functools import reduce
from operator import matmul
from typing import Any, NamedTuple

import numpy as np

from minigrad._functions import multiplying
from minigrad._functions.reducing import norm as vector_norm
from minigrad.backend.devices import xp_of
from minigrad.engine import wrap
from minigrad.ops import linalg as _ops

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "vector_norm",
]


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """Cross product of vectors of three elements along ``dim``; see :func:`minigrad.cross`."""
    return multiplying.cross(input, other, dim)


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the absolute value of a determinant."""

    sign: Any
    logabsdet: Any


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and the eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class SvdResult(NamedTuple):
    """Singular vectors and values of a reduced decomposition."""

    U: Any
    S: Any
    Vh: Any


class LstsqResult(NamedTuple):
    """Solution of least squares, sums of squared residuals, rank, and singular values."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


def inv(A: Any) -> Any:
    """Return the inverse of square matrices (..., n, n)."""
    return _ops.inv(A)


def pinv(A: Any, *, rtol: float | None = None) -> Any:
    """Return the Moore-Penrose pseudo-inverse of matrices (..., m, n), in the shape (..., n, m).

    Parameters
    ----------
    A : Tensor
        Floating, of any rank; the derivative holds where the rank stays what it is.
    rtol : float, optional
        Singular values below ``rtol`` times the largest count as 0; by default ``max(m, n)`` times the
        precision of the dtype.
    """
    return _ops.pinv(A, rtol=rtol)


def lstsq(A: Any, B: Any) -> LstsqResult:
    r"""Return the ``X`` that makes :math:`\|A X - B\|` smallest, the shortest of several.

    Parameters
    ----------
    A : Tensor, shape (..., m, n)
        The coefficients.
    B : Tensor, shape (..., m, k) or (..., m)
        The right-hand sides.

    Returns
    -------
    LstsqResult
        ``solution``, ``residuals`` (sums of their squares), ``rank``, ``singular_values``.

    Examples
    --------
    >>> import minigrad as mg
    >>> line = mg.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> mg.linalg.lstsq(line, mg.tensor([1.0, 3.0, 5.0])).solution.round(decimals=4)
    tensor([1., 2.])
    """
    vector = B.ndim == A.ndim - 1
    sides = B.unsqueeze(-1) if vector else B
    solution = _ops.pinv(A) @ sides
    residuals = (A @ solution - sides).square().sum(-2)
    found = solution.squeeze(-1) if vector else solution
    return LstsqResult(found, residuals, matrix_rank(A), svdvals(A))


def matrix_power(A: Any, n: int) -> Any:
    """Return the product of ``n`` times the same square matrix; of its inverse, if ``n`` is negative."""
    if n < 0:
        return matrix_power(inv(A), -n)
    result, factor = None, A
    while n:  # the factors are the powers 1, 2, 4, 8, ... of A
        if n % 2:
            result = factor if result is None else result @ factor
        n //= 2
        factor = factor @ factor if n else factor
    if result is None:
        xp = xp_of(A.array)
        return wrap(xp.array(xp.broadcast_to(xp.eye(A.shape[-1], dtype=A.dtype), A.shape)), None)
    return result


def multi_dot(tensors: Any) -> Any:
    """Return the product of several matrices, from the left to the right."""
    return reduce(matmul, tensors)


def svdvals(A: Any) -> Any:
    """Return the singular values of matrices, in descending order."""
    return _ops.svd(A)[1]


def eigvalsh(A: Any) -> Any:
    """Return the eigenvalues of the symmetric part of ``A``, in ascending order."""
    return _ops.eigh(A)[0]


def matrix_rank(A: Any) -> Any:
    """Return how many singular values are not 0, up to the precision of the dtype (int64)."""
    values = svdvals(A.detach())
    limit = values.amax(-1, keepdim=True) * (max(A.shape[-2:]) * float(np.finfo(A.dtype).eps))
    return (values > limit).sum(-1)


def cond(A: Any) -> Any:
    """Return the condition number: the largest singular value over the smallest."""
    values = svdvals(A)
    return values[..., 0] / values[..., -1]


def det(A: Any) -> Any:
    """Return the determinant of square matrices (..., n, n); its derivative needs an inverse."""
    return _ops.det(A)


def slogdet(A: Any) -> SlogdetResult:
    """Return sign and logarithm of the absolute value of the determinant: no overflow."""
    return SlogdetResult(*_ops.slogdet(A))


def solve(A: Any, B: Any) -> Any:
    """Return ``X`` with ``A @ X = B``, for vectors (..., n), one for each matrix, or matrices (..., n, k)."""
    if B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1]):
        return _ops.solve(A, B.unsqueeze(-1)).squeeze(-1)
    return _ops.solve(A, B)


def cholesky(A: Any) -> Any:
    r"""Return the lower triangular :math:`L` with :math:`L L^\top` the symmetric part of ``A``."""
    return _ops.cholesky(A)


def eigh(A: Any) -> EighResult:
    """Return eigenvalues and eigenvectors of the symmetric part of ``A``."""
    return EighResult(*_ops.eigh(A))


def svd(A: Any, full_matrices: bool = False) -> SvdResult:
    """Return the reduced singular value decomposition.

    Raises
    ------
    ValueError
        For ``full_matrices=True``, whose extra columns have no derivative.
    """
    if full_matrices:
        raise ValueError(
            "svd: only full_matrices=False, the part that has a derivative, is supported"
        )
    return SvdResult(*_ops.svd(A))


class OlderSvdResult(NamedTuple):
    """Singular vectors and values: ``U``, ``S`` and ``V``, which is not transposed."""

    U: Any
    S: Any
    V: Any


def svd_older(input: Any, some: bool = True) -> OlderSvdResult:
    """Return the reduced singular value decomposition as ``mg.svd`` does: with V instead of its transpose.

    Raises
    ------
    ValueError
        For ``some=False``, see :func:`svd`.
    """
    U, S, Vh = svd(input, full_matrices=not some)
    return OlderSvdResult(U, S, Vh.mT)


def norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Any:
    """Return a norm of vectors or matrices.

    Parameters
    ----------
    A : Tensor
        Floating.
    ord : optional
        Without it, the 2-norm of all elements.  With one dimension, the vector norm of that order; with
        two, ``"fro"``, ``"nuc"`` (sum of singular values), 2 and -2 (largest, smallest one), 1 and -1
        (of column sums), ``inf`` and ``-inf`` (of row sums).
    dim : int or pair of int, optional
        Where the vectors or matrices are.
    keepdim : bool, default False
        Keep those dimensions with length 1.

    Raises
    ------
    ValueError
        If there is no such norm.
    """
    dims = tuple(range(A.ndim)) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    if ord is None or ord == "fro" or len(dims) == 1 or (dim is None and A.ndim != 2):
        return vector_norm(A, 2 if ord is None else ord, dims, keepdim)
    if len(dims) != 2:
        raise ValueError(f"norm: order {ord!r} is for vectors or matrices, got dim {dims}")
    return matrix_norm(A, ord, dims, keepdim)


def matrix_norm(
    A: Any, ord: Any = "fro", dim: tuple[int, int] = (-2, -1), keepdim: bool = False
) -> Any:
    """Return a norm of matrices: see :func:`norm` for the orders.

    Raises
    ------
    ValueError
        If there is no such norm.
    """
    if ord == "fro":
        return vector_norm(A, 2, dim, keepdim)
    first, second = (one % A.ndim for one in dim)
    if ord in ("nuc", 2, -2):
        values = _ops.svd(A.movedim((first, second), (-2, -1)))[1]
        result = {"nuc": values.sum(-1), 2: values.amax(-1), -2: values.amin(-1)}[ord]
    elif ord in (1, -1, float("inf"), float("-inf")):
        along, over = (first, second) if abs(ord) == 1 else (second, first)
        sums = A.abs().sum(along, keepdim=True)
        result = (sums.amax(over, True) if ord > 0 else sums.amin(over, True)).squeeze(
            (first, second)
        )
    else:
        raise ValueError(f"norm: unknown order {ord!r} of a matrix")
    if not keepdim:
        return result
    for one in sorted((first, second)):
        result = result.unsqueeze(one)
    return result
