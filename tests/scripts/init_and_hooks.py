"""Looking inside: initial weights by ``apply``, hooks on gradients, kept gradients, clipping, sizes."""

import torch
import torch.nn as nn
import torch.nn.init as init

torch.manual_seed(4)


def weights_init(m):
    if isinstance(m, nn.Linear):
        init.xavier_uniform_(m.weight)
        init.constant_(m.bias, 0.1)


def kaiming(m):
    if type(m) is nn.Linear:
        nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
        nn.init.zeros_(m.bias)


model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.Sigmoid(), nn.Linear(6, 1))
model.apply(weights_init)
print("xavier", model[0].weight.abs().max().item(), model[0].bias.data[:2])
model.apply(kaiming)
print("kaiming", model[2].weight.std().item())
print("parameters", sum(p.numel() for p in model.parameters() if p.requires_grad))
for name, param in model.named_parameters():
    print(name, tuple(param.size()), end=" ")
print()

seen = {}


def remember(name):
    def hook(grad):
        seen[name] = grad.norm().item()

    return hook


handles = [p.register_hook(remember(n)) for n, p in model.named_parameters() if "weight" in n]
x = torch.randn(10, 4)
hidden = model[0](x)
hidden.retain_grad()
out = model[1:](hidden).mean()
out.backward()
print("gradient of hidden", hidden.grad.norm().item(), {k: round(v, 5) for k, v in seen.items()})
for handle in handles:
    handle.remove()

# A hook that changes the gradient on its way.
z = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
h = z.register_hook(lambda grad: grad.clamp(-1, 1))
(z**2).sum().backward()
h.remove()
print("clamped", z.grad)

# Clipping.
before = nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.01)
after = torch.norm(torch.stack([p.grad.norm(2) for p in model.parameters()]), 2)
print("clipped", before.item(), after.item())

# Frozen layers get no gradient.
for param in model[0].parameters():
    param.requires_grad = False
model.zero_grad()
model(x).sum().backward()
print([p.grad is None or bool((p.grad == 0).all()) for p in model.parameters()])

# Forward hooks.
shapes = []
handle = model[2].register_forward_hook(
    lambda module, args, output: shapes.append(tuple(output.shape))
)
model(x)
handle.remove()
model(x)
print(shapes, model)
