"""
004: batch normalisation
========================

X′ = WᵀX has a row for each unit and a column for each item of the batch. Each row gets mean 0 and
variance 1, then a scale and an offset that are learned. The symbols are lost in the document; sizes and
numbers are ours.
"""

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())

# %%
# Four inputs, three units, a batch of 200. ``features_first`` is the document's layout, items in columns.

mg.manual_seed(0)
W = mg.randn(4, 3, dtype=mg.float64)
X = mg.randn(4, 200, dtype=mg.float64) * mg.tensor([[1.0], [3.0], [0.5], [2.0]]) + 1.5
norm = nn.BatchNorm1d(3, features_first=True, dtype=mg.float64, eps=0.0)

before = W.T @ X
after = norm(before).detach()
for name, rows in {"before": before, "after": after}.items():
    mean, variance = rows.mean(1).numpy(), rows.var(1, correction=0).numpy()
    print(f"{name}: means {mean.round(3)}, variances {variance.round(3)}")

# %%
# The same with items in rows, as PyTorch has it: the transposed layer.

rows = nn.BatchNorm1d(3, dtype=mg.float64, eps=0.0)(before.T).detach().T
print(f"other layout: differs by at most {abs(rows - after).max():.0e}")

# %%
# "We don't have any bias here as this will be stripped": it changes nothing, and its gradient is 0.

b = mg.tensor([[5.0], [-3.0], [1.0]], dtype=mg.float64, requires_grad=True)
with_bias = norm(before + b)
(slope,) = mg.autograd.grad((with_bias**3).sum(), b)
print(
    f"with a bias: differs by at most {abs(with_bias.detach() - after).max():.0e}, "
    f"gradient of the bias at most {abs(slope).max():.0e}"
)

# %%
# A learned scale and offset, γ and β, put the rows where the next layer wants them: γ = 2, 1, ½ and β =
# −4, 0, 3.

norm.weight.data = mg.tensor([2.0, 1.0, 0.5], dtype=mg.float64)
norm.bias.data = mg.tensor([-4.0, 0.0, 3.0], dtype=mg.float64)
stages = {
    "X′ = WᵀX": before,
    "mean 0, variance 1": after,
    "γ x + β": norm(before).detach(),
}
figure, places = plt.subplots(
    2, 3, figsize=(8.4, 5.6), sharex="row", sharey="row", height_ratios=(1, 2), layout="constrained"
)
looks = list(zip((BLUE, VERMILION, GREEN), ("-", "--", "-."), strict=True))
for (matrix, curves), (title, values) in zip(places.T, stages.items(), strict=True):
    picture = matrix.imshow(
        values[:, :40], aspect="auto", cmap="PuOr", vmin=-15, vmax=15, extent=(0.5, 40.5, 3.5, 0.5)
    )
    matrix.set(title=title, xlabel="item (the first 40)", yticks=(1, 2, 3))
    for unit, (colour, stroke) in enumerate(looks):
        curves.hist(
            values[unit].numpy(),
            np.linspace(-16, 11, 55),
            histtype="step",
            linestyle=stroke,
            linewidth=1.8,
            color=colour,
            label=f"unit {unit + 1}",
        )
    curves.set_xlabel("value")
places[0, 0].set_ylabel("unit")
places[1, 0].set_ylabel("items")
places[1, 0].legend(loc="upper left")
figure.colorbar(picture, ax=places[0], label="value")
plt.show()
