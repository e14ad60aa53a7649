"""Pitfalls between the parts: writes, ownership, degenerate points; each does what PyTorch does."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import func
from minigrad.testing import assert_close, check_gradients


def leaf(value, device):
    return mg.tensor(value, dtype=mg.float64, device=device, requires_grad=True)


def test_masks_and_indices_changed_after_the_forward_pass_are_noticed(device):
    x = leaf([[1.0, 5.0], [7.0, 2.0]], device)
    mask = mg.tensor([[True, False], [False, True]], device=device)
    y = mg.where(mask, x, x * 2).sum()
    mask[0, 0] = False
    with pytest.raises(RuntimeError, match="keyword 'condition'"):
        y.backward()
    index = mg.tensor([0, 1], device=device)
    y = x[index].sum()
    index.fill_(1)
    with pytest.raises(RuntimeError, match="keyword 'index'"):
        y.backward()
    values, indices = x.max(1)
    indices.zero_()
    with pytest.raises(RuntimeError, match="keyword 'index'"):
        values.sum().backward()
    target = mg.tensor([0, 1], device="cpu")
    loss = mg.nn.functional.cross_entropy(leaf(np.ones((2, 2)), "cpu"), target)
    target.fill_(0)
    with pytest.raises(RuntimeError, match="keyword 'target'"):
        loss.backward()


def test_flip_copies(device):
    x = mg.arange(6.0, device=device).reshape(2, 3)
    y = x.flip(0)
    y[0, 0] = 9.0
    assert x.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_a_label_of_padding_picks_no_class():
    scores, labels = mg.zeros(2, 3), mg.tensor([[0], [-1]])
    words = "gather: index -1 is out of range for a dimension of length 3, which has 0 to 2"
    with pytest.raises(IndexError, match=words):
        scores.gather(1, labels)
    with pytest.raises(RuntimeError, match="input is float32, source float64; convert source with"):
        scores.index_add(0, mg.tensor([1]), mg.ones(1, 3, dtype=mg.float64))
    with pytest.raises(RuntimeError, match="index_fill: 300 cannot be converted to uint8 without"):
        mg.zeros(3, dtype=mg.uint8).index_fill(0, mg.tensor([1]), 300)


def test_integers_are_applied_before_index_arrays(device):
    x = leaf(np.arange(24.0).reshape(2, 3, 4), device)
    i = mg.tensor([0, 1], device=device)
    zero = mg.tensor(0, device=device)
    for picked in (x[0, :, [0, 1]], x[0, ..., i], x[zero, :, i]):
        assert picked.shape == (3, 2)
        assert_close(picked, [[0.0, 1.0], [4.0, 5.0], [8.0, 9.0]])
    assert x[0, None, [0, 1]].shape == (1, 2, 4)
    x[0, :, [0, 0]].sum().backward()
    expected = np.zeros((2, 3, 4))
    expected[0, :, 0] = 2.0
    assert_close(x.grad, expected)
    y = mg.zeros(2, 3, 4, device=device)
    y[0, :, [0, 1]] = mg.arange(6.0, device=device).reshape(3, 2)
    assert y[0, 1].tolist() == [2.0, 3.0, 0.0, 0.0]


def test_writes_to_single_elements_reach_the_tensor(device):
    x = mg.zeros(3, device=device)
    x[0].fill_(5)
    for element in x:
        element.add_(1)
    assert x.tolist() == [6.0, 1.0, 1.0]
    total = mg.ones(3, device=device).sum()
    total.detach().add_(1)
    total.data.add_(1)
    assert total.item() == 5.0


def test_recorded_gradients_share_nothing(device):
    x, y = leaf([1.0, 1.0], device), leaf([2.0, 2.0], device)
    (x + y).sum().backward(create_graph=True)
    with mg.no_grad():
        x.grad.mul_(0)
    assert_close(y.grad, [1.0, 1.0])


def test_func_keeps_no_graph_of_its_own(device):
    w = mg.ones(2, dtype=mg.float64, device=device)
    for _ in range(3):
        slope = func.grad(lambda w: (w**2).sum())(w)
        assert not slope.requires_grad
        w = w - 0.1 * slope
    assert_close(w, [0.512, 0.512])
    outside = leaf(2.0, device)
    assert func.grad(lambda w: (outside * w**2).sum())(w).requires_grad


def test_values_of_degenerate_factorisations_have_gradients(device):
    for call in (
        lambda a: mg.linalg.eigh(a).eigenvalues.sum(),
        lambda a: mg.linalg.svd(a).S.sum(),
    ):
        a = leaf(np.eye(3), device)
        call(a).backward()
        assert_close(a.grad, np.eye(3), atol=1e-12)
    a = leaf(np.ones((2, 2)), device)
    mg.linalg.norm(a, 2).backward()
    assert_close(a.grad, np.full((2, 2), 0.5))


def test_hooks_and_functions_cannot_change_the_dtype(device):
    class Double(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return g.double()

    x = mg.ones(2, device=device, requires_grad=True)
    Double.apply(x).sum().backward()
    assert x.grad.dtype == mg.float32
    x.register_hook(lambda g: g.double())
    (x * 2).sum().backward()
    assert x.grad.dtype == mg.float32


def test_a_keyword_that_requires_gradients_is_refused(device):
    slope = leaf(0.1, device)
    with pytest.raises(TypeError, match="no derivative for 'negative_slope'"):
        mg.nn.functional.leaky_relu(leaf([1.0], device), slope)


def test_switching_requires_grad_keeps_hooks_and_graphs(device):
    x = leaf([1.0, 1.0], device)
    x.register_hook(lambda g: g * 10)
    y = (x * 2).sum()
    x.requires_grad_(False)
    y.backward(retain_graph=True)
    assert x.grad is None
    x.requires_grad_(True)
    y.backward()
    assert_close(x.grad, [20.0, 20.0])


def test_retained_gradients_have_passed_the_hooks(device):
    x = leaf([1.0, 1.0], device)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert_close(y.grad, [10.0, 10.0])

    def fails(g):
        raise ArithmeticError

    y = x * 2
    z = y * 1
    z.retain_grad()
    y.register_hook(fails)
    with pytest.raises(ArithmeticError):
        z.sum().backward()
    assert z.grad is None


def test_numpy_numbers_do_not_widen(device):
    x = mg.ones(3, device=device)
    results = (
        x.clamp(np.float64(0.1)),
        mg.nn.functional.leaky_relu(x, np.float64(0.1)),
        x.sum() * np.float64(2),
        x + np.float64(1),
    )
    assert all(result.dtype == mg.float32 for result in results)


def test_norms_at_zero_have_slope_zero(device):
    for p in (1, 2, 3, 1.5):
        x = leaf([0.0, 0.0], device)
        x.norm(p).backward()
        assert_close(x.grad, [0.0, 0.0])
    check_gradients(lambda x: x.norm(3), np.array([0.5, -1.0, 2.0]), device=device)


def test_a_target_of_grad_keeps_what_it_saved(device):
    x = leaf(2.0, device)
    y = x * x
    z = y * y * 1.0
    (slope,) = mg.autograd.grad(z, y)
    y.backward(slope)
    assert x.grad.item() == 32.0
    y = x * x
    y.backward()
    assert mg.autograd.grad(y * 2, y)[0].item() == 2.0


def test_outputs_of_functions_can_be_without_gradient(device):
    class Parts(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            whole = x.floor()
            ctx.mark_non_differentiable(whole)
            return whole, x - whole

        @staticmethod
        def backward(ctx, g_whole, g_rest):
            return g_rest

    whole, rest = Parts.apply(leaf([1.5, 2.25], device))
    assert not whole.requires_grad and rest.requires_grad


def test_einsum_over_axes_of_length_one(device):
    check_gradients(
        lambda a, b: mg.einsum("ij,ij->j", a, b), np.ones((2, 3)), np.ones((1, 3)), device=device
    )


def test_custom_operations_with_residuals_and_named_tuples(device):
    @mg.op
    def half(xp, x):
        return x * 0.5, (x,)

    half.stands_for(lambda x: x * 0.5, residuals=("same",)).vjp(x=lambda xp, g, same: g * 0.5)
    x = leaf([1.0, 2.0], device)
    half(x).sum().backward()
    assert_close(x.grad, [0.5, 0.5])
    check_gradients(half, np.array([1.0, 2.0]), device=device)


def test_a_failed_assignment_is_no_write(device):
    x = leaf([1.0, 2.0], device)
    y = (x * x).sum()
    with mg.no_grad(), pytest.raises(ValueError):
        x[:] = mg.ones(5, dtype=mg.float64, device=device)
    y.backward()
    assert_close(x.grad, [2.0, 4.0])


def test_gradients_without_axes_are_added_in_place(device):
    x = leaf(2.0, device)
    (x * x).backward()
    held = x.grad
    (x * x).backward()
    assert x.grad is held and held.item() == 8.0


def test_solve_takes_a_batch_of_vectors(device):
    a = mg.tensor(np.stack([np.eye(3), 2 * np.eye(3)]), device=device)
    b = mg.ones(2, 3, dtype=mg.float64, device=device)
    assert mg.linalg.solve(a, b).tolist() == [[1.0] * 3, [0.5] * 3]


def test_inference_mode_can_be_off():
    x = mg.ones(2, requires_grad=True)
    with mg.inference_mode(False):
        assert (x * 2).requires_grad
    with mg.inference_mode():
        assert not (x * 2).requires_grad


def test_a_recorded_tensor_whose_memory_others_see_is_not_changed_in_part(device):
    x = leaf([1.0, 2.0, 3.0], device)
    constant = mg.zeros(4, dtype=mg.float64, device=device)
    for make in (
        lambda: (base := x * 1, base[:2]),  # a view, and what it looks at
        lambda: (base := x * 1, base[:2])[::-1],
        lambda: (base := x * 1, base.detach()),
        lambda: (base := x * 1, base * base),  # which needs the old numbers
        lambda: (constant[:3], constant),
    ):
        changed, other = make()
        with pytest.raises(RuntimeError, match=r"^\*=: a view.*Write x = x \* y, or clone\(\)"):
            changed *= x if changed is not other and changed.shape == x.shape else 5 * x.sum()
        assert other is not None
    assert not constant.requires_grad and constant.tolist() == [0.0] * 4
    alone = (x * 1).reshape(3, 1)
    alone += 1  # nobody else sees what it looks at
    alone.sum().backward()
    assert_close(x.grad, [1.0, 1.0, 1.0])


def test_one_element_of_a_recorded_tensor_is_a_view(device):
    x = leaf([1.0, 2.0], device)
    x[1].detach().add_(3.0)
    x[0].data.fill_(7.0)
    assert x.tolist() == [7.0, 5.0]
    (x[0] * x[0]).backward()
    assert_close(x.grad, [14.0, 0.0])


def test_a_hook_may_change_the_gradient_of_a_number_in_place(device):
    x = leaf(3.0, device)
    y = x * x
    y.register_hook(lambda gradient: gradient.mul_(10.0) and None)
    x.register_hook(lambda gradient: gradient.add_(1.0) and None)
    (y * 2).backward()
    assert x.grad.item() == 2 * 10 * 6 + 1


@pytest.mark.parametrize("dtype", [mg.float16, mg.float32, mg.float64])
def test_an_infinite_gradient_does_not_pass_where_it_is_not_to(dtype, device):
    zeros = mg.zeros(3, dtype=dtype, device=device)
    for clipped in (
        lambda x: x.relu(),
        lambda x: x.clamp(min=0.0),
        lambda x: x.clamp(0.0, 100.0),
        lambda x: mg.maximum(x, zeros),
        lambda x: -mg.minimum(-x, zeros),
        lambda x: mg.stack([one.relu() for one in x]),
    ):
        x = mg.tensor([-1.0, 4.0, -2.0], dtype=dtype, device=device, requires_grad=True)
        with np.errstate(all="ignore"):
            clipped(x).sqrt().sum().backward()
        assert x.grad.dtype == dtype and x.grad.tolist() == [0.0, 0.25, 0.0]
