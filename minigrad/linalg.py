"""Linear algebra on the last two dimensions, with derivatives where they are well defined.

Named ``torch.linalg`` by PyTorch.  A matrix for which NumPy raises (singular, not positive definite)
raises here too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad._functions.reducing import norm as vector_norm
from minigrad.ops import linalg as _ops

__all__ = ["cholesky", "det", "eigh", "inv", "norm", "slogdet", "solve", "svd", "vector_norm"]


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


def inv(A: Any) -> Any:
    """Return the inverse of square matrices (..., n, n)."""
    return _ops.inv(A)


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
    return _matrix_norm(A, ord, dims, keepdim)


def _matrix_norm(A: Any, ord: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
    first, second = (one % A.ndim for one in dims)
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
