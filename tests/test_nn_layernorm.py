"""Layer norm: numbers recorded from PyTorch 2.13, accuracy, edge cases, errors."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.testing import assert_close, check_gradients

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [-0.5, 3.0, 1.0], [2.5, -2.0, 0.0]], "f4")
W = np.array([[1.0, 2.0, -1.0], [0.5, -1.0, 0.25], [2.0, 0.0, 1.0], [-1.5, 1.0, 0.5]], "f4")


def close(found, expected):
    assert_close(found.reshape(-1), np.array(expected, np.float32), rtol=2e-5, atol=1e-6)


def test_values_and_gradients_are_pytorchs(device):
    norm, x = nn.LayerNorm(3), mg.tensor(X, requires_grad=True)
    norm.load_state_dict({"weight": [1.0, 0.5, 2.0], "bias": [0.0, 1.0, -1.0]})
    y = norm(x)
    (y * mg.tensor(W)).sum().backward()
    close(y, [0.0, 0.3876296, 1.4494815, 1.2674931, 0.9547324, -3.3539155, -1.1624736, 1.6393604,
              -1.2324946, 1.2674985, 0.4115185, -1.1810712])  # fmt: skip
    close(x.grad, [0.8164939, -0.4082389, -0.408255, 0.3205842, -0.7213134, 0.4007292, -0.2262076,
                   -0.1696621, 0.3958697, -0.2226304, -0.278284, 0.5009144])  # fmt: skip
    close(norm.weight.grad, [-3.5924482, -3.5359092, -1.6804953])
    close(norm.bias.grad, [2.0, 2.0, 0.75])
    assert_close(norm.eval()(x), y)


def test_several_dimensions_are_normalised_together(device):
    norm = nn.LayerNorm((2, 3), eps=0.1, elementwise_affine=False)
    assert list(norm.parameters()) == []
    x = mg.tensor(X.reshape(2, 2, 3), requires_grad=True)
    y = norm(x)
    (y * mg.tensor(W.reshape(2, 2, 3))).sum().backward()
    close(y, [0.073641, -1.2518966, 1.3991786, 0.9573327, -0.1472819, -1.0309737, -0.665611,
              1.3312218, 0.1901745, 1.0459601, -1.5213965, -0.3803491])  # fmt: skip
    close(x.grad, [0.6634877, 0.8714714, -0.4281879, 0.6721137, -1.2165139, -0.5623711, 0.5759401,
                   0.2744291, 0.3652177, -0.7012901, -0.3543849, -0.1599117])  # fmt: skip


def test_any_leading_dimensions(device):
    norm, x = nn.LayerNorm(3), mg.tensor(X)
    y = norm(x)
    assert_close(norm(x.reshape(2, 1, 2, 3)), y.reshape(2, 1, 2, 3))
    assert_close(norm(x[0]), y[0], rtol=1e-6)
    assert norm(x[:0]).shape == (0, 3) and nn.LayerNorm(0)(mg.ones(2, 4, 0)).shape == (2, 4, 0)
    matrix = nn.LayerNorm((2, 3))
    assert matrix(x.reshape(2, 2, 3)[:0]).shape == (0, 2, 3)
    assert matrix.weight.shape == matrix.bias.shape == (2, 3)


@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 4, 3), (2, 2, 4, 3)])
def test_derivatives_with_one_of_weight_and_bias(shape, device):
    rng = np.random.default_rng(0)
    x, vector = rng.normal(size=shape), rng.normal(size=3)
    check_gradients(lambda x, w: F.layer_norm(x, 3, w), x, vector, device=device)
    check_gradients(lambda x, b: F.layer_norm(x, (3,), bias=b), x, vector, device=device)


def test_large_means_do_not_cancel(device):
    x = np.array([[4096.0, 4097.0, 4098.0, 4099.0]], np.float32)
    expected = (x - 4097.5) / np.sqrt(np.float32(1.25 + 1e-5))
    assert_close(nn.LayerNorm(4)(mg.tensor(x)), expected, rtol=1e-5)
    wide = (np.random.default_rng(0).normal(size=(8, 1000)) + 1000).astype(np.float32)
    exact = wide.astype(float) - wide.astype(float).mean(1, keepdims=True)
    exact /= np.sqrt((exact**2).mean(1, keepdims=True) + 1e-5)
    assert np.abs(nn.LayerNorm(1000)(mg.tensor(wide)).detach().cpu().numpy() - exact).max() < 3e-4


def test_equal_numbers_become_0(device):
    x = mg.full((2, 3), 5.0, requires_grad=True)
    y = nn.LayerNorm(3)(x)
    (y**2).sum().backward()
    assert y.tolist() == x.grad.tolist() == [[0.0] * 3] * 2


def test_a_sample_does_not_see_the_others():
    norm, x = nn.LayerNorm(3), mg.tensor(X)
    changed = x.clone()
    changed[1:] = 7.0
    assert norm(changed)[0].tolist() == norm(x)[0].tolist()


def test_parameters(device):
    norm = nn.LayerNorm([2, 3], device=device, dtype=mg.float64)
    assert list(norm.state_dict()) == ["weight", "bias"] and norm.weight.dtype == mg.float64
    assert str(norm.bias.device) == device
    norm.weight.data.fill_(2.0)
    norm.bias.data.fill_(2.0)
    norm.reset_parameters()
    assert norm.weight.tolist() == [[1.0] * 3] * 2 and norm.bias.tolist() == [[0.0] * 3] * 2
    assert list(nn.LayerNorm(3, bias=False).state_dict()) == ["weight"]
    assert list(nn.LayerNorm(3, elementwise_affine=False).state_dict()) == []


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.LayerNorm(3)(mg.ones(2, 4)), ValueError,
         r"input of shape \(\.\.\., 3\), got \(2, 4\) \(in module LayerNorm\)"),
        (lambda: nn.LayerNorm((2, 3))(mg.ones(3)), ValueError, r"\(\.\.\., 2, 3\), got \(3,\)"),
        (lambda: nn.LayerNorm(3)(mg.tensor(1.0)), ValueError, r"got \(\)"),
        (lambda: F.layer_norm(mg.ones(2, 3), ()), ValueError, "at least one dimension"),
        (lambda: F.layer_norm(mg.ones(2, 3), 3, mg.ones(2)), ValueError,
         r"weight and bias have to be of shape \(3,\), got \(2,\)"),
        (lambda: nn.LayerNorm(3)(mg.ones(2, 3, dtype=mg.float64)), RuntimeError, "one dtype.*float64"),
        (lambda: F.layer_norm(mg.ones(2, 3, dtype=mg.int64), 3), RuntimeError,
         r"floating input, got int64; use \.float\(\)"),
    ],
)  # fmt: skip
def test_errors(make, error, words):
    with pytest.raises(error, match=words):
        make()
