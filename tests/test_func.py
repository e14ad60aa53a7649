"""Derivatives as functions of functions, and custom operations in PyTorch's style."""

import gc
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import engine, func
from minigrad.observing import Observer
from minigrad.testing import assert_close, check_gradients, check_operation


def tensor(value, device):
    return mg.tensor(value, dtype=mg.float64, device=device)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_hessian(x):
    """The Hessian by hand, for x as a NumPy vector."""
    n = len(x)
    h = np.zeros((n, n))
    for i in range(n - 1):
        h[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        h[i + 1, i + 1] += 200
        h[i, i + 1] = h[i + 1, i] = -400 * x[i]
    return h


def test_grad_and_value_and_grad(device):
    x = tensor([1.0, 2.0], device)
    assert_close(func.grad(lambda x: (x**3).sum())(x), [3.0, 12.0])
    value, gradient = func.value_and_grad(lambda x: (x**3).sum())(x)
    assert value.item() == 9.0
    assert_close(gradient, [3.0, 12.0])
    both = func.grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(x, x * 2)
    assert_close(both[0], [2.0, 4.0])
    assert_close(both[1], [1.0, 2.0])
    gradient, aux = func.grad(lambda x: ((x * x).sum(), "seen"), has_aux=True)(x)
    assert aux == "seen" and not x.requires_grad


def test_grad_nests_to_any_order(device):
    f = mg.sin
    for expected in (np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin):
        f = func.grad(f)
        assert_close(f(tensor(0.7, device)), expected(0.7), rtol=1e-12)


def test_an_inner_derivative_sees_only_its_own_variable(device):
    # d/dx [x * d/dy (x y)] = d/dx x^2: the classical perturbation-confusion example.
    outer = func.grad(lambda x: x * func.grad(lambda y: x * y)(tensor(1.0, device)))
    assert outer(tensor(3.0, device)).item() == 6.0


def test_jacobian_and_hessian(device):
    x = tensor([0.5, -1.0, 2.0], device)
    jacobian = func.jacrev(lambda x: mg.stack([x[0] * x[1], x[1] ** 2, x.sum()]))(x)
    assert_close(jacobian, [[-1.0, 0.5, 0.0], [0.0, -2.0, 0.0], [1.0, 1.0, 1.0]])
    point = np.linspace(-1.0, 1.5, 6)
    hessian = func.hessian(rosenbrock)(tensor(point, device))
    assert_close(hessian, rosenbrock_hessian(point), rtol=1e-12, atol=1e-9)


def test_jacobian_shapes(device):
    x, y = tensor(np.ones((2, 3)), device), tensor(np.ones(3), device)
    assert func.jacrev(lambda x: x @ x.T)(x).shape == (2, 2, 2, 3)
    first, second = func.jacrev(lambda x, y: x * y, argnums=(0, 1))(x, y)
    assert first.shape == (2, 3, 2, 3) and second.shape == (2, 3, 3)
    assert func.jacrev(lambda x: x.sum() * 0 + 1)(x).shape == (2, 3)
    assert_close(func.jacrev(lambda x: tensor([5.0], device))(x), np.zeros((1, 2, 3)))


def test_products_with_vectors_agree_with_matrices(device):
    rng = np.random.default_rng(0)
    x, v, u = (tensor(rng.normal(size=4), device) for _ in range(3))

    def f(x):
        return (x * x.roll(1, 0)).tanh() + x**3

    jacobian = func.jacrev(f)(x)
    value, pull = func.vjp(f, x)
    assert_close(value, f(x))
    assert_close(pull(u)[0], u @ jacobian)
    assert_close(pull(v)[0], v @ jacobian)  # it can be called again
    assert_close(func.jvp(f, (x,), (v,))[1], jacobian @ v)
    value, product = func.hvp(lambda x: f(x).sum(), x, v)
    assert_close(product, func.hessian(lambda x: f(x).sum())(x) @ v)
    (product,) = func.hvp(lambda x: f(x).sum(), (x,), (v,))[1]
    assert product.shape == (4,)


def test_linear_and_constant_functions(device):
    x, v = tensor([1.0, 2.0], device), tensor([3.0, 4.0], device)
    assert_close(func.jvp(lambda x: 2 * x, (x,), (v,))[1], [6.0, 8.0])
    assert_close(func.hvp(lambda x: (2 * x).sum(), x, v)[1], [0.0, 0.0])
    assert_close(func.jvp(lambda x: tensor([1.0], device), (x,), (v,))[1], [0.0])
    assert_close(func.hessian(lambda x: x.sum())(x), np.zeros((2, 2)))


def test_results_can_be_differentiated_through_outer_variables(device):
    w = tensor(2.0, device).requires_grad_()
    slope = func.grad(lambda x: w * x * x)(tensor(3.0, device))
    slope.backward()
    assert w.grad.item() == 6.0


def test_only_what_something_outside_could_differentiate_is_recorded(device):
    x, v = tensor([1.0, 2.0], device), tensor([0.5, -1.0], device)
    outer = tensor(3.0, device).requires_grad_()
    recorded = []

    class Pulls(Observer):
        def pulled(self, node, contribution):
            recorded.append(isinstance(contribution, mg.Tensor))

    def cubes(x, factor=1.0):
        return (x * x * x * factor).sum()

    def last(call):
        recorded.clear()
        token = engine.state.set(engine.State(mg.is_grad_enabled(), (), Pulls()))
        try:
            call()
        finally:
            engine.state.reset(token)
        return recorded[-1]

    calls = {
        "grad": lambda **kw: func.grad(cubes)(x, **kw),
        "hessian": lambda **kw: func.hessian(lambda x: cubes(x, **kw))(x),
        "jacrev": lambda **kw: func.jacrev(cubes)(x, **kw),
        "vjp": lambda **kw: func.vjp(lambda x: cubes(x, **kw), x)[1](tensor(1.0, device)),
        "hvp": lambda **kw: func.hvp(lambda x: cubes(x, **kw), x, v),
    }
    for name, call in calls.items():
        assert not last(call), name
        assert last(lambda call=call: call(factor=outer)), name
        with mg.no_grad():
            assert not last(lambda call=call: call(factor=outer)), name
    value, pull = func.vjp(cubes, x)
    assert last(lambda: pull(tensor(1.0, device).requires_grad_()))
    assert not value.requires_grad


def test_derivatives_follow_what_hooks_and_functions_bring_in(device):
    """The graph of the value does not show it."""
    w = tensor(3.0, device).requires_grad_()

    class Times(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * x

        @staticmethod
        def backward(ctx, gradient):
            return gradient * w

    def hooked(x):
        square = x * x
        square.register_hook(lambda gradient: gradient * w)
        return square

    for function, value, slope in ((hooked, 12.0, 4.0), (Times.apply, 3.0, 1.0)):
        w.grad = None
        found = func.grad(function)(tensor(2.0, device))
        found.backward()
        assert (found.item(), w.grad.item()) == (value, slope)
        with mg.no_grad():
            assert not func.grad(function)(tensor(2.0, device)).requires_grad


def test_values_and_gradients_of_grad_are_those_of_backward(device):
    """Of a fused operation too, whose rules serve the first order only."""
    x = mg.tensor([[0.3, -1.2, 2.0]], device=device)
    target = mg.tensor([2], device=device)
    leaf = x.clone().requires_grad_()
    loss = mg.nn.functional.cross_entropy(leaf, target)
    loss.backward()
    value, found = func.value_and_grad(mg.nn.functional.cross_entropy)(x, target)
    assert value.item() == loss.item() and found.tolist() == leaf.grad.tolist()


def test_func_works_inside_no_grad(device):
    with mg.no_grad():
        assert func.grad(lambda x: x * x)(tensor(3.0, device)).item() == 6.0
        w = tensor(2.0, device).requires_grad_()
        results = (
            *func.value_and_grad(lambda x: w * x * x)(tensor(3.0, device)),
            *func.jvp(lambda x: w * x * x, (tensor(3.0, device),), (tensor(1.0, device),)),
            *func.hvp(lambda x: w * x**3, tensor(3.0, device), tensor(1.0, device)),
            func.hessian(lambda x: w * x**3)(tensor(3.0, device)),
            func.vjp(lambda x: w * x, tensor(3.0, device))[1](tensor(1.0, device))[0],
        )
        assert [one.item() for one in results] == [18.0, 12.0, 18.0, 12.0, 54.0, 36.0, 36.0, 2.0]
        assert not any(one.requires_grad for one in results)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda: func.grad(lambda x: x * 2)(mg.ones(2)),
            RuntimeError,
            r"returned \(2,\): see vjp and jacrev",
        ),
        (lambda: func.grad(lambda x: x.sum())(mg.tensor([1, 2])), TypeError, "argument 0 is int64"),
        (lambda: func.jvp(mg.sin, (mg.ones(2),), (mg.ones(3),)), ValueError, "shape of its primal"),
    ],
)
def test_errors(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_functional_names_of_pytorch(device):
    x = tensor([1.0, 2.0], device)
    functional = mg.autograd.functional
    assert_close(functional.jacobian(lambda x: x**2, x), [[2.0, 0.0], [0.0, 4.0]])
    assert_close(functional.hessian(lambda x: (x**3).sum(), x), [[6.0, 0.0], [0.0, 12.0]])
    blocks = functional.hessian(lambda x, y: (x * y).sum(), (x, x * 2))
    assert_close(blocks[0][1], np.eye(2))
    assert_close(functional.vjp(lambda x: (x * x).sum(), x)[1], [2.0, 4.0])
    assert_close(functional.jvp(lambda x: x * x, x, x)[1], [2.0, 8.0])
    assert_close(functional.hvp(lambda x: (x**3).sum(), x, x)[1], [6.0, 24.0])
    assert not functional.jacobian(lambda x: x**2, x).requires_grad


# Function -------------------------------------------------------------------------------------------


class Square(mg.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor=1.0):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x * factor

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x * ctx.factor, None


class ExpAndSum(mg.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(out)
        return out, x.sum(), (x > 0)

    @staticmethod
    def backward(ctx, g_exp, g_sum, g_mask):
        (out,) = ctx.saved_tensors
        return g_exp * out + g_sum.expand(out.shape)


def test_a_function_is_differentiated_by_its_backward(device):
    x = tensor([1.0, -2.0], device).requires_grad_()
    Square.apply(x, 3.0).sum().backward()
    assert_close(x.grad, [6.0, -12.0])
    assert not Square.apply(x.detach()).requires_grad
    check_gradients(lambda x: Square.apply(x, 0.5), np.array([1.0, -2.0, 0.3]), device=device)


def test_a_function_may_have_several_outputs_and_save_them(device):
    x = tensor([0.5, -1.0], device).requires_grad_()
    out, total, mask = ExpAndSum.apply(x)
    assert not mask.requires_grad
    (out.sum() + 3 * total).backward()
    assert_close(x.grad, np.exp([0.5, -1.0]) + 3)
    check_gradients(lambda x: ExpAndSum.apply(x)[0], np.array([0.3, -0.2]), device=device)
    check_gradients(lambda x: ExpAndSum.apply(x)[1] * 2, np.array([0.3, -0.2]), device=device)


def test_a_function_that_saves_its_output_makes_no_cycle(device):
    gc.collect()
    gc.disable()
    try:
        x = tensor([0.5], device).requires_grad_()
        out, _, _ = ExpAndSum.apply(x)
        node = weakref.ref(out.node)
        del out, _
        assert node() is None
    finally:
        gc.enable()


def test_a_tensor_saved_by_a_function_is_watched(device):
    x = tensor([1.0, 2.0], device).requires_grad_()
    y = Square.apply(x).sum()
    with mg.no_grad():
        x.mul_(2)
    with pytest.raises(RuntimeError, match="changed in place.*'Square'"):
        y.backward()


@pytest.mark.parametrize(
    ("forward", "backward", "words"),
    [
        (lambda ctx, x: 1.0, lambda ctx, g: g, "return tensors, got float"),
        (lambda ctx, x: x * 2, lambda ctx, g: (), "returned 0 gradients for 1"),
        (lambda ctx, x: x * 2, lambda ctx, g: 3.0, "got float for argument 0"),
        (lambda ctx, x: x * 2, lambda ctx, g: g[:1], r"\(1,\) for an input of shape \(2,\)"),
    ],
)
def test_wrong_functions_are_reported(forward, backward, words, device):
    wrong = type(
        "Wrong",
        (mg.autograd.Function,),
        {"forward": staticmethod(forward), "backward": staticmethod(backward)},
    )
    with pytest.raises((TypeError, RuntimeError), match=words):
        wrong.apply(tensor([1.0, 2.0], device).requires_grad_()).sum().backward()


def test_needs_input_grad(device):
    seen = []

    class Product(mg.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.needs_input_grad)
            a, b = ctx.saved_tensors
            return g * b, (g * a if ctx.needs_input_grad[1] else None)

    a, b = tensor([1.0, 2.0], device).requires_grad_(), tensor([3.0, 4.0], device)
    Product.apply(a, b).sum().backward()
    assert seen == [(True, False)] and b.grad is None
    assert_close(a.grad, [3.0, 4.0])


class Scaled(mg.autograd.Function):
    """In two parts: forward does not see the context."""

    @staticmethod
    def forward(x, factor):
        return x.exp(), x * factor

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0], output[0])
        ctx.factor = inputs[1]

    @staticmethod
    def backward(ctx, g_exp, g_scaled):
        _, out = ctx.saved_tensors
        return g_exp * out + g_scaled * ctx.factor, None


def test_a_function_in_two_parts(device):
    x = tensor([0.5, -1.0], device).requires_grad_()
    out, scaled = Scaled.apply(x, 3.0)
    (out.sum() + scaled.sum()).backward()
    assert_close(x.grad, np.exp([0.5, -1.0]) + 3)
    check_gradients(lambda x: Scaled.apply(x, 2.0), np.array([0.3, -0.2]), device=device)
    assert not Scaled.apply(x.detach(), 1.0)[0].requires_grad


class Cubed(mg.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    @mg.autograd.function.once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        assert not mg.is_grad_enabled()
        return 3 * g * x**2


def test_a_second_derivative_through_what_has_only_one_is_an_error(device):
    x = tensor([1.0, 2.0], device).requires_grad_()
    Cubed.apply(x).sum().backward()
    assert_close(x.grad, [3.0, 12.0])
    (slope,) = mg.autograd.grad(Cubed.apply(x).sum(), x, create_graph=True)
    assert_close(slope, [3.0, 12.0])
    with pytest.raises(RuntimeError, match="@once_differentiable"):
        slope.sum().backward()


def test_a_function_is_not_called():
    with pytest.raises(
        RuntimeError, match=r"write Cubed\.apply\(\.\.\.\), not Cubed\(\)\(\.\.\.\)"
    ):
        Cubed()(mg.ones(1))


# Custom operations ----------------------------------------------------------------------------------


def test_a_custom_operation_in_five_lines(device):
    @mg.op
    def softsign(xp, x):
        return x / (1 + xp.abs(x))

    softsign.vjp(x=lambda xp, g, x: g / (1 + xp.abs(x)) ** 2)
    softsign.samples(lambda draw: [((draw((3,), away=(0.0,)),), {})])
    check_operation(softsign, device=device)
    x = mg.tensor([1.0, -3.0], device=device, requires_grad=True)
    softsign(x).sum().backward()
    assert_close(x.grad, [0.25, 0.0625])
    assert "softsign" not in mg.ops.REGISTRY


def test_a_custom_operation_with_keywords_several_inputs_and_outputs(device):
    @mg.op
    def minmax(xp, x, y, *, scale=1.0):
        return xp.minimum(x, y) * scale, xp.maximum(x, y) * scale

    def rule(xp, g, needs, x, y, scale):
        below = x < y
        return (
            xp.where(below, g[0], g[1]) * scale,
            xp.where(below, g[1], g[0]) * scale,
        )

    minmax.vjp(rule).samples(
        lambda draw: [
            ((draw((3,), 0, 1), draw((3,), 2, 3)), {"scale": 2.0}),
            ((draw(()), draw(()) + 3), {}),
        ]
    )
    check_operation(minmax, device=device)
    with pytest.raises(TypeError, match="unknown arguments"):
        minmax(mg.ones(1), mg.ones(1), size=3)


def test_a_custom_operation_without_derivative_for_an_input(device):
    @mg.op
    def half(xp, x, y):
        return x * y

    half.vjp(x=lambda xp, g, y: g * y)
    x, y = tensor([1.0], device).requires_grad_(), tensor([2.0], device).requires_grad_()
    half(x, y.detach()).sum().backward()
    assert_close(x.grad, [2.0])
    with pytest.raises(RuntimeError, match="'half' has no derivative for its input 'y'"):
        half(x, y)
