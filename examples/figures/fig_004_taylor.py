"""
004: what a step is expected to change
======================================

f(x − ηg) ≈ f(x) − ηgᵀg + ½η²gᵀHg. Of the formula the document has kept "f(x_t) − ηgᵀg + ½"; this is the
rest. Where gᵀHg is positive the decrease is smaller than the slope promises, where it is negative
greater. Both examples are ours: a quadratic, and example 3.1.2 of document 002.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad.func import grad, hessian
from minigrad.optim import functions, taylor
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# On ½ xᵀ[[3, 1], [1, 2]]x the second order is exact. The best step is η = gᵀg/gᵀHg; at twice that nothing
# is won.

x = mg.tensor([1.0, -2.0], dtype=mg.float64)
g, H = grad(functions.tilted)(x), hessian(functions.tilted)(x)
best = ((g @ g) / (g @ H @ g)).item()
print(f"quadratic at (1, -2): gᵀHg = {g @ H @ g:g}, best η = {best:.4f}, break-even {2 * best:.4f}")
for eta in (0.05, 0.2, 0.5):
    change = (functions.tilted(x - eta * g) - functions.tilted(x)).item()
    expected = (taylor(functions.tilted, x, eta=eta) - functions.tilted(x)).item()
    print(f"η = {eta}: expected {expected:.5f}, actual {change:.5f}")

# %%
# At (0.5, 1) of document 002's example the curvature is negative along the gradient: the step wins more
# than the slope says, and the next gradient is larger.

w = mg.tensor([0.5, 1.0], dtype=mg.float64)
g, H = grad(functions.ring)(w), hessian(functions.ring)(w)
changes = [
    (value - functions.ring(w)).item()
    for value in (
        taylor(functions.ring, w, eta=0.01, order=1),
        taylor(functions.ring, w, eta=0.01, order=2),
        functions.ring(w - 0.01 * g),
    )
]
print(f"example 3.1.2 at (0.5, 1): gᵀHg = {g @ H @ g:.1f}; with η = 0.01")
print("first order {:.4f}, second order {:.4f}, actual {:.5f}".format(*changes))
after = grad(functions.ring)(w - 0.01 * g)
print(f"gradient before ({g[0]:g}, {g[1]:g}), after ({after[0]:.2f}, {after[1]:.2f})")

# %%
# Predictions and truth for steps of all lengths.

panels = {
    "gᵀHg > 0: the decrease is diminished": (functions.tilted, x, np.linspace(0, 1.5, 61)),
    "gᵀHg < 0: it is accelerated": (functions.ring, w, np.linspace(0, 0.04, 61)),
}
figure, places = plt.subplots(1, 2, figsize=(8.4, 4.4), layout="constrained")
for axes, (title, (f, point, rates)) in zip(places, panels.items(), strict=True):
    slope = grad(f)(point)
    actual = [f(point - eta * slope).item() for eta in rates]
    axes.plot(rates, actual, color=BLUE, linewidth=3, alpha=0.6, label="f(x − ηg)")
    for order, stroke, colour in ((1, ":", GREEN), (2, "--", VERMILION)):
        expected = [taylor(f, point, eta=eta, order=order).item() for eta in rates]
        axes.plot(rates, expected, stroke, color=colour, label=f"expected, order {order}")
    axes.set(xlabel="η", ylabel="f", title=f"{title}\n{f.equation}")
    axes.locator_params(axis="x", nbins=5)
    axes.set_ylim(min(actual) - 2, max(actual) + 2)
    axes.grid()
places[0].legend()
plt.show()
