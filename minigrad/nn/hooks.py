"""Hooks of modules: functions called before and after ``forward``, and when gradients pass.

The backward hooks need two places in the graph where a module's gradients come by: at its outputs and
at its inputs.  A *gate* is such a place, an operation that hands its tensors on as they are.
"""

from __future__ import annotations

import itertools
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from minigrad._tensor import Tensor
from minigrad.autograd.function import Function


class Hook(namedtuple("Hook", "kind call with_kwargs always", defaults=(False, False))):
    """One registered function, and when and how it is called.

    Its kind is "forward_pre", "forward", "backward_pre" or "backward".
    """

    __slots__ = ()


class RemovableHandle:
    """What registering a hook returns: ``remove()``, or the end of a ``with`` block, takes it away."""

    _numbers = itertools.count()

    def __init__(self, hooks: dict[int, Hook], hook: Hook, prepend: bool = False) -> None:
        self._hooks, self.id = hooks, next(self._numbers)
        others = dict(hooks) if prepend else {}
        if prepend:
            hooks.clear()
        hooks[self.id] = hook
        hooks.update(others)

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.remove()


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what ``module.forward`` makes of the arguments, with the module's hooks around it."""
    args, kwargs = _before(module, args, kwargs)
    passage = _Passage(module)
    waiting = _of_kind(module, "forward")
    try:
        out = module.forward(*passage.entered(args), **kwargs)
        while waiting:
            hook = waiting.pop(0)
            changed = _call_forward_hook(hook, module, args, kwargs, out)
            if changed is not None:
                out = changed
        return passage.left(out)
    except Exception:
        for hook in waiting:
            if hook.always:
                _call_forward_hook(hook, module, args, kwargs, None)
        raise


def _of_kind(module: Any, kind: str) -> list[Hook]:
    return [hook for hook in module._hooks.values() if hook.kind == kind]


def _before(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Run the hooks before ``forward``; return the arguments as they leave them."""
    for hook in _of_kind(module, "forward_pre"):
        if not hook.with_kwargs:
            changed = hook.call(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
            continue
        changed = hook.call(module, args, kwargs)
        if changed is None:
            continue
        if not (isinstance(changed, tuple) and len(changed) == 2):
            raise RuntimeError(
                f"{type(module).__name__}: a forward pre-hook with_kwargs has to return None or a tuple "
                f"(args, kwargs), got {type(changed).__name__}"
            )
        args, kwargs = changed
    return args, kwargs


def _call_forward_hook(hook: Hook, module: Any, args: Any, kwargs: Any, out: Any) -> Any:
    given = (module, args, kwargs, out) if hook.with_kwargs else (module, args, out)
    return hook.call(*given)


# Backward -----------------------------------------------------------------------------------------


class BackwardHook(Function):
    """A gate: hands tensors on as they are; backward, ``passing`` may change their gradients."""

    @staticmethod
    def forward(ctx: Any, passing: Callable[..., Any], *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors."""
        ctx.passing = passing
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        """Return what ``passing`` makes of the gradients."""
        return None, *ctx.passing(gradients)


class _Passage:
    """The way of the gradients through one call of a module, from its output gate to its input gate."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.pre_hooks = _of_kind(module, "backward_pre")
        self.hooks = _of_kind(module, "backward")
        # None: the gradients at the input gate have not come through the output gate, as in a second
        # backward pass, or from what a hook kept; they are none of the hooks' business.
        self.grad_output: tuple[Any, ...] | None = None
        self.without_inputs = 0  # how many inputs there are, if none of them wants a gradient

    def entered(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the inputs of the module, through a gate if there are hooks for it."""
        if not self.hooks:
            return args
        gated = _gated(args, self.at_input)
        if gated is None:
            self.without_inputs = max(len(args), 1)
        return args if gated is None else gated

    def left(self, out: Any) -> Any:
        """Return the output of the module, through a gate if there are hooks."""
        if not (self.hooks or self.pre_hooks):
            return out
        several = isinstance(out, (tuple, list))
        gated = _gated(out if several else (out,), self.at_output)
        if gated is None:
            return out
        if not several:
            return gated[0]
        return type(out)(*gated) if hasattr(out, "_fields") else type(out)(gated)

    def at_output(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """Note the gradients of the outputs, as the pre-hooks leave them."""
        for hook in self.pre_hooks:
            gradients = self._changed(gradients, hook.call(self.module, gradients), "outputs")
        self.grad_output = gradients
        if self.without_inputs:  # the gradients come by no other gate
            self.at_input((None,) * self.without_inputs)
        return gradients

    def at_input(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """Show the hooks the gradients of the inputs; return these as the hooks leave them."""
        if self.grad_output is None:
            return gradients
        grad_output, self.grad_output = self.grad_output, None
        for hook in self.hooks:
            changed = hook.call(self.module, gradients, grad_output)
            if changed is not None and self.without_inputs:
                raise RuntimeError(
                    f"{type(self.module).__name__}: a backward hook returned gradients, but no input of "
                    "the module requires one; return None"
                )
            gradients = self._changed(gradients, changed, "inputs")
        return gradients

    def _changed(self, gradients: tuple[Any, ...], changed: Any, what: str) -> tuple[Any, ...]:
        if changed is None:
            return gradients
        changed = changed if isinstance(changed, tuple) else (changed,)
        if len(changed) != len(gradients):
            raise RuntimeError(
                f"{type(self.module).__name__}: a backward hook returned {len(changed)} gradients of its "
                f"{len(gradients)} {what}; return as many, or None to change nothing"
            )
        return changed


def _gated(values: Sequence[Any], passing: Callable[..., Any]) -> tuple[Any, ...] | None:
    """Return the values, those that want gradients through a gate; ``None`` if none does.

    ``passing`` is given a gradient, or ``None``, for each of the values.
    """
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
    if not places:
        return None

    def at_places(gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        by_place = dict(zip(places, gradients, strict=True))
        changed = passing(tuple(by_place.get(i) for i in range(len(values))))
        return tuple(changed[i] for i in places)

    handed_on = iter(BackwardHook.apply(at_places, *(values[i] for i in places)))
    return tuple(next(handed_on) if i in places else value for i, value in enumerate(values))
