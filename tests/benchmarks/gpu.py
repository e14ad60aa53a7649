"""Training steps on a GPU: minigrad with and without its kernels, PyTorch eager, fused, and as a CUDA graph.

    python tests/benchmarks/gpu.py [--json FILE]

One process, the contestants take turns; a round is 50 steps, both ends of which wait for the GPU; the table has
medians over rounds.  Before anything is timed, all contestants make the same six steps and their parameters
are compared.  No step asks for its loss: that alone would make the host wait.  TF32 is off in both libraries.
``--device cpu`` tries the script where there is no GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
CHECKED, WARM, STEPS = 6, 3, 50
SWITCH = "MINIGRAD_GPU_KERNELS"


@dataclass
class Workload:
    """A network (sizes), or a vector of parameters (one size), and its training."""

    name: str
    sizes: tuple[int, ...]
    batch: int = 0
    norm: bool = False
    rule: str = "Adam"


WORKLOADS = (
    Workload("MLP 2-16-16-1, batch 100, SGD momentum", (2, 16, 16, 1), 100, rule="SGD"),
    Workload("MLP 784-128-64-10, batch 64, batch norm, Adam", (784, 128, 64, 10), 64, norm=True),
    Workload(
        "MLP 784-1024-1024-10, batch 256, batch norm, Adam", (784, 1024, 1024, 10), 256, norm=True
    ),
    Workload("Adam, 20 tensors, 1e6 floats", (10**6,)),
    Workload("Adam, 20 tensors, 1e7 floats", (10**7,)),
)


@dataclass
class Contestant:
    """One way to make the steps of a workload."""

    name: str
    step: Callable[[], Any]
    parameters: list[Any]
    done: int = 0
    before: Callable[[], Any] = lambda: None
    times: list[float] = field(default_factory=list)  # microseconds a step, until the GPU is done
    host: list[float] = field(default_factory=list)  # microseconds a step, until the host is done

    def run(self, steps: int) -> None:
        self.before()
        for _ in range(steps):
            self.step()
        self.done += steps


def training(m: Any, work: Workload, device: str, **options: Any) -> tuple[Any, list[Any]]:
    """Return the step and the parameters, in the words that PyTorch and minigrad share (``m``)."""
    random = np.random.default_rng(0)

    def tensor(values: np.ndarray) -> Any:
        return m.tensor(values, device=device)

    rates = {"lr": 0.05, "momentum": 0.9} if work.rule == "SGD" else {"lr": 1e-3}
    rule = getattr(m.optim, work.rule)
    if not work.batch:
        values = np.array_split(random.normal(size=work.sizes[0]).astype(np.float32), 20)
        parameters = [tensor(one).requires_grad_() for one in values]
        gradients = [tensor(np.sign(one)) for one in values]
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = g
        return rule(parameters, **rates, **options).step, parameters

    layers: list[Any] = []
    for wide, out in pairwise(work.sizes):
        last = out == work.sizes[-1]
        layers.append(m.nn.Linear(wide, out, bias=last or not work.norm))
        if not last:
            layers += [m.nn.BatchNorm1d(out)] * work.norm + [m.nn.ReLU()]
    model = m.nn.Sequential(*layers).to(device)
    parameters = list(model.parameters())
    with m.no_grad():
        for p in parameters:
            bound = 1 / np.sqrt(p.shape[-1])
            p.copy_(tensor(random.uniform(-bound, bound, tuple(p.shape)).astype(np.float32)))
    x = tensor(random.normal(size=(work.batch, work.sizes[0])).astype(np.float32))
    if work.sizes[-1] == 1:
        y = tensor(random.integers(0, 2, (work.batch, 1)).astype(np.float32))
        loss_of = m.nn.BCEWithLogitsLoss()
    else:
        y, loss_of = tensor(random.integers(0, 10, work.batch)), m.nn.CrossEntropyLoss()
    optimizer = rule(parameters, **rates, **options)

    def step() -> None:
        optimizer.zero_grad()
        loss_of(model(x), y).backward()
        optimizer.step()

    return step, parameters


def of_minigrad(work: Workload, device: str) -> list[Contestant]:
    import minigrad as mg
    from minigrad.backend import kernels

    def switched(value: str) -> Callable[[], None]:
        def switch() -> None:
            if os.environ.get(SWITCH, "1") != value:
                os.environ[SWITCH] = value
                kernels.forget()

        return switch

    found = []
    for name, value in (("minigrad", "1"), ("minigrad, plain formulas", "0")):
        switched(value)()
        found.append(Contestant(name, *training(mg, work, device), before=switched(value)))
    return found


def of_torch(work: Workload, device: str) -> list[Contestant]:
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: minigrad alone is timed")
        return []
    if device == "cuda" and not torch.cuda.is_available():
        print("PyTorch sees no GPU: minigrad alone is timed")
        return []
    torch.backends.cuda.matmul.allow_tf32 = False
    found = [Contestant("torch eager", *training(torch, work, device))]
    found.append(Contestant("torch fused", *training(torch, work, device, fused=True)))
    if device == "cuda":
        options = {"capturable": True} if work.rule == "Adam" else {}
        step, parameters = training(torch, work, device, **options)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        found.append(Contestant("torch, CUDA graph", graph.replay, parameters, done=WARM))
    return found


def wait(device: str) -> None:
    """Wait for all work on the GPU, whoever asked for it."""
    if device == "cuda":
        import minigrad as mg

        mg.cuda.synchronize()


def check(contestants: list[Contestant]) -> None:
    """Let all make the same steps; raise if they do not end at the same parameters."""
    for one in contestants:
        one.run(CHECKED - one.done)
    ends = [
        np.concatenate([p.detach().cpu().numpy().ravel() for p in one.parameters])
        for one in contestants
    ]
    for one, end in zip(contestants, ends, strict=True):
        distance = np.linalg.norm(end - ends[0]) / np.linalg.norm(ends[0])
        if not distance < 1e-2:  # Adam turns the rounding of a gradient near 0 into a whole step
            raise SystemExit(
                f"{one.name} ends elsewhere than {contestants[0].name}: {distance:.1e}"
            )


def measure(contestants: list[Contestant], device: str, rounds: int) -> None:
    for number in range(rounds + 1):
        for one in contestants:
            one.before()
            one.run(WARM)
            wait(device)
            start = time.perf_counter()
            one.run(STEPS)
            asked = time.perf_counter()
            wait(device)
            end = time.perf_counter()
            if number:  # the first round warms up
                one.host.append((asked - start) / STEPS * 1e6)
                one.times.append((end - start) / STEPS * 1e6)


def machine(device: str) -> dict[str, str]:
    import minigrad as mg

    facts = {"python": sys.version.split()[0], "numpy": np.__version__, "minigrad": mg.__version__}
    if device == "cuda":
        import cupy

        facts |= {"gpu": mg.cuda.get_device_name(), "cupy": cupy.__version__}
    if "torch" in sys.modules:
        facts["torch"] = sys.modules["torch"].__version__
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    parser.add_argument("--json", type=Path, help="where the figures go as well")
    options = parser.parse_args()
    import minigrad as mg

    if options.device == "cuda" and not mg.cuda.is_available():
        try:
            mg.zeros(1, device="cuda")
        except mg.backend.BackendUnavailable as error:
            raise SystemExit(f"nothing to measure: {error}") from None
    warnings.filterwarnings("ignore", message="the bias of the linear layer")
    figures: dict[str, Any] = {}
    for work in WORKLOADS:
        if options.only not in work.name:
            continue
        contestants = of_minigrad(work, options.device) + of_torch(work, options.device)
        check(contestants)
        measure(contestants, options.device, options.rounds)
        by_name = {one.name: one for one in contestants}
        rival = by_name.get("torch eager", contestants[0])
        print(f"\n{work.name}\n{'':28}us a step   of the host   of {rival.name}")
        figures[work.name] = {}
        for one in contestants:
            ratio = statistics.median(a / b for a, b in zip(one.times, rival.times, strict=True))
            step, host = statistics.median(one.times), statistics.median(one.host)
            figures[work.name][one.name] = {"step": step, "host": host, "ratio": ratio}
            print(f"  {one.name:26}{step:9.1f}{host:14.1f}{ratio:14.2f}")
    facts = machine(options.device)
    print("\n" + ", ".join(f"{name} {value}" for name, value in facts.items()))
    if options.json:
        options.json.write_text(json.dumps({"machine": facts, "steps": figures}, indent=1) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
