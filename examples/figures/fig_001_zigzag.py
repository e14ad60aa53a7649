"""
001: steepest descent zigzags
=============================

"Even if you could somehow step straight to the minimum along each line": each step ends where the next
gradient is at a right angle. On ½ (x² + κy²) from (κ, 1), which are ours, it multiplies J by
((κ − 1)/(κ + 1))² in every step.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())

# %%
# Steps to the minimum along each line.

runs = {
    kappa: optim.minimize(
        functions.ellipse(kappa), None, partial(optim.LineSearchGD, search="exact"), steps=20
    )
    for kappa in (2, 10, 100)
}
for kappa, run in runs.items():
    factor = run.losses[11] / run.losses[10]
    unit = run.gradients / np.linalg.norm(run.gradients, axis=1, keepdims=True)
    cosine = abs((unit[1:] * unit[:-1]).sum(axis=1)).max()
    print(
        f"κ = {kappa:3}: J falls by the factor {factor:.4f} in a step, "
        f"the formula {((kappa - 1) / (kappa + 1)) ** 2:.4f}; "
        f"cosine between successive gradients at most {cosine:.0e}"
    )

# %%
# Only the first picture has the same scale on both axes, and shows the right angles.

windows = {
    2: ((-0.5, 2.3), (-1.8, 1.8)),
    10: ((-1.0, 11.0), (-1.5, 1.5)),
    100: ((60.0, 102.0), (-1.5, 1.5)),
}
figure, places = plt.subplot_mosaic([[2, 10], [100, 100]], figsize=(8.4, 8), layout="constrained")
for kappa, run in runs.items():
    run.plot(windows[kappa], ax=places[kappa], bar=True)
    places[kappa].set_title(f"κ = {kappa}: J = {run.fun:.1e} after 20 steps", fontsize=10)
places[2].set_aspect("equal")
plt.show()
