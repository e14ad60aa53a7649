"""What holds for all optimisers that call the loss themselves: minima, resuming, groups, dtypes, digits."""

import copy
import io

import numpy as np
import pytest
from optim_runs import RECORD, leaf, network
from optim_steps import Quadratic, closure_for, run

import minigrad as mg
from minigrad import nn, optim
from minigrad.optim import (
    ES,
    LBFGS,
    SAM,
    SPSA,
    SVRG,
    Adam,
    HalveOnNoDecrease,
    LevenbergMarquardt,
    LineSearchGD,
    Newton,
    NewtonCG,
    RandomSearch,
    lr_scheduler,
)


def generator():
    return mg.Generator().manual_seed(0)


# How each drives the convex quadratic of five numbers to its minimum: in how many steps, and how close.
MAKERS = {
    "bracketing": (lambda p: LineSearchGD(p, search="bracketing"), 80, 1e-6),
    "backtracking": (lambda p: LineSearchGD(p), 80, 1e-6),
    "strong Wolfe": (lambda p: LineSearchGD(p, search="strong_wolfe"), 80, 1e-6),
    "exact": (lambda p: LineSearchGD(p, search="exact"), 80, 1e-6),
    "SAM": (lambda p: SAM(p, lr=0.1, rho=1e-7, momentum=0.5), 150, 1e-6),
    "SAM with Adam": (lambda p: SAM(p, Adam, rho=1e-3, lr=0.1, adaptive=True), 800, 1e-2),
    "SVRG I": (lambda p: SVRG(p, lr=0.2, generator=generator()), 150, 1e-9),
    "SVRG II": (lambda p: SVRG(p, lr=0.2, option="II", generator=generator()), 600, 1e-9),
    "ES": (lambda p: ES(p, lr=0.1, sigma=1e-3, samples=20, antithetic=True, generator=generator()), 300, 1e-6),
    "ES with Adam": (lambda p: ES(p, lr=0.02, samples=20, shaping="ranks", base=Adam, generator=generator()), 700, 0.2),
    "RandomSearch": (lambda p: RandomSearch(p, samples=2, adapt=1.5, generator=generator()), 500, 1e-4),
    "SPSA": (lambda p: SPSA(p, lr=0.05, samples=2, generator=generator()), 700, 1e-6),
    "HalveOnNoDecrease": (lambda p: HalveOnNoDecrease(p, lr=8.0), 150, 1e-6),
    "Newton": (lambda p: Newton(p), 1, 1e-12),
    "damped Newton": (lambda p: Newton(p, damping=0.5, saddle_free=False, search="exact"), 40, 1e-7),
    "NewtonCG": (lambda p: NewtonCG(p), 20, 1e-9),
    "LevenbergMarquardt": (lambda p: LevenbergMarquardt(p), 20, 1e-9),
    "LBFGS": (lambda p: LBFGS(p, lr=0.5, tolerance_change=1e-15), 6, 1e-6),
    "LBFGS, strong Wolfe": (lambda p: LBFGS(p, tolerance_change=1e-15, line_search_fn="strong_wolfe"), 2, 1e-6),
}  # fmt: skip
BY_CLASS = {type(make(Quadratic().params)): make for make, _, _ in MAKERS.values()}
SCHEDULED = BY_CLASS.keys() - {RandomSearch, LevenbergMarquardt, HalveOnNoDecrease}
each = pytest.mark.parametrize("name", MAKERS)


class Residuals:
    """The quadratic as a sum of squares, for methods that see residuals: L^T x - L^-1 s."""

    def __init__(self, quadratic):
        factor = np.linalg.cholesky(Quadratic.matrix)
        offset = np.linalg.solve(factor, Quadratic.slope)
        like = quadratic.tensors[0]
        self.params = quadratic.params
        self.tensors = [
            mg.tensor(a, dtype=like.dtype, device=like.device) for a in (factor.T, offset)
        ]

    def __call__(self):
        matrix, offset = self.tensors
        return matrix @ mg.cat([p.reshape(-1) for p in self.params]) - offset


def train(optimizer, quadratic, steps):
    """Make steps of any of them."""
    loss = Residuals(quadratic) if optimizer.observes == "residuals" else quadratic
    for _ in range(steps):
        if (
            isinstance(optimizer, SVRG)
            and optimizer.state[quadratic.params[0]].get("steps", 2) % 2 == 0
        ):
            optimizer.snapshot(closure_for(optimizer, loss))
        run(optimizer, loss)


# What they do ------------------------------------------------------------------------------------------


@each
def test_convex_quadratic_is_driven_to_its_minimum(name, device):
    make, steps, close = MAKERS[name]
    quadratic = Quadratic(device)
    train(make(quadratic.params), quadratic, steps)
    np.testing.assert_allclose(quadratic.numbers(), Quadratic.least, rtol=0, atol=close)


@pytest.mark.parametrize(
    "make",
    [
        LineSearchGD,
        lambda p: SAM(p, lr=0.1),
        lambda p: ES(p, lr=0.05, sigma=0.05, samples=20, antithetic=True, generator=generator()),
        lambda p: RandomSearch(p, samples=5, adapt=1.5, generator=generator()),
        lambda p: SPSA(p, lr=0.05, samples=5, generator=generator()),
        HalveOnNoDecrease,
        lambda p: Newton(p, search="backtracking"),
        NewtonCG,
        lambda p: LBFGS(p, max_iter=4),
    ],
)
def test_a_small_network_learns(make, device):
    p = {k: leaf(v, device) for k, v in RECORD["start"].items()}
    x, y = (mg.tensor(RECORD[k], dtype=mg.float64, device=device) for k in "xy")
    before = network(p, x, y).item()
    run(make(p.values()), lambda: network(p, x, y), 40)
    assert network(p, x, y).item() < 0.2 * before


@pytest.mark.parametrize(
    ("make", "epochs"),
    [
        (lambda m: SAM(m.parameters(), lr=0.2, momentum=0.9, model=m), 15),
        (lambda m: SVRG(m.parameters(), lr=0.1, model=m), 20),
        (lambda m: LineSearchGD(m.parameters(), lr=8.0), 150),
        (lambda m: HalveOnNoDecrease(m.parameters(), lr=2.0), 250),
        (lambda m: NewtonCG(m.parameters(), max_iter=10), 25),
        (lambda m: LBFGS(m.parameters(), line_search_fn="strong_wolfe"), 3),
    ],
    ids=["SAM", "SVRG", "LineSearchGD", "HalveOnNoDecrease", "NewtonCG", "LBFGS"],
)
def test_digits_are_learnt(make, epochs):
    """SAM and SVRG by batches of 50, the others by all at once; more than 95 % on held-out digits."""
    mg.manual_seed(0)
    training, held_out = mg.data.digits_split()
    (x, y), (unseen, labels) = training.tensors, held_out.tensors
    model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    criterion = nn.CrossEntropyLoss()
    optimizer = make(model)
    by_batches = isinstance(optimizer, (SAM, SVRG))

    def closure(items=slice(None)):
        return closure_for(optimizer, lambda: criterion(model(x[items]), y[items]))

    for _ in range(epochs):
        if isinstance(optimizer, SVRG):
            optimizer.snapshot(closure())
        for batch in mg.randperm(len(x)).split(50) if by_batches else [slice(None)]:
            optimizer.step(closure(batch))
    assert (model(unseen).argmax(1) == labels).float().mean().item() > 0.95


# PyTorch's contract ------------------------------------------------------------------------------------


@each
def test_going_on_from_a_file_gives_the_same_bits(name, device):
    """With what is remembered, adapted and counted, and the state of the generator."""
    make, _, _ = MAKERS[name]
    whole, begun, resumed = (Quadratic(device) for _ in range(3))
    train(make(whole.params), whole, 7)
    first = make(begun.params)
    train(first, begun, 3)
    file = io.BytesIO()
    mg.save({"params": begun.params, "optimizer": first.state_dict()}, file)
    train(first, begun, 4)  # what was saved does not change
    assert np.array_equal(begun.numbers(), whole.numbers())
    file.seek(0)
    saved = mg.load(file)
    with mg.no_grad():
        for p, value in zip(resumed.params, saved["params"], strict=True):
            p.copy_(value)
    second = make(resumed.params)
    if hasattr(second, "generator"):
        second.generator.normal((3,))  # is put back too
    second.load_state_dict(saved["optimizer"])
    train(second, resumed, 4)
    assert np.array_equal(resumed.numbers(), whole.numbers())


@each
def test_grouping_does_not_matter(name, device):
    make, _, _ = MAKERS[name]
    ends = []
    for groups in (
        lambda ps: ps,
        lambda ps: [{"params": ps[:1]}, {"params": ps[1:]}],
        lambda ps: iter([("a", ps[0]), ("b", ps[1])]),
    ):
        quadratic = Quadratic(device)
        if name.startswith("LBFGS") and isinstance(groups(quadratic.params), list) and ends:
            continue  # has one group only, as in PyTorch
        train(make(groups(quadratic.params)), quadratic, 5)
        ends.append(quadratic.numbers())
    for end in ends[1:]:
        np.testing.assert_allclose(end, ends[0], rtol=0, atol=1e-12)


@each
def test_copies_go_on_by_themselves(name):
    make, _, _ = MAKERS[name]
    quadratic = Quadratic()
    optimizer = make(quadratic.params)
    train(optimizer, quadratic, 2)
    other, twin = copy.deepcopy((quadratic, optimizer))
    train(twin, other, 3)
    train(optimizer, quadratic, 3)
    assert np.array_equal(quadratic.numbers(), other.numbers())


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
@each
def test_dtype_stays(name, dtype, device):
    make, _, _ = MAKERS[name]
    quadratic = Quadratic(device, dtype)
    optimizer = make(quadratic.params)
    with np.errstate(all="raise", under="ignore"):
        train(optimizer, quadratic, 3)
    assert np.isfinite(quadratic.numbers()).all()
    for p in quadratic.params:
        assert p.dtype == dtype and (p.grad is None or p.grad.dtype == dtype)
        assert p.device == quadratic.tensors[0].device
        for value in optimizer.state[p].values():
            assert not isinstance(value, mg.Tensor) or value.dtype == dtype


@each
def test_hooks_are_called_once_a_step_and_gradients_are_recorded_again(name):
    make, _, _ = MAKERS[name]
    quadratic, seen = Quadratic(), []
    optimizer = make(quadratic.params)
    optimizer.register_step_pre_hook(lambda *call: seen.append("before"))
    optimizer.register_step_post_hook(lambda *call: seen.append("after"))
    with mg.no_grad():
        train(optimizer, quadratic, 2)
    assert seen == ["before", "after"] * 2
    train(optimizer, quadratic, 1)
    assert mg.is_grad_enabled()


@pytest.mark.parametrize(
    "name", [name for name in MAKERS if name.startswith(("SAM", "SVRG", "ES", "SPSA"))]
)
def test_climbing_the_negative_is_descending(name, device):
    ends = []
    for climb in (False, True):
        quadratic = Quadratic(device)
        optimizer = MAKERS[name][0]([{"params": quadratic.params, "maximize": climb}])
        loss = (lambda q=quadratic: -q()) if climb else quadratic
        for number in range(6):
            if isinstance(optimizer, SVRG) and number % 3 == 0:
                optimizer.snapshot(closure_for(optimizer, loss))
            run(optimizer, loss)
        ends.append(quadratic.numbers())
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-13)


@pytest.mark.parametrize("kind", sorted(SCHEDULED, key=str))
def test_schedules_set_the_rate(kind):
    quadratic = Quadratic()
    optimizer = BY_CLASS[kind](quadratic.params)
    first = optimizer.param_groups[0]["lr"]
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    for _ in range(2):
        train(optimizer, quadratic, 1)
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(first / 4)


@pytest.mark.parametrize("kind", [k for k in BY_CLASS if k not in (SVRG, LevenbergMarquardt)])
def test_minimize_runs_them(kind):
    path = optim.minimize(lambda x: ((x - 1) ** 2).sum(), [3.0, -2.0], BY_CLASS[kind], steps=12)
    assert path.losses[-1] < path.losses[0] == 13.0
    assert path.points.shape == (13, 2)
    assert path.equation == BY_CLASS[kind](Quadratic().params).equation


@pytest.mark.parametrize("kind", BY_CLASS)
def test_each_says_what_it_does_and_what_the_closure_has_to(kind):
    assert kind.__name__ in optim.__all__ and kind.equation
    assert kind.observes in ("value", "gradient", "curvature", "residuals")
    assert f'``observes = "{kind.observes}"``' in " ".join(kind.__doc__.split())
    for part in (":math:", "References\n", "Examples\n", "Raises\n"):
        assert part in kind.__doc__
