"""
003, figure 6.6: every batch is another loss
============================================

Stochastic descent with batches of three: each step is one of gradient descent, on the loss of its batch. It
may lower that loss and raise the loss of all points, which is how it gets out of a minimum. The document's
point and rate are lost: (0, 14) and α = 0.8 are ours. Together the steps point where descent points.
"""

from dataclasses import replace
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data, viz
from minigrad.optim import functions
from minigrad.viz.plots.style import GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())

AT, RATE = np.array([0.0, 14.0]), 0.8
x, y = (column.double() for column in data.load_gabor())

# %%
# The losses of all points one by one, and of a batch; the gradient of each point.


def losses_of(phi, batch):
    u = phi[..., :1] + 0.06 * phi[..., 1:] * x[batch]
    return (mg.sin(u) * mg.exp(-u * u / 32) - y[batch]) ** 2


everything = np.arange(30)
at = mg.tensor(AT)
gradients = mg.func.jacrev(lambda phi: losses_of(phi, everything))(at).numpy()
batches = np.array(list(combinations(range(30), 3)))
sums = gradients[batches].sum(axis=1)
mean, tenth = sums.mean(axis=0), gradients.sum(axis=0) / 10
print(f"mean of the gradients of all {len(batches):,} batches: ({mean[0]:.6f}, {mean[1]:.6f})")
print(f"a tenth of the gradient of all 30 points: ({tenth[0]:.6f}, {tenth[1]:.6f})")

# %%
# What a step does to both losses.

ends = AT - RATE * sums
all_change = functions.values_at(functions.gabor, ends) - functions.gabor(at).item()
losses = losses_of(at, everything).numpy()
after = losses_of(mg.tensor(ends)[:, None, :].expand(-1, 3, -1), batches[:, :, None])
own_change = after.numpy()[:, :, 0].sum(axis=1) - losses[batches].sum(axis=1)
uphill, downhill = all_change > 0, own_change < 0
print(f"{uphill.mean():.0%} of the batches raise the loss of all points")
print(f"{(downhill & uphill).mean():.0%} lower their own loss and raise that of all points")

# %%
# The loss of all points with some of the possible steps; and the losses of three batches, two of which have a
# step that is good for all points, and one that is not.

good, bad = downhill & ~uphill, downhill & uphill
furthest = np.where(good, (sums**2).sum(axis=1), 0.0).argmax()
best = np.where(good, all_change, np.inf).argmin()
worst = np.where(bad, all_change, -np.inf).argmax()
window = ((-1.5, 1.5), (12.0, 17.5))
figure, places = plt.subplots(2, 2, figsize=(8.4, 8.4), layout="constrained")
panels = places.flat
viz.landscape(functions.gabor, window, ax=panels[0], bar=True)
(after,) = panels[0].plot(*ends[::20].T, ".", color=VERMILION, markersize=5)
(before,) = panels[0].plot(*AT, "o", color="white", markeredgecolor="black")
panels[0].set_title("all 30 points, and steps of batches", fontsize=10)
for axes, k in zip(places.flat[1:], (best, furthest, worst), strict=True):
    batch = batches[k]
    loss = replace(
        functions.gabor,
        formula=lambda phi, batch=batch: losses_of(phi, batch).sum(-1),
        minima=(),
        saddles=(),
    )
    viz.landscape(loss, window, ax=axes, bar=True)
    colour = VERMILION if uphill[k] else GREEN
    axes.annotate(
        "", ends[k], AT, arrowprops={"color": colour, "arrowstyle": "-|>", "linewidth": 2}
    )
    axes.plot(*AT, "o", color="white", markeredgecolor="black")
    axes.set_title(
        f"points {', '.join(map(str, batch))}: own loss {own_change[k]:+.2f},\n"
        f"loss of all points {all_change[k]:+.2f}",
        fontsize=10,
    )
for axes in places.flat:
    if axes.get_legend():
        axes.get_legend().remove()
figure.legend(
    [panels[0].lines[0], before, after],
    ["minimum of all points", "before a step", "after it"],
    loc="outside lower center",
    ncols=3,
)
plt.show()
