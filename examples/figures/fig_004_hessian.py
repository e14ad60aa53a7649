"""
004: the Hessian tells minima, maxima and saddles apart
=======================================================

Where the gradient is zero: all eigenvalues positive, a minimum; all negative, a maximum; "one or more"
of either sign, a saddle, which is to be read as one or more positive *and* one or more negative.
Eigenvalues that are zero the document leaves out. Its example is lost; ours is Himmelblau's function,
which has all three.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad.func import hessian
from minigrad.optim import classify_critical_point, functions
from minigrad.viz.plots.descent import landscape
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# The nine critical points.

f = functions.himmelblau
points = [point.at for point in f.minima + f.maxima + f.saddles]
found = {at: classify_critical_point(f, at) for at in points}
for at, result in found.items():
    low, high = result.eigenvalues.tolist()
    print(f"({at[0]:6.3f}, {at[1]:6.3f}): eigenvalues {low:7.2f}, {high:7.2f}: {result.kind}")

# %%
# If all eigenvalues are zero the test says nothing: higher terms decide. This one is a minimum.

flat = classify_critical_point(functions.ring, (0.0, 0.0))
print(f"{functions.ring.equation} at 0: {flat.eigenvalues.tolist()}: {flat.kind}")

# %%
# The arms of a cross are the eigenvectors, longer where the curvature is small: solid upwards, dashed
# downwards.

looks = {"minimum": (BLUE, "o"), "saddle": (GREEN, "D"), "maximum": (VERMILION, "^")}
figure, axes = plt.subplots(figsize=(7, 6.4), layout="constrained")
landscape(f, ax=axes, bar=True)
for at, result in found.items():
    values, vectors = np.linalg.eigh(hessian(f)(mg.tensor(at, dtype=mg.float64)).numpy())
    for value, vector in zip(values, vectors.T, strict=True):
        arm = np.outer((-1, 1), 3.5 * vector / np.sqrt(abs(value)))
        axes.plot(*(at + arm).T, "-" if value > 0 else "--", color="k", linewidth=1, zorder=3)
    colour, marker = looks[result.kind]
    axes.plot(*at, marker, color=colour, markeredgecolor="k", markersize=8, zorder=5)
    low, high = result.eigenvalues.tolist()
    axes.annotate(
        f"{low:.0f}, {high:.0f}", at, (9, 7), textcoords="offset points", fontsize=9, zorder=6
    )
for kind, (colour, marker) in looks.items():
    axes.plot([], [], marker, color=colour, markeredgecolor="k", label=kind)
handles, labels = axes.get_legend_handles_labels()
axes.legend(
    handles[-3:],
    labels[-3:],
    ncols=3,
    loc="upper center",
    bbox_to_anchor=(0.5, -0.1),
)
plt.show()
