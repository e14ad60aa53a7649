"""
002, figure 3.2: two hundred steps into a flat hollow
=====================================================

Example 3.1.2: f = u⁴ − 7u³ + 13u² with u = w₁² + w₂², from (½, 1) with η = 0.01. All numbers of the document
are right. It does not say that the bottom is so flat that descent creeps: the Hessian at the minimum is
0; nor that there is a second family of minima, a circle behind a ridge.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import optim, viz
from minigrad.optim import functions
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())

# %%
# The descent, and the numbers of the example.

run = optim.minimize(
    functions.ring, (0.5, 1.0), lambda params: optim.SGD(params, lr=0.01), steps=200
)


def pair(numbers, digits=2):
    return f"({numbers[0]:.{digits}f}, {numbers[1]:.{digits}f})"


print(f"gradient at the start: the document (7.5, 15), here {pair(run.gradients[0], 1)}")
print(f"after step 1: the document (0.425, 0.85), here {pair(run.points[1], 3)}")
print(f"gradient there: the document (7.90, 15.81), here {pair(run.gradients[1])}")
print(f"after step 2: the document (0.35, 0.69), here {pair(run.points[2])}")
print(f"after step 200: the document (0.03, 0.06), here {pair(run.x)}; f = {run.fun:.3g}")

# %%
# What one step promises. The slope alone says how far f should fall; it falls further, as the surface curves
# downward here, which is also why the gradient grows from step 0 to step 1.

start = mg.tensor([0.5, 1.0], dtype=mg.float64)
for order in (1, 2):
    promised = optim.taylor(functions.ring, start, eta=0.01, order=order) - run.losses[0]
    print(f"fall by the first step, predicted to order {order}: {promised.item():.4f}")
print(f"fall by the first step: {run.losses[1] - run.losses[0]:.4f}")

# %%
# From outside of the ridge, a circle of radius √2, the same descent with a smaller rate ends on the circle of
# radius √3.25.

outside = optim.minimize(
    functions.ring, (1.2, 1.0), lambda params: optim.SGD(params, lr=0.002), steps=200
)
print(f"from (1.2, 1): |w| = {np.linalg.norm(outside.x):.5f}, f = {outside.fun:.5f}")

figure = plt.figure(figsize=(8.4, 4.8), layout="compressed")
left = figure.add_subplot(1, 2, 1)
runs = {"from (½, 1), η = 0.01": run, "from (1.2, 1), η = 0.002": outside}
viz.compare(runs, ((-2.1, 2.1), (-2.1, 2.1)), ax=left, bar=True)
left.set_aspect("equal")
right = figure.add_subplot(1, 2, 2, projection="3d")
right.view_init(elev=50, azim=-120)
run.surface(((-1.45, 1.45), (-1.45, 1.45)), ax=right)
plt.show()
