"""Drawing the graph: what is in the picture, how it is laid out, and what happens without Graphviz."""

import importlib
import re
import runpy
import shutil
import subprocess
import sys
import time
import weakref
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.viz import Graph, RendererMissing, draw, renderers
from minigrad.viz.folding import fold
from minigrad.viz.graph import tidy_svg
from minigrad.viz.reading import read

ROOT = Path(__file__).parents[1]
needs_graphviz = pytest.mark.skipif(
    not renderers.available(), reason=f"no Graphviz here: {renderers.INSTALL}"
)
HOSTILE = 'a "quote" <b>&amp; {x|y} \\n \\l back\\slash\nnew line ünï 数 🙂 -> [;] %s {0} #'


def mlp(*sizes, last=None):
    layers = []
    for before, after in zip(sizes[:-2], sizes[1:-1], strict=True):
        layers += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


@pytest.fixture
def network():
    """A small network, its input, its targets and its loss."""
    mg.manual_seed(0)
    model = mlp(6, 5, 4, 3)
    x, y = mg.randn(8, 6), mg.randint(0, 3, (8,))
    return model, x, y, nn.CrossEntropyLoss()(model(x), y)


def parabola():
    x = mg.tensor([1.0, 2.0])
    w = mg.tensor([3.0, 4.0], requires_grad=True)
    return x, w, ((w * x - 1) ** 2).sum()


def boxes(graph, kind=None):
    return [b for b in graph._picture.boxes if kind in (None, b.kind)]


def titles(graph, kind=None):
    return [box.title for box in boxes(graph, kind)]


def arrows(graph):
    return [(a.source.title, a.target.title, a.label) for a in graph._picture.arrows]


def texts(svg):
    """Return the texts that a reader of the picture sees."""
    root = ElementTree.fromstring(svg)
    return ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]


# What is drawn ------------------------------------------------------------------------------------


def test_dot_text_of_a_small_graph():
    x, w, loss = parabola()
    graph = draw(loss, names={"x": x, "w": w, "loss": loss})
    assert graph.source == (ROOT / "tests/recorded/parabola.gv").read_text(encoding="utf-8")


def test_dot_text_of_a_module():
    with mg.no_grad():
        layer = nn.Linear(2, 1)
        layer.weight.fill_(1.0)
        layer.bias.zero_()
    loss = nn.MSELoss()(nn.Sequential(layer, nn.ReLU())(mg.ones(3, 2)), mg.zeros(3, 1))
    graph = draw(loss, params={"W": layer.weight}, direction="LR")
    assert graph.source == (ROOT / "tests/recorded/linear.gv").read_text(encoding="utf-8")


def test_text_reads_like_a_program():
    x, w, loss = parabola()
    assert str(draw(loss, names={"x": x, "w": w})).splitlines() == [
        "n0 = parameter w  (2,) float32",
        "n1 = input x      (2,) float32",
        "n2 = mul(n0, n1)  (2,)",
        "n3 = sub(n2)      (2,)",
        "n4 = pow(n3)      (·, 2)  (2,)",
        "n5 = sum(n4)",
        "n6 = output: n5   () float32  53",
    ]


def test_text_shows_modules_as_indentation(network):
    model, x, y, loss = network
    lines = str(draw(loss, params=model, names={"x": x, "y": y})).splitlines()
    assert lines[0].startswith("n0 = input x ")
    assert lines[1:4] == [
        "Sequential:",
        "  0: Linear:",
        "    n1 = parameter 0.weight          (5, 6) float32",
    ]
    assert "  n19 = cross_entropy(n17, n18)" in lines
    assert lines[-1].startswith("n20 = output loss: n19 ")


def test_kinds_of_boxes(network):
    model, x, y, loss = network
    graph = draw(loss, params=model, names={"x": x, "y": y})
    assert titles(graph, "input") == ["x"]
    assert titles(graph, "parameter") == [name for name, _ in model.named_parameters()]
    assert titles(graph, "target") == ["y"]
    assert titles(graph, "output") == ["loss"]
    assert boxes(graph, "output")[0].details == ("() float32", f"{loss.item():.4g}")
    assert titles(graph, "operation") == [
        *("linear", "batch_norm", "relu") * 2,
        "linear",
        "cross_entropy",
    ]


def test_shapes_stand_at_arrows(network):
    model, x, y, loss = network
    found = arrows(draw(loss, names={"x": x}))
    assert ("x", "linear", "") in found  # the box tells
    assert ("linear", "batch_norm", "(8, 5)") in found
    assert ("linear", "cross_entropy", "(8, 3)") in found


def test_dtype_stands_at_an_arrow_where_it_changes():
    x = mg.ones(3, requires_grad=True)
    assert ("cast", "sum", "(3,) float64") in arrows(draw(x.double().sum()))


def test_output_of_a_module_that_is_called_a_loss():
    w, y = mg.ones(3, requires_grad=True), mg.zeros(3)
    graph = draw(nn.L1Loss()(w * mg.ones(3), y), names={"y": y})
    assert titles(graph, "constant") == ["y"] and titles(graph, "output") == ["loss"]


def test_frames_follow_the_modules(network):
    model, _, _, loss = network
    frames = draw(loss)._picture.frames()
    assert [[call.name for call in frame.path] for frame in frames[:3]] == [
        ["Sequential"],
        ["Sequential", "0: Linear"],
        ["Sequential", "1: BatchNorm1d"],
    ]
    assert frames[-1].name == "CrossEntropyLoss"
    inside = {box.title: box.frame and box.frame.name for box in boxes(draw(loss, params=model))}
    assert inside["0.weight"] == "0: Linear" and inside["relu"] == "5: ReLU"
    assert inside["input"] is None and inside["loss"] is None


def test_a_module_called_twice_has_two_frames():
    layer, relu = nn.Linear(2, 2), nn.ReLU()
    graph = draw(layer(relu(layer(mg.ones(1, 2)))).sum())
    assert [call.name for call in graph._picture.frames()] == ["Linear", "ReLU", "Linear"]
    assert titles(graph, "parameter") == ["weight", "bias"]  # once each


def test_parameter_used_twice_is_one_box_with_two_arrows():
    w = mg.ones(2, 2, requires_grad=True)
    found = arrows(draw((mg.ones(1, 2) @ w @ w).sum(), names={"w": w}))
    assert found.count(("w", "matmul", "")) == 2
    squared = draw((w * w).sum(), names={"w": w})
    assert arrows(squared).count(("w", "mul", "")) == 2


def test_frozen_parameter_is_still_a_parameter():
    layer = nn.Linear(2, 2)
    layer.bias.requires_grad_(False)
    graph = draw(layer(mg.ones(1, 2)).sum())
    assert titles(graph, "parameter") == ["weight", "bias"]
    assert boxes(graph, "parameter")[1].details == ("(2,) float32, frozen",)


def test_transposed_weights_stand_aside():
    x, w = mg.ones(3, 2), mg.ones(4, 2, requires_grad=True)
    graph = draw((x @ w.T).sum(), names={"x": x, "w": w})
    assert titles(graph, "input") == ["x"]
    assert [a.source.title for a in graph._picture.arrows if a.aside] == ["permute_dims"]


def test_leaf_constant_and_nothing_recorded():
    assert str(draw(mg.ones(2, requires_grad=True))) == "n0 = parameter  (2,) float32"
    assert str(draw(mg.ones(2))) == "n0 = constant  (2,) float32"
    with mg.no_grad():
        total = mg.ones(2, requires_grad=True).sum()
    assert str(draw(total, names={"total": total})) == "n0 = constant total  () float32"
    assert "n0 [" in draw(mg.ones(2)).source


def test_several_outputs():
    x = mg.ones(3, requires_grad=True)
    h = x.exp()
    graph = draw([h, h.sum(), x, mg.zeros(1)])
    assert titles(graph, "output") == ["output 0", "output 1"]
    assert ("exp", "output 0", "") in arrows(graph) and ("exp", "sum", "(3,)") in arrows(graph)
    assert titles(graph, "constant") == ["constant 3"]


def test_one_of_several_results():
    _, values, _ = mg.linalg.svd(mg.rand(3, 4).requires_grad_())
    assert ("svd", "sum", "(3,)") in arrows(draw(values.sum()))


def test_second_order():
    w = mg.tensor(2.0, requires_grad=True)
    (slope,) = mg.autograd.grad((w**3).sin(), w, create_graph=True)
    assert {"cos", "pow", "mul"} <= set(titles(draw(slope), "operation"))


def test_custom_function():
    class Double(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = mg.ones(2, requires_grad=True)
    assert titles(draw(Double.apply(x).sum()), "operation") == ["Double", "sum"]


def test_numbers_and_telling_keywords():
    x = mg.ones(2, 3, requires_grad=True)
    graph = draw((3.0 * x[0, 1:] ** 2).sum(0))
    details = {box.title: box.details for box in boxes(graph, "operation")}
    assert details["getitem"] == ("index = 0, 1:",)
    assert details["pow"] == ("(·, 2)",)
    assert details["mul"] == ("(3, ·)",)
    assert details["sum"] == ("axis = 0",)


def test_index_and_mask_are_constants():
    x, i = mg.ones(4, requires_grad=True), mg.tensor([0, 2])
    found = draw(mg.where(x[i] > 0, x[i], 0.0).sum(), names={"i": i})
    assert set(titles(found, "constant")) == {"i", "condition"}


def test_same_structure_before_and_after_backward(network):
    model, x, y, loss = network
    before = draw(loss, params=model, names={"x": x, "y": y})
    loss.backward()
    after = draw(loss, params=model, names={"x": x, "y": y})
    assert [b.kind for b in boxes(before)] == [b.kind for b in boxes(after)]
    assert boxes(after, "target")[0].details == ("released",)
    assert len(arrows(before)) == len(arrows(after))


def test_names():
    x, w, loss = parabola()
    w.name, x.name = "weights", "data"
    hidden = w * x
    hidden.name = "hidden"
    graph = draw([hidden.sum()], params={"W": w}, names=dict(locals()))
    assert {"W", "x"} & set(titles(graph)) == {"x"}  # ``names`` wins over ``params`` ...
    assert "w" in titles(graph)
    assert draw(hidden.sum())._picture.arrows[-2].name == "hidden"
    assert {"weights", "data"} <= set(titles(draw(hidden)))  # ... and both over the tensor's own


def test_drawing_changes_nothing_and_keeps_nothing_alive():
    x, w, loss = parabola()
    graph, node = draw(loss, names={"x": x, "w": w}), weakref.ref(loss.node)
    assert w.grad is None
    loss.backward()
    assert w.grad is not None
    del x, w, loss
    assert node() is None
    assert "mul" in graph.source


def test_deterministic(network):
    model, x, y, loss = network
    assert draw(loss, params=model).source == draw(loss, params=model).source
    again = nn.CrossEntropyLoss()(model(x), y)
    assert draw(again, params=model).source == draw(loss, params=model).source


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: draw(1.0), TypeError, "expected a Tensor or several, got float"),
        (lambda x: draw([x, "y"]), TypeError, "got str"),
        (lambda x: draw([]), ValueError, "no tensor to draw"),
        (lambda x: draw(x, direction="up"), ValueError, "one of ('TB', 'BT', 'LR', 'RL')"),
        (lambda x: draw(x, max_nodes=1), ValueError, "at least 2, or None; got 1"),
        (
            lambda x: draw(x, params=[x]),
            TypeError,
            "params has to be a dict of names and tensors or",
        ),
        (
            lambda x: draw(x, names=x),
            TypeError,
            "names has to be a dict of names and tensors, got T",
        ),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call(mg.ones(2, requires_grad=True))


# Too much to draw ---------------------------------------------------------------------------------


def test_folded_by_module(network):
    model, x, _, loss = network
    graph = draw(loss, params=model, names={"x": x}, max_nodes=12)
    assert titles(graph, "module") == [call.name for call in model_calls(loss)]
    assert boxes(graph, "module")[0].details == ("1 operation", "35 parameters")
    assert graph._picture.caption == (
        "folded by module: 9 boxes instead of 19 operations and leaves; max_nodes=None draws them all"
    )
    assert not titles(graph, "parameter")
    assert ("0: Linear", "1: BatchNorm1d", "(8, 5)") in arrows(graph)
    outer = draw(loss, max_nodes=4)
    assert titles(outer, "module") == ["Sequential", "CrossEntropyLoss"]
    assert boxes(outer, "module")[0].details == ("7 operations", "92 parameters")


def model_calls(loss):
    calls = read([loss.node]).calls.values()
    return list(dict.fromkeys(call for call in calls if len(call.path) == 2))


def test_last_ones_where_there_are_no_modules():
    x = mg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(50):
        y = y + 1.0
    graph = draw(y, max_nodes=10)
    assert titles(graph, "rest") == ["not drawn"]
    assert boxes(graph, "rest")[0].details == ("41 operations", "1 leaf")
    assert graph._picture.caption.startswith("only the last 9 of 51 operations and leaves")
    assert len(titles(graph, "operation")) == 9
    assert not draw(y, max_nodes=None)._picture.caption


@pytest.mark.parametrize("max_nodes", [2, 3, 5, 8, 12, 15, 18, 19])
def test_never_more_figures_than_asked_for(network, max_nodes):
    reading = read([network[-1].node])
    figures = fold(reading, max_nodes).figures
    assert len(set(figures.values())) <= max_nodes
    assert set(figures) == set(reading.nodes)


def test_chain_of_100_000():
    x = mg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    start = time.perf_counter()
    graph = draw(y)
    assert len(graph.source) < 100_000
    y.backward()
    assert len(boxes(draw(y))) == 201  # and the output
    assert time.perf_counter() - start < 20  # takes about one


def test_fan_in_of_100_000():
    leaves = [mg.zeros(1, requires_grad=True) for _ in range(100_000)]
    graph = draw(mg.cat(leaves).sum())
    assert boxes(graph, "rest")[0].details == ("99,803 leaves",)
    assert len(arrows(graph)) == 200


@pytest.mark.slow
@needs_graphviz
def test_deep_modules_of_100_000_operations():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.relu = nn.Linear(2, 2), nn.ReLU()

        def forward(self, x):
            for _ in range(50):
                x = self.relu(self.linear(x))
            return x

    out = nn.Sequential(*(Block() for _ in range(1000)))(mg.ones(1, 2)).sum()
    start = time.perf_counter()
    graph = draw(out)
    assert titles(graph, "module") == ["Sequential"]
    assert "100,000 operations" in texts(graph.svg())
    assert time.perf_counter() - start < 30  # takes about two


@needs_graphviz
def test_many_long_arrows_are_named_instead():
    """Graphviz takes minutes for a hundred of them."""
    w = mg.ones(2, 2, requires_grad=True)
    h = mg.ones(1, 2)
    for _ in range(80):
        h = (h @ w).tanh()
    graph = draw(h.sum(), names={"w": w})
    assert arrows(graph).count(("w", "matmul", "")) == 8
    assert [b.details for b in boxes(graph, "operation") if b.title == "matmul"].count(
        ("with w",)
    ) == 72
    start = time.perf_counter()
    graph.svg()
    assert time.perf_counter() - start < 10  # takes 0.1 s


# Any name -----------------------------------------------------------------------------------------


def hostile_graph(name):
    x = mg.tensor([[1.0, 2.0]])
    layer = nn.Linear(2, 2)
    model = nn.Module()
    model.add_module(name.replace(".", "_"), layer)
    hidden = layer(x)
    hidden.name = name
    out = hidden.relu().sum()
    return draw(out, params={name: layer.weight}, names={name: x, f"{name}!": out})


@needs_graphviz
@pytest.mark.parametrize(
    "name",
    [HOSTILE, "<", ">", "<>", "{|}", "&", '"', "\\", "\\N", "a\nb", "n0", "graph", " ", "数"],
)
def test_any_name_survives(name):
    shown = texts(hostile_graph(name).svg())
    for line in name.split("\n"):
        assert any(squeezed(line) in squeezed(text) for text in shown), (line, shown)


def squeezed(text):
    return re.sub(r"[\s\xa0]+", "", text)


@needs_graphviz
@pytest.mark.parametrize("name", ["\ud800", "a\x00b", "\x1b[31m", "\uffff", "\t"])
def test_what_no_picture_can_hold_is_replaced(name, tmp_path):
    graph = hostile_graph(name)
    assert "\N{REPLACEMENT CHARACTER}" in "".join(texts(graph.svg()))
    graph.save(tmp_path / "graph.gv")
    graph.save(tmp_path / "graph.txt")


# The picture --------------------------------------------------------------------------------------


@pytest.fixture(params=list(renderers.RENDERERS))
def renderer(request, monkeypatch):
    """Each renderer that is installed, alone."""
    if request.param not in renderers.available():
        pytest.skip(f"{request.param} is not installed")
    only = {request.param: renderers.RENDERERS[request.param]}
    monkeypatch.setattr(renderers, "RENDERERS", only)
    return request.param


def test_formats(renderer, network, tmp_path, capfd):
    model, x, _, loss = network
    graph = draw(loss, params=model, names={"x": x})
    starts = {"svg": b"<svg ", "png": b"\x89PNG", "pdf": b"%PDF", "gv": b"digraph", "txt": b"n0 ="}
    for kind, start in starts.items():
        path = graph.save(tmp_path / f"graph.{kind}")
        assert path.read_bytes().startswith(start)
    assert graph.save(str(tmp_path / "GRAPH.SVG")).exists()
    assert capfd.readouterr() == ("", "")


def test_svg_of_a_network(renderer, network):
    model, x, y, loss = network
    graph = draw(loss, params=model, names={"x": x, "y": y})
    start = time.perf_counter()
    svg = graph.svg()
    assert time.perf_counter() - start < 2  # takes 0.1 s
    assert len(svg.encode()) < 60_000
    assert {"x", "0.weight", "batch_norm", "CrossEntropyLoss", "(8, 5)"} <= set(
        map(str.strip, texts(svg))
    )
    assert svg.startswith('<svg role="img" style="max-width:100%;height:auto" ')
    for noise in ("<!--", ' id="', "xlink:title", "&#45;&gt;", "<?xml", "cluster_0"):
        assert noise not in svg
    root = ElementTree.fromstring(svg)
    hints = {e.text for e in root.iter("{http://www.w3.org/2000/svg}title")}
    assert "parameter 0.weight\n(5, 6) float32" in hints and "0: Linear" in hints


def laid_out(graph):
    """Return centre and size of each box, in points, as Graphviz placed them."""
    places = {}
    plain = renderers.render(graph.source, "plain").decode()
    for line in plain.splitlines():
        found = re.match(r"node (n\d+) (\S+) (\S+) (\S+) (\S+) ", line)
        if found:
            x, y, width, height = (72 * float(number) for number in found.groups()[1:])
            places[found[1]] = (x, y, width, height)
    return {box: places[box.name] for box in boxes(graph)}


@pytest.mark.parametrize("direction", ["TB", "LR", "BT", "RL"])
def test_layout_is_straight_and_nothing_overlaps(renderer, network, direction):
    model, x, _, loss = network
    graph = draw(loss, params=model, names={"x": x}, direction=direction)
    places = laid_out(graph)
    across = 0 if direction in ("TB", "BT") else 1
    spine = [p[across] for box, p in places.items() if box.kind in ("input", "operation", "output")]
    assert max(spine) - min(spine) < 1
    for box, place in places.items():
        if box.beside is not None:
            assert abs(place[1 - across] - places[box.beside][1 - across]) < 1
    along = [p[1 - across] for box, p in places.items() if box.kind == "operation"]
    assert along == sorted(along, reverse=direction in ("TB", "RL"))
    everything = list(places.values())
    for i, (x1, y1, w1, h1) in enumerate(everything):
        for x2, y2, w2, h2 in everything[:i]:
            assert abs(x1 - x2) > (w1 + w2) / 2 or abs(y1 - y2) > (h1 + h2) / 2


def test_first_parameter_left_second_right(renderer, network):
    places = {
        box.title: place for box, place in laid_out(draw(network[-1], params=network[0])).items()
    }
    assert places["0.weight"][0] < places["linear"][0] < places["0.bias"][0]


@needs_graphviz
def test_picture_of_the_readme_is_up_to_date():
    path = ROOT / "docs/images/mlp-graph.svg"
    svg = path.read_text(encoding="utf-8")
    assert len(svg) < 60_000
    graph = runpy.run_path(str(path.with_name("mlp_graph.py")))["graph"]
    assert sorted(texts(svg)) == sorted(texts(graph.svg())), (
        f"run python {path.parent}/mlp_graph.py"
    )


def test_tidy_svg_leaves_texts_alone():
    svg = '<?xml?>\n<!-- -->\n<svg width="1pt">\n<g id="node1" class="node">\n<title>n0</title>\n'
    svg += '<g id="a_node1"><a xlink:title="a &lt;b&#10;">\n<text>x id</text>\n</a>\n</g>\n</g>\n</svg>'
    assert tidy_svg(svg).endswith(
        '<g class="node">\n<title>a &lt;b&#10;</title>\n<text>x id</text>\n</g>\n</svg>'
    )


# Without Graphviz ---------------------------------------------------------------------------------


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def test_text_where_no_renderer_is(nothing_installed, network):
    model, _, _, loss = network
    graph = draw(loss, params=model)
    assert renderers.available() == []
    assert graph._repr_svg_() is None
    bundle = graph._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert bundle["text/plain"].startswith("n0 = input")
    assert 'pip install "minigrad-autograd[viz]"' in bundle["text/plain"].splitlines()[-1]
    assert graph._repr_html_().startswith("<pre>n0 = input")
    assert repr(graph) == "<Graph: 8 operations, 21 boxes>"
    assert graph.source.startswith("digraph")


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_save_where_no_renderer_is(nothing_installed, tmp_path, kind):
    graph = draw(mg.ones(2))
    with pytest.raises(
        RendererMissing, match="needs Graphviz, which is not installed: pip install"
    ):
        graph.save(tmp_path / f"graph.{kind}")
    assert not list(tmp_path.iterdir())
    with pytest.raises(RendererMissing):
        graph.svg()
    assert graph.save(tmp_path / "graph.gv").read_text().startswith("digraph")


def test_save_under_an_unknown_ending(tmp_path):
    with pytest.raises(ValueError, match=r"'graph.jpeg': the name has to end in .svg, .png, .pdf"):
        draw(mg.ones(2)).save(tmp_path / "graph.jpeg")
    with pytest.raises(ValueError, match="'graph'"):
        draw(mg.ones(2)).save("graph")
    with pytest.raises(FileNotFoundError):
        draw(mg.ones(2)).save(tmp_path / "no" / "graph.gv")


def test_broken_renderer_leaves_its_place_to_the_next(monkeypatch):
    def broken():
        def render(source, kind):
            raise OSError("no fonts")

        return render

    monkeypatch.setattr(
        renderers, "RENDERERS", {"dot": broken, "other": lambda: lambda source, kind: b"<svg />"}
    )
    assert renderers.render("digraph {}", "svg") == b"<svg />"
    monkeypatch.setattr(renderers, "RENDERERS", {"dot": broken})
    with pytest.raises(
        RendererMissing, match=r"could not draw the graph \(dot: OSError: no fonts\)"
    ):
        renderers.render("digraph {}", "svg")
    assert "no fonts" in draw(mg.ones(2))._repr_html_()


@pytest.mark.parametrize(
    "error", [RuntimeError, ValueError, ImportError, UnicodeError, MemoryError]
)
def test_a_repr_never_raises(monkeypatch, error):
    def fail(*args):
        raise error("broken")

    monkeypatch.setattr("minigrad.viz.graph.to_dot", fail)
    graph = draw(mg.ones(2, requires_grad=True).exp().sum())
    assert graph._repr_svg_() is None
    assert "exp" in graph._repr_html_() and "exp" in graph._repr_mimebundle_()["text/plain"]
    assert repr(graph) and str(graph)


@needs_graphviz
def test_reprs_where_a_renderer_is():
    graph = mg.draw(mg.ones(2, requires_grad=True).exp().sum())
    assert isinstance(graph, Graph)
    svg = graph.svg()
    assert graph._repr_svg_() == graph._repr_html_() == svg
    assert graph._repr_mimebundle_() == {
        "image/svg+xml": svg,
        "text/html": svg,
        "text/plain": "<Graph: 2 operations, 4 boxes>",
    }


def test_import_is_cheap():
    code = (
        "import sys, minigrad.viz; "
        "print([m for m in ('graphviz', 'pygraphviz', 'matplotlib', 'tqdm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Pictures by matplotlib ---------------------------------------------------------------------------


def test_loss_curves(tmp_path):
    pytest.importorskip("matplotlib")
    pictures = importlib.import_module("minigrad.viz.pictures")
    figure = pictures.loss_curves({"a": [1.0, 0.5], "b": [2.0]}, title="t", ylabel="loss (nats)")
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.get_lines()] == ["a", "b"]
    assert len({line.get_color() for line in axes.get_lines()}) == 2
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == (
        "epoch",
        "loss (nats)",
        "log",
    )
    figure.savefig(tmp_path / "curve.png")


def test_image_sheet(tmp_path):
    pytest.importorskip("matplotlib")
    pictures = importlib.import_module("minigrad.viz.pictures")
    figure = pictures.image_sheet(
        np.zeros((3, 8, 8)), ["1", "2", "3, is 8"], [False, False, True], columns=2
    )
    assert [axes.get_title() for axes in figure.axes] == ["1", "2", "3, is 8", ""]
    assert [bool(axes.images) for axes in figure.axes] == [True, True, True, False]
    colours = {axes.title.get_color() for axes in figure.axes[:3]}
    assert colours == {"black", pictures.VERMILION}
    figure.savefig(tmp_path / "sheet.png")
