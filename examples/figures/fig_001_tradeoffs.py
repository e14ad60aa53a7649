"""
001: "optimizers make tradeoffs"
================================

No model: easy samples, very many. A smart model: hard work per sample, very few. The document has no
numbers. Here four methods descend ½ Σ κᵢxᵢ², with κᵢ from 1 to 10, from all ones until J ≤ 10⁻⁶, and
what counts is how often they ask for the function. Function, dimensions, constants and seed are ours.
"""

import argparse
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.style import BLUE, GREEN, PURPLE, VERMILION, style_sheet

plt.style.use(style_sheet())

parser = argparse.ArgumentParser()
parser.add_argument("--quick", action="store_true", help="fewer dimensions")
dimensions = (2, 8) if parser.parse_known_args()[0].quick else (2, 4, 8, 16, 32)

# %%
# Random search and evolution strategies see values, descent gradients, Newton's method gradients and
# Hessians. The rate of descent is the best one, 2/(1 + 10); the other constants are not tuned.


def asked(name, d):
    """Return how often a method asked for the function, or its derivatives."""
    generator = mg.Generator().manual_seed(0)
    methods = {
        "random search": partial(optim.RandomSearch, sigma=0.3, adapt=1.5, generator=generator),
        "evolution strategy": partial(
            optim.ES, lr=1 / (10 + d), sigma=0.01, antithetic=True, generator=generator
        ),
        "gradient descent": partial(optim.SGD, lr=2 / 11),
        "Newton": optim.Newton,
    }
    way = optim.minimize(
        functions.quadratic(np.diag(np.linspace(1, 10, d))),
        np.ones(d),
        methods[name],
        steps=20_000,
        stop=lambda progress: "near enough" if progress.loss <= 1e-6 else None,
    )
    assert way.reason == "near enough"
    return int(way.evaluations[-1])


names = ("random search", "evolution strategy", "gradient descent", "Newton")
counts = {name: [asked(name, d) for d in dimensions] for name in names}
print("numbers:".ljust(20), *(f"{d:6}" for d in dimensions))
for name, row in counts.items():
    print(name.ljust(20), *(f"{count:6}" for count in row))

# %%
# What an answer costs, in passes through the function: a value one; a gradient about three, whatever d is;
# a Hessian about as much again for each of its d rows. Newton's method is dear where d is large, and where
# the function is no quadratic it takes more than one step.

passes = {"random search": 1, "evolution strategy": 1, "gradient descent": 3}
figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.2), sharey=True, layout="constrained")
for (name, row), colour, stroke in zip(
    counts.items(), (GREEN, PURPLE, BLUE, VERMILION), ("o:", "s-.", "^--", "D-"), strict=True
):
    left.loglog(dimensions, row, stroke, color=colour, label=name)
    cost = [passes.get(name, 3 + 3 * d) for d in dimensions]
    right.loglog(dimensions, np.multiply(row, cost), stroke, color=colour, label=name)
left.set(ylabel="count until J ≤ 10⁻⁶", title="how often the method asked")
right.set(title="passes through the function, about")
for axes in (left, right):
    axes.set_xticks(dimensions, [str(d) for d in dimensions])
    axes.minorticks_off()
    axes.set(xlabel="dimension d")
    axes.grid()
right.legend(loc="lower right")
plt.show()
