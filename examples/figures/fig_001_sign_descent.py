"""
001: steps by the sign, RMSprop and Adam
========================================

"A big gradient in one direction and a small one in another leads to an update that is mainly in the
steep direction": with the sign alone both coordinates go equally far. RMSprop and Adam do nearly that.
The document prints no formula: those of document 004 are taken, function and rates are ours.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.descent import compare
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# On a bowl that is ten times as steep in y as in x, with η = 0.1 for all but plain descent.

ways = {
    "descent, η = 0.15": partial(optim.SGD, lr=0.15),
    "sign": partial(optim.SignDescent, lr=0.1),
    "RMSprop": partial(optim.RMSprop, lr=0.1, alpha=0.9),
    "Adam": partial(optim.Adam, lr=0.1),
}
ways = {
    name: optim.minimize(functions.bowl, (2.95, -1.93), make, steps=50)
    for name, make in ways.items()
}
for name, way in ways.items():
    dx, dy = way.points[1] - way.points[0]
    print(f"{name}: the first step is ({dx:.3f}, {dy:.3f}), J = {way.fun:.1e} after 50")

# %%
# While the gradient is constant, RMSprop's steps fall from lr/√(1 − ρ) to lr, those of the sign are all lr.


def lengths(make, steps=40):
    theta = mg.tensor([0.0], dtype=mg.float64, requires_grad=True)
    optimizer, points = make([theta]), [0.0]
    for _ in range(steps):
        optimizer.step(direction=[mg.tensor([1.0], dtype=mg.float64)])
        points.append(theta.item())
    return -np.diff(points)


rms = lengths(partial(optim.RMSprop, lr=1.0, alpha=0.9))
print(
    f"RMSprop, ρ = 0.9: first step {rms[0]:.2f} lr, 1/√(1 − ρ) = {10**0.5:.2f}; 40th {rms[-1]:.2f} lr"
)

figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.6), layout="constrained")
compare(
    ways,
    ((-0.8, 3.4), (-2.4, 1.2)),
    ax=left,
    title="½ (x² + 10y²)\nη = 0.1 but for descent",
    bar=True,
)
right.plot(range(1, 41), rms, "o-", color=BLUE, markersize=3, label="RMSprop, ρ = 0.9")
sign = lengths(partial(optim.SignDescent, lr=1.0))
right.plot(range(1, 41), sign, "--", color=VERMILION, label="sign")
right.set(xlabel="step", ylabel="length of the step / lr", title="constant gradient", ylim=(0, 3.4))
right.legend()
plt.show()
