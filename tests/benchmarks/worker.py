"""One peer on one workload, in a process of its own.

Reads a command a line from standard input ("check FILE", "repeat") and answers each with a line of
JSON. The first line out is a greeting; a last line with "failed" ends it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import time
import traceback
from typing import Any

import numpy as np

from .peers import PEERS, Case, Peer
from .workloads import BY_NAME, Workload

WINDOW = 0.006  # seconds of work between two looks at the clock
WINDOWS = 5  # a repetition is the best of so many
ENOUGH = 0.25  # but no further window once so many seconds are spent
CHECK_STEPS = 3
MEMORY_STEPS = 1000

Answer = dict[str, Any]


def window(case: Case, calls: int) -> float:
    """Processor seconds of `calls` steps."""
    step = case.step
    start = time.process_time()
    for _ in range(calls):
        step()
    return time.process_time() - start


def best_window(case: Case, calls: int) -> float:
    best, spent = float("inf"), 0.0
    for _ in range(WINDOWS):
        seconds = window(case, calls)
        best, spent = min(best, seconds / calls), spent + seconds
        if spent > ENOUGH:
            break
    return best


def calls_per_window(case: Case) -> int:
    calls = 1
    while (seconds := window(case, calls)) < WINDOW:
        calls = max(calls + 1, min(10 * calls, round(1.1 * calls * WINDOW / max(seconds, 1e-9))))
    return calls


class Timed:
    """Every repetition starts from the same parameters, so that all do the same work."""

    def __init__(self, peer: Peer, workload: Workload) -> None:
        self.build = peer.cases()[workload.built_by]
        self.inputs = workload.inputs()
        self.calls = 0

    def check(self, file: str) -> Answer:
        """Three steps; the arrays that must agree go to a file."""
        case = self.build(self.inputs)
        losses = [case.step() for _ in range(CHECK_STEPS)]
        assert all(type(loss) is float for loss in losses), "a step gives its loss as a float"
        arrays: dict[str, Any] = {"losses": np.array(losses), **case.state()}
        np.savez(file, **arrays)
        return {"checked": True}

    def repeat(self) -> Answer:
        self.calls = self.calls or calls_per_window(self.build(self.inputs))
        case = self.build(self.inputs)
        gc.collect()
        return {"value": best_window(case, self.calls), "calls": self.calls}


class Remembered(Timed):
    """Memory that 1,000 steps leave behind when only reference counts free it."""

    case: Case | None = None

    def repeat(self) -> Answer:
        case = self.case = self.case or self.build(self.inputs)
        for _ in range(100):
            case.step()
        gc.collect()
        gc.disable()
        objects, kept = len(gc.get_objects()), resident_kb()
        for _ in range(MEMORY_STEPS):
            case.step()
        kept, objects = resident_kb() - kept, len(gc.get_objects()) - objects
        gc.enable()
        return {"value": kept, "objects": objects}


def resident_kb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


class Imported:
    """Processor seconds that the import takes in a fresh interpreter."""

    def __init__(self, peer: Peer, workload: Workload) -> None:
        self.code = (
            f"import time; start = time.process_time(); import {peer.module}; "
            "print(time.process_time() - start)"
        )
        self.environment = dict(os.environ)
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compile once, not each time
        self.start()

    def start(self) -> float:
        command = [sys.executable, "-c", self.code]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        )
        return float(done.stdout.split()[-1])

    def check(self, file: str) -> Answer:
        np.savez(file)
        return {"checked": True}

    def repeat(self) -> Answer:
        best, spent = float("inf"), 0.0
        for _ in range(WINDOWS):
            seconds = self.start()
            best, spent = min(best, seconds), spent + seconds
            if spent > ENOUGH:
                break
        return {"value": best, "calls": 1}


MEASURES = {"time": Timed, "memory": Remembered, "import": Imported}


def greeting(peer: Peer, workload: Workload) -> Answer:
    """The peer's versions, or why it does not take part."""
    try:
        module = importlib.import_module(peer.module)
        installed = module.__spec__ is not None and module.__spec__.origin is not None
    except ModuleNotFoundError as error:
        if error.name != peer.module:
            raise
        installed = False
    if not installed:  # or an empty folder of that name
        return {"absent": f"{peer.module} is not installed"}
    if workload.measure == "import" and peer.fused:
        return {"skipped": True}
    if workload.measure != "import" and workload.built_by not in peer.cases():
        return {"skipped": True}
    return {"version": getattr(module, "__version__", "?"), "python": sys.version.split()[0]}


def main(peer_name: str, workload_name: str) -> None:
    # What a library prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(message: Answer) -> None:
        print(json.dumps(message), file=answers, flush=True)

    try:
        peer, workload = PEERS[peer_name], BY_NAME[workload_name]
        hello = greeting(peer, workload)
        answer(hello)
        if "version" not in hello:
            return
        measure = MEASURES[workload.measure](peer, workload)
        for line in sys.stdin:
            command, *arguments = line.rstrip("\n").split(" ", 1)
            answer(getattr(measure, command)(*arguments))
    except Exception as error:  # whatever a library raises becomes a line in the table
        traceback.print_exc(limit=-4)
        answer({"failed": f"{type(error).__name__}: {error}"[:300]})


if __name__ == "__main__":
    main(*sys.argv[1:])
