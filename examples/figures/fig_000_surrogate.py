"""
000, section 1.6.1: a surrogate loss
====================================

Where J is flat, descend a smoothed J: its mean over a normal cloud of points around θ, of width σ. The
document proposes it without an example; function, σ, rate and start are ours.
"""

from functools import partial
from math import sqrt

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import optim
from minigrad.optim import functions, surrogate
from minigrad.viz.plots.style import BLUE, GREEN, PURPLE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# For J = [abs(x) > ¼] the mean is known: the chance to fall outside of the trench. Any other J is smoothed
# by samples, and its slope comes from values of J alone.


def smoothed(x, sigma=1.0):
    return 1 - (mg.erf((0.25 - x) / (sigma * sqrt(2))) + mg.erf((0.25 + x) / (sigma * sqrt(2)))) / 2


generator = mg.Generator().manual_seed(0)
sampled = surrogate.smooth(
    functions.trench, 1.0, samples=1000, vectorized=True, generator=generator
)
one = mg.tensor(1.0, dtype=mg.float64, requires_grad=True)
slopes = {"J": functions.trench, "smoothed": smoothed, "smoothed by 1000 samples": sampled}
for name, function in slopes.items():
    (slope,) = mg.autograd.grad(function(one), one)
    print(f"slope of J at x = 1, {name}: {slope:.4f}")

# %%
# Descent on both. For this σ, ES (figure 1.4) follows the same slope, with 10 samples a step.

ways = {
    "smoothed": optim.minimize(smoothed, 1.0, partial(optim.SGD, lr=0.1), steps=500),
    "by 1000 samples": optim.minimize(sampled, 1.0, partial(optim.SGD, lr=0.1), steps=500),
}
for name, way in ways.items():
    print(f"{name}: x = {way.x:.2g} after 500 steps, where J = {functions.trench(way.x):g}")

x = np.linspace(-3, 3, 601)
figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.6), layout="constrained")
trench = np.where(abs(abs(x) - 0.25) < 1e-9, np.nan, functions.values_at(functions.trench, x))
left.plot(x, trench, color="k", label="J = [|x| > ¼]")
for sigma, stroke, colour in ((0.1, ":", GREEN), (0.3, "--", PURPLE), (1.0, "-", BLUE)):
    values = smoothed(mg.tensor(x), sigma).numpy()
    left.plot(x, values, stroke, color=colour, label=f"smoothed, σ = {sigma:g}")
left.set(xlabel="x", ylabel="J", ylim=(-0.05, 1.05))
left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
for (name, way), stroke, colour in zip(ways.items(), ("-", "--"), (BLUE, VERMILION), strict=True):
    right.plot(way.points[:, 0], stroke, color=colour, label=name)
right.axhspan(-0.25, 0.25, color="0.9", label="J = 0")
right.set(xlabel="step", ylabel="x", ylim=(-0.3, 1.05), title="descent with η = 0.1, σ = 1")
right.legend()
plt.show()
