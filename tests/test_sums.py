"""Sums of many numbers, sums and products of integers, and what is computed inside of float16."""

import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.backend.sums import BLOCK, LONG, row_total, total
from minigrad.nn import functional as F

# Many float32 numbers ------------------------------------------------------------------------------

ROWS = 1_000_000


def slope_of_what_is_added(copies):
    """Return the gradient of two numbers that are copied to every row."""
    b = mg.zeros(2, requires_grad=True)
    copies(b).backward(mg.full((ROWS, 2), 0.1))
    return b.grad / ROWS


MANY = {  # each of them about 1, or about 0.1, exactly
    "mean": (lambda x: x.mean(0), 0.1),
    "mean of two axes": (lambda x: x.reshape(100, -1, 2).mean((0, 1)), 0.1),
    "mean of an axis in the middle": (lambda x: x.reshape(4, -1, 2).mean(1), 0.1),
    "mean of a matrix turned": (lambda x: x.T.mean(1), 0.1),
    "mean of some columns": (lambda x: x.reshape(-1, 4)[:, 1:3].mean(), 0.1),
    "mean of copies": (lambda x: x[0].expand(ROWS, 2).mean(0), 0.1),
    "sum": (lambda x: x.sum(0) / ROWS, 0.1),
    "sum in a given dtype": (lambda x: x.sum(0, dtype=mg.float32) / ROWS, 0.1),
    "sum in a rule": (lambda x: mg.ops.fused.sum_rows(x) / ROWS, 0.1),
    "softmax": (lambda x: x.softmax(0).sum(0), 1.0),
    "log_softmax": (lambda x: x.log_softmax(0).exp().sum(0), 1.0),
    "logsumexp": (lambda x: (x - x.logsumexp(0, keepdim=True)).exp() * ROWS, 1.0),
    "norm": (lambda x: x.norm(dim=0) / ROWS**0.5, 0.1),
    "cumsum": (lambda x: x.cumsum(0)[-1] / ROWS, 0.1),
    "cumsum of a vector": (lambda x: x[:, 0].cumsum(0)[-1] / ROWS, 0.1),
    "gradient of a bias": (
        lambda x: slope_of_what_is_added(lambda b: F.linear(mg.zeros(ROWS, 1), mg.ones(2, 1), b)),
        0.1,
    ),
    "gradient of what is added": (lambda x: slope_of_what_is_added(lambda b: x + b), 0.1),
    "gradient of expand": (lambda x: slope_of_what_is_added(lambda b: b.expand(ROWS, 2)), 0.1),
    "gradient of repeat": (lambda x: slope_of_what_is_added(lambda b: b.repeat(ROWS, 1)), 0.1),
}


@pytest.mark.parametrize("name", MANY)
def test_many_numbers_add_up_to_five_digits(name):
    function, expected = MANY[name]
    found = function(mg.full((ROWS, 2), 0.1))
    assert found.dtype == mg.float32
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-5)


def test_many_equal_numbers_hardly_spread():
    x = mg.full((ROWS, 2), 0.1)
    assert (x.std(0) < 1e-5).all()
    assert (x.var(0) < 1e-10).all()


def test_a_batch_of_many_rows_is_normalised():
    x = mg.full((ROWS, 2), 0.1)
    x[::2] = 0.3
    for out in (nn.BatchNorm1d(2)(x), F.layer_norm(x.T, (ROWS,)).T):
        np.testing.assert_allclose(out[:2].detach().numpy(), [[1, 1], [-1, -1]], rtol=1e-3)


@pytest.mark.parametrize(
    "length", [LONG, LONG + 1, 5 * BLOCK, 5 * BLOCK + 7, BLOCK * (LONG + 3) + 1]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_added_up_in_blocks(length, dtype):
    x = np.random.default_rng(0).random((2, length, 3)).astype(dtype)
    assert row_total(x).dtype == dtype
    np.testing.assert_allclose(row_total(x), x.sum(1, dtype=np.float64), rtol=1e-5)
    np.testing.assert_array_equal(row_total(x[1]), row_total(x)[1])


LAYOUTS = {
    "in order": lambda x: x,
    "turned": lambda x: x.transpose(),
    "axes exchanged": lambda x: np.swapaxes(x, 0, 1),
    "every other one": lambda x: x[:, ::2],
    "backwards": lambda x: x[::-1],
    "copies": lambda x: np.broadcast_to(x[:1, :, :1], x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -2, (0,), (0, 1), (-1, 0), (1, 2), (2, 1, 0), ()])
@pytest.mark.parametrize("keepdims", [False, True])
def test_every_layout_and_axis_is_numpys_sum(layout, axis, keepdims):
    x = np.random.default_rng(0).random((40, 2600, 3)).astype(np.float32)
    x = LAYOUTS[layout](x)
    expected = np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float64)
    found = total(np, x, axis, keepdims)
    assert (found.shape, found.dtype) == (expected.shape, np.float32)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("axis", [2, -3, (0, 2), (0, -2)])
def test_an_axis_that_is_not_there_is_told_of_many_numbers_too(axis):
    with pytest.raises((IndexError, ValueError), match="axis"):
        mg.ones(2 * LONG, 2).sum(axis)
    with pytest.raises((IndexError, ValueError), match="axis"):
        total(np, np.ones((2 * LONG, 2), np.float32), axis)


def test_what_is_infinite_or_nan_stays_so_among_many():
    x = mg.ones(10 * LONG, 4)
    x[7, 0], x[8, 1], x[9, 2], x[10, 2] = np.inf, np.nan, np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # inf - inf
        np.testing.assert_array_equal(x.sum(0).numpy(), [np.inf, np.nan, np.nan, 10 * LONG])


# float16 -------------------------------------------------------------------------------------------

HALVES = {  # PyTorch's numbers
    "sum": (lambda: mg.ones(4096, 2).half().sum(0), [4096, 4096]),
    "sum in a given dtype": (lambda: mg.ones(4096, 2).sum(0, dtype=mg.float16), [4096, 4096]),
    "prod": (lambda: half([300, 300, 0.001]).prod(), 90.0625),  # PyTorch's are infinite on the host
    "prod in a given dtype": (lambda: mg.tensor([300, 300, 0.001]).prod(dtype=mg.float16), 90.0625),
    "nansum": (lambda: mg.ones(5000, 2).half().nansum(0), [5000, 5000]),
    "mean": (lambda: half([60000, 60000]).mean(), 60000),
    "mean of rows": (lambda: mg.full((5000, 1), 20.0).half().mean(0), [20]),
    "norm": (lambda: half([300, 400]).norm(), 500),
    "norm of order 3": (lambda: half([300, 400]).norm(3), 449.75),
    "normalize": (lambda: F.normalize(half([[300, 400]])), [[0.60009765625, 0.7998046875]]),
    "dist": (lambda: mg.dist(half([300, 0]), half([0, 400])), 500),
    "cosine": (lambda: F.cosine_similarity(half([[300, 400]]), half([[300, 400]])), [1]),
    "std": (lambda: half([300, 800]).std(), 353.5),
    "var": (lambda: half([0, 300, 0, 300]).var(), 30000),
    "logsumexp": (lambda: mg.zeros(5000, 2).half().logsumexp(0), [8.515625, 8.515625]),
    "log_softmax": (lambda: mg.zeros(5000, 2).half().log_softmax(0)[0], [-8.515625, -8.515625]),
    "cumsum": (lambda: mg.ones(5000).half().cumsum(0)[-2:], [5000, 5000]),
    "cumprod": (lambda: half(20 * [1.01]).cumprod(0)[-2:], [1.203125, 1.21484375]),
    "einsum": (lambda: mg.einsum("ij,ij->j", *2 * [mg.ones(5000, 2).half()]), [5000, 5000]),
    "erf": (lambda: mg.erf(half([3, -2, 0.1])), [1, -0.9951171875, 0.1124267578125]),
    "gelu": (lambda: F.gelu(half([3, 5])), [2.99609375, 5]),
    "layer_norm": (lambda: F.layer_norm(half([0, 600]), (2,)), [-1, 1]),
    "batch_norm": (lambda: nn.BatchNorm1d(1).half()(half([[0], [600]])), [[-1], [1]]),
    "gradient of what is added": (
        lambda: slope(lambda b: (mg.ones(5000, 2).half() + b).sum(), [0, 0]),
        [5000, 5000],
    ),
    "gradient of std": (
        lambda: slope(lambda b: (b * half([300, 800])).std(), [1, 1]),
        [-212.125, 565.5],
    ),
    "gradient of norm": (
        lambda: slope(lambda b: (b * half([300, 400])).norm(), [1, 1]),
        [180, 320],
    ),
    "gradient of gelu": (lambda: slope(lambda b: F.gelu(b).sum(), [3, 5]), [1.01171875, 1]),
}


def half(numbers):
    return mg.tensor(numbers, dtype=mg.float16)


def slope(function, numbers):
    b = half(numbers).requires_grad_()
    function(b).backward()
    return b.grad


@pytest.mark.parametrize("name", HALVES)
def test_float16_is_computed_in_float32_and_rounded(name):
    make, expected = HALVES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = make()
    assert found.dtype == mg.float16
    np.testing.assert_array_equal(found.detach().numpy(), np.array(expected, np.float16))


def test_float16_and_float32_do_not_mix_where_one_dtype_is_asked_for():
    with pytest.raises(RuntimeError, match="expected inputs of one dtype"):
        mg.einsum("i,i", half([1, 2]), mg.ones(2))


def test_the_statistics_of_a_float16_layer_stay_float16():
    layer = nn.BatchNorm1d(1).half()
    layer(half([[0], [400]]))
    assert layer.running_mean.dtype == layer.running_var.dtype == mg.float16
    np.testing.assert_allclose(layer.running_mean.numpy(), [20], rtol=1e-3)
    np.testing.assert_allclose(layer.running_var.numpy(), [8000.9], rtol=1e-3)


# Integers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [mg.uint8, mg.int8, mg.int16, mg.int32, mg.int64, mg.bool_])
@pytest.mark.parametrize("name", ["sum", "prod", "cumsum", "cumprod"])
def test_integers_add_up_and_multiply_in_int64(name, dtype, device):
    function = getattr(mg, name)
    for numbers in ([1, 100, 27, 3], 1):
        x = mg.tensor(numbers, dtype=dtype)
        exact = getattr(np, name)(
            np.asarray(x.cpu().numpy(), np.int64), axis=-1 if x.ndim else None
        )
        found = function(x, 0)
        assert found.dtype == mg.int64
        np.testing.assert_array_equal(found.cpu().numpy(), np.reshape(exact, found.shape))


@pytest.mark.parametrize(
    ("name", "numbers", "dtype", "expected"),
    [  # PyTorch's
        ("sum", [16, 255], mg.uint8, 15),
        ("sum", [16, 255], mg.int32, 271),
        ("prod", [16, 255], mg.uint8, 240),
        ("cumsum", [16, 255], mg.uint8, [16, 15]),
        ("cumsum", [16, 255], mg.int32, [16, 271]),
        ("cumprod", [16, 16], mg.uint8, [16, 0]),
        ("cumprod", [16, 16], mg.float32, [16, 256]),
    ],
)
def test_a_dtype_that_is_given_is_kept(name, numbers, dtype, expected, device):
    found = getattr(mg, name)(mg.tensor(numbers, dtype=mg.uint8), 0, dtype=dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.cpu().numpy(), expected)


# Numbers that are none -----------------------------------------------------------------------------


def test_softmax_of_an_infinite_number_is_nan_throughout():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # inf - inf
        assert mg.tensor([np.inf, 0, 1]).softmax(0).isnan().all()
        assert mg.tensor([-np.inf, -np.inf]).softmax(0).isnan().all()
    np.testing.assert_allclose(mg.tensor([-np.inf, 0, 0]).softmax(0).numpy(), [0, 0.5, 0.5])


def test_each_nan_is_a_number_of_its_own_for_unique():
    found = mg.unique(mg.tensor([np.nan, 1, np.nan, 1]), return_inverse=True, return_counts=True)
    values, inverse, counts = (one.numpy() for one in found)
    np.testing.assert_array_equal(values, [1, np.nan, np.nan])
    np.testing.assert_array_equal(counts, [2, 1, 1])
    np.testing.assert_array_equal(inverse[[1, 3]], [0, 0])
