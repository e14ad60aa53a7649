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

from math import e as e, inf as inf, nan as nan, pi as pi
from typing import TYPE_CHECKING

from numpy import dtype as dtype, finfo as finfo, iinfo as iinfo

from minigrad import ops as ops  # before the tensors that use the operations
from minigrad._creation import (
    arange as arange,
    as_tensor as as_tensor,
    cartesian_prod as cartesian_prod,
    clone as clone,
    detach as detach,
    empty as empty,
    empty_like as empty_like,
    eye as eye,
    from_numpy as from_numpy,
    full as full,
    full_like as full_like,
    is_floating_point as is_floating_point,
    is_tensor as is_tensor,
    linspace as linspace,
    logspace as logspace,
    meshgrid as meshgrid,
    numel as numel,
    ones as ones,
    ones_like as ones_like,
    tensor as tensor,
    tril_indices as tril_indices,
    triu_indices as triu_indices,
    zeros as zeros,
    zeros_like as zeros_like,
)
from minigrad._functions.multiplying import (
    addmm as addmm,
    addmv as addmv,
    bmm as bmm,
    cdist as cdist,
    cross as cross,
    dist as dist,
    dot as dot,
    einsum as einsum,
    inner as inner,
    kron as kron,
    matmul as matmul,
    mm as mm,
    mv as mv,
    outer as outer,
    tensordot as tensordot,
    vdot as vdot,
)
from minigrad._functions.picking import (
    argsort as argsort,
    argwhere as argwhere,
    gather as gather,
    index_add as index_add,
    index_fill as index_fill,
    index_select as index_select,
    masked_select as masked_select,
    nonzero as nonzero,
    one_hot as one_hot,
    scatter as scatter,
    scatter_add as scatter_add,
    sort as sort,
    take as take,
    take_along_dim as take_along_dim,
    topk as topk,
)
from minigrad._functions.pointwise import (
    abs as abs,
    acos as acos,
    acosh as acosh,
    add as add,
    addcdiv as addcdiv,
    addcmul as addcmul,
    allclose as allclose,
    asin as asin,
    asinh as asinh,
    atan as atan,
    atan2 as atan2,
    atanh as atanh,
    bitwise_and as bitwise_and,
    bitwise_not as bitwise_not,
    bitwise_or as bitwise_or,
    bitwise_xor as bitwise_xor,
    ceil as ceil,
    clamp as clamp,
    clamp_max as clamp_max,
    clamp_min as clamp_min,
    cos as cos,
    cosh as cosh,
    deg2rad as deg2rad,
    div as div,
    elu as elu,
    eq as eq,
    equal as equal,
    erf as erf,
    exp as exp,
    exp2 as exp2,
    expm1 as expm1,
    floor as floor,
    floor_divide as floor_divide,
    fmod as fmod,
    frac as frac,
    ge as ge,
    gelu as gelu,
    gt as gt,
    heaviside as heaviside,
    hypot as hypot,
    isclose as isclose,
    isfinite as isfinite,
    isin as isin,
    isinf as isinf,
    isnan as isnan,
    le as le,
    leaky_relu as leaky_relu,
    lerp as lerp,
    log as log,
    log1p as log1p,
    log2 as log2,
    log10 as log10,
    logaddexp as logaddexp,
    logical_and as logical_and,
    logical_not as logical_not,
    logical_or as logical_or,
    logical_xor as logical_xor,
    logit as logit,
    logsigmoid as logsigmoid,
    lt as lt,
    masked_fill as masked_fill,
    maximum as maximum,
    minimum as minimum,
    mul as mul,
    nan_to_num as nan_to_num,
    ne as ne,
    neg as neg,
    pow as pow,
    rad2deg as rad2deg,
    reciprocal as reciprocal,
    relu as relu,
    remainder as remainder,
    round as round,
    rsqrt as rsqrt,
    sigmoid as sigmoid,
    sign as sign,
    silu as silu,
    sin as sin,
    sinh as sinh,
    softplus as softplus,
    sqrt as sqrt,
    square as square,
    sub as sub,
    tan as tan,
    tanh as tanh,
    true_divide as true_divide,
    trunc as trunc,
    where as where,
    xlogy as xlogy,
)
from minigrad._functions.reducing import (
    all as all,
    amax as amax,
    amin as amin,
    any as any,
    argmax as argmax,
    argmin as argmin,
    count_nonzero as count_nonzero,
    cumprod as cumprod,
    cumsum as cumsum,
    diff as diff,
    log_softmax as log_softmax,
    logsumexp as logsumexp,
    max as max,
    mean as mean,
    min as min,
    norm as norm,
    prod as prod,
    softmax as softmax,
    std as std,
    sum as sum,
    var as var,
)
from minigrad._functions.shaping import (
    broadcast_tensors as broadcast_tensors,
    broadcast_to as broadcast_to,
    cat as cat,
    chunk as chunk,
    column_stack as column_stack,
    diag as diag,
    diag_embed as diag_embed,
    diagonal as diagonal,
    flatten as flatten,
    flip as flip,
    hstack as hstack,
    movedim as movedim,
    narrow as narrow,
    pad as pad,
    permute as permute,
    repeat_interleave as repeat_interleave,
    reshape as reshape,
    roll as roll,
    select as select,
    split as split,
    squeeze as squeeze,
    stack as stack,
    t as t,
    tile as tile,
    trace as trace,
    transpose as transpose,
    tril as tril,
    triu as triu,
    unbind as unbind,
    unflatten as unflatten,
    unsqueeze as unsqueeze,
    vstack as vstack,
)
from minigrad._functions.statistics import (
    aminmax as aminmax,
    bincount as bincount,
    bucketize as bucketize,
    corrcoef as corrcoef,
    cov as cov,
    histc as histc,
    histogram as histogram,
    kthvalue as kthvalue,
    median as median,
    mode as mode,
    nanmean as nanmean,
    nansum as nansum,
    quantile as quantile,
    searchsorted as searchsorted,
    std_mean as std_mean,
    unique as unique,
    var_mean as var_mean,
)
from minigrad._lazy import on_first_use
from minigrad._tensor import Size as Size, Tensor as Tensor
from minigrad.autograd.modes import (
    enable_grad as enable_grad,
    inference_mode as inference_mode,
    is_grad_enabled as is_grad_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from minigrad.backend.devices import (
    Device as _Device,
    default_device as _default_device,
    set_default_device as set_default_device,
)
from minigrad.dtypes import (
    bool_ as bool_,
    can_cast as can_cast,
    double as double,
    float16 as float16,
    float32 as float32,
    float64 as float64,
    get_default_dtype as get_default_dtype,
    half as half,
    int8 as int8,
    int16 as int16,
    int32 as int32,
    int64 as int64,
    long as long,
    promote_types as promote_types,
    result_type as result_type,
    set_default_dtype as set_default_dtype,
    short as short,
    uint8 as uint8,
)
from minigrad.ops.declare import op as op

from minigrad import autograd as autograd  # isort: skip  (it needs everything above)

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad import (
        accelerator as accelerator,
        backends as backends,
        cuda as cuda,
        data as data,
        func as func,
        linalg as linalg,
        nn as nn,
        optim as optim,
        serialization as serialization,
        testing as testing,
        train as train,
        utils as utils,
        viz as viz,
    )
    from minigrad._inverting import (
        det as det,
        inverse as inverse,
        matrix_power as matrix_power,
        pinverse as pinverse,
        slogdet as slogdet,
        svd as svd,
    )
    from minigrad._printing import set_printoptions as set_printoptions
    from minigrad._random import (
        bernoulli as bernoulli,
        default_generator as default_generator,
        get_rng_state as get_rng_state,
        initial_seed as initial_seed,
        manual_seed as manual_seed,
        multinomial as multinomial,
        normal as normal,
        rand as rand,
        rand_like as rand_like,
        randint as randint,
        randint_like as randint_like,
        randn as randn,
        randn_like as randn_like,
        randperm as randperm,
        seed as seed,
        set_rng_state as set_rng_state,
    )
    from minigrad._typed import (
        BoolTensor as BoolTensor,
        ByteTensor as ByteTensor,
        CharTensor as CharTensor,
        DoubleTensor as DoubleTensor,
        FloatTensor as FloatTensor,
        HalfTensor as HalfTensor,
        IntTensor as IntTensor,
        LongTensor as LongTensor,
        ShortTensor as ShortTensor,
        set_default_tensor_type as set_default_tensor_type,
    )
    from minigrad.backend import Generator as Generator, tune as tune
    from minigrad.backends import use_deterministic_algorithms as use_deterministic_algorithms
    from minigrad.compiling import compile as compile
    from minigrad.explaining import explain as explain
    from minigrad.profiling import profile as profile
    from minigrad.serialization import load as load, save as save
    from minigrad.viz import draw as draw

# PyTorch's names of dtypes that are Python's names too; and names it has twice.
float = float32
int = int32
bool = bool_
device, get_default_device = _Device, _default_device
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
