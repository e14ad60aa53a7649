"""L-BFGS beside PyTorch's, where it is installed: states that go to and fro.

PyTorch is no dependency of the tests: without it, this file is skipped.
"""

import numpy as np
import pytest
from optim_runs import leaf, numbers
from optim_steps import closure_for, rosenbrock, run

import minigrad as mg
from minigrad.optim import LBFGS

torch = pytest.importorskip("torch", reason="PyTorch is not installed (it is no test dependency)")

OPTIONS = {"max_iter": 3, "history_size": 4, "line_search_fn": "strong_wolfe"}


def torchs(start):
    """PyTorch's optimizer at ``start``, its parameter, and a function that makes steps."""
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([x], **OPTIONS)

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(x)
        loss.backward()
        return loss

    return optimizer, x, lambda steps: [optimizer.step(closure) for _ in range(steps)]


def translated(value, tensor):
    """Return a state with the tensors of the other library."""
    if isinstance(value, dict):
        return {key: translated(part, tensor) for key, part in value.items()}
    if isinstance(value, list):
        return [translated(part, tensor) for part in value]
    return tensor(value) if isinstance(value, (mg.Tensor, torch.Tensor)) else value


def test_each_goes_on_from_the_others_state():
    theirs, there, go = torchs([-1.2, 1.0, 0.5])
    go(3)
    x = leaf(there.tolist(), "cpu")
    mine = LBFGS([x], **OPTIONS)
    mine.load_state_dict(translated(theirs.state_dict(), lambda t: mg.tensor(t.numpy())))
    go(2), run(mine, lambda: rosenbrock(x), 2)
    np.testing.assert_allclose(numbers(x), there.tolist(), rtol=0, atol=1e-10)

    again, other, go = torchs(x.tolist())
    again.load_state_dict(translated(mine.state_dict(), lambda t: torch.tensor(numbers(t))))
    go(2), run(mine, lambda: rosenbrock(x), 2)
    np.testing.assert_allclose(numbers(x), other.tolist(), rtol=0, atol=1e-10)


def test_the_first_loss_is_returned():
    theirs, there, go = torchs([-1.2, 1.0])
    x = leaf([-1.2, 1.0], "cpu")
    mine = LBFGS([x], **OPTIONS)
    closure = closure_for(mine, lambda: rosenbrock(x))
    for expected in go(5):
        assert mine.step(closure).item() == pytest.approx(expected.item(), abs=1e-9)
