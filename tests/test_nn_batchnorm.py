"""Batch norm: PyTorch's conventions, numbers recorded from PyTorch 2.13, and its errors."""

import warnings

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


def layer_with_weights():
    norm = nn.BatchNorm1d(3)
    norm.load_state_dict({"weight": [1.0, 0.5, 2.0], "bias": [0.0, 1.0, -1.0]}, strict=False)
    return norm


def test_training_and_evaluation_give_pytorchs_numbers(device):
    norm, x = layer_with_weights(), mg.tensor(X, requires_grad=True)
    y = norm(x)
    (y * mg.tensor(W)).sum().backward()
    close(y, [-0.4472118, 0.7165096, 1.7738914, 0.4472118, 1.0500277, -3.5326836, -1.3416355,
              1.7837678, -0.1557722, 1.3416355, 0.449695, -2.0854359])  # fmt: skip
    close(x.grad, [-0.0447172, 0.3119269, -1.2525368, 0.491929, -0.3846404, -0.8279923, -0.1341516,
                   0.1107021, 1.8840505, -0.3130602, -0.0379887, 0.1964786])  # fmt: skip
    close(norm.weight.grad, [-4.9193296, -2.3346274, -1.5527762])
    close(norm.bias.grad, [2.0, 2.0, 0.75])
    close(norm.running_mean, [0.1, 0.00625, 0.05625])
    close(norm.running_var, [1.0666666, 1.3682292, 1.0432291])
    norm(mg.tensor(X) * 2 + 1)
    close(norm.running_mean, [0.39, 0.118125, 0.263125])
    close(norm.running_var, [1.6266665, 3.1043229, 1.5118228])
    assert norm.num_batches_tracked.item() == 2
    norm.eval()
    x.grad = None
    y = norm(x)
    (y * mg.tensor(W)).sum().backward()
    close(y, [0.0862466, 0.6826955, 1.8251835, 0.8703068, 1.0374238, -2.647939, -0.6978136,
              1.8178262, 0.1985935, 1.654367, 0.3989128, -1.4279965])  # fmt: skip
    close(x.grad, [0.7840602, 0.5675653, -1.62659, 0.3920301, -0.2837827, 0.4066475, 1.5681204, 0.0,
                   1.62659, -1.1760902, 0.2837827, 0.813295])  # fmt: skip
    assert norm.num_batches_tracked.item() == 2


@pytest.mark.parametrize("kind", [float, np.float64, np.float32])
def test_momentum_may_be_a_number_of_numpys(kind, device):
    norm = nn.BatchNorm1d(3, momentum=kind(0.25), device=device)
    for _ in range(2):
        norm(mg.ones(4, 3, device=device))
    for kept, expected in ((norm.running_mean, 0.4375), (norm.running_var, 0.5625)):
        assert kept.dtype == mg.float32
        np.testing.assert_array_equal(kept.cpu().numpy(), np.float32(expected))


def test_momentum_none_is_the_mean_over_all_batches(device):
    norm = nn.BatchNorm1d(3, momentum=None)
    for i in range(3):
        norm(mg.tensor(X) * (i + 1))
    close(norm.running_mean, [2.0, 0.125, 1.125])
    close(norm.running_var, [7.7777777, 21.8506947, 6.6840277])
    assert norm.running_mean.dtype == norm.running_var.dtype == mg.float32


def test_three_dimensions_are_normalised_by_channel(device):
    norm = nn.BatchNorm1d(2)
    y = norm(mg.tensor(X.reshape(2, 2, 3)))
    assert y.shape == (2, 2, 3)
    close(y, [-0.242535, -1.3339424, 0.8488725, 0.8574909, 0.0, -0.6859927, -0.97014, 1.5764775,
              0.1212675, 1.5434836, -1.5434836, -0.1714982])  # fmt: skip
    close(norm.running_mean, [0.0833333, 0.025])
    close(norm.running_var, [1.1266667, 1.155])


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize(
    "options", [{}, {"momentum": None}, {"affine": False, "eps": 0.1}], ids=str
)
def test_features_first_is_the_transpose(options, training, device):
    """The layout of the documents: a sample in each column, X' = W.T @ X, each row normalised."""
    usual = nn.BatchNorm1d(3, **options).train(training)
    other = nn.BatchNorm1d(3, **options, features_first=True).train(training)
    for norm in (usual, other):
        norm.load_state_dict(
            {"running_mean": [0.5, 0.0, -1.0], "running_var": [1.0, 2.0, 0.5]}, strict=False
        )
    x, columns = mg.tensor(X, requires_grad=True), mg.tensor(X.T.copy(), requires_grad=True)
    for _ in range(2):
        y, rows = usual(x), other(columns)
        assert_close(rows, y.T)
        (y * mg.tensor(W)).sum().backward()
        (rows * mg.tensor(W).T).sum().backward()
    assert_close(columns.grad, x.grad.T)
    for ours, theirs in zip(other.parameters(), usual.parameters(), strict=True):
        assert_close(ours.grad, theirs.grad)
    for ours, theirs in zip(other.buffers(), usual.buffers(), strict=True):
        assert ours.tolist() == theirs.tolist()
    assert repr(other) == repr(usual)[:-1] + ", features_first=True)"


def test_options(device):
    norm = nn.BatchNorm1d(3, momentum=0.3, affine=False, eps=0.1)
    y = norm(mg.tensor(X))
    close(y, [-0.4303315, -0.5590774, 1.3265797, 0.4303315, 0.0986607, -1.2112249, -1.2909944,
              1.5456847, 0.4037417, 1.2909944, -1.0852679, -0.5190964])  # fmt: skip
    close(norm.running_mean, [0.3, 0.01875, 0.16875])
    close(norm.running_var, [1.2, 2.1046875, 1.1296875])
    assert list(norm.parameters()) == []
    assert nn.BatchNorm1d(3, bias=False).bias is None
    assert repr(nn.BatchNorm1d(3, momentum=None, affine=False)) == (
        "BatchNorm1d(3, eps=1e-05, momentum=None, affine=False, bias=False, track_running_stats=True)"
    )


@pytest.mark.parametrize("training", [True, False])
def test_derivatives_in_three_dimensions(training, device):
    rng = np.random.default_rng(0)
    norm = nn.BatchNorm1d(2, dtype=mg.float64).train(training)

    def function(x, weight, bias):
        mean, var = norm.running_mean, norm.running_var
        return F.batch_norm(x, mean, var, weight, bias, training)

    check_gradients(function, rng.normal(size=(3, 2, 2)), np.ones(2), np.zeros(2), device=device)
    check_gradients(
        lambda x: F.batch_norm(x, mg.zeros(2, dtype=mg.float64), mg.ones(2, dtype=mg.float64)),
        rng.normal(size=(3, 2, 2, 2)),
        device=device,
    )


def test_evaluation_before_training_changes_almost_nothing():
    x = mg.tensor(X)
    assert_close(nn.BatchNorm1d(3).eval()(x), X / np.sqrt(np.float32(1 + 1e-5)), rtol=1e-6)


def test_without_tracking_the_batch_is_used_always():
    norm = nn.BatchNorm1d(3, track_running_stats=False)
    assert list(norm.state_dict()) == ["weight", "bias"]
    y = norm(mg.tensor(X))
    assert_close(norm.eval()(mg.tensor(X)), y)


def test_tracking_can_be_switched_off_and_on():
    """As in PyTorch: off, training leaves the running statistics alone, evaluation still uses them."""
    norm, x = nn.BatchNorm1d(3), mg.tensor(X)
    norm.track_running_stats = False
    assert_close(norm(x), nn.BatchNorm1d(3)(x))
    assert norm.running_mean.tolist() == [0.0] * 3 and norm.num_batches_tracked.item() == 0
    assert_close(norm.eval()(x), nn.BatchNorm1d(3).eval()(x))
    norm.reset_running_stats()
    norm.track_running_stats = True
    norm.train()(x)
    assert norm.num_batches_tracked.item() == 1


def test_loaded_statistics_are_used(device):
    norm = nn.BatchNorm1d(3, eps=0.0).eval()
    norm.load_state_dict(
        {"weight": [2.0] * 3, "bias": [1.0] * 3, "running_mean": [0.5, -1.0, 2.0],
         "running_var": [4.0, 1.0, 0.25], "num_batches_tracked": 7}
    )  # fmt: skip
    expected = 2 * (X - [0.5, -1.0, 2.0]) / [2.0, 1.0, 0.5] + 1
    assert_close(norm(mg.tensor(X)), expected.astype(np.float32), rtol=1e-6, atol=1e-6)
    assert norm(mg.tensor(X[:1])).shape == (1, 3) and norm(mg.tensor(X[:0])).shape == (0, 3)
    norm.train()(mg.tensor(X))
    assert norm.num_batches_tracked.item() == 8


def test_a_graph_keeps_the_statistics_it_was_recorded_with(device):
    norm = nn.BatchNorm1d(3).eval()
    x = mg.tensor(X, requires_grad=True)
    y = norm(x)
    (expected,) = mg.autograd.grad(y.sum(), x, retain_graph=True)
    norm.train()(mg.tensor(X) * 10)
    y.sum().backward()
    assert_close(x.grad, expected)


def test_buffers_stay_the_same_objects(device):
    norm = nn.BatchNorm1d(3)
    before = list(norm.buffers())
    norm(mg.tensor(X))
    assert all(a is b for a, b in zip(norm.buffers(), before, strict=True))
    assert not any(b.requires_grad for b in before)
    assert type(norm.num_batches_tracked.array) is type(before[0].array)  # an array, no scalar
    with mg.no_grad():
        norm(mg.tensor(X))
    assert norm.num_batches_tracked.item() == 2
    norm.reset_running_stats()
    assert norm.num_batches_tracked.item() == 0 and norm.running_var.tolist() == [1.0] * 3
    norm.weight.data.fill_(3.0)
    norm.reset_parameters()
    assert norm.weight.tolist() == [1.0] * 3 and norm.bias.tolist() == [0.0] * 3


def test_second_order_through_a_network_with_batch_norm(device):
    norm = nn.BatchNorm1d(3, dtype=mg.float64)
    linear = nn.Linear(3, 3, dtype=mg.float64)
    check_gradients(lambda x: norm(linear(x)).tanh(), X.astype(float), device=device)


def test_a_shift_of_all_inputs_makes_no_difference():
    """The bias of a layer before batch norm is inert, so its gradient is 0 (document 004)."""
    linear, norm = nn.Linear(3, 3, dtype=mg.float64), nn.BatchNorm1d(3, dtype=mg.float64)
    x = mg.tensor(X, dtype=mg.float64)
    y = norm(linear(x))
    (y * mg.tensor(W, dtype=mg.float64)).sum().backward()
    assert_close(linear.bias.grad, np.zeros(3), atol=1e-14)
    linear.bias.data.add_(5.0)
    assert_close(norm(linear(x)), y, rtol=1e-9, atol=1e-12)


def test_large_means_do_not_cancel(device):
    norm = nn.BatchNorm1d(1)
    x = np.array([[4096.0], [4097.0], [4098.0], [4099.0]], np.float32)
    expected = (x - 4097.5) / np.sqrt(np.float32(1.25 + 1e-5))
    assert_close(norm(mg.tensor(x)), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.BatchNorm1d(3)(mg.ones(1, 3)), ValueError,
         r"more than 1 value per channel when training, got input of shape \(1, 3\).*BatchNorm1d"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(1, 3, 1)), ValueError, "more than 1 value per channel"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(0, 3)), ValueError, "more than 1 value per channel"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(3)), ValueError, r"\(N, 3\) or \(N, 3, L\), got \(3,\)"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(2, 4)), ValueError, r"got \(2, 4\) \(in module BatchNorm1d\)"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(2, 3, 1, 1)), ValueError, r"got \(2, 3, 1, 1\)"),
        (lambda: nn.BatchNorm1d(3, features_first=True)(mg.ones(4, 3)), ValueError,
         r"input of shape \(3, N\), got \(4, 3\)"),
        (lambda: nn.BatchNorm1d(3, features_first=True)(mg.ones(3, 4, 2)), ValueError, r"\(3, N\)"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(2, 3, dtype=mg.float64)), RuntimeError,
         "input is float64, the layer float32"),
        (lambda: F.batch_norm(mg.ones(3), None, None, training=True), ValueError, r"got \(3,\)"),
        (lambda: F.batch_norm(mg.ones(2, 3), None, None), ValueError, "needs running statistics"),
        (lambda: F.batch_norm(mg.ones(2, 3), mg.ones(4), mg.ones(4)), ValueError,
         r"with 4 channels in dimension 1, got shape \(2, 3\)"),
    ],
)  # fmt: skip
def test_errors(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_refused_batch_leaves_the_statistics_alone():
    norm = nn.BatchNorm1d(3)
    for bad in (mg.ones(1, 3), mg.ones(2, 3, dtype=mg.float64)):
        with pytest.raises((ValueError, RuntimeError)):
            norm(bad)
    assert norm.num_batches_tracked.item() == 0 and norm.running_mean.tolist() == [0.0] * 3


def test_a_long_single_sample_is_enough():
    assert nn.BatchNorm1d(3)(mg.randn(1, 3, 5)).shape == (1, 3, 5)


# The bias before -------------------------------------------------------------------------------------


def test_a_bias_before_batch_norm_is_warned_of_once(device):
    class Net(nn.Module):
        def __init__(self, bias):
            super().__init__()
            self.hidden, self.norm = nn.Linear(3, 4, bias=bias), nn.BatchNorm1d(4)

        def forward(self, x):
            return self.norm(self.hidden(x))

    net, x = Net(bias=True), mg.randn(5, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.eval()(x)
        with mg.no_grad():
            net.train()(x)
    with pytest.warns(
        UserWarning, match=r"linear layer \(hidden: Linear\).*bias=False \(in module Net > norm"
    ):
        net(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net(x)
        Net(bias=False)(x)
        nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4))(x)
        nn.BatchNorm1d(3)(x)


def test_a_bias_that_matters_is_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(3))(mg.randn(7, 3, 4))  # along the length


def test_a_bias_before_batch_norm_is_seen_behind_a_hook():
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5))
    model[0].register_full_backward_hook(lambda m, gi, go: None)
    with pytest.warns(UserWarning, match=r"linear layer \(0: Linear\)") as caught:
        model(mg.randn(7, 4))
    assert caught[0].filename == __file__
