"""Layers: the affine map, activation functions, dropout, and changes of shape."""

from __future__ import annotations

import math
from typing import Any

from minigrad._creation import empty
from minigrad._tensor import Tensor
from minigrad.nn import functional as F
from minigrad.nn import init
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
    ValueError
        When called with an input whose last dimension is not ``in_features``.

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
        self.in_features = in_features
        self.out_features = out_features
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


class _Rectifier(Module):
    """An activation that takes ``inplace``, as in PyTorch; nothing is written in place here."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return ``inplace`` if it is set."""
        return "inplace=True" if self.inplace else ""


class ReLU(_Rectifier):
    r"""Rectifier, :math:`\max(x, 0)`; slope 0 at 0."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.relu(input)


class SiLU(_Rectifier):
    r"""Sigmoid-weighted linear unit (swish), :math:`x \sigma(x)`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.silu(input)


class LeakyReLU(_Rectifier):
    """Return x where it is positive, ``negative_slope`` times x elsewhere.

    Parameters
    ----------
    negative_slope : float, default 0.01
        The slope up to 0.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        """Return the slope."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class ELU(_Rectifier):
    r"""Exponential linear unit, :math:`x` where it is positive, :math:`\alpha (e^x - 1)` elsewhere.

    Parameters
    ----------
    alpha : float, default 1.0
        :math:`\alpha`.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.elu(input, self.alpha)

    def extra_repr(self) -> str:
        r"""Return :math:`\alpha`."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class GELU(Module):
    r"""Gaussian error linear unit, :math:`x \Phi(x)`.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        ``"tanh"`` for the faster form.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """Return which form."""
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    r"""Smooth ramp, :math:`\ln(1 + e^{\beta x}) / \beta`.

    Parameters
    ----------
    beta : float, default 1.0
        :math:`\beta`: the larger, the nearer to a rectifier.
    threshold : float, default 20.0
        Linear where :math:`\beta x` is larger.
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        r"""Return :math:`\beta` and the threshold."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Tanh(Module):
    r"""Hyperbolic tangent, :math:`\tanh x`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.tanh(input)


class Sigmoid(Module):
    r"""Logistic function, :math:`\sigma(x) = 1 / (1 + e^{-x})`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.sigmoid(input)


class LogSigmoid(Module):
    r"""Logarithm of the logistic function, :math:`\ln \sigma(x)`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.logsigmoid(input)


class Softmax(Module):
    r"""Softmax along a dimension, :math:`e^{x_i} / \sum_j e^{x_j}`.

    Parameters
    ----------
    dim : int
        The dimension along which the results add up to 1.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Apply it along the dimension."""
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Return the dimension."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    r"""Logarithm of softmax along a dimension, :math:`x_i - \ln \sum_j e^{x_j}`.

    Parameters
    ----------
    dim : int
        The dimension of the classes.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it along the dimension."""
        return F.log_softmax(input, self.dim)
