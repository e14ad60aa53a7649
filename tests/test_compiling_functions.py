"""Compiled functions: each is compared, bit for bit, with an ordinary call of the function."""

import builtins
import copy
import functools
import gc
import math
import pickle
import random
import threading
import time
import tracemalloc
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.compiling.bookkeeping import ALLOWED, KEPT
from minigrad.compiling.numbers import NumberProgram
from minigrad.compiling.program import Program
from minigrad.nn import functional as F
from minigrad.ops.declare import REGISTRY, Op
from minigrad.testing import samples_of

FIRST = "the first call with tensors of shapes"
LOOKED_AT = "the numbers of a tensor are looked at"


def seen(result):
    """Return all that a person can see of a result, apart from which objects it is made of."""
    if isinstance(result, (tuple, list)):
        return type(result), [seen(one) for one in result]
    if isinstance(result, dict):
        return {name: seen(one) for name, one in result.items()}
    if not isinstance(result, mg.Tensor):
        return type(result), repr(result)
    array, kind = np.asarray(result.array), type(result.array)
    flags = array.flags.c_contiguous, array.flags.f_contiguous
    return kind, array.dtype, array.shape, flags, array.tobytes(), result.requires_grad


def program_of(compiled):
    """Return the one program that there is."""
    (replay,) = compiled._programs.values()
    return replay.program


def tensor(*numbers, dtype=mg.float32):
    return mg.tensor(numbers[0] if len(numbers) == 1 else list(numbers), dtype=dtype)


def assert_replayed(function, *calls):
    """Make several calls with arguments alike; all but the first have to be replayed, and right."""
    compiled = mg.compile(function)
    for number, args in enumerate(calls):
        assert seen(compiled(*args)) == seen(function(*args))
        assert compiled.replays == number, compiled.reason
        assert (compiled.reason is None) == (number > 0)
    return compiled


def assert_ordinary(function, reason, *calls):
    """Make calls that cannot be replayed, for a reason in which some words occur."""
    compiled = mg.compile(function)
    for args in calls:
        expected = seen(function(*copy.deepcopy(args)))
        assert seen(compiled(*args)) == expected
        assert reason in compiled.reason
    assert compiled.replays == 0
    return compiled


X, Y = tensor(1.0, -2.0, 3.0), tensor(-0.5, 4.0, 0.25)


# Every operation ----------------------------------------------------------------------------------

# Which samples are not replayed, and why.
VIEW, SLICE = "a result is an argument, or a view of one", "an argument is a slice"
LYING = "a gradient does not lie in memory in rows"
EXCEPTIONS = {
    *((name, "value", VIEW) for name in ("alias", "broadcast_to", "diagonal", "getitem")),
    *((name, "value", VIEW) for name in ("einsum", "permute_dims", "reshape")),
    *((name, kind, SLICE) for name in ("getitem", "scatter") for kind in ("value", "grad", "hvp")),
    *((name, kind, LOOKED_AT) for name in ("getitem", "scatter") for kind in ("value", "grad", "hvp")),
    *(("cast", kind, "an argument is a type") for kind in ("value", "grad", "hvp")),
    *(("to_device", kind, "an argument is a Device") for kind in ("value", "grad", "hvp")),
    *((name, "grad", LYING) for name in ("det", "slogdet")),  # a transposed inverse
    *((name, "hvp", LYING) for name in ("cholesky", "inv")),  # sums of transposed matrices and others
}  # fmt: skip


def converted(value, dtype):
    """Return a sample's value with tensors for its arrays."""
    if isinstance(value, tuple):
        return tuple(converted(part, dtype) for part in value)
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    array = np.array(value)
    return mg.from_numpy(array.astype(dtype) if array.dtype.kind == "f" else array)


def otherwise(value):
    """Return a value of the same shape with other numbers, where these are no indices."""
    if isinstance(value, tuple):
        return tuple(map(otherwise, value))
    if not isinstance(value, mg.Tensor) or not value.is_floating_point():
        return value
    return (value * 0.9 + (0.05 if value.ndim else 0.0)).detach()  # also a number is an array then


def kinds_of_functions(op, inputs):
    """Return functions that compute the value, the gradient and a product with the Hessian."""

    def value(*args, **params):
        return op(*args, **params)

    def total(*args, **params):
        out = op(*args, **params)
        outs = out if isinstance(out, tuple) else (out,)
        return sum((one * one).sum() for one in outs if one.is_floating_point())

    places = tuple(
        at
        for at, one in enumerate(inputs)
        if isinstance(one, mg.Tensor) and one.is_floating_point()
    )
    if not places or not op.differentiable:
        return {"value": value}

    def product(*args, **params):
        def of_points(*points):
            changed = list(args)
            for place, point in zip(places, points, strict=True):
                changed[place] = point
            return total(*changed, **params)

        points = tuple(args[place] for place in places)
        return mg.func.hvp(of_points, points, points)

    return {"value": value, "grad": mg.func.grad(total, argnums=places), "hvp": product}


def replays_of(op, kind_of_dtype):
    """Yield, for each sample and kind of function, why it was not replayed, and both results."""
    for sample in samples_of(op):
        inputs, params = converted(sample[0], kind_of_dtype), sample[1]
        params = {name: converted(one, kind_of_dtype) for name, one in params.items()}
        for kind, function in kinds_of_functions(op, inputs).items():
            others = otherwise(inputs)
            try:
                expected = function(*inputs, **params), function(*others, **params)
            except Exception:  # float32 is too coarse for it, or the gradient has no rule
                continue
            compiled = mg.compile(function)
            found = compiled(*inputs, **params), compiled(*others, **params)
            assert (compiled.replays == 1) == (compiled.reason is None)
            yield kind, compiled.reason, found, expected


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_operation_is_replayed_with_its_derivatives(name):
    compared, reasons = 0, set()
    with np.errstate(all="ignore"):
        for dtype in (np.float64, np.float32):
            for kind, reason, found, expected in replays_of(REGISTRY[name], dtype):
                assert seen(found) == seen(expected), kind
                compared += 1
                if reason is not None:
                    reasons.add((kind, reason))
    assert compared >= 2
    unexpected = [
        (kind, reason)
        for kind, reason in reasons
        if not any(
            (name, kind) == known[:2] and reason.startswith(known[2]) for known in EXCEPTIONS
        )
    ]
    assert not unexpected


# Derivatives --------------------------------------------------------------------------------------


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def curve(x):
    return mg.stack([x[0] * x[1].sin(), (x**3).sum(), x.exp().prod()])


func = mg.func
DERIVATIVES = {
    "grad": func.grad(rosenbrock),
    "grad of two": func.grad(lambda x, y: (x * y).sin().sum(), argnums=(0, 1)),
    "value and grad": func.value_and_grad(rosenbrock),
    "aux": func.grad(lambda x: ((x**3).sum(), x.exp()), has_aux=True),
    "hessian": func.hessian(rosenbrock),
    "jacrev": func.jacrev(curve),
    "jacrev of grad": func.jacrev(func.grad(rosenbrock)),
    "jacrev of jacrev": func.jacrev(func.jacrev(curve)),
    "grad of grad": func.grad(lambda x: (func.grad(rosenbrock)(x) ** 2).sum()),
    "third": func.grad(lambda x: func.hessian(rosenbrock)(x).sin().sum()),
    "jvp": lambda x, y: func.jvp(curve, (x,), (y,)),
    "vjp": lambda x, y: func.vjp(curve, x)[1](y),
    "hvp": lambda x, y: func.hvp(rosenbrock, (x,), (y,)),
    "grad of hvp": func.grad(lambda x, y: func.hvp(rosenbrock, (x,), (y,))[1][0].sum()),
    "jvp of grad": lambda x, y: func.jvp(func.grad(rosenbrock), (x,), (y,)),
    "grad of jvp": func.grad(lambda x, y: (func.jvp(curve, (x,), (y,))[1] ** 2).sum()),
}


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64], ids=str)
@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives_and_derivatives_of_them_are_replayed(name, dtype):
    takes_two = name in (
        "grad of two",
        "jvp",
        "vjp",
        "hvp",
        "jvp of grad",
        "grad of jvp",
        "grad of hvp",
    )
    mg.manual_seed(0)
    calls = [[mg.randn(3, dtype=dtype) for _ in range(1 + takes_two)] for _ in range(3)]
    assert_replayed(DERIVATIVES[name], *calls)


def test_a_sweep_inside_the_function_is_replayed():
    def slope(x):
        y = x.detach().requires_grad_()
        (y**3).sum().backward()
        return y.grad

    assert_replayed(slope, (X,), (Y,))


def test_losses_of_networks_written_as_functions_are_replayed():
    def loss(parameters, x, y):
        for weight, bias in parameters[:-1]:
            x = mg.tanh(x @ weight + bias)
        weight, bias = parameters[-1]
        return F.mse_loss(x @ weight + bias, y)

    def drawn():
        layers = [(mg.randn(4, 5), mg.randn(5)), (mg.randn(5, 2), mg.randn(2))]
        return layers, mg.randn(7, 4), mg.randn(7, 2)

    mg.manual_seed(0)
    assert_replayed(loss, drawn(), drawn(), drawn())

    def gradients(weight, bias, x, y):
        return func.value_and_grad(lambda w, b: loss([(w, b)], x, y), argnums=(0, 1))(weight, bias)

    def flat():
        return mg.randn(4, 2), mg.randn(2), mg.randn(7, 4), mg.randn(7, 2)

    assert_replayed(gradients, flat(), flat(), flat())


# Random programs ----------------------------------------------------------------------------------

STEPS = (
    mg.add, mg.sub, mg.mul, mg.div, mg.maximum, mg.minimum, mg.atan2, mg.hypot,
    lambda x, y: -x, lambda x, y: x.abs(), lambda x, y: x.relu(), lambda x, y: x.exp(),
    lambda x, y: x.log(), lambda x, y: x.sqrt(), lambda x, y: x.tanh(), lambda x, y: x.sigmoid(),
    lambda x, y: x.sin(), lambda x, y: x**2, lambda x, y: x**3, lambda x, y: x**-0.5,
    lambda x, y: 2.0**x, lambda x, y: x**y, lambda x, y: 1 / x, lambda x, y: 3 - 0.5 * x,
    lambda x, y: mg.where(x > y, x, y), lambda x, y: mg.where(x <= 0, x, 0.0),
    lambda x, y: x.clamp(-1, 1), lambda x, y: x.sum() * y, lambda x, y: x.prod() + y,
    lambda x, y: (x * y).mean() - y, lambda x, y: x.sign() * y, lambda x, y: F.softplus(x),
    lambda x, y: (x == y) * x, lambda x, y: x * 1e300, lambda x, y: x.square() + y.reciprocal(),
)  # fmt: skip
SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, -math.nan, 1e-40, 3e38, 0.5, 2.0]
NUMBERS = st.one_of(st.sampled_from(SPECIAL), st.floats(-10, 10, width=32))
PLANS = st.lists(
    st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 9), st.integers(0, 9)),
    min_size=1,
    max_size=7,
)


def written(plan):
    """Return a function of two tensors that follows a plan."""
    plan = tuple(plan)

    def function(x, y):
        values = [x, y]
        for step, a, b in plan:
            values.append(STEPS[step](values[-1 - a % len(values)], values[-1 - b % len(values)]))
        return values[-1]

    return function


def one_nan(result):
    """Return results with one kind of NaN: of the sum of two, NumPy's numbers and arrays take another one."""
    if isinstance(result, tuple):
        return tuple(map(one_nan, result))
    array = np.where(np.isnan(result.array), np.asarray(np.nan, result.array.dtype), result.array)
    return mg.from_numpy(array)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_programs_are_replayed_bit_for_bit(data):
    shapes = [
        ((), ()),
        ((), ()),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((4,), ()),
        ((2, 1), (1, 3)),
        ((17,), (17,)),
    ]
    sizes = data.draw(st.sampled_from(shapes))
    dtype = data.draw(st.sampled_from([mg.float32, mg.float64]))
    value = written(data.draw(PLANS))
    summed = lambda x, y: value(x, y).sum()  # noqa: E731
    functions = {
        "value": value,
        "gradient": func.value_and_grad(summed, argnums=(0, 1)),
        "product": lambda x, y: func.hvp(summed, (x, y), (x, y)),
    }  # fmt: skip
    function = functions[data.draw(st.sampled_from(sorted(functions)))]

    def drawn(shape):
        size = math.prod(shape)
        numbers = data.draw(st.lists(NUMBERS, min_size=size, max_size=size))
        return mg.tensor(numbers, dtype=dtype).reshape(shape) * 1

    compiled = mg.compile(function)
    with np.errstate(all="ignore"):
        for _ in range(3):
            args = [drawn(shape) for shape in sizes]
            assert seen(one_nan(compiled(*args))) == seen(one_nan(function(*args)))
    report = compiled.report()
    assert compiled.replays == 2 or "not: a result" in report or "same numbers" in report, report


# Single numbers -----------------------------------------------------------------------------------

ON_NUMBERS = {
    "arithmetic": lambda x, y: (x * y + 1) / (x - 2 * y) - x,
    "powers": lambda x, y: (x**2 + y**3 + x**0.5 + abs(x) ** y + 2**y, x**-1),
    "functions": lambda x, y: x.exp() + y.sin() * (1 + x * x).log() + y.tanh() + x.sigmoid(),
    "where": lambda x, y: mg.where(x > y, x, 0.0) + x.relu() - y.relu(),
    "comparisons": lambda x, y: (x > y, x >= y, x < y, x <= y, x == y, x != y),
    "gradient": func.grad(lambda x, y: (x * y).relu() + (x - y) ** 2 + y.exp(), argnums=(0, 1)),
    "product": lambda x, y: func.hvp(lambda x: x**3 * y + (x * y).tanh() + x.relu() ** 2, (x,), (y,)),
    "a choice of two": lambda x, y: mg.where(x > y, x, y) * 2,
    "micrograd": func.value_and_grad(lambda x, y: ((x * 2 + y).relu() + (y**3 / x)) ** 2),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64], ids=str)
@pytest.mark.parametrize("name", ON_NUMBERS)
def test_programs_of_single_numbers_compute_with_numbers(name, dtype):
    points = [(0.7, -1.3), (2.0, 2.0), (1e30, 3.0), (0.0, -0.0), (math.inf, 1.0), (math.nan, 2.0)]
    calls = [[tensor(one, dtype=dtype) for one in point] for point in points]
    with np.errstate(all="ignore"):
        compiled = assert_replayed(ON_NUMBERS[name], *calls)
    if name not in ("a choice of two", "product"):  # with calls of three, or of an array
        assert type(program_of(compiled)) is NumberProgram


def test_numbers_that_are_read_beside_the_arguments_are_read_as_they_are_then():
    rate = tensor(0.5)
    compiled = mg.compile(lambda x: x * rate + 1)
    assert [compiled(tensor(2.0)).item(), compiled(tensor(3.0)).item()] == [2.0, 2.5]
    assert type(program_of(compiled)) is NumberProgram
    rate.fill_(2.0)
    assert compiled(tensor(3.0)).item() == 7.0
    assert compiled(tensor(3.0)).item() == 7.0


def test_a_program_with_an_axis_is_none_of_numbers():
    compiled = assert_replayed(lambda x: x.sum() * 2, (X,), (Y,))
    assert type(program_of(compiled)) is Program


# What is closed, and what is not ------------------------------------------------------------------

a_list, a_dict, an_object, an_array = [2.0], {"a": 2.0}, object(), np.ones(3)
learned = mg.ones(3, requires_grad=True)
with_gradient = mg.ones(3, requires_grad=True)
with_gradient.sum().backward()
with_gradient.requires_grad_(False)
calls_made = 0


@mg.op
def tripled(xp, x):
    """An operation of one's own."""
    return x * 3


class Holder:
    factor = 2.0

    def scaled(self, x):
        return x * self.factor


class OwnError(ValueError):
    factor = 2.0


class CallableThing:
    def __call__(self, x):
        return x * 2


holder = Holder()


def sets_a_global(x):
    global calls_made
    calls_made += 1
    return x * 2


def deletes_a_global(x):
    global calls_made
    if x.ndim > 5:
        del calls_made
    return x * 2


def sets_a_nonlocal():
    count = 0

    def function(x):
        nonlocal count
        count += 1
        return x * 2

    return function


def sets_an_attribute(x):
    def inner(): ...

    inner.last = 1
    return x * 2


def sets_an_attribute_of_an_argument(x):
    x.grad = None
    return x * 2


def imports(x):
    import math as m

    return x * m.pi


def makes_a_class(x):
    class Two:
        value = 2

    return x * Two.value


def prints(x):
    print(end="")
    return x * 2


def captures(value):
    return lambda x: x * value


def has_a_list_as_default(x, factors=[2.0]):  # noqa: B006
    return x * factors[0]


def has_attributes(x):
    return x * 2


has_attributes.calls = 0


@functools.wraps(has_attributes)
def is_decorated(x):
    return has_attributes(x)


def calls_helper_that_is_not_closed(x):
    return reads_a_list(x) + 1


def reads_a_list(x):
    return x * a_list[0]


def hides_it_in_a_nested_function(x):
    def inner(y):
        return y * a_list[0]

    return inner(x)


def hides_it_in_a_comprehension(x):
    return sum([x * one for one in a_list])


def seeds(x):
    mg.manual_seed(0)
    return x * 2


def switches_gradients(x):
    with mg.set_grad_enabled(False):
        return x * 2


NOT_CLOSED = [
    (reads_a_list, "it reads a_list, a list, which can change"),
    (lambda x: x * a_dict["a"], "it reads a_dict, a dict"),
    (lambda x: x * (an_object is not None), "it reads an_object, a object"),
    (lambda x: x * mg.from_numpy(an_array), "it reads an_array, a ndarray"),
    (captures(np.ones(3)), "it reads value, a ndarray"),
    (lambda x: x * np.exp(1.0), "it reads np.exp, a ufunc"),
    (lambda x: x * (random.random() < 2), "it calls random.random, which may give something else each time"),
    (lambda x: x * (time.time() > 0), "it calls time.time, which may give something else each time"),
    (lambda x: x * (mg is not None), "it reads the module mg"),
    (sets_a_global, "sets_a_global sets calls_made"),
    (deletes_a_global, "deletes_a_global sets calls_made"),
    (sets_a_nonlocal(), "function sets count"),
    (sets_an_attribute, "sets_an_attribute sets last"),
    (sets_an_attribute_of_an_argument, "sets grad"),
    (imports, "imports imports a module or makes a class"),
    (makes_a_class, "imports a module or makes a class"),
    (lambda x: tripled(x), "tripled is an operation of one's own"),
    (tripled, "an operation of one's own"),
    (lambda x: (x * learned).detach(), "learned is a tensor that requires gradients"),
    (lambda x: x * with_gradient, "with_gradient is a tensor that has a gradient"),
    (lambda x: x * mg.eye(3)[::2][0] * captured_with_gaps, "captured_with_gaps is a tensor that is not contiguous"),
    (prints, "it calls print, which may give something else each time"),
    (lambda x: x * (2 if hasattr(x, "scale") else 3), "it calls hasattr"),
    (lambda x: getattr(x, "exp")(), "it calls getattr"),  # noqa: B009
    (lambda x: x * (id(x) > 0), "it calls id"),
    (lambda x: x * len(str(globals().keys()) and "ab"), "it calls globals"),
    (lambda x: x.__mul__(2), "reads __mul__"),
    (functools.partial(mg.mul, 2.0), "what is compiled, a partial"),
    (lambda x: helper_partial(x), "it reads helper_partial, a partial"),
    (holder.scaled, "what is compiled, a method"),
    (lambda x: holder.scaled(x), "it reads holder, a Holder"),
    (CallableThing(), "what is compiled, a CallableThing"),
    (lambda x: a_layer(x).detach(), "it reads a_layer, a Identity"),
    (lambda x: x * Holder.factor, "it reads Holder, a class"),
    (lambda x: x * OwnError.factor, "it reads OwnError, a class"),
    (lambda x: x * len(set((1.0, 2.0))), "it reads set, a class"), (lambda x: x * len({x, 2}), "makes a set"),
    (has_a_list_as_default, "it reads a default of has_a_list_as_default, a list"),
    (has_attributes, "has_attributes has attributes, which can change"),
    (is_decorated, "has attributes"),
    (calls_helper_that_is_not_closed, "it reads a_list"),
    (hides_it_in_a_nested_function, "it reads a_list"),
    (hides_it_in_a_comprehension, "it reads a_list"),
    (func.grad(lambda x: (x * a_list[0]).sum()), "it reads a_list"),
    (lambda x: x * mg.compile(lambda y: y)(2.0), "it reads mg.compile, which does more than compute"),
    (seeds, "it reads mg.manual_seed, which does more than compute"),
    (switches_gradients, "it reads mg.set_grad_enabled, a class"),
    (lambda x: x * (mg.rand(3) < 2), "it reads mg.rand, which does more than compute"),
    (lambda x: F.dropout(x, 0.5), "random numbers are drawn"),
    (mg.no_grad()(lambda x: x * 2), "it calls minigrad's <lambda>, which does more than compute"),
]  # fmt: skip
captured_with_gaps = mg.eye(3)[:, 0]
helper_partial = functools.partial(mg.mul, 2.0)
a_layer = nn.Identity()


@pytest.mark.parametrize(
    ("function", "reason"), NOT_CLOSED, ids=[reason for _, reason in NOT_CLOSED]
)
def test_what_is_not_closed_makes_ordinary_calls_and_says_why(function, reason):
    compiled = mg.compile(function)
    for args in ((X,), (Y,), (X,)):
        state = mg.get_rng_state()
        found = seen(compiled(*args))
        mg.set_rng_state(state)
        assert found == seen(function(*args))
        assert reason in compiled.reason
    assert compiled.replays == 0


SCALE, WEIGHTS, PAIR = 2.5, mg.ones(3) * 3, (mg.ones(3), (2.0, "word"))


def helper(x, power=2):
    return x**power


def factorial_like(x, n):
    return x if n <= 1 else n * x * factorial_like(x, n - 1)


def even(x, n):
    return x if n == 0 else odd(x * 2, n - 1)


def odd(x, n):
    return x + 1 if n == 0 else even(x * 3, n - 1)


def with_nested_functions(x):
    total = x * 0

    def add(y):
        nonlocal total
        total = total + y

    for k in range(3):
        add(x * k)
    return total


def in_closure(scale, weights, function):
    return lambda x: function(x * scale) + weights


def shadowing(x):
    def abs(y):
        return y * 7

    print = 3.0
    return abs(x) * print


def without_gradients(x):
    with mg.no_grad():
        y = x * 2
    with mg.enable_grad():
        return y + func.grad(lambda z: (z**2).sum())(x)


def changing_its_own(x):
    y = x * 2
    y += x
    y[0] = 7.0
    y[1:] *= x[1:]
    z = [y, y.tanh()]
    z[0] = z[1]
    named = {"a": z[0]}
    named["b"] = x.mul(3).clamp_(0, 1)
    return named["a"] + named["b"]


def with_exceptions(x):
    try:
        if x.ndim == 1:
            raise ValueError("of one axis")
        y = x
    except ValueError as error:
        y = x * len(error.args)
    return y


def by_shape(x):
    return x / x.shape[0] if len(x) == 3 and isinstance(x, mg.Tensor) else x


def unrolled(x):
    first, *rest = x
    return sum(enumerated * k for k, enumerated in enumerate(rest)) + first * max(1, 2, x.ndim)


CLOSED = [
    lambda x: x * np.pi + math.tau,
    lambda x: x * SCALE + WEIGHTS,
    lambda x: x * PAIR[0] * PAIR[1][0] * len(PAIR[1][1]),
    lambda x: helper(x) + helper(x, power=3),
    lambda x, y=WEIGHTS, *, z=SCALE, w=PAIR: x * y * z * w[0],
    lambda x: (lambda y: y * SCALE)(x) + [x * k for k in range(3)][-1],
    lambda x: sum(x * k for k in range(4)) * math.sin(0.3) + math.pi * math.floor(2.5),
    lambda x: x * (mg.pi + mg.inf * 0) if x.ndim > 3 else x * mg.e,
    lambda x: x.to(mg.float64) * mg.tensor(2.0) + mg.arange(3.0) @ mg.eye(3),
    lambda x: mg.linalg.norm(x) + F.gelu(x) + nn.functional.softmax(x, 0),
    lambda x: mg.cat([part * k for k, part in enumerate(x.split(1))]),
    lambda x: factorial_like(x, 5) + even(x, 3),
    in_closure(2.0, WEIGHTS, in_closure(3.0, WEIGHTS, mg.exp)),
    in_closure(SCALE, PAIR[0], helper),
    with_nested_functions, shadowing, without_gradients, changing_its_own, with_exceptions, by_shape, unrolled,
    mg.exp, mg.func.grad(lambda x: helper(x).sum()), F.silu, func.hessian(lambda x: factorial_like(x, 3).sum()),
]  # fmt: skip


@pytest.mark.parametrize(
    "function", CLOSED, ids=lambda f: f"{f.__name__} {f.__code__.co_firstlineno}"
)
def test_what_is_closed_is_replayed(function):
    assert_replayed(function, (X,), (Y,), (X * 3,))


# What changes between calls -----------------------------------------------------------------------


def global_named(name, value):
    globals()[name] = value


@pytest.fixture
def names():
    """Give globals of this module back what they stand for."""
    kept = dict(globals())
    yield globals()
    globals().clear()
    globals().update(kept)


def assert_change_counts(function, change, x=X):
    """Change something between two calls; it has to count in the next, and in those after it."""
    compiled = mg.compile(function)
    for _ in range(2):
        assert seen(compiled(x)) == seen(function(x))
    assert compiled.replays == 1
    before = seen(function(x))
    change()
    expected = seen(function(x))
    assert expected != before, "the change does nothing"
    for _ in range(3):
        assert seen(compiled(x)) == expected
    return compiled


@pytest.mark.parametrize(
    ("name", "value"),
    [("SCALE", 4.0), ("WEIGHTS", mg.ones(3) * 9), ("helper", lambda x, power=2: x * power), ("PAIR", (mg.ones(3) * 4, (1.0, "w"))),
     ("math", type("Math", (), {"sin": lambda x: 5.0})), ("sum", lambda parts: X), ("SCALE", [1.0])],
)  # fmt: skip
def test_a_global_that_is_bound_anew_counts(names, name, value):
    def function(x):
        scale = SCALE[0] if isinstance(SCALE, list) else SCALE
        return sum([helper(x) * scale + WEIGHTS + PAIR[0], x * math.sin(1.0)])

    assert_change_counts(function, lambda: global_named(name, value))


def test_a_builtin_that_is_covered_and_uncovered_counts(names):
    compiled = assert_change_counts(
        lambda x: x * abs(-2.0), lambda: global_named("abs", lambda value: 5.0)
    )
    del names["abs"]
    assert seen(compiled(X)) == seen(X * 2)


def test_a_builtin_that_is_replaced_counts(monkeypatch):
    def change():
        monkeypatch.setattr(builtins, "abs", lambda value: 5.0)

    assert_change_counts(lambda x: x * abs(-2.0), change)


@pytest.mark.parametrize("value", [4.0, 3, tensor(1.0, 2.0, 3.0), (5.0,), [6.0], "no"], ids=str)
def test_a_variable_of_the_enclosing_function_that_is_bound_anew_counts(value):
    scale = 2.0

    def function(x):
        by = scale[0] if isinstance(scale, (list, tuple)) else scale
        return x * (7.0 if isinstance(by, str) else by)

    def change():
        nonlocal scale
        scale = value

    assert_change_counts(function, change)


def mul_(w, raw):
    w.mul_(3)


def fill_element(w, raw):
    w[1] = -7.0


def through_numpy(w, raw):
    raw[0] = 11.0


def other_array(w, raw):
    w.data = w.data * 5


def other_array_by_attribute(w, raw):
    w.array = w.array * 5


def other_dtype(w, raw):
    w.array = w.array.astype(np.float64)


def other_shape(w, raw):
    w.array = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    "change",
    [mul_, fill_element, through_numpy, other_array, other_array_by_attribute, other_dtype, other_shape],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["value", "grad"])
def test_what_is_written_into_a_captured_tensor_counts(change, kind):
    raw = np.array([1.0, 2.0, 3.0], np.float32)
    w = mg.from_numpy(raw)
    assert np.shares_memory(raw, w.array)
    value = lambda x: (x * w).exp() * w  # noqa: E731
    function = func.grad(lambda x: value(x).sum()) if kind == "grad" else value
    compiled = assert_change_counts(function, lambda: change(w, raw), X * 0.1)
    assert compiled.reason is None


def test_a_captured_tensor_that_starts_to_require_gradients_counts():
    w = tensor(1.0, 2.0, 3.0)
    function = lambda x: x * w  # noqa: E731
    compiled = assert_replayed(function, (X,), (Y,))
    w.requires_grad_()
    found = compiled(X)
    assert found.requires_grad and "w is a tensor that requires gradients" in compiled.reason
    found.sum().backward()
    assert seen(w.grad) == seen(X)
    w.requires_grad_(False)
    compiled(X)
    assert "w is a tensor that has a gradient" in compiled.reason
    w.grad = None
    assert [compiled(X).requires_grad, compiled(X).requires_grad] == [False, False]
    assert compiled.reason is None


def with_options(x, power=2.0, *, scale=3.0):
    return x * power * scale


@pytest.mark.parametrize(
    "called", [with_options, lambda x: with_options(x) + 1], ids=["itself", "a helper"]
)
@pytest.mark.parametrize(
    ("name", "value"),
    [("__defaults__", (4.0,)), ("__kwdefaults__", {"scale": 7.0}), ("__code__", (lambda x, power=2.0, *, scale=3.0: x - power).__code__)],
    ids=["defaults", "options", "code"],
)  # fmt: skip
def test_a_function_that_is_changed_counts(monkeypatch, called, name, value):
    assert_change_counts(called, lambda: monkeypatch.setattr(with_options, name, value))


def test_an_option_that_is_changed_in_its_dictionary_counts(monkeypatch):
    change = lambda: monkeypatch.setitem(with_options.__kwdefaults__, "scale", 9.0)  # noqa: E731
    assert_change_counts(with_options, change)


def test_an_attribute_that_is_given_to_a_function_makes_ordinary_calls():
    def function(x):
        return x * 2

    compiled = assert_replayed(function, (X,), (Y,))
    function.note = 1
    compiled(X)
    assert "has attributes" in compiled.reason


# What depends on the numbers ----------------------------------------------------------------------


def branching(x):
    return x * 2 if x.sum() > 0 else x * 3


def catching(x):
    try:
        return x * (2 if x.sum() > 0 else 3)
    except Exception:
        return x * 2


def catching_what_arrays_lack(x):
    try:
        large = x.array.max() > 3.5
    except Exception:
        large = False
    return x * 2 if large else x * 3


def looping(x):
    while x.sum() < 100:
        x = x * 2 + 50
    return x


COUNTED = "gives another shape for other numbers"
DEPENDENT = [
    (branching, LOOKED_AT), (catching, LOOKED_AT), (looping, LOOKED_AT), (catching_what_arrays_lack, "max of an array is read"),
    (lambda x: x * float(x[0]), LOOKED_AT), (lambda x: x * int(x[1]), LOOKED_AT), (lambda x: x * bool(x[0] > 0), LOOKED_AT),
    (lambda x: x * x.tolist()[1], LOOKED_AT), (lambda x: x * mg.from_numpy(x.numpy()), LOOKED_AT),
    (lambda x: x * x.sum().item(), LOOKED_AT), (lambda x: x * math.floor(float(x[2])), LOOKED_AT),
    (lambda x: x * len(f"{x.sum()}"), LOOKED_AT), (lambda x: x * len(f"{x.sum():.4f}"), LOOKED_AT), (lambda x: x * len(str(x)), LOOKED_AT),
    (lambda x: max(x[0], x[1]) * 2, LOOKED_AT), (lambda x: sorted(list(x * 1))[0] * 2, LOOKED_AT), (lambda x: x * any(x > 3.5), LOOKED_AT),
    (lambda x: x * (4.0 in x), LOOKED_AT), (lambda x: x[int(x[0] > 0) :] * 2, LOOKED_AT), (lambda x: x * x.equal(x.abs()), LOOKED_AT),
    (lambda x: x[x > 0] * 2, COUNTED), (lambda x: x[x > 0].sum(), COUNTED), (lambda x: x * len(x[x > 0]), COUNTED),
    (lambda x: (x[x > 0] * 1, len(x[x > 0])), COUNTED), (lambda x: x * x.masked_select(x > 0).numel(), COUNTED),
    (lambda x: x * (x > 0).unique().numel(), COUNTED), (lambda x: x * x.abs().int().bincount().numel(), COUNTED),
    (func.grad(lambda x: (x[x > 0] ** 3).sum()), COUNTED), (lambda x: x * len(x.nonzero()), "nonzero returns tuple"),
    (lambda x: x * (x.data_ptr() % 2 + 1), "reads data_ptr"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "reason"), DEPENDENT)
def test_what_depends_on_the_numbers_is_not_replayed(function, reason):
    positive = tensor(1.0, 0.5, 4.0)
    assert_ordinary(function, reason, (positive,), (X,), (Y,), (positive * 0.3,))


def test_numbers_are_refused_for_a_shape_and_tried_again_ever_more_rarely():
    def function(x):
        return x * 2 if x.ndim == 1 else branching(x)

    compiled = mg.compile(function)
    for _ in range(20):
        compiled(mg.ones(2, 2))
    assert compiled.recordings == 1 + 5  # and again with the 1st, 2nd, 4th, 8th and 16th after it
    compiled(X)
    compiled(Y)
    assert compiled.reason is None


CHANGING = [
    lambda x: x.mul_(2).sum(),
    lambda x: x.relu_().sum(),
    lambda x: x.copy_(x * 2 + 1) * 1,
    lambda x: x.t_() * 2,
    lambda x: x.unsqueeze_(0).sum(),
    lambda x: (x.requires_grad_() * 2).detach(),
]


@pytest.mark.parametrize("change", CHANGING)
@pytest.mark.parametrize("shape", [(2, 3), ()], ids=["an array", "a number"])
def test_a_function_that_changes_its_argument_changes_it_once_in_every_call(change, shape):
    if not shape and change in CHANGING[3:4]:
        pytest.skip("a number has no axes to exchange")
    compiled = mg.compile(change)
    for number in range(3):
        mg.manual_seed(number)
        x = mg.randn(shape)
        other = x.clone()
        assert seen(compiled(x)) == seen(change(other))
        assert (seen(x), x.stride()) == (seen(other), other.stride())
        assert compiled.reason is not None
    assert compiled.replays == 0


def test_a_sweep_into_an_argument_is_made_in_every_call():
    def function(x):
        (x.requires_grad_() ** 2).sum().backward()
        return x.grad * 1

    compiled = mg.compile(function)
    for start in (X, Y):
        x = start.clone()
        compiled(x)
        assert seen(x.grad) == seen(start * 2)
    assert compiled.reason == "something that the function was given is changed"


def set_item(given):
    if isinstance(given, list):
        given[0] = given[1] * 2
    return given[1] * 1


CONTAINERS = [
    (lambda xs: (xs.reverse(), xs[0] - xs[1])[1], lambda: [X, Y]),
    (lambda xs: (xs.append(1), xs[0] - xs[1])[1], lambda: [X, Y]),
    (lambda xs: xs.pop() * 2, lambda: [X, Y]),
    (set_item, lambda: [X, Y]),
    (lambda named: named.pop("a") * 2, lambda: {"b": X, "a": Y}),
    (lambda named: (named.update(c=1), named["a"] * 2)[1], lambda: {"b": X, "a": Y}),
]


@pytest.mark.parametrize(("change", "made"), CONTAINERS)
def test_a_function_that_changes_a_list_it_is_given_changes_it_in_every_call(change, made):
    compiled = mg.compile(change)
    for _ in range(3):
        given, other = made(), made()
        assert seen(compiled(given)) == seen(change(other))
        assert seen(given) == seen(other)
    assert compiled.reason == "something that the function was given is changed"


@pytest.mark.parametrize("kind", ["an array", "a number"])
def test_a_function_that_changes_what_it_reads_changes_it_once_in_every_call(kind):
    counter = mg.zeros(1) if kind == "an array" else tensor(0.0)

    def function(x):
        counter.add_(1)
        return x * counter

    compiled = mg.compile(function)
    assert [compiled(tensor(1.0)).item() for _ in range(4)] == [1.0, 2.0, 3.0, 4.0]
    assert counter.item() == 4.0 and compiled.replays == 0


VIEWS = [
    lambda x: x, lambda x: (x * 2, x), lambda x: x[:2], lambda x: x.reshape(3, 1), lambda x: x.detach(),
    lambda x: {"a": [x.T]}, lambda x: WEIGHTS, lambda x: (x * 2, WEIGHTS[:2]), lambda x: x.to(mg.float32),
]  # fmt: skip


@pytest.mark.parametrize("function", VIEWS)
def test_a_result_that_is_memory_of_somebody_else_is_not_replayed(function):
    assert_ordinary(function, "a result is an argument, or a view of one", (X,), (Y,))
    assert mg.compile(lambda x: x)(X) is X


def twice(x):
    y = x * 2
    return y, y


def with_its_part(x):
    y = x * 2
    return y, y[1:]


@pytest.mark.parametrize("function", [twice, with_its_part])
def test_results_that_share_memory_go_on_to_share_it(function):
    compiled = assert_ordinary(function, "two results are one tensor, or share memory", (X,), (Y,))
    whole, part = compiled(X)
    whole.fill_(5.0)
    assert (part == 5.0).all()


# What a recording is for --------------------------------------------------------------------------


def anything(x, *others, **named):
    """Compute with whatever it is given."""
    total = x * 1
    for one in [*others, *named.values()]:
        if isinstance(one, (tuple, list)):
            for part in one:
                total = anything(total, part)
        elif isinstance(one, dict):
            for name in one:
                total = anything(total, one[name]) * (name if isinstance(name, (int, float)) else 1)
        elif isinstance(one, str):
            total = total * len(one)
        elif one is not None:
            total = total + one / 2
    return total


MATRIX = mg.arange(6, dtype=mg.float32).reshape(2, 3) * 1
KEYS = {
    "a shape": [(mg.ones(2),), (mg.ones(3),), (mg.ones(3, 1),), (mg.ones(()),), (mg.ones(0),)],
    "a dtype": [(mg.ones(2),), (mg.ones(2).double(),), (mg.ones(2).half(),), (mg.ones(2).int(),), (mg.ones(2).bool(),)],
    "order": [(MATRIX,), (MATRIX.reshape(3, 2).T,)],
    "a number": [(X, 0.0), (X, -0.0), (X, 1), (X, 1.0), (X, True), (X, math.nan), (X, 2), (X, None), (X, "a"), (X, "ab")],
    "names": [(X, {"a": 2.0}), (X, {"b": 2.0}), (X, {"a": 2.0, "b": 2.0})],
    "equal names": [(X, {1: Y}), (X, {True: Y})],
    "structure": [(X, (Y,)), (X, [Y]), (X, [Y, Y * 1]), (X, [[Y], Y * 1]), (X, Y, Y * 1), (X, {"a": Y}), (X, [])],
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_each_of_these_has_a_recording_of_its_own(name):
    compiled = mg.compile(anything)
    for round in range(2):
        for args in KEYS[name]:
            assert seen(compiled(*args)) == seen(anything(*args))
            assert (compiled.reason is None) == bool(round), compiled.reason
    assert compiled.recordings == compiled.replays == len(KEYS[name])


def test_the_sign_of_a_zero_and_the_kind_of_a_number_decide():
    compiled = mg.compile(lambda x, zero: x * zero)
    for zero in (0.0, -0.0, 0.0, -0.0):
        assert math.copysign(1, compiled(tensor(1.0), zero).item()) == math.copysign(1, zero)
    whole = mg.tensor([1, 2])
    assert [compiled(whole, one).dtype for one in (1, 1.0, True, 1, 1.0, True)] == [
        whole.dtype, mg.float32, whole.dtype, whole.dtype, mg.float32, whole.dtype
    ]  # fmt: skip
    assert compiled.replays == 2 + 3


def test_names_of_arguments_are_part_of_the_call():
    compiled = mg.compile(lambda x, y, z=1.0: x * y - z)
    for _ in range(2):
        assert seen(compiled(X, y=Y)) == seen(X * Y - 1.0)
        assert seen(compiled(y=X, x=Y, z=X)) == seen(X * Y - X)
        assert seen(compiled(X, Y, z=2.0)) == seen(X * Y - 2.0)
    assert compiled.recordings == compiled.replays == 3


def test_a_tensor_that_is_given_twice_is_another_call_than_two_that_are_equal():
    def function(x, y):
        return x * 2 + y if x is y else x * 3 - y

    compiled = mg.compile(function)
    for args in ((X, X), (X, Y), (Y, Y), (Y, X), (X, X * 1)):
        assert seen(compiled(*args)) == seen(function(*args))
    assert compiled.recordings == 2 and compiled.replays == 3
    gradient = func.grad(lambda x, y: (x * y).sum(), argnums=(0, 1))
    assert_replayed(gradient, (X, X), (Y, Y))


def test_the_default_dtype_and_recording_are_part_of_the_call():
    def function(x):
        y = (x * mg.tensor(0.1)).sum()
        return func.grad(lambda z: z * z)(y) + y

    compiled = mg.compile(function)
    x = mg.ones(3, dtype=mg.float64)
    for _ in range(2):
        for dtype in (mg.float32, mg.float64):
            mg.set_default_dtype(dtype)
            assert seen(compiled(x)) == seen(function(x))
            with mg.no_grad():
                assert seen(compiled(x)) == seen(function(x))
    assert compiled.recordings == compiled.replays == 4


def test_an_argument_that_is_read_besides_or_is_no_tensor_or_number_makes_ordinary_calls():
    w = X * 1
    compiled = mg.compile(lambda x, other=None: x * w)
    compiled(w)
    assert compiled.reason == "the function reads an argument beside the arguments"
    for other, kind in (
        (np.ones(3), "ndarray"),
        (np.float32(1), "float32"),
        (slice(3), "slice"),
        (abs, "builtin_function_or_method"),
        (nn.Parameter(mg.ones(3)), "Parameter"),
        (X.shape, "Size"),
        ({1.5}, "set"),
        ([{"a": object()}], "object"),
    ):
        compiled(X, other)
        assert compiled.reason == f"an argument is a {kind}, and no tensor or number"
    compiled(X, {1.5: X})
    assert (
        compiled.reason == "an argument is a dictionary with a name that is no word or whole number"
    )
    assert seen(compiled(MATRIX[0])) == seen(MATRIX[0] * w)
    compiled(mg.ones(3, 3)[:, 0])
    assert compiled.reason == "an argument is not contiguous; pass x.contiguous()"
    assert compiled.replays == 0


def test_so_many_programs_are_kept_and_so_many_recordings_made():
    compiled = mg.compile(mg.exp)
    for size in range(1, ALLOWED + 1):
        compiled(mg.ones(size))
    assert compiled.recordings == len(compiled._programs) == ALLOWED == KEPT
    compiled(mg.ones(100))
    assert "change so often that recording is not worth while" in compiled.reason
    for _ in range(16):
        compiled(mg.ones(2))
    compiled(mg.ones(100))
    assert FIRST in compiled.reason
    assert len(compiled._programs) == KEPT
    compiled(mg.ones(2))
    assert compiled.reason is None
    compiled(mg.ones(1))  # the oldest is forgotten
    assert compiled.reason is not None


# Results ------------------------------------------------------------------------------------------


def test_results_are_new_in_every_call_and_stay_what_they_were():
    compiled = mg.compile(
        lambda x: (x * 2, {"sum": x.sum(), "row": [x.exp(), x.cumsum(0)]}, mg.ones(3))
    )
    results = [compiled(start) for start in (X, Y, X * 3, X)]
    assert compiled.replays == 3
    assert [seen(one) for one in results] == [seen(compiled.function(x)) for x in (X, Y, X * 3, X)]
    arrays = [one.array for r in results for one in (r[0], r[1]["row"][0], r[1]["row"][1], r[2])]
    assert not any(np.shares_memory(a, b) for at, a in enumerate(arrays) for b in arrays[at + 1 :])
    results[1][0].fill_(0.0)
    results[1][2].fill_(0.0)
    results[1][1]["row"].clear()
    results[1][1].clear()
    assert seen(compiled(X)) == seen(results[0])
    assert compiled.reason is None


RESULTS = [
    lambda x: [x * 1, (x.sum(), {"a": x.max(), 2: None})], lambda x: (x.ndim, len(x), x.numel(), "word", 2.5, True, None, ..., x * 2),
    lambda x: None, lambda x: 3.0, lambda x: (), lambda x: [[], {}], lambda x: mg.zeros(2), lambda x: mg.tensor(2.0),
    lambda x: (mg.ones(3) * 2, x * 1), lambda x: x.sum(), lambda x: x.sum(0, keepdim=True), lambda x: (x * 2)[0], lambda x: x.argmax(),
    lambda x: x > 0, lambda x: (x > 0).any(), lambda x: mg.full((), 3.0) * 1, lambda x: (x.dtype, x * 1), lambda x: x.int(),
    lambda x: (x[:, None] * x).T, lambda x: (x * 2).reshape(3, 1), lambda x: (x * 1).sum().reshape(1), lambda x: tuple(x.exp().split(1)),
    lambda x: mg.stack([x, x * 2]).permute(1, 0) * 1, lambda x: mg.empty(0), lambda x: x.view(1, 3) + 0,
]  # fmt: skip


@pytest.mark.parametrize("function", RESULTS)
def test_results_are_made_as_the_ordinary_call_makes_them(function):
    assert_replayed(function, (X,), (Y,), (X * 3,))


@pytest.mark.parametrize(
    ("function", "reason"),
    [(lambda x: (x * 2)[::2], "a result lies in memory otherwise than in rows; return x.contiguous()"), (lambda x: (x * 2).expand(2, 3), "a result lies in memory otherwise"),
     (lambda x: x.shape, "a result is a Size, and no tensor or number"), (lambda x: x.sort(), "a result is a ValuesAndIndices"),
     (lambda x: (x * 2).requires_grad_(), "a result requires gradients")],
)  # fmt: skip
def test_other_results_are_not_replayed(function, reason):
    assert_ordinary(function, reason, (X,), (Y,))


def test_a_result_that_is_an_array_or_a_function_is_not_replayed():
    for function, kind in ((lambda x: x.array * 2, "ndarray"), (lambda x: lambda: x, "function")):
        compiled = mg.compile(function)
        assert type(compiled(X)) is type(function(X)) and type(compiled(Y)) is type(function(Y))
        assert f"a result is a {kind}" in compiled.reason


def test_what_is_wrong_for_one_function_is_no_matter_of_another():
    one, other = mg.compile(mg.exp), mg.compile(mg.exp)
    one(X)
    assert (one.steps, one.recordings, other.steps, other.recordings) == (1, 1, 0, 0)
    assert other.reason == "there was no call yet"
    assert repr(one) == "<CompiledFunction of exp: 0 of 1 calls were replayed>"
    one(X)
    one(mg.ones(2, 2))
    assert one.report() == (
        "1 of 3 calls were replayed\n1 not: the first call with tensors of shapes (3,)\n"
        "1 not: the first call with tensors of shapes (2, 2)"
    )


# Memory -------------------------------------------------------------------------------------------


@pytest.fixture
def no_collection():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_recording_keeps_neither_arguments_nor_results_nor_circles(no_collection):
    compiled = mg.compile(func.value_and_grad(rosenbrock))
    refs = []
    for size in (4, 4, 5):
        x = mg.randn(size)
        results = compiled(x)
        refs += [weakref.ref(one) for one in (x, *results)]
        if compiled.reason is None:
            refs += [weakref.ref(one.array) for one in (x, results[1])]
        del x, results
    assert compiled.replays == 1
    assert [ref() for ref in refs] == [None] * len(refs)
    assert gc.collect() == 0


def test_replays_leave_nothing_behind(no_collection):
    compiled = mg.compile(func.hessian(rosenbrock))
    x = mg.randn(6)
    for _ in range(20):
        compiled(x)
    tracemalloc.start()
    try:
        for _ in range(100):
            compiled(x)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(300):
            compiled(x)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert compiled.reason is None
    assert grown < 2000


def test_a_replay_allocates_its_results_and_little_else():
    function = func.value_and_grad(lambda x: ((x.exp() + 1).log() * x.sin()).sum())
    compiled, x = mg.compile(function), mg.randn(50_000)

    def peak(called):
        called(x)
        called(x)
        tracemalloc.start()
        called(x)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found / x.array.nbytes

    assert peak(compiled) < 1.1
    assert compiled.reason is None
    assert peak(function) > 3


def test_a_replay_calls_nothing_of_the_engine(monkeypatch):
    compiled = mg.compile(func.hessian(rosenbrock))
    x = mg.randn(5)
    expected = seen(compiled(x))

    def stop(*args, **kwargs):
        raise AssertionError("an ordinary call is made")

    monkeypatch.setattr(compiled, "function", stop)
    monkeypatch.setattr(Op, "__call__", stop)
    assert seen(compiled(x)) == expected
    assert compiled.reason is None


# Exceptions ---------------------------------------------------------------------------------------


def test_exceptions_of_the_function_come_through():
    def function(x):
        if x.ndim > 1:
            raise KeyError("of many axes")
        return x * 2

    compiled = mg.compile(function)
    compiled(X)
    for _ in range(2):
        with pytest.raises(KeyError, match="of many axes"):
            compiled(MATRIX)
        assert compiled.reason == "an exception ended the call"
    compiled(Y)
    assert compiled.reason is None
    assert (compiled.steps, compiled.recordings, compiled.replays) == (4, 1, 1)
    assert "2 not: an exception ended the call" in compiled.report()
    with pytest.raises(TypeError, match="positional argument"):
        compiled()


@pytest.mark.parametrize(
    "solve", [mg.linalg.inv, lambda a: mg.linalg.solve(a, mg.ones(2))], ids=["inv", "solve"]
)
def test_a_replay_that_raises_is_an_ordinary_call_that_raises(solve):
    compiled, regular = mg.compile(solve), mg.tensor([[2.0, 1.0], [1.0, 3.0]])
    compiled(regular)
    assert seen(compiled(regular * 2)) == seen(solve(regular * 2))
    with pytest.raises(Exception) as ordinary:
        solve(mg.ones(2, 2))
    with pytest.raises(type(ordinary.value)) as found:
        compiled(mg.ones(2, 2))
    assert str(found.value) == str(ordinary.value)
    assert compiled.reason is not None
    assert "the replay ended with a" in compiled.report()
    assert seen(compiled(regular)) == seen(solve(regular))
    assert compiled.reason is None


def test_an_exception_that_the_function_catches_is_caught_after_a_replay():
    def inverse(a):
        try:
            return mg.linalg.inv(a)
        except Exception:
            return a * 0

    compiled = mg.compile(inverse)
    regular = mg.tensor([[2.0, 1.0], [1.0, 3.0]])
    for matrix in (regular, regular * 2, mg.ones(2, 2), regular):
        assert seen(compiled(matrix)) == seen(inverse(matrix))
    assert compiled.replays == 2


@pytest.mark.parametrize("x", [tensor(1000.0), tensor(1.0, 1000.0)], ids=["numbers", "arrays"])
def test_numpy_that_is_told_to_raise_raises_as_in_an_ordinary_call(x):
    compiled = mg.compile(mg.exp)
    compiled(x * 0)
    with np.errstate(all="raise"):
        assert seen(compiled(x * 0)) == seen((x * 0).exp())
        assert compiled.reason is None
        with pytest.raises(FloatingPointError, match="overflow"):
            compiled(x * 1)
    assert "the replay ended with a FloatingPointError" in compiled.report()
    with np.errstate(all="ignore"):
        assert seen(compiled(x * 1)) == seen(x.exp())
    assert compiled.reason is None


@pytest.mark.parametrize("x", [tensor(0.0), tensor(1.0, 0.0)], ids=["numbers", "arrays"])
def test_numpy_warns_once_in_every_call(x):
    compiled = mg.compile(lambda x: 1 / x)
    for _ in range(3):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            compiled(x)
        assert [str(one.message).split(" in ")[0] for one in heard] == [
            "divide by zero encountered"
        ]
    assert compiled.replays == 2


def test_a_function_that_warns_warns_once_in_every_call():
    compiled = mg.compile(F.mse_loss)
    for _ in range(3):
        with pytest.warns(UserWarning, match="differ in shape") as heard:
            compiled(mg.ones(3, 1), mg.ones(3))
        assert len(heard) == 1
    assert compiled.reason.startswith("it warns: mse_loss: the input (3, 1)")


@pytest.mark.parametrize(
    ("args", "got"),
    [((nn.Linear(2, 1),), "Linear"), ((nn.Sequential(),), "Sequential"), ((3,), "int"), ((mg.exp, None, 3), "function")],
)  # fmt: skip
def test_what_is_no_function_needs_a_loss(args, got):
    with pytest.raises(
        TypeError, match=f"a training step needs a model and a loss.*got {got} without a loss"
    ):
        mg.compile(*args)


# Ordinary calls -----------------------------------------------------------------------------------


def test_observers_see_the_operations():
    compiled = assert_replayed(lambda x: (x * 2).exp(), (X,), (Y,))
    with mg.profile() as profile:
        compiled(X)
    assert "observer" in compiled.reason
    assert "exp" in str(profile)
    compiled(X)
    assert compiled.reason is None


def test_arguments_that_require_gradients_get_them():
    compiled = assert_replayed(lambda x: (x**2).sum(), (X,), (Y,))
    x = X.clone().requires_grad_()
    compiled(x).backward()
    assert seen(x.grad) == seen(X * 2)
    assert compiled.reason == "an argument requires gradients"
    compiled(x.detach())
    assert compiled.reason is None
    x.requires_grad_(False)
    compiled(x)
    assert compiled.reason == "an argument has a gradient"


def test_a_compiled_function_has_derivatives():
    compiled = assert_replayed(lambda x: (x**3).sum(), (X,), (Y,))
    assert seen(func.grad(compiled)(X)) == seen(func.grad(compiled.function)(X))
    assert seen(func.hessian(compiled)(X)) == seen(func.hessian(compiled.function)(X))
    assert compiled.reason == "an argument requires gradients"


def test_tensors_on_other_devices_make_ordinary_calls(device):
    function = func.grad(lambda x: (x**3).sum())
    compiled = mg.compile(function)
    for number in range(3):
        x = mg.full((3,), float(number + 1))
        found = compiled(x)
        assert found.device == x.device
        assert found.tolist() == [3.0 * (number + 1) ** 2] * 3
    if device == "cpu":
        assert compiled.replays == 2
    else:
        assert compiled.replays == 0 and compiled.reason.startswith("an argument is on ")


def test_tensors_that_are_made_on_other_devices_make_ordinary_calls(device):
    function = lambda n: mg.ones(n) * 2  # noqa: E731
    compiled = mg.compile(function)
    for _ in range(3):
        assert compiled(3).tolist() == [2.0, 2.0, 2.0]
        assert compiled(3).device == function(3).device


# Threads, copies ----------------------------------------------------------------------------------


def test_two_threads_may_call_it():
    function = func.value_and_grad(lambda x: (x.sin() * x.exp()).sum())
    compiled = mg.compile(function)
    starts = [mg.randn(50) for _ in range(4)]
    expected = [seen(function(x)) for x in starts]
    wrong, barrier = [], threading.Barrier(4)

    def work(x, right):
        barrier.wait()
        wrong.extend(1 for _ in range(200) if seen(compiled(x)) != right)

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(starts, expected, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert compiled.replays > 0


def test_a_call_while_another_is_made_is_an_ordinary_one():
    inside = []

    def function(x):
        inside.append(compiled.function is function)
        return x * 2 if len(inside) > 1 else compiled(x) + 1

    compiled = mg.compile(function)
    assert seen(compiled(X)) == seen(X * 2 + 1)
    assert compiled.steps == 1


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda one: pickle.loads(pickle.dumps(one))], ids=["deepcopy", "copy", "pickle"]
)  # fmt: skip
def test_copies_have_recordings_of_their_own(copied):
    compiled = assert_replayed(rosenbrock, (X,), (Y,))
    other = copied(compiled)
    assert other.function is rosenbrock and other.replays == 1
    assert seen(other(X)) == seen(rosenbrock(X))
    assert FIRST in other.reason
    assert seen(other(Y)) == seen(rosenbrock(Y))
    assert other.reason is None and compiled.steps == 2
    compiled(X)
    assert compiled.reason is None
