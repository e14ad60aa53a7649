"""Parameters that are somewhere else for a while, to observe the loss there, and back to the last bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from minigrad.backend.devices import xp_of
from minigrad.optim.bundles import make_writable
from minigrad.versions import touch


@contextmanager
def moved(offsets: Iterable[tuple[Any, Any]]) -> Iterator[None]:
    r"""Subtract offsets from parameters, :math:`\theta - \delta`; on leaving, always, put them back.

    Parameters
    ----------
    offsets : iterable of (Tensor, array)
        Parameters, and raw arrays in their shape.
    """
    kept: list[tuple[Any, Any]] = []
    try:
        for p, offset in offsets:
            make_writable(p)
            xp, values = xp_of(p.array), p.array
            kept.append((values, xp.array(values)))
            xp.subtract(values, offset, out=values)
            touch(values)
        yield
    finally:
        for values, before in reversed(kept):  # the first copy last, where two share memory
            values[...] = before
            touch(values)
