"""A function that is recorded once for arguments of some shapes, and then replayed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from minigrad._warning import listener
from minigrad.backend.devices import default_device
from minigrad.backend.generator import default_generator
from minigrad.compiling.bookkeeping import Compiled
from minigrad.compiling.closed import Closed, NotClosed, memory_of, obstacle_of
from minigrad.compiling.copies import Copies
from minigrad.compiling.numbers import NumberProgram
from minigrad.compiling.program import Program
from minigrad.compiling.recording import Refused
from minigrad.compiling.rewriting import without_unused
from minigrad.compiling.structures import is_made_of, rebuilt, structure
from minigrad.compiling.tracing import Tape, Traced, layout
from minigrad.dtypes import get_default_dtype
from minigrad.engine import State, state, wrap
from minigrad.observing import Observer


class Tracer(Observer):
    """Has every operation, and every rule of a sweep, run on stand-ins and written down."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def run(self, function: Any, *args: Any, **params: Any) -> Any:
        """Run a forward or a rule."""
        return self._tape.run(function, args, params)

    def note_warning(self, message: str) -> None:
        """Note that every call would warn, which no replay does; the call itself has warned."""
        self._tape.obstacle = f"it warns: {message}"


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
        key = structure((args, kwargs) if kwargs else args, tensors)
        found = self._found(key, tensors)
        if isinstance(found, Replay):
            try:
                results = found.run([tensor.array for tensor in tensors])
            except Exception as error:  # nothing was changed; the function itself may know better
                found = f"the replay ended with a {type(error).__name__}"
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
            obstacle = obstacle_of(tensor)
            if obstacle is not None:
                return f"an argument {obstacle}"
        ids = list(map(id, tensors))
        alike = () if len(set(ids)) == len(ids) else tuple(map(ids.index, ids))
        if len(tensors) > 1 or closed.tensors:
            obstacle = _shared(tensors, closed)
            if obstacle is not None:
                return obstacle
        whole = key, alike, now.grad_enabled, get_default_dtype(), default_device()
        found = self._last_found if whole == self._last_key else self._kept(whole)
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
        concerned = [*tensors, *closed.tensors]
        given = {id(one): wrap(_copy(one.array), None) for one in concerned}
        arguments = rebuilt((args, kwargs), iter(tensors))  # the lists as they are now
        arrays = [one.array for one in concerned]
        mode = state.get()
        results = self.function(*args, **kwargs)
        found: Replay | str
        if not is_made_of((args, kwargs), arguments) or any(
            _is_another(one.array, array) or obstacle_of(one)
            for one, array in zip(concerned, arrays, strict=True)
        ):
            found = "something that the function was given is changed"
        elif _differ(before, default_generator.get_state()):
            found = "random numbers are drawn"
        elif state.get() is not mode:
            found = "a mode is set"
        else:
            with np.errstate(all="ignore"):  # what there is to warn of, the call itself warned of
                found = self._program(arguments, tensors, given, results)
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
            function = Copies(closed, [shown[id(one)] for one in closed.tensors]).of(self.function)
            args, kwargs = rebuilt(arguments, iter([shown[id(one)] for one in tensors]))
            tracer = Tracer(tape)
            token = state.set(State(state.get().grad_enabled, (), tracer))
            listening = listener.set(tracer.note_warning)
            try:
                answer = function(*args, **kwargs)
            finally:
                listener.reset(listening)
                state.reset(token)
            if tape.obstacle is not None:
                return tape.obstacle
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
        given = {traced for _, traced in (*inputs, *states)}
        if any(call.written is not None and call.written.owner in given for call in calls):
            raise Refused("something that the function was given is changed")
        if any(isinstance(one, Traced) and one.owner in given for one in made) or any(
            _share(one, other) for one in ordinary for other, _ in (*inputs, *states)
        ):
            raise Refused("a result is an argument, or a view of one")
        if any(_share(a, b) for a, b in combinations(ordinary, 2)):
            raise Refused("two results are one tensor, or share memory")
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
        """Return what a replay gives otherwise than an ordinary call has given, if anything."""
        replayed: list[Any] = []
        ordinary: list[Any] = []
        structure(self.run(arrays), replayed)
        structure(results, ordinary)
        pairs = [(a.array, b.array) for a, b in zip(replayed, ordinary, strict=True)]
        if any(type(a) is not type(b) or _differ(a, b) for a, b in pairs):
            return "a replay of the call did not give the same numbers"
        if any(layout(a) != layout(b) for a, b in pairs):
            return "a result lies in memory otherwise than in rows; return x.contiguous()"
        return None


def _copy(array: Any) -> Any:
    """Return a copy that lies in memory as the array does; a number is one."""
    return array if isinstance(array, np.generic) else np.copy(array, order="K")


def _is_another(array: Any, known: Any) -> bool:
    """Tell whether a tensor was given another array; for a number, one of its own is the same."""
    return array is not known and (known.ndim > 0 or _differ(array, known))


def _shared(tensors: list[Any], closed: Closed) -> str | None:
    """Return which memory is shared, if any: in a replay, arguments have memory of their own.

    NumPy has a function of its own for a matrix with itself, transposed, which rounds otherwise.
    """
    memory = set(map(memory_of, tensors))
    if not memory.isdisjoint(closed.memory) and any(
        _share(one, other) for one in tensors for other in closed.tensors
    ):
        return "the function reads an argument beside the arguments"
    if len(memory) < len(tensors) and any(
        one is not other and _share(one, other) for one, other in combinations(tensors, 2)
    ):
        return "two arguments share memory"
    return None


def _share(a: Any, b: Any) -> bool:
    """Tell whether two tensors are the same, or on the same memory."""
    return a is b or bool(np.may_share_memory(a.array, b.array))


def _differ(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype != b.dtype or a.shape != b.shape or a.tobytes() != b.tobytes()
