"""``explain`` and the table in the docs show the rules that run, each beside its own input."""

import importlib
import re

import pytest

import minigrad as mg
from minigrad import ops
from minigrad.explaining import OTHER_NAMES, explain
from minigrad.ops import texts


@mg.op(kinks="slope 0 at 0")
def ramp(xp, x, y):
    r"""Ramp, :math:`\max(x, 0) + y`."""
    return xp.maximum(x, 0) + y


ramp.vjp(x=lambda xp, g, x: g * (x > 0), y=lambda xp, g: g)


class Cube(mg.autograd.Function):
    """Cube, :math:`x^3`."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


# What it says -----------------------------------------------------------------------------------------


def test_what_is_shown():
    assert str(explain("maximum")) == (
        "maximum(x, y): Larger of two, max(x, y).\n\n"
        "    out = xp.maximum(x, y)\n"
        "    gradient of x += through(xp, g, x > y) + through(xp, 0.5 * g, x == y)\n"
        "    gradient of y += through(xp, g, y > x) + through(xp, 0.5 * g, x == y)\n\n"
        "kinks: ties: one half to each\n"
        "g: the gradient of out; xp: NumPy or CuPy\n"
        "through: Return g where mask holds and 0 elsewhere, also where g is infinite or nan."
    )
    assert repr(explain("maximum")) == str(explain("maximum"))


def test_a_rule_of_several_lines_stands_below_its_name():
    shown = str(explain("silu"))
    assert "    gradient of x:\n        def _silu(xp, g, x):\n            s = sigmoid" in shown


def test_a_fused_operation_shows_what_it_stands_for():
    explanation = explain("linear")
    assert explanation.fused.startswith("def _linear(x, weight, bias):\n    product = x @ weight.T")
    assert "fused; the plain operations it stands for:\n    def _linear" in str(explanation)
    assert explain("tanh").fused == ""


def test_one_rule_for_all_inputs_stands_under_their_names():
    (names,) = explain("batch_norm").derivatives
    assert names == "x, weight, bias"


def test_what_the_rules_call_is_explained_too():
    explanation = explain("mean")
    assert list(explanation.legend) == ["g", "xp", "x_shape"]
    assert explanation.helpers["count"] == "Return how many elements go into one result."
    assert str(explanation).endswith(
        "g: the gradient of out; xp: NumPy or CuPy; x_shape: the shape of x\n"
        "total: Return xp.sum(x, axis=axis, keepdims=keepdims) of floating numbers.\n"
        "count: Return how many elements go into one result.\n"
        "_spread: Give the gradient of a reduction to everything that was reduced."
    )
    assert "- `count`: Return how many" in explanation._repr_markdown_()


def test_no_derivative():
    explanation = explain("argmax")
    assert explanation.derivatives == {}
    assert "no derivative: the result is bool or an index" in str(explanation)
    assert "no derivative" in explanation._repr_markdown_()


def test_the_forward_is_code_without_its_docstring():
    assert explain("eq").forward == "x == y"
    assert explain("log1p").forward == "xp.log1p(x)"
    assert explain("cross_entropy").forward.startswith("def cross_entropy(xp, x, *, target")
    assert '"""' not in explain("batch_norm").forward


def test_a_notebook_shows_markdown():
    shown = explain("softplus")._repr_markdown_()
    assert r"$\ln(1 + e^{\beta x}) / \beta$" in shown
    assert "gradient of x:\n\n```python\ndef _softplus(" in shown
    assert "gradient of x: `g * (1 - out * out)`" in explain("tanh")._repr_markdown_()


@pytest.mark.parametrize("name", sorted(ops.REGISTRY))
def test_every_operation_is_explained(name):
    op = ops.REGISTRY[name]
    explanation = explain(name)
    for text in (explanation.forward, explanation.fused, *explanation.derivatives.values()):
        assert "not to be had" not in text
    assert not re.search(r"[\\${}]|:\w+:|``", explanation.meaning)
    assert bool(explanation.fused) == (op.composite is not None)
    if op.differentiable and op.joint is None:
        assert list(explanation.derivatives) == list(op.rules)


@pytest.mark.parametrize("name, known", OTHER_NAMES.items())
def test_other_names(name, known):
    assert explain(name).name == known


# What it takes ----------------------------------------------------------------------------------------


def test_an_operation_may_be_named_in_many_ways():
    x = mg.tensor(2.0, requires_grad=True)
    y = x.tanh()
    tanh = explain("tanh")
    for way in (ops.REGISTRY["tanh"], mg.tanh, y, y.node):
        assert explain(way) == tanh
    assert explain(mg.multiply).name == "mul"


def test_one_output_of_several():
    matrix = mg.eye(2).requires_grad_()
    assert explain(mg.linalg.slogdet(matrix)[1]).name == "slogdet"


def test_an_operation_of_ones_own():
    explanation = explain(ramp)
    assert explanation.meaning == "Ramp, max(x, 0) + y."
    assert explanation.derivatives == {"x": "g * (x > 0)", "y": "g"}
    assert explanation.kinks == "slope 0 at 0"


def test_a_function_in_pytorchs_style():
    for way in (Cube, Cube.apply(mg.tensor(2.0, requires_grad=True))):
        explanation = explain(way)
        assert explanation.name == "Cube" and explanation.meaning == "Cube, x³."
        assert explanation.inputs == ("x",)
        assert explanation.derivatives["x"].startswith("def backward(ctx, g):")
        assert "gradient of x:\n        def backward(ctx, g):\n" in str(explanation)


def test_functions_on_one_line_and_arguments_by_any_name(tmp_path, monkeypatch):
    (tmp_path / "one_liners.py").write_text(
        "import minigrad as mg\n"
        "class Scale(mg.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, x, g): ctx.g = g; return x * g\n"
        "    @staticmethod\n"
        "    def backward(ctx, slope): 'Scaled.'; return slope * ctx.g, None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert str(explain(importlib.import_module("one_liners").Scale)) == (
        "Scale(x, g)\n\n"
        "    forward:\n"
        "        def forward(ctx, x, g):\n"
        "            ctx.g = g\n"
        "            return x * g\n"
        "    gradient of x, g += (slope * ctx.g, None)\n\n"
        "ctx: what forward leaves for backward; slope: the gradient of the output"
    )


def test_a_function_that_sets_up_its_context_apart():
    class Twice(mg.autograd.Function):
        @staticmethod
        def forward(x, *, factor=2):
            return x * factor

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, g):
            return g * 2

    explanation = explain(Twice)
    assert explanation.signature == "Twice(x, factor)"
    assert "gradient of x += g * 2" in str(explanation)


def test_pythons_methods():
    for method, name in (
        ("add", "add"),
        ("rsub", "sub"),
        ("truediv", "div"),
        ("getitem", "getitem"),
    ):
        assert explain(getattr(mg.Tensor, f"__{method}__")).name == name
    assert explain("__imul__").name == "mul"


def test_a_rule_that_uses_names_around_it():
    def scaled_by(k):
        @mg.op
        def scaled(xp, x):
            return k * x

        return scaled.vjp(x=lambda xp, g: g * k if k else (lambda: g)())

    assert explain(scaled_by(3)).derivatives == {"x": "g * k if k else (lambda: g)()"}


def test_without_source_it_says_so():
    names = {"mg": mg}
    exec(
        "@mg.op\ndef twice(xp, x): return 2 * x\ntwice.vjp(x=lambda xp, g: 2 * g)\n"
        "class Twice(mg.autograd.Function):\n    forward = backward = staticmethod(twice)",
        names,
    )
    explanation = explain(names["twice"])
    assert explanation.forward == "(twice: its source is not to be had)"
    assert explanation.derivatives == {"x": "(<lambda>: its source is not to be had)"}
    assert "its source is not to be had" in str(explain(names["Twice"]))


def test_the_text_of_another_rule_is_refused(tmp_path):
    """A file that was edited after it was imported: a wrong text would be worse than none."""
    file = tmp_path / "rules.py"
    file.write_text("rule = lambda xp, g, y: g + y\n")
    code = compile("rule = lambda xp, g, y: g * y\n", str(file), "exec")
    names = {}
    exec(code, names)
    with pytest.raises(ValueError, match=r"line 1 of .*rules\.py has changed"):
        texts.source_of(names["rule"])


@pytest.mark.parametrize(
    "asked, words",
    [
        ("tanhh", "there is no operation 'tanhh'; did you mean 'tanh' or 'atanh' or 'tan'?"),
        (
            "zzz",
            "there is no operation 'zzz'; what is computed by several operations .* for one of yours pass the operation itself$",
        ),
        ("__zadd__", "there is no operation '__zadd__'"),
        (mg.logaddexp, "no operation 'logaddexp'; .* mg.draw shows which they are"),
        (mg.tensor(1.0), "no recorded operation made this tensor, it is a leaf or a constant"),
        (mg.ones(2, requires_grad=True), "no recorded operation made this tensor"),
    ],
)
def test_what_is_not_known(asked, words):
    with pytest.raises(ValueError, match=words):
        explain(asked)


@pytest.mark.parametrize("asked", [3, mg.nn.Tanh, mg.nn.Tanh(), mg.Tensor, max, mg.select, None])
def test_what_is_no_operation(asked):
    words = "expected an operation, its name as 'tanh', or a tensor that an operation made; got "
    with pytest.raises(TypeError, match=words):
        explain(asked)


def test_what_is_no_operation_is_named():
    with pytest.raises(TypeError, match="got an instance of int$"):
        explain(3)


# Formulas on one line ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "latex, shown",
    [
        (r"e^{x_i} / \sum_j e^{x_j}", "e^(x_i) / ∑_j e^(x_j)"),
        (r"\frac{1}{n - c} \sum_i (x_i - \bar x)^2", "1/(n - c) ∑_i (x_i - x̄)²"),
        (r"\frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt", "2/√π ∫_0^x e^(-t²) dt"),
        (r"\sqrt{x^2 + y^2}", "√(x² + y²)"),
        (r"x - y \,\mathrm{trunc}(x / y)", "x - y trunc(x / y)"),
        (r"\lfloor x / y \rfloor", "⌊x / y⌋"),
        (r"y = x W^\top + b", "y = x Wᵀ + b"),
        (r"negative\_slope \cdot x", "negative_slope · x"),
        (r"\det X \; X^{-\top}", "det X X^-ᵀ"),
    ],
)
def test_formulas(latex, shown):
    assert texts.plain_formula(latex) == shown.replace("x̄", "x\N{COMBINING MACRON}")
