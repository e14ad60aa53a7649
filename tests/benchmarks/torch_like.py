"""The workloads in PyTorch's words, for every library that speaks them: PyTorch and minigrad.

`m` is the library: the text below is the same for both.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from .peers import Builder, Case, Peer
from .scalars import expression, scalar_loss
from .workloads import Arrays, Chain, Network, ScalarNetwork, Tensors


def readme_expression(m: Any, _: object) -> Case:
    a = m.tensor(-4.0, dtype=m.float64, requires_grad=True)
    b = m.tensor(2.0, dtype=m.float64, requires_grad=True)

    def step() -> Any:
        a.grad = b.grad = None
        g = expression(a, b)
        g.backward()
        return g.item()

    return Case(step, lambda: {"a.grad": a.grad.numpy(), "b.grad": b.grad.numpy()})


def scalar_mlp(m: Any, inputs: ScalarNetwork) -> Case:
    def parameter(value: float) -> Any:
        return m.tensor(value, dtype=m.float64, requires_grad=True)

    parameters, loss_of = scalar_loss(inputs, parameter)

    def step() -> Any:
        for p in parameters:
            p.grad = None
        loss = loss_of()
        loss.backward()
        return loss.item()

    return Case(step, lambda: {"gradients": m.stack([p.grad for p in parameters]).numpy()})


def chain(m: Any, inputs: Chain) -> Case:
    x = m.tensor(inputs.start, requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = x
        for _ in range(inputs.pairs):
            y = y * 0.999
            y = y + 0.001
        y.backward()
        return y.item()

    return Case(step, lambda: {"x.grad": x.grad.numpy()})


def training(
    m: Any, inputs: Network, model: Any, loss_fn: Any, optimizer: Any, mode: str = ""
) -> Case:
    """The training step of PyTorch's tutorials, from the given parameters; or minigrad's, compiled."""
    x, y = m.from_numpy(inputs.x), m.from_numpy(inputs.y)
    parameters = dict(zip(inputs.parameters, model.parameters(), strict=True))
    norms = [layer for layer in model if isinstance(layer, m.nn.BatchNorm1d)]
    load(m, model, inputs)

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    def state() -> Arrays:
        found = {name: p.detach().numpy() for name, p in parameters.items()}
        for i, norm in enumerate(norms, 1):
            found[f"norm{i}.running_mean"] = norm.running_mean.numpy()
            found[f"norm{i}.running_var"] = norm.running_var.numpy()
        return found

    if mode == "compiled":
        replayed = m.compile(model, loss_fn, optimizer)
        return Case(lambda: replayed(x, y).item(), state)
    return Case(step, state)


def load(m: Any, model: Any, inputs: Network) -> None:
    with m.no_grad():
        for p, value in zip(model.parameters(), inputs.parameters.values(), strict=True):
            p.copy_(m.from_numpy(value))


def tanh_network(m: Any, sizes: tuple[int, ...]) -> Any:
    layers: list[Any] = []
    for wide, out in pairwise(sizes):
        layers += [m.nn.Linear(wide, out), m.nn.Tanh()]
    return m.nn.Sequential(*layers[:-1])


def tiny_mlp(m: Any, inputs: Network, mode: str = "") -> Case:
    model = tanh_network(m, inputs.sizes)
    optimizer = m.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loss_fn = m.nn.BCEWithLogitsLoss()
    return training(m, inputs, model, loss_fn, optimizer, mode)


def classifier(m: Any, inputs: Network, mode: str = "") -> Case:
    layers: list[Any] = []
    for wide, out in pairwise(inputs.sizes):
        layers += [m.nn.Linear(wide, out), m.nn.BatchNorm1d(out), m.nn.ReLU()]
    model = m.nn.Sequential(*layers[:-2])
    optimizer = adam(m, model.parameters(), mode)
    loss_fn = m.nn.CrossEntropyLoss()
    return training(m, inputs, model, loss_fn, optimizer, mode)


def adam(m: Any, parameters: Any, mode: str) -> Any:
    return m.optim.Adam(parameters, lr=1e-3, **({"fused": True} if mode == "fused" else {}))


def elementwise_loss(x: Any, w: Any, b: Any) -> Any:
    z = x * w + b
    t = z.tanh()
    s = z.sigmoid()
    r = x.relu()
    u = t * s + r
    v = u * u
    e = (-v).exp()
    k = (e - 0.5 * t) * w
    q = (v + 1).sqrt()
    d = k / q
    o = d + s * b
    return (o * o).mean()


def elementwise(m: Any, inputs: Arrays) -> Case:
    leaves = {name: m.tensor(value, requires_grad=True) for name, value in inputs.items()}
    x, w, b = leaves.values()

    def step() -> Any:
        x.grad = w.grad = b.grad = None
        loss = elementwise_loss(x, w, b)
        loss.backward()
        return loss.item()

    def state() -> Arrays:
        return {f"{name}.grad": leaf.grad.numpy() for name, leaf in leaves.items()}

    return Case(step, state)


def rosenbrock(x: Any) -> Any:
    left, right = x[:-1], x[1:]
    return (100 * (right - left**2) ** 2 + (1 - left) ** 2).sum()


def hessian_rosenbrock(m: Any, point: np.ndarray) -> Case:
    x = m.tensor(point, requires_grad=True)
    found: Arrays = {}

    def step() -> Any:
        value = rosenbrock(x)
        (g,) = m.autograd.grad(value, x, create_graph=True)
        rows = [m.autograd.grad(g[i], x, retain_graph=True)[0] for i in range(len(point))]
        found["hessian"] = m.stack(rows).numpy()
        return value.item()

    return Case(step, lambda: found)


def hvp_mlp(m: Any, inputs: Network) -> Case:
    model = tanh_network(m, inputs.sizes)
    load(m, model, inputs)
    x, y = m.from_numpy(inputs.x), m.from_numpy(inputs.y)
    parameters = list(model.parameters())
    direction = [m.from_numpy(value) for value in inputs.direction.values()]
    found: Arrays = {}

    def step() -> Any:
        loss = ((model(x) - y) ** 2).mean()
        gradients = m.autograd.grad(loss, parameters, create_graph=True)
        slope = sum((g * v).sum() for g, v in zip(gradients, direction, strict=True))
        products = m.autograd.grad(slope, parameters)
        found.update(zip(inputs.parameters, (p.numpy() for p in products), strict=True))
        return loss.item()

    return Case(step, lambda: found)


def adam_alone(m: Any, inputs: Tensors, mode: str = "") -> Case:
    parameters = [m.tensor(value, requires_grad=True) for value in inputs.parameters]
    optimizer = adam(m, parameters, mode)
    # The gradients come from a backward pass, as in use, and so lie where the library puts them.
    gradients = [m.from_numpy(value) for value in inputs.gradients]
    sum((p * g).sum() for p, g in zip(parameters, gradients, strict=True)).backward()

    def step() -> float:
        optimizer.step()
        return 0.0

    return Case(step, lambda: {str(i): p.detach().numpy() for i, p in enumerate(parameters)})


def cases(peer: Peer) -> Mapping[str, Builder]:
    m = importlib.import_module(peer.module)
    if hasattr(m, "set_num_threads"):
        m.set_num_threads(1)
    if peer.mode == "tuned":
        m.tune()
    warnings.filterwarnings("ignore", message="the bias of the linear layer")
    builders: dict[str, Callable[[Any, Any], Case]] = {
        "readme-expression": readme_expression,
        "scalar-mlp": scalar_mlp,
        "chain": chain,
        "hessian-rosenbrock": hessian_rosenbrock,
        "hvp-mlp": hvp_mlp,
        "elementwise": elementwise,
    }
    with_modes: dict[str, Callable[[Any, Any, str], Case]] = {
        "tiny-mlp": tiny_mlp,
        "classifier": classifier,
        "adam": adam_alone,
    }
    return {
        **{name: partial(builder, m) for name, builder in builders.items()},
        **{name: partial(builder, m, mode=peer.mode) for name, builder in with_modes.items()},
    }
