"""Searches: on a grid, at random, from many starts; and the choice of hyperparameters."""

import math
import re
from functools import partial

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import SGD, functions, minimize, search, tune
from minigrad.optim.search import Searched
from minigrad.optim.stopping import GradientNorm
from minigrad.optim.tune import LogUniform, Trial, Trials, Uniform


def generator(seed=0):
    return mg.Generator().manual_seed(seed)


# Points ----------------------------------------------------------------------------------------------------


def test_row_003_10_exhaustive_search():
    found = search.grid(functions.gabor, counts=201)  # 200 intervals each
    np.testing.assert_allclose(found.x, (0, 16.0), atol=1e-12)
    assert found.fun == pytest.approx(0.645868, abs=5e-7) and found.evaluations == 201 * 201


def test_a_grid_has_its_ends_and_its_order():
    found = search.grid(functions.bowl, ((-1, 1), (0, 2)), (3, 2))
    assert found.points.tolist() == [[-1, 0], [-1, 2], [0, 0], [0, 2], [1, 0], [1, 2]]
    assert found.values.tolist() == [0.5, 20.5, 0, 20, 0.5, 20.5]
    assert found.x.tolist() == [0, 0] and found.fun == 0
    assert repr(found) == "Searched(6 points; 0 at [0.0, 0.0])"
    for one in (1, np.int64(1)):
        assert search.grid(functions.bowl, ((-1, 1), (0, 2)), one).points.tolist() == [[-1, 0]]


def test_functions_of_one_number_and_functions_of_ones_own():
    found = search.grid(functions.wavy, counts=601)
    assert found.points.shape == (601,) and found.x == pytest.approx(-0.30, abs=5e-3)
    shapes = set()

    def own(theta):
        shapes.add(tuple(theta.shape))
        return (theta * theta).sum()

    assert search.grid(own, (-1, 1), 3).x == 0
    assert search.grid(own, ((-1, 1),), 3).x.tolist() == [0]
    assert search.grid(own, ((-1, 1), (-1, 1)), 3).x.tolist() == [0, 0]
    assert shapes == {(), (1,), (2,)}


def test_random_search_draws_from_the_window():
    found = search.random(functions.himmelblau, n=5000, generator=generator())
    low, high = np.array(functions.himmelblau.window).T
    assert (found.points >= low).all() and (found.points < high).all()
    np.testing.assert_allclose(found.points.mean(0), 0, atol=0.2)
    np.testing.assert_allclose(found.points.std(0), 10 / math.sqrt(12), rtol=0.03)
    assert found.fun < 0.2
    again = search.random(functions.himmelblau, n=5000, generator=generator())
    np.testing.assert_array_equal(found.points, again.points)
    mg.manual_seed(0)
    by_default = search.random(functions.himmelblau, n=5000)
    np.testing.assert_array_equal(found.points, by_default.points)


def test_nan_is_not_the_lowest():
    found = search.grid(lambda x: x.sqrt(), (-2, 2), 5)
    assert math.isnan(found.values[0]) and found.x == 0 and found.fun == 0
    assert math.isnan(Searched(np.zeros(2), np.full(2, math.nan)).fun)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: search.grid(lambda x: x), "grid: give a window, the function has none of its own"),
        (
            lambda: search.grid(functions.bowl, ((1, -1), (0, 1))),
            r"a range has to go from low to high, got \(1.0, -1.0\)",
        ),
        (
            lambda: search.grid(functions.bowl, counts=(3,)),
            r"grid: 2 counts of at least 1 are needed, got \(3,\)",
        ),
        (lambda: search.grid(functions.bowl, counts=0), "counts of at least 1 are needed, got 0"),
        (lambda: search.random(functions.bowl, n=0), "random: n has to be at least 1, got 0"),
        (
            lambda: search.restarts(functions.bowl, SGD, 0),
            "restarts: n has to be at least 1, got 0",
        ),
    ],
)
def test_searches_say_what_is_wrong(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# Restarts --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gabor_ends():
    """Where 600 descents on the Gabor loss end: all in one tensor, which is the same for each of them."""
    f, numbers = functions.gabor, generator(1)
    low, high = np.array(f.window).T
    starts = low + (high - low) * numbers.uniform((600, 2), np.float64)
    path = minimize(lambda theta: f(theta).sum(), starts, partial(SGD, lr=0.1), 400)
    return f(path.x).numpy()


def test_row_003_08_local_minima_trap_gradient_descent(gabor_ends):
    reached = (gabor_ends < 0.65).mean()
    assert reached == pytest.approx(0.267, abs=3 * math.sqrt(0.267 * 0.733 / 600))
    assert np.median(gabor_ends) == pytest.approx(3.67, abs=5e-3)


def test_row_003_11_restarts_help(gabor_ends):
    assert 1 - (1 - 0.267) ** 10 == pytest.approx(0.955, abs=5e-4)
    of_ten = (gabor_ends.reshape(60, 10).min(1) < 0.65).mean()
    assert of_ten == pytest.approx(0.955, abs=3 * math.sqrt(0.955 * 0.045 / 60))


def test_restarts_keep_the_best_descent():
    run = partial(search.restarts, functions.wavy, partial(SGD, lr=0.03), 12, steps=300)
    found = run(generator=generator(), stop=GradientNorm(1e-9))
    assert len(found) == 12 and found.ends.tolist() == [path.fun for path in found.trajectories]
    assert found.best.fun == found.ends.min() and found.best.x == pytest.approx(
        -0.3020691, abs=1e-7
    )
    assert all("norm of the gradient" in path.reason for path in found.trajectories)
    lowest = functions.wavy.lowest.value
    assert found.share(lowest) == (found.ends < lowest + 1e-3).mean() > 0
    assert repr(found).startswith("Restarted(12 descents; the best: Trajectory(")
    again = run(generator=generator(), stop=GradientNorm(1e-9))
    np.testing.assert_array_equal(found.ends, again.ends)


def test_a_descent_that_ends_in_nan_is_not_the_best():
    found = search.restarts(
        lambda x: (x - 1).log() + x * 0,
        partial(SGD, lr=0.1),
        8,
        (-1, 3),
        generator=generator(2),
        steps=1,
    )
    assert np.isnan(found.ends).any() and math.isfinite(found.best.fun)


# Hyperparameters -------------------------------------------------------------------------------------------


def trial(lr, momentum=0):
    return minimize(functions.parabola, 0.0, partial(SGD, lr=lr, momentum=momentum), 20)


def test_rows_001_22_002_27_and_003_38_tuning_runs_whole_trainings():
    trials = tune.grid(trial, {"lr": [0.01, 0.05, 0.125, 0.3], "momentum": [0, 0.5]})
    assert len(trials) == 8 and trials.cost == 8 * 20  # trials x steps
    assert trials.best.hyper == {"lr": 0.125, "momentum": 0} and trials.best.loss == -11.25
    losses = [one.loss for one in trials]
    assert losses == sorted(losses) and losses[-1] > 1e5
    assert trials[:2] == list(trials)[:2]


def test_trials_print_as_a_table():
    trials = tune.grid(lambda lr, name: lr, {"lr": [0.25, 2.0], "name": ["a", "longer"]})
    assert repr(trials).splitlines() == [
        "  lr    name  loss  steps",
        "0.25       a  0.25      1",
        "0.25  longer  0.25      1",
        "   2       a     2      1",
        "   2  longer     2      1",
        "4 trials, 4 steps",
    ]


def test_trials_that_end_in_nan_stand_last():
    trials = Trials(
        [Trial({"a": 1}, math.nan, 5), Trial({"a": 2}, math.inf, 5), Trial({"a": 3}, 1.0, 5)]
    )
    assert [one.hyper["a"] for one in trials] == [3, 2, 1] and trials.cost == 15


def test_a_trial_that_diverges_stands_last_with_its_error():
    def diverging(lr):
        if lr > 1:
            raise FloatingPointError("the loss is nan in epoch 1")
        return lr

    trials = tune.grid(diverging, {"lr": [2.0, 0.5]})
    assert trials.best == ({"lr": 0.5}, 0.5, 1, "") and math.isnan(trials[1].loss)
    assert trials[1].error == "the loss is nan in epoch 1"
    assert repr(trials).splitlines()[-2:] == [
        "2 trials, 2 steps",
        "lr = 2: the loss is nan in epoch 1",
    ]
    with pytest.raises(ZeroDivisionError):
        tune.grid(lambda lr: 1 / lr, {"lr": [0]})


def test_no_trials_print_too():
    assert repr(Trials([])) == "0 trials, 0 steps"
    with pytest.raises(ValueError, match="there is no best one"):
        Trials([]).best  # noqa: B018


def test_a_trial_may_return_a_number_a_tensor_or_steps_too():
    for returned, expected in [(2, (2.0, 1)), (mg.tensor(2.0), (2.0, 1)), ((2.0, 7), (2.0, 7))]:
        (one,) = tune.grid(lambda a, returned=returned: returned, {"a": [0]})
        assert (one.loss, one.steps) == expected


def test_random_trials_are_drawn_from_their_space():
    space = {"lr": LogUniform(1e-4, 1.0), "momentum": Uniform(0.5, 0.9), "layers": [1, 2, 3]}
    seen = []

    def note(**hyper):
        seen.append(hyper)
        return hyper["lr"]

    trials = tune.random(note, space, 2000, generator=generator())
    assert [one.hyper for one in trials] == sorted(seen, key=lambda hyper: hyper["lr"])
    lr, momentum, layers = (np.array([hyper[name] for hyper in seen]) for name in space)
    assert lr.min() >= 1e-4 and lr.max() <= 1 and np.median(lr) == pytest.approx(1e-2, rel=0.3)
    assert (
        momentum.min() >= 0.5
        and momentum.max() < 0.9
        and momentum.mean() == pytest.approx(0.7, abs=0.01)
    )
    np.testing.assert_allclose(np.bincount(layers)[1:] / 2000, 1 / 3, atol=0.04)
    assert type(seen[0]["lr"]) is float and type(seen[0]["layers"]) is int
    seen.clear()
    again = tune.random(note, space, 2000, generator=generator())
    assert list(again) == list(trials)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: tune.grid(trial, {}), ValueError, "there is nothing to try"),
        (lambda: tune.grid(trial, {"lr": []}), ValueError, "there is nothing to try"),
        (
            lambda: tune.grid(trial, {"lr": 0.1}),
            TypeError,
            "lr has to have a list of values, got 0.1",
        ),
        (
            lambda: tune.grid(trial, {"lr": Uniform(0, 1)}),
            TypeError,
            "lr has to have a list of values, got Uniform",
        ),
        (
            lambda: tune.random(trial, {"lr": [0.1]}, 0),
            ValueError,
            "nothing to try, with n = 0 and 1 hyperparameters",
        ),
        (
            lambda: tune.random(trial, {"lr": []}, 1),
            ValueError,
            "the list of values of lr is empty",
        ),
        (
            lambda: tune.random(trial, {"lr": (1e-4, 1e-1)}),
            ValueError,
            "write Uniform(0.0001, 0.1) or LogUniform(0.0001, 0.1) for a range, and [0.0001, 0.1]",
        ),
        (
            lambda: tune.random(trial, {"lr": 0.1}),
            TypeError,
            "random: lr has to have a Uniform, a LogUniform or a list of values, got 0.1",
        ),
        (lambda: Uniform(1, 1), ValueError, "Uniform: expected low < high, got 1 and 1"),
        (lambda: LogUniform(0, 1), ValueError, "LogUniform: low = 0 is out of range, expected > 0"),
    ],
)
def test_tuning_says_what_is_wrong(call, kind, words):
    with pytest.raises(kind, match=re.escape(words)):
        call()


def test_bars_are_for_terminals_only(capsys):
    search.grid(functions.bowl, counts=5, progress=True)
    search.restarts(functions.bowl, SGD, 2, steps=1, progress=True)
    tune.grid(trial, {"lr": [0.1]}, progress=True)
    assert capsys.readouterr() == ("", "")
