"""
000, figure 1.2: momentum on abs(θ)
===================================

Some momentum comes to the minimum sooner, too much runs over it and does not rest. The document gives
neither the rate nor the start: here η = 0.01 from θ = 1. It names the momenta 0.5 and 0.95; the third
one was taken to be 0.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# The runs, by equation 1.6: v ← μ v − η g, θ ← θ + v.

momenta = [0.0, 0.5, 0.95]
runs, arrivals = {}, {}
for mu in momenta:
    runs[mu] = optim.minimize(
        functions.absolute,
        1.0,
        partial(optim.Momentum.classical, lr=0.01, mu=mu),
        steps=300,
    )
    arrivals[mu] = int(np.argmax(runs[mu].losses <= 0.01))
    theta = runs[mu].points[:, 0]
    print(
        f"μ = {mu:4}: the loss is at most 0.01 first at step {arrivals[mu]:2}; "
        f"lowest θ {theta.min():6.3f}; |θ| in the last 50 steps up to {abs(theta[-50:]).max():.3f}"
    )
print("the document: μ = 0.5 helps, 0.95 overshoots and does not stop; here the same")

# %%
# Time runs from top to bottom, the colour is the loss, the line the parameter, and the dot stands where the
# loss is at most 0.01 for the first time.

theta = np.linspace(-1.2, 1.2, 301)
losses = abs(theta)
figure, places = plt.subplots(2, 2, figsize=(8.4, 7), layout="constrained")
left, *strips = places.flat
left.plot(theta, losses, color=BLUE)
left.set(xlabel="θ", ylabel="J", title="J = |θ|")
for axes, mu in zip(strips, momenta, strict=True):
    picture = axes.imshow(
        losses[None], extent=(-1.2, 1.2, 300, 0), aspect="auto", cmap="Blues_r", vmin=0, vmax=1.8
    )
    axes.plot(runs[mu].points[:, 0], np.arange(301), color="white", linewidth=2)
    axes.plot(runs[mu].points[arrivals[mu], 0], arrivals[mu], "o", color=VERMILION, markersize=8)
    axes.set_title(f"μ = {mu:g}: J ≤ 0.01 at step {arrivals[mu]}", fontsize=10)
    axes.set(xlabel="θ", ylabel="step")
figure.colorbar(
    picture, ax=places[:, 1], label="J", boundaries=theta[theta >= 0], ticks=(0, 0.5, 1)
)
plt.show()
