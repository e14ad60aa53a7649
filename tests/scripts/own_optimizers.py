"""Optimisers of one's own: a subclass with state and groups, Adam written out, and the library's beside it."""

import torch
from torch import nn
from torch.optim import Optimizer


class Momentum(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.9, weight_decay=0.0):
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        defaults = dict(lr=lr, momentum=momentum, weight_decay=weight_decay)
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                d_p = p.grad
                if group["weight_decay"] != 0:
                    d_p = d_p.add(p, alpha=group["weight_decay"])
                state = self.state[p]
                if "velocity" not in state:
                    state["velocity"] = torch.clone(d_p).detach()
                else:
                    state["velocity"].mul_(group["momentum"]).add_(d_p)
                p.add_(state["velocity"], alpha=-group["lr"])
        return loss


def make():
    torch.manual_seed(5)
    x = torch.randn(40, 3)
    y = torch.sin(x.sum(1, keepdim=True))
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)), x, y


criterion = nn.MSELoss()
results = []
for own in (True, False):
    model, x, y = make()
    groups = [
        {"params": model[0].parameters(), "weight_decay": 0.01},
        {"params": model[2].parameters(), "lr": 0.02},
    ]
    optimizer = (Momentum if own else torch.optim.SGD)(groups, lr=0.05, momentum=0.9)

    def closure(model=model, x=x, y=y, optimizer=optimizer):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        return loss

    for _ in range(25):
        loss = optimizer.step(closure)
    results.append(loss.item())
print("momentum:", *results, abs(results[0] - results[1]) < 1e-5)

# Adam, written out.
model, x, y = make()
params = list(model.parameters())
m = [torch.zeros_like(p) for p in params]
v = [torch.zeros_like(p) for p in params]
beta1, beta2, eps, lr = 0.9, 0.999, 1e-8, 0.01
for t in range(1, 31):
    model.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    with torch.no_grad():
        for i, p in enumerate(params):
            m[i].mul_(beta1).add_(p.grad, alpha=1 - beta1)
            v[i].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            m_hat = m[i] / (1 - beta1**t)
            v_hat = v[i] / (1 - beta2**t)
            p.addcdiv_(m_hat, v_hat.sqrt().add_(eps), value=-lr)
by_hand = loss.item()

model, x, y = make()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.999))
for _ in range(30):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
print("adam:", by_hand, loss.item(), len(optimizer.state_dict()["state"]))
