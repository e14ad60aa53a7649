"""Kernels for a GPU: they compute what their formulas do, are compared before they are used, and never wait.

No GPU is needed for most of it: the stand-in binds arguments as CuPy does and runs the lines of C by NumPy;
a C++ compiler, where there is one, compiles and runs the same lines; and NVRTC, where CuPy is installed,
compiles what CuPy makes of them.
"""

import ctypes
import json
import math
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import strict_backend
import strict_kernels
from strict_backend import from_host, namespace, to_host

import minigrad as mg
from minigrad.backend import Device, backend_for, kernels
from minigrad.backend.kernels import Kernel, Replacement
from minigrad.nn import norm_functions
from minigrad.ops import fused, losses
from minigrad.optim import SGD, Adam, AdamW
from minigrad.optim.bundles import Apart, Gathered
from minigrad.optim.launched import Launched

MODULES = (fused, losses, norm_functions)
REPLACEMENTS = {
    value.plain.__name__: value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, Replacement)
}
DTYPES = (np.float32, np.float64)
RULES = {
    "SGD": (SGD, {}),
    "decay": (SGD, {"weight_decay": 0.1}),
    "momentum": (SGD, {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.1, "maximize": True}),
    "nesterov": (SGD, {"momentum": 0.9, "nesterov": True, "decoupled_weight_decay": True, "weight_decay": 0.1}),
    "Adam": (Adam, {"weight_decay": 0.1}),
    "amsgrad": (Adam, {"amsgrad": True, "maximize": True, "eps_after_correction": False}),
    "uncorrected": (Adam, {"bias_correction": False}),
    "AdamW": (AdamW, {}),
}  # fmt: skip


@pytest.fixture(autouse=True)
def afresh():
    """Let every test compare the kernels itself."""
    backend_for(Device("strict"))
    kernels.forget()
    strict_kernels.launched.clear()
    yield
    kernels.forget()


def there(value):
    return from_host(value) if isinstance(value, np.ndarray) else value


def here(results):
    return [to_host(one) for one in kernels._arrays(results)]


def both(name, *args, **named):
    """Return what the launches give on the stand-in, and what the formula gives on the host."""
    replacement = REPLACEMENTS[name]
    ours = replacement.launches(
        namespace, *map(there, args), **{key: there(value) for key, value in named.items()}
    )
    return here(ours), kernels._arrays(replacement.plain(np, *args, **named))


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        other = np.asarray(other)
        assert one.dtype == other.dtype and one.shape == other.shape
        scale = np.max(np.abs(other), initial=0) or 1
        assert np.max(np.abs(one - other), initial=0) <= 20 * np.finfo(one.dtype).eps * scale


# The same as the formulas -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5, 3), (64, 128), (2, 1), (1, 4), (300, 1)])
def test_batch_norm(shape, dtype):
    random = np.random.default_rng(1)
    x, g = (random.normal(size=shape).astype(dtype) for _ in range(2))
    weight, bias = (random.normal(size=shape[1]).astype(dtype) for _ in range(2))
    assert_same(*both("batch_moments", x))
    for pair in ((weight, bias), (weight, None), (None, bias), (None, None)):
        assert_same(*both("batch_norm", x, *pair))
    mean, var, centred = fused.batch_moments(np, x)
    inverse = 1 / np.sqrt(var + dtype(1e-5))
    for needs in ((True, True, True), (False, True, True)):
        for one in (weight, None):
            assert_same(*both("_batch_norm", g, needs, one, centred, inverse))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shares", [None, "float16", "own"])
def test_cross_entropy(dtype, reduction, shares):
    random = np.random.default_rng(2)
    for rows, classes in ((7, 3), (64, 10), (1, 1), (300, 5)):
        x = (30 * random.normal(size=(rows, classes))).astype(dtype)
        target = random.integers(0, classes, rows)
        weights = None
        if shares:
            weights = random.integers(0, 3, rows).astype(
                np.float16 if shares == "float16" else dtype
            )
            weights[0] = 2
        named = {"target": target, "shares": weights, "reduction": reduction}
        assert_same(*both("cross_entropy", x, **named))
        (probabilities,) = losses.cross_entropy.forward(np, x, **named)[1]
        g = random.normal(size=rows if reduction == "none" else ()).astype(dtype)
        assert_same(
            *both("_cross_entropy", np.asarray(g), probabilities, target, weights, reduction)
        )


def test_nothing_that_counts_has_no_mean_and_no_slope():
    x, target, shares = np.ones((3, 2)), np.zeros(3, int), np.zeros(3)
    (loss, probabilities), expected = both("cross_entropy", x, target=target, shares=shares)
    assert np.isnan(loss) and np.isnan(expected[0])
    (slopes,), _ = both("_cross_entropy", np.ones(()), probabilities, target, shares, "mean")
    assert not slopes.any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_binary_cross_entropy_with_logits(dtype, reduction):
    random = np.random.default_rng(6)
    for x_shape, y_shape in (((7, 1), (7, 1)), ((), ()), ((5, 3), (3,)), ((0, 2), (0, 2))):
        x = (30 * random.normal(size=x_shape)).astype(dtype)
        y = random.random(y_shape).astype(dtype)
        x, y = np.asarray(x), np.asarray(y)
        if x.size or reduction != "mean":
            assert_same(*both("binary_cross_entropy_with_logits", x, y, reduction=reduction))
        g = np.asarray(random.normal(size=x_shape if reduction == "none" else ()).astype(dtype))
        assert_same(*both("_bce", g, x, y, reduction))


def test_what_counts_nothing_may_be_infinite():
    x, target = np.array([[0, np.inf], [1, 2]], np.float32), np.array([0, 1])
    shares = np.array([0, 1], np.float32)
    with np.errstate(invalid="ignore"):
        found, _ = both("cross_entropy", x, target=target, shares=shares, reduction="none")
    assert found[0][0] == 0 and math.isfinite(found[0][1])


def test_class_indices_out_of_range_wrap_as_in_cupy():
    x, target = np.random.default_rng(3).normal(size=(5, 3)), np.array([-1, 3, -3, 7, -4])
    outside, _ = both("cross_entropy", x, target=target % 3, reduction="none")
    inside = here(
        REPLACEMENTS["cross_entropy"].launches(
            namespace, there(x), target=there(target), reduction="none"
        )
    )
    np.testing.assert_array_equal(inside[0], outside[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", ["number", "array"])
def test_running_statistics(dtype, share):
    old, fresh = np.random.default_rng(4).random((2, 6)).astype(dtype)
    kept, taken = (
        (0.9, 0.1) if share == "number" else (np.asarray(dtype(0.75)), np.asarray(dtype(0.25)))
    )
    assert_same(*both("_blended", kept, old, taken, fresh))


def test_empty_batches():
    empty = np.zeros((0, 3), np.float32)
    for name, args, named in (
        ("cross_entropy", (empty,), {"target": np.zeros(0, np.int64), "reduction": "sum"}),
        (
            "_cross_entropy",
            (np.asarray(np.float32(1)), empty, np.zeros(0, np.int64), None, "mean"),
            {},
        ),
    ):
        assert_same(*both(name, *args, **named))


class Training:
    """A small network, its optimiser, and a source of batches, on one device."""

    def __init__(self, device, dtype=mg.float32, rule="Adam", width=6):
        mg.manual_seed(0)
        nn, place = mg.nn, {"device": device, "dtype": dtype}
        cls, options = RULES[rule]
        self.model = nn.Sequential(
            nn.Linear(9, width, bias=False, **place), nn.BatchNorm1d(width, **place), nn.ReLU(),
            nn.Linear(width, 3, **place),
        )  # fmt: skip
        self.optimizer = cls(self.model.parameters(), lr=0.1, **options)
        random = np.random.default_rng(1)
        self.x = mg.tensor(random.normal(size=(20, 9)), **place)
        self.y = mg.tensor(random.integers(0, 3, 20), device=device)

    def step(self):
        self.optimizer.zero_grad()
        loss = mg.nn.functional.cross_entropy(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss

    def results(self):
        return [
            one.detach().cpu().numpy() for one in (*self.model.parameters(), *self.model.buffers())
        ]


@pytest.mark.parametrize("rule", RULES)
def test_training_is_the_same_with_and_without_kernels(rule, monkeypatch):
    runs = []
    for switch in ("1", "0"):
        monkeypatch.setenv("MINIGRAD_GPU_KERNELS", switch)
        kernels.forget()
        run = Training("strict", mg.float64, rule)
        for _ in range(4):
            run.step()
        runs.append(run.results())
    for one, other in zip(*runs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


# What a step launches ---------------------------------------------------------------------------------


def test_a_step_launches_each_kernel_once_and_copies_nothing(transfers):
    run = Training("strict")
    for _ in range(2):
        run.step()
    strict_kernels.launched.clear()
    before = transfers.from_host
    with transfers.forbidden():
        run.step()
    assert transfers.from_host == before
    assert strict_kernels.launched == [
        "mean_of_products", "inverse_root", "normalised", "blend", "blend",
        "sum_of_grown", "log_loss", "ratio", "softmax",
        "log_loss_gradient", "sum_of_products", "batch_norm_gradient",
        "Adam_5",
    ]  # fmt: skip


def test_a_step_uses_seven_kernels_that_were_compared():
    Training("strict").step()
    assert len(kernels.COMPARED) == 7
    assert all(all(one._found.values()) for one in kernels.COMPARED)


def test_a_step_of_binary_classification(transfers):
    x, y = mg.rand(8, 1, device="strict", requires_grad=True), mg.rand(8, 1, device="strict")
    for _ in range(2):
        strict_kernels.launched.clear()
        with transfers.forbidden():
            mg.nn.functional.binary_cross_entropy_with_logits(x, y).backward()
    assert strict_kernels.launched == ["bce_loss", "bce_gradient"]


def test_a_number_in_place_of_an_array_has_no_kernel():
    assert REPLACEMENTS["binary_cross_entropy_with_logits"].ready(namespace, 0.25) is None


def test_second_derivatives_do_without_kernels():
    results = []
    for device in ("strict", "cpu"):
        x = mg.tensor([[0.5], [-2.0]], device=device, dtype=mg.float64, requires_grad=True)
        y = mg.tensor([[1.0], [0.0]], device=device, dtype=mg.float64)
        loss = mg.nn.functional.binary_cross_entropy_with_logits(x, y)
        (slope,) = mg.autograd.grad(loss, x, create_graph=True)
        slope.sum().backward()
        results.append(x.grad.cpu().numpy())
    np.testing.assert_allclose(*results, rtol=1e-12)


def test_many_parameters_are_one_launch_of_32_each():
    params = [mg.zeros(k % 3, device="strict", requires_grad=True) for k in range(70)]
    optimizer = Adam(params)
    for p in params:
        p.grad = mg.ones(p.shape, device="strict")
    optimizer.step()
    assert [len(bundle.params) for bundle in optimizer._bundles] == [32, 32, 6]
    strict_kernels.launched.clear()
    optimizer.step()
    assert strict_kernels.launched == ["Adam_32", "Adam_32", "Adam_6"]


def test_kinds_of_bundles():
    def kinds(make, device="strict", dtype=mg.float32, contiguous=True):
        x = mg.zeros((2, 3), device=device, dtype=dtype)
        params = [(x if contiguous else x.T).detach().requires_grad_() for _ in range(2)]
        params[1] = mg.zeros(4, device=device, dtype=dtype, requires_grad=True)
        optimizer = make(params)
        for p in params:
            p.grad = mg.ones(p.shape, device=device, dtype=dtype)
        optimizer.step()
        return [type(bundle) for bundle in optimizer._bundles]

    assert kinds(Adam) == kinds(AdamW) == kinds(SGD) == [Launched]
    assert kinds(Adam, "cpu") == kinds(mg.optim.NAdam) == kinds(mg.optim.RMSprop) == [Gathered]
    assert kinds(lambda params: Adam(params, eps=1e-3), dtype=mg.float16) == [Gathered]
    assert kinds(Adam, contiguous=False) == [Apart, Launched]


def test_a_rule_of_ones_own_inherits_no_kernel():
    class Signed(SGD):
        def update(self, theta, g, s, lr):
            theta -= lr * mg.backend.xp_of(g).sign(g)

    assert Signed.kernel is None and SGD.kernel is not None
    p = mg.tensor([1.0, 2.0], device="strict", requires_grad=True)
    optimizer = Signed([p], lr=0.5)
    p.grad = mg.tensor([3.0, -4.0], device="strict")
    optimizer.step()
    assert p.tolist() == [0.5, 2.5] and type(optimizer._bundles[0]) is Apart
    assert not strict_kernels.launched


def test_a_rule_of_ones_own_with_a_kernel():
    class Clipped(mg.optim.Optimizer):
        defaults = {"lr": 0.5, "clip": 1.0}
        state = ("seen",)

        def update(self, theta, g, s, lr, clip):
            xp = mg.backend.xp_of(g)
            s.seen += 1
            theta -= xp.clip(g, -clip, clip) * lr

        def kernel(self, s, lr, clip):
            lines = "seen += 1; theta -= (g < -clip ? -clip : g > clip ? clip : g) * lr;"
            return lines, {"lr": lr, "clip": clip}

    results = []
    for device in ("strict", "cpu"):
        p = mg.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
        optimizer = Clipped([p])
        for _ in range(2):
            p.grad = mg.tensor([3.0, -4.0, 0.25], device=device)
            optimizer.step()
        results.append(p.tolist() + optimizer.state[p]["seen"].tolist())
    assert results[0] == results[1] == [0, 3, 2.75, 2, 2, 2]
    assert strict_kernels.launched == ["Clipped_1"] * 3  # the first of them to be compared


def test_on_the_host_nothing_is_asked():
    run = Training("cpu")
    for _ in range(2):
        run.step()
    assert not strict_kernels.launched and not kernels.COMPARED


# Compared before they are used ------------------------------------------------------------------------


def test_kernels_are_compared_once(monkeypatch):
    asked = []
    agree = kernels.agree
    monkeypatch.setattr(
        kernels, "agree", lambda name, *rest: asked.append(name) or agree(name, *rest)
    )
    run = Training("strict")
    for _ in range(3):
        run.step()
    assert asked == [
        "batch_moments",
        "batch_norm",
        "blended",
        "cross_entropy",
        "cross_entropy",
        "batch_norm",
        "Adam.step()",
    ]


def wrong(kernel, old, new):
    lines = kernel.lines.replace(old, new)
    assert lines != kernel.lines
    return lines


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("out = centred * (inverse * weight) - bias", "results differ by"),
        ("out = centred * (inverse * wait) + bias", "KeyError: 'wait'"),
        ("out = centred * (inverse * weight + bias", "SyntaxError: expected"),
        ("out = centred / (weight - weight)", "results differ by (nan|inf)"),
    ],
)
def test_a_kernel_that_is_wrong_is_not_used(lines, reason, monkeypatch):
    broken = Kernel("normalised", fused._normalised.inputs, fused._normalised.outputs, lines)
    monkeypatch.setattr(fused, "_normalised", broken)
    run, right = Training("strict"), Training("cpu")
    with pytest.warns(
        RuntimeWarning, match=f"GPU kernel for batch_norm is not used, .*: {reason}"
    ) as seen:
        for _ in range(3):
            run.step()
            right.step()
    assert len(seen) == 1 and "MINIGRAD_GPU_KERNELS=0" in str(seen[0].message)
    for one, other in zip(run.results(), right.results(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    strict_kernels.launched.clear()
    run.step()
    assert "normalised" not in strict_kernels.launched and "softmax" in strict_kernels.launched


@pytest.mark.parametrize("rule", ["Adam", "momentum"])
def test_a_rule_whose_kernel_is_wrong_runs_itself(rule, monkeypatch):
    cls, options = RULES[rule]
    kernel = cls.kernel

    def almost(self, *args, **named):
        lines, numbers = kernel(self, *args, **named)
        return lines.replace("theta -=", "theta +="), numbers

    monkeypatch.setattr(cls, "kernel", almost)
    results = []
    for device in ("strict", "cpu"):
        random = np.random.default_rng(5)
        params = [
            mg.tensor(random.normal(size=s), device=device, requires_grad=True)
            for s in ((3, 2), (), (4,))
        ]
        optimizer = cls(params, lr=0.1, **options)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            for _ in range(4):
                for p in params:
                    p.grad = mg.tensor(random.normal(size=p.shape), device=device)
                optimizer.step()
        messages = [str(one.message) for one in seen]
        kinds = 2 if rule == "momentum" else 1  # the first step of momentum has lines of its own
        assert len(messages) == (kinds if device == "strict" else 0), messages
        assert all(f"kernel for {cls.__name__}.step() is not used" in text for text in messages)
        results.append([p.detach().cpu().numpy() for p in params])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_shape_is_a_difference():
    x = from_host(np.ones(3, np.float32))
    with pytest.warns(RuntimeWarning, match=r"shapes and dtypes are \[\(\(3,\)"):
        assert not kernels.agree("this", x, lambda: x, lambda: x[:2])


@pytest.mark.parametrize("switch", ["0", None])
def test_they_can_be_switched_off(switch, monkeypatch):
    if switch:
        monkeypatch.setenv("MINIGRAD_GPU_KERNELS", switch)
    else:  # as for an array library that has none
        monkeypatch.delattr(strict_backend.namespace, "ElementwiseKernel")
        monkeypatch.setattr(strict_backend.Namespace, "__getattr__", no_kernels)
    Training("strict").step()
    assert not strict_kernels.launched


def no_kernels(self, name, find=strict_backend.Namespace.__getattr__):
    if name == "ElementwiseKernel":
        raise AttributeError(name)
    return find(self, name)


def test_switched_off_between_two_steps(monkeypatch):
    run = Training("strict")
    run.step()
    monkeypatch.setenv("MINIGRAD_GPU_KERNELS", "0")
    kernels.forget()
    strict_kernels.launched.clear()
    run.step()
    assert not strict_kernels.launched


# The stand-in takes what CuPy takes -------------------------------------------------------------------


ARRAY = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize(
    ("kernel", "args", "named", "error", "message"),
    [
        (("T x, T y", "T z", "z = x + y"), (ARRAY,), {}, TypeError, "Wrong number of arguments for 'kernel'. It must be either 2 or 3"),
        (("T x, T y", "T z", "z = x + y"), (ARRAY, ARRAY.astype(np.float64)), {}, TypeError, "Type is mismatched. y float64 float32 T"),
        (("float32 x", "T z", "z = x"), (ARRAY,), {}, KeyError, "T"),
        (("float64 x", "float64 z", "z = x"), (ARRAY,), {}, TypeError, "Type is mismatched"),
        (("T x", "T z", "z = x"), (1.0,), {}, ValueError, "Loop size is undecided"),
        (("raw T x", "raw T z", "z[i] = x"), (ARRAY,), {}, ValueError, "Loop size is undecided"),
        (("T x", "T z", "z = x"), (ARRAY,), {"size": 3}, ValueError, "only if all of the ndarray are 'raw'"),
        (("T x", "T z", "z = x"), (ARRAY, ARRAY[0]), {}, ValueError, "Out shape is mismatched"),
        (("T x", "T z", "z = x"), (ARRAY, 1.0), {}, TypeError, "Output arguments must be"),
        (("T x, T y", "T z", "z = x"), (ARRAY, np.ones(4, np.float32)), {}, ValueError, "broadcast"),
        (("T x", "T z", "x = z"), (ARRAY,), {}, TypeError, "'x' cannot be written"),
        (("T x", "T z", "const T y = x; y = z"), (ARRAY,), {}, TypeError, "'y' cannot be written"),
        (("T x", "T z", "z = 0.5 * x"), (ARRAY,), {}, SyntaxError, "not in the subset"),
        (("T x", "T z", "z = x; return"), (ARRAY,), {}, SyntaxError, "not in the subset"),
        (("raw T x, T y", "T z", "z = x[i + 1]"), (ARRAY, ARRAY), {}, IndexError, r"x\[1..6\] of 6 elements"),
        (("raw T x, T y", "T z", "T &w = x[i]"), (ARRAY, ARRAY), {}, TypeError, "element of the input 'x'"),
    ],
)  # fmt: skip
def test_what_cupy_refuses(kernel, args, named, error, message):
    with pytest.raises(error, match=message):
        namespace.ElementwiseKernel(*kernel)(*map(there, args), **named)


@pytest.mark.parametrize(
    ("params", "name"), [("T i", "kernel"), ("T x", "two words"), ("thick T x", "kernel")]
)
def test_what_cupy_refuses_to_make(params, name):
    with pytest.raises(ValueError):
        namespace.ElementwiseKernel(params, "T z", "z = x", name)


def test_an_array_of_the_host_is_refused():
    with pytest.raises(TypeError, match="Unsupported type"):
        namespace.ElementwiseKernel("T x", "T z", "z = x")(ARRAY)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("z = x - y - 1 + 2 * 3", ARRAY - 2 - 1 + 6),
        ("z = x - (y - 1) / 2", ARRAY - 0.5),
        ("z = x * (5 / 2)", ARRAY * 2),
        ("z = x * (-5 / -2 % 2)", ARRAY * 0),
        ("z = x + (-4 % 3)", ARRAY - 1),
        ("z = x > 2 ? x < 5 ? 1 : 2 : x == 0 ? 3 : -4", np.array([[3, -4, -4], [1, 1, 2]])),
        ("const ptrdiff_t k = i % 3; z = i / 3 * 10 + k", np.array([[0, 1, 2], [10, 11, 12]])),
        (
            "const T w = sqrt(x * x); z = 1; z += w; z *= y; z -= 1; z /= 2",
            (2 * (ARRAY + 1) - 1) / 2,
        ),
        ("z = log(exp(x))", ARRAY),
    ],
)
def test_lines_of_c(lines, expected):
    z = namespace.ElementwiseKernel("T x, T y", "T z", lines)(from_host(ARRAY), 2)
    np.testing.assert_allclose(to_host(z), expected, rtol=1e-6)


def test_references_to_raw_elements():
    a, b = (
        from_host(np.arange(3.0)),
        from_host(np.arange(4.0).reshape(2, 2).T),
    )  # a view, in another order
    kernel = namespace.ElementwiseKernel(
        "T one", "raw T a, raw T b", "T &x = i < 3 ? a[i] : b[i - 3]; x += one * i"
    )
    kernel(1, a, b, size=7)
    np.testing.assert_array_equal(to_host(a), [0, 2, 4])
    np.testing.assert_array_equal(to_host(b), [[3, 6], [6, 9]])


def test_reductions():
    x, y = from_host(ARRAY), from_host(np.float32([1, 2, 3]))
    total = namespace.ReductionKernel("T x, T y", "T s", "x * y", "a + b", "s = a", "0")
    np.testing.assert_array_equal(to_host(total(x, y, axis=1, keepdims=True)), [[8], [26]])
    mean = fused._mean_of_products.made_for(namespace)
    np.testing.assert_array_equal(to_host(mean(x, y, axis=0)), [1.5, 5, 10.5])


# The same lines by other compilers --------------------------------------------------------------------


class Call:
    """A launch as it was asked for: the kernel, arguments before, outputs afterwards."""

    def __init__(self, kernel, args, named, before, results):
        self.kernel, self.args, self.named, self.before, self.results = (
            kernel,
            args,
            named,
            before,
            results,
        )


def host_copy(value):
    return value._host.copy() if isinstance(value, strict_backend.StrictArray) else value


@pytest.fixture
def calls(monkeypatch):
    """One launch of every kernel there is, in both dtypes."""
    found = {}

    def noting(launch):
        def noted(self, *args, **named):
            before = [host_copy(one) for one in args]
            result = launch(self, *args, **named)
            outputs = args[len(self.inputs) :] or (
                result if isinstance(result, tuple) else (result,)
            )
            call = Call(self, args, named, before, [host_copy(one) for one in outputs])
            types = tuple(one.dtype for one in call.results)
            found[self.name, getattr(self, "operation", ""), types] = call
            return result

        return noted

    for kind in (strict_kernels.ElementwiseKernel, strict_kernels.ReductionKernel):
        monkeypatch.setattr(kind, "__call__", noting(kind.__call__))
    for dtype in (mg.float32, mg.float64):
        for one in REPLACEMENTS.values():
            assert one.ready(namespace, from_host(np.ones(1, dtype)))
        for rule in RULES:
            run = Training("strict", dtype, rule)
            for _ in range(2):
                run.step()
    declared = {
        one.name for module in MODULES for one in vars(module).values() if isinstance(one, Kernel)
    }
    assert declared <= {name for name, _, _ in found} and len(found) >= 2 * (
        len(declared) + len(RULES)
    )
    return list(found.values())


C_TYPES = {"float32": "float", "float64": "double", "int64": "long long"}


def loop_of(call):
    """Return the shape that the launch runs over."""
    if "size" in call.named:
        return (call.named["size"],)
    pairs = zip(call.kernel.params, call.before, strict=False)
    return np.broadcast_shapes(
        *(a.shape for p, a in pairs if isinstance(a, np.ndarray) and not p.raw)
    )


def cpp_of(call, name):
    """Return a function in C++ that does what the launch did, and the arguments to call it with."""
    kernel, shape = call.kernel, loop_of(call)
    reduction = isinstance(kernel, strict_kernels.ReductionKernel)
    axis = call.named.get("axis")
    outputs = [np.zeros_like(one) for one in call.results]
    if len(call.before) > len(kernel.inputs):
        outputs = call.before[len(kernel.inputs) :]
    values, heads, elements = [], [], []
    for param, value in zip(
        kernel.params, [*call.before[: len(kernel.inputs)], *outputs], strict=True
    ):
        dtype = value.dtype.name if isinstance(value, np.ndarray) else None
        if dtype is None:
            kind = (
                C_TYPES["int64"] if param.type == "int64" else C_TYPES[call.results[0].dtype.name]
            )
            number = ctypes.c_longlong if param.type == "int64" else None
            heads.append(f"const {kind} {param.name}")
            values.append((number, value))
            continue
        constant = "" if param.written else "const "
        heads.append(f"{constant}{C_TYPES[dtype]}* {'' if param.raw else '_'}{param.name}")
        if not param.raw and not param.written:
            value = np.broadcast_to(value, shape)
        if reduction and not param.written:
            value = np.moveaxis(value, axis, 0)
        value = np.ascontiguousarray(value)
        values.append((None, value))
        if not param.raw:
            index = "j" if reduction and param.written else "i"
            elements.append(f"{constant}{C_TYPES[dtype]} &{param.name} = _{param.name}[{index}];")
    size = math.prod(shape)
    float_type = C_TYPES[call.results[0].dtype.name]
    head = f'extern "C" void {name}({", ".join(heads)}) {{ typedef {float_type} T;'
    if not reduction:
        body = f"for (ptrdiff_t i = 0; i < {size}; ++i) {{ {' '.join(elements)} {kernel.operation}; }} }}"
    else:
        (out,) = elements[-1:]
        many = call.results[0].size
        body = f"""Size _in_ind = {{{size}}}, _out_ind = {{{many}}};
            for (ptrdiff_t j = 0; j < {many}; ++j) {{
                T a = 0; {out}
                for (ptrdiff_t i = j; i < {size}; i += {many}) {{ {" ".join(elements[:-1])} T b = {kernel.map}; a = a + b; }}
                {kernel.last};
            }} }}"""
    return head + body, values, [value for _, value in values[len(kernel.inputs) :]]


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler, g++")
def test_a_compiler_of_cpp_takes_the_lines_and_computes_the_same(calls, tmp_path):
    text = [
        "#include <cmath>\n#include <cstddef>\nusing std::sqrt; using std::exp; using std::log; using std::log1p;"
    ]
    text.append("struct Size { ptrdiff_t n; ptrdiff_t size() const { return n; } };")
    prepared = [cpp_of(call, f"kernel{number}") for number, call in enumerate(calls)]
    text += [code for code, _, _ in prepared]
    (tmp_path / "kernels.cpp").write_text("\n".join(text), encoding="utf-8")
    flags = ["-O1", "-ffp-contract=off", "-shared", "-fPIC", "-Wall", "-Werror", "-Wno-unused"]
    done = subprocess.run(
        ["g++", *flags, "-o", "kernels.so", "kernels.cpp"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[:2000]
    library = ctypes.CDLL(str(tmp_path / "kernels.so"))
    for number, (call, (_, values, outputs)) in enumerate(zip(calls, prepared, strict=True)):
        single = call.results[0].dtype == np.float32
        plain = ctypes.c_float if single else ctypes.c_double
        args = [
            value.ctypes.data_as(ctypes.c_void_p)
            if isinstance(value, np.ndarray)
            else (kind or plain)(value)
            for kind, value in values
        ]
        getattr(library, f"kernel{number}")(*args)
        for output, result in zip(outputs, call.results, strict=True):
            np.testing.assert_allclose(
                output.reshape(result.shape), result, rtol=1e-5 if single else 1e-13, atol=1e-6 if single else 1e-14,
                err_msg=call.kernel.name,
            )  # fmt: skip


@pytest.fixture
def nvrtc():
    """Compile CUDA to PTX as CuPy does, without a GPU."""
    cupy = pytest.importorskip("cupy", reason="needs CuPy, which makes CUDA of the lines")
    from cupy.cuda import compiler

    headers = cupy.__path__[0] + "/_core/include"
    heads = "".join(
        f"#include <cupy/{name}>\n" for name in ("complex.cuh", "carray.cuh", "atomics.cuh")
    )
    bundled = [f"{headers}/cupy/_cccl/{name}" for name in ("libcudacxx", "cub", "thrust")]
    toolkits = [f"{cupy.__path__[0]}/../nvidia/{name}/include" for name in ("cu13", "cuda_runtime")]

    def compiled(code, options=()):
        try:
            program = compiler._NVRTCProgram(heads + code, "kernel.cu")
        except Exception as error:
            pytest.skip(f"needs NVRTC: {error}")
        flags = [
            "-std=c++17",
            "-arch=compute_90",
            *(f"-I{one}" for one in (headers, *bundled, *toolkits)),
        ]
        return program.compile((*flags, *options))[0]

    return compiled


def test_nvrtc_compiles_what_cupy_makes_of_the_lines(calls, nvrtc):
    import cupy
    from cupy._core import _carray, _kernel, _reduction, _scalar

    array, indexer, scalar = 1, 2, 3  # enum _ArgKind

    def info(value, dtype):
        if isinstance(value, np.ndarray):
            return _kernel._ArgInfo(
                array, cupy.ndarray, value.dtype, value.ndim, value.flags.c_contiguous, True
            )
        return _kernel._ArgInfo(scalar, _scalar.CScalar, np.dtype(dtype), 0, True, True)

    def index_of(ndim):
        return _kernel._ArgInfo(indexer, _carray.Indexer, None, ndim, True, True)

    for call in calls:
        kernel, shape = call.kernel, loop_of(call)
        float_type = call.results[0].dtype.type
        types = {
            p.type: float_type if p.type == "T" else np.int64
            for p in kernel.params
            if p.dtype is None
        }
        infos = []
        values = [*call.before[: len(kernel.inputs)], *call.results]
        for param, value in zip(kernel.params, values, strict=True):
            if isinstance(value, np.ndarray) and not param.raw and not param.written:
                value = np.broadcast_to(value, shape)
            infos.append(info(value, types.get(param.type, np.int64)))
        names = ["", ""]
        for param in kernel.params:
            words = "raw " * param.raw + f"{param.type} {param.name}"
            names[param.written] += (", " if names[param.written] else "") + words
        pairs = tuple(sorted(types.items()))
        dtypes = [one.dtype if isinstance(one, np.ndarray) else None for one in values]
        sides = [_kernel._get_param_info(text, not side) for side, text in enumerate(names)]
        many = len(kernel.inputs)
        ins, outs, _ = _kernel._decide_params_type(
            *sides, tuple(dtypes[:many]), tuple(dtypes[many:])
        )
        assert [np.dtype(one) for one in outs] == dtypes[many:], kernel.name
        assert all(np.dtype(one) == two for one, two in zip(ins, dtypes, strict=False) if two)
        if isinstance(kernel, strict_kernels.ReductionKernel):
            real = cupy.ReductionKernel(*names, kernel.map, "a + b", kernel.last, "0", kernel.name)
            last = _kernel._ArgInfo(scalar, _scalar.CScalar, np.dtype(np.int32), 0, True, True)
            params = (
                *real.in_params, *real.out_params,
                *_kernel._get_param_info("CIndexer _in_ind, CIndexer _out_ind", False),
                *_kernel._get_param_info("int32 _block_stride", True),
            )  # fmt: skip
            infos = (*infos, index_of(len(shape)), index_of(call.results[0].ndim), last)
            code = _reduction._ReductionKernel_get_cached_function_code(
                len(real.in_params), 1, params, infos, _kernel._TypeMap((*pairs, ("IndexT", np.int32))),
                kernel.name, 512, "T", "0", kernel.map, "a + b", kernel.last, "", (),
            )  # fmt: skip
            assert nvrtc(code)
            continue
        real = cupy.ElementwiseKernel(
            *names, kernel.operation, kernel.name, options=kernels.OPTIONS
        )
        code = _kernel._get_elementwise_kernel_code(
            (*infos, index_of(len(shape))),
            _kernel._TypeMap(pairs),
            real.params,
            real.operation,
            real.name,
            "",
        )
        ptx = nvrtc(code, kernels.OPTIONS)
        text = ptx if isinstance(ptx, str) else ptx.decode()
        if (
            "exp(" not in kernel.operation and "log(" not in kernel.operation
        ):  # which are made of them
            assert "fma.rn" not in text, kernel.name


# On a GPU ---------------------------------------------------------------------------------------------


SCRIPT = Path(__file__).parent / "benchmarks" / "gpu.py"


def test_the_benchmark_runs_where_there_is_no_gpu_as_well(tmp_path):
    command = [
        sys.executable,
        str(SCRIPT),
        "--device=cpu",
        "--only=2-16",
        "--rounds=1",
        "--json=found.json",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ((_, times),) = json.loads((tmp_path / "found.json").read_text())["steps"].items()
    assert {"minigrad", "minigrad, plain formulas"} <= set(times)


@pytest.mark.gpu
@pytest.mark.parametrize("rule", RULES)
def test_on_a_gpu_all_kernels_agree_with_their_formulas(rule):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the warning that a kernel is not used
        run, right = Training("cuda", mg.float64, rule), Training("cpu", mg.float64, rule)
        for _ in range(4):
            run.step()
            right.step()
    assert [type(bundle) for bundle in run.optimizer._bundles] == [Launched]
    assert len(kernels.COMPARED) == 7
    assert all(all(one._found.values()) for one in kernels.COMPARED)
    for one, other in zip(run.results(), right.results(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-10)


@pytest.mark.gpu
@pytest.mark.parametrize("rule", RULES)
def test_on_a_gpu_a_step_does_not_wait(rule):
    """The GPU is given work for about a second; a step that returns meanwhile has waited for nothing."""
    import cupy

    run = Training("cuda", rule=rule)
    for _ in range(3):  # compiles, compares, and fills the pool of memory
        run.step()
    spin = cupy.RawKernel(
        'extern "C" __global__ void spin(long long n) { long long t = clock64(); while (clock64() - t < n); }',
        "spin",
    )
    spin((1,), (1,), (1000,))
    mg.cuda.synchronize()
    done = cupy.cuda.Event()
    spin((1,), (1,), (2_000_000_000,))  # cycles
    done.record()
    run.step()
    assert not done.done, "the host waited for the GPU"
    mg.cuda.synchronize()
    assert done.done
