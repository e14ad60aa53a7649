"""Momentum and Nesterov's in every convention: the worked numbers, the recurrence, the look-ahead."""

from functools import partial

import numpy as np
import pytest
from optim_runs import Training, ill_conditioned, leaf, numbers, path_of

import minigrad as mg
from minigrad.optim import SGD, Momentum, Nesterov
from minigrad.optim.transforms import l2

ETA, MU = 0.01, 0.9
START = [3.0, -2.0]
CURVATURE = np.array([1.0, 10.0])


def gabor_loss(points=slice(None)):
    """The loss of document 003 over some of its points."""
    mg.set_default_dtype(mg.float64)
    x, y = (t[points] for t in mg.data.load_gabor())

    def loss(phi):
        u = phi[0] + 0.06 * phi[1] * x
        return ((mg.sin(u) * mg.exp(-u * u / 32) - y) ** 2).sum()

    return loss


# The table of conventions -------------------------------------------------------------------------

FORMS = [  # the table of 25 steps, rows 000.15, 001.17, 003.22, 003.28, 004.10
    ("classical", partial(Momentum.classical, lr=ETA, mu=MU), (-0.12622966, 0.10108966)),
    ("pytorch", partial(Momentum.pytorch, lr=ETA, mu=MU), (-0.12622966, 0.10108966)),
    ("SGD", partial(SGD, lr=ETA, momentum=MU), (-0.12622966, 0.10108966)),
    ("ema", partial(Momentum.ema, alpha=ETA / (1 - MU), beta=MU), (-0.12622966, 0.10108966)),
    ("ema, alpha = eta", partial(Momentum.ema, alpha=ETA, beta=MU), (2.52299044, 0.08415311)),
    ("dampened", partial(Momentum.pytorch, lr=ETA, mu=MU, dampening=MU), (2.29634224, 0.54977578)),
    ("SGD, dampened", partial(SGD, lr=ETA, momentum=MU, dampening=MU), (2.29634224, 0.54977578)),
    ("shifted", partial(SGD, lr=ETA, momentum=MU, nesterov=True), (-0.07426687, 0.03510181)),
    ("sutskever", partial(Nesterov.sutskever, lr=ETA, mu=MU), (-0.00702856, -0.01071434)),
    ("lookahead", partial(Nesterov.lookahead, alpha=ETA / (1 - MU), beta=MU), (-0.00702856, -0.01071434)),
    ("as printed", partial(Nesterov.lookahead, alpha=ETA / (1 - MU), beta=MU, at="alpha_m"), (0.00564728, -0.01483455)),
]  # fmt: skip


@pytest.mark.parametrize(("make", "end"), [form[1:] for form in FORMS], ids=[f[0] for f in FORMS])
def test_25_steps_in_every_convention(make, end, device):
    path = path_of(make, ill_conditioned, START, 25, device)
    np.testing.assert_allclose(path[-1], end, rtol=0, atol=5e-9)


@pytest.mark.parametrize(
    ("make", "end"),
    [
        (partial(Momentum.classical, lr=ETA, mu=MU), (0.59345731, 0.26901422)),
        (partial(Momentum.pytorch, lr=ETA, mu=MU), (1.60697825, 0.39636266)),
        (partial(SGD, lr=ETA, momentum=MU), (1.60697825, 0.39636266)),
    ],
    ids=["classical", "pytorch", "SGD"],
)
def test_the_forms_part_when_the_rate_drops_at_step_10(make, end, device):
    x = leaf(START, device)
    optimizer = make([x])
    for step in range(25):
        if step == 10:
            optimizer.param_groups[0]["lr"] *= 0.1
        optimizer.zero_grad()
        ill_conditioned(x).backward()
        optimizer.step()
    np.testing.assert_allclose(numbers(x), end, rtol=0, atol=5e-9)


def test_the_shifted_form_is_where_sutskevers_looks():
    """SGD(nesterov=True) keeps theta - mu v; eq. 6.12, corrected, keeps theta, to all digits."""
    x = leaf(START, "cpu")
    optimizer = Nesterov.sutskever([x], ETA, MU)
    seen = []

    def closure():
        seen.append(numbers(x).copy())
        optimizer.zero_grad()
        loss = ill_conditioned(x)
        loss.backward()
        return loss

    path = []
    for _ in range(25):
        path.append(numbers(x).copy())
        optimizer.step(closure)
    shifted = path_of(partial(SGD, lr=ETA, momentum=MU, nesterov=True), ill_conditioned, START, 24)
    np.testing.assert_allclose(seen, shifted, rtol=0, atol=1e-14)
    corrected = partial(Nesterov.lookahead, alpha=ETA / (1 - MU), beta=MU)
    np.testing.assert_allclose(path, path_of(corrected, ill_conditioned, START, 24), atol=1e-14)


# Each against its equation, unrolled by hand ---------------------------------------------------------


@pytest.mark.parametrize("dampening", [0.0, 0.3, MU])
@pytest.mark.parametrize("lr_inside", [True, False])
@pytest.mark.parametrize("lookahead", ["none", "momentum", "velocity"])
@pytest.mark.parametrize("undamped_first", [False, True])
def test_the_recurrence(dampening, lr_inside, lookahead, undamped_first):
    make = partial(
        Momentum, lr=ETA, momentum=MU, dampening=dampening, lr_inside=lr_inside,
        lookahead=lookahead, undamped_first=undamped_first,
    )  # fmt: skip
    theta, v, expected = np.array(START), np.zeros(2), [START]
    outside = 1 if lr_inside else ETA
    for step in range(12):
        inside = (ETA if lr_inside else 1) * (1 - dampening)
        if undamped_first and step == 0:
            inside = ETA if lr_inside else 1
        reach = {"none": 0, "momentum": MU, "velocity": 1}[lookahead] * outside
        v = MU * v + inside * CURVATURE * (theta - reach * v)
        theta = theta - outside * v
        expected.append(theta)
    np.testing.assert_allclose(path_of(make, ill_conditioned, START, 12), expected, atol=1e-13)


def test_growing_coefficients_are_nesterovs_of_1983():
    """y and x of his scheme, in which x goes on from y; mu = 0, 0.28, 0.43, 0.53, ..."""
    lr = 0.05
    t, x, y, expected, mus = 1.0, np.array(START), np.array(START), [START], []
    for _ in range(30):
        last, x = x, y - lr * CURVATURE * y
        t, t_last = (1 + np.sqrt(1 + 4 * t * t)) / 2, t
        mus.append((t_last - 1) / t)
        y = x + mus[-1] * (x - last)
        expected.append(x)
    path = path_of(partial(Nesterov, lr=lr, growing=True), ill_conditioned, START, 30)
    np.testing.assert_allclose(path, expected, atol=1e-13)
    np.testing.assert_allclose(mus[:4], [0, 0.2818, 0.4340, 0.5311], atol=5e-5)


@pytest.mark.parametrize("lookahead", ["none", "momentum", "velocity"])
def test_momentum_may_start_to_grow_in_mid_run(lookahead):
    """Its coefficients are then those of the first steps: 0, 0, 0.28, ..."""
    x = leaf(START, "cpu")
    optimizer = Nesterov([x], ETA, MU, lookahead=lookahead)
    theta, v = np.array(START), np.zeros(2)

    def closure():
        optimizer.zero_grad()
        loss = ill_conditioned(x)
        loss.backward()
        return loss

    for mu in (MU, MU, 0.0, 0.0, 0.28175352512532087):
        optimizer.param_groups[0]["growing"] = mu != MU
        optimizer.step(closure)
        far = {"none": 0.0, "momentum": mu, "velocity": 1.0}[lookahead]
        v = mu * v + ETA * CURVATURE * (theta - far * v)
        theta = theta - v
        np.testing.assert_allclose(numbers(x), theta, rtol=0, atol=1e-14)


def test_pytorchs_form_is_sgd(device):
    for options in ({}, {"dampening": 0.3}, {"weight_decay": 0.1}, {"maximize": True}):
        mine = Training(Momentum.pytorch, device, lr=0.1, mu=0.9, **options)
        theirs = Training(SGD, device, lr=0.1, momentum=0.9, **options)
        mine.step(5), theirs.step(5)
        for name, values in theirs.numbers().items():
            np.testing.assert_array_equal(mine.numbers()[name], values)


def test_003_25_the_average_is_the_weighted_sum_of_all_gradients():
    x = leaf([0.0], "cpu")
    optimizer = Momentum.ema([x], alpha=1.0, beta=0.9)
    for g in (1.0, 2.0, 3.0, 4.0, 5.0):
        x.grad = mg.tensor([g], dtype=mg.float64)
        optimizer.step()
    unrolled = sum(0.1 * 0.9 ** (5 - k) * k for k in (1, 2, 3, 4, 5))
    average = optimizer.state[x]["velocity"].item()
    assert average == pytest.approx(1.31441, abs=1e-12)
    assert unrolled == pytest.approx(1.31441, abs=1e-12)


@pytest.mark.parametrize("named", ["in the group", "in mid-run"])
@pytest.mark.parametrize("make", [Momentum.ema, Nesterov.lookahead])
def test_in_an_average_one_minus_beta_follows_beta(make, named, device):
    """With g = 1 and beta = 0.5 the first step is 0.5, whatever beta the constructor was given."""
    x = leaf([1.0], device)
    own = {"momentum": 0.5} if named == "in the group" else {}
    optimizer = make([{"params": [x], **own}], 1.0, 0.9)
    if not own:
        optimizer.param_groups[0]["momentum"] = 0.5
    loaded = make([leaf([1.0], device)], 1.0, 0.9)
    loaded.load_state_dict(optimizer.state_dict())
    for one in (optimizer, loaded):
        (p,) = one.param_groups[0]["params"]
        one.step(direction=[mg.ones_like(p).detach()])
        assert p.item() == 0.5
        one.param_groups[0]["momentum"] = 0.25  # v = 0.25 * 0.5 + 0.75
        one.step(direction=[mg.ones_like(p).detach()])
        assert p.item() == 0.5 - 0.875


def test_a_state_saved_with_a_number_as_dampening_is_still_read(device):
    x = leaf([1.0], device)
    optimizer = Momentum.ema([x], 1.0, 0.5)
    saved = optimizer.state_dict()
    assert saved["param_groups"][0]["dampening"] is None
    saved["param_groups"][0]["dampening"] = 0.5
    optimizer.load_state_dict(saved)
    optimizer.step(direction=[mg.ones_like(x).detach()])
    assert x.item() == 0.5


def test_003_26_along_a_constant_gradient_the_step_becomes_the_rate_times_it():
    average = path_of(partial(Momentum.ema, alpha=0.1, beta=0.9), lambda x: 7 * x.sum(), [0.0], 300)
    np.testing.assert_allclose(average[-2] - average[-1], 0.7, rtol=1e-9)
    classical = path_of(partial(Momentum.classical, lr=0.1, mu=0.9), lambda x: 7 * x.sum(), [0.0], 300)  # fmt: skip
    np.testing.assert_allclose(classical[-2] - classical[-1], 0.7 / (1 - 0.9), rtol=1e-9)


# Numbers of the documents ----------------------------------------------------------------------------


@pytest.mark.parametrize(("mu", "first"), [(0, 99), (0.5, 51), (0.9, 39), (0.95, 69)])
def test_000_16_absolute_value_with_momentum(mu, first):
    """Figure 1.2: the first step within 0.01; the largest momentum overshoots and never rests."""
    path = path_of(
        partial(Momentum.classical, lr=0.01, mu=mu), lambda x: x.abs().sum(), [1.0], 2000
    )
    path = path[:, 0]
    assert np.argmax(np.abs(path) <= 0.01 + 1e-12) == first
    late = np.abs(path[-200:])
    if mu == 0:  # a cycle of two points
        np.testing.assert_allclose(sorted(set(late.round(9))), [0, 0.01])
    if mu == 0.95:
        assert round(path.min(), 3) == -0.468 and round(late.max(), 3) == 0.047


def test_000_17_condition_number_100():
    """200 steps: the best rate of descent, Nesterov's, and heavy ball with Polyak's constants."""
    large, small = 100.0, 1.0
    roots = np.sqrt(large), np.sqrt(small)
    beta = (roots[0] - roots[1]) / (roots[0] + roots[1])
    polyak = 4 / (roots[0] + roots[1]) ** 2
    left = [
        np.linalg.norm(path_of(make, lambda x: 50 * x[0] ** 2 + 0.5 * x[1] ** 2, [1.0, 1.0], 200)[-1])
        for make in (
            partial(SGD, lr=2 / (large + small)),
            partial(Nesterov.sutskever, lr=1 / large, mu=beta),
            partial(Momentum.classical, lr=polyak, mu=beta**2),
        )
    ]  # fmt: skip
    np.testing.assert_allclose(left[:2], [0.0259, 1.5e-8], rtol=0.02)
    assert 1e-15 < left[2] < 2e-15  # 1.4e-15, at the edge of rounding


def test_001_17_the_velocity_is_the_last_step():
    x = leaf(START, "cpu")
    optimizer = Momentum.classical([x], ETA, MU)
    last = np.zeros(2)
    for _ in range(5):
        before = numbers(x).copy()
        x.grad = mg.tensor(CURVATURE * before)
        optimizer.step()
        step = -ETA * CURVATURE * before + MU * last
        np.testing.assert_allclose(numbers(x) - before, step, rtol=1e-12)
        np.testing.assert_allclose(-numbers(optimizer.state[x]["velocity"]), step, rtol=1e-12)
        last = step


@pytest.mark.parametrize(
    ("make", "loss", "end"),
    [
        (partial(Momentum.ema, alpha=0.6, beta=0.6), 0.745915, (0.020955, 15.070488)),
        (partial(SGD, lr=0.6), 0.936316, None),
        (partial(Nesterov.lookahead, alpha=0.6, beta=0.6, at="alpha_m"), 0.803359, None),
        (partial(Nesterov.lookahead, alpha=0.6, beta=0.6), 0.800868, None),
    ],
    ids=["003.22", "plain", "003.28 as printed", "003.28 corrected"],
)
def test_003_22_and_003_28_notebook_6_4(make, loss, end):
    """81 steps on sums over 5 of the points: the first of a permutation of NumPy's old generator."""
    random = np.random.RandomState(1)
    phi = leaf([-1.5, 6.5], "cpu")
    optimizer = make([phi])

    def closure():
        optimizer.zero_grad()
        value = gabor_loss(random.permutation(30)[:5])(phi)
        value.backward()
        return value

    for _ in range(81):
        optimizer.step(closure)
    assert gabor_loss()(phi).item() == pytest.approx(loss, abs=5e-7)
    if end:
        np.testing.assert_allclose(numbers(phi), end, rtol=0, atol=5e-7)


# The look-ahead ---------------------------------------------------------------------------------------


def looking_ahead(device, sizes=(3, 200_000), dtype=mg.float32, **options):
    """Parameters with a velocity, and their optimizer, one gathered and one large parameter."""
    random = np.random.default_rng(0)
    params = [leaf(random.normal(size=size), device, dtype) for size in sizes]
    optimizer = Nesterov(params, lr=0.1, **options)

    def closure():
        optimizer.zero_grad()
        loss = sum((p * p).sum() for p in params)
        loss.backward()
        return loss

    optimizer.step(closure)
    return params, optimizer, closure


@pytest.mark.parametrize("fails", [False, True])
def test_parameters_come_back_to_the_last_bit(fails, device):
    params, optimizer, closure = looking_ahead(device)
    before = [numbers(p).copy() for p in params]
    arrays = [p.array for p in params]
    versions = [p._version for p in params]
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.param_groups[0]["momentum"] = 0.5
    ahead = []

    def observed():
        ahead.extend(numbers(p).copy() for p in params)
        if fails:
            raise ZeroDivisionError
        optimizer.zero_grad()

    if fails:
        with pytest.raises(ZeroDivisionError):
            optimizer.step(observed)
    else:
        with pytest.warns(UserWarning, match="no parameter has a gradient") as caught:
            optimizer.step(observed)
        assert caught[0].filename == __file__
    for p, old, there, array, version in zip(params, before, ahead, arrays, versions, strict=True):
        np.testing.assert_array_equal(numbers(p), old)
        velocity = numbers(optimizer.state[p]["velocity"])
        np.testing.assert_array_equal(there, old - np.float32(0.5) * velocity)
        assert p.array is array and p._version > version
    assert closure is not None


def test_what_was_computed_before_the_step_is_not_differentiated_after_it(device):
    params, optimizer, closure = looking_ahead(device, sizes=(3,))
    late = (params[0] * params[0]).sum()
    optimizer.step(closure)
    with pytest.raises(RuntimeError, match="changed in place"):
        late.backward()


def test_frozen_parameters_stay_where_they_are(device):
    params, optimizer, _ = looking_ahead(device, sizes=(3, 4))
    params[0].requires_grad, frozen = False, numbers(params[0]).copy()
    params[0].grad = None

    def closure():
        np.testing.assert_array_equal(numbers(params[0]), frozen)
        params[1].grad = None
        loss = (params[1] * params[1]).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_array_equal(numbers(params[0]), frozen)


def test_groups_may_look_ahead_or_not(device):
    x, y = leaf([1.0], device), leaf([1.0], device)
    optimizer = Nesterov([{"params": x}, {"params": y, "lookahead": "none"}], lr=0.1, momentum=0.5)

    def closure():
        optimizer.zero_grad()
        loss = 0.5 * (x * x + y * y).sum()
        loss.backward()
        return loss

    optimizer.step(closure), optimizer.step(closure)
    # v = 0.1, theta = 0.9; then the gradient is that at 0.85, or at 0.9
    np.testing.assert_allclose([x.item(), y.item()], [0.9 - 0.05 - 0.085, 0.9 - 0.05 - 0.09])


@pytest.mark.parametrize("options", [{}, {"lookahead": "velocity"}, {"lr_inside": False}])
@pytest.mark.parametrize("growing", [False, True])
def test_weight_decay_is_that_of_the_place_looked_at(options, growing):
    """As if the penalty stood in the loss; so do transforms."""
    common = {"lr": 0.05, "momentum": 0.8, "growing": growing} | options
    in_loss = path_of(
        partial(Nesterov, **common), lambda x: ill_conditioned(x) + 0.3 * (x * x).sum(), START, 15
    )
    for extra in ({"weight_decay": 0.6}, {"transforms": [l2(0.3)]}):
        path = path_of(partial(Nesterov, **common, **extra), ill_conditioned, START, 15)
        np.testing.assert_allclose(path, in_loss, rtol=0, atol=1e-13)


def test_a_direction_takes_the_place_of_the_gradient_ahead(device):
    x = leaf(START, device)
    optimizer = Nesterov([x], lr=ETA, momentum=MU)
    curvature = mg.tensor(CURVATURE, device=device)
    for _ in range(25):
        optimizer.step(direction=lambda params: [curvature * params[0].detach()])
    np.testing.assert_allclose(numbers(x), (-0.00702856, -0.01071434), rtol=0, atol=5e-9)


def test_looking_ahead_needs_a_closure(device):
    x = leaf([1.0], device)
    x.grad = mg.ones_like(x)
    with pytest.raises(
        TypeError, match=r"Nesterov: step\(\) needs a closure, which computes the loss"
    ):
        Nesterov([x]).step()
    Nesterov([x], lr=0.5, lookahead="none").step()
    assert x.item() == 0.5


def test_each_constructor_reads_as_its_document():
    p = [leaf([1.0], "cpu")]
    assert Momentum.classical(p).equation == "v ← μ v + η g\nθ ← θ − v"
    assert Momentum.ema(p).equation == "m ← β m + (1 − β) g\nθ ← θ − α m"
    assert Momentum.pytorch(p).equation == "v ← μ v + (1 − τ) g\nθ ← θ − η v"
    assert Nesterov.sutskever(p).equation == "v ← μ v + η ∇J(θ − μ v)\nθ ← θ − v"
    assert "∇L(θ − αβ m)" in Nesterov.lookahead(p).equation
    assert "∇L(θ − α m)" in Nesterov.lookahead(p, at="alpha_m").equation


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(Momentum, momentum=1.0), "Momentum: momentum = 1.0 is out of range, expected 0 <= momentum < 1"),
        (partial(Momentum.ema, beta=1.0), "Momentum: momentum = 1.0 is out of range"),
        (partial(Momentum.classical, lr=-1), "Momentum: lr = -1 is out of range"),
        (partial(Momentum, lookahead="ahead"), "Momentum: lookahead = 'ahead' is unknown, expected 'none' or"),
        (partial(Nesterov.lookahead, at="m"), "Nesterov.lookahead: at = 'm' is unknown, expected 'alpha_beta_m'"),
    ],
)  # fmt: skip
def test_what_is_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make([mg.zeros(1)])
