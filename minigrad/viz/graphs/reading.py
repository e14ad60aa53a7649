"""What a picture is made from: the recorded nodes, oldest first, what goes into them, and which are data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from minigrad.backend.devices import is_array
from minigrad.engine import GRADIENT, Node
from minigrad.nn.parameter import Parameter
from minigrad.versions import memory_of
from minigrad.viz.graphs.calls import Call, find_calls, is_derivative

LET_GO = ("target", "index", "condition")
"""Keywords whose names tell what they were, once backward has let go of their arrays."""


@dataclass
class Reading:
    """The graph behind some outputs, as far as it is drawn.

    Attributes
    ----------
    nodes : list of Node
        Operations, oldest first, and each leaf before the first operation it goes into.
    calls : dict
        Node of an operation -> the innermost module call it was recorded in, or ``None``.
    users : dict
        Node of a leaf -> the operations it goes into, oldest first.
    weights : set of Node
        Parameters, and what was computed from parameters alone, like a transposed weight.
    data : set of Node
        Leaves that the model is shown and does not learn, like the data matrix; drawn as inputs.
    starts : set of Node
        Leaves that stand before their operation, as a line of computation begins with them: data, and
        the first argument of a function of parameters alone.  All others stand beside it.
    sources : dict
        Node -> the :class:`Operand` of each input that is no Python number; of a leaf, none.
    cuts : dict
        Node of a tensor that counts as data (``inputs=`` of ``draw``) -> its array.  It is a leaf here,
        whatever it was computed from.
    places : dict
        Where the arrays of all those tensors are (:func:`place_of`) -> these arrays.
    orders : dict
        Node -> of which order the derivative is that it belongs to, if a sweep recorded it.
    replaced : dict
        Fused operation that was taken apart -> the last of the operations drawn instead.
    recorded : dict
        Operation drawn instead of a fused one -> that one, which was recorded.
    """

    nodes: list[Node] = field(default_factory=list)
    calls: dict[Node, Call | None] = field(default_factory=dict)
    users: dict[Node, list[Node]] = field(default_factory=dict)
    weights: set[Node] = field(default_factory=set)
    data: set[Node] = field(default_factory=set)
    starts: set[Node] = field(default_factory=set)
    sources: dict[Node, list[Operand]] = field(default_factory=dict)
    cuts: dict[Node, Any] = field(default_factory=dict)
    places: dict[tuple[int, int, int], Any] = field(default_factory=dict)
    orders: dict[Node, int] = field(default_factory=dict)
    replaced: dict[Node, Node] = field(default_factory=dict)
    recorded: dict[Node, Node] = field(default_factory=dict)

    def is_leaf(self, node: Node) -> bool:
        """Tell whether nothing that ``node`` was computed from is drawn."""
        return has_no_history(node) or node in self.cuts

    def origin(self, value: Node) -> Node:
        """Return the operation or leaf that is drawn for ``value``."""
        if value in self.cuts:
            return value
        node = maker(value)
        while node in self.replaced:
            node = self.replaced[node]
        return node

    def operations(self) -> list[Node]:
        """Return the operations that were recorded, fused ones whole, oldest first."""
        drawn = (node for node in self.nodes if not self.is_leaf(node))
        return list(dict.fromkeys(self.recorded.get(node, node) for node in drawn))


class Operand(NamedTuple):
    """What goes into an operation.

    Attributes
    ----------
    origin : Node
        The node that is drawn.
    value : Node
        The one with the shape: the same, or one output of several.
    position : int
        Which input it is.
    """

    origin: Node
    value: Node
    position: int


def has_no_history(node: Node) -> bool:
    """Tell whether no operation made ``node``, whatever is drawn of it."""
    return node.plan.kind == "leaf"


def maker(node: Node) -> Node:
    """Return the operation behind ``node``: itself, unless it is one output of several."""
    return node.inputs[0] if node.plan.kind == "item" else node  # type: ignore[return-value]


def numbers(node: Node) -> dict[int, Any]:
    """Return the Python numbers among the inputs of ``node``, by position."""
    return {
        position: value
        for position, value in enumerate(node.inputs)
        if value is not None and not isinstance(value, Node)
    }


def is_parameter(leaf: Node) -> bool:
    """Tell whether a leaf is a module's parameter, which it is even while it is frozen."""
    return isinstance(leaf.owner() if leaf.owner is not None else None, Parameter)


def place_of(array: Any) -> tuple[int, int, int]:
    """Return where in memory ``array`` is: the same for a view of all of it, as layers make them."""
    interface = getattr(array, "__array_interface__", None)
    interface = interface or getattr(array, "__cuda_array_interface__", None)
    start = interface["data"][0] if interface else 0
    return id(memory_of(array)), start, array.size


def read(roots: Iterable[Node], data: Iterable[Any] = ()) -> Reading:
    """Return the graph from which ``roots`` were computed.

    A loop and not a recursion: a graph can be a million nodes deep.

    Parameters
    ----------
    roots : iterable of Node
        The outputs.
    data : iterable of Tensor
        Where to stop: what led to these is not drawn.
    """
    reading = Reading()
    reading.places = {place_of(tensor.array): tensor.array for tensor in data}
    computed = {tensor.node: tensor.array for tensor in data if tensor.node is not None}
    for root in roots:
        reading.sources[stop_at(reading, root, computed)] = []
    nodes = list(reading.sources)
    for node in nodes:  # grows while it is walked
        for position, value in enumerate(() if reading.is_leaf(node) else node.inputs):
            if not isinstance(value, Node):  # a Python number, or nothing
                continue
            source = stop_at(reading, value, computed)
            reading.sources[node].append(Operand(source, value, position))
            if source not in reading.sources:
                reading.sources[source] = []
                nodes.append(source)
    arrange(reading, sorted(nodes, key=attrgetter("number")))
    return reading


def stop_at(reading: Reading, value: Node, computed: dict[Node, Any]) -> Node:
    """Return the node that is drawn for ``value``, and note it if it counts as data."""
    array = computed.get(value)
    if array is None and reading.places and has_no_history(value):
        tensor = value.owner() if value.owner is not None else None
        array = None if tensor is None else reading.places.get(place_of(tensor.array))
    if array is not None:
        reading.cuts[value] = array
    return reading.origin(value)


def arrange(reading: Reading, nodes: list[Node]) -> None:
    """Fill in everything that follows from the sources of ``nodes``, which come oldest first."""
    reading.nodes.clear()
    for part in (reading.users, reading.weights, reading.data, reading.starts, reading.orders):
        part.clear()
    placed: set[Node] = set()
    for node in nodes:
        # A leaf is put before its first user, wherever it comes from: weights are older than the data.
        if not reading.is_leaf(node):
            sources = dict.fromkeys(operand.origin for operand in reading.sources[node])
            for leaf in filter(reading.is_leaf, sources):
                place(reading, leaf, placed)
                reading.users.setdefault(leaf, []).append(node)
            find_data(reading, node, sources)
            place(reading, node, placed)
    for node in nodes:
        place(reading, node, placed)  # outputs that are leaves
    reading.data.update(reading.cuts)
    reading.starts.update(reading.data)
    operations = [node for node in reading.nodes if not reading.is_leaf(node)]
    reading.calls = find_calls(operations)
    for node in operations:
        if order := node.scope.count(GRADIENT):
            reading.orders[node] = order


def place(reading: Reading, node: Node, placed: set[Node]) -> None:
    """Add ``node`` to the nodes that are read, unless it is there."""
    if node not in placed:
        placed.add(node)
        reading.nodes.append(node)
        if has_no_history(node) and node not in reading.cuts:
            if node.requires_grad or is_parameter(node):
                reading.weights.add(node)


def find_data(reading: Reading, node: Node, sources: Iterable[Node]) -> None:
    """Find out which of its ``sources`` ``node`` works on, and whether it is but a weight itself."""
    given = [
        source
        for source in sources
        if source not in reading.weights and not (has_no_history(source) and is_derivative(source))
    ]
    if all(map(reading.is_leaf, given)):  # nothing computed from data goes in: they are data
        reading.data.update(given)
    if given or is_lookup(node, sources):
        return
    reading.weights.add(node)
    first = next(iter(sources), None)
    # A function of parameters alone works on the first one, unless that has its place already.
    if first is not None and all(map(has_no_history, sources)) and reading.users[first] == [node]:
        reading.starts.add(first)


# Arrays without a derivative ----------------------------------------------------------------------


def keyword_arrays(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield keyword and array for those of whole numbers and truth values: targets, indices, masks.

    Arrays of real numbers are by-products of the operation (the moments of batch norm).  A released
    node has let go of its arrays; of those, the ones whose names tell what they were are ``None``.
    """
    for keyword, value in node.params.items():
        for part in value if isinstance(value, tuple) else (value,):
            if is_array(part) and part.ndim and part.dtype.kind in "iub":
                yield keyword, part
    if node.released:
        for keyword in getattr(node.plan.op, "defaults", ()):
            if keyword in LET_GO and keyword not in node.params:
                yield keyword, None


def is_lookup(node: Node, sources: Iterable[Node]) -> bool:
    """Tell whether ``node`` picks from a leaf by an array of whole numbers, as an embedding does."""
    return all(map(has_no_history, sources)) and any(
        keyword == "index" and (array is None or array.dtype.kind in "iu")
        for keyword, array in keyword_arrays(node)
    )


def role_of(reading: Reading, node: Node, keyword: str, array: Any) -> str:
    """Return what an array without a derivative is: ``"target"``, ``"input"`` or ``"constant"``.

    It is an input if a person says so, or if parameters are all it is applied to: so are words to a table
    of vectors.
    """
    place = None if array is None else place_of(array)
    if keyword == "target" or place in target_places(reading.recorded.get(node)):
        return "target"
    given = bool(reading.places) and place in reading.places
    sources = [operand.origin for operand in reading.sources[node]]
    of_weights = reading.weights.issuperset(sources) and is_lookup(node, sources)
    return "input" if given or (keyword == "index" and of_weights) else "constant"


def target_places(node: Node | None) -> list[Any]:
    """Return where the targets of a loss are that was taken apart."""
    targets = () if node is None else (node.params.get("target"),)
    return [place_of(target) for target in targets if is_array(target)]
