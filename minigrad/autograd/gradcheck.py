r"""Checks of derivatives against finite differences.

A derivative is checked along random directions: for a random cotangent :math:`u` and a random direction
:math:`v`, the number :math:`u^\top J v` is computed twice, from the rules as
:math:`(J^\top u) \cdot v`, and from values alone as the slope of :math:`h \mapsto u \cdot f(x + h v)`
at 0.  A wrong rule (zero, a sign, a missing factor, a transposed matrix, one that is only right for the
sum of the outputs) changes that number for almost every :math:`u` and :math:`v`; a cotangent of ones,
which many checkers use, would miss some of them.

The slope is a central difference at two step sizes, extrapolated (Richardson), so that its error falls
as :math:`h^4`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import engine
from minigrad._backward import as_list, grad
from minigrad.autograd.modes import enable_grad
from minigrad.backend.devices import to_device, to_host
from minigrad.engine import wrap

STEPS = (1e-3, 1e-2, 1e-4, 1e-5, 1e-6)
_ENTRY_LIMIT = 20_000


class GradcheckError(AssertionError):
    """A derivative does not agree with finite differences; the message is the full report."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    atol: float = 1e-7,
    rtol: float = 1e-6,
    directions: int = 3,
    seed: int = 0,
    raise_exception: bool = True,
) -> bool:
    """Compare the gradients of ``func`` with finite differences along random directions.

    Parameters
    ----------
    func : callable
        Takes the inputs and returns a tensor or a sequence of tensors; differentiable at the inputs and
        deterministic.
    inputs : Tensor or sequence
        What is checked are the tensors that require gradients; they have to be float64.  Anything else
        is handed to ``func`` as it is.
    atol, rtol : float
        Two numbers agree if they differ by at most ``atol + rtol * largest``, ``largest`` being the
        largest slope met for that input and output.
    directions : int, default 3
        How many random directions are tried for each input and output.
    seed : int, default 0
        Of the random directions.
    raise_exception : bool, default True
        Raise with a report, instead of returning False.

    Returns
    -------
    bool
        Whether all agree.

    Raises
    ------
    GradcheckError
        If they do not: the report names output, input, both numbers and the worst entry of the Jacobian.
        Also if ``func`` has a kink at the inputs, is not deterministic, or a gradient has a wrong shape
        or dtype.
    ValueError
        If no input requires gradients, one is not float64, or no output is floating.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([0.3, -1.2], dtype=mg.float64, requires_grad=True)
    >>> mg.autograd.gradcheck(lambda x: (x.sin() * x).sum(), x)
    True
    """
    inputs = as_list(inputs)
    checked = _checked_inputs(inputs)
    try:
        with enable_grad():
            _check(func, inputs, checked, atol, rtol, directions, np.random.default_rng(seed))
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    seed: int = 0,
    **options: Any,
) -> bool:
    """Compare the second derivatives of ``func`` with finite differences of its gradients.

    What is checked is the map from the inputs and a cotangent to the gradients, with respect to both.

    Parameters
    ----------
    func, inputs, seed
        As in :func:`gradcheck`.
    grad_outputs : Tensor or sequence of Tensor, optional
        The cotangents; random ones by default.
    **options
        As in :func:`gradcheck`.

    Returns
    -------
    bool
        Whether all agree.

    Raises
    ------
    GradcheckError, ValueError
        As in :func:`gradcheck`.
    """
    inputs = as_list(inputs)
    checked = _checked_inputs(inputs)
    rng = np.random.default_rng(seed + 1)
    with enable_grad():
        outputs = [one for one in as_list(func(*inputs)) if one.requires_grad]
    if grad_outputs is None:
        cotangents = [_tensor_like(one, rng.normal(size=one.shape)) for one in outputs]
    else:
        cotangents = [one.detach() for one in as_list(grad_outputs)]
    for cotangent in cotangents:
        cotangent.requires_grad_()

    def all_gradients(*values: Any) -> tuple[Any, ...]:
        arguments, weights = values[: len(inputs)], values[len(inputs) :]
        results = [one for one in as_list(func(*arguments)) if one.requires_grad]
        wanted = [arguments[position] for position in checked]
        return grad(results, wanted, list(weights), create_graph=True, allow_unused=True)

    def gradients(*values: Any) -> list[Any]:
        return [one for one in all_gradients(*values) if one is not None and one.requires_grad]

    if not outputs:
        return True
    with enable_grad():
        found = all_gradients(*inputs, *cotangents)
    for position, gradient in zip(checked, found, strict=True):
        # It is linear in the cotangent, so one that does not depend on it has to be zero.
        unconnected = gradient is not None and not gradient.requires_grad
        if unconnected and to_host(gradient.array).any():
            if not options.get("raise_exception", True):
                return False
            raise GradcheckError(
                f"the gradient of input {position} has no second derivative: it was computed from "
                "something else than the tensors that the rule was given"
            )
    if not any(one is not None and one.requires_grad for one in found):
        return True
    return gradcheck(gradients, [*inputs, *cotangents], seed=seed, **options)


def _checked_inputs(inputs: list[Any]) -> list[int]:
    """Return the positions of the inputs to check.

    Raises
    ------
    ValueError
        If there are none, or one is not float64: float32 has no digits to spare for differences.
    """
    checked = [
        i
        for i, value in enumerate(inputs)
        if isinstance(value, engine.Tensor) and value.requires_grad
    ]
    if not checked:
        raise ValueError("gradcheck: none of the inputs requires gradients")
    for position in checked:
        if inputs[position].dtype != np.float64:
            raise ValueError(
                f"gradcheck: input {position} is {inputs[position].dtype}; finite differences need float64, "
                "use .double()"
            )
    return checked


def _tensor_like(model: Any, host: np.ndarray) -> Any:
    """Return a host array as a constant in the dtype and on the device of ``model``."""
    return wrap(to_device(np.asarray(host, model.dtype), model.device), None)


class _Probe:
    """``func`` as a map from host arrays to host arrays, and its gradients."""

    def __init__(self, func: Callable[..., Any], inputs: list[Any], checked: list[int]) -> None:
        self.func = func
        self.inputs = inputs
        self.checked = checked
        self.points = [np.array(to_host(inputs[i].detach().array)) for i in checked]

    def outputs(self, points: list[np.ndarray], recorded: bool) -> tuple[list[Any], list[Any]]:
        """Return the leaves made of ``points`` and the floating outputs of ``func`` there."""
        arguments = list(self.inputs)
        leaves = []
        for position, point in zip(self.checked, points, strict=True):
            leaf = _tensor_like(self.inputs[position], np.array(point))
            if recorded:
                leaf.requires_grad_()
            arguments[position] = leaf
            leaves.append(leaf)
        results = as_list(self.func(*arguments))
        return leaves, [one for one in results if one.dtype.kind == "f"]

    def values(self, points: list[np.ndarray]) -> list[np.ndarray]:
        """Return the outputs at ``points`` as host arrays."""
        return [np.array(to_host(one.detach().array)) for one in self.outputs(points, True)[1]]

    def moved(self, which: int, direction: np.ndarray, step: float) -> list[np.ndarray]:
        """Return the points with one of them moved."""
        points = list(self.points)
        points[which] = points[which] + step * direction
        return points

    def pulled(self, output: int, cotangent: np.ndarray) -> list[np.ndarray]:
        """Return the gradient of ``cotangent . output`` with respect to each point.

        Raises
        ------
        GradcheckError
            If one has not the shape or dtype of its input.
        """
        leaves, outputs = self.outputs(self.points, True)
        if not outputs[output].requires_grad:
            return [np.zeros_like(point) for point in self.points]
        seed = _tensor_like(outputs[output], cotangent)
        gradients = grad(outputs[output], leaves, seed, materialize_grads=True)
        for position, leaf, gradient in zip(self.checked, leaves, gradients, strict=True):
            if gradient.shape != leaf.shape or gradient.dtype != leaf.dtype:
                raise GradcheckError(
                    f"the gradient of input {position} is {tuple(gradient.shape)} {gradient.dtype}, the "
                    f"input {tuple(leaf.shape)} {leaf.dtype}"
                )
        return [to_host(gradient.array) for gradient in gradients]


def _check(
    func: Callable[..., Any],
    inputs: list[Any],
    checked: list[int],
    atol: float,
    rtol: float,
    directions: int,
    rng: np.random.Generator,
) -> None:
    probe = _Probe(func, inputs, checked)
    base = probe.values(probe.points)
    if not base:
        raise ValueError("gradcheck: the function has no floating output, so nothing is checked")
    again = probe.values(probe.points)
    if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(base, again, strict=True)):
        raise GradcheckError("the function is not deterministic: two calls gave different outputs")
    for output, which in itertools.product(range(len(base)), range(len(checked))):
        if not base[output].size or not probe.points[which].size:
            continue
        for _ in range(directions):
            cotangent = rng.normal(size=base[output].shape)
            direction = rng.normal(size=probe.points[which].shape)
            direction /= max(np.abs(direction).max(), 1e-3)
            _check_direction(probe, output, which, cotangent, direction, atol, rtol)


def _check_direction(
    probe: _Probe,
    output: int,
    which: int,
    cotangent: np.ndarray,
    direction: np.ndarray,
    atol: float,
    rtol: float,
) -> None:
    """Compare one number, computed from the rules and from values.

    Raises
    ------
    GradcheckError
        If they differ.
    """
    gradient = probe.pulled(output, cotangent)[which]
    found = float(np.sum(gradient * direction))
    size = float(np.sum(np.abs(gradient * direction)))

    def along(step: float) -> float:
        return float(np.sum(cotangent * probe.values(probe.moved(which, direction, step))[output]))

    if not np.isfinite(found) or not np.isfinite(along(0.0)):
        raise GradcheckError(
            _report(probe, output, which, along(0.0), found, "a value is not finite")
        )
    best, least = np.nan, np.inf
    for step in STEPS:
        expected, uncertainty = _slope(along, step)
        if abs(expected - found) <= atol + rtol * max(abs(expected), size):
            if step == STEPS[0] and _has_kink(along, step, max(size, abs(expected))):
                raise GradcheckError(_report(probe, output, which, expected, found, _KINK))
            return
        if uncertainty < least:
            best, least = expected, uncertainty
    reason = _KINK if _has_kink(along, STEPS[0], max(size, abs(best))) else "they differ"
    raise GradcheckError(_report(probe, output, which, best, found, reason))


_KINK = (
    "the function has a kink here (its slopes to the left and to the right differ): "
    "choose other inputs"
)


def _slope(along: Callable[[float], float], step: float) -> tuple[float, float]:
    """Return the slope at 0 and how far its two estimates are apart."""
    wide = (along(step) - along(-step)) / (2 * step)
    narrow = (along(step / 2) - along(-step / 2)) / step
    return (4 * narrow - wide) / 3, abs(narrow - wide)


def _has_kink(along: Callable[[float], float], step: float, scale: float) -> bool:
    """Tell whether the slopes on both sides differ by something that does not shrink with the step.

    Where a function is smooth, they differ by ``step`` times the second derivative: half the step, half
    the difference.  At a kink the difference stays.
    """
    middle = along(0.0)
    wide = (along(step) - 2 * middle + along(-step)) / step
    narrow = (along(step / 8) - 2 * middle + along(-step / 8)) / (step / 8)
    return abs(narrow) > 0.8 * abs(wide) and abs(narrow) > 1e-3 * max(scale, 1e-3)


def _report(
    probe: _Probe, output: int, which: int, expected: float, found: float, reason: str
) -> str:
    position = probe.checked[which]
    point = probe.points[which]
    lines = [
        f"derivative of output {output} with respect to input {position} "
        f"(shape {point.shape}): {reason}",
        f"  along a random direction: finite differences {expected:.10g}, rules {found:.10g}",
    ]
    worst = _worst_entry(probe, output, which)
    if worst is not None:
        lines.append(worst)
    return "\n".join(lines)


def _worst_entry(probe: _Probe, output: int, which: int) -> str | None:
    """Return a line on the entry of the Jacobian that is off most; ``None`` if there are too many."""
    point = probe.points[which]
    shape = probe.values(probe.points)[output].shape
    count = int(np.prod(shape))
    if point.size * count > _ENTRY_LIMIT:
        return None
    numeric: Any = np.empty((count, point.size))
    for column in range(point.size):
        direction: Any = np.zeros(point.size)
        direction[column] = 1.0
        direction = direction.reshape(point.shape)
        step = 1e-5
        ahead = probe.values(probe.moved(which, direction, step))[output]
        behind = probe.values(probe.moved(which, direction, -step))[output]
        numeric[:, column] = ((ahead - behind) / (2 * step)).reshape(-1)
    rules: Any = np.empty_like(numeric)
    for row in range(count):
        cotangent: Any = np.zeros(count)
        cotangent[row] = 1.0
        rules[row] = probe.pulled(output, cotangent.reshape(shape))[which].reshape(-1)
    off = np.abs(numeric - rules)
    off[~np.isfinite(off)] = np.inf
    row, column = map(int, np.unravel_index(int(off.argmax()), off.shape))
    place = tuple(int(i) for i in np.unravel_index(row, shape))
    source = tuple(int(i) for i in np.unravel_index(column, point.shape))
    return (
        f"  worst entry of the Jacobian: d output{list(place)} / d input{list(source)}: "
        f"finite differences {numeric[row, column]:.10g}, rules {rules[row, column]:.10g}"
    )
