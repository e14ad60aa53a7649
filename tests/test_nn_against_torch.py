"""Layers and losses beside PyTorch's, where it is installed: value, gradient, second order, state.

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

LAYERS = {
    "Linear": ("Linear(4, 3)", ROWS),
    "Linear in 3-D": ("Linear(5, 3)", DEEP),
    "Linear without bias": ("Linear(4, 3, bias=False)", ROWS),
    "BatchNorm1d": ("BatchNorm1d(4)", ROWS),
    "BatchNorm1d in 3-D": ("BatchNorm1d(4)", DEEP),
    "BatchNorm1d cumulative": ("BatchNorm1d(4, momentum=None, eps=0.01)", ROWS),
    "BatchNorm1d plain": ("BatchNorm1d(4, affine=False, track_running_stats=False)", ROWS),
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

CLASSES = RNG.integers(0, 4, 6)
DEEP_CLASSES = RNG.integers(0, 4, (3, 5))
SHARES = RNG.dirichlet(np.ones(4), 6)
PROBABILITIES = RNG.uniform(0.01, 0.99, (6, 4))
TARGETS = RNG.uniform(0, 1, (6, 4))

LOSSES = [
    ("MSELoss()", ROWS, TARGETS),
    ("MSELoss(reduction='sum')", ROWS, TARGETS),
    ("L1Loss()", ROWS, TARGETS),
    ("BCELoss()", PROBABILITIES, TARGETS),
    ("BCELoss(weight=w)", PROBABILITIES, TARGETS),
    ("BCEWithLogitsLoss()", ROWS, TARGETS),
    ("BCEWithLogitsLoss(weight=w, pos_weight=w + 1)", ROWS, TARGETS),
    ("NLLLoss()", ROWS, CLASSES),
    ("NLLLoss(weight=w, ignore_index=2)", ROWS, CLASSES),
    ("NLLLoss(reduction='none')", DEEP, DEEP_CLASSES),
    ("CrossEntropyLoss()", ROWS, CLASSES),
    ("CrossEntropyLoss(reduction='sum')", ROWS, CLASSES),
    ("CrossEntropyLoss(reduction='none')", DEEP, DEEP_CLASSES),
    ("CrossEntropyLoss(weight=w, ignore_index=1, label_smoothing=0.2)", ROWS, CLASSES),
    ("CrossEntropyLoss(weight=w, label_smoothing=0.2)", DEEP, DEEP_CLASSES),
    ("CrossEntropyLoss()", ROWS, SHARES),
    ("CrossEntropyLoss(weight=w, label_smoothing=0.2)", ROWS, SHARES),
]


def make(text, m):
    weight = m.tensor([0.3, 1.0, 2.0, 0.5], dtype=m.float64)
    return eval(f"nn.{text}", {"nn": m.nn, "w": weight})


def derivatives(m, function, x, parameters):
    """Return value, gradients, and gradients of a number made of the gradients, as arrays."""
    y = function(x)
    weights = m.tensor(np.cos(np.arange(y.numel())).reshape(tuple(y.shape)))
    variables = [x, *parameters]
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
            derivatives(m, module, m.tensor(x, requires_grad=True), list(module.parameters()))
            for m, module in ((mg, ours), (torch, theirs))
        ]
        compare(*found)
    state = theirs.state_dict()
    for key, tensor in ours.state_dict().items():
        assert_close(tensor, state[key].numpy(), rtol=1e-12, atol=1e-14)
    theirs.load_state_dict(
        {key: torch.from_numpy(copy.copy(t.numpy())) for key, t in ours.state_dict().items()}
    )


@pytest.mark.parametrize(("text", "x", "y"), LOSSES)
def test_losses(text, x, y):
    found = [
        derivatives(
            m, lambda x, m=m: make(text, m)(x, m.tensor(y)), m.tensor(x, requires_grad=True), []
        )
        for m in (mg, torch)
    ]
    compare(*found)
    assert repr(make(text, mg)) == repr(make(text, torch))


def test_bce_at_its_bounds():
    p, y = [0.0, 0.0, 1.0, 1.0, 1e-30, 1 - 1e-7], [0.0, 1.0, 1.0, 0.0, 1.0, 0.0]
    found = []
    for m in (mg, torch):
        x = m.tensor(p, requires_grad=True)
        loss = m.nn.BCELoss(reduction="none")(x, m.tensor(y))
        loss.sum().backward()
        found.append((loss.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*found, strict=True):
        assert_close(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("n", [1, 9, 10])
def test_loader_order_and_draws(n, shuffle, own, drop_last):
    from torch.utils import data as theirs

    found = []
    for m, data in ((mg, mg.data), (torch, theirs)):
        m.manual_seed(1)
        generator = m.Generator().manual_seed(2) if own else None
        dataset = data.TensorDataset(m.arange(n), m.arange(n) * 2)
        loader = data.DataLoader(
            dataset, batch_size=3, shuffle=shuffle, drop_last=drop_last, generator=generator
        )
        order = []
        for _ in range(2):
            for x, y in loader:
                # The numbers drawn in between tell when the loader draws.
                order.append((x.tolist(), y.tolist(), m.rand(1, generator=generator).item()))
        found.append((order, m.rand(1).item(), len(loader)))
    assert found[0] == found[1]


def test_collate():
    from torch.utils.data import default_collate

    for samples in (
        [1, 2], [0.5, 1.5], [True, False], [(1, 2.0), (3, 4.0)], [{"a": 1}, {"a": 2}],
        [np.ones(2), np.zeros(2)], [np.float32(1), np.float32(2)],
    ):  # fmt: skip
        ours, theirs = mg.data.default_collate(samples), default_collate(samples)
        flat = [
            list(found.values()) if isinstance(found, dict) else found for found in (ours, theirs)
        ]
        flat = [found if isinstance(found, list) else [found] for found in flat]
        for a, b in zip(*flat, strict=True):
            assert a.tolist() == b.tolist() and str(a.dtype) in str(b.dtype)
