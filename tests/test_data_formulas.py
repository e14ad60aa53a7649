"""Data made of formulas, and the textbook's pairs: counts, classes, the formula itself, seeds."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import data
from minigrad.testing import assert_close


def seeded(seed=1):
    return mg.Generator().manual_seed(seed)


def host(pair):
    return [tensor.cpu().numpy().astype(np.float64) for tensor in pair]


# Points in classes, with the numbers of each class for 101 points.
CLASSES = {
    "moons": (data.moons, [51, 50]),
    "circles": (data.circles, [51, 50]),
    "spirals": (data.spirals, [34, 34, 33]),
    "four spirals": (lambda n, **options: data.spirals(n, 4, **options), [26, 25, 25, 25]),
    "blobs": (data.blobs, [34, 34, 33]),
    "five blobs": (lambda n, **options: data.blobs(n, 5, **options), [21, 20, 20, 20, 20]),
    "xor": (data.xor, [51, 50]),
}


@pytest.mark.parametrize(("make", "counts"), CLASSES.values(), ids=CLASSES)
def test_classes(make, counts, device):
    points, labels = make(101)
    assert points.shape == (101, 2) and points.dtype == mg.float32
    assert labels.shape == (101,) and labels.dtype == mg.int64
    assert str(points.device) == str(labels.device) == device
    assert np.bincount(labels.cpu().numpy()).tolist() == counts
    assert make(0)[0].shape == (0, 2) and make(0)[1].shape == (0,)


FUNCTIONS = {
    **{name: make for name, (make, _) in CLASSES.items()},
    "linear": data.linear,
    "gabor": data.gabor,
}


@pytest.mark.parametrize("make", FUNCTIONS.values(), ids=FUNCTIONS)
def test_seeds_and_dtypes(make):
    noise = {"noise": 0.1} if make is data.xor else {}
    first, again, other = (make(50, **noise, generator=seeded(seed)) for seed in (1, 1, 2))
    for one, same in zip(first, again, strict=True):
        assert (one == same).all()
    assert not (first[0] == other[0]).all()
    mg.manual_seed(1)
    assert (make(50, **noise)[0] == first[0]).all()
    mg.set_default_dtype(mg.float64)
    double = make(50, **noise)[0]
    assert double.dtype == mg.float64
    with pytest.raises(ValueError, match="n.* cannot be negative, got n=-1"):
        make(-1)


@pytest.mark.parametrize("make", [data.moons, data.circles, data.spirals, data.blobs])
def test_points_are_in_random_order(make):
    labels = make(100)[1]
    assert (labels[1:] < labels[:-1]).any()


def test_moons_lie_on_half_circles():
    (x, y), labels = (one.T for one in host(data.moons(101, noise=0.0)))
    upper = labels == 0
    assert_close(np.hypot(x, y)[upper], np.ones(51), rtol=1e-6)
    assert_close(np.hypot(x - 1, y - 0.5)[~upper], np.ones(50), rtol=1e-6)
    assert y[upper].min() > -1e-6 and y[~upper].max() < 0.5 + 1e-6


def test_circles_lie_on_circles():
    points, labels = host(data.circles(101, noise=0.0, factor=0.3))
    radius = np.where(labels == 0, 1.0, 0.3)
    assert_close(np.hypot(*points.T), radius, rtol=1e-6)
    assert_close(points[labels == 0].mean(0), np.zeros(2), rtol=0, atol=1e-6)  # all the way around
    with pytest.raises(ValueError, match="factor has to lie between 0 and 1, got 1.5"):
        data.circles(factor=1.5)


@pytest.mark.parametrize(
    ("options", "spacing", "turn"),
    [
        ({}, 2 * np.pi / 3, 4.0),
        ({"arms": 5, "turn": 2.0}, 2 * np.pi / 5, 2.0),
        ({"spacing": 4.0}, 4.0, 4.0),
    ],
    ids=str,
)
def test_spirals_lie_on_spirals(options, spacing, turn):
    points, labels = host(data.spirals(300, noise=0.0, **options))
    r = np.hypot(*points.T)
    t = labels * spacing + r * turn
    assert_close(points, np.stack([r * np.sin(t), r * np.cos(t)], axis=1), rtol=0, atol=1e-5)
    size = 300 // options.get("arms", 3)
    for arm in np.unique(labels):
        assert_close(np.sort(r[labels == arm]), np.linspace(0, 1, size), rtol=0, atol=1e-6)


def test_spirals_of_the_lecture():
    """The code of CS231n's notes, with the noise that we draw."""
    points, labels = host(data.spirals(300, spacing=4.0, generator=seeded()))
    source = seeded()
    noise, order = source.normal((300,), np.float64) * 0.2, source.permutation(300)
    expected = np.zeros((300, 2))
    for j in range(3):
        ix = range(100 * j, 100 * (j + 1))
        r = np.linspace(0.0, 1, 100)
        t = np.linspace(j * 4, (j + 1) * 4, 100) + noise[ix]
        expected[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
    assert_close(points, expected[order], rtol=0, atol=1e-6)
    assert (labels == order // 100).all()
    with pytest.raises(ValueError, match="arms has to be positive, got 0"):
        data.spirals(arms=0)


def test_blobs_lie_around_their_centres():
    centers = [[0.0, 0.0, 0.0], [8.0, 0.0, 0.0], [0.0, 8.0, 2.0]]
    for given in (centers, mg.tensor(centers), np.array(centers)):
        points, labels = host(data.blobs(10, given, cluster_std=0.0))
        assert (points == np.array(centers)[labels.astype(int)]).all()
    points, labels = host(data.blobs(3000, centers, [0.5, 1.0, 2.0], generator=seeded()))
    for k, spread in enumerate((0.5, 1.0, 2.0)):
        own = points[labels == k] - centers[k]
        assert np.abs(own.mean(0)).max() < 0.15 * spread
        assert np.abs(own.std(0) - spread).max() < 0.1 * spread
    points, labels = host(data.blobs(8, centers=4, cluster_std=0.0, features=3))
    assert points.shape == (8, 3) and np.abs(points).max() <= 10
    assert len(np.unique(points, axis=0)) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"centers": 0}, "centers and features have to be positive, got 0 and 2"),
        ({"features": 0}, "centers and features have to be positive, got 3 and 0"),
        ({"centers": [1.0, 2.0]}, r"centers has to have shape \(classes, features\), got \(2,\)"),
        ({"cluster_std": [1.0, 2.0]}, r"cluster_std has to be one number or 3, got shape \(2,\)"),
        ({"cluster_std": [1.0, -2.0, 1.0]}, "cluster_std cannot be negative"),
    ],
)
def test_blobs_refuse(options, words):
    with pytest.raises(ValueError, match=words):
        data.blobs(**options)


def test_xor_is_the_truth_table():
    points, labels = data.xor(6)
    assert points.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [0, 0], [0, 1]]
    assert labels.tolist() == [0, 1, 1, 0, 0, 1]
    noisy, again = data.xor(2000, noise=0.1, generator=seeded())
    clean, expected = data.xor(2000)
    assert (again == expected).all()
    assert abs((noisy - clean).std().item() - 0.1) < 0.01


@pytest.mark.parametrize("make", [data.moons, data.circles, data.spirals, data.linear, data.gabor])
def test_noise_cannot_be_negative(make):
    with pytest.raises(ValueError, match=r"cannot be negative, got n=\d+, noise=-0.1"):
        make(noise=-0.1)


# Pairs to fit -------------------------------------------------------------------------------------------


def test_linear_is_linear(device):
    mg.manual_seed(1)
    x, y = data.linear(50, noise=0.0)
    assert x.shape == (50, 2) and y.shape == (50,) and str(y.device) == device
    assert x.dtype == y.dtype == mg.float32
    mg.manual_seed(1)
    assert (x == mg.randn(50, 2)).all()
    assert_close(y, 2.0 * x[:, 0] - 3.4 * x[:, 1] + 4.2, rtol=1e-5, atol=1e-6)
    weight, bias = mg.tensor([[1.0, 0.0], [2.0, -1.0], [0.5, 3.0]]), mg.tensor([1.0, -1.0])
    x, y = data.linear(20, weight, bias, noise=0.0)
    assert y.shape == (20, 2)
    assert_close(y, x @ weight + bias, rtol=1e-5, atol=1e-6)
    x, y = data.linear(5000, noise=0.5)
    residual = y - (x @ mg.tensor([2.0, -3.4]) + 4.2)
    assert abs(residual.std().item() - 0.5) < 0.03
    with pytest.raises(ValueError, match=r"weight has to have shape .* got \(\)"):
        data.linear(weight=2.0)


def gabor(x, phi0, phi1):
    u = phi0 + 0.06 * phi1 * x
    return np.sin(u) * np.exp(-u * u / 32)


def test_gabor_is_the_gabor_function(device):
    x, y = data.gabor(500, 1.0, 12.0, noise=0.0)
    assert x.shape == y.shape == (500,) and x.dtype == y.dtype == mg.float32
    assert str(x.device) == str(y.device) == device
    x, y = host((x, y))
    assert_close(y, gabor(x, 1.0, 12.0), rtol=0, atol=1e-6)
    assert -15 <= x.min() < -14.5 and 14.5 < x.max() < 15
    x, y = host(data.gabor(5000))
    assert abs((y - gabor(x, 0.0, 16.6)).std() - 0.15) < 0.01


def test_line_of_the_textbook(device):
    mg.set_default_dtype(mg.float64)
    x, y = data.load_line()
    assert x.shape == y.shape == (12,) and x.dtype == y.dtype == mg.float64
    assert str(x.device) == str(y.device) == device
    # The loss that notebook 6.2 prints, 12.367, and the optimum of the closed form.
    for phi0, phi1, loss in ((0.6, -0.2, 12.366904), (0.825950, 0.522226, 0.199866)):
        assert abs(((phi0 + phi1 * x - y) ** 2).sum().item() - loss) < 1e-6


def test_gabor_data_of_the_textbook(device):
    mg.set_default_dtype(mg.float64)
    x, y = data.load_gabor()
    assert x.shape == y.shape == (30,) and x.dtype == y.dtype == mg.float64
    assert str(x.device) == str(y.device) == device
    x, y = host((x, y))
    for phi0, phi1, loss in ((0.0, 16.6, 0.679914), (0.6, -0.2, 16.41883), (-1.5, 8.5, 11.69602)):
        assert abs(((gabor(x, phi0, phi1) - y) ** 2).sum() - loss) < 6e-6
    assert abs(((gabor(x, 0.0038, 16.0263) - y) ** 2).sum() - 0.6457) < 5e-5


def test_textbook_data_have_the_default_dtype():
    for load in (data.load_line, data.load_gabor):
        assert [one.dtype for one in load()] == [mg.float32] * 2
