"""Two workloads on scalars, in words that every library with operators understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .workloads import ScalarNetwork


def relu(x: Any) -> Any:
    return x.relu()


def expression(a: Any, b: Any, relu: Callable[[Any], Any] = relu) -> Any:
    """The expression in micrograd's README."""
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + relu(b + a))
    d = d + (3 * d + relu(b - a))
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def scalar_loss(
    inputs: ScalarNetwork, parameter: Callable[[float], Any]
) -> tuple[list[Any], Callable[[], Any]]:
    """The parameters of micrograd's demonstration, each a scalar, and what computes its loss.

    A network of neurons one by one, the largest margin, and a small penalty on the weights.
    """
    layers = [
        [([parameter(w) for w in weights], parameter(bias)) for weights, bias in layer]
        for layer in inputs.layers
    ]
    parameters = [p for layer in layers for weights, bias in layer for p in (*weights, bias)]

    def score(point: list[Any]) -> Any:
        values = point
        for layer in layers:
            sums = [
                sum((w * v for w, v in zip(weights, values, strict=True)), bias)
                for weights, bias in layer
            ]
            values = [relu(s) for s in sums] if layer is not layers[-1] else sums
        return values[0]

    def loss() -> Any:
        losses = [
            relu(1 + -label * score(point))
            for point, label in zip(inputs.points, inputs.labels, strict=True)
        ]
        penalty = sum(p * p for p in parameters)
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * penalty

    return parameters, loss
