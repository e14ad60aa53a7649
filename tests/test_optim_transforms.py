"""What a step goes against: other directions, transformed gradients, and penalties in every place."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest
from optim_runs import Training, ill_conditioned, leaf, network, numbers, path_of

import minigrad as mg
from minigrad.backend.devices import xp_of
from minigrad.optim import SGD, Adam, AdamW, Momentum, Muon, regularized
from minigrad.optim.transforms import (
    clip_by_norm,
    clip_by_value,
    l2,
    normalize,
    penalty,
    sign,
    weight_decay,
)

START = [3.0, -2.0]
ADAM = (0.73895727, 0.04673724)  # 25 steps of plain Adam on the ill-conditioned quadratic


def assert_same(left, right):
    for name, values in left.items():
        np.testing.assert_array_equal(values, right[name], err_msg=name)


# Another direction (000.26) --------------------------------------------------------------------------


def test_000_26_any_direction_takes_the_place_of_the_gradient(device):
    """Gradients given as a direction make the same steps; what is in .grad counts for nothing and stays."""
    for kind, options in ((SGD, {"momentum": 0.9}), (Adam, {"weight_decay": 0.1}), (Muon, {})):
        plain, other = (Training(kind, device, **options) for _ in range(2))
        for turn in range(4):
            plain.step()
            other.closure()
            direction = [p.grad for p in other.params.values()]
            kept = {p: mg.full_like(p, 7.0).detach() for p in other.params.values()}
            for p, value in kept.items():
                p.grad = value
            other.optimizer.step(direction=direction if turn % 2 else lambda _, d=direction: d)
            assert all(p.grad is value for p, value in kept.items())
        assert_same(other.numbers(), plain.numbers())


def test_parts_of_a_direction_may_be_missing(device):
    x, y = leaf([1.0], device), leaf([1.0], device)
    optimizer = SGD([x, y], lr=0.5)
    (x + y).sum().backward()
    optimizer.step(direction=[None, mg.ones_like(y).detach() * 2])
    assert (x.item(), y.item()) == (1.0, 0.0)
    optimizer.step(direction=lambda params: [p.detach() * 0.5 for p in params])
    assert (x.item(), y.item()) == (0.75, 0.0)


def test_the_direction_may_be_the_parameter_itself(device):
    for size in (3, 200_000):
        x = leaf(np.ones(size), device)
        SGD([x], lr=0.25, momentum=0.9).step(direction=[x.detach()])
        assert np.all(numbers(x) == 0.75) and x.grad is None


def test_a_closure_goes_before_the_direction(device):
    x = leaf([1.0], device)
    optimizer = SGD([x], lr=0.5)

    def closure():
        loss = (x * x).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure, direction=lambda p: [p[0].grad.sign()]).item() == 1.0
    assert x.item() == 0.5 and x.grad.item() == 2.0


@pytest.mark.parametrize(
    ("direction", "kind", "message"),
    [
        ([None], RuntimeError, r"SGD.step\(\): direction has 1 parts, there are 2 parameters; for one"),
        ([mg.zeros(2), 3.0], TypeError, r"SGD.step\(\): direction 1 has to be a Tensor or None, got float"),
        ([None, mg.zeros(3)], RuntimeError, r"direction 1 has to be \(2,\) float32 on cpu like its parameter, got \(3,\) float32 on cpu"),
        ([None, mg.zeros(2, dtype=mg.float64)], RuntimeError, r"got \(2,\) float64 on cpu"),
    ],
)  # fmt: skip
def test_a_direction_that_does_not_fit_changes_nothing(direction, kind, message):
    params = [leaf([1.0, 2.0], "cpu", mg.float32) for _ in range(2)]
    optimizer = SGD(params, lr=0.5)
    sum(p.sum() for p in params).backward()
    gradients = [p.grad for p in params]
    with pytest.raises(kind, match=message):
        optimizer.step(direction=direction)
    assert all(p.grad is g for p, g in zip(params, gradients, strict=True))
    assert all(numbers(p).tolist() == [1.0, 2.0] for p in params)


# Transforms ------------------------------------------------------------------------------------------


def transformed(transform, gradients, device="cpu", values=None):
    """What a step of size 1 subtracts."""
    params = [leaf(v, device) for v in (values or [np.zeros(np.shape(g)) for g in gradients])]
    optimizer = SGD(params, lr=1.0, transforms=[transform])
    for p, g in zip(params, gradients, strict=True):
        p.grad = mg.tensor(g, dtype=mg.float64, device=device)
    before = [numbers(p).copy() for p in params]
    optimizer.step()
    for p, g in zip(params, gradients, strict=True):
        np.testing.assert_array_equal(numbers(p.grad), g)
    return [a - numbers(p) for a, p in zip(before, params, strict=True)]


def test_000_30_clipping_by_value(device):
    gradient = [np.inf, -np.inf, 0.05, -3.0, np.nan, 0.1]
    (clipped,) = transformed(clip_by_value(0.1), [gradient], device)
    np.testing.assert_array_equal(clipped, [0.1, -0.1, 0.05, -0.1, np.nan, 0.1])
    left, right = leaf([0.0], device), leaf([0.0], device)
    for p in (left, right):
        p.grad = mg.tensor([3.0], dtype=mg.float64, device=device)
    mg.nn.utils.clip_grad_value_(right, 0.1)
    SGD([left], transforms=[clip_by_value(0.1)]).step()
    SGD([right]).step()
    assert left.item() == right.item()


@pytest.mark.parametrize("norm_type", [2.0, 1.0, np.inf])
@pytest.mark.parametrize("limit", [0.1, 100.0])
def test_clipping_by_norm_inside_is_clipping_outside(limit, norm_type, device):
    inside = Training(SGD, device, lr=0.1, transforms=[clip_by_norm(limit, norm_type)])
    outside = Training(SGD, device, lr=0.1)
    for _ in range(3):
        inside.step()
        outside.closure()
        mg.nn.utils.clip_grad_norm_(outside.params.values(), limit, norm_type)
        outside.optimizer.step()
    assert_same(inside.numbers(), outside.numbers())


def test_clipping_by_norm_takes_all_parameters_together(device):
    short, long = transformed(clip_by_norm(1.0), [[3.0], [[0.0, -4.0]]], device)
    np.testing.assert_allclose(short, [0.6], rtol=1e-6)
    np.testing.assert_allclose(long, [[0.0, -0.8]], rtol=1e-6)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (normalize(), ([0.6, 0.0], [-0.8])),
        (normalize(5.0), ([0.3, 0.0], [-0.4])),
        (sign(), ([1.0, 0.0], [-1.0])),
        (l2(0.5), ([3.0 + 10.0, 20.0], [-4.0 - 1.0])),
        (weight_decay(0.5), ([3.0 + 5.0, 10.0], [-4.0 - 0.5])),
        (penalty(lambda a, b: (a**3).sum() + (a[0] * b).sum(), 0.1), ([3.0 + 29.9, 120.0], [-3.0])),
        (penalty(lambda a, b: a.abs().sum(), 2.0), ([5.0, 2.0], [-4.0])),
        (lambda params, gradients: [g / 2 for g in gradients], ([1.5, 0.0], [-2.0])),
    ],
    ids=["normalize", "normalize, eps", "sign", "l2", "weight_decay", "penalty", "of some", "own"],
)  # fmt: skip
def test_what_each_does(transform, expected, device):
    got = transformed(transform, [[3.0, 0.0], [-4.0]], device, values=[[10.0, 20.0], [-1.0]])
    for mine, value in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, value, rtol=1e-12, atol=1e-12)


def test_they_are_applied_from_the_left(device):
    (both,) = transformed(clip_by_value(1.0), [[5.0]], device)
    assert both == 1.0
    x = leaf([2.0], device)
    x.grad = mg.ones_like(x) * 5
    SGD([x], lr=1.0, transforms=[clip_by_value(1.0), weight_decay(0.5)]).step()
    assert x.item() == 2.0 - (1.0 + 1.0)
    x = leaf([2.0], device)
    x.grad = mg.ones_like(x) * 5
    SGD([x], lr=1.0, weight_decay=0.5, transforms=[weight_decay(0.5), clip_by_value(1.0)]).step()
    assert x.item() == 2.0 - (1.0 + 1.0)  # the option comes last


def test_dtype_stays(device):
    everything = [
        l2(0.1), weight_decay(0.1), penalty(lambda *p: sum((a * a).sum() for a in p), 0.1),
        clip_by_norm(1.0), clip_by_value(0.5), normalize(), sign(),
    ]  # fmt: skip
    for dtype in (mg.float16, mg.float32):
        training = Training(SGD, device, dtype, transforms=everything, momentum=0.9)
        training.step(2)
        for p in training.params.values():
            assert p.dtype == training.optimizer.state[p]["momentum_buffer"].dtype == dtype
            assert np.all(np.isfinite(numbers(p)))


def test_with_maximize_a_penalty_is_one(device):
    """Climbing J - lambda |w|^2, as with weight_decay: in one group of two."""

    def watched(params, gradients):  # they see the gradient of what is minimised
        seen.extend(gradients)
        return gradients

    seen, paths = [], []
    for options in ({"transforms": [l2(0.1), watched]}, {"weight_decay": 0.2}):
        x, y = leaf([1.0, 2.0], device), leaf([1.0], device)
        optimizer = SGD([{"params": x, "maximize": True}, {"params": y}], lr=0.1, **options)
        for _ in range(5):
            optimizer.zero_grad()
            (-((x - 1) ** 2).sum() + (y**2).sum()).backward()
            optimizer.step()
        paths.append([*numbers(x), *numbers(y)])
    np.testing.assert_allclose(paths[0], paths[1], rtol=1e-12)
    np.testing.assert_allclose(
        numbers(mg.engine.wrap(seen[0], None)), [0.2, 2.4]
    )  # 2 (x - 1) + 0.2 x


def test_parameters_without_a_gradient_are_left_out(device):
    x, y = leaf([1.0], device), leaf([1.0], device)
    optimizer = SGD([x, y], lr=1.0, transforms=[lambda params, g: [g[0] * len(params)]])
    x.sum().backward()
    optimizer.step()
    assert (x.item(), y.item()) == (0.0, 1.0)


def test_transforms_are_no_part_of_the_saved_state_but_of_copies(device):
    training = Training(
        SGD, device, lr=0.1, momentum=0.9, transforms=[clip_by_value(0.05), l2(0.1)]
    )
    training.step(3)
    assert training.optimizer.state_dict().keys() == {"state", "param_groups"}
    resumed = copy.deepcopy(training)
    resumed.optimizer = SGD(resumed.params.values(), transforms=[clip_by_value(0.05), l2(0.1)])
    resumed.optimizer.load_state_dict(training.optimizer.state_dict())
    twins = [resumed, copy.deepcopy(training), pickle.loads(pickle.dumps(training))]
    for one in (training, *twins):
        one.step(3)
        assert_same(one.numbers(), training.numbers())
    training.optimizer.transforms.clear()  # from now on without
    training.step(), twins[0].step()
    assert not np.array_equal(training.numbers()["w1"], twins[0].numbers()["w1"])


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: clip_by_value(0.0), ValueError, "clip_by_value: limit = 0.0 is out of range, expected > 0"),
        (lambda: clip_by_norm(-1), ValueError, "clip_by_norm: max_norm = -1 is out of range, expected > 0"),
        (lambda: clip_by_norm(1.0, "x"), TypeError, "clip_by_norm: norm_type has to be a number, got str 'x'"),
        (lambda: clip_by_norm(1.0, 0), ValueError, "clip_by_norm: norm_type = 0 is out of range, expected > 0, or inf"),
        (lambda: normalize(-1), ValueError, "normalize: eps = -1 is out of range"),
        (lambda: l2("much"), TypeError, "l2: lam has to be a number, got str 'much'"),
        (lambda: weight_decay(-0.1), ValueError, "weight_decay: lam = -0.1 is out of range"),
        (lambda: penalty(0.1, 0.1), TypeError, "penalty: R has to be a function, got float"),
        (lambda: penalty(len, -1), ValueError, "penalty: lam = -1 is out of range"),
        (lambda: regularized(len, 0.1, 0.1), TypeError, "regularized: R has to be a function, got float"),
        (lambda: regularized(len, len, -1), ValueError, "regularized: lam = -1 is out of range"),
        (lambda: SGD([mg.zeros(1)], transforms=[0.1]), TypeError, "SGD: transforms has to hold functions, got float"),
    ],
)  # fmt: skip
def test_what_is_out_of_range(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_a_transform_that_returns_other_shapes(device):
    x, y = leaf([1.0, 2.0], device), leaf([1.0], device)
    (x.sum() + y.sum()).backward()

    def halved(params, gradients):
        return gradients[:1]

    optimizer = SGD([x, y], transforms=[halved])
    message = (
        r"SGD.step\(\): the transform 'halved' returned shapes \[\(2,\)\] for parameters of shapes"
    )
    with pytest.raises(RuntimeError, match=message):
        optimizer.step()
    assert numbers(x).tolist() == [1.0, 2.0] and numbers(x.grad).tolist() == [1.0, 1.0]


def cast(array, dtype):
    xp = xp_of(array)
    return xp.asarray(array, dtype=dtype)


@pytest.mark.parametrize(
    ("transform", "kind", "message"),
    [
        (lambda params, gs: [cast(g, "int64") for g in gs], RuntimeError, r"gradient 0 as float64 on .* like its parameter, got int64"),
        (lambda params, gs: [gs[0], cast(gs[1], "complex128")], RuntimeError, "gradient 1 as float64 on .* got complex128"),
        (lambda params, gs: [cast(gs[0], "float32"), gs[1]], RuntimeError, "gradient 0 as float64 on .* got float32"),
        (lambda params, gs: [gs[0], 1.0], TypeError, "has to return arrays, gradient 1 is float"),
    ],
)  # fmt: skip
def test_a_transform_that_returns_other_dtypes_changes_nothing(transform, kind, message, device):
    x, y = leaf([1.0, 2.0], device), leaf(1.0, device)
    (x.sum() + y).backward()
    optimizer = SGD([x, y], transforms=[transform])
    with pytest.raises(kind, match=r"SGD.step\(\): the transform '<lambda>' .*" + message):
        optimizer.step()
    assert numbers(x).tolist() == [1.0, 2.0] and y.item() == 1.0
    assert numbers(x.grad).tolist() == [1.0, 1.0]


def test_a_transform_has_to_stay_on_the_device():
    mg_device = pytest.importorskip("cupy") and "cuda"
    if not mg.cuda.is_available():
        pytest.skip("no GPU")
    x = leaf([1.0], mg_device)
    x.sum().backward()
    optimizer = SGD([x], transforms=[lambda params, gs: [g.get() for g in gs]])
    with pytest.raises(RuntimeError, match="gradient 0 as float64 on cuda:0 .* got float64 on cpu"):
        optimizer.step()


def test_without_gradients_transforms_are_not_asked(device):
    x = leaf([1.0], device)
    optimizer = SGD([x], transforms=[penalty(lambda w: w.sum(), 1.0), clip_by_norm(1.0)])
    with pytest.warns(UserWarning, match="no parameter has a gradient"):
        optimizer.step()
    assert x.item() == 1.0


@pytest.mark.parametrize(
    ("R", "words"),
    [
        (lambda w: mg.ones(1).sum(), r"penalty: R returned tensor\(1..*, which does not depend"),
        (lambda w: w.detach().sum(), "penalty: R returned tensor"),
        (lambda w: 3.0, "penalty: R returned 3.0, which does not depend on its arguments"),
        (lambda w: mg.ones(1, requires_grad=True).sum(), "penalty: R returned tensor"),
    ],
    ids=["constant", "detached", "number", "of others"],
)  # fmt: skip
def test_a_penalty_has_to_depend_on_its_arguments(R, words, device):  # noqa: N803
    x = leaf([1.0], device)
    x.sum().backward()
    with pytest.raises(RuntimeError, match=words):
        SGD([x], transforms=[penalty(R, 1.0)]).step()
    assert x.item() == 1.0


def test_transforms_need_a_rule():
    class TorchStyle(mg.optim.Optimizer):
        def __init__(self, params, **options):
            super().__init__(params, {"lr": 0.1}, **options)

        def step(self, closure=None):
            pass

    TorchStyle([mg.zeros(1)])
    with pytest.raises(TypeError, match="TorchStyle: transforms needs a class with a rule"):
        TorchStyle([mg.zeros(1)], transforms=[sign()])


@pytest.mark.parametrize(("mu", "steps"), [(0.9, 500), (0, 2000)])
def test_000_31_clipping_tames_an_infinite_slope(mu, steps):
    """Figure 1.5: the root of |x| less a quarter, from 1, with the gradient clipped to 0.1."""
    make = partial(Momentum.classical, lr=0.01, mu=mu, transforms=[clip_by_value(0.1)])
    path = path_of(make, lambda x: (x.abs().sqrt() - 0.25).sum(), [1.0], steps)[:, 0]
    late = np.abs(path[-50:]).max()
    if mu:
        assert round(np.sqrt(abs(path[-1])) - 0.25, 4) == -0.2138 and late <= 0.0022
    else:
        assert abs(path[-1]) < 1e-12 and late <= 0.0010001


# The penalty in every place (2.4; 002.13, 002.14, 002.20, 002.21) ------------------------------------


def places(lam):
    """Options for the five places of lambda |w|^2, and what is to be minimised."""
    ridge = regularized(ill_conditioned, lambda w: (w * w).sum(), lam)
    return {
        "in the loss": ({}, ridge),
        "in the gradient": ({"transforms": [l2(lam)]}, ill_conditioned),
        "in the gradient, PyTorch's coefficient": ({"transforms": [weight_decay(2 * lam)]}, ill_conditioned),
        "PyTorch's option": ({"weight_decay": 2 * lam}, ill_conditioned),
        "any penalty": ({"transforms": [penalty(lambda w: (w * w).sum(), lam)]}, ill_conditioned),
        "decoupled": ({"weight_decay": 2 * lam, "decoupled_weight_decay": True}, ill_conditioned),
    }  # fmt: skip


def test_in_gradient_descent_all_places_are_the_same(device):
    paths = {
        name: path_of(partial(SGD, lr=0.05, **options), objective, START, 25, device)
        for name, (options, objective) in places(0.1).items()
    }
    for name, path in paths.items():
        np.testing.assert_allclose(path, paths["in the loss"], rtol=0, atol=1e-14, err_msg=name)


def test_in_adam_they_are_the_same_but_for_the_decoupled_one(device):
    paths = {
        name: path_of(partial(Adam, lr=0.1, **options), objective, START, 25, device)[-1]
        for name, (options, objective) in places(0.05).items()
    }
    decoupled = paths.pop("decoupled")
    for name, path in paths.items():
        np.testing.assert_allclose(path, paths["in the loss"], rtol=0, atol=1e-13, err_msg=name)
        # and they do nothing: Adam cancels a factor in each coordinate of the gradient
        np.testing.assert_allclose(path, ADAM, rtol=0, atol=5e-9, err_msg=name)
    np.testing.assert_allclose(decoupled, (0.41574978, 0.14407819), rtol=0, atol=5e-9)


def test_adamw_is_adam_with_decoupled_decay(device):
    """And the decoupled decay commutes with nothing: it is not a scaled Adam."""
    ends = [
        path_of(make, ill_conditioned, START, 25, device)[-1]
        for make in (
            partial(AdamW, lr=0.1, weight_decay=0.1),
            partial(Adam, lr=0.1, weight_decay=0.1, decoupled_weight_decay=True),
            partial(Adam, lr=0.1),
        )
    ]
    np.testing.assert_allclose(ends[0], (0.41574978, 0.14407819), rtol=0, atol=5e-9)
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_allclose(ends[2], ADAM, rtol=0, atol=5e-9)


@pytest.mark.parametrize(
    ("options", "factor"),
    [
        ({"transforms": [l2(0.1)]}, 0.98),
        ({"transforms": [weight_decay(0.1)]}, 0.99),
        ({"weight_decay": 0.1}, 0.99),
        ({"weight_decay": 0.2, "decoupled_weight_decay": True}, 0.98),
        ({"transforms": [penalty(lambda w: (w * w).sum(), 0.1)]}, 0.98),
    ],
)
def test_002_21_both_meanings_of_the_coefficient(options, factor, device):
    """Eq. 3.5: with eta = lambda = 0.1 weights without gradient shrink to 0.00233 in 300 steps."""
    path = path_of(partial(SGD, lr=0.1, **options), lambda w: 0 * w.sum(), [1.0], 300, device)[:, 0]
    np.testing.assert_allclose(path[1], factor, rtol=1e-14)
    np.testing.assert_allclose(path[-1], factor**300, rtol=1e-12)
    if factor == 0.98:
        assert round(path[-1], 5) == 0.00233


def test_002_13_a_penalty_of_the_parameters_of_a_model(device):
    """In the loss, of parameters named beforehand, and in the gradient: the same steps."""
    lasso = lambda *params: sum(p.abs().sum() for p in params)  # noqa: E731
    in_loss = Training(SGD, device, lr=0.1)
    in_gradient = Training(SGD, device, lr=0.1, transforms=[penalty(lasso, 0.01)])
    loss = regularized(network, lambda *_: lasso(*in_loss.params.values()), 0.01)
    named = regularized(network, lasso, 0.01, params=in_loss.params.values())
    for _ in range(4):
        in_loss.optimizer.zero_grad()
        value = loss(in_loss.params, in_loss.x, in_loss.y)
        assert named(in_loss.params, in_loss.x, y=in_loss.y).item() == value.item()
        value.backward()
        in_loss.optimizer.step()
        in_gradient.step()
    for name, values in in_loss.numbers().items():
        np.testing.assert_allclose(in_gradient.numbers()[name], values, rtol=0, atol=1e-15)


def test_002_20_the_penalty_lowers_the_condition_number():
    """(L + 2 lambda) / (m + 2 lambda): a rate that is good for the worst direction goes further."""
    lam = 0.5
    curvature = mg.func.hessian(regularized(ill_conditioned, lambda w: (w * w).sum(), lam))
    eigenvalues = np.linalg.eigvalsh(numbers(curvature(leaf(START, "cpu"))))
    assert eigenvalues[1] / eigenvalues[0] == pytest.approx((10 + 2 * lam) / (1 + 2 * lam))
