"""Evolution strategies, random search, SPSA, halving and smoothed losses: the documents' numbers."""

import itertools
import math

import numpy as np
import pytest
from optim_runs import leaf, numbers
from optim_steps import diagonal, run

import minigrad as mg
from minigrad.optim import ES, SPSA, Adam, HalveOnNoDecrease, RandomSearch, line_search
from minigrad.optim.evolution import centered_ranks, shaped
from minigrad.optim.surrogate import smooth


def seeded(seed=0):
    return mg.Generator().manual_seed(seed)


def double(values, device="cpu"):
    return mg.tensor(values, dtype=mg.float64, device=device)


def staircase(x):
    return ((4 * abs(x)).floor() / 4).sum()


def jump(x):
    return (abs(x) > 0.25).double().sum()


# Evolution strategies: numbers of the documents --------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sd", "scale"),
    [
        ({}, 16.1, 1.0),
        ({"baseline": "mean"}, 1.5, 0.9),
        ({"baseline": "leave_one_out"}, 1.5 / 0.9, 1.0),
        ({"antithetic": True}, 2.2, 1.0),
    ],
    ids=["plain", "mean", "leave one out", "antithetic"],
)
def test_row_000_28_noise_and_bias_of_the_estimate(options, sd, scale):
    """The gradient of the smoothed |theta|^2 is 2 theta; (1, -2), sigma = .1, M = 10.

    The standard deviation is that of the first number; the row has it of 4,000 draws, here are 1,500.
    """
    x = leaf([1.0, -2.0], "cpu")
    optimizer = ES([x], lr=0.0, sigma=0.1, samples=10, generator=seeded(), **options)
    draws = []
    for _ in range(1500):
        run(optimizer, lambda: x @ x)
        draws.append(numbers(x.grad).copy())
    mean, spread = np.mean(draws, axis=0), np.std(draws, axis=0)
    assert np.all(abs(mean - scale * np.array([2.0, -4.0])) < 4 * spread / math.sqrt(1500))
    assert spread[0] == pytest.approx(sd, rel=0.07)


@pytest.mark.parametrize("function", [staircase, jump])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_row_000_29_figure_1_4(function, seed):
    """sigma = 1, M = 10, eta = .02, from 1: at step 500 near the flat minimum, the last 500 of 2,000 in it."""
    x = leaf([1.0], "cpu")
    optimizer = ES([x], generator=seeded(seed))
    assert (
        optimizer.defaults["lr"] == 0.02
        and optimizer.defaults["sigma"] == 1
        and optimizer.samples == 10
    )
    path = []
    for _ in range(2000):
        run(optimizer, lambda: function(x))
        path.append(x.item())
    assert abs(path[499]) < 0.3
    assert np.all(np.abs(path[-500:]) < 0.25)


# Evolution strategies: the step ------------------------------------------------------------------------


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("baseline", [None, "mean", "leave_one_out"])
@pytest.mark.parametrize("shaping", [None, "ranks"])
def test_the_step_by_hand(antithetic, baseline, shaping, device):
    a, b = leaf([1.0, -2.0], device), leaf([[0.5]], device)
    options = {"antithetic": antithetic, "baseline": baseline, "shaping": shaping}
    optimizer = ES([a, b], lr=0.1, sigma=0.3, samples=6, generator=seeded(), **options)

    def f(v):
        return v[0] ** 2 + 3 * v[1] + v[2] ** 3

    (loss,) = run(optimizer, lambda: f(mg.cat([a, b.reshape(1)])))
    source, start, pairs = seeded(), np.array([1.0, -2.0, 0.5]), []
    for _ in range(3 if antithetic else 6):
        noise = [*source.normal((2,), np.float64), *source.normal((1, 1), np.float64).ravel()]
        pairs += [np.array(noise), -np.array(noise)] if antithetic else [np.array(noise)]
    losses = np.array([f(start + 0.3 * e) for e in pairs])
    weights = losses.argsort().argsort() / 5 - 0.5 if shaping else losses
    if baseline == "mean":
        weights = weights - weights.mean()
    if baseline == "leave_one_out" and antithetic:  # a pair is left out together
        weights = [w - np.delete(weights, [i, i ^ 1]).mean() for i, w in enumerate(weights)]
    elif baseline == "leave_one_out":
        weights = [w - np.delete(weights, i).mean() for i, w in enumerate(weights)]
    gradient = sum(w * e for w, e in zip(weights, pairs, strict=True)) / (0.3 * 6)
    assert loss == pytest.approx(losses.mean())
    np.testing.assert_allclose([*numbers(a), numbers(b).item()], start - 0.1 * gradient, rtol=1e-12)
    np.testing.assert_allclose(numbers(a.grad), gradient[:2], rtol=1e-12)


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("baseline", [None, "mean", "leave_one_out"])
def test_the_estimate_has_no_bias_but_that_of_the_mean(antithetic, baseline):
    """For a linear loss of one number and M = 2; only the mean of single samples shrinks it, by a half."""
    x, estimates = leaf([0.0], "cpu"), []
    optimizer = ES(
        [x], lr=0.0, samples=2, antithetic=antithetic, baseline=baseline, generator=seeded()
    )
    for _ in range(2000):
        run(optimizer, lambda: 3 * x.sum())
        estimates.append(x.grad.item())
    expected = 1.5 if baseline == "mean" and not antithetic else 3.0
    error = np.std(estimates) / math.sqrt(2000)
    assert error < 0.15 and abs(np.mean(estimates) - expected) < 4 * error


def test_ranks_share_ties_and_put_nan_last(device):
    values = double([3.0, 1.0, 3.0, math.nan, -math.inf, 2.0], device)
    expected = np.array([3.5, 1, 3.5, 5, 0, 2]) / 5 - 0.5
    np.testing.assert_allclose(numbers(centered_ranks(values)), expected, atol=1e-15)
    rewards = numbers(centered_ranks(-values, maximize=True))
    np.testing.assert_allclose(rewards, -expected, atol=1e-15)
    assert not numbers(centered_ranks(double([7.0] * 4, device))).any()
    assert numbers(shaped(double([1.0, 2.0, 6.0], device), "leave_one_out", None)).tolist() == [
        -3,
        -1.5,
        4.5,
    ]


def test_rewards_are_climbed_by_any_optimiser(device):
    x = leaf([1.0, -2.0], device)
    optimizer = ES(
        [x], lr=0.1, sigma=0.05, samples=8, antithetic=True, shaping="ranks", base=Adam, maximize=True,
        generator=seeded(),
    )  # fmt: skip
    rewards = run(optimizer, lambda: -((x - 1) ** 2).sum(), 120)
    assert rewards[-1] > -0.05 > rewards[0] and optimizer.param_groups[0]["betas"] == (0.9, 0.999)


def test_a_reward_of_nan_is_avoided_in_the_groups_that_climb(device):
    """Where one of the points is nan, both groups go to the other one, each by its own sign."""
    ends = []
    for climb in (False, True):
        x, calls = leaf([0.0], device), []
        optimizer = ES(
            [{"params": x, "maximize": climb}], samples=2, shaping="ranks", generator=seeded()
        )

        def loss(calls=calls, x=x):
            calls.append(x.item())
            return 0 * x.sum() + (math.nan if len(calls) == 1 else 0.0)

        run(optimizer, loss)
        ends.append(x.item())
        assert np.sign(x.item()) == np.sign(calls[1] - calls[0])
    assert ends[0] == ends[1]


@pytest.mark.parametrize("make", [ES, SPSA])
def test_a_parameter_that_is_frozen_later_stays(make, device):
    a, b = leaf([1.0, -2.0], device), leaf([3.0], device)
    optimizer = make([a, b], lr=0.1, momentum=0.9)
    run(optimizer, lambda: a @ a + b @ b)
    b.requires_grad_(False)
    before, still = numbers(a).copy(), numbers(b).copy()
    run(optimizer, lambda: a @ a + b @ b, 2)
    assert np.array_equal(numbers(b), still) and not np.array_equal(numbers(a), before)


def test_each_group_has_its_own_distance(device):
    a, b = leaf([0.0], device), leaf([0.0], device)
    optimizer = ES([{"params": a, "sigma": 10.0}, {"params": b}], sigma=1e-3, generator=seeded())
    seen = []

    def loss():
        seen.append((abs(a.item()), abs(b.item())))
        return a.sum() * 0.0 + 1.0

    run(optimizer, loss)
    assert min(s[0] for s in seen) > 0.1 and max(s[1] for s in seen) < 0.01


def test_the_steps_do_not_wait_for_the_device(transfers):
    for make in (lambda p: ES(p, shaping="ranks", baseline="mean"), lambda p: SPSA(p, samples=2)):
        x = leaf([1.0, -2.0], "strict")
        with transfers.forbidden():
            make([x]).step(lambda x=x: x @ x)


def test_a_loss_may_be_a_number_of_python(device):
    for make in (ES, SPSA, RandomSearch):
        x = leaf([1.0, -2.0], device)
        before = numbers(x).copy()
        for _ in range(10):
            make([x]).step(lambda x=x: float((numbers(x) ** 2).sum()))
        assert x.dtype == mg.float64 and not np.array_equal(numbers(x), before)


# Random search and SPSA --------------------------------------------------------------------------------


def test_row_000_03_random_search_never_rises(device):
    x = leaf([1.0, -2.0], device)
    optimizer = RandomSearch([x], sigma=0.3, samples=3, generator=seeded())
    points = [numbers(x).copy()]
    losses = []
    for _ in range(60):
        losses += run(optimizer, lambda: jump(x / 4) + staircase(x))
        points.append(numbers(x).copy())
    assert losses[0] > 3 and losses[-1] == 0
    for (before, after), (p, q) in zip(
        itertools.pairwise(losses), itertools.pairwise(points[:-1]), strict=True
    ):
        assert after < before or np.array_equal(p, q)


def test_random_search_goes_to_the_best_of_what_it_tried(device):
    x, y = leaf([1.0, -2.0], device), leaf(0.5, device)
    run(RandomSearch([x, y], sigma=0.5, samples=4, generator=seeded(3)), lambda: x @ x + y)
    source, start = seeded(3), np.array([1.0, -2.0, 0.5])
    tried = [start]
    for _ in range(4):
        noise = [*source.normal((2,), np.float64), source.normal((), np.float64)]
        tried.append(start + 0.5 * np.array(noise))
    best = min(tried, key=lambda v: v[0] ** 2 + v[1] ** 2 + v[2])
    assert [*numbers(x), numbers(y)] == best.tolist() and best is not start


def test_random_search_leaves_where_the_loss_is_no_number(device):
    x = leaf([-1.0], device)
    optimizer = RandomSearch([x], sigma=3.0, samples=5, generator=seeded())
    losses = run(optimizer, lambda: x.sum() if x.item() > 0 else x.sum() * math.nan, 3)
    assert math.isnan(losses[0]) and x.item() > 0 and losses[2] <= losses[1]


def test_one_step_in_five_is_good_when_the_distance_adapts():
    """On a linear loss every second is, so that it grows; at a minimum none is, so that it falls."""
    x = leaf([0.0, 0.0], "cpu")
    optimizer = RandomSearch([x], sigma=1.0, adapt=2.0, generator=seeded())
    run(optimizer, lambda: x.sum(), 50)
    assert optimizer.param_groups[0]["sigma"] > 100
    optimizer.param_groups[0]["sigma"] = 1.0
    with mg.no_grad():
        x.zero_()
    run(optimizer, lambda: x @ x, 4)
    assert optimizer.param_groups[0]["sigma"] == pytest.approx(0.5)
    assert RandomSearch([x]).param_groups[0]["adapt"] == 1


def test_spsa_by_hand(device):
    a, b = leaf([1.0, -2.0], device), leaf([[0.5]], device)

    def f(v):
        return v[0] ** 2 + 3 * v[1] + v[2] ** 3

    optimizer = SPSA([a, b], lr=0.1, c=0.2, samples=3, generator=seeded())
    (mean,) = run(optimizer, lambda: f(mg.cat([a, b.reshape(1)])))
    source, start, estimates, losses = seeded(), np.array([1.0, -2.0, 0.5]), [], []
    for _ in range(3):
        signs = [
            *(2 * source.bernoulli(0.5, (2,), np.float64) - 1),
            *(2 * source.bernoulli(0.5, (1, 1), np.float64) - 1).ravel(),
        ]
        signs = np.array(signs)
        assert set(abs(signs)) == {1}
        both = f(start + 0.2 * signs), f(start - 0.2 * signs)
        estimates.append((both[0] - both[1]) / 0.4 * signs)
        losses += both
    assert mean == pytest.approx(np.mean(losses))
    step = -0.1 * np.mean(estimates, axis=0)
    np.testing.assert_allclose([*numbers(a), numbers(b).item()], start + step, rtol=1e-12)


def test_two_values_estimate_the_gradient_without_bias():
    """Over all signs the mean is the gradient, exactly for a quadratic."""
    start, slope = np.array([1.0, -2.0, 0.5]), np.array([0.3, 2.0, -1.0])
    found = []
    for signs in itertools.product((-1.0, 1.0), repeat=3):
        x = leaf(start, "cpu")
        optimizer = SPSA([x], lr=0.0, c=0.5)
        optimizer.generator = Fixed((np.array(signs) + 1) / 2)
        run(optimizer, lambda x=x: x @ x + double(slope) @ x)
        found.append(numbers(x.grad).copy())
    np.testing.assert_allclose(np.mean(found, axis=0), 2 * start + slope, rtol=1e-12)


class Fixed:
    """A generator that draws what it was told."""

    def __init__(self, values):
        self.values = values

    def bernoulli(self, p, shape, dtype):
        return self.values.reshape(shape).astype(dtype)


# Halving -----------------------------------------------------------------------------------------------


def parabola(w):
    """Row 002.01's, least at .75."""
    return (4 * w**2 - 6 * w - 9).sum()


@pytest.mark.parametrize(
    ("reject", "points", "rates"),
    [
        (False, [3.0, -1.5, 0.75], [0.25, 0.125, 0.125]),
        (True, [0.0, 0.0, 0.75], [0.25, 0.125, 0.125]),
    ],
    ids=["kept", "rejected"],
)
def test_row_002_09_halving(reject, points, rates, device):
    w = leaf([0.0], device)
    optimizer = HalveOnNoDecrease([w], reject=reject)
    for point, rate in zip(points, rates, strict=True):
        run(optimizer, lambda: parabola(w))
        assert (w.item(), optimizer.param_groups[0]["lr"]) == (point, rate)


def test_row_002_09_at_the_minimum_the_rate_falls_to_its_floor(device):
    w = leaf([0.75], device)
    optimizer = HalveOnNoDecrease([w], min_lr=0.1)
    run(optimizer, lambda: parabola(w), 9)
    assert optimizer.param_groups[0]["lr"] == 0.1 and w.item() == 0.75
    optimizer.param_groups[0]["lr"] = 0.05  # below it already
    run(optimizer, lambda: parabola(w))
    assert optimizer.param_groups[0]["lr"] == 0.05


def test_a_rejected_step_is_taken_back_to_the_last_bit(device):
    start = np.random.default_rng(0).normal(size=50)
    x = leaf(start, device)
    optimizer = HalveOnNoDecrease([{"params": x}, {"params": leaf([1.0], device)}], lr=1e3)
    run(optimizer, lambda: x @ x)
    assert np.array_equal(numbers(x), start)
    np.testing.assert_array_equal(numbers(x.grad), 2 * start)
    assert [group["lr"] for group in optimizer.param_groups] == [500.0, 500.0]
    run(optimizer, lambda: (x @ x).log().log())  # not a number is no decrease either
    assert np.array_equal(numbers(x), start)


def test_halving_restores_the_parameters_when_the_closure_raises(device):
    x, calls = leaf([1.0], device), []

    def loss():
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError
        return x @ x

    with pytest.raises(ZeroDivisionError):
        run(HalveOnNoDecrease([x]), loss)
    assert x.item() == 1.0
    with pytest.warns(UserWarning, match="no parameter has a gradient"):
        x.grad = None
        HalveOnNoDecrease([x]).step(lambda: 1.0)


# Smoothed losses ---------------------------------------------------------------------------------------


class Smoothed:
    """The jump at 1/4, smoothed with a normal density of width 1: in closed form."""

    def __new__(cls, x):
        root = math.sqrt(2)
        return (1 - 0.5 * (mg.erf((0.25 - x) / root) - mg.erf((-0.25 - x) / root))).sum()


def test_row_000_27_descent_on_the_smoothed_jump(device):
    x = leaf([1.0], device)
    Smoothed(x).backward()
    assert x.grad.item() == pytest.approx(0.1185, abs=5e-5)
    for _ in range(500):
        x.grad = None
        Smoothed(x).backward()
        with mg.no_grad():
            x -= 0.1 * x.grad
    assert x.item() == pytest.approx(7.7e-5, abs=5e-7)


def test_row_000_27_samples_have_the_slope_of_the_smoothed_jump(device):
    x = leaf([1.0], device)
    many = smooth(
        lambda points: (abs(points) > 0.25).double().reshape(-1), 1.0, 200_000, vectorized=True,
        generator=seeded(),
    )  # fmt: skip
    value = many(x)
    value.backward()
    assert value.item() == pytest.approx(Smoothed(x).item(), abs=2e-3)
    assert x.grad.item() == pytest.approx(0.1185, abs=2e-3)


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("vectorized", [False, True])
def test_nodes_are_exact_for_polynomials_in_every_derivative(shape, vectorized, device):
    """x^4 becomes x^4 + 6 s^2 x^2 + 3 s^4; with derivatives 4 x^3 + 12 s^2 x, 12 x^2 + 12 s^2 and 24 x."""
    x, s = leaf(np.full(shape, 1.5), device), 0.7
    f = smooth(
        lambda x: (x**4).reshape(-1) if vectorized else (x**4).sum(),
        s,
        nodes=6,
        vectorized=vectorized,
    )
    found = [f(x)]
    for _ in range(3):
        (slope,) = mg.autograd.grad(found[-1], x, create_graph=True)
        found.append(slope.sum())
    a = 1.5
    expected = [
        a**4 + 6 * s**2 * a**2 + 3 * s**4,
        4 * a**3 + 12 * s**2 * a,
        12 * a**2 + 12 * s**2,
        24 * a,
    ]
    np.testing.assert_allclose([one.item() for one in found], expected, rtol=1e-11)


@pytest.mark.parametrize("options", [{}, {"antithetic": False}, {"pathwise": True}])
def test_samples_estimate_the_smoothed_loss_and_its_derivatives(options, device):
    """|theta|^2 becomes |theta|^2 + d s^2, d = 2; each estimate is within four standard errors."""
    x = leaf([1.0, -2.0], device)
    f = smooth(lambda v: v @ v, 0.5, 10, generator=seeded(), **options)
    values, slopes, bends = [], [], []
    for _ in range(200):
        value = f(x)
        (slope,) = mg.autograd.grad(value, x, create_graph=True)
        (bend,) = mg.autograd.grad(slope[0], x)
        values.append(value.item()), slopes.append(numbers(slope)), bends.append(numbers(bend))
    for found, expected in ((values, 5.5), (slopes, [2.0, -4.0]), (bends, [2.0, 0.0])):
        error = np.std(found, axis=0) / math.sqrt(200)
        assert np.all(abs(np.mean(found, axis=0) - expected) <= 4 * error + 1e-12)


def test_a_smoothed_loss_can_be_searched_along_a_line(device):
    x = leaf([1.0], device)
    f = smooth(lambda v: (v**4).sum(), 0.5, nodes=4)
    slope = mg.func.grad(f)(x)
    along = lambda a: f(x.detach() - a * slope.detach()).item()  # noqa: E731
    found = line_search.bracketing(along, 1.0)
    assert along(found) < along(0.0)


def test_float32_stays(device):
    x = leaf([1.0, 2.0], device, mg.float32)
    value = smooth(lambda v: (abs(v) > 1.5).float().sum(), 0.5, generator=seeded())(x)
    value.backward()
    assert value.dtype == x.grad.dtype == mg.float32


# Errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda p: ES(p, sigma=0.0), ValueError, "ES: sigma = 0.0 is out of range"),
        (
            lambda p: ES(p, samples=0),
            ValueError,
            "ES: samples = 0 is out of range, expected a whole",
        ),
        (
            lambda p: ES(p, samples=5, antithetic=True),
            ValueError,
            "ES: samples = 5 are odd, and cannot be",
        ),
        (lambda p: ES(p, samples=1, baseline="mean"), ValueError, "one sample has no others"),
        (lambda p: ES(p, baseline="median"), ValueError, "ES: baseline = 'median' is unknown"),
        (lambda p: ES(p, shaping="log"), ValueError, "ES: shaping = 'log' is unknown"),
        (lambda p: SPSA(p, c=0), ValueError, "SPSA: c = 0 is out of range"),
        (
            lambda p: RandomSearch(p, adapt=0.9),
            ValueError,
            "RandomSearch: adapt = 0.9 is out of range",
        ),
        (lambda p: RandomSearch(p, sigma="a"), TypeError, "RandomSearch: sigma has to be a number"),
        (lambda p: HalveOnNoDecrease(p, factor=1), ValueError, "factor = 1 is out of range"),
        (
            lambda p: ES([p[0].detach()]).step(lambda: 1.0),
            RuntimeError,
            "ES: all parameters are frozen",
        ),
        (
            lambda p: smooth(diagonal(1.0), 0.0),
            ValueError,
            "smooth: sigma = 0.0 is out of range, expected > 0",
        ),
        (lambda p: smooth(diagonal(1.0), 1.0, 7), ValueError, "smooth: samples = 7 are odd"),
        (
            lambda p: smooth(diagonal(1.0), 1.0, nodes=3)(mg.ones(2)),
            ValueError,
            "smooth: nodes are for a point",
        ),
    ],
)
def test_errors(make, kind, message):
    with pytest.raises(kind, match=message):
        make([leaf([1.0], "cpu")])


def test_a_state_without_a_generator_is_refused(device):
    x = leaf([1.0], device)
    optimizer = ES([x])
    run(optimizer, lambda: x @ x)
    saved = optimizer.state_dict()
    before, stream = optimizer.state_dict(), optimizer.generator.get_state()
    for wrong, kind, message in [
        ({**saved, "generator": mg.zeros(3, dtype=mg.uint8)}, RuntimeError, "has shape"),
        (
            {k: v for k, v in saved.items() if k != "generator"},
            ValueError,
            "ES: load_state_dict: there is no",
        ),
        ({**saved, "param_groups": []}, ValueError, "its groups have"),
    ]:
        with pytest.raises(kind, match=message):
            optimizer.load_state_dict(wrong)
        assert np.array_equal(optimizer.generator.get_state(), stream)
        assert optimizer.state_dict()["param_groups"] == before["param_groups"]
