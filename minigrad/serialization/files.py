"""Replacing a file as a whole: whoever looks sees the old one or the new one, nothing between."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

TEMPORARY = re.compile(r"\.minigrad-[0-9a-f]{16}\.tmp")
STALE = 3600  # seconds after which nobody can be writing it any more


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of ``path`` at the end of the ``with`` block.

    Until then it has a name of its own in the same folder, ``.minigrad-….tmp``.  It is on the disk before
    it gets its place, so that a crash of the machine, too, leaves one or the other whole.  After an
    error it is removed; after a kill it stays, and a later call in this folder clears it away.

    Raises
    ------
    OSError
        Whatever ``open(path, "wb")`` would raise.
    """
    target = os.path.realpath(path)  # a link goes on pointing at its file
    if os.path.exists(target) and not os.path.isfile(target):
        with open(target, "wb") as file:  # a pipe or a device is written to, a folder refused
            buffer = io.BytesIO()  # as they cannot tell positions
            yield buffer
            file.write(buffer.getvalue())
        return
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "there is no such folder; make it first", folder)
    mode = _mode_of(target)
    _clear_away_stale(folder)
    temporary = os.path.join(folder, f".minigrad-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            if mode is not None:
                os.chmod(temporary, mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    _write_down_names(folder)


def _mode_of(target: str) -> int | None:
    """Return the permissions of a file, ``None`` if there is none; raise if it must not be written."""
    try:
        with open(target, "r+b") as file:
            return stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except FileNotFoundError:
        return None


def _clear_away_stale(folder: str) -> None:
    with suppress(OSError), os.scandir(folder) as entries:  # it is only tidying up
        for entry in entries:
            if TEMPORARY.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > STALE:
                os.unlink(entry.path)


def _write_down_names(folder: str) -> None:
    """Have the names in ``folder`` written to the disk, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
