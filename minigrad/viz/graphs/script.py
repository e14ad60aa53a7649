"""What a film of a graph is made from: which operation follows which, and what is said of each.

A :class:`Script` knows nodes by their creation numbers, and nothing that would keep an array.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from minigrad.backend.devices import to_host
from minigrad.engine import Node
from minigrad.viz.graphs.amounts import Amounts
from minigrad.viz.graphs.picture import printable, shortened
from minigrad.viz.graphs.reading import Reading
from minigrad.viz.graphs.remarks import HOOKED

LONGEST = 5_000
"""Graphs of more operations have no film."""


@dataclass(frozen=True)
class Step:
    """What an operation does in a film.

    Attributes
    ----------
    number : int
        Creation number of its node.
    operation
        What explains its rule.
    into : tuple of (int, tuple of int)
        For each input that its rule gives a gradient: the position, and the creation numbers of the
        nodes that it is drawn for (two, if it is one output of several).
    inputs : tuple of str
        What each input is: the name that a person gave it, the number if it is a single one, or both,
        ``x1 = 2``.
    result, gradient : str
        The same of what comes out, and of its gradient.
    """

    number: int
    operation: Any
    into: tuple[tuple[int, tuple[int, ...]], ...]
    inputs: tuple[str, ...]
    result: str
    gradient: str


@dataclass
class Script:
    """The operations of a film, in the order in which they ran.

    Attributes
    ----------
    forward, backward : list of Step
        What computed the values, and what the gradients.
    given : set of int
        The creation numbers of what is there from the beginning.
    standing : set of int
        Those of leaves that show the ``.grad`` that they hold.
    outputs : list of int
        Those of the outputs, as often as they were given.
    ends : set of int
        Those of the outputs and of the operations behind them.
    single : bool
        Whether each output is one number.
    valued : bool
        Whether values are shown.
    complete : bool
        Whether all values and gradients are known.
    """

    forward: list[Step] = field(default_factory=list)
    backward: list[Step] = field(default_factory=list)
    given: set[int] = field(default_factory=set)
    standing: set[int] = field(default_factory=set)
    outputs: list[int] = field(default_factory=list)
    ends: set[int] = field(default_factory=set)
    single: bool = True
    valued: bool = True
    complete: bool = True


def script_of(
    outputs: Iterable[Any], names: Mapping[Any, str], reading: Reading, amounts: Amounts
) -> Script | None:
    """Return what a film of ``reading`` needs; ``None`` if it would be too long for anybody."""
    operations = [node for node in reading.nodes if not reading.is_leaf(node)]
    if len(operations) > LONGEST:
        return None
    steps = {}
    for node in operations:
        positions = set(node.plan.wanted)
        wanted = [one for one in reading.sources[node] if one.position in positions]
        into = [(one.position, tuple({one.value.number, one.origin.number})) for one in wanted]
        steps[node] = Step(
            node.number,
            node.plan.op,
            tuple(into),
            tuple(words_for(value, names, amounts) for value in node.inputs),
            words_for(node, names, amounts),
            single_number(amounts.gradients.get(node)),
        )
    recorded = [output for output in outputs if output.node is not None]
    return Script(
        list(steps.values()),
        [steps[node] for node in amounts.order if node in steps],
        {node.number for node in reading.nodes if reading.is_leaf(node)},
        {node.number for node in amounts.standing},
        [output.node.number for output in recorded],
        {n.number for one in recorded for n in (one.node, reading.origin(one.node))},
        single=all(output.numel() == 1 for output in recorded),
        valued=bool(amounts.values),
        complete=set(amounts.remarks) <= {HOOKED},
    )


def words_for(value: Any, names: Mapping[Any, str], amounts: Amounts) -> str:
    """Return what a person calls a value, and the number if it is a single one: ``x1 = 2``."""
    if not isinstance(value, Node):
        return single_number(value)
    name = one_line(names.get(value) or value.name or "")
    return " = ".join(filter(None, (name, single_number(amounts.values.get(value)))))


def one_line(name: str) -> str:
    """Return a name as it can stand in a line among others."""
    return " ".join(printable(shortened(name)).split())


def single_number(value: Any) -> str:
    """Return a number, or the only one in an array, in four digits; nothing for anything else."""
    if isinstance(value, (int, float)):
        return f"{value:.4g}"
    if value is None or isinstance(value, tuple) or value.size != 1:
        return ""
    return f"{to_host(value).item() + 0.0:.4g}"  # no -0
