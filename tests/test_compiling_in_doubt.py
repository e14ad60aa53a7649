"""mg.compile of functions where a replay could be wrong: the call is an ordinary one then."""

import functools
from types import ModuleType

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

SCALE = 2.0


def twice(function, make):
    """Return the compiled function, and what two calls with new arguments left and returned."""
    compiled, found = mg.compile(function), []
    for number in (1.0, 2.0):
        args = make(number)
        found.append((args, compiled(*args)))
    return compiled, found


def squares(number):
    return (mg.full((2, 3), number),)


# What a function does to its arguments ----------------------------------------------------------------


def backward_through(x):
    x.requires_grad_()
    (x**2).sum().backward()
    return x.grad


def gradient_left(x):
    gradient = backward_through(x)
    x.requires_grad_(False)
    return gradient * 1


def transposed_in_place(x):
    x.t_()
    return x * 2


def widened_in_place(x):
    x.unsqueeze_(0)
    return x * 2


@pytest.mark.parametrize(
    "function", [backward_through, gradient_left, transposed_in_place, widened_in_place]
)
def test_what_is_done_to_an_argument_is_done_in_every_call(function):
    compiled, found = twice(function, squares)
    expected = squares(2.0)
    function(*expected)
    (left,), (right,) = found[1][0], expected
    assert left.shape == right.shape
    assert left.requires_grad == right.requires_grad
    assert (left.grad is None) == (right.grad is None)
    assert compiled.reason == "something that the function was given is changed"


def replacing(xs):
    xs[0] = xs[0] * 2
    return xs[0].sum()


def extending(xs):
    xs += [1]
    return xs[0].sum()


def turning(xs):
    xs.reverse()
    return xs[0].sum()


@pytest.mark.parametrize("function", [replacing, extending, turning])
def test_a_list_that_is_changed_is_changed_in_every_call(function):
    compiled, found = twice(function, lambda number: ([mg.full((2,), number), mg.ones(2)],))
    (left,), _ = found[1]
    right = [mg.full((2,), 2.0), mg.ones(2)]
    function(right)
    assert [np.asarray(one).tolist() for one in left] == [np.asarray(o).tolist() for o in right]
    assert compiled.reason == "something that the function was given is changed"


# What a function reads ---------------------------------------------------------------------------------


def test_keys_of_a_dictionary_are_words_and_whole_numbers():
    key = mg.tensor([1.0, 2.0])
    compiled = mg.compile(lambda d: sum(name * one for name, one in d.items()))
    for number in (1.0, 2.0):
        key.fill_(number)
        assert compiled({key: mg.ones(2)}).tolist() == [number, number]
    assert compiled.reason.startswith("an argument is a dictionary with a name that is no word")


def test_keys_that_are_equal_and_not_the_same_are_kept_apart():
    compiled = mg.compile(lambda d: [(name, one * 2) for name, one in d.items()])
    for name in (1, True, 1, True):
        assert type(compiled({name: mg.ones(2)})[0][0]) is type(name)
    assert compiled.replays == 2


def test_who_is_called_like_a_function_of_minigrads_is_none(monkeypatch):
    @functools.wraps(mg.exp)
    def scaled(x):
        return x * SCALE

    del scaled.__wrapped__
    compiled = mg.compile(scaled)
    for number in (2.0, 3.0):
        monkeypatch.setitem(globals(), "SCALE", number)
        assert compiled(mg.ones(2)).tolist() == [number, number]


def test_what_is_put_into_a_module_counts_in_the_next_call(monkeypatch):
    compiled = mg.compile(lambda x: mg.exp(x) * 1)
    ordinary = compiled(mg.ones(2)).tolist()
    assert compiled(mg.ones(2)).tolist() == ordinary
    assert compiled.reason is None
    monkeypatch.setattr(mg, "exp", mg.sin)
    assert compiled(mg.ones(2)).tolist() == mg.sin(mg.ones(2)).tolist()


def test_a_tensor_in_a_module_is_read_in_every_call(monkeypatch):
    monkeypatch.setattr(mg, "offset", mg.zeros(2), raising=False)
    compiled = mg.compile(lambda x: x + mg.offset)
    for number in (1.0, 2.0):
        mg.offset.fill_(number)
        assert compiled(mg.zeros(2)).tolist() == [number, number]
    assert compiled.reason.startswith("it reads mg.offset, which does more")


def test_a_function_in_a_module_reads_its_tensors_in_every_call(monkeypatch):
    offset = mg.zeros(2)
    monkeypatch.setattr(mg, "shifted", lambda x: x + offset, raising=False)
    compiled = mg.compile(lambda x: mg.shifted(x))
    for number in (1.0, 2.0):
        offset.fill_(number)
        assert compiled(mg.zeros(2)).tolist() == [number, number]


def test_a_module_of_ones_own_is_read_like_globals(monkeypatch):
    """Numbers, tensors and functions in it count as they are when the function is called."""
    helpers = ModuleType("helpers")
    helpers.scale, helpers.offset = 2.0, mg.ones(2)
    exec("def shifted(x):\n    return x * scale + offset", vars(helpers))
    monkeypatch.setitem(globals(), "helpers", helpers)
    compiled = mg.compile(lambda x: helpers.shifted(x) + helpers.offset)
    x = mg.tensor([1.0, 2.0])
    assert compiled(x).tolist() == [4.0, 6.0]
    helpers.offset += 1
    assert compiled(x).tolist() == [6.0, 8.0]
    assert compiled.replays == 1
    helpers.scale = 3.0
    assert compiled(x).tolist() == [7.0, 10.0]
    helpers.offset = mg.zeros(2)
    assert compiled(x).tolist() == [3.0, 6.0]
    helpers.shifted = mg.exp
    assert compiled(x).allclose(x.exp())
    assert compiled(x).allclose(x.exp())
    assert compiled.replays == 2


def test_what_a_module_makes_when_it_is_asked_is_asked_for(monkeypatch):
    helpers = ModuleType("helpers")
    helpers.__getattr__ = lambda name: 2.0
    monkeypatch.setitem(globals(), "helpers", helpers)
    compiled = mg.compile(lambda x: x * helpers.scale)
    compiled(mg.ones(2))
    assert compiled.reason.startswith("it reads helpers.scale, which the module makes")


def test_methods_that_tensors_were_given_are_called(monkeypatch):
    monkeypatch.setattr(Tensor, "scaled", lambda x: x * SCALE, raising=False)
    compiled = mg.compile(lambda x: x.scaled())
    for number in (2.0, 3.0):
        monkeypatch.setitem(globals(), "SCALE", number)
        assert compiled(mg.ones(2)).tolist() == [number, number]
    assert "which minigrad's tensors do not have" in compiled.reason


def test_methods_of_tensors_that_are_replaced_count(monkeypatch):
    compiled = mg.compile(lambda x: x.exp() * 1)
    for _ in range(2):
        compiled(mg.ones(2))
    assert compiled.reason is None
    monkeypatch.setattr(Tensor, "exp", lambda x: x * SCALE)
    assert compiled(mg.ones(2)).tolist() == [SCALE, SCALE]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * x._version,
        lambda x: x * len(x.name or "a"),
        lambda x: x * len("{.name}".format(x)),  # noqa: UP032
    ],
)
def test_what_is_told_of_a_tensor_beside_its_numbers_is_asked_in_every_call(function):
    compiled = mg.compile(function)
    compiled(mg.ones(2))
    x = mg.ones(2)
    x.add_(1).add_(1)
    x.name = "inputs"
    assert compiled(x).tolist() == function(x).tolist()
    assert compiled.replays == 0


def test_a_tensor_that_is_read_may_get_another_shape():
    factor = mg.ones(3)
    compiled = mg.compile(lambda x: (x * factor).exp() + 1)
    for _ in range(2):
        compiled(mg.ones(3))
    assert compiled.reason is None
    factor.array = factor.array.reshape(1, 3)
    assert compiled(mg.ones(3)).shape == (1, 3)


def test_sets_of_tensors_are_made_in_every_call():
    compiled = mg.compile(lambda x, y: [one * 1 for one in {x, y}])
    compiled(mg.ones(2), mg.zeros(2))
    assert "makes a set" in compiled.reason


class Limit(Exception):
    value = 1.0


def test_exceptions_of_ones_own_may_have_attributes_that_change(monkeypatch):
    compiled = mg.compile(lambda x: x * Limit.value)
    for number in (2.0, 3.0):
        monkeypatch.setattr(Limit, "value", number)
        assert compiled(mg.ones(2)).tolist() == [number, number]


# What it returns -----------------------------------------------------------------------------------------


def test_results_lie_in_memory_as_those_of_the_function():
    compiled, found = twice(lambda x: (x.T.exp(), (x * 2).T), squares)
    assert compiled.reason is None
    for _, results in found:
        assert [one.array.strides for one in results] == [(4, 12), (4, 12)]


@pytest.mark.parametrize("function", [lambda x: (x * 2)[:, ::2], lambda x: (x * 2)[0].expand(4, 3)])
def test_results_with_gaps_are_made_by_the_function(function):
    compiled, found = twice(function, squares)
    assert found[1][1].array.strides == function(*squares(2.0)).array.strides
    assert "lies in memory otherwise" in compiled.reason


def same(x):
    y = x * 2
    return y, y


def part(x):
    y = x * 2
    return y, y[0]


@pytest.mark.parametrize("function", [same, part])
def test_results_that_share_memory_do_so_in_every_call(function):
    compiled, found = twice(function, squares)
    whole, other = found[1][1]
    whole.fill_(7)
    assert (other == 7).all()
    assert compiled.reason == "two results are one tensor, or share memory"


def test_what_nobody_needs_raises_as_ever():
    def determined(x):
        mg.linalg.inv(x)
        return x.sum()

    compiled = mg.compile(determined)
    compiled(mg.eye(2))
    with pytest.raises(ValueError, match="Singular"):
        compiled(mg.zeros(2, 2))


def test_whole_numbers_to_a_negative_power_raise_as_ever():
    def powers(x, y):
        x**y
        return x.sum()

    compiled = mg.compile(powers)
    x = mg.tensor([2, 3])
    compiled(x, x)
    with pytest.raises(ValueError, match="negative integer powers"):
        compiled(x, -x)


def test_a_number_that_gets_memory_of_its_own_is_not_changed():
    compiled = mg.compile(mg.func.grad(lambda x: x**3))
    for number in (1.0, 2.0):  # detach() makes an array of a number that was computed
        assert compiled(mg.tensor(number) * 1).item() == 3 * number**2
    assert compiled.reason is None


@pytest.mark.parametrize("make", [mg.tensor, lambda number: mg.tensor(number) * 1])
@pytest.mark.parametrize(
    "function",
    [lambda x: x**-1, lambda x: x**0.5, lambda x: x.clone() ** -1, lambda x: 1 / x.square()]
    + [
        mg.func.grad(lambda x: x.clone() ** -1),
        mg.func.grad(lambda x: (x.reshape(1)[0] ** 3) ** 0.5),
    ],
)
def test_powers_of_numbers_are_those_of_numbers_and_of_arrays_those_of_arrays(make, function):
    """NumPy has two functions for it, which differ in the last digit of one number in five."""
    compiled = mg.compile(function)
    numbers = np.random.default_rng(0).uniform(0.1, 3.0, 300).tolist()
    for number in numbers:
        assert compiled(make(number)).item() == function(make(number)).item()
    assert compiled.replays == len(numbers) - 1


# Exceptions, memory and rounding ---------------------------------------------------------------------------


def inverse_or_double(x):
    try:
        return mg.linalg.inv(x) * 1
    except ValueError:
        return x * 2


def power_or_double(x):
    try:
        return x.long() ** (x.long() - 1)
    except ValueError:
        return x * 2


@pytest.mark.parametrize("function", [inverse_or_double, power_or_double])
def test_an_operation_that_raises_and_is_caught_may_not_raise_the_next_time(function):
    compiled = mg.compile(function)
    compiled(mg.zeros(2, 2))
    assert compiled.reason == "an operation raises an exception"
    for x in (mg.eye(2) + 1, mg.zeros(2, 2)):
        assert compiled(x).tolist() == function(x).tolist()


def picks(x, index):
    x[index]
    return x * 2


def puts(x, index):
    y = x.clone()
    y[index] = 1.0
    return x * 2


@pytest.mark.parametrize("function", [picks, puts])
def test_an_index_that_is_too_large_raises_though_nobody_needs_what_is_there(function):
    compiled = mg.compile(function)
    x = mg.ones(3)
    for index in ([0, 2], [1, 1]):
        compiled(x, mg.tensor(index))
    assert compiled.reason is None
    with pytest.raises(IndexError, match="out of bounds"):
        compiled(x, mg.tensor([0, 9]))


@pytest.mark.parametrize(
    "function", [lambda x: x.sum().reshape(1), lambda x: x.sum().expand(3) + 0]
)
def test_a_number_in_another_shape_is_a_new_result_in_every_call(function):
    compiled = mg.compile(function)
    found = [compiled(mg.full((2,), number)) for number in (1.0, 2.0, 3.0)]
    assert [one[0].item() for one in found] == [2.0, 4.0, 6.0]
    assert compiled.replays == 2


def test_a_matrix_with_itself_is_multiplied_as_ever():
    """NumPy takes another function for that, by which two factors of equal numbers would round otherwise."""
    x, y = mg.randn(40, 30), mg.randn(40, 30)
    product = mg.compile(lambda a, b: a @ b.T)
    product(x, y)
    assert (product(x, x.detach()) == x @ x.detach().T).all()
    assert product.reason == "two arguments share memory"
    assert (product(x[:20], x[20:]) == x[:20] @ x[20:].T).all()
    assert product.reason.startswith("the first call")
    with_x = mg.compile(lambda a: a @ x.T)
    with_x(y)
    assert (with_x(x.detach()) == x @ x.detach().T).all()
    of_equals = mg.compile(lambda a: a.exp() @ a.exp().T)
    of_equals(mg.zeros(40, 30))
    assert (of_equals(x) == x.exp() @ x.exp().T).all()
    assert of_equals.reason is None


def sums_of_slopes(x):
    return mg.func.grad(lambda z: (z**3).sum())(x).sum(0)


def slopes_of_two(x):
    def both(row):
        rows = row.expand(300, 40) + 0
        return (rows * x).sum() + (rows * x.contiguous()).sum()

    return mg.func.grad(both)(x[0].contiguous())


@pytest.mark.parametrize("function", [sums_of_slopes, slopes_of_two])
def test_sums_over_gradients_that_lie_in_columns_are_rounded_as_ever(function):
    """The first numbers are those of which every sum is exact."""
    compiled = mg.compile(function)
    for x in (mg.ones(40, 300).T, mg.randn(40, 300).T):
        assert (compiled(x) == function(x)).all()


def test_a_slice_may_hold_a_tensor():
    stop = mg.tensor(2)
    part = slice(stop)
    compiled = mg.compile(lambda x: x[part] * 1)
    for number in (2, 3):
        stop.fill_(number)
        assert compiled(mg.ones(4)).shape == (number,)
    assert compiled.reason == "it reads part, a slice, which can change"


@pytest.mark.parametrize(
    "function", [lambda x: x * bool(x.array.base is None), lambda x: x * x.array.flags.owndata]
)
def test_whose_memory_an_argument_is_is_asked_in_every_call(function):
    compiled = mg.compile(function)
    for x in (mg.ones(4), mg.ones(6)[2:]):
        assert compiled(x).tolist() == function(x).tolist()
    assert compiled.replays == 0


@pytest.mark.parametrize("dtype", [mg.float16, mg.float32, mg.float64])
@pytest.mark.parametrize(
    "function", [mg.relu, lambda x: mg.relu(x) + mg.zeros(2), lambda x: mg.relu(x.sum())]
)
def test_the_sign_of_a_zero_is_that_of_the_function(function, dtype):
    """For single numbers the rectifier has a way of its own, which makes 0 of -0."""
    compiled = mg.compile(function)
    for number in (1.0, -0.0, 0.0, -1.0, float("nan")):
        x = mg.tensor(number, dtype=dtype) * 1
        expected, found = function(x), compiled(x)
        assert np.array_equal(np.signbit(found.array), np.signbit(expected.array))
        assert found.equal(expected) or number != number
    assert compiled.replays == 4
