"""
000, figure 1.3: what gradient descent can minimise
===================================================

Descent with η = 0.01 and μ = 0.9 on six functions. Of these the document prints the formula of (e)
alone; the other five are ours. Its text says that "(b) and (c) are discontinuous": by its own caption
they are (b) and (d). In the caption of (e) the scan has doubled the absolute value; it is taken once.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# 500 steps on each, from 1; on (f) the start decides which minimum is found. On (e) rounding decides where
# the steps lead: each time x comes close to 0 the gradient explodes, and from a start 1e-15 beside the way is
# another. That it does not come to rest does not depend on rounding.


def descend(objective, start, mu=0.9):
    momentum = partial(optim.Momentum.classical, lr=0.01, mu=mu)
    return optim.minimize(objective, start, momentum, steps=500)


panels = {
    "(a) convex": descend(functions.convex, 1.0),
    "(b) discontinuous": descend(functions.jump, 1.0),
    "(c) nearly flat": descend(functions.nearly_flat, 1.0),
    "(d) piecewise constant": descend(functions.staircase, 1.0),
    "(e) exploding gradient": descend(functions.sqrt_abs, 1.0),
    "(f) several minima": descend(functions.wavy, 1.5),
}
for name, run in panels.items():
    print(f"{name}, {run.objective.equation}: from {run.points[0, 0]:g} to {run.x:.6g}")

late = panels["(e) exploding gradient"].points[-50:, 0]
print(f"(e): the last 50 points are between {late.min():.2f} and {late.max():.2f}")
print("(e): other roundings, or a start 1e-15 beside, lead elsewhere, to no rest either")
plain = descend(functions.sqrt_abs, 1.0, mu=0.0).points[-50:, 0]
print(
    f"(e) without momentum: the last 50 points are on both sides: {plain.min() < 0 < plain.max()}"
)
ends = [descend(functions.wavy, start).x.item() for start in (-1.5, -0.5, 0.5, 1.5, 2.5)]
print("(f) from -1.5, -0.5, 0.5, 1.5, 2.5:", *(f"{end:.4f}" for end in ends))
print(
    "the document: (a) and (b) converge, (c) hardly moves, (d) does not, (e) fails; here the same"
)

# %%
# Above, the function with the point that was found; below, the way there, a step a row, over the loss.

windows = dict.fromkeys(panels, (-1.2, 1.2))
windows["(e) exploding gradient"] = (-1.0, 7.0)
windows["(f) several minima"] = (-3.0, 3.0)
figure = plt.figure(figsize=(8.4, 12), layout="constrained")
places = figure.subfigures(3, 2)
for place, (name, run) in zip(places.flat, panels.items(), strict=True):
    curve, strip = place.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    x = np.linspace(*windows[name], 601)
    losses = functions.values_at(run.objective, x)
    jumps = abs(np.diff(losses)) > 0.2
    curve.plot(x, np.where(np.append(jumps, False), np.nan, losses), color=BLUE)
    curve.plot(run.x, run.fun, "o", color=VERMILION)
    curve.set(title=f"{name}\nJ = {run.objective.equation}", ylabel="J")
    strip.imshow(
        losses[None],
        extent=(*windows[name], 500, 0),
        aspect="auto",
        cmap="Blues_r",
        vmax=losses.min() + 1.5 * np.ptp(losses),
    )
    strip.plot(run.points[:, 0], np.arange(501), color="white", linewidth=2)
    strip.set(xlabel="x", ylabel="step")
plt.show()
