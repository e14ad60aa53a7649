"""
003, figure 6.8: Nesterov looks ahead
=====================================

Momentum takes the gradient where it stands; Nesterov's takes it where momentum leads. Equation 6.12 is
printed with φ − α m, which looks too far: momentum alone leads to φ − **αβ** m, as later editions have it.
The picture of the document is a sketch; this one is a step on ½ (3x² + 2xy + 2y²), and its rates are ours.
The losses are those of the textbook's notebook 6.4.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import data, optim, viz
from minigrad.optim import functions
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())

x, y = (column.double() for column in data.load_gabor())
makers = {
    "momentum": lambda p: optim.Momentum.ema(p, 0.6, 0.6),
    "Nesterov as printed": lambda p: optim.Nesterov.lookahead(p, 0.6, 0.6, at="alpha_m"),
    "Nesterov": lambda p: optim.Nesterov.lookahead(p, 0.6, 0.6),
}

# %%
# The notebook: it remarks that Nesterov does not help here.


def descend(make):
    draw = np.random.RandomState(1)

    def batch_loss(phi):
        batch = draw.permutation(30)[:5]
        u = phi[0] + 0.06 * phi[1] * x[batch]
        return ((mg.sin(u) * mg.exp(-u * u / 32) - y[batch]) ** 2).sum()

    return optim.minimize(batch_loss, (-1.5, 6.5), make, steps=81, measure=functions.gabor)


told = {"momentum": "0.745915", "Nesterov as printed": "0.803359", "Nesterov": "0.800868"}
for name, make in makers.items():
    print(f"{name}: notebook 6.4 {told[name]}, here {descend(make).fun:.6f}")

# %%
# On the bowl the corrected form is Nesterov's own (Sutskever's form), the printed one is not.

alpha, beta = 0.1, 0.9
bowl_makers = {
    "momentum": lambda p: optim.Momentum.ema(p, alpha, beta),
    "Nesterov as printed": lambda p: optim.Nesterov.lookahead(p, alpha, beta, at="alpha_m"),
    "Nesterov": lambda p: optim.Nesterov.lookahead(p, alpha, beta),
    "Nesterov, Sutskever": lambda p: optim.Nesterov.sutskever(p, alpha * (1 - beta), beta),
}
bowl_runs = {
    name: optim.minimize(functions.bowl, (3.0, -2.0), make, steps=25)
    for name, make in bowl_makers.items()
}
for name, run in bowl_runs.items():
    print(f"{name:20} after 25 steps: ({run.x[0]:.8f}, {run.x[1]:.8f})")

# %%
# One step of both, from point 1 on: momentum goes by the gradient to 2, and on to 3. Nesterov goes on to 4
# first, and by the gradient there to 5.

bowl, rate, decay = functions.tilted, 0.3, 0.6
way = optim.minimize(
    bowl, (2.5, -2.5), lambda p: optim.Momentum.ema(p, rate, decay), steps=4
).points
one, three = way[3], way[4]
on = decay * (one - way[2])
two, four = three - on, one + on
there = mg.tensor(four, requires_grad=True)
bowl(there).backward()
five = four - rate * (1 - decay) * there.grad.numpy()

figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 5), layout="constrained")
viz.landscape(bowl, ((-0.5, 1.6), (-2.0, 0.1)), ax=left, bar=True)
left.plot(*way[:4].T, "o:", color="black", markersize=3, label="the way until here")
for ends, colour, stroke, label in (
    ((one, two), BLUE, "-", "momentum: by the gradient,"),
    ((two, three), BLUE, "--", "and on"),
    ((one, four), VERMILION, "--", "Nesterov: on,"),
    ((four, five), VERMILION, "-", "and by the gradient there"),
):
    left.plot(*np.array(ends).T, stroke, color=colour, linewidth=2, label=label)
for number, place in enumerate((one, two, three, four, five), 1):
    left.plot(*place, "o", color="black", markersize=5)
    left.annotate(f"{number}", place, xytext=(7, 2), textcoords="offset points", fontsize=13)
left.legend(
    left.lines[1:6],
    [line.get_label() for line in left.lines[1:6]],
    loc="upper center",
    bbox_to_anchor=(0.5, -0.14),
)
colours = (BLUE, GREEN, VERMILION)
for (name, path), colour, stroke in zip(
    bowl_runs.items(), colours, ("--", "-.", "-"), strict=False
):
    right.plot(path.losses, stroke, color=colour, label=name)
right.set(xlabel="step", ylabel="J = ½ (x² + 10y²)", yscale="log", title="α = 0.1, β = 0.9")
right.legend()
plt.show()
