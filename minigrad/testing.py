"""Checks for a person's own tests: one line for a function, one line for an operation.

::

    from minigrad.testing import check_gradients, check_operation

    def test_my_loss():
        check_gradients(my_loss, np.random.randn(4, 3), np.random.randn(4, 3))

    def test_my_operation():
        check_operation(my_operation)        # on the samples declared with it
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad import engine
from minigrad._backward import grad
from minigrad.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from minigrad.backend.devices import Device, default_device, is_array, to_device, to_host
from minigrad.engine import wrap
from minigrad.ops.declare import REGISTRY, Op

__all__ = [
    "REGISTRY",
    "Draw",
    "assert_close",
    "check_gradients",
    "check_operation",
    "complex_step",
    "samples_of",
]


class Draw:
    """Random arrays for sample inputs: ``draw(shape, low, high, away=...)``.

    Parameters
    ----------
    seed : int, default 0
        The same seed gives the same samples.
    """

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def __call__(
        self,
        shape: Sequence[int] = (),
        low: float = -2.0,
        high: float = 2.0,
        *,
        away: Sequence[float] = (),
        margin: float = 0.05,
    ) -> np.ndarray:
        """Return uniform float64 numbers of ``[low, high]``, none nearer than ``margin`` to ``away``.

        Points of ``away`` are kinks and poles, where finite differences mean nothing.
        """
        values = self._rng.uniform(low, high, size=tuple(shape))
        for point in away:
            near = np.abs(values - point) < margin
            side = np.where(values >= point, margin, -margin)
            values = np.where(near, point + side, values)
        return np.asarray(values)


def samples_of(op: Op, seed: int = 0) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Return the samples declared with an operation: ``(inputs, keywords)`` pairs of host arrays.

    Raises
    ------
    AssertionError
        If it has none.
    """
    if op.make_samples is None:
        raise AssertionError(
            f"operation {op.name!r} has no sample inputs: declare some with {op.name}.samples(...)"
        )
    samples = list(op.make_samples(Draw(seed)))
    if not samples:
        raise AssertionError(f"the samples of operation {op.name!r} are empty")
    return samples


def on_device(value: Any, device: Device, dtype: Any = None) -> Any:
    """Return a sample's value on ``device``: arrays moved (floating ones cast), the rest as it is.

    A device among the keywords becomes this one.
    """
    if isinstance(value, tuple):
        return tuple(on_device(part, device) for part in value)
    if isinstance(value, Device):
        return device
    if isinstance(value, (np.ndarray, np.generic)):
        if dtype is not None and value.dtype.kind == "f":
            value = value.astype(dtype)
        return to_device(np.array(value), device)
    return value


def _leaves(inputs: tuple[Any, ...], device: Device, dtype: Any) -> list[Any]:
    """Return the inputs with floating arrays as leaves that require gradients."""
    values = []
    for value in inputs:
        value = on_device(value, device, dtype)
        if is_array(value):
            value = wrap(value, None)
            if value.dtype.kind == "f":
                value.requires_grad_()
        values.append(value)
    return values


def check_gradients(
    func: Callable[..., Any], *inputs: Any, order: int = 2, device: Any = None, **options: Any
) -> None:
    """Assert that the derivatives of ``func`` agree with finite differences.

    Parameters
    ----------
    func : callable
        Takes tensors, returns a tensor or several.
    *inputs : array or Tensor
        Where it is checked.  Floating arrays become float64 tensors that require gradients; anything
        else is handed on.
    order : {1, 2}, default 2
        Up to which derivative.
    device : str or Device, optional
        Where; the default device if not given.
    **options
        For :func:`minigrad.autograd.gradcheck`: ``atol``, ``rtol``, ``directions``, ``seed``.

    Raises
    ------
    GradcheckError
        An AssertionError whose message is the report.
    """
    where = default_device() if device is None else Device(device)
    host = [to_host(v.detach().array) if isinstance(v, engine.Tensor) else v for v in inputs]
    leaves = _leaves(tuple(host), where, np.float64)
    gradcheck(func, leaves, **options)
    if order >= 2:
        gradgradcheck(func, leaves, **options)


def check_operation(op: Op, *, device: Any = None, seed: int = 0) -> None:
    """Assert all that an operation has to hold, on every sample declared with it.

    First and second derivatives against finite differences; float32 stays float32, in value and
    gradient; nothing that was handed in is written; a fused operation agrees with its composite in
    value, gradient and second order; an analytic one with the complex step.  On another device than
    the host, the values are the host's.  An operation without derivative records nothing.

    Parameters
    ----------
    op : Op
        The operation.
    device : str or Device, optional
        Where; the default device if not given.
    seed : int, default 0
        Of the samples.

    Raises
    ------
    AssertionError
        If one of these does not hold, or the operation has no samples.
    """
    where = default_device() if device is None else Device(device)
    for inputs, params in samples_of(op, seed):
        placed = {name: on_device(value, where) for name, value in params.items()}

        def call(*values: Any, params: dict[str, Any] = placed) -> Any:
            return op(*values, **params)

        try:
            _check_sample(op, call, inputs, placed, where)
            if where.type != "cpu":
                _check_same_as_on_host(op, inputs, params, where)
        except AssertionError as error:
            shapes = [getattr(value, "shape", value) for value in inputs]
            raise GradcheckError(
                f"{op.name}, inputs {shapes}, keywords {params}:\n{error}"
            ) from error


def _check_sample(
    op: Op, call: Callable[..., Any], inputs: tuple, params: dict[str, Any], device: Device
) -> None:
    leaves = _leaves(inputs, device, np.float64)
    if op.differentiable:
        gradcheck(call, leaves)
        gradgradcheck(call, leaves)
        # An operation that is told its dtype has another one than its input's.
        _check_run(call, inputs, device, np.float64 if "dtype" in params else np.float32)
    elif any(output.requires_grad for output in _tensors(call(*leaves))):
        raise AssertionError("an operation without derivative was recorded")
    if (composite := op.composite) is not None:
        named = {**op.defaults, **params}
        if _uses(composite(*leaves, **named), op):
            raise AssertionError(
                f"{op.name} stands for itself: a comparison that would prove nothing"
            )
        check_twin(call, lambda *values: composite(*values, **named), leaves)
    if op.analytic and device.type == "cpu":
        complex_step(op, inputs, params)


def _uses(result: Any, op: Op) -> bool:
    """Tell whether ``op`` is among the operations that ``result`` was computed with."""
    nodes = [result.node]
    seen = {None}
    while nodes:
        node = nodes.pop()
        if node in seen:
            continue
        if node.plan.op is op:
            return True
        seen.add(node)
        nodes.extend(source for source in node.inputs if isinstance(source, engine.Node))
    return False


def _check_same_as_on_host(op: Op, inputs: tuple, params: dict[str, Any], device: Device) -> None:
    results = []
    for where in (device, Device("cpu")):
        placed = {name: on_device(value, where) for name, value in params.items()}
        results.append(_tensors(op(*_leaves(inputs, where, np.float64), **placed)))
    for found, expected in zip(*results, strict=True):
        if found.dtype != expected.dtype or found.device.type != device.type:
            raise AssertionError(
                f"the result is {found.dtype} on {found.device}, on the host it is {expected.dtype}"
            )
        assert_close(found, expected, rtol=1e-9, atol=1e-12)


def _tensors(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


def _check_run(call: Callable[..., Any], inputs: tuple, device: Device, dtype: Any) -> None:
    """Run forward and backward once: ``dtype`` in, ``dtype`` out, and nothing handed in is written."""
    name = np.dtype(dtype).name
    leaves = _leaves(inputs, device, dtype)
    watched = [leaf.array for leaf in leaves if isinstance(leaf, engine.Tensor)]
    before = [np.array(to_host(array)) for array in watched]
    for output in _tensors(call(*leaves)):
        if not output.requires_grad:
            continue
        if output.dtype != dtype:
            raise AssertionError(f"{name} inputs gave a result in {output.dtype}")
        before.append(np.ones(output.shape, dtype))
        watched.append(to_device(before[-1].copy(), device))
        output.backward(wrap(watched[-1], None), retain_graph=True)
    for array, old in zip(watched, before, strict=True):
        if not np.array_equal(to_host(array), old, equal_nan=True):
            raise AssertionError("an input, or the gradient handed to a rule, was written")
    for position, leaf in enumerate(leaves):
        if isinstance(leaf, engine.Tensor) and leaf.grad is not None:
            if leaf.grad.dtype != dtype or leaf.grad.shape != leaf.shape:
                raise AssertionError(
                    f"{name} inputs gave a gradient {tuple(leaf.grad.shape)} {leaf.grad.dtype} for "
                    f"input {position}"
                )


def check_twin(fused: Callable[..., Any], composite: Callable[..., Any], leaves: list[Any]) -> None:
    """Assert that two functions agree in value, gradient and second derivative.

    Raises
    ------
    AssertionError
        If they do not, or they are the same function.
    """
    if fused is composite:
        raise AssertionError("a fused operation was compared with itself")
    variables = [leaf for leaf in leaves if isinstance(leaf, engine.Tensor) and leaf.requires_grad]
    both = []
    for function in (fused, composite):
        value = function(*leaves)
        weights = wrap(
            to_device(np.cos(np.arange(value.numel())).reshape(value.shape), value.device), None
        )
        first = engine_grad(value, variables, weights)
        squares = [(g * g).sum() for g in first if g.requires_grad]
        second = engine_grad(sum(squares), variables) if squares else ()
        both.append([value, *first, *second])
    if len(both[0]) != len(both[1]):
        raise AssertionError(
            "fused operation and composite differ in what can be differentiated twice"
        )
    for mine, other in zip(*both, strict=True):
        assert_close(mine, other, rtol=1e-8, atol=1e-10)


def engine_grad(value: Any, variables: list[Any], seed: Any = None) -> tuple[Any, ...]:
    """Return recorded gradients, zeros for unused variables."""
    return grad(value, variables, seed, create_graph=True, materialize_grads=True)


def complex_step(op: Op, inputs: tuple, params: dict[str, Any], step: float = 1e-30) -> None:
    r"""Assert the first derivatives of an analytic operation by the complex step.

    :math:`f(x + i h v) = f(x) + i h \, J v + O(h^2)`: the imaginary part is the derivative, and with
    :math:`h = 10^{-30}` there is nothing to cancel, so it is right to the last digits.

    Raises
    ------
    AssertionError
        If they differ by more than 1e-12, relative to the largest.
    """
    rng = np.random.default_rng(7)
    for position, point in enumerate(inputs):
        if not isinstance(point, np.ndarray) or not point.size:
            continue
        direction = rng.normal(size=point.shape)
        moved = list(inputs)
        moved[position] = point + 1j * step * direction
        exact = np.asarray(op.forward(np, *moved, **{**op.defaults, **params})).imag / step
        leaves = _leaves(inputs, Device("cpu"), np.float64)
        output = op(*leaves, **params)
        if not output.numel():
            continue
        weights = rng.normal(size=exact.shape)
        (gradient,) = engine_grad(output, [leaves[position]], wrap(weights, None))
        assert_close(
            np.sum(to_host(gradient.array) * direction),
            np.sum(weights * exact),
            rtol=1e-11,
            atol=1e-12,
        )


def assert_close(found: Any, expected: Any, rtol: float = 1e-7, atol: float = 0.0) -> None:
    """Assert that tensors or arrays agree; the message shows where they do not.

    Raises
    ------
    AssertionError
        If they differ.
    """
    host = [
        np.asarray(to_host(value.detach().array) if isinstance(value, engine.Tensor) else value)
        for value in (found, expected)
    ]
    np.testing.assert_allclose(host[0], host[1], rtol=rtol, atol=atol)


def operations() -> Iterator[Op]:
    """Yield every registered operation that has a derivative."""
    yield from (op for op in REGISTRY.values() if op.differentiable)
