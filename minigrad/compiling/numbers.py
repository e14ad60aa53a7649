"""A recording in which every value is a single number, made ready to be replayed.

NumPy computes with its numbers ten times as fast as with arrays without axes, so these calls are not told
where to put their results.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import Any

import numpy as np

from minigrad.compiling.program import numbers_in
from minigrad.compiling.rewriting import without_repetitions
from minigrad.compiling.tracing import Call, Traced, stand_ins_in

# The operators of its numbers compute the same as these, without setting up a loop.
OPERATORS = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.negative: operator.neg,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.less: operator.lt,
    np.less_equal: operator.le,
}


class NumberProgram:
    """Calls on numbers, made ready; like :class:`~minigrad.compiling.program.Program`.

    Attributes
    ----------
    lines : list of (function, int, int or None, int)
        What is called, with the values at which places (one, or two), and where the result is put.
    """

    def __init__(
        self,
        calls: list[Call],
        inputs: list[Traced],
        states: list[tuple[Any, Traced]],
        results: list[Any],
    ) -> None:
        calls, same = without_repetitions(calls, results)
        results = [same.get(one, one) if isinstance(one, Traced) else one for one in results]
        self._states = [tensor for tensor, _ in states]
        given = [*inputs, *(traced for _, traced in states)]
        self._values: list[Any] = [None] * len(given)
        self._places = {traced: place for place, traced in enumerate(given)}
        self.lines = [self._line(call) for call in calls]
        self._results = [self._place(one) for one in results]
        self._rest = self._values[len(given) :]
        del self._places, self._values

    @staticmethod
    def suits(calls: list[Call], given: list[Traced]) -> bool:
        """Tell whether all values are numbers, and results of calls of one argument or two."""
        outs = [out for call in calls for out in call.outs]
        return (
            all(one.ndim == 0 for one in (*given, *outs))
            and all(out.owner is out for out in outs)
            and all(_arguments(call) is not None for call in calls)
        )

    def run(self, batch: list[Any]) -> list[Any]:
        """Compute on other numbers; return the results."""
        numbers = [array[()] for array in batch]
        values = [*numbers, *(tensor.array[()] for tensor in self._states), *self._rest]
        for function, a, b, place in self.lines:
            if b is None:
                values[place] = function(values[a])
            else:
                values[place] = function(values[a], values[b])
        return [values[place] for place in self._results]

    def _place(self, value: Any) -> int:
        """Return where a value is; a constant is given a place."""
        known = self._places.get(value) if isinstance(value, Traced) else None
        if known is None:
            known = len(self._values)
            self._values.append(None if isinstance(value, Traced) else value)
            if isinstance(value, Traced):
                self._places[value] = known
        return known

    def _line(self, call: Call) -> tuple[Any, int, int | None, int]:
        arguments = _arguments(call)
        assert arguments is not None
        function, operands = arguments
        a, *rest = [self._place(one) for one in operands]
        return function, a, rest[0] if rest else None, self._place(out_of(call))


def out_of(call: Call) -> Traced:
    """Return the one result of a call."""
    (out,) = call.outs
    return out


def _arguments(call: Call) -> tuple[Any, tuple[Any, ...]] | None:
    """Return a function of numbers, and one or two of them; ``None`` if a call is no such thing."""
    if call.written is not None or len(call.outs) != 1:
        return None
    function, args, kwargs = call.function, call.args, call.kwargs
    if function is operator.pow and len(numbers_in(call)) < len(stand_ins_in(args)):
        return None  # of an array, even without axes, NumPy computes another power
    if function is np.where and len(args) == 3 and type(args[2]) in (int, float):
        dtype = out_of(call).dtype
        if isinstance(args[1], (Traced, np.generic)) and args[1].dtype == dtype:
            return partial(_through, dtype.type(args[2])), args[:2]
    if function is np.copy or (function is operator.getitem and args[1] == ()):
        return _number, args[:1]
    if len(args) not in (1, 2) or stand_ins_in(kwargs) or any(isinstance(a, tuple) for a in args):
        return None
    return (partial(function, **kwargs) if kwargs else OPERATORS.get(function, function)), args


def _number(value: Any) -> Any:
    return value[()]


def _through(other: Any, mask: Any, number: Any) -> Any:
    """Return a number if a mask holds, else the other: what ``np.where`` does, for one."""
    return number if mask else other
