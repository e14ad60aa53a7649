"""The text of tensors.

The expected texts were printed by PyTorch 2.13 and then changed in two ways only: ``dtype=float64``
was ``dtype=torch.float64``, and a ``grad_fn`` has the name of the operation in minigrad.  (That of
the test with a device follows from PyTorch's rules: it was not printed on a GPU.)
"""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from minigrad._printing import get_printoptions, set_printoptions, tensor_text
from minigrad.dtypes import SUPPORTED, float32, float64


@pytest.fixture(autouse=True)
def default_printoptions():
    before = get_printoptions()
    set_printoptions(profile="default")
    yield
    set_printoptions(**before)


def text_of(values, default_dtype=float32, **notes):
    array = np.asarray(values)
    return tensor_text(array, dtype=array.dtype, default_dtype=default_dtype, **notes)


NUMBERS = {
    "whole floats": (np.float32([[1, 2], [3, 4]]), "tensor([[1., 2.],\n        [3., 4.]])"),
    "fractions": (np.float32([1.5, -2.25, 1 / 3]), "tensor([ 1.5000, -2.2500,  0.3333])"),
    "negative zero": (np.float32([-0.0, 0.0, 1.0]), "tensor([-0., 0., 1.])"),
    "nan among whole floats": (np.float32([1, np.nan, -np.inf]), "tensor([1., nan, -inf])"),
    "nan among fractions": (np.float32([0.5, np.nan, np.inf]), "tensor([0.5000,    nan,    inf])"),
    "only nan": (np.float32([np.nan]), "tensor([nan])"),
    "above 1e8": (np.float32([1e8, 3e8]), "tensor([1.0000e+08, 3.0000e+08])"),
    "not above 1e8": (np.float32([1e8]), "tensor([100000000.])"),
    "below 1e-4": (
        np.float32([9e-5, 0.0, -1e-4]),
        "tensor([ 9.0000e-05,  0.0000e+00, -1.0000e-04])",
    ),
    "not below 1e-4": (np.float64([1e-4]), "tensor([0.0001], dtype=float64)"),
    "ratio above 1000": (
        np.float32([1, 1001, np.inf]),
        "tensor([1.0000e+00, 1.0010e+03,        inf])",
    ),
    "ratio of 1000": (np.float32([1, 1000]), "tensor([   1., 1000.])"),
    "float scalar": (np.float32(0.5), "tensor(0.5000)"),
    "float16": (np.float16([0.1, 65504]), "tensor([9.9976e-02, 6.5504e+04], dtype=float16)"),
    "int scalar": (np.int64(3), "tensor(3)"),
    "big ints": (
        np.int64([2**63 - 1, -(2**63), 0]),
        "tensor([ 9223372036854775807, -9223372036854775808,                    0])",
    ),
    "uint8": (np.uint8([[0, 255]]), "tensor([[  0, 255]], dtype=uint8)"),
    "bool": (np.array([True, False]), "tensor([ True, False])"),
    "empty": (np.float32([]), "tensor([])"),
    "empty int": (np.int64([]), "tensor([], dtype=int64)"),
    "empty with size": (np.zeros((0, 3), np.float32), "tensor([], size=(0, 3))"),
}

LINES = {
    "stack of matrices": (
        np.arange(12).reshape(2, 3, 2) * 100,
        "tensor([[[   0,  100],\n"
        "         [ 200,  300],\n"
        "         [ 400,  500]],\n"
        "\n"
        "        [[ 600,  700],\n"
        "         [ 800,  900],\n"
        "         [1000, 1100]]])",
    ),
    "stack of stacks": (
        np.arange(8).reshape(2, 2, 2, 1) * 100,
        "tensor([[[[  0],\n"
        "          [100]],\n"
        "\n"
        "         [[200],\n"
        "          [300]]],\n"
        "\n"
        "\n"
        "        [[[400],\n"
        "          [500]],\n"
        "\n"
        "         [[600],\n"
        "          [700]]]])",
    ),
    "long row": (
        np.arange(25).reshape(1, 1, 25),
        "tensor([[[ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16,\n"
        "          17, 18, 19, 20, 21, 22, 23, 24]]])",
    ),
    "row of zeros": (
        np.zeros(25, np.float32),
        "tensor(["
        "0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., "
        "0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.,\n"
        "        0.])",
    ),
    "summary of a vector": (
        np.arange(1001),
        "tensor([   0,    1,    2,  ...,  998,  999, 1000])",
    ),
    "summary of rows": (
        np.arange(2000).reshape(500, 4),
        "tensor([[   0,    1,    2,    3],\n"
        "        [   4,    5,    6,    7],\n"
        "        [   8,    9,   10,   11],\n"
        "        ...,\n"
        "        [1988, 1989, 1990, 1991],\n"
        "        [1992, 1993, 1994, 1995],\n"
        "        [1996, 1997, 1998, 1999]])",
    ),
    "summary of both axes": (
        np.arange(10000).reshape(100, 100) - 1,
        "tensor([[  -1,    0,    1,  ...,   96,   97,   98],\n"
        "        [  99,  100,  101,  ...,  196,  197,  198],\n"
        "        [ 199,  200,  201,  ...,  296,  297,  298],\n"
        "        ...,\n"
        "        [9699, 9700, 9701,  ..., 9796, 9797, 9798],\n"
        "        [9799, 9800, 9801,  ..., 9896, 9897, 9898],\n"
        "        [9899, 9900, 9901,  ..., 9996, 9997, 9998]])",
    ),
    "the notation is that of what is shown": (
        np.where(np.arange(1001) == 500, 1e30, 1.0),
        "tensor([1., 1., 1.,  ..., 1., 1., 1.], dtype=float64)",
    ),
}


@pytest.mark.parametrize(("array", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_numbers(array, expected):
    assert text_of(array) == expected


@pytest.mark.parametrize(("array", "expected"), LINES.values(), ids=LINES)
def test_lines(array, expected):
    assert text_of(array) == expected


@pytest.mark.parametrize(
    ("options", "array", "expected"),
    [
        ({"precision": 2}, np.float32([1 / 3, 12]), "tensor([ 0.33, 12.00])"),
        ({"precision": 0}, np.float32([0.5, 12]), "tensor([ 0, 12])"),
        ({"precision": 1}, np.float32([1e10, 1]), "tensor([1.0e+10, 1.0e+00])"),
        ({"sci_mode": True}, np.float32([1, 0]), "tensor([1.0000e+00, 0.0000e+00])"),
        ({"sci_mode": True}, np.float32([0, 0]), "tensor([0., 0.])"),
        ({"sci_mode": False}, np.float32([1e9, 1]), "tensor([1000000000.,          1.])"),
        ({"linewidth": 20}, np.arange(8), "tensor([0, 1, 2, 3,\n        4, 5, 6, 7])"),
        ({"linewidth": 1}, np.arange(2), "tensor([0,\n        1])"),
        ({"threshold": 5, "edgeitems": 1}, np.arange(6), "tensor([0,  ..., 5])"),
        ({"threshold": 5, "edgeitems": 1}, np.arange(5), "tensor([0, 1, 2, 3, 4])"),
        (
            {"threshold": 5, "linewidth": 20},
            np.arange(8),
            "tensor([0, 1, 2,  ...,\n        5, 6, 7])",
        ),
        (
            {"threshold": 3, "edgeitems": 0},
            np.arange(4).reshape(2, 2),
            "tensor([...], size=(2, 2))",
        ),
        ({"threshold": 3, "edgeitems": 0}, np.arange(4), "tensor([...], size=(4,))"),
        ({"edgeitems": 0}, np.arange(2), "tensor([0, 1], size=(2,))"),
        (
            {"profile": "short"},
            np.full((201, 5), 1 / 3, np.float32),
            "tensor([[0.33, 0.33,  ..., 0.33, 0.33],\n"
            "        [0.33, 0.33,  ..., 0.33, 0.33],\n"
            "        ...,\n"
            "        [0.33, 0.33,  ..., 0.33, 0.33],\n"
            "        [0.33, 0.33,  ..., 0.33, 0.33]])",
        ),
    ],
)
def test_options(options, array, expected):
    set_printoptions(**options)
    assert text_of(array) == expected


def test_full_profile_never_summarises():
    set_printoptions(profile="full")
    assert "..." not in text_of(np.arange(5000))


def test_dtype_is_named_unless_it_is_the_default_of_its_kind():
    assert text_of(np.float64([1.0])) == "tensor([1.], dtype=float64)"
    assert text_of(np.float64([1.0]), default_dtype=float64) == "tensor([1.])"
    assert text_of(np.float32([1.0]), default_dtype=float64) == "tensor([1.], dtype=float32)"
    assert text_of(np.int32([1])) == "tensor([1], dtype=int32)"


def test_requires_grad_and_grad_fn():
    one = np.float32([1.0])
    assert text_of(one, requires_grad=True) == "tensor([1.], requires_grad=True)"
    assert text_of(one, requires_grad=True, grad_fn="mul") == "tensor([1.], grad_fn=<mul>)"


def test_notes_that_do_not_fit_go_to_a_new_line():
    array = np.float64([[0.25] * 6, [0.5] * 6])
    assert text_of(array, requires_grad=True) == (
        "tensor([[0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500],\n"
        "        [0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000]], dtype=float64,\n"
        "       requires_grad=True)"
    )


def test_notes_break_as_early_as_in_pytorch():
    one_line = "tensor([1.], requires_grad=True)"
    set_printoptions(linewidth=len(one_line) + 1)
    assert text_of(np.float32([1.0]), requires_grad=True) == one_line
    set_printoptions(linewidth=len(one_line))  # it would fit
    text = text_of(np.float32([1.0]), requires_grad=True)
    assert text == "tensor([1.],\n       requires_grad=True)"


def test_device_comes_first():
    text = text_of(np.float64([1.0]), device="cuda:0", requires_grad=True)
    assert text == "tensor([1.], device='cuda:0', dtype=float64, requires_grad=True)"


def test_lines_are_indented_by_the_last_line_of_the_prefix():
    weight = np.float32([[0.5, 1], [2, 3]])
    text = text_of(weight, requires_grad=True, prefix="Parameter containing:\ntensor(")
    assert text == (
        "Parameter containing:\n"
        "tensor([[0.5000, 1.0000],\n"
        "        [2.0000, 3.0000]], requires_grad=True)"
    )


def test_options_at_the_start():
    assert get_printoptions() == {
        "precision": 4,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 80,
        "sci_mode": None,
    }


def test_options_given_override_the_profile():
    set_printoptions(profile="short", precision=6)
    options = get_printoptions()
    assert (options["precision"], options["edgeitems"]) == (6, 2)


def test_options_not_given_stay_except_sci_mode():
    set_printoptions(precision=2, sci_mode=True)
    set_printoptions(linewidth=100)
    options = get_printoptions()
    assert (options["precision"], options["linewidth"], options["sci_mode"]) == (2, 100, None)


def test_options_can_be_numpy_numbers():
    # 2 * edgeitems would not fit into an int8.
    set_printoptions(precision=np.int8(2), edgeitems=np.int8(100), threshold=np.float32(200))
    assert text_of(np.float32([0.5] * 202)).count("0.50") == 200


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"precision": -1}, ValueError),
        ({"precision": 1.5}, TypeError),
        ({"precision": True}, TypeError),
        ({"threshold": math.nan}, ValueError),
        ({"threshold": "1000"}, TypeError),
        ({"edgeitems": -1}, ValueError),
        ({"linewidth": 0}, ValueError),
        ({"profile": "long"}, ValueError),
        ({"sci_mode": 1}, TypeError),
    ],
)
def test_wrong_options_change_nothing(wrong, error):
    before = get_printoptions()
    valid = {"precision": 7, "edgeitems": 7, "linewidth": 70}
    with pytest.raises(error, match=next(iter(wrong))):
        set_printoptions(**{**valid, **wrong})
    assert get_printoptions() == before


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 20),
        "threshold": st.integers(0, 50) | st.just(math.inf),
        "edgeitems": st.integers(0, 5),
        "linewidth": st.integers(1, 200),
        "sci_mode": st.sampled_from([None, True, False]),
    },
)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=8)


@given(hnp.arrays(st.sampled_from(SUPPORTED), SHAPES), OPTIONS)
def test_no_array_raises(array, options):
    set_printoptions(**{"profile": "default", **options})
    text = text_of(array, requires_grad=True)
    assert text.startswith("tensor(") and text.endswith("requires_grad=True)")


@given(hnp.arrays(st.sampled_from([d for d in SUPPORTED if d.kind != "f"]), SHAPES))
def test_ints_and_bools_can_be_read_back(array):
    set_printoptions(profile="full")
    names = {dtype.name: dtype for dtype in SUPPORTED}
    read = eval(text_of(array), {**names, "tensor": lambda elements, **notes: elements})
    np.testing.assert_array_equal(np.array(read, array.dtype).reshape(array.shape), array)
