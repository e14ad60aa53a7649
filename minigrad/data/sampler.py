"""Samplers: the order in which a loader takes the samples of a dataset."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

from minigrad._creation import tensor
from minigrad.backend.devices import to_host
from minigrad.backend.generator import Generator, default_generator
from minigrad.dtypes import float64

Index = TypeVar("Index", covariant=True)

_BLOCK = 32  # so many indices PyTorch draws at a time when they may repeat


class Sampler(Generic[Index]):
    """The base of samplers: define ``__iter__``, and ``__len__`` if there is an end.

    A sampler gives the indices of one epoch, in order; a *batch sampler* gives lists of them.  Any
    iterable will do, so deriving from this class is a matter of taste.
    """

    def __iter__(self) -> Iterator[Index]:
        """Return an iterator over the indices of one epoch."""
        raise NotImplementedError(f"{type(self).__name__} does not define __iter__()")


class SequentialSampler(Sampler[int]):
    """The indices in order: ``0, 1, 2, ...``.

    Parameters
    ----------
    data_source : Dataset
        Whose length counts.
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices in random order, the same as PyTorch's for the same seed.

    Parameters
    ----------
    data_source : Dataset
        Whose length counts.
    replacement : bool, default False
        Draw every index anew, so that one may come twice and another not at all.
    num_samples : int, optional
        How many indices an epoch has; as many as there are samples if not given.  Without replacement
        each index comes once before any comes again.
    generator : Generator, optional
        Where they are drawn.  If not given, each epoch has a generator of its own, whose seed is drawn
        from the default one.

    Raises
    ------
    TypeError
        If ``replacement`` is no bool.
    ValueError
        If ``num_samples`` is no positive integer.

    Examples
    --------
    >>> import minigrad as mg
    >>> generator = mg.Generator().manual_seed(0)
    >>> list(mg.data.RandomSampler(range(5), generator=generator))
    [4, 0, 1, 3, 2]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"RandomSampler: replacement has to be a bool, got {replacement!r}")
        if num_samples is not None:
            num_samples = positive("RandomSampler", "num_samples", num_samples)
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        len(self)  # a source without a length is an error now, not in the middle of a program

    @property
    def num_samples(self) -> int:
        """How many indices an epoch has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        return itertools.chain.from_iterable(self._parts())

    def _parts(self) -> Iterator[list[int]]:
        """Yield the indices as they are drawn: an order at a time, or a few indices."""
        n = len(self.data_source)
        if n == 0 and self._num_samples is not None:
            raise ValueError(f"RandomSampler: {self._num_samples} samples of an empty dataset")
        source = self.generator
        if source is None:
            source = Generator().manual_seed(default_generator.random_int63())
        if self.replacement:
            for start in range(0, self.num_samples, _BLOCK):
                yield source.integers(0, n, (min(_BLOCK, self.num_samples - start),)).tolist()
            return
        rounds, rest = divmod(self.num_samples, max(n, 1))
        for _ in range(rounds):
            yield source.permutation(n).tolist()
        # PyTorch draws an order here even if nothing is left over, which shows if others draw, too.
        if rest or self.generator is not None:
            yield source.permutation(n).tolist()[:rest]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Some indices in random order, the same as PyTorch's for the same seed.

    Parameters
    ----------
    indices : sequence of int
        Each comes once.
    generator : Generator, optional
        Where the order is drawn; the default generator if not given.
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in (self.generator or default_generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices drawn with given weights, the same as PyTorch's for the same seed.

    Parameters
    ----------
    weights : sequence of float
        One for each index, not negative; they need not add up to 1.
    num_samples : int
        How many indices an epoch has.
    replacement : bool, default True
        Whether an index may come twice.
    generator : Generator, optional
        Where they are drawn; the default generator if not given.

    Raises
    ------
    ValueError
        If ``num_samples`` is no positive integer, ``replacement`` no bool, or ``weights`` has not one
        dimension.
    RuntimeError
        When drawing: if a weight is negative or not finite, all are 0, or there are fewer than
        ``num_samples`` and they are not replaced.

    Examples
    --------
    With the inverse frequency of its class as the weight of each sample, classes come equally often:

    >>> import minigrad as mg
    >>> labels = mg.tensor([0, 0, 0, 0, 0, 0, 1, 1])
    >>> weights = 1 / mg.tensor([6.0, 2.0])[labels]
    >>> sampler = mg.data.WeightedRandomSampler(weights, num_samples=1000)
    >>> 400 < sum(labels[i].item() for i in sampler) < 600
    True
    """

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise ValueError(
                f"WeightedRandomSampler: replacement has to be a bool, got {replacement!r}"
            )
        self.num_samples = positive("WeightedRandomSampler", "num_samples", num_samples)
        self.weights = tensor(weights, dtype=float64, device="cpu").detach()
        if self.weights.ndim != 1:
            raise ValueError(
                "WeightedRandomSampler: weights have to be one-dimensional, "
                f"got shape {tuple(self.weights.shape)}"
            )
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        source = self.generator or default_generator
        weights = to_host(self.weights.array)
        yield from source.multinomial(weights, self.num_samples, self.replacement).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of ``batch_size`` indices of another sampler.

    Parameters
    ----------
    sampler : Sampler or iterable
        Where the indices are from.
    batch_size : int
        How many are in a list; the last one may be shorter.
    drop_last : bool
        Leave out a last list that is shorter.

    Raises
    ------
    ValueError
        If ``batch_size`` is no positive integer, or ``drop_last`` no bool.

    Examples
    --------
    >>> import minigrad as mg
    >>> list(mg.data.BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        if not isinstance(drop_last, bool):
            raise ValueError(f"BatchSampler: drop_last has to be a bool, got {drop_last!r}")
        self.sampler = sampler
        self.batch_size = positive("BatchSampler", "batch_size", batch_size)
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        full, rest = divmod(len(self.sampler), self.batch_size)  # type: ignore[arg-type]
        return full + (rest > 0 and not self.drop_last)


def positive(who: str, name: str, value: Any) -> int:
    """Return ``value`` as an int.

    Raises
    ------
    ValueError
        If it is no positive integer.
    """
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(f"{who}: {name} has to be a positive integer, got {value!r}")
    return number
