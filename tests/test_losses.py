"""Log losses: PyTorch 2.13's numbers, derivatives to second order, extreme logits, corners, errors."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.testing import assert_close, check_gradients

Z = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0], [-0.5, 0.0, 2.0], [1.5, 1.0, -1.5]], np.float32)
K = np.array([0, 2, 1, 0])
P = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.1, 0.1, 0.8], [0.25, 0.5, 0.25]], np.float32)
CLASS_WEIGHT = np.array([0.2, 1.0, 2.5], np.float32)

X = np.array([[0.5, -1.0], [3.0, -0.25]], np.float32)
Y = np.array([[1.0, 0.0], [0.25, 1.0]], np.float32)
WEIGHT = np.array([0.5, 2.0], np.float32)
POS_WEIGHT = np.array([3.0, 0.5], np.float32)


def host(tensor):
    return np.array(tensor.detach().cpu().numpy())


def tensors(options):
    return {k: mg.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}


def check(loss, input, targets, value, gradient):
    """Compare loss and gradient with recorded ones; every loss stays in float32."""
    x = mg.tensor(input, requires_grad=True)
    found = loss(x, mg.tensor(targets))
    found.sum().backward()
    assert found.dtype == x.grad.dtype == mg.float32
    assert_close(found.reshape(-1), np.array(value, np.float32), rtol=2e-6, atol=2e-6)
    if gradient is not None:
        assert_close(x.grad.reshape(-1), np.array(gradient, np.float32), rtol=5e-6, atol=5e-7)


# Numbers from PyTorch -----------------------------------------------------------------------------------

CROSS_ENTROPY = [
    ({}, [1.8212409],
     [-0.0990628, 0.0075147, 0.0915481, 0.0147674, 0.2310016, -0.2457691, 0.0168563, -0.2222086,
      0.2053522, -0.0990628, 0.0915481, 0.0075147]),
    ({"reduction": "sum"}, [7.2849636],
     [-0.3962511, 0.0300589, 0.3661922, 0.0590698, 0.9240064, -0.9830762, 0.0674254, -0.8888344,
      0.821409, -0.3962511, 0.3661922, 0.0300589]),
    ({"reduction": "none"}, [0.5045969, 4.0790362, 2.1967342, 0.5045969],
     [-0.3962511, 0.0300589, 0.3661922, 0.0590698, 0.9240064, -0.9830762, 0.0674254, -0.8888344,
      0.821409, -0.3962511, 0.3661922, 0.0300589]),
    ({"weight": CLASS_WEIGHT}, [3.2297857],
     [-0.0203206, 0.0015415, 0.0187791, 0.0378652, 0.5923117, -0.630177, 0.0172886, -0.2279062,
      0.2106177, -0.0203206, 0.0187791, 0.0015415]),
    ({"weight": CLASS_WEIGHT, "reduction": "none"}, [0.1009194, 10.1975908, 2.1967342, 0.1009194], None),
    ({"weight": CLASS_WEIGHT, "reduction": "sum"}, [12.5961647], None),
    ({"ignore_index": 0}, [3.1378851],
     [0.0, 0.0, 0.0, 0.0295349, 0.4620032, -0.4915381, 0.0337127, -0.4444172, 0.4107045, 0.0, 0.0, 0.0]),
    ({"ignore_index": 0, "reduction": "none"}, [0.0, 4.0790362, 2.1967342, 0.0], None),
    ({"ignore_index": 2, "weight": CLASS_WEIGHT}, [1.7132664],
     [-0.0566073, 0.0042941, 0.0523132, 0.0, 0.0, 0.0, 0.048161, -0.6348817, 0.5867206, -0.0566073,
      0.0523132, 0.0042941]),
    ({"label_smoothing": 0.1}, [1.8233242],
     [-0.0823961, -0.0008186, 0.0832147, 0.0064341, 0.2226683, -0.2291024, 0.008523, -0.2055419,
      0.1970189, -0.0823961, 0.0832147, -0.0008186]),
    ({"label_smoothing": 0.1, "weight": CLASS_WEIGHT, "ignore_index": 0}, [3.3211155],
     [0.0, 0.0, 0.0, 0.0381502, 0.6170405, -0.6551907, 0.0178091, -0.2341639, 0.2163548, 0.0, 0.0, 0.0]),
    ({"label_smoothing": 0.2, "reduction": "none", "weight": CLASS_WEIGHT, "ignore_index": 1},
     [0.4885361, 8.8809013, 0.0, 0.7385362], None),
    ({"label_smoothing": 0.3, "reduction": "sum"}, [7.3099637], None),
]  # fmt: skip

PROBABILITIES = [
    ({}, [1.6587411],
     [0.1009372, -0.0674853, -0.0334519, -0.2352326, 0.2310016, 0.0042309, -0.0081437, 0.0027914,
      0.0053522, 0.0884372, -0.0334519, -0.0549853]),
    ({"weight": CLASS_WEIGHT}, [1.5695236],
     [0.2299902, -0.0630516, -0.1669386, -0.0470465, 0.0462003, 0.0008462, 0.0307354, 0.0339178,
      -0.0646533, 0.1648512, -0.017431, -0.1474202]),
    ({"label_smoothing": 0.1}, [1.6770744], None),
    ({"label_smoothing": 0.1, "weight": CLASS_WEIGHT, "reduction": "sum"}, [6.6520967], None),
    ({"reduction": "none"}, [1.6545969, 2.8290362, 0.6467342, 1.5045969], None),
]  # fmt: skip

WITH_LOGITS = [
    ({}, [0.9779664], [-0.0943852, 0.0672354, 0.1756435, -0.1405441]),
    ({"reduction": "sum"}, [3.9118655], [-0.3775406, 0.2689414, 0.7025741, -0.5621765]),
    ({"reduction": "none"}, [0.474077, 0.3132617, 2.2985873, 0.8259394], None),
    ({"weight": WEIGHT}, [0.9161836], [-0.0471926, 0.1344707, 0.0878218, -0.2810882]),
    ({"pos_weight": POS_WEIGHT}, [1.1178358], [-0.2831555, 0.0672354, 0.1697153, -0.0702721]),
    ({"weight": WEIGHT, "pos_weight": POS_WEIGHT, "reduction": "sum"}, [3.3250189],
     [-0.566311, 0.5378829, 0.3394306, -0.5621765]),
]  # fmt: skip

ERRORS = [
    (nn.MSELoss, "mean", [2.59375], [-0.25, -0.5, 1.375, -0.625]),
    (nn.MSELoss, "sum", [10.375], [-1.0, -2.0, 5.5, -2.5]),
    (nn.MSELoss, "none", [0.25, 1.0, 7.5625, 1.5625], [-1.0, -2.0, 5.5, -2.5]),
    (nn.L1Loss, "mean", [1.375], [-0.25, -0.25, 0.25, -0.25]),
    (nn.L1Loss, "sum", [5.5], [-1.0, -1.0, 1.0, -1.0]),
    (nn.L1Loss, "none", [0.5, 1.0, 2.75, 1.25], [-1.0, -1.0, 1.0, -1.0]),
]


@pytest.mark.parametrize(("options", "value", "gradient"), CROSS_ENTROPY)
def test_cross_entropy_of_class_indices(options, value, gradient, device):
    check(nn.CrossEntropyLoss(**tensors(options)), Z, K, value, gradient)


@pytest.mark.parametrize(("options", "value", "gradient"), PROBABILITIES)
def test_cross_entropy_of_probabilities(options, value, gradient, device):
    check(nn.CrossEntropyLoss(**tensors(options)), Z, P, value, gradient)


@pytest.mark.parametrize(("options", "value", "gradient"), WITH_LOGITS)
def test_bce_with_logits(options, value, gradient, device):
    check(nn.BCEWithLogitsLoss(**tensors(options)), X, Y, value, gradient)


@pytest.mark.parametrize(("kind", "reduction", "value", "gradient"), ERRORS)
def test_errors_squared_and_absolute(kind, reduction, value, gradient, device):
    check(kind(reduction=reduction), X, Y, value, gradient)


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({}, [1.8212409]),
        ({"weight": CLASS_WEIGHT}, [3.2297857]),
        ({"ignore_index": 2}, [1.0686427]),
        (
            {"reduction": "none", "weight": CLASS_WEIGHT},
            [0.1009194, 10.1975908, 2.1967342, 0.1009194],
        ),
    ],
)
def test_nll(options, value, device):
    loss = nn.NLLLoss(**tensors(options))
    check(lambda x, k: loss(F.log_softmax(x, 1), k), Z, K, value, None)


def test_bce_of_probabilities_has_pytorchs_bounds(device):
    p = mg.tensor([0.0, 0.0, 1.0, 1.0, 0.3, 0.5], requires_grad=True)
    y = mg.tensor([0.0, 1.0, 1.0, 0.0, 0.6, 1.0])
    losses = nn.BCELoss(reduction="none")(p, y)
    (g,) = mg.autograd.grad(losses.sum(), p, create_graph=True)
    assert losses[[0, 2]].tolist() == g[[0, 2]].tolist() == [0.0, 0.0]  # exactly
    assert_close(losses, np.array([0, 100, 0, 100, 0.8650537, 0.6931472], np.float32), rtol=1e-6)
    assert_close(g, np.array([0, -1e12, 0, 1e12, -1.4285715, -2.0], np.float32), rtol=1e-6)
    # The derivative of that slope; PyTorch's formula for it is another one at the corners.
    (h,) = mg.autograd.grad(g.sum(), p)
    assert_close(h, np.array([1e12] * 4 + [7.4829932, 4.0], np.float32), rtol=1e-6)
    assert_close(nn.BCELoss()(p, y), np.float32(33.5930328), rtol=1e-6)
    weighted = nn.BCELoss(weight=mg.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    assert_close(weighted(p, y), np.float32(101.4140244), rtol=1e-6)


def test_bce_in_the_target_at_the_bounds(device):
    y = mg.tensor([0.0, 1.0], requires_grad=True)
    F.binary_cross_entropy(mg.tensor([0.0, 1.0]), y, reduction="sum").backward()
    assert y.grad.tolist() == [100.0, -100.0]


def test_bce_of_small_probabilities_keeps_their_digits(device):
    p = mg.tensor([1e-9, 1e-7])
    losses = F.binary_cross_entropy(p, mg.zeros(2), reduction="none")
    assert_close(losses, np.array([1e-9, 1e-7], np.float32), rtol=1e-6)


def test_more_dimensions(device):
    z = mg.tensor(np.sin(np.arange(24, dtype=np.float32)).reshape(2, 3, 4))
    k = mg.tensor([[0, 1, 2, 0], [2, -100, 1, 0]])
    assert_close(F.cross_entropy(z, k), np.float32(1.430295), rtol=1e-6)
    each = [[1.4251958, 2.3971219, 1.8840656, 1.0967951], [0.4289356, 0, 2.1755302, 0.6044211]]
    assert_close(F.cross_entropy(z, k, reduction="none"), np.array(each, np.float32), rtol=1e-5)
    assert_close(F.cross_entropy(z[0, :, 0], mg.tensor(1)), np.float32(2.1819983), rtol=1e-6)
    p = z.softmax(1)
    assert_close(F.cross_entropy(z, p), np.float32(0.9033052), rtol=1e-6)
    assert_close(F.cross_entropy(z[0, :, 0], p[0, :, 0]), np.float32(0.8707347), rtol=1e-6)
    assert_close(F.nll_loss(z, k), np.float32(0.0785114), rtol=1e-5)
    assert F.nll_loss(z, k, reduction="none").shape == (2, 4)
    assert F.cross_entropy(z[0, :, 0], mg.tensor(1), reduction="none").shape == ()


# Derivatives --------------------------------------------------------------------------------------------


def moved(function, *fixed):
    """Return ``function`` with the fixed arguments as tensors on the default device."""
    return lambda *values: function(*values, *(mg.tensor(value) for value in fixed))


@pytest.mark.parametrize(("options", "value", "gradient"), CROSS_ENTROPY)
def test_derivatives_of_cross_entropy(options, value, gradient, device):
    options = tensors({k: np.float64(v) if k == "weight" else v for k, v in options.items()})
    check_gradients(moved(lambda x, k: F.cross_entropy(x, k, **options), K), Z, device=device)


@pytest.mark.parametrize(("options", "value", "gradient"), PROBABILITIES)
def test_derivatives_of_cross_entropy_of_probabilities(options, value, gradient, device):
    options = tensors({k: np.float64(v) if k == "weight" else v for k, v in options.items()})
    check_gradients(lambda x, p: F.cross_entropy(x, p, **options), Z, P, device=device)


@pytest.mark.parametrize(("options", "value", "gradient"), WITH_LOGITS)
def test_derivatives_of_bce_with_logits(options, value, gradient, device):
    options = tensors(
        {k: np.float64(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    )
    loss = nn.BCEWithLogitsLoss(**options)
    check_gradients(loss, X, Y, device=device)
    check_gradients(loss, np.zeros((2, 2)), Y, device=device)  # no kink where |x| has one


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_derivatives_of_the_others(reduction, device):
    check_gradients(nn.MSELoss(reduction=reduction), X, Y, device=device)
    check_gradients(nn.L1Loss(reduction=reduction), X, Y, device=device)
    p = np.array([[0.2, 0.5], [0.7, 0.35]])
    check_gradients(nn.BCELoss(reduction=reduction), p, 0.8 * Y + 0.1, device=device)
    nll = nn.NLLLoss(mg.tensor(CLASS_WEIGHT, dtype=mg.float64), reduction=reduction)
    check_gradients(moved(lambda x, k: nll(x, k), K), Z, device=device)
    check_gradients(moved(lambda x, k: nn.NLLLoss()(x.log_softmax(1), k), K), Z, device=device)


def test_slope_of_bce_at_zero(device):
    x = mg.zeros(4, requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(x, mg.tensor([0.0, 0.25, 0.5, 1.0]), reduction="sum")
    (g,) = mg.autograd.grad(loss, x, create_graph=True)
    assert g.tolist() == [0.5, 0.25, 0.0, -0.5]
    (h,) = mg.autograd.grad(g.sum(), x)
    assert h.tolist() == [0.25] * 4


# Extremes -----------------------------------------------------------------------------------------------

BINARY = [
    ("BCEWithLogitsLoss", lambda x, y: F.binary_cross_entropy_with_logits(x, y)),
    ("weighted", lambda x, y: F.binary_cross_entropy_with_logits(
        x, y, mg.ones(8), reduction="sum", pos_weight=mg.ones(8) * 3)),
    ("BCELoss", lambda x, y: F.binary_cross_entropy(x.sigmoid(), y)),
    ("MSELoss", lambda x, y: F.mse_loss(x, y)),
    ("L1Loss", lambda x, y: F.l1_loss(x, y)),
]  # fmt: skip


@pytest.mark.parametrize("loss", [f for _, f in BINARY], ids=[name for name, _ in BINARY])
def test_binary_losses_are_finite_at_extreme_logits(loss, device):
    x = mg.tensor([-1e4, -1e4, 1e4, 1e4, -100.0, 100.0, 0.0, 20.0], requires_grad=True)
    y = mg.tensor([0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.3])
    finite(loss(x, y), x)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight": CLASS_WEIGHT},
        {"ignore_index": 1},
        {"label_smoothing": 0.1},
        {"label_smoothing": 0.1, "weight": CLASS_WEIGHT, "ignore_index": 1},
        {"reduction": "sum"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "target", [[0, 1, 2, 0], "probabilities"], ids=["indices", "probabilities"]
)
def test_cross_entropy_is_finite_at_extreme_logits(options, target, device):
    x = np.array([[1e4, -1e4, 0.0], [1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4]], "f4")
    if target == "probabilities":
        options = {k: v for k, v in options.items() if k != "ignore_index"}
    x = mg.tensor(x, requires_grad=True)
    y = mg.tensor(P if target == "probabilities" else target)
    finite(F.cross_entropy(x, y, **tensors(options)), x)


def finite(loss, x):
    """Assert that value, gradient and second derivative are finite float32 numbers."""
    (g,) = mg.autograd.grad(loss, x, create_graph=True)
    (h,) = mg.autograd.grad((g * g).sum() + (g * (x * 1e-4)).sum(), x)
    for found in (loss, g, h):
        assert found.dtype == mg.float32
        assert np.isfinite(host(found)).all(), found


def test_exact_values_at_extreme_logits(device):
    x = mg.tensor([-1e4, 1e4, -1e4, 1e4], requires_grad=True)
    y = mg.tensor([0.0, 1.0, 1.0, 0.0])
    for weight in (None, mg.ones(4)):
        losses = F.binary_cross_entropy_with_logits(x, y, weight, reduction="none")
        assert losses.tolist() == [0.0, 0.0, 1e4, 1e4]
        (g,) = mg.autograd.grad(losses.sum(), x, create_graph=True)
        assert g.tolist() == [0.0, 0.0, -1.0, 1.0]
        assert mg.autograd.grad(g.sum(), x)[0].tolist() == [0.0] * 4
    z = mg.tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    for weight in (None, mg.ones(2)):
        losses = F.cross_entropy(z, mg.tensor([0, 0]), weight, reduction="none")
        assert losses.tolist() == [0.0, 2e4]
        (g,) = mg.autograd.grad(losses.sum(), z, create_graph=True)
        assert g.tolist() == [[0.0, 0.0], [-1.0, 1.0]]
        assert mg.autograd.grad(g[:, 0].sum(), z)[0].tolist() == [[0.0, 0.0]] * 2


def test_hessian_of_cross_entropy_is_diag_p_less_p_p(device):
    x = mg.tensor([0.5, -1.0, 2.0], dtype=mg.float64, requires_grad=True)
    p = x.detach().softmax(0).cpu().numpy()
    (g,) = mg.autograd.grad(F.cross_entropy(x, mg.tensor(1)), x, create_graph=True)
    assert_close(g, p - np.array([0, 1, 0]), rtol=1e-12)
    rows = [mg.autograd.grad(one, x, retain_graph=True)[0].tolist() for one in g]
    assert_close(np.array(rows), np.diag(p) - np.outer(p, p), rtol=1e-12)


def test_log_loss_on_separable_data_grows_with_the_logarithm_of_the_steps():
    """The numbers of document 001: there is no minimum, and the weight goes like ln k."""
    x, y = mg.tensor([[1.0], [-1.0]], dtype=mg.float64), mg.tensor([1.0, 0.0])
    w = mg.zeros(1, dtype=mg.float64, requires_grad=True)
    found = []
    for step in range(1, 1001):
        (g,) = mg.autograd.grad(nn.BCEWithLogitsLoss()(x @ w, y), w)
        with mg.no_grad():
            w -= g
        if step in (10, 100, 1000):
            found.append(round(w.item(), 3))
    assert found == [2.263, 4.589, 6.905]


# Nothing counts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, np.array([0.0, 1.0, 1.0], np.float32)])
def test_where_nothing_counts_the_mean_is_nan_and_its_slopes_are_0(weight, smoothing, device):
    weight = None if weight is None else mg.tensor(weight)
    losses = [lambda x, k, **o: F.nll_loss(x, k, weight, **o)]
    losses.append(lambda x, k, **o: F.cross_entropy(x, k, weight, label_smoothing=smoothing, **o))
    targets = mg.tensor([-100, -100] if weight is None or smoothing else [0, -100])
    for loss in losses:
        for reduction, expected in (("mean", np.nan), ("sum", 0.0), ("none", [0.0, 0.0])):
            x = mg.tensor(Z[:2], requires_grad=True)
            found = loss(x, targets, reduction=reduction)
            np.testing.assert_array_equal(host(found), np.array(expected, np.float32))
            (g,) = mg.autograd.grad(found.sum(), x, create_graph=True)
            assert g.tolist() == [[0.0] * 3] * 2
            if g.requires_grad:
                assert mg.autograd.grad((g * g).sum(), x)[0].tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
@pytest.mark.parametrize(("weight", "target"), [([0.9, 0.0], [1]), ([1.0, -1.0], [0, 1])])
def test_where_the_weights_of_the_classes_add_up_to_0_too(weight, target, smoothing, device):
    x = mg.tensor(Z[: len(target), :2], requires_grad=True)
    options = {"weight": mg.tensor(weight), "label_smoothing": smoothing}
    for create_graph in (False, True):
        found = F.cross_entropy(x, mg.tensor(target), **options)
        assert bool(found.isnan())
        (g,) = mg.autograd.grad(found, x, create_graph=create_graph)
        assert not g.any() and not g.isnan().any()


def test_weights_and_ignored_classes_are_one_operation(device):
    x = mg.tensor(Z, requires_grad=True)
    loss = F.cross_entropy(x, mg.tensor(K), mg.tensor(CLASS_WEIGHT), ignore_index=0)
    assert loss.node.op_name == "cross_entropy" and loss.node.inputs[0] is x.node


def test_an_ignored_sample_may_be_infinitely_improbable(device):
    x = mg.tensor([[-np.inf, 0.0, 0.0], [-np.inf, 1.0, 1.0]], dtype=mg.float32, requires_grad=True)
    for loss in (F.cross_entropy, lambda x, k: F.nll_loss(x.log_softmax(1), k)):
        found = loss(x, mg.tensor([-100, 2]))
        (g,) = mg.autograd.grad(found, x)
        assert_close(found, np.log(np.float32(2)), rtol=1e-6)
        assert_close(g, np.array([[0, 0, 0], [0, 0.5, -0.5]], np.float32), rtol=1e-6)


def test_the_mean_of_float16_losses_does_not_overflow(device):
    x = mg.full((1000,), 100.0, dtype=mg.float16)
    zero = mg.zeros(1000, dtype=mg.float16)
    for found, expected in (
        (F.mse_loss(x, zero), 1e4),
        (F.binary_cross_entropy_with_logits(x, zero), 100.0),
        (F.cross_entropy(mg.stack([x, zero], 1), mg.ones(1000, dtype=mg.int64)), 100.0),
    ):
        assert found.dtype == mg.float16 and found.item() == expected


def test_a_small_loss_keeps_its_digits():
    x = mg.tensor([-20.0, 20.0])
    y = mg.tensor([0.0, 1.0])
    expected = np.full(2, np.log1p(np.exp(-20.0)), np.float32)
    for weight in (None, mg.ones(2)):
        found = F.binary_cross_entropy_with_logits(x, y, reduction="none", pos_weight=weight)
        assert_close(found, expected, rtol=1e-6)


# Ways to call -------------------------------------------------------------------------------------------


def test_targets_of_any_integer_dtype_and_arrays(device):
    z = mg.tensor(Z)
    expected = F.cross_entropy(z, mg.tensor(K))
    for dtype in (np.uint8, np.int8, np.int16, np.int32):
        assert_close(F.cross_entropy(z, mg.tensor(K.astype(dtype))), expected)
    assert_close(F.cross_entropy(z.cpu(), K), expected)
    assert_close(F.cross_entropy(z, mg.tensor(np.repeat(K, 2))[::2]), expected)


def test_integer_targets_of_binary_losses():
    assert_close(
        F.binary_cross_entropy_with_logits(mg.tensor([0.0, 2.0]), mg.tensor([1, 0])),
        F.binary_cross_entropy_with_logits(mg.tensor([0.0, 2.0]), mg.tensor([1.0, 0.0])),
    )


def test_no_loss_copies_to_the_host(transfers):
    mg.set_default_device("strict")
    z, k = mg.tensor(Z, requires_grad=True), mg.tensor(K)
    x, y = mg.tensor(X, requires_grad=True), mg.tensor(Y)
    with transfers.forbidden():
        for loss in (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(label_smoothing=0.1), nn.NLLLoss()):
            loss(z, k).backward()
        for loss in (nn.BCEWithLogitsLoss(), nn.MSELoss(), nn.L1Loss()):
            loss(x, y).backward()
        nn.BCELoss()(x.sigmoid(), y).backward()


def test_weights_are_buffers(device):
    loss = nn.CrossEntropyLoss(weight=mg.tensor(CLASS_WEIGHT))
    assert list(loss.state_dict()) == ["weight"] and not list(loss.parameters())
    assert loss.double().weight.dtype == mg.float64
    assert list(nn.CrossEntropyLoss().state_dict()) == []
    loss = nn.BCEWithLogitsLoss(pos_weight=mg.ones(2))
    assert list(loss.state_dict()) == ["pos_weight"]


def test_the_scope_is_the_loss():
    loss = nn.CrossEntropyLoss()(mg.tensor(Z, requires_grad=True), mg.tensor(K))
    assert loss.node.scope == ("CrossEntropyLoss",)


def test_shapes_that_broadcast_are_met_with_a_warning():
    for function in (F.mse_loss, F.l1_loss, nn.MSELoss()):
        with pytest.warns(
            UserWarning, match=r"input \(4, 1\) and the target \(4,\) differ in shape"
        ) as caught:
            assert function(mg.ones(4, 1), mg.ones(4)).item() == 0.0
        assert caught[0].filename == __file__  # the line of the program, not one of minigrad's


Z_, K_ = mg.tensor(Z), mg.tensor(K)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.cross_entropy(Z_, mg.tensor([0, 1, 2])), ValueError,
         r"input of shape \(4, 3\) needs class indices of shape \(4,\) or probabilities of shape "
         r"\(4, 3\), got \(3,\) int64"),
        (lambda: F.cross_entropy(Z_, K_.unsqueeze(1)), ValueError, r"got \(4, 1\) int64"),
        (lambda: F.cross_entropy(Z_, mg.tensor([0, 1, 3, 0])), IndexError,
         "cross_entropy: class index 3 is out of range, the input has 3 classes, 0 to 2"),
        (lambda: nn.CrossEntropyLoss()(Z_, mg.tensor([0, -1, 0, 0])), IndexError,
         r"class index -1 .*\(in module CrossEntropyLoss\)"),
        (lambda: F.cross_entropy(Z_, mg.tensor([0, -100, 5, 0])), IndexError, "class index 5"),
        (lambda: F.cross_entropy(Z_, K_ > 0), TypeError, "class indices .integers., got bool"),
        (lambda: F.cross_entropy(Z_, mg.ones(4)), ValueError,
         r"target \(4,\) float32 is neither probabilities in the shape of the input \(4, 3\) nor class "
         r"labels, which have to be integers of shape \(4,\): use target.long\(\)$"),
        (lambda: F.cross_entropy(Z_, mg.ones(4, 1)), ValueError, r"use target.long\(\).reshape\(\(4,\)\)$"),
        (lambda: nn.CrossEntropyLoss()(Z_, mg.ones(2)), ValueError,
         r"target \(2,\) .*of shape \(4,\) \(in module CrossEntropyLoss\)$"),
        (lambda: F.cross_entropy(Z_, mg.zeros(4, 3, dtype=mg.int64)), ValueError,
         r"probabilities of shape \(4, 3\), got \(4, 3\) int64; use .float\(\)$"),
        (lambda: F.nll_loss(Z_, mg.zeros(4, 3, dtype=mg.int64)), ValueError, r"got \(4, 3\) int64$"),
        (lambda: F.cross_entropy(Z_, K_, weight=mg.ones(2)), ValueError, "each of 3 classes"),
        (lambda: F.cross_entropy(Z_, K_, label_smoothing=2.0), ValueError, "from 0 to 1, got 2.0"),
        (lambda: F.cross_entropy(Z_, K_, reduction="avg"), ValueError, "'mean', 'sum' or 'none'"),
        (lambda: nn.CrossEntropyLoss(reduction="avg"), ValueError, "CrossEntropyLoss: .*'avg'"),
        (lambda: F.cross_entropy(mg.tensor(1.0), mg.tensor(0)), ValueError, r"shape \(\)"),
        (lambda: F.nll_loss(Z_, mg.ones(4)), TypeError, "nll_loss: .*integers.*float32"),
        (lambda: F.nll_loss(Z_, K_[:2]), ValueError, r"class indices of shape \(4,\), got \(2,\)"),
        (lambda: F.binary_cross_entropy_with_logits(mg.ones(4, 1), mg.ones(4)), ValueError,
         r"target \(4,\) has to have the shape of the input \(4, 1\)"),
        (lambda: F.binary_cross_entropy(mg.ones(4, 1), mg.ones(4)), ValueError, "has to have the shape"),
        (lambda: F.binary_cross_entropy(mg.tensor([0.5, 1.5]), mg.ones(2)), ValueError,
         "probabilities from 0 to 1, it goes from 0.5 to 1.5"),
        (lambda: F.binary_cross_entropy(mg.tensor([float("nan")]), mg.ones(1)), ValueError, "nan"),
        (lambda: F.mse_loss(mg.ones(2), mg.ones(2), reduction="all"), ValueError, "'all'"),
        (lambda: F.binary_cross_entropy(mg.ones(2), mg.tensor([0.5, -1.0])), ValueError,
         "the target has to hold probabilities from 0 to 1, it goes from -1.0 to 0.5"),
        (lambda: F.binary_cross_entropy(mg.ones(3), mg.ones(3), mg.ones(2, 3)), ValueError,
         r"weight \(2, 3\) does not broadcast to the input \(3,\)"),
        (lambda: F.binary_cross_entropy_with_logits(mg.ones(3), mg.ones(3), pos_weight=mg.ones(2)),
         ValueError, r"pos_weight \(2,\) does not broadcast to the input \(3,\)"),
        (lambda: F.cross_entropy(Z_, mg.tensor(P), mg.ones(2)), ValueError, "each of 3 classes"),
        (lambda: F.cross_entropy(Z_, mg.tensor(P), ignore_index=1), ValueError, "targets of class indices"),
        (lambda: F.cross_entropy(Z_, K_, mg.ones(3, dtype=mg.float64)), RuntimeError,
         r"the input is float32, weight float64; convert one of them with .to\(dtype\)"),
        (lambda: F.cross_entropy(Z_, K_, mg.ones(3, requires_grad=True)), RuntimeError,
         r"no derivative with respect to weight, .* pass weight.detach\(\)"),
        (lambda: F.cross_entropy(Z_, K_, mg.ones(3), -100), TypeError, "positional"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_input_and_target_on_different_devices():
    z = mg.tensor(Z, device="strict")
    k = mg.tensor(K, device="cpu")
    with pytest.raises(RuntimeError, match="input is on strict, the target on cpu"):
        F.cross_entropy(z, k)
    with pytest.raises(RuntimeError, match="input is on strict, the weight on cpu"):
        F.cross_entropy(z, k.to("strict"), mg.ones(3, device="cpu"))


@pytest.mark.parametrize(
    "name", ["MSELoss", "CrossEntropyLoss", "HuberLoss", "PoissonNLLLoss", "HingeLoss"]
)
def test_a_loss_called_before_it_is_made_says_so(name):
    kind = getattr(nn, name)
    with pytest.raises(
        TypeError, match=rf"^{name}: make the loss first, .* {name}\(\)\(input, target\)$"
    ):
        kind(mg.ones(3), mg.ones(3))
    assert "reduction" in inspect.signature(kind).parameters
    assert type(pickle.loads(pickle.dumps(copy.deepcopy(kind())))) is kind
