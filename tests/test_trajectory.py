"""Trajectories: they are sequences, explain each step with its own numbers, and draw themselves."""

import re
import sys
from functools import partial

import numpy as np
import pytest

from minigrad.optim import (
    SAM,
    SGD,
    SPSA,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    HalveOnNoDecrease,
    LineSearchGD,
    Momentum,
    Muon,
    NAdam,
    Nesterov,
    Newton,
    NewtonCG,
    NormalizedGD,
    Optimizer,
    RAdam,
    RMSprop,
    SignDescent,
    functions,
    minimize,
)
from minigrad.optim.explaining import EXPLANATIONS, explains, number_text
from minigrad.optim.sign import Lion
from minigrad.optim.transforms import clip_by_value, l2


def over_the_bowl(make, steps=3, **settings):
    return minimize(functions.bowl, (3, -2), partial(make, **settings), steps)


# A sequence ------------------------------------------------------------------------------------------------


def test_it_is_a_sequence_of_what_was_visited():
    path = over_the_bowl(SGD, lr=0.05)
    assert len(path) == 4 and path.steps == 3
    assert [visited.loss for visited in path] == path.losses.tolist()
    assert path[-1].loss == path.fun and path[0].point.tolist() == [3, -2]
    assert [visited.loss for visited in path[1:3]] == path.losses[1:3].tolist()
    with pytest.raises(IndexError):
        path[4]
    assert repr(path) == f"Trajectory(3 steps, from 24.5 to {path.fun:g}; 3 steps were made)"


def test_the_best_point_need_not_be_the_last():
    path = minimize(functions.parabola, 0.7, partial(SGD, lr=0.3), 5)
    assert path.best == 0 and path.losses[path.best] < path.fun
    assert minimize(lambda x: x.log(), 1.0, partial(SGD, lr=2.0), 5).best == 0


# Explanations ----------------------------------------------------------------------------------------------

NUMBER = r"-?[\d.]+(?:e[+-]?\d+)?"
RULES = {
    "gradient descent": partial(SGD, lr=0.05),
    "SGD with momentum": partial(SGD, lr=0.05, momentum=0.9),
    "SGD with dampening": partial(SGD, lr=0.05, momentum=0.9, dampening=0.3),
    "SGD with Nesterov": partial(SGD, lr=0.05, momentum=0.9, nesterov=True),
    "classical momentum": partial(Momentum.classical, lr=0.05),
    "averaged momentum": partial(Momentum.ema, alpha=0.5, beta=0.9),
    "growing average": partial(Momentum.ema, alpha=0.5, growing=True),
    "PyTorch's momentum": partial(Momentum.pytorch, lr=0.05, mu=0.9, dampening=0.3),
    "growing momentum": partial(Momentum.classical, lr=0.05, growing=True),
    "Nesterov": partial(Nesterov.sutskever, lr=0.05),
    "Nesterov, averaged": partial(Nesterov.lookahead, alpha=0.5),
    "Nesterov, as printed": partial(Nesterov.lookahead, alpha=0.5, at="alpha_m"),
    "sign descent": partial(SignDescent, lr=0.1),
    "normalised": partial(NormalizedGD, lr=0.1, eps=1e-3),
    "Adagrad": partial(Adagrad, lr=0.5, initial_accumulator_value=0.1),
    "Adagrad with decay, inside": partial(Adagrad, lr=0.5, lr_decay=0.1, eps=0.01, eps_inside=True),
    "RMSprop": partial(RMSprop, lr=0.05),
    "RMSprop, all options": partial(RMSprop, lr=0.05, alpha=0.9, momentum=0.5, centered=True, eps=0.01, eps_inside=True),
    "Adadelta": partial(Adadelta, lr=1.0),
    "Adam": partial(Adam, lr=0.1),
    "Adam, amsgrad": partial(Adam, lr=0.1, amsgrad=True),
    "Adam, Keras's": partial(Adam, lr=0.1, eps=0.01, eps_after_correction=False),
    "Adam, uncorrected": partial(Adam, lr=0.1, bias_correction=False),
    "AdamW": partial(AdamW, lr=0.1, weight_decay=0.5),
    "Adamax": partial(Adamax, lr=0.1),
    "NAdam": partial(NAdam, lr=0.1),
    "RAdam": partial(RAdam, lr=0.1),
    "RAdam, rectified": partial(RAdam, lr=0.1, betas=(0.9, 0.5)),
    "Lion": partial(Lion, lr=0.1, weight_decay=0.1),
    "Muon, a vector": partial(Muon, adamw_lr=0.1, adamw_betas=(0.8, 0.9), adamw_eps=0.01),
    "weight decay": partial(SGD, lr=0.05, weight_decay=0.1),
    "climbing": partial(SGD, lr=0.05, maximize=True),
    "climbing with decay": partial(SGD, lr=0.05, maximize=True, weight_decay=0.1),
    "decoupled decay": partial(SGD, lr=0.05, weight_decay=0.1, decoupled_weight_decay=True),
    "clipped": partial(SGD, lr=0.05, transforms=[clip_by_value(1.0)]),
    "line search": LineSearchGD,
    "halving": partial(HalveOnNoDecrease, lr=0.5),
    "halving, kept": partial(HalveOnNoDecrease, lr=0.3, reject=False),
    "SAM": partial(SAM, lr=0.05, rho=0.5),
    "SAM, adaptive": partial(SAM, lr=0.05, rho=0.5, adaptive=True),
    "SAM, climbing": partial(SAM, lr=0.05, rho=0.5, maximize=True),
    "SAM around Adam": partial(SAM, base=Adam, lr=0.05, rho=0.5),
    "SAM around AdamW": partial(SAM, base=AdamW, lr=0.05, weight_decay=0.5),
}  # fmt: skip


def computed(text):
    """Return what a printed expression makes; its vectors have two numbers."""
    text = re.sub(rf"\(({NUMBER}, {NUMBER})\)", r"V(\1)", text)
    text = re.sub(r"\|(.+?)\|", r"abs(\1)", text)
    text = re.sub(rf"√(V\(.+?\)|{NUMBER})", r"sqrt(\1)", text).replace("√(", "sqrt(")
    for printed, python in {"·": "*", "−": "-", "^": "**", "²": "**2"}.items():
        text = text.replace(printed, python)
    names = {
        "V": lambda *v: np.array(v),
        "sqrt": np.sqrt,
        "abs": np.abs,
        "sign": np.sign,
        "max": np.maximum,
    }
    return np.asarray(eval(text, {"__builtins__": {}}, names), float)


def equations(text):
    """Yield, of each equation that is printed: symbol, formula, numbers, result."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if " ← " in line:
            yield (*line.split(" ← "), lines[i + 1].strip()[2:], lines[i + 2].strip()[2:])


@pytest.mark.parametrize("rule", RULES)
def test_every_printed_number_is_right(rule):
    path = minimize(functions.bowl, (3, -2), RULES[rule], 4)
    for k in range(4):
        text = path.explain(k)
        found = list(equations(text))
        assert found
        for symbol, _, numbers, result in found:
            expected = computed(result)
            scale = max(1.0, np.abs(expected).max())
            np.testing.assert_allclose(
                computed(numbers), expected, rtol=2e-5, atol=2e-5 * scale, err_msg=symbol
            )
        moves = [result for symbol, _, _, result in found if symbol == "θ"]
        np.testing.assert_allclose(computed(moves[-1]), path.points[k + 1], rtol=1e-5)
        assert f"θ = {number_text(path.points[k])}" in text
        assert text.splitlines()[-1] == f"J(θ) = {number_text(path.losses[k + 1])}"
        assert number_text(path.gradients[k]) in text


def test_momentum_reads_as_in_document_000():
    path = over_the_bowl(Momentum.classical, lr=0.01)
    assert str(path.explain(1)).splitlines()[1:] == [
        "θ = (2.97, -1.8)",
        "J(θ) = 20.6105",
        "g = (2.97, -18)   = ∇J(θ)",
        "v ← μ v + η g",
        "  = 0.9·(0.03, -0.2) + 0.01·(2.97, -18)",
        "  = (0.0567, -0.36)",
        "θ ← θ − v",
        "  = (2.97, -1.8) − (0.0567, -0.36)",
        "  = (2.9133, -1.44)",
        "J(θ) = 14.6117",
    ]


def test_adam_shows_the_corrected_moments():
    text = over_the_bowl(Adam, lr=0.1).explain(0)
    formulas = {symbol: formula for symbol, formula, *_ in equations(text)}
    assert formulas == {
        "m": "β₁ m + (1 − β₁) g",
        "v": "β₂ v + (1 − β₂) g²",
        "m̂": "m/(1 − β₁^t)",
        "v̂": "v/(1 − β₂^t)",
        "θ": "θ − η m̂/(√v̂ + ε)",
    }
    assert "  = (0.3, -2)/(1 − 0.9^1)" in text


def test_averaged_momentum_has_the_letters_of_document_003():
    formulas = {
        symbol: formula for symbol, formula, *_ in equations(over_the_bowl(Momentum.ema).explain(1))
    }
    assert formulas == {"m": "β m + (1 − β) g", "θ": "θ − α m"}


def test_nesterov_shows_where_the_gradient_was_taken():
    path = over_the_bowl(Nesterov.sutskever, lr=0.05)
    text = path.explain(1)
    ((_, formula, _, place),) = [e for e in equations(text) if e[0] == "θ′"]
    assert formula == "θ − μ v"
    assert f"g = {number_text(computed(place) * (1, 10))}   what the rule is given" in text
    assert f"∇J(θ) = {number_text(path.gradients[1])}" in text


def test_decay_and_clipping_are_seen():
    assert ("g", "∇J(θ) + λ θ") in [
        e[:2] for e in equations(over_the_bowl(SGD, weight_decay=0.1).explain(0))
    ]
    assert ("g", "−∇J(θ)") in [
        e[:2] for e in equations(over_the_bowl(SGD, maximize=True).explain(0))
    ]
    decoupled = over_the_bowl(AdamW, lr=0.1, weight_decay=0.5).explain(0)
    assert ("θ", "(1 − η λ) θ") == next(equations(decoupled))[:2]
    clipped = over_the_bowl(SGD, transforms=[l2(0.01), clip_by_value(1.0)]).explain(0)
    assert "∇J(θ) = (3, -20)\ng = (1, -1)   what the rule is given" in clipped


def test_a_single_number_and_many_numbers():
    text = minimize(functions.parabola, 0.0, partial(SGD, lr=0.1), 1).explain(0)
    assert "  = 0 − 0.1·(-6)" in text
    text = minimize(lambda x: (x * x).sum(), np.arange(10.0), partial(SGD, lr=0.25), 1).explain(0)
    assert "θ = (0, 1, 2, …, 9)" in text and "  = (0, 0.5, 1, …, 4.5)" in text
    matrix = minimize(lambda x: (x * x).sum(), np.ones((2, 2)), partial(Adam, lr=0.25), 1)
    assert "θ = (1, 1, 1, 1)" in matrix.explain(0)
    with pytest.raises(ValueError, match="the steps of 1001 numbers were not recorded"):
        minimize(lambda x: (x * x).sum(), np.ones(1001), SGD, 1).explain(0)


def test_steps_are_counted_from_0_and_from_the_end():
    path = over_the_bowl(SGD, lr=0.05)
    assert path.explain(-1) == path.explain(2) and path.explain(2).startswith(
        "step 2: SGD, lr = 0.05\n"
    )
    assert repr(path.explain(0)) == str(path.explain(0))
    for k in (3, -4):
        with pytest.raises(IndexError, match=f"there is no step {k}, there are 3 from 0 on"):
            path.explain(k)


def test_a_rule_that_is_not_known_is_listed_with_all_that_was_kept():
    class Mine(SGD):
        equation = "θ ← something of g"

        def update(self, theta, g, s, lr, momentum, dampening, nesterov):
            s.momentum_buffer[...] = g
            theta -= lr * g

    text = over_the_bowl(Mine, lr=0.05, momentum=0.9).explain(1)
    assert text.splitlines()[3:] == [
        "g = (2.85, -10)   = ∇J(θ)",
        "θ ← something of g",
        "momentum_buffer: (3, -20) → (2.85, -10)",
        "Δθ = (-0.1425, 0.5)   the step",
        "θ = (2.7075, -0.5)   after the step",
        f"J(θ) = {functions.bowl((2.7075, -0.5)).item():.6g}",
    ]


def test_numbers_of_a_rule_that_are_changed_make_it_another_rule():
    class Far(Adam):
        def coefficients(self, s, lr, betas, eps, eps_after_correction, bias_correction):
            given = lr, betas, eps, eps_after_correction, bias_correction
            return {**super().coefficients(s, *given), "rate": 3.0}

    text = over_the_bowl(Far, lr=0.1).explain(1)
    assert not re.findall("^  = ", text, flags=re.M)
    assert "exp_avg: (0.3, -2) → " in text and "   the step\n" in text


@pytest.mark.parametrize("options", [{}, {"nesterov": False, "adjust_lr_fn": "match_rms_adamw"}])
def test_muon_turns_matrices_and_leaves_others_to_adamw(options):
    path = minimize(lambda x: (x**4).sum(), [[3.0], [-2.0]], partial(Muon, lr=0.1, **options), 2)
    text = path.explain(1)
    found = list(equations(text))
    assert [(symbol, formula) for symbol, formula, *_ in found] == [
        ("θ", "(1 − η λ) θ"),
        ("m", "μ m + (1 − μ) g"),
        ("u", "m" if options else "μ m + (1 − μ) g"),
        ("θ", "θ − η s NS(u)"),
    ]
    for _, _, numbers, result in found:
        np.testing.assert_allclose(computed(numbers), computed(result), rtol=2e-5)
    np.testing.assert_allclose(computed(result), path.points[2], rtol=1e-5)
    assert f"s = {0.2 * 2**0.5 if options else 2**0.5:.6g}\n" in text
    text = over_the_bowl(Muon).explain(1)
    assert "by AdamW, as use_muon is False\nm ← β₁ m + (1 − β₁) g\n" in text and "NS" not in text


def test_an_optimiser_of_values_shows_no_gradient():
    class Down(Optimizer):
        observes = "value"

        def __init__(self, params):
            super().__init__(params, {})

        def step(self, closure):
            self.param_groups[0]["params"][0].data -= 0.5

    text = minimize(functions.bowl, (3, -2), Down, 1).explain(0)
    assert text.splitlines() == [
        "step 0: Down",
        "θ = (3, -2)",
        "J(θ) = 24.5",
        "Δθ = (-0.5, -0.5)   the step",
        "θ = (2.5, -2.5)   after the step",
        "J(θ) = 34.375",
    ]


def test_newton_reads_as_it_computes():
    for settings, rule in [
        ({}, "θ ← θ − η (|H| + λ I)⁻¹ g"),
        ({"saddle_free": False}, "θ ← θ − η (H + λ I)⁻¹ g"),
        ({"search": "backtracking"}, "θ ← θ − α (|H| + λ I)⁻¹ g"),
    ]:
        text = over_the_bowl(Newton, **settings).explain(0).splitlines()
        assert rule in text and "Δθ = (-3, 2)   the step" in text
    assert "α = 1   how far the step went" in over_the_bowl(NewtonCG).explain(0)


def test_a_line_search_shows_its_rate():
    path = over_the_bowl(LineSearchGD)
    assert f"α = {path.rates[1]:g}   by the line search\nθ ← θ − α g" in path.explain(1)


def test_halving_shows_what_was_tried_and_taken_back():
    path = minimize(functions.parabola, 0.0, HalveOnNoDecrease, 3)
    taken_back = "J(θ′) is not less than J(θ): the step is taken back"
    assert [taken_back in path.explain(k) for k in range(3)] == [True, True, False]
    assert "θ′ ← θ − η g\n  = 0 − 0.5·(-6)\n  = 3\n" in path.explain(0)
    assert "η ← f η\n  = 0.5·0.5\n  = 0.25" in path.explain(0)


def test_sam_shows_where_its_gradient_is_taken():
    path = over_the_bowl(SAM, lr=0.05, rho=0.5)
    text = path.explain(1)
    ((*_, place),) = [e for e in equations(text) if e[0] == "θ′"]
    assert f"∇J(θ) = {number_text(path.gradients[1])}\n" in text
    given = next(line for line in text.splitlines() if line.startswith("g = "))
    numbers, remark = given[4:].split("   ")
    assert remark == "what the rule is given"
    np.testing.assert_allclose(computed(numbers), computed(place) * (1, 10), rtol=1e-5)


def test_an_estimated_gradient_is_what_the_rule_is_given():
    path = over_the_bowl(SPSA, lr=0.01)
    text = path.explain(0)
    assert "nan" not in text and path.equation in text
    numbers = re.search(r"^g = (\(.*\))   what the rule is given$", text, re.MULTILINE)[1]
    np.testing.assert_allclose(
        -0.01 * computed(numbers), np.diff(path.points[:2], axis=0)[0], rtol=1e-5
    )


@pytest.mark.parametrize(
    "make", [partial(SGD, lr=0.1), partial(SAM, lr=0.1), LineSearchGD, HalveOnNoDecrease]
)
def test_the_gradient_of_what_is_measured_is_not_called_that_of_the_rule(make):
    path = minimize(functions.bowl, (3, -2), make, 1, measure=lambda x: (x * x).sum())
    text = path.explain(0)
    assert "J(θ) = 13   of the function that is measured" in text
    assert "∇J(θ) = (6, -4)   of the function that is measured" in text
    assert not re.search(r"^g = \(6, -4\)", text, re.MULTILINE)
    sgd = getattr(make, "func", None) is SGD
    assert ("g = (3, -20)   what the rule is given" in text) == sgd


def test_a_class_of_ones_own_can_be_explained():
    class Halving(Optimizer):
        defaults = {"lr": 0.5}

        def update(self, theta, g, s, lr):
            theta *= lr

    @explains(Halving)
    def halving(page):
        page.line("θ", "{η}·{θ}", page.end)

    try:
        assert "θ ← η θ\n  = 0.5·(3, -2)\n  = (1.5, -1)" in minimize(
            functions.bowl, (3, -2), Halving, 1
        ).explain(0)
    finally:
        del EXPLANATIONS[Halving]


# Pictures --------------------------------------------------------------------------------------------------

DRAWN = {
    "contours": lambda path, descent: path.plot(),
    "surface": lambda path, descent: path.surface(),
    "curves": lambda path, descent: path.curves(),
    "comparison": lambda path, descent: descent.compare({"one": path, "two": path}),
    "small ones": lambda path, descent: descent.side_by_side({"one": path, "two": path}),
    "function": lambda path, descent: path.objective.plot(),
    "function as a surface": lambda path, descent: path.objective.surface(),
    "film": lambda path, descent: path.animate(),
}


@pytest.fixture
def descent():
    pytest.importorskip("matplotlib")
    from minigrad.viz.plots import descent

    return descent


def lines(ax):
    """Return the points of the lines in a picture, by name or colour."""
    return [line.get_xydata() for line in ax.lines]


@pytest.mark.parametrize("kind", [kind for kind in DRAWN if kind != "film"])
def test_every_picture_can_be_written(kind, descent, tmp_path):
    figure = DRAWN[kind](over_the_bowl(SGD, lr=0.05), descent)
    figure.savefig(tmp_path / "picture.png", dpi=30)
    assert (tmp_path / "picture.png").stat().st_size > 1000


@pytest.mark.parametrize("f", functions.ALL.values(), ids=lambda f: f.name)
def test_every_function_of_one_or_two_numbers_can_be_drawn(f, descent):
    if f.dimension == 3:
        with pytest.raises(
            ValueError,
            match=r"functions of one or two numbers can be drawn, this one has 3; see curves\(\)",
        ):
            f.plot()
        return
    ax = f.plot().axes[0]
    assert ax.get_xlim() == f.window[0] and ax.get_xlabel() == f.symbols[0]
    assert ax.get_title() == f.equation
    stars = [line for line in ax.lines if line.get_marker() == "*"]
    assert len(stars) == len(f.minima)


def test_a_way_is_drawn_over_contours_with_its_ends(descent):
    path = over_the_bowl(SGD, lr=0.05)
    ax = path.plot().axes[0]
    assert any(np.array_equal(xy, path.points) for xy in lines(ax))
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["known minimum", "start", "end"]
    assert (ax.get_xlim(), ax.get_ylim()) == functions.bowl.window
    assert path.plot(window=((-1, 4), (-3, 1))).axes[0].get_xlim() == (-1, 4)


def test_a_way_over_a_curve_has_the_values_for_heights(descent):
    path = minimize(functions.parabola, 0.0, partial(SGD, lr=0.1), 4)
    ax = path.plot(window=(0, 1)).axes[0]
    expected = np.column_stack([path.points, path.losses])
    assert any(np.array_equal(xy, expected) for xy in lines(ax)) and ax.get_xlim() == (0, 1)


def test_windows_hold_the_start_and_functions_without_one_all_points(descent):
    far = minimize(functions.bowl, (9, -2), partial(SGD, lr=0.05), 3)
    assert far.plot().axes[0].get_xlim() == (-4, 9)
    own = minimize(lambda x: ((x - 1) ** 2).sum(), (3.0, -2.0), partial(SGD, lr=0.1), 5)
    low, high = own.plot().axes[0].get_xlim()
    assert low < own.points[:, 0].min() and high > 3
    with pytest.raises(ValueError, match="give a window, the function has none of its own"):
        descent.landscape(lambda x: x.sum())


def test_functions_of_ones_own_are_asked_in_their_shape(descent):
    own = minimize(
        lambda x: ((x - 1) ** 2).sum() + x[0, 0] * x[1, 0], np.ones((2, 1)), partial(SGD, lr=0.1), 5
    )
    assert any(np.array_equal(xy, own.points) for xy in lines(own.plot().axes[0]))
    scalar = minimize(lambda x: (x - 1) ** 2, 3.0, partial(SGD, lr=0.1), 5)
    assert scalar.plot().axes[0].get_xlabel() == "x"


def test_pictures_go_where_they_are_told(descent):
    from matplotlib.figure import Figure

    path = over_the_bowl(SGD, lr=0.05)
    for draw in (path.plot, functions.bowl.plot, partial(descent.compare, {"a": path})):
        figure = Figure()
        ax = figure.subplots()
        assert draw(ax=ax) is figure and ax.lines
    figure = Figure()
    assert path.surface(ax=figure.add_subplot(projection="3d")) is figure


def test_a_comparison_names_every_way(descent):
    paths = {"slow": over_the_bowl(SGD, lr=0.01), "fast": over_the_bowl(SGD, lr=0.1)}
    ax = descent.compare(paths, title="Two rates").axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "known minimum",
        "slow",
        "fast",
    ]
    assert ax.get_title() == "Two rates"
    figure = descent.side_by_side(paths, columns=1)
    assert [ax.get_title().split("\n")[0] for ax in figure.axes[:2]] == ["slow", "fast"]
    one_number = {
        "a": minimize(functions.wavy, None, SGD, 2),
        "b": minimize(functions.wavy, 1.0, SGD, 2),
    }
    assert len(descent.side_by_side(one_number).axes) == 2
    for draw in (descent.compare, descent.side_by_side):
        with pytest.raises(ValueError, match="there are no trajectories to compare"):
            draw({})


def test_curves_show_value_gradient_and_rate(descent):
    path = over_the_bowl(SGD, lr=0.05)
    value, gradient, rate = path.curves().axes
    np.testing.assert_allclose(value.lines[0].get_ydata(), path.losses)
    np.testing.assert_allclose(
        gradient.lines[0].get_ydata(), np.linalg.norm(path.gradients, axis=1)
    )
    np.testing.assert_allclose(rate.lines[0].get_ydata(), path.rates)
    assert value.get_yscale() == gradient.get_yscale() == "log" and rate.get_yscale() == "linear"
    below = minimize(functions.parabola, 0.0, partial(SGD, lr=0.1), 4).curves().axes[0]
    assert below.get_ylabel() == "J − (-11.25), the lowest known" and below.get_yscale() == "log"
    negative = minimize(lambda x: x.sin(), 0.0, partial(SGD, lr=0.1), 4).curves().axes[0]
    assert negative.get_ylabel() == "J" and negative.get_yscale() == "linear"


def test_a_film_is_written_by_pillow(descent, tmp_path):
    image = pytest.importorskip("PIL.Image")
    path = minimize(functions.wavy, 2.5, partial(SGD, lr=0.01, momentum=0.9), 12)
    path.animate(frames=5, fps=5).save(tmp_path / "descent.gif", dpi=30)
    with image.open(tmp_path / "descent.gif") as film:
        assert film.n_frames == 5 and film.info["duration"] == 200


def test_levels_are_close_together_where_it_is_low(descent):
    from minigrad.viz.plots.landscapes import levels_of

    levels = levels_of(np.linspace(0, 1000, 10_001), functions.himmelblau)
    steps = np.diff(levels)
    assert levels[0] == 0 and levels[-1] == pytest.approx(1000) and (np.diff(steps) > 0).all()
    assert (np.diff(levels_of(np.ones(5))) > 0).all()
    assert np.isfinite(levels_of(np.array([1.0, 2.0, np.nan, np.inf]))).all()
    with pytest.raises(ValueError, match="the function is nowhere finite in this window"):
        levels_of(np.array([np.nan]))


def test_functions_need_not_be_finite_everywhere(descent):
    ax = descent.landscape(lambda x: x.log(), (-1, 1)).axes[0]
    x, y = ax.lines[0].get_data()
    assert np.isnan(y[x <= 0]).all() and np.isfinite(y[x > 0.1]).all()
    descent.landscape(lambda x: x.log().sum(), ((-1, 1), (-1, 1)))
    for window in ((-2, -1), ((-2, -1), (0, 1))):
        with pytest.raises(ValueError, match="the function is nowhere finite in this window"):
            descent.landscape(lambda x: x.log().sum(), window)
    gone = minimize(lambda x: x.log(), 1.0, partial(SGD, lr=2.0), 5)
    gone.plot(window=(0.1, 2)), gone.curves()


def test_a_curve_is_broken_where_it_jumps(descent):
    x, y = functions.jump.plot().axes[0].lines[0].get_data()
    assert np.isnan(y).sum() == 1 and x[np.isnan(y)] == pytest.approx(0.5, abs=0.01)
    for smooth in (functions.sqrt_abs, functions.wavy, functions.absolute):
        assert np.isfinite(smooth.plot().axes[0].lines[0].get_ydata()).all()


def test_surfaces_are_of_two_numbers(descent):
    with pytest.raises(
        ValueError, match="a surface is of a function of two numbers, this one has one"
    ):
        functions.wavy.surface()


@pytest.mark.parametrize("kind", DRAWN)
def test_without_matplotlib_the_error_says_what_to_install(kind, monkeypatch):
    path = over_the_bowl(SGD, lr=0.05)
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    from minigrad.viz.plots import descent

    with pytest.raises(
        ImportError, match=re.escape('need matplotlib: pip install "minigrad-autograd[plot]"')
    ):
        DRAWN[kind](path, descent)
