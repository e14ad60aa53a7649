"""Optimisers that leave the step to another one, and optimisers that draw random numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad._creation import tensor
from minigrad._tensor import Tensor
from minigrad.backend.devices import to_host
from minigrad.backend.generator import Generator, default_generator
from minigrad.optim.checks import error
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.vectors import copies, put


class Around(Optimizer):
    """Base class of optimisers that find a gradient of their own and hand it to another optimiser.

    Groups, hyperparameters and state are those of the inner one, with this one's beside them: schedules,
    ``state_dict()`` and the like see a single optimiser.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    base : callable
        Makes the inner optimiser from parameters: a class, or a function.  One whose ``step`` needs a
        closure is refused.
    options : dict
        What ``base`` is called with besides.
    own : dict
        The hyperparameters of this one.

    Attributes
    ----------
    base : Optimizer
        The inner optimiser.
    """

    def __init__(
        self,
        params: Any,
        base: Callable[..., Optimizer],
        options: dict[str, Any],
        own: dict[str, Any],
    ) -> None:
        super().__init__(params, own)
        self.base = base(self.param_groups, **options)
        if not isinstance(self.base, Optimizer):
            raise self._error(
                TypeError, f"base has to make an Optimizer, it made {type(self.base).__name__}"
            )
        if _needs_closure(self.base):
            raise self._error(
                ValueError,
                f"base made {type(self.base).__name__}, whose step() needs a closure; take one that changes "
                "the parameters by their .grad alone, such as SGD or Adam",
            )
        self.param_groups = self.base.param_groups
        self.defaults = {**self.base.defaults, **own}
        self.scalars, self.own_options = self.base.scalars, self.base.own_options
        self.state = self.base.state

    def _step_base(self) -> None:
        """Let the inner optimiser take its step; what is frozen stays, whatever gradient it has left."""
        for group in self.param_groups:
            for p in group["params"]:
                if not p.requires_grad:
                    p.grad = None
        self.base.step()

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of what is kept for the parameters of ``group``."""
        return self.base.state_names(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters; see :meth:`Optimizer.add_param_group`."""
        if "base" not in self.__dict__:  # while the constructor is at work
            super().add_param_group(param_group)
            return
        if isinstance(param_group, dict):
            self.check({**self.defaults, **param_group})
            for name in self.defaults.keys() - self.base.defaults.keys():
                param_group.setdefault(name, self.defaults[name])
        self.base.add_param_group(param_group)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned; see :meth:`Optimizer.load_state_dict`."""
        super().load_state_dict(state_dict)
        self.base.state = self.state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.state = self.base.state


def climbs(group: dict[str, Any]) -> bool:
    """Tell whether the parameters of ``group`` go where the function is large."""
    return bool(group.get("maximize", False))


def _needs_closure(optimizer: Optimizer) -> bool:
    """Tell whether gradients in ``.grad`` are not enough for ``step``: it observes, or asks, elsewhere."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    demanded = closure is not None and closure.default is closure.empty
    return demanded or optimizer.observes != "gradient" or getattr(optimizer, "_looks_ahead", False)


class Drawing(Optimizer):
    """Base class of optimisers that draw random numbers: where they have come to is part of their state."""

    generator: Generator

    def _draw_from(self, generator: Generator | None) -> None:
        """Draw from ``generator``; without one, from a new one that the default generator seeds."""
        if generator is None:
            generator = Generator().manual_seed(default_generator.random_int63())
        self.generator = generator

    def state_dict(self) -> dict[str, Any]:
        """Return all that is needed to go on from here, with the state of the generator."""
        return super().state_dict() | {
            "generator": tensor(self.generator.get_state(), device="cpu")
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, and from where its generator was.

        Raises
        ------
        TypeError, ValueError, RuntimeError
            If it does not fit; nothing has been changed then.
        """
        if not isinstance(state_dict, dict) or "generator" not in state_dict:
            raise error(
                self,
                ValueError,
                "load_state_dict: there is no 'generator' in it; was it another kind of optimizer?",
            )
        saved = state_dict["generator"]
        saved = to_host(saved.array) if isinstance(saved, Tensor) else np.asarray(saved)
        Generator().set_state(saved)  # raises an error if it is none
        super().load_state_dict(state_dict)
        self.generator.set_state(saved)


@contextmanager
def kept_buffers(model: Any) -> Iterator[None]:
    """Undo on leaving what was written into the buffers of ``model``, such as running statistics.

    Parameters
    ----------
    model : Module or None
        With ``None`` nothing is undone.
    """
    buffers = [] if model is None else list(model.buffers())
    before = copies(buffers)
    try:
        yield
    finally:
        put(buffers, before)
