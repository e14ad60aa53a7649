"""The overview of a model."""

import pytest

import minigrad as mg
from minigrad import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8), nn.Dropout(0.5))
        self.head = nn.Linear(8, 2)
        self.unused = nn.Linear(1000, 1)
        self.head.weight.requires_grad_(False)
        self.head.bias.requires_grad_(False)

    def forward(self, x):
        return {"y": self.head(self.body(x))}


def test_shapes_and_counts(device):
    table = nn.summary(Net(), (3, 4))
    assert [row.path for row in table.rows] == [
        "",
        "body",
        "body.0",
        "body.1",
        "body.2",
        "head",
        "unused",
    ]
    by_path = {row.path: row for row in table.rows}
    assert by_path["body.0"][1:5] == ("Linear", (3, 8), 32, 32)
    assert by_path["body.1"].parameters == 16 and by_path["body"].parameters == 0
    assert by_path["head"].trainable == 0 and by_path["unused"].output_shape is None
    assert by_path[""].output_shape == [(3, 2)]
    assert (table.total_params, table.trainable_params) == (32 + 16 + 18 + 1001, 32 + 16 + 1001)
    assert table.param_bytes == 4 * table.total_params
    lines = str(table).splitlines()
    assert "    1: BatchNorm1d  (3, 8)                 16" in lines
    assert "  head: Linear      (3, 2)        18 (frozen)" in lines
    assert "  unused: Linear    -                   1,001" in lines


def test_the_model_is_left_as_it_was():
    mg.manual_seed(0)
    net = Net()
    net.body.eval()
    state = {key: value.clone() for key, value in net.state_dict().items()}
    numbers = mg.get_rng_state()
    nn.summary(net, mg.randn(3, 4, generator=mg.Generator()))
    assert net.training and not net.body[0].training
    assert all(mg.equal(state[key], value) for key, value in net.state_dict().items())
    assert mg.equal(numbers, mg.get_rng_state()) and not net.head._hooks


def test_a_failing_model_is_left_as_it_was_too():
    net = Net()
    with pytest.raises(ValueError, match=r"expected an input of shape \(..., 4\)"):
        nn.summary(net, (3, 5))
    assert net.training and not net._hooks


def test_shared_parameters_count_once():
    layer = nn.Linear(3, 3)
    other = nn.Linear(3, 3)
    other.weight = layer.weight
    table = nn.summary(nn.Sequential(layer, layer, other), (1, 3))
    assert table.total_params == 9 + 3 + 3
    assert [row.parameters for row in table.rows] == [0, 12, 0, 3]
    assert str(table).splitlines()[4].split() == ["1:", "Linear", "(1,", "3)", "shared"]


def test_a_lazy_layer_that_is_not_called_is_not_made():
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.LazyLinear(2), nn.LazyLinear(3)

        def forward(self, x, *, factor):
            return self.used(x) * factor

    table = nn.summary(Half(), (1, 3), factor=2.0)
    assert table.total_params == 8 and [row.note for row in table.rows] == ["", "", "not made yet"]
    assert "not made yet" in str(table)


def test_shapes_take_the_dtype_of_the_model_and_lazy_layers_are_made():
    model = nn.Sequential(nn.Linear(3, 2).double(), nn.LazyLinear(5, dtype=mg.float64))
    assert nn.summary(model, (1, 3)).rows[-1].output_shape == (1, 5)
    assert nn.summary(nn.Embedding(4, 2), mg.tensor([1, 2, 3])).rows[0].output_shape == (3, 2)


def test_what_is_no_module_is_refused():
    with pytest.raises(TypeError, match="expected a Module, got function"):
        nn.summary(lambda x: x, (1, 2))
