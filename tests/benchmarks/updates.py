"""The cost of an update alone: SGD with momentum, Adam, AdamW over 20 tensors, beside PyTorch on two threads.

``python -m tests.benchmarks.updates --torch PATH`` from the root of the repository; ``PATH`` is the interpreter
that has PyTorch.  Wall-clock time, as PyTorch uses two threads here; libraries take turns, and what is
printed is the median over rounds of the time and of the ratio within a round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

SHAPES = {"1e6": (20, 50_000), "1e7": (20, 500_000)}
RULES = {
    "SGD, momentum .9": ("SGD", {"lr": 1e-3, "momentum": 0.9}),
    "Adam": ("Adam", {"lr": 1e-3}),
    "AdamW": ("AdamW", {"lr": 1e-3}),
}
ROUNDS = 3


def measure(library: str, rule: str, size: str, fused: bool) -> float:
    """Return the best time of a step, in seconds."""
    if library == "torch":
        import torch as m

        m.set_num_threads(2)
    else:
        import minigrad as m
    count, length = SHAPES[size]
    params = [m.zeros(length, requires_grad=True) for _ in range(count)]
    for number, p in enumerate(params):
        p.grad = m.full((length,), 1e-3 * (number + 1))
    name, options = RULES[rule]
    step = getattr(m.optim, name)(params, **options, **({"fused": True} if fused else {})).step
    step()
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - start)
    return best


def table(interpreter: str) -> None:
    """Measure in turns, and print."""
    peers = [("minigrad", False), ("torch", False), ("torch", True)]
    print("| update | floats | minigrad | / torch | / torch fused |")
    print("| --- | --- | --- | --- | --- |")
    for rule in RULES:
        for size in SHAPES:
            rounds = [
                [one(interpreter, library, rule, size, fused) for library, fused in peers]
                for _ in range(ROUNDS)
            ]
            seconds = statistics.median(times[0] for times in rounds)
            ratios = [statistics.median(times[0] / times[i] for times in rounds) for i in (1, 2)]
            print(
                f"| {rule} | {size} | {1e3 * seconds:.2f} ms | {ratios[0]:.2f} | {ratios[1]:.2f} |"
            )


def one(interpreter: str, *what: Any) -> float:
    """Return what a fresh process measures."""
    python = interpreter if what[0] == "torch" else sys.executable
    command = [python, "-m", "tests.benchmarks.updates", "--measure", json.dumps(what)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", default=sys.executable, help="the interpreter with PyTorch")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(measure(*json.loads(arguments.measure)))
    else:
        table(arguments.torch)
