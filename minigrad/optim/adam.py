"""Adam and AdamW."""

from __future__ import annotations

import math
from typing import Any

from minigrad.backend.devices import xp_of
from minigrad.optim.optimizer import Optimizer


class Adam(Optimizer):
    defaults = {
        "lr": 1e-3,
        "betas": (0.9, 0.999),
        "eps": 1e-8,
        "weight_decay": 0.0,
        "amsgrad": False,
    }
    ranges = Optimizer.ranges | {"betas": (0, 1), "eps": (0, math.inf)}

    def state_names(self, group):
        names = "step", "exp_avg", "exp_avg_sq"
        return (*names, "max_exp_avg_sq") if group["amsgrad"] else names

    def update(self, theta, g, s, lr, betas, eps, amsgrad):
        xp = xp_of(theta)
        beta1, beta2 = betas
        m, v, work = s.exp_avg, s.exp_avg_sq, s.work
        m *= beta1
        m += xp.multiply(g, 1 - beta1, out=work)
        v *= beta2
        xp.multiply(g, g, out=work)
        work *= 1 - beta2
        v += work
        if amsgrad:
            v = xp.maximum(s.max_exp_avg_sq, v, out=s.max_exp_avg_sq)
        c1, c2 = 1 - beta1**s.step, math.sqrt(1 - beta2**s.step)
        xp.sqrt(v, out=work)
        work += eps * c2
        xp.divide(m, work, out=work)
        work *= lr * c2 / c1
        theta -= work


class AdamW(Adam):
    defaults = Adam.defaults | {"weight_decay": 1e-2, "decoupled_weight_decay": True}
