"""Layers beside PyTorch's, where it is installed: value, gradient, second order, state.

PyTorch is no dependency of the tests: without it, this file is skipped.
"""

import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing import assert_close

torch = pytest.importorskip("torch", reason="PyTorch is not installed (it is no test dependency)")

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(6, 4))
DEEP = RNG.normal(size=(3, 4, 5))
WORDS = np.array([[0, 4, 4], [5, 2, 0]])

LAYERS = {
    "Linear": ("Linear(4, 3)", ROWS),
    "Linear in 3-D": ("Linear(5, 3)", DEEP),
    "Linear without bias": ("Linear(4, 3, bias=False)", ROWS),
    "BatchNorm1d": ("BatchNorm1d(4)", ROWS),
    "BatchNorm1d in 3-D": ("BatchNorm1d(4)", DEEP),
    "BatchNorm1d cumulative": ("BatchNorm1d(4, momentum=None, eps=0.01)", ROWS),
    "BatchNorm1d plain": ("BatchNorm1d(4, affine=False, track_running_stats=False)", ROWS),
    "LayerNorm": ("LayerNorm(4)", ROWS),
    "LayerNorm of matrices": ("LayerNorm((4, 5), eps=0.01)", DEEP),
    "LayerNorm in 3-D": ("LayerNorm([5], bias=False)", DEEP),
    "LayerNorm plain": ("LayerNorm(5, elementwise_affine=False)", DEEP),
    "Embedding": ("Embedding(6, 3)", WORDS),
    "Embedding with padding": ("Embedding(6, 3, padding_idx=-2)", WORDS),
    "ReLU": ("ReLU()", ROWS),
    "LeakyReLU": ("LeakyReLU(0.2)", ROWS),
    "ELU": ("ELU(0.5)", ROWS),
    "GELU": ("GELU()", ROWS),
    "GELU tanh": ("GELU('tanh')", ROWS),
    "SiLU": ("SiLU()", ROWS),
    "Tanh": ("Tanh()", ROWS),
    "Sigmoid": ("Sigmoid()", ROWS),
    "LogSigmoid": ("LogSigmoid()", ROWS),
    "Softplus": ("Softplus(2.0, 1.0)", ROWS),
    "ReLU6": ("ReLU6()", 5 * ROWS),
    "PReLU": ("PReLU()", DEEP),
    "PReLU of channels": ("PReLU(4, init=0.1)", DEEP),
    "PReLU of columns": ("PReLU(4)", ROWS),
    "Threshold": ("Threshold(0.1, 20)", ROWS),
    "CELU": ("CELU(0.5)", ROWS),  # PyTorch takes 1 / alpha in float32, so 0.6 would differ by 1e-8
    "CELU turned over": ("CELU(-0.5)", ROWS),
    "SELU": ("SELU()", ROWS),
    "Mish": ("Mish()", 5 * ROWS),
    "Hardtanh": ("Hardtanh(-0.5, 0.7)", ROWS),
    "Hardswish": ("Hardswish()", 3 * ROWS),
    "Softsign": ("Softsign()", ROWS),
    "Tanhshrink": ("Tanhshrink()", ROWS),
    "Hardshrink": ("Hardshrink()", ROWS),
    "Softshrink": ("Softshrink(0.3)", ROWS),
    "Softmin": ("Softmin(dim=0)", ROWS),
    "GLU": ("GLU(1)", DEEP),
    "Unflatten": ("Unflatten(1, (2, -1))", DEEP),
    "Softmax": ("Softmax(dim=1)", DEEP),
    "LogSoftmax": ("LogSoftmax(dim=-1)", DEEP),
    "Flatten": ("Flatten()", DEEP),
    "Dropout": ("Dropout(0.3)", ROWS),
    "Sequential": ("Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 2))", ROWS),
    "ModuleList": ("ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()])", None),
    "ModuleDict": ("ModuleDict({'a': nn.Linear(2, 2), 'b': nn.ReLU()})", None),
    "nested": ("Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(True), nn.Flatten()), nn.Sequential())", ROWS),
    "slice": ("Sequential(nn.ReLU(), nn.Linear(4, 4), nn.BatchNorm1d(4))[1:]", ROWS),
}  # fmt: skip


def make(text, m):
    return eval(f"nn.{text}", {"nn": m.nn})


def derivatives(m, function, x, parameters):
    """Return value, gradients, and gradients of a number made of the gradients, as arrays."""
    y = function(x)
    weights = m.tensor(np.cos(np.arange(y.numel())).reshape(tuple(y.shape)))
    variables = [one for one in (x, *parameters) if one.requires_grad]
    first = m.autograd.grad((y * weights).sum(), variables, create_graph=True, allow_unused=True)
    slope = sum(
        (g * m.tensor(np.sin(1.0 + np.arange(g.numel())).reshape(tuple(g.shape)))).sum()
        for g in first
        if g is not None
    )
    second = [None] * len(variables)
    if slope.requires_grad:
        second = m.autograd.grad(slope, variables, allow_unused=True)
    return [y, *first, *second]


def compare(ours, theirs):
    for pair in zip(ours, theirs, strict=True):
        # Where nothing flows, one library may say None and the other 0.
        a, b = (0.0 if one is None else one.numpy(force=True) for one in pair)
        assert_close(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, training):
    text, x = LAYERS[name]
    mg.manual_seed(3)
    torch.manual_seed(3)
    ours, theirs = make(text, mg), make(text, torch)
    assert repr(ours) == repr(theirs)
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    for key, tensor in ours.state_dict().items():
        assert_close(tensor, state[key].numpy(), rtol=0, atol=1e-7)
    ours.double().train(training)
    theirs.double().train(training)
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    if x is None:
        return
    for _ in range(2):
        found = [
            derivatives(
                m, module, m.tensor(x, requires_grad=x.dtype.kind == "f"), list(module.parameters())
            )
            for m, module in ((mg, ours), (torch, theirs))
        ]
        compare(*found)
    state = theirs.state_dict()
    for key, tensor in ours.state_dict().items():
        assert_close(tensor, state[key].numpy(), rtol=1e-12, atol=1e-14)
    theirs.load_state_dict(
        {key: torch.from_numpy(copy.copy(t.numpy())) for key, t in ours.state_dict().items()}
    )


KINKS = {
    "relu": [0.0], "relu6": [0.0, 6.0], "leaky_relu": [0.0], "elu": [0.0], "celu": [0.0],
    "selu": [0.0], "hardtanh": [-1.0, 1.0], "hardsigmoid": [-3.0, 3.0], "hardswish": [-3.0, 3.0],
    "hardshrink": [-0.5, 0.5], "softshrink": [-0.5, 0.5], "softsign": [0.0], "softplus": [20.0],
    "mish": [20.0],
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_slopes_at_kinks(name):
    """The first order only: PyTorch has no second derivative of hardsigmoid (and 1/6 in float32)."""
    found = []
    for m in (mg, torch):
        x = m.tensor([*KINKS[name], 0.25, -0.25], dtype=m.float64, requires_grad=True)
        y = getattr(m.nn.functional, name)(x)
        y.sum().backward()
        found.append((y.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*found, strict=True):
        assert_close(ours, theirs, rtol=1e-7, atol=1e-11)


INITIAL = [
    ("uniform_", {"a": -1.0, "b": 0.5}), ("normal_", {"mean": 1.0, "std": 0.3}), ("constant_", {"val": 0.3}),
    ("ones_", {}), ("zeros_", {}), ("eye_", {}), ("xavier_uniform_", {"gain": 1.5}), ("xavier_normal_", {}),
    ("kaiming_uniform_", {"a": 0.3}), ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("orthogonal_", {}), ("orthogonal_", {"gain": 0.7}), ("trunc_normal_", {}),
    ("trunc_normal_", {"std": 0.02, "a": -0.03, "b": 0.01}), ("trunc_normal_", {"a": 1.5, "b": 4.0}),
    ("trunc_normal_", {"mean": 1.0, "std": 2.0, "a": 3.0, "b": 3.5}),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (20, 30), (1, 7), (5, 4, 3, 3)], ids=str)
@pytest.mark.parametrize(("name", "options"), INITIAL, ids=str)
def test_initial_values(name, options, shape, dtype):
    shape = shape[:2] if name == "eye_" else shape
    found = []
    for m in (mg, torch):
        m.manual_seed(4)
        weight = m.empty(*shape, dtype=getattr(m, dtype))
        getattr(m.nn.init, name)(weight, **options)
        found.append((weight.numpy(), m.rand(1).item()))  # with the number that is drawn next
    (ours, after), (theirs, expected) = found
    rounding = 20 if name == "orthogonal_" else 1
    assert_close(ours, theirs, rtol=0, atol=rounding * np.finfo(dtype).eps)
    assert after == expected


def test_gains():
    names = ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
    names += [f"conv{way}{n}d" for way in ("", "_transpose") for n in (1, 2, 3)]
    for name in names:
        assert mg.nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)


@pytest.mark.parametrize(
    ("name", "options"),
    [("normalize", {}), ("normalize", {"p": 3.0, "dim": 0}), ("normalize", {"p": 1, "dim": -1})],
    ids=str,
)
def test_lengths(name, options):
    compare(
        *(
            derivatives(
                m,
                lambda x, m=m: getattr(m.nn.functional, name)(x, **options),
                m.tensor(ROWS, requires_grad=True),
                [],
            )
            for m in (mg, torch)
        )
    )


@pytest.mark.parametrize("name", ["cosine_similarity", "pairwise_distance"])
@pytest.mark.parametrize("shape", [(6, 4), (4,), (1, 4)], ids=str)
def test_distances(name, shape):
    other = np.sin(np.arange(1, 1 + np.prod(shape))).reshape(shape)
    compare(
        *(
            derivatives(
                m,
                lambda x, m=m: getattr(m.nn.functional, name)(x, m.tensor(other)),
                m.tensor(ROWS, requires_grad=True),
                [],
            )
            for m in (mg, torch)
        )
    )
