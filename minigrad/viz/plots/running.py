"""Running a model for a picture: in evaluation, without recording, and leaving no trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad._creation import as_tensor
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.backend.devices import is_array, to_host
from minigrad.nn.module import Module
from minigrad.nn.parameter import Uninitialized


def to_numpy(value: Any) -> np.ndarray:
    """Return the numbers of a tensor, an array or a list on the host."""
    if isinstance(value, Tensor):
        value = value.array
    return to_host(value) if is_array(value) else np.asarray(value)


def as_input(value: Any, model: Any) -> Tensor:
    """Return a tensor on the model's device, floating numbers in the dtype of its parameters.

    Raises
    ------
    ValueError
        If it is empty.
    """
    tensor = value.detach() if isinstance(value, Tensor) else as_tensor(value)
    if not tensor.numel():
        raise ValueError(
            f"the model is to run on a batch of shape {tuple(tensor.shape)}: it is empty"
        )
    if not isinstance(model, Module):
        return tensor
    like = next((p for p in model.parameters() if p.is_floating_point()), None)
    if like is None:
        return tensor
    return (
        tensor.to(like.device, like.dtype) if tensor.is_floating_point() else tensor.to(like.device)
    )


def check_sizes(model: Module) -> None:
    """Do nothing, unless a size in a model is still unknown.

    Raises
    ------
    ValueError
        If it is.
    """
    for module in model.modules():
        if any(isinstance(p, Uninitialized) for p in module.parameters(recurse=False)):
            raise ValueError(
                f"{type(module).__name__} does not know its size yet; run the model once on a batch first"
            )


@contextmanager
def evaluated(model: Any) -> Iterator[None]:
    """Put a model in evaluation mode and record nothing; then give each module its own mode back.

    Raises
    ------
    ValueError
        If a size in it is still unknown: running it would fix the size.
    """
    modules = list(model.modules()) if isinstance(model, Module) else []
    if modules:
        check_sizes(model)
    modes = [module.training for module in modules]
    try:
        with no_grad():
            if modules:
                model.eval()
            yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def run_once(model: Any, batch: Any) -> None:
    """Run a model on a batch, a tuple being several inputs.

    Raises
    ------
    ValueError
        If the batch is empty, or it fails on whole numbers.
    """
    given = batch if isinstance(batch, tuple) else (batch,)
    inputs = [as_input(value, model) for value in given]
    try:
        model(*inputs)
    except RuntimeError as error:
        whole = [str(value.dtype) for value in inputs if not value.is_floating_point()]
        if not whole:
            raise
        raise ValueError(
            f"the model does not run on a batch of {whole[0]}: {error}; layers with weights take floating "
            "numbers, as mg.tensor(batch).float() has them"
        ) from error
