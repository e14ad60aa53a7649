"""Large graphs: closed modules, blocks alike folded into one box, and what is not drawn."""

import re
import time
from pathlib import Path

import pytest
from drawings import arrows, boxes, mlp, titles

import minigrad as mg
from minigrad import nn
from minigrad.viz import draw
from minigrad.viz.graphs import renderers
from minigrad.viz.graphs.folding import fold, fold_modules
from minigrad.viz.graphs.reading import read
from minigrad.viz.graphs.repeats import Item, runs

ROOT = Path(__file__).parents[1]


def names(graph, *kinds):
    """Return the titles of boxes with one space for every white space."""
    return [" ".join(box.title.split()) for box in boxes(graph) if box.kind in kinds]


def folded(graph):
    """Return what stands for many operations, in order."""
    return names(graph, "module", "repeat", "operation")


@pytest.fixture
def network():
    """A small network, its input and its loss."""
    mg.manual_seed(0)
    model, x = mlp(6, 5, 4, 3), mg.randn(8, 6)
    return model, x, nn.CrossEntropyLoss()(model(x), mg.randint(0, 3, (8,)))


def plain(*sizes):
    """Return a network of linear and ReLU layers, its input and the sum of its outputs."""
    mg.manual_seed(0)
    pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
    layers = [layer for a, b in pairs for layer in (nn.Linear(a, b), nn.ReLU())][:-1]
    model, x = nn.Sequential(*layers), mg.randn(2, sizes[0])
    return model, x, model(x).sum()


class Block(nn.Module):
    """A residual block."""

    def __init__(self, width):
        super().__init__()
        self.inner, self.act = nn.Linear(width, width), nn.Tanh()

    def forward(self, x):
        return x + self.act(self.inner(x))


# Closed modules -----------------------------------------------------------------------------------


def test_modules_view_has_a_box_for_each_module(network):
    model, x, loss = network
    graph = draw(loss, params=model, names={"x": x}, view="modules")
    assert names(graph, "module") == [
        *("0: Linear", "1: BatchNorm1d", "2: ReLU"),
        *("3: Linear", "4: BatchNorm1d", "5: ReLU"),
        *("6: Linear", "CrossEntropyLoss"),
    ]
    assert boxes(graph, "module")[0].details == ("35 parameters",)
    assert not titles(graph, "parameter") and not titles(graph, "operation")
    assert ("0: Linear", "1: BatchNorm1d", "(8, 5)") in arrows(graph)
    assert not graph._picture.caption


def test_gradient_of_a_closed_module_is_that_of_all_its_parameters(network):
    model, _, loss = network
    graph = draw(loss, view="modules")
    loss.backward()
    parts = [p.grad.numpy() for p in model[0].parameters()]
    norm = sum((part**2).sum() for part in parts) ** 0.5
    assert boxes(graph, "module")[0].gradient == f"‖grad‖ {norm:.3g}"


@pytest.mark.parametrize(
    ("depth", "found"),
    [
        (0, ["Sequential", "sum"]),
        (1, ["0: Block", "1: Linear", "sum"]),
        (2, ["inner: Linear", "act: Tanh", "add", "linear", "sum"]),
        (3, ["linear", "tanh", "add", "linear", "sum"]),
        (None, ["inner: Linear", "act: Tanh", "add", "1: Linear", "sum"]),
    ],
)
def test_depth_is_how_many_modules_are_open_around_a_closed_one(depth, found):
    out = nn.Sequential(Block(2), nn.Linear(2, 1))(mg.ones(1, 2)).sum()
    assert folded(draw(out, view="modules", depth=depth)) == found


def test_depth_of_the_tensor_view_opens_all_others(network):
    loss = network[-1]
    graph = draw(loss, depth=1)
    assert len(titles(graph, "module")) == 7  # the layers; CrossEntropyLoss has none around it
    assert titles(graph, "operation") == ["cross_entropy"]
    assert titles(draw(loss, depth=0), "module") == ["Sequential", "CrossEntropyLoss"]
    assert not titles(draw(loss, view="tensor"), "module")


def test_parameters_of_several_modules_stay_outside():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    graph = draw(
        second(first(mg.ones(1, 2)).tanh()).sum(), view="modules", names={"W": first.weight}
    )
    assert titles(graph, "parameter") == ["W"]
    assert [box.details for box in boxes(graph, "module")] == [("6 parameters",), ("6 parameters",)]
    assert [a for a in arrows(graph) if a[0] == "W"] == [("W", "Linear", "")]
    assert boxes(graph, "module")[1].takes == ("W",)


class Scaled(nn.Module):
    """Multiplies by powers of e, which are computed from parameters alone."""

    def __init__(self, width):
        super().__init__()
        self.w = nn.Parameter(mg.randn(width))

    def forward(self, x):
        return x * mg.exp(self.w)


class Tied(nn.Module):
    """Uses its table of vectors again, as its last layer."""

    def __init__(self):
        super().__init__()
        self.table, self.linear = nn.Embedding(10, 4), nn.Linear(4, 4)

    def forward(self, words):
        return self.linear(self.table(words)) @ self.table.weight.T


@pytest.mark.parametrize("given", [{}, {"expand": True}, {"names": "words"}, {"inputs": "words"}])
@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2)),
        nn.Sequential(nn.Embedding(10, 8), *(Block(8) for _ in range(2)), nn.Linear(8, 2)),
        nn.Sequential(nn.Embedding(10, 4), Scaled(4), nn.LayerNorm(4)),
        nn.Sequential(Tied()),
    ],
)
def test_a_closed_module_counts_all_its_parameters(model, given):
    words = mg.tensor([1, 2])
    given = {key: {"w": words} if value == "words" else value for key, value in given.items()}
    (box,) = boxes(draw(model(words).sum(), depth=0, **given), "module")
    count = sum(parameter.numel() for parameter in model.parameters())
    assert box.details[0] == f"{count:,} parameters"


def test_each_closed_module_counts_its_own():
    model = nn.Sequential(nn.Embedding(10, 4), Scaled(4), nn.Linear(4, 2))
    graph = draw(model(mg.tensor([1, 2])).sum(), view="modules")
    assert [box.details for box in boxes(graph, "module")] == [
        ("40 parameters",),
        ("4 parameters", "2 operations"),
        ("10 parameters",),
    ]
    assert not titles(graph, "parameter")


def test_parameters_that_are_used_outside_too_count():
    layer, x = nn.Linear(4, 4), mg.randn(2, 4)
    graph = draw(layer(x).sum() + (layer.weight**2).sum(), view="modules", params=layer)
    assert boxes(graph, "module")[0].details == ("20 parameters",)
    assert titles(graph, "parameter") == ["weight"]  # the penalty has it from there


def test_data_of_closed_modules_are_drawn():
    words, y = mg.tensor([1, 2]), mg.tensor([0, 1])
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2))
    loss = nn.CrossEntropyLoss()(model(words), y)
    for given in ({"names": {"words": words, "y": y}}, {"inputs": {"words": words, "y": y}}):
        graph = draw(loss, view="modules", **given)
        assert ("words", "0: Embedding", "") in arrows(graph)
        assert ("y", "CrossEntropyLoss", "") in arrows(graph)
        assert titles(graph, "input") == ["words"] and titles(graph, "target") == ["y"]
        assert not boxes(graph, "input")[0].numbers  # there from the beginning, in a film


def test_many_indices_of_a_closed_module_are_one_box():
    table = nn.Embedding(10, 4)
    model = nn.Module()
    model.forward = lambda: sum(table(mg.tensor([i])) for i in range(5)).sum()
    graph = draw(model(), view="tensor", depth=0)
    (box,) = boxes(graph, "input")
    assert (box.title, box.details) == ("index", ("5 arrays",))


@pytest.mark.parametrize("view", ["tensor", "modules"])
def test_every_depth_opens_more(view):
    model, _, out = plain(3, 4, 2)
    kinds = [names(draw(out, view=view, depth=depth), "module", "operation") for depth in (0, 1, 2)]
    assert kinds == [
        ["Sequential", "sum"],
        ["0: Linear", "1: ReLU", "2: Linear", "sum"],
        ["linear", "relu", "linear", "sum"],
    ]


@pytest.mark.parametrize("view", ["tensor", "modules"])
def test_depth_closes_modules_and_no_operation_that_was_taken_apart(view):
    model, _, out = plain(3, 4, 2)
    graph = draw(out, view=view, depth=2, expand=True)
    assert folded(graph) == [*("permute_dims", "matmul", "add"), "relu"] + [
        *("permute_dims", "matmul", "add", "sum")
    ]
    closed = draw(out, view=view, depth=1, expand=True)
    assert names(closed, "module") == ["0: Linear", "1: ReLU", "2: Linear"]
    loose = nn.functional.linear(mg.ones(1, 2), mg.ones(3, 2, requires_grad=True)).sum()
    assert "matmul" in folded(draw(loose, view="modules", expand=True))


def test_too_large_graphs_are_folded_and_say_so(network):
    model, x, loss = network
    graph = draw(loss, params=model, names={"x": x}, max_nodes=12)
    assert len(titles(graph, "module")) == 8
    assert graph._picture.caption == (
        "folded: 9 boxes instead of 19 operations and leaves;\nmax_nodes=None draws them all"
    )
    outer = draw(loss, max_nodes=4)
    assert titles(outer, "module") == ["Sequential", "CrossEntropyLoss"]
    assert boxes(outer, "module")[0].details == ("92 parameters", "7 operations")
    assert titles(draw(loss, view="tensor", max_nodes=4), "module") == titles(outer, "module")


@pytest.mark.parametrize("choose", [fold, fold_modules])
@pytest.mark.parametrize("max_nodes", [2, 3, 5, 8, 12, 15, 18, 19])
def test_never_more_figures_than_asked_for(network, choose, max_nodes):
    reading = read([network[-1].node])
    figures = choose(reading, max_nodes).figures
    assert len(set(figures.values())) <= max_nodes
    assert set(figures) == set(reading.nodes)


# Blocks alike -------------------------------------------------------------------------------------


def test_layers_alike_are_one_box():
    model, x, out = plain(6, 8, 8, 8, 8, 8, 3)
    graph = draw(out, params=model, names={"x": x}, view="modules")
    assert folded(graph) == ["0: Linear", "1: ReLU", "Linear → ReLU × 4", "10: Linear", "sum"]
    (box,) = boxes(graph, "repeat")
    assert box.details == ("288 parameters",)
    assert box.hint == "Sequential / 2: Linear to 9: ReLU\n8 operations"
    assert "shape=box3d" in graph.source
    found = arrows(graph)
    assert ("1: ReLU", box.title, "(2, 8)") in found and (
        box.title,
        "10: Linear",
        "(2, 8)",
    ) in found


def test_dot_text_of_a_folded_network():
    model, x, out = plain(6, 8, 8, 8, 3)
    graph = draw(out, names={"x": x}, view="modules", values=False, grads=False)
    recorded = ROOT / "tests/recorded/folded.gv"
    assert graph.source == recorded.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ((4, 4, 4), ["0: Linear", "1: ReLU", "2: Linear"]),
        ((4, 4, 4, 4), ["Linear → ReLU × 2", "4: Linear"]),
        ((4, 4, 4, 4, 2), ["Linear → ReLU × 3", "6: Linear"]),
        ((5, 4, 3, 2), ["0: Linear", "1: ReLU", "2: Linear", "3: ReLU", "4: Linear"]),
        ((5, 4, 4, 4, 3, 3, 3), [
            "0: Linear", "1: ReLU", "Linear → ReLU × 2", "6: Linear", "ReLU → Linear × 2",
        ]),
    ],
)  # fmt: skip
def test_only_what_has_the_same_sizes_is_alike(sizes, found):
    assert folded(draw(plain(*sizes)[-1], view="modules"))[:-1] == found


def test_blocks_of_modules_are_one_box():
    out = nn.Sequential(*(Block(4) for _ in range(6)), nn.Linear(4, 2))(mg.ones(3, 4)).sum()
    graph = draw(out, view="modules")
    assert folded(graph) == ["Block × 6", "6: Linear", "sum"]
    assert boxes(graph, "repeat")[0].details == ("120 parameters", "18 operations")


def test_steps_of_a_recurrence_share_their_weights():
    cell, xs, h = nn.Linear(3, 3), mg.randn(7, 2, 3).requires_grad_(), mg.zeros(2, 3)
    for step in range(7):
        h = (cell(h) + xs[step]).tanh()
    graph = draw(h.sum(), view="modules", names={"xs": xs})
    assert folded(graph) == ["Linear → getitem → add → tanh × 7", "sum"]
    assert boxes(graph, "repeat")[0].details == ("12 parameters, shared",)
    assert titles(graph, "parameter") == ["xs"]  # the loop takes one step of it after the other


def test_rounds_of_a_loop_without_modules():
    x = mg.ones(2, requires_grad=True)
    y = x
    for _ in range(5):
        y = (y * x).sin()
    assert folded(draw(y.sum(), view="modules")) == ["mul → sin × 5", "sum"]


def test_what_stands_side_by_side_is_no_repetition():
    x = mg.ones(2, requires_grad=True)
    parts = [x.sin() for _ in range(5)]
    graph = draw(mg.cat(parts).sum(), view="modules")
    assert folded(graph) == ["sin"] * 5 + ["concatenate", "sum"]


def test_what_takes_from_elsewhere_is_not_alike():
    x = mg.ones(2, requires_grad=True)
    skip = x.exp()
    y = skip
    for step in range(6):
        y = y + (skip if step == 3 else x)
    assert folded(draw(y.sum(), view="modules")) == [
        "exp",
        *["add × 3"],
        "add",
        "add",
        "add",
        "sum",
    ]


def row(looks, links=None):
    """Return items that look as the letters say, each working on the one before."""
    links = links or [(1,)] * len(looks)
    return [
        Item(None, sketch=look, links=link, owns=look.isupper())
        for look, link in zip(looks, links, strict=True)
    ]


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        ("", []),
        ("abc", []),
        ("aa", []),
        ("aaa", [(0, 1, 3)]),
        ("xaaay", [(1, 1, 3)]),
        ("abab", [(0, 2, 2)]),
        ("ababa", [(0, 2, 2)]),
        ("aBaBaBa", [(1, 2, 3)]),  # a block begins with what has parameters
        ("abcabcabcaaaa", [(0, 3, 3), (9, 1, 4)]),
        ("aabaabaab", [(0, 3, 3)]),
    ],
)
def test_runs_in_a_row(looks, found):
    assert list(runs(row(looks))) == found


# Very large graphs --------------------------------------------------------------------------------


def test_last_ones_where_nothing_is_alike():
    x = mg.ones(1, requires_grad=True)
    y = x
    for length in range(2, 52):
        y = mg.cat([y[:1]] * length)
    graph = draw(y, max_nodes=10)
    assert titles(graph, "rest") == ["not drawn"]
    assert boxes(graph, "rest")[0].details == ("91 operations", "1 leaf")
    assert graph._picture.caption.startswith("only the last 9 of 101 operations and leaves")
    assert len(titles(graph, "operation")) == 9
    assert not draw(y, max_nodes=None)._picture.caption.startswith("only")


def chain(length):
    y = mg.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(length):
        y = y + 1.0
    return y.sum()


def test_chain_of_100_000():
    y = chain(100_000)
    start = time.perf_counter()
    graph = draw(y)
    assert folded(graph) == ["add\u00a0×\u00a0100,000".replace("\u00a0", " "), "sum"]
    assert len(boxes(graph)) == 4 and len(graph.source) < 4_000
    y.backward()
    assert len(boxes(draw(y))) == 4
    assert time.perf_counter() - start < 20  # takes two


def test_row_of_100_000_that_never_repeats_itself_takes_no_longer():
    looks = "".join("ab"[bin(place).count("1") % 2] for place in range(100_000))  # Thue and Morse
    start = time.perf_counter()
    covered = sum(period * count for _, period, count in runs(row(looks)))
    assert covered < 100_000
    assert time.perf_counter() - start < 20  # takes one


def test_large_graphs_are_not_swept_for_a_picture(monkeypatch):
    monkeypatch.setattr("minigrad.viz.graphs.drawing.MOST_COMPUTED", 50)
    y = chain(100)
    graph = draw(y)
    assert boxes(graph, "output")[0].value == f"data {y.item():.4g}"
    assert not boxes(graph, "output")[0].gradient
    y.backward()
    assert boxes(draw(y), "output")[0].value == "data 203"


def test_fan_in_of_100_000():
    leaves = [mg.zeros(1, requires_grad=True) for _ in range(100_000)]
    graph = draw(mg.cat(leaves).sum())
    assert boxes(graph, "rest")[0].details == ("99,803 leaves",)
    assert len(arrows(graph)) == 200


@pytest.mark.slow
@pytest.mark.skipif(not renderers.available(), reason="no Graphviz here")
def test_deep_modules_of_100_000_operations():
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.relu = nn.Linear(2, 2), nn.ReLU()

        def forward(self, x):
            for _ in range(50):
                x = self.relu(self.linear(x))
            return x

    out = nn.Sequential(*(Deep() for _ in range(1000)))(mg.ones(1, 2)).sum()
    start = time.perf_counter()
    graph = draw(out)
    assert folded(graph) == ["Deep × 1,000", "sum"]
    assert re.search("6,000 parameters", graph.svg())
    assert time.perf_counter() - start < 30  # takes two
