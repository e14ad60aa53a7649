"""The tensor view and the modules view: operations, modules, and of the tensors those with a name.

Results in between have no box; their shape stands at the arrow.  That halves the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Any

from minigrad.engine import Node
from minigrad.viz.graphs.amounts import Amounts
from minigrad.viz.graphs.calls import Call, common_call
from minigrad.viz.graphs.folding import Figure, Folding, is_own
from minigrad.viz.graphs.kept import kept_caption, kept_lines
from minigrad.viz.graphs.ordering import number_boxes
from minigrad.viz.graphs.picture import Arrow, Box, Picture, shortened
from minigrad.viz.graphs.reading import (
    Operand,
    Reading,
    has_no_history,
    is_parameter,
    keyword_arrays,
    place_of,
    role_of,
)
from minigrad.viz.graphs.repeats import Repeat
from minigrad.viz.graphs.texts import (
    argument_lines,
    counted,
    describe,
    flow,
    is_broken,
    is_loss,
    operation_hint,
    order_matters,
    role,
    size,
    size_together,
)

ARROWS_FROM_ONE = 8
"""How many arrows leave one box; its other users name it.  A hundred long arrows take minutes to lay out."""

ARROWS_FROM_BESIDE = 2
"""How many arrows leave what stands beside its operation, and only inside its frame."""

MOST_ARRAYS = 3
"""How many indices or targets of a closed module have a box each; if there are more, they have one."""

TITLE_WIDTH = 30
"""How many letters of what is repeated stand on a line."""

FOLDED = ("module", "repeat", "rest")
"""The kinds of boxes that stand for many nodes."""


def tensor_view(
    outputs: list[Any],
    names: Mapping[Any, str],
    reading: Reading,
    folding: Folding,
    amounts: Amounts,
    saved: bool = False,
    values: bool = True,
) -> Picture:
    """Return the picture of how ``outputs`` were computed.

    Parameters
    ----------
    outputs : list of Tensor
        What was computed.
    names : mapping
        A node, or where an array is (:func:`~minigrad.viz.graphs.reading.place_of`) -> its name.
    reading : Reading
        The graph behind them.
    folding : Folding
        What is drawn for each node of it.
    amounts : Amounts
        Values and gradients, those that are to be shown.
    saved : bool
        Whether to say what is kept for backward.
    values : bool
        Whether to show the value of an output that nothing was recorded of.
    """
    return TensorView(outputs, names, reading, folding, amounts, saved, values).picture


class TensorView:
    """The picture of ``outputs`` while it is being made."""

    def __init__(
        self,
        outputs: list[Any],
        names: Mapping[Any, str],
        reading: Reading,
        folding: Folding,
        amounts: Amounts,
        saved: bool,
        values: bool,
    ) -> None:
        self.names = names
        self.reading = reading
        self.figures = folding.figures
        self.values, self.gradients = amounts.values, amounts.gradients
        self.standing = amounts.standing
        self.saved, self.valued = saved, values
        captions = (folding.caption, kept_caption(reading) if saved else "")
        self.picture = Picture(caption="\n".join(filter(None, captions)))
        self.boxes: dict[Figure, Box] = {}
        self.array_boxes: dict[tuple[int, int, int], Box] = {}
        self.arrays_into: dict[Figure, list[Box]] = {}
        self.merged: set[tuple[Box, Box]] = set()
        self.leaving: dict[Box, int] = {}
        self.labelled: set[Node] = set()
        self.add_figures()
        self.place_beside()
        self.place_leaves()
        self.add_arrows()
        for place, output in enumerate(outputs):
            self.add_output(output, f" {place}" if len(outputs) > 1 else "")
        number_boxes(self.picture)

    def add(self, box: Box) -> Box:
        """Add a box to the picture; return it."""
        self.picture.boxes.append(box)
        return box

    def name_of(self, node: Node) -> str:
        """Return the name a person gave to the result of ``node``, or nothing."""
        return self.names.get(node) or node.name or ""

    # Boxes ----------------------------------------------------------------------------------------

    def add_figures(self) -> None:
        """Add a box for each figure, oldest first."""
        members: dict[Figure, list[Node]] = {}
        for node, figure in self.figures.items():
            members.setdefault(figure, []).append(node)
        for figure, nodes in members.items():
            if isinstance(figure, str):
                box = rest_box(self.reading, nodes)
            elif isinstance(figure, (Call, Repeat)):
                box = self.folded_box(figure, nodes)
            elif self.reading.is_leaf(figure):
                box = self.leaf_box(figure)
            else:
                box = self.operation_box(figure)
            operations = [node for node in nodes if not self.reading.is_leaf(node)]
            if box.kind != "rest":
                self.arrays_into[figure] = self.add_keyword_arrays(operations, box)
            box.numbers = tuple(node.number for node in operations or nodes)
            self.boxes[figure] = self.add(box)

    def leaf_box(self, node: Node) -> Box:
        """Return the box of a leaf; :meth:`place_leaves` finds where it stands."""
        users = self.reading.users.get(node, [])
        if node in self.reading.weights:
            kind = "parameter"
        elif node in self.reading.data:
            kind = "input"
        else:
            kind = "target" if users and is_loss(users[0].op_name) else "constant"
        title = self.name_of(node) or role(node, users) or kind
        text = describe(node.shape, node.dtype)
        if kind == "parameter" and not node.requires_grad:
            text += ", frozen"
        return self.sized(Box(kind, title, (text,)), node)

    def operation_box(self, node: Node) -> Box:
        """Return the box of an operation."""
        order = self.reading.orders.get(node, 0)
        call = self.reading.calls[node]
        details = argument_lines(node)
        if self.saved:
            self.tell_kept(node, call, details)
        return Box(
            "operation",
            node.op_name,
            (*details,),
            operation_hint(node, order),
            call,
            alarm=self.is_alarming(node),
            tint=order,
        )

    def tell_kept(self, node: Node, call: Call | None, details: list[str]) -> None:
        """Say what ``node`` keeps: if a fused operation was taken apart, at its frame, as it keeps that."""
        fused = self.reading.recorded.get(node)
        if fused is None:
            details += kept_lines([node])
        elif call is not None:
            frame = next(one for one in call.path if one.operation)
            self.picture.notes[frame] = "\n".join(kept_lines([fused]))

    def folded_box(self, figure: Call | Repeat, nodes: list[Node]) -> Box:
        """Return the box of a closed module, or of blocks alike: how much is in it."""
        drawn = [node for node in nodes if not self.reading.is_leaf(node)]
        operations = list(dict.fromkeys(self.reading.recorded.get(node, node) for node in drawn))
        parameters = self.parameters_of(drawn, figure)
        details = [counted(sum(math.prod(one.shape) for one in parameters), "parameter")]
        told = len(figure.kinds) * figure.count if isinstance(figure, Repeat) else 1
        if len(operations) > told:
            details.append(counted(len(operations), "operation"))
        if self.saved:
            details += kept_lines(operations)
        frame = figure.around[-1] if figure.around else None
        path = [shortened(call.name) for call in figure.around]
        if isinstance(figure, Repeat):
            kind, title = "repeat", fill(figure.title, TITLE_WIDTH)
            if any(len(self.reading.users[one]) >= figure.count for one in parameters):
                details[0] += ", shared"
            path.append(" to ".join(map(shortened, figure.ends)))
        else:
            kind, title = "module", figure.name
            path.append(shortened(figure.name))
        hint = [" / ".join(path), counted(len(operations), "operation")]
        return Box(
            kind,
            title,
            (*filter(None, details),),
            "\n".join(hint),
            frame,
            gradient=size_together(
                [self.gradients.get(one) for one in parameters],
                ".grad" if self.standing.intersection(parameters) else "grad",
            ),
            alarm=any(map(self.is_alarming, (*nodes, *parameters))),
            tint=max((self.reading.orders.get(node, 0) for node in drawn), default=0),
        )

    def parameters_of(self, operations: Iterable[Node], figure: Figure) -> list[Node]:
        """Return the parameters that go into ``operations``, those that others use too included."""
        sources = (one.origin for node in operations for one in self.reading.sources[node])
        leaves = filter(self.reading.is_leaf, dict.fromkeys(sources))
        return [leaf for leaf in leaves if is_own(self.reading, leaf, figure)]

    def add_keyword_arrays(self, operations: list[Node], box: Box) -> list[Box]:
        """Add and return what went in without a derivative: the classes of a loss, an index, a mask.

        Into a closed module go data and what a person has named; the rest is made inside it.
        """
        found: dict[Any, tuple[str, str, Any]] = {}
        for node in operations:
            for keyword, array in keyword_arrays(node):
                kind = role_of(self.reading, node, keyword, array)
                place = None if array is None else place_of(array)
                if kind != "constant" or box.kind == "operation" or place in self.names:
                    found.setdefault(place or (node, keyword), (kind, keyword, array))
        if len(found) > MOST_ARRAYS and box.kind in FOLDED:
            kind, keyword, _ = next(iter(found.values()))
            return [self.add(Box(kind, keyword, (counted(len(found), "array"),)))]
        return [self.array_box(place, *one, box) for place, one in found.items()]

    def array_box(self, place: Any, kind: str, keyword: str, array: Any, user: Box) -> Box:
        """Return the box of an array without a derivative, new unless it is data that is there."""
        if place in self.array_boxes:
            return self.array_boxes[place]
        title, text = keyword, "released"
        if array is not None:
            title = self.names.get(place, keyword)
            text = describe(array.shape, array.dtype)
        box = self.add(Box(kind, title, (text,)))
        if kind == "input":
            self.array_boxes[place] = box
        else:
            box.frame, box.beside = user.frame, user
        return box

    def add_output(self, output: Any, number: str) -> None:
        """Add a box for an output, unless it is a leaf and has one already."""
        text = describe(output.shape, output.dtype)
        if output.node is None:
            title = self.names.get(place_of(output.array), f"constant{number}")
            box = self.add(Box("constant", title, (text,)))
            box.value = size(output.array, "data") if self.valued else ""
            box.alarm = self.valued and is_broken(output.array)
            return
        node = self.reading.origin(output.node)
        if self.reading.is_leaf(node):
            return
        loss = output.numel() == 1 and any(map(is_loss, (node.op_name, *node.scope)))
        title = self.name_of(output.node) or ("loss" if loss else "output") + number
        box = self.add(self.sized(Box("output", title, (text,)), output.node))
        box.numbers = (node.number, output.node.number)
        self.picture.arrows.append(Arrow(self.boxes[self.figures[node]], box))

    def sized(self, box: Box, node: Node) -> Box:
        """Put the sizes of the value and of the gradient of ``node`` into its box; return it."""
        box.value = size(self.values.get(node), "data")
        known = ".grad" if node in self.standing else "grad"
        box.gradient = size(self.gradients.get(node), known)
        box.alarm = self.is_alarming(node)
        return box

    def is_alarming(self, node: Node) -> bool:
        """Tell whether there are NaN or infinite numbers in what ``node`` computed, or in its gradient."""
        return is_broken(self.values.get(node)) or is_broken(self.gradients.get(node))

    # Where things stand ---------------------------------------------------------------------------

    def place_beside(self) -> None:
        """Put what is made of one parameter, like a transposed weight, beside the operation it goes into."""
        users: dict[Node, list[Node]] = {}
        for node in self.reading.calls:
            for operand in self.reading.sources[node]:
                if operand.origin in self.reading.weights:
                    users.setdefault(operand.origin, []).append(node)
        for node, going_to in users.items():
            operands = self.reading.sources[node]
            alone = len(operands) == 1 and users.get(operands[0].origin) == [node]
            if alone and len(going_to) == 1 and has_no_history(operands[0].origin):
                (user,) = going_to
                box, target = self.boxes[self.figures[node]], self.boxes[self.figures[user]]
                if box.kind == target.kind == "operation" and user not in self.reading.weights:
                    box.beside = target

    def place_leaves(self) -> None:
        """Put weights, targets and the like beside the operation they belong to, in its frame."""
        for leaf, users in self.reading.users.items():
            if self.figures[leaf] is not leaf:
                continue
            targets = [self.boxes[self.figures[user]] for user in users]
            start = leaf in self.reading.starts and targets[0].beside is None
            if not start:
                self.boxes[leaf].beside = next((t for t in targets if t.kind != "rest"), None)
            if not start or is_parameter(leaf):
                self.boxes[leaf].frame = common_call([box.frame for box in targets])

    # Arrows ---------------------------------------------------------------------------------------

    def add_arrows(self) -> None:
        """Add the arrows into each operation."""
        for node in self.reading.nodes:
            for operand in self.reading.sources[node]:
                self.add_arrow(node, operand)
        for figure, boxes in self.arrays_into.items():
            self.picture.arrows += [Arrow(box, self.boxes[figure]) for box in boxes]

    def add_arrow(self, node: Node, operand: Operand) -> None:
        """Add the arrow of what goes into ``node``, unless it is inside one box or there already."""
        source, value, position = operand
        box, target = self.boxes[self.figures[source]], self.boxes[self.figures[node]]
        if box is target or (box, target) in self.merged:
            return
        # What stands for many nodes gets one arrow for many; x * x has two.
        if box.kind in FOLDED or target.kind in FOLDED:
            self.merged.add((box, target))
        arrow = Arrow(box, target)
        arrow.aside = source in self.reading.weights and node not in self.reading.weights
        several = len(self.reading.sources[node]) > 1
        if several and target.kind not in FOLDED and order_matters(node):
            arrow.number = str(position + 1)
        if value is not source and box.kind == "operation":
            arrow.output = f"[{value.saved[0]}]"
        self.leaving[box] = self.leaving.get(box, 0) + 1
        if not is_near(box, target, self.leaving[box]):
            arrow.drawn = False
            target.takes += (shortened(self.name_of(value)) or box.title,)
        if not self.reading.is_leaf(source) and value not in self.labelled:
            self.labelled.add(value)
            self.label(arrow, source, value)
        self.picture.arrows.append(arrow)

    def label(self, arrow: Arrow, source: Node, value: Node) -> None:
        """Say at an arrow what goes along it: name, shape, and the size of its gradient."""
        arrow.name = shortened(self.name_of(value))
        arrow.label = flow(self.reading, source, value)
        arrow.gradient = size(self.gradients.get(value), "grad")
        arrow.alarm = self.is_alarming(value)


def is_near(source: Box, target: Box, count: int) -> bool:
    """Tell whether to draw the arrow, the ``count``-th that leaves ``source``, or to name it."""
    if source.kind in FOLDED or source.beside is target:
        return True
    if source.beside is not None:
        alike = source.beside.frame is target.frame and target.kind not in FOLDED
        return count <= ARROWS_FROM_BESIDE and alike
    return count <= ARROWS_FROM_ONE


# Texts --------------------------------------------------------------------------------------------


def rest_box(reading: Reading, nodes: list[Node]) -> Box:
    """Return the box that stands for all that is older than what is drawn."""
    leaves = sum(map(reading.is_leaf, nodes))
    parts = (counted(len(nodes) - leaves, "operation"), counted(leaves, "leaf", "leaves"))
    return Box("rest", "not drawn", tuple(part for part in parts if part))
