"""
000, figure 1.4: evolution strategies
=====================================

Where the gradient is zero, random steps still tell what is lower. The constants are the document's: σ =
1, M = 10, η = 0.02. It says that the function is that of figure 1.3(c), which is nearly flat; meant is
(d), the piecewise constant one. Its formula, the start at 1 and the seeds are ours, and so is the second
function. (In line 6 of algorithm 1.4, θ stands for θᵏ.)
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
parser.add_argument("--quick", action="store_true", help="500 steps instead of 1000")
steps = 500 if parser.parse_known_args()[0].quick else 1000

# %%
# Three seeds on each function. The optimiser sees values alone.


def evolve(objective, seed):
    generator = mg.Generator().manual_seed(seed)
    make = partial(optim.ES, lr=0.02, sigma=1.0, samples=10, generator=generator)
    return optim.minimize(objective, 1.0, make, steps=steps)


objectives = [functions.staircase, functions.trench]
runs = {objective.name: [evolve(objective, seed) for seed in range(3)] for objective in objectives}
still = optim.minimize(functions.staircase, 1.0, partial(optim.SGD, lr=0.02), steps=steps)
print(f"staircase, by the gradient: from 1 to {still.x:.3f}, it never moves")
for name, ways in runs.items():
    for seed, way in enumerate(ways):
        share = (way.losses[-steps // 4 :] == 0).mean()
        print(
            f"{name}, seed {seed}: x = {way.points[500, 0]:6.3f} at step 500; in the last {steps // 4} "
            f"steps {share:.0%} have J = 0"
        )
print("the document: ES minimises a loss without a gradient; here the same")

# %%
# Above the function, below the ways of the three seeds over it, a step a row.

figure, places = plt.subplots(
    2, 2, figsize=(8.4, 8), layout="constrained", sharex=True, height_ratios=(2, 3)
)
x = np.linspace(-1.5, 1.5, 601)
for (curve, strip), objective in zip(places.T, objectives, strict=True):
    losses = functions.values_at(objective, x)
    jumps = np.append(np.diff(losses) != 0, False)
    curve.plot(x, np.where(jumps, np.nan, losses), color=BLUE)
    curve.plot(1.0, functions.values_at(objective, [1.0]), "o", color="white", markeredgecolor="k")
    curve.set(title=f"J = {objective.equation}", ylabel="J")
    strip.imshow(
        losses[None],
        extent=(-1.5, 1.5, steps, 0),
        aspect="auto",
        cmap="Greys_r",
        vmin=-1,
        vmax=1.2,
    )
    for seed, (way, colour) in enumerate(
        zip(runs[objective.name], (GREEN, PURPLE, VERMILION), strict=True)
    ):
        strip.plot(way.points[:, 0], np.arange(steps + 1), color=colour, label=f"seed {seed}")
    strip.axvline(still.x, color="k", linestyle="--", label="gradient descent")
    strip.set(xlabel="x", ylabel="step")
figure.legend(*strip.get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()
