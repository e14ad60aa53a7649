"""Neural networks: modules with parameters, layers, losses and initial values, in PyTorch's words.

::

    from minigrad import nn

    model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    loss = nn.CrossEntropyLoss()(model(images), labels)

:mod:`minigrad.nn.functional` has the same as functions, :mod:`minigrad.nn.init` fills parameters,
:mod:`minigrad.nn.utils` clips gradients.
"""

from typing import TYPE_CHECKING

from minigrad._lazy import on_first_use

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad.nn import functional as functional
    from minigrad.nn import init as init
    from minigrad.nn import utils as utils
    from minigrad.nn.activations import CELU as CELU
    from minigrad.nn.activations import ELU as ELU
    from minigrad.nn.activations import GELU as GELU
    from minigrad.nn.activations import GLU as GLU
    from minigrad.nn.activations import SELU as SELU
    from minigrad.nn.activations import Hardshrink as Hardshrink
    from minigrad.nn.activations import Hardsigmoid as Hardsigmoid
    from minigrad.nn.activations import Hardswish as Hardswish
    from minigrad.nn.activations import Hardtanh as Hardtanh
    from minigrad.nn.activations import LeakyReLU as LeakyReLU
    from minigrad.nn.activations import LogSigmoid as LogSigmoid
    from minigrad.nn.activations import LogSoftmax as LogSoftmax
    from minigrad.nn.activations import Mish as Mish
    from minigrad.nn.activations import PReLU as PReLU
    from minigrad.nn.activations import ReLU as ReLU
    from minigrad.nn.activations import ReLU6 as ReLU6
    from minigrad.nn.activations import Sigmoid as Sigmoid
    from minigrad.nn.activations import SiLU as SiLU
    from minigrad.nn.activations import Softmax as Softmax
    from minigrad.nn.activations import Softmin as Softmin
    from minigrad.nn.activations import Softplus as Softplus
    from minigrad.nn.activations import Softshrink as Softshrink
    from minigrad.nn.activations import Softsign as Softsign
    from minigrad.nn.activations import Tanh as Tanh
    from minigrad.nn.activations import Tanhshrink as Tanhshrink
    from minigrad.nn.activations import Threshold as Threshold
    from minigrad.nn.batchnorm import BatchNorm1d as BatchNorm1d
    from minigrad.nn.containers import ModuleDict as ModuleDict
    from minigrad.nn.containers import ModuleList as ModuleList
    from minigrad.nn.containers import ParameterDict as ParameterDict
    from minigrad.nn.containers import ParameterList as ParameterList
    from minigrad.nn.containers import Sequential as Sequential
    from minigrad.nn.embedding import Embedding as Embedding
    from minigrad.nn.layernorm import LayerNorm as LayerNorm
    from minigrad.nn.layers import Dropout as Dropout
    from minigrad.nn.layers import Flatten as Flatten
    from minigrad.nn.layers import Identity as Identity
    from minigrad.nn.layers import Linear as Linear
    from minigrad.nn.layers import Unflatten as Unflatten
    from minigrad.nn.lazy import LazyBatchNorm1d as LazyBatchNorm1d
    from minigrad.nn.lazy import LazyLinear as LazyLinear
    from minigrad.nn.losses import BCELoss as BCELoss
    from minigrad.nn.losses import BCEWithLogitsLoss as BCEWithLogitsLoss
    from minigrad.nn.losses import CrossEntropyLoss as CrossEntropyLoss
    from minigrad.nn.losses import GaussianNLLLoss as GaussianNLLLoss
    from minigrad.nn.losses import HingeEmbeddingLoss as HingeEmbeddingLoss
    from minigrad.nn.losses import HingeLoss as HingeLoss
    from minigrad.nn.losses import HuberLoss as HuberLoss
    from minigrad.nn.losses import KLDivLoss as KLDivLoss
    from minigrad.nn.losses import L1Loss as L1Loss
    from minigrad.nn.losses import MarginRankingLoss as MarginRankingLoss
    from minigrad.nn.losses import MSELoss as MSELoss
    from minigrad.nn.losses import MultiMarginLoss as MultiMarginLoss
    from minigrad.nn.losses import NLLLoss as NLLLoss
    from minigrad.nn.losses import PoissonNLLLoss as PoissonNLLLoss
    from minigrad.nn.losses import SmoothL1Loss as SmoothL1Loss
    from minigrad.nn.losses import SoftMarginLoss as SoftMarginLoss
    from minigrad.nn.module import Module as Module
    from minigrad.nn.overview import summary as summary
    from minigrad.nn.parameter import Parameter as Parameter
    from minigrad.nn.parameter import UninitializedBuffer as UninitializedBuffer
    from minigrad.nn.parameter import UninitializedParameter as UninitializedParameter

if not TYPE_CHECKING:
    __all__, __getattr__, __dir__ = on_first_use(
        globals(),
        {
            "activations": (
                "CELU ELU GELU GLU SELU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU "
                "LogSigmoid LogSoftmax Mish PReLU ReLU ReLU6 Sigmoid SiLU Softmax Softmin "
                "Softplus Softshrink Softsign Tanh Tanhshrink Threshold"
            ),
            "batchnorm": "BatchNorm1d",
            "containers": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
            "embedding": "Embedding",
            "layernorm": "LayerNorm",
            "layers": "Dropout Flatten Identity Linear Unflatten",
            "lazy": "LazyBatchNorm1d LazyLinear",
            "losses": (
                "BCELoss BCEWithLogitsLoss CrossEntropyLoss GaussianNLLLoss "
                "HingeEmbeddingLoss HingeLoss HuberLoss KLDivLoss L1Loss MarginRankingLoss "
                "MSELoss MultiMarginLoss NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss"
            ),
            "module": "Module",
            "overview": "summary",
            "parameter": "Parameter UninitializedBuffer UninitializedParameter",
        },
        modules="functional init utils",
    )
