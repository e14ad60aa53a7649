"""Kernels: one launch on a GPU for what a formula in CuPy's words needs a dozen for.

A call of CuPy costs the host several microseconds however short the arrays are, and a small network is
nothing but such calls.  So where a formula matters, *launches* stand beside it that compute the same with
fewer of them.  The formula stays what is meant: it runs on the host, and on a GPU

- until the launches have been compared with it, on small random numbers, at the first use in a process
  (the only time that the host waits for the GPU here);
- if they do not compile or differ: one warning says so, and the formula is used from then on;
- for other dtypes than float32 and float64;
- if the environment variable ``MINIGRAD_GPU_KERNELS`` is 0.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.backend.devices import backend_of

DTYPES = (np.dtype(np.float32), np.dtype(np.float64))

Sample = Callable[[Any], tuple[Iterable[Any], dict[str, Any]]]

# Without fused multiply-add a kernel rounds as the formula does, number by number.
OPTIONS = ("--fmad=false",)


class Kernel:
    """Lines of C that are run for every number of the outputs, in one launch.

    Parameters
    ----------
    name : str
        As profilers show it.
    inputs, outputs : str
        ``"T x, T mean, raw I target"``: type and name of each.  One capital letter stands for the same
        type wherever it occurs; what is ``raw`` is indexed in ``lines``, everything else broadcast.
    lines : str
        Statements.  ``i`` is the number of the element.

    Notes
    -----
    To be called with the namespace, the inputs (arrays, or Python numbers where the type is known from
    an array), and the outputs, if they are there already: they may be read as well.  What is allowed
    is what CuPy's ``ElementwiseKernel`` takes.
    """

    kind = "ElementwiseKernel"  # of CuPy's

    def __init__(self, name: str, inputs: str, outputs: str, lines: str) -> None:
        self.name, self.inputs, self.outputs, self.lines = name, inputs, outputs, lines
        self._compiled: dict[Any, Any] = {}

    def __call__(self, xp: Any, *args: Any, **options: Any) -> Any:
        """Launch it; return the outputs."""
        launch = self._compiled.get(xp)
        if launch is None:
            launch = self._compiled[xp] = self.made_for(xp)
        return launch(*args, **options)

    def made_for(self, xp: Any) -> Any:
        """Return it as an object of CuPy's, which compiles it when it is called."""
        make = getattr(xp, self.kind)
        return make(self.inputs, self.outputs, self.lines, self.name, options=OPTIONS)


class Reduction(Kernel):
    """Sums over axes of what ``lines``, one expression, is for every number of the inputs.

    Parameters
    ----------
    name, inputs, outputs
        As for :class:`Kernel`; one output, and not one input: those CuPy may hand to CUB, which renames
        letters in the lines.
    lines : str
        What is summed.
    last : str
        A statement that makes the output of the sum ``a``.

    Notes
    -----
    To be called with ``axis`` and ``keepdims`` as well.
    """

    kind = "ReductionKernel"

    def __init__(self, name: str, inputs: str, outputs: str, lines: str, last: str) -> None:
        super().__init__(name, inputs, outputs, lines)
        self.last = last

    def made_for(self, xp: Any) -> Any:
        """Return it as an object of CuPy's, which compiles it when it is called."""
        make = getattr(xp, self.kind)
        return make(self.inputs, self.outputs, self.lines, "a + b", self.last, "0", self.name)


class Replacement:
    """Launches in place of a formula, from when they have been seen to compute the same.

    Parameters
    ----------
    launches, plain : callable
        Called alike, ``(xp, *args, **named)``; both return an array, or nested tuples of arrays and
        ``None``.
    sample : callable
        Of a NumPy generator: such ``args`` and ``named``, with arrays of the host.
    """

    def __init__(
        self, launches: Callable[..., Any], plain: Callable[..., Any], sample: Sample
    ) -> None:
        self.launches, self.plain, self.sample = launches, plain, sample
        self._found: dict[Any, Any] = {}

    def ready(self, xp: Any, like: Any) -> Any:
        """Return the launches for arrays as ``like``, ``None`` if the formula is to be used."""
        key = xp, getattr(like, "dtype", None)
        if key not in self._found:
            self._found[key] = None  # the formula itself asks, when the two are compared
            COMPARED.append(self)
            if usable(*key) and self._agrees(xp, like):
                self._found[key] = self.launches
        return self._found[key]

    def _agrees(self, xp: Any, like: Any) -> bool:
        """Compare the launches with the formula, on the sample."""
        given, named = self.sample(np.random.default_rng(0))
        with _comparison():
            args = [on_device(value, like) for value in given]
            named = {name: on_device(value, like) for name, value in named.items()}
        return agree(
            self.plain.__name__.strip("_"),
            like,
            lambda: self.launches(xp, *args, **named),
            lambda: self.plain(xp, *args, **named),
        )

    def forget(self) -> None:
        """Compare anew at the next use."""
        self._found.clear()


COMPARED: list[Any] = []
"""All that has been compared in this process."""


def replacing(
    plain: Callable[..., Any], sample: Sample
) -> Callable[[Callable[..., Any]], Replacement]:
    """Declare, over a function that launches kernels, which formula it stands for."""
    return lambda launches: Replacement(launches, plain, sample)


def usable(xp: Any, dtype: Any) -> bool:
    """Tell whether there are kernels, and not switched off, for arrays of a library and a dtype."""
    return (
        dtype is not None  # which NumPy takes for float64
        and dtype in DTYPES
        and hasattr(xp, Kernel.kind)
        and os.environ.get("MINIGRAD_GPU_KERNELS") != "0"
    )


def forget() -> None:
    """Compare all launches anew when they are used next, e.g. after a change of the variable."""
    for one in COMPARED:
        one.forget()
    COMPARED.clear()


_comparing = 0


def comparing() -> bool:
    """Tell whether launches are being compared right now, which waits for the device."""
    return _comparing > 0


@contextmanager
def _comparison() -> Iterator[None]:
    global _comparing
    _comparing += 1
    try:
        yield
    finally:
        _comparing -= 1


def agree(name: str, like: Any, launches: Callable[[], Any], plain: Callable[[], Any]) -> bool:
    """Tell whether launches return what a formula does; warn if they do not.

    Parameters
    ----------
    name : str
        Of the formula, for the warning.
    like : array
        Whose device and dtype are in question.
    launches, plain : callable
        Both return arrays, in nested tuples.
    """
    with _comparison():
        try:
            reason = _difference(like, _arrays(launches()), _arrays(plain()))
        except Exception as error:  # whatever a compiler or a driver has to say
            reason = f"{type(error).__name__}: {str(error)[:500]}"
    if reason:
        from minigrad._warning import warn  # here: most programs never need it

        warn(
            f"the GPU kernel for {name} is not used, the plain formula takes its place: {reason}. Results "
            "stay right, steps take longer; MINIGRAD_GPU_KERNELS=0 switches all kernels off",
            RuntimeWarning,
        )
    return not reason


def _difference(like: Any, found: list[Any], expected: list[Any]) -> str:
    """Return in words how two lists of arrays differ; the host waits for the device once."""
    backend = backend_of(like)
    xp = backend.xp
    forms = [[(one.shape, one.dtype) for one in arrays] for arrays in (found, expected)]
    if forms[0] != forms[1]:
        return f"shapes and dtypes are {forms[0]}, not {forms[1]}"
    # The order of a sum is free; everything else is rounded alike.
    tolerance = 100 * float(np.finfo(like.dtype).eps)
    errors = [
        xp.max(xp.abs(one - other)) / xp.max(xp.abs(other))
        for one, other in zip(found, expected, strict=True)
    ]
    worst = float(np.max(backend.to_host(xp.stack(errors))))
    return "" if worst <= tolerance else f"results differ by {worst:.2g} of the largest number"


def _arrays(results: Any) -> list[Any]:
    """Return the arrays in nested tuples."""
    if isinstance(results, (tuple, list)):
        return [array for part in results for array in _arrays(part)]
    return [] if results is None else [results]


def on_device(value: Any, like: Any) -> Any:
    """Return an array of the host where ``like`` is, numbers with a fraction in its dtype."""
    if not isinstance(value, np.ndarray):
        return value
    backend = backend_of(like)
    host = value.astype(like.dtype) if value.dtype.kind == "f" else value
    return backend.from_host(host, backend.index_of(like))
