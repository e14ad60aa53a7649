"""Parameters that are somewhere else for a while, to observe the loss there, and back to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from minigrad.backend.devices import xp_of
from minigrad.optim.bundles import make_writable
from minigrad.optim.vectors import put
from minigrad.versions import touch


@contextmanager
def moved(offsets: Iterable[tuple[Any, Any]]) -> Iterator[None]:
    r"""Subtract offsets from parameters, :math:`\theta - \delta`; on leaving, always, put them back.

    Parameters
    ----------
    offsets : iterable of (Tensor, array)
        Parameters, and raw arrays in their shape.
    """
    with _put_back() as keep:
        for p, offset in offsets:
            values = keep(p)
            xp_of(values).subtract(values, offset, out=values)
            touch(values)
        yield


@contextmanager
def placed(params: Iterable[Any], values: Iterable[Any]) -> Iterator[None]:
    """Give parameters the values of other tensors; on leaving, always, put them back.

    Parameters
    ----------
    params, values : iterable of Tensor
        In the same shapes.
    """
    with _put_back() as keep:
        params = list(params)
        for p in params:
            keep(p)
        put(params, values)
        yield


@contextmanager
def _put_back() -> Iterator[Callable[[Any], Any]]:
    """Yield a function that notes a parameter's values and returns its array; put all back on leaving."""
    kept: list[tuple[Any, Any]] = []

    def keep(p: Any) -> Any:
        make_writable(p)
        values = p.array
        kept.append((values, xp_of(values).array(values)))
        return values

    try:
        yield keep
    finally:
        for values, before in reversed(kept):  # the first copy last, where two share memory
            values[...] = before
            touch(values)
