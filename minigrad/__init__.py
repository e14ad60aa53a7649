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

from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi
from typing import TYPE_CHECKING

from numpy import dtype as dtype
from numpy import finfo as finfo
from numpy import iinfo as iinfo

from minigrad import ops as ops  # before the tensors that use the operations
from minigrad._creation import arange as arange
from minigrad._creation import as_tensor as as_tensor
from minigrad._creation import cartesian_prod as cartesian_prod
from minigrad._creation import clone as clone
from minigrad._creation import detach as detach
from minigrad._creation import empty as empty
from minigrad._creation import empty_like as empty_like
from minigrad._creation import eye as eye
from minigrad._creation import from_numpy as from_numpy
from minigrad._creation import full as full
from minigrad._creation import full_like as full_like
from minigrad._creation import is_floating_point as is_floating_point
from minigrad._creation import is_tensor as is_tensor
from minigrad._creation import linspace as linspace
from minigrad._creation import logspace as logspace
from minigrad._creation import meshgrid as meshgrid
from minigrad._creation import numel as numel
from minigrad._creation import ones as ones
from minigrad._creation import ones_like as ones_like
from minigrad._creation import tensor as tensor
from minigrad._creation import tril_indices as tril_indices
from minigrad._creation import triu_indices as triu_indices
from minigrad._creation import zeros as zeros
from minigrad._creation import zeros_like as zeros_like
from minigrad._functions.multiplying import addmm as addmm
from minigrad._functions.multiplying import addmv as addmv
from minigrad._functions.multiplying import bmm as bmm
from minigrad._functions.multiplying import cdist as cdist
from minigrad._functions.multiplying import cross as cross
from minigrad._functions.multiplying import dist as dist
from minigrad._functions.multiplying import dot as dot
from minigrad._functions.multiplying import einsum as einsum
from minigrad._functions.multiplying import inner as inner
from minigrad._functions.multiplying import kron as kron
from minigrad._functions.multiplying import matmul as matmul
from minigrad._functions.multiplying import mm as mm
from minigrad._functions.multiplying import mv as mv
from minigrad._functions.multiplying import outer as outer
from minigrad._functions.multiplying import tensordot as tensordot
from minigrad._functions.multiplying import vdot as vdot
from minigrad._functions.picking import argsort as argsort
from minigrad._functions.picking import argwhere as argwhere
from minigrad._functions.picking import gather as gather
from minigrad._functions.picking import index_add as index_add
from minigrad._functions.picking import index_fill as index_fill
from minigrad._functions.picking import index_select as index_select
from minigrad._functions.picking import masked_select as masked_select
from minigrad._functions.picking import nonzero as nonzero
from minigrad._functions.picking import one_hot as one_hot
from minigrad._functions.picking import scatter as scatter
from minigrad._functions.picking import scatter_add as scatter_add
from minigrad._functions.picking import sort as sort
from minigrad._functions.picking import take as take
from minigrad._functions.picking import take_along_dim as take_along_dim
from minigrad._functions.picking import topk as topk
from minigrad._functions.pointwise import abs as abs
from minigrad._functions.pointwise import acos as acos
from minigrad._functions.pointwise import acosh as acosh
from minigrad._functions.pointwise import add as add
from minigrad._functions.pointwise import addcdiv as addcdiv
from minigrad._functions.pointwise import addcmul as addcmul
from minigrad._functions.pointwise import allclose as allclose
from minigrad._functions.pointwise import asin as asin
from minigrad._functions.pointwise import asinh as asinh
from minigrad._functions.pointwise import atan as atan
from minigrad._functions.pointwise import atan2 as atan2
from minigrad._functions.pointwise import atanh as atanh
from minigrad._functions.pointwise import bitwise_and as bitwise_and
from minigrad._functions.pointwise import bitwise_not as bitwise_not
from minigrad._functions.pointwise import bitwise_or as bitwise_or
from minigrad._functions.pointwise import bitwise_xor as bitwise_xor
from minigrad._functions.pointwise import ceil as ceil
from minigrad._functions.pointwise import clamp as clamp
from minigrad._functions.pointwise import clamp_max as clamp_max
from minigrad._functions.pointwise import clamp_min as clamp_min
from minigrad._functions.pointwise import cos as cos
from minigrad._functions.pointwise import cosh as cosh
from minigrad._functions.pointwise import deg2rad as deg2rad
from minigrad._functions.pointwise import div as div
from minigrad._functions.pointwise import elu as elu
from minigrad._functions.pointwise import eq as eq
from minigrad._functions.pointwise import equal as equal
from minigrad._functions.pointwise import erf as erf
from minigrad._functions.pointwise import exp as exp
from minigrad._functions.pointwise import exp2 as exp2
from minigrad._functions.pointwise import expm1 as expm1
from minigrad._functions.pointwise import floor as floor
from minigrad._functions.pointwise import floor_divide as floor_divide
from minigrad._functions.pointwise import fmod as fmod
from minigrad._functions.pointwise import frac as frac
from minigrad._functions.pointwise import ge as ge
from minigrad._functions.pointwise import gelu as gelu
from minigrad._functions.pointwise import gt as gt
from minigrad._functions.pointwise import heaviside as heaviside
from minigrad._functions.pointwise import hypot as hypot
from minigrad._functions.pointwise import isclose as isclose
from minigrad._functions.pointwise import isfinite as isfinite
from minigrad._functions.pointwise import isin as isin
from minigrad._functions.pointwise import isinf as isinf
from minigrad._functions.pointwise import isnan as isnan
from minigrad._functions.pointwise import le as le
from minigrad._functions.pointwise import leaky_relu as leaky_relu
from minigrad._functions.pointwise import lerp as lerp
from minigrad._functions.pointwise import log as log
from minigrad._functions.pointwise import log1p as log1p
from minigrad._functions.pointwise import log2 as log2
from minigrad._functions.pointwise import log10 as log10
from minigrad._functions.pointwise import logaddexp as logaddexp
from minigrad._functions.pointwise import logical_and as logical_and
from minigrad._functions.pointwise import logical_not as logical_not
from minigrad._functions.pointwise import logical_or as logical_or
from minigrad._functions.pointwise import logical_xor as logical_xor
from minigrad._functions.pointwise import logit as logit
from minigrad._functions.pointwise import logsigmoid as logsigmoid
from minigrad._functions.pointwise import lt as lt
from minigrad._functions.pointwise import masked_fill as masked_fill
from minigrad._functions.pointwise import maximum as maximum
from minigrad._functions.pointwise import minimum as minimum
from minigrad._functions.pointwise import mul as mul
from minigrad._functions.pointwise import nan_to_num as nan_to_num
from minigrad._functions.pointwise import ne as ne
from minigrad._functions.pointwise import neg as neg
from minigrad._functions.pointwise import pow as pow
from minigrad._functions.pointwise import rad2deg as rad2deg
from minigrad._functions.pointwise import reciprocal as reciprocal
from minigrad._functions.pointwise import relu as relu
from minigrad._functions.pointwise import remainder as remainder
from minigrad._functions.pointwise import round as round
from minigrad._functions.pointwise import rsqrt as rsqrt
from minigrad._functions.pointwise import sigmoid as sigmoid
from minigrad._functions.pointwise import sign as sign
from minigrad._functions.pointwise import silu as silu
from minigrad._functions.pointwise import sin as sin
from minigrad._functions.pointwise import sinh as sinh
from minigrad._functions.pointwise import softplus as softplus
from minigrad._functions.pointwise import sqrt as sqrt
from minigrad._functions.pointwise import square as square
from minigrad._functions.pointwise import sub as sub
from minigrad._functions.pointwise import tan as tan
from minigrad._functions.pointwise import tanh as tanh
from minigrad._functions.pointwise import true_divide as true_divide
from minigrad._functions.pointwise import trunc as trunc
from minigrad._functions.pointwise import where as where
from minigrad._functions.pointwise import xlogy as xlogy
from minigrad._functions.reducing import all as all
from minigrad._functions.reducing import amax as amax
from minigrad._functions.reducing import amin as amin
from minigrad._functions.reducing import any as any
from minigrad._functions.reducing import argmax as argmax
from minigrad._functions.reducing import argmin as argmin
from minigrad._functions.reducing import count_nonzero as count_nonzero
from minigrad._functions.reducing import cumprod as cumprod
from minigrad._functions.reducing import cumsum as cumsum
from minigrad._functions.reducing import diff as diff
from minigrad._functions.reducing import log_softmax as log_softmax
from minigrad._functions.reducing import logsumexp as logsumexp
from minigrad._functions.reducing import max as max
from minigrad._functions.reducing import mean as mean
from minigrad._functions.reducing import min as min
from minigrad._functions.reducing import norm as norm
from minigrad._functions.reducing import prod as prod
from minigrad._functions.reducing import softmax as softmax
from minigrad._functions.reducing import std as std
from minigrad._functions.reducing import sum as sum
from minigrad._functions.reducing import var as var
from minigrad._functions.shaping import broadcast_tensors as broadcast_tensors
from minigrad._functions.shaping import broadcast_to as broadcast_to
from minigrad._functions.shaping import cat as cat
from minigrad._functions.shaping import chunk as chunk
from minigrad._functions.shaping import column_stack as column_stack
from minigrad._functions.shaping import diag as diag
from minigrad._functions.shaping import diag_embed as diag_embed
from minigrad._functions.shaping import diagonal as diagonal
from minigrad._functions.shaping import flatten as flatten
from minigrad._functions.shaping import flip as flip
from minigrad._functions.shaping import hstack as hstack
from minigrad._functions.shaping import movedim as movedim
from minigrad._functions.shaping import narrow as narrow
from minigrad._functions.shaping import pad as pad
from minigrad._functions.shaping import permute as permute
from minigrad._functions.shaping import repeat_interleave as repeat_interleave
from minigrad._functions.shaping import reshape as reshape
from minigrad._functions.shaping import roll as roll
from minigrad._functions.shaping import select as select
from minigrad._functions.shaping import split as split
from minigrad._functions.shaping import squeeze as squeeze
from minigrad._functions.shaping import stack as stack
from minigrad._functions.shaping import t as t
from minigrad._functions.shaping import tile as tile
from minigrad._functions.shaping import trace as trace
from minigrad._functions.shaping import transpose as transpose
from minigrad._functions.shaping import tril as tril
from minigrad._functions.shaping import triu as triu
from minigrad._functions.shaping import unbind as unbind
from minigrad._functions.shaping import unflatten as unflatten
from minigrad._functions.shaping import unsqueeze as unsqueeze
from minigrad._functions.shaping import vstack as vstack
from minigrad._functions.statistics import aminmax as aminmax
from minigrad._functions.statistics import bincount as bincount
from minigrad._functions.statistics import bucketize as bucketize
from minigrad._functions.statistics import corrcoef as corrcoef
from minigrad._functions.statistics import cov as cov
from minigrad._functions.statistics import histc as histc
from minigrad._functions.statistics import histogram as histogram
from minigrad._functions.statistics import kthvalue as kthvalue
from minigrad._functions.statistics import median as median
from minigrad._functions.statistics import mode as mode
from minigrad._functions.statistics import nanmean as nanmean
from minigrad._functions.statistics import nansum as nansum
from minigrad._functions.statistics import quantile as quantile
from minigrad._functions.statistics import searchsorted as searchsorted
from minigrad._functions.statistics import std_mean as std_mean
from minigrad._functions.statistics import unique as unique
from minigrad._functions.statistics import var_mean as var_mean
from minigrad._lazy import on_first_use
from minigrad._tensor import Size as Size
from minigrad._tensor import Tensor as Tensor
from minigrad.autograd.modes import enable_grad as enable_grad
from minigrad.autograd.modes import inference_mode as inference_mode
from minigrad.autograd.modes import is_grad_enabled as is_grad_enabled
from minigrad.autograd.modes import no_grad as no_grad
from minigrad.autograd.modes import set_grad_enabled as set_grad_enabled
from minigrad.backend.devices import Device as _Device
from minigrad.backend.devices import default_device as _default_device
from minigrad.backend.devices import set_default_device as set_default_device
from minigrad.dtypes import bool_ as bool_
from minigrad.dtypes import can_cast as can_cast
from minigrad.dtypes import double as double
from minigrad.dtypes import float16 as float16
from minigrad.dtypes import float32 as float32
from minigrad.dtypes import float64 as float64
from minigrad.dtypes import get_default_dtype as get_default_dtype
from minigrad.dtypes import half as half
from minigrad.dtypes import int8 as int8
from minigrad.dtypes import int16 as int16
from minigrad.dtypes import int32 as int32
from minigrad.dtypes import int64 as int64
from minigrad.dtypes import long as long
from minigrad.dtypes import promote_types as promote_types
from minigrad.dtypes import result_type as result_type
from minigrad.dtypes import set_default_dtype as set_default_dtype
from minigrad.dtypes import short as short
from minigrad.dtypes import uint8 as uint8
from minigrad.ops.declare import op as op

from minigrad import autograd as autograd  # isort: skip  (it needs everything above)

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad import accelerator as accelerator
    from minigrad import backends as backends
    from minigrad import cuda as cuda
    from minigrad import data as data
    from minigrad import func as func
    from minigrad import linalg as linalg
    from minigrad import nn as nn
    from minigrad import optim as optim
    from minigrad import serialization as serialization
    from minigrad import testing as testing
    from minigrad import train as train
    from minigrad import utils as utils
    from minigrad import viz as viz
    from minigrad._inverting import det as det
    from minigrad._inverting import inverse as inverse
    from minigrad._inverting import matrix_power as matrix_power
    from minigrad._inverting import pinverse as pinverse
    from minigrad._inverting import slogdet as slogdet
    from minigrad._inverting import svd as svd
    from minigrad._printing import set_printoptions as set_printoptions
    from minigrad._random import bernoulli as bernoulli
    from minigrad._random import default_generator as default_generator
    from minigrad._random import get_rng_state as get_rng_state
    from minigrad._random import initial_seed as initial_seed
    from minigrad._random import manual_seed as manual_seed
    from minigrad._random import multinomial as multinomial
    from minigrad._random import normal as normal
    from minigrad._random import rand as rand
    from minigrad._random import rand_like as rand_like
    from minigrad._random import randint as randint
    from minigrad._random import randint_like as randint_like
    from minigrad._random import randn as randn
    from minigrad._random import randn_like as randn_like
    from minigrad._random import randperm as randperm
    from minigrad._random import seed as seed
    from minigrad._random import set_rng_state as set_rng_state
    from minigrad._typed import BoolTensor as BoolTensor
    from minigrad._typed import ByteTensor as ByteTensor
    from minigrad._typed import CharTensor as CharTensor
    from minigrad._typed import DoubleTensor as DoubleTensor
    from minigrad._typed import FloatTensor as FloatTensor
    from minigrad._typed import HalfTensor as HalfTensor
    from minigrad._typed import IntTensor as IntTensor
    from minigrad._typed import LongTensor as LongTensor
    from minigrad._typed import ShortTensor as ShortTensor
    from minigrad._typed import set_default_tensor_type as set_default_tensor_type
    from minigrad.backend import Generator as Generator
    from minigrad.backend import tune as tune
    from minigrad.backends import use_deterministic_algorithms as use_deterministic_algorithms
    from minigrad.compiling import compile as compile
    from minigrad.explaining import explain as explain
    from minigrad.profiling import profile as profile
    from minigrad.serialization import load as load
    from minigrad.serialization import save as save
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
