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
from typing import Any

tick = itertools.count(1).__next__
"""The clock: each call returns a larger number than all before (atomic under CPython)."""

_written: dict[int, tuple[weakref.ref, int]] = {}
_latest = 0


def memory_of(array: Any) -> Any:
    """Return the array that owns the memory ``array`` looks at (itself, if it is no view)."""
    kind = array.__class__
    while array.base is not None and isinstance(array.base, kind):
        array = array.base
    return array


def touch(array: Any) -> None:
    """Note that the memory of ``array`` is being written now."""
    global _latest
    memory = memory_of(array)
    key = id(memory)
    entry = _written.get(key)
    # The callback removes the entry with its array, so that a later array at the same address
    # starts unwritten.
    reference = (
        entry[0] if entry else weakref.ref(memory, lambda _, forget=_written.pop: forget(key, None))
    )
    _latest = tick()
    _written[key] = (reference, _latest)


def latest_write() -> int:
    """Return the clock at the last write of any memory."""
    return _latest


def last_written(array: Any) -> int:
    """Return the clock at the last write of the memory of ``array``, 0 if it never was."""
    if not hasattr(array, "base"):
        return 0
    entry = _written.get(id(memory_of(array)))
    return entry[1] if entry else 0
