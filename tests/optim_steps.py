"""What tests of optimisers share that call the loss themselves: closures, problems, an outline of a run."""

import numpy as np
from optim_runs import leaf, numbers

import minigrad as mg


def closure_for(optimizer, loss):
    """Return the closure that ``optimizer`` observes, of a loss that is a function of nothing."""
    if optimizer.observes != "gradient":
        return loss

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    return closure


def run(optimizer, loss, steps=1):
    """Make steps; return the losses that they returned."""
    closure = closure_for(optimizer, loss)
    return [float(optimizer.step(closure)) for _ in range(steps)]


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2).sum() + 100 * ((x[1:] - x[:-1] ** 2) ** 2).sum()


def diagonal(*curvatures):
    """Return the quadratic with these second derivatives, least at 0."""
    return lambda x: 0.5 * (mg.tensor(curvatures, dtype=x.dtype, device=x.device) * x * x).sum()


class Quadratic:
    """A convex quadratic of two parameters, of three and two numbers, and where it is least."""

    matrix = np.diag([3.0, 1.0, 2.0, 5.0, 1.5]) + 0.2
    slope = np.array([1.0, -2.0, 0.5, 3.0, -1.0])
    least = np.linalg.solve(matrix, slope)

    def __init__(self, device="cpu", dtype=mg.float64):
        start = [4.0, -3.0, 2.0, 1.0, -2.0]
        self.params = [leaf(start[:3], device, dtype), leaf([start[3:]], device, dtype)]
        self.tensors = [mg.tensor(a, dtype=dtype, device=device) for a in (self.matrix, self.slope)]

    def __call__(self):
        matrix, slope = self.tensors
        x = mg.cat([p.reshape(-1) for p in self.params])
        return 0.5 * x @ matrix @ x - slope @ x

    def numbers(self):
        return np.concatenate([numbers(p).reshape(-1) for p in self.params])
