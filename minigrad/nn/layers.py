"""Layers: the affine map, dropout, and changes of shape."""

from __future__ import annotations

import math
from typing import Any

from minigrad._creation import empty
from minigrad._functions.arguments import as_length, as_size
from minigrad._tensor import Tensor
from minigrad.nn import functional as F, init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter


class Identity(Module):
    """Returns its input; takes and ignores any arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input``."""
        return input


class Linear(Module):
    r"""Affine map, :math:`y = x W^\top + b`.

    Parameters
    ----------
    in_features, out_features : int
        Lengths of an input and of an output.
    bias : bool, default True
        Whether there is a :math:`b`.
    device, dtype : optional
        Of the parameters; the default ones if not given.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in_features)
        :math:`W`, at first uniform within :math:`\pm 1 / \sqrt{n_{in}}`.
    bias : Parameter, shape (out_features,), or None
        :math:`b`, at first the same.

    Raises
    ------
    TypeError
        If a length is no integer.
    ValueError
        If a length is negative; when called with an input whose last dimension is not ``in_features``.

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.nn.Linear(3, 2)
    >>> layer(mg.ones(5, 3)).shape
    Size([5, 2])
    """

    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = as_length(self, "in_features", in_features)
        self.out_features = as_length(self, "out_features", out_features)
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        self.bias = Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew: the same numbers as PyTorch draws after the same seed."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(max(self.in_features, 1))
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes, and whether there is a bias."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Flatten(Module):
    """Joins the dimensions from ``start_dim`` to ``end_dim``: by default all but the first.

    Parameters
    ----------
    start_dim : int, default 1
        The first that is joined.
    end_dim : int, default -1
        The last.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Map (N, ..., M) to (N, product of the rest)."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Return which dimensions are joined."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits one dimension into several: the reverse of :class:`Flatten`.

    Parameters
    ----------
    dim : int
        The dimension that is split.
    unflattened_size : tuple of int
        Its new sizes; one may be -1.

    Raises
    ------
    TypeError
        If ``unflattened_size`` is no tuple of integers.
    ValueError
        When called with an input whose dimension is not of that length.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Unflatten(1, (2, 3))(mg.ones(5, 6)).shape
    Size([5, 2, 3])
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(
                f"Unflatten: unflattened_size has to be a tuple of integers, got {unflattened_size!r}"
            )
        self.dim, self.unflattened_size = dim, as_size(unflattened_size)

    def forward(self, input: Tensor) -> Tensor:
        """Map (N, product of the sizes) to (N, sizes...), for dimension 1."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """Return what is split into what."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Dropout(Module):
    r"""In training sets each element to 0 with probability p and divides the rest by :math:`1 - p`.

    Parameters
    ----------
    p : float, default 0.5
        From 0 to 1.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.

    Raises
    ------
    ValueError
        If ``p`` is not a probability.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p is a probability, from 0 to 1, got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with elements dropped; as it is in evaluation."""
        return F.dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}, inplace={self.inplace}"
