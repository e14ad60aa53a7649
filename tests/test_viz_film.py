"""Backpropagation as a film: what appears when, under which words, and that nothing moves."""

import gc
import sys
import weakref

import pytest
from test_viz_amounts import leaf, micrograd, network, operation_of_several_outputs, second_order

import minigrad as mg
from minigrad import nn
from minigrad.viz import RendererMissing, draw
from minigrad.viz.graphs import renderers, script

needs_graphviz = pytest.mark.skipif(
    not renderers.available(), reason=f"no Graphviz here: {renderers.INSTALL}"
)


def neuron():
    """Return micrograd's neuron and its names."""
    names = {
        name: mg.tensor(value, requires_grad=True)
        for name, value in {"x1": 2.0, "w1": -3.0, "x2": 0.0, "w2": 1.0, "b": 6.881373587}.items()
    }
    x1, w1, x2, w2, b = names.values()
    n = x1 * w1 + x2 * w2 + b
    return n.tanh(), names | {"n": n}


def mlp():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    x, y = mg.randn(8, 3), mg.randn(8, 1)
    return model, nn.MSELoss()(model(x), y)


def boxes(frame):
    return frame._picture.boxes


def seen(frame, what):
    """Return the titles (or values) of the boxes in which a value or a gradient is to be seen."""
    return {
        box.title or box.value
        for box in boxes(frame)
        if getattr(box, what) and what not in box.hidden
    }


def lit(frame):
    return [box.title for box in boxes(frame) if box.stage == "now" and box.kind == "operation"]


def heads(frames):
    return [frame.caption.splitlines()[0] for frame in frames]


def positions(frame):
    """Return the canvas of a frame and where its boxes stand."""
    plain = renderers.render(frame.source, "plain").decode().splitlines()
    nodes = [line.split()[:6] for line in plain if line.startswith("node")]
    return plain[0], nodes


# What happens -------------------------------------------------------------------------------------


def test_frames_and_captions():
    out, names = neuron()
    frames = draw(out, names=names).frames()
    assert [frame.caption for frame in frames] == [
        "start: the leaves have their values",
        "forward 1 of 5: mul\nout = x * y\nwith x = x1 = 2, y = w1 = -3, out = -6",
        "forward 2 of 5: mul\nout = x * y\nwith x = x2 = 0, y = w2 = 1, out = 0",
        "forward 3 of 5: add\nout = x + y\nwith x = -6, y = 0, out = -6",
        "forward 4 of 5: add\nout = x + y\nwith x = -6, y = b = 6.881, out = n = 0.8814",
        "forward 5 of 5: tanh\nout = xp.tanh(x)\nwith x = n = 0.8814, out = 0.7071",
        "backward begins: the gradient of the output itself is 1",
        "backward 1 of 5: tanh\ngradient of x += g * (1 - out * out)\nwith out = 0.7071, g = 1",
        "backward 2 of 5: add\ngradient of x += g\ngradient of y += g\nwith g = 0.5",
        "backward 3 of 5: add\ngradient of x += g\ngradient of y += g\nwith g = 0.5",
        "backward 4 of 5: mul\ngradient of x += g * y\ngradient of y += g * x\n"
        "with x = x2 = 0, y = w2 = 1, g = 0.5",
        "backward 5 of 5: mul\ngradient of x += g * y\ngradient of y += g * x\n"
        "with x = x1 = 2, y = w1 = -3, g = 0.5",
        "end: every value and every gradient",
    ]


def test_values_appear_in_the_order_of_computation():
    out, names = neuron()
    frames = draw(out, names=names | {"out": out}).frames()
    leaves = {"x1", "w1", "x2", "w2", "b"}
    assert seen(frames[0], "value") == leaves
    assert seen(frames[2], "value") == leaves | {"data -6", "data 0"}
    assert seen(frames[4], "value") == seen(frames[3], "value") | {"n"}
    assert seen(frames[5], "value") == seen(frames[4], "value") | {"out"}
    assert [lit(frame) for frame in frames[:7]] == [
        [],
        ["mul"],
        ["mul"],
        ["add"],
        ["add"],
        ["tanh"],
        [],
    ]
    assert all(not seen(frame, "gradient") for frame in frames[:6])
    ahead = [sum(box.stage == "ahead" for box in boxes(frame)) for frame in frames]
    assert ahead == [10, 8, 6, 4, 2, 0, *[0] * 7]


def test_gradients_come_back_in_the_order_of_the_sweep():
    out, names = neuron()
    frames = draw(out, names=names | {"out": out}).frames()
    arrived = [seen(frame, "gradient") for frame in frames[6:]]
    new = [after - before for before, after in zip(arrived, arrived[1:], strict=False)]
    assert arrived[0] == {"out"}
    assert new == [{"n"}, {"data -6", "b"}, {"data 0"}, {"x2", "w2"}, {"x1", "w1"}, set()]
    back = [[a.source.title for a in f._picture.arrows if a.stage == "back"] for f in frames]
    assert back[7:12] == [["n"], ["", "b"], ["", ""], ["x2", "w2"], ["x1", "w1"]]
    assert not any(back[:7])


def test_a_gradient_appears_with_its_last_contribution():
    x = mg.tensor(2.0, requires_grad=True)
    frames = draw(x * x + x.exp(), names={"x": x}).frames()
    shown = ["x" in seen(frame, "gradient") for frame in frames]
    assert heads(frames)[5:] == [
        "backward 1 of 3: add",
        "backward 2 of 3: exp",
        "backward 3 of 3: mul",
        "end: every value and every gradient",
    ]
    assert shown == [False] * 7 + [True, True]


def test_the_last_frame_is_the_whole():
    out, names = neuron()
    graph = draw(out, names=names)
    last = graph.frames()[-1]
    assert str(last).endswith(str(graph)) and last._picture.boxes == graph._picture.boxes


def test_frames_leave_the_graph_as_it_is():
    out, names = neuron()
    graph = draw(out, names=names)
    before = graph.source
    graph.frames()
    assert draw(out, names=names).source == before == draw(out, names=names).source
    assert all(not box.stage and not box.hidden for box in boxes(graph))


def test_a_network_one_step_an_operation(device):
    model, loss = mlp()
    frames = draw(loss, params=model).frames()
    assert heads(frames) == [
        "start: the leaves have their values",
        "forward 1 of 4: linear",
        "forward 2 of 4: tanh",
        "forward 3 of 4: linear",
        "forward 4 of 4: mse_loss",
        "backward begins: the gradient of the output itself is 1",
        "backward 1 of 4: mse_loss",
        "backward 2 of 4: linear",
        "backward 3 of 4: tanh",
        "backward 4 of 4: linear",
        "end: every value and every gradient",
    ]
    assert "gradient of x += product(xp, g, weight)" in frames[7].caption
    assert "gradient of x" not in frames[9].caption  # the data need none
    assert seen(frames[7], "gradient") == {"loss", "2.weight", "2.bias"}
    assert seen(frames[9], "gradient") == {"loss", "2.weight", "2.bias", "0.weight", "0.bias"}
    flows = [
        [a.gradient for a in frame._picture.arrows if a.gradient and "gradient" not in a.hidden]
        for frame in frames
    ]
    assert list(map(len, flows)) == [0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3]


def test_closed_modules_are_one_step():
    model, loss = mlp()
    frames = draw(loss, params=model, depth=0).frames()
    assert heads(frames)[1:3] == ["forward 1 of 2: linear, tanh", "forward 2 of 2: mse_loss"]
    assert heads(frames)[-2] == "backward 2 of 2: linear, tanh"


def test_rules_of_several_lines_are_not_shown():
    _, loss = mlp()
    assert "several lines: mg.explain('mse_loss')" in draw(loss).frames()[6].caption
    x = leaf()
    assert "gradient of x += g * y * power(x, y - 1 + (y == 0))" in draw(x**3).frames()[3].caption


def test_operations_of_several_outputs():
    (out,), (x,) = operation_of_several_outputs()
    frames = draw(out, names={"x": x}).frames()
    assert (
        sum(head.startswith("backward") for head in heads(frames))
        == len([head for head in heads(frames) if head.startswith("forward")]) + 1
    )
    assert all("x" not in seen(frame, "gradient") for frame in frames[:-2])
    assert "x" in seen(frames[-2], "gradient")


@pytest.mark.parametrize(
    "graph, released",
    [(micrograd, False), (micrograd, True), (network, False), (second_order, False)],
)
def test_at_the_end_everything_has_been_seen(graph, released):
    (out,), _ = graph()
    if released:
        out.backward()
    frames = draw(out).frames()
    for what in ("value", "gradient"):
        assert seen(frames[-2], what) == seen(frames[-1], what)


def test_without_gradients_there_are_the_values_alone():
    out, names = neuron()
    frames = draw(out, names=names, grads=False).frames()
    assert len(frames) == 7
    assert frames[-1].caption == "end: every value"


def test_after_a_step_what_is_lost_is_not_acted():
    x = leaf(3)
    out = (x * x).sum()
    out.backward()
    mg.optim.SGD([x], lr=0.1).step()
    assert heads(draw(out).frames())[-1] == "end: every value that is known"


def test_fused_operations_taken_apart():
    _, loss = mlp()
    frames = draw(loss, expand="mse_loss").frames()
    assert "backward 1 of 6: mean" in heads(frames)


def test_leaves_have_a_short_film():
    assert heads(draw(leaf()).frames()) == [
        "start: the leaves have their values",
        "end: every value",
    ]


def test_people_s_operations():
    @mg.op
    def twice(xp, x):
        return 2 * x

    twice.vjp(x=lambda xp, g: 2 * g)
    frames = draw(twice(leaf())).frames()
    assert frames[3].caption.splitlines()[:2] == [
        "backward 1 of 1: twice",
        "gradient of x += 2 * g",
    ]


class Scale(mg.autograd.Function):
    """x times k."""

    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return x * k

    @staticmethod
    def backward(ctx, g):
        return g * ctx.k, None


def test_functions_in_pytorchs_style():
    frames = draw(Scale.apply(leaf(), 3).exp()).frames()
    assert frames[1].caption.startswith("forward 1 of 2: Scale\nx times k.")
    assert "gradient of x, k += (g * ctx.k, None)" in frames[-2].caption


def test_modules_with_backward_hooks():
    mg.manual_seed(0)
    model = nn.Linear(3, 3)
    model.register_full_backward_hook(lambda *given: None)
    frames = draw(model(mg.randn(2, 3, requires_grad=True)).sum()).frames()
    (gate, _) = [
        f for f in frames if f.caption.startswith("backward") and "BackwardHook" in f.caption
    ]
    assert gate.caption.splitlines()[1] == "the gradient passes as it is"
    assert gate.caption.splitlines()[-1].startswith("hooks do not run for a picture")


def test_which_tensor_an_argument_is():
    model, loss = mlp()
    frames = draw(loss, params=model, names={"loss": loss}).frames()
    assert frames[1].caption.splitlines()[-1].endswith("weight = 0.weight, bias = 0.bias")
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    first = draw((x * 3).sum(), names={"two\nlines": x}).frames()[1]
    assert first.caption.splitlines()[-1] == "with x = two lines, y = 3"


@pytest.mark.parametrize(
    "outputs, words",
    [
        (lambda y: y, "the gradient of the output itself is 1"),
        (
            lambda y: y.reshape(1, 1).expand(2, 2),
            "the gradient of the output itself is 1 everywhere",
        ),
        (lambda y: [y, y + 1], "each output starts with the gradient 1"),
        (lambda y: [y, y], "each output starts with the gradient 1, as often as it is given"),
    ],
)
def test_what_backward_begins_with(outputs, words):
    x = mg.tensor(2.0, requires_grad=True)
    (begin,) = [h for h in heads(draw(outputs(x * x)).frames()) if h.startswith("backward begins")]
    assert begin == f"backward begins: {words}"


def test_the_caption_at_the_end_promises_no_more_than_there_is():
    out, names = neuron()
    frames = draw(out, names=names, values=False).frames()
    assert heads(frames)[0] == "start: the leaves are there"
    assert heads(frames)[-1] == "end: every gradient"
    frames = draw(out, names=names, values=False, grads=False).frames()
    assert heads(frames)[-1] == "end: every operation"
    (loss,), _ = network()
    loss.backward()
    assert heads(draw(loss).frames())[-1].endswith(" that is known")


def test_a_grad_that_a_leaf_holds_is_there_from_the_beginning():
    x = mg.tensor(2.0, requires_grad=True)
    out = (x * x).exp()
    out.backward()
    mg.optim.SGD([x], lr=0.1).step()
    frames = draw(out, names={"x": x}).frames()
    assert all("x" in seen(frame, "gradient") for frame in frames)


def test_a_graph_keeps_nothing_for_its_film():
    gc.disable()
    try:
        out, names = neuron()
        graph = draw(out, names=names)
        gone = [weakref.ref(out.node), weakref.ref(names["x1"]), weakref.ref(names["n"])]
        del out, names
        assert [one() for one in gone] == [None, None, None]
        assert len(graph.frames()) == 13
    finally:
        gc.enable()


# How it looks -------------------------------------------------------------------------------------


@needs_graphviz
@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("graph", [micrograd, network])
def test_nothing_moves(graph, direction):
    (out,), _ = graph()
    frames = draw(out, direction=direction).frames()
    first = positions(frames[0])
    for frame in frames[1::4]:
        assert positions(frame) == first


def test_hidden_texts_are_transparent_and_what_is_to_come_is_pale():
    out, names = neuron()
    frames = draw(out, names=names).frames()
    assert [frame.source.count('COLOR="transparent"') for frame in (frames[0], frames[-1])] == [
        30,
        0,
    ]
    assert "#cbd5e1" in frames[0].source and "#cbd5e1" not in frames[-1].source
    model, loss = mlp()
    frames = draw(loss, params=model).frames()
    assert "transparent" in frames[0].source.split("bgcolor=transparent")[1]
    assert "dir=back" in frames[8].source


@needs_graphviz
def test_the_gif_has_all_frames_at_one_size(tmp_path):
    image_module = pytest.importorskip("PIL.Image")
    out, names = neuron()
    path = draw(out, names=names).animate(tmp_path / "backprop.gif", fps=2)
    with image_module.open(path) as image:
        assert image.n_frames == 13
        assert image.info["loop"] == 0
        durations, sizes, corners = [], set(), set()
        for place in range(image.n_frames):
            image.seek(place)
            durations.append(image.info["duration"])
            frame = image.convert("RGB")
            sizes.add(frame.size)
            corners.add(frame.getpixel((frame.width - 1, frame.height - 1)))
    assert durations == [500] * 12 + [2000]
    assert len(sizes) == 1 and corners == {(255, 255, 255)}
    assert path.stat().st_size < 400_000


@needs_graphviz
def test_wide_graphs_fit_on_a_page(tmp_path):
    image_module = pytest.importorskip("PIL.Image")
    (out,), _ = micrograd()
    path = draw(out).animate(str(tmp_path / "wide.GIF"), width=800)
    with image_module.open(path) as image:
        assert 700 < image.width <= 800


# What cannot be done ------------------------------------------------------------------------------


def test_too_many_frames():
    (out,), _ = micrograd()
    graph = draw(out)
    message = "the film would have 53 frames, more than max_frames=20: .* max_frames=None"
    with pytest.raises(ValueError, match=message):
        graph.frames(max_frames=20)
    assert len(graph.frames(max_frames=None)) == len(graph.frames(max_frames=53)) == 53


def test_a_frame_is_no_film(monkeypatch):
    with pytest.raises(ValueError, match="this graph has no film: it is a frame of one"):
        draw(leaf().exp()).frames()[0].frames()
    monkeypatch.setattr(script, "LONGEST", 2)
    with pytest.raises(ValueError, match="has no film.* more than"):
        draw(leaf().exp().exp().exp()).frames()


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("film.mp4", {}, r"cannot write a film as 'film.mp4': the name has to end in \.gif"),
        ("film.gif", {"fps": 0}, "a film has 0.1 to 50 frames a second, got fps = 0"),
        ("film.gif", {"width": 0}, "width has to be above 0, got 0"),
        ("film.gif", {"max_frames": 3}, "more than max_frames=3"),
    ],
)
def test_what_animate_refuses(name, options, message, tmp_path):
    pytest.importorskip("PIL")
    with pytest.raises(ValueError, match=message):
        draw(leaf().exp()).animate(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"fps": "a"}, "fps has to be a number, got 'a'"),
        ({"width": None}, "width has to be a number, got None"),
        ({"max_frames": "a"}, "max_frames has to be a whole number or None, got 'a'"),
    ],
)
def test_what_is_no_number(options, message, tmp_path):
    pytest.importorskip("PIL")
    with pytest.raises(TypeError, match=message):
        draw(leaf().exp()).animate(tmp_path / "film.gif", **options)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        draw(leaf().exp()).animate(tmp_path / "nowhere" / "film.gif")


def test_without_pillow(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(
        ImportError, match=r"a film is written by Pillow: pip install \"minigrad-autograd\[plot\]"
    ):
        draw(leaf().exp()).animate(tmp_path / "film.gif")


def test_without_graphviz(monkeypatch, tmp_path):
    pytest.importorskip("PIL")
    monkeypatch.setattr(renderers, "RENDERERS", {})
    graph = draw(leaf().exp())
    with pytest.raises(RendererMissing, match="drawing needs Graphviz"):
        graph.animate(tmp_path / "film.gif")
    assert not list(tmp_path.iterdir())
    assert "tanh" not in repr(graph.frames()) and graph.frames()[0]._repr_html_().startswith(
        "<pre>"
    )
