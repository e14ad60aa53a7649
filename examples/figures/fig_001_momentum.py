"""
001: momentum, and too much of it
=================================

Δθ = −η∇L + γΔθ_prev: across the valley the steps cancel, along it they add up. With too much the way
swings past the minimum. Bowl, rate and γ are ours, the document's are not printed.
"""

from functools import partial

import matplotlib.pyplot as plt

from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.descent import compare
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# The same rate for all.

ways = {
    f"γ = {gamma:g}": optim.minimize(
        functions.bowl,
        None,
        partial(optim.Momentum.classical, lr=0.02, mu=gamma),
        steps=200,
    )
    for gamma in (0.0, 0.7, 0.98)
}
for name, way in ways.items():
    reached = way.losses.tolist().index(next(j for j in way.losses if j < 0.01))
    print(
        f"{name}: J < 0.01 first at step {reached:3}, J = {way.fun:.1e} after 200; "
        f"x goes down to {way.points[:, 0].min():.2f}"
    )

# %%
# Document 000 writes the same as v ← μv − η∇J, θ ← θ + v, with v for Δθ and μ for γ.

figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.4), layout="constrained")
compare(
    ways,
    ((-3.5, 3.5), (-2.6, 2.6)),
    ax=left,
    title=f"{functions.bowl.equation}, η = 0.02",
    bar=True,
)
for (name, way), colour, stroke in zip(
    ways.items(), (VERMILION, BLUE, GREEN), ("-", "--", "-."), strict=True
):
    right.semilogy(way.losses, stroke, color=colour, label=name)
right.set(xlabel="step", ylabel="J", ylim=(1e-9, 100))
right.legend()
plt.show()
