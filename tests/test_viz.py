"""Drawing the graph: what is in the picture, how it is laid out, and what happens without Graphviz."""

import re
import shutil
import subprocess
import sys
import time
import weakref
from pathlib import Path
from xml.etree import ElementTree

import pytest
from drawings import arrows, boxes, mlp, titles

import minigrad as mg
from minigrad import nn
from minigrad.viz import Graph, RendererMissing, draw
from minigrad.viz.graphs import renderers
from minigrad.viz.graphs.graph import tidy_svg
from minigrad.viz.graphs.ordering import number_boxes

ROOT = Path(__file__).parents[1]
needs_graphviz = pytest.mark.skipif(
    not renderers.available(), reason=f"no Graphviz here: {renderers.INSTALL}"
)
HOSTILE = 'a "quote" <b>&amp; {x|y} \\n \\l back\\slash\nnew line ünï 数 🙂 -> [;] %s {0} #'


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
        "n0 = parameter w  (2,) float32  ‖data‖ 5  ‖grad‖ 28.3",
        "n1 = input x      (2,) float32  ‖data‖ 2.24",
        "n2 = mul(n0, n1)  (2,)  ‖grad‖ 14.6",
        "n3 = sub(n2)      (·, 1)  (2,)  ‖grad‖ 14.6",
        "n4 = pow(n3)      (·, 2)  (2,)  ‖grad‖ 1.41",
        "n5 = sum(n4)",
        "n6 = output: n5   () float32  data 53  grad 1",
    ]


def test_text_shows_modules_as_indentation(network):
    model, x, y, loss = network
    graph = draw(loss, params=model, names={"x": x, "y": y}, values=False, grads=False)
    lines = str(graph).splitlines()
    assert lines[0].startswith("n0 = input x ")
    assert lines[1:4] == [
        "Sequential:",
        "  0: Linear:",
        "    n1 = parameter 0.weight          (5, 6) float32",
    ]
    assert "  n19 = cross_entropy(n17, n18)" in lines
    assert lines[-1].startswith("n20 = output loss: n19 ")


class Wave(nn.Module):
    """Uses its parameter before its input."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(mg.ones(4))

    def forward(self, x):
        return mg.exp(self.w) * x


@pytest.mark.parametrize("given", [{}, {"view": "modules"}, {"expand": True}, {"direction": "LR"}])
def test_text_lists_everything_before_it_is_used_and_each_module_once(given):
    layers = nn.Sequential(nn.Embedding(10, 4), Wave(), nn.Linear(4, 4), nn.LayerNorm(4))
    hidden = Wave()(mg.randn(2, 4)) * layers(mg.tensor([1, 2]))
    loss = nn.CrossEntropyLoss()(hidden, mg.tensor([0, 1]))
    seen, headings = set(), []
    for line in str(draw(loss, **given)).splitlines():
        left, _, right = line.partition(" = ")
        if not right:
            headings.append(line)
            continue
        assert set(re.findall(r"\bn\d+\b", right)) <= seen, line
        seen.add(left.strip())
    assert len(headings) == len(draw(loss, **given)._picture.frames())


def test_text_of_frames_that_take_from_each_other():
    class Outer(nn.Module):
        def forward(self, x, y=None):
            return x.exp() if y is None else x * y

    outer, inner = Outer(), nn.Linear(2, 2)
    outer.inner = inner
    kept = outer(mg.ones(2, requires_grad=True))
    graph = draw(outer(kept.tanh(), kept).sum(), view="tensor")
    for box in boxes(
        graph
    ):  # two calls in a row of one module have two frames, unless modules are in it
        box.frame = next((b.frame for b in boxes(graph) if b.frame), None) if box.frame else None
    number_boxes(graph._picture)
    lines = [line for line in str(graph).splitlines() if line.endswith(":")]
    assert lines == ["Outer:", "Outer (again):"]
    assert [box.title for box in boxes(graph)] == [
        "parameter",
        "exp",
        "tanh",
        "mul",
        "sum",
        "output",
    ]


def test_text_tells_outputs_of_an_operation_apart():
    class Both(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            return 2 * g + 3 * h

    a, b = Both.apply(mg.tensor([1.0, 2.0], requires_grad=True))
    graph = draw((a * b).sum(), names={"a": a, "b": b})
    assert str(graph).splitlines()[1:3] == [
        "n1 = Both(n0)           [0]  a (2,)  ‖grad‖ 6.71  [1]  b (2,)  ‖grad‖ 4.47",
        "n2 = mul(n1[0], n1[1])  (2,)  ‖grad‖ 1.41",
    ]
    assert "<B>a</B> [0] (2,)" in graph.source and "<B>b</B> [1] (2,)" in graph.source


def test_kinds_of_boxes(network):
    model, x, y, loss = network
    graph = draw(loss, params=model, names={"x": x, "y": y})
    assert titles(graph, "input") == ["x"]
    assert titles(graph, "parameter") == [name for name, _ in model.named_parameters()]
    assert titles(graph, "target") == ["y"]
    assert titles(graph, "output") == ["loss"]
    assert boxes(graph, "output")[0].details == ("() float32",)
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
    leaf = mg.ones(2, requires_grad=True)
    assert str(draw(leaf)) == "n0 = parameter  (2,) float32  ‖data‖ 1.41"
    leaf.grad = mg.ones(2)
    assert str(draw(leaf)) == "n0 = parameter  (2,) float32  ‖data‖ 1.41  ‖.grad‖ 1.41"
    assert str(draw(leaf, values=False, grads=False)) == "n0 = parameter  (2,) float32"
    assert str(draw(mg.ones(2))) == "n0 = constant  (2,) float32  ‖data‖ 1.41"
    with mg.no_grad():
        total = mg.ones(2, requires_grad=True).sum()
    total = draw(total, names={"total": total}, view="tensor")
    assert str(total) == "n0 = constant total  () float32  data 2"
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
    graph = draw(slope, view="tensor")
    assert {"cos", "pow", "mul"} <= set(titles(graph, "operation"))


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
    h = x.exp()
    found = draw(mg.where(h > 0, h, 0.0)[i].sum(), names={"i": i})
    assert set(titles(found, "constant")) == {"i", "condition"}
    assert titles(draw(h[i].sum(), inputs={"i": i}), "input") == ["i"]


def test_what_picks_rows_of_a_table_is_data():
    table, words = nn.Embedding(10, 4), mg.tensor([[1, 2, 3]])
    out = nn.Linear(4, 2)(table(words)).sum()
    for given in ({"names": {"words": words}}, {"inputs": {"words": words}}):
        graph = draw(out, **given)
        assert titles(graph, "input") == ["words"] and not titles(graph, "constant")
        assert boxes(graph, "input")[0].frame is None and boxes(graph)[0].title == "words"
        assert arrows(graph)[0] == ("weight", "getitem", "")
    modules = draw(out, names={"words": words}, view="modules")
    assert ("words", "Embedding", "") in arrows(modules)
    out.backward()
    assert titles(draw(out), "input") == ["index"]  # the array is gone


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
        (lambda x: draw(1.0), TypeError, "outputs has to be a Tensor or several, got float"),
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


# Too far away -------------------------------------------------------------------------------------


def test_a_weight_that_is_used_again_is_named_instead_of_a_long_arrow():
    layer, x = nn.Linear(2, 2), mg.ones(1, 2)
    graph = draw(layer(layer(layer(x).tanh()).tanh()).sum(), params={"W": layer.weight})
    assert arrows(graph).count(("W", "linear", "")) == 1
    taken = [box.takes for box in boxes(graph, "operation") if box.title == "linear"]
    assert taken == [(), ("W", "bias"), ("W", "bias")]
    assert "with W, bias" in graph.source
    assert "linear(n6, n1, n2)" in str(graph)  # the text has room for all of them


def test_a_penalty_on_weights_names_them():
    """Arrows out of the layers would cross everything."""
    layer, w = nn.Linear(2, 2), mg.ones(2, requires_grad=True)
    graph = draw(layer(mg.ones(1, 2)).sum() + (layer.weight**2).sum(), params={"W": layer.weight})
    assert ("W", "pow", "") not in arrows(graph)
    assert [box.takes for box in boxes(graph) if box.title == "pow"] == [("W",)]
    assert ("w", "pow", "") in arrows(draw((w * mg.ones(2)).sum() + (w**2).sum(), names={"w": w}))


@needs_graphviz
def test_many_long_arrows_are_named_instead():
    """Graphviz takes minutes for a hundred of them."""
    w, x = mg.ones(2, 2, requires_grad=True), mg.ones(1, 2)
    h = x
    for _ in range(80):
        h = (h @ w).tanh() + x
    graph = draw(h.sum(), names={"w": w, "x": x}, max_nodes=None)
    assert arrows(graph).count(("x", "add", "")) + arrows(graph).count(("x", "matmul", "")) == 8
    assert [b.takes for b in boxes(graph, "operation") if b.title == "add"].count(("x",)) == 73
    assert [b.takes for b in boxes(graph, "operation") if b.title == "matmul"].count(("w",)) == 78
    start = time.perf_counter()
    graph.svg()
    assert time.perf_counter() - start < 10  # takes 0.2 s


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
def test_any_name_of_a_module_survives():
    model = nn.Sequential()
    for place in range(3):
        model.add_module(f"{HOSTILE.replace('.', '_')} {place}", nn.Linear(2, 2))
    model.add_module("<|>", nn.ReLU())
    graph = draw(model(mg.ones(1, 2)).sum(), view="modules")
    assert boxes(graph, "repeat")[0].hint.startswith(f"Sequential / {HOSTILE} 0: Linear to ")
    assert {"Linear\xa0×\xa03", "<|>: ReLU"} <= set(texts(graph.svg()))
    framed = texts(draw(model(mg.ones(1, 2)).sum()).svg())
    assert any(
        squeezed("n ünï 数 🙂 -> [;] %s {0} # 2: Linear")[1:] in squeezed(text) for text in framed
    )


@needs_graphviz
@pytest.mark.parametrize("name", ["w" * 3000, "line\n" * 300])
def test_names_that_would_fill_a_wall_are_cut(name):
    graph = hostile_graph(name)
    width, height = re.search(r'width="(\d+)pt" height="(\d+)pt"', graph.svg()).groups()
    assert int(width) < 1500 and int(height) < 1500
    assert len(str(graph)) < 4000 and len(graph.source) < 12_000
    assert name[:30] in graph.source.replace("<BR/>", "\n")


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
    draw(loss).svg()  # the first one imports what it needs
    start = time.perf_counter()
    graph = draw(loss, params=model, names={"x": x, "y": y})
    svg = graph.svg()
    assert time.perf_counter() - start < 2  # takes 0.05 s
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


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_layout_of_fused_operations_taken_apart_is_straight(renderer, direction):
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 2))
    graph = draw(model(mg.randn(2, 3)), expand=True, direction=direction)
    across = 0 if direction == "TB" else 1
    places = laid_out(graph)
    spine = [
        place[across]
        for box, place in places.items()
        if box.kind in ("input", "operation", "output") and box.beside is None
    ]
    assert len(spine) == 16 and max(spine) - min(spine) < 1
    aside = [box for box in places if box.beside is not None and box.kind == "operation"]
    assert [box.title for box in aside] == ["permute_dims", "permute_dims"]
    for box in aside:
        assert abs(places[box][1 - across] - places[box.beside][1 - across]) < 1


class Residual(nn.Module):
    """A layer with a connection past it."""

    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width)

    def forward(self, x):
        return self.linear(x).tanh() + x


def places_of_frames(svg):
    """Return left and right end of each frame, by its name."""
    found = re.findall(
        r'class="cluster">.*?<path .*? d="([^"]*)".*?<text [^>]*>([^<]*)<', svg, re.DOTALL
    )
    ends = {}
    for path, name in found:
        across = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", path)]
        ends[name] = min(across), max(across)
    return ends


def curves_of(svg):
    """Return for each arrow the x of points along it."""
    for path in re.findall(r'<path fill="none" stroke="#6b7b92" d="M([^"]*)"', svg):
        ends = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", path)]
        for start in range(0, len(ends) - 1, 3):  # Bezier curves, one after the other
            a, b, c, d = ends[start : start + 4]
            steps = [step / 20 for step in range(21)]
            yield [
                (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t**3 * d
                for t in steps
            ]


def test_what_goes_past_a_layer_stays_in_its_frame(renderer):
    mg.manual_seed(0)
    model = nn.Sequential(Residual(4), Residual(4))
    graph = draw(model(mg.randn(2, 4)).sum())
    svg = graph.svg()
    frames = places_of_frames(svg)
    first, second = (frames[name] for name in ("0: Residual", "1: Residual"))
    around = min(first[0], second[0]), max(first[1], second[1])
    for curve in curves_of(svg):
        assert around[0] < min(curve) and max(curve) < around[1]
    assert graph.source.count("shape=point") == 2
    spine = [p[0] for b, p in laid_out(graph).items() if b.kind in ("input", "operation", "output")]
    assert max(spine) - min(spine) < 1


def test_a_fork_where_one_thing_goes_to_many(renderer):
    class Three(nn.Module):
        def forward(self, x):
            return x.exp() + x.sin() + x

    graph = draw(Three()(mg.ones(2, requires_grad=True) * 2.0).sum())
    assert graph.source.count("shape=point") == 1 and graph.source.count("_0 -> n") == 3
    assert "dir=none" in graph.source
    assert "shape=point" not in draw(nn.Linear(2, 2)(mg.ones(1, 2)).sum()).source


def test_numbers_of_arguments_stand_free_of_arrowheads(renderer):
    mg.manual_seed(0)
    x = nn.Linear(3, 3)(mg.randn(2, 3))
    c = x - x.mean()
    a, b = mg.ones(3, 3, requires_grad=True), mg.ones(3, 3, requires_grad=True)
    svg = draw((((c / c.std()) @ a) @ (a @ b)).sum()).svg()
    digits = re.findall(r'<text [^>]* x="([\d.-]+)" y="([\d.-]+)"[^>]*>\s*([12])\s*<', svg)
    heads = re.findall(r'<polygon fill="#6b7b92"[^>]* points="([^"]*)"', svg)
    assert len(digits) >= 8 and heads
    corners = [
        (float(x), float(y)) for head in heads for x, y in re.findall(r"([\d.-]+),([\d.-]+)", head)
    ]
    for x, y, digit in digits:
        middle = float(x), float(y) - 3  # y is where the line of text stands
        near = min(abs(middle[0] - p[0]) + abs(middle[1] - p[1]) for p in corners)
        assert near > 4, (digit, middle)


def test_first_parameter_left_second_right(renderer, network):
    places = {
        box.title: place for box, place in laid_out(draw(network[-1], params=network[0])).items()
    }
    assert places["0.weight"][0] < places["linear"][0] < places["0.bias"][0]


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


@pytest.mark.parametrize("kind", ["gv", "svg", "png"])
def test_save_without_the_package_that_writes_dot(monkeypatch, tmp_path, kind):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    graph = draw(mg.ones(2))
    words = "written by the package graphviz, which is not installed: pip install"
    with pytest.raises(RendererMissing, match=words):
        graph.save(tmp_path / f"graph.{kind}")
    with pytest.raises(RendererMissing, match=words):
        graph.source  # noqa: B018
    assert not list(tmp_path.iterdir())
    assert 'pip install "minigrad-autograd[viz]"' in graph._repr_mimebundle_()["text/plain"]
    assert "dot" not in renderers.available()
    assert graph.save(tmp_path / "graph.txt").read_text().startswith("n0 = constant")


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

    monkeypatch.setattr("minigrad.viz.graphs.graph.to_dot", fail)
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
