"""A tour of tensors, as courses begin: making, indexing, reshaping, joining, reducing, NumPy, autograd."""

import numpy as np
import torch

x = torch.arange(12)
print(x, x.shape, x.numel())
X = x.reshape(3, 4)
print(X[-1], X[1:3])
X[1, 2] = 17
X[:2, :] = 12
print(X)
print(torch.zeros((2, 3)), torch.ones(1, 2), torch.tensor([[2, 1], [4, 3]]))

a = torch.tensor([1.0, 2, 4, 8])
b = torch.tensor([2, 2, 2, 2])
print(a + b, a - b, a * b, a / b, a**b, torch.exp(a))
X = torch.arange(12, dtype=torch.float32).reshape((3, 4))
Y = torch.tensor([[2.0, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]])
print(torch.cat((X, Y), dim=0).shape, torch.cat((X, Y), dim=1), X == Y, X.sum())
print(torch.arange(3).reshape((3, 1)) + torch.arange(2).reshape((1, 2)))

before = id(Y)
Y += X
print(id(Y) == before)
Z = torch.zeros_like(Y)
Z[:] = X + Y
print(Z)
array = X.numpy()
print(type(array).__name__, type(torch.tensor(array)).__module__ != "numpy")
scalar = torch.tensor([3.5])
print(scalar.item(), float(scalar), int(scalar))

A = torch.arange(20, dtype=torch.float32).reshape(5, 4)
print(A.T, A.mean(), A.sum() / A.numel(), A.mean(axis=0), A.cumsum(axis=0))
print(A.sum(axis=1, keepdims=True), A / A.sum(axis=1, keepdims=True))
print(torch.dot(torch.ones(4), A[1]), torch.mv(A, A[0]), torch.mm(A, torch.ones(4, 3)))
print(torch.norm(torch.tensor([3.0, -4.0])), torch.abs(torch.tensor([3.0, -4.0])).sum())

t = torch.ones(5)
n = t.numpy()
t.add_(1)
print(n, torch.from_numpy(n))
np.add(n, 1, out=n)
print(t)

tensor = torch.rand(3, 4, generator=torch.Generator().manual_seed(0))
print(
    f"Shape of tensor: {tuple(tensor.shape)}",
    f"First row: {tensor[0]}",
    tensor[:, 0],
    tensor[..., -1],
)
print(
    tensor.max(), tensor.max(1).indices, tensor.argmin(dim=0), tensor.sort(descending=True).values
)
print(
    tensor.view(2, 6).size(),
    tensor.unsqueeze(0).squeeze().dim(),
    torch.stack([tensor, tensor]).shape,
)
print((tensor > 0.5).sum().item(), tensor[tensor > 0.9], torch.where(tensor > 0.5, tensor, 0.0)[1])

x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
out.backward()
print(z, out, x.grad)
x = torch.arange(4.0, requires_grad=True)
y = 2 * torch.dot(x, x)
y.backward()
print(x.grad == 4 * x)
x.grad.zero_()
u = (x * x).detach()
(u * x).sum().backward()
print(x.grad == u)


def f(a):
    b = a * 2
    while b.norm() < 1000:
        b = b * 2
    return b if b.sum() > 0 else 100 * b


a = torch.tensor(0.7, requires_grad=True)
d = f(a)
d.backward()
print(a.grad, a.grad == d / a)
