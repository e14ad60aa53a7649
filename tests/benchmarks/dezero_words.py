"""The workloads in DeZero's words.

Its constants are arrays of float64, which NumPy 2 lets win over float32: here they are float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

np.int = int  # noqa: NPY001  # gone from NumPy 2; DeZero does not import without

import dezero  # noqa: E402
import dezero.functions as F  # noqa: E402
from dezero import Variable  # noqa: E402

from .peers import Builder, Case, Peer  # noqa: E402
from .scalars import expression  # noqa: E402
from .workloads import Arrays, Chain, Network, Tensors  # noqa: E402


class Adam(dezero.optimizers.Adam):
    """Its own adds epsilon to a root that is smaller by sqrt(1 - beta2**t) than everybody else's."""

    def update(self) -> None:
        self.eps = 1e-8 * (1 - self.beta2 ** (self.t + 1)) ** 0.5
        super().update()


def gradients(leaves: Mapping[str, Any]) -> Arrays:
    return {f"{name}.grad": np.asarray(leaf.grad.data) for name, leaf in leaves.items()}


def backward(loss: Any, leaves: Mapping[str, Any]) -> float:
    for leaf in leaves.values():
        leaf.cleargrad()
    loss.backward()
    return float(loss.data)


def constant(value: float) -> np.ndarray:
    return np.array(value, np.float32)


def readme_expression(_: object) -> Case:
    leaves = {"a": Variable(np.array(-4.0)), "b": Variable(np.array(2.0))}

    def step() -> float:
        return backward(expression(*leaves.values(), relu=F.relu), leaves)

    return Case(step, lambda: gradients(leaves))


def chain(inputs: Chain) -> Case:
    x = Variable(constant(inputs.start))
    factor, term = constant(0.999), constant(0.001)

    def step() -> float:
        y = x
        for _ in range(inputs.pairs):
            y = y * factor
            y = y + term
        return backward(y, {"x": x})

    return Case(step, lambda: gradients({"x": x}))


class Parameters(dezero.Layer):
    """A bag of parameters, as its optimisers want one."""

    def __init__(self, values: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self.named = {name: dezero.Parameter(value.copy()) for name, value in values.items()}

    def params(self) -> Any:
        return iter(self.named.values())

    def cleargrads(self) -> None:
        for p in self.named.values():
            p.cleargrad()

    def __getitem__(self, name: str) -> Any:
        return self.named[name]


def training(
    bag: Parameters, loss_of: Callable[[], Any], optimizer: Any
) -> tuple[Callable[[], float], Callable[[], Arrays]]:
    optimizer.setup(bag)

    def step() -> float:
        loss = backward(loss_of(), bag.named)
        optimizer.update()
        return loss

    return step, lambda: {name: p.data for name, p in bag.named.items()}


def dense(bag: Parameters, i: int, x: Any) -> Any:
    return F.linear(x, F.transpose(bag[f"linear{i}.weight"]), bag[f"linear{i}.bias"])


def tanh_network(bag: Parameters, x: Any) -> Any:
    for i in (1, 2):
        x = F.tanh(dense(bag, i, x))
    return dense(bag, 3, x)


def tiny_mlp(inputs: Network) -> Case:
    x, y = Variable(inputs.x), Variable(inputs.y)
    bag = Parameters(inputs.parameters)
    one, size = constant(1), constant(len(inputs.x))

    def loss_of() -> Any:
        p = F.sigmoid(tanh_network(bag, x))  # it has no loss of logits that stays in float32
        return -F.sum(y * F.log(p) + (one - y) * F.log(one - p)) / size

    return Case(*training(bag, loss_of, dezero.optimizers.MomentumSGD(lr=0.1, momentum=0.9)))


def classifier(inputs: Network) -> Case:
    x, layers = Variable(inputs.x), len(inputs.sizes) - 1
    bag = Parameters(inputs.parameters)
    running: Arrays = {}
    for i, width in enumerate(inputs.sizes[1:-1], 1):
        running[f"norm{i}.running_mean"] = np.zeros(width, np.float32)
        running[f"norm{i}.running_var"] = np.ones(width, np.float32)

    def loss_of() -> Any:
        h: Any = x
        for i in range(1, layers):
            h = F.batch_nrom(
                dense(bag, i, h),
                bag[f"norm{i}.weight"],
                bag[f"norm{i}.bias"],
                running[f"norm{i}.running_mean"],
                running[f"norm{i}.running_var"],
                eps=1e-5,
            )
            h = F.relu(h)
        return F.softmax_cross_entropy(dense(bag, layers, h), inputs.y)

    step, state = training(bag, loss_of, Adam(alpha=1e-3))
    return Case(step, lambda: state() | running)


def hessian_rosenbrock(point: np.ndarray) -> Case:
    x = Variable(point)
    found: Arrays = {}

    def step() -> float:
        x.cleargrad()
        left, right = x[:-1], x[1:]
        value = F.sum(100 * (right - left**2) ** 2 + (1 - left) ** 2)
        value.backward(create_graph=True)
        slope = x.grad
        rows = []
        for i in range(len(point)):
            x.cleargrad()
            slope[i].backward()
            rows.append(x.grad.data)
        found["hessian"] = np.stack(rows)
        return float(value.data)

    return Case(step, lambda: found)


def adam_alone(inputs: Tensors) -> Case:
    bag = Parameters({str(i): value for i, value in enumerate(inputs.parameters)})
    for p, gradient in zip(bag.named.values(), inputs.gradients, strict=True):
        p.grad = Variable(gradient)
    optimizer = Adam(alpha=1e-3).setup(bag)

    def step() -> float:
        optimizer.update()
        return 0.0

    return Case(step, lambda: {name: p.data for name, p in bag.named.items()})


def cases(peer: Peer) -> Mapping[str, Builder]:
    return {
        "readme-expression": readme_expression,
        "chain": chain,
        "tiny-mlp": tiny_mlp,
        "classifier": classifier,
        "hessian-rosenbrock": hessian_rosenbrock,
        "adam": adam_alone,
    }
