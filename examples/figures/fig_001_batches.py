"""
001: batch, minibatch and stochastic descent
============================================

How much data goes into a step: all, a few items, one. The document has no numbers; the line and its 12
pairs are those of document 003, rates and seed are ours. In the document a loss is the sum over the
data, and one update by all of it "an epoch".
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data, optim
from minigrad.optim import functions
from minigrad.viz.plots.descent import landscape
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# One loop for all three: only the batch size is different, and the rate with it.

x, y = (values.double() for values in data.load_line())


def descend(batch_size, lr, epochs=12):
    phi = mg.tensor([1.6, -0.5], dtype=mg.float64, requires_grad=True)
    optimizer = optim.SGD([phi], lr=lr)
    generator = mg.Generator().manual_seed(1)
    batches = optim.minibatches(len(x), batch_size, generator=generator)
    points = [phi.detach().numpy().copy()]
    for _ in range(epochs):
        for batch in batches:
            optimizer.zero_grad()
            ((phi[0] + phi[1] * x[batch] - y[batch]) ** 2).mean().backward()
            optimizer.step()
            points.append(phi.detach().numpy().copy())
    return np.array(points)


rates = {12: 0.3, 4: 0.2, 1: 0.08}
names = {12: "batch", 4: "minibatches of 4", 1: "stochastic"}
ways = {names[size]: descend(size, lr) for size, lr in rates.items()}
lowest = functions.linear_regression.lowest.value
for (name, way), lr in zip(ways.items(), rates.values(), strict=True):
    loss = functions.linear_regression(way[-1]).item()
    print(
        f"{name}, η = {lr}: {len(way) - 1:3} steps in 12 epochs, loss {loss:.4f} (lowest {lowest:.4f})"
    )

# %%
# "Suppose we have a highly redundant data set. Do we really have to go through all of it?" With all data
# twice the sum has twice the gradient, the mean the same.

phi = mg.tensor([1.6, -0.5], dtype=mg.float64, requires_grad=True)
for reduction in ("sum", "mean"):
    slopes = []
    for times in (1, 2):
        errors = mg.nn.functional.mse_loss(
            phi[0] + phi[1] * mg.cat([x] * times), mg.cat([y] * times), reduction=reduction
        )
        slopes.append(mg.autograd.grad(errors, phi)[0].norm().item())
    print(
        f"gradient of the {reduction}: {slopes[1] / slopes[0]:.3f} times as long with all data twice"
    )

# %%
# The ways, and the loss on all data after each epoch's worth of items.

figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.4), layout="constrained")
landscape(functions.linear_regression, ((0.2, 1.8), (-0.7, 0.9)), ax=left, bar=True)
for (name, way), colour, stroke in zip(
    ways.items(), (VERMILION, BLUE, GREEN), ("o-", "--", "-"), strict=True
):
    left.plot(*way.T, stroke, color=colour, markersize=3, linewidth=1.4, label=name)
    epochs = np.linspace(0, 12, len(way))
    losses = functions.values_at(functions.linear_regression, way)
    right.semilogy(epochs, losses, stroke, color=colour, markersize=3, label=name)
right.axhline(lowest, color="0.5", linewidth=0.8, linestyle=":")
right.set(xlabel="epoch (12 items)", ylabel="loss on all data")
right.set_yticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
right.minorticks_off()
right.legend()
plt.show()
