"""Every function on tensors gives NumPy's value: on random shapes, broadcast, reduced, indexed.

What a function does is written here a second time, in NumPy's words.  A function of the public face that
is missing here fails :func:`test_every_function_is_compared`.
"""

import math
import operator

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad._functions import multiplying, picking, pointwise, reducing, shaping
from minigrad.testing import assert_close, check_gradients

MODULES = (multiplying, picking, pointwise, reducing, shaping)
FUNCTIONS = {
    name: function
    for module in MODULES
    for name, function in vars(module).items()
    if not name.startswith("_")
    and getattr(function, "__module__", "") == module.__name__
    and not isinstance(function, type)
}
INTERNAL = {"take_along"}

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
    check(FUNCTIONS[name](mg.tensor(a), mg.tensor(b)), np.asarray(function(a, b)))


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
    row = data.draw(integers((count,), 0, length - 1))
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
        check(mg.nonzero(x, as_tuple=True), np.nonzero(a))
    classes = data.draw(integers(data.draw(shapes(least=1)), 0, 4))
    check(FUNCTIONS["one_hot"](mg.tensor(classes), 5), np.eye(5, dtype=np.int64)[classes])
    check(
        FUNCTIONS["one_hot"](mg.tensor(classes)), np.eye(classes.max() + 1, dtype=np.int64)[classes]
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


# Nothing is left out --------------------------------------------------------------------------------


ELSEWHERE = {  # compared above, in tests of several functions
    "clamp", "where", "masked_fill", "allclose", "equal", "bitwise_and", "bitwise_or", "bitwise_xor",
    "bitwise_not", "max", "min", "argmax", "argmin", "count_nonzero", "cumsum", "softmax", "log_softmax",
    "matmul", "mm", "bmm", "mv", "dot", "outer", "einsum", "tensordot", "gather", "take_along_dim",
    "scatter_add", "index_select", "index_add", "sort", "argsort", "topk", "masked_select", "nonzero",
    "one_hot",
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
