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
    from minigrad.nn import functional as functional, init as init, utils as utils
    from minigrad.nn.activations import (
        CELU as CELU,
        ELU as ELU,
        GELU as GELU,
        GLU as GLU,
        SELU as SELU,
        Hardshrink as Hardshrink,
        Hardsigmoid as Hardsigmoid,
        Hardswish as Hardswish,
        Hardtanh as Hardtanh,
        LeakyReLU as LeakyReLU,
        LogSigmoid as LogSigmoid,
        LogSoftmax as LogSoftmax,
        Mish as Mish,
        PReLU as PReLU,
        ReLU as ReLU,
        ReLU6 as ReLU6,
        Sigmoid as Sigmoid,
        SiLU as SiLU,
        Softmax as Softmax,
        Softmin as Softmin,
        Softplus as Softplus,
        Softshrink as Softshrink,
        Softsign as Softsign,
        Tanh as Tanh,
        Tanhshrink as Tanhshrink,
        Threshold as Threshold,
    )
    from minigrad.nn.batchnorm import BatchNorm1d as BatchNorm1d
    from minigrad.nn.containers import (
        ModuleDict as ModuleDict,
        ModuleList as ModuleList,
        ParameterDict as ParameterDict,
        ParameterList as ParameterList,
        Sequential as Sequential,
    )
    from minigrad.nn.embedding import Embedding as Embedding
    from minigrad.nn.layernorm import LayerNorm as LayerNorm
    from minigrad.nn.layers import (
        Dropout as Dropout,
        Flatten as Flatten,
        Identity as Identity,
        Linear as Linear,
        Unflatten as Unflatten,
    )
    from minigrad.nn.lazy import LazyBatchNorm1d as LazyBatchNorm1d, LazyLinear as LazyLinear
    from minigrad.nn.losses import (
        BCELoss as BCELoss,
        BCEWithLogitsLoss as BCEWithLogitsLoss,
        CrossEntropyLoss as CrossEntropyLoss,
        GaussianNLLLoss as GaussianNLLLoss,
        HingeEmbeddingLoss as HingeEmbeddingLoss,
        HingeLoss as HingeLoss,
        HuberLoss as HuberLoss,
        KLDivLoss as KLDivLoss,
        L1Loss as L1Loss,
        MarginRankingLoss as MarginRankingLoss,
        MSELoss as MSELoss,
        MultiMarginLoss as MultiMarginLoss,
        NLLLoss as NLLLoss,
        PoissonNLLLoss as PoissonNLLLoss,
        SmoothL1Loss as SmoothL1Loss,
        SoftMarginLoss as SoftMarginLoss,
    )
    from minigrad.nn.module import Module as Module
    from minigrad.nn.overview import summary as summary
    from minigrad.nn.parameter import (
        Parameter as Parameter,
        UninitializedBuffer as UninitializedBuffer,
        UninitializedParameter as UninitializedParameter,
    )

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
