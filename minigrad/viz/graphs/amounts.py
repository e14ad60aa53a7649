"""The numbers in a picture: what each node computed, and the gradients, found without touching anything.

What the graph does not keep is computed again (:mod:`~minigrad.viz.graphs.rerun`), on a record of its own; a
sweep over this record, and not over the graph itself, gives the gradients.  So no ``.grad`` changes, no
hook is called and nothing is released.

What was written in place since cannot be computed from any more.  Nothing is guessed then: what would
need it is missing, the leaves have what they hold today, and a remark says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad import engine
from minigrad.backend.devices import to_host, xp_of
from minigrad.engine import Node, State, state
from minigrad.viz.graphs.reading import Reading
from minigrad.viz.graphs.remarks import NOT_COMPUTED, STANDING, remarks_on
from minigrad.viz.graphs.rerun import Rerun, owner_of


@dataclass
class Amounts:
    """Values and gradients of the nodes of a graph, raw arrays each; what is not known is missing.

    Attributes
    ----------
    values : dict
        Node -> what it computed; a tuple, for an operation of several outputs.  A leaf's value is the
        present one.
    gradients : dict
        Node -> the gradient of the sum of all elements of all outputs with respect to it; a tuple, for
        an operation of several outputs.
    order : list of Node
        Operations, in the order in which the sweep ran their rules.
    standing : set of Node
        Leaves whose gradient could not be computed: in ``gradients`` is their ``.grad``, from whatever
        it may come.
    remarks : list of str
        Lines that say what is not known and why.
    """

    values: dict[Node, Any] = field(default_factory=dict)
    gradients: dict[Node, Any] = field(default_factory=dict)
    order: list[Node] = field(default_factory=list)
    standing: set[Node] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)


def amounts_of(
    outputs: Sequence[Any],
    reading: Reading,
    *,
    values: bool = True,
    grads: bool = True,
    held: Iterable[Any] = (),
    wanted: Iterable[Node] | None = None,
) -> Amounts:
    """Return what the nodes of ``reading`` computed, and their gradients.

    Every output starts with ones: for one element that is its gradient, for several it is the gradient
    of their sum.  Operations of one output among several (``item``) have entries too.

    Nothing is changed: no ``.grad``, no version, no mode; hooks are not called, and what they would make
    of a gradient is not shown.  The rules do run, and where the graph keeps too little, operations run
    again.  Rules and operations, a person's too, are taken to be pure: to give the same for the same
    inputs, and to change nothing.  After an optimiser's step there is no way back to the values before
    it: the parameters have what they hold then and their ``.grad``, and of the rest there is what does
    not depend on them.  That an array was written is known of minigrad's own writes: one through
    ``tensor.detach().numpy()`` is not seen.

    Parameters
    ----------
    outputs : sequence of Tensor
        What was computed.
    reading : Reading
        The graph behind it.
    values, grads : bool
        What is to be found; the other remains empty.
    held : iterable of Tensor
        Other tensors that are at hand: their values are taken as they are, if nobody wrote into them.
    wanted : iterable of Node, optional
        The nodes whose values are shown: of others only what is kept is found, which is cheaper, unless
        some number turns out to be NaN or infinite.  ``None``: all.

    Returns
    -------
    Amounts
    """
    held = list(held)
    token = state.set(State(grads, (), None))
    try:
        with np.errstate(all="ignore"):  # what was infinite the first time is so again
            rerun = Rerun(
                outputs, reading, held=held, wanted=wanted if values else (), recorded=grads
            )
            found, failure = gradients_of(outputs, rerun) if grads else ({}, "")
            known = rerun.values
            if values and wanted is not None and not all_finite((*known.values(), *found.values())):
                state.set(State(False, (), None))
                known = Rerun(outputs, reading, held=held, recorded=False).values
    finally:
        state.reset(token)
    amounts = Amounts(known if values else {}, found)
    amounts.order = [node for node in found if rerun.has_rule(node)]
    amounts.remarks = remarks_on(rerun, valued=values and wanted is None, swept=bool(found))
    if failure:
        amounts.remarks.append(f"the gradients cannot be computed: {failure}")
    if grads:
        unknown = rerun.nodes if failure else behind(rerun)
        if add_standing(amounts, (node for node in unknown if node not in found)):
            amounts.remarks.append(STANDING)
    return amounts


def standing_amounts(
    outputs: Sequence[Any], reading: Reading, *, values: bool = True, grads: bool = True
) -> Amounts:
    """Return what outputs and leaves hold, with nothing computed: values and ``.grad``."""
    amounts = Amounts()
    if values:
        amounts.values.update(reading.cuts)
        amounts.values.update((one.node, one.array) for one in outputs if one.node is not None)
        owners = {node: owner_of(node) for node in reading.nodes}
        amounts.values.update((n, one.array) for n, one in owners.items() if one is not None)
    if grads and add_standing(amounts, reading.nodes) and reading.calls:
        amounts.remarks.append(NOT_COMPUTED)
    return amounts


def is_single(node: Node) -> bool:
    """Tell whether ``node`` computed one number."""
    return not isinstance(node.dtype, tuple) and math.prod(node.shape) == 1


def all_finite(values: Iterable[Any]) -> bool:
    """Tell whether the sums of all arrays are finite, which they are not with a NaN or inf among them."""
    arrays = [one for value in values for one in (value if isinstance(value, tuple) else (value,))]
    sums = (xp_of(one).sum(one) for one in arrays if one.dtype.kind == "f")
    return all(np.isfinite(to_host(total)) for total in sums)


# Gradients ----------------------------------------------------------------------------------------


def gradients_of(outputs: Iterable[Any], rerun: Rerun) -> tuple[dict[Node, Any], str]:
    """Return the gradients of the nodes that the sweep reaches, youngest first; and what made it fail."""
    roots = [output for output in outputs if output.node is not None and output.node.requires_grad]
    nodes = {copy: node for node, copy in rerun.copies.items()}
    state.set(State(False, (), None))  # amounts_of sets it back
    try:
        found = engine.sweep(
            [rerun.copies[root.node] for root in roots],
            [xp_of(root.array).ones_like(root.array) for root in roots],
            targets=list(nodes),
        )
    except Exception as error:  # in a person's rule: backward() would have no gradients either
        return {}, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    hidden = behind(rerun)
    gradients = {nodes[copy]: value for copy, value in found.items() if nodes[copy] not in hidden}
    for node, gradient in gradients.items():
        if isinstance(gradient, list):  # of several outputs: zeros for those that nobody used
            gradients[node] = engine.fill_items(node, gradient, create_graph=False)
    return gradients, ""


def behind(rerun: Rerun) -> set[Node]:
    """Return the nodes that some part of their gradient would reach through a lost operation only."""
    hidden: set[Node] = set()
    for node in reversed(rerun.nodes):
        if node in rerun.lost or node in hidden:
            hidden.update(node.inputs[position] for position in node.plan.wanted)
    return hidden


def add_standing(amounts: Amounts, nodes: Iterable[Node]) -> bool:
    """Add the ``.grad`` of those of ``nodes`` that have one; tell whether there were any."""
    for node in nodes:
        owner = owner_of(node)
        if owner is not None and owner._grad is not None:
            amounts.gradients[node] = owner._grad.array
            amounts.standing.add(node)
    return bool(amounts.standing)
