"""
Digits in the plane
===================

A network reads handwritten digits through two numbers: its last hidden layer has two units. So everything
it knows of a digit is a point in the plane, and the borders between the digits can be drawn.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())

# %%
# The digits that come with the package; a fifth of them is held out.

mg.manual_seed(0)
train_set, test_set = data.digits_split()
loader = data.DataLoader(train_set, batch_size=64, shuffle=True, drop_last=True)
held_out = data.DataLoader(test_set, batch_size=len(test_set))

# %%
# The network in two halves: from the image to the plane, and from the plane to the digit.

to_plane = nn.Sequential(
    nn.Linear(64, 64, bias=False),
    nn.BatchNorm1d(64),
    nn.ReLU(),
    nn.Linear(64, 2),
)
to_digit = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 10))
model = nn.Sequential(to_plane, to_digit)
optimizer = optim.Adam(model.parameters(), lr=4e-3)
history = train.fit(
    model,
    loader,
    nn.CrossEntropyLoss(),
    optimizer,
    epochs=60,
    validation=held_out,
    metrics={"accuracy": train.accuracy},
    verbose=False,
)
print(f"{history['validation accuracy'][-1]:.1%} of the held-out digits are read right")

# %%
# How it learned.

history.plot()

# %%
# The held-out digits in the plane, in front of what the network reads at each place.

images, labels = test_set.tensors
model.eval()
with mg.no_grad():
    points = to_plane(images).numpy()
    low, high = points.min(0), points.max(0)
    margin = 0.05 * (high - low)
    x, y = (np.linspace(a, b, 300) for a, b in zip(low - margin, high + margin, strict=True))
    places = mg.tensor(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
    regions = to_digit(places).argmax(1).numpy().reshape(300, 300)

figure, axes = plt.subplots(figsize=(7, 6), layout="constrained")
axes.pcolormesh(x, y, regions, cmap="tab10", vmin=0, vmax=9, alpha=0.3)
for digit in range(10):
    own = points[labels.numpy() == digit]
    axes.scatter(*own.T, color=plt.cm.tab10(digit), s=14, edgecolors="k", linewidths=0.3)
    axes.annotate(str(digit), np.median(own, axis=0), fontsize=16, weight="bold")
axes.set(
    xlabel="first unit", ylabel="second unit", title="Held-out digits, as the network sees them"
)
plt.show()
