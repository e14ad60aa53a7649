"""
002, figure 3.1: a walk down a parabola
=======================================

f(w) = 4w² − 6w − 9, and the walk of section 3.1.1: from 0 to 1, and back to ½. Each step goes against the
slope. The document gives no rate; its two steps have different ones, η = 1/6 and η = 1/4.
"""

import matplotlib.pyplot as plt
import numpy as np

from minigrad import optim
from minigrad.optim import functions
from minigrad.optim.lr_scheduler import LambdaLR
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# The walk, and where one fixed rate leads: with η = 1/8, the inverse of f″ = 8, a single step arrives.

walk = optim.minimize(
    functions.parabola,
    0.0,
    lambda params: optim.SGD(params, lr=1.0),
    steps=2,
    schedule=lambda optimizer: LambdaLR(optimizer, lambda k: 1 / 6 if k == 0 else 1 / 4),
)
slopes = walk.gradients[:, 0]
print(f"walk: the document 0, 1, ½; here {', '.join(f'{w:g}' for w in walk.points[:, 0])}")
print(f"slopes on it: the document -6, 2; here {', '.join(f'{g:.4g}' for g in slopes)}")
exact = optim.minimize(functions.parabola, 0.0, lambda p: optim.SGD(p, lr=1 / 8), steps=1)
print(f"minimum: f({exact.x:g}) = {exact.fun:g}, after one step with η = 1/8")

# %%
# The curve, and at each point of the walk the tangent, whose slope says where to go.

w = np.linspace(-0.5, 2.0, 301)
figure, axes = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
axes.plot(w, functions.values_at(functions.parabola, w), color=BLUE)
for k, (point, value, slope) in enumerate(walk):
    near = point + np.array([-0.3, 0.3])
    axes.plot(near, value + slope * (near - point), "--", color="0.5", linewidth=1)
    axes.plot(point, value, "o", color=VERMILION)
    axes.annotate(
        f"w = {point[0]:g}, f′ = {slope[0]:.3g}",
        (point[0], value),
        xytext=((14, 12), (14, -4), (-4, 22))[k],
        textcoords="offset points",
    )
axes.plot(exact.x, exact.fun, "*", color="black", markersize=11, label="minimum (0.75, −11.25)")
axes.set(xlabel="w", ylabel="f(w) = 4w² − 6w − 9")
axes.legend()
plt.show()
