"""The scalar view: every number in a box of its own, every operation a small circle, as in *micrograd*.

A box has three fields, name, value and gradient; leaves are green, what is computed on the way is white, the
outputs are red.  An operation stands in a circle before its result.  Python's numbers, which have no
gradient, stand in the circle, as in ``+ 1``.  It reads well up to some 25 operations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from minigrad.backend.devices import to_host
from minigrad.engine import Node
from minigrad.viz.graphs.amounts import Amounts
from minigrad.viz.graphs.calls import common_call
from minigrad.viz.graphs.ordering import number_boxes
from minigrad.viz.graphs.picture import Arrow, Box, Picture
from minigrad.viz.graphs.reading import Reading, numbers, place_of
from minigrad.viz.graphs.texts import (
    argument,
    argument_lines,
    describe,
    is_broken,
    operation_hint,
    order_matters,
)

SIGNS = {
    "add": "+", "sub": "−", "mul": "×", "div": "÷", "pow": "^", "neg": "−", "square": "^2", "sqrt": "√",
    "reciprocal": "1 ÷", "abs": "|·|", "matmul": "@", "sum": "Σ",
}  # fmt: skip
"""Name of an operation -> its sign; the others are called by their names."""

BINARY = ("add", "sub", "mul", "div", "pow")
"""Those whose sign stands between what they work on."""

MOST_ELEMENTS = 9
"""Up to so many elements of a tensor, all of them are shown."""


def scalar_view(
    outputs: list[Any],
    names: Mapping[Any, str],
    reading: Reading,
    amounts: Amounts,
    max_nodes: int | None,
) -> Picture:
    """Return the picture of every number that ``outputs`` were computed from.

    Parameters
    ----------
    outputs : list of Tensor
        What was computed.
    names : mapping
        A node, or where an array is (:func:`~minigrad.viz.graphs.reading.place_of`) -> its name.
    reading : Reading
        The graph behind the outputs.
    amounts : Amounts
        Values and gradients; what is missing is not shown.
    max_nodes : int or None
        How many operations and leaves may be drawn.

    Raises
    ------
    ValueError
        If there are more, or tensors of many elements.
    """
    check(reading, max_nodes)
    return ScalarView(outputs, names, reading, amounts).picture


def check(reading: Reading, max_nodes: int | None) -> None:
    """Raise if the graph is too large to show its numbers."""
    total = len(reading.nodes)
    if max_nodes is not None and total > max_nodes:
        raise ValueError(
            f"draw: view='scalar' draws every number, and there are {total:,} operations and leaves, more "
            f"than max_nodes={max_nodes}; take view='tensor' or view='modules', which fold what is too much"
        )
    for node in reading.nodes:
        shapes = node.shape if isinstance(node.dtype, tuple) else (node.shape,)
        for shape in shapes:
            if math.prod(shape) > MOST_ELEMENTS:
                what = "a leaf" if reading.is_leaf(node) else f"the result of {node.op_name!r}"
                raise ValueError(
                    f"draw: view='scalar' shows tensors of up to {MOST_ELEMENTS} elements, number by number, "
                    f"and there is {what} of shape {tuple(shape)}; take view='tensor'"
                )


class ScalarView:
    """The picture of ``outputs`` while it is being made."""

    def __init__(
        self, outputs: list[Any], names: Mapping[Any, str], reading: Reading, amounts: Amounts
    ) -> None:
        self.names = names
        self.reading = reading
        self.amounts = amounts
        self.results = dict.fromkeys(one.node for one in outputs if one.node is not None)
        self.picture = Picture()
        self.circles: dict[Node, Box] = {}
        self.records: dict[Node, Box] = {}
        for node in reading.nodes:
            if not reading.is_leaf(node):
                self.add_operation(node)
        for node in self.results:  # leaves, and single outputs of several
            self.record(node)
        for output in outputs:
            if output.node is None:
                self.add_constant(output)
        number_boxes(self.picture)

    def add_operation(self, node: Node) -> None:
        """Add the circle of an operation, what goes into it that is not there yet, and its result."""
        operands = self.reading.sources[node]
        sources = [self.record(operand.value) for operand in operands]
        circle = Box(
            "operation",
            node.op_name,
            (*argument_lines(node),),
            hint=operation_hint(node, self.reading.orders.get(node, 0)),
            frame=self.reading.calls.get(node),
            tint=self.reading.orders.get(node, 0),
            symbol=symbol(node),
            numbers=(node.number,),
        )
        self.circles[node] = circle
        self.picture.boxes.append(circle)
        numbered = order_matters(node) and len(operands) > 1
        for source, operand in zip(sources, operands, strict=True):
            number = str(operand.position + 1) if numbered else ""
            self.picture.arrows.append(Arrow(source, circle, number=number))
        if not isinstance(node.dtype, tuple):  # the outputs of several come when they are used
            self.record(node)

    def record(self, value: Node) -> Box:
        """Return the box of a value, added to the picture if it is not there yet, behind its circle."""
        known = self.records.get(value)
        if known is not None:
            return known
        leaf = self.reading.is_leaf(value)
        number, gradient = self.amounts.values.get(value), self.amounts.gradients.get(value)
        circle = None if leaf else self.circles[self.reading.origin(value)]
        box = Box(
            "leaf" if leaf else "result" if value in self.results else "value",
            self.names.get(value) or value.name or "",
            hint=describe(value.shape, value.dtype),
            frame=circle.frame if circle else common_call(self.frames_of(value)),
            value=short(number, "data"),
            gradient=short(gradient, ".grad" if value in self.amounts.standing else "grad"),
            alarm=is_broken(number) or is_broken(gradient),
            tint=circle.tint if circle else 0,
            numbers=(value.number, self.reading.origin(value).number),
        )
        self.records[value] = box
        self.picture.boxes.append(box)
        if circle is not None:
            self.picture.arrows.append(Arrow(circle, box))
        return box

    def frames_of(self, leaf: Node) -> list[Any]:
        """Return the module calls in which a leaf is used; ``None`` for data, which belong to none."""
        users = self.reading.users.get(leaf, [])
        if leaf in self.reading.data or not users:
            return [None]
        return [self.reading.calls.get(user) for user in users]

    def add_constant(self, output: Any) -> None:
        """Add the box of an output that nothing was recorded for."""
        box = Box(
            "leaf",
            self.names.get(place_of(output.array), ""),
            hint=describe(output.shape, output.dtype),
            value=short(output.array, "data"),
            alarm=is_broken(output.array),
        )
        self.picture.boxes.append(box)


# Texts --------------------------------------------------------------------------------------------


def symbol(node: Node) -> str:
    """Return what stands in the circle of an operation: its sign or name, and Python's numbers."""
    sign = SIGNS.get(node.op_name, node.op_name)
    known = numbers(node)
    if node.op_name in BINARY and known:
        ((position, number),) = known.items()
        parts = (f"{number:g}", sign) if position == 0 else (sign, f"{number:g}")
        return ("" if node.op_name == "pow" else " ").join(parts)
    if node.op_name == "getitem":
        return f"[{argument(node.params.get('index'))}]"
    between = "" if known else "\n"  # maximum(·, 0)
    return (sign + between + "\n".join(argument_lines(node))).rstrip()


def short(array: Any, what: str) -> str:
    """Return the numbers of a small array, ``data 3.142``, four digits each; nothing for ``None``."""
    return "" if array is None else f"{what} {nested(to_host(array).tolist())}"


def nested(values: Any) -> str:
    """Return a number, or a list of lists of numbers, in brackets."""
    if not isinstance(values, list):
        return f"{values + 0.0:.4g}" if isinstance(values, float) else str(values)  # no -0
    return f"[{', '.join(map(nested, values))}]"
