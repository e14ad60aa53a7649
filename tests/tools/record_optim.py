"""Record what PyTorch's optimisers and schedulers do, for ``tests/test_optim*.py``.

PyTorch is no dependency of minigrad or of its tests; this was run once, with version 2.13.0::

    pip install torch --index-url https://download.pytorch.org/whl/cpu
    python tests/tools/record_optim.py tests/recorded/optim.json

Each run trains a small network in float64, from the same parameters on the same data, and keeps all
parameters after every step.  ``tests/test_optim.py`` has the same network in minigrad.

Each scheduler is a line of Python, in which ``o`` is an optimizer with two groups; kept are the rates of
both before each step, and the momentum; once more with a rate that is changed by hand.
``tests/test_optim_schedules.py`` runs the same lines.
"""

import argparse
import inspect
import itertools
import json
from pathlib import Path

import torch

STEPS = 6
MORE_STEPS = {"RAdam": 12}  # it changes its rule in the sixth
X = [[0.5, -1.2], [1.5, 0.3], [-0.7, 0.8], [0.1, 2.0], [-1.1, -0.4]]
Y = [0.3, -1.0, 0.8, 1.7, -0.2]
START = {
    "w1": [[0.4, -0.6, 1.1], [-0.9, 0.2, 0.7]],
    "b1": [0.1, -0.2, 0.3],
    "w2": [0.8, -1.3, 0.5],
    "b2": 0.25,
}


KINDS = (
    "SGD",
    "Adam",
    "AdamW",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Adamax",
    "RAdam",
    "NAdam",
    "Rprop",
)
STATES = {  # one of each kind, with all that it can keep
    "SGD": {"momentum": 0.9},
    "Adam": {"amsgrad": True},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "Adagrad": {},
    "Adadelta": {},
    "Adamax": {},
    "RAdam": {},
    "NAdam": {},
    "Rprop": {},
}

SCHEDULED_STEPS = 24
TOUCHED_AT = 6  # there the rate of the first group is tripled
METRICS = [1.0, 0.9, 0.9, 0.95, 0.8, 0.8, 0.81, 0.80001, 0.79, 0.9, 0.7, 0.7, 0.7]
METRICS += [0.69995, 0.69994, 0.5, 0.5, 0.6, 0.5, 0.6, 0.5, 0.6, 0.5, 0.4]
SCHEDULERS = """
StepLR(o, 3)
StepLR(o, 4, gamma=0.5)
MultiStepLR(o, [2, 5, 5, 19])
MultiStepLR(o, [8, 3], gamma=0.3)
ConstantLR(o)
ConstantLR(o, factor=0.5, total_iters=8)
LinearLR(o)
LinearLR(o, 1.0, 0.01, 10)
LinearLR(o, start_factor=0.2, end_factor=0.7, total_iters=16)
LinearLR(o, 1.0, 0.0, 8)
ExponentialLR(o, 0.9)
ExponentialLR(o, gamma=1.1)
PolynomialLR(o)
PolynomialLR(o, total_iters=20, power=2.0)
PolynomialLR(o, 16, 0.5)
CosineAnnealingLR(o, 7)
CosineAnnealingLR(o, T_max=30, eta_min=0.005)
CosineAnnealingLR(o, 5, eta_min=0.05)
CosineAnnealingWarmRestarts(o, 4)
CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=0.001)
LambdaLR(o, lambda t: 0.95**t)
LambdaLR(o, [lambda t: 1 / (1 + t), lambda t: t // 3])
MultiplicativeLR(o, lambda t: 0.95)
MultiplicativeLR(o, [lambda t: 1 / t, lambda t: 1.01])
OneCycleLR(o, 0.5, 25)
OneCycleLR(o, 0.5, total_steps=40, cycle_momentum=False)
OneCycleLR(o, [0.5, 0.1], epochs=5, steps_per_epoch=6, pct_start=0.41, anneal_strategy="linear")
OneCycleLR(o, 0.2, 26, base_momentum=[0.5, 0.6], max_momentum=0.9, div_factor=10, final_div_factor=100)
OneCycleLR(o, [0.5, 0.1], 30, three_phase=True)
OneCycleLR(o, 0.3, 33, three_phase=True, anneal_strategy="linear", pct_start=0.2)
CyclicLR(o, 0.01, 0.1, 3)
CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 3, 5, mode="triangular2")
CyclicLR(o, 0.01, 0.1, 4, mode="exp_range", gamma=0.9, base_momentum=0.7, max_momentum=[0.8, 0.95])
CyclicLR(o, 0.01, 0.1, 4, scale_fn=lambda n: 1 / n, cycle_momentum=False)
CyclicLR(o, 0.01, 0.1, 4, scale_fn=lambda t: 0.9**t, scale_mode="iterations")
SequentialLR(o, [ConstantLR(o, 0.1, 2), ExponentialLR(o, 0.9)], [3])
SequentialLR(o, [LinearLR(o, 0.1, 1.0, 5), CosineAnnealingLR(o, 20)], milestones=[5])
SequentialLR(o, [StepLR(o, 2), LambdaLR(o, lambda t: 1 / (1 + t)), PolynomialLR(o, 9)], [4, 12])
SequentialLR(o, [ExponentialLR(o, 0.9), MultiplicativeLR(o, lambda t: 0.95)], [4])
SequentialLR(o, [LinearLR(o), CosineAnnealingWarmRestarts(o, 4, 2)], [5])
SequentialLR(o, [MultiStepLR(o, [2, 3]), LinearLR(o)], [9])
ChainedScheduler([ConstantLR(o, 0.1, 3), ExponentialLR(o, 0.9)])
ChainedScheduler([LinearLR(o, total_iters=4), MultiStepLR(o, [6, 9]), CosineAnnealingLR(o, 30)])
ReduceLROnPlateau(o)
ReduceLROnPlateau(o, patience=1)
ReduceLROnPlateau(o, "min", 0.5, patience=0, cooldown=2)
ReduceLROnPlateau(o, mode="max", factor=0.3, patience=2, min_lr=[0.01, 0.005])
ReduceLROnPlateau(o, factor=0.5, patience=0, threshold=0.05, threshold_mode="abs")
ReduceLROnPlateau(o, "max", 0.5, 1, threshold=0.01, threshold_mode="abs", eps=0.02)
"""


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
    for common in ({}, {"weight_decay": 0.05, "maximize": True}):
        for options in product(momentum=[0, 0.9], centered=[False, True]):
            yield "RMSprop", {"lr": 0.01} | options | common
        for options in product(lr_decay=[0, 0.3], initial_accumulator_value=[0, 0.1]):
            yield "Adagrad", {"lr": 0.05} | options | common
        yield "Adadelta", {"rho": 0.8, "eps": 1e-2} | common
        yield "Adamax", {"lr": 0.05, "betas": [0.8, 0.9]} | common
        for options in product(decoupled_weight_decay=[False, True]):
            yield "RAdam", {"lr": 0.05, "betas": [0.8, 0.99]} | options | common
            yield "NAdam", {"lr": 0.05, "momentum_decay": 0.1} | options | common
    for maximize in (False, True):
        yield (
            "Rprop",
            {"lr": 0.1, "etas": [0.4, 1.5], "step_sizes": [0.05, 0.3], "maximize": maximize},
        )
    yield "RMSprop", {"alpha": 0.5, "eps": 0.1}
    yield "Adagrad", {"eps": 0.1}
    for name in KINDS:
        yield name, {}


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
    torch.set_default_dtype(torch.float64)  # of NAdam's mu_product, which rounds every step
    trajectory = []
    for _ in range(MORE_STEPS.get(name, STEPS)):
        optimizer.zero_grad()
        network(params, x, y).backward()
        optimizer.step()
        trajectory.append({key: p.detach().tolist() for key, p in params.items()})
    torch.set_default_dtype(torch.float32)
    return trajectory, optimizer


def as_lists(state_dict):
    """Return a state dictionary with its tensors as lists."""
    state = {
        index: {name: value.tolist() for name, value in slots.items() if value is not None}
        for index, slots in state_dict["state"].items()
    }
    return {"state": state, "param_groups": state_dict["param_groups"]}


def schedule(code, kind, touched):
    """Return the rates, and the momentum, of two groups before each step."""
    groups = [{"params": torch.zeros(1, requires_grad=True), "lr": lr} for lr in (0.1, 0.02)]
    options = {"momentum": 0.9} if kind == "SGD" else {}
    o = getattr(torch.optim, kind)(groups, **options)
    scheduler = eval(code, vars(torch.optim.lr_scheduler) | {"o": o})
    rates, momenta = [], []
    for step in range(SCHEDULED_STEPS + 1):
        rates.append([group["lr"] for group in o.param_groups])
        momenta.append(
            [
                group["betas"][0] if "betas" in group else group["momentum"]
                for group in o.param_groups
            ]
        )
        if step == SCHEDULED_STEPS:
            return {"rates": rates, "momenta": momenta}
        if touched and step == TOUCHED_AT:
            o.param_groups[0]["lr"] *= 3
        o.step()
        needs = "metrics" in inspect.signature(scheduler.step).parameters
        scheduler.step(*METRICS[step : step + 1] if needs else ())


def schedules():
    """Yield what each line of ``SCHEDULERS`` does."""
    for code in SCHEDULERS.strip().splitlines():
        cycles = "momentum" in code or code.startswith(("OneCycleLR", "CyclicLR"))
        for kind in ("SGD", "Adam") if cycles else ("SGD",):
            for touched in (False,) if cycles else (False, True):
                kept = schedule(code, kind, touched)
                if not cycles:
                    del kept["momenta"]
                yield {"code": code, "optimizer": kind, "touched": touched} | kept


def options(name):
    """Return the parameters of a scheduler, with their defaults, as text."""
    parameters = inspect.signature(getattr(torch.optim.lr_scheduler, name)).parameters.values()
    return [str(p.replace(annotation=p.empty)) for p in parameters]


def record():
    result = {"torch": torch.__version__.split("+")[0], "x": X, "y": Y, "start": START}
    result["runs"] = []
    for name, hyperparameters in runs():
        trajectory, optimizer = train(name, hyperparameters)
        result["runs"].append(
            {"class": name, "hyperparameters": hyperparameters, "trajectory": trajectory}
        )
    result["defaults"], result["state_dicts"] = {}, {}
    for name, hyperparameters in STATES.items():
        _, optimizer = train(name, hyperparameters)
        result["state_dicts"][name] = as_lists(optimizer.state_dict())
    for name in KINDS:
        result["defaults"][name] = getattr(torch.optim, name)([torch.zeros(1)]).defaults
    result["touched_at"], result["metrics"] = TOUCHED_AT, METRICS
    result["signatures"] = {name: options(name) for name in torch.optim.lr_scheduler.__all__}
    result["schedules"] = list(schedules())
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="where the record is written, as JSON")
    arguments = parser.parse_args()
    text = json.dumps(record(), separators=(",", ":"))
    for first in ('{"class"', '{"code"'):
        text = text.replace(first, "\n" + first)
    arguments.file.write_text(text + "\n", encoding="utf-8")
