"""Gradients of random shapes: broadcasts, reductions, matrix products and indices that Hypothesis makes up."""

import numpy as np
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as shapes_of

import minigrad as mg
from minigrad.testing import check_gradients

BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / (b * b + 1),
    "pow": lambda a, b: (a * a + 1) ** b,
    "where": lambda a, b: mg.where(a.detach() > b.detach(), a * a, b * a),
    "linear": lambda a, b: (a * 2 + b).tanh(),
}
REDUCTIONS = ("sum", "mean", "var", "std", "prod", "logsumexp", "norm", "amax", "amin")

EFFORT = settings(max_examples=60, deadline=None)


def numbers(shape, seed):
    """Return numbers that are all different, so that no extreme is a tie."""
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape))
    values = (rng.permutation(count) + rng.uniform(0.2, 0.8, count)) / max(count, 1)
    return (2 * values - 0.9).reshape(shape)


@EFFORT
@given(
    shapes=shapes_of.mutually_broadcastable_shapes(
        num_shapes=2, max_dims=3, max_side=3, min_side=0
    ),
    name=st.sampled_from(sorted(BINARY)),
    seed=st.integers(0, 10_000),
)
def test_broadcasts(shapes, name, seed):
    inputs = [numbers(shape, seed + i) for i, shape in enumerate(shapes.input_shapes)]
    check_gradients(BINARY[name], *inputs, directions=1, seed=seed)


@EFFORT
@given(data=st.data(), name=st.sampled_from(REDUCTIONS), seed=st.integers(0, 10_000))
def test_reductions(data, name, seed):
    shape = data.draw(shapes_of.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=3))
    axes = data.draw(shapes_of.valid_tuple_axes(len(shape), min_size=1))
    keepdim = data.draw(st.booleans())
    check_gradients(
        lambda x: getattr(x, name)(dim=axes, keepdim=keepdim),
        numbers(shape, seed),
        directions=1,
        seed=seed,
    )


@EFFORT
@given(
    shapes=shapes_of.mutually_broadcastable_shapes(
        signature="(n?,k),(k,m?)->(n?,m?)", max_dims=2, max_side=3
    ),
    seed=st.integers(0, 10_000),
)
def test_matrix_products(shapes, seed):
    inputs = [numbers(shape, seed + i) for i, shape in enumerate(shapes.input_shapes)]
    check_gradients(lambda a, b: a @ b, *inputs, directions=1, seed=seed)


@EFFORT
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_indices(data, seed):
    shape = data.draw(shapes_of.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    index = data.draw(
        st.one_of(
            shapes_of.basic_indices(shape, allow_newaxis=True),
            shapes_of.integer_array_indices(shape),
        )
    )
    values = numbers(shape, seed)
    expected = values[index]
    found = mg.tensor(values)[index]
    assert np.array_equal(found.numpy(), expected)
    if expected.size:
        check_gradients(lambda x: (x[index] * 1.5).sin(), values, directions=1, seed=seed)


@EFFORT
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_views_in_any_order_compose(data, seed):
    shape = data.draw(shapes_of.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=3))
    moves = data.draw(
        st.lists(st.sampled_from(["T", "flip", "roll", "flat", "new", "twice"]), max_size=5)
    )

    def moved(x):
        for move in moves:
            if move == "T":
                x = x.T
            elif move == "flip":
                x = x.flip(0)
            elif move == "roll":
                x = x.roll(1, -1)
            elif move == "flat":
                x = x.reshape(-1, 1)
            elif move == "new":
                x = x.unsqueeze(0).squeeze(0)
            else:
                x = mg.cat([x, x * 2], 0)
        return x.sin()

    check_gradients(moved, numbers(shape, seed), directions=1, seed=seed)
