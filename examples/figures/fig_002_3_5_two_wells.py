"""
002, figure 3.5: the start decides
==================================

Example 3.1.3 prints ⅓w⁴ − ½w³ − w² + w and says that its minima are (−1, −1) and (2, −1). They are not. With
¼ in place of ⅓ and ¾ in place of 1, as ¼w⁴ − ½w³ − ¾w² + w, they are, exactly: that is what was meant. The
document names no starts: those between −2 and 3 are ours, with η = 0.05 and 500 steps.
"""

import matplotlib.pyplot as plt
import numpy as np

from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())


def descend(function, start):
    make = lambda params: optim.SGD(params, lr=0.05)  # noqa: E731
    return optim.minimize(function, start, make, steps=500)


# %%
# Where descent ends, with the coefficients as printed and with the right ones.

functions_shown = {
    "as printed": functions.two_wells_as_printed,
    "corrected": functions.two_wells,
}
for name, function in functions_shown.items():
    ends = [descend(function, start) for start in (-2.0, 3.0)]
    minima = ", ".join(f"({end.x:.4f}, {end.fun:.4f})" for end in ends)
    print(f"minima, {name}: {minima}; the document (-1, -1), (2, -1)")
    (top,) = function.maxima
    print(f"maximum, {name}: ({top.at:.6g}, {top.value:.6g})")

starts = np.linspace(-2.0, 3.0, 26)
ends = np.array([descend(functions.two_wells, start).x for start in starts])
print(
    f"starts up to {starts[ends < 0].max():.1f} end left, from {starts[ends > 0].min():.1f} right"
)

# %%
# The function as printed and as meant; right, two descents of the latter, and where each start ends.

w = np.linspace(-2.0, 3.0, 401)
figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.4), layout="constrained", sharey=True)
for (name, function), stroke in zip(functions_shown.items(), ("--", "-"), strict=True):
    left.plot(w, functions.values_at(function, w), stroke, color=BLUE, label=name)
left.plot([-1, 2], [-1, -1], "x", color="black", markersize=9, label="minima, says the document")
left.set(xlabel="w", ylabel="f(w)", ylim=(-1.9, 3.6))
left.legend()

right.plot(w, functions.values_at(functions.two_wells, w), color=BLUE)
for start, colour in ((0.4, VERMILION), (0.6, GREEN)):
    run = descend(functions.two_wells, start)
    right.plot(run.points, run.losses, ".-", color=colour, label=f"from {start} to {run.x:.2f}")
height = np.full_like(starts, -1.6)
right.scatter(starts, height, c=np.where(ends < 0, VERMILION, GREEN), s=18)
right.annotate("starts, in the colour of where they end", (0.5, -1.5), ha="center", fontsize=9)
right.set(xlabel="w")
right.legend(loc="upper center")
plt.show()
