"""A loader that was interrupted goes on with the batches that would have come, bit for bit."""

import copy
import random

import numpy as np
import pytest

import minigrad as mg
from minigrad import data


class Lazy(data.IterableDataset):
    """Draws each sample when it is asked for it."""

    def __iter__(self):
        return (mg.rand(1) for _ in range(7))


class Eager(data.IterableDataset):
    """Draws an order when it is asked for its iterator."""

    def __iter__(self):
        return iter(mg.randperm(7).tolist())


class EagerLists(data.Sampler):
    def __iter__(self):
        order = mg.randperm(7).tolist()
        return iter([order[:3], order[3:5], order[5:]])

    def __len__(self):
        return 3


class Noisy(data.Dataset):
    """Draws from the default generator for each sample, as augmentation does."""

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return index + mg.rand(1)


TENSORS = data.TensorDataset(mg.arange(7), mg.arange(7) * 10)
WEIGHTS = [0.1, 0.2, 0.3, 0.4, 0.1, 0.1, 0.2]

# From a generator ``g`` a loader; and whether the loop itself may draw from ``g``, too.
LOADERS = {
    **{
        f"{len(dataset)} samples, batch_size={size}, shuffle={shuffle}, own={own}, drop_last={drop_last}": (
            lambda g, dataset=dataset, size=size, shuffle=shuffle, own=own, drop_last=drop_last: (
                data.DataLoader(
                    dataset, size, shuffle, drop_last=drop_last, generator=g if own else None
                )
            ),
            True,
        )
        for dataset in (range(7), range(6))
        for size in (None, 1, 3)
        for shuffle in (False, True)
        for own in (False, True)
        for drop_last in ((False, True) if size else (False,))
    },
    "tensors": (lambda g: data.DataLoader(TENSORS, 2, True), True),
    "subset": (lambda g: data.DataLoader(data.Subset(TENSORS, [6, 1, 2]), 2, True), True),
    "no samples": (lambda g: data.DataLoader(range(0), 2, True), True),
    "dataset that draws": (lambda g: data.DataLoader(Noisy(), 2, True), True),
    "workers": (lambda g: data.DataLoader(TENSORS, 2, True, num_workers=2), True),
    "workers that stay": (
        lambda g: data.DataLoader(TENSORS, 2, True, num_workers=2, persistent_workers=True),
        True,
    ),
    "sampler with a generator": (
        lambda g: data.DataLoader(range(7), 2, sampler=data.RandomSampler(range(7), generator=g)),
        True,
    ),
    "more than all samples": (
        lambda g: data.DataLoader(range(4), 3, sampler=data.RandomSampler(range(4), num_samples=7)),
        True,
    ),
    "replacement": (
        lambda g: data.DataLoader(range(7), 9, sampler=data.RandomSampler(range(7), True, 70)),
        True,
    ),
    "replacement, own": (
        lambda g: data.DataLoader(range(7), 9, sampler=data.RandomSampler(range(7), True, 70, g)),
        False,
    ),
    "subset sampler": (
        lambda g: data.DataLoader(range(7), 2, sampler=data.SubsetRandomSampler([5, 2, 1])),
        True,
    ),
    "weights": (
        lambda g: data.DataLoader(range(7), 3, sampler=data.WeightedRandomSampler(WEIGHTS, 8)),
        True,
    ),
    "weights, own": (
        lambda g: data.DataLoader(
            range(7), 3, sampler=data.WeightedRandomSampler(WEIGHTS, 5, False, g)
        ),
        True,
    ),
    "batch sampler": (
        lambda g: data.DataLoader(
            range(7), batch_sampler=data.BatchSampler(data.RandomSampler(range(7), generator=g), 2, True)
        ),
        True,
    ),
    "list of lists": (lambda g: data.DataLoader(range(7), batch_sampler=[[1, 2], [3], [6]]), True),
    "sampler of ones own": (lambda g: data.DataLoader(range(7), batch_sampler=EagerLists()), True),
    "names": (lambda g: data.DataLoader({"a": 1, "b": 2}, sampler="ab"), True),
    "stream": (lambda g: data.DataLoader(Lazy(), 2, generator=g), True),
    "eager stream": (lambda g: data.DataLoader(Eager(), 3, drop_last=True), True),
    "stream without batches": (lambda g: data.DataLoader(Lazy(), batch_size=None), True),
}  # fmt: skip


def plain(batch):
    if isinstance(batch, list):
        return [part.tolist() for part in batch]
    return batch.tolist() if isinstance(batch, mg.Tensor) else batch


def seeded(seed):
    mg.manual_seed(seed)
    return mg.Generator().manual_seed(seed + 100)


@pytest.mark.parametrize(("make", "draws"), LOADERS.values(), ids=LOADERS)
def test_at_any_point_of_three_epochs(make, draws):
    def loops(loader, generator, count, saved):
        """Yield all that can be seen of some epochs; note the states wherever one can save."""

        def save():
            position = len(seen)
            states = loader.state_dict(), mg.get_rng_state(), generator.get_state()
            saved.append((position, *states))

        for _ in range(count):
            save()
            loop = iter(loader)
            save()
            if loader.state_dict()["epoch"]["batches"] == 0:
                seen.append(mg.rand(1).item())
            for batch in loop:
                seen.append([plain(batch), mg.rand(1).item()])
                if draws:
                    seen.append(mg.rand(1, generator=generator).item())
                save()
            seen.append("end")
        save()
        seen.append([mg.rand(1).item(), mg.rand(1, generator=generator).item()])

    seen, saved = [], []
    generator = seeded(1)
    loops(make(generator), generator, 3, saved)
    whole = list(seen)
    assert len(saved) >= 7
    for position, state, numbers, own_numbers in saved:
        seen.clear()
        generator = seeded(7)
        loader = make(generator)
        if not state["generators"]:  # then the loader has nothing to do with it
            generator.set_state(own_numbers)
        loader.load_state_dict(state)
        mg.set_rng_state(numbers)
        loops(loader, generator, 3 - whole[:position].count("end"), [])
        assert seen == whole[position:]


def shuffled(n=7, batch_size=2, **options):
    return data.DataLoader(range(n), batch_size, True, **options)


def flat(batches):
    return [index for batch in batches for index in batch.tolist()]


def after_batches(loader, count):
    loop = iter(loader)
    for _ in range(count):
        next(loop)
    return loader.state_dict()


def test_state_is_plain():
    def check(value):
        if isinstance(value, dict):
            assert all(type(key) is str for key in value)
            for one in value.values():
                check(one)
        else:
            assert value is None or type(value) in (bool, int, str, np.ndarray)

    state = after_batches(shuffled(generator=mg.Generator()), 2)
    check(state)
    assert state["dataset_length"] == 7 and state["epoch"]["batches"] == 2
    assert state["epoch"]["last"].shape == (2,)
    assert set(state["generators"]) == {"loader"}
    assert set(state["epoch"]["at_first"]) == {"default", "loader"}


def test_arrays_may_come_back_as_tensors():
    def tensors(value):
        if isinstance(value, dict):
            return {key: tensors(one) for key, one in value.items()}
        return mg.tensor(value) if isinstance(value, np.ndarray) else value

    loader = shuffled(generator=mg.Generator())
    loop = iter(loader)
    next(loop)
    twin = shuffled(generator=mg.Generator())
    twin.load_state_dict(tensors(loader.state_dict()))
    assert flat(twin) == flat(loop)


def test_state_stays_as_it_was_saved():
    loader = shuffled()
    loop = iter(loader)
    next(loop)
    state = loader.state_dict()
    kept = copy.deepcopy(state)
    rest = flat(loop)
    list(loader)
    for _ in range(2):
        twin = shuffled()
        twin.load_state_dict(state)
        assert flat(twin) == rest
    np.testing.assert_equal(state, kept)


def test_state_between_loops_is_of_a_new_epoch():
    loader = shuffled()
    assert loader.state_dict()["epoch"] is None
    list(loader)
    assert loader.state_dict()["epoch"] is None
    loader.load_state_dict(loader.state_dict())
    assert sorted(flat(loader)) == list(range(7))


def test_loaded_state_can_be_saved_again():
    state = after_batches(shuffled(), 2)
    loader = shuffled()
    loader.load_state_dict(state)
    np.testing.assert_equal(loader.state_dict(), state)
    loop = iter(loader)
    np.testing.assert_equal(loader.state_dict(), state)
    next(loop)
    assert loader.state_dict()["epoch"]["batches"] == 3


@pytest.mark.parametrize("own", [False, True])
def test_a_run_may_be_interrupted_after_every_batch(own):
    def loader():
        return shuffled(generator=mg.Generator() if own else None)

    mg.manual_seed(1)
    whole = [(batch.tolist(), mg.rand(1).item()) for batch in loader()]
    mg.manual_seed(1)
    state, numbers, seen = loader().state_dict(), mg.get_rng_state(), []
    for _ in whole:
        mg.manual_seed(9)
        here = loader()
        here.load_state_dict(state)
        mg.set_rng_state(numbers)
        seen.append((next(iter(here)).tolist(), mg.rand(1).item()))
        state, numbers = here.state_dict(), mg.get_rng_state()
    assert seen == whole


def test_only_the_next_loop_goes_on():
    loader = shuffled()
    loader.load_state_dict(after_batches(shuffled(), 2))
    first, second = iter(loader), iter(loader)
    assert (len(flat(first)), len(flat(second))) == (3, 7)


def test_after_the_last_batch_the_epoch_has_nothing_left():
    state = after_batches(shuffled(), 4)
    loader = shuffled()
    loader.load_state_dict(state)
    assert flat(loader) == [] and len(flat(loader)) == 7


def test_the_loop_begun_last_counts():
    loader = shuffled(12)
    first = iter(loader)
    next(first)
    second = iter(loader)
    next(second)
    next(first)
    twin = shuffled(12)
    twin.load_state_dict(loader.state_dict())
    assert flat(twin) == flat(second)
    next(first)
    assert loader.state_dict()["epoch"] is None


def test_the_default_generator_is_left_alone():
    state = after_batches(shuffled(), 2)
    loader = shuffled()
    mg.manual_seed(3)
    loader.load_state_dict(state)
    loop = iter(loader)
    found = mg.rand(1)
    list(loop)
    assert found == mg.rand(1, generator=mg.Generator().manual_seed(3))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: shuffled(8), "of a loader with dataset_length=7, this one has dataset_length=8"),
        (lambda: shuffled(batch_size=3), "with batch_size=2, this one has batch_size=3"),
        (lambda: shuffled(drop_last=True), "with drop_last=False, this one has drop_last=True"),
        (lambda: data.DataLoader(range(7), 2), "with sampler='RandomSampler', this one has sampler='SequentialSampler'"),
        (lambda: shuffled(generator=mg.Generator()), r"generators \[\], this one has \['loader'\]"),
    ],
)  # fmt: skip
def test_a_loader_of_another_kind_is_refused(other, words):
    loader = other()
    loop = iter(loader)
    next(loop)
    before = loader.state_dict()
    with pytest.raises(ValueError, match=words):
        loader.load_state_dict(after_batches(shuffled(), 1))
    np.testing.assert_equal(loader.state_dict(), before)


def damaged(*path, value):
    state = after_batches(shuffled(generator=mg.Generator()), 1)
    inner = state
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return state


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "not what state_dict"),
        ({}, "missing: .*'batch_size'"),
        ({"weight": 1}, r"unknown: \['weight'\]"),
        (damaged("epoch", value={"batches": 1}), "missing: .*'at_first'"),
        (damaged("epoch", "at_iter", value={}), r"generators \[\], this one has \['default', 'loader'\]"),
        (damaged("generators", "loader", value=np.zeros(3, np.uint8)), r"'loader': the state .* has shape"),
        (damaged("epoch", "at_first", "default", value=np.zeros(3)), "'default': the state .* uint8"),
        (damaged("epoch", "at_first", "loader", value=np.zeros(5056, np.uint8)), "not the state of a generator"),
    ],
)  # fmt: skip
def test_a_damaged_state_is_refused(state, words):
    loader = shuffled(generator=mg.Generator().manual_seed(4))
    before = loader.state_dict()
    with pytest.raises(ValueError, match=words):
        loader.load_state_dict(state)
    np.testing.assert_equal(loader.state_dict(), before)


def test_a_sampler_that_draws_elsewhere_is_found_out():
    class Elsewhere(data.Sampler):
        def __iter__(self):
            return iter(random.sample(range(100), 100))

    def loader():
        return data.DataLoader(range(100), 10, sampler=Elsewhere())

    twin = loader()
    twin.load_state_dict(after_batches(loader(), 3))
    numbers = mg.get_rng_state()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="has to draw from minigrad's generators only"):
            iter(twin)
    assert (mg.get_rng_state() == numbers).all()
