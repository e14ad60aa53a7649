"""Losses beside PyTorch's, where it is installed: value, gradient, second order, every combination of options.

PyTorch is no dependency of the tests: without it, this file is skipped.
"""

import itertools

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing import assert_close

torch = pytest.importorskip("torch", reason="PyTorch is not installed (it is no test dependency)")

from test_nn_against_torch import compare, derivatives  # noqa: E402

RNG = np.random.default_rng(5)
VECTOR, ROWS, DEEP = RNG.normal(size=4), RNG.normal(size=(6, 4)), RNG.normal(size=(3, 4, 5))
INPUTS = {"C": VECTOR, "N C": ROWS, "N C L": DEEP}
CLASSES = {"C": np.array(1), "N C": RNG.integers(0, 4, 6), "N C L": RNG.integers(0, 4, (3, 5))}
SHARES = {
    "C": RNG.dirichlet(np.ones(4)),
    "N C": RNG.dirichlet(np.ones(4), 6),
    "N C L": np.moveaxis(RNG.dirichlet(np.ones(4), (3, 5)), 2, 1),
}
PROBABILITIES = RNG.uniform(0.01, 0.99, (6, 4))
TARGETS = RNG.uniform(0, 1, (6, 4))
SIGNS = np.sign(RNG.normal(size=(6, 4)))
COUNTS = RNG.integers(0, 5, (6, 4)).astype(float)
WEIGHT = np.array([0.3, 1.0, 2.0, 0.5])
REDUCTIONS = ("mean", "sum", "none")

pytestmark = pytest.mark.filterwarnings("ignore:.*reduction.*mean")


def options_of(m, options):
    return {k: m.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}


def beside(name, options, x, *others, second=True):
    """Compare a loss, as a module and so as a function, with PyTorch's."""
    found = []
    for m in (mg, torch):
        loss = getattr(m.nn, name)(**options_of(m, options))
        rest = [m.tensor(other) if isinstance(other, np.ndarray) else other for other in others]
        leaf = m.tensor(x, requires_grad=True)
        if second:
            found.append(derivatives(m, lambda x, loss=loss, rest=rest: loss(x, *rest), leaf, []))
        else:
            value = loss(leaf, *rest)
            value.sum().backward()
            found.append([value, leaf.grad])
    compare(*found)
    ours, theirs = (getattr(m.nn, name)(**options_of(m, options)) for m in (mg, torch))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


COMBINED = list(itertools.product(INPUTS, REDUCTIONS, (None, WEIGHT), (0.0, 0.2)))


@pytest.mark.parametrize("ignore_index", [-100, 1])
@pytest.mark.parametrize(("shape", "reduction", "weight", "smoothing"), COMBINED)
def test_cross_entropy_of_class_indices(shape, reduction, weight, smoothing, ignore_index):
    options = {"reduction": reduction, "weight": weight, "ignore_index": ignore_index}
    # PyTorch's second derivative of label smoothing is that of a composite, like ours.
    beside(
        "CrossEntropyLoss", options | {"label_smoothing": smoothing}, INPUTS[shape], CLASSES[shape]
    )
    if not smoothing:
        beside("NLLLoss", options, INPUTS[shape], CLASSES[shape])


@pytest.mark.parametrize(("shape", "reduction", "weight", "smoothing"), COMBINED)
def test_cross_entropy_of_probabilities(shape, reduction, weight, smoothing):
    options = {"reduction": reduction, "weight": weight, "label_smoothing": smoothing}
    beside("CrossEntropyLoss", options, INPUTS[shape], SHARES[shape])


@pytest.mark.parametrize("pos_weight", [None, WEIGHT[::-1].copy(), np.array(2.0), ROWS**2])
@pytest.mark.parametrize("weight", [None, WEIGHT, TARGETS[:, :1]])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_log_losses_of_two_classes(reduction, weight, pos_weight):
    options = {"reduction": reduction, "weight": weight}
    beside("BCEWithLogitsLoss", options | {"pos_weight": pos_weight}, ROWS, TARGETS)
    if pos_weight is None:
        beside("BCELoss", options, PROBABILITIES, TARGETS)


OTHERS = [
    ("MSELoss", {}, ROWS, TARGETS), ("L1Loss", {}, ROWS, TARGETS),
    ("HuberLoss", {}, ROWS, TARGETS), ("HuberLoss", {"delta": 0.4}, ROWS, TARGETS),
    ("SmoothL1Loss", {}, ROWS, TARGETS), ("SmoothL1Loss", {"beta": 0.4}, ROWS, TARGETS),
    ("PoissonNLLLoss", {}, ROWS, COUNTS), ("PoissonNLLLoss", {"full": True}, ROWS, COUNTS),
    ("PoissonNLLLoss", {"log_input": False, "eps": 0.1}, PROBABILITIES, COUNTS),
    ("GaussianNLLLoss", {}, ROWS, TARGETS, PROBABILITIES),
    ("GaussianNLLLoss", {"full": True, "eps": 0.5}, ROWS, TARGETS, PROBABILITIES[:, :1]),
    ("GaussianNLLLoss", {}, ROWS, TARGETS, PROBABILITIES[:, 0]), ("GaussianNLLLoss", {}, ROWS, TARGETS, 2.0),
    ("KLDivLoss", {}, ROWS, SHARES["N C"]), ("KLDivLoss", {"log_target": True}, ROWS, -TARGETS),
    ("SoftMarginLoss", {}, ROWS, SIGNS), ("HingeEmbeddingLoss", {}, ROWS, SIGNS),
    ("HingeEmbeddingLoss", {"margin": 0.3}, ROWS, SIGNS), ("MarginRankingLoss", {}, ROWS, TARGETS, SIGNS),
    ("MarginRankingLoss", {"margin": 0.3}, ROWS, TARGETS, SIGNS),
]  # fmt: skip


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", OTHERS, ids=lambda case: f"{case[0]} {case[1]}")
def test_others(case, reduction):
    name, options, *inputs = case
    beside(name, options | {"reduction": reduction}, *inputs)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("shape", ["C", "N C"])
def test_hinges_over_classes(shape, p, weight, reduction):
    options = {"p": p, "weight": weight, "reduction": reduction, "margin": 0.6}
    # PyTorch has no second derivative of it.
    beside("MultiMarginLoss", options, INPUTS[shape], CLASSES[shape], second=False)


def test_batchmean():
    beside("KLDivLoss", {"reduction": "batchmean"}, ROWS, SHARES["N C"])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
def test_weights_of_errors(name, reduction):
    found = []
    for m in (mg, torch):
        target, weight = m.tensor(TARGETS), m.tensor(PROBABILITIES)
        found.append(
            derivatives(
                m,
                lambda x, m=m, target=target, weight=weight: getattr(m.nn.functional, name)(
                    x, target, reduction=reduction, weight=weight
                ),
                m.tensor(ROWS, requires_grad=True),
                [],
            )
        )
    compare(*found)


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


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("a class out of range", lambda m, F: F.cross_entropy(m.ones(2, 3), m.tensor([0, 3]))),
        ("as many targets as samples", lambda m, F: F.cross_entropy(m.ones(2, 3), m.tensor([0, 1, 2]))),
        ("the reduction", lambda m, F: F.cross_entropy(m.ones(2, 3), m.tensor([0, 1]), reduction="avg")),
        ("weights' dtype", lambda m, F: F.cross_entropy(m.ones(2, 3), m.tensor([0, 1]), m.ones(3).double())),
        ("weights' slope", lambda m, F: F.nll_loss(
            m.ones(2, 3), m.tensor([0, 1]), m.ones(3, requires_grad=True))),
        ("targets' shape", lambda m, F: F.binary_cross_entropy(m.ones(2), m.ones(3))),
        ("targets' shape", lambda m, F: F.binary_cross_entropy_with_logits(m.ones(2, 1), m.ones(2))),
        ("weights' shape", lambda m, F: F.mse_loss(m.ones(2), m.ones(2), weight=m.ones(1))),
        ("the power", lambda m, F: F.multi_margin_loss(m.ones(2, 3), m.tensor([0, 1]), p=3)),
        ("the variance", lambda m, F: F.gaussian_nll_loss(m.ones(2), m.ones(2), -m.ones(2))),
        ("the variance's shape", lambda m, F: F.gaussian_nll_loss(m.ones(3, 2), m.ones(3, 2), m.ones(2))),
    ],
)  # fmt: skip
def test_errors_are_of_the_same_kind(name, call):
    kinds = []
    for m in (mg, torch):
        with pytest.raises(Exception) as caught:
            call(m, m.nn.functional)
        kinds.append(type(caught.value))
    assert kinds[0] is kinds[1], name


# Gradients and parameters -----------------------------------------------------------------------------------

GRADIENTS = [RNG.normal(size=shape) * 3 for shape in ((4, 3), (3,), (), (2, 2, 2))]


def with_gradients(m, dtypes=("float64",)):
    parameters = []
    for gradient, dtype in zip(GRADIENTS, itertools.cycle(dtypes)):
        p = m.zeros(gradient.shape, dtype=getattr(m, dtype), requires_grad=True)
        p.grad = m.tensor(gradient, dtype=getattr(m, dtype))
        parameters.append(p)
    return [*parameters, m.ones(2, requires_grad=True)]


@pytest.mark.parametrize(
    "dtypes", [("float64",), ("float32",), ("float16", "float32"), ("float32", "float64")]
)
@pytest.mark.parametrize("norm_type", [2, 1, 0.5, 3.0, float("inf"), "inf", float("-inf"), 0])
@pytest.mark.parametrize("max_norm", [0.0, 0.7, 1e6])
def test_clipping_by_norm(max_norm, norm_type, dtypes):
    found = []
    for m in (mg, torch):
        parameters = with_gradients(m, dtypes)
        norm = m.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type)
        gradients = [p.grad.numpy() for p in parameters[:-1]]
        assert parameters[-1].grad is None
        found.append([norm.numpy(), *gradients])
    rtol = 2e-3 if "float16" in dtypes else 1e-6 if "float32" in dtypes else 1e-13
    for ours, theirs in zip(*found, strict=True):
        assert ours.dtype == theirs.dtype
        assert_close(ours, theirs, rtol=rtol, atol=1e-7)


def test_clipping_by_value():
    found = []
    for m in (mg, torch):
        parameters = with_gradients(m)
        m.nn.utils.clip_grad_value_(parameters, 1.5)
        found.append([p.grad.numpy() for p in parameters[:-1]])
    for ours, theirs in zip(*found, strict=True):
        assert_close(ours, theirs, rtol=0)
