"""Rules that look at the size of the gradient: numbers of the documents, and what is particular to each.

Trajectories, defaults and states beside PyTorch's, and what holds for all optimisers, are in
``test_optim.py``.
"""

import math
from functools import partial

import numpy as np
import pytest
from optim_runs import RECORD, Training, ill_conditioned, leaf, numbers, path_of

import minigrad as mg
from minigrad import data, nn
from minigrad.optim import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Momentum,
    Muon,
    NAdam,
    Nesterov,
    NormalizedGD,
    RAdam,
    RMSprop,
    Rprop,
    SignDescent,
    lr_scheduler,
    schedules,
)


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
        (Adam, {"lr": 0.1}, (0.73895727, 0.04673724)),
        (
            Adam,
            {"lr": 0.1, "eps": 1e-7, "eps_after_correction": False},
            (0.73895809, 0.04673715),
        ),
        (AdamW, {"lr": 0.1, "weight_decay": 0.1}, (0.41574978, 0.14407819)),
    ],
    ids=[
        "Adagrad",
        "Adagrad as in optax",
        "RMSprop",
        "RMSprop as in optax",
        "Adam",
        "Adam as in Keras",
        "AdamW",
    ],
)
def test_25_steps_on_the_quadratic(kind, options, end, device):
    x = leaf([3.0, -2.0], device)
    path = descend(kind([x], **options), x, lambda x: x * [1.0, 10.0], 25)
    np.testing.assert_allclose(path[-1], end, rtol=0, atol=5e-9)


@pytest.mark.parametrize(("after", "first"), [(True, 0.73974592), (False, 0.74719489)])
def test_a_large_eps_shows_where_it_is_added(after, first):
    path = path_of(
        partial(Adam, lr=0.1, eps=1e-3, eps_after_correction=after), ill_conditioned, [3, -2], 25
    )
    assert path[-1, 0] == pytest.approx(first, abs=5e-9)


def figure_6_9(phi):
    """The loss of notebook 6.5."""
    return 1 - mg.exp(-2 * phi[1] ** 2 - (phi[0] - 0.7) ** 2 / 8)


def test_003_33_and_001_19_normalized_gradients_bounce_around_the_minimum():
    """Figure 6.9c; with the handwritten eps they do not."""
    for make in (partial(NormalizedGD, lr=0.08), partial(SignDescent, lr=0.08)):
        path = path_of(make, figure_6_9, [-0.7, -0.9], 60)
        np.testing.assert_allclose(
            path[38:41], [[0.74, 0.06], [0.66, -0.02], [0.74, 0.06]], atol=1e-9
        )
        np.testing.assert_allclose(np.abs(np.diff(path, axis=0)), 0.08, atol=1e-12)
    path = path_of(partial(NormalizedGD, lr=0.08, eps=0.001), figure_6_9, [-0.7, -0.9], 40)
    np.testing.assert_allclose(path[-1], [0.735962, 0.051761], atol=5e-7)


def test_003_32_normalized_descent_divides_by_the_root_of_the_squared_gradient(device):
    x = leaf([1.0, 2.0, 3.0], device)
    path = descend(NormalizedGD([x], lr=0.5, eps=0.1), x, lambda _: [3.0, -0.4, 0.0], 1)
    np.testing.assert_allclose(path[1], [1 - 1.5 / 3.1, 2 + 0.2 / 0.5, 3.0], rtol=1e-14)


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({"eps": 1e-20}, (0.667073, 0.029500)),
        ({"eps": 0.001, "bias_correction": False}, (0.743066, -0.007164)),
    ],
    ids=["as printed", "handwritten"],
)
def test_003_35_adam_on_figure_6_9(options, end):
    """Eq. 6.15 to 6.17, 60 steps."""
    make = partial(Adam, lr=0.05, betas=(0.9, 0.99), **options)
    path = path_of(make, figure_6_9, [-0.7, -0.9], 60)
    np.testing.assert_allclose(path[-1], end, atol=5e-7)
    if "bias_correction" not in options:
        assert figure_6_9(mg.tensor(path[-1])).item() == pytest.approx(1.874e-3, abs=5e-7)


@pytest.mark.parametrize(
    ("betas", "corrected", "factor"),
    [((0.9, 0.999), False, 3.162), ((0.9, 0.99), False, 1.0), ((0.9, 0.999), True, 1.0)],
)
def test_003_35_the_first_step_without_correction_is_too_long(betas, corrected, factor):
    """(1 - beta) / sqrt(1 - gamma) times the rate."""
    x = leaf([0.0], "cpu")
    optimizer = Adam([x], lr=0.1, betas=betas, eps=1e-20, bias_correction=corrected)
    path = descend(optimizer, x, lambda _: [7.0], 1)
    assert -path[1, 0] / 0.1 == pytest.approx(factor, abs=5e-4)


def test_003_36_adam_does_not_see_a_factor_of_the_gradient():
    """Sum or mean over a batch are alike; with eps = 0, to rounding."""
    one, many = (
        path_of(partial(Adam, lr=0.1, eps=0.0), lambda x, c=c: c * ill_conditioned(x), [3, -2], 40)
        for c in (1.0, 30.0)
    )
    np.testing.assert_allclose(one, many, rtol=1e-11)


def test_004_16_adam_is_its_equation():
    """Unrolled; r and s are m and v."""
    theta, r, s, expected = np.array([3.0, -2.0]), 0.0, 0.0, [[3.0, -2.0]]
    for t in range(1, 21):
        g = theta * [1.0, 10.0]
        r, s = 0.9 * r + 0.1 * g, 0.99 * s + 0.01 * g * g
        theta = theta - 0.1 * (r / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.99**t)) + 1e-3)
        expected.append(theta)
    make = partial(Adam, lr=0.1, betas=(0.9, 0.99), eps=1e-3)
    np.testing.assert_allclose(path_of(make, ill_conditioned, [3, -2], 20), expected, rtol=1e-12)


def test_lion_is_its_equation(device):
    random = np.random.default_rng(0)
    theta, m = np.array([1.0, -2.0, 0.5]), np.zeros(3)
    x = leaf(theta, device)
    optimizer = Lion([x], lr=0.1, betas=(0.9, 0.99), weight_decay=0.2)
    for _ in range(10):
        g = random.normal(size=3)
        x.grad = mg.tensor(g, device=device)
        optimizer.step()
        theta = theta * (1 - 0.1 * 0.2) - 0.1 * np.sign(0.9 * m + 0.1 * g)
        m = 0.99 * m + 0.01 * g
        np.testing.assert_allclose(numbers(x), theta, rtol=1e-13)


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
        lambda p: NAdam(p, lr=0.5),
        lambda p: Adam(p, lr=0.5, eps_after_correction=False),
        lambda p: Adam(p, lr=0.5, bias_correction=False),
        lambda p: SignDescent(p, lr=0.2),
        lambda p: NormalizedGD(p, lr=0.2),
        lambda p: NormalizedGD(p, lr=0.2, eps=0.1),
        lambda p: Lion(p, lr=0.2),
        lambda p: Rprop(p, lr=0.2),
        lambda p: Momentum.ema(p, alpha=0.4),
        lambda p: Momentum.classical(p, lr=0.1),
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


@pytest.mark.parametrize(
    "make",
    [
        partial(Nesterov.sutskever, lr=0.1, mu=0.8),
        partial(Nesterov, lr=0.1, growing=True),
        partial(Nesterov.lookahead, alpha=0.4, beta=0.8),
        partial(Nesterov.lookahead, alpha=0.4, beta=0.8, at="alpha_m"),
    ],
)
def test_nesterov_drives_a_convex_quadratic_to_its_minimum(make, device):
    path = path_of(make, ill_conditioned, [3.0, -2.0], 800, device)
    np.testing.assert_allclose(path[-1], 0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (partial(SGD, lr=0.5), {}),
        (partial(SGD, lr=0.1, momentum=0.9, nesterov=True), {}),
        (partial(Momentum.classical, lr=0.1), {}),
        (partial(Momentum.ema, alpha=0.5), {}),
        (partial(Nesterov.sutskever, lr=0.1), {}),
        (partial(Nesterov, lr=0.05, growing=True), {}),
        (partial(Adagrad, lr=0.05), {}),
        (partial(Adadelta), {}),
        (partial(RMSprop, lr=0.003), {}),
        (partial(Adam, lr=0.005), {}),
        (partial(AdamW, lr=0.005), {}),
        (partial(Adamax, lr=0.01), {}),
        (partial(RAdam, lr=0.01), {}),
        (partial(NAdam, lr=0.005), {}),
        (partial(Muon, lr=0.05, adamw_lr=0.005), {}),
        (partial(Muon, lr=0.005, adamw_lr=0.005, adjust_lr_fn="match_rms_adamw"), {}),
        (partial(Lion, lr=0.0005), {}),
        # made for gradients of the whole data, as their docstrings say
        (partial(SignDescent, lr=0.002), {"epochs": 200, "batch": 1438}),
        (partial(NormalizedGD, lr=0.002), {"epochs": 200, "batch": 1438}),
        (partial(Rprop), {"epochs": 100, "batch": 1438}),
    ],
    ids=lambda value: getattr(getattr(value, "func", None), "__qualname__", None),
)
def test_the_digits_are_learnt(make, options):
    """Above 95 per cent of the held-out ones, by a network with one hidden layer."""
    epochs, batch = options.get("epochs", 30), options.get("batch", 64)
    mg.manual_seed(0)
    train, test = data.digits_split()
    inputs, labels = train.tensors
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = make(model.parameters())
    random = np.random.default_rng(0)
    for _ in range(epochs):
        order = random.permutation(len(labels))
        for first in range(0, len(labels), batch):
            picked = order[first : first + batch]

            def closure(x=inputs[picked], y=labels[picked]):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), y)
                loss.backward()
                return loss

            optimizer.step(closure)
    with mg.no_grad():
        found = model(test.tensors[0]).argmax(1)
    assert (found == test.tensors[1]).float().mean().item() > 0.95


@pytest.mark.parametrize(
    "name", ["RMSprop", "Adagrad", "Adadelta", "Adamax", "RAdam", "NAdam", "Rprop"]
)
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
        (NAdam, {"momentum_decay": -1}, "NAdam: momentum_decay = -1 is out of range"),
        (
            Rprop,
            {"etas": (0.5, 0.9)},
            r"Rprop: etas = \(0.5, 0.9\) is out of range, expected 0 < eta-",
        ),
        (Rprop, {"step_sizes": (-1, 50)}, r"Rprop: step_sizes = \(-1, 50\) is out of range"),
        (Rprop, {"step_sizes": (50, 1e-6)}, r"Rprop: step_sizes = \(50, 1e-06\) is out of order"),
        (NormalizedGD, {"eps": -1}, "NormalizedGD: eps = -1 is out of range"),
        (SignDescent, {"lr": -1}, "SignDescent: lr = -1 is out of range"),
        (Lion, {"betas": (0.9, 1)}, r"Lion: betas = \(0.9, 1\) is out of range"),
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
    assert NAdam([p], 0.1, (0.5, 0.6), 1e-3, 0.02, 0.5).defaults["momentum_decay"] == 0.5
    assert Rprop([p], 0.1, (0.4, 1.3), (1e-3, 1)).defaults["step_sizes"] == (1e-3, 1)
    assert Muon([mg.zeros(2, 2)], 0.1, 0.2, 0.9, False).defaults["nesterov"] is False
    assert RAdam([p], 0.1, (0.5, 0.6), 1e-3, 0.02, True).defaults["decoupled_weight_decay"] is True
