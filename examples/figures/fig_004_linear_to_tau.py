"""
004: a typical learning rate schedule
=====================================

For t < τ the rate is η_t = (1 − t/τ) η₀ + (t/τ) η_τ, from there on η_τ, with η_τ = 0.01 η₀. τ is
"equivalent to 100 − 1000 passes through the data", while t counts updates. η₀ = 0.1, and the data and
batches below, are ours.
"""

import matplotlib.pyplot as plt
import numpy as np

from minigrad.optim import schedules
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# As updates: τ = 100.

rate = 0.1 * schedules.Linear(100, end=0.01)
steps = [0, 1, 50, 99, 100, 500]
formula = [0.1 * (1 - t / 100) + 0.001 * t / 100 if t < 100 else 0.001 for t in steps]
print("t:           ", steps)
print("the document:", np.round(formula, 5))
print("here:        ", rate(steps).round(5))

# %%
# As passes: with N items in batches of m, a pass is N/m updates, rounded up.

items, batch = 1437, 32
updates = 100 * -(-items // batch)
print(f"τ = 100 passes through {items} items in batches of {batch}: {updates} updates")

# %%
# The document's other choice is an exponential decay, here down to the same rate at τ; it goes on falling.

t = np.arange(160)
exponential = 0.1 * schedules.Exponential(gamma=0.01 ** (1 / 100))
figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4), layout="constrained")
for axes in (left, right):
    axes.plot(t, rate(t), color=BLUE, label="linear to τ = 100")
    axes.plot(t, exponential(t), "--", color=VERMILION, label="exponential")
    axes.axvline(100, color=GREEN, linewidth=0.8)
    axes.set(xlabel="update t")
    axes.grid()
left.set(ylabel="learning rate η")
left.legend()
right.set(yscale="log", title="the same on a logarithmic scale")
plt.show()
