"""Reading a state dictionary: all of it is checked before an optimiser takes any of it over."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from minigrad._tensor import Tensor, as_tensor
from minigrad.backend.devices import is_array
from minigrad.optim.bundles import State


def read_state_dict(
    optimizer: Any, state_dict: Any, optional: Iterable[str]
) -> tuple[list[dict[str, Any]], State]:
    """Return groups and state for ``optimizer`` from what ``state_dict()`` returned, as copies.

    Parameters
    ----------
    optimizer : Optimizer
        Whose parameters they are for, in their order.
    state_dict : dict
        In PyTorch's layout.
    optional : iterable of str
        Hyperparameters that its groups need not have.

    Raises
    ------
    TypeError, ValueError
        If it does not fit.
    """
    groups = _read_groups(optimizer, state_dict, optional)
    params = [p for group in optimizer.param_groups for p in group["params"]]
    indices = [index for group in groups for index in group["params"]]
    param_of = dict(zip(indices, params, strict=True))
    names_of = {
        index: set(optimizer.state_names({**optimizer.defaults, **group}))
        for group in groups
        for index in group["params"]
    }
    state: State = defaultdict(dict)
    for key, slots in state_dict["state"].items():
        if key in param_of:
            state[param_of[key]] = {
                name: _read_value(optimizer, name, value, param_of[key], names_of[key])
                for name, value in slots.items()
                if value is not None  # PyTorch's momentum that has not begun
            }
        elif isinstance(key, int):
            raise _error(optimizer, f"there is state of parameter {key}, which is in no group")
        else:
            state[key] = copy.deepcopy(slots)
    return groups, state


def _read_groups(optimizer: Any, state_dict: Any, optional: Iterable[str]) -> list[dict[str, Any]]:
    try:
        groups = copy.deepcopy(state_dict["param_groups"])
        sizes = [len(group["params"]) for group in groups]
        state_dict["state"].items()
    except (TypeError, KeyError, AttributeError):
        raise _error(optimizer, "expected a dict with 'state' and 'param_groups'") from None
    own_sizes = [len(group["params"]) for group in optimizer.param_groups]
    if sizes != own_sizes:
        raise _error(
            optimizer, f"its groups have {sizes} parameters, those of this optimizer {own_sizes}"
        )
    for group in groups:
        missing = optimizer.defaults.keys() - group.keys() - set(optional)
        if missing:
            raise _error(
                optimizer,
                f"a group has no {', '.join(sorted(missing))}; was it another kind of optimizer?",
            )
        optimizer.check(group)
    return groups


def _read_value(optimizer: Any, name: str, value: Any, p: Tensor, names: set[str]) -> Any:
    """Return a value of the state of ``p`` as ``optimizer``, which keeps ``names``, holds it."""
    if name == "step" or name in optimizer.scalars:  # PyTorch's are tensors
        number = int if name == "step" else float
        return number(value) if name in names else copy.deepcopy(value)
    if not (isinstance(value, Tensor) or is_array(value)):
        return copy.deepcopy(value)
    tensor = as_tensor(value).detach()
    if name in names and tensor.shape != p.shape:
        raise _error(
            optimizer,
            f"{name} of a parameter of shape {tuple(p.shape)} has shape {tuple(tensor.shape)}",
        )
    return tensor.to(p.device, p.dtype if tensor.is_floating_point() else tensor.dtype, copy=True)


def _error(optimizer: Any, text: str) -> ValueError:
    return ValueError(f"{type(optimizer).__name__}.load_state_dict: {text}")
