"""Process-wide settings that make training faster: one opt-in call, never done at import.

Two things outside minigrad cost time.  Python's cyclic garbage collector walks every live object
again and again while a large graph is being recorded, and finds nothing, because the graph has no
cycles.  And glibc hands the memory of a freed graph back to the kernel, which has to map it in
again, page by page, at the next step.
"""

from __future__ import annotations

import ctypes
import gc
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def tune(*, collector: bool = True, allocator: bool = True) -> dict[str, bool]:
    """Set Python's collector and glibc's allocator for the way a training step uses memory.

    Both settings belong to the whole process, which is why nothing calls this for you.

    Parameters
    ----------
    collector : bool, default True
        Raise the threshold of the youngest generation of the garbage collector from 700 to a million
        objects.  A chain of a million operations takes half the time; cyclic garbage that other code makes
        is found later.
    allocator : bool, default True
        On Linux with glibc, keep blocks of up to 1 GiB in the heap (``M_MMAP_THRESHOLD``) and give
        memory back only beyond 2 GiB (``M_TRIM_THRESHOLD``).  Steps on arrays of several megabytes
        get up to twice as fast; the process keeps the memory of its largest step.

    Returns
    -------
    dict of str to bool
        Which of ``"collector"`` and ``"allocator"`` was set.
    """
    if collector:
        _, middle, oldest = gc.get_threshold()
        gc.set_threshold(1_000_000, middle, oldest)
    return {"collector": collector, "allocator": allocator and _tune_glibc()}


def _tune_glibc() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, 1 << 30)) and bool(
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
    )
