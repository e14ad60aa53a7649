"""Dropout, batch norm and weight decay; training and evaluation modes; a split of the data."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(9)
features = torch.randn(120, 5)
targets = (features[:, :2].prod(1) > 0).long()
dataset = TensorDataset(features, targets)
train_set, test_set = random_split(dataset, [90, 30], generator=torch.Generator().manual_seed(1))
train_loader = DataLoader(train_set, batch_size=30, shuffle=True, drop_last=True)
test_loader = DataLoader(test_set, batch_size=10, shuffle=False)


class Net(nn.Module):
    def __init__(self, p=0.2):
        super(Net, self).__init__()  # noqa: UP008
        self.fc1 = nn.Linear(5, 32, bias=False)
        self.bn1 = nn.BatchNorm1d(32)
        self.fc2 = nn.Linear(32, 16)
        self.dropout = nn.Dropout(p)
        self.head = nn.Linear(16, 2)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        x = F.relu(self.bn1(self.fc1(x)))
        x = self.dropout(torch.tanh(self.fc2(x)))
        return F.log_softmax(self.head(x), dim=1)


net = Net()
optimizer = optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.05)
for epoch in range(4):
    net.train()
    running_loss = 0.0
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = F.nll_loss(net(inputs), labels)
        l2 = sum(p.pow(2.0).sum() for p in net.parameters())
        (loss + 1e-4 * l2).backward()
        optimizer.step()
        running_loss += loss.item() * inputs.size(0)
    net.eval()
    correct = total = 0
    with torch.no_grad():
        for inputs, labels in test_loader:
            _, predicted = torch.max(net(inputs).data, 1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    print(f"epoch {epoch}: loss {running_loss / 90:.6f}, accuracy {correct}/{total}")
print(
    "running mean", net.bn1.running_mean[:3], "calls", int(net.calls), net.bn1.num_batches_tracked
)
print(sorted(net.state_dict().keys())[:4], net.training)
