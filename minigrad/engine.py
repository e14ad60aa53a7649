"""The engine: what is recorded, and the sweep that turns a record into gradients.

It knows no operation.  An operation that has computed its output leaves a :class:`Node` behind: which
operation it was, the nodes of its inputs, and the few values its derivative needs.  Nodes point from
results to inputs only, so a graph has no cycles and dies with its last reference.

Gradients are found by :func:`sweep`, in three steps:

1. *collect* every node that the outputs were computed from;
2. *sort* them by creation number: an operation is always younger than its inputs, so walking from the
   youngest to the oldest visits each node after all its users;
3. *pull*: at each node the rules of its operation turn the gradient of the output into contributions
   to the gradients of the inputs, and the engine, alone, adds those up.

The same rules serve every order of derivative.  On the way to first derivatives they compute with raw
arrays (``xp`` is NumPy or CuPy).  With ``create_graph`` they are given Tensors and ``xp`` is
:mod:`minigrad.ops.namespace`, so what they compute records itself and can be differentiated again.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from operator import attrgetter, call
from typing import Any

from minigrad.backend.devices import NAMESPACES, xp_of
from minigrad.backend.sums import total
from minigrad.ownership import add_to
from minigrad.versions import last_written, latest_write, tick

Tensor: Any = None  # the class of results; minigrad._tensor registers itself here
as_tensor: Any = None  # turns numbers, lists and arrays into Tensors; registered with it
new_object = object.__new__  # makes a Tensor without running its constructor
tensor_namespace: Any = None  # minigrad.ops.namespace, the ``xp`` whose arrays are Tensors


class State:
    """The modes under which operations run; never changed, only replaced.

    Attributes
    ----------
    grad_enabled : bool
        Whether operations are recorded.
    scope : tuple of str
        Path of the modules being called, outermost first; drawings and errors name it.
    observer : Observer or None
        Told of everything that is computed, see :mod:`minigrad.observing`.
    """

    __slots__ = ("grad_enabled", "observer", "other", "scope")

    def __init__(self, grad_enabled: bool, scope: tuple[str, ...], observer: Any) -> None:
        self.grad_enabled = grad_enabled
        self.scope = scope
        self.observer = observer
        self.other: State | None = None  # with recording switched, once it has been asked for

    def recording(self, grad_enabled: bool) -> State:
        """Return this state, but with ``grad_enabled`` as given."""
        if grad_enabled == self.grad_enabled:
            return self
        if self.other is None:
            self.other = State(grad_enabled, self.scope, self.observer)
        return self.other


# A ContextVar and not a global: right across threads, async tasks and exceptions.
_AT_START = State(True, (), None)
state: ContextVar[State] = ContextVar("minigrad_state", default=_AT_START)
current_state = state.get  # under a name of its own, which Python finds faster


class Plan:
    """What an operation saves and which rules run, given which inputs need gradients.

    Attributes
    ----------
    op : Op or None
        The operation; ``None`` for a leaf.
    needs : tuple of bool
        For each input, whether it needs a gradient; a joint rule is told.
    wanted : tuple of int
        Positions of the inputs that need gradients.
    rules : tuple of (int, callable, tuple of int, int)
        For each of them: position, rule, which of the saved values the rule is called with, and how many.
    joint : (callable, tuple of int) or None
        One rule for all inputs together, called with the tuple ``needs`` and returning a tuple, and
        which saved values it is called with; instead of ``rules``.
    save : callable or None
        Picks, from everything the forward pass knew, what the rules name.
    alone : bool
        Whether that is a single value, which the node then keeps as it is, without a tuple around it.
    only : int or None
        Which value that is.
    sources : tuple
        Where each saved value came from: the position of an input, ``"out"``, or ``None``.
    names_shapes : bool
        Whether the rules name shapes of inputs, which then come last of what ``save`` picks from.
    kind : str or None
        ``"leaf"`` and ``"item"`` (one output of several) are handled by the sweep itself.
    """

    __slots__ = (
        "alone",
        "joint",
        "kind",
        "names_shapes",
        "needs",
        "only",
        "op",
        "rules",
        "save",
        "sources",
        "wanted",
    )

    def __init__(
        self,
        op: Any,
        needs: Sequence[bool],
        rules: tuple = (),
        joint: Any = None,
        save: Any = None,
        only: int | None = None,
        sources: tuple = (),
        kind: str | None = None,
        names_shapes: bool = False,
    ) -> None:
        self.op = op
        self.needs = tuple(needs)
        self.wanted = tuple(i for i, need in enumerate(needs) if need)
        self.rules = rules
        self.joint = joint
        self.save = save
        self.alone = only is not None
        self.only: Any = only
        self.sources = sources
        self.kind = kind
        self.names_shapes = names_shapes


LEAF = Plan(None, (), kind="leaf")
CONSTANT = Plan(None, (), kind="leaf")  # of a leaf that needs no gradient
ITEM = Plan(None, (True,), kind="item", sources=(None, None))
NO_PARAMS: dict[str, Any] = {}
PLAIN = frozenset((int, float, bool, str, type(None)))  # keywords of these classes hold no array
NUMBER = attrgetter("number")
RELEASED: Any = object()  # stands where a node had what it saved
GRADIENT = "\N{NABLA}"  # stands in the scope of what a sweep recorded, once for each order; drawings show it


class Notes:
    """What only some nodes have; a node without any of it has no such object either.

    Attributes
    ----------
    hooks : list or None
        Functions to call with the gradient, see ``Tensor.register_hook``.
    name : str or None
        Given by a person.
    owner : weakref or None
        The leaf's Tensor, which is given ``.grad``.
    trace : str or None
        The line of the person's code, in anomaly mode.
    """

    __slots__ = ("hooks", "name", "owner", "trace")

    def __init__(self) -> None:
        self.hooks: list[Any] | None = None
        self.name: str | None = None
        self.owner: Any = None
        self.trace: str | None = None


def noted(name: str) -> Any:
    """Return a property of nodes that is kept in their notes."""
    look = attrgetter(name)

    def fetch(node: Node) -> Any:
        return None if node.notes is None else look(node.notes)

    def keep(node: Node, value: Any) -> None:
        if node.notes is None:
            node.notes = Notes()
        setattr(node.notes, name, value)

    return property(fetch, keep, doc=f"See :class:`Notes`: ``{name}``.")


class Node:
    """One recorded operation, or a leaf.  After the sweep has released it, a skeleton without arrays.

    There is one for every operation, so it is kept small: what is rarely there is in its notes.

    Attributes
    ----------
    plan : Plan
        The operation with the rules that will run.
    inputs : tuple of Node, number or None
        The node of each input; a Python number stands for itself, ``None`` for what was left out.
    saved
        What its rules name: a tuple, or a single value (``plan.alone``); ``RELEASED`` after the sweep.
    params : dict
        The operation's keyword arguments.
    shape, dtype
        Of the output (tuples of them, for several outputs).
    scope : tuple of str
        The modules it was recorded in.
    number : int
        Creation number, from the clock of :mod:`minigrad.versions`.
    notes : Notes or None
        Holds ``hooks``, ``name``, ``owner`` and ``trace``.
    """

    __slots__ = (
        "__weakref__",
        "dtype",
        "inputs",
        "notes",
        "number",
        "params",
        "plan",
        "saved",
        "scope",
        "shape",
    )

    plan: Plan
    inputs: tuple[Any, ...]
    saved: Any
    params: dict[str, Any]
    shape: Any
    dtype: Any
    scope: tuple[str, ...]
    number: int
    notes: Notes | None

    hooks = noted("hooks")
    name = noted("name")
    owner = noted("owner")
    trace = noted("trace")

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to it.  Can be set on a leaf."""
        return self.plan is not CONSTANT

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self.inputs:
            raise RuntimeError(f"requires_grad can be set on leaves only, not on {describe(self)}")
        self.plan = LEAF if value else CONSTANT

    @property
    def released(self) -> bool:
        """Whether a sweep has used it and let go of what it saved."""
        return self.saved is RELEASED

    @property
    def saved_values(self) -> tuple[Any, ...]:
        """What its rules name, always as a tuple; empty once released."""
        if self.saved is RELEASED:
            return ()
        return (self.saved,) if self.plan.alone else self.saved

    @property
    def op_name(self) -> str:
        """Name of the operation, ``"leaf"`` for a leaf."""
        return self.plan.op.name if self.plan.op is not None else str(self.plan.kind)

    def __repr__(self) -> str:
        return f"<{self.op_name} #{self.number} {self.shape} {self.dtype}>"


def new_node(
    plan: Plan,
    inputs: tuple[Any, ...],
    saved: Any,
    params: dict[str, Any],
    shape: Any,
    dtype: Any,
    scope: tuple[str, ...],
) -> Node:
    """Return a node.  A function and not a constructor, which takes Python longer to call."""
    node = Node()
    node.plan = plan
    node.inputs = inputs
    node.saved = saved
    node.params = params
    node.shape = shape
    node.dtype = dtype
    node.scope = scope
    node.number = tick()
    node.notes = None
    return node


def leaf_node(tensor: Any, requires_grad: bool) -> Node:
    """Return the node of a tensor that no operation made."""
    array = tensor.array
    plan = LEAF if requires_grad else CONSTANT
    node = new_node(plan, (), (), NO_PARAMS, array.shape, array.dtype, state.get().scope)
    node.notes = Notes()
    node.notes.owner = weakref.ref(tensor)
    return node


def wrap(array: Any, node: Node | None) -> Any:
    """Return a Tensor on ``array`` that was computed by ``node`` (``None``: a constant)."""
    tensor = new_object(Tensor)
    tensor.array = array
    tensor.node = node
    tensor._grad = None
    return tensor


def unbroadcast(xp: Any, gradient: Any, shape: tuple[int, ...], node: Node) -> Any:
    """Sum ``gradient`` over the axes along which an input of ``shape`` was broadcast.

    Broadcasting copies an input along new axes and along axes of length 1; the derivative of copying
    is adding the copies' gradients.  This is the only place that knows of it.
    """
    new_axes = len(gradient.shape) - len(shape)
    axes = tuple(range(new_axes)) + tuple(
        new_axes + axis
        for axis, length in enumerate(shape)
        if length == 1 and new_axes >= 0 and gradient.shape[new_axes + axis] != 1
    )
    result = xp.reshape(total(xp, gradient, axes, True), shape) if axes else gradient
    if result.shape != shape:
        raise RuntimeError(
            f"the derivative of {describe(node)} has shape {gradient.shape} for an input of shape "
            f"{shape}; a rule has to return its input's shape, or one that was broadcast from it"
        )
    return result


def collect(
    roots: Iterable[Node], targets: Sequence[Node] | None = None, beyond_targets: bool = True
) -> tuple[list[Node], set[Node]]:
    """Return, oldest first, the operations through which gradients flow from ``roots`` to ``targets``.

    Parameters
    ----------
    roots : iterable of Node
        Where the sweep starts.
    targets : sequence of Node, optional
        Keep only operations on a way to one of these; ``None`` keeps all.
    beyond_targets : bool, default True
        Whether to look for further targets behind a target.

    Returns
    -------
    order : list of Node
        The operations.
    passed : set of Node
        The operations and leaves that gradients have to reach; empty if that is all of them.

    Raises
    ------
    RuntimeError
        If a node on the way was released by an earlier sweep, or something it saved was written since.
        Nothing has been changed then.
    """
    stops = set() if targets is None or beyond_targets else set(targets)
    seen = set(roots)
    order = [node for node in seen if node.inputs]
    suspects = []
    for node in order:  # grows while it is walked
        if stops and node in stops:
            continue
        if node.saved is RELEASED:
            suspects.append(node)
        inputs = node.inputs
        for position in node.plan.wanted:
            source = inputs[position]
            if source not in seen:
                seen.add(source)
                if source.inputs:  # a leaf has none, and no rules
                    order.append(source)
    order.sort(key=NUMBER)
    newest_write = latest_write()
    for node in order:
        if node.number > newest_write:
            break
        if node.plan.sources and node not in stops:
            suspects.append(node)
    passed: set[Node] = set()
    if targets is not None and not are_leaves_of(targets, seen, len(seen) - len(order)):
        passed.update(targets)  # gradients may end there, the rules behind them need not run
        running = set()
        for node in order:
            if leads_to(passed, node):
                passed.add(node)
                running.add(node)
        order = [node for node in order if node in passed]
        suspects = [node for node in suspects if node in running]
    for node in sorted(suspects, key=NUMBER, reverse=True):  # first those next to the loss
        if node.released:
            raise RuntimeError(released_message(node))
        check_unwritten(node)
    return order, passed


def leads_to(passed: set[Node], node: Node) -> bool:
    """Tell whether gradients flow from ``node`` right to one of the nodes ``passed``."""
    inputs = node.inputs
    for position in node.plan.wanted:
        if inputs[position] in passed:
            return True
    return False


def are_leaves_of(targets: Sequence[Node], seen: set[Node], leaves: int) -> bool:
    """Tell whether the targets are just the ``leaves`` among the nodes ``seen``: all gradients end there."""
    ends = set(targets)
    return len(ends) == leaves and ends <= seen and not any([node.inputs for node in targets])


def check_unwritten(node: Node) -> None:
    """Raise if an array that ``node`` saved was written after ``node`` was recorded."""
    for value, source in zip(node.saved_values, node.plan.sources, strict=True):
        if source is None:
            continue
        written = max(map(last_written, value if isinstance(value, tuple) else (value,)), default=0)
        if written <= node.number:
            continue
        if isinstance(source, str):
            what, origin = ("output", node) if source == "out" else (source, None)
        else:
            what = f"input {node.plan.op.input_name(source)!r}"
            origin = node.inputs[source] if isinstance(source, int) else None
        name = f" (named {origin.name!r})" if origin is not None and origin.name else ""
        raise RuntimeError(
            f"a value needed for the gradient was changed in place: the {what}{name} of "
            f"{describe(node)} was saved at version {node.number} and is now at version "
            f"{written}; change it after backward(), or change a clone()"
        )


def released_message(node: Node) -> str:
    """Say that ``node`` was released and what to do about it."""
    return (
        f"the graph was already used by a backward pass, which released what {describe(node)} had "
        "saved; pass retain_graph=True to the first backward() or grad(), or run the forward pass again"
    )


def describe(node: Node) -> str:
    """Return operation, name, shape, dtype, module and (in anomaly mode) line of ``node``."""
    parts = [repr(node.op_name)]
    if node.name:
        parts.append(f"named {node.name!r}")
    parts.append(f"with output {node.shape} {node.dtype}")
    if node.scope:
        parts.append(f"in module {' > '.join(node.scope)}")
    if node.trace:
        parts.append(f"at {node.trace}")
    return " ".join(parts)


def no_array(node: Node, position: int, contribution: Any) -> TypeError:
    """Return the error for a rule that returned something else."""
    return TypeError(
        f"the derivative of {describe(node)} for input {position} returned "
        f"{type(contribution).__name__}; a rule has to return an array"
    )


def sweep(
    roots: Sequence[Node],
    seeds: Sequence[Any],
    targets: Sequence[Node] | None = None,
    *,
    beyond_targets: bool = True,
    retain_graph: bool = False,
    create_graph: bool = False,
    way: tuple[list[Node], set[Node]] | None = None,
) -> dict[Node, Any]:
    """Run the rules from ``roots`` back to the leaves and return the gradients of ``targets``.

    Parameters
    ----------
    roots, seeds
        Nodes of the outputs, and the gradient of each: raw arrays, or Tensors with ``create_graph``.
    targets : sequence of Node, optional
        Nodes whose gradients are wanted; ``None``: those of all leaves.
    beyond_targets : bool, default True
        Whether gradients flow on from one target to others behind it.
    retain_graph : bool, default False
        Keep what the nodes saved, so that they can be swept again.
    create_graph : bool, default False
        Record the rules as they run, so that the gradients can be differentiated.
    way : (list, set), optional
        What :func:`collect` returns for these arguments, if it is known already.

    Returns
    -------
    dict
        Node of a target -> its gradient; a target that was not reached is missing.  The dictionary alone
        holds the arrays, so that :func:`minigrad.ownership.take` can see which need no copy.
    """
    order, passed = way or collect(roots, targets, beyond_targets)
    # The table of gradients is local to the call: none can be left over from another sweep.  In it are
    # the operations that gradients have reached and that are still to come, and leaves.
    table: dict[Node, Any] = {}
    for root, seed in zip(roots, seeds):  # noqa: B905  # of one length
        table[root] = seed if root not in table else table[root] + seed
    wanted = set(targets or ())
    found: dict[Node, Any] = {}
    retained: list[tuple[Any, Any]] = []
    observer = state.get().observer
    if observer is not None:
        observer.sweeping()
    # Nobody looks on, and nothing is recorded: as in training.
    plain = observer is None and not create_graph
    for node in reversed(order):
        gradient = table.pop(node, None)
        if gradient is None:
            continue
        if node.notes is not None and node.notes.hooks:
            gradient = run_hooks(node, gradient, create_graph, retained)
        plan, inputs = node.plan, node.inputs
        if passed and node in wanted:
            found[node] = gradient
            if not beyond_targets or not leads_to(passed, node):
                continue
        if plain and plan.rules and gradient.__class__ is not list:
            xp, saved = NAMESPACES[gradient.__class__], node.saved
            for position, rule, picks, count in plan.rules:
                source = inputs[position]
                if passed and source not in passed:
                    continue
                # The short forms are the usual ones, and Python's fastest calls.
                if not count:
                    contribution = rule(xp, gradient)
                elif plan.alone:
                    contribution = rule(xp, gradient, saved)
                elif count == 1:
                    contribution = rule(xp, gradient, saved[picks[0]])
                elif count == 2:
                    contribution = rule(xp, gradient, saved[picks[0]], saved[picks[1]])
                else:
                    contribution = rule(xp, gradient, *map(saved.__getitem__, picks))
                try:
                    fits = contribution.shape == source.shape
                except AttributeError:
                    raise no_array(node, position, contribution) from None
                if not fits:
                    contribution = unbroadcast(xp, contribution, source.shape, node)
                if source not in table:
                    table[source] = contribution
                else:
                    add_to(table, source, contribution)
        elif plan.kind == "item":
            collect_item(table, node, gradient)
            continue
        else:
            pull = differentiable_pull if create_graph else raw_pull
            for position, contribution in pull(node, gradient, passed):
                source = inputs[position]
                if passed and source not in passed:
                    continue
                if contribution is None and plan.joint is not None:
                    continue  # from a rule for all inputs this stands for zeros
                try:
                    shape = contribution.array.shape if create_graph else contribution.shape
                except AttributeError:
                    raise no_array(node, position, contribution) from None
                if shape != source.shape:
                    xp = tensor_namespace if create_graph else xp_of(contribution)
                    contribution = unbroadcast(xp, contribution, source.shape, node)
                table[source] = (
                    contribution if source not in table else table[source] + contribution
                )
                if observer is not None:
                    observer.pulled(node, contribution)
        if not retain_graph:
            node.saved = RELEASED
            if node.params:
                node.params = without_arrays(node.params)
    # What is left in the table are leaves, and roots that lead to no target.
    for node in table:
        if node.notes is not None and node.notes.hooks and (targets is None or node in wanted):
            table[node] = run_hooks(node, table[node], create_graph, retained)
    gradient = contribution = saved = None
    for keep, shown in retained:
        keep(shown)
    if targets is None:
        return table
    for node in wanted:
        if node in table:
            found[node] = table[node]
    return found


def without_arrays(params: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of a released node: axes and shapes stay, masks and indices go."""
    if PLAIN.issuperset(map(type, params.values())):
        return params
    kept = {}
    for name, value in params.items():
        if value.__class__ in PLAIN or not holds_array(value):
            kept[name] = value
    return kept


def holds_array(value: Any) -> bool:
    """Tell whether a keyword is an array with axes, or a tuple with one in it."""
    for part in value if type(value) is tuple else (value,):
        if getattr(part, "ndim", 0):
            return True
    return False


def run_hooks(node: Node, gradient: Any, create_graph: bool, retained: list[Any]) -> Any:
    """Call the hooks of ``node``; one that returns a Tensor replaces the gradient.

    Those that only keep the gradient (``deferred``, see ``Tensor.retain_grad``) are put off to the end
    of the sweep, with the gradient that the others have left.
    """
    keepers = []
    for hook in list(node.hooks or ()):
        if getattr(hook, "deferred", False):
            keepers.append(hook)
            continue
        shown = gradient if create_graph else wrap(gradient, None)
        answer = hook(shown)
        if answer is None and not create_graph:
            gradient = shown.array  # a number that the hook has changed in place is another one
        if answer is not None:
            if answer.shape != node.shape:
                raise RuntimeError(
                    f"a hook on {describe(node)} returned a gradient of shape {answer.shape}"
                )
            answer = answer.to(node.dtype)
            gradient = answer if create_graph else answer.array
    for hook in keepers:
        retained.append((hook, gradient if create_graph else wrap(gradient, None)))
    return gradient


def collect_item(table: dict[Node, Any], node: Node, gradient: Any) -> None:
    """Put the gradient of one output of several where the node of all of them waits for it."""
    (source,) = node.inputs
    index, count = node.saved  # type: ignore[misc]
    known = table.setdefault(source, [None] * count)[index]
    table[source][index] = gradient if known is None else known + gradient


def fill_items(node: Node, gradients: list[Any], create_graph: bool) -> tuple:
    """Return the gradients of all outputs of ``node``, zeros where none arrived."""
    model = next(gradient for gradient in gradients if gradient is not None)
    xp = xp_of(model.array if create_graph else model)
    filled = []
    for gradient, shape, dtype in zip(gradients, node.shape, node.dtype, strict=True):
        if gradient is None:
            zeros = xp.zeros(shape, dtype)
            gradient = wrap(zeros, None) if create_graph else zeros
        filled.append(gradient)
    return tuple(filled)


def arrived(node: Node, gradients: list[Any], create_graph: bool) -> tuple:
    """Return the gradients of all outputs of ``node`` as its rule wants them: with zeros, or ``None``."""
    if getattr(node.plan.op, "materializes", True):
        return fill_items(node, gradients, create_graph)
    return tuple(gradients)


def raw_pull(node: Node, gradient: Any, passed: set[Node]) -> Iterable[tuple[int, Any]]:
    """Return ``(position, contribution)`` pairs from the rules of ``node``, run on raw arrays.

    A rule of its own for an input that is not among those that gradients have to reach does not run.
    """
    plan, saved = node.plan, node.saved_values
    observer = state.get().observer
    run = call if observer is None else observer.run
    if isinstance(gradient, list):
        gradient = arrived(node, gradient, create_graph=False)
        xp = xp_of(next(part for part in gradient if part is not None))
    else:
        xp = xp_of(gradient)
    if plan.joint is not None:
        rule, picks = plan.joint
        contributions = run(rule, xp, gradient, plan.needs, *[saved[i] for i in picks])
        return [(position, contributions[position]) for position in plan.wanted]
    return (  # one after the other, so that each is added up and gone before the next
        (position, run(rule, xp, gradient, *[saved[i] for i in picks]))
        for position, rule, picks, _ in plan.rules
        if not passed or node.inputs[position] in passed
    )


def differentiable_pull(node: Node, gradient: Any, passed: set[Node]) -> Iterable[tuple[int, Any]]:
    """Return ``(position, contribution)`` pairs from the rules of ``node``, run on Tensors.

    As in :func:`raw_pull`, rules of their own for inputs that gradients need not reach do not run.
    """
    plan, saved, inputs = node.plan, node.saved_values, node.inputs
    if isinstance(gradient, list):
        gradient = arrived(node, gradient, create_graph=True)
    if plan.op.residuals:
        return replay_composite(node, gradient, saved)
    values = []
    for value, source in zip(saved, plan.sources):  # noqa: B905  # of one length, by construction
        if source.__class__ is int:  # an input, as most are: a Tensor, unless it was a number
            if inputs[source].__class__ is Node:
                value = wrap(value, inputs[source])
        elif source is not None:
            value = as_recorded(node, value, source)
        values.append(value)
    try:
        if plan.joint is not None:
            rule, picks = plan.joint
            contributions = rule(
                tensor_namespace, gradient, plan.needs, *[values[i] for i in picks]
            )
            return [(position, contributions[position]) for position in plan.wanted]
        pairs = []
        for position, rule, picks, _ in plan.rules:
            if not passed or inputs[position] in passed:
                given = map(values.__getitem__, picks)
                pairs.append((position, rule(tensor_namespace, gradient, *given)))
    except TypeError as error:
        if "__array_ufunc__" in str(error):
            error.add_note(
                f"The derivative of {describe(node)} is itself differentiated, so its rule is given "
                "Tensors: write xp.exp, and not np.exp."
            )
        raise
    return pairs


def as_recorded(node: Node, value: Any, source: Any) -> Any:
    """Return a saved value that is no single input as what it was, connected to the graph it came from."""
    if source == "out":
        if isinstance(value, tuple):
            return tuple(
                wrap(part, item_node(node, index, part)) for index, part in enumerate(value)
            )
        return wrap(value, node)
    if isinstance(source, slice):  # all inputs of an operation that takes any number
        return tuple(
            wrap(part, origin if isinstance(origin, Node) else None)
            for part, origin in zip(value, node.inputs, strict=True)
        )
    return value  # a keyword or a shape


def item_node(node: Node, index: int, array: Any) -> Node:
    """Return a node for output ``index`` of the several that ``node`` computed."""
    return new_node(
        ITEM, (node,), (index, len(node.shape)), NO_PARAMS, array.shape, array.dtype, node.scope
    )


def replay_composite(node: Node, gradient: Any, saved: tuple) -> Iterable[tuple[int, Any]]:
    """Differentiate the plain operations that a fused one stands for, run again from its inputs.

    The inputs enter through ``alias`` nodes at which the sweep stops: what is wanted here are the
    partial derivatives of this one operation, even if one of its inputs was computed from another.
    """
    plan = node.plan
    op = plan.op
    token = state.set(State(True, (*node.scope, GRADIENT), state.get().observer))
    try:
        inputs: list[Any] = []
        for position, source in enumerate(node.inputs):
            value = saved[position]
            if value is None or not isinstance(source, Node):
                inputs.append(value)
            else:
                tensor = wrap(value, source)
                inputs.append(tensor_namespace.alias(tensor) if plan.needs[position] else tensor)
        output = op.composite(*inputs, **node.params)
        entries = {position: inputs[position].node for position in plan.wanted}
        found = sweep(
            [output.node],
            [gradient],
            targets=list(entries.values()),
            beyond_targets=False,
            retain_graph=True,
            create_graph=True,
        )
    finally:
        state.reset(token)
    return [(position, found[entry]) for position, entry in entries.items() if entry in found]
