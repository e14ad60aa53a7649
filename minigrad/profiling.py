"""Where the time goes: ``with mg.profile() as p: ...``, then ``print(p)``."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable
from contextvars import Token
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Self

from minigrad.backend.devices import device_of, is_array
from minigrad.cuda import synchronize
from minigrad.engine import Node, State, state
from minigrad.observing import Observer, members, together
from minigrad.versions import memory_of

ABBREVIATED = {
    "cpu_time_total": "total",
    "self_cpu_time_total": "total",
    "cuda_time_total": "total",
    "self_cuda_time_total": "total",
    "cpu_memory_usage": "kept",
    "self_cpu_memory_usage": "kept",
    "count": "calls",
}
"""What tutorials for PyTorch sort by -> the column it means here."""


@dataclass
class Average:
    """What one operation, module or optimizer cost, summed over its calls.

    Attributes
    ----------
    key : str
        Its name; for a module, the path of modules that it was called in.
    calls : int
        How often it was computed (an optimizer: how many steps it made).
    forward, backward : float
        Seconds in its operations, and in their derivatives.
    step : float
        Seconds in an optimizer's steps, without the operations that they ask for.
    kept : int
        Bytes kept for the backward pass that would be free without it.
    """

    key: str
    calls: int = 0
    forward: float = 0.0
    backward: float = 0.0
    step: float = 0.0
    kept: int = 0

    @property
    def total(self) -> float:
        """Seconds in all."""
        return self.forward + self.backward + self.step

    def add(self, other: Average) -> None:
        """Add the figures of another row."""
        self.calls += other.calls
        self.forward += other.forward
        self.backward += other.backward
        self.step += other.step
        self.kept += other.kept


COLUMNS: dict[str, Callable[[Average], Any]] = {
    "key": lambda row: row.key,
    "calls": lambda row: -row.calls,
    "forward": lambda row: -row.forward,
    "backward": lambda row: -row.backward,
    "total": lambda row: -row.total,
    "kept": lambda row: -row.kept,
}
"""What can be sorted by, the largest first (names: as in a dictionary)."""


class Averages(list[Average]):
    """The rows of a profile; :meth:`table` shows them.

    Attributes
    ----------
    seconds : float
        How long the profiled blocks took, with all that is in no row.
    peak : int
        Bytes kept for the backward pass at one time, at most.
    """

    def __init__(self, rows: Iterable[Average], title: str, seconds: float, peak: int) -> None:
        super().__init__(rows)
        self.title = title
        self.seconds = seconds
        self.peak = peak

    def table(self, sort_by: str | None = None, row_limit: int = 100) -> str:
        """Return the rows as text.

        Parameters
        ----------
        sort_by : str, optional
            ``"total"`` (the default), ``"forward"``, ``"backward"``, ``"kept"``, ``"calls"`` or ``"key"``; or
            what PyTorch calls them, such as ``"cpu_time_total"``.
        row_limit : int, default 100
            Show only so many; -1 shows all.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        column = ABBREVIATED.get(sort_by or "total", sort_by or "total")
        if column not in COLUMNS:
            known = ", ".join(map(repr, (*COLUMNS, *ABBREVIATED)))
            raise ValueError(f"profile: cannot sort by {sort_by!r}; there are {known}")
        rows = sorted(self, key=COLUMNS[column])
        shown = rows if row_limit < 0 else rows[:row_limit]
        lines: list[tuple[str, ...]] = [
            (self.title, "calls", "forward", "backward", "total", "share", "kept")
        ]
        lines += [self._cells(row) for row in shown]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        rule = "-" * (sum(widths) + 2 * len(widths) - 2)
        if len(shown) < len(rows):
            text.append(f"... and {len(rows) - len(shown)} more")
        return "\n".join([text[0], rule, *text[1:], rule, self._summary()])

    def _cells(self, row: Average) -> tuple[str, ...]:
        return (
            row.key,
            f"{row.calls:,}",
            _time(row.forward),
            _time(row.backward),
            _time(row.total),
            f"{_share(row.total, self.seconds)} %",
            _bytes(row.kept),
        )

    def _summary(self) -> str:
        within = sum(row.total for row in self)
        outside = max(self.seconds - within, 0.0)
        return (
            f"{_time(self.seconds)} in all, {_time(outside)} of it ({_share(outside, self.seconds)} %) "
            f"between these\n{_bytes(self.peak)} kept at one time"
        )

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__


class profile:  # noqa: N801 (PyTorch's name)
    """Measure, within this block, the time and the memory that each operation takes.

    Printing it shows a table: for each operation how often it was computed, the time of its forward
    and of its backward computations, their share of the whole, and how many bytes were kept for the
    backward pass.  Steps of optimizers have a row each.  What is in no row is Python between the
    operations: recording them, layers, data, the program itself.

    The backward time of an operation is that of its derivative, and of adding the result to what other
    users of its inputs gave.  ``kept`` counts arrays with axes, each block of memory once, for the
    operation that kept it first; it leaves out parameters and data, which would be there anyway.

    Clocks are read around every operation, so small ones look somewhat slower than they are.  On a GPU
    every operation is waited for, or its time would be that of asking for it.  Outside the block nothing is
    slower.  A block may be inside another, and one profile may be entered again: its figures add up.
    Other threads are seen if they run in a copy of this context (``contextvars.copy_context().run``).

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    >>> with mg.profile() as p:
    ...     model(mg.ones(5, 64)).sum().backward()
    >>> for row in sorted(p.key_averages(), key=lambda row: row.key):
    ...     print(row.key, row.calls, row.kept)
    linear 2 0
    sum 1 0
    tanh 1 640
    """

    def __init__(self) -> None:
        self._recorder = _Recorder()
        self._entered: tuple[State, Token[State]] | None = None
        self._earlier = self._began = 0.0

    def __enter__(self) -> Self:
        if self._entered is not None:
            raise RuntimeError(
                "this profile is running already; for a block inside its block, make another one"
            )
        now = state.get()
        observer = together((*members(now.observer), self._recorder))
        inner = State(now.grad_enabled, now.scope, observer)
        self._entered = inner, state.set(inner)
        self._began = perf_counter()
        return self

    def __exit__(self, *exc: Any) -> None:
        assert self._entered is not None
        self._recorder.wait()
        self._earlier = self.seconds
        (inner, token), self._entered = self._entered, None
        now = state.get()
        if now is inner:
            state.reset(token)
        else:  # set_grad_enabled() was called, which is to last
            others = tuple(one for one in members(now.observer) if one is not self._recorder)
            state.set(State(now.grad_enabled, now.scope, together(others)))

    @property
    def seconds(self) -> float:
        """How long its blocks took, up to now."""
        return self._earlier + (perf_counter() - self._began if self._entered else 0.0)

    def key_averages(self, group_by: str = "operation") -> Averages:
        """Return one row for each operation, or for each module.

        Parameters
        ----------
        group_by : {"operation", "module"}
            By module, an operation counts for the innermost module that it was called in.

        Returns
        -------
        Averages
            A list of :class:`Average`, with :meth:`Averages.table`.

        Raises
        ------
        ValueError
            If ``group_by`` is something else.
        """
        if group_by not in ("operation", "module"):
            raise ValueError(f"profile: group_by is 'operation' or 'module', not {group_by!r}")
        sums: dict[str, Average] = {}
        for (name, scope), row in self._recorder.copied_rows():
            key = name if group_by == "operation" else _module(name, scope)
            sums.setdefault(key, Average(key)).add(row)
        return Averages(sums.values(), group_by, self.seconds, self._recorder.peak)

    def table(self, sort_by: str | None = None, row_limit: int = 100) -> str:
        """Return ``key_averages().table(sort_by, row_limit)``."""
        return self.key_averages().table(sort_by, row_limit)

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__


class _Recorder(Observer):
    """The observer: reads the clock at each event, and holds the rows."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, tuple[str, ...]], Average] = {}
        self.peak = 0
        self._kept = 0
        self._memory: dict[int, weakref.ref[Any]] = {}
        self._clocks = threading.local()
        self._lock = threading.RLock()  # a weak reference may call back while it is held
        self._gpu: Any = None

    def copied_rows(self) -> list[tuple[tuple[str, tuple[str, ...]], Average]]:
        with self._lock:
            return list(self.rows.items())

    def wait(self) -> None:
        """Let a GPU finish what it was asked to do."""
        if self._gpu is not None:
            synchronize(self._gpu)

    def starting(self, op: Any) -> None:
        self.wait()
        clock = self._clock()
        clock.start = perf_counter()
        clock.pending += clock.start - clock.mark  # counts only between two rules of a sweep

    def computed(self, op: Any, out: Any, node: Any) -> None:
        if self._gpu is None:
            where = device_of(out[0] if isinstance(out, tuple) else out)
            self._gpu = where if where.type == "cuda" else None
        self.wait()
        clock = self._clock()
        seconds = perf_counter() - clock.start
        with self._lock:
            row = self._row(op.name, state.get().scope)
            row.calls += 1
            row.forward += seconds
            clock.counted += seconds
            if node is not None:
                row.kept += self._kept_by(node)
        clock.mark = perf_counter()

    def sweeping(self) -> None:
        self.wait()
        clock = self._clock()
        clock.pending, clock.mark = 0.0, perf_counter()

    def pulled(self, node: Any, contribution: Any) -> None:
        """Count the time since the last event for the operation whose rule ran."""
        self.wait()
        clock = self._clock()
        seconds = clock.pending + perf_counter() - clock.mark
        with self._lock:
            self._row(node.op_name, node.scope).backward += seconds
            clock.counted += seconds
        clock.pending, clock.mark = 0.0, perf_counter()

    def stepping(self, optimizer: Any) -> None:
        self.wait()
        clock = self._clock()
        clock.steps.append((perf_counter(), clock.counted))

    def stepped(self, optimizer: Any) -> None:
        """Count the step, without what was counted in it."""
        self.wait()
        clock = self._clock()
        start, before = clock.steps.pop()
        seconds = perf_counter() - start - (clock.counted - before)
        with self._lock:
            row = self._row(f"{type(optimizer).__name__}.step", STEPS)
            row.calls += 1
            row.step += seconds
            clock.counted += seconds

    def _row(self, name: str, scope: tuple[str, ...]) -> Average:
        key = (name, scope)
        if key not in self.rows:
            self.rows[key] = Average(name)
        return self.rows[key]

    def _clock(self) -> Any:
        """Return the clock of this thread."""
        clock = self._clocks
        if not hasattr(clock, "mark"):
            clock.start = clock.mark = perf_counter()
            clock.pending = clock.counted = 0.0
            clock.steps = []
        return clock

    def _kept_by(self, node: Any) -> int:
        """Return how many bytes ``node`` keeps that nothing kept before."""
        for source in node.inputs:
            leaf = isinstance(source, Node) and source.owner is not None
            owner = source.owner() if leaf else None
            if owner is not None and owner.array.ndim:
                self._hold(memory_of(owner.array), 0)  # a parameter or data: there anyway
        return sum(self._hold(memory, memory.nbytes) for memory in _memories(node.saved_values))

    def _hold(self, memory: Any, size: int) -> int:
        """Count a block of memory from now until it is freed; 0 if it is counted already."""
        key = id(memory)
        if key in self._memory:
            return 0

        def freed(_: Any) -> None:
            with self._lock:
                del self._memory[key]
                self._kept -= size

        self._memory[key] = weakref.ref(memory, freed)
        self._kept += size
        self.peak = max(self.peak, self._kept)
        return size


STEPS = ("",)
"""Stands for the scope of optimizers' steps, which are in no module."""


def _module(name: str, scope: tuple[str, ...]) -> str:
    if scope is STEPS:
        return name
    return " > ".join(scope) or "(no module)"


def _memories(saved: Iterable[Any]) -> Iterable[Any]:
    """Return the owners of the memory of the arrays with axes among what a node saved."""
    for value in saved:
        if isinstance(value, tuple):
            yield from _memories(value)
        elif is_array(value) and value.ndim:
            yield memory_of(value)


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f}" if whole else "0"


def _time(seconds: float) -> str:
    if not seconds:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}" if seconds < 999.5 * size else f"{seconds:,.0f} s"
    return f"{seconds * 1e6:.3g} us"


def _bytes(size: int) -> str:
    if not size:
        return "-"
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size >= 0.9995 * scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size} B"
