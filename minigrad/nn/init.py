r"""Filling tensors with initial values, in place, as PyTorch does and with the same random numbers.

Each function returns the tensor.  Gradients are not recorded.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._creation import eye
from minigrad._tensor import Tensor
from minigrad._warning import warn
from minigrad.autograd.modes import no_grad
from minigrad.backend.generator import Generator, default_generator

__all__ = [
    "calculate_gain",
    "constant_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_LINEAR = (
    *("linear", "conv1d", "conv2d", "conv3d"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
)
_GAINS = {
    **dict.fromkeys((*_LINEAR, "sigmoid"), 1.0),
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""Return the factor by which weights before a nonlinearity are scaled.

    ==============  ================================================================
    linear          1; the same for conv1d, conv_transpose1d, and those of 2d and 3d
    sigmoid         1
    tanh            5/3
    relu            :math:`\sqrt 2`
    leaky_relu      :math:`\sqrt{2 / (1 + \text{slope}^2)}`
    selu            3/4
    ==============  ================================================================

    Parameters
    ----------
    nonlinearity : str
        One of the table.
    param : float, optional
        The negative slope of leaky_relu, 0.01 by default.

    Raises
    ------
    ValueError
        For another name, or a ``param`` that is no number.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"calculate_gain: the slope has to be a number, got {slope!r}")
        return math.sqrt(2.0 / (1 + slope**2))
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


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill with numbers of the normal distribution, cut off outside of :math:`[a, b]`.

    Numbers outside are drawn again.  Where less than 0.3 of the distribution is inside, that would take
    long: then uniform numbers of :math:`[a, b]` are drawn, each kept with a probability proportional to
    its density.

    Parameters
    ----------
    tensor : Tensor
        Floating, of any shape.
    mean, std : float, default 0 and 1
        Of the distribution before it is cut off.
    a, b : float, default -2 and 2
        The bounds: themselves, not multiples of ``std``.
    generator : Generator, optional
        Where the numbers are drawn.

    Raises
    ------
    ValueError
        If ``std`` is not positive, or ``a > b``.

    Warns
    -----
    UserWarning
        If ``mean`` is more than two deviations outside of the bounds, as the result has little to do with
        a normal distribution then.
    """
    if not std > 0 or not a <= b:
        raise ValueError(f"trunc_normal_: expected std > 0 and a <= b, got std={std}, a={a}, b={b}")
    if mean < a - 2 * std or mean > b + 2 * std:
        warn(
            f"trunc_normal_: the mean {mean} is more than two deviations ({std}) outside of the bounds "
            f"{a} and {b}",
        )
    inside = _below((b - mean) / std) - _below((a - mean) / std)
    draw = _redrawn_outside if inside > 0.3 else _kept_by_density
    return _filled(tensor, draw, generator, mean, std, a, b)


def _below(x: float) -> float:
    """Return how much of the standard normal distribution lies below ``x``."""
    return (1 + math.erf(x / math.sqrt(2))) / 2


def _filled(tensor: Tensor, draw: Any, generator: Generator | None, *options: Any) -> Tensor:
    """Fill with the host array ``draw(generator, shape, dtype, *options)``."""
    if tensor.dtype.kind != "f":
        raise RuntimeError(f"init: expected a floating tensor to fill, got {tensor.dtype}")
    host = draw(generator or default_generator, tuple(tensor.shape), tensor.dtype, *options)
    with no_grad():
        return tensor.copy_(host)


def _redrawn_outside(
    g: Generator, shape: Any, dtype: Any, mean: Any, std: Any, a: Any, b: Any
) -> Any:
    """Draw normal numbers, all of them again as long as one has to be replaced, as PyTorch does."""
    low, high = dtype.type(a), dtype.type(b)
    values = g.normal(shape, dtype, mean, std)
    while (outside := (values < low) | (values > high)).any():
        values = np.where(outside, g.normal(shape, dtype, mean, std), values)
    return values


def _kept_by_density(
    g: Generator, shape: Any, dtype: Any, mean: Any, std: Any, a: Any, b: Any
) -> Any:
    """Draw uniform numbers, kept with a probability that is 1 where the density is largest in [a, b]."""
    highest = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    values, pending = np.zeros(shape, dtype), np.ones(shape, bool)
    while pending.any():
        candidates = g.uniform(shape, dtype, a, b)
        values = np.where(pending, candidates, values)
        log_density = ((candidates - mean) / std) ** 2 * -0.5 - highest
        with np.errstate(divide="ignore"):  # the logarithm of 0
            pending &= np.log(g.uniform(shape, dtype)) > log_density
    return values


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


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity: a linear layer passes on as many inputs as it can.

    Raises
    ------
    ValueError
        If it is no matrix.
    """
    if tensor.ndim != 2:
        raise ValueError(f"eye_: expected a matrix, got shape {tuple(tensor.shape)}")
    with no_grad():
        return tensor.copy_(eye(*tensor.shape, dtype=tensor.dtype, device=tensor.device))


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Fill with a random orthogonal matrix, times ``gain``.

    Rows (or columns, if there are fewer of them) are perpendicular and of length ``gain``, so that
    signals keep their length.  The matrix is the Q of the decomposition :math:`A = Q R` of normal numbers
    A, with signs such that the diagonal of R is positive.  Numbers equal PyTorch's up to rounding.

    Parameters
    ----------
    tensor : Tensor, shape (out, in, ...)
        The weight; more than two dimensions count as (out, the rest).  One without elements is left as
        it is.
    gain : float, default 1.0
        See :func:`calculate_gain`.
    generator : Generator, optional
        Where the numbers are drawn.

    Raises
    ------
    ValueError
        If the weight has fewer than 2 dimensions.

    References
    ----------
    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", ICLR 2014.  Mezzadri, "How to generate random matrices from the classical compact
    groups", Notices of the AMS 54 (2007), for the signs.
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"orthogonal_: expected at least 2 dimensions, (out, in), got shape {tuple(tensor.shape)}"
        )
    return _filled(tensor, _orthogonal, generator, gain) if tensor.numel() else tensor


def _orthogonal(g: Generator, shape: Any, dtype: Any, gain: float) -> Any:
    matrix = g.normal((shape[0], math.prod(shape[1:])), dtype)
    wide = matrix.shape[0] < matrix.shape[1]
    q, r = np.linalg.qr(matrix.T if wide else matrix)
    q *= np.sign(np.diag(r))
    return (q.T if wide else q).reshape(shape) * gain


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
