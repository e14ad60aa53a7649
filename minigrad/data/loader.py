"""The loader: batches of a dataset, in order or shuffled."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad._creation import as_tensor, tensor
from minigrad._functions.shaping import stack
from minigrad._tensor import Tensor
from minigrad.backend.devices import is_array
from minigrad.backend.generator import Generator, default_generator
from minigrad.data.dataset import rows_behind, take_rows
from minigrad.dtypes import float64


class DataLoader:
    """Batches of a dataset; each ``for`` loop over it is one epoch.

    Every loop has an order of its own, so several may run at once.  The order is PyTorch's for the same
    seed.

    Parameters
    ----------
    dataset : Dataset
        Anything with a length that gives a sample for an index.
    batch_size : int, default 1
        Samples in a batch; the last one may be smaller.
    shuffle : bool, default False
        Draw a new order for each epoch.
    num_workers : {0}
        Accepted as in PyTorch; batches are made in this process.
    collate_fn : callable, optional
        Makes a batch of a list of samples; :func:`default_collate` if not given.
    pin_memory : bool
        Accepted as in PyTorch; changes nothing.
    drop_last : bool, default False
        Leave out a last batch that is smaller.
    generator : Generator, optional
        Where the order is drawn; the default generator if not given.

    Raises
    ------
    ValueError
        If ``batch_size`` is no positive integer, or ``num_workers`` is not 0.

    Examples
    --------
    >>> import minigrad as mg
    >>> data = mg.data.TensorDataset(mg.arange(5), mg.arange(5) ** 2)
    >>> for x, y in mg.data.DataLoader(data, batch_size=2):
    ...     print(x.tolist(), y.tolist())
    [0, 1] [0, 1]
    [2, 3] [4, 9]
    [4] [16]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:
        if num_workers != 0:
            raise ValueError(
                f"DataLoader: num_workers has to be 0 (got {num_workers}): batches are made in this process"
            )
        try:
            self.batch_size = operator.index(batch_size)
        except TypeError:
            self.batch_size = 0
        if self.batch_size < 1:
            raise ValueError(
                f"DataLoader: batch_size has to be a positive integer, got {batch_size!r}"
            )
        self.dataset = dataset
        self.shuffle = bool(shuffle)
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.generator = generator

    def __len__(self) -> int:
        """Return the number of batches."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        # PyTorch draws a seed for its workers here, used or not; so that what comes after is the
        # same, so do we.  (The recipe stands in minigrad.backend.generator.)
        (self.generator or default_generator).random_int63()
        return self._batches()

    def _batches(self) -> Iterator[Any]:
        rows = rows_behind(self.dataset) if self.collate_fn is None else None
        collate = self.collate_fn or default_collate
        for indices in self._index_batches():
            if rows is None:
                yield collate([self.dataset[index] for index in indices.tolist()])
            else:
                tensors, chosen = rows
                wanted = indices if chosen is None else chosen[indices]
                yield [take_rows(tensor, wanted) for tensor in tensors]

    def _index_batches(self) -> Iterator[np.ndarray]:
        """Yield the indices of each batch, drawing from the generator when PyTorch does."""
        count = len(self.dataset)
        full, rest = divmod(count, self.batch_size)
        order = self._order(count)
        for i in range(full):
            yield order[i * self.batch_size : (i + 1) * self.batch_size]
        if self.shuffle and self.generator is not None:
            self.generator.permutation(count)  # drawn when the order has run out, and not used
        if rest and not self.drop_last:
            yield order[count - rest :]

    def _order(self, count: int) -> np.ndarray:
        if not self.shuffle:
            return np.arange(count)
        source = self.generator
        if source is None:
            source = Generator().manual_seed(default_generator.random_int63())
        return source.permutation(count)


def default_collate(samples: Sequence[Any]) -> Any:
    """Return a list of samples as one batch.

    Tensors and arrays are stacked along a new first dimension; Python and NumPy numbers become a tensor
    (floats in float64, as in PyTorch); tuples and lists are collated place by place, mappings key by key;
    strings stay a list.

    Raises
    ------
    TypeError
        If the samples are something else.
    ValueError
        If samples differ in length or shape.
    """
    first = samples[0]
    if isinstance(first, Tensor):
        return stack(samples)
    if isinstance(first, (bool, int)):
        return tensor(list(samples))
    if isinstance(first, float) and not isinstance(first, np.generic):
        return tensor(list(samples), dtype=float64)
    if isinstance(first, np.generic):
        return tensor(np.array(samples))
    if is_array(first):
        return stack([as_tensor(sample) for sample in samples])
    if isinstance(first, (str, bytes)):
        return list(samples)
    if isinstance(first, Mapping):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (tuple, list)):
        lengths = {len(sample) for sample in samples}
        if len(lengths) > 1:
            raise ValueError(f"samples of one batch differ in length: {sorted(lengths)}")
        parts = [default_collate(part) for part in zip(*samples, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else parts
    raise TypeError(
        f"a batch cannot be made of {type(first).__name__}: return tensors, arrays, numbers, or tuples or "
        "mappings of them, or give the DataLoader a collate_fn"
    )
