"""
003, figure 6.1: a line, fitted step by step
============================================

Gradient descent on the sum of squares of a line, with the rate of each step found by searching along it.
The document does not show where it starts and how long it goes: (1.6, −0.5) and ten steps are ours. The
data are the twelve pairs of the textbook's notebook 6.2, and the search is that of its notebook 6.1.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data, optim
from minigrad.optim import functions
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# The loss, equation 6.5, and its gradient, equation 6.7, at the place where the notebook checks them.

loss = functions.linear_regression
phi = mg.tensor([0.6, -0.2], dtype=mg.float64, requires_grad=True)
loss(phi).backward()
print(f"L(0.6, -0.2): the notebook 12.367, here {loss(phi):.6f}")
print(f"gradient there: ({phi.grad[0]:.5f}, {phi.grad[1]:.5f})")

# %%
# Ten steps. The rates alternate: after a step to the lowest point of its line the next one goes across.


def descend(search, rate):
    make = lambda params: optim.LineSearchGD(params, lr=rate, search=search)  # noqa: E731
    return optim.minimize(loss, (1.6, -0.5), make, steps=10)


run, exact = descend("bracketing", 0.1), descend("exact", 1.0)
lengths = np.linalg.norm(np.diff(run.points, axis=0), axis=1)
rates = lengths / np.linalg.norm(run.gradients[:-1], axis=1)
for k in range(5):
    print(f"step {k}: loss {run.losses[k]:.6f}, rate {rates[k]:.4f}")
best = loss.minima[0]
print(f"after 10 steps: {run.fun:.6f}; with exact search {exact.fun:.6f}; lowest {best.value:.6f}")
turns = [a @ b for a, b in zip(exact.gradients[:-1], exact.gradients[1:], strict=True)]
print(f"products of successive gradients, with exact search: at most {max(map(abs, turns)):.0e}")

# %%
# The lines of the first steps, the way over the loss, and how it falls.

x, y = data.load_line()
figure, places = plt.subplot_mosaic(
    [["data", "search"], ["loss", "loss"]], figsize=(8.4, 8), layout="constrained"
)
left, right, middle = places.values()
ends = np.array([0.0, 2.1])
left.plot(x, y, "o", color="black")
for k, shade in ((0, 0.15), (1, 0.35), (2, 0.55), (4, 0.75), (10, 1.0)):
    phi0, phi1 = run.points[k]
    left.plot(ends, phi0 + phi1 * ends, color=plt.cm.Oranges(shade), label=f"step {k}")
left.set(xlabel="x", ylabel="y", title="data and models")
left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
run.plot(ax=middle, bar=True)
right.plot(run.losses - best.value, "o-", color=BLUE, label="bracketing")
right.plot(exact.losses - best.value, "s--", color=VERMILION, label="exact")
right.set(xlabel="step", ylabel="loss above the lowest", yscale="log", title="line search")
right.legend()
plt.show()
