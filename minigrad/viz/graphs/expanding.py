"""Fused operations, taken apart: the plain operations that one stands for, recorded for the picture alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad import engine
from minigrad.engine import LEAF, NO_PARAMS, Node, State, new_node, state, wrap
from minigrad.observing import Observer
from minigrad.viz.graphs.amounts import Amounts
from minigrad.viz.graphs.reading import Call, Operand, Reading, arrange


def expand(reading: Reading, amounts: Amounts, wanted: bool | Sequence[str]) -> list[str]:
    """Replace fused operations in ``reading`` by plain ones, and tell ``amounts`` of their numbers.

    Parameters
    ----------
    reading : Reading
        What is drawn.
    amounts : Amounts
        The numbers, as far as they are known.
    wanted : True or sequence of str
        Which operations; ``True``: all of them, and those that they are made of.

    Returns
    -------
    list of str
        The operations that could not be taken apart, because backward has released what they were
        called with.
    """
    failed: dict[str, None] = {}
    waiting = [node for node in reading.nodes if is_wanted(reading, node, wanted)]
    while waiting:
        taken: dict[Node, Parts] = {}
        for node in waiting:
            parts = Parts(node, amounts)
            if parts.output is None:
                failed[node.op_name] = None
            else:
                taken[node] = parts
        insert(reading, amounts, taken)
        inner = [node for parts in taken.values() for node in parts.nodes]
        waiting = [node for node in inner if is_wanted(reading, node, wanted)]
    return list(failed)


def fused(reading: Reading) -> list[str]:
    """Return the names of the operations that can be taken apart."""
    return list(dict.fromkeys(n.op_name for n in reading.nodes if is_wanted(reading, n, True)))


def is_wanted(reading: Reading, node: Node, wanted: bool | Sequence[str]) -> bool:
    """Tell whether ``node`` is a fused operation that is to be taken apart."""
    if reading.is_leaf(node) or getattr(node.plan.op, "composite", None) is None:
        return False
    return wanted is True or (wanted is not False and node.op_name in wanted)


@dataclass
class Recorder(Observer):
    """The observer that keeps every output, in order."""

    values: dict[Node, Any] = field(default_factory=dict)

    def computed(self, op: Any, out: Any, node: Node | None) -> None:
        """Keep an output, if it was recorded."""
        if node is not None:
            self.values[node] = out


class Parts:
    """The plain operations of one fused operation, run on the same inputs.

    Attributes
    ----------
    node : Node
        The fused operation.
    entries : dict
        Node at which an input enters -> the position of that input.
    nodes : list of Node
        The operations, oldest first.
    values : dict
        Node -> what it computed; empty if the inputs are not known (what was recorded from zeros shows
        which operations there are).
    output : Node or None
        The last one; ``None`` if they could not be run.
    """

    def __init__(self, node: Node, amounts: Amounts) -> None:
        self.node = node
        self.entries: dict[Node, int] = {}
        self.nodes: list[Node] = []
        self.values: dict[Node, Any] = {}
        self.output: Node | None = None
        known = all(one in amounts.values for one in node.inputs if isinstance(one, Node))
        recorder = Recorder()
        token = state.set(State(True, node.scope, recorder))
        try:
            inputs = [self.enter(place, one, amounts) for place, one in enumerate(node.inputs)]
            with np.errstate(all="ignore"):
                output = node.plan.op.composite(*inputs, **node.params).node
        except Exception:  # a released node has no targets any more
            return
        finally:
            state.reset(token)
        if output in recorder.values:
            self.output, self.nodes = output, list(recorder.values)
            given = [tensor for tensor in inputs if isinstance(tensor, engine.Tensor)]
            arrays = {tensor.node: tensor.array for tensor in given}
            self.values = {**arrays, **recorder.values} if known else {}

    def enter(self, position: int, source: Any, amounts: Amounts) -> Any:
        """Return an input for them: the value at which its record begins."""
        if not isinstance(source, Node):
            return source
        array = amounts.values.get(source)
        if array is None:
            array = np.zeros(source.shape, source.dtype)
        entry = new_node(LEAF, (), (), NO_PARAMS, source.shape, source.dtype, ())
        self.entries[entry] = position
        return wrap(array, entry)

    def gradients(self, seed: Any) -> dict[Node, Any]:
        """Return the gradients of its operations, from that of its output."""
        roots = [self.output] if self.output is not None else []
        token = state.set(State(False, (), None))
        try:
            return engine.sweep(roots, [seed], targets=self.nodes, retain_graph=True)
        finally:
            state.reset(token)


def insert(reading: Reading, amounts: Amounts, taken: dict[Node, Parts]) -> None:
    """Put the parts where the operations stood, each in a frame under the name of its operation."""
    nodes: list[Node] = []
    frames: dict[Node, Call | None] = dict(reading.calls)
    for node in reading.nodes:
        parts = taken.get(node)
        if parts is None:
            nodes.append(node)
            continue
        nodes += parts.nodes
        around = reading.calls[node]
        frame = Call(node.op_name, around.path if around is not None else (), operation=True)
        frames.update(dict.fromkeys(parts.nodes, frame))
        add_sources(reading, parts)
        add_amounts(amounts, parts)
        reading.replaced[node] = parts.output  # type: ignore[assignment]
        recorded = reading.recorded.get(node, node)
        reading.recorded.update(dict.fromkeys(parts.nodes, recorded))
    for node in nodes:
        reading.sources[node] = [
            operand._replace(origin=reading.origin(operand.origin), value=shown(reading, operand))
            for operand in reading.sources[node]
        ]
    leaves = [one.origin for node in nodes for one in reading.sources[node]]
    arrange(reading, list(dict.fromkeys((*nodes, *filter(reading.is_leaf, leaves)))))
    reading.calls = {node: frames[node] for node in reading.calls}


def add_sources(reading: Reading, parts: Parts) -> None:
    """Tell ``reading`` what goes into the operations of ``parts``: at the ends, the fused one's inputs."""
    outer = {operand.position: operand for operand in reading.sources[parts.node]}
    for node in parts.nodes:
        operands = []
        for position, value in enumerate(node.inputs):
            if not isinstance(value, Node):
                continue
            entry = outer.get(parts.entries.get(value, -1))
            if entry is not None:
                operands.append(entry._replace(position=position))
            else:
                operands.append(Operand(reading.origin(value), value, position))
                reading.sources.setdefault(reading.origin(value), [])
        reading.sources[node] = operands


def shown(reading: Reading, operand: Operand) -> Node:
    """Return the node whose shape and gradient stand at the arrow."""
    return reading.origin(operand.value) if operand.value in reading.replaced else operand.value


def add_amounts(amounts: Amounts, parts: Parts) -> None:
    """Tell ``amounts`` the numbers inside ``parts``, if those around it are known."""
    amounts.values.update(parts.values)
    seed = amounts.gradients.get(parts.node)
    if parts.values and seed is not None:
        amounts.gradients.update(parts.gradients(seed))
    if parts.node in amounts.order:
        place = amounts.order.index(parts.node)
        amounts.order[place : place + 1] = reversed(parts.nodes)
