"""A whole script: 100 training steps of a small network by hand.  (See worker.py: Scripted.)"""

import numpy as np

rng = np.random.default_rng(2)
angle = np.linspace(0, np.pi, 50)
upper = np.stack([np.cos(angle), np.sin(angle)], 1)
lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], 1)
x = np.concatenate([upper, lower]).astype(np.float32)
y = np.repeat([[0.0], [1.0]], 50, 0).astype(np.float32)

parameters = []
for wide, out in ((2, 16), (16, 16), (16, 1)):
    bound = wide**-0.5
    parameters += [rng.uniform(-bound, bound, (out, wide)), rng.uniform(-bound, bound, out)]
parameters = [p.astype(np.float32) for p in parameters]
w1, b1, w2, b2, w3, b3 = parameters
velocities = [np.zeros_like(p) for p in parameters]

for _ in range(100):
    h1 = np.tanh(x @ w1.T + b1)
    h2 = np.tanh(h1 @ w2.T + b2)
    z = h2 @ w3.T + b3
    loss = float(np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))))

    gz = (1 / (1 + np.exp(-z)) - y) / len(x)
    g2 = (gz @ w3) * (1 - h2 * h2)
    g1 = (g2 @ w2) * (1 - h1 * h1)
    gradients = [g1.T @ x, g1.sum(0), g2.T @ h1, g2.sum(0), gz.T @ h2, gz.sum(0)]
    for p, v, g in zip(parameters, velocities, gradients, strict=True):
        v[...] = 0.9 * v + g
        p -= 0.1 * v

assert loss < 0.35, loss
