"""What was recorded of PyTorch's optimisers and schedulers, and the means to do the same here."""

import inspect
import json
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad.optim import SGD, Nesterov, lr_scheduler

SCHEDULERS = {name: getattr(lr_scheduler, name) for name in lr_scheduler.__all__}
RECORD = json.loads((Path(__file__).parent / "recorded" / "optim.json").read_text(encoding="utf-8"))


def numbers(tensor):
    return tensor.detach().cpu().numpy()


def leaf(data, device, dtype=mg.float64):
    return mg.tensor(data, dtype=dtype, device=device, requires_grad=True)


def path_of(make, objective, start, steps, device="cpu"):
    """Return the points, from ``start`` on, of ``steps`` steps with a closure."""
    x = leaf(start, device)
    optimizer = make([x])

    def closure():
        optimizer.zero_grad()
        loss = objective(x)
        loss.backward()
        return loss

    path = [numbers(x).copy()]
    for _ in range(steps):
        optimizer.step(closure)
        path.append(numbers(x).copy())
    return np.array(path)


def ill_conditioned(x):
    """The test problem of the conventions: curvatures 1 and 10, from (3, -2)."""
    return 0.5 * (x[0] ** 2 + 10 * x[1] ** 2)


def network(p, x, y):
    """The network of ``tools/record_optim.py``."""
    hidden = mg.tanh(x @ p["w1"] + p["b1"])
    return ((hidden @ p["w2"] + p["b2"] - y) ** 2).mean()


class Training:
    """The recorded network and an optimiser for it."""

    def __init__(self, kind, device, dtype=mg.float64, groups=None, **hyperparameters):
        self.params = {k: leaf(v, device, dtype) for k, v in RECORD["start"].items()}
        self.x = mg.tensor(RECORD["x"], dtype=dtype, device=device)
        self.y = mg.tensor(RECORD["y"], dtype=dtype, device=device)
        values = list(self.params.values())
        self.optimizer = kind(groups(values) if groups else values, **hyperparameters)

    def closure(self):
        self.optimizer.zero_grad()
        loss = network(self.params, self.x, self.y)
        loss.backward()
        return loss

    def step(self, count=1):
        for _ in range(count):
            if isinstance(self.optimizer, Nesterov):
                loss = self.optimizer.step(self.closure)
            else:
                loss = self.closure()
                self.optimizer.step()
        return loss

    def numbers(self):
        return {name: numbers(p).copy() for name, p in self.params.items()}


def two_groups(kind=SGD, **options):
    """An optimizer with two groups, whose steps change nothing."""
    groups = [{"params": leaf([0.0], "cpu"), "lr": lr} for lr in (0.1, 0.02)]
    for group in groups:
        group["params"].grad = mg.zeros(1, dtype=mg.float64)
    return kind(groups, **({"momentum": 0.9} if kind is SGD else {}) | options)


def rates_of(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def momenta_of(optimizer):
    return [g["betas"][0] if "betas" in g else g["momentum"] for g in optimizer.param_groups]


def made(code, optimizer):
    return eval(code, SCHEDULERS | {"o": optimizer})


def advance(optimizer, scheduler, number=0):
    """Make step ``number`` of both."""
    optimizer.step()
    needs = "metrics" in inspect.signature(scheduler.step).parameters
    scheduler.step(*RECORD["metrics"][number : number + 1] if needs else ())
