"""The workloads of scalars in micrograd's words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from micrograd.engine import Value

from .peers import Builder, Case, Peer
from .scalars import expression, scalar_loss
from .workloads import ScalarNetwork


def readme_expression(_: object) -> Case:
    a, b = Value(-4.0), Value(2.0)

    def step() -> float:
        a.grad = b.grad = 0
        g = expression(a, b)
        g.backward()
        return float(g.data)

    return Case(step, lambda: {"a.grad": np.asarray(a.grad), "b.grad": np.asarray(b.grad)})


def scalar_mlp(inputs: ScalarNetwork) -> Case:
    parameters, loss_of = scalar_loss(inputs, Value)

    def step() -> float:
        for p in parameters:
            p.grad = 0
        loss = loss_of()
        loss.backward()
        return float(loss.data)

    return Case(step, lambda: {"gradients": np.array([p.grad for p in parameters])})


def cases(peer: Peer) -> Mapping[str, Builder]:
    return {"readme-expression": readme_expression, "scalar-mlp": scalar_mlp}
