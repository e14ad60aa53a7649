"""Points looked at: critical points, Taylor's predictions, slopes, differences, convexity.

Numbers are those of the documents; each test names the rows of ``algorithms.md`` it shows.
"""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import (
    classify_critical_point,
    crossing_chord,
    directional_derivative,
    effective_window,
    is_convex_on,
    numerical_grad,
    taylor,
)


def point(*values):
    return mg.tensor(values, dtype=mg.float64)


def numbers(tensor):
    return tensor.detach().cpu().numpy()


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


def ring(w):
    u = (w * w).sum()
    return u**4 - 7 * u**3 + 13 * u**2


def quadratic(x):
    return x @ mg.tensor([[3.0, 1.0], [1.0, 2.0]], dtype=mg.float64) @ x / 2


# Critical points ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "kind", "eigenvalues"),
    [
        ((3.0, 2.0), "minimum", (25.7, 82.3)),
        ((-2.805118, 3.131313), "minimum", None),
        ((-3.779310, -3.283186), "minimum", None),
        ((3.584428, -1.848127), "minimum", None),
        ((-0.270845, -0.923039), "maximum", (-45.6, -16.1)),
        ((0.086678, 2.884255), "saddle", (-31.7, 75.5)),
        ((3.385154, 0.073852), "saddle", None),
        ((-3.073026, -0.081353), "saddle", None),
        ((-0.127961, -1.953715), "saddle", None),
        ((1.0, 1.0), "not critical", None),
    ],
)
def test_row_004_03_the_hessian_tells_himmelblaus_points_apart(at, kind, eigenvalues, device):
    found = classify_critical_point(himmelblau, point(*at), tol=1e-3)
    assert found.kind == kind
    if eigenvalues is not None:
        assert tuple(np.round(numbers(found.eigenvalues), 1)) == eigenvalues


def test_row_004_03_the_hessian_test_says_nothing_of_the_rings_minimum(device):
    """Both eigenvalues are 0 at the origin, which is the global minimum all the same."""
    found = classify_critical_point(ring, point(0.0, 0.0))
    assert found.kind == "inconclusive"
    assert numbers(found.eigenvalues).tolist() == [0.0, 0.0]
    assert found.gradient_norm == 0.0


@pytest.mark.parametrize(
    ("curvatures", "kind"),
    [
        ((1.0, 2.0, 3.0), "minimum"),
        ((-1.0, -2.0, -3.0), "maximum"),
        ((-1.0, 0.0, 2.0), "saddle"),
        ((0.0, 1.0, 2.0), "inconclusive"),
        ((0.0, -1.0, -2.0), "inconclusive"),
        ((1.0, 1.0, 1e-12), "inconclusive"),
        ((), "inconclusive"),
    ],
)
def test_one_curvature_of_each_sign_is_a_saddle_whatever_the_others(curvatures, kind):
    d = point(*curvatures)
    assert classify_critical_point(lambda x: (d * x * x).sum() / 2, d * 0).kind == kind


def test_flat_directions_count_as_flat_in_float32_too(device):
    """(a x)^2 is flat but along a; rounding leaves of the zeros some 1e-8 to 1e-6 of the other one."""
    random = np.random.default_rng(0)
    for n in (2, 3, 5, 8) * 10:
        a = mg.tensor(random.normal(size=n), dtype=mg.float32, device=device)
        found = classify_critical_point(lambda x, a=a: (a * x).sum() ** 2, a * 0)
        assert found.kind == "inconclusive", found
    narrow = mg.tensor([1.0, 1e-3], dtype=mg.float32, device=device)  # is no rounding
    assert classify_critical_point(lambda x: (narrow * x * x).sum(), narrow * 0).kind == "minimum"
    d = mg.tensor([1.0, 1e-7], dtype=mg.float32, device=device)
    assert classify_critical_point(lambda x: (d * x * x).sum(), d * 0, zero=1e-8).kind == "minimum"


def test_row_004_02_curvatures_of_the_ring(device):
    """Example 3.1.2 of document 002 at (0.5, 1): the Hessian is the Jacobian of the gradient."""
    at = point(0.5, 1.0)
    found = classify_critical_point(ring, at)
    assert found.kind == "not critical"
    np.testing.assert_allclose(numbers(found.eigenvalues), [-23.75, 15.0], atol=1e-10)
    jacobian = mg.func.jacrev(mg.func.grad(ring))(at)
    np.testing.assert_array_equal(numbers(mg.func.hessian(ring)(at)), numbers(jacobian))


def test_a_matrix_of_parameters_is_classified_like_the_vector_of_its_numbers():
    target = mg.arange(6.0, dtype=mg.float64).reshape(2, 3)
    found = classify_critical_point(lambda w: ((w - target) ** 2).sum(), target)
    assert (found.kind, found.eigenvalues.tolist()) == ("minimum", [2.0] * 6)


# Taylor ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("eta", "value"), [(0.05, -0.48125), (0.2, -1.7), (0.5, -3.125)])
def test_row_004_04_the_second_order_is_exact_on_a_quadratic(eta, value, device):
    x = point(1.0, -2.0)
    change = taylor(quadratic, x, eta=eta) - quadratic(x)
    np.testing.assert_allclose(float(change), value, rtol=1e-14)
    step = -eta * mg.func.grad(quadratic)(x)
    np.testing.assert_allclose(
        float(taylor(quadratic, x, step)), float(quadratic(x + step)), atol=1e-14
    )


def test_row_004_04_best_rate_and_the_rate_of_no_gain():
    x = point(1.0, -2.0)
    g = mg.func.grad(quadratic)(x)
    best = float((g @ g) / (g @ mg.func.hvp(quadratic, x, g)[1]))
    np.testing.assert_allclose(best, 2 / 3, rtol=1e-15)
    values = [float(taylor(quadratic, x, eta=eta)) for eta in (0.9 * best, best, 1.1 * best)]
    assert min(values) == values[1]
    np.testing.assert_allclose(
        float(taylor(quadratic, x, eta=4 / 3)), float(quadratic(x)), rtol=1e-14
    )


def test_rows_002_02_and_004_05_curvature_accelerates_the_descent_on_the_ring(device):
    """Document 002, example 3.1.2 at (0.5, 1) with rate 0.01."""
    w, eta = point(0.5, 1.0), 0.01
    g = mg.func.grad(ring)(w)
    curvature = float(g @ mg.func.hvp(ring, w, g)[1])
    start = ring(w)
    first, second = (float(taylor(ring, w, eta=eta, order=k) - start) for k in (1, 2))
    actual = float(ring(w - eta * g) - start)
    np.testing.assert_allclose(first, -2.8125, rtol=1e-13)
    assert [round(one, 4) for one in (second, actual)] == [-3.1465, -2.9699]
    assert round(actual, 5) == -2.96986
    assert round(curvature, 1) == -6679.7
    grown = numbers(mg.func.grad(ring)(w - eta * g))
    assert tuple(np.round(grown, 2)) == (7.90, 15.81)


# Slopes ---------------------------------------------------------------------------------------------


def test_row_004_01_no_direction_beats_the_negative_gradient(device):
    w = point(0.5, 1.0)
    g = mg.func.grad(ring)(w)
    steepest = float(directional_derivative(ring, w, -g / (g @ g).sqrt()))
    np.testing.assert_allclose(steepest, -math.hypot(7.5, 15), rtol=1e-14)
    for angle in np.random.default_rng(0).uniform(0, 2 * np.pi, 100):
        u = (math.cos(angle), math.sin(angle))
        slope = float(directional_derivative(ring, w, u))
        assert slope >= steepest
        along = (float(ring(w + 1e-6 * point(*u))) - float(ring(w - 1e-6 * point(*u)))) / 2e-6
        np.testing.assert_allclose(slope, along, atol=1e-7)


# Finite differences ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("eps", "forward", "central"),
    [
        (1e-3, "1.0e-03", "2.2e-13"),
        (1e-5, "1.0e-05", "1.3e-11"),
        (1e-7, "1.0e-07", "1.2e-09"),
        (1e-9, "1.7e-07", "1.7e-07"),
    ],
)
def test_row_001_04_errors_of_finite_differences(eps, forward, central):
    """Of the document's function at its point: what is lost to rounding grows as eps falls."""
    for method, expected in (("forward", forward), ("central", central)):
        found = numerical_grad(lambda x: (x * x).sum(), point(1.0, 2.0), eps, method)
        assert f"{abs(float(found[0]) - 2):.1e}" == expected


def test_row_001_04_the_default_eps_is_about_the_best():
    """Forward differences do best near 1e-8, central ones near 1e-5."""
    points = np.linspace(0.5, 2, 40)

    def error(method, eps):
        found = [float(numerical_grad(mg.exp, point(x)[0], eps, method)) for x in points]
        return np.median(np.abs(found - np.exp(points)))

    for method, best in (("forward", -8), ("central", -5)):
        errors = {k: error(method, 10.0**k) for k in range(-11, -1)}
        assert min(errors, key=errors.get) == best
        assert error(method, None) < 2 * errors[best]


def test_row_001_05_the_printed_gradient_digit_for_digit(device):
    """And the point stays what it was: the document's program leaves it at 1.9999999999999998."""
    x = point(1.0, 2.0)
    found = numerical_grad(lambda x: (x * x).sum(), x, eps=0.0000001)
    assert repr(numbers(found)) == "array([2.0000001 , 4.00000009])"
    assert x.tolist() == [1.0, 2.0]


def test_row_001_04_the_cost_is_a_value_for_each_coordinate():
    calls = []

    def f(x):
        calls.append(x.requires_grad)
        return (x * x).sum()

    for method, expected in (("forward", 8), ("backward", 8), ("central", 15)):
        calls.clear()
        numerical_grad(f, mg.ones(7), method=method)
        assert calls == [False] * expected


@pytest.mark.parametrize("method", ["forward", "backward", "central"])
@pytest.mark.parametrize("dtype", [mg.float64, mg.float32])
def test_differences_agree_with_the_gradient_in_every_shape(method, dtype, device):
    tolerance = {mg.float64: 1e-6, mg.float32: 2e-2}[dtype]
    for shape in ((), (3,), (2, 3), (0,)):
        x = (
            mg.linspace(0.2, 1.0, max(math.prod(shape), 1))
            .to(dtype)[: math.prod(shape)]
            .reshape(shape)
        )
        found = numerical_grad(
            lambda x: mg.sin(x * x).sum(), x.T if x.ndim == 2 else x, method=method
        )
        expected = 2 * x * mg.cos(x * x)
        assert (found.dtype, found.device) == (x.dtype, x.device)
        found = found.T if x.ndim == 2 else found
        np.testing.assert_allclose(numbers(found), numbers(expected), atol=tolerance)


def test_row_000_25_at_a_kink_differences_are_the_slopes_of_both_sides():
    slopes = [
        float(numerical_grad(mg.relu, point(0.0)[0], method=method))
        for method in ("forward", "backward", "central")
    ]
    assert slopes == [1.0, 0.0, 0.5]


# Convexity ------------------------------------------------------------------------------------------


def test_row_003_07_chords_cross_the_surface_where_it_is_not_convex(device):
    generator = mg.Generator().manual_seed(0)
    x, y = (one.double() for one in mg.data.load_line())

    def line(phi):
        return ((phi[0] + phi[1] * x - y) ** 2).sum()

    window = [(-5, 5), (-5, 5)]
    assert is_convex_on(line, window, generator=generator)
    assert is_convex_on(quadratic, window, generator=generator)
    assert not is_convex_on(himmelblau, window, generator=generator)
    a, b = crossing_chord(himmelblau, window, generator=generator)
    between = [float(himmelblau(t * a + (1 - t) * b)) for t in np.linspace(0, 1, 101)]
    chord = np.linspace(between[0], between[-1], 101)
    assert np.any(between > chord + 1e-9)


def test_a_straight_line_counts_as_convex_whatever_the_rounding():
    assert is_convex_on(lambda x: 1e9 * (x[0] / 3 + 0.1), [(-1, 1)], chords=2000)


# Averages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("beta", "terms", "share"), [(0.9, 10, 0.651), (0.99, 100, 0.634)])
def test_row_003_24_the_window_of_an_average(beta, terms, share):
    assert effective_window(beta) == pytest.approx(terms, rel=1e-12)
    weights = (1 - beta) * beta ** np.arange(10_000)  # of the last gradient, the one before, ...
    np.testing.assert_allclose(weights.sum(), 1, rtol=1e-12)
    assert round(weights[:terms].sum(), 3) == share


# Errors ---------------------------------------------------------------------------------------------


def square(x):
    return (x * x).sum()


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda: numerical_grad(square, mg.ones(2), method="left"),
            ValueError,
            "'left' is unknown",
        ),
        (lambda: numerical_grad(square, mg.ones(2), eps=0), ValueError, "eps > 0"),
        (lambda: numerical_grad(square, mg.arange(2)), TypeError, "the point is int64"),
        (lambda: numerical_grad(mg.sin, mg.ones(2)), ValueError, r"one number.*shape \(2,\)"),
        (
            lambda: directional_derivative(square, mg.ones(2), mg.ones(3)),
            ValueError,
            r"\(3,\).*\(2,\)",
        ),
        (lambda: taylor(square, mg.ones(2)), TypeError, "give either step, or eta"),
        (
            lambda: taylor(square, mg.ones(2), mg.ones(2), eta=1.0),
            TypeError,
            "give either step, or eta",
        ),
        (lambda: taylor(square, mg.ones(2), eta=1.0, order=3), ValueError, "order = 3"),
        (lambda: taylor(square, mg.ones(2), mg.ones(1)), ValueError, r"\(1,\).*\(2,\)"),
        (lambda: classify_critical_point(square, mg.arange(2)), TypeError, "the point is int64"),
        (lambda: is_convex_on(square, [(1, 1)]), ValueError, r"range \(1, 1\) is empty"),
        (
            lambda: is_convex_on(square, [(0, 1)], chords=0),
            ValueError,
            "chords has to be a positive",
        ),
        (lambda: effective_window(1.0), ValueError, "0 <= beta < 1"),
    ],
)
def test_bad_arguments_are_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
