"""
001: gradients "empirically"
============================

The document's program, its output, and how wrong finite differences are: too large a step ε misses the
curvature, too small a one loses digits. The document gives no errors; these are for the sum of squares,
at the point of the program.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad.optim import numerical_grad
from minigrad.viz.plots.style import BLUE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# What the document's program prints. (Its x is [1, 1.9999999999999998] afterwards, as ``x[i] += eps`` and
# ``x[i] -= eps`` do not undo each other; here x stays.)


def f(x):
    return (x * x).sum()


x = mg.tensor([1.0, 2.0], dtype=mg.float64)
print("the document: array([2.0000001 , 4.00000009])")
print("here:        ", repr(numerical_grad(f, x, eps=0.0000001).numpy()))

# %%
# The error of the first slope, which is 2, for steps ε.


def error(eps, method):
    return abs(numerical_grad(f, mg.tensor([1.0], dtype=mg.float64), eps, method).item() - 2)


print("ε       forward    central")
for eps in (1e-3, 1e-5, 1e-7, 1e-9):
    print(f"{eps:.0e}   {error(eps, 'forward'):.2e}   {error(eps, 'central'):.2e}")

# %%
# A parabola has no third derivative, and central differences no error but rounding. The sine has one:
# there the error falls like ε² until rounding takes over, that of forward differences like ε. (Errors
# below 10⁻¹⁴ are drawn there.)

steps = np.logspace(-13, -1, 97)
figure, places = plt.subplots(1, 2, figsize=(8.4, 4), sharey=True, layout="constrained")
curves = {"x²": (lambda x: (x * x).sum(), 2.0), "sin x": (lambda x: x.sin().sum(), np.cos(1.0))}
one = mg.tensor([1.0], dtype=mg.float64)
for axes, (name, (function, slope)) in zip(places, curves.items(), strict=True):
    for method, stroke, colour in (("forward", "-", BLUE), ("central", "--", VERMILION)):
        errors = [abs(numerical_grad(function, one, eps, method).item() - slope) for eps in steps]
        axes.loglog(steps, np.maximum(errors, 1e-14), stroke, color=colour, label=method)
    axes.loglog(steps, 1e-16 / steps, ":", color="0.5", label="rounding, 10⁻¹⁶/ε")
    axes.set(xlabel="ε", title=f"{name} at x = 1", ylim=(1e-14, 1))
    axes.grid()
places[0].set_ylabel("error of the slope")
places[1].legend()
plt.show()
