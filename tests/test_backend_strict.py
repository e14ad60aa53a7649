"""The stand-in for CuPy refuses what it has to refuse: otherwise the tests on it prove nothing."""

import copy
import inspect
import operator
import pickle
import weakref

import numpy as np
import pytest
import strict_backend
from strict_backend import HiddenTransfer, StrictArray, from_host, namespace as xp, to_host

import minigrad as mg
from minigrad import versions


@pytest.fixture
def x():
    return from_host(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))


def host(array):
    assert type(array) is StrictArray
    return array._host


# What it refuses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda x: float(xp.sum(x)),
        lambda x: int(xp.sum(x)),
        lambda x: complex(xp.sum(x)),
        lambda x: bool(xp.sum(x)),
        lambda x: [10, 20][xp.argmax(x)],
        lambda x: range(xp.argmax(x)),
        lambda x: xp.sum(x).item(),
        lambda x: x.tolist(),
        lambda x: list(x),
        lambda x: 1.0 in x,
        lambda x: sum(x),
        lambda x: max(x[0, 0], x[0, 1]),
        lambda x: 1 if x[0, 0] > 0 else 0,
        lambda x: np.asarray(x),
        lambda x: np.array([x[0, 0], x[0, 1]]),
        lambda x: pickle.dumps(x),
        lambda x: round(x[0, 0]),
        lambda x: f"{float(x[0, 0])}",
    ],
)
def test_an_implicit_copy_to_the_host_is_refused(x, use):
    with pytest.raises(TypeError, match="would copy it to the host and wait for the device"):
        use(x)


@pytest.mark.parametrize(
    "other", [np.ones((2, 3)), np.float64(2), np.float32(2), np.int64(2), np.array(2.0)]
)
@pytest.mark.parametrize(
    "symbol", "add sub mul truediv floordiv mod pow matmul eq ne lt le gt ge".split()
)
def test_an_operator_with_something_of_the_host_is_refused(x, symbol, other):
    function = getattr(operator, symbol)
    for operands in ((x, other), (other, x)):
        with pytest.raises(TypeError):
            function(*operands)
    if hasattr(operator, f"i{symbol}"):
        before = host(x).copy()
        with pytest.raises(TypeError):
            getattr(operator, f"i{symbol}")(x, other)
        np.testing.assert_array_equal(host(x), before)
    with pytest.raises(TypeError):
        np.ones((2, 3)).__iadd__(x)


@pytest.mark.parametrize(
    "use",
    [
        lambda x: xp.exp(np.ones(3)),
        lambda x: xp.maximum(x, np.ones(3)),
        lambda x: xp.maximum(x, np.float64(1)),
        lambda x: xp.where(x > 0, x, np.float64(0)),
        lambda x: xp.concatenate([x, np.ones((1, 3))]),
        lambda x: xp.sum(x, axis=np.int64(0)),
        lambda x: xp.reshape(x, (np.int64(3), 2)),
        lambda x: xp.asarray(np.ones(3)),
        lambda x: xp.zeros(np.int64(3)),
        lambda x: xp.einsum("ij,j->i", x, np.ones(3)),
        lambda x: x[np.array([0, 1])],
        lambda x: x[np.int64(0)],
        lambda x: x[[0, 1]],
        lambda x: x[0, np.array([True, False, True])],
        lambda x: x[: np.int64(1)],
        lambda x: x.__setitem__(0, np.ones(3)),
        lambda x: x.__setitem__(0, np.float64(1)),
        lambda x: x.__setitem__(np.array([0]), 1.0),
        lambda x: np.exp(x),
        lambda x: np.sum(x),
        lambda x: np.maximum(np.ones(3), x),
        lambda x: np.concatenate([x, x]),
        lambda x: np.ones(3)[x],
        lambda x: np.ones((2, 3)).__setitem__(0, x),
        lambda x: xp.exp(2.0),
        lambda x: xp.log([1.0, 2.0]),
    ],
)
def test_a_function_given_something_of_the_host_is_refused(x, use):
    with pytest.raises((TypeError, IndexError)):
        use(x)


@pytest.mark.parametrize(
    ("use", "kind", "words"),
    [
        (lambda x: xp.clip(x, min=0), TypeError, r"CuPy has clip\(a, a_min, a_max, out=None\)"),
        (lambda x: xp.sum(x, where=x > 0), TypeError, "CuPy has sum"),
        (lambda x: xp.sum(x, initial=1.0), TypeError, "CuPy has sum"),
        (lambda x: xp.exp(x, where=x > 0), TypeError, "CuPy has exp"),
        (lambda x: xp.reshape(x, shape=(3, 2)), TypeError, "CuPy has reshape"),
        (lambda x: xp.take_along_axis(x, xp.argsort(x)), TypeError, "missing.*'axis'"),
        (lambda x: xp.vecdot(x, x), AttributeError, "do not both have 'vecdot'"),
        (lambda x: xp.errstate(), AttributeError, "do not both have 'errstate'"),
        (lambda x: xp.multiply.at(x, 0, x), AttributeError, "do not both have 'multiply.at'"),
        (lambda x: xp.linalg.pinv_(x), AttributeError, "linalg.pinv_"),
        (lambda x: xp.argsort(x, kind="quicksort"), ValueError, "'stable' only"),
        (lambda x: xp.where(True, x, x), TypeError, "array as condition"),
        (lambda x: xp.where(x > 0), TypeError, "two alternatives"),
        (lambda x: xp.stack([x[0, 0], 1.0]), TypeError, "arrays only"),
        (lambda x: xp.linalg.solve(x[:, :2], xp.ones((3, 2, 1))), ValueError, "does not broadcast"),
        (lambda x: xp.add.at(xp.zeros(3, int), xp.zeros(1, int), 1), TypeError, "not int64"),
        (lambda x: x[x], IndexError, "integer or bool"),
        (lambda x: x.sum(), AttributeError, "'sum'"),
        (lambda x: x.astype(np.float32), AttributeError, "'astype'"),
        (lambda x: x.reshape(6), AttributeError, "'reshape'"),
        (lambda x: hash(x), TypeError, "unhashable"),
    ],
)
def test_what_cupy_would_not_take_is_refused(x, use, kind, words):
    with pytest.raises(kind, match=words):
        use(x)


# What it does ---------------------------------------------------------------------------------------


def test_results_without_axes_stay_arrays(x):
    for result in (xp.sum(x), x[0, 0], xp.sum(x) + 1, xp.max(x), -x[0, 0], xp.count_nonzero(x)):
        assert type(result) is StrictArray and result.shape == ()
    assert type(xp.allclose(x, x)) is StrictArray


def test_operators_do_as_numpys(x):
    a = host(x)
    for found, expected in (
        (x + x, a + a), (2 - x, 2 - a), (x / 2, a / 2), (x**2, a**2), (2**x, 2**a), (x % 2, a % 2),
        (x // 2, a // 2), (x @ x.T, a @ a.T), (-x, -a), (abs(-x), abs(a)), (x > 2, a > 2),
        ((x > 2) & (x < 5), (a > 2) & (a < 5)), (~(x > 2), ~(a > 2)), (x == 2.0, a == 2.0),
    ):  # fmt: skip
        assert host(found).dtype == expected.dtype
        np.testing.assert_array_equal(host(found), expected)


def test_python_numbers_stay_weak():
    x = xp.zeros(2, np.float32)
    assert (x + 1).dtype == (2.5 * x).dtype == xp.where(x > 0, x, 0.0).dtype == np.float32
    assert (x[0] * 0.5).dtype == np.float32
    assert (x + xp.zeros(())).dtype == np.float64  # an array without axes is as strong as any


def test_in_place_operators_write_the_same_memory(x):
    same, row = x, x[0]
    x += 1
    x *= xp.ones((2, 3))
    x[1, 0] = 0.0
    x[x > 6.0] = -1.0
    x[:, xp.asarray([2, 2])] = 7.0
    assert x is same
    np.testing.assert_array_equal(host(x), [[2.0, 3.0, 7.0], [0.0, 6.0, 7.0]])
    np.testing.assert_array_equal(host(row), [2.0, 3.0, 7.0])


def test_views_know_the_array_whose_memory_they_share(x):
    whole = xp.array(x)
    assert x.base is None and whole.base is None
    for view in (
        x[0], x[0, 0], x[:, ::-1], x[None], x[...], x.T, x.T[0], xp.reshape(x, (3, 2)), xp.flip(x, 0),
        xp.broadcast_to(x, (4, 2, 3)), xp.expand_dims(x, 0), xp.swapaxes(x, 0, 1), xp.diagonal(x),
    ):  # fmt: skip
        assert view.base is x
        assert versions.memory_of(view) is x
    for copied in (
        xp.array(x),
        x + 0,
        x[xp.asarray([0])],
        x[x > 0],
        xp.sum(x, axis=0),
        xp.roll(x, 1),
    ):
        assert copied.base is None
    assert xp.asarray(x) is x and xp.asarray(x, dtype=np.float32).base is None
    assert xp.exp(x, out=whole) is whole


def test_what_minigrad_asks_of_an_array(x):
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((2, 3), 2, 6, np.float64, 2)
    assert x.nbytes == 48 and x.itemsize == 8 and x.flags["C_CONTIGUOUS"]
    assert not x.T.flags["C_CONTIGUOUS"] and not x.T.flags["OWNDATA"]
    reference = weakref.ref(x)
    assert reference() is x
    twin = copy.deepcopy(x)
    assert twin is not x and twin.base is None
    np.testing.assert_array_equal(host(twin), host(x))
    assert repr(x) == "<strict array (2, 3) float64>"  # without its elements: those are elsewhere
    assert xp.float32 is np.float32 and xp.pi == np.pi and isinstance(x, xp.ndarray)


def test_several_results_come_as_a_tuple(x):
    sign, logarithm = xp.linalg.slogdet(x[:, :2])
    assert type(sign) is type(logarithm) is StrictArray
    vectors = xp.linalg.svd(x, full_matrices=False)
    assert [one.shape for one in vectors] == [(2, 2), (2,), (2, 3)]


# Copies ---------------------------------------------------------------------------------------------


def test_copies_are_counted_and_can_be_forbidden(x, transfers):
    to, fro = transfers.to_host, transfers.from_host
    there = from_host(np.ones(2))
    to_host(there)[0] = 5.0
    assert (transfers.to_host - to, transfers.from_host - fro) == (1, 1)
    assert host(there)[0] == 1.0
    with transfers.forbidden():
        xp.exp(there)
        with pytest.raises(HiddenTransfer):
            to_host(there)
    to_host(there)


@pytest.mark.parametrize(
    "use",
    [
        lambda t: t.sum().item(),
        lambda t: float(t.sum()),
        lambda t: bool((t > 0).all()),
        lambda t: t.tolist(),
        lambda t: t.cpu(),
        lambda t: repr(t),
        lambda t: mg.allclose(t, t),
        lambda t: mg.equal(t, t),
        lambda t: f"{t.sum():.3f}",
        lambda t: t.numpy(force=True),
    ],
)
def test_every_way_to_the_host_is_seen(transfers, use):
    t = mg.ones(3, device="strict")
    with transfers.forbidden(), pytest.raises(HiddenTransfer, match="copied to the host"):
        use(t)
    use(t)


OPTIMISERS = [
    optimiser
    for name in mg.optim.__all__
    if isinstance(optimiser := getattr(mg.optim, name), type)
    and issubclass(optimiser, mg.optim.Optimizer)
    and name not in ("Optimizer", "KFAC", "Nesterov")  # a base class, of a model, looks ahead
    and inspect.signature(optimiser.step).parameters["closure"].default is None
]


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda optimiser: optimiser.__name__)
def test_training_a_network_copies_nothing(optimiser, transfers):
    mg.set_default_device("strict")
    layers = (mg.nn.Linear(5, 4), mg.nn.BatchNorm1d(4), mg.nn.ReLU(), mg.nn.Linear(4, 3))
    model, loss_of = mg.nn.Sequential(*layers), mg.nn.CrossEntropyLoss()
    x, target = mg.rand(8, 5), mg.randint(0, 3, (8,))
    steps = optimiser(model.parameters(), lr=0.01)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    with transfers.forbidden():
        for _ in range(3):
            steps.zero_grad()
            loss_of(model(x), target).backward()
            steps.step()
        model.eval()
        with mg.no_grad():
            model(x).argmax(1)
    assert all(str(parameter.device) == "strict" for parameter in model.parameters())
    assert not all(map(mg.equal, before, model.parameters()))


def test_a_training_step_by_hand_copies_nothing(transfers):
    mg.set_default_device("strict")
    w = mg.rand(3, 2, requires_grad=True)
    x, y = mg.rand(4, 3), mg.rand(4, 2)
    with transfers.forbidden():
        for _ in range(3):
            w.grad = None
            loss = ((x @ w - y) ** 2).mean() + 0.1 * w.norm()
            loss.backward()
            with mg.no_grad():
                w -= 0.1 * w.grad
                w.clamp_(-1.0, 1.0)
    assert loss.item() > 0


def test_registering_twice_changes_nothing():
    before = mg.ones(2, device="strict")
    strict_backend.register()
    assert mg.ones(2, device="strict").device == before.device
