"""The workloads by hand in plain NumPy: forward and backward written out, everything allocated.

What a person writes without a library, and the measure of what a library costs; not the fastest
NumPy can do (no `out=`, no buffers, no flat parameters).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from .peers import Builder, Case, Peer
from .workloads import Arrays, Chain, Network, ScalarNetwork, Tensors

Pairs = list[tuple[np.ndarray, np.ndarray]]
"""(parameter, gradient)"""

Step = Callable[[Pairs], None]


def sgd(lr: float, momentum: float) -> Step:
    velocity: dict[int, np.ndarray] = {}

    def step(pairs: Pairs) -> None:
        for i, (p, g) in enumerate(pairs):
            velocity[i] = momentum * velocity[i] + g if i in velocity else g
            p -= lr * velocity[i]

    return step


def adam(lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Step:
    means: dict[int, np.ndarray] = {}
    squares: dict[int, np.ndarray] = {}
    t = 0

    def step(pairs: Pairs) -> None:
        nonlocal t
        t += 1
        for i, (p, g) in enumerate(pairs):
            if t == 1:
                means[i], squares[i] = np.zeros_like(p), np.zeros_like(p)
            m = means[i] = beta1 * means[i] + (1 - beta1) * g
            v = squares[i] = beta2 * squares[i] + (1 - beta2) * g * g
            p -= lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)

    return step


def readme_expression(_: object) -> Case:
    """In Python's numbers: `c += c + 1` is 2c + 1, and so on."""
    found: dict[str, np.ndarray] = {}

    def step() -> float:
        a, b = -4.0, 2.0
        d = a * b + b**3
        c1 = 2 * (a + b) + 1
        c2 = 2 * c1 + 1 - a
        d1 = 3 * d + max(b + a, 0)
        d2 = 4 * d1 + max(b - a, 0)
        e = c2 - d2
        f = e**2
        g = f / 2 + 10 / f

        g_e = (0.5 - 10 / f**2) * 2 * e
        g_d1 = -4 * g_e
        g_minus = -g_e if b > a else 0.0
        g_plus = g_d1 if b + a > 0 else 0.0
        g_a = 3 * g_e + g_plus - g_minus + 3 * g_d1 * b
        g_b = 4 * g_e + g_plus + g_minus + 3 * g_d1 * (a + 3 * b**2)
        found["a.grad"], found["b.grad"] = np.asarray(g_a), np.asarray(g_b)
        return g

    return Case(step, lambda: found)


def scalar_mlp(inputs: ScalarNetwork) -> Case:
    """The same network with arrays, as anyone who has NumPy would write it."""
    x, y = np.array(inputs.points), np.array(inputs.labels)[:, None]
    weights = [np.array([w for w, _ in layer]) for layer in inputs.layers]
    biases = [np.array([b for _, b in layer]) for layer in inputs.layers]
    w1, w2, w3 = weights
    b1, b2, b3 = biases
    found: list[tuple[np.ndarray, np.ndarray]] = []

    def step() -> float:
        z1 = x @ w1.T + b1
        h1 = np.maximum(z1, 0)
        z2 = h1 @ w2.T + b2
        h2 = np.maximum(z2, 0)
        margin = 1 - y * (h2 @ w3.T + b3)
        penalty = sum(np.sum(p * p) for p in (*weights, *biases))
        loss = np.sum(np.maximum(margin, 0)) / len(x) + 1e-4 * penalty

        g3 = -y * (margin > 0) / len(x)
        g2 = (g3 @ w3) * (z2 > 0)
        g1 = (g2 @ w2) * (z1 > 0)
        found[:] = [
            (g.T @ h + 2e-4 * w, g.sum(0) + 2e-4 * b)
            for g, h, w, b in zip((g1, g2, g3), (x, h1, h2), weights, biases, strict=True)
        ]
        return float(loss)

    def state() -> Arrays:
        neurons = [(*w, b) for ws, bs in found for w, b in zip(ws, bs, strict=True)]
        return {"gradients": np.concatenate(neurons)}

    return Case(step, state)


def chain(inputs: Chain) -> Case:
    x = np.float32(inputs.start)
    found = {}

    def step() -> float:
        y = x
        for _ in range(inputs.pairs):
            y = y * 0.999
            y = y + 0.001
        g = np.float32(1)
        for _ in range(inputs.pairs):
            g = g * 0.999  # through the product; through the sum it passes unchanged
        found["x.grad"] = np.asarray(g)
        return float(y)

    return Case(step, lambda: found)


def tiny_mlp(inputs: Network) -> Case:
    x, y = inputs.x, inputs.y
    parameters = {name: value.copy() for name, value in inputs.parameters.items()}
    w1, b1, w2, b2, w3, b3 = parameters.values()
    update = sgd(lr=0.1, momentum=0.9)

    def step() -> float:
        h1 = np.tanh(x @ w1.T + b1)
        h2 = np.tanh(h1 @ w2.T + b2)
        z = h2 @ w3.T + b3
        loss = np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))

        gz = (1 / (1 + np.exp(-z)) - y) / len(x)
        g2 = (gz @ w3) * (1 - h2 * h2)
        g1 = (g2 @ w2) * (1 - h1 * h1)
        update(
            [
                (w1, g1.T @ x),
                (b1, g1.sum(0)),
                (w2, g2.T @ h1),
                (b2, g2.sum(0)),
                (w3, gz.T @ h2),
                (b3, gz.sum(0)),
            ]
        )
        return float(loss)

    return Case(step, lambda: parameters)


class BatchNorm:
    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.weight, self.bias = weight, bias
        self.running_mean, self.running_var = np.zeros_like(bias), np.ones_like(weight)

    def forward(self, x: np.ndarray) -> np.ndarray:
        n = len(x)
        mean, var = x.mean(0), x.var(0)
        self.running_mean = 0.9 * self.running_mean + 0.1 * mean
        self.running_var = 0.9 * self.running_var + 0.1 * (n / (n - 1)) * var
        self.scale = 1 / np.sqrt(var + 1e-5)
        self.normal = (x - mean) * self.scale
        out: np.ndarray = self.weight * self.normal + self.bias
        return out

    def backward(self, g: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        g_weight, g_bias = (g * self.normal).sum(0), g.sum(0)
        n = len(g)
        g_x = self.weight * self.scale * (g - g_bias / n - self.normal * (g_weight / n))
        return g_x, g_weight, g_bias


def classifier(inputs: Network) -> Case:
    x, y = inputs.x, inputs.y
    rows = np.arange(len(x))
    parameters = {name: value.copy() for name, value in inputs.parameters.items()}
    w1, b1, gamma1, beta1, w2, b2, gamma2, beta2, w3, b3 = parameters.values()
    norm1, norm2 = BatchNorm(gamma1, beta1), BatchNorm(gamma2, beta2)
    update = adam(lr=1e-3)

    def step() -> float:
        n1 = norm1.forward(x @ w1.T + b1)
        h1 = np.maximum(n1, 0)
        n2 = norm2.forward(h1 @ w2.T + b2)
        h2 = np.maximum(n2, 0)
        z = h2 @ w3.T + b3
        shifted = z - z.max(1, keepdims=True)
        exps = np.exp(shifted)
        sums = exps.sum(1, keepdims=True)
        loss = np.mean(np.log(sums[:, 0]) - shifted[rows, y])

        gz = exps / sums
        gz[rows, y] -= 1
        gz /= len(x)
        g2, g_gamma2, g_beta2 = norm2.backward((gz @ w3) * (n2 > 0))
        g1, g_gamma1, g_beta1 = norm1.backward((g2 @ w2) * (n1 > 0))
        update(
            [
                (w1, g1.T @ x),
                (b1, g1.sum(0)),
                (gamma1, g_gamma1),
                (beta1, g_beta1),
                (w2, g2.T @ h1),
                (b2, g2.sum(0)),
                (gamma2, g_gamma2),
                (beta2, g_beta2),
                (w3, gz.T @ h2),
                (b3, gz.sum(0)),
            ]
        )
        return float(loss)

    def state() -> Arrays:
        running = {
            f"norm{i}.{name}": getattr(norm, name)
            for i, norm in enumerate((norm1, norm2), 1)
            for name in ("running_mean", "running_var")
        }
        return parameters | running

    return Case(step, state)


def elementwise(inputs: Arrays) -> Case:
    x, w, b = inputs.values()
    found: Arrays = {}

    def step() -> float:
        z = x * w + b
        t = np.tanh(z)
        s = 1 / (1 + np.exp(-z))
        r = np.maximum(x, 0)
        u = t * s + r
        v = u * u
        e = np.exp(-v)
        k = (e - 0.5 * t) * w
        q = np.sqrt(v + 1)
        d = k / q
        o = d + s * b
        loss = np.mean(o * o)

        g_o = (2 / o.size) * o
        g_k = g_o / q
        g_q = -g_k * d
        g_e = g_k * w
        g_v = g_q / (2 * q) - g_e * e
        g_u = 2 * g_v * u
        g_s = g_o * b + g_u * t
        g_t = g_u * s - 0.5 * g_e
        g_z = g_t * (1 - t * t) + g_s * s * (1 - s)
        found["x.grad"] = g_z * w + g_u * (x > 0)
        found["w.grad"] = g_z * x + g_k * (e - 0.5 * t)
        found["b.grad"] = g_z + g_o * s
        return float(loss)

    return Case(step, lambda: found)


def hessian_rosenbrock(x: np.ndarray) -> Case:
    found: Arrays = {}

    def step() -> float:
        left, right = x[:-1], x[1:]
        value = np.sum(100 * (right - left**2) ** 2 + (1 - left) ** 2)
        diagonal = np.zeros_like(x)
        diagonal[:-1] += 1200 * left**2 - 400 * right + 2
        diagonal[1:] += 200
        beside = -400 * left
        found["hessian"] = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        return float(value)

    return Case(step, lambda: found)


def hvp_mlp(inputs: Network) -> Case:
    """Forward and backward, and beside each line (prefix r) its derivative along the direction."""
    x, y = inputs.x, inputs.y
    w1, b1, w2, b2, w3, b3 = inputs.parameters.values()
    rw1, rb1, rw2, rb2, rw3, rb3 = inputs.direction.values()
    found: Arrays = {}

    def step() -> float:
        h1 = np.tanh(x @ w1.T + b1)
        d1 = 1 - h1 * h1
        rh1 = d1 * (x @ rw1.T + rb1)
        h2 = np.tanh(h1 @ w2.T + b2)
        d2 = 1 - h2 * h2
        rh2 = d2 * (rh1 @ w2.T + h1 @ rw2.T + rb2)
        z = h2 @ w3.T + b3
        rz = rh2 @ w3.T + h2 @ rw3.T + rb3
        loss = np.mean((z - y) ** 2)

        gz = (2 / z.size) * (z - y)
        rgz = (2 / z.size) * rz
        gh2 = gz @ w3
        rgh2 = rgz @ w3 + gz @ rw3
        g2 = gh2 * d2
        rg2 = rgh2 * d2 - 2 * gh2 * h2 * rh2
        gh1 = g2 @ w2
        rgh1 = rg2 @ w2 + g2 @ rw2
        rg1 = rgh1 * d1 - 2 * gh1 * h1 * rh1
        products = (
            rg1.T @ x,
            rg1.sum(0),
            rg2.T @ h1 + g2.T @ rh1,
            rg2.sum(0),
            rgz.T @ h2 + gz.T @ rh2,
            rgz.sum(0),
        )
        found.update(zip(inputs.parameters, products, strict=True))
        return float(loss)

    return Case(step, lambda: found)


def adam_alone(inputs: Tensors) -> Case:
    parameters = [value.copy() for value in inputs.parameters]
    pairs = list(zip(parameters, inputs.gradients, strict=True))
    update = adam(lr=1e-3)

    def step() -> float:
        update(pairs)
        return 0.0

    return Case(step, lambda: {str(i): p for i, p in enumerate(parameters)})


def cases(peer: Peer) -> Mapping[str, Builder]:
    return {
        "readme-expression": readme_expression,
        "scalar-mlp": scalar_mlp,
        "chain": chain,
        "tiny-mlp": tiny_mlp,
        "classifier": classifier,
        "elementwise": elementwise,
        "hessian-rosenbrock": hessian_rosenbrock,
        "hvp-mlp": hvp_mlp,
        "adam": adam_alone,
    }
