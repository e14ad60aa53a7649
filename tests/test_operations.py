"""Every registered operation holds what an operation has to hold; and the checks catch what does not.

The registry drives the first part: an operation that is added without sample inputs fails here.
"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import testing
from minigrad.autograd import GradcheckError, grad, gradcheck, gradgradcheck
from minigrad.backend import Device
from minigrad.ops import REGISTRY
from minigrad.testing import assert_close, check_gradients, check_operation, complex_step

OPERATIONS = {name: op for name, op in REGISTRY.items() if op.__module__.startswith("minigrad.")}
WITHOUT_DERIVATIVE = sorted(name for name, op in OPERATIONS.items() if not op.differentiable)


def leaf(values, device="cpu"):
    return mg.tensor(np.array(values, dtype=np.float64), device=device, requires_grad=True)


# The operations -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name, device):
    """Value, gradient, second order, dtype, purity, twin and complex step, on all its samples."""
    check_operation(OPERATIONS[name], device=device)


def descending(x, axis):
    return np.argsort(-x, axis=axis, kind="stable")


NUMPY = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal, "logical_and": np.logical_and, "logical_or": np.logical_or,
    "logical_xor": np.logical_xor, "logical_not": np.logical_not, "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor, "invert": np.invert,
    "isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite, "any": np.any, "all": np.all,
    "argmax": np.argmax, "argmin": np.argmin, "count_nonzero": np.count_nonzero,
    "argsort": lambda x, axis=-1, descending=False: np.argsort(
        -x if descending else x, axis=axis, kind="stable"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_DERIVATIVE)
def test_operation_without_derivative_does_as_numpy(name, device):
    op = OPERATIONS[name]
    for inputs, params in testing.samples_of(op):
        found = op(*(mg.tensor(value, device=device) for value in inputs), **params)
        expected = np.asarray(NUMPY[name](*inputs, **params))
        assert not found.requires_grad
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.cpu().numpy(), expected)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - set(WITHOUT_DERIVATIVE)))
def test_nothing_is_copied_to_the_host(name, transfers):
    """Forward, backward and second order run without waiting for the device."""
    op, strict = OPERATIONS[name], Device("strict")
    mg.set_default_device("strict")
    for inputs, params in testing.samples_of(op):
        params = {key: testing.on_device(value, strict) for key, value in params.items()}
        leaves = [
            leaf(value, "strict") if isinstance(value, (np.ndarray, np.generic)) else value
            for value in inputs
        ]
        variables = [value for value in leaves if isinstance(value, mg.Tensor)]
        with transfers.forbidden():
            results = op(*leaves, **params)
            for result in results if isinstance(results, tuple) else (results,):
                if not result.requires_grad:
                    continue
                result.sum().backward(retain_graph=True)
                first = grad(result.sum(), variables, create_graph=True, materialize_grads=True)
                total = sum((one * one).sum() for one in first)
                if total.requires_grad:
                    total.backward(retain_graph=True)


FORMULAS = {
    "linear": lambda x, w, b: x @ w.T + (0 if b is None else b),
    "log_softmax": lambda x, axis=-1: x - np.log(np.exp(x).sum(axis, keepdims=True)),
    "mse_loss": lambda x, y, reduction="mean": reduced((x - y) ** 2, reduction),
    "binary_cross_entropy_with_logits": lambda x, y, reduction="mean": reduced(
        -y * np.log(1 / (1 + np.exp(-x))) - (1 - y) * np.log(1 - 1 / (1 + np.exp(-x))), reduction
    ),
    "cross_entropy": lambda x, target, shares, reduction: weighted(
        -np.log(np.exp(x) / np.exp(x).sum(1, keepdims=True))[np.arange(len(x)), target],
        shares,
        reduction,
    ),
    "batch_norm": lambda x, w, b, eps=1e-5: (
        (x - x.mean(0)) / np.sqrt(x.var(0) + eps) * (1 if w is None else w)
        + (0 if b is None else b)
    ),
    "layer_norm": lambda x, w, b, eps=1e-5: (
        (x - x.mean(-1, keepdims=True))
        / np.sqrt(x.var(-1, keepdims=True) + eps)
        * (1 if w is None else w)
        + (0 if b is None else b)
    ),
}


def weighted(losses, shares, reduction):
    shares = np.ones(len(losses)) if shares is None else shares
    if reduction == "mean":
        return np.average(losses, weights=shares)
    return reduced(losses * shares, reduction)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(np, reduction)(losses)


@pytest.mark.parametrize("name", [name for name, op in OPERATIONS.items() if op.composite])
def test_fused_operation_has_the_value_of_its_formula(name, device):
    """The twin, to which it is compared otherwise, may share a mistake with it."""
    for inputs, params in testing.samples_of(OPERATIONS[name]):
        placed = {key: testing.on_device(value, Device(device)) for key, value in params.items()}
        tensors = [mg.tensor(v) if isinstance(v, np.ndarray) else v for v in inputs]
        assert_close(OPERATIONS[name](*tensors, **placed), FORMULAS[name](*inputs, **params), 1e-10)


@pytest.mark.parametrize("magnitude", [0.0, 1.0, 30.0, 100.0, 1e4])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.sigmoid(),
        lambda x: mg.nn.functional.softplus(x),
        lambda x: mg.nn.functional.logsigmoid(x),
        lambda x: x.softmax(-1),
        lambda x: x.log_softmax(-1),
        lambda x: x.logsumexp(-1),
        lambda x: x.tanh(),
        lambda x: x.erf(),
        lambda x: OPERATIONS["binary_cross_entropy_with_logits"](x, mg.tensor([0.0, 1.0, 0.3])),
        lambda x: OPERATIONS["cross_entropy"](x.unsqueeze(0), target=mg.tensor([1])),
    ],
)
def test_large_logits_have_finite_values_slopes_and_curvatures(function, magnitude, device):
    x = mg.tensor([magnitude, -magnitude, 0.5], dtype=mg.float32, requires_grad=True)
    y = function(x)
    (slope,) = grad(y.sum(), x, create_graph=True)
    (curvature,) = grad((slope * slope).sum() + 0 * x.sum(), x)
    for result in (y, slope, curvature):
        assert result.dtype == mg.float32
        assert bool(result.isfinite().all())


def test_integers_have_no_gradients(device):
    with pytest.raises(TypeError, match=r"only floating tensors.*int64.*\.float\(\)"):
        mg.tensor([1, 2], requires_grad=True)
    with pytest.raises(TypeError, match="bool"):
        mg.tensor(True).requires_grad_()
    counts, x = mg.tensor([2, 3]), mg.tensor([1.0, 2.0], requires_grad=True)
    (counts * x).sum().backward()
    assert x.grad.tolist() == [2.0, 3.0] and counts.grad is None
    with pytest.raises(RuntimeError, match="does not require gradients"):
        (counts * 2).sum().backward()
    with pytest.raises(TypeError, match="has to be floating, got int64"):
        (x * 2).backward(mg.tensor([1, 1]))
    assert not x.long().requires_grad
    with pytest.raises(TypeError, match="argument 0 is int64"):
        mg.func.grad(lambda n: n * 2)(mg.tensor(3))


# The check of an operation catches what is wrong ----------------------------------------------------


def scaled(**options):
    """Return an operation that doubles its input, to be spoilt by a test."""

    @mg.op(**options)
    def twice(xp, x):
        return 2 * x

    twice.vjp(x=lambda xp, g: 2 * g)
    return twice.samples(lambda draw: [((draw((2, 3)),), {})])


def test_a_right_operation_passes(device):
    check_operation(scaled(analytic=True), device=device)


def test_an_operation_without_samples_fails():
    @mg.op
    def unsampled(xp, x):
        return x

    unsampled.vjp(x=lambda xp, g: g)
    with pytest.raises(AssertionError, match="'unsampled' has no sample inputs: declare some"):
        check_operation(unsampled)
    with pytest.raises(AssertionError, match="samples of operation 'unsampled' are empty"):
        check_operation(unsampled.samples(lambda draw: []))


def test_samples_that_check_nothing_fail():
    op = scaled().samples(lambda draw: [((np.array([1, 2]),), {})])
    with pytest.raises(ValueError, match="none of the inputs requires gradients"):
        check_operation(op)


def test_an_operation_without_a_rule_fails():
    @mg.op
    def unruled(xp, x, y):
        return x + y

    unruled.vjp(x=lambda xp, g: g).samples(lambda draw: [((draw(()), draw(())), {})])
    with pytest.raises(RuntimeError, match="'unruled' has no derivative for its input 'y'"):
        check_operation(unruled)


@pytest.mark.parametrize("composite", ["itself", "wrapped"])
def test_a_fused_operation_compared_with_itself_fails(composite):
    op = scaled()
    op.stands_for(op if composite == "itself" else lambda x: 0 + op(x))
    with pytest.raises(AssertionError, match="stands for itself"):
        check_operation(op)


def test_two_names_for_one_function_are_no_comparison():
    with pytest.raises(AssertionError, match="compared with itself"):
        testing.check_twin(mg.sin, mg.sin, [leaf([1.0])])


@pytest.mark.parametrize(
    "composite",
    [
        lambda x: 2.001 * x,
        lambda x: 2 * x.detach(),
        lambda x: 2 * x + (x - x.detach()),
        lambda x: 2 * x + (x - x.detach()) ** 2,
    ],
    ids=["value", "no gradient", "gradient", "curvature"],
)
def test_a_fused_operation_that_differs_from_its_composite_fails(composite, device):
    with pytest.raises((AssertionError, RuntimeError)):
        check_operation(scaled().stands_for(composite), device=device)


def test_float64_that_creeps_in_fails():
    @mg.op
    def strong(xp, x):
        return np.float64(2) * x

    strong.vjp(x=lambda xp, g: 2 * g).samples(lambda draw: [((draw((3,)),), {})])
    with pytest.raises(AssertionError, match="float32 inputs gave a result in float64"):
        check_operation(strong)

    gradual = scaled().vjp(x=lambda xp, g: np.float64(2) * g)
    with pytest.raises(AssertionError, match="float32 inputs gave a gradient .* float64"):
        check_operation(gradual)


def test_writing_into_an_input_or_a_gradient_fails(device):
    @mg.op
    def careless(xp, x):
        x *= 2
        return xp.array(x)

    careless.vjp(x=lambda xp, g: 2 * g).samples(lambda draw: [((draw((3,)),), {})])
    with pytest.raises(AssertionError, match="was written"):
        check_operation(careless, device=device)

    def greedy(xp, g):
        if isinstance(g, mg.Tensor):
            return 2 * g
        g *= 2
        return g

    with pytest.raises(AssertionError):  # on the host it writes into the check's own numbers
        check_operation(scaled().vjp(x=greedy), device=device)


def test_a_derivative_of_what_has_none_fails():
    @mg.op
    def hidden(xp, x):
        return x > 0

    hidden.vjp(x=lambda xp, g: g).differentiable = False
    check_operation(hidden.samples(lambda draw: [((draw((3,)),), {})]))
    with pytest.raises(ValueError, match="no floating output"):
        hidden.differentiable = True
        check_operation(hidden)


def test_another_value_than_on_the_host_fails():
    @mg.op(differentiable=False)
    def cheating(xp, x):
        return x if xp is np else x + 1

    cheating.samples(lambda draw: [((draw((3,)),), {})])
    check_operation(cheating)
    with pytest.raises(AssertionError, match="Mismatched elements"):
        check_operation(cheating, device="strict")


def test_a_report_names_operation_shapes_and_keywords():
    op = scaled().vjp(x=lambda xp, g: 3 * g)
    with pytest.raises(
        GradcheckError, match=r"^twice, inputs \[\(2, 3\)\], keywords \{\}:\nderivative"
    ):
        check_operation(op)


# The gradient check catches wrong rules -------------------------------------------------------------


@mg.op
def product(xp, x, y):
    return xp.matmul(x, y)


@mg.op
def squared(xp, x):
    return x * x


@mg.op
def shares(xp, x):
    grown = xp.exp(x)
    return grown / xp.sum(grown, axis=-1, keepdims=True)


@mg.op
def matrix_square(xp, x):
    return xp.matmul(x, x)


def spoilt(op, *joint, **rules):
    """Return an operation with the forward of another one and its own derivative."""
    return mg.op(op.forward).vjp(*joint, **rules)


def t(xp, x):
    return xp.swapaxes(x, -1, -2)


X, Y = [[0.3, -1.2], [0.7, 2.0]], [[1.1, 0.4], [-0.6, 0.9]]

RIGHT = {
    "squared": (spoilt(squared, x=lambda xp, g, x: 2 * g * x), [X]),
    "product": (
        spoilt(
            product,
            x=lambda xp, g, y: xp.matmul(g, t(xp, y)),
            y=lambda xp, g, x: xp.matmul(t(xp, x), g),
        ),
        [X, Y],
    ),
    "shares": (
        spoilt(
            shares,
            x=lambda xp, g, out: out * (g - xp.sum(g * out, axis=-1, keepdims=True)),
        ),
        [X],
    ),
    "matrix square": (
        spoilt(matrix_square, x=lambda xp, g, x: xp.matmul(g, t(xp, x)) + xp.matmul(t(xp, x), g)),
        [X],
    ),
}
WRONG = {
    "zero": (spoilt(squared, x=lambda xp, g, x: 0 * g * x), [X]),
    "sign": (spoilt(squared, x=lambda xp, g, x: -2 * g * x), [X]),
    "missing factor": (spoilt(squared, x=lambda xp, g, x: g * x), [X]),
    "off by a millionth in ten": (spoilt(squared, x=lambda xp, g, x: 2.00002 * g * x), [X]),
    "ignores the cotangent": (spoilt(squared, x=lambda xp, g, x: 2 * x), [X]),
    "averages the cotangent": (spoilt(squared, x=lambda xp, g, x: 2 * x * xp.mean(g)), [X]),
    "transposed": (
        spoilt(
            product,
            x=lambda xp, g, y: xp.matmul(g, y),
            y=lambda xp, g, x: xp.matmul(t(xp, x), g),
        ),
        [X, Y],
    ),
    "second input only": (
        spoilt(
            product,
            x=lambda xp, g, y: xp.matmul(g, t(xp, y)),
            y=lambda xp, g, x: xp.matmul(x, g),
        ),
        [X, Y],
    ),
    # The sum of the shares is 1 whatever x is: zero is the right answer to a cotangent of ones.
    "orthogonal to ones": (spoilt(shares, x=lambda xp, g, out: 0 * g * out), [X]),
    "right for symmetric input": (
        spoilt(matrix_square, x=lambda xp, g, x: xp.matmul(g, x) + xp.matmul(x, g)),
        [X],
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_pass(name, device):
    op, points = RIGHT[name]
    leaves = [leaf(point, device) for point in points]
    assert gradcheck(op, leaves) and gradgradcheck(op, leaves)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_caught(name, device):
    op, points = WRONG[name]
    leaves = [leaf(point, device) for point in points]
    with pytest.raises(GradcheckError, match="they differ\n.*finite differences .*, rules "):
        gradcheck(op, leaves)
    assert gradcheck(op, leaves, raise_exception=False) is False
    with pytest.raises(GradcheckError):
        check_gradients(op, *map(np.array, points), order=1, device=device)


def test_what_a_check_with_ones_would_let_pass():
    """The last two wrong rules are right where many checkers look."""
    x = leaf(X)
    WRONG["orthogonal to ones"][0](x).sum().backward()
    assert_close(x.grad, np.zeros((2, 2)))
    gradcheck(WRONG["right for symmetric input"][0], leaf([[1.0, 2.0], [2.0, 3.0]]))


def test_a_cached_constant_passes_the_first_order_only(device):
    """A derivative made of a raw array is right once and constant for the next derivative."""
    cache = {}

    @mg.op
    def forgetful(xp, x):
        cache["slope"] = 1 - xp.tanh(x) ** 2
        return xp.tanh(x)

    forgetful.vjp(x=lambda xp, g: g * cache["slope"])
    x = leaf(X, device)
    assert gradcheck(forgetful, x)
    with pytest.raises(GradcheckError, match="derivative of output 0 with respect to input 0"):
        gradgradcheck(forgetful, x)
    with pytest.raises(GradcheckError):
        check_gradients(forgetful, np.array(X), device=device)
    assert gradgradcheck(forgetful, x, raise_exception=False) is False


def test_a_gradient_cut_off_from_the_graph_is_caught(device):
    op = spoilt(squared, x=lambda xp, g, x: detached(2 * g * x))

    def detached(value):
        return value.detach() if isinstance(value, mg.Tensor) else value

    x = leaf(X, device)
    assert gradcheck(op, x)
    with pytest.raises(GradcheckError, match="gradient of input 0 has no second derivative"):
        gradgradcheck(op, x)
    assert gradgradcheck(op, x, raise_exception=False) is False


def test_a_rule_for_one_of_several_outputs_is_caught(device):
    @mg.op
    def both(xp, x):
        return x * x, x * x * x

    x = leaf([0.5, 1.5], device)
    right = both.vjp(lambda xp, g, needs, x: (2 * g[0] * x + 3 * g[1] * x * x,))
    assert gradcheck(right, x) and gradgradcheck(right, x)
    wrong = spoilt(both, lambda xp, g, needs, x: (2 * g[0] * x + 2 * g[1] * x * x,))
    with pytest.raises(GradcheckError, match="derivative of output 1 with respect to input 0"):
        gradcheck(wrong, x)


def test_a_detached_result_is_caught(device):
    with pytest.raises(GradcheckError, match="rules 0"):
        gradcheck(lambda x: 2 * x.detach() + 0 * x, leaf([1.0, 2.0], device))
    with pytest.raises(GradcheckError, match="rules 0"):
        gradcheck(lambda x: 2 * x.detach(), leaf([1.0, 2.0], device))


# The check itself -----------------------------------------------------------------------------------


def test_a_coarse_difference_fails_a_right_rule(monkeypatch):
    """Were the numbers not compared, or with too much tolerance, this would pass."""
    module = gradcheck.__globals__
    monkeypatch.setitem(module, "STEPS", (1.0, 0.5))
    with pytest.raises(GradcheckError):
        gradcheck(mg.exp, leaf([0.3, 1.0]))


def test_a_tolerance_that_is_asked_for_is_used():
    op = spoilt(squared, x=lambda xp, g, x: 2.002 * g * x)
    assert gradcheck(op, leaf(X), rtol=1e-2)
    with pytest.raises(GradcheckError):
        gradcheck(op, leaf(X), rtol=1e-5)


@pytest.mark.parametrize(
    ("function", "point"),
    [
        (mg.abs, [0.0, 1.0]),
        (mg.relu, [-1.0, 0.0, 2.0]),
        (lambda x: x.clamp(0.0, 1.0), [0.5, 1.0]),
        (lambda x: mg.maximum(x, x.flip(0)), [2.0, 2.0]),
        (lambda x: x.max(), [1.0, 3.0, 3.0]),
        (lambda x: x.norm(), [0.0, 0.0]),
    ],
)
def test_a_kink_is_reported(function, point):
    with pytest.raises(GradcheckError, match="has a kink here.*choose other inputs"):
        gradcheck(function, leaf(point))


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e3, 1e6])
def test_smooth_functions_of_any_scale_have_no_kink(scale):
    assert gradcheck(lambda x: scale * (x**3 - x).exp(), leaf([0.2, -0.7, 1.1]))
    assert gradcheck(lambda x: x.square() / 2 + x.sin(), leaf([0.0, 1e-9, scale]))


def test_float32_is_refused():
    with pytest.raises(ValueError, match=r"input 1 is float32; .*float64, use \.double\(\)"):
        gradcheck(mg.add, [leaf([1.0]), mg.ones(1, dtype=mg.float32, requires_grad=True)])


def test_a_check_of_nothing_is_refused():
    with pytest.raises(ValueError, match="none of the inputs requires gradients"):
        gradcheck(mg.sin, mg.ones(2, dtype=mg.float64))
    with pytest.raises(ValueError, match="no floating output"):
        gradcheck(lambda x: x > 0, leaf([1.0]))


def test_a_function_that_is_not_deterministic_is_reported(device):
    with pytest.raises(GradcheckError, match="not deterministic"):
        gradcheck(lambda x: x * mg.rand(2, dtype=mg.float64), leaf([1.0, 2.0], device))


def test_a_gradient_of_another_dtype_is_reported(device):
    op = spoilt(squared, x=lambda xp, g, x: as_float32(2 * g * x))

    def as_float32(value):
        return value.float() if isinstance(value, mg.Tensor) else mg.as_tensor(value).float().array

    with pytest.raises(GradcheckError, match=r"gradient of input 0 is \(2, 2\) float32.*float64"):
        gradcheck(op, leaf(X, device))


def test_a_value_that_is_not_finite_is_reported():
    with np.errstate(all="ignore"), pytest.raises(GradcheckError, match="not finite"):
        gradcheck(mg.log, leaf([0.0, 1.0]))


def test_the_report_names_the_worst_entry(device):
    weights = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])

    @mg.op
    def patchy(xp, x):
        return x * x

    def rule(xp, g, x):
        return 2 * g * x * mg.tensor(weights) if isinstance(g, mg.Tensor) else mask(2 * g * x)

    def mask(value):
        return value * mg.tensor(weights).array

    x = leaf([[0.5, 1.0, 1.5], [2.0, 2.5, 3.0]], device)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(patchy.vjp(x=rule), x)
    assert (
        "worst entry of the Jacobian: d output[1, 2] / d input[1, 2]: finite differences 6"
        in str(caught.value)
    )
    assert str(caught.value).endswith("rules 0")
    assert "with respect to input 0 (shape (2, 3))" in str(caught.value)


def test_what_is_no_variable_is_handed_on(device):
    """Constants, integers and other objects among the inputs are left alone."""
    index = mg.tensor([1, 1, 0])
    assert gradcheck(lambda x, i, n: x[i] * n, [leaf([1.0, 2.0], device), index, 3.0])
    check_gradients(lambda x, i, n: x[i] * n, np.array([1.0, 2.0]), np.array([1, 1, 0]), 3.0)


def test_gradgradcheck_with_given_cotangents(device):
    x = leaf([0.5, -0.3], device)
    assert gradgradcheck(mg.sin, x, mg.tensor([1.0, 2.0], dtype=mg.float64))


def test_complex_step_sees_what_differences_cannot():
    """Its derivative has no rounding error of a difference: a rule off by 1e-9 is caught."""
    op = mg.op(squared.forward, analytic=True).vjp(x=lambda xp, g, x: 2 * (1 + 1e-9) * g * x)
    assert gradcheck(op, leaf(X))
    with pytest.raises(AssertionError):
        complex_step(op, (np.array(X),), {})
    complex_step(RIGHT["squared"][0], (np.array(X),), {})
    with pytest.raises(AssertionError):
        check_operation(op.samples(lambda draw: [((draw((3,)),), {})]))


def test_the_same_seed_gives_the_same_verdict_and_samples():
    first, second = testing.Draw(3), testing.Draw(3)
    np.testing.assert_array_equal(first((2, 3)), second((2, 3)))
    apart = testing.Draw(0)((1000,), -1, 1, away=(0.0, 0.5), margin=0.1)
    assert np.abs(apart).min() >= 0.1 - 1e-12 and np.abs(apart - 0.5).min() >= 0.1 - 1e-12


# Declarations that cannot be meant ------------------------------------------------------------------


def three(xp, x, k=2, *, axis=0):
    return k * x


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: mg.op(three), r"^three: options come after `\*`, inputs have no default: "
                               r"def three\(xp, x, \*, k=2, axis=0\)$"),
        (lambda: mg.op(lambda x, y: x), r"first argument is xp, .*\(xp, x, y\)$"),
        (lambda: mg.op(lambda: 1), r"\(xp, x\)$"),
        (lambda: mg.op(np.exp), r"^op: expected a function \(xp, x, \.\.\.\), got ufunc"),
        (lambda: mg.op(squared.forward).vjp(x=lambda xp, x: 2 * x),
         r"^a rule of 'squared' begins with \(xp, g\), g being the gradient of the output, .*got \(xp, x\)$"),
        (lambda: mg.op(squared.forward).vjp(x=lambda g, out: g * out), r"got \(g, out\)$"),
        (lambda: mg.op(squared.forward).vjp(x=lambda g: g), r"got \(g\)$"),
        (lambda: mg.op(product.forward).vjp(lambda xp, g, x, y: (g, g)), r"\(xp, g, needs\), .*got \(xp, g, x, y\)"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_meant_is_refused(declare, words):
    with pytest.raises(TypeError, match=words):
        declare()


def test_a_rule_may_call_its_first_arguments_otherwise():
    op = mg.op(squared.forward).vjp(x=lambda np, gradient, x: 2 * gradient * x)
    x = mg.tensor(3.0, requires_grad=True)
    assert mg.autograd.grad(op(x), x)[0].item() == 6.0


def test_a_function_of_numpy_in_a_rule_that_is_differentiated_is_pointed_out():
    op = mg.op(lambda xp, x: xp.exp(x)).vjp(x=lambda xp, g, x: g * np.exp(x))
    x = mg.tensor(1.0, requires_grad=True)
    with pytest.raises(TypeError) as caught:
        mg.autograd.grad(op(x), x, create_graph=True)
    assert caught.value.__notes__[0].endswith("write xp.exp, and not np.exp.")
