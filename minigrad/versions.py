"""Which memory was written when: the table that catches values changed between forward and backward.

There is one clock for the whole library, :data:`tick`.  Every recorded operation takes its creation
number from it, and so does every write in place.  An operation that saved an array is therefore
safe if the array's memory was last written *before* the operation was recorded: one comparison, and
nothing to store at recording time.  Views share the memory of their base, so a write through any of
them is seen by all.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from minigrad.backend.devices import NAMESPACES

tick = itertools.count(1).__next__
"""The clock: each call returns a larger number than all before (atomic under CPython)."""


class Cell:
    """When one block of memory was last written.

    Attributes
    ----------
    written : int
        On the clock; 0 if it never was.
    memory : weakref
        The array that owns it.
    """

    __slots__ = ("memory", "written")

    def __init__(self, memory: Any, forget: Callable[[Any], Any]) -> None:
        self.written = 0
        self.memory = weakref.ref(memory, forget)


_written: dict[int, Cell] = {}
_latest = 0


def memory_of(array: Any) -> Any:
    """Return the array that owns the memory ``array`` looks at (itself, if it is no view)."""
    kind = array.__class__
    while array.base is not None and isinstance(array.base, kind):
        array = array.base
    return array


def cell_of(array: Any) -> Cell:
    """Return the cell of the memory of ``array``, the same one for all its views."""
    memory = memory_of(array)
    key = id(memory)
    cell = _written.get(key)
    if cell is None:
        # The callback removes the cell with its array, so that a later array at the same address
        # starts unwritten.
        cell = _written[key] = Cell(memory, lambda _: _written.pop(key, None))
    return cell


def touch(array: Any) -> None:
    """Note that the memory of ``array`` is being written now."""
    touch_cells((cell_of(array),))


def touch_cells(cells: Iterable[Cell]) -> None:
    """Note that the memory of all these cells is being written now (for optimisers, which know them)."""
    global _latest
    _latest = tick()
    for cell in cells:
        cell.written = _latest


def latest_write() -> int:
    """Return the clock at the last write of any memory."""
    return _latest


def last_written(array: Any) -> int:
    """Return the clock at the last write of the memory of ``array``, 0 if it never was."""
    if array.__class__ not in NAMESPACES:  # a number, a slice, a dtype: nothing that can be written
        return 0
    cell = _written.get(id(memory_of(array)))
    return cell.written if cell else 0
