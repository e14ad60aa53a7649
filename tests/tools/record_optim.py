"""Record what PyTorch's optimisers do, for ``tests/test_optim.py``.

PyTorch is no dependency of minigrad or of its tests; this was run once, with version 2.13.0::

    pip install torch --index-url https://download.pytorch.org/whl/cpu
    python tests/tools/record_optim.py tests/recorded/optim.json

Each run trains a small network in float64, from the same parameters on the same data, and keeps all
parameters after every step.  ``tests/test_optim.py`` has the same network in minigrad.
"""

import argparse
import itertools
import json
from pathlib import Path

import torch

STEPS = 6
X = [[0.5, -1.2], [1.5, 0.3], [-0.7, 0.8], [0.1, 2.0], [-1.1, -0.4]]
Y = [0.3, -1.0, 0.8, 1.7, -0.2]
START = {
    "w1": [[0.4, -0.6, 1.1], [-0.9, 0.2, 0.7]],
    "b1": [0.1, -0.2, 0.3],
    "w2": [0.8, -1.3, 0.5],
    "b2": 0.25,
}


def product(**options):
    """Yield a dictionary for each combination of the options' values."""
    for values in itertools.product(*options.values()):
        yield dict(zip(options, values, strict=True))


def runs():
    """Yield ``(class, hyperparameters)``: every combination of options that PyTorch allows."""
    decay = {"weight_decay": [0, 0.05], "maximize": [False, True]}
    for options in product(momentum=[0, 0.9], dampening=[0, 0.3], nesterov=[False, True], **decay):
        if options["momentum"] and not (options["nesterov"] and options["dampening"]):
            yield "SGD", {"lr": 0.1} | options
        elif not options["nesterov"] and not options["dampening"]:
            yield "SGD", {"lr": 0.1} | options
    for options in product(amsgrad=[False, True], **decay):
        yield "Adam", {"lr": 0.05} | options
        yield "AdamW", {"lr": 0.05} | options
    yield "Adam", {"lr": 0.02, "betas": [0.5, 0.6], "eps": 0.1}
    yield "AdamW", {"lr": 0.02, "betas": [0.0, 0.0], "eps": 1e-3, "weight_decay": 0.3}
    yield "SGD", {}
    yield "Adam", {}
    yield "AdamW", {}


def network(p, x, y):
    hidden = torch.tanh(x @ p["w1"] + p["b1"])
    return ((hidden @ p["w2"] + p["b2"] - y) ** 2).mean()


def train(name, hyperparameters):
    """Return the parameters after every step, and the optimiser's state after the last."""
    x, y = torch.tensor(X, dtype=torch.float64), torch.tensor(Y, dtype=torch.float64)
    params = {
        key: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for key, value in START.items()
    }
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in hyperparameters.items()}
    optimizer = getattr(torch.optim, name)(params.values(), foreach=False, **options)
    trajectory = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        network(params, x, y).backward()
        optimizer.step()
        trajectory.append({key: p.detach().tolist() for key, p in params.items()})
    return trajectory, optimizer


def as_lists(state_dict):
    """Return a state dictionary with its tensors as lists."""
    state = {
        index: {name: value.tolist() for name, value in slots.items() if value is not None}
        for index, slots in state_dict["state"].items()
    }
    return {"state": state, "param_groups": state_dict["param_groups"]}


def record():
    result = {"torch": torch.__version__.split("+")[0], "x": X, "y": Y, "start": START}
    result["runs"] = []
    for name, hyperparameters in runs():
        trajectory, optimizer = train(name, hyperparameters)
        result["runs"].append(
            {"class": name, "hyperparameters": hyperparameters, "trajectory": trajectory}
        )
    result["defaults"], result["state_dicts"] = {}, {}
    for name, hyperparameters in (("SGD", {"momentum": 0.9}), ("Adam", {"amsgrad": True})):
        _, optimizer = train(name, hyperparameters)
        result["state_dicts"][name] = as_lists(optimizer.state_dict())
    for name in ("SGD", "Adam", "AdamW"):
        result["defaults"][name] = getattr(torch.optim, name)([torch.zeros(1)]).defaults
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="where the record is written, as JSON")
    arguments = parser.parse_args()
    text = json.dumps(record(), separators=(",", ":"))
    arguments.file.write_text(text.replace('{"class"', '\n{"class"') + "\n", encoding="utf-8")
