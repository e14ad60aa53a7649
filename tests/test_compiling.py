"""Compiled steps: each is compared, bit for bit, with an ordinary step of a twin."""

import copy
import gc
import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import nn, optim
from minigrad.compiling.program import Program, _with_arrays_for_numbers
from minigrad.compiling.recording import Recorder, Recording, Refused
from minigrad.compiling.rewriting import (
    split_off_ends,
    spread,
    with_operands_alike,
    without_repetitions,
)
from minigrad.compiling.tracing import CannotTrace, Tape, Traced
from minigrad.nn import functional as F


def bits(tensor):
    """Return everything about the numbers of a tensor."""
    if tensor is None:
        return None
    array = np.asarray(tensor.array)
    return array.shape, array.dtype, array.tobytes()


def seen(model, optimizer):
    """Return what a person can see of a model and its optimiser."""
    found = {f"parameter {n}": bits(p) for n, p in model.named_parameters()}
    found |= {f"gradient {n}": bits(p.grad) for n, p in model.named_parameters()}
    found |= {f"buffer {n}": bits(b) for n, b in model.named_buffers()}
    if optimizer is not None:
        for number, slots in optimizer.state_dict()["state"].items():
            for name, value in slots.items():
                found[f"state {number} {name}"] = (
                    bits(value) if isinstance(value, mg.Tensor) else value
                )
    return found


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []


class Twins:
    """A compiled step, and the same model and optimiser trained by hand."""

    def __init__(self, model, loss=None, make_optimizer=None, lr=0.05):
        make_optimizer = make_optimizer or (lambda params: optim.SGD(params, lr=lr, momentum=0.9))
        self.loss = loss if loss is not None else nn.MSELoss()
        self.model, self.other = model, copy.deepcopy(model)
        self.other_loss = copy.deepcopy(self.loss)
        self.optimizer = make_optimizer(self.model.parameters())
        self.other_optimizer = make_optimizer(self.other.parameters())
        self.step = mg.compile(self.model, self.loss, self.optimizer)

    def by_hand(self, x, y):
        self.other_optimizer.zero_grad()
        loss = self.other_loss(self.other(x), y)
        loss.backward()
        self.other_optimizer.step()
        return loss.detach()

    def train(self, x, y):
        """Make a step with both; compare all there is to see."""
        expected = self.by_hand(x, y)
        found = self.step(x, y)
        assert bits(found) == bits(expected)
        assert type(found.array) is type(expected.array)
        assert not found.requires_grad
        assert_same(seen(self.model, self.optimizer), seen(self.other, self.other_optimizer))
        return found


def mlp(activation=None, dtype=None):
    mg.manual_seed(1)
    activation = nn.Tanh() if activation is None else activation
    return nn.Sequential(nn.Linear(4, 6), activation, nn.Linear(6, 3)).to(dtype or mg.float32)


def batch(size=10, dtype=None, outputs=3):
    dtype = dtype or mg.float32
    return mg.randn(size, 4).to(dtype), mg.rand(size, outputs).to(dtype)


def train_all_replayed(twins, make_batch, steps=5):
    for _ in range(steps):
        twins.train(*make_batch())
    assert twins.step.replays == steps - 1, twins.step.report()
    assert twins.step.reason is None


# Replays are the step -----------------------------------------------------------------------------

ACTIVATIONS = [
    nn.CELU(0.7), nn.ELU(), nn.GELU(), nn.GELU("tanh"), nn.Hardshrink(), nn.Hardsigmoid(), nn.Hardswish(),
    nn.Hardtanh(), nn.Identity(), nn.LayerNorm(6), nn.LayerNorm(6, bias=False), nn.LeakyReLU(),
    nn.LogSigmoid(), nn.LogSoftmax(1), nn.Mish(), nn.PReLU(), nn.PReLU(6), nn.ReLU(), nn.ReLU6(), nn.SELU(),
    nn.SiLU(), nn.Sigmoid(), nn.Softmax(1), nn.Softmin(1), nn.Softplus(), nn.Softshrink(), nn.Softsign(),
    nn.Tanh(), nn.Tanhshrink(), nn.Threshold(0.1, 0.2), nn.BatchNorm1d(6), nn.BatchNorm1d(6, affine=False),
    nn.BatchNorm1d(6, momentum=None), nn.BatchNorm1d(6, track_running_stats=False), nn.BatchNorm1d(6).eval(),
    nn.BatchNorm1d(6, bias=False), nn.Dropout(0.5).eval(), nn.Dropout(0), nn.Sequential(nn.Tanh(), nn.ReLU()),
    nn.Sequential(nn.Unflatten(1, (2, 3)), nn.Tanh(), nn.Flatten()),
    nn.Sequential(nn.Unflatten(1, (2, 3)), nn.BatchNorm1d(2), nn.LayerNorm((2, 3)), nn.Flatten()), nn.Sequential(),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:the bias of the linear layer")
@pytest.mark.parametrize("dtype", [mg.float32, mg.float64], ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_replays_are_the_step_for_every_layer(activation, dtype):
    twins = Twins(mlp(activation, dtype))
    train_all_replayed(twins, lambda: batch(dtype=dtype))


def numbers(size=10):
    return mg.randn(size, 4), mg.randn(size, 3)


def shares(size=10):
    return mg.randn(size, 4), mg.rand(size, 3)


def signs(size=10):
    return mg.randn(size, 4), mg.where(mg.rand(size, 3) > 0.5, 1.0, -1.0)


def classes(size=10):
    return mg.randn(size, 4), mg.randint(0, 3, (size,))


def weighted(loss, **weights):
    for name, weight in weights.items():
        setattr(loss, name, mg.tensor(weight))
    return loss


LOSSES = [
    (nn.MSELoss(), numbers), (nn.MSELoss(reduction="sum"), numbers), (F.mse_loss, numbers),
    (nn.L1Loss(), numbers), (F.l1_loss, numbers), (nn.HuberLoss(delta=0.5), numbers),
    (F.huber_loss, numbers), (nn.SmoothL1Loss(beta=0.3), numbers), (nn.SmoothL1Loss(beta=0), numbers),
    (F.smooth_l1_loss, numbers), (nn.PoissonNLLLoss(), shares), (nn.PoissonNLLLoss(full=True), shares),
    (F.poisson_nll_loss, shares), (nn.BCEWithLogitsLoss(), shares), (nn.BCEWithLogitsLoss(reduction="sum"), shares),
    (F.binary_cross_entropy_with_logits, shares),
    (weighted(nn.BCEWithLogitsLoss(), pos_weight=[1.0, 2.0, 3.0]), shares),
    (weighted(nn.BCEWithLogitsLoss(), weight=[1.0, 0.0, 3.0]), shares), (nn.SoftMarginLoss(), signs),
    (F.soft_margin_loss, signs), (nn.HingeLoss(), signs), (nn.HingeLoss(squared=True), signs), (F.hinge_loss, signs),
    (nn.HingeEmbeddingLoss(), signs), (F.hinge_embedding_loss, signs), (nn.CrossEntropyLoss(), classes),
    (nn.CrossEntropyLoss(reduction="sum"), classes), (nn.CrossEntropyLoss(label_smoothing=0.1), classes),
    (nn.CrossEntropyLoss(), shares), (nn.CrossEntropyLoss(label_smoothing=0.1), shares), (F.cross_entropy, classes),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64], ids=str)
@pytest.mark.parametrize(("loss", "make_batch"), LOSSES)
def test_replays_are_the_step_for_every_loss(loss, make_batch, dtype):
    def converted():
        x, y = make_batch()
        return x.to(dtype), y.to(dtype) if y.is_floating_point() else y

    loss = loss.to(dtype) if isinstance(loss, nn.Module) else loss
    train_all_replayed(Twins(mlp(dtype=dtype), loss), converted)


OPTIMIZERS = [
    optim.SGD, optim.Adadelta, optim.Adagrad, optim.Adam, optim.AdamW, optim.Adamax, optim.Lion,
    optim.Momentum, optim.Muon, optim.NAdam, optim.NormalizedGD, optim.RAdam, optim.RMSprop,
    optim.Rprop, optim.SignDescent,
]  # fmt: skip


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_replays_are_the_step_for_every_optimiser(optimizer):
    twins = Twins(mlp(), make_optimizer=lambda params: optimizer(params, lr=0.01))
    train_all_replayed(twins, batch)


def test_transforms_hooks_and_groups_of_an_optimiser_are_its_own_business():
    calls = []

    def make(params):
        params = list(params)
        groups = [{"params": params[:1], "lr": 0.3}, {"params": params[1:]}]
        made = optim.AdamW(groups, lr=0.01, transforms=[optim.transforms.clip_by_value(0.01)])
        made.register_step_post_hook(lambda *_: calls.append(1))
        return made

    train_all_replayed(Twins(mlp(), make_optimizer=make), batch)
    assert len(calls) == 10


def test_half_precision_is_replayed():
    train_all_replayed(Twins(mlp(dtype=mg.float16)), lambda: batch(dtype=mg.float16))


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(6), nn.LayerNorm(6), nn.GELU()])
def test_layers_in_half_precision_are_replayed(layer):
    model = mlp(copy.deepcopy(layer), dtype=mg.float16)
    train_all_replayed(Twins(model), lambda: batch(dtype=mg.float16))


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(6), nn.LayerNorm(6), nn.PReLU(6)])
def test_large_batches_whose_sums_are_made_in_stages_are_replayed(layer):
    train_all_replayed(Twins(mlp(copy.deepcopy(layer))), lambda: batch(3000))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 0.0, -0.0])
@pytest.mark.parametrize(
    "loss", [nn.MSELoss(), nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss(), nn.L1Loss()], ids=repr
)
def test_what_is_not_finite_goes_through_as_in_the_step(value, loss):
    twins = Twins(mlp(nn.BatchNorm1d(6)), loss)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        twins.train(*batch())
    x, y = batch()
    x[3, 2] = value
    twins.train(x, y)
    twins.train(*batch())
    assert twins.step.replays == 2


def test_a_step_without_optimiser_leaves_gradients():
    model, other = mlp(), mlp()
    step = mg.compile(model, F.mse_loss)
    for _ in range(3):
        x, y = batch()
        other.zero_grad()
        F.mse_loss(other(x), y).backward()
        step(x, y)
        assert_same(seen(model, None), seen(other, None))
    assert step.replays == 2


def test_tied_parameters_and_modules_that_stand_twice_are_replayed():
    mg.manual_seed(0)
    shared, norm = nn.Linear(4, 4), nn.BatchNorm1d(4)
    model = nn.Sequential(shared, norm, nn.Tanh(), shared, norm, nn.Linear(4, 4), nn.Linear(4, 3))
    model[5].weight = shared.weight
    with pytest.warns(UserWarning, match="the bias of the linear layer"):
        twins = Twins(model)
        twins.train(*batch())
    train_all_replayed(Twins(twins.model), batch)


def test_the_batch_may_be_its_own_target_but_then_is_no_other():
    mg.manual_seed(0)
    twins = Twins(nn.Sequential(nn.Linear(4, 2), nn.Tanh(), nn.Linear(2, 4)))
    for _ in range(3):
        x = mg.randn(5, 4)
        twins.train(x, x)
    assert twins.step.replays == 2
    twins.train(mg.randn(5, 4), mg.randn(5, 4))
    twins.train(mg.randn(5, 4), mg.randn(5, 4))
    assert twins.step.replays == 3


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64], ids=str)
def test_dropout_draws_in_replays_what_it_draws_in_the_step(dtype):
    mg.manual_seed(0)
    again = nn.Dropout(0.2)
    layers = (
        nn.Linear(4, 6),
        again,
        nn.Tanh(),
        nn.Dropout(0.5),
        again,
        nn.Dropout(1.0),
        nn.Linear(6, 3),
    )
    twins = Twins(nn.Sequential(*layers, nn.Dropout(0.1)).to(dtype))
    for number in range(6):
        x, y = batch(dtype=dtype)
        mg.manual_seed(number)
        expected = twins.by_hand(x, y)
        state = bits(mg.get_rng_state())
        mg.manual_seed(number)
        assert bits(twins.step(x, y)) == bits(expected)
        assert bits(mg.get_rng_state()) == state
        assert_same(seen(twins.model, twins.optimizer), seen(twins.other, twins.other_optimizer))
    assert twins.step.replays == 5
    again.p = 0.9
    twins.step(x, y)
    assert twins.step.reason is not None


def test_dropout_beside_a_frozen_batch_norm_is_replayed():
    model = nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6).eval(), nn.Dropout(0.5), nn.Linear(6, 3)
    )
    step = mg.compile(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    for _ in range(3):
        step(*batch())
    assert step.replays == 2, step.report()


def test_arrays_and_lists_are_welcome():
    twins = Twins(mlp())
    for _ in range(3):
        x, y = batch()
        twins.by_hand(x, y)
        twins.step(x.numpy(), y.tolist())
        assert_same(seen(twins.model, None), seen(twins.other, None))
    assert twins.step.replays == 2


def test_the_networks_of_the_benchmarks_are_replayed():
    mg.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(50, 30, bias=False), nn.BatchNorm1d(30), nn.ReLU(), nn.Linear(30, 10)
    )
    twins = Twins(model, nn.CrossEntropyLoss(), optim.Adam)
    train_all_replayed(twins, lambda: (mg.randn(64, 50), mg.randint(0, 10, (64,))))


LAYERS = st.sampled_from(
    [nn.Tanh, nn.ReLU, nn.GELU, nn.Sigmoid, nn.Softplus, nn.Identity, lambda: nn.Softmax(1)]
)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_replays_are_the_step_for_random_networks(data):
    mg.manual_seed(data.draw(st.integers(0, 1000)))
    widths = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    layers, last = [], 4
    for width in widths:
        bias = data.draw(st.booleans())
        layers.append(nn.Linear(last, width, bias=bias))
        if not bias and data.draw(st.booleans()):
            layers.append(nn.BatchNorm1d(width))
        layers.append(data.draw(LAYERS)())
        if data.draw(st.booleans()):
            layers.append(nn.LayerNorm(width))
        last = width
    model = nn.Sequential(*layers, nn.Linear(last, 3))
    for p in model.parameters():
        p.requires_grad_(data.draw(st.integers(0, 5)) > 0)
    if not any(p.requires_grad for p in model.parameters()):
        return
    optimizer = data.draw(st.sampled_from([optim.SGD, optim.Adam, optim.RMSprop]))
    twins = Twins(model, make_optimizer=lambda params: optimizer(params, lr=0.01))
    sizes = data.draw(st.lists(st.integers(2, 4), min_size=3, max_size=8))
    for size in sizes:
        twins.train(mg.randn(size, 4), mg.randn(size, 3))
    assert twins.step.replays == len(sizes) - len(set(sizes)), twins.step.report()


# What changes between steps -----------------------------------------------------------------------


def norm(model):
    return model[1]


def replaced_data(model, loss, optimizer):
    model[0].weight.data = model[0].weight.data * 2


def replaced_module(model, loss, optimizer):
    model[2] = nn.ELU(0.3)


def by_its_size(out):
    return out * float(out.detach().abs().mean())  # what a recording would freeze


def hook(model, loss, optimizer):
    model[0].register_forward_hook(lambda module, args, out: by_its_size(out))


def hook_and_none(model, loss, optimizer):
    model[0].register_forward_hook(lambda module, args, out: out * 2).remove()


def second_hook(model, loss, optimizer):
    model[0].register_forward_hook(lambda module, args, out: None)
    handle = model[0].register_forward_hook(lambda module, args, out: out * 3)
    handle.remove()
    model[0].register_forward_hook(lambda module, args, out: by_its_size(out))


def parameter_hook(model, loss, optimizer):
    model[3].weight.register_hook(lambda g: g * 2)


def parameter_hook_and_none(model, loss, optimizer):
    model[3].weight.register_hook(lambda g: g * 2).remove()


def backward_hook(model, loss, optimizer):
    model[2].register_full_backward_hook(lambda module, into, out: (into[0] * 2,))


def load(model, loss, optimizer):
    mg.manual_seed(5)
    model.load_state_dict({k: mg.rand(*v.shape).to(v.dtype) for k, v in model.state_dict().items()})


def load_optimizer(model, loss, optimizer):
    state = optimizer.state_dict()
    for slots in state["state"].values():
        slots["momentum_buffer"] = slots["momentum_buffer"] * 3
    optimizer.load_state_dict(state)


def edit_state(model, loss, optimizer):
    optimizer.state[model[3].weight]["momentum_buffer"].mul_(0.5)


def replace_state(model, loss, optimizer):
    optimizer.state[model[3].weight]["momentum_buffer"] = mg.ones(3, 6)


def forget_state(model, loss, optimizer):
    optimizer.state.clear()


def write(model, loss, optimizer):
    with mg.no_grad():
        model[0].weight.mul_(0.5)


def write_raw(model, loss, optimizer):
    model[0].weight.array[0] = 1.0


def tie(model, loss, optimizer):
    model[0].bias = norm(model).bias


def share_memory(model, loss, optimizer):
    model[0].bias.data = norm(model).bias.data


def share_memory_by_a_view(model, loss, optimizer):
    model[0].bias.data = norm(model).bias.data[:]


def new_parameter(model, loss, optimizer):
    model[0].bias = nn.Parameter(mg.ones(6))


def new_parameter_that_is_trained(model, loss, optimizer):
    new_parameter(model, loss, optimizer)
    optimizer.add_param_group({"params": [model[0].bias]})


def no_bias(model, loss, optimizer):
    model[0].bias = None


def leave_out(model, loss, optimizer):
    optimizer.param_groups[0]["params"].pop()


def freeze(model, loss, optimizer):
    model[0].weight.requires_grad_(False)


def freeze_first(model, loss, optimizer):
    model[0].requires_grad_(False)


def freeze_all_but_last(model, loss, optimizer):
    model[:3].requires_grad_(False)


def frozen_by_attribute(model, loss, optimizer):
    model[3].bias.requires_grad = False


def evaluation(model, loss, optimizer):
    model.eval()


def norm_in_evaluation(model, loss, optimizer):
    norm(model).eval()


def there_and_back(model, loss, optimizer):
    model.eval()
    model(mg.ones(2, 4))
    model.train()


def set_gradient(model, loss, optimizer):
    for p in model.parameters():
        p.grad = mg.ones_like(p)


def options(module, **values):
    def change(model, loss, optimizer):
        for name, value in values.items():
            setattr(loss if module == "loss" else model[module], name, value)

    change.__name__ = f"set {', '.join(values)}"
    return change


def hyperparameters(**values):
    def change(model, loss, optimizer):
        optimizer.param_groups[0].update(values)

    change.__name__ = f"hyperparameters {', '.join(values)}"
    return change


def statistics(model, loss, optimizer):
    norm(model).reset_running_stats()


def statistics_replaced(model, loss, optimizer):
    norm(model).running_mean = mg.ones(6)


def statistics_gone(model, loss, optimizer):
    norm(model).running_mean = norm(model).running_var = norm(model).num_batches_tracked = None


def another_class(model, loss, optimizer):
    model[2].__class__ = nn.ReLU


def another_forward(model, loss, optimizer):
    model[2].forward = by_its_size


def another_forward_of_the_loss(model, loss, optimizer):
    forward = loss.forward
    loss.forward = lambda x, y: by_its_size(forward(x, y))


def forward_taken_back(model, loss, optimizer):
    another_forward_of_the_loss(model, loss, optimizer)
    del loss.forward


def append(model, loss, optimizer):
    model.append(nn.Tanh())


def insert(model, loss, optimizer):
    model.insert(1, nn.Tanh())


def delete(model, loss, optimizer):
    del model[2]


def deep(model, loss, optimizer):
    model[2] = nn.Sequential(nn.Tanh(), nn.Sequential(nn.ReLU()))


def by_vars(model, loss, optimizer):
    vars(model[2])["negative_slope"] = 0.4


def initialise(model, loss, optimizer):
    mg.manual_seed(3)
    model.apply(lambda m: m.reset_parameters() if hasattr(m, "reset_parameters") else None)


def rename(model, loss, optimizer):
    model[0].weight.name = "another"


CHANGES = [
    replaced_data, replaced_module, hook, hook_and_none, second_hook, parameter_hook, parameter_hook_and_none,
    backward_hook, load, load_optimizer, edit_state, replace_state, forget_state, write, write_raw, tie,
    share_memory, share_memory_by_a_view, new_parameter, new_parameter_that_is_trained, no_bias, leave_out, freeze, freeze_first,
    freeze_all_but_last, frozen_by_attribute, evaluation, norm_in_evaluation, there_and_back, set_gradient,
    options(1, eps=0.1), options(1, momentum=0.5), options(1, momentum=None), options(1, weight=None),
    options(1, track_running_stats=False), options(2, negative_slope=0.3), options("loss", reduction="sum"),
    hyperparameters(lr=0.5), hyperparameters(momentum=0.1), hyperparameters(weight_decay=0.1),
    hyperparameters(nesterov=True), hyperparameters(maximize=True), statistics, statistics_replaced,
    statistics_gone, another_class, another_forward, another_forward_of_the_loss, forward_taken_back, append, insert, delete, deep, by_vars, initialise, rename,
]  # fmt: skip


def changeable():
    mg.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.LeakyReLU(), nn.Linear(6, 3))


@pytest.mark.filterwarnings("ignore:the bias of the linear layer")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("second", [None, evaluation, freeze], ids=["", "evaluation", "freeze"])
def test_what_a_person_changes_between_steps_counts(change, second):
    twins = Twins(changeable())
    if second is not None:
        second(twins.model, twins.loss, twins.optimizer)
        second(twins.other, twins.other_loss, twins.other_optimizer)
    for _ in range(3):
        twins.train(*batch())
    assert twins.step.replays == 2
    change(twins.model, twins.loss, twins.optimizer)
    change(twins.other, twins.other_loss, twins.other_optimizer)
    for _ in range(4):
        twins.train(*batch())
    hooks = "hook", "second_hook", "parameter_hook", "backward_hook"
    ordinary_from_then_on = (*hooks, "another_forward", "another_forward_of_the_loss")
    if change.__name__ not in ordinary_from_then_on:
        assert twins.step.replays >= 4, twins.step.report()


def test_a_change_of_dtype_is_seen():
    twins = Twins(mlp())
    for dtype in (mg.float32, mg.float64, mg.float32):
        twins.model.to(dtype)
        twins.other.to(dtype)
        for _ in range(3):
            twins.train(*batch(dtype=dtype))
    assert twins.step.replays == 6


def test_the_default_dtype_changes_nothing_in_what_is_replayed():
    twins = Twins(mlp(nn.Dropout(0.5)))
    whole = Twins(mlp(), nn.PoissonNLLLoss(full=True))  # takes logarithms of whole numbers
    for default in (mg.float32, mg.float64, mg.float32):
        mg.set_default_dtype(default)
        try:
            for _ in range(2):
                x, y = batch(dtype=mg.float32)
                mg.manual_seed(0)
                expected = twins.by_hand(x, y)
                mg.manual_seed(0)
                assert bits(twins.step(x, y)) == bits(expected)
                assert whole.train(x, mg.randint(2, 9, (10, 3))).dtype == default
        finally:
            mg.set_default_dtype(mg.float32)
    assert twins.step.replays == 5
    assert "perhaps converted from a batch of int64" in whole.step.reason


def test_a_schedule_changes_the_rate_of_replays():
    twins = Twins(mlp())
    schedules = [
        optim.lr_scheduler.ExponentialLR(one, 0.7)
        for one in (twins.optimizer, twins.other_optimizer)
    ]
    for _ in range(5):
        twins.train(*batch())
        for schedule in schedules:
            schedule.step()
    assert twins.step.replays == 4


def test_clipping_between_steps_is_for_eager_steps_but_transforms_are_replayed():
    def make(params):
        return optim.SGD(params, lr=0.1, transforms=[optim.transforms.clip_by_norm(0.01)])

    train_all_replayed(Twins(mlp(), make_optimizer=make), batch)


def test_two_compiled_steps_take_turns_on_one_model():
    twins = Twins(mlp())
    second = mg.compile(twins.model, nn.L1Loss(), twins.optimizer)
    for _ in range(3):
        twins.train(*batch())
        x, y = batch()
        twins.other_optimizer.zero_grad()
        F.l1_loss(twins.other(x), y).backward()
        twins.other_optimizer.step()
        second(x, y)
        assert_same(seen(twins.model, twins.optimizer), seen(twins.other, twins.other_optimizer))
    assert second.replays == twins.step.replays == 2


def test_gradients_of_parameters_the_optimiser_does_not_have_add_up():
    model, other = mlp(), mlp()
    optimizers = [optim.SGD(one[0].parameters(), lr=0.1) for one in (model, other)]
    step = mg.compile(model, F.mse_loss, optimizers[0])
    for _ in range(4):
        x, y = batch()
        optimizers[1].zero_grad()
        F.mse_loss(other(x), y).backward()
        optimizers[1].step()
        step(x, y)
        assert_same(seen(model, optimizers[0]), seen(other, optimizers[1]))
    assert step.replays == 3


def test_gradients_that_add_up_are_written_as_by_a_sweep():
    twins = Twins(mlp(), make_optimizer=lambda params: optim.SGD(list(params)[:2], lr=0.1))
    for _ in range(2):
        twins.train(*batch())
    for model in (twins.model, twins.other):
        model[2].weight.grad = mg.ones(3, 6, requires_grad=True) * 2  # which no one writes into
    kept = twins.model[2].weight.grad
    twins.train(*batch())
    assert kept.tolist() == [[2.0] * 6] * 3
    weight = mg.ones(3, requires_grad=True)
    older = (weight * twins.model[2].bias.grad).sum()
    twins.train(*batch())
    assert twins.step.replays == 3
    with pytest.raises(RuntimeError, match="changed in place"):
        older.backward()


HOOKS = [
    lambda model: model[0].register_forward_hook(lambda module, args, out: by_its_size(out)),
    lambda model: model[2].weight.register_hook(by_its_size),
]


@pytest.mark.parametrize("hook", HOOKS, ids=["module", "parameter"])
def test_hooks_are_seen_where_there_were_some_before_and_when_they_go(hook):
    twins = Twins(mlp())
    models = twins.model, twins.other
    for model in models:
        hook(model).remove()
    for replays in (2, 4):
        for _ in range(3):
            twins.train(*batch())
        handles = [hook(model) for model in models]
        for _ in range(3):
            twins.train(*batch())
            assert "a hook was registered" in twins.step.reason
        for handle in handles:
            handle.remove()
        assert twins.step.replays == replays


def test_a_buffer_that_becomes_a_result_is_seen():
    twins = Twins(mlp(), nn.BCEWithLogitsLoss(pos_weight=mg.ones(3)))
    for _ in range(3):
        twins.train(*batch())
    weights = [mg.full((3,), 2.0, requires_grad=True) for _ in range(2)]
    for loss, weight in zip((twins.loss, twins.other_loss), weights, strict=True):
        loss.pos_weight.node = (weight + 1).node  # nothing public does so
    twins.train(*batch())
    assert bits(weights[0].grad) == bits(weights[1].grad) is not None
    assert twins.step.reason == "a parameter or buffer is the result of an operation"


# What is seen afterwards --------------------------------------------------------------------------


def test_losses_and_gradients_that_are_kept_do_not_change_later():
    model = mlp()
    step = mg.compile(model, F.mse_loss, optim.SGD(model.parameters(), lr=0.1))
    kept = []
    for _ in range(5):
        loss = step(*batch())
        kept.append([(one, bits(one)) for one in (loss, *(p.grad for p in model.parameters()))])
    for row in kept:
        assert all(bits(tensor) == before for tensor, before in row)
    arrays = [p.grad.array for p in model.parameters()]
    assert all(array.base is None for array in arrays)


def test_a_step_writes_to_the_parameters_as_far_as_older_graphs_can_tell():
    model = mlp()
    step = mg.compile(model, F.mse_loss, optim.SGD(model.parameters(), lr=0.1))
    step(*batch())
    older = model(mg.randn(2, 4)).sum()
    step(*batch())
    assert step.reason is None
    with pytest.raises(RuntimeError, match="changed in place"):
        older.backward()


def test_the_batch_is_not_written_and_may_be_overwritten():
    twins = Twins(mlp())
    x, y = batch()
    for _ in range(4):
        before = bits(x), bits(y)
        twins.train(x, y)
        assert (bits(x), bits(y)) == before
        x.copy_(mg.randn(10, 4))
    assert twins.step.replays == 3


def test_replays_leave_nothing_behind():
    model = mlp(nn.LayerNorm(6))
    step = mg.compile(model, nn.MSELoss(), optim.Adam(model.parameters()))
    x, y = batch(100)
    for _ in range(20):
        step(x, y)
    gc.collect()
    gc.disable()
    try:
        tracemalloc.start()
        for _ in range(100):
            step(x, y)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(300):
            step(x, y)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        gc.enable()
    assert step.reason is None
    assert grown < 4000


def test_copies_of_a_step_record_for_themselves():
    twins = Twins(mlp())
    for _ in range(2):
        twins.train(*batch())
    twin = copy.deepcopy(twins.step)
    other = pickle.loads(pickle.dumps(twins.step))
    x, y = batch()
    losses = [bits(one(x, y)) for one in (twins.step, twin, other)]
    assert losses[0] == losses[1] == losses[2]
    losses = [bits(one(x, y)) for one in (twins.step, twin, other)]
    assert losses[0] == losses[1] == losses[2]
    assert twin.reason is other.reason is None
    shallow = copy.copy(twins.step)
    for _ in range(2):
        shallow(x, y)
    for one in (shallow, twins.step):
        assert "exception" not in one.report()


# Other steps --------------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, x):
        return self.inner(x)


class OwnLinear(nn.Linear):
    pass


def changed(change):
    model = nn.Sequential(nn.Linear(4, 6), nn.Identity(), nn.LeakyReLU(), nn.Linear(6, 3))
    change(model, None, None)
    return model


REASONS = [
    (Net, None, "Net is none of minigrad's modules"),
    (lambda: nn.Sequential(OwnLinear(4, 3)), None, "OwnLinear is none of minigrad's modules"),
    (lambda: nn.Sequential(Net()), None, "Net is none of minigrad's modules"),
    (lambda: nn.Linear(4, 3), lambda a, b: ((a - b) ** 2).mean(), "the loss, <lambda>,"),
    (lambda: nn.Sequential(nn.Linear(4, 3), nn.Sigmoid()), nn.BCELoss(), "BCELoss is none of minigrad's modules"),
    (lambda: nn.Sequential(nn.Linear(4, 3), nn.Softmax()), None, "a Softmax without dim warns"),
    (lambda: nn.Sequential(nn.Linear(4, 6), nn.GLU()), None, "GLU is none of minigrad's modules"),
    (lambda: changed(hook), None, "a hook was registered on a Linear"),
    (lambda: changed(parameter_hook), None, "a hook was registered on a parameter"),
    (lambda: changed(another_forward), None, "a LeakyReLU was given another forward"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:softmax")
@pytest.mark.parametrize(("make", "loss", "words"), REASONS)
def test_what_is_outside_runs_as_ever_and_the_reason_is_told(make, loss, words):
    mg.manual_seed(0)
    model = make()
    loss = loss or nn.MSELoss()
    step = mg.compile(model, loss, optim.SGD(model.parameters(), lr=0.1))
    for _ in range(3):
        step(*batch())
        assert words in step.reason
    assert step.replays == 0
    assert "0 of 3 steps were replayed" in step.report()
    assert words in step.report()


def test_a_buffer_that_an_operation_has_computed_is_none_of_the_closed_world():
    weight = mg.ones(3, requires_grad=True)
    step = mg.compile(mlp(), nn.BCEWithLogitsLoss(weight + 1))
    step(*batch())
    assert step.reason == "a parameter or buffer is the result of an operation"
    assert weight.grad is not None


def test_why_a_step_is_not_replayed_is_told_step_by_step():
    model = mlp()
    step = mg.compile(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1))
    x, y = mg.randn(4, 4), mg.tensor([0, 1, 2, 0])
    assert step.reason == "there was no step yet"
    step(x, y)
    assert step.reason.startswith("the first step with a batch of shapes (4, 4) and (4,)")
    step(x, y)
    assert step.reason is None
    with mg.profile() as profile:
        step(x, y)
    assert "an observer" in step.reason
    assert any(row.key == "linear" for row in profile.key_averages())
    with mg.autograd.detect_anomaly():
        step(x, y)
    assert "an observer" in step.reason
    with mg.no_grad(), pytest.raises(RuntimeError):
        step(x, y)
    assert step.reason == "gradients are switched off"
    step(x.clone().requires_grad_(), y)
    assert step.reason == "the batch requires gradients"
    step(mg.randn(4, 8)[:, ::2], y)
    step(mg.randn(4, 8)[:, ::2], y)
    assert "not contiguous" in step.reason
    with pytest.raises(IndexError, match="class index 3 is out of range"):
        step(x, mg.tensor([0, 1, 3, 0]))
    assert "out of range" in step.reason
    step(x, y)
    assert step.reason is None
    assert step.report().startswith("2 of 10 steps were replayed")
    assert "2 of 10 steps" in repr(step)


def test_ignored_targets_go_the_ordinary_way_and_the_others_are_replayed():
    twins = Twins(mlp(), nn.CrossEntropyLoss())
    targets = [0, 1, 2, 0], [2, 1, 0, 0], [0, -100, 2, 0], [1, 1, 1, 1], [-100] * 4
    for target in targets:
        x, y = mg.randn(4, 4), mg.tensor(target)
        expected, found = twins.by_hand(x, y), twins.step(x, y)
        assert bits(found) == bits(expected)
        assert_same(seen(twins.model, None), seen(twins.other, None))
    assert twins.step.replays == 2


def test_the_ragged_last_batch_has_a_recording_of_its_own():
    twins = Twins(mlp(nn.LayerNorm(6)))
    for _ in range(4):
        for size in (10, 10, 7):
            twins.train(*batch(size))
    assert (twins.step.recordings, twins.step.replays) == (2, 10)


def test_where_all_batches_differ_recording_stops():
    model = mlp()
    step = mg.compile(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    for size in range(2, 60):
        step(*batch(size))
    assert step.recordings == 16
    assert "not worth while" in step.reason


def test_of_many_shapes_those_recorded_last_are_kept():
    twins = Twins(mlp())
    for size in range(2, 22):
        for _ in range(17):  # enough replays for another recording
            twins.train(*batch(size))
    assert (twins.step.recordings, twins.step.replays) == (20, 320)
    assert [key[0][0] for key in twins.step._programs] == [*range(6, 22)]
    for size, recordings in ((6, 20), (2, 21), (21, 21), (6, 22)):
        twins.train(*batch(size))
        assert twins.step.recordings == recordings


def test_other_objects_in_the_place_of_model_loss_or_optimiser_are_seen():
    twins = Twins(mlp())
    for _ in range(2):
        twins.train(*batch())
    twins.step.model = twins.model = copy.deepcopy(twins.model)
    twins.step.loss, twins.other_loss = nn.L1Loss(), nn.L1Loss()
    twins.optimizer = twins.step.optimizer = optim.Adam(twins.model.parameters())
    twins.other_optimizer = optim.Adam(twins.other.parameters())
    for _ in range(3):
        twins.train(*batch())
    assert twins.step.replays == 3


def test_errors_are_those_of_the_step_and_leave_it_usable():
    model = mlp()
    step = mg.compile(model, nn.MSELoss(reduction="none"), optim.SGD(model.parameters(), lr=0.1))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="needs a gradient of that shape"):
            step(*batch())
    step.loss.reduction = "mean"
    step(*batch())
    with pytest.raises(ValueError, match="expected an input of shape"):
        step(mg.ones(3, 7), mg.ones(3, 3))
    step(*batch())
    assert step.reason is None


OF_A_PARAMETER = [
    lambda p: p.detach(), lambda p: p.detach()[:], lambda p: p.detach().view(4, 4), lambda p: p.detach()[:3],
    lambda p: p.detach().numpy(),
]  # fmt: skip


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("target", [False, True], ids=["input", "target"])
@pytest.mark.parametrize("shown", OF_A_PARAMETER)
def test_a_batch_that_is_a_parameter_is_not_mistaken_for_it(shown, target, first):
    mg.manual_seed(0)
    twins = Twins(nn.Linear(4, 4))
    for number in range(first, first + 5):
        one, other = shown(twins.model.weight), shown(twins.other.weight)
        if number % 2:
            one = other = mg.randn(*one.shape)
        rest = mg.randn(*one.shape)
        expected = twins.by_hand(*((rest, other) if target else (other, rest)))
        assert bits(twins.step(*((rest, one) if target else (one, rest)))) == bits(expected)
        assert_same(seen(twins.model, None), seen(twins.other, None))
    assert twins.step.replays == 4 - (first == 0), twins.step.report()


def test_parameters_that_share_memory_as_views_are_all_watched():
    mg.manual_seed(0)
    twins = Twins(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3)))
    for model in (twins.model, twins.other):
        model[1].weight.data = model[0].weight.data[:3]
        model[1].bias.data = model[0].bias.data[:3]
    for _ in range(3):
        twins.train(*batch())
    for model in (twins.model, twins.other):
        model[1].weight.data = mg.ones(3, 4)
    for _ in range(3):
        twins.train(*batch())
    assert twins.step.replays == 4


def test_statistics_that_are_replaced_and_read_in_one_step_are_not_frozen():
    mg.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 4), nn.BatchNorm1d(4).eval())
    model[2].running_mean = model[0].running_mean
    twins = Twins(model)
    for _ in range(4):
        twins.train(mg.randn(5, 4), mg.rand(5, 4))
    assert twins.step.reason == "running statistics are read in the step that replaces them"


def test_a_zero_grad_that_changes_the_model_is_called_before_it_is_looked_at():
    class Changing(optim.SGD):
        def zero_grad(self, *args):
            super().zero_grad(*args)
            first = self.param_groups[0]["params"][0]
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls in (4, 5, 7):
                first.requires_grad_(not first.requires_grad)
            if self.calls == 6:
                first.data = first.data * 0.9

    twins = Twins(mlp(), make_optimizer=lambda params: Changing(params, lr=0.1))
    for _ in range(10):
        twins.train(*batch())
    assert twins.optimizer.calls == 10
    assert twins.step.replays == 5


def test_a_class_that_gets_another_forward_is_seen(monkeypatch):
    twins = Twins(mlp())
    for _ in range(2):
        twins.train(*batch())
    monkeypatch.setattr(nn.Tanh, "forward", lambda self, x: by_its_size(x))
    for _ in range(3):
        twins.train(*batch())
    assert twins.step.reason == "the class Tanh was given another forward"
    monkeypatch.undo()
    for _ in range(2):
        twins.train(*batch())
    assert twins.step.replays == 2


def test_a_batch_of_another_dtype_has_no_use_for_the_recording():
    twins = Twins(mlp(dtype=mg.float64))
    for _ in range(2):
        twins.train(*batch(dtype=mg.float64))
    x, y = batch(dtype=mg.float64)
    with pytest.raises(RuntimeError, match="one dtype"):
        twins.step(x.to(mg.int64), y)
    with pytest.raises(RuntimeError, match="one dtype"):
        twins.step(x.to(mg.float32), y)


def test_steps_that_fail_do_not_use_up_the_recordings():
    twins = Twins(mlp())
    for _ in range(20):
        with pytest.raises(ValueError, match="expected an input of shape"):
            twins.step(mg.ones(10, 5), mg.ones(10, 3))
    assert twins.step.reason == "an exception ended the step"
    train_all_replayed(twins, batch)
    assert "20 not: an exception ended the step" in twins.step.report()


def test_an_exception_in_a_replay_is_told_and_the_next_step_is_well():
    twins = Twins(mlp())
    for _ in range(2):
        twins.train(*batch())
    x, y = batch()
    with np.errstate(all="raise"):
        for one in (twins.by_hand, twins.step):
            with pytest.raises(FloatingPointError):
                one(x, mg.full((10, 3), 1e30))
    assert twins.step.reason == "an exception ended the step"
    assert_same(seen(twins.model, None), seen(twins.other, None))
    twins.train(x, y)
    assert twins.step.report().splitlines()[0] == "2 of 4 steps were replayed"
    assert "1 not: an exception ended the step" in twins.step.report()


def test_a_refusal_for_the_numbers_of_a_batch_does_not_last():
    twins = Twins(mlp(), nn.CrossEntropyLoss())
    for number in range(6):
        target = [0, -100, 1, 2] if number < 2 else [0, 1, 1, 2]
        x, y = mg.randn(4, 4), mg.tensor(target)
        assert bits(twins.step(x, y)) == bits(twins.by_hand(x, y))
    assert (twins.step.recordings, twins.step.replays) == (3, 3), twins.step.report()


def test_what_is_refused_again_and_again_is_tried_ever_more_rarely():
    twins = Twins(mlp(), nn.CrossEntropyLoss(weight=mg.ones(3)))
    for recordings in (1, 2, 3, 3, 4, 4, 4, 4, 5, 5):
        twins.step(mg.randn(5, 4), mg.randint(0, 3, (5,)))
        assert twins.step.recordings == recordings
        assert "weights the classes" in twins.step.reason


def test_shapes_that_are_broadcast_are_warned_of_in_every_step():
    twins = Twins(nn.Linear(4, 1))
    for _ in range(4):
        with pytest.warns(UserWarning, match="are broadcast"):
            twins.step(mg.randn(5, 4), mg.rand(5))
    assert "differ in shape" in twins.step.reason


def test_a_program_that_fails_leaves_the_random_numbers_as_they_are(monkeypatch):
    twins = Twins(mlp(nn.Dropout(0.5)))
    monkeypatch.setattr(Program, "run", None)
    states = []
    for one in (twins.by_hand, twins.step):
        mg.manual_seed(0)
        one(mg.ones(10, 4), mg.ones(10, 3))
        states.append(bits(mg.get_rng_state()))
    assert "did not give the same numbers" in twins.step.reason
    assert states[0] == states[1]


@pytest.mark.parametrize("which", ["loss", "gradients", "exception"])
def test_a_program_that_gives_other_numbers_is_thrown_away(monkeypatch, which):
    run = Program.run

    def wrong(program, batch):
        gradients = run(program, batch)
        if which == "exception":
            raise ValueError
        (program.loss if which == "loss" else gradients[-1])[...] += 1
        return gradients

    twins = Twins(mlp())
    monkeypatch.setattr(Program, "run", wrong)
    twins.train(*batch())
    monkeypatch.undo()
    assert twins.step.reason == "a replay of the step did not give the same numbers"
    for _ in range(2):
        twins.train(*batch())
    assert twins.step.replays == 1


def test_a_recording_leaves_nothing_for_the_collector():
    model = nn.Sequential(
        nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.GELU(), nn.Linear(6, 3)
    )
    step = mg.compile(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    step(*batch())
    step(*batch(11))
    gc.collect()
    gc.disable()
    try:
        step(*batch(12))
        assert "first step" in step.reason
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.filterwarnings("ignore:mse_loss")
def test_batches_that_are_no_arrays_of_numpy_are_named():
    step = mg.compile(nn.Linear(4, 3), nn.MSELoss())
    step(mg.ones(2, 4), mg.ones(3).sum())
    assert step.reason == "the batch is numpy.ndarray and numpy.float32, and not two numpy.ndarray"


def refused(function, *tensors, dropouts=()):
    """Return why what a function computes cannot be written down."""
    with Recorder() as recorder:
        loss = function(*tensors)
    x, *rest = tensors
    with pytest.raises(Refused) as caught:
        Recording(recorder.operations, loss, [x.array, x.array], rest, list(dropouts))
    return str(caught.value)


class Square(mg.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * x

    @staticmethod
    def backward(ctx, g):
        return g


def hooked(x, w):
    out = x * w
    out.register_hook(lambda g: g * 2)
    return out.sum()


REFUSED = [
    (lambda x, w: (x * w * mg.tensor(x.numpy() * 2)).sum(), "mul is given float32 numbers that no operation"),
    (lambda x, w: (w * 0).sum().detach() + mg.tensor(2.0), "numbers that no operation has computed"),
    (lambda x, w: mg.linalg.eigh(w.reshape(2, 1) @ w.reshape(1, 2))[0].sum(), "'eigh' has several results"),
    (lambda x, w: (x * Square.apply(w)[0]).sum(), "is no operation of the library's"),
    (lambda x, w: mg.where(x.sum() > 0, x * w, w).sum(), "bool numbers that no operation has computed"),
    (hooked, "a hook waits for a gradient"),
    (lambda x, w: (x.requires_grad_() * w).sum(), "a gradient flows to a tensor that is no parameter of the model"),
    (lambda x, w: F.cross_entropy(x.reshape(1, 2) * w, mg.tensor([1])), "cross_entropy converts its target"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "words"), REFUSED)
def test_what_cannot_be_written_down_is_refused(function, words):
    assert words in refused(
        function, mg.tensor([1.0, 2.0]), mg.tensor([3.0, 5.0], requires_grad=True)
    )


def test_views_are_refused_where_several_arrays_lie():
    w, v, x = mg.ones(2, requires_grad=True), mg.ones(2), mg.ones(2).array
    other, view = v.detach(), v.detach()
    view.array = v.array[:]
    with Recorder() as recorder:
        loss = (mg.from_numpy(v.array[:]) * w).sum()
    assert Recording(recorder.operations, loss, [x, x], [w, v, other, v], []).calls
    with pytest.raises(Refused, match="no operation has computed"):
        Recording(recorder.operations, loss, [x, x], [w, v, view], [])


def test_a_view_of_what_is_left_out_is_one_of_what_takes_its_place(tape):
    x = Traced(tape, np.ones(3))
    first, second = np.negative(x), np.negative(x)
    view = second[:2]
    calls, same = without_repetitions(tape.calls, [])
    assert (len(calls), same) == (2, {second: first})
    assert view.owner is first


def test_what_is_written_later_takes_over_what_is_not_needed_any_more(tape):
    x = Traced(tape, np.ones(3))
    first, second = np.exp(x), np.exp(x)
    second += 1
    third = np.exp(x)
    calls, same = without_repetitions(tape.calls, [second, third])
    assert same == {second: first}
    # The third is computed again: where the first was there is a sum.
    assert [call.function for call in calls] == [np.exp, np.add, np.exp]
    assert calls[1].written is first
    assert calls[1].args[0] is calls[1].kwargs["out"] is first


@pytest.mark.parametrize(
    "needed", ["at once", "by a call", "by a call on a view", "as a result", "in a tuple"]
)
def test_what_is_needed_later_is_not_taken_over(tape, needed):
    x = Traced(tape, np.ones(3))
    first, second = np.exp(x), np.exp(x)
    if needed == "at once":
        np.negative(first)
    view = first[1:] if needed == "by a call on a view" else None
    second += 1
    if needed == "by a call":
        np.negative(first)
    if needed == "by a call on a view":
        np.negative(view)
    results = {"as a result": [first], "in a tuple": [second, [(first, 3)]]}.get(needed, [second])
    calls, same = without_repetitions(tape.calls, results)
    assert same == {}
    assert [call.function for call in calls] == [call.function for call in tape.calls]


def test_a_view_is_not_taken_over(tape):
    x = Traced(tape, np.ones(3))
    first, second = x[1:], x[1:]
    second += 1
    calls, same = without_repetitions(tape.calls, [second])
    assert (len(calls), same) == (3, {})
    assert first.owner is second.owner is x


@pytest.fixture
def tape():
    return Tape()


@pytest.mark.parametrize(
    "rule",
    [
        np.add.accumulate, lambda a: np.copyto(a, 1), lambda a: np.sum(a, out=np.ones(())), bool, float, list,
        np.asarray, lambda a: a.__ipow__(2), np.nonzero,
    ],
)  # fmt: skip
def test_what_cannot_be_traced_is_called_as_a_whole(tape, rule):
    with pytest.raises(CannotTrace):
        rule(Traced(tape, np.ones(3)))


def test_what_a_rule_hands_through_is_no_call(tape):
    a = Traced(tape, np.ones(3))
    assert np.real_if_close(a) is a
    assert tape.calls == []


def test_what_is_called_as_a_whole_returns_memory_of_its_own(tape):
    a = Traced(tape, np.ones(3))
    view = tape.whole(lambda array: (array[:2], None), (a,), {})[0]
    a[0] = 5.0
    assert view.value.tolist() == [1, 1]
    assert view.owner is view


def test_a_gradient_is_not_made_last_if_what_it_reads_is_written(tape):
    a = np.negative(Traced(tape, np.ones(3)))
    gradient = a + 1
    assert split_off_ends(tape.calls, [gradient]) == (tape.calls[:1], [tape.calls[1]])
    a += 1
    assert split_off_ends(tape.calls, [gradient]) == (tape.calls, [gradient])


def test_a_gradient_is_made_last_if_what_it_reads_was_written_before(tape):
    a = np.negative(Traced(tape, np.ones(3)))
    a += 1
    gradient = a * 2
    after = np.exp(a)
    negative, plus, times, exp = tape.calls
    assert split_off_ends(tape.calls, [gradient, after]) == ([negative, plus], [times, exp])


def on_stand_ins(tape, function, *arrays, out=False):
    """Return the calls that are made of one, the last that was traced."""
    traced = [Traced(tape, one) if isinstance(one, np.ndarray) else one for one in arrays]
    function(*traced, **({"out": traced[0]} if out else {}))
    return with_operands_alike(tape.calls[-1])


ALIKE = [
    (np.add, (np.ones((4, 3)), np.arange(3.0)), 1), (np.divide, (np.ones((4, 3)), np.full((4, 1), 3.0)), 0),
    (np.multiply, (np.ones((4, 3)), np.ones((4, 3), bool)), 1), (np.subtract, (np.ones(3), np.ones((4, 3), bool)), 2),
    (np.add, (np.ones((4, 3)), np.ones((4, 3))), 0), (np.add, (np.ones((4, 3)), np.ones(())), 0),
    (np.add, (np.ones((4, 3)), 2.0), 0), (np.add, (np.ones((4, 3)), np.ones(3, np.float32)), 0),
    (np.add, (np.ones((4, 3), int), np.ones(3, bool)), 1), (np.add, (np.ones((4, 3)), np.ones(3, int)), 0),
    (np.maximum, (np.ones((4, 3)), np.ones((4, 3), bool)), 1), (np.maximum, (np.ones((4, 3)), np.ones(3)), 0),
    (np.power, (np.ones((4, 3)), np.ones(3)), 0), (np.add, (np.ones((4, 3000)), np.ones(3000)), 0),
    (np.add, (np.ones((600, 3)), np.ones(3)), 0),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arrays", "copied"), ALIKE)
@pytest.mark.parametrize("out", [False, True])
def test_operands_are_copied_where_numpy_is_faster_then_and_finds_the_same(
    tape, function, arrays, copied, out
):
    if out and arrays[0].shape != np.broadcast_shapes(*map(np.shape, arrays)):
        pytest.skip("the result has another shape than the first operand")
    *copies, call = on_stand_ins(tape, function, *arrays, out=out)
    assert [one.function for one in copies] == [spread] * copied
    assert call.function is function
    if copied:
        values = [one.value for one in call.args]
        assert len({(value.shape, value.dtype) for value in values}) == 1
        fresh = [np.array(one) for one in arrays]
        assert call.written is not None or function(*values).tobytes() == function(*fresh).tobytes()


def test_what_lets_its_result_take_the_place_of_an_argument_is_written_down(tape):
    def rule(x):
        zeros = np.zeros(3)
        return np.maximum(x, zeros, out=zeros)

    x = Traced(tape, np.array([-1.0, 2.0, 3.0]))
    assert tape.run(rule, (x,), {}).value.tolist() == [0, 2, 3]
    (call,) = tape.calls
    assert call.function is np.maximum
    assert call.args[1].tolist() == [0, 0, 0]  # and not the result


def test_zeros_of_either_sign_are_kept_apart(tape):
    def rule(x, zero):
        zeros = np.full(3, zero)
        return np.minimum(x, zeros, out=zeros)

    x = Traced(tape, np.ones(3))
    for zero in (0.0, -0.0, 0.0):
        tape.run(rule, (x, zero), {})
    kept = [call.args[1] for call in tape.calls]
    assert [np.signbit(one).all() for one in kept] == [False, True, False]
    assert kept[0] is kept[2]


def test_who_goes_on_with_that_argument_is_found_out(tape):
    def rule(x):
        zeros = np.zeros(3)
        np.maximum(x, zeros, out=zeros)
        return x + zeros

    assert np.isnan(tape.run(rule, (Traced(tape, np.ones(3)),), {}).value).all()


@pytest.mark.parametrize("own", [np.zeros(3, int), np.zeros(3)])
def test_what_is_written_has_to_be_an_argument_of_floats(tape, own):
    x = Traced(tape, np.ones(3, own.dtype))
    with pytest.raises(CannotTrace, match="has not made"):
        np.add(x, own if own.dtype.kind == "i" else 1.0, out=own)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", [mg.float32, mg.float64], ids=str)
@pytest.mark.parametrize("layer", [nn.ReLU, nn.ReLU6, nn.Softplus, nn.Sigmoid, nn.LeakyReLU])
@pytest.mark.parametrize("value", [-0.0, 1e-45, -1e-45, 6.0, np.nan, np.inf, -np.inf])
def test_zeros_of_either_sign_and_what_is_not_finite_go_through_layers(layer, dtype, value):
    mg.manual_seed(0)
    twins = Twins(nn.Sequential(layer(), nn.Linear(3, 3), layer()).to(dtype))
    for model in (twins.model, twins.other):
        model[1].weight.data = mg.eye(3, dtype=dtype)  # hands the numbers on
        model[1].bias.data = mg.zeros(3, dtype=dtype)
    twins.optimizer.param_groups[0]["lr"] = twins.other_optimizer.param_groups[0]["lr"] = 0
    y = mg.zeros(23, 3, dtype=dtype)
    twins.train(mg.randn(23, 3, dtype=dtype), y)
    for _ in range(2):
        x = mg.randn(23, 3, dtype=dtype)
        x[::2] = value
        twins.train(x, y)
    assert twins.step.replays == 2, twins.step.report()


def test_numbers_become_arrays_only_where_they_compute_the_same(tape):
    for array, kind in ((np.ones(3, np.float32), np.ndarray), (np.ones(3, int), float)):
        for function in (np.add, np.greater):
            function(Traced(tape, array), 1.5)
            assert type(_with_arrays_for_numbers(tape.calls[-1])[1]) is kind


def test_a_dropout_that_is_not_called_is_refused():
    found = refused(
        lambda x, w: (x * w).sum(),
        mg.ones(2),
        mg.ones(2, requires_grad=True),
        dropouts=[nn.Dropout(0.5)],
    )
    assert found == "a dropout left no trace"


def test_running_statistics_of_another_shape_are_an_error_as_ever():
    model = mlp(nn.BatchNorm1d(6, affine=False))
    step = mg.compile(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        step(*batch())
    step(*batch())
    assert step.reason is None
    model[1].running_mean.data = mg.ones(7)
    with pytest.raises(ValueError, match="expected an input with 7 channels"):
        step(*batch())


def test_on_a_device_the_steps_are_ordinary(device):
    if device == "cpu":
        return
    model = mlp().to(device)
    step = mg.compile(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    x, y = batch()
    for _ in range(2):
        step(x.to(device), y.to(device))
    assert step.replays == 0
    assert step.reason == f"a parameter or buffer is on {device}"


def test_a_function_in_the_place_of_the_model_is_called_in_every_step():
    inner, calls = mlp(), []

    def model(x):
        calls.append(1)
        return inner(x)

    step = mg.compile(model, nn.MSELoss(), optim.SGD(inner.parameters(), lr=0.1))
    for _ in range(4):
        step(*batch())
    assert len(calls) == 4
    assert step.reason == "the model, a function, is no module"


def test_what_is_computed_past_the_operations_is_never_frozen():
    twins = Twins(mlp(), nn.CrossEntropyLoss(weight=mg.tensor([1.0, 2.0, 3.0])))
    for _ in range(4):
        twins.train(mg.randn(5, 4), mg.randint(0, 3, (5,)))
    assert twins.step.reason == "cross_entropy weights the classes, or ignores some targets"
    twins = Twins(mlp(), nn.CrossEntropyLoss())
    for _ in range(4):
        twins.train(mg.randn(5, 4), mg.randint(0, 3, (5,)).to(mg.int32))
    assert (
        "cross_entropy converts its target; pass class indices (N,) of int64" in twins.step.reason
    )
    twins = Twins(mlp())
    for _ in range(4):
        twins.train(mg.randn(5, 4), mg.randint(0, 3, (5, 3)))
    assert "perhaps converted from a batch of int64" in twins.step.reason


def test_recording_warns_no_more_than_the_step():
    model = nn.Sequential(nn.Linear(4, 3), nn.Softplus())
    step = mg.compile(model, nn.MSELoss())
    x = mg.full((2, 4), 3e38)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loss = F.mse_loss(model(x), mg.ones(2, 3))
        loss.backward()
        expected = len(caught)
        step(x, mg.ones(2, 3))
    assert len(caught) == 2 * expected


def test_the_program_is_small():
    """Forward, backward and gradients of a small network in no more calls than by hand."""
    mg.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )
    step = mg.compile(model, nn.BCEWithLogitsLoss(), optim.SGD(model.parameters(), lr=0.1))
    step(mg.randn(100, 2), mg.rand(100, 1))
    (program,) = step._programs.values()
    copies = [call for call in program.calls if call.func.__name__ == "__setitem__"]
    assert len(program.calls) - len(copies) + len(program.ends) <= 38
    assert len(copies) <= 4


def test_steps_on_another_device_are_ordinary(device):
    """On a GPU the calls of NumPy's would be launches, which nothing replays."""
    model = nn.Linear(4, 3).to(device)
    step = mg.compile(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    for _ in range(3):
        loss = step(mg.randn(5, 4, device=device), mg.randn(5, 3, device=device))
    assert loss.device == mg.device(device)
    if device == "cpu":
        assert step.replays == 2
    else:
        assert (step.replays, step.reason) == (0, f"a parameter or buffer is on {loss.device}")


# What a review of the above found -------------------------------------------------------------------


def test_batches_in_columns_make_ordinary_steps():
    """Sums of gradients keep the order in memory of the first, and products of such are other numbers."""
    twins = Twins(nn.Linear(1, 8), nn.HingeEmbeddingLoss())
    twins.train(mg.zeros(700, 1), mg.ones(700, 8))
    target = mg.from_numpy(
        np.asfortranarray(np.where(np.arange(5600).reshape(700, 8) % 3, 1.0, -1.0))
    )
    for _ in range(3):
        twins.train(mg.randn(700, 1), target.float().T.contiguous().T)
    assert twins.step.reason.startswith("the batch is not contiguous")


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("columns", [1, 3])
def test_the_sign_of_nan_is_that_of_an_ordinary_step(columns, sign):
    twins = Twins(nn.Sequential(nn.Linear(4, columns)), lr=0.0)
    for size in (38, 38):
        twins.train(*batch(size, outputs=columns))
    for model in (twins.model, twins.other):
        model[0].bias.array[...] = np.copysign(np.nan, sign)
    x, y = batch(38, outputs=columns)
    x.array[...] = np.copysign(np.nan, -sign)
    twins.train(x, y)
    assert twins.step.replays == 2


def test_zeros_are_kept_once_for_all_relus():
    def kept(activation):
        layers = [one for _ in range(8) for one in (nn.Linear(50, 50), activation)]
        model = nn.Sequential(*layers)
        step = mg.compile(model, nn.MSELoss())
        x, y = mg.randn(4000, 50), mg.randn(4000, 50)
        tracemalloc.start()
        step(x, y)
        model.zero_grad()
        gc.collect()
        size, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        (program,) = step._programs.values()
        assert isinstance(program, Program)
        return size / x.array.nbytes

    assert kept(nn.ReLU()) < kept(nn.Sigmoid()) + 1.5
    assert kept(nn.Sigmoid()) < 14  # arrays of the size of the batch


def names_exchanged(model, loss, optimizer):
    norm = model[1]
    weight, bias = norm.weight, norm.bias
    del norm.weight, norm.bias
    norm.bias, norm.weight = weight, bias


def options_replaced(model, loss, optimizer):
    model[3].__dict__ = {**vars(model[3]), "negative_slope": 0.5}


@pytest.mark.parametrize("change", [names_exchanged, options_replaced])
def test_what_is_replaced_under_the_same_values_counts(change):
    twins = Twins(nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 3), nn.LeakyReLU()))
    for _ in range(3):
        twins.train(*batch())
    for model, loss, optimizer in (
        (twins.model, twins.loss, twins.optimizer),
        (twins.other, twins.other_loss, twins.other_optimizer),
    ):
        change(model, loss, optimizer)
    for _ in range(3):
        twins.train(*batch())
    assert twins.step.replays == 2 + 2


def test_an_option_that_is_an_array_is_not_frozen():
    loss = nn.CrossEntropyLoss(label_smoothing=np.array(0.1))
    step = mg.compile(nn.Linear(4, 3), loss)
    step(mg.randn(5, 4), mg.tensor([0, 1, 2, 0, 1]))
    assert step.reason == (
        "the option label_smoothing of a CrossEntropyLoss is an array, whose numbers can change"
    )


def test_a_number_that_overflows_is_told_in_every_step():
    model = nn.Sequential(nn.Linear(4, 6), nn.Threshold(1e300, 0.5), nn.Linear(6, 3))
    step = mg.compile(model, nn.MSELoss())
    x, y = batch()
    with np.errstate(over="ignore"):
        step(x, y)
        step(x, y)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="overflow"):
        step(x, y)


def test_gradients_that_two_parameters_share_are_added_in_the_order_of_an_ordinary_step():
    found = []
    for compiled in (True, False):
        mg.manual_seed(0)
        model = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6))
        step = mg.compile(model, nn.MSELoss(), optim.SGD([model[0].bias], lr=0.1))
        shared = mg.zeros(6, 6)
        for _ in range(5):
            x, y = mg.randn(7, 6), mg.randn(7, 6)
            model[0].weight.grad = model[2].weight.grad = shared
            if compiled:
                step(x, y)
            else:
                step.optimizer.zero_grad()
                nn.MSELoss()(model(x), y).backward()
                step.optimizer.step()
        assert not compiled or step.replays == 4, step.report()
        found.append(bits(shared))
    assert found[0] == found[1]
