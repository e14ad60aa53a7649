"""Gradient descent: the worked numbers and claims of the documents that need nothing but it.

Each test names its row of the inventory of the documents.
"""

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from optim_runs import leaf, numbers, path_of

import minigrad as mg
from minigrad.optim import SGD, Adam, Momentum, regularized
from minigrad.optim.transforms import l2


def parabola(w):
    return (4 * w * w - 6 * w - 9).sum()


def gradient_of(objective, at):
    x = leaf(at, "cpu")
    objective(x).backward()
    return numbers(x.grad)


def squared_errors(x, y, w):
    """Losses of single items."""
    return (x @ w - y) ** 2


def items(n, seed=0, columns=3):
    random = np.random.default_rng(seed)
    return mg.tensor(random.normal(size=(n, columns))), mg.tensor(random.normal(size=n))


# One variable ----------------------------------------------------------------------------------------


def test_000_01_and_002_01_the_parabola():
    np.testing.assert_array_equal(
        [gradient_of(parabola, [w])[0] for w in (0.0, 1.0, 0.5, 0.75)], [-6, 2, -2, 0]
    )
    assert parabola(mg.tensor([0.75])).item() == -11.25
    x = leaf([0.0], "cpu")  # the walk 0, 1, 1/2 takes two rates
    optimizer = SGD([x], lr=1 / 6)
    for rate, expected in ((1 / 6, 1.0), (1 / 4, 0.5)):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        parabola(x).backward()
        optimizer.step()
        assert x.item() == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("lr", "end"),
    [(0.01, 0.608480), (0.1, 0.75), (0.125, 0.75), (0.25, 0.0), (0.3, -626.762)],
    ids=["slow", "good", "exact", "cycle", "divergence"],
)
def test_000_06_and_002_03_twenty_steps(lr, end, device):
    """Algorithm 1.1: w_k = 0.75 (1 - (1 - 8 eta)^k)."""
    path = path_of(partial(SGD, lr=lr), parabola, [0.0], 20, device)[:, 0]
    exact = 0.75 * (1 - (1 - 8 * lr) ** np.arange(21.0))
    np.testing.assert_allclose(path, exact, rtol=1e-12)
    assert round(path[-1], 6 if lr < 0.3 else 3) == end
    if lr == 0.125:
        assert np.all(path[1:] == 0.75)
    if lr == 0.25:
        np.testing.assert_array_equal(path, [0, 1.5] * 10 + [0])


def test_001_01_the_log_loss_of_separable_points_has_no_minimum_without_a_penalty():
    """Points -1 and 1, one of each class: |w| grows with the logarithm of the steps."""
    log_loss = lambda w: mg.log(1 + mg.exp(-w)).sum()  # noqa: E731
    path = path_of(partial(SGD, lr=1.0), log_loss, [0.0], 10_000)[:, 0]
    np.testing.assert_allclose(
        path[[10, 100, 1000, 10_000]], [2.263, 4.589, 6.905, 9.210], atol=5e-4
    )
    ridge = regularized(log_loss, lambda w: (w * w).sum(), 0.01)
    end = path_of(partial(SGD, lr=1.0), ridge, [0.0], 2000)[-1, 0]
    assert end == pytest.approx(2.81799, abs=5e-6)


# Two -------------------------------------------------------------------------------------------------


def test_000_07_a_saddle_holds_only_who_starts_exactly_above_it():
    saddle = lambda t: 0.5 * (t[0] ** 2 - t[1] ** 2) + 0.25 * t[1] ** 4  # noqa: E731
    ends = [
        path_of(partial(SGD, lr=0.1), saddle, start, 600)[-1] for start in ([1, 0.0], [1, 1e-8])
    ]
    np.testing.assert_allclose(ends, [[0, 0], [0, 1]], atol=1e-12)


def ring(w):
    u = (w * w).sum()
    return u**4 - 7 * u**3 + 13 * u**2


def test_002_02_and_002_04_the_ring():
    """Example 3.1.2: gradients and points as printed, and the first-order prediction."""
    np.testing.assert_allclose(gradient_of(ring, [0.5, 1.0]), [7.5, 15.0])
    path = path_of(partial(SGD, lr=0.01), ring, [0.5, 1.0], 200)
    np.testing.assert_allclose(path[1], [0.425, 0.85], rtol=1e-14)
    np.testing.assert_allclose(gradient_of(ring, path[1]), [7.90449, 15.80898], atol=5e-6)
    np.testing.assert_allclose(path[2], [0.345955, 0.691910], atol=5e-7)
    np.testing.assert_allclose(path[200], [0.031090, 0.062180], atol=5e-7)
    change = ring(mg.tensor(path[1])).item() - ring(mg.tensor(path[0])).item()
    assert round(change, 5) == -2.96986 and -0.01 * (7.5**2 + 15**2) == -2.8125


def line_problem(w):
    """Example 3.3.1: two equations, three unknowns."""
    return 0.5 * ((-1 - w[0] - w[2]) ** 2 + (1 - w[0] - w[1]) ** 2)


def test_002_15_which_minimum_is_found():
    """Of the line (0, 1, -1) + t (1, -1, -1): from 0 that of least norm, t = 0; from elsewhere another."""
    end = path_of(partial(SGD, lr=0.1), line_problem, [0.0, 0.0, 0.0], 1000)[-1]
    np.testing.assert_allclose(end, [0, 1, -1], atol=1e-12)
    end = path_of(partial(SGD, lr=0.1), line_problem, [1.0, 1.0, 1.0], 1000)[-1]
    np.testing.assert_allclose(end, [-1 / 3, 4 / 3, -2 / 3], atol=1e-12)
    assert round(np.linalg.norm(end), 4) == 1.5275
    w = leaf([0.0, 0.0, 0.0], "cpu")
    optimizer = SGD([w], lr=0.1)
    random = np.random.default_rng(0)
    for _ in range(2000):
        one = random.integers(2)
        optimizer.zero_grad()
        residual = -1 - w[0] - w[2] if one else 1 - w[0] - w[1]
        (0.5 * residual**2).backward()
        optimizer.step()
    np.testing.assert_allclose(numbers(w), [0, 1, -1], atol=1e-12)


@pytest.mark.parametrize("lam", [1, 0.1, 0.01])
def test_002_16_to_002_18_with_a_penalty_the_minimum_is_one_point(lam):
    """Eq. 3.4 solved, and reached by eq. 3.5."""
    system = np.array([[2 + 2 * lam, 1, 1], [1, 1 + 2 * lam, 0], [1, 0, 1 + 2 * lam]])
    solution = np.array([0, 1 / (1 + 2 * lam), -1 / (1 + 2 * lam)])
    np.testing.assert_allclose(system @ solution, [0, 1, -1], atol=1e-15)
    make = partial(SGD, lr=0.1, transforms=[l2(lam)])
    end = path_of(make, line_problem, [0.0, 0.0, 0.0], 1000)[-1]
    np.testing.assert_allclose(end, solution, atol=1e-12)
    if lam == 0.01:
        np.testing.assert_allclose(end, [0, 0.980392, -0.980392], atol=5e-7)
        loss = line_problem(mg.tensor(end)).item()
        assert loss == pytest.approx(3.845e-4, abs=5e-8) and loss >= 0
        assert loss + lam * (end @ end) == pytest.approx(0.0196078, abs=5e-8)
        on_line = end - np.array([1, -1, -1]) * (end - [0, 1, -1]) @ [1, -1, -1] / 3
        distance = np.linalg.norm(on_line - [0, 1, -1])
        assert distance == pytest.approx(0.027730, abs=5e-7)


# Batches ---------------------------------------------------------------------------------------------


def test_000_32_the_gradient_is_the_mean_over_shuffled_equal_batches():
    x, y = items(30)
    w = [0.3, -0.2, 0.5]
    whole = gradient_of(lambda w: squared_errors(x, y, w).mean(), w)
    order = np.random.default_rng(1).permutation(30)

    def mean_over_batches(size):
        parts = [order[i : i + size] for i in range(0, 30, size)]
        return np.mean(
            [gradient_of(lambda w, b=b: squared_errors(x[b], y[b], w).mean(), w) for b in parts], axis=0
        )  # fmt: skip

    np.testing.assert_allclose(mean_over_batches(5), whole, atol=1e-14)
    assert np.abs(mean_over_batches(7) - whole).max() > 1e-3  # the last one is short


def test_000_33_and_003_15_the_mean_over_all_batches_is_the_gradient():
    """All C(6, 3) of them; divided by N instead of B, as printed, it is half of it."""
    x, y = items(6)
    w = [0.3, -0.2, 0.5]
    whole = gradient_of(lambda w: squared_errors(x, y, w).mean(), w)
    sums = [
        gradient_of(lambda w, b=list(b): squared_errors(x[b], y[b], w).sum(), w)
        for b in combinations(range(6), 3)
    ]
    assert len(sums) == 20
    np.testing.assert_allclose(np.mean(sums, axis=0) / 3, whole, atol=1e-14)
    np.testing.assert_allclose(np.mean(sums, axis=0) / 6, whole / 2, atol=1e-14)


def test_001_08_a_step_by_the_sum_is_n_steps_by_the_mean():
    x, y = items(12)
    by_sum = path_of(partial(SGD, lr=0.001), lambda w: squared_errors(x, y, w).sum(), [0.0] * 3, 5)
    by_mean = path_of(
        partial(SGD, lr=0.012), lambda w: squared_errors(x, y, w).mean(), [0.0] * 3, 5
    )
    np.testing.assert_allclose(by_sum, by_mean, atol=1e-14)


def test_001_11_data_that_are_repeated():
    """The mean gradient stays, the sum doubles."""
    x, y = items(5)
    twice = mg.cat([x, x]), mg.cat([y, y])
    w = [0.3, -0.2, 0.5]
    for reduce, factor in ((mg.mean, 1), (mg.sum, 2)):
        once = gradient_of(lambda w, r=reduce: r(squared_errors(x, y, w)), w)
        both = gradient_of(lambda w, r=reduce: r(squared_errors(*twice, w)), w)
        np.testing.assert_allclose(both, factor * once, rtol=1e-14)


def test_003_13_notebook_6_3():
    """41 steps on sums over 5 of the points: the first of a permutation of NumPy's old generator."""
    mg.set_default_dtype(mg.float64)
    x, y = mg.data.load_gabor()
    random = np.random.RandomState(1)

    def loss(phi, batch=slice(None)):
        u = phi[0] + 0.06 * phi[1] * x[batch]
        return ((mg.sin(u) * mg.exp(-u * u / 32) - y[batch]) ** 2).sum()

    on_batch = lambda phi: loss(phi, random.permutation(30)[:5])  # noqa: E731
    end = path_of(partial(SGD, lr=0.8), on_batch, [3.5, 6.5], 41)[-1]
    np.testing.assert_allclose(end, [-0.49668, 12.26841], atol=5e-6)
    assert loss(mg.tensor(end)).item() == pytest.approx(4.624355, abs=5e-7)


def test_000_36_from_zero_sgd_finds_the_solution_of_least_norm():
    """For a linear model: with momentum too, but not from elsewhere, and not by Adam."""
    random = np.random.default_rng(0)
    a, b = random.normal(size=(20, 60)), random.normal(size=20)
    least = np.linalg.pinv(a) @ b
    rows, targets = mg.tensor(a), mg.tensor(b)

    def solved(make, start, batch=None, steps=4000):
        order = iter([i for _ in range(steps) for i in random.permutation(20)])

        def loss(w):
            picked = slice(None) if batch is None else slice(i := int(next(order)), i + 1)
            return 0.5 * ((rows[picked] @ w - targets[picked]) ** 2).mean()

        return path_of(make, loss, start, steps)[-1]

    for make in (partial(SGD, lr=0.01), partial(Momentum.classical, lr=0.005, mu=0.5)):
        np.testing.assert_allclose(solved(make, np.zeros(60), batch=1), least, atol=1e-14)
    elsewhere = solved(partial(SGD, lr=0.01), random.normal(size=60), batch=1)
    by_adam = solved(partial(Adam, lr=0.003), np.zeros(60), steps=3000)
    for end, factor in ((elsewhere, 5), (by_adam, 1.1)):
        assert np.abs(a @ end - b).max() < 1e-2
        assert np.linalg.norm(end) > factor * np.linalg.norm(least)


# Two shapes of the loss of notebook 6.5 ---------------------------------------------------------------


def test_003_34_small_and_large_rates():
    """Figure 6.9a, b."""
    loss = lambda p: 1 - mg.exp(-2 * p[1] ** 2 - (p[0] - 0.7) ** 2 / 8)  # noqa: E731
    path = path_of(partial(SGD, lr=0.08), loss, [-0.7, -0.9], 200)
    np.testing.assert_allclose(path[-1], [0.668404, 0], atol=5e-7)
    assert loss(mg.tensor(path[-1])).item() == pytest.approx(1.25e-4, abs=5e-7)
    path = path_of(partial(SGD, lr=1.0), loss, [-0.7, -0.9], 40)
    np.testing.assert_allclose(path[-1], [0.696, 0.195], atol=5e-4)
    assert path[-2, 1] == pytest.approx(-0.761, abs=5e-4)
    assert path_of(partial(SGD, lr=1.0), loss, [-0.7, -0.9], 42)[-1, 1] > 0  # still jumping
