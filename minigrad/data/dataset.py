"""Datasets: samples for indices, or a stream of samples."""

from __future__ import annotations

import bisect
import itertools
import math
import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from minigrad import engine
from minigrad._tensor import Tensor
from minigrad.backend.devices import to_device, xp_of
from minigrad.backend.generator import Generator, default_generator

Sample = TypeVar("Sample", covariant=True)


class Dataset(Generic[Sample]):
    """The base of datasets: define ``__getitem__`` and ``__len__``.

    A :class:`~minigrad.data.DataLoader` takes any object that has these two, so deriving from this class
    is a matter of taste.  ``a + b`` has the samples of both (:class:`ConcatDataset`).  A dataset that
    knows a faster way to many samples may define ``__getitems__``, which takes a list of indices and
    returns a list of samples.
    """

    def __getitem__(self, index: Any) -> Sample:
        """Return the sample at ``index``."""
        raise NotImplementedError(f"{type(self).__name__} does not define __getitem__()")

    def __add__(self, other: Dataset) -> Dataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[Sample]):
    """The base of datasets that are read in one go: define ``__iter__``.

    For streams, files that are read line by line, or data that are made up while training.  A
    :class:`~minigrad.data.DataLoader` takes the samples as they come: there is no shuffling.  ``a + b``
    is one after the other (:class:`ChainDataset`).

    Examples
    --------
    >>> import minigrad as mg
    >>> class Squares(mg.data.IterableDataset):
    ...     def __iter__(self):
    ...         return (i * i for i in range(5))
    >>> [batch.tolist() for batch in mg.data.DataLoader(Squares(), batch_size=2)]
    [[0, 1], [4, 9], [16]]
    """

    def __iter__(self) -> Iterator[Sample]:
        """Return an iterator over the samples."""
        raise NotImplementedError(f"{type(self).__name__} does not define __iter__()")

    def __add__(self, other: Dataset) -> Dataset:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors whose first dimension counts the samples: sample ``i`` is row ``i`` of each.

    Parameters
    ----------
    *tensors : Tensor
        Of equal length.

    Raises
    ------
    TypeError
        If something else than a tensor is among them.
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
        for one in tensors:
            if not isinstance(one, Tensor):
                raise TypeError(
                    f"TensorDataset: expected tensors, got {type(one).__name__}: make one with mg.tensor()"
                )
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


class Subset(Dataset[Sample]):
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

    def __getitem__(self, index: Any) -> Sample:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset[Sample]):
    """Several datasets one after the other; ``a + b`` makes one too.

    Parameters
    ----------
    datasets : iterable of Dataset
        At least one, each with a length.

    Raises
    ------
    ValueError
        If there is none.
    TypeError
        If one is an :class:`IterableDataset` (these are chained: :class:`ChainDataset`).

    Examples
    --------
    >>> import minigrad as mg
    >>> both = mg.data.ConcatDataset([range(3), range(10, 12)])
    >>> list(both), both[-1]
    ([0, 1, 2, 10, 11], 11)
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: expected at least one dataset")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise TypeError(
                "ConcatDataset: an IterableDataset has no samples at indices: chain them "
                "(ChainDataset)"
            )
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __getitem__(self, index: Any) -> Sample:
        at, length = operator.index(index), len(self)
        if not -length <= at < length:
            raise IndexError(f"index {at} is out of range for {length} samples")
        at %= length
        which = bisect.bisect_right(self.cumulative_sizes, at)
        return self.datasets[which][at - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset[Sample]):
    """Several datasets that are read in one go, one after the other; ``a + b`` makes one too.

    Parameters
    ----------
    datasets : sequence of IterableDataset
        In their order.

    Raises
    ------
    TypeError
        If one is no :class:`IterableDataset`.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise TypeError(
                    f"ChainDataset: expected IterableDatasets, got {type(dataset).__name__}"
                )

    def __iter__(self) -> Iterator[Sample]:
        return itertools.chain.from_iterable(self.datasets)

    def __len__(self) -> int:
        return sum(map(len, self.datasets))


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
    dataset: Any, lengths: Iterable[int | float], generator: Generator | None = None
) -> list[Subset]:
    """Divide a dataset at random into parts that share no sample.

    Parameters
    ----------
    dataset : Dataset
        What is divided.
    lengths : iterable of int, or of float
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
    size, lengths = len(dataset), list(lengths)
    if any(isinstance(length, float) for length in lengths):
        lengths = _rounded(size, lengths)
    if sum(lengths) != size or min(lengths, default=0) < 0:
        raise ValueError(f"random_split: lengths {lengths} do not add up to {size} samples")
    order = (generator or default_generator).permutation(size).tolist()
    ends = itertools.accumulate(map(int, lengths))
    return [
        Subset(dataset, order[end - int(length) : end])
        for length, end in zip(lengths, ends, strict=True)
    ]


def _rounded(size: int, fractions: Sequence[float]) -> list[int]:
    """Return whole lengths for fractions of ``size`` that add up to 1."""
    if not math.isclose(sum(fractions), 1) or not all(0 <= fraction <= 1 for fraction in fractions):
        raise ValueError(f"random_split: fractions {list(fractions)} do not add up to 1")
    lengths = [math.floor(size * fraction) for fraction in fractions]
    for i in range(size - sum(lengths)):
        lengths[i % len(lengths)] += 1
    return lengths
