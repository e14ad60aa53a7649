"""Newton, Newton-CG, Levenberg-Marquardt and L-BFGS: one step on quadratics, saddles, PyTorch's numbers."""

import copy
import inspect
import json
import math
from pathlib import Path

import numpy as np
import pytest
from optim_runs import RECORD as NETWORK, leaf, network, numbers
from optim_steps import Quadratic, diagonal, rosenbrock, run

import minigrad as mg
from minigrad.optim import LBFGS, LevenbergMarquardt, Newton, NewtonCG
from minigrad.optim.line_search import strong_wolfe
from minigrad.optim.newton import truncated_cg

RECORD = json.loads((Path(__file__).parent / "recorded" / "lbfgs.json").read_text(encoding="utf-8"))


def double(values, device="cpu"):
    return mg.tensor(values, dtype=mg.float64, device=device)


# Newton ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        Newton,
        lambda p: Newton(p, saddle_free=False),
        lambda p: Newton(p, search="backtracking"),
        lambda p: NewtonCG(p, tolerance=0.0),
        lambda p: NewtonCG(p, tolerance=0.0, search=None),
    ],
    ids=["saddle-free", "plain", "searching", "CG", "CG without search"],
)
def test_row_000_05_one_step_does_for_a_quadratic(make, device):
    quadratic = Quadratic(device)
    optimizer = make(quadratic.params)
    start, slope = quadratic.numbers(), Quadratic.matrix @ quadratic.numbers() - Quadratic.slope
    run(optimizer, quadratic)
    np.testing.assert_allclose(quadratic.numbers(), Quadratic.least, atol=1e-13)
    left = np.concatenate([numbers(p.grad).reshape(-1) for p in quadratic.params])
    np.testing.assert_allclose(left, slope, rtol=1e-13)
    assert not np.array_equal(start, quadratic.numbers()) and optimizer.rate == 1


@pytest.mark.parametrize("damping", [0.0, 0.7])
@pytest.mark.parametrize("lr", [1.0, 0.5])
def test_newtons_step_by_hand(damping, lr, device):
    """On f = x^3 + x y^2, whose Hessian is ((6x, 2y), (2y, 2x))."""
    for saddle_free in (True, False):
        x = leaf([1.0, 0.5], device)
        optimizer = Newton([x], lr=lr, damping=damping, saddle_free=saddle_free)
        run(optimizer, lambda x=x: x[0] ** 3 + x[0] * x[1] ** 2)
        hessian, slope = np.array([[6.0, 1.0], [1.0, 2.0]]), np.array([3.25, 1.0])
        step = np.linalg.solve(hessian + damping * np.eye(2), slope)
        np.testing.assert_allclose(numbers(x), [1.0, 0.5] - lr * step, rtol=1e-13)


def test_a_saddle_draws_newton_and_repels_it_with_absolute_eigenvalues(device):
    """Row 000.07's function, (x^2 - y^2) / 2 + y^4 / 4: a saddle at (0, 0), minima at (0, 1), (0, -1)."""

    def f(x):
        return 0.5 * (x[0] ** 2 - x[1] ** 2) + x[1] ** 4 / 4

    for saddle_free, end in ((False, [0.0, 0.0]), (True, [0.0, 1.0])):
        x = leaf([1.0, 0.1], device)
        run(Newton([x], saddle_free=saddle_free), lambda x=x: f(x), 30)
        np.testing.assert_allclose(numbers(x), end, atol=1e-12)
    for tolerance in (0.0, 0.5):
        x = leaf([1.0, 0.1], device)
        run(NewtonCG([x], tolerance=tolerance), lambda x=x: f(x), 30)
        np.testing.assert_allclose(numbers(x), [0.0, 1.0], atol=1e-7)


def test_there_is_no_step_where_the_loss_is_flat(device):
    """Of the minima on a line, the nearest; a slope without bend needs damping."""
    x = leaf([3.0, 1.0], device)
    run(Newton([x]), lambda: (x[0] + x[1] - 2) ** 2)
    np.testing.assert_allclose(numbers(x), [2.0, 0.0], atol=1e-14)
    run(Newton([x]), lambda: 3 * x[0])
    np.testing.assert_allclose(numbers(x), [2.0, 0.0], atol=1e-14)
    run(Newton([x], damping=2.0), lambda: 3 * x[0])
    np.testing.assert_allclose(numbers(x), [0.5, 0.0], atol=1e-14)
    with pytest.raises(ValueError, match=r"[Ss]ingular"):
        run(Newton([leaf([1.0, 2.0], "cpu")], saddle_free=False), lambda: (x[0] + x[1] - 2) ** 2)


@pytest.mark.parametrize(
    ("make", "steps"),
    [
        (lambda p: Newton(p), 8),
        (lambda p: Newton(p, search="backtracking"), 24),
        (lambda p: Newton(p, search="strong_wolfe"), 24),
        (lambda p: NewtonCG(p, tolerance=0.01), 24),
        (lambda p: NewtonCG(p, tolerance=0.01, search="strong_wolfe"), 24),
    ],
)
def test_rosenbrocks_valley_ends_in_its_minimum(make, steps, device):
    x = leaf([-1.2, 1.0], device)
    run(make([x]), lambda: rosenbrock(x), steps)
    np.testing.assert_allclose(numbers(x), 1, atol=1e-10)


def test_products_with_the_hessian_find_what_solving_finds(device):
    """A small network: one step of each from the same point, damped until the Hessian is positive."""
    ends = []
    for make in (
        lambda ps: Newton(ps, damping=9.0, saddle_free=False),
        lambda ps: NewtonCG(ps, damping=9.0, tolerance=0.0, search=None, max_iter=40),
    ):
        p = {k: leaf(v, device) for k, v in NETWORK["start"].items()}
        x, y = double(NETWORK["x"], device), double(NETWORK["y"], device)
        losses = run(make(p.values()), lambda p=p, x=x, y=y: network(p, x, y), 3)
        assert losses[2] < losses[0]
        ends.append(np.concatenate([numbers(one).reshape(-1) for one in p.values()]))
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-10)


def test_conjugate_gradients(device):
    """Exact after n products; the gradient itself where it bends down; what was found until then."""
    matrix, slope = double(Quadratic.matrix, device), double(Quadratic.slope, device)
    calls = []

    def product(v):
        calls.append(1)
        return matrix @ v

    found = truncated_cg(product, slope, tolerance=0.0)
    np.testing.assert_allclose(numbers(found), -Quadratic.least, atol=1e-13)
    assert len(calls) == 5
    rest = Quadratic.matrix @ numbers(truncated_cg(product, slope)) + Quadratic.slope
    assert np.linalg.norm(rest) <= 0.5 * np.linalg.norm(Quadratic.slope)
    assert len(calls) < 5 + 3
    assert numbers(truncated_cg(lambda v: -v, slope)).tolist() == (-Quadratic.slope).tolist()
    assert not numbers(truncated_cg(product, 0 * slope)).any()
    bent = double([2.0, -1.0], device)
    found = truncated_cg(lambda v: bent * v, double([1.0, 0.1], device), tolerance=0.0)
    alpha = 1.01 / (2 - 0.01)  # the second direction bends down: where the first one ended
    np.testing.assert_allclose(numbers(found), [-alpha, -0.1 * alpha], rtol=1e-12)


# Least squares ---------------------------------------------------------------------------------------


def test_row_003_01_gauss_and_newton_fit_a_line_in_one_step(device):
    x, y = (one.double().to(device) for one in mg.data.load_line())
    phi = leaf([1.6, -0.5], device)
    optimizer = LevenbergMarquardt([phi], damping=0)
    losses = run(optimizer, lambda: phi[0] + phi[1] * x - y, 2)
    np.testing.assert_allclose(losses, [5.02012, 0.199866], atol=5e-6)
    np.testing.assert_allclose(numbers(phi), [0.825950, 0.522226], atol=5e-7)


def test_row_003_06_the_gabor_model_is_fitted(device):
    x, y = (one.double().to(device) for one in mg.data.load_gabor())
    phi = leaf([-1.5, 8.5], device)

    def residuals():
        u = phi[0] + 0.06 * phi[1] * x
        return mg.sin(u) * (-u * u / 32).exp() - y

    losses = run(LevenbergMarquardt([phi]), residuals, 40)
    assert losses[0] == pytest.approx(11.69602, abs=5e-6)
    assert losses[-1] == pytest.approx(0.6457, abs=5e-5)
    np.testing.assert_allclose(numbers(phi), [0.0038, 16.0263], atol=5e-5)
    assert all(np.diff(losses) <= 0)


@pytest.mark.parametrize("count", [1, 2, 5])  # fewer residuals than numbers, and more
def test_the_damped_step_by_hand(count, device):
    random = np.random.default_rng(0)
    jacobian, offset = random.normal(size=(count, 3)), random.normal(size=count)
    a, b = leaf([0.5, -1.0], device), leaf(2.0, device)
    optimizer = LevenbergMarquardt([a, b], damping=0.3)
    matrix, shift = double(jacobian, device), double(offset, device)
    run(optimizer, lambda: (matrix @ mg.cat([a, b.reshape(1)]) + shift).reshape(count, 1))
    start = np.array([0.5, -1.0, 2.0])
    residuals = jacobian @ start + offset
    step = np.linalg.solve(jacobian.T @ jacobian + 0.3 * np.eye(3), jacobian.T @ residuals)
    np.testing.assert_allclose([*numbers(a), numbers(b)], start - step, rtol=1e-10)
    assert optimizer.param_groups[0]["damping"] == pytest.approx(0.03)
    left = np.concatenate([numbers(p.grad).reshape(-1) for p in (a, b)])
    np.testing.assert_allclose(left, 2 * jacobian.T @ residuals, rtol=1e-10)


def test_the_damping_grows_until_the_loss_falls(device):
    x = leaf([-1.2, 1.0], device)
    optimizer = LevenbergMarquardt([{"params": x}], damping=1e-8)
    losses = run(optimizer, lambda: mg.stack([1 - x[0], 10 * (x[1] - x[0] ** 2)]), 40)
    assert all(np.diff(losses) <= 0) and losses[-1] < 1e-20
    np.testing.assert_allclose(numbers(x), 1, atol=1e-10)
    before, damping = numbers(x).copy(), optimizer.param_groups[0]["damping"]
    optimizer = LevenbergMarquardt([x], damping=damping)
    run(optimizer, lambda: mg.stack([x[0] * 0 + 1.0, x[1] * 0 + 1.0]))  # nothing lowers it
    assert numbers(x).tolist() == before.tolist()
    assert optimizer.param_groups[0]["damping"] == damping


def test_the_damping_never_falls_to_zero_where_steps_would_not_be_tested(device):
    x = leaf([1.0], device)
    optimizer = LevenbergMarquardt([x], factor=1e30)
    for _ in range(15):
        x.detach().fill_(1.0)
        run(optimizer, lambda: x - 3.0)
    assert optimizer.param_groups[0]["damping"] == 1e-20
    optimizer.param_groups[0]["damping"] = 1e-30  # what is given is kept
    x.detach().fill_(1.0)
    run(optimizer, lambda: x - 3.0)
    assert optimizer.param_groups[0]["damping"] == 1e-30


def test_a_residual_that_raises_leaves_the_parameters(device):
    x, calls = leaf([1.0, 2.0], device), []

    def residuals():
        calls.append(1)
        if len(calls) > 1:
            raise ZeroDivisionError
        return x * x

    with pytest.raises(ZeroDivisionError):
        run(LevenbergMarquardt([x]), residuals)
    assert numbers(x).tolist() == [1.0, 2.0]


# L-BFGS ----------------------------------------------------------------------------------------------


def quadratic(x):
    return 0.5 * (x[0] ** 2 + 10 * x[1] ** 2 + 100 * x[2] ** 2) + x[0] * x[1] - x[2]


def waves(x):
    return (0.1 * x**2 + (5 * x).sin()).sum() + 0.3 * (x[0] * x[1]).cos()


def walls(x):
    return ((4 * x).exp() + (-x).exp() + 0.01 * x**4).sum() + (x[0] - x[1]) ** 2


FUNCTIONS = {
    "rosenbrock": rosenbrock,
    "valley": rosenbrock,
    "quadratic": quadratic,
    "waves": waves,
    "walls": walls,
}


def problem(name, device):
    """The problems of ``tools/record_lbfgs.py``."""
    if name == "network":
        p = {k: leaf(v, device) for k, v in NETWORK["start"].items()}
        x, y = double(NETWORK["x"], device), double(NETWORK["y"], device)
        return p, lambda: network(p, x, y)
    x = leaf(RECORD["starts"][name], device)
    return {"x": x}, lambda: FUNCTIONS[name](x)


def title(entry):
    return f"{entry['problem']}({', '.join(f'{k}={v}' for k, v in entry['options'].items())})"


@pytest.mark.parametrize("entry", RECORD["runs"], ids=title)
def test_lbfgs_goes_where_pytorchs_goes(entry, device):
    params, loss = problem(entry["problem"], device)
    optimizer = LBFGS(params.values(), **entry["options"])
    calls = []

    def counted():
        calls.append(1)
        return loss()

    for points, count in zip(entry["points"], entry["calls"], strict=True):
        with np.errstate(over="ignore", invalid="ignore"):  # a step that was tried may be too long
            run(optimizer, counted)
        assert len(calls) == count
        for name, expected in points.items():
            np.testing.assert_allclose(numbers(params[name]), expected, rtol=0, atol=1e-9)


def wave(a, numbers):
    size, speed, shift, slope, bend = numbers
    value = size * math.sin(speed * a + shift) + bend * a * a
    change = size * speed * math.cos(speed * a + shift) + 2 * bend * a
    start = size * speed * math.cos(shift)
    return value - (start + slope) * a, change - (start + slope)


def test_its_line_search_is_pytorchs():
    for entry in RECORD["searches"]:
        calls = []

        def phi(a, numbers=entry["numbers"], calls=calls):
            calls.append(a)
            return wave(a, numbers)[0]

        found = strong_wolfe(
            phi, entry["start"], slope=lambda a, n=entry["numbers"]: wave(a, n)[1], c2=entry["c2"]
        )
        assert found == pytest.approx(entry["found"], abs=1e-9), entry
        assert len(calls) == entry["calls"], entry


def test_the_arguments_of_lbfgs_are_pytorchs():
    mine = [
        str(p.replace(annotation=p.empty)) for p in inspect.signature(LBFGS).parameters.values()
    ]
    assert mine == RECORD["signature"]


def test_lbfgs_keeps_little_and_tells_how_often_it_looked(device):
    x = leaf([-1.2, 1.0, 0.3], device)
    optimizer = LBFGS([x], history_size=3, max_iter=7, max_eval=99, line_search_fn="strong_wolfe")
    calls = []
    run(optimizer, lambda: calls.append(1) or rosenbrock(x), 2)
    state = optimizer.state[x]
    assert state["func_evals"] == len(calls) and state["n_iter"] == 14
    assert [len(state[name]) for name in ("old_dirs", "old_stps", "ro")] == [3, 3, 3]


def test_lbfgs_stops_at_once_where_the_gradient_is_small(device):
    x = leaf([1e-9, 0.0], device)
    calls = []
    run(LBFGS([x]), lambda: calls.append(1) or diagonal(1.0, 2.0)(x))
    assert len(calls) == 1 and numbers(x).tolist() == [1e-9, 0.0]


def test_lbfgs_leaves_out_what_has_no_gradient(device):
    x, unused = leaf([1.0, 1.0], device), leaf([5.0], device)
    run(LBFGS([unused, x], line_search_fn="strong_wolfe"), lambda: diagonal(1.0, 2.0)(x))
    np.testing.assert_allclose(numbers(x), 0, atol=1e-5)
    assert unused.item() == 5.0


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("failing", [2, 3, 6])
def test_lbfgs_restores_the_parameters_when_the_closure_raises(search, failing, device):
    """To where the step at hand began; and it goes on from there as if it had not been tried."""
    ends = []
    for fails in (False, True):
        x, calls, points = leaf([-1.2, 1.0], device), [], []

        def loss(x=x, calls=calls, points=points, fails=fails):
            calls.append(1)
            points.append(numbers(x).tolist())
            if fails and len(calls) == failing:
                raise ZeroDivisionError
            return rosenbrock(x)

        optimizer = LBFGS([x], lr=0.1, max_iter=20, max_eval=100, line_search_fn=search)
        if fails:
            with pytest.raises(ZeroDivisionError):
                run(optimizer, loss)
            assert numbers(x).tolist() in points[:-1]
            assert search or numbers(x).tolist() == points[-2]
            assert optimizer.state[x]["n_iter"] == 0 or failing > 2
        run(optimizer, loss, 30)
        ends.append(numbers(x).copy())
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-3)


def test_lbfgs_says_how_far_the_last_step_went(device):
    x = leaf([3.0], device)
    optimizer = LBFGS([x], lr=0.25, max_iter=3)
    assert optimizer.rate == 0.0
    run(optimizer, lambda: diagonal(1.0)(x))
    assert optimizer.rate == 0.25
    x = leaf([3.0], device)
    optimizer = LBFGS([x], max_iter=1, max_eval=25, line_search_fn="strong_wolfe")
    run(optimizer, lambda: 50 * (x * x).sum())
    assert optimizer.rate == optimizer.state[x]["t"] > 0
    run(optimizer, lambda: (0 * x).sum())  # flat
    assert optimizer.rate == 0.0
    path = mg.optim.minimize(diagonal(1.0, 2.0), [3.0, 1.0], LBFGS, steps=3)
    assert path.rates.shape == (3,) and path.rates[-1] == 0.0


def test_one_iteration_leaves_the_line_search_nothing_as_in_pytorch(device):
    """By default it sees its first step alone: nothing moves where that is not lower, in any call."""
    x = leaf([-1.2, 1.0], device)
    run(LBFGS([x], max_iter=1, line_search_fn="strong_wolfe"), lambda: rosenbrock(x), 4)
    assert numbers(x).tolist() == [-1.2, 1.0]
    run(LBFGS([x], max_iter=1, max_eval=25, line_search_fn="strong_wolfe"), lambda: rosenbrock(x))
    assert numbers(x).tolist() != [-1.2, 1.0]


def test_a_state_of_float64_can_be_loaded_for_float32(device):
    x = leaf([-1.2, 1.0], device)
    optimizer = LBFGS([x], max_iter=3)
    run(optimizer, lambda: rosenbrock(x))
    single = leaf([-1.2, 1.0], device, mg.float32)
    other = LBFGS([single], max_iter=3)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    state = other.state[single]
    assert {one.dtype for name in ("old_dirs", "old_stps", "ro") for one in state[name]} == {
        mg.float32
    }
    run(other, lambda: rosenbrock(single))
    assert single.dtype == mg.float32 and math.isfinite(single[0].item())


# Errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda p: Newton(p, damping=-1), ValueError, "Newton: damping = -1 is out of range"),
        (lambda p: Newton(p, search="no"), ValueError, "Newton: search = 'no' is unknown"),
        (lambda p: NewtonCG(p, lr=-0.1), ValueError, "NewtonCG: lr = -0.1 is out of range"),
        (lambda p: NewtonCG(p, tolerance="a"), TypeError, "NewtonCG: tolerance has to be a number"),
        (lambda p: LevenbergMarquardt(p, factor=0.5), ValueError, "factor = 0.5 is out of range"),
        (lambda p: LBFGS(p, lr=-1), ValueError, "LBFGS: lr = -1 is out of range"),
        (lambda p: LBFGS(p, history_size=0), ValueError, "LBFGS: history_size = 0 is out of range"),
        (
            lambda p: LBFGS(p, line_search_fn="weak"),
            RuntimeError,
            "only 'strong_wolfe' and None are",
        ),
        (lambda p: LBFGS([{"params": p}, {"params": []}]), ValueError, "only one group of them"),
    ],
)
def test_errors(make, kind, message):
    with pytest.raises(kind, match=message):
        make([leaf([1.0], "cpu")])
