"""
Three spirals
=============

No straight line parts the arms of a spiral. A network with one hidden layer bends its lines until they
follow the arms; a linear classifier cannot.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data, nn, optim, train

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

side = np.linspace(-1.3, 1.3, 200)
places = mg.tensor(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2), dtype=mg.float32)
figure, (left, *right) = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for (name, model), axes in zip(models.items(), right, strict=True):
    left.semilogy(histories[name]["loss"], label=name)
    with mg.no_grad():
        arms = model(places).argmax(1).numpy().reshape(200, 200)
    axes.contourf(side, side, arms, levels=[-0.5, 0.5, 1.5, 2.5], cmap="viridis", alpha=0.4)
    axes.scatter(*points.T, c=labels, cmap="viridis", edgecolors="k", linewidths=0.5, s=18)
    axes.set(title=f"{name}: {histories[name]['accuracy'][-1]:.1%}", aspect="equal")
left.set(xlabel="epoch", ylabel="loss")
left.legend(frameon=False)
plt.show()
