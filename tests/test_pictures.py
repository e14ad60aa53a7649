"""Pictures by matplotlib: what they show is what was computed, they can be read, and leave no trace."""

import re
import sys
from functools import partial

import numpy as np
import pytest

import minigrad as mg
from minigrad import data, nn, optim
from minigrad.optim import functions
from minigrad.optim.schedules import Cosine, WarmUp
from minigrad.viz.plots import style

matplotlib = pytest.importorskip("matplotlib")

from matplotlib.colors import to_rgb  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.text import Text  # noqa: E402

from minigrad import viz  # noqa: E402


def network(dtype=mg.float32):
    mg.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 6, bias=False, dtype=dtype),
        nn.BatchNorm1d(6, dtype=dtype),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(6, 3, dtype=dtype),
    )


def batch(n=20, dtype=mg.float32):
    mg.manual_seed(1)
    return 3 * mg.randn(n, 4, dtype=dtype) + 1


def after_backward():
    model = network()
    model(batch()).sum().backward()
    return model


def way(make=None, steps=8):
    make = make or partial(optim.SGD, lr=0.05)
    return optim.minimize(functions.bowl, (1.5, -2.0), make, steps)


def two_ways():
    return {"slow": way(steps=5), "fast": way(partial(optim.SGD, lr=0.1))}


def halves(x):
    """A model that knows two classes, parted by x₁ + x₂ = 0."""
    return 4 * (x[:, 0] + x[:, 1])


POINTS = np.array([[-1.0, -1.0], [1.0, 1.0], [2.0, -1.0], [-2.0, 0.5]])
SIDES = np.array([0, 1, 1, 0])

PICTURES = {
    "landscape": lambda: viz.landscape(functions.himmelblau),
    "path": lambda: viz.path(way()),
    "compare": lambda: viz.compare(two_ways()),
    "side_by_side": lambda: viz.side_by_side(two_ways(), title="Two rates"),
    "surface": lambda: viz.surface(functions.bowl, trajectory=way()),
    "curves": lambda: way().curves(),
    "loss_curves": lambda: viz.loss_curves({"a": [3, 1], "b": [2, 1]}, title="Losses"),
    "training_curves": lambda: viz.training_curves({"loss": [3, 1], "accuracy": [0, 1]}),
    "rate_curves": lambda: viz.rate_curves({"a": [0.1, 0.2], "b": [0.2, 0.1]}),
    "schedule_curves": lambda: viz.schedule_curves({"cosine": Cosine(9)}, 9, title="Down"),
    "decision_boundary": lambda: viz.decision_boundary(halves, POINTS, SIDES, title="Halves"),
    "weight_histograms": lambda: viz.weight_histograms(network(), title="Weights"),
    "gradient_histograms": lambda: viz.gradient_histograms(after_backward(), title="Gradients"),
    "activation_statistics": lambda: viz.activation_statistics(network(), batch(), title="Units"),
    "activation_histograms": lambda: viz.activation_histograms(network(), batch(), title="All"),
    "normalization": lambda: viz.normalization(network(), batch(), title="Batch norm"),
    "image_sheet": lambda: viz.image_sheet(np.eye(3)[None], ["1, is 7"], [True], title="Eyes"),
}
FILMS = {"race": lambda: viz.race(two_ways()), "animate": lambda: way().animate()}


def texts(artist):
    return [t for t in artist.findobj(Text) if t.get_text().strip() and t.get_visible()]


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# Colours ---------------------------------------------------------------------------------------------------


def linear(colour):
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    """WCAG 2: from 1 to 21."""
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    """CIE L*a*b* of linear red, green and blue."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.0888]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency",
# 2009: the whole of the deficiency.
EYES = {
    "ordinary": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
}


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("look", style.THEMES.values(), ids=style.THEMES)
def test_the_colours_can_be_told_apart(look, eyes):
    seen = [lab(EYES[eyes] @ linear(colour)) for colour in look.colours]
    nearest = min(np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i])
    assert nearest > 15  # about 2 is what one can just see


@pytest.mark.parametrize("look", style.THEMES.values(), ids=style.THEMES)
def test_text_and_curves_stand_out_from_the_paper(look):
    assert contrast(look.ink, look.paper) > 12
    assert contrast(look.grey, look.paper) > 4.5
    assert min(contrast(colour, look.paper) for colour in look.colours) > 3
    assert min(contrast(colour, look.low) for colour, _ in look.ways[:1]) > 2  # over a valley
    assert len({stroke for _, stroke in look.strokes[:6]}) == 6


@pytest.mark.parametrize("look", style.THEMES.values(), ids=style.THEMES)
def test_many_curves_and_areas_can_be_told_apart(look):
    for looks in (look.strokes, look.ways):
        assert len(set(looks)) == len(looks) == 36
    assert len(look.areas) == 12
    for depth in (0.55, 1):  # as an area, and as a marker
        shades = [mixed(colour, look.paper, depth) for colour in look.areas]
        seen = [lab(linear(shade)) for shade in shades]
        assert min(np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]) > 14


def mixed(colour, paper, depth):
    return tuple(depth * np.array(to_rgb(colour)) + (1 - depth) * np.array(to_rgb(paper)))


@pytest.mark.parametrize("name", style.THEMES)
@pytest.mark.parametrize("kind", [*PICTURES, *FILMS])
def test_every_text_can_be_read(kind, name, tmp_path):
    with viz.theme(name) as look:
        drawn = {**PICTURES, **FILMS}[kind]()
    figure = getattr(drawn, "figure", drawn)
    figure.savefig(tmp_path / "picture.png", dpi=40)
    assert to_rgb(figure.get_facecolor()) == to_rgb(look.paper)
    found = texts(figure)
    assert found and all(contrast(t.get_color(), look.paper) > 4.5 for t in found), [
        t.get_text() for t in found if contrast(t.get_color(), look.paper) <= 4.5
    ]
    assert min(t.get_fontsize() for t in found) >= 9 and figure.get_figwidth() <= 9
    from PIL import Image

    with Image.open(tmp_path / "picture.png") as image:  # what is written has the paper too
        assert np.abs(np.array(image.convert("RGB"))[0, 0] / 255 - to_rgb(look.paper)).max() < 0.01


# Nothing is left behind ------------------------------------------------------------------------------------


def test_nothing_process_wide_is_touched():
    import matplotlib.pyplot as plt

    before, open_before = dict(matplotlib.rcParams), plt.get_fignums()
    with viz.theme("dark"):
        for draw in (*PICTURES.values(), *FILMS.values()):
            draw()
    viz.style_sheet("dark")
    assert dict(matplotlib.rcParams) == before and plt.get_fignums() == open_before


def test_a_theme_ends_with_its_block():
    def paper():
        return viz.loss_curves({"a": [1, 2]}).get_facecolor()

    light = paper()
    with viz.theme("dark") as look:
        assert look is style.DARK and paper() != light
        with viz.theme("light"):
            assert paper() == light
        assert paper() != light
    assert paper() == light
    with pytest.raises(ValueError, match="there is no theme 'black', there are 'light', 'dark'"):
        viz.theme("black").__enter__()
    assert paper() == light


def test_settings_of_the_user_do_not_reach_the_pictures():
    with matplotlib.rc_context({"axes.facecolor": "red", "text.color": "red", "font.size": 30}):
        figure = viz.loss_curves({"a": [1, 2], "b": [2, 3]}, title="Losses")
        figure.draw_without_rendering()
        assert all(to_rgb(t.get_color()) != (1, 0, 0) for t in texts(figure))
        assert max(t.get_fontsize() for t in texts(figure)) <= style.TITLE
        assert to_rgb(figure.axes[0].get_facecolor()) == (1, 1, 1)


@pytest.mark.parametrize(("paper", "look"), [("#ffffff", style.LIGHT), ("#101010", style.DARK)])
def test_on_given_axes_the_colours_follow_the_paper(paper, look):
    for draw in (
        partial(viz.loss_curves, {"a": [1, 2]}),
        partial(viz.rate_curves, {"a": [1, 2], "b": [2, 1]}),
        partial(viz.landscape, functions.bowl),
        partial(viz.path, way()),
        partial(viz.compare, two_ways()),
        partial(viz.decision_boundary, halves, POINTS, SIDES),
    ):
        figure = Figure(facecolor=paper)
        ax = figure.subfigures().subplots()
        assert draw(ax=ax) in (figure, ax.figure)
        assert to_rgb(ax.xaxis.label.get_color()) == to_rgb(look.ink)
        assert len(figure.axes) == 1  # no bar, unless it is asked for
        assert figure.get_facecolor() == Figure(facecolor=paper).get_facecolor()


def test_the_style_sheet_is_one_of_matplotlib():
    for name in style.THEMES:
        with matplotlib.rc_context(viz.style_sheet(name)):
            ax = Figure().subplots()
            assert to_rgb(ax.figure.get_facecolor()) == to_rgb(style.THEMES[name].paper)
            (line,) = ax.plot([1, 2])
            assert line.get_color() == style.THEMES[name].colours[0]
            assert not ax.spines["top"].get_visible()
    with viz.theme("dark"):
        assert viz.style_sheet() == viz.style_sheet("dark") != viz.style_sheet("light")
    with pytest.raises(ValueError, match="there is no theme 'grey'"):
        viz.style_sheet("grey")


def left_as_it_was(model, run):
    """Tell whether modes, numbers, gradients and hooks of a model are the same after a run."""
    model.train()
    model[1].eval()
    before = (
        [m.training for m in model.modules()],
        {name: t.numpy().copy() for name, t in model.state_dict().items()},
        [id(t) for t in (*model.parameters(), *model.buffers())],
        [t._version for t in (*model.parameters(), *model.buffers())],
        [p.grad for p in model.parameters()],
        mg.default_generator.get_state().tolist(),
    )
    run()
    after = (
        [m.training for m in model.modules()],
        model.state_dict(),
        [id(t) for t in (*model.parameters(), *model.buffers())],
        [t._version for t in (*model.parameters(), *model.buffers())],
        [p.grad for p in model.parameters()],
        mg.default_generator.get_state().tolist(),
    )
    for name, array in before[1].items():
        np.testing.assert_array_equal(array, after[1][name].numpy())
    assert [b for i, b in enumerate(before) if i != 1] == [a for i, a in enumerate(after) if i != 1]
    assert not any(m._hooks for m in model.modules()) and mg.is_grad_enabled()


def test_models_are_left_as_they_were():
    model, x = network(), batch()
    left_as_it_was(model, lambda: viz.activation_statistics(model, x))
    left_as_it_was(model, lambda: viz.activation_histograms(model, x))
    left_as_it_was(model, lambda: viz.normalization(model, x))
    left_as_it_was(model, lambda: viz.normalization(model, x, running=True))
    flat = nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 1))
    left_as_it_was(flat, lambda: viz.decision_boundary(flat, POINTS, SIDES))


def test_models_are_left_as_they_were_by_an_error():
    model = network()

    def fail():
        for draw in (viz.activation_statistics, viz.activation_histograms, viz.normalization):
            with pytest.raises((RuntimeError, ValueError)):
                draw(model, mg.ones(5, 7))
        with pytest.raises(ValueError, match="the model does not take points of two numbers: "):
            viz.decision_boundary(model, POINTS, SIDES)

    left_as_it_was(model, fail)


# Curves ----------------------------------------------------------------------------------------------------


def test_loss_curves_show_the_losses():
    losses = {"lists": [3.0, 1.0], "arrays": np.array([2.0, 1.5, 1.0], np.float32)}
    losses["tensors"] = [mg.tensor(2.0), mg.tensor(0.5, requires_grad=True)]
    ax = viz.loss_curves(losses, ylabel="cross entropy (nats)", title="Three").axes[0]
    for line, (name, values) in zip(ax.lines, losses.items(), strict=True):
        assert line.get_label() == name and list(line.get_ydata()) == [float(v) for v in values]
        assert list(line.get_xdata()) == list(range(1, len(values) + 1))
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == (
        "epoch",
        "cross entropy (nats)",
        "Three",
    )
    assert names(ax) == ["lists", "arrays", "tensors"] and ax.get_yscale() == "log"
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 3


def test_losses_that_are_not_above_0_have_a_linear_scale():
    assert viz.loss_curves({"a": [1.0, -1.0]}).axes[0].get_yscale() == "linear"
    assert viz.loss_curves({"a": [np.nan, 1.0]}).axes[0].get_yscale() == "log"
    assert [ax.get_ylabel() for ax in viz.training_curves({"accuracy": [1]}).axes] == ["accuracy"]


def test_schedules_are_drawn_over_their_steps():
    schedules = {"cosine": 0.1 * Cosine(20), "a function": lambda k: 0.05 + 0 * k}
    schedules["warm"] = 0.1 * WarmUp(5)
    ax = viz.schedule_curves(schedules, steps=20).axes[0]
    for line, schedule in zip(ax.lines, schedules.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(20))
        np.testing.assert_allclose(line.get_ydata(), schedule(np.arange(20)))
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_ylim()[0]) == ("step", "learning rate", 0)


def test_rates_below_0_are_drawn():
    ax = viz.rate_curves({"a": [-1.0, -2.0]}).axes[0]
    assert ax.get_ylim()[0] < -2 and ax.get_ylim()[1] > -1


def test_each_kind_of_number_has_axes_of_its_own():
    columns = {"loss": [2, 1], "lr": [1, 0.1], "accuracy": [0.1, 0.2], "validation loss": [2, 2]}
    columns |= {"validation accuracy": [0.1, 0.1], "seconds": [3, 3]}
    figure = viz.training_curves(columns)
    drawn = {ax.get_ylabel(): [line.get_label() for line in ax.lines] for ax in figure.axes}
    assert drawn == {
        "loss": ["loss", "validation loss"],
        "learning rate": ["lr"],
        "accuracy": ["accuracy", "validation accuracy"],
        "time (s)": ["seconds"],
    }
    history = mg.train.History()
    for lr in (0.1, 0.1):
        history.append({"loss": 1.0, "lr": lr, "seconds": 1.0})
    assert len(history.plot().axes) == 1
    history.append({"loss": 1.0, "lr": 0.01, "seconds": 1.0})
    assert [ax.get_ylabel() for ax in history.plot().axes] == ["loss", "learning rate"]


def test_many_curves_can_be_told_apart():
    ax = viz.loss_curves({str(k): [1, 2] for k in range(20)}).axes[0]
    assert len({(line.get_color(), str(line._dash_pattern)) for line in ax.lines}) == 20


def test_a_way_that_ran_away_has_curves(tmp_path):
    gone = optim.minimize(functions.bowl, (1.5, -2.0), partial(optim.SGD, lr=1e3), 60)
    gone.curves().savefig(tmp_path / "curves.png")
    gone.plot().savefig(tmp_path / "plot.png")


def test_legends_have_the_columns_that_there_is_room_for():
    from minigrad.viz.plots.style import columns_within

    assert columns_within(1000, ["a", "b", "c"]) == 3
    assert columns_within(100, ["a", "b", "c"]) == 2
    assert columns_within(10, ["a", "b", "c"]) == 1
    assert columns_within(1000, ["a long name\nof two lines", "b"]) == 2
    many = {f"with the rate {k}": way(steps=2) for k in range(6)}
    figure = viz.compare(many)
    figure.draw_without_rendering()
    ax = figure.axes[0]
    legend, label = ax.get_legend().get_window_extent(), ax.xaxis.label.get_window_extent()
    assert legend.y1 < label.y0  # below, and nothing overlaps
    assert 0 < legend.x0 and legend.x1 < figure.bbox.width and legend.y0 > 0


def test_a_bar_is_drawn_where_it_is_wanted():
    assert len(viz.landscape(functions.bowl).axes) == len(viz.path(way()).axes) == 2
    assert len(viz.landscape(functions.bowl, bar=False).axes) == 1
    assert len(viz.compare(two_ways(), bar=False).axes) == 1
    figure = Figure()
    viz.path(way(), ax=figure.subplots(), bar=True)
    assert [ax.get_ylabel() for ax in figure.axes] == ["y", "J"]


def as_scatter():
    ax = Figure().subplots()
    ax.scatter([0.0], [0.0])
    viz.landscape(lambda x: (x * x).sum(), (-1, 1), ax=ax)
    return ax


def test_a_curve_has_a_grid_whatever_was_drawn_before():
    assert as_scatter().xaxis.get_gridlines()[0].get_visible()


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_the_legend_is_in_the_figure_whatever_its_layout(layout):
    figure = Figure(layout=layout)
    axes = figure.subplots(2, 1)
    for ax in axes:
        viz.compare(two_ways(), ax=ax)
    figure.draw_without_rendering()
    for ax, other in (axes, axes[::-1]):
        legend = ax.get_legend().get_window_extent()
        assert legend.y0 >= 0 and not legend.overlaps(other.get_window_extent())


def test_a_bar_is_that_of_its_panel():
    ways = two_ways()
    assert len(viz.side_by_side(ways).axes) == 3  # one function, one bar
    ways["wavy"] = optim.minimize(functions.himmelblau, (1.5, -2.0), partial(optim.SGD, lr=0.01), 5)
    figure = viz.side_by_side(ways, columns=3)
    assert [ax.get_ylabel() for ax in figure.axes] == ["y"] * 3 + ["J"] * 3
    ends = [ax.get_ylim()[1] for ax in figure.axes[3:]]
    assert ends[0] == ends[1] != ends[2]
    assert functions.himmelblau.equation in figure.axes[2].get_title()


def test_texts_of_neighbours_do_not_overlap():
    named = dict(after_backward().named_parameters())
    for draw in (
        lambda m: viz.training_curves({"loss": range(1, 151), "accuracy": range(150)}),
        viz.weight_histograms,
        viz.gradient_histograms,
        lambda m: viz.activation_histograms(network(), batch()),
    ):
        figure = draw(named)
        figure.draw_without_rendering()
        for ax in figure.axes:
            labels = [
                t.get_window_extent()
                for t in ax.get_xticklabels()
                if t.get_text() and t.get_visible()
            ]
            inside = [b for b in labels if ax.bbox.x0 - 1 <= (b.x0 + b.x1) / 2 <= ax.bbox.x1 + 1]
            assert all(a.x1 < b.x0 for a, b in zip(inside, inside[1:], strict=False))
        shown = [ax for ax in figure.axes if ax.axison]
        titles = [ax.title.get_window_extent() for ax in shown]
        assert not any(
            t.overlaps(ax.xaxis.label.get_window_extent())
            for t in titles
            for ax in shown
            if ax.get_xlabel()
        )


# Surfaces --------------------------------------------------------------------------------------------------


def test_a_surface_has_what_the_contours_have():
    figure = viz.surface(functions.bowl, trajectory=way())
    ax, bar = figure.axes
    assert names(ax) == ["known minimum", "start", "end"] and bar.get_ylabel() == "J"
    assert len(viz.surface(functions.bowl, bar=False).axes) == 1
    plain = Figure().add_subplot(projection="3d")
    viz.surface(functions.bowl, ax=plain)
    assert len(plain.figure.axes) == 1 and names(plain) == ["known minimum"]
    viz.surface(lambda x: x.log().sum(), ((-1, 1), (-1, 1)))  # not finite everywhere


@pytest.mark.parametrize(
    ("elev", "azim", "hidden"), [(90, 0, []), (15, 0, [0, 1]), (15, 180, [1, 2])]
)
def test_what_is_behind_a_hill_is_hidden(elev, azim, hidden):
    """A ridge over y, seen from above, from +x and from -x; the points are left of it, on its top's side, right."""
    from minigrad.viz.plots.landscapes import values_on_grid
    from minigrad.viz.plots.surfaces import _Hills

    def ridge(x):
        return mg.exp(-20 * x[0] ** 2)

    ranges = [(-1.0, 1.0), (-1.0, 1.0)]
    ax = Figure().add_subplot(projection="3d")
    ax.view_init(elev, azim)
    hills = _Hills(ax, ranges, values_on_grid(ridge, ranges, (2,))[2])
    points = np.array([[-0.4, 0.0], [0.0, 0.0], [0.4, 0.0]])
    places, found = hills.placed(points)
    np.testing.assert_allclose(places[:, 2], np.exp(-20 * points[:, 0] ** 2), atol=0.02)
    expected = [k for k in hidden if k != 1]  # who is on the top is seen from everywhere
    assert np.flatnonzero(found).tolist() == expected


# Decision boundaries ---------------------------------------------------------------------------------------


def shade(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def boundaries(figure):
    """Return all points of the lines between the classes."""
    return np.concatenate([p for c in figure.axes[0].collections for p in lines_of(c)] or [[]])


def lines_of(collection):
    from matplotlib.contour import ContourSet

    if not isinstance(collection, ContourSet):
        return []
    return [path.vertices for path in collection.get_paths() if len(path.vertices)]


def test_the_boundary_is_where_two_classes_are_equally_likely():
    figure = viz.decision_boundary(halves, POINTS, SIDES, window=((-3, 3), (-3, 3)))
    found = boundaries(figure)
    assert len(found) > 50 and np.abs(found.sum(axis=1)).max() < 1e-9
    ax, bar = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x₁", "x₂") and names(ax) == [
        "class 0",
        "class 1",
    ]
    assert bar.get_ylabel() == "probability of class 1"
    drawn = [c.get_offsets() for c in ax.collections if len(c.get_offsets()) > 1]
    np.testing.assert_array_equal(drawn[0], POINTS[SIDES == 0])
    np.testing.assert_array_equal(drawn[1], POINTS[SIDES == 1])


def test_the_shade_is_the_probability():
    def shades(model, **options):
        options = {"window": ((-1, 1), (-1, 1)), "resolution": 3, **options}
        return shade(viz.decision_boundary(model, POINTS, SIDES, **options))

    colours = [np.array(to_rgb(c)) for c in style.LIGHT.colours[:2]]
    expected = np.empty((3, 3, 3))
    for i, y in enumerate((-1, 0, 1)):
        for j, x in enumerate((-1, 0, 1)):
            p = 1 / (1 + np.exp(-4 * (x + y)))
            depth = 0.55 * abs(2 * p - 1)
            expected[i, j] = 1 + depth * (colours[int(p > 0.5)] - 1)
    np.testing.assert_allclose(shades(halves), expected, atol=1e-6)
    column = lambda x: halves(x).unsqueeze(1)  # noqa: E731
    both = lambda x: mg.stack([0 * halves(x) - 1, halves(x) - 1], dim=1)  # noqa: E731
    chances = lambda x: halves(x).sigmoid()  # noqa: E731
    two_chances = lambda x: both(x).softmax(1)  # noqa: E731
    for same, outputs in [
        (column, "logits"),
        (both, "logits"),
        (chances, "probabilities"),
        (two_chances, "probabilities"),
    ]:
        np.testing.assert_allclose(shades(same, outputs=outputs), expected, atol=1e-6)


def test_each_place_has_the_colour_of_its_likeliest_class():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 4))
    points, labels = data.spirals(60, arms=4)
    window = ((-1, 1), (-1, 1))
    figure = viz.decision_boundary(
        model, points, labels, window=window, resolution=41, classes=list("abcd")
    )
    side = mg.linspace(-1, 1, 41)
    grid = mg.stack(mg.meshgrid(side, side, indexing="xy"), dim=-1).reshape(-1, 2)
    likeliest = model(grid).argmax(1).reshape(41, 41).numpy()
    colours = np.array([to_rgb(c) for c in style.LIGHT.colours[:4]])
    towards = 1 - shade(figure)
    direction = towards / np.linalg.norm(towards, axis=-1, keepdims=True)
    wanted = (1 - colours) / np.linalg.norm(1 - colours, axis=1, keepdims=True)
    np.testing.assert_allclose(direction, wanted[likeliest], atol=1e-5)
    assert names(figure.axes[0]) == list("abcd")
    assert figure.axes[1].get_ylabel() == "probability of the likeliest class"
    scattered = figure.axes[0].collections[-4:]
    assert len({c.get_paths()[0].vertices.tobytes() for c in scattered}) == 4  # markers


def test_many_classes_have_other_markers_when_the_colours_begin_again():
    from minigrad.viz.plots.boundary import _markers

    looks = {(k % 12, marker) for k, marker in enumerate(_markers(72))}
    assert len(looks) == 72


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_may_be_arrays_tensors_and_lists_of_any_precision(dtype, device):
    model = nn.Linear(2, 1, dtype=mg.float64 if dtype is np.float64 else mg.float32)
    points, wide = POINTS.astype(dtype), network(model.weight.dtype)
    for make in (lambda a: a, mg.tensor, lambda a: a.tolist()):
        figure = viz.decision_boundary(model, make(points), make(SIDES))
        assert shade(figure).shape == (201, 201, 3)
        viz.decision_boundary(model, points, SIDES.astype(bool)[:, None])
        assert viz.activation_statistics(wide, make(batch().cpu().numpy())).axes
        assert viz.normalization(wide, make(batch(dtype=mg.float64).cpu().numpy())).axes
    wide(batch(dtype=wide[0].weight.dtype)).sum().backward()
    assert viz.gradient_histograms(wide).axes and viz.weight_histograms(wide).axes


def test_functions_are_given_places_of_the_kind_of_the_points():
    seen = []

    def note(x):
        seen.append((x.dtype, x.requires_grad, mg.is_grad_enabled()))
        return halves(x)

    for points in (POINTS, mg.tensor(POINTS.astype(np.float32)), POINTS.astype(int)):
        viz.decision_boundary(note, points, SIDES)
    wide, narrow = (mg.float64, False, False), (mg.float32, False, False)
    assert set(seen[:6]) == {wide} and set(seen[6:]) == {narrow}


def test_a_model_that_gives_nan_has_no_boundary():
    figure = viz.decision_boundary(lambda x: halves(x) * float("nan"), POINTS, SIDES)
    assert (shade(figure) == 1).all() and notes(figure.axes[0]) == ["NaN at 100 % of the places"]


def test_no_two_classes_have_one_colour():
    mg.manual_seed(0)
    points, labels = data.spirals(20, arms=12)
    names_of = [f"{k}" for k in range(12)]
    figure = viz.decision_boundary(
        lambda x: -((x[:, :1] - mg.linspace(-1, 1, 12)) ** 2) * 500,
        points,
        labels,
        classes=names_of,
        window=((-1, 1), (-1, 1)),
        resolution=24,
    )
    assert len({tuple(np.round(colour, 3)) for colour in shade(figure)[0][1::2]}) == 12


# Histograms ------------------------------------------------------------------------------------------------


def bars(ax):
    """Return edges and heights of a histogram."""
    found = [p for p in ax.patches if hasattr(p, "get_height")]
    return np.array([p.get_x() for p in found]), np.array([p.get_height() for p in found])


def notes(ax):
    return [t.get_text() for t in ax.texts]


def test_weights_are_counted_layer_by_layer():
    model = network()
    figure = viz.weight_histograms(model)
    assert [ax.get_title() for ax in figure.axes] == ["0.weight (6, 4)", "4.weight (3, 6)"]
    every = np.concatenate(
        [layer.weight.detach().numpy().ravel() for layer in (model[0], model[4])]
    )
    ends = float(every.min()), float(every.max())  # the same bins for all
    for ax, layer in zip(figure.axes, (model[0], model[4]), strict=True):
        values = layer.weight.detach().numpy().astype(np.float64)
        counts, edges = np.histogram(values, 50, ends)
        np.testing.assert_array_equal(bars(ax)[1], counts)
        np.testing.assert_allclose(bars(ax)[0], edges[:-1])
        assert notes(ax) == [f"mean {values.mean():.2g}\nstd {values.std():.2g}"]
        assert ax.get_xlim() == figure.axes[0].get_xlim() and ax.get_xlabel() == "weight"
    named = viz.weight_histograms(dict(model.named_parameters()), columns=2)
    assert len(named.axes) == 6  # five, and an empty place
    assert [ax.get_title() for ax in viz.weight_histograms(nn.BatchNorm1d(3)).axes] == [
        "weight (3,)",
        "bias (3,)",
    ]


def test_weights_that_are_no_numbers_are_told():
    figure = viz.weight_histograms({"a": np.array([1.0, np.nan, np.inf]), "b": [np.nan]})
    assert notes(figure.axes[0]) == ["mean 1\nstd 0\n2 NaN or infinite"]
    assert notes(figure.axes[1]) == ["1 NaN or infinite"]


def test_gradients_are_counted_by_their_size():
    weights = {name: mg.tensor([[1.0] * 4], requires_grad=True) for name in "abc"}
    weights["a"].grad = mg.tensor([[0.001, -0.1, 0.0, 0.1]])
    weights["b"].grad = mg.zeros(1, 4)
    figure = viz.gradient_histograms(weights)
    a, b, c, _ = figure.axes
    assert bars(a)[1].sum() == 3 and bars(a)[1][-1] == 2 and not len(bars(b)[1])
    assert notes(a) == ["norm 0.14\n25 % are 0"]
    assert notes(b) == ["norm 0\nall are 0"] and notes(c) == ["no gradient"]
    for ax in (a, b, c):
        assert ax.get_xscale() == "log"
        assert ax.get_xlim() == pytest.approx((0.0005 / 1.05, 0.2 * 1.05))
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "|gradient|", "|gradient|", ""]


def test_shares_are_rounded_to_0_and_100_only_where_they_are():
    from minigrad.viz.plots.histograms import percent

    assert [percent(p) for p in (0, 0.001, 0.25, 0.999, 1)] == [
        "0 %",
        "< 1 %",
        "25 %",
        "> 99 %",
        "100 %",
    ]


def test_numbers_at_the_ends_of_their_range_are_drawn(tmp_path):
    weights = {"a": mg.tensor([1e308, -1e308, 1.0], dtype=mg.float64, requires_grad=True)}
    weights["a"].grad = mg.tensor([5e-324, 1.0, 1e308], dtype=mg.float64)
    viz.weight_histograms(weights).savefig(tmp_path / "a.png")
    viz.gradient_histograms(weights).savefig(tmp_path / "b.png")


# Activations -----------------------------------------------------------------------------------------------


def test_a_recorder_keeps_what_the_layers_give(device):
    model = network().eval()
    x = batch()
    with viz.ActivationRecorder(model) as recorder:
        model(x[:12]), model(x[12:])
    model(x)  # after the block, nothing is kept
    hidden = model[2](model[1](model[0](x))).detach()
    assert list(recorder.values) == [
        "0: Linear",
        "1: BatchNorm1d",
        "2: ReLU",
        "3: Dropout",
        "4: Linear",
    ]
    np.testing.assert_array_equal(recorder.values["2: ReLU"], hidden.cpu().numpy())
    found = recorder.statistics["2: ReLU"]
    units = hidden.cpu().numpy().astype(np.float64)
    assert found == (units.mean(), units.std(), (units == 0).all(axis=0).mean(), 0)
    with viz.ActivationRecorder(nn.ReLU()) as alone:
        alone.model(mg.tensor(1.0))
    assert {name: v.shape for name, v in alone.values.items()} == {"ReLU": (1,)}


def test_dead_units_are_those_that_are_0_for_every_sample():
    model = nn.Sequential(nn.Linear(1, 4), nn.ReLU())
    model[0].weight.data = mg.tensor([[1.0], [-1.0], [0.0], [0.0]])
    model[0].bias.data = mg.tensor([0.0, 0.0, -1.0, 1.0])
    x = mg.tensor([[1.0], [-1.0], [2.0]])
    spread, dead = viz.activation_statistics(model, x).axes
    values = model(x).detach().numpy().astype(np.float64)
    point, _, (bar,) = spread.containers[0]
    assert point.get_xdata()[1] == pytest.approx(values.mean())
    ends = bar.get_segments()[1][:, 0]
    np.testing.assert_allclose(ends, values.mean() + np.array([-1, 1]) * values.std())
    assert [p.get_width() for p in dead.patches] == [0, 25]
    assert notes(dead) == ["0 %", "25 %"] and dead.get_xlabel() == "dead units (%)"
    assert [t.get_text() for t in spread.get_yticklabels()] == ["0: Linear", "1: ReLU"]
    assert spread.yaxis_inverted()  # the first layer is above
    ax = viz.activation_histograms(model, x).axes[1]
    assert bars(ax)[1].sum() == 12 and notes(ax) == ["mean 0.58\nstd 0.64\n25 % dead"]


def test_models_of_several_inputs_take_a_tuple():
    model = nn.Bilinear(2, 3, 4) if hasattr(nn, "Bilinear") else None

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Linear(2, 4), nn.Linear(3, 4)

        def forward(self, a, b):
            return self.left(a) + self.right(b)

    for both in filter(None, (model, Two())):
        assert viz.activation_histograms(both, (mg.ones(5, 2), np.ones((5, 3)))).axes


def test_what_is_no_number_is_told_alike_everywhere():
    broken = batch(20).numpy().copy()
    broken[3, 1] = np.nan
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU())
    told = "6 NaN or infinite"
    with viz.ActivationRecorder(model) as recorder:
        model(mg.tensor(broken))
    layer = recorder.statistics["0: Linear"]
    assert layer.lost == 6 and np.isfinite([layer.mean, layer.std]).all()
    assert notes(viz.activation_statistics(recorder).axes[0]) == [told, told]
    assert told in notes(viz.activation_histograms(recorder).axes[0])[0]
    _, _, before, after = viz.normalization(nn.BatchNorm1d(4), broken).axes
    assert "1 NaN or infinite" in notes(before)[0] and "20 NaN or infinite" in notes(after)[0]
    lost = np.full((5, 4), np.nan, np.float32)
    assert notes(viz.activation_histograms(model, lost).axes[0]) == ["30 NaN or infinite"]
    assert viz.activation_statistics(model, lost).axes


def test_a_layer_may_run_on_several_shapes():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.act = nn.ReLU()

        def forward(self, x):
            return self.act(x).sum(), self.act(-x[:, :2])

    x = mg.tensor([[1.0, -1.0, 1.0], [1.0, -1.0, 1.0]])
    with viz.ActivationRecorder(Shared()) as recorder:
        recorder.model(x)
    assert recorder.statistics["act: ReLU"] == (
        pytest.approx(0.6),
        pytest.approx(0.6**0.5 * 0.4**0.5),
        0.4,
        0,
    )
    assert viz.activation_histograms(recorder).axes and viz.activation_statistics(recorder).axes
    with recorder, pytest.raises(RuntimeError, match="it is recording already"):
        recorder.__enter__()


# Before and after a normalisation --------------------------------------------------------------------------


def middle(ax):
    return ax.containers[0][0].get_ydata()


def spread_of(ax):
    return np.array([np.ptp(s[:, 1]) / 2 for s in ax.containers[0][2][0].get_segments()])


@pytest.mark.parametrize("running", [False, True])
def test_batch_norm_before_and_after(running):
    model, x = network(mg.float64), batch(dtype=mg.float64)
    before, after, entries, left = viz.normalization(model, x, running=running).axes
    inputs = model[0](x).detach().numpy()
    np.testing.assert_allclose(middle(before), inputs.mean(axis=0))
    np.testing.assert_allclose(spread_of(before), inputs.std(axis=0))
    if running:  # statistics that have seen nothing change nothing
        np.testing.assert_allclose(middle(after), inputs.mean(axis=0), rtol=1e-4)
    else:
        np.testing.assert_allclose(middle(after), 0, atol=1e-12)
        np.testing.assert_allclose(spread_of(after), 1, rtol=1e-4)
    assert [ax.get_title() for ax in (before, after)] == [
        "before 1: BatchNorm1d",
        "after 1: BatchNorm1d",
    ]
    assert bars(entries)[1].sum() == bars(left)[1].sum() == inputs.size
    assert notes(entries) == [f"mean {inputs.mean():.2f}\nstd {inputs.std():.2f}"]


def test_the_layer_can_be_chosen_and_be_of_other_kinds():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.LayerNorm(4))
    for layer in ("1", model[1]):
        before, after, *_ = viz.normalization(model, batch(5), layer).axes
        assert after.get_title() == "after 1: LayerNorm" and after.get_xlabel() == "sample"
        np.testing.assert_allclose(middle(after), np.zeros(5), atol=1e-6)
    columns = nn.BatchNorm1d(20, features_first=True)
    assert len(middle(viz.normalization(columns, batch()).axes[0])) == 20
    long = viz.normalization(nn.BatchNorm1d(70), mg.randn(4, 70)).axes[0]
    assert len(middle(long)) == 48 and long.get_xlabel() == "unit, the first 48 of 70"


def test_a_layer_may_be_called_by_name():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.n = nn.BatchNorm1d(4)

        def forward(self, x):
            return self.n(input=x)

    assert viz.normalization(Named(), batch()).axes[0].get_title() == "before n: BatchNorm1d"


# Films -----------------------------------------------------------------------------------------------------


def frames_of(path):
    image = pytest.importorskip("PIL.Image")
    found, durations = [], []
    with image.open(path) as film:
        for k in range(film.n_frames):
            film.seek(k)
            found.append(np.array(film.convert("RGB")))
            durations.append(film.info["duration"])
        assert film.info["loop"] == 0
    return np.array(found), durations


@pytest.mark.parametrize("name", style.THEMES)
def test_a_race_has_a_frame_for_each_step(name, tmp_path):
    with viz.theme(name) as look:
        film = viz.race(two_ways(), fps=5, title="Two rates")
    film.save(tmp_path / "race.gif", dpi=50)
    frames, durations = frames_of(tmp_path / "race.gif")
    assert len(film) == len(frames) == 9 and durations == [200] * 8 + [2000]
    assert (frames[:, 0, 0] == np.round(255 * np.array(to_rgb(look.paper)))).all()
    assert all((a != b).any() for a, b in zip(frames, frames[1:], strict=False))
    height = frames.shape[1]
    below = frames[:, int(0.9 * height) :]
    assert (below == below[0]).all() and np.ptp(below) > 100  # the legend stands still
    ax = film.figure.axes[0]
    assert names(ax) == ["known minimum", "slow", "fast"]
    assert ax.get_title() == "Two rates\nstep 8"


def test_a_race_shows_how_far_each_has_come():
    ways = two_ways()
    film = viz.race(ways)
    lines = {line.get_label(): line for line in film.figure.axes[0].lines}
    for k in (3, 7):
        film._move(k)
        for name, one in ways.items():
            np.testing.assert_array_equal(lines[name].get_xydata(), one.points[: k + 1])
    long = way(steps=300)
    assert len(viz.race({"a": long}, frames=50)) == 50
    assert viz.race({"a": long}, frames=50).steps[-1] == 300


def test_a_film_is_shown_by_notebooks(tmp_path):
    assert way(steps=2).animate()._repr_html_().startswith('<img src="data:image/gif;base64,R0lG')
    book = viz.Flipbook()
    assert book._repr_html_() is None
    book.add(viz.loss_curves({"a": [1, 2]}))
    assert book._repr_html_().startswith('<img src="data:image/gif;base64,R0lG')


def test_a_flipbook_has_the_figures_that_were_added(tmp_path):
    book = viz.Flipbook(fps=4, dpi=40)
    for k in range(1, 6):
        book.add(viz.loss_curves({"a": range(1, k + 2)}, title=str(k)))
    book.save(tmp_path / "book.gif")
    frames, durations = frames_of(tmp_path / "book.gif")
    assert len(book) == len(frames) == 5 and durations == [250] * 5
    assert frames.shape[1:] == (168, 280, 3) and (frames[:, 0, 0] == 255).all()
    with pytest.raises(ValueError, match=r"the figure has \(256, 192\) dots, .* has \(280, 168\)"):
        book.add(viz.landscape(functions.bowl))
    assert len(book) == 5


def test_small_marks_keep_their_colours_in_films(tmp_path):
    from PIL import Image

    from minigrad.viz.gif import gif_of

    random = np.random.default_rng(0)
    picture = np.full((200, 200, 3), 255, np.uint8)
    picture[:, 100:] = random.integers(0, 40, (200, 100, 3)) + [[[90, 150, 200]]]  # 64,000 blues
    picture[10:14, 10:14] = (230, 159, 0)
    (tmp_path / "film.gif").write_bytes(gif_of([Image.fromarray(picture)] * 1, [100]))
    (frame,), _ = frames_of(tmp_path / "film.gif")
    assert (frame[10:14, 10:14] == (230, 159, 0)).all() and (frame[0, 0] == 255).all()
    assert np.abs(frame.astype(int) - picture).max() <= 40


COUNTS = {"few": 9, "as many as a palette has": 255}


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_films_have_the_colours_of_all_frames(count, tmp_path):
    from PIL import Image

    from minigrad.viz.gif import gif_of

    colours = np.random.default_rng(0).permutation(256**3)[:count]
    parts = np.array_split(colours, 9)  # a frame has colours that no other has
    pictures = []
    for part in parts:
        rows = part[np.arange(30 * 40) % len(part)].reshape(30, 40, 1)
        pictures.append((rows // [65536, 256, 1] % 256).astype(np.uint8))
    (tmp_path / "film.gif").write_bytes(gif_of([Image.fromarray(p) for p in pictures], [100] * 9))
    np.testing.assert_array_equal(frames_of(tmp_path / "film.gif")[0], pictures)


@pytest.mark.parametrize(("fps", "pause"), [(0.1, 10_000), (1, 1000), (30, 30), (50, 20)])
def test_films_are_as_fast_as_gif_can_tell(fps, pause, tmp_path):
    from minigrad.viz.gif import pause_of

    assert pause_of(fps) == pause
    book = viz.Flipbook(fps=fps, dpi=20)
    for k in (2, 3):
        book.add(viz.loss_curves({"a": range(1, k)}))
    book.save(tmp_path / "book.gif")
    assert frames_of(tmp_path / "book.gif")[1] == [pause] * 2


def test_figures_can_be_kept(tmp_path):
    import pickle

    figure = viz.loss_curves({"a": [1, 2]})
    again = pickle.loads(pickle.dumps(figure))
    assert type(again) is type(figure) is type(viz.landscape(functions.bowl))
    assert again._repr_html_().startswith("<img")


# Errors ----------------------------------------------------------------------------------------------------


class Lazy(nn.Sequential):
    def __init__(self):
        super().__init__(nn.LazyLinear(3), nn.ReLU())


def untold():
    recorder = viz.ActivationRecorder(network())
    with recorder:
        recorder.model(batch(4))
        recorder.model[0](mg.ones(2, 3, 4))
    return recorder.values


def one_number():
    return optim.minimize(functions.wavy, 1.0, partial(optim.SGD, lr=0.01), 3)


WINDOWS = [
    ((0, 0), (0, 1)),
    (0, 1),
    ((0, 1),),
    ((0, np.nan), (0, 1)),
    ((0, np.inf), (0, 1)),
    ((1, 0), (0, 1)),
    "all",
]
PLANE = [
    partial(viz.landscape, functions.bowl), partial(viz.path, way()), partial(viz.compare, two_ways()), partial(viz.loss_curves, {"a": [1, 2]}), partial(viz.decision_boundary, halves, POINTS, SIDES)
]  # fmt: skip
WRONG_AXES = [
    (Figure, "ax is to be axes of matplotlib, got Figure"),
    (lambda: Figure().subplots(1, 2), "got ndarray, of which one has to be chosen"),
    (lambda: Figure().add_subplot(projection="polar"), "got axes with projection='polar'"),
    (lambda: Figure().add_subplot(projection="3d"), "got axes with projection='3d'"),
]

ERRORS = [
    (lambda: viz.loss_curves({}), ValueError, "loss_curves: there are no curves to draw"),
    (lambda: viz.training_curves({}), ValueError, "training_curves: there are no curves to draw"),
    (lambda: viz.schedule_curves({"a": Cosine(3)}, 0), ValueError, "at least 1 step, got 0"),
    (lambda: viz.image_sheet([], [], []), ValueError, "image_sheet: there are no images"),
    (lambda: viz.image_sheet(np.zeros((5, 2, 2)), ["a"] * 2, [True] * 5), ValueError, "5 images have as many texts and marks, got 2 texts and 5 marks"),
    (lambda: viz.image_sheet(np.zeros((5, 2)), ["a"] * 5, [True] * 5), ValueError, r"expected images of shape \(n, height, width\), got \(5, 2\)"),
    (lambda: viz.image_sheet(np.zeros((1, 2, 2)), ["a"], [True], columns=0), ValueError, "image_sheet: there has to be at least 1 column, got 0"),
    (lambda: viz.loss_curves([1, 2]), TypeError, "loss_curves: expected a mapping of names to curves, got list"),
    (lambda: viz.loss_curves({"a": 1.0}), TypeError, "loss_curves: 'a' is to be a sequence of numbers"),
    (lambda: viz.loss_curves({"a": [None, 1.0]}), TypeError, "loss_curves: 'a' is to be a sequence of numbers"),
    (lambda: viz.loss_curves({"a": np.ones((3, 1))}), ValueError, r"loss_curves: 'a' is to be one row of numbers, got shape \(3, 1\)"),
    (lambda: viz.schedule_curves({}, 5), ValueError, "schedule_curves: there are no curves to draw"),
    (lambda: viz.compare({}), ValueError, "there are no trajectories to compare"),
    (lambda: viz.race([way()]), TypeError, "expected a mapping of names to trajectories, got list"),
    (lambda: viz.compare({"a": 3}), TypeError, "'a' is to be a trajectory, got int"),
    (lambda: viz.race({"two": way(), "one": one_number()}), ValueError, "not of as many numbers: 'two' has 2, 'one' has 1"),
    (lambda: viz.side_by_side({"one": one_number(), "two": way()}), ValueError, "not of as many numbers: 'one' has 1, 'two' has 2"),
    *[(lambda w=w: viz.landscape(functions.bowl, w), ValueError, r"expected 2 ranges \(low, high\), with low < high, finite") for w in WINDOWS],
    *[(lambda w=w: viz.decision_boundary(halves, POINTS, SIDES, window=w), ValueError, "decision_boundary: window = .*expected 2 ranges") for w in WINDOWS],
    (lambda: viz.landscape(functions.wavy, ((0, 1), (0, 1))), ValueError, r"window = \(\(0, 1\), \(0, 1\)\), expected one range"),
    *[(lambda d=d, ax=ax: d(ax=ax()), TypeError, words) for d in PLANE for ax, words in WRONG_AXES],
    (lambda: viz.surface(functions.bowl, ax=Figure().subplots()), TypeError, "ax is to be axes with projection='3d', got axes with projection='rectilinear'"),
    *[(lambda fps=fps: viz.Flipbook(fps=fps), ValueError, f"a film has 0.1 to 50 frames a second, got fps = {fps}") for fps in (1000, 0.01, float("inf"), float("nan"))],
    (lambda: viz.weight_histograms(Lazy()), ValueError, "LazyLinear does not know its size yet; run the model once"),
    (lambda: viz.gradient_histograms({"a": np.ones(3)}), TypeError, "'a' is to be a tensor, whose .grad is drawn, got ndarray"),
    *[(lambda d=d: d(network(), np.ones((5, 4), int)), ValueError, r"the model does not run on a batch of int64: .*floating numbers, as mg.tensor\(batch\).float\(\) has them") for d in (viz.activation_statistics, viz.activation_histograms, viz.normalization)],
    (lambda: viz.normalization(network(), batch(1)), ValueError, "expected more than 1 value per channel.*; with running=True"),
    (lambda: viz.normalization(network(), batch(), 1), TypeError, "layer is to be a module or its name, as '1' is, got 1"),
    (lambda: viz.decision_boundary(halves, POINTS, ["a", "b", "b", "a"]), ValueError, "labels are whole numbers from 0 to 1; got such as .*'a'"),
    (lambda: viz.decision_boundary(halves, POINTS * [[1, 1], [1, np.nan], [1, 1], [1, 1]], SIDES), ValueError, "1 of 4 points are NaN or infinite; leave them out"),
    (lambda: viz.decision_boundary(lambda x: 0.9 + 0 * mg.stack([x[:, 0]] * 3, dim=1), POINTS, SIDES, outputs="probabilities"), ValueError, "the model gives rows whose sum is 2.7, which are no probabilities"),
    (lambda: viz.race({}), ValueError, "there are no trajectories to compare"),
    (lambda: viz.race(two_ways(), frames=0), ValueError, "at least 1 frame, got frames = 0"),
    (lambda: viz.race(two_ways(), fps=0), ValueError, "a film has 0.1 to 50 frames a second, got fps = 0"),
    (lambda: viz.race(two_ways()).save("race.mp4"), ValueError, r"'race.mp4': the name has to end in \.gif"),
    (lambda: viz.side_by_side(two_ways(), columns=0), ValueError, "at least 1 column, got 0"),
    (lambda: viz.Flipbook(fps=0), ValueError, "a film has 0.1 to 50 frames a second, got fps = 0"),
    (lambda: viz.Flipbook(dpi=0), ValueError, "dpi = 0 has to be above 0"),
    (lambda: viz.Flipbook().save("a.gif"), ValueError, "there are no figures; add"),
    (lambda: viz.weight_histograms([1.0]), TypeError, "expected a module, or a mapping of names to tensors, got list"),
    (lambda: viz.weight_histograms(nn.ReLU()), ValueError, "weight_histograms: there are no parameters to draw"),
    (lambda: viz.weight_histograms({"a": np.ones(0)}), ValueError, "there are no parameters to draw"),
    (lambda: viz.gradient_histograms(network()), ValueError, r"none of the parameters has a gradient; call backward\(\) first"),
    (lambda: viz.activation_statistics(network()), ValueError, "activation_statistics: a model needs a batch to run on"),
    (lambda: viz.activation_statistics(halves, batch()), TypeError, "expected a module, got function"),
    (lambda: viz.activation_histograms(network(), mg.ones(0, 4)), ValueError, r"shape \(0, 4\): it is empty"),
    (lambda: viz.activation_histograms(viz.ActivationRecorder(network())), ValueError, "nothing was recorded; no layer ran"),
    (lambda: viz.activation_histograms(viz.ActivationRecorder(network()), batch()), ValueError, "give a recorder alone, or a model with a batch"),
    (lambda: viz.activation_statistics(Lazy(), batch()), ValueError, "LazyLinear does not know its size yet; run the model once"),
    (untold, ValueError, r"0: Linear gave the shapes \(4, 6\), \(2, 3, 6\), which differ"),
    (lambda: viz.normalization(nn.ReLU(), batch()), ValueError, "the model has no BatchNorm1d or LayerNorm; its modules are none"),
    (lambda: viz.normalization(network(), batch(), "0"), ValueError, "no BatchNorm1d or LayerNorm '0'; its modules are '0', '1', '2', '3', '4'"),
    (lambda: viz.normalization(network(), batch(), nn.BatchNorm1d(3)), ValueError, "no BatchNorm1d or LayerNorm of that kind"),
    (lambda: viz.decision_boundary(network(), batch(), np.zeros(20)), ValueError, r"a picture has two axes, expected points of shape \(n, 2\), got \(20, 4\)"),
    (lambda: viz.decision_boundary(halves, POINTS[:0], SIDES[:0]), ValueError, "decision_boundary: there are no points"),
    (lambda: viz.decision_boundary(halves, POINTS, SIDES[:3]), ValueError, r"4 points have labels of shape \(4,\), got \(3,\)"),
    (lambda: viz.decision_boundary(halves, POINTS, SIDES + 1), ValueError, "the model knows 2 classes, so labels are whole numbers from 0 to 1; got 1 to 2"),
    (lambda: viz.decision_boundary(halves, POINTS, SIDES - 0.5), ValueError, "labels are whole numbers from 0 to 1; got -0.5 to 0.5"),
    (lambda: viz.decision_boundary(lambda x: x.sum(), POINTS, SIDES), ValueError, r"for 4 points the model gives shape \(\), expected \(4,\), \(4, 1\) or \(4, classes\)"),
    (lambda: viz.decision_boundary(halves, POINTS, SIDES, outputs="probabilities"), ValueError, "no probabilities; leave outputs='logits'"),
    (lambda: viz.decision_boundary(halves, POINTS, SIDES, outputs="odds"), ValueError, "outputs = 'odds', expected 'logits' or 'probabilities'"),
    (lambda: viz.decision_boundary(halves, POINTS, SIDES, classes=["a"]), ValueError, "1 names for 2 classes"),
    (lambda: viz.decision_boundary(halves, POINTS, SIDES, resolution=1), ValueError, "resolution = 1, expected at least 2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fail", "kind", "words"), ERRORS, ids=[f"{k}: {row[2]}" for k, row in enumerate(ERRORS)]
)
def test_errors_say_what_happened(fail, kind, words):
    with pytest.raises(kind, match=words):
        fail()


@pytest.mark.parametrize("kind", [*PICTURES, *FILMS, "Flipbook", "style_sheet"])
def test_without_matplotlib_the_error_says_what_to_install(kind, monkeypatch):
    draw = {**PICTURES, **FILMS, "Flipbook": viz.Flipbook, "style_sheet": viz.style_sheet}[kind]
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    needed = re.escape(
        'pictures of curves and images need matplotlib: pip install "minigrad-autograd[plot]"'
    )
    with pytest.raises(ImportError, match=needed):
        draw()


def test_without_pillow_the_error_names_it(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] in ("matplotlib", "PIL")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"need Pillow: pip install"):
        viz.style_sheet()
