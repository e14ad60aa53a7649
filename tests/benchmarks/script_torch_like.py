"""The same script in PyTorch's words; its argument says whose.  (See worker.py: Scripted.)"""

import importlib
import sys

m = importlib.import_module(sys.argv[1])
nn = m.nn
if hasattr(m, "set_num_threads"):
    m.set_num_threads(1)

m.manual_seed(2)
angle = m.linspace(0, m.pi, 50)
upper = m.stack([m.cos(angle), m.sin(angle)], 1)
lower = m.stack([1 - m.cos(angle), 0.5 - m.sin(angle)], 1)
x = m.cat([upper, lower])
y = m.cat([m.zeros(50, 1), m.ones(50, 1)])

model = nn.Sequential(
    *(nn.Linear(2, 16), nn.Tanh()), *(nn.Linear(16, 16), nn.Tanh()), nn.Linear(16, 1)
)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = m.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

for _ in range(100):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()

assert loss.item() < 0.35, loss
