"""Gradient descent, with momentum in PyTorch's form."""

from __future__ import annotations

import math
from typing import Any

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class SGD(Optimizer):
    defaults = {
        "lr": 1e-3,
        "momentum": 0.0,
        "dampening": 0.0,
        "weight_decay": 0.0,
        "nesterov": False,
    }
    ranges = Optimizer.ranges | {"momentum": (0, math.inf)}

    def state_names(self, group):
        return ("momentum_buffer",) if group["momentum"] else ()

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        if group["nesterov"] and (not group["momentum"] or group["dampening"]):
            raise ValueError("SGD: nesterov=True needs momentum > 0 and dampening = 0")

    def update(self, theta, g, s, lr, momentum, dampening, nesterov):
        xp = xp_of(theta)
        direction = g
        if momentum:
            b = direction = s.momentum_buffer
            if s.new:
                b[...] = g
            else:
                b *= momentum
                b += xp.multiply(g, 1 - dampening, out=s.work) if dampening else g
            if nesterov:
                direction = xp.multiply(b, momentum, out=s.work)
                direction += g
        theta -= xp.multiply(direction, lr, out=s.work)
