"""
000, figure 1.5: clipped gradients
==================================

The gradient of √abs(x) − 0.25 is infinite at the minimum, and throws descent out again; clipped to m =
0.1 it stays. The document does not repeat η and μ here: those of figure 1.3 are taken, 0.01 and 0.9. Its
text calls the function 1.3(d), which is 1.3(e), and algorithm 1.5 "algorithm 5". "Clamping the
magnitude" there is done for each coordinate by itself, as the algorithm says.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from minigrad import optim
from minigrad.optim import functions
from minigrad.optim.transforms import clip_by_value
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# With and without: clipping is a transform of the gradient, and goes into any optimiser.


def descend(mu, steps, transforms):
    momentum = partial(optim.Momentum.classical, lr=0.01, mu=mu, transforms=transforms)
    return optim.minimize(functions.sqrt_abs, 1.0, momentum, steps=steps)


runs = {
    "not clipped": descend(0.9, 500, []),
    "clipped to ±0.1": descend(0.9, 500, [clip_by_value(0.1)]),
}
for name, run in runs.items():
    late = abs(run.points[-50:, 0]).max()
    print(f"{name}: J = {run.fun:.4f} after 500 steps, |x| in the last 50 up to {late:.4f}")
plain = descend(0.0, 2000, [clip_by_value(0.1)])
late = abs(plain.points[-50:, 0]).max()
print(f"clipped, without momentum: J = {plain.fun:.4f} after 2000 steps, |x| up to {late:.4f}")
print("the document: clipping minimises it; here the same")

# %%
# Above the function, below the ways over it, a step a row.

x = np.linspace(-1.0, 7.0, 601)
losses = functions.values_at(functions.sqrt_abs, x)
figure = plt.figure(figsize=(8.4, 7), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=(1, 1.4))
left, strips = above.subplots(), below.subplots(1, 2)
left.plot(x, losses, color=BLUE)
for (name, run), marker in zip(runs.items(), "so", strict=True):
    left.plot(run.x, run.fun, marker, color=VERMILION, label=f"end, {name}")
left.set(xlabel="x", ylabel="J", title="J = √|x| − 0.25")
left.legend()
for axes, (name, run) in zip(strips, runs.items(), strict=True):
    picture = axes.imshow(
        losses[None], extent=(-1, 7, 500, 0), aspect="auto", cmap="Blues_r", vmin=-0.25, vmax=3.5
    )
    axes.plot(run.points[:, 0], np.arange(501), color="white", linewidth=2)
    axes.set(title=name, xlabel="x", ylabel="step")
below.colorbar(
    picture, ax=strips, label="J", boundaries=np.linspace(-0.25, 2.4, 121), ticks=(0, 1, 2)
)
plt.show()
