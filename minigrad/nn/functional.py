r"""What layers and losses compute, as functions of tensors: ``import minigrad.nn.functional as F``.

The modules of :mod:`minigrad.nn` hold the parameters and call these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad._functions.arguments import index_array
from minigrad._functions.picking import one_hot
from minigrad._functions.pointwise import logsigmoid, sigmoid, tanh, where
from minigrad._functions.shaping import broadcast_tensors, pad
from minigrad._lazy import on_first_use
from minigrad._tensor import Tensor
from minigrad.backend.devices import to_device, xp_of
from minigrad.backend.generator import default_generator
from minigrad.engine import wrap
from minigrad.nn.module import in_module
from minigrad.ops import fused, indexing

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad.nn.activation_functions import (
        celu,
        elu,
        gelu,
        glu,
        hardshrink,
        hardsigmoid,
        hardswish,
        hardtanh,
        leaky_relu,
        log_softmax,
        mish,
        prelu,
        relu,
        relu6,
        selu,
        silu,
        softmax,
        softmin,
        softplus,
        softshrink,
        softsign,
        tanhshrink,
        threshold,
    )
    from minigrad.nn.log_loss_functions import (
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        cross_entropy,
        kl_div,
        nll_loss,
    )
    from minigrad.nn.margin_loss_functions import (
        hinge_embedding_loss,
        hinge_loss,
        margin_ranking_loss,
        multi_margin_loss,
        soft_margin_loss,
    )
    from minigrad.nn.norm_functions import batch_norm, layer_norm
    from minigrad.nn.regression_loss_functions import (
        gaussian_nll_loss,
        huber_loss,
        l1_loss,
        mse_loss,
        poisson_nll_loss,
        smooth_l1_loss,
    )

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        globals(),
        {
            "activation_functions": (
                "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu "
                "log_softmax mish prelu relu relu6 selu silu softmax softmin softplus "
                "softshrink softsign tanhshrink threshold"
            ),
            "log_loss_functions": (
                "binary_cross_entropy binary_cross_entropy_with_logits cross_entropy kl_div nll_loss"
            ),
            "margin_loss_functions": (
                "hinge_embedding_loss hinge_loss margin_ranking_loss multi_margin_loss soft_margin_loss"
            ),
            "norm_functions": "batch_norm layer_norm",
            "regression_loss_functions": (
                "gaussian_nll_loss huber_loss l1_loss mse_loss poisson_nll_loss smooth_l1_loss"
            ),
        },
    )[1:]

__all__ = [
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "margin_ranking_loss",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
]

# Layers -------------------------------------------------------------------------------------------


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    r"""Affine map, :math:`y = x W^\top + b`.

    Parameters
    ----------
    input : Tensor, shape (..., in_features)
        Any number of leading dimensions, or none.
    weight : Tensor, shape (out_features, in_features) or (in_features,)
        :math:`W`.
    bias : Tensor, shape (out_features,) or (), optional
        :math:`b`.

    Returns
    -------
    Tensor, shape (..., out_features) or (...)

    Raises
    ------
    ValueError
        If the last dimension of ``input`` is not ``in_features``.
    RuntimeError
        If the dtypes differ.
    """
    try:
        return fused.linear.apply(input, weight, bias)
    except ValueError as error:
        if weight.ndim == 1:  # as in PyTorch: one output, without a dimension of its own
            return input @ weight if bias is None else input @ weight + bias
        if weight.ndim == 2 and tuple(input.shape[-1:]) != (weight.shape[1],):
            raise ValueError(
                f"linear: expected an input of shape (..., {weight.shape[1]}) for a weight of shape "
                f"{tuple(weight.shape)}, got {tuple(input.shape)}{in_module()}"
            ) from None
        raise error


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    r"""Set each element to 0 with probability p and divide the others by :math:`1 - p`.

    Parameters
    ----------
    input : Tensor
        Floating, of any shape.
    p : float, default 0.5
        From 0 to 1.
    training : bool, default True
        If ``False``, ``input`` is returned.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.

    Returns
    -------
    Tensor
        Of the same shape; its expectation is ``input``.

    Raises
    ------
    ValueError
        If ``p`` is not a probability.
    RuntimeError
        If ``input`` holds integers, which cannot be scaled.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p is a probability, from 0 to 1, got {p}")
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0
    if input.dtype.kind != "f":
        raise RuntimeError(
            f"dropout: expected a floating input, got {input.dtype}; use .float() first{in_module()}"
        )
    mask = dropout_mask(p, tuple(input.shape), input.dtype)
    return input * wrap(to_device(mask, input.device), None)


def dropout_mask(p: float, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Draw what dropout multiplies with: 0 with probability p and else 1 / (1 - p), raw, on the host."""
    kept = 1 - float(p)  # for NumPy's numbers, too: float32 ones would draw another stream
    return np.asarray(default_generator.bernoulli(kept, shape, dtype) / kept, dtype)


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Return for each index its row of ``weight``.

    Parameters
    ----------
    input : Tensor, shape (...)
        Integers from 0 to K - 1.
    weight : Tensor, shape (K, D)
        The table of vectors.
    padding_idx : int, optional
        An index whose row gets no gradient; a negative one counts from the end.

    Returns
    -------
    Tensor, shape (..., D)

    Raises
    ------
    TypeError
        If ``input`` does not hold integers.
    IndexError
        If an index is out of range (looked for on the host only, as looking makes a GPU wait).
    ValueError
        If ``weight`` is no matrix, or ``padding_idx`` none of its rows.
    """
    if weight.ndim != 2:
        raise ValueError(
            f"embedding: the weight has to be of shape (K, D), got {tuple(weight.shape)}{in_module()}"
        )
    raw = index_array(input, weight, "embedding")
    xp, count = xp_of(raw), weight.shape[0]
    if xp is np and raw.size and not 0 <= raw.min() <= raw.max() < count:
        wrong = raw[(raw < 0) | (raw >= count)].flat[0]
        raise IndexError(
            f"embedding: index {wrong} is out of range, the weight has {count} rows, 0 to "
            f"{count - 1}{in_module()}"
        )
    rows = indexing.getitem(weight, index=(raw,))
    if padding_idx is None:
        return rows
    padding = wrap(xp.expand_dims(raw == padding_row(padding_idx, count), -1), None)
    return where(padding, rows.detach(), rows)


def padding_row(padding_idx: int, num_embeddings: int) -> int:
    """Return ``padding_idx`` counted from the front.

    Raises
    ------
    ValueError
        If there is no such row.
    """
    if not -num_embeddings <= padding_idx < num_embeddings:
        raise ValueError(
            f"embedding: padding_idx {padding_idx} is none of {num_embeddings} rows{in_module()}"
        )
    return padding_idx % num_embeddings


# Lengths and distances ----------------------------------------------------------------------------


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    r"""Divide by the norm along ``dim``, :math:`x / \max(\lVert x \rVert_p, \epsilon)`."""
    return input / input.norm(p, dim, keepdim=True).clamp(min=eps)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    r"""Return the cosine of the angle between vectors along ``dim``, from -1 to 1.

    .. math:: \frac{x_1 \cdot x_2}{\max(\lVert x_1 \rVert, \epsilon) \max(\lVert x_2 \rVert, \epsilon)}

    Parameters
    ----------
    x1, x2 : Tensor
        Of shapes that broadcast together.
    dim : int, default 1
        The dimension of the broadcast shape that goes away.
    eps : float, default 1e-8
        The smallest norm that is divided by.
    """
    first, second = (normalize(x, 2.0, dim, eps) for x in broadcast_tensors(x1, x2))
    return (first * second).sum(dim)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    r"""Return the distance :math:`\lVert x_1 - x_2 + \epsilon \rVert_p` of vectors (..., D).

    The small :math:`\epsilon` is added to each coordinate, as in PyTorch.
    """
    return (x1 - x2 + eps).norm(p, -1, keepdim)
