"""Losses of numbers, margins and distributions: PyTorch 2.13's numbers, its slopes at the kinks, errors."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.testing import assert_close

# Kinks are met exactly: differences of 0 and of the thresholds, scores at the margin.
X = np.array([-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0], np.float32)
ZERO = np.zeros(7, np.float32)
WEIGHT = np.array([1.0, 0.5, 2.0, 0.0, 1.0, 3.0, 0.25], np.float32)
SIGNS = np.array([1, -1, 1, -1, 1, 1, -1], np.float32)
COUNTS = np.array([0, 1, 2, 0, 3, 1, 4], np.float32)
VAR = np.array([1.0, 0.5, 2.0, 1e-9, 1.0, 3.0, 0.25], np.float32)
SCORES = np.array([[1, 0, -1], [0, 3, 0.5], [0.5, 0.5, 0.5]], np.float32)
CLASSES, CLASS_WEIGHT = np.array([0, 2, 1]), np.array([1, 2, 3], np.float32)
LOGS = np.log(np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]], np.float32))
SHARES = np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]], np.float32)
LOG_SHARES = np.array([[-0.7, -0.8, -3.0], [-1.0, -1.0, -1.3]], np.float32)

nan = float("nan")
EACH = {"reduction": "none"}

# Function, arguments, options, value, slope and curvature in the first argument (None: not recorded).
NUMBERS = [
    (F.huber_loss, (X, ZERO), EACH,
     [1.5, 0.5, 0.125, 0.0, 0.03125, 0.5, 2.5], [-1.0, -1.0, -0.5, 0.0, 0.25, 1.0, 1.0],
     [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
    (F.huber_loss, (X, ZERO), EACH | {"delta": 2.0},
     [2.0, 0.5, 0.125, 0.0, 0.03125, 0.5, 4.0], [-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.0],
     [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]),
    (F.huber_loss, (X, ZERO), {"delta": 0.25, "weight": WEIGHT}, [0.2332589],
     [-0.03571429, -0.01785714, -0.07142857, 0.0, 0.03571429, 0.1071429, 0.008928572], [0.0] * 7),
    (F.huber_loss, (X, ZERO, "sum", 1.0, WEIGHT), {}, [4.15625], [-1.0, -0.5, -1.0, 0.0, 0.25, 3.0, 0.25],
     [0.0, 0.0, 2.0, 0.0, 1.0, 0.0, 0.0]),
    (F.smooth_l1_loss, (X, ZERO), EACH,
     [1.5, 0.5, 0.125, 0.0, 0.03125, 0.5, 2.5], [-1.0, -1.0, -0.5, 0.0, 0.25, 1.0, 1.0],
     [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
    (F.smooth_l1_loss, (X, ZERO), EACH | {"beta": 0.5},
     [1.75, 0.75, 0.25, 0.0, 0.0625, 0.75, 2.75], [-1.0, -1.0, -1.0, 0.0, 0.5, 1.0, 1.0],
     [0.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0]),
    (F.smooth_l1_loss, (X, ZERO), {"beta": 2.0}, [0.5111607],
     [-0.1428571, -0.07142857, -0.03571429, 0.0, 0.01785714, 0.07142857, 0.1428571],
     [0.0, 0.07142857, 0.07142857, 0.07142857, 0.07142857, 0.07142857, 0.0]),
    (F.smooth_l1_loss, (X, ZERO), {"beta": 0.0, "reduction": "sum"}, [7.75],
     [-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0], None),
    (F.mse_loss, (X, ZERO), {"weight": WEIGHT}, [1.330645],
     [-0.516129, -0.1290323, -0.2580645, 0.0, 0.06451613, 0.7741935, 0.1935484],
     [0.2580645, 0.1290323, 0.516129, 0.0, 0.2580645, 0.7741935, 0.06451613]),
    (F.mse_loss, (X, ZERO), {"weight": WEIGHT, "reduction": "sum"}, [10.3125],
     [-4.0, -1.0, -2.0, 0.0, 0.5, 6.0, 1.5], [2.0, 1.0, 4.0, 0.0, 2.0, 6.0, 0.5]),
    (F.mse_loss, (X, ZERO), EACH | {"weight": WEIGHT}, [4.0, 0.5, 0.5, 0.0, 0.0625, 3.0, 2.25],
     [-4.0, -1.0, -2.0, 0.0, 0.5, 6.0, 1.5], None),
    (F.l1_loss, (X, ZERO), {"weight": WEIGHT}, [0.9677419],
     [-0.1290323, -0.06451613, -0.2580645, 0.0, 0.1290323, 0.3870968, 0.03225806], None),
    (F.l1_loss, (X, ZERO), {"weight": WEIGHT, "reduction": "sum"}, [7.5],
     [-1.0, -0.5, -2.0, 0.0, 1.0, 3.0, 0.25], None),
    (F.l1_loss, (X, ZERO), EACH | {"weight": WEIGHT}, [2.0, 0.5, 1.0, 0.0, 0.25, 3.0, 0.75],
     [-1.0, -0.5, -2.0, 0.0, 1.0, 3.0, 0.25], None),
    (F.poisson_nll_loss, (X, COUNTS), EACH,
     [0.1353353, 1.367879, 1.606531, 1.0, 0.5340254, 1.718282, 8.085537],
     [0.1353353, -0.6321205, -1.393469, 1.0, -1.715975, 1.718282, 16.08554],
     [0.1353353, 0.3678795, 0.6065307, 1.0, 1.284025, 2.718282, 20.08554]),
    (F.poisson_nll_loss, (X, COUNTS, True, True), EACH,
     [0.1353353, 1.367879, 2.258337, 1.0, 2.298107, 1.718282, 11.2428], None, None),
    (F.poisson_nll_loss, (np.abs(X) + 0.5, COUNTS, False, True), {}, [1.694888],
     [0.1428571, 0.04761905, -0.1428571, 0.1428571, -0.4285715, 0.04761905, -0.02040817],
     [0.0, 0.06349207, 0.2857143, 0.0, 0.7619048, 0.06349207, 0.04664723]),
    (F.gaussian_nll_loss, (X, ZERO, VAR), EACH,
     [2.0, 0.6534264, 0.4090736, -6.907755, 0.03125, 0.7159728, 17.30685],
     [-2.0, -2.0, -0.25, 0.0, 0.25, 0.3333333, 12.0], [1.0, 2.0, 0.5, 1e6, 1.0, 0.3333333, 4.0]),
    (F.gaussian_nll_loss, (X, ZERO, VAR, True), {}, [2.94877],
     [-0.2857143, -0.2857143, -0.03571429, 0.0, 0.03571429, 0.04761905, 1.714286], None),
    (lambda v, x, y, **options: F.gaussian_nll_loss(x, y, v, **options), (VAR, X, ZERO), EACH,
     [2.0, 0.6534264, 0.4090736, -6.907755, 0.03125, 0.7159728, 17.30685],
     [-1.5, -1.0, 0.21875, 5e5, 0.46875, 0.1111111, -70.0],
     [3.5, 6.0, -0.09375, -5e11, -0.4375, -0.01851852, 568.0]),
    (F.soft_margin_loss, (X, SIGNS), EACH,
     [2.126928, 0.3132617, 0.974077, 0.6931472, 0.5759394, 0.3132617, 3.048587],
     [-0.8807971, 0.2689414, -0.6224594, 0.5, -0.4378235, -0.2689414, 0.9525741],
     [0.1049936, 0.196612, 0.2350037, 0.25, 0.2461341, 0.196612, 0.04517666]),
    (F.hinge_embedding_loss, (X, SIGNS), EACH, [-2.0, 2.0, -0.5, 1.0, 0.25, 1.0, 0.0],
     [1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 0.0], None),
    (F.hinge_embedding_loss, (X, SIGNS, 3.0), {}, [0.8214286],
     [0.1428571, -0.1428571, 0.1428571, -0.1428571, 0.1428571, 0.1428571, -0.1428571], None),
    (F.hinge_embedding_loss, (X[4:5], ZERO[:1]), {}, [1.0], [0.0], None),  # neither label: both terms
    (F.margin_ranking_loss, (X, ZERO, SIGNS), EACH, [2.0, 0.0, 0.5, 0.0, 0.0, 0.0, 3.0],
     [-1.0, 0.0, -1.0, 1.0, -0.0, -0.0, 1.0], None),
    (F.margin_ranking_loss, (X, ZERO, SIGNS, 1.0), EACH, [3.0, 0.0, 1.5, 1.0, 0.75, 0.0, 4.0],
     [-1.0, 1.0, -1.0, 1.0, -1.0, -1.0, 1.0], None),
    (F.multi_margin_loss, (SCORES, CLASSES), EACH, [0.0, 1.333333, 0.6666667],
     [0, 0, 0, 0.3333333, 0.3333333, -0.6666667, 0.3333333, -0.6666667, 0.3333333], None),
    (F.multi_margin_loss, (SCORES, CLASSES, 2), EACH, [0.0, 4.166667, 0.6666667],
     [0, 0, 0, 0.3333333, 2.333333, -2.666667, 0.6666667, -1.333333, 0.6666667], None),
    (F.multi_margin_loss, (SCORES, CLASSES, 1, 0.5, CLASS_WEIGHT), {}, [1.222222],
     [0, 0, 0, 0, 0.3333333, -0.3333333, 0.2222222, -0.4444444, 0.2222222], None),
    (F.multi_margin_loss, (SCORES, CLASSES, 2, 0.5, CLASS_WEIGHT), {"reduction": "sum"}, [9.333333],
     [0, 0, 0, 0, 6.0, -6.0, 0.6666667, -1.333333, 0.6666667], None),
    (F.multi_margin_loss, (SCORES[1], CLASSES[1]), {}, [1.333333], [0.3333333, 0.3333333, -0.6666667], None),
    (F.kl_div, (LOGS, SHARES), {}, [0.156117],
     [-0.08333334, -0.08333334, -0.0, -0.04166667, -0.08333334, -0.04166667], None),
    (F.kl_div, (LOGS, SHARES), {"reduction": "batchmean"}, [0.4683509],
     [-0.25, -0.25, -0.0, -0.125, -0.25, -0.125], None),
    (F.kl_div, (LOGS, SHARES), {"reduction": "sum"}, [0.9367018], None, None),
    (F.kl_div, (LOGS, SHARES), EACH,
     [0.4581454, 0.2554128, 0.0, 0.2290727, -0.2350018, 0.2290727], None, None),
    (F.kl_div, (LOGS, LOG_SHARES), {"reduction": "batchmean", "log_target": True}, [0.49246],
     [-0.2482927, -0.2246645, -0.02489353, -0.1839397, -0.1839397, -0.1362659], None),
    # PyTorch's slope in a target of 0 is nan.
    (lambda t, x, **options: F.kl_div(x, t, **options), (SHARES, LOGS), EACH,
     [0.4581454, 0.2554128, 0.0, 0.2290727, -0.2350018, 0.2290727],
     [1.916291, 1.510826, -LOGS[0, 2], 1.916291, 0.5299963, 1.916291], [2.0, 2.0, 0.0, 4.0, 2.0, 4.0]),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:kl_div. reduction='mean'")
@pytest.mark.parametrize(
    ("function", "arguments", "options", "value", "slope", "curvature"), NUMBERS
)
def test_numbers_of_pytorch(function, arguments, options, value, slope, curvature, device):
    x, *others = [mg.tensor(v) if isinstance(v, (np.ndarray, np.integer)) else v for v in arguments]
    options = {k: mg.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    loss = function(x.requires_grad_(), *others, **options)
    assert_close(loss.reshape(-1), np.array(value, np.float32), rtol=2e-6, atol=1e-7)
    (g,) = mg.autograd.grad(loss.sum(), x, create_graph=True)
    assert loss.dtype == g.dtype == mg.float32
    if slope is not None:
        assert_close(g.reshape(-1), np.array(slope, np.float32), rtol=2e-6, atol=1e-7)
    if curvature is not None:
        (h,) = mg.autograd.grad(g.sum(), x)
        assert_close(h.reshape(-1), np.array(curvature, np.float32), rtol=2e-6, atol=1e-7)


# What PyTorch has not -------------------------------------------------------------------------------------


@pytest.mark.parametrize("squared", [False, True])
def test_hinge_loss_is_the_ranking_loss_against_0(squared, device):
    x, y = mg.tensor(X, requires_grad=True), mg.tensor(SIGNS)
    found = F.hinge_loss(x, y, 0.5, squared=squared, reduction="none")
    expected = F.margin_ranking_loss(x, mg.zeros(7), y, 0.5, reduction="none")
    expected = expected**2 if squared else expected
    assert_close(found, expected.detach().cpu().numpy(), rtol=1e-6)
    slopes = [mg.autograd.grad(loss.sum(), x)[0] for loss in (found, expected)]
    assert_close(slopes[0], slopes[1].cpu().numpy(), rtol=1e-6)


def test_hinge_loss_at_its_kink(device):
    x = mg.tensor([1.0, -1.0], requires_grad=True)
    for squared, slopes in ((False, [-1.0, 1.0]), (True, [0.0, 0.0])):
        loss = F.hinge_loss(x, mg.tensor([1, -1]), squared=squared, reduction="sum")
        (g,) = mg.autograd.grad(loss, x, create_graph=True)
        assert loss.item() == 0.0 and g.tolist() == slopes
    assert mg.autograd.grad(g.sum(), x)[0].tolist() == [2.0, 2.0]


def test_curvature_of_the_squared_hinge_over_classes(device):
    x = mg.tensor([0.0, 3.0, 0.5], requires_grad=True)
    loss = F.multi_margin_loss(x, mg.tensor(2), p=2)
    (g,) = mg.autograd.grad(loss, x, create_graph=True)
    rows = [mg.autograd.grad(one, x, retain_graph=True)[0].tolist() for one in g]
    expected = np.array([[1, 0, -1], [0, 1, -1], [-1, -1, 2]]) * 2 / 3
    assert_close(np.array(rows), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, y: F.soft_margin_loss(x, y, reduction="sum"),
        lambda x, y: F.hinge_loss(x, y, squared=True, reduction="sum"),
        lambda x, y: F.huber_loss(x, y, "sum"),
        lambda x, y: F.smooth_l1_loss(x, y, reduction="sum"),
        lambda x, y: F.multi_margin_loss(x.reshape(2, 3), mg.tensor([0, 2]), 2, reduction="sum"),
        lambda x, y: F.kl_div(x.reshape(2, 3).log_softmax(1), mg.tensor(SHARES), reduction="sum"),
    ],
)
def test_finite_at_extreme_scores(loss, device):
    x = mg.tensor([1e4, -1e4, 1e4, -1e4, 100.0, 0.0], requires_grad=True)
    value = loss(x, mg.tensor([1.0, 1.0, -1.0, -1.0, -1.0, 1.0]))
    (g,) = mg.autograd.grad(value, x, create_graph=True)
    (h,) = mg.autograd.grad((g * g).sum() + (g * (x * 1e-4)).sum(), x)
    for found in (value, g, h):
        assert found.dtype == mg.float32
        assert np.isfinite(found.detach().cpu().numpy()).all(), found


def test_soft_margin_loss_is_the_log_loss_with_other_labels(device):
    x = mg.tensor([-1e4, -30.0, 0.0, 30.0, 1e4])
    for sign in (1.0, -1.0):
        found = F.soft_margin_loss(x, mg.full((5,), sign), reduction="none")
        expected = F.binary_cross_entropy_with_logits(
            x, mg.full((5,), (sign + 1) / 2), reduction="none"
        )
        assert_close(found, expected.cpu().numpy(), rtol=1e-6)


# Ways to call ---------------------------------------------------------------------------------------------


def test_variances_of_several_shapes(device):
    x, y = mg.randn(3, 2), mg.randn(3, 2)
    expected = F.gaussian_nll_loss(x, y, mg.full((3, 2), 2.0)).cpu().numpy()
    for var in (2.0, 2, mg.full((3,), 2.0), mg.full((3, 1), 2.0), mg.full((1, 2), 2.0)):
        assert_close(F.gaussian_nll_loss(x, y, var), expected, rtol=1e-6)
    assert_close(nn.GaussianNLLLoss()(x, y, 2.0), expected, rtol=1e-6)
    assert_close(F.gaussian_nll_loss(x, y, 0.0), F.gaussian_nll_loss(x, y, 1e-6).cpu().numpy())


def test_the_mean_of_a_divergence_is_met_with_a_warning():
    x, t = mg.tensor(LOGS), mg.tensor(SHARES)
    for loss in (F.kl_div, nn.KLDivLoss()):
        with pytest.warns(UserWarning, match="elements, .* 'batchmean' is the mean divergence"):
            loss(x, t)
    nn.KLDivLoss(reduction="batchmean")(x, t)  # no warning
    assert F.kl_div(x[0, 0], t[0, 0], reduction="batchmean").shape == ()


def test_shapes_that_broadcast_are_met_with_a_warning():
    for name in "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "kl_div", "soft_margin_loss":
        words = rf"{name}: the input \(4, 1\) and the target \(4,\) differ"
        with pytest.warns(UserWarning, match=words):
            assert getattr(F, name)(mg.ones(4, 1), mg.ones(4), reduction="none").shape == (4, 4)


def test_pairs_and_counts_broadcast_silently():
    assert F.hinge_embedding_loss(mg.ones(2, 3), mg.ones(3), reduction="none").shape == (2, 3)
    assert F.poisson_nll_loss(mg.ones(2, 3), mg.ones(3), reduction="none").shape == (2, 3)
    ranks = F.margin_ranking_loss(mg.ones(2, 3), mg.ones(1, 3), mg.ones(2, 1), reduction="none")
    assert ranks.shape == (2, 3)


def test_labels_may_be_integers(device):
    x, y = mg.tensor(X, requires_grad=True), mg.tensor(SIGNS.astype(np.int64))
    for loss in (nn.HingeLoss(), nn.SoftMarginLoss(), nn.HingeEmbeddingLoss()):
        found = loss(x, y)
        assert found.dtype == mg.float32
        assert_close(found, loss(x, mg.tensor(SIGNS)).detach().cpu().numpy())
        found.backward()


X_, Y_ = mg.tensor(X), mg.tensor(SIGNS)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.mse_loss(X_, Y_, weight=mg.ones(1)), ValueError,
         r"mse_loss: weight \(1,\) has to have the shape of the input \(7,\)"),
        (lambda: F.l1_loss(X_, Y_, weight=mg.ones(7, 1)), ValueError, r"l1_loss: weight \(7, 1\)"),
        (lambda: F.huber_loss(X_, Y_, weight=mg.ones(1)), ValueError, "huber_loss: weight"),
        (lambda: F.huber_loss(X_, Y_, delta=0.0), ValueError, "delta has to be positive, got 0.0"),
        (lambda: nn.HuberLoss(delta=nan)(X_, Y_), ValueError, "delta has to be positive, got nan"),
        (lambda: F.smooth_l1_loss(X_, Y_, beta=-1.0), ValueError, "beta must not be negative, got -1.0"),
        (lambda: F.gaussian_nll_loss(X_, Y_, -1.0), ValueError, "a variance is negative, -1.0"),
        (lambda: F.gaussian_nll_loss(mg.ones(3, 2), mg.ones(3, 2), mg.ones(2)), ValueError,
         r"var \(2,\) does not fit the input \(3, 2\)"),
        (lambda: F.hinge_loss(mg.ones(4, 1), mg.ones(4)), ValueError,
         r"hinge_loss: the target \(4,\) has to have the shape of the input \(4, 1\)"),
        (lambda: F.margin_ranking_loss(mg.ones(2, 3), mg.ones(3), mg.ones(3)), ValueError,
         r"same number of dimensions, got shapes \(2, 3\), \(3,\) and \(3,\)"),
        (lambda: F.multi_margin_loss(mg.ones(2, 3), mg.tensor([0, 1]), p=3), ValueError, "1 or 2, got 3"),
        (lambda: nn.MultiMarginLoss(p=3), ValueError, "MultiMarginLoss: p has to be 1 or 2, got 3"),
        (lambda: F.multi_margin_loss(mg.ones(2, 3, 4), mg.zeros(2, 4, dtype=mg.int64)), ValueError,
         r"expected an input of shape \(C,\) or \(N, C\), got \(2, 3, 4\)"),
        (lambda: F.multi_margin_loss(mg.ones(2, 3), mg.tensor([0, -100])), IndexError, "class index -100"),
        (lambda: F.multi_margin_loss(mg.ones(2, 3), mg.ones(2)), TypeError, "class indices"),
        (lambda: nn.MultiMarginLoss(weight=mg.ones(2))(mg.ones(2, 3), mg.tensor([0, 1])), ValueError,
         r"multi_margin_loss: weight needs one number for each of 3 classes, got shape \(2,\) "
         r"\(in module MultiMarginLoss\)"),
        (lambda: F.kl_div(X_, Y_, reduction="avg"), ValueError, "'mean', 'sum', 'none' or 'batchmean'"),
        (lambda: F.mse_loss(X_, Y_, "sum"), TypeError, "positional"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()
