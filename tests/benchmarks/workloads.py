"""What is measured: names, sizes, data and initial parameters.

Everything here is made by NumPy from fixed seeds, so that all peers start equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Workload:
    name: str
    alias: str  # its number in the project's notes on performance
    about: str
    inputs: Callable[[], Any]
    case: str = ""  # the name of the case, where several workloads share one
    measure: str = "time"  # another of worker.MEASURES
    unit: str = "s"
    ops: int = 0  # for the time per operation
    check_steps: int = 3  # after so many steps all have to agree
    fewest_rounds: int = 3  # however long they take
    peers: tuple[str, ...] = ()  # who takes part; all that can, if nobody is named
    tolerance: float = 1e-4  # relative L2 distance between two peers, array by array
    loose: Mapping[str, float] = field(default_factory=dict)  # other tolerances, by array

    @property
    def built_by(self) -> str:
        return self.case or self.name

    def matches(self, pattern: str) -> bool:
        """Whether `--only pattern` means this one: W3, W7 (W7a and W7b), mlp-bn, 'chain-*'."""
        pattern = pattern.lower()
        alias = self.alias.lower()
        return pattern in (alias, alias.rstrip("abcd")) or fnmatch(self.name, pattern)


# ---------------------------------------------------------------------------------------- networks


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron and its one batch.

    `parameters` lie in the order of PyTorch's `parameters()`: linear1, norm1, linear2, norm2, ...
    """

    x: np.ndarray
    y: np.ndarray
    sizes: tuple[int, ...]
    parameters: Arrays
    direction: Arrays = field(default_factory=dict)  # for Hessian-vector products


def network_parameters(
    rng: np.random.Generator, sizes: tuple[int, ...], norm: bool = False
) -> Arrays:
    """PyTorch's default initialisation: uniform within 1/sqrt(inputs); batch norms at 1 and 0."""
    parameters: Arrays = {}
    for i, (wide, out) in enumerate(pairwise(sizes), 1):
        bound = wide**-0.5
        parameters[f"linear{i}.weight"] = rng.uniform(-bound, bound, (out, wide))
        parameters[f"linear{i}.bias"] = rng.uniform(-bound, bound, out)
        if norm and i < len(sizes) - 1:
            parameters[f"norm{i}.weight"] = np.ones(out)
            parameters[f"norm{i}.bias"] = np.zeros(out)
    return {name: value.astype(np.float32) for name, value in parameters.items()}


def two_moons() -> Network:
    rng = np.random.default_rng(2)
    angle = np.linspace(0, np.pi, 50)
    upper = np.stack([np.cos(angle), np.sin(angle)], 1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], 1)
    x = np.concatenate([upper, lower]) + rng.normal(0, 0.1, (100, 2))
    y = np.repeat([[0.0], [1.0]], 50, 0)
    sizes = (2, 16, 16, 1)
    return Network(
        x.astype(np.float32), y.astype(np.float32), sizes, network_parameters(rng, sizes)
    )


def classifier(*sizes: int, batch: int) -> Network:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((batch, sizes[0])).astype(np.float32)
    y = rng.integers(0, sizes[-1], batch)
    return Network(x, y, sizes, network_parameters(rng, sizes, norm=True))


def with_direction(network: Network) -> Network:
    rng = np.random.default_rng(7)
    direction = {
        name: rng.standard_normal(value.shape).astype(np.float32)
        for name, value in network.parameters.items()
    }
    return replace(network, direction=direction)


# ----------------------------------------------------------------------------------- scalar graphs


@dataclass(frozen=True)
class ScalarNetwork:
    """A network of Python numbers: for each layer its neurons, each with its weights and its bias."""

    points: list[list[float]]
    labels: list[int]  # 1 and -1
    layers: list[list[tuple[list[float], float]]]


def scalar_network() -> ScalarNetwork:
    """micrograd's demonstration: 2-16-16-1, ReLU, 100 moons (65,077 operations in its words)."""
    moons = two_moons()
    rng = np.random.default_rng(1)
    layers = [
        [(rng.uniform(-1, 1, wide).tolist(), 0.0) for _ in range(out)]
        for wide, out in pairwise(moons.sizes)
    ]
    labels = [1 if y > 0 else -1 for (y,) in moons.y.tolist()]
    return ScalarNetwork(moons.x.tolist(), labels, layers)


# ------------------------------------------------------------------------------------------ others


@dataclass(frozen=True)
class Chain:
    """`pairs` times: y = y * 0.999; y = y + 0.001."""

    start: float
    pairs: int


def elementwise() -> Arrays:
    rng = np.random.default_rng(5)
    return {name: rng.standard_normal(1_000_000).astype(np.float32) for name in ("x", "w", "b")}


def rosenbrock_point() -> np.ndarray:
    return np.random.default_rng(7).uniform(-1.5, 1.5, 10)


@dataclass(frozen=True)
class Tensors:
    """Parameters of no particular network, with the gradients an optimiser is given."""

    parameters: list[np.ndarray]
    gradients: list[np.ndarray]


def tensors(shapes: Sequence[tuple[int, ...]]) -> Tensors:
    rng = np.random.default_rng(8)
    return Tensors(
        [rng.standard_normal(shape).astype(np.float32) for shape in shapes],
        [rng.normal(0, 0.01, shape).astype(np.float32) for shape in shapes],
    )


def small_tensors() -> Tensors:
    parameters = network_parameters(np.random.default_rng(3), (784, 128, 64, 10), norm=True)
    return tensors([value.shape for value in parameters.values()])


# A bias in front of a batch norm has gradient 0 but for rounding, and Adam divides that rounding by
# its own size: peers that are all right differ there by a part of the learning rate, and their
# running means follow. (Seen, PyTorch against NumPy: 1e-2 and 2e-3.)
BEFORE_NORM = {
    "linear1.bias": 1e-1,
    "linear2.bias": 1e-1,
    "norm1.running_mean": 2e-2,
    "norm2.running_mean": 2e-2,
}


def chain(name: str, alias: str, ops: int, **options: Any) -> Workload:
    about = f"{ops:,} scalar operations, forward and backward"
    make = partial(Chain, 0.5, ops // 2)
    return Workload(name, alias, about, make, case="chain", ops=ops, **options)


def adam(name: str, alias: str, about: str, make: Callable[[], Tensors]) -> Workload:
    return Workload(name, alias, f"Adam step alone, {about}", make, case="adam")


WORKLOADS = (
    Workload(
        "readme-expression",
        "W1a",
        "the expression of micrograd's README, forward and backward (NumPy: plain numbers)",
        dict,
        tolerance=1e-12,
    ),
    Workload(
        "scalar-mlp",
        "W1b",
        "2-16-16-1 made of scalars, 100 moons, forward and backward (NumPy: plain numbers)",
        scalar_network,
        tolerance=1e-9,
        check_steps=1,
    ),
    chain("chain-1e3", "W6", 1_000),
    chain("chain-1e4", "W6a", 10_000),
    chain("chain-1e5", "W6b", 100_000, check_steps=1),
    chain("chain-1e6", "W6c", 1_000_000, check_steps=1, fewest_rounds=2),
    Workload(
        "chain-flatness",
        "W6d",
        "time per operation in a chain of 1e6, divided by that in a chain of 1e3",
        lambda: [Chain(0.5, 500), Chain(0.5, 500_000)],
        case="chain",
        measure="flatness",
        fewest_rounds=2,
        unit="",
        peers=("minigrad", "minigrad-tuned"),
    ),
    Workload(
        "tiny-mlp",
        "W2",
        "training step, 2-16-16-1, batch 100, tanh, BCE with logits, SGD momentum 0.9",
        two_moons,
    ),
    Workload(
        "mlp-bn",
        "W3",
        "training step, 784-128-64-10, batch 64, batch norm, ReLU, cross-entropy, Adam",
        lambda: classifier(784, 128, 64, 10, batch=64),
        case="classifier",
        loose=BEFORE_NORM,
    ),
    Workload(
        "wide-mlp",
        "W4",
        "training step, 784-1024-1024-10, batch 256, the same",
        lambda: classifier(784, 1024, 1024, 10, batch=256),
        case="classifier",
        tolerance=1e-3,  # seen: 5e-5
        loose=BEFORE_NORM,
    ),
    Workload(
        "elementwise",
        "W5",
        "20 elementwise operations on 1e6 float32, forward and backward",
        elementwise,
    ),
    Workload(
        "hessian-rosenbrock",
        "W7a",
        "Hessian in 10 variables, row by row, by double backward (NumPy: the formula)",
        rosenbrock_point,
    ),
    Workload(
        "hvp-mlp",
        "W7b",
        "Hessian-vector product, 2-16-16-1, batch 100, tanh, mean square, by double backward",
        lambda: with_direction(two_moons()),
    ),
    adam("adam-110k", "W8a", "the 10 tensors of mlp-bn, 109,770 floats", small_tensors),
    adam("adam-1e6", "W8b", "20 tensors of 50,000 floats", lambda: tensors([(200, 250)] * 20)),
    adam("adam-1e7", "W8c", "20 tensors of 500,000 floats", lambda: tensors([(500, 1000)] * 20)),
    Workload(
        "import-time", "W9a", "importing the library in a fresh interpreter", dict, measure="import"
    ),
    Workload(
        "script",
        "W9b",
        "a whole script in a fresh interpreter: import, data, 100 steps of tiny-mlp",
        dict,
        measure="script",
        peers=("numpy", "minigrad", "torch"),
    ),
    Workload(
        "script-memory",
        "W9c",
        "peak memory of that script",
        dict,
        case="script",
        measure="script-memory",
        fewest_rounds=2,
        unit="KB",
        peers=("numpy", "minigrad", "torch"),
    ),
    Workload(
        "memory-growth",
        "W10",
        "memory grown over 1,000 steps of tiny-mlp, garbage collector off",
        two_moons,
        case="tiny-mlp",
        measure="memory",
        unit="KB",
        peers=("numpy", "minigrad", "minigrad-tuned", "torch"),
    ),
)

BY_NAME = {workload.name: workload for workload in WORKLOADS}
