"""A recording made ready to be replayed: a flat list of calls into memory that is laid out once.

Every result has its place beforehand, so a replay is one loop over ``partial`` objects; nothing is asked.
New arrays are only what the person gets to see (the gradients and the loss), and the results of the few
functions that cannot be told where to put them.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.compiling.recording import Recording, Refused
from minigrad.compiling.rewriting import (
    BY_NAME,
    read_by,
    split_off_ends,
    spread,
    with_operands_alike,
    without_repetitions,
)
from minigrad.compiling.tracing import Call, Traced, flat, mapped, stand_ins_in

# To these a number is the same as an array of no axes, which NumPy reads faster.
TAKING_NUMBERS = frozenset(
    {np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum}
    | {np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal}
)
CACHE_LINE = 64  # bytes


class Program:
    """Calls on arrays of given shapes, made ready.

    Parameters
    ----------
    calls : list of Call
        In their order.
    inputs : list of Traced
        What is other numbers in each run.
    states : list of (Tensor, Traced)
        What is read where it lies.
    results : list of Traced or array
        What :meth:`run` returns, as new arrays.
    kept : list of Traced, default []
        What can be read after a run, in its place, until the next.

    Attributes
    ----------
    inputs : list of array
        Where the numbers have to be copied to.
    calls : list of partial
        What :meth:`run` calls.
    ends : list of partial
        What makes the results.
    kept : list of array
        As asked for.
    """

    order: Any = "K"  # in which results lie in memory: as they were computed

    def __init__(
        self,
        calls: list[Call],
        inputs: list[Traced],
        states: list[tuple[Any, Traced]],
        results: list[Any],
        kept: Sequence[Traced] = (),
    ) -> None:
        read = {one.owner for call in calls for one in read_by(call)}
        tensors = [tensor for tensor, traced in states if traced in read]
        self._read_arrays = [(tensor, tensor.array) for tensor in tensors]
        calls = [one for call in calls for one in with_operands_alike(call)]
        calls, same = without_repetitions(calls, [*kept, *results])
        kept = [same.get(one, one) for one in kept]
        results = [same.get(one, one) if isinstance(one, Traced) else one for one in results]
        calls, makers = split_off_ends(calls, results)
        lasting = {one.owner for one in (*kept, *stand_ins_in(makers))}
        lasting.update(
            one.owner for call in makers if isinstance(call, Call) for one in read_by(call)
        )
        self._places: dict[Traced, Any] = {
            **{traced: tensor.array for tensor, traced in states},
            **{traced: np.empty_like(traced.value) for traced in inputs},
        }
        self._lay_out(calls, lasting)
        self.inputs = [self._places[traced] for traced in inputs]
        self.calls = [made for call in calls if (made := self._ready(call)) is not None]
        self.ends = [self._end(maker) for maker in makers]
        self.kept = [self._places[one] for one in kept]
        del self._places

    def run(self, batch: list[Any]) -> list[Any]:
        """Compute on other numbers; return the results, new arrays."""
        for place, array in zip(self.inputs, batch):  # noqa: B905  # of one length, by construction
            place[...] = array
        for call in self.calls:
            call()
        return [end() for end in self.ends]

    # Memory ---------------------------------------------------------------------------------------

    def _lay_out(self, calls: list[Call], kept: set[Traced]) -> None:
        """Give every result its place: memory whose last reader is through is given out again."""
        last = {
            one.owner: at for at, call in enumerate(calls) for one in (*read_by(call), *call.outs)
        }
        through: dict[int, list[Traced]] = {}
        for owner, at in last.items():
            if owner not in kept and owner not in self._places:
                through.setdefault(at, []).append(owner)
        blocks: dict[Traced, Any] = {}
        free: dict[int, list[Any]] = {}
        for at, call in enumerate(calls):
            for out in call.outs:
                if out.owner is out:
                    of_this_size = free.get(out.value.nbytes)
                    block = of_this_size.pop() if of_this_size else _block(out.value.nbytes)
                    blocks[out], self._places[out] = block, _laid_out(block, out.value)
            for owner in through.get(at, ()):
                free.setdefault(owner.value.nbytes, []).append(blocks[owner])

    def _placed(self, value: Any) -> Any:
        """Return arguments with places for stand-ins."""
        return mapped(lambda one: self._places[one] if isinstance(one, Traced) else one, value)

    # Calls ----------------------------------------------------------------------------------------

    def _ready(self, call: Call) -> Any:
        """Return a call with all its arrays; ``None`` for a view, which is made here, once."""
        function = call.function
        args, kwargs = self._placed(_with_arrays_for_numbers(call)), self._placed(call.kwargs)
        if call.written is not None:
            if set(kwargs) != {"out"}:
                return partial(function, *args, **kwargs)
            return _with_out(function, args, {}, kwargs["out"])
        whole = (getattr(function, "__module__", None) or "").startswith("minigrad")
        if (whole or function is operator.pow) and (numbers := numbers_in(call)):
            # NumPy has another power for its numbers, and rules may ask whether they are given some.
            function = partial(of_numbers, function, numbers)
        if len(call.outs) != 1:
            places = [self._places[out] for out in call.outs]
            return partial(_put_all, places, function, args, kwargs)
        (out,) = call.outs
        if out.owner is not out:
            self._places[out] = view = function(*args, **kwargs)
            if not np.may_share_memory(view, self._places[out.owner]):
                raise Refused("what was a view is a copy now")
            return None
        return _with_out(function, args, kwargs, self._places[out])

    def _end(self, maker: Any) -> Any:
        if isinstance(maker, Call):
            args, kwargs = self._placed(maker.args), self._placed(maker.kwargs)
            if maker.function is np.dot:
                return partial(args[0].dot, *args[1:])
            return partial(maker.function, *args, **kwargs)
        return partial(np.array, self._placed(maker), order=self.order)


class StepProgram(Program):
    """Forward and backward pass of one training step; :meth:`run` returns the gradients.

    Attributes
    ----------
    loss : array
        Where the loss is.
    parameters : list of Tensor
        Whose gradients they are.
    normalised : list of (BatchNorm1d, (array, array, int))
        What has to be told of a batch, and where its mean and variance are.
    classes : int or None
        See :class:`~minigrad.compiling.recording.Recording`.
    """

    order = "C"  # gradients are the parameters' own

    def __init__(self, recording: Recording, norms: list[Any]) -> None:
        found = recording.gradients[::-1]  # in the order in which backward() gives them out
        gradients = [gradient for _, gradient in found]
        moments = [one for pair in recording.moments for one in pair[:2]]
        calls, inputs, states = recording.calls, recording.inputs, recording.states
        super().__init__(calls, inputs, states, gradients, [recording.loss, *moments])
        self.loss, *places = self.kept
        self.classes = recording.classes
        self.parameters = [tensor for tensor, _ in found]
        counts = [count for _, _, count in recording.moments]
        self.normalised = [
            (norm, moments)
            for norm, moments in zip(
                norms, zip(places[::2], places[1::2], counts, strict=True), strict=True
            )
            if norm.training and norm.running_mean is not None and norm.track_running_stats
        ]
        # Not always that of the moments: those of float16 are float32.
        self._dtypes = [norm.running_mean.array.dtype for norm, _ in self.normalised]
        replaced = {id(one) for norm, _ in self.normalised for one in norm.buffers()}
        if any(id(tensor) in replaced for tensor, _ in self._read_arrays):
            raise Refused("running statistics are read in the step that replaces them")

    def fits(self) -> bool:
        """Tell whether parameters and buffers have the arrays that the calls read."""
        for tensor, array in self._read_arrays:
            if tensor.array is not array:
                return False
        for (norm, (mean, _, _)), dtype in zip(self.normalised, self._dtypes):  # noqa: B905  # alike
            for kept in (norm.running_mean.array, norm.running_var.array):
                if kept.shape != mean.shape or kept.dtype != dtype:
                    return False
        return True


def _block(nbytes: int) -> Any:
    """Return memory that begins with a cache line."""
    memory = np.empty(nbytes + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + max(nbytes, 1)]


def _laid_out(block: Any, value: Any) -> Any:
    """Return memory as an array like ``value``, in the order in which NumPy laid that out."""
    like = np.empty_like(np.asarray(value))
    return np.ndarray(like.shape, like.dtype, block, 0, like.strides)


def _with_out(function: Any, args: Any, kwargs: Any, place: Any) -> Any:
    """Return the call of a function that puts its result in a place."""
    if function is spread:
        return partial(place.__setitem__, ..., args[0])
    is_ufunc = isinstance(function, np.ufunc)
    if is_ufunc and not kwargs and function not in BY_NAME:
        return partial(function, *args, place)  # what NumPy reads fastest
    if function is np.dot and place.flags.c_contiguous:
        # The method does not ask its arguments first, as np.dot does, whether they take over the call.
        return partial(args[0].dot, *args[1:], place)
    if function is np.argmax:
        return partial(args[0].argmax, *args[1:], **kwargs, out=place)
    if is_ufunc or isinstance(getattr(function, "__self__", None), np.ufunc):
        return partial(function, *args, **kwargs, out=place)
    return partial(_put, place, function, args, kwargs)


def _put(place: Any, function: Any, args: Any, kwargs: Any) -> None:
    _fill(place, function(*args, **kwargs))


def _put_all(places: list[Any], function: Any, args: Any, kwargs: Any) -> None:
    """Call a rule as a whole; put its results, perhaps in nested tuples, where they belong."""
    results = [one for one in flat(function(*args, **kwargs)) if one is not None]
    for place, result in zip(places, results, strict=True):
        _fill(place, result)


def _fill(place: Any, result: Any) -> None:
    if result.shape != place.shape:  # an index by a mask has as many elements as that is true
        raise ValueError(f"a result of shape {place.shape} is one of {result.shape} now")
    place[...] = result


def numbers_in(call: Call) -> list[int]:
    """Return which arguments are numbers of NumPy's, and no arrays."""
    return [
        place
        for place, one in enumerate(call.args)
        if isinstance(one, Traced) and isinstance(one.value, np.generic)
    ]


def of_numbers(function: Any, numbers: list[int], *args: Any, **kwargs: Any) -> Any:
    """Call a function with numbers of NumPy's in the place of some arrays without axes."""
    given = [one[()] if place in numbers else one for place, one in enumerate(args)]
    return function(*given, **kwargs)


def _with_arrays_for_numbers(call: Call) -> tuple[Any, ...]:
    """Return the arguments of a call, with arrays of no axes for numbers if that computes the same.

    It does if all arrays have one floating dtype, which NumPy then gives to a number too.
    """
    dtypes = {one.dtype for one in read_by(call)}
    if call.function not in TAKING_NUMBERS or len(dtypes) != 1:
        return call.args
    (dtype,) = dtypes
    if dtype.kind != "f":
        return call.args
    alike = (int, float, dtype.type)
    largest = np.finfo(dtype).max  # a larger number overflows, which NumPy tells in every step
    return tuple(
        np.array(one, dtype) if type(one) in alike and not abs(one) > largest else one
        for one in call.args
    )
