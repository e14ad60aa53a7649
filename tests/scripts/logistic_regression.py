"""Logistic regression on two clouds of points: once by hand, once with layers, and how well it does."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(7)
n_data = torch.ones(100, 2)
x0 = torch.normal(2 * n_data, 1)
x1 = torch.normal(-2 * n_data, 1)
x = torch.cat((x0, x1), 0).type(torch.FloatTensor)
y = torch.cat((torch.zeros(100), torch.ones(100))).type(torch.FloatTensor)

# By hand.
w = torch.zeros(2, requires_grad=True)
b = torch.zeros((), requires_grad=True)
for _ in range(50):
    probability = torch.sigmoid(x @ w + b).clamp(1e-7, 1 - 1e-7)
    loss = -(y * torch.log(probability) + (1 - y) * torch.log(1 - probability)).mean()
    grad_w, grad_b = torch.autograd.grad(loss, (w, b))
    with torch.no_grad():
        w -= 0.5 * grad_w
        b.sub_(0.5 * grad_b)
print("by hand:", loss.item(), w.detach(), b.item())


class LogisticRegression(nn.Module):
    def __init__(self, input_dim):
        super().__init__()
        self.linear = nn.Linear(input_dim, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x)).squeeze(-1)


model = LogisticRegression(2)
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
for epoch in range(30):
    output = model(x)
    loss = criterion(output, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    mask = output.ge(0.5).float()
    accuracy = (mask == y).sum().item() / y.numel()
    if (epoch + 1) % 10 == 0:
        print(f"epoch [{epoch + 1}/30], loss {loss.item():.6f}, accuracy {accuracy:.3f}")

with torch.no_grad():
    logits = model.linear(x).view(-1)
    print("with logits:", F.binary_cross_entropy_with_logits(logits, y).item())
    predicted = torch.where(logits > 0, 1, 0)
    print(
        "classes:", torch.bincount(predicted), "confusions:", (predicted != y.long()).sum().item()
    )
