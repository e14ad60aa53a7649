"""Numbers that scripts of examples/figures print: table 3.1, the races, and rows of documents 002 and 003."""

import re
import runpy
import sys

import pytest
from test_documentation import ROOT, run_example

from minigrad import optim

FIGURES = ROOT / "examples" / "figures"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a script in this process, where a warning is an error; return its names and what it prints."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    monkeypatch.setattr(plt, "show", lambda: None)

    def run(stem, *arguments):
        path = str(FIGURES / f"{stem}.py")
        monkeypatch.setattr(sys, "argv", [path, *arguments])
        capsys.readouterr()
        try:
            names = runpy.run_path(path, run_name="__main__")
        finally:
            plt.close("all")
        return names, capsys.readouterr().out

    return run


PRINTED = {
    # 002.01
    "fig_002_3_1_parabola": ["the document 0, 1, ½; here 0, 1, 0.5", "-6, 2; here -6, 2, -2"],
    # 002.02 and 002.04
    "fig_002_3_2_ring": [
        "(7.5, 15), here (7.5, 15.0)",
        "(0.425, 0.85), here (0.425, 0.850)",
        "(0.35, 0.69), here (0.35, 0.69)",
        "f = 0.000303",
        "predicted to order 1: -2.8125",
        "predicted to order 2: -3.1465",
        "fall by the first step: -2.9699",
        "from (1.2, 1): |w| = 1.80278, f = 8.58203",
    ],
    # 002.05, with the numbers of 000.06
    "fig_002_3_3_learning_rates": ["after 20 steps 0.60848;", "after 20 steps -626.762;"],
    # 002.06
    "fig_002_3_4_surface": [
        "convex: no chord of 1,000 runs below the surface",
        "not convex: a chord of 1,000 runs below the surface",
    ],
    # 002.07
    "fig_002_3_5_two_wells": [
        "maximum, as printed: (0.417724, 0.216935)",
        "minima, corrected: (-1.0000, -1.0000), (2.0000, -1.0000); the document (-1, -1), (2, -1)",
        "maximum, corrected: (0.5, 0.265625)",
        "starts up to 0.4 end left, from 0.6 right",
    ],
    # 002.15 to 002.18, 002.21
    "fig_002_3_6_regularizer": [
        "from (0.0, 0.0, 0.0): [ 0.  1. -1.], norm 1.4142",
        "from (1.0, 1.0, 1.0): [-0.3333  1.3333 -0.6667], norm 1.5275",
        "2λ/(1 + 2λ) = 0.027730, here 0.027730",
        "its loss 3.845e-04 is above 0, the line's; with the penalty 0.0196078",
        "0.98 to the power 300: 0.00233",
    ],
    # 002.22
    "fig_002_3_7_weights": [
        "no penalty       0.0000    95.1",
        "λ = 30           0.0542     0.8472",
    ],
    # 003.01 to 003.03
    "fig_003_6_1_linear_regression": [
        "gradient there: (-21.90400, -26.84044)",
        "step 0: loss 5.020125, rate 0.022",
        "step 1: loss 2.835363, rate 0.098",
        "step 4: loss 0.649115",
        "after 10 steps: 0.213405; with exact search 0.211374; lowest 0.199866",
    ],
    # 003.05 and 003.06
    "fig_003_6_2_gabor_model": ["noise: 0.1505", "loss at (0, 16.6): 0.679914"],
    # 003.06 to 003.11
    "fig_003_6_4_gabor_loss": [
        "loss  3.3564 at (-5.8194, 13.8245): minimum",
        "loss 10.1823 at (-0.1665,  4.8809): minimum",
        "loss 17.9464 at ( 2.4735,  7.4280): saddle",
        "0.645868 at [0.0, 16.0]",
    ],
    # 003.12
    "fig_003_6_5_sgd": ["at (0.5, 15.0): 26% of the batches of three go uphill"],
    # 003.15
    "fig_003_6_6_batches": [
        "all 4,060 batches: (-0.085100, -0.050706)",
        "of all 30 points: (-0.085100, -0.050706)",
    ],
    # 003.22 to 003.25
    "fig_003_6_7_momentum": [
        "notebook 6.4 0.93632, here 0.93632",
        "notebook 6.4 0.74591, here 0.74591 at (0.020955, 15.070488)",
        "the last 10 have 0.651 of the weight",
        "the last 100 have 0.634 of the weight",
        "1.31441, unrolled 1.31441",
    ],
    # 003.28
    "fig_003_6_8_nesterov": ["0.803359, here 0.803359", "0.800868, here 0.800868"],
    # 003.33 to 003.35
    "fig_003_6_9_adam": [
        "here (0.735962, 0.051761)",
        "here (0.743066, -0.007164)",
        "φ₁ from -0.761 to 0.391",
        "γ = 0.99: the first step is 1.000 α",
        "γ = 0.999: the first step is 3.162 α",
    ],
}


@pytest.mark.parametrize("stem", PRINTED)
def test_printed(stem, run):
    _, output = run(stem, "--quick")
    for line in PRINTED[stem]:
        assert line in output


def test_every_optimiser_takes_part_in_a_race_or_is_excused(run):
    names = set()
    for race in ("race_surfaces", "race_digits"):
        families = run(race, "--quick")[0]["families"]
        names |= {name for members in families.values() for name in members}
    classes = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    optimizers = {name for name in classes if issubclass(getattr(optim, name), optim.Optimizer)}
    excused = {"Optimizer", "LevenbergMarquardt"}  # the latter sees residuals
    assert optimizers - excused == names


@pytest.mark.slow
def test_table_3_1_of_document_002(data_folder, tmp_path):  # 002.19
    pytest.importorskip("matplotlib")
    output = run_example(FIGURES / "table_002_3_1_sst.py", tmp_path)
    rows = re.findall(r"^(.{15}) (.{20}) document +(\S+), here +(\S+)$", output, re.MULTILINE)
    assert len(rows) == 8
    for column, name, theirs, own in rows:
        within = 0.2 if "accuracy" in name else 0.002
        assert abs(float(theirs) - float(own)) <= within, (column, name)
    assert "6,920 sentences to learn from, 14,828 words" in output
