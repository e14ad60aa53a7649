"""The tensor as an object: making, converting, indexing, writing, comparing; and its error messages."""

import copy
import operator
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad.backend import BackendUnavailable
from minigrad.testing import assert_close


def host(tensor):
    return tensor.detach().cpu().numpy()


# Making ---------------------------------------------------------------------------------------------


def test_dtypes_of_new_tensors():
    assert mg.tensor(1.5).dtype == mg.float32
    assert mg.tensor([1, 2]).dtype == mg.int64
    assert mg.tensor([True, False]).dtype == mg.bool_
    assert mg.tensor([1, 2.5]).dtype == mg.float32
    assert mg.tensor(np.float64(1.5)).dtype == mg.float64
    assert mg.tensor([np.float64(1.5)]).dtype == mg.float64
    assert mg.tensor(np.ones(2)).dtype == mg.float64
    assert mg.tensor(np.ones(2, np.float16)).dtype == mg.float16
    assert mg.tensor([]).dtype == mg.float32
    assert mg.Tensor([1, 2]).dtype == mg.float32
    assert mg.Tensor(2, 3).shape == (2, 3)
    assert mg.FloatTensor([1]).dtype == mg.float32 and mg.LongTensor([1.0]).dtype == mg.int64
    assert mg.full((2,), 3).dtype == mg.int64 and mg.full((2,), 3.0).dtype == mg.float32
    assert mg.arange(3).dtype == mg.int64 and mg.arange(3.0).dtype == mg.float32


def test_numbers_are_not_rounded_on_their_way():
    assert mg.tensor(0.1, dtype=mg.float64).item() == 0.1
    assert mg.full((1,), 0.1, dtype=mg.float64).item() == 0.1
    assert mg.tensor([2**53 + 1]).item() == 2**53 + 1


def test_default_dtype_can_be_set():
    mg.set_default_dtype(mg.float64)
    assert mg.tensor(1.0).dtype == mg.float64 and mg.zeros(2).dtype == mg.float64
    assert (mg.tensor([1]) / 2).dtype == mg.float64
    mg.set_default_dtype(mg.float32)
    with pytest.raises(TypeError, match="floating"):
        mg.set_default_dtype(mg.int64)


def test_tensors_inside_lists():
    rows = [mg.tensor(1.0), mg.tensor(2.0)]
    assert_close(mg.tensor(rows), [1.0, 2.0])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mg.tensor([[1.0], [1.0, 2.0]]), "different lengths"),
        (lambda: mg.tensor("text"), "no tensors of dtype"),
        (lambda: mg.tensor(1j), "no tensors of dtype complex128"),
        (lambda: mg.tensor(1.0, dtype="complex64"), "unknown dtype"),
        (lambda: mg.zeros(2, dtype="float33"), "unknown dtype 'float33'"),
        (lambda: mg.from_numpy([1.0]), "expected a NumPy array, got list"),
        (lambda: mg.arange(0, 1, -1), "does not lead"),
        (lambda: mg.zeros(2.5), "expected an integer, got 2.5"),
        (
            lambda: mg.cat(mg.ones(2), mg.ones(2)),
            r"^cat: expected a list of tensors, .*\(2,\); write cat\(\[a, b\]\)$",
        ),
        (lambda: mg.stack(mg.ones(2)), r"write stack\(\[a, b\]\)$"),
        (lambda: mg.FloatTensor("text"), "no tensors of dtype"),
        (lambda: mg.set_default_tensor_type("torch.LongTensor"), "has to be floating, got int64"),
        (lambda: mg.randint(5), r"^randint: there is no size; .* randint\(5, \(2, 3\)\)$"),
    ],
)
def test_what_cannot_be_made_says_why(make, words):
    with pytest.raises((TypeError, ValueError), match=words):
        make()


def test_tensor_types_of_pytorchs_early_days():
    assert mg.DoubleTensor([1, 2]).dtype == mg.float64 and mg.IntTensor(2, 3).shape == (2, 3)
    assert (
        mg.ByteTensor().shape == (0,) and repr(mg.LongTensor) == "<tensor type LongTensor: int64>"
    )
    assert isinstance(mg.ones(1), mg.FloatTensor) and not isinstance([1.0], mg.FloatTensor)
    mg.set_default_tensor_type(mg.DoubleTensor)
    assert mg.zeros(1).type() == "minigrad.DoubleTensor"
    mg.set_default_tensor_type("torch.FloatTensor")
    assert mg.tensor(0.5).dtype == mg.float32


def test_sizes_by_name():
    assert mg.zeros(size=(2, 3)).shape == mg.randn(size=[2, 3]).shape == (2, 3)
    assert mg.randint(3, size=(4,)).shape == (4,) and mg.randint(high=1, size=(2,)).tolist() == [
        0,
        0,
    ]
    with pytest.raises(TypeError):
        mg.zeros(2, size=(3,))


def test_what_programs_ask_about_hardware(monkeypatch):
    from minigrad.backend import devices

    monkeypatch.setitem(devices._LOADERS, "cuda", missing)
    monkeypatch.delitem(devices._BACKENDS, "cuda", raising=False)
    assert not mg.accelerator.is_available() and mg.accelerator.current_accelerator() is None
    assert mg.accelerator.device_count() == mg.cuda.device_count() == 0
    assert mg.backends.mps.is_available() is mg.backends.mps.is_built() is False
    mg.backends.cudnn.deterministic, mg.backends.cudnn.benchmark = True, False
    mg.use_deterministic_algorithms(True)
    mg.cuda.empty_cache()
    state = mg.get_rng_state()
    mg.cuda.manual_seed_all(3)
    assert mg.equal(mg.get_rng_state(), state)
    with pytest.raises(BackendUnavailable, match="no GPU today"):
        mg.cuda.get_device_name(0)


def missing():
    raise BackendUnavailable("no GPU today")


@pytest.mark.gpu
def test_what_a_gpu_answers():
    assert (
        mg.accelerator.current_accelerator() == mg.device("cuda:0")
        and mg.cuda.current_device() == 0
    )
    assert mg.cuda.get_device_name() == mg.cuda.get_device_name(0) != ""
    x = mg.zeros(3, 4, device="cuda")
    assert x[1:].data_ptr() == x.data_ptr() + 16 and x[1:, 2:].storage_offset() == 6
    mg.cuda.empty_cache()


def test_like_and_new_functions(device):
    x = mg.ones(2, 3, dtype=mg.float64, device=device)
    for y in (
        mg.zeros_like(x),
        mg.ones_like(x),
        mg.full_like(x, 2),
        mg.rand_like(x),
        x.new_zeros(2, 3),
    ):
        assert (y.shape, y.dtype, str(y.device)) == (x.shape, x.dtype, str(x.device))
    assert x.new_full((2,), 7.0).tolist() == [7.0, 7.0]
    y = x.new_tensor([0.1], requires_grad=True)
    assert y.item() == 0.1 and y.is_leaf and str(y.device) == str(x.device)
    assert x.new_ones((1, 2), dtype=mg.int64).tolist() == [[1, 1]] and x.new_empty(2).shape == (2,)
    assert mg.zeros_like(x, dtype=mg.int64).dtype == mg.int64


# What it is -----------------------------------------------------------------------------------------


def test_shape_and_size():
    x = mg.zeros(2, 3)
    assert x.shape == (2, 3) and x.size() == (2, 3) and x.size(-1) == 3
    assert x.shape.numel() == x.numel() == x.nelement() == 6
    assert (x.dim(), x.ndim, len(x)) == (2, 2, 2)
    assert repr(x.shape) == "Size([2, 3])"
    assert x.nbytes == 24 and x.element_size() == 4
    rows, columns = x.shape
    assert (rows, columns) == (2, 3)


def test_identity_and_hash():
    a, b = mg.tensor([1.0]), mg.tensor([1.0])
    assert len({a, b, a}) == 2
    assert {a: "first"}[a] == "first"
    assert (a == b).item() is True
    assert (a == "text") is False and (a != "text") is True
    assert (a == None) is False  # noqa: E711 (what is compared is the operator)


def test_formats():
    x = mg.tensor(3.14159)
    assert (
        f"{x:.2f}" == "3.14" and f"{mg.tensor(0.5):.1%}" == "50.0%" and f"{mg.tensor(3):d}" == "3"
    )
    assert f"{x}" == "3.141590118408203" and f"{mg.ones(2)}" == "tensor([1., 1.])"
    assert repr(mg.ones(2, requires_grad=True) * 2) == "tensor([2., 2.], grad_fn=<mul>)"
    assert repr(mg.ones(2, requires_grad=True)) == "tensor([1., 1.], requires_grad=True)"
    with pytest.raises(TypeError, match="for one number"):
        f"{mg.ones(2):.2f}"


def test_conversions_to_python(device):
    one = mg.tensor(2.5, device=device)
    assert (one.item(), float(one), int(one), bool(one)) == (2.5, 2.5, 2, True)
    assert mg.tensor([[1, 2], [3, 4]], device=device).tolist() == [[1, 2], [3, 4]]
    assert [row.tolist() for row in mg.tensor([[1, 2], [3, 4]], device=device)] == [[1, 2], [3, 4]]
    a, b = mg.tensor([1.0, 2.0], device=device)
    assert (a.item(), b.item()) == (1.0, 2.0)
    assert [10, 20, 30][mg.tensor(1, device=device)] == 20
    assert 2.0 in mg.tensor([1.0, 2.0], device=device) and 5.0 not in mg.tensor(
        [1.0], device=device
    )


@pytest.mark.parametrize(
    ("use", "kind", "words"),
    [
        (lambda: mg.ones(2).item(), ValueError, r"shape \(2,\) cannot become one number"),
        (lambda: bool(mg.ones(2)), ValueError, r"\.any\(\) or \.all\(\)"),
        (lambda: len(mg.tensor(1.0)), TypeError, "no len"),
        (lambda: list(mg.tensor(1.0)), TypeError, "iterated"),
        (lambda: operator.index(mg.tensor(1.0)), TypeError, "only integer tensors"),
        (lambda: mg.ones(2, requires_grad=True).numpy(), RuntimeError, r"\.detach\(\)\.numpy\(\)"),
        (lambda: np.asarray(mg.ones(2, requires_grad=True)), RuntimeError, "detach"),
    ],
)
def test_what_cannot_be_converted_says_why(use, kind, words):
    with pytest.raises(kind, match=words):
        use()


def test_numpy_and_tensors_mix():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    array = np.array([3.0, 4.0], np.float32)
    for out in (
        array * x,
        x * array,
        array + x,
        array @ x,
        x @ array,
        array / x,
        array**x,
        np.float32(2) * x,
    ):
        assert isinstance(out, mg.Tensor) and out.requires_grad
    assert_close(array - x, [2.0, 2.0])
    with pytest.raises(TypeError):
        np.sin(x)
    assert np.asarray(mg.ones(2)).tolist() == [1.0, 1.0]
    assert np.float64(2) * mg.ones(2) == pytest.approx([2.0, 2.0])
    assert (np.float64(2) * mg.ones(2)).dtype == mg.float32


def test_matplotlib_draws_tensors():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    x = mg.linspace(0, 1, 5)
    figure, axes = pyplot.subplots()
    (line,) = axes.plot(x, x**2)
    axes.scatter(x, x, c=x)
    axes.imshow(mg.rand(3, 3))
    assert line.get_ydata().tolist() == (x**2).tolist()
    with pytest.raises(RuntimeError, match="detach"):
        axes.plot(x, x * mg.ones(5, requires_grad=True))
    pyplot.close(figure)


def test_numpy_numbers_go_where_the_tensor_is(device):
    x = mg.ones(2, device=device)
    for out in (np.float64(2) * x, x + np.float32(1), x / np.sqrt(2.0)):
        assert str(out.device) == str(x.device) and out.dtype == mg.float32


def test_to_converts_dtype_and_keeps_the_graph(device):
    x = mg.tensor([1.5, 2.5], device=device, requires_grad=True)
    y = x.double() * 2
    assert y.dtype == mg.float64
    y.sum().backward()
    assert x.grad.dtype == mg.float32
    assert x.to(mg.float32) is x and x.to(x.device) is x
    assert x.to("float64").dtype == mg.float64 and x.to(float).dtype == mg.float32
    assert x.detach().long().tolist() == [1, 2]
    assert x.detach().bool().tolist() == [True, True]
    assert x.type() == "minigrad.FloatTensor" and x.type(mg.float64).dtype == mg.float64
    assert x.type("torch.DoubleTensor").dtype == x.type(mg.DoubleTensor).dtype == mg.float64
    assert x.to(mg.ones(1, dtype=mg.float64, device=device)).dtype == mg.float64
    assert x.to(mg.float32, copy=True) is not x
    with pytest.raises(TypeError, match="unknown arguments"):
        x.to(colour="red")
    with pytest.raises(TypeError, match="unknown dtype"):
        x.to(3.5)


def test_float32_stays_float32_with_python_and_numpy_scalars():
    x = mg.ones(3, requires_grad=True)
    for y in (
        x * 2.0,
        2 * x,
        x / 3,
        x + np.sqrt(2.0),
        x * np.float64(0.5),
        x**0.5,
        x - mg.tensor(1.0, dtype=mg.float64),
    ):
        assert y.dtype == mg.float32
    total = sum([x, x * 2])
    total.sum().backward()
    assert x.grad.dtype == mg.float32


def test_names():
    x = mg.ones(2, requires_grad=True)
    x.name = "x"
    y = x * 2
    y.name = "twice"
    assert (x.name, y.name) == ("x", "twice")
    constant = mg.ones(2)
    constant.name = "c"
    assert constant.name == "c" and not constant.requires_grad
    constant.requires_grad_()
    assert constant.name == "c" and constant.requires_grad


def test_deepcopy_and_pickle():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    x.name = "x"
    (x * x).sum().backward()
    for other in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert other is not x and other.requires_grad and other.is_leaf and other.name == "x"
        assert_close(other, [1.0, 2.0])
        with mg.no_grad():
            other.zero_()
    assert_close(x, [1.0, 2.0])
    assert_close(copy.deepcopy(x).grad, [2.0, 4.0])
    pair = [x, x]
    copied = copy.deepcopy(pair)
    assert copied[0] is copied[1]
    for act in (copy.deepcopy, pickle.dumps):
        with pytest.raises(RuntimeError, match=r"only leaves.*detach\(\)"):
            act(x * 2)


# Indexing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "index",
    [
        0, -1, slice(1, 3), slice(None, None, -1), (0, 1), (slice(None), 2), Ellipsis, (..., 0), None, (None, 1),
        [0, 2, 2], (slice(None), [1, 0]), ([0, 1], [2, 2]), np.array([1, 0]), np.array([True, False, True, False]),
        range(2), (1, slice(0, 2)), (np.array([[0], [1]]), np.array([1, 2])), (slice(0, 0),), np.array([], dtype=int),
    ],
    ids=str,
)  # fmt: skip
def test_indexing_is_numpys(device, index):
    array = np.arange(12.0).reshape(4, 3)
    x = mg.tensor(array, device=device, requires_grad=True)
    key = list(index) if isinstance(index, range) else index
    expected = array[key]
    out = x[index]
    assert_close(out, expected)
    if out.numel():
        out.sum().backward()
        counted = np.zeros_like(array)
        np.add.at(counted, key, 1.0)
        assert_close(x.grad, counted)


def test_indexing_with_tensors(device):
    x = mg.tensor(np.arange(12.0).reshape(4, 3), device=device)
    i = mg.tensor([2, 0], device=device)
    assert_close(x[i], host(x)[[2, 0]])
    assert_close(x[i, mg.tensor(1, device=device)], host(x)[[2, 0], 1])
    assert_close(x[x > 5], host(x)[host(x) > 5])
    assert_close(x[mg.tensor(3, device=device)], host(x)[3])


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (10, "index 10 is out of bounds"),
        ((0, 0, 0), "too many indices"),
        (1.5, "indexed by integers, slices"),
        (mg.tensor([0.5]), "have to be integers or bool"),
        ((..., 0, ...), r"only one '\.\.\.'"),
        ("a", "indexed by integers"),
    ],
)
def test_bad_indices_say_why(index, words):
    with pytest.raises(IndexError, match=words):
        mg.zeros(2, 3)[index]


def test_writing_by_index(device):
    x = mg.zeros(3, 2, device=device)
    x[0] = 1.0
    x[1, 1] = mg.tensor(5.0, device=device)
    x[mg.tensor([2, 2], device=device)] = mg.tensor([7.0, 8.0], device=device)
    x[x > 6] = 0.5
    assert x.tolist() == [[1.0, 1.0], [0.0, 5.0], [0.5, 0.5]]
    with pytest.raises(ValueError, match=r"x is \(3, 2\)"):
        x[0] = mg.ones(3, device=device)


def test_functions_take_lists_and_numbers():
    assert mg.sum([[1.0, 2.0]], 0).tolist() == mg.amax([[1.0, 2.0]], 0).tolist() == [1.0, 2.0]
    assert mg.softmax([[0.0, 0.0]], 1).tolist() == [[0.5, 0.5]]
    assert mg.amax(3.0, 0).item() == mg.sum(3.0, 0).item() == 3.0
    assert mg.tril([[1.0, 2.0], [3.0, 4.0]]).tolist() == [[1.0, 0.0], [3.0, 4.0]]
    with pytest.raises(
        ValueError, match=r"triu: expected a tensor with 2 dimensions or more, got shape"
    ):
        mg.triu(2.0)


# Writing in place -----------------------------------------------------------------------------------


def test_in_place_methods_write_the_same_memory(device):
    x = mg.tensor([1.0, -2.0], device=device)
    array = x.array
    x += 1
    x -= mg.tensor([0.5, 0.5], device=device)
    x *= 2
    x /= 4
    assert_close(x, [0.75, -0.75])
    x.add_(1, alpha=2).sub_(1).mul_(2).div_(4)
    assert_close(x, [0.875, 0.125])
    x.addcmul_(mg.ones(2, device=device), x, value=2).addcdiv_(
        x, mg.ones(2, device=device), value=-0.5
    )
    assert_close(x, [1.3125, 0.1875])
    x.clamp_(0.5, 1.0)
    assert_close(x, [1.0, 0.5])
    x.copy_(mg.tensor(3.0, device=device)).neg_().pow_(2)
    assert_close(x, [9.0, 9.0])
    x.fill_(2).zero_()
    assert_close(x, [0.0, 0.0])
    assert x.array is array and x.dtype == mg.float32


def test_in_place_keeps_the_dtype(device):
    x = mg.ones(2, device=device)
    x += mg.ones(2, dtype=mg.float64, device=device)
    assert x.dtype == mg.float32
    counts = mg.zeros(2, dtype=mg.int64, device=device)
    counts += 1
    assert counts.dtype == mg.int64


def test_random_filling(device):
    mg.manual_seed(0)
    x = mg.empty(1000, device=device).normal_(2.0, 0.5)
    assert abs(x.mean().item() - 2.0) < 0.1 and abs(x.std().item() - 0.5) < 0.1
    x.uniform_(-1, 1)
    assert -1 <= x.min().item() and x.max().item() < 1
    with pytest.raises(RuntimeError, match="floating"):
        mg.zeros(2, dtype=mg.int64).normal_()
    with pytest.raises(RuntimeError, match="no_grad"):
        mg.zeros(2, requires_grad=True).normal_()


def test_in_place_methods_note_the_write(device):
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    factor = mg.ones(2, device=device)
    for change in (
        lambda: factor.exp_(),
        lambda: factor.clamp_(0, 1),
        lambda: factor.masked_fill_(factor > 0, 2),
    ):
        y = (x * factor).sum()
        change()
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()


def test_shapes_change_in_place(device):
    x = mg.arange(6.0, device=device)
    same = x
    x.resize_(2, 3).t_().unsqueeze_(0)
    assert (
        same.shape == (1, 3, 2)
        and x.squeeze_().shape == (3, 2)
        and x.transpose_(0, 1).is_contiguous()
    )
    x.fill_diagonal_(9.0)
    assert x.tolist() == [[9.0, 1.0, 2.0], [3.0, 9.0, 5.0]]
    (x * mg.ones(3, device=device, requires_grad=True)).sum().backward()


def test_more_random_filling():
    g = mg.Generator().manual_seed(1)
    x = mg.empty(1000).exponential_(2.0, generator=g)
    assert abs(x.mean().item() - 0.5) < 0.05 and x.min().item() >= 0
    assert set(mg.empty(50, dtype=mg.int64).random_(3, 6, generator=g).tolist()) == {3, 4, 5}
    assert 0.2 < mg.empty(1000).bernoulli_(0.3, generator=g).mean().item() < 0.4
    assert mg.empty(2).bernoulli_(mg.tensor([0.0, 1.0])).tolist() == [0.0, 1.0]
    with pytest.raises(RuntimeError, match="random_: expected a tensor of numbers, got bool"):
        mg.zeros(2, dtype=mg.bool_).random_(2)


def test_memory(device):
    x = mg.zeros(3, 4, device=device)
    assert x.stride() == (4, 1) and x.T.stride() == (1, 4) and x.stride(0) == 4
    if device != "strict":
        assert x[1:, 2:].storage_offset() == 6 and x.storage_offset() == 0
        assert x[1:].data_ptr() == x.data_ptr() + 16 and x.detach().data_ptr() == x.data_ptr()


# Errors of operations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda a, b: a + b, ValueError, r"add: .*x \(2, 3\) float32, y \(4,\) float32"),
        (lambda a, b: a @ b, ValueError, r"matmul: .*\(2, 3\).*\(4,\)"),
        (lambda a, b: a @ a.T.double(), RuntimeError, "matmul: expected inputs of one dtype.*float64"),
        (lambda a, b: a.sum(2), IndexError, r"sum: .*x \(2, 3\)"),
        (lambda a, b: a.reshape(7), ValueError, r"reshape: .*\(2, 3\)"),
        (lambda a, b: a.transpose(0, 5), IndexError, "dimension 5 is out of range"),
        (lambda a, b: a.permute(0, 0), ValueError, "each of 2 dimensions once"),
        (lambda a, b: a.expand(3, 3), ValueError, "broadcast_to"),
        (lambda a, b: mg.cat([a, b]), ValueError, "concatenate"),
        (lambda a, b: mg.cat([]), ValueError, "at least one"),
        (lambda a, b: mg.stack([a, b]), ValueError, "stack"),
        (lambda a, b: a.split([1, 5]), ValueError, "do not add up"),
        (lambda a, b: a.gather(0, b.long().unsqueeze(0)), ValueError, "does not fit"),
        (lambda a, b: a.gather(1, a), TypeError, r"\.long\(\)"),
        (lambda a, b: mg.where(a, a, a), TypeError, "bool"),
        (lambda a, b: a.clamp(), ValueError, "at least one"),
        (lambda a, b: mg.mm(a, b), ValueError, "mat2 has to have 2 dimensions"),
        (lambda a, b: mg.einsum("ij,k->ik", a), ValueError, "2 operands, 1 were given"),
        (lambda a, b: mg.einsum("ijk->i", a), ValueError, "does not fit"),
        (lambda a, b: a.topk(9), ValueError, "k=9"),
        (lambda a, b: a.long().mean(), TypeError, r"\.float\(\)"),
        (lambda a, b: mg.zeros(0).max(), ValueError, "amax"),
        (lambda a, b: a.norm("nuclear"), ValueError, "order"),
        (lambda a, b: mg.linalg.inv(mg.zeros(2, 2)), ValueError, "inv: .*[Ss]ingular"),
        (lambda a, b: mg.linalg.cholesky(-mg.eye(2)), ValueError, "cholesky"),
        (lambda a, b: a.t().unsqueeze(0).t(), ValueError, r"\.mT"),
        (lambda a, b: a.squeeze(4), IndexError, "squeeze"),
        (lambda a, b: a + "text", TypeError, "no tensors of dtype"),
        (lambda a, b: a.div(2, rounding_mode="up"), ValueError, "rounding_mode"),
        (lambda a, b: a.narrow(1, 2, 2), ValueError, "2 elements from 2 do not fit a length of 3"),
        (lambda a, b: a.select(0, 2), IndexError, "index 2 is out of bounds"),
        (lambda a, b: b.unfold(0, 5, 1), ValueError, "size 5 and step 1 do not fit a length of 4"),
        (lambda a, b: b.unfold(0, 2, 0), ValueError, "step 0"),
        (lambda a, b: b.sum().topk(2), ValueError, "k=2 does not fit a dimension of length 1"),
        (lambda a, b: b.tril(), ValueError, r"tril: expected a tensor with 2 dimensions or more, got shape \(4,\)"),
        (lambda a, b: b.sum().triu(), ValueError, r"triu: expected .* got shape \(\)"),
        (lambda a, b: b.trace(), ValueError, r"trace: expected .* got shape \(4,\)"),
        (lambda a, b: b.sum().split(1), ValueError, r"split: expected a tensor with a dimension, got shape \(\)"),
        (lambda a, b: b.sum().chunk(1), ValueError, "chunk: expected a tensor with a dimension"),
        (lambda a, b: b.sum().narrow(0, 0, 1), ValueError, "narrow: expected a tensor with a dimension"),
        (lambda a, b: b.sum().diff(), ValueError, "diff: expected a tensor with a dimension"),
        (lambda a, b: b.sum().unbind(), IndexError, "unbind: expected a tensor with a dimension"),
        (lambda a, b: b.sum().select(0, 0), IndexError, "select: expected a tensor with a dimension"),
        (lambda a, b: b.sum().roll(1, 0), IndexError, "roll: expected a tensor with a dimension"),
        (lambda a, b: b.sum().diag_embed(), IndexError, "diag_embed: expected a tensor with a dimension"),
        (lambda a, b: a.long().bincount(), ValueError, r"bincount: expected a vector, got shape \(2, 3\)"),
        (lambda a, b: b.sum().index_select(0, mg.tensor([0, 0])), ValueError, "one number for a 0-d tensor"),
        (lambda a, b: mg.hstack([]), ValueError, "hstack: expected at least one"),
        (lambda a, b: mg.broadcast_tensors(a, b), ValueError, "mismatch"),
        (lambda a, b: mg.kthvalue(b, 5), ValueError, "k=5 does not fit a dimension of length 4"),
        (lambda a, b: mg.quantile(b, 1.5), ValueError, "q has to be from 0 to 1, got 1.5"),
        (lambda a, b: mg.searchsorted(a, b), ValueError, r"a sorted vector, got shape \(2, 3\)"),
        (lambda a, b: mg.bincount(a), TypeError, r"bincount: .*\.long\(\)"),
        (lambda a, b: mg.cross(b, b), ValueError, r"length 3, got shapes \(4,\) and \(4,\)"),
        (lambda a, b: mg.cross(mg.eye(3), mg.ones(3)), ValueError, "different numbers of dimensions"),
        (lambda a, b: mg.zeros(2, 0).median(1), IndexError, r"median: dimension 1 of shape \(2, 0\)"),
        (lambda a, b: mg.zeros(0).quantile(0.5), ValueError, r"quantile: .* shape \(0,\) has no elements"),
        (lambda a, b: a.scatter(1, b.long(), 1.0), ValueError, "does not fit"),
        (lambda a, b: mg.svd(a, some=False), ValueError, "full_matrices"),
        (lambda a, b: a.resize_(2, 2), ValueError, r"\(2, 2\) has not the 6 elements of \(2, 3\)"),
        (lambda a, b: a.requires_grad_().t_(), RuntimeError, r"t_: .*x = x\.t\(\.\.\.\)"),
        (lambda a, b: a.requires_grad_().exp_(), RuntimeError, r"exp_: .*no_grad\(\)"),
        (lambda a, b: a.add_(b[:3].requires_grad_()), RuntimeError, r"add_: the value .*detach\(\) the value"),
        (lambda a, b: (a.requires_grad_() * 2).add_(1), RuntimeError, r"add_: a tensor of the graph cannot"),
        (lambda a, b: b.requires_grad_().add_(b), RuntimeError, r"add_: a leaf .*no_grad\(\)"),
        (lambda a, b: a.__setitem__(0, b[:3].requires_grad_()), RuntimeError, r"x\[i\] = v: the value .*stack"),
        (lambda a, b: a.requires_grad_().__setitem__(0, 1.0), RuntimeError, r"x\[i\] = v: a leaf .*stack"),
        (lambda a, b: a.long().sqrt_(), RuntimeError, "sqrt_: the result is float32"),
        (lambda a, b: mg.linalg.matrix_norm(a, "nuclear"), ValueError, "unknown order 'nuclear'"),
        (lambda a, b: mg.nn.functional.gelu(a, approximate="erf"), ValueError, "'none' or 'tanh'"),
    ],
)  # fmt: skip
def test_errors_say_what_happened(call, kind, words):
    with pytest.raises(kind, match=words):
        call(mg.ones(2, 3), mg.ones(4))


def test_errors_name_the_tensor():
    x = mg.ones(2, requires_grad=True)
    x.name = "weights"
    with pytest.raises(ValueError, match="named 'weights'"):
        x + mg.ones(3)


# Random numbers -------------------------------------------------------------------------------------


def test_random_numbers_are_pytorchs():
    # Printed by PyTorch 2.13 after torch.manual_seed(0).
    mg.manual_seed(0)
    assert mg.rand(3).tolist() == pytest.approx(
        [0.4962565899, 0.7682217956, 0.0884774327], abs=1e-9
    )
    mg.manual_seed(0)
    assert mg.randn(2).tolist() == pytest.approx(
        [1.5409960746765137, -0.293428897857666], abs=1e-15
    )
    mg.manual_seed(0)
    assert mg.randint(0, 10, (5,)).tolist() == [4, 9, 3, 0, 3]
    mg.manual_seed(0)
    assert mg.randperm(5).tolist() == [4, 0, 1, 3, 2]


def test_random_numbers_are_the_same_on_every_device(device):
    mg.manual_seed(3)
    here = mg.randn(4, device=device).tolist()
    mg.manual_seed(3)
    assert here == mg.randn(4).tolist()


def test_generators_are_independent():
    a, b = mg.Generator().manual_seed(1), mg.Generator().manual_seed(1)
    first = mg.rand(3, generator=a)
    mg.rand(100)
    assert mg.equal(first, mg.rand(3, generator=b))
    state = mg.get_rng_state()
    x = mg.randn(5)
    mg.set_rng_state(state)
    assert mg.equal(x, mg.randn(5))


def test_normal_bernoulli_multinomial():
    mg.manual_seed(0)
    assert mg.normal(5.0, 0.0, (3,)).tolist() == [5.0, 5.0, 5.0]
    assert mg.normal(mg.tensor([1.0, 2.0]), 0.0).tolist() == [1.0, 2.0]
    assert mg.bernoulli(mg.tensor([0.0, 1.0])).tolist() == [0.0, 1.0]
    assert mg.multinomial(mg.tensor([0.0, 1.0, 0.0]), 4, replacement=True).tolist() == [1, 1, 1, 1]
    assert sorted(mg.multinomial(mg.ones(5), 5).tolist()) == [0, 1, 2, 3, 4]
    with pytest.raises(RuntimeError):
        mg.multinomial(mg.tensor([-1.0, 1.0]), 1)


def test_subclasses_of_numpys_arrays_become_plain_arrays_on_the_same_memory(tmp_path):
    """Memory maps, and ``np.matrix``, whose ``*`` is another."""
    mapped = np.memmap(tmp_path / "numbers", dtype=np.float32, mode="w+", shape=(4, 3))
    mapped[...] = np.arange(12).reshape(4, 3)
    plain = np.array(mapped)
    for given in (
        mapped,
        plain.view(np.recarray),
        plain.view(np.matrix),
        np.ma.masked_array(plain),
    ):
        for make in (mg.from_numpy, mg.as_tensor, mg.tensor):
            x = make(given)
            assert type(x.array) is np.ndarray
            assert_close(x * x, plain * plain)
            assert_close(x.sum(0), plain.sum(0))
            assert mg.nn.Linear(3, 2)(x).shape == (4, 2)
    mg.from_numpy(mapped).fill_(7.0)
    assert (np.asarray(mapped) == 7).all()


def test_functions_of_numpy_that_reduce_are_the_methods():
    x = mg.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    a = x.detach().numpy()
    for function in (np.sum, np.mean, np.max, np.min, np.prod, np.std, np.var):
        for options in ({}, {"axis": 0}, {"axis": 1, "keepdims": True}):
            if function in (np.max, np.min) and options:
                continue  # PyTorch's give values and indices
            found = function(x, **options)
            assert isinstance(found, mg.Tensor) and found.requires_grad
            assert_close(found, function(a, **options), rtol=1e-6)
    assert np.std(x, ddof=1).item() == x.std().item()
    assert np.sum(x, dtype=np.float64).dtype == mg.float64
    assert np.all(x > 0) and np.any(x > 4)
    with pytest.raises(TypeError, match=r"^sum\(\): there is no out; .*\.detach\(\)\.numpy\(\)"):
        np.sum(x, out=np.empty(()))


def test_reading_the_gradient_of_a_result_warns():
    w = mg.tensor(1.0, requires_grad=True)
    result = w - 0.5
    with pytest.warns(
        UserWarning, match=r"Tensor that is not a leaf .*'sub'.*retain_grad"
    ) as caught:
        assert result.grad is None
    assert len(caught) == 1 and caught[0].filename == __file__
    assert w.grad is None and w.detach().grad is None  # leaves do not warn
    result.retain_grad()
    assert result.grad is None
    result.backward()
    assert result.grad.item() == 1.0
    mg.nn.utils.clip_grad_norm_([w, w * 2], 1.0)  # nor does minigrad to itself
