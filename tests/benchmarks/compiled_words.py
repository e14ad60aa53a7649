"""The workloads through ``mg.compile``: training steps, and functions with their derivatives.

The functions are recorded once a process: every repetition calls the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

import minigrad as mg

from .peers import Builder, Case, Peer
from .scalars import expression
from .torch_like import classifier, elementwise_loss, rosenbrock, tiny_mlp
from .workloads import Arrays, Network


def network_loss(x: Any, y: Any, *parameters: Any) -> Any:
    h = x
    for i in range(0, len(parameters), 2):
        h = mg.nn.functional.linear(h if i == 0 else mg.tanh(h), *parameters[i : i + 2])
    return ((h - y) ** 2).mean()


@mg.compile
def network_hvp(x: Any, y: Any, parameters: Any, direction: Any) -> Any:
    return mg.func.hvp(lambda *p: network_loss(x, y, *p), parameters, direction)


@mg.compile
def rosenbrock_hessian(x: Any) -> Any:
    return rosenbrock(x), mg.func.hessian(rosenbrock)(x)


expression_slopes = mg.compile(mg.func.value_and_grad(expression, argnums=(0, 1)))
elementwise_slopes = mg.compile(mg.func.value_and_grad(elementwise_loss, argnums=(0, 1, 2)))


def readme_expression(_: object) -> Case:
    a, b = mg.tensor(-4.0, dtype=mg.float64), mg.tensor(2.0, dtype=mg.float64)
    found: Arrays = {}

    def step() -> Any:
        value, (found["a.grad"], found["b.grad"]) = expression_slopes(a, b)
        return value.item()

    return Case(step, lambda: host(found))


def elementwise(inputs: Arrays) -> Case:
    tensors = [mg.from_numpy(value) for value in inputs.values()]
    found: Arrays = {}

    def step() -> Any:
        value, gradients = elementwise_slopes(*tensors)
        found.update(zip((f"{name}.grad" for name in inputs), gradients, strict=True))
        return value.item()

    return Case(step, lambda: host(found))


def hessian_rosenbrock(point: np.ndarray) -> Case:
    x = mg.from_numpy(point)
    found: Arrays = {}

    def step() -> Any:
        value, found["hessian"] = rosenbrock_hessian(x)
        return value.item()

    return Case(step, lambda: host(found))


def hvp_mlp(inputs: Network) -> Case:
    x, y = mg.from_numpy(inputs.x), mg.from_numpy(inputs.y)
    parameters = tuple(map(mg.from_numpy, inputs.parameters.values()))
    direction = tuple(map(mg.from_numpy, inputs.direction.values()))
    found: Arrays = {}

    def step() -> Any:
        value, products = network_hvp(x, y, parameters, direction)
        found.update(zip(inputs.parameters, products, strict=True))
        return value.item()

    return Case(step, lambda: host(found))


def host(values: Mapping[str, Any]) -> Arrays:
    return {name: value.numpy() for name, value in values.items()}


def cases(_: Peer) -> Mapping[str, Builder]:
    functions: dict[str, Callable[[Any], Case]] = {
        "readme-expression": readme_expression,
        "elementwise": elementwise,
        "hessian-rosenbrock": hessian_rosenbrock,
        "hvp-mlp": hvp_mlp,
    }
    steps: dict[str, Callable[[Any, Any, str], Case]] = {
        "tiny-mlp": tiny_mlp,
        "classifier": classifier,
    }
    replayed = {name: partial(make, mg, mode="compiled") for name, make in steps.items()}
    return {**functions, **replayed}
