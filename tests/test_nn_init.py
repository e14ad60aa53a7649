"""Initial values: PyTorch 2.13's numbers for the same seed."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import init
from minigrad.testing import assert_close

RECORDED = [  # after torch.manual_seed(3), for a weight of shape (2, 3)
    (init.xavier_uniform_, {}, [-1.0861042737960815, -0.8641542792320251, -0.4691956341266632,
                                -1.0363900661468506, -0.062189821153879166, -0.9637369513511658]),
    (init.xavier_normal_, {"gain": 1.5}, [0.7620546221733093, 0.16586151719093323, 0.08441203087568283,
                                          -0.5822240114212036, 0.04381252080202103, -1.2980446815490723]),
    (init.kaiming_uniform_, {}, [-1.4021544456481934, -1.115618348121643, -0.6057289242744446,
                                 -1.337973713874817, -0.08028671145439148, -1.2441790103912354]),
    (init.kaiming_uniform_, {"a": 0.3}, [-1.3430204391479492, -1.068568468093872, -0.5801830887794495,
                                         -1.2815463542938232, -0.07690072059631348, -1.1917072534561157]),
    (init.kaiming_normal_, {"mode": "fan_out", "nonlinearity": "relu"},
     [0.8032760620117188, 0.17483338713645935, 0.08897809684276581, -0.6137180328369141,
      0.04618244990706444, -1.3682591915130615]),
    (init.uniform_, {"a": -2, "b": 3}, [-1.9786823987960815, -1.4721531867980957, -0.5707876086235046,
                                        -1.8652257919311523, 0.35807180404663086, -1.699418544769287]),
    (init.normal_, {"mean": 1, "std": 0.5}, [1.4016380310058594, 1.087416648864746, 1.0444890260696411,
                                             0.693140983581543, 1.023091197013855, 0.31587040424346924]),
    (init.trunc_normal_, {}, [0.8032760620117188, 0.17483338713645935, 0.08897809684276581,
                              -0.6137180328369141, 0.04618244990706444, -1.3682591915130615]),
    (init.trunc_normal_, {"std": 0.02, "a": -0.03, "b": 0.01},  # one number is drawn again
     [0.006749901920557022, 0.0034966678358614445, 0.0017795618623495102, -0.012274360284209251,
      0.0009236490586772561, -0.0273651834577322]),
    (init.trunc_normal_, {"mean": 1.0, "std": 2, "a": 3, "b": 3.5},  # by density
     [3.002131700515747, 3.0527846813201904, 3.142921209335327, 3.013477325439453,
      3.235807180404663, 3.0300581455230713]),
    (init.orthogonal_, {}, [0.9714502096176147, 0.21143653988838196, 0.10760656744241714,
                            0.0756496712565422, 0.15382348001003265, -0.9851981401443481]),
    (init.orthogonal_, {"gain": 1.5}, [1.4571752548217773, 0.31715482473373413, 0.16140985488891602,
                                       0.11347450315952301, 0.23073521256446838, -1.477797269821167]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "options", "expected"), RECORDED)
def test_numbers_are_pytorchs(function, options, expected, device):
    weight = nn.Parameter(mg.empty(2, 3))
    mg.manual_seed(3)
    assert function(weight, **options) is weight
    # A QR decomposition rounds more, and in each library otherwise.
    rtol = 1e-5 if function is init.orthogonal_ else 1e-6
    assert_close(weight.reshape(-1), np.array(expected, np.float32), rtol=rtol)
    assert weight.is_leaf and weight.requires_grad
    other = mg.empty(2, 3)
    function(other, **options, generator=mg.Generator().manual_seed(3))
    assert_close(other, weight)


def test_constants(device):
    weight = nn.Parameter(mg.empty(2, 2))
    assert init.constant_(weight, 0.3).tolist() == mg.full((2, 2), 0.3).tolist()
    assert init.ones_(weight).tolist() == [[1.0, 1.0]] * 2
    assert init.zeros_(weight).tolist() == [[0.0, 0.0]] * 2
    wide = nn.Parameter(mg.empty(2, 3, dtype=mg.float64))
    assert init.eye_(wide) is wide and wide.tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (4, 4), (1, 5), (3, 2, 2, 2)], ids=str)
@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_orthogonal_rows_or_columns(shape, gain, device):
    weight = init.orthogonal_(mg.empty(shape, dtype=mg.float64), gain)
    matrix = weight.cpu().numpy().reshape(shape[0], -1)
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    assert_close(product, gain**2 * np.eye(len(product)), atol=1e-14)


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"), [(0, 1, -2, 2), (0, 1, 1, 4), (0.5, 2, 0.5, 0.6)]
)
def test_truncated_normals_have_the_density_they_should(mean, std, a, b):
    """By the deviation from their own distribution function (Kolmogorov and Smirnov)."""
    mg.manual_seed(0)
    x = np.sort(init.trunc_normal_(mg.empty(20000), mean, std, a, b).numpy().astype(float))
    assert a <= x[0] and x[-1] <= b
    below = np.array([math.erf((one - mean) / std / math.sqrt(2)) for one in (a, *x, b)])
    theirs = (below[1:-1] - below[0]) / (below[-1] - below[0])
    farthest = np.abs(theirs - np.arange(0.5, x.size) / x.size).max()
    assert farthest < 1.95 / math.sqrt(x.size)  # of right numbers, one set of 1000 is farther away


def test_a_mean_far_outside_of_the_bounds_is_warned_of():
    with pytest.warns(UserWarning, match=r"mean 5.0 is more than two deviations \(1.0\)"):
        x = init.trunc_normal_(mg.empty(100), mean=5.0)
    assert x.min() >= -2 and x.max() <= 2


def test_gains():
    assert init.calculate_gain("linear") == init.calculate_gain("sigmoid") == 1
    assert init.calculate_gain("tanh") == 5 / 3 and init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu") == 1.4141428569978354
    assert init.calculate_gain("leaky_relu", 0.2) == 1.3867504905630728
    assert init.calculate_gain("conv2d") == init.calculate_gain("conv_transpose1d") == 1
    assert init.calculate_gain("selu") == 0.75
    with pytest.raises(
        ValueError, match="unknown nonlinearity 'swash'; there are conv1d.*leaky_relu"
    ):
        init.calculate_gain("swash")
    for slope in (True, "0.1"):
        with pytest.raises(ValueError, match="slope has to be a number, got"):
            init.calculate_gain("leaky_relu", slope)


def test_errors_come_before_anything_is_written():
    weight, state = mg.ones(3), mg.get_rng_state()
    for options in ({"std": 0}, {"a": 1, "b": 0}):
        with pytest.raises(ValueError, match="expected std > 0 and a <= b, got std="):
            init.trunc_normal_(weight, **options)
    with pytest.raises(ValueError, match=r"at least 2 dimensions, \(out, in\), got shape \(3,\)"):
        init.orthogonal_(weight)
    with pytest.raises(ValueError, match=r"eye_: expected a matrix, got shape \(3,\)"):
        init.eye_(weight)
    for function in (init.orthogonal_, init.trunc_normal_):
        with pytest.raises(RuntimeError, match="expected a floating tensor to fill, got int64"):
            function(mg.ones(2, 2, dtype=mg.int64))
    for function in (init.xavier_uniform_, init.xavier_normal_, init.kaiming_normal_):
        with pytest.raises(
            ValueError, match=r"at least 2 dimensions, \(out, in\), got shape \(3,\)"
        ):
            function(weight)
    with pytest.raises(ValueError, match="'fan_in' or 'fan_out'"):
        init.kaiming_uniform_(mg.ones(2, 2), mode="fan")
    assert weight.tolist() == [1.0] * 3 and (mg.get_rng_state() == state).all()


def test_more_dimensions_count_into_the_fans():
    weight = mg.empty(8, 4, 5, 5)
    mg.manual_seed(0)
    bound = math.sqrt(6 / (4 * 25 + 8 * 25))
    assert 0.95 * bound < init.xavier_uniform_(weight).abs().max().item() <= bound


def test_weights_without_elements_are_left_alone():
    assert init.kaiming_uniform_(mg.empty(3, 0)).shape == (3, 0)
    assert init.kaiming_normal_(mg.empty(0, 3)).shape == (0, 3)
    assert init.orthogonal_(mg.empty(0, 3)).shape == (0, 3)
