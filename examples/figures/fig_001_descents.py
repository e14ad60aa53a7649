"""
001: batch gradient descent on three functions
==============================================

A quadratic bowl, Himmelblau's function, and Bukin's sixth. The document shows the pictures and prints no
formula, rate or start: the bowl's coefficients, all rates and starts are ours.
"""

import argparse
from functools import partial

import matplotlib.pyplot as plt

from minigrad import optim
from minigrad.optim import functions
from minigrad.optim.transforms import clip_by_value
from minigrad.viz.plots.descent import compare
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())

parser = argparse.ArgumentParser()
parser.add_argument("--quick", action="store_true", help="2000 clipped steps instead of 20,000")
steps = 2000 if parser.parse_known_args()[0].quick else 20_000

# %%
# On the bowl and on Himmelblau's function descent finds a minimum; on the latter, the start decides which.

bowl = {
    f"η = {lr:g}": optim.minimize(functions.bowl, None, partial(optim.SGD, lr=lr), steps=50)
    for lr in (0.02, 0.18)
}
for name, way in bowl.items():
    print(f"bowl, {name}: J = {way.fun:.2g} after 50 steps")

starts = [(0, 0), (-1, -1), (-4, 4), (1, -3)]
himmelblau = {
    f"{start}": optim.minimize(functions.himmelblau, start, partial(optim.SGD, lr=0.01), steps=500)
    for start in starts
}
for name, way in himmelblau.items():
    print(f"Himmelblau from {name}: to ({way.x[0]:.3f}, {way.x[1]:.3f}), J = {way.fun:.1e}")

# %%
# Bukin's function has a kink with infinite slope all along its valley. Descent is thrown out of it again
# and again; with clipped gradients it stays near, but hardly moves along. Without clipping, where it is after
# the last step depends on rounding: a start 1e-15 beside ends elsewhere, and has another lowest value.

bukin = {
    "η = 0.01": optim.minimize(functions.bukin6, None, partial(optim.SGD, lr=0.01), steps=1000),
    "clipped to ±0.1": optim.minimize(
        functions.bukin6,
        None,
        partial(optim.SGD, lr=0.01, transforms=[clip_by_value(0.1)]),
        steps=steps,
    ),
}
for name, way in bukin.items():
    best = way.losses[way.best]
    print(f"Bukin 6, {name}: after {way.steps} steps, lowest {best:.2f}")

figure, places = plt.subplots(2, 2, figsize=(8.4, 8.4), layout="constrained")
compare(bowl, ax=places[0, 0], title="bowl, ½ (x² + 10y²), 50 steps", bar=True)
compare(himmelblau, ax=places[0, 1], title="Himmelblau, η = 0.01, 500 steps", bar=True)
windows = ((-11.0, -3.0), (-1.0, 2.0)), ((-5.5, -4.5), (0.1, 0.6))
for axes, (name, way), window in zip(places[1], bukin.items(), windows, strict=True):
    way.plot(window, ax=axes, bar=True)
    axes.set_title(f"Bukin 6, {name}, {way.steps} steps", fontsize=10)
plt.show()

# %%
# The same as surfaces.

figure = plt.figure(figsize=(8.4, 8.4))
figure.subplots_adjust(left=0, right=0.95, bottom=0.1, top=0.96, wspace=0.1, hspace=0.3)
ways = bowl["η = 0.18"], himmelblau["(0, 0)"], bukin["clipped to ±0.1"]
for place, way in enumerate(ways, 1):
    axes = figure.add_subplot(2, 2, place, projection="3d")
    axes.view_init(elev=58, azim=-60)
    way.surface(ax=axes)
plt.show()
