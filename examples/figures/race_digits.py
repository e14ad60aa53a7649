"""
The race: all optimisers on the digits
======================================

A network with one hidden layer learns to read the digits of the package, with each optimiser for the same
number of epochs, from the same weights and with the same batches of 64. The rate of each is the best of a
few, by the loss at the end. The times are those of a small network: with a few thousand
weights, products with the Hessian and inverses of matrices are cheap.

Not here are Newton's method itself, whose Hessian would have 5.8 million numbers, and Levenberg-Marquardt.
What sees values alone can train a network, too, but not in so few steps.
"""

import argparse
import time

import matplotlib.pyplot as plt

import minigrad as mg
from minigrad import data, nn, optim
from minigrad.optim import tune
from minigrad.viz.plots.style import LIGHT, style_sheet

plt.style.use(style_sheet())

parser = argparse.ArgumentParser()
parser.add_argument("--quick", action="store_true", help="fewer epochs and rates")
arguments, _ = parser.parse_known_args()

EPOCHS = 1 if arguments.quick else 10
train_set, test_set = data.digits_split()
images, labels = train_set.tensors
test_images, test_labels = test_set.tensors

# %%
# The optimisers, as functions of the model and the rate, in the order of the races on surfaces.


def of_params(make, **options):
    return lambda model, lr: make(model.parameters(), lr=lr, **options)


def drawing(make, name, **options):
    """What draws random numbers draws the same ones at every rate."""
    return lambda model, lr: make(
        model.parameters(), generator=mg.Generator().manual_seed(0), **{name: lr}, **options
    )


families = {
    "one rate": {
        "SGD": of_params(optim.SGD),
        "Momentum": of_params(optim.Momentum.classical, mu=0.9),
        "Nesterov": of_params(optim.Nesterov.sutskever, mu=0.9),
        "NormalizedGD": of_params(optim.NormalizedGD),
        "SignDescent": of_params(optim.SignDescent),
        "SAM": of_params(optim.SAM),
    },
    "a rate for each number": {
        "Adagrad": of_params(optim.Adagrad),
        "Adadelta": of_params(optim.Adadelta),
        "RMSprop": of_params(optim.RMSprop),
        "Rprop": of_params(optim.Rprop),
        "Lion": of_params(optim.Lion),
        "SVRG": of_params(optim.SVRG),
    },
    "Adam and its kin": {
        "Adam": of_params(optim.Adam),
        "AdamW": of_params(optim.AdamW),
        "Adamax": of_params(optim.Adamax),
        "NAdam": of_params(optim.NAdam),
        "RAdam": of_params(optim.RAdam),
        "Muon": of_params(optim.Muon),
    },
    "searches and curvature": {
        "HalveOnNoDecrease": of_params(optim.HalveOnNoDecrease),
        "LineSearchGD": of_params(optim.LineSearchGD),
        "LBFGS": of_params(optim.LBFGS, max_iter=5, line_search_fn="strong_wolfe"),
        "NewtonCG": of_params(optim.NewtonCG, max_iter=10),
        "KFAC": lambda model, lr: optim.KFAC(
            model, lr, likelihood="categorical", statistics_every=1, inverses_every=5
        ),
    },
    "values alone": {
        "ES": drawing(optim.ES, "lr", sigma=0.1, antithetic=True, shaping="ranks"),
        "SPSA": drawing(optim.SPSA, "lr"),
        "RandomSearch": drawing(optim.RandomSearch, "sigma"),
    },
}
rates = [0.01, 0.1] if arguments.quick else [0.01, 0.03, 0.1, 0.3, 1.0]
few = [0.1] if arguments.quick else [0.03, 0.1, 1.0]  # for the slow ones

# %%
# A run. What the closure has to do is said by the optimiser: compute the loss, or the gradients too.


def train(make, rate):
    mg.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    optimizer = make(model, rate)
    generator = mg.Generator().manual_seed(0)
    batches = optim.minibatches(len(images), 64, drop_last=True, generator=generator)

    def closure(x, y):
        loss = nn.functional.cross_entropy(model(x), y)
        if optimizer.observes == "gradient":
            optimizer.zero_grad()
            loss.backward()
        return loss

    losses, begin = [], time.perf_counter()
    for _ in range(EPOCHS):
        if isinstance(optimizer, optim.SVRG):
            optimizer.snapshot(lambda: closure(images, labels))
        total = 0.0
        for batch in batches:
            x, y = images[batch], labels[batch]
            if isinstance(optimizer, optim.KFAC):
                loss = closure(x, y)
                optimizer.step()
            else:
                loss = optimizer.step(lambda x=x, y=y: closure(x, y))
            total = total + loss.detach()
        losses.append(total.item() / len(batches))
    seconds = time.perf_counter() - begin
    with mg.no_grad():
        hits = (model(test_images).argmax(1) == test_labels).float().mean().item()
    return losses, hits, seconds


# %%
# The table: the loss is the mean over the last epoch, the time that of the best run alone.

runs = {}
print(f"{EPOCHS} epochs of {len(images) // 64} steps")
print(f"{'':18} {'rate':>6} {'loss':>9} {'held out':>9} {'seconds':>8}")
for members in families.values():
    for name, make in members.items():
        tried = few if name in ("SVRG", "LBFGS", "NewtonCG", "KFAC", "ES") else rates
        found = {rate: train(make, rate) for rate in tried}
        rate = tune.grid(lambda rate, found=found: found[rate][0][-1], {"rate": tried}).best
        rate = rate.hyper["rate"]
        runs[name] = losses, hits, seconds = found[rate]
        print(f"{name:18} {rate:6g} {losses[-1]:9.4f} {hits:9.1%} {seconds:8.2f}")

# %%
# The losses, one epoch a point.

figure, places = plt.subplots(3, 2, figsize=(8.4, 12), layout="constrained", sharey=True)
*panels, empty = places.flat
empty.set_axis_off()
for axes, (family, members) in zip(panels, families.items(), strict=True):
    for name, (colour, stroke) in zip(members, LIGHT.ways, strict=False):
        losses, hits, _ = runs[name]
        label = f"{name}, {hits:.1%}"
        axes.plot(
            range(1, EPOCHS + 1), losses, linestyle=stroke, color=colour, marker=".", label=label
        )
    axes.set(title=family, xlabel="epoch", ylabel="mean loss of the epoch (nats)", yscale="log")
    axes.grid()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
figure.suptitle("Beside the names: the share of held-out digits that are read right")
plt.show()
