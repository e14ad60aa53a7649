"""Loaders and batches beside PyTorch's, where it is installed: the same order, the same draws.

PyTorch is no dependency of the tests: without it, this file is skipped.
"""

import collections

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch", reason="PyTorch is not installed (it is no test dependency)")
theirs = pytest.importorskip("torch.utils.data")

WEIGHTS = [0.1, 0.2, 3.0, 1.0]


def eager_sampler(m, n):
    """A sampler that draws when it is asked for its iterator."""

    class Eager:
        def __iter__(self):
            return iter(m.randperm(n).tolist())

        def __len__(self):
            return n

    return Eager()


def eager_lists(m, n):
    class Eager:
        def __iter__(self):
            order = m.randperm(n).tolist()
            return iter([order[:3], order[3:]])

        def __len__(self):
            return 2

    return Eager()


def stream(m, d, eager=False):
    class Stream(d.IterableDataset):
        def __iter__(self):
            return iter(m.rand(7)) if eager else (m.rand(2) for _ in range(7))

        def __len__(self):
            return 7

    return Stream()


# ``m`` is minigrad or torch, ``d`` their data, ``g`` a generator of its own.
LOADERS = {
    **{
        f"n={n}, shuffle={shuffle}, own={own}, drop_last={drop_last}": (
            lambda m, d, g, n=n, shuffle=shuffle, own=own, drop_last=drop_last: d.DataLoader(
                d.TensorDataset(m.arange(n), m.arange(n) * 2), 3, shuffle,
                drop_last=drop_last, generator=g if own else None,
            )
        )
        for n in (1, 9, 10) for shuffle in (False, True) for own in (False, True)
        for drop_last in (False, True)
    },
    "replacement": lambda m, d, g: d.DataLoader(range(9), 4, sampler=d.RandomSampler(range(9), True, 70)),
    "replacement, own": lambda m, d, g: d.DataLoader(range(9), 4, sampler=d.RandomSampler(range(9), True, 70, g)),
    "25 samples": lambda m, d, g: d.DataLoader(range(9), 4, sampler=d.RandomSampler(range(9), num_samples=25)),
    "25 samples, own": lambda m, d, g: d.DataLoader(
        range(9), 4, sampler=d.RandomSampler(range(9), num_samples=25, generator=g), generator=g
    ),
    "5 samples": lambda m, d, g: d.DataLoader(range(9), 2, sampler=d.RandomSampler(range(9), num_samples=5)),
    "subset": lambda m, d, g: d.DataLoader(range(9), 2, sampler=d.SubsetRandomSampler([5, 6, 8, 1, 0])),
    "subset, own": lambda m, d, g: d.DataLoader(range(9), 2, sampler=d.SubsetRandomSampler([5, 6, 8, 1, 0], g)),
    "weights": lambda m, d, g: d.DataLoader(range(4), 3, sampler=d.WeightedRandomSampler(WEIGHTS, 10)),
    "weights, own": lambda m, d, g: d.DataLoader(
        range(4), 3, sampler=d.WeightedRandomSampler(WEIGHTS, 3, False, generator=g), generator=g
    ),
    "batch sampler": lambda m, d, g: d.DataLoader(
        range(9), batch_sampler=d.BatchSampler(d.RandomSampler(range(9), generator=g), 2, True)
    ),
    "lists": lambda m, d, g: d.DataLoader(range(9), batch_sampler=[[1, 2], [3]]),
    "eager sampler": lambda m, d, g: d.DataLoader(range(9), 3, sampler=eager_sampler(m, 9)),
    "eager sampler, no batches": lambda m, d, g: d.DataLoader(m.arange(9), None, sampler=eager_sampler(m, 9)),
    "eager batch sampler": lambda m, d, g: d.DataLoader(range(9), batch_sampler=eager_lists(m, 9)),
    "no batches": lambda m, d, g: d.DataLoader(d.TensorDataset(m.arange(9), m.arange(9)), None, True),
    "many indices at a time": lambda m, d, g: d.DataLoader(
        d.TensorDataset(m.arange(9), m.arange(9)), None, sampler=d.BatchSampler(d.RandomSampler(range(9)), 4, False)
    ),
    "subset of rows": lambda m, d, g: d.DataLoader(
        d.Subset(d.TensorDataset(m.arange(9)), [8, 3, 4]), None, sampler=d.BatchSampler(range(3), 2, False)
    ),
    "one after the other": lambda m, d, g: d.DataLoader(
        d.TensorDataset(m.arange(4)) + d.TensorDataset(m.arange(3)), 2, True
    ),
    "stream": lambda m, d, g: d.DataLoader(stream(m, d), 3),
    "eager stream": lambda m, d, g: d.DataLoader(stream(m, d, eager=True), 3, drop_last=True),
    "stream without batches": lambda m, d, g: d.DataLoader(stream(m, d), None, generator=g),
    "streams": lambda m, d, g: d.DataLoader(stream(m, d) + stream(m, d), 4),
    "workers": lambda m, d, g: d.DataLoader(d.TensorDataset(m.arange(9)), 2, True, num_workers=1),
    "workers that stay": lambda m, d, g: d.DataLoader(
        d.TensorDataset(m.arange(9)), 2, True, num_workers=1, persistent_workers=True
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # PyTorch's, of workers
@pytest.mark.parametrize("make", LOADERS.values(), ids=LOADERS)
def test_order_and_draws(make):
    found = []
    for m, d in ((mg, mg.data), (torch, theirs)):
        m.manual_seed(1)
        generator = m.Generator().manual_seed(2)
        loader = make(m, d, generator)
        seen = []
        for _ in range(3):
            for batch in loader:
                parts = batch if isinstance(batch, list) else [batch]
                seen.append([part.tolist() for part in parts])
                # The numbers drawn in between tell when the loader draws.
                if loader.num_workers == 0:  # PyTorch's workers are handed indices in advance
                    seen.append([m.rand(1).item(), m.rand(1, generator=generator).item()])
        found.append((seen, m.rand(1).item(), m.rand(1, generator=generator).item(), len(loader)))
    assert found[0] == found[1]


Point = collections.namedtuple("Point", "x y")
SAMPLES = [
    [1, 2], [0.5, 1.5], [True, False], [1, 2.5], [(1, 2.0), (3, 4.0)], [[1, 2.0], [3, 4.0]],
    [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    [np.ones(2), np.zeros(2)], [np.float32(1), np.float32(2)], [np.bool_(True), np.bool_(False)],
    ["a", "b"], [("a", 1), ("b", 2)], [b"a", b"b"], [Point(1, [2, 3]), Point(4, [5, 6])], [range(2), range(2)],
]  # fmt: skip


def described(value):
    """Return what a batch is made of, in words that are the same for both libraries."""
    if hasattr(value, "tolist"):
        return str(value.dtype).removeprefix("torch."), value.tolist()
    if isinstance(value, dict):
        return type(value), {key: described(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [described(one) for one in value]
    return value


@pytest.mark.parametrize("samples", SAMPLES, ids=str)
def test_collate(samples):
    assert described(mg.data.default_collate(samples)) == described(theirs.default_collate(samples))


@pytest.mark.parametrize("sample", [one for samples in SAMPLES for one in samples[:1]], ids=str)
def test_convert(sample):
    assert described(mg.data.default_convert(sample)) == described(theirs.default_convert(sample))
