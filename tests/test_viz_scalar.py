"""The scalar view: every number in a box with its name, value and gradient."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from test_viz_amounts import leaf, micrograd

import minigrad as mg
from minigrad import nn
from minigrad.viz import draw
from minigrad.viz.graphs import renderers
from minigrad.viz.graphs.records import WIDTH, in_rows
from minigrad.viz.graphs.scalar_view import MOST_ELEMENTS, nested

ROOT = Path(__file__).parents[1]
needs_graphviz = pytest.mark.skipif(
    not renderers.available(), reason=f"no Graphviz here: {renderers.INSTALL}"
)
HOSTILE = 'a "quote" <b>&amp; {x|y} \\n \\l back\\slash\nnew line ünï 数 🙂 -> [;] %s {0} #'


def boxes(graph, kind):
    return [b for b in graph._picture.boxes if (b.kind == kind if not b.symbol else kind == "sign")]


def fields(graph, kind):
    """Return name, value and gradient of the boxes of a kind."""
    return [(box.title, box.value, box.gradient) for box in boxes(graph, kind)]


def signs(graph):
    return [box.symbol for box in boxes(graph, "sign")]


def numbers_at(graph):
    """Return which arrows are numbered: the value that they bring, and the number."""
    return {a.source.title or a.source.value: a.number for a in graph._picture.arrows if a.number}


def numbers(**values):
    tensors = {name: mg.tensor(value, requires_grad=True) for name, value in values.items()}
    for name, tensor in tensors.items():
        tensor.name = name
    return tensors


# What is drawn ------------------------------------------------------------------------------------


def test_dot_text_of_micrograds_example():
    (g,), (a, b) = micrograd()
    graph = draw(g, names={"a": a, "b": b, "g": g})
    expected = (ROOT / "tests/recorded/micrograd.gv").read_text(encoding="utf-8")
    assert graph.source == expected
    g.backward()  # the page in micrograd's README is drawn after it
    assert draw(g, names={"a": a, "b": b, "g": g}).source == expected


def test_leaves_results_and_outputs():
    v = numbers(x=2.0, w=-3.0)
    product = v["x"] * v["w"]
    graph = draw(product.tanh(), names={"p": product})
    assert fields(graph, "leaf") == [
        ("x", "data 2", "grad -7.367e-05"),
        ("w", "data -3", "grad 4.911e-05"),
    ]
    assert fields(graph, "value") == [("p", "data -6", "grad 2.456e-05")]
    assert fields(graph, "result") == [("", "data -1", "grad 1")]
    assert signs(graph) == ["×", "tanh"]


def test_text_reads_like_a_program():
    v = numbers(a=2.0, b=-3.0)
    out = v["a"] * v["b"] + 1
    assert str(draw(out, names={"out": out})).splitlines() == [
        "n0 = leaf a               data 2  grad -3",
        "n1 = leaf b               data -3  grad 2",
        "n3 = mul(n0, n1)          data -6  grad 1",
        "n5 = result out: add(n3)  (·, 1)  data -5  grad 1",
    ]


@pytest.mark.parametrize(
    "compute, sign",
    [
        (lambda x: x + 1, "+ 1"),
        (lambda x: 1 + x, "1 +"),
        (lambda x: 1 - x, "1 −"),
        (lambda x: x * 2.5, "× 2.5"),
        (lambda x: 10 / x, "10 ÷"),
        (lambda x: x**3, "^3"),
        (lambda x: 2**x, "2^"),
        (lambda x: -x, "−"),
        (lambda x: x.sqrt(), "√"),
        (lambda x: x.relu(), "relu"),
        (lambda x: x.exp(), "exp"),
        (lambda x: x * x, "×"),
        (lambda x: mg.stack([x, x])[1], "[1]"),
    ],
)
def test_signs(compute, sign):
    graph = draw(compute(leaf()), view="scalar")
    assert signs(graph)[-1] == sign


def test_python_numbers_are_known_after_backward_too():
    x = leaf()
    out = (x + 1) * 3
    out.backward()
    assert signs(draw(out)) == ["+ 1", "× 3"]


def test_arguments_are_numbered_where_their_order_matters():
    v = numbers(a=3.0, b=2.0)
    assert numbers_at(draw(v["a"] - v["b"])) == {"a": "1", "b": "2"}
    assert numbers_at(draw(v["b"] / v["a"])) == {"b": "1", "a": "2"}
    assert numbers_at(draw(v["a"] + v["b"])) == {}
    assert numbers_at(draw(v["a"] - 1)) == {}


def test_a_value_used_twice_has_two_arrows():
    x = leaf()
    graph = draw(x * x)
    assert len([a for a in graph._picture.arrows if a.source.kind == "leaf"]) == 2


def test_several_outputs_and_outputs_used_on_the_way():
    x = leaf()
    y = x.exp()
    z = y + 1
    graph = draw([y, z], names={"y": y, "z": z})
    assert [title for title, _, _ in fields(graph, "result")] == ["y", "z"]
    assert fields(graph, "result")[0][2] == "grad 2"


def test_each_output_of_an_operation_of_several_has_its_box():
    x = mg.tensor([[2.0, 1.0], [1.0, 2.0]], requires_grad=True)
    values, _ = mg.linalg.eigh(x)
    graph = draw(values.sum(), names={"x": x, "values": values}, view="scalar")
    assert fields(graph, "value") == [("values", "data [1, 3]", "grad [1, 1]")]
    assert signs(graph) == ["eigh", "Σ"]


def test_leaves_alone_and_constants():
    x = leaf()
    assert len(draw(x)._picture.boxes) == 1
    c = mg.tensor(2.0)
    assert fields(draw(c, names={"c": c}, view="scalar"), "leaf") == [("c", "data 2", "")]


def test_small_tensors_are_shown_number_by_number(device):
    x = mg.tensor([[1.0, -0.0], [0.5, 1e10]], requires_grad=True)
    graph = draw(x.sum(), names={"x": x}, view="scalar")
    assert fields(graph, "leaf") == [("x", "data [[1, 0], [0.5, 1e+10]]", "grad [[1, 1], [1, 1]]")]


def test_a_matrix_stands_in_rows():
    x = leaf(3, 3)
    source = draw((x @ x).sum(), view="scalar").source
    rows = re.findall(r"\[\[[^\]]*\],<BR/>\u00a0\[[^\]]*\],<BR/>\u00a0\[[^\]]*\]\]", source)
    assert len(rows) == 3  # value and gradient of x, value of its square; ones need no rows
    assert max(len(row) for text in rows for row in text.split("<BR/>")) <= WIDTH


def test_many_numbers_stand_on_several_lines():
    assert in_rows("[1, 2, 3]") == "[1, 2, 3]"
    lines = in_rows(nested([-0.0123456] * 9)).split("\n")
    assert len(lines) == 3 and max(map(len, lines)) <= WIDTH and lines[1].startswith("\u00a0-0.0")


def test_what_is_not_wanted_is_not_shown():
    x = leaf()
    assert all(not box.gradient for box in draw(x.exp(), grads=False)._picture.boxes)
    graph = draw(x.exp(), values=False)
    assert all(not box.value for box in graph._picture.boxes)
    assert all(box.gradient for box in graph._picture.boxes if not box.symbol)


def test_what_is_not_finite_is_marked():
    x = mg.tensor(0.0, requires_grad=True)
    with np.errstate(all="ignore"):
        out = x.log() * 0.0
    graph = draw(out)
    assert [box.alarm for box in graph._picture.boxes if not box.symbol] == [True, True, True]
    assert "#dc2626" in graph.source
    assert fields(graph, "result")[0][1] == "data nan"


def test_derivatives_are_tinted():
    x = leaf()
    (slope,) = mg.autograd.grad(x.tanh(), x, create_graph=True)
    graph = draw(slope)
    assert [box.tint for box in boxes(graph, "sign")] == [0, 1, 1, 1]
    assert graph.source.count("#ede9fe") == 3


def test_modules_have_frames():
    layer = nn.Linear(1, 1)
    graph = draw(layer(mg.tensor([1.0])).tanh(), params=layer, view="scalar")
    assert graph.source.count("subgraph cluster_") == 1
    inside = [box.title for box in boxes(graph, "leaf") if box.frame is not None]
    assert inside == ["weight", "bias"]


def test_it_lies_unless_told_to_stand():
    x = leaf()
    assert "rankdir=LR" in draw(x * 2).source
    assert "rankdir=TB" in draw(x * 2, direction="TB").source


# Limits -------------------------------------------------------------------------------------------


def test_what_is_too_large_says_what_to_take_instead():
    message = (
        f"shows tensors of up to {MOST_ELEMENTS} elements.* there is {{}} of shape .*view='tensor'"
    )
    with pytest.raises(ValueError, match=message.format("a leaf")):
        draw(leaf(4, 3).sum(), view="scalar")
    with pytest.raises(ValueError, match=message.format("the result of 'broadcast_to'")):
        draw(leaf().expand(4, 3), view="scalar")
    with pytest.raises(
        ValueError, match=r"3 operations and leaves, more than max_nodes=2.*view='tensor'"
    ):
        draw(leaf().exp().exp(), view="scalar", max_nodes=2)


def test_long_chains_are_drawn_if_asked_for():
    x = leaf()
    for _ in range(300):
        x = x + 1
    assert len(draw(x, view="scalar", max_nodes=None)._picture.boxes) == 601


@pytest.mark.parametrize(
    "value, text",
    [
        (3.14159265, "3.142"),
        (-4.0, "-4"),
        (-0.0, "0"),
        (7, "7"),
        (True, "True"),
        ([1.0, [2.0]], "[1, [2]]"),
    ],
)
def test_four_digits(value, text):
    assert nested(value) == text


# The picture --------------------------------------------------------------------------------------


@needs_graphviz
def test_the_svg_shows_names_words_and_numbers():
    x = mg.tensor(0.5, requires_grad=True)
    out = x.tanh()
    root = ElementTree.fromstring(draw(out, names={HOSTILE: x}).svg())
    shown = ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]
    first, second = HOSTILE.split("\n")
    for text in (first, second, "data", "0.5", "grad", "0.7864", "tanh"):
        assert re.sub(r"\s+", " ", text) in [re.sub(r"\s+", " ", one) for one in shown]


@needs_graphviz
def test_nothing_overlaps():
    (g,), _ = micrograd()
    plain = renderers.render(draw(g).source, "svg").decode()
    rectangles = []
    for points in re.findall(
        r'<ellipse [^>]*cx="([-\d.]+)" cy="([-\d.]+)" rx="([\d.]+)" ry="([\d.]+)"', plain
    ):
        x, y, rx, ry = map(float, points)
        rectangles.append((x - rx, y - ry, x + rx, y + ry))
    assert len(rectangles) == 25
    for place, (left, bottom, right, top) in enumerate(rectangles):
        for other in rectangles[:place]:
            assert other[2] < left or right < other[0] or other[3] < bottom or top < other[1]
