"""Writing into a tensor's memory: ``x[i] = v``, ``x += y``, ``x.add_(y)`` and their like.

All of it goes through two checks.  What gradients flow through cannot be changed while operations are
recorded, and every write is noted in :mod:`minigrad.versions`, so that the sweep notices if it needed
the old values.
"""

# mypy: disable-error-code="attr-defined, has-type, misc, return-value"
# (the attributes this mixin uses are those of Tensor)

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import engine
from minigrad._functions import pointwise
from minigrad._functions.arguments import on_device
from minigrad.backend.devices import move, xp_of
from minigrad.backend.generator import default_generator
from minigrad.engine import state
from minigrad.ops import arithmetic
from minigrad.ops.indexing import is_basic, split_index
from minigrad.versions import touch


class InPlace:
    """The methods of :class:`minigrad.Tensor` that change it."""

    __slots__ = ()

    def __setitem__(self, index: Any, value: Any) -> None:
        if self._is_recorded(value):
            raise RuntimeError(
                "x[i] = v on a tensor that gradients flow through would lose them; build the result with "
                "where, cat, stack or index_add, or write under no_grad()"
            )
        first, raw = split_index(self._raw_index(index))
        target = self._own_array()
        if first is not None:
            target = target[first]
        if not is_basic(raw) and isinstance(value, engine.Tensor) and value.ndim == 0:
            value = value.item() if value.device.type == "cpu" else value
        try:
            target[raw] = self._operand(value)
        except ValueError as error:
            raise ValueError(f"x[i] = v: {error}; x is {tuple(self.shape)} {self.dtype}") from error
        touch(self.array)

    def _is_recorded(self: Any, *others: Any) -> Any:
        """Tell whether an operation on this tensor and ``others`` would be recorded."""
        tracked = self.requires_grad or any(
            isinstance(o, engine.Tensor) and o.requires_grad for o in others
        )
        return tracked and state.get().grad_enabled

    def _operand(self, value: Any) -> Any:
        """Return what is written or combined with this tensor in place: a number or a raw array."""
        if type(value) in (float, int, bool):
            return value
        tensor = engine.as_tensor(value)
        if tensor.device != self.device and tensor.ndim and isinstance(value, engine.Tensor):
            raise RuntimeError(
                f"tensors are on different devices: {self.device} and {tensor.device}"
            )
        return on_device(tensor.array, self.device)

    def _write(self, name: str, compute: Callable[[Any], Any], *others: Any) -> Any:
        """Replace the elements by ``compute(array)``, in the same memory, shape and dtype.

        Raises
        ------
        RuntimeError
            If the operation would have to be recorded, or the result does not fit.
        """
        if self._is_recorded(*others):
            what = "a leaf that requires gradients" if self.is_leaf else "a tensor of the graph"
            raise RuntimeError(
                f"{name}: {what} cannot be changed in place while gradients are recorded; do it under "
                "no_grad(), or use the operation that returns a new tensor"
            )
        result = compute(self.array)
        if result.shape != self.array.shape:
            raise RuntimeError(
                f"{name}: the result has shape {tuple(result.shape)} and does not fit in place into "
                f"{tuple(self.shape)}"
            )
        if result.dtype.kind != self.dtype.kind and result.dtype.kind in "fiu":
            order = "biuf"
            if order.index(result.dtype.kind) > order.index(self.dtype.kind):
                raise RuntimeError(
                    f"{name}: the result is {result.dtype} and cannot be stored as {self.dtype}"
                )
        if isinstance(self.array, np.generic):
            self.array = self.dtype.type(result)
        else:
            touch(self.array)
            self.array[...] = result
        return self

    def _inplace(self, name: str, function: Callable[[Any, Any], Any], other: Any) -> Any:
        operand = self._operand(other)
        return self._write(name, lambda array: function(array, operand), other)

    def _augmented(
        self, name: str, function: Callable[[Any, Any], Any], other: Any, record: Any
    ) -> Any:
        """Do ``x += y``: in place, or as a new result where it has to be recorded.

        A result that is being recorded may be rebound (``loss += penalty``); a leaf may not, as the
        name would no longer be the leaf.
        """
        if self._is_recorded(other) and not (self.is_leaf and self.requires_grad):
            return record(self, other)
        return self._inplace(name, function, other)

    def __iadd__(self, other: Any) -> Any:
        return self._augmented("+=", operator.add, other, arithmetic.add)

    def __isub__(self, other: Any) -> Any:
        return self._augmented("-=", operator.sub, other, arithmetic.sub)

    def __imul__(self, other: Any) -> Any:
        return self._augmented("*=", operator.mul, other, arithmetic.mul)

    def __itruediv__(self, other: Any) -> Any:
        return self._augmented("/=", operator.truediv, other, arithmetic.div)

    def add_(self, other: Any, *, alpha: Any = 1) -> Any:
        """Add ``alpha * other`` in place; return the tensor."""
        return self._inplace("add_", lambda x, y: x + (y if alpha == 1 else alpha * y), other)

    def sub_(self, other: Any, *, alpha: Any = 1) -> Any:
        """Subtract ``alpha * other`` in place; return the tensor."""
        return self._inplace("sub_", lambda x, y: x - (y if alpha == 1 else alpha * y), other)

    def mul_(self, other: Any) -> Any:
        """Multiply by ``other`` in place; return the tensor."""
        return self._inplace("mul_", operator.mul, other)

    def div_(self, other: Any) -> Any:
        """Divide by ``other`` in place; return the tensor."""
        return self._inplace("div_", operator.truediv, other)

    def pow_(self, exponent: Any) -> Any:
        """Raise to a power in place; return the tensor."""
        return self._inplace("pow_", operator.pow, exponent)

    def neg_(self) -> Any:
        """Change the sign in place; return the tensor."""
        return self._write("neg_", operator.neg)

    def copy_(self, src: Any) -> Any:
        """Copy the elements of ``src``, which may broadcast, into this tensor; return it."""
        operand = engine.as_tensor(src)
        array = move(operand.array, self.device)
        shape = self.array.shape

        def copied(mine: Any) -> Any:
            try:
                xp = xp_of(mine)
                return xp.asarray(xp.broadcast_to(array, shape), dtype=self.dtype)
            except ValueError as error:
                raise RuntimeError(
                    f"copy_: {tuple(operand.shape)} does not broadcast to {tuple(shape)}"
                ) from error

        return self._write("copy_", copied, src)

    def fill_(self, value: Any) -> Any:
        """Set every element to ``value``; return the tensor."""
        return self._inplace("fill_", lambda x, y: xp_of(x).full_like(x, y), value)

    def zero_(self) -> Any:
        """Set every element to 0; return the tensor."""
        return self._write("zero_", lambda x: xp_of(x).zeros_like(x))

    def addcmul_(self, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """Add ``value * tensor1 * tensor2`` in place; return the tensor."""
        first, second = self._operand(tensor1), self._operand(tensor2)
        return self._write("addcmul_", lambda x: x + value * first * second, tensor1, tensor2)

    def addcdiv_(self, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """Add ``value * tensor1 / tensor2`` in place; return the tensor."""
        first, second = self._operand(tensor1), self._operand(tensor2)
        return self._write("addcdiv_", lambda x: x + value * first / second, tensor1, tensor2)

    def clamp_(self, min: Any = None, max: Any = None) -> Any:
        """Limit the elements to ``[min, max]`` in place; return the tensor."""
        return self._write(
            "clamp_", lambda x: pointwise.clamp(engine.wrap(x, None), min, max).array
        )

    def normal_(self, mean: Any = 0.0, std: Any = 1.0, *, generator: Any = None) -> Any:
        """Fill with normal random numbers; return the tensor."""
        return self._drawn("normal_", generator, lambda g, s, d: g.normal(s, d, mean, std))

    def uniform_(self, a: Any = 0.0, b: Any = 1.0, *, generator: Any = None) -> Any:
        """Fill with uniform random numbers of ``[a, b)``; return the tensor."""
        return self._drawn("uniform_", generator, lambda g, s, d: g.uniform(s, d, a, b))

    def _drawn(self, name: str, generator: Any, draw: Callable[[Any, Any, Any], Any]) -> Any:
        if self.dtype.kind != "f":
            raise RuntimeError(f"{name}: expected a floating tensor, got {self.dtype}")
        if self._is_recorded():
            self._write(name, lambda x: x)  # says why it cannot be, before a number is drawn
        host = draw(generator or default_generator, tuple(self.shape), self.dtype)
        return self._write(name, lambda x: on_device(np.asarray(host), self.device))
