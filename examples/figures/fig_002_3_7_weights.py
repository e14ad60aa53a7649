"""
002, figure 3.7: smaller weights by a penalty
=============================================

How large the weights of a linear model become without and with λ‖w‖². The document's model tells favourable
from unfavourable film reviews; ``table_002_3_1_sst.py`` draws that one, but needs its data. Here is the same
in small, with the digits of the package: 50 images, 65 weights, and the question is whether the digit
is below 5. The task, the number of images and λ = 30 are ours. The errors tell the story of table 3.1.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# The images as rows, with a 1 for the bias; labels −1 and 1.

IMAGES, LAMBDA = 50, 30.0
images, digits = data.load_digits()
rows = mg.cat([images.flatten(1).double(), mg.ones(len(images), 1, dtype=mg.float64)], dim=1)
labels = mg.where(digits < 5, 1.0, -1.0).double()
x, y, x_test, y_test = rows[:IMAGES], labels[:IMAGES], rows[IMAGES:], labels[IMAGES:]

# %%
# The minimum of ‖Xw − y‖² + λ‖w‖² is Xᵀ (XXᵀ + λI)⁻¹ y. With λ = 0 this is, of all the weights that
# fit, the one of least norm.


def fit(penalty):
    gram = x @ x.T + penalty * mg.eye(IMAGES, dtype=mg.float64)
    return x.T @ mg.linalg.solve(gram, y)


weights = {"no penalty": fit(0.0), f"λ = {LAMBDA:g}": fit(LAMBDA)}
print(f"{'':12} {'train MSE':>10} {'test MSE':>10} {'test acc.':>10} {'‖w‖':>8}")
for name, w in weights.items():
    train, test = ((x @ w - y) ** 2).mean(), ((x_test @ w - y_test) ** 2).mean()
    right = ((x_test @ w).sign() == y_test).double().mean()
    print(f"{name:12} {train:10.4f} {test:10.4f} {right:10.2%} {w.norm():8.4f}")

# %%
# The histograms, on one scale.

bins = np.linspace(-3, 3, 61)
figure, panels = plt.subplots(1, 2, figsize=(8.4, 4), layout="constrained", sharey=True)
for axes, (name, w), colour in zip(panels, weights.items(), (BLUE, VERMILION), strict=True):
    axes.hist(w.numpy(), bins, color=colour)
    axes.set(title=f"{name}: ‖w‖ = {w.norm():.3g}", xlabel="weight", yscale="log")
panels[0].set_ylabel("how many weights")
plt.show()
