"""The names that teaching code written for PyTorch uses: each is called, and its result is PyTorch's.

``NAMES`` has a few lines of PyTorch for every name; the last of them is a value.  They run with minigrad
under the name ``torch``, and what comes out is compared with ``recorded/pytorch_names.json``, which
``tools/record_pytorch_names.py`` wrote with PyTorch itself: values, dtypes, shapes, kinds of errors.
The lists were read off 76 public teaching scripts inside minigrad's scope.
"""

import json
from pathlib import Path

import pytest
from pytorch_code import assert_alike, plain, run, with_minigrad

START = """
import torch
from torch import nn, optim
import torch.nn.functional as F

x = torch.tensor([[0.5, -1.2, 2.0], [1.5, 0.3, -0.7]])
y = torch.tensor([[1.0, 2.0, -0.5], [0.2, -1.0, 0.9]])
p = torch.tensor([[0.5, 1.2, 2.0], [1.5, 0.3, 0.7]])
v = torch.tensor([0.3, -0.8, 1.1])
n = torch.tensor([3, 1, 2])
w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
torch.manual_seed(0)

def kind(call):  # the name of the error that a call raises
    try:
        call()
    except Exception as error:
        return type(error).__name__
"""

TENSOR = {
    "T.mul": "x.mul(2), x.mul(y), n.mul(0.5)",
    "T.add": "x.add(1), x.add(y, alpha=2)",
    "T.backward": "(w * w).sum().backward(); w.grad",
    "T.grad": "w.grad is None, (3 * w).sum().backward(), w.grad",
    "T.item": "x[0, 0].item(), n.sum().item(), torch.tensor([[True]]).item()",
    "T.sub": "x.sub(1), x.sub(y, alpha=2)",
    "T.numpy": "a = x.numpy(); a[0, 0] = 9; x, str(a.dtype)",
    "T.data": "w.data -= 1; w, w.data.requires_grad",
    "T.__getitem__": "x[0], x[:, 1], x[0, 2], x[-1, ::2], x[..., None], x[[0, 0, 1]], x[x > 0], x[0][n - 1]",
    "T.mean": "x.mean(), x.mean(0), x.mean(dim=1, keepdim=True), n.float().mean()",
    "T.shape": "x.shape, x.shape[0], len(x.shape)",
    "T.sum": "x.sum(), x.sum(0), x.sum(1, keepdim=True), x.sum((0, 1)), (x > 0).sum(), n.sum(dtype=torch.float32)",
    "T.detach": "w.detach().requires_grad, w.detach()",
    "T.div": "x.div(2), n.div(2), x.div(y, rounding_mode='floor'), n.div(2, rounding_mode='trunc')",
    "T.sub_": "x.sub_(1).sub_(y, alpha=2); x",
    "T.reshape": "x.reshape(3, 2), x.reshape(-1), x.reshape((1, -1, 2))",
    "T.pow": "p.pow(2), p.pow(-0.5), n.pow(2), p.pow(y)",
    "T.zero_": "(w * w).sum().backward(); w.grad.zero_(); w.grad",
    "T.numel": "x.numel()",
    "T.__eq__": "x == 0.5, (n == torch.tensor([3, 0, 2])).sum(), n == 2",
    "T.__float__": "float(x[0, 0]), float(w.sum()), float(n[0])",
    "T.__setitem__": "x[0] = 0; x[:, 1] = v[:2]; x[x > 1] = -1.0; x[[0, 1], [0, 2]] = torch.tensor([7.0, 8.0]); x",
    "T.add_": "x.add_(1).add_(y, alpha=-1); x",
    "T.to": "x.to('cpu'), x.to(torch.float64), x.to(torch.device('cpu'), torch.int64), x.to(n), x.to(dtype=torch.long)",
    "T.float": "n.float(), (n > 1).float(), x.double().float()",
    "T.matmul": "x.matmul(y.T), x.matmul(v), v.matmul(v)",
    "T.grad =": "w.grad = torch.ones(3); w.sum().backward(); g = w.grad; w.grad = None; g, w.grad",
    "T.size": "x.size(), x.size(0), x.size(dim=1), x.size()[1]",
    "T.data =": "w.data = torch.zeros(2); w, w.requires_grad",
    "T.dtype": "x.dtype, n.dtype, (x > 0).dtype, x.dtype == torch.float32",
    "T.unsqueeze": "v.unsqueeze(0), v.unsqueeze(1), v.unsqueeze(dim=-1)",
    "T.requires_grad_": "x.requires_grad_(); (x * 2).sum().backward(); x.grad",
    "T.view": "x.view(3, 2), x.view(-1), x.view(6, 1), x.view(x.size(0), -1), x.view((1, 6))",
    "T.argmax": "x.argmax(), x.argmax(1), x.argmax(dim=0, keepdim=True)",
    "T.clone": "c = x.clone(); c[0] = 0; x, w.clone().requires_grad",
    "T.type": "x.type(torch.LongTensor), n.type(torch.float64), n.type('torch.FloatTensor'), x.type(x.type())",
    "T.clamp": "x.clamp(0, 1), x.clamp(min=0), x.clamp(max=0.5), n.clamp(2), x.clamp(-v, v.abs())",
    "T.div_": "x.div_(2); x",
    "T.neg": "x.neg(), -x",
    "T.nelement": "x.nelement()",
    "T.requires_grad =": "x.requires_grad = True; (x * x).sum().backward(); x.grad",
    "T.exp": "x.exp(), n.exp()",
    "T.log": "p.log(), n.log()",
    "T.ndim": "x.ndim, torch.tensor(1).ndim",
    "T.log10": "p.log10()",
    "T.mm": "x.mm(y.t())",
    "T.var": "x.var(), x.var(0), x.var(1, keepdim=True), x.var(dim=1, unbiased=False), x.var(0, correction=0)",
    "T.fill_": "x.fill_(2); x",
    "T.mul_": "x.mul_(2).mul_(y); x",
    "T.__bool__": "bool(x[0, 0]), bool(torch.tensor([0.0])), not torch.tensor(0)",
    "T.abs": "x.abs(), abs(n - 2)",
    "T.grad_fn": "w.grad_fn, (w * 2).grad_fn is None",
    "T.gt": "x.gt(0), x.gt(y)",
    "T.lt": "x.lt(0)",
    "T.cpu": "x.cpu(), w.cpu().requires_grad",
    "T.max": "x.max(), x.max(1), x.max(dim=0).values, x.max(1)[1], x.max(y), x.max(1, keepdim=True).indices",
    "T.t": "x.t(), v.t()",
    "T.T": "x.T",
    "T.normal_": "torch.empty(5).normal_(), torch.empty(2, 2).normal_(mean=1, std=0.5)",
    "T.requires_grad": "x.requires_grad, w.requires_grad, (w * x).requires_grad",
    "T.retain_grad": "z = w * 2; z.retain_grad(); (z * z).sum().backward(); z.grad",
    "T.sqrt": "p.sqrt(), n.sqrt()",
    "T.eq": "x.eq(0.5), n.eq(n).sum().item()",
    "T.double": "x.double(), n.double()",
    "T.split": "x.split(2, dim=1), v.split([1, 2]), n.split(2)",
    "T.cumsum": "x.cumsum(0), n.cumsum(dim=0), x.cumsum(1)",
    "T.long": "x.long(), (x > 0).long()",
    "T.__int__": "int(x[0, 2]), int(n[0]), int(torch.tensor([-1.7]))",
    "T.addcdiv_": "x.addcdiv_(y, p, value=-0.5); x",
    "T.addcmul_": "x.addcmul_(y, y, value=0.5); x",
    "T.all": "(x > -2).all(), (x > 0).all(1), (x > 0).all(dim=0, keepdim=True), n.all()",
    "T.ge": "x.ge(0.5)",
    "T.min": "x.min(), x.min(1), x.min(y), n.min(0).values",
    "T.ne": "n.ne(2), x.ne(y)",
    "T.squeeze": "x[None].squeeze(), x[:, None].squeeze(1), x.squeeze(0).shape, x[None, :, None].squeeze((0, 2)).shape",
    "T.std": "x.std(), x.std(0), x.std(1, keepdim=True), x.std(unbiased=False), x.std(dim=0, correction=0)",
}

TORCH = {
    "torch.randn": "torch.randn(3), torch.randn(2, 9), torch.randn((2, 2)), torch.randn(size=(2,)), torch.randn(())",
    "torch.tensor": "torch.tensor([1, 2]), torch.tensor([1.0, 2]), torch.tensor(3.5), torch.tensor([[True]]), torch.tensor([1], dtype=torch.float64), torch.tensor([])",
    "torch.zeros": "torch.zeros(2), torch.zeros(2, 3), torch.zeros((1, 2), dtype=torch.int64), torch.zeros(size=(2, 1)), torch.zeros(())",
    "torch.no_grad": """
with torch.no_grad():
    a = (w * 2).requires_grad

@torch.no_grad()
def f(w):
    return (w * 2).requires_grad

@torch.no_grad
def g(w):
    return (w * 2).requires_grad

a, f(w), g(w), (w * 2).requires_grad
""",
    "torch.arange": "torch.arange(3), torch.arange(1, 4), torch.arange(0, 1, 0.25), torch.arange(3.0), torch.arange(start=5, end=0, step=-2), torch.arange(end=2), torch.arange(2, dtype=torch.float32)",
    "torch.linspace": "torch.linspace(0, 1, 5), torch.linspace(-1, 1, steps=3), torch.linspace(start=0, end=-3, steps=4)",
    "torch.device": "d = torch.device('cuda' if torch.cuda.is_available() and False else 'cpu'); str(d), d.type, torch.ones(2, device=d).device == d, d.index",
    "torch.normal": "torch.normal(0, 1, (3,)), torch.normal(mean=torch.zeros(2), std=torch.ones(2)), torch.normal(0.0, 0.1, size=(2, 2)), torch.normal(mean=torch.arange(1.0, 4.0)), torch.normal(0, torch.ones(3))",
    "torch.ones": "torch.ones(2), torch.ones(2, 1, dtype=torch.float64), torch.ones((2,), requires_grad=True).requires_grad",
    "torch.matmul": "torch.matmul(x, y.T), torch.matmul(x, v), torch.matmul(x[None], y.T)",
    "torch.tanh": "torch.tanh(x)",
    "torch.sin": "torch.sin(x), torch.sin(n)",
    "torch.sqrt": "torch.sqrt(p)",
    "torch.manual_seed": "torch.manual_seed(42); a = torch.rand(2); g = torch.manual_seed(42); a, torch.rand(2), g.initial_seed()",
    "torch.set_printoptions": "torch.set_printoptions(precision=2, sci_mode=False); s = str(x); torch.set_printoptions(profile='default'); s",
    "torch.rand": "torch.rand(3), torch.rand(2, 2, dtype=torch.float64), torch.rand(size=(1, 2)), torch.rand([2])",
    "torch.multinomial": "torch.multinomial(p, 1), torch.multinomial(p[0], num_samples=4, replacement=True), torch.multinomial(p[0], 3)",
    "torch.float32": "torch.ones(1, dtype=torch.float32), torch.float32 == torch.float",
    "torch.ones_like": "torch.ones_like(x), torch.ones_like(n), torch.ones_like(n, dtype=torch.float32), torch.ones_like(w).requires_grad",
    "torch.zeros_like": "torch.zeros_like(x), torch.zeros_like(n), torch.zeros_like(v, requires_grad=True).requires_grad",
    "torch.from_numpy": "import numpy as np; a = np.array([1.0, 2.0]); t = torch.from_numpy(a); a[0] = 5; t, torch.from_numpy(np.arange(2))",
    "torch.FloatTensor": "torch.FloatTensor([1, 2]), torch.FloatTensor(2, 3).shape, torch.FloatTensor([[1], [2]]), isinstance(x, torch.FloatTensor), isinstance(n, torch.FloatTensor)",
    "torch.Tensor": "torch.Tensor([1, 2]), torch.Tensor(2, 3).shape, torch.Tensor([[1.5]]), isinstance(n, torch.Tensor)",
    "torch.sigmoid": "torch.sigmoid(x), torch.sigmoid(n)",
    "torch.randint": "torch.randint(0, 10, (5,)), torch.randint(5, (2, 2)), torch.randint(low=1, high=7, size=(3,)), torch.randint(10, size=(2,)), torch.randint(high=3, size=(2,)), torch.randint(0, 2, (3,), dtype=torch.float32)",
    "torch.unsqueeze": "torch.unsqueeze(v, 0), torch.unsqueeze(v, dim=1)",
    "Generator.manual_seed": "g = torch.Generator().manual_seed(7); torch.rand(2, generator=g), g.manual_seed(7) is g, torch.randn(2, generator=g)",
    "torch.Generator": "g = torch.Generator(); g.manual_seed(3); torch.randint(0, 9, (4,), generator=g), torch.randperm(4, generator=g), torch.multinomial(p, 1, generator=g)",
    "torch.cos": "torch.cos(x)",
    "torch.square": "torch.square(x), torch.square(n)",
    "torch.max": "torch.max(x), torch.max(x, 1), torch.max(x, dim=0).indices, torch.max(x, y), torch.max(x, 1)[1]",
    "torch.cat": "torch.cat([x, y]), torch.cat((x, y), 1), torch.cat([x, y], dim=-1), torch.cat([torch.tensor([]), v]), torch.cat([n, v]), torch.cat([x, y], axis=1)",
    "torch.exp": "torch.exp(x)",
    "torch.relu": "torch.relu(x)",
    "torch.float": "torch.zeros(1, dtype=torch.float), n.to(torch.float)",
    "Function ctx.save_for_backward": """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * a * b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return 2 * g * a * b, g * a * a

u = v.clone().requires_grad_()
Square.apply(w, u).sum().backward(); w.grad, u.grad
""",
    "Function ctx.saved_tensors": """
class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        result = a.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, g):
        (result,) = ctx.saved_tensors
        return g * result

Exp.apply(w).sum().backward(); w.grad
""",
    "torch.autograd.Function": """
class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        input, = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input

relu = MyReLU.apply
z = relu(w); (z * z).sum().backward(); z, w.grad
""",
    "torch.save": """
import io
buffer = io.BytesIO()
torch.save({'x': x, 'n': n, 'epoch': 3}, buffer)
buffer.seek(0)
back = torch.load(buffer)
back['x'], back['n'], back['epoch']
""",
    "torch.cuda.is_available": "torch.cuda.is_available() in (True, False)",
    "torch.mm": "torch.mm(x, y.T)",
    "torch.stack": "torch.stack([x, y]).shape, torch.stack((v, v), 1), torch.stack([v, v], dim=-1), torch.stack([torch.tensor(1.0), torch.tensor(2.0)])",
    "torch.dot": "torch.dot(v, v), torch.dot(n, n)",
    "torch.log": "torch.log(p)",
    "torch.randperm": "torch.randperm(5), x[:, torch.randperm(3)]",
    "torch.argmax": "torch.argmax(x), torch.argmax(x, 1), torch.argmax(x, dim=0, keepdim=True)",
    "torch.autograd.Variable": "from torch.autograd import Variable; a = Variable(torch.ones(2), requires_grad=True); b = Variable(v); (a * 3).sum().backward(); a.grad, b.requires_grad",
    "torch.load": """
import io
buffer = io.BytesIO()
model = nn.Linear(2, 1)
torch.save(model.state_dict(), buffer)
buffer.seek(0)
other = nn.Linear(2, 1)
other.load_state_dict(torch.load(buffer, weights_only=True))
torch.equal(other.weight, model.weight), torch.equal(other.bias, model.bias)
""",
    "torch.accelerator.current_accelerator": "a = torch.accelerator.current_accelerator(); a is None or a.type in ('cuda', 'mps')",
    "torch.accelerator.is_available": "device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else 'cpu'; device in ('cpu', 'cuda', 'mps')",
    "torch.eye": "torch.eye(2), torch.eye(2, 3), torch.eye(2, dtype=torch.int64)",
    "torch.long": "x.to(torch.long), torch.tensor([1.5], dtype=torch.long), torch.long == torch.int64",
    "torch.abs": "torch.abs(x), torch.abs(n - 2)",
    "torch.mean": "torch.mean(x), torch.mean(x, 0), torch.mean(x, dim=1, keepdim=True), torch.mean(x, axis=1, keepdims=True)",
    "torch.mv": "torch.mv(x, v)",
    "torch.pow": "torch.pow(p, 2), torch.pow(2, v), torch.pow(p, p), torch.pow(n, 2)",
    "torch.sum": "torch.sum(x), torch.sum(x, 1), torch.sum(x, dim=(0, 1)), torch.sum(x, axis=0, keepdims=True), torch.sum(x > 0)",
    "torch.LongTensor": "torch.LongTensor([1, 2]), torch.LongTensor([[0], [1]]), torch.LongTensor(2, 3).shape",
    "torch.add": "torch.add(x, y), torch.add(x, 1), torch.add(x, y, alpha=0.5)",
    "torch.all": "torch.all(x > -2), torch.all(x > 0, 1), torch.all(x > 0, dim=0)",
    "torch.allclose": "torch.allclose(x, x + 1e-9), torch.allclose(x, y), torch.allclose(x, x + 1e-3, rtol=0, atol=1e-2)",
    "torch.clone": "c = torch.clone(x); c[0] = 0; x, torch.clone(w).requires_grad",
    "torch.cosh": "torch.cosh(x)",
    "torch.empty": "torch.empty(2, 3).shape, torch.empty((2,), dtype=torch.int32).dtype, torch.empty(size=(3, 1)).shape, torch.empty(2).zero_()",
    "torch.full": "torch.full((2,), 3), torch.full((2, 1), 0.5), torch.full(size=(2,), fill_value=1, dtype=torch.float32)",
    "torch.histogram": "torch.histogram(x.flatten(), bins=4), torch.histogram(v, 3, range=(-1.0, 2.0)).hist, torch.histogram(x.flatten(), bins=4, density=True).hist, torch.histogram(x, density=True), torch.histogram(v, torch.tensor([-1.0, 0.0, 1.0]))",
    "torch.int32": "torch.ones(1, dtype=torch.int32), torch.int32 == torch.int",
    "torch.isfinite": "torch.isfinite(torch.tensor([1.0, float('inf'), float('nan')]))",
    "torch.mul": "torch.mul(x, y), torch.mul(x, 2)",
    "torch.norm": "torch.norm(x), torch.norm(x, dim=1), torch.norm(x, p=1), torch.norm(x, 2, 0, keepdim=True), torch.norm(x, float('inf')), torch.norm(x, p='fro')",
    "torch.set_default_device": "torch.set_default_device('cpu'); str(torch.ones(2).device), torch.get_default_device().type",
    "torch.set_grad_enabled": """
with torch.set_grad_enabled(False):
    a = (w * 2).requires_grad
torch.set_grad_enabled(False)
b = (w * 2).requires_grad
torch.set_grad_enabled(True)
a, b, (w * 2).requires_grad
""",
    "torch.sign": "torch.sign(x), torch.sign(torch.tensor([0.0, -2.0])), torch.sign(n - 2)",
    "torch.sinh": "torch.sinh(x)",
    "torch.softmax": "torch.softmax(x, 1), torch.softmax(x, dim=0), torch.softmax(x, axis=-1)",
    "torch.sub": "torch.sub(x, y), torch.sub(x, 1, alpha=2)",
}

NN = {
    "nn.Linear": "a = nn.Linear(3, 2); a(x), a.weight.shape, a.bias, a.in_features, nn.Linear(3, 1, bias=False).bias",
    "nn.MSELoss": "nn.MSELoss()(x, y), nn.MSELoss(reduction='sum')(x, y)",
    "nn.Sequential": "a = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)); a(x), len(a), a[0].weight.shape",
    "nn.Module": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3, 2)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.scale * torch.relu(self.hidden(x))

net = Net()
net(x), [name for name, _ in net.named_parameters()]
""",
    "nn.ReLU": "nn.ReLU()(x), nn.ReLU(inplace=True)(y)",
    "nn.Flatten": "nn.Flatten()(torch.ones(2, 3, 4)).shape, nn.Flatten(0, 1)(torch.ones(2, 3, 4)).shape",
    "nn.Parameter": "a = nn.Parameter(torch.zeros(2)); a.requires_grad, a.data, isinstance(a, torch.Tensor), nn.Parameter(torch.ones(1), requires_grad=False).requires_grad",
    "nn.Tanh": "nn.Tanh()(x)",
    "nn.LazyLinear": "a = nn.LazyLinear(2); a(x), a.weight.shape, a.in_features",
    "nn.CrossEntropyLoss": "t = torch.tensor([0, 2]); nn.CrossEntropyLoss()(x, t), nn.CrossEntropyLoss(reduction='none')(x, t), nn.CrossEntropyLoss(label_smoothing=0.1)(x, t), nn.CrossEntropyLoss(weight=p[0], ignore_index=2)(x, t)",
    "nn.Sigmoid": "nn.Sigmoid()(x)",
    "nn.Dropout": "a = nn.Dropout(0.5); b = a(torch.ones(8)); a.eval(); b, a(v), nn.Dropout(p=0.2).p",
    "nn.BCELoss": "nn.BCELoss()(torch.sigmoid(x), (y > 0).float())",
    "nn.ModuleList": "a = nn.ModuleList([nn.Linear(3, 3), nn.ReLU()]); a.append(nn.Linear(3, 1)); len(a), a[2](a[1](a[0](x))), len(list(a.parameters()))",
    "nn.Softmax": "nn.Softmax(dim=1)(x), nn.Softmax(dim=-1)(v)",
    "nn.init.normal_": "nn.init.normal_(torch.empty(4)), nn.init.normal_(torch.empty(2, 2), mean=1.0, std=0.01), nn.init.normal_(nn.Linear(2, 1).weight, std=0.5).requires_grad",
    "nn.utils.clip_grad_norm_": "(w * w).sum().backward(); nn.utils.clip_grad_norm_([w], 1.0), w.grad",
    "nn.BatchNorm1d": "a = nn.BatchNorm1d(3); a(x), a.running_mean, a.running_var, a.eval()(x), a.num_batches_tracked",
    "nn.Hardtanh": "nn.Hardtanh()(x), nn.Hardtanh(-0.5, 0.25)(x)",
    "nn.LeakyReLU": "nn.LeakyReLU()(x), nn.LeakyReLU(0.2)(x)",
    "nn.Softplus": "nn.Softplus()(x), nn.Softplus(beta=2)(x)",
    "nn.init.constant_": "nn.init.constant_(torch.empty(2), 0.3)",
    "nn.init.xavier_normal_": "nn.init.xavier_normal_(torch.empty(3, 2)), nn.init.xavier_normal_(torch.empty(2, 2), gain=2.0)",
    "nn.init.xavier_uniform_": "nn.init.xavier_uniform_(torch.empty(3, 2)), nn.init.xavier_uniform_(torch.empty(2, 2), gain=nn.init.calculate_gain('tanh'))",
}

FUNCTIONAL = {
    "F.cross_entropy": "F.cross_entropy(x, torch.tensor([1, 2])), F.cross_entropy(x, torch.softmax(y, 1)), F.cross_entropy(x, torch.tensor([1, 2]), reduction='sum')",
    "F.relu": "F.relu(x)",
    "F.softmax": "F.softmax(x, dim=1), F.softmax(x, 0), F.softmax(n.float(), dim=-1)",
    "F.one_hot": "F.one_hot(n), F.one_hot(n, num_classes=5), F.one_hot(n, 4).float()",
    "F.binary_cross_entropy_with_logits": "F.binary_cross_entropy_with_logits(x, torch.sigmoid(y)), F.binary_cross_entropy_with_logits(x, p / 2, reduction='none')",
    "F.smooth_l1_loss": "F.smooth_l1_loss(x, y), F.smooth_l1_loss(x, y, beta=0.5, reduction='sum')",
    "F.softplus": "F.softplus(x), F.softplus(x, beta=2.0)",
}

MODULE = {
    "Module.parameters": "a = nn.Linear(3, 2); [q.shape for q in a.parameters()], sum(q.numel() for q in a.parameters() if q.requires_grad)",
    "Module/Optimizer.zero_grad": """
a = nn.Linear(3, 1)
a(x).sum().backward()
a.zero_grad()
first = a.weight.grad
a(x).sum().backward()
optim.SGD(a.parameters(), lr=0.1).zero_grad(set_to_none=False)
first, a.weight.grad
""",
    "Module.train": "a = nn.Sequential(nn.Dropout()); a.train(False); b = a[0].training; a.train(); b, a[0].training",
    "Module.eval": "a = nn.Dropout(); a.eval(); a.training, a(x)",
    "Module.state_dict": "a = nn.Linear(2, 1); list(a.state_dict().keys()), a.state_dict()['weight'].shape, a.state_dict()['bias'].requires_grad",
    "Module.named_parameters": "a = nn.Sequential(nn.Linear(2, 1)); [(name, q.shape) for name, q in a.named_parameters()]",
    "Module.load_state_dict": "a, b = nn.Linear(2, 1), nn.Linear(2, 1); str(b.load_state_dict(a.state_dict())), torch.equal(a.weight, b.weight)",
}

STEPS = """
for _ in range(3):
    optimizer.zero_grad()
    loss = ((w - v) ** 2).sum()
    loss.backward()
    optimizer.step()
w, loss
"""

OPTIM = {
    "Optimizer.step": "optimizer = optim.SGD([w], lr=0.1)\ndef closure():\n    optimizer.zero_grad()\n    loss = (w * w).sum()\n    loss.backward()\n    return loss\noptimizer.step(closure), w",
    "optim.SGD": "optimizer = optim.SGD([w], lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)"
    + STEPS,
    "optim.Adam": "optimizer = optim.Adam([w], lr=0.1, betas=(0.9, 0.99), weight_decay=0.1)"
    + STEPS,
    "optim.RMSprop": "optimizer = optim.RMSprop([w], lr=0.05, alpha=0.9, momentum=0.5, centered=True)"
    + STEPS,
    "optim.Adagrad": "optimizer = optim.Adagrad([w], lr=0.3, lr_decay=0.1)" + STEPS,
    "optim.Adadelta": "optimizer = optim.Adadelta([w], lr=0.8, rho=0.8)" + STEPS,
    "optim.AdamW": "optimizer = optim.AdamW([w], lr=0.1)" + STEPS,
}

DATA = {
    "torch.utils.data.DataLoader": """
from torch.utils.data import DataLoader, TensorDataset
loader = DataLoader(TensorDataset(torch.arange(7), torch.arange(7.0) / 2), batch_size=3, shuffle=True)
[(a, b) for a, b in loader], len(loader), len(loader.dataset)
""",
    "torch.utils.data.TensorDataset": "d = torch.utils.data.TensorDataset(x, torch.tensor([4, 5])); len(d), d[1], d.tensors[1]",
}

IN_SCOPE = {**TENSOR, **TORCH, **NN, **FUNCTIONAL, **MODULE, **OPTIM, **DATA}

# Used only in scripts out of scope (convolutions aside).
BEYOND = {
    "T.transpose": "x.transpose(0, 1), x[None].transpose(-1, -2).shape, x.transpose(dim0=0, dim1=1).shape",
    "T.device": "x.device.type, x.device == torch.device('cpu')",
    "T.short": "x.short()",
    "T.view_as": "x.view_as(y.reshape(3, 2))",
    "T.byte": "n.byte(), (x > 0).byte()",
    "T.contiguous": "x.t().contiguous(), x.t().contiguous().view(-1)",
    "T.dim": "x.dim()",
    "T.dot": "v.dot(v)",
    "T.is_contiguous": "x.is_contiguous(), x.t().is_contiguous()",
    "T.masked_fill": "x.masked_fill(x < 0, float('-inf')), n.masked_fill(n == 2, 0)",
    "T.random_": "torch.empty(4).random_(10), torch.empty(3, dtype=torch.int64).random_(5, 9)",
    "T.resize_": "x.resize_(3, 2), x.shape",
    "T.storage_offset": "x.storage_offset(), x[1:, 1].storage_offset()",
    "T.stride": "x.stride(), x.t().stride(), x.stride(0), x.stride(dim=1), x.expand(4, 2, 3).stride()",
    "torch.cuda.manual_seed_all": "torch.cuda.manual_seed_all(3); torch.cuda.manual_seed(3)",
    "torch.flatten": "torch.flatten(x), torch.flatten(torch.ones(2, 3, 4), 1).shape, torch.flatten(torch.ones(2, 3, 4), start_dim=0, end_dim=1).shape",
    "torch.backends.mps.is_available": "import torch.backends.cudnn as cudnn\ncudnn.enabled = False; torch.backends.mps.is_available() in (True, False); torch.backends.cudnn.deterministic = True; torch.backends.cudnn.benchmark = False",
    "torch.cuda.device_count": "torch.cuda.device_count() >= 0",
    "torch.cuda.get_device_name": "torch.cuda.is_available() and bool(torch.cuda.get_device_name(0))",
    "torch.cuda.synchronize": "torch.cuda.is_available() and torch.cuda.synchronize()",
    "torch.double": "torch.ones(1, dtype=torch.double), torch.double == torch.float64",
    "torch.inference_mode": "with torch.inference_mode():\n    a = w * 2\na.requires_grad",
    "torch.is_grad_enabled": "torch.is_grad_enabled()",
    "torch.log1p": "torch.log1p(p)",
    "torch.randn_like": "torch.randn_like(x), torch.randn_like(v, dtype=torch.float64)",
    "torch.roll": "torch.roll(x, 1, 0), torch.roll(v, 1), torch.roll(x, shifts=(1, -1), dims=(0, 1))",
    "torch.short": "torch.ones(1, dtype=torch.short)",
    "torch.svd": "U, S, V = torch.svd(x); S, U @ torch.diag(S) @ V.t(), torch.svd(x).V.shape",
    "torch.topk": "torch.topk(x, 2), torch.topk(v, k=1).indices, x.topk(1, dim=0, largest=False).values",
    "torch.transpose": "torch.transpose(x, 0, 1)",
    "torch.tril": "torch.tril(torch.ones(3, 3)), torch.tril(torch.ones(2, 2), diagonal=-1)",
    "nn.init.kaiming_uniform_": "nn.init.kaiming_uniform_(torch.empty(3, 2)), nn.init.kaiming_uniform_(torch.empty(2, 2), a=5 ** 0.5), nn.init.kaiming_uniform_(torch.empty(2, 2), mode='fan_out', nonlinearity='relu')",
    "nn.Embedding": "a = nn.Embedding(4, 2); a(n), a.weight.shape",
    "nn.LayerNorm": "a = nn.LayerNorm(3); a(x), nn.LayerNorm(3, eps=0.1)(y)",
    "nn.LazyBatchNorm1d": "a = nn.LazyBatchNorm1d(); a(x), a.num_features",
    "nn.LogSoftmax": "nn.LogSoftmax(dim=1)(x)",
    "nn.ModuleDict": "a = nn.ModuleDict({'a': nn.Linear(3, 1)}); a['a'](x), list(a.keys())",
    "nn.NLLLoss": "nn.NLLLoss()(torch.log_softmax(x, 1), torch.tensor([0, 1]))",
    "F.log_softmax": "F.log_softmax(x, dim=1), F.log_softmax(v, 0)",
    "F.nll_loss": "F.nll_loss(F.log_softmax(x, 1), torch.tensor([2, 1])), F.nll_loss(x, torch.tensor([2, 1]), reduction='sum')",
    "F.binary_cross_entropy": "F.binary_cross_entropy(torch.sigmoid(x), torch.sigmoid(y))",
    "F.sigmoid": "F.sigmoid(x)",
    "F.tanh": "F.tanh(x)",
    "Module.register_buffer": "a = nn.Module(); a.register_buffer('b', torch.ones(2)); a.b, list(a.state_dict()), list(a.parameters())",
    "lr_scheduler.StepLR": """
optimizer = optim.SGD([w], lr=1.0)
(w * w).sum().backward()
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
rates = []
for _ in range(5):
    optimizer.step()
    scheduler.step()
    rates.append(optimizer.param_groups[0]['lr'])
rates
""",
    "LRScheduler.get_last_lr": "(w * w).sum().backward(); optimizer = optim.SGD([w], lr=1.0); s = optim.lr_scheduler.StepLR(optimizer, 1); optimizer.step(); s.step(); s.get_last_lr()",
    "Optimizer.param_groups": "o = optim.SGD([{'params': [w]}, {'params': [v.requires_grad_()], 'lr': 0.5}], lr=0.1); [g['lr'] for g in o.param_groups], o.param_groups[0]['params'][0] is w",
    "lr_scheduler.MultiStepLR": "(w * w).sum().backward(); optimizer = optim.SGD([w], lr=1.0); s = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)\nrates = []\nfor _ in range(4):\n    optimizer.step()\n    s.step()\n    rates += s.get_last_lr()\nrates",
    "torch.utils.data.Dataset": """
from torch.utils.data import Dataset, DataLoader
class Squares(Dataset):
    def __len__(self):
        return 5
    def __getitem__(self, i):
        return torch.tensor(float(i)), i * i
list(DataLoader(Squares(), batch_size=2))
""",
    "torch.utils.data.RandomSampler": "from torch.utils.data import RandomSampler, DataLoader; d = torch.arange(4); list(DataLoader(d, sampler=RandomSampler(d), batch_size=2))",
}

# In no list, but in every course.
MORE = {
    "constants": "torch.pi, torch.e, torch.inf, torch.nan, v[torch.newaxis].shape",
    "dtype": "isinstance(x.dtype, torch.dtype), float(torch.finfo(torch.float32).eps), float(torch.finfo(x.dtype).max), int(torch.iinfo(torch.int32).max)",
    "tensor types": "torch.DoubleTensor([1]), torch.IntTensor([1, 2]), torch.ByteTensor([1, 0]), torch.BoolTensor([True]), torch.ShortTensor([2]), torch.CharTensor([3]), torch.HalfTensor([1]), torch.FloatTensor(), x.type().split('.')[1]",
    "set_default_tensor_type": "torch.set_default_tensor_type('torch.DoubleTensor'); a = torch.tensor(0.1); torch.set_default_tensor_type(torch.FloatTensor); a, torch.zeros(1)",
    "result_type": "torch.result_type(n, 1.5), torch.result_type(x, n), torch.promote_types(torch.int32, torch.float16), torch.can_cast(torch.float32, torch.int64), torch.can_cast(torch.int64, torch.float32)",
    "is_floating_point": "torch.is_floating_point(x), n.is_floating_point(), torch.is_tensor(3), torch.numel(x)",
    "detach": "torch.detach(w).requires_grad",
    "logspace": "torch.logspace(0, 2, 3), torch.logspace(-1, 1, steps=3, base=2)",
    "tril_indices": "torch.tril_indices(3, 3), torch.triu_indices(2, 3, offset=1)",
    "cartesian_prod": "torch.cartesian_prod(n, torch.tensor([7, 8])), torch.cartesian_prod(n)",
    "meshgrid": "torch.meshgrid(p[0], v, indexing='ij'), torch.meshgrid(p[0], v, indexing='xy'), torch.meshgrid([n, n[:2]], indexing='ij')",
    "as_tensor": "torch.as_tensor([1.5]), torch.as_tensor(n, dtype=torch.float32), torch.full_like(n, 4), torch.empty_like(x).shape",
    "randint_like": "torch.randint_like(n, 10), torch.randint_like(x, 2, 5), torch.rand_like(v)",
    "bernoulli": "torch.bernoulli(torch.full((6,), 0.5)), torch.full((4,), 0.3).bernoulli(), torch.empty(6).bernoulli_(0.3)",
    "exponential_": "torch.empty(4).exponential_(), torch.empty(2).exponential_(2.0), torch.empty(4).uniform_(-1, 1), torch.empty(2).uniform_()",
    "Tensor.multinomial": "p.multinomial(2)",
    "new_": "x.new_zeros(2), x.new_ones((1, 2)), x.new_full((2,), 3), n.new_tensor([1.5]), n.new_tensor(4, dtype=torch.float32), x.new_empty(2, 1).shape, n.new_zeros(2, dtype=torch.float64)",
    "hstack": "torch.hstack([v, v]), torch.hstack((x, y)), torch.vstack([v, v]), torch.vstack((x, v[None])), torch.column_stack([v, v]), torch.column_stack([x, v[:2]]), torch.row_stack([v, v])",
    "narrow": "torch.narrow(x, 1, 1, 2), x.narrow(dim=0, start=-1, length=1), x.select(1, -1), torch.select(x, 0, 1)",
    "unfold": "torch.arange(7).unfold(0, 3, 2), x.unfold(1, 2, 1)",
    "ravel": "torch.ravel(x), x.t().ravel(), x.moveaxis(0, 1).shape, torch.movedim(x, 0, 1).shape, x.swapaxes(0, 1).shape",
    "reshape_as": "x.reshape_as(y.T), v.expand_as(x), x.type_as(n), torch.broadcast_to(v, (2, 3)), torch.broadcast_tensors(v, x)[0]",
    "keywords of shapes": "torch.reshape(x, shape=(3, 2)), torch.permute(x, dims=(1, 0)).shape, torch.flip(x, dims=[0]), torch.flip(x, dims=(0, 1)), torch.tile(v, dims=(2,)), x.unsqueeze(axis=0).shape, x[None].squeeze(axis=0).shape",
    "chunk": "torch.chunk(n, 2), x.unbind(dim=1), torch.stack([v, v], axis=1).shape, torch.split(x, [1, 2], dim=1)",
    "repeat": "v.repeat(2), v.repeat(2, 2), n.repeat_interleave(2), torch.repeat_interleave(x, 2, dim=1)",
    "trace": "torch.trace(x), x[:, :2].trace(), torch.diag(x), torch.diag(v), x.diagonal(offset=1), torch.diag_embed(x), torch.diag_embed(v, 1)",
    "median": "x.median(), x.median(1), torch.median(v), torch.median(x, dim=0, keepdim=True).values, torch.tensor([]).median(), n.median(), torch.tensor(2.0).median(0)",
    "mode": "torch.mode(torch.tensor([[2, 1, 2], [3, 1, 2]])).values, torch.mode(torch.tensor([2, 1, 1, 2]), 0, True).values",
    "kthvalue": "x.kthvalue(2), torch.kthvalue(v, 1).values, torch.kthvalue(x, 1, dim=0, keepdim=True)",
    "quantile": "torch.quantile(x, 0.3), x.quantile(0.5, dim=1), torch.quantile(x, torch.tensor([0.0, 0.25, 1.0]), dim=1, keepdim=True), x.quantile(0.9, dim=0, keepdim=True)",
    "nanmean": "a = torch.tensor([1.0, float('nan'), 3.0]); a.nanmean(), torch.nansum(a), torch.nan_to_num(a, nan=-1.0), torch.nan_to_num(torch.tensor([float('inf'), -float('inf')]))",
    "std_mean": "torch.std_mean(x), torch.var_mean(x, 1), torch.std_mean(x, dim=0, keepdim=True), torch.var_mean(x, dim=1, correction=0)",
    "aminmax": "x.aminmax(dim=1), torch.aminmax(x).max, x.amax(0), torch.amin(x, dim=1, keepdim=True)",
    "unique": "torch.unique(torch.tensor([3, 1, 3])), torch.unique(torch.tensor([[3, 1], [3, 2]]), return_inverse=True, return_counts=True), torch.tensor([[1, 0], [1, 0], [0, 5]]).unique(dim=0)",
    "bincount": "torch.bincount(n), n.bincount(minlength=6), torch.bincount(n, weights=v.double()), torch.bincount(n, weights=v), torch.bincount(n, weights=n)",
    "histc": "torch.histc(x, bins=4), torch.histc(v, bins=3, min=-1, max=1), x.histc(2)",
    "searchsorted": "s = torch.tensor([1.0, 2.0, 4.0]); torch.searchsorted(s, p), torch.searchsorted(s, 2.0, right=True), torch.bucketize(p, s), torch.bucketize(torch.tensor([1.0, 4.0]), s, right=True)",
    "isin": "torch.isin(n, torch.tensor([1, 2]))",
    "cov": "torch.cov(x), torch.cov(v), torch.cov(x, correction=0), torch.corrcoef(x)",
    "cumprod": "torch.cumprod(x, 1), n.cumprod(0), torch.cumprod(torch.tensor([[2.0, 0.0, 3.0, 0.0, 1.0]]), dim=1), x.prod(), x.prod(1), torch.prod(n, dtype=torch.float32)",
    "diff": "torch.diff(n), x.diff(dim=0), torch.diff(v, n=2)",
    "logsumexp": "x.logsumexp(1), torch.logsumexp(x, dim=(0, 1)), torch.logaddexp(x, y)",
    "inner": "torch.inner(v, v), torch.inner(x, y), torch.vdot(v, v), torch.outer(v, n.float()), torch.kron(torch.eye(2), x), torch.kron(v, v), torch.cross(x, y, dim=1), x.cross(y, dim=-1)",
    "cross": "a = torch.arange(9.0).reshape(3, 3); b = a.flip(0) + torch.eye(3); torch.cross(a, b), a.cross(b), torch.linalg.cross(a, b), torch.cross(x, y), torch.cross(x.T, y.T)",
    "addmm": "torch.addmm(torch.ones(2, 2), x, y.T, beta=0.5, alpha=2), torch.addmv(torch.ones(2), x, v), torch.addcmul(x, x, y, value=0.1), torch.addcdiv(x, y, p, value=2)",
    "bmm": "torch.bmm(x[None], y.T[None]), x[None].bmm(y.T[None]), torch.einsum('ij,kj->ik', x, y), torch.tensordot(x, y, dims=([1], [1]))",
    "cdist": "torch.cdist(x, y), torch.cdist(x, y, p=1), torch.dist(x, y), x.dist(y, 1)",
    "where": "torch.where(x > 0, x, 0.0), torch.where(x > 0, 1.0, 0.0), torch.where(x > 0), torch.where(n > 1, 1, 0), x.where(x > 0, -x), torch.argwhere(x > 1)",
    "scatter": "torch.zeros(3, 4).scatter_(1, n.unsqueeze(1), 1), torch.zeros(2, 3).scatter(1, torch.tensor([[2, 0], [1, 2]]), x), torch.zeros(3).scatter_add_(0, torch.tensor([0, 0, 2]), v), torch.ones(3).scatter(0, n[1:] - 1, value=5.0)",
    "index_fill": "x.index_fill(1, torch.tensor([0, 2]), -1.0), x.index_fill_(0, torch.tensor([1]), 7.0), torch.ones(3).index_add_(0, n - 1, v, alpha=2), x.take(n), torch.index_select(x, dim=1, index=n - 1), torch.gather(x, 1, torch.tensor([[0], [2]]))",
    "sort": "torch.sort(x, dim=1, descending=True), x.sort(0).values, torch.argsort(v, descending=True), torch.sort(n)",
    "comparisons": "torch.greater(x, 0), torch.less_equal(x, y), torch.not_equal(n, 2), x.less(0), torch.logical_and(x > 0, y > 0), torch.equal(x, x.clone()), ~(x > 0)",
    "rounding": "torch.round(x), torch.round(x, decimals=1), x.trunc(), x.fix(), torch.frac(x), torch.fmod(x, 0.4), torch.fmod(n, -2), torch.remainder(x, -0.4), x.floor(), torch.ceil(x), n // 2, x % 1",
    "elementary": "torch.atan2(x, y), torch.hypot(x, y), torch.hypot(torch.tensor([1e30, 1e-30]), torch.tensor([-1e30, 1e-30])) / torch.tensor([1e30, 1e-30]), torch.logit(torch.tensor([0.2, 0.9])), torch.logit(torch.tensor([0.0]), eps=0.1), torch.xlogy(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 3.0])), torch.lerp(x, y, 0.25), torch.exp2(n), torch.deg2rad(torch.tensor(180.0)), torch.rad2deg(v)",
    "hyperbolic": "torch.asinh(x), torch.acosh(p + 1), torch.atanh(x / 3), torch.arctan(x), torch.erf(x), torch.rsqrt(p), torch.expm1(x), torch.log2(p), torch.reciprocal(p)",
    "heaviside": "torch.heaviside(torch.tensor([-1.0, 0.0, 2.0]), torch.tensor(0.5)), torch.clamp_min(x, 0), x.clamp_max(0.5), torch.clip(x, -1, 1), torch.minimum(x, y)",
    "in place": "a = p.clone(); a.sqrt_().exp_().log_().square_().reciprocal_(); b = x.clone(); b.abs_().neg_().round_().clamp_(-1, 0).clamp_min_(-0.5); c = x.clone(); c.relu_().tanh_().sigmoid_(); d = x.clone(); d.masked_fill_(d < 0, 9.0); a, b, c, d, x.clone().tril_(), x.clone().fill_diagonal_(0.0), x.lerp_(y, 0.5)",
    "in place operators": "x += 1; x -= y; x *= 2; x /= p; x **= 2; n += 1; x, n",
    "shapes in place": "a = v.clone(); a.unsqueeze_(0), a.t_().shape, a.squeeze_().shape, x.clone().transpose_(0, 1)",
    "linalg": "a = x @ x.T + torch.eye(2); torch.linalg.inv(a), torch.inverse(a), torch.det(a), torch.linalg.solve(a, v[:2]), torch.linalg.norm(x), torch.linalg.matrix_power(a, 3), torch.matrix_power(a, 0), a.matrix_power(-2), torch.linalg.pinv(x), torch.pinverse(x.T), torch.linalg.svdvals(x), torch.linalg.eigvalsh(a), torch.linalg.matrix_rank(x), torch.linalg.multi_dot([x, y.T, x]), torch.linalg.cond(a), torch.linalg.matrix_norm(x), torch.linalg.vector_norm(x, 1), torch.linalg.cross(x, y), torch.slogdet(a)",
    "linalg.lstsq": "torch.linalg.lstsq(x.T, y.T).solution, torch.linalg.lstsq(x.T, v[:, None])[0]",
    "device": "torch.device('cuda', 1).index, str(torch.device('cuda:1')), torch.device('cpu') == torch.device('cpu'), torch.device(type='cpu').type",
    "printing": "str(x), repr(w), f'{x[0, 0]:.3f}', f'{n[0]:d}', f'{n[0]}', str(w.sum().detach())",
    "detect_anomaly": "with torch.autograd.set_detect_anomaly(True):\n    (w * w).sum().backward()\nwith torch.autograd.detect_anomaly(check_nan=False):\n    (w * w).sum().backward()\nw.grad",
    "autograd.functional": "torch.autograd.functional.jacobian(lambda a: a * a, v), torch.autograd.functional.hessian(lambda a: (a ** 3).sum(), v), torch.autograd.grad((w * w).sum(), w), torch.autograd.grad((w * v).sum(), [w, w])",
    "backward of a vector": "(w * w).backward(torch.ones(3), retain_graph=True); a = (w * w); a.backward(gradient=torch.tensor([1.0, 0.0, 2.0])); w.grad",
    "hooks": "a = []; h = w.register_hook(lambda g: a.append(g) or g * 2); (w * w).sum().backward(); h.remove(); (w * w).sum().backward(); a, w.grad",
    "use_deterministic_algorithms": "torch.use_deterministic_algorithms(False)",
    "cuda": "torch.cuda.empty_cache(); torch.cuda.is_available() in (True, False)",
}

# What the same scripts rely on beyond names.
BEHAVIOUR = {
    "the default float is float32, Python integers make int64, float64 stays": """
import numpy as np
(torch.tensor(1.0).dtype, torch.tensor([1, 2]).dtype, torch.tensor(np.ones(2)).dtype, torch.tensor(True).dtype,
 torch.tensor([1, 2.0]).dtype, (torch.tensor([1, 2]) / 2).dtype, (torch.tensor([1, 2]) * 2.5).dtype, torch.zeros(1).dtype)
""",
    "mixed dtypes raise in products of matrices": "kind(lambda: x @ y.T.double()), kind(lambda: n @ v), kind(lambda: torch.mm(x, n[:, None]))",
    "gradients start as None and add up": """
first = w.grad
w.sum().backward()
(2 * w).sum().backward()
first, w.grad
""",
    "a gradient can be None or a tensor, not a float": """
w.grad = torch.tensor([1.0, 2.0, 3.0])
kept = w.grad
error = kind(lambda: setattr(w, 'grad', 1.0)), kind(lambda: setattr(w, 'grad', torch.ones(2)))
w.sum().backward()
after = w.grad
w.grad = None
kept, error, after, w.grad
""",
    "a step under no_grad keeps the leaf": """
(w * w).sum().backward()
before = w
with torch.no_grad():
    w -= 0.1 * w.grad
    w[:] -= 0.5
    w.grad.zero_()
w is before, w.is_leaf, w.requires_grad, w
""",
    "outside it is an error": """
def step():
    global w
    w -= 0.1

def write():
    w[:] -= 0.1

kind(step), kind(write), kind(lambda: w.add_(1)), kind(lambda: w.zero_())
""",
    "a step outside no_grad that makes a new tensor loses the leaf": "w = w - 0.1; w.is_leaf, w.requires_grad",
    "data can be changed and replaced": """
w.data += 1
w.data -= 0.5 * w.data
w.data[0] = 9
first = w.detach().clone()
w.data = torch.zeros(3)
(w + 1).square().sum().backward()
first, w.is_leaf, w, w.grad
""",
    "requires_grad can be set after creation": "a = torch.randn(2, 2) / 2; a.requires_grad = True; a.mean().backward(); a.grad, a.is_leaf",
    "nan is not swallowed": """
nan = float('nan')
a = torch.tensor([[1, nan, 2], [1, 3, 2]])
q = torch.tensor([0.0, 0.5])
(a.median(), a.median(1), a[0].median(0), a.median(0, keepdim=True), a.quantile(0.5), a.quantile(q, 1), a.quantile(0.5, dim=0, keepdim=True),
 a.mode(1), torch.tensor([nan, nan, 2, 2, nan]).mode(), torch.tensor([nan, nan]).mode())
""",
    "the gradient of the median": """
def slope(numbers, function):
    a = torch.tensor(numbers, requires_grad=True)
    function(a).backward()
    return a.grad

nan = float('nan')
rows = [1.0, 2.0, 2.0, 3.0], [2.0, 2.0, 2.0], [1.0, nan, 2.0, nan]
([slope(row, lambda a: a.median()) for row in rows], [slope(row, lambda a: a.quantile(0.5)) for row in rows],
 slope(rows[0][1:], lambda a: a.median(0).values), slope(rows[2], lambda a: a.median(0).values), slope(rows[2], lambda a: a.max()))
""",
    "softmax of nothing": """
def both(function, *shape):
    a = torch.ones(*shape, requires_grad=True)
    out = function(a)
    out.sum().backward()
    return out, a.grad

[both(lambda a: function(a, dim), *shape) for function in (F.softmax, F.log_softmax, torch.logsumexp) for shape, dim in (((0, 3), 0), ((0, 3), 1), ((0,), -1))]
""",
    "a hypotenuse neither overflows nor vanishes": """
a, b = (torch.tensor(one, requires_grad=True) for one in ([3e30, 3e-30, -3.0], [4e30, 4e-30, 4.0]))
torch.hypot(a, b).sum().backward(); a.grad, b.grad
""",
    "dropout scales no integers": "kind(lambda: F.dropout(n, 0.5)), F.dropout(n, 0.0), F.dropout(n, 1.0), F.dropout(n, 0.5, training=False)",
    "small log losses of probabilities": """
q = torch.tensor([1e-9, 1e-7, 0.5], requires_grad=True)
out = F.binary_cross_entropy(q, torch.zeros(3), reduction='none')
out.sum().backward()
t = torch.zeros(2, requires_grad=True)
F.binary_cross_entropy(torch.tensor([1e-9, 0.25]), t, reduction='sum').backward()
out * torch.tensor([1e9, 1e7, 1.0]), q.grad, t.grad
""",
    "autograd.grad has PyTorch's positions": """
z = w * w
(torch.autograd.grad(z, [w, torch.ones(2, requires_grad=True)], torch.ones(3), True, False, True, True),
 torch.autograd.grad(z, w, torch.ones(3), only_inputs=True, is_grads_batched=False))
""",
    "batches of gradients": """
rows = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 1.0]], requires_grad=True)
z, options = w**3, {"is_grads_batched": True, "retain_graph": True}
unused = torch.ones(2, requires_grad=True)
(products,) = torch.autograd.grad(z, w, rows, create_graph=True, is_grads_batched=True)
(torch.autograd.grad([z, z.sum()], [w, unused], [rows.detach(), torch.ones(2)], allow_unused=True, **options),
 products, torch.autograd.grad(products.sum(), [w, rows]),
 torch.autograd.grad(z, [w, w], rows.detach(), **options), kind(lambda: torch.autograd.grad(z, w, torch.ones(3), **options)),
 kind(lambda: torch.autograd.grad(z, w, torch.ones(2, 2), **options)), kind(lambda: torch.autograd.grad(z, w, None, **options)))
""",
    "augmented assignment changes the tensor, whoever holds it": """
l = (w**2).sum(); both = [l, l]; l += (w**4).sum(); sum(both).backward()
out = torch.zeros(3); same = out; out += w; out *= w
h = w * 2; h.retain_grad(); h -= 1; (h * 3).sum().backward()
narrow = w * 1; narrow += torch.ones(3, dtype=torch.float64)
(w.grad, same, out is same, h.grad, narrow, kind(lambda: (w * 1).sum().__iadd__(w)), kind(lambda: torch.arange(3).__iadd__(w)))
""",
    "whole division, remainder and logic in place": """
m, n = torch.tensor([True, True]), torch.arange(4) + 5
k, v = m, n[:2]
k &= torch.tensor([False, True]); v %= 3
k |= torch.tensor([False, False]); k ^= torch.tensor([True, True])
p = torch.tensor([5.0, 7.0], requires_grad=True)
d = p.data
d //= 2
with torch.no_grad():
    p %= 2
m, n, p, p.requires_grad, kind(lambda: torch.arange(3).__itruediv__(2))
""",
    "writing where an ellipsis stands for nothing": """
i = torch.tensor([0, 1])
z, t = torch.zeros(2, 3, 4), torch.zeros(2, 3, 4)
z[:, i, ..., i] = torch.arange(4.0).reshape(2, 2)
t[0, i, ..., i] = torch.tensor([1.0, 2.0])
z, t
""",
    "a function of one's own may want no zeros": """
class Both(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, zeros):
        ctx.set_materialize_grads(zeros)
        ctx.save_for_backward(a)
        return a * a, a * a * a

    @staticmethod
    def backward(ctx, g, h):
        (a,) = ctx.saved_tensors
        arrived.append([g is not None, h is not None])
        return sum(part for part in (2 * g * a if g is not None else None, 3 * h * a * a if h is not None else None)
                   if part is not None), None

arrived, slopes = [], []
for zeros in (True, False):
    for i in (0, 1):
        slopes += torch.autograd.grad(Both.apply(w, zeros)[i].sum(), w)
        (slope,) = torch.autograd.grad(Both.apply(w, zeros)[i].sum(), w, create_graph=True)
        slopes += torch.autograd.grad(slope.sum(), w)
    slopes += torch.autograd.grad(sum(part.sum() for part in Both.apply(w, zeros)), w)
arrived, slopes
""",
    "repeated indices add up": "w[[0, 0, 2]].sum().backward(); w[torch.tensor([1, 1])].sum().backward(); w[0:2].sum().backward(); w.grad",
    "indices are integers, tensors, ranges, slices and masks": """
i = torch.arange(2)
(x[range(2), [0, 2]], x[i, n[:2] - 1], x[1][None, :], x[:, -1:], x[x[:, 0] > 1], x[..., 0], x[torch.tensor(1)], x[[True, False]],
 kind(lambda: x[5]), kind(lambda: x[0, 0, 0]), kind(lambda: x[0.5]))
""",
    "keepdims is keepdim, axis is dim": "x.sum(1, keepdims=True), x.mean(axis=0), x.max(axis=1).values, x.std(axis=1, keepdims=True), torch.argmax(x, axis=1), x.logsumexp(axis=1)",
    "var and std divide by n - 1, batch norm by n": """
norm = nn.BatchNorm1d(3)
rows = torch.cat([x, y])
out = norm(rows)
rows.var(0), rows.std(0), out, norm.running_var, norm.running_mean
""",
    "the largest along a dimension has values and indices": """
largest = torch.max(x, 1)
values, indices = x.max(dim=1)
largest.values, largest.indices, values, indices, largest[0], (torch.max(x, 1)[1] == torch.tensor([2, 0])).sum().item()
""",
    "gradients of the largest go to its index": "torch.max(w.reshape(1, 3), 1).values.sum().backward(); a = w.grad.clone(); w.max().backward(); a, w.grad",
    "gradients are off in blocks, functions and methods": """
class Model:
    @torch.no_grad()
    def predict(self, w):
        return w * 2

    @torch.inference_mode()
    def infer(self, w):
        return w * 2

@torch.enable_grad()
def on(w):
    return w * 2

with torch.no_grad():
    inside = on(w).requires_grad, (w * 2).requires_grad
    with torch.enable_grad():
        deeper = (w * 2).requires_grad
Model().predict(w).requires_grad, Model().infer(w).requires_grad, inside, deeper, torch.is_grad_enabled()
""",
    "numbers in tensors format, convert and unpack": """
loss = (w * w).mean()
a, b, c = w.detach()
(f'{loss:.4f}', f'{loss.item():>9.2f}', '%.3f' % loss, '{:d}'.format(n[0]), f'{torch.tensor(3)}', f'{n}', round(float(loss), 3), int(n[1]),
 bool(n[0] > 2), [row.sum().item() for row in x], len(x), a, max(n).item(), sum(v).item(), [1, 2, 3][n[1]], list(n), n.tolist())
""",
    "membership, hashing, identity": "3 in n, 7 in n, len({w, w, x}), {w: 1}[w], (w == None) is False, [w, x].index(w), x is x.T",
    "truth of several elements is an error": "kind(lambda: bool(x)) is not None, kind(lambda: x.item()) is not None, kind(lambda: float(v)) is not None, kind(lambda: len(torch.tensor(1))), kind(lambda: iter(torch.tensor(1)))",
    "an array is what NumPy sees": """
import numpy as np
(np.asarray(x.cpu()).tolist(), np.array(w.detach().cpu()).dtype.name, kind(lambda: np.asarray(w)), kind(lambda: w.numpy()),
 torch.from_numpy(np.float64([1, 2])), np.mean(v.cpu().numpy()).item())
""",
    "an optimiser of one's own": """
class Momentum(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1, beta=0.5):
        super().__init__(params, dict(lr=lr, beta=beta))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group['params']:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state['step'] = 0
                    state['v'] = torch.zeros_like(p)
                state['step'] += 1
                state['v'].mul_(group['beta']).add_(p.grad)
                p.add_(state['v'], alpha=-group['lr'])

optimizer = Momentum([w])
for _ in range(3):
    optimizer.zero_grad()
    ((w - v) ** 2).sum().backward()
    optimizer.step()
w, optimizer.state[w]['step'], optimizer.state[w]['v'], optimizer.defaults, len(optimizer.state)
""",
    "backward takes a gradient, keeps the graph, records": """
z = w * w
z.backward(torch.ones_like(z), retain_graph=True)
first = w.grad.clone()
z.backward(gradient=v)
again = kind(lambda: z.backward(v))
w.grad = None
(w ** 3).sum().backward(create_graph=True)
slope, w.grad = w.grad, None
slope.sum().backward()
first, again, slope, w.grad, kind(lambda: (w * 2).backward()), kind(lambda: x.sum().backward())
""",
    "a function of one's own in two parts": """
class Power(torch.autograd.Function):
    @staticmethod
    def forward(a, n):
        return a ** n

    @staticmethod
    def setup_context(ctx, inputs, output):
        a, n = inputs
        ctx.save_for_backward(a, output)
        ctx.n = n

    @staticmethod
    def backward(ctx, g):
        a, out = ctx.saved_tensors
        return g * ctx.n * out / a, None

out = Power.apply(w, 3)
(slope,) = torch.autograd.grad(out.sum(), w, create_graph=True)
(curvature,) = torch.autograd.grad(slope.sum(), w)
out, slope, curvature
""",
    "a function of one's own knows what is wanted": """
from torch.autograd.function import once_differentiable

class Parts(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.wanted = ctx.needs_input_grad
        floor = a.floor()
        ctx.mark_non_differentiable(floor)
        return a * b, floor

    @staticmethod
    @once_differentiable
    def backward(ctx, g, _):
        wanted.append(ctx.needs_input_grad)
        return 2 * g, None

wanted = []
product, floor = Parts.apply(w, v)
product.sum().backward()
wanted, product.requires_grad, floor.requires_grad, w.grad, kind(lambda: Parts.apply(w, v)[0].backward())
""",
    "a reversed gradient": """
class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return g.neg()

class Same(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, g):
        return 3 * g

(Reverse.apply(w) + 2 * Same.apply(w)).sum().backward(); w.grad
""",
    "a function of one's own saves and returns its input": """
class Same(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x * x

(slope,) = torch.autograd.grad(Same.apply(w).sum(), w, create_graph=True)
slope, torch.autograd.grad(slope.sum(), w)
""",
    "a function of one's own may answer in another dtype": """
class Wide(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * g.double() * x

plain = torch.autograd.grad(Wide.apply(w).sum(), w)
(slope,) = torch.autograd.grad(Wide.apply(w).sum(), w, create_graph=True)
plain, slope, torch.autograd.grad(slope.sum(), w)
""",
    "what is filled in takes the dtype of the tensor": """
i, m = torch.tensor([0, 1]), torch.tensor([True, False, True])
tensors = [torch.arange(3), torch.arange(3).to(torch.uint8), m, torch.arange(3.0), torch.arange(3.0).half()]
numbers = [2, 0, 2.7, True, torch.tensor(2.5), torch.tensor(2.5, dtype=torch.float64), torch.tensor(True)]
[[t.masked_fill(m, v) for v in numbers] + [t.index_fill(0, i, v) for v in numbers] for t in tensors], \\
[[t.scatter(0, i, v) for v in numbers[:4]] for t in tensors], torch.arange(3).masked_fill_(m, 2.5)
""",
    "what is filled in has to fit": """
m = torch.tensor([True, False, True])
[kind(lambda t=t, v=v: t.masked_fill(m, v)) for t, v in [
    (torch.arange(3), float('nan')), (torch.arange(3), 1e19), (torch.arange(3).to(torch.uint8), 300),
    (torch.arange(3).to(torch.uint8), -1), (torch.arange(3.0).half(), 1e6), (torch.arange(3.0), float('inf'))]]
""",
    "what is added or put in has the dtype of the tensor": """
i = torch.tensor([0, 2])
[[kind(lambda f=f, s=s: f(0, i, s)) for f in (v.scatter, v.scatter_add, v.index_add)]
 for s in (torch.ones(2), torch.ones(2, dtype=torch.float64), torch.ones(2, dtype=torch.int64))]
""",
    "indices of rows count from the front": """
def fails(f):
    try:
        f()
    except (IndexError, RuntimeError):
        return True
    return False

wrong = [torch.tensor([i]) for i in (-1, 3)]
[[fails(lambda: v.gather(0, i)), fails(lambda: v.scatter(0, i, 1.0)), fails(lambda: v.scatter(0, i, v[:1])),
  fails(lambda: v.scatter_add(0, i, v[:1])), fails(lambda: v.index_select(0, i)), fails(lambda: v.index_add(0, i, v[:1]))]
 for i in wrong], v.index_fill(0, wrong[0], 9.0), v.take(wrong[0]), torch.take_along_dim(v, wrong[0], 0), \\
torch.tensor(3.0).gather(0, torch.tensor(0)), v.gather(0, torch.tensor([], dtype=torch.int64))
""",
    "an ellipsis between index tensors may stand for nothing": """
z = torch.arange(24.0).reshape(2, 3, 4).requires_grad_()
i, m = torch.tensor([0, 1]), torch.tensor([True, False])
picked = [z[:, i, ..., i], z[None, i, ..., i, 0], z[i, ..., i], z[..., i, i], z[0, i, ..., i], z[i, ..., i, i],
          z[0, ..., i, i], z[m, ..., i, i], z[torch.ones(2, 3) > 0, ..., torch.tensor([0])], z[i, i, ..., 0], z[0, ..., 1, 2]]
slopes = []
for part in picked:
    (slope,) = torch.autograd.grad((part ** 3 * torch.arange(1.0, part.numel() + 1).reshape(part.shape)).sum(), z, create_graph=True)
    slopes += [slope, torch.autograd.grad((slope * z).sum(), z)]
picked, slopes
""",
    "an integer divided by zero": """
zero, empty = torch.tensor([1, 0, 2]), torch.empty(0, dtype=torch.int64)
calls = [lambda: n // 0, lambda: n % 0, lambda: 3 // zero, lambda: 3 % zero, lambda: n // zero, lambda: n % zero,
         lambda: torch.fmod(n, zero), lambda: n.fmod(0), lambda: n.floor_divide(zero), lambda: n.remainder(0),
         lambda: torch.div(n, zero, rounding_mode='trunc'), lambda: torch.div(n, 0, rounding_mode='floor'),
         lambda: n.clone().floor_divide_(0), lambda: n.clone().remainder_(zero)]
[kind(call) for call in calls], n // 2, n % torch.tensor([2, 2, 3]), empty // 0, x // 2, n // 2.0, torch.fmod(n, 2)
""",
    "numbers of NumPy's are numbers": """
import numpy
half, one = numpy.float32(0.5), numpy.float64(1.0)
[torch.full((2,), f) for f in (one, half, numpy.int64(2))], F.dropout(torch.ones(20), half), nn.Dropout(half)(torch.ones(20)), \\
F.dropout(torch.ones(20), one / 4), torch.empty(20).bernoulli_(half), torch.normal(one, torch.ones(5)), torch.normal(half, torch.ones(5))
""",
    "an empty dimension in chunks": """
[[tuple(part.shape) for part in torch.empty(2, 0).chunk(3, d)] for d in (0, 1)], [len(torch.ones(5).chunk(k)) for k in (2, 4, 7)]
""",
    "xlogy of half precision and integers": """
h = v.half()
torch.xlogy(h, n), torch.xlogy(h, n > 0), torch.xlogy(h, torch.tensor(2)), torch.xlogy(n, n), torch.xlogy(2, n), torch.xlogy(n, v.abs()), torch.xlogy(0.1, v.abs().double()), torch.xlogy(0.1, n)
""",
    "hardtanh of integers": """
u = n.to(torch.uint8)
F.hardtanh(n, -2.5, 2.7), F.relu6(4 * n), F.relu6(u), nn.Hardtanh()(n - 2), kind(lambda: F.hardtanh(u)), kind(lambda: F.relu6(n > 1)), \\
F.hardtanh(x)
""",
    "the sign of NaN": "z = torch.tensor([float('nan'), -2.0, 0.0], requires_grad=True)\nz.sign().sum().backward()\ntorch.sign(z), z.grad, torch.sign(n - 2), torch.sign(torch.tensor(float('nan')))",
    "what a gradient function brings along": """
aux = lambda a: ((a ** 2).sum(), (a * 3, {'five': [a + 5]}))
g, (one, two) = torch.func.grad(aux, has_aux=True)(v)
outer = torch.func.grad(lambda a: (torch.func.grad(aux, has_aux=True)(a)[1][0] * a).sum())(v)
h, (kept, _) = torch.func.grad(aux, has_aux=True)(w)
one, one.requires_grad, two, two['five'][0].requires_grad, outer, h.requires_grad, kept.requires_grad
""",
    "lists grow into tensors": "losses = []\nfor row in x:\n    losses.append(row.sum())\ntorch.stack(losses), torch.tensor([l.item() for l in losses]), torch.tensor(losses), sum(losses) / len(losses)",
    "a loop can start with an empty tensor": "out = torch.tensor([])\nfor row in x:\n    out = torch.cat((out, row))\nout, torch.cat([torch.empty(0), x.flatten()[:2]])",
    "views share their memory": """
a = torch.arange(6.0)
b = a.view(2, 3)
b[0, 0] = 7
c = a[1:3]
c += 1
d = a.detach()
d[-1] = 0
a, b, a.reshape(3, 2).T
""",
}

NAMES = {**IN_SCOPE, **BEYOND, **MORE, **BEHAVIOUR}


@pytest.fixture(scope="module")
def recorded():
    path = Path(__file__).parent / "recorded" / "pytorch_names.json"
    return json.loads(path.read_text(encoding="utf-8"))["results"]


def test_the_table_has_every_name_of_the_lists():
    assert len(IN_SCOPE) == 199


# What asks for arrays of the host, looks at values there, or prints where a tensor is.
ON_THE_HOST = {
    "T.numpy",
    "T.device",
    "T.storage_offset",
    "torch.set_printoptions",
    "printing",
    "numbers in tensors format, convert and unpack",
    "an array is what NumPy sees",
    "indices of rows count from the front",
    "an integer divided by zero",
}


@pytest.mark.parametrize("name", NAMES)
def test_name(name, recorded, device):
    if device != "cpu" and name in ON_THE_HOST:
        pytest.skip("it is about the host")
    value, _ = run(with_minigrad(START + NAMES[name]))
    assert_alike(plain(value), recorded[name])
