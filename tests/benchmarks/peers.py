"""Who takes part.

A peer is a library to import and the file of this folder that writes the workloads in its words: a
module with one function, ``cases(peer)``, from the name of a case to what builds it.  A peer may leave
workloads out, and says why where it is not for want of the feature.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .workloads import Workload

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
    only: tuple[str, ...] = ()  # the cases it takes part in; all, if none are named
    mode: str = ""  # "fused" optimiser; "tuned" process; "compiled" step
    why_not: Mapping[str, str] = field(default_factory=dict)  # workload -> why it is left out
    remark: str = ""  # for the notes under the table

    def takes_part(self, workload: Workload) -> bool:
        invited = not workload.peers or self.name in workload.peers
        able = not self.only or workload.built_by in self.only
        return invited and able and workload.name not in self.why_not

    def cases(self) -> Mapping[str, Builder]:
        found: Mapping[str, Builder] = importlib.import_module(
            f".{self.written_in}", __package__
        ).cases(self)
        return found


SCALARS = ("readme-expression", "scalar-mlp")
NETWORKS = ("tiny-mlp", "classifier")
SECOND_ORDER = ("hessian-rosenbrock", "hvp-mlp")
USUAL = ("readme-expression", "chain", *NETWORKS, "elementwise")
SLOW = dict.fromkeys(("chain-1e5", "chain-1e6"), "seconds a step")

PEERS = {
    peer.name: peer
    for peer in (
        Peer("numpy", "numpy", "numpy_plain"),
        Peer("minigrad", "minigrad", "torch_like"),
        Peer(
            "minigrad-tuned",
            "minigrad",
            "torch_like",
            mode="tuned",
            only=(*SCALARS, *NETWORKS, "chain", "elementwise", *SECOND_ORDER, "adam"),
            remark="after `mg.tune()`, the one call that sets the collector and the allocator",
        ),
        Peer(
            "minigrad-compiled",
            "minigrad",
            "compiled_words",
            mode="compiled",
            only=("readme-expression", *NETWORKS, "elementwise", *SECOND_ORDER),
            remark="the training step, or the function with its derivatives, through `mg.compile`, "
            "recorded before it is timed",
        ),
        Peer("torch", "torch", "torch_like"),
        Peer("torch-fused", "torch", "torch_like", only=("classifier", "adam"), mode="fused"),
        Peer(
            "jax",
            "jax",
            "jax_words",
            only=(
                "readme-expression",
                *NETWORKS,
                "elementwise",
                *SECOND_ORDER,
                "adam",
                "import-time",
            ),
            remark="whole steps through `jax.jit`, compiled before they are timed; updates by hand",
        ),
        Peer(
            "autograd",
            "autograd",
            "autograd_words",
            only=(*USUAL, *SECOND_ORDER, "import-time"),
            why_not=SLOW,
            remark="updates by hand",
        ),
        Peer(
            "mygrad",
            "mygrad",
            "mygrad_words",
            only=(*USUAL, "import-time"),
            why_not=SLOW,
            remark="updates by hand; it has no second derivatives",
        ),
        Peer(
            "dezero",
            "dezero",
            "dezero_words",
            only=(*USUAL, *SECOND_ORDER, "adam"),
            why_not=SLOW
            | dict.fromkeys(
                ("elementwise", "hvp-mlp"), "its float32 becomes float64 under NumPy 2"
            ),
            remark="with `np.int` put back, which NumPy 2 no longer has and it needs",
        ),
        Peer(
            "micrograd",
            "micrograd",
            "micrograd_words",
            only=(*SCALARS, "import-time"),
            remark="a chain of a thousand operations ends in RecursionError",
        ),
    )
}

MINIGRAD = tuple(name for name, peer in PEERS.items() if peer.module == "minigrad")
RIVALS = tuple(name for name in PEERS if name not in MINIGRAD)
"""minigrad's time is divided by that of each of these; the first peer that runs also sets the results
with which the others must agree."""
