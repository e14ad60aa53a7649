"""
003, figure 6.9: from fixed rates to Adam
=========================================

A loss that is steep in one direction and flat in the other: 1 − exp(−2φ₁² − (φ₀ − 0.7)²/8). One rate for both
is too small for one or too large for the other; a fixed distance in each direction bounces around the
minimum; Adam comes to rest. Loss, start and constants are those of the textbook's notebook 6.5, as the
document has none but a handwritten ε = 0.001. Equation 6.13 shows ∂²L/∂φ² where the square of the gradient
is meant.
"""

from functools import partial

import matplotlib.pyplot as plt

from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())

# %%
# The four panels, and two that the handwriting asks for: its ε, and Adam without correction of the bias.


def descend(make, steps):
    return optim.minimize(functions.ravine, (-0.7, -0.9), make, steps=steps)


adam = partial(optim.Adam, lr=0.05, betas=(0.9, 0.99))
runs = {
    "a) small rate, α = 0.08": descend(partial(optim.SGD, lr=0.08), 200),
    "b) large rate, α = 1": descend(partial(optim.SGD, lr=1.0), 40),
    "c) normalised, α = 0.08": descend(partial(optim.NormalizedGD, lr=0.08), 40),
    "d) Adam, α = 0.05": descend(partial(adam, eps=1e-20), 60),
    "c) with ε = 0.001": descend(partial(optim.NormalizedGD, lr=0.08, eps=1e-3), 40),
    "d) not corrected, ε = 0.001": descend(partial(adam, eps=1e-3, bias_correction=False), 60),
}
told = (
    "(0.668404, 0), loss 1.25e-4",
    "(0.696, 0.195), still jumping, φ₁ between -0.761 and 0.391",
    "bounces between (0.66, -0.02) and (0.74, 0.06)",
    "(0.667073, 0.029500), loss 1.874e-3",
    "(0.735962, 0.051761)",
    "(0.743066, -0.007164)",
)
for (name, run), numbers in zip(runs.items(), told, strict=True):
    last, before = run.points[-1], run.points[-2]
    print(f"{name}: expected {numbers}")
    print(
        f"    here ({last[0]:.6f}, {last[1]:.6f}), loss {run.fun:.3e}; "
        f"before it ({before[0]:.3f}, {before[1]:.3f})"
    )
low, high = (f(runs["b) large rate, α = 1"].points[-4:, 1]) for f in (min, max))
print(f"the last points of b): φ₁ from {low:.3f} to {high:.3f}")

# %%
# Why b) is not stable: the step is stable for α < 2/4, as the steepest curvature is 4. And how much too
# large the first step is if the bias is not corrected: (1 − β)/√(1 − γ) times α.

for gamma in (0.99, 0.999):
    uncorrected = partial(optim.Adam, lr=0.05, betas=(0.9, gamma), eps=1e-20, bias_correction=False)
    step = descend(uncorrected, 1).points
    print(f"γ = {gamma}: the first step is {(step[1, 0] - step[0, 0]) / 0.05:.3f} α")

# %%
# The pictures.

figure, panels = plt.subplots(2, 2, figsize=(8.4, 8), layout="constrained")
for axes, (name, run) in zip(panels.flat, runs.items(), strict=False):
    run.plot(((-1.0, 1.8), (-1.0, 1.0)), ax=axes, bar=True)
    axes.set_title(f"{name}:\n{run.steps} steps, loss {run.fun:.2g}", fontsize=10)
plt.show()
