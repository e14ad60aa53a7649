"""The same lines run with minigrad and with PyTorch, where it is installed: values, dtypes, gradients.

PyTorch is no dependency of the tests: without it, this file is skipped.
"""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from pytorch_code import assert_alike, assert_same_output, output_of, plain, run
from test_pytorch_names import NAMES, START
from test_pytorch_scripts import SCRIPTS, source_of

import minigrad as mg

torch = pytest.importorskip("torch", reason="PyTorch is not installed (it is no test dependency)")

A = [[0.5, -1.2, 2.0], [1.5, 0.3, -0.7]]
B = [[1.0, 2.0, -0.5], [0.2, -1.0, 0.9]]
V = [0.3, -0.8, 1.1]
P = [[0.5, 1.2, 2.0], [1.5, 0.3, 0.7]]

EXPRESSIONS = [
    "a + b", "a - 2", "3 - a", "a * b", "a / b", "2 / p", "p ** 2", "p ** b", "2 ** a", "p ** 0", "a.detach() // b.detach()",
    "a % b", "-a", "abs(a)", "a + v", "v * a", "a.exp()", "p.log()", "p.log1p()", "a.expm1()",
    "p.log2()", "p.log10()", "p.sqrt()", "p.rsqrt()", "a.square()", "p.reciprocal()", "a.sign()", "a.sin()",
    "a.cos()", "a.tan()", "(a / 3).asin()", "(a / 3).acos()", "a.atan()", "a.sinh()", "a.cosh()", "a.tanh()",
    "a.sigmoid()", "a.relu()", "a.erf()", "a.floor()", "a.ceil()", "a.round()", "a.trunc()",
    "m.round(a, decimals=1)", "m.maximum(a, b)", "m.minimum(a, b)", "a.clamp(-0.5, 1.0)", "a.clamp(min=0)",
    "a.clamp(max=v)", "m.where(a > 0, a, b)", "m.where(a > b, 0.0, b)", "a.masked_fill(a > 0, 7.0)",
    "a.sum()", "a.sum(0)", "a.sum(-1, keepdim=True)", "a.sum((0, 1))", "a.sum(axis=1, keepdims=True)", "a.mean()",
    "a.mean(1)", "a.var()", "a.var(0)", "a.var(1, unbiased=False)", "a.var(dim=1, correction=0, keepdim=True)",
    "a.std()", "a.std(1)", "a.std(unbiased=False)", "a.prod()", "a.prod(1)", "a.max()", "a.max(1).values",
    "a.max(1)[1]", "a.min(0, keepdim=True).values", "m.max(a, b)", "a.amax(0)", "a.amin((0, 1))", "a.argmax()",
    "a.argmax(1)", "a.argmin(0, keepdim=True)", "(a > 0).any()", "(a > 0).all(1)", "a.logsumexp(1)",
    "m.logsumexp(a, (0, 1))", "a.cumsum(0)", "a.norm()", "a.norm(dim=1)", "a.norm(1)", "a.norm(3, dim=0)",
    "a.norm(float('inf'))", "a.softmax(1)", "m.softmax(a, 0)", "a.log_softmax(-1)", "a.reshape(3, 2)",
    "a.reshape(-1)", "a.view(6)", "a.view(-1, 2)", "a.permute(1, 0)", "a.transpose(0, 1)", "a.t()", "a.T", "a.mT",
    "a.unsqueeze(0)", "a.unsqueeze(-1).squeeze(-1)", "a.squeeze()", "a.flatten()", "a.unsqueeze(0).flatten(1)",
    "v.expand(2, 3)", "a.expand(4, -1, 3)", "a.flip(0)", "a.flip((0, 1))", "a.roll(1, 0)", "a.roll(2)",
    "a.roll((1, -1), (0, 1))", "a.repeat(2, 1)", "v.repeat(2, 2)", "m.tile(a, (2,))", "a.repeat_interleave(2, 1)",
    "a.repeat_interleave(2)", "m.cat([a, b])", "m.cat((a, b), 1)", "m.stack([a, b], -1)", "a.split(2, 1)[1]",
    "a.split([1, 2], 1)[0]", "a.chunk(2, 1)[1]", "a.unbind(1)[2]", "a.tril()", "a.triu(1)", "a.diagonal()",
    "m.diag(v)", "m.diag(v, 1)", "a.diag()", "a[0]", "a[:, 1]", "a[..., -1]", "a[None, 1:]", "a[i]", "a[:, i]",
    "a[i, i]", "a[a > 0]", "a[[0, 1, 1]]", "a[[0, 1], [2, 2]]", "a[0, 1]", "a[range(2), [1, 0]]", "a[1, i]",
    "a[i[:, None], i]", "a.gather(1, k)", "a.gather(0, k)", "m.take_along_dim(a, k, 1)", "a.index_select(1, i)",
    "a.index_add(1, i, b)", "a.index_add(1, i, b, alpha=2)", "a.scatter_add(1, k, b)", "a.sort(1).values",
    "a.sort(0, descending=True)[0]", "a.sort(1)[1]", "a.argsort(1)", "a.topk(2, 1).values", "a.topk(1, 0, False)[0]",
    "m.nn.functional.one_hot(k, 4)", "a @ b.T", "a @ v", "v @ v", "v @ a.T", "m.mm(a, b.T)", "m.mv(a, v)",
    "m.dot(v, v)", "m.outer(v, v)", "a.unsqueeze(0) @ b.T", "m.einsum('ij,kj->ik', a, b)", "m.einsum('ij->j', a)",
    "m.einsum('i,ij->', v, a.T)", "m.tensordot(a, b, dims=([1], [1]))", "m.tensordot(a, b.T, 1)", "a.movedim(0, 1)",
    "m.linalg.inv(s)", "m.linalg.det(s)", "m.linalg.slogdet(s)[1]", "m.linalg.solve(s, v)", "m.linalg.solve(s, a.T)",
    "m.linalg.norm(a)", "m.linalg.norm(a, 'nuc')", "m.linalg.norm(a, 2)", "m.linalg.norm(a, 1)",
    "m.linalg.norm(a, dim=1)", "m.linalg.cholesky(s @ s.T)", "m.linalg.eigh(s + s.T)[0]",
    "m.linalg.eigh(s + s.T)[1].abs()", "m.linalg.svd(a, full_matrices=False)[1]",
    "m.linalg.svd(a, full_matrices=False)[0].abs()", "m.isclose(a, a + 1e-9)", "a.isnan()", "a == b", "a != b", "a < 0",
    "(a > 0) & (b > 0)", "~(a > 0)", "(a > 0) | (b > 0)", "a.float()", "a.long()", "a.to(m.float32) * 2", "a.int() // 2",
    "a.nonzero()", "m.nn.functional.pad(a, (1, 2))", "m.nn.functional.pad(a, (0, 1, 2, 0), value=1.5)",
    "m.nn.functional.softplus(a)", "m.nn.functional.leaky_relu(a, 0.2)", "m.nn.functional.elu(a)",
    "m.nn.functional.gelu(a)", "m.nn.functional.gelu(a, approximate='tanh')", "m.nn.functional.silu(a)",
    "m.nn.functional.logsigmoid(a)", "a.masked_select(a > 0)", "a.count_nonzero()", "m.full((2,), 3) + v[:2]",
    "m.arange(3) * v", "m.arange(0, 1, 0.25) * 1.0", "m.linspace(0, 1, 5)", "m.eye(2) @ a.float()",
    "m.zeros_like(a) + m.ones_like(a)", "a.new_zeros(2, 3) + a", "m.meshgrid(v, v, indexing='ij')[0]", "a.unflatten(1, (3, 1))",
    "m.tril(s)", "a.pow(3)", "a.mul(2).add(b, alpha=3).sub(1).div(2)", "a.div(b, rounding_mode='floor')", "a.type(m.float32)",
    "a.sum() / a.numel()", "(a - a.mean(0)) / (a.std(0) + 1e-5)", "a.log_softmax(1).exp().sum()", "sum([a, b, a])",
    "m.asinh(a)", "m.acosh(p + 1)", "m.atanh(a / 3)", "m.atan2(a, b)", "m.hypot(a, b)", "m.logaddexp(a, v)", "a.frac()",
    "m.fmod(a, b)", "m.fmod(a, -0.4)", "m.xlogy(p, p)", "m.logit(a.sigmoid())", "m.logit(a.sigmoid(), eps=0.3)", "m.lerp(a, b, 0.3)",
    "m.lerp(a, b, p)", "m.exp2(a)", "m.deg2rad(a)", "m.nan_to_num(a)", "m.addcmul(a, b, p, value=2)", "m.addcdiv(a, b, p, value=2)",
    "a.clamp_min(0)", "m.clamp_max(a, v)", "a.median(1).values", "a.median(1).indices", "a.kthvalue(2)[0]",
    "a.quantile(0.3)", "m.quantile(a, m.tensor([0.1, 0.6], dtype=m.float64), dim=1)", "a.nanmean()", "a.nansum(0)", "m.std_mean(a, 1)[1]",
    "m.var_mean(a, 1)[0]", "a.aminmax(dim=1)[1]", "a.cumprod(1)", "(a * (a > 0)).cumprod(0)", "a.diff(dim=0)", "m.diff(v, 2)",
    "m.cov(a)", "m.corrcoef(a)", "m.hstack([a, b])", "m.vstack([v, v])", "m.column_stack([v, v])", "a.narrow(1, 1, 2)", "a.select(1, 0)",
    "a.unfold(1, 2, 1)", "a.trace()", "m.diag_embed(a)", "m.diag_embed(v, -1)", "a.scatter(1, k[:, :1], 1.0)", "a.scatter(1, k, 2.5)",
    "a.index_fill(1, i, 0.5)", "m.take(a, k)", "m.inner(a, b)", "m.vdot(v, v)", "m.kron(a, b)", "m.cross(a, b, dim=1)",
    "m.addmm(m.eye(2, dtype=m.float64), a, b.T, beta=2, alpha=3)", "m.addmv(v[:2], a, v)", "m.cdist(a, b)", "m.cdist(a, b, p=1.0)", "m.dist(a, b)",
    "m.cat([m.tensor([]), v])", "m.linalg.pinv(a)", "m.linalg.pinv(a.T)", "m.linalg.pinv(s)", "m.linalg.lstsq(a.T, b.T)[0]",
    "m.linalg.matrix_power(s, 3)", "m.linalg.matrix_power(s, -1)", "m.linalg.multi_dot([a, b.T, a])", "m.linalg.svdvals(a)",
    "m.linalg.eigvalsh(s + s.T)", "m.linalg.cond(s)", "m.linalg.matrix_norm(a)", "m.linalg.cross(a, b)", "m.svd(a)[1]",
    "a.div(b.detach(), rounding_mode='trunc')", "m.where(a > 0, 1.0, 0.0) * b", "a.prod(dtype=m.float64)", "m.broadcast_tensors(a, v)[1]",
]  # fmt: skip


def variables(module):
    """Return the names the expressions use, made by ``module``."""
    kinds = {"dtype": module.float64}
    made = {
        name: module.tensor(value, **kinds)
        for name, value in (("a", A), ("b", B), ("v", V), ("p", P))
    }
    made["s"] = module.tensor([[2.0, 0.3, -0.4], [0.1, 1.5, 0.2], [0.3, -0.2, 3.0]], **kinds)
    for value in made.values():
        value.requires_grad_()
    return {
        **made,
        "m": module,
        "i": module.tensor([1, 0, 1]),
        "k": module.tensor([[0, 1, 0], [1, 1, 0]]),
    }


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_values_dtypes_and_gradients_are_pytorchs(text):
    results = []
    for module in (mg, torch):
        names = variables(module)
        if "[i, i]" in text or "[:, None]" in text or "[i]" in text or "[1, i]" in text:
            names["i"] = module.tensor([1, 0, 1])
        out = eval(text, {"abs": abs, "sum": sum, "range": range, "float": float}, names)
        gradients = {}
        if out.requires_grad:
            weights = np.cos(np.arange(out.numel())).reshape(tuple(out.shape))
            (out * module.tensor(weights, dtype=out.dtype)).sum().backward()
            gradients = {
                name: None if value.grad is None else value.grad.numpy()
                for name, value in names.items()
                if name in "abvps"
            }
        results.append((out, gradients))
    (mine, my_gradients), (theirs, their_gradients) = results
    assert str(mine.dtype) == str(theirs.dtype).removeprefix("torch.")
    assert tuple(mine.shape) == tuple(theirs.shape)
    tolerance = 1e-5 if mine.dtype == mg.float32 else 1e-9
    np.testing.assert_allclose(
        mine.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=1e-12
    )
    assert mine.requires_grad == theirs.requires_grad
    for name, expected in their_gradients.items():
        if expected is None:
            assert my_gradients[name] is None or not np.any(my_gradients[name])
        else:
            np.testing.assert_allclose(my_gradients[name], expected, rtol=1e-6, atol=1e-9)


DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


@pytest.mark.parametrize(
    "operation", ["a + b", "a * b", "a / b", "a.detach() // b.detach()", "a ** b", "a == b"]
)
@pytest.mark.parametrize(("left", "right"), list(itertools.product(DTYPES, DTYPES)))
def test_promotion_is_pytorchs(operation, left, right):
    if "bool" in (left, right) and operation in ("a.detach() // b.detach()", "a ** b"):
        pytest.skip("PyTorch has no such operation on bool")
    for shapes in (((2,), (2,)), ((2,), ()), ((), ())):
        found = []
        for module in (mg, torch):
            a = module.ones(shapes[0], dtype=getattr(module, left))
            b = module.ones(shapes[1], dtype=getattr(module, right))
            found.append(str(eval(operation, {"a": a, "b": b}).dtype).removeprefix("torch."))
        assert found[0] == found[1], (left, right, shapes)


@pytest.mark.parametrize("left", DTYPES)
@pytest.mark.parametrize("number", [True, 2, 2.5])
@pytest.mark.parametrize("operation", ["a + n", "n * a", "a / n", "n - a"])
def test_promotion_with_python_numbers_is_pytorchs(operation, left, number):
    if operation == "n - a" and (left == "bool" or number is True):
        pytest.skip("PyTorch refuses to subtract bool")
    for shape in ((2,), ()):
        found = []
        for module in (mg, torch):
            a = module.ones(shape, dtype=getattr(module, left))
            found.append(str(eval(operation, {"a": a, "n": number}).dtype).removeprefix("torch."))
        assert found[0] == found[1]


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("x.relu()", 0.0),
        ("x.abs()", 0.0),
        ("x.clamp(0.0, 1.0)", 0.0),
        ("x.clamp(0.0, 1.0)", 1.0),
        ("x.sign()", 0.0),
        ("x ** 0", 0.0),
        ("x ** 2", 0.0),
        ("x.norm()", 0.0),
        ("m.maximum(x, x * 0 + 0.5)", 0.5),
        ("m.stack([x, x * 2 - 1]).max()", 1.0),
        ("m.stack([x, x * 2 - 1]).amax()", 1.0),
        ("m.stack([x, x * 2 - 1]).max(0).values", 1.0),
        ("m.stack([x, x]).std()", 1.0),
        ("m.where(x > 0, x, 0.0)", 0.0),
        ("m.stack([x, x * 3, x]).prod()", 0.0),
        ("m.nn.functional.leaky_relu(x, 0.1)", 0.0),
        ("m.nn.functional.elu(x)", 0.0),
        ("m.nn.functional.softplus(x)", 25.0),
        ("m.atan2(x, x * 0)", 0.0),
        ("m.atan2(x * 0, x)", 0.0),
        ("m.stack([x, x * 0 + 4]).norm(0.5)", 0.0),
        ("m.stack([x, x * 0 + 4]).norm(-1)", 0.0),
        ("x.sigmoid()", 1e4),
        ("m.nn.functional.logsigmoid(x)", -1e4),
    ],
)
def test_slopes_at_kinks_and_ties_are_pytorchs(text, point):
    found = []
    for module in (mg, torch):
        x = module.tensor(point, dtype=module.float64, requires_grad=True)
        eval(text, {"x": x, "m": module}).sum().backward()
        found.append(x.grad.item())
    assert found[0] == pytest.approx(found[1], abs=1e-12)


def recorded(file):
    path = Path(__file__).parent / "recorded" / file
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_what_was_recorded_is_what_pytorch_answers(name):
    try:
        answer = plain(run(START + NAMES[name])[0])
    finally:
        torch.set_default_device(None)
    assert_alike(answer, recorded("pytorch_names.json")["results"][name])


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_was_recorded_is_what_pytorch_prints(name):
    assert_same_output(output_of(source_of(name)), recorded("pytorch_scripts.json")["output"][name])
