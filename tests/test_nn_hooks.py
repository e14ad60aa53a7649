"""Hooks of modules: before and after forward, and where gradients pass."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def test_hooks():
    layer = nn.Linear(2, 2)
    calls = []
    before = layer.register_forward_pre_hook(lambda m, args: calls.append(("pre", m, len(args))))
    after = layer.register_forward_hook(lambda m, args, out: calls.append(("post", m, out.shape)))
    layer(mg.ones(3, 2))
    assert calls == [("pre", layer, 1), ("post", layer, (3, 2))]
    before.remove()
    before.remove()
    after.remove()
    layer(mg.ones(3, 2))
    assert len(calls) == 2


def test_hooks_may_change_what_passes():
    layer = nn.Identity()
    with (
        layer.register_forward_pre_hook(lambda m, args: args[0] + 1),
        layer.register_forward_hook(lambda m, args, out: out * 10),
        layer.register_forward_hook(lambda m, args, out: None),
    ):
        assert layer(mg.tensor(1.0)).item() == 20.0
    assert layer(mg.tensor(1.0)).item() == 1.0


def test_the_same_hook_twice_is_removed_once():
    layer, calls = nn.Identity(), []

    def hook(*args):
        calls.append(1)

    first = layer.register_forward_hook(hook)
    layer.register_forward_hook(hook)
    first.remove()
    layer(mg.ones(1))
    assert calls == [1]


def test_hooks_with_keywords():
    class Scaled(nn.Module):
        def forward(self, x, *, factor=1.0):
            return x * factor

    layer, seen = Scaled(), []
    layer.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {"factor": 3.0}), with_kwargs=True
    )
    layer.register_forward_hook(
        lambda m, args, kwargs, out: seen.append((len(args), kwargs, out.item())), with_kwargs=True
    )
    assert layer(mg.tensor(2.0), factor=5.0).item() == 6.0
    assert seen == [(1, {"factor": 3.0}, 6.0)]
    layer.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match="has to return None or a tuple"):
        layer(mg.tensor(2.0))


def test_a_prepended_hook_comes_first():
    layer, order = nn.Identity(), []
    layer.register_forward_hook(lambda *args: order.append("a"))
    handle = layer.register_forward_hook(lambda *args: order.append("b"), prepend=True)
    layer.register_forward_hook(lambda *args: order.append("c"))
    layer(mg.ones(1))
    handle.remove()
    layer(mg.ones(1))
    assert order == ["b", "a", "c", "a", "c"]


def test_hooks_that_are_always_called_see_failures():
    class Failing(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError("inside")

    layer, seen = Failing(), []
    layer.register_forward_hook(lambda m, args, out: seen.append(("sometimes", out)))
    layer.register_forward_hook(lambda m, args, out: seen.append(("always", out)), always_call=True)
    with pytest.raises(ZeroDivisionError):
        layer(mg.ones(1))
    assert seen == [("always", None)]


# Backward ---------------------------------------------------------------------------------------------


def host(gradients):
    return [None if g is None else g.tolist() for g in gradients]


def test_backward_hooks_see_the_gradients_of_inputs_and_outputs(device):
    layer, seen = nn.Linear(2, 2), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((m, host(gi), host(go))))
    x = mg.ones(1, 2, requires_grad=True)
    (layer(x) * mg.tensor([1.0, 10.0])).sum().backward()
    assert seen == [(layer, [x.grad.tolist()], [[[1.0, 10.0]]])]
    expected = np.array([1.0, 10.0], np.float32) @ layer.weight.detach().cpu().numpy()
    np.testing.assert_allclose(x.grad.cpu().numpy()[0], expected, rtol=1e-6)


def test_backward_hooks_change_what_passes(device):
    layer = nn.Linear(2, 1)
    plain = mg.ones(3, 2, requires_grad=True)
    layer(plain).sum().backward()
    weight_gradient = layer.weight.grad.clone()
    layer.zero_grad()
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,))
    layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 10,))
    x = mg.ones(3, 2, requires_grad=True)
    layer(x).sum().backward()
    assert mg.allclose(x.grad, 20 * plain.grad)
    assert mg.allclose(layer.weight.grad, 10 * weight_gradient)


def test_without_inputs_that_want_gradients_the_hook_sees_the_outputs(device):
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((host(gi), host(go))))
    layer(mg.ones(1, 2)).sum().backward()
    assert seen == [([None], [[[1.0]]])]
    layer.register_full_backward_hook(lambda m, gi, go: go)
    with pytest.raises(RuntimeError, match="no input of the module requires one"):
        layer(mg.ones(1, 2)).sum().backward()


def test_backward_hooks_of_several_inputs_and_outputs():
    class Split(nn.Module):
        def forward(self, a, number, b):
            return a * number, b * b

    layer, seen = Split(), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((host(gi), host(go))))
    a, b = (mg.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    first, second = layer(a, 5.0, b)
    (first + 7 * second).backward()
    assert seen == [([5.0, None, 42.0], [1.0, 7.0])]
    assert (a.grad.item(), b.grad.item()) == (5.0, 42.0)


def test_a_backward_hook_with_the_wrong_number_of_gradients_is_refused():
    layer = nn.Linear(2, 1)
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="returned 2 gradients of its 1 inputs"):
        layer(mg.ones(1, 2, requires_grad=True)).sum().backward()


def test_second_derivatives_pass_backward_hooks(device):
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh()).double()
    seen = []
    model[1].register_full_backward_hook(lambda m, gi, go: seen.append(len(go)))
    x = mg.randn(4, 2, dtype=mg.float64, requires_grad=True)
    assert mg.autograd.gradcheck(model, x) and mg.autograd.gradgradcheck(model, x)
    assert seen


def test_a_second_derivative_takes_a_changing_hook_as_part_of_the_first(device):
    """As in PyTorch: what the hook returned is differentiated, the hook is not called again."""

    class Cube(nn.Module):
        def forward(self, x):
            return x**3

    cube, calls = Cube(), []

    def square(module, grad_input, grad_output):
        calls.append(grad_output[0].item())
        return (grad_input[0] * grad_input[0],)

    cube.register_full_backward_hook(square)
    x = mg.tensor(2.0, dtype=mg.float64, requires_grad=True)
    (first,) = mg.autograd.grad(cube(x), x, create_graph=True)
    (second,) = mg.autograd.grad(first, x)
    assert (first.item(), second.item()) == (144.0, 288.0)  # 9 x^4 and 36 x^3
    assert calls == [1.0]


def test_gradients_that_pass_by_the_output_do_not_call_the_hooks():
    class Keeping(nn.Module):
        def forward(self, x):
            self.kept = 3 * x
            return 2 * x

    layer, calls = Keeping(), []
    layer.register_full_backward_hook(lambda m, gi, go: calls.append(go[0].item()))
    x = mg.tensor(1.0, requires_grad=True)
    layer(x)
    layer.kept.backward()
    assert x.grad.item() == 3.0 and calls == []


def test_backward_hooks_see_the_output_that_leaves_the_forward_hooks():
    layer, seen = nn.Identity(), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((host(gi), host(go))))
    layer.register_forward_hook(lambda m, args, out: out * 5)
    layer(mg.tensor(1.0, requires_grad=True)).backward()
    assert seen == [([5.0], [1.0])]


def test_hooks_that_only_look_change_no_derivative():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    x = mg.randn(5, 3)
    model(x).sum().backward()
    without = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    for module in model.modules():
        module.register_full_backward_hook(lambda m, gi, go: None)
        module.register_full_backward_pre_hook(lambda m, go: None)
    model(x).sum().backward()
    assert all(mg.equal(p.grad, g) for p, g in zip(model.parameters(), without, strict=True))


def test_backward_hooks_leave_evaluation_alone():
    layer = nn.Linear(2, 1)
    layer.register_full_backward_hook(lambda m, gi, go: 1 / 0)
    with mg.no_grad():
        assert layer(mg.ones(1, 2)).grad_fn is None
