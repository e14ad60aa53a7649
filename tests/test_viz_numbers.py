"""What stands in a drawing beside the structure: sizes, NaN, derivatives, bytes, twins, orders of derivatives."""

import re
from pathlib import Path

import numpy as np
import pytest
from drawings import arrows, boxes, mlp, titles

import minigrad as mg
from minigrad import nn
from minigrad.viz import draw

ROOT = Path(__file__).parents[1]


@pytest.fixture
def layer():
    """A linear layer, data, and the mean of its squared outputs."""
    mg.manual_seed(0)
    model, x = nn.Linear(3, 2), mg.randn(4, 3)
    return model, x, (model(x) ** 2).mean()


def box_of(graph, title):
    (box,) = (box for box in boxes(graph) if box.title == title)
    return box


def gradient_at(graph, source, target):
    """Return the gradient that stands at an arrow."""
    found = [
        a for a in graph._picture.arrows if (a.source.title, a.target.title) == (source, target)
    ]
    return found[0].gradient


# Sizes --------------------------------------------------------------------------------------------


def test_norms_of_values_and_gradients(layer):
    model, x, loss = layer
    before = draw(loss, params=model, names={"x": x})
    assert model.weight.grad is None
    loss.backward()
    grad = np.linalg.norm(model.weight.grad.numpy())
    weight = box_of(before, "weight")
    assert weight.value == f"‖data‖ {np.linalg.norm(model.weight.detach().numpy()):.3g}"
    assert weight.gradient == f"‖grad‖ {grad:.3g}"
    assert box_of(before, "x").value.startswith("‖data‖") and not box_of(before, "x").gradient
    output = box_of(before, "output")
    assert (output.value, output.gradient) == (f"data {loss.item():.4g}", "grad 1")
    assert gradient_at(before, "linear", "pow").startswith("‖grad‖ ")
    assert "‖grad‖ " + f"{grad:.3g}" in before.source


def test_the_same_after_backward(layer):
    model, x, loss = layer
    before = draw(loss, params=model, names={"x": x})
    loss.backward()
    after = draw(loss, params=model, names={"x": x})
    assert [(b.value, b.gradient) for b in boxes(after)] == [
        (b.value, b.gradient) for b in boxes(before)
    ]


@pytest.mark.parametrize(("values", "grads"), [(True, False), (False, True), (False, False)])
def test_values_and_gradients_can_be_left_out(layer, values, grads):
    model, _, loss = layer
    graph = draw(loss, params=model, values=values, grads=grads)
    assert any(box.value for box in boxes(graph)) == values
    assert any(box.gradient for box in boxes(graph)) == grads
    assert any(arrow.gradient for arrow in graph._picture.arrows) == grads
    assert ("grad" in str(graph)) == grads and ("data" in str(graph)) == values


def test_gradients_of_several_outputs_are_those_of_their_sum():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    graph = draw([x * 3, (x * 4).sum()], names={"x": x})
    assert box_of(graph, "x").gradient == f"‖grad‖ {7 * 2**0.5:.3g}"
    assert graph._picture.caption == "gradients are those of the sum of all outputs"
    assert draw(x * 2)._picture.caption == "gradients are those of the sum of the output's elements"
    assert not draw(x.sum())._picture.caption


def test_the_gradient_at_an_arrow_is_the_whole_one_and_stands_once():
    x = mg.ones(2, 2, requires_grad=True) * 1.0
    graph = draw([x.sum(), (x**2).mean()])
    assert gradient_at(graph, "mul", "sum") == "‖grad‖ 3"  # 1 + 2 / 4, four times
    assert gradient_at(graph, "mul", "pow") == ""


def test_norms_of_very_large_and_very_small_numbers():
    for number in (1e200, 1e-200):
        x = mg.tensor([number, -number], dtype=mg.float64, requires_grad=True)
        assert box_of(draw(x * 1.0), "parameter").value == f"‖data‖ {number * 2**0.5:.3g}"


def test_in_place_results_are_drawn():
    x = mg.ones(2, requires_grad=True)
    y = x * 2
    y += 1
    graph = draw(y.sum(), names={"x": x})
    assert titles(graph, "operation") == ["mul", "add", "sum"]
    assert box_of(graph, "x").gradient == "‖grad‖ 2.83"


def test_inputs_cut_the_graph(layer):
    model, x, _ = layer
    hidden = model(x)
    loss = (hidden.tanh() * hidden).sum()
    for given in (hidden, [hidden], {"hidden": hidden}):
        graph = draw(loss, inputs=given, names={"hidden": hidden})
        assert titles(graph) == ["hidden", "tanh", "mul", "sum", "output"]
        assert titles(graph, "input") == ["hidden"]
    assert box_of(graph, "hidden").gradient.startswith("‖grad‖")
    both = draw(loss, inputs=[x, model.weight], names={"x": x, "W": model.weight})
    assert set(titles(both, "input")) == {"x", "W"} and titles(both, "parameter") == ["bias"]
    assert titles(draw(loss, inputs=[mg.ones(1)], names={"x": x}), "input") == ["x"]  # not in there


def test_on_every_device(device):
    mg.manual_seed(0)
    model, x = mlp(4, 3, 2).to(device), mg.randn(5, 4, device=device)
    y = mg.tensor([0, 1, 1, 0, 1], device=device)
    loss = nn.CrossEntropyLoss()(model(x), y)
    graph = draw(loss, params=model, names={"x": x}, saved=True, expand=True)
    assert box_of(graph, "0.weight").gradient and box_of(graph, "loss").value
    assert "batch_norm" not in titles(graph, "operation") and "keeps" in str(graph)
    assert boxes(draw(loss, view="modules"), "module")[0].gradient


# What is not finite -------------------------------------------------------------------------------


def test_what_is_not_finite_has_a_red_border():
    w = mg.tensor([1.0, -1.0, 0.0], requires_grad=True)
    with np.errstate(all="ignore"):
        y = w.log()
        graph = draw((y * 2.0).sum(), names={"w": w})
    red = [box.title for box in boxes(graph) if box.alarm]
    assert red == ["w", "log", "mul", "sum", "output"]
    assert box_of(graph, "w").gradient == "grad 1 inf"  # 2 / 0; that of log at -1 is -2
    assert graph.source.count('color="#dc2626" ') == 5 and "penwidth=3" in graph.source
    assert not any(box.alarm for box in boxes(draw(w.exp().sum())))


def test_nan_in_a_gradient_only():
    w = mg.tensor([0.0, 1.0], requires_grad=True)
    graph = draw((w.sqrt() * mg.tensor([0.0, 1.0])).sum(), names={"w": w})
    assert box_of(graph, "w").alarm and box_of(graph, "w").gradient == "grad 1 NaN"
    assert not box_of(graph, "output").alarm
    assert "1 NaN" in str(graph)


def test_infinite_numbers_in_a_closed_module():
    layer = nn.Linear(2, 1)
    with mg.no_grad():
        layer.weight[0, 0] = float("inf")
    graph = draw(nn.Sequential(layer, nn.ReLU())(mg.ones(1, 2)).sum(), view="modules")
    assert boxes(graph, "module")[0].alarm


# Arguments, derivatives, lines --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compute", "numbered"),
    [
        (lambda a, b: a - b, True),
        (lambda a, b: a / b, True),
        (lambda a, b: a**b, True),
        (lambda a, b: a @ b, True),
        (lambda a, b: mg.where(mg.tensor([True, False]), a, b), True),
        (lambda a, b: mg.cat([a, b]), True),
        (lambda a, b: mg.atan2(a, b), True),
        (lambda a, b: a + b, False),
        (lambda a, b: a * b, False),
        (lambda a, b: mg.maximum(a, b), False),
        (lambda a, b: a - 1.0, False),
        (lambda a, b: mg.cat([a, b] * 5), False),
        (nn.functional.mse_loss, False),
    ],
)
def test_arguments_have_numbers_where_their_order_matters(compute, numbered):
    a, b = mg.ones(2, requires_grad=True), mg.full((2,), 2.0, requires_grad=True)
    graph = draw(compute(a, b).sum(), names={"a": a, "b": b})
    found = {arrow.source.title: arrow.number for arrow in graph._picture.arrows}
    assert found["a"] == ("1" if numbered else "")
    assert found.get("b", "") == ("2" if numbered else "")
    assert ("<B>1</B>" in graph.source) == numbered


def test_names_of_inputs_tell_as_well_as_numbers(layer):
    assert not any(arrow.number for arrow in draw(layer[-1])._picture.arrows)


def test_the_mouse_shows_the_rule_and_where_it_is_from(layer):
    hint = box_of(draw(layer[-1]), "linear").hint
    assert hint == "\n".join(
        (
            "linear → (4, 2) float32",
            "gradient of weight += product_tn(xp, rows(xp, g), rows(xp, x))",
            "gradient of bias += column_sums(xp, rows(xp, g))",
            "in Linear",
        )
    )
    assert box_of(draw(layer[-1]), "pow").hint.startswith(
        "pow → (4, 2) float32\ngradient of x:\n  def"
    )
    x = mg.ones(2, requires_grad=True)
    with mg.autograd.detect_anomaly():
        y = x.exp()
    assert re.search(r"at .*test_viz_numbers.py:\d+: y = x.exp\(\)$", box_of(draw(y), "exp").hint)


def test_custom_functions_tell_their_rule():
    class Double(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    assert "g * 2" in boxes(draw(Double.apply(mg.ones(2, requires_grad=True))))[1].hint


# What backward keeps ------------------------------------------------------------------------------


def test_saved_shows_what_is_kept():
    x, w = mg.ones(10, 5), mg.ones(5, 3, requires_grad=True)
    graph = draw(((x @ w).tanh() ** 2).sum(), saved=True)
    details = {box.title: box.details[-1] for box in boxes(graph, "operation")}
    assert details == {
        "matmul": "keeps x: 200 B",
        "tanh": "keeps out: 120 B",
        "pow": "keeps x: 120 B",
        "sum": "keeps nothing",
    }
    # tanh and pow keep the same array.
    assert graph._picture.caption == "backward keeps 320 B, of which 200 B are parameters and data"
    assert "backward keeps 320 B" in graph.source


def test_saved_counts_the_memory_that_a_view_keeps_alive():
    x = mg.ones(1000, requires_grad=True) * 1.0
    graph = draw((x[:2] * mg.ones(2, requires_grad=True)).sum(), saved=True)
    assert "keeps x, y: 4.01 kB" in str(graph)


def test_what_fused_operations_keep_is_told_however_they_are_drawn():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 2))
    out = model(mg.randn(2, 3))
    captions = {
        draw(out, saved=True, grads=False, **how)._picture.caption
        for how in ({}, {"expand": True}, {"depth": 0}, {"depth": 0, "expand": True})
    }
    assert captions == {"backward keeps 224 B, of which 64 B are parameters and data"}
    graph = draw(out, saved=True, expand=True)
    assert [
        (call.name, note.replace("\n", " ")) for call, note in graph._picture.notes.items()
    ] == [
        ("linear", "keeps x: 24 B"),
        ("layer_norm", "keeps x, weight, bias, centred, inverse: 104 B"),
        ("linear", "keeps x, weight: 64 B"),
    ]
    assert "linear (keeps x: 24 B):" in str(graph) and "keeps x: 24 B" in graph.source
    assert [box.title for box in boxes(graph) if "keeps" in str(box.details)] == ["gelu"]
    fused = {box.details[-1] for box in boxes(draw(out, saved=True, depth=0), "module")}
    assert fused == {
        b.details[-1] for b in boxes(draw(out, saved=True, depth=0, expand=True), "module")
    }


def test_saved_after_backward_and_in_closed_modules():
    mg.manual_seed(0)
    model = mlp(6, 5, 3)
    loss = model(mg.randn(8, 6)).sum()
    (box,) = boxes(draw(loss, saved=True, depth=0), "module")
    assert box.details[-1] == "keeps 832 B"
    loss.backward()
    graph = draw(loss, saved=True)
    assert graph._picture.caption.startswith("backward keeps nothing any more: it has run")
    assert box_of(graph, "relu").details == ("released",)


def test_saved_tensors_of_a_custom_function():
    class Square(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, None)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    graph = draw(Square.apply(mg.ones(4, requires_grad=True)).sum(), saved=True)
    assert box_of(graph, "Square").details == ("keeps saved: 16 B",)


# Orders of derivatives ----------------------------------------------------------------------------


def test_what_a_sweep_recorded_is_tinted():
    w = mg.tensor(2.0, requires_grad=True)
    y = w**4
    tints = []
    for _ in range(4):
        graph = draw(y, view="tensor")
        tints.append(max(box.tint for box in boxes(graph)))
        (y,) = mg.autograd.grad(y, w, create_graph=True)
    assert tints == [0, 1, 2, 3]
    assert 'fillcolor="#a78bfa"' in graph.source
    assert (
        "recorded by a sweep, for the derivative of order 3" in boxes(graph, "operation")[-1].hint
    )


def test_dot_text_of_a_derivative():
    x = mg.tensor([0.5, 1.0], requires_grad=True)
    (slope,) = mg.autograd.grad(x.sin().sum(), x, create_graph=True)
    recorded = ROOT / "tests/recorded/derivative.gv"
    assert draw(slope, names={"x": x}).source == recorded.read_text(encoding="utf-8")


def test_operations_on_gradients_are_no_derivatives():
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    (g,) = mg.autograd.grad((w**3).sum(), w, create_graph=True)
    graph = draw((g * g).sum(), names={"w": w})
    tints = [(box.title, box.tint) for box in boxes(graph, "operation")]
    assert tints[-2:] == [("mul", 0), ("sum", 0)] and 1 in dict(tints).values()
    assert titles(graph, "constant") and not titles(
        graph, "input"
    )  # the ones that the sweep began with


def test_derivatives_of_modules_have_frames_of_their_own():
    mg.manual_seed(0)
    model, x = mlp(6, 5, 3), mg.randn(8, 6)
    loss = nn.CrossEntropyLoss()(model(x), mg.randint(0, 3, (8,)))
    gradients = mg.autograd.grad(loss, list(model.parameters()), create_graph=True)
    graph = draw(sum((g * g).sum() for g in gradients), max_nodes=None)
    frames = [call.name for call in graph._picture.frames()]
    assert frames[0] == "Sequential" and {"∇ 1: BatchNorm1d", "∇ CrossEntropyLoss"} <= set(frames)


# Fused operations, taken apart --------------------------------------------------------------------


@pytest.fixture
def classifier():
    """A linear classifier and its loss."""
    mg.manual_seed(0)
    model, x, y = nn.Linear(6, 3), mg.randn(8, 6), mg.randint(0, 3, (8,))
    return model, x, y, nn.CrossEntropyLoss()(model(x), y)


def test_a_fused_operation_taken_apart(classifier):
    model, x, y, loss = classifier
    graph = draw(loss, params=model, names={"x": x, "y": y}, expand="cross_entropy")
    assert titles(graph, "operation") == ["linear", "log_softmax", "getitem", "neg", "mean"]
    assert titles(graph, "target") == ["y"] and titles(graph, "constant") == ["index"]
    frame = box_of(graph, "neg").frame
    assert [call.name for call in frame.path] == ["CrossEntropyLoss", "cross_entropy"]
    assert 'style="rounded,dashed"' in graph.source
    closed = draw(loss, params=model, names={"x": x, "y": y})
    assert [box_of(graph, t).gradient for t in ("weight", "bias", "loss")] == [
        box_of(closed, t).gradient for t in ("weight", "bias", "loss")
    ]
    assert gradient_at(graph, "linear", "log_softmax") == gradient_at(
        closed, "linear", "cross_entropy"
    )
    assert gradient_at(graph, "neg", "mean").startswith("‖grad‖ 0.354")  # 1/8, eight times


def test_dot_text_of_a_fused_operation_taken_apart():
    x, y = mg.tensor([0.0, 2.0], requires_grad=True), mg.tensor([1.0, 1.0])
    graph = draw(nn.MSELoss()(x, y), names={"x": x, "y": y}, expand=True)
    recorded = ROOT / "tests/recorded/expanded.gv"
    assert graph.source == recorded.read_text(encoding="utf-8")


def test_all_of_them_down_to_the_plainest(classifier):
    graph = draw(classifier[-1], expand=True)
    assert titles(graph, "operation") == [
        *("permute_dims", "matmul", "add"),
        *("logsumexp", "sub", "getitem", "neg", "mean"),
    ]
    inner = box_of(graph, "logsumexp").frame
    assert [call.name for call in inner.path] == [
        "CrossEntropyLoss",
        "cross_entropy",
        "log_softmax",
    ]
    assert gradient_at(graph, "logsumexp", "sub")


def test_what_was_released_stays_together_and_says_so(classifier):
    model, _, _, loss = classifier
    loss.backward()
    graph = draw(loss, expand=True)
    assert titles(graph, "operation") == ["permute_dims", "matmul", "add", "cross_entropy"]
    assert graph._picture.caption.startswith(
        "cross_entropy cannot be taken apart any more: backward() has released what it was called with"
    )


def test_expand_has_to_name_a_fused_operation(classifier):
    with pytest.raises(
        ValueError, match="'tanh' is no fused operation in this graph; these are: linear, cr"
    ):
        draw(classifier[-1], expand=["tanh"])
    with pytest.raises(ValueError, match="there is none"):
        draw(mg.ones(2, requires_grad=True).exp(), expand="linear")


def test_taking_apart_without_numbers(classifier):
    graph = draw(classifier[-1], expand=True, values=False, grads=False)
    assert len(titles(graph, "operation")) == 8
    assert not any(box.value or box.gradient for box in boxes(graph))


# Which view ---------------------------------------------------------------------------------------


def test_the_view_that_fits():
    a = mg.tensor(2.0, requires_grad=True)
    few, one = (a * a).tanh(), mg.tensor([[2.0]], requires_grad=True)
    many = a
    for _ in range(40):
        many = many * 1.5
    scalar = [any(box.symbol for box in boxes(draw(y))) for y in (few, (one @ one).sum(), many)]
    assert scalar == [True, True, False]
    assert not any(box.symbol for box in boxes(draw(few, view="tensor")))
    assert arrows(draw(few, saved=True))[0][0] == "parameter"  # bytes stand in the tensor view
    with pytest.raises(ValueError):
        draw(mg.ones(30, requires_grad=True).exp(), view="scalar")


@pytest.mark.parametrize(
    ("named", "error", "words"),
    [
        (
            {"view": "pretty"},
            ValueError,
            "view has to be one of ('auto', 'scalar', 'tensor', 'modules')",
        ),
        ({"depth": -1}, ValueError, "depth has to be at least 0, or None; got -1"),
        ({"depth": "2"}, TypeError, "depth has to be a whole number or None, got '2'"),
        ({"depth": 1.5}, TypeError, "depth has to be a whole number or None, got 1.5"),
        ({"depth": True}, TypeError, "depth has to be a whole number or None, got True"),
        ({"max_nodes": "a"}, TypeError, "max_nodes has to be a whole number or None, got 'a'"),
        ({"max_nodes": 2.5}, TypeError, "max_nodes has to be a whole number or None, got 2.5"),
        ({"values": "no"}, TypeError, "values has to be True or False, got 'no'"),
        ({"grads": 0}, TypeError, "grads has to be True or False, got 0"),
        ({"saved": None}, TypeError, "saved has to be True or False, got None"),
        ({"expand": 3}, TypeError, "expand has to be True, False, a name or several, got 3"),
        ({"expand": [3]}, TypeError, "expand has to be True, False, a name or several, got [3]"),
        ({"names": {3: mg.ones(1)}}, TypeError, "the keys of names have to be names, got int"),
        (
            {"view": "scalar", "saved": True},
            ValueError,
            "view='scalar' shows no bytes (saved=True)",
        ),
        (
            {"view": "scalar", "depth": 0},
            ValueError,
            "view='scalar' shows no modules (depth); take",
        ),
        ({"inputs": "x"}, TypeError, "inputs has to be a Tensor or several, got str"),
        ({"inputs": 3}, TypeError, "inputs has to be a Tensor or several, got int"),
        ({"inputs": {"x": 3}}, TypeError, "inputs has to be a Tensor or several, got int"),
    ],
)
def test_bad_arguments(named, error, words):
    with pytest.raises(error, match=re.escape(words)):
        draw(mg.ones(2, requires_grad=True).exp(), **named)


def test_names_the_wrong_way_round(layer):
    with pytest.raises(TypeError, match="the keys of names have to be names, got Tensor"):
        draw(layer[-1], names={layer[1]: "x"})


def test_inputs_that_are_not_there_are_told(layer):
    model, x, loss = layer
    remark = "inputs= is no part of this graph"
    assert remark in draw(loss, inputs=mg.ones(1))._picture.caption
    assert (
        "1 of 2 inputs are no part of this graph"
        in draw(loss, inputs=[x, mg.ones(1)])._picture.caption
    )
    for there in (x, [x, model.weight], {}, {"x": x}, None):
        assert "no part" not in draw(loss, inputs=there)._picture.caption
    words = mg.tensor([1, 2])
    embedded = nn.Embedding(4, 2)(words).sum()
    assert "no part" not in draw(embedded, inputs={"words": words})._picture.caption
