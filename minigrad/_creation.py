"""Making tensors: from data, filled with a number, or counted out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import dtypes, engine
from minigrad._conversion import as_tensor as _as_tensor, from_python
from minigrad._functions.arguments import also_named, as_size
from minigrad._functions.shaping import stack
from minigrad._tensor import Tensor
from minigrad.backend.devices import Device, default_device, is_array, move, to_device, xp_of


def _finish(host: Any, device: Any, requires_grad: bool) -> Tensor:
    """Return a host array as a tensor on a device."""
    where = default_device() if device is None else Device(device)
    result = engine.wrap(to_device(host, where), None)
    return result.requires_grad_() if requires_grad else result


def _floating(dtype: Any) -> np.dtype:
    return dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a new tensor with a copy of ``data``.

    Parameters
    ----------
    data : number, nested lists, NumPy or CuPy array, or Tensor
        Python floats become the default dtype (float32), integers int64; arrays keep their dtype.
    dtype : dtype, optional
        Convert to it.
    device : str or Device, optional
        ``"cpu"``, ``"cuda"``, ``"cuda:N"``; by default where ``data`` is, or the default device.
    requires_grad : bool, default False
        Compute gradients for it.

    Returns
    -------
    Tensor
        A leaf that shares no memory with ``data``.

    Raises
    ------
    TypeError
        If ``data`` holds no numbers, or ``requires_grad`` is asked of integers.
    ValueError
        If nested lists differ in length.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    kind = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(data, Tensor) or (
        is_array(data) and not isinstance(data, (np.ndarray, np.generic))
    ):
        array = _as_tensor(data).array
        array = xp_of(array).array(array)
        if device is not None:
            array = move(array, Device(device))
    else:
        host = data if isinstance(data, (np.ndarray, np.generic)) else from_python(data, kind)
        host = np.array(_as_tensor(host).array)
        array = to_device(host, default_device() if device is None else Device(device))
    result = engine.wrap(array, None)
    if kind is not None:
        result = result.to(kind)
    return result.requires_grad_() if requires_grad else result


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return ``data`` as a tensor, on the same memory if nothing has to be converted."""
    if isinstance(data, Tensor) or is_array(data):
        return _as_tensor(data).to(device, dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """Return a tensor on the memory of a NumPy array: changes of one show in the other.

    Raises
    ------
    TypeError
        If it is no NumPy array, or of a dtype minigrad does not have.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: expected a NumPy array, got {type(ndarray).__name__}")
    return _as_tensor(ndarray)


@also_named("size")
def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return zeros of shape ``size``."""
    return _finish(np.zeros(as_size(size), _floating(dtype)), device, requires_grad)


@also_named("size")
def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return ones of shape ``size``."""
    return _finish(np.ones(as_size(size), _floating(dtype)), device, requires_grad)


@also_named("size")
def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of shape ``size`` whose elements may be anything."""
    return _finish(np.empty(as_size(size), _floating(dtype)), device, requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of shape ``size`` filled with one number, in the number's dtype by default.

    A number of NumPy's counts as Python's: ``numpy.float64`` gives the default floating dtype, too.
    """
    kind = None if dtype is None else dtypes.as_dtype(dtype)
    fill_value = fill_value.item() if isinstance(fill_value, np.generic) else fill_value
    value = np.asarray(from_python(fill_value, kind))
    shape = as_size(size if isinstance(size, (tuple, list)) else (size,))
    return _finish(np.full(shape, value), device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the ``n`` by ``m`` matrix with ones on the diagonal and zeros elsewhere."""
    return _finish(np.eye(n, m, dtype=_floating(dtype)), device, requires_grad)


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``start, start + step, ...`` up to, not including, ``end``; ``arange(n)`` starts at 0.

    Raises
    ------
    ValueError
        If ``step`` is 0 or leads away from ``end``.
    """
    if end is None:
        start, end = 0, start
    start, end, step = (x.item() if isinstance(x, Tensor) else x for x in (start, end, step))
    if step == 0 or (end - start) * step < 0:
        raise ValueError(f"arange: step {step} does not lead from {start} to {end}")
    if dtype is None:
        integers = all(isinstance(x, (int, np.integer)) for x in (start, end, step))
        dtype = dtypes.int64 if integers else dtypes.get_default_dtype()
    count = max(math.ceil((end - start) / step), 0)
    host = (start + step * np.arange(count)).astype(dtypes.as_dtype(dtype))
    return _finish(host, device, requires_grad)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``steps`` numbers at equal distances from ``start`` to ``end``, both included."""
    start, end = (x.item() if isinstance(x, Tensor) else x for x in (start, end))
    host = np.linspace(start, end, steps, dtype=np.float64).astype(_floating(dtype))
    return _finish(host, device, requires_grad)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``base`` to the power of ``steps`` numbers at equal distances from ``start`` to ``end``."""
    start, end = (x.item() if isinstance(x, Tensor) else x for x in (start, end))
    host = np.logspace(start, end, steps, base=base, dtype=np.float64).astype(_floating(dtype))
    return _finish(host, device, requires_grad)


def tril_indices(row: int, col: int, offset: int = 0, *, device: Any = None) -> Tensor:
    """Return rows and columns, shape (2, n), of the elements up to the diagonal ``offset``."""
    return _finish(np.stack(np.tril_indices(row, offset, col)), device, False)


def triu_indices(row: int, col: int, offset: int = 0, *, device: Any = None) -> Tensor:
    """Return rows and columns, shape (2, n), of the elements from the diagonal ``offset`` on."""
    return _finish(np.stack(np.triu_indices(row, offset, col)), device, False)


def _like(input: Tensor, host: np.ndarray, device: Any, requires_grad: bool) -> Tensor:
    return _finish(host, input.device if device is None else device, requires_grad)


def _dtype_like(input: Tensor, dtype: Any) -> np.dtype:
    return input.dtype if dtype is None else dtypes.as_dtype(dtype)


def zeros_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return zeros in the shape, dtype and device of ``input``."""
    return _like(input, np.zeros(input.shape, _dtype_like(input, dtype)), device, requires_grad)


def ones_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return ones in the shape, dtype and device of ``input``."""
    return _like(input, np.ones(input.shape, _dtype_like(input, dtype)), device, requires_grad)


def empty_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor like ``input`` whose elements may be anything."""
    return _like(input, np.empty(input.shape, _dtype_like(input, dtype)), device, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor like ``input`` filled with one number."""
    host = np.full(input.shape, fill_value, _dtype_like(input, dtype))
    return _like(input, host, device, requires_grad)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Return the coordinates of a grid: each vector repeated along the dimensions of the others.

    Parameters
    ----------
    *tensors : Tensor
        Vectors.
    indexing : {"ij", "xy"}
        ``"ij"``: the first vector runs along the first dimension; ``"xy"``: along the second.

    Raises
    ------
    ValueError
        For another ``indexing``.
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing has to be 'ij' or 'xy', got {indexing!r}")
    shape = [one.numel() for one in tensors]
    spread = []
    for i, one in enumerate(tensors):
        place = [1] * len(tensors)
        place[i] = shape[i]
        grid = one.reshape(place).expand(shape)
        spread.append(grid.transpose(0, 1) if indexing == "xy" and len(tensors) > 1 else grid)
    return tuple(spread)


def cartesian_prod(*tensors: Any) -> Tensor:
    """Return all combinations of the elements of vectors, one in each row."""
    columns = [grid.flatten() for grid in meshgrid(*tensors)]
    return columns[0] if len(columns) == 1 else stack(columns, 1)


def is_tensor(value: Any) -> bool:
    """Tell whether ``value`` is a tensor."""
    return isinstance(value, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Tell whether the elements of ``input`` are real numbers."""
    return input.is_floating_point()


def clone(input: Tensor) -> Tensor:
    """Return a copy of ``input``, connected to the graph."""
    return input.clone()


def detach(input: Tensor) -> Tensor:
    """Return a tensor on the memory of ``input`` that is cut off from the graph."""
    return input.detach()


def numel(input: Tensor) -> int:
    """Return the number of elements of ``input``."""
    return input.numel()
