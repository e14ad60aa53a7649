"""All parameters together as one point: vectors of their numbers, other values, derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minigrad._creation import eye
from minigrad._functions.shaping import cat
from minigrad._tensor import Tensor
from minigrad.autograd import grad
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.optim.checks import error
from minigrad.optim.optimizer import Optimizer

Tensors = Sequence[Tensor]


# Vectors --------------------------------------------------------------------------------------------


def to_vector(tensors: Iterable[Tensor]) -> Tensor:
    """Return the numbers of all tensors end to end; gradients flow through."""
    return cat([tensor.reshape(-1) for tensor in tensors])


def from_vector(vector: Tensor, like: Iterable[Tensor]) -> list[Tensor]:
    """Return the stretches of ``vector`` in the shapes of ``like``; they look at its memory."""
    parts, start = [], 0
    for tensor in like:
        end = start + tensor.numel()
        parts.append(vector[start:end].reshape(tensor.shape))
        start = end
    return parts


def gradients_in(params: Iterable[Tensor]) -> list[Tensor]:
    """Return all gradients, with zeros for a parameter that has none."""
    return [p.new_zeros(p.shape) if p.grad is None else p.grad.detach() for p in params]


def leave_gradients(params: Iterable[Any], gradients: Iterable[Tensor]) -> None:
    """Leave gradients in ``.grad``, as ``backward()`` would."""
    for p, gradient in zip(params, gradients, strict=True):
        p.grad = gradient.detach()


# Points ---------------------------------------------------------------------------------------------


def copies(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Return copies, which know nothing of a graph."""
    return [tensor.detach().clone() for tensor in tensors]


@no_grad()
def put(params: Tensors, values: Iterable[Tensor]) -> None:
    """Give the parameters these values, to the last bit."""
    for p, value in zip(params, values, strict=True):
        p.copy_(value)


@no_grad()
def put_along(params: Tensors, start: Tensors, direction: Tensors, alpha: float) -> None:
    r"""Give the parameters the values :math:`\theta + \alpha d`."""
    for p, origin, part in zip(params, start, direction, strict=True):
        p.copy_(origin + alpha * part)


@contextmanager
def restored_on_error(params: Tensors, values: Iterable[Tensor]) -> Iterator[None]:
    """Give the parameters these values if an exception comes by."""
    try:
        yield
    except BaseException:
        put(params, values)
        raise


# Derivatives ----------------------------------------------------------------------------------------


def evaluate(owner: Any, closure: Callable[[], Any]) -> Tensor:
    """Return what ``closure`` computes, recorded, for ``owner`` to differentiate.

    Raises
    ------
    TypeError
        If it is no tensor.
    RuntimeError
        If it has no graph (any more).
    """
    with enable_grad():
        result = closure()
    if not isinstance(result, Tensor):
        raise error(
            owner, TypeError, f"the closure has to return a tensor, got {type(result).__name__}"
        )
    if result.node is not None and result.node.released:
        raise error(
            owner,
            RuntimeError,
            "the closure called backward(), but here it is only to compute and return; the optimizer "
            "differentiates what it returns",
        )
    if not result.requires_grad:
        raise error(
            owner,
            RuntimeError,
            "what the closure returned does not depend on anything that requires gradients",
        )
    return result


def gradients_of(value: Tensor, params: Tensors, **options: Any) -> list[Tensor]:
    """Return the gradient of a number with respect to each parameter, zeros if it does not depend on it."""
    if not value.requires_grad:
        return [p.new_zeros(p.shape) for p in params]
    with enable_grad():
        return list(grad(value, list(params), materialize_grads=True, **options))


def dot(left: Iterable[Tensor], right: Iterable[Tensor]) -> Tensor:
    """Return the inner product of two points, the sum of all products."""
    first, *others = [(a * b).sum() for a, b in zip(left, right, strict=True)]
    return sum(others, start=first)


def hessian_product(slopes: Tensors, params: Tensors, direction: Tensors) -> list[Tensor]:
    r"""Return :math:`H d` from the recorded gradient: the gradient of :math:`g \cdot d`."""
    with enable_grad():
        along = dot(slopes, direction)
    return gradients_of(along, params, retain_graph=True)


def rows_of_derivatives(vector: Tensor, params: Tensors) -> Tensor:
    """Return the matrix of the derivatives of a recorded vector by all parameters, one sweep for each row."""
    length = vector.numel()
    if not vector.requires_grad:
        return vector.new_zeros(length, sum(p.numel() for p in params))
    rows = eye(length, dtype=vector.dtype, device=vector.device)
    found = grad(
        vector, list(params), rows, retain_graph=True, is_grads_batched=True, materialize_grads=True
    )
    return cat([part.reshape(length, -1) for part in found], dim=1)


# Optimisers -----------------------------------------------------------------------------------------


class JointOptimizer(Optimizer):
    """Base class of optimisers that treat all parameters as one point, so that no group goes its own way."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters; their hyperparameters have to be those of the first group, and so need no mention.

        Parameters
        ----------
        param_group : dict
            As for :meth:`Optimizer.add_param_group`.

        Raises
        ------
        ValueError
            If it names another value of a hyperparameter; and as for :meth:`Optimizer.add_param_group`.
        """
        if self.param_groups and isinstance(param_group, dict):
            first = {name: self.param_groups[0][name] for name in self.defaults}
            for name, value in first.items():
                if param_group.get(name, value) != value:
                    raise error(
                        self,
                        ValueError,
                        f"{name} = {param_group[name]!r} in a group, {value!r} in the first; all parameters "
                        "take the step together, so that all groups have to have the same",
                    )
            for name, value in first.items():
                param_group.setdefault(name, value)
        super().add_param_group(param_group)


def moving(optimizer: Optimizer) -> list[Any]:
    """Return the parameters of an optimiser that are not frozen.

    Raises
    ------
    RuntimeError
        If all are.
    """
    found = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
    if not found:
        raise error(
            optimizer,
            RuntimeError,
            "all parameters are frozen, so there is nothing to optimise; call requires_grad_() on those that "
            "are to move",
        )
    return found


def of_each(optimizer: Optimizer, name: str) -> list[Any]:
    """Return a hyperparameter for each parameter that is not frozen."""
    groups = optimizer.param_groups
    return [group[name] for group in groups for p in group["params"] if p.requires_grad]
