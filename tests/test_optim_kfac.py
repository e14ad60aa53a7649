"""K-FAC: its factors against Fisher matrices by brute force, its steps, and how it goes on.

Row 000.05 and section 3.3 of ``algorithms.md``.
"""

import copy
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, train
from minigrad.nn import functional as F
from minigrad.optim import KFAC
from minigrad.optim.transforms import clip_by_value

LIKELIHOODS = ("categorical", "bernoulli", "gaussian")


@pytest.fixture(autouse=True)
def seeded():
    mg.manual_seed(0)


def numbers(tensor):
    return tensor.detach().cpu().numpy()


def draw(*shape, seed=0):
    return mg.tensor(np.random.default_rng(seed).normal(size=shape))


def mlp(dtype=mg.float64, bias=True):
    mg.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 5, bias=bias, dtype=dtype), nn.Tanh(), nn.Linear(5, 3, dtype=dtype)
    )


def loss_of(likelihood, z, y, reduction="mean"):
    """The loss that fits a likelihood, joined over samples: of classes, of bits, or of numbers."""
    if likelihood == "categorical":
        items = F.cross_entropy(z, y, reduction="none")
    elif likelihood == "bernoulli":
        items = F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1)
    else:
        items = ((z - y) ** 2).sum(1) / 2
    return getattr(items, reduction)()


def targets_of(likelihood, n, seed=1):
    random = np.random.default_rng(seed)
    if likelihood == "categorical":
        return mg.tensor(random.integers(0, 3, n))
    if likelihood == "bernoulli":
        return mg.tensor(random.integers(0, 2, (n, 3)).astype(float))
    return mg.tensor(random.normal(size=(n, 3)))


def optimizer_for(model, likelihood="categorical", **options):
    """K-FAC without what is around its equation, unless asked for."""
    plain = {"momentum": 0, "kl_clip": None, "statistics_every": 1, "inverses_every": 1}
    return KFAC(model, likelihood=likelihood, **(plain | options))


def step(optimizer, model, likelihood, x, y, reduction="mean", **options):
    optimizer.zero_grad()
    loss = loss_of(likelihood, model(x), y, reduction)
    loss.backward()
    optimizer.step(**options)
    return float(loss)


def layers_of(model):
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def factors(optimizer, layer):
    kept = optimizer.state[layer.weight]
    return numbers(kept["A"]), numbers(kept["G"])


def with_ones(a):
    return np.concatenate([a, np.ones((len(a), 1))], axis=1)


# Fisher matrices by brute force -----------------------------------------------------------------------


def log_probabilities(likelihood, z):
    """Every target of one sample with its probability, and the gradient of its loss in ``z``."""
    z = numbers(z)
    if likelihood == "categorical":
        p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        return [(p[c], p - np.eye(3)[c]) for c in range(3)]
    if likelihood == "bernoulli":
        p = 1 / (1 + np.exp(-z))
        bits = [[(b >> k) & 1 for k in range(3)] for b in range(8)]
        return [(np.prod(np.where(y, p, 1 - p)), p - np.array(y)) for y in bits]
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)  # exact for second moments
    weights = weights / weights.sum()
    grid = [(i, j, k) for i in range(3) for j in range(3) for k in range(3)]
    return [(np.prod(weights[list(g)]), nodes[list(g)]) for g in grid]


def fisher_block(model, layer, likelihood, x):
    r"""Return :math:`E[\nabla \log p\, \nabla \log p^\top]` of one sample for the matrix [W b] of a layer."""
    z = model(x)[0]
    total = 0
    for probability, in_z in log_probabilities(likelihood, z):
        seed = mg.tensor(in_z, device=z.device)
        g = mg.autograd.grad(z, [layer.weight, layer.bias], seed, retain_graph=True)
        column = np.concatenate([numbers(g[0]), numbers(g[1])[:, None]], axis=1).ravel(order="F")
        total = total + probability * np.outer(column, column)
    return total


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_for_one_sample_the_product_of_the_factors_is_the_fisher_matrix(likelihood, device):
    """Then A is a constant, and the expectation of the product is the product of the expectations."""
    model, x = mlp(), draw(1, 4)
    expected = [fisher_block(model, layer, likelihood, x) for layer in layers_of(model)]
    optimizer = optimizer_for(model, likelihood, fisher="exact")
    step(optimizer, model, likelihood, x, targets_of(likelihood, 1))
    for layer, block in zip(layers_of(model), expected, strict=True):
        np.testing.assert_allclose(np.kron(*factors(optimizer, layer)), block, atol=1e-14)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_factors_are_the_means_over_samples_and_targets(likelihood, device):
    model, x = mlp(), draw(6, 4)
    first, last = layers_of(model)
    hidden = first(x)
    z = last(hidden.tanh())
    inputs = {first: numbers(x), last: numbers(hidden.tanh())}
    moments = {first: 0, last: 0}
    for n in range(6):
        for probability, in_z in log_probabilities(likelihood, z[n]):
            seed = mg.tensor(in_z, device=z.device)
            g = numbers(mg.autograd.grad(z[n], hidden, seed, retain_graph=True)[0][n])
            moments[first] = moments[first] + probability * np.outer(g, g) / 6
            moments[last] = moments[last] + probability * np.outer(in_z, in_z) / 6
    optimizer = optimizer_for(model, likelihood, fisher="exact")
    step(optimizer, model, likelihood, x, targets_of(likelihood, 6))
    for layer, rows in inputs.items():
        A, G = factors(optimizer, layer)
        np.testing.assert_allclose(A, with_ones(rows).T @ with_ones(rows) / 6, atol=1e-14)
        np.testing.assert_allclose(G, moments[layer], atol=1e-14)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_targets_drawn_from_the_model_give_the_same_factors_on_the_average(likelihood):
    x, y = draw(8, 4), targets_of(likelihood, 8)
    found = []
    for fisher, passes in (("exact", 1), ("sampled", 3000)):
        model = mlp()
        generator = mg.Generator().manual_seed(5)
        optimizer = optimizer_for(model, likelihood, fisher=fisher, generator=generator)
        for _ in range(passes - 1):
            model(x)
        step(optimizer, model, likelihood, x, y)
        found.append([factors(optimizer, layer)[1] for layer in layers_of(model)])
    for exact, sampled in zip(*found, strict=True):
        assert np.abs(exact - sampled).max() < 0.03 * np.abs(exact).max()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_empirical_fisher_has_the_gradients_of_each_samples_loss(likelihood, reduction, device):
    """Gradients of a mean over B samples have to be multiplied by B."""
    model, x, y = mlp(), draw(6, 4), targets_of(likelihood, 6)
    last = layers_of(model)[1]
    z = model(x)
    g = numbers(mg.autograd.grad(loss_of(likelihood, z, y, "sum"), z)[0])
    optimizer = optimizer_for(model, likelihood, fisher="empirical", reduction=reduction)
    step(optimizer, model, likelihood, x, y, reduction)
    scale = 6 if reduction == "mean" else 1
    np.testing.assert_allclose(factors(optimizer, last)[1], g.T @ g / scale, atol=1e-14)


@pytest.mark.parametrize(("fisher", "factor"), [("empirical", 1 / 4), ("exact", 1)])
def test_only_the_empirical_fisher_depends_on_a_factor_of_the_loss(fisher, factor):
    """As its documentation warns: g is that of backward(), so half the loss makes a quarter of G."""
    found = []
    for share in (1, 2):
        model, x, y = mlp(), draw(6, 4), targets_of("categorical", 6)
        optimizer = optimizer_for(model, "categorical", fisher=fisher)
        (loss_of("categorical", model(x), y) / share).backward()
        optimizer.step()
        found.append(factors(optimizer, layers_of(model)[1])[1])
    np.testing.assert_allclose(found[1], factor * found[0], rtol=1e-12, atol=1e-16)


def test_passes_before_a_step_are_averaged_and_others_are_not_observed():
    model, x, y = mlp(), draw(6, 4), targets_of("categorical", 6)
    whole = optimizer_for(model, fisher="exact")
    step(whole, model, "categorical", x, y)
    model = mlp()
    parts = optimizer_for(model, fisher="exact")
    for rows in (slice(0, 4), slice(4, 6)):
        loss_of("categorical", model(x[rows]), y[rows]).backward()
    with mg.no_grad():
        model(100 * x)
    model.eval()
    model(100 * x)
    parts.step()
    assert [parts.state[layer.weight]["averages"] for layer in layers_of(model)] == [1, 1]
    found = [numbers(parts.state[layer.weight]["A"]) for layer in layers_of(model)]
    expected = [numbers(kept["A"]) for kept in whole.state.values() if "A" in kept]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-14)


# Steps ------------------------------------------------------------------------------------------------


def test_the_product_of_the_factors_takes_the_step_to_the_gradient(device):
    r"""The Kronecker identity :math:`(A \otimes G) \operatorname{vec} V = \operatorname{vec}(G V A^\top)`."""
    random = np.random.default_rng(0)
    A, G, V = random.normal(size=(3, 3)), random.normal(size=(2, 2)), random.normal(size=(2, 3))
    np.testing.assert_allclose(np.kron(A, G) @ V.ravel(order="F"), (G @ V @ A.T).ravel(order="F"))

    model, x, y = mlp(), draw(9, 4), targets_of("categorical", 9)
    before = [with_bias(layer) for layer in layers_of(model)]
    optimizer = optimizer_for(model, lr=1.0, damping=0.01)
    step(optimizer, model, "categorical", x, y)
    for layer, old in zip(layers_of(model), before, strict=True):
        A, G = factors(optimizer, layer)
        pi = math.sqrt((np.trace(A) / len(A)) / (np.trace(G) / len(G)))
        A, G = A + 0.1 * pi * np.eye(len(A)), G + 0.1 / pi * np.eye(len(G))
        gradient = with_bias(layer, gradient=True)
        moved = old - with_bias(layer)
        np.testing.assert_allclose(
            np.kron(A, G) @ moved.ravel(order="F"), gradient.ravel(order="F"), atol=1e-12
        )


def with_bias(layer, gradient=False):
    weight, bias = (p.grad if gradient else p for p in (layer.weight, layer.bias))
    return np.concatenate([numbers(weight), numbers(bias)[:, None]], axis=1)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", [1, 3])
def test_one_undamped_step_of_a_linear_layer_is_least_squares(outputs, bias, reduction, device):
    """Section 3.3: for a linear layer and squared error; MSELoss has variance k / 2."""
    x, y = draw(20, 4), draw(20, outputs, seed=1)
    layer = nn.Linear(4, outputs, bias=bias, dtype=mg.float64)
    optimizer = optimizer_for(
        layer,
        "gaussian",
        lr=1.0,
        damping=0,
        fisher="exact",
        variance=outputs / 2,
        reduction=reduction,
    )
    loss = F.mse_loss(layer(x), y)
    (loss if reduction == "mean" else 20 * loss).backward()
    optimizer.step()
    design = with_ones(numbers(x)) if bias else numbers(x)
    expected = np.linalg.lstsq(design, numbers(y), rcond=None)[0].T
    found = with_bias(layer) if bias else numbers(layer.weight)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_a_convex_quadratic_is_driven_to_its_minimum(device):
    x, y = draw(20, 4), draw(20, 2, seed=1)
    layer = nn.Linear(4, 2, dtype=mg.float64)
    optimizer = KFAC(
        layer, 0.1, likelihood="gaussian", kl_clip=None, statistics_every=1, inverses_every=5
    )
    for _ in range(600):
        optimizer.zero_grad()
        loss_of("gaussian", layer(x), y).backward()
        optimizer.step()
    expected = np.linalg.lstsq(with_ones(numbers(x)), numbers(y), rcond=None)[0].T
    np.testing.assert_allclose(with_bias(layer), expected, atol=1e-7)


def test_factors_are_averaged_more_and_more_slowly(device):
    """eps = min(1 - 1/k, decay): a mean of all so far, at last an average that forgets."""
    model = nn.Linear(2, 3, dtype=mg.float64)
    optimizer = optimizer_for(model, lr=0.0, stat_decay=0.7)
    expected = 0.0
    for k in range(1, 8):
        x = draw(5, 2, seed=k)
        step(optimizer, model, "categorical", x, targets_of("categorical", 5))
        eps = min(1 - 1 / k, 0.7)
        rows = with_ones(numbers(x))
        expected = eps * expected + (1 - eps) * rows.T @ rows / 5
        np.testing.assert_allclose(factors(optimizer, model)[0], expected, atol=1e-14)


def test_factors_are_observed_and_inverted_now_and_then():
    model = nn.Linear(2, 3, dtype=mg.float64)
    optimizer = optimizer_for(model, lr=0.0, statistics_every=2, inverses_every=4)
    averages, inverses = [], []
    for k in range(9):
        step(optimizer, model, "categorical", draw(5, 2, seed=k), targets_of("categorical", 5))
        kept = optimizer.state[model.weight]
        averages.append(kept["averages"])
        inverses.append(kept["A_inverse"])
    assert averages == [1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert [a is b for a, b in zip(inverses, inverses[1:], strict=False)] == [
        True, True, True, False, True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("kl_clip", [1e-6, 1e6])
def test_the_clip_bounds_the_size_of_a_step(kl_clip, device):
    """The square of a step in the metric of the factors is at most kl_clip; a small one is let through."""
    x, y = draw(9, 4), targets_of("categorical", 9)
    moved, metric = [], 0.0
    for limit in (None, kl_clip):
        model = mlp()
        start = [with_bias(layer) for layer in layers_of(model)]
        generator = mg.Generator().manual_seed(0)
        optimizer = optimizer_for(model, lr=0.1, kl_clip=limit, generator=generator)
        step(optimizer, model, "categorical", x, y)
        moved.append(
            [old - with_bias(layer) for layer, old in zip(layers_of(model), start, strict=True)]
        )
        if limit is None:
            gradients = [with_bias(layer, gradient=True) for layer in layers_of(model)]
            pairs = zip(moved[0], gradients, strict=True)
            metric = sum(0.1 * (v * g).sum() for v, g in pairs)
    factor = min(1, math.sqrt(kl_clip / metric))
    for free, bounded in zip(*moved, strict=True):
        np.testing.assert_allclose(bounded, factor * free, atol=1e-15)


def test_momentum_gathers_natural_gradients(device):
    x, y = draw(9, 4), targets_of("categorical", 9)
    ends = []
    for momentum, rates in ((0.5, (0.1, 0.0)), (0.5, (0.0, 0.1)), (0, (0.1, 0.0))):
        model = nn.Linear(4, 3, dtype=mg.float64)
        with mg.no_grad():
            for p in model.parameters():
                p.zero_()
        optimizer = optimizer_for(model, fisher="exact", momentum=momentum, damping=0.1)
        for rate in rates:
            optimizer.param_groups[0]["lr"] = rate
            step(optimizer, model, "categorical", x, y)
        ends.append(with_bias(model))
    kept = optimizer.state[model.weight]
    assert kept["momentum_buffer"].shape == model.weight.shape
    np.testing.assert_allclose(ends[0], ends[2], atol=1e-15)
    np.testing.assert_allclose(ends[1], 1.5 * ends[2], atol=1e-14)


def test_decay_is_part_of_gradient_and_damping_unless_decoupled(device):
    """At a gradient of 0 the natural gradient of the penalty is left, or the parameters just shrink."""
    x = draw(9, 4)
    for decoupled in (False, True):
        model = nn.Linear(4, 3, dtype=mg.float64)
        start = with_bias(model)
        optimizer = optimizer_for(
            model,
            "gaussian",
            lr=0.1,
            damping=0.03,
            weight_decay=0.01,
            decoupled_weight_decay=decoupled,
            fisher="exact",
        )
        step(optimizer, model, "gaussian", x, model(x).detach())
        if decoupled:
            np.testing.assert_allclose(with_bias(model), start * (1 - 0.001), atol=1e-15)
            continue
        A, G = factors(optimizer, model)
        pi = math.sqrt((np.trace(A) / len(A)) / (np.trace(G) / len(G)))
        A, G = A + 0.2 * pi * np.eye(len(A)), G + 0.2 / pi * np.eye(len(G))
        natural = np.linalg.inv(G) @ (0.01 * start) @ np.linalg.inv(A)
        np.testing.assert_allclose(with_bias(model), start - 0.1 * natural, atol=1e-15)


def test_climbing_is_descending_on_the_negative(device):
    x, y = draw(9, 4), targets_of("categorical", 9)
    ends = []
    for sign in (1, -1):
        model = mlp()
        generator = mg.Generator().manual_seed(0)
        optimizer = optimizer_for(
            model, lr=0.1, maximize=sign < 0, weight_decay=0.01, generator=generator
        )
        for _ in range(3):
            optimizer.zero_grad()
            (sign * loss_of("categorical", model(x), y)).backward()
            optimizer.step()
        ends.append(np.concatenate([with_bias(layer).ravel() for layer in layers_of(model)]))
    np.testing.assert_allclose(*ends, rtol=1e-12)


def test_directions_and_transforms_take_the_place_of_the_gradient_before_it_is_divided(device):
    x, y = draw(9, 4), targets_of("categorical", 9)
    ends = []
    for way in ("gradients", "direction", "transforms"):
        model = mlp()
        generator = mg.Generator().manual_seed(0)
        transforms = [clip_by_value(0.01)] if way == "transforms" else ()
        optimizer = optimizer_for(model, lr=0.1, generator=generator, transforms=transforms)
        loss_of("categorical", model(x), y).backward()
        clipped = [p.grad.clamp(-0.01, 0.01) for p in model.parameters()]
        if way == "gradients":
            for p, g in zip(model.parameters(), clipped, strict=True):
                p.grad = g
        kept = [numbers(p.grad).copy() for p in model.parameters()]
        optimizer.step(direction=clipped if way == "direction" else None)
        for p, g in zip(model.parameters(), kept, strict=True):
            np.testing.assert_array_equal(numbers(p.grad), g)
        ends.append(np.concatenate([with_bias(layer).ravel() for layer in layers_of(model)]))
    for end in ends[1:]:
        np.testing.assert_array_equal(end, ends[0])


def test_parameters_of_other_layers_make_plain_steps_in_a_group_of_their_own(device):
    model = nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Linear(5, 3)).double()
    optimizer = optimizer_for(model, lr=0.1)
    first, second = optimizer.param_groups
    assert first["param_names"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert second["param_names"] == ["1.weight", "1.bias"]
    second["lr"] = 0.3
    second["weight_decay"] = 0.5
    before = numbers(model[1].weight).copy()
    step(optimizer, model, "categorical", draw(9, 4), targets_of("categorical", 9))
    expected = before - 0.3 * (numbers(model[1].weight.grad) + 0.5 * before)
    np.testing.assert_allclose(numbers(model[1].weight), expected, atol=1e-15)


@pytest.mark.parametrize("frozen", ["0.weight", "0.bias", "2.weight"])
def test_frozen_parameters_stay_and_the_others_move(frozen, device):
    model = mlp()
    named = dict(model.named_parameters())
    named[frozen].requires_grad_(False)
    before = {name: numbers(p).copy() for name, p in named.items()}
    optimizer = optimizer_for(model, lr=0.1)
    for _ in range(2):
        step(optimizer, model, "categorical", draw(9, 4), targets_of("categorical", 9))
    moved = {name for name, p in named.items() if not np.array_equal(numbers(p), before[name])}
    assert moved == set(named) - {frozen}


def test_a_layer_that_nothing_comes_through_does_not_spoil_the_others(device):
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    with mg.no_grad():
        model[0].bias.fill_(-1e3)
    optimizer = KFAC(model, likelihood="categorical")
    step(optimizer, model, "categorical", draw(9, 4).float(), targets_of("categorical", 9))
    assert all(np.all(np.isfinite(numbers(p))) for p in model.parameters())


def test_a_step_waits_for_no_device_and_stays_in_its_dtype(transfers):
    mg.set_default_device("strict")
    for likelihood in LIKELIHOODS:
        for fisher in ("sampled", "exact", "empirical"):
            model = mlp(mg.float32)
            optimizer = KFAC(model, likelihood=likelihood, fisher=fisher, statistics_every=1)
            x, y = draw(9, 4).float(), targets_of(likelihood, 9)
            y = y.float() if y.is_floating_point() else y
            with transfers.forbidden():
                for _ in range(2):
                    optimizer.zero_grad()
                    loss_of(likelihood, model(x), y).backward()
                    optimizer.step()
            for layer in layers_of(model):
                kept = [v for v in optimizer.state[layer.weight].values() if not isinstance(v, int)]
                assert {v.dtype for v in (layer.weight, layer.bias, *kept)} == {mg.dtype("float32")}


def test_digits_are_learnt_with_the_defaults():
    training, held_out = mg.data.digits_split()
    loader = mg.data.DataLoader(training, batch_size=64, shuffle=True)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = KFAC(model, likelihood="categorical")
    train.fit(model, loader, nn.CrossEntropyLoss(), optimizer, epochs=6, verbose=False)
    images, labels = held_out.tensors
    assert float(train.accuracy(model(images), labels)) > 0.95


# Going on ---------------------------------------------------------------------------------------------


def training(steps, model, optimizer, first=0):
    losses = []
    for k in range(first, first + steps):
        x, y = draw(9, 4, seed=k), targets_of("categorical", 9, seed=k)
        losses.append(step(optimizer, model, "categorical", x, y))
    return losses


def often(model, **options):
    return KFAC(
        model, 0.05, likelihood="categorical", statistics_every=2, inverses_every=3, **options
    )


@pytest.mark.parametrize("stop", [1, 4, 5])
def test_it_goes_on_bit_for_bit_from_a_file(stop, tmp_path, device):
    """Also between two inversions; the generator is where it was."""
    model = mlp()
    optimizer = often(model)
    training(stop, model, optimizer)
    mg.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "run.pt")
    expected = training(6, model, optimizer, stop)

    other = mlp()
    resumed = often(other, generator=mg.Generator().manual_seed(99))
    saved = mg.load(tmp_path / "run.pt")
    other.load_state_dict(saved["model"])
    resumed.load_state_dict(saved["optimizer"])
    assert training(6, other, resumed, stop) == expected
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(numbers(p), numbers(q))


def test_model_and_optimizer_can_be_copied_together():
    model = mlp()
    optimizer = often(model)
    training(4, model, optimizer)
    other, copied = copy.deepcopy((model, optimizer))
    assert training(5, other, copied, 4) == training(5, model, optimizer, 4)


def test_a_closed_optimizer_leaves_no_hooks():
    model = mlp()
    optimizer = often(model)
    assert all(module._hooks for module in (model, *layers_of(model)))
    optimizer.close()
    assert not any(module._hooks for module in model.modules())
    optimizer.close()


def test_a_schedule_can_set_its_rate_and_a_closure_its_gradients():
    model = mlp()
    optimizer = often(model)
    scheduler = mg.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    x, y = draw(9, 4), targets_of("categorical", 9)

    def closure():
        optimizer.zero_grad()
        loss = loss_of("categorical", model(x), y)
        loss.backward()
        return loss

    losses = []
    for _ in range(4):
        losses.append(float(optimizer.step(closure)))
        scheduler.step()
    assert losses == sorted(losses, reverse=True)
    assert optimizer.param_groups[0]["lr"] == 0.05 / 16


# Errors -----------------------------------------------------------------------------------------------


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(self.layer(x))


class Several(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(x), x


def tied():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    return model


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda: KFAC([mg.ones(1)], likelihood="gaussian"),
            TypeError,
            "the model, a Module, not list",
        ),
        (lambda: KFAC(nn.Tanh(), likelihood="gaussian"), ValueError, "no Linear layers"),
        (lambda: KFAC(tied(), likelihood="gaussian"), ValueError, "share a parameter"),
        (
            lambda: KFAC(mlp(), likelihood="poisson"),
            ValueError,
            "likelihood = 'poisson' is unknown",
        ),
        (lambda: often(mlp(), fisher="true"), ValueError, "fisher = 'true' is unknown"),
        (lambda: often(mlp(), reduction="none"), ValueError, "reduction = 'none'"),
        (lambda: often(mlp(), variance=0.0), ValueError, "variance = 0.0 is out of range"),
        (lambda: often(mlp(), kl_clip=0.0), ValueError, "kl_clip = 0.0 is out of range"),
        (lambda: often(mlp(), damping=-1.0), ValueError, "damping = -1.0 is out of range"),
        (lambda: often(mlp(), momentum=1.0), ValueError, "momentum = 1.0 is out of range"),
        (
            lambda: KFAC(mlp(), inverses_every=0, likelihood="gaussian"),
            ValueError,
            "whole number > 0",
        ),
        (
            lambda: run(Twice(), mg.ones(2, 4), "gaussian"),
            RuntimeError,
            "2 times",
        ),
        (
            lambda: run(nn.Linear(4, 3), mg.ones(2, 5, 4)),
            RuntimeError,
            r"\(N, C\), C > 1.*\(2, 5, 3\)",
        ),
        (lambda: run(nn.Linear(4, 1), mg.ones(2, 4)), RuntimeError, r"returned \(2, 1\)"),
        (lambda: run(Several(), mg.ones(2, 4)), RuntimeError, "the model returned tuple"),
        (
            lambda: run(nn.Linear(4, 3), mg.ones(2, 5, 4), "gaussian"),
            RuntimeError,
            r"'model' was called 1 times, with an input of shape \(2, 5, 4\).*a row for each sample",
        ),
    ],
)
def test_what_it_is_not_made_for_is_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def run(model, x, likelihood="categorical"):
    KFAC(model, likelihood=likelihood)
    return model(x)


def test_a_step_without_a_forward_pass_of_the_model_says_so():
    model = mlp()
    before = numbers(model[0].weight).copy()
    optimizer = often(model)
    x, y = draw(9, 4), targets_of("categorical", 9)
    loss_of("categorical", model[2](model[1](model[0](x))), y).backward()
    with pytest.raises(
        RuntimeError, match=r"layer '0': before backward\(\), call the model itself"
    ):
        optimizer.step()
    np.testing.assert_array_equal(numbers(model[0].weight), before)


def test_without_damping_a_singular_factor_is_named():
    model = nn.Linear(4, 3, dtype=mg.float64)
    optimizer = optimizer_for(model, damping=0)
    with pytest.raises(ValueError, match=r"factor A of layer 'model', shape \(5, 5\), is singular"):
        step(optimizer, model, "categorical", mg.zeros(2, 4, dtype=mg.float64), mg.tensor([0, 1]))
