"""minigrad: reverse-mode automatic differentiation of tensors, small enough to read in an evening.

::

    import minigrad as mg

    x = mg.tensor([1.0, 2.0], requires_grad=True)
    (x**2).sum().backward()
    x.grad                     # tensor([2., 4.])

Tensors, ``nn``, ``optim`` and ``data`` speak PyTorch.  Where to read: :mod:`minigrad.engine` is what is
recorded and how gradients are swept up; :mod:`minigrad.ops` has each operation with its derivative
beside it; :mod:`minigrad.func` and :mod:`minigrad.autograd` have derivatives of every order, and the
checks against finite differences.
"""

from __future__ import annotations

from typing import Any

from minigrad import ops  # first: the operations have to stand before the tensors that use them
from minigrad._creation import (
    FloatTensor,
    LongTensor,
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    is_tensor,
    linspace,
    meshgrid,
    numel,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from minigrad._functions.multiplying import bmm, dot, einsum, matmul, mm, mv, outer, tensordot
from minigrad._functions.picking import (
    argsort,
    gather,
    index_add,
    index_select,
    masked_select,
    nonzero,
    one_hot,
    scatter_add,
    sort,
    take_along_dim,
    topk,
)
from minigrad._functions.pointwise import (
    abs,
    acos,
    add,
    allclose,
    asin,
    atan,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    ceil,
    clamp,
    cos,
    cosh,
    div,
    elu,
    eq,
    equal,
    erf,
    exp,
    expm1,
    floor,
    floor_divide,
    ge,
    gelu,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    logsigmoid,
    lt,
    masked_fill,
    maximum,
    minimum,
    mul,
    ne,
    neg,
    pow,
    reciprocal,
    relu,
    remainder,
    round,
    rsqrt,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softplus,
    sqrt,
    square,
    sub,
    tan,
    tanh,
    true_divide,
    trunc,
    where,
)
from minigrad._functions.reducing import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    count_nonzero,
    cumsum,
    log_softmax,
    logsumexp,
    max,
    mean,
    min,
    norm,
    prod,
    softmax,
    std,
    sum,
    var,
)
from minigrad._functions.shaping import (
    broadcast_to,
    cat,
    chunk,
    diag,
    diagonal,
    flatten,
    flip,
    movedim,
    pad,
    permute,
    repeat_interleave,
    reshape,
    roll,
    split,
    squeeze,
    stack,
    t,
    tile,
    transpose,
    tril,
    triu,
    unbind,
    unflatten,
    unsqueeze,
)
from minigrad._printing import set_printoptions
from minigrad._random import (
    bernoulli,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    multinomial,
    normal,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    seed,
    set_rng_state,
)
from minigrad._tensor import Size, Tensor
from minigrad.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.backend import Device as device
from minigrad.backend import Generator, set_default_device, tune
from minigrad.backend import default_device as get_default_device
from minigrad.dtypes import (
    bool_,
    double,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int8,
    int16,
    int32,
    int64,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
)
from minigrad.ops.declare import op

from minigrad import autograd, func, linalg  # isort: skip  (they need everything above)
from minigrad import data, nn, optim, utils  # isort: skip

import minigrad.autograd.functional  # isort: skip

# PyTorch's names of dtypes that are Python's names too; and names it has twice.
float = float32
int = int32
bool = bool_
concat = concatenate = cat
clip = clamp
subtract, multiply, divide, negative = sub, mul, div, neg
absolute = abs
arcsin, arccos, arctan = asin, acos, atan
swapaxes = transpose

__version__ = "0.1.0"

__all__ = [
    name
    for name in globals()
    if not name.startswith("_") and name not in ("Any", "annotations", "minigrad")
]

_LAZY = {"viz": "minigrad.viz", "testing": "minigrad.testing", "cuda": "minigrad.cuda"}


def __getattr__(name: str) -> Any:
    """Import on first use what plain computing does not need: drawing, testing."""
    import importlib

    if name in _LAZY:
        return importlib.import_module(_LAZY[name])
    if name == "draw":
        return importlib.import_module("minigrad.viz").draw
    raise AttributeError(f"module 'minigrad' has no attribute {name!r}")
