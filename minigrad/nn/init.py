r"""Filling tensors with initial values, in place, as PyTorch does and with the same random numbers.

Each function returns the tensor.  Gradients are not recorded.
"""

from __future__ import annotations

import math

from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.backend.generator import Generator

__all__ = [
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""Return the factor by which weights before a nonlinearity are scaled.

    ==============  =======================================
    linear          1
    sigmoid         1
    tanh            5/3
    relu            :math:`\sqrt 2`
    leaky_relu      :math:`\sqrt{2 / (1 + \text{slope}^2)}`
    selu            3/4
    ==============  =======================================

    Parameters
    ----------
    nonlinearity : str
        One of the table.
    param : float, optional
        The negative slope of leaky_relu, 0.01 by default.

    Raises
    ------
    ValueError
        For another name.
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _GAINS:
        known = ", ".join(sorted([*_GAINS, "leaky_relu"]))
        raise ValueError(
            f"calculate_gain: unknown nonlinearity {nonlinearity!r}; there are {known}"
        )
    return _GAINS[nonlinearity]


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with uniform numbers of [a, b)."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with normal numbers of this mean and standard deviation."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one number."""
    with no_grad():
        return tensor.fill_(val)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1."""
    return constant_(tensor, 1.0)


def _fans(tensor: Tensor) -> tuple[int, int]:
    """Return how many numbers go into one output, and how many outputs one number goes to."""
    if tensor.ndim < 2:
        raise ValueError(
            "fan in and fan out need a weight of at least 2 dimensions, (out, in), got shape "
            f"{tuple(tensor.shape)}"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    r"""Fill uniformly within :math:`\pm g \sqrt{6 / (n_{in} + n_{out})}`.

    Keeps the variance of signals about equal forward and backward, for activations like tanh.

    Parameters
    ----------
    tensor : Tensor, shape (out, in, ...)
        The weight.
    gain : float, default 1.0
        :math:`g`, see :func:`calculate_gain`.
    generator : Generator, optional
        Where the numbers are drawn.

    Raises
    ------
    ValueError
        If the weight has fewer than 2 dimensions.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010.
    """
    fan_in, fan_out = _fans(tensor)
    deviation = gain * math.sqrt(2.0 / (fan_in + fan_out))
    bound = math.sqrt(3.0) * deviation  # a uniform number of [-b, b) has the deviation b / sqrt(3)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Fill normally with standard deviation :math:`g \sqrt{2 / (n_{in} + n_{out})}`.

    Parameters, errors and source as for :func:`xavier_uniform_`.
    """
    fan_in, fan_out = _fans(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill uniformly within :math:`\pm g \sqrt{3 / n}`.

    Keeps the variance of signals through rectifiers: forward with :math:`n = n_{in}`, backward with
    :math:`n = n_{out}`.

    Parameters
    ----------
    tensor : Tensor, shape (out, in, ...)
        The weight.  One without elements is left as it is.
    a : float, default 0
        The negative slope, for leaky_relu.
    mode : {"fan_in", "fan_out"}
        Which :math:`n`.
    nonlinearity : str, default "leaky_relu"
        Gives :math:`g`, see :func:`calculate_gain`.
    generator : Generator, optional
        Where the numbers are drawn.

    Raises
    ------
    ValueError
        If the weight has fewer than 2 dimensions, or for an unknown mode or nonlinearity.

    References
    ----------
    He et al., "Delving deep into rectifiers: surpassing human-level performance on ImageNet
    classification", ICCV 2015.
    """
    deviation = _kaiming_deviation(tensor, a, mode, nonlinearity)
    if not tensor.numel():
        return tensor
    bound = math.sqrt(3.0) * deviation
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill normally with standard deviation :math:`g / \sqrt n`.

    Parameters, errors and source as for :func:`kaiming_uniform_`.
    """
    deviation = _kaiming_deviation(tensor, a, mode, nonlinearity)
    return normal_(tensor, 0.0, deviation, generator) if tensor.numel() else tensor


def _kaiming_deviation(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode has to be 'fan_in' or 'fan_out', got {mode!r}")
    fan = _fans(tensor)[0 if mode == "fan_in" else 1]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))
