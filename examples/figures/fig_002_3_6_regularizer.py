"""
002, figure 3.6: a line of minimisers, and the one that a penalty chooses
=========================================================================

Example 3.3.1: two data points, three weights. All of the line (0, 1, −1) + t (1, −1, −1) fits them. With
λ‖w‖² added there is one minimum, near the line and near the origin. λ = 0.01 is the document's; starts and
rate (η = 0.3) are ours.
"""

import matplotlib.pyplot as plt
import numpy as np

from minigrad import optim
from minigrad.optim import functions
from minigrad.optim.transforms import l2
from minigrad.viz.plots.style import BLUE, GREEN, PURPLE, VERMILION, style_sheet

plt.style.use(style_sheet())

LAMBDA = 0.01

# %%
# Without the penalty the start decides on which point of the line descent ends. With it, here as the
# transform that makes the step of equation 3.5, w ← (1 − 2ηλ) w − η ∇ℓ, all end in one point.


def descend(start, transforms=(), steps=3000):
    make = lambda params: optim.SGD(params, lr=0.3, transforms=list(transforms))  # noqa: E731
    return optim.minimize(functions.underdetermined, start, make, steps=steps)


plain = {start: descend(start) for start in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))}
for start, run in plain.items():
    print(f"from {start}: {run.x.round(4) + 0.0}, norm {np.linalg.norm(run.x):.4f}")

ridge = descend((1.0, 1.0, 1.0), [l2(LAMBDA)])
told = 1 / (1 + 2 * LAMBDA)
print(f"λ = 0.01: the document (0, {told:.6f}, {-told:.6f}), here {ridge.x.round(6) + 0.0}")

at, along = np.array([0.0, 1.0, -1.0]), np.array([1.0, -1.0, -1.0])
nearest = at + along * ((ridge.x - at) @ along) / (along @ along)
distance = np.linalg.norm(ridge.x - nearest)
print(f"its distance to the line: √2·2λ/(1 + 2λ) = {2**0.5 * (1 - told):.6f}, here {distance:.6f}")
regularized = functions.underdetermined_regularized(LAMBDA)(ridge.x).item()
print(f"its loss {ridge.fun:.3e} is above 0, the line's; with the penalty {regularized:.7f}")

# %%
# η = λ = 0.1: the factor of equation 3.5 is 0.98, "very small in a few hundred iterations".

print(f"0.98 to the power 300: {(1 - 2 * 0.1 * 0.1) ** 300:.5f}")

# %%
# The line and the point, and the ways to both.

figure = plt.figure(figsize=(8.4, 4.8))
figure.subplots_adjust(left=0.01, right=0.98, bottom=0.12, top=0.92, wspace=0.4)
axes = figure.add_subplot(1, 2, 1, projection="3d")
line = at + np.linspace(-1.2, 1.2, 2)[:, None] * along
axes.plot(*line.T, color=BLUE, linewidth=2, label="minimisers of the loss")
for (start, run), colour in zip(plain.items(), (GREEN, PURPLE), strict=True):
    axes.plot(
        *run.points.T, ".-", color=colour, label="descent from ({:g}, {:g}, {:g})".format(*start)
    )
axes.plot(*ridge.points.T, "--", color=VERMILION, label="the latter with the penalty")
axes.plot(*ridge.x[:, None], "o", color=VERMILION, label="minimum with the penalty")
axes.set(xlabel="w₀", ylabel="w₁", zlabel="w₂")
axes.locator_params(nbins=5)
axes.view_init(elev=22, azim=-35)
axes.legend(loc="upper left", bbox_to_anchor=(0.0, 1.06))

close = figure.add_subplot(1, 2, 2)
line = at + np.linspace(-0.03, 0.03, 2)[:, None] * along
close.plot(line[:, 0], line[:, 1], color=BLUE, linewidth=2)
close.plot(ridge.x[0], ridge.x[1], "o", color=VERMILION)
close.plot(*np.stack([ridge.x, nearest])[:, :2].T, ":", color="black")
close.text(0.001, 0.974, f"distance {distance:.5f}\nin three dimensions")
close.set(xlabel="w₀", ylabel="w₁", title="the same, close to the point")
close.set(xlim=(-0.02, 0.03), ylim=(0.97, 1.02), aspect="equal")
plt.show()
