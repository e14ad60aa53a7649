"""Parameters as one vector, and back: for methods that see a network as a point, such as line searches."""

from __future__ import annotations

from collections.abc import Iterable

from minigrad._functions.shaping import cat
from minigrad._tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Join parameters, flattened, into one vector.

    Parameters
    ----------
    parameters : iterable of Tensor
        On one device.

    Returns
    -------
    Tensor, shape (n,)
        A copy; gradients flow through to the parameters.

    Raises
    ------
    TypeError
        If the parameters are on different devices.
    ValueError
        If there are none.

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.nn.Linear(2, 1)
    >>> vector = mg.nn.utils.parameters_to_vector(layer.parameters())
    >>> vector.shape
    Size([3])
    >>> mg.nn.utils.vector_to_parameters(mg.tensor([1.0, 2.0, 3.0]), layer.parameters())
    >>> layer.weight, layer.bias
    (Parameter containing:
    tensor([[1., 2.]], requires_grad=True), Parameter containing:
    tensor([3.], requires_grad=True))
    """
    listed = list(parameters)
    _check_one_device("parameters_to_vector", listed)
    return cat([p.reshape(-1) for p in listed])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give parameters the values of a vector, stretch by stretch.

    As in PyTorch each parameter stays the same object and gets the memory of its stretch (``p.data =``),
    with the dtype of ``vec``: nothing is copied, so what is written into one is seen in the other.  Hand
    over ``vec.clone()`` where that is not wanted.

    Parameters
    ----------
    vec : Tensor, shape (n,)
        As from :func:`parameters_to_vector`; numbers beyond the last parameter are not used.
    parameters : iterable of Tensor
        On the device of ``vec``.

    Raises
    ------
    TypeError
        If ``vec`` is no floating tensor, or not everything is on one device.
    ValueError
        If ``vec`` is not a vector, or too short.  Nothing has been changed then.
    """
    name = "vector_to_parameters"
    if not isinstance(vec, Tensor):
        raise TypeError(f"{name}: expected a Tensor, got {type(vec).__name__}")
    if vec.dtype.kind != "f":
        raise TypeError(f"{name}: the vector has to be floating, got {vec.dtype}")
    listed = list(parameters)
    needed = sum(p.numel() for p in listed)
    if vec.ndim != 1 or vec.numel() < needed:
        raise ValueError(
            f"{name}: the parameters have {needed} numbers, the vector is of shape {tuple(vec.shape)}"
        )
    _check_one_device(name, [vec, *listed])
    start = 0
    for p in listed:
        end = start + p.numel()
        p.data = vec.detach()[start:end].view(p.shape)
        start = end


def _check_one_device(name: str, tensors: list[Tensor]) -> None:
    for one in tensors[1:]:
        if one.device != tensors[0].device:
            raise TypeError(
                f"{name}: tensors are on different devices, {tensors[0].device} and {one.device}; move "
                "them with .to(device)"
            )
