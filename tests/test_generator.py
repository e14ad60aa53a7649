"""The random stream equals what PyTorch drew (recorded), and the generator is sound by itself."""

import copy
import json
import math
import pickle
import sys
import zlib
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from minigrad.backend import generator as module
from minigrad.backend.generator import DEFAULT_SEED, Generator

RECORD = json.loads(
    (Path(__file__).parent / "recorded" / "random_stream.json").read_text(encoding="utf-8")
)
LAST_BIT = {"rtol": 4e-16, "atol": 4.5e-16}  # of float64 logarithms, sines and cosines
INEXACT = {"normal", "normal_of", "exponential"}


def decode(argument):
    if isinstance(argument, dict):
        return np.array(argument["values"], dtype=argument["dtype"])
    return tuple(argument) if isinstance(argument, list) else argument


def draw(generator, method, arguments):
    arguments = {name: decode(value) for name, value in arguments.items()}
    result = np.asarray(getattr(generator, method)(**arguments))
    if method == "initial_seed":
        return result.astype(np.uint64)
    return result


def check(result, expected, exact=True):
    """Compare an array with a recorded one, number by number and by the checksum of its bytes."""
    assert (result.dtype.name, list(result.shape)) == (expected["dtype"], expected["shape"])
    flat = result.ravel()
    parts = {"values": slice(None), "head": slice(0, 2), "tail": slice(-17, None)}
    for name in parts.keys() & expected.keys():
        numbers = np.array(expected[name], dtype=result.dtype)
        part = flat[parts[name]][-len(numbers) :] if len(numbers) else flat
        if exact:
            np.testing.assert_array_equal(part, numbers)
        else:
            np.testing.assert_allclose(part, numbers, **LAST_BIT)
    if exact and "crc32" in expected:
        assert zlib.crc32(np.ascontiguousarray(result).tobytes()) == expected["crc32"]


def seeded(seed):
    return Generator().manual_seed(seed)


@pytest.fixture
def without_numpy_random(monkeypatch):
    """As in a program that has not imported ``numpy.random``."""
    assert np.random  # from now on found without an import
    monkeypatch.delitem(sys.modules, "numpy.random")


@pytest.fixture(params=["numpy.random imported", "not imported"])
def either_twister(request):
    if request.param == "not imported":
        request.getfixturevalue("without_numpy_random")


class TestEqualsPyTorch:
    @pytest.mark.parametrize(
        "sequence",
        RECORD["sequences"],
        ids=[f"{one['name']}, seed {one['seed']}" for one in RECORD["sequences"]],
    )
    def test_sequence_of_calls(self, sequence, either_twister):
        generator = seeded(sequence["seed"])
        for method, arguments, expected in sequence["calls"]:
            result = draw(generator, method, arguments)
            check(result, expected, expected["dtype"] != "float64" or method not in INEXACT)

    def test_the_record_is_of_the_release_that_the_docs_name(self):
        assert RECORD["torch"] == "2.13.0"
        assert "PyTorch 2.13" in module.__doc__
        methods = {call[0] for one in RECORD["sequences"] for call in one["calls"]}
        drawing = {"uniform", "normal", "normal_of", "exponential", "integers", "random_int63"}
        assert drawing | {"permutation", "bernoulli", "multinomial", "get_state"} <= methods

    def test_check_tells_two_neighbouring_numbers_apart(self):
        """The comparison above must be able to fail, in the middle of a long result, too."""
        _, arguments, expected = next(
            call
            for one in RECORD["sequences"]
            for call in one["calls"]
            if one["name"] == "normal float32" and call[1]["shape"] == [1000]
        )
        generator = seeded(0)
        for size in (0, 1, 2, 15, 16, 17, 31, 32, 33, 100):
            generator.normal((size,))
        result = draw(generator, "normal", arguments)
        check(result, expected)
        for place in (0, 500, 999):
            wrong = result.copy()
            wrong[place] = np.nextafter(wrong[place], np.float32(9))
            with pytest.raises(AssertionError):
                check(wrong, expected)

    @pytest.mark.parametrize("case", RECORD["recipes"]["linear"], ids=lambda c: f"{c['fan_in']}")
    def test_linear(self, case):
        g, fan_in, dtype = seeded(case["seed"]), case["fan_in"], case["dtype"]
        gain = math.sqrt(2.0 / (1 + math.sqrt(5) ** 2))
        bound = math.sqrt(3.0) * (gain / math.sqrt(fan_in))
        check(g.uniform((case["fan_out"], fan_in), dtype, -bound, bound), case["weight"])
        bound = 1 / math.sqrt(fan_in)
        check(g.uniform((case["fan_out"],), dtype, -bound, bound), case["bias"])
        assert g.random_int63() == case["next"]

    @pytest.mark.parametrize("case", RECORD["recipes"]["dropout"], ids=lambda c: f"{c['p']}")
    def test_dropout(self, case):
        x, keep = np.ones(20, np.float32), 1 - case["p"]
        mask = seeded(case["seed"]).bernoulli(keep, x.shape, x.dtype)
        check(x * (mask / keep), case["result"])

    @pytest.mark.parametrize("case", RECORD["recipes"]["loader"], ids=lambda c: str(c)[9:70])
    def test_loader(self, case):
        g, n = seeded(case["seed"]), case["n"]
        for epoch in case["epochs"]:
            g.random_int63()
            if not case["shuffle"]:
                order = np.arange(n)
            elif case["own"]:
                order = g.permutation(n)
                g.permutation(n)
            else:
                order = seeded(g.random_int63()).permutation(n)
            assert order.tolist() == epoch
        assert g.random_int63() == case["next"]

    @pytest.mark.parametrize("case", RECORD["recipes"]["split"], ids=lambda c: str(c["lengths"]))
    def test_random_split(self, case):
        order = seeded(case["seed"]).permutation(sum(case["lengths"]))
        pieces = np.split(order, np.cumsum(case["lengths"])[:-1])
        assert [piece.tolist() for piece in pieces] == case["indices"]

    def test_numbers_of_a_well_known_lecture(self):
        """As they stand in its notebook: ``rand`` and ``multinomial`` of seed 2147483647."""
        g = seeded(2147483647)
        p = g.uniform((3,))
        p /= p.sum()
        np.testing.assert_array_equal(p.round(4), np.float32([0.6064, 0.3033, 0.0903]))
        drawn = g.multinomial(p, 20, replacement=True)
        assert drawn.tolist() == [1, 1, 2, 0, 0, 2, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1]


class TestSeeds:
    def test_default(self):
        assert Generator().initial_seed() == DEFAULT_SEED == 67280421310721
        assert Generator().random_int63() == seeded(DEFAULT_SEED).random_int63()

    def test_manual_seed_starts_anew_and_forgets_the_cached_normal(self):
        g = seeded(3)
        first = g.normal((3,)).tolist()
        assert g.manual_seed(3) is g
        assert g.normal((3,)).tolist() == first

    def test_low_32_bits_count(self):
        assert seeded(7).random_int63() == seeded(7 + 2**32).random_int63()
        assert seeded(7).random_int63() != seeded(8).random_int63()

    @pytest.mark.parametrize("seed", [-1, -(2**63), 0, 2**64 - 1, np.int64(5), np.uint64(2**63)])
    def test_range(self, seed):
        assert seeded(seed).initial_seed() == int(seed) % 2**64

    @pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
    def test_too_wide(self, seed):
        with pytest.raises(ValueError, match="64 bits at most"):
            seeded(seed)

    @pytest.mark.parametrize("seed", [1.0, True, "1", None])
    def test_no_integer(self, seed):
        with pytest.raises(TypeError):
            seeded(seed)

    def test_fresh_seeds_differ_and_can_be_used_again(self):
        g, seeds = Generator(), set()
        for _ in range(5):
            seeds.add(g.seed())
        assert len(seeds) == 5
        drawn = g.random_int63()
        assert seeded(g.initial_seed()).random_int63() == drawn


def copies(g):
    yield Generator().set_state(g.get_state())
    yield Generator().set_state(np.array(json.loads(json.dumps(g.get_state().tolist())), np.uint8))
    yield g.clone_state()
    yield copy.copy(g)
    yield copy.deepcopy(g)
    yield pickle.loads(pickle.dumps(g))


class TestState:
    @pytest.mark.parametrize("taken", [0, 1, 2, 3, 622, 623, 624, 625, 1248])
    @pytest.mark.parametrize("cached", [False, True])
    def test_every_copy_goes_on_as_the_original(self, taken, cached):
        g = seeded(11)
        if cached:
            g.normal((1,))
        g.uniform((taken,))
        twins = list(copies(g))
        expected = g.normal((5,)).tolist() + g.uniform((700,)).tolist()
        for twin in twins:
            assert twin.initial_seed() == 11
            assert twin.normal((5,)).tolist() + twin.uniform((700,)).tolist() == expected

    def test_a_state_is_no_view(self):
        g = seeded(1)
        state = g.get_state()
        before = state.copy()
        first = g.uniform((3,)).tolist()
        np.testing.assert_array_equal(state, before)
        g.set_state(state)
        state[:] = 0
        assert g.uniform((3,)).tolist() == first

    def test_device_is_kept(self):
        assert Generator().device == "cpu"
        assert copy.deepcopy(Generator("cuda")).device == "cuda"
        assert Generator("cuda").clone_state().device == "cuda"
        assert repr(seeded(4)) == "Generator(device='cpu', initial_seed=4)"

    def test_instances_are_independent(self):
        one, other = seeded(5), seeded(5)
        numpys = np.random.get_state()[1].copy()  # noqa: NPY002  # the global stream of NumPy
        alone = seeded(5).uniform((6,)).tolist()
        mixed = []
        for _ in range(3):
            mixed += one.uniform((2,)).tolist()
            other.normal((3,))
            Generator().seed()
        assert mixed == alone
        np.testing.assert_array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002

    def test_wrong_states(self):
        g = seeded(6)
        before, state = g.get_state(), g.get_state()
        with pytest.raises(TypeError, match="array of uint8, got int64"):
            g.set_state(state.astype(np.int64))
        with pytest.raises(RuntimeError, match=r"shape \(5056,\), got \(5055,\)"):
            g.set_state(state[:-1])
        with pytest.raises(RuntimeError, match="not the state of a generator"):
            g.set_state(np.zeros_like(state))
        state[8:12] = 255
        with pytest.raises(RuntimeError, match="not the state of a generator"):
            g.set_state(state)
        np.testing.assert_array_equal(g.get_state(), before)


def nothing_drawn(g, call, error, match):
    """A refused call leaves the stream where it was."""
    before = g.get_state()
    with pytest.raises(error, match=match):
        call(g)
    np.testing.assert_array_equal(g.get_state(), before)


NAN, INF = math.nan, math.inf
ONES = np.ones(3, np.float32)


class TestTheTwister:
    """The first outputs are made here, later ones by NumPy: nobody can tell where one takes over."""

    @pytest.mark.parametrize("seed", [0, 5489, 2**32 - 1])
    def test_outputs_and_states_are_those_of_numpy(self, seed):
        other = np.random.MT19937(0)
        np.random.RandomState(other).seed(seed)
        twister = module.Twister(module._initial_key(seed), 624)
        for count in (1, 0, 3, 620, 624, 2, 2000):
            np.testing.assert_array_equal(twister.random_raw(count), other.random_raw(count))
            ours, theirs = twister.state["state"], other.state["state"]
            assert ours["pos"] == theirs["pos"]
            np.testing.assert_array_equal(ours["key"], theirs["key"])

    @pytest.mark.parametrize("first", [1, module._FEW - 1, module._FEW])
    def test_where_numpy_takes_over_does_not_show(self, first, without_numpy_random):
        whole, parts = seeded(4), seeded(4)
        assert isinstance(parts._bits(), module.Twister)
        drawn = [parts.uniform((first,)), parts.uniform((3,)), parts.uniform((2 * module._FEW,))]
        assert isinstance(parts._bits(), np.random.MT19937)
        np.testing.assert_array_equal(
            np.concatenate(drawn), whole.uniform((first + 3 + 2 * module._FEW,))
        )
        again = seeded(0).set_state(parts.get_state())
        assert isinstance(again._bits(), module.Twister)
        np.testing.assert_array_equal(again.uniform((9,)), parts.uniform((9,)))

    def test_what_has_been_imported_is_used_at_once(self, monkeypatch):
        """By new seeds, by states that are set, and in the middle of a stream."""
        with monkeypatch.context() as context:
            context.delitem(sys.modules, "numpy.random")
            middle = seeded(4)
            first = middle.uniform((700,))
            assert isinstance(middle._bits(), module.Twister)
            state = middle.get_state()
        used = seeded(4)
        np.testing.assert_array_equal(used.uniform((700,)), first)
        others = seeded(0).set_state(state), used.set_state(state), used.clone_state()
        expected = seeded(4).uniform((1700,))[700:]
        for generator in (middle, *others):
            assert isinstance(generator._bits(), np.random.MT19937)
            np.testing.assert_array_equal(generator.uniform((1000,)), expected)

    def test_what_is_handed_out_may_be_changed(self):
        key = module._initial_key(1)
        expected = module.Twister(key, 0).random_raw(8)
        twister = module.Twister(key, 0)
        twister.random_raw(8)[:] = 0
        twister.pos = 0
        np.testing.assert_array_equal(twister.random_raw(8), expected)


class TestErrors:
    @pytest.mark.parametrize(
        "call, error, match",
        [
            (lambda g: g.uniform((2,), low=2, high=1), RuntimeError, "from=2 > to=1"),
            (lambda g: g.uniform((2,), high=INF), RuntimeError, "to is out of bounds for float32"),
            (lambda g: g.uniform((2,), low=NAN), RuntimeError, "from is out of bounds"),
            (lambda g: g.uniform((2,), high=1e39), RuntimeError, "out of bounds for float32"),
            (lambda g: g.uniform((2,), low=-3e38, high=3e38), RuntimeError, "to - from to fit"),
            (lambda g: g.uniform((2,), np.int64), TypeError, "not int64"),
            (lambda g: g.uniform((2, -1)), RuntimeError, r"negative dimension: \(2, -1\)"),
            (lambda g: g.normal((-2, -2)), RuntimeError, "negative dimension"),
            (lambda g: g.normal((2,), std=-1), RuntimeError, "std >= 0.0, but found std -1"),
            (lambda g: g.normal((2,), std=NAN), RuntimeError, "std >= 0.0, but found std nan"),
            (lambda g: g.normal((2,), bool), TypeError, "not bool"),
            (lambda g: g.normal_of(ONES, np.float32([1, -1, 1])), RuntimeError, "elements of std"),
            (lambda g: g.normal_of(ONES, NAN * ONES), RuntimeError, "all elements of std"),
            (lambda g: g.normal_of(ONES, -1.0), RuntimeError, "found std -1"),
            (lambda g: g.normal_of(ONES, np.ones(2)), ValueError, "broadcast"),
            (lambda g: g.normal_of(np.arange(3), ONES), TypeError, "not int64"),
            (lambda g: g.exponential((2,), lambd=0), RuntimeError, "lambda > 0.0, but found"),
            (lambda g: g.exponential((2,), lambd=NAN), RuntimeError, "lambda > 0.0, but found"),
            (lambda g: g.exponential((2,), int), TypeError, "not int64"),
            (lambda g: g.integers(3, 3, (2,)), RuntimeError, "from=3 >= to=3"),
            (lambda g: g.integers(3, 2, (0,)), RuntimeError, "from=3 >= to=2"),
            (lambda g: g.integers(0, 2**63, (2,)), ValueError, "fit into int64"),
            (lambda g: g.integers(-(2**63) - 1, 0, (2,)), ValueError, "fit into int64"),
            (lambda g: g.integers(0, 2.5, (2,)), TypeError, "float"),
            (lambda g: g.permutation(-1), RuntimeError, "n >= 0, but got -1"),
            (lambda g: g.permutation(2**40), ValueError, "only up to 214748363"),
            (lambda g: g.permutation(3.0), TypeError, "float"),
            (lambda g: g.bernoulli(1.5, (2,)), RuntimeError, r"in \[0, 1\], but got p=1.5"),
            (lambda g: g.bernoulli(NAN, (2,)), RuntimeError, "but got p=nan"),
            (lambda g: g.bernoulli(np.array([0.5, -0.1])), RuntimeError, r"in \[0, 1\]$"),
            (lambda g: g.bernoulli(np.array([0, 1])), TypeError, "not int64"),
            (lambda g: g.multinomial(ONES, 0), RuntimeError, "n_sample <= 0 samples, got 0"),
            (lambda g: g.multinomial(ONES, 4), RuntimeError, "4 samples of 3 categories"),
            (lambda g: g.multinomial(np.float32(1), 1), RuntimeError, "must be 1 or 2 dim"),
            (lambda g: g.multinomial(np.ones((1, 1, 1)), 1), RuntimeError, "must be 1 or 2 dim"),
            (lambda g: g.multinomial(np.ones(3, int), 1), TypeError, "not int64"),
        ],
    )
    def test_refused(self, call, error, match):
        nothing_drawn(seeded(1), call, error, match)

    @pytest.mark.parametrize(
        "num_samples, replacement", [(1, False), (2, False), (1, True), (2, True)]
    )
    @pytest.mark.parametrize(
        "p, match",
        [
            ([1, -1, 1], "`inf`, `nan` or element < 0"),
            ([1, INF, 1], "`inf`, `nan` or element < 0"),
            ([1, NAN, 1], "`inf`, `nan` or element < 0"),
            ([0, 0, 0], "sum of probabilities <= 0"),
            ([[1, 1, 1], [0, 0, 0]], "sum of probabilities <= 0"),
        ],
    )
    def test_weights(self, p, match, num_samples, replacement):
        p = np.array(p, dtype=np.float32)
        nothing_drawn(
            seeded(1), lambda g: g.multinomial(p, num_samples, replacement), RuntimeError, match
        )


class TestShapesAndTypes:
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    @pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (5, 7), (2, 3, 17)])
    def test_floats(self, shape, dtype):
        g = seeded(2)
        for result in (
            g.uniform(shape, dtype),
            g.uniform(shape, dtype, -2, 3),
            g.normal(shape, dtype),
            g.normal(shape, dtype, 1, 2),
            g.exponential(shape, dtype),
            g.bernoulli(0.5, shape, dtype),
            g.normal_of(np.zeros(shape, dtype), 1.0),
            g.normal_of(0.0, np.ones(shape, dtype)),
            g.bernoulli(np.full(shape, 0.5, dtype)),
        ):
            assert isinstance(result, np.ndarray)
            assert (result.shape, result.dtype) == (shape, dtype)
            assert result.flags.c_contiguous and result.flags.writeable

    def test_a_shape_is_filled_in_c_order(self):
        flat, square = seeded(3).normal((400,)), seeded(3).normal((20, 20))
        np.testing.assert_array_equal(square.ravel(), flat)

    def test_bernoulli_dtypes(self):
        g = seeded(4)
        assert g.bernoulli(0.5, (3,)).dtype == np.float32
        assert g.bernoulli(np.asarray(0.5), (3,)).dtype == np.float64
        assert g.bernoulli(np.full(3, 0.5), dtype=bool).dtype == bool
        assert g.bernoulli(1, (2,)).tolist() == [1, 1]
        assert g.bernoulli(np.float32([[0.0], [1.0]]), (2, 4)).tolist() == [[0] * 4, [1] * 4]

    def test_numbers_of_numpy_count_as_pythons(self):
        for half in (np.float32(0.5), np.float64(0.5)):
            drawn, expected = (seeded(4).bernoulli(p, (20,)) for p in (half, 0.5))
            assert drawn.dtype == expected.dtype and drawn.tolist() == expected.tolist()
            drawn, expected = (seeded(4).normal_of(p, np.ones(9, np.float32)) for p in (half, 0.5))
            assert drawn.dtype == expected.dtype and drawn.tolist() == expected.tolist()

    def test_normal_of_takes_the_dtype_of_the_mean(self):
        single, double = np.ones(2, np.float32), np.ones(2)
        assert seeded(5).normal_of(single, double).dtype == np.float32
        assert seeded(5).normal_of(double, single).dtype == np.float64

    def test_multinomial_of_no_rows(self):
        g = seeded(6)
        for num_samples, replacement in ((1, False), (2, False), (3, True)):
            drawn = g.multinomial(np.ones((0, 3)), num_samples, replacement)
            assert (drawn.shape, drawn.dtype) == ((0, num_samples), np.int64)

    def test_bounds_are_kept(self):
        g = seeded(7)
        assert g.uniform((100_000,), np.float16).max() < 1  # every 4096th is rounded up to 1
        assert set(g.uniform((100,), low=1e8, high=1e8 + 8).tolist()) == {1e8}
        assert set(g.uniform((9,), low=3.0, high=3.0).tolist()) == {3.0}
        for end in (8e307, 1e300):
            wide = g.uniform((1000,), np.float64, -end, end)
            assert np.isfinite(wide).all() and wide.min() < -0.9 * end and wide.max() > 0.9 * end
        low, high = -(2**63), 2**63 - 1
        for a, b in ((low, high), (low, low + 1), (high - 1, high), (-3, 2**28 - 3)):
            drawn = g.integers(a, b, (1000,))
            assert a <= int(drawn.min()) and int(drawn.max()) < b

    def test_zero_spread(self):
        for size in (3, 30):
            assert set(seeded(8).normal((size,), mean=2.5, std=0).tolist()) == {2.5}
        assert seeded(8).normal((3,), np.float64, mean=INF, std=1e300).tolist() == [INF] * 3


class TestRounding:
    """The arithmetic behind the bits, against exact fractions and float64."""

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_multiply_add_is_rounded_once(self, dtype):
        g, twice = seeded(1), 0
        for _ in range(50):
            x = g.uniform((40,), dtype, -1, 1)
            scale, shift = g.normal((2,), dtype, 0, 3)
            exact = [
                Fraction(float(a)) * Fraction(float(scale)) + Fraction(float(shift)) for a in x
            ]
            result = module._multiply_add(x, scale, shift)
            # float() of a fraction is rounded correctly; for float32, a neighbour must be farther.
            if dtype == np.float64:
                assert result.tolist() == [float(value) for value in exact]
            else:
                for value, near in zip(exact, result, strict=True):
                    distance = abs(Fraction(float(near)) - value)
                    for other in (np.nextafter(near, dtype(s)) for s in (-INF, INF)):
                        assert distance <= abs(Fraction(float(other)) - value)
            twice += int((x * scale + shift != result).sum())
        assert twice > 100  # rounding twice would show

    def test_polynomials(self):
        u = 1 - seeded(2).uniform((200_000,))
        u[:3] = 1.0, 2.0**-24, 0.5
        np.testing.assert_allclose(module._log32(u), np.log(u.astype(np.float64)), rtol=2e-7)
        angle = np.float32(2 * math.pi) * u
        sine, cosine = module._sincos32(angle)
        np.testing.assert_allclose(sine, np.sin(angle.astype(np.float64)), atol=1e-7)
        np.testing.assert_allclose(cosine, np.cos(angle.astype(np.float64)), atol=1e-7)

    def test_long_draws_do_not_depend_on_the_pieces_they_are_made_in(self, monkeypatch):
        size = 2 * module._CHUNK + 165
        whole = seeded(3).normal((size,))
        monkeypatch.setattr(module, "_CHUNK", 48)
        np.testing.assert_array_equal(seeded(3).normal((size,)), whole)


def moments(x):
    x = x.astype(np.float64)
    z = (x - x.mean()) / x.std()
    return x.mean(), x.var(), (z**3).mean(), (z**4).mean()


def chi_square(counts, expected):
    """Pearson's statistic minus its mean, in standard deviations."""
    counts, expected = np.asarray(counts, float), np.broadcast_to(expected, len(counts))
    freedom = len(counts) - 1
    return (((counts - expected) ** 2 / expected).sum() - freedom) / math.sqrt(2 * freedom)


class TestStatistics:
    """Each bound is about four standard deviations, and the seeds are fixed."""

    N = 200_000

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_uniform(self, dtype):
        x = seeded(1).uniform((self.N,), dtype, -1, 3)
        assert x.min() >= -1 and x.max() < 3
        expected = (1.0, 16 / 12, 0.0, 1.8)
        np.testing.assert_allclose(moments(x), expected, atol=0.012)
        assert abs(chi_square(np.histogram(x, 100, (-1, 3))[0], self.N / 100)) < 4

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("shape", [(N,), (15,)], ids=["blocks", "pairs"])
    def test_normal(self, dtype, shape):
        g = seeded(2)
        x = np.concatenate([g.normal(shape, dtype) for _ in range(self.N // shape[0])])
        np.testing.assert_allclose(moments(x), (0, 1, 0, 3), atol=0.045)
        edges = np.array([-INF, -2, -1, 0, 1, 2, INF])
        cumulated = np.array([0.5 * (1 + math.erf(edge / math.sqrt(2))) for edge in edges])
        counts = np.histogram(x, edges)[0]
        assert abs(chi_square(counts, np.diff(cumulated) * len(x))) < 4
        assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.01  # cosine and sine are independent
        assert abs(np.corrcoef(x[:-8], x[8:])[0, 1]) < 0.01

    def test_normal_scaled(self):
        x = seeded(3).normal((self.N,), mean=5, std=0.5)
        np.testing.assert_allclose(moments(x)[:2], (5, 0.25), atol=0.005)
        x = seeded(3).normal_of(np.full((self.N, 1), 5.0), np.array([0.5, 2.0]))
        np.testing.assert_allclose(x.mean(axis=0), 5, atol=0.02)
        np.testing.assert_allclose(x.std(axis=0), (0.5, 2), atol=0.015)

    def test_exponential(self):
        x = seeded(4).exponential((self.N,), lambd=2)
        assert x.min() >= 0
        np.testing.assert_allclose(moments(x)[:2], (0.5, 0.25), atol=0.006)
        assert abs((x > math.log(2) / 2).mean() - 0.5) < 0.005

    @pytest.mark.parametrize("low, high", [(-3, 7), (0, 3 * 2**40)])
    def test_integers(self, low, high):
        x = seeded(5).integers(low, high, (self.N,))
        tenths = (x - low) * 10 // (high - low)
        assert abs(chi_square(np.bincount(tenths, minlength=10), self.N / 10)) < 4

    def test_permutations_are_equally_likely(self):
        g = seeded(6)
        seen = Counter(tuple(g.permutation(4).tolist()) for _ in range(24_000))
        assert len(seen) == 24
        assert abs(chi_square(list(seen.values()), 1000)) < 4
        assert sorted(g.permutation(1000).tolist()) == list(range(1000))

    def test_bernoulli(self):
        g = seeded(7)
        p = np.array([0.0, 0.1, 0.5, 1.0])
        drawn = g.bernoulli(p, (self.N, 4))
        assert set(np.unique(drawn).tolist()) == {0.0, 1.0}
        np.testing.assert_allclose(drawn.mean(axis=0), p, atol=0.005)
        assert (drawn[:, 0] == 0).all() and (drawn[:, 3] == 1).all()
        assert abs(g.bernoulli(0.3, (self.N,)).mean() - 0.3) < 0.005

    def test_what_is_impossible_does_not_happen(self, monkeypatch):
        g = seeded(7)
        monkeypatch.setattr(g, "_unit", lambda count, dtype: np.zeros(count, dtype))
        assert g.bernoulli(0.0, (2,)).tolist() == [0, 0]
        assert np.isfinite(g.normal((20,))).all() and np.isfinite(g.exponential((2,))).all()

    def test_multinomial_frequencies(self):
        g = seeded(8)
        weights = np.array([2.0, 0.0, 1.0, 5.0, 0.0])
        expected = weights[weights > 0] / 8 * 40_000
        many = g.multinomial(weights, 40_000, replacement=True)
        single = g.multinomial(np.tile(weights, (40_000, 1)), 1)
        for drawn in (many, single.ravel()):
            counts = np.bincount(drawn, minlength=5)
            assert counts[1] == counts[4] == 0
            assert abs(chi_square(counts[weights > 0], expected)) < 4

    def test_multinomial_without_replacement(self):
        weights = np.array([1.0, 2.0, 4.0, 0.0])
        drawn = seeded(9).multinomial(np.tile(weights, (30_000, 1)), 3)
        assert all(sorted(row) == [0, 1, 2] for row in drawn.tolist())
        seen = Counter(tuple(row) for row in drawn.tolist())
        # The first by its weight, the second by its weight among those left.
        orders = {(i, j): weights[i] / 7 * weights[j] / (7 - weights[i]) for i, j, _ in seen}
        counts = [count for _, count in sorted(seen.items())]
        assert abs(chi_square(counts, [orders[key] * 30_000 for key in sorted(orders)])) < 4
