"""Who takes part.

A peer is a library to import and the file of this folder that writes the workloads in its words: a
module with one function, ``cases(peer)``, from the name of a workload to what builds it. A peer may
leave workloads out.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

State = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """A workload ready to run: one step, and the arrays that must agree with the other peers'."""

    step: Callable[[], float]
    state: Callable[[], State]


Builder = Callable[[Any], Case]
"""From the inputs of a workload (see workloads.py) to a fresh case."""


@dataclass(frozen=True)
class Peer:
    name: str
    module: str  # what it imports
    written_in: str  # the file here that writes the workloads for it
    fused: bool = False  # the library's fused optimiser

    def cases(self) -> Mapping[str, Builder]:
        found: Mapping[str, Builder] = importlib.import_module(
            f".{self.written_in}", __package__
        ).cases(self)
        return found


PEERS = {
    peer.name: peer
    for peer in (
        Peer("numpy", "numpy", "numpy_plain"),
        Peer("torch", "torch", "torch_like"),
        Peer("torch-fused", "torch", "torch_like", fused=True),
        Peer("minigrad", "minigrad", "torch_like"),
    )
}

REFERENCES = ("numpy", "torch")
"""Ratios are given to each of these that takes part; the first peer that runs also sets the results
with which the others must agree."""
