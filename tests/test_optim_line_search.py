"""Searches along a line, and descent by them: numbers of the documents, conditions, failures."""

import math
import warnings
from functools import partial

import numpy as np
import pytest
from optim_runs import leaf, numbers
from optim_steps import diagonal, rosenbrock, run

import minigrad as mg
from minigrad.optim import LineSearchGD
from minigrad.optim.line_search import (
    Sample,
    backtracking,
    bracketing,
    cubic_minimum,
    exact,
    strong_wolfe,
)

NAMES = "bracketing", "backtracking", "strong_wolfe", "exact"


def two_dips(p):
    return 1 - 0.5 * math.exp(-((p - 0.65) ** 2) / 0.1) - 0.45 * math.exp(-((p - 0.35) ** 2) / 0.02)


def line_fit(device):
    """Document 003's sum of squares on 12 pairs, and its start in figure 6.1."""
    x, y = (one.double().to(device) for one in mg.data.load_line())
    phi = leaf([1.6, -0.5], device)
    return phi, lambda: ((phi[0] + phi[1] * x - y) ** 2).sum()


# Numbers of the documents ----------------------------------------------------------------------------


def test_row_003_04_the_three_rules_find_a_minimum_of_two():
    """Notebook 6.1; the true minimum is .380322, value .328604."""
    found = bracketing(two_dips, 1.0, iterations=10)
    assert found == pytest.approx(0.38323, abs=5e-6)
    assert two_dips(found) == pytest.approx(0.32876, abs=5e-6)
    finer = bracketing(two_dips, 1.0, tolerance=1e-7, iterations=100)
    assert finer == pytest.approx(0.380322, abs=2e-5)
    assert two_dips(finer) == pytest.approx(0.328604, abs=5e-7)


def test_row_003_03_descent_of_figure_6_1(device):
    phi, loss = line_fit(device)
    optimizer = LineSearchGD([phi], lr=0.1, search="bracketing")
    losses, rates = [], []
    for _ in range(10):
        losses += run(optimizer, loss)
        rates.append(optimizer.rate)
    expected = [5.02012, 2.83536, 1.65686, 1.00551, 0.649115]
    np.testing.assert_allclose(losses[:5], expected, rtol=0, atol=5e-6)
    assert loss().item() == pytest.approx(0.213405, abs=5e-7)
    np.testing.assert_allclose(rates[:2], [0.0227, 0.098], atol=1e-4)
    np.testing.assert_allclose(rates, [0.0228, 0.097] * 5, atol=1.2e-3)  # alternating


def test_row_003_03_exact_steps_come_a_little_lower(device):
    phi, loss = line_fit(device)
    run(LineSearchGD([phi], search="exact"), loss, 10)
    assert loss().item() == pytest.approx(0.211374, abs=5e-7)
    x, _ = mg.data.load_line()
    moments = mg.tensor([[12, x.sum()], [x.sum(), (x * x).sum()]], dtype=mg.float64)
    np.testing.assert_allclose(numbers(mg.linalg.eigvalsh(2 * moments)), [3.994, 50.030], atol=5e-4)


@pytest.mark.parametrize(("kappa", "factor"), [(2, 0.1111), (10, 0.6694), (100, 0.9608)])
def test_row_001_16_exact_steps_zigzag(kappa, factor, device):
    x = leaf([kappa, 1.0], device)
    optimizer = LineSearchGD([x], search="exact")
    f = diagonal(1.0, kappa)
    losses, gradients = [], []
    for _ in range(12):
        losses += run(optimizer, lambda: f(x))
        g = numbers(x.grad).copy()
        gradients.append(g / np.linalg.norm(g))
    inner = [a @ b for a, b in zip(gradients, gradients[1:], strict=False)]
    np.testing.assert_allclose(inner, 0, atol=1e-14)
    np.testing.assert_allclose(np.divide(losses[1:], losses[:-1]), factor, atol=5e-5)
    np.testing.assert_allclose(np.divide(losses[1:], losses[:-1]), ((kappa - 1) / (kappa + 1)) ** 2)


# The searches ----------------------------------------------------------------------------------------


def test_bracketing_follows_the_three_rules():
    """By hand, for one, two and three times: d to c; nothing lower than a; a to b."""
    assert bracketing(lambda a: (a - 0.3) ** 2, iterations=1) == pytest.approx((0.22 + 0.44) / 2)
    assert bracketing(lambda a: a, iterations=1) == pytest.approx((0.165 + 0.33) / 2)
    assert bracketing(lambda a: -a, iterations=1) == pytest.approx(
        (0.33 + 0.67 / 3 + 0.33 + 1.34 / 3) / 2
    )
    assert bracketing(lambda a: (a - 5) ** 2, longest=9.0, iterations=90) == pytest.approx(
        5, abs=1e-5
    )
    assert bracketing(lambda a: math.nan if a > 0.1 else -a, iterations=60) < 0.1


def test_where_the_loss_only_rises_bracketing_ends_in_a_tiny_step_and_others_in_none():
    assert bracketing(lambda a: a) == pytest.approx(0.495 / 2**15)
    assert backtracking(lambda a: a, slope=lambda a: 1.0) == 0
    assert strong_wolfe(lambda a: a, slope=lambda a: 1.0) == 0


def test_bracketing_computes_no_value_twice():
    seen = []

    def phi(a):
        seen.append(a)
        return (a - 0.2) ** 2

    bracketing(phi)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("shrink", [0.5, 0.8])
@pytest.mark.parametrize("c1", [1e-4, 0.3])
def test_backtracking_returns_the_first_step_that_is_short_enough(shrink, c1):
    def phi(a):
        return math.cosh(3 * a - 1)

    def slope(a):
        return 3 * math.sinh(3 * a - 1)

    found = backtracking(phi, 4.0, slope=slope, shrink=shrink, c1=c1)
    armijo = [phi(a) <= phi(0) + c1 * a * slope(0) for a in (found, found / shrink)]
    assert armijo == [True, False]
    assert found == pytest.approx(4.0 * shrink ** round(math.log(found / 4) / math.log(shrink)))
    assert backtracking(lambda a: a, slope=lambda a: -1.0) == 0.0


@pytest.mark.parametrize("start", [1e-3, 0.1, 1.0, 30.0])
@pytest.mark.parametrize("c2", [0.1, 0.9])
@pytest.mark.parametrize(
    ("phi", "slope"),
    [
        (lambda a: (a - 2) ** 2, lambda a: 2 * (a - 2)),
        (
            lambda a: -a / (a * a + 2),
            lambda a: (a * a - 2) / (a * a + 2) ** 2,
        ),  # Moré and Thuente's
        (lambda a: math.exp(-a) + 0.01 * a**4, lambda a: -math.exp(-a) + 0.04 * a**3),
        (two_dips, lambda a: (two_dips(a + 1e-6) - two_dips(a - 1e-6)) / 2e-6),
    ],
    ids=["parabola", "fraction", "wall", "two dips"],
)
def test_strong_wolfe_holds(phi, slope, c2, start):
    found = strong_wolfe(phi, start, slope=slope, c2=c2, iterations=60)
    assert found > 0
    assert phi(found) <= phi(0) + 1e-4 * found * slope(0)
    assert abs(slope(found)) <= c2 * abs(slope(0))


def test_strong_wolfe_comes_back_from_where_the_loss_is_no_number():
    found = strong_wolfe(
        lambda a: -math.log(1 - a) - 2 * a if a < 1 else math.nan,
        4.0,
        slope=lambda a: 1 / (1 - a) - 2 if a < 1 else math.nan,
        c2=0.1,
    )
    assert found == pytest.approx(0.5, abs=0.06)


def test_the_minimum_of_a_cubic():
    def sample(a):
        return Sample(a, a**3 - 3 * a, 3 * a**2 - 3)  # least at 1

    assert cubic_minimum(sample(0.5), sample(4.0), 0.5, 4.0) == pytest.approx(1.0)
    assert cubic_minimum(sample(4.0), sample(0.5), 0.5, 4.0) == pytest.approx(1.0)
    assert cubic_minimum(sample(0.5), sample(4.0), 1.5, 4.0) == 1.5
    line = Sample(0.0, 1.0, -1.0), Sample(1.0, 0.0, -1.0)
    assert cubic_minimum(*line, 0.0, 1.0) == 0.5


def test_a_search_that_needs_slopes_says_so():
    with pytest.raises(TypeError, match="needs the derivative of phi; give it as slope="):
        backtracking(lambda a: a)


# Descent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", [*NAMES, partial(strong_wolfe, c2=0.1)])
def test_the_loss_falls_in_every_step(search, device):
    x = leaf([-1.2, 1.0], device)
    losses = run(LineSearchGD([x], search=search), lambda: rosenbrock(x), 30)
    assert all(np.diff(losses) < 0)


def test_exact_steps_can_be_shortened(device):
    """Nine tenths of each step spoils the zigzag: far closer after as many steps."""
    ends = []
    for lr in (1.0, 0.9):
        x = leaf([50.0, 1.0], device)
        ends.append(
            run(LineSearchGD([x], lr=lr, search="exact"), lambda x=x: diagonal(1.0, 50.0)(x), 60)[
                -1
            ]
        )
    assert ends[1] < 1e-3 * ends[0]


def test_a_search_of_ones_own(device):
    x = leaf([3.0, 1.0], device)
    optimizer = LineSearchGD(
        [x], lr=0.25, search=lambda line, lr: lr / 2 if line(lr) < line(0.0) else 0.0
    )
    run(optimizer, lambda: diagonal(1.0, 2.0)(x))
    assert numbers(x).tolist() == [3 - 3 / 8, 1 - 2 / 8] and optimizer.rate == 0.125


def test_another_direction_than_the_gradient(device):
    x = leaf([3.0, 1.0], device)
    optimizer = LineSearchGD([x], search="exact")
    direction = mg.tensor([1.0, 0.0], dtype=mg.float64, device=device)
    optimizer.step(lambda: diagonal(1.0, 2.0)(x), direction=[direction])
    np.testing.assert_allclose(numbers(x), [0.0, 1.0], atol=1e-15)
    assert numbers(x.grad).tolist() == [3.0, 2.0]
    optimizer.step(lambda: diagonal(1.0, 2.0)(x), direction=lambda params: [p.grad for p in params])
    np.testing.assert_allclose(numbers(x), 0, atol=1e-15)


@pytest.mark.parametrize("search", NAMES[:3])  # an exact one goes back to the minimum
def test_without_a_decrease_the_parameters_are_kept_to_the_last_bit(search, device):
    x = leaf([0.1, 0.7], device)
    before = numbers(x).copy()
    optimizer = LineSearchGD([x], search=search)
    direction = [-mg.ones(2, dtype=mg.float64, device=device)]
    with pytest.warns(
        UserWarning, match=r"LineSearchGD.step\(\): the loss does not fall along"
    ) as caught:
        optimizer.step(lambda: diagonal(1.0, 2.0)(x), direction=direction)
    assert caught[0].filename == __file__
    assert numbers(x).tolist() == before.tolist() and optimizer.rate == 0.0


def test_an_exact_step_needs_a_loss_that_bends_up(device):
    x = leaf([1.0], device)
    optimizer = LineSearchGD([x], search="exact")
    with pytest.warns(UserWarning, match="does not fall"):
        run(optimizer, lambda: -(x * x).sum())
    with pytest.warns(UserWarning, match="does not fall"):
        run(optimizer, lambda: (3 * x).sum())
    assert x.item() == 1.0


@pytest.mark.parametrize("search", NAMES)
def test_at_a_minimum_nothing_moves_and_nobody_warns(search, device):
    x = leaf([1.0, 1.0], device)
    optimizer = LineSearchGD([x], search=search)
    assert run(optimizer, lambda: 3.7 + diagonal(1.0, 2.0)(x - 1), 3) == [3.7] * 3
    assert numbers(x).tolist() == [1.0, 1.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(
            optimizer, lambda: 3.7 + diagonal(1.0, 2.0)(x - 1 / 3), 60
        )  # until losses are all the same
    np.testing.assert_allclose(numbers(x), 1 / 3, atol=1e-7)


def test_losses_that_differ_by_rounding_are_no_failure(device):
    """Close to a minimum at a large loss: no step lowers it, and it is nobody's fault."""
    x = leaf([1e-7], device)
    optimizer = LineSearchGD([x], search=lambda line, lr: 0.0 * line(lr))
    run(optimizer, lambda: 1e3 + (x * x).sum() + 1e-13 * (x < 1e-8).double().sum())
    with pytest.warns(UserWarning, match="does not fall"):
        run(optimizer, lambda: 1.0 + 1e-3 * (x < 1e-8).double().sum() + 0 * x.sum() + (x**2).sum())


def test_an_exception_in_the_closure_leaves_the_parameters(device):
    x = leaf([1.0, -1.0], device)
    calls = []

    def loss():
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return diagonal(1.0, 30.0)(x)

    with pytest.raises(KeyboardInterrupt):
        run(LineSearchGD([x]), loss)
    assert numbers(x).tolist() == [1.0, -1.0]


def test_frozen_parameters_stay(device):
    x, frozen = leaf([1.0], device), mg.tensor([2.0], dtype=mg.float64, device=device)
    run(LineSearchGD([frozen, x], search="exact"), lambda: ((x - frozen) ** 2).sum())
    assert (x.item(), frozen.item(), frozen.grad) == (2.0, 2.0, None)


# Errors ----------------------------------------------------------------------------------------------


def test_groups_have_the_same_hyperparameters(device):
    a, b, c = (leaf([1.0], device) for _ in range(3))
    optimizer = LineSearchGD([{"params": a, "lr": 0.3}, {"params": b}])
    assert [group["lr"] for group in optimizer.param_groups] == [0.3, 0.3]
    with pytest.raises(ValueError, match=r"LineSearchGD: lr = 0.1 in a group, 0.3 in the first"):
        optimizer.add_param_group({"params": c, "lr": 0.1})
    assert len(optimizer.param_groups) == 2


def test_what_the_closure_does_wrong_is_said(device):
    x = leaf([1.0], device)
    optimizer = LineSearchGD([x])

    def backward():
        loss = (x * x).sum()
        loss.backward()
        return loss

    for closure, kind, message in [
        (backward, RuntimeError, "LineSearchGD: the closure called backward"),
        (lambda: 3.0, TypeError, "LineSearchGD: the closure has to return a tensor, got float"),
        (
            lambda: (x.detach() ** 2).sum(),
            RuntimeError,
            "does not depend on anything that requires",
        ),
    ]:
        with pytest.raises(kind, match=message):
            optimizer.step(closure)
    assert x.item() == 1.0
    with pytest.raises(
        ValueError, match="search = 'golden' is unknown, expected a function or one of"
    ):
        LineSearchGD([x], search="golden")
    with pytest.raises(ValueError, match="for a fixed rate there is SGD"):
        LineSearchGD([x], search=None)
    with pytest.raises(RuntimeError, match="LineSearchGD: all parameters are frozen"):
        LineSearchGD([x.detach()]).step(lambda: (x * x).sum())


def test_the_gradient_of_a_loss_along_the_line_is_its_slope(device):
    """Line.slope and Line.curvature beside differences, through the search that is given the line."""
    x = leaf([-1.2, 1.0], device)

    def look(line, lr):
        for alpha in (0.0, 1e-3):
            h = 1e-6
            assert line.slope(alpha) == pytest.approx(
                (line(alpha + h) - line(alpha - h)) / (2 * h), rel=1e-5
            )
        assert line.curvature() == pytest.approx(
            (line.slope(1e-7) - line.slope(-1e-7)) / 2e-7, rel=1e-4
        )
        assert exact(line) == pytest.approx(-line.slope(0.0) / line.curvature())
        return 1e-4

    run(LineSearchGD([x], search=look), lambda: rosenbrock(x))
