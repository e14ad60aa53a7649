"""Every function on tensors gives NumPy's value: on random shapes, broadcast, reduced, indexed.

What a function does is written here a second time, in NumPy's words.  A function of the public face that
is missing here fails :func:`test_every_function_is_compared`.
"""

import math
import operator

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad._functions import multiplying, picking, pointwise, reducing, shaping, statistics
from minigrad.testing import assert_close, check_gradients

MODULES = (multiplying, picking, pointwise, reducing, shaping, statistics)
FUNCTIONS = {
    name: function
    for module in MODULES
    for name, function in vars(module).items()
    if not name.startswith("_")
    and getattr(function, "__module__", "") == module.__name__
    and not isinstance(function, type)
}
INTERNAL = {"filled", "take_along"}

few = settings(max_examples=25)
erf = np.vectorize(math.erf, otypes=[float])


def check(found, expected):
    """Assert equal shapes, dtypes and values, of one result or several."""
    if isinstance(found, tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check(one, other)
        return
    expected = np.asarray(expected)
    assert tuple(found.shape) == expected.shape
    assert found.dtype == expected.dtype
    if expected.dtype.kind == "f":
        assert_close(found, expected, rtol=1e-10, atol=1e-12)
    else:
        np.testing.assert_array_equal(found.cpu().numpy(), expected)


def shapes(least=0, dims=(0, 3)):
    return hnp.array_shapes(min_dims=dims[0], max_dims=dims[1], min_side=least, max_side=4)


def floats(shape, low=-3.0, high=3.0):
    """Return floating arrays; some numbers are whole, so that ties and zeros occur."""
    numbers = st.floats(low, high, allow_subnormal=False)
    whole = st.integers(math.ceil(low), math.floor(high)).map(float)
    return hnp.arrays(
        np.float64, shape, elements=numbers if math.ceil(low) > high else numbers | whole
    )


def integers(shape, low, high):
    return hnp.arrays(np.int64, shape, elements=st.integers(low, high))


# Element by element ---------------------------------------------------------------------------------


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


# name: NumPy's words, and from where to where it is compared
UNARY = {
    "abs": (np.abs, -3, 3), "neg": (np.negative, -3, 3), "sign": (np.sign, -3, 3),
    "floor": (np.floor, -3, 3), "ceil": (np.ceil, -3, 3), "trunc": (np.trunc, -3, 3),
    "round": (np.round, -3, 3), "exp": (np.exp, -3, 3), "expm1": (np.expm1, -3, 3),
    "log": (np.log, 0.01, 9), "log1p": (np.log1p, -0.9, 9), "log2": (np.log2, 0.01, 9),
    "log10": (np.log10, 0.01, 9), "sqrt": (np.sqrt, 0, 9), "rsqrt": (lambda a: 1 / np.sqrt(a), 0.01, 9),
    "square": (np.square, -3, 3), "reciprocal": (np.reciprocal, 0.1, 3), "sin": (np.sin, -9, 9),
    "cos": (np.cos, -9, 9), "tan": (np.tan, -1.5, 1.5), "asin": (np.arcsin, -1, 1),
    "acos": (np.arccos, -1, 1), "atan": (np.arctan, -9, 9), "sinh": (np.sinh, -3, 3),
    "cosh": (np.cosh, -3, 3), "tanh": (np.tanh, -9, 9), "erf": (erf, -7, 7), "sigmoid": (sigmoid, -9, 9),
    "logsigmoid": (lambda a: np.log(sigmoid(a)), -9, 9), "relu": (lambda a: np.maximum(a, 0), -3, 3),
    "silu": (lambda a: a * sigmoid(a), -9, 9), "softplus": (lambda a: np.log1p(np.exp(a)), -9, 9),
    "leaky_relu": (lambda a: np.where(a > 0, a, 0.01 * a), -3, 3),
    "elu": (lambda a: np.where(a > 0, a, np.expm1(a)), -3, 3),
    "gelu": (lambda a: a * (1 + erf(a / math.sqrt(2))) / 2, -3, 3), "isnan": (np.isnan, -3, 3),
    "isinf": (np.isinf, -3, 3), "isfinite": (np.isfinite, -3, 3), "logical_not": (np.logical_not, -3, 3),
    "asinh": (np.arcsinh, -9, 9), "acosh": (np.arccosh, 1, 9), "atanh": (np.arctanh, -0.99, 0.99),
    "exp2": (np.exp2, -3, 3), "deg2rad": (np.deg2rad, -400, 400), "rad2deg": (np.rad2deg, -9, 9),
    "frac": (lambda a: a - np.trunc(a), -3, 3), "logit": (lambda a: np.log(a / (1 - a)), 0.01, 0.99),
    "nan_to_num": (lambda a: a, -3, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
@given(data=st.data())
@few
def test_functions_of_one_tensor(name, device, data):
    function, low, high = UNARY[name]
    a = data.draw(floats(data.draw(shapes()), low, high))
    check(FUNCTIONS[name](mg.tensor(a)), np.asarray(function(a)))


BINARY = {
    "add": (np.add, -3, 3), "sub": (np.subtract, -3, 3), "mul": (np.multiply, -3, 3),
    "div": (np.divide, 0.1, 3), "true_divide": (np.divide, 0.1, 3),
    "floor_divide": (np.floor_divide, 0.1, 3), "remainder": (np.remainder, 0.1, 3),
    "pow": (np.power, 0.1, 3), "maximum": (np.maximum, -3, 3), "minimum": (np.minimum, -3, 3),
    "eq": (np.equal, -3, 3), "ne": (np.not_equal, -3, 3), "lt": (np.less, -3, 3),
    "le": (np.less_equal, -3, 3), "gt": (np.greater, -3, 3), "ge": (np.greater_equal, -3, 3),
    "logical_and": (np.logical_and, -3, 3), "logical_or": (np.logical_or, -3, 3),
    "logical_xor": (np.logical_xor, -3, 3), "isclose": (lambda a, b: np.isclose(a, b), -3, 3),
    "fmod": (np.fmod, 0.1, 3), "atan2": (np.arctan2, -3, 3), "hypot": (np.hypot, -3, 3),
    "logaddexp": (np.logaddexp, -9, 9), "xlogy": (lambda a, b: a * np.log(b), 0.1, 3),
    "heaviside": (np.heaviside, -3, 3), "clamp_min": (np.maximum, -3, 3), "clamp_max": (np.minimum, -3, 3),
    "dist": (lambda a, b: np.linalg.norm(np.ravel(a - b)), -3, 3), "isin": (np.isin, -3, 3),
    "broadcast_tensors": (lambda a, b: tuple(np.broadcast_arrays(a, b)), -3, 3),
}  # fmt: skip


def pairs(data, low, high):
    """Draw two arrays whose shapes broadcast together."""
    drawn = data.draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4, min_side=0)
    )
    return [data.draw(floats(shape, low, high)) for shape in drawn.input_shapes]


@pytest.mark.parametrize("name", BINARY)
@given(data=st.data())
@few
def test_functions_of_two_tensors_that_broadcast(name, device, data):
    function, low, high = BINARY[name]
    a, b = pairs(data, low, high)
    expected = function(a, b)
    check(FUNCTIONS[name](mg.tensor(a), mg.tensor(b)), expected)


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
@given(data=st.data())
@few
def test_bits(name, dtype, device, data):
    drawn = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3)
    a, b = (data.draw(hnp.arrays(dtype, shape)) for shape in data.draw(drawn).input_shapes)
    operands = (a,) if name == "bitwise_not" else (a, b)
    check(FUNCTIONS[name](*map(mg.tensor, operands)), np.asarray(getattr(np, name)(*operands)))


OPERATORS = (
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow, operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
)  # fmt: skip


@pytest.mark.parametrize("function", OPERATORS, ids=lambda function: function.__name__)
@given(data=st.data())
@few
def test_operators_with_tensors_and_numbers_on_both_sides(function, device, data):
    a, b = pairs(data, 0.25, 3.0)
    x, number = mg.tensor(a), data.draw(st.sampled_from([0.5, 2, 3.0, 1]))
    check(function(x, mg.tensor(b)), np.asarray(function(a, b)))
    check(function(x, number), np.asarray(function(a, number)))
    check(function(number, x), np.asarray(function(number, a)))


@given(data=st.data())
@few
def test_options_of_arithmetic(device, data):
    a, b = pairs(data, 0.25, 3.0)
    x, y = mg.tensor(a), mg.tensor(b)
    check(mg.add(x, y, alpha=2), a + 2 * b)
    check(mg.sub(x, y, alpha=2), a - 2 * b)
    check(mg.div(x, y, rounding_mode="floor"), np.floor(a / b))
    check(mg.div(-x, y, rounding_mode="trunc"), np.trunc(-a / b))
    n, m = np.rint(a * 5).astype(np.int64), np.rint(b * 3).astype(np.int64)
    for sign in (1, -1):
        whole = mg.div(mg.tensor(sign * n), mg.tensor(m), rounding_mode="trunc")
        check(whole, np.trunc(sign * n / m).astype(np.int64))
        check(mg.fmod(sign * x, -y), np.fmod(sign * a, -b))
        check(mg.clamp(mg.tensor(sign * n), min=2), np.maximum(sign * n, 2))
    check(mg.lerp(x, y, 0.3), a + 0.3 * (b - a))
    check(mg.addcmul(x, x, y, value=0.5), a + 0.5 * a * b)
    check(mg.addcdiv(x, x, y, value=-2), a - 2 * a / b)
    check(mg.logit(x, eps=0.2), np.log(np.clip(a, 0.2, 0.8) / (1 - np.clip(a, 0.2, 0.8))))
    check(mg.round(x, decimals=1), np.round(a, 1))
    check(mg.isclose(x, x + 1e-3, rtol=1e-2), np.isclose(a, a + 1e-3, rtol=1e-2))
    assert mg.allclose(x, x + 1e-12) and mg.equal(x, mg.tensor(a))
    assert mg.equal(x, y) == (a.shape == b.shape and bool((a == b).all()))
    softplus, leaky = FUNCTIONS["softplus"](x, beta=2.0), FUNCTIONS["leaky_relu"](-x, 0.3)
    check(softplus, np.log1p(np.exp(2 * a)) / 2)
    check(leaky, -0.3 * a)
    check(FUNCTIONS["elu"](-x, alpha=0.5), 0.5 * np.expm1(-a))
    tanh = 0.5 * a * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))
    check(FUNCTIONS["gelu"](x, approximate="tanh"), tanh)


@given(data=st.data())
@few
def test_clamp_where_and_masked_fill(device, data):
    a, b = pairs(data, -3.0, 3.0)
    x, y, condition = mg.tensor(a), mg.tensor(b), a > 0.5
    check(mg.clamp(x, -1.0, 2), np.clip(a, -1.0, 2))
    check(mg.clamp(x, min=0.5), np.maximum(a, 0.5))
    check(mg.clamp(x, max=0.5), np.minimum(a, 0.5))
    check(mg.clamp(x, y, y + 1), np.clip(a, b, b + 1))
    check(mg.where(mg.tensor(condition), x, y), np.where(condition, a, b))
    check(mg.where(x > 0.5, 1.0, y), np.where(condition, 1.0, b))
    check(mg.where(x > 0.5, y, 0), np.where(condition, b, 0.0))
    check(x.where(x > 0.5, y), np.where(condition, a, b))
    check(x.masked_fill(x > 0.5, 7.0), np.where(condition, 7.0, a))
    check(mg.where(x > 0.5, 1, 0), np.where(condition, 1, 0))
    if a.ndim:
        check(mg.where(x > 0.5), np.nonzero(condition))


def test_not_a_number(device):
    a = np.array([[1.0, math.nan, math.inf], [-math.inf, math.nan, 2.0]])
    x = mg.tensor(a)
    check(mg.nan_to_num(x), np.nan_to_num(a))
    check(mg.nan_to_num(x, 5.0, 6.0, -7.0), np.nan_to_num(a, nan=5.0, posinf=6.0, neginf=-7.0))
    check(mg.tensor([1, 2]).nan_to_num(), np.array([1, 2]))
    check(x[:, 1:].nansum(1), np.nansum(a[:, 1:], 1))
    check(x[1:, 1:].nanmean(), np.nanmean(a[1:, 1:]))
    check(mg.tensor([1, 2]).nansum(), np.array(3))
    check(mg.xlogy(mg.zeros_like(x), x), np.zeros_like(a))


# Reductions -----------------------------------------------------------------------------------------


def logsumexp(a, axis, keepdims):
    return np.log(np.sum(np.exp(a), axis=axis, keepdims=keepdims))


def norm(a, axis, keepdims):
    return np.sqrt(np.sum(a * a, axis=axis, keepdims=keepdims))


REDUCTIONS = {
    "sum": np.sum, "mean": np.mean, "prod": np.prod, "amax": np.max, "amin": np.min, "any": np.any,
    "all": np.all, "logsumexp": logsumexp, "norm": norm,
    "var": lambda a, axis, keepdims: np.var(a, axis=axis, keepdims=keepdims, ddof=1),
    "std": lambda a, axis, keepdims: np.std(a, axis=axis, keepdims=keepdims, ddof=1),
}  # fmt: skip


def axes(ndim):
    """Return axes of every kind: all, one, several, counted from the front or from the back."""
    if not ndim:
        return st.none()
    one = st.integers(-ndim, ndim - 1)
    several = st.lists(one, min_size=1, max_size=ndim, unique_by=lambda axis: axis % ndim).map(
        tuple
    )
    return st.none() | one | several


@pytest.mark.parametrize("name", REDUCTIONS)
@given(data=st.data())
@few
def test_reductions(name, device, data):
    a = data.draw(floats(data.draw(shapes(least=1))))
    axis, keep = data.draw(axes(a.ndim)), data.draw(st.booleans())
    if name in ("var", "std"):
        assume(np.sum(a, axis=axis).size * 2 <= a.size)
    expected = np.asarray(REDUCTIONS[name](a, axis=axis, keepdims=keep))
    check(FUNCTIONS[name](mg.tensor(a), dim=axis, keepdim=keep), expected)
    check(FUNCTIONS[name](mg.tensor(a), axis=axis, keepdims=keep), expected)


@given(data=st.data())
@few
def test_other_reductions(device, data):
    a = data.draw(floats(data.draw(shapes(least=1, dims=(1, 3)))))
    x, dim = mg.tensor(a), data.draw(st.integers(-a.ndim, a.ndim - 1))
    keep = data.draw(st.booleans())
    options = {"axis": dim, "keepdims": keep}
    check(mg.argmax(x, dim, keepdim=keep), np.argmax(a, **options))
    check(mg.argmin(x, dim, keepdim=keep), np.argmin(a, **options))
    check(mg.argmax(x), np.argmax(a))
    check(mg.max(x, dim, keep), (np.max(a, **options), np.argmax(a, **options)))
    check(mg.min(x, dim, keep), (np.min(a, **options), np.argmin(a, **options)))
    check(mg.max(x), np.max(a))
    check(mg.min(x), np.min(a))
    check(mg.max(x, x.flip(0)), np.maximum(a, np.flip(a, 0)))
    check(mg.count_nonzero(x, dim), np.asarray(np.count_nonzero(a, axis=dim), np.int64))
    check(mg.count_nonzero(x), np.asarray(np.count_nonzero(a)))
    check(mg.cumsum(x, dim), np.cumsum(a, axis=dim))
    check(mg.cumprod(x, dim), np.cumprod(a, axis=dim))
    check(mg.diff(x, dim=dim), np.diff(a, axis=dim))
    check(mg.diff(x, 2, dim), np.diff(a, 2, axis=dim))
    check(mg.var(x, dim, unbiased=False, keepdim=keep), np.var(a, **options))
    check(mg.std(x, dim, correction=0, keepdim=keep), np.std(a, **options))
    check(mg.softmax(x, dim), np.exp(a) / np.exp(a).sum(dim, keepdims=True))
    check(mg.log_softmax(x, dim), a - np.log(np.exp(a).sum(dim, keepdims=True)))
    for order in (0, 1, 2, 3, math.inf, -math.inf):
        check(mg.norm(x, order, dim, keep), np.linalg.norm(a, order, **options))


def test_reductions_of_nothing(device):
    x = mg.zeros(0, 3, dtype=mg.float64)
    check(x.sum(), 0.0)
    check(x.sum(0), np.zeros(3))
    check(x.sum(1), np.zeros(0))
    check(x.prod(0, keepdim=True), np.ones((1, 3)))
    check(x.any(0), np.zeros(3, bool))
    check(x.all(), np.True_)
    check(x.logsumexp(1), np.zeros(0))
    assert bool(x.mean().isnan()) and bool(x.var(0).isnan().all())


# Shapes ---------------------------------------------------------------------------------------------


SHAPES = {
    "reshape": (lambda x: x.reshape(-1, x.shape[0]), lambda a: a.reshape(-1, a.shape[0])),
    "view": (lambda x: x.view(-1), np.ravel),
    "view_as": (lambda x: x.reshape(-1).view_as(x), lambda a: a),
    "flatten": (lambda x: x.flatten(1), lambda a: a.reshape(a.shape[0], -1)),
    "unflatten": (lambda x: x.flatten(1).unflatten(1, (-1, x.shape[2])), lambda a: a),
    "permute": (lambda x: x.permute(2, 0, -2), lambda a: a.transpose(2, 0, 1)),
    "transpose": (lambda x: x.transpose(0, -1), lambda a: a.swapaxes(0, -1)),
    "t": (lambda x: x[0].t(), lambda a: a[0].T),
    "movedim": (
        lambda x: mg.movedim(x, (0, 1), (-1, 0)),
        lambda a: np.moveaxis(a, (0, 1), (-1, 0)),
    ),
    "squeeze": (lambda x: (x[:1].squeeze(), x[:1].squeeze(0)), lambda a: (a[:1].squeeze(), a[0])),
    "unsqueeze": (
        lambda x: (x.unsqueeze(0), x.unsqueeze(-1)),
        lambda a: (a[None], a[..., None]),
    ),
    "expand": (
        lambda x: x.unsqueeze(1).expand(2, -1, 3, -1, -1),
        lambda a: np.broadcast_to(a[:, None], (2, a.shape[0], 3, *a.shape[1:])),
    ),
    "expand_as": (lambda x: x[0].expand_as(x), lambda a: np.broadcast_to(a[0], a.shape)),
    "broadcast_to": (
        lambda x: mg.broadcast_to(x, (2, *x.shape)),
        lambda a: np.broadcast_to(a, (2, *a.shape)),
    ),
    "flip": (lambda x: x.flip(0, -1), lambda a: np.flip(a, (0, -1))),
    "roll": (
        lambda x: (x.roll(2, 1), x.roll(-1), x.roll((1, 2), (0, 2))),
        lambda a: (np.roll(a, 2, 1), np.roll(a, -1), np.roll(a, (1, 2), (0, 2))),
    ),
    "tile": (
        lambda x: (x.tile(2), x.tile(2, 1, 1, 3)),
        lambda a: (np.tile(a, 2), np.tile(a, (2, 1, 1, 3))),
    ),
    "repeat": (lambda x: x.repeat(2, 1, 3), lambda a: np.tile(a, (2, 1, 3))),
    "repeat_interleave": (
        lambda x: (x.repeat_interleave(2, 1), x.repeat_interleave(3)),
        lambda a: (np.repeat(a, 2, 1), np.repeat(a, 3)),
    ),
    "cat": (lambda x: mg.cat([x, 2 * x], -1), lambda a: np.concatenate([a, 2 * a], -1)),
    "stack": (lambda x: mg.stack([x, 2 * x], -2), lambda a: np.stack([a, 2 * a], -2)),
    "split": (
        lambda x: (*x.split(2, 1), *x.split([1, x.shape[0] - 1])),
        lambda a: (*(a[:, i : i + 2] for i in range(0, a.shape[1], 2)), a[:1], a[1:]),
    ),
    "chunk": (lambda x: x.chunk(2)[0], lambda a: a[: -(-a.shape[0] // 2)]),
    "unbind": (lambda x: x.unbind(1), lambda a: tuple(a[:, i] for i in range(a.shape[1]))),
    "pad": (
        lambda x: (FUNCTIONS["pad"](x, (1, 2)), FUNCTIONS["pad"](x, (0, 1, -1, 3), value=1.5)),
        lambda a: (
            np.pad(a, ((0, 0), (0, 0), (1, 2))),
            np.pad(a[:, 1:], ((0, 0), (0, 3), (0, 1)), constant_values=1.5),
        ),
    ),
    "hstack": (
        lambda x: (mg.hstack([x, x]), mg.hstack([x[0, 0], x[0, 0]]), mg.hstack([x[0, 0, 0]] * 2)),
        lambda a: (np.hstack([a, a]), np.hstack([a[0, 0], a[0, 0]]), np.hstack([a[0, 0, 0]] * 2)),
    ),
    "vstack": (
        lambda x: (mg.vstack([x, x]), mg.vstack([x[0, 0], x[0, 0]]), mg.vstack([x[0], x[0, 0]])),
        lambda a: (np.vstack([a, a]), np.vstack([a[0, 0], a[0, 0]]), np.vstack([a[0], a[0, 0]])),
    ),
    "column_stack": (
        lambda x: (mg.column_stack([x[0, 0]] * 2), mg.column_stack([x[0], x[0, :, 0]])),
        lambda a: (np.column_stack([a[0, 0]] * 2), np.column_stack([a[0], a[0, :, 0]])),
    ),
    "narrow": (
        lambda x: (mg.narrow(x, 1, 0, 1), x.narrow(-1, -1, 1), x.narrow(0, x.shape[0], 0)),
        lambda a: (a[:, :1], a[..., -1:], a[:0]),
    ),
    "select": (lambda x: (mg.select(x, 1, 0), x.select(-1, -1)), lambda a: (a[:, 0], a[..., -1])),
    "unfold": (
        lambda x: (x.unfold(1, x.shape[1], 1), x.unfold(0, 1, 2), x.flatten().unfold(0, 1, 1)),
        lambda a: (
            np.moveaxis(a, 1, -1)[:, None],
            a[::2, ..., None],
            a.reshape(-1, 1),
        ),
    ),
    "trace": (lambda x: mg.trace(x[0]), lambda a: np.trace(a[0])),
    "diag_embed": (
        lambda x: (mg.diag_embed(x), mg.diag_embed(x[0, 0], -1)),
        lambda a: (a[..., None] * np.eye(a.shape[2]), np.diag(a[0, 0], -1)),
    ),
    "tril": (lambda x: (x.tril(), x.tril(1)), lambda a: (np.tril(a), np.tril(a, 1))),
    "triu": (lambda x: (x.triu(), x.triu(-1)), lambda a: (np.triu(a), np.triu(a, -1))),
    "diagonal": (
        lambda x: (x.diagonal(), x.diagonal(1, -1, 0)),
        lambda a: (np.diagonal(a), np.diagonal(a, 1, -1, 0)),
    ),
    "diag": (
        lambda x: (mg.diag(x[0]), mg.diag(x[0], 1), mg.diag(x[0, 0], -1)),
        lambda a: (np.diag(a[0]), np.diag(a[0], 1), np.diag(a[0, 0], -1)),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
@given(data=st.data())
@few
def test_shapes(name, device, data):
    ours, numpys = SHAPES[name]
    a = data.draw(floats(data.draw(shapes(least=1, dims=(3, 3)))))
    check(ours(mg.tensor(a)), numpys(a))


ONE_NUMBER = {  # of a tensor without dimensions; PyTorch sees a vector of length 1, and so do these
    "flip": (lambda x: (x.flip(0), x.flip(-1), x.flip(())), (3.0, 3.0, 3.0)),
    "movedim": (lambda x: x.movedim(-1, 0), 3.0),
    "unfold": (lambda x: x.unfold(0, 1, 1), [3.0]),
    "topk": (lambda x: (*x.topk(1), x.topk(1, -1, largest=False).values), (3.0, 0, 3.0)),
    "quantile": (lambda x: (x.quantile(0.3, 0), x.quantile(mg.tensor([0.3, 0.4]), 0)), (3.0, [3.0, 3.0])),
    "index_select": (lambda x: (x.index_select(0, mg.tensor([0])), x.index_select(-1, mg.tensor(0))), (3.0, 3.0)),
    "index_add": (lambda x: x.index_add(0, mg.tensor([0]), 2 * x, alpha=3), 21.0),
    "index_fill": (lambda x: (x.index_fill(0, mg.tensor([0]), 5.0), x.index_fill(0, mg.tensor([]).long(), 5.0)), (5.0, 3.0)),
    "spread": (lambda x: (*mg.var_mean(x, 0, correction=0), x.std(-1, correction=0)), (0.0, 3.0, 0.0)),
    "sum": (lambda x: (x.sum(-1), x.mean(-1), x.prod(-1), x.amax(0), x.norm(dim=-1)), (3.0,) * 5),
    "keepdim": (lambda x: (x.sum(0, keepdim=True), x.mean((0,), keepdim=True)), (3.0, 3.0)),
    "softmax": (lambda x: (x.softmax(-1), x.log_softmax(0), x.logsumexp(-1)), (1.0, 0.0, 3.0)),
    "argmax": (lambda x: (x.argmax(-1), x.argmin(0), (x > 2).any(0), (x > 3).all(-1)), (0, 0, True, False)),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_NUMBER)
def test_dimension_0_of_one_number(name, device):
    function, expected = ONE_NUMBER[name]
    x = mg.tensor(3.0, dtype=mg.float64, requires_grad=True)
    found = function(x)
    for ours, right in zip(
        found if isinstance(found, tuple) else (found,),
        expected if isinstance(expected, tuple) else (expected,),
        strict=True,
    ):
        check(ours.detach(), np.array(right))
        if ours.requires_grad:
            mg.autograd.grad(ours.sum(), x)
    if name == "flip":  # it is a copy, as of any other tensor
        with mg.no_grad():
            found[0].zero_()
        assert x.item() == 3


# Products -------------------------------------------------------------------------------------------


@given(data=st.data())
@settings(max_examples=60)
def test_matmul_of_every_pair_of_ranks(device, data):
    drawn = data.draw(
        hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3)
    )
    a, b = (data.draw(floats(shape)) for shape in drawn.input_shapes)
    check(mg.matmul(mg.tensor(a), mg.tensor(b)), a @ b)
    check(mg.tensor(a) @ mg.tensor(b), a @ b)


@given(data=st.data())
@few
def test_other_products(device, data):
    n, k, m = (data.draw(st.integers(1, 4)) for _ in range(3))
    a, b = data.draw(floats((2, n, k))), data.draw(floats((2, k, m)))
    x, y = mg.tensor(a), mg.tensor(b)
    check(mg.mm(x[0], y[0]), a[0] @ b[0])
    check(mg.bmm(x, y), a @ b)
    check(mg.mv(x[0], y[0, :, 0]), a[0] @ b[0, :, 0])
    check(mg.dot(x[0, 0], y[0, :, 0]), a[0, 0] @ b[0, :, 0])
    check(mg.outer(x[0, 0], y[0, 0]), np.outer(a[0, 0], b[0, 0]))
    check(mg.vdot(x[0, 0], y[0, :, 0]), a[0, 0] @ b[0, :, 0])
    check(mg.inner(x, y.mT), np.inner(a, b.swapaxes(1, 2)))
    check(mg.inner(x[0, 0, 0], y), a[0, 0, 0] * b)
    check(mg.kron(x[0], y[0]), np.kron(a[0], b[0]))
    check(mg.kron(x, y[0, 0]), np.kron(a, b[0, 0]))
    total = np.cos(np.arange(n * m)).reshape(n, m)
    check(mg.addmm(mg.tensor(total), x[0], y[0], beta=2, alpha=3), 2 * total + 3 * a[0] @ b[0])
    check(mg.addmv(mg.tensor(total[:, 0]), x[0], y[0, :, 0]), total[:, 0] + a[0] @ b[0, :, 0])
    rows, others = np.moveaxis(a[..., None] * [1, 2, -3], 1, 0)[:, 0], a[0, 0, 0] + np.arange(3.0)
    check(mg.linalg.cross(mg.tensor(rows), mg.tensor(others)[None, None]), np.cross(rows, others))
    for order in (1, 2, math.inf):
        apart = np.linalg.norm(a[:, :, None] - b.mT[:, None], order, axis=-1)
        check(mg.cdist(x, y.mT, order), apart)
    for subscripts in (
        "bij,bjk->bik",
        "bij,bjk",
        "bij,bjk->b",
        "aij,bjk->kbia",
        "...ij,...jk->...ik",
    ):
        check(mg.einsum(subscripts, x, y), np.einsum(subscripts, a, b))
    for subscripts in ("bij->jib", "bij->", "bij", "...i->..."):
        check(mg.einsum(subscripts, x), np.einsum(subscripts, a))
    check(mg.tensordot(x, y, dims=([2], [1])), np.tensordot(a, b, ([2], [1])))
    check(mg.tensordot(x, y, dims=([2, 0], [1, 0])), np.tensordot(a, b, ([2, 0], [1, 0])))
    check(mg.tensordot(x[0], y[0], 1), np.tensordot(a[0], b[0], 1))
    check(mg.tensordot(x, y, 0), np.tensordot(a, b, 0))


@given(data=st.data())
@few
def test_linear_algebra(device, data):
    m, n, k = (data.draw(st.integers(1, 4)) for _ in range(3))
    a, b = data.draw(floats((2, m, n))), data.draw(floats((m, k)))
    x, sides = mg.tensor(a), mg.tensor(b)
    assume(np.linalg.svd(a)[1].min() > 0.1)
    check(mg.linalg.pinv(x), np.linalg.pinv(a))
    check(mg.pinverse(x[0]), np.linalg.pinv(a[0]))
    check(mg.linalg.pinv(x, rtol=0.9), np.linalg.pinv(a, 0.9))
    solution, _, rank, values = np.linalg.lstsq(a[0], b, rcond=None)
    found = mg.linalg.lstsq(x[0], sides)
    check(found.solution, solution)
    check(found.residuals, ((a[0] @ solution - b) ** 2).sum(0))
    check((found.rank, found.singular_values), (np.int64(rank), values))
    check(mg.linalg.lstsq(x[0], sides[:, 0]).solution, solution[:, 0])
    square = a[0] @ a[0].T + np.eye(m)
    y = mg.tensor(square)
    for power in (0, 1, 2, 5, -2):
        check(mg.linalg.matrix_power(y, power), np.linalg.matrix_power(square, power))
    check(mg.linalg.multi_dot([x[0].T, y, sides]), a[0].T @ square @ b)
    check(mg.linalg.svdvals(x), np.linalg.svd(a, compute_uv=False))
    check(mg.linalg.eigvalsh(y), np.linalg.eigvalsh(square))
    check(mg.linalg.cond(y), np.linalg.cond(square))
    check(mg.linalg.matrix_norm(x), np.linalg.norm(a, axis=(1, 2)))
    check(
        mg.linalg.matrix_norm(y, "nuc", keepdim=True), np.linalg.norm(square, "nuc", keepdims=True)
    )
    U, S, V = mg.svd(x[0])
    check(U @ mg.diag(S) @ V.T, a[0])


def test_the_rank_of_a_matrix_without_full_rank(device):
    x = mg.tensor([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    assert mg.linalg.matrix_rank(x).item() == 1
    found = mg.linalg.lstsq(x, mg.tensor([1.0, 2.0, 3.0]))
    assert_close(found.solution, [0.2, 0.4], rtol=1e-5)  # the shortest of all solutions
    assert mg.linalg.matrix_rank(mg.zeros(2, 2)).item() == 0


# Picking --------------------------------------------------------------------------------------------


@given(data=st.data())
@settings(max_examples=50)
def test_indexing_and_its_gradient(device, data):
    a = data.draw(floats(data.draw(shapes(least=1, dims=(1, 3)))))
    index = data.draw(
        hnp.basic_indices(a.shape, allow_newaxis=True)
        | hnp.integer_array_indices(a.shape)
        | hnp.arrays(np.bool_, a.shape)
        | hnp.arrays(np.bool_, a.shape[:1])
    )
    x = mg.tensor(a, requires_grad=True)
    picked = x[index]
    check(picked.detach(), np.asarray(a[index]))
    weights = np.cos(np.arange(picked.numel())).reshape(picked.shape)
    picked.backward(mg.tensor(weights))
    expected = np.zeros_like(a)
    np.add.at(expected, index, weights)
    assert_close(x.grad, expected, atol=1e-12)


@given(data=st.data())
@few
def test_picking_along_a_dimension(device, data):
    a = data.draw(floats(data.draw(shapes(least=1, dims=(1, 3)))))
    x, dim = mg.tensor(a), data.draw(st.integers(-a.ndim, a.ndim - 1))
    axis, length = dim % a.ndim, a.shape[dim]
    count = data.draw(st.integers(1, 5))
    wide = data.draw(integers((*a.shape[:axis], count, *a.shape[axis + 1 :]), 0, length - 1))
    picked = np.take_along_axis(a, wide, axis)
    check(mg.gather(x, dim, mg.tensor(wide)), picked)
    check(mg.take_along_dim(x, mg.tensor(wide), dim), picked)
    check(mg.take_along_dim(x, mg.tensor(wide.ravel() % length)), a.ravel()[wide.ravel() % length])
    place = list(np.indices(wide.shape))
    place[axis] = wide
    expected = a.copy()
    np.add.at(expected, tuple(place), picked)
    check(mg.scatter_add(x, dim, mg.tensor(wide), mg.tensor(picked)), expected)
    expected = a.copy()
    expected[tuple(place)] = 7.0
    check(mg.scatter(x, dim, mg.tensor(wide), 7.0), expected)
    once = np.argsort(wide, axis=axis) % length  # each place at most once
    place[axis] = once
    if count <= length:
        expected[tuple(place)] = picked
        check(
            mg.scatter(
                mg.scatter(x, dim, mg.tensor(wide), 7), dim, mg.tensor(once), mg.tensor(picked)
            ),
            expected,
        )
    check(mg.take(x, mg.tensor(wide % a.size)), a.ravel()[wide % a.size])
    row = data.draw(integers((count,), 0, length - 1))
    expected = a.copy()
    expected[(slice(None),) * axis + (row,)] = -1.0
    check(mg.index_fill(x, dim, mg.tensor(row), -1), expected)
    check(mg.index_select(x, dim, mg.tensor(row)), np.take(a, row, axis))
    expected, added = a.copy(), np.take(a, row, axis)
    np.add.at(expected, (slice(None),) * axis + (row,), 2 * added)
    check(mg.index_add(x, dim, mg.tensor(row), mg.tensor(added), alpha=2), expected)


@given(data=st.data())
@few
def test_integers_add_up_at_indices(device, data):
    a, row = data.draw(integers((4,), -9, 9)), data.draw(integers((6,), 0, 3))
    added = data.draw(integers((6,), -9, 9))
    expected = a.copy()
    np.add.at(expected, row, added)
    check(mg.tensor(a).index_add(0, mg.tensor(row), mg.tensor(added)), expected)


@given(data=st.data())
@few
def test_sorting(device, data):
    a = data.draw(floats(data.draw(shapes(least=1, dims=(1, 3)))))
    x, dim = mg.tensor(a), data.draw(st.integers(-a.ndim, a.ndim - 1))
    up = np.argsort(a, axis=dim, kind="stable")
    down = np.argsort(-a, axis=dim, kind="stable")
    for order, descending in ((up, False), (down, True)):
        check(mg.argsort(x, dim, descending), order)
        check(mg.sort(x, dim, descending), (np.take_along_axis(a, order, dim), order))
        first = np.take(order, [0], axis=dim)
        check(mg.topk(x, 1, dim, largest=descending), (np.take_along_axis(a, first, dim), first))
    check(mg.topk(x, a.shape[dim], dim), (np.take_along_axis(a, down, dim), down))


@given(data=st.data())
@few
def test_picking_by_condition(device, data):
    a, b = pairs(data, -3.0, 3.0)
    x, mask = mg.tensor(a), b > 0.5
    check(
        mg.masked_select(x, mg.tensor(mask)),
        np.broadcast_arrays(a, mask)[0][np.broadcast_arrays(a, mask)[1]],
    )
    if a.ndim:
        check(mg.nonzero(x), np.argwhere(a))
        check(mg.argwhere(x), np.argwhere(a))
        check(mg.nonzero(x, as_tuple=True), np.nonzero(a))
    classes = data.draw(integers(data.draw(shapes(least=1)), 0, 4))
    check(FUNCTIONS["one_hot"](mg.tensor(classes), 5), np.eye(5, dtype=np.int64)[classes])
    check(
        FUNCTIONS["one_hot"](mg.tensor(classes)), np.eye(classes.max() + 1, dtype=np.int64)[classes]
    )


# Statistics -----------------------------------------------------------------------------------------


@given(data=st.data())
@few
def test_order_statistics(device, data):
    a = data.draw(floats(data.draw(shapes(least=1, dims=(1, 3)))))
    x, dim = mg.tensor(a), data.draw(st.integers(-a.ndim, a.ndim - 1))
    keep, length = data.draw(st.booleans()), a.shape[dim]
    places, ordered = np.argsort(a, axis=dim, kind="stable"), np.sort(a, axis=dim)

    def kth(k):
        pair = [np.take(one, [k], axis=dim) for one in (ordered, places)]
        return tuple(pair if keep else (one.squeeze(dim) for one in pair))

    k = data.draw(st.integers(1, length))
    check(mg.kthvalue(x, k, dim, keep), kth(k - 1))
    check(mg.median(x, dim, keep), kth((length - 1) // 2))
    check(mg.median(x), np.sort(a, axis=None)[(a.size - 1) // 2])
    options = {"axis": dim, "keepdims": keep}
    for q in (0.0, 0.3, np.array([0.25, 1.0])):
        share = q if isinstance(q, float) else mg.tensor(q)
        check(mg.quantile(x, share, dim, keep), np.quantile(a, q, **options))
        check(mg.quantile(x, share), np.quantile(a, q))
    check(mg.aminmax(x, dim=dim, keepdim=keep), (np.min(a, **options), np.max(a, **options)))
    values, where = mg.mode(x, dim, True)
    rows = np.moveaxis(a, dim, -1).reshape(-1, length)
    counted = [np.unique(row, return_counts=True) for row in rows]
    most = [found[counts.argmax()] for found, counts in counted]
    np.testing.assert_array_equal(host(values).ravel(), most)
    np.testing.assert_array_equal(np.take_along_axis(a, host(where), dim), host(values))


def host(tensor):
    return tensor.cpu().numpy()


@given(data=st.data())
@few
def test_spreads(device, data):
    a = data.draw(floats((data.draw(st.integers(2, 4)), data.draw(st.integers(2, 5)))))
    x, keep = mg.tensor(a), data.draw(st.booleans())
    options = {"axis": 1, "keepdims": keep}
    check(mg.std_mean(x, 1, keepdim=keep), (np.std(a, ddof=1, **options), np.mean(a, **options)))
    check(
        mg.var_mean(x, axis=1, keepdims=keep), (np.var(a, ddof=1, **options), np.mean(a, **options))
    )
    check(mg.var_mean(x, 0, correction=0), (np.var(a, axis=0), np.mean(a, axis=0)))
    check(mg.cov(x), np.cov(a))
    check(mg.cov(x[0], correction=0), np.cov(a[0], ddof=0))
    if a.std(1).min() > 0.1:
        check(mg.corrcoef(x), np.corrcoef(a))


def test_covariance_of_too_few_observations():
    with np.errstate(invalid="ignore", divide="ignore"):
        for x, correction in ((mg.empty(2, 0), 1), (mg.ones(2, 1), 1), (mg.ones(2, 3), 5)):
            assert np.isnan(mg.cov(x, correction=correction).numpy()).all()
        assert mg.cov(mg.tensor([[0.0, 2.0]]), correction=4).item() == math.inf


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
def test_a_histogram_of_numbers_that_hardly_differ(dtype, device):
    low = np.ones((), dtype)
    high = np.nextafter(low, np.full((), 2, dtype))
    counts, edges = mg.histogram(mg.tensor(np.array([low, high, high]), device=device), 4)
    assert edges[0].item() == low and edges[-1].item() == high and counts.dtype == dtype
    assert counts.cpu().numpy().sum() == 3 and counts[-1].item() == 2
    between = (low.item(), high.item())
    counts, _ = mg.histogram(mg.tensor(np.array([0, low, high]), device=device), 9, range=between)
    assert counts.cpu().numpy().sum() == 2
    with pytest.raises(ValueError, match="positive"):
        mg.histogram(mg.tensor(np.array([low, high]), device=device), 0)


@given(data=st.data())
@few
def test_counts(device, data):
    a = data.draw(floats(data.draw(shapes(least=1, dims=(1, 2)))))
    n = data.draw(integers((6,), 0, 4))
    x, edges = mg.tensor(a), np.array([-2.5, -1.0, 0.25, 3.0])
    hist, between = np.histogram(a, 3, range=(-2.0, 1.0))
    check(mg.histogram(x, 3, range=(-2.0, 1.0)), (hist.astype(float), between))
    check(mg.histogram(x, mg.tensor(edges)).hist, np.histogram(a, edges)[0].astype(float))
    weighted = np.histogram(a, edges, weights=a * a)[0]
    check(mg.histogram(x, mg.tensor(edges), weight=x * x).hist, weighted)
    check(mg.histc(x, 4, -3, 3), np.histogram(a, 4, (-3, 3))[0].astype(float))
    if not 0 < np.ptp(a) < 1e-9:  # NumPy makes no edges between numbers that hardly differ
        check(mg.histc(x, 4), np.histogram(a, 4)[0].astype(float))
    check(mg.bincount(mg.tensor(n), minlength=7), np.bincount(n, minlength=7))
    check(mg.bincount(mg.tensor(n), mg.tensor(n / 2)), np.bincount(n, n / 2))
    found = np.unique(a, return_inverse=True, return_counts=True)
    inverse = found[1].reshape(a.shape)
    check(mg.unique(x), found[0])
    check(mg.unique(x, return_inverse=True, return_counts=True), (found[0], inverse, found[2]))
    check(mg.unique(x, return_counts=True), (found[0], found[2]))
    check(x.unique(dim=0), np.unique(a, axis=0))
    for side in ("left", "right"):
        check(
            mg.searchsorted(mg.tensor(edges), x, right=side == "right"),
            np.searchsorted(edges, a, side),
        )
        check(
            mg.bucketize(x, mg.tensor(edges), right=side == "right"),
            np.searchsorted(edges, a, side),
        )


# Gradients of random shapes -------------------------------------------------------------------------


@given(data=st.data())
@settings(max_examples=12)
def test_gradients_through_broadcasting(device, data):
    """The engine alone undoes broadcasting; the formula for the product says what has to come out."""
    a, b = pairs(data, 0.5, 2.0)
    x, y = (mg.tensor(one, requires_grad=True) for one in (a, b))
    product = x * y
    weights = np.cos(np.arange(product.numel())).reshape(product.shape)
    product.backward(mg.tensor(weights))
    for tensor, own, other in ((x, a, b), (y, b, a)):
        expected = weights * other
        extra = tuple(range(expected.ndim - own.ndim))
        expected = expected.sum(extra)
        ones = tuple(i for i, n in enumerate(own.shape) if n == 1 and expected.shape[i] != 1)
        assert_close(tensor.grad, expected.sum(ones, keepdims=True), rtol=1e-10, atol=1e-12)
    if a.size and b.size:
        check_gradients(lambda x, y: (x * y + x / y).sin(), a, b, directions=1)


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "prod", "logsumexp", "norm"])
@given(data=st.data())
@settings(max_examples=6)
def test_gradients_of_reductions(name, device, data):
    shape, seed = data.draw(shapes(least=2, dims=(1, 3))), data.draw(st.integers(0, 2**32 - 1))
    a = np.random.default_rng(seed).uniform(0.5, 2.5, shape)  # std has a kink at equal elements
    axis, keep = data.draw(axes(a.ndim)), data.draw(st.booleans())
    check_gradients(lambda x: FUNCTIONS[name](x, dim=axis, keepdim=keep), a, directions=1)


A = np.array([[0.5, -1.2, 2.0], [1.5, 0.3, -0.7]])
B = np.array([[1.0, 2.0, -0.5], [0.2, -1.0, 0.9]])
COMPOSED = {
    "frac": (lambda x: mg.frac(x), 0.9 * A),
    "hypot": (lambda x, y: mg.hypot(x, y), A, B[0]),
    "logaddexp": (lambda x, y: mg.logaddexp(x, y), A, B[0]),
    "logaddexp of equals": (lambda x, y: mg.logaddexp(x, y), A, A),
    "logit": (lambda x: mg.logit(x), np.array([0.2, 0.9])),
    "xlogy": (lambda x, y: mg.xlogy(x, y), np.abs(A), np.abs(B[0])),
    "lerp": (lambda x, y, w: mg.lerp(x, y, w), A, B, np.array(0.3)),
    "addcmul": (lambda x, y: mg.addcmul(x, x, y, value=0.5), A, B),
    "addcdiv": (lambda x, y: mg.addcdiv(x, x, y, value=0.5), A, B),
    "exp2": (lambda x: mg.exp2(x), A),
    "nan_to_num": (lambda x: mg.nan_to_num(x), A),
    "clamp_min": (lambda x, y: mg.clamp_min(x, y), A, B),
    "cumprod": (lambda x: mg.cumprod(x, 1), A),
    "cumprod with zeros": (lambda x: mg.cumprod(x, 0), np.array([2.0, 0.0, 3.0, 0.0, 1.5])),
    "diff": (lambda x: mg.diff(x, 2), A),
    "atan2": (lambda y, x: mg.atan2(y, x), A, B[0]),
    "norm below 1": (lambda x: x.norm(0.5, dim=1), A),
    "norm below 0": (lambda x: x.norm(-1), A),
    "hstack": (lambda x, y: mg.hstack([x, y]), A, B),
    "cat with nothing": (lambda x: mg.cat([mg.tensor([]), x, x], 1), A),
    "unfold": (lambda x: x.unfold(1, 2, 1), A),
    "trace": (lambda x: mg.trace(x), A),
    "diag_embed": (lambda x: mg.diag_embed(x), A),
    "scatter": (lambda x, y: mg.scatter(x, 1, mg.tensor([[2, 0], [1, 2]]), y), A, B),
    "index_fill": (lambda x: mg.index_fill(x, 1, mg.tensor([0, 2]), 5.0), A),
    "take": (lambda x: mg.take(x, mg.tensor([[0, 5], [5, 1]])), A),
    "inner": (lambda x, y: mg.inner(x, y), A, B),
    "kron": (lambda x, y: mg.kron(x, y), A, B),
    "cross": (lambda x, y: mg.cross(x, y), A, B),
    "addmm": (lambda x, y, z: mg.addmm(x, y, z, beta=2, alpha=3), A[:, :2], A, B.T),
    "addmv": (lambda x, y, z: mg.addmv(x, y, z), A[:, 0], A, B[0]),
    "cdist": (lambda x, y: mg.cdist(x, y), A, B),
    "dist": (lambda x, y: mg.dist(x, y), A, B),
    "kthvalue": (lambda x: mg.kthvalue(x, 2, 1).values, A),
    "median": (lambda x: mg.median(x), A),
    "mode": (lambda x: mg.mode(x, 0).values, A),
    "quantile": (lambda x: mg.quantile(x, 0.3, 1), A),
    "nanmean": (lambda x: mg.nanmean(x, 1), A),
    "std_mean": (lambda x: mg.std_mean(x, 1), A),
    "aminmax": (lambda x: mg.aminmax(x, dim=1), A),
    "cov": (lambda x: mg.cov(x), A),
    "corrcoef": (lambda x: mg.corrcoef(x), A),
    "linalg.lstsq": (lambda x, y: mg.linalg.lstsq(x, y).solution, A.T, B.T),
    "linalg.matrix_power": (lambda x: mg.linalg.matrix_power(x @ x.T, 3), A),
    "linalg.multi_dot": (lambda x, y: mg.linalg.multi_dot([x, y.T, x]), A, B),
    "linalg.cond": (lambda x: mg.linalg.cond(x), A),
    "svd": (lambda x: mg.svd(x).S, A),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_gradients_of_functions_made_of_operations(name, device):
    """First and second order, in float64; and float32 stays what it is."""
    function, *inputs = COMPOSED[name]
    check_gradients(function, *inputs)
    leaves = [mg.tensor(one, dtype=mg.float32, requires_grad=True) for one in inputs]
    out = function(*leaves)
    out = out if isinstance(out, tuple) else (out,)
    sum(part.sum() for part in out).backward()
    assert {one.dtype for one in (*out, *(leaf.grad for leaf in leaves))} == {mg.float32}


@pytest.mark.parametrize(
    ("function", "point", "slopes"),
    [
        (lambda x: mg.atan2(x[0], x[1]), [0.0, 0.0], [0, -0.0]),
        (lambda x: mg.atan2(x[0], x[1]), [0.0, -1.0], [-1, -0.0]),
        (lambda x: mg.atan2(x[0], x[1]), [3e-30, 4e-30], [1.6e29, -1.2e29]),  # squares are 0
        (lambda x: mg.atan2(x[0], x[1]), [3e30, 4e30], [1.6e-31, -1.2e-31]),  # squares are inf
        (lambda x: x.norm(0.5), [0.0, 4.0], [0, 1]),
        (lambda x: x.norm(0.5), [0.0, 0.0], [0, 0]),
        (lambda x: x.norm(-1), [0.0, 4.0], [0, 0]),
    ],
)
def test_slopes_where_a_formula_divides_by_zero(function, point, slopes, device):
    x = mg.tensor(point, requires_grad=True)
    (slope,) = mg.autograd.grad(function(x), x, create_graph=True)
    assert_close(slope.detach(), np.array(slopes), rtol=1e-6)
    assert slope.dtype == mg.float32
    if 0.0 in point:
        (curvature,) = mg.autograd.grad(slope.sum(), x)
        assert curvature.isfinite().all()


# Nothing is left out --------------------------------------------------------------------------------


ELSEWHERE = {  # compared above, in tests of several functions
    "clamp", "where", "masked_fill", "allclose", "equal", "bitwise_and", "bitwise_or", "bitwise_xor",
    "bitwise_not", "max", "min", "argmax", "argmin", "count_nonzero", "cumsum", "softmax", "log_softmax",
    "matmul", "mm", "bmm", "mv", "dot", "outer", "einsum", "tensordot", "gather", "take_along_dim",
    "scatter_add", "index_select", "index_add", "sort", "argsort", "topk", "masked_select", "nonzero",
    "one_hot", "lerp", "addcmul", "addcdiv", "cumprod", "diff", "vdot", "inner", "kron", "cross", "addmm",
    "addmv", "cdist", "scatter", "index_fill", "take", "argwhere", "kthvalue", "median", "mode",
    "quantile", "aminmax", "std_mean", "var_mean", "nansum", "nanmean", "cov", "corrcoef", "histogram", "histc",
    "bincount", "unique", "searchsorted", "bucketize",
}  # fmt: skip


def test_every_function_is_compared():
    known = set(UNARY) | set(BINARY) | set(REDUCTIONS) | set(SHAPES) | ELSEWHERE | INTERNAL
    assert set(FUNCTIONS) == known


def public(holder):
    """Return what a class or module has of the functions on tensors, by its names."""
    modules = {module.__name__ for module in MODULES}
    names = (name for name in vars(holder) if not name.startswith("_"))
    found = ((name, vars(holder)[name]) for name in names)
    return {
        name: one
        for name, one in found
        if getattr(one, "__module__", "") in modules and callable(one)
    }


@pytest.mark.parametrize("holder", [mg, mg.Tensor], ids=["minigrad", "Tensor"])
def test_methods_and_aliases_are_the_functions_compared(holder):
    found = public(holder)
    assert len(found) > 90
    for name, function in found.items():
        if not isinstance(function, type):
            assert function is FUNCTIONS[function.__name__], name


def test_methods_and_functions_of_one_name_are_one():
    functions, methods = public(mg), public(mg.Tensor)
    for name in set(functions) & set(methods):
        assert functions[name] is methods[name], name
