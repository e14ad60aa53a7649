"""Datasets, samplers, loaders: PyTorch's order for a seed, several loops at once, what a batch is."""

import collections
import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import data
from minigrad.testing import assert_close

RECIPES = json.loads((Path(__file__).parent / "recorded" / "random_stream.json").read_text())[
    "recipes"
]


def flat(batches):
    return [index for batch in batches for index in batch.tolist()]


class Squares(data.Dataset[tuple]):
    """Samples made one by one."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return mg.tensor([float(index), 1.0]), index**2


class Stream(data.IterableDataset[int]):
    def __init__(self, samples):
        self.samples = samples

    def __iter__(self):
        return iter(self.samples)


# Datasets -----------------------------------------------------------------------------------------------


def test_tensor_dataset(device):
    x, y = mg.arange(6).reshape(3, 2), mg.tensor([5, 6, 7])
    dataset = data.TensorDataset(x, y)
    assert len(dataset) == 3 and dataset.tensors == (x, y)
    sample = dataset[1]
    assert type(sample) is tuple and [one.tolist() for one in sample] == [[2, 3], 6]
    assert [one.tolist() for one in dataset[1:]] == [[[2, 3], [4, 5]], [6, 7]]
    assert [one.tolist() for one in dataset[-1]] == [[4, 5], 7]
    with pytest.raises(IndexError):
        dataset[3]
    assert len(list(dataset)) == 3


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ((mg.ones(3, 2), mg.ones(4)), r"one length, got shapes \[\(3, 2\), \(4,\)\]"),
        ((mg.tensor(1.0),), r"got shapes \[\(\)\]"),
        ((), "at least one tensor"),
    ],
)
def test_tensor_dataset_refuses(tensors, words):
    with pytest.raises(ValueError, match=words):
        data.TensorDataset(*tensors)


def test_tensor_dataset_refuses_arrays():
    with pytest.raises(TypeError, match="expected tensors, got ndarray"):
        data.TensorDataset(np.ones(3))


def test_datasets_say_what_is_missing():
    class Half(data.Dataset):
        pass

    with pytest.raises(NotImplementedError, match="Half does not define __getitem__"):
        Half()[0]
    with pytest.raises(TypeError, match=r"object of type 'Half' has no len\(\)"):
        data.DataLoader(Half(), shuffle=True)
    with pytest.raises(NotImplementedError, match="IterableDataset does not define __iter__"):
        list(data.DataLoader(data.IterableDataset()))
    with pytest.raises(NotImplementedError, match="Sampler does not define __iter__"):
        list(data.Sampler())


def test_subset():
    part = data.Subset(range(100, 110), [7, 1, 1])
    assert len(part) == 3 and list(part) == [107, 101, 101]
    rows = data.Subset(data.TensorDataset(mg.arange(10) * 10), [7, 1])[[1, 0]]
    assert rows[0].tolist() == [10, 70]


def test_datasets_one_after_the_other():
    first, second = data.TensorDataset(mg.arange(3)), data.TensorDataset(mg.arange(2) + 10)
    both = first + second + data.Subset(first, [2])
    assert type(both) is data.ConcatDataset and len(both) == 6
    assert [sample[0].item() for sample in both] == [0, 1, 2, 10, 11, 2]
    assert [both[i][0].item() for i in (-6, -3, -1)] == [0, 10, 2]
    for index in (6, -7):
        with pytest.raises(IndexError, match=f"index {index} is out of range for 6 samples"):
            both[index]
    (batch,) = data.DataLoader(data.ConcatDataset([[], range(2), [], range(3, 5)]), batch_size=4)
    assert batch.tolist() == [0, 1, 3, 4]
    with pytest.raises(ValueError, match="at least one dataset"):
        data.ConcatDataset([])
    with pytest.raises(TypeError, match="chain them"):
        data.ConcatDataset([Stream(range(3))])


def test_streams_one_after_the_other():
    both = Stream(range(3)) + Stream(range(10, 12))
    assert type(both) is data.ChainDataset and list(both) == [0, 1, 2, 10, 11] == list(both)
    with pytest.raises(TypeError, match="expected IterableDatasets, got range"):
        data.ChainDataset([range(3)])
    with pytest.raises(TypeError, match=r"'Stream' has no len\(\)"):
        len(both)


@pytest.mark.parametrize("case", RECIPES["split"], ids=str)
def test_random_split_is_pytorchs(case):
    mg.manual_seed(case["seed"])
    parts = data.random_split(range(sum(case["lengths"])), case["lengths"])
    assert [list(part.indices) for part in parts] == case["indices"]
    generator = mg.Generator().manual_seed(case["seed"])
    parts = data.random_split(range(sum(case["lengths"])), case["lengths"], generator)
    assert [list(part.indices) for part in parts] == case["indices"]


def test_random_split_by_fractions():
    parts = data.random_split(range(10), [0.45, 0.25, 0.3])
    assert [len(part) for part in parts] == [5, 2, 3]  # 4, 2, 3 and the one left over
    assert sorted(index for part in parts for index in part) == list(range(10))
    assert [len(part) for part in data.random_split(range(3), [0.5, 0.5])] == [2, 1]
    assert [len(part) for part in data.random_split(range(7), iter([3, 4]))] == [3, 4]


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([7, 4], r"lengths \[7, 4\] do not add up to 10 samples"),
        ([11, -1], "do not add up"),
        ([], "do not add up"),
        ([0.5, 0.4], r"fractions \[0.5, 0.4\] do not add up to 1"),
        ([1.5, -0.5], "do not add up to 1"),
    ],
)
def test_random_split_refuses(lengths, words):
    with pytest.raises(ValueError, match=words):
        data.random_split(range(10), lengths)


# Samplers -----------------------------------------------------------------------------------------------

WEIGHTS = [0.5, 3.0, 0.0, 1.25, 7.5, 0.1]
PICKED = [9, 4, 7, 2, 5]

# With PyTorch 2.13: from a generator with seed 3; twice from the default generator with seed 4.
OWN = [
    (lambda g: data.RandomSampler(range(7), generator=g), [5, 3, 4, 6, 0, 2, 1]),
    (lambda g: data.RandomSampler(range(5), num_samples=12, generator=g), [1, 0, 3, 4, 2, 0, 1, 2, 4, 3, 1, 4]),
    (lambda g: data.RandomSampler(range(7), num_samples=3, generator=g), [5, 3, 4]),
    (
        lambda g: data.RandomSampler(range(5), True, num_samples=40, generator=g),
        [1, 3, 2, 2, 0, 0, 0, 0, 1, 4, 4, 1, 0, 4, 1, 4, 0, 4, 0, 4, 1, 4, 1, 1, 2, 3, 2, 4, 4, 0, 0, 1, 4, 3, 4, 2, 3, 0, 2, 1],
    ),
    (lambda g: data.SubsetRandomSampler(PICKED, g), [4, 9, 2, 5, 7]),
    (lambda g: data.WeightedRandomSampler(WEIGHTS, 10, generator=g), [0, 3, 4, 1, 4, 4, 1, 4, 4, 4]),
    (lambda g: data.WeightedRandomSampler(WEIGHTS, 4, False, g), [0, 1, 3, 4]),
]  # fmt: skip
DEFAULT = [
    (lambda: data.RandomSampler(range(7)), [6, 4, 5, 1, 0, 3, 2], [4, 0, 1, 2, 3, 6, 5]),
    (lambda: data.SubsetRandomSampler(PICKED), [9, 2, 4, 5, 7], [5, 4, 9, 2, 7]),
    (lambda: data.WeightedRandomSampler(WEIGHTS, 6), [4, 4, 1, 4, 4, 4], [4, 4, 1, 4, 1, 4]),
]


@pytest.mark.parametrize(("make", "order"), OWN)
def test_samplers_draw_as_pytorch_does(make, order, device):
    sampler = make(mg.Generator().manual_seed(3))
    assert len(sampler) == len(order)
    assert list(sampler) == order


@pytest.mark.parametrize(("make", "first", "second"), DEFAULT)
def test_samplers_draw_from_the_default_generator(make, first, second):
    mg.manual_seed(4)
    sampler = make()
    assert (list(sampler), list(sampler)) == (first, second)


def test_weights_may_be_a_tensor(device):
    weights = mg.tensor([0.0, 1.0, 0.0], requires_grad=True)
    assert list(data.WeightedRandomSampler(weights, 4)) == [1] * 4


def test_samplers_in_order():
    assert list(data.SequentialSampler("abc")) == [0, 1, 2]
    for drop_last, lists in ((False, [[0, 1], [2, 3], [4]]), (True, [[0, 1], [2, 3]])):
        sampler = data.BatchSampler(data.SequentialSampler(range(5)), 2, drop_last)
        assert list(sampler) == lists == list(sampler) and len(sampler) == len(lists)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: data.RandomSampler(range(3), replacement=1), TypeError, "has to be a bool, got 1"),
        (lambda: data.RandomSampler(range(3), num_samples=0), ValueError, "num_samples has to be a positive integer, got 0"),
        (lambda: list(data.RandomSampler([], num_samples=2)), ValueError, "2 samples of an empty dataset"),
        (lambda: data.WeightedRandomSampler([1.0], 1, replacement=None), ValueError, "has to be a bool, got None"),
        (lambda: data.WeightedRandomSampler([1.0], True), ValueError, "positive integer, got True"),
        (lambda: data.WeightedRandomSampler([[1.0]], 1), ValueError, r"one-dimensional, got shape \(1, 1\)"),
        (lambda: list(data.WeightedRandomSampler([1.0, 2.0], 3, False)), RuntimeError, "try replacement=True"),
        (lambda: data.BatchSampler([1], 1.5, False), ValueError, "batch_size has to be a positive integer, got 1.5"),
        (lambda: data.BatchSampler([1], 1, None), ValueError, "drop_last has to be a bool"),
    ],
)  # fmt: skip
def test_samplers_refuse(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


# Order --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["range", "tensors"])
@pytest.mark.parametrize("case", RECIPES["loader"], ids=str)
def test_order_is_pytorchs(case, kind, device):
    n = case["n"]
    own = mg.Generator().manual_seed(case["seed"]) if case["own"] else None
    mg.manual_seed(case["seed"])
    loader = data.DataLoader(
        range(n) if kind == "range" else data.TensorDataset(mg.arange(n)),
        batch_size=case["batch_size"],
        shuffle=case["shuffle"],
        generator=own,
    )
    for epoch in case["epochs"]:
        batches = [batch if kind == "range" else batch[0] for batch in loader]
        assert flat(batches) == epoch
        assert len(batches) == len(loader)
    assert (own or mg.default_generator).random_int63() == case["next"]


def test_every_epoch_has_a_new_order_of_all_samples():
    loader = data.DataLoader(range(50), batch_size=7, shuffle=True)
    first, second = flat(loader), flat(loader)
    assert first != second and sorted(first) == sorted(second) == list(range(50))


@pytest.mark.parametrize(
    ("n", "size", "drop_last", "lengths"),
    [
        (10, 4, False, [4, 4, 2]),
        (10, 4, True, [4, 4]),
        (8, 4, False, [4, 4]),
        (8, 4, True, [4, 4]),
        (3, 4, False, [3]),
        (3, 4, True, []),
        (0, 4, False, []),
    ],
)
def test_lengths(n, size, drop_last, lengths):
    for shuffle in (False, True):
        loader = data.DataLoader(range(n), size, shuffle, drop_last=drop_last)
        assert [len(batch) for batch in loader] == lengths
        assert len(loader) == len(lengths)


def test_two_loops_at_once_do_not_disturb_each_other():
    dataset = data.TensorDataset(mg.arange(20))
    loader = data.DataLoader(dataset, batch_size=3, shuffle=True)
    pairs = list(zip(loader, loader, strict=True))
    for side in (0, 1):
        assert sorted(flat(pair[side][0] for pair in pairs)) == list(range(20))
    assert flat(pair[0][0] for pair in pairs) != flat(pair[1][0] for pair in pairs)
    outer = [(a.tolist(), b.tolist()) for (a,) in loader for (b,) in loader]
    assert len(outer) == 49


def test_a_loop_left_early_starts_anew():
    loader = data.DataLoader(range(6), batch_size=2)
    assert next(iter(loader)).tolist() == [0, 1]
    assert next(iter(loader)).tolist() == [0, 1]
    assert flat(loader) == list(range(6))


def test_order_with_a_sampler():
    assert flat(data.DataLoader(range(9), 2, sampler=[3, 1, 4])) == [3, 1, 4]
    loader = data.DataLoader(range(9), batch_sampler=[[8, 1], [0]])
    assert [batch.tolist() for batch in loader] == [[8, 1], [0]] and len(loader) == 2
    letters = data.DataLoader({"a": 1, "b": 2, "c": 3}, 2, sampler="cab")
    assert [batch.tolist() for batch in letters] == [[3, 1], [2]]
    endless = data.DataLoader(range(9), batch_sampler=([i] for i in iter(int, 1)))
    assert next(iter(endless)).tolist() == [0]
    with pytest.raises(TypeError):
        len(endless)


@pytest.mark.parametrize(
    ("persistent", "second"),
    [(False, [[0, 4], [1, 3], [2]]), (True, [[1, 2], [4, 3], [0]])],
)
def test_workers_leave_the_order_as_pytorchs_do(persistent, second):
    # Recorded with PyTorch 2.13: workers that live on are seeded once, and the others every epoch.
    mg.manual_seed(5)
    loader = data.DataLoader(range(5), 2, True, num_workers=2, persistent_workers=persistent)
    assert [batch.tolist() for batch in loader] == [[3, 0], [1, 4], [2]]
    assert [batch.tolist() for batch in loader] == second
    assert data.get_worker_info() is None


def test_samples_without_batches():
    dataset = data.TensorDataset(mg.arange(3), mg.arange(3) * 2)
    loader = data.DataLoader(dataset, batch_size=None, sampler=[2, 0])
    assert [[part.tolist() for part in sample] for sample in loader] == [[2, 4], [0, 0]]
    assert len(loader) == 2
    # A sampler may also give many indices at a time, to a dataset that takes them.
    lists = data.BatchSampler(data.SequentialSampler(dataset), 2, False)
    batches = [x.tolist() for x, _ in data.DataLoader(dataset, batch_size=None, sampler=lists)]
    assert batches == [[0, 1], [2]]
    assert list(data.DataLoader("ab", batch_size=None, collate_fn=str.upper)) == ["A", "B"]


@pytest.mark.parametrize(
    ("options", "batches"),
    [
        ({"batch_size": 2}, [[0, 1], [2, 3], [4]]),
        ({"batch_size": 2, "drop_last": True}, [[0, 1], [2, 3]]),
        ({"batch_size": 5, "shuffle": False}, [[0, 1, 2, 3, 4]]),
        ({"batch_size": None, "collate_fn": lambda sample: mg.tensor([sample])}, [[0], [1], [2], [3], [4]]),
        ({"batch_size": 4, "collate_fn": lambda samples: mg.tensor(samples[::-1])}, [[3, 2, 1, 0], [4]]),
    ],
)  # fmt: skip
def test_streams(options, batches):
    class Sized(Stream):
        def __len__(self):
            return len(self.samples)

    loader = data.DataLoader(Sized(range(5)), **options)
    for _ in range(2):
        assert [batch.tolist() for batch in loader] == batches
    assert len(loader) == len(batches)
    side_by_side = [(a.tolist(), b.tolist()) for a, b in zip(loader, loader, strict=True)]
    assert side_by_side == [(batch, batch) for batch in batches]


def test_a_stream_need_have_no_length_and_no_end():
    loader = data.DataLoader(Stream(range(10**12)), batch_size=3)
    assert next(iter(loader)).tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match=r"'Stream' has no len\(\)"):
        len(loader)


# Batches ------------------------------------------------------------------------------------------------


def test_batches_of_tensors(device):
    x, y = mg.randn(10, 3), mg.arange(10)
    for shuffle in (False, True):
        for batch in data.DataLoader(data.TensorDataset(x, y), batch_size=4, shuffle=shuffle):
            assert type(batch) is list
            inputs, targets = batch
            assert inputs.dtype == mg.float32 and targets.dtype == mg.int64
            assert str(inputs.device) == str(targets.device) == device
            assert_close(inputs, x[targets])


def test_batches_are_copies():
    x = mg.zeros(4)
    for (batch,) in data.DataLoader(data.TensorDataset(x), batch_size=2):
        batch += 1
    assert x.tolist() == [0.0] * 4


def test_batches_of_tensors_are_never_copied_to_the_host(transfers):
    mg.set_default_device("strict")
    loader = data.DataLoader(data.TensorDataset(mg.randn(10, 3)), batch_size=4, shuffle=True)
    with transfers.forbidden():
        assert len(list(loader)) == 3


def test_gradients_reach_the_data():
    x = mg.ones(4, requires_grad=True)
    for (batch,) in data.DataLoader(data.TensorDataset(x), batch_size=2):
        batch.sum().backward()
    assert x.grad.tolist() == [1.0] * 4


def test_a_split_is_taken_at_once_and_right(device):
    dataset = data.TensorDataset(mg.arange(10) * 10, mg.arange(10))
    part = data.Subset(data.Subset(dataset, [9, 8, 7, 6, 5]), [0, 2, 4])
    (batch,) = data.DataLoader(part, batch_size=8)
    assert [one.tolist() for one in batch] == [[90, 70, 50], [9, 7, 5]]
    assert sorted(flat(b[1] for b in data.DataLoader(part, 2, shuffle=True))) == [5, 7, 9]


def test_a_class_of_ones_own_is_asked_for_its_samples():
    class Doubled(data.TensorDataset):
        def __getitem__(self, index):
            return tuple(2 * one for one in super().__getitem__(index))

    (batch,) = data.DataLoader(Doubled(mg.arange(3)), batch_size=3)
    assert batch[0].tolist() == [0, 2, 4]
    (batch,) = data.DataLoader(data.Subset(Doubled(mg.arange(3)), [1, 2]), batch_size=3)
    assert batch[0].tolist() == [2, 4]
    (batch,) = data.DataLoader(Squares(3), batch_size=3)
    assert batch[0].tolist() == [[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]
    assert batch[1].tolist() == [0, 1, 4] and batch[1].dtype == mg.int64


def test_a_dataset_may_give_many_samples_at_once():
    class Many(Squares):
        def __getitems__(self, indices):
            return [-index for index in indices]

    (batch,) = data.DataLoader(Many(3), batch_size=3)
    assert batch.tolist() == [0, -1, -2]


def test_collate_fn_gets_the_samples():
    dataset = data.TensorDataset(mg.arange(3), mg.arange(3))
    (batch,) = data.DataLoader(dataset, batch_size=3, collate_fn=lambda samples: samples)
    assert len(batch) == 3 and type(batch[0]) is tuple


def test_default_collate():
    Point = collections.namedtuple("Point", "x y")
    collate = data.default_collate
    assert collate([mg.ones(2), mg.zeros(2)]).tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert collate([np.ones(2, np.float32), np.zeros(2, np.float32)]).dtype == mg.float32
    assert collate([np.float32(1), np.float32(2)]).dtype == mg.float32
    assert collate([np.float64(1), np.float64(2)]).dtype == mg.float64
    assert collate([1, 2]).dtype == mg.int64
    assert collate([0.1, 2.0]).dtype == mg.float64 and collate([0.1]).item() == 0.1
    assert collate([True, False]).dtype == mg.bool_
    assert collate(["a", "b"]) == ["a", "b"]
    mixed = collate([{"x": 1.0, "name": "a"}, {"x": 2.0, "name": "b"}])
    assert mixed["x"].tolist() == [1.0, 2.0] and mixed["name"] == ["a", "b"]
    point = collate([Point(1, [2, 3]), Point(4, [5, 6])])
    assert type(point) is Point and [one.tolist() for one in point.y] == [[2, 5], [3, 6]]
    counts = collections.defaultdict(int, a=1)
    assert collate([counts, counts]).default_factory is int
    assert collate([collections.UserList([1, 2])])[1].tolist() == [2]
    assert (
        collate([collections.deque([1, 2])])[1].tolist() == [2] == collate([range(3)])[2].tolist()
    )
    for samples in ([object()], [np.array(["a"])], [{1, 2}]):
        with pytest.raises(TypeError):
            collate(samples)
    with pytest.raises(TypeError, match="cannot be made of object"):
        collate([object()])
    with pytest.raises(RuntimeError, match=r"of equal size: the samples have lengths \[1, 2\]"):
        collate([(1,), (1, 2)])
    with pytest.raises(ValueError, match="same shape"):
        collate([mg.ones(2), mg.ones(3)])


def test_default_convert():
    Point = collections.namedtuple("Point", "x y")
    convert = data.default_convert
    tensor = mg.ones(2)
    assert convert(tensor) is tensor
    for same in (1, 2.5, "a", b"b", None):
        assert convert(same) is same
    assert convert(np.float32(2)).dtype == mg.float32 and convert(np.arange(2)).tolist() == [0, 1]
    words = np.array(["a"])
    assert convert(words) is words
    assert [type(one) for one in convert((1, np.arange(2)))] == [int, mg.Tensor]
    assert convert({"x": np.ones(1)})["x"].dtype == mg.float64
    point = convert(Point(1, np.ones(2)))
    assert type(point) is Point and point.y.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 0}, "batch_size has to be a positive integer, got 0"),
        ({"batch_size": True}, "positive integer, got True"),
        ({"batch_size": 2.5}, "positive integer, got 2.5"),
        ({"batch_size": None, "drop_last": True}, "there is none for drop_last to drop"),
        ({"shuffle": True, "sampler": [0]}, "mutually exclusive with shuffle"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "mutually exclusive with batch_size, shuffle"),
        ({"batch_sampler": [[0]], "shuffle": True}, "mutually exclusive with batch_size, shuffle"),
        ({"batch_sampler": [[0]], "sampler": [0]}, "mutually exclusive with batch_size, shuffle"),
        (
            {"batch_sampler": [[0]], "drop_last": True},
            "mutually exclusive with batch_size, shuffle",
        ),
        ({"num_workers": -1}, "num_workers cannot be negative, got -1"),
        ({"timeout": -1}, "timeout cannot be negative, got -1"),
        ({"prefetch_factor": 2}, "num_workers > 0 only, got prefetch_factor=2, num_workers=0"),
        ({"prefetch_factor": -1, "num_workers": 1}, "non-negative"),
        ({"persistent_workers": True}, "needs num_workers > 0"),
    ],
)
def test_loader_refuses(options, words):
    with pytest.raises(ValueError, match=words):
        data.DataLoader(range(3), **options)


@pytest.mark.parametrize(
    "options", [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}], ids=str
)
def test_loader_refuses_to_order_a_stream(options):
    with pytest.raises(ValueError, match="an IterableDataset is read in its own order"):
        data.DataLoader(Stream(range(3)), **options)


def test_loader_takes_pytorchs_arguments():
    loader = data.DataLoader(
        range(3), np.int64(2), None, None, None, 4, None, True, False, 5, print, "spawn", None,
        prefetch_factor=2, persistent_workers=True, pin_memory_device="cuda", in_order=False,
    )  # fmt: skip
    assert loader.batch_size == 2 and loader.dataset == range(3) and len(loader) == 2
    assert loader.num_workers == 4 and loader.collate_fn is data.default_collate
    assert type(loader.sampler) is data.SequentialSampler
    assert type(loader.batch_sampler) is data.BatchSampler
    loader.num_workers = 0
    for name in ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last"):
        with pytest.raises(ValueError, match=f"{name} cannot be set after the loader is made"):
            setattr(loader, name, None)


def test_loader_can_be_copied_while_it_runs():
    loader = data.DataLoader(range(6), 2, True, generator=mg.Generator().manual_seed(0))
    loop = iter(loader)
    next(loop)
    twin = copy.deepcopy(loader)
    list(loop)
    twin.generator.set_state(loader.generator.get_state())
    assert flat(twin) == flat(loader)


# Names --------------------------------------------------------------------------------------------------


def test_names_stand_where_pytorch_has_them():
    import minigrad.utils.data as same
    from minigrad.utils.data import DataLoader, TensorDataset
    from minigrad.utils.data.dataloader import default_collate
    from minigrad.utils.data.dataset import random_split
    from minigrad.utils.data.sampler import SubsetRandomSampler

    assert DataLoader is data.DataLoader and TensorDataset is data.TensorDataset
    assert default_collate is data.default_collate and random_split is data.random_split
    assert SubsetRandomSampler is data.SubsetRandomSampler
    assert set(data.__all__) <= set(dir(same))


def test_every_name_stands_in_the_reference():
    page = Path(__file__).parents[1] / "docs" / "api" / "data.rst"
    entries = re.findall(r"^\.\. auto\w+:: (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(entries) == data.__all__
