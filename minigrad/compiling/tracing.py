"""Stand-ins for arrays that write down which functions of NumPy are called with them.

A rule of :mod:`minigrad.ops` is a pure function of arrays, written with NumPy's functions and
operators.  Given :class:`Traced` stand-ins it computes what it always computes, and the
:class:`Tape` holds the list of its calls afterwards.  NumPy itself takes part: it hands a call over
to any argument that has ``__array_ufunc__`` and ``__array_function__``.

Nothing escapes.  Whatever would turn a stand-in into something that is not written down (an array, a
number, a truth value) raises :class:`CannotTrace`; a rule that does so is called as a whole.

Stand-ins can also be the arrays of Tensors, so that all of minigrad runs on them: they are known as
arrays of the host that belong to NumPy.
"""

from __future__ import annotations

import operator
import weakref
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minigrad.backend.devices import Backend, adopt


class CannotTrace(Exception):
    """A rule does something that cannot be written down as a list of calls."""


@dataclass(eq=False)
class Call:
    """One call of a function.

    Attributes
    ----------
    function, args, kwargs
        What is called, with stand-ins in the place of arrays that change from step to step.
    outs : tuple of Traced
        What it returns.
    written : Traced or None
        The argument that it changes in place; it then returns nothing.
    """

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    outs: tuple[Traced, ...] = ()
    written: Traced | None = None


class Traced(NDArrayOperatorsMixin):
    """Stands for an array.

    Attributes
    ----------
    value : array or NumPy scalar
        What it is in the step that is being traced.
    base : Traced or None
        Whose memory it is, if it is a view.
    owner : Traced
        Whose memory it is: the base, or itself.
    """

    def __init__(self, tape: Tape, value: Any, base: Traced | None = None) -> None:
        # Nothing here may hold itself, not even in a circle: all values of a step hang on it.
        self._tape = weakref.ref(tape)
        self.value = value
        self.base = base

    tape = property(lambda self: self._tape())
    owner = property(lambda self: self if self.base is None else self.base)
    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    strides = property(lambda self: self.value.strides)
    dtype = property(lambda self: self.value.dtype)
    flags = property(lambda self: self.value.flags)
    T = property(lambda self: self.tape.call(np.transpose, (self,), {}))

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method not in ("__call__", "reduce"):
            raise self.tape.cannot(f"{ufunc.__name__}.{method} is called")
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        out = kwargs.pop("out", None)
        if out is None:
            return self.tape.call(function, args, kwargs)
        if isinstance(out[0], np.ndarray):
            return self.tape.call_over(function, args, kwargs, out[0])
        return self.tape.write(function, args, {**kwargs, "out": out[0]}, out[0])

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in ABOUT:
            return function(*raw(args), **raw(kwargs))
        if function in (np.ones_like, np.zeros_like) and not (kwargs or self.ndim):
            return self.dtype.type(function is np.ones_like)  # a number, whatever this one is
        if kwargs.get("out") is not None or function in WRITING:
            raise self.tape.cannot(f"{function.__name__} is called")
        return self.tape.call(function, args, kwargs)

    # The methods that rules call.

    def dot(self, other: Any) -> Any:
        """Return the product (of matrices)."""
        return self.tape.call(np.dot, (self, other), {})

    def argmax(self, axis: int) -> Any:
        """Return where the largest numbers are."""
        return self.tape.call(np.argmax, (self,), {"axis": axis})

    def view(self, dtype: Any) -> Any:
        """Return the same memory, read as numbers of another dtype."""
        return self.tape.call(np.ndarray.view, (self, dtype), {})

    def astype(self, dtype: Any, **kwargs: Any) -> Any:
        """Return the numbers in another dtype."""
        return self.tape.call(np.astype, (self, dtype), kwargs)

    def __getitem__(self, index: Any) -> Any:
        if index == () and isinstance(self.value, np.generic):
            return self
        return self.tape.call(operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        self.tape.write(operator.setitem, (self, index, value), {}, self)

    __hash__ = object.__hash__  # the mixin compares element by element

    # NumPy computes ``x**2`` by another function than ``np.power(x, 2)``.
    def __pow__(self, exponent: Any) -> Any:
        return self.tape.call(operator.pow, (self, exponent), {})

    def __rpow__(self, base: Any) -> Any:
        return self.tape.call(operator.pow, (base, self), {})

    def __ipow__(self, exponent: Any) -> Any:
        raise self.tape.cannot("**= is called")

    def _look(self, *_: Any, **__: Any) -> Any:
        raise self.tape.cannot("the numbers of a tensor are looked at")

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            self.tape.cannot(f"{name} of an array is read")
        raise AttributeError(name)

    __array__ = __bool__ = __float__ = __int__ = __index__ = __len__ = __iter__ = _look
    __array_interface__ = __array_struct__ = property(_look)
    item = tolist = _look


ABOUT = frozenset(  # what these tell does not depend on the numbers
    {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.may_share_memory}
)
WRITING = frozenset({np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis})


class Tape:
    """The calls, in their order.

    Attributes
    ----------
    calls : list of Call
        These.
    obstacle : str or None
        What else was done with a stand-in, outside of rules, and could not be written down.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.obstacle: str | None = None
        self._spent: dict[Any, Any] = {}
        self._rules = 0  # that are running

    def cannot(self, what: str) -> CannotTrace:
        """Return the error for something that cannot be written down, and note it."""
        if not self._rules:
            self.obstacle = what
        return CannotTrace(what)

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function that returns one array, and write that down."""
        result = self._result(function, args, kwargs)
        if _is_shaped_by_numbers(function, args, kwargs):  # a rule of that as a whole would be, too
            self.obstacle = f"{function.__name__} gives another shape for other numbers"
        if not isinstance(result, (np.ndarray, np.generic)):
            raise self.cannot(f"{function.__name__} returns {type(result).__name__}")
        if not self._rules and _lies_by_chance(function, args, kwargs, result):
            self.obstacle = "a gradient does not lie in memory in rows"
        out = self._stand_in(result, args)
        if not any(out is arg for arg in args):
            self.calls.append(Call(function, args, kwargs, (out,)))
        return out

    def _result(self, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Call a function on the arrays themselves; note if it raises, unless a rule is called again then.

        What has called it may catch that and go on, otherwise than for numbers that do not raise.
        """
        try:
            return function(*raw(args), **raw(kwargs))
        except Exception:
            if not self._rules:
                self.obstacle = self.obstacle or "an operation raises an exception"
            raise

    def call_over(self, function: Any, args: Any, kwargs: dict[str, Any], spent: Any) -> Any:
        """Call a function whose result takes the place of an argument, ``spent``, made for that."""
        if not any(spent is arg for arg in args) or spent.dtype.kind != "f":
            raise self.cannot("a rule writes into something that it has not made")
        kept = self._spent.setdefault((spent.shape, spent.dtype), spent.copy())
        if kept.tobytes() != spent.tobytes():  # mostly alike: every relu makes the same zeros
            kept = spent.copy()
        args = tuple(kept if arg is spent else arg for arg in args)
        out = self.call(function, args, kwargs)
        # A rule has to go on with the result.  Should it read this array instead, the numbers tell.
        spent[...] = np.nan
        return out

    def _stand_in(self, result: Any, args: tuple[Any, ...]) -> Traced:
        # Numbers are never views; and of np.bool_ there are but two objects, whatever made them.
        for arg in args if isinstance(result, np.ndarray) else ():
            if isinstance(arg, Traced):
                if result is arg.value:
                    return arg
                if np.may_share_memory(result, arg.value):
                    return Traced(self, result, arg.owner)
        return Traced(self, result)

    def write(self, function: Any, args: Any, kwargs: dict[str, Any], target: Any) -> Any:
        """Call a function that changes ``target`` in place, and write that down; return ``target``."""
        if not isinstance(target, Traced) or not isinstance(target.value, np.ndarray):
            raise self.cannot("a rule writes into something that it has not made")
        self._result(function, args, kwargs)
        self.calls.append(Call(function, args, kwargs, written=target))
        return target

    def whole(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a rule as a whole, and write that down; return what it returns, with stand-ins."""
        result = self._result(function, args, kwargs)
        outs: list[Traced] = []

        def stand_in(value: Any) -> Any:
            if not isinstance(value, (np.ndarray, np.generic)):
                return value
            if isinstance(value, np.ndarray):
                value = np.array(
                    value, order="K"
                )  # it may be a view: of an argument, or another result
            outs.append(Traced(self, value))
            return outs[-1]

        shown = mapped(stand_in, result)
        self.calls.append(Call(function, args, kwargs, tuple(outs)))
        return shown

    def run(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a rule; write its calls down one by one, or if that cannot be, as a whole."""
        if _asks_for_numbers(function) and any(
            isinstance(one.value, np.generic) for one in stand_ins_in(args)
        ):
            return self.whole(function, args, kwargs)
        before = len(self.calls)
        self._rules += 1
        try:
            result = function(*args, **kwargs)
            if all(
                isinstance(one, (Traced, np.ndarray, np.generic)) or one is None
                for one in flat(result)
            ):
                return result
        except Exception:  # whatever a stand-in cannot do
            pass
        finally:
            self._rules -= 1
        del self.calls[before:]
        return self.whole(function, args, kwargs)


def _asks_for_numbers(rule: Any) -> bool:
    """Tell whether a rule has another way for numbers of NumPy's, which no stand-in would be shown."""
    code = getattr(rule, "__code__", None)
    return code is not None and "floating" in code.co_names


def _is_shaped_by_numbers(function: Any, args: Any, kwargs: dict[str, Any]) -> bool:
    """Tell whether the shape of a result depends on the numbers in the arguments."""
    if function is operator.getitem:
        return any(one.dtype == np.bool_ for one in stand_ins_in(args[1]))
    if function is np.repeat:
        return bool(stand_ins_in((args[1:], kwargs)))
    return function in (np.unique, np.bincount)


def _lies_by_chance(function: Any, args: Any, kwargs: dict[str, Any], result: Any) -> bool:
    """Tell whether the engine's result would lie otherwise in memory if nobody else held the operand.

    It then adds gradients up in place, and hands one over without a copy (:mod:`minigrad.ownership`).  The
    stand-ins are always held, by the tape; and on how an array lies depends the rounding of sums over it.
    """
    if (
        function not in (np.add, np.copy)
        or not isinstance(args[0], Traced)
        or args[0].base is not None
    ):
        return False
    if function is np.add:
        return layout(result) != layout(args[0])
    return kwargs.get("order") == "C" and not args[0].flags.c_contiguous


def layout(array: Any) -> list[int]:
    """Return how an array lies in memory: the steps along its axes."""
    return [step for step, size in zip(array.strides, array.shape, strict=True) if size > 1]


def flat(value: Any) -> list[Any]:
    """Return the members of nested tuples in a row."""
    return [one for part in value for one in flat(part)] if isinstance(value, tuple) else [value]


def mapped(function: Any, value: Any) -> Any:
    """Return ``value`` with ``function`` applied to all that is inside its tuples, lists and dicts."""
    if isinstance(value, (tuple, list)):
        return type(value)([mapped(function, part) for part in value])
    if isinstance(value, dict):
        return {name: mapped(function, part) for name, part in value.items()}
    return function(value)


def raw(value: Any) -> Any:
    """Return ``value`` with arrays in place of the stand-ins in it."""
    return mapped(lambda one: one.value if isinstance(one, Traced) else one, value)


def stand_ins_in(value: Any) -> list[Traced]:
    """Return the stand-ins among arguments."""
    if isinstance(value, Traced):
        return [value]
    if isinstance(value, dict):
        value = tuple(value.values())
    if not isinstance(value, (tuple, list)):
        return []
    return [one for part in value for one in stand_ins_in(part)]


def _look(traced: Traced) -> Any:
    return traced._look()


adopt(
    Backend(
        name="numpy",
        device_type="cpu",
        xp=np,
        array_types=(Traced,),
        from_host=lambda host, index: host,
        to_host=_look,
        index_of=lambda array: None,
    )
)
