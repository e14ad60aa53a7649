"""The runner: starts the peers, checks that they agree, lets them take turns, prints the table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .peers import MINIGRAD, PEERS, RIVALS, Peer
from .report import machine_lines, tables
from .worker import ENOUGH, MEMORY_STEPS, WINDOW, WINDOWS
from .workloads import WORKLOADS, Workload

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
} | dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
Answer = dict[str, Any]


@dataclass
class Outcome:
    """What became of one peer on one workload."""

    values: list[float] = field(default_factory=list)  # a round each: seconds, or KB of memory
    error: float = 0.0  # the largest relative distance from the first peer's results
    details: Answer = field(default_factory=dict)
    failed: str = ""

    @property
    def value(self) -> float:
        return statistics.median(self.values)


class PeerError(Exception):
    """A peer gave no answer, or a wrong one; the message goes into the table."""


class Worker:
    """A peer's process, as a context."""

    def __init__(self, peer: Peer, workload: Workload, python: str, timeout: float) -> None:
        self.peer, self.timeout = peer, timeout
        path = [str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", peer.name, workload.name],
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()

    def answer(self) -> Answer:
        try:
            line = self.lines.get(timeout=self.timeout)
        except queue.Empty:
            raise PeerError(f"no answer within {self.timeout:.0f} s") from None
        if not line:
            raise PeerError(f"the process ended with code {self.process.wait()}")
        answer: Answer = json.loads(line)
        if "failed" in answer:
            raise PeerError(answer["failed"])
        return answer

    def ask(self, command: str) -> Answer:
        assert self.process.stdin
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer says why
        return self.answer()


def difference(workload: Workload, found: Mapping[str, Any], expected: Mapping[str, Any]) -> float:
    """The largest relative L2 distance between two peers' arrays; PeerError if it is too large."""
    if found.keys() != expected.keys():
        raise PeerError(f"gives {sorted(found)}, not {sorted(expected)}")
    worst = 0.0
    for name, want in expected.items():
        have = found[name]
        if have.shape != want.shape or have.dtype != want.dtype:
            raise PeerError(f"{name} is {have.dtype} {have.shape}, not {want.dtype} {want.shape}")
        scale = float(np.linalg.norm(want.astype(float))) or 1.0
        distance = float(np.linalg.norm(have.astype(float) - want.astype(float))) / scale
        if not distance <= workload.loose.get(name, workload.tolerance):  # NaN is wrong too
            raise PeerError(f"disagrees: {name} is off by {distance:.1e} (relative)")
        if name not in workload.loose:
            worst = max(worst, distance)
    return worst


@dataclass
class Runner:
    peers: Sequence[str]
    pythons: Mapping[str, str]
    rounds: int
    seconds: float
    timeout: float
    versions: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def compare(self, workload: Workload) -> dict[str, Outcome]:
        """All peers on one workload: start, check, take turns."""
        outcomes: dict[str, Outcome] = {}
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            workers = {}
            for name in self.peers:
                peer = PEERS[name]
                if name not in self.absent and peer.takes_part(workload):
                    python = self.pythons.get(name) or self.pythons.get(peer.module)
                    worker = Worker(peer, workload, python or sys.executable, self.timeout)
                    workers[name] = stack.enter_context(worker)
            ready = self.check(workload, workers, outcomes, Path(folder))
            self.take_turns(workload, ready, outcomes)
        return outcomes

    def check(
        self,
        workload: Workload,
        workers: Mapping[str, Worker],
        outcomes: dict[str, Outcome],
        folder: Path,
    ) -> list[Worker]:
        """Those whose results agree with the first one's."""
        ready: list[Worker] = []
        expected: Mapping[str, Any] | None = None
        for name, worker in workers.items():
            outcome = Outcome()
            try:
                hello = worker.answer()
                if "absent" in hello:
                    self.absent[name] = hello["absent"]
                    continue
                if "skipped" in hello:
                    continue
                self.versions[name] = f"{hello['version']} (Python {hello['python']})"
                outcomes[name] = outcome
                file = folder / f"{name}.npz"
                worker.ask(f"check {file}")
                with np.load(file) as arrays:
                    found = dict(arrays)
                expected = found if expected is None else expected
                outcome.error = difference(workload, found, expected)
                ready.append(worker)
            except PeerError as failure:
                outcomes[name] = outcome
                outcome.failed = str(failure)
        return ready

    def take_turns(
        self, workload: Workload, ready: list[Worker], outcomes: Mapping[str, Outcome]
    ) -> None:
        """Rounds in which each gives one repetition; another goes first in each."""
        end = time.monotonic() + self.seconds
        for done in range(max(self.rounds, workload.fewest_rounds)):
            if done >= workload.fewest_rounds and time.monotonic() > end:
                break
            first = done % max(1, len(ready))
            for worker in ready[first:] + ready[:first]:
                outcome = outcomes[worker.peer.name]
                try:
                    answer = worker.ask("repeat")
                except PeerError as failure:
                    outcome.failed = str(failure)
                    ready = [other for other in ready if other is not worker]
                else:
                    outcome.values.append(answer.pop("value"))
                    outcome.details = answer


def ratio(outcome: Outcome, reference: Outcome) -> tuple[float, float, float] | None:
    """Median, lower and upper quartile over rounds of peer / reference in the same round."""
    if outcome.failed or reference.failed or not reference.values:
        return None
    ratios = [a / b for a, b in zip(outcome.values, reference.values, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return middle, low, high


def summary(workload: Workload, outcomes: Mapping[str, Outcome]) -> Answer:
    """One workload as it stands in the JSON file."""
    peers: Answer = {}
    for name, outcome in outcomes.items():
        entry: Answer = {"failed": outcome.failed} if outcome.failed else {}
        if outcome.values and not outcome.failed:
            entry |= {"value": outcome.value, "rounds": outcome.values}
            entry |= {"difference": outcome.error, **outcome.details}
            if workload.ops:
                entry["us_per_op"] = outcome.value / workload.ops * 1e6
            if name in MINIGRAD and workload.measure not in ("memory", "flatness"):
                entry["ratios"] = {
                    rival: dict(zip(("median", "low", "high"), found, strict=True))
                    for rival in RIVALS
                    if rival in outcomes and (found := ratio(outcome, outcomes[rival]))
                }
        peers[name] = entry
    about = {"alias": workload.alias, "about": workload.about, "unit": workload.unit}
    return {**about, "peers": peers}


def machine() -> Answer:
    return {
        "system": platform.system(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "kernels": {name: os.environ[name] for name in sorted(os.environ) if is_of_kernels(name)},
    }


def is_of_kernels(name: str) -> bool:
    """Whether a variable of the shell tells a library which kernels to take."""
    return name.startswith(("OPENBLAS_", "MKL_", "NPY_")) and not name.endswith("_NUM_THREADS")


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: less sure, sooner done")
    parser.add_argument(
        "--only", action="append", metavar="W", help="workloads, by name or number, 'chain-*', W3"
    )
    parser.add_argument("--peers", default=",".join(PEERS), help="who takes part (%(default)s)")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="PEERS=PATH",
        help="the interpreter for some peers (torch, or jax,dezero); by default the one that runs this",
    )
    parser.add_argument("--rounds", type=int, help="at most so many rounds a workload (15)")
    parser.add_argument("--seconds", type=float, help="no new round after so many (4)")
    parser.add_argument("--timeout", type=float, default=60, help="for one answer, in seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--list", action="store_true", help="list the workloads and stop")
    chosen = parser.parse_args(argv)

    chosen.peers = chosen.peers.split(",")
    for name in chosen.peers:
        if name not in PEERS:
            parser.error(f"no peer {name!r}; there are {', '.join(PEERS)}")
    chosen.pythons = {}
    for pair in chosen.python:
        names, equals, path = pair.partition("=")
        if not equals or not set(names.split(",")) <= PEERS.keys():
            parser.error(f"--python {pair}: PEERS=PATH, with peers of {', '.join(PEERS)}")
        chosen.pythons |= dict.fromkeys(names.split(","), path)
    patterns = [pattern for option in chosen.only or ["*"] for pattern in option.split(",")]
    for pattern in patterns:
        if not any(workload.matches(pattern) for workload in WORKLOADS):
            parser.error(f"--only {pattern}: no such workload; see --list")
    chosen.workloads = [w for w in WORKLOADS if any(w.matches(pattern) for pattern in patterns)]
    chosen.rounds = chosen.rounds or (5 if chosen.quick else 15)
    chosen.seconds = chosen.seconds or (1 if chosen.quick else 4)
    return chosen


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 1 if a peer failed or disagreed; a peer that is not installed is no failure."""
    chosen = arguments(argv)
    if chosen.list:
        for workload in WORKLOADS:
            print(f"{workload.name:20} {workload.alias:5} {workload.about}")
        return 0
    runner = Runner(chosen.peers, chosen.pythons, chosen.rounds, chosen.seconds, chosen.timeout)
    where, start = machine(), time.monotonic()
    results: Answer = {}
    for workload in chosen.workloads:
        began = time.monotonic()
        print(f"{workload.name} ...", end=" ", file=sys.stderr, flush=True)
        results[workload.name] = summary(workload, runner.compare(workload))
        print(f"{time.monotonic() - began:.1f} s", file=sys.stderr)
    report = {
        "machine": where,
        "method": {
            "clock": "processor time, one thread",
            "window_s": WINDOW,
            "windows": WINDOWS,
            "window_budget_s": ENOUGH,
            "memory_steps": MEMORY_STEPS,
            "rounds": chosen.rounds,
            "seconds_a_workload": chosen.seconds,
            "garbage_collector": "on",
        },
        "seconds": time.monotonic() - start,
        "versions": {name: runner.versions[name] for name in PEERS if name in runner.versions},
        "absent": runner.absent,
        "workloads": results,
    }
    print("\n".join(machine_lines([report])))
    print()
    print(tables([report]))
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=1) + "\n")
    failed = [e for w in results.values() for e in w["peers"].values() if "failed" in e]
    return 1 if failed else 0
