"""Derivatives of derivatives: Newton's method, curvature, Jacobians, and a penalty on a gradient."""

import torch
from torch.autograd import grad
from torch.autograd.functional import hessian, jacobian


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


point = torch.tensor([-1.2, 1.0], dtype=torch.double, requires_grad=True)
for step in range(6):
    value = rosenbrock(point)
    (slope,) = grad(value, point, create_graph=True)
    curvature = torch.stack([grad(one, point, retain_graph=True)[0] for one in slope])
    with torch.no_grad():
        point -= torch.linalg.solve(curvature, slope)
    print(step, value.item(), point.tolist())
print("hessian", hessian(rosenbrock, torch.ones(2, dtype=torch.double)))
print("jacobian", jacobian(lambda x: torch.stack([x.sum(), x.prod()]), torch.tensor([2.0, 3.0])))

# Derivatives of the sine, one after the other.
x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
y = torch.sin(x)
orders = []
for _ in range(5):
    (y,) = grad(y, x, create_graph=True)
    orders.append(y.item())
print(orders)

# A network whose gradient at the data is kept near 1.
torch.manual_seed(6)
net = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Softplus(), torch.nn.Linear(8, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
data = torch.randn(32, 2)
for _ in range(20):
    inputs = data.clone().requires_grad_(True)
    out = net(inputs)
    gradients = grad(out, inputs, grad_outputs=torch.ones_like(out), create_graph=True)[0]
    penalty = ((gradients.norm(2, dim=1) - 1) ** 2).mean()
    optimizer.zero_grad()
    (out.mean() + 10 * penalty).backward()
    optimizer.step()
print("penalty", penalty.item())

# A product of the Hessian and a vector, without the Hessian.
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
v = torch.tensor([0.5, -1.0, 2.0])
first = grad((w**3).sum() + w.prod(), w, create_graph=True)[0]
print(grad((first * v).sum(), w)[0])
