"""Activations: values and slopes beside PyTorch's at their kinks, which dimension, errors."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.testing import assert_close

RECORDED = [  # layer, inputs with every kink among them, PyTorch's values, and slopes of their sum
    (nn.ReLU(), [-1, 0, 1], [0, 0, 1], [0, 0, 1]),
    (nn.ReLU(inplace=True), [-1, 0, 1], [0, 0, 1], [0, 0, 1]),
    (nn.ReLU6(), [-1, 0, 2, 6, 7], [0, 0, 2, 6, 6], [0, 0, 1, 0, 0]),
    (nn.LeakyReLU(0.2), [-1, 0, 1], [-0.2, 0, 1], [0.2, 0.2, 1]),
    (nn.PReLU(), [-2, 0, 3], [-0.5, 0, 3], [0.25, 0.25, 1]),
    (nn.Threshold(0.5, 9), [0.25, 0.5, 0.75], [9, 9, 0.75], [0, 0, 1]),
    (nn.ELU(0.5), [-1, 0, 1], [-0.3160603, 0, 1], [0.1839397, 0.5, 1]),
    (nn.CELU(0.5), [-2, 0, 1], [-0.4908422, 0, 1], [0.0183156, 1, 1]),
    (nn.CELU(-0.5), [-1, 0, 1], [-3.1945281, 0, 1], [7.3890561, 1, 1]),
    (nn.SELU(), [-2, 0, 1], [-1.5201665, 0, 1.050701], [0.2379329, 1.7580993, 1.050701]),
    (nn.GELU(), [-2, 0, 3], [-0.0455003, 0, 2.9959502], [-0.0852318, 0.5, 1.0119461]),
    (nn.GELU("tanh"), [-2, 0, 3], [-0.0454023, 0, 2.9963627], [-0.0860992, 0.5, 1.0115842]),
    (nn.SiLU(), [-2, 0, 3], [-0.2384058, 0, 2.8577223], [-0.0907842, 0.5, 1.0881044]),
    (nn.Mish(), [-2, 0, 1, 25], [-0.2525015, 0, 0.8650984, 25], [-0.1083551, 0.6, 1.0490363, 1]),
    (nn.Softplus(), [-2, 0, 3, 21], [0.126928, 0.6931472, 3.0485873, 21], [0.1192029, 0.5, 0.9525741, 1]),
    (nn.Hardtanh(-1, 2), [-2, -1, 0.5, 2, 3], [-1, -1, 0.5, 2, 2], [0, 0, 1, 0, 0]),
    (nn.Hardsigmoid(), [-4, -3, 0, 3, 4], [0, 0, 0.5, 1, 1], [0, 0, 0.1666667, 0, 0]),
    (nn.Hardswish(), [-4, -3, -1, 3, 4], [0, 0, -0.3333333, 3, 4], [0, 0, 0.1666667, 1, 1]),
    (nn.Sigmoid(), [-2, 0, 3], [0.1192029, 0.5, 0.9525741], [0.1049936, 0.25, 0.0451767]),
    (nn.Softsign(), [-3, 0, 1], [-0.75, 0, 0.5], [0.0625, 1, 0.25]),
    (nn.Tanhshrink(), [-2, 0, 1], [-1.0359724, 0, 0.2384058], [0.9293492, 0, 0.5800257]),
    (nn.Hardshrink(), [-1, -0.5, 0, 0.5, 1], [-1, 0, 0, 0, 1], [1, 0, 0, 0, 1]),
    (nn.Softshrink(), [-1, -0.5, 0, 0.5, 1], [-0.5, 0, 0, 0, 0.5], [1, 0, 0, 0, 1]),
    (nn.GLU(), [1, 2, 0, -3], [0.5, 0.0948517], [0.5, 0.0474259, 0.25, 0.0903533]),
    (nn.Softmax(0), [-2, 0, 3], [0.0063775, 0.0471234, 0.9464992], [0, 0, 0]),
    (nn.Softmin(0), [-1, 0, 1], [0.6652409, 0.2447285, 0.0900306], [0, 0, 0]),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize(
    "look", [lambda x: x, lambda x: x.T, lambda x: x[:, ::2], lambda x: x[:0], lambda x: x[1, 2]]
)
def test_relu_does_not_care_how_its_input_lies_in_memory(look, dtype):
    array = look(np.arange(-6, 6).reshape(3, 4).astype(dtype))
    before = np.copy(array)
    out = F.relu(mg.from_numpy(np.asarray(array)))
    assert out.dtype == dtype and out.shape == array.shape
    np.testing.assert_array_equal(out.numpy(), np.where(before > 0, before, 0))
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize(
    ("layer", "x", "values", "slopes"), RECORDED, ids=lambda one: repr(one)[:9]
)
def test_values_and_slopes_are_pytorchs(layer, x, values, slopes, device):
    x = mg.tensor(x, dtype=mg.float32, requires_grad=True)
    before = x.tolist()
    y = layer.to(device)(x)
    y.sum().backward()
    assert_close(y, np.array(values, np.float32), rtol=2e-6, atol=1e-7)
    assert_close(x.grad, np.array(slopes, np.float32), rtol=2e-6, atol=1e-7)
    assert x.tolist() == before


@pytest.mark.parametrize(
    "function",
    [F.relu, F.relu6, F.hardtanh, F.hardswish, F.celu, F.selu, F.hardshrink, F.softshrink, F.mish,
     lambda x: F.threshold(x, 0.0, 1.0), lambda x: F.prelu(x, mg.tensor(0.25))],
)  # fmt: skip
def test_nan_stays_nan(function):
    assert np.isnan(function(mg.tensor([np.nan, 1.0])).numpy()).tolist() == [True, False]


# Dimensions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["softmax", "softmin", "log_softmax"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_without_a_dimension_pytorchs_is_taken_with_a_warning(name, shape):
    x = mg.randn(shape)
    dim = 0 if len(shape) in (0, 1, 3) else 1
    function = getattr(F, name)
    layer = {"softmax": nn.Softmax, "softmin": nn.Softmin, "log_softmax": nn.LogSoftmax}[name]()
    for implicit in (function, layer):
        with pytest.warns(UserWarning, match=f"^{name}: no dim was given.*dim={dim}$") as seen:
            y = implicit(x)
        assert len(seen) == 1
        assert_close(y, function(x, dim))
        assert seen[0].filename == __file__
    assert repr(layer).endswith("(dim=None)")


def test_the_warning_points_at_the_call():
    with pytest.warns(UserWarning) as seen:
        F.softmin(mg.ones(2))
    assert seen[0].filename == __file__


def test_softmax_converts_first():
    assert F.softmax(mg.tensor([1, 2]), 0, dtype=mg.float64).dtype == mg.float64
    assert F.softmin(mg.tensor([1, 2]), 0, dtype=mg.float64).dtype == mg.float64


def test_glu_halves_any_dimension(device):
    x = mg.randn(2, 4, 3)
    expected = x[:, :2] * x[:, 2:].sigmoid()
    for dim in (1, -2):
        assert_close(nn.GLU(dim)(x), expected)
    assert nn.GLU(0)(mg.ones(0, 3)).shape == (0, 3)


# PReLU ------------------------------------------------------------------------------------------------


def test_prelu_has_a_slope_for_each_channel(device):
    layer = nn.PReLU(3)
    layer.load_state_dict({"weight": [0.5, 0.0, -1.0]})
    x = mg.full((2, 3, 2), -2.0)
    y = layer(x)
    assert y.tolist() == [[[-1.0, -1.0], [0.0, 0.0], [2.0, 2.0]]] * 2
    y.sum().backward()
    assert layer.weight.grad.tolist() == [-8.0] * 3
    assert layer(x[:, :, 0]).tolist() == [[-1.0, 0.0, 2.0]] * 2
    assert F.prelu(mg.tensor(-2.0), mg.tensor([0.5])).tolist() == -1.0
    layer.reset_parameters()
    assert layer.weight.tolist() == [0.25] * 3


def test_prelu_places_its_weight(device):
    layer = nn.PReLU(2, device=device, dtype=mg.float64)
    assert str(layer.weight.device) == device and layer.weight.dtype == mg.float64


# Errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.PReLU(2)(mg.ones(2, 3)), ValueError,
         r"one for each of 3 channels.*weights of shape \(2,\).*\(2, 3\) \(in module PReLU\)"),
        (lambda: F.prelu(mg.ones(3), mg.ones(3)), ValueError, "one for each of 1 channels"),
        (lambda: F.prelu(mg.ones(3), mg.ones(1, 1)), ValueError, r"shape \(1, 1\)"),
        (lambda: nn.PReLU()(mg.ones(3, dtype=mg.float64)), RuntimeError, "float64, the weight float32"),
        (lambda: nn.GLU()(mg.ones(2, 3)), ValueError,
         r"glu: dimension -1 has to be of even length, got shape \(2, 3\) \(in module GLU\)"),
        (lambda: F.glu(mg.tensor(1.0)), ValueError, r"even length, got shape \(\)"),
        (lambda: F.glu(mg.ones(2), 1), IndexError, "dimension 1"),
        (lambda: F.celu(mg.ones(2), 0.0), ValueError, "alpha cannot be 0"),
        (lambda: nn.Hardtanh(1, 1), ValueError, "less than max_val, got 1 and 1"),
        (lambda: F.hardtanh(mg.ones(2), 2, 1), ValueError, "min_val 2 is greater than max_val 1"),
        (lambda: F.softshrink(mg.ones(2), -1.0), ValueError, "lambd cannot be negative, got -1.0"),
        (lambda: F.gelu(mg.ones(2), "erf"), ValueError, "'none' or 'tanh'"),
    ],
)  # fmt: skip
def test_errors(make, error, words):
    with pytest.raises(error, match=words):
        make()
