"""
Two moons
=========

A network with two hidden layers learns to tell two crescents apart. The line is where it is
undecided.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data, nn, optim

# %%
# The points: two half circles that reach into each other, with some noise.

mg.manual_seed(0)
points, labels = data.moons(400, noise=0.15)
targets = labels.float().unsqueeze(1)

# %%
# Training: binary cross entropy of the logits, on all points at once.

model = nn.Sequential(
    nn.Linear(2, 16),
    nn.Tanh(),
    nn.Linear(16, 16),
    nn.Tanh(),
    nn.Linear(16, 1),
)
criterion = nn.BCEWithLogitsLoss()
opt = optim.Adam(model.parameters(), lr=0.02)
losses = []
for _ in range(300):
    loss = criterion(model(points), targets)
    opt.zero_grad()
    loss.backward()
    opt.step()
    losses.append(loss.item())

hits = (model(points) > 0) == (targets > 0)
print(f"loss {losses[-1]:.4f}, {hits.float().mean():.1%} of the points on their side")

# %%
# The loss as it fell, and the probability that the network gives to each place.

side = np.linspace(-1.6, 2.6, 120)
grid = np.stack(np.meshgrid(side, side), axis=-1)
with mg.no_grad():
    probability = mg.sigmoid(model(mg.tensor(grid.reshape(-1, 2), dtype=mg.float32)))
probability = probability.numpy().reshape(120, 120)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.semilogy(losses)
left.set(xlabel="step", ylabel="loss")
right.contourf(side, side, probability, levels=20, cmap="coolwarm", alpha=0.5)
right.contour(side, side, probability, levels=[0.5], colors="k")
right.scatter(*points.T, c=labels, cmap="coolwarm", edgecolors="k", linewidths=0.5, s=18)
right.set(xlim=(-1.6, 2.6), ylim=(-1.3, 1.8), aspect="equal")
plt.show()
