"""The workloads in JAX's words: a whole step is one function of arrays, compiled by ``jax.jit``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .peers import Builder, Case, Peer
from .scalars import expression
from .workloads import Arrays, Network, Tensors

Parameters = dict[str, Any]


_compiled: dict[str, Any] = {}


def jit(function: Callable[..., Any], **options: Any) -> Any:
    """Compile once a process: every repetition builds the same step anew."""
    return _compiled.setdefault(function.__qualname__, jax.jit(function, **options))


def host(values: Mapping[str, Any]) -> Arrays:
    return {name: np.asarray(value) for name, value in values.items()}


def readme_expression(_: object) -> Case:
    jax.config.update("jax_enable_x64", True)
    run = jit(jax.value_and_grad(partial(expression, relu=jax.nn.relu), argnums=(0, 1)))
    a, b = jnp.float64(-4.0), jnp.float64(2.0)
    found: Parameters = {}

    def step() -> float:
        value, (found["a.grad"], found["b.grad"]) = run(a, b)
        return float(value)

    return Case(step, lambda: host(found))


def dense(parameters: Parameters, i: int, x: Any) -> Any:
    return x @ parameters[f"linear{i}.weight"].T + parameters[f"linear{i}.bias"]


def bce_with_logits(z: Any, y: Any) -> Any:
    return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def tanh_network(parameters: Parameters, x: Any) -> Any:
    for i in (1, 2):
        x = jnp.tanh(dense(parameters, i, x))
    return dense(parameters, 3, x)


def tiny_mlp(inputs: Network) -> Case:
    x, y = jnp.asarray(inputs.x), jnp.asarray(inputs.y)

    @partial(jit, donate_argnums=(0, 1))
    def run(parameters: Parameters, velocities: Parameters) -> Any:
        loss, gradients = jax.value_and_grad(lambda p: bce_with_logits(tanh_network(p, x), y))(
            parameters
        )
        velocities = {name: 0.9 * velocities[name] + g for name, g in gradients.items()}
        return loss, {n: p - 0.1 * velocities[n] for n, p in parameters.items()}, velocities

    parameters = {name: jnp.array(value) for name, value in inputs.parameters.items()}
    kept = {"p": parameters, "v": {n: jnp.zeros_like(p) for n, p in parameters.items()}}

    def step() -> float:
        loss, kept["p"], kept["v"] = run(kept["p"], kept["v"])
        return float(loss)

    return Case(step, lambda: host(kept["p"]))


def adam(
    parameters: Parameters, gradients: Parameters, m: Parameters, v: Parameters, t: Any
) -> Any:
    m = {n: 0.9 * m[n] + 0.1 * g for n, g in gradients.items()}
    v = {n: 0.999 * v[n] + 0.001 * g * g for n, g in gradients.items()}
    new = {
        n: p - 1e-3 * (m[n] / (1 - 0.9**t)) / (jnp.sqrt(v[n] / (1 - 0.999**t)) + 1e-8)
        for n, p in parameters.items()
    }
    return new, m, v


def zeros_like(values: Parameters) -> Parameters:
    return {name: jnp.zeros_like(value) for name, value in values.items()}


def classifier(inputs: Network) -> Case:
    x, y = jnp.asarray(inputs.x), jnp.asarray(inputs.y)
    layers = len(inputs.sizes) - 1
    n = len(inputs.x)

    def loss_of(parameters: Parameters, running: Parameters) -> Any:
        h, after = x, {}
        for i in range(1, layers):
            h = dense(parameters, i, h)
            mean, var = h.mean(0), h.var(0)
            for name, new in (("mean", mean), ("var", n / (n - 1) * var)):
                key = f"norm{i}.running_{name}"
                after[key] = 0.9 * running[key] + 0.1 * new
            h = (h - mean) / jnp.sqrt(var + 1e-5)
            h = parameters[f"norm{i}.weight"] * h + parameters[f"norm{i}.bias"]
            h = jnp.maximum(h, 0)
        z = dense(parameters, layers, h)
        loss = jnp.mean(jax.nn.logsumexp(z, axis=1) - z[jnp.arange(n), y])
        return loss, after

    @partial(jit, donate_argnums=(0, 1, 2, 3))
    def run(p: Parameters, m: Parameters, v: Parameters, running: Parameters, t: Any) -> Any:
        (loss, after), g = jax.value_and_grad(loss_of, has_aux=True)(p, running)
        return loss, adam(p, g, m, v, t), after

    parameters = {name: jnp.array(value) for name, value in inputs.parameters.items()}
    norms = [name.partition(".")[0] for name in parameters if name.startswith("norm")][::2]
    shapes = {name: parameters[f"{name}.bias"].shape for name in norms}
    running = {f"{name}.running_mean": jnp.zeros(shape) for name, shape in shapes.items()}
    running |= {f"{name}.running_var": jnp.ones(shape) for name, shape in shapes.items()}
    kept: Any = {"p": (parameters, zeros_like(parameters), zeros_like(parameters)), "t": 0.0}

    def step() -> float:
        nonlocal running
        kept["t"] += 1
        loss, kept["p"], running = run(*kept["p"], running, kept["t"])
        return float(loss)

    return Case(step, lambda: host(kept["p"][0] | running))


def elementwise(inputs: Arrays) -> Case:
    leaves = {name: jnp.asarray(value) for name, value in inputs.items()}

    def loss_of(leaves: Parameters) -> Any:
        x, w, b = leaves["x"], leaves["w"], leaves["b"]
        z = x * w + b
        t = jnp.tanh(z)
        s = jax.nn.sigmoid(z)
        r = jnp.maximum(x, 0)
        u = t * s + r
        v = u * u
        e = jnp.exp(-v)
        k = (e - 0.5 * t) * w
        q = jnp.sqrt(v + 1)
        d = k / q
        o = d + s * b
        return jnp.mean(o * o)

    run = jit(jax.value_and_grad(loss_of))
    found: Parameters = {}

    def step() -> float:
        value, found["gradients"] = run(leaves)
        return float(value)

    return Case(step, lambda: host({f"{n}.grad": g for n, g in found["gradients"].items()}))


def hessian_rosenbrock(point: np.ndarray) -> Case:
    jax.config.update("jax_enable_x64", True)

    def value_of(x: Any) -> Any:
        left, right = x[:-1], x[1:]
        return jnp.sum(100 * (right - left**2) ** 2 + (1 - left) ** 2)

    run = jit(lambda x: (value_of(x), jax.hessian(value_of)(x)))
    x = jnp.asarray(point)
    found: Parameters = {}

    def step() -> float:
        value, found["hessian"] = run(x)
        return float(value)

    return Case(step, lambda: host(found))


def hvp_mlp(inputs: Network) -> Case:
    x, y = jnp.asarray(inputs.x), jnp.asarray(inputs.y)
    parameters = {name: jnp.asarray(value) for name, value in inputs.parameters.items()}
    direction = {name: jnp.asarray(value) for name, value in inputs.direction.items()}
    loss_of: Callable[[Parameters], Any] = lambda p: jnp.mean((tanh_network(p, x) - y) ** 2)  # noqa: E731

    @jit
    def run(p: Parameters, d: Parameters) -> Any:
        (loss, _), (_, product) = jax.jvp(jax.value_and_grad(loss_of), (p,), (d,))
        return loss, product

    found: Parameters = {}

    def step() -> float:
        loss, product = run(parameters, direction)
        found.update(product)
        return float(loss)

    return Case(step, lambda: host(found))


def adam_alone(inputs: Tensors) -> Case:
    named = {str(i): jnp.array(value) for i, value in enumerate(inputs.parameters)}
    gradients = {str(i): jnp.asarray(value) for i, value in enumerate(inputs.gradients)}
    kept: Any = {"p": (named, zeros_like(named), zeros_like(named)), "t": 0.0}
    run = jit(lambda p, m, v, t: adam(p, gradients, m, v, t), donate_argnums=(0, 1, 2))

    def step() -> float:
        kept["t"] += 1
        kept["p"] = run(*kept["p"], kept["t"])
        jax.block_until_ready(kept["p"])
        return 0.0

    return Case(step, lambda: host(kept["p"][0]))


def cases(peer: Peer) -> Mapping[str, Builder]:
    return {
        "readme-expression": readme_expression,
        "tiny-mlp": tiny_mlp,
        "classifier": classifier,
        "elementwise": elementwise,
        "hessian-rosenbrock": hessian_rosenbrock,
        "hvp-mlp": hvp_mlp,
        "adam": adam_alone,
    }
