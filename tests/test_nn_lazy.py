"""Lazy layers: made at the first call, and ordinary layers from then on."""

import copy
import pickle

import pytest

import minigrad as mg
from minigrad import nn, optim


def lazy_net():
    return nn.Sequential(
        nn.LazyLinear(3), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(2, bias=False)
    )


def test_the_first_call_makes_ordinary_layers(device):
    net = lazy_net()
    assert repr(net[0]) == "LazyLinear(in_features=0, out_features=3, bias=True)"
    net(mg.ones(4, 5))
    assert [type(m) for m in net] == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Linear]
    assert net[0].in_features == 5 and net[1].num_features == 3
    assert [tuple(p.shape) for p in net.parameters()] == [(3, 5), (3,), (3,), (3,), (2, 3)]
    assert all(type(p) is nn.Parameter and str(p.device) == device for p in net.parameters())
    assert net[1].running_mean.shape == (3,) and not isinstance(
        net[1].running_mean, nn.UninitializedBuffer
    )


def test_the_numbers_are_those_of_the_ordinary_layer(device):
    mg.manual_seed(3)
    expected = nn.Linear(5, 3)
    mg.manual_seed(3)
    lazy = nn.LazyLinear(3)
    lazy(mg.ones(1, 5))
    assert mg.equal(lazy.weight, expected.weight) and mg.equal(lazy.bias, expected.bias)


def test_an_optimizer_may_be_made_before(device):
    net = lazy_net()
    parameters = list(net.parameters())
    optimizer = optim.Adam(parameters, lr=0.1)
    net(mg.randn(6, 5)).square().sum().backward()
    assert all(a is b for a, b in zip(parameters, net.parameters(), strict=True))
    before = [p.detach().clone() for p in parameters]
    optimizer.step()
    assert not any(mg.equal(p, b) for p, b in zip(parameters, before, strict=True) if b.any())


def test_dtype_name_and_freezing_are_kept():
    net = lazy_net().double()
    net[0].weight.requires_grad_(False)
    net(mg.ones(4, 5, dtype=mg.float64))
    assert {p.dtype for p in net.parameters()} == {mg.float64} and net[
        1
    ].running_var.dtype == mg.float64
    assert net[1].num_batches_tracked.dtype == mg.int64
    assert not net[0].weight.requires_grad and net[0].bias.requires_grad
    assert net[0].weight.name == "weight"


def test_moving_before_the_first_call():
    net = lazy_net().to("strict")
    net(mg.ones(4, 5, device="strict"))
    assert {str(t.device) for t in [*net.parameters(), *net.buffers()]} == {"strict"}


def test_samples_in_columns():
    norm = nn.LazyBatchNorm1d(features_first=True)
    assert norm(mg.randn(3, 4)).shape == (3, 4) and norm.num_features == 3 and norm.features_first


def test_without_parameters_the_input_tells_the_channels():
    norm = nn.LazyBatchNorm1d(affine=False, track_running_stats=False)
    assert norm(mg.randn(4, 3)).shape == (4, 3) and norm.num_features == 3


@pytest.mark.parametrize(
    "use",
    [lambda w: w.shape, lambda w: w + 1, lambda w: nn.init.xavier_uniform_(w), lambda w: w.numel()],
)
def test_what_has_no_shape_cannot_be_used(use):
    weight = nn.LazyLinear(3).weight
    assert repr(weight) == "<UninitializedParameter>"
    with pytest.raises(RuntimeError, match="this parameter has no shape yet.*call the model once"):
        use(weight)


def test_loading_gives_the_shapes():
    source = nn.Sequential(
        nn.Linear(5, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2, bias=False)
    )
    net = lazy_net()
    net.load_state_dict(source.state_dict())
    x = mg.randn(4, 5)
    assert mg.equal(net.eval()(x), source.eval()(x))
    assert net[0].in_features == 5 and net[0].weight is not source[0].weight
    source[0].weight.data.zero_()
    assert net[0].weight.any()  # a copy


def test_scopes_name_the_class_it_became():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.out = nn.LazyLinear(1)

        def forward(self, x):
            return self.out(x)

    net = Net()
    assert net(mg.ones(2, 3)).node.scope[0] == "Net"
    assert net(mg.ones(2, 3)).node.scope == ("Net", "out: Linear")


@pytest.mark.parametrize(
    ("layer", "input"),
    [
        (lambda: nn.LazyLinear(2), mg.tensor(1.0)),
        (lambda: nn.LazyLinear(2), mg.tensor([[1, 2]])),
        (lambda: nn.LazyBatchNorm1d(), mg.ones(3)),
    ],
)
def test_an_input_that_does_not_fit_makes_nothing(layer, input):
    lazy = layer()
    with pytest.raises(ValueError, match="expected a floating input of shape.*nothing was made"):
        lazy(input)
    assert type(lazy).__name__.startswith("Lazy") and lazy.has_uninitialized_params()


def test_lazy_layers_are_copied_and_pickled_before_their_first_call(device):
    net = lazy_net().double()
    net[0].weight.requires_grad_(False)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert f"{other[0].weight}" == "<UninitializedParameter>"
        assert other[0].weight is not net[0].weight and other[0].weight.dtype == mg.float64
        other(mg.ones(4, 5, dtype=mg.float64))
        assert not other[0].weight.requires_grad and str(other[0].weight.device) == device
    assert net[0].has_uninitialized_params()


@pytest.mark.parametrize("method", ["initialize_parameters", "take_sizes"])
def test_a_lazy_layer_of_ones_own_has_to_define_its_parts(method):
    from minigrad.nn.lazy import LazyModule

    class Mine(LazyModule):
        pass

    with pytest.raises(NotImplementedError, match=rf"Mine does not define {method}\(\)"):
        getattr(Mine(), method)(mg.ones(2, 3))
