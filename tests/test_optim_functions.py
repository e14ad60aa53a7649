"""Test functions: their values, gradients and critical points are what the documents and their rules say."""

import math
from functools import partial

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import SGD, Momentum, functions, minimize
from minigrad.optim.functions import Objective, Point, as_point, values_at
from minigrad.optim.transforms import clip_by_value
from minigrad.testing import check_gradients

EVERY = [
    *functions.ALL.values(),
    functions.ellipse(100),
    functions.quadratic([[3.0, 1.0], [1.0, -2.0]]),
    functions.quadratic(np.diag([1.0, 2.0, 3.0])),
    functions.underdetermined_regularized(0.01),
]
KINKS = {"absolute": [0], "jump": [0.5], "sqrt_abs": [0], "trench": [-0.25, 0.25], "staircase": [i / 4 for i in range(-5, 6)]}  # fmt: skip


def gradient(f, at):
    with np.errstate(divide="ignore", invalid="ignore"):
        return mg.func.grad(f)(as_point(at)).numpy()


def curvatures(f, at):
    """Return the eigenvalues of the Hessian."""
    matrix = mg.func.hessian(f)(as_point(at)).numpy()
    return np.linalg.eigvalsh(np.atleast_2d(matrix))


def critical(kind):
    return [
        pytest.param(f, point, id=f"{f.name}-{i}")
        for f in EVERY
        for i, point in enumerate(getattr(f, kind))
    ]


def descended(f, x0, steps, **settings):
    return minimize(f, x0, partial(SGD, **settings), steps)


# What is known of each -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "point"), critical("minima") + critical("maxima") + critical("saddles")
)
def test_known_points_have_the_stated_value(f, point):
    assert abs(f(point.at).item() - point.value) < 1e-9


@pytest.mark.parametrize(
    ("f", "point"), critical("minima") + critical("maxima") + critical("saddles")
)
def test_the_gradient_is_zero_at_smooth_critical_points(f, point):
    if point.smooth:
        steepest = np.abs(curvatures(f, point.at)).max()
        assert np.abs(gradient(f, point.at)).max() <= 1e-9 * max(1.0, steepest)
    else:
        assert f.name in ("absolute", "sqrt_abs", "bukin6", "ackley")


@pytest.mark.parametrize(
    ("kind", "signs"), [("minima", {1.0}), ("maxima", {-1.0}), ("saddles", {-1.0, 1.0})]
)
def test_critical_points_are_of_the_stated_kind(kind, signs):
    for f in EVERY:
        for point in getattr(f, kind):
            if point.smooth:
                along = curvatures(f, point.at)
                found = set(np.sign(along[np.abs(along) > 1e-9]))
                assert found <= signs and (kind != "saddles" or found == signs), (f, point)


@pytest.mark.parametrize("f", EVERY, ids=lambda f: f.name)
def test_nothing_near_a_minimum_is_lower(f):
    rng = np.random.default_rng(0)
    for point in f.minima:
        around = np.array(point.at) + rng.uniform(-1e-3, 1e-3, (200, f.dimension))
        assert values_at(f, around).min() >= point.value - 1e-9


@pytest.mark.parametrize("f", [f for f in EVERY if f.minima], ids=lambda f: f.name)
def test_nothing_in_the_window_is_below_the_lowest_minimum(f):
    low, high = np.array(f.window).T
    points = np.random.default_rng(0).uniform(low, high, (20_000, f.dimension))
    assert values_at(f, points).min() >= f.lowest.value - 1e-12


@pytest.mark.parametrize("f", EVERY, ids=lambda f: f.name)
def test_descriptions_are_complete(f):
    assert f.equation and (f.source or f.name == "quadratic") and len(f.window) == f.dimension
    assert np.size(f.start) == f.dimension and np.shape(f.start) == (
        () if f.dimension == 1 else (f.dimension,)
    )
    for point in (*f.minima, *f.maxima, *f.saddles):
        at = np.atleast_1d(point.at)
        assert all(low <= x <= high for x, (low, high) in zip(at, f.window, strict=True))
    assert f.name in repr(f) and f.equation in repr(f)


@pytest.mark.parametrize("f", EVERY, ids=lambda f: f.name)
def test_gradients_and_curvature_agree_with_finite_differences(f):
    low, high = np.array(f.window).T
    draw = np.random.default_rng(1)
    points = draw.uniform(low, high, (4, f.dimension))
    for kink in KINKS.get(f.name, ()):
        points = np.where(np.abs(points - kink) < 0.02, kink + 0.05, points)
    if f.dimension == 1:
        points = points[:, 0]
    scale = max(1.0, np.abs(values_at(f, points)).max())
    check_gradients(lambda p: f(p) / scale, points)


@pytest.mark.parametrize("f", EVERY, ids=lambda f: f.name)
def test_many_points_at_once_are_each_for_itself_and_keep_their_dtype(f, device):
    low, high = np.array(f.window).T
    points = np.random.default_rng(2).uniform(low, high, (2, 3, f.dimension))
    if f.dimension == 1:
        points = points[..., 0]
    together = f(mg.tensor(points))
    assert together.shape == (2, 3) and together.dtype == mg.float64
    apart = [[f(mg.tensor(p)).item() for p in row] for row in points]
    np.testing.assert_allclose(together.cpu().numpy(), apart, rtol=1e-12)
    single = mg.tensor(points, dtype=mg.float32, requires_grad=True)
    value = f(single)
    value.sum().backward()
    assert value.dtype == mg.float32 and single.grad.dtype == mg.float32


def test_points_of_another_dimension_are_refused():
    with pytest.raises(
        ValueError,
        match=r"ring: is a function of 2 numbers, expected shape \(\.\.\., 2\), got \(3,\)",
    ):
        functions.ring([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"got \(\)"):
        functions.ring(1.0)


def test_python_numbers_are_float64_and_arrays_keep_their_dtype():
    assert as_point(1.5).dtype == as_point([1, 2]).dtype == mg.float64
    assert as_point(np.ones(2, np.float32)).dtype == as_point(mg.ones(2)).dtype == mg.float32
    assert as_point(mg.tensor([1, 2])).dtype == mg.float64
    with pytest.raises(TypeError, match="a point is made of real numbers, got str 'x'"):
        as_point("x")


def test_a_function_of_ones_own():
    f = Objective("mine", "θ⁴", lambda x: x**4, dimension=1, minima=(Point(0.0, 0.0),))
    assert f(2).item() == 16.0 and f.lowest == Point(0.0, 0.0)
    assert Objective("none", "θ", lambda x: x, 1).lowest is None


def test_quadratics_know_what_the_origin_is():
    quadratic = functions.quadratic
    assert quadratic([[3, 1], [1, 2]]).minima and quadratic([[-3, 1], [1, -2]]).maxima
    assert quadratic([[1, 2], [2, 1]]).saddles
    flat = quadratic([[1, 1], [1, 1]])
    assert not (flat.minima or flat.maxima or flat.saddles)
    assert quadratic([[1, -2], [-2, -1]]).equation == "½ (x² − 4xy − y²)"
    assert quadratic([[-1, 0], [0, -2]]).equation == "½ (−x² − 2y²)"
    made = quadratic(np.eye(2), start=np.array([3.0, 0.0]), window=np.array([[-1, 1], [0, 2]]))
    assert made.start == (3, 0) and made.window == ((-1, 1), (0, 2))
    for kappa in (-1, 0.5, math.nan, math.inf):
        with pytest.raises(ValueError, match="ellipse: kappa has to be at least 1 and finite, got"):
            functions.ellipse(kappa)
    assert quadratic(np.eye(3)).equation == "½ xᵀAx"
    for wrong in ([[1, 2], [3, 4]], [[1, 2]], [1, 2], [[1]]):
        with pytest.raises(ValueError, match="expected a symmetric matrix"):
            quadratic(wrong)
    with pytest.raises(ValueError, match="lam has to be > 0, got 0"):
        functions.underdetermined_regularized(0)


# Rows of document 000 --------------------------------------------------------------------------------------


def test_row_000_01_and_002_01_the_parabola():
    f = functions.parabola
    assert f.minima == (Point(0.75, -11.25),)
    assert [gradient(f, w).item() for w in (0, 1, 0.5)] == [-6, 2, -2]
    walk = [0.0]
    for rate in (1 / 6, 1 / 4):  # 0 -> 1 -> 1/2
        walk.append(walk[-1] - rate * gradient(f, walk[-1]).item())
    assert walk == pytest.approx([0, 1, 0.5])


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.125, 0.25, 0.3])
def test_row_000_06_descent_on_the_parabola(rate):
    points = descended(functions.parabola, 0.0, 20, lr=rate).points[:, 0]
    formula = 0.75 * (1 - (1 - 8 * rate) ** np.arange(21))
    np.testing.assert_allclose(points, formula, rtol=1e-12, atol=1e-13)
    if rate == 0.01:
        assert points[20] == pytest.approx(0.608480, abs=5e-7)
    if rate == 0.1:
        assert 0.75 - points[20] == pytest.approx(8e-15, abs=2e-15)
    if rate == 0.3:
        assert points[20] == pytest.approx(-626.762, abs=5e-4)


def test_row_000_07_descent_may_end_at_a_saddle():
    assert functions.escape.saddles[0].at == (0.0, 0.0)
    on_the_line = descended(functions.escape, (1.0, 0.0), 500, lr=0.1)
    beside_it = descended(functions.escape, (1.0, 1e-8), 500, lr=0.1)
    np.testing.assert_allclose(on_the_line.x, (0, 0), atol=1e-12)
    np.testing.assert_allclose(beside_it.x, (0, 1), atol=1e-12)


@pytest.mark.parametrize(("momentum", "step"), [(0, 99), (0.5, 51), (0.9, 39), (0.95, 69)])
def test_row_000_16_momentum_on_the_absolute_value(momentum, step):
    path = descended(functions.absolute, 1.0, 500, lr=0.01, momentum=momentum)
    theta = path.points[:, 0]
    assert np.argmax(path.losses <= 0.01 + 1e-12) == step
    if momentum == 0:
        np.testing.assert_allclose(np.abs(theta[-1] - theta[-2]), 0.01, rtol=1e-9)  # for ever
    if momentum == 0.95:
        assert theta.min() == pytest.approx(-0.468, abs=5e-4)
        assert np.abs(theta[-100:]).max() == pytest.approx(0.047, abs=5e-4)


@pytest.mark.parametrize("name", ["convex", "jump"])
def test_rows_000_19_and_000_20_a_jump_does_no_harm(name):
    path = descended(functions.ALL[name], 1.0, 500, lr=0.01, momentum=0.9)
    assert abs(path.x) < 1e-12 and path.fun < 1e-24


@pytest.mark.parametrize("name", ["nearly_flat", "staircase", "trench"])
def test_rows_000_21_and_000_22_without_slope_there_is_no_way(name):
    path = descended(functions.ALL[name], 1.0, 500, lr=0.01, momentum=0.9)
    assert abs(path.x - 1) < 5e-7
    if name != "nearly_flat":
        assert (path.gradients == 0).all() and (path.points == 1).all()


def test_row_000_22_the_staircase_is_level_but_not_continuous():
    assert values_at(functions.staircase, [-0.3, -0.25, -0.2, 0, 0.24, 0.25, 0.99, 1]).tolist() == [0.25, 0.25, 0, 0, 0, 0.25, 0.75, 1]  # fmt: skip
    assert values_at(functions.trench, [-2, -0.26, -0.25, 0, 0.25, 0.251, 1]).tolist() == [
        1,
        1,
        0,
        0,
        0,
        1,
        1,
    ]


def test_row_000_23_the_gradient_explodes_towards_the_minimum():
    f = functions.sqrt_abs
    assert gradient(f, 1e-8) == pytest.approx(5e3) and gradient(f, -1e-8) == pytest.approx(-5e3)
    assert math.isnan(gradient(f, 0.0))
    radius = (0.01 / 4) ** (2 / 3)
    assert radius == pytest.approx(0.01842, abs=5e-6)
    cycle = descended(f, radius, 4, lr=0.01).points[:, 0]  # it is unstable: only the first steps
    np.testing.assert_allclose(cycle, radius * np.array([1, -1, 1, -1, 1]), rtol=1e-9)
    late = minimize(f, 1.0, partial(Momentum.classical, lr=0.01, mu=0.9), 500).points[-50:]
    assert (late.min(), late.max()) == pytest.approx((1.19, 2.82), abs=5e-3)  # thrown out


def test_row_000_31_clipping_tames_it():
    clipped = {"lr": 0.01, "transforms": [clip_by_value(0.1)]}
    with_momentum = descended(functions.sqrt_abs, 1.0, 500, momentum=0.9, **clipped)
    assert with_momentum.fun == pytest.approx(-0.2138, abs=5e-5)
    assert np.abs(with_momentum.points[-50:]).max() <= 0.0022
    plain = descended(functions.sqrt_abs, 1.0, 2000, **clipped)
    assert abs(plain.x) < 1e-12 and np.abs(plain.points[-50:]).max() <= 0.001


@pytest.mark.parametrize(
    ("start", "end", "value"),
    [
        (-1.5, -1.5095, 0.186),
        (-0.5, -0.3021, -0.953),
        (0.5, 0.9060, -0.573),
        (1.5, 0.9060, -0.573),
        (2.5, 2.1119, 1.324),
    ],
)
def test_row_000_24_the_start_decides_where_descent_ends(start, end, value):
    path = descended(functions.wavy, start, 500, lr=0.01, momentum=0.9)
    assert path.x == pytest.approx(end, abs=5e-5) and path.fun == pytest.approx(value, abs=5e-4)


# Rows of document 001 --------------------------------------------------------------------------------------


def test_row_001_12_the_bowl_of_the_convention_table():
    np.testing.assert_allclose(curvatures(functions.bowl, (0, 0)), [1, 10])
    path = descended(functions.bowl, None, 25, lr=0.01, momentum=0.9)
    np.testing.assert_allclose(path.x, (-0.12622966, 0.10108966), atol=5e-9)  # 2.2 of algorithms.md


def test_row_001_13_himmelblau():
    f = functions.himmelblau
    printed = [(3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)]
    np.testing.assert_allclose([point.at for point in f.minima], printed, atol=5e-7)
    assert [point.value for point in f.minima] == [0.0] * 4
    np.testing.assert_allclose(f.maxima[0].at, (-0.270845, -0.923039), atol=5e-7)
    values = [f.maxima[0].value, *(point.value for point in f.saddles)]
    np.testing.assert_allclose(values, [181.617, 13.312, 67.719, 104.015, 178.337], atol=5e-4)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((0, 0), (3, 2)),
        ((-1, -1), (-3.779, -3.283)),
        ((-4, 4), (-2.805, 3.131)),
        ((1, -3), (3.584, -1.848)),
    ],
)
def test_row_001_13_descent_on_himmelblau(start, end):
    np.testing.assert_allclose(
        descended(functions.himmelblau, start, 500, lr=0.01).x, end, atol=6e-4
    )


def test_row_001_14_bukin6_never_comes_to_rest():
    f = functions.bukin6
    assert f.minima == (Point((-10.0, 1.0), 0.0, smooth=False),)
    assert np.isnan(gradient(f, (-8.0, 0.64)).sum())  # at the bottom of the valley
    path = descended(f, (-5, 0.5), 1000, lr=0.01)
    assert path.losses[path.best] == pytest.approx(2.34, abs=5e-3)
    assert path.losses[-100:].max() > 50
    path = descended(f, (-5, 0.5), 20_000, lr=0.01, transforms=[clip_by_value(0.1)])
    assert (path.fun, path.losses[path.best]) == pytest.approx((3.03, 1.52), abs=5e-3)


@pytest.mark.parametrize(("kappa", "factor"), [(2, 0.1111), (10, 0.6694), (100, 0.9608)])
def test_row_001_16_steepest_descent_zigzags(kappa, factor):
    f = functions.ellipse(kappa)
    point, values = np.array(f.start), []
    for _ in range(5):
        g = gradient(f, point)
        values.append(f(point).item())
        point = point - (g @ g) / (g @ (g * (1, kappa))) * g
        assert abs(gradient(f, point) @ g) <= 1e-12 * (g @ g)
    ratios = np.array(values[1:]) / values[:-1]
    np.testing.assert_allclose(ratios, ((kappa - 1) / (kappa + 1)) ** 2, rtol=1e-9)
    assert ratios[0] == pytest.approx(factor, abs=5e-5)


# Rows of document 002 --------------------------------------------------------------------------------------


def test_row_002_04_the_ring():
    f = functions.ring
    path = descended(f, (0.5, 1.0), 10_000, lr=0.01)
    np.testing.assert_allclose(path.gradients[0], (7.5, 15), rtol=1e-12)
    np.testing.assert_allclose(path.points[1], (0.425, 0.85), rtol=1e-12)
    np.testing.assert_allclose(path.gradients[1], (7.90449, 15.80898), atol=5e-6)
    np.testing.assert_allclose(path.points[2], (0.345955, 0.691910), atol=5e-7)
    np.testing.assert_allclose(path.points[200], (0.031090, 0.062180), atol=5e-7)
    assert path.losses[200] == pytest.approx(3.03e-4, abs=5e-7)
    radius = np.linalg.norm(path.x)  # falls like 1/sqrt(104 lr k)
    assert radius == pytest.approx(0.00981, abs=5e-6) and 1 / math.sqrt(
        104 * 0.01 * 10_000
    ) == pytest.approx(radius, rel=1e-3)
    w = np.array([[0.5, 1.0], [-1.3, 0.4]])
    u = (w**2).sum(-1, keepdims=True)
    np.testing.assert_allclose(
        [gradient(f, one) for one in w], 2 * w * u * (4 * u**2 - 21 * u + 26)
    )


def test_row_002_04_the_circle_and_the_ridge_of_the_ring():
    f = functions.ring
    circle, ridge = f.minima[1], f.maxima[0]
    assert circle.at[0] == pytest.approx(1.80278, abs=5e-6) and circle.value == pytest.approx(
        8.58203, abs=5e-6
    )
    assert ridge.at[0] == pytest.approx(math.sqrt(2)) and ridge.value == 12
    np.testing.assert_allclose(curvatures(f, (0, 0)), 0)
    end = descended(f, (1.2, 1), 2000, lr=0.002).x
    assert np.linalg.norm(end) == pytest.approx(math.sqrt(3.25), abs=1e-9)
    turned = circle.at[0] * np.array([math.cos(1), math.sin(1)])
    assert f(turned).item() == pytest.approx(circle.value)


def test_rows_002_02_004_02_and_004_05_the_ring_beside_its_taylor_series():
    f, at = functions.ring, np.array([0.5, 1.0])
    g, value = gradient(f, at), f(at).item()
    np.testing.assert_allclose(curvatures(f, at), (-23.75, 15), rtol=1e-12)
    bend = g @ mg.func.hessian(f)(mg.tensor(at)).numpy() @ g
    assert bend == pytest.approx(-6679.7, abs=0.05)
    drops = [-0.01 * g @ g, -0.01 * g @ g + 0.5 * 0.01**2 * bend, f(at - 0.01 * g).item() - value]
    np.testing.assert_allclose(drops, (-2.8125, -3.1465, -2.96986), atol=5e-5)


def test_row_004_04_the_tilted_bowl():
    f, at = functions.tilted, np.array([1.0, -2.0])
    g = gradient(f, at)
    bend = g @ np.array([[3, 1], [1, 2]]) @ g
    assert g @ g / bend == pytest.approx(2 / 3)
    changes = [f(at - rate * g).item() - f(at).item() for rate in (0.05, 0.2, 0.5, 4 / 3)]
    np.testing.assert_allclose(changes, (-0.48125, -1.7, -3.125, 0), atol=1e-12)


def test_row_002_07_two_wells_as_printed_and_corrected():
    printed, right = functions.two_wells_as_printed, functions.two_wells
    np.testing.assert_allclose(
        printed.minima, [(-1.032185, -1.169380, 1), (1.739461, -0.866159, 1)], atol=5e-7
    )
    np.testing.assert_allclose(printed.maxima[0][:2], (0.417724, 0.216935), atol=5e-7)
    np.testing.assert_allclose(values_at(printed, [-1, 2]), (-1.1667, -0.6667), atol=5e-5)
    assert right.minima == (Point(-1.0, -1.0), Point(2.0, -1.0)) and right.maxima == (
        Point(0.5, 0.265625),
    )
    for start in (-2, -1, 0, 0.4, 0.6, 1, 2, 3):
        end = descended(right, float(start), 500, lr=0.05).x
        assert end == pytest.approx(-1 if start < 0.5 else 2, abs=1e-9)


def test_row_002_15_example_331():
    f = functions.underdetermined
    for t in (-1.5, 0, 0.3):
        assert f((t, 1 - t, -1 - t)).item() == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(descended(f, (0, 0, 0), 1000, lr=0.1).x, (0, 1, -1), atol=1e-9)
    end = descended(f, (1, 1, 1), 1000, lr=0.1).x
    np.testing.assert_allclose(end, (-1 / 3, 4 / 3, -2 / 3), atol=1e-9)
    assert np.linalg.norm(end) == pytest.approx(1.5275, abs=5e-5)


@pytest.mark.parametrize("lam", [1, 0.1, 0.01, 0.001])
def test_row_002_16_example_331_regularized(lam):
    f = functions.underdetermined_regularized(lam)
    w = np.array(f.minima[0].at)
    np.testing.assert_allclose(w, (0, 1 / (1 + 2 * lam), -1 / (1 + 2 * lam)))
    a = np.array([[2 + 2 * lam, 1, 1], [1, 1 + 2 * lam, 0], [1, 0, 1 + 2 * lam]])
    np.testing.assert_allclose(a @ w, (0, 1, -1), atol=1e-15)
    if lam == 0.01:
        assert w[1] == pytest.approx(0.980392, abs=5e-7)
        assert functions.underdetermined(w).item() == pytest.approx(
            3.845e-4, abs=5e-8
        )  # 002.18: > 0
        assert f.minima[0].value == pytest.approx(0.0196078, abs=5e-8)
        np.testing.assert_allclose(descended(f, (1, 1, 1), 6000, lr=0.1).x, w, atol=1e-5)
        assert np.linalg.norm(w - (0, 1, -1)) == pytest.approx(0.027730, abs=5e-7)  # 002.17
        assert math.sqrt(2) * 2 * lam / (1 + 2 * lam) == pytest.approx(0.027730, abs=5e-7)


# Rows of document 003 --------------------------------------------------------------------------------------


def test_rows_003_01_to_003_03_linear_regression():
    f = functions.linear_regression
    assert f((0.6, -0.2)).item() == pytest.approx(12.366904, abs=5e-7)
    np.testing.assert_allclose(gradient(f, (0.6, -0.2)), (-21.904, -26.84044), atol=5e-6)
    np.testing.assert_allclose(f.minima[0].at, (0.825950, 0.522226), atol=5e-7)
    assert f.minima[0].value == pytest.approx(0.199866, abs=5e-7)
    np.testing.assert_allclose(curvatures(f, (0, 0)), (3.994, 50.030), atol=5e-4)
    assert f((1.6, -0.5)).item() == pytest.approx(5.02012, abs=5e-6)


def test_row_003_03_exact_line_search_on_the_regression():
    f = functions.linear_regression
    point, values, rates = np.array(f.start), [], []
    hessian = mg.func.hessian(f)(mg.tensor(point)).numpy()
    for _ in range(10):
        g = gradient(f, point)
        rates.append((g @ g) / (g @ hessian @ g))
        point = point - rates[-1] * g
        values.append(f(point).item())
    assert values[-1] == pytest.approx(0.211374, abs=5e-7)
    np.testing.assert_allclose(sorted({round(r, 4) for r in rates}), (0.0227, 0.0998), atol=5e-5)


def test_row_003_04_the_function_of_notebook_61():
    lowest = functions.shoulder.lowest
    assert lowest.at == pytest.approx(0.380322, abs=5e-7) and lowest.value == pytest.approx(
        0.328604, abs=5e-7
    )
    assert functions.shoulder(0.38323).item() == pytest.approx(
        0.32876, abs=5e-6
    )  # where its search ends


def test_rows_003_05_and_003_06_the_gabor_loss():
    f = functions.gabor
    for at, value, digits in [
        ((0, 16.6), 0.679914, 6),
        ((-1.5, 8.5), 11.69602, 5),
        ((0.6, -0.2), 16.41883, 5),
    ]:
        assert f(at).item() == pytest.approx(value, abs=0.5 * 10**-digits)
    assert math.sqrt(f((0, 16.6)).item() / 30) == pytest.approx(0.1505, abs=5e-5)
    np.testing.assert_allclose(gradient(f, (-1.5, 8.5)), (-2.162316, 0.334054), atol=5e-7)
    printed = {0.6457: (0.0038, 16.0263), 3.3564: (-5.8194, 13.8245), 3.6705: (6.5594, 18.3489), 5.0391: (-6.4432, 4.9675), 5.5111: (6.3080, 13.5158), 6.5279: (6.0847, 4.0118), 9.9613: (6.1713, 8.0881), 10.1823: (-0.1665, 4.8809)}  # fmt: skip
    np.testing.assert_allclose([point.value for point in f.minima], list(printed), atol=5e-5)
    np.testing.assert_allclose([point.at for point in f.minima], list(printed.values()), atol=5e-5)


def test_row_003_09_the_saddle_of_the_gabor_loss():
    saddle = functions.gabor.saddles[0]
    np.testing.assert_allclose(saddle.at, (2.4735, 7.4280), atol=5e-5)
    assert np.linalg.norm(gradient(functions.gabor, saddle.at)) < 1e-12
    low, high = curvatures(functions.gabor, saddle.at)
    assert low < 0 < high


def test_row_003_06_the_gabor_loss_has_8_minima_20_saddles_and_12_maxima():
    f = functions.gabor
    low, high = np.array(f.window).T
    axes = [np.linspace(a, b, 81) for a, b in zip(low, high, strict=True)]
    x = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
    for _ in range(40):  # Newton's method from everywhere at once, in steps of at most 0.3
        theta = mg.tensor(x, requires_grad=True)
        (g,) = mg.autograd.grad(f(theta).sum(), theta, create_graph=True)
        rows = [
            mg.autograd.grad(g[:, i].sum(), theta, retain_graph=True)[0].numpy() for i in (0, 1)
        ]
        hessians, slopes = np.stack(rows, 1), g.detach().numpy()
        step = np.linalg.solve(hessians, slopes[..., None])[..., 0]
        step *= np.minimum(1, 0.3 / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-300))
        x = x - step
    good = (np.linalg.norm(slopes, axis=1) < 1e-9) & (x >= low).all(1) & (x <= high).all(1)
    _, first = np.unique(x[good].round(4), axis=0, return_index=True)
    falling = (np.linalg.eigvalsh(hessians[good][first]) < 0).sum(1)
    assert [(falling == n).sum() for n in (0, 1, 2)] == [8, 20, 12]


@pytest.mark.parametrize(
    ("rate", "steps", "end"), [(0.08, 200, (0.668404, 0)), (1.0, 40, (0.696, 0.195))]
)
def test_row_003_34_descent_in_the_ravine(rate, steps, end):
    path = descended(functions.ravine, None, steps, lr=rate)
    np.testing.assert_allclose(path.x, end, atol=5e-7 if rate < 1 else 5e-4)
    if rate < 1:
        assert path.fun == pytest.approx(1.25e-4, abs=5e-7)
    else:
        np.testing.assert_allclose(path.points[-3:-1, 1], (0.391, -0.761), atol=5e-4)


# Standard functions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [
        ("rosenbrock", (-1.2, 1.0), 24.2),
        ("rosenbrock", (0.0, 0.0), 1.0),
        ("beale", (0.0, 0.0), 14.203125),
        ("beale", (1.0, 1.0), 14.203125),
        ("rastrigin", (1.0, 1.0), 2.0),
        ("rastrigin", (0.5, 0.5), 40.5),
        ("ackley", (1.0, 1.0), 3.6253849384403627),
        ("saddle", (2.0, 1.0), 3.0),
        ("bukin6", (-10.0, 0.0), 100.0),
        ("himmelblau", (0.0, 0.0), 170.0),
    ],
)
def test_values_of_the_standard_functions(name, at, value):
    assert functions.ALL[name](at).item() == pytest.approx(value, rel=1e-12)
