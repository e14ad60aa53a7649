"""Every script of examples/figures runs, and prints the numbers of the documents."""

import pytest
from test_documentation import ROOT, name, run_example

FIGURES = sorted(ROOT.glob("examples/figures/*.py"))

# What a script prints, where the documents have a number or one can be worked out (rows of algorithms.md).
PRINTED = {
    # 000.16
    "fig_000_1_2_momentum_on_abs": [
        "μ =  0.0: the loss is at most 0.01 first at step 99;",
        "μ =  0.5: the loss is at most 0.01 first at step 51;",
        "first at step 69; lowest θ -0.468; |θ| in the last 50 steps up to 0.047",
    ],
    # 000.19 to 000.24
    "fig_000_1_3_six_functions": [
        "(c) nearly flat, 1 − exp(−25x²): from 1 to 1\n",
        "(d) piecewise constant, ⌊4|x|⌋ / 4: from 1 to 1\n",
        "(e): the last 50 points are between 1.19 and 2.82",
        "(e): other roundings, or a start 1e-15 beside, lead elsewhere, to no rest either",
        "(e) without momentum: the last 50 points are on both sides: True",
        "-1.5095 -0.3021 0.9060 0.9060 2.1119",
    ],
    # 000.29
    "fig_000_1_4_evolution_strategies": ["staircase, by the gradient: from 1 to 1.000"],
    # 000.31
    "fig_000_1_5_clipping": [
        "clipped to ±0.1: J = -0.2138 after 500 steps, |x| in the last 50 up to 0.0022",
        "J = -0.2500 after 2000 steps, |x| up to 0.0010",
    ],
    # 000.09 to 000.12, 000.14
    "fig_000_schedules": [
        "here: 0.369711",
        "[1.    1.    0.5   0.25  0.125]",
        "[1.   0.99 0.5  0.01]",
        "[0.1     0.05    0.00245 0.1     0.05    0.00062 0.1    ]",
        "K = 200: in step 50 linear 0.75",
    ],
    # 000.27
    "fig_000_surrogate": [
        "slope of J at x = 1, smoothed: 0.1185",
        "smoothed: x = 7.7e-05 after 500 steps, where J = 0",
    ],
    # 001.04, 001.05
    "fig_001_finite_differences": [
        "the document: array([2.0000001 , 4.00000009])",
        "here:         array([2.0000001 , 4.00000009])",
        "1e-07   1.01e-07",
    ],
    # 001.08, 001.11
    "fig_001_batches": ["sum: 2.000 times as long", "mean: 1.000 times as long"],
    # 001.13, 001.14
    "fig_001_descents": [
        "from (0, 0): to (3.000, 2.000)",
        "from (-1, -1): to (-3.779, -3.283)",
        "from (-4, 4): to (-2.805, 3.131)",
        "from (1, -3): to (3.584, -1.848)",
        "after 1000 steps, lowest 2.34",
        "lowest 1.52",
    ],
    # 001.20
    "fig_001_sign_descent": ["first step 3.16 lr, 1/√(1 − ρ) = 3.16"],
    # 001.15, with the numbers of 000.06
    "fig_001_step_sizes": [
        "η = 0.01: the formula 0.608480, here 0.608480",
        "η = 0.125: the formula 0.750000, here 0.750000",
        "η = 0.25: the formula 0.000000, here 0.000000",
        "η = 0.3: the formula -626.761916, here -626.761916",
    ],
    # 001.23
    "fig_001_tradeoffs": ["Newton                    1      1"],
    # 001.16
    "fig_001_zigzag": ["factor 0.1111", "factor 0.6694", "factor 0.9608"],
    # 002.01
    "fig_002_3_1_parabola": ["here 0, 1, 0.5", "f(0.75) = -11.25"],
    # 002.04
    "fig_002_3_2_ring": ["(0.03, 0.06), here (0.03, 0.06)", "(7.90, 15.81), here (7.90, 15.81)"],
    # 002.07
    "fig_002_3_5_two_wells": ["(-1.0322, -1.1694), (1.7395, -0.8662)", "(2.0000, -1.0000)"],
    # 002.16
    "fig_002_3_6_regularizer": ["here [ 0.        0.980392 -0.980392]"],
    # 003.01
    "fig_003_6_1_linear_regression": ["the notebook 12.367, here 12.366904"],
    # 003.06
    "fig_003_6_4_gabor_loss": ["loss  0.6457 at ( 0.0038, 16.0263): minimum"],
    # 003.13
    "fig_003_6_5_sgd": ["here at (-0.49668, 12.26841) with 4.62436"],
    # 003.28, and section 2.2 there
    "fig_003_6_8_nesterov": [
        "(-0.12622966, 0.10108966)",
        "(0.00564728, -0.01483455)",
        "(-0.00702856, -0.01071434)",
    ],
    # 003.33 to 003.35
    "fig_003_6_9_adam": [
        "here (0.668404, -0.000000), loss 1.248e-04",
        "here (0.696131, 0.194839)",
        "here (0.740000, 0.060000)",
        "here (0.667073, 0.029500), loss 1.874e-03",
    ],
    # 004.13, 004.14
    "fig_004_adagrad": [
        "AdaGrad:       [0.1     0.07071 0.05774 0.05   ]",
        "first g = 100: [0.1   0.001 0.001 0.001]",
    ],
    # 004.17
    "fig_004_batch_norm": ["variances [1. 1. 1.]"],
    # 004.03
    "fig_004_hessian": [
        "eigenvalues   25.72,   82.28: minimum",
        "eigenvalues  -45.61,  -16.07: maximum",
        "eigenvalues  -31.71,   75.51: saddle",
        "[0.0, 0.0]: inconclusive",
    ],
    # 004.11
    "fig_004_linear_to_tau": ["here:         [0.1     0.09901 0.0505  0.00199 0.001   0.001  ]"],
    # 004.04, 004.05
    "fig_004_taylor": [
        "best η = 0.6667, break-even 1.3333",
        "η = 0.5: expected -3.12500, actual -3.12500",
        "gᵀHg = -6679.7",
        "first order -2.8125, second order -3.1465, actual -2.96986",
        "after (7.90, 15.81)",
    ],
}


@pytest.mark.parametrize("figure", FIGURES, ids=name)
def test_figure(figure, tmp_path, request):
    if "--data" in figure.read_text(encoding="utf-8"):
        request.getfixturevalue("data_folder")
    output = run_example(figure, tmp_path, "--quick")
    for line in PRINTED.get(figure.stem, ()):
        assert line in output


def test_scripts_whose_numbers_are_known_are_there():
    assert set(PRINTED) <= {figure.stem for figure in FIGURES}
