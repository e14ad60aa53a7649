"""Recording: an ordinary training step is watched, and written down as calls of NumPy.

The forward pass is watched as it runs: which operations were called, with which arrays.  The backward
pass is derived from that by the rules that stand beside the operations, in the order in which
:func:`minigrad.engine.sweep` runs them.  Each forward and each rule is then traced
(:mod:`minigrad.compiling.tracing`).

An array has to come from somewhere: the batch, a parameter, a buffer, or an operation before.  If it does
not, something was computed past the operations, and a replay would freeze it; the recording is refused.

What compiling knows of nodes and sweeps is in this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import engine
from minigrad.compiling.tracing import Call, Tape, Traced, mapped
from minigrad.engine import State, state
from minigrad.nn.functional import dropout_mask
from minigrad.observing import Observer
from minigrad.ops import arithmetic, fused, losses


class Refused(Exception):
    """A step cannot be replayed; the message says why, as the end of a sentence."""


@dataclass
class Operation:
    """One operation that a step computed: what it was given, and what came out."""

    op: Any
    arrays: list[Any]
    params: dict[str, Any]
    out: Any = None
    node: Any = None


class Recorder(Observer):
    """Notes all operations while it is entered; a context manager."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def given(self, op: Any, arrays: list[Any], params: dict[str, Any]) -> None:
        """Note what an operation is about to be computed from."""
        self.operations.append(Operation(op, list(arrays), params))

    def computed(self, op: Any, out: Any, node: Any) -> None:
        """Note what came out."""
        operation = self.operations[-1]
        operation.out, operation.node = out, node

    def __enter__(self) -> Recorder:
        now = state.get()
        self._token = state.set(State(now.grad_enabled, now.scope, self))
        return self

    def __exit__(self, *exc: object) -> None:
        state.reset(self._token)


class Recording:
    """A forward and backward pass as calls of NumPy, made of the operations that were watched.

    Parameters
    ----------
    operations : list of Operation
        In their order.
    loss : Tensor
        The last result, not yet swept.
    batch : list of array
        What the step was given.
    tensors : list of Tensor
        Parameters and buffers.
    dropouts : list of Dropout
        The layers that drew random numbers, in the order in which they were called.

    Attributes
    ----------
    calls : list of Call
        In their order.
    inputs : list of Traced
        The arrays of the batch.
    states : list of (Tensor, Traced)
        Parameters and buffers.
    loss : Traced
        The loss.
    gradients : list of (Tensor, Traced or array)
        Of the parameters.
    moments : list of (Traced, Traced, int)
        Mean, variance and number of samples of each batch that was normalised, in their order.
    classes : int or None
        How many there are, if the target holds indices of classes, which have to be in range.

    Raises
    ------
    Refused
        If the step cannot be replayed.
    """

    def __init__(
        self,
        operations: list[Operation],
        loss: Any,
        batch: list[Any],
        tensors: list[Any],
        dropouts: list[Any],
    ) -> None:
        self._tape = Tape()
        self._tensors, self._dropouts = tensors, list(dropouts)
        self._known: dict[int, Traced] = {}  # by identity; all live as long as the operations
        self._lying: dict[Any, Traced | None] = {}  # by memory; None: several lie there
        self._values: dict[Any, dict[str, Any]] = {}  # node -> what its rules may name
        self.moments: list[tuple[Traced, Traced, int]] = []
        self.classes: int | None = None
        self.calls = self._tape.calls
        self.inputs = [self._know(array) for array in batch]
        for tensor in tensors:
            if id(tensor.array) not in self._known:  # several may have one array: p.data = q.data
                self._know(tensor.array)
        self.states = [(tensor, self._known[id(tensor.array)]) for tensor in tensors]
        for operation in operations:
            self._forward(operation)
        if self._dropouts:
            raise Refused("a dropout left no trace")
        self.loss = self._stand_in(loss.array, "the backward pass")
        self.gradients = self._backward(loss)

    # Arrays ---------------------------------------------------------------------------------------

    def _know(self, array: Any, traced: Traced | None = None) -> Traced:
        traced = Traced(self._tape, array) if traced is None else traced
        self._known[id(array)] = traced
        if self._lying.setdefault(_memory(array), traced) is not traced:
            self._lying[_memory(array)] = None
        return traced

    def _find(self, array: Any) -> Traced | None:
        """Return what stands for an array, if it is known where that comes from."""
        if isinstance(array, np.bool_):
            return None  # there are but two such objects, whatever they were computed from
        return self._known.get(id(array), self._lying.get(_memory(array)))

    def _stand_in(self, value: Any, reader: str) -> Any:
        """Return what stands for an array, which ``reader`` is given; anything else as it is."""
        if not isinstance(value, (np.ndarray, np.generic)):
            return value
        found = self._find(value)
        if found is None:
            whole = [str(one.dtype) for one in self.inputs if one.dtype.kind != "f"]
            why = f", perhaps converted from a batch of {whole[0]}" if whole else ""
            raise Refused(
                f"{reader} is given {value.dtype} numbers that no operation has computed{why}"
            )
        return found

    # Forward --------------------------------------------------------------------------------------

    def _forward(self, operation: Operation) -> None:
        op, params, out = operation.op, operation.params, operation.out
        if isinstance(out, tuple):
            raise Refused(f"the operation {op.name!r} has several results")
        if op is fused.batch_norm and params["moments"] is not None:
            self._batch_moments(operation)
        if op is arithmetic.mul and self._dropouts:
            self._mask(operation)
        if op is losses.cross_entropy:
            self._class_indices(operation)
        arrays = [self._stand_in(array, op.name) for array in operation.arrays]
        params = mapped(lambda value: self._stand_in(value, op.name), params)
        shown = self._tape.run(op.forward, (np, *arrays), params)
        shown, extra = shown if op.residuals else (shown, ())
        if not isinstance(shown, Traced):
            raise Refused(f"the operation {op.name!r} computes a constant")
        self._know(out, shown)
        if operation.node is not None:
            shapes = [getattr(array, "shape", ()) for array in arrays]
            names = [f"{name}_shape" for name in op.input_names]
            if op.variadic:
                arrays, shapes = [tuple(arrays)], [tuple(shapes)]
            self._values[operation.node] = {
                "out": shown,
                **dict(zip(op.input_names, arrays, strict=True)),
                **dict(zip(op.residuals, extra, strict=True)),
                **dict(zip(names, shapes, strict=True)),
                **params,
            }

    def _class_indices(self, operation: Operation) -> None:
        """Note how many classes there are; the indices have to be the target, which is looked at."""
        if operation.params["shares"] is not None:
            raise Refused("cross_entropy weights the classes, or ignores some targets")
        if self._find(operation.params["target"]) is not self.inputs[1]:
            raise Refused("cross_entropy converts its target; pass class indices (N,) of int64")
        self.classes = operation.arrays[0].shape[1]

    def _batch_moments(self, operation: Operation) -> None:
        """Write down what a batch normalisation computes beside its operation."""
        x = self._stand_in(operation.arrays[0], operation.op.name)
        moments = self._tape.run(fused.batch_moments, (np, x), {})
        for array, traced in zip(operation.params["moments"], moments, strict=True):
            self._know(array, traced)
        self.moments.append((moments[0], moments[1], x.shape[0]))

    def _mask(self, operation: Operation) -> None:
        """Write down that a mask is drawn, if an operation multiplies with one."""
        mask = operation.arrays[1]
        if isinstance(mask, np.ndarray) and self._find(mask) is None:
            p = self._dropouts.pop(0).p
            call = Call(dropout_mask, (p, mask.shape, mask.dtype), outs=(Traced(self._tape, mask),))
            self.calls.append(call)
            self._know(mask, call.outs[0])

    # Backward -------------------------------------------------------------------------------------

    def _backward(self, loss: Any) -> list[tuple[Any, Any]]:
        """Write down the rules, youngest operation first; return the gradients of the leaves."""
        table = {loss.node: loss.array.dtype.type(1)}
        order, _ = engine.collect([loss.node])
        for node in reversed(order):
            gradient = table.pop(node, None)
            if gradient is None:
                continue
            if node.hooks:
                raise Refused("a hook waits for a gradient")
            for source, contribution in self._contributions(node, gradient):
                if contribution.shape != source.shape:
                    contribution = engine.unbroadcast(np, contribution, source.shape, node)
                known = table.get(source)
                table[source] = contribution if known is None else known + contribution
        leaves = []
        for node, gradient in table.items():
            tensor = node.owner()
            if not any(tensor is one for one in self._tensors):
                raise Refused("a gradient flows to a tensor that is no parameter of the model")
            leaves.append((tensor, gradient))
        return leaves

    def _contributions(self, node: Any, gradient: Any) -> list[tuple[Any, Any]]:
        """Run the rules of one operation; return what they give to each of its inputs."""
        op, values = node.plan.op, self._values.get(node)
        if values is None:
            raise Refused(f"{node.op_name!r} is no operation of the library's")
        if op.joint is not None:
            all_of_them = self._rule(op.joint, gradient, {**values, "needs": node.plan.needs})
            pairs = [(position, all_of_them[position]) for position in node.plan.wanted]
        else:
            pairs = [
                (position, self._rule(op.rules[op.input_name(position)], gradient, values))
                for position in node.plan.wanted
            ]
        return [(node.inputs[position], part) for position, part in pairs if part is not None]

    def _rule(self, rule: Any, gradient: Any, values: dict[str, Any]) -> Any:
        code = rule.__code__
        names = code.co_varnames[2 : code.co_argcount]
        return self._tape.run(rule, (np, gradient, *(values[name] for name in names)), {})


def _memory(value: Any) -> Any:
    """Return where an array lies and how, by which another view of the same numbers is recognised."""
    if isinstance(value, np.generic) or not value.size:
        return id(value)
    return value.ctypes.data, value.shape, value.strides, value.dtype
