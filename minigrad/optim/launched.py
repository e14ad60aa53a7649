"""Where the rule of an optimiser runs on a GPU: all parameters in one launch, read and written in place.

A rule that has lines of C beside it (``Optimizer.kernel``) needs no copies: each number finds its own
parameter and gradient.  What is kept lies end to end as in every bundle.  If the kernel turns out to differ
from the rule, the rule runs, parameter by parameter.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from minigrad.backend import kernels
from minigrad.backend.devices import backend_of, xp_of
from minigrad.optim.bundles import Bundle
from minigrad.optim.directions import penalised
from minigrad.versions import memory_of

MOST = 32
"""Parameters in a launch: each adds some 100 bytes to its arguments, of which CUDA allows 4 KB."""


def launching(optimizer: Any) -> Callable[[dict[str, Any], list[Any]], list[Bundle]] | None:
    """Return what makes bundles of parameters that the kernel of ``optimizer`` is for, if it has one."""
    if optimizer.kernel is None or optimizer.scalars:
        return None
    return lambda group, params: [
        Launched(group, params[first : first + MOST], optimizer)
        for first in range(0, len(params), MOST)
    ]


class Launched(Bundle):
    """Contiguous parameters that one launch updates where they are."""

    def __init__(self, group: dict[str, Any], params: list[Any], optimizer: Any) -> None:
        super().__init__(group, params)
        self.optimizer = weakref.ref(optimizer)
        ends = np.cumsum([array.size for array in self.arrays], dtype=np.int64)
        self.cuts = [slice(b - a.size, b) for a, b in zip(self.arrays, ends.tolist(), strict=True)]
        backend = backend_of(self.arrays[0])
        self.ends = backend.from_host(ends, backend.index_of(self.arrays[0]))

    def _fits(self, arrays: list[Any]) -> bool:
        """Parameters are updated at once and found by their place in memory."""
        apart = len({id(memory_of(array)) for array in arrays}) == len(arrays)
        return apart and all(p.is_contiguous() for p in self.params)

    def _make_spaces(self, rows: dict[str, Any], spares: dict[str, Any]) -> None:
        super()._make_spaces(rows, spares)
        self.rows = rows

    def _look_at(self, arrays: list[Any]) -> None:
        super()._look_at(arrays)
        self.memories = {id(memory_of(array)) for array in arrays}
        self.thetas = [xp_of(array).reshape(array, -1) for array in arrays]

    def pieces(self, gradients: list[Any]) -> Iterable[tuple[Any, Any, Any]]:
        """Launch the kernel; what is left for the rule is nothing, or everything."""
        xp = xp_of(self.arrays[0])
        for position, gradient in enumerate(gradients):
            if id(memory_of(gradient)) in self.memories:  # p.grad = p.data
                gradients[position] = xp.array(gradient)
        optimizer: Any = self.optimizer()
        hyperparameters, decay, shrink, maximize = self.options
        lines, numbers = optimizer.kernel(self.spaces[0], **hyperparameters)
        kernel = update_kernel(
            type(optimizer).__name__,
            lines,
            (*numbers, "decay", "shrink"),
            tuple(self.rows),
            len(gradients),
            bool(decay),
            shrink is not None,
            bool(maximize),
        )
        if kernel.ready(optimizer, self):
            values = *numbers.values(), decay, 1 if shrink is None else shrink
            kernel(xp, self.ends, gradients, values, self.thetas, self.rows.values(), self.size)
            return ()
        flat = [xp.reshape(gradient, -1) for gradient in gradients]
        return zip(self.thetas, flat, self.spaces, strict=True)


class UpdateKernel(kernels.Kernel):
    """The lines of a rule, and around them what finds parameter and gradient of each number."""

    def __init__(
        self,
        rule: str,
        lines: str,
        numbers: tuple[str, ...],
        rows: tuple[str, ...],
        count: int,
        decays: bool,
        shrinks: bool,
        climbs: bool,
    ) -> None:
        inputs = ["raw int64 ends", *(f"raw T gradient{k}" for k in range(count))]
        outputs = [f"raw T theta{k}" for k in range(count)] + [f"raw T all_{name}" for name in rows]
        slope = "-gradient" if climbs else "gradient"
        if decays:  # in the order of penalised()
            slope = f"theta * decay {'-' if climbs else '+'} gradient"
        body = [
            f"const T gradient = {_element('gradient', count)};",
            f"T &theta = {_element('theta', count)};",
            *(f"T &{name} = all_{name}[i];" for name in rows),
            "theta *= shrink;" if shrinks else "",
            f"const T g = {slope};",
            lines,
        ]
        super().__init__(
            f"{rule}_{count}",
            ", ".join([*inputs, *(f"T {name}" for name in numbers)]),
            ", ".join(outputs),
            "\n".join(filter(None, body)),
        )
        self.count = count
        self._found: dict[Any, bool] = {}

    def __call__(  # type: ignore[override]
        self,
        xp: Any,
        ends: Any,
        gradients: Iterable[Any],
        numbers: Iterable[Any],
        thetas: Iterable[Any],
        rows: Iterable[Any],
        size: int,
    ) -> None:
        """Launch it."""
        super().__call__(xp, ends, *gradients, *numbers, *thetas, *rows, size=size)

    def ready(self, optimizer: Any, bundle: Launched) -> bool:
        """Tell whether the kernel may be used, having compared it with the rule the first time."""
        like = bundle.arrays[0]
        key = xp_of(like), like.dtype
        if key not in self._found:
            kernels.COMPARED.append(self)
            self._found[key] = kernels.usable(*key) and self._agrees(optimizer, bundle)
        return self._found[key]

    def forget(self) -> None:
        """Compare anew at the next use."""
        self._found.clear()

    def _agrees(self, optimizer: Any, bundle: Launched) -> bool:
        """Compare one step of the kernel and of the rule, from random numbers."""
        like, space = bundle.arrays[0], bundle.spaces[0]
        xp = xp_of(like)
        ends = np.cumsum([7 + 5 * k for k in range(self.count)], dtype=np.int64)
        size, starts = int(ends[-1]), [0, *ends.tolist()]
        parts = [slice(*pair) for pair in pairwise(starts)]
        random = np.random.default_rng(0)
        theta, g = (kernels.on_device(random.normal(size=size), like) for _ in range(2))
        # Squares are among what is kept.
        kept = {n: kernels.on_device(random.random(size), like) for n in bundle.rows}
        hyperparameters, decay, shrink, maximize = bundle.options

        def launched() -> list[Any]:
            thetas = [xp.array(theta[part]) for part in parts]
            rows = {name: xp.array(row) for name, row in kept.items()}
            _, numbers = optimizer.kernel(space, **hyperparameters)
            values = *numbers.values(), decay, 1 if shrink is None else shrink
            gradients = [g[part] for part in parts]
            there = kernels.on_device(ends, like)
            self(xp, there, gradients, values, thetas, rows.values(), size)
            return [xp.concatenate(thetas), *rows.values()]

        def by_rule() -> list[Any]:
            rows = {name: xp.array(row) for name, row in kept.items()}
            spare = {name: xp.empty_like(theta) for name in (*optimizer.scratch, "penalised")}
            s = SimpleNamespace(**(vars(space) | spare | rows))
            result, slope = xp.array(theta), g
            if shrink is not None:
                result *= shrink
            if decay or maximize:
                slope = penalised(result, g, decay, maximize, s.penalised)
            optimizer.update(result, slope, s, **hyperparameters)
            return [result, *rows.values()]

        return kernels.agree(f"{type(optimizer).__name__}.step()", like, launched, by_rule)


update_kernel = functools.cache(UpdateKernel)


def _element(name: str, count: int) -> str:
    """Return the C of the element ``i``, counted through ``count`` arrays ``name0, name1, ...``."""
    text = f"{name}0[i]" if count == 1 else f"{name}{count - 1}[i - ends[{count - 2}]]"
    for k in reversed(range(count - 1)):
        inside = f"i - ends[{k - 1}]" if k else "i"
        text = f"i < ends[{k}] ? {name}{k}[{inside}] : {text}"
    return text
