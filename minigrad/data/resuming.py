"""Where a loop over a loader stands, in plain values, so that another process can go on from there."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad._tensor import Tensor
from minigrad.backend.devices import to_host
from minigrad.backend.generator import Generator

States = dict[str, np.ndarray]


@dataclasses.dataclass
class Epoch:
    """A loop over a loader that is under way.

    The order is not kept: it is drawn again from the states that the generators had.  A sampler may
    draw when it is asked for an iterator, or when it is asked for the first index, so there are two.
    """

    at_iter: States  # of the generators, when the loop began
    at_first: States | None = None  # and before the first batch; None until that is given out
    batches: int = 0  # given out
    last: Any = None  # the indices of the last one, to see whether the same are drawn again

    def to_dict(self) -> dict[str, Any]:
        """Return it in plain values."""
        return {**vars(self), "last": _integers(self.last)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any], names: Collection[str]) -> Epoch:
        """Return the loop of :meth:`to_dict`, with generators of these names."""
        check_keys(saved, {field.name for field in dataclasses.fields(cls)})
        first, last = saved["at_first"], saved["last"]
        return cls(
            as_states(saved["at_iter"], names),
            None if first is None else as_states(first, names),
            int(saved["batches"]),
            None if last is None else _on_host(last),
        )


def check_keys(saved: Any, expected: set[str]) -> None:
    """Raise :exc:`ValueError` if ``saved`` is no mapping with just these keys."""
    found = set(saved) if isinstance(saved, Mapping) else set()
    if found != expected:
        raise ValueError(
            "DataLoader.load_state_dict: this is not what state_dict() of a DataLoader returns "
            f"(missing: {sorted(expected - found)}, unknown: {sorted(map(str, found - expected))})"
        )


def as_states(saved: Mapping[str, Any], names: Collection[str]) -> States:
    """Return saved states as arrays; raise :exc:`ValueError` if they are not of these generators."""
    if set(saved) != set(names):
        raise ValueError(
            "DataLoader.load_state_dict: the state is of a loader that draws from the generators "
            f"{sorted(saved)}, this one has {sorted(names)} ('loader': given to the loader, 'sampler': "
            "given to its sampler)"
        )
    states = {name: _on_host(state) for name, state in saved.items()}
    for name, state in states.items():
        try:
            Generator().set_state(state)
        except (TypeError, RuntimeError) as error:
            raise ValueError(f"DataLoader.load_state_dict: generator {name!r}: {error}") from None
    return states


def read_states(generators: Mapping[str, Generator]) -> States:
    """Return the states of the generators, by name."""
    return {name: generator.get_state() for name, generator in generators.items()}


def write_states(generators: Mapping[str, Generator], states: States) -> None:
    """Put the generators into the states that stand under their names."""
    for name, generator in generators.items():
        generator.set_state(states[name])


@contextmanager
def generators_at(generators: Mapping[str, Generator], states: States) -> Iterator[None]:
    """Let the generators draw from ``states`` for a while, then go on from where they were."""
    now = read_states(generators)
    try:
        write_states(generators, states)
        yield
    finally:
        write_states(generators, now)


def same_indices(found: Any, saved: Any) -> bool:
    """Tell whether two batches have the same indices; unknown ones are taken for the same."""
    known, drawn = _integers(saved), _integers(found)
    return known is None or (drawn is not None and np.array_equal(drawn, known))


def _integers(indices: Any) -> np.ndarray | None:
    """Return the indices of a batch as an array, or ``None`` if they are no integers."""
    try:
        return np.asarray(indices, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        return None


def _on_host(saved: Any) -> np.ndarray:
    return np.array(to_host(saved.array) if isinstance(saved, Tensor) else saved)
