"""
Names, letter by letter
=======================

A network with one hidden layer and batch normalisation, all written by hand in PyTorch's manner, learns
which letter comes next in a name, and then invents names. The list of names is not in the package: pass
the folder with ``names.txt``, or set ``MINIGRAD_DATA`` (see :doc:`/data`).

::

    python examples/names.py --data FOLDER --steps 20000

.. image:: /images/names.png
   :alt: The loss of each batch and its mean, over 20,000 steps
"""

import argparse
import random

import matplotlib.pyplot as plt
from tqdm import tqdm

import minigrad as mg
import minigrad.nn.functional as F
from minigrad.data import load_names
from minigrad.viz.plots.style import style_sheet

plt.style.use(style_sheet())

parser = argparse.ArgumentParser(description="Learn names letter by letter")
parser.add_argument(
    "--data", help="folder with names.txt; default: the environment's MINIGRAD_DATA"
)
parser.add_argument("--steps", type=int, default=20_000)
arguments, _ = parser.parse_known_args()

BLOCK = 3  # letters that are looked at
WIDTH = 10  # numbers that stand for a letter
HIDDEN = 200

# %%
# Every name gives as many examples as it has letters, and one more for its end: the three letters
# before, and the letter that comes. A dot stands before the beginning and for the end.

words = load_names(arguments.data)
letters = ["."] + sorted(set("".join(words)))
number = {letter: i for i, letter in enumerate(letters)}


def examples_of(words):
    before, next_letter = [], []
    for word in words:
        context = [0] * BLOCK
        for letter in word + ".":
            before.append(context)
            next_letter.append(number[letter])
            context = [*context[1:], number[letter]]
    return mg.tensor(before), mg.tensor(next_letter)


random.seed(42)
random.shuffle(words)
cut, end = int(0.8 * len(words)), int(0.9 * len(words))
inputs, targets = examples_of(words[:cut])
held_out = examples_of(words[cut:end])
print(f"{len(words):,} names, {len(inputs):,} examples to learn from")

# %%
# The parameters, drawn as a well-known lecture draws them: the first losses are those it prints.

g = mg.Generator().manual_seed(2147483647)
table = mg.randn((len(letters), WIDTH), generator=g)
W1 = mg.randn((BLOCK * WIDTH, HIDDEN), generator=g) * (5 / 3) / (BLOCK * WIDTH) ** 0.5
W2 = mg.randn((HIDDEN, len(letters)), generator=g) * 0.01
b2 = mg.randn(len(letters), generator=g) * 0
gain, shift = mg.ones((1, HIDDEN)), mg.zeros((1, HIDDEN))
parameters = [table, W1, W2, b2, gain, shift]
for p in parameters:
    p.requires_grad = True
running_mean, running_std = mg.zeros((1, HIDDEN)), mg.ones((1, HIDDEN))
print(f"{sum(p.nelement() for p in parameters):,} parameters")

# %%
# Training: look the letters up in the table, mix them, normalise over the batch, squash, and tell the
# next letter. The biases before the normalisation would do nothing, so there are none.

losses = []
for step in tqdm(range(arguments.steps + 1), disable=None):
    batch = mg.randint(0, inputs.shape[0], (32,), generator=g)
    embedded = table[inputs[batch]]
    mixed = embedded.view(embedded.shape[0], -1) @ W1
    mean, std = mixed.mean(0, keepdim=True), mixed.std(0, keepdim=True)
    hidden = mg.tanh(gain * (mixed - mean) / std + shift)
    logits = hidden @ W2 + b2
    loss = F.cross_entropy(logits, targets[batch])
    with mg.no_grad():
        running_mean = 0.999 * running_mean + 0.001 * mean
        running_std = 0.999 * running_std + 0.001 * std

    if step == 0:
        hidden.retain_grad()  # to look at below
    for p in parameters:
        p.grad = None
    loss.backward()
    rate = 0.1 if step < 100_000 else 0.01
    for p in parameters:
        p.data += -rate * p.grad

    losses.append(loss.item())
    if step == 0:
        saturated = (hidden.abs() > 0.97).float().mean()
        print(f"at first {saturated:.1%} of the hidden units are saturated, and their gradients")
        print(f"have the standard deviation {hidden.grad.std():.2e}")
    if step % 10_000 == 0:
        print(f"step {step:6d}: loss {losses[-1]:.4f}")

# %%
# How good it is on names that it has not seen, and what it makes up.


@mg.no_grad()
def next_letter_logits(context):
    mixed = table[context].view(context.shape[0], -1) @ W1
    return mg.tanh(gain * (mixed - running_mean) / running_std + shift) @ W2 + b2


def invent():
    context, name = [0] * BLOCK, ""
    while True:
        probabilities = F.softmax(next_letter_logits(mg.tensor([context])), dim=1)
        drawn = mg.multinomial(probabilities, num_samples=1, generator=g).item()
        if drawn == 0:
            return name
        name += letters[drawn]
        context = [*context[1:], drawn]


print(f"held-out loss {F.cross_entropy(next_letter_logits(held_out[0]), held_out[1]):.4f}")
print("invented:", ", ".join(invent() for _ in range(10)))

# %%
# The loss of each batch is noisy; its mean over 200 steps shows that it falls.

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(losses, color="0.8", linewidth=0.5, label="of each batch")
window = min(200, len(losses))
means = mg.tensor(losses[: len(losses) // window * window]).view(-1, window).mean(1)
axes.plot([window * (i + 0.5) for i in range(len(means))], means, label=f"mean of {window}")
axes.set(xlabel="step", ylabel="cross entropy (nats)", title="Which letter comes next?")
axes.legend()
plt.show()

# sphinx_gallery_thumbnail_path = 'images/names.png'
