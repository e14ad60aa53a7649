"""The loader: batches of a dataset, in order, shuffled, or as a sampler says."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from minigrad.backend.generator import Generator, default_generator
from minigrad.data.collate import default_collate, default_convert
from minigrad.data.dataset import IterableDataset, rows_behind, take_rows
from minigrad.data.resuming import (
    Epoch,
    as_states,
    check_keys,
    generators_at,
    read_states,
    same_indices,
    write_states,
)
from minigrad.data.sampler import BatchSampler, RandomSampler, SequentialSampler, positive

# What the samplers were made for cannot change behind their backs.
_FIXED = ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last", "persistent_workers")


class DataLoader:
    """Batches of a dataset; each ``for`` loop over it is one epoch.

    Every loop has an order of its own, so several may run at once.  The order is PyTorch's for the same
    seed.

    Parameters
    ----------
    dataset : Dataset or IterableDataset
        Anything with a length that gives a sample for an index; or a stream, which is read in order.
    batch_size : int or None, default 1
        Samples in a batch; the last one may be smaller.  With ``None`` there are no batches: the samples
        come one by one, through :func:`default_convert`.
    shuffle : bool, default False
        Draw a new order for each epoch (with a :class:`RandomSampler`).
    sampler : Sampler or iterable, optional
        The indices of an epoch, in order; instead of ``shuffle``.
    batch_sampler : Sampler or iterable, optional
        The lists of indices of an epoch, one for each batch; instead of ``batch_size``, ``shuffle``,
        ``sampler`` and ``drop_last``.
    num_workers : int, default 0
        Accepted as in PyTorch, and changes nothing: the batches are made in this process, in the same
        order.
    collate_fn : callable, optional
        Makes a batch of a list of samples; :func:`default_collate` if not given.  (Without batches: what
        is done to each sample, :func:`default_convert` if not given.)
    pin_memory, timeout, worker_init_fn, multiprocessing_context
        Accepted as in PyTorch; change nothing.
    drop_last : bool, default False
        Leave out a last batch that is smaller.
    generator : Generator, optional
        Where the order is drawn; the default generator if not given.
    prefetch_factor, persistent_workers, pin_memory_device, in_order
        Accepted as in PyTorch.  Only ``persistent_workers`` shows: PyTorch draws a seed for its workers
        when they start, before every epoch or once, and so do we.

    Attributes
    ----------
    dataset, batch_size, drop_last, sampler, batch_sampler, persistent_workers
        As given or made; they cannot be set later.

    Raises
    ------
    ValueError
        If ``batch_size`` is no positive integer, options exclude each other, or an
        :class:`IterableDataset` is to be shuffled or sampled.

    Notes
    -----
    A batch of a :class:`TensorDataset` (or of a :class:`Subset` of one) is taken from its tensors at
    once, unless there is a ``collate_fn``; other datasets are asked for each sample.

    A run that was interrupted goes on with the batches that would have come, if the state of the loader
    is saved (:meth:`state_dict`) together with that of the default generator.

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
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self._streamed = isinstance(dataset, IterableDataset)
        _check_order(self._streamed, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_size = positive("DataLoader", "batch_size", batch_size)
        if sampler is None and not self._streamed:
            sampler = (
                RandomSampler(dataset, generator=generator)
                if shuffle
                else SequentialSampler(dataset)
            )
        if sampler is not None and batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, bool(drop_last))
        self._batched = batch_sampler is not None or batch_size is not None
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.drop_last = bool(drop_last)
        self.generator = generator
        self.collate_fn = collate_fn or (default_collate if self._batched else default_convert)
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.persistent_workers = persistent_workers
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self._workers_started = False
        self._epoch: Epoch | None = None  # of the loop begun last, until it is over
        self._interrupted: Epoch | None = None  # that of a saved state, until the next loop

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and name in vars(self):
            raise ValueError(
                f"DataLoader: {name} cannot be set after the loader is made: make another DataLoader"
            )
        super().__setattr__(name, value)

    def __len__(self) -> int:
        """Return the number of batches.

        Raises
        ------
        TypeError
            If the dataset or the sampler has no length.
        """
        if not self._streamed:
            return len(self.batch_sampler if self._batched else self.sampler)  # type: ignore[arg-type]
        if self.batch_size is None:
            return len(self.dataset)
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        epoch = self._interrupted
        if epoch is not None:
            source = self._replayed(epoch)
            self._interrupted = None
            return self._batches(source, epoch)
        # PyTorch asks a sampler for its iterator before, a stream after the seed: any may draw.
        if self._streamed:
            self._draw_worker_seed()
        epoch = Epoch(read_states(self._generators()))
        source = self._source()
        if not self._streamed:
            self._draw_worker_seed()
        self._epoch = epoch
        return self._batches(source, epoch)

    def _draw_worker_seed(self) -> None:
        """Draw the seed that PyTorch draws for its workers, used or not."""
        # (The recipe stands in minigrad.backend.generator.)
        if not (self.persistent_workers and self._workers_started):
            (self.generator or default_generator).random_int63()
        self._workers_started = True

    def _source(self) -> Iterator[Any]:
        """Return an iterator over the indices, or over the samples of a stream, batch by batch."""
        if not self._streamed:
            return iter(self.batch_sampler if self._batched else self.sampler)  # type: ignore[arg-type]
        samples = iter(self.dataset)
        if self.batch_size is None:
            return samples
        return iter(BatchSampler(samples, self.batch_size, self.drop_last))

    def _batches(self, source: Iterator[Any], epoch: Epoch) -> Iterator[Any]:
        make = self._maker()
        at_first = epoch.at_first or read_states(self._generators())
        for indices in source:
            batch = make(indices)
            epoch.at_first = at_first
            epoch.batches += 1
            epoch.last = None if self._streamed else indices
            yield batch
        if self._epoch is epoch:
            self._epoch = None

    def _maker(self) -> Callable[[Any], Any]:
        """Return the function that makes a batch of indices (of samples, if they are streamed)."""
        dataset, collate = self.dataset, self.collate_fn
        if self._streamed:
            return collate
        if not self._batched:
            return lambda index: collate(dataset[index])
        rows = rows_behind(dataset) if collate is default_collate else None
        if rows is not None:
            tensors, chosen = rows

            def take(indices: list[int]) -> list[Any]:
                wanted = np.asarray(indices, dtype=np.int64)
                wanted = wanted if chosen is None else chosen[wanted]
                return [take_rows(tensor, wanted) for tensor in tensors]

            return take
        if callable(getattr(dataset, "__getitems__", None)):
            return lambda indices: collate(dataset.__getitems__(indices))
        return lambda indices: collate([dataset[index] for index in indices])

    # Going on in another process

    def state_dict(self) -> dict[str, Any]:
        """Return where the loader stands, for :meth:`load_state_dict` of a loader that is made alike.

        Call it at any time: in the middle of a loop, where the batch just given out counts as done;
        between two loops; before the first.  If several loops run, it is about the one begun last.  A
        loop left with ``break`` counts as under way until the next begins.

        What is saved are the states of the generators from which the order was drawn, not the order: a
        few thousand bytes each.  Not saved is where the *default* generator stands now, because it
        belongs to the whole program; save :func:`minigrad.get_rng_state` beside it.

        Returns
        -------
        dict
            Of plain values: strings, numbers, ``None``, NumPy arrays, and dicts of them.

            ``"dataset_length"``, ``"batch_size"``, ``"drop_last"``, ``"sampler"``, ``"batch_sampler"``
                What the loader was made with, to be compared (samplers by the names of their classes).
            ``"workers_started"``
                Whether a loop was begun, which matters with ``persistent_workers``.
            ``"generators"``
                The states, uint8, of the generators that are the loader's and its sampler's own.
            ``"epoch"``
                ``None``, or, if a loop is under way: how many ``"batches"`` it has given out, the indices
                of the ``"last"`` of them, and the states of all generators when it began (``"at_iter"``)
                and before its first batch (``"at_first"``).

        Examples
        --------
        >>> import minigrad as mg
        >>> def loader():
        ...     return mg.data.DataLoader(range(7), batch_size=2, shuffle=True)
        >>> first, batches = loader(), []
        >>> for batch in first:
        ...     batches.append(batch.tolist())
        ...     if len(batches) == 2:
        ...         saved = {"loader": first.state_dict(), "random": mg.get_rng_state()}
        >>> second = loader()
        >>> second.load_state_dict(saved["loader"])
        >>> mg.set_rng_state(saved["random"])
        >>> [batch.tolist() for batch in second] == batches[2:]
        True
        """
        return copy.deepcopy(
            {
                **self._description(),
                "workers_started": self._workers_started,
                "generators": read_states(self._own_generators()),
                "epoch": None if self._epoch is None else self._epoch.to_dict(),
            }
        )

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Stand where another loader stood when its :meth:`state_dict` was called.

        If a loop was under way, the next ``for`` loop goes on with its next batch (and has none at all
        if the last one had been given out); the one after it is a whole epoch.  The generators that are
        the loader's and its sampler's own are put into their saved states at once.  The default
        generator is not touched: load :func:`minigrad.set_rng_state` before the loop begins.

        To go on, the order is drawn again, and the indices of the last batch are compared.  So a sampler
        of one's own has to draw from minigrad's generators, and when it is asked for its iterator or
        its first index; and nothing else may draw from a generator from which a sampler draws while the
        loop runs (:class:`RandomSampler` with replacement and a generator of its own).  A stream
        (:class:`IterableDataset`) is read again from its start.

        Parameters
        ----------
        state_dict : dict
            What :meth:`state_dict` returned, of a loader with the same options; a dataset of the same
            samples is taken for granted.

        Raises
        ------
        ValueError
            If it is something else, or the state of a loader of another kind: of a dataset of another
            length, another batch size or sampler, or with other generators.  Nothing is changed then.
        RuntimeError
            From the next loop, if the sampler does not draw the same indices again.
        """
        mine = self._description()
        check_keys(state_dict, {*mine, "workers_started", "generators", "epoch"})
        for key, value in mine.items():
            if state_dict[key] != value:
                raise ValueError(
                    f"DataLoader.load_state_dict: the state is of a loader with {key}="
                    f"{state_dict[key]!r}, this one has {key}={value!r}"
                )
        own, epoch = self._own_generators(), state_dict["epoch"]
        states = as_states(state_dict["generators"], own)
        if epoch is not None:
            epoch = Epoch.from_dict(epoch, self._generators())
        write_states(own, states)
        self._workers_started = bool(state_dict["workers_started"])
        self._epoch = self._interrupted = epoch

    def _description(self) -> dict[str, Any]:
        try:
            length = len(self.dataset)
        except TypeError:  # a stream
            length = None
        return {
            "dataset_length": length,
            "batch_size": self.batch_size,
            "drop_last": self.drop_last,
            "sampler": type(self.sampler).__name__,
            "batch_sampler": type(self.batch_sampler).__name__,
        }

    def _own_generators(self) -> dict[str, Generator]:
        """Return the generators that are the loader's and its sampler's, not the default one."""
        innermost: Any = self.batch_sampler if self._batched else self.sampler
        while hasattr(innermost, "sampler"):
            innermost = innermost.sampler
        named = {"loader": self.generator, "sampler": getattr(innermost, "generator", None)}
        own: dict[str, Generator] = {}
        for name, one in named.items():
            if isinstance(one, Generator) and one not in (default_generator, *own.values()):
                own[name] = one
        return own

    def _generators(self) -> dict[str, Generator]:
        return {"default": default_generator, **self._own_generators()}

    def _replayed(self, epoch: Epoch) -> Iterator[Any]:
        """Return the source of indices as it was after the batches that have been given out."""
        generators, last = self._generators(), None
        with generators_at(generators, epoch.at_iter):
            source = self._source()
        if epoch.at_first is not None:
            with generators_at(generators, epoch.at_first):
                for _ in range(epoch.batches):
                    last = next(source, None)
        if not same_indices(last, epoch.last):
            raise RuntimeError(
                "DataLoader: the sampler does not draw the indices again that it drew before the state "
                "was saved: it has to draw from minigrad's generators only, at the start of the loop, "
                "and from none that others draw from meanwhile"
            )
        return source


def get_worker_info() -> None:
    """Return ``None``: batches are made in this process, as in PyTorch with ``num_workers=0``."""
    return None


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    """Refuse what PyTorch refuses of the options that change nothing here."""
    if operator.index(num_workers) < 0:
        raise ValueError(f"DataLoader: num_workers cannot be negative, got {num_workers}")
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout cannot be negative, got {timeout}")
    if prefetch_factor is not None and (num_workers == 0 or prefetch_factor < 0):
        raise ValueError(
            "DataLoader: prefetch_factor has to be a non-negative number, and goes with num_workers > 0 "
            f"only, got prefetch_factor={prefetch_factor}, num_workers={num_workers}"
        )
    if persistent_workers and num_workers == 0:
        raise ValueError("DataLoader: persistent_workers option needs num_workers > 0")


def _check_order(
    streamed: bool,
    batch_size: int | None,
    shuffle: bool | None,
    sampler: Any,
    batch_sampler: Any,
    drop_last: bool,
) -> None:
    """Refuse options that exclude each other."""
    if streamed and (shuffle or sampler is not None or batch_sampler is not None):
        raise ValueError(
            "DataLoader: an IterableDataset is read in its own order: shuffle, sampler and "
            "batch_sampler do not go with it"
        )
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (
        batch_size != 1 or shuffle or sampler is not None or drop_last
    ):
        raise ValueError(
            "DataLoader: batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
            "and drop_last"
        )
    if batch_size is None and drop_last:
        raise ValueError(
            "DataLoader: batch_size=None makes no batches, so there is none for drop_last to drop"
        )
