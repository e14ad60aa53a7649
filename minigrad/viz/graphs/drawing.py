"""``draw``: what is to be drawn is checked, read, and given to the view that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minigrad import engine
from minigrad.engine import Node
from minigrad.viz.graphs.amounts import Amounts, amounts_of, is_single, standing_amounts
from minigrad.viz.graphs.dot import DIRECTIONS
from minigrad.viz.graphs.expanding import expand as take_apart, fused
from minigrad.viz.graphs.folding import fold, fold_modules, summary
from minigrad.viz.graphs.graph import Graph
from minigrad.viz.graphs.reading import Reading, keyword_arrays, place_of, read
from minigrad.viz.graphs.scalar_view import scalar_view
from minigrad.viz.graphs.script import script_of
from minigrad.viz.graphs.tensor_view import tensor_view

VIEWS = ("auto", "scalar", "tensor", "modules")

MOST_SCALARS = 40
"""Up to so many single numbers are drawn one by one."""

MOST_COMPUTED = 20_000
"""The gradients of larger graphs are not computed for a picture: it would take longer than drawing."""

TOO_LATE = "{} cannot be taken apart any more: backward() has released what it was called with"


def draw(
    outputs: Any,
    *,
    params: Any = None,
    names: Mapping[str, Any] | None = None,
    inputs: Any = None,
    view: str = "auto",
    depth: int | None = None,
    direction: str | None = None,
    values: bool = True,
    grads: bool = True,
    saved: bool = False,
    expand: bool | str | Sequence[str] = False,
    max_nodes: int | None = 200,
) -> Graph:
    """Draw the graph of what was computed to get ``outputs``.

    Operations are yellow; boxes are tensors: inputs and targets green, parameters (whatever requires
    gradients) blue, constants grey, outputs red.  Results in between are arrows with their shape.  Each
    call of a module has a frame.  In the boxes stand value and gradient of a single number, the norms
    ``‖data‖`` and ``‖grad‖`` of a larger tensor.  At an arrow stands the shape of the tensor that goes
    along it, and in red its gradient: the whole one, that of all its users together, once, at the arrow to
    the first of them.  What has NaN or infinite numbers has a red border.  What a sweep recorded
    (``create_graph=True``) is violet, the darker the higher the order of the derivative.  The mouse shows
    the arguments of an operation and its derivative.

    The gradients are those of the sum of all ``outputs``.  They are computed for the picture: no ``.grad``
    changes, no hook runs.  What the graph does not keep, above all after ``backward()``, is computed again;
    operations and rules, yours too, are taken to be pure.  Targets, masks and indices are gone after
    ``backward()``, and after an optimiser's step so are the values before it: gradients that need them are
    left out, leaves show the ``.grad`` that they hold, under this name, and a line below says why.  Writes
    past minigrad, as into ``w.detach().numpy()``, are not seen.  Graphs of more than 20,000 operations and
    leaves are not computed again: there stands what leaves and outputs hold.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        What was computed.
    params : Module or mapping of str to Tensor, optional
        Names for parameters: a module, or ``dict(model.named_parameters())``.
    names : mapping of str to Tensor, optional
        Names for any tensors; ``locals()`` will do, as what is no tensor is passed over.  The values of
        these need not be computed again.
    inputs : Tensor, sequence of Tensor, or mapping of str to Tensor, optional
        What counts as data.  It is drawn as inputs, green, and what led to it is not drawn.
    view : {"auto", "scalar", "tensor", "modules"}
        ``"scalar"``: every number is a box with value and gradient.  ``"tensor"``: see above.
        ``"modules"``: every module is a box with its number of parameters, and blocks that follow each
        other and are alike (the same operations on the same shapes) are one box with their number.
        ``"auto"``: scalar for up to 40 single numbers, else tensor for up to ``max_nodes`` operations and
        leaves, else modules.
    depth : int, optional
        Modules that are inside ``depth`` others are closed to one box each: 0 closes the outermost
        modules, 1 opens these and closes those in them, and so on.  By default the tensor view opens all
        modules, the modules view all but the innermost.
    direction : {"TB", "LR", "BT", "RL"}, optional
        Where the computation runs: from top to bottom, from left to right, ...; by default, the scalar view
        from left to right, the others from top to bottom.
    values, grads : bool, default True
        Whether to show values and gradients.
    saved : bool, default False
        Whether to show what each operation keeps for ``backward()``, and how many bytes.  Below stands how
        many they are together; memory that several keep counts once.  At the frame of a fused operation
        that was taken apart stands what the fused one keeps.
    expand : bool, str or sequence of str, default False
        Fused operations to take apart into the plain operations that they stand for, in a frame under
        their name: ``"cross_entropy"``, several names, or ``True`` for all, down to the plainest.
    max_nodes : int or None, default 200
        If there are more boxes, modules are closed to one box each, innermost first; if that is not
        enough, only the last ones are drawn.  The picture says so.  ``None``: draw all.

    Returns
    -------
    Graph
        A snapshot: later changes of the tensors do not show.

    Raises
    ------
    TypeError
        If something else than tensors is to be drawn or named, or an argument is of another kind.
    ValueError
        If there is nothing to draw, no such view, direction or fused operation, ``max_nodes`` is less than
        2, ``depth`` is negative, or the scalar view is to show tensors of many numbers, bytes or modules.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 2.0])
    >>> w = mg.tensor([3.0, 4.0], requires_grad=True)
    >>> print(mg.draw((w * x).sum(), names={"x": x, "w": w}))
    n0 = parameter w  (2,) float32  ‖data‖ 5  ‖grad‖ 2.24
    n1 = input x      (2,) float32  ‖data‖ 2.24
    n2 = mul(n0, n1)  (2,)  ‖grad‖ 1.41
    n3 = sum(n2)
    n4 = output: n3   () float32  data 11  grad 1
    """
    tensors = as_tensors(outputs, "outputs")
    if not tensors:
        raise ValueError("draw: there is no tensor to draw")
    check_choice("direction", direction, (None, *DIRECTIONS))
    check_choice("view", view, VIEWS)
    check_count("depth", depth, 0)
    check_count("max_nodes", max_nodes, 2)
    for what, given in (("values", values), ("grads", grads), ("saved", saved)):
        if not isinstance(given, bool):
            raise TypeError(f"draw: {what} has to be True or False, got {given!r}")
    if view == "scalar" and (saved or depth is not None):
        what = "bytes (saved=True)" if saved else "modules (depth)"
        raise ValueError(f"draw: view='scalar' shows no {what}; take view='tensor'")
    names_of_data = inputs if isinstance(inputs, Mapping) else {}
    known = {**named(params, "params"), **named(names_of_data, "inputs"), **named(names, "names")}
    data = as_tensors([] if inputs is None else values_of(inputs), "inputs")
    reading = read((tensor.node for tensor in tensors if tensor.node is not None), data)
    taken = fused_to_expand(reading, expand)
    chosen = fitting_view(view, reading, depth, saved, max_nodes)
    held = [*tensors_in(params), *tensors_in(names), *data]
    wanted = None if taken or chosen == "scalar" else list(filter(is_single, reading.nodes))
    amounts = numbers_of(tensors, reading, values or bool(taken), grads, held, wanted)
    failed = take_apart(reading, amounts, taken) if taken else []
    remarks = [
        *remarks_on_data(data, reading),
        *(TOO_LATE.format(name) for name in failed),
        *remarks_on_sums(tensors, amounts),
        *amounts.remarks,
    ]
    if not values:
        amounts.values = {}

    if chosen == "scalar":
        picture = scalar_view(tensors, known, reading, amounts, max_nodes)
    else:
        folding = (fold_modules if chosen == "modules" else fold)(reading, max_nodes, depth)
        picture = tensor_view(tensors, known, reading, folding, amounts, saved, values)
        if view == "auto" and chosen == "modules" and not folding.caption:
            remarks.insert(0, summary(reading, folding.figures))
    picture.caption = "\n".join(filter(None, (picture.caption, *remarks)))
    usual = "LR" if chosen == "scalar" else "TB"
    return Graph(picture, direction or usual, script_of(tensors, known, reading, amounts))


# Arguments ----------------------------------------------------------------------------------------


def check_choice(argument: str, given: Any, choices: tuple[Any, ...]) -> None:
    """Raise ``ValueError`` if an argument is none of ``choices``."""
    if not any(given is choice or given == choice for choice in choices):
        allowed = tuple(choice for choice in choices if choice is not None)
        raise ValueError(f"draw: {argument} has to be one of {allowed}, got {given!r}")


def check_count(argument: str, given: Any, least: int) -> None:
    """Raise if an argument is neither ``None`` nor a whole number of at least ``least``."""
    if given is None:
        return
    if not isinstance(given, int) or isinstance(given, bool):
        raise TypeError(f"draw: {argument} has to be a whole number or None, got {given!r}")
    if given < least:
        raise ValueError(f"draw: {argument} has to be at least {least}, or None; got {given}")


def values_of(given: Any) -> Any:
    """Return the values of a mapping as a list, anything else as it is."""
    return list(given.values()) if isinstance(given, Mapping) else given


def as_tensors(given: Any, argument: str) -> list[Any]:
    """Return one tensor, or several, as a list.

    Raises
    ------
    TypeError
        If one of them is none.
    """
    tensors = list(given) if isinstance(given, (list, tuple)) else [given]
    for tensor in tensors:
        if not isinstance(tensor, engine.Tensor):
            raise TypeError(
                f"draw: {argument} has to be a Tensor or several, got {type(tensor).__name__}"
            )
    return tensors


def named(tensors: Any, argument: str) -> dict[Any, str]:
    """Return the names by node and by place in memory, the two ways in which a graph holds a tensor."""
    if tensors is None:
        return {}
    if hasattr(tensors, "named_parameters"):
        tensors = dict(tensors.named_parameters())
    if not isinstance(tensors, Mapping):
        raise TypeError(
            f"draw: {argument} has to be a dict of names and tensors"
            f"{' or a Module' if argument == 'params' else ''}, got {type(tensors).__name__}"
        )
    known: dict[Any, str] = {}
    for name, tensor in tensors.items():
        if not isinstance(name, str):
            raise TypeError(
                f"draw: the keys of {argument} have to be names, got {type(name).__name__}"
            )
        if isinstance(tensor, engine.Tensor):
            known[place_of(tensor.array)] = name
            if tensor.node is not None:
                known[tensor.node] = name
    return known


def tensors_in(given: Any) -> list[Any]:
    """Return the tensors that were given by name: their values need not be computed again."""
    found = given.values() if isinstance(given, Mapping) else ()
    return [one for one in found if isinstance(one, engine.Tensor)]


def fused_to_expand(reading: Reading, expand: Any) -> bool | list[str]:
    """Return which fused operations to take apart.

    Raises
    ------
    TypeError
        If ``expand`` is neither a truth value nor a name or several.
    ValueError
        If there is no fused operation of that name.
    """
    if isinstance(expand, bool):
        return expand
    wanted = [expand] if isinstance(expand, str) else expand
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(one, str) for one in wanted):
        raise TypeError(f"draw: expand has to be True, False, a name or several, got {expand!r}")
    there = fused(reading)
    for name in wanted:
        if name not in there:
            known = f"these are: {', '.join(there)}" if there else "there is none"
            raise ValueError(f"draw: {name!r} is no fused operation in this graph; {known}")
    return list(wanted)


# What to show -------------------------------------------------------------------------------------


def fitting_view(
    view: str, reading: Reading, depth: int | None, saved: bool, max_nodes: int | None
) -> str:
    """Return the view that fits, if ``view`` is ``"auto"``."""
    if view != "auto":
        return view
    few = 0 < len(reading.nodes) <= MOST_SCALARS and depth is None and not saved
    if few and all(is_single(node) for node in reading.nodes):
        return "scalar"
    if max_nodes is None or len(reading.nodes) <= max_nodes or depth is not None:
        return "tensor"
    return "modules"


def numbers_of(
    tensors: list[Any],
    reading: Reading,
    values: bool,
    grads: bool,
    held: list[Any],
    wanted: list[Node] | None,
) -> Amounts:
    """Return the values and gradients to show; of a large graph, those that leaves and outputs hold."""
    if not (values or grads):
        return Amounts()
    if not reading.calls or len(reading.nodes) > MOST_COMPUTED:
        return standing_amounts(tensors, reading, values=values, grads=grads)
    return amounts_of(tensors, reading, values=values, grads=grads, held=held, wanted=wanted)


def remarks_on_data(data: list[Any], reading: Reading) -> list[str]:
    """Return a line if something is given as ``inputs=`` that the graph does not use."""
    if not data:
        return []
    used = {place_of(array) for array in reading.cuts.values()}
    for node in reading.calls:
        arrays = (array for _, array in keyword_arrays(node) if array is not None)
        used.update(map(place_of, arrays))
    strange = sum(place_of(tensor.array) not in used for tensor in data)
    if not strange:
        return []
    which = "inputs= is" if len(data) == 1 else f"{strange} of {len(data)} inputs are"
    return [f"{which} no part of this graph"]


def remarks_on_sums(tensors: list[Any], amounts: Amounts) -> list[str]:
    """Return a line if the gradients are those of a sum."""
    if not amounts.order or (len(tensors) == 1 and tensors[0].numel() == 1):
        return []
    what = "all outputs" if len(tensors) > 1 else "the output's elements"
    return [f"gradients are those of the sum of {what}"]
