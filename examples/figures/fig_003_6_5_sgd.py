"""
003, figure 6.5: descent is caught, stochastic descent gets away
================================================================

Gradient descent ends in the minimum of the valley where it starts. With batches it sometimes goes uphill,
and from one valley to another. The document's starts and rates are lost. Right are the numbers of the
textbook's notebook 6.3: batches of 5, α = 0.8, 41 steps from (3.5, 6.5), NumPy's seed 1. The starts
left and in the middle are ours.
"""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data, optim, viz
from minigrad.optim import functions
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())

x, y = (column.double() for column in data.load_gabor())

# %%
# Equation 6.10: each step takes the sum over its batch, drawn without replacement.


def losses_of(phi, batch):
    u = phi[0] + 0.06 * phi[1] * x[batch]
    return (mg.sin(u) * mg.exp(-u * u / 32) - y[batch]) ** 2


def descend(start, rate, steps, batch_size=30, seed=1):
    draw = np.random.RandomState(seed)
    return optim.minimize(
        lambda phi: losses_of(phi, draw.permutation(30)[:batch_size]).sum(),
        start,
        lambda params: optim.SGD(params, lr=rate),
        steps=steps,
        measure=functions.gabor,
    )


notebook = descend((3.5, 6.5), 0.8, 41, batch_size=5)
phi0, phi1 = notebook.x
print("notebook 6.3 ends at (-0.49668, 12.26841) with the loss 4.62436;")
print(f"here at ({phi0:.5f}, {phi1:.5f}) with {notebook.fun:.5f}")

# %%
# The same starts, with all points and with batches.

starts = [(3.5, 6.5), (5.5, 9.5), (7.0, 15.0)]
full = {str(start): descend(start, 0.1, 200) for start in starts}
batches = {str(start): descend(start, 0.8, 200, batch_size=3) for start in starts}
for name in full:
    print(
        f"from {name}: descent ends at {full[name].fun:.3f}, with batches at {batches[name].fun:.3f}"
    )

# %%
# How many of the 4,060 possible batches of three raise the loss of all points, when α = 0.8.

everything = np.arange(30)
for at in ((-1.5, 8.5), (0.0, 14.0), (0.5, 15.0)):
    point = mg.tensor(at, dtype=mg.float64)
    gradients = mg.func.jacrev(lambda phi: losses_of(phi, everything))(point).numpy()
    steps = gradients[np.array(list(combinations(range(30), 3)))].sum(axis=1)
    after = functions.values_at(functions.gabor, np.array(at) - 0.8 * steps)
    uphill = (after > functions.gabor(point).item()).mean()
    print(f"at {at}: {uphill:.0%} of the batches of three go uphill")

# %%
# The ways.

figure, ((left, middle), (right, empty)) = plt.subplots(
    2, 2, figsize=(8.4, 9), layout="constrained"
)
empty.set_axis_off()
viz.compare(full, ax=left, title="gradient descent, α = 0.1, 200 steps", bar=True)
viz.compare(batches, ax=middle, title="batches of 3, α = 0.8, 200 steps", bar=True)
notebook.plot(ax=right, bar=True)
right.set_title("notebook 6.3: batches of 5,\nα = 0.8, 41 steps", fontsize=10)
plt.show()
