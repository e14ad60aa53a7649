"""Blocks that follow each other and are alike: found, so that one box can stand for all of them.

The layers of a network, the steps of a recurrence and the rounds of a loop are *items* in a row: module
calls, or single operations.  Two items are alike if they computed the same operations on the same shapes.
A *run* is a row of items that begins again after every ``period``, at least twice, where each block
works on what the one before it computed, and all take everything else from where the second one does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from minigrad.engine import Node
from minigrad.viz.graphs.calls import Call
from minigrad.viz.graphs.picture import shortened
from minigrad.viz.graphs.reading import Reading

LONGEST_BLOCK = 64
"""How many items a block may have."""

PERIODS_TRIED = 4
"""How many periods are tried at each place."""


@dataclass(frozen=True, eq=False)
class Repeat:
    """Blocks that are alike, one after the other.

    Attributes
    ----------
    kinds : tuple of str
        What one block consists of: classes of modules and names of operations.
    count : int
        How many blocks there are.
    around : tuple of Call
        The module calls around all of them, outermost first.
    ends : tuple of str
        What the first and the last item call themselves.
    """

    kinds: tuple[str, ...]
    count: int
    around: tuple[Call, ...]
    ends: tuple[str, str]

    @property
    def title(self) -> str:
        """``Linear → ReLU × 4``, with spaces where a line may end."""
        return " → ".join(self.kinds).replace(" →", "\u00a0→") + f"\u00a0×\u00a0{self.count:,}"


@dataclass(eq=False)
class Item:
    """One thing in a row: a module call, or an operation outside of the modules of this row.

    Attributes
    ----------
    figure : Call or Node
        What it is.
    nodes : list of Node
        The operations in it.
    sketch : object
        The same for items that are alike.
    links : tuple
        Where the values come from that it did not compute itself.
    owns : bool
        Whether parameters go into it.
    """

    figure: Any
    nodes: list[Node] = field(default_factory=list)
    sketch: Any = None
    links: tuple[Any, ...] = ()
    owns: bool = False

    @property
    def name(self) -> str:
        """What the call or the operation is called."""
        return self.figure.name if isinstance(self.figure, Call) else self.figure.op_name

    @property
    def kind(self) -> str:
        """The same without what it is called in its parent: ``Linear`` of ``0: Linear``."""
        return self.name.rpartition(": ")[2]


def find_repeats(reading: Reading, figures: dict[Node, Any]) -> dict[Node, Repeat]:
    """Return which :class:`Repeat` stands for a node, for all nodes in runs.

    Rows are searched from the outermost inwards: what is in a run is not looked into, nor is a module that
    ``figures`` closes.
    """
    found: dict[Node, Repeat] = {}
    rows: list[tuple[tuple[Call, ...], list[Node]]] = [((), list(reading.calls))]
    for around, nodes in rows:  # grows while it is walked
        items = row_of(reading, nodes, len(around))
        sketch_items(reading, items)
        place = 0
        for start, period, count in runs(items):
            rows += insides(items[place:start], around, figures)
            place = start + period * count
            repeat = Repeat(
                tuple(shortened(item.kind) for item in items[start : start + period]),
                count,
                around,
                (items[start].name, items[place - 1].name),
            )
            found.update((node, repeat) for item in items[start:place] for node in item.nodes)
        rows += insides(items[place:], around, figures)
    return found


def row_of(reading: Reading, nodes: list[Node], depth: int) -> list[Item]:
    """Return the items of which ``nodes``, all in the same ``depth`` modules, consist."""
    items: list[Item] = []
    for node in nodes:
        call = reading.calls[node]
        figure = call.path[depth] if call is not None and len(call.path) > depth else node
        if not items or items[-1].figure is not figure:
            items.append(Item(figure))
        items[-1].nodes.append(node)
    return items


def insides(
    items: list[Item], around: tuple[Call, ...], figures: dict[Node, Any]
) -> Iterator[tuple[tuple[Call, ...], list[Node]]]:
    """Yield the rows inside the open module calls among ``items``."""
    for item in items:
        if isinstance(item.figure, Call) and figures[item.nodes[0]] is not item.figure:
            yield item.figure.path, item.nodes


def sketch_items(reading: Reading, items: list[Item]) -> None:
    """Fill in what each item looks like, and what it works on."""
    home = {node: place for place, item in enumerate(items) for node in item.nodes}
    for place, item in enumerate(items):
        inside = {node: number for number, node in enumerate(item.nodes)}
        sketch: list[Any] = []
        links: list[Any] = []
        for node in item.nodes:
            sketch += (node.op_name, node.shape, node.dtype)
            for operand in reading.sources[node]:
                source = operand.origin
                if source in inside:
                    sketch.append(inside[source])
                    continue
                sketch += (source in reading.weights, operand.value.shape)
                if source in home:
                    links.append(place - home[source])
                elif all(home.get(user) == place for user in reading.users.get(source, (source,))):
                    links.append(None)  # a leaf of its own
                    item.owns |= source in reading.weights
                else:
                    links.append(source)
                    item.owns |= source in reading.weights
        item.sketch, item.links = tuple(sketch), tuple(links)


def runs(items: list[Item]) -> Iterator[tuple[int, int, int]]:
    """Yield start, period and count of each run, in order."""
    numbers: dict[Any, int] = {}  # of sketches: comparing long ones again and again would take time
    looks = [numbers.setdefault(item.sketch, len(numbers)) for item in items]
    following = next_alike(looks)
    place = 0
    while place < len(items):
        best = (0, 0, 0)
        candidate = place
        for _ in range(PERIODS_TRIED):
            candidate = following[candidate]
            period = candidate - place
            if not 0 < period <= LONGEST_BLOCK:
                break
            end = end_of_run(items, looks, place, period)
            count = (end - place) // period
            if count * period > best[1] * best[2] and is_worth_it(items, place, period, count):
                best = (end, period, count)
        end, period, count = best
        if not count:
            place += 1
            continue
        spare = range(place, end - period * count + 1)  # where the first block can begin
        start = next((one for one in spare if items[one].owns), place)
        yield start, period, count
        place = start + period * count


def next_alike(looks: list[int]) -> list[int]:
    """Return for each place the next one that looks the same; -1 if there is none."""
    following = [-1] * (len(looks) + 1)
    seen: dict[int, int] = {}
    for place in range(len(looks) - 1, -1, -1):
        following[place] = seen.get(looks[place], -1)
        seen[looks[place]] = place
    return following


def end_of_run(items: list[Item], looks: list[int], start: int, period: int) -> int:
    """Return the place up to which items repeat those ``period`` places before."""
    place = start + period
    while place < len(items) and looks[place] == looks[place - period]:
        if not continues(items, start, period, place):
            break
        place += 1
    return place


def continues(items: list[Item], start: int, period: int, place: int) -> bool:
    """Tell whether an item takes its values from where the one before it did, ``period`` places ago.

    Only the first block takes from before the run what the second one takes from the first.
    """
    links, before = items[place].links, items[place - period].links
    if links == before:
        return True
    if place >= start + 2 * period:
        return False
    return all(
        link == other
        or (type(link) is int and place - link >= start)
        and not (type(other) is int and place - period - other >= start)
        for link, other in zip(links, before, strict=True)
    )


def is_worth_it(items: list[Item], start: int, period: int, count: int) -> bool:
    """Tell whether to fold a run: two single items are drawn, and so is what does not make a chain."""
    if count < 2 or (count == 2 and period == 1):
        return False
    second = items[start + period : start + 2 * period]
    return any(
        type(link) is int and place < link <= place + period
        for place, item in enumerate(second)
        for link in item.links
    )
