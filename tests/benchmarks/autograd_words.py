"""The workloads in autograd's words: functions of arrays, differentiated as a whole.

It has no optimisers for named parameters; the updates are those written by hand in numpy_plain.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad, hessian, value_and_grad

from .numpy_plain import Step, adam, sgd
from .peers import Builder, Case, Peer
from .scalars import expression
from .workloads import Arrays, Chain, Network


def relu(x: Any) -> Any:
    return anp.maximum(x, 0)


def readme_expression(_: object) -> Case:
    run = value_and_grad(lambda ab: expression(*ab, relu=relu))
    found: Arrays = {}

    def step() -> float:
        value, (a, b) = run((-4.0, 2.0))
        found["a.grad"], found["b.grad"] = np.asarray(a), np.asarray(b)
        return float(value)

    return Case(step, lambda: found)


def chain(inputs: Chain) -> Case:
    def value_of(x: Any) -> Any:
        y = x
        for _ in range(inputs.pairs):
            y = y * 0.999
            y = y + 0.001
        return y

    run = value_and_grad(value_of)
    x = np.float32(inputs.start)
    found: Arrays = {}

    def step() -> float:
        value, slope = run(x)
        found["x.grad"] = np.asarray(slope, np.float32)
        return float(value)

    return Case(step, lambda: found)


def dense(parameters: Any, i: int, x: Any) -> Any:
    return anp.dot(x, parameters[f"linear{i}.weight"].T) + parameters[f"linear{i}.bias"]


def tanh_network(parameters: Any, x: Any) -> Any:
    for i in (1, 2):
        x = anp.tanh(dense(parameters, i, x))
    return dense(parameters, 3, x)


def training(inputs: Network, loss_of: Callable[[Any], Any], update: Step) -> tuple[Any, Arrays]:
    parameters = {name: value.copy() for name, value in inputs.parameters.items()}
    run = value_and_grad(loss_of)

    def step() -> float:
        loss, gradients = run(parameters)
        update([(p, gradients[name]) for name, p in parameters.items()])
        return float(loss)

    return step, parameters


def tiny_mlp(inputs: Network) -> Case:
    x, y = inputs.x, inputs.y

    def loss_of(parameters: Any) -> Any:
        z = tanh_network(parameters, x)
        return anp.mean(anp.maximum(z, 0) - z * y + anp.log1p(anp.exp(-anp.abs(z))))

    step, parameters = training(inputs, loss_of, sgd(lr=0.1, momentum=0.9))
    return Case(step, lambda: parameters)


def classifier(inputs: Network) -> Case:
    x, y = inputs.x, inputs.y
    n, layers = len(x), len(inputs.sizes) - 1
    rows = np.arange(n)
    running: Arrays = {}
    for i, width in enumerate(inputs.sizes[1:-1], 1):
        running[f"norm{i}.running_mean"] = np.zeros(width, np.float32)
        running[f"norm{i}.running_var"] = np.ones(width, np.float32)

    def keep(i: int, mean: Any, var: Any) -> None:
        for name, new in (("mean", mean), ("var", n / (n - 1) * var)):
            key = f"norm{i}.running_{name}"
            running[key] = 0.9 * running[key] + 0.1 * new

    def loss_of(parameters: Any) -> Any:
        h = x
        for i in range(1, layers):
            h = dense(parameters, i, h)
            mean = anp.mean(h, axis=0)
            centred = h - mean
            var = anp.mean(centred * centred, axis=0)
            keep(i, mean._value, var._value)
            h = parameters[f"norm{i}.weight"] * (centred / anp.sqrt(var + 1e-5))
            h = relu(h + parameters[f"norm{i}.bias"])
        z = dense(parameters, layers, h)
        shifted = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(shifted), axis=1)) - shifted[rows, y])

    step, parameters = training(inputs, loss_of, adam(lr=1e-3))
    return Case(step, lambda: parameters | running)


def elementwise(inputs: Arrays) -> Case:
    def loss_of(leaves: Any) -> Any:
        x, w, b = leaves["x"], leaves["w"], leaves["b"]
        z = x * w + b
        t = anp.tanh(z)
        s = 1 / (1 + anp.exp(-z))
        r = relu(x)
        u = t * s + r
        v = u * u
        e = anp.exp(-v)
        k = (e - 0.5 * t) * w
        q = anp.sqrt(v + 1)
        d = k / q
        o = d + s * b
        return anp.mean(o * o)

    run = value_and_grad(loss_of)
    found: Arrays = {}

    def step() -> float:
        value, gradients = run(inputs)
        found.update({f"{name}.grad": g for name, g in gradients.items()})
        return float(value)

    return Case(step, lambda: found)


def hessian_rosenbrock(x: np.ndarray) -> Case:
    def value_of(x: Any) -> Any:
        left, right = x[:-1], x[1:]
        return anp.sum(100 * (right - left**2) ** 2 + (1 - left) ** 2)

    run = hessian(value_of)
    found: Arrays = {}

    def step() -> float:
        found["hessian"] = run(x)
        return float(value_of(x))

    return Case(step, lambda: found)


def hvp_mlp(inputs: Network) -> Case:
    x, y = inputs.x, inputs.y
    slopes = grad(lambda p: anp.mean((tanh_network(p, x) - y) ** 2))

    def along(parameters: Any) -> Any:
        gradients = slopes(parameters)
        return sum(anp.sum(gradients[name] * d) for name, d in inputs.direction.items())

    run = grad(along)
    found: Arrays = {}

    def step() -> float:
        found.update(run(inputs.parameters))
        return float(np.mean((tanh_network(inputs.parameters, x) - y) ** 2))

    return Case(step, lambda: found)


def cases(peer: Peer) -> Mapping[str, Builder]:
    return {
        "readme-expression": readme_expression,
        "chain": chain,
        "tiny-mlp": tiny_mlp,
        "classifier": classifier,
        "elementwise": elementwise,
        "hessian-rosenbrock": hessian_rosenbrock,
        "hvp-mlp": hvp_mlp,
    }
