"""
003, figure 6.7: momentum makes the way smoother
================================================

Stochastic descent on the Gabor loss, without and with momentum (equation 6.11). The rate, the batches and the
start are those of the textbook's notebook 6.4: α = β = 0.6, batches of 5, 81 steps from (−1.5, 6.5),
NumPy's seed 1. For β the document has [0, 1], which is to be [0, 1): with β = 1 nothing would move.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data, optim
from minigrad.optim import functions
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

x, y = (column.double() for column in data.load_gabor())

# %%
# The two runs see the same batches.


def descend(make):
    draw = np.random.RandomState(1)

    def batch_loss(phi):
        batch = draw.permutation(30)[:5]
        u = phi[0] + 0.06 * phi[1] * x[batch]
        return ((mg.sin(u) * mg.exp(-u * u / 32) - y[batch]) ** 2).sum()

    return optim.minimize(batch_loss, (-1.5, 6.5), make, steps=81, measure=functions.gabor)


runs = {
    "no momentum": descend(lambda params: optim.SGD(params, lr=0.6)),
    "β = 0.6": descend(lambda params: optim.Momentum.ema(params, alpha=0.6, beta=0.6)),
}
told = {"no momentum": "0.93632", "β = 0.6": "0.74591"}
for name, run in runs.items():
    length = np.linalg.norm(np.diff(run.points, axis=0), axis=1).sum()
    at = f"({run.x[0]:.6f}, {run.x[1]:.6f})"
    print(f"{name}: notebook 6.4 {told[name]}, here {run.fun:.5f} at {at}; way of {length:.1f}")

# %%
# β = 0.9 is about the last 10 gradients and 0.99 the last 100, says the handwriting: they have this share
# of the weight. Its sum has wrong coefficients: that of the gradient k steps ago is (1 − β) βᵏ, without a
# square.

for beta in (0.9, 0.99):
    window = optim.effective_window(beta)
    print(f"β = {beta}: the last {window:.0f} have {1 - beta**window:.3f} of the weight")
slot = mg.zeros(1, dtype=mg.float64, requires_grad=True)
average = optim.Momentum.ema([slot], alpha=1.0, beta=0.9)
before = 0.0
for gradient in (1.0, 2.0, 3.0, 4.0, 5.0):
    before = slot.item()
    average.step(direction=[mg.tensor([gradient], dtype=mg.float64)])
unrolled = sum(0.1 * 0.9 ** (5 - g) * g for g in range(1, 6))
print(f"m after the gradients 1, 2, 3, 4, 5: {before - slot.item():.5f}, unrolled {unrolled:.5f}")

# %%
# The ways, and the loss of all points.

figure, places = plt.subplot_mosaic(
    [["plain", "momentum"], ["losses", "losses"]], figsize=(8.4, 8), layout="constrained"
)
left, middle, right = places.values()
window = ((-4.0, 4.0), (4.4, 19.0))
for axes, (name, run) in zip((left, middle), runs.items(), strict=True):
    run.plot(window, ax=axes, bar=True)
    axes.set_title(name, fontsize=10)
for (name, run), colour, stroke in zip(runs.items(), (BLUE, VERMILION), ("--", "-"), strict=True):
    right.plot(run.losses, stroke, color=colour, label=name)
right.set(xlabel="step", ylabel="loss of all points", yscale="log")
right.legend()
plt.show()
