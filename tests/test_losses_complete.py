"""Every loss there is: derivatives to second order, dtypes, reductions, and no copies to the host."""

import inspect

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.testing import assert_close, check_gradients

# Nothing here is near a kink: no difference is 0, 0.5 or 1, no score at a margin.
X = np.array([[0.3, -1.7, 0.1], [2.4, -0.4, 0.7]])
Y = np.array([[0.2, 0.6, 0.35], [0.5, 0.8, 0.15]])
P = np.array([[0.2, 0.7, 0.1], [0.4, 0.35, 0.25]])
SIGNS = np.array([[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]])
CLASSES = np.array([2, 0])
WEIGHT = np.array([0.5, 2.0, 1.5])

# Loss, its options, what is differentiated, and what is not.
TABLE = [
    ("MSELoss", {}, (X, Y), ()),
    ("L1Loss", {}, (X, Y), ()),
    ("HuberLoss", {"delta": 0.7}, (X, Y), ()),
    ("SmoothL1Loss", {"beta": 0.3}, (X, Y), ()),
    ("SmoothL1Loss", {"beta": 0.0}, (X, Y), ()),
    ("PoissonNLLLoss", {"full": True}, (X, Y + 1.5), ()),
    ("PoissonNLLLoss", {"log_input": False, "full": True}, (P, Y), ()),
    ("GaussianNLLLoss", {"full": True}, (X, Y, P), ()),
    ("GaussianNLLLoss", {}, (X, Y, P[:, 0]), ()),
    ("BCELoss", {"weight": WEIGHT}, (P, Y), ()),
    ("BCEWithLogitsLoss", {}, (X, Y), ()),
    ("BCEWithLogitsLoss", {"weight": WEIGHT, "pos_weight": WEIGHT[::-1].copy()}, (X, Y), ()),
    ("NLLLoss", {"weight": WEIGHT}, (X,), (CLASSES,)),
    ("CrossEntropyLoss", {}, (X,), (CLASSES,)),
    ("CrossEntropyLoss", {"weight": WEIGHT, "ignore_index": 0}, (X,), (CLASSES,)),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.2}, (X,), (CLASSES,)),
    ("CrossEntropyLoss", {"weight": WEIGHT}, (X, P), ()),
    ("KLDivLoss", {}, (X, P), ()),
    ("KLDivLoss", {"log_target": True}, (X, -Y), ()),
    ("HingeLoss", {}, (X, SIGNS), ()),
    ("HingeLoss", {"margin": 0.5, "squared": True}, (X, SIGNS), ()),
    ("SoftMarginLoss", {}, (X, SIGNS), ()),
    ("HingeEmbeddingLoss", {"margin": 0.8}, (X,), (SIGNS,)),
    ("MarginRankingLoss", {"margin": 0.2}, (X, Y, SIGNS), ()),
    ("MultiMarginLoss", {}, (X,), (CLASSES,)),
    ("MultiMarginLoss", {"p": 2, "margin": 0.5, "weight": WEIGHT}, (X,), (CLASSES,)),
]  # fmt: skip
IDS = [f"{name} {sorted(options)}" for name, options, *_ in TABLE]

# Those that are added up and divided by something else than the number of losses.
OTHER_MEANS = [
    "NLLLoss ['weight']", "CrossEntropyLoss ['ignore_index', 'weight']",
    "CrossEntropyLoss ['label_smoothing', 'weight']",
]  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:kl_div. reduction='mean'")


def make(name, options, dtype=mg.float64, **more):
    options = {
        k: mg.tensor(v, dtype=dtype) if isinstance(v, np.ndarray) else v for k, v in options.items()
    }
    return getattr(nn, name)(**options, **more)


def reductions_of(name):
    return getattr(nn, name).reductions


def test_the_table_is_complete():
    losses = {
        name
        for name, kind in vars(nn.losses).items()
        if inspect.isclass(kind) and name.endswith("Loss") and not name.startswith("_")
    }
    assert losses == {name for name in nn.__all__ if name.endswith("Loss")}
    assert losses == {name for name, *_ in TABLE}


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize(("name", "options", "inputs", "fixed"), TABLE, ids=IDS)
def test_first_and_second_derivatives(name, options, inputs, fixed, training, device):
    for reduction in reductions_of(name):
        loss = make(name, options, reduction=reduction).train(training)
        targets = [mg.tensor(value) for value in fixed]
        check_gradients(
            lambda *values, loss=loss, targets=targets: loss(*values, *targets),
            *inputs,
            device=device,
            directions=1,
        )


@pytest.mark.parametrize(("name", "options", "inputs", "fixed"), TABLE, ids=IDS)
def test_reductions_and_dtypes(name, options, inputs, fixed, device, request):
    for dtype, rtol in ((mg.float64, 1e-12), (mg.float32, 1e-5), (mg.float16, 1e-2)):
        found = {}
        for reduction in reductions_of(name):
            leaves = [mg.tensor(v, dtype=dtype, requires_grad=True) for v in inputs]
            loss = make(name, options, dtype, reduction=reduction)
            found[reduction] = loss(*leaves, *map(mg.tensor, fixed))
            found[reduction].sum().backward()
            assert found[reduction].dtype == dtype
            assert all(leaf.grad.dtype == dtype for leaf in leaves)
        each = found["none"].detach().cpu().double()
        assert found["sum"].shape == found["mean"].shape == ()
        assert_close(found["sum"], each.sum().numpy(), rtol=rtol)
        if request.node.callspec.id.partition("-")[2] not in OTHER_MEANS:
            assert_close(found["mean"], each.mean().numpy(), rtol=rtol)


@pytest.mark.parametrize(("name", "options", "inputs", "fixed"), TABLE, ids=IDS)
def test_nothing_is_copied_to_the_host(name, options, inputs, fixed, transfers):
    mg.set_default_device("strict")
    leaves = [mg.tensor(value, requires_grad=True) for value in inputs]
    targets = [mg.tensor(value) for value in fixed]
    for reduction in reductions_of(name):
        loss = make(name, options, reduction=reduction)
        with transfers.forbidden():
            value = loss(*leaves, *targets).sum()
            (g,) = mg.autograd.grad(value, leaves[:1], create_graph=True)
            if g.requires_grad:
                (g * g).sum().backward()


@pytest.mark.parametrize(("name", "options", "inputs", "fixed"), TABLE, ids=IDS)
def test_an_empty_batch_costs_0_and_its_mean_is_nan(name, options, inputs, fixed, device):
    for reduction in reductions_of(name):
        leaf, *others = [mg.tensor(value[:0], dtype=mg.float32) for value in inputs]
        loss = make(name, options, mg.float32, reduction=reduction)
        found = loss(leaf.requires_grad_(), *others, *(mg.tensor(value[:0]) for value in fixed))
        found.sum().backward()
        assert leaf.grad.shape == (0, 3)
        if reduction == "none":
            assert found.numel() == 0
        else:
            assert np.isnan(found.item()) if "mean" in reduction else found.item() == 0.0


@pytest.mark.parametrize(("name", "options", "inputs", "fixed"), TABLE, ids=IDS)
def test_the_inputs_are_not_changed(name, options, inputs, fixed, device):
    tensors = [mg.tensor(value) for value in (*inputs, *fixed)]
    tensors[0].requires_grad_()
    make(name, options)(*tensors).backward()
    for tensor, value in zip(tensors, (*inputs, *fixed), strict=True):
        assert_close(tensor, value, rtol=0)


def test_every_loss_tells_which_reductions_it_has():
    for name in {name for name, *_ in TABLE}:
        with pytest.raises(ValueError, match=rf"{name}: reduction has to be 'mean', .*got 'avg'"):
            getattr(nn, name)(reduction="avg")
    assert "batchmean" in nn.KLDivLoss.reductions


# What stands at a position in PyTorch stands there here, or has to be named.
POSITIONS = {
    "mse_loss": "input target", "l1_loss": "input target", "smooth_l1_loss": "input target",
    "huber_loss": "input target reduction delta weight",
    "kl_div": "input target", "poisson_nll_loss": "input target log_input full",
    "gaussian_nll_loss": "input target var full eps reduction",
    "binary_cross_entropy": "input target weight",
    "binary_cross_entropy_with_logits": "input target weight",
    "cross_entropy": "input target weight", "nll_loss": "input target weight",
    "soft_margin_loss": "input target", "hinge_embedding_loss": "input target margin",
    "margin_ranking_loss": "input1 input2 target margin",
    "multi_margin_loss": "input target p margin weight", "hinge_loss": "input target margin",
    "MSELoss": "", "L1Loss": "", "SmoothL1Loss": "", "HuberLoss": "reduction delta", "KLDivLoss": "",
    "PoissonNLLLoss": "log_input full", "GaussianNLLLoss": "", "BCELoss": "weight",
    "BCEWithLogitsLoss": "weight", "CrossEntropyLoss": "weight", "NLLLoss": "weight",
    "SoftMarginLoss": "", "HingeEmbeddingLoss": "margin", "MarginRankingLoss": "margin",
    "MultiMarginLoss": "p margin weight", "HingeLoss": "margin",
}  # fmt: skip


@pytest.mark.parametrize("name", POSITIONS)
def test_positions_are_pytorchs(name):
    parameters = inspect.signature(getattr(F, name, None) or getattr(nn, name)).parameters.values()
    found = [p.name for p in parameters if p.kind == p.POSITIONAL_OR_KEYWORD]
    assert found == POSITIONS[name].split()


def test_the_table_of_positions_is_complete():
    functions = {
        name for name in F.__all__ if name.endswith(("_loss", "_div")) or "entropy" in name
    }
    assert functions | {name for name, *_ in TABLE} == set(POSITIONS)
