"""
002, figure 3.4 and section 3.4: ways over surfaces
===================================================

A convex function and one that is not, with the way of gradient descent, drawn as in section 3.4: an orange
line with black markers. The document took its picture from elsewhere; the functions are ours, a bowl and
Himmelblau's. Its code no longer runs: ``figure.gca(projection="3d")`` is gone from matplotlib,
``add_subplot(projection="3d")`` does the same; its second copy has ``azimuth=``, which is ``azim=``; and its
``f`` returns itself instead of its value.
"""

import matplotlib.pyplot as plt

import minigrad as mg
from minigrad import optim
from minigrad.optim import functions
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())

# %%
# Is a function convex? If one chord runs below the surface it is not.

mg.manual_seed(0)
panels = {
    "convex": (functions.bowl, (-3.0, 2.0), 0.05),
    "not convex": (functions.himmelblau, (0.0, 0.0), 0.01),
}
runs = {}
for name, (function, start, rate) in panels.items():
    make = lambda params, rate=rate: optim.SGD(params, lr=rate)  # noqa: E731
    runs[name] = optim.minimize(function, start, make, steps=40)
    chords = "no chord" if optim.is_convex_on(function, function.window) else "a chord"
    found = optim.classify_critical_point(function, runs[name].x, tol=0.5)
    print(f"{name}: {chords} of 1,000 runs below the surface; {runs[name]}; a {found.kind} there")

# %%
# The surfaces.

figure = plt.figure(figsize=(8.4, 4.8))
figure.subplots_adjust(left=0.01, right=0.95, bottom=0.16, top=0.88, wspace=0.08)
for position, (name, run) in enumerate(runs.items(), 1):
    axes = figure.add_subplot(1, 2, position, projection="3d")
    axes.view_init(elev=42, azim=-58)
    run.surface(ax=axes)
    axes.set_title(f"{name}\n{run.objective.equation}", fontsize=10)
plt.show()
