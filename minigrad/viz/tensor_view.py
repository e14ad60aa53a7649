"""The tensor view: operations, and of the tensors those that a person knows by name.

Results in between have no box; their shape stands at the arrow.  That halves the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from reprlib import Repr
from typing import Any

from minigrad.backend.devices import is_array
from minigrad.engine import Node
from minigrad.versions import memory_of
from minigrad.viz.folding import Figure, fold
from minigrad.viz.picture import Arrow, Box, Picture
from minigrad.viz.reading import Call, common_call, is_leaf, is_parameter, operands, origin, read


def tensor_view(outputs: list[Any], names: Mapping[Any, str], max_nodes: int | None) -> Picture:
    """Return the picture of how ``outputs`` were computed.

    Parameters
    ----------
    outputs : list of Tensor
        What was computed.
    names : mapping
        A node, or where an array is (:func:`place_of`) -> its name.
    max_nodes : int or None
        How many operations and leaves are drawn before the picture is folded.
    """
    return TensorView(outputs, names, max_nodes).picture


TELLING = ("axis", "axes", "index", "subscripts")
"""The keywords without which one does not understand an operation."""

MANY = 8
"""How many arrows leave one box; its other users name it.  A hundred long arrows take minutes to lay out."""


class TensorView:
    """The picture of ``outputs`` while it is being made."""

    def __init__(self, outputs: list[Any], names: Mapping[Any, str], max_nodes: int | None) -> None:
        self.names = names
        self.reading = read(output.node for output in outputs if output.node is not None)
        folding = fold(self.reading, max_nodes)
        self.figures = folding.figures
        self.picture = Picture(caption=folding.caption)
        self.boxes: dict[Figure, Box] = {}
        self.keyword_boxes: dict[Node, list[Box]] = {}
        self.add_figures()
        self.place_leaves()
        self.add_arrows()
        for place, output in enumerate(outputs):
            self.add_output(output, f" {place}" if len(outputs) > 1 else "")
        self.picture.number()

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
                box = rest_box(nodes)
            elif isinstance(figure, Call):
                box = module_box(figure, nodes)
            elif is_leaf(figure):
                box = self.leaf_box(figure)
            else:
                box = operation_box(figure, self.reading.calls[figure])
                self.keyword_boxes[figure] = self.add_keyword_arrays(figure, box)
            self.boxes[figure] = self.add(box)

    def leaf_box(self, node: Node) -> Box:
        """Return the box of a leaf; :meth:`place_leaves` finds where it stands."""
        users = self.reading.users.get(node, [])
        if node in self.reading.weights:
            kind = "parameter"
        elif node in self.reading.inputs:
            kind = "input"
        else:
            kind = "target" if users and is_loss(users[0].op_name) else "constant"
        title = self.name_of(node) or role(node, users) or kind
        text = describe(node.shape, node.dtype)
        if kind == "parameter" and not node.requires_grad:
            text += ", frozen"
        return Box(kind, title, (text,))

    def add_keyword_arrays(self, node: Node, operation: Box) -> list[Box]:
        """Add and return what went in without a derivative: the classes of a loss, an index, a mask."""
        boxes = []
        for keyword, array in keyword_arrays(node):
            kind = "target" if keyword == "target" else "constant"
            title, text = keyword, "released"
            if array is not None:
                title = self.names.get(place_of(array), keyword)
                text = describe(array.shape, array.dtype)
            box = Box(kind, title, (text,), frame=operation.frame, beside=operation)
            boxes.append(self.add(box))
        return boxes

    def add_output(self, output: Any, number: str) -> None:
        """Add a box for an output, unless it is a leaf and has one already."""
        text = describe(output.shape, output.dtype)
        if output.node is None:
            title = self.names.get(place_of(output.array), f"constant{number}")
            self.add(Box("constant", title, (text,)))
            return
        node = origin(output.node)
        if is_leaf(node):
            return
        single = output.numel() == 1
        loss = single and any(map(is_loss, (node.op_name, *node.scope)))
        title = self.name_of(output.node) or ("loss" if loss else "output") + number
        details = (text, f"{output.item():.4g}") if single else (text,)
        box = self.add(Box("output", title, details))
        self.picture.arrows.append(Arrow(self.boxes[self.figures[node]], box))

    def place_leaves(self) -> None:
        """Put weights, targets and the like beside the operation they belong to, in its frame."""
        for leaf, users in self.reading.users.items():
            if self.figures[leaf] is not leaf:
                continue
            targets = [self.boxes[self.figures[user]] for user in users]
            data = leaf in self.reading.inputs
            if not data:
                self.boxes[leaf].beside = next((t for t in targets if t.kind != "rest"), None)
            if not data or is_parameter(leaf):
                self.boxes[leaf].frame = common_call([box.frame for box in targets])

    # Arrows ---------------------------------------------------------------------------------------

    def add_arrows(self) -> None:
        """Add the arrows into each operation."""
        merged: set[tuple[Box, Box]] = set()
        leaving: dict[Box, int] = {}
        labelled: set[Node] = set()
        for node in self.reading.nodes:
            target = self.boxes[self.figures[node]]
            for source, value in operands(node):
                box = self.boxes[self.figures[source]]
                if box is target or (box, target) in merged:
                    continue
                # What stands for many nodes gets one arrow for many; x * x has two.
                if {box.kind, target.kind} & {"module", "rest"}:
                    merged.add((box, target))
                leaving[box] = leaving.get(box, 0) + 1
                if leaving[box] > MANY and box.kind not in ("module", "rest"):
                    target.details += (f"with {self.name_of(value) or box.title}",)
                    continue
                aside = source in self.reading.weights and node not in self.reading.weights
                arrow = Arrow(box, target, aside=aside)
                if not is_leaf(source) and value not in labelled:
                    labelled.add(value)
                    arrow.name, arrow.label = self.name_of(value), flow(source, value)
                self.picture.arrows.append(arrow)
            self.picture.arrows += [Arrow(box, target) for box in self.keyword_boxes.get(node, ())]


# Texts --------------------------------------------------------------------------------------------


def rest_box(nodes: list[Node]) -> Box:
    """Return the box that stands for all that is older than what is drawn."""
    leaves = sum(map(is_leaf, nodes))
    parts = (counted(len(nodes) - leaves, "operation"), counted(leaves, "leaf", "leaves"))
    return Box("rest", "not drawn", tuple(part for part in parts if part))


def module_box(call: Call, nodes: list[Node]) -> Box:
    """Return the box of a closed module, which says how much is in it."""
    parts = (
        counted(sum(not is_leaf(node) for node in nodes), "operation"),
        counted(
            sum(math.prod(node.shape) for node in nodes if node.requires_grad and is_leaf(node)),
            "parameter",
        ),
    )
    frame = call.around[-1] if call.around else None
    hint = " / ".join(one.name for one in call.path)
    return Box("module", call.name, tuple(part for part in parts if part), hint, frame)


def operation_box(node: Node, frame: Call | None) -> Box:
    """Return the box of an operation, with the numbers it was given, as far as they are known."""
    numbers = known_numbers(node)
    shown = [f"{numbers[i]:g}" if i in numbers else "·" for i in range(len(node.inputs))]
    details = [f"({', '.join(shown)})"] if numbers else []
    details += [
        f"{name} = {argument(node.params[name])}"
        for name in TELLING
        if node.params.get(name) is not None
    ]
    return Box("operation", node.op_name, (*details,), operation_hint(node), frame)


def known_numbers(node: Node) -> dict[int, float]:
    """Return the Python numbers among the inputs by position; only what the node still holds is known."""
    saved = zip(node.saved_values, node.plan.sources, strict=False)
    return {
        source: value
        for value, source in saved
        if type(value) in (int, float) and isinstance(source, int)
    }


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
            if keyword in ("target", "index", "condition") and keyword not in node.params:
                yield keyword, None


def place_of(array: Any) -> tuple[int, int, int]:
    """Return where in memory ``array`` is: the same for a view of all of it, as layers make them."""
    interface = getattr(array, "__array_interface__", None)
    interface = interface or getattr(array, "__cuda_array_interface__", None)
    start = interface["data"][0] if interface else 0
    return id(memory_of(array)), start, array.size


def operation_hint(node: Node) -> str:
    """Return what the mouse shows: the result, the arguments, where it was computed."""
    lines = [f"{node.op_name} → {describe(node.shape, node.dtype)}"]
    lines += [f"{name} = {argument(value)}" for name, value in node.params.items()]
    if node.scope:
        lines.append("in " + " / ".join(node.scope))
    if node.trace:
        lines.append(f"at {node.trace}")
    return "\n".join(lines)


_short = Repr()
_short.maxother = _short.maxstring = 40


def argument(value: Any) -> str:
    """Return a keyword argument in a few characters; an index as between the brackets."""
    if isinstance(value, tuple) and value:
        return ", ".join(map(argument, value)) if len(value) < 7 else f"{len(value)} values"
    if isinstance(value, slice):
        ends = ("" if end is None else str(end) for end in (value.start, value.stop))
        return ":".join(ends) + (f":{value.step}" if value.step is not None else "")
    if is_array(value) and value.ndim:
        return describe(value.shape, value.dtype)
    return "..." if value is Ellipsis else _short.repr(value)


def role(leaf: Node, users: list[Node]) -> str:
    """Return what its operation calls a leaf: ``weight``, ``bias``; the usual x and y say nothing."""
    for user in users[:1]:
        names = getattr(user.plan.op, "input_names", ())
        if len(names) == len(user.inputs):
            name = names[user.inputs.index(leaf)]
            return name if len(name) > 1 else ""
    return ""


def is_loss(name: str) -> bool:
    """Tell whether an operation or a module compares with targets: losses are called so."""
    return any(word in name.lower() for word in ("loss", "entropy"))


def describe(shape: Any, dtype: Any) -> str:
    """Return ``(32, 64) float32``, for each output if there are several."""
    if isinstance(dtype, tuple):
        return ", ".join(map(describe, shape, dtype))
    return f"{tuple(shape)} {dtype}"


def flow(source: Node, value: Node) -> str:
    """Return the shape of a result, and its dtype where that changed."""
    before = [one.dtype for _, one in operands(source)]
    return str(tuple(value.shape)) if value.dtype in before else describe(value.shape, value.dtype)


def counted(count: int, one: str, many: str = "") -> str:
    """Return ``3 operations``; nothing for none."""
    return f"{count:,} {one if count == 1 else many or one + 's'}" if count else ""
