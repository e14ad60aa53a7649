"""A function that is recorded once for arguments of some shapes, and then replayed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from minigrad._tensor import Tensor
from minigrad.backend.devices import default_device
from minigrad.backend.generator import default_generator
from minigrad.compiling.bookkeeping import Compiled
from minigrad.compiling.closed import Closed, NotClosed, StandIns, obstacle_of
from minigrad.compiling.numbers import NumberProgram
from minigrad.compiling.program import Program, without_unused
from minigrad.compiling.recording import Refused
from minigrad.compiling.tracing import Tape, Traced
from minigrad.dtypes import get_default_dtype
from minigrad.engine import State, state, wrap
from minigrad.observing import Observer

PLAIN = frozenset({bool, int, str, bytes, type(None), type(...)})


class Tracer(Observer):
    """Has every operation, and every rule of a sweep, run on stand-ins and written down."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def run(self, function: Any, *args: Any, **params: Any) -> Any:
        """Run a forward or a rule."""
        return self._tape.run(function, args, params)


class CompiledFunction(Compiled):
    """A function of tensors; made by :func:`compile`, called like the function.

    Attributes
    ----------
    function : callable
        As given.
    steps, recordings, replays : int
        How often it was called, how many calls were written down to the end, even if no program came of
        it, and how many were replayed.
    reason : str or None
        Why the last call was not replayed; ``None`` if it was.
    """

    noun = "call"
    changing = "arguments, or what the function reads,"

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._lock = threading.Lock()
        super().__init__()

    def _forget(self) -> None:
        super()._forget()
        self._closed: Closed | str | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, or replay what it did with arguments of these shapes.

        Parameters
        ----------
        *args, **kwargs
            Tensors, numbers, and tuples, lists and dictionaries of such.

        Returns
        -------
        Tensor, or tuple, list or dictionary of such
            What the function returns.
        """
        if not self._lock.acquire(blocking=False):  # in another thread, or by the function itself
            return self.function(*args, **kwargs)
        try:
            return self._called(args, kwargs)
        finally:
            self._lock.release()

    def _called(self, args: Any, kwargs: Any) -> Any:
        self.steps += 1
        self.reason = self.raised  # until the call has come to its end
        tensors: list[Any] = []
        key = structure((args, kwargs), tensors)
        found = self._found(key, tensors)
        if isinstance(found, Replay):
            try:
                results = found.run([tensor.array for tensor in tensors])
            except Exception as error:  # nothing was changed; the function itself may know better
                found = f"the replay ended with {error!r}"
            else:
                self.reason = None
                self.replays += 1
                return results
        if found is None:
            return self._recorded(args, kwargs, tensors)
        self._note(found)
        return self.function(*args, **kwargs)

    def _found(self, key: Any, tensors: list[Any]) -> Replay | str | None:
        """Return the program for arguments, why there is none, or ``None``: it has to be made."""
        now = state.get()
        if now.observer is not None:
            return "an observer, such as profile or detect_anomaly, wants to see every operation"
        if isinstance(key, NotClosed):
            return str(key)
        closed = self._closed
        if not isinstance(closed, Closed) or not closed.is_unchanged():
            self._forget()
            closed = self._closed = self._examined()
        if isinstance(closed, str):
            return closed
        for tensor in tensors:
            obstacle = (
                "is read beside the arguments" if closed.reads(tensor) else obstacle_of(tensor)
            )
            if obstacle is not None:
                return f"an argument {obstacle}"
        ids = list(map(id, tensors))
        alike = () if len(set(ids)) == len(ids) else tuple(map(ids.index, ids))
        whole = key, alike, now.grad_enabled, get_default_dtype(), default_device()
        found = self._kept(whole)
        if isinstance(found, Replay):
            return found
        return self._refused(found)

    def _examined(self) -> Closed | str:
        try:
            return Closed(self.function)
        except NotClosed as error:
            return str(error)

    def _recorded(self, args: Any, kwargs: Any, tensors: list[Any]) -> Any:
        """Call the function, and make a program of what it does."""
        closed, before = self._closed, default_generator.get_state()
        assert isinstance(closed, Closed)
        given = {id(one): wrap(_copy(one.array), None) for one in (*tensors, *closed.tensors)}
        mode = state.get()
        results = self.function(*args, **kwargs)
        found: Replay | str
        after: list[Any] = []
        if structure((args, kwargs), after) != self._last_key[0] or any(
            a is not b or obstacle_of(a) for a, b in zip(after, tensors, strict=True)
        ):
            found = "an argument is changed"
        elif _differ(before, default_generator.get_state()):
            found = "random numbers are drawn"
        elif state.get() is not mode:
            found = "a mode is set"
        else:
            with np.errstate(all="ignore"):  # what there is to warn of, the call itself warned of
                found = self._program((args, kwargs), tensors, given, results)
            default_generator.set_state(before)
        self.recordings += 1
        self._keep(self._last_key, found)
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        first = f"the first call with tensors of shapes {shapes}"
        self._note(found if isinstance(found, str) else first)
        return results

    def _program(
        self, arguments: Any, tensors: list[Any], given: dict[int, Any], results: Any
    ) -> Replay | str:
        """Return the program of a call that gave ``results``, or why there can be none."""
        closed = self._closed
        assert isinstance(closed, Closed)
        tape = Tape()
        try:
            traced = {number: Traced(tape, copy.array) for number, copy in given.items()}
            shown = {number: wrap(one, None) for number, one in traced.items()}
            function = StandIns([(one, shown[id(one)]) for one in closed.tensors]).of(self.function)
            args, kwargs = rebuilt(arguments, iter([shown[id(one)] for one in tensors]))
            token = state.set(State(state.get().grad_enabled, (), Tracer(tape)))
            try:
                with warnings.catch_warnings(record=True) as heard:
                    warnings.simplefilter("always")
                    answer = function(*args, **kwargs)
            finally:
                state.reset(token)
            if tape.obstacle is not None:
                return tape.obstacle
            if heard:
                return f"it warns: {heard[0].message}"
            inputs = [(one, traced[id(one)]) for one in tensors]
            states = [(one, traced[id(one)]) for one in closed.tensors]
            replay = Replay(tape.calls, inputs, states, answer, results)
            return replay.objection([given[id(one)].array for one in tensors], results) or replay
        except Refused as refused:
            return str(refused)
        except Exception as error:  # the call itself is well, and has come to its end
            return tape.obstacle or f"it could not be written down: {error!r}"

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        return f"<CompiledFunction of {name}: {self.report().splitlines()[0]}>"

    def __getstate__(self) -> dict[str, Any]:
        kept = {**super().__getstate__(), "_closed": None}
        del kept["_lock"]
        return kept

    def __setstate__(self, kept: dict[str, Any]) -> None:
        vars(self).update(kept)
        self._lock = threading.Lock()


class Replay:
    """A program, and how its results are handed out.

    Parameters
    ----------
    calls : list of Call
        What was written down.
    inputs : list of (Tensor, Traced)
        The arguments; one that was given twice is there twice.
    states : list of (Tensor, Traced)
        What the function reads beside them.
    answer
        What it returned when it ran on stand-ins.
    results
        What it returned.

    Raises
    ------
    Refused
        If there is no program for that.
    """

    def __init__(
        self, calls: list[Any], inputs: list[Any], states: list[Any], answer: Any, results: Any
    ) -> None:
        shown: list[Any] = []
        ordinary: list[Any] = []
        form = structure(results, ordinary, arrays=False)
        if isinstance(form, NotClosed):
            raise Refused(str(form).replace("an argument", "a result"))
        if structure(answer, shown, arrays=False) != form:
            raise Refused("a result depends on more than the arguments")
        if any(one.requires_grad for one in ordinary):
            raise Refused("a result requires gradients")
        made = [tensor.array for tensor in shown]
        if any(np.may_share_memory(a.array, b.array) for a, b in combinations(ordinary, 2)):
            raise Refused("two results share memory")
        given = {traced for _, traced in (*inputs, *states)}
        if any(call.written is not None and call.written.owner in given for call in calls):
            raise Refused("a tensor that the function was given is changed in place")
        if any(isinstance(one, Traced) and one.owner in given for one in made) or any(
            np.may_share_memory(
                one.array, other.array
            )  # of an array without axes, given as a number
            for one in ordinary
            for other, _ in (*inputs, *states)
        ):
            raise Refused("a result is an argument, or a view of one")
        calls = without_unused(calls, made)
        picks = {traced: place for place, (_, traced) in enumerate(inputs)}
        different = list(picks)
        suits = NumberProgram.suits(calls, list(given))
        self.program = (NumberProgram if suits else Program)(calls, different, states, made)
        self._picks = list(picks.values())
        self._form = rebuilt(answer, (wrap(None, None) for _ in shown))
        self._numbers = [isinstance(tensor.array, np.generic) for tensor in ordinary]

    def run(self, arrays: list[Any]) -> Any:
        """Return what the function would return for tensors with these arrays."""
        computed = self.program.run([arrays[place] for place in self._picks])
        return rebuilt(self._form, self._wrapped(computed))

    def _wrapped(self, arrays: list[Any]) -> Iterator[Any]:
        for array, number in zip(arrays, self._numbers, strict=True):
            if number:
                array = array[()]
            elif not array.ndim:
                array = np.array(array)
            yield wrap(array, None)

    def objection(self, arrays: list[Any], results: Any) -> str | None:
        """Return what a replay gives otherwise than an ordinary call has, bit for bit."""
        replayed: list[Any] = []
        ordinary: list[Any] = []
        alike = structure(self.run(arrays), replayed) == structure(results, ordinary)
        if any(
            type(a.array) is not type(b.array) or _differ(a.array, b.array)
            for a, b in zip(replayed, ordinary, strict=True)
        ):
            return "a replay of the call did not give the same numbers"
        # Sums of it may then round otherwise.
        return None if alike else "a result is not contiguous; return x.contiguous()"


def structure(value: Any, tensors: list[Any], arrays: bool = True) -> Any:
    """Return what a program depends on in arguments, beside the numbers; note the tensors in them.

    If ``arrays`` is false, no more of a tensor than its shape and dtype.  What no program can depend on is
    told by a :class:`NotClosed`, in the place of a key.
    """
    kind = value.__class__
    if kind is Tensor:
        array = value.array
        tensors.append(value)
        if not arrays:
            return kind, array.shape, array.dtype
        return Tensor, array.shape, array.strides, array.dtype
    if kind in PLAIN or isinstance(value, np.dtype):
        return kind, value
    if kind is float:
        return kind, repr(value)  # 0.0 and -0.0 are equal, and nan is not
    if kind is tuple or kind is list:
        parts = [structure(one, tensors, arrays) for one in value]
    elif kind is dict:
        parts = [structure(one, tensors, arrays) for one in value.values()]
        names = [(name.__class__, name) for name in value]  # 1, 1.0 and True are equal
        if not PLAIN.issuperset(kind for kind, _ in names):
            return NotClosed("a name in a dictionary is no word or whole number")
        kind = (dict, *names)
    else:
        return NotClosed(f"an argument is a {kind.__name__}, and no tensor or number")
    return next((one for one in parts if isinstance(one, NotClosed)), (kind, *parts))


def rebuilt(value: Any, tensors: Iterator[Any]) -> Any:
    """Return arguments, or results, with other tensors, in the order in which these were noted."""
    if value.__class__ is Tensor:
        return next(tensors)
    if value.__class__ is tuple or value.__class__ is list:
        return value.__class__([rebuilt(one, tensors) for one in value])
    if value.__class__ is dict:
        return {name: rebuilt(one, tensors) for name, one in value.items()}
    return value


def _copy(array: Any) -> Any:
    """Return a copy that lies in memory as the array does; a number, as operations compute with it."""
    return array[()] if array.ndim == 0 else np.copy(array, order="K")


def _differ(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype != b.dtype or a.shape != b.shape or a.tobytes() != b.tobytes()
