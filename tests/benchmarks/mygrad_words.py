"""The workloads in MyGrad's words: tensors with ``backward()``, as in PyTorch.

It has no optimisers; the updates are those written by hand in numpy_plain.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mygrad
import numpy as np
from mygrad.nnet import batchnorm, softmax_crossentropy
from mygrad.nnet.activations import relu, sigmoid, tanh

from .numpy_plain import Step, adam, sgd
from .peers import Builder, Case, Peer
from .scalars import expression
from .workloads import Arrays, Chain, Network


def gradients(leaves: Mapping[str, Any]) -> Arrays:
    return {f"{name}.grad": np.asarray(leaf.grad) for name, leaf in leaves.items()}


def backward(loss: Any, leaves: Mapping[str, Any]) -> float:
    for leaf in leaves.values():
        leaf.null_grad()
    loss.backward()
    return float(loss)


def readme_expression(_: object) -> Case:
    leaves = {"a": mygrad.tensor(-4.0), "b": mygrad.tensor(2.0)}

    def step() -> float:
        return backward(expression(*leaves.values(), relu=relu), leaves)

    return Case(step, lambda: gradients(leaves))


def chain(inputs: Chain) -> Case:
    x = mygrad.tensor(inputs.start, dtype=np.float32)

    def step() -> float:
        y = x
        for _ in range(inputs.pairs):
            y = y * 0.999
            y = y + 0.001
        return backward(y, {"x": x})

    return Case(step, lambda: gradients({"x": x}))


def training(
    inputs: Network, loss_of: Callable[[Mapping[str, Any]], Any], update: Step
) -> tuple[Callable[[], float], Callable[[], Arrays]]:
    parameters = {n: mygrad.tensor(value.copy()) for n, value in inputs.parameters.items()}

    def step() -> float:
        loss = backward(loss_of(parameters), parameters)
        update([(p.data, p.grad) for p in parameters.values()])
        return loss

    return step, lambda: {name: p.data for name, p in parameters.items()}


def dense(parameters: Mapping[str, Any], i: int, x: Any) -> Any:
    return x @ parameters[f"linear{i}.weight"].T + parameters[f"linear{i}.bias"]


def tiny_mlp(inputs: Network) -> Case:
    x, y = inputs.x, inputs.y

    def loss_of(parameters: Mapping[str, Any]) -> Any:
        h = tanh(dense(parameters, 1, x))
        h = tanh(dense(parameters, 2, h))
        z = dense(parameters, 3, h)
        return (mygrad.maximum(z, 0) - z * y + mygrad.log1p(mygrad.exp(-mygrad.abs(z)))).mean()

    return Case(*training(inputs, loss_of, sgd(lr=0.1, momentum=0.9)))


def classifier(inputs: Network) -> Case:
    x, y = inputs.x, inputs.y
    n, layers = len(x), len(inputs.sizes) - 1
    running: Arrays = {}
    for i, width in enumerate(inputs.sizes[1:-1], 1):
        running[f"norm{i}.running_mean"] = np.zeros(width, np.float32)
        running[f"norm{i}.running_var"] = np.ones(width, np.float32)

    def keep(i: int, h: np.ndarray) -> None:
        for name, new in (("mean", h.mean(0)), ("var", n / (n - 1) * h.var(0))):
            key = f"norm{i}.running_{name}"
            running[key] = 0.9 * running[key] + 0.1 * new

    def loss_of(parameters: Mapping[str, Any]) -> Any:
        h: Any = x
        for i in range(1, layers):
            h = dense(parameters, i, h)
            keep(i, h.data)
            gamma, beta = parameters[f"norm{i}.weight"], parameters[f"norm{i}.bias"]
            h = relu(batchnorm(h, gamma=gamma, beta=beta, eps=1e-5))
        return softmax_crossentropy(dense(parameters, layers, h), y)

    step, state = training(inputs, loss_of, adam(lr=1e-3))
    return Case(step, lambda: state() | running)


def elementwise(inputs: Arrays) -> Case:
    leaves = {name: mygrad.tensor(value) for name, value in inputs.items()}
    x, w, b = leaves.values()

    def step() -> float:
        z = x * w + b
        t = tanh(z)
        s = sigmoid(z)
        r = relu(x)
        u = t * s + r
        v = u * u
        e = mygrad.exp(-v)
        k = (e - 0.5 * t) * w
        q = mygrad.sqrt(v + 1)
        d = k / q
        o = d + s * b
        return backward((o * o).mean(), leaves)

    return Case(step, lambda: gradients(leaves))


def cases(peer: Peer) -> Mapping[str, Builder]:
    return {
        "readme-expression": readme_expression,
        "chain": chain,
        "tiny-mlp": tiny_mlp,
        "classifier": classifier,
        "elementwise": elementwise,
    }
