"""Datasets and loaders: PyTorch's order for the same seed, several loops at once, what a batch is."""

import collections
import json
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


class Squares(data.Dataset):
    """Samples made one by one."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return mg.tensor([float(index), 1.0]), index**2


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


def test_dataset_says_what_is_missing():
    class Half(data.Dataset):
        pass

    with pytest.raises(NotImplementedError, match="Half does not define __len__"):
        len(Half())
    with pytest.raises(NotImplementedError, match="Half does not define __getitem__"):
        Half()[0]


def test_subset():
    part = data.Subset(range(100, 110), [7, 1, 1])
    assert len(part) == 3 and list(part) == [107, 101, 101]


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
    with pytest.raises(TypeError, match="cannot be made of object"):
        collate([object()])
    with pytest.raises(ValueError, match=r"differ in length: \[1, 2\]"):
        collate([(1,), (1, 2)])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 0}, "positive integer, got 0"),
        ({"batch_size": None}, "positive integer, got None"),
        ({"batch_size": 2.5}, "positive integer, got 2.5"),
        ({"num_workers": 2}, r"num_workers has to be 0 \(got 2\)"),
    ],
)
def test_loader_refuses(options, words):
    with pytest.raises(ValueError, match=words):
        data.DataLoader(range(3), **options)


def test_loader_takes_pytorchs_arguments():
    loader = data.DataLoader(range(3), batch_size=np.int64(2), num_workers=0, pin_memory=True)
    assert loader.batch_size == 2 and loader.dataset == range(3) and len(loader) == 2


# Data that comes along ------------------------------------------------------------------------------------


def test_digits(device):
    images, labels = data.load_digits()
    assert images.shape == (1797, 8, 8) and images.dtype == mg.float32
    assert labels.shape == (1797,) and labels.dtype == mg.int64
    assert str(images.device) == str(labels.device) == device
    assert images.min().item() == 0 and images.max().item() == 16
    assert labels[:10].tolist() == list(range(10))


def test_digits_split_is_stratified_and_fixed(device):
    train, test = data.digits_split()
    assert (len(train), len(test)) == (1438, 359)
    counts = [np.bincount(part.tensors[1].cpu().numpy()) for part in (train, test)]
    assert np.abs(counts[1] - 0.2 * (counts[0] + counts[1])).max() <= 0.5
    inputs, labels = train.tensors
    assert inputs.shape == (1438, 64) and inputs.dtype == mg.float32 and labels.dtype == mg.int64
    assert inputs.min().item() == 0 and inputs.max().item() == 1
    mg.manual_seed(123)
    assert (data.digits_split()[1].tensors[0] == test.tensors[0]).all()
    assert not (data.digits_split(seed=1)[1].tensors[1] == test.tensors[1]).all()


def test_digits_split_divides_all_images():
    images, labels = data.load_digits()
    parts = data.digits_split(test_fraction=0.5, seed=3)
    rows = np.concatenate([part.tensors[0].numpy() for part in parts]) * 16
    found = np.sort(rows.view("V256").ravel())
    whole = np.sort(np.ascontiguousarray(images.numpy().reshape(-1, 64)).view("V256").ravel())
    assert (found == whole).all() and sum(map(len, parts)) == len(labels)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5])
def test_digits_split_refuses(fraction):
    with pytest.raises(ValueError, match="between 0 and 1"):
        data.digits_split(fraction)


def test_moons(device):
    points, labels = data.moons(101, noise=0.0)
    assert points.shape == (101, 2) and points.dtype == mg.float32
    assert labels.dtype == mg.int64 and labels.sum().item() == 50
    x, y = points.cpu().numpy().T
    upper = labels.cpu().numpy() == 0
    assert_close(np.hypot(x, y)[upper], np.ones(51), rtol=1e-6)
    assert_close(np.hypot(x - 1, y - 0.5)[~upper], np.ones(50), rtol=1e-6)
    assert y[upper].min() > -1e-6 and y[~upper].max() < 0.5 + 1e-6
    first = data.moons(50, generator=mg.Generator().manual_seed(1))
    again = data.moons(50, generator=mg.Generator().manual_seed(1))
    assert (first[0] == again[0]).all() and not upper[:51].all()
    for options in ({"n": -1}, {"noise": -0.1}):
        with pytest.raises(ValueError, match="cannot be negative"):
            data.moons(**options)


def test_names_stand_where_pytorch_has_them():
    import minigrad.utils.data as same
    from minigrad.utils.data import DataLoader, TensorDataset

    assert DataLoader is data.DataLoader and TensorDataset is data.TensorDataset
    assert set(data.__all__) <= set(dir(same))
