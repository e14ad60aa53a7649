"""Modules: what they hold, how they are called, saved, loaded, moved, copied and printed."""

import copy
import gc
import pickle
import threading
import weakref
from collections import OrderedDict

import numpy as np
import pytest

import minigrad as mg
from minigrad import engine, nn
from minigrad.testing import assert_close


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.act = nn.ReLU()
        self.out = nn.Linear(4, 2)
        self.scale = nn.Parameter(mg.ones(2))

    def forward(self, x):
        return self.out(self.act(self.norm(self.hidden(x)))) * self.scale


class Recorder(nn.Module):
    """Keeps the scope it was called in."""

    def forward(self, x):
        self.scope = engine.state.get().scope
        return x


class Failing(nn.Module):
    def forward(self, x):
        raise ZeroDivisionError("inside")


NET_PARAMETERS = [
    "scale",
    "hidden.weight",
    "hidden.bias",
    "norm.weight",
    "norm.bias",
    "out.weight",
    "out.bias",
]
NET_BUFFERS = ["norm.running_mean", "norm.running_var", "norm.num_batches_tracked"]
NET_STATE = NET_PARAMETERS[:5] + NET_BUFFERS + NET_PARAMETERS[5:]


def host(tensor):
    return np.array(tensor.detach().cpu().numpy())


def values(module):
    return {name: host(tensor) for name, tensor in module.state_dict().items()}


# Parameters -----------------------------------------------------------------------------------------


def test_parameter_shares_memory_and_asks_for_gradients():
    array = np.ones(3, np.float32)
    p = nn.Parameter(mg.from_numpy(array))
    array[0] = 5.0
    assert p.requires_grad and p.is_leaf and isinstance(p, mg.Tensor)
    assert p.detach().tolist() == [5.0, 1.0, 1.0]
    assert not nn.Parameter(mg.ones(2), requires_grad=False).requires_grad
    assert nn.Parameter([1.0, 2.0]).dtype == mg.float32


def test_parameter_of_a_result_is_a_leaf_that_can_be_written():
    x = mg.ones(2, requires_grad=True)
    p = nn.Parameter(x.sum())
    assert p.is_leaf and p.shape == ()
    with mg.no_grad():
        p -= 1.0
    assert p.item() == 1.0 and type(p) is nn.Parameter


def test_parameter_needs_floating_numbers():
    with pytest.raises(TypeError, match="only floating tensors can require gradients"):
        nn.Parameter(mg.tensor([1, 2]))
    assert nn.Parameter(mg.tensor([1, 2]), requires_grad=False).dtype == mg.int64


def test_results_of_parameters_are_plain_tensors():
    p = nn.Parameter(mg.ones(2))
    assert type(p * 2) is type(p.data) is type(p.detach()) is mg.Tensor


def test_parameter_prints_as_in_pytorch():
    assert repr(nn.Parameter(mg.tensor([[1.0, 2.0], [3.0, 4.0]]))) == (
        "Parameter containing:\ntensor([[1., 2.],\n        [3., 4.]], requires_grad=True)"
    )


def test_parameter_survives_copying_and_pickling(device):
    p = nn.Parameter(mg.ones(2))
    p.grad = mg.ones(2)
    twin = copy.deepcopy(p)
    assert type(twin) is nn.Parameter and twin.requires_grad and twin is not p
    with mg.no_grad():
        twin += 1
    assert p.tolist() == [1.0, 1.0] and twin.tolist() == [2.0, 2.0]
    assert twin.grad is not p.grad and twin.grad.tolist() == [1.0, 1.0]
    frozen = pickle.loads(pickle.dumps(nn.Parameter(mg.ones(2), requires_grad=False)))
    assert type(frozen) is nn.Parameter and not frozen.requires_grad
    assert str(frozen.device) == device


# What a module holds ----------------------------------------------------------------------------------


def test_order_is_the_order_of_assignment():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NET_PARAMETERS
    assert [name for name, _ in net.named_buffers()] == NET_BUFFERS
    assert list(net.state_dict()) == NET_STATE
    assert [name for name, _ in net.named_children()] == ["hidden", "norm", "act", "out"]
    assert [name for name, _ in net.named_modules()] == ["", "hidden", "norm", "act", "out"]
    assert list(net.parameters()) == [p for _, p in net.named_parameters()]
    assert list(net.modules())[1:] == list(net.children())
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert next(iter(net.named_parameters(prefix="net")))[0] == "net.scale"


def test_replacing_keeps_the_place_and_none_takes_it_away():
    net = Net()
    net.hidden.weight = nn.Parameter(mg.zeros(4, 3))
    net.out.bias = None
    assert [name for name, _ in net.named_parameters()] == NET_PARAMETERS[:-1]
    net.out.bias = nn.Parameter(mg.zeros(2))
    assert [name for name, _ in net.named_parameters()] == NET_PARAMETERS
    net.out = None
    assert list(net.children()) == [net.hidden, net.norm, net.act]


def test_shared_parameters_and_modules_come_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(3, 3, bias=False)
            self.second = nn.Linear(3, 3, bias=False)
            self.second.weight = self.first.weight
            self.again = self.first

    tied = Tied()
    assert [name for name, _ in tied.named_parameters()] == ["first.weight"]
    assert [name for name, _ in tied.named_modules()] == ["", "first", "second"]
    assert list(tied.children()) == [tied.first, tied.second]
    assert list(tied.state_dict()) == ["first.weight", "second.weight", "again.weight"]
    every = [name for name, _ in tied.named_parameters(remove_duplicate=False)]
    assert every == ["first.weight", "second.weight", "again.weight"]
    twin = copy.deepcopy(tied)
    assert twin.first.weight is twin.second.weight and twin.again is twin.first


def test_a_tensor_is_no_parameter_and_a_list_is_no_module():
    module = nn.Module()
    module.plain = mg.ones(2, requires_grad=True)
    module.layers = [nn.Linear(2, 2)]
    assert list(module.parameters()) == [] and list(module.children()) == []


def test_deleting():
    net = Net()
    del net.scale, net.norm, net.hidden.bias
    assert list(net.state_dict()) == ["hidden.weight", "out.weight", "out.bias"]
    norm = nn.BatchNorm1d(2)
    del norm.running_mean
    assert list(norm.state_dict()) == ["weight", "bias", "running_var", "num_batches_tracked"]
    with pytest.raises(AttributeError):
        del net.scale


def test_registering():
    module = nn.Module()
    module.register_parameter("p", nn.Parameter(mg.ones(2)))
    module.register_parameter("absent", None)
    module.register_buffer("b", mg.zeros(2))
    module.register_buffer("scratch", mg.zeros(2), persistent=False)
    module.register_buffer("nothing", None)
    module.register_module("m", nn.Linear(1, 1))
    assert module.absent is None and module.nothing is None
    assert [name for name, _ in module.named_buffers()] == ["b", "scratch"]
    assert list(module.state_dict()) == ["p", "b", "m.weight", "m.bias"]
    module.b = mg.ones(2)  # still a buffer
    module.nothing = mg.ones(1)
    assert list(module.state_dict()) == ["p", "b", "nothing", "m.weight", "m.bias"]
    module.b = nn.Parameter(mg.ones(2))  # a parameter from now on
    assert [name for name, _ in module.named_parameters(recurse=False)] == ["p", "b"]
    module.register_parameter("absent", nn.Parameter(mg.ones(1)))


def test_two_instances_share_no_buffers_or_hooks():
    first, second = nn.Module(), nn.Module()
    first.register_buffer("b", mg.zeros(1))
    first.register_forward_hook(lambda *_: None)
    assert not list(second.buffers()) and not second._hooks


@pytest.mark.parametrize(
    ("register", "error", "words"),
    [
        (lambda m: m.register_parameter("", None), KeyError, "not empty and has no '.'"),
        (lambda m: m.register_buffer("a.b", None), KeyError, "'a.b'"),
        (lambda m: m.register_parameter("forward", None), KeyError, "'forward' exists and is no param"),
        (lambda m: m.add_module("hidden", 3), TypeError, "submodule 'hidden' has to be a Module"),
        (lambda m: m.register_buffer("hidden", None), KeyError, "'hidden' exists and is no buffer"),
        (lambda m: m.register_parameter("q", mg.ones(1)), TypeError, "'q' has to be a Parameter or None"),
        (lambda m: m.register_buffer("q", 1.0), TypeError, "'q' has to be a Tensor or None, got float"),
        (lambda m: m.add_module(3, nn.ReLU()), TypeError, "has to be a str, got int"),
        (lambda m: setattr(m, "scale", mg.ones(2)), TypeError, "cannot assign Tensor as parameter 'scale'"),
        (lambda m: setattr(m, "hidden", 3), TypeError, "cannot assign int as module 'hidden'"),
        (lambda m: setattr(m.norm, "running_mean", 3), TypeError, "int as buffer 'running_mean'"),
        (lambda m: m.get_submodule("hidden.x"), AttributeError, "no module 'hidden.x': Linear has no 'x'"),
        (lambda m: m.train("yes"), ValueError, "mode has to be a bool"),
        (lambda m: m.to(mg.int64), TypeError, "floating dtypes, got int64"),
        (lambda m: m.to(speed=3), TypeError, "unknown arguments"),
        (lambda m: nn.Module()(1), NotImplementedError, "Module does not define forward"),
        (lambda m: m.nonsense, AttributeError, "nonsense"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong_and_change_nothing(register, error, words):
    net = Net()
    before = list(net.state_dict())
    with pytest.raises(error, match=words.replace("(", r"\(")):
        register(net)
    assert list(net.state_dict()) == before


def test_the_dictionaries_can_be_written():
    """Older tutorials for PyTorch do, to make a Sequential of their own."""
    module = nn.Module()
    module._modules["0"] = nn.Linear(2, 2)
    module._parameters["w"] = nn.Parameter(mg.ones(1))
    module._buffers["b"] = mg.zeros(1)
    assert list(module.state_dict()) == ["w", "b", "0.weight", "0.bias"]
    del module._modules["0"]
    assert list(module.state_dict()) == ["w", "b"] and repr(module._modules) == "{}"
    with pytest.raises(TypeError, match="has to be a Module or None, got function"):
        module._modules["1"] = lambda x: x


def test_super_init_may_be_forgotten():
    class Short(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 1)

    assert Short().training and len(list(Short().parameters())) == 2


def test_get_submodule():
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)))
    assert net.get_submodule("0.0") is net[0][0] and net.get_submodule("") is net


def test_get_parameter_and_buffer():
    net = Net()
    assert net.get_parameter("hidden.weight") is net.hidden.weight
    assert net.get_parameter("scale") is net.scale
    assert net.get_buffer("norm.running_mean") is net.norm.running_mean
    with pytest.raises(
        AttributeError,
        match="Net has no parameter 'hidden.x': Linear has no 'x'; its parameters are: 'weight', 'bias'",
    ):
        net.get_parameter("hidden.x")
    with pytest.raises(AttributeError, match="no buffer 'hidden.weight'"):
        net.get_buffer("hidden.weight")


def test_parameters_carry_their_names():
    net = Net()
    assert net.hidden.weight.name == "weight" and net.scale.name == "scale"
    named = nn.Parameter(mg.ones(1))
    named.name = "mine"
    net.extra = named
    assert named.name == "mine"


# Calling --------------------------------------------------------------------------------------------


def test_scope_names_the_way_to_the_module():
    inner = Recorder()
    model = nn.Sequential(nn.Sequential(OrderedDict(first=inner)))
    model(mg.ones(1))
    assert inner.scope == ("Sequential", "0: Sequential", "first: Recorder")
    assert engine.state.get().scope == ()
    alone = Recorder()
    alone(mg.ones(1))
    assert alone.scope == ("Recorder",)


def test_scope_of_modules_in_lists_has_the_name_of_the_list():
    class Owner(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([Recorder()])
            self.heads = nn.ModuleDict({"left": Recorder()})
            self.layers.append(Recorder())
            self.nested = nn.ModuleList([nn.ModuleList([Recorder()])])

        def forward(self, x):
            parts = [*self.layers, self.heads["left"], self.nested[0][0]]
            return [part(x) or part.scope[-1] for part in parts]

    class Silent(Recorder):
        def forward(self, x):
            super().forward(x)

    owner = Owner()
    for module in (*owner.layers, owner.heads["left"], owner.nested[0][0]):
        module.__class__ = Silent
    assert owner(None) == [
        "layers.0: Recorder",
        "layers.1: Recorder",
        "heads.left: Recorder",
        "nested.0.0: Recorder",
    ]


def test_what_is_recorded_carries_the_scope():
    net = Net()
    y = net(mg.ones(2, 3))
    assert y.node.scope == ("Net",)
    assert y.node.inputs[0].scope == ("Net", "out: Linear")


def test_scope_ends_with_the_call_whatever_happens():
    with pytest.raises(ZeroDivisionError):
        nn.Sequential(Failing())(mg.ones(1))
    assert engine.state.get().scope == ()

    class Quiet(nn.Module):
        def forward(self, x):
            with mg.no_grad():
                return 2 * x

    x = mg.ones(1, requires_grad=True)
    assert not Quiet()(x).requires_grad and mg.is_grad_enabled()
    with mg.no_grad():
        assert not nn.Linear(1, 1)(x).requires_grad


def test_a_mode_that_forward_switches_lasts():
    class Switch(nn.Module):
        def forward(self, x):
            mg.set_grad_enabled(False)
            return x

    Switch()(mg.ones(1))
    assert not mg.is_grad_enabled() and engine.state.get().scope == ()


def test_scopes_of_threads_do_not_mix():
    inside, leave, seen = threading.Event(), threading.Event(), []

    class Waiting(nn.Module):
        def forward(self, x):
            inside.set()
            leave.wait(10)
            seen.append(engine.state.get().scope)

    thread = threading.Thread(target=Waiting(), args=(None,))
    thread.start()
    assert inside.wait(10)
    probe = Recorder()
    probe(None)
    leave.set()
    thread.join()
    assert probe.scope == ("Recorder",) and seen == [("Waiting",)]


def test_an_error_names_the_module():
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2))
    with pytest.raises(ValueError) as caught:
        net(mg.ones(2, 3))
    for word in ("(..., 5)", "(2, 5)", "(2, 4)", "1: Linear"):
        assert word in str(caught.value)


def test_forward_takes_any_arguments():
    class Sum(nn.Module):
        def forward(self, a, b, *, factor=1):
            return (a + b) * factor

    assert Sum()(1, b=2, factor=10) == 30


# Changing all -----------------------------------------------------------------------------------------


def test_train_and_eval():
    net = nn.Sequential(Net(), nn.Dropout())
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())


def test_apply_goes_children_first():
    seen = []
    net = Net()
    assert net.apply(seen.append) is net
    assert seen == [net.hidden, net.norm, net.act, net.out, net]


def test_zero_grad(device):
    net = nn.Linear(2, 1)
    net(mg.ones(3, 2)).sum().backward()
    kept = net.weight.grad
    net.zero_grad(set_to_none=False)
    assert net.weight.grad is kept and kept.tolist() == [[0.0, 0.0]]
    net.zero_grad()
    assert net.weight.grad is None and net.bias.grad is None
    net.zero_grad(set_to_none=False)
    assert net.weight.grad is None


def test_requires_grad_freezes():
    net = Net().requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    assert not net(mg.ones(2, 3)).requires_grad
    net.out.requires_grad_()
    net(mg.ones(2, 3)).sum().backward()
    assert net.hidden.weight.grad is None and net.out.weight.grad is not None


def test_dtypes_change_in_place(device):
    net = Net()
    net(mg.ones(2, 3)).sum().backward()
    before = list(net.parameters())
    assert net.double() is net
    assert all(a is b for a, b in zip(before, net.parameters(), strict=True))
    assert {p.dtype for p in before} == {p.grad.dtype for p in before} == {mg.float64}
    assert net.norm.running_mean.dtype == mg.float64
    assert net.norm.num_batches_tracked.dtype == mg.int64
    assert net(mg.ones(2, 3, dtype=mg.float64)).dtype == mg.float64
    net(mg.ones(2, 3, dtype=mg.float64)).sum().backward()
    assert net.float().scale.dtype == mg.float32
    weight = net.hidden.weight.array
    net.to(mg.float32)
    assert net.hidden.weight.array is weight  # nothing to do, nothing done
    assert net.to(mg.ones(1, dtype=mg.float64)).scale.dtype == mg.float64


def test_devices_change_in_place(device):
    net = Net()
    expected = values(net)
    assert {str(p.device) for p in net.parameters()} == {device}
    parameters = list(net.parameters())
    net.cpu()
    assert {str(t.device) for t in (*parameters, *net.buffers())} == {"cpu"}
    assert net.to(device, mg.float64) is net
    assert {(str(p.device), p.dtype) for p in parameters} == {(device, mg.float64)}
    for name, value in values(net).items():
        assert_close(value, expected[name])
    net(mg.ones(2, 3, dtype=mg.float64)).sum().backward()


def test_a_failed_move_changes_nothing():
    net = Net()
    before = {name: p.array for name, p in net.named_parameters()}
    with pytest.raises(ValueError, match="unknown device"):
        net.to("nowhere")
    assert all(p.array is before[name] for name, p in net.named_parameters())


# Saving and loading -----------------------------------------------------------------------------------


def test_state_dict_shares_memory_and_loads_back(device):
    net, other = Net(), Net()
    net(mg.randn(5, 3))
    state = net.state_dict()
    assert list(state) == NET_STATE
    assert not any(t.requires_grad for t in state.values())
    assert state["hidden.weight"].array is net.hidden.weight.array
    assert net.state_dict(keep_vars=True)["scale"] is net.scale
    assert list(net.hidden.state_dict(prefix="h.")) == ["h.weight", "h.bias"]
    arrays = {name: p.array for name, p in other.named_parameters()}
    keys = other.load_state_dict(state)
    assert keys.missing_keys == [] == keys.unexpected_keys
    assert repr(keys) == "<All keys matched successfully>"
    for name, value in values(other).items():
        assert_close(value, state[name])
    assert all(p.array is arrays[name] for name, p in other.named_parameters())
    x = mg.randn(4, 3)
    assert_close(other.eval()(x), net.eval()(x))


def test_state_dict_is_all_of_one_moment(device):
    """Weights and running statistics in it both change when the model is trained on."""
    model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.BatchNorm1d(3))
    state = model.state_dict()
    model(mg.randn(5, 2))
    assert (
        mg.equal(state["1.running_mean"], model[1].running_mean) and state["1.running_mean"].any()
    )
    assert state["1.num_batches_tracked"].item() == 1


def test_state_dict_loads_arrays_and_other_dtypes():
    net = Net()
    state = {name: value.astype(np.float64) for name, value in values(Net()).items()}
    net.load_state_dict(state)
    assert net.scale.dtype == mg.float32 and net.norm.num_batches_tracked.dtype == mg.int64
    assert_close(net.hidden.weight, state["hidden.weight"])


def test_one_error_names_all_that_does_not_fit():
    net = Net()
    state = Net().state_dict()
    del state["scale"], state["norm.running_var"]
    state["extra"] = mg.ones(1)
    state["hidden.weight"] = mg.ones(4, 5)
    state["out.bias"] = mg.ones(1)
    before = values(net)
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict: this state does not fit Net, and nothing was changed:\n"
        "  missing keys: 'scale', 'norm.running_var'\n"
        "  unexpected keys: 'extra'\n"
        "  shape of 'hidden.weight': (4, 3) in the model, (4, 5) in the state\n"
        "  shape of 'out.bias': (2,) in the model, (1,) in the state"
    )
    for name, value in values(net).items():
        np.testing.assert_array_equal(value, before[name])


def test_not_strict_takes_what_there_is():
    net = Net()
    keys = net.load_state_dict({"scale": mg.zeros(2), "extra": mg.ones(1)}, strict=False)
    assert keys.unexpected_keys == ["extra"] and keys.missing_keys == NET_STATE[1:]
    assert "missing_keys=['hidden.weight'" in repr(keys)
    assert net.scale.tolist() == [0.0, 0.0]
    with pytest.raises(RuntimeError, match="shape of 'scale'"):
        net.load_state_dict({"scale": mg.zeros(3)}, strict=False)
    with pytest.raises(TypeError, match="expected a mapping"):
        net.load_state_dict(list(net.parameters()))
    with pytest.raises(TypeError):
        net.load_state_dict({"scale": "abc"}, strict=False)


def test_loading_is_seen_by_the_version_check():
    layer = nn.Linear(2, 2)
    y = layer(mg.ones(1, 2, requires_grad=True)).sum()
    layer.load_state_dict(nn.Linear(2, 2).state_dict())
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_deepcopy_and_pickle(device):
    net = Net()
    net(mg.randn(5, 3)).sum().backward()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert type(twin) is Net and list(twin.state_dict()) == NET_STATE
        for name, value in values(twin).items():
            np.testing.assert_array_equal(value, values(net)[name])
        assert all(type(p) is nn.Parameter and p.requires_grad for p in twin.parameters())
        assert not {id(p) for p in twin.parameters()} & {id(p) for p in net.parameters()}
        with mg.no_grad():
            twin.scale.fill_(7.0)
        assert net.scale.tolist() == [1.0, 1.0]
        assert twin(mg.ones(2, 3)).node.inputs[0].scope == ("Net", "out: Linear")
        assert repr(twin) == repr(net)


def test_a_model_leaves_no_cycles_behind():
    gc.collect()
    gc.disable()
    try:
        net = Net()
        net(mg.ones(2, 3)).sum().backward()
        watch = weakref.ref(net)
        del net
        assert watch() is None
    finally:
        gc.enable()


# Printing ---------------------------------------------------------------------------------------------


def test_repr_is_pytorchs():
    assert repr(Net()) == (
        "Net(\n"
        "  (hidden): Linear(in_features=3, out_features=4, bias=True)\n"
        "  (norm): BatchNorm1d(4, eps=1e-05, momentum=0.1, affine=True, bias=True, "
        "track_running_stats=True)\n"
        "  (act): ReLU()\n"
        "  (out): Linear(in_features=4, out_features=2, bias=True)\n"
        ")"
    )
    nested = nn.Sequential(nn.Sequential(nn.Tanh()), nn.Flatten())
    assert repr(nested) == (
        "Sequential(\n  (0): Sequential(\n    (0): Tanh()\n  )\n"
        "  (1): Flatten(start_dim=1, end_dim=-1)\n)"
    )

    class Wordy(nn.Module):
        def extra_repr(self):
            return "one\ntwo"

    assert repr(Wordy()) == "Wordy(\n  one\n  two\n)"
    wordy = Wordy()
    wordy.act = nn.ReLU()
    assert repr(wordy) == "Wordy(\n  one\n  two\n  (act): ReLU()\n)"


# Containers -------------------------------------------------------------------------------------------


def test_sequential_runs_in_order_and_is_a_sequence():
    layers = [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)]
    model = nn.Sequential(*layers)
    x = mg.randn(5, 3)
    assert_close(model(x), layers[2](layers[0](x).relu()))
    assert len(model) == 3 and list(model) == layers
    assert model[0] is layers[0] and model[-1] is layers[2]
    assert nn.Sequential()(x) is x
    with pytest.raises(IndexError, match="index 3 is out of range for 3 modules"):
        model[3]


def test_sequential_slices_keep_names_and_modules():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), Recorder(), nn.Linear(4, 2))
    part = model[1:]
    assert type(part) is nn.Sequential and list(part) == list(model)[1:]
    assert list(part.state_dict()) == ["3.weight", "3.bias"]  # as in PyTorch
    model(mg.ones(2, 3))
    assert model[2].scope == ("Sequential", "2: Recorder")
    part.append(nn.ReLU())
    assert len(part) == 4 and len(model) == 4
    assert list(model[::-1]) == list(model)[::-1]
    assert not model.eval()[:1].training


def test_sequential_with_names():
    model = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), act=nn.Tanh()))
    assert model.first is model[0] and list(model.state_dict()) == ["first.weight", "first.bias"]
    assert list(dict(model[1:].named_children())) == ["act"]


def test_sequential_changes():
    a, b, c, d = nn.Linear(1, 1), nn.ReLU(), nn.Tanh(), nn.Sigmoid()
    model = nn.Sequential(a)
    assert model.append(c) is model and model.insert(1, b) is model and model.extend([d]) is model
    assert list(model) == [a, b, c, d]
    assert [name for name, _ in model.named_children()] == ["0", "1", "2", "3"]
    del model[1]
    assert [name for name, _ in model.named_children()] == ["0", "1", "2"] and list(model) == [
        a,
        c,
        d,
    ]
    model[-1] = b
    assert list(model) == [a, c, b]
    del model[1:]
    assert list(model) == [a]
    with pytest.raises(TypeError, match="has to be a Module"):
        model.append(3)


def test_module_list():
    layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    layers += [nn.ReLU()]
    assert len(layers) == 4 and len(list(layers.parameters())) == 6
    assert repr(layers) == (
        "ModuleList(\n  (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)\n  (3): ReLU()\n)"
    )
    assert repr(layers[3:]) == "ModuleList(\n  (0): ReLU()\n)"
    assert repr(nn.ModuleList()) == "ModuleList()"
    layers[0] = nn.Tanh()
    assert isinstance(layers[0], nn.Tanh) and len(layers) == 4
    with pytest.raises(NotImplementedError, match="ModuleList cannot be called"):
        layers(mg.ones(1))


@pytest.mark.parametrize("kind", [nn.ModuleList, lambda modules: nn.Sequential(*modules)])
def test_rows_are_changed_as_a_whole_or_not_at_all(kind):
    a, b, c = nn.Linear(1, 1), nn.ReLU(), nn.Tanh()
    row = kind([a, b])
    for change in (lambda: row.insert(0, 5), lambda: row.extend([c, 5]), lambda: row + [5]):
        with pytest.raises(TypeError, match="holds modules, got int; nothing was changed"):
            change()
    assert list(row) == [a, b]
    assert list(row + [c]) == [a, b, c] and type(row + [c]) is type(row) and len(row) == 2
    row += [c]
    assert row.pop() is c and row.pop(0) is a and list(row._modules) == ["0"]


def test_names_are_not_lost_by_inserting():
    a, b, c = nn.Linear(1, 1), nn.ReLU(), nn.Tanh()
    named = nn.Sequential({"first": a, "second": b})
    with pytest.raises(ValueError, match="names of their own \\('first', 'second'\\)"):
        named.insert(0, c)


def test_module_dict():
    heads = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.ReLU()})
    assert "a" in heads and len(heads) == 2 and list(heads) == list(heads.keys()) == ["a", "b"]
    assert list(heads.state_dict()) == ["a.weight", "a.bias"]
    heads["c"] = nn.Tanh()
    assert isinstance(heads.pop("b"), nn.ReLU)
    del heads["a"]
    assert [name for name, _ in heads.items()] == ["c"] and len(list(heads.values())) == 1
    with pytest.raises(KeyError):
        heads["a"]
    with pytest.raises(KeyError, match="'keys' exists"):
        heads["keys"] = nn.ReLU()
    with pytest.raises(NotImplementedError, match="ModuleDict cannot be called"):
        heads(mg.ones(1))


def test_module_dict_is_a_dictionary():
    modules = nn.ModuleDict({"a": nn.ReLU()})
    modules.update([("b", nn.Tanh()), ("a", nn.Sigmoid())])
    assert list(modules.keys()) == ["a", "b"] and isinstance(modules["a"], nn.Sigmoid)
    assert [kind for kind, _ in modules.items()] == list(modules) and "b" in modules
    modules.clear()
    assert len(modules) == 0 and "b" not in modules


def test_parameter_list(device):
    parameters = nn.ParameterList([mg.zeros(2), nn.Parameter(mg.ones(3, 1))])
    parameters += [mg.ones(1)]
    assert [name for name, _ in parameters.named_parameters()] == ["0", "1", "2"]
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in parameters)
    assert parameters[-1] is list(parameters)[2] and len(parameters[:2]) == 2
    assert parameters[:2][1] is parameters[1]
    parameters[-1] = mg.zeros(4)
    assert parameters[2].shape == (4,) and list(parameters.state_dict()) == ["0", "1", "2"]
    assert repr(parameters[:2]) == (
        "ParameterList(\n  (0): Parameter containing: [float32 of size 2]\n"
        "  (1): Parameter containing: [float32 of size 3x1]\n)"
    )
    with pytest.raises(IndexError):
        parameters[3] = mg.zeros(1)
    with pytest.raises(TypeError, match="has to be a Parameter"):
        parameters.append(3.0)
    with pytest.raises(NotImplementedError, match="ParameterList cannot be called"):
        parameters(1)


def test_parameter_dict():
    class Affine(nn.Module):
        def __init__(self):
            super().__init__()
            self.theta = nn.ParameterDict({"w": mg.ones(2), "b": mg.zeros(())})

        def forward(self, x):
            return x @ self.theta["w"] + self.theta["b"]

    model = Affine()
    assert [name for name, _ in model.named_parameters()] == ["theta.w", "theta.b"]
    model(mg.ones(3, 2)).sum().backward()
    assert model.theta["w"].grad.tolist() == [3, 3] and model.theta["b"].grad.item() == 3
    assert "w" in model.theta and model.theta.pop("w").shape == (2,) and list(model.theta) == ["b"]
    assert [p.shape for p in model.theta.values()] == [()]


def test_module_paths_resolve():
    import minigrad.nn.functional as functional
    from minigrad.nn import init

    assert functional is nn.functional and init is nn.init
    for name in nn.__all__:
        assert getattr(nn, name).__doc__, name
    for name in functional.__all__:
        assert getattr(functional, name).__doc__, name
