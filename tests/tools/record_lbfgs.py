"""Record what PyTorch's L-BFGS does, for ``tests/test_optim_curvature.py``.

PyTorch is no dependency of minigrad or of its tests; this was run once, with version 2.13.0::

    pip install torch --index-url https://download.pytorch.org/whl/cpu
    python tests/tools/record_lbfgs.py tests/recorded/lbfgs.json

Kept are the parameters after each call of ``step``, in float64, and how often the closure was called; but
only as far as it is not rounding that decides: long steps in a curved valley are chaotic.  So each run is made
once more from where all numbers are one bit larger, and ends where the two are no longer the same to 1e-10.
The problems and the network stand in ``tests/test_optim_curvature.py`` too.
"""

import argparse
import inspect
import json
import math
import random
from pathlib import Path

import torch
from record_optim import START, X, Y, network
from torch.optim.lbfgs import _strong_wolfe

STEPS = 4
STARTS = {
    "rosenbrock": [-1.2, 1.0],
    "valley": [0.5, -0.3, 0.2, 0.9],
    "quadratic": [3.0, -2.0, 1.0],
    "waves": [2.3, -1.7],
    "walls": [-3.0, 0.4],
}
OPTIONS = [
    {},
    {"lr": 0.1},
    {"lr": 0.01, "max_iter": 4},
    {"lr": 0.5, "max_iter": 6, "history_size": 2},
    {"lr": 0.05, "max_iter": 5, "max_eval": 3},
    {"max_iter": 1},
    {"tolerance_grad": 0.5},
    {"tolerance_change": 0.05, "lr": 0.1},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 4},
    {"line_search_fn": "strong_wolfe", "max_iter": 5, "history_size": 2},
    {"line_search_fn": "strong_wolfe", "max_iter": 6, "max_eval": 4},
    {"line_search_fn": "strong_wolfe", "max_iter": 3, "lr": 1e-3},
    {"line_search_fn": "strong_wolfe", "max_iter": 3, "lr": 50.0},
    {"line_search_fn": "strong_wolfe", "max_iter": 4, "lr": 0.03, "history_size": 1},
    {"line_search_fn": "strong_wolfe", "max_iter": 4, "lr": 7.0, "max_eval": 40},
    {"line_search_fn": "strong_wolfe", "max_eval": 1},
    {
        "line_search_fn": "strong_wolfe",
        "max_iter": 5,
        "tolerance_grad": 0.1,
        "tolerance_change": 1e-3,
    },
]


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2).sum() + 100 * ((x[1:] - x[:-1] ** 2) ** 2).sum()


def quadratic(x):
    return 0.5 * (x[0] ** 2 + 10 * x[1] ** 2 + 100 * x[2] ** 2) + x[0] * x[1] - x[2]


def waves(x):
    return (0.1 * x**2 + (5 * x).sin()).sum() + 0.3 * (x[0] * x[1]).cos()


def walls(x):
    return ((4 * x).exp() + (-x).exp() + 0.01 * x**4).sum() + (x[0] - x[1]) ** 2


FUNCTIONS = {
    "rosenbrock": rosenbrock,
    "valley": rosenbrock,
    "quadratic": quadratic,
    "waves": waves,
    "walls": walls,
}


def problem(name):
    """Return the parameters of a problem by name, and the loss as a function of nothing."""
    if name == "network":
        x, y = torch.tensor(X, dtype=torch.float64), torch.tensor(Y, dtype=torch.float64)
        params = {
            k: torch.tensor(v, dtype=torch.float64).requires_grad_() for k, v in START.items()
        }
        return params, lambda: network(params, x, y)
    x = torch.tensor(STARTS[name], dtype=torch.float64).requires_grad_()
    return {"x": x}, lambda: FUNCTIONS[name](x)


def run(name, options, shifted=False):
    """Return the parameters after each call of ``step``, and the calls of the closure until then."""
    params, loss = problem(name)
    if shifted:
        for p in params.values():
            p.data = torch.nextafter(p.data, torch.tensor(torch.inf, dtype=torch.float64))
    optimizer = torch.optim.LBFGS(params.values(), **options)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    points, counts = [], []
    for _ in range(STEPS):
        optimizer.step(closure)
        points.append({key: p.detach().tolist() for key, p in params.items()})
        counts.append(calls)
    return points, counts


def certain(name, options):
    """Return the part of a run that rounding does not decide."""
    points, counts = run(name, options)
    others, _ = run(name, options, shifted=True)
    steps = 0
    while steps < STEPS and all(
        torch.allclose(
            torch.tensor(a, dtype=torch.float64),
            torch.tensor(b, dtype=torch.float64),
            rtol=0,
            atol=1e-10,
        )
        for a, b in zip(points[steps].values(), others[steps].values(), strict=True)
    ):
        steps += 1
    return {"problem": name, "options": options, "points": points[:steps], "calls": counts[:steps]}


def wave(a, numbers):
    """Return value and slope of a wavy function of one number, which falls at 0."""
    size, speed, shift, slope, bend = numbers
    value = size * math.sin(speed * a + shift) + bend * a * a
    change = size * speed * math.cos(speed * a + shift) + 2 * bend * a
    start = size * speed * math.cos(shift)
    return value - (start + slope) * a, change - (start + slope)


def search(numbers, start, c2):
    """Return what PyTorch's line search finds, and how often it looked."""
    calls = 0

    def look(x, t, d):
        nonlocal calls
        calls += 1
        value, slope = wave(float(t), numbers)
        return value, torch.tensor([slope], dtype=torch.float64)

    d = torch.ones(1, dtype=torch.float64)
    value, gradient = look(None, 0.0, d)
    found = _strong_wolfe(look, None, start, d, value, gradient, gradient.dot(d), c2=c2)
    return float(found[2]), calls


def searches(count=300):
    """Yield searches along wavy functions, those that rounding does not decide."""
    draw = random.Random(0)
    for _ in range(count):
        numbers = [round(draw.uniform(0.1, 3), 3) for _ in range(4)] + [
            round(draw.uniform(0, 1), 3)
        ]
        start, c2 = 10 ** draw.randint(-3, 2), draw.choice([0.01, 0.1, 0.9])
        found, calls = search(numbers, start, c2)
        if math.isclose(found, search(numbers, start * (1 + 1e-15), c2)[0], rel_tol=1e-11):
            yield {"numbers": numbers, "start": start, "c2": c2, "found": found, "calls": calls}


def record():
    options = inspect.signature(torch.optim.LBFGS).parameters.values()
    return {
        "torch": torch.__version__.split("+")[0],
        "signature": [str(p.replace(annotation=p.empty)) for p in options],
        "starts": STARTS,
        "searches": list(searches()),
        "runs": [certain(name, o) for name in ("network", *STARTS) for o in OPTIONS],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="where the record is written, as JSON")
    arguments = parser.parse_args()
    text = json.dumps(record(), separators=(",", ":")).replace('{"problem"', '\n{"problem"')
    text = text.replace('{"numbers"', '\n{"numbers"')
    arguments.file.write_text(text + "\n", encoding="utf-8")
