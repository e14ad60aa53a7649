"""RMSprop, Adagrad, Adadelta, Adamax, RAdam: numbers of the documents, and what is particular to each.

Trajectories, defaults and states beside PyTorch's, and what holds for all optimisers, are in
``test_optim.py``.
"""

import math

import numpy as np
import pytest
from optim_runs import RECORD, Training, leaf, numbers

import minigrad as mg
from minigrad.optim import Adadelta, Adagrad, Adamax, RAdam, RMSprop, lr_scheduler, schedules


def descend(optimizer, x, gradient, steps):
    """Make steps along a gradient that is given as a function of NumPy arrays; return the path."""
    path = [numbers(x).copy()]
    for _ in range(steps):
        x.grad = mg.tensor(np.asarray(gradient(path[-1])), dtype=x.dtype, device=x.device)
        optimizer.step()
        path.append(numbers(x).copy())
    return np.array(path)


# Numbers of the documents --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "end"),
    [
        (Adagrad, {"lr": 0.1}, (2.18803076, -1.21711804)),
        (
            Adagrad,
            {"lr": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-7, "eps_inside": True},
            (2.18921432, -1.21714387),
        ),
        (RMSprop, {"lr": 0.01}, (2.16994086, -1.19999107)),
        (
            RMSprop,
            {"lr": 0.01, "alpha": 0.9, "eps": 1e-8, "eps_inside": True},
            (2.66763512, -1.67069206),
        ),
    ],
    ids=["Adagrad", "Adagrad as in optax", "RMSprop", "RMSprop as in optax"],
)
def test_25_steps_on_the_quadratic(kind, options, end, device):
    x = leaf([3.0, -2.0], device)
    path = descend(kind([x], **options), x, lambda x: x * [1.0, 10.0], 25)
    np.testing.assert_allclose(path[-1], end, rtol=0, atol=5e-9)


def test_adagrad_divides_by_the_root_of_the_number_of_equal_gradients():
    """Document 004: steps of eta, eta / sqrt 2, eta / sqrt 3, ..., whatever the gradient."""
    x = leaf([0.0, 0.0], "cpu")
    path = descend(Adagrad([x], lr=0.3), x, lambda x: [7.0, -0.01], 5)
    expected = 0.3 / np.sqrt(np.arange(1, 6))
    np.testing.assert_allclose(-np.diff(path[:, 0]), expected, rtol=1e-8)
    np.testing.assert_allclose(np.diff(path[:, 1]), expected, rtol=1e-8)


def test_a_large_first_gradient_slows_adagrad_for_good():
    """Document 004's claim: a hundred times as large, and later steps are a hundredth."""
    steps = []
    for first in (1.0, 100.0):
        x = leaf([0.0], "cpu")
        gradients = iter([first, *[0.01] * 9])
        path = descend(Adagrad([x], lr=0.1), x, lambda x, rest=gradients: [next(rest)], 10)
        steps.append(np.diff(path[:, 0])[1:])
    np.testing.assert_allclose(steps[0] / steps[1], 100, rtol=1e-3)


def test_rmsprop_begins_too_fast_and_comes_down_to_the_rate():
    """Document 001: by a constant gradient, lr / sqrt(1 - alpha) = 3.16 lr at first, lr at last."""
    x = leaf([0.0], "cpu")
    path = descend(RMSprop([x], lr=0.01, alpha=0.9), x, lambda x: [5.0], 300)
    steps = -np.diff(path[:, 0]) / 0.01
    assert round(steps[0], 2) == 3.16
    np.testing.assert_allclose(steps[[0, -1]], [1 / math.sqrt(0.1), 1], rtol=1e-7)


# What is particular ---------------------------------------------------------------------------------


def test_adagrad_begins_with_its_accumulator_in_every_parameter(device):
    """Also in one that gets its first gradient later, and in the pieces of a large one."""
    small, late, large = leaf([0.0], device), leaf([0.0], device), leaf(np.zeros(200_000), device)
    optimizer = Adagrad([small, late, large], initial_accumulator_value=3.0)
    for turn in range(2):
        for p in (small, large, late)[: 2 + turn]:
            p.grad = mg.ones_like(p)
        optimizer.step()
    for p, expected in ((small, 5.0), (large, 5.0), (late, 4.0)):
        assert np.all(numbers(optimizer.state[p]["sum"]) == expected)


def test_the_centered_variance_is_never_negative(device):
    """By a constant gradient it is 0 but for rounding, of which the root would be NaN."""
    x = leaf(np.zeros(500), device, mg.float32)
    optimizer = RMSprop([x], centered=True, alpha=0.5)
    gradient = np.random.default_rng(0).normal(size=500)
    path = descend(optimizer, x, lambda x: gradient, 60)
    assert np.all(np.isfinite(path))


def test_options_of_rmsprop_can_be_switched_on_later(device):
    training = Training(RMSprop, device)
    training.step()
    training.optimizer.param_groups[0].update(momentum=0.9, centered=True)
    training.step(2)
    state = training.optimizer.state[training.params["w1"]]
    assert list(state) == ["step", "square_avg", "momentum_buffer", "grad_avg"]


def test_the_first_step_of_adadelta_comes_from_eps(device):
    x = leaf([0.0], device)
    path = descend(Adadelta([x], rho=0.9, eps=1e-6), x, lambda x: [50.0], 1)
    np.testing.assert_allclose(path[1], -math.sqrt(1e-6 / 0.1), rtol=1e-6)


def test_a_step_of_adamax_is_never_larger_than_the_rate(device):
    x = leaf(np.zeros(20), device)
    random = np.random.default_rng(1)
    path = descend(Adamax([x], lr=0.1), x, lambda x: random.normal(size=20) ** 3, 50)
    assert np.all(np.abs(np.diff(path, axis=0)) <= 0.1 + 1e-12)


def test_radam_divides_by_the_second_moment_from_the_sixth_step_on():
    """Until then it is descent by the mean gradient: equal gradients, steps of rate times gradient."""
    x = leaf([0.0], "cpu")
    path = descend(RAdam([x], lr=0.1), x, lambda x: [4.0], 7)
    steps = -np.diff(path[:, 0])
    np.testing.assert_allclose(steps[:5], 0.4, rtol=1e-12)
    assert np.all(steps[5:] < 0.02)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: RMSprop(p, lr=0.5),
        lambda p: RMSprop(p, lr=0.5, centered=True, momentum=0.5),
        lambda p: RMSprop(p, lr=0.5, eps_inside=True),
        lambda p: Adagrad(p, lr=2.0),
        lambda p: Adadelta(p, lr=3.0, eps=0.1),
        lambda p: Adamax(p, lr=0.5),
        lambda p: RAdam(p, lr=0.5),
    ],
)
def test_convex_quadratic_is_driven_to_its_minimum(make, device):
    curvature, slope = np.array([[3.0, 0.5], [0.5, 1.0]]), np.array([1.0, -2.0])
    x = leaf([5.0, -4.0], device)
    optimizer = make([x])
    rates = schedules.Constant().then(schedules.Exponential(0.97), after=400)
    scheduler = lr_scheduler.ScheduleLR(optimizer, rates)
    for _ in range(1000):
        x.grad = mg.tensor(curvature @ numbers(x) - slope, device=device)
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(numbers(x), np.linalg.solve(curvature, slope), atol=1e-6)


@pytest.mark.parametrize("name", ["RMSprop", "Adagrad", "Adadelta", "Adamax", "RAdam"])
def test_a_state_dict_of_pytorch_can_be_loaded(name, device):
    """After as many steps, one more from PyTorch's state is one more from the own state."""
    saved = RECORD["state_dicts"][name]
    group = saved["param_groups"][0]
    options = {o: group[o] for o in ("momentum", "centered") if o in group}
    mine, theirs = (Training(getattr(mg.optim, name), device, **options) for _ in range(2))
    mine.step(int(saved["state"]["0"]["step"]))
    with mg.no_grad():
        for p, q in zip(mine.params.values(), theirs.params.values(), strict=True):
            q.copy_(p)
    state = {
        int(index): {key: mg.tensor(v, dtype=mg.float64) for key, v in slots.items()}
        for index, slots in saved["state"].items()
    }
    if "betas" in group:
        group = group | {"betas": tuple(group["betas"])}
    theirs.optimizer.load_state_dict({"state": state, "param_groups": [group]})
    mine.step(), theirs.step()
    for key, values in mine.numbers().items():
        np.testing.assert_allclose(theirs.numbers()[key], values, rtol=0, atol=1e-9)


# Errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (RMSprop, {"alpha": 1.0}, "RMSprop: alpha = 1.0 is out of range, expected 0 <= alpha < 1"),
        (RMSprop, {"eps": -1.0}, "RMSprop: eps = -1.0 is out of range"),
        (RMSprop, {"momentum": -0.1}, "RMSprop: momentum = -0.1 is out of range"),
        (Adagrad, {"lr_decay": -1}, "Adagrad: lr_decay = -1 is out of range"),
        (Adagrad, {"initial_accumulator_value": -1}, "Adagrad: initial_accumulator_value = -1 is"),
        (Adadelta, {"rho": 1.5}, "Adadelta: rho = 1.5 is out of range"),
        (Adamax, {"betas": (0.9, 1.0)}, r"Adamax: betas = \(0.9, 1.0\) is out of range"),
        (RAdam, {"lr": -1}, "RAdam: lr = -1 is out of range"),
    ],
)
def test_hyperparameters_out_of_range(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind([mg.zeros(1)], **options)


def test_positions_of_arguments_are_pytorchs():
    p = mg.zeros(1)
    assert RMSprop([p], 0.1, 0.9, 1e-6, 0.02, 0.5, True).defaults["centered"] is True
    assert Adagrad([p], 0.1, 0.2, 0.03, 0.4, 1e-6).defaults["initial_accumulator_value"] == 0.4
    assert Adadelta([p], 0.1, 0.8, 1e-3, 0.02).defaults["weight_decay"] == 0.02
    assert RAdam([p], 0.1, (0.5, 0.6), 1e-3, 0.02, True).defaults["decoupled_weight_decay"] is True
