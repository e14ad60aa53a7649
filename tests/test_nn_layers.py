"""Layers: values, derivatives to second order, dtypes, initial values, errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.testing import assert_close, check_gradients

RECIPES = json.loads((Path(__file__).parent / "recorded" / "random_stream.json").read_text())[
    "recipes"
]
NEAR = np.array([[0.5, -1.2, 2.0], [1.5, 0.3, -0.7], [-0.4, 0.9, 1.1], [0.2, -0.6, -1.4]])

LAYERS = {
    "Linear": lambda: nn.Linear(3, 2),
    "Linear without bias": lambda: nn.Linear(3, 2, bias=False),
    "BatchNorm1d": lambda: nn.BatchNorm1d(3),
    "BatchNorm1d, options": lambda: nn.BatchNorm1d(3, eps=0.1, momentum=None, affine=False),
    "BatchNorm1d, no bias": lambda: nn.BatchNorm1d(3, bias=False),
    "BatchNorm1d, no tracking": lambda: nn.BatchNorm1d(3, track_running_stats=False),
    "Identity": nn.Identity,
    "Flatten": nn.Flatten,
    "ReLU": nn.ReLU,
    "LeakyReLU": lambda: nn.LeakyReLU(0.2),
    "ELU": lambda: nn.ELU(0.7),
    "GELU": nn.GELU,
    "GELU tanh": lambda: nn.GELU("tanh"),
    "SiLU": nn.SiLU,
    "Tanh": nn.Tanh,
    "Sigmoid": nn.Sigmoid,
    "LogSigmoid": nn.LogSigmoid,
    "Softplus": lambda: nn.Softplus(2.0),
    "Softmax": lambda: nn.Softmax(1),
    "LogSoftmax": lambda: nn.LogSoftmax(-1),
    "Dropout": lambda: nn.Dropout(0.4),
    "Sequential": lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh()),
}


def host(tensor):
    return np.array(tensor.detach().cpu().numpy())


def as_function(module):
    """Return ``f(x, *parameters)``, for derivatives with respect to the parameters too."""
    places = []
    for name, _ in module.named_parameters():
        path, _, last = name.rpartition(".")
        places.append((vars(module.get_submodule(path)), last))

    def function(x, *values):
        for (owner, name), value in zip(places, values, strict=True):
            owner[name] = value
        mg.manual_seed(0)  # the same elements are dropped each time
        return module(x)

    return function, [np.array(host(p), np.float64) for p in module.parameters()]


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_derivatives(name, training, device):
    module = LAYERS[name]().double().train(training)
    if isinstance(module, nn.BatchNorm1d) and module.running_mean is not None:
        module.running_mean.copy_(mg.tensor([0.3, -0.2, 0.1]))
        module.running_var.copy_(mg.tensor([0.5, 1.5, 2.0]))
    function, parameters = as_function(module)
    check_gradients(function, NEAR, *parameters, device=device)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name, training, device):
    module = LAYERS[name]().train(training)
    x = mg.tensor(NEAR, dtype=mg.float32, requires_grad=True)
    y = module(x)
    assert y.dtype == mg.float32
    assert str(y.device) == device
    (y * y).sum().backward()
    assert x.grad.dtype == mg.float32
    for p in module.parameters():
        assert p.grad.dtype == mg.float32 and p.grad.shape == p.shape
    for b in module.buffers():
        assert b.dtype in (mg.float32, mg.int64)


@pytest.mark.parametrize("name", LAYERS)
def test_no_layer_copies_to_the_host(name, transfers):
    mg.set_default_device("strict")
    module = LAYERS[name]()
    x = mg.tensor(NEAR, dtype=mg.float32, requires_grad=True)
    with transfers.forbidden():
        for _ in range(2):
            (module(x) ** 2).sum().backward()
        module.eval()
        (module(x) ** 2).sum().backward()


# Linear -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", RECIPES["linear"], ids=str)
def test_initial_weights_are_pytorchs(case):
    mg.manual_seed(case["seed"])
    layer = nn.Linear(case["fan_in"], case["fan_out"], dtype=case["dtype"])
    for tensor, recorded in ((layer.weight, case["weight"]), (layer.bias, case["bias"])):
        array = host(tensor)
        assert list(array.shape) == recorded["shape"] and array.dtype == recorded["dtype"]
        flat = array.ravel()
        if "values" in recorded:
            np.testing.assert_array_equal(flat, np.array(recorded["values"], array.dtype))
        else:
            np.testing.assert_array_equal(flat[:2], np.array(recorded["head"], array.dtype))
            np.testing.assert_array_equal(flat[-2:], np.array(recorded["tail"], array.dtype))
    assert mg.default_generator.random_int63() == case["next"]


def test_linear_takes_any_leading_dimensions(device):
    layer = nn.Linear(3, 2)
    x = mg.randn(5, 4, 3)
    expected = host(x) @ host(layer.weight).T + host(layer.bias)
    assert_close(layer(x), expected, rtol=1e-5, atol=1e-6)
    assert_close(layer(x[0, 0]), expected[0, 0], rtol=1e-5, atol=1e-6)
    assert layer(x[:0]).shape == (0, 4, 2)


def test_linear_without_features():
    layer = nn.Linear(0, 3)
    assert layer.bias.shape == (3,)
    assert_close(layer(mg.ones(2, 0)), np.broadcast_to(host(layer.bias), (2, 3)))


def test_linear_places_its_parameters(device):
    layer = nn.Linear(2, 3, device=device, dtype=mg.float64)
    assert str(layer.weight.device) == device and layer.bias.dtype == mg.float64


def test_linear_errors():
    with pytest.raises(ValueError, match=r"shape \(\.\.\., 3\).*\(2, 3\), got \(4, 5\).*Linear"):
        nn.Linear(3, 2)(mg.ones(4, 5))
    with pytest.raises(RuntimeError, match="one dtype.*float64"):
        nn.Linear(3, 2)(mg.ones(4, 3, dtype=mg.float64))
    with pytest.raises(ValueError, match=r"shape \(\.\.\., 3\).*got \(\)"):
        nn.Linear(3, 2)(mg.tensor(1.0))


# Dropout ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", RECIPES["dropout"], ids=str)
def test_dropout_draws_pytorchs_mask(case, device):
    mg.manual_seed(case["seed"])
    y = host(nn.Dropout(case["p"])(mg.ones(case["result"]["shape"])))
    np.testing.assert_array_equal(y[:2], np.array(case["result"]["head"], np.float32))
    np.testing.assert_array_equal(y[-2:], np.array(case["result"]["tail"], np.float32))


def test_dropout_drops_the_same_in_both_directions(device):
    x = mg.ones(1000, requires_grad=True)
    y = nn.Dropout(0.3)(x)
    y.sum().backward()
    assert_close(x.grad, y)
    kept = host(y) > 0
    assert 0.6 < kept.mean() < 0.8
    assert_close(host(y)[kept], np.full(kept.sum(), 1 / 0.7, np.float32), rtol=1e-6)


def test_dropout_at_the_ends():
    x = mg.ones(5)
    before = mg.get_rng_state()
    assert nn.Dropout(0.0)(x) is x and nn.Dropout().eval()(x) is x
    assert nn.Dropout(1.0)(x).tolist() == [0.0] * 5
    assert F.dropout(x, 0.5, training=False) is x
    assert (mg.get_rng_state() == before).all()
    for p in (-0.1, 1.5):
        with pytest.raises(ValueError, match="is a probability"):
            nn.Dropout(p)
        with pytest.raises(ValueError, match="is a probability"):
            F.dropout(x, p)


# Activations, shapes ------------------------------------------------------------------------------------


def test_values_of_activations(device):
    x = mg.tensor([-2.0, 0.0, 3.0])
    e = math.exp(-2)
    for layer, expected in [
        (nn.ReLU(), [0, 0, 3]),
        (nn.ReLU(inplace=True), [0, 0, 3]),
        (nn.LeakyReLU(), [-0.02, 0, 3]),
        (nn.ELU(0.5), [0.5 * (e - 1), 0, 3]),
        (nn.SiLU(), [-2 * e / (1 + e), 0, 3 / (1 + math.exp(-3))]),
        (nn.Sigmoid(), [e / (1 + e), 0.5, 1 / (1 + math.exp(-3))]),
        (nn.Softplus(), [math.log1p(e), math.log(2), 3 + math.log1p(math.exp(-3))]),
        (nn.GELU(), [-0.04550028, 0, 2.9959502]),  # PyTorch
        (nn.GELU("tanh"), [-0.04540229, 0, 2.9963627]),  # PyTorch
        (nn.Softmax(0), [0.00637746, 0.04712342, 0.94649917]),  # PyTorch
    ]:
        assert_close(layer(x), np.array(expected, np.float32), rtol=1e-5, atol=1e-7)
        assert host(x)[0] == -2.0


def test_slope_of_relu_at_zero_is_zero(device):
    x = mg.zeros(3, requires_grad=True)
    nn.ReLU()(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


def test_flatten_and_identity():
    x = mg.ones(2, 3, 4, 5)
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0, 1)(x).shape == (6, 4, 5)
    assert nn.Identity(54, unused=True)(x) is x


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Linear(2, 3, bias=False), "Linear(in_features=2, out_features=3, bias=False)"),
        (nn.Identity(), "Identity()"),
        (nn.ReLU(inplace=True), "ReLU(inplace=True)"),
        (nn.SiLU(), "SiLU()"),
        (nn.LeakyReLU(inplace=True), "LeakyReLU(negative_slope=0.01, inplace=True)"),
        (nn.ELU(), "ELU(alpha=1.0)"),
        (nn.GELU(), "GELU(approximate='none')"),
        (nn.Softplus(), "Softplus(beta=1.0, threshold=20.0)"),
        (nn.Softmax(1), "Softmax(dim=1)"),
        (nn.LogSoftmax(dim=1), "LogSoftmax(dim=1)"),
        (nn.Dropout(), "Dropout(p=0.5, inplace=False)"),
        (nn.CrossEntropyLoss(), "CrossEntropyLoss()"),
    ],
)
def test_repr_is_pytorchs(layer, text):
    assert repr(layer) == text


def test_functional_and_layers_agree(device):
    x = mg.tensor(NEAR, dtype=mg.float32)
    pairs = [
        (nn.ReLU(), F.relu), (nn.SiLU(), F.silu), (nn.ELU(), F.elu), (nn.GELU(), F.gelu),
        (nn.LeakyReLU(), F.leaky_relu), (nn.Softplus(), F.softplus), (nn.Tanh(), F.tanh),
        (nn.Sigmoid(), F.sigmoid), (nn.LogSigmoid(), F.logsigmoid),
        (nn.Softmax(1), lambda x: F.softmax(x, dim=1)),
        (nn.LogSoftmax(1), lambda x: F.log_softmax(x, dim=1)),
    ]  # fmt: skip
    for layer, function in pairs:
        assert_close(layer(x), function(x))
    assert F.softmax(mg.tensor([1, 2]), 0, dtype=mg.float64).dtype == mg.float64
    assert F.log_softmax(mg.tensor([1, 2]), 0, dtype=mg.float32).dtype == mg.float32
    assert F.one_hot(mg.tensor([1]), 3).tolist() == [[0, 1, 0]]
    assert F.pad(mg.ones(1), (0, 1)).tolist() == [1.0, 0.0]


def test_extreme_inputs_have_finite_values_and_slopes(device):
    for layer in (
        nn.Sigmoid(), nn.LogSigmoid(), nn.Softplus(), nn.Tanh(), nn.SiLU(), nn.GELU(), nn.ELU(),
        nn.Softmax(0), nn.LogSoftmax(0),
    ):  # fmt: skip
        x = mg.tensor([-1e4, -100.0, 0.0, 100.0, 1e4], requires_grad=True)
        y = layer(x)
        (g,) = mg.autograd.grad(y.sum(), x, create_graph=True)
        (h,) = mg.autograd.grad((g * g).sum() + y.sum(), x)
        for value in (y, g, h):
            assert np.isfinite(host(value)).all(), (layer, value)


# All together ---------------------------------------------------------------------------------------------


def test_training_follows_pytorch_step_by_step():
    """Losses of PyTorch 2.13 from the same seed: initial weights, data and gradients are the same."""
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    x, y = mg.randn(6, 3), mg.randint(0, 2, (6,))
    losses = []
    for _ in range(5):
        model.zero_grad()
        loss = nn.CrossEntropyLoss()(model(x), y)
        loss.backward()
        with mg.no_grad():
            for p in model.parameters():
                p -= 0.5 * p.grad
        losses.append(loss.item())
    expected = [0.7098345756, 0.6395285726, 0.6028254032, 0.5849468708, 0.5433375239]
    assert_close(np.array(losses), np.array(expected), rtol=1e-6)
