"""Embedding: PyTorch's initial numbers, gradients of repeated and padded indices, errors."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.testing import assert_close, check_gradients

INITIAL = [  # after torch.manual_seed(5), of Embedding(4, 3, padding_idx=1)
    [-0.4867808, -0.6038216, -0.5580962],
    [0.0, 0.0, 0.0],
    [-1.401702, -0.7625571, 0.6312134],
    [-0.8991352, -0.5577934, 0.6907188],
]


def test_the_initial_table_is_pytorchs_and_0_at_the_padding(device):
    mg.manual_seed(5)
    table = nn.Embedding(4, 3, padding_idx=1)
    assert_close(table.weight, np.array(INITIAL, np.float32), rtol=1e-6)
    assert table.weight.is_leaf and table.weight.requires_grad
    assert mg.rand(1).item() == pytest.approx(0.9752, abs=5e-5)  # the stream goes on as PyTorch's


def test_rows_and_their_gradients(device):
    table = nn.Embedding(4, 3, padding_idx=-3)
    assert table.padding_idx == 1
    words = mg.tensor([[0, 1], [3, 3]])
    y = table(words)
    assert y.shape == (2, 2, 3)
    assert_close(y, table.weight.detach()[words])
    y.sum().backward()
    assert table.weight.grad.tolist() == [[1.0] * 3, [0.0] * 3, [0.0] * 3, [2.0] * 3]


def test_the_padding_gets_no_gradient_even_if_it_is_not_0(device):
    weight = mg.randn(3, 2, requires_grad=True)
    y = F.embedding(mg.tensor([2, 0, 2]), weight, padding_idx=2)
    assert_close(y, weight.detach()[mg.tensor([2, 0, 2])])
    (first,) = mg.autograd.grad((y**2).sum(), weight, create_graph=True)
    (second,) = mg.autograd.grad(first.sum(), weight)
    assert first[2].tolist() == second[2].tolist() == [0.0, 0.0]
    assert_close(first[0], 2 * weight.detach()[0])


def test_indices_of_any_shape_and_integer_dtype(device):
    table = nn.Embedding(5, 2)
    assert table(mg.tensor(3)).shape == (2,) and table(mg.zeros(0, dtype=mg.int64)).shape == (0, 2)
    assert table(mg.zeros(2, 3, 4, dtype=mg.int32)).shape == (2, 3, 4, 2)
    assert_close(table(mg.tensor(3)), table.weight[3])


def test_derivatives(device):
    words = mg.tensor([[0, 2, 2], [1, 0, 3]])
    weight = np.random.default_rng(0).normal(size=(4, 3))
    check_gradients(lambda w: F.embedding(words, w) ** 3, weight, device=device)


def test_options(device):
    table = nn.Embedding(3, 2, device=device, dtype=mg.float64)
    assert table.weight.dtype == mg.float64 and str(table.weight.device) == device
    assert list(table.state_dict()) == ["weight"]
    vectors = mg.ones(3, 2)
    assert nn.Embedding(3, 2, _weight=vectors).weight.requires_grad
    frozen = nn.Embedding.from_pretrained(vectors)
    assert not frozen.weight.requires_grad and repr(frozen) == "Embedding(3, 2)"
    vectors.fill_(2.0)
    assert frozen(mg.tensor([1])).tolist() == [[2.0, 2.0]]  # the memory is shared
    trained = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=0)
    assert trained.weight.requires_grad and trained.weight.tolist() == [[2.0, 2.0]] * 3
    trained.reset_parameters()
    assert trained.weight[0].tolist() == [0.0, 0.0] and 2.0 not in trained.weight.tolist()[1]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Embedding(3, 2)(mg.tensor([[0, 3]])), IndexError,
         r"index 3 is out of range, the weight has 3 rows, 0 to 2 \(in module Embedding\)"),
        (lambda: nn.Embedding(3, 2)(mg.tensor(-1)), IndexError, "index -1 is out of range"),
        (lambda: nn.Embedding(3, 2)(mg.tensor([1.0])), TypeError,
         r"embedding: indices have to be integers, got float32; use \.long\(\)"),
        (lambda: nn.Embedding(3, 2, padding_idx=3), ValueError, "padding_idx 3 is none of 3 rows"),
        (lambda: F.embedding(mg.tensor([0]), mg.ones(3, 2), -4), ValueError, "padding_idx -4"),
        (lambda: F.embedding(mg.tensor([0]), mg.ones(3)), ValueError, r"shape \(K, D\), got \(3,\)"),
        (lambda: nn.Embedding(3, 2, _weight=mg.ones(2, 2)), ValueError,
         r"weight of shape \(3, 2\), got \(2, 2\)"),
        (lambda: nn.Embedding.from_pretrained(mg.ones(3)), ValueError, r"rows \(K, D\), got shape \(3,\)"),
    ],
)  # fmt: skip
def test_errors(make, error, words):
    with pytest.raises(error, match=words):
        make()
