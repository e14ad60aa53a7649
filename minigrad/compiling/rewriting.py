"""What is done to a list of calls before memory is laid out: the same numbers by fewer, or faster, calls."""

from __future__ import annotations

import math
import operator
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.compiling.tracing import Call, Traced, mapped, stand_ins_in

# These two warn of an ``out`` that is not given by name.
BY_NAME = frozenset({np.maximum, np.minimum})
LASTING = 1 << 19  # bytes that a gradient is made from, if they are kept to the end for that
# Up to so many bytes, in so many rows, a copy costs less than what NumPy does for operands that are not
# alike (measured; a row of 8 is copied to 1000 rows in the time in which it is added to them).
SMALL, FEW = 1 << 15, 512
# NumPy multiplies a matrix with itself, transposed, by a function of its own, which rounds otherwise.
PRODUCTS = frozenset({np.dot, np.matmul})
# These compute one element from one, and the same in any of NumPy's loops over rows of arrays.
ELEMENTWISE = frozenset({np.add, np.subtract, np.multiply, np.divide})


def read_by(call: Call) -> list[Traced]:
    """Return the stand-ins that a call is given."""
    return stand_ins_in((call.args, call.kwargs))


def with_operands_alike(call: Call) -> list[Call]:
    """Return a call after others that copy its operands into the shape and dtype of its result.

    NumPy runs down arrays that are alike in one loop.  For others, such as a row that is added to a
    matrix, it sets up an iterator first, which takes longer than a copy if the result is small.
    """
    out = call.outs[0] if len(call.outs) == 1 else call.written
    known = call.function in ELEMENTWISE or call.function in BY_NAME
    if not known or out is None or out.dtype.kind not in "fi":
        return [call]
    if out.value.nbytes > SMALL or math.prod(out.shape[:-1]) > FEW:
        return [call]
    copies, args = [], []
    for one in call.args:
        if isinstance(one, Traced) and _can_be_spread(one, out, call.function):
            copy = Traced(one.tape, spread(one.value, out.shape, out.dtype))
            copies.append(Call(spread, (one, out.shape, out.dtype), outs=(copy,)))
            one = copy
        args.append(one)
    return [*copies, replace(call, args=tuple(args))]


def _can_be_spread(one: Traced, out: Traced, function: Any) -> bool:
    """Tell whether an operand differs from the result, and a copy like it would give the same numbers.

    NumPy has another loop for one number with an array.  There the sum of two NaN may be the other one, and
    the maximum of -0.0 and 0.0 too; so only whole rows are copied, and for a maximum only masks.
    """
    if one.dtype not in (out.dtype, np.bool_):
        return False
    if one.shape == out.shape:
        return one.dtype != out.dtype
    return function in ELEMENTWISE and one.shape[-1:] == out.shape[-1:] and out.shape[-1] > 1


def spread(array: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return a copy of an array in the shape to which it is broadcast."""
    return np.broadcast_to(array, shape).astype(dtype, order="C")


def split_off_ends(calls: list[Call], results: list[Any]) -> tuple[list[Call], list[Any]]:
    """Take out the calls whose results nothing but the person needs, to be made last, as new arrays.

    Returns the other calls, and for each result the call that makes it, or the result itself.
    """
    users = Counter(one.owner for call in calls for one in (*read_by(call), *call.outs))
    users.update(one.owner for one in stand_ins_in(results))
    makers = {call.outs[0]: at for at, call in enumerate(calls) if len(call.outs) == 1}
    last_write = {
        call.written.owner: at for at, call in enumerate(calls) if call.written is not None
    }
    found = []
    for result in results:
        at = makers.get(result) if isinstance(result, Traced) else None
        # Counted twice: as what the call makes, and as this result.  A third time would be a reader.
        if at is not None and result.owner is result and users[result] == 2 and result.ndim:
            operands = {one.owner for one in read_by(calls[at])}
            short = sum(one.value.nbytes for one in operands) <= LASTING
            short = short and not _could_be_view(calls[at])
            if short and all(last_write.get(one, -1) < at for one in operands):
                found.append(calls[at])
                continue
        found.append(result)
    taken = {id(one) for one in found}
    return [call for call in calls if id(call) not in taken], found


def _could_be_view(call: Call) -> bool:
    """Tell whether a new array, made from a number, would be a view of the array that is its place."""
    is_ufunc = isinstance(getattr(call.function, "__self__", call.function), np.ufunc)
    return not is_ufunc and any(isinstance(one.value, np.generic) for one in read_by(call))


def without_unused(calls: list[Call], results: list[Any]) -> list[Call]:
    """Leave out calls that none of the results needs, and that end well whatever the numbers are."""
    needed = {one.owner for one in stand_ins_in(results)}
    left = []
    for call in reversed(calls):
        made = call.outs if call.written is None else (call.written,)
        if any(one.owner in needed for one in made) or _can_fail(call):
            needed.update(one.owner for one in read_by(call))
            left.append(call)
    return left[::-1]


def _can_fail(call: Call) -> bool:
    """Tell whether a call may raise for some numbers, as for a singular matrix."""
    if call.function in (np.power, operator.pow) and call.outs[0].dtype.kind in "iu":
        return True  # for a negative exponent
    if call.function in (operator.getitem, operator.setitem) and stand_ins_in(call.args[1]):
        return True  # for an index that is too large
    module = getattr(call.function, "__module__", None) or ""
    return module.startswith(("numpy.linalg", "minigrad"))  # of minigrad, a rule called as a whole


def without_repetitions(
    calls: list[Call], results: list[Any]
) -> tuple[list[Call], dict[Traced, Traced]]:
    """Leave out calls that compute what has been computed, if nothing was written in between.

    A forward pass and its rule often do, as with :math:`e^{-|x|}` in a log loss.  What is written into
    afterwards takes over the memory of the earlier one, if that is not needed any more, by a later call
    or as one of the ``results``.  Returns the calls that are left, and which result takes the place of which;
    views of what was left out become views of that.  Two factors of a product stay two: one is copied.
    """
    written = {call.written.owner for call in calls if call.written is not None}
    writes: Counter[Traced] = Counter()  # so far
    first: dict[Any, Traced] = {}
    same: dict[Traced, Traced] = {}

    factors = {
        id(call)
        for call in calls
        if call.function in PRODUCTS and len({one.owner for one in stand_ins_in(call.args)}) == 2
    }
    last_read = {one.owner: at for at, call in enumerate(calls) for one in read_by(call)}
    last_read.update((one.owner, len(calls)) for one in stand_ins_in(results))

    def replaced(one: Any) -> Any:
        return same.get(one, one) if isinstance(one, Traced) else one

    left = []
    for at, call in enumerate(calls):
        args, kwargs = mapped(replaced, call.args), mapped(replaced, call.kwargs)
        if id(call) in factors and args[0].owner is args[1].owner:
            copy = Traced(args[1].tape, np.copy(args[1].value, order="K"))
            left.append(Call(np.copy, (args[1],), {"order": "K"}, (copy,)))
            args = (args[0], copy)
        call = Call(call.function, args, kwargs, call.outs, replaced(call.written))
        for out in call.outs:
            if out.base in same:
                out.base = same[out.base].owner
        if call.written is not None:
            writes[call.written.owner] += 1
        elif len(call.outs) == 1 and read_by(call):
            (out,) = call.outs
            versions = tuple(writes[one.owner] for one in read_by(call))
            key = call.function, versions, _signature((args, tuple(sorted(kwargs.items()))))
            earlier = out
            if out.owner not in written:
                earlier = first.setdefault(key, out)
            elif out.owner is out and key in first and last_read.get(first[key].owner, at) <= at:
                earlier = first.pop(key)  # its memory is taken over
            if earlier is not out:
                same[out] = earlier
                ends = last_read.get(earlier.owner, at), last_read.get(out.owner, at)
                last_read[earlier.owner] = max(ends)
                continue
        left.append(call)
    return left, same


def _signature(value: Any) -> Any:
    """Return something that two arguments have in common if, and only if, they are the same."""
    if isinstance(value, (tuple, list)):
        return type(value), tuple(map(_signature, value))
    if isinstance(value, Traced):
        return value
    return type(value), id(value) if isinstance(value, (np.ndarray, dict)) else repr(value)
