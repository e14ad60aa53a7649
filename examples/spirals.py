"""
Three spirals
=============

No straight line parts the arms of a spiral. A network with one hidden layer bends its lines until they
follow the arms; a linear classifier cannot.
"""

import matplotlib.pyplot as plt

import minigrad as mg
from minigrad import data, nn, optim, train, viz

plt.style.use(viz.style_sheet())

# %%
# 100 points on each of three arms.

mg.manual_seed(0)
points, labels = data.spirals(300, arms=3, noise=0.15)
loader = data.DataLoader(data.TensorDataset(points, labels), batch_size=50, shuffle=True)

# %%
# Two models, trained alike.

models = {
    "linear": nn.Linear(2, 3),
    "one hidden layer": nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 3)),
}
histories = {}
for name, model in models.items():
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    histories[name] = train.fit(
        model,
        loader,
        nn.CrossEntropyLoss(),
        optimizer,
        epochs=150,
        metrics={"accuracy": train.accuracy},
        verbose=False,
    )
    print(f"{name}: {histories[name]['accuracy'][-1]:.1%} of the points on their arm")

# %%
# The losses, and the arm that each model gives to every place.

figure, (left, *right) = plt.subplots(1, 3, figsize=(8.4, 3.6), layout="constrained")
losses = {name: history["loss"] for name, history in histories.items()}
viz.loss_curves(losses, ylabel="cross entropy (nats)", ax=left)
for (name, model), axes in zip(models.items(), right, strict=True):
    title = f"{name}: {histories[name]['accuracy'][-1]:.1%}"
    viz.decision_boundary(model, points, labels, title=title, ax=axes)
plt.show()
