"""A character model from pairs of letters: counted, then learnt; and names drawn from both."""

import torch
import torch.nn.functional as F

words = "emma olivia ava isabella sophia mia amelia harper evelyn luna anna nora hazel mila ella".split()
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
size = len(stoi)

N = torch.zeros((size, size), dtype=torch.int32)
for word in words:
    letters = ["."] + list(word) + ["."]
    for one, other in zip(letters, letters[1:], strict=False):
        N[stoi[one], stoi[other]] += 1
print(N.sum().item(), N[0].max().item(), N.shape)

P = (N + 1).float()
P /= P.sum(1, keepdims=True)

g = torch.Generator().manual_seed(2147483647)
for _ in range(3):
    out, ix = [], 0
    while True:
        ix = torch.multinomial(P[ix], num_samples=1, replacement=True, generator=g).item()
        out.append(itos[ix])
        if ix == 0 or len(out) > 12:
            break
    print("".join(out))

log_likelihood, n = 0.0, 0
for word in words:
    letters = ["."] + list(word) + ["."]
    for one, other in zip(letters, letters[1:], strict=False):
        log_likelihood += torch.log(P[stoi[one], stoi[other]])
        n += 1
print(f"{log_likelihood=:.4f} {-log_likelihood / n:.6f}")

# The same as a network of one layer.
xs, ys = [], []
for word in words:
    letters = ["."] + list(word) + ["."]
    for one, other in zip(letters, letters[1:], strict=False):
        xs.append(stoi[one])
        ys.append(stoi[other])
xs, ys = torch.tensor(xs), torch.tensor(ys)
num = xs.nelement()
W = torch.randn((size, size), generator=g, requires_grad=True)
for _ in range(40):
    xenc = F.one_hot(xs, num_classes=size).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(num), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -20 * W.grad
print("loss by hand", loss.item(), "cross entropy", F.cross_entropy(xenc @ W, ys).item())
