"""Switching the recording of operations on and off, as context managers and decorators."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import Token
from typing import Any

from minigrad.engine import State, state


def is_grad_enabled() -> bool:
    """Tell whether operations are being recorded."""
    return state.get().grad_enabled


class _Mode:
    """A context manager, usable as a decorator, within which recording is on or off.

    The mode lives in a ContextVar: it ends with the block, exception or not, and other threads and
    tasks do not see it.
    """

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self._tokens: list[Token[State]] = []

    def __enter__(self) -> None:
        self._tokens.append(state.set(state.get().recording(self.enabled)))

    def __exit__(self, *exc: Any) -> None:
        state.reset(self._tokens.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        enabled = self.enabled
        if inspect.isgeneratorfunction(function):
            return _decorated_generator(function, enabled)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _Mode(enabled):
                return function(*args, **kwargs)

        return wrapper


def _decorated_generator(function: Callable[..., Any], enabled: bool) -> Callable[..., Any]:
    """Run a generator's own code in the mode, but not the code between its steps."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        resume: Callable[[], Any] = functools.partial(next, generator)
        while True:
            with _Mode(enabled):
                try:
                    value = resume()
                except StopIteration as end:
                    return end.value
            try:
                sent = yield value
                resume = functools.partial(generator.send, sent)
            except GeneratorExit:
                generator.close()
                raise
            except BaseException as error:
                resume = functools.partial(generator.throw, error)

    return wrapper


class _FixedMode(_Mode):
    """A mode that needs no argument, and so can decorate a function without being called."""

    on: bool

    def __new__(cls, function: Any = None) -> Any:
        """Return the context manager, or, as a bare ``@no_grad``, the decorated function."""
        mode = super().__new__(cls)
        if not callable(function):
            return mode
        mode.__init__()  # type: ignore[misc]
        return mode(function)

    def __init__(self) -> None:
        super().__init__(self.on)


class no_grad(_FixedMode):  # noqa: N801 (PyTorch's name)
    """Do not record within this block, or this function.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.ones(2, requires_grad=True)
    >>> with mg.no_grad():
    ...     (2 * x).requires_grad
    False
    >>> @mg.no_grad()
    ... def double(x):
    ...     return 2 * x
    >>> double(x).requires_grad
    False
    """

    on = False


class enable_grad(_FixedMode):  # noqa: N801
    """Record within this block, or this function, even inside ``no_grad``."""

    on = True


class inference_mode(_FixedMode):  # noqa: N801
    """The same as :class:`no_grad`, PyTorch's faster kind has no counterpart here; or nothing at all.

    Parameters
    ----------
    mode : bool, default True
        False leaves things as they are.
    """

    on = False

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.enabled = not mode and is_grad_enabled()


class set_grad_enabled(_Mode):  # noqa: N801
    """Switch recording on or off: at once, and, as a context manager, until the end of the block.

    Parameters
    ----------
    mode : bool
        Whether to record.
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._before = state.get()
        state.set(self._before.recording(self.enabled))

    def __enter__(self) -> None:
        state.set(state.get().recording(self.enabled))

    def __exit__(self, *exc: Any) -> None:
        state.set(state.get().recording(self._before.grad_enabled))

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with the mode around it; the mode itself ends here."""
        self.__exit__()
        return super().__call__(function)
