"""Sharpness-aware minimisation: numbers of algorithms.md 3.3, one step by hand, and what is left as it was."""

import copy

import numpy as np
import pytest
from optim_runs import RECORD, leaf, network, numbers
from optim_steps import closure_for, diagonal, rosenbrock, run

import minigrad as mg
from minigrad import nn
from minigrad.optim import (
    ES,
    LBFGS,
    SAM,
    SGD,
    Adam,
    LevenbergMarquardt,
    LineSearchGD,
    Nesterov,
    Newton,
    RandomSearch,
    lr_scheduler,
)


def watched(optimizer, x, loss):
    """Return the closure, and the list of points and gradients that it fills."""
    seen = []
    inner = closure_for(optimizer, loss)

    def closure():
        value = inner()
        seen.append((numbers(x).copy(), numbers(x.grad).copy()))
        return value

    return closure, seen


# Numbers of the documents -----------------------------------------------------------------------------


def test_row_000_05_the_first_step_on_diag_1_10(device):
    x = leaf([3.0, -2.0], device)
    optimizer = SAM([x], lr=0.05, rho=0.05)
    closure, seen = watched(optimizer, x, lambda: diagonal(1.0, 10.0)(x))
    assert optimizer.step(closure).item() == 24.5
    (start, _), (moved, gradient) = seen
    np.testing.assert_allclose(moved - start, [0.00742, -0.04945], atol=5e-6)
    np.testing.assert_allclose(gradient, [3.00742, -20.49447], atol=5e-6)
    np.testing.assert_allclose(numbers(x), [2.84963, -0.97528], atol=5e-6)


def test_it_ends_in_a_cycle_of_known_radius(device):
    """eta L rho / (2 - eta L) = .016667 with eta = .05, L = 10, rho = .05."""
    x = leaf([3.0, -2.0], device)
    optimizer = SAM([x], lr=0.05, rho=0.05)
    run(optimizer, lambda: diagonal(1.0, 10.0)(x), 1000)
    first = numbers(x).copy()
    run(optimizer, lambda: diagonal(1.0, 10.0)(x))
    np.testing.assert_allclose(abs(first), [0, 1 / 60], atol=1e-12)
    np.testing.assert_allclose(numbers(x), -first, atol=1e-12)


# The step ----------------------------------------------------------------------------------------------


def test_one_norm_over_all_parameters(device):
    """A step by hand over parameters of several shapes and groups; one of them has no gradient."""
    start = {"a": [1.0, -2.0], "b": [[0.5], [4.0]], "c": 3.0}
    p = {name: leaf(value, device) for name, value in start.items()}
    unused = leaf([1.0], device)
    optimizer = SAM([{"params": [p["a"], unused]}, {"params": [p["b"], p["c"]], "lr": 0.2}], lr=0.1)
    run(optimizer, lambda: (p["a"] ** 3).sum() + (p["b"] ** 2).sum() * p["c"])
    a, b, c = (np.array(start[name]) for name in "abc")

    def gradient(a, b, c):
        return 3 * a**2, 2 * b * c, (b**2).sum()

    g = gradient(a, b, c)
    scale = 0.05 / np.sqrt(sum((one**2).sum() for one in g))
    g = gradient(*(value + scale * one for value, one in zip((a, b, c), g, strict=True)))
    for name, value, one, lr in zip("abc", (a, b, c), g, (0.1, 0.2, 0.2), strict=True):
        np.testing.assert_allclose(numbers(p[name]), value - lr * one, rtol=1e-12)
    assert unused.item() == 1.0


def test_a_frozen_parameter_counts_for_nothing_whatever_gradient_it_has_left(device):
    a, b = leaf([1.0], device), leaf([1.0], device)
    optimizer = SAM([a, b], lr=0.1, rho=0.05)
    b.requires_grad_(False)
    b.grad = mg.tensor([1e6], dtype=mg.float64, device=device)
    points = []

    def closure():
        a.grad = None
        points.append(a.item())
        (a * a).sum().backward()

    optimizer.step(closure)
    np.testing.assert_allclose(points, [1.0, 1.05])
    assert b.item() == 1.0


def test_adaptive_distances_do_not_depend_on_the_scale_of_weights(device):
    """ASAM: eps = rho w^2 g / |w g|; with w ten times as large, the loss the same, so is the second loss."""
    w, g = np.array([2.0, -0.5]), np.array([3.0, 10.0])
    losses = []
    for scale in (1.0, 10.0):
        x = leaf(scale * w, device)
        optimizer = SAM([x], rho=0.5, adaptive=True)
        slope = mg.tensor(g / scale, dtype=mg.float64, device=device)
        closure, seen = watched(optimizer, x, lambda s=slope, x=x: (s * x).sum())
        optimizer.step(closure)
        eps = 0.5 * w**2 * g / np.linalg.norm(w * g)
        np.testing.assert_allclose(seen[1][0], scale * (w + eps), rtol=1e-12)
        losses.append(seen[1][0] @ (g / scale))
    assert losses[0] == pytest.approx(losses[1])


@pytest.mark.parametrize("dtype", [mg.float16, mg.float32, mg.float64])
def test_parameters_come_back_to_the_last_bit(dtype, device):
    start = np.random.default_rng(0).normal(size=1000).astype(dtype)
    x = leaf(start, device, dtype)
    run(SAM([x], lr=0.0, rho=0.3), lambda: (x * x).sum(), 5)
    assert x.dtype == dtype
    assert np.array_equal(numbers(x), start)

    def fails():
        if numbers(x)[0] != start[0]:
            raise KeyboardInterrupt
        return (x * x).sum()

    with pytest.raises(KeyboardInterrupt):
        run(SAM([x], lr=0.1), fails)
    assert np.array_equal(numbers(x), start)


def test_without_slope_nothing_moves(device):
    x = leaf([0.0, 0.0], device)
    run(SAM([x], lr=0.1), lambda: diagonal(1.0, 2.0)(x))
    assert numbers(x).tolist() == [0.0, 0.0]
    with pytest.warns(UserWarning, match="no parameter has a gradient"):
        SAM([x], lr=0.1).step(lambda: setattr(x, "grad", None))


def test_with_radius_zero_it_is_its_inner_optimiser(device):
    ends = []
    for make in (lambda p: Adam(p, lr=0.1), lambda p: SAM(p, Adam, rho=0.0, lr=0.1)):
        p = {k: leaf(v, device) for k, v in RECORD["start"].items()}
        x, y = (mg.tensor(RECORD[k], dtype=mg.float64, device=device) for k in "xy")
        run(make(p.values()), lambda p=p, x=x, y=y: network(p, x, y), 5)
        ends.append(np.concatenate([numbers(one).reshape(-1) for one in p.values()]))
    np.testing.assert_array_equal(ends[0], ends[1])


def test_the_step_does_not_wait_for_the_device(transfers):
    p = {k: leaf(v, "strict") for k, v in RECORD["start"].items()}
    x, y = (mg.tensor(RECORD[k], dtype=mg.float64, device="strict") for k in "xy")
    optimizer = SAM(p.values(), momentum=0.9, adaptive=True)
    closure = closure_for(optimizer, lambda: network(p, x, y))
    optimizer.step(closure)
    with transfers.forbidden():
        optimizer.step(closure)


# Batch normalisation -----------------------------------------------------------------------------------


def test_running_statistics_see_each_batch_once_with_the_model(device):
    """As after one pass at the parameters before the step; without the model they see a second one."""
    mg.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)
    )
    x = mg.randn(8, 3, device=device)
    plain, kept, twice = (copy.deepcopy(model) for _ in range(3))
    run(SGD(plain.parameters(), lr=0.1), lambda: (plain(x) ** 2).mean())
    run(SAM(kept.parameters(), lr=0.1, model=kept), lambda: (kept(x) ** 2).mean())
    run(SAM(twice.parameters(), lr=0.1), lambda: (twice(x) ** 2).mean())
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        expected, same, other = (numbers(getattr(m[1], name)) for m in (plain, kept, twice))
        assert np.array_equal(expected, same) and not np.array_equal(expected, other), name


# Around another optimiser ------------------------------------------------------------------------------


def test_groups_schedules_and_state_are_those_of_one_optimiser(device):
    x, late = leaf([3.0, -2.0], device), leaf([1.0], device)
    optimizer = SAM([{"params": x, "rho": 0.1}], lr=0.1, momentum=0.9)
    scheduler = lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    run(optimizer, lambda: diagonal(1.0, 10.0)(x))
    scheduler.step()
    group = {"params": late, "momentum": 0.0}
    optimizer.add_param_group(group)
    assert optimizer.param_groups[1] is group and group["rho"] == 0.05 and group["lr"] == 0.1
    assert optimizer.param_groups[0]["lr"] == 0.05 and optimizer.defaults["momentum"] == 0.9
    assert optimizer.base.param_groups is optimizer.param_groups
    assert list(optimizer.state[x]) == ["momentum_buffer"]
    optimizer.state[x]["momentum_buffer"] = mg.zeros(2, dtype=mg.float64, device=device)
    before = numbers(x).copy()
    closure, seen = watched(optimizer, x, lambda: diagonal(1.0, 10.0)(x) + (late**2).sum())
    optimizer.step(closure)
    np.testing.assert_allclose(numbers(x), before - 0.05 * seen[1][1], rtol=1e-12)
    assert "rho: 0.1" in repr(optimizer) and "momentum: 0.9" in repr(optimizer)


def test_copies_go_their_own_way(device):
    x = leaf([-1.2, 1.0], device)
    optimizer = SAM([x], lr=1e-3, momentum=0.9)
    run(optimizer, lambda: rosenbrock(x), 3)
    other = copy.deepcopy(optimizer)
    (y,) = other.param_groups[0]["params"]
    assert other.base.param_groups is other.param_groups and other.base.state is other.state
    run(other, lambda: rosenbrock(y), 3)
    assert not np.array_equal(numbers(x), numbers(y))
    run(optimizer, lambda: rosenbrock(x), 3)
    assert np.array_equal(numbers(x), numbers(y))
    other = copy.deepcopy(other)
    (y,) = other.param_groups[0]["params"]
    run(other, lambda: rosenbrock(y))
    other.state[y]["momentum_buffer"] = 0 * y.detach()  # is noticed
    run(other, lambda: rosenbrock(y))
    np.testing.assert_allclose(
        numbers(other.state[y]["momentum_buffer"]), numbers(y.grad), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda p: SAM(p, rho=-0.1),
            ValueError,
            r"SAM: rho = -0.1 is out of range, expected 0 <= rho",
        ),
        (lambda p: SAM(p, lr=-0.1), ValueError, "lr = -0.1 is out of range"),
        *[
            (
                lambda p, base=base: SAM(p, base),
                ValueError,
                r"SAM: base made \w+, whose step\(\) needs a closure",
            )
            for base in (
                SAM,
                LBFGS,
                Newton,
                LineSearchGD,
                ES,
                RandomSearch,
                Nesterov,
                LevenbergMarquardt,
            )
        ],
        (lambda p: SAM(p, alpha=1), TypeError, "alpha is none of its hyperparameters"),
        (
            lambda p: SAM(p, base=lambda params: 3),
            TypeError,
            "base has to make an Optimizer, it made int",
        ),
        (
            lambda p: SAM([{"params": p}]).add_param_group({"params": p}),
            ValueError,
            "is listed twice",
        ),
        (
            lambda p: SAM(p).load_state_dict({}),
            ValueError,
            "SAM.load_state_dict: expected a dict with",
        ),
    ],
)
def test_errors(make, kind, message):
    with pytest.raises(kind, match=message):
        make([leaf([1.0], "cpu")])
