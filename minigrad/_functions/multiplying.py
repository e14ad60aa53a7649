"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad import engine
from minigrad._functions.arguments import check_dim, numpy_names
from minigrad._functions.reducing import norm
from minigrad.ops import products

if TYPE_CHECKING:
    from minigrad._tensor import Tensor


def matmul(input: Any, other: Any) -> Tensor:
    r"""Matrix product, :math:`\sum_k X_{ik} Y_{kj}`, for every pair of ranks.

    Parameters
    ----------
    input, other : Tensor
        A vector on the left is a row, on the right a column, and its dimension is dropped from the
        result; dimensions before the last two are batches and broadcast.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    RuntimeError
        If the dtypes differ.
    """
    return products.matmul(input, other)


def _ranks(operation: str, **operands: tuple[Any, int]) -> None:
    for name, (tensor, ndim) in operands.items():
        if tensor.ndim != ndim:
            raise ValueError(
                f"{operation}: {name} has to have {ndim} dimensions, got shape {tuple(tensor.shape)}"
            )


def mm(input: Any, mat2: Any) -> Tensor:
    """Product of two matrices, (n, k) @ (k, m)."""
    _ranks("mm", input=(input, 2), mat2=(mat2, 2))
    return products.matmul(input, mat2)


def bmm(input: Any, mat2: Any) -> Tensor:
    """Products of two batches of matrices, (b, n, k) @ (b, k, m)."""
    _ranks("bmm", input=(input, 3), mat2=(mat2, 3))
    return products.matmul(input, mat2)


def mv(input: Any, vec: Any) -> Tensor:
    """Product of a matrix and a vector, (n, k) @ (k,)."""
    _ranks("mv", input=(input, 2), vec=(vec, 1))
    return products.matmul(input, vec)


def dot(input: Any, tensor: Any) -> Tensor:
    r"""Product of two vectors, :math:`\sum_i x_i y_i`."""
    _ranks("dot", input=(input, 1), tensor=(tensor, 1))
    return products.matmul(input, tensor)


def outer(input: Any, vec2: Any) -> Tensor:
    r"""All products of two vectors, :math:`x_i y_j`."""
    _ranks("outer", input=(input, 1), vec2=(vec2, 1))
    return input.unsqueeze(1) * vec2.unsqueeze(0)


vdot = dot


def inner(input: Any, other: Any) -> Tensor:
    r"""Products over the last dimensions, :math:`\sum_k x_{ik} y_{jk}`; of numbers, the plain product."""
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    return tensordot(input, other, dims=([-1], [-1]))


def kron(input: Any, other: Any) -> Tensor:
    """Kronecker product: every element of ``input`` times the whole of ``other``, as blocks."""
    ndim = max(input.ndim, other.ndim)
    first, second = (
        one.reshape((1,) * (ndim - one.ndim) + tuple(one.shape)) for one in (input, other)
    )
    left = [n for length in first.shape for n in (length, 1)]
    right = [n for length in second.shape for n in (1, length)]
    shape = [a * b for a, b in zip(first.shape, second.shape, strict=True)]
    return (first.reshape(left) * second.reshape(right)).reshape(shape)


@numpy_names
def cross(input: Any, other: Any, dim: int | None = None) -> Tensor:
    r"""Cross product of vectors of three elements along ``dim``, at a right angle to both.

    Without ``dim`` they lie along the first dimension of length 3, as in PyTorch.
    (:func:`minigrad.linalg.cross` takes the last one.)

    Raises
    ------
    ValueError
        If there are not three, or the tensors have different numbers of dimensions.
    """
    shapes = f"shapes {tuple(input.shape)} and {tuple(other.shape)}"
    if input.ndim != other.ndim:
        raise ValueError(f"cross: {shapes} have different numbers of dimensions")
    if dim is None:
        dim = next((i for i, length in enumerate(input.shape) if length == 3), -1)
    dim = check_dim(dim, input.ndim, "cross")
    if not input.shape[dim : dim + 1] == other.shape[dim : dim + 1] == (3,):
        raise ValueError(f"cross: dimension {dim} has to have length 3, got {shapes}")
    return input.roll(-1, dim) * other.roll(-2, dim) - input.roll(-2, dim) * other.roll(-1, dim)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return ``beta * input + alpha * (mat1 @ mat2)``."""
    return beta * input + alpha * mm(mat1, mat2)


def addmv(input: Any, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return ``beta * input + alpha * (mat @ vec)``."""
    return beta * input + alpha * mv(mat, vec)


def cdist(x1: Any, x2: Any, p: float = 2.0) -> Tensor:
    """Distances between all rows of ``x1`` (..., n, k) and ``x2`` (..., m, k), in the ``p``-norm."""
    return norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)


def dist(input: Any, other: Any, p: float = 2) -> Tensor:
    """Norm of the difference of two tensors."""
    return norm(input - other, p)


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sum of products over named dimensions, e.g. ``einsum("ij,jk->ik", a, b)``.

    Parameters
    ----------
    equation : str
        A letter for each dimension; ``...`` for batch dimensions; the result after ``->``, or, without
        it, the letters that occur once, in alphabetical order.
    *operands : Tensor
        As many as the equation has terms.

    Raises
    ------
    ValueError
        If the equation does not fit the operands.
    """
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    return products.einsum(*map(engine.as_tensor, operands), subscripts=equation)


def tensordot(a: Any, b: Any, dims: Any = 2) -> Tensor:
    """Sum of products over pairs of dimensions.

    Parameters
    ----------
    a, b : Tensor
        Of one dtype.
    dims : int or pair of lists, default 2
        How many last dimensions of ``a`` meet as many first ones of ``b``, or the two lists of
        dimensions that meet.

    Raises
    ------
    ValueError
        If the lengths of two dimensions that meet differ.
    """
    if isinstance(dims, int):
        left, right = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        left = [check_dim(dim, a.ndim, "tensordot") for dim in dims[0]]
        right = [check_dim(dim, b.ndim, "tensordot") for dim in dims[1]]
    if [a.shape[i] for i in left] != [b.shape[j] for j in right]:
        raise ValueError(
            f"tensordot: dimensions {left} of shape {tuple(a.shape)} do not meet {right} of "
            f"{tuple(b.shape)}"
        )
    rows = [i for i in range(a.ndim) if i not in left]
    columns = [j for j in range(b.ndim) if j not in right]
    inner = math.prod(a.shape[i] for i in left)
    shape = [a.shape[i] for i in rows] + [b.shape[j] for j in columns]
    matrix_a = a.permute(*rows, *left).reshape(math.prod(a.shape[i] for i in rows), inner)
    matrix_b = b.permute(*right, *columns).reshape(inner, math.prod(b.shape[j] for j in columns))
    return (matrix_a @ matrix_b).reshape(shape)
