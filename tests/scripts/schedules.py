"""Learning rates that change: steps, milestones, warm-up by hand; and training resumed from a checkpoint."""

import os
import tempfile

import torch
from torch import nn, optim
from torch.optim import lr_scheduler

torch.manual_seed(2)
x = torch.unsqueeze(torch.linspace(-1, 1, 100), dim=1)
y = x.pow(2) + 0.2 * torch.rand(x.size())

net = nn.Sequential(nn.Linear(1, 10), nn.ReLU(), nn.Linear(10, 1))
optimizer = optim.SGD(net.parameters(), lr=0.2, momentum=0.8)
scheduler = lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.5)
loss_func = nn.MSELoss()
for epoch in range(30):
    loss = loss_func(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if epoch % 10 == 9:
        print(epoch, optimizer.param_groups[0]["lr"], scheduler.get_last_lr(), f"{loss.item():.6f}")

# A checkpoint: everything that a later run needs.
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pt")
    torch.save(
        {
            "epoch": epoch,
            "model_state_dict": net.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
            "loss": loss.item(),
        },
        path,
    )
    other = nn.Sequential(nn.Linear(1, 10), nn.ReLU(), nn.Linear(10, 1))
    resumed = optim.SGD(other.parameters(), lr=0.5, momentum=0.8)
    checkpoint = torch.load(path)
other.load_state_dict(checkpoint["model_state_dict"])
resumed.load_state_dict(checkpoint["optimizer_state_dict"])
print("resumed at", checkpoint["epoch"], resumed.param_groups[0]["lr"])
for model, steps in ((net, optimizer), (other, resumed)):
    for _ in range(5):
        loss = loss_func(model(x), y)
        steps.zero_grad()
        loss.backward()
        steps.step()
    print(f"{loss.item():.7f}")

# Milestones, and a rate set by hand.
optimizer = optim.Adam(net.parameters(), lr=0.01, weight_decay=1e-4)
scheduler = lr_scheduler.MultiStepLR(optimizer, milestones=[3, 6], gamma=0.1)
for epoch in range(8):
    for group in optimizer.param_groups:
        if epoch < 2:
            group["lr"] = 0.01 * (epoch + 1) / 2
    optimizer.zero_grad()
    loss = loss_func(net(x), y)
    loss.backward()
    optimizer.step()
    scheduler.step()
print("rate", optimizer.param_groups[0]["lr"], "loss", loss.item())
