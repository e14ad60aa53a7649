"""The workloads through ``mg.compile``: training steps, and functions with their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

import minigrad as mg

from . import torch_like
from .peers import Builder, Case, Peer
from .scalars import expression
from .workloads import Arrays, Network


def readme_expression(_: object) -> Case:
    run = mg.compile(mg.func.value_and_grad(expression, argnums=(0, 1)))
    a, b = mg.tensor(-4.0, dtype=mg.float64), mg.tensor(2.0, dtype=mg.float64)
    found: Arrays = {}

    def step() -> Any:
        value, (found["a.grad"], found["b.grad"]) = run(a, b)
        return value.item()

    return Case(step, lambda: host(found))


def elementwise(inputs: Arrays) -> Case:
    run = mg.compile(mg.func.value_and_grad(torch_like.elementwise_loss, argnums=(0, 1, 2)))
    tensors = [mg.from_numpy(value) for value in inputs.values()]
    found: Arrays = {}

    def step() -> Any:
        value, gradients = run(*tensors)
        found.update(zip((f"{name}.grad" for name in inputs), gradients, strict=True))
        return value.item()

    return Case(step, lambda: host(found))


def hessian_rosenbrock(point: np.ndarray) -> Case:
    def value_and_hessian(x: Any) -> Any:
        return torch_like.rosenbrock(x), mg.func.hessian(torch_like.rosenbrock)(x)

    run = mg.compile(value_and_hessian)
    x = mg.from_numpy(point)
    found: Arrays = {}

    def step() -> Any:
        value, found["hessian"] = run(x)
        return value.item()

    return Case(step, lambda: host(found))


def hvp_mlp(inputs: Network) -> Case:
    x, y = mg.from_numpy(inputs.x), mg.from_numpy(inputs.y)

    def loss(*parameters: Any) -> Any:
        h = x
        for i in range(0, len(parameters), 2):
            h = mg.nn.functional.linear(h if i == 0 else mg.tanh(h), *parameters[i : i + 2])
        return ((h - y) ** 2).mean()

    run = mg.compile(lambda points, vectors: mg.func.hvp(loss, points, vectors))
    parameters = tuple(map(mg.from_numpy, inputs.parameters.values()))
    direction = tuple(map(mg.from_numpy, inputs.direction.values()))
    found: Arrays = {}

    def step() -> Any:
        value, products = run(parameters, direction)
        found.update(zip(inputs.parameters, products, strict=True))
        return value.item()

    return Case(step, lambda: host(found))


def host(values: Mapping[str, Any]) -> Arrays:
    return {name: value.numpy() for name, value in values.items()}


def cases(peer: Peer) -> Mapping[str, Builder]:
    functions: dict[str, Callable[[Any], Case]] = {
        "readme-expression": readme_expression,
        "elementwise": elementwise,
        "hessian-rosenbrock": hessian_rosenbrock,
        "hvp-mlp": hvp_mlp,
    }
    steps: dict[str, Callable[[Any, Any, str], Case]] = {
        "tiny-mlp": torch_like.tiny_mlp,
        "classifier": torch_like.classifier,
    }
    replayed = {name: partial(make, mg, mode="compiled") for name, make in steps.items()}
    return {**functions, **replayed}
