"""Self-attention in small: causal averages in three versions, then one block trained on a sequence."""

import torch
import torch.nn as nn
from torch.nn import functional as F

torch.manual_seed(1337)
B, T, C, head_size = 2, 6, 8, 4
x = torch.randn(B, T, C)

xbow = torch.zeros((B, T, C))
for b in range(B):
    for t in range(T):
        xbow[b, t] = torch.mean(x[b, : t + 1], 0)
wei = torch.tril(torch.ones(T, T))
wei = wei / wei.sum(1, keepdim=True)
tril = torch.tril(torch.ones(T, T))
masked = torch.zeros((T, T)).masked_fill(tril == 0, float("-inf"))
masked = F.softmax(masked, dim=-1)
print(torch.allclose(xbow, wei @ x, atol=1e-6), torch.allclose(xbow, masked @ x, atol=1e-6))


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.key = nn.Linear(C, head_size, bias=False)
        self.query = nn.Linear(C, head_size, bias=False)
        self.value = nn.Linear(C, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(T, T)))

    def forward(self, x):
        _, length, _ = x.shape
        k, q = self.key(x), self.query(x)
        wei = q @ k.transpose(-2, -1) * head_size**-0.5
        wei = wei.masked_fill(self.tril[:length, :length] == 0, float("-inf"))
        return F.softmax(wei, dim=-1) @ self.value(x)


class Model(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.token = nn.Embedding(vocabulary, C)
        self.position = nn.Embedding(T, C)
        self.heads = nn.ModuleList([Head() for _ in range(2)])
        self.ln = nn.LayerNorm(C)
        self.out = nn.Linear(C, vocabulary)

    def forward(self, idx, targets=None):
        x = self.token(idx) + self.position(torch.arange(idx.shape[1]))
        x = x + torch.cat([h(self.ln(x)) for h in self.heads], dim=-1)
        logits = self.out(x)
        if targets is None:
            return logits, None
        B, T, V = logits.shape
        return logits, F.cross_entropy(logits.view(B * T, V), targets.view(B * T))


text = torch.tensor([0, 1, 2, 3, 2, 1] * 20)
model = Model(4)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for _ in range(40):
    ix = torch.randint(len(text) - T, (8,))
    xb = torch.stack([text[i : i + T] for i in ix])
    yb = torch.stack([text[i + 1 : i + T + 1] for i in ix])
    logits, loss = model(xb, yb)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
print("loss", loss.item(), "parameters", sum(p.numel() for p in model.parameters()))

idx = torch.zeros((1, 1), dtype=torch.long)
for _ in range(8):
    logits, _ = model(idx[:, -T:])
    probs = F.softmax(logits[:, -1, :], dim=-1)
    idx = torch.cat((idx, torch.multinomial(probs, num_samples=1)), dim=1)
print(idx[0].tolist(), model.heads[0](x).std().item())
