"""Optimisers: the same numbers as PyTorch (recorded), and PyTorch's contract."""

import copy
import gc
import inspect
import math
import pickle
import warnings

import numpy as np
import pytest
from optim_runs import RECORD, Training, leaf, network, numbers

import minigrad as mg
from minigrad import nn
from minigrad.backend.devices import xp_of
from minigrad.optim import (
    SGD,
    Adam,
    AdamW,
    Lion,
    Momentum,
    Muon,
    Nesterov,
    NormalizedGD,
    Optimizer,
    SignDescent,
)
from minigrad.optim.optimizer import required
from minigrad.optim.transforms import (
    clip_by_norm,
    clip_by_value,
    l2,
    normalize,
    penalty,
    sign,
    weight_decay as decay,
)

KINDS = {name: getattr(mg.optim, name) for name in RECORD["defaults"]}
MINE = [  # that PyTorch has not, or not so
    (Momentum, {}),
    (Momentum, {"dampening": 0.5, "lr_inside": False, "undamped_first": True}),
    (Nesterov, {}),
    (Nesterov, {"growing": True, "lookahead": "velocity"}),
    (SignDescent, {}),
    (NormalizedGD, {}),
    (Lion, {"betas": (0.5, 0.9)}),
    (Muon, {"lr": 0.02}),
]


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


# PyTorch's numbers ----------------------------------------------------------------------------------


def title(run):
    options = ", ".join(f"{k}={v}" for k, v in run["hyperparameters"].items())
    return f"{run['class']}({options})"


@pytest.mark.parametrize("run", RECORD["runs"], ids=title)
def test_trajectory_equals_pytorchs(run, device):
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in run["hyperparameters"].items()}
    training = Training(KINDS[run["class"]], device, **options)
    assert len(run["trajectory"]) >= 5
    for expected in run["trajectory"]:
        training.step()
        for name, values in training.numbers().items():
            np.testing.assert_allclose(values, expected[name], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", KINDS)
def test_defaults_are_pytorchs(name):
    theirs = RECORD["defaults"][name]
    speed = {"foreach", "fused", "differentiable", "capturable"}  # choices of kernel
    mine = KINDS[name]([mg.zeros(1)]).defaults
    assert theirs.keys() - speed <= mine.keys()
    for option in theirs.keys() - speed:
        default = theirs[option]
        assert mine[option] == (tuple(default) if isinstance(default, list) else default), option


def test_positions_of_arguments_are_pytorchs():
    sgd = SGD([mg.zeros(1)], 0.1, 0.9, 0, 0.01, True)
    assert sgd.defaults["weight_decay"] == 0.01 and sgd.defaults["nesterov"] is True
    adam = Adam([mg.zeros(1)], 0.1, (0.8, 0.9), 1e-6, 0.02, True)
    assert adam.defaults["betas"] == (0.8, 0.9) and adam.defaults["amsgrad"] is True


@pytest.mark.parametrize("name", RECORD["state_dicts"])
def test_state_dict_is_pytorchs(name, device):
    group, first = (RECORD["state_dicts"][name][part] for part in ("param_groups", "state"))
    options = {o: group[0][o] for o in ("momentum", "amsgrad", "centered") if o in group[0]}
    training = Training(KINDS[name], device, **options)
    training.step(int(first["0"].get("step", 6)))
    mine, theirs = training.optimizer.state_dict(), RECORD["state_dicts"][name]
    assert mine.keys() == theirs.keys()
    assert [g["params"] for g in mine["param_groups"]] == [[0, 1, 2, 3]]
    assert [str(index) for index in mine["state"]] == list(theirs["state"])
    for index, slots in mine["state"].items():
        assert list(slots) == list(theirs["state"][str(index)])
        for key, value in slots.items():
            value = numbers(value) if isinstance(value, mg.Tensor) else value
            np.testing.assert_allclose(value, theirs["state"][str(index)][key], rtol=0, atol=1e-9)


def test_a_state_dict_of_pytorch_can_be_loaded(device):
    """As read from a file: step as a tensor, momentum that has not begun as None, more options."""
    training = Training(Adam, device, amsgrad=True)
    saved = copy.deepcopy(RECORD["state_dicts"]["Adam"])
    saved["state"] = {
        int(index): {
            name: mg.tensor(v, dtype=mg.float32 if name == "step" else mg.float64)
            for name, v in slots.items()
        }
        for index, slots in saved["state"].items()
    }
    saved["param_groups"][0]["betas"] = tuple(saved["param_groups"][0]["betas"])
    training.optimizer.load_state_dict(saved)
    assert training.optimizer.state[training.params["w1"]]["step"] == 6
    training.step()
    assert training.optimizer.state[training.params["b2"]]["step"] == 7

    sgd = Training(SGD, device, momentum=0.9)
    before = sgd.optimizer.state_dict()
    before["state"] = {i: {"momentum_buffer": None} for i in range(4)}
    sgd.optimizer.load_state_dict(before)
    fresh = Training(SGD, device, momentum=0.9)
    sgd.step(2), fresh.step(2)
    assert_same(sgd.numbers(), fresh.numbers())


# Learning -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda p: SGD(p, lr=0.2),
        lambda p: SGD(p, lr=0.1, momentum=0.8),
        lambda p: SGD(p, lr=0.4, momentum=0.8, dampening=0.8),
        lambda p: SGD(p, lr=0.1, momentum=0.8, nesterov=True),
        lambda p: Adam(p, lr=0.3),
        lambda p: Adam(p, lr=0.3, amsgrad=True),
        lambda p: AdamW(p, lr=0.3, weight_decay=0),
    ],
)
def test_convex_quadratic_is_driven_to_its_minimum(make, device):
    curvature = mg.tensor([[3.0, 0.5], [0.5, 1.0]], dtype=mg.float64, device=device)
    slope = mg.tensor([1.0, -2.0], dtype=mg.float64, device=device)
    x = leaf([5.0, -4.0], device)
    optimizer = make([x])
    for _ in range(400):
        optimizer.zero_grad()
        (0.5 * x @ curvature @ x - slope @ x).backward()
        optimizer.step()
        optimizer.param_groups[0]["lr"] *= 0.99
    np.testing.assert_allclose(
        numbers(x), np.linalg.solve([[3.0, 0.5], [0.5, 1.0]], [1.0, -2.0]), atol=1e-6
    )


@pytest.mark.parametrize("kind", [*KINDS.values(), Momentum, SignDescent, NormalizedGD, Lion, Muon])
def test_maximize_climbs(kind, device):
    x = leaf([1.0, -1.0], device)
    optimizer = kind([x], lr=0.01, maximize=True)
    loss = -((x - 3) ** 2).sum()
    loss.backward()
    optimizer.step()
    assert (-((x - 3) ** 2).sum()).item() > loss.item()


@pytest.mark.parametrize("dtype", [mg.float16, mg.float32, mg.float64])
@pytest.mark.parametrize("kind", [*KINDS.values(), Nesterov, Lion, Muon])
def test_dtype_stays(kind, dtype, device):
    training = Training(kind, device, dtype, weight_decay=0.01)
    training.optimizer.param_groups[0]["lr"] = np.float64(0.01)  # from a schedule that uses NumPy
    training.step(2)
    for p in training.params.values():
        assert p.dtype == p.grad.dtype == dtype
        for value in training.optimizer.state[p].values():
            assert isinstance(value, (int, float)) or (
                value.dtype == dtype and value.shape == p.shape
            )


def test_numpy_numbers_give_the_bits_of_python_numbers(device):
    left, right = (Training(Adam, device, mg.float32, betas=[0.5, 0.5]) for _ in range(2))
    left.step(), right.step()
    left.optimizer.param_groups[0].update(lr=np.float64(0.3), betas=tuple(np.array([0.8, 0.9])))
    right.optimizer.param_groups[0]["lr"] = 0.3
    right.optimizer.param_groups[0]["betas"][:] = 0.8, 0.9  # the same list
    left.step(3), right.step(3)
    assert_same(left.numbers(), right.numbers())


def test_hyperparameters_can_be_changed_between_steps(device):
    training = Training(SGD, device, lr=0.5)
    before = training.numbers()
    training.optimizer.param_groups[0]["lr"] = 0.0
    training.step()
    assert_same(training.numbers(), before)
    training.optimizer.param_groups[0].update(lr=0.1, momentum=0.9)
    training.step(3)
    assert "momentum_buffer" in training.optimizer.state[training.params["w1"]]


# The step -------------------------------------------------------------------------------------------


def test_step_calls_the_closure_with_gradients_on(device):
    training = Training(SGD, device, lr=0.1)
    modes = []

    def closure():
        modes.append(mg.is_grad_enabled())
        training.optimizer.zero_grad()
        loss = network(training.params, training.x, training.y)
        loss.backward()
        return loss

    with mg.no_grad():
        first = training.optimizer.step(closure)
    second = training.optimizer.step(closure)
    assert modes == [True, True] and second.item() < first.item()
    assert training.optimizer.step() is None


def test_zero_grad(device):
    training = Training(SGD, device)
    training.step()
    held = training.params["w1"].grad
    training.optimizer.zero_grad(set_to_none=False)
    assert training.params["w1"].grad is held
    assert all(np.all(numbers(p.grad) == 0) for p in training.params.values())
    training.optimizer.zero_grad()
    assert all(p.grad is None for p in training.params.values())


def test_zero_grad_detaches_a_recorded_gradient(device):
    x = leaf([1.0, 2.0], device)
    optimizer = SGD([x])
    (x**3).sum().backward(create_graph=True)
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    assert not x.grad.requires_grad and numbers(x.grad).tolist() == [0.0, 0.0]


def test_gradients_are_never_written(device):
    for kind, options in [*((kind, {}) for kind in KINDS.values()), *MINE]:
        training = Training(kind, device, weight_decay=0.1, maximize=True, **options)
        training.step()
        before = {name: numbers(p.grad).copy() for name, p in training.params.items()}
        training.optimizer.step(lambda: None)
        assert_same({name: numbers(p.grad) for name, p in training.params.items()}, before)


def test_warns_once_when_nothing_has_a_gradient(device):
    x = leaf([1.0], device)
    optimizer = SGD([x])
    with pytest.warns(UserWarning, match=r"SGD.step\(\): no parameter has a gradient") as caught:
        optimizer.step()
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()
        (x * x).sum().backward()
        optimizer.step()
    assert numbers(x)[0] < 1


def test_step_does_not_wait_for_the_device(transfers):
    everything = [
        clip_by_value(0.1), clip_by_norm(1.0), l2(0.1), decay(0.1), sign(), normalize(),
        penalty(lambda *params: sum(p.abs().sum() for p in params), 0.1),
    ]  # fmt: skip
    for transforms in ((), everything):
        for kind, options in [*((kind, {}) for kind in KINDS.values()), *MINE]:
            options = {"weight_decay": 0.1, "transforms": transforms} | options
            training = Training(kind, "strict", **options)
            training.step()
            with transfers.forbidden():
                training.step()


def test_stepping_between_forward_and_backward_is_noticed(device):
    """By a gathered parameter and by a large one; parameters that did not move may be used."""
    for size in (3, 200_000):
        w, other = leaf(np.ones(size), device), leaf(np.ones(3), device)
        optimizer = SGD([w, other], lr=0.1)
        (w * w).sum().backward()
        late, unmoved = (w * w).sum(), (other * other).sum()
        optimizer.step()
        unmoved.backward()
        with pytest.raises(RuntimeError, match="changed in place"):
            late.backward()


def test_nothing_grows_over_the_steps():
    training = Training(Adam, "cpu")
    training.step(20)
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        training.step(200)
        assert len(gc.get_objects()) - before < 20
    finally:
        if enabled:
            gc.enable()


def test_gradients_are_not_kept_alive():
    import weakref

    training = Training(SGD, "cpu", momentum=0.9)
    training.step()
    arrays = [weakref.ref(p.grad.array) for p in training.params.values()]
    training.optimizer.zero_grad()
    assert [array() for array in arrays] == [None] * 4


# Hooks ----------------------------------------------------------------------------------------------


def test_step_hooks(device):
    training = Training(SGD, device)
    seen = []
    pre = training.optimizer.register_step_pre_hook(
        lambda optimizer, args, kwargs: seen.append(("before", optimizer, args, kwargs))
    )
    training.optimizer.register_step_post_hook(lambda *call: seen.append(("after", *call)))
    training.step()
    assert seen == [(when, training.optimizer, (), {}) for when in ("before", "after")]
    pre.remove()
    training.step()
    assert [call[0] for call in seen] == ["before", "after", "after"]


def test_a_pre_hook_can_replace_the_arguments(device):
    training = Training(SGD, device)
    handle = training.optimizer.register_step_pre_hook(
        lambda optimizer, args, kwargs: ((lambda: "replaced",), {})
    )
    training.step()
    assert training.optimizer.step(lambda: "given") == "replaced"
    handle.remove()
    training.optimizer.register_step_pre_hook(lambda *call: "nonsense")
    with pytest.raises(RuntimeError, match=r"return None or a tuple \(args, kwargs\)"):
        training.optimizer.step()


# Groups ---------------------------------------------------------------------------------------------


def test_groups_have_their_own_hyperparameters(device):
    fast, slow = leaf([1.0], device), leaf([1.0], device)
    optimizer = SGD([{"params": fast, "lr": 0.5}, {"params": [slow]}], lr=0.25)
    (fast + slow).sum().backward()
    optimizer.step()
    assert (fast.item(), slow.item()) == (0.5, 0.75)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.25]


@pytest.mark.parametrize(("kind", "options"), [(kind, {}) for kind in KINDS.values()] + MINE)
def test_grouping_does_not_matter(kind, options, device):
    results = []
    for groups in (
        None,
        lambda ps: [{"params": ps[:1]}, {"params": ps[1:]}],
        lambda ps: [{"params": [p]} for p in reversed(ps)],
        lambda ps: iter(ps),
    ):
        training = Training(kind, device, groups=groups, **{"weight_decay": 0.01} | options)
        training.step(5)
        results.append(training.numbers())
    for result in results[1:]:
        assert_same(result, results[0])


def test_add_param_group(device):
    first, late = leaf([1.0], device), leaf([1.0], device)
    optimizer = Adam([first], lr=0.5)
    for turn in range(2):
        optimizer.zero_grad()
        (first + late).sum().backward()
        optimizer.step()
        if not turn:
            group = {"params": (p for p in [late]), "lr": 0.25}
            optimizer.add_param_group(group)
    assert optimizer.param_groups[1] is group and group["betas"] == (0.9, 0.999)
    assert [optimizer.state[p]["step"] for p in (first, late)] == [2, 1]
    np.testing.assert_allclose(late.item(), 0.75, rtol=1e-7)


def test_names_of_parameters_are_kept(device):
    a, b = leaf([1.0], device), leaf([1.0], device)
    optimizer = SGD(iter([("a", a), ("b", b)]))
    assert optimizer.param_groups[0]["param_names"] == ["a", "b"]
    assert optimizer.param_groups[0]["params"] == [a, b]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["a", "b"]
    with pytest.raises(ValueError, match="SGD: some parameters have names"):
        SGD([("a", a), b])
    with pytest.raises(ValueError, match="parameter 'again', shape .* listed twice"):
        SGD([("a", a), ("again", a)])


def test_editing_the_groups_by_hand_is_noticed(device):
    a, b = leaf([1.0], device), leaf([1.0], device)
    optimizer = SGD([a], lr=0.5)
    (a + b).sum().backward()
    optimizer.step()
    optimizer.param_groups[0]["params"].append(b)
    optimizer.step()
    assert (a.item(), b.item()) == (0.0, 0.5)
    optimizer.param_groups[0]["params"] = [b]
    optimizer.step()
    assert (a.item(), b.item()) == (0.0, 0.0)


def test_repr_is_pytorchs():
    assert repr(SGD([mg.zeros(1)], lr=0.1, momentum=0.9)) == (
        "SGD (\n"
        "Parameter Group 0\n"
        "    dampening: 0\n"
        "    decoupled_weight_decay: False\n"
        "    lr: 0.1\n"
        "    maximize: False\n"
        "    momentum: 0.9\n"
        "    nesterov: False\n"
        "    weight_decay: 0\n"
        ")"
    )


# Errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (SGD, {"lr": -0.1}, "SGD: lr = -0.1 is out of range, expected 0 <= lr < inf"),
        (SGD, {"lr": math.nan}, "SGD: lr = nan is out of range"),
        (SGD, {"lr": math.inf}, "SGD: lr = inf is out of range"),
        (SGD, {"momentum": -1}, "SGD: momentum = -1 is out of range"),
        (SGD, {"weight_decay": -1e-3}, "SGD: weight_decay = -0.001 is out of range"),
        (SGD, {"nesterov": True}, "SGD: nesterov=True needs momentum > 0 and dampening = 0"),
        (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "SGD: nesterov=True needs"),
        (Adam, {"betas": (0.9, 1.0)}, r"Adam: betas = \(0.9, 1.0\) is out of range, expected 0 <="),
        (Adam, {"betas": (-0.1, 0.9)}, "Adam: betas"),
        (Adam, {"eps": -1e-8}, "Adam: eps = -1e-08 is out of range"),
        (AdamW, {"lr": -1}, "AdamW: lr = -1 is out of range"),
    ],
)
def test_hyperparameters_out_of_range(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind([mg.zeros(1)], **options)
    optimizer = kind([mg.zeros(1)])
    with pytest.raises(ValueError, match=message):
        optimizer.add_param_group({"params": [mg.zeros(1)], **options})
    assert len(optimizer.param_groups) == 1


def test_hyperparameters_that_are_none():
    p = mg.zeros(1)
    with pytest.raises(TypeError, match=r"SGD: lrr is none of its hyperparameters \(lr, momentum,"):
        SGD([p], lrr=0.1)
    with pytest.raises(TypeError, match="SGD: lr was given twice"):
        SGD([p], 0.1, lr=0.2)
    with pytest.raises(TypeError, match="SGD: 5 hyperparameters were expected, 6 given"):
        SGD([p], 1, 1, 1, 1, 1, 1)
    with pytest.raises(TypeError, match="SGD: lr has to be a number, got str '0.1'"):
        SGD([p], lr="0.1")
    with pytest.raises(TypeError, match="SGD: lr has to be a number, got Tensor"):
        SGD([p], lr=mg.tensor(0.1))


def test_parameters_that_are_none(device):
    p = leaf([1.0, 2.0], device)
    cases = [
        (p, TypeError, r"SGD: params is one tensor, not a list of tensors; write \[p\]"),
        ([], ValueError, "SGD: the list of parameters is empty"),
        ([p, 3.0], TypeError, "SGD: parameter 1 is no Tensor but float"),
        ([np.ones(2)], TypeError, "SGD: parameter 0 is no Tensor but ndarray"),
        (nn.Linear(2, 1), TypeError, r"SGD: params is Linear itself; write model.parameters\(\)$"),
        ([{"params": nn.Linear(2, 1)}], TypeError, "SGD: params is Linear itself"),
        (nn.Linear(2, 1).parameters, TypeError, r"params is parameters itself; write model.param"),
        (
            nn.Sequential(nn.Tanh()),
            TypeError,
            r"parameter 0 is no Tensor but Tanh; write model.param",
        ),
        ([p, p * 2], ValueError, "SGD: parameter 1 is no leaf but the result of 'mul'"),
        ([p, p], ValueError, r"SGD: parameter 1, shape \(2,\), is listed twice"),
        ([{"params": [p]}, {"params": p}], ValueError, "SGD: parameter 0, .* is listed twice"),
        (
            [{"params": {p}}],
            TypeError,
            "SGD: a group has a set as 'params'; its order is not fixed",
        ),
        ([{"lr": 0.1}], TypeError, "SGD: a group has no 'params'"),
        ([{"params": [p]}, mg.zeros(1)], TypeError, "SGD: expected a group, .* got Tensor"),
    ]
    for params, kind, message in cases:
        with pytest.raises(kind, match=message):
            SGD(params)


def test_an_error_in_a_new_group_changes_nothing(device):
    p = leaf([1.0], device)
    optimizer = SGD([p])
    group = {"params": [leaf([1.0], device), p]}
    with pytest.raises(ValueError, match="listed twice"):
        optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == 1 and list(group) == ["params"]


# Saving and loading ---------------------------------------------------------------------------------

VARIANTS = [
    (SGD, {"momentum": 0.9, "nesterov": True}),
    (SGD, {"lr": 0.1}),
    (Adam, {"amsgrad": True, "weight_decay": 0.1}),
    (AdamW, {}),
    (mg.optim.RMSprop, {"momentum": 0.9, "centered": True}),
    (mg.optim.Adagrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.1}),
    (mg.optim.Adadelta, {}),
    (mg.optim.Adamax, {}),
    (mg.optim.RAdam, {}),
    (mg.optim.NAdam, {}),
    (mg.optim.Rprop, {}),
    *MINE,
]


@pytest.mark.parametrize(("kind", "options"), VARIANTS)
def test_resume_is_exact(kind, options, device):
    whole, first, second = (Training(kind, device, mg.float32, **options) for _ in range(3))
    first.optimizer.param_groups[0]["lr"] = whole.optimizer.param_groups[0]["lr"] = 0.02
    whole.step(8)
    first.step(3)
    saved = pickle.loads(pickle.dumps(first.optimizer.state_dict()))
    for p, q in zip(first.params.values(), second.params.values(), strict=True):
        with mg.no_grad():
            q.copy_(p)
    second.optimizer.load_state_dict(saved)
    second.step(5)
    assert_same(second.numbers(), whole.numbers())
    assert second.optimizer.param_groups[0]["lr"] == 0.02


@pytest.mark.parametrize(("kind", "options"), VARIANTS)
def test_deepcopy_and_pickle(kind, options, device):
    training = Training(kind, device, **options)
    training.step(3)
    for twin in (copy.deepcopy(training), pickle.loads(pickle.dumps(training))):
        assert type(twin.optimizer) is kind
        twin.step(3)
        other = copy.deepcopy(training)
        other.step(3)
        assert_same(twin.numbers(), other.numbers())


def test_a_copy_shares_nothing(device):
    training = Training(Adam, device)
    training.step(2)
    saved = training.optimizer.state_dict()
    before = copy.deepcopy(saved)
    training.step(3)
    for index, slots in before["state"].items():
        assert slots["step"] == saved["state"][index]["step"] == 2
        np.testing.assert_array_equal(
            numbers(slots["exp_avg"]), numbers(saved["state"][index]["exp_avg"])
        )


def test_a_state_dict_holds_each_parameters_numbers_alone():
    params = [leaf(np.ones(100), "cpu") for _ in range(50)]
    optimizer = SGD(params, momentum=0.9)
    sum(p.sum() for p in params).backward()
    optimizer.step()
    for slots in optimizer.state_dict()["state"].values():
        assert slots["momentum_buffer"].array.base is None
    assert len(pickle.dumps(optimizer.state[params[0]])) < 2_000
    assert len(pickle.dumps(params[0])) < 2_000


def test_loading_converts_to_dtype_and_device(device):
    single, double = Training(Adam, "cpu", mg.float32), Training(Adam, device, mg.float64)
    single.step(2)
    double.optimizer.load_state_dict(single.optimizer.state_dict())
    moment = double.optimizer.state[double.params["w1"]]["exp_avg"]
    assert moment.dtype == mg.float64 and moment.device == double.params["w1"].device
    double.step()


def broken_state_dicts():
    def without_lr(d):
        del d["param_groups"][0]["lr"]

    def without_betas(d):
        del d["param_groups"][0]["betas"]

    def other_size(d):
        d["param_groups"][0]["params"].pop()

    def more_groups(d):
        d["param_groups"].append({"params": []})

    def wrong_shape(d):
        d["state"][3]["exp_avg"] = mg.ones(7)

    def unknown_index(d):
        d["state"][9] = {}

    def out_of_range(d):
        d["param_groups"][0]["lr"] = -1

    def without_state(d):
        del d["state"]

    return [
        (without_lr, "a group has no lr; was it another kind of optimizer"),
        (without_betas, "a group has no betas"),
        (other_size, r"its groups have \[3\] parameters, those of this optimizer \[4\]"),
        (more_groups, r"its groups have \[4, 0\] parameters"),
        (wrong_shape, r"exp_avg of a parameter of shape \(\) has shape \(7,\)"),
        (unknown_index, "there is state of parameter 9, which is in no group"),
        (out_of_range, "lr = -1 is out of range"),
        (without_state, "expected a dict with 'state' and 'param_groups'"),
    ]


@pytest.mark.parametrize(("spoil", "message"), broken_state_dicts())
def test_loading_what_does_not_fit_changes_nothing(spoil, message, device):
    training = Training(Adam, device)
    training.step(2)
    spoilt, twin = training.optimizer.state_dict(), copy.deepcopy(training)
    for slots in spoilt["state"].values():
        slots["step"] = 100
    spoilt["param_groups"][0]["eps"] = 0.5
    spoil(spoilt)
    with pytest.raises(ValueError, match=message):
        training.optimizer.load_state_dict(spoilt)
    assert training.optimizer.param_groups[0]["eps"] == 1e-8
    training.step(2), twin.step(2)
    assert_same(training.numbers(), twin.numbers())


def test_loading_nonsense():
    optimizer = SGD([mg.zeros(1)])
    for nonsense in (None, 3, {}, {"state": {}}, {"state": {}, "param_groups": [1]}):
        with pytest.raises(ValueError, match="SGD.load_state_dict: expected a dict with"):
            optimizer.load_state_dict(nonsense)


# Subclasses -----------------------------------------------------------------------------------------


class RMSprop(Optimizer):
    """As a student would write it, with temporaries."""

    defaults = dict(lr=1e-2, alpha=0.99, eps=1e-8)
    state = ("v",)

    def update(self, theta, g, s, lr, alpha, eps):
        xp = xp_of(theta)
        s.v *= alpha
        s.v += (1 - alpha) * g * g
        theta -= lr * g / (xp.sqrt(s.v) + eps)


class TorchStyle(Optimizer):
    """The same in PyTorch's way."""

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8):
        super().__init__(params, dict(lr=lr, alpha=alpha, eps=eps))

    @mg.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["v"] = mg.zeros_like(p)
                state["v"].mul_(group["alpha"]).addcmul_(p.grad, p.grad, value=1 - group["alpha"])
                p.addcdiv_(p.grad, state["v"].sqrt() + group["eps"], value=-group["lr"])


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in (getattr(mg.optim, name) for name in mg.optim.__all__)
        if isinstance(kind, type) and issubclass(kind, Optimizer)
    ],
    ids=lambda kind: kind.__name__,
)
def test_each_class_says_its_equation_and_what_it_observes(kind):
    assert kind.observes in ("gradient", "value", "curvature", "residuals")
    if kind is not Optimizer:
        assert "←" in kind.equation and len(kind.equation.splitlines()) <= 4
        assert ".. math::" in kind.__doc__


def test_numbers_that_are_kept_beside_arrays(device):
    """Computed once a step, for a gathered parameter as for one in pieces, and forgotten with it."""

    class Harmonic(Optimizer):
        defaults = dict(lr=1.0)
        state = "step", "total"
        scalars = {"total": 10.0}

        def advance(self, s, **hyperparameters):
            return {"total": s.total + 1 / s.step}

        def update(self, theta, g, s, lr):
            theta -= lr * s.total * g

    params = [leaf(np.zeros(size), device) for size in (2, 3, 200_000)]
    optimizer = Harmonic(params)
    for p in params:
        p.grad = mg.ones_like(p)
    optimizer.step()
    assert [optimizer.state[p] for p in params] == [{"step": 1, "total": 11.0}] * 3
    optimizer.state[params[0]]["total"] = 20.0
    del optimizer.state[params[1]]
    optimizer.step()
    assert [optimizer.state[p]["total"] for p in params] == [20.5, 11.0, 11.5]
    assert [numbers(p)[-1] for p in params] == [-31.5, -22.0, -22.5]

    class Unfinished(Harmonic):
        advance = Optimizer.advance

    with pytest.raises(NotImplementedError, match=r"the class has scalars, but no advance\(\)"):
        Unfinished([params[0]]).step()


class Blend(Optimizer):
    """Its rule has a number that changes with the step."""

    defaults = dict(lr=0.1, share=0.5)
    state = "step", "average"

    def update(self, theta, g, s, lr, share):
        s.average *= 1 - share
        s.average += g * share
        theta -= s.average * (lr / s.step)


class BlendWithCoefficients(Blend):
    """The same, with the numbers made once a step."""

    calls = 0

    def coefficients(self, s, lr, share):
        self.calls += 1
        return {"kept": 1 - share, "share": share, "rate": lr / s.step}

    def update(self, theta, g, s):
        c = s.coefficients
        s.average *= c.kept
        s.average += g * c.share
        theta -= s.average * c.rate


@pytest.mark.parametrize("dtype", [mg.float16, mg.float32, mg.float64])
def test_numbers_made_once_a_step(dtype, device):
    sizes = (2, 3, 200_000)  # two that are gathered, and one in pieces
    rng = np.random.default_rng(0)
    runs = []
    for cls in (Blend, BlendWithCoefficients):
        params = [leaf(np.linspace(-1, 1, size), device, dtype) for size in sizes]
        runs.append((cls(params), params))
    for step in range(4):
        for p, q in zip(runs[0][1], runs[1][1], strict=True):
            p.grad = q.grad = mg.tensor(rng.normal(size=p.shape), dtype=dtype, device=device)
        for optimizer, _ in runs:
            if step == 2:
                optimizer.param_groups[0].update(lr=0.3, share=np.float64(0.7))
            optimizer.step()
    (left, left_params), (right, right_params) = runs
    for p, q in zip(left_params, right_params, strict=True):
        np.testing.assert_array_equal(numbers(p), numbers(q))
        np.testing.assert_array_equal(
            numbers(left.state[p]["average"]), numbers(right.state[q]["average"])
        )
        assert q.dtype == right.state[q]["average"].dtype == dtype
    assert right.calls == 4 * len(right._bundles)


def test_what_coefficients_may_read_and_return(device):
    class Asking(Optimizer):
        defaults = dict(lr=1.0)
        state = "step", "total", "average"
        scalars = {"total": 0.0}
        answer = staticmethod(lambda s: {"rate": 1.0})

        def advance(self, s, lr):  # which only coefficients() names
            return {"total": s.total + lr}

        def coefficients(self, s, lr):
            return self.answer(s)

        def update(self, theta, g, s):
            theta -= g * getattr(s.coefficients, "rate", 0.0)
            theta -= g * getattr(s.coefficients, "once", 0.0)

    x = leaf(np.ones(300_000), device)
    x.grad = mg.ones_like(x)
    optimizer = Asking([x])
    optimizer.answer = lambda s: {"once": s.step + s.total}
    optimizer.step()
    optimizer.answer = lambda s: {"rate": 0.5}
    optimizer.step()
    assert set(numbers(x)) == {1 - 2 - 0.5}
    for answer, message in (
        (lambda s: {"once": None}, "numbers, got once = None"),
        (lambda s: None, "a dictionary, got None"),
    ):
        optimizer.answer = answer
        with pytest.raises(TypeError, match=rf"coefficients\(\) has to return {message}"):
            optimizer.step()
    optimizer.answer = lambda s: {"once": s.average.sum()}  # of one piece, and no number of a step
    with pytest.raises(AttributeError, match="average"):
        optimizer.step()

    class Without(Asking):
        coefficients = None
        state = "average"
        scalars = {}

        def state_names(self, group):
            return ("average",)

        def update(self, theta, g, s, lr):
            theta -= lr * g

    assert Without([x]).step() is None


@pytest.mark.parametrize("size", [2, 300_000])
def test_a_rule_that_puts_another_array_in_its_state_is_told(size, device):
    class Forgetful(Optimizer):
        defaults = dict(lr=0.1)
        state = "m"

        def update(self, theta, g, s, lr):
            s.work = 0.9 * s.m  # which is nobody's but its own
            s.m = s.work + g
            theta -= lr * s.m

    x = leaf(np.ones(size), device)
    x.grad = mg.ones_like(x)
    with pytest.raises(
        RuntimeError, match=r"another array in s\.m, which is not kept.*s\.m\[\.\.\.\]"
    ):
        Forgetful([x]).step()


def test_rules_that_follow_another_rule(device):
    class Halved(Adam):
        """Calls the rule of its base, which finds its numbers."""

        def update(self, theta, g, s, amsgrad):
            super().update(theta, g / 2, s, amsgrad)

    class Alone(Adam):
        """Has nothing of its base but the name."""

        defaults = dict(lr=0.1)
        state = ()

        def state_names(self, group):
            return ()

        def update(self, theta, g, s, lr):
            theta -= lr * g

    for cls, expected in ((Adam, 0.5), (Halved, 0.5), (Alone, -1.0)):
        x = leaf([1.0], device)
        optimizer = cls([x], lr=0.5)
        (x * x * 2).sum().backward()
        optimizer.step()
        np.testing.assert_allclose(numbers(x), expected, rtol=1e-6)


def test_the_two_ways_to_write_a_subclass_agree(device):
    mine, theirs = Training(RMSprop, device, lr=0.05), Training(TorchStyle, device, lr=0.05)
    mine.step(6), theirs.step(6)
    for name, values in mine.numbers().items():
        np.testing.assert_allclose(values, theirs.numbers()[name], rtol=1e-13)
    for training in (mine, theirs):
        saved = training.optimizer.state_dict()
        assert saved["state"][0]["v"].shape == (2, 3)
        twin = copy.deepcopy(training)
        twin.optimizer.load_state_dict(saved)
        twin.step(), training.step()
        assert_same(twin.numbers(), training.numbers())


def test_a_declared_subclass_has_what_all_optimizers_have(device):
    optimizer = RMSprop([leaf([1.0], device)], 0.1, alpha=0.5, weight_decay=0.1, maximize=True)
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert list(inspect.signature(RMSprop).parameters) == [
        "params", "lr", "alpha", "eps", "weight_decay", "maximize", "decoupled_weight_decay", "transforms",
    ]  # fmt: skip
    assert list(inspect.signature(TorchStyle).parameters) == ["params", "lr", "alpha", "eps"]
    plain, decayed = (Training(RMSprop, device, **o) for o in ({}, {"weight_decay": 0.5}))
    plain.step(2), decayed.step(2)
    assert not np.allclose(plain.numbers()["w1"], decayed.numbers()["w1"])


def test_hooks_of_a_step_that_calls_its_base_run_once(device):
    class Twice(SGD):
        def step(self, closure=None):
            super().step(closure)
            return super().step()

    x = leaf([1.0], device)
    optimizer = Twice([x], lr=0.25)
    seen = []
    optimizer.register_step_post_hook(lambda *call: seen.append(call))
    x.sum().backward()
    optimizer.step()
    assert len(seen) == 1 and x.item() == 0.5


def test_a_rule_that_needs_whole_parameters(device):
    shapes = []

    class Normalised(Optimizer):
        defaults = dict(lr=0.1)
        elementwise = False

        def update(self, theta, g, s, lr):
            shapes.append((theta.shape, g.shape, s.work.shape))
            theta -= lr * g / xp_of(g).linalg.norm(g)

    training = Training(Normalised, device)
    training.step()
    assert shapes == [(p.shape,) * 3 for p in training.params.values()]


def test_state_that_is_new(device):
    class Remember(Optimizer):
        defaults = dict(lr=0.1)
        state = "first"

        def update(self, theta, g, s, lr):
            if s.new:
                s.first[...] = theta
            theta -= lr * g

    training = Training(Remember, device)
    start = training.numbers()
    training.step(3)
    for name, p in training.params.items():
        np.testing.assert_array_equal(numbers(training.optimizer.state[p]["first"]), start[name])


def test_a_hyperparameter_without_default(device):
    class Descent(Optimizer):
        defaults = dict(lr=required)

        def update(self, theta, g, s, lr):
            theta -= lr * g

    with pytest.raises(ValueError, match="Descent: lr has no default and has to be given"):
        Descent([leaf([1.0], device)])
    Descent([{"params": [leaf([1.0], device)], "lr": 0.1}])


def test_subclasses_with_mistakes(device):
    class Nothing(Optimizer):
        pass

    x = leaf([1.0], device)
    x.sum().backward()
    with pytest.raises(NotImplementedError, match=r"Nothing: the class has neither update\(\) nor"):
        Nothing([x]).step()

    class Typo(Optimizer):
        defaults = dict(lr=0.1)

        def update(self, theta, g, s, lr, alhpa):
            pass

    with pytest.raises(TypeError, match=r"Typo: update\(\) asks for \['alhpa'\], `defaults` has"):
        Typo([x])

    with pytest.raises(TypeError, match=r"Twice: \['work'\] cannot be both state.* and scratch"):
        type("Twice", (Optimizer,), {"state": ("m", "work")})

    class OtherTypo(Optimizer):
        defaults = dict(lr=0.1)

        def coefficients(self, s, rl):
            pass

        def update(self, theta, g, s, **others):
            pass

    with pytest.raises(TypeError, match=r"OtherTypo: coefficients\(\) asks for \['rl'\], `def"):
        OtherTypo([x])
