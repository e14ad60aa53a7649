"""
Two moons
=========

A network with two hidden layers learns to tell two crescents apart. The line is where it is
undecided.
"""

import matplotlib.pyplot as plt

import minigrad as mg
from minigrad import data, nn, optim, viz

plt.style.use(viz.style_sheet())

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

figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained")
viz.loss_curves({"training": losses}, xlabel="step", ylabel="cross entropy (nats)", ax=left)
viz.decision_boundary(model, points, labels, ax=right)
plt.show()
