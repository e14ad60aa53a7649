"""
The race: all optimisers on four functions
==========================================

A long bowl, the ring of document 002, Himmelblau's function with its four minima and Rosenbrock's bent
valley. Each optimiser has the same number of steps from the same start, and a rate found by trying a few
on that very function. So these are their best ways, not what they do at first try. A step costs one
look at the function, or many: the table has both.

Some do not take part. K-FAC and Muon want the layers and matrices of a network, SVRG a sum over data, and
Levenberg-Marquardt residuals; the first three race on the digits, in ``race_digits.py``.

Some zeros are luck: steps of fixed length land on a minimum that is a whole number of them away. And Momentum
rolls past the nearest minimum of Himmelblau's function into another one.
"""

import argparse
from functools import partial

import matplotlib.pyplot as plt

import minigrad as mg
from minigrad import optim, viz
from minigrad.optim import functions, tune
from minigrad.optim.stopping import GradientNorm
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())

parser = argparse.ArgumentParser()
parser.add_argument("--quick", action="store_true", help="fewer steps and rates")
arguments, _ = parser.parse_known_args()

STEPS = 30 if arguments.quick else 100
RATES = [0.01, 0.1, 1.0] if arguments.quick else [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]

# %%
# The optimisers, and what the rate is called that is tried; those without one find their steps themselves.

momentum = partial(optim.Momentum.classical, mu=0.9)
nesterov = partial(optim.Nesterov.sutskever, mu=0.9)
newton = partial(optim.Newton, search="backtracking")
lbfgs = partial(optim.LBFGS, max_iter=1, max_eval=25, line_search_fn="strong_wolfe")
es = partial(optim.ES, sigma=0.1, antithetic=True)
families = {
    "one rate": {
        "SGD": (optim.SGD, "lr"),
        "Momentum": (momentum, "lr"),
        "Nesterov": (nesterov, "lr"),
        "NormalizedGD": (optim.NormalizedGD, "lr"),
        "SignDescent": (optim.SignDescent, "lr"),
        "SAM": (optim.SAM, "lr"),
    },
    "a rate for each number": {
        "Adagrad": (optim.Adagrad, "lr"),
        "Adadelta": (optim.Adadelta, "lr"),
        "RMSprop": (optim.RMSprop, "lr"),
        "Rprop": (optim.Rprop, "lr"),
        "Lion": (optim.Lion, "lr"),
    },
    "Adam and its kin": {
        "Adam": (optim.Adam, "lr"),
        "AdamW": (optim.AdamW, "lr"),
        "Adamax": (optim.Adamax, "lr"),
        "NAdam": (optim.NAdam, "lr"),
        "RAdam": (optim.RAdam, "lr"),
    },
    "searches and curvature": {
        "HalveOnNoDecrease": (optim.HalveOnNoDecrease, None),
        "LineSearchGD": (optim.LineSearchGD, None),
        "Newton": (newton, None),
        "NewtonCG": (optim.NewtonCG, None),
        "LBFGS": (lbfgs, None),
    },
    "values alone": {
        "ES": (es, "lr"),
        "SPSA": (optim.SPSA, "lr"),
        "RandomSearch": (optim.RandomSearch, "sigma"),
    },
}
tracks = {
    "ellipse, κ = 20": (functions.ellipse(20), (20.0, 1.0), ((-4, 22), (-1.5, 1.5))),
    "ring": (functions.ring, (0.5, 1.0), ((-0.7, 0.9), (-0.4, 1.2))),
    "Himmelblau": (functions.himmelblau, (0.0, 0.0), ((-1, 4.5), (-3, 4))),
    "Rosenbrock": (functions.rosenbrock, (-1.2, 1.0), ((-1.6, 1.6), (-0.6, 1.8))),
}

# %%
# The runs. Those that draw random numbers draw the same ones at every rate.


def run(make, name, function, start, rate):
    options = {} if name is None else {name: rate}
    if make in (es, optim.SPSA, optim.RandomSearch):
        options["generator"] = mg.Generator().manual_seed(0)
    return optim.minimize(
        function, start, partial(make, **options), steps=STEPS, stop=GradientNorm(1e-9)
    )


print(f"{STEPS} steps; for each function: rate, value at the end, looks at the function")
print(" " * 18 + "".join(f"{name:>28}" for name in tracks))
ways = {}
for family, members in families.items():
    for optimizer, (make, name) in members.items():
        line = f"{optimizer:18}"
        for track, (function, start, _) in tracks.items():
            trial = partial(run, make, name, function, start)
            rates = [None] if name is None else RATES
            rate = tune.grid(trial, {"rate": rates}).best.hyper["rate"]
            way = ways[family, track, optimizer] = trial(rate)
            line += f"{rate or '-':>10}{way.fun:10.1e}{way.evaluations[-1]:8}"
        print(line)

# %%
# The ways: a figure for each function, in it a picture for each family. The stars are minima, white dots
# starts, coloured ones ends.

for track, (_, _, window) in tracks.items():
    figure, places = plt.subplots(3, 2, figsize=(8.4, 11), layout="constrained")
    *panels, empty = places.flat
    empty.set_axis_off()
    for axes, (family, members) in zip(panels, families.items(), strict=True):
        over = {optimizer: ways[family, track, optimizer] for optimizer in members}
        viz.compare(over, window, ax=axes, title=family, bar=True)
    figure.suptitle(track)
    plt.show()
