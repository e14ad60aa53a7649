"""
001: the step size
==================

Too small, and it takes long; too large, and it runs over the minimum, to and fro, or out. The document
has the words; the function is that of document 002, 4w² − 6w − 9, from 0, where the rates have names:
descent is w_k = 0.75 (1 − (1 − 8η)ᵏ).
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# Twenty steps with each rate.

rates = {
    0.01: "too small",
    0.1: "good",
    0.125: "there in one step",
    0.2: "ricochets",
    0.25: "a cycle",
    0.3: "divergence",
}
runs = {
    eta: optim.minimize(functions.parabola, 0.0, partial(optim.SGD, lr=eta), steps=20)
    for eta in rates
}
for eta, run in runs.items():
    formula = 0.75 * (1 - (1 - 8 * eta) ** 20)
    print(f"η = {eta}: the formula {formula:.6f}, here {run.x:.6f} after 20 steps, {rates[eta]}")

# %%
# The first six steps of each; of the last, the first four, in a wider picture.

w = np.linspace(-2.5, 4.0, 300)
figure, places = plt.subplots(3, 2, figsize=(8.4, 9), layout="constrained")
for axes, (eta, words) in zip(places.flat, rates.items(), strict=True):
    run = runs[eta]
    axes.plot(w, functions.values_at(functions.parabola, w), color=BLUE)
    axes.plot(run.points[:7, 0], run.losses[:7], "o-", color=VERMILION, linewidth=1, markersize=4)
    axes.plot(
        run.points[0, 0], run.losses[0], "o", color="white", markeredgecolor="k", markersize=7
    )
    axes.set(title=f"η = {eta:g}: {words}", xlim=(-0.5, 2.0), ylim=(-11.6, -5))
places[-1, -1].set(xlim=(-2.5, 4.0), ylim=(-15, 25))
for axes in places[-1]:
    axes.set_xlabel("w")
for axes in places[:, 0]:
    axes.set_ylabel("J = 4w² − 6w − 9")
plt.show()
