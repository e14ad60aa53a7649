"""A line through points: gradients by autograd, steps on ``.data``, as the oldest tutorials do it."""

import torch
from torch.autograd import Variable

torch.manual_seed(1)
x_data = torch.FloatTensor([[1.0], [2.0], [3.0], [4.0]])
y_data = 2 * x_data - 1 + 0.1 * torch.randn(4, 1)

w = Variable(torch.randn(1, 1), requires_grad=True)
b = Variable(torch.zeros(1), requires_grad=True)


def forward(x):
    return x.mm(w) + b


def loss(x, y):
    return (forward(x) - y).pow(2).mean()


print("before training:", forward(torch.Tensor([[5.0]])).data[0][0].item())
for epoch in range(100):
    l = loss(x_data, y_data)  # noqa: E741
    l.backward()
    w.data = w.data - 0.05 * w.grad.data
    b.data -= 0.05 * b.grad.data
    w.grad.data.zero_()
    b.grad.data.zero_()
    if epoch % 25 == 0:
        print("epoch", epoch, "loss %.6f" % l.item())  # noqa: UP031
print("after training:", forward(torch.Tensor([[5.0]])).data[0][0].item())

# The same with one point at a time.
v = torch.tensor([1.0], requires_grad=True)
for _ in range(10):
    for x_val, y_val in zip([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], strict=True):
        error = (x_val * v - y_val) ** 2
        error.backward()
        v.data = v.data - 0.01 * v.grad.item()
        v.grad.data.zero_()
print(f"slope: {v.item():.5f}, last error: {error.item():.3e}")
