"""One peer on one workload, in a process of its own.

Reads a command a line from standard input ("check FILE", "repeat") and answers each with a line of
JSON. The first line out is a greeting; a last line with "failed" ends it.
"""

from __future__ import annotations

import gc
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from .peers import PEERS, Case, Peer
from .workloads import BY_NAME, Workload

WINDOW = 0.006  # seconds of work between two looks at the clock
WINDOWS = 5  # a repetition is the best of so many
ENOUGH = 0.25  # but no further window once so many seconds are spent
SLOW = 1.0  # steps that take longer are not repeated more than needed
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


def calls_per_window(case: Case, seconds: float) -> int:
    """How many steps make a window, if one step took `seconds` when it was checked."""
    calls = 1
    if seconds >= WINDOW:
        return calls
    while (seconds := window(case, calls)) < WINDOW:
        calls = max(calls + 1, min(10 * calls, round(1.1 * calls * WINDOW / max(seconds, 1e-9))))
    return calls


class Timed:
    """Every repetition starts from the same parameters, so that all do the same work."""

    def __init__(self, peer: Peer, workload: Workload) -> None:
        self.build = peer.cases()[workload.built_by]
        self.inputs = workload.inputs()
        self.check_steps = workload.check_steps
        self.seconds = 0.0  # of a step, when it was checked
        self.calls = 0

    def check(self, file: str) -> Answer:
        """A few steps; the arrays that must agree go to a file."""
        case = self.build(self.inputs)
        losses = []
        for _ in range(self.check_steps):
            start = time.process_time()
            losses.append(case.step())
            self.seconds = time.process_time() - start
        assert all(type(loss) is float for loss in losses), "a step gives its loss as a float"
        arrays: dict[str, Any] = {"losses": np.array(losses), **case.state()}
        np.savez(file, **arrays)
        return {"checked": True}

    def repeat(self) -> Answer:
        if not self.calls and self.seconds > SLOW:  # the check was the first repetition
            self.calls = 1
            return {"value": self.seconds, "calls": 1}
        self.calls = self.calls or calls_per_window(self.build(self.inputs), self.seconds)
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


class Flatness:
    """Time per operation in a long chain divided by that in a short one, both taken at once."""

    def __init__(self, peer: Peer, workload: Workload) -> None:
        self.chains = workload.inputs()
        self.build = peer.cases()[workload.built_by]

    def check(self, file: str) -> Answer:
        np.savez(file)
        return {"checked": True}

    def repeat(self) -> Answer:
        short, long = (self.build(chain) for chain in self.chains)
        calls = calls_per_window(short, 0.0)
        gc.collect()
        long_time = window(long, 1) / self.chains[1].pairs
        short_time = best_window(short, calls) / self.chains[0].pairs
        return {"value": long_time / short_time}


class Fresh:
    """What a fresh interpreter says of itself in its last line."""

    command: list[str]

    def __init__(self) -> None:
        self.environment = dict(os.environ)
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compile once, not each time

    def start(self) -> float:
        done = subprocess.run(
            [sys.executable, *self.command],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout.split()[-1])

    def check(self, file: str) -> Answer:
        np.savez(file)
        return {"checked": True}

    def repeat(self) -> Answer:
        best, spent = float("inf"), 0.0
        for _ in range(WINDOWS):
            start = time.monotonic()
            best, spent = min(best, self.start()), spent + time.monotonic() - start
            if spent > ENOUGH:
                break
        return {"value": best, "calls": 1}


class Imported(Fresh):
    """Processor seconds that the import takes."""

    def __init__(self, peer: Peer, workload: Workload) -> None:
        code = (
            f"import time; start = time.process_time(); import {peer.module}; "
            "print(time.process_time() - start)"
        )
        self.command = ["-c", code]
        super().__init__()
        self.start()


class Scripted(Fresh):
    """Processor seconds from the start of the interpreter to the end of a script."""

    said = "time.process_time()"

    def __init__(self, peer: Peer, workload: Workload) -> None:
        name = "script_numpy" if peer.module == "numpy" else "script_torch_like"
        file = Path(__file__).with_name(f"{name}.py")
        code = (
            f"import runpy, sys, time; sys.argv = ['', '{peer.module}']; "
            f"runpy.run_path({str(file)!r}); print({self.said})"
        )
        self.command = ["-c", code]
        super().__init__()
        self.start()


class ScriptedMemory(Scripted):
    """The largest resident memory of that process, in KB, as Linux counts it."""

    said = "open('/proc/self/status').read().split('VmHWM:')[1].split()[0]"


MEASURES: dict[str, Any] = {
    "time": Timed,
    "flatness": Flatness,
    "memory": Remembered,
    "import": Imported,
    "script": Scripted,
    "script-memory": ScriptedMemory,
}
IN_PROCESS = (Timed, Flatness, Remembered)


def greeting(peer: Peer, workload: Workload) -> Answer:
    """The peer's versions, or why it does not take part."""
    if importlib.util.find_spec(peer.module) is None:
        return {"absent": f"{peer.module} is not installed"}
    in_process = MEASURES[workload.measure] in IN_PROCESS
    if in_process and workload.built_by not in peer.cases():
        return {"skipped": True}
    module = importlib.import_module(peer.module)
    if module.__file__ is None:  # an empty folder of that name
        return {"absent": f"{peer.module} is not installed"}
    return {"version": version(module), "python": sys.version.split()[0]}


def version(module: Any) -> str:
    found = getattr(module, "__version__", None)
    return str(found or importlib.metadata.version(module.__name__))


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
