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
]  # fmt: skip


@pytest.mark.parametrize(("function", "options", "expected"), RECORDED)
def test_numbers_are_pytorchs(function, options, expected, device):
    weight = nn.Parameter(mg.empty(2, 3))
    mg.manual_seed(3)
    assert function(weight, **options) is weight
    assert_close(weight.reshape(-1), np.array(expected, np.float32), rtol=1e-6)
    assert weight.is_leaf and weight.requires_grad
    other = mg.empty(2, 3)
    function(other, **options, generator=mg.Generator().manual_seed(3))
    assert_close(other, weight)


def test_constants(device):
    weight = nn.Parameter(mg.empty(2, 2))
    assert init.constant_(weight, 0.3).tolist() == mg.full((2, 2), 0.3).tolist()
    assert init.ones_(weight).tolist() == [[1.0, 1.0]] * 2
    assert init.zeros_(weight).tolist() == [[0.0, 0.0]] * 2


def test_gains():
    assert init.calculate_gain("linear") == init.calculate_gain("sigmoid") == 1
    assert init.calculate_gain("tanh") == 5 / 3 and init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu") == 1.4141428569978354
    assert init.calculate_gain("leaky_relu", 0.2) == 1.3867504905630728
    with pytest.raises(ValueError, match="unknown nonlinearity 'swash'; there are leaky_relu"):
        init.calculate_gain("swash")


def test_errors_come_before_anything_is_written():
    weight = mg.ones(3)
    for function in (init.xavier_uniform_, init.xavier_normal_, init.kaiming_normal_):
        with pytest.raises(
            ValueError, match=r"at least 2 dimensions, \(out, in\), got shape \(3,\)"
        ):
            function(weight)
    with pytest.raises(ValueError, match="'fan_in' or 'fan_out'"):
        init.kaiming_uniform_(mg.ones(2, 2), mode="fan")
    assert weight.tolist() == [1.0] * 3


def test_more_dimensions_count_into_the_fans():
    weight = mg.empty(8, 4, 5, 5)
    mg.manual_seed(0)
    bound = math.sqrt(6 / (4 * 25 + 8 * 25))
    assert 0.95 * bound < init.xavier_uniform_(weight).abs().max().item() <= bound


def test_weights_without_elements_are_left_alone():
    assert init.kaiming_uniform_(mg.empty(3, 0)).shape == (3, 0)
    assert init.kaiming_normal_(mg.empty(0, 3)).shape == (0, 3)
