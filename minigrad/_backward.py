"""``backward`` and ``grad``: seeds in, gradients out, around the engine's sweep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minigrad import engine
from minigrad.backend.devices import xp_of
from minigrad.engine import CONSTANT, GRADIENT, Node, State, collect, state, sweep, wrap
from minigrad.ops.shapes import stack
from minigrad.ownership import take
from minigrad.versions import latest_write, touch


def as_list(value: Any) -> list[Any]:
    """Return one tensor, or a sequence of them, as a list."""
    return list(value) if isinstance(value, (tuple, list)) else [value]


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Compute the gradients of ``tensors`` and add them to ``.grad`` of the leaves.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
        What is differentiated; the gradients of several add up.
    grad_tensors : Tensor, None, or sequence of these, optional
        The gradient of something with respect to each; ``None`` is 1 for a tensor of one element.
    retain_graph : bool, optional
        Keep what was saved, for another backward; by default, what ``create_graph`` is.
    create_graph : bool, default False
        Record the computation of the gradients.
    inputs : Tensor or sequence of Tensor, optional
        Only these get gradients.

    Raises
    ------
    RuntimeError
        See :meth:`minigrad.Tensor.backward`.
    """
    roots, seeds = _roots(as_list(tensors), grad_tensors, create_graph, "backward")
    targets = None if inputs is None else _targets(as_list(inputs), "backward")
    keep = create_graph if retain_graph is None else retain_graph
    found = _run(roots, seeds, keep, create_graph, targets)
    given = None if targets is None else dict(zip(targets, as_list(inputs), strict=True))
    accumulate = _accumulate_recorded if create_graph else _accumulate_arrays
    accumulate(found, given)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of ``outputs`` with respect to ``inputs``; no ``.grad`` is touched.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        What is differentiated; the gradients of several add up.
    inputs : Tensor or sequence of Tensor
        With respect to what: leaves or results.
    grad_outputs : Tensor, None, or sequence of these, optional
        The gradient of something with respect to each output; ``None`` is 1 for one element.
    retain_graph : bool, optional
        Keep what was saved, for another use of the graph; by default, what ``create_graph`` is.
    create_graph : bool, default False
        Record the computation, so that the gradients can be differentiated again.
    only_inputs : bool, default True
        Accepted as in PyTorch; has to be True.
    allow_unused : bool, optional
        Return ``None`` for an input that the outputs do not depend on, instead of raising.
    is_grads_batched : bool, default False
        Each of ``grad_outputs`` has one more axis, in front: it is a *batch* of gradients of its output.  So
        have the results.  For the rows of an identity matrix they are the Jacobian.  The graph is searched
        once, and swept for each gradient of the batch.
    materialize_grads : bool, default False
        Return zeros for it.

    Returns
    -------
    tuple of Tensor
        One for each input, in its shape and dtype.

    Raises
    ------
    RuntimeError
        If an output or input does not require gradients, an input is unused, a batch has another shape
        than it has to have, or as for ``backward``.
    NotImplementedError
        If ``only_inputs`` is not what it has to be.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor(3.0, requires_grad=True)
    >>> (slope,) = mg.autograd.grad(x**3, x, create_graph=True)
    >>> mg.autograd.grad(slope, x)
    (tensor(18.),)

    >>> x = mg.tensor([1.0, 2.0], requires_grad=True)
    >>> mg.autograd.grad(x**2, x, mg.eye(2), is_grads_batched=True)
    (tensor([[2., 0.],
            [0., 4.]]),)
    """
    if not only_inputs:
        raise NotImplementedError(
            "grad: only_inputs=False is not supported; backward() adds to .grad of all leaves"
        )
    wanted = as_list(inputs)
    roots, seeds = _roots(as_list(outputs), grad_outputs, create_graph, "grad", is_grads_batched)
    targets = _targets(wanted, "grad")
    keep = create_graph if retain_graph is None else retain_graph
    axes: tuple[int, ...] = ()
    if is_grads_batched:
        count = _length(seeds)
        rows = ([batch[row] for batch in seeds] for row in range(count))
        found = sweep_rows(roots, targets, rows, count, keep, create_graph)
        axes = (count,)
    else:
        found = _run(roots, seeds, keep, create_graph, targets)
        if not create_graph:
            found = _taken(found)
    gradients = list(map(found.get, targets))
    complete = len(found) == len(gradients)  # nothing unused, and no input named twice
    if not complete:
        _fill(gradients, wanted, allow_unused, materialize_grads, axes)
    if create_graph or not complete:
        _part_repeats(gradients)
    return tuple(gradients)


def _taken(arrays: dict[Node, Any]) -> dict[Node, Any]:
    """Return raw gradients, taken out of their dictionary, as Tensors."""
    found = {}
    while arrays:
        node, array = take(arrays)
        found[node] = wrap(array, None)
    return found


def _length(batches: list[Any]) -> int:
    """Return how many gradients there are in each of the batches."""
    lengths = {batch.shape[0] for batch in batches}
    if len(lengths) != 1 or 0 in lengths:
        raise RuntimeError(
            "grad: with is_grads_batched=True all of grad_outputs have as many rows, at least one; got "
            f"{[batch.shape[0] for batch in batches]}"
        )
    return lengths.pop()


def _fill(
    gradients: list[Any],
    inputs: list[Any],
    allow_unused: bool | None,
    materialize: bool,
    axes: tuple[int, ...],
) -> None:
    """Raise where the outputs do not depend on an input, unless ``None`` or zeros are to stand there.

    Zeros have the shape of the input, after the ``axes`` of a batch.
    """
    missing = [position for position, gradient in enumerate(gradients) if gradient is None]
    if missing and not (allow_unused or materialize):
        names = ", ".join(inputs[position].name or f"number {position}" for position in missing)
        raise RuntimeError(
            f"grad: the outputs do not depend on input {names}; pass allow_unused=True to get None for it"
        )
    for position in missing if materialize else ():
        gradients[position] = _zeros(inputs[position], axes)


def _part_repeats(gradients: list[Any]) -> None:
    """Put a copy where a gradient stands for the second time.

    It does for an input that was named twice, and, recorded, for the two inputs of a sum.
    """
    if len(set(map(id, gradients))) == len(gradients):
        return
    seen: set[int] = set()
    for position, gradient in enumerate(gradients):
        if gradient is not None and id(gradient) in seen:
            gradients[position] = gradient.clone()
        seen.add(id(gradient))


def _zeros(tensor: Any, axes: tuple[int, ...]) -> Any:
    return wrap(xp_of(tensor.array).zeros((*axes, *tensor.array.shape), tensor.dtype), None)


def _run(
    roots: list[Node],
    seeds: Sequence[Any],
    keep: bool,
    create_graph: bool,
    targets: list[Node] | None,
    way: Any = None,
) -> dict[Node, Any]:
    """Sweep, recording the rules with ``create_graph`` and only then."""
    now = state.get()
    if create_graph:
        order = 1 + max((root.scope.count(GRADIENT) for root in roots), default=0)
        inner = State(True, (*now.scope, *[GRADIENT] * order), now.observer)
    else:
        inner = now.recording(False)
    token = state.set(inner)
    try:
        return sweep(roots, seeds, targets, retain_graph=keep, create_graph=create_graph, way=way)
    finally:
        state.reset(token)


def sweep_rows(
    roots: list[Node],
    targets: list[Node],
    rows: Iterable[Sequence[Any]],
    count: int,
    keep: bool,
    create_graph: bool,
) -> dict[Node, Any]:
    """Sweep for each of ``count`` rows of gradients of the roots; return those of the targets, stacked.

    Which nodes lie between does not depend on the row, so that is found out once.  A target that is reached
    from some rows only, as a rule may return nothing for a gradient of zeros, has zeros in the others.
    """
    stacked: dict[Node, Any] = {}
    way, written = None, -1
    for number, seeds in enumerate(rows):
        if latest_write() != written:  # before the first, and when a hook has written something
            way, written = collect(roots, targets), latest_write()
        still_needed = keep or number + 1 < count
        found = _run(roots, seeds, still_needed, create_graph, targets, way)
        for node, gradient in found.items():
            if node not in stacked:
                array = gradient.array if create_graph else gradient
                zeros = xp_of(array).zeros_like(array, shape=(count, *node.shape))
                stacked[node] = list(wrap(zeros, None)) if create_graph else zeros
            stacked[node][number] = gradient
    if create_graph:
        return {node: stack(*gradients, axis=0) for node, gradients in stacked.items()}
    return {node: wrap(array, None) for node, array in stacked.items()}


def _roots(
    outputs: list[Any], given: Any, create_graph: bool, caller: str, batched: bool = False
) -> tuple[list[Node], list[Any]]:
    """Return the node and the gradient of each output, checked; Tensors if the sweep records, else raw.

    If they are ``batched``, the gradients have one more axis, in front.
    """
    gradients = None if given is None else as_list(given)
    if gradients is not None and len(gradients) != len(outputs):
        raise RuntimeError(
            f"{caller}: {len(outputs)} outputs, but {len(gradients)} gradients for them"
        )
    roots, seeds = [], []
    for position, output in enumerate(outputs):
        if not isinstance(output, engine.Tensor):
            raise TypeError(f"{caller}: expected a Tensor, got {type(output).__name__}")
        root = output.node
        if root is None or root.plan is CONSTANT:
            raise RuntimeError(
                f"{caller}: the tensor of shape {tuple(output.shape)} does not require gradients; none of "
                "what it was computed from has requires_grad=True, or it was computed under no_grad()"
            )
        gradient = None if gradients is None else gradients[position]
        if gradient is not None:
            gradient = _checked(gradient, output, caller, batched)
            seed = gradient if create_graph else gradient.array
        elif batched:
            raise RuntimeError(
                f"{caller}: with is_grads_batched=True all of grad_outputs are needed"
            )
        else:
            seed = _one(output.array, caller)
            if create_graph:
                seed = wrap(seed, None)
        roots.append(root)
        seeds.append(seed)
    return roots, seeds


def _one(array: Any, caller: str) -> Any:
    """Return the gradient 1 that an output of one element has if none is given."""
    if isinstance(array, (np.generic, np.ndarray)) and not array.ndim:
        return array.dtype.type(1)  # which computes ten times faster than an array of no axes
    if array.size != 1:
        raise RuntimeError(
            f"{caller}: a tensor of shape {array.shape} needs a gradient of that shape as argument; only "
            "for one element it can be left out. Reduce it first, e.g. .sum()"
        )
    return xp_of(array).ones_like(array)


def _checked(gradient: Any, output: Any, caller: str, batched: bool) -> Any:
    """Return the gradient given for ``output``, or the batch of them, a Tensor in the dtype of it."""
    gradient = engine.as_tensor(gradient)
    shape = gradient.shape[1:] if batched and gradient.ndim else gradient.shape
    if shape != output.shape or batched > gradient.ndim or gradient.device != output.device:
        what = "a batch of gradients" if batched else "the gradient"
        raise RuntimeError(
            f"{caller}: {what} is {tuple(gradient.shape)} on {gradient.device}, its tensor "
            f"{tuple(output.shape)} on {output.device}"
        )
    if gradient.dtype.kind != "f":
        raise TypeError(f"{caller}: the gradient has to be floating, got {gradient.dtype}")
    return gradient.to(output.dtype)


def _targets(inputs: list[Any], caller: str) -> list[Node]:
    """Return the nodes of the inputs."""
    nodes = []
    for position, tensor in enumerate(inputs):
        node = tensor.node if isinstance(tensor, engine.Tensor) else None
        if node is None or node.plan is CONSTANT:
            raise RuntimeError(f"{caller}: input number {position} does not require gradients")
        nodes.append(node)
    return nodes


def _accumulate_arrays(found: dict[Node, Any], given: dict[Node, Any] | None) -> None:
    """Add raw gradients, taken out of ``found``, to the ``.grad`` of the ``given`` tensors, or the leaves'.

    An existing ``.grad`` is added to in place, as in PyTorch: whoever holds it sees the sum.
    """
    while found:
        node, gradient = take(found)
        tensor = node.notes.owner() if given is None else given[node]
        if tensor is None or not tensor.requires_grad:  # switched off since the graph was recorded
            continue
        known = tensor._grad
        if known is None:
            tensor._grad = wrap(gradient, None)
        elif known.requires_grad or isinstance(known.array, np.generic):
            tensor._grad = wrap(known.array + gradient, None)
        else:
            touch(known.array)
            known.array[...] += gradient


def _accumulate_recorded(found: dict[Node, Any], given: dict[Node, Any] | None) -> None:
    """Add gradients that are themselves results of the graph, likewise."""
    for node, gradient in found.items():
        tensor = node.owner() if given is None else given[node]
        if tensor is not None and tensor.requires_grad:
            known = tensor._grad
            tensor._grad = gradient.clone() if known is None else known + gradient
