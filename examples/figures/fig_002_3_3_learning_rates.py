"""
002, figure 3.3: a rate too small, and one too big
==================================================

Two steps down the parabola of figure 3.1. The document calls the rate λ here, and η elsewhere; it gives no
numbers: 0.01, 0.2 and 0.3 are ours. Each step multiplies the distance to the minimum by 1 − 8η, so that
descent converges for η < ¼.
"""

import matplotlib.pyplot as plt

from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())


def descend(rate, steps):
    make = lambda params: optim.SGD(params, lr=rate)  # noqa: E731
    return optim.minimize(functions.parabola, 0.0, make, steps=steps)


# %%
# Too small, too big, and even bigger: it oscillates, and then runs away.

titles = {
    0.01: "too small",
    0.2: "too big: it shoots past",
    0.3: "even bigger: it runs away",
}
for rate in titles:
    few, many = descend(rate, 2), descend(rate, 20)
    print(
        f"η = {rate:4}: w = {few.points[1, 0]:.4f}, {few.points[2, 0]:.4f}; "
        f"after 20 steps {many.x:.6g}; factor {1 - 8 * rate:.2f} a step"
    )

figure, panels = plt.subplots(1, 3, figsize=(8.4, 4.2), layout="constrained")
for axes, (rate, title) in zip(panels, titles.items(), strict=True):
    descend(rate, 2).plot((-1.5, 3.0), ax=axes)
    axes.set_title(f"η = {rate}\n{title}", fontsize=10)
    axes.get_legend().remove()
figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()
