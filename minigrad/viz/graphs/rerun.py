"""A graph, computed again as far as a picture needs it, on a record of its own.

A graph keeps little: what the derivatives need, and after ``backward()`` not even that.  The rest is
computed again: from the values that are still there the operations run once more, oldest first, and what
they record is swept instead of the graph itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

from minigrad.autograd.function import Context
from minigrad.engine import LEAF, NO_PARAMS, Node, Plan, new_node, wrap
from minigrad.nn.hooks import BackwardHook
from minigrad.versions import last_written
from minigrad.viz.graphs.reading import Reading


class Rerun:
    """A graph, computed again.

    Attributes
    ----------
    nodes : list of Node
        The nodes of the graph, oldest first.
    values : dict
        Node -> its value, if it is known.
    written : set of Node
        Nodes whose result was written in place since.
    intact : set of Node
        Nodes that still have all that their rules name, as it was.
    copies : dict
        Node -> its counterpart in the fresh record; has no hooks and no owner.
    failed : set of Node
        Operations that had to run again, and could not.
    lost : set of Node
        Those of them whose rules cannot be run either: what they saved is gone for good.
    """

    def __init__(
        self,
        outputs: Iterable[Any],
        reading: Reading,
        *,
        held: Iterable[Any] = (),
        wanted: Iterable[Node] | None = None,
        recorded: bool = True,
    ) -> None:
        """Run again what has to be.

        Parameters
        ----------
        outputs : iterable of Tensor
            What was computed.
        reading : Reading
            The graph behind them.
        held : iterable of Tensor
            Other tensors that are at hand: their values need not be computed.
        wanted : iterable of Node, optional
            The nodes whose values are to be found; ``None``: all.
        recorded : bool
            Whether there is to be a record that can be swept.
        """
        outputs = list(outputs)
        self.reading = reading
        self.nodes = all_nodes(outputs, reading)
        self.intact = {node for node in self.nodes if is_intact(node)}
        self.values: dict[Node, Any] = dict(reading.cuts)
        self.written: set[Node] = set()
        self.copies: dict[Node, Node] = {}
        self.failed: set[Node] = set()
        self.lost: set[Node] = set()
        self.recorded = recorded
        self.find_held((*outputs, *held))
        self.running = self.to_run(self.nodes if wanted is None else wanted)
        for node in self.nodes:
            self.repeat(node)

    def has_rule(self, node: Node) -> bool:
        """Tell whether ``node`` is an operation whose rule could be run."""
        return not (self.reading.is_leaf(node) or node.plan.kind == "item" or node in self.lost)

    def find_held(self, tensors: Iterable[Any]) -> None:
        """Find the values that are still held: by tensors, by the leaves, by what nodes saved."""
        there = set(self.nodes)
        for tensor in tensors:
            if tensor.node in there:
                self.hold(tensor.node, tensor.array, tensor.node.number)
        for node in self.nodes:
            owner = owner_of(node)
            if owner is not None:
                self.values[node] = owner.array
        for node in self.nodes:
            for source, value in saved_by(node):
                self.hold(source, value, node.number)

    def hold(self, node: Any, value: Any, number: int) -> None:
        """Take ``value``, which was seen at ``number`` on the clock, for that of ``node``, if it still is."""
        if not isinstance(node, Node):
            return
        if written_since(value, number):
            self.written.add(node)
        else:
            self.values.setdefault(node, value)

    def to_run(self, wanted: Iterable[Node]) -> set[Node]:
        """Return the operations that have to run again: for their values, or for a record of them."""
        needed, running = set(wanted), set()
        for node in reversed(self.nodes):
            if self.reading.is_leaf(node):
                continue
            passing = node.plan.kind == "item" or is_gate(node)
            again = self.recorded and not passing and node not in self.intact
            if again or (node in needed and node not in self.values):
                running.add(node)
                needed.update(source for source in node.inputs if isinstance(source, Node))
        return running

    def repeat(self, node: Node) -> None:
        """Find the value of ``node``, and its copy, from those of its inputs."""
        if self.reading.is_leaf(node):
            self.copies[node] = leaf_like(node)
        elif node.plan.kind == "item":
            self.pick(node)
        elif is_gate(node):
            self.pass_through(node)
        elif node not in self.running or not self.run(node):
            if node in self.intact:
                self.copy(node, node.plan, node.saved)
            else:
                self.copies[node] = leaf_like(node)

    def pick(self, node: Node) -> None:
        """Do :meth:`repeat` for one output of several."""
        (source,) = node.inputs
        if source in self.values and node not in self.written:
            self.values.setdefault(node, self.values[source][node.saved[0]])
        self.copy(node, node.plan, node.saved)

    def pass_through(self, node: Node) -> None:
        """Do :meth:`repeat` for a gate: its values and gradients pass as they are, past the hooks."""
        values = tuple(self.values.get(source) for source in node.inputs[1:])
        if all(value is not None for value in values):
            self.values.setdefault(node, values)
        self.copy(node, Plan(node.plan.op, node.plan.needs, joint=(hand_on, ())), ())

    def copy(self, node: Node, plan: Plan, saved: Any) -> None:
        """Give ``node`` a copy that has saved the same."""
        inputs = tuple(self.copies.get(source) for source in node.inputs)
        self.copies[node] = new_node(plan, inputs, saved, node.params, node.shape, node.dtype, ())

    def run(self, node: Node) -> bool:
        """Run the operation of ``node`` again, recorded if that is wanted; tell whether it could be."""
        result = self.computed(node)
        if result is None:
            self.failed.add(node)
            if node not in self.intact:
                self.lost.add(node)
            return False
        several = isinstance(result, tuple)
        if node not in self.written:
            value = tuple(part.array for part in result) if several else result.array
            self.values.setdefault(node, value)
        made = result[0].node and result[0].node.inputs[0] if several else result.node
        self.copies[node] = made or leaf_like(node)
        return True

    def computed(self, node: Node) -> Any:
        """Return what the operation of ``node`` makes of its inputs; ``None`` if that cannot be known."""
        inputs = [self.as_input(source, node) for source in node.inputs]
        unknown = any(
            given is None and source is not None
            for given, source in zip(inputs, node.inputs, strict=True)
        )
        if unknown or not has_forward(node) or not has_keywords(node):
            return None
        try:
            return node.plan.op(*inputs, **node.params)
        except Exception:  # a person's operation; what it cannot compute is not shown
            return None

    def as_input(self, source: Any, user: Node) -> Any:
        """Return the tensor that ``user`` computed with, a number as it is; ``None`` if it is not known."""
        if not isinstance(source, Node):
            return source
        value = self.values.get(source)
        if value is None or written_since(value, user.number):
            return None
        return wrap(value, self.copies.get(source))


# What nodes are -----------------------------------------------------------------------------------


def all_nodes(outputs: Iterable[Any], reading: Reading) -> list[Node]:
    """Return the nodes of ``reading`` and those of single outputs of several, oldest first."""
    nodes = dict.fromkeys(reading.nodes)
    nodes.update((output.node, None) for output in outputs if output.node is not None)
    nodes.update(
        (source, None)
        for node in reading.nodes
        if not reading.is_leaf(node)
        for source in node.inputs
        if isinstance(source, Node)
    )
    return sorted(nodes, key=attrgetter("number"))


def owner_of(node: Node) -> Any:
    """Return the tensor of a leaf, ``None`` if nobody holds it any more or it is no leaf."""
    return node.owner() if node.owner is not None else None


def saved_by(node: Node) -> Iterator[tuple[Node | None, Any]]:
    """Yield what ``node`` saved, and of which node it is the value, if it is the whole value of one."""
    for value, source in zip(node.saved_values, node.plan.sources, strict=False):
        if isinstance(value, Context):
            for array, origin in filter(None, value._saved):
                yield (origin if isinstance(origin, Node) else None), array
        elif isinstance(source, slice):  # all inputs of an operation that takes any number
            yield from zip(node.inputs, value, strict=True)
        elif isinstance(source, int):
            yield node.inputs[source], value
        elif source is not None:
            yield (node if source == "out" else None), value


def written_since(value: Any, number: int) -> bool:
    """Tell whether an array, or one of several, was written after ``number`` on the clock."""
    parts = value if isinstance(value, tuple) else (value,)
    return any(last_written(part) > number for part in parts)


def is_intact(node: Node) -> bool:
    """Tell whether ``node`` still has all that its rules name, as it was."""
    return not node.released and not any(
        written_since(value, node.number) for _, value in saved_by(node)
    )


def has_forward(node: Node) -> bool:
    """Tell whether the operation can run again; what a ``Function`` was called with is not kept."""
    return hasattr(node.plan.op, "forward")


def has_keywords(node: Node) -> bool:
    """Tell whether ``node`` has all its keyword arguments, as they were; a released one lacks arrays."""
    return all(
        name in node.params and not written_since(node.params[name], node.number)
        for name in node.plan.op.defaults
    )


def leaf_like(node: Node) -> Node:
    """Return a node at which the sweep stops."""
    leaf = new_node(LEAF, (), (), NO_PARAMS, node.shape, node.dtype, ())
    leaf.requires_grad = node.requires_grad
    return leaf


def is_gate(node: Node) -> bool:
    """Tell whether ``node`` hands tensors on and calls a module's hooks with their gradients."""
    return node.plan.op is not None and node.op_name == BackwardHook.__name__


def hand_on(xp: Any, gradients: Any, needs: Any) -> tuple[Any, ...]:
    """Hand the gradients of the outputs of a gate on to its inputs; the first one is its function."""
    return (None, *gradients)
