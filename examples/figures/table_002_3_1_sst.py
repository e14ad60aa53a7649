"""
002, table 3.1 and figure 3.7: film reviews, with a penalty and without
=======================================================================

Is a review favourable? A linear model has a weight for each of 14,828 words, more than twice as many as
there are sentences to learn from. It can fit all of them, and learns nothing; with λ‖w‖² it does. The
sentences are not in the package: pass the folder with them, or set ``MINIGRAD_DATA`` (see :doc:`/data`).

::

    python examples/figures/table_002_3_1_sst.py --data FOLDER

The document says little about how; what gives its numbers is: the binary task, 6,920 sentences to learn from
and 1,821 to test, lower case, divided at blanks, how often each word occurs, a feature that is 1, labels
−1 and 1, and λ = 1 beside the **sum** of squares. In equation 3.4, with its half, this would be ½.

.. image:: /images/table_002_3_1.png
   :alt: The loss with and without momentum, and histograms of the weights without and with the penalty
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import optim
from minigrad.data import load_sst
from minigrad.viz.plots.style import BLUE, GREEN, VERMILION, style_sheet

plt.style.use(style_sheet())

parser = argparse.ArgumentParser(description="Reproduce table 3.1")
parser.add_argument(
    "--data", help="folder with stsa.binary.*; default: the environment's MINIGRAD_DATA"
)
parser.add_argument("--quick", action="store_true", help="learn from 1,000 sentences only")
arguments, _ = parser.parse_known_args()

LAMBDA = 1.0
STEPS = 200 if arguments.quick else 1000

# %%
# A sentence is the numbers of its words. Laid end to end, with the number of the sentence beside each word,
# these are the places of all that is not 0 in the matrix X, which as a whole would have 800 MB.

sentences, labels = load_sst("binary", "train", arguments.data)
test_sentences, test_labels = load_sst("binary", "test", arguments.data)
if arguments.quick:
    sentences, labels = sentences[:1000], labels[:1000]
split = [sentence.lower().split() for sentence in sentences]
number = {word: i for i, word in enumerate(dict.fromkeys(word for s in split for word in s))}
WORDS = len(number)
print(f"{len(split):,} sentences to learn from, {WORDS:,} words")


def encode(split):
    """Return the numbers of sentence and word for each word that is known; the last one is the bias."""
    known = [[number[word] for word in s if word in number] + [WORDS] for s in split]
    sentence = np.repeat(np.arange(len(known)), [len(s) for s in known])
    return mg.tensor(sentence), mg.tensor(np.concatenate(known))


x, y = encode(split), 2.0 * labels.double() - 1
x_test = encode([sentence.lower().split() for sentence in test_sentences])
y_test = 2.0 * test_labels.double() - 1

# %%
# X w without X: take the weights of the words, and add up those of each sentence. The derivative is the same
# with the two numbers exchanged, and so is the transposed product.


def summed(values, places, count):
    return mg.zeros(count, dtype=mg.float64).index_add(0, places, values)


def predict(w, x, count):
    sentence, word = x
    return summed(w[word], sentence, count)


def loss_of(w):
    """The sum of squares, with the penalty."""
    return ((predict(w, x, len(y)) - y) ** 2).sum() + LAMBDA * (w * w).sum()


# %%
# The right column, by descent. The largest curvature L is found by multiplying a vector with the Hessian over
# and over; the smallest is m = 2λ. Nesterov's best constants are then η = 1/L and
# μ = (√L − √m) / (√L + √m). Without momentum descent is far from there after as many steps.

v = mg.ones(WORDS + 1, dtype=mg.float64)
for _ in range(20):
    v = v / v.norm()
    _, v = mg.func.hvp(loss_of, v, v)
L, m = v.norm().item(), 2 * LAMBDA
mu = (L**0.5 - m**0.5) / (L**0.5 + m**0.5)
print(f"the largest eigenvalue of XᵀX is {(L - m) / 2:.4g}; η = {1 / L:.3g}, μ = {mu:.4f}")


def descend(make):
    w = mg.zeros(WORDS + 1, dtype=mg.float64, requires_grad=True)
    optimizer, errors = make([w]), []

    def closure():
        optimizer.zero_grad()
        loss = loss_of(w)
        loss.backward()
        return loss

    for _ in range(STEPS):
        loss = optimizer.step(closure)
        errors.append(loss / len(y))
    return w.detach(), [error.item() for error in errors]


ridge, nesterov_losses = descend(lambda p: optim.Nesterov.sutskever(p, lr=1 / L, mu=mu))
crept, plain_losses = descend(lambda p: optim.SGD(p, lr=1 / L))

# %%
# The left column needs another way: without a penalty descent would take for ever. Of all the weights that
# fit, those of the least norm are Xᵀ a with XXᵀ a = y. Each column of XXᵀ is a product as above. It is
# singular, as some sentences are there twice: 10⁻⁸ on its diagonal lets it be solved.

with mg.no_grad():
    gram = mg.zeros(len(y), len(y), dtype=mg.float64)
    ones = mg.ones(len(x[0]), dtype=mg.float64)
    ends = np.searchsorted(x[0].numpy(), np.arange(len(y) + 1))
    for i, (start, end) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
        words = summed(ones[start:end], x[1][start:end], WORDS + 1)
        gram[i] = predict(words, x, len(y))
        gram[i, i] += 1e-8
    a = mg.linalg.solve(gram, y)
    least_norm = summed(a[x[0]], x[1], WORDS + 1)

# %%
# The table.


def measured(w):
    rows = []
    for inputs, targets in ((x, y), (x_test, y_test)):
        outputs = predict(w, inputs, len(targets))
        right = (outputs.sign() == targets).double().mean()
        rows.append((((outputs - targets) ** 2).mean().item(), 100 * right.item()))
    (train_error, train_right), (test_error, test_right) = rows
    return train_error, test_error, train_right, test_right


names = ("train MSE", "test MSE", "training accuracy %", "test accuracy %")
printed = {"no regularizer": (0.0, 7.9469, 100.0, 61.67), "l2": (0.0727, 0.7523, 99.55, 78.07)}
ours = {"no regularizer": measured(least_norm), "l2": measured(ridge)}
for column in printed:
    for name, theirs, own in zip(names, printed[column], ours[column], strict=True):
        digits = 2 if "%" in name else 4
        print(f"{column:15} {name:20} document {theirs:8.{digits}f}, here {own:8.{digits}f}")
print(f"without momentum, after {STEPS} steps: train MSE {measured(crept)[0]:.4f}")

# %%
# How the loss fell, and how large the weights are: figure 3.7.

figure, places = plt.subplot_mosaic(
    [["losses", "losses"], ["none", "ridge"]], figsize=(8.4, 7), layout="constrained"
)
left, *panels = places.values()
left.plot(plain_losses, "--", color=GREEN, label="gradient descent")
left.plot(nesterov_losses, color=VERMILION, label="Nesterov")
left.set(xlabel="step", ylabel="loss / number of sentences", ylim=(0, None))
left.legend()
panels[1].sharey(panels[0])
bins = np.linspace(-8, 8, 81)
for axes, name, w, colour in (
    (panels[0], "no regularizer", least_norm, BLUE),
    (panels[1], "λ = 1", ridge, VERMILION),
):
    axes.hist(w.numpy(), bins, color=colour)
    axes.set(title=f"{name}: ‖w‖ = {w.norm():.1f}", xlabel="weight", yscale="log")
panels[0].set_ylabel("how many weights")
plt.show()

# sphinx_gallery_thumbnail_path = 'images/table_002_3_1.png'
