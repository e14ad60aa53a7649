"""Muon: its iteration, its equation unrolled, and what goes to AdamW (003.31)."""

from functools import partial

import numpy as np
import pytest
from optim_runs import Training, leaf, numbers

import minigrad as mg
from minigrad.optim import AdamW, Muon
from minigrad.optim.muon import CUBIC, QUINTIC, newton_schulz, scale_of

SHAPES = [(20, 50), (50, 20), (32, 32), (1, 7)]


def orthogonal_factor(matrix):
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left @ right


def with_singular_values(shape, low, seed):
    random = np.random.default_rng(seed)
    left, _, right = np.linalg.svd(random.normal(size=shape), full_matrices=False)
    values = np.geomspace(low, 1.0, min(shape))
    return left * (values / np.linalg.norm(values)) @ right


# The iteration ----------------------------------------------------------------------------------------


def test_each_singular_value_lands_in_the_band():
    """From 0.01 to 1 of the norm they come to [0.682, 1.134], not to 1."""
    values = np.linspace(0.01, 1, 100_001)
    a, b, c = QUINTIC
    for _ in range(5):
        values = a * values + b * values**3 + c * values**5
    assert round(values.min(), 3) == 0.682 and round(values.max(), 3) == 1.134


@pytest.mark.parametrize("shape", SHAPES)
def test_matrices_land_in_the_band_near_their_orthogonal_factor(shape):
    for seed in range(5):
        matrix = with_singular_values(shape, 0.05, seed)
        result = newton_schulz(matrix)
        values = np.linalg.svd(result, compute_uv=False)
        assert 0.6818 <= values.min() and values.max() <= 1.1344
        factor = orthogonal_factor(matrix)
        cosine = (result * factor).sum() / np.linalg.norm(result) / np.linalg.norm(factor)
        assert 0.98 <= cosine <= 1 + 1e-12


def test_small_singular_values_of_a_random_square_matrix_stay_small():
    matrix = np.random.default_rng(0).normal(size=(128, 128))
    values = np.linalg.svd(newton_schulz(matrix), compute_uv=False)
    assert values[-1] < 0.1 and values[-3] > 0.68


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cubic_iteration_reaches_the_orthogonal_factor(shape):
    matrix = with_singular_values(shape, 0.01, 0)
    kept = matrix.copy()
    result = newton_schulz(matrix, steps=30, coefficients=CUBIC)
    np.testing.assert_allclose(np.linalg.svd(result, compute_uv=False), 1.0, atol=1e-6)
    np.testing.assert_allclose(result, orthogonal_factor(matrix), atol=1e-6)
    np.testing.assert_array_equal(matrix, kept)


def test_a_matrix_of_zeros_stays_zero():
    assert not newton_schulz(np.zeros((3, 2), np.float32)).any()


@pytest.mark.parametrize(
    ("shape", "original", "matched"),
    [((8, 2), 2.0, 0.2 * np.sqrt(8)), ((2, 8), 1.0, 0.2 * np.sqrt(8)), ((3, 3), 1.0, 0.2 * np.sqrt(3))],
)  # fmt: skip
def test_the_scale(shape, original, matched):
    assert scale_of(shape, None) == scale_of(shape, "original") == original
    assert scale_of(shape, "match_rms_adamw") == pytest.approx(matched, rel=1e-15)


# The rule ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("adjust_lr_fn", [None, "original", "match_rms_adamw"])
@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (6, 2, 3)])
def test_against_the_equation(shape, adjust_lr_fn, nesterov, device):
    """Unrolled in NumPy, for tall, wide and flattened weights."""
    random = np.random.default_rng(0)
    lr, decay, mu = 0.02, 0.1, 0.95
    x = leaf(random.normal(size=shape), device)
    optimizer = Muon([x], lr, decay, mu, nesterov, adjust_lr_fn=adjust_lr_fn, use_muon=True)
    theta, m = numbers(x).copy(), np.zeros(shape)
    for _ in range(4):
        g = random.normal(size=shape)
        x.grad = mg.tensor(g, device=device)
        optimizer.step()
        m = mu * m + (1 - mu) * g
        u = (mu * m + (1 - mu) * g if nesterov else m).reshape(shape[0], -1)
        o = u / (np.linalg.norm(u) + 1e-7)
        tall = o.shape[0] > o.shape[1]
        o = o.T if tall else o
        for _ in range(5):
            a = o @ o.T
            o = 3.4445 * o + (-4.7750 * a + 2.0315 * a @ a) @ o
        rows, columns = u.shape
        scale = (
            0.2 * max(rows, columns) ** 0.5
            if adjust_lr_fn == "match_rms_adamw"
            else max(1, rows / columns) ** 0.5
        )
        theta = theta * (1 - lr * decay) - lr * scale * (o.T if tall else o).reshape(shape)
        np.testing.assert_allclose(numbers(x), theta, rtol=0, atol=1e-12)
    np.testing.assert_allclose(numbers(optimizer.state[x]["momentum_buffer"]), m, atol=1e-13)
    assert list(optimizer.state[x]) == ["momentum_buffer"]


def test_the_step_does_not_see_the_size_of_the_gradient(device):
    steps = []
    for factor in (1.0, 1000.0):
        x = leaf(np.zeros((4, 3)), device)
        x.grad = mg.tensor(factor * np.random.default_rng(0).normal(size=(4, 3)), device=device)
        Muon([x], lr=1.0).step()
        steps.append(numbers(x))
    np.testing.assert_allclose(steps[0], steps[1], rtol=1e-5)


def test_matrices_go_to_muon_and_the_rest_to_adamw(device):
    """Two groups; AdamW's is bundled, and its steps are AdamW's."""
    mine = Training(Muon, device, lr=0.02, adamw_lr=0.01, weight_decay=0.2)
    theirs = Training(AdamW, device, lr=0.01, weight_decay=0.2)
    groups = mine.optimizer.param_groups
    assert [(g["use_muon"], g["lr"], len(g["params"])) for g in groups] == [
        (True, 0.02, 1),
        (False, 0.01, 3),
    ]
    for _ in range(3):
        mine.closure()
        for name, p in theirs.params.items():
            p.grad = mine.params[name].grad
        mine.optimizer.step(), theirs.optimizer.step()
    for name in ("b1", "w2", "b2"):
        np.testing.assert_array_equal(mine.numbers()[name], theirs.numbers()[name])
        assert list(mine.optimizer.state[mine.params[name]]) == ["step", "exp_avg", "exp_avg_sq"]
    assert len(mine.optimizer._bundles) == 2


def test_what_goes_where_can_be_told(device):
    embedding, weight, kernel, bias = (
        leaf(np.ones(s), device) for s in ((4, 3), (3, 2), (2, 3, 3), (2,))
    )
    optimizer = Muon(
        [
            {"params": [embedding], "use_muon": False, "lr": 0.5},
            {"params": iter([("bias", bias), ("weight", weight)]), "lr": 0.25, "momentum": 0.8},
            {"params": kernel, "use_muon": True},
        ],
        adamw_lr=0.125,
    )
    assert [(g["use_muon"], g["lr"], g["params"]) for g in optimizer.param_groups] == [
        (False, 0.5, [embedding]),
        (True, 0.25, [weight]),
        (False, 0.125, [bias]),
        (True, 1e-3, [kernel]),
    ]
    assert [g["momentum"] for g in optimizer.param_groups] == [0.95, 0.8, 0.8, 0.95]
    assert [g.get("param_names") for g in optimizer.param_groups[1:3]] == [["weight"], ["bias"]]
    sum(p.sum() for p in (embedding, weight, kernel, bias)).backward()
    optimizer.step()
    assert [g["use_muon"] for g in Muon([weight, bias], use_muon=False).param_groups] == [False]


@pytest.mark.parametrize(
    ("names", "options", "rates"),
    [
        ("b", {"lr": 0.05}, [0.05]),
        ("b", {"adamw_lr": 0.25}, [0.25]),
        ("b", {"lr": 0.05, "adamw_lr": 0.25}, [0.25]),
        ("b", {}, [0.125]),
        ("wb", {"lr": 0.05}, [0.05, 0.125]),
        ("wb", {"lr": 0.05, "adamw_lr": 0.25}, [0.05, 0.25]),
        ("wb", {"lr": 0.05, "use_muon": False}, [0.05]),
        ("wb", {"lr": 0.05, "adamw_lr": 0.25, "use_muon": False}, [0.05]),
        ("wb", {"use_muon": False}, [0.125]),
    ],
)
def test_a_groups_rate_is_that_of_its_matrices_if_there_are_any(names, options, rates):
    made = {"w": leaf(np.ones((2, 3)), "cpu"), "b": leaf(np.ones(3), "cpu")}
    group = {"params": [made[name] for name in names], **options}
    optimizer = Muon([group], lr=0.5, adamw_lr=0.125)
    assert [g["lr"] for g in optimizer.param_groups] == rates


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"use_muon": True}, ValueError, r"Muon: parameter 1 has shape \(3,\) and is no matrix; leave use_muon out"),
        ({"ns_steps": 0}, ValueError, "Muon: ns_steps = 0 is out of range, expected a whole number > 0"),
        ({"adjust_lr_fn": "rms"}, ValueError, "Muon: adjust_lr_fn = 'rms' is unknown, expected 'original' or"),
        ({"ns_coefficients": (1.5, -0.5)}, ValueError, "Muon: ns_coefficients has to hold 3 numbers"),
        ({"momentum": 1.0}, ValueError, "Muon: momentum = 1.0 is out of range"),
        ({"adamw_lr": -1.0}, ValueError, "Muon: adamw_lr = -1.0 is out of range"),
        ({"beta": 0.9}, TypeError, "Muon: beta is none of its hyperparameters"),
    ],
)  # fmt: skip
def test_what_is_out_of_range(options, kind, message):
    params = [leaf(np.ones((2, 3)), "cpu"), leaf(np.ones(3), "cpu")]
    with pytest.raises(kind, match=message):
        Muon(params, **options)
    if "beta" not in options:
        optimizer = Muon([leaf(np.ones((2, 3)), "cpu")])
        with pytest.raises(kind, match=message):
            optimizer.add_param_group({"params": params, **options})
        assert len(optimizer.param_groups) == 1
    for wrong in (mg.zeros(2, 2), {"lr": 0.1}):
        with pytest.raises(TypeError, match="Muon: (expected a group|a group has no 'params')"):
            Muon(params).add_param_group(wrong)


@pytest.mark.parametrize(
    "make", [partial(Muon, lr=0.1), partial(Muon, lr=0.3, adjust_lr_fn="match_rms_adamw", nesterov=False)]
)  # fmt: skip
def test_a_convex_quadratic_of_a_matrix_is_driven_to_its_minimum(make, device):
    """Its steps do not become shorter by themselves, so the rate has to go down."""
    random = np.random.default_rng(0)
    target = mg.tensor(random.normal(size=(4, 3)), device=device)
    mixing = mg.tensor(np.diag([1.0, 2.0, 3.0, 4.0]), device=device)
    x = leaf(np.zeros((4, 3)), device)
    optimizer = make([x], weight_decay=0)
    for _ in range(1500):
        optimizer.zero_grad()
        (0.5 * (mixing @ (x - target)) ** 2).sum().backward()
        optimizer.step()
        optimizer.param_groups[0]["lr"] *= 0.99
    np.testing.assert_allclose(numbers(x), numbers(target), atol=1e-6)
