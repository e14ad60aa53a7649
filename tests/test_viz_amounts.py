"""The values and gradients that pictures show: right, and found without a trace."""

import gc
import warnings
import weakref

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import engine, nn
from minigrad.backend import to_host
from minigrad.ops import arithmetic
from minigrad.viz.graphs import remarks
from minigrad.viz.graphs.amounts import amounts_of
from minigrad.viz.graphs.reading import read


def look(*outputs, data=(), **wanted):
    """Return what is known of the graph behind ``outputs``."""
    nodes = [output.node for output in outputs if output.node is not None]
    return amounts_of(outputs, read(nodes, data), **wanted)


def leaf(*shape, seed=0):
    values = np.random.default_rng(seed).uniform(0.5, 1.5, shape)
    return mg.tensor(values, dtype=mg.float32, requires_grad=True)


def equal(array, tensor):
    np.testing.assert_array_equal(to_host(array), tensor.detach().cpu().numpy())


# The graphs: each returns outputs and the leaves whose gradients are compared.


def micrograd():
    """Return the expression of micrograd's README."""
    a = mg.tensor(-4.0, requires_grad=True)
    b = mg.tensor(2.0, requires_grad=True)
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + (b + a).relu())
    d = d + (3 * d + (b - a).relu())
    e = c - d
    f = e**2
    g = f / 2.0
    return [g + 10.0 / f], [a, b]


def network():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))
    loss = nn.CrossEntropyLoss()(model(mg.randn(8, 6)), mg.randint(0, 3, (8,)))
    return [loss], list(model.parameters())


def several_outputs():
    x, y = leaf(4), leaf(4, seed=1)
    product = x * y
    return [product.sum(), product.exp(), product.sum()], [x, y]


def operation_of_several_outputs():
    x = leaf(3, 4)
    values, vectors = mg.linalg.eigh(x @ x.T)
    return [(values * values).sum() + vectors.exp().sum()], [x]


def one_of_several_outputs():
    x = leaf(3, 4)
    return [mg.linalg.eigh(x @ x.T)[0]], [x]


def picking():
    x = leaf(3, 4)
    left, right = x.chunk(2, dim=1)
    return [(x * 2).max(dim=1)[0].sum() + (left * right).sum()], [x]


def any_number_of_inputs():
    x, y = leaf(2, 3), leaf(2, 3, seed=1)
    return [(mg.cat([x, y * y, x]) ** 2).sum()], [x, y]


def broadcasting():
    x, y = leaf(3, 1), leaf(4, seed=1)
    return [((x + y) * x * x).mean()], [x, y]


def dropout():
    mg.manual_seed(3)
    x = leaf(4, 5)
    return [(F.dropout(x * 2, 0.5) ** 2).sum()], [x]


def second_order():
    x = leaf(3)
    (slope,) = mg.autograd.grad((x**3).sum(), x, create_graph=True)
    return [(slope**2).sum()], [x]


def second_order_of_a_fused_operation():
    x, w, y = leaf(4, 3), leaf(2, 3, seed=1), leaf(4, 2, seed=2)
    loss = F.mse_loss(F.linear(x, w), y)
    (slope,) = mg.autograd.grad(loss, w, create_graph=True)
    return [(slope**2).sum()], [x, w, y]


class Cube(mg.autograd.Function):
    """The third power, in PyTorch's style."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * g * x * x


def function():
    x = leaf(3)
    return [(Cube.apply(x * 2) + x).sum()], [x]


GRAPHS = [
    micrograd, network, several_outputs, operation_of_several_outputs, one_of_several_outputs, picking,
    any_number_of_inputs, broadcasting, dropout, second_order, second_order_of_a_fused_operation, function,
]  # fmt: skip


def swept(outputs):
    """Run backward() for the sum of all elements of ``outputs``."""
    mg.autograd.backward(outputs, [mg.ones_like(output) for output in outputs])


# Before backward ----------------------------------------------------------------------------------


@pytest.mark.parametrize("graph", GRAPHS)
def test_gradients_are_those_of_backward(graph, device):
    outputs, leaves = graph()
    amounts = look(*outputs)
    swept(outputs)
    for x in leaves:
        equal(amounts.gradients[x.node], x.grad)


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_value_and_gradient_is_known_while_the_graph_is_whole(graph):
    outputs, _ = graph()
    amounts = look(*outputs)
    nodes = read([output.node for output in outputs]).nodes
    unknown = {node.op_name for node in nodes if node not in amounts.values}
    # A constant may be gone, and what a Function computed is with the person's code alone.
    assert unknown <= ({"Cube", "add"} if graph is function else {"leaf"})
    for node in nodes:
        if node in amounts.values and not isinstance(node.dtype, tuple):
            assert amounts.values[node].shape == node.shape
        if node.requires_grad:
            gradient = amounts.gradients[node]
            several = isinstance(node.dtype, tuple)
            shapes = tuple(part.shape for part in gradient) if several else gradient.shape
            assert shapes == node.shape


def test_values_and_gradients_in_between(device):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = x + 1  # whose rule saves nothing
    z = y * y
    out = z.sum()
    for one in (y, z):
        one.retain_grad()
    amounts = look(out)
    for one in (x, y, z, out):
        equal(amounts.values[one.node], one)
    out.backward()
    for one in (x, y, z):
        equal(amounts.gradients[one.node], one.grad)
    equal(amounts.gradients[out.node], mg.ones(()))


def test_outputs_of_several_have_entries_each():
    x = leaf(3, 3)
    values, vectors = mg.linalg.eigh(x @ x.T)
    amounts = look((values * 3).sum())
    equal(amounts.values[values.node], values)
    equal(amounts.gradients[values.node], 3 * mg.ones(3))
    whole = values.node.inputs[0]
    equal(amounts.values[whole][0], values)
    equal(amounts.values[whole][1], vectors)
    equal(amounts.gradients[whole][0], 3 * mg.ones(3))
    equal(amounts.gradients[whole][1], mg.zeros(3, 3))  # nobody used it


def test_an_output_of_several_elements_counts_as_their_sum():
    x = leaf(3)
    amounts = look(x * x)
    equal(amounts.gradients[x.node], 2 * x)


def test_the_order_is_that_of_the_sweep():
    (out,), _ = micrograd()
    operations = [node for node in read([out.node]).nodes if node.plan.kind is None]
    assert look(out).order == operations[::-1]


def test_what_is_not_wanted_is_empty():
    (out,), _ = micrograd()
    amounts = look(out, grads=False)
    assert amounts.values and not amounts.gradients and not amounts.order
    amounts = look(out, values=False)
    assert amounts.gradients and amounts.order and not amounts.values
    amounts = look(out, values=False, grads=False)
    assert not (amounts.values or amounts.gradients or amounts.order)


def test_constants_have_values_and_no_gradients():
    x, c = leaf(3), mg.tensor([1.0, 2.0, 3.0])
    amounts = look((x * c).sum())
    equal(amounts.values[c.node], c)
    assert c.node not in amounts.gradients
    assert look(mg.ones(2)).values == {}


def test_leaves_alone():
    x = leaf(2)
    amounts = look(x)
    equal(amounts.values[x.node], x)
    equal(amounts.gradients[x.node], mg.ones(2))
    assert amounts.order == []


def test_data_end_the_sweep():
    x = leaf(3)
    y = x * 2
    out = (y * y).sum()
    amounts = look(out, data=[y])
    equal(amounts.values[y.node], y)
    equal(amounts.gradients[y.node], 2 * y)
    assert x.node not in amounts.gradients
    assert [node.op_name for node in amounts.order] == ["sum", "mul"]


def test_what_is_not_finite_is_shown_without_a_warning():
    x = mg.tensor([0.0, -1.0], requires_grad=True)
    with np.errstate(all="ignore"):
        out = (x.log() + 1).sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        amounts = look(out)
    logarithm = out.node.inputs[0].inputs[0]
    assert np.isneginf(amounts.values[logarithm][0]) and np.isnan(amounts.values[logarithm][1])
    assert np.isinf(amounts.gradients[x.node][0])


# Without a trace ----------------------------------------------------------------------------------


@pytest.mark.parametrize("graph", GRAPHS)
def test_nothing_is_touched(graph):
    outputs, leaves = graph()
    nodes = read([output.node for output in outputs]).nodes
    before = [(node.saved, node.params, node.inputs, node.hooks) for node in nodes]
    versions, state = [x._version for x in leaves], engine.state.get()
    look(*outputs)
    assert all(x.grad is None for x in leaves)
    assert [x._version for x in leaves] == versions
    assert engine.state.get() is state
    after = [(node.saved, node.params, node.inputs, node.hooks) for node in nodes]
    assert all(
        a is b
        for one, two in zip(before, after, strict=True)
        for a, b in zip(one, two, strict=True)
    )
    swept(outputs)  # the graph can still be used
    assert all(x.grad is not None for x in leaves)


def test_a_gradient_that_is_there_stays_as_it_is():
    x = leaf(3)
    (x * 2).sum().backward()
    known, numbers = x.grad, x.grad.clone()
    amounts = look((x * x).sum())
    assert x.grad is known
    equal(numbers.array, x.grad)
    equal(amounts.gradients[x.node], 2 * x)


def test_hooks_are_not_called():
    def forbidden(*args):
        raise AssertionError("a hook was called")

    x = leaf(2, 3)
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    model[0].register_full_backward_hook(forbidden)
    model.register_full_backward_pre_hook(forbidden)
    y = model(x)
    y.register_hook(forbidden)
    x.register_hook(forbidden)
    amounts = look((y * y).sum())
    again = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    again.load_state_dict(model.state_dict())
    z = mg.tensor(x.detach().numpy(), requires_grad=True)
    (again(z) ** 2).sum().backward()
    np.testing.assert_allclose(amounts.gradients[x.node], z.grad.numpy(), rtol=1e-6)


def test_an_observer_is_not_told():
    x = mg.tensor([1.0, 0.0], requires_grad=True)
    out = x.sqrt().sum()
    with mg.autograd.detect_anomaly():
        assert np.isinf(look(out).gradients[x.node][1])


@pytest.mark.parametrize("mode", [mg.no_grad, mg.enable_grad, mg.inference_mode])
def test_it_works_in_every_mode(mode):
    (out,), (a, _) = micrograd()
    with mode():
        recorded = mg.is_grad_enabled()
        assert look(out).gradients[a.node] == pytest.approx(138.8338)
        assert mg.is_grad_enabled() == recorded


def test_nothing_is_kept():
    gc.disable()
    try:
        outputs, leaves = network()
        gone = [weakref.ref(outputs[0].node), weakref.ref(leaves[0])]
        amounts = look(*outputs)
        del amounts, outputs, leaves
        assert [one() for one in gone] == [None, None]
    finally:
        gc.enable()


def test_long_graphs():
    x = mg.tensor(1.0, requires_grad=True)
    out = x
    for _ in range(20_000):
        out = out + 1
    amounts = look(out)
    assert amounts.gradients[x.node] == 1.0 and len(amounts.order) == 20_000


# After backward -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "graph",
    [micrograd, several_outputs, operation_of_several_outputs, any_number_of_inputs, broadcasting],
)
def test_after_backward_everything_is_computed_again(graph, device):
    outputs, _ = graph()
    before = look(*outputs)
    swept(outputs)
    after = look(*outputs)
    assert after.order == before.order
    for known, again in ((before.values, after.values), (before.gradients, after.gradients)):
        assert known.keys() == again.keys()
        for node, array in known.items():
            parts = array if isinstance(array, tuple) else (array,)
            others = again[node] if isinstance(array, tuple) else (again[node],)
            for one, other in zip(parts, others, strict=True):
                np.testing.assert_array_equal(to_host(one), to_host(other))


def test_after_backward_the_gradient_is_that_of_these_outputs_and_not_the_accumulated_one():
    x = leaf(3)
    for _ in range(2):
        out = (x * x).sum()
        out.backward()
    equal(look(out).gradients[x.node], 2 * x)


@pytest.mark.parametrize("graph", [network, dropout, function, picking])
def test_masks_targets_and_contexts_are_gone_after_backward(graph):
    outputs, leaves = graph()
    before = look(*outputs)
    swept(outputs)
    after = look(*outputs)
    equal(after.values[outputs[0].node], outputs[0])
    for x in leaves:
        equal(after.values[x.node], x)
        equal(after.gradients[x.node], x.grad)
    lost = set(before.order) - set(after.order)
    assert lost and not (lost - {outputs[0].node}) & after.gradients.keys() - lost
    for node, array in after.gradients.items():  # what is shown is right
        if isinstance(array, np.ndarray):
            np.testing.assert_array_equal(array, before.gradients[node])


def test_a_constant_that_is_gone_leaves_a_gap():
    x = mg.tensor(2.0, requires_grad=True)
    y = x * 3.0
    out = y * mg.tensor(5.0)
    out.backward()
    amounts = look(out)
    assert amounts.values[y.node] == 6.0
    constant = out.node.inputs[1]
    assert constant not in amounts.values
    assert amounts.values[out.node] == 30.0
    assert amounts.gradients[out.node] == 1.0 and y.node not in amounts.gradients
    assert amounts.gradients[x.node] == 15.0  # its .grad


def test_after_a_step_leaves_show_what_they_hold():
    x, c = leaf(3), mg.tensor([1.0, 2.0, 3.0])
    y = x * c
    out = (y * y).sum()
    out.backward()
    mg.optim.SGD([x], lr=0.1).step()
    amounts = look(out)
    equal(amounts.values[x.node], x)
    equal(amounts.gradients[x.node], x.grad)
    equal(amounts.values[out.node], out)
    assert y.node not in amounts.values and y.node not in amounts.gradients
    x.grad = None
    assert x.node not in look(out).gradients


def test_after_a_step_on_a_graph_that_was_kept():
    x, w = leaf(3), leaf(3, seed=1)
    y = x.exp()
    z = y * w
    out = z.sum()
    out.backward(retain_graph=True)
    with mg.no_grad():
        w.mul_(2)
    amounts = look(out)
    equal(amounts.values[y.node], y)
    assert z.node not in amounts.values  # neither saved nor to be computed from w
    equal(amounts.gradients[z.node], mg.ones(3))
    assert y.node not in amounts.gradients  # w as it was is needed for it
    equal(amounts.gradients[x.node], x.grad)


def test_other_memory_in_a_leaf_counts_as_written():
    x = leaf(3)
    out = (x + 1).exp().sum()
    out.backward()
    x.data = mg.zeros(3)
    amounts = look(out)
    equal(amounts.values[x.node], mg.zeros(3))
    assert out.node.inputs[0].inputs[0] not in amounts.values


def test_a_result_written_in_place_is_not_shown():
    x = leaf(3)
    y = x.exp()  # keeps its output
    out = (y + 1).sum()
    with mg.no_grad():
        y.mul_(2)
    amounts = look(out)
    assert y.node not in amounts.values
    equal(amounts.gradients[x.node], x.exp())  # computed again from x


def test_a_written_tensor_that_a_function_saved():
    x = leaf(3)
    out = Cube.apply(x).sum()
    out.backward(retain_graph=True)
    with mg.no_grad():
        x.add_(1)
    amounts = look(out)
    equal(amounts.values[x.node], x)
    equal(amounts.gradients[x.node], x.grad)


# What stands there instead, and why -----------------------------------------------------------------


def test_a_gradient_of_another_loss_is_marked_as_what_the_leaf_holds():
    w = mg.tensor(2.0, requires_grad=True)
    loss = w * w
    loss.backward()
    with mg.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
    (w * 100).backward()
    amounts = look(loss)
    assert amounts.standing == {w.node} and amounts.gradients[w.node] == 100.0
    assert amounts.remarks == [remarks.WRITTEN, remarks.STANDING]
    for view, name in (("scalar", ".grad 100"), ("tensor", ".grad 100")):
        graph = mg.draw(loss, view=view)
        assert name in str(graph) and " grad 100" not in str(graph)
        assert (
            ".grad: what the tensor holds; its gradient cannot be computed any more"
            in graph.caption
        )


def test_accumulated_gradients_are_marked():
    layer = nn.Linear(3, 2)
    for _ in range(2):
        loss = F.cross_entropy(layer(mg.ones(4, 3)), mg.tensor([0, 1, 0, 1]))
        loss.backward()
    amounts = look(loss)
    assert amounts.standing == {layer.weight.node, layer.bias.node}
    assert "‖.grad‖" in str(mg.draw(loss)) and "‖grad‖" not in str(mg.draw(loss))


def test_a_computed_gradient_stands_for_itself():
    x = leaf(3)
    (x * 2).sum().backward()
    amounts = look((x * x).sum())
    assert not amounts.standing and not amounts.remarks


def test_a_leaf_that_nothing_leads_to_has_no_gradient():
    x, y = leaf(3), leaf(3, seed=1)
    (y * 5).sum().backward()
    amounts = look((x * y.detach()).sum(), (x.argmax() + y.argmax()).float())
    assert y.node not in amounts.gradients


def test_what_a_large_graph_shows_is_marked(monkeypatch):
    from minigrad.viz.graphs import drawing

    monkeypatch.setattr(drawing, "MOST_COMPUTED", 1)
    x = leaf()
    out = x.exp()
    out.backward()
    graph = mg.draw(out)
    assert (
        ".grad " in str(graph) and "in so large a graph no gradients are computed" in graph.caption
    )
    assert ".grad 5" in str(mg.draw(_with_grad(5.0)))  # a leaf alone


def _with_grad(value):
    x = mg.tensor(2.0, requires_grad=True)
    x.grad = mg.tensor(value)
    return x


@pytest.mark.parametrize(
    "graph, what",
    [
        (network, "constants that no variable holds and the targets, masks and indices"),
        (dropout, "constants that no variable holds"),
        (picking, "the targets, masks and indices"),
        (function, "what Cube has saved"),
    ],
)
def test_after_backward_it_is_said_what_is_gone(graph, what):
    outputs, _ = graph()
    before = look(*outputs)
    assert not [one for one in before.remarks if "gone" in one]
    swept(outputs)
    assert remarks.GONE.format(what) in look(*outputs).remarks
    assert remarks.GONE.format(what) in mg.draw(outputs).caption


def test_a_constant_that_is_gone_is_named_as_the_reason():
    x = mg.tensor(2.0, requires_grad=True)
    out = (x * 3.0) * mg.tensor(5.0)
    out.backward()
    expected = [remarks.GONE.format("constants that no variable holds"), remarks.STANDING]
    assert look(out).remarks == expected


def test_what_was_written_is_the_reason_once():
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    loss = model(mg.ones(1, 2)).sum()
    loss.backward()
    mg.optim.SGD(model.parameters(), lr=0.1).step()
    caption = mg.draw(loss).caption
    assert caption.count("written in place") == caption.count(".grad: what") == 1


def test_hooks_are_remarked_on():
    x = leaf(3)
    y = x * 2
    out = (y * y).sum()
    y.retain_grad()
    assert look(out).remarks == []
    y.register_hook(lambda g: g * 10)
    assert look(out).remarks == [remarks.HOOKED]
    assert look(out, grads=False).remarks == []
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda *given: None)
    graph = mg.draw(layer(mg.ones(1, 2, requires_grad=True)).sum())
    assert graph.caption == "hooks do not run for a picture: the gradients are those without them"


# What is at hand need not be computed ----------------------------------------------------------------


def noisy():
    """Return an operation that is not pure, and how often it ran."""
    runs = []

    @mg.op
    def noise(xp, x):
        runs.append(1)
        return x + len(runs)

    return noise.vjp(x=lambda xp, g: g), runs


def test_values_that_somebody_holds_are_taken():
    noise, runs = noisy()
    x = leaf(3)
    y = noise(x)
    out = (y + 1).sum()
    amounts = look(out, held=[y])
    equal(amounts.values[y.node], y)
    assert len(runs) == 1
    scalar = noise(leaf())
    graph = mg.draw(scalar + 1, names={"y": scalar})
    assert f"data {scalar.item():.4g}" in str(graph) and len(runs) == 2


def test_a_function_shows_what_somebody_holds():
    y = Cube.apply(mg.tensor(2.0, requires_grad=True))
    out = y + 1
    assert "data 8" in str(mg.draw(out, names={"y": y}, view="scalar"))
    graph = mg.draw(out, view="scalar")
    assert "data 8" not in str(graph)
    assert "what Cube computed is known while a variable holds it: names= it" in graph.caption


def test_a_held_value_that_was_written_is_not_taken():
    x = leaf(3)
    y = x + 1
    out = (y + 1).sum()
    with mg.no_grad():
        y.mul_(2)
    amounts = look(out, held=[y])
    assert y.node not in amounts.values


def test_only_what_is_shown_is_computed():
    noise, runs = noisy()
    x = leaf(3)
    out = (noise(x) + 1).sum()
    amounts = look(out, wanted=[out.node])
    assert len(runs) == 1
    equal(amounts.values[x.node], x)
    equal(amounts.gradients[x.node], mg.ones(3))
    mg.draw(out)
    mg.draw(out, values=False)
    assert len(runs) == 1
    assert look(out).values.keys() > amounts.values.keys() and len(runs) == 2


def test_numbers_that_are_shown_are_computed():
    x = leaf(3)
    total = (x + 1).sum()
    amounts = look(total * 2 + 1, wanted=[total.node])
    equal(amounts.values[total.node], total)


def test_where_something_is_not_finite_everything_is_computed():
    x = mg.tensor([1.0, 0.0], requires_grad=True)
    with np.errstate(all="ignore"):
        y = x.log() + 1
        out = y.sum()
    assert y.node in look(out, wanted=[out.node]).values
    alarmed = [box.title for box in mg.draw(out)._picture.boxes if box.alarm]
    assert "log" in alarmed and "add" in alarmed


# What people declare ------------------------------------------------------------------------------


def test_a_rule_that_raises_leaves_values():
    @mg.op
    def broken(xp, x):
        return x + 1

    def refuse(xp, g):
        raise RuntimeError("no derivative today")

    broken.vjp(x=refuse)
    x = leaf(3)
    out = broken(x * 2).sum()
    amounts = look(out)
    equal(amounts.values[out.node.inputs[0]], x * 2 + 1)
    assert amounts.gradients == {} and amounts.order == []
    assert amounts.remarks == [
        "the gradients cannot be computed: RuntimeError: no derivative today"
    ]


def test_a_forward_that_runs_only_once():
    runs = []

    @mg.op
    def once(xp, x):
        runs.append(1)
        if len(runs) > 1:
            raise RuntimeError("again?")
        return x + 1

    once.vjp(x=lambda xp, g: g)
    x = leaf(3)
    y = once(x)
    out = (y + 1).sum()
    amounts = look(out)
    assert y.node not in amounts.values
    equal(amounts.gradients[x.node], mg.ones(3))
    assert amounts.remarks == ["once could not run again"]


@pytest.mark.parametrize("number", [2, 2.5, True])
@pytest.mark.parametrize("first", [True, False])
def test_a_recorded_operation_knows_the_python_numbers_it_was_given(number, first):
    x = mg.tensor(3.0, requires_grad=True)
    y = arithmetic.add(number, x) if first else arithmetic.add(x, number)
    z = arithmetic.maximum(number, y) if first else arithmetic.maximum(y, number)
    assert y.node.inputs == ((number, x.node) if first else (x.node, number))
    z.backward(retain_graph=True)
    assert x.grad == 1.0
    (slope,) = mg.autograd.grad(z * y, x, create_graph=True)  # numbers among the inputs, recorded
    slope.backward()
