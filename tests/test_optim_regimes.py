"""Data regimes: batches, shards, clients.  Each test names the rows of ``algorithms.md`` it shows."""

from functools import partial
from itertools import combinations

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.optim import (
    SGD,
    Adam,
    federated_round,
    minibatches,
    sharded_gradients,
    shards_of,
    weighted_average,
)


def numbers(tensor):
    return tensor.detach().cpu().numpy()


class Fit:
    """Least squares with a hidden layer: parameters, samples, and the loss with either reduction."""

    def __init__(self, n, seed=0):
        draw = np.random.default_rng(seed).normal
        self.x, self.y = (mg.tensor(draw(size=(n, k))) for k in (3, 1))
        shapes = {"w1": (3, 4), "b1": (4,), "w2": (4, 1)}
        self.params = [mg.tensor(draw(size=s), requires_grad=True) for s in shapes.values()]

    def items(self, x, y):
        w1, b1, w2 = self.params
        return (mg.tanh(x @ w1 + b1) @ w2 - y).square().sum(1)

    def mean(self, x, y):
        return self.items(x, y).mean()

    def sum(self, x, y):
        return self.items(x, y).sum()

    def gradient(self, loss, rows=slice(None)):
        found = mg.autograd.grad(loss(self.x[rows], self.y[rows]), self.params)
        return np.concatenate([numbers(one).ravel() for one in found])


def flat(tensors):
    return np.concatenate([numbers(one).ravel() for one in tensors])


# Batches --------------------------------------------------------------------------------------------


def test_rows_002_11_and_003_14_an_epoch_is_a_random_partition():
    generator = mg.Generator().manual_seed(3)
    batches = minibatches(10, 3, generator=generator)
    first, second = list(batches), list(batches)
    assert [len(batch) for batch in first] == [3, 3, 3, 1]
    for epoch in (first, second):
        assert sorted(i for batch in epoch for i in batch) == list(range(10))
    assert first != second
    assert [len(batch) for batch in minibatches(10, 3, drop_last=True)] == [3, 3, 3]


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(1, [1] * 6), (4, [4, 2]), (6, [6]), (None, [6])]
)
def test_rows_001_08_to_001_10_stochastic_minibatch_and_batch(batch_size, sizes):
    """One item, a few, or all: what documents 000, 001, 002 and 004 call by different names."""
    assert [len(batch) for batch in minibatches(6, batch_size)] == sizes


def test_with_replacement_an_index_may_come_twice():
    generator = mg.Generator().manual_seed(0)
    drawn = [
        i for batch in minibatches(50, 10, replacement=True, generator=generator) for i in batch
    ]
    assert len(drawn) == 50 > len(set(drawn))


def test_row_000_33_the_mean_over_all_batches_is_the_gradient(device):
    """Eq. 1.9 needs the factor 1/B; with the printed 1/N the mean is B/N times the gradient."""
    fit = Fit(6)
    batches = [list(rows) for rows in combinations(range(6), 3)]
    assert len(batches) == 20
    full = fit.gradient(fit.mean)
    found = np.mean([fit.gradient(fit.sum, rows) for rows in batches], axis=0)
    np.testing.assert_allclose(found / 3, full, rtol=1e-12)
    np.testing.assert_allclose(found / 6, full / 2, rtol=1e-12)


def test_row_000_32_equal_batches_average_to_the_gradient_and_a_short_one_spoils_it(device):
    fit = Fit(30)
    full = fit.gradient(fit.mean)
    for size, exact in ((5, True), (10, True), (7, False)):
        batches = list(minibatches(30, size, generator=mg.Generator().manual_seed(1)))
        parts = [fit.gradient(fit.mean, rows) for rows in batches]
        found = np.mean(parts, axis=0)
        assert np.allclose(found, full, rtol=0, atol=1e-13) is exact
        weighted = np.average(parts, axis=0, weights=[len(rows) for rows in batches])
        np.testing.assert_allclose(weighted, full, rtol=0, atol=1e-13)


def test_rows_001_08_and_004_09_a_step_on_the_sum_is_n_steps_on_the_mean():
    fit = Fit(12)
    np.testing.assert_allclose(fit.gradient(fit.sum), 12 * fit.gradient(fit.mean), rtol=1e-12)


def test_row_001_11_repeated_data_change_the_sum_and_not_the_mean():
    fit = Fit(9)
    twice = [*range(9), *range(9)]
    np.testing.assert_allclose(fit.gradient(fit.mean, twice), fit.gradient(fit.mean), rtol=1e-12)
    np.testing.assert_allclose(fit.gradient(fit.sum, twice), 2 * fit.gradient(fit.sum), rtol=1e-12)


# Shards ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_rows_002_08_and_002_11_any_number_of_shards_gives_the_whole_gradient(
    reduction, threads, device
):
    fit = Fit(17)
    loss = getattr(fit, reduction)
    full, value = fit.gradient(loss), float(loss(fit.x, fit.y))
    for count in (1, 2, 3, 5, 16, 17, 40):
        shards = shards_of([fit.x, fit.y], count)
        assert len(shards) == min(count, 17)
        assert {len(x) for x, _ in shards} <= {17 // len(shards), -(-17 // len(shards))}
        found, gradients = sharded_gradients(
            loss, fit.params, shards, reduction=reduction, threads=threads
        )
        np.testing.assert_allclose(flat(gradients), full, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(float(found), value, rtol=1e-12)
        assert not found.requires_grad
        assert all(p.grad is None for p in fit.params)


def test_threads_add_the_shards_in_the_same_order():
    fit = Fit(40)
    shards = shards_of([fit.x, fit.y], 8)
    one, many = (
        flat(sharded_gradients(fit.mean, fit.params, shards, threads=n)[1]) for n in (1, 4)
    )
    np.testing.assert_array_equal(one, many)


def test_shards_are_computed_in_float32_too(device):
    x = mg.rand(10)
    w = mg.tensor(0.5, requires_grad=True)
    value, (gradient,) = sharded_gradients(lambda x: (w * x).mean(), [w], shards_of([x], 3))
    assert value.dtype == gradient.dtype == mg.float32
    np.testing.assert_allclose(float(gradient), numbers(x).mean(), rtol=1e-6)


# Federated learning ---------------------------------------------------------------------------------


def test_row_002_12_the_weights_have_to_be_the_shares_of_the_samples(device):
    """Clients of 30 and 70 items: .3 and .7 give the gradient of the whole, halves do not."""
    fit = Fit(100)
    clients = [(fit.x[:30], fit.y[:30]), (fit.x[30:], fit.y[30:])]
    parts = [mg.autograd.grad(fit.mean(*client), fit.params) for client in clients]
    full = fit.gradient(fit.mean)
    np.testing.assert_allclose(flat(weighted_average(parts, [0.3, 0.7])), full, rtol=0, atol=1e-14)
    np.testing.assert_allclose(flat(weighted_average(parts, [30, 70])), full, rtol=0, atol=1e-14)
    assert np.abs(flat(weighted_average(parts, [0.5, 0.5])) - full).max() > 0.01
    _, gradients = sharded_gradients(fit.mean, fit.params, clients)
    np.testing.assert_allclose(flat(gradients), full, rtol=0, atol=1e-14)


def test_one_local_step_of_descent_is_a_step_on_the_pooled_data(device):
    pooled, federated = Fit(50), Fit(50)
    clients = [(federated.x[a:b], federated.y[a:b]) for a, b in ((0, 5), (5, 20), (20, 50))]
    value = federated_round(federated.mean, federated.params, clients, partial(SGD, lr=0.1))
    np.testing.assert_allclose(float(value), float(pooled.mean(pooled.x, pooled.y)), rtol=1e-12)
    expected = flat(pooled.params) - 0.1 * pooled.gradient(pooled.mean)
    np.testing.assert_allclose(flat(federated.params), expected, rtol=0, atol=1e-14)
    assert all(p.grad is None for p in federated.params)


def test_several_local_steps_are_averaged_by_the_sizes_of_the_clients(device):
    """FedAvg: each client goes its own way from the server's weights, with an optimizer of its own."""
    fit, sizes = Fit(40), (10, 30)
    rows = [slice(0, 10), slice(10, 40)]
    clients = [(fit.x[part], fit.y[part]) for part in rows]
    start = [p.detach().clone() for p in fit.params]
    ends = []
    for client in clients:
        params = [p.clone().requires_grad_() for p in start]
        other = Fit(40)
        other.params = params
        optimizer = Adam(params, lr=0.05)
        for _ in range(4):
            optimizer.zero_grad()
            other.mean(*client).backward()
            optimizer.step()
        ends.append(flat(params))
    federated_round(fit.mean, fit.params, clients, partial(Adam, lr=0.05), local_steps=4)
    np.testing.assert_allclose(
        flat(fit.params), np.average(ends, axis=0, weights=sizes), rtol=0, atol=1e-14
    )


def test_rounds_of_federated_averaging_train_a_classifier():
    generator = mg.Generator().manual_seed(0)
    points, labels = mg.data.moons(200, generator=generator)
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    clients = [(points[a:b], labels[a:b]) for a, b in ((0, 40), (40, 100), (100, 200))]

    def loss(x, y):
        return nn.functional.cross_entropy(model(x), y)

    for _ in range(40):
        federated_round(
            loss,
            model.parameters(),
            clients,
            partial(Adam, lr=0.03),
            local_steps=5,
            batch_size=20,
            generator=generator,
        )
    assert float(mg.train.accuracy(model(points), labels)) > 0.95


def test_a_client_that_fails_leaves_the_server_as_it_was():
    fit = Fit(10)
    before = flat(fit.params)
    clients = [(fit.x[:5], fit.y[:5]), (fit.x[5:], fit.y[:5, :0])]
    with pytest.raises(RuntimeError):
        federated_round(failing(fit), fit.params, clients, partial(SGD, lr=0.1))
    np.testing.assert_array_equal(flat(fit.params), before)


def failing(fit):
    def loss(x, y):
        if not y.numel():
            raise RuntimeError("no targets")
        return fit.mean(x, y)

    return loss


# Errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: minibatches(0), "n has to be a positive integer, got 0"),
        (lambda: minibatches(5, 0), "batch_size has to be a positive integer"),
        (lambda: shards_of([mg.ones(3)], 0), "count has to be a positive integer"),
        (lambda: shards_of([mg.ones(3), mg.ones(2)], 1), r"one length.*\(3,\), \(2,\)"),
        (lambda: sharded_gradients(mg.sum, [], []), "the list of shards or clients is empty"),
        (lambda: sharded_gradients(mg.sum, [], [[mg.ones(0)]]), "at least 1"),
        (
            lambda: sharded_gradients(mg.sum, [], [[mg.ones(1)]], reduction="none"),
            "'none' is unknown",
        ),
        (lambda: weighted_average([], []), "0 parts and 0 weights"),
        (lambda: weighted_average([[mg.ones(1)]], [1, 2]), "1 parts and 2 weights"),
        (lambda: weighted_average([[mg.ones(1)]], [0]), "add up to 0"),
        (lambda: federated_round(mg.sum, [], [], SGD), "is empty"),
        (lambda: federated_round(mg.sum, [], [[mg.ones(1)]], SGD, local_steps=0), "local_steps"),
    ],
)
def test_bad_arguments_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
