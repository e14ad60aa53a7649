"""A training step that is recorded once for batches of some shape, and then replayed."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad._backward import _accumulate_arrays
from minigrad._functions.arguments import in_range
from minigrad._tensor import Tensor
from minigrad.backend.generator import default_generator
from minigrad.compiling.bookkeeping import Compiled
from minigrad.compiling.program import StepProgram
from minigrad.compiling.recording import Operation, Recorder, Recording, Refused
from minigrad.compiling.world import World, dropouts, norms
from minigrad.engine import as_tensor, state, wrap


class CompiledStep(Compiled):
    """A training step; made by :func:`compile`, called with a batch.

    Attributes
    ----------
    model, loss, optimizer
        As given.
    steps, recordings, replays : int
        How many steps there were, how many of them were written down to the end, even if no program came
        of it, and how many were replayed.
    reason : str or None
        Why the last step was not replayed; ``None`` if it was.
    """

    def __init__(self, model: Any, loss: Any, optimizer: Any = None) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        super().__init__()

    def _forget(self) -> None:
        super()._forget()
        self._world: World | None = None

    def __call__(self, input: Any, target: Any) -> Tensor:
        """Make one training step.

        Parameters
        ----------
        input : Tensor
            What the model is called with.
        target : Tensor
            What the loss compares the model's output with.

        Returns
        -------
        Tensor
            The loss, without dimensions and detached: a value of its own, which later steps leave alone.
        """
        self._zero_grad()  # before all else, as it may be anybody's code
        x, y = as_tensor(input), as_tensor(target)
        self.steps += 1
        self.reason = self.raised  # until the step has come to its end
        key = _key(x.array, y.array)
        found = self._found(x, y, key)
        if isinstance(found, StepProgram):
            return self._replayed(found, [x.array, y.array])
        if found is None:
            return self._recorded(x, y, key)
        return self._ordinary(x, y, found)

    def _found(self, x: Tensor, y: Tensor, key: Any) -> StepProgram | str | None:
        """Return the program for a batch, why there is none, or ``None``: it has to be made."""
        now = state.get()
        if now.observer is not None:
            return "an observer, such as profile or detect_anomaly, wants to see every operation"
        if not now.grad_enabled:
            return "gradients are switched off"
        world = self._world
        if world is None or not world.is_of(self.model, self.loss):
            self._forget()
            world = self._world = World(self.model, self.loss)
        if world.reason is not None:
            return world.reason
        if x.requires_grad or y.requires_grad:
            return "the batch requires gradients"
        if key is None:
            return f"the batch is {_kind(x.array)} and {_kind(y.array)}, and not two numpy.ndarray"
        found = self._last_found if key == self._last_key else self._kept(key)
        if isinstance(found, StepProgram) and found.fits():
            if found.classes is not None and not in_range(y.array, found.classes):
                return "a class index is ignored or out of range"
            return found
        return self._refused(found) or _obstacle(world, [x.array, y.array])

    # Three ways to make a step --------------------------------------------------------------------

    def _replayed(self, program: StepProgram, batch: list[Any]) -> Tensor:
        gradients = program.run(batch)
        for module, moments in program.normalised:
            module.note_batch(*moments)
        for parameter, gradient in zip(program.parameters, gradients):  # noqa: B905  # of one length
            if parameter._grad is None:
                parameter._grad = wrap(gradient, None)
            else:
                _accumulate_arrays({parameter.node: gradient}, None)
        loss = wrap(program.loss.copy(), None)
        self.reason = None
        self.replays += 1
        if self.optimizer is not None:
            self.optimizer.step()
        return loss

    def _ordinary(self, x: Tensor, y: Tensor, reason: str) -> Tensor:
        self._note(reason)
        loss = self.loss(self.model(x), y)
        loss.backward()
        return self._finished(loss)

    def _recorded(self, x: Tensor, y: Tensor, key: Any) -> Tensor:
        """Make an ordinary step, and on the way a program of it."""
        drawing = dropouts(self.model)
        before = default_generator.get_state() if drawing else None
        with Recorder() as recorder:
            output = self.model(x)
            loss = self.loss(output, y)
        world = self._world
        if world is None or not world.is_of(self.model, self.loss):
            # Layers note things when they are first called.
            self._forget()
            world = self._world = World(self.model, self.loss)
        batch = [x.array, y.array]
        fresh = [p for p in world.tensors if p._grad is None]
        with np.errstate(all="ignore"):  # what there is to warn of, the step itself warns of
            found = self._program(recorder.operations, batch, output, loss, drawing)
        loss.backward()
        if isinstance(found, StepProgram) and not _agrees(found, batch, loss, fresh, before):
            found = "a replay of the step did not give the same numbers"
        self.recordings += 1
        self._keep(key, found)
        shapes = f"{tuple(x.shape)} and {tuple(y.shape)}"
        first = f"the first step with a batch of shapes {shapes} on the model as it is now"
        self._note(found if isinstance(found, str) else first)
        return self._finished(loss)

    def _program(
        self,
        operations: list[Operation],
        batch: list[Any],
        output: Tensor,
        loss: Tensor,
        drawing: list[Any],
    ) -> StepProgram | str:
        """Return the program of a step, or why there can be none."""
        assert self._world is not None
        try:
            recording = Recording(operations, loss, batch, self._world.tensors, drawing)
            if recording.classes is None and output.array.shape != batch[1].shape:
                return "output and target differ in shape, of which losses warn in every step"
            return StepProgram(recording, norms(self.model))
        except Refused as refused:
            return str(refused)
        except Exception as error:  # the step itself is well, and goes on
            return f"it could not be written down: {error!r}"

    def _zero_grad(self) -> None:
        (self.model if self.optimizer is None else self.optimizer).zero_grad()

    def _finished(self, loss: Tensor) -> Tensor:
        if self.optimizer is not None:
            self.optimizer.step()
        return loss.detach()

    def __repr__(self) -> str:
        return f"<CompiledStep of {type(self.model).__name__}: {self.report().splitlines()[0]}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_world": None}


def _key(a: Any, b: Any) -> Any:
    """Return what a program depends on beside the model; ``None`` if there cannot be one."""
    if a.__class__ is not np.ndarray or b.__class__ is not np.ndarray:
        return None
    return a.shape, a.strides, a.dtype, b.shape, b.strides, b.dtype, a is b


def _kind(array: Any) -> str:
    return f"{type(array).__module__}.{type(array).__name__}"


def _obstacle(world: World, batch: list[Any]) -> str | None:
    """Return why a batch cannot be recorded, as far as that is known beforehand."""
    if not all(array.flags.c_contiguous for array in batch):
        return "the batch is not contiguous; pass x.contiguous()"
    states = [tensor.array for tensor in world.tensors]
    if any(np.may_share_memory(array, state) for array in batch for state in states):
        return "the batch shares memory with a parameter or buffer"
    return None


def _agrees(
    program: StepProgram, batch: list[Any], loss: Tensor, fresh: list[Tensor], before: Any
) -> bool:
    """Tell whether a program gives, bit for bit, what an ordinary step has just given.

    That is the loss, and the gradients of ``fresh``, the parameters that had none before: of the others
    only sums are known.  ``before`` is the state of the random numbers then, if some were drawn.
    """
    after = default_generator.get_state()
    if before is not None:
        default_generator.set_state(before)
    try:
        with np.errstate(all="ignore"):
            gradients = program.run(batch)
    except Exception:
        return False
    finally:
        default_generator.set_state(after)
    pairs = [(loss.array, program.loss)]
    for parameter, gradient in zip(program.parameters, gradients, strict=True):
        if any(parameter is one for one in fresh):
            pairs.append((parameter._grad.array, gradient))
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)
