"""Softmax regression from scratch: the loss picks probabilities by index, the accuracy compares classes."""

import torch

torch.manual_seed(11)
num_inputs, num_outputs, count = 6, 4, 160
centres = 2 * torch.randn(num_outputs, num_inputs)
labels = torch.randint(0, num_outputs, (count,))
features = centres[labels] + torch.randn(count, num_inputs)

W = torch.normal(0, 0.01, size=(num_inputs, num_outputs), requires_grad=True)
b = torch.zeros(num_outputs, requires_grad=True)


def softmax(X):
    X_exp = torch.exp(X)
    partition = X_exp.sum(1, keepdim=True)
    return X_exp / partition


def net(X):
    return softmax(torch.matmul(X.reshape((-1, W.shape[0])), W) + b)


def cross_entropy(y_hat, y):
    return -torch.log(y_hat[range(len(y_hat)), y])


def accuracy(y_hat, y):
    if len(y_hat.shape) > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(axis=1)
    cmp = y_hat.type(y.dtype) == y
    return float(cmp.type(y.dtype).sum())


class Accumulator:
    def __init__(self, n):
        self.data = [0.0] * n

    def add(self, *args):
        self.data = [a + float(b) for a, b in zip(self.data, args, strict=True)]

    def __getitem__(self, idx):
        return self.data[idx]


y = torch.tensor([0, 2])
y_hat = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
print(y_hat[[0, 1], y], cross_entropy(y_hat, y), accuracy(y_hat, y) / len(y))

for epoch in range(4):
    metric = Accumulator(3)
    for X, y in zip(features.split(16), labels.split(16), strict=True):
        l = cross_entropy(net(X), y)  # noqa: E741
        l.sum().backward()
        with torch.no_grad():
            for param in (W, b):
                param -= 0.1 * param.grad / len(X)
                param.grad.zero_()
        metric.add(l.sum().item(), accuracy(net(X), y), y.numel())
    print(f"epoch {epoch}: loss {metric[0] / metric[2]:.6f}, accuracy {metric[1] / metric[2]:.4f}")
print("largest weight", W.abs().max().item(), "norm", torch.norm(W).item())
