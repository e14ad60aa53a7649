"""Layers: values, derivatives to second order, dtypes, initial values, errors."""

import json
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

INDICES = np.array([[0, 2, 2], [1, 0, 3]])  # what embeddings are given

LAYERS = {
    "Linear": lambda: nn.Linear(3, 2),
    "Linear without bias": lambda: nn.Linear(3, 2, bias=False),
    "BatchNorm1d": lambda: nn.BatchNorm1d(3),
    "BatchNorm1d, options": lambda: nn.BatchNorm1d(3, eps=0.1, momentum=None, affine=False),
    "BatchNorm1d, no bias": lambda: nn.BatchNorm1d(3, bias=False),
    "BatchNorm1d, no tracking": lambda: nn.BatchNorm1d(3, track_running_stats=False),
    "BatchNorm1d, features first": lambda: nn.BatchNorm1d(4, features_first=True),
    "LayerNorm": lambda: nn.LayerNorm(3),
    "LayerNorm of a matrix": lambda: nn.LayerNorm((4, 3), eps=0.1),
    "LayerNorm, no bias": lambda: nn.LayerNorm(3, bias=False),
    "LayerNorm, plain": lambda: nn.LayerNorm(3, elementwise_affine=False),
    "Embedding": lambda: nn.Embedding(4, 3),
    "Embedding with padding": lambda: nn.Embedding(4, 3, padding_idx=2),
    "Identity": nn.Identity,
    "Flatten": nn.Flatten,
    "Unflatten": lambda: nn.Unflatten(0, (2, -1)),
    "ReLU": nn.ReLU,
    "ReLU6": nn.ReLU6,
    "LeakyReLU": lambda: nn.LeakyReLU(0.2),
    "PReLU": nn.PReLU,
    "PReLU of channels": lambda: nn.PReLU(3, init=0.1),
    "Threshold": lambda: nn.Threshold(0.4, -2.0),
    "ELU": lambda: nn.ELU(0.7),
    "CELU": lambda: nn.CELU(0.7),
    "SELU": nn.SELU,
    "GELU": nn.GELU,
    "GELU tanh": lambda: nn.GELU("tanh"),
    "SiLU": nn.SiLU,
    "Mish": nn.Mish,
    "Tanh": nn.Tanh,
    "Hardtanh": lambda: nn.Hardtanh(-0.8, 1.0),
    "Sigmoid": nn.Sigmoid,
    "LogSigmoid": nn.LogSigmoid,
    "Hardsigmoid": nn.Hardsigmoid,
    "Hardswish": nn.Hardswish,
    "Softplus": lambda: nn.Softplus(2.0),
    "Softsign": nn.Softsign,
    "Tanhshrink": nn.Tanhshrink,
    "Hardshrink": lambda: nn.Hardshrink(0.45),
    "Softshrink": lambda: nn.Softshrink(0.45),
    "Softmax": lambda: nn.Softmax(1),
    "Softmin": lambda: nn.Softmin(0),
    "LogSoftmax": lambda: nn.LogSoftmax(-1),
    "GLU": lambda: nn.GLU(0),
    "Dropout": lambda: nn.Dropout(0.4),
    "Sequential": lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh()),
}


def test_the_table_has_every_layer():
    classes = {getattr(nn, name) for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    others = {nn.Module, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict}
    layers = {one for one in classes - others if issubclass(one, nn.Module)}
    tested = {type(make()) for make in LAYERS.values()}
    missing = {one.__name__ for one in layers - tested}
    # Losses are in test_losses.py; a lazy layer is another one after its first call.
    assert {name for name in missing if not name.endswith("Loss") and name[:4] != "Lazy"} == set()


def given(name, dtype=mg.float32, scale=1.0):
    """Return what the layer is called with: numbers that require gradients, or indices."""
    if name.startswith("Embedding"):
        return mg.tensor(INDICES)
    return mg.tensor(scale * NEAR, dtype=dtype, requires_grad=True)


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
        module.running_mean.copy_(mg.tensor([0.3, -0.2, 0.1, 0.4][: module.num_features]))
        module.running_var.copy_(mg.tensor([0.5, 1.5, 2.0, 1.0][: module.num_features]))
    function, parameters = as_function(module)
    if name == "Embedding":
        check_gradients(lambda weight: function(given(name), weight), *parameters, device=device)
    elif name != "Embedding with padding":  # whose derivative is none, on purpose
        check_gradients(function, NEAR, *parameters, device=device)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name, training, device):
    module = LAYERS[name]().train(training)
    x = given(name)
    y = module(x)
    assert y.dtype == mg.float32
    assert str(y.device) == device
    (y * y).sum().backward()
    assert x.dtype == mg.int64 or x.grad.dtype == mg.float32
    for p in module.parameters():
        assert p.grad.dtype == mg.float32 and p.grad.shape == p.shape
    for b in module.buffers():
        assert b.dtype in (mg.float32, mg.int64)


@pytest.mark.parametrize("name", LAYERS)
def test_no_layer_copies_to_the_host(name, transfers):
    mg.set_default_device("strict")
    module = LAYERS[name]()
    x = given(name)
    with transfers.forbidden():
        for training in (True, True, False):
            loss = (module.train(training)(x) ** 2).sum()
            if loss.requires_grad:
                loss.backward()


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_extreme_inputs_have_finite_values_and_slopes(name, training, device):
    for scale in (1e4, -1e4):
        module, x = LAYERS[name]().train(training), given(name, scale=scale)
        y = module(x)
        values, wanted = [y], [one for one in (x, *module.parameters()) if one.requires_grad]
        if wanted:
            first = mg.autograd.grad(y.sum(), wanted, create_graph=True)
            total = y.sum() + sum((g * g).sum() for g in first)
            values += [*first, *mg.autograd.grad(total, wanted)]
        for value in values:
            assert np.isfinite(host(value)).all(), value


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
    y = layer(mg.ones(2, 4, 0))
    y.sum().backward()
    assert y.shape == (2, 4, 3) and layer.weight.grad.shape == (3, 0)


def test_linear_places_its_parameters(device):
    layer = nn.Linear(2, 3, device=device, dtype=mg.float64)
    assert str(layer.weight.device) == device and layer.bias.dtype == mg.float64


def test_linear_with_a_vector_for_a_weight(device):
    """As in PyTorch: one output, without a dimension of its own."""
    for shape in ((3,), (2, 3), (3, 3), (2, 4, 3)):
        inputs = [
            mg.randn(*shape, dtype=mg.float64),
            mg.randn(3, dtype=mg.float64),
            mg.randn((), dtype=mg.float64),
        ]
        assert nn.functional.linear(*inputs).shape == shape[:-1]
        check_gradients(nn.functional.linear, *[host(one) for one in inputs])


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


# Shapes, all layers ------------------------------------------------------------------------------------


def test_flatten_and_identity():
    x = mg.ones(2, 3, 4, 5)
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0, 1)(x).shape == (6, 4, 5)
    assert nn.Identity(54, unused=True)(x) is x
    assert nn.Unflatten(-1, (5, 1))(x).shape == (2, 3, 4, 5, 1)
    assert nn.Unflatten(3, [-1, 1])(x).shape == (2, 3, 4, 5, 1)


def test_unflatten_errors():
    with pytest.raises(TypeError, match="has to be a tuple of integers, got 6"):
        nn.Unflatten(1, 6)
    with pytest.raises(TypeError, match="expected an integer, got 3.0"):
        nn.Unflatten(1, (2, 3.0))
    with pytest.raises(ValueError, match=r"reshape.*\(5, 7\)"):
        nn.Unflatten(1, (2, 3))(mg.ones(5, 7))


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
        (nn.LogSoftmax(), "LogSoftmax(dim=None)"),
        (nn.Hardtanh(-2, 2.0, True), "Hardtanh(min_val=-2, max_val=2.0, inplace=True)"),
        (nn.Threshold(0.1, 20), "Threshold(threshold=0.1, value=20)"),
        (nn.Softshrink(), "Softshrink(0.5)"),
        (nn.PReLU(3, 0.1), "PReLU(num_parameters=3)"),
        (nn.GLU(), "GLU(dim=-1)"),
        (nn.Unflatten(1, (2, 3)), "Unflatten(dim=1, unflattened_size=(2, 3))"),
        (nn.LayerNorm((2, 3), bias=False),
         "LayerNorm((2, 3), eps=1e-05, elementwise_affine=True, bias=False)"),
        (nn.Embedding(3, 2), "Embedding(3, 2)"),
        (nn.Embedding(3, 2, padding_idx=-1), "Embedding(3, 2, padding_idx=2)"),
        (nn.Dropout(), "Dropout(p=0.5, inplace=False)"),
        (nn.CrossEntropyLoss(), "CrossEntropyLoss()"),
    ],
)  # fmt: skip
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
        (nn.Softmin(1), lambda x: F.softmin(x, dim=1)), (nn.GLU(0), lambda x: F.glu(x, 0)),
        (nn.ReLU6(), F.relu6), (nn.SELU(), F.selu), (nn.CELU(), F.celu), (nn.Mish(), F.mish),
        (nn.Hardtanh(), F.hardtanh), (nn.Hardsigmoid(), F.hardsigmoid),
        (nn.Hardswish(), F.hardswish), (nn.Softsign(), F.softsign),
        (nn.Tanhshrink(), F.tanhshrink), (nn.Hardshrink(), F.hardshrink),
        (nn.Softshrink(), F.softshrink), (nn.Threshold(0, 1), lambda x: F.threshold(x, 0, 1)),
        (nn.PReLU(), lambda x: F.prelu(x, mg.tensor(0.25))),
        (nn.LayerNorm(3), lambda x: F.layer_norm(x, 3)),
        (nn.Flatten(), lambda x: x.flatten(1)), (nn.Unflatten(0, (2, 2)), lambda x: x.unflatten(0, (2, 2))),
    ]  # fmt: skip
    for layer, function in pairs:
        assert_close(layer(x), function(x))
    assert F.softmax(mg.tensor([1, 2]), 0, dtype=mg.float64).dtype == mg.float64
    assert F.log_softmax(mg.tensor([1, 2]), 0, dtype=mg.float32).dtype == mg.float32
    assert F.one_hot(mg.tensor([1]), 3).tolist() == [[0, 1, 0]]
    assert F.pad(mg.ones(1), (0, 1)).tolist() == [1.0, 0.0]


# Lengths and distances --------------------------------------------------------------------------------


def test_lengths_and_distances_are_pytorchs(device):
    a = mg.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [-0.5, 3.0, 1.0], [2.5, -2.0, 0.0]])
    b = mg.tensor([[1.0, 2.0, -1.0], [0.5, -1.0, 0.25], [2.0, 0.0, 1.0], [-1.5, 1.0, 0.5]])
    for found, expected in [  # of PyTorch 2.13
        (F.normalize(a[:2]), [0.2182179, -0.4364358, 0.8728715, 0.8846517, 0.147442, -0.4423259]),
        (F.normalize(a, p=1.0, dim=0)[0], [0.1, -0.16, 0.5333334]),
        (F.cosine_similarity(a, b), [-0.6236095, 0.1608723, 0.0, -0.9600014]),
        (F.cosine_similarity(a, b[0], dim=-1), [-0.6236095, 0.6621221, 0.573819, -0.1912731]),
        (F.pairwise_distance(a, b), [4.2720017, 1.8874593, 3.9051249, 5.0249376]),
        (F.pairwise_distance(a, b[0], 1.0, keepdim=True), [6.499999, 2.500001, 4.500001, 6.500001]),
    ]:  # fmt: skip
        assert_close(found.reshape(-1), np.array(expected, np.float32), rtol=2e-6, atol=1e-6)
    assert F.pairwise_distance(a, b, keepdim=True).shape == (4, 1)
    zero = mg.zeros(2, 3, requires_grad=True)
    (F.normalize(zero) + F.cosine_similarity(zero, zero)[:, None]).sum().backward()
    assert np.isfinite(host(zero.grad)).all()


def test_derivatives_of_lengths_and_distances(device):
    other = NEAR[::-1] * 0.7 + 0.1
    for function, inputs in [
        (F.normalize, [NEAR]),
        (lambda x: F.normalize(x, 3.0, 0), [NEAR]),
        (F.cosine_similarity, [NEAR, other]),
        (lambda x, y: F.cosine_similarity(x, y, dim=-1), [NEAR, other[0]]),
        (F.pairwise_distance, [NEAR, other]),
    ]:
        check_gradients(function, *inputs, device=device)


# All together ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm, nn.Identity])
def test_hidden_units_can_change_places(norm):
    """A network's output is the same for each order of its hidden units (document 004)."""
    model = nn.Sequential(nn.Linear(3, 5), norm(5), nn.Tanh(), nn.Linear(5, 2)).double()
    for p in model.parameters():
        p.data.normal_()
    x, order = mg.tensor(NEAR), mg.tensor([3, 0, 4, 2, 1])
    y = model(x)
    first, middle, _, last = model
    for vector in (first.weight, first.bias, *middle.parameters()):
        vector.data = vector.data[order]
    last.weight.data = last.weight.data[:, order]
    assert_close(model(x), y, rtol=1e-12, atol=1e-14)
    last.weight.data = last.weight.data[
        :, order
    ]  # once more, only there: now it is another network
    assert np.abs(host(model(x) - y)).max() > 0.1


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


def test_lengths_that_no_linear_layer_has_and_modules_in_a_list():
    for make, kind, words in [
        (lambda: nn.Linear(2.0, 3), TypeError, "^Linear: in_features has to be an integer, got 2.0; n // 2 is one"),
        (lambda: nn.Linear(2, "3"), TypeError, "^Linear: out_features has to be an integer, got '3'$"),
        (lambda: nn.Linear(-2, 3), ValueError, "^Linear: in_features cannot be negative, got -2$"),
        (lambda: nn.LazyLinear(6 / 2), TypeError, "^LazyLinear: out_features has to be an integer, got 3.0"),
        (lambda: nn.Embedding(5, 2.0), TypeError, "^Embedding: embedding_dim has to be an integer"),
        (lambda: nn.Embedding(-5, 2), ValueError, "^Embedding: num_embeddings cannot be negative"),
        (lambda: nn.BatchNorm1d(3.0), TypeError, "^BatchNorm1d: num_features has to be an integer"),
        (lambda: nn.ModuleList(nn.Tanh()), TypeError, r"got one Tanh; write ModuleList\(\[...\]\)$"),
        (lambda: nn.Sequential(nn.Tanh), TypeError, r"got the class Tanh; write Tanh\(...\)$"),
    ]:  # fmt: skip
        with pytest.raises(kind, match=words):
            make()
    with pytest.raises(TypeError, match=r"got one list of them; write Sequential\(\*modules\)$"):
        nn.Sequential([nn.Linear(2, 3), nn.Tanh()])
