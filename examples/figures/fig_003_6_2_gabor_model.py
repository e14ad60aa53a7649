"""
003, figures 6.2 and 6.3: the Gabor model, and data for it
==========================================================

A wave that dies away: sin(u) exp(−u²/32) with u = φ₀ + 0.06 φ₁x. As φ₀ grows it moves left, as φ₁ grows it
becomes narrow. Which parameters the document's figure 6.2 has is lost; these are ours. Its figure 6.3
has 28 points, the data of the textbook's notebook 6.3 are 30: they are another sample.
"""

import matplotlib.pyplot as plt

import minigrad as mg
from minigrad import data
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())


def gabor(x, phi0, phi1):
    u = phi0 + 0.06 * phi1 * x
    return mg.sin(u) * mg.exp(-u * u / 32)


# %%
# The data: made with φ = (0, 16.6), and noise added.

x, y = data.load_gabor()
residuals = y - gabor(x, 0.0, 16.6)
print(f"points: the document 28, here {len(x)}; x from {x.min():.1f} to {x.max():.1f}")
print(f"noise: {(residuals**2).mean() ** 0.5:.4f} (root of the mean square)")
print(f"loss at (0, 16.6): {(residuals**2).sum():.6f}")

# %%
# The model with different parameters; right, the data.

along = mg.linspace(-15, 15, 401)
figure, places = plt.subplots(2, 2, figsize=(8.4, 6), layout="constrained", sharey=True)
panels = places.flat
models = ((-5.0, 10.0), (0.0, 10.0), (0.0, 25.0), (0.0, 16.6))
colours = (BLUE, BLUE, BLUE, GREEN)
for axes, (phi0, phi1), colour in zip(panels, models, colours, strict=True):
    axes.plot(along, gabor(along, phi0, phi1), color=colour)
    axes.set(title=f"φ = ({phi0:g}, {phi1:g})", xlabel="x", ylabel="y")
panels[3].plot(x, y, "o", color=VERMILION, markersize=4)
panels[3].set_title("data, φ = (0, 16.6)")
plt.show()
