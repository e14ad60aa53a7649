"""Clipping of gradients, and parameters as one vector: PyTorch's numbers, edge cases, errors."""

import importlib
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)
from minigrad.testing import assert_close


def host(tensor):
    return np.array(tensor.detach().cpu().numpy())


def with_gradients(*gradients, dtype=mg.float32, device=None):
    parameters = []
    for gradient in gradients:
        gradient = mg.tensor(gradient, dtype=dtype, device=device)
        p = mg.zeros(gradient.shape, dtype=dtype, device=device, requires_grad=True)
        p.grad = gradient
        parameters.append(p)
    return parameters


def test_the_module_can_be_imported_by_its_name():
    assert importlib.import_module("minigrad.nn.utils") is nn.utils is mg.nn.utils
    assert nn.utils.clip_grad_norm_ is clip_grad_norm_


# By the norm ----------------------------------------------------------------------------------------------

GRADIENTS = [3.0, -4.0], [[-12.0]]
NORMS = [
    # order, norm, PyTorch's gradients for a norm of 1
    (2, 13.0, [0.23076922, -0.3076923, -0.92307687]),
    (1, 19.0, [0.15789472, -0.21052629, -0.63157886]),
    (0.5, 51.784615, [0.057932265, -0.07724302, -0.23172906]),
    (math.inf, 12.0, [0.24999999, -0.3333333, -0.99999994]),
    ("inf", 12.0, [0.24999999, -0.3333333, -0.99999994]),
]  # fmt: skip


@pytest.mark.parametrize(("norm_type", "norm", "expected"), NORMS)
def test_norms_of_pytorch(norm_type, norm, expected, device):
    parameters = with_gradients(*GRADIENTS)
    found = clip_grad_norm_(parameters, 1.0, norm_type)
    assert found.shape == () and found.dtype == mg.float32 and found.device.type == device
    assert_close(found, np.float32(norm), rtol=1e-6)
    clipped = np.concatenate([host(p.grad).reshape(-1) for p in parameters])
    assert_close(clipped, np.array(expected, np.float32), rtol=1e-6)
    again = get_total_norm([p.grad for p in parameters], norm_type)
    assert_close(again, np.float32(1), rtol=1e-6)


def test_a_small_norm_changes_nothing(device):
    parameters = with_gradients(*GRADIENTS)
    assert clip_grad_norm_(parameters, 13.1).item() == 13.0
    assert [p.grad.tolist() for p in parameters] == list(GRADIENTS)


def test_gradients_are_written_in_place(device):
    (p,) = with_gradients([3.0, 4.0])
    gradient, data = p.grad, p.grad.data
    clip_grad_norm_(p, 1.0)
    assert p.grad is gradient and data.tolist() == gradient.tolist() != [3.0, 4.0]


def test_one_tensor_a_list_a_generator_and_missing_gradients(device):
    for as_given in (lambda p: p[0], list, tuple, iter, lambda p: (one for one in p)):
        parameters = [*with_gradients([3.0, 4.0]), mg.ones(2, requires_grad=True)]
        assert clip_grad_norm_(as_given(parameters), 1.0).item() == 5.0
        assert_close(parameters[0].grad, np.array([0.6, 0.8], np.float32), rtol=1e-6)
        assert parameters[1].grad is None
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    model(mg.ones(4, 2)).sum().backward()
    clip_grad_norm_(model.parameters(), 0.5)
    assert_close(get_total_norm(p.grad for p in model.parameters()), np.float32(0.5), rtol=1e-5)


def test_without_gradients_the_norm_is_0(device):
    for parameters in ([], [mg.ones(2, requires_grad=True)], mg.ones(2, requires_grad=True)):
        norm = clip_grad_norm_(parameters, 1.0)
        assert norm.shape == () and norm.item() == 0.0
    with pytest.warns(UserWarning, match="generator of parameters is empty, perhaps used up"):
        assert clip_grad_norm_((p for p in []), 1.0).item() == 0.0


def test_parameters_without_elements_or_dimensions(device):
    for order in (2.0, math.inf, 1.0):
        parameters = with_gradients(np.zeros((0, 3)), 3.0, [4.0])
        norm = clip_grad_norm_(parameters, 1.0, order)
        assert norm.item() == {2.0: 5.0, 1.0: 7.0, math.inf: 4.0}[order]
        assert_close(parameters[1].grad, np.float32(3 / norm.item()), rtol=1e-6)
        assert parameters[0].grad.shape == (0, 3)


def test_norms_that_are_not_finite(device):
    for bad, expected in ((math.nan, [math.nan] * 2), (math.inf, [0.0, math.nan])):
        parameters = with_gradients([3.0, bad])
        words = rf"order 2.0 .* is {bad}, .* nothing was changed"
        with pytest.raises(RuntimeError, match=words):
            clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
        with pytest.raises(RuntimeError, match=words):
            get_total_norm(parameters[0].grad, error_if_nonfinite=True)
        assert_close(parameters[0].grad, np.array([3.0, bad], np.float32))
        with np.errstate(invalid="ignore"):
            norm = clip_grad_norm_(parameters, 1.0)
        assert_close(norm, np.float32(bad))
        assert_close(parameters[0].grad, np.array(expected, np.float32))
    assert clip_grad_norm_(with_gradients([3.0, 4.0]), 1.0, error_if_nonfinite=True).item() == 5.0


def test_the_norm_of_float16_is_float32(device):
    parameters = with_gradients([60000.0, 60000.0], dtype=mg.float16)
    norm = clip_grad_norm_(parameters, 1.0)
    assert norm.dtype == mg.float32 and parameters[0].grad.dtype == mg.float16
    assert_close(norm, np.float32(60000 * math.sqrt(2)), rtol=1e-6)
    assert_close(parameters[0].grad, np.full(2, math.sqrt(0.5), np.float16), rtol=1e-3)


def test_mixed_dtypes(device):
    parameters = with_gradients([300.0, 400.0], dtype=mg.float16) + with_gradients([1200.0])
    norm = clip_grad_norm_(parameters, 1.0)
    assert norm.dtype == mg.float32 and norm.item() == 1300.0
    assert [p.grad.dtype for p in parameters] == [mg.float16, mg.float32]
    parameters += with_gradients([1.0], dtype=mg.float64)
    assert get_total_norm(p.grad for p in parameters).dtype == mg.float64


def test_mixed_devices():
    parameters = with_gradients([3.0], device="strict") + with_gradients([4.0], device="cpu")
    for p, first in ((parameters, "strict"), (parameters[::-1], "cpu")):
        assert clip_grad_norm_(p, 10.0).device.type == first
    assert clip_grad_norm_(parameters, 1.0).item() == 5.0
    assert [p.grad.device.type for p in parameters] == ["strict", "cpu"]
    assert_close(np.array([p.grad.item() for p in parameters]), np.array([0.6, 0.8]), rtol=1e-6)


def test_the_two_halves_are_the_whole(device):
    one, two = with_gradients(*GRADIENTS), with_gradients(*GRADIENTS)
    clip_grad_norm_(one, 2.0, 1)
    total = get_total_norm([p.grad for p in two], 1)
    assert clip_grads_with_norm_(two, 2.0, total) is None
    for a, b in zip(one, two, strict=True):
        assert a.grad.tolist() == b.grad.tolist()


# By the value ---------------------------------------------------------------------------------------------


def test_clipping_by_value(device):
    parameters = with_gradients([0.5, -3.0, math.nan, math.inf], -9.0)
    parameters.append(mg.ones(2, requires_grad=True))
    gradient = parameters[0].grad
    assert clip_grad_value_(parameters, 2) is None
    assert_close(gradient, np.array([0.5, -2.0, math.nan, 2.0], np.float32))
    assert parameters[0].grad is gradient and parameters[1].grad.item() == -2.0
    clip_grad_value_(iter(parameters), 0.25)
    assert_close(gradient, np.array([0.25, -0.25, math.nan, 0.25], np.float32))
    clip_grad_value_(parameters[0], math.inf)
    clip_grad_value_([], 1.0)


# Both -----------------------------------------------------------------------------------------------------


def test_nothing_is_copied_to_the_host(transfers):
    mg.set_default_device("strict")
    parameters = with_gradients(*GRADIENTS)
    with transfers.forbidden():
        for norm_type in (2, 1, 0.5, math.inf):
            clip_grad_norm_(parameters, 1.0, norm_type)
        clip_grad_value_(parameters, 0.1)
        vector_to_parameters(parameters_to_vector(parameters).detach() * 2, parameters)


@pytest.mark.parametrize(
    "clip", [lambda p: clip_grad_norm_(p, 1.0), lambda p: clip_grad_value_(p, 0.1)]
)
def test_a_graph_that_needs_the_old_gradient_notices(clip, device):
    (p,) = with_gradients([3.0, 4.0])
    p.grad.requires_grad_()
    penalty = (p.grad * p.grad).sum()
    clip(p)
    with pytest.raises(RuntimeError, match="changed"):
        penalty.backward()


def test_recorded_gradients_are_clipped_without_a_record(device):
    x = mg.tensor([3.0, 4.0], requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    norm = clip_grad_norm_(x, 1.0)
    assert not norm.requires_grad
    assert_close(x.grad, np.array([27.0, 48.0], np.float32) / np.sqrt(27.0**2 + 48.0**2), rtol=1e-5)


def test_training_with_clipping_keeps_to_the_limit():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = mg.optim.SGD(model.parameters(), lr=0.5)
    x, y = mg.randn(16, 3), 100 * mg.randn(16, 1)
    for _ in range(5):
        before = parameters_to_vector(model.parameters()).detach()
        optimizer.zero_grad()
        nn.MSELoss()(model(x), y).backward()
        assert clip_grad_norm_(model.parameters(), 0.1).item() > 0.1
        optimizer.step()
        moved = parameters_to_vector(model.parameters()).detach() - before
        assert_close(moved.norm(), np.float32(0.05), rtol=1e-3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: clip_grad_norm_(nn.Sequential(nn.Linear(1, 1)), 1.0), TypeError,
         r"clip_grad_norm_: expected tensors, got Linear; for a module pass module.parameters\(\)"),
        (lambda: clip_grad_value_([1.0], 1.0), TypeError, "clip_grad_value_: expected tensors, got float"),
        (lambda: get_total_norm([None]), TypeError, "get_total_norm: expected tensors, got NoneType"),
        (lambda: clip_grad_norm_([], -1.0), ValueError,
         "clip_grad_norm_: max_norm must not be negative, got -1.0"),
        (lambda: clip_grad_value_([], -1), ValueError, "clip_value must not be negative, got -1.0"),
        (lambda: parameters_to_vector([]), ValueError, "at least one tensor"),
        (lambda: parameters_to_vector([mg.ones(1), mg.ones(1, device="strict")]), TypeError,
         "parameters_to_vector: tensors are on different devices, cpu and strict"),
        (lambda: vector_to_parameters([1.0], [mg.ones(1)]), TypeError, "expected a Tensor, got list"),
        (lambda: vector_to_parameters(mg.tensor([1]), [mg.ones(1)]), TypeError, "floating, got int64"),
        (lambda: vector_to_parameters(mg.ones(1, device="strict"), [mg.ones(1)]), TypeError,
         "different devices, strict and cpu"),
        (lambda: vector_to_parameters(mg.ones(2, 2), [mg.ones(4)]), ValueError,
         r"have 4 numbers, the vector is of shape \(2, 2\)"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


# Vectors --------------------------------------------------------------------------------------------------


def test_there_and_back(device):
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    parameters = list(model.parameters())
    vector = parameters_to_vector(model.parameters())
    expected = np.concatenate([host(p).reshape(-1) for p in parameters])
    assert vector.tolist() == expected.tolist()
    vector_to_parameters(2 * vector.detach(), model.parameters())
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))
    assert all(type(p) is nn.Parameter and p.requires_grad and p.is_leaf for p in parameters)
    assert parameters_to_vector(model.parameters()).tolist() == (2 * expected).tolist()
    assert [tuple(p.shape) for p in parameters] == [(2, 3), (2,), (1, 2), (1,)]
    model(mg.ones(4, 3)).sum().backward()
    assert [tuple(p.grad.shape) for p in parameters] == [(2, 3), (2,), (1, 2), (1,)]


def test_gradients_flow_through_the_vector(device):
    parameters = [mg.ones(2, 2, requires_grad=True), mg.tensor(3.0, requires_grad=True)]
    vector = parameters_to_vector(parameters)
    (vector * mg.arange(5.0)).sum().backward()
    assert [p.grad.tolist() for p in parameters] == [[[0.0, 1.0], [2.0, 3.0]], 4.0]


def test_parameters_take_the_memory_of_the_vector(device):
    parameters = [mg.zeros(2, 2, requires_grad=True), mg.tensor(0.0, requires_grad=True)]
    vector = mg.arange(7.0)  # longer than needed, as PyTorch allows
    vector_to_parameters(vector, parameters)
    vector[0] = -1.0
    assert parameters[0].tolist() == [[-1.0, 1.0], [2.0, 3.0]] and parameters[1].item() == 4.0
    vector_to_parameters(mg.zeros(5, dtype=mg.float64), parameters)
    assert all(p.dtype == mg.float64 for p in parameters)


def test_a_vector_that_is_too_short_changes_nothing():
    parameters = [mg.zeros(2, requires_grad=True), mg.zeros(2, requires_grad=True)]
    with pytest.raises(ValueError, match=r"4 numbers, the vector is of shape \(3,\)"):
        vector_to_parameters(mg.ones(3), parameters)
    assert [p.tolist() for p in parameters] == [[0.0, 0.0]] * 2


def test_an_optimiser_goes_on_with_the_new_values(device):
    found = []
    for through_vector in (False, True):
        p = [mg.ones(2, requires_grad=True), mg.full((3,), 2.0, requires_grad=True)]
        optimizer = mg.optim.SGD(p, lr=0.1, momentum=0.9)
        for _ in range(3):
            optimizer.zero_grad()
            ((p[0] ** 2).sum() + (p[1] ** 3).sum()).backward()
            optimizer.step()
            if through_vector:
                vector_to_parameters(parameters_to_vector(p).detach(), p)
        found.append([one.tolist() for one in p])
    assert found[0] == found[1]
