"""Element by element: arithmetic, elementary functions, activations, comparison."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import engine
from minigrad._functions.arguments import check_devices
from minigrad._functions.shaping import broadcast_tensors
from minigrad.dtypes import result_type
from minigrad.ops import activations, arithmetic, comparison, elementary, reductions, shapes
from minigrad.ops.declare import Op

if TYPE_CHECKING:
    from minigrad._tensor import Tensor


def _unary(operation: Op, name: str | None = None) -> Callable[[Any], Tensor]:
    """Return the function of one tensor that applies ``operation``."""

    def function(input: Any) -> Tensor:
        return operation.apply(input)

    function.__name__ = function.__qualname__ = name or operation.name
    function.__doc__ = f"""{operation.__doc__}

    Parameters
    ----------
    input : Tensor
        Of any shape{"; integers are taken as the default floating dtype" if operation.floating else ""}.

    Returns
    -------
    Tensor
        Of the same shape{" and dtype" if operation.differentiable else ", bool"}.
    """
    return function


def _binary(operation: Op, name: str | None = None) -> Callable[[Any, Any], Tensor]:
    """Return the function of two tensors that applies ``operation``."""

    def function(input: Any, other: Any) -> Tensor:
        return operation.apply(input, other)

    function.__name__ = function.__qualname__ = name or operation.name
    function.__doc__ = f"""{operation.__doc__}

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast together.

    Returns
    -------
    Tensor
        Of the broadcast shape, in the promoted dtype{"" if operation.differentiable else ": bool"}.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    """
    return function


abs = _unary(arithmetic.abs_)
neg = _unary(arithmetic.neg)
sign = _unary(arithmetic.sign)
floor = _unary(arithmetic.floor)
ceil = _unary(arithmetic.ceil)
trunc = _unary(arithmetic.trunc)
exp = _unary(elementary.exp)
expm1 = _unary(elementary.expm1)
log = _unary(elementary.log)
log1p = _unary(elementary.log1p)
log2 = _unary(elementary.log2)
log10 = _unary(elementary.log10)
sqrt = _unary(elementary.sqrt)
rsqrt = _unary(elementary.rsqrt)
square = _unary(elementary.square)
reciprocal = _unary(elementary.reciprocal)
sin = _unary(elementary.sin)
cos = _unary(elementary.cos)
tan = _unary(elementary.tan)
asin = _unary(elementary.asin)
acos = _unary(elementary.acos)
atan = _unary(elementary.atan)
sinh = _unary(elementary.sinh)
cosh = _unary(elementary.cosh)
tanh = _unary(elementary.tanh)
asinh = _unary(elementary.asinh)
acosh = _unary(elementary.acosh)
atanh = _unary(elementary.atanh)
erf = _unary(elementary.erf)
sigmoid = _unary(activations.sigmoid)
logsigmoid = _unary(activations.log_sigmoid, "logsigmoid")
relu = _unary(activations.relu)
silu = _unary(activations.silu)
isnan = _unary(comparison.isnan)
isinf = _unary(comparison.isinf)
isfinite = _unary(comparison.isfinite)
logical_not = _unary(comparison.logical_not)
bitwise_not = _unary(comparison.invert, "bitwise_not")

true_divide = _binary(arithmetic.div, "true_divide")
floor_divide = _binary(arithmetic.floor_divide)
remainder = _binary(arithmetic.remainder)
fmod = _binary(arithmetic.fmod)
pow = _binary(arithmetic.pow_)
atan2 = _binary(elementary.atan2)
hypot = _binary(elementary.hypot)
maximum = _binary(arithmetic.maximum)
minimum = _binary(arithmetic.minimum)
eq = _binary(comparison.eq)
ne = _binary(comparison.ne)
lt = _binary(comparison.lt)
le = _binary(comparison.le)
gt = _binary(comparison.gt)
ge = _binary(comparison.ge)
logical_and = _binary(comparison.logical_and)
logical_or = _binary(comparison.logical_or)
logical_xor = _binary(comparison.logical_xor)
bitwise_and = _binary(comparison.bitwise_and)
bitwise_or = _binary(comparison.bitwise_or)
bitwise_xor = _binary(comparison.bitwise_xor)


def add(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """Return ``input + alpha * other``."""
    return arithmetic.add(input, other if alpha == 1 else alpha * other)


def sub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """Return ``input - alpha * other``."""
    return arithmetic.sub(input, other if alpha == 1 else alpha * other)


def mul(input: Any, other: Any) -> Tensor:
    """Return ``input * other``, element by element."""
    return arithmetic.mul(input, other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """Return ``input / other``; rounded to ``"floor"`` or towards zero (``"trunc"``) if asked.

    Raises
    ------
    ValueError
        If ``rounding_mode`` is something else.
    """
    if rounding_mode is None:
        return arithmetic.div(input, other)
    if rounding_mode == "floor":
        return arithmetic.floor_divide(input, other)
    if rounding_mode == "trunc":
        down = arithmetic.floor_divide(input, other)
        if down.dtype.kind == "f":
            return arithmetic.trunc(arithmetic.div(input, other))
        return down + ((down < 0) & (down * other != input))  # integers stay exact
    raise ValueError(f"rounding_mode has to be None, 'floor' or 'trunc', got {rounding_mode!r}")


def round(input: Any, *, decimals: int = 0) -> Tensor:
    """Round to ``decimals`` digits, halves to the even neighbour; the slope is 0."""
    return arithmetic.round_(input, decimals=decimals)


def clamp(input: Any, min: Any = None, max: Any = None) -> Tensor:
    r"""Limit to the interval ``[min, max]``; the slope is 1 inside and at both bounds, 0 outside.

    Parameters
    ----------
    input : Tensor
        Of any shape.
    min, max : number or Tensor, optional
        The bounds, at least one of them; tensors broadcast, and get the gradient of what they limit.

    Raises
    ------
    ValueError
        If neither bound is given.
    """
    if min is None and max is None:
        raise ValueError("clamp: at least one of min and max has to be given")
    if isinstance(min, engine.Tensor) or isinstance(max, engine.Tensor):
        out = input if min is None else where(input < min, min, input)
        return out if max is None else where(out > max, max, out)
    if engine.as_tensor(input).dtype.kind != "f":
        out = input if min is None else maximum(input, min)
        return out if max is None else minimum(out, max)
    return arithmetic.clamp(input, low=min, high=max)


def clamp_min(input: Any, min: Any) -> Tensor:
    """Return ``clamp(input, min=min)``."""
    return clamp(input, min=min)


def clamp_max(input: Any, max: Any) -> Tensor:
    """Return ``clamp(input, max=max)``."""
    return clamp(input, max=max)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """Return ``input`` where ``condition`` holds and ``other`` elsewhere.

    Parameters
    ----------
    condition : Tensor
        bool.
    input, other : Tensor or number
        Broadcast with ``condition``.  Without them, the result is where ``condition`` holds: a vector of
        indices for each dimension.

    Raises
    ------
    TypeError
        If ``condition`` is not bool.
    """
    condition = engine.as_tensor(condition)
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if condition.dtype.kind != "b":
        raise TypeError(f"where: the condition has to be bool, got {condition.dtype}")
    if isinstance(input, (int, float)) and isinstance(other, (int, float)):
        other = engine.as_tensor(other).to(condition.device)
    check_devices("where", condition=condition, input=input, other=other)
    return arithmetic.select(input, other, condition=condition)


def masked_fill(input: Any, mask: Any, value: Any) -> Tensor:
    """Return ``input`` with ``value`` where ``mask`` holds.

    Parameters
    ----------
    input : Tensor
        Of any shape; its dtype is that of the result.
    mask : Tensor
        bool; broadcasts with ``input``.
    value : number or Tensor
        Converted to the dtype of ``input``: 2.5 is 2 among integers, and true among bools.

    Raises
    ------
    RuntimeError
        If the dtype of ``input`` has no such number: 300 is no uint8, 1e9 no float16.
    """
    return filled("masked_fill", input, mask, value)


def filled(operation: str, input: Any, mask: Any, value: Any) -> Tensor:
    """Return :func:`masked_fill` for ``operation``, which errors name."""
    input = engine.as_tensor(input)
    return where(mask, _fitting(operation, value, input.dtype), input)


def _fitting(operation: str, value: Any, dtype: np.dtype) -> Any:
    """Return a value as what can be put among elements of ``dtype``."""
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, (int, float)):
        return engine.as_tensor(value).to(dtype)
    if dtype.kind == "b":
        return bool(value)
    limits: Any = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    number: Any = float if dtype.kind == "f" else int
    least, largest = number(limits.min), number(limits.max)
    if dtype.kind == "u":
        least = -largest  # as in C, -1 is the largest unsigned integer
    if not least <= value <= largest and (dtype.kind != "f" or math.isfinite(value)):
        raise RuntimeError(
            f"{operation}: {value} cannot be converted to {dtype} without overflow; {dtype} goes from "
            f"{limits.min} to {largest}"
        )
    return number(value) % (largest + 1) if dtype.kind == "u" else number(value)


def frac(input: Any) -> Tensor:
    """Return the part after the decimal point, with the sign of ``input``; the slope is 1."""
    return input - trunc(input)


def logaddexp(input: Any, other: Any) -> Tensor:
    r"""Return :math:`\ln(e^x + e^y)` without overflow."""
    return reductions.logsumexp(shapes.stack(*broadcast_tensors(input, other), axis=0), axis=0)


def logit(input: Any, eps: float | None = None) -> Tensor:
    r"""Inverse of the sigmoid, :math:`\ln \frac{x}{1 - x}`, of ``input`` limited to [eps, 1 - eps]."""
    input = input if eps is None else clamp(input, eps, 1 - eps)
    return log(input) - log1p(-input)


def xlogy(input: Any, other: Any) -> Tensor:
    r"""Return :math:`x \ln y`, and 0 where :math:`x = 0`, whatever :math:`y` is."""
    if isinstance(other, engine.Tensor) and isinstance(input, (engine.Tensor, int, float)):
        dtype = result_type(input, other)  # of which the logarithm has to be: float16 stays float16
        other = other.to(dtype) if dtype.kind == "f" else other
        if not isinstance(input, engine.Tensor):
            input = other.new_full((), input, dtype=dtype)
    used = engine.as_tensor(input) != 0
    return where(used, input * log(where(used, other, 1.0)), 0.0)


def lerp(input: Any, end: Any, weight: Any) -> Tensor:
    """Return ``input + weight * (end - input)``, the way from ``input`` to ``end``."""
    return input + weight * (end - input)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
    """Return ``input + value * tensor1 * tensor2``."""
    return input + value * tensor1 * tensor2


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
    """Return ``input + value * tensor1 / tensor2``."""
    return input + value * tensor1 / tensor2


def exp2(input: Any) -> Tensor:
    """Return 2 to the power ``input``."""
    return arithmetic.pow_(2.0, input)


def deg2rad(input: Any) -> Tensor:
    """Return an angle in degrees as radians."""
    return input * (math.pi / 180)


def rad2deg(input: Any) -> Tensor:
    """Return an angle in radians as degrees."""
    return input * (180 / math.pi)


def heaviside(input: Any, values: Any) -> Tensor:
    """Return the step function: 0 below 0, 1 above, ``values`` at 0."""
    return where(input == 0, values, (input > 0).to(input.dtype))


def nan_to_num(
    input: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Return ``input`` with numbers for NaN and infinities, by default 0 and the largest of its dtype."""
    if input.dtype.kind != "f":
        return input.clone()
    limits = np.finfo(input.dtype)
    out = where(isnan(input), nan, input)
    out = where(out == math.inf, float(limits.max) if posinf is None else posinf, out)
    return where(out == -math.inf, float(limits.min) if neginf is None else neginf, out)


def isin(elements: Any, test_elements: Any) -> Tensor:
    """Return which elements are among ``test_elements``, bool."""
    elements, tests = engine.as_tensor(elements), engine.as_tensor(test_elements)
    return (elements.unsqueeze(-1) == tests.flatten()).any(-1)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    r"""Smooth ramp, :math:`\ln(1 + e^{\beta x}) / \beta`; linear where ``beta * x > threshold``."""
    return activations.softplus(input, beta=beta, threshold=threshold)


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Tensor:
    """Return ``x`` where it is positive, ``negative_slope * x`` elsewhere."""
    return activations.leaky_relu(input, negative_slope=negative_slope)


def elu(input: Any, alpha: float = 1.0) -> Tensor:
    r"""Return :math:`x` where it is positive, :math:`\alpha (e^x - 1)` elsewhere."""
    return activations.elu(input, alpha=alpha)


def gelu(input: Any, approximate: str = "none") -> Tensor:
    r"""Return :math:`x \Phi(x)`; ``approximate="tanh"`` for the approximation by tanh."""
    return activations.gelu(input, approximate=approximate)


def isclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    r"""Return where :math:`|x - y| \le atol + rtol \cdot |y|`; equal infinities are close."""
    input, other = engine.as_tensor(input).detach(), engine.as_tensor(other).detach()
    close = (input == other) | ((input - other).abs() <= atol + rtol * other.abs()) & isfinite(
        other
    )
    return close | (isnan(input) & isnan(other)) if equal_nan else close


def allclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Tell whether all elements are close, see :func:`isclose`."""
    with np.errstate(invalid="ignore"):
        return bool(isclose(input, other, rtol, atol, equal_nan).all())


def equal(input: Any, other: Any) -> bool:
    """Tell whether two tensors have the same shape and the same elements."""
    return input.shape == other.shape and bool((input == other).all())
