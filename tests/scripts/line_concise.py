"""Linear regression with what the library has: dataset, loader, layer, loss, optimiser."""

import torch
from torch import nn
from torch.utils import data

torch.manual_seed(3)
true_w, true_b = torch.tensor([2, -3.4]), 4.2
features = torch.randn(200, 2)
labels = (features @ true_w + true_b + 0.01 * torch.randn(200)).unsqueeze(1)


def load_array(data_arrays, batch_size, is_train=True):
    dataset = data.TensorDataset(*data_arrays)
    return data.DataLoader(dataset, batch_size, shuffle=is_train)


data_iter = load_array((features, labels), 10)
print([tuple(part.shape) for part in next(iter(data_iter))])

net = nn.Sequential(nn.Linear(2, 1))
net[0].weight.data.normal_(0, 0.01)
net[0].bias.data.fill_(0)

loss = nn.MSELoss()
trainer = torch.optim.SGD(net.parameters(), lr=0.03)
for epoch in range(3):
    for X, y in data_iter:
        l = loss(net(X), y)  # noqa: E741
        trainer.zero_grad()
        l.backward()
        trainer.step()
    l = loss(net(features), labels)  # noqa: E741
    print(f"epoch {epoch + 1}, loss {l:f}")
print("w:", net[0].weight.data, "b:", net[0].bias.data)

# A closed form, for comparison.
ones = torch.ones(len(features), 1)
solution = torch.linalg.lstsq(torch.hstack([features, ones]), labels).solution
print("least squares:", solution.T)
