r"""Clipping gradients between ``backward()`` and ``step()``: by their norm together, or each number.

By *norm* the gradient keeps its direction and is shortened; by *value* each number is limited for itself,
which turns it.  Nothing here waits for a GPU, unless ``error_if_nonfinite`` asks it to look.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad._creation import tensor as new_tensor
from minigrad._functions.shaping import stack
from minigrad._tensor import Tensor
from minigrad._warning import warn
from minigrad.autograd.modes import no_grad


@no_grad()
def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    r"""Norm of all numbers of several tensors together, :math:`\left(\sum_i |g_i|^p\right)^{1/p}`.

    It is taken as the norm of the norms, so nothing is laid end to end.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor
        Of any shapes, floating dtypes and devices.
    norm_type : float, default 2.0
        The order :math:`p`; ``inf`` for the largest absolute value.
    error_if_nonfinite : bool, default False
        Raise if the norm is infinite or nan; to look makes a GPU wait.
    foreach : bool, optional
        Accepted as in PyTorch; it makes no difference here.

    Returns
    -------
    Tensor
        Without dimensions, on the device of the first tensor; 0 if there is none.  In the widest dtype,
        float32 at least: the squares of float16 would overflow (PyTorch rounds the norm to float16).

    Raises
    ------
    RuntimeError
        If the norm is not finite and ``error_if_nonfinite``.
    TypeError
        If something is no tensor.
    """
    norm_type = float(norm_type)
    found = [one for one in _listed("get_total_norm", tensors) if one.numel()]
    if not found:
        return new_tensor(0.0)
    norms = [_wide(one.detach()).norm(norm_type) for one in found]
    dtype = np.result_type(*(norm.dtype for norm in norms))
    total = stack([norm.to(found[0].device, dtype) for norm in norms]).norm(norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(
            f"the norm of order {norm_type} of all gradients together is {total.item()}, so they cannot be "
            "clipped, and nothing was changed; with error_if_nonfinite=False they are scaled all the same"
        )
    return total


def _wide(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == np.float16 else tensor


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    r"""Scale gradients in place by :math:`\min(1, c / (n + 10^{-6}))`, with their norm n already known.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Whose gradients are scaled; those without one are left out.
    max_norm : float
        :math:`c \ge 0`, the norm that is allowed.
    total_norm : Tensor
        :math:`n`, from :func:`get_total_norm`.
    foreach : bool, optional
        Accepted as in PyTorch; it makes no difference here.

    Raises
    ------
    ValueError
        If ``max_norm`` is negative.
    TypeError
        If something is no tensor.
    """
    limit = _limit("clip_grads_with_norm_", "max_norm", max_norm)
    gradients = _gradients(_listed("clip_grads_with_norm_", parameters))
    # Multiplied also where it is 1: to ask whether it is would make a GPU wait.
    scale = (limit / (total_norm.detach() + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.to(gradient.device))


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    r"""Shorten the gradients of all parameters, seen as one vector, to a norm of at most ``max_norm``.

    .. math:: g \leftarrow g \, \min\left(1, \frac{c}{\lVert g \rVert + 10^{-6}}\right)

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Whose gradients are clipped, in place; those without one are left out.
    max_norm : float
        :math:`c \ge 0`, the norm that is allowed.
    norm_type : float, default 2.0
        The order of the norm; ``inf`` for the largest absolute value.
    error_if_nonfinite : bool, default False
        Raise, before anything is changed, if the norm is infinite or nan; to look makes a GPU wait.
        Otherwise a norm of nan makes every gradient nan, and an infinite one makes the finite ones 0.
    foreach : bool, optional
        Accepted as in PyTorch; it makes no difference here.

    Returns
    -------
    Tensor
        The norm before clipping, without dimensions; see :func:`get_total_norm`.

    Raises
    ------
    ValueError
        If ``max_norm`` is negative.
    RuntimeError
        If the norm is not finite and ``error_if_nonfinite``.
    TypeError
        If something is no tensor.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013,
    algorithm 1.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> mg.nn.utils.clip_grad_norm_([x], max_norm=1.0)
    tensor(10.)
    >>> x.grad
    tensor([0.6000, 0.8000])
    """
    _limit("clip_grad_norm_", "max_norm", max_norm)
    listed = _listed("clip_grad_norm_", parameters)
    if not listed and isinstance(parameters, types.GeneratorType):
        warn(
            "clip_grad_norm_: the generator of parameters is empty, perhaps used up already; nothing is "
            "clipped",
        )
    total_norm = get_total_norm(_gradients(listed), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(listed, max_norm, total_norm, foreach)
    return total_norm


@no_grad()
def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    r"""Limit every number of the gradients to :math:`[-m, m]`, in place; nan stays nan.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Whose gradients are clipped; those without one are left out.
    clip_value : float
        :math:`m \ge 0`, the largest magnitude that is allowed.
    foreach : bool, optional
        Accepted as in PyTorch; it makes no difference here.

    Raises
    ------
    ValueError
        If ``clip_value`` is negative.
    TypeError
        If something is no tensor.

    References
    ----------
    Document 000, algorithm 1.5: :math:`\mathrm{clip}(v, -m, m) = \max(\min(v, m), -m)`.
    """
    limit = _limit("clip_grad_value_", "clip_value", clip_value)
    for gradient in _gradients(_listed("clip_grad_value_", parameters)):
        gradient.clamp_(-limit, limit)


def _limit(function: str, argument: str, value: Any) -> float:
    limit = float(value)
    if limit < 0:
        raise ValueError(f"{function}: {argument} must not be negative, got {limit}")
    return limit


def _listed(function: str, tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """Return one tensor, or what an iterable yields, as a list of tensors."""
    if isinstance(tensors, Tensor):
        return [tensors]
    listed = list(tensors)
    for one in listed:
        if not isinstance(one, Tensor):
            raise TypeError(
                f"{function}: expected tensors, got {type(one).__name__}; for a module pass "
                "module.parameters()"
            )
    return listed


def _gradients(parameters: list[Tensor]) -> list[Tensor]:
    return [p._grad for p in parameters if p._grad is not None]
