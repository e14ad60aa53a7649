"""Datasets: anything with a length that gives a sample for an index."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import engine
from minigrad._tensor import Tensor
from minigrad.backend.devices import to_device, xp_of
from minigrad.backend.generator import Generator, default_generator


class Dataset:
    """The base of datasets: define ``__getitem__`` and ``__len__``.

    A :class:`~minigrad.data.DataLoader` takes any object that has these two, so deriving from this class
    is a matter of taste.
    """

    def __getitem__(self, index: int) -> Any:
        """Return the sample at ``index``."""
        raise NotImplementedError(f"{type(self).__name__} does not define __getitem__()")

    def __len__(self) -> int:
        """Return how many samples there are."""
        raise NotImplementedError(f"{type(self).__name__} does not define __len__()")


class TensorDataset(Dataset):
    """Tensors whose first dimension counts the samples: sample ``i`` is row ``i`` of each.

    Parameters
    ----------
    *tensors : Tensor
        Of equal length.

    Raises
    ------
    ValueError
        If there is none, or their lengths differ.

    Examples
    --------
    >>> import minigrad as mg
    >>> data = mg.data.TensorDataset(mg.arange(6).reshape(3, 2), mg.tensor([0, 1, 0]))
    >>> data[1]
    (tensor([2, 3]), tensor(1))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        shapes = [tuple(tensor.shape) for tensor in tensors]
        if len({shape[:1] for shape in shapes}) != 1 or not shapes[0]:
            raise ValueError(
                f"TensorDataset: expected tensors of one length, got shapes {shapes}"
                if shapes
                else "TensorDataset: expected at least one tensor"
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].array.shape[0]


class Subset(Dataset):
    """The samples of another dataset at some indices.

    Parameters
    ----------
    dataset : Dataset
        Where they are from.
    indices : sequence of int
        Which, in this order.
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


def rows_behind(dataset: Any) -> tuple[tuple[Tensor, ...], np.ndarray | None] | None:
    """Return the tensors whose rows are the samples, and which rows (``None``: all).

    With them a loader takes a batch at once.  ``None`` is returned if the samples have to be asked for
    one by one.
    """
    chosen = None
    while type(dataset) is Subset:
        inner = np.asarray(dataset.indices, dtype=np.int64)
        chosen = inner if chosen is None else inner[chosen]
        dataset = dataset.dataset
    # A class of one's own may do something else in __getitem__.
    if getattr(type(dataset), "__getitem__", None) is not TensorDataset.__getitem__:
        return None
    return dataset.tensors, chosen


def take_rows(tensor: Tensor, indices: np.ndarray) -> Tensor:
    """Return the rows at ``indices``, integers on the host, as a copy."""
    array = tensor.array
    xp = xp_of(array)
    if tensor.requires_grad:
        return tensor[indices]
    if xp is not np:
        indices = to_device(indices, tensor.device)
    return engine.wrap(xp.take(array, indices, axis=0), None)


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset]:
    """Divide a dataset at random into parts that share no sample.

    Parameters
    ----------
    dataset : Dataset
        What is divided.
    lengths : sequence of int, or of float
        How many samples each part gets; or fractions that add up to 1 (what rounding down leaves over
        goes to the parts one by one, from the first).
    generator : Generator, optional
        Where the order is drawn; the default generator if not given.

    Returns
    -------
    list of Subset
        The same indices as PyTorch's for the same seed.

    Raises
    ------
    ValueError
        If the lengths do not add up.

    Examples
    --------
    >>> import minigrad as mg
    >>> _ = mg.manual_seed(0)
    >>> [list(part) for part in mg.data.random_split(range(10), [7, 3])]
    [[4, 1, 7, 5, 3, 9, 0], [8, 6, 2]]
    """
    size = len(dataset)
    if any(isinstance(length, float) for length in lengths):
        lengths = _rounded(size, lengths)
    if sum(lengths) != size or min(lengths, default=0) < 0:
        raise ValueError(f"random_split: lengths {list(lengths)} do not add up to {size} samples")
    order = (generator or default_generator).permutation(size).tolist()
    parts, start = [], 0
    for length in lengths:
        parts.append(Subset(dataset, order[start : start + int(length)]))
        start += int(length)
    return parts


def _rounded(size: int, fractions: Sequence[float]) -> list[int]:
    """Return whole lengths for fractions of ``size`` that add up to 1."""
    if not math.isclose(sum(fractions), 1) or not all(0 <= fraction <= 1 for fraction in fractions):
        raise ValueError(f"random_split: fractions {list(fractions)} do not add up to 1")
    lengths = [math.floor(size * fraction) for fraction in fractions]
    for i in range(size - sum(lengths)):
        lengths[i % len(lengths)] += 1
    return lengths
