"""
004: AdaGrad does not forget its first gradient
===============================================

"Large initial gradients can slow down the learning rates too much": AdaGrad divides by the root of the
sum of all squares so far. RMSProp's average forgets them. Formulas and constants are lost in the
document: δ is taken to stand outside of AdaGrad's root, η = 0.1 and RMSProp's ρ = 0.9 are ours.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import optim
from minigrad.viz.plots.style import BLUE, GREEN, PURPLE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# Steps while the gradient is 1, but for the first one. ``direction`` stands in for a gradient.


def lengths(make, first, steps=200):
    theta = mg.tensor([0.0], dtype=mg.float64, requires_grad=True)
    optimizer, points = make([theta]), [0.0]
    for k in range(steps):
        gradient = first if k == 0 else 1.0
        optimizer.step(direction=[mg.tensor([gradient], dtype=mg.float64)])
        points.append(theta.item())
    return -np.diff(points)


adagrad = partial(optim.Adagrad, lr=0.1)
rmsprop = partial(optim.RMSprop, lr=0.1, alpha=0.9)
even, uneven = lengths(adagrad, 1.0), lengths(adagrad, 100.0)
print("η/√k:         ", (0.1 / np.sqrt([1, 2, 3, 4])).round(5))
print("AdaGrad:      ", even[:4].round(5))
print("first g = 100:", uneven[:4].round(5))
print(
    f"shorter than without: step 2 {even[1] / uneven[1]:.1f} times, 200 {even[-1] / uneven[-1]:.1f}"
)
forgets = lengths(rmsprop, 100.0)
print(f"RMSProp, first g = 100: {forgets[1]:.5f} in step 2, {forgets[-1]:.5f} in step 200")

# %%
# The length of the steps, on logarithmic scales.

k = np.arange(1, 201)
figure, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
axes.loglog(k, even, color=BLUE, label="AdaGrad, all gradients 1")
axes.loglog(k, uneven, "--", color=VERMILION, label="AdaGrad, the first one 100")
axes.loglog(k, lengths(rmsprop, 1.0), "-.", color=GREEN, label="RMSProp, all gradients 1")
axes.loglog(k, forgets, ":", color=PURPLE, linewidth=2, label="RMSProp, the first one 100")
axes.set(xlabel="step k", ylabel="length of the step, η = 0.1", ylim=(3e-4, 2))
axes.legend(ncols=2, loc="upper right")
axes.grid()
plt.show()
