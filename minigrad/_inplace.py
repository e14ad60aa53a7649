"""Writing into a tensor's memory: ``x[i] = v``, ``x += y``, ``x.add_(y)`` and their like.

All of it goes through two checks.  What gradients flow through cannot be changed while operations are
recorded, and every write is noted in :mod:`minigrad.versions`, so that the sweep notices if it needed
the old values.
"""

# mypy: disable-error-code="attr-defined, has-type, misc, return-value"
# (the attributes this mixin uses are those of Tensor)

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import engine
from minigrad._functions import picking, pointwise, shaping
from minigrad._functions.arguments import as_size, on_device
from minigrad.backend.devices import move, xp_of
from minigrad.engine import state
from minigrad.ops import arithmetic, comparison
from minigrad.ops.indexing import is_basic, joined, split_index
from minigrad.ownership import is_held_alone
from minigrad.versions import touch


def _in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method that replaces a tensor's elements by what ``function`` makes of them."""
    name = f"{function.__name__.rstrip('_')}_"

    def method(self: Any, *args: Any, **options: Any) -> Any:
        def compute(array: Any) -> Any:
            return function(engine.wrap(array, None), *args, **options).array

        return self._write(name, compute, *args, *options.values())

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Do :func:`{function.__name__}` in place; return the tensor."
    return method


def _raw(op: Any) -> Callable[[Any, Any], Any]:
    """Return an operation as a function of raw arrays."""
    return lambda array, operand: op.forward(xp_of(array), array, operand)


class InPlace:
    """The methods of :class:`minigrad.Tensor` that change it."""

    __slots__ = ()

    def __setitem__(self, index: Any, value: Any) -> None:
        if self._is_recorded(value):
            self._refuse(
                "x[i] = v",
                "build the result with where, cat, stack or index_add",
            )
        first, raw = split_index(self._raw_index(index))
        target = self._own_array()
        if first is not None:
            target = target[first]
        if not is_basic(raw) and isinstance(value, engine.Tensor) and value.ndim == 0:
            value = value.item() if value.device.type == "cpu" else value
        try:
            target[joined(raw, target.ndim)] = self._operand(value)
        except ValueError as error:
            raise ValueError(f"x[i] = v: {error}; x is {tuple(self.shape)} {self.dtype}") from error
        touch(self.array)

    def _is_recorded(self: Any, *others: Any) -> Any:
        """Tell whether an operation on this tensor and ``others`` would be recorded."""
        tracked = self.requires_grad or any(
            isinstance(o, engine.Tensor) and o.requires_grad for o in others
        )
        return tracked and state.get().grad_enabled

    def _refuse(self, name: str, instead: str) -> None:
        """Say which tensor of an operation in place would have to be recorded, and what to do."""
        if not self.requires_grad:
            raise RuntimeError(
                f"{name}: the value requires gradients, which would be lost in a tensor that is changed in "
                f"place; {instead}, or detach() the value"
            )
        what = "a leaf that requires gradients" if self.is_leaf else "a tensor of the graph"
        raise RuntimeError(
            f"{name}: {what} cannot be changed in place while gradients are recorded; {instead}, or do it "
            "under no_grad()"
        )

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
            self._refuse(name, "use the operation that returns a new tensor")
        result = compute(self.array)
        self._check_fits(name, result)
        if isinstance(self.array, np.generic):
            self.array = self.dtype.type(result)
        else:
            touch(self.array)
            self.array[...] = result
        return self

    def _check_fits(self, name: str, result: Any) -> None:
        """Raise unless a result has the shape of this tensor, and a dtype that can be stored in it."""
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

    def _inplace(self, name: str, function: Callable[[Any, Any], Any], other: Any) -> Any:
        operand = self._operand(other)
        return self._write(name, lambda array: function(array, operand), other)

    def _augmented(
        self, name: str, function: Callable[[Any, Any], Any], other: Any, record: Any
    ) -> Any:
        """Do ``x += y``: in the tensor's memory, or, where it has to be recorded, in the tensor alone.

        What is recorded keeps its numbers, so the tensor is given others: all who hold the tensor see them.
        Who holds its memory, as a view does, would not, so then it is refused.

        Raises
        ------
        RuntimeError
            If somebody else holds the memory of a tensor that has to be recorded, if it is a leaf that
            requires gradients, or if the result does not fit.
        """
        if not self._is_recorded(other) or (self.is_leaf and self.requires_grad):
            return self._inplace(name, function, other)
        if not is_held_alone(self):
            raise RuntimeError(
                f"{name}: a view, a detached tensor or an array of NumPy's lies in the memory of this tensor "
                f"of shape {tuple(self.shape)}, or an operation keeps it for its derivative; they would not "
                f"change with it while gradients are recorded. Write x = x {name[:-1]} y, or clone() it "
                "before"
            )
        result = record(self, other)
        self._check_fits(name, result)
        retained = self.retains_grad
        if retained:
            self.node.hooks = [one for one in self.node.hooks if not hasattr(one, "deferred")]
        result = result.to(self.dtype)
        self.array, self.node = result.array, result.node
        if retained:
            self.retain_grad()
        return self

    def __iadd__(self, other: Any) -> Any:
        return self._augmented("+=", operator.add, other, arithmetic.add)

    def __isub__(self, other: Any) -> Any:
        return self._augmented("-=", operator.sub, other, arithmetic.sub)

    def __imul__(self, other: Any) -> Any:
        return self._augmented("*=", operator.mul, other, arithmetic.mul)

    def __ipow__(self, other: Any) -> Any:
        return self._augmented("**=", operator.pow, other, arithmetic.pow_)

    def __itruediv__(self, other: Any) -> Any:
        return self._augmented("/=", operator.truediv, other, arithmetic.div)

    def __ifloordiv__(self, other: Any) -> Any:
        return self._augmented("//=", _raw(arithmetic.floor_divide), other, arithmetic.floor_divide)

    def __imod__(self, other: Any) -> Any:
        return self._augmented("%=", _raw(arithmetic.remainder), other, arithmetic.remainder)

    def __iand__(self, other: Any) -> Any:
        return self._augmented("&=", _raw(comparison.bitwise_and), other, comparison.bitwise_and)

    def __ior__(self, other: Any) -> Any:
        return self._augmented("|=", _raw(comparison.bitwise_or), other, comparison.bitwise_or)

    def __ixor__(self, other: Any) -> Any:
        return self._augmented("^=", _raw(comparison.bitwise_xor), other, comparison.bitwise_xor)

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

    abs_ = _in_place(pointwise.abs)
    neg_ = _in_place(pointwise.neg)
    sign_ = _in_place(pointwise.sign)
    floor_ = _in_place(pointwise.floor)
    ceil_ = _in_place(pointwise.ceil)
    round_ = _in_place(pointwise.round)
    trunc_ = _in_place(pointwise.trunc)
    exp_ = _in_place(pointwise.exp)
    log_ = _in_place(pointwise.log)
    sqrt_ = _in_place(pointwise.sqrt)
    rsqrt_ = _in_place(pointwise.rsqrt)
    square_ = _in_place(pointwise.square)
    reciprocal_ = _in_place(pointwise.reciprocal)
    sin_ = _in_place(pointwise.sin)
    cos_ = _in_place(pointwise.cos)
    tanh_ = _in_place(pointwise.tanh)
    sigmoid_ = _in_place(pointwise.sigmoid)
    relu_ = _in_place(pointwise.relu)
    remainder_ = _in_place(pointwise.remainder)
    floor_divide_ = _in_place(pointwise.floor_divide)
    lerp_ = _in_place(pointwise.lerp)
    clamp_ = clip_ = _in_place(pointwise.clamp)
    clamp_min_ = _in_place(pointwise.clamp_min)
    clamp_max_ = _in_place(pointwise.clamp_max)
    nan_to_num_ = _in_place(pointwise.nan_to_num)
    masked_fill_ = _in_place(pointwise.masked_fill)
    index_fill_ = _in_place(picking.index_fill)
    index_add_ = _in_place(picking.index_add)
    scatter_ = _in_place(picking.scatter)
    scatter_add_ = _in_place(picking.scatter_add)
    tril_ = _in_place(shaping.tril)
    triu_ = _in_place(shaping.triu)

    def fill_diagonal_(self, fill_value: Any) -> Any:
        """Set the elements on the diagonal of a matrix to one number; return the tensor."""
        steps = range(min(self.shape))
        self[steps, steps] = fill_value
        return self

    def _reshaped(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """Look at the same memory in another shape; a tensor that gradients are computed for keeps its own.

        Raises
        ------
        RuntimeError
            If the tensor requires gradients.
        """
        if self.requires_grad:
            raise RuntimeError(
                f"{name}: the shape of a tensor that requires gradients cannot be changed in place; use "
                f"x = x.{name.rstrip('_')}(...)"
            )
        self.array = function(self.detach(), *args).array
        self.node = None
        return self

    def unsqueeze_(self, dim: int) -> Any:
        """Insert a dimension of length 1 in place; return the tensor."""
        return self._reshaped("unsqueeze_", shaping.unsqueeze, dim)

    def squeeze_(self, dim: Any = None) -> Any:
        """Drop dimensions of length 1 in place; return the tensor."""
        return self._reshaped("squeeze_", shaping.squeeze, dim)

    def t_(self) -> Any:
        """Transpose a matrix in place; return the tensor."""
        return self._reshaped("t_", shaping.t)

    def transpose_(self, dim0: int, dim1: int) -> Any:
        """Exchange two dimensions in place; return the tensor."""
        return self._reshaped("transpose_", shaping.transpose, dim0, dim1)

    def resize_(self, *size: Any) -> Any:
        """Change the shape in place, the number of elements staying the same; return the tensor.

        Raises
        ------
        ValueError
            If it would not: PyTorch would add or drop memory then.
        """
        shape = as_size(size)
        if math.prod(shape) != self.numel():
            raise ValueError(
                f"resize_: {shape} has not the {self.numel()} elements of {tuple(self.shape)}; make a new "
                "tensor instead, for example with zeros() or pad()"
            )
        return self._reshaped("resize_", shaping.reshape, shape)

    def normal_(self, mean: Any = 0.0, std: Any = 1.0, *, generator: Any = None) -> Any:
        """Fill with normal random numbers; return the tensor."""
        return self._drawn("normal_", generator, lambda g, s, d: g.normal(s, d, mean, std))

    def uniform_(self, a: Any = 0.0, b: Any = 1.0, *, generator: Any = None) -> Any:
        """Fill with uniform random numbers of ``[a, b)``; return the tensor."""
        return self._drawn("uniform_", generator, lambda g, s, d: g.uniform(s, d, a, b))

    def exponential_(self, lambd: Any = 1.0, *, generator: Any = None) -> Any:
        """Fill with random numbers of density ``lambd * exp(-lambd * x)``; return the tensor."""
        return self._drawn("exponential_", generator, lambda g, s, d: g.exponential(s, d, lambd))

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Any:
        """Fill with 1 with probability ``p``, else 0; return the tensor."""
        share = p.cpu().numpy() if isinstance(p, engine.Tensor) else p
        return self._drawn(
            "bernoulli_", generator, lambda g, s, d: g.bernoulli(share, s, d), "biuf"
        )

    def random_(self, low: int, high: Any = None, *, generator: Any = None) -> Any:
        """Fill with whole random numbers of [low, high), or of [0, low); return the tensor."""
        first, last = (0, low) if high is None else (low, high)
        return self._drawn(
            "random_", generator, lambda g, s, d: g.integers(first, last, s).astype(d), "iuf"
        )

    def _drawn(
        self, name: str, generator: Any, draw: Callable[[Any, Any, Any], Any], kinds: str = "f"
    ) -> Any:
        if self.dtype.kind not in kinds:
            wanted = "a floating tensor" if kinds == "f" else "a tensor of numbers"
            raise RuntimeError(f"{name}: expected {wanted}, got {self.dtype}")
        if self._is_recorded():
            self._write(name, lambda x: x)  # says why it cannot be, before a number is drawn
        from minigrad.backend.generator import default_generator  # here: not all programs draw

        host = draw(generator or default_generator, tuple(self.shape), self.dtype)
        return self._write(name, lambda x: on_device(np.asarray(host), self.device))
