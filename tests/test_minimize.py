"""``minimize``: the loop, what it records, what it shows the optimiser, and why it ends."""

import math
import sys
from functools import partial

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import (
    ES,
    LBFGS,
    SAM,
    SGD,
    SPSA,
    Adam,
    HalveOnNoDecrease,
    LineSearchGD,
    Momentum,
    Nesterov,
    Newton,
    NewtonCG,
    Optimizer,
    RandomSearch,
    Trajectory,
    functions,
    lr_scheduler,
    minimize,
    schedules,
)
from minigrad.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from minigrad.optim.stopping import Criterion, GradientNorm, LossChange, MaxSteps, Patience

PARABOLA = functions.parabola


class Sees(Optimizer):
    """A step along the x axis, whatever it is shown."""

    def __init__(self, params, observes):
        super().__init__(params, {"lr": 0.5})
        self.observes, self.shown = observes, []

    def step(self, closure):
        (theta,) = self.param_groups[0]["params"]
        with mg.enable_grad():
            value = closure()
        self.shown.append((value, theta.grad, theta.detach().clone()))
        with mg.no_grad():
            theta += 1.0
        return value


def sgd(**settings):
    return partial(SGD, **settings)


# What is recorded ------------------------------------------------------------------------------------------


def test_row_000_02_a_run_of_k_steps_has_k_plus_1_points():
    path = minimize(functions.bowl, (3, -2), sgd(lr=0.05), 7)
    assert isinstance(path, Trajectory) and path.steps == 7 and len(path) == 8
    assert path.points.shape == path.gradients.shape == (8, 2)
    assert path.losses.shape == path.evaluations.shape == (8,) and path.rates.shape == (7,)
    assert path.reason == "7 steps were made"
    for point, loss, gradient in path:
        assert loss == functions.bowl(point).item()
        np.testing.assert_array_equal(gradient, point * (1, 10))
    for k in range(7):
        np.testing.assert_allclose(path.points[k + 1], path.points[k] - 0.05 * path.gradients[k])
    np.testing.assert_array_equal(path.x, path.points[-1])
    assert path.fun == path.losses[-1] == path[-1].loss


def test_no_steps_leave_the_start():
    path = minimize(functions.bowl, (3, -2), sgd(lr=0.05), 0)
    assert len(path) == 1 and path.reason == "0 steps were made" and path.x.tolist() == [3, -2]


@pytest.mark.parametrize(
    ("x0", "dtype", "shape"),
    [
        (0.5, "float64", ()),
        (1, "float64", ()),
        ([0.5], "float64", (1,)),
        (np.float32(0.5), "float32", ()),
        (np.full((2, 3), 0.5, np.float32), "float32", (2, 3)),
        (mg.full((2,), 0.5), "float32", (2,)),
        (mg.full((2,), 0.5, dtype=mg.float64), "float64", (2,)),
    ],
)
def test_the_start_gives_dtype_and_shape(x0, dtype, shape):
    path = minimize(lambda x: (x * x).sum(), x0, sgd(lr=0.1), 2)
    assert path.points.dtype == dtype and path.x.shape == shape
    assert path.points.shape == (3, math.prod(shape))


def test_the_start_is_not_changed_and_needs_no_gradient():
    for x0 in (
        np.array([3.0, -2.0]),
        mg.tensor([3.0, -2.0]),
        mg.tensor([3.0, -2.0], requires_grad=True),
    ):
        minimize(functions.bowl, x0, sgd(lr=0.05), 3)
        assert x0.tolist() == [3, -2] and getattr(x0, "grad", None) is None


def test_a_function_knows_where_to_start():
    assert minimize(functions.ring, None, SGD, 0).x.tolist() == [0.5, 1.0]
    with pytest.raises(TypeError, match="x0 is None, and the objective has no start of its own"):
        minimize(lambda x: x, None, SGD)


def test_it_runs_on_every_device_and_records_on_the_host(device):
    path = minimize(
        functions.bowl, mg.tensor([3.0, -2.0]), partial(Adam, lr=0.1), 25, stop=GradientNorm(1e-9)
    )
    assert type(path.points) is type(path.gradients) is np.ndarray
    on_host = minimize(functions.bowl, np.array([3.0, -2.0], np.float32), partial(Adam, lr=0.1), 25)
    np.testing.assert_allclose(path.points, on_host.points, rtol=1e-5)
    assert "exp_avg" in path.kept[3].after and type(path.kept[3].after["exp_avg"]) is np.ndarray


# What the optimiser is shown -------------------------------------------------------------------------------


def test_a_gradient_optimiser_finds_the_gradient_in_grad():
    made = []
    path = minimize(
        functions.bowl, (3, -2), lambda p: made.append(Sees(p, "gradient")) or made[0], 3
    )
    for k, (value, grad, theta) in enumerate(made[0].shown):
        assert value.item() == path.losses[k] and not value.requires_grad
        np.testing.assert_array_equal(grad.numpy(), path.gradients[k])
        np.testing.assert_array_equal(theta.numpy(), path.points[k])


def test_a_value_optimiser_sees_values_alone():
    calls = []

    def objective(theta):
        calls.append(mg.is_grad_enabled())
        return functions.bowl(theta)

    made = []
    path = minimize(objective, (3, -2), lambda p: made.append(Sees(p, "value")) or made[0], 3)
    assert calls == [False] * 4 and np.isnan(path.gradients).all()
    assert [(v.item(), grad) for v, grad, _ in made[0].shown] == [
        (loss, None) for loss in path.losses[:3]
    ]


def test_a_curvature_optimiser_gets_the_graph():
    class NewtonStep(Sees):
        def step(self, closure):
            (theta,) = self.param_groups[0]["params"]
            with mg.enable_grad():
                value = closure()
                (g,) = mg.autograd.grad(value, theta, create_graph=True)
            rows = [mg.autograd.grad(g[i], theta, retain_graph=True)[0].numpy() for i in range(2)]
            with mg.no_grad():
                theta -= mg.tensor(np.linalg.solve(np.stack(rows), g.detach().numpy()))

    path = minimize(functions.tilted, (1, -2), lambda p: NewtonStep(p, "curvature"), 1)
    np.testing.assert_allclose(path.x, (0, 0), atol=1e-15)  # 000.05
    np.testing.assert_allclose(path.gradients[0], (1, -3))


def test_the_objective_is_computed_once_a_point():
    calls = []

    def objective(theta):
        calls.append(theta.detach().numpy().copy())
        return functions.bowl(theta)

    path = minimize(objective, (3, -2), sgd(lr=0.05, momentum=0.9), 5)
    np.testing.assert_array_equal(calls, path.points)
    assert path.evaluations.tolist() == [0, 1, 2, 3, 4, 5]


def test_what_is_asked_elsewhere_is_computed_there():
    path = minimize(functions.bowl, (3, -2), partial(Nesterov.sutskever, lr=0.01), 25)
    np.testing.assert_allclose(
        path.x, (-0.00702856, -0.01071434), atol=5e-9
    )  # 2.2 of algorithms.md
    np.testing.assert_array_equal(path.gradients[7], path.points[7] * (1, 10))


def test_an_objective_that_draws_draws_once_a_step():
    def noisy(generator):
        def objective(theta):
            return ((theta - mg.tensor(generator.normal((2,), np.float64))) ** 2).sum()

        return objective

    path = minimize(noisy(mg.Generator().manual_seed(3)), (1.0, 2.0), sgd(lr=0.1), 4)
    draws, theta = mg.Generator().manual_seed(3), np.array([1.0, 2.0])
    for k in range(4):
        theta = theta - 0.1 * 2 * (theta - draws.normal((2,), np.float64))
        np.testing.assert_allclose(path.points[k + 1], theta, rtol=1e-12)


def test_another_function_can_be_measured():
    halves = [lambda x: x * x, lambda x: (x - 2) ** 2]
    count = iter(range(100))
    path = minimize(
        lambda x: halves[next(count) % 2](x), 1.0, sgd(lr=0.1), 4,
        measure=lambda x: (halves[0](x) + halves[1](x)) / 2, stop=GradientNorm(1e-9),
    )  # fmt: skip
    assert path.reason.startswith(
        "the norm of the gradient, 0,"
    )  # of the measure: the objective's is 2
    path = minimize(
        lambda x: halves[next(count) % 2](x), 0.0, sgd(lr=0.1), 2,
        measure=lambda x: (halves[0](x) + halves[1](x)) / 2,
    )  # fmt: skip
    np.testing.assert_allclose(path.points[:, 0], (0, 0, 0.4))
    np.testing.assert_allclose(path.losses, (2, 2, (0.4**2 + 1.6**2) / 2))


@pytest.mark.parametrize(
    ("returns", "kind", "words"),
    [
        (lambda x: 1.0, TypeError, "the objective has to return a tensor, got float"),
        (lambda x: x * x, ValueError, r"the objective has to return one number, got shape \(2,\)"),
    ],
)
def test_objectives_that_return_something_else(returns, kind, words):
    with pytest.raises(kind, match=words):
        minimize(returns, (1, 2), SGD)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            SGD([mg.zeros(1)], 0.1),
            "the optimizer is SGD; give a class or a function of the parameters",
        ),
        (lambda p: None, "the optimizer returned NoneType"),
        (
            lambda p: Sees(p, "residuals"),
            "Sees observes residuals, which a function that returns one number",
        ),
    ],
)
def test_optimizers_that_are_none(make, words):
    with pytest.raises(TypeError, match=words):
        minimize(PARABOLA, 0.0, make)


def test_a_negative_number_of_steps_is_refused():
    with pytest.raises(ValueError, match="steps has to be >= 0, got -1"):
        minimize(PARABOLA, 0.0, SGD, -1)


ASKS_AGAIN = {
    "Newton": (Newton, 1),
    "NewtonCG": (NewtonCG, 8),
    "L-BFGS": (LBFGS, 5),
    "line search": (LineSearchGD, 60),
    "SAM": (lambda p: SAM(p, SGD, rho=0.0, lr=0.1), 120),
    "halving": (partial(HalveOnNoDecrease, lr=1.0), 120),
    "ES": (
        lambda p: ES(p, lr=0.02, sigma=0.05, samples=20, antithetic=True, generator=mg.Generator()),
        800,
    ),
    "random search": (lambda p: RandomSearch(p, generator=mg.Generator().manual_seed(0)), 600),
    "SPSA": (lambda p: SPSA(p, lr=0.01, generator=mg.Generator().manual_seed(0)), 2000),
}


@pytest.mark.parametrize("name", ASKS_AGAIN)
def test_optimisers_that_ask_again_get_what_they_observe(name):
    make, steps = ASKS_AGAIN[name]
    path = minimize(functions.bowl, (3, -2), make, steps)
    assert np.linalg.norm(path.x) < 0.1, path
    assert path.evaluations[-1] >= steps and (np.diff(path.evaluations) > 0).all()
    text = path.explain(0)
    if name not in ("SAM", "halving", "line search"):  # those are explained with their numbers
        for line in path.equation.splitlines():
            assert line in text


# Rates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.Step(2, beta=2),
        partial(StepLR, step_size=2, gamma=0.5),
        lambda optimizer: lr_scheduler.ScheduleLR(optimizer, schedules.Step(2, gamma=0.5)),
    ],
)
def test_the_recorded_rate_is_the_one_that_was_used(schedule):
    path = minimize(PARABOLA, 0.0, sgd(lr=0.1), 5, schedule=schedule)
    np.testing.assert_allclose(path.rates, [0.1, 0.1, 0.05, 0.05, 0.025])
    np.testing.assert_allclose(np.diff(path.points[:, 0]), -path.rates * path.gradients[:-1, 0])


def test_a_schedule_makes_classical_momentum_differ_from_pytorchs():
    drop = schedules.MultiStep([10], gamma=0.1)  # 2.2 of algorithms.md, the last line
    classical = minimize(
        functions.bowl, None, partial(Momentum.classical, lr=0.01), 25, schedule=drop
    )
    outside = minimize(functions.bowl, None, sgd(lr=0.01, momentum=0.9), 25, schedule=drop)
    np.testing.assert_allclose(classical.x, (0.59345731, 0.26901422), atol=5e-9)
    np.testing.assert_allclose(outside.x, (1.60697825, 0.39636266), atol=5e-9)


def test_row_002_09_halving_without_a_decrease():
    halving = partial(ReduceLROnPlateau, factor=0.5, patience=0, threshold=0)
    path = minimize(PARABOLA, 0.0, sgd(lr=0.5), 3, schedule=halving)
    np.testing.assert_allclose(path.points[:, 0], (0, 3, -1.5, 0.75))
    np.testing.assert_allclose(path.rates, (0.5, 0.25, 0.125))


def test_row_002_09_halving_and_going_back():
    path = minimize(PARABOLA, 0.0, HalveOnNoDecrease, 3)
    np.testing.assert_allclose(path.points[:, 0], (0, 0, 0, 0.75))
    np.testing.assert_allclose(path.rates, (0, 0, 0.125))  # 0 where a step was taken back
    kept = minimize(PARABOLA, 0.0, partial(HalveOnNoDecrease, reject=False), 3)
    np.testing.assert_allclose(kept.rates, (0.5, 0.25, 0.125))
    for one in (path, kept):
        np.testing.assert_allclose(np.diff(one.points[:, 0]), -one.rates * one.gradients[:-1, 0])


@pytest.mark.parametrize("schedule", [0.5, lambda optimizer: 0.5])
def test_what_is_no_schedule_is_refused(schedule):
    with pytest.raises(
        TypeError, match="schedule has to be a Schedule or make a scheduler .* got float"
    ):
        minimize(PARABOLA, 0.0, SGD, schedule=schedule)


# Why it ends -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "steps", "words"),
    [
        (MaxSteps(3), 3, "3 steps were made"),
        ([GradientNorm(1e-3), MaxSteps(50)], 6, "the norm of the gradient"),
        (LossChange(1e-2), 3, "the loss changed by"),
        (Patience(2, of="loss", min_delta=0.1), 3, "the loss has not fallen below"),
        (lambda progress: "enough" if progress.step == 2 else None, 2, "enough"),
    ],
)
def test_criteria_end_it_and_say_why(stop, steps, words):
    for _ in range(2):  # they are reset
        path = minimize(PARABOLA, 0.0, sgd(lr=0.1), 100, stop=stop)
        assert path.steps == steps and path.reason.startswith(words)


def test_row_003_09_a_small_gradient_stops_at_a_saddle_too():
    saddle = functions.gabor.saddles[0].at
    path = minimize(functions.gabor, saddle, SGD, stop=GradientNorm(1e-9))
    assert path.steps == 0 and "the norm of the gradient" in path.reason
    assert minimize(
        functions.escape, (1.0, 0.0), sgd(lr=0.1), stop=GradientNorm()
    ).x == pytest.approx((0, 0), abs=1e-4)


def test_criteria_are_asked_at_every_point_and_told_what_was_seen():
    class Listens(Criterion):
        def __init__(self):
            self.told = []

        def __call__(self, progress):
            self.told.append((progress.step, progress.loss, progress.gradient_norm()))

    listens = Listens()
    path = minimize(functions.bowl, (3, -2), sgd(lr=0.05), 3, stop=listens)
    norms = np.linalg.norm(path.gradients, axis=1)
    assert listens.told == list(zip(range(4), path.losses, norms, strict=True))


def test_a_loss_that_is_not_finite_ends_it():
    path = minimize(lambda x: x.log(), 1.0, sgd(lr=2.0), 10)
    assert path.steps == 1 and path.reason == "the loss after step 1 is nan"
    path = minimize(PARABOLA, 0.0, sgd(lr=1e200), 10)
    assert path.reason in ("the loss after step 1 is inf", "the loss after step 2 is inf")


def test_a_point_that_is_not_finite_ends_it():
    path = minimize(functions.sqrt_abs, 0.0, sgd(lr=0.1), 10)
    assert path.reason == "the point after step 1 is not finite; nor is the gradient before it"
    assert path.steps == 1 and path.losses[0] == -0.25
    assert minimize(PARABOLA, math.nan, SGD).reason == "the point after step 0 is not finite"


# The bar ---------------------------------------------------------------------------------------------------


def test_a_bar_is_for_terminals_only(capsys):
    assert minimize(PARABOLA, 0.0, sgd(lr=0.1), 5, progress=True).steps == 5
    assert capsys.readouterr() == ("", "")


def test_without_tqdm_there_is_no_bar(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert minimize(PARABOLA, 0.0, sgd(lr=0.1), 5, progress=True).steps == 5


def test_a_bar_shows_the_steps(monkeypatch):
    import tqdm

    seen = {}

    def bar(items, **settings):
        seen.update(settings)
        return items

    monkeypatch.setattr(tqdm, "tqdm", bar)
    minimize(PARABOLA, 0.0, sgd(lr=0.1), 5, progress=True)
    assert seen["unit"] == "step" and seen["disable"] is None


def test_rates_of_line_searches_are_those_that_were_found():
    """Row 003.03: exact search on the line's loss alternates."""
    exact = partial(LineSearchGD, search="exact")
    path = minimize(functions.ellipse(10.0), (10.0, 1.0), exact, steps=4)
    moved = np.linalg.norm(np.diff(path.points, axis=0), axis=1)
    np.testing.assert_allclose(path.rates, moved / np.linalg.norm(path.gradients[:-1], axis=1))
    np.testing.assert_allclose(path.rates, 2 / 11)
