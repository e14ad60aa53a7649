"""minigrad: reverse-mode automatic differentiation of tensors; its core can be read in an evening.

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

from math import e, inf, nan, pi
from typing import TYPE_CHECKING

from numpy import dtype, finfo, iinfo

from minigrad import ops  # first: the operations have to stand before the tensors that use them
from minigrad._creation import (
    arange,
    as_tensor,
    cartesian_prod,
    clone,
    detach,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    is_floating_point,
    is_tensor,
    linspace,
    logspace,
    meshgrid,
    numel,
    ones,
    ones_like,
    tensor,
    tril_indices,
    triu_indices,
    zeros,
    zeros_like,
)
from minigrad._functions.multiplying import (
    addmm,
    addmv,
    bmm,
    cdist,
    cross,
    dist,
    dot,
    einsum,
    inner,
    kron,
    matmul,
    mm,
    mv,
    outer,
    tensordot,
    vdot,
)
from minigrad._functions.picking import (
    argsort,
    argwhere,
    gather,
    index_add,
    index_fill,
    index_select,
    masked_select,
    nonzero,
    one_hot,
    scatter,
    scatter_add,
    sort,
    take,
    take_along_dim,
    topk,
)
from minigrad._functions.pointwise import (
    abs,
    acos,
    acosh,
    add,
    addcdiv,
    addcmul,
    allclose,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    ceil,
    clamp,
    clamp_max,
    clamp_min,
    cos,
    cosh,
    deg2rad,
    div,
    elu,
    eq,
    equal,
    erf,
    exp,
    exp2,
    expm1,
    floor,
    floor_divide,
    fmod,
    frac,
    ge,
    gelu,
    gt,
    heaviside,
    hypot,
    isclose,
    isfinite,
    isin,
    isinf,
    isnan,
    le,
    leaky_relu,
    lerp,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    logit,
    logsigmoid,
    lt,
    masked_fill,
    maximum,
    minimum,
    mul,
    nan_to_num,
    ne,
    neg,
    pow,
    rad2deg,
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
    xlogy,
)
from minigrad._functions.reducing import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    count_nonzero,
    cumprod,
    cumsum,
    diff,
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
    broadcast_tensors,
    broadcast_to,
    cat,
    chunk,
    column_stack,
    diag,
    diag_embed,
    diagonal,
    flatten,
    flip,
    hstack,
    movedim,
    narrow,
    pad,
    permute,
    repeat_interleave,
    reshape,
    roll,
    select,
    split,
    squeeze,
    stack,
    t,
    tile,
    trace,
    transpose,
    tril,
    triu,
    unbind,
    unflatten,
    unsqueeze,
    vstack,
)
from minigrad._functions.statistics import (
    aminmax,
    bincount,
    bucketize,
    corrcoef,
    cov,
    histc,
    histogram,
    kthvalue,
    median,
    mode,
    nanmean,
    nansum,
    quantile,
    searchsorted,
    std_mean,
    unique,
    var_mean,
)
from minigrad._lazy import on_first_use
from minigrad._tensor import Size, Tensor
from minigrad.autograd.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.backend.devices import Device as device
from minigrad.backend.devices import default_device as get_default_device
from minigrad.backend.devices import set_default_device
from minigrad.dtypes import (
    bool_,
    can_cast,
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
    result_type,
    set_default_dtype,
    short,
    uint8,
)
from minigrad.ops.declare import op

from minigrad import autograd  # isort: skip  (it needs everything above)

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad import (
        accelerator,
        backends,
        cuda,
        data,
        func,
        linalg,
        nn,
        optim,
        serialization,
        testing,
        train,
        utils,
        viz,
    )
    from minigrad._inverting import det, inverse, matrix_power, pinverse, slogdet, svd
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
        randint_like,
        randn,
        randn_like,
        randperm,
        seed,
        set_rng_state,
    )
    from minigrad._typed import (
        BoolTensor,
        ByteTensor,
        CharTensor,
        DoubleTensor,
        FloatTensor,
        HalfTensor,
        IntTensor,
        LongTensor,
        ShortTensor,
        set_default_tensor_type,
    )
    from minigrad.backend import Generator, tune
    from minigrad.backends import use_deterministic_algorithms
    from minigrad.compiling import compile
    from minigrad.explaining import explain
    from minigrad.profiling import profile
    from minigrad.serialization import load, save
    from minigrad.viz import draw

# PyTorch's names of dtypes that are Python's names too; and names it has twice.
float = float32
int = int32
bool = bool_
concat = concatenate = cat
clip = clamp
subtract, multiply, divide, negative = sub, mul, div, neg
absolute = abs
arcsin, arccos, arctan = asin, acos, atan
arctan2, arcsinh, arccosh, arctanh = atan2, asinh, acosh, atanh
greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
fix, sgn = trunc, sign
swapaxes = transpose
moveaxis = movedim
ravel = flatten
row_stack = vstack
newaxis = None

__version__ = "0.1.0"

if not TYPE_CHECKING:
    _now = [name for name in globals() if not name.startswith("_")]
    _later, __getattr__, __dir__ = on_first_use(
        globals(),
        {
            "_inverting": "det inverse matrix_power pinverse slogdet svd",
            "_printing": "set_printoptions",
            "_random": (
                "bernoulli default_generator get_rng_state initial_seed manual_seed multinomial normal "
                "rand rand_like randint randint_like randn randn_like randperm seed set_rng_state"
            ),
            "_typed": (
                "BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor "
                "LongTensor ShortTensor set_default_tensor_type"
            ),
            "backend": "Generator tune",
            "backends": "use_deterministic_algorithms",
            "compiling": "compile",
            "explaining": "explain",
            "profiling": "profile",
            "serialization": "load save",
            "viz": "draw",
        },
        modules=(
            "accelerator backends cuda data func linalg nn optim serialization testing train utils viz"
        ),
    )
    __all__ = sorted(
        {*_now, *_later} - {"TYPE_CHECKING", "annotations", "minigrad", "on_first_use"}
    )
    del _now, _later
