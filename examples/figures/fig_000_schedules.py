"""
000, section 1.4: learning rate schedules
=========================================

Equations 1.3 to 1.5, and the cosine that the text names, with and without restarts. The document gives
no constants, these are ours. In equations 1.3 and 1.4 the rate falls only if β is greater than 1.
"""

import matplotlib.pyplot as plt
import numpy as np

from minigrad.optim import schedules
from minigrad.viz.plots.style import BLUE, GREEN, PURPLE, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# A schedule is a function of the step, and needs no optimiser. The numbers are those of the equations.

exponential = schedules.Exponential(beta=1.01)
stepwise = schedules.Step(30, beta=2)
linear = schedules.Linear(100)
cosine = schedules.Cosine(100)
restarts = schedules.CosineRestarts(10, growth=2)

print(f"eq. 1.3, β = 1.01: 1.01⁻¹⁰⁰ = {1.01**-100:.6f}, here: {exponential(100):.6f}")
print("eq. 1.4, β = 2, M = 30, steps 0, 29, 30, 60, 99:", stepwise([0, 29, 30, 60, 99]))
print("eq. 1.5, K = 100, steps 0, 1, 50, 99:", linear([0, 1, 50, 99]))
print("cosine with restarts, steps 0, 5, 9, 10, 20, 29, 30:", end=" ")
print((0.1 * restarts)([0, 5, 9, 10, 20, 29, 30]).round(5))

# %%
# Linear and cosine decay depend on the number of steps K, "this makes it hard to compare optimization runs
# of different lengths": after 50 steps the rates are not the same.

for steps in (100, 200):
    k = schedules.Linear(steps)(50), schedules.Cosine(steps)(50)
    print(f"K = {steps}: in step 50 linear {k[0]:.2f}, cosine {k[1]:.3f} of the first rate")

k = np.arange(200)
figure, places = plt.subplot_mosaic(
    [["decays", "lengths"], ["restarts", "restarts"]], figsize=(8.4, 7), layout="constrained"
)
left, middle, right = places.values()
left.plot(k, exponential(k), color=BLUE, label="exponential, β = 1.01")
left.plot(k, stepwise(k), "--", color=VERMILION, label="stepwise, β = 2, M = 30")
for steps, stroke in ((100, "-"), (200, "--")):
    k = np.arange(steps)
    middle.plot(k, schedules.Linear(steps)(k), stroke, color=GREEN, label=f"linear, K = {steps}")
    middle.plot(k, schedules.Cosine(steps)(k), stroke, color=PURPLE, label=f"cosine, K = {steps}")
middle.axvline(50, color="0.6", linewidth=0.8)
k = np.arange(150)
right.plot(k, restarts(k), color=BLUE, label="cosine, restarts after\n10, 20, 40, … steps")
for axes in (left, middle, right):
    axes.set(xlabel="step k", ylabel="η / η⁰", ylim=(0, 1.5))
    axes.legend(loc="upper right")
    axes.grid()
plt.show()
