"""Optimisers and schedulers beside PyTorch's, where it is installed: states that go to and fro.

PyTorch is no dependency of the tests: without it, this file is skipped.
"""

import copy

import numpy as np
import pytest
from optim_runs import RECORD, Training, advance, made, rates_of, two_groups

import minigrad as mg

torch = pytest.importorskip("torch", reason="PyTorch is not installed (it is no test dependency)")

CODES = list(dict.fromkeys(entry["code"] for entry in RECORD["schedules"]))


def torchs(code):
    """The optimizer of ``two_groups`` and a scheduler in PyTorch."""
    groups = [{"params": torch.zeros(1, requires_grad=True), "lr": lr} for lr in (0.1, 0.02)]
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    return optimizer, eval(code, vars(torch.optim.lr_scheduler) | {"o": optimizer})


@pytest.mark.parametrize("code", CODES)
def test_schedulers_exchange_their_states(code):
    """Seven steps there, five here, and the same the other way round."""
    whole, along = torchs(code)
    for number in range(7):
        advance(whole, along, number)
    optimizer = two_groups()
    scheduler = made(code, optimizer)
    scheduler.load_state_dict(along.state_dict())
    for mine, theirs in zip(optimizer.param_groups, whole.param_groups, strict=True):
        mine.update({name: value for name, value in theirs.items() if name != "params"})
    for number in range(7, 12):
        advance(optimizer, scheduler, number), advance(whole, along, number)
    np.testing.assert_allclose(rates_of(optimizer), rates_of(whole), rtol=1e-12)

    other, follower = torchs(code)
    own = scheduler.state_dict()
    if "milestones" in own:  # PyTorch counts them
        own["milestones"] = follower.milestones
    follower.load_state_dict(copy.deepcopy(own))
    for mine, theirs in zip(optimizer.param_groups, other.param_groups, strict=True):
        theirs.update({name: value for name, value in mine.items() if name != "params"})
    for number in range(12, 17):
        advance(optimizer, scheduler, number), advance(other, follower, number)
    np.testing.assert_allclose(rates_of(other), rates_of(optimizer), rtol=1e-12)


@pytest.fixture
def double():
    """What PyTorch keeps beside the parameters' dtype: NAdam's product of momenta."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", RECORD["state_dicts"])
def test_optimizers_take_pytorchs_states(name, double):
    """Made by PyTorch itself, with its tensors: one more step there and here is the same."""
    group = RECORD["state_dicts"][name]["param_groups"][0]
    options = {o: group[o] for o in ("momentum", "amsgrad", "centered") if o in group}
    training = Training(getattr(mg.optim, name), "cpu", **options)
    training.step()
    params = [
        torch.tensor(p.detach().numpy(), requires_grad=True) for p in training.params.values()
    ]
    theirs = getattr(torch.optim, name)(params, **options)
    for turn in range(3):
        for p, q in zip(params, training.params.values(), strict=True):
            p.grad = torch.tensor((turn + 1) * np.ones(tuple(p.shape)))
            q.grad = mg.tensor(p.grad.numpy())
        if turn == 2:
            saved = copy.deepcopy(theirs.state_dict())
            for slots in saved["state"].values():
                slots.update({k: mg.tensor(v.numpy()) for k, v in slots.items() if v is not None})
            training.optimizer.load_state_dict(saved)
            with mg.no_grad():
                for p, q in zip(params, training.params.values(), strict=True):
                    q.copy_(mg.tensor(p.detach().numpy()))
            training.optimizer.step()
        theirs.step()
    for p, q in zip(params, training.params.values(), strict=True):
        np.testing.assert_allclose(q.detach().numpy(), p.detach().numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("adjust_lr_fn", [None, "original", "match_rms_adamw"])
@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_is_pytorchs_but_for_bfloat16(adjust_lr_fn, nesterov):
    """It rounds its iteration to 8 bits: each number of a step of length 1 is off by a hundredth."""
    random = np.random.default_rng(0)
    for shape in ((20, 50), (50, 20)):
        values = random.normal(size=shape).astype(np.float32)
        p, q = torch.tensor(values, requires_grad=True), mg.tensor(values, requires_grad=True)
        options = {"lr": 0.01, "adjust_lr_fn": adjust_lr_fn, "nesterov": nesterov}
        theirs, mine = torch.optim.Muon([p], **options), mg.optim.Muon([q], **options)
        assert theirs.defaults.items() <= mine.defaults.items()
        for _ in range(3):
            g = random.normal(size=shape).astype(np.float32)
            p.grad, q.grad = torch.tensor(g), mg.tensor(g)
            theirs.step(), mine.step()
        buffer = theirs.state[p]["momentum_buffer"]
        np.testing.assert_allclose(mine.state[q]["momentum_buffer"].numpy(), buffer, atol=1e-6)
        difference = np.abs(q.detach().numpy() - p.detach().numpy()).max()
        moved = np.abs(q.detach().numpy() - values).max()
        assert difference < 0.03 * moved
